'use strict';

const {CanonicalizationError} = require('./errors.js');

const DEEPEST = 512;
const UNPAIRED = /\p{Surrogate}/u;

function refuse(reason, message, path) {
  throw new CanonicalizationError(`${message} (at ${path})`, {
    reason, code: 'KESS_ERR_ARGUMENT', path,
  });
}

/** Refuse a string with half of a surrogate pair: UTF-8 has no form for it. */
function checkString(value, path) {
  if (UNPAIRED.test(value)) refuse('surrogate', 'an unpaired UTF-16 surrogate', path);
  return value;
}

function numberText(value, path) {
  if (!Number.isFinite(value)) refuse('infinite', 'a number that is not finite', path);
  if (Object.is(value, -0)) refuse('type', '-0, which JSON.stringify writes as 0', path);
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    refuse('range', 'an integer beyond 2^53 - 1, whose digits a number does not hold', path);
  }
  return String(value);
}

function keysOf(value, path) {
  const keys = Reflect.ownKeys(value);
  if (Array.isArray(value)) {
    // Every index once, and "length".
    if (keys.length !== value.length + 1) {
      refuse('type', 'an array with holes or with properties', path);
    }
    return keys;
  }
  const prototype = Object.getPrototypeOf(value);
  // A plain object of any realm: Jest and node:vm have an Object of their own.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    refuse('type', 'an object of a class', path);
  }
  for (const key of keys) {
    if (typeof key === 'symbol' || !Object.prototype.propertyIsEnumerable.call(value, key)) {
      refuse('type', 'a property that JSON.stringify leaves out', path);
    }
  }
  return keys;
}

function valueText(value, path, depth) {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(checkString(value, path));
    case 'number':
      return numberText(value, path);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      return containerText(value, path, depth + 1);
    default:
      return refuse('type', `a value of type ${typeof value}`, path);
  }
}

function containerText(value, path, depth) {
  if (depth > DEEPEST) {
    refuse('depth', 'too many nested containers, or one that holds itself', '$');
  }
  if (typeof value.toJSON === 'function') {
    refuse('type', 'an object with toJSON, which puts another value in its place', path);
  }
  const keys = keysOf(value, path);
  if (Array.isArray(value)) {
    const items = [];
    for (let index = 0; index < keys.length - 1; index += 1) {
      items.push(valueText(value[index], `${path}[${index}]`, depth));
    }
    return `[${items.join(',')}]`;
  }
  const members = keys.map((key) => {
    checkString(key, path);
    return `${JSON.stringify(key)}:${valueText(value[key], `${path}.${key}`, depth)}`;
  });
  return `{${members.join(',')}}`;
}

/**
 * The JSON text of plain objects and arrays, in one walk, so that no getter
 * answers twice. What JSON.stringify drops or changes is refused.
 */
function textOf(value) {
  return containerText(value, '$', 0);
}

module.exports = {checkString, textOf};

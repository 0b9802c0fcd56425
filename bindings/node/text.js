'use strict';

const {errors: {CanonicalizationError}} = require('./errors.js');

const DEEPEST = 512;
const UNPAIRED = /\p{Surrogate}/u;

function refuse(reason, message, path) {
  throw new CanonicalizationError(`${message} (at ${path})`, {reason, code: 'KESS_ERR_ARGUMENT', path});
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

/** The keys of a container, where JSON.stringify leaves out nothing. */
function keysOf(value, path) {
  const keys = Reflect.ownKeys(value);
  if (Array.isArray(value)) {
    // Every index once, and "length".
    if (keys.pop() !== 'length' || keys.length !== value.length) {
      refuse('type', 'an array with holes or with properties', path);
    }
    return keys;
  }
  const prototype = Object.getPrototypeOf(value);
  // A plain object of any realm: Jest and node:vm have an Object of their own.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) refuse('type', 'an object of a class', path);
  if (keys.some((key) => typeof key === 'symbol' || !Object.prototype.propertyIsEnumerable.call(value, key))) {
    refuse('type', 'a property that JSON.stringify leaves out', path);
  }
  return keys;
}

function containerText(value, path, depth) {
  if (depth > DEEPEST) refuse('depth', 'too many nested containers, or one that holds itself', '$');
  if (typeof value.toJSON === 'function') {
    refuse('type', 'an object with toJSON, which puts another value in its place', path);
  }
  const keys = keysOf(value, path);
  if (Array.isArray(value)) {
    return `[${keys.map((_, index) => textOf(value[index], `${path}[${index}]`, depth + 1)).join(',')}]`;
  }
  const members = keys.map((key) => {
    const name = JSON.stringify(checkString(key, path));
    return `${name}:${textOf(value[key], `${path}.${key}`, depth + 1)}`;
  });
  return `{${members.join(',')}}`;
}

/**
 * The JSON text of plain objects and arrays, in one walk, so that no getter
 * answers twice. What JSON.stringify drops or changes is refused.
 */
function textOf(value, path = '$', depth = 0) {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(checkString(value, path));
    case 'number':
      return numberText(value, path);
    case 'boolean':
      return String(value);
    case 'object':
      return value === null ? 'null' : containerText(value, path, depth);
    default:
      return refuse('type', `a value of type ${typeof value}`, path);
  }
}

module.exports = {checkString, textOf};

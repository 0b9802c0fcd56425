'use strict';

const {fail} = require('./errors.js');

/** Refuse a value that is such. JSON.stringify would drop or change it. */
function refuseIf(isSuch, reason, message, path) {
  if (isSuch) fail(2, `${message} (at ${path})`, {reason, code: 'KESS_ERR_ARGUMENT', path});
}

/** Refuse a string with half of a surrogate pair: UTF-8 has no form for it. */
function checkString(value, path) {
  refuseIf(/\p{Surrogate}/u.test(value), 'surrogate', 'an unpaired UTF-16 surrogate', path);
  return value;
}

function checkNumber(value, path) {
  const isRounded = Number.isInteger(value) && !Number.isSafeInteger(value);
  refuseIf(!Number.isFinite(value), 'infinite', 'a number that is not finite', path);
  refuseIf(Object.is(value, -0), 'type', '-0, which JSON.stringify writes as 0', path);
  refuseIf(isRounded, 'range', 'an integer beyond 2^53 - 1, whose digits a number does not hold', path);
  return value;
}

/**
 * The JSON text of plain objects and arrays, in one walk, so that no getter
 * answers twice. What JSON.stringify drops or changes is refused.
 */
function textOf(value, path = '$', depth = 0) {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return JSON.stringify(checkString(value, path));
  if (typeof value === 'number') return String(checkNumber(value, path));
  refuseIf(typeof value !== 'object', 'type', `a value of type ${typeof value}`, path);
  refuseIf(depth > 512, 'depth', 'too many nested containers, or one that holds itself', '$');
  refuseIf(typeof value.toJSON === 'function', 'type', 'an object with toJSON, which takes its place', path);
  const [names, all] = [Object.keys(value), Reflect.ownKeys(value)];
  if (Array.isArray(value)) {
    // Every index once, and then "length".
    const isWhole = names.length === value.length && all.at(-1) === 'length';
    refuseIf(!isWhole, 'type', 'an array with holes or with properties', path);
    return `[${names.map((index) => textOf(value[index], `${path}[${index}]`, depth + 1)).join(',')}]`;
  }
  // A plain object of any realm: Jest and node:vm have an Object of their own.
  const prototype = Object.getPrototypeOf(value) ?? Object.prototype;
  refuseIf(Object.getPrototypeOf(prototype) !== null, 'type', 'an object of a class', path);
  refuseIf(names.length < all.length, 'type', 'a property that JSON.stringify leaves out', path);
  return `{${names.map((name) =>
    `${textOf(name, path)}:${textOf(value[name], `${path}.${name}`, depth + 1)}`).join(',')}}`;
}

module.exports = {checkString, textOf};

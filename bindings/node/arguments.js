'use strict';

const {types} = require('node:util');
const {fail, refuse} = require('./errors.js');

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

/** Bytes that no other thread changes while they are read. */
function bytesOf(value, name) {
  if (typeof value === 'string') return Buffer.from(checkString(value, name));
  if (!types.isUint8Array(value)) refuse(`${name} must be a string or a Uint8Array, not ${typeof value}`);
  return types.isSharedArrayBuffer(value.buffer) ? Buffer.from(value) : value;
}

/** A text as it is, or the text of a plain object or array. */
function documentOf(value) {
  const isObject = typeof value === 'object' && value !== null && !ArrayBuffer.isView(value);
  return bytesOf(isObject ? textOf(value) : value, 'a document, where it is no object or array,');
}

/** Refuse options of other names: a misspelled one would not count. */
function checkNames(options, names) {
  const isObject = typeof options === 'object' && options !== null;
  if (!isObject || Reflect.ownKeys(options).some((name) => !names.includes(name))) {
    refuse(`options must be an object, and have no other names than ${names.join(', ')}`);
  }
}

// The values of each setting, with their bits of kess_options. The first is the default.
const SETTINGS = {
  serializePrecision: new Map([[-1, 0], [17, 1], [100, 32]]),
  ksort: new Map([['8.2', 0], ['8.0', 8], ['7', 16]]),
  unescapedSlashes: new Map([[false, 0], [true, 2]]),
  unescapedUnicode: new Map([[false, 0], [true, 4]]),
  preserveZeroFraction: new Map([[false, 0], [true, 64]]),
};
const bitsOf = new WeakMap();

/** The settings of the gateway's PHP. */
class Profile {
  constructor(settings = {}) {
    checkNames(settings, Object.keys(SETTINGS));
    let bits = 0;
    for (const [name, values] of Object.entries(SETTINGS)) {
      const {[name]: value = [...values.keys()][0]} = settings;
      if (!values.has(value)) refuse(`${name} must be ${[...values.keys()].join(' or ')}`);
      this[name] = value;
      bits |= values.get(value);
    }
    bitsOf.set(Object.freeze(this), bits);
  }
}
const PHP_8 = new Profile();

/** The profile and the depth as numbers. */
function settingsOf(options) {
  if (options === undefined) return [0, 0];
  checkNames(options, ['profile', 'maxDepth']);
  const {profile = PHP_8, maxDepth} = options;
  if (!bitsOf.has(profile)) refuse('profile must be a Profile');
  const isDepth = Number.isInteger(maxDepth) && maxDepth >= 1 && maxDepth <= 512;
  if (maxDepth !== undefined && !isDepth) refuse('maxDepth must be a whole number from 1 to 512 (511 to verify)');
  return [bitsOf.get(profile), maxDepth ?? 0];
}

module.exports = {PHP_8, Profile, bytesOf, checkNames, documentOf, settingsOf};

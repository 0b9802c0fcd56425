'use strict';

const {types} = require('node:util');
const native = require('./build/Release/kess.node');

// ------------------------------------------------------------------ errors

/** Every error of this package: it has a reason, a code, and a position where there is one. */
class KessError extends Error {
  constructor(message, facts = {reason: 'argument', code: 'KESS_ERR_ARGUMENT'}) {
    super(message);
    Object.assign(this, facts);
  }

  get name() {
    return this.constructor.name;
  }
}
class InputError extends KessError {}
class CanonicalizationError extends InputError {}
class KeyLoadError extends InputError {}
class InvalidSignature extends KessError {}
/** A document that cannot be verified: an InvalidSignature like any refusal. */
class DocumentRefused extends InvalidSignature {}
class BackendError extends KessError {}
const errors = {__proto__: null,
  BackendError, CanonicalizationError, DocumentRefused, InputError, InvalidSignature, KessError, KeyLoadError,
};

/** Refuse an argument that does not reach libkess. */
function refuse(message) {
  throw new InputError(message);
}

// ---------------------------------------------------------------- documents

const isObject = (value) => typeof value === 'object' && value !== null;

/** Whether JSON.stringify writes all of an array or object, and nothing else. */
function isWhole(value) {
  const [names, all] = [Object.keys(value), Reflect.ownKeys(value)];
  // Every index once, and then "length".
  if (Array.isArray(value)) return names.length === value.length && all.at(-1) === 'length';
  // A plain object of any realm: Jest and node:vm have an Object of their own.
  const prototype = Object.getPrototypeOf(value) ?? Object.prototype;
  return Object.getPrototypeOf(prototype) === null && names.length === all.length;
}

// What JSON.stringify would drop or change: whether a value is such, the reason, and what it is.
const REFUSED = [
  [(value) => typeof value === 'string' && /\p{Surrogate}/u.test(value), 'surrogate', 'an unpaired UTF-16 surrogate'],
  [(value) => typeof value === 'number' && !Number.isFinite(value), 'infinite', 'a number that is not finite'],
  [(value) => Number.isInteger(value) && !Number.isSafeInteger(value), 'range', 'an integer beyond 2^53 - 1'],
  [(value) => Object.is(value, -0), 'type', '-0, which JSON.stringify writes as 0'],
  [(value) => ['undefined', 'bigint', 'function', 'symbol'].includes(typeof value), 'type', 'no value of JSON'],
  [(value, depth) => isObject(value) && depth > 512, 'depth', 'too many nested containers, or one that holds itself'],
  [(value) => isObject(value) && typeof value.toJSON === 'function', 'type', 'an object with toJSON'],
  [(value) => isObject(value) && !isWhole(value), 'type', 'an array with holes or properties, or no plain object'],
];

/** Return a value that JSON.stringify writes as it is. */
function checked(value, path, depth = 0) {
  const [, reason, message] = REFUSED.find(([isSuch]) => isSuch(value, depth)) ?? [];
  if (!reason) return value;
  throw new CanonicalizationError(`${message} (at ${path})`, {reason, code: 'KESS_ERR_ARGUMENT', path});
}

/** The JSON text of plain values, in one walk, so that no getter answers twice. */
function textOf(value, path = '$', depth = 0) {
  // A path of 513 names says nothing more, and a document chooses how long they are.
  if (!isObject(checked(value, depth > 512 ? '$' : path, depth))) return JSON.stringify(value);
  const isArray = Array.isArray(value);
  const texts = Object.keys(value).map((name) => (isArray ? '' : `${textOf(name, path)}:`)
    + textOf(value[name], isArray ? `${path}[${name}]` : `${path}.${name}`, depth + 1));
  return isArray ? `[${texts.join()}]` : `{${texts.join()}}`;
}

/** Bytes that no other thread changes while they are read. */
function bytesOf(value, name) {
  if (typeof value === 'string') return Buffer.from(checked(value, name));
  if (!types.isUint8Array(value)) refuse(`${name} must be a string or a Uint8Array, not ${typeof value}`);
  return types.isSharedArrayBuffer(value.buffer) ? Buffer.from(value) : value;
}

/** A text as it is, or the text of a plain object or array. */
function documentOf(value) {
  return bytesOf(isObject(value) && !ArrayBuffer.isView(value) ? textOf(value) : value, 'a document that is no object');
}

// ------------------------------------------------------------------ options

/** Return options that have no other names: a misspelled or an inherited one would not count. */
function named(options, names) {
  const fits = isObject(options) && isWhole(options) && Reflect.ownKeys(options).every((name) => names.includes(name));
  return fits ? {__proto__: null, ...options} : refuse(`options must be a plain object with ${names.join(' or ')}`);
}

// The values of each setting, with their bits of kess_request. The first is the default.
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
    const given = named(settings, Object.keys(SETTINGS));
    let bits = 0;
    for (const [name, values] of Object.entries(SETTINGS)) {
      const {[name]: value = values.keys().next().value} = given;
      bits |= values.get(value) ?? refuse(`${name} must be ${[...values.keys()].join(' or ')}`);
      this[name] = value;
    }
    bitsOf.set(Object.freeze(this), bits);
  }
}
const PHP_8 = new Profile();

/** The profile and the depth of options as numbers. */
function settingsOf(options) {
  if (options === undefined) return [0, 0];
  const {profile = PHP_8, maxDepth} = named(options, ['profile', 'maxDepth']);
  const isDepth = Number.isInteger(maxDepth) && maxDepth >= 1 && maxDepth <= 512;
  if (maxDepth !== undefined && !isDepth) refuse('maxDepth must be a whole number from 1 to 512 (511 to verify)');
  return [bitsOf.get(profile) ?? refuse('profile must be a Profile'), maxDepth ?? 0];
}

// ----------------------------------------------------------------- requests

// kess_request of kess.h. In 32 bits: operation, profile, depth and policy from 0 on, and these
// four; in bytes: the words of an error, and the output.
const [ROOM, LENGTH, POSITION, STATUS, WORDS, OUT] = [4, 5, 6, 7, 36, 512];
const [TOO_SMALL, UNANSWERED] = [2, -1];

/** What is asked of libkess, and its answer: a kess_request with room for an output. */
class Request {
  constructor(room) {
    this.bytes = Buffer.allocUnsafe(OUT + room);
    this.ints = new Int32Array(this.bytes.buffer, this.bytes.byteOffset, OUT / 4);
    this.ints[ROOM] = room;
  }

  ask(operation, [profile, depth], policy = 0) {
    const {ints} = this;
    [ints[0], ints[1], ints[2], ints[3], ints[STATUS]] = [operation, profile, depth, policy, UNANSWERED];
    return this.bytes;
  }

  /** A larger request, where this one was too small: then nothing was signed or verified. */
  get larger() {
    return this.ints[STATUS] === TOO_SMALL ? new Request(this.ints[LENGTH]) : undefined;
  }

  /** What libkess wrote, or throw the error that it describes. */
  get output() {
    if (this.ints[STATUS] === 0) return this.bytes.subarray(OUT, OUT + this.ints[LENGTH]);
    const facts = {reason: 'unknown', code: 'KESS_ERR_UNKNOWN'};
    if (this.ints[STATUS] === UNANSWERED) throw new BackendError('there is no answer', facts);
    // Zeros follow each text.
    const [code, name, reason, message, found] = this.bytes.toString('latin1', WORDS, OUT).split(/\0+/);
    const position = this.ints[POSITION];
    Object.assign(facts, {reason, code}, position >= 0 && {position}, found && {found});
    throw new (errors[name] ?? BackendError)(message, facts);
  }
}

// For calls in this thread. No caller ever sees it.
const own = new Request(65536 - OUT);
const NOTHING = Buffer.alloc(0);
// What libkess loaded for each key. No caller ever has it in place of a key.
const loaded = new WeakMap();

/** What an operation writes for a text. The room that libkess names is enough: no third call follows. */
function run(operation, key, text, settings = settingsOf(), request = own) {
  native.run(request.ask(operation, settings), loaded.get(key), text);
  const larger = request === own && request.larger;
  return larger ? run(operation, key, text, settings, larger) : Buffer.from(request.output);
}

/** The same in a thread of the pool. The caller may change the text meanwhile. */
async function later(operation, key, given, settings, larger = undefined) {
  const text = Buffer.from(given);
  // Room for most texts and for a signature.
  const request = larger ?? new Request(text.length + (key?.bits >> 1) + 64);
  // Key and text, which are used below, are not collected meanwhile.
  await native.start(request.ask(operation, settings), loaded.get(key), text);
  const next = !larger && request.larger;
  return next ? later(operation, key, text, settings, next) : request.output;
}

// --------------------------------------------------------------------- keys

// kess_operation of kess.h, from 0 on. To load from a file is two more.
const [CANONICALIZE, SIGNED_BODY, SIGN_DOCUMENT, VERIFY_DOCUMENT, SPKI, LOAD_PRIVATE, LOAD_PUBLIC] = Array(7).keys();
const [FROM_FILE, VERSION, OPENSSL_VERSION] = [2, 10, 11];
/** The version of libkess, which must fit that of this package. */
const version = String(run(VERSION, null, Buffer.from(require('./package.json').version)));

/** The base of both kinds of keys. A key is not shown, cloned or serialised. */
class Key {
  static fromPem(data, options) {
    return new this(data, options, 0);
  }

  static fromFile(path, options) {
    return new this(path, options, FROM_FILE);
  }

  constructor(data, options = {}, from = NaN) {
    const {password, allowWeak = false} = named(options, ['password', 'allowWeak']);
    if (typeof allowWeak !== 'boolean') refuse('allowWeak must be true or false');
    const text = bytesOf(data, 'a key or its path');
    const secret = bytesOf(password ?? '', 'password');
    const operation = from + (this instanceof PrivateKey ? LOAD_PRIVATE : LOAD_PUBLIC);
    const request = own.ask(operation, [0, 0], Number(allowWeak));
    loaded.set(this, native.load(request, undefined, text, secret));
    // Bytes are the caller's own. Copies lie in memory that Buffers of the application share.
    if (text !== data) text.fill(0);
    if (secret !== password) secret.fill(0);
    // What was not loaded has no output, but an error.
    this.bits = own.output && own.ints[LENGTH];
    // A property of its own that is a function: structuredClone and postMessage
    // refuse the key then, instead of making an empty object of it.
    this.toJSON = () => refuse('a key is never serialised');
  }
}

class PrivateKey extends Key {
  publicKey() {
    return PublicKey.fromPem(run(SPKI, this, NOTHING), {allowWeak: true});
  }

  async signedBody(parameters, options) {
    return later(SIGNED_BODY, this, documentOf(parameters), settingsOf(options));
  }

  signedBodySync(parameters, options) {
    return run(SIGNED_BODY, this, documentOf(parameters), settingsOf(options));
  }

  async signDocument(document, options) {
    return String(await later(SIGN_DOCUMENT, this, documentOf(document), settingsOf(options)));
  }

  signDocumentSync(document, options) {
    return String(run(SIGN_DOCUMENT, this, documentOf(document), settingsOf(options)));
  }
}

class PublicKey extends Key {
  /** The key as DER, a SubjectPublicKeyInfo. */
  spki() {
    return run(SPKI, this, NOTHING);
  }

  verifyDocument(body, options) {
    return run(VERIFY_DOCUMENT, this, bytesOf(body, 'body'), settingsOf(options));
  }

  async verifyDocuments(bodies, options) {
    if (!Array.isArray(bodies)) refuse('bodies must be an array');
    const settings = settingsOf(options);
    const texts = Array.from(bodies, (body, index) => Buffer.from(bytesOf(body, `bodies[${index}]`)));
    const results = [];
    while (results.length < texts.length) {
      // Some at a time: the event loop turns meanwhile, and memory is bounded.
      const some = texts.slice(results.length, results.length + 256);
      results.push(...await Promise.allSettled(some.map((text) => later(VERIFY_DOCUMENT, this, text, settings))));
    }
    return results.map(({value, reason}) => ({bytes: value, error: reason}));
  }
}

// ---------------------------------------------------------------- functions

/** Call a method of a signer or verifier: any object that has it is one. */
function through(name, value, object, options) {
  if (typeof object?.[name] !== 'function') refuse(`an object with the method ${name} is needed`);
  return object[name](value, options);
}

module.exports = {
  ...errors, PHP_8, PrivateKey, Profile, PublicKey,
  canonicalize: (document, options) => run(CANONICALIZE, null, documentOf(document), settingsOf(options)),
  opensslVersion: () => String(run(OPENSSL_VERSION, null, NOTHING)),
  signDocument: async (...given) => through('signDocument', ...given),
  signedBody: async (...given) => through('signedBody', ...given),
  verifyDocument: (...given) => through('verifyDocument', ...given),
  verifyDocuments: async (...given) => through('verifyDocuments', ...given),
  version: () => version,
};

'use strict';

const {types, inspect} = require('node:util');
const {later, load, run} = require('./call.js');
const {errors, refuse} = require('./errors.js');
const {checkString, textOf} = require('./text.js');
const native = require('./build/Release/kess.node');

if (!native.fits) {
  throw new errors.BackendError(
    `libkess ${native.version} was loaded, but @kesspay/kess ${require('./package.json').version} was built: ` +
    'install the same version of both, and build the package again with npm rebuild');
}

// kess_operation of kess.h, from 0 on. To load from a file is two more.
const [CANONICALIZE, SIGNED_BODY, SIGN_DOCUMENT, VERIFY_DOCUMENT, SPKI, LOAD_PRIVATE, LOAD_PUBLIC] = Array(7).keys();
const FROM_FILE = 2;

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

/** The same in a thread of the pool. The caller may change the document meanwhile. */
async function inThread(operation, key, document, options) {
  return later(operation, key, Buffer.from(documentOf(document)), settingsOf(options));
}

/** The base of both kinds of keys. A key is not shown, cloned or serialised. */
class Key {
  static fromPem(data, options) {
    return new this(data, options, 0);
  }

  static fromFile(path, options) {
    return new this(path, options, FROM_FILE);
  }

  constructor(data, options = {}, from = NaN) {
    checkNames(options, ['password', 'allowWeak']);
    const {password, allowWeak = false} = options;
    if (typeof allowWeak !== 'boolean') refuse('allowWeak must be true or false');
    const secret = Buffer.from(bytesOf(password ?? '', 'password'));
    const operation = from + (this instanceof PrivateKey ? LOAD_PRIVATE : LOAD_PUBLIC);
    this.bits = load(operation, this, bytesOf(data, 'a key or its path'), secret, Number(allowWeak));
    // A property of its own that is a function: structuredClone and postMessage
    // refuse the key then, instead of making an empty object of it.
    this.toJSON = () => refuse('a key is never serialised');
  }

  [inspect.custom]() {
    return `${this.constructor.name} { bits: ${this.bits} }`;
  }
}

class PrivateKey extends Key {
  publicKey() {
    return PublicKey.fromPem(run(SPKI, this), {allowWeak: true});
  }

  signedBody(parameters, options) {
    return inThread(SIGNED_BODY, this, parameters, options);
  }

  signedBodySync(parameters, options) {
    return run(SIGNED_BODY, this, documentOf(parameters), settingsOf(options));
  }

  async signDocument(document, options) {
    return String(await inThread(SIGN_DOCUMENT, this, document, options));
  }

  signDocumentSync(document, options) {
    return String(run(SIGN_DOCUMENT, this, documentOf(document), settingsOf(options)));
  }
}

class PublicKey extends Key {
  /** The key as DER, a SubjectPublicKeyInfo. */
  spki() {
    return run(SPKI, this);
  }

  verifyDocument(body, options) {
    return run(VERIFY_DOCUMENT, this, bytesOf(body, 'body'), settingsOf(options));
  }

  async verifyDocuments(bodies, options) {
    if (!Array.isArray(bodies)) refuse('bodies must be an array');
    const settings = settingsOf(options);
    const texts = Array.from(bodies, (body, index) => Buffer.from(bytesOf(body, `bodies[${index}]`)));
    const results = await Promise.allSettled(texts.map((text) => later(VERIFY_DOCUMENT, this, text, settings)));
    return results.map(({value, reason}) => ({bytes: value, error: reason}));
  }
}

/** Calls a method of a signer or verifier: any object that has it is one. */
const through = (name) => (value, object, options) => {
  if (typeof object?.[name] !== 'function') refuse(`an object with the method ${name} is needed`);
  return object[name](value, options);
};
const promised = (name) => async (...given) => through(name)(...given);

module.exports = {
  ...errors, PHP_8, PrivateKey, Profile, PublicKey,
  canonicalize: (document, options) => run(CANONICALIZE, null, documentOf(document), settingsOf(options)),
  opensslVersion: () => native.openssl,
  signDocument: promised('signDocument'),
  signedBody: promised('signedBody'),
  verifyDocument: through('verifyDocument'),
  verifyDocuments: promised('verifyDocuments'),
  version: () => native.version,
};

'use strict';

const {types, inspect} = require('node:util');
const errors = require('./errors.js');
const {Turn} = require('./turn.js');
const {checkString, textOf} = require('./text.js');
const native = require('./build/Release/kess.node');

const {InputError, errorFor} = errors;

/** Refuse a libkess that does not fit the header this package was built with. */
function checkVersion(loaded, built) {
  const [major, minor] = loaded.split('.');
  const [builtMajor, builtMinor] = built.split('.');
  if (major !== builtMajor || (major === '0' && minor !== builtMinor)) {
    throw new Error(
      `libkess ${loaded} was loaded, but @kesspay/kess was built for libkess ${built}: ` +
      'install that version, or build the package again with npm rebuild');
  }
}
checkVersion(native.version, native.header);

const CANONICALIZE = 0;
const SIGNED_BODY = 1;
const SIGN_DOCUMENT = 2;
const VERIFY_DOCUMENT = 3;

// Outputs up to this size are written here and copied: that is faster than a
// new Buffer of the largest size for each call. No caller ever sees it.
const scratch = Buffer.allocUnsafeSlow(65536);
const report = new Float64Array(4);

function wrong(message) {
  return new InputError(message, {reason: 'argument', code: 'KESS_ERR_ARGUMENT'});
}

function kindOf(value) {
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value;
}

/** Bytes that no other thread changes while they are read. */
function stillBytes(value) {
  return types.isSharedArrayBuffer(value.buffer) ? Buffer.from(value) : value;
}

function bytesOf(value, name) {
  if (types.isUint8Array(value)) return stillBytes(value);
  if (typeof value === 'string') return Buffer.from(checkString(value, name));
  throw wrong(`${name} must be a string or a Uint8Array, not ${kindOf(value)}`);
}

/** A text as it is, or the text of a plain object or array. */
function documentOf(value, name) {
  if (types.isUint8Array(value)) return stillBytes(value);
  if (typeof value === 'string') return bytesOf(value, name);
  if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
    return Buffer.from(textOf(value));
  }
  throw wrong(`${name} must be JSON text, a Uint8Array, an object or an array, not ${kindOf(value)}`);
}

const PRECISION = new Map([[-1, 0], [17, 1], [100, 32]]);
const KSORT = new Map([['8.2', 0], ['8.0', 8], ['7', 16]]);

/** The settings of the gateway's PHP. */
class Profile {
  #bits;

  constructor(settings = {}) {
    checkOptions(settings, ['serializePrecision', 'unescapedSlashes', 'unescapedUnicode', 'ksort',
      'preserveZeroFraction']);
    const {serializePrecision = -1, unescapedSlashes = false, unescapedUnicode = false,
      ksort = '8.2', preserveZeroFraction = false} = settings;
    if (!PRECISION.has(serializePrecision)) {
      throw wrong('serializePrecision must be -1, 17 or 100');
    }
    if (typeof unescapedSlashes !== 'boolean' || typeof unescapedUnicode !== 'boolean' ||
        typeof preserveZeroFraction !== 'boolean') {
      throw wrong('unescapedSlashes, unescapedUnicode and preserveZeroFraction must be true or false');
    }
    if (!KSORT.has(ksort)) throw wrong("ksort must be '8.2', '8.0' or '7'");
    Object.assign(this, {serializePrecision, unescapedSlashes, unescapedUnicode, ksort,
      preserveZeroFraction});
    this.#bits = PRECISION.get(serializePrecision) | (unescapedSlashes ? 2 : 0) |
      (unescapedUnicode ? 4 : 0) | KSORT.get(ksort) | (preserveZeroFraction ? 64 : 0);
    Object.freeze(this);
  }

  static bitsOf(profile) {
    if (profile === undefined) return 0;
    if (profile === null || typeof profile !== 'object' || !(#bits in profile)) {
      throw wrong('profile must be a Profile');
    }
    return profile.#bits;
  }
}
const PHP_8 = new Profile();

function depthOf(maxDepth) {
  if (maxDepth === undefined) return 0;
  if (!Number.isInteger(maxDepth) || maxDepth < 1 || maxDepth > 512) {
    throw wrong('maxDepth must be a whole number from 1 to 512 (511 to verify)');
  }
  return maxDepth;
}

/** Refuse options of other names: a misspelled one would not count. */
function checkOptions(options, names) {
  if (typeof options !== 'object' || options === null) {
    throw wrong(`options must be an object, not ${kindOf(options)}`);
  }
  if (Reflect.ownKeys(options).some((name) => !names.includes(name))) {
    throw wrong(`the options are ${names.join(' and ')}; another was given`);
  }
}

/** The profile and the depth as numbers. */
function settingsOf(options) {
  if (options === undefined) return [0, 0];
  checkOptions(options, ['profile', 'maxDepth']);
  return [Profile.bitsOf(options.profile), depthOf(options.maxDepth)];
}

function failure(operation) {
  return errorFor(native, report[0], report[1], report[2], operation === VERIFY_DOCUMENT);
}

/** What was written to the scratch, in a Buffer of its own. */
function copyOf(length) {
  const copy = Buffer.allocUnsafe(length);
  copy.set(new Uint8Array(scratch.buffer, 0, length));
  return copy;
}

/** One operation in this thread. */
function call(operation, key, text, options) {
  let profile = 0;
  let depth = 0;
  if (options !== undefined) [profile, depth] = settingsOf(options);
  const length = native.call(operation, key, scratch, text, profile, depth, report);
  if (length >= 0) return copyOf(length);
  if (report[0] !== 2) throw failure(operation);
  // Nothing was signed or verified yet.
  const out = Buffer.allocUnsafeSlow(report[3]);
  const needed = native.call(operation, key, out, text, profile, depth, report);
  if (needed >= 0) return Buffer.from(out.subarray(0, needed));
  throw failure(operation);
}

/** What a thread wrote for count texts: done(index, bytes, error) for each. */
function distribute(raw, count, operation, done) {
  let from = 32 * count;
  for (let index = 0; index < count; index += 1) {
    const at = 32 * index;
    const status = raw.readDoubleLE(at);
    const to = 32 * count + raw.readDoubleLE(at + 24);
    if (status === 0) {
      done(index, raw.subarray(from, to), undefined);
    } else {
      done(index, undefined, errorFor(native, status, raw.readDoubleLE(at + 8),
        raw.readDoubleLE(at + 16), operation === VERIFY_DOCUMENT));
    }
    from = to;
  }
}

const turn = new Turn(native, distribute);

/** The operation in a thread of the pool, together with the others of this turn. */
function later(operation, key, document, name, options) {
  try {
    const [profile, depth] = settingsOf(options);
    // The text is copied: another thread may change its memory.
    const text = types.isUint8Array(document) ? document : documentOf(document, name);
    return turn.ask(operation, key, profile, depth, text);
  } catch (error) {
    return Promise.reject(error);
  }
}

function load(isPrivate, isFile, data, options) {
  if (options !== undefined) checkOptions(options, ['password', 'allowWeak']);
  const {password, allowWeak = false} = options ?? {};
  if (typeof allowWeak !== 'boolean') throw wrong('allowWeak must be true or false');
  const secret = password === undefined || password === null ? null : Buffer.from(bytesOf(password, 'password'));
  try {
    const key = native.load(isPrivate, isFile, data, secret, allowWeak ? 1 : 0, report);
    const needed = isPrivate ? 'a private key' : 'a public key';
    if (key === undefined) throw errorFor(native, report[0], report[1], report[2], false, needed);
    return key;
  } finally {
    secret?.fill(0);
  }
}

function pathOf(path) {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw wrong('the path of a key file must be a string without NUL');
  }
  return Buffer.from(`${checkString(path, 'path')}\0`);
}

const made = Symbol('made');

function neverSerialised() {
  throw wrong('a key is never serialised');
}

/** The base of both kinds of keys. A key is not shown, cloned or serialised. */
class Key {
  constructor(token) {
    if (token !== made) throw wrong('a key is made by fromPem or fromFile');
    // A property of its own that is a function: structuredClone and postMessage
    // refuse the key then, instead of making an empty object of it.
    Object.defineProperty(this, 'toJSON', {value: neverSerialised, enumerable: true});
  }

  [inspect.custom]() {
    return `${this.constructor.name} { bits: ${this.bits} }`;
  }
}

class PrivateKey extends Key {
  #key;

  constructor(token, key) {
    super(token);
    this.#key = key;
  }

  static fromPem(data, options) {
    return new PrivateKey(made, load(1, 0, bytesOf(data, 'the key'), options));
  }

  static fromFile(path, options) {
    return new PrivateKey(made, load(1, 1, pathOf(path), options));
  }

  get bits() {
    return native.bits(this.#key);
  }

  publicKey() {
    const key = native.publicOf(this.#key, report);
    if (key === undefined) throw errorFor(native, report[0], report[1], report[2], false);
    return new PublicKey(made, key);
  }

  signedBody(parameters, options) {
    return later(SIGNED_BODY, this.#key, parameters, 'parameters', options);
  }

  signedBodySync(parameters, options) {
    return call(SIGNED_BODY, this.#key, documentOf(parameters, 'parameters'), options);
  }

  async signDocument(document, options) {
    const bytes = await later(SIGN_DOCUMENT, this.#key, document, 'document', options);
    return bytes.toString('latin1');
  }

  signDocumentSync(document, options) {
    return call(SIGN_DOCUMENT, this.#key, documentOf(document, 'document'), options).toString('latin1');
  }
}

class PublicKey extends Key {
  #key;

  constructor(token, key) {
    super(token);
    this.#key = key;
  }

  static fromPem(data, options) {
    return new PublicKey(made, load(0, 0, bytesOf(data, 'the key'), options));
  }

  static fromFile(path, options) {
    return new PublicKey(made, load(0, 1, pathOf(path), options));
  }

  get bits() {
    return native.bits(this.#key);
  }

  /** The key as DER, a SubjectPublicKeyInfo. */
  spki() {
    const length = native.spki(this.#key, scratch, report);
    if (length < 0) throw errorFor(native, report[0], report[1], report[2], false);
    return Buffer.from(scratch.subarray(0, length));
  }

  verifyDocument(body, options) {
    return call(VERIFY_DOCUMENT, this.#key, bytesOf(body, 'body'), options);
  }

  async verifyDocuments(bodies, options) {
    if (!Array.isArray(bodies)) throw wrong(`bodies must be an array, not ${kindOf(bodies)}`);
    const texts = Array.from(bodies, (body, index) => bytesOf(body, `bodies[${index}]`));
    const [profile, depth] = settingsOf(options);
    let end = 0;
    const ends = Float64Array.from(texts, (text) => (end += text.byteLength));
    const joined = Buffer.concat(texts, end);
    const raw = await native.start(VERIFY_DOCUMENT, this.#key, joined, ends, profile, depth);
    const results = [];
    distribute(raw, texts.length, VERIFY_DOCUMENT,
      (_, bytes, error) => results.push({bytes, error}));
    return results;
  }
}

function canonicalize(document, options) {
  return call(CANONICALIZE, null, documentOf(document, 'document'), options);
}

/** A function of a signer or verifier; any object that has it is one. */
function method(object, name, kind) {
  if (typeof object?.[name] !== 'function') throw wrong(`a ${kind} is needed: it has ${name}`);
  return object[name].bind(object);
}

module.exports = {
  ...errors,
  PHP_8,
  PrivateKey,
  Profile,
  PublicKey,
  canonicalize,
  opensslVersion: () => native.openssl,
  signDocument: async (document, signer, options) =>
    method(signer, 'signDocument', 'Signer')(document, options),
  signedBody: async (parameters, signer, options) =>
    method(signer, 'signedBody', 'Signer')(parameters, options),
  verifyDocument: (body, verifier, options) =>
    method(verifier, 'verifyDocument', 'Verifier')(body, options),
  verifyDocuments: async (bodies, verifier, options) =>
    method(verifier, 'verifyDocuments', 'Verifier')(bodies, options),
  version: () => native.version,
};
delete module.exports.TABLE;
delete module.exports.errorFor;
// For the tests of this package.
Object.defineProperty(module.exports, 'checkVersion', {value: checkVersion});

'use strict';

const {types, inspect} = require('node:util');
const {markAsUntransferable} = require('node:worker_threads');
const {errors, errorFor, wrong} = require('./errors.js');
const {checkString, textOf} = require('./text.js');
const {Turn} = require('./turn.js');
const native = require('./build/Release/kess.node');

/** Refuse a libkess that does not fit the header this package was built with. */
function checkVersion({fits, version, header}) {
  if (!fits) {
    throw new Error(
      `libkess ${version} was loaded, but @kesspay/kess was built for libkess ${header}: ` +
      'install that version, or build the package again with npm rebuild');
  }
}
checkVersion(native);

// kess_operation of kess.h, from 0 on. To load from a file is two more.
const [CANONICALIZE, SIGNED_BODY, SIGN_DOCUMENT, VERIFY_DOCUMENT, SPKI, LOAD_PRIVATE, LOAD_PUBLIC] = Array(7).keys();
const FROM_FILE = 2;
const ALLOW_WEAK = {allowWeak: true};

// Outputs up to this size are written here and copied: that is faster than a
// new Buffer of the largest size for each call. No caller ever sees it.
const scratch = Buffer.allocUnsafeSlow(65536);

function kindOf(value) {
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value;
}

/** Bytes that no other thread changes while they are read. */
function bytesOf(value, name) {
  if (types.isUint8Array(value)) return types.isSharedArrayBuffer(value.buffer) ? Buffer.from(value) : value;
  if (typeof value === 'string') return Buffer.from(checkString(value, name));
  throw wrong(`${name} must be a string or a Uint8Array, not ${kindOf(value)}`);
}

/** A text as it is, or the text of a plain object or array. */
function documentOf(value, name) {
  if (typeof value === 'string' || types.isUint8Array(value)) return bytesOf(value, name);
  if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) return Buffer.from(textOf(value));
  throw wrong(`${name} must be JSON text, a Uint8Array, an object or an array, not ${kindOf(value)}`);
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

const PRECISION = new Map([[-1, 0], [17, 1], [100, 32]]);
const KSORT = new Map([['8.2', 0], ['8.0', 8], ['7', 16]]);
const FLAGS = {unescapedSlashes: 2, unescapedUnicode: 4, preserveZeroFraction: 64};

/** The settings of the gateway's PHP. */
class Profile {
  #bits;

  constructor(settings = {}) {
    checkOptions(settings, ['serializePrecision', 'ksort', ...Object.keys(FLAGS)]);
    const {serializePrecision = -1, ksort = '8.2'} = settings;
    if (!PRECISION.has(serializePrecision)) throw wrong('serializePrecision must be -1, 17 or 100');
    if (!KSORT.has(ksort)) throw wrong("ksort must be '8.2', '8.0' or '7'");
    this.serializePrecision = serializePrecision;
    this.ksort = ksort;
    this.#bits = PRECISION.get(serializePrecision) | KSORT.get(ksort);
    for (const [name, bit] of Object.entries(FLAGS)) {
      const {[name]: isOn = false} = settings;
      if (typeof isOn !== 'boolean') throw wrong(`${Object.keys(FLAGS).join(', ')} must be true or false`);
      this[name] = isOn;
      this.#bits |= isOn ? bit : 0;
    }
    Object.freeze(this);
  }

  static bitsOf(profile) {
    if (profile === undefined) return 0;
    if (!(profile instanceof Profile) || !(#bits in profile)) throw wrong('profile must be a Profile');
    return profile.#bits;
  }
}
const PHP_8 = new Profile();

const DEFAULTS = [0, 0];

/** The profile and the depth as numbers. */
function settingsOf(options) {
  if (options === undefined) return DEFAULTS;
  checkOptions(options, ['profile', 'maxDepth']);
  const {profile, maxDepth = 0} = options;
  if (!Number.isInteger(maxDepth) || maxDepth < 0 || maxDepth > 512 || options.maxDepth === 0) {
    throw wrong('maxDepth must be a whole number from 1 to 512 (511 to verify)');
  }
  return [Profile.bitsOf(profile), maxDepth];
}

/** One operation in this thread. */
function call(operation, key, text, options) {
  const [profile, depth] = settingsOf(options);
  let out = scratch;
  let length = native.call(operation, key, profile, depth, text, out);
  if (length < 0) {
    // Nothing was signed or verified yet.
    out = Buffer.allocUnsafeSlow(-length);
    length = native.call(operation, key, profile, depth, text, out);
  }
  if (typeof length !== 'number') throw errorFor(length);
  const copy = Buffer.allocUnsafe(length);
  copy.set(new Uint8Array(out.buffer, 0, length));
  return copy;
}

/** The same for texts that do not change meanwhile, in a thread of the pool: {bytes, error} of each. */
async function inThread(operation, key, profile, depth, texts) {
  const results = await native.start(operation, key, profile, depth, texts);
  const output = results.pop();
  // Several results lie in it: none of them takes the others to another thread.
  if (texts.length > 1) markAsUntransferable(output.buffer);
  let from = 0;
  return results.map((result) => {
    if (typeof result !== 'number') return {bytes: undefined, error: errorFor(result)};
    const bytes = output.subarray(from, result);
    from = result;
    return {bytes, error: undefined};
  });
}

const turn = new Turn(inThread);

/** The operation in a thread of the pool, together with the others of this turn. */
function later(operation, key, document, name, options) {
  try {
    const [profile, depth] = settingsOf(options);
    return turn.ask(operation, key, profile, depth, Buffer.from(documentOf(document, name)));
  } catch (error) {
    return Promise.reject(error);
  }
}

function load(operation, data, options = {}) {
  checkOptions(options, ['password', 'allowWeak']);
  const {password, allowWeak = false} = options;
  if (typeof allowWeak !== 'boolean') throw wrong('allowWeak must be true or false');
  const secret = Buffer.from(bytesOf(password ?? '', 'password'));
  try {
    const key = native.load(operation, data, secret, allowWeak ? 1 : 0);
    if (Array.isArray(key)) throw errorFor(key);
    return key;
  } finally {
    secret.fill(0);
  }
}

function pathOf(path) {
  if (typeof path !== 'string') throw wrong('the path of a key file must be a string without NUL');
  return bytesOf(path, 'path');
}

const made = Symbol('made');
let nativeOf;

/** The base of both kinds of keys. A key is not shown, cloned or serialised. */
class Key {
  #key;

  static {
    nativeOf = (key, kind) => {
      if (!(key instanceof kind)) throw new TypeError(`a ${kind.name} is needed`);
      return key.#key;
    };
  }

  constructor(token, key) {
    if (token !== made) throw wrong('a key is made by fromPem or fromFile');
    this.#key = key;
    // A property of its own that is a function: structuredClone and postMessage
    // refuse the key then, instead of making an empty object of it.
    const neverSerialised = () => {
      throw wrong('a key is never serialised');
    };
    Object.defineProperty(this, 'toJSON', {value: neverSerialised, enumerable: true});
  }

  get bits() {
    return this.#key.bits;
  }

  [inspect.custom]() {
    return `${this.constructor.name} { bits: ${this.bits} }`;
  }
}

class PrivateKey extends Key {
  static fromPem(data, options) {
    return new PrivateKey(made, load(LOAD_PRIVATE, bytesOf(data, 'the key'), options));
  }

  static fromFile(path, options) {
    return new PrivateKey(made, load(LOAD_PRIVATE + FROM_FILE, pathOf(path), options));
  }

  publicKey() {
    return PublicKey.fromPem(call(SPKI, nativeOf(this, PrivateKey), Buffer.alloc(0)), ALLOW_WEAK);
  }

  signedBody(parameters, options) {
    return later(SIGNED_BODY, nativeOf(this, PrivateKey), parameters, 'parameters', options);
  }

  signedBodySync(parameters, options) {
    return call(SIGNED_BODY, nativeOf(this, PrivateKey), documentOf(parameters, 'parameters'), options);
  }

  async signDocument(document, options) {
    const bytes = await later(SIGN_DOCUMENT, nativeOf(this, PrivateKey), document, 'document', options);
    return bytes.toString('latin1');
  }

  signDocumentSync(document, options) {
    const bytes = call(SIGN_DOCUMENT, nativeOf(this, PrivateKey), documentOf(document, 'document'), options);
    return bytes.toString('latin1');
  }
}

class PublicKey extends Key {
  static fromPem(data, options) {
    return new PublicKey(made, load(LOAD_PUBLIC, bytesOf(data, 'the key'), options));
  }

  static fromFile(path, options) {
    return new PublicKey(made, load(LOAD_PUBLIC + FROM_FILE, pathOf(path), options));
  }

  /** The key as DER, a SubjectPublicKeyInfo. */
  spki() {
    return call(SPKI, nativeOf(this, PublicKey), Buffer.alloc(0));
  }

  verifyDocument(body, options) {
    return call(VERIFY_DOCUMENT, nativeOf(this, PublicKey), bytesOf(body, 'body'), options);
  }

  async verifyDocuments(bodies, options) {
    if (!Array.isArray(bodies)) throw wrong(`bodies must be an array, not ${kindOf(bodies)}`);
    const texts = Array.from(bodies, (body, index) => Buffer.from(bytesOf(body, `bodies[${index}]`)));
    return inThread(VERIFY_DOCUMENT, nativeOf(this, PublicKey), ...settingsOf(options), texts);
  }
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
  canonicalize: (document, options) => call(CANONICALIZE, null, documentOf(document, 'document'), options),
  opensslVersion: () => native.openssl,
  signDocument: async (document, signer, options) => method(signer, 'signDocument', 'Signer')(document, options),
  signedBody: async (parameters, signer, options) => method(signer, 'signedBody', 'Signer')(parameters, options),
  verifyDocument: (body, verifier, options) => method(verifier, 'verifyDocument', 'Verifier')(body, options),
  verifyDocuments: async (bodies, verifier, options) =>
    method(verifier, 'verifyDocuments', 'Verifier')(bodies, options),
  version: () => native.version,
};
// For the tests of this package.
Object.defineProperty(module.exports, 'checkVersion', {value: checkVersion});

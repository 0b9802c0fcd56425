'use strict';

const {inspect} = require('node:util');
const {PHP_8, Profile, bytesOf, checkNames, documentOf, settingsOf} = require('./arguments.js');
const {later, own, run} = require('./call.js');
const {errors, refuse} = require('./errors.js');
const native = require('./build/Release/kess.node');
const {version} = require('./package.json');

if (!native.fits) {
  const message = `libkess ${native.version} was loaded, but @kesspay/kess is ${version}`;
  throw new errors.BackendError(`${message}: install the same version of both, and build the package again`);
}

// kess_operation of kess.h, from 0 on. To load from a file is two more.
const [CANONICALIZE, SIGNED_BODY, SIGN_DOCUMENT, VERIFY_DOCUMENT, SPKI, LOAD_PRIVATE, LOAD_PUBLIC] = Array(7).keys();
const FROM_FILE = 2;

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
    const text = bytesOf(data, 'a key or its path');
    const secret = Buffer.from(bytesOf(password ?? '', 'password'));
    const operation = from + (this instanceof PrivateKey ? LOAD_PRIVATE : LOAD_PUBLIC);
    const request = own.ask(operation, [0, 0], Number(allowWeak));
    this.bits = native.load(request, this, text, request, this, secret);
    secret.fill(0);
    own.check();
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
    return later(SIGNED_BODY, this, parameters, options);
  }

  signedBodySync(parameters, options) {
    return run(SIGNED_BODY, this, documentOf(parameters), options);
  }

  async signDocument(document, options) {
    return String(await later(SIGN_DOCUMENT, this, document, options));
  }

  signDocumentSync(document, options) {
    return String(run(SIGN_DOCUMENT, this, documentOf(document), options));
  }
}

class PublicKey extends Key {
  /** The key as DER, a SubjectPublicKeyInfo. */
  spki() {
    return run(SPKI, this);
  }

  verifyDocument(body, options) {
    return run(VERIFY_DOCUMENT, this, bytesOf(body, 'body'), options);
  }

  async verifyDocuments(bodies, options) {
    if (!Array.isArray(bodies)) refuse('bodies must be an array');
    settingsOf(options);
    const kept = options && {...options};
    const texts = Array.from(bodies, (body, index) => Buffer.from(bytesOf(body, `bodies[${index}]`)));
    const results = [];
    while (results.length < texts.length) {
      // Some at a time: the event loop turns meanwhile, and memory is bounded.
      const some = texts.slice(results.length, results.length + 256);
      results.push(...await Promise.allSettled(some.map((text) => later(VERIFY_DOCUMENT, this, text, kept))));
    }
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
  canonicalize: (document, options) => run(CANONICALIZE, null, documentOf(document), options),
  opensslVersion: () => native.openssl,
  signDocument: promised('signDocument'),
  signedBody: promised('signedBody'),
  verifyDocument: through('verifyDocument'),
  verifyDocuments: promised('verifyDocuments'),
  version: () => native.version,
};

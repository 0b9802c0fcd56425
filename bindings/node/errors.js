'use strict';

/** Every error of this package: it has a reason, a code, and a position where there is one. */
class KessError extends Error {
  constructor(message, {reason, code, position, path, found} = {}) {
    super(message);
    this.reason = reason;
    this.code = code;
    if (position !== undefined) this.position = position;
    if (path !== undefined) this.path = path;
    if (found !== undefined) this.found = found;
  }

  get name() {
    return this.constructor.name;
  }
}

class InputError extends KessError {}
class CanonicalizationError extends InputError {}
class InvalidSignature extends KessError {}
/** A document that cannot be verified: an InvalidSignature like any refusal. */
class DocumentRefused extends InvalidSignature {}
class KeyLoadError extends InputError {}
class BackendError extends KessError {}

const errors = {
  __proto__: null,
  ...{KessError, InputError, CanonicalizationError, InvalidSignature, DocumentRefused, KeyLoadError, BackendError},
};

/** The error that libkess describes. A status that it does not know is a failure, too. */
function errorFor([exception, message, reason, code, found, position]) {
  const kind = errors[exception] ?? BackendError;
  const where = position < 0 ? undefined : position;
  return new kind(message, {reason, code, position: where, found: found || undefined});
}

/** The error for an argument that does not reach libkess. */
function wrong(message) {
  return new InputError(message, {reason: 'argument', code: 'KESS_ERR_ARGUMENT'});
}

module.exports = {errors, errorFor, wrong};

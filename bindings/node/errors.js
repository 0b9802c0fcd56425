'use strict';

/** Every error of this package: it has a reason, a code, and a position where there is one. */
class KessError extends Error {
  constructor(message, facts) {
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

// kess_kind of kess.h, from 0 on.
const KINDS = [BackendError, InputError, CanonicalizationError, KeyLoadError, InvalidSignature, DocumentRefused];

/** Throw the error of a kess_kind. One that is not known is a failure, too. */
function fail(kind, message, facts) {
  throw new (KINDS[kind] ?? BackendError)(message, facts);
}

/** Refuse an argument that does not reach libkess. */
function refuse(message) {
  fail(1, message, {reason: 'argument', code: 'KESS_ERR_ARGUMENT'});
}

module.exports = {errors: {KessError, ...Object.fromEntries(KINDS.map((kind) => [kind.name, kind]))}, fail, refuse};

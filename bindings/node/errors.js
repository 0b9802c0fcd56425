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

/** kess_status to the class of the error and its reason: bindings/status.json. */
const TABLE = new Map([
  [1, [InputError, 'argument']],
  [2, [BackendError, 'buffer']],
  [3, [InputError, 'length']],
  [100, [BackendError, 'memory']],
  [101, [BackendError, 'crypto']],
  [102, [KeyLoadError, 'file']],
  [200, [CanonicalizationError, 'syntax']],
  [201, [CanonicalizationError, 'utf8']],
  [202, [CanonicalizationError, 'control']],
  [203, [CanonicalizationError, 'escape']],
  [204, [CanonicalizationError, 'surrogate']],
  [205, [CanonicalizationError, 'depth']],
  [206, [CanonicalizationError, 'top_level']],
  [207, [CanonicalizationError, 'infinite']],
  [220, [CanonicalizationError, 'duplicate']],
  [221, [CanonicalizationError, 'not_object']],
  [222, [CanonicalizationError, 'not_stable']],
  [223, [CanonicalizationError, 'sign_present']],
  [224, [CanonicalizationError, 'order']],
  [300, [KeyLoadError, 'format']],
  [301, [KeyLoadError, 'kind']],
  [302, [KeyLoadError, 'ambiguous']],
  [303, [KeyLoadError, 'secret']],
  [304, [KeyLoadError, 'password']],
  [305, [KeyLoadError, 'algorithm']],
  [306, [KeyLoadError, 'size']],
  [307, [KeyLoadError, 'modulus']],
  [308, [KeyLoadError, 'exponent']],
  [309, [KeyLoadError, 'inconsistent']],
  [400, [InvalidSignature, 'mismatch']],
  [401, [InvalidSignature, 'sign_missing']],
  [402, [InvalidSignature, 'sign_not_string']],
  [403, [InvalidSignature, 'sign_base64']],
  [404, [InvalidSignature, 'sign_length']],
  [405, [InvalidSignature, 'sign_type']],
]);

/** One statement: what was found, or why the key cannot be loaded. */
function keyMessage(message, reason, found, needed) {
  const place = {kind: needed, secret: needed, algorithm: 'an RSA key'}[reason];
  if (found === undefined || place === undefined) return `cannot load ${needed}: ${message}`;
  return `found ${found} where ${place} is needed`;
}

/**
 * The error for a status. A status that the table does not hold is a failure,
 * too: a newer libkess may know one more.
 */
function errorFor(native, status, item, position, verifying, needed = 'a key') {
  const [message, code, found] = native.words(status, item);
  const [listed, reason] = TABLE.get(status) ?? [BackendError, 'unknown'];
  const about = {reason, code};
  let kind = listed;
  if (kind === CanonicalizationError) {
    about.position = position;
    if (verifying) kind = DocumentRefused;
  }
  if (kind === KeyLoadError) {
    if (item > 0) about.found = found;
    return new kind(keyMessage(message, reason, about.found, needed), about);
  }
  const where = about.position === undefined ? '' : ` at byte ${about.position}`;
  return new kind(kind === BackendError ? `${message} (${code}, ${status})` : message + where, about);
}

module.exports = {
  KessError, InputError, CanonicalizationError, InvalidSignature, DocumentRefused,
  KeyLoadError, BackendError, TABLE, errorFor,
};

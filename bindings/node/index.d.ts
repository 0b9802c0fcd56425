/**
 * A JSON text, its UTF-8 bytes, or a plain object or array. In an object or array a value
 * that JSON.stringify would drop or change (undefined, -0, an integer beyond 2^53 - 1) is
 * refused: CanonicalizationError with its path.
 */
export type Document = string | Uint8Array | object;

export interface Options {
  /** The settings of the gateway's PHP; PHP 8.2 and later by default. */
  profile?: Profile;
  /** How many objects and arrays may be nested, 1 to 512; to verify, 1 to 511. By default
   * 511 for canonicalize, 512 for signing, 64 for verifying. */
  maxDepth?: number;
}

export interface KeyOptions {
  /** For an encrypted private key and for PKCS#12; a string stands for its UTF-8 bytes. */
  password?: string | Uint8Array | null;
  /** Accept RSA keys from 512 bits. For tests only: such keys can be broken. */
  allowWeak?: boolean;
}

/** Every error of this package. No message holds a secret. */
export class KessError extends Error {
  /** The reason as one stable word ("mismatch"), the same as in Python, PHP and Go. */
  readonly reason: string;
  /** The name of the status: "KESS_ERR_...". */
  readonly code: string;
  /** The offset of the fault in the UTF-8 text, in bytes. */
  readonly position?: number;
  /** The place of the fault in an object or array: "$.a[3]". */
  readonly path?: string;
}
/** An argument cannot be used. Nothing was signed. */
export class InputError extends KessError {}
/** A document has no canonical form, or is not safe to sign as a request. Nothing was signed. */
export class CanonicalizationError extends InputError {}
/** The document is not authentic: use no value of it. It says nothing about the money: query
 * the transfer. */
export class InvalidSignature extends KessError {}
/** A document cannot be verified: it has no canonical form, or is not safe to verify. */
export class DocumentRefused extends InvalidSignature {}
/** A key cannot be loaded, or the key policy refuses it. */
export class KeyLoadError extends InputError {
  /** What was found in place of the key ("an X.509 certificate"). */
  readonly found?: string;
}
/** libkess failed; the input is not the cause. Nothing was signed or verified. */
export class BackendError extends KessError {}

/** The settings of the gateway's PHP. The default is PHP 8.2 or later without changes. */
export class Profile {
  /**
   * @throws {InputError} a setting has another name or value
   */
  constructor(settings?: {
    /** serialize_precision of php.ini; by default -1. */
    serializePrecision?: -1 | 17 | 100;
    /** True where json_encode gets JSON_UNESCAPED_SLASHES. */
    unescapedSlashes?: boolean;
    /** True where json_encode gets JSON_UNESCAPED_UNICODE. */
    unescapedUnicode?: boolean;
    /** The ksort of PHP 8.2 (and later, the default), 8.0 (and 8.1) or 7. */
    ksort?: '8.2' | '8.0' | '7';
    /** True where json_encode gets JSON_PRESERVE_ZERO_FRACTION. */
    preserveZeroFraction?: boolean;
  });
  readonly serializePrecision: -1 | 17 | 100;
  readonly unescapedSlashes: boolean;
  readonly unescapedUnicode: boolean;
  readonly ksort: '8.2' | '8.0' | '7';
  readonly preserveZeroFraction: boolean;
}
/** PHP 8.2 or later with its default settings. */
export const PHP_8: Profile;

/** Makes request bodies: a PrivateKey, or another object with these methods. */
export interface Signer {
  signedBody(parameters: Document, options?: Options): Promise<Buffer>;
  signDocument(document: Document, options?: Options): Promise<string>;
}

/** Verifies bodies: a PublicKey, or another object with these methods. */
export interface Verifier {
  /** Return the canonical bytes that verified. Read values only from them. */
  verifyDocument(body: string | Uint8Array, options?: Options): Buffer;
  verifyDocuments(bodies: ReadonlyArray<string | Uint8Array>, options?: Options): Promise<Verdict[]>;
}

/** The result for one body: the canonical bytes that verified, or the error. */
export type Verdict =
  | {readonly bytes: Buffer; readonly error: undefined}
  | {readonly bytes: undefined; readonly error: KessError};

/** An RSA private key, which signs. It is never shown, cloned or serialised. */
export class PrivateKey implements Signer {
  private constructor();
  /**
   * Load a key from the content of a key file: PEM, DER or base64 of PKCS#1, PKCS#8 or
   * PKCS#12, at most 1 MiB.
   * @throws {KeyLoadError} it holds no such key, the password is wrong, or the key policy
   *   refuses it
   * @throws {InputError} an argument of the wrong type
   * @throws {BackendError} libkess failed
   */
  static fromPem(data: string | Uint8Array, options?: KeyOptions): PrivateKey;
  /**
   * Load a key from a file.
   * @throws {KeyLoadError} as fromPem; reason "file" where the file cannot be read
   * @throws {InputError} an argument of the wrong type
   * @throws {BackendError} libkess failed
   */
  static fromFile(path: string, options?: KeyOptions): PrivateKey;
  /** The number of bits of the modulus. */
  readonly bits: number;
  /** Return the public half. */
  publicKey(): PublicKey;
  /**
   * Return the signed request body for parameters: their canonical form with "sign_type" and
   * "sign" appended. A thread of the pool signs. Send the body unchanged.
   *
   * The promise is rejected with a CanonicalizationError where they have no canonical form or
   * a gateway would read the body differently, with an InputError for an argument of the wrong
   * type, and with a BackendError where libkess failed. Nothing was signed then.
   */
  signedBody(parameters: Document, options?: Options): Promise<Buffer>;
  /**
   * The same in the calling thread.
   * @throws the errors with which signedBody is rejected
   */
  signedBodySync(parameters: Document, options?: Options): Buffer;
  /**
   * Return the signature of the canonical form of a document, in base64. A thread of the pool
   * signs. The promise is rejected as that of signedBody.
   */
  signDocument(document: Document, options?: Options): Promise<string>;
  /**
   * The same in the calling thread.
   * @throws the errors with which signedBody is rejected
   */
  signDocumentSync(document: Document, options?: Options): string;
}

/** An RSA public key, which verifies. It is never cloned or serialised; see spki. */
export class PublicKey implements Verifier {
  private constructor();
  /**
   * Load a key from the content of a key file: PEM, DER or base64 of SPKI, PKCS#1, an X.509
   * certificate or PKCS#12, at most 1 MiB.
   * @throws {KeyLoadError} it holds no such key, the password is wrong, or the key policy
   *   refuses it
   * @throws {InputError} an argument of the wrong type
   * @throws {BackendError} libkess failed
   */
  static fromPem(data: string | Uint8Array, options?: KeyOptions): PublicKey;
  /**
   * Load a key from a file.
   * @throws {KeyLoadError} as fromPem; reason "file" where the file cannot be read
   * @throws {InputError} an argument of the wrong type
   * @throws {BackendError} libkess failed
   */
  static fromFile(path: string, options?: KeyOptions): PublicKey;
  /** The number of bits of the modulus. */
  readonly bits: number;
  /** Return the key as the DER of a SubjectPublicKeyInfo (RFC 5280, 4.1.2.7). */
  spki(): Buffer;
  /**
   * Verify a body as it was received, and return its canonical bytes. Read values only from
   * these bytes.
   * @throws {InvalidSignature} it is not authentic: use no value of it. DocumentRefused is a
   *   kind of it
   * @throws {InputError} an argument of the wrong type
   * @throws {BackendError} libkess failed; nothing was verified
   */
  verifyDocument(body: string | Uint8Array, options?: Options): Buffer;
  /**
   * Verify bodies in threads of the pool, and return a verdict for each, in order. The promise
   * is rejected only with an InputError, for an argument of the wrong type.
   */
  verifyDocuments(bodies: ReadonlyArray<string | Uint8Array>, options?: Options): Promise<Verdict[]>;
}

/**
 * Return the canonical form of a document: the bytes that are signed.
 * @throws {CanonicalizationError} it has none
 * @throws {InputError} an argument of the wrong type
 * @throws {BackendError} libkess failed
 */
export function canonicalize(document: Document, options?: Options): Buffer;
/** Return the signed request body for parameters, by any Signer; see PrivateKey.signedBody. */
export function signedBody(parameters: Document, signer: Signer, options?: Options): Promise<Buffer>;
/** Return the signature of a document in base64, by any Signer; see PrivateKey.signDocument. */
export function signDocument(document: Document, signer: Signer, options?: Options): Promise<string>;
/** Verify a body with any Verifier; see PublicKey.verifyDocument. */
export function verifyDocument(body: string | Uint8Array, verifier: Verifier, options?: Options): Buffer;
/** Verify bodies with any Verifier; see PublicKey.verifyDocuments. */
export function verifyDocuments(bodies: ReadonlyArray<string | Uint8Array>, verifier: Verifier, options?: Options): Promise<Verdict[]>;
/** Return the version of the libkess in use. */
export function version(): string;
/** Return the version text of the libcrypto that libkess uses: in Node, that of Node itself. */
export function opensslVersion(): string;

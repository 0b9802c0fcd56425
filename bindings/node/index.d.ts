/** JSON text, its UTF-8 bytes, or a plain object or array. */
export type Document = string | Uint8Array | object;

export interface Options {
  /** How the PHP of the gateway is set up; PHP 8.2 and later by default. */
  profile?: Profile;
  /** Nested containers allowed, 1 to 512; to verify, 1 to 511. By default 511 for
   * canonicalize, 512 for signing, 64 for verifying. */
  maxDepth?: number;
}

export interface KeyOptions {
  password?: string | Uint8Array | null;
  /** Take RSA keys from 512 bits. For tests only: such keys can be broken. */
  allowWeak?: boolean;
}

export class KessError extends Error {
  /** A stable word, the same as in Python, PHP and Go. */
  readonly reason: string;
  /** The name of the status: "KESS_ERR_...". */
  readonly code: string;
  /** The byte of the UTF-8 text at which the fault is. */
  readonly position?: number;
  /** Where a value stands that has no place in a document. */
  readonly path?: string;
}
export class InputError extends KessError {}
export class CanonicalizationError extends InputError {}
/** The document is not authentic: drop it. */
export class InvalidSignature extends KessError {}
/** The document to verify is no acceptable JSON text. */
export class DocumentRefused extends InvalidSignature {}
export class KeyLoadError extends InputError {
  /** What was found where a key is needed. */
  readonly found?: string;
}
export class BackendError extends KessError {}

export class Profile {
  constructor(settings?: {
    serializePrecision?: -1 | 17 | 100;
    unescapedSlashes?: boolean;
    unescapedUnicode?: boolean;
    ksort?: '8.2' | '8.0' | '7';
    preserveZeroFraction?: boolean;
  });
  readonly serializePrecision: -1 | 17 | 100;
  readonly unescapedSlashes: boolean;
  readonly unescapedUnicode: boolean;
  readonly ksort: '8.2' | '8.0' | '7';
  readonly preserveZeroFraction: boolean;
}
export const PHP_8: Profile;

export interface Signer {
  signedBody(parameters: Document, options?: Options): Promise<Buffer>;
  signDocument(document: Document, options?: Options): Promise<string>;
}

export interface Verifier {
  /** The canonical bytes that verified. Read values only from them. */
  verifyDocument(body: string | Uint8Array, options?: Options): Buffer;
  verifyDocuments(bodies: ReadonlyArray<string | Uint8Array>, options?: Options): Promise<Verdict[]>;
}

/** Exactly one of the two is there. */
export type Verdict =
  | {readonly bytes: Buffer; readonly error: undefined}
  | {readonly bytes: undefined; readonly error: KessError};

export class PrivateKey implements Signer {
  private constructor();
  static fromPem(data: string | Uint8Array, options?: KeyOptions): PrivateKey;
  static fromFile(path: string, options?: KeyOptions): PrivateKey;
  readonly bits: number;
  publicKey(): PublicKey;
  signedBody(parameters: Document, options?: Options): Promise<Buffer>;
  signedBodySync(parameters: Document, options?: Options): Buffer;
  signDocument(document: Document, options?: Options): Promise<string>;
  signDocumentSync(document: Document, options?: Options): string;
}

export class PublicKey implements Verifier {
  private constructor();
  static fromPem(data: string | Uint8Array, options?: KeyOptions): PublicKey;
  static fromFile(path: string, options?: KeyOptions): PublicKey;
  readonly bits: number;
  /** The key as DER, a SubjectPublicKeyInfo. */
  spki(): Buffer;
  verifyDocument(body: string | Uint8Array, options?: Options): Buffer;
  verifyDocuments(bodies: ReadonlyArray<string | Uint8Array>, options?: Options): Promise<Verdict[]>;
}

export function canonicalize(document: Document, options?: Options): Buffer;
export function signedBody(parameters: Document, signer: Signer, options?: Options): Promise<Buffer>;
export function signDocument(document: Document, signer: Signer, options?: Options): Promise<string>;
export function verifyDocument(body: string | Uint8Array, verifier: Verifier, options?: Options): Buffer;
export function verifyDocuments(bodies: ReadonlyArray<string | Uint8Array>, verifier: Verifier, options?: Options): Promise<Verdict[]>;
/** The version of the libkess in use. */
export function version(): string;
/** The version text of the libcrypto that libkess uses: in Node, that of Node itself. */
export function opensslVersion(): string;

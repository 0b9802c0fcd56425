/*
 * kess.h: the signing core of the KESS partner API. This header is the manual.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * What it computes
 *   The canonical form of a JSON document is what PHP 8.2 and later gives for
 *       $a = json_decode($text, true); ksort($a);
 *       unset($a['sign_type'], $a['sign']); json_encode($a);
 *   byte for byte, and an error exactly where PHP fails. The signature is RSA
 *   PKCS#1 v1.5 with SHA-256 (RFC 8017, 8.2) over these bytes, in base64.
 *
 * Rules that hold for every function
 *   Arguments   object, outputs, inputs, options, error. A length follows the
 *               array it measures.
 *   Lengths     bytes. An output length is in-out: the room in the buffer on
 *               entry, the number of bytes written on return.
 *   Result      KESS_OK (0) is the only success. On any other status the
 *               outputs are unchanged, with two exceptions: KESS_ERR_BUFFER
 *               stores the room that is needed in the output length, and a
 *               batch keeps the texts that it has done.
 *   Statuses    every function may return KESS_ERR_ARGUMENT, KESS_ERR_LENGTH
 *               and KESS_ERR_MEMORY, one with an output buffer also
 *               KESS_ERR_BUFFER, and one with a key KESS_ERR_CRYPTO. Each
 *               function lists its others under Returns.
 *   NULL        is accepted only where stated, for an input of length 0, and
 *               for an output whose room is 0: the status is KESS_ERR_BUFFER.
 *   Memory      outputs are written to the caller's buffers; only a kess_key
 *               owns memory. Scratch memory is released before return.
 *   Overlap     inputs and outputs must not overlap.
 *   Threads     any number of threads may use a const kess_key at once, also
 *               in both processes after a fork: a fork waits until no thread
 *               is in a call of libcrypto that this library made. The library
 *               has no other global state.
 *   Errors      err may be NULL. It is written on every return.
 *   OpenSSL     every function that takes or makes a key leaves the error
 *               queue of the thread empty.
 */
#ifndef KESS_H
#define KESS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KESS_VERSION_MAJOR 0
#define KESS_VERSION_MINOR 1
#define KESS_VERSION_PATCH 0

#if defined(KESS_STATIC)
#define KESS_API
#elif defined(_WIN32)
#if defined(KESS_BUILD)
#define KESS_API __declspec(dllexport)
#else
#define KESS_API __declspec(dllimport)
#endif
#elif defined(__GNUC__)
#define KESS_API __attribute__((visibility("default")))
#else
#define KESS_API
#endif

#if defined(__GNUC__)
#define KESS_MUST_CHECK __attribute__((warn_unused_result))
#else
#define KESS_MUST_CHECK
#endif

/* ------------------------------------------------------------ status values */

/*
 * The values are ABI: they never change. Ranges say who must act:
 * 1 the caller, 100 resources, 200 the text, 300 the key, 400 verification.
 */
typedef enum kess_status {
    KESS_OK = 0,

    KESS_ERR_ARGUMENT = 1, /* NULL, an unknown option, or a public key where a
                              private one is needed */
    KESS_ERR_BUFFER = 2,   /* an output buffer is too small; its length is now
                              the room that is needed */
    KESS_ERR_LENGTH = 3,   /* an input is longer than can be processed */

    KESS_ERR_MEMORY = 100, /* no memory */
    KESS_ERR_CRYPTO = 101, /* libcrypto failed; the input is not the cause */
    KESS_ERR_FILE = 102,   /* a key file cannot be read */

    KESS_ERR_SYNTAX = 200,    /* not JSON (RFC 8259) at err->pos */
    KESS_ERR_UTF8 = 201,      /* malformed UTF-8 starts at err->pos */
    KESS_ERR_CONTROL = 202,   /* raw byte 00 - 1f in a string */
    KESS_ERR_ESCAPE = 203,    /* unknown or incomplete escape; pos: the '\' */
    KESS_ERR_SURROGATE = 204, /* unpaired UTF-16 surrogate escape; pos: the '\' */
    KESS_ERR_DEPTH = 205,     /* too many nested containers; pos: the bracket */
    KESS_ERR_TOP_LEVEL = 206, /* top level is neither an object nor an array */
    KESS_ERR_INFINITE = 207,  /* a number beyond the range of a double */
    KESS_ERR_DUPLICATE = 220, /* verify: a key occurs twice; pos: the second */
    KESS_ERR_NOT_OBJECT = 221,  /* kess_signed_body, verify: an object is
                                   needed */
    KESS_ERR_NOT_STABLE = 222,  /* kess_signed_body: a server would canonicalize
                                   the body to other bytes; pos: the first byte
                                   of the canonical form that differs */
    KESS_ERR_SIGN_PRESENT = 223, /* kess_signed_body: parameters already hold
                                    "sign", or a "sign_type" other than
                                    "RSA2" */
    KESS_ERR_ORDER = 224, /* verify: more than 256 top-level keys, some of
                             which begin like numbers; pos: the bracket */

    KESS_ERR_KEY_FORMAT = 300,     /* not a key in any known format */
    KESS_ERR_KEY_KIND = 301,       /* err->item was found, not the needed key */
    KESS_ERR_KEY_AMBIGUOUS = 302,  /* more than one key was found */
    KESS_ERR_KEY_SECRET = 303,     /* a public file holds a private key */
    KESS_ERR_KEY_PASSWORD = 304,   /* a password is needed, or it is wrong */
    KESS_ERR_KEY_ALGORITHM = 305,  /* not an RSA key */
    KESS_ERR_KEY_SIZE = 306,       /* modulus not within the policy */
    KESS_ERR_KEY_MODULUS = 307,    /* modulus is even */
    KESS_ERR_KEY_EXPONENT = 308,   /* public exponent not within the policy */
    KESS_ERR_KEY_INCONSISTENT = 309, /* parts of a private key disagree */

    KESS_ERR_SIGNATURE = 400,       /* the signature is wrong */
    KESS_ERR_SIGN_MISSING = 401,    /* the document has no "sign" */
    KESS_ERR_SIGN_NOT_STRING = 402, /* "sign" is not a string */
    KESS_ERR_SIGN_BASE64 = 403,     /* "sign" is not strict padded base64 */
    KESS_ERR_SIGN_LENGTH = 404,     /* not exactly as long as the modulus */
    KESS_ERR_SIGN_TYPE = 405        /* "sign_type" is neither absent nor "RSA2" */
} kess_status;

/* What a key loader found where something else was needed (err->item). */
typedef enum kess_found {
    KESS_FOUND_NOTHING = 0,
    KESS_FOUND_PRIVATE_KEY = 1,
    KESS_FOUND_ENCRYPTED_PRIVATE_KEY = 2,
    KESS_FOUND_PUBLIC_KEY = 3,
    KESS_FOUND_CERTIFICATE = 4,
    KESS_FOUND_EC_KEY = 5,
    KESS_FOUND_ED_KEY = 6, /* Ed25519, Ed448, X25519, X448 */
    KESS_FOUND_DSA_KEY = 7,
    KESS_FOUND_DH_KEY = 8,
    KESS_FOUND_RSA_PSS_KEY = 9,
    KESS_FOUND_OTHER_KEY = 10,
    KESS_FOUND_CSR = 11,
    KESS_FOUND_OPENSSH_KEY = 12,
    KESS_FOUND_LEGACY_ENCRYPTED_KEY = 13, /* PEM with a Proc-Type header */
    KESS_FOUND_OTHER_PEM = 14,
    KESS_FOUND_PKCS12 = 15
} kess_found;

typedef struct kess_error {
    int32_t status; /* the kess_status returned */
    int32_t item;   /* key functions: a kess_found; else 0 */
    uint64_t pos;   /* byte offset of the fault in the input text, or 0 */
} kess_error;

/* Return an English clause for a status ("malformed UTF-8"). Any int is
 * accepted; the text is static and never NULL. */
KESS_API const char *kess_status_message(int status);
/* Return the name of a status ("KESS_ERR_UTF8"). Any int is accepted; the text
 * is static and never NULL. */
KESS_API const char *kess_status_name(int status);
/* Return the words for a kess_found ("an X.509 certificate"). Any int is
 * accepted; the text is static and never NULL. */
KESS_API const char *kess_found_message(int found);
/* Return the version of the library at run time ("0.1.0"). */
KESS_API const char *kess_version(void);
/* Return the version text of the libcrypto in use. */
KESS_API const char *kess_openssl_version(void);

/* ------------------------------------------------------------ options */

/* kess_options.profile: the settings of the gateway's PHP. Two ksorts, or two
 * precisions, are KESS_ERR_ARGUMENT. */
#define KESS_PROFILE_PRECISION_17 1u       /* serialize_precision = 17 */
#define KESS_PROFILE_UNESCAPED_SLASHES 2u  /* JSON_UNESCAPED_SLASHES */
#define KESS_PROFILE_UNESCAPED_UNICODE 4u  /* JSON_UNESCAPED_UNICODE */
#define KESS_PROFILE_KSORT_PHP_8_0 8u      /* ksort of PHP 8.0 and 8.1 */
#define KESS_PROFILE_KSORT_PHP_7 16u       /* ksort of PHP 7.x */
#define KESS_PROFILE_PRECISION_100 32u     /* serialize_precision = 100 */
/* JSON_PRESERVE_ZERO_FRACTION: doubles that are whole end with ".0". */
#define KESS_PROFILE_PRESERVE_ZERO_FRACTION 64u

#define KESS_DEPTH_DECODE 511u /* nested containers that json_decode accepts */
#define KESS_DEPTH_ENCODE 512u /* nested containers that json_encode accepts */
#define KESS_DEPTH_VERIFY 64u  /* default of the verify functions */

/* The options of a function. NULL, or a zeroed structure, means the defaults.
 * A container is an object or an array. */
typedef struct kess_options {
    uint32_t profile;   /* KESS_PROFILE_* or-ed together; 0 is PHP 8.2+ */
    uint32_t max_depth; /* nested containers allowed; 0: the default, which
                           each function states as its "Depth". Verify
                           functions take 1 to 511, the others 1 to 512;
                           more is KESS_ERR_ARGUMENT */
} kess_options;

/* Policy of the functions that load a key: accept RSA from 512 bits and public
 * exponents from 3. For tests against old sandboxes only: such keys can be
 * broken. */
#define KESS_KEY_ALLOW_WEAK 1u
/* Policy of the same functions: OpenSSL verifies all documents of a batch.
 * Without it kess_verify_documents may accept eight at a time with arithmetic
 * of its own over public numbers. */
#define KESS_KEY_OPENSSL_ONLY 2u

/* ------------------------------------------------------------ canonical form */

/*
 * Write the canonical form of a JSON text.
 *   Out: out, *out_len. Never empty: the smallest canonical text is "[]".
 *   Returns 200 - 207 for a text that PHP does not accept.
 *   Depth: 511 nested containers, as json_decode; options may set 1 to 512.
 */
KESS_API KESS_MUST_CHECK kess_status kess_canonicalize(
    uint8_t *out, size_t *out_len, const uint8_t *text, size_t text_len,
    const kess_options *options, kess_error *err);

/* Return room in bytes that is enough for any canonical form. It is enough for
 * each text of text_len bytes under every profile without
 * KESS_PROFILE_PRECISION_100, and SIZE_MAX where a size_t cannot express it.
 * Most texts need about text_len. */
KESS_API size_t kess_canonical_bound(size_t text_len);
/* Return room in bytes that is enough for any canonical form under these
 * options. With KESS_PROFILE_PRECISION_100 a number of four bytes may become
 * one of a hundred digits, so this is 21 bytes for each byte of the text.
 * options may be NULL. */
KESS_API size_t kess_canonical_bound_for(size_t text_len,
                                         const kess_options *options);

/* ------------------------------------------------------------ keys */

typedef struct kess_key kess_key;

/*
 * Load an RSA private key: PEM or DER of PKCS#1, PKCS#8, encrypted PKCS#8;
 * also bare base64 (of a PEM file, too), "\n" written as two characters, any
 * line ends, UTF-16. The content of a PEM block decides, not its label.
 * OpenSSL opens PKCS#12 (.p12, .pfx), with its legacy provider where a file
 * needs it and it is installed.
 *   Out: *key, which kess_key_free releases.
 *   In:   password may be NULL; it is used for encrypted PKCS#8 and for
 *        PKCS#12, which is also tried with an empty password where there is
 *        none. policy: KESS_KEY_* or-ed together, or 0.
 *   Returns 300 - 309 where data is not such a key or the policy refuses it;
 *        err->item says what was found. KESS_ERR_FILE: the file cannot be
 *        read.
 * The default policy accepts 2048 to 8192 bits, an odd modulus, an odd public
 * exponent of 65537 up to 256 bits (up to 64 bits where the modulus has more
 * than 3072, since libcrypto uses no longer exponents there), parts that
 * agree, and factors of at least a quarter of the bits of the modulus.
 */
KESS_API KESS_MUST_CHECK kess_status kess_private_key_load(
    kess_key **key, const uint8_t *data, size_t data_len, const char *password,
    size_t password_len, uint32_t policy, kess_error *err);
KESS_API KESS_MUST_CHECK kess_status kess_private_key_load_file(
    kess_key **key, const char *path, const char *password,
    size_t password_len, uint32_t policy, kess_error *err);

/*
 * Load an RSA public key: PEM or DER of SPKI, PKCS#1 or an X.509 certificate
 * (whose names and dates are not checked; of several the first), and the
 * wrappings of kess_private_key_load. A private key is refused:
 * KESS_ERR_KEY_SECRET.
 *   Out: *key, which kess_key_free releases.
 *   In:  policy: KESS_KEY_* or-ed together, or 0.
 *   Returns 300 - 308 where data is not such a key or the policy refuses it;
 *        err->item says what was found. KESS_ERR_FILE: the file cannot be
 *        read.
 */
KESS_API KESS_MUST_CHECK kess_status kess_public_key_load(
    kess_key **key, const uint8_t *data, size_t data_len, uint32_t policy,
    kess_error *err);
KESS_API KESS_MUST_CHECK kess_status kess_public_key_load_file(
    kess_key **key, const char *path, uint32_t policy, kess_error *err);
/*
 * Load an RSA public key, also from PKCS#12, with its password. The
 * certificate of the private key is read. Without a password they do what
 * kess_public_key_load and kess_public_key_load_file do.
 *   In:  password may be NULL.
 *   Returns what those two functions return, and KESS_ERR_KEY_PASSWORD.
 */
KESS_API KESS_MUST_CHECK kess_status kess_public_key_load_protected(
    kess_key **key, const uint8_t *data, size_t data_len, const char *password,
    size_t password_len, uint32_t policy, kess_error *err);
KESS_API KESS_MUST_CHECK kess_status kess_public_key_load_file_protected(
    kess_key **key, const char *path, const char *password,
    size_t password_len, uint32_t policy, kess_error *err);

/* Make an independent object of the public half of a key. kess_key_free
 * releases it; key may be private or public. */
KESS_API KESS_MUST_CHECK kess_status kess_key_public(kess_key **public_key,
                                                     const kess_key *key,
                                                     kess_error *err);
/* Release a key, and wipe its private parts. NULL is allowed. No thread may
 * use the key any more. */
KESS_API void kess_key_free(kess_key *key);

/* Return 1 for a private key, and 0 for a public one. */
KESS_API int kess_key_is_private(const kess_key *key);

/* Return the number of bits of the modulus, and 0 for NULL. */
KESS_API unsigned kess_key_bits(const kess_key *key);

/* Return the length of a signature in bytes. */
KESS_API size_t kess_key_size(const kess_key *key);

/* Return how many signatures kess_verify_documents verifies at a time with
 * this key: 8, or 1 where OpenSSL verifies each of them. */
KESS_API int kess_key_ways(const kess_key *key);

/* Write the DER SubjectPublicKeyInfo of a key (RFC 5280, 4.1.2.7).
 *   Out: out, *out_len. A room of 0 returns KESS_ERR_BUFFER and the length. */
KESS_API KESS_MUST_CHECK kess_status kess_key_spki(const kess_key *key,
                                                   uint8_t *out,
                                                   size_t *out_len,
                                                   kess_error *err);

/* ------------------------------------------------------------ signatures */

/* Sign a message with PKCS#1 v1.5 and SHA-256 (RFC 8017, 8.2.1).
 *   Out: signature, of kess_key_size(key) bytes.
 *   In:  message: any bytes; they are hashed here. */
KESS_API KESS_MUST_CHECK kess_status kess_sign(const kess_key *key,
                                               uint8_t *signature,
                                               size_t *signature_len,
                                               const uint8_t *message,
                                               size_t message_len,
                                               kess_error *err);

/* Verify the PKCS#1 v1.5 SHA-256 signature of a message (RFC 8017, 8.2.2).
 *   Returns KESS_OK only for a right signature, KESS_ERR_SIGNATURE for any
 *        other, a status below 200 where it could not be checked. */
KESS_API KESS_MUST_CHECK kess_status kess_verify(const kess_key *key,
                                                 const uint8_t *signature,
                                                 size_t signature_len,
                                                 const uint8_t *message,
                                                 size_t message_len,
                                                 kess_error *err);

/* Sign the canonical form of a JSON text, and write the signature in base64.
 *   Out: sign, of (kess_key_size(key) + 2) / 3 * 4 bytes, without a
 *        terminating NUL.
 *   Returns 200 - 207 for a text without a canonical form; nothing was signed.
 *   Depth: 512 nested containers, since the text stands for an array of
 *          parameters; options may set 1 to 512. */
KESS_API KESS_MUST_CHECK kess_status kess_sign_document(
    const kess_key *key, char *sign, size_t *sign_len, const uint8_t *text,
    size_t text_len, const kess_options *options, kess_error *err);

/*
 * Write the signed request body for the parameters in a JSON text. The text is
 * an object without "sign"; the body is its canonical form with "sign_type"
 * and "sign" appended. Of a key that occurs twice the last value is signed, as
 * PHP reads it.
 *   Out: body, *body_len. Room of kess_canonical_bound_for(text_len, options)
 *        and 3072 more is always enough. With less the text may be signed to
 *        learn the room that is needed, which kess_run says without.
 *   Returns 200 - 207 for a text without a canonical form,
 *        KESS_ERR_NOT_OBJECT, KESS_ERR_SIGN_PRESENT, and KESS_ERR_NOT_STABLE
 *        for a body that a server would canonicalize to other bytes; nothing
 *        was signed.
 *   Depth: 512 nested containers, since the text stands for an array of
 *          parameters; options may set 1 to 512. A body of 512 is
 *          KESS_ERR_NOT_STABLE: json_decode of a server reads 511.
 */
KESS_API KESS_MUST_CHECK kess_status kess_signed_body(
    const kess_key *key, uint8_t *body, size_t *body_len, const uint8_t *text,
    size_t text_len, const kess_options *options, kess_error *err);

/*
 * Verify a response body and write the canonical bytes that verified. Stricter
 * than kess_canonicalize: duplicate keys, a "sign" that is not strict base64
 * of exactly the modulus length, and a "sign_type" other than absent or "RSA2"
 * are refused. So are more than 256 top-level keys where one begins like a
 * number: only with such keys can ksort be made to take quadratic time. Read
 * values only from the output.
 *   Out: out, *out_len: the canonical bytes, only with KESS_OK.
 *   Returns 200 - 224 for a body that is refused, 400 - 405 for one that is
 *        not authentic, a status below 200 where it was not checked.
 *   Depth: 64 nested containers; options may set 1 to 511.
 */
KESS_API KESS_MUST_CHECK kess_status kess_verify_document(
    const kess_key *key, uint8_t *out, size_t *out_len, const uint8_t *body,
    size_t body_len, const kess_options *options, kess_error *err);

/* ------------------------------------------------------------ batches */

/*
 * Verify many bodies that are concatenated in one buffer. Body i is data from
 * offsets[i] up to offsets[i + 1] (Arrow LargeBinary); there are count + 1
 * offsets, and offsets[0] may be above 0.
 *   Out: statuses[i], the status of kess_verify_document for body i. A bad
 *        body is not an error of the call.
 *   Returns KESS_ERR_ARGUMENT for offsets that descend or exceed the data;
 *        then no status is written.
 *   Depth: 64 nested containers; options may set 1 to 511.
 * With a count of 0, statuses and offsets may be NULL.
 *
 * Where the processor has AVX-512 IFMA and the key has 2048, 3072 or 4096 bits
 * and the exponent 65537, eight signatures are verified at a time, outside of
 * OpenSSL: about four times as fast. This uses only public numbers. A body is
 * accepted only where the whole recovered block equals the whole expected
 * block. OpenSSL verifies every other body, and also each accepted one whose
 * index is 255 modulo 256. Where it disagrees, OpenSSL verifies these eight
 * again, and from then on everything with this key. Each key is tried when it
 * is loaded; see kess_key_ways and KESS_KEY_OPENSSL_ONLY.
 */
KESS_API KESS_MUST_CHECK kess_status kess_verify_documents(
    const kess_key *key, int32_t *statuses, const uint8_t *data,
    size_t data_len, const int64_t *offsets, size_t count,
    const kess_options *options, kess_error *err);

/*
 * Canonicalize or sign many texts that are concatenated in one buffer. Text i
 * is data from offsets[i] up to offsets[i + 1]; there are count + 1 offsets.
 * What kess_canonicalize or kess_sign_document writes for it is out from
 * out_offsets[i] up to out_offsets[i + 1] (Arrow LargeBinary, both).
 *   Out: out_offsets has count + 1 entries; the first one is 0. statuses[i] is
 *        the status of text i. A bad text is not an error of the call; its
 *        output is empty. With KESS_OK *out_len is the number of bytes
 *        written, and *done is count.
 *   Done: the number of texts that are done, in-out; 0 for the first call.
 *        With KESS_ERR_BUFFER out has no room for the next text: the outputs
 *        of the texts before it stay, *done counts them, and *out_len is the
 *        least room that takes one text more. To continue, call again with an
 *        out that has more room and the same bytes in it, and the other
 *        arguments unchanged.
 *   Returns KESS_ERR_ARGUMENT for offsets that descend or exceed the data, for
 *        *done above count, and for a key that cannot sign; then nothing is
 *        written.
 *   Depth: as for kess_canonicalize and kess_sign_document.
 * With a count of 0, statuses and offsets may be NULL.
 */
KESS_API KESS_MUST_CHECK kess_status kess_canonicalize_documents(
    uint8_t *out, size_t *out_len, int64_t *out_offsets, int32_t *statuses,
    size_t *done, const uint8_t *data, size_t data_len, const int64_t *offsets,
    size_t count, const kess_options *options, kess_error *err);
KESS_API KESS_MUST_CHECK kess_status kess_sign_documents(
    const kess_key *key, char *out, size_t *out_len, int64_t *out_offsets,
    int32_t *statuses, size_t *done, const uint8_t *data, size_t data_len,
    const int64_t *offsets, size_t count, const kess_options *options,
    kess_error *err);

/* ------------------------------------------------------------ packages */

/*
 * For packages of other languages: one structure, one call, and one place that
 * makes the error of the language. A package keeps a kess_request for each
 * thread, and sets what it wants in it.
 */

/* What kess_run and kess_load_key do. */
typedef enum kess_operation {
    KESS_DO_CANONICALIZE = 0,      /* kess_canonicalize; the key is NULL */
    KESS_DO_SIGNED_BODY = 1,       /* kess_signed_body */
    KESS_DO_SIGN_DOCUMENT = 2,     /* kess_sign_document */
    KESS_DO_VERIFY_DOCUMENT = 3,   /* kess_verify_document */
    KESS_DO_SPKI = 4,              /* kess_key_spki; no text */
    KESS_DO_LOAD_PRIVATE = 5,      /* kess_private_key_load */
    KESS_DO_LOAD_PUBLIC = 6,       /* kess_public_key_load_protected */
    KESS_DO_LOAD_PRIVATE_FILE = 7, /* kess_private_key_load_file */
    KESS_DO_LOAD_PUBLIC_FILE = 8,  /* kess_public_key_load_file_protected */
    KESS_DO_PUBLIC_TEXT = 9,       /* kess_key_spki in base64, a form of a
                                      public key that can be loaded; no text */
    KESS_DO_VERSION = 10,          /* kess_version. The text is the version that
                                      the program was made for; where this
                                      library does not fit it (see
                                      kess_version_fits), KESS_ERR_ARGUMENT, a
                                      BackendError that names both */
    KESS_DO_OPENSSL_VERSION = 11   /* kess_openssl_version; no text */
} kess_operation;

/* Which exception an error is. The names are those of Python. */
typedef enum kess_kind {
    KESS_KIND_BACKEND = 0,   /* BackendError: also for an unknown status */
    KESS_KIND_INPUT = 1,     /* InputError */
    KESS_KIND_DOCUMENT = 2,  /* CanonicalizationError, an InputError */
    KESS_KIND_KEY = 3,       /* KeyLoadError, an InputError */
    KESS_KIND_SIGNATURE = 4, /* InvalidSignature */
    KESS_KIND_REFUSED = 5    /* DocumentRefused, an InvalidSignature */
} kess_kind;

/*
 * What is wanted, what became of it, and where the result lies. A structure of
 * zeros has the defaults. The offsets are the same on every system, and no field
 * is a pointer, so that a program may write and read the bytes without this
 * header. The memory is aligned to 4 bytes. It may be longer than the structure,
 * or shorter: room says how much of it belongs to out. A text or result of 2 GiB
 * is KESS_ERR_LENGTH; the functions of the operations take longer ones.
 */
typedef struct kess_request {
    int32_t operation;  /*   0: a kess_operation */
    uint32_t profile;   /*   4: as in kess_options */
    uint32_t max_depth; /*   8: as in kess_options */
    uint32_t policy;    /*  12: KESS_KEY_* or-ed together, to load a key */
    uint32_t room;      /*  16: bytes of memory from out on; 0: sizeof out */

    uint32_t len;       /*  20: bytes of the result, without the NUL behind it;
                                of a key that was loaded, the bits of the
                                modulus; with KESS_ERR_BUFFER the room that is
                                enough */
    int32_t pos;        /*  24: offset of the fault in the text; else -1 */
    int32_t status;     /*  28: a kess_status */
    int32_t kind;       /*  32: a kess_kind */
    char name[32];      /*  36: of the status: "KESS_ERR_SIGNATURE" */
    char exception[24]; /*  68: of the kind: "InvalidSignature" */
    char reason[24];    /*  92: one stable word: "mismatch"; "unknown" */
    char message[332];  /* 116: one English statement, which holds nothing of
                                the input */
    char found[64];     /* 448: in place of the key: "a public key"; or empty */
    char out[65024];    /* 512: the result */
} kess_request;

/*
 * Do what the function of request->operation does.
 *   Out: request->status, and with KESS_OK request->len. For any other status
 *        every field from len to found is set.
 *   In:  key: NULL to canonicalize and for versions.
 *   Returns request->out, where a NUL follows the result, or NULL for any other
 *        status than KESS_OK. Only the result of KESS_DO_SPKI holds other
 *        NULs. KESS_ERR_BUFFER comes before anything is signed or verified:
 *        call again with as much room as request->len says.
 */
KESS_API KESS_MUST_CHECK const char *kess_run(kess_request *request,
                                              const kess_key *key,
                                              const uint8_t *text,
                                              size_t text_len);

/*
 * Load a key by one of the operations KESS_DO_LOAD.
 *   Out: request->status, and with KESS_OK request->len. For any other status
 *        every field from len to found is set.
 *   In:  data: the content of a key file, or its path, which needs no NUL at
 *        its end. password may be NULL.
 *   Returns the key, which kess_key_free releases, or NULL for any other status
 *        than KESS_OK: KESS_ERR_ARGUMENT also for a path that is empty or holds
 *        a NUL.
 */
KESS_API KESS_MUST_CHECK kess_key *kess_load_key(kess_request *request,
                                                 const uint8_t *data,
                                                 size_t data_len,
                                                 const char *password,
                                                 size_t password_len);

/* Return 1 where this library fits a program that was made for a version
 * ("0.1.0"): the same major version, and while that is 0 the same minor one. */
KESS_API int kess_version_fits(const char *version);

#ifdef __cplusplus
}
#endif

#endif

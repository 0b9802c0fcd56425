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
 *               outputs are untouched, but KESS_ERR_BUFFER stores the room
 *               that is needed in the output length (and a batch keeps what it
 *               had done before).
 *   NULL        is accepted only where stated, for an input of length 0, and
 *               for an output whose room is 0: the status is KESS_ERR_BUFFER.
 *   Memory      outputs go to the caller's buffers; only a kess_key owns
 *               memory. Scratch memory is released before return.
 *   Overlap     inputs and outputs must not overlap.
 *   Threads     a const kess_key may be used by any number of threads at once,
 *               and on both sides of a fork: a fork waits until no thread is
 *               inside libcrypto for us. There is no other global state.
 *   Errors      err may be NULL. It is written on every return.
 *   OpenSSL     the thread's error queue is left empty by every function that
 *               takes or makes a key.
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

    KESS_ERR_ARGUMENT = 1, /* NULL, an unknown option, a private key needed */
    KESS_ERR_BUFFER = 2,   /* output too small: its length says what is needed */
    KESS_ERR_LENGTH = 3,   /* a length beyond what can be processed */

    KESS_ERR_MEMORY = 100, /* no memory */
    KESS_ERR_CRYPTO = 101, /* libcrypto failed for no fault of the input */
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
                                   the body to other bytes; pos: first
                                   differing byte */
    KESS_ERR_SIGN_PRESENT = 223, /* kess_signed_body: parameters already hold
                                    "sign", or a "sign_type" other than
                                    "RSA2" */
    KESS_ERR_ORDER = 224, /* verify: more than 256 top-level keys, some of
                             which begin like numbers; pos: the bracket */

    KESS_ERR_KEY_FORMAT = 300,     /* not a key in any known format */
    KESS_ERR_KEY_KIND = 301,       /* not the needed key, but err->item */
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
    KESS_ERR_SIGN_TYPE = 405        /* "sign_type" is not absent or "RSA2" */
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

/* One English clause for a status ("malformed UTF-8"); never NULL. */
KESS_API const char *kess_status_message(int status);
/* The name of a status ("KESS_ERR_UTF8"); never NULL. */
KESS_API const char *kess_status_name(int status);
/* What was found, with its article ("an X.509 certificate"); never NULL. */
KESS_API const char *kess_found_message(int found);
/* "0.1.0" */
KESS_API const char *kess_version(void);
/* The version text of the libcrypto in use. */
KESS_API const char *kess_openssl_version(void);

/* ------------------------------------------------------------ options */

/* kess_options.profile: how the PHP of the gateway is set up. Two ksorts, or two
 * precisions, are refused. */
#define KESS_PROFILE_PRECISION_17 1u       /* serialize_precision = 17 */
#define KESS_PROFILE_UNESCAPED_SLASHES 2u  /* JSON_UNESCAPED_SLASHES */
#define KESS_PROFILE_UNESCAPED_UNICODE 4u  /* JSON_UNESCAPED_UNICODE */
#define KESS_PROFILE_KSORT_PHP_8_0 8u      /* ksort of PHP 8.0 and 8.1 */
#define KESS_PROFILE_KSORT_PHP_7 16u       /* ksort of PHP 7.x */
#define KESS_PROFILE_PRECISION_100 32u     /* serialize_precision = 100 */
/* JSON_PRESERVE_ZERO_FRACTION: doubles that are whole end with ".0". */
#define KESS_PROFILE_PRESERVE_ZERO_FRACTION 64u

#define KESS_DEPTH_DECODE 511u /* what json_decode accepts */
#define KESS_DEPTH_ENCODE 512u /* what json_encode accepts */
#define KESS_DEPTH_VERIFY 64u  /* default of the verify functions */

/* NULL, or a zeroed structure, means the defaults. */
typedef struct kess_options {
    uint32_t profile;   /* KESS_PROFILE_* or-ed together; 0 is PHP 8.2+ */
    uint32_t max_depth; /* nested containers allowed; 0: the default, which
                           each function states as its "Depth". Verify
                           functions take 1 to 511, the others 1 to 512;
                           more is KESS_ERR_ARGUMENT */
} kess_options;

/* The functions that load a key: accept RSA from 512 bits and public exponents
 * from 3. For tests against old sandboxes only: such keys can be broken. */
#define KESS_KEY_ALLOW_WEAK 1u
/* The same functions: OpenSSL verifies all documents of a batch. Without it
 * kess_verify_documents may accept eight at a time with arithmetic of its own
 * over public numbers; see there. */
#define KESS_KEY_OPENSSL_ONLY 2u

/* ------------------------------------------------------------ canonical form */

/*
 * Write the canonical form of a JSON text.
 *   Out: out, *out_len. Never empty: the smallest canonical text is "[]".
 *   Returns 200 - 207 for a text that PHP does not accept.
 *   Depth: 511 nested containers, as json_decode; options may say 1 to 512.
 */
KESS_API KESS_MUST_CHECK kess_status kess_canonicalize(
    uint8_t *out, size_t *out_len, const uint8_t *text, size_t text_len,
    const kess_options *options, kess_error *err);

/* Room that is enough for the canonical form of any text of text_len bytes
 * (SIZE_MAX where that cannot be expressed), under every profile without
 * KESS_PROFILE_PRECISION_100. Real needs are about text_len. */
KESS_API size_t kess_canonical_bound(size_t text_len);
/* The same under these options. With KESS_PROFILE_PRECISION_100 a number of
 * four bytes may become one of a hundred digits, so this is 21 bytes for each of
 * the text. options may be NULL. */
KESS_API size_t kess_canonical_bound_for(size_t text_len,
                                         const kess_options *options);

/* ------------------------------------------------------------ keys */

typedef struct kess_key kess_key;

/*
 * Load an RSA private key: PEM or DER of PKCS#1, PKCS#8, encrypted PKCS#8;
 * also bare base64 (of a PEM file, too), "\n" written as two characters, any
 * line ends, UTF-16. The content of a PEM block decides, not its label.
 * PKCS#12 (.p12, .pfx) is opened by OpenSSL, with its legacy provider where a
 * file needs that and it is installed.
 *   Out: *key, to be released by kess_key_free.
 *   In:  password may be NULL; it is used for encrypted PKCS#8 and
 *        PKCS#12, where none is also tried as an empty one.
 *        policy: KESS_KEY_* or-ed together, or 0.
 * The default policy: 2048 to 8192 bits, odd modulus, odd public exponent of
 * 65537 up to 256 bits (up to 64 where the modulus has more than 3072, since
 * libcrypto uses no longer ones there), parts that agree, and factors of at
 * least a quarter of the modulus's bits.
 */
KESS_API KESS_MUST_CHECK kess_status kess_private_key_load(
    kess_key **key, const uint8_t *data, size_t data_len, const char *password,
    size_t password_len, uint32_t policy, kess_error *err);
KESS_API KESS_MUST_CHECK kess_status kess_private_key_load_file(
    kess_key **key, const char *path, const char *password,
    size_t password_len, uint32_t policy, kess_error *err);

/* Load an RSA public key: PEM or DER of SPKI, PKCS#1 or an X.509 certificate
 * (whose names and dates are not checked; of several the first), and the
 * same wrappings. A private key is never taken for a public one. */
KESS_API KESS_MUST_CHECK kess_status kess_public_key_load(
    kess_key **key, const uint8_t *data, size_t data_len, uint32_t policy,
    kess_error *err);
KESS_API KESS_MUST_CHECK kess_status kess_public_key_load_file(
    kess_key **key, const char *path, uint32_t policy, kess_error *err);
/* The same with a password for PKCS#12, of which the certificate of the private
 * key is read. Without a password these are the two above. */
KESS_API KESS_MUST_CHECK kess_status kess_public_key_load_protected(
    kess_key **key, const uint8_t *data, size_t data_len, const char *password,
    size_t password_len, uint32_t policy, kess_error *err);
KESS_API KESS_MUST_CHECK kess_status kess_public_key_load_file_protected(
    kess_key **key, const char *path, const char *password,
    size_t password_len, uint32_t policy, kess_error *err);

/* Make an independent object of the public half. */
KESS_API KESS_MUST_CHECK kess_status kess_key_public(kess_key **public_key,
                                                     const kess_key *key,
                                                     kess_error *err);
/* NULL is allowed. Private parts are wiped. */
KESS_API void kess_key_free(kess_key *key);

KESS_API int kess_key_is_private(const kess_key *key); /* 1 or 0 */
KESS_API unsigned kess_key_bits(const kess_key *key);  /* of the modulus */
KESS_API size_t kess_key_size(const kess_key *key);    /* signature bytes */
/* How many signatures kess_verify_documents verifies at a time with this key:
 * 8, or 1 where OpenSSL has each of them. */
KESS_API int kess_key_ways(const kess_key *key);
/* The DER SubjectPublicKeyInfo (RFC 5280, 4.1.2.7). */
KESS_API KESS_MUST_CHECK kess_status kess_key_spki(const kess_key *key,
                                                   uint8_t *out,
                                                   size_t *out_len,
                                                   kess_error *err);

/* ------------------------------------------------------------ signatures */

/* Sign a message. Out: kess_key_size(key) bytes. */
KESS_API KESS_MUST_CHECK kess_status kess_sign(const kess_key *key,
                                               uint8_t *signature,
                                               size_t *signature_len,
                                               const uint8_t *message,
                                               size_t message_len,
                                               kess_error *err);

/* KESS_OK only for a right signature, else KESS_ERR_SIGNATURE, or a status
 * below 200 where it could not be checked. */
KESS_API KESS_MUST_CHECK kess_status kess_verify(const kess_key *key,
                                                 const uint8_t *signature,
                                                 size_t signature_len,
                                                 const uint8_t *message,
                                                 size_t message_len,
                                                 kess_error *err);

/* The signature of the canonical form of a JSON text, as base64 without a
 * terminating NUL.
 *   Depth: 512 nested containers, since the text stands for an array of
 *          parameters; options may say 1 to 512. */
KESS_API KESS_MUST_CHECK kess_status kess_sign_document(
    const kess_key *key, char *sign, size_t *sign_len, const uint8_t *text,
    size_t text_len, const kess_options *options, kess_error *err);

/*
 * The request body for the parameters in text (a JSON object without "sign"):
 * their canonical form with "sign_type" and "sign" appended. Refuses, with
 * KESS_ERR_NOT_STABLE, what a server would canonicalize to other bytes.
 *   Depth: 512 nested containers, since the text stands for an array of
 *          parameters; options may say 1 to 512. A body of 512 is
 *          KESS_ERR_NOT_STABLE: json_decode of a server reads 511.
 */
KESS_API KESS_MUST_CHECK kess_status kess_signed_body(
    const kess_key *key, uint8_t *body, size_t *body_len, const uint8_t *text,
    size_t text_len, const kess_options *options, kess_error *err);

/*
 * Verify a response body and write the canonical bytes that verified. Stricter
 * than kess_canonicalize: duplicate keys, a "sign" that is not strict base64 of
 * exactly the modulus length, and a "sign_type" other than absent or "RSA2" are
 * refused. So are more than 256 top-level keys where one begins like a number:
 * only with such keys can ksort be made to take quadratic time. Read values only
 * from the output.
 *   Depth: 64 nested containers; options may say 1 to 511.
 */
KESS_API KESS_MUST_CHECK kess_status kess_verify_document(
    const kess_key *key, uint8_t *out, size_t *out_len, const uint8_t *body,
    size_t body_len, const kess_options *options, kess_error *err);

/* ------------------------------------------------------------ batches */

/*
 * Verify count bodies that lie in one buffer, body i at data[offsets[i]] up to
 * data[offsets[i + 1]] (Arrow LargeBinary; offsets[0] may be above 0).
 *   Out: statuses[i], a kess_status for each body. A bad body is not an error
 *        of the call. Returns KESS_ERR_ARGUMENT for offsets that descend or
 *        leave the data; then no status is written.
 *   Depth: 64 nested containers; options may say 1 to 511.
 * With a count of 0, statuses and offsets may be NULL.
 * Where the processor has AVX-512 IFMA and the key has 2048, 3072 or 4096 bits
 * and the exponent 65537, eight signatures are computed at a time, outside of
 * OpenSSL: about four times as fast. Only public numbers are touched. A body is
 * accepted where the whole recovered block equals the whole expected one.
 * OpenSSL has the last word on every other body, and is also asked for each
 * accepted one whose index is 255 modulo 256: where it disagrees, the key uses
 * OpenSSL from then on, and the eight are asked again. Each key is tried when
 * it is loaded; see kess_key_ways and KESS_KEY_OPENSSL_ONLY.
 */
KESS_API KESS_MUST_CHECK kess_status kess_verify_documents(
    const kess_key *key, int32_t *statuses, const uint8_t *data,
    size_t data_len, const int64_t *offsets, size_t count,
    const kess_options *options, kess_error *err);

/*
 * Canonicalize or sign count texts that lie in one buffer, text i at
 * data[offsets[i]] up to data[offsets[i + 1]]. What kess_canonicalize or
 * kess_sign_document writes for it is put at out[out_offsets[i]] up to
 * out[out_offsets[i + 1]] (Arrow LargeBinary, both).
 *   Out: out_offsets has count + 1 entries, the first of which is 0.
 *        statuses[i] is a kess_status for each text. A bad text is not an
 *        error of the call; its output is empty. With KESS_OK *out_len is what
 *        was used, and *done is count.
 *   Done: how many texts are done, in-out; 0 at first. KESS_ERR_BUFFER says
 *        that out has no room for the next one: what was done stays, *done
 *        counts it, and *out_len is the least that takes one text more. To
 *        continue there, call again with an out that has more room and the same
 *        bytes in it, and with all else as it is.
 *   Returns KESS_ERR_ARGUMENT for offsets that descend or leave the data, for
 *        more than count texts done, and for a key that cannot sign; then
 *        nothing is written.
 *   Depth: as of kess_canonicalize and kess_sign_document.
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

#ifdef __cplusplus
}
#endif

#endif

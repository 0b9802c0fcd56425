/*
 * pbes2.c: how an encrypted PKCS#8 private key is encrypted.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sources: RFC 8018 A (PBES2, PBKDF2), RFC 7914 7 (scrypt), RFC 3565 (AES).
 * The older schemes (PBES1, PKCS#12) are refused: OpenSSL has moved most of
 * them to a provider that is not loaded. Costs are limited, so that a hostile
 * file cannot take hours or all memory.
 *
 * PKCS8_decrypt is not used: it opens what the pure-Python twin cannot
 * (Camellia, ARIA, SM4, other modes than CBC), and refuses the version 1 of
 * RFC 5958 with its public key, which is read where it is not encrypted.
 */
#include "keyfile.h"

#define OID_PKCS5 "\x2a\x86\x48\x86\xf7\x0d\x01\x05"
#define OID_HMAC "\x2a\x86\x48\x86\xf7\x0d\x02"
#define OID_AES "\x60\x86\x48\x01\x65\x03\x04\x01"
#define OID_SCRYPT "\x2b\x06\x01\x04\x01\xda\x47\x04\x0b"
#define OID_3DES "\x2a\x86\x48\x86\xf7\x0d\x03\x07"

#define ITERATIONS_MAX 10000000u
#define SALT_MAX 1024u
#define PARALLEL_MAX 16u

typedef struct cipher {
    const char *oid;
    size_t len;
    const char *name;
    size_t key_len;
    size_t iv_len;
} cipher;

#define CIPHER(oid, name, key_len, iv_len) \
    {oid, sizeof(oid) - 1, name, key_len, iv_len}

static const cipher ciphers[] = {
    CIPHER(OID_AES "\x02", "AES-128-CBC", 16, 16),
    CIPHER(OID_AES "\x16", "AES-192-CBC", 24, 16),
    CIPHER(OID_AES "\x2a", "AES-256-CBC", 32, 16),
    CIPHER(OID_3DES, "DES-EDE3-CBC", 24, 8),
};

typedef struct digest {
    const char *oid;
    size_t len;
    const char *name;
} digest;

#define DIGEST(oid, name) {oid, sizeof(oid) - 1, name}

static const digest digests[] = {
    DIGEST(OID_HMAC "\x07", "SHA1"),   DIGEST(OID_HMAC "\x08", "SHA224"),
    DIGEST(OID_HMAC "\x09", "SHA256"), DIGEST(OID_HMAC "\x0a", "SHA384"),
    DIGEST(OID_HMAC "\x0b", "SHA512"),
};

static int read_cipher(kess_pbes2 *scheme, kess_slice contents)
{
    kess_der fields;

    if (!kess_int_der_split(&fields, contents) ||
        !KESS_DER_IS(&fields, "\x06\x04")) {
        return 0;
    }
    for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++) {
        if (kess_int_slice_equal(fields.contents[0], ciphers[i].oid,
                                 ciphers[i].len)) {
            scheme->cipher = ciphers[i].name;
            scheme->key_len = ciphers[i].key_len;
            scheme->iv = fields.contents[1];
            return scheme->iv.len == ciphers[i].iv_len;
        }
    }
    return 0;
}

static int read_prf(kess_pbes2 *scheme, kess_slice contents)
{
    kess_der fields;

    if (!kess_int_der_split(&fields, contents) ||
        !(KESS_DER_IS(&fields, "\x06") || KESS_DER_IS(&fields, "\x06\x05"))) {
        return 0;
    }
    if (fields.count == 2 && fields.contents[1].len != 0) {
        return 0;
    }
    for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
        if (kess_int_slice_equal(fields.contents[0], digests[i].oid,
                                 digests[i].len)) {
            scheme->prf = digests[i].name;
            return 1;
        }
    }
    return 0;
}

/* The optional key length, at fields[at]: it must be that of the cipher. */
static int is_key_len(const kess_pbes2 *scheme, const kess_der *fields,
                      size_t at)
{
    uint64_t value = 0;

    return kess_int_der_number(&value, fields->contents[at]) &&
           value == scheme->key_len;
}

static int read_salt(kess_pbes2 *scheme, const kess_der *fields)
{
    scheme->salt = fields->contents[0];
    return scheme->salt.len > 0 && scheme->salt.len <= SALT_MAX;
}

/* { salt, iterations, [key length], [prf] } */
static int read_pbkdf2(kess_pbes2 *scheme, kess_slice contents)
{
    kess_der fields;
    size_t at = 2;

    if (!kess_int_der_split(&fields, contents) ||
        !KESS_DER_STARTS(&fields, "\x04\x02") || !read_salt(scheme, &fields) ||
        !kess_int_der_number(&scheme->cost, fields.contents[1]) ||
        scheme->cost < 1 || scheme->cost > ITERATIONS_MAX) {
        return 0;
    }
    if (at < fields.count && fields.tags[at] == KESS_DER_INTEGER) {
        if (!is_key_len(scheme, &fields, at)) {
            return 0;
        }
        at++;
    }
    scheme->prf = "SHA1";
    if (at < fields.count && fields.tags[at] == KESS_DER_SEQUENCE) {
        if (!read_prf(scheme, fields.contents[at])) {
            return 0;
        }
        at++;
    }
    return at == fields.count;
}

/* The conditions of RFC 7914, 2, and the memory of its arrays B and V. */
static int is_scrypt_cost(const kess_pbes2 *scheme)
{
    const uint64_t most = KESS_SCRYPT_MEMORY / 128;

    if (scheme->cost < 2 || (scheme->cost & (scheme->cost - 1)) != 0 ||
        scheme->r < 1 || scheme->p < 1 || scheme->p > PARALLEL_MAX) {
        return 0;
    }
    if (scheme->cost > most || scheme->r > most ||
        scheme->r * (scheme->cost + scheme->p + 2) > most) {
        return 0;
    }
    return scheme->r > 1 || scheme->cost < 65536;
}

/* { salt, N, r, p, [key length] } */
static int read_scrypt(kess_pbes2 *scheme, kess_slice contents)
{
    kess_der fields;

    if (!kess_int_der_split(&fields, contents) ||
        !KESS_DER_STARTS(&fields, "\x04\x02\x02\x02") || fields.count > 5 ||
        !read_salt(scheme, &fields)) {
        return 0;
    }
    if (!kess_int_der_number(&scheme->cost, fields.contents[1]) ||
        !kess_int_der_number(&scheme->r, fields.contents[2]) ||
        !kess_int_der_number(&scheme->p, fields.contents[3]) ||
        !is_scrypt_cost(scheme)) {
        return 0;
    }
    scheme->prf = NULL;
    return fields.count == 4 || (fields.tags[4] == KESS_DER_INTEGER &&
                                 is_key_len(scheme, &fields, 4));
}

static int read_kdf(kess_pbes2 *scheme, kess_slice contents)
{
    kess_der fields;

    if (!kess_int_der_split(&fields, contents) ||
        !KESS_DER_IS(&fields, "\x06\x30")) {
        return 0;
    }
    if (KESS_SLICE_IS(fields.contents[0], OID_PKCS5 "\x0c")) {
        return read_pbkdf2(scheme, fields.contents[1]);
    }
    return KESS_SLICE_IS(fields.contents[0], OID_SCRYPT) &&
           read_scrypt(scheme, fields.contents[1]);
}

int kess_int_pbes2_read(kess_pbes2 *scheme, const kess_der *outer)
{
    kess_der fields;
    kess_der functions;

    if (!kess_int_der_split(&fields, outer->contents[0]) ||
        !KESS_DER_IS(&fields, "\x06\x30") ||
        !KESS_SLICE_IS(fields.contents[0], OID_PKCS5 "\x0d")) {
        return 0;
    }
    scheme->encrypted = outer->contents[1];
    return kess_int_der_split(&functions, fields.contents[1]) &&
           KESS_DER_IS(&functions, "\x30\x30") &&
           read_cipher(scheme, functions.contents[1]) &&
           read_kdf(scheme, functions.contents[0]);
}

/* ------------------------------------------------------------ cost */

/* With a password: PBES2, and PBMAC1, which has the same parameters. */
static int has_kdf(kess_slice name)
{
    return KESS_SLICE_IS(name, OID_PKCS5 "\x0d") ||
           KESS_SLICE_IS(name, OID_PKCS5 "\x0e");
}

/* The schemes of PKCS#12 and PBES1 have { salt, iterations }, as PBKDF2 does, and
 * scrypt { salt, N, r, p }. */
int kess_int_pbe_cost(uint64_t *cost, kess_slice name,
                      const kess_der *parameters)
{
    kess_der functions;
    kess_der kdf;
    uint64_t work = 1;
    size_t last = 1;

    if (has_kdf(name)) {
        if (!kess_int_der_split(&functions, parameters->contents[0]) ||
            !KESS_DER_STARTS(&functions, "\x06\x30") ||
            !kess_int_der_split(&kdf, functions.contents[1])) {
            return 0;
        }
        last = KESS_SLICE_IS(functions.contents[0], OID_SCRYPT) ? 3 : 1;
        parameters = &kdf;
    }
    if (parameters->count <= last) {
        return 0;
    }
    for (size_t i = 1; i <= last; i++) {
        uint64_t factor = 0;
        if (parameters->tags[i] != KESS_DER_INTEGER ||
            !kess_int_der_number(&factor, parameters->contents[i]) ||
            factor == 0 || factor > ITERATIONS_MAX / work) {
            return 0;
        }
        work *= factor;
    }
    if (work > ITERATIONS_MAX - *cost) {
        return 0;
    }
    *cost += work;
    return 1;
}

/*
 * keymaker.h: key files for the tests, right ones by libcrypto and wrong ones
 * by a small writer of DER.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KESS_KEYMAKER_H
#define KESS_KEYMAKER_H

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "../fuzz/key.h"
#include "check.h"
#include "kess.h"

#define TEXT_MAX 32768

/* A text or an object, built by appending. */
typedef struct text {
    uint8_t data[TEXT_MAX];
    size_t len;
} text;

static inline void add(text *out, const void *data, size_t len)
{
    CHECK(len <= TEXT_MAX - out->len);
    if (len > 0) {
        memcpy(out->data + out->len, data, len);
    }
    out->len += len;
}

static inline void add_string(text *out, const char *string)
{
    add(out, string, strlen(string));
}

#define ADD_LITERAL(out, literal) add(out, literal, sizeof(literal) - 1)

/* ------------------------------------------------------------ DER */

static inline void add_header(text *out, uint8_t tag, size_t len)
{
    const uint8_t shortest[2] = {tag, (uint8_t)len};
    const uint8_t one[3] = {tag, 0x81, (uint8_t)len};
    const uint8_t two[4] = {tag, 0x82, (uint8_t)(len >> 8), (uint8_t)len};

    CHECK(len < 65536);
    if (len < 128) {
        add(out, shortest, sizeof(shortest));
    } else if (len < 256) {
        add(out, one, sizeof(one));
    } else {
        add(out, two, sizeof(two));
    }
}

static inline void add_object(text *out, uint8_t tag, const text *contents)
{
    add_header(out, tag, contents->len);
    add(out, contents->data, contents->len);
}

/* Enclose what stands in it. */
static inline void enclose(text *it, uint8_t tag)
{
    static text whole;

    whole.len = 0;
    add_object(&whole, tag, it);
    *it = whole;
}

static inline void add_integer(text *out, const BIGNUM *value)
{
    uint8_t bytes[4096] = {0};
    const int len = BN_num_bytes(value);
    /* One byte more where the top bit is set, and for zero. */
    const int pad = BN_num_bits(value) % 8 == 0;

    CHECK(len < (int)sizeof(bytes));
    BN_bn2bin(value, bytes + 1);
    add_header(out, 0x02, (size_t)(len + pad));
    add(out, bytes + 1 - pad, (size_t)(len + pad));
}

/* ------------------------------------------------------------ RSA */

enum { N, E, D, P, Q, DP, DQ, QINV, PARTS };

typedef struct rsa_numbers {
    BIGNUM *part[PARTS];
} rsa_numbers;

static inline rsa_numbers numbers_of(const EVP_PKEY *pkey)
{
    static const char *const names[PARTS] = {
        OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_E,
        OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_FACTOR1,
        OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
        OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
    };
    rsa_numbers made = {{NULL}};

    for (size_t i = 0; i < PARTS; i++) {
        CHECK(EVP_PKEY_get_bn_param(pkey, names[i], &made.part[i]) == 1);
    }
    return made;
}

static inline void numbers_release(rsa_numbers *rsa)
{
    for (size_t i = 0; i < PARTS; i++) {
        BN_free(rsa->part[i]);
        rsa->part[i] = NULL;
    }
}

/* Make p, q and e consistent: n, d, dP, dQ and qInv follow. */
static inline void numbers_complete(rsa_numbers *rsa)
{
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *p1 = BN_dup(rsa->part[P]);
    BIGNUM *q1 = BN_dup(rsa->part[Q]);
    BIGNUM *phi = BN_new();
    BIGNUM **part = rsa->part;

    CHECK(ctx != NULL && p1 != NULL && q1 != NULL && phi != NULL);
    CHECK(BN_sub_word(p1, 1) && BN_sub_word(q1, 1));
    CHECK(BN_mul(phi, p1, q1, ctx) && BN_mul(part[N], part[P], part[Q], ctx));
    CHECK(BN_mod_inverse(part[D], part[E], phi, ctx) != NULL);
    CHECK(BN_mod(part[DP], part[D], p1, ctx));
    CHECK(BN_mod(part[DQ], part[D], q1, ctx));
    CHECK(BN_mod_inverse(part[QINV], part[Q], part[P], ctx) != NULL);
    BN_free(p1);
    BN_free(q1);
    BN_free(phi);
    BN_CTX_free(ctx);
}

/* RSAPublicKey and RSAPrivateKey (RFC 8017, A.1). */
static inline void make_pkcs1_public(text *out, const BIGNUM *n,
                                     const BIGNUM *e)
{
    out->len = 0;
    add_integer(out, n);
    add_integer(out, e);
    enclose(out, 0x30);
}

static inline void make_pkcs1_private(text *out, const rsa_numbers *rsa)
{
    out->len = 0;
    ADD_LITERAL(out, "\x02\x01\x00");
    for (size_t i = 0; i < PARTS; i++) {
        add_integer(out, rsa->part[i]);
    }
    enclose(out, 0x30);
}

/* ------------------------------------------------------------ libcrypto */

/* In a sample, not a new one of 2048 bits, which takes half a minute under valgrind. */
static inline EVP_PKEY *new_rsa(unsigned bits)
{
    EVP_PKEY *pkey = NULL;

    if (bits == 2048 && is_sample()) {
        BIO *pem = BIO_new_mem_buf(fuzz_key, -1);
        pkey = PEM_read_bio_PrivateKey(pem, NULL, NULL, NULL);
        BIO_free(pem);
    } else {
        pkey = EVP_RSA_gen(bits);
    }
    CHECK(pkey != NULL);
    return pkey;
}

/* Move what a writer left in bio to out, and free bio. */
static inline void drain(text *out, BIO *bio)
{
    char *data = NULL;
    const long len = BIO_get_mem_data(bio, &data);

    CHECK(len > 0);
    out->len = 0;
    add(out, data, (size_t)len);
    BIO_free(bio);
}

static inline BIO *new_bio(void)
{
    BIO *bio = BIO_new(BIO_s_mem());
    CHECK(bio != NULL);
    return bio;
}

static inline void make_pkcs8_pem(text *out, const EVP_PKEY *pkey)
{
    BIO *bio = new_bio();
    CHECK(PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL,
                                        NULL) == 1);
    drain(out, bio);
}

static inline void make_pkcs8_der(text *out, const EVP_PKEY *pkey)
{
    BIO *bio = new_bio();
    CHECK(i2d_PKCS8PrivateKey_bio(bio, pkey, NULL, NULL, 0, NULL, NULL) == 1);
    drain(out, bio);
}

static inline void make_spki_pem(text *out, const EVP_PKEY *pkey)
{
    BIO *bio = new_bio();
    CHECK(PEM_write_bio_PUBKEY(bio, pkey) == 1);
    drain(out, bio);
}

static inline void make_spki_der(text *out, const EVP_PKEY *pkey)
{
    BIO *bio = new_bio();
    CHECK(i2d_PUBKEY_bio(bio, pkey) == 1);
    drain(out, bio);
}

/* Takes the scheme. */
static inline void encrypt_key(text *out, const EVP_PKEY *pkey,
                               X509_ALGOR *scheme, const char *password)
{
    PKCS8_PRIV_KEY_INFO *plain = EVP_PKEY2PKCS8(pkey);
    X509_SIG *encrypted = NULL;
    BIO *bio = new_bio();

    CHECK(plain != NULL && scheme != NULL);
    encrypted =
        PKCS8_set0_pbe(password, (int)strlen(password), plain, scheme);
    CHECK(encrypted != NULL);
    CHECK(i2d_PKCS8_bio(bio, encrypted) == 1);
    X509_SIG_free(encrypted);
    PKCS8_PRIV_KEY_INFO_free(plain);
    drain(out, bio);
}

/* Of few iterations: it is opened often. */
static inline void make_encrypted_der(text *out, const EVP_PKEY *pkey,
                                      const char *cipher_name,
                                      const char *password)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, cipher_name, NULL);
    CHECK(cipher != NULL);
    encrypt_key(out, pkey,
                PKCS5_pbe2_set_iv(cipher, 10, NULL, 0, NULL,
                                  NID_hmacWithSHA256),
                password);
    EVP_CIPHER_free(cipher);
}

static inline X509 *new_certificate(EVP_PKEY *pkey, long version)
{
    X509 *certificate = X509_new();
    EVP_MD *md = EVP_MD_fetch(NULL, "SHA256", NULL);

    CHECK(certificate != NULL && md != NULL);
    CHECK(X509_set_version(certificate, version) == 1);
    CHECK(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1);
    CHECK(X509_gmtime_adj(X509_getm_notBefore(certificate), 0) != NULL);
    CHECK(X509_gmtime_adj(X509_getm_notAfter(certificate), 60) != NULL);
    CHECK(X509_set_pubkey(certificate, pkey) == 1);
    CHECK(X509_sign(certificate, pkey, md) > 0);
    EVP_MD_free(md);
    return certificate;
}

static inline void make_certificate_pem(text *out, EVP_PKEY *pkey)
{
    X509 *certificate = new_certificate(pkey, 2);
    BIO *bio = new_bio();
    CHECK(PEM_write_bio_X509(bio, certificate) == 1);
    X509_free(certificate);
    drain(out, bio);
}

/* version 0 or 2 */
static inline void make_certificate_der(text *out, EVP_PKEY *pkey,
                                        long version)
{
    X509 *certificate = new_certificate(pkey, version);
    BIO *bio = new_bio();
    CHECK(i2d_X509_bio(bio, certificate) == 1);
    X509_free(certificate);
    drain(out, bio);
}

static inline void make_csr_der(text *out, EVP_PKEY *pkey)
{
    X509_REQ *csr = X509_REQ_new();
    EVP_MD *md = EVP_MD_fetch(NULL, "SHA256", NULL);
    BIO *bio = new_bio();

    CHECK(csr != NULL && md != NULL);
    CHECK(X509_REQ_set_pubkey(csr, pkey) == 1);
    CHECK(X509_REQ_sign(csr, pkey, md) > 0);
    CHECK(i2d_X509_REQ_bio(bio, csr) == 1);
    EVP_MD_free(md);
    X509_REQ_free(csr);
    drain(out, bio);
}

/* A PKCS#12 file of what is not NULL: with modern encryption, or with plain
 * bags where nid is -1, or with another one in a library context. */
static inline void make_pkcs12(text *out, EVP_PKEY *pkey, X509 *certificate,
                               STACK_OF(X509) *more, const char *password,
                               int nid, OSSL_LIB_CTX *lib)
{
    PKCS12 *file = PKCS12_create_ex(password, NULL, pkey, certificate, more,
                                    nid, nid, 1, 1, 0, lib, NULL);
    BIO *bio = new_bio();

    CHECK(file != NULL);
    CHECK(i2d_PKCS12_bio(bio, file) == 1);
    PKCS12_free(file);
    drain(out, bio);
}

/* DER as a PEM block with any label, 64 characters to a line. */
static inline void make_pem(text *out, const char *label, const text *der)
{
    static uint8_t base64[2 * TEXT_MAX];
    const int len = EVP_EncodeBlock(base64, der->data, (int)der->len);

    out->len = 0;
    add_string(out, "-----BEGIN ");
    add_string(out, label);
    add_string(out, "-----\n");
    for (int at = 0; at < len; at += 64) {
        add(out, base64 + at, (size_t)(len - at < 64 ? len - at : 64));
        add_string(out, "\n");
    }
    add_string(out, "-----END ");
    add_string(out, label);
    add_string(out, "-----\n");
}

/* DER as base64 on one line. */
static inline void make_base64(text *out, const text *der)
{
    CHECK(der->len <= TEXT_MAX / 2);
    out->len = (size_t)EVP_EncodeBlock(out->data, der->data, (int)der->len);
}

/* ------------------------------------------------------------ loading */

/* Load from memory of exactly this length, so that the sanitizers see a read
 * beyond it. The status, with what was found in *found. */
static inline kess_status load_exactly(kess_key **key, const text *data,
                                       int want_private, const char *password,
                                       uint32_t policy, int *found)
{
    kess_error err = {-1, -1, 1};
    uint8_t *copy = malloc(data->len > 0 ? data->len : 1);
    const size_t password_len = password == NULL ? 0 : strlen(password);
    kess_key *before = *key;

    CHECK(copy != NULL);
    memcpy(copy, data->data, data->len);
    const kess_status status =
        want_private
            ? kess_private_key_load(key, copy, data->len, password,
                                    password_len, policy, &err)
            : kess_public_key_load(key, copy, data->len, policy, &err);
    free(copy);
    CHECK_EQUAL(status, err.status);
    CHECK_EQUAL(0, err.pos);
    CHECK(status == KESS_OK || *key == before);
    CHECK_EQUAL(0, ERR_peek_last_error());
    *found = err.item;
    return status;
}

#define LOADS_PRIVATE 1
#define LOADS_PUBLIC 0

static inline kess_key *must_load(const text *data, int want_private)
{
    kess_key *key = NULL;
    int found = -1;

    CHECK_EQUAL(KESS_OK, load_exactly(&key, data, want_private, NULL, 0,
                                      &found));
    CHECK_EQUAL(KESS_FOUND_NOTHING, found);
    CHECK_EQUAL(want_private, kess_key_is_private(key));
    return key;
}

/* The verdict on a file must be this one. */
#define CHECK_VERDICT(expected, expected_found, data, want_private)         \
    do {                                                                    \
        kess_key *verdict_key = NULL;                                       \
        int verdict_found = -1;                                             \
        CHECK_EQUAL(expected,                                               \
                    load_exactly(&verdict_key, data, want_private, NULL, 0, \
                                 &verdict_found));                          \
        CHECK_EQUAL(expected_found, verdict_found);                         \
        kess_key_free(verdict_key);                                         \
    } while (0)

#endif

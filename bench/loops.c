/*
 * loops.c: what the benchmarks divide by, as loops in C.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The raw operation is EVP_PKEY_sign or EVP_PKEY_verify, PKCS#1 v1.5 with
 * SHA-256, over a digest that is ready, on a context that is used again and
 * again: the least that a signature costs with this libcrypto. bench/loops.py
 * compiles this file; it has to run on the libcrypto that kesspay uses.
 *
 * The other loops call functions of kess.h, whose addresses they are given, so
 * that it is the very code that Python calls.
 *
 * Every loop returns the nanoseconds of CPU it took, or -1 where a call failed.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#define ROOM ((size_t)64 << 10)

typedef struct raw {
    EVP_PKEY_CTX *signer;
    EVP_PKEY_CTX *verifier;
    unsigned char digest[32];
    unsigned char signature[1024];
    size_t len;
} raw;

static int64_t cpu_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

const char *raw_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION);
}

static EVP_PKEY_CTX *context(EVP_PKEY *key, int (*init)(EVP_PKEY_CTX *))
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    if (ctx == NULL || init(ctx) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) != 1 ||
        EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) != 1) {
        return NULL;
    }
    return ctx;
}

/* A key pair, from PKCS#8 and SPKI, and a signature of zeros to verify. It
 * lives as long as the process. */
raw *raw_open(const unsigned char *private_der, long private_len,
              const unsigned char *public_der, long public_len)
{
    raw *r = calloc(1, sizeof *r);
    EVP_PKEY *private_key = d2i_AutoPrivateKey(NULL, &private_der, private_len);
    EVP_PKEY *public_key = d2i_PUBKEY(NULL, &public_der, public_len);
    if (r == NULL || private_key == NULL || public_key == NULL) {
        return NULL;
    }
    r->signer = context(private_key, EVP_PKEY_sign_init);
    r->verifier = context(public_key, EVP_PKEY_verify_init);
    r->len = sizeof r->signature;
    if (r->signer == NULL || r->verifier == NULL ||
        EVP_PKEY_sign(r->signer, r->signature, &r->len, r->digest, 32) != 1) {
        return NULL;
    }
    return r;
}

int64_t raw_sign(raw *r, int times)
{
    const int64_t start = cpu_now();
    while (times-- > 0) {
        size_t len = sizeof r->signature;
        if (EVP_PKEY_sign(r->signer, r->signature, &len, r->digest, 32) != 1) {
            return -1;
        }
    }
    return cpu_now() - start;
}

int64_t raw_verify(raw *r, int times)
{
    const int64_t start = cpu_now();
    while (times-- > 0) {
        if (EVP_PKEY_verify(r->verifier, r->signature, r->len, r->digest,
                            32) != 1) {
            return -1;
        }
    }
    return cpu_now() - start;
}

/* kess_canonicalize, and the two functions of a key. */
typedef int canonical_function(uint8_t *, size_t *, const uint8_t *, size_t,
                               const void *, void *);
typedef int key_function(const void *, uint8_t *, size_t *, const uint8_t *,
                         size_t, const void *, void *);

int64_t loop_canonicalize(canonical_function *function, const uint8_t *text,
                          size_t text_len, int times)
{
    static uint8_t out[ROOM];
    const int64_t start = cpu_now();
    while (times-- > 0) {
        size_t len = ROOM;
        if (function(out, &len, text, text_len, NULL, NULL) != 0) {
            return -1;
        }
    }
    return cpu_now() - start;
}

int64_t loop_with_key(key_function *function, const void *key,
                      const uint8_t *text, size_t text_len, int times)
{
    static uint8_t out[ROOM];
    const int64_t start = cpu_now();
    while (times-- > 0) {
        size_t len = ROOM;
        if (function(key, out, &len, text, text_len, NULL, NULL) != 0) {
            return -1;
        }
    }
    return cpu_now() - start;
}

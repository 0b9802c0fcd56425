/*
 * faulty_openssl.h: every call of libcrypto that can fail, made to fail on
 * demand.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * To be included before the files that see libcrypto.h. Each call continues to
 * libcrypto, unless its turn to fail has come. test_openssl.c reads those files,
 * to see that none was forgotten.
 */
#ifndef KESS_FAULTY_OPENSSL_H
#define KESS_FAULTY_OPENSSL_H

#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

/* Count a call; 1 where it must fail. Fills the error queue as asked. */
static int refuses(const char *call);
/* What a failing function returns: 0 or below. */
static int failed_value;

void *faulty_malloc(size_t size);
void faulty_free(void *memory);

#define KESS_MALLOC faulty_malloc
#define KESS_REALLOC unused_realloc
#define KESS_FREE faulty_free

/* A function of libcrypto, and its twin that may fail instead. Wrappers, not
 * conditions in a macro: those would count as branches of those files. */
#define STATUS(name, parameters, arguments)                        \
    static int faulty_##name parameters                            \
    {                                                              \
        return refuses(#name) ? failed_value : name arguments;     \
    }
#define POINTER(type, name, parameters, arguments)                 \
    static type *faulty_##name parameters                          \
    {                                                              \
        return refuses(#name) ? NULL : name arguments;             \
    }

STATUS(BN_mod_mul,
       (BIGNUM *r, const BIGNUM *a, const BIGNUM *b, const BIGNUM *m,
        BN_CTX *c),
       (r, a, b, m, c))
STATUS(BN_MONT_CTX_set,
       (BN_MONT_CTX *mont, const BIGNUM *m, BN_CTX *c),
       (mont, m, c))
STATUS(BN_from_montgomery,
       (BIGNUM *r, const BIGNUM *a, BN_MONT_CTX *mont, BN_CTX *c),
       (r, a, mont, c))
STATUS(BN_mod_mul_montgomery,
       (BIGNUM *r, const BIGNUM *a, const BIGNUM *b, BN_MONT_CTX *mont,
        BN_CTX *c),
       (r, a, b, mont, c))
STATUS(BN_to_montgomery,
       (BIGNUM *r, const BIGNUM *a, BN_MONT_CTX *mont, BN_CTX *c),
       (r, a, mont, c))
STATUS(BN_mod_lshift1_quick,
       (BIGNUM *r, const BIGNUM *a, const BIGNUM *m),
       (r, a, m))
STATUS(BN_set_bit, (BIGNUM *r, int n), (r, n))
STATUS(BN_mul,
       (BIGNUM *r, const BIGNUM *a, const BIGNUM *b, BN_CTX *c),
       (r, a, b, c))
STATUS(BN_sub,
       (BIGNUM *r, const BIGNUM *a, const BIGNUM *b),
       (r, a, b))
STATUS(BN_mod,
       (BIGNUM *r, const BIGNUM *a, const BIGNUM *m, BN_CTX *c),
       (r, a, m, c))
STATUS(EVP_DecryptFinal_ex,
       (EVP_CIPHER_CTX *c, unsigned char *out, int *len),
       (c, out, len))
STATUS(EVP_DecryptInit_ex2,
       (EVP_CIPHER_CTX *c, const EVP_CIPHER *cipher,
        const unsigned char *key, const unsigned char *iv,
        const OSSL_PARAM *params),
       (c, cipher, key, iv, params))
STATUS(EVP_DecryptUpdate,
       (EVP_CIPHER_CTX *c, unsigned char *out, int *len,
        const unsigned char *in, int in_len),
       (c, out, len, in, in_len))
STATUS(EVP_DigestFinal_ex,
       (EVP_MD_CTX *c, unsigned char *digest, unsigned *len),
       (c, digest, len))
STATUS(EVP_DigestInit_ex2,
       (EVP_MD_CTX *c, const EVP_MD *md, const OSSL_PARAM *params),
       (c, md, params))
STATUS(EVP_DigestUpdate,
       (EVP_MD_CTX *c, const void *in, size_t len),
       (c, in, len))
STATUS(EVP_PBE_scrypt,
       (const char *pass, size_t pass_len, const unsigned char *salt,
        size_t salt_len, uint64_t n, uint64_t r, uint64_t p, uint64_t most,
        unsigned char *key, size_t key_len),
       (pass, pass_len, salt, salt_len, n, r, p, most, key, key_len))
STATUS(EVP_PKEY_CTX_set_rsa_padding,
       (EVP_PKEY_CTX *c, int padding),
       (c, padding))
STATUS(EVP_PKEY_CTX_set_signature_md,
       (EVP_PKEY_CTX *c, const EVP_MD *md),
       (c, md))
STATUS(EVP_PKEY_fromdata,
       (EVP_PKEY_CTX *c, EVP_PKEY **pkey, int selection, OSSL_PARAM *params),
       (c, pkey, selection, params))
STATUS(EVP_PKEY_fromdata_init,
       (EVP_PKEY_CTX *c),
       (c))
STATUS(EVP_PKEY_sign_init,
       (EVP_PKEY_CTX *c),
       (c))
STATUS(EVP_PKEY_verify_init,
       (EVP_PKEY_CTX *c),
       (c))
STATUS(PKCS5_PBKDF2_HMAC,
       (const char *pass, int pass_len, const unsigned char *salt,
        int salt_len, int cost, const EVP_MD *md, int key_len,
        unsigned char *key),
       (pass, pass_len, salt, salt_len, cost, md, key_len, key))
STATUS(i2d_PUBKEY,
       (const EVP_PKEY *pkey, unsigned char **out),
       (pkey, out))

STATUS(PKCS12_verify_mac,
       (PKCS12 *file, const char *pass, int pass_len),
       (file, pass, pass_len))
STATUS(i2d_PKCS8_PRIV_KEY_INFO,
       (const PKCS8_PRIV_KEY_INFO *key, unsigned char **out),
       (key, out))
STATUS(i2d_X509,
       (const X509 *certificate, unsigned char **out),
       (certificate, out))

POINTER(BIGNUM, BN_bin2bn,
        (const unsigned char *in, int len, BIGNUM *r),
        (in, len, r))
POINTER(BIGNUM, BN_new,
        (void),
        ())
POINTER(BN_MONT_CTX, BN_MONT_CTX_new,
        (void),
        ())
POINTER(BN_CTX, BN_CTX_new,
        (void),
        ())
POINTER(EVP_CIPHER, EVP_CIPHER_fetch,
        (OSSL_LIB_CTX *lib, const char *name, const char *query),
        (lib, name, query))
POINTER(EVP_CIPHER_CTX, EVP_CIPHER_CTX_new,
        (void),
        ())
POINTER(EVP_MD, EVP_MD_fetch,
        (OSSL_LIB_CTX *lib, const char *name, const char *query),
        (lib, name, query))
POINTER(EVP_MD_CTX, EVP_MD_CTX_new,
        (void),
        ())
POINTER(EVP_PKEY, EVP_PKEY_dup,
        (EVP_PKEY *pkey),
        (pkey))
POINTER(EVP_PKEY_CTX, EVP_PKEY_CTX_new_from_name,
        (OSSL_LIB_CTX *lib, const char *name, const char *query),
        (lib, name, query))
POINTER(EVP_PKEY_CTX, EVP_PKEY_CTX_new_from_pkey,
        (OSSL_LIB_CTX *lib, EVP_PKEY *pkey, const char *query),
        (lib, pkey, query))
POINTER(BIO, BIO_new_mem_buf,
        (const void *data, int len),
        (data, len))
POINTER(OSSL_LIB_CTX, OSSL_LIB_CTX_new,
        (void),
        ())
POINTER(OSSL_PROVIDER, OSSL_PROVIDER_load,
        (OSSL_LIB_CTX *lib, const char *name),
        (lib, name))
POINTER(PKCS12, PKCS12_init_ex,
        (int mode, OSSL_LIB_CTX *lib, const char *query),
        (mode, lib, query))
POINTER(PKCS12, d2i_PKCS12_bio,
        (BIO *bio, PKCS12 **file),
        (bio, file))
POINTER(PKCS8_PRIV_KEY_INFO, PKCS12_decrypt_skey_ex,
        (const PKCS12_SAFEBAG *bag, const char *pass, int pass_len,
         OSSL_LIB_CTX *lib, const char *query),
        (bag, pass, pass_len, lib, query))
POINTER(X509, PKCS12_SAFEBAG_get1_cert,
        (const PKCS12_SAFEBAG *bag),
        (bag))
POINTER(STACK_OF(PKCS7), PKCS12_unpack_authsafes,
        (const PKCS12 *file),
        (file))
POINTER(STACK_OF(PKCS12_SAFEBAG), PKCS12_unpack_p7data,
        (PKCS7 *safe),
        (safe))
POINTER(STACK_OF(PKCS12_SAFEBAG), PKCS12_unpack_p7encdata,
        (PKCS7 *safe, const char *pass, int pass_len),
        (safe, pass, pass_len))
POINTER(void, OPENSSL_zalloc,
        (size_t size),
        (size))

/* Lies on demand: a success that it is not. */
static int says_yes;    /* to every signature */
static int signs_short; /* by one byte */

/* 0 is an answer here, so a failure is below. */
static int faulty_EVP_PKEY_verify(EVP_PKEY_CTX *ctx,
                                  const unsigned char *signature, size_t len,
                                  const unsigned char *digest,
                                  size_t digest_len)
{
    if (refuses("EVP_PKEY_verify")) {
        return -1;
    }
    const int result =
        EVP_PKEY_verify(ctx, signature, len, digest, digest_len);
    return says_yes ? 1 : result;
}

static int faulty_EVP_PKEY_sign(EVP_PKEY_CTX *ctx, unsigned char *signature,
                                size_t *len, const unsigned char *digest,
                                size_t digest_len)
{
    if (refuses("EVP_PKEY_sign")) {
        return failed_value;
    }
    const int result = EVP_PKEY_sign(ctx, signature, len, digest, digest_len);
    *len -= signs_short ? 1 : 0;
    return result;
}

static int faulty_BN_bn2nativepad(const BIGNUM *a, unsigned char *out, int len)
{
    return refuses("BN_bn2nativepad") ? -1 : BN_bn2nativepad(a, out, len);
}

static int faulty_BN_bn2binpad(const BIGNUM *a, unsigned char *out, int len)
{
    return refuses("BN_bn2binpad") ? -1 : BN_bn2binpad(a, out, len);
}

/* These are macros of libcrypto, used above for the last time. */
#undef BN_mod
#undef OPENSSL_zalloc

#define BIO_new_mem_buf faulty_BIO_new_mem_buf
#define OSSL_LIB_CTX_new faulty_OSSL_LIB_CTX_new
#define OSSL_PROVIDER_load faulty_OSSL_PROVIDER_load
#define PKCS12_SAFEBAG_get1_cert faulty_PKCS12_SAFEBAG_get1_cert
#define PKCS12_decrypt_skey_ex faulty_PKCS12_decrypt_skey_ex
#define PKCS12_init_ex faulty_PKCS12_init_ex
#define PKCS12_unpack_authsafes faulty_PKCS12_unpack_authsafes
#define PKCS12_unpack_p7data faulty_PKCS12_unpack_p7data
#define PKCS12_unpack_p7encdata faulty_PKCS12_unpack_p7encdata
#define PKCS12_verify_mac faulty_PKCS12_verify_mac
#define d2i_PKCS12_bio faulty_d2i_PKCS12_bio
#define i2d_PKCS8_PRIV_KEY_INFO faulty_i2d_PKCS8_PRIV_KEY_INFO
#define i2d_X509 faulty_i2d_X509
#define BN_CTX_new faulty_BN_CTX_new
#define BN_bin2bn faulty_BN_bin2bn
#define BN_bn2binpad faulty_BN_bn2binpad
#define BN_bn2nativepad faulty_BN_bn2nativepad
#define BN_mod faulty_BN_mod
#define BN_MONT_CTX_new faulty_BN_MONT_CTX_new
#define BN_MONT_CTX_set faulty_BN_MONT_CTX_set
#define BN_from_montgomery faulty_BN_from_montgomery
#define BN_mod_mul_montgomery faulty_BN_mod_mul_montgomery
#define BN_to_montgomery faulty_BN_to_montgomery
#define BN_mod_lshift1_quick faulty_BN_mod_lshift1_quick
#define BN_mod_mul faulty_BN_mod_mul
#define BN_mul faulty_BN_mul
#define BN_new faulty_BN_new
#define BN_set_bit faulty_BN_set_bit
#define BN_sub faulty_BN_sub
#define EVP_CIPHER_CTX_new faulty_EVP_CIPHER_CTX_new
#define EVP_CIPHER_fetch faulty_EVP_CIPHER_fetch
#define EVP_DecryptFinal_ex faulty_EVP_DecryptFinal_ex
#define EVP_DecryptInit_ex2 faulty_EVP_DecryptInit_ex2
#define EVP_DecryptUpdate faulty_EVP_DecryptUpdate
#define EVP_DigestFinal_ex faulty_EVP_DigestFinal_ex
#define EVP_DigestInit_ex2 faulty_EVP_DigestInit_ex2
#define EVP_DigestUpdate faulty_EVP_DigestUpdate
#define EVP_MD_CTX_new faulty_EVP_MD_CTX_new
#define EVP_MD_fetch faulty_EVP_MD_fetch
#define EVP_PBE_scrypt faulty_EVP_PBE_scrypt
#define EVP_PKEY_CTX_new_from_name faulty_EVP_PKEY_CTX_new_from_name
#define EVP_PKEY_CTX_new_from_pkey faulty_EVP_PKEY_CTX_new_from_pkey
#define EVP_PKEY_CTX_set_rsa_padding faulty_EVP_PKEY_CTX_set_rsa_padding
#define EVP_PKEY_CTX_set_signature_md faulty_EVP_PKEY_CTX_set_signature_md
#define EVP_PKEY_dup faulty_EVP_PKEY_dup
#define EVP_PKEY_fromdata faulty_EVP_PKEY_fromdata
#define EVP_PKEY_fromdata_init faulty_EVP_PKEY_fromdata_init
#define EVP_PKEY_sign faulty_EVP_PKEY_sign
#define EVP_PKEY_sign_init faulty_EVP_PKEY_sign_init
#define EVP_PKEY_verify faulty_EVP_PKEY_verify
#define EVP_PKEY_verify_init faulty_EVP_PKEY_verify_init
#define OPENSSL_zalloc faulty_OPENSSL_zalloc
#define PKCS5_PBKDF2_HMAC faulty_PKCS5_PBKDF2_HMAC
#define i2d_PUBKEY faulty_i2d_PUBKEY

#undef STATUS
#undef POINTER

#endif

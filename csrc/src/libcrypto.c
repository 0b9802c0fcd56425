/*
 * libcrypto.c: memory, errors, and the decryption of keys.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "fork_guard.h"
#include "libcrypto.h"

const char *kess_openssl_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION);
}

/* ------------------------------------------------------------ memory */

void kess_int_wipe(void *data, size_t len)
{
    if (data != NULL) {
        OPENSSL_cleanse(data, len);
    }
}

void kess_int_secret_free(kess_secret *secret)
{
    kess_int_wipe(secret->data, secret->len);
    KESS_FREE(secret->data);
    secret->data = NULL;
    secret->len = 0;
}

void *kess_int_allocate(size_t size)
{
    void *memory = KESS_MALLOC(size);

    if (memory == NULL) {
        ERR_raise(ERR_LIB_USER, ERR_R_MALLOC_FAILURE);
        return NULL;
    }
    return memset(memory, 0, size);
}

int kess_int_has_errors(void)
{
    return ERR_peek_last_error() != 0;
}

/* ERR_clear_error takes long for a queue that is empty, as it nearly always
 * is. */
void kess_int_clear_errors(void)
{
    if (kess_int_has_errors()) {
        ERR_clear_error();
    }
}

kess_status kess_int_drain_errors(void)
{
    kess_status status = KESS_ERR_CRYPTO;

    while (kess_int_has_errors()) {
        if (ERR_GET_REASON(ERR_get_error()) == ERR_R_MALLOC_FAILURE) {
            status = KESS_ERR_MEMORY;
        }
    }
    return status;
}

/* ------------------------------------------------------------ decryption */

static int derive(uint8_t *out, const kess_pbes2 *scheme, kess_slice password)
{
    const char *pass = (const char *)password.data;

    if (scheme->prf == NULL) {
        return EVP_PBE_scrypt(pass, password.len, scheme->salt.data,
                              scheme->salt.len, scheme->cost, scheme->r,
                              scheme->p, KESS_SCRYPT_MEMORY, out,
                              scheme->key_len) == 1;
    }
    EVP_MD *md = EVP_MD_fetch(NULL, scheme->prf, NULL);
    const int done =
        md != NULL &&
        PKCS5_PBKDF2_HMAC(pass, (int)password.len, scheme->salt.data,
                          (int)scheme->salt.len, (int)scheme->cost, md,
                          (int)scheme->key_len, out) == 1;
    EVP_MD_free(md);
    return done;
}

/* Decrypt in CBC mode with the padding of RFC 8018, 6.1.1. */
static kess_status decrypt_cbc(uint8_t *out, size_t *out_len,
                               const kess_pbes2 *scheme, const uint8_t *key)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, scheme->cipher, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int len = 0;
    int last = 0;

    const int done =
        cipher != NULL && ctx != NULL &&
        EVP_DecryptInit_ex2(ctx, cipher, key, scheme->iv.data, NULL) == 1 &&
        EVP_DecryptUpdate(ctx, out, &len, scheme->encrypted.data,
                          (int)scheme->encrypted.len) == 1;
    const int padded = done && EVP_DecryptFinal_ex(ctx, out + len, &last) == 1;
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    *out_len = (size_t)len + (size_t)last;
    const kess_status failure = kess_int_drain_errors();
    if (padded) {
        return KESS_OK;
    }
    return done && failure != KESS_ERR_MEMORY ? KESS_ERR_KEY_PASSWORD
                                              : failure;
}

static kess_status decrypt_inside(kess_secret *plain, size_t *plain_len,
                                  const kess_pbes2 *scheme,
                                  kess_slice password)
{
    uint8_t key[KESS_PBES2_KEY_MAX];
    const size_t room = scheme->encrypted.len + EVP_MAX_BLOCK_LENGTH;

    kess_int_clear_errors();
    plain->data = kess_int_allocate(room);
    if (plain->data == NULL) {
        return kess_int_drain_errors();
    }
    plain->len = room;
    const kess_status status =
        derive(key, scheme, password)
            ? decrypt_cbc(plain->data, plain_len, scheme, key)
            : kess_int_drain_errors();
    kess_int_wipe(key, sizeof(key));
    return status;
}

kess_status kess_int_decrypt(kess_secret *plain, size_t *plain_len,
                             const kess_pbes2 *scheme, kess_slice password)
{
    const size_t shard = kess_int_fork_guard_enter();
    const kess_status status =
        decrypt_inside(plain, plain_len, scheme, password);
    kess_int_fork_guard_leave(shard);
    return status;
}

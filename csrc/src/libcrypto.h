/*
 * libcrypto.h: what the four files share that stand on OpenSSL's libcrypto.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The only file that includes OpenSSL's headers, and nothing is used that is
 * deprecated in 3.0.
 *   libcrypto.c  memory, errors, and the decryption of keys
 *   pkcs12.c     what is in a PKCS#12 file
 *   rsakey.c     keys of integers: agreement, the key object
 *   rsa.c        sign and verify
 * What is declared here does not enter the fork guard (fork_guard.h): the
 * functions that other files call have entered it.
 */
#ifndef KESS_LIBCRYPTO_H
#define KESS_LIBCRYPTO_H

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "rsa.h"
#include "slots.h"

/* The contexts of a key for one kind of operation. */
typedef struct kess_ctx_pool {
    EVP_PKEY *pkey; /* never used, only copied: no thread holds its lock */
    int (*init)(EVP_PKEY_CTX *);
    kess_slots idle;
} kess_ctx_pool;

struct kess_key {
    unsigned bits;
    size_t size;
    EVP_MD *sha256;
    kess_ctx_pool *verifiers;
    kess_ctx_pool *signers; /* NULL in a public key */
    uint8_t *spki;      /* OpenSSL's memory */
    size_t spki_len;
    void *eight; /* public8, or NULL from the moment OpenSSL disagrees */
    kess_public8 public8;
};

/* ------------------------------------------------------------ libcrypto.c */

/* Zeroed memory. Where there is none, kess_int_drain_errors will tell. */
void *kess_int_allocate(size_t size);
/* Ask for the last error, not the first: that one may be 0. OpenSSL begins an
 * entry, has no memory for its details, and says so in the next one. */
int kess_int_has_errors(void);
/* Empty the error queue. */
void kess_int_clear_errors(void);
/* The same, telling whether memory was the reason. */
kess_status kess_int_drain_errors(void);

/* ------------------------------------------------------------ rsa.c */

/* Takes over pkey, also on failure; NULL is a failure. */
kess_ctx_pool *kess_int_ctx_pool_new(EVP_PKEY *pkey,
                                     int (*init)(EVP_PKEY_CTX *));
void kess_int_ctx_pool_free(kess_ctx_pool *old);
/* kess_int_sign and kess_int_verify, inside the fork guard. */
kess_status kess_int_sign_inside(const kess_key *key, uint8_t *signature,
                                 const kess_slice *slices, size_t count);
kess_status kess_int_verify_inside(const kess_key *key,
                                   const uint8_t *signature,
                                   size_t signature_len,
                                   const kess_slice *slices, size_t count);

/* Judge the room of an output; store what is needed where it is too small. */
static inline kess_status kess_int_check_room(size_t *room, size_t needed)
{
    if (*room < needed) {
        *room = needed;
        return KESS_ERR_BUFFER;
    }
    return KESS_OK;
}

#endif

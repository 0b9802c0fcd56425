/*
 * rsa.h: what libcrypto does for the other files.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KESS_RSA_H
#define KESS_RSA_H

#include "bytes.h"
#include "public8.h"

#define KESS_RSA_MAX_BITS 8192u
#define KESS_RSA_MAX_SIZE (KESS_RSA_MAX_BITS / 8) /* bytes of a signature */

/* ------------------------------------------------------------ keys */

/* The integers of a key in the order of RFC 8017, A.1.2: big-endian, without
 * leading zeros. A public key has the first two. */
enum {
    KESS_RSA_N,
    KESS_RSA_E,
    KESS_RSA_D,
    KESS_RSA_P,
    KESS_RSA_Q,
    KESS_RSA_DP,
    KESS_RSA_DQ,
    KESS_RSA_QINV,
    KESS_RSA_PARTS
};

typedef struct kess_rsa_parts {
    int is_private;
    kess_slice part[KESS_RSA_PARTS];
} kess_rsa_parts;

/* Make, warm and test a key of integers that kess_int_key_judge accepted.
 * Returns KESS_ERR_KEY_INCONSISTENT where the parts disagree. */
kess_status kess_int_key_make(kess_key **key, const kess_rsa_parts *parts,
                              uint32_t policy, kess_error *err);

/* For eight signatures at a time, or NULL where OpenSSL has all of them. */
const kess_public8 *kess_int_key_eight(const kess_key *key);
/* OpenSSL says otherwise: from now on it has all of them. */
void kess_int_key_distrust(const kess_key *key);

/* The DER SubjectPublicKeyInfo, as long as the key lives. */
kess_slice kess_int_key_spki(const kess_key *key);

/* ------------------------------------------------------------ decryption */

/* A password-based scheme (RFC 8018, 6.2), checked by pbes2.c. */
typedef struct kess_pbes2 {
    const char *prf; /* PBKDF2: name of the digest; NULL: scrypt */
    kess_slice salt;
    uint64_t cost;   /* iterations, or N */
    uint64_t r;
    uint64_t p;
    const char *cipher; /* OpenSSL's name */
    size_t key_len;
    kess_slice iv;
    kess_slice encrypted;
} kess_pbes2;

#define KESS_PBES2_KEY_MAX 32
#define KESS_SCRYPT_MEMORY 33554432u /* bytes; what OpenSSL allows itself */

/* Decrypt into the first *plain_len bytes of plain, which the caller must
 * free. Returns KESS_ERR_KEY_PASSWORD where the padding is wrong. */
kess_status kess_int_decrypt(kess_secret *plain, size_t *plain_len,
                             const kess_pbes2 *scheme, kess_slice password);

/* ------------------------------------------------------------ signatures */

/* Sign the concatenation of count slices. Writes kess_key_size(key) bytes,
 * and only on success. */
kess_status kess_int_sign(const kess_key *key, uint8_t *signature,
                          const kess_slice *slices, size_t count);

#define KESS_SHA256_SIZE 32

/* The digest of a text that is to be verified later. */
kess_status kess_int_digest(const kess_key *key, uint8_t *digest,
                            kess_slice text);
/* Verify kess_key_size(key) bytes of signature for a digest; the result is that
 * of kess_int_verify. */
kess_status kess_int_verify_digest(const kess_key *key,
                                   const uint8_t *signature, uint8_t *digest);
/* KESS_OK, KESS_ERR_SIGNATURE, or a status below 200 (could not check). */
kess_status kess_int_verify(const kess_key *key, const uint8_t *signature,
                            size_t signature_len, const kess_slice *slices,
                            size_t count);

#endif

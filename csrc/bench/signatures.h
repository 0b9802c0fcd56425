/*
 * signatures.h: sign and verify beside libcrypto, and on many threads.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KESS_SIGNATURES_H
#define KESS_SIGNATURES_H

#include <openssl/evp.h>

#include "documents.h"
#include "measure.h"

#define SIGNATURE_SIZE_MAX 512

/* A key as kess knows it, and a message with its signature. */
typedef struct signing {
    kess_key *key;
    EVP_PKEY *pkey;
    const uint8_t *message;
    size_t message_len;
    uint8_t signature[SIGNATURE_SIZE_MAX];
    size_t signature_len;
} signing;

/* A new key of so many bits; the message must live as long. */
void signing_open(signing *s, unsigned bits, const document *message);
void signing_close(signing *s);

void bench_signatures(report *r, unsigned bits, int has_goals);
void bench_threads(report *r);

/* Verify a request so many times with one RSA-2048 key. */
void verify_often(size_t count);

#endif

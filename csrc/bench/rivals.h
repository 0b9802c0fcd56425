/*
 * rivals.h: what kess is measured against.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KESS_RIVALS_H
#define KESS_RIVALS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <openssl/evp.h>

/* ------------------------------------------------------------ libcrypto */

#define RSA_SIZE_MAX 512

/* The RSA operation alone, without padding, on a context that is used again
 * and again: what no signature can be faster than. */
typedef struct raw_rsa {
    EVP_PKEY_CTX *private_ctx;
    EVP_PKEY_CTX *public_ctx;
    uint8_t block[RSA_SIZE_MAX];
    uint8_t power[RSA_SIZE_MAX];
    uint8_t back[RSA_SIZE_MAX];
    size_t size;
} raw_rsa;

void raw_rsa_open(raw_rsa *raw, EVP_PKEY *pkey);
void raw_rsa_close(raw_rsa *raw);
void raw_private(void *raw);
void raw_public(void *raw);

/* ------------------------------------------------------------ yyjson */

/* NULL, or the version of yyjson that was compiled in. */
const char *yyjson_of_bench(void);

typedef struct text_pair {
    const uint8_t *text;
    size_t text_len;
    uint8_t *out;
    size_t out_len; /* room for every result */
} text_pair;

/* Read the text and write it again, as PHP would escape it. */
void yyjson_read_and_write(void *pair);
void yyjson_only_read(void *pair);

/* ------------------------------------------------------------ PHP */

/* A PHP that waits for orders. */
typedef struct php {
    FILE *orders;
    FILE *answers;
    char version[32];
    size_t canonical_len;
} php;

/* Give it the text; 0 where there is no PHP. canonical (room for 6 text_len +
 * 64 bytes) becomes what PHP makes of it. */
int php_open(php *with, const uint8_t *text, size_t text_len,
             uint8_t *canonical);
double php_time(void *with, size_t calls);
void php_close(php *with);

#endif

/*
 * kernel.h: libcrypto in the place of the eight operations at a time, and a
 * liar on demand. So their users can be tested on any machine.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * To be included first, before sources that use them.
 */
#ifndef KESS_KERNEL_H
#define KESS_KERNEL_H

#include <string.h>

#include <openssl/bn.h>

#include "check.h"

#define KESS_PUBLIC8_PLAIN
#include "public8.h"

static int kernel_is_able = 1;
static int kernel_prepares = 1;
static unsigned kernel_calls;
static size_t kernel_lies_at;       /* only for this size, or 0: for all */
static size_t kernel_lies_count;    /* and for this count, or 0: for all */
static unsigned kernel_wrong_flags; /* these are turned over */
static long kernel_wrong_byte = -1; /* this one of all blocks is changed */
static unsigned kernel_blanks;      /* the blocks of these lanes are zero */
/* Asked before the answer, with the blocks to be written. */
static void (*kernel_hook)(uint8_t *out, size_t size, size_t count);

int kess_int_public8_able(void)
{
    return kernel_is_able;
}

int kess_int_public8_prepare(kess_public8 *key, const uint8_t *modulus,
                             size_t size)
{
    if ((size != 256 && size != 384 && size != 512) || modulus[0] < 0x80) {
        return 0;
    }
    CHECK(modulus[size - 1] % 2 == 1);
    key->size = size;
    memcpy(key->n, modulus, size);
    return kernel_prepares;
}

static inline unsigned kernel_answer(const kess_public8 *key, uint8_t *out,
                                     const uint8_t *const signature[],
                                     size_t count)
{
    const int size = (int)key->size;
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *n = BN_bin2bn((const uint8_t *)key->n, size, NULL);
    BIGNUM *exponent = BN_new();
    BIGNUM *value = BN_new();
    unsigned flags = 0;

    CHECK(ctx != NULL && n != NULL && exponent != NULL && value != NULL);
    CHECK(BN_set_word(exponent, 65537) && count >= 1 && count <= 8);
    for (size_t i = 0; i < count; i++, out += size) {
        CHECK(BN_bin2bn(signature[i], size, value) != NULL);
        memset(out, 0, key->size);
        if (BN_cmp(value, n) < 0) {
            flags |= 1u << i;
            CHECK(BN_mod_exp(value, value, exponent, n, ctx));
            CHECK(BN_bn2binpad(value, out, size) == size);
        }
    }
    BN_free(value);
    BN_free(exponent);
    BN_free(n);
    BN_CTX_free(ctx);
    return flags;
}

unsigned kess_int_public8_recover(const kess_public8 *key, uint8_t *out,
                                  const uint8_t *const signature[],
                                  size_t count)
{
    const size_t size = key->size;
    unsigned flags = kernel_answer(key, out, signature, count);

    kernel_calls++;
    if (kernel_hook != NULL) {
        kernel_hook(out, size, count);
    }
    if ((kernel_lies_at == 0 || kernel_lies_at == size) &&
        (kernel_lies_count == 0 || kernel_lies_count == count)) {
        flags ^= kernel_wrong_flags;
        if (kernel_wrong_byte >= 0 && kernel_wrong_byte < (long)(count * size)) {
            out[kernel_wrong_byte] ^= 0x10;
        }
        for (size_t i = 0; i < count; i++) {
            if ((kernel_blanks >> i & 1) != 0) {
                memset(out + i * size, 0, size);
            }
        }
    }
    return flags;
}

static inline void kernel_answers_right(void)
{
    kernel_lies_at = kernel_lies_count = 0;
    kernel_wrong_flags = kernel_blanks = 0;
    kernel_wrong_byte = -1;
    kernel_hook = NULL;
}

#endif

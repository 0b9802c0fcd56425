/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Any modulus and any signatures: eight public operations at a time with AVX-512
 * IFMA, where the processor can, are those of libcrypto.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>

#include "public8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
    if (!holds)
        abort();
}

/* The input, from which zeros come once it is used up. */
typedef struct feed {
    const uint8_t *at;
    size_t left;
} feed;

static uint8_t next(feed *f)
{
    if (f->left == 0)
        return 0;
    f->left--;
    return *f->at++;
}

/* A number of some kind; more of them need few bytes of the input. */
static void make(uint8_t *out, size_t size, feed *f, const uint8_t *n,
                 const uint8_t *before)
{
    const unsigned kind = next(f) % 8;
    size_t at;

    memset(out, kind == 1 || kind == 7 ? 0xff : 0, size);
    if (kind == 2) { /* 2^k */
        at = next(f) | (size_t)next(f) << 8;
        out[at % size] = (uint8_t)(1u << at / size % 8);
    } else if (kind == 3) { /* near the modulus */
        memcpy(out, n, size);
        out[size - 1] = (uint8_t)(out[size - 1] + next(f) % 3 - 1);
    } else if (kind == 4) { /* near the one before */
        memcpy(out, before, size);
        at = next(f) | (size_t)next(f) << 8;
        out[at % size] ^= next(f);
    } else if (kind == 5) { /* a pattern */
        const size_t period = 1 + next(f) % 16;
        for (at = 0; at < size; at++)
            out[at] = at < period ? next(f) : out[at - period];
    } else if (kind == 6) { /* whatever the input has */
        for (at = 0; at < size; at++)
            out[at] = next(f);
    } else if (kind == 7) { /* 2^k - 1 */
        at = (next(f) | (size_t)next(f) << 8) % size;
        memset(out, 0, at);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t sizes[] = {256, 384, 512};
    static uint8_t given[9][512], expected[8 * 512], out[8 * 512];
    static kess_public8 key;
    const uint8_t *signature[8];
    feed f = {data, size};
    const size_t len = sizes[next(&f) % 3];
    const size_t count = 1 + next(&f) % 8;
    unsigned flags = 0;
    BN_CTX *ctx;
    BIGNUM *n, *e, *value;

    if (!kess_int_public8_able())
        return 0;
    ctx = BN_CTX_new();
    e = BN_new();
    value = BN_new();
    make(given[8], len, &f, given[8], given[8]);
    given[8][0] |= 0x80;
    given[8][len - 1] |= 1;
    n = BN_bin2bn(given[8], (int)len, NULL);
    check(ctx && n && e && value && BN_set_word(e, 65537));
    for (size_t i = 0; i < count; i++) {
        make(given[i], len, &f, given[8], given[i > 0 ? i - 1 : 8]);
        signature[i] = given[i];
    }
    memset(expected, 0, sizeof expected);
    for (size_t i = 0; i < count; i++) {
        check(BN_bin2bn(given[i], (int)len, value) != NULL);
        if (BN_cmp(value, n) < 0) {
            flags |= 1u << i;
            check(BN_mod_exp(value, value, e, n, ctx) &&
                  BN_bn2binpad(value, expected + i * len, (int)len) ==
                      (int)len);
        }
    }
    check(kess_int_public8_prepare(&key, given[8], len));
    check(kess_int_public8_recover(&key, out, signature, count) == flags);
    check(memcmp(out, expected, count * len) == 0);
    BN_free(value);
    BN_free(e);
    BN_free(n);
    BN_CTX_free(ctx);
    return 0;
}

/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Any modulus and any signatures: eight public operations at a time, in plain C
 * and where the processor can with AVX-512 IFMA, are those of libcrypto.
 */
#include <stdlib.h>

#include <openssl/bn.h>

/* The copy in plain C has names of its own, beside those of the library. */
#define KESS_PUBLIC8_PLAIN
#define kess_int_public8_able plain_able
#define kess_int_public8_prepare plain_prepare
#define kess_int_public8_recover plain_recover
#include "../src/public8.c"
#undef kess_int_public8_able
#undef kess_int_public8_prepare
#undef kess_int_public8_recover

#if defined(KESS_MULTIBUFFER) && defined(__x86_64__) && \
    defined(__GNUC__) && !defined(_WIN32)
int kess_int_public8_able(void);
int kess_int_public8_prepare(kess_public8 *key, const uint8_t *modulus,
                             size_t size);
unsigned kess_int_public8_recover(const kess_public8 *key, uint8_t *out,
                                  const uint8_t *const signature[],
                                  size_t count);
#define HAVE_LIBRARY
#endif

/* Where both can be asked, plain C has every eighth input: it is slow. */
static int has_library(void)
{
#if defined(HAVE_LIBRARY)
    return kess_int_public8_able();
#else
    return 0;
#endif
}

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
    const unsigned wanted = next(&f);
    const size_t count = 1 + wanted % 8;
    unsigned flags = 0;
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *n, *e = BN_new(), *value = BN_new();

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
    if (!has_library() || wanted / 32 == 7) {
        check(plain_prepare(&key, given[8], len));
        check(plain_recover(&key, out, signature, count) == flags);
        check(memcmp(out, expected, count * len) == 0);
    }
#if defined(HAVE_LIBRARY)
    if (has_library()) {
        check(kess_int_public8_prepare(&key, given[8], len));
        check(kess_int_public8_recover(&key, out, signature, count) == flags);
        check(memcmp(out, expected, count * len) == 0);
    }
#endif
    BN_free(value);
    BN_free(e);
    BN_free(n);
    BN_CTX_free(ctx);
    return 0;
}

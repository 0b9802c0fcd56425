/*
 * wide.h: 64 x 64 -> 128 bit products, with and without a compiler's help.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KESS_WIDE_H
#define KESS_WIDE_H

#include <stdint.h>

#if defined(__SIZEOF_INT128__) && !defined(KESS_NO_INT128)

__extension__ typedef unsigned __int128 kess_uint128;

static inline uint64_t kess_int_multiply(uint64_t a, uint64_t b,
                                         uint64_t *high)
{
    const kess_uint128 product = (kess_uint128)a * b;
    *high = (uint64_t)(product >> 64);
    return (uint64_t)product;
}

#else

static inline uint64_t kess_int_multiply(uint64_t a, uint64_t b,
                                         uint64_t *high)
{
    const uint64_t a0 = a & 0xffffffffu;
    const uint64_t a1 = a >> 32;
    const uint64_t b0 = b & 0xffffffffu;
    const uint64_t b1 = b >> 32;
    const uint64_t p00 = a0 * b0;
    const uint64_t p01 = a0 * b1;
    const uint64_t p10 = a1 * b0;
    const uint64_t middle =
        (p00 >> 32) + (p01 & 0xffffffffu) + (p10 & 0xffffffffu);
    *high = a1 * b1 + (p01 >> 32) + (p10 >> 32) + (middle >> 32);
    return (middle << 32) | (p00 & 0xffffffffu);
}

#endif

/* Leading zero bits of a value that is not zero. */
static inline int kess_int_leading_zeros(uint64_t value)
{
    int zeros = 0;
    for (int step = 32; step > 0; step >>= 1) {
        if (value >> (64 - step) == 0) {
            zeros += step;
            value <<= step;
        }
    }
    return zeros;
}

#endif

/*
 * exact.c: the first hundred digits of a double, exactly rounded.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A double is an integer below 2^1024 or has at most 1074 bits behind the
 * point, so all of its digits can be had with little arithmetic and no
 * division of long numbers: those before the point are remainders of a
 * division by 10^9, those behind it what a multiplication by 10^9 moves before
 * it. The time is bounded: no double takes more than about 1,700 steps.
 */
#include "internal.h"

#define CHUNK UINT32_C(1000000000)
#define CHUNK_DIGITS 9
#define INTEGER_LIMBS 32 /* 2^1024 */
#define INTEGER_CHUNKS 35
#define FRACTION_LIMBS 34 /* 2^-1074 */

/* Digits as they come, highest first. One more is kept than is wanted; of
 * those behind it matters whether one is not zero. */
typedef struct run {
    uint8_t digits[KESS_HUNDRED + 1];
    int count;    /* from the first digit that is not zero on */
    int exponent; /* of the first digit */
    int next;     /* exponent of the next digit */
    int rest;
} run;

static void add_chunk(run *r, uint32_t chunk)
{
    uint8_t digits[CHUNK_DIGITS];
    for (int i = CHUNK_DIGITS - 1; i >= 0; i--) {
        digits[i] = (uint8_t)(chunk % 10);
        chunk /= 10;
    }
    for (int i = 0; i < CHUNK_DIGITS; i++, r->next--) {
        if (r->count > KESS_HUNDRED) {
            r->rest |= digits[i];
        } else if (r->count > 0 || digits[i] > 0) {
            r->digits[r->count++] = digits[i];
        }
        if (r->count == 1) {
            r->exponent = r->next;
        }
    }
}

/* ------------------------------------------------------------ integers */

/* The digits of c x 2^q, for q from 0 to 971. */
static void add_integer(run *r, uint64_t c, int q)
{
    uint32_t limbs[INTEGER_LIMBS] = {0}; /* the lowest first */
    uint32_t chunks[INTEGER_CHUNKS];
    int count = q / 32;
    int chunk_count = 0;
    limbs[count++] = (uint32_t)(c << (q % 32));
    for (c >>= 32 - q % 32; c > 0; c >>= 32) {
        limbs[count++] = (uint32_t)c;
    }
    while (count > 0) {
        uint64_t left = 0;
        for (int i = count - 1; i >= 0; i--) {
            left = left << 32 | limbs[i];
            limbs[i] = (uint32_t)(left / CHUNK);
            left %= CHUNK;
        }
        chunks[chunk_count++] = (uint32_t)left;
        count -= limbs[count - 1] == 0;
    }
    r->next = chunk_count * CHUNK_DIGITS - 1;
    while (chunk_count > 0) {
        add_chunk(r, chunks[--chunk_count]);
    }
}

/* ------------------------------------------------------------ fractions */

/* The digits of c / 2^bits, which is below 1, for bits from 1 to 1074: as many
 * as are kept. */
static void add_fraction(run *r, uint64_t c, int bits)
{
    uint32_t limbs[FRACTION_LIMBS] = {0}; /* the highest first */
    int first = (bits - 1) / 32;          /* the others before it are zero */
    int count = first + 1;
    const int shift = (32 - bits % 32) % 32;
    limbs[first] = (uint32_t)(c << shift);
    for (c >>= 32 - shift; c > 0; c >>= 32) {
        limbs[--first] = (uint32_t)c;
    }
    r->next = -1;
    while (count > first && r->count <= KESS_HUNDRED) {
        uint64_t carry = 0;
        for (int i = count - 1; i >= first; i--) {
            carry += (uint64_t)limbs[i] * CHUNK;
            limbs[i] = (uint32_t)carry;
            carry >>= 32;
        }
        if (first > 0 && carry > 0) {
            limbs[--first] = (uint32_t)carry;
            carry = 0;
        }
        add_chunk(r, (uint32_t)carry);
        while (count > first && limbs[count - 1] == 0) {
            count--;
        }
    }
    r->rest |= count > first;
}

/* ------------------------------------------------------------ rounding */

/* Cut the digit behind the hundredth off: to the nearest, ties to even. */
static void round_run(run *r)
{
    const int last = r->digits[KESS_HUNDRED];
    const int odd = r->digits[KESS_HUNDRED - 1] & 1;
    r->count = KESS_HUNDRED;
    if (last < 5 || (last == 5 && !r->rest && !odd)) {
        return;
    }
    /* What becomes ten is dropped, as zeros are. A hundred nines do not occur:
     * the double below a power of ten has 20 of them at most (all are tried in
     * test_exact.c). */
    while (r->digits[r->count - 1] == 9) {
        r->count--;
    }
    r->digits[r->count - 1]++;
}

int kess_int_exact_digits(uint8_t *digits, int *exponent, uint64_t c, int q)
{
    run r = {{0}, 0, 0, 0, 0};
    if (q >= 0) {
        add_integer(&r, c, q);
    } else if (q > -64) {
        if (c >> -q > 0) {
            add_integer(&r, c >> -q, 0);
        }
        add_fraction(&r, c & ((UINT64_C(1) << -q) - 1), -q);
    } else {
        add_fraction(&r, c, -q);
    }
    if (r.count > KESS_HUNDRED) {
        round_run(&r);
    }
    while (r.digits[r.count - 1] == 0) {
        r.count--;
    }
    for (int i = 0; i < r.count; i++) {
        digits[i] = (uint8_t)('0' + r.digits[i]);
    }
    *exponent = r.exponent;
    return r.count;
}

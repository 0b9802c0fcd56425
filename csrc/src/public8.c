/*
 * public8.c: eight RSA public operations at a time, with AVX-512 IFMA.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Numbers have limbs of 52 bits, the lowest first. A vector has one limb of
 * eight numbers, each in a lane of its own. All lanes share the modulus n.
 *
 * Products are Montgomery's: a b / R mod n, where R = 2^(52 limbs) > 4 n. With
 * factors below 2 n the result (a b + m n) / R, where m < R, is below
 * (4 n / R + 1) n < 2 n. So one subtraction at the very end is enough.
 *
 * Products go through their columns in tiles of 4 x 4 limbs, a diagonal of tiles
 * at a time (Buhrow, Gilbert, Haider 2021). The sums, low and high halves apart,
 * stay in registers: FOR unrolls. Fewer than 2^9 terms of 52 bits overflow none.
 */
#include <string.h>

#include "public8.h"

#if defined(KESS_HAVE_PUBLIC8)

#define LIMB_BITS 52
#define LIMB_MASK ((UINT64_C(1) << LIMB_BITS) - 1)

/* ------------------------------------------------------------ vectors */

#if !defined(KESS_PUBLIC8_PLAIN)
#include <immintrin.h>

#define KERNEL __attribute__((target("avx512f,avx512ifma")))
#define PART KERNEL __attribute__((always_inline)) static inline
#define CAN(feature) (__builtin_cpu_supports(feature) != 0)

typedef __m512i vec;

PART vec zero(void) { return _mm512_setzero_si512(); }
PART vec all(uint64_t word) { return _mm512_set1_epi64((long long)word); }
PART vec plus(vec a, vec b) { return _mm512_add_epi64(a, b); }
PART vec twice(vec a) { return _mm512_slli_epi64(a, 1); }
PART vec rest(vec a) { return _mm512_and_si512(a, all(LIMB_MASK)); }
PART vec carry(vec a) { return _mm512_srli_epi64(a, LIMB_BITS); }
/* A sum with the low or the high half of a product: of the factors the lowest
 * 52 bits count. */
PART vec low(vec s, vec a, vec b) { return _mm512_madd52lo_epu64(s, a, b); }
PART vec high(vec s, vec a, vec b) { return _mm512_madd52hi_epu64(s, a, b); }

#else
#include "wide.h"

#define KERNEL
#define PART static inline
#define CAN(feature) 1
#define EACH(v, word) \
    for (size_t i = 0; i < 8; i++) { (v).lane[i] = (word); } return v

typedef struct vec { uint64_t lane[KESS_PUBLIC8_LANES]; } vec;

PART uint64_t top(uint64_t a, uint64_t b)
{
    uint64_t word;
    (void)kess_int_multiply(a << (64 - LIMB_BITS), b & LIMB_MASK, &word);
    return word;
}

PART vec all(uint64_t word) { vec c; EACH(c, word); }
PART vec zero(void) { return all(0); }
PART vec plus(vec a, vec b) { EACH(a, a.lane[i] + b.lane[i]); }
PART vec twice(vec a) { EACH(a, a.lane[i] << 1); }
PART vec rest(vec a) { EACH(a, a.lane[i] & LIMB_MASK); }
PART vec carry(vec a) { EACH(a, a.lane[i] >> LIMB_BITS); }
#define SUM(half) EACH(s, s.lane[i] + (half))
PART vec low(vec s, vec a, vec b) { SUM(a.lane[i] * b.lane[i] & LIMB_MASK); }
PART vec high(vec s, vec a, vec b) { SUM(top(a.lane[i], b.lane[i])); }
#endif

int kess_int_public8_able(void)
{
    return CAN("avx512f") && CAN("avx512ifma");
}

/* ------------------------------------------------------------ products */

#define FOR(i, from, to) \
    _Pragma("GCC unroll 8") for (size_t i = (from); i < (to); i++)

/* The columns of a diagonal: high[k] belongs to column k + 1. */
typedef struct sums { vec low[7], high[7]; } sums;

PART void add_product(sums *s, size_t column, vec a, vec b)
{
    s->low[column] = low(s->low[column], a, b);
    s->high[column] = high(s->high[column], a, b);
}

PART void add_tile(sums *s, const vec *a, const vec *b)
{
    FOR(i, 0, 4) FOR(j, 0, 4) add_product(s, i + j, a[i], b[j]);
}

/* Four limbs of n, the same in all lanes. */
#define MODULUS(n, limbs) \
    const vec n[] = {all((limbs)[0]), all((limbs)[1]), \
                     all((limbs)[2]), all((limbs)[3])}

/* The end of a square's diagonal: what stands beside the middle was added once
 * and counts twice. Only every second diagonal has limbs in the middle. */
PART void add_middle(sums *s, const vec *a, int is_there)
{
    if (is_there) {
        FOR(i, 0, 3) FOR(j, i + 1, 4) add_product(s, i + j, a[i], a[j]);
    }
    FOR(k, 0, 7) {
        s->low[k] = twice(s->low[k]);
        s->high[k] = twice(s->high[k]);
    }
    if (is_there) {
        FOR(i, 0, 4) add_product(s, 2 * i, a[i], a[i]);
    }
}

/* Settle the first four columns, and move the others to where the next diagonal
 * has them. Either the columns are written, or, with a modulus, limbs are
 * whose products with it make them zero. */
PART void finish(sums *s, vec *due, vec *out, const vec *n, vec minus_inverse)
{
    vec sum = s->low[0];
    FOR(k, 0, 4) {
        if (k > 0) {
            sum = plus(plus(s->low[k], s->high[k - 1]), carry(sum));
        }
        if (n == NULL) {
            out[k] = rest(sum);
        } else {
            out[k] = low(zero(), sum, minus_inverse);
            s->low[k] = sum;
            FOR(j, 0, 4) add_product(s, k + j, out[k], n[j]);
            sum = s->low[k];
        }
    }
    due[0] = plus(plus(s->low[4], s->high[3]), carry(sum));
    due[1] = plus(s->low[5], s->high[4]);
    due[2] = plus(s->low[6], s->high[5]);
    due[3] = s->high[6];
}

/* a = a b / R mod n; b may be a. m has room for as many limbs. */
KERNEL static void multiply(const kess_public8 *key, vec *a, const vec *b,
                            vec *m)
{
    const size_t tiles = key->limbs / 4;
    const vec minus_inverse = all(key->minus_inverse);
    vec due[4] = {zero(), zero(), zero(), zero()};
    for (size_t i = 0; i < 2 * tiles; i++) {
        const size_t first = i < tiles ? 0 : i - tiles + 1;
        sums s;
        FOR(k, 0, 7) s.low[k] = s.high[k] = zero();
        if (a == b) {
            for (size_t j = first; j < i - j; j++) {
                add_tile(&s, a + 4 * j, a + 4 * (i - j));
            }
            add_middle(&s, a + 2 * i, i % 2 == 0);
        } else {
            for (size_t j = first; j + first <= i; j++) {
                add_tile(&s, a + 4 * j, b + 4 * (i - j));
            }
        }
        FOR(k, 0, 4) s.low[k] = plus(s.low[k], due[k]);
        for (size_t j = first; j < (i < tiles ? i : tiles); j++) {
            MODULUS(n, key->n + 4 * (i - j));
            add_tile(&s, m + 4 * j, n);
        }
        if (i < tiles) {
            MODULUS(n, key->n);
            finish(&s, due, m + 4 * i, n, minus_inverse);
        } else {
            /* Limbs of a that no later diagonal reads. */
            finish(&s, due, a + 4 * (i - tiles), NULL, minus_inverse);
        }
    }
}

/* a mod n, for a < 2 n. Returns 1 where a was below n. */
static int reduce(uint64_t *a, const uint64_t *n, size_t limbs)
{
    uint64_t borrow = 0;
    size_t top = limbs - 1;
    while (top > 0 && a[top] == n[top]) {
        top--;
    }
    if (a[top] < n[top]) {
        return 1;
    }
    for (size_t i = 0; i < limbs; i++) {
        const uint64_t less = a[i] - n[i] - borrow;
        a[i] = less & LIMB_MASK;
        borrow = less >> 63;
    }
    return 0;
}

static void read_bytes(uint64_t *limbs, size_t count, const uint8_t *bytes,
                       size_t size)
{
    uint64_t words[KESS_PUBLIC8_SIZE / 8 + 2] = {0};
    for (size_t i = 0; i < size / 8; i++) {
        FOR(k, 1, 9) {
            words[i] |= (uint64_t)bytes[size - 8 * i - k] << 8 * (k - 1);
        }
    }
    for (size_t i = 0; i < count; i++) {
        const uint64_t *word = words + LIMB_BITS * i / 64;
        const unsigned bit = LIMB_BITS * i % 64; /* no shift is by 64 */
        limbs[i] = (word[0] >> bit | word[1] << (63 - bit) << 1) & LIMB_MASK;
    }
}

static void write_bytes(uint8_t *bytes, size_t size, const uint64_t *limbs)
{
    for (size_t i = 0; i < size / 8; i++) {
        const uint64_t *limb = limbs + 64 * i / LIMB_BITS;
        const unsigned bit = 64 * i % LIMB_BITS;
        const uint64_t word = limb[0] >> bit | limb[1] << (LIMB_BITS - bit) |
                              limb[2] << (LIMB_BITS - 1 - bit) << 53;
        FOR(k, 1, 9) {
            bytes[size - 8 * i - k] = (uint8_t)(word >> 8 * (k - 1));
        }
    }
}

/* At least the 16 highest bits of a number whose highest limb this is. */
#define HEAD(limb) ((limb)[0] << 12 | (limb)[-1] >> (LIMB_BITS - 12))

/* ------------------------------------------------------------ operations */

KERNEL int kess_int_public8_prepare(kess_public8 *key, const uint8_t *modulus,
                                    size_t size)
{
    vec power[KESS_PUBLIC8_LIMBS], m[KESS_PUBLIC8_LIMBS];
    if ((size != 256 && size != 384 && size != 512) || modulus[0] < 0x80 ||
        modulus[size - 1] % 2 == 0) {
        return 0;
    }
    const size_t limbs = (8 * size + 2 + 207) / 208 * 4; /* whole tiles */
    const size_t bits = LIMB_BITS * limbs;
    *key = (kess_public8){size, limbs, 0, {0}, {0}};
    read_bytes(key->n, limbs, modulus, size);
    /* Newton's steps double the bits that are right; n itself has three. */
    uint64_t inverse = key->n[0];
    for (int right = 3; right < LIMB_BITS; right *= 2) {
        inverse *= 2 - key->n[0] * inverse;
    }
    key->minus_inverse = (0 - inverse) & LIMB_MASK;
    /* From a power of 2 below n to 2^x R mod n, ten bits at a time. */
    size_t x = bits / 8;
    const size_t end = (8 * size - 1) / LIMB_BITS;
    key->r2[end] = UINT64_C(1) << (8 * size - 1) % LIMB_BITS;
    for (size_t i = 8 * size - 1, by; i < bits + x; i += by) {
        by = bits + x - i < 10 ? bits + x - i : 10;
        const uint64_t times = /* that n goes into it, or at most two less */
            (HEAD(key->r2 + end) << by) / (HEAD(key->n + end) + 1);
        int64_t sum = 0;
        for (size_t k = 0; k < limbs; k++, sum >>= LIMB_BITS) {
            sum += (int64_t)(key->r2[k] << by) - (int64_t)(times * key->n[k]);
            key->r2[k] = (uint64_t)sum & LIMB_MASK;
        }
        reduce(key->r2, key->n, limbs);
        reduce(key->r2, key->n, limbs);
    }
    for (size_t i = 0; i < limbs; i++) {
        power[i] = all(key->r2[i]);
    }
    /* A Montgomery square makes 2^(2 x) R of it. R^2 is 2^bits R. */
    for (; x < bits; x *= 2) {
        multiply(key, power, power, m);
    }
    for (size_t i = 0; i < limbs; i++) {
        memcpy(&key->r2[i], &power[i], sizeof key->r2[i]);
    }
    reduce(key->r2, key->n, limbs);
    return 1;
}

KERNEL unsigned kess_int_public8_recover(const kess_public8 *key, uint8_t *out,
                                         const uint8_t *const signature[],
                                         size_t count)
{
    uint64_t lanes[KESS_PUBLIC8_LIMBS][KESS_PUBLIC8_LANES] = {{0}};
    uint64_t one[KESS_PUBLIC8_LIMBS + 2] = {0};
    vec base[KESS_PUBLIC8_LIMBS], power[KESS_PUBLIC8_LIMBS];
    vec m[KESS_PUBLIC8_LIMBS];
    unsigned below = 0;
    for (size_t lane = 0; lane < count; lane++) {
        read_bytes(one, key->limbs, signature[lane], key->size);
        for (size_t i = 0; i < key->limbs; i++) {
            lanes[i][lane] = one[i];
        }
        below |= (unsigned)reduce(one, key->n, key->limbs) << lane;
    }
    memcpy(base, lanes, sizeof base);
    for (size_t i = 0; i < key->limbs; i++) {
        power[i] = all(key->r2[i]);
    }
    multiply(key, power, base, m);
    for (int i = 0; i < 16; i++) {
        multiply(key, power, power, m);
    }
    multiply(key, power, base, m); /* out of Montgomery's form */
    memcpy(lanes, power, key->limbs * sizeof *power);
    for (size_t lane = 0; lane < count; lane++) {
        for (size_t i = 0; i < key->limbs; i++) {
            one[i] = (below >> lane & 1) != 0 ? lanes[i][lane] : 0;
        }
        reduce(one, key->n, key->limbs);
        write_bytes(out + lane * key->size, key->size, one);
    }
    return below;
}

#endif

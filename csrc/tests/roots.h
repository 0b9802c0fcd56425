/*
 * roots.h: keys whose private operation is cheap, for signatures of any number.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The modulus is a product of primes of 32 bits, which protects nothing, and
 * has 65537th roots of all numbers as any other RSA modulus has.
 */
#ifndef KESS_ROOTS_H
#define KESS_ROOTS_H

#include <stdint.h>

#include <openssl/bn.h>

#include "check.h"
#include "dice.h"

#define ROOT_PRIMES 160
#define ROOT_EXPONENT 65537u

typedef struct roots {
    size_t count;
    uint64_t prime[ROOT_PRIMES];
    uint64_t inverse[ROOT_PRIMES]; /* of 65537, modulo the prime less one */
    BIGNUM *part[ROOT_PRIMES];     /* 1 modulo the prime, 0 modulo the others */
    BIGNUM *n;
} roots;

static inline uint64_t power_of(uint64_t base, uint64_t exponent, uint64_t m)
{
    uint64_t result = 1;
    for (; exponent > 0; exponent >>= 1) {
        if ((exponent & 1) != 0) {
            result = result * base % m;
        }
        base = base * base % m;
    }
    return result;
}

/* The inverse modulo m, which need not be a prime; 0 where there is none. */
static inline uint64_t inverse_of(uint64_t a, uint64_t m)
{
    int64_t old = (int64_t)m, now = (int64_t)(a % m), x = 0, y = 1;
    while (now > 1) {
        const int64_t q = old / now, next = old - q * now, z = x - q * y;
        old = now;
        now = next;
        x = y;
        y = z;
    }
    return now == 1 ? (uint64_t)(y < 0 ? y + (int64_t)m : y) : 0;
}

/* A prime below 2^32 to which 65537 has a root for each number. */
static inline int is_suitable(uint64_t p)
{
    if (p % 2 == 0 || (p - 1) % ROOT_EXPONENT == 0) {
        return 0;
    }
    for (uint64_t d = 3; d * d <= p; d += 2) {
        if (p % d == 0) {
            return 0;
        }
    }
    return 1;
}

static inline uint64_t new_prime(const roots *r, dice *d, uint64_t from,
                                 uint64_t to)
{
    for (;;) {
        const uint64_t p = from + roll(d) % (to - from);
        int is_new = is_suitable(p);
        for (size_t i = 0; i < r->count && is_new; i++) {
            is_new = r->prime[i] != p;
        }
        if (is_new) {
            return p;
        }
    }
}

static inline void roots_add(roots *r, dice *d, uint64_t from, uint64_t to)
{
    const uint64_t p = new_prime(r, d, from, to);
    CHECK(r->count < ROOT_PRIMES);
    r->prime[r->count++] = p;
    CHECK(BN_mul_word(r->n, p));
}

/* A modulus of exactly this many bits. */
static inline void roots_make(roots *r, dice *d, int bits)
{
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *rest = BN_new();

    CHECK(ctx != NULL && rest != NULL);
    r->n = BN_new();
    r->count = 0;
    CHECK(r->n != NULL && BN_one(r->n));
    while (bits - BN_num_bits(r->n) > 40) {
        roots_add(r, d, UINT64_C(1) << 30, UINT32_MAX);
    }
    if (bits - BN_num_bits(r->n) > 30) {
        roots_add(r, d, UINT64_C(1) << 19, UINT64_C(1) << 20);
    }
    /* The last one makes up for the bits that are missing. */
    BN_zero(rest);
    CHECK(BN_set_bit(rest, bits - 1) && BN_div(rest, NULL, rest, r->n, ctx));
    roots_add(r, d, BN_get_word(rest) + 1, 2 * BN_get_word(rest));
    CHECK(BN_num_bits(r->n) == bits);
    for (size_t i = 0; i < r->count; i++) {
        const uint64_t p = r->prime[i];
        r->inverse[i] = inverse_of(ROOT_EXPONENT, p - 1);
        r->part[i] = BN_dup(r->n);
        CHECK(r->inverse[i] != 0 && r->part[i] != NULL);
        CHECK(BN_div_word(r->part[i], p) == 0);
        const uint64_t others = BN_mod_word(r->part[i], p);
        CHECK(BN_mul_word(r->part[i], power_of(others, p - 2, p)));
    }
    BN_free(rest);
    BN_CTX_free(ctx);
}

static inline void roots_free(roots *r)
{
    for (size_t i = 0; i < r->count; i++) {
        BN_free(r->part[i]);
    }
    BN_free(r->n);
}

/* The signature of a number: root^65537 mod n is the number. */
static inline void root_of(BIGNUM *root, const roots *r, const BIGNUM *number,
                           BN_CTX *ctx)
{
    BIGNUM *term = BN_new();

    CHECK(term != NULL);
    BN_zero(root);
    for (size_t i = 0; i < r->count; i++) {
        const uint64_t p = r->prime[i];
        const uint64_t own =
            power_of(BN_mod_word(number, p), r->inverse[i], p);
        CHECK(BN_copy(term, r->part[i]) != NULL && BN_mul_word(term, own) &&
              BN_add(root, root, term));
    }
    CHECK(BN_nnmod(root, root, r->n, ctx));
    BN_free(term);
}

#endif

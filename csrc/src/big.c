/*
 * big.c: compare a long decimal number with a binary one, exactly.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "internal.h"

/*
 * No boundary between two doubles has more than 767 significant digits (SLOW
 * arithmetic is bounded by this): further digits only matter in that they are
 * not all zero, and are replaced by a single 1.
 *
 * Both sides of a comparison are near each other and near a double, so each
 * is below 770 digits x 2^110, which is less than 2,700 bits.
 */
#define DIGITS_MAX 768
#define LIMBS_MAX 96

typedef struct big {
    uint32_t limb[LIMBS_MAX]; /* the lowest first */
    int count;
} big;

static void big_multiply_add(big *b, uint32_t factor, uint32_t addend)
{
    uint64_t carry = addend;
    for (int i = 0; i < b->count; i++) {
        carry += (uint64_t)b->limb[i] * factor;
        b->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry != 0 && b->count < LIMBS_MAX) {
        b->limb[b->count++] = (uint32_t)carry;
    }
}

static void big_multiply_pow5(big *b, int64_t exponent)
{
    for (; exponent >= 13; exponent -= 13) {
        big_multiply_add(b, 1220703125u, 0);
    }
    for (; exponent > 0; exponent--) {
        big_multiply_add(b, 5, 0);
    }
}

static void big_shift(big *b, int64_t bits)
{
    const int limbs = (int)(bits / 32);
    if (b->count == 0 || b->count + limbs >= LIMBS_MAX) {
        return;
    }
    for (int i = b->count - 1; i >= 0; i--) {
        b->limb[i + limbs] = b->limb[i];
    }
    for (int i = 0; i < limbs; i++) {
        b->limb[i] = 0;
    }
    b->count += limbs;
    big_multiply_add(b, UINT32_C(1) << (bits % 32), 0);
}

static int big_compare(const big *a, const big *b)
{
    if (a->count != b->count) {
        return a->count < b->count ? -1 : 1;
    }
    for (int i = a->count - 1; i >= 0; i--) {
        if (a->limb[i] != b->limb[i]) {
            return a->limb[i] < b->limb[i] ? -1 : 1;
        }
    }
    return 0;
}

static void big_from_uint64(big *b, uint64_t value)
{
    b->count = 0;
    for (; value != 0; value >>= 32) {
        b->limb[b->count++] = (uint32_t)value;
    }
}

/* Returns by which power of ten the digits read were cut short. */
static int64_t big_from_digits(big *b, const uint8_t *digits, size_t span)
{
    int64_t cut = 0;
    int taken = 0;
    int more = 0;
    b->count = 0;
    for (size_t i = 0; i < span; i++) {
        if (digits[i] == '.') {
            continue;
        }
        const uint32_t digit = (uint32_t)(digits[i] - '0');
        if (taken < DIGITS_MAX) {
            big_multiply_add(b, 10, digit);
            taken++;
        } else {
            more |= digit != 0;
            cut++;
        }
    }
    if (more) {
        big_multiply_add(b, 10, 1);
        cut--;
    }
    return cut;
}

int kess_int_compare_big(const uint8_t *digits, size_t span,
                         int64_t exponent10, uint64_t m, int exponent2)
{
    big left;
    big right;
    const int64_t exponent = exponent10 + big_from_digits(&left, digits, span);
    big_from_uint64(&right, m);
    if (exponent >= 0) {
        big_multiply_pow5(&left, exponent);
    } else {
        big_multiply_pow5(&right, -exponent);
    }
    const int64_t shift = exponent - exponent2;
    if (shift >= 0) {
        big_shift(&left, shift);
    } else {
        big_shift(&right, -shift);
    }
    return big_compare(&left, &right);
}

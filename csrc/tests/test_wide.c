/*
 * test_wide.c: products of 128 bits, with and without the compiler's help.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "dice.h"
#include "wide.h"

/* The twin that the header hides where the compiler has 128 bits. */
#undef KESS_WIDE_H
#undef KESS_NO_INT128
#define KESS_NO_INT128
#define kess_int_multiply plain_multiply
#define kess_int_leading_zeros plain_leading_zeros
#include "wide.h"
#undef kess_int_multiply
#undef kess_int_leading_zeros

/* A third way: 16 bits at a time, with the carries in an array. */
static uint64_t school_multiply(uint64_t a, uint64_t b, uint64_t *high)
{
    uint64_t place[9] = {0};

    for (int i = 0; i < 4; i++) {
        for (int k = 0; k < 4; k++) {
            const uint64_t product =
                (a >> 16 * i & 0xffff) * (b >> 16 * k & 0xffff);
            place[i + k] += product & 0xffff;
            place[i + k + 1] += product >> 16;
        }
    }
    for (int i = 0; i < 8; i++) {
        place[i + 1] += place[i] >> 16;
        place[i] &= 0xffff;
    }
    *high = place[7] << 48 | place[6] << 32 | place[5] << 16 | place[4];
    return place[3] << 48 | place[2] << 32 | place[1] << 16 | place[0];
}

static void check_product(uint64_t a, uint64_t b)
{
    uint64_t high, plain_high, school_high;
    const uint64_t low = kess_int_multiply(a, b, &high);

    CHECK(low == a * b);
    CHECK(low == plain_multiply(a, b, &plain_high));
    CHECK(low == school_multiply(a, b, &school_high));
    CHECK(high == plain_high);
    CHECK(high == school_high);
}

/* The twins agree wherever a carry may be lost, and on a million others. */
static void test_multiply(void)
{
    uint64_t edges[3 * 64];
    dice d = {1};

    for (int i = 0; i < 64; i++) {
        edges[3 * i] = UINT64_C(1) << i;
        edges[3 * i + 1] = (UINT64_C(1) << i) - 1;
        edges[3 * i + 2] = ~(UINT64_C(1) << i);
    }
    for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
        for (size_t k = 0; k < sizeof(edges) / sizeof(edges[0]); k++) {
            check_product(edges[i], edges[k]);
        }
    }
    for (int i = rounds_of(1000000); i > 0; i--) {
        const uint64_t a = roll(&d) >> roll_of(&d, 64);
        check_product(a, roll(&d) >> roll_of(&d, 64));
    }
}

/* The number of zeros above the top bit. */
static void test_leading_zeros(void)
{
    dice d = {2};

    for (int i = 0; i < 64; i++) {
        const uint64_t top = UINT64_C(1) << 63 >> i;
        CHECK_EQUAL(i, kess_int_leading_zeros(top));
        CHECK_EQUAL(i, kess_int_leading_zeros(top | (top - 1)));
        CHECK_EQUAL(i, kess_int_leading_zeros(top | (roll(&d) & (top - 1))));
        CHECK_EQUAL(i, plain_leading_zeros(top));
    }
}

int main(void)
{
    test_multiply();
    test_leading_zeros();
    return 0;
}

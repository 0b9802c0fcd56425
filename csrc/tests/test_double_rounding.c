/*
 * test_double_rounding.c: which way the bits behind a mantissa round it, case
 * by case. Some cases need a product that no decimal of 19 digits gives.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "../src/double.c"

#include "check.h"

#define HALF (UINT64_C(1) << 63)

typedef struct rule {
    uint64_t mantissa;
    uint64_t high; /* the tail */
    uint64_t low;
    uint64_t rest; /* of the product, behind the tail */
    int exact;
    rounding way;
} rule;

static const rule rules[] = {
    /* above and below the middle */
    {2, HALF, 1, 0, 1, ROUND_UP},
    {2, HALF + 1, 0, 0, 0, ROUND_UP},
    {3, HALF - 1, UINT64_MAX, 0, 1, ROUND_DOWN},
    {3, 0, 0, 0, 0, ROUND_DOWN},
    /* the middle: to even, if it is the middle */
    {2, HALF, 0, 0, 1, ROUND_DOWN},
    {3, HALF, 0, 0, 1, ROUND_UP},
    {2, HALF, 0, 1, 1, ROUND_UP},
    {2, HALF, 0, 0, 0, ROUND_UNSURE},
    {3, HALF, 0, 0, 0, ROUND_UNSURE},
    /* so close below that what was cut may reach it */
    {2, HALF - 1, UINT64_MAX, 0, 0, ROUND_UNSURE},
    {2, HALF - 1, UINT64_MAX - (UINT64_C(2) << 54) + 1, 0, 0, ROUND_UNSURE},
    {2, HALF - 1, UINT64_MAX - (UINT64_C(2) << 54), 0, 0, ROUND_DOWN},
};

int main(void)
{
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        const rule *r = &rules[i];
        const split s = {r->mantissa, 0, r->high, r->low, 54};
        const product p = {0, 0, r->rest, 0};
        CHECK_EQUAL(r->way, round_tail(&s, &p, r->exact));
    }
    return 0;
}

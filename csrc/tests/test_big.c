/*
 * test_big.c: exact comparison of a decimal with m x 2^e.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <math.h>

#include "check.h"
#include "decimal.h"
#include "dice.h"
#include "internal.h"

#define PAIRS 5000
#define TEXT_MAX 3000

static int compare(const char *digits, int exponent10, uint64_t m,
                   int exponent2)
{
    return kess_int_compare_big((const uint8_t *)digits, strlen(digits),
                                exponent10, m, exponent2);
}

/* The same digits with a point somewhere inside, which does not count. */
static void check_point(dice *d, const decimal *exact, int exponent10,
                        uint64_t m, int exponent2)
{
    char text[TEXT_MAX];
    const int place = (int)roll_of(d, (unsigned)exact->count);

    snprintf(text, sizeof(text), "%.*s.%s", place, exact->digits,
             exact->digits + place);
    CHECK_EQUAL(0, compare(text, exponent10, m, exponent2));
}

/* Digits behind the last one make it larger, however far behind, unless they
 * are zeros. */
static void check_tail(const decimal *exact, int exponent10, uint64_t m,
                       int exponent2, int zeros)
{
    char text[TEXT_MAX];
    const int len =
        snprintf(text, sizeof(text), "%s%0*d", exact->digits, zeros + 1, 0);

    CHECK_EQUAL(0, compare(text, exponent10 - zeros - 1, m, exponent2));
    text[len - 1] = '1';
    CHECK_EQUAL(1, compare(text, exponent10 - zeros - 1, m, exponent2));
}

/* The digits of a value are equal to it, one unit in the last place more or
 * less is not. */
static void check_pair(dice *d, uint64_t m, int exponent2)
{
    decimal exact, other;

    decimal_of(&exact, ldexp((double)m, exponent2), DECIMAL_MAX);
    const int exponent10 = exact.exponent - exact.count + 1;
    CHECK_EQUAL(0, compare(exact.digits, exponent10, m, exponent2));
    check_point(d, &exact, exponent10, m, exponent2);
    check_tail(&exact, exponent10, m, exponent2, (int)roll_of(d, 20));
    check_tail(&exact, exponent10, m, exponent2, 800);

    other = exact;
    decimal_step(&other, other.count);
    CHECK_EQUAL(1, compare(other.digits, other.exponent - other.count + 1, m,
                           exponent2));
    other = exact;
    other.digits[other.count - 1]--;
    CHECK_EQUAL(-1, compare(other.digits, exponent10, m, exponent2));
}

/* Values over the whole range of a double, where all callers stay. */
static void test_pairs(void)
{
    dice d = {8};

    for (int i = rounds_of(PAIRS); i > 0; i--) {
        const uint64_t m = 1 + (roll(&d) >> (11 + roll_of(&d, 53)));
        int exponent2 = (int)roll_of(&d, 2046) - 1074;
        /* ldexp stays exact: no subnormal is cut, none overflows. */
        while (ldexp((double)m, exponent2) > 1e300) {
            exponent2 -= 60;
        }
        check_pair(&d, m, exponent2);
    }
    check_pair(&d, 1, -1074);
    check_pair(&d, (UINT64_C(1) << 53) - 1, -1074);
    check_pair(&d, (UINT64_C(1) << 53) - 1, 971);
}

/* Numbers of very different sizes, and zero. */
static void test_far_apart(void)
{
    CHECK_EQUAL(1, compare("1", 40, 1, 0));
    CHECK_EQUAL(-1, compare("1", 0, 1, 700));
    CHECK_EQUAL(0, compare("0", 0, 0, 0));
    CHECK_EQUAL(1, compare("1", 0, 0, 40));
    CHECK_EQUAL(-1, compare("0", 0, 1, 0));
}

/* No caller goes beyond the range of a double. If one did, the answer would
 * mean nothing, but no memory beside the numbers is written: the sanitizers
 * and valgrind look on. */
static void test_beyond_range(void)
{
    static const int exponents[] = {-6000, -2000, 2000, 6000};
    const size_t all = sizeof(exponents) / sizeof(exponents[0]);

    for (size_t i = 0; i < all; i++) {
        for (size_t k = 0; k < all; k++) {
            const int order =
                compare("123", exponents[i], UINT64_MAX, exponents[k]);
            CHECK(order >= -1 && order <= 1);
        }
    }
}

int main(void)
{
    test_pairs();
    test_far_apart();
    test_beyond_range();
    return 0;
}

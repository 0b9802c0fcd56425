/*
 * test_exact.c: the first hundred digits of a double, judged by the printf of
 * the C library, which has all of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <math.h>

#include "check.h"
#include "decimal.h"
#include "dice.h"
#include "doubles.h"
#include "internal.h"

#define ROUNDS 10000 /* of random doubles, unless the command line says more */

static void check_double(uint64_t bits)
{
    static decimal expected, ours;
    uint8_t digits[KESS_HUNDRED];

    decimal_of(&expected, double_of(bits), KESS_HUNDRED);
    ours.count = kess_int_hundred(digits, &ours.exponent, bits);
    CHECK(ours.count >= 1 && ours.count <= KESS_HUNDRED);
    memcpy(ours.digits, digits, (size_t)ours.count);
    ours.digits[ours.count] = '\0';
    if (!decimal_equal(&expected, &ours)) {
        fprintf(stderr, "%.17g: expected %s, found %s\n", double_of(bits),
                expected.digits, ours.digits);
    }
    CHECK(decimal_equal(&expected, &ours));
}

/* Every power of two, subnormal ones too, and its neighbours: every number of
 * digits before and behind the point occurs. */
static void test_powers_of_two(void)
{
    for (int exponent = -1074; exponent < 1024; exponent += (int)step_of(7)) {
        const uint64_t bits = bits_of(ldexp(1, exponent));
        check_double(bits);
        check_double(bits + 1);
        check_double(bits > 1 ? bits - 1 : bits);
    }
    check_double(LARGEST);
}

/* The doubles next to a power of ten: nines and zeros. What lies right below
 * one never begins with more than 20 nines, as exact.c relies on. */
static void test_powers_of_ten(void)
{
    static decimal below;

    for (int exponent = -323; exponent <= 308; exponent += (int)step_of(7)) {
        char text[16];
        snprintf(text, sizeof(text), "1e%d", exponent);
        const uint64_t bits = bits_of(strtod(text, NULL));
        for (uint64_t near = bits - 1; near <= bits + 1; near++) {
            if (near == 0) {
                continue;
            }
            check_double(near);
            decimal_of(&below, double_of(near), DECIMAL_MAX);
            CHECK(strspn(below.digits, "9") <= 20);
        }
    }
}

/* c x 2^q with 101 digits, the last of which is a 5: the tie goes to the even
 * digit. Only fractions tie: a whole number of so many digits is a multiple of
 * a high power of two, which nothing that ends in 5, 50, 500 is. */
static void test_ties(void)
{
    static decimal all;
    dice d = {21};
    unsigned up = 0, down = 0;
    const unsigned enough = (unsigned)rounds_of(200);

    for (int i = 0; i < 400000 && (up < enough || down < enough); i++) {
        const int q = -100 - (int)roll_of(&d, 120);
        const uint64_t c = 1 + roll(&d) % (UINT64_C(1) << 52) / 2 * 2;
        const uint64_t bits = bits_of(ldexp((double)c, q));
        decimal_of(&all, double_of(bits), DECIMAL_MAX);
        if (all.count != KESS_HUNDRED + 1) {
            continue;
        }
        CHECK(all.digits[KESS_HUNDRED] == '5');
        check_double(bits);
        if ((all.digits[KESS_HUNDRED - 1] & 1) != 0) {
            up++;
        } else {
            down++;
        }
    }
    CHECK(up >= enough && down >= enough);
}

int main(int argc, char **argv)
{
    test_powers_of_two();
    test_powers_of_ten();
    test_ties();
    check_random_doubles(22, argc > 1 ? strtol(argv[1], NULL, 10) : rounds_of(ROUNDS),
                         check_double);
    return 0;
}

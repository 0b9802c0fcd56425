/*
 * test_double.c: decimal digits to doubles and back, judged by the strtod and
 * the printf of the C library.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <locale.h>
#include <math.h>

#include "check.h"
#include "decimal.h"
#include "dice.h"
#include "doubles.h"
#include "internal.h"

#define ROUNDS 1000 /* of random doubles, unless the command line says more   \
                     */
#define TEXTS_A_ROUND 20
#define TEXT_MAX (DECIMAL_MAX + 64)

static void show(const char *what, uint64_t bits)
{
    fprintf(stderr, "%s of %.17g\n", what, double_of(bits));
}

/* ------------------------------------------------------------ reading */

static uint64_t read_bits(const char *text)
{
    kess_number number;

    kess_int_split(&number, (const uint8_t *)text,
                   (const uint8_t *)text + strlen(text));
    return kess_int_double_bits(&number);
}

static void check_read(const char *text)
{
    const uint64_t expected = bits_of(strtod(text, NULL));
    const uint64_t actual = read_bits(text);

    if (expected != actual) {
        fprintf(stderr, "%s\n", text);
        show("expected, the bits", expected);
        show("found, the bits", actual);
    }
    CHECK(expected == actual);
}

/* Digits, one place below them and one above, and with the point inside. */
static void check_read_near(const decimal *d)
{
    char text[TEXT_MAX];
    decimal near = *d;

    decimal_write(d, text, sizeof(text));
    check_read(text);
    snprintf(text, sizeof(text), "%se%d", d->digits, d->exponent);
    check_read(text); /* another number */
    snprintf(text, sizeof(text), "%c.%se%d", d->digits[0], d->digits + 1,
             d->exponent);
    check_read(text);
    snprintf(text, sizeof(text), "%c.%s0000000000000000001e%d", d->digits[0],
             d->digits + 1, d->exponent);
    check_read(text);
    near.digits[near.count - 1]--; /* the last digit is not 0 */
    snprintf(text, sizeof(text), "%c.%s9999999999999999999e%d", near.digits[0],
             near.digits + 1, near.exponent);
    check_read(text);
}

/* A finite double above 0 reads back from its exact digits, and what lies near
 * the middle to the next one goes the right way. */
static void check_reading(uint64_t bits)
{
    decimal d;

    decimal_of(&d, double_of(bits), DECIMAL_MAX);
    check_read_near(&d);
    decimal_of(&d, double_of(bits), 17);
    check_read_near(&d);
    decimal_of(&d, double_of(bits), 19);
    check_read_near(&d);
    decimal_middle(&d, double_of(bits));
    check_read_near(&d);
    decimal_cut(&d, 19);
    check_read_near(&d);
    decimal_step(&d, 19);
    check_read_near(&d);
}

/* ------------------------------------------------------------ writing */

static void decimal_ours(decimal *d, kess_decimal ours)
{
    snprintf(d->digits, sizeof(d->digits), "%llu",
             (unsigned long long)ours.digits);
    d->count = (int)strlen(d->digits);
    d->exponent = ours.exponent;
    CHECK_EQUAL(d->count, ours.count);
    CHECK(d->digits[d->count - 1] != '0');
}

static void check_precise(uint64_t bits)
{
    decimal expected, actual;

    decimal_of(&expected, double_of(bits), 17);
    decimal_ours(&actual, kess_int_precise(bits));
    if (!decimal_equal(&expected, &actual)) {
        show("17 digits", bits);
    }
    CHECK(decimal_equal(&expected, &actual));
}

/* The two decimals of count digits around a double: below it (or it) and
 * above. Whether they read back as the double. */
static void around(uint64_t bits, int count, decimal *below, decimal *above,
                   int *below_reads, int *above_reads)
{
    decimal_of(below, double_of(bits), DECIMAL_MAX);
    decimal_cut(below, count);
    *above = *below;
    decimal_step(above, count);
    *below_reads = bits_of(decimal_value(below)) == bits;
    *above_reads = bits_of(decimal_value(above)) == bits;
}

/* Our digits read back; no decimal of one digit less does; of those of the
 * same length that do, ours is the nearest. */
static void check_shortest(uint64_t bits)
{
    decimal ours, nearest, below, above;
    int below_reads, above_reads;

    decimal_ours(&ours, kess_int_shortest(bits));
    if (ours.count > 1) {
        around(bits, ours.count - 1, &below, &above, &below_reads,
               &above_reads);
        if (below_reads || above_reads) {
            show("shorter digits", bits);
        }
        CHECK(!below_reads && !above_reads);
    }
    around(bits, ours.count, &below, &above, &below_reads, &above_reads);
    decimal_of(&nearest, double_of(bits), ours.count);
    if (below_reads && above_reads) {
        CHECK(decimal_equal(&ours, &nearest));
    } else {
        if (!below_reads && !above_reads) {
            show("no digits", bits);
        }
        CHECK(below_reads || above_reads);
        CHECK(decimal_equal(&ours, below_reads ? &below : &above));
    }
}

static void check_double(uint64_t bits)
{
    check_reading(bits);
    check_shortest(bits);
    check_precise(bits);
}

/* ------------------------------------------------------------ tests */

static void check_near(uint64_t bits)
{
    for (uint64_t near = bits - 1; near <= bits + 1; near++) {
        if (near > 0 && near < LARGEST) {
            check_double(near);
        }
    }
}

/* Every power of two, subnormal ones too, and its neighbours: the gap to the
 * next double changes there. */
static void test_powers_of_two(void)
{
    for (int exponent = -1074; exponent < 1024; exponent += (int)step_of(7)) {
        check_near(bits_of(ldexp(1, exponent)));
    }
}

static void test_powers_of_ten(void)
{
    for (int exponent = -323; exponent <= 308; exponent += (int)step_of(7)) {
        char text[16];
        snprintf(text, sizeof(text), "1e%d", exponent);
        check_near(bits_of(strtod(text, NULL)));
    }
}

/* Texts of any number of digits, over and beyond the range of a double. */
static void test_random_texts(long rounds)
{
    dice d = {4};
    char text[TEXT_MAX];

    for (long i = 0; i < rounds * TEXTS_A_ROUND; i++) {
        const unsigned count = 1 + roll_of(&d, i % 8 == 0 ? 700 : 24);
        const unsigned point = roll_of(&d, 30);
        size_t len = 0;
        for (unsigned k = 0; k < count; k++) {
            if (k == point && k > 0) {
                text[len++] = '.';
            }
            /* Many zeros and nines: carries, and cut-off tails. */
            const unsigned way = roll_of(&d, 4);
            text[len++] = (char)(way == 0   ? '0'
                                 : way == 1 ? '9'
                                            : '0' + roll_of(&d, 10));
        }
        snprintf(text + len, sizeof(text) - len, "e%d",
                 (int)roll_of(&d, 700) - 360);
        check_read(text);
    }
}

/* The ends of the range, and a long way beyond them. */
static void test_limits(void)
{
    static const char *const texts[] = {
        "0",
        "0.0",
        "0e9999999999999999999999",
        "00000",
        "1e-400",
        "1e400",
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "1.7976931348623158079e308",
        "1.797693134862315807e308",
        "1.7976931348623159e308",
        "17976931348623157e292",
        "2e308",
        "1e309",
        "4.9406564584124654e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "2.47032822920623272e-324",
        "2.4703282292062327208e-324",
        "2.4703282292062327209e-324",
        "2.2250738585072014e-308",
        "2.2250738585072011e-308",
        "2.225073858507201136e-308",
        "0.1e-323",
        "9e-325",
        "1e-323",
        "1e99999999999999999999999999",
        "1e-99999999999999999999999999",
        "9007199254740993",
        "9007199254740992.9999999999999999999999",
        "9007199254740993.00000000000000000000000000000000000000000001",
        "18446744073709551615",
        "18446744073709551616",
        "184467440737095516150",
        "18446744073709552000",
        "99999999999999999999e-20",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        check_read(texts[i]);
    }
    check_shortest(LARGEST);
    check_precise(LARGEST);
}

/* Zeros by the million in front, in the middle and behind cost nothing but
 * the time to step over them. */
static void test_long_texts(void)
{
    static char text[60000];
    static const size_t counts[] = {100, 767, 768, 769, 770, 5000, 19000};

    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        const size_t count = counts[i];
        size_t len = 0;

        text[len++] = '1';
        memset(text + len, '0', count);
        len += count;
        snprintf(text + len, sizeof(text) - len, "e-%u", (unsigned)count);
        check_read(text);
        snprintf(text + len, sizeof(text) - len, "1e-%u", (unsigned)count + 1);
        check_read(text);

        memcpy(text, "0.", 2);
        memset(text + 2, '0', count);
        snprintf(text + 2 + count, sizeof(text) - count - 2, "5e%u",
                 (unsigned)count);
        check_read(text);

        /* A middle, then zeros, then a digit that breaks the tie. */
        len = (size_t)snprintf(text, sizeof(text), "9007199254740993.");
        memset(text + len, '0', count);
        text[len + count] = '\0';
        check_read(text);
        text[len + count] = '1';
        text[len + count + 1] = '\0';
        check_read(text);
        len = (size_t)snprintf(text, sizeof(text), "9007199254740992.");
        memset(text + len, '9', count);
        text[len + count] = '\0';
        check_read(text);
    }
}

/* The sign is applied to the value, zero included. */
static void test_sign(void)
{
    static const char *const texts[] = {"0", "0.0", "1.5", "1e400", "5e-324"};
    kess_number number;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const uint8_t *text = (const uint8_t *)texts[i];
        const double value = strtod(texts[i], NULL);

        kess_int_split(&number, text, text + strlen(texts[i]));
        CHECK_EQUAL(0, number.negative);
        CHECK(bits_of(value) == bits_of(kess_int_to_double(&number)));
        number.negative = 1;
        CHECK(bits_of(-value) == bits_of(kess_int_to_double(&number)));
    }
}

/* ------------------------------------------------------------ locale */

static const char *use_decimal_comma(void)
{
    static const char *const names[] = {
        "de_DE.UTF-8", "de_DE.utf8",  "de_DE",       "fr_FR.UTF-8",
        "fr_FR.utf8",  "fr_FR",       "pt_BR.UTF-8", "nl_NL.UTF-8",
        "es_ES.UTF-8", "ru_RU.UTF-8",
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (setlocale(LC_ALL, names[i]) != NULL &&
            strcmp(localeconv()->decimal_point, ",") == 0) {
            return names[i];
        }
    }
    return NULL;
}

#define SAMPLES 2000

typedef struct sample {
    char text[40];
    uint64_t bits;
    kess_decimal shortest;
    kess_decimal precise;
} sample;

static int is_same(kess_decimal a, kess_decimal b)
{
    return a.digits == b.digits && a.count == b.count &&
           a.exponent == b.exponent;
}

/* What is read and written is the same where the decimal point is a comma. */
static void test_locale(void)
{
    static sample samples[SAMPLES];
    dice d = {5};

    for (int i = 0; i < SAMPLES; i++) {
        sample *s = &samples[i];
        s->bits = 1 + roll(&d) % LARGEST;
        snprintf(s->text, sizeof(s->text), "%.*e", 16 + (int)roll_of(&d, 10),
                 double_of(s->bits));
        CHECK(strchr(s->text, '.') != NULL);
        s->shortest = kess_int_shortest(s->bits);
        s->precise = kess_int_precise(s->bits);
    }
    if (use_decimal_comma() == NULL) {
        puts("test_locale skipped: no locale with a decimal comma");
        return;
    }
    for (int i = 0; i < SAMPLES; i++) {
        const sample *s = &samples[i];
        CHECK(strtod(s->text, NULL) != double_of(s->bits));
        CHECK(read_bits(s->text) == s->bits);
        CHECK(is_same(s->shortest, kess_int_shortest(s->bits)));
        CHECK(is_same(s->precise, kess_int_precise(s->bits)));
    }
    CHECK(setlocale(LC_ALL, "C") != NULL);
}

/* The number of random rounds may be given. */
int main(int argc, char **argv)
{
    const long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : rounds_of(ROUNDS);

    test_powers_of_two();
    test_powers_of_ten();
    check_random_doubles(3, rounds, check_double);
    test_random_texts(rounds);
    test_limits();
    test_long_texts();
    test_sign();
    test_locale();
    return 0;
}

/*
 * test_number.c: number tokens to canonical texts. The C library's strtoll and
 * strtod judge what a token stands for; the layout is PHP's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <math.h>

#include "check.h"
#include "decimal.h"
#include "dice.h"
#include "guard.h"
#include "internal.h"

#define RANDOM_TOKENS 200000

static guard input;
static guard output;

/* ------------------------------------------------------------ judges */

/* Whether a token without point and exponent fits, and its canonical text. */
static int judge_integer(char *out, size_t room, const char *token)
{
    char *end;

    errno = 0;
    const long long value = strtoll(token, &end, 10);
    if (*end != '\0' || errno == ERANGE) {
        return 0;
    }
    snprintf(out, room, "%lld", value);
    return 1;
}

/* PHP's layout: positional from 10^-4 up to 10^highest, else d.de+N. */
static void lay_out(char *out, size_t room, const decimal *d, int highest)
{
    const char *digits = d->digits;
    char zeros[KESS_HUNDRED + 1];

    memset(zeros, '0', KESS_HUNDRED);
    zeros[KESS_HUNDRED] = '\0';
    if (d->exponent < -4 || d->exponent > highest) {
        snprintf(out, room, "%c.%se%c%d", digits[0],
                 d->count > 1 ? digits + 1 : "0", d->exponent < 0 ? '-' : '+',
                 abs(d->exponent));
    } else if (d->exponent < 0) {
        snprintf(out, room, "0.%.*s%s", -d->exponent - 1, zeros, digits);
    } else if (d->exponent + 1 >= d->count) {
        snprintf(out, room, "%s%.*s", digits, d->exponent + 1 - d->count,
                 zeros);
    } else {
        snprintf(out, room, "%.*s.%s", d->exponent + 1, digits,
                 digits + d->exponent + 1);
    }
}

/* The C library rounds to 17 and to 100 digits exactly. */
static void judge_digits(decimal *d, double magnitude, uint32_t profile)
{
    if ((profile & KESS_PROFILE_PRECISION_100) != 0) {
        decimal_of(d, magnitude, 100);
    } else if ((profile & KESS_PROFILE_PRECISION_17) != 0) {
        decimal_of(d, magnitude, 17);
    } else {
        const kess_decimal ours = kess_int_shortest(bits_of(magnitude));
        d->count = snprintf(d->digits, sizeof(d->digits), "%llu",
                            (unsigned long long)ours.digits);
        d->exponent = ours.exponent;
    }
}

/* "" for an infinite number. */
static void judge(char *out, size_t room, const char *token, uint32_t profile)
{
    if (judge_integer(out, room, token)) {
        return;
    }
    const double value = strtod(token, NULL);
    const double magnitude = fabs(value);
    const int negative = token[0] == '-';

    out[0] = '-';
    if (isinf(value)) {
        out[0] = '\0';
        return;
    }
    if (magnitude == 0) {
        snprintf(out + negative, room - 1, "0");
    } else {
        static decimal d;
        judge_digits(&d, magnitude, profile);
        lay_out(out + negative, room - 1, &d,
                (profile & KESS_PROFILE_PRECISION_100) != 0 ? 99 : 16);
    }
    /* PHP looks for the point in what was written. */
    if ((profile & KESS_PROFILE_PRESERVE_ZERO_FRACTION) != 0 &&
        strchr(out, '.') == NULL) {
        strcat(out, ".0");
    }
}

/* ------------------------------------------------------------ tests */

static void check_under(const char *token, uint32_t profile)
{
    const size_t len = strlen(token);
    const uint8_t *in = guard_copy(&input, AT_END, token, len);
    uint8_t *out =
        guard_fill(&output, AT_END, kess_int_number_max(profile));
    char expected[DECIMAL_MAX + 2 * KESS_HUNDRED];

    judge(expected, sizeof(expected), token, profile);
    const size_t written =
        kess_int_write_number(out, in, in + len, profile);
    if (written != strlen(expected) || memcmp(out, expected, written) != 0) {
        fprintf(stderr, "%s: expected %s, found %.*s\n", token, expected,
                (int)written, (const char *)out);
    }
    CHECK_EQUAL(strlen(expected), written);
    CHECK(memcmp(out, expected, written) == 0);
}

static void check_token(const char *token)
{
    static const uint32_t precisions[] = {0, KESS_PROFILE_PRECISION_17,
                                          KESS_PROFILE_PRECISION_100};

    for (size_t i = 0; i < 3; i++) {
        check_under(token, precisions[i]);
        check_under(token,
                    precisions[i] | KESS_PROFILE_PRESERVE_ZERO_FRACTION);
    }
}

/* A few digits of every layout, and the ends of the integers. */
static void test_tokens(void)
{
    static const char *const tokens[] = {
        "0",
        "-0",
        "0.0",
        "-0.0",
        "-0e0",
        "0e5",
        "-1e-400",
        "1e-400",
        "1",
        "-1",
        "10",
        "1.0",
        "1e0",
        "1E2",
        "1e+2",
        "1e-2",
        "0.5",
        "0.50",
        "-0.25",
        "0.0001",
        "0.00009999",
        "1e-4",
        "1e-5",
        "12345e-9",
        "1e15",
        "1e16",
        "1e17",
        "123456789e8",
        "123456789e9",
        "1.5e16",
        "1.5e17",
        "99999999999999984.0",
        "99999999999999999.0",
        "1e22",
        "1e23",
        "1e99",
        "9e99",
        "-9e99",
        "1e100",
        "-1e100",
        "-4.9e-324",
        "-0.00012345678901234567",
        "1e-99",
        "1e-100",
        "5e-324",
        "1e308",
        "-1e308",
        "1e309",
        "-1e309",
        "1e99999999999999999999",
        "1e-99999999999999999999",
        "999999999999999999",
        "1000000000000000000",
        "9223372036854775806",
        "9223372036854775807",
        "9223372036854775808",
        "9223372036854775809",
        "-9223372036854775807",
        "-9223372036854775808",
        "-9223372036854775809",
        "9223372036854775807.0",
        "9999999999999999999",
        "10000000000000000000",
        "18446744073709551616",
        "123456789012345",
        "123456789012345.6",
        "1234567890123456.0",
        "0.1",
        "0.3",
        "0.7",
        "3e-4",
        "7e-4",
        "19.99",
        "100000.00",
        "123456789012345000000000000000000000000000000000000000000000000000",
        "0.000000000000000000000000000000000000000000000000000000000000001",
        "1000000000000000000000000000000e-30",
        "1.000000000000000000000000000",
    };

    for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
        check_token(tokens[i]);
    }
}

static size_t add_digits(char *out, dice *d, unsigned count)
{
    const unsigned zeros = roll_of(d, 3) == 0 ? roll_of(d, count + 1) : 0;

    for (unsigned i = 0; i < count; i++) {
        out[i] = (char)('0' + (i < count - zeros ? roll_of(d, 10) : 0));
    }
    return count;
}

/* Tokens of the JSON grammar with up to 25 digits before and behind the point:
 * those with up to 15 need no conversion, the others do. */
static void test_random_tokens(void)
{
    dice d = {6};
    char token[100];

    for (int i = 0, rounds = rounds_of(RANDOM_TOKENS); i < rounds; i++) {
        const unsigned longest = i % 2 == 0 ? 8 : 25;
        size_t len = 0;
        if (roll_of(&d, 4) == 0) {
            token[len++] = '-';
        }
        if (roll_of(&d, 4) == 0) {
            token[len++] = '0';
        } else {
            token[len++] = (char)('1' + roll_of(&d, 9));
            len += add_digits(token + len, &d, roll_of(&d, longest));
        }
        if (roll_of(&d, 2) == 0) {
            token[len++] = '.';
            len += add_digits(token + len, &d, 1 + roll_of(&d, longest));
        }
        token[len] = '\0';
        if (roll_of(&d, 3) == 0) {
            const int range = i % 5 == 0 ? 700 : 50;
            snprintf(token + len, sizeof(token) - len, "%c%+d",
                     i % 2 == 0 ? 'e' : 'E',
                     (int)roll_of(&d, (unsigned)range) - range / 2);
        }
        if (i % 4 == 0) {
            check_token(token);
        } else {
            check_under(token, i % 4 == 1 ? KESS_PROFILE_PRECISION_17 : 0);
        }
    }
}

/* 64 bits, with and without a sign, on either side of the limits. */
static void test_is_int64(void)
{
    dice d = {7};
    char text[32];
    char expected[32];

    text[0] = '-';
    for (int i = 0, rounds = rounds_of(100000); i < rounds; i++) {
        const unsigned count = 1 + roll_of(&d, 22);
        const int near = i % 2;
        text[1] = (char)('1' + roll_of(&d, 9));
        add_digits(text + 2, &d, count - 1);
        text[1 + count] = '\0';
        if (near) {
            snprintf(text + 1, sizeof(text) - 1, "9223372036854775%03u",
                     800 + roll_of(&d, 16));
        }
        const uint8_t *digits = (const uint8_t *)text + 1;
        const size_t len = strlen(text + 1);
        CHECK_EQUAL(judge_integer(expected, sizeof(expected), text + 1),
                    kess_int_is_int64(digits, len, 0));
        CHECK_EQUAL(judge_integer(expected, sizeof(expected), text),
                    kess_int_is_int64(digits, len, 1));
    }
    CHECK_EQUAL(1, kess_int_is_int64((const uint8_t *)"0", 1, 0));
}

/* The forms of PHP's numeric strings, which JSON does not know; what follows
 * the number is not read. */
static void test_split(void)
{
    static const struct {
        const char *text;
        size_t len; /* of the number */
    } rows[] = {
        {"1.", 2},       {".5", 2},      {"1.e3", 4},    {".5E-3", 5},
        {"007", 3},      {"00.50", 5},   {"0", 1},       {"12.5 ", 4},
        {"1e5e5", 3},    {"1.5.5", 3},   {"1e+05x", 5},  {"000", 3},
        {"5000000.", 8}, {"0.00012", 7}, {"1e19999", 7}, {"10e-19999", 9},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[32];
        kess_number number;
        const uint8_t *in =
            guard_copy(&input, AT_END, rows[i].text, strlen(rows[i].text));

        snprintf(text, sizeof(text), "%.*s", (int)rows[i].len, rows[i].text);
        kess_int_split(&number, in, in + strlen(rows[i].text));
        CHECK_EQUAL(0, number.negative);
        CHECK(kess_int_double_bits(&number) == bits_of(strtod(text, NULL)));
        CHECK(number.digits >= in &&
              number.digits + number.span <= in + rows[i].len);
    }
}

static kess_number split_text(const char *text)
{
    const size_t len = strlen(text);
    const uint8_t *in = guard_copy(&input, AT_END, text, len);
    kess_number number;

    kess_int_split(&number, in, in + len);
    return number;
}

/* PHP's strtod takes no exponent beyond 19999, in either direction. */
static void test_exponent_clamp(void)
{
    CHECK_EQUAL(19999, split_text("1e19999").exponent);
    CHECK_EQUAL(19999, split_text("1e20000").exponent);
    CHECK_EQUAL(19999, split_text("1e+99999999999999999999999").exponent);
    CHECK_EQUAL(-19999, split_text("1e-20000").exponent);
    CHECK_EQUAL(-20001, split_text("1.25e-00000000000000000020000").exponent);
    CHECK_EQUAL(0, split_text("1e").exponent);
    CHECK_EQUAL(0, split_text("1e+").exponent);
}

/* ------------------------------------------------------------ short cuts */

/* What the parser copies is what kess_int_write_number would write. */
static void check_shortcut(const char *token, uint32_t profile)
{
    uint8_t expected[KESS_NUMBER_MAX_100];
    uint8_t document[80];
    uint8_t found[200];
    const kess_options options = {profile, 0};
    const size_t len = strlen(token);

    /* Alone, and with more behind it than is copied at once. */
    for (int more = 0; more < 2; more++) {
        size_t found_len = sizeof(found);
        const size_t total =
            (size_t)snprintf((char *)document, sizeof(document), "[%s%s]",
                             token, more ? ",\"abcdefghijklmnopqrstuv\"" : "");
        const size_t expected_len = kess_int_write_number(
            expected, document + 1, document + 1 + len, profile);

        CHECK_EQUAL(KESS_OK, kess_canonicalize(found, &found_len, document,
                                               total, &options, NULL));
        CHECK(memcmp(found + 1, expected, expected_len) == 0);
        CHECK(found[1 + expected_len] == (more ? ',' : ']'));
    }
}

/* Decimals and integers of few kinds of digits, so that leading and trailing
 * zeros and every length occur. */
static void test_shortcuts(void)
{
    static const char digits[] = "0000123459";
    dice d = {77};
    char token[48];

    for (int i = 0, rounds = rounds_of(RANDOM_TOKENS); i < rounds; i++) {
        const unsigned whole = 1 + roll_of(&d, 19);
        const unsigned fraction = roll_of(&d, 18);
        size_t len = 0;
        if (roll_of(&d, 4) == 0) {
            token[len++] = '-';
        }
        const size_t first = len;
        for (unsigned k = 0; k < (i % 2 == 0 ? 1 : whole); k++) {
            token[len++] = digits[roll_of(&d, 10)];
        }
        if (token[first] == '0' && len > first + 1) {
            token[first] = '7'; /* no leading zero */
        }
        if (fraction > 0) {
            token[len++] = '.';
        }
        for (unsigned k = 0; k < fraction; k++) {
            token[len++] = digits[roll_of(&d, 10)];
        }
        token[len] = '\0';
        check_shortcut(token, 0);
        check_shortcut(token, (uint32_t)(i % 2 == 0
                                             ? KESS_PROFILE_PRECISION_100
                                             : KESS_PROFILE_PRECISION_17) |
                                  KESS_PROFILE_PRESERVE_ZERO_FRACTION);
    }
}

int main(void)
{
    guard_open(&input, 128);
    guard_open(&output, KESS_NUMBER_MAX_100);
    test_tokens();
    test_random_tokens();
    test_is_int64();
    test_split();
    test_exponent_clamp();
    test_shortcuts();
    return 0;
}

/*
 * test_ksort.c: the order of the top level where it is an order, against
 * qsort. Where PHP's comparison is none, real PHP judges in test_vectors.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <string.h>

#include "check.h"
#include "decimal.h"
#include "dice.h"
#include "guard.h"
#include "ksort.h"

#define COUNT_MAX 40000
#define NAME_MAX_LEN 40

/* A key as a test makes it: the canonical text between the quotes, and what
 * it should be sorted by. */
typedef struct name {
    char text[NAME_MAX_LEN];
    char bytes[NAME_MAX_LEN]; /* unescaped */
    double number;
    int group; /* empty key, number, text */
    size_t place;
} name;

static name names[COUNT_MAX];
static size_t count;
static uint8_t scratch[COUNT_MAX * (NAME_MAX_LEN + 8) + 8];
static kess_entry entries[COUNT_MAX];

static void add_name(const char *text, const char *bytes, double number,
                     int group)
{
    name *n = &names[count];

    CHECK(count < COUNT_MAX && strlen(text) < NAME_MAX_LEN);
    strcpy(n->text, text);
    strcpy(n->bytes, bytes);
    n->number = number;
    n->group = group;
    n->place = count++;
}

static void make_entries(void)
{
    size_t len = 0;

    for (size_t i = 0; i < count; i++) {
        const size_t name_len = strlen(names[i].text);
        entries[i].member = kess_int_member(len, name_len);
        len += (size_t)snprintf((char *)scratch + len, sizeof(scratch) - len,
                                "\"%s\":", names[i].text);
        scratch[len++] = '1';
        entries[i].end = len;
        scratch[len++] = ',';
    }
}

static int by_rule(const void *a, const void *b)
{
    const name *x = a;
    const name *y = b;
    const int order = strcmp(x->bytes, y->bytes); /* of unsigned bytes */

    if (x->group != y->group) {
        return x->group < y->group ? -1 : 1;
    }
    if (x->group == 1 && x->number != y->number) {
        return x->number < y->number ? -1 : 1;
    }
    if (x->group == 2 && order != 0) {
        return order;
    }
    return x->place < y->place ? -1 : 1;
}

/* The entries come in the order of the rule, each with its own value. */
static void check_order(uint32_t profile)
{
    make_entries();
    CHECK_EQUAL(KESS_OK, kess_int_ksort(entries, count, scratch, profile));
    qsort(names, count, sizeof(names[0]), by_rule);
    for (size_t i = 0; i < count; i++) {
        const size_t len = strlen(names[i].text);
        const kess_member member = entries[i].member;
        CHECK_EQUAL(len, kess_int_name_len(scratch, member));
        CHECK(memcmp(kess_int_name(scratch, member), names[i].text, len) == 0);
        CHECK_EQUAL(kess_int_key_at(member) + len + 4, entries[i].end);
    }
}

static void shuffle(dice *d)
{
    for (size_t i = count; i > 1; i--) {
        const size_t k = roll_of(d, (unsigned)i);
        const name held = names[i - 1];
        names[i - 1] = names[k];
        names[k] = held;
    }
    for (size_t i = 0; i < count; i++) {
        names[i].place = i;
    }
}

/* ------------------------------------------------------------ sets */

/* How many keys: the sizes at which the algorithm changes, and some more. */
static const size_t sizes[] = {0,  1,  2,   3,   4,    5,    6,    7,   8,
                               12, 15, 16,  17,  18,   30,   31,   32,  33,
                               64, 99, 500, 999, 1023, 1024, 1025, 3000};
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

typedef void (*maker)(dice *d, size_t i);

static void random_word(dice *d, char *out, unsigned longest, char first)
{
    size_t len = 0;

    out[len++] = first;
    for (unsigned n = roll_of(d, longest); n > 0; n--) {
        out[len++] = "abcxyz_-. 019"[roll_of(d, 13)];
    }
    out[len] = '\0';
}

/* Words of the API's kind, unequal by their number. */
static void make_word(dice *d, size_t i)
{
    char text[NAME_MAX_LEN];
    char word[16];

    random_word(d, word, 10, "AZ_az~"[roll_of(d, 6)]);
    snprintf(text, sizeof(text), "%s%x", word, (unsigned)i);
    add_name(text, text, 0, 2);
}

/* Words that agree in their first eight bytes and more. */
static void make_long_word(dice *d, size_t i)
{
    char text[NAME_MAX_LEN];

    snprintf(text, sizeof(text), "out_trade%.*s%x", (int)roll_of(d, 3), "__",
             (unsigned)i);
    add_name(text, text, 0, 2);
}

/* Words beyond ASCII, as they stand in the scratch text and as UTF-8: the
 * order of UTF-8 is not that of UTF-16. */
static void make_foreign(dice *d, size_t i)
{
    static const char *const letters[][2] = {
        {"\\u00e9", "\xc3\xa9"},
        {"\\u1780", "\xe1\x9e\x80"},
        {"\\uffff", "\xef\xbf\xbf"},
        {"\\ud83d\\ude00", "\xf0\x9f\x98\x80"},
        {"\\/", "/"},
        {"\\\"", "\""},
        {"z", "z"},
    };
    char text[NAME_MAX_LEN];
    char bytes[NAME_MAX_LEN];
    const unsigned a = roll_of(d, 7);
    const unsigned b = roll_of(d, 7);

    snprintf(text, sizeof(text), "x%s%s%x", letters[a][0], letters[b][0],
             (unsigned)i);
    snprintf(bytes, sizeof(bytes), "x%s%s%x", letters[a][1], letters[b][1],
             (unsigned)i);
    add_name(text, bytes, 0, 2);
}

static void make_integer(dice *d, size_t i)
{
    char text[NAME_MAX_LEN];
    const long value =
        (long)i * (i % 2 == 0 ? 1 : -1) * (roll_of(d, 2) == 0 ? 1 : 1000003);

    snprintf(text, sizeof(text), "%ld", value);
    add_name(text, text, (double)value, 1);
}

/* Integers, words and the empty key. */
static void make_mixed(dice *d, size_t i)
{
    if (i == 3) {
        add_name("", "", 0, 0);
    } else if (i % 2 == 0) {
        make_integer(d, i);
    } else {
        make_word(d, i);
    }
}

/* Numeric strings of all forms among integers and words; equal values stay
 * in the order of the document. */
static void make_numeric(dice *d, size_t i)
{
    static const char *const forms[] = {"%ld",   " %ld",  "%ld.0", "+%ld",
                                        "%lde0", "00%ld", "%ld ",  "%ld.5"};
    char text[NAME_MAX_LEN];
    const unsigned form = roll_of(d, 8);
    const long value = (long)(i / 3);

    if (i % 5 == 0) {
        make_mixed(d, i + 1000000);
        return;
    }
    snprintf(text, sizeof(text), forms[form], value);
    for (size_t k = 0; k < count; k++) {
        if (strcmp(names[k].text, text) == 0) {
            return;
        }
    }
    add_name(text, text, (double)value + (form == 7 ? 0.5 : 0), 1);
}

/* Numeric strings alone: none is a text, and none an integer. */
static void make_real(dice *d, size_t i)
{
    char text[NAME_MAX_LEN];
    const long value = (long)i - 40;

    snprintf(text, sizeof(text), "%s%ld.%u", value >= 0 ? "+" : "", value,
             1 + roll_of(d, 9));
    add_name(text, text, strtod(text, NULL), 1);
}

/* Sets without two numeric keys have one order, whatever is before 'a'. */
static void make_symbol(dice *d, size_t i)
{
    char text[NAME_MAX_LEN];
    char word[16];

    random_word(d, word, 6, "!#$%&,./:;= -+"[roll_of(d, 14)]);
    snprintf(text, sizeof(text), "%s!%x!", word, (unsigned)i);
    add_name(text, text, 0, 2);
}

static void check_sets(maker make, uint32_t profiles, uint64_t seed)
{
    dice d = {seed};

    for (size_t s = 0; s < SIZES; s++) {
        const unsigned rounds = sizes[s] < 100 ? 20 / step_of(5) : 2;
        for (unsigned round = 0; round < rounds; round++) {
            for (uint32_t profile = 0; profile <= 16; profile += 8) {
                if ((profiles >> profile / 8 & 1) == 0) {
                    continue;
                }
                count = 0;
                for (size_t i = 0; i < sizes[s]; i++) {
                    make(&d, i);
                }
                shuffle(&d);
                check_order(profile);
            }
        }
    }
}

#define PHP_8_2 1u
#define ALL_VERSIONS 7u

/* Text by bytes, the shorter first, in every version of PHP. */
static void test_words(void)
{
    check_sets(make_word, ALL_VERSIONS, 13);
    check_sets(make_long_word, ALL_VERSIONS, 14);
    check_sets(make_foreign, ALL_VERSIONS, 15);
    check_sets(make_symbol, ALL_VERSIONS, 16);
}

/* Integers by value, in every version of PHP. */
static void test_integers(void)
{
    check_sets(make_integer, ALL_VERSIONS, 17);
}

/* The empty key, then numbers by value, then text. */
static void test_mixed(void)
{
    check_sets(make_mixed, PHP_8_2, 18);
    check_sets(make_numeric, PHP_8_2, 19);
    check_sets(make_real, ALL_VERSIONS, 24);
}

/* Large sets are sorted as well as small ones, from any start. */
static void test_large(void)
{
    static const maker makers[] = {make_word, make_long_word, make_integer,
                                   make_mixed};
    const size_t all = (size_t)rounds_of(20000);
    dice d = {20};

    for (size_t m = 0; m < sizeof(makers) / sizeof(makers[0]); m++) {
        for (int start = 0; start < 3; start++) {
            count = 0;
            for (size_t i = 0; i < all; i++) {
                makers[m](&d, i);
            }
            if (start == 0) {
                shuffle(&d);
            } else {
                /* Sorted already, and the other way round. */
                qsort(names, count, sizeof(names[0]), by_rule);
                for (size_t i = 0; start == 2 && i < count / 2; i++) {
                    const name held = names[i];
                    names[i] = names[count - 1 - i];
                    names[count - 1 - i] = held;
                }
            }
            check_order(0);
        }
    }
}

/* ------------------------------------------------------------ algorithm */

static kess_sort_key keys[COUNT_MAX];
static uint32_t order[COUNT_MAX];

/* PHP's algorithm sorts wherever there is an order: the places come out as
 * the ranks of the keys. */
static void check_zend_sort(const unsigned *ranks, size_t n)
{
    static char texts[COUNT_MAX][8];
    kess_sorter sorter = {keys, order, NULL, 0};

    for (size_t i = 0; i < n; i++) {
        snprintf(texts[i], sizeof(texts[i]), "%u", ranks[i]);
        keys[i].text = (const uint8_t *)texts[i];
        keys[i].len = strlen(texts[i]);
        kess_int_classify(&keys[i], 0);
        order[i] = (uint32_t)i;
    }
    kess_int_zend_sort(&sorter, n);
    for (size_t i = 0; i < n; i++) {
        CHECK_EQUAL(i, ranks[order[i]]);
    }
}

/* Every order of up to eight keys. */
static void test_permutations(void)
{
    for (unsigned n = 0; n <= 8; n++) {
        unsigned total = 1;
        for (unsigned i = 2; i <= n; i++) {
            total *= i;
        }
        for (unsigned number = 0; number < total; number++) {
            unsigned ranks[8];
            unsigned rest = number;
            for (unsigned i = 0; i < n; i++) {
                ranks[i] = i;
            }
            for (unsigned i = n; i > 1; i--) {
                const unsigned k = rest % i;
                const unsigned held = ranks[i - 1];
                rest /= i;
                ranks[i - 1] = ranks[k];
                ranks[k] = held;
            }
            check_zend_sort(ranks, n);
        }
    }
}

/* Larger sets in random order, in order, backwards, and in two runs. */
static void test_zend_sort(void)
{
    static unsigned ranks[COUNT_MAX];
    dice d = {21};

    for (size_t s = 0; s < SIZES; s++) {
        const unsigned n = (unsigned)sizes[s];
        for (unsigned round = 0; round < 24; round++) {
            for (unsigned i = 0; i < n; i++) {
                ranks[i] = round % 4 == 1   ? n - 1 - i
                           : round % 4 == 2 ? (i + n / 2) % n
                                            : i;
            }
            for (unsigned i = n; round % 4 == 3 && i > 1; i--) {
                const unsigned k = roll_of(&d, i);
                const unsigned held = ranks[i - 1];
                ranks[i - 1] = ranks[k];
                ranks[k] = held;
            }
            check_zend_sort(ranks, n);
        }
    }
}

/* ------------------------------------------------------------ keys */

static guard input;

/* Nothing behind a key may be looked at. */
static const uint8_t *guarded(const char *text)
{
    return guard_copy(&input, AT_END, text, strlen(text));
}

static void check_integer_key(const char *text)
{
    int64_t value = 77;
    char again[32];
    char *end;

    errno = 0;
    const long long judged = strtoll(text, &end, 10);
    snprintf(again, sizeof(again), "%lld", judged);
    const int is_integer = errno == 0 && strcmp(again, text) == 0;
    const int actual =
        kess_int_integer_key(guarded(text), strlen(text), &value);
    if (actual != is_integer) {
        fprintf(stderr, "%s\n", text);
    }
    CHECK_EQUAL(is_integer, actual);
    CHECK_EQUAL(is_integer ? judged : 77, value);
}

/* A key is an integer where its text is what an integer of 64 bits is written
 * as; else the value is left alone. */
static void test_integer_key(void)
{
    static const char *const texts[] = {
        "",
        "-",
        "0",
        "-0",
        "00",
        "01",
        "-01",
        "1",
        "-1",
        "+1",
        " 1",
        "1 ",
        "1.0",
        "1e1",
        "a",
        "1a",
        "a1",
        "-a",
        "--1",
        "9",
        "10",
        "999999999999999999",
        "1000000000000000000",
        "9223372036854775806",
        "9223372036854775807",
        "9223372036854775808",
        "9999999999999999999",
        "-9223372036854775807",
        "-9223372036854775808",
        "-9223372036854775809",
        "-9999999999999999999",
        "10000000000000000000",
        "18446744073709551617",
        "99999999999999999999999",
        "1/",
        "1:",
        "\xef\xbc\x91",
    };
    dice d = {22};
    char text[32];

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        check_integer_key(texts[i]);
    }
    for (int i = rounds_of(100000); i > 0; i--) {
        size_t len = 0;
        for (unsigned n = 1 + roll_of(&d, 20); n > 0; n--) {
            text[len++] = "0123456789-90123456789 "[roll_of(&d, 23)];
        }
        text[len] = '\0';
        check_integer_key(text);
        snprintf(text, sizeof(text), "%s%lld", roll_of(&d, 2) == 0 ? "-" : "",
                 (long long)(roll(&d) >> (1 + roll_of(&d, 60))));
        check_integer_key(text);
    }
}

/* What PHP calls numeric (spec: numeric strings), with value and overflow. */
static void test_classify(void)
{
    static const struct {
        const char *text;
        kess_sort_class class;
        int overflow;
        int in_php_7; /* whether it is numeric there too */
    } rows[] = {
        {"", KESS_TEXT, 0, 0},
        {"a", KESS_TEXT, 0, 0},
        {" ", KESS_TEXT, 0, 0},
        {".", KESS_TEXT, 0, 0},
        {"-", KESS_TEXT, 0, 0},
        {"-.", KESS_TEXT, 0, 0},
        {"1e", KESS_TEXT, 0, 0},
        {"1e+", KESS_TEXT, 0, 0},
        {"0x1", KESS_TEXT, 0, 0},
        {"1_0", KESS_TEXT, 0, 0},
        {"1 1", KESS_TEXT, 0, 0},
        {"1.5.5", KESS_TEXT, 0, 0},
        {"+", KESS_TEXT, 0, 0},
        {"+-1", KESS_TEXT, 0, 0},
        {"5", KESS_INTEGER_KEY, 0, 1},
        {"-5", KESS_INTEGER_KEY, 0, 1},
        {"007", KESS_INTEGER_TEXT, 0, 1},
        {"+1", KESS_INTEGER_TEXT, 0, 1},
        {"-0", KESS_INTEGER_TEXT, 0, 1},
        {" \t\n\v\f\r1", KESS_INTEGER_TEXT, 0, 1},
        {"1 \t\n\v\f\r", KESS_INTEGER_TEXT, 0, 0},
        {"1.", KESS_REAL_TEXT, 0, 1},
        {".5", KESS_REAL_TEXT, 0, 1},
        {"1.e3", KESS_REAL_TEXT, 0, 1},
        {"1E-3", KESS_REAL_TEXT, 0, 1},
        {"-1.5e+3 ", KESS_REAL_TEXT, 0, 0},
        {"1e1000", KESS_REAL_TEXT, 0, 1},
        {"9223372036854775808", KESS_REAL_TEXT, 1, 1},
        {"-9223372036854775809", KESS_REAL_TEXT, -1, 1},
        {"-009223372036854775808", KESS_INTEGER_TEXT, 0, 1},
        {"-9223372036854775808 ", KESS_REAL_TEXT, -1, 0},
        {"99999999999999999999", KESS_REAL_TEXT, 1, 1},
        {"-123456789012345678901e-20", KESS_REAL_TEXT, -1, 1},
        {"9999999999999999999.5", KESS_REAL_TEXT, 0, 1},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        kess_sort_key key;
        key.text = guarded(rows[i].text);
        key.len = strlen(rows[i].text);
        kess_int_classify(&key, 0);
        CHECK_EQUAL(rows[i].class, key.class);
        CHECK_EQUAL(rows[i].overflow, key.overflow);
        if (key.class == KESS_REAL_TEXT) {
            CHECK(bits_of(strtod(rows[i].text, NULL)) == bits_of(key.real));
        } else if (key.class != KESS_TEXT) {
            CHECK_EQUAL(strtoll(rows[i].text, NULL, 10), key.integer);
        }
        kess_int_classify(&key, KESS_PROFILE_KSORT_PHP_7);
        CHECK_EQUAL(rows[i].in_php_7, key.class != KESS_TEXT);
    }
}

/* Before PHP 8.2 an integer key compares with the number in front of a text.
 * PHP adds its digits up modulo 2^64, and so does strtoull. */
static void test_prefix(void)
{
    static const struct {
        const char *text;
        kess_prefix prefix;
    } rows[] = {
        {"", KESS_PREFIX_NONE},
        {"a1", KESS_PREFIX_NONE},
        {"-a", KESS_PREFIX_NONE},
        {"12a", KESS_PREFIX_INTEGER},
        {" -12e", KESS_PREFIX_INTEGER},
        {"12e+", KESS_PREFIX_INTEGER},
        {"1.5a", KESS_PREFIX_REAL},
        {".5.5", KESS_PREFIX_REAL},
        {"1e5e5", KESS_PREFIX_REAL},
        {"9223372036854775807a", KESS_PREFIX_INTEGER},
        {"9223372036854775808a", KESS_PREFIX_REAL},
        {"9900000000000000000e+", KESS_PREFIX_INTEGER},
        {"-9900000000000000000e-x", KESS_PREFIX_INTEGER},
        {"9900000000000000000E-", KESS_PREFIX_INTEGER},
        {"9900000000000000000ex", KESS_PREFIX_REAL},
        {"9999999999999999999e+", KESS_PREFIX_REAL},
        {"9300000000000000000x", KESS_PREFIX_REAL},
        {"99999999999999999999a", KESS_PREFIX_REAL},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        kess_sort_key key;
        key.text = guarded(rows[i].text);
        key.len = strlen(rows[i].text);
        kess_int_classify(&key, KESS_PROFILE_KSORT_PHP_8_0);
        CHECK_EQUAL(KESS_TEXT, key.class);
        CHECK_EQUAL(rows[i].prefix, key.prefix);
        if (key.prefix == KESS_PREFIX_INTEGER) {
            CHECK_EQUAL(strtoull(rows[i].text, NULL, 10), key.integer);
        } else if (key.prefix == KESS_PREFIX_REAL) {
            CHECK(strtod(rows[i].text, NULL) == key.real);
        }
    }
}

int main(void)
{
    guard_open(&input, 64);
    test_words();
    test_integers();
    test_mixed();
    test_large();
    test_permutations();
    test_zend_sort();
    test_integer_key();
    test_classify();
    test_prefix();
    return 0;
}

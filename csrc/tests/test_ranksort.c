/*
 * test_ranksort.c: many keys of one kind, against the obvious comparison.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "check.h"
#include "dice.h"
#include "ksort.h"
#include "names.h"

#define COUNT_MAX 5000
#define NAME_ROOM 64

static uint8_t scratch[COUNT_MAX * (NAME_ROOM + 8) + 8];
static size_t scratch_len;
static kess_entry entries[COUNT_MAX];
static size_t count;

static void start(void)
{
    scratch_len = 0;
    count = 0;
}

static void add_name(const char *name)
{
    CHECK(count < COUNT_MAX && strlen(name) < NAME_ROOM);
    entries[count].member = kess_int_member(scratch_len, strlen(name));
    scratch_len +=
        (size_t)snprintf((char *)scratch + scratch_len,
                         sizeof(scratch) - scratch_len, "\"%s\":1,", name);
    entries[count++].end = scratch_len - 1;
}

static int by_bytes(kess_member a, kess_member b)
{
    return compare_names(scratch, a, b);
}

static int by_number(kess_member a, kess_member b)
{
    const int64_t x =
        strtoll((const char *)kess_int_name(scratch, a), NULL, 10);
    const int64_t y =
        strtoll((const char *)kess_int_name(scratch, b), NULL, 10);

    return (x > y) - (x < y);
}

/* All entries are still there, each with its end, before a greater one. */
static void check_sorted(int (*compare)(kess_member, kess_member))
{
    size_t sum = 0;

    CHECK(kess_int_is_rankable(entries, count, scratch, 0));
    for (size_t i = 0; i < count; i++) {
        sum += entries[i].end;
    }
    CHECK_EQUAL(KESS_OK, kess_int_rank_sort(entries, count, scratch));
    for (size_t i = 0; i < count; i++) {
        CHECK_EQUAL(kess_int_value_at(scratch, entries[i].member) + 1,
                    entries[i].end);
        CHECK(i == 0 || compare(entries[i - 1].member, entries[i].member) < 0);
        sum -= entries[i].end;
    }
    CHECK_EQUAL(0, sum);
}

/* Names with a start in common, of no byte to more than a rank holds; and
 * names that only differ behind what the ranks tell. */
static void test_texts(void)
{
    static const char *const fronts[] = {"", "k", "key_", "out_trade_no_",
                                         "z"};
    static const char *const middles[] = {"", "aaaa", "aaaabbbb"};
    dice d = {31};
    char name[NAME_ROOM];

    for (size_t f = 0; f < sizeof(fronts) / sizeof(fronts[0]); f++) {
        for (size_t m = 0; m < sizeof(middles) / sizeof(middles[0]); m++) {
            start();
            /* The shortest name is all that the others have in common. */
            snprintf(name, sizeof(name), "a%s", fronts[f]);
            add_name(name);
            for (unsigned i = 0; i < 1000; i++) {
                snprintf(name, sizeof(name), "a%s%s%x.%u", fronts[f],
                         roll_of(&d, 2) == 0 ? middles[m] : "",
                         roll_of(&d, 50), i);
                add_name(name);
            }
            check_sorted(by_bytes);
        }
    }
}

/* Integers close together, far apart, and at both ends of 64 bits: those that
 * share a rank are compared. */
static void test_integers(void)
{
    static const int64_t bases[] = {0, 1000000007, INT64_MAX - 5000,
                                    INT64_MIN + 5000};
    dice d = {32};
    char name[NAME_ROOM];

    for (size_t b = 0; b < sizeof(bases) / sizeof(bases[0]); b++) {
        for (int wide = 0; wide < 2; wide++) {
            start();
            for (int64_t i = 0; i < 1500; i++) {
                snprintf(name, sizeof(name), "%lld",
                         (long long)(bases[b] + i * 1699 % 3000));
                add_name(name);
            }
            for (int64_t i = 0; wide && i < 500; i++) {
                const uint64_t far = roll(&d) >> 2;
                snprintf(name, sizeof(name), "%s%lld%03d",
                         far % 2 == 0 ? "-" : "", (long long)(far / 2000 + 1),
                         (int)i);
                add_name(name);
            }
            check_sorted(by_number);
        }
    }
}

static void test_one(void)
{
    start();
    add_name("alone");
    check_sorted(by_bytes);
    start();
    add_name("7");
    check_sorted(by_number);
}

/* A set with any other key in it is none of those. */
static void test_others(void)
{
    static const struct {
        const char *all;
        const char *other;
    } rows[] = {
        {"k", "\\u00e9"}, {"k", "1"},  {"k", "007"}, {"k", "1.5"},
        {"1", "k"},       {"1", ""},   {"1", "1.0"}, {"1", "-0"},
        {"\\/", "k"},     {"1.5", ""}, {"+1", "1"},
    };
    char name[NAME_ROOM];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (unsigned place = 0; place < 3; place++) {
            start();
            for (unsigned k = 0; k < 3; k++) {
                snprintf(name, sizeof(name), "%s%u", rows[i].all, k);
                add_name(k == place ? rows[i].other : name);
            }
            CHECK(!kess_int_is_rankable(entries, count, scratch, 0));
        }
    }
}

/* Before PHP 8 a blank behind a number made it a text; then it was one. */
static void test_profile(void)
{
    start();
    add_name("k");
    add_name("1 ");
    CHECK(!kess_int_is_rankable(entries, count, scratch, 0));
    CHECK(kess_int_is_rankable(entries, count, scratch,
                               KESS_PROFILE_KSORT_PHP_7));
}

int main(void)
{
    test_texts();
    test_integers();
    test_one();
    test_others();
    test_profile();
    return 0;
}

/*
 * test_unique.c: members with the same key, against the obvious search.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "check.h"
#include "dice.h"
#include "internal.h"

#define COUNT_MAX 300000
#define SCRATCH_MAX (COUNT_MAX * 24)

static uint8_t scratch[SCRATCH_MAX];
static size_t scratch_len;
static kess_member members[COUNT_MAX];
static size_t count;

static void start(void)
{
    scratch[0] = '{';
    scratch_len = 1;
    count = 0;
}

/* As json.c leaves it: the key in quotes, a colon, then the value. */
static void add_key(const char *key)
{
    const size_t len = strlen(key);

    CHECK(count < COUNT_MAX && scratch_len + len + 6 <= SCRATCH_MAX);
    members[count++] = kess_int_member(scratch_len, len);
    scratch[scratch_len++] = '"';
    memcpy(scratch + scratch_len, key, len);
    scratch_len += len;
    memcpy(scratch + scratch_len, "\":1,", 4);
    scratch_len += 4;
}

static int are_equal(size_t a, size_t b)
{
    const size_t len = kess_int_name_len(scratch, members[a]);

    return len == kess_int_name_len(scratch, members[b]) &&
           memcmp(kess_int_name(scratch, members[a]),
                  kess_int_name(scratch, members[b]), len) == 0;
}

/* For each first occurrence the last one, for each other KESS_DROPPED. */
static int judge(uint32_t *last)
{
    int any = 0;

    for (size_t i = 0; i < count; i++) {
        last[i] = (uint32_t)i;
        for (size_t k = 0; k < i; k++) {
            if (last[k] != KESS_DROPPED && are_equal(k, i)) {
                last[k] = (uint32_t)i;
                last[i] = KESS_DROPPED;
                any = 1;
                break;
            }
        }
    }
    return any;
}

static void check_keys(void)
{
    static uint32_t expected[2000];
    uint32_t *last = expected;

    CHECK(count <= sizeof(expected) / sizeof(expected[0]));
    const int any = judge(expected);
    CHECK_EQUAL(KESS_OK, kess_int_find_equal(scratch, members, count, &last));
    CHECK_EQUAL(any, last != NULL);
    if (any) {
        CHECK(memcmp(last, expected, count * sizeof(*last)) == 0);
    }
    free(last);
}

/* No member, one, and two. */
static void test_few(void)
{
    static const char *const keys[] = {"",   "a",   "b",     "aa",  "ab",
                                       "ba", "a\"", "\\u00", "aaa", "a b"};
    const size_t all = sizeof(keys) / sizeof(keys[0]);

    start();
    check_keys();
    for (size_t i = 0; i < all; i++) {
        for (size_t k = 0; k < all; k++) {
            start();
            add_key(keys[i]);
            check_keys();
            add_key(keys[k]);
            check_keys();
            add_key(keys[i]);
            check_keys();
        }
    }
}

/* Keys of a small alphabet, so that many are equal or nearly so: on both sides
 * of the number from which they are sorted. */
static void test_random(void)
{
    dice d = {10};
    char key[40];

    for (int round = 0, rounds = rounds_of(3000); round < rounds; round++) {
        const unsigned wanted = roll_of(&d, round % 10 == 0 ? 300 : 70);
        const unsigned letters = 1 + roll_of(&d, 26);
        const unsigned longest = 1 + roll_of(&d, 20);
        const char *front = roll_of(&d, 2) == 0 ? "" : "a common front ";
        start();
        while (count < wanted) {
            size_t len = (size_t)snprintf(key, sizeof(key), "%s", front);
            for (unsigned n = roll_of(&d, longest); n > 0; n--) {
                key[len++] = (char)('a' + roll_of(&d, letters));
            }
            key[len] = '\0';
            add_key(key);
        }
        check_keys();
    }
}

/* One pair among keys that are all different, in any two places. */
static void test_one_pair(void)
{
    char key[40];

    for (unsigned all = 2; all < 120; all += all < 40 ? 1 : 13) {
        for (unsigned second = 1; second < all; second++) {
            const unsigned first = (5 * all + second / 2) % second;
            start();
            for (unsigned i = 0; i < all; i++) {
                snprintf(key, sizeof(key), "key %u",
                         (i == second ? first : i) * 7919 % 1000003);
                add_key(key);
            }
            check_keys();
        }
    }
}

/* Ascending keys need no search, unless neighbours are equal. */
static void test_ascending(void)
{
    char key[40];

    for (unsigned twice = 0; twice <= 100; twice++) {
        start();
        for (unsigned i = 0; i < 100; i++) {
            snprintf(key, sizeof(key), "k%03u", i);
            add_key(key);
            if (i == twice) {
                add_key(key);
            }
        }
        check_keys();
    }
}

/* So many keys that some of them have the same hash of 32 bits (ten pairs are
 * to be expected), all different; then each a second time. */
static void test_same_hash(void)
{
    char key[40];
    uint32_t *last = NULL;

    start();
    for (unsigned i = 0; i < COUNT_MAX; i++) {
        snprintf(key, sizeof(key), "%u", i * 2654435761u);
        add_key(key);
    }
    CHECK_EQUAL(KESS_OK, kess_int_find_equal(scratch, members, count, &last));
    CHECK(last == NULL);

    memmove(members + COUNT_MAX / 2, members,
            COUNT_MAX / 2 * sizeof(*members));
    CHECK_EQUAL(KESS_OK, kess_int_find_equal(scratch, members, count, &last));
    CHECK(last != NULL);
    for (size_t i = 0; i < COUNT_MAX / 2; i++) {
        CHECK_EQUAL(i + COUNT_MAX / 2, last[i]);
        CHECK_EQUAL(KESS_DROPPED, last[i + COUNT_MAX / 2]);
    }
    free(last);
}

/* The same key a great many times: the first has the last. */
static void test_one_key(void)
{
    uint32_t *last = NULL;

    start();
    while (count < COUNT_MAX) {
        add_key("amount");
    }
    CHECK_EQUAL(KESS_OK, kess_int_find_equal(scratch, members, count, &last));
    CHECK(last != NULL);
    CHECK_EQUAL(COUNT_MAX - 1, last[0]);
    for (size_t i = 1; i < COUNT_MAX; i++) {
        CHECK_EQUAL(KESS_DROPPED, last[i]);
    }
    free(last);
}

int main(void)
{
    test_few();
    test_random();
    test_one_pair();
    test_ascending();
    test_same_hash();
    test_one_key();
    return 0;
}

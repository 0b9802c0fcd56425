/*
 * test_plainsort.c: names in byte order, against the obvious comparison.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "check.h"
#include "dice.h"
#include "ksort.h"
#include "names.h"

#define COUNT_MAX (KESS_SMALL_ENTRIES + 1)
#define NAME_MAX_LEN 40
#define READ_BEHIND 8 /* bytes that may be read from the start of a name */

static uint8_t scratch[COUNT_MAX * (NAME_MAX_LEN + 8) + READ_BEHIND];
static size_t scratch_len;
static kess_entry entries[COUNT_MAX];
static size_t count;

static void start(void)
{
    scratch_len = 0;
    count = 0;
    /* What follows a name must not matter. */
    memset(scratch, 0xff, sizeof(scratch));
}

/* As object.c leaves it. */
static void add_name(const char *name)
{
    kess_entry *entry = &entries[count++];

    entry->member = kess_int_member(scratch_len, strlen(name));
    scratch_len +=
        (size_t)snprintf((char *)scratch + scratch_len,
                         sizeof(scratch) - scratch_len, "\"%s\":", name);
    scratch[scratch_len++] = '1';
    entry->end = scratch_len;
    scratch[scratch_len++] = ',';
}

/* All entries are still there, each before a greater one. */
static void check_sorted(void)
{
    size_t keys = 0;
    size_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        sum += kess_int_key_at(entries[i].member);
    }
    CHECK(kess_int_plain_sort(entries, count, scratch));
    for (size_t i = 0; i < count; i++) {
        CHECK_EQUAL(kess_int_value_at(scratch, entries[i].member) + 1,
                    entries[i].end);
        CHECK(i == 0 ||
              compare_names(scratch, entries[i - 1].member,
                            entries[i].member) < 0);
        keys += kess_int_key_at(entries[i].member);
    }
    CHECK_EQUAL(sum, keys);
}

/* Every order of a few names whose first eight bytes tell little. */
static void test_orders(void)
{
    static const char *const words[] = {"sign", "sign_type", "sign_types",
                                        "sign_typ", "a"};
    const size_t all = sizeof(words) / sizeof(words[0]);

    for (size_t n = 0; n < 5 * 4 * 3 * 2; n++) {
        size_t free_words[] = {0, 1, 2, 3, 4};
        start();
        for (size_t left = all, rest = n; left > 0; left--) {
            const size_t pick = rest % left;
            rest /= left;
            add_name(words[free_words[pick]]);
            free_words[pick] = free_words[left - 1];
        }
        check_sorted();
    }
}

/* Names of every length, that differ late or early. */
static void test_random(void)
{
    dice d = {20};

    for (int round = 0, rounds = rounds_of(20000); round < rounds; round++) {
        const size_t wanted = roll_of(&d, KESS_SMALL_ENTRIES + 1);
        const size_t same = roll_of(&d, 12);
        start();
        while (count < wanted) {
            char name[NAME_MAX_LEN];
            size_t len = same;
            memset(name, 'k', same);
            for (size_t more = roll_of(&d, 12); more > 0; more--) {
                name[len++] = (char)(roll_of(&d, 10) == 0
                                         ? 0x80 + (int)roll_of(&d, 0x7f)
                                         : 'a' + (int)roll_of(&d, 3));
            }
            /* No two names are equal, and none is empty. */
            name[len++] = (char)('A' + (int)count);
            name[len] = '\0';
            add_name(name);
        }
        check_sorted();
    }
}

/* An empty name, an escape anywhere, a start up to '9' and too many names are
 * left to others, as they were. */
static void test_declined(void)
{
    static const char *const names[] = {
        "", "9", "0a", " ", "-a", "\\n", "abc\\u00e9", "abcdef\\/",
        "abcdefg\\/", "abcdefgh\\/", "abcdefghijklmnop\\/"};
    kess_entry before[COUNT_MAX];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        for (size_t place = 0; place < 3; place++) {
            start();
            for (size_t k = 0; k < 3; k++) {
                add_name(k == place ? names[i] : k == 0 ? "z" : "b");
            }
            memcpy(before, entries, sizeof(before));
            CHECK(!kess_int_plain_sort(entries, count, scratch));
            CHECK(memcmp(before, entries, sizeof(before)) == 0);
        }
    }
    start();
    while (count < COUNT_MAX) {
        const char name[] = {(char)('z' - (int)count), '\0'};
        add_name(name);
    }
    memcpy(before, entries, sizeof(before));
    CHECK(!kess_int_plain_sort(entries, count, scratch));
    CHECK(memcmp(before, entries, sizeof(before)) == 0);
}

int main(void)
{
    test_orders();
    test_random();
    test_declined();
    return 0;
}

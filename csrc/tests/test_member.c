/*
 * test_member.c: names of every length, also those that do not fit into a
 * member and are measured where they lie.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "check.h"
#include "internal.h"

#define LONG ((size_t)KESS_NAME_LONG)
#define ROOM (2 * (LONG + 64))

static uint8_t text[ROOM];
static uint8_t out[6 * ROOM + 64];

/* What is put in comes out. */
static void check_name(size_t key, const char *front, size_t filled)
{
    const size_t front_len = strlen(front);
    const size_t len = front_len + filled;

    text[key] = '"';
    memcpy(text + key + 1, front, front_len);
    memset(text + key + 1 + front_len, 'k', filled);
    memcpy(text + key + 1 + len, "\":1}", 4);
    const kess_member member = kess_int_member(key, len);
    CHECK_EQUAL(key, kess_int_key_at(member));
    CHECK(kess_int_name(text, member) == text + key + 1);
    CHECK_EQUAL(len, kess_int_name_len(text, member));
    CHECK_EQUAL(key + len + 3, kess_int_value_at(text, member));
    CHECK_EQUAL('1', text[kess_int_value_at(text, member)]);
}

static void test_lengths(void)
{
    static const char *const fronts[] = {"", "\\\"", "\\\\", "\\u00e9\\/"};

    for (size_t i = 0; i < sizeof(fronts) / sizeof(fronts[0]); i++) {
        const size_t front_len = strlen(fronts[i]);
        for (size_t key = 1; key < 4; key++) {
            check_name(key, fronts[i], 0);
            check_name(key, fronts[i], 100);
            for (size_t len = LONG - 3; len < LONG + 4; len++) {
                check_name(key, fronts[i], len - front_len);
            }
        }
    }
}

/* The greatest offset there can be. */
static void test_offset(void)
{
    const size_t most = 6 * KESS_TEXT_MAX + 64;
    const kess_member member = kess_int_member(most, LONG - 1);

    CHECK_EQUAL(most, kess_int_key_at(member));
    CHECK_EQUAL(LONG - 1, member.place & KESS_NAME_LONG);
}

/* Two long names in the wrong order, the second of which occurs twice. */
static void test_document(void)
{
    const size_t len = LONG + 5;
    size_t at = 0;
    size_t out_len = sizeof(out);

    text[at++] = '{';
    for (int i = 0; i < 2; i++) {
        text[at++] = '"';
        memset(text + at, 'n', len);
        text[at + len - 1] = (uint8_t)(i == 0 ? 'z' : 'a');
        at += len;
        memcpy(text + at, "\":1,", 4);
        at += 4;
    }
    text[at - 1] = '}';
    CHECK_EQUAL(KESS_OK,
                kess_canonicalize(out, &out_len, text, at, NULL, NULL));
    CHECK_EQUAL(at, out_len);
    CHECK(memcmp(out + 1, text + 1 + len + 5, len + 4) == 0);
    CHECK(memcmp(out + 1 + len + 5, text + 1, len + 4) == 0);

    /* Now both are one key: its last value stays. */
    text[len + 1] = 'a';
    text[at - 2] = '2';
    out_len = sizeof(out);
    CHECK_EQUAL(KESS_OK,
                kess_canonicalize(out, &out_len, text, at, NULL, NULL));
    CHECK_EQUAL(len + 6, out_len);
    CHECK(memcmp(out, text, len + 4) == 0);
    CHECK(memcmp(out + len + 4, "2}", 2) == 0);
}

int main(void)
{
    test_lengths();
    test_offset();
    test_document();
    return 0;
}

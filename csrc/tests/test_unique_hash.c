/*
 * test_unique_hash.c: keys that were chosen to have one hash. The hash has no
 * secret, so an attacker can choose them; they must neither be taken for equal nor
 * take quadratic time.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The hash is inverted here, so the source is a part of this program.
 */
#include "../src/unique.c"

#include "check.h"
#include "dice.h"

#define COUNT 200000
#define NAME 24
#define MEMBER (NAME + 5) /* "name":1, */

static uint8_t bytes[COUNT * MEMBER];
static kess_member chosen[COUNT];

/* What hash_bytes holds after the first eight of NAME bytes. */
static uint64_t state_after(uint64_t word)
{
    uint64_t hash = NAME * UINT64_C(0x9e3779b97f4a7c15);
    hash = (hash ^ word) * UINT64_C(0xff51afd7ed558ccd);
    return hash ^ hash >> 32;
}

static void note_place(size_t at)
{
    chosen[at] = kess_int_member(at * MEMBER, NAME);
}

/* A key whose second word cancels the first: all come to one hash. */
static void set_key(size_t at, uint64_t random, uint64_t target)
{
    uint8_t *text = bytes + at * MEMBER;
    uint64_t first;

    text[0] = '"';
    memcpy(text + 1, &random, 8);
    memcpy(&first, text + 1, 8);
    const uint64_t second = state_after(first) ^ target;
    memcpy(text + 9, &second, 8);
    memcpy(text + 17, "zzzzzzzz\":1,", 12);
    note_place(at);
}

static void set_keys(size_t count)
{
    dice d = {77};
    uint32_t hash = 0;

    for (size_t i = 0; i < count; i++) {
        set_key(i, roll(&d), 42);
        const uint32_t this_hash = hash_bytes(bytes + i * MEMBER + 1, NAME);
        CHECK(i == 0 || this_hash == hash);
        hash = this_hash;
    }
}

/* All different: none is found equal to another, whatever the hash says, and
 * it ends: pairwise comparison of these would take minutes. */
static void test_different(void)
{
    uint32_t *last = NULL;

    set_keys(COUNT);
    CHECK_EQUAL(KESS_OK, kess_int_find_equal(bytes, chosen, COUNT, &last));
    CHECK(last == NULL);
}

/* Of keys that occur twice or more the first knows the last. */
static void test_equal(void)
{
    const size_t third = COUNT / 3;
    uint32_t *last = NULL;

    set_keys(third);
    for (size_t i = 0; i < 2 * third; i++) {
        const size_t from = i % third;
        memcpy(bytes + (third + i) * MEMBER, bytes + from * MEMBER, MEMBER);
        note_place(third + i);
    }
    CHECK_EQUAL(KESS_OK, kess_int_find_equal(bytes, chosen, 3 * third, &last));
    CHECK(last != NULL);
    for (size_t i = 0; i < third; i++) {
        CHECK_EQUAL(2 * third + i, last[i]);
        CHECK_EQUAL(KESS_DROPPED, last[third + i]);
        CHECK_EQUAL(KESS_DROPPED, last[2 * third + i]);
    }
    free(last);
}

/* One key a great many times beside keys that collide with it. */
static void test_one_key(void)
{
    uint32_t *last = NULL;

    set_keys(1000);
    for (size_t i = 500; i < 1000; i++) {
        memcpy(bytes + i * MEMBER, bytes, MEMBER);
    }
    CHECK_EQUAL(KESS_OK, kess_int_find_equal(bytes, chosen, 1000, &last));
    CHECK(last != NULL);
    CHECK_EQUAL(999, last[0]);
    for (size_t i = 1; i < 1000; i++) {
        CHECK_EQUAL(i < 500 ? (uint32_t)i : KESS_DROPPED, last[i]);
    }
    free(last);
}

/* Nothing but one key behind the point where the table is given up. */
static void test_run(void)
{
    uint32_t *last = NULL;

    for (size_t count = 17; count < 70; count++) {
        set_keys(count);
        set_key(count, 1, 43);
        CHECK_EQUAL(KESS_OK,
                    kess_int_find_equal(bytes, chosen, count + 1, &last));
        CHECK(last == NULL);
    }
}

int main(void)
{
    test_different();
    test_equal();
    test_one_key();
    test_run();
    return 0;
}

/*
 * test_lengths.c: counts of which no memory can hold that many are refused
 * before anything is multiplied with them.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * No document can have so many members, so the functions are called alone.
 */
#include "../src/ksort.c"

#include "check.h"
#include "object.h"

#define TOO_MANY (SIZE_MAX / 2)

/* Members whose keys may be equal: the search needs memory. */
static void test_find_equal(void)
{
    static const uint8_t scratch[] = "\"b\":1,\"a\":1";
    const kess_member members[] = {kess_int_member(0, 1),
                                   kess_int_member(6, 1)};
    uint32_t *last = NULL;

    CHECK_EQUAL(KESS_ERR_LENGTH,
                kess_int_find_equal(scratch, members, TOO_MANY, &last));
    CHECK_EQUAL(KESS_ERR_LENGTH,
                kess_int_find_equal(scratch, members, UINT32_MAX, &last));
    CHECK(last == NULL);
}

static void test_sort(void)
{
    CHECK_EQUAL(KESS_ERR_LENGTH, sort_entries(NULL, TOO_MANY, NULL, NULL, 0));
    CHECK_EQUAL(KESS_ERR_LENGTH,
                sort_entries(NULL, UINT32_MAX, NULL, NULL, 0));
    CHECK_EQUAL(KESS_ERR_LENGTH, kess_int_rank_sort(NULL, TOO_MANY, NULL));
    CHECK_EQUAL(KESS_ERR_LENGTH, kess_int_rank_sort(NULL, UINT32_MAX, NULL));
}

/* The entries of the top level. */
static void test_entries(void)
{
    static kess_document doc;
    static const uint8_t text[] = "{}";
    kess_parser parser = {&doc, text, text + 2, 0, KESS_OK, NULL};

    doc.is_object = 1;
    doc.member_count = TOO_MANY;
    CHECK_EQUAL(0, kess_int_entries(&parser));
    CHECK_EQUAL(KESS_ERR_LENGTH, parser.status);
    CHECK(parser.fault == text);
}

/* A text whose offsets would not fit into a member, even if it could be. */
static void test_text(void)
{
    static const uint8_t text[] = "{}";
    kess_document doc = {.max_depth = 1};
    kess_error err;

    CHECK_EQUAL(KESS_ERR_LENGTH,
                kess_int_parse(&doc, text, KESS_TEXT_MAX + 1, &err));
    CHECK_EQUAL(0, err.pos);
    kess_int_release(&doc);
}

int main(void)
{
    test_text();
    test_find_equal();
    test_sort();
    test_entries();
    return 0;
}

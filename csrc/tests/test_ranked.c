/*
 * test_ranked.c: sorting by rank and by comparison, both stable, against
 * qsort.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "check.h"
#include "dice.h"
#include "ranked.h"

#define COUNT_MAX 3000

static kess_ranked items[COUNT_MAX];
static kess_ranked spare[COUNT_MAX];
static kess_ranked expected[COUNT_MAX];

static const size_t counts[] = {0, 1, 2, 3, 7, 8, 9, 255, 256, 257, COUNT_MAX};
#define COUNTS (sizeof(counts) / sizeof(counts[0]))

static void fill(dice *d, size_t count, unsigned ranks)
{
    for (size_t i = 0; i < count; i++) {
        items[i].rank = roll_of(d, ranks);
        items[i].index = (uint32_t)i;
    }
    memcpy(expected, items, sizeof(items));
}

static int by_rank(const void *a, const void *b)
{
    const kess_ranked *x = a;
    const kess_ranked *y = b;

    if (x->rank != y->rank) {
        return x->rank < y->rank ? -1 : 1;
    }
    return x->index < y->index ? -1 : 1;
}

/* Ranks from one alone to all 32 bits; the first stays the first. */
static void test_sort_ranked(void)
{
    static const unsigned ranks[] = {1, 2, 300, 70000, 1u << 25, UINT32_MAX};
    dice d = {5};

    for (size_t i = 0; i < COUNTS; i++) {
        for (size_t k = 0; k < sizeof(ranks) / sizeof(ranks[0]); k++) {
            fill(&d, counts[i], ranks[k]);
            qsort(expected, counts[i], sizeof(expected[0]), by_rank);
            kess_int_sort_ranked(items, spare, counts[i]);
            CHECK(memcmp(items, expected, sizeof(items)) == 0);
        }
    }
}

static uint8_t values[COUNT_MAX];

static int by_value(const void *of, uint32_t a, uint32_t b)
{
    const uint8_t *v = of;

    return v[a] - v[b];
}

static int by_value_and_index(const void *a, const void *b)
{
    const kess_ranked *x = a;
    const kess_ranked *y = b;
    const int order = values[x->index] - values[y->index];

    return order != 0 ? order : x->index < y->index ? -1 : 1;
}

/* What compares as equal stays in its order. */
static void test_sort_compared(void)
{
    dice d = {6};

    for (size_t i = 0; i < COUNTS; i++) {
        for (unsigned distinct = 1; distinct < 256; distinct *= 5) {
            for (size_t k = 0; k < counts[i]; k++) {
                values[k] = (uint8_t)roll_of(&d, distinct);
            }
            fill(&d, counts[i], 7);
            qsort(expected, counts[i], sizeof(expected[0]),
                  by_value_and_index);
            kess_int_sort_compared(items, spare, counts[i], by_value, values);
            CHECK(memcmp(items, expected, sizeof(items)) == 0);
        }
    }
}

static void test_run(void)
{
    static const kess_ranked some[] = {{4, 0}, {4, 9}, {5, 1}, {5, 2}, {5, 3}};

    CHECK_EQUAL(2, kess_int_rank_run(some, 5));
    CHECK_EQUAL(3, kess_int_rank_run(some + 2, 3));
    CHECK_EQUAL(1, kess_int_rank_run(some, 1));
}

int main(void)
{
    test_sort_ranked();
    test_sort_compared();
    test_run();
    return 0;
}

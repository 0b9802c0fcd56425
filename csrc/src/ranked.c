/*
 * ranked.c: sort many things by a number of 32 bits, then those with one
 * number by comparison.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "ranked.h"

#define RADIX_BITS 8
#define RADIX_SIZE (1u << RADIX_BITS)

static unsigned digit_of(kess_ranked item, unsigned shift)
{
    return item.rank >> shift & (RADIX_SIZE - 1);
}

static void radix_pass(kess_ranked *to, const kess_ranked *from, size_t count,
                       unsigned shift)
{
    size_t place[RADIX_SIZE] = {0};
    size_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        place[digit_of(from[i], shift)]++;
    }
    for (unsigned i = 0; i < RADIX_SIZE; i++) {
        const size_t here = place[i];
        place[i] = sum;
        sum += here;
    }
    for (size_t i = 0; i < count; i++) {
        to[place[digit_of(from[i], shift)]++] = from[i];
    }
}

void kess_int_sort_ranked(kess_ranked *items, kess_ranked *spare, size_t count)
{
    for (unsigned shift = 0; shift < 32; shift += 2 * RADIX_BITS) {
        radix_pass(spare, items, count, shift);
        radix_pass(items, spare, count, shift + RADIX_BITS);
    }
}

static void merge(kess_ranked *to, const kess_ranked *from, size_t middle,
                  size_t count, kess_compare compare, const void *of)
{
    size_t a = 0;
    size_t b = middle;
    for (size_t i = 0; i < count; i++) {
        const int take_a =
            b >= count ||
            (a < middle && compare(of, from[a].index, from[b].index) <= 0);
        to[i] = from[take_a ? a++ : b++];
    }
}

void kess_int_sort_compared(kess_ranked *items, kess_ranked *spare,
                            size_t count, kess_compare compare, const void *of)
{
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t at = 0; at < count; at += 2 * width) {
            const size_t left = count - at;
            const size_t both = left < 2 * width ? left : 2 * width;
            const size_t middle = left < width ? left : width;
            merge(spare + at, items + at, middle, both, compare, of);
        }
        memcpy(items, spare, count * sizeof *items);
    }
}

size_t kess_int_rank_run(const kess_ranked *items, size_t count)
{
    size_t i = 1;
    while (i < count && items[i].rank == items[0].rank) {
        i++;
    }
    return i;
}

/*
 * ranked.h: sort many things by a number of 32 bits, then those with one
 * number by comparison.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KESS_RANKED_H
#define KESS_RANKED_H

#include <stddef.h>
#include <stdint.h>

typedef struct kess_ranked {
    uint32_t rank;
    uint32_t index;
} kess_ranked;

/* Below 0, 0 or above 0, as for qsort. */
typedef int (*kess_compare)(const void *of, uint32_t a, uint32_t b);

/* By rank, in time linear in count, stable. The spare is as long. */
void kess_int_sort_ranked(kess_ranked *items, kess_ranked *spare,
                          size_t count);
/* By comparison of their index alone: n log n comparisons at most, stable. */
void kess_int_sort_compared(kess_ranked *items, kess_ranked *spare,
                            size_t count, kess_compare compare,
                            const void *of);
/* How many from the first on have its rank. */
size_t kess_int_rank_run(const kess_ranked *items, size_t count);

#endif

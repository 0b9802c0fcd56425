/*
 * ksort.h: what the files of the top-level order share.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KESS_KSORT_H
#define KESS_KSORT_H

#include "internal.h"

/* How ksort compares a key. */
typedef enum kess_sort_class {
    KESS_TEXT,
    KESS_INTEGER_KEY,
    KESS_INTEGER_TEXT,
    KESS_REAL_TEXT
} kess_sort_class;

typedef enum kess_prefix {
    KESS_PREFIX_NONE,
    KESS_PREFIX_INTEGER,
    KESS_PREFIX_REAL
} kess_prefix;

typedef struct kess_sort_key {
    const uint8_t *text;
    size_t len;
    uint64_t head;   /* the first eight bytes, to compare quickly */
    int64_t integer; /* value of the key or of its numeric prefix */
    double real;
    kess_sort_class class;
    kess_prefix prefix;
    int overflow; /* -1, 0, 1: an integer part of too many digits */
} kess_sort_key;

typedef struct kess_sorter {
    kess_sort_key *keys;
    uint32_t *order;
    uint32_t *spare;
    uint32_t profile;
} kess_sorter;

#define KESS_BEFORE_8_2 (KESS_PROFILE_KSORT_PHP_8_0 | KESS_PROFILE_KSORT_PHP_7)

/* Find the class of text and len under a profile (sortkey.c). */
void kess_int_classify(kess_sort_key *key, uint32_t profile);
/* Whether the key at place i belongs behind the one at place j. */
int kess_int_after(const kess_sorter *s, size_t i, size_t j);
/* Sort a few entries whose names hold no escape and begin behind '9'. Returns
 * 0, and leaves them alone, where one name is different (plainsort.c). */
int kess_int_plain_sort(kess_entry *entries, size_t count,
                        const uint8_t *scratch);
/* Whether there is nothing but integer keys, or nothing but keys that compare
 * as text and hold no escape; then they can be sorted in little memory. At
 * least one (ranksort.c). */
int kess_int_is_rankable(const kess_entry *entries, size_t count,
                         const uint8_t *scratch, uint32_t profile);
kess_status kess_int_rank_sort(kess_entry *entries, size_t count,
                               const uint8_t *scratch);
/* PHP's own algorithm, for places 0 to count (zendsort.c). */
void kess_int_zend_sort(kess_sorter *s, size_t count);

#endif

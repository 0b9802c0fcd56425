/*
 * ksort.c: the order PHP's ksort gives the top level.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The comparison (SORT_REGULAR) is not a total order where numeric strings
 * meet other keys: 2 < 10 by value, 10 < "1a" and "1a" < 2 by text. There the
 * result depends on the algorithm, so the algorithm of PHP's zend_sort is
 * followed move by move. Key sets whose order is consistent, which is every
 * honest one, give the same result with any stable sort.
 */
#include <stdlib.h>
#include <string.h>

#include "ksort.h"

/* ------------------------------------------------------------ consistency */

#define EXACT_INTEGER (INT64_C(1) << 53)

static int is_exact(int64_t integer)
{
    return integer >= -EXACT_INTEGER && integer <= EXACT_INTEGER;
}

/*
 * Whether the comparison is an order on these keys, ties going by position.
 * It is where at most one key is numeric. (It is too where all are integer
 * keys; those are sorted by ranksort.c.) In PHP 8.2 and later it is also where
 * every other key is empty or starts behind '9' and every number is exact as a
 * double, so that all compare by true value.
 */
static int is_consistent(const kess_sorter *s, size_t count)
{
    size_t integers = 0;
    size_t numbers = 0;
    int mixes = (s->profile & KESS_BEFORE_8_2) == 0;
    for (size_t i = 0; i < count; i++) {
        const kess_sort_key *key = &s->keys[i];
        switch (key->class) {
        case KESS_TEXT:
            mixes &= key->len == 0 || key->text[0] > '9';
            break;
        case KESS_INTEGER_KEY:
            integers++;
            mixes &= is_exact(key->integer);
            break;
        case KESS_INTEGER_TEXT:
            numbers++;
            mixes &= is_exact(key->integer);
            break;
        case KESS_REAL_TEXT:
            numbers++;
            mixes &= key->overflow == 0 && key->real - key->real == 0.;
            break;
        }
    }
    return (integers == 0 && numbers <= 1) || mixes;
}

static void merge(kess_sorter *s, size_t at, size_t middle, size_t end)
{
    size_t a = at;
    size_t b = middle;
    for (size_t i = at; i < end; i++) {
        const int take_a =
            b == end || (a < middle && !kess_int_after(s, a, b));
        s->spare[i] = s->order[take_a ? a++ : b++];
    }
    memcpy(&s->order[at], &s->spare[at], (end - at) * sizeof *s->order);
}

/* Stable. */
static void merge_sort(kess_sorter *s, size_t count)
{
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t at = 0; count - at > width;) {
            const size_t middle = at + width;
            const size_t stop =
                count - middle < width ? count : middle + width;
            if (kess_int_after(s, middle - 1, middle)) {
                merge(s, at, middle, stop);
            }
            at = stop;
        }
    }
}

/* ------------------------------------------------------------ entries */

static void sort_keys(kess_sorter *s, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        s->order[i] = (uint32_t)i;
    }
    if (count <= 16 || !is_consistent(s, count)) {
        kess_int_zend_sort(s, count);
    } else {
        merge_sort(s, count);
    }
}

/* The bytes of the keys: in the scratch text, or unescaped into names. */
static void read_names(kess_sort_key *keys, const kess_entry *entries,
                       size_t count, const uint8_t *scratch, uint8_t *names,
                       uint32_t profile)
{
    for (size_t i = 0; i < count; i++) {
        const uint8_t *text = kess_int_name(scratch, entries[i].member);
        const size_t len = kess_int_name_len(scratch, entries[i].member);
        keys[i].text = text;
        keys[i].len = len;
        if (names != NULL && memchr(text, '\\', len) != NULL) {
            keys[i].text = names;
            keys[i].len = kess_int_unescape(names, text, len);
            names += keys[i].len;
        }
        kess_int_classify(&keys[i], profile);
    }
}

/* How much room the unescaped names need. */
static size_t names_len(const kess_entry *entries, size_t count,
                        const uint8_t *scratch)
{
    size_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *text = kess_int_name(scratch, entries[i].member);
        const size_t len = kess_int_name_len(scratch, entries[i].member);
        sum += memchr(text, '\\', len) != NULL ? len : 0;
    }
    return sum;
}

/* Put entries[order[i]] at place i; the order is used up. */
static void apply_order(kess_entry *entries, uint32_t *order, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const kess_entry held = entries[i];
        size_t at = i;
        if (order[i] == i) {
            continue;
        }
        for (;;) {
            const size_t from = order[at];
            order[at] = (uint32_t)at;
            if (from == i) {
                entries[at] = held;
                break;
            }
            entries[at] = entries[from];
            at = from;
        }
    }
}

static kess_status sort_entries(kess_entry *entries, size_t count,
                                const uint8_t *scratch, uint8_t *names,
                                uint32_t profile)
{
    kess_sort_key small_keys[KESS_SMALL_ENTRIES];
    uint32_t small_order[KESS_SMALL_ENTRIES];
    kess_sorter s = {small_keys, small_order, NULL, profile};
    if (count <= KESS_SMALL_ENTRIES) {
        read_names(s.keys, entries, count, scratch, names, profile);
        sort_keys(&s, count);
        apply_order(entries, s.order, count);
        return KESS_OK;
    }
    if (count >= UINT32_MAX || count > SIZE_MAX / sizeof *s.keys) {
        return KESS_ERR_LENGTH;
    }
    s.keys = KESS_MALLOC(count * sizeof *s.keys);
    s.order = KESS_MALLOC(2 * count * sizeof *s.order);
    const int done = s.keys != NULL && s.order != NULL;
    if (done) {
        s.spare = s.order + count;
        read_names(s.keys, entries, count, scratch, names, profile);
        sort_keys(&s, count);
        apply_order(entries, s.order, count);
    }
    KESS_FREE(s.keys);
    KESS_FREE(s.order);
    return done ? KESS_OK : KESS_ERR_MEMORY;
}

kess_status kess_int_ksort(kess_entry *entries, size_t count,
                           const uint8_t *scratch, uint32_t profile)
{
    if (count > KESS_SMALL_ENTRIES) {
        if (kess_int_is_rankable(entries, count, scratch, profile)) {
            return kess_int_rank_sort(entries, count, scratch);
        }
    } else if (kess_int_plain_sort(entries, count, scratch)) {
        return KESS_OK;
    }
    const size_t len = names_len(entries, count, scratch);
    if (len == 0) {
        return sort_entries(entries, count, scratch, NULL, profile);
    }
    uint8_t *names = KESS_MALLOC(len);
    if (names == NULL) {
        return KESS_ERR_MEMORY;
    }
    const kess_status status =
        sort_entries(entries, count, scratch, names, profile);
    KESS_FREE(names);
    return status;
}

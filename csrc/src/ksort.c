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
 * It is where at most one key is numeric, or all are integer keys. In PHP 8.2
 * and later it is also where every other key is empty or starts behind '9'
 * and every number is exact as a double, so that all compare by true value.
 */
static int is_consistent(const kess_sorter *s, size_t count)
{
    size_t integers = 0;
    size_t numbers = 0;
    int mixes = (s->profile & KESS_BEFORE_8_2) == 0;
    for (size_t i = 0; i < count; i++) {
        const kess_sort_key *key = &s->keys[i];
        switch (key->kind) {
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
    return (integers == 0 && numbers <= 1) || integers == count || mixes;
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

/* Sort the places [begin, end), stable. */
static void merge_sort(kess_sorter *s, size_t begin, size_t end)
{
    for (size_t width = 1; width < end - begin; width *= 2) {
        for (size_t at = begin; end - at > width; at += 2 * width) {
            const size_t middle = at + width;
            const size_t stop = end - middle < width ? end : middle + width;
            if (kess_int_after(s, middle - 1, middle)) {
                merge(s, at, middle, stop);
            }
            if (stop == end) {
                break;
            }
        }
    }
}

/* ------------------------------------------------------------ ranks */

/* A key by a number that rises with its order, or at least never falls. */
typedef struct ranked {
    uint64_t rank;
    uint32_t index;
} ranked;

static void rank_pass(ranked *to, const ranked *from, size_t count,
                      unsigned shift)
{
    size_t place[256] = {0};
    size_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        place[from[i].rank >> shift & 255u]++;
    }
    for (int i = 0; i < 256; i++) {
        const size_t here = place[i];
        place[i] = sum;
        sum += here;
    }
    for (size_t i = 0; i < count; i++) {
        to[place[from[i].rank >> shift & 255u]++] = from[i];
    }
}

/* Sort by rank alone, in time linear in count. Bytes that are the same in all
 * ranks need no pass. */
static void sort_ranks(ranked *items, ranked *spare, size_t count)
{
    uint64_t differing = 0;
    ranked *from = items;
    ranked *to = spare;
    for (size_t i = 1; i < count; i++) {
        differing |= items[i].rank ^ items[0].rank;
    }
    for (unsigned shift = 0; shift < 64; shift += 8) {
        if ((differing >> shift & 255u) == 0) {
            continue;
        }
        rank_pass(to, from, count, shift);
        ranked *held = from;
        from = to;
        to = held;
    }
    if (from != items) {
        memcpy(items, from, count * sizeof *items);
    }
}

/* Only integer keys, or only keys that compare as text. */
static int are_rankable(const kess_sorter *s, size_t count)
{
    size_t integers = 0;
    size_t texts = 0;
    for (size_t i = 0; i < count; i++) {
        integers += s->keys[i].kind == KESS_INTEGER_KEY;
        texts += s->keys[i].kind == KESS_TEXT;
    }
    return integers == count || texts == count;
}

static kess_status ranked_sort(kess_sorter *s, size_t count)
{
    const uint64_t top_bit = UINT64_C(1) << 63;
    ranked *items;
    if (count > SIZE_MAX / (2 * sizeof *items)) {
        return KESS_ERR_LENGTH;
    }
    items = KESS_MALLOC(2 * count * sizeof *items);
    if (items == NULL) {
        return KESS_ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        const kess_sort_key *key = &s->keys[i];
        items[i].rank = key->kind == KESS_INTEGER_KEY
                            ? (uint64_t)key->integer ^ top_bit
                            : key->head;
        items[i].index = (uint32_t)i;
    }
    sort_ranks(items, items + count, count);
    for (size_t i = 0; i < count; i++) {
        s->order[i] = items[i].index;
    }
    for (size_t at = 0; at < count;) {
        size_t next = at + 1;
        while (next < count && items[next].rank == items[at].rank) {
            next++;
        }
        merge_sort(s, at, next);
        at = next;
    }
    KESS_FREE(items);
    return KESS_OK;
}

/* ------------------------------------------------------------ entries */

static kess_status sort_keys(kess_sorter *s, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        s->order[i] = (uint32_t)i;
    }
    if (count <= 16 || !is_consistent(s, count)) {
        kess_int_zend_sort(s, count);
        return KESS_OK;
    }
    if (are_rankable(s, count)) {
        return ranked_sort(s, count);
    }
    merge_sort(s, 0, count);
    return KESS_OK;
}

/* The bytes of the keys: in the scratch text, or unescaped into names. */
static void read_names(kess_sort_key *keys, const kess_entry *entries,
                       size_t count, const uint8_t *scratch, uint8_t *names,
                       uint32_t profile)
{
    for (size_t i = 0; i < count; i++) {
        const uint8_t *text = scratch + entries[i].key + 1;
        keys[i].text = text;
        keys[i].len = entries[i].name_len;
        if (names != NULL && memchr(text, '\\', keys[i].len) != NULL) {
            keys[i].text = names;
            keys[i].len = kess_int_unescape(names, text, entries[i].name_len);
            names += keys[i].len;
        }
        kess_int_classify(&keys[i], profile);
    }
}

/* How much room the unescaped names need. */
static size_t names_len(const kess_entry *entries, size_t count,
                        const uint8_t *scratch)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *text = scratch + entries[i].key + 1;
        if (memchr(text, '\\', entries[i].name_len) != NULL) {
            len += entries[i].name_len;
        }
    }
    return len;
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
    kess_status status = KESS_ERR_MEMORY;
    if (count <= KESS_SMALL_ENTRIES) {
        read_names(s.keys, entries, count, scratch, names, profile);
        status = sort_keys(&s, count);
        apply_order(entries, s.order, count);
        return status;
    }
    if (count >= UINT32_MAX || count > SIZE_MAX / sizeof *s.keys) {
        return KESS_ERR_LENGTH;
    }
    s.keys = KESS_MALLOC(count * sizeof *s.keys);
    s.order = KESS_MALLOC(2 * count * sizeof *s.order);
    if (s.keys != NULL && s.order != NULL) {
        s.spare = s.order + count;
        read_names(s.keys, entries, count, scratch, names, profile);
        status = sort_keys(&s, count);
    }
    if (status == KESS_OK) {
        apply_order(entries, s.order, count);
    }
    KESS_FREE(s.keys);
    KESS_FREE(s.order);
    return status;
}

kess_status kess_int_ksort(kess_entry *entries, size_t count,
                           const uint8_t *scratch, uint32_t profile)
{
    if (kess_int_plain_sort(entries, count, scratch)) {
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

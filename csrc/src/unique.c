/*
 * unique.c: find the members of an object that have the same key.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Canonical key texts are compared: the escapes are canonical too, so they
 * are equal exactly where the keys are, and "0" is the integer key 0.
 *
 * A few members are compared directly. Many go through a hash table, which is
 * given up when the keys collide more than chance would have it: then they are
 * sorted by the hash and by length and bytes, n log n comparisons whatever the
 * keys are.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "ranked.h"

#define FEW 32

typedef struct keys {
    const uint8_t *scratch;
    const kess_member *members;
} keys;

static int compare_keys(const keys *k, size_t a, size_t b)
{
    const kess_member ma = k->members[a];
    const kess_member mb = k->members[b];
    const size_t len_a = kess_int_name_len(k->scratch, ma);
    const size_t len_b = kess_int_name_len(k->scratch, mb);
    if (len_a != len_b) {
        return len_a < len_b ? -1 : 1;
    }
    return memcmp(kess_int_name(k->scratch, ma), kess_int_name(k->scratch, mb),
                  len_a);
}

static int compare_of(const void *of, uint32_t a, uint32_t b)
{
    return compare_keys(of, a, b);
}

/* Whether one of the first count keys equals key number count. */
static int is_among(const keys *k, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (compare_keys(k, i, count) == 0) {
            return 1;
        }
    }
    return 0;
}

static uint64_t load_4(const uint8_t *bytes)
{
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

/*
 * One of 64 bits by the first three and the last two bytes (or two farther on
 * in a long key), which the keys of one object seldom share. Of the empty key
 * bytes are read that are not its own.
 */
static int any_equal_of_few(const keys *k, size_t count)
{
    uint64_t seen = 0;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *name = kess_int_name(k->scratch, k->members[i]);
        const size_t len = kess_int_stated_len(k->members[i]);
        const uint64_t ends = load_4(name - 1) | load_4(name + len - 2) << 32;
        const uint64_t bit = UINT64_C(1)
                             << (ends * UINT64_C(0x9e3779b97f4a7c15) >> 58);
        if (((seen & bit) != 0 || len == 0) && is_among(k, i)) {
            return 1;
        }
        seen |= bit;
    }
    return 0;
}

/* Negative: ascending, so no key occurs twice; 0: two neighbours are equal;
 * positive: not known. */
static int order_of_neighbours(const keys *k, size_t count)
{
    int order = -1;
    for (size_t i = 1; i < count && order < 0; i++) {
        order = compare_keys(k, i - 1, i);
    }
    return order;
}

static uint32_t hash_bytes(const uint8_t *text, size_t len)
{
    uint64_t hash = len * UINT64_C(0x9e3779b97f4a7c15);
    while (len >= 8) {
        uint64_t word;
        memcpy(&word, text, 8);
        hash = (hash ^ word) * UINT64_C(0xff51afd7ed558ccd);
        hash ^= hash >> 32;
        text += 8;
        len -= 8;
    }
    for (; len > 0; len--) {
        hash = (hash ^ *text++) * UINT64_C(0x100000001b3);
    }
    hash ^= hash >> 29;
    hash *= UINT64_C(0xc4ceb9fe1a85ec53);
    return (uint32_t)(hash >> 32);
}

static uint32_t hash_of(const keys *k, size_t i)
{
    return hash_bytes(kess_int_name(k->scratch, k->members[i]),
                      kess_int_name_len(k->scratch, k->members[i]));
}

/* Stable: items of one hash stay in the order of their index. */
static void sort_by_hash(const keys *k, kess_ranked *items, kess_ranked *spare,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        items[i].rank = hash_of(k, i);
        items[i].index = (uint32_t)i;
    }
    kess_int_sort_ranked(items, spare, count);
}

/* How many items from the first on have its key. */
static size_t equal_run(const keys *k, const kess_ranked *items, size_t count)
{
    size_t i = 1;
    while (i < count && compare_keys(k, items[0].index, items[i].index) == 0) {
        i++;
    }
    return i;
}

/* Items with one key, in the order of their index. */
static void note_run(const kess_ranked *items, size_t count, uint32_t *last)
{
    const uint32_t first = items[0].index;
    last[first] = items[count - 1].index;
    for (size_t i = 1; i < count; i++) {
        last[items[i].index] = KESS_DROPPED;
    }
}

/* Items with one hash; returns whether two have the same key. */
static int note_hash(const keys *k, kess_ranked *items, kess_ranked *spare,
                     size_t count, uint32_t *last)
{
    size_t run = equal_run(k, items, count);
    int any = 0;
    if (run < count) {
        kess_int_sort_compared(items, spare, count, compare_of, k);
        run = equal_run(k, items, count);
    }
    for (size_t at = 0; at < count; at += run) {
        run = at == 0 ? run : equal_run(k, items + at, count - at);
        note_run(items + at, run, last);
        any |= run > 1;
    }
    return any;
}

/* Fill last from items sorted by hash; returns whether any key occurs
 * twice. */
static int fill_sorted(const keys *k, kess_ranked *items, kess_ranked *spare,
                       size_t count, uint32_t *last)
{
    int any = 0;
    for (size_t at = 0; at < count;) {
        const size_t run = kess_int_rank_run(items + at, count - at);
        any |= note_hash(k, items + at, spare, run, last);
        at += run;
    }
    return any;
}

/* ------------------------------------------------------------ hash table */

#define EMPTY UINT32_MAX
/* Steps per key beyond which the keys are no accident. */
#define STEPS 8

typedef struct table {
    kess_ranked *slots;
    size_t count;
    size_t steps; /* that may still be made */
} table;

/* The slot of a key, or the empty one where it belongs; NULL after too many
 * steps. */
static kess_ranked *find_slot(table *t, const keys *k, size_t index,
                              uint32_t hash)
{
    size_t at = (size_t)(((uint64_t)hash * t->count) >> 32);
    for (;; at = at + 1 < t->count ? at + 1 : 0) {
        kess_ranked *slot = &t->slots[at];
        if (slot->index == EMPTY ||
            (slot->rank == hash && compare_keys(k, slot->index, index) == 0)) {
            return slot;
        }
        if (t->steps-- == 0) {
            return NULL;
        }
    }
}

/* Fill last in one pass. Returns whether any key occurs twice, or -1 where
 * the table was given up. */
static int fill_by_table(table *t, const keys *k, size_t count,
                         uint32_t *last)
{
    int any = 0;
    for (size_t i = 0; i < count; i++) {
        const uint32_t hash = hash_of(k, i);
        kess_ranked *slot = find_slot(t, k, i, hash);
        if (slot == NULL) {
            return -1;
        }
        last[i] = (uint32_t)i;
        if (slot->index == EMPTY) {
            slot->rank = hash;
            slot->index = (uint32_t)i;
            continue;
        }
        last[slot->index] = (uint32_t)i;
        last[i] = KESS_DROPPED;
        any = 1;
    }
    return any;
}

/* Fill last; returns whether any key occurs twice. There are twice as many
 * slots as keys: half of them stay empty, and sorting
 * needs no more. */
static int fill(const keys *k, size_t count, kess_ranked *slots,
                uint32_t *last)
{
    table t = {slots, 2 * count, STEPS * count};
    memset(slots, 0xff, t.count * sizeof *slots);
    const int any = fill_by_table(&t, k, count, last);
    if (any >= 0) {
        return any;
    }
    sort_by_hash(k, slots, slots + count, count);
    return fill_sorted(k, slots, slots + count, count, last);
}

kess_status kess_int_find_equal(const uint8_t *scratch,
                                const kess_member *members, size_t count,
                                uint32_t **last)
{
    const keys k = {scratch, members};
    *last = NULL;
    if (count <= FEW ? !any_equal_of_few(&k, count)
                     : order_of_neighbours(&k, count) < 0) {
        return KESS_OK;
    }
    if (count >= KESS_DROPPED ||
        count > SIZE_MAX / (4 * sizeof(kess_ranked))) {
        return KESS_ERR_LENGTH;
    }
    kess_ranked *slots = KESS_MALLOC(2 * count * sizeof *slots);
    uint32_t *found = KESS_MALLOC(count * sizeof *found);
    const int done = slots != NULL && found != NULL;
    if (done && fill(&k, count, slots, found)) {
        *last = found;
        found = NULL;
    }
    KESS_FREE(slots);
    KESS_FREE(found);
    return done ? KESS_OK : KESS_ERR_MEMORY;
}

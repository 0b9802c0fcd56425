/*
 * ranksort.c: the order of many keys that are all of one class.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Integer keys compare by value, and keys that are no numbers by their bytes.
 * So each gets a rank of 32 bits, which rises with the order or at least never
 * falls; the ranks are sorted in time linear in their number, and only keys
 * with one rank are compared. Eight bytes for a key and as many again are all
 * the memory this takes. Other sets of keys are left to ksort.c.
 */
#include <stdlib.h>
#include <string.h>

#include "ksort.h"
#include "ranked.h"

typedef struct ranking {
    const kess_entry *entries;
    const uint8_t *scratch;
    int are_integers;
    size_t skip;    /* bytes with which all texts begin */
    unsigned shift; /* bits of integers below those of the rank */
} ranking;

static kess_sort_class class_of(const kess_entry *entry,
                                const uint8_t *scratch, uint32_t profile)
{
    kess_sort_key key;
    key.text = kess_int_name(scratch, entry->member);
    key.len = kess_int_name_len(scratch, entry->member);
    if (key.len == 0 || key.text[0] > '9') {
        return KESS_TEXT;
    }
    kess_int_classify(&key, profile);
    return key.class;
}

int kess_int_is_rankable(const kess_entry *entries, size_t count,
                         const uint8_t *scratch, uint32_t profile)
{
    const kess_sort_class class = class_of(&entries[0], scratch, profile);
    if (class != KESS_TEXT && class != KESS_INTEGER_KEY) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        const kess_member member = entries[i].member;
        if (memchr(kess_int_name(scratch, member), '\\',
                   kess_int_name_len(scratch, member)) != NULL ||
            class_of(&entries[i], scratch, profile) != class) {
            return 0;
        }
    }
    return 1;
}

/* ------------------------------------------------------------ ranks */

/* An integer key, as a number that rises with it. */
static uint64_t lifted(const ranking *r, size_t i)
{
    int64_t value = 0;
    (void)kess_int_integer_key(
        kess_int_name(r->scratch, r->entries[i].member),
        kess_int_name_len(r->scratch, r->entries[i].member), &value);
    return (uint64_t)value ^ UINT64_C(1) << 63;
}

/* How many bytes all names have in common at their start. */
static size_t common_start(const ranking *r, size_t count)
{
    const uint8_t *first = kess_int_name(r->scratch, r->entries[0].member);
    size_t common = kess_int_name_len(r->scratch, r->entries[0].member);
    for (size_t i = 1; i < count; i++) {
        const kess_member member = r->entries[i].member;
        const uint8_t *name = kess_int_name(r->scratch, member);
        const size_t len = kess_int_name_len(r->scratch, member);
        size_t same = 0;
        while (same < common && same < len && name[same] == first[same]) {
            same++;
        }
        common = same;
    }
    return common;
}

/* The number of bits that are the same in no rank. */
static unsigned differing_bits(const ranking *r, size_t count)
{
    const uint64_t first = lifted(r, 0);
    uint64_t differing = 0;
    unsigned bits = 0;
    for (size_t i = 1; i < count; i++) {
        differing |= lifted(r, i) ^ first;
    }
    for (; differing != 0; differing >>= 1) {
        bits++;
    }
    return bits;
}

static uint32_t rank_of(const ranking *r, size_t i)
{
    if (r->are_integers) {
        return (uint32_t)(lifted(r, i) >> r->shift);
    }
    const uint8_t *name = kess_int_name(r->scratch, r->entries[i].member);
    const size_t len = kess_int_name_len(r->scratch, r->entries[i].member);
    uint32_t rank = 0;
    for (size_t at = r->skip; at < r->skip + 4; at++) {
        rank = rank << 8 | (at < len ? name[at] : 0u);
    }
    return rank;
}

static int compare(const void *of, uint32_t a, uint32_t b)
{
    const ranking *r = of;
    if (r->are_integers) {
        return lifted(r, a) < lifted(r, b) ? -1 : 1;
    }
    const kess_member ma = r->entries[a].member;
    const kess_member mb = r->entries[b].member;
    const size_t len_a = kess_int_name_len(r->scratch, ma);
    const size_t len_b = kess_int_name_len(r->scratch, mb);
    const int order =
        memcmp(kess_int_name(r->scratch, ma), kess_int_name(r->scratch, mb),
               len_a < len_b ? len_a : len_b);
    /* No two names are equal. */
    return order != 0 ? order : len_a < len_b ? -1 : 1;
}

/* ------------------------------------------------------------ entries */

/* Put entries[items[i].index] at place i; the items are used up. */
static void apply_ranks(kess_entry *entries, kess_ranked *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const kess_entry held = entries[i];
        size_t at = i;
        while (items[at].index != i) {
            const size_t from = items[at].index;
            entries[at] = entries[from];
            items[at].index = (uint32_t)at;
            at = from;
        }
        entries[at] = held;
        items[at].index = (uint32_t)at;
    }
}

static void sort_items(const ranking *r, kess_ranked *items,
                       kess_ranked *spare, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        items[i].rank = rank_of(r, i);
        items[i].index = (uint32_t)i;
    }
    kess_int_sort_ranked(items, spare, count);
    for (size_t at = 0; at < count;) {
        const size_t run = kess_int_rank_run(items + at, count - at);
        kess_int_sort_compared(items + at, spare, run, compare, r);
        at += run;
    }
}

kess_status kess_int_rank_sort(kess_entry *entries, size_t count,
                               const uint8_t *scratch)
{
    ranking r = {entries, scratch, 0, 0, 0};
    int64_t value;
    if (count >= UINT32_MAX || count > SIZE_MAX / (2 * sizeof(kess_ranked))) {
        return KESS_ERR_LENGTH;
    }
    kess_ranked *items = KESS_MALLOC(2 * count * sizeof *items);
    if (items == NULL) {
        return KESS_ERR_MEMORY;
    }
    r.are_integers = kess_int_integer_key(
        kess_int_name(scratch, entries[0].member),
        kess_int_name_len(scratch, entries[0].member), &value);
    if (r.are_integers) {
        const unsigned bits = differing_bits(&r, count);
        r.shift = bits > 32 ? bits - 32 : 0;
    } else {
        r.skip = common_start(&r, count);
    }
    sort_items(&r, items, items + count, count);
    apply_ranks(entries, items, count);
    KESS_FREE(items);
    return KESS_OK;
}

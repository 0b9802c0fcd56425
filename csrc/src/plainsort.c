/*
 * plainsort.c: the order of keys that compare byte by byte.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Keys that begin behind '9' are no numbers, so ksort orders them by their
 * bytes, under every profile. All keys of the API are of this kind. Where
 * this file returns 0, ksort.c sorts the keys the general way.
 */
#include <string.h>

#include "ksort.h"

/* The first eight bytes as a number, zeros standing for those behind the end.
 * A key is never the end of the scratch text, so eight bytes can be read. */
static uint64_t head_unchecked(const uint8_t *text, size_t len)
{
    const uint64_t head = (uint64_t)text[0] << 56 | (uint64_t)text[1] << 48 |
                          (uint64_t)text[2] << 40 | (uint64_t)text[3] << 32 |
                          (uint64_t)text[4] << 24 | (uint64_t)text[5] << 16 |
                          (uint64_t)text[6] << 8 | (uint64_t)text[7];
    return len < 8 ? head & ~(UINT64_MAX >> 8 * len) : head;
}

/* Escapes would have to be undone before names can be compared. */
static int has_escape(uint64_t head, const uint8_t *text, size_t len)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t zeros = head ^ ones * '\\';
    return ((zeros - ones) & ~zeros & ones << 7) != 0 ||
           (len > 8 && memchr(text + 8, '\\', len - 8) != NULL);
}

/* The heads of a few names, if all begin behind '9' and hold no escape. */
static int read_heads(uint64_t *heads, const kess_entry *entries,
                      size_t count, const uint8_t *scratch)
{
    for (size_t i = 0; i < count; i++) {
        const uint8_t *name = kess_int_name(scratch, entries[i].member);
        const size_t len = kess_int_name_len(scratch, entries[i].member);
        /* An empty name shows its closing quote, which is before '9'. */
        if (*name <= '9') {
            return 0;
        }
        heads[i] = head_unchecked(name, len);
        if (has_escape(heads[i], name, len)) {
            return 0;
        }
    }
    return 1;
}

/* Whether entry a, whose head is the same, comes before b. */
static int rest_comes_before(kess_member a, kess_member b,
                             const uint8_t *scratch)
{
    const size_t len_a = kess_int_name_len(scratch, a);
    const size_t len_b = kess_int_name_len(scratch, b);
    const size_t len = len_a < len_b ? len_a : len_b;
    const int order =
        memcmp(kess_int_name(scratch, a), kess_int_name(scratch, b), len);
    return order != 0 ? order < 0 : len_a < len_b;
}

/* Place entry number i among those before it, which are in order. */
static void insert(kess_entry *entries, uint64_t *heads, size_t i,
                   const uint8_t *scratch)
{
    const kess_entry entry = entries[i];
    const uint64_t head = heads[i];
    while (i > 0 && (head < heads[i - 1] ||
                     (head == heads[i - 1] &&
                      rest_comes_before(entry.member, entries[i - 1].member,
                                        scratch)))) {
        heads[i] = heads[i - 1];
        entries[i] = entries[i - 1];
        i--;
    }
    heads[i] = head;
    entries[i] = entry;
}

int kess_int_plain_sort(kess_entry *entries, size_t count,
                        const uint8_t *scratch)
{
    uint64_t heads[KESS_SMALL_ENTRIES];
    if (count > KESS_SMALL_ENTRIES ||
        !read_heads(heads, entries, count, scratch)) {
        return 0;
    }
    for (size_t i = 1; i < count; i++) {
        insert(entries, heads, i, scratch);
    }
    return 1;
}

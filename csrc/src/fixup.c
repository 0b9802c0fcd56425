/*
 * fixup.c: write a range of the scratch text as it is meant to be.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "internal.h"

/* ------------------------------------------------------------ order */

/* A replaced range comes before whatever lies within it. */
static int comes_before(const kess_fixup *a, const kess_fixup *b)
{
    if (a->begin != b->begin) {
        return a->begin < b->begin;
    }
    if (a->end != b->end) {
        return a->end > b->end;
    }
    return a->source_end != KESS_NONE && b->source_end == KESS_NONE;
}

static void sift_down(kess_fixup *heap, size_t root, size_t count)
{
    const kess_fixup value = heap[root];
    for (;;) {
        size_t child = 2 * root + 1;
        if (child >= count) {
            break;
        }
        if (child + 1 < count &&
            comes_before(&heap[child], &heap[child + 1])) {
            child++;
        }
        if (!comes_before(&value, &heap[child])) {
            break;
        }
        heap[root] = heap[child];
        root = child;
    }
    heap[root] = value;
}

void kess_int_sort_fixups(kess_fixup *fixups, size_t count)
{
    size_t i = 1;
    while (i < count && !comes_before(&fixups[i], &fixups[i - 1])) {
        i++;
    }
    if (i >= count) {
        return;
    }
    for (i = count / 2; i-- > 0;) {
        sift_down(fixups, i, count);
    }
    for (i = count; i-- > 1;) {
        const kess_fixup greatest = fixups[0];
        fixups[0] = fixups[i];
        fixups[i] = greatest;
        sift_down(fixups, 0, i);
    }
}

/* The first fixup that begins at or behind a place. */
static size_t find_fixup(const kess_document *doc, size_t begin)
{
    size_t low = 0;
    size_t high = doc->fixup_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (doc->fixups[middle].begin < begin) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* ------------------------------------------------------------ writing */

static size_t copy(const kess_document *doc, uint8_t *out, size_t len,
                   size_t begin, size_t end)
{
    if (out != NULL) {
        memcpy(out + len, doc->scratch + begin, end - begin);
    }
    return len + (end - begin);
}

typedef struct range {
    size_t begin;
    size_t end;
} range;

size_t kess_int_repair(const kess_document *doc, uint8_t *out, size_t begin,
                       size_t end, uint64_t *infinite)
{
    /* A replacement lies in a deeper container than what it replaces, so
     * there are no more of them open than containers. */
    range waiting[KESS_DEPTH_ENCODE];
    size_t depth = 0;
    size_t len = 0;
    size_t next;
    range now = {begin, end};
    if (doc->fixup_count == 0) {
        return copy(doc, out, 0, begin, end);
    }
    next = find_fixup(doc, now.begin);
    for (;;) {
        const kess_fixup *fixup =
            next < doc->fixup_count ? &doc->fixups[next] : NULL;
        if (fixup == NULL || fixup->begin >= now.end) {
            len = copy(doc, out, len, now.begin, now.end);
            if (depth == 0) {
                return len;
            }
            now = waiting[--depth];
            next = find_fixup(doc, now.begin);
            continue;
        }
        len = copy(doc, out, len, now.begin, fixup->begin);
        now.begin = fixup->end;
        if (fixup->source_end == KESS_NONE) {
            if (fixup->source < *infinite) {
                *infinite = fixup->source;
            }
            next++;
        } else if (fixup->source == fixup->source_end) {
            next = find_fixup(doc, now.begin);
        } else {
            waiting[depth++] = now;
            now.begin = fixup->source;
            now.end = fixup->source_end;
            next = find_fixup(doc, now.begin);
        }
    }
}

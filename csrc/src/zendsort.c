/*
 * zendsort.c: PHP's zend_sort, move by move.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 *
 * Where the comparison is no order the result depends on the algorithm: an
 * insertion sort up to 16 elements, else a quick sort with a median of three
 * or five.
 */
#include <string.h>

#include "ksort.h"

static void swap(kess_sorter *s, size_t i, size_t j)
{
    const uint32_t held = s->order[i];
    s->order[i] = s->order[j];
    s->order[j] = held;
}

static void sort_3(kess_sorter *s, size_t a, size_t b, size_t c)
{
    if (!kess_int_after(s, a, b)) {
        if (!kess_int_after(s, b, c)) {
            return;
        }
        swap(s, b, c);
        if (kess_int_after(s, a, b)) {
            swap(s, a, b);
        }
        return;
    }
    if (!kess_int_after(s, c, b)) {
        swap(s, a, c);
        return;
    }
    swap(s, a, b);
    if (kess_int_after(s, b, c)) {
        swap(s, b, c);
    }
}

/* Let the last of count places sink to where it belongs. */
static void sink(kess_sorter *s, const size_t *place, int count)
{
    for (int i = count - 1; i > 0; i--) {
        if (!kess_int_after(s, place[i - 1], place[i])) {
            return;
        }
        swap(s, place[i - 1], place[i]);
    }
}

static void sort_4(kess_sorter *s, const size_t *place)
{
    sort_3(s, place[0], place[1], place[2]);
    sink(s, place, 4);
}

static void sort_5(kess_sorter *s, const size_t *place)
{
    sort_4(s, place);
    sink(s, place, 5);
}

static void move_down(kess_sorter *s, size_t from, size_t to)
{
    const uint32_t held = s->order[from];
    memmove(&s->order[to + 1], &s->order[to], (from - to) * sizeof *s->order);
    s->order[to] = held;
}

/* The place for element i among those before it, one step at a time. */
static size_t place_near(const kess_sorter *s, size_t base, size_t i)
{
    size_t j = i - 1;
    while (j != base) {
        j--;
        if (!kess_int_after(s, j, i)) {
            return j + 1;
        }
    }
    return base;
}

/* The same in steps of two, as PHP does from the seventh element on. */
static size_t place_far(const kess_sorter *s, size_t base, size_t i)
{
    size_t j = i - 1;
    for (;;) {
        j -= 2;
        if (!kess_int_after(s, j, i)) {
            return kess_int_after(s, j + 1, i) ? j + 1 : j + 2;
        }
        if (j == base) {
            return base;
        }
        if (j == base + 1) {
            return kess_int_after(s, i, base) ? base + 1 : base;
        }
    }
}

static void insertion_sort(kess_sorter *s, size_t base, size_t count)
{
    for (size_t i = base + 1; i < base + count; i++) {
        if (!kess_int_after(s, i - 1, i)) {
            continue;
        }
        const size_t to =
            i < base + 6 ? place_near(s, base, i) : place_far(s, base, i);
        move_down(s, i, to);
    }
}

static void sort_small(kess_sorter *s, size_t base, size_t count)
{
    const size_t place[5] = {base, base + 1, base + 2, base + 3, base + 4};
    switch (count) {
    case 0:
    case 1:
        return;
    case 2:
        sink(s, place, 2);
        return;
    case 3:
        sort_3(s, place[0], place[1], place[2]);
        return;
    case 4:
        sort_4(s, place);
        return;
    case 5:
        sort_5(s, place);
        return;
    default:
        insertion_sort(s, base, count);
        return;
    }
}

/* One round of quick sort; returns where the pivot came to lie. */
static size_t partition(kess_sorter *s, size_t base, size_t count)
{
    const size_t end = base + count;
    const size_t half = count / 2;
    const size_t middle = base + half;
    const size_t quarter = half / 2;
    const size_t pivot = base + 1;
    size_t i = base + 2;
    size_t j = end - 1;
    if (count >= 1024) {
        const size_t place[5] = {base, base + quarter, middle,
                                 middle + quarter, end - 1};
        sort_5(s, place);
    } else {
        sort_3(s, base, middle, end - 1);
    }
    swap(s, pivot, middle);
    for (;;) {
        while (kess_int_after(s, pivot, i)) {
            if (++i == j) {
                goto done;
            }
        }
        if (--j == i) {
            goto done;
        }
        while (kess_int_after(s, j, pivot)) {
            if (--j == i) {
                goto done;
            }
        }
        swap(s, i, j);
        if (++i == j) {
            goto done;
        }
    }
done:
    swap(s, pivot, i - 1);
    return i - 1;
}

typedef struct range {
    size_t base;
    size_t count;
} range;

void kess_int_zend_sort(kess_sorter *s, size_t count)
{
    /* The longer part waits, so each waiting one is at most half as long as
     * the one before it. */
    range waiting[64];
    size_t depth = 0;
    range now = {0, count};
    for (;;) {
        if (now.count <= 16) {
            sort_small(s, now.base, now.count);
            if (depth == 0) {
                return;
            }
            now = waiting[--depth];
            continue;
        }
        const size_t at = partition(s, now.base, now.count);
        const range left = {now.base, at - now.base};
        const range right = {at + 1, now.base + now.count - at - 1};
        const int left_waits = left.count > right.count;
        waiting[depth++] = left_waits ? left : right;
        now = left_waits ? right : left;
    }
}

/*
 * guard.h: buffers between pages that no code may touch.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * One byte read or written beyond an array faults at once, with and without a
 * sanitizer.
 */
#ifndef KESS_GUARD_H
#define KESS_GUARD_H

#include <stdint.h>
#include <string.h>

#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

#define UNTOUCHED 0xA5

/* Where the array lies between the two forbidden pages. */
typedef enum side { AT_END, AT_START } side;

typedef struct guard {
    uint8_t *first; /* behind the forbidden page */
    size_t room;    /* up to the next forbidden page */
} guard;

static inline void guard_open(guard *g, size_t room)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t inner = (room + page - 1) / page * page + page;
    uint8_t *map = mmap(NULL, inner + 2 * page, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(map != MAP_FAILED);
    CHECK(mprotect(map, page, PROT_NONE) == 0);
    CHECK(mprotect(map + page + inner, page, PROT_NONE) == 0);
    g->first = map + page;
    g->room = inner;
}

/* An array of len bytes; a forbidden page is its neighbour on this side. */
static inline uint8_t *guard_room(const guard *g, side where, size_t len)
{
    CHECK(len <= g->room);
    return where == AT_START ? g->first : g->first + g->room - len;
}

static inline uint8_t *guard_copy(const guard *g, side where, const void *data,
                                  size_t len)
{
    uint8_t *copy = guard_room(g, where, len);

    if (len > 0) {
        memcpy(copy, data, len);
    }
    return copy;
}

static inline uint8_t *guard_fill(const guard *g, side where, size_t len)
{
    return memset(guard_room(g, where, len), UNTOUCHED, len);
}

static inline int is_untouched(const void *data, size_t len)
{
    const uint8_t *bytes = data;
    size_t i = 0;

    while (i < len && bytes[i] == UNTOUCHED) {
        i++;
    }
    return i == len;
}

#endif

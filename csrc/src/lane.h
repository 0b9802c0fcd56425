/*
 * lane.h: where a thread looks first among things that all threads share.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Two cores that write to one cache line wait for each other, at each write for
 * about as long as SHA-256 takes over a block. So what every operation writes
 * lies apart, once for each lane, and threads seldom share a lane. Nothing is
 * wrong where they do.
 */
#ifndef KESS_LANE_H
#define KESS_LANE_H

#include <stddef.h>
#include <stdint.h>

#define KESS_LANES 64
#define KESS_CACHE_LINE 64

/* The lane of the thread that calls: its stack is its own. */
static inline size_t kess_int_lane(void)
{
    const char here = 0;
    const uint64_t stack = (uint64_t)(uintptr_t)&here >> 16;
    return (size_t)(stack * UINT64_C(0x9e3779b97f4a7c15) >> 58);
}

#endif

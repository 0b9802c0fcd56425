/*
 * shard.h: what all threads share, divided so that few of them meet.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Two cores that write to one cache line wait for each other, at each write for
 * about as long as SHA-256 takes over a block. So what every operation writes
 * lies apart, once for each shard, and threads seldom share a shard. It is only
 * slower where they do.
 */
#ifndef KESS_SHARD_H
#define KESS_SHARD_H

#include <stddef.h>
#include <stdint.h>

#define KESS_SHARDS 64
#define KESS_CACHE_LINE 64

/* The shard of the thread that calls: its stack is its own. */
static inline size_t kess_int_shard(void)
{
    const char here = 0;
    const uint64_t stack = (uint64_t)(uintptr_t)&here >> 16;
    return (size_t)(stack * UINT64_C(0x9e3779b97f4a7c15) >> 58);
}

#endif

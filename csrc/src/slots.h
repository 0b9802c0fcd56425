/*
 * slots.h: places from which a thread takes an object for itself alone, and
 * into which it puts it back. No locks: a process that is forked meanwhile
 * finds each slot either full or empty.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KESS_SLOTS_H
#define KESS_SLOTS_H

#include <stddef.h>

#include "shard.h"

/* More threads than this at once make objects that are not kept. */
#define KESS_SLOTS KESS_SHARDS

typedef struct kess_slot {
    void *held;
    char apart[KESS_CACHE_LINE - sizeof(void *)];
} kess_slot;

typedef struct kess_slots {
    kess_slot slot[KESS_SLOTS];
} kess_slots;

#if defined(_MSC_VER) && !defined(__clang__)

#include <intrin.h>

static inline void *kess_int_slot_peek(void **slot)
{
    return *(void *volatile *)slot;
}

static inline void *kess_int_slot_swap(void **slot, void *value)
{
    return _InterlockedExchangePointer(slot, value);
}

/* Returns 1 where the slot was empty. */
static inline int kess_int_slot_fill(void **slot, void *value)
{
    return _InterlockedCompareExchangePointer(slot, value, NULL) == NULL;
}

#else

static inline void *kess_int_slot_peek(void **slot)
{
    return __atomic_load_n(slot, __ATOMIC_RELAXED);
}

static inline void *kess_int_slot_swap(void **slot, void *value)
{
    return __atomic_exchange_n(slot, value, __ATOMIC_ACQ_REL);
}

/* Returns 1 where the slot was empty. */
static inline int kess_int_slot_fill(void **slot, void *value)
{
    void *expected = NULL;
    return __atomic_compare_exchange_n(slot, &expected, value, 0,
                                       __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

#endif

/* An object that no other thread has, or NULL where there is none. */
static inline void *kess_int_slots_take(kess_slots *slots)
{
    const size_t shard = kess_int_shard();
    for (size_t i = 0; i < KESS_SLOTS; i++) {
        void **slot = &slots->slot[(shard + i) % KESS_SLOTS].held;
        void *taken = NULL;
        if (kess_int_slot_peek(slot) != NULL) {
            taken = kess_int_slot_swap(slot, NULL);
        }
        if (taken != NULL) {
            return taken;
        }
    }
    return NULL;
}

/* Returns 0 where there is no room: the object is still the caller's. */
static inline int kess_int_slots_put(kess_slots *slots, void *object)
{
    const size_t shard = kess_int_shard();
    for (size_t i = 0; i < KESS_SLOTS; i++) {
        void **slot = &slots->slot[(shard + i) % KESS_SLOTS].held;
        if (kess_int_slot_peek(slot) == NULL &&
            kess_int_slot_fill(slot, object)) {
            return 1;
        }
    }
    return 0;
}

#endif

/*
 * dice.h: numbers that look random and are the same in every run.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KESS_DICE_H
#define KESS_DICE_H

#include <stdint.h>

typedef struct dice {
    uint64_t state; /* not 0 */
} dice;

/* xorshift64* (Vigna, 2014). */
static inline uint64_t roll(dice *d)
{
    d->state ^= d->state >> 12;
    d->state ^= d->state << 25;
    d->state ^= d->state >> 27;
    return d->state * UINT64_C(2685821657736338717);
}

/* One of 0 to count - 1. */
static inline unsigned roll_of(dice *d, unsigned count)
{
    return (unsigned)((roll(d) >> 32) % count);
}

#endif

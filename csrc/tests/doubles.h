/*
 * doubles.h: doubles of all sorts, for tests that compare what is printed
 * with what is read.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KESS_DOUBLES_H
#define KESS_DOUBLES_H

#include "decimal.h"
#include "dice.h"

/* The largest double that is finite, in its bits. */
#define LARGEST UINT64_C(0x7fefffffffffffff)

/* Check any bits; then few significant bits, amounts, and subnormals. */
static inline void check_random_doubles(uint64_t seed, long rounds,
                                        void (*check)(uint64_t bits))
{
    dice d = {seed};

    for (long i = 0; i < rounds; i++) {
        const uint64_t any = roll(&d) % LARGEST;
        const uint64_t few = (any & ~((UINT64_C(1) << 45) - 1)) | (any & 7u);
        check(any > 0 ? any : 1);
        check(few > 0 ? few : 1);
        check(1 + (any >> (12 + roll_of(&d, 50))));
        check(bits_of((double)(1 + any % 1000000000) / 100));
    }
}

#endif

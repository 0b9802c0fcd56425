/*
 * check.h: all that the C tests need of a framework.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A test is a program. The first check that fails ends it with status 1.
 */
#ifndef KESS_CHECK_H
#define KESS_CHECK_H

#include <stdio.h>
#include <stdlib.h>

/* The condition must hold, also with NDEBUG. */
#define CHECK(condition)                                          \
    do {                                                          \
        if (!(condition)) {                                       \
            fprintf(stderr, "%s:%d: failed: %s\n", __FILE__,      \
                    __LINE__, #condition);                        \
            exit(1);                                              \
        }                                                         \
    } while (0)

/* Two integers must be equal; they are printed where they are not. */
#define CHECK_EQUAL(expected, actual)                                 \
    do {                                                              \
        const long long check_expected = (long long)(expected);       \
        const long long check_actual = (long long)(actual);           \
        if (check_expected != check_actual) {                         \
            fprintf(stderr, "%s:%d: %s is %lld, not %lld (%s)\n",     \
                    __FILE__, __LINE__, #actual, check_actual,        \
                    check_expected, #expected);                       \
            exit(1);                                                  \
        }                                                             \
    } while (0)

/* KESS_SAMPLE in the environment: some of what is tried very often, and stored or short
 * keys. valgrind, which is slow, runs that. `make c-coverage` does too, and so shows
 * that every line runs all the same, and every branch. */
static inline int is_sample(void)
{
    return getenv("KESS_SAMPLE") != NULL;
}

/* So many rounds of the same; of a sample, a twentieth. */
static inline int rounds_of(int count)
{
    return is_sample() ? count / 20 : count;
}

/* How far it is from one to the next that is tried; of a sample, so far. */
static inline unsigned step_of(unsigned sample)
{
    return is_sample() ? sample : 1;
}

#endif

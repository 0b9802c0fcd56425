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

/* So many rounds of the same, or a tenth under valgrind, which is slow: KESS_TENTH
 * in the environment asks for it. */
static inline int rounds_of(int count)
{
    return getenv("KESS_TENTH") == NULL ? count : count / 10;
}

#endif

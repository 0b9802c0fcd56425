/*
 * decimal.h: the C library's exact decimal digits, to judge ours. The tests
 * run in the locale "C"; the library must not need one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KESS_DECIMAL_H
#define KESS_DECIMAL_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define DECIMAL_MAX 800 /* no double, and no middle of two, has as many */

/* d1.d2d3... x 10^exponent, without trailing zeros. */
typedef struct decimal {
    char digits[DECIMAL_MAX + 1];
    int count;
    int exponent;
} decimal;

static inline double double_of(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

static inline uint64_t bits_of(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

/* Take a text of printf's %e apart. */
static inline void decimal_read(decimal *d, const char *text)
{
    const char *e = strchr(text, 'e');

    CHECK(e != NULL);
    d->count = 0;
    for (; text < e; text++) {
        if (*text != '.') {
            CHECK(d->count < DECIMAL_MAX);
            d->digits[d->count++] = *text;
        }
    }
    while (d->count > 1 && d->digits[d->count - 1] == '0') {
        d->count--;
    }
    d->digits[d->count] = '\0';
    d->exponent = (int)strtol(e + 1, NULL, 10);
}

/* The value rounded to count digits; all of them for DECIMAL_MAX. */
static inline void decimal_of(decimal *d, double value, int count)
{
    char text[DECIMAL_MAX + 16];

    CHECK(snprintf(text, sizeof(text), "%.*e", count - 1, value) > 0);
    decimal_read(d, text);
}

/* The middle of a positive double and the next one. long double holds it on
 * many machines; elsewhere this is another number that is hard to read. */
static inline void decimal_middle(decimal *d, double value)
{
    const double next = double_of(bits_of(value) + 1);
    char text[DECIMAL_MAX + 16];

    CHECK(snprintf(text, sizeof(text), "%.*Le", DECIMAL_MAX - 1,
                   ((long double)value + (long double)next) / 2) > 0);
    decimal_read(d, text);
}

/* Write digits and an exponent without a point: an integer times 10^n. */
static inline void decimal_write(const decimal *d, char *text, size_t room)
{
    const int len =
        snprintf(text, room, "%se%d", d->digits, d->exponent - d->count + 1);
    CHECK(len > 0 && (size_t)len < room);
}

static inline double decimal_value(const decimal *d)
{
    char text[DECIMAL_MAX + 16];

    decimal_write(d, text, sizeof(text));
    return strtod(text, NULL);
}

static inline int decimal_equal(const decimal *a, const decimal *b)
{
    return a->exponent == b->exponent && strcmp(a->digits, b->digits) == 0;
}

/* Keep the first count digits. */
static inline void decimal_cut(decimal *d, int count)
{
    if (d->count > count) {
        d->count = count;
    }
    while (d->count > 1 && d->digits[d->count - 1] == '0') {
        d->count--;
    }
    d->digits[d->count] = '\0';
}

/* Add one to digit number count, d having been cut there. */
static inline void decimal_step(decimal *d, int count)
{
    while (d->count < count) {
        d->digits[d->count++] = '0';
    }
    while (count > 0 && d->digits[count - 1] == '9') {
        count--;
    }
    if (count == 0) {
        d->digits[0] = '1';
        d->exponent++;
        count = 1;
    } else {
        d->digits[count - 1]++;
    }
    d->count = count;
    d->digits[count] = '\0';
}

#endif

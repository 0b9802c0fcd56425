/*
 * measure.h: time contestants side by side, and print what comes out.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each round times every contestant once, one after the other, so that a
 * machine that slows down slows all of them. Time is CPU time; a ratio is the
 * median of the ratios of the rounds.
 */
#ifndef KESS_MEASURE_H
#define KESS_MEASURE_H

#include <stddef.h>
#include <stdint.h>

#define ROUNDS 31

typedef struct contestant {
    const char *name;
    void (*call)(void *of); /* what is timed */
    /* Instead of call: CPU nanoseconds of so many calls elsewhere. */
    double (*elsewhere)(void *of, size_t calls);
    void *of;
    double ns[ROUNDS]; /* of one call, in each round */
} contestant;

typedef struct report {
    int as_json;
    int any; /* an object was written to the open JSON list */
} report;

/* End the program: a benchmark of wrong results is worth nothing. */
void must(int holds, const char *what);
/* CPU nanoseconds of this process. */
double cpu_now(void);
double median_of(const double *values);

/* Time all contestants in every round. */
void measure(contestant *all, size_t count);

void report_begin(report *r, int as_json);
void report_end(report *r);
/* A new table; in JSON the member "group" of the rows up to the next. */
void report_group(report *r, const char *group, size_t bytes);
void report_times(report *r, const contestant *one, int has_rate);
/* of / to, and whether it is at most (or at least) the goal; a goal of 0 is
 * none. */
void report_ratio(report *r, const char *name, const contestant *of,
                  const contestant *to, double at_most, double at_least);
void report_value(report *r, const char *name, double value, const char *unit,
                  double at_most);
/* A row that cannot be measured here. */
void report_absent(report *r, const char *name, const char *why);

#endif

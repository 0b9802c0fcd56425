/*
 * measure.c: rounds, medians, tables.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A round of one contestant takes at least so long. */
#define ROUND_NS 2e6

static const char *group_now;
static size_t bytes_now;

void must(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "bench: wrong: %s\n", what);
        exit(1);
    }
}

double cpu_now(void)
{
    struct timespec now;

    must(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0, "the clock");
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* ------------------------------------------------------------ rounds */

static double time_calls(const contestant *one, size_t calls)
{
    if (one->elsewhere != NULL) {
        return one->elsewhere(one->of, calls);
    }
    const double start = cpu_now();
    for (size_t i = 0; i < calls; i++) {
        one->call(one->of);
    }
    return cpu_now() - start;
}

/* How many calls make a round. It also warms the contestant. */
static size_t calls_of_round(const contestant *one)
{
    size_t calls = 1;

    while (time_calls(one, calls) < ROUND_NS) {
        calls *= 2;
    }
    return calls;
}

void measure(contestant *all, size_t count)
{
    size_t calls[16];

    must(count <= sizeof(calls) / sizeof(calls[0]), "too many contestants");
    for (size_t i = 0; i < count; i++) {
        calls[i] = calls_of_round(&all[i]);
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < count; i++) {
            all[i].ns[round] =
                time_calls(&all[i], calls[i]) / (double)calls[i];
        }
    }
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void sort_rounds(double *sorted, const double *values)
{
    memcpy(sorted, values, ROUNDS * sizeof(*sorted));
    qsort(sorted, ROUNDS, sizeof(*sorted), by_value);
}

double median_of(const double *values)
{
    double sorted[ROUNDS];

    sort_rounds(sorted, values);
    return sorted[ROUNDS / 2];
}

/* ------------------------------------------------------------ output */

static void json_row(report *r, const char *kind, const char *name)
{
    printf("%s\n  {\"kind\": \"%s\", \"group\": \"%s\", \"bytes\": %zu, "
           "\"name\": \"%s\"",
           r->any ? "," : "", kind, group_now, bytes_now, name);
    r->any = 1;
}

void report_begin(report *r, int as_json)
{
    r->as_json = as_json;
    r->any = 0;
}

void report_end(report *r)
{
    if (r->as_json) {
        printf("\n]}\n");
    }
}

void report_group(report *r, const char *group, size_t bytes)
{
    group_now = group;
    bytes_now = bytes;
    if (!r->as_json) {
        printf("\n%s, %zu bytes\n", group, bytes);
    }
}

void report_times(report *r, const contestant *one, int has_rate)
{
    double sorted[ROUNDS];

    sort_rounds(sorted, one->ns);
    if (r->as_json) {
        json_row(r, "time", one->name);
        printf(", \"min_ns\": %.1f, \"median_ns\": %.1f, \"max_ns\": %.1f}",
               sorted[0], sorted[ROUNDS / 2], sorted[ROUNDS - 1]);
        return;
    }
    printf("  %-46s %13.1f %13.1f %13.1f ns", one->name, sorted[0],
           sorted[ROUNDS / 2], sorted[ROUNDS - 1]);
    if (has_rate) {
        printf(" %7.2f GB/s", (double)bytes_now / sorted[ROUNDS / 2]);
    }
    printf("\n");
}

static void print_goal(const report *r, double value, double at_most,
                       double at_least)
{
    const double goal = at_most > 0 ? at_most : at_least;
    const int reached = at_most > 0 ? value <= at_most : value >= at_least;

    if (goal == 0.) {
        printf(r->as_json ? "}" : "\n");
    } else if (r->as_json) {
        printf(", \"%s\": %g, \"reached\": %s}",
               at_most > 0 ? "at_most" : "at_least", goal,
               reached ? "true" : "false");
    } else {
        printf("   goal %s %g: %s\n", at_most > 0 ? "<=" : ">=", goal,
               reached ? "reached" : "NOT REACHED");
    }
}

void report_ratio(report *r, const char *name, const contestant *of,
                  const contestant *to, double at_most, double at_least)
{
    double ratios[ROUNDS];

    for (int round = 0; round < ROUNDS; round++) {
        ratios[round] = of->ns[round] / to->ns[round];
    }
    const double ratio = median_of(ratios);
    if (r->as_json) {
        json_row(r, "ratio", name);
        printf(", \"ratio\": %.4f", ratio);
    } else {
        printf("  = %-44s %13.3f", name, ratio);
    }
    print_goal(r, ratio, at_most, at_least);
}

void report_value(report *r, const char *name, double value, const char *unit,
                  double at_most)
{
    if (r->as_json) {
        json_row(r, "value", name);
        printf(", \"value\": %.4f, \"unit\": \"%s\"", value, unit);
    } else {
        printf("  %-46s %13.2f %s", name, value, unit);
    }
    print_goal(r, value, at_most, 0);
}

void report_absent(report *r, const char *name, const char *why)
{
    if (r->as_json) {
        json_row(r, "absent", name);
        printf(", \"why\": \"%s\"}", why);
    } else {
        printf("  %-46s not measured: %s\n", name, why);
    }
}

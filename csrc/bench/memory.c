/*
 * memory.c: how much memory a call takes beyond what the caller gave it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure.h"

static long peak(void)
{
    struct rusage usage;

    must(getrusage(RUSAGE_SELF, &usage) == 0, "getrusage");
    return usage.ru_maxrss;
}

/* In a process that held little before: kibibytes. */
static long added_by_call(void (*make)(document *, size_t), size_t len)
{
    document of;

    make(&of, len);
    size_t out_len = 2 * of.len; /* Khmer doubles, nothing here grows more */
    uint8_t *out = malloc(out_len);
    must(out != NULL, "out of memory");
    memset(out, 1, out_len);
    const long before = peak();
    must(kess_canonicalize(out, &out_len, of.text, of.len, NULL, NULL) ==
             KESS_OK,
         "kess_canonicalize");
    return peak() - before;
}

double memory_of_canonicalize(void (*make)(document *, size_t), size_t len)
{
    int answer[2];
    long added = 0;
    int status = 1;

    must(pipe(answer) == 0, "a pipe");
    const pid_t child = fork();
    must(child >= 0, "fork");
    if (child == 0) {
        added = added_by_call(make, len);
        _exit(write(answer[1], &added, sizeof(added)) != sizeof(added));
    }
    must(waitpid(child, &status, 0) == child && status == 0 &&
             read(answer[0], &added, sizeof(added)) == sizeof(added),
         "a child that canonicalizes");
    close(answer[0]);
    close(answer[1]);
    return (double)added * 1024.;
}

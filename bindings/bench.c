/* What the calls that every binding has cost in C, in microseconds: the best round.
 * A round takes a millisecond or two, so that some of them find an idle core on a busy
 * machine. bindings/measure runs it beside the bindings.
 *
 *   bench KEY REQUEST BODY
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _POSIX_C_SOURCE 200809L

#include <kess.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MOST = 1 << 16, ROUNDS = 300 };

typedef struct {
    uint8_t text[MOST];
    size_t size;
} file;

static file pem, request, body;
static kess_key *private_key, *public_key;
static uint8_t out[MOST];

static void require(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "bench: %s\n", what);
        exit(1);
    }
}

static void load(file *into, const char *path)
{
    FILE *from = fopen(path, "rb");

    require(from != NULL, path);
    into->size = fread(into->text, 1, sizeof into->text, from);
    require(into->size > 0 && into->size < sizeof into->text, path);
    fclose(from);
}

static int canonicalize(void)
{
    size_t size = sizeof out;

    return kess_canonicalize(out, &size, body.text, body.size, NULL, NULL);
}

static int verify(void)
{
    size_t size = sizeof out;

    return kess_verify_document(public_key, out, &size, body.text, body.size, NULL, NULL);
}

static int sign(void)
{
    size_t size = sizeof out;

    return kess_signed_body(private_key, out, &size, request.text, request.size, NULL, NULL);
}

static int refuse(void)
{
    size_t size = sizeof out;

    return kess_canonicalize(out, &size, (const uint8_t *)"{", 1, NULL, NULL);
}

static void best(const char *name, int count, int (*call)(void), int is_refused)
{
    double least = 1e9;
    int round, index;

    for (round = 0; round < ROUNDS; round++) {
        struct timespec from, to;
        double took;

        clock_gettime(CLOCK_MONOTONIC, &from);
        for (index = 0; index < count; index++)
            require((call() == KESS_OK) != is_refused, name);
        clock_gettime(CLOCK_MONOTONIC, &to);
        took = (double)(to.tv_sec - from.tv_sec) * 1e6 + (double)(to.tv_nsec - from.tv_nsec) / 1e3;
        if (took / count < least)
            least = took / count;
    }
    printf("%s %.3f\n", name, least);
}

int main(int argc, char **argv)
{
    require(argc == 4, "bench KEY REQUEST BODY");
    load(&pem, argv[1]);
    load(&request, argv[2]);
    load(&body, argv[3]);
    require(kess_private_key_load(&private_key, pem.text, pem.size, NULL, 0, 0, NULL) == KESS_OK, "the key");
    require(kess_key_public(&public_key, private_key, NULL) == KESS_OK, "its public half");
    best("canonicalize", 1000, canonicalize, 0);
    best("verify", 100, verify, 0);
    best("sign", 8, sign, 0);
    best("refuse", 1000, refuse, 1);
    kess_key_free(public_key);
    kess_key_free(private_key);
    return 0;
}

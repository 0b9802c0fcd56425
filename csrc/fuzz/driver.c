/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * A stand-in for libFuzzer where the compiler has none. It runs the target on
 * every file of the command line, then on mutations of them.
 *
 *     fuzz_TARGET [-runs=N] [-seed=N] [FILE...]
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LEN 65536u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* xorshift64*: repeatable everywhere, unlike rand(). */
static uint64_t next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

/* The target gets an exact allocation, so that a sanitizer or valgrind sees
   the first byte read past the end. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);

    if (copy == NULL)
        abort();
    if (size > 0)
        memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static size_t mutate(uint8_t *data, size_t size, uint64_t *state)
{
    static const char bytes[] =
        "\"\\{}[],:u0123456789.eE+-tfn \x7f\x80\xed\xff";
    uint64_t edits = 1 + next(state) % 4;

    while (edits-- > 0) {
        size_t at = size > 0 ? (size_t)(next(state) % size) : 0;
        uint8_t byte = (uint8_t)bytes[next(state) % (sizeof bytes - 1)];

        switch (next(state) % 4) {
        case 0:
            if (size > 0)
                data[at] = byte;
            break;
        case 1:
            if (size < MAX_LEN) {
                memmove(data + at + 1, data + at, size - at);
                data[at] = byte;
                size++;
            }
            break;
        case 2:
            if (size > 0) {
                memmove(data + at, data + at + 1, size - at - 1);
                size--;
            }
            break;
        default:
            if (size > 0)
                data[at] ^= (uint8_t)(1u << (next(state) % 8));
            break;
        }
    }
    return size;
}

static size_t read_file(uint8_t *data, const char *path)
{
    FILE *file = fopen(path, "rb");
    size_t size;

    if (file == NULL) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(EXIT_FAILURE);
    }
    size = fread(data, 1, MAX_LEN, file);
    fclose(file);
    return size;
}

static void run_mutations(const uint8_t *seed, size_t size, unsigned long runs,
                          uint64_t *state)
{
    static uint8_t data[MAX_LEN + 1];

    while (runs-- > 0) {
        memcpy(data, seed, size);
        run(data, mutate(data, size, state));
    }
}

int main(int argc, char **argv)
{
    static uint8_t seed[MAX_LEN + 1];
    unsigned long runs = 10000;
    uint64_t state = 1;
    int files = 0, i;

    for (i = 1; i < argc; i++) {
        if (strncmp(argv[i], "-runs=", 6) == 0)
            runs = strtoul(argv[i] + 6, NULL, 10);
        else if (strncmp(argv[i], "-seed=", 6) == 0)
            state = strtoul(argv[i] + 6, NULL, 10) | 1;
    }
    for (i = 1; i < argc; i++) {
        size_t size;

        if (argv[i][0] == '-')
            continue;
        size = read_file(seed, argv[i]);
        run(seed, size);
        run_mutations(seed, size, runs, &state);
        files++;
    }
    if (files == 0) {
        static const char text[] = "{\"a\":[1,0.5,\"x\"]}";

        run((const uint8_t *)text, sizeof text - 1);
        run_mutations((const uint8_t *)text, sizeof text - 1, runs, &state);
    }
    return EXIT_SUCCESS;
}

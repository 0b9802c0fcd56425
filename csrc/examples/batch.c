/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Verifies recorded bodies, one on each line of the standard input, with one
 * call. Writes a status for each of them, and what was verified if it is good.
 *
 *     $ example_batch public.pem < bodies.jsonl
 *     1 KESS_OK {"amount":0.5,"id":"T-1"}
 */
#include <kess.h>
#include <stdio.h>
#include <stdlib.h>

#define ROOM (1 << 20)
#define MOST 4096

/* Body i is data[offsets[i]] up to data[offsets[i + 1]]. */
static uint8_t data[ROOM];
static int64_t offsets[MOST + 1];
static size_t len, count;

/* What was made of them, in the same way. */
static uint8_t *out;
static int64_t out_offsets[MOST + 1];
static int32_t verdicts[MOST], statuses[MOST];

/* The line feed at the end of each body is white space to JSON. */
static int read_bodies(void)
{
    size_t begin = 0, i;

    len = fread(data, 1, sizeof data, stdin);
    for (i = 0; i < len && count < MOST; i++) {
        if (data[i] != '\n' && i + 1 != len)
            continue;
        offsets[count++] = (int64_t)begin;
        begin = i + 1;
    }
    offsets[count] = (int64_t)begin;
    return feof(stdin) && begin == len;
}

/* Room is made while it is too little; what was done is not done again. */
static kess_status canonicalize(void)
{
    size_t out_len = 0, done = 0;
    kess_status status;
    uint8_t *more;

    while ((status = kess_canonicalize_documents(
                out, &out_len, out_offsets, statuses, &done, data, len, offsets,
                count, NULL, NULL))
           == KESS_ERR_BUFFER) {
        out_len += len; /* for those behind the next one */
        more = realloc(out, out_len);
        if (more == NULL)
            return KESS_ERR_MEMORY;
        out = more;
    }
    return status;
}

static kess_status verify(const char *key_file)
{
    kess_key *key = NULL;
    kess_status status = kess_public_key_load_file(&key, key_file, 0, NULL);

    if (status == KESS_OK)
        status = kess_verify_documents(key, verdicts, data, len, offsets, count,
                                       NULL, NULL);
    kess_key_free(key);
    return status;
}

int main(int argc, char **argv)
{
    kess_status status;
    size_t bad = 0, i;

    if (argc != 2) {
        fprintf(stderr, "usage: example_batch PUBLIC_KEY_FILE\n");
        return EXIT_FAILURE;
    }
    if (!read_bodies()) {
        fprintf(stderr, "too much at once: at most %d bodies, %d bytes\n", MOST,
                ROOM);
        return EXIT_FAILURE;
    }
    status = verify(argv[1]);
    if (status == KESS_OK)
        status = canonicalize();
    if (status != KESS_OK) {
        fprintf(stderr, "%s\n", kess_status_message(status));
        free(out);
        return EXIT_FAILURE;
    }
    for (i = 0; i < count; i++) {
        printf("%zu %s", i + 1, kess_status_name(verdicts[i]));
        /* Bytes of a body that is not authentic are never shown. */
        if (verdicts[i] == KESS_OK && statuses[i] == KESS_OK) {
            printf(" %.*s", (int)(out_offsets[i + 1] - out_offsets[i]),
                   (const char *)out + out_offsets[i]);
        } else {
            bad++;
        }
        printf("\n");
    }
    free(out);
    return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}

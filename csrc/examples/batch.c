/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Verifies recorded bodies, one on each line of the standard input, with one
 * call. Writes a status for each of them.
 *
 *     example_batch PUBLIC_KEY_FILE < bodies.jsonl
 */
#include <kess.h>
#include <stdio.h>
#include <stdlib.h>

#define ROOM (1 << 20)
#define MOST 4096

int main(int argc, char **argv)
{
    static uint8_t data[ROOM];
    static int64_t offsets[MOST + 1];
    static int32_t statuses[MOST];
    size_t len, begin = 0, count = 0, bad = 0, i;
    kess_key *key = NULL;
    kess_error err;

    if (argc != 2) {
        fprintf(stderr, "usage: example_batch PUBLIC_KEY_FILE\n");
        return EXIT_FAILURE;
    }
    if (kess_public_key_load_file(&key, argv[1], 0, &err) != KESS_OK) {
        fprintf(stderr, "public key: %s\n", kess_status_message(err.status));
        return EXIT_FAILURE;
    }
    /* Body i is data[offsets[i]] up to data[offsets[i + 1]]; the line feed at
     * its end is white space to JSON. */
    len = fread(data, 1, sizeof data, stdin);
    for (i = 0; i < len && count < MOST; i++) {
        if (data[i] != '\n' && i + 1 != len)
            continue;
        offsets[count++] = (int64_t)begin;
        begin = i + 1;
    }
    offsets[count] = (int64_t)begin;
    if (!feof(stdin) || begin != len
        || kess_verify_documents(key, statuses, data, len, offsets, count, NULL,
                                 &err) != KESS_OK) {
        fprintf(stderr, "too much at once: at most %d bodies, %d bytes\n", MOST,
                ROOM);
        kess_key_free(key);
        return EXIT_FAILURE;
    }
    kess_key_free(key);
    for (i = 0; i < count; i++) {
        bad += statuses[i] != KESS_OK;
        printf("%zu %s\n", i + 1, kess_status_name(statuses[i]));
    }
    return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}

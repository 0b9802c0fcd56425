/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reads a JSON document from the standard input, writes its canonical form, which
 * is what gets signed.
 *
 *     $ example_canon < parameters.json
 *     {"amount":0.5,"id":"T-1"}
 */
#include <kess.h>
#include <stdio.h>
#include <stdlib.h>

#define ROOM 65536

int main(void)
{
    static uint8_t text[ROOM];
    const size_t text_len = fread(text, 1, sizeof text, stdin);
    /* Enough for whatever the text is, so that one call will do. */
    size_t len = kess_canonical_bound(text_len);
    uint8_t *canonical = malloc(len);
    kess_error err;

    if (canonical == NULL)
        return EXIT_FAILURE;
    if (kess_canonicalize(canonical, &len, text, text_len, NULL, &err)
        != KESS_OK) {
        fprintf(stderr, "%s, at byte %llu\n", kess_status_message(err.status),
                (unsigned long long)err.pos);
        free(canonical);
        return EXIT_FAILURE;
    }
    fwrite(canonical, 1, len, stdout);
    free(canonical);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

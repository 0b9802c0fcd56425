/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reads a signed body from the standard input. Writes the canonical bytes that
 * verified to the standard output, or says why the body must not be believed.
 *
 *     $ example_verify public.pem < body.json
 *     {"amount":0.5,"id":"T-1"}
 */
#include <kess.h>
#include <stdio.h>
#include <stdlib.h>

#define ROOM 65536

static int fail(const char *what, const kess_error *err)
{
    fprintf(stderr, "%s: %s, at byte %llu\n", what,
            kess_status_message(err->status), (unsigned long long)err->pos);
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    static uint8_t body[ROOM], out[2 * ROOM];
    size_t body_len, out_len = sizeof out;
    kess_key *key = NULL;
    kess_error err;

    if (argc != 2) {
        fprintf(stderr, "usage: example_verify PUBLIC_KEY_FILE\n");
        return EXIT_FAILURE;
    }
    if (kess_public_key_load_file(&key, argv[1], 0, &err) != KESS_OK)
        return fail("public key", &err);
    body_len = fread(body, 1, sizeof body, stdin);
    if (kess_verify_document(key, out, &out_len, body, body_len, NULL, &err)
        != KESS_OK) {
        kess_key_free(key);
        return fail("refused", &err);
    }
    kess_key_free(key);
    /* Read values from these bytes only, never from the body. */
    fwrite(out, 1, out_len, stdout);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

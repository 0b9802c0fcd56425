/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reads parameters (a JSON object) from the standard input, writes the signed
 * request body to the standard output.
 *
 *     $ example_sign private.pem < parameters.json > body.json
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
    static uint8_t text[ROOM], body[2 * ROOM];
    size_t text_len, body_len = sizeof body;
    kess_key *key = NULL;
    kess_error err;

    if (argc != 2) {
        fprintf(stderr, "usage: example_sign PRIVATE_KEY_FILE\n");
        return EXIT_FAILURE;
    }
    if (kess_private_key_load_file(&key, argv[1], NULL, 0, 0, &err) != KESS_OK)
        return fail("private key", &err);
    text_len = fread(text, 1, sizeof text, stdin);
    if (kess_signed_body(key, body, &body_len, text, text_len, NULL, &err)
        != KESS_OK) {
        kess_key_free(key);
        return fail("parameters", &err);
    }
    kess_key_free(key);
    fwrite(body, 1, body_len, stdout);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

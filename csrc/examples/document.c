/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reads a JSON document from the standard input, writes the signature of its
 * canonical form in base64.
 *
 *     $ example_document private.pem < parameters.json > sign.base64
 */
#include <kess.h>
#include <stdio.h>
#include <stdlib.h>

#define ROOM 65536

int main(int argc, char **argv)
{
    static uint8_t text[ROOM];
    char sign[2048]; /* of the longest key that is accepted: 1368 */
    size_t text_len, sign_len = sizeof sign;
    kess_key *key = NULL;
    kess_error err;
    kess_status status;

    if (argc != 2) {
        fprintf(stderr, "usage: example_document PRIVATE_KEY_FILE\n");
        return EXIT_FAILURE;
    }
    status = kess_private_key_load_file(&key, argv[1], NULL, 0, 0, &err);
    if (status == KESS_OK) {
        text_len = fread(text, 1, sizeof text, stdin);
        status = kess_sign_document(key, sign, &sign_len, text, text_len, NULL,
                                    &err);
    }
    kess_key_free(key);
    if (status != KESS_OK) {
        fprintf(stderr, "%s, at byte %llu\n", kess_status_message(status),
                (unsigned long long)err.pos);
        return EXIT_FAILURE;
    }
    printf("%.*s\n", (int)sign_len, sign); /* it has no NUL at its end */
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

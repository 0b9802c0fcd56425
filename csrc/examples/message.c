/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Signs a message, whatever its bytes are, and verifies it with the public half
 * of the key.
 *
 *     $ example_message private.pem 'a message'
 *     KESS_OK for the message
 *     KESS_ERR_SIGNATURE for another one
 */
#include <kess.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static kess_status sign_and_verify(const kess_key *key, const kess_key *public,
                                   const uint8_t *message, size_t message_len)
{
    size_t len = kess_key_size(key); /* a signature has as many bytes */
    uint8_t *signature = malloc(len);
    kess_status status = KESS_ERR_MEMORY, verdict;

    if (signature != NULL)
        status = kess_sign(key, signature, &len, message, message_len, NULL);
    if (status == KESS_OK) {
        verdict = kess_verify(public, signature, len, message, message_len, NULL);
        printf("%s for the message\n", kess_status_name(verdict));
        verdict = kess_verify(public, signature, len, (const uint8_t *)"?", 1,
                              NULL);
        printf("%s for another one\n", kess_status_name(verdict));
    }
    free(signature);
    return status;
}

int main(int argc, char **argv)
{
    kess_key *key = NULL, *public = NULL;
    kess_status status;

    if (argc != 3) {
        fprintf(stderr, "usage: example_message PRIVATE_KEY_FILE MESSAGE\n");
        return EXIT_FAILURE;
    }
    status = kess_private_key_load_file(&key, argv[1], NULL, 0, 0, NULL);
    if (status == KESS_OK)
        status = kess_key_public(&public, key, NULL);
    if (status == KESS_OK)
        status = sign_and_verify(key, public, (const uint8_t *)argv[2],
                                 strlen(argv[2]));
    if (status != KESS_OK)
        fprintf(stderr, "%s\n", kess_status_message(status));
    kess_key_free(public);
    kess_key_free(key);
    return status == KESS_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

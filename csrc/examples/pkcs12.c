/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Writes the public key of a file as DER, also of a PKCS#12 file (.p12, .pfx),
 * whose password is the first line of the standard input.
 *
 *     $ example_pkcs12 store.p12 < password > public.der
 */
#include <kess.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static kess_status write_spki(const kess_key *key)
{
    uint8_t *der = NULL;
    size_t len = 0;
    kess_status status = kess_key_spki(key, NULL, &len, NULL);

    if (status == KESS_ERR_BUFFER) { /* now len is the room that is needed */
        der = malloc(len);
        status = der == NULL ? KESS_ERR_MEMORY
                             : kess_key_spki(key, der, &len, NULL);
    }
    if (status == KESS_OK)
        fwrite(der, 1, len, stdout);
    free(der);
    return status;
}

int main(int argc, char **argv)
{
    char password[1024] = "";
    kess_key *key = NULL;
    kess_status status;

    if (argc != 2) {
        fprintf(stderr, "usage: example_pkcs12 KEY_FILE\n");
        return EXIT_FAILURE;
    }
    if (fgets(password, sizeof password, stdin) == NULL)
        return EXIT_FAILURE;
    status = kess_public_key_load_file_protected(
        &key, argv[1], password, strcspn(password, "\r\n"), 0, NULL);
    if (status == KESS_OK)
        status = write_spki(key);
    if (status != KESS_OK)
        fprintf(stderr, "%s\n", kess_status_message(status));
    kess_key_free(key);
    return status == KESS_OK && fflush(stdout) == 0 ? EXIT_SUCCESS
                                                    : EXIT_FAILURE;
}

/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Says what a key file holds, and what stands in it where no key can be read.
 *
 *     $ example_key private.pem
 *     private, 2048 bits, signatures of 256 bytes, ... verified at a time
 *     $ example_key certificate.pem
 *     public, 2048 bits, signatures of 256 bytes, ... verified at a time
 *     $ example_key ed25519.pub.pem
 *     not an RSA key: an Edwards or Montgomery curve key
 */
#include <kess.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    kess_key *key = NULL;
    kess_error err;

    if (argc != 2) {
        fprintf(stderr, "usage: example_key KEY_FILE\n");
        return EXIT_FAILURE;
    }
    if (kess_private_key_load_file(&key, argv[1], NULL, 0, 0, &err) != KESS_OK
        && kess_public_key_load_file(&key, argv[1], 0, &err) != KESS_OK) {
        printf("%s", kess_status_message(err.status));
        if (err.item != KESS_FOUND_NOTHING)
            printf(": %s", kess_found_message(err.item));
        printf("\n");
        return EXIT_SUCCESS;
    }
    printf("%s, %u bits, signatures of %zu bytes, %d verified at a time\n",
           kess_key_is_private(key) ? "private" : "public", kess_key_bits(key),
           kess_key_size(key), kess_key_ways(key));
    kess_key_free(key);
    return EXIT_SUCCESS;
}

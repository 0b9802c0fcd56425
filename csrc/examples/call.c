/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a package of another language does: one way to load a key, one to call,
 * and one to describe an error. Verifies a body from the standard input.
 *
 *     $ example_call public.pem < body.json
 *     {"amount":0.5,"id":"T-1"}
 *     $ example_call public.pem < parameters.json
 *     InvalidSignature, sign_missing: the document has no "sign"
 *     $ example_call private.pem < body.json
 *     KeyLoadError, secret: found a private key where a public key is needed
 */
#include <kess.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int raise(int operation, const kess_error *err)
{
    kess_description d;

    kess_describe(&d, operation, err);
    printf("%s, %s: %s\n", d.exception, d.reason, d.message);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    static uint8_t body[65536], small[16];
    uint8_t *out = small, *room = NULL;
    size_t len, out_len = sizeof small;
    kess_key *key = NULL;
    kess_error err;

    if (argc != 2 || !kess_version_fits("0.1.0"))
        return EXIT_FAILURE;
    if (kess_load(&key, KESS_DO_LOAD_PUBLIC_FILE, (const uint8_t *)argv[1],
                  strlen(argv[1]), NULL, 0, 0, &err) != KESS_OK)
        return raise(KESS_DO_LOAD_PUBLIC_FILE, &err);
    len = fread(body, 1, sizeof body, stdin);
    if (kess_call(key, KESS_DO_VERIFY_DOCUMENT, out, &out_len, body, len, 0, 0,
                  &err) == KESS_ERR_BUFFER)
        out = room = malloc(out_len);
    if (out == NULL
        || kess_call(key, KESS_DO_VERIFY_DOCUMENT, out, &out_len, body, len, 0,
                     0, &err) != KESS_OK)
        raise(KESS_DO_VERIFY_DOCUMENT, &err);
    else
        printf("%.*s\n", (int)out_len, (const char *)out);
    free(room);
    kess_key_free(key);
    return EXIT_SUCCESS;
}

/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a package of another language does: one structure, in which it says what
 * it wants and reads what became of it. Verifies a body from the standard input.
 *
 *     $ example_request public.pem < body.json
 *     {"amount":0.5,"id":"T-1"}
 *     $ example_request public.pem < parameters.json
 *     InvalidSignature, sign_missing: the document has no "sign"
 *     $ example_request private.pem < body.json
 *     KeyLoadError, secret: found a private key where a public key is needed
 */
#include <kess.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void raise(const kess_request *request)
{
    printf("%s, %s: %s\n", request->exception, request->reason,
           request->message);
}

int main(int argc, char **argv)
{
    static kess_request request;
    static uint8_t body[1 << 20];
    kess_request *larger = NULL;
    const char *result;
    kess_key *key;
    size_t len;

    if (argc != 2 || !kess_version_fits("0.1.0"))
        return EXIT_FAILURE;
    request.operation = KESS_DO_LOAD_PUBLIC_FILE;
    key = kess_load_key(&request, (const uint8_t *)argv[1], strlen(argv[1]),
                        NULL, 0);
    if (key == NULL) {
        raise(&request);
        return EXIT_SUCCESS;
    }
    len = fread(body, 1, sizeof body, stdin);
    request.operation = KESS_DO_VERIFY_DOCUMENT;
    result = kess_run(&request, key, body, len);
    if (result == NULL && request.status == KESS_ERR_BUFFER) {
        /* Nothing was verified yet. */
        larger = calloc(1, offsetof(kess_request, out) + request.len);
        if (larger == NULL)
            return EXIT_FAILURE;
        larger->operation = request.operation;
        larger->room = request.len;
        result = kess_run(larger, key, body, len);
    }
    if (result == NULL)
        raise(larger != NULL ? larger : &request);
    else
        printf("%s\n", result);
    free(larger);
    kess_key_free(key);
    return EXIT_SUCCESS;
}

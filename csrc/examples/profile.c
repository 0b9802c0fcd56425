/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * The same as example_canon for a gateway whose PHP is set up otherwise: it has
 * serialize_precision = 100, and json_encode gets JSON_PRESERVE_ZERO_FRACTION.
 *
 *     $ printf '{"a":0.1,"b":2.0}' | example_profile
 *     {"a":0.1000000000000000055511151231257827021181583404541015625,"b":2.0}
 */
#include <kess.h>
#include <stdio.h>
#include <stdlib.h>

#define ROOM 65536

int main(void)
{
    static const kess_options options = {
        KESS_PROFILE_PRECISION_100 | KESS_PROFILE_PRESERVE_ZERO_FRACTION,
        0, /* as many nested containers as PHP reads */
    };
    static uint8_t text[ROOM];
    const size_t text_len = fread(text, 1, sizeof text, stdin);
    size_t len = kess_canonical_bound_for(text_len, &options);
    uint8_t *canonical = malloc(len);
    kess_status status = KESS_ERR_MEMORY;

    if (canonical != NULL)
        status = kess_canonicalize(canonical, &len, text, text_len, &options,
                                   NULL);
    if (status == KESS_OK)
        fwrite(canonical, 1, len, stdout);
    else
        fprintf(stderr, "%s\n", kess_status_message(status));
    free(canonical);
    return status == KESS_OK && fflush(stdout) == 0 ? EXIT_SUCCESS
                                                    : EXIT_FAILURE;
}

/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Any text, under any profile: the two-call protocol agrees with itself, a
 * failure leaves the output alone, and a canonical text is a JSON text again.
 */
#include <kess.h>
#include <stdlib.h>
#include <string.h>

#define ALL_PROFILES 127u
#define UNTOUCHED 0xA5

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
    if (!holds)
        abort();
}

static void check_bytes(const uint8_t *out, size_t len, uint32_t profile)
{
    size_t i;

    check(len >= 2);
    for (i = 0; i < len; i++) {
        check(out[i] >= 0x20);
        if ((profile & KESS_PROFILE_UNESCAPED_UNICODE) == 0)
            check(out[i] < 0x80);
    }
}

static void check_accepted(const uint8_t *text, size_t len,
                           const kess_options *options)
{
    uint8_t none[1];
    size_t needed = 0;

    check(kess_canonicalize(none, &needed, text, len, options, NULL) ==
          KESS_ERR_BUFFER);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    kess_options options = {0, 0};
    kess_error err;
    kess_status status;
    size_t needed = 0, len;
    uint8_t none[1], *out;

    if (size < 1)
        return 0;
    options.profile = data[0] & ALL_PROFILES;
    data++;
    size--;
    status = kess_canonicalize(none, &needed, data, size, &options, &err);
    check(status != KESS_OK && err.status == (int32_t)status);
    if (status != KESS_ERR_BUFFER) {
        check(needed == 0 && err.pos <= size);
        return 0;
    }
    check(needed <= kess_canonical_bound_for(size, &options));
    out = malloc(needed);
    check(out != NULL);
    memset(out, UNTOUCHED, needed);
    len = needed - 1;
    check(kess_canonicalize(out, &len, data, size, &options, &err) ==
          KESS_ERR_BUFFER);
    check(len == needed && out[0] == UNTOUCHED);
    check(kess_canonicalize(out, &len, data, size, &options, &err) == KESS_OK);
    check(len == needed && err.status == KESS_OK);
    check_bytes(out, len, options.profile);
    check_accepted(out, len, &options);
    free(out);
    return 0;
}

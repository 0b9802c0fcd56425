/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a key file: a status and no key, or a key that works and obeys
 * the policy.
 */
#include <kess.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
    if (!holds)
        abort();
}

static void check_key(kess_status status, kess_key *key, const kess_error *err,
                      unsigned min_bits)
{
    check(err->status == (int32_t)status);
    check((status == KESS_OK) == (key != NULL));
    if (key == NULL) {
        check(kess_status_message(status) != NULL);
        check(kess_found_message(err->item) != NULL);
        return;
    }
    check(kess_key_bits(key) >= min_bits && kess_key_bits(key) <= 8192);
    check(kess_key_size(key) == (kess_key_bits(key) + 7) / 8);
    kess_key_free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    kess_key *key = NULL;
    kess_error err;
    kess_status status;

    status = kess_public_key_load(&key, data, size, 0, &err);
    check_key(status, key, &err, 2048);
    key = NULL;
    status = kess_private_key_load(&key, data, size, "fuzz", 4,
                                   KESS_KEY_ALLOW_WEAK, &err);
    check_key(status, key, &err, 512);
    return 0;
}

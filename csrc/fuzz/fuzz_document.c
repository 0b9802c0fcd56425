/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What kess_signed_body agrees to sign, kess_verify_document gives back; what
 * was never signed never verifies; both read a text as kess_canonicalize does.
 */
#include <kess.h>
#include <stdlib.h>
#include <string.h>

#include "key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const kess_options same_depth = {0, KESS_DEPTH_VERIFY};
static const kess_options deep = {0, KESS_DEPTH_DECODE};

static void check(int holds)
{
    if (!holds)
        abort();
}

/* Loaded once and never freed: a key costs more than a document. */
static const kess_key *load(void)
{
    static kess_key *key;

    if (key == NULL)
        check(kess_private_key_load(&key, (const uint8_t *)fuzz_key,
                                    sizeof fuzz_key - 1, NULL, 0, 0,
                                    NULL) == KESS_OK);
    return key;
}

/* A text that PHP refuses is refused for the same reason at the same place; a
 * stricter rule may come before an infinite number. */
static void check_agreement(const uint8_t *data, size_t size,
                            const kess_error *found)
{
    size_t needed = 0;
    kess_error err;
    const kess_status status =
        kess_canonicalize(NULL, &needed, data, size, &same_depth, &err);

    check(err.status == (int32_t)status);
    if (status == KESS_ERR_BUFFER)
        check(found->status >= KESS_ERR_DUPLICATE);
    else if (status == KESS_ERR_INFINITE && found->status != err.status)
        check(found->status == KESS_ERR_DUPLICATE ||
              found->status == KESS_ERR_NOT_OBJECT);
    else
        check(found->status == err.status && found->pos == err.pos);
}

static void check_unsigned(const kess_key *key, const uint8_t *data,
                           size_t size, size_t room)
{
    uint8_t *out = malloc(room);
    const size_t before = room;
    kess_error err;
    kess_status status;

    check(out != NULL);
    memset(out, 0xA5, room);
    status = kess_verify_document(key, out, &room, data, size, NULL, &err);
    check(status != KESS_OK && status != KESS_ERR_BUFFER);
    check(err.status == (int32_t)status && err.pos <= size);
    check(room == before && out[0] == 0xA5 && out[room - 1] == 0xA5);
    check_agreement(data, size, &err);
    free(out);
}

static void check_signed(const kess_key *key, const uint8_t *data, size_t size,
                         uint8_t *body, size_t body_len, size_t room)
{
    uint8_t *out = malloc(room), *canonical = malloc(room);
    size_t out_len = room, canonical_len = room;
    const size_t place = data[0] * 257u % body_len;

    check(out != NULL && canonical != NULL);
    check(kess_verify_document(key, out, &out_len, body, body_len, &deep,
                               NULL) == KESS_OK);
    check(kess_canonicalize(canonical, &canonical_len, data, size, NULL,
                            NULL) == KESS_OK);
    check(out_len == canonical_len && memcmp(out, canonical, out_len) == 0);
    /* One byte more or less: refused, or the same meaning. */
    body[place] ^= data[size - 1] | 1;
    if (kess_verify_document(key, out, &out_len, body, body_len, &deep,
                             NULL) == KESS_OK)
        check(out_len == canonical_len &&
              memcmp(out, canonical, out_len) == 0);
    free(canonical);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t overhead = 1024;
    const kess_key *key = load();
    size_t room = kess_canonical_bound(size) + overhead, len = room;
    uint8_t *body = malloc(room);

    check(body != NULL);
    check_unsigned(key, data, size, room);
    if (kess_signed_body(key, body, &len, data, size, NULL, NULL) == KESS_OK)
        check_signed(key, data, size, body, len, room);
    free(body);
    return 0;
}

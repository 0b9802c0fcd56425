/*
 * batch.c: many documents with one call.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "internal.h"

/* ------------------------------------------------------------ texts */

/* Texts as the caller laid them out: Arrow LargeBinary. */
typedef struct batch {
    const uint8_t *data;
    size_t data_len;
    const int64_t *offsets;
    size_t count;
} batch;

/* Whether offsets rise and stay within the data. */
static int is_laid_out(const batch *b)
{
    if (b->data == NULL && b->data_len > 0) {
        return 0;
    }
    if (b->count == 0) {
        return 1;
    }
    if (b->offsets == NULL || b->offsets[0] < 0) {
        return 0;
    }
    for (size_t i = 0; i < b->count; i++) {
        if (b->offsets[i + 1] < b->offsets[i]) {
            return 0;
        }
    }
    return (uint64_t)b->offsets[b->count] <= b->data_len;
}

/* Text i; NULL where it is empty, since the data may be NULL then. */
static const uint8_t *text_of(const batch *b, size_t i, size_t *len)
{
    const size_t begin = (size_t)b->offsets[i];
    *len = (size_t)b->offsets[i + 1] - begin;
    return *len > 0 ? b->data + begin : NULL;
}

/* ------------------------------------------------------------ verify */

kess_status kess_verify_documents(const kess_key *key, int32_t *statuses,
                                  const uint8_t *data, size_t data_len,
                                  const int64_t *offsets, size_t count,
                                  const kess_options *options, kess_error *err)
{
    const batch bodies = {data, data_len, offsets, count};
    uint32_t profile;
    size_t max_depth;
    if (key == NULL || (statuses == NULL && count > 0) ||
        !is_laid_out(&bodies)) {
        return kess_int_fail(err, KESS_ERR_ARGUMENT, 0);
    }
    const kess_status status =
        kess_int_options(options, &profile, &max_depth, KESS_DEPTH_VERIFY,
                         KESS_DEPTH_DECODE, err);
    if (status != KESS_OK) {
        return status;
    }
    for (size_t i = 0; i < count; i++) {
        size_t len;
        const uint8_t *body = text_of(&bodies, i, &len);
        statuses[i] = (int32_t)kess_int_verify_body(
            key, NULL, NULL, body, len, profile, max_depth, NULL);
    }
    return kess_int_ok(err);
}

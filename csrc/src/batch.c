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

/* ------------------------------------------------------------ write */

/* Where the caller wants the outputs: Arrow LargeBinary, too. */
typedef struct outputs {
    uint8_t *data;
    size_t *len;
    int64_t *offsets;
    int32_t *statuses;
    size_t *done;
} outputs;

/* Write the output for one text. */
typedef kess_status writer(const kess_key *key, uint8_t *out, size_t *out_len,
                           const uint8_t *text, size_t text_len,
                           const kess_options *options);

static kess_status write_canonical(const kess_key *key, uint8_t *out,
                                   size_t *out_len, const uint8_t *text,
                                   size_t text_len,
                                   const kess_options *options)
{
    (void)key;
    return kess_canonicalize(out, out_len, text, text_len, options, NULL);
}

static kess_status write_sign(const kess_key *key, uint8_t *out,
                              size_t *out_len, const uint8_t *text,
                              size_t text_len, const kess_options *options)
{
    return kess_sign_document(key, (char *)out, out_len, text, text_len,
                              options, NULL);
}

/* Whether outputs can be written, from where an earlier call stopped. */
static int is_writable(const outputs *o, size_t count)
{
    if (o->len == NULL || o->offsets == NULL || o->done == NULL ||
        (o->data == NULL && *o->len > 0) ||
        (o->statuses == NULL && count > 0) || *o->done > count) {
        return 0;
    }
    if (*o->done == 0) {
        return 1;
    }
    const int64_t used = o->offsets[*o->done];
    return used >= 0 && (uint64_t)used <= *o->len;
}

static kess_status write_batch(writer *write, const kess_key *key,
                               const outputs *o, const batch *b,
                               const kess_options *options, kess_error *err)
{
    uint32_t profile;
    size_t max_depth;
    if (!is_writable(o, b->count) || !is_laid_out(b)) {
        return kess_int_fail(err, KESS_ERR_ARGUMENT, 0);
    }
    /* Each text asks for them again; here bad ones are refused once. */
    const kess_status checked =
        kess_int_options(options, &profile, &max_depth, KESS_DEPTH_DECODE,
                         KESS_DEPTH_ENCODE, err);
    if (checked != KESS_OK) {
        return checked;
    }
    if (*o->done == 0) {
        o->offsets[0] = 0;
    }
    size_t used = (size_t)o->offsets[*o->done];
    for (size_t i = *o->done; i < b->count; i++) {
        size_t text_len;
        const uint8_t *text = text_of(b, i, &text_len);
        uint8_t *out = o->data != NULL ? o->data + used : NULL;
        size_t len = *o->len - used;
        const kess_status status =
            write(key, out, &len, text, text_len, options);
        if (status == KESS_ERR_BUFFER) {
            *o->done = i;
            *o->len = used + len;
            return kess_int_fail(err, KESS_ERR_BUFFER, 0);
        }
        used += status == KESS_OK ? len : 0;
        o->offsets[i + 1] = (int64_t)used;
        o->statuses[i] = (int32_t)status;
    }
    *o->done = b->count;
    *o->len = used;
    return kess_int_ok(err);
}

kess_status kess_canonicalize_documents(
    uint8_t *out, size_t *out_len, int64_t *out_offsets, int32_t *statuses,
    size_t *done, const uint8_t *data, size_t data_len, const int64_t *offsets,
    size_t count, const kess_options *options, kess_error *err)
{
    const outputs o = {out, out_len, out_offsets, statuses, done};
    const batch texts = {data, data_len, offsets, count};
    return write_batch(write_canonical, NULL, &o, &texts, options, err);
}

kess_status kess_sign_documents(const kess_key *key, char *out,
                                size_t *out_len, int64_t *out_offsets,
                                int32_t *statuses, size_t *done,
                                const uint8_t *data, size_t data_len,
                                const int64_t *offsets, size_t count,
                                const kess_options *options, kess_error *err)
{
    const outputs o = {(uint8_t *)out, out_len, out_offsets, statuses, done};
    const batch texts = {data, data_len, offsets, count};
    if (key == NULL || !kess_key_is_private(key)) {
        return kess_int_fail(err, KESS_ERR_ARGUMENT, 0);
    }
    return write_batch(write_sign, key, &o, &texts, options, err);
}

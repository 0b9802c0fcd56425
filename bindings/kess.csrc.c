/* SPDX-License-Identifier: Apache-2.0 */
#include "kess.h"

/*
 * Batches that write: what kess_verify_documents is for verdicts. One call
 * from Python does a slice of texts without the GIL.
 *
 * The outputs follow each other in out; lengths[i] is that of output i, and
 * statuses[i] a kess_status. A bad text is not an error of the call: it has a
 * status, and an output of length 0. Returns how many texts are done. Where
 * out is too small for the next one it stops, with what that one needs in its
 * length. Returns a kess_status with a minus sign for bad arguments.
 */
typedef kess_status many_act(const kess_key *, uint8_t *, size_t *,
                             const uint8_t *, size_t, const kess_options *);

static kess_status many_canonical(const kess_key *key, uint8_t *out,
                                  size_t *len, const uint8_t *text,
                                  size_t text_len, const kess_options *options)
{
    (void)key;
    return kess_canonicalize(out, len, text, text_len, options, NULL);
}

static kess_status many_sign(const kess_key *key, uint8_t *out, size_t *len,
                             const uint8_t *text, size_t text_len,
                             const kess_options *options)
{
    return kess_sign_document(key, (char *)out, len, text, text_len, options,
                              NULL);
}

static int many_are_good(const int64_t *offsets, size_t count, size_t data_len)
{
    if (offsets[0] < 0) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (offsets[i + 1] < offsets[i]) {
            return 0;
        }
    }
    return (uint64_t)offsets[count] <= data_len;
}

static int64_t many(many_act *act, const kess_key *key, uint8_t *out,
                    size_t size, int64_t *lengths, int32_t *statuses,
                    const uint8_t *data, size_t data_len,
                    const int64_t *offsets, size_t count,
                    const kess_options *options)
{
    size_t used = 0;
    if (!many_are_good(offsets, count, data_len)) {
        return -(int64_t)KESS_ERR_ARGUMENT;
    }
    for (size_t i = 0; i < count; i++) {
        const size_t text_len = (size_t)(offsets[i + 1] - offsets[i]);
        size_t len = size - used;
        const kess_status status =
            act(key, out + used, &len,
                text_len > 0 ? data + (size_t)offsets[i] : NULL, text_len,
                options);
        if (status == KESS_ERR_BUFFER) {
            lengths[i] = (int64_t)len;
            return (int64_t)i;
        }
        statuses[i] = (int32_t)status;
        lengths[i] = status == KESS_OK ? (int64_t)len : 0;
        used += (size_t)lengths[i];
    }
    return (int64_t)count;
}

static int64_t many_canonicalize(const kess_key *key, uint8_t *out,
                                 size_t size, int64_t *lengths,
                                 int32_t *statuses, const uint8_t *data,
                                 size_t data_len, const int64_t *offsets,
                                 size_t count, const kess_options *options)
{
    return many(many_canonical, key, out, size, lengths, statuses, data,
                data_len, offsets, count, options);
}

static int64_t many_sign_document(const kess_key *key, uint8_t *out,
                                  size_t size, int64_t *lengths,
                                  int32_t *statuses, const uint8_t *data,
                                  size_t data_len, const int64_t *offsets,
                                  size_t count, const kess_options *options)
{
    return many(many_sign, key, out, size, lengths, statuses, data, data_len,
                offsets, count, options);
}

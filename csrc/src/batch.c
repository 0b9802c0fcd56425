/*
 * batch.c: many documents with one call.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "rsa.h"

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

/* ------------------------------------------------------------ eight */

/* Documents that wait for their verdict, which is KESS_ERR_CRYPTO meanwhile. */
typedef struct waiting {
    size_t count;
    size_t index[KESS_PUBLIC8_LANES]; /* of the statuses */
    uint8_t digest[KESS_PUBLIC8_LANES][KESS_SHA256_SIZE];
    uint8_t signature[KESS_PUBLIC8_LANES][KESS_PUBLIC8_SIZE];
} waiting;

/* Of so many documents the last is asked of OpenSSL although it was accepted. */
#ifndef KESS_CHECKED_EVERY
#define KESS_CHECKED_EVERY 256
#endif

/* Read a body, and let it wait where all depends on the signature. The text is
 * hashed at once, while it is in the cache. */
static kess_status wait_for(waiting *w, const kess_key *key, size_t index,
                            const uint8_t *body, size_t body_len,
                            uint32_t profile, size_t max_depth)
{
    kess_text text;
    kess_status status =
        kess_int_read_body(key, &text, w->signature[w->count], body, body_len,
                           profile, max_depth, NULL);
    if (status == KESS_OK) {
        const kess_slice canonical = {text.data, text.len};
        status = kess_int_digest(key, w->digest[w->count], canonical);
    }
    kess_int_text_release(&text);
    if (status != KESS_OK) {
        return status;
    }
    w->index[w->count++] = index;
    return KESS_ERR_CRYPTO;
}

static kess_status ask_openssl(waiting *w, const kess_key *key, size_t i)
{
    return kess_int_verify_digest(key, w->signature[i], w->digest[i]);
}

/* Write EMSA-PKCS1-v1_5 (RFC 8017, 9.2) of a digest. */
static void expect_block(uint8_t *block, size_t size, const uint8_t *digest)
{
    static const uint8_t info[] = {
        0x00, 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48,
        0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
    const size_t info_at = size - KESS_SHA256_SIZE - sizeof info;
    block[0] = 0x00;
    block[1] = 0x01;
    memset(block + 2, 0xff, info_at - 2);
    memcpy(block + info_at, info, sizeof info);
    memcpy(block + size - KESS_SHA256_SIZE, digest, KESS_SHA256_SIZE);
}

/* Bit i is set where document i is accepted: all of its block is as expected.
 * Never is a recovered block parsed. */
static unsigned accept_blocks(const waiting *w, const kess_public8 *public8)
{
    const size_t size = public8->size;
    const uint8_t *signature[KESS_PUBLIC8_LANES];
    uint8_t blocks[KESS_PUBLIC8_LANES * KESS_PUBLIC8_SIZE];
    uint8_t expected[KESS_PUBLIC8_SIZE];
    unsigned accepted = 0;
    for (size_t i = 0; i < KESS_PUBLIC8_LANES; i++) {
        signature[i] = w->signature[i];
    }
    const unsigned below =
        kess_int_public8_recover(public8, blocks, signature, w->count);
    for (size_t i = 0; i < w->count; i++) {
        expect_block(expected, size, w->digest[i]);
        if (memcmp(blocks + i * size, expected, size) == 0) {
            accepted |= 1u << i;
        }
    }
    return accepted & below;
}

/* Verify by eight operations at a time; OpenSSL has every rejection, and some
 * of the others. Returns 0 where it says otherwise than what was accepted, or
 * accepts what was not. */
static int verify_waiting_eight(waiting *w, const kess_key *key,
                                const kess_public8 *public8, int32_t *statuses)
{
    const unsigned accepted = accept_blocks(w, public8);
    for (size_t i = 0; i < w->count; i++) {
        const int is_accepted = (accepted >> i & 1) != 0;
        kess_status status = KESS_OK;
        if (!is_accepted || (w->index[i] + 1) % KESS_CHECKED_EVERY == 0) {
            status = ask_openssl(w, key, i);
            if (status == (is_accepted ? KESS_ERR_SIGNATURE : KESS_OK)) {
                return 0;
            }
        }
        statuses[w->index[i]] = (int32_t)status;
    }
    return 1;
}

/* Give all that wait their verdicts. */
static void verify_waiting(waiting *w, const kess_key *key,
                           int32_t *statuses)
{
    /* NULL where another thread has found a disagreement. */
    const kess_public8 *public8 = kess_int_key_eight(key);
    if (w->count > 1 && public8 != NULL) {
        if (verify_waiting_eight(w, key, public8, statuses)) {
            w->count = 0;
            return;
        }
        kess_int_key_distrust(key);
    }
    for (size_t i = 0; i < w->count; i++) {
        statuses[w->index[i]] = (int32_t)ask_openssl(w, key, i);
    }
    w->count = 0;
}

/* ------------------------------------------------------------ verify */

/* What all bodies of a batch share. */
typedef struct reading {
    uint32_t profile;
    size_t max_depth;
} reading;

/* Eight at a time. Returns how many bodies have their status: not all where
 * OpenSSL has to do the rest. */
static size_t verify_eight(const kess_key *key, int32_t *statuses,
                           const batch *bodies, const reading *how)
{
    waiting w;
    size_t i = 0;
    w.count = 0;
    while (i < bodies->count && kess_int_key_eight(key) != NULL) {
        size_t len;
        const uint8_t *body = text_of(bodies, i, &len);
        statuses[i] = (int32_t)wait_for(&w, key, i, body, len, how->profile,
                                        how->max_depth);
        i++;
        if (w.count == KESS_PUBLIC8_LANES) {
            verify_waiting(&w, key, statuses);
        }
    }
    verify_waiting(&w, key, statuses);
    return i;
}

kess_status kess_verify_documents(const kess_key *key, int32_t *statuses,
                                  const uint8_t *data, size_t data_len,
                                  const int64_t *offsets, size_t count,
                                  const kess_options *options, kess_error *err)
{
    const batch bodies = {data, data_len, offsets, count};
    reading how;
    if (key == NULL || (statuses == NULL && count > 0) ||
        !is_laid_out(&bodies)) {
        return kess_int_fail(err, KESS_ERR_ARGUMENT, 0);
    }
    const kess_status status =
        kess_int_options(options, &how.profile, &how.max_depth,
                         KESS_DEPTH_VERIFY, KESS_DEPTH_DECODE, err);
    if (status != KESS_OK) {
        return status;
    }
    size_t i = count > 1 ? verify_eight(key, statuses, &bodies, &how) : 0;
    for (; i < count; i++) {
        size_t len;
        const uint8_t *body = text_of(&bodies, i, &len);
        statuses[i] = (int32_t)kess_int_verify_body(
            key, NULL, NULL, body, len, how.profile, how.max_depth, NULL);
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

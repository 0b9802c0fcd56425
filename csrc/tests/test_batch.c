/*
 * test_batch.c: many documents with one call. The functions for one document
 * judge.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <openssl/err.h>

#include "../fuzz/key.h"
#include "check.h"
#include "guard.h"
#include "kess.h"

#define DATA_MAX 32768
#define BATCH_MAX 32
#define TEXT_MAX 2048

static kess_key *key;        /* private */
static kess_key *public_key; /* its public half */
static guard input;
static kess_error err;

static void load_keys(void)
{
    CHECK_EQUAL(KESS_OK,
                kess_private_key_load(&key, (const uint8_t *)fuzz_key,
                                      sizeof(fuzz_key) - 1, NULL, 0, 0, NULL));
    CHECK_EQUAL(KESS_OK, kess_key_public(&public_key, key, NULL));
}

static void free_keys(void)
{
    kess_key_free(public_key);
    kess_key_free(key);
}

/* ------------------------------------------------------------ texts */

typedef struct batch {
    uint8_t data[DATA_MAX];
    size_t len;
    int64_t offsets[BATCH_MAX + 1];
    size_t count;
} batch;

static batch texts;

/* Bytes that belong to no text come first. */
static void start(batch *b)
{
    memset(b->data, '[', sizeof(b->data));
    b->count = 0;
    b->len = 11;
    b->offsets[0] = 11;
}

static void add(batch *b, const void *text, size_t len)
{
    CHECK(b->count < BATCH_MAX && b->len + len <= DATA_MAX);
    memcpy(b->data + b->len, text, len);
    b->len += len;
    b->offsets[++b->count] = (int64_t)b->len;
}

static size_t len_of(const batch *b, size_t i)
{
    return (size_t)(b->offsets[i + 1] - b->offsets[i]);
}

static const int64_t good_offsets[] = {0, 1, 2, 2};

/* Of three texts in two bytes: they descend, or leave the data. */
static const int64_t bad_offsets[][4] = {
    {-1, 0, 2, 2},        {0, 2, 1, 2},
    {2, 1, 1, 1},         {0, 1, 2, 3},
    {0, 1, 2, INT64_MAX}, {INT64_MIN, 0, 1, 2},
    {3, 3, 3, 3},         {0, 0, INT64_MAX, 1},
    {0, 1, -1, 2},        {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX},
};
#define BAD_OFFSETS (sizeof(bad_offsets) / sizeof(bad_offsets[0]))

static const kess_options bad_options[] = {{24, 0}, {32, 0}, {0, 513}};
#define BAD_OPTIONS (sizeof(bad_options) / sizeof(bad_options[0]))

/* ------------------------------------------------------------ verify */

static int32_t statuses[BATCH_MAX + 2];

static kess_status verify(const void *data, size_t len, const int64_t *offsets,
                          size_t count, const kess_options *options)
{
    memset(statuses, UNTOUCHED, sizeof(statuses));
    const kess_status status = kess_verify_documents(
        public_key, statuses, data, len, offsets, count, options, &err);
    CHECK_EQUAL(status, err.status);
    CHECK(err.item == 0 && err.pos == 0);
    CHECK_EQUAL(0, ERR_peek_error());
    if (status != KESS_OK) {
        CHECK(is_untouched(statuses, sizeof(statuses)));
    }
    return status;
}

static void add_body(const char *parameters)
{
    uint8_t body[TEXT_MAX];
    size_t len = sizeof(body);

    CHECK_EQUAL(KESS_OK,
                kess_signed_body(key, body, &len, (const uint8_t *)parameters,
                                 strlen(parameters), NULL, NULL));
    add(&texts, body, len);
}

/* Right and wrong bodies, empty ones among them. */
static void make_bodies(void)
{
    start(&texts);
    for (int round = 0; round < 3; round++) {
        add_body("{\"a\":1,\"b\":[0.50,\"caf\xc3\xa9\"]}");
        add(&texts, "", 0);
        add_body("{\"a\":1}");
        texts.data[texts.offsets[texts.count - 1] + 5] = '2';
        add(&texts, "{\"a\":1,\"a\":2}", 13);
        add_body("{\"success\":true,\"data\":{\"amount\":1e2}}");
        add(&texts, "{\"a\":1}", 7);
        add(&texts, "[]", 2);
        add_body("{}");
        add(&texts, "}", 1);
    }
}

/* Each body gets the verdict that it gets alone. */
static void test_verify(void)
{
    const kess_options shallow = {0, 1};
    const kess_options *const options[] = {NULL, &shallow};
    unsigned right = 0;

    make_bodies();
    for (int o = 0; o < 2; o++) {
        CHECK_EQUAL(KESS_OK, verify(texts.data, texts.len, texts.offsets,
                                    texts.count, options[o]));
        for (size_t i = 0; i < texts.count; i++) {
            uint8_t out[TEXT_MAX];
            size_t out_len = sizeof(out);
            const kess_status alone = kess_verify_document(
                public_key, out, &out_len, texts.data + texts.offsets[i],
                len_of(&texts, i), options[o], NULL);
            CHECK_EQUAL(alone, statuses[i]);
            right += alone == KESS_OK;
        }
        CHECK(is_untouched(statuses + texts.count, 2 * sizeof(statuses[0])));
    }
    CHECK_EQUAL(9 + 3, right);
}

/* The last body may end where the buffer ends, and nothing is read beyond. */
static void test_verify_end(void)
{
    start(&texts);
    add_body("{\"a\":1}");
    const size_t len = len_of(&texts, 0);
    const uint8_t *in = guard_copy(&input, AT_END, texts.data + 11, len);
    const int64_t whole[] = {0, (int64_t)len};
    const int64_t cut[] = {0, (int64_t)len - 1, (int64_t)len};

    CHECK_EQUAL(KESS_OK, verify(in, len, whole, 1, NULL));
    CHECK_EQUAL(KESS_OK, statuses[0]);
    CHECK_EQUAL(KESS_OK, verify(in, len, cut, 2, NULL));
    CHECK_EQUAL(KESS_ERR_SYNTAX, statuses[0]);
    CHECK_EQUAL(KESS_ERR_SYNTAX, statuses[1]);
}

/* No bodies, and bodies of no bytes. */
static void test_verify_empty(void)
{
    const int64_t nothing[] = {0, 0, 0};

    CHECK_EQUAL(KESS_OK, kess_verify_documents(public_key, NULL, NULL, 0, NULL,
                                               0, NULL, &err));
    CHECK_EQUAL(KESS_OK, err.status);
    CHECK_EQUAL(KESS_OK, verify(NULL, 0, nothing, 0, NULL));
    CHECK(is_untouched(statuses, sizeof(statuses)));
    CHECK_EQUAL(KESS_OK, verify(NULL, 0, nothing, 2, NULL));
    CHECK_EQUAL(KESS_ERR_SYNTAX, statuses[0]);
    CHECK_EQUAL(KESS_ERR_SYNTAX, statuses[1]);
}

/* Offsets rise and stay within the data; then only are bodies looked at. */
static void test_verify_arguments(void)
{
    const kess_options too_deep = {0, 512};

    for (size_t i = 0; i < BAD_OFFSETS; i++) {
        CHECK_EQUAL(KESS_ERR_ARGUMENT,
                    verify("{}", 2, bad_offsets[i], 3, NULL));
    }
    for (size_t i = 0; i < BAD_OPTIONS; i++) {
        CHECK_EQUAL(KESS_ERR_ARGUMENT,
                    verify("{}", 2, good_offsets, 3, &bad_options[i]));
    }
    CHECK_EQUAL(KESS_OK, verify("{}", 2, good_offsets, 3, NULL));
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                verify("{}", 2, good_offsets, 3, &too_deep));
    CHECK_EQUAL(KESS_ERR_ARGUMENT, verify(NULL, 2, good_offsets, 3, NULL));
    CHECK_EQUAL(KESS_ERR_ARGUMENT, verify("{}", 2, NULL, 3, NULL));
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_verify_documents(public_key, NULL, (const uint8_t *)"{}",
                                      2, good_offsets, 3, NULL, &err));
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_verify_documents(NULL, statuses, (const uint8_t *)"{}", 2,
                                      good_offsets, 3, NULL, NULL));
}

int main(void)
{
    guard_open(&input, DATA_MAX);
    load_keys();
    test_verify();
    test_verify_end();
    test_verify_empty();
    test_verify_arguments();
    free_keys();
    return 0;
}

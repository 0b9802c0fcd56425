/*
 * test_promises.c: what kess.h says of a whole group of functions, asked of each.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "keymaker.h"

#define DEEPEST 513
#define ROOM 65536

static kess_key *private_key;
static kess_key *public_key;
static kess_error err;

/* ------------------------------------------------------------ functions */

/* One function on one text, with room for its output, or without any. Returns the
 * status of the text. */
typedef kess_status call(const uint8_t *given, size_t len, size_t *room,
                         const kess_options *options);

static uint8_t out[ROOM];

static uint8_t *out_with(const size_t *room)
{
    return *room > 0 ? out : NULL;
}

static kess_status canonicalize(const uint8_t *given, size_t len, size_t *room,
                                const kess_options *options)
{
    return kess_canonicalize(out_with(room), room, given, len, options, &err);
}

static kess_status sign_document(const uint8_t *given, size_t len, size_t *room,
                                 const kess_options *options)
{
    return kess_sign_document(private_key, (char *)out_with(room), room, given,
                              len, options, &err);
}

static kess_status signed_body(const uint8_t *given, size_t len, size_t *room,
                               const kess_options *options)
{
    return kess_signed_body(private_key, out_with(room), room, given, len,
                            options, &err);
}

static kess_status verify_document(const uint8_t *given, size_t len,
                                   size_t *room, const kess_options *options)
{
    return kess_verify_document(public_key, out_with(room), room, given, len,
                                options, &err);
}

static kess_status verify_documents(const uint8_t *given, size_t len,
                                    size_t *room, const kess_options *options)
{
    const int64_t offsets[2] = {0, (int64_t)len};
    int32_t status = -1;
    const kess_status whole = kess_verify_documents(
        public_key, &status, given, len, offsets, 1, options, &err);

    (void)room;
    return whole == KESS_OK ? (kess_status)status : whole;
}

static kess_status canonicalize_documents(const uint8_t *given, size_t len,
                                          size_t *room,
                                          const kess_options *options)
{
    const int64_t offsets[2] = {0, (int64_t)len};
    int64_t ends[2];
    int32_t status = -1;
    size_t done = 0;
    const kess_status whole = kess_canonicalize_documents(
        out_with(room), room, ends, &status, &done, given, len, offsets, 1,
        options, &err);

    return whole == KESS_OK ? (kess_status)status : whole;
}

static kess_status sign_documents(const uint8_t *given, size_t len,
                                  size_t *room, const kess_options *options)
{
    const int64_t offsets[2] = {0, (int64_t)len};
    int64_t ends[2];
    int32_t status = -1;
    size_t done = 0;
    const kess_status whole = kess_sign_documents(
        private_key, (char *)out_with(room), room, ends, &status, &done, given,
        len, offsets, 1, options, &err);

    return whole == KESS_OK ? (kess_status)status : whole;
}

/* ------------------------------------------------------------ depth */

/* What kess.h says of the depth of each. A text that is not too deep for a verify
 * function lacks a signature. */
static const struct promise {
    call *function;
    uint32_t depth; /* the default */
    uint32_t most;
    kess_status good;
} promises[] = {
    {canonicalize, 511, 512, KESS_OK},
    {canonicalize_documents, 511, 512, KESS_OK},
    {sign_document, 512, 512, KESS_OK},
    {sign_documents, 512, 512, KESS_OK},
    {signed_body, 512, 512, KESS_OK},
    {verify_document, 64, 511, KESS_ERR_SIGN_MISSING},
    {verify_documents, 64, 511, KESS_ERR_SIGN_MISSING},
};
#define PROMISES (sizeof promises / sizeof promises[0])

/* An object with so many levels. */
static size_t nest(uint8_t *given, uint32_t depth)
{
    size_t len = 0;

    for (uint32_t i = 0; i < depth; i++) {
        const char *level = i + 1 < depth ? "{\"a\":" : "{";
        memcpy(given + len, level, strlen(level));
        len += strlen(level);
    }
    memset(given + len, '}', depth);
    return len + depth;
}

static void expect(const struct promise *p, kess_status expected,
                   uint32_t depth, const kess_options *options)
{
    uint8_t given[6 * DEEPEST];
    const size_t len = nest(given, depth);
    size_t room = ROOM;

    CHECK_EQUAL(expected, p->function(given, len, &room, options));
}

/* A body of 512 levels is one that a server cannot read. */
static kess_status good_at(const struct promise *p, uint32_t depth)
{
    return p->function == signed_body && depth > KESS_DEPTH_DECODE
               ? KESS_ERR_NOT_STABLE
               : p->good;
}

static void test_depth(void)
{
    for (size_t i = 0; i < PROMISES; i++) {
        const struct promise *p = &promises[i];
        kess_options options = {0, 0};
        expect(p, good_at(p, p->depth), p->depth, NULL);
        expect(p, KESS_ERR_DEPTH, p->depth + 1, NULL);
        expect(p, good_at(p, p->depth), p->depth, &options);
        expect(p, KESS_ERR_DEPTH, p->depth + 1, &options);
        for (options.max_depth = 1; options.max_depth <= p->most;
             options.max_depth += options.max_depth < 4 ? 1 : 127) {
            expect(p, good_at(p, options.max_depth), options.max_depth,
                   &options);
            expect(p, KESS_ERR_DEPTH, options.max_depth + 1, &options);
        }
        options.max_depth = p->most;
        expect(p, good_at(p, p->most), p->most, &options);
        options.max_depth++;
        expect(p, KESS_ERR_ARGUMENT, 1, &options);
        options.max_depth = UINT32_MAX;
        expect(p, KESS_ERR_ARGUMENT, 1, &options);
    }
}

/* ------------------------------------------------------------ no room */

/* Without an output each says how much room it needs, which is then enough. */
static void test_no_output(void)
{
    static const uint8_t given[] = "{\"b\":0.50,\"a\":\"/\"}";
    uint8_t body[1024];
    size_t body_len = sizeof body, room, needed;

    CHECK_EQUAL(KESS_OK,
                kess_signed_body(private_key, body, &body_len, given,
                                 sizeof given - 1, NULL, NULL));
    for (size_t i = 0; i < PROMISES; i++) {
        const int verifies = promises[i].good != KESS_OK;
        const uint8_t *input = verifies ? body : given;
        const size_t len = verifies ? body_len : sizeof given - 1;
        if (promises[i].function == verify_documents) {
            continue; /* it has no output but the statuses */
        }
        room = 0;
        CHECK_EQUAL(KESS_ERR_BUFFER,
                    promises[i].function(input, len, &room, NULL));
        CHECK_EQUAL(KESS_ERR_BUFFER, err.status);
        CHECK(room > 0);
        needed = room;
        CHECK_EQUAL(KESS_OK, promises[i].function(input, len, &room, NULL));
        CHECK_EQUAL(needed, room);
    }
    /* The room that kess.h promises for a body is enough at once. */
    room = kess_canonical_bound_for(sizeof given - 1, NULL) + 3072;
    CHECK_EQUAL(KESS_OK, signed_body(given, sizeof given - 1, &room, NULL));
    CHECK_EQUAL(body_len, room);
    room = 0;
    CHECK_EQUAL(KESS_ERR_BUFFER,
                kess_sign(private_key, NULL, &room, given, 1, &err));
    CHECK_EQUAL(256, room);
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_sign(private_key, NULL, &room, given, 1, &err));
    room = 0;
    CHECK_EQUAL(KESS_ERR_BUFFER, kess_key_spki(public_key, NULL, &room, &err));
    CHECK(room > 256 && room < ROOM);
    CHECK_EQUAL(KESS_OK, kess_key_spki(public_key, out, &room, &err));
    CHECK_EQUAL(KESS_ERR_ARGUMENT, kess_key_spki(public_key, NULL, &room, &err));
}

/* ------------------------------------------------------------ loaders */

/* A loader that fails leaves its output alone, and says why. */
static void test_loaders(void)
{
    static const uint8_t data[] = "no key";
    const size_t len = sizeof data - 1;
    kess_key *key = private_key;

#define FAILS(status_, loader)              \
    do {                                    \
        err.status = -1;                    \
        CHECK_EQUAL(status_, loader);       \
        CHECK_EQUAL(status_, err.status);   \
        CHECK(key == private_key);          \
    } while (0)
    FAILS(KESS_ERR_KEY_FORMAT,
          kess_private_key_load(&key, data, len, NULL, 0, 0, &err));
    FAILS(KESS_ERR_KEY_FORMAT, kess_public_key_load(&key, data, len, 0, &err));
    FAILS(KESS_ERR_KEY_FORMAT, kess_public_key_load_protected(
                                   &key, data, len, "p", 1, 0, &err));
    FAILS(KESS_ERR_FILE, kess_private_key_load_file(&key, "no/such/file", NULL,
                                                    0, 0, &err));
    FAILS(KESS_ERR_FILE,
          kess_public_key_load_file(&key, "no/such/file", 0, &err));
    FAILS(KESS_ERR_FILE, kess_public_key_load_file_protected(
                             &key, "no/such/file", NULL, 0, 0, &err));
    FAILS(KESS_ERR_ARGUMENT,
          kess_private_key_load(&key, data, len, NULL, 0, 4, &err));
    FAILS(KESS_ERR_ARGUMENT, kess_public_key_load(&key, data, len, 4, &err));
    FAILS(KESS_ERR_ARGUMENT, kess_public_key_load_protected(
                                 &key, data, len, NULL, 0, 4, &err));
    FAILS(KESS_ERR_ARGUMENT,
          kess_private_key_load_file(&key, NULL, NULL, 0, 0, &err));
    FAILS(KESS_ERR_ARGUMENT, kess_public_key_load_file(&key, NULL, 0, &err));
    FAILS(KESS_ERR_ARGUMENT, kess_public_key_load_file_protected(
                                 &key, NULL, NULL, 0, 0, &err));
    FAILS(KESS_ERR_ARGUMENT, kess_key_public(&key, NULL, &err));
}

int main(void)
{
    static text pem;
    EVP_PKEY *pkey = new_rsa(2048);

    make_pkcs8_pem(&pem, pkey);
    private_key = must_load(&pem, 1);
    EVP_PKEY_free(pkey);
    CHECK_EQUAL(KESS_OK, kess_key_public(&public_key, private_key, &err));
    test_depth();
    test_no_output();
    test_loaders();
    kess_key_free(public_key);
    kess_key_free(private_key);
    return 0;
}

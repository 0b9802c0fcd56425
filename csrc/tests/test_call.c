/*
 * test_call.c: kess_call and kess_load do what the functions of their operations
 * do, and nothing where there is no room. Those functions are the judges.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "keymaker.h"

#define ROOM 131072
#define MEMBERS 9000

static kess_key *private_key;
static kess_key *public_key;
static kess_error err;
static uint8_t out[ROOM], other[ROOM];
static char given[3 * MEMBERS], body[ROOM];

/* ------------------------------------------------------------ documents */

static kess_status judge(int operation, size_t *len, const void *doc,
                         size_t doc_len, const kess_options *options)
{
    switch (operation) {
    case KESS_DO_CANONICALIZE:
        return kess_canonicalize(other, len, doc, doc_len, options, NULL);
    case KESS_DO_SIGNED_BODY:
        return kess_signed_body(private_key, other, len, doc, doc_len,
                                options, NULL);
    case KESS_DO_SIGN_DOCUMENT:
        return kess_sign_document(private_key, (char *)other, len, doc,
                                  doc_len, options, NULL);
    case KESS_DO_VERIFY_DOCUMENT:
        return kess_verify_document(public_key, other, len, doc, doc_len,
                                    options, NULL);
    default:
        return kess_key_spki(public_key, other, len, NULL);
    }
}

static const kess_key *key_of(int operation)
{
    return operation == KESS_DO_CANONICALIZE ? NULL
           : operation == KESS_DO_SIGNED_BODY ||
                   operation == KESS_DO_SIGN_DOCUMENT
               ? private_key
               : public_key;
}

/* Without room, with the room that is said to be needed, and with much. */
static void check_call(int operation, const char *doc, size_t doc_len,
                       const kess_options *options)
{
    const uint8_t *const in = (const uint8_t *)doc;
    const kess_key *const key = key_of(operation);
    const size_t rooms[] = {0, 1, ROOM};
    size_t expected_len = ROOM;
    const kess_status expected =
        judge(operation, &expected_len, doc, doc_len, options);

    for (size_t i = 0; i < 3; i++) {
        size_t len = rooms[i];
        kess_status status =
            kess_call(key, operation, out, &len, in, doc_len,
                      options->profile, options->max_depth, &err);
        CHECK_EQUAL(status, err.status);
        if (status == KESS_ERR_BUFFER) {
            CHECK(rooms[i] < ROOM && len > rooms[i] && len <= ROOM);
            status = kess_call(key, operation, out, &len, in, doc_len,
                               options->profile, options->max_depth, &err);
        }
        CHECK_EQUAL(expected, status);
        CHECK_EQUAL(expected, err.status);
        if (status == KESS_OK) {
            CHECK_EQUAL(expected_len, len);
            CHECK(memcmp(other, out, len) == 0);
        }
    }
}

static void check_all(const char *doc, size_t doc_len)
{
    for (int operation = 0; operation <= KESS_DO_SPKI; operation++) {
        for (uint32_t profile = 0; profile <= KESS_PROFILE_PRECISION_100;
             profile += KESS_PROFILE_PRECISION_100) {
            const kess_options options = {profile, 0};
            size_t len = sizeof body;
            check_call(operation, doc, doc_len, &options);
            if (kess_signed_body(private_key, (uint8_t *)body, &len,
                                 (const uint8_t *)doc, doc_len, &options,
                                 NULL) == KESS_OK) {
                check_call(operation, body, len, &options);
                /* A body that is not authentic. */
                body[2] ^= 1;
                check_call(operation, body, len, &options);
            }
        }
    }
}

static void test_documents(void)
{
    static const char *const texts[] = {
        "{\"b\":0.50,\"a\":\"/\"}", "{}", "[1,2]", "", "{", "{\"a\":1,\"a\":2}",
        "{\"a\":9e99}", "{\"sign\":\"x\"}", "{\"a\":[[[]]]}",
    };
    const kess_options shallow = {0, 2}, wrong = {1u << 31, 0};
    size_t len = 1;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        check_all(texts[i], strlen(texts[i]));
        for (int operation = 0; operation <= KESS_DO_SPKI; operation++) {
            check_call(operation, texts[i], strlen(texts[i]), &shallow);
            check_call(operation, texts[i], strlen(texts[i]), &wrong);
        }
    }
    /* Longer than what any room of ROOM bytes is enough for. */
    given[0] = '[';
    for (; len < 2 * MEMBERS; len += 2) {
        memcpy(given + len, "1,", 2);
    }
    given[len - 1] = ']';
    check_all(given, len);
}

/* Nothing is signed or verified where there is no room. */
static void test_room(void)
{
    static const char doc[] = "{\"a\":\"b\"}";
    size_t len = ROOM;

    CHECK_EQUAL(KESS_OK, kess_signed_body(private_key, (uint8_t *)body, &len,
                                          (const uint8_t *)doc,
                                          sizeof doc - 1, NULL, NULL));
    body[2] ^= 1;
    size_t room = 0;
    CHECK_EQUAL(KESS_ERR_BUFFER,
                kess_call(public_key, KESS_DO_VERIFY_DOCUMENT, NULL, &room,
                          (uint8_t *)body, len, 0, 0, &err));
    CHECK_EQUAL(9, room);
    CHECK_EQUAL(KESS_ERR_SIGNATURE,
                kess_call(public_key, KESS_DO_VERIFY_DOCUMENT, out, &room,
                          (uint8_t *)body, len, 0, 0, &err));
    room = 0;
    CHECK_EQUAL(KESS_ERR_BUFFER,
                kess_call(private_key, KESS_DO_SIGNED_BODY, NULL, &room,
                          (const uint8_t *)doc, sizeof doc - 1, 0, 0, &err));
    /* Enough where every character of the signature is escaped. */
    CHECK(room >= 9 + 2 * 344 + sizeof "\"sign_type\":\"RSA2\",\"sign\":\"\"");
}

static void test_arguments(void)
{
    size_t len = ROOM;

    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_call(NULL, KESS_DO_CANONICALIZE, out, NULL, NULL, 0, 0, 0,
                          &err));
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_call(NULL, KESS_DO_CANONICALIZE, out, &len, NULL, 1, 0, 0,
                          &err));
    CHECK_EQUAL(KESS_ERR_SYNTAX, kess_call(NULL, KESS_DO_CANONICALIZE, out,
                                           &len, NULL, 0, 0, 0, &err));
    for (int operation = -1; operation < 11; operation++) {
        const kess_status status = kess_call(
            NULL, operation, out, &len, (const uint8_t *)"{}", 2, 0, 0, &err);
        CHECK_EQUAL(operation == KESS_DO_CANONICALIZE ? KESS_OK
                                                      : KESS_ERR_ARGUMENT,
                    status);
        CHECK_EQUAL(status, err.status);
    }
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_call(public_key, KESS_DO_SIGN_DOCUMENT, out, &len,
                          (const uint8_t *)"{}", 2, 0, 0, NULL));
}

/* ------------------------------------------------------------ keys */

#define FILE_NAME "test_call.pem"

static void check_load(kess_status expected, int operation, const void *data,
                       size_t len)
{
    kess_key *key = NULL;
    const kess_status status =
        kess_load(&key, operation, data, len, NULL, 0, 0, &err);

    CHECK_EQUAL(expected, status);
    CHECK_EQUAL(expected, err.status);
    CHECK_EQUAL(status == KESS_OK, key != NULL);
    if (key != NULL) {
        CHECK_EQUAL(operation == KESS_DO_LOAD_PRIVATE ||
                        operation == KESS_DO_LOAD_PRIVATE_FILE,
                    kess_key_is_private(key));
    }
    kess_key_free(key);
}

static void test_keys(const text *pem)
{
    static char long_path[5000];
    FILE *file = fopen(FILE_NAME, "wb");
    size_t spki_len = ROOM;

    CHECK(file != NULL);
    CHECK_EQUAL(pem->len, fwrite(pem->data, 1, pem->len, file));
    fclose(file);
    CHECK_EQUAL(KESS_OK, kess_key_spki(public_key, out, &spki_len, NULL));
    check_load(KESS_OK, KESS_DO_LOAD_PRIVATE, pem->data, pem->len);
    check_load(KESS_OK, KESS_DO_LOAD_PUBLIC, out, spki_len);
    check_load(KESS_ERR_KEY_SECRET, KESS_DO_LOAD_PUBLIC, pem->data, pem->len);
    /* The path needs no NUL at its end. */
    check_load(KESS_OK, KESS_DO_LOAD_PRIVATE_FILE, FILE_NAME "x",
               sizeof FILE_NAME - 1);
    check_load(KESS_ERR_KEY_SECRET, KESS_DO_LOAD_PUBLIC_FILE, FILE_NAME,
               sizeof FILE_NAME - 1);
    memset(long_path, '/', sizeof long_path);
    for (int operation = KESS_DO_LOAD_PRIVATE_FILE;
         operation <= KESS_DO_LOAD_PUBLIC_FILE; operation++) {
        check_load(KESS_ERR_ARGUMENT, operation, NULL, 0);
        check_load(KESS_ERR_ARGUMENT, operation, "", 0);
        check_load(KESS_ERR_ARGUMENT, operation, FILE_NAME, sizeof FILE_NAME);
        check_load(KESS_ERR_FILE, operation, "no/such/file", 12);
        check_load(KESS_ERR_FILE, operation, long_path, sizeof long_path);
        check_load(KESS_ERR_FILE, operation, long_path, 4096);
    }
    check_load(KESS_ERR_ARGUMENT, KESS_DO_SPKI, pem->data, pem->len);
    check_load(KESS_ERR_ARGUMENT, 9, pem->data, pem->len);
    remove(FILE_NAME);
}

int main(void)
{
    static text pem;
    EVP_PKEY *pkey = new_rsa(2048);

    make_pkcs8_pem(&pem, pkey);
    private_key = must_load(&pem, 1);
    EVP_PKEY_free(pkey);
    CHECK_EQUAL(KESS_OK, kess_key_public(&public_key, private_key, &err));
    test_documents();
    test_room();
    test_arguments();
    test_keys(&pem);
    kess_key_free(public_key);
    kess_key_free(private_key);
    return 0;
}

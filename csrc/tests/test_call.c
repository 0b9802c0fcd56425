/*
 * test_call.c: kess_run and kess_load_key do what the functions of their
 * operations do, and nothing where there is no room. Those functions are the
 * judges.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "internal.h"
#include "keymaker.h"

#define ROOM 131072
#define MEMBERS 9000

static kess_key *private_key;
static kess_key *public_key;
static uint8_t out[ROOM], other[ROOM];
/* A request with ROOM bytes for its result. */
static union {
    kess_request request;
    uint32_t aligned[(512 + ROOM) / 4];
} asked;
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

/* With the room that a request has, with hardly any, and with what is said to be
 * enough then. */
static void check_run(int operation, const char *doc, size_t doc_len,
                      const kess_options *options)
{
    const uint8_t *const in = (const uint8_t *)doc;
    kess_request *const request = &asked.request;
    size_t len = ROOM;
    const kess_status expected =
        judge(operation, &len, doc, doc_len, options);

    for (uint32_t room = 0; room < 3; room++) {
        memset(&asked, 0xa5, 512 + 1);
        request->operation = operation;
        request->profile = options->profile;
        request->max_depth = options->max_depth;
        request->room = room;
        const char *result = kess_run(request, key_of(operation), in, doc_len);
        if (request->status == KESS_ERR_BUFFER) {
            CHECK(result == NULL && request->len <= ROOM);
            CHECK(request->len > (room == 0 ? sizeof request->out : room));
            /* No byte of the result is there. */
            CHECK((uint8_t)request->out[0] == 0xa5);
            request->room = request->len;
            result = kess_run(request, key_of(operation), in, doc_len);
        }
        CHECK_EQUAL(expected, request->status);
        if (expected == KESS_OK) {
            CHECK(result == request->out);
            CHECK_EQUAL(len, request->len);
            CHECK(memcmp(other, result, len) == 0 && result[len] == '\0');
            /* The NUL has to have room as well. */
            request->room = (uint32_t)len;
            request->out[len] = 'x';
            CHECK(kess_run(request, key_of(operation), in, doc_len) == NULL);
            CHECK_EQUAL(KESS_ERR_BUFFER, request->status);
            CHECK(request->len > len && request->out[len] == 'x');
            continue;
        }
        CHECK(result == NULL);
        CHECK_EQUAL(0, request->len);
        CHECK(strcmp(request->name, kess_status_name(expected)) == 0);
        CHECK_EQUAL(request->pos >= 0, expected / 100 == 2);
    }
}

static void check_all(const char *doc, size_t doc_len)
{
    for (int operation = 0; operation <= KESS_DO_SPKI; operation++) {
        for (uint32_t profile = 0; profile <= KESS_PROFILE_PRECISION_100;
             profile += KESS_PROFILE_PRECISION_100) {
            const kess_options options = {profile, 0};
            size_t len = sizeof body;
            check_run(operation, doc, doc_len, &options);
            if (kess_signed_body(private_key, (uint8_t *)body, &len,
                                 (const uint8_t *)doc, doc_len, &options,
                                 NULL) == KESS_OK) {
                check_run(operation, body, len, &options);
                /* A body that is not authentic. */
                body[2] ^= 1;
                check_run(operation, body, len, &options);
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
            check_run(operation, texts[i], strlen(texts[i]), &shallow);
            check_run(operation, texts[i], strlen(texts[i]), &wrong);
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

static kess_status run(const kess_key *key, int operation, uint32_t room,
                       const void *doc, size_t len)
{
    kess_request *const request = &asked.request;
    memset(request, 0, 512);
    request->operation = operation;
    request->room = room;
    CHECK_EQUAL(kess_run(request, key, doc, len) == NULL,
                request->status != KESS_OK);
    return (kess_status)request->status;
}

/* Nothing is signed or verified where there is no room. */
static void test_room(void)
{
    static const char doc[] = "{\"a\":\"b\"}";
    kess_request *const request = &asked.request;
    size_t len = ROOM;

    CHECK_EQUAL(KESS_OK, kess_signed_body(private_key, (uint8_t *)body, &len,
                                          (const uint8_t *)doc,
                                          sizeof doc - 1, NULL, NULL));
    body[2] ^= 1;
    CHECK_EQUAL(KESS_ERR_BUFFER,
                run(public_key, KESS_DO_VERIFY_DOCUMENT, 1, body, len));
    CHECK_EQUAL(10, request->len);
    CHECK_EQUAL(KESS_ERR_SIGNATURE,
                run(public_key, KESS_DO_VERIFY_DOCUMENT, 10, body, len));
    CHECK_EQUAL(KESS_ERR_BUFFER, run(private_key, KESS_DO_SIGNED_BODY, 1, doc,
                                     sizeof doc - 1));
    /* Enough where every character of the signature is escaped. */
    CHECK(request->len >=
          9 + 2 * 344 + sizeof "\"sign_type\":\"RSA2\",\"sign\":\"\"");
    CHECK_EQUAL(KESS_ERR_SYNTAX,
                run(NULL, KESS_DO_CANONICALIZE, 0, NULL, 0));
}

static void check_refused(const kess_key *key, const void *doc, size_t len,
                          const char *why)
{
    kess_request *const request = &asked.request;
    CHECK(kess_run(request, key, doc, len) == NULL);
    CHECK_EQUAL(KESS_ERR_ARGUMENT, request->status);
    CHECK_EQUAL(KESS_KIND_INPUT, request->kind);
    CHECK(strcmp(request->exception, "InputError") == 0);
    CHECK(strncmp(request->message, why, strlen(why)) == 0);
}

/* What is wrong with the arguments is said. */
static void test_wrong_requests(void)
{
    kess_request *const request = &asked.request;
    static const int32_t unknown[] = {-1, KESS_DO_LOAD_PRIVATE,
                                      KESS_DO_LOAD_PUBLIC_FILE, 12, INT32_MAX};

    CHECK(kess_run(NULL, NULL, NULL, 0) == NULL);
    CHECK_EQUAL(0, kess_key_bits(NULL));
    CHECK(kess_load_key(NULL, NULL, 0, NULL, 0) == NULL);
    memset(&asked, 0, sizeof asked);
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        request->operation = unknown[i];
        check_refused(private_key, "{}", 2, "the operation is unknown");
    }
    request->operation = KESS_DO_CANONICALIZE;
    check_refused(NULL, NULL, 1, "there is no text");
    for (int operation = 1; operation <= KESS_DO_SPKI; operation++) {
        request->operation = operation;
        check_refused(NULL, "{}", 2, "there is no key");
    }
    request->operation = KESS_DO_PUBLIC_TEXT;
    check_refused(NULL, NULL, 0, "there is no key");
    for (int operation = KESS_DO_SIGNED_BODY;
         operation <= KESS_DO_SIGN_DOCUMENT; operation++) {
        request->operation = operation;
        check_refused(public_key, "{}", 2, "a private key is needed to sign");
    }
    request->profile = 128;
    check_refused(private_key, "{}", 2, "the profile has an unknown setting");
    request->profile = 0;
    request->max_depth = 513;
    check_refused(private_key, "{}", 2, "the depth must be 1 to 512");
    request->operation = KESS_DO_VERIFY_DOCUMENT;
    request->max_depth = 512;
    check_refused(public_key, "{}", 2, "the depth must be 1 to 512");
}

/* A length that is no number of 32 bits is refused before the text is read. */
static void test_lengths(void)
{
    kess_request *const request = &asked.request;
    static const size_t lengths[] = {INT32_MAX, (size_t)INT32_MAX + 1,
                                     SIZE_MAX / 2, SIZE_MAX};

    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        for (int operation = 0; operation <= KESS_DO_VERIFY_DOCUMENT;
             operation++) {
            CHECK_EQUAL(KESS_ERR_LENGTH, run(key_of(operation), operation, 0,
                                             "{}", lengths[i]));
            CHECK_EQUAL(KESS_KIND_INPUT, request->kind);
        }
    }
    CHECK_EQUAL(KESS_OK,
                run(NULL, KESS_DO_CANONICALIZE, UINT32_MAX, "{}", 2));
    /* No test makes a result of 2 GiB. The NUL behind it needs a byte. */
    CHECK_EQUAL(KESS_ERR_BUFFER,
                kess_int_request_status(KESS_ERR_BUFFER, INT32_MAX - 1));
    CHECK_EQUAL(KESS_ERR_LENGTH,
                kess_int_request_status(KESS_ERR_BUFFER, INT32_MAX));
    CHECK_EQUAL(KESS_ERR_SYNTAX,
                kess_int_request_status(KESS_ERR_SYNTAX, SIZE_MAX));
}

/* ------------------------------------------------------------ versions */

static void check_misfit(const char *version, size_t len, const char *shown)
{
    kess_request *const request = &asked.request;
    char expected[200];
    snprintf(expected, sizeof expected,
             "libkess %s was loaded, and does not fit what was made for %s: "
             "install the same version of both, and build what calls it again",
             kess_version(), shown);
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                run(NULL, KESS_DO_VERSION, 0, version, len));
    CHECK_EQUAL(KESS_KIND_BACKEND, request->kind);
    CHECK(strcmp(request->exception, "BackendError") == 0);
    CHECK(strcmp(request->reason, "argument") == 0);
    CHECK(strcmp(request->message, expected) == 0);
}

static void test_versions(void)
{
    kess_request *const request = &asked.request;
    const char *const version = kess_version();
    const char *const openssl = kess_openssl_version();
    static char long_version[1000];

    CHECK_EQUAL(KESS_OK, run(NULL, KESS_DO_VERSION, 0, version,
                             strlen(version)));
    CHECK(strcmp(version, request->out) == 0);
    CHECK_EQUAL(strlen(version), request->len);
    CHECK_EQUAL(KESS_ERR_BUFFER,
                run(NULL, KESS_DO_VERSION, (uint32_t)strlen(version), version,
                    strlen(version)));
    CHECK_EQUAL(strlen(version) + 1, request->len);
    CHECK_EQUAL(KESS_OK, run(NULL, KESS_DO_OPENSSL_VERSION, 0, NULL, 0));
    CHECK(strcmp(openssl, request->out) == 0);
    CHECK_EQUAL(KESS_ERR_BUFFER, run(NULL, KESS_DO_OPENSSL_VERSION, 1, "", 0));
    check_misfit("99.0.0", 6, "99.0.0");
    check_misfit("0.1.0\0", 6, "0.1.0?");
    check_misfit("a secret 0", 10, "?????????0");
    check_misfit("", 0, "");
    check_misfit(NULL, 0, "");
    memset(long_version, '1', sizeof long_version);
    check_misfit(long_version, sizeof long_version,
                 "11111111111111111111111111111111");
    CHECK_EQUAL(KESS_ERR_ARGUMENT, run(NULL, KESS_DO_VERSION, 0, NULL, 1));
    CHECK_EQUAL(KESS_KIND_INPUT, request->kind);
}

/* ------------------------------------------------------------ keys */

/* The text of a public key can be loaded, and is the base64 of its DER. */
static void test_public_text(void)
{
    kess_request *const request = &asked.request;
    size_t der_len = ROOM, loaded_len = ROOM;

    memset(&asked, 0, sizeof asked);
    CHECK_EQUAL(KESS_OK, kess_key_spki(public_key, out, &der_len, NULL));
    request->operation = KESS_DO_PUBLIC_TEXT;
    request->room = 1;
    CHECK(kess_run(request, private_key, NULL, 0) == NULL);
    CHECK_EQUAL(KESS_ERR_BUFFER, request->status);
    CHECK_EQUAL((der_len + 2) / 3 * 4 + 1, request->len);
    request->room = request->len;
    CHECK(kess_run(request, private_key, NULL, 0) == request->out);
    CHECK_EQUAL(request->len, strlen(request->out));
    memcpy(given, request->out, request->len);
    request->operation = KESS_DO_LOAD_PUBLIC;
    kess_key *key = kess_load_key(request, (const uint8_t *)given,
                                  request->len, NULL, 0);
    CHECK(key != NULL);
    CHECK_EQUAL(KESS_OK, kess_key_spki(key, other, &loaded_len, NULL));
    CHECK(loaded_len == der_len && memcmp(out, other, der_len) == 0);
    kess_key_free(key);
}

#define FILE_NAME "test_call.pem"

static void check_load(kess_status expected, int operation, const void *data,
                       size_t len)
{
    kess_request *const request = &asked.request;
    request->operation = operation;
    request->policy = 0;
    kess_key *const key = kess_load_key(request, data, len, NULL, 0);

    CHECK_EQUAL(expected, request->status);
    CHECK_EQUAL(expected == KESS_OK, key != NULL);
    CHECK_EQUAL(kess_key_bits(key), request->len);
    if (key != NULL) {
        CHECK_EQUAL(operation == KESS_DO_LOAD_PRIVATE ||
                        operation == KESS_DO_LOAD_PRIVATE_FILE,
                    kess_key_is_private(key));
    } else {
        CHECK(strcmp(request->name, kess_status_name(expected)) == 0);
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
    CHECK(strcmp(asked.request.message, "the operation is unknown") == 0);
    check_load(KESS_ERR_ARGUMENT, KESS_DO_LOAD_PRIVATE, NULL, 1);
    CHECK(strcmp(asked.request.message, "there is no data, or the policy is "
                                        "unknown: no key was loaded") == 0);
    check_load(KESS_ERR_ARGUMENT, KESS_DO_LOAD_PUBLIC_FILE, "", 0);
    CHECK(strncmp(asked.request.message, "the path of a key file", 22) == 0);
    check_load(KESS_ERR_KEY_FORMAT, KESS_DO_LOAD_PUBLIC, "x", 1);
    CHECK(strcmp(asked.request.exception, "KeyLoadError") == 0);
    remove(FILE_NAME);
}

int main(void)
{
    static text pem;
    EVP_PKEY *pkey = new_rsa(2048);

    make_pkcs8_pem(&pem, pkey);
    private_key = must_load(&pem, 1);
    EVP_PKEY_free(pkey);
    CHECK_EQUAL(KESS_OK, kess_key_public(&public_key, private_key, NULL));
    test_documents();
    test_room();
    test_wrong_requests();
    test_lengths();
    test_versions();
    test_public_text();
    test_keys(&pem);
    kess_key_free(public_key);
    kess_key_free(private_key);
    return 0;
}

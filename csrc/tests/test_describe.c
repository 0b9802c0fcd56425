/*
 * test_describe.c: errors in words. bindings/status.json is the judge of kinds
 * and reasons, where it lies beside the sources; else only the ranges are.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "check.h"
#include "internal.h"

static kess_request described;

static const kess_request *describe(int operation, int status, int item,
                                    uint64_t pos)
{
    const kess_error err = {status, item, pos};
    memset(&described, 0xa5, sizeof described);
    described.operation = operation;
    kess_int_describe(&described, &err, "the reason of the caller");
    CHECK_EQUAL(status, described.status);
    CHECK_EQUAL(0, described.len);
    CHECK(memchr(described.message, 0, sizeof described.message) != NULL);
    CHECK(strcmp(described.name, kess_status_name(status)) == 0);
    CHECK((uint8_t)described.out[0] == 0xa5);
    return &described;
}

static void check_says(const char *expected)
{
    if (strcmp(expected, described.message) != 0) {
        fprintf(stderr, "%s\nand not\n%s\n", described.message, expected);
        exit(1);
    }
}

static kess_kind kind_of(int status)
{
    if (status == KESS_ERR_FILE || status / 100 == 3) {
        return KESS_KIND_KEY;
    }
    if (status == KESS_ERR_ARGUMENT || status == KESS_ERR_LENGTH) {
        return KESS_KIND_INPUT;
    }
    return status / 100 == 2   ? KESS_KIND_DOCUMENT
           : status / 100 == 4 ? KESS_KIND_SIGNATURE
                               : KESS_KIND_BACKEND;
}

/* The ranges say the kind; a status without a name is a failure. */
static void test_kinds(void)
{
    for (int status = -500; status < 1000; status++) {
        const int is_known =
            strcmp(kess_status_name(status), "KESS_ERR_UNKNOWN") != 0 &&
            status != KESS_OK;
        const kess_request *d =
            describe(KESS_DO_CANONICALIZE, status, 0, 7);
        CHECK_EQUAL(is_known ? kind_of(status) : KESS_KIND_BACKEND, d->kind);
        CHECK_EQUAL(is_known, strcmp(d->reason, "unknown") != 0);
        CHECK_EQUAL(d->kind == KESS_KIND_DOCUMENT ? 7 : -1, d->pos);
        CHECK(strlen(d->message) > 8 && d->found[0] == '\0');
        if (is_known) {
            const int refused = status / 100 == 2;
            d = describe(KESS_DO_VERIFY_DOCUMENT, status, 0, 7);
            CHECK_EQUAL(refused ? KESS_KIND_REFUSED : kind_of(status),
                        d->kind);
        }
    }
}

/* Each row of the table of all languages. */
static void test_table(void)
{
    FILE *file = fopen("../../bindings/status.json", "r");
    char line[300], name[60], exception[60], reason[60];
    int status, count = 0;

    if (file == NULL) {
        return;
    }
    while (fgets(line, sizeof line, file) != NULL) {
        const char *last = strstr(line, "\"reason\": \"");
        if (last == NULL) {
            continue;
        }
        CHECK_EQUAL(3, sscanf(line,
                              " {\"status\": %d, \"code\": \"%59[^\"]\", "
                              "\"exception\": \"%59[^\"]\"",
                              &status, name, exception));
        CHECK_EQUAL(1, sscanf(last, "\"reason\": \"%59[^\"]\"", reason));
        const kess_request *d =
            describe(KESS_DO_SIGNED_BODY, status, 0, 0);
        CHECK(strcmp(reason, d->reason) == 0 && strcmp(name, d->name) == 0);
        CHECK(strcmp(exception, d->exception) == 0);
        const int refuses = strstr(line, "\"verifying\"") != NULL;
        d = describe(KESS_DO_VERIFY_DOCUMENT, status, 0, 0);
        CHECK(strcmp(refuses ? "DocumentRefused" : exception, d->exception) ==
              0);
        count++;
    }
    fclose(file);
    CHECK_EQUAL(35, count);
}

static void test_messages(void)
{
    describe(KESS_DO_CANONICALIZE, KESS_ERR_UTF8, 0, INT32_MAX);
    check_says("malformed UTF-8 at byte 2147483647");
    describe(KESS_DO_VERIFY_DOCUMENT, KESS_ERR_SYNTAX, 0, 0);
    check_says("the text is not JSON (RFC 8259) at byte 0");
    describe(KESS_DO_VERIFY_DOCUMENT, KESS_ERR_SIGN_MISSING, 0, 5);
    check_says("the document has no \"sign\"");
    describe(KESS_DO_CANONICALIZE, KESS_ERR_MEMORY, 0, 0);
    check_says("out of memory (KESS_ERR_MEMORY, 100): nothing was signed or "
               "verified");
    describe(KESS_DO_CANONICALIZE, INT32_MIN, 0, 0);
    check_says("an unknown status (KESS_ERR_UNKNOWN, -2147483648): nothing "
               "was signed or verified");
    describe(KESS_DO_CANONICALIZE, KESS_ERR_ARGUMENT, 0, 0);
    check_says("the reason of the caller");
    describe(KESS_DO_CANONICALIZE, KESS_ERR_LENGTH, 0, 0);
    check_says("an input is too long to be processed");
}

static void test_keys(void)
{
    static const struct {
        int operation, status, found;
        const char *message;
    } cases[] = {
        {KESS_DO_LOAD_PRIVATE_FILE, KESS_ERR_KEY_KIND, KESS_FOUND_PUBLIC_KEY,
         "found a public key where a private key is needed"},
        {KESS_DO_LOAD_PUBLIC, KESS_ERR_KEY_SECRET, KESS_FOUND_PRIVATE_KEY,
         "found a private key where a public key is needed"},
        {KESS_DO_LOAD_PUBLIC_FILE, KESS_ERR_KEY_ALGORITHM, KESS_FOUND_EC_KEY,
         "found an EC key where an RSA key is needed"},
        {KESS_DO_LOAD_PRIVATE, KESS_ERR_KEY_KIND, KESS_FOUND_NOTHING,
         "cannot load a private key: something other than the needed key was "
         "found"},
        {KESS_DO_LOAD_PUBLIC, KESS_ERR_KEY_SIZE, KESS_FOUND_PUBLIC_KEY,
         "cannot load a public key: the modulus must have 2048 to 8192 bits"},
        {KESS_DO_CANONICALIZE, KESS_ERR_FILE, KESS_FOUND_NOTHING,
         "cannot load a key: the key file cannot be read"},
        {-1, KESS_ERR_KEY_KIND, KESS_FOUND_LEGACY_ENCRYPTED_KEY,
         "found a private key in OpenSSL's old encrypted form where a key is "
         "needed"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const kess_request *d = describe(
            cases[i].operation, cases[i].status, cases[i].found, 0);
        check_says(cases[i].message);
        CHECK_EQUAL(KESS_KIND_KEY, d->kind);
        CHECK_EQUAL(cases[i].found == 0, d->found[0] == '\0');
    }
}

/* No message is cut, and each text has room in its field. */
static void test_room(void)
{
    for (int operation = 0; operation <= KESS_DO_LOAD_PUBLIC_FILE;
         operation++) {
        for (int status = 1; status < 500; status++) {
            for (int found = 0; found <= KESS_FOUND_PKCS12; found++) {
                const kess_request *d =
                    describe(operation, status, found, INT32_MAX);
                CHECK(strlen(d->message) + 20 < sizeof d->message);
                CHECK(strlen(d->found) < sizeof d->found);
                CHECK(strlen(d->name) < sizeof d->name);
                CHECK(strlen(d->exception) < sizeof d->exception);
                CHECK(strlen(d->reason) < sizeof d->reason);
            }
        }
    }
}

static void test_versions(void)
{
    static const char *const fitting[][2] = {
        {"0.1.0", "0.1.9"}, {"0.1.12", "0.1.0"}, {"1.4.0", "1.2.7"},
        {"12.0.1", "12.9.0"},
    };
    static const char *const others[][2] = {
        {"0.2.0", "0.1.0"}, {"0.10.0", "0.1.0"}, {"1.0.0", "0.1.0"},
        {"2.0.0", "1.0.0"}, {"", "0.1.0"},       {"0.1.0", ""},
        {"1", "1.0.0"},     {"1.x.0", "1.0.0"},  {"1.0.0", "1.0.0-rc"},
        {"1.0.", "1.0.0"},  {"1.0.0.0", "1.0.0"}, {"99999999.0.0", "1.0.0"},
        {"1.0.0", "1..0"},
    };

    for (size_t i = 0; i < sizeof fitting / sizeof fitting[0]; i++) {
        CHECK(kess_int_fits(fitting[i][0], fitting[i][1]));
        CHECK(kess_int_fits(fitting[i][1], fitting[i][0]));
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        CHECK(!kess_int_fits(others[i][0], others[i][1]));
        CHECK(!kess_int_fits(others[i][1], others[i][0]));
    }
    CHECK_EQUAL(1, kess_version_fits(kess_version()));
    CHECK_EQUAL(0, kess_version_fits("99.0.0"));
}

int main(void)
{
    test_kinds();
    test_table();
    test_messages();
    test_keys();
    test_room();
    test_versions();
    return 0;
}

/*
 * test_vectors.c: what real PHP and the openssl command answered.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * csrc/tests/data is a selection from tests/vectors, where the origin stands;
 * csrc/tools/make_test_data.py makes it.
 */
#include <inttypes.h>

#include "ask.h"
#include "internal.h"
#include "table.h"

static table rows;
static answer found;
static asker with;

/* Name the case that goes wrong before the check that ends the program. */
static void begin_case(const char *file, int holds)
{
    if (!holds) {
        fprintf(stderr, "%s:%u: not as in the data\n", file, rows.line);
    }
    CHECK(holds);
}

static int is_verdict(const field *verdict, kess_status status)
{
    if (field_is(verdict, "ok")) {
        return status == KESS_OK;
    }
    if (field_is(verdict, "type")) {
        return status == KESS_ERR_TOP_LEVEL;
    }
    if (field_is(verdict, "encode")) {
        return status == KESS_ERR_INFINITE;
    }
    return field_is(verdict, "decode") && status >= KESS_ERR_SYNTAX &&
           status <= KESS_ERR_DEPTH;
}

/* Documents, accepted and refused, under every profile. */
static void test_canonical(void)
{
    static const char path[] = "data/canonical.tsv";
    kess_options options = {0, 0};

    table_open(&rows, path);
    while (table_next(&rows, 4)) {
        const field *text = &rows.fields[2];
        const field *expected = &rows.fields[3];

        options.profile =
            (uint32_t)strtoul((const char *)rows.fields[0].data, NULL, 10);
        ask(&with, &found, text->data, text->len, &options);
        begin_case(path, is_verdict(&rows.fields[1], found.status));
        begin_case(path,
                   found.len == expected->len &&
                       memcmp(found.text, expected->data, found.len) == 0);
    }
    CHECK(rows.line > 1000);
}

/* Where PHP's text is right, "[" and "]" around it make a document. */
static void check_number(const char *path, const field *text, uint32_t profile)
{
    const kess_options options = {profile, 0};
    char document[64];

    /* PHP writes the double -0.0 as "-0", which reads as an integer. */
    const int is_zero = field_is(text, "-0");
    const int len = snprintf(document, sizeof(document), "[%s]",
                             is_zero ? "-0.0" : (const char *)text->data);
    ask(&with, &found, document, (size_t)len, &options);
    begin_case(path, found.status == KESS_OK && found.len == text->len + 2 &&
                         memcmp(found.text + 1, text->data, text->len) == 0);
}

/* The digits of a double, from its bits and from its own text. */
static void test_doubles(void)
{
    static const char path[] = "data/doubles.tsv";

    table_open(&rows, path);
    while (table_next(&rows, 3)) {
        const uint64_t bits =
            strtoull((const char *)rows.fields[0].data, NULL, 16);
        const int negative = (bits >> 63) != 0;

        for (int precise = 0; precise < 2; precise++) {
            const field *text = &rows.fields[1 + precise];
            kess_number number;

            kess_int_split(&number, text->data + negative,
                           text->data + text->len);
            begin_case(path, kess_int_double_bits(&number) ==
                                 (bits & (UINT64_MAX >> 1)));
            check_number(path, text, precise ? KESS_PROFILE_PRECISION_17 : 0);
        }
    }
    CHECK(rows.line > 500);
}

/* Signed bodies verify to the bytes that were signed; others do not verify. */
static void test_signatures(void)
{
    static const char path[] = "data/signatures.tsv";
    unsigned right = 0, wrong = 0;

    table_open(&rows, path);
    while (table_next(&rows, 5)) {
        const field *pem = &rows.fields[2];
        const field *body = &rows.fields[3];
        const field *canonical = &rows.fields[4];
        const uint8_t *in =
            guard_copy(&with.input, AT_END, body->data, body->len);
        uint8_t *out = guard_fill(&with.output, AT_END, canonical->len);
        size_t out_len = canonical->len;
        kess_key *key = NULL;

        CHECK_EQUAL(KESS_OK,
                    kess_public_key_load(&key, pem->data, pem->len, 0, NULL));
        const kess_status status = kess_verify_document(key, out, &out_len, in,
                                                        body->len, NULL, NULL);
        kess_key_free(key);
        CHECK_EQUAL(canonical->len, out_len);
        if (field_is(&rows.fields[1], "valid")) {
            begin_case(path, status == KESS_OK);
            begin_case(path, memcmp(out, canonical->data, out_len) == 0);
            right++;
        } else {
            begin_case(path, status == KESS_ERR_SIGNATURE ||
                                 status == KESS_ERR_SIGN_LENGTH);
            begin_case(path, is_untouched(out, out_len));
            wrong++;
        }
    }
    CHECK(right >= 24 && wrong >= 17);
}

int main(void)
{
    asker_open(&with);
    test_canonical();
    test_doubles();
    test_signatures();
    return 0;
}

/*
 * test_canonical.c: the public function, its arguments, and what is removed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ask.h"
#include "internal.h"

static asker with;
static answer found;
static char text[ASK_MAX];

static void check_text(const char *document, const char *expected,
                       uint32_t profile)
{
    const kess_options options = {profile, 0};

    ask(&with, &found, document, strlen(document), &options);
    CHECK_EQUAL(KESS_OK, found.status);
    if (found.len != strlen(expected) ||
        memcmp(found.text, expected, found.len) != 0) {
        fprintf(stderr, "%s: %.*s\n", document, (int)found.len,
                (const char *)found.text);
    }
    CHECK_EQUAL(strlen(expected), found.len);
    CHECK(memcmp(found.text, expected, found.len) == 0);
}

/* ------------------------------------------------------------ arguments */

static const uint8_t document[] = "{\"b\":1,\"a\":2}";
#define DOCUMENT document, sizeof(document) - 1
static uint8_t out[64];
static size_t out_len;
static kess_error err;

static void prepare(void)
{
    memset(out, UNTOUCHED, sizeof(out));
    out_len = sizeof(out);
    err.status = err.item = -1;
    err.pos = UINT64_MAX;
}

static void check_refused(kess_status expected, kess_status actual)
{
    CHECK_EQUAL(expected, actual);
    CHECK_EQUAL(expected, err.status);
    CHECK(err.item == 0 && err.pos == 0);
    CHECK(is_untouched(out, sizeof(out)));
    CHECK_EQUAL(sizeof(out), out_len);
}

/* NULL is refused but for an input of no bytes. */
static void test_null(void)
{
    prepare();
    check_refused(KESS_ERR_ARGUMENT,
                  kess_canonicalize(NULL, &out_len, DOCUMENT, NULL, &err));
    check_refused(KESS_ERR_ARGUMENT,
                  kess_canonicalize(out, NULL, DOCUMENT, NULL, &err));
    check_refused(KESS_ERR_ARGUMENT,
                  kess_canonicalize(out, &out_len, NULL, 1, NULL, &err));
    check_refused(KESS_ERR_SYNTAX,
                  kess_canonicalize(out, &out_len, NULL, 0, NULL, &err));
    check_refused(KESS_ERR_SYNTAX,
                  kess_canonicalize(out, &out_len, document, 0, NULL, &err));
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_canonicalize(out, NULL, DOCUMENT, NULL, NULL));
    CHECK_EQUAL(KESS_ERR_SYNTAX,
                kess_canonicalize(out, &out_len, NULL, 0, NULL, NULL));
}

/* No room and no buffer asks how much is needed. */
static void test_ask_for_room(void)
{
    prepare();
    out_len = 0;
    CHECK_EQUAL(KESS_ERR_BUFFER,
                kess_canonicalize(NULL, &out_len, DOCUMENT, NULL, &err));
    CHECK_EQUAL(13, out_len);
    CHECK(err.status == KESS_ERR_BUFFER && err.item == 0 && err.pos == 0);
    CHECK_EQUAL(KESS_OK,
                kess_canonicalize(out, &out_len, DOCUMENT, NULL, &err));
    CHECK_EQUAL(13, out_len);
    CHECK(memcmp(out, "{\"a\":2,\"b\":1}", 13) == 0);
    CHECK(is_untouched(out + 13, sizeof(out) - 13));
    CHECK(err.status == KESS_OK && err.item == 0 && err.pos == 0);
}

/* The seven profiles but for two ksorts or two precisions at once; a depth of 1
 * to 512. */
static void test_options(void)
{
    for (uint32_t profile = 0; profile < 256; profile++) {
        const kess_options options = {profile, 0};
        const int good =
            profile < 128 && (profile & 24) != 24 && (profile & 33) != 33;
        prepare();
        const kess_status status =
            kess_canonicalize(out, &out_len, DOCUMENT, &options, &err);
        CHECK_EQUAL(good ? KESS_OK : KESS_ERR_ARGUMENT, status);
        CHECK_EQUAL(status, err.status);
        CHECK(good || is_untouched(out, sizeof(out)));
        CHECK(good || out_len == sizeof(out));
    }
    for (int bit = 7; bit < 32; bit++) {
        const kess_options options = {UINT32_C(1) << bit, 0};
        prepare();
        check_refused(
            KESS_ERR_ARGUMENT,
            kess_canonicalize(out, &out_len, DOCUMENT, &options, &err));
    }
    for (uint32_t depth = 0; depth < 600; depth++) {
        const kess_options options = {0, depth};
        prepare();
        CHECK_EQUAL(
            depth <= 512 ? KESS_OK : KESS_ERR_ARGUMENT,
            kess_canonicalize(out, &out_len, DOCUMENT, &options, &err));
    }
    const kess_options most = {0, UINT32_MAX};
    prepare();
    check_refused(KESS_ERR_ARGUMENT,
                  kess_canonicalize(out, &out_len, DOCUMENT, &most, &err));
    /* The options are looked at before the text. */
    check_refused(KESS_ERR_ARGUMENT,
                  kess_canonicalize(out, &out_len, NULL, 0, &most, &err));
}

/* ------------------------------------------------------------ removal */

/* "sign" and "sign_type" go, however they are spelled, from the top level of
 * an object and from nowhere else, and after the sort. */
static void test_removal(void)
{
    check_text("{\"sign\":1}", "[]", 0);
    check_text("{\"sign_type\":[1e999],\"sign\":-1e999}", "[]", 0);
    check_text("{\"\\u0073ig\\u006E\":1,\"a\":1}", "{\"a\":1}", 0);
    check_text("{\"sign\":1,\"a\":{\"sign\":2,\"sign_type\":3}}",
               "{\"a\":{\"sign\":2,\"sign_type\":3}}", 0);
    check_text("[{\"sign\":1},\"sign\",\"sign_type\"]",
               "[{\"sign\":1},\"sign\",\"sign_type\"]", 0);
    check_text("{\"Sign\":1,\"sign \":2,\"sig\":3,\"signs\":4,"
               "\"sign_typ\":5,\"sign_types\":6,\"sign-type\":7}",
               "{\"Sign\":1,\"sig\":3,\"sign \":2,\"sign-type\":7,"
               "\"sign_typ\":5,\"sign_types\":6,\"signs\":4}",
               0);
    check_text("{\"sign\":1,\"a\":1,\"sign\":2}", "{\"a\":1}", 0);
    check_text("{\"1\":\"b\",\"sign\":\"x\",\"0\":\"a\"}", "[\"a\",\"b\"]", 0);
}

/* An infinite number does no harm where it is removed or replaced. */
static void test_infinite(void)
{
    check_text("{\"a\":1e999,\"a\":1}", "{\"a\":1}", 0);
    check_text("{\"a\":[1,{\"b\":-1e999}],\"c\":2,\"a\":1}",
               "{\"a\":1,\"c\":2}", 0);
    check_text("[{\"a\":1e999,\"a\":1}]", "[{\"a\":1}]", 0);
    check_text("{\"z\":{\"0\":1e999,\"0\":1,\"1\":2}}", "{\"z\":[1,2]}", 0);
}

/* The top level is a list by its sorted keys. */
static void test_top_level_list(void)
{
    check_text("{}", "[]", 0);
    check_text(" [ ] ", "[]", 0);
    check_text("{\"0\":{}}", "[[]]", 0);
    check_text("{\"1\":1,\"0\":0,\"2\":2}", "[0,1,2]", 0);
    check_text("{\"1\":1}", "{\"1\":1}", 0);
    check_text("{\"0\":0,\"00\":1}", "{\"0\":0,\"00\":1}", 0);
    check_text("{\"0\":1,\"-0\":2}", "{\"0\":1,\"-0\":2}", 0);
    check_text("{\"-1\":1,\"0\":2}", "{\"-1\":1,\"0\":2}", 0);
    check_text("{\"0\":1,\"1\":2,\"0\":3}", "[3,2]", 0);
}

/* ------------------------------------------------------------ bound */

/* count times the token, in a list. */
static size_t repeat(const char *token, size_t count)
{
    size_t len = 0;

    for (size_t i = 0; i < count; i++) {
        text[len++] = i == 0 ? '[' : ',';
        memcpy(text + len, token, strlen(token));
        len += strlen(token);
    }
    text[len++] = ']';
    return len;
}

/* What grows most keeps below the bound (ask compares it): numbers under
 * serialize_precision 17, and characters of few bytes. */
static void test_bound(void)
{
    static const char *const tokens[] = {
        "0.1",
        "0.3",
        "0.7",
        "3e-4",
        "7e-4",
        "1e16",
        "9e15",
        "1.1",
        "1e-5",
        "\"\xc3\xa9\"",
        "\"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\"",
        "\"\xe1\x9e\x80\"",
        "\"\xf0\x9f\x98\x80\"",
        "\"/\"",
        "\"////////\"",
        "\"\x7f\"",
        "{}",
        "[]",
        "\"\"",
        "0",
    };
    const kess_options precise = {KESS_PROFILE_PRECISION_17, 0};

    for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
        for (size_t count = 1; count < 3000; count += count) {
            const size_t len = repeat(tokens[i], count);
            ask(&with, &found, text, len, NULL);
            CHECK_EQUAL(KESS_OK, found.status);
            ask(&with, &found, text, len, &precise);
            CHECK_EQUAL(KESS_OK, found.status);
        }
    }
}

static void check_growth(const uint8_t *text_of, size_t len, uint32_t profile,
                         size_t growth)
{
    const kess_options options = {profile, 0};
    size_t need = 0;

    CHECK_EQUAL(KESS_ERR_BUFFER, kess_canonicalize(NULL, &need, text_of, len,
                                                   &options, NULL));
    /* The brackets stand for the comma of the next one. */
    CHECK(need - 1 <= growth * (len - 1));
}

/* No number of up to five characters grows more than the bound allows, its
 * comma included: all of them are tried. Longer ones have no more digits. */
static void test_bound_of_numbers(void)
{
    static const char letters[] = "0123456789.eE+-";
    const size_t count = sizeof(letters) - 1;
    unsigned numbers = 0;

    for (size_t len = 1; len <= 5; len++) {
        size_t total = 1;
        for (size_t i = 0; i < len; i++) {
            total *= count;
        }
        for (size_t n = 0; n < total; n += len < 4 ? 1 : step_of(37)) {
            uint8_t document_of[7];
            size_t need = 0;
            document_of[0] = '[';
            for (size_t i = 0, rest = n; i < len; i++, rest /= count) {
                document_of[1 + i] = (uint8_t)letters[rest % count];
            }
            document_of[1 + len] = ']';
            if (kess_canonicalize(NULL, &need, document_of, len + 2, NULL,
                                  NULL) == KESS_ERR_BUFFER) {
                for (uint32_t flag = 0; flag <= 64; flag += 64) {
                    check_growth(document_of, len + 2, flag, 5);
                    check_growth(document_of, len + 2,
                                 flag | KESS_PROFILE_PRECISION_17, 5);
                    check_growth(document_of, len + 2,
                                 flag | KESS_PROFILE_PRECISION_100, 21);
                }
                numbers++;
            }
        }
    }
    CHECK(numbers > (unsigned)rounds_of(100000) / 2);
}

/* Many of the number that grows most need what the bound gives, and more than
 * the bound for other profiles. */
static void test_bound_of_hundred_digits(void)
{
    static const uint32_t flags[] = {KESS_PROFILE_PRECISION_100, 32 | 64};

    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        const kess_options options = {flags[i], 0};
        const size_t len = repeat("9e99", ASK_MAX / 5 - 1);
        ask(&with, &found, text, len, &options);
        CHECK_EQUAL(KESS_OK, found.status);
        CHECK(found.len > 20 * len && found.len > kess_canonical_bound(len));
        CHECK(found.len <= kess_canonical_bound_for(len, &options));
    }
}

/* The bound never wraps around, and grows with the text. */
static void test_bound_ends(void)
{
    const kess_options options = {KESS_PROFILE_PRECISION_100, 0};
    const kess_options others = {127 - 32, 0};

    CHECK(kess_canonical_bound(0) >= 2);
    CHECK(kess_canonical_bound(SIZE_MAX) == SIZE_MAX);
    CHECK(kess_canonical_bound(SIZE_MAX / 2) == SIZE_MAX);
    CHECK(kess_canonical_bound_for(SIZE_MAX / 20, &options) == SIZE_MAX);
    for (size_t len = 1; len < SIZE_MAX / 2; len += len) {
        CHECK(kess_canonical_bound(len) >= len);
        CHECK(kess_canonical_bound(len) >= kess_canonical_bound(len - 1));
        CHECK(kess_canonical_bound_for(len, &options) >=
              kess_canonical_bound(len));
        CHECK(kess_canonical_bound_for(len, &others) ==
              kess_canonical_bound(len));
        CHECK(kess_canonical_bound_for(len, NULL) ==
              kess_canonical_bound(len));
    }
    /* Beyond this length every text is refused anyway. */
    CHECK(kess_canonical_bound(SIZE_MAX / 32) < SIZE_MAX);
    CHECK(kess_canonical_bound_for(SIZE_MAX / 32, &options) < SIZE_MAX);
}

/* ------------------------------------------------------------ sizes */

/* Members beyond what is kept on the stack, at each number around a limit. */
static void test_many_members(void)
{
    static const unsigned counts[] = {15, 16, 17,  31,  32,  33,  63,
                                      64, 65, 127, 128, 129, 500, 2000};
    static char expected[ASK_MAX];

    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        size_t len = 0;
        size_t need = 0;
        for (unsigned k = 0; k < counts[i]; k++) {
            const unsigned down = counts[i] - 1 - k;
            len += (size_t)sprintf(text + len, "%c\"m%04u\":{\"v\":%u}",
                                   k == 0 ? '{' : ',', down, down);
            need += (size_t)sprintf(expected + need, "%c\"m%04u\":{\"v\":%u}",
                                    k == 0 ? '{' : ',', k, k);
        }
        strcpy(text + len, "}");
        strcpy(expected + need, "}");
        check_text(text, expected, 0);
    }
}

/* The profiles for strings reach keys and values alike. */
static void test_string_profiles(void)
{
    static const char given[] = "{\"a/\xc3\xa9\":\"/\xc3\xa9\xe2\x80\xa8\"}";
    const uint32_t slashes = KESS_PROFILE_UNESCAPED_SLASHES;
    const uint32_t unicode = KESS_PROFILE_UNESCAPED_UNICODE;

    check_text(given, "{\"a\\/\\u00e9\":\"\\/\\u00e9\\u2028\"}", 0);
    check_text(given, "{\"a/\\u00e9\":\"/\\u00e9\\u2028\"}", slashes);
    check_text(given, "{\"a\\/\xc3\xa9\":\"\\/\xc3\xa9\\u2028\"}", unicode);
    check_text(given, "{\"a/\xc3\xa9\":\"/\xc3\xa9\\u2028\"}",
               slashes | unicode);
}

int main(void)
{
    asker_open(&with);
    test_null();
    test_ask_for_room();
    test_options();
    test_removal();
    test_infinite();
    test_top_level_list();
    test_bound();
    test_bound_of_numbers();
    test_bound_of_hundred_digits();
    test_bound_ends();
    test_many_members();
    test_string_profiles();
    return 0;
}

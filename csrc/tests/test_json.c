/*
 * test_json.c: what is JSON, what is not, and where the fault lies.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ask.h"
#include "dice.h"
#include "internal.h"
#include "table.h"

static asker with;
static answer found;
static answer other;

static void ask_text(const char *text)
{
    ask(&with, &found, text, strlen(text), NULL);
}

static int is_refusal(kess_status status)
{
    return status >= KESS_ERR_SYNTAX && status <= KESS_ERR_DEPTH;
}

/* ------------------------------------------------------------ positions */

typedef struct refusal {
    kess_status status;
    unsigned pos;
    const char *text;
} refusal;

/* Every status of a text, at the place that the header names. */
static void test_refusals(void)
{
    static const refusal rows[] = {
        {KESS_ERR_SYNTAX, 0, ""},
        {KESS_ERR_SYNTAX, 3, " \t\n"},
        {KESS_ERR_SYNTAX, 0, "\xef\xbb\xbf{}"},
        {KESS_ERR_SYNTAX, 0, "}"},
        {KESS_ERR_SYNTAX, 0, "]"},
        {KESS_ERR_SYNTAX, 0, "'a'"},
        {KESS_ERR_SYNTAX, 0, ","},
        {KESS_ERR_SYNTAX, 1, "{"},
        {KESS_ERR_SYNTAX, 1, "{]"},
        {KESS_ERR_SYNTAX, 1, "{a:1}"},
        {KESS_ERR_SYNTAX, 1, "{1:1}"},
        {KESS_ERR_SYNTAX, 1, "{,}"},
        {KESS_ERR_SYNTAX, 4, "{\"a\""},
        {KESS_ERR_SYNTAX, 4, "{\"a\"}"},
        {KESS_ERR_SYNTAX, 4, "{\"a\",1}"},
        {KESS_ERR_SYNTAX, 5, "{\"a\":"},
        {KESS_ERR_SYNTAX, 5, "{\"a\":}"},
        {KESS_ERR_SYNTAX, 6, "{\"a\":1"},
        {KESS_ERR_SYNTAX, 6, "{\"a\":1]"},
        {KESS_ERR_SYNTAX, 7, "{\"a\":1,"},
        {KESS_ERR_SYNTAX, 7, "{\"a\":1,}"},
        {KESS_ERR_SYNTAX, 7, "{\"a\":1}}"},
        {KESS_ERR_SYNTAX, 8, "{\"a\":1} x"},
        {KESS_ERR_SYNTAX, 1, "["},
        {KESS_ERR_SYNTAX, 1, "[}"},
        {KESS_ERR_SYNTAX, 1, "[,1]"},
        {KESS_ERR_SYNTAX, 2, "[1"},
        {KESS_ERR_SYNTAX, 2, "[1}"},
        {KESS_ERR_SYNTAX, 3, "[1,"},
        {KESS_ERR_SYNTAX, 3, "[1,]"},
        {KESS_ERR_SYNTAX, 3, "[1 2]"},
        {KESS_ERR_SYNTAX, 2, "[]["},
        {KESS_ERR_SYNTAX, 2, "[\""},
        {KESS_ERR_SYNTAX, 4, "[\"ab"},
        {KESS_ERR_SYNTAX, 1, "[True]"},
        {KESS_ERR_SYNTAX, 4, "[truE]"},
        {KESS_ERR_SYNTAX, 4, "[tru"},
        {KESS_ERR_SYNTAX, 5, "[truefalse]"},
        {KESS_ERR_SYNTAX, 3, "[fa"},
        {KESS_ERR_SYNTAX, 4, "[nul"},
        {KESS_ERR_SYNTAX, 1, "[NaN]"},
        {KESS_ERR_SYNTAX, 2, "[-]"},
        {KESS_ERR_SYNTAX, 2, "[-"},
        {KESS_ERR_SYNTAX, 2, "[-a]"},
        {KESS_ERR_SYNTAX, 1, "[+1]"},
        {KESS_ERR_SYNTAX, 1, "[.5]"},
        {KESS_ERR_SYNTAX, 3, "[1.]"},
        {KESS_ERR_SYNTAX, 3, "[1."},
        {KESS_ERR_SYNTAX, 3, "[1.e1]"},
        {KESS_ERR_SYNTAX, 3, "[1e]"},
        {KESS_ERR_SYNTAX, 3, "[1e"},
        {KESS_ERR_SYNTAX, 4, "[1e+]"},
        {KESS_ERR_SYNTAX, 4, "[1E-"},
        {KESS_ERR_SYNTAX, 2, "[01]"},
        {KESS_ERR_SYNTAX, 3, "[-01]"},
        {KESS_ERR_SYNTAX, 2, "[0x1]"},
        {KESS_ERR_SYNTAX, 2, "[1\x0b]"},
        {KESS_ERR_SYNTAX, 2, "[1\xc2\xa0]"},
        {KESS_ERR_SYNTAX, 1, "[/* */]"},
        {KESS_ERR_UTF8, 2, "[\"\x80\"]"},
        {KESS_ERR_UTF8, 3, "[\"a\xff"},
        {KESS_ERR_UTF8, 2, "[\"\xc3"},
        {KESS_ERR_UTF8, 2, "[\"\xe2\x82\"]"},
        {KESS_ERR_UTF8, 18, "[\"0123456789abcdef\xf0\x9f\x98\"]"},
        {KESS_ERR_UTF8, 2, "{\"\xed\xa0\x80\":1}"},
        {KESS_ERR_CONTROL, 2, "[\"\x1f\"]"},
        {KESS_ERR_CONTROL, 3, "[\"a\n"},
        {KESS_ERR_CONTROL, 4, "{\"ab\x01\":1}"},
        {KESS_ERR_ESCAPE, 2, "[\"\\"},
        {KESS_ERR_ESCAPE, 3, "[\"a\\a\"]"},
        {KESS_ERR_ESCAPE, 2, "[\"\\U0041\"]"},
        {KESS_ERR_ESCAPE, 2, "[\"\\u004"},
        {KESS_ERR_ESCAPE, 2, "[\"\\u00g1\"]"},
        {KESS_ERR_ESCAPE, 2, "[\"\\u 041\"]"},
        {KESS_ERR_SURROGATE, 2, "[\"\\ud800\"]"},
        {KESS_ERR_SURROGATE, 2, "[\"\\udc00\\ud800\"]"},
        {KESS_ERR_SURROGATE, 2, "[\"\\ud800\\ud800\"]"},
        {KESS_ERR_SURROGATE, 3, "[\"a\\uDBFF\\u0041\"]"},
        {KESS_ERR_SURROGATE, 2, "[\"\\ud83d\xf0\x9f\x98\x80\"]"},
        {KESS_ERR_SURROGATE, 2, "[\"\\ud83d\\ude0"},
        {KESS_ERR_SURROGATE, 2, "[\"\\ud83d\\nde00\"]"},
        {KESS_ERR_SURROGATE, 2, "[\"\\ud83dxude00\"]"},
        {KESS_ERR_SURROGATE, 2, "[\"\\ud83d\\\\ude00\"]"},
        {KESS_ERR_TOP_LEVEL, 0, "1"},
        {KESS_ERR_TOP_LEVEL, 1, " null "},
        {KESS_ERR_TOP_LEVEL, 2, "\n\ttrue"},
        {KESS_ERR_TOP_LEVEL, 0, "false"},
        {KESS_ERR_TOP_LEVEL, 0, "\"a\""},
        {KESS_ERR_TOP_LEVEL, 0, "1e999"},
        {KESS_ERR_SYNTAX, 2, "1 1"},
        {KESS_ERR_INFINITE, 1, "[1e309]"},
        {KESS_ERR_INFINITE, 6, "{\"a\": -1e309,\"b\":1e310}"},
        {KESS_ERR_INFINITE, 5, "{\"b\":1e309,\"a\":1e310}"},
        {KESS_ERR_INFINITE, 21, "{\"a\":{\"0\":1e309,\"0\":[1e400]}}"},
        {KESS_ERR_INFINITE, 18, "{\"a\":1e309,\"a\":[1,1e400]}"},
        {KESS_ERR_INFINITE, 34,
         "{\"sign\":{\"a\":1e309},\"sign\":1,"
         "\"b\":[1e311]}"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ask_text(rows[i].text);
        if (found.status != rows[i].status || found.pos != rows[i].pos) {
            fprintf(stderr, "%s: %s at %u\n", rows[i].text,
                    kess_status_name(found.status), (unsigned)found.pos);
        }
        CHECK_EQUAL(rows[i].status, found.status);
        CHECK_EQUAL(rows[i].pos, found.pos);
    }
}

/* A NUL is no end of text: not outside, not inside a string. */
static void test_nul(void)
{
    static const char texts[][9] = {"{}\0\0\0\0\0\0", "[1]\0\0\0\0\0", "[\0]",
                                    "[\"a\0b\"]"};

    ask(&with, &found, texts[0], 3, NULL);
    CHECK(found.status == KESS_ERR_SYNTAX && found.pos == 2);
    ask(&with, &found, texts[1], 8, NULL);
    CHECK(found.status == KESS_ERR_SYNTAX && found.pos == 3);
    ask(&with, &found, texts[2], 3, NULL);
    CHECK(found.status == KESS_ERR_SYNTAX && found.pos == 1);
    ask(&with, &found, texts[3], 7, NULL);
    CHECK(found.status == KESS_ERR_CONTROL && found.pos == 3);
}

/* ------------------------------------------------------------ changes */

static const char *const samples[] = {
    "{\"service\":\"query.fundTransfer\",\"amount\":0.50,\"list\":[1,-2.5e3,"
    "true,false,null,{}],\"sign_type\":\"RSA2\",\"sign\":\"ab\\/c==\"}",
    "[\"\\u00e9\\ud83d\\ude00\\n\\\"\",\"\xc3\xa9\xe1\x9e\x80\xf0\x9f\x98\x80"
    "/\",{\"0\":[],\"1\":{\"a\":1,\"a\":2}}]",
    "{\"10\":{\"0\":1e400,\"0\":-0.0},\"9\" : [ ] , \"-5\":[[{\"0\":{\"1\":1}"
    "}]],\"1e1\":12345678901234567890}",
};

#define SAMPLES (sizeof(samples) / sizeof(samples[0]))

/* No document is still one where its end is missing. */
static void check_truncations(const uint8_t *text, size_t len)
{
    while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL) {
        len--;
    }
    for (size_t cut = 0; cut < len; cut++) {
        ask(&with, &found, text, cut, NULL);
        CHECK(is_refusal(found.status));
        CHECK(found.pos <= cut);
    }
}

static void test_truncations(void)
{
    static table rows;

    for (size_t i = 0; i < SAMPLES; i++) {
        ask_text(samples[i]);
        CHECK_EQUAL(KESS_OK, found.status);
        check_truncations((const uint8_t *)samples[i], strlen(samples[i]));
    }
    table_open(&rows, "data/canonical.tsv");
    while (table_next(&rows, 4)) {
        const field *text = &rows.fields[2];
        if (field_is(&rows.fields[1], "ok") && rows.line % 4 == 0) {
            check_truncations(text->data, text->len < 200 ? text->len : 200);
        }
    }
}

/* What is written for an accepted text is accepted, and printable ASCII. */
static void check_canonical(void)
{
    for (size_t i = 0; i < found.len; i++) {
        CHECK(found.text[i] >= 0x20 && found.text[i] < 0x80);
    }
    CHECK_EQUAL(KESS_ERR_BUFFER,
                kess_canonicalize(NULL, &(size_t){0}, found.text, found.len,
                                  NULL, NULL));
}

/* Any byte at any place gives a text or a refusal with its place. */
static void test_changes(void)
{
    uint8_t text[256];
    int accepted = 0;

    for (size_t i = 0; i < SAMPLES; i++) {
        const size_t len = strlen(samples[i]);
        for (size_t place = 0; place < len; place++) {
            for (unsigned c = place % step_of(11); c < 256; c += step_of(11)) {
                memcpy(text, samples[i], len);
                text[place] = (uint8_t)c;
                ask(&with, &found, text, len, NULL);
                if (found.status == KESS_OK) {
                    check_canonical();
                    accepted++;
                } else {
                    CHECK(is_refusal(found.status) ||
                          found.status == KESS_ERR_INFINITE);
                }
            }
        }
    }
    CHECK(accepted > rounds_of(1000));
}

/* ------------------------------------------------------------ blanks */

/* Between tokens stand any of the four blanks, and no other byte. */
static void test_blanks(void)
{
    static const char *const tokens[] = {
        "{", "\"a\"", ":", "[", "1", ",",    "true", ",",     "{", "}",
        ",", "[",     "]", "]", ",", "\"\"", ":",    "\"x\"", "}",
    };
    static const char blanks[] = " \t\n\r";
    const size_t count = sizeof(tokens) / sizeof(tokens[0]);
    char text[300];
    dice d = {9};

    for (int round = 0; round < 200; round++) {
        size_t len = 0;
        for (size_t i = 0; i <= count; i++) {
            for (unsigned n = roll_of(&d, 4); n > 0; n--) {
                text[len++] = blanks[roll_of(&d, 4)];
            }
            const char *token = i < count ? tokens[i] : "";
            memcpy(text + len, token, strlen(token));
            len += strlen(token);
        }
        ask(&with, &found, text, len, NULL);
        CHECK_EQUAL(KESS_OK, found.status);
        CHECK_EQUAL(27, found.len);
        CHECK(memcmp(found.text, "{\"\":\"x\",\"a\":[1,true,[],[]]}", 27) ==
              0);
    }
    for (size_t gap = 0; gap <= count; gap++) {
        for (int c = 1; c < 256; c++) {
            size_t len = 0;
            for (size_t i = 0; i <= count; i++) {
                if (i == gap) {
                    text[len++] = (char)c;
                }
                const char *token = i < count ? tokens[i] : "";
                memcpy(text + len, token, strlen(token));
                len += strlen(token);
            }
            ask(&with, &found, text, len, NULL);
            /* A digit joins the number 1, or fills an empty list; "-" makes
             * the number negative. */
            const int is_digit = c >= '0' && c <= '9';
            const int joins = (is_digit && (gap == 5 || gap == 12)) ||
                              (is_digit && c != '0' && gap == 4) ||
                              (c == '-' && gap == 4);
            CHECK_EQUAL(strchr(blanks, c) != NULL || joins,
                        found.status == KESS_OK);
        }
    }
}

/* ------------------------------------------------------------ depth */

/* count containers, the innermost empty: objects where the bit is set. */
static size_t nest(char *text, unsigned count, uint64_t objects, int close)
{
    size_t len = 0;

    for (unsigned i = 0; i < count; i++) {
        const int object = (int)(objects >> (i % 64) & 1);
        const char *open = !object ? "[" : i + 1 < count ? "{\"k\":" : "{";
        memcpy(text + len, open, strlen(open));
        len += strlen(open);
    }
    for (unsigned i = count; close && i-- > 0;) {
        text[len++] = (objects >> (i % 64) & 1) != 0 ? '}' : ']';
    }
    return len;
}

/* As many containers as are allowed, not one more, whatever they are. */
static void test_depth(void)
{
    static const uint64_t kinds[] = {0, UINT64_MAX, 0x5555555555555555u,
                                     0x123456789abcdef0u};
    static const unsigned depths[] = {0, 1, 2, 3, 63, 64, 65, 510, 511, 512};
    static char text[6 * 520];

    for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
        const kess_options options = {0, depths[i]};
        const unsigned most = depths[i] == 0 ? 511 : depths[i];
        for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
            size_t len = nest(text, most, kinds[k], 1);
            ask(&with, &found, text, len, &options);
            CHECK_EQUAL(KESS_OK, found.status);
            const size_t fault = nest(text, most + 1, kinds[k], 0) - 1;
            len = nest(text, most + 1, kinds[k], 1);
            ask(&with, &found, text, len, &options);
            CHECK_EQUAL(KESS_ERR_DEPTH, found.status);
            CHECK_EQUAL(fault, found.pos);
        }
    }
}

/* Width is not depth. */
static void test_width(void)
{
    static char text[3 * 600 + 3];
    const kess_options options = {0, 2};
    size_t len = 0;

    text[len++] = '[';
    for (int i = 0; i < 600; i++) {
        memcpy(text + len, i == 0 ? "[]" : ",{}", i == 0 ? 2 : 3);
        len += i == 0 ? 2 : 3;
    }
    text[len++] = ']';
    ask(&with, &found, text, len, &options);
    CHECK_EQUAL(KESS_OK, found.status);
    CHECK_EQUAL(len, found.len);
}

/* ------------------------------------------------------------ strings */

static size_t in_string(uint8_t *text, const void *inner, size_t len)
{
    memcpy(text, "[\"", 2);
    memcpy(text + 2, inner, len);
    memcpy(text + 2 + len, "\"]", 2);
    return len + 4;
}

/* The code point of a well-formed sequence of exactly len bytes, or -1: by the
 * arithmetic of UTF-8, not by a table of ranges. */
static long judge_utf8(const uint8_t *bytes, size_t len)
{
    static const long least[] = {0, 0, 0x80, 0x800, 0x10000};
    static const int lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    static const int mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    long c = bytes[0] & mask[len];

    if ((bytes[0] & ~mask[len] & 0xff) != lead[len]) {
        return -1;
    }
    for (size_t i = 1; i < len; i++) {
        if (bytes[i] >> 6 != 2) {
            return -1;
        }
        c = c * 64 + (bytes[i] & 0x3f);
    }
    return c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ? -1
                                                                          : c;
}

/* The length of the string of bytes as canonical text, or 0 where it is
 * malformed. */
static size_t judge_string(uint8_t *out, const uint8_t *bytes, size_t len)
{
    size_t written = 0;

    for (size_t at = 0; at < len;) {
        size_t step = 1;
        while (step <= 4 &&
               (at + step > len || judge_utf8(bytes + at, step) < 0)) {
            step++;
        }
        if (step > 4) {
            return 0;
        }
        written += kess_int_write_code_point(
            out + written, (uint32_t)judge_utf8(bytes + at, step), 0);
        at += step;
    }
    return written;
}

static void check_sequence(const uint8_t *bytes, size_t len)
{
    uint8_t text[16];
    uint8_t expected[64];
    const size_t need = judge_string(expected, bytes, len);
    size_t out_len = sizeof(other.text);
    const kess_status status = kess_canonicalize(
        other.text, &out_len, text, in_string(text, bytes, len), NULL, NULL);

    if (need == 0) {
        CHECK_EQUAL(KESS_ERR_UTF8, status);
        return;
    }
    CHECK_EQUAL(KESS_OK, status);
    CHECK_EQUAL(need + 4, out_len);
    CHECK(memcmp(other.text + 2, expected, need) == 0);
}

/* All sequences of one and two bytes from 0x80 on, and all of three and four
 * whose later bytes lie on either side of a limit. */
static void test_utf8(void)
{
    static const uint8_t edges[] = {0x41, 0x7f, 0x80, 0x81, 0x8f, 0x90, 0x9f,
                                    0xa0, 0xbf, 0xc0, 0xc2, 0xed, 0xff};
    const size_t count = sizeof(edges);
    uint8_t s[4];

    for (unsigned a = 0x80; a < 256; a++) {
        s[0] = (uint8_t)a;
        check_sequence(s, 1);
        for (unsigned b = 0x80; b < 256; b += step_of(3)) {
            s[1] = (uint8_t)b;
            check_sequence(s, 2);
        }
        for (size_t i = a % step_of(17); i < count * count * count;
             i += step_of(17)) {
            s[1] = edges[i % count];
            s[2] = edges[i / count % count];
            s[3] = edges[i / count / count];
            check_sequence(s, 3);
            check_sequence(s, 4);
        }
    }
}

/* Every byte behind a backslash: eight are escapes, and \u needs more. */
static void test_escapes(void)
{
    static const char known[] = "\"\\/bfnrt";
    uint8_t text[16];
    uint8_t inner[2] = {'\\', 0};

    for (unsigned c = 1; c < 256; c++) {
        inner[1] = (uint8_t)c;
        ask(&with, &found, text, in_string(text, inner, 2), NULL);
        if (strchr(known, (int)c) != NULL) {
            CHECK_EQUAL(KESS_OK, found.status);
            CHECK_EQUAL(6, found.len);
            CHECK(memcmp(found.text + 2, inner, 2) == 0);
        } else {
            CHECK_EQUAL(KESS_ERR_ESCAPE, found.status);
            CHECK_EQUAL(2, found.pos);
        }
    }
}

static void check_unit(unsigned unit, const char *format)
{
    char inner[16];
    uint8_t text[32];
    uint8_t expected[KESS_ESCAPE_MAX];
    size_t out_len = sizeof(other.text);

    snprintf(inner, sizeof(inner), format, unit);
    const kess_status status =
        kess_canonicalize(other.text, &out_len, text,
                          in_string(text, inner, strlen(inner)), NULL, NULL);
    if (unit >= 0xd800 && unit < 0xe000) {
        CHECK_EQUAL(KESS_ERR_SURROGATE, status);
        return;
    }
    const size_t need = kess_int_write_code_point(expected, unit, 0);
    CHECK_EQUAL(KESS_OK, status);
    CHECK_EQUAL(need + 4, out_len);
    CHECK(memcmp(other.text + 2, expected, need) == 0);
}

/* Every \uXXXX, in letters of either case. */
static void test_units(void)
{
    for (unsigned unit = 0; unit < 0x10000; unit += step_of(61)) {
        check_unit(unit, "\\u%04x");
        check_unit(unit, "\\u%04X");
    }
}

/* A high surrogate needs a low one right behind it. */
static void test_pairs(void)
{
    static const unsigned units[] = {0,      0x41,   0xd7ff, 0xd800, 0xd801,
                                     0xdbff, 0xdc00, 0xdfff, 0xe000, 0xffff};
    const size_t count = sizeof(units) / sizeof(units[0]);

    for (size_t i = 0; i < count * count; i++) {
        const unsigned high = units[i % count];
        const unsigned low = units[i / count];
        const int high_pairs = high >= 0xd800 && high < 0xdc00;
        const int low_pairs = low >= 0xdc00 && low < 0xe000;
        const int alone = (high >= 0xd800 && high < 0xe000) ||
                          (low >= 0xd800 && low < 0xe000);
        char text[24];

        snprintf(text, sizeof(text), "[\"\\u%04x\\u%04x\"]", high, low);
        ask_text(text);
        CHECK_EQUAL((high_pairs && low_pairs) || !alone,
                    found.status == KESS_OK);
        if (found.status != KESS_OK) {
            CHECK_EQUAL(KESS_ERR_SURROGATE, found.status);
        } else if (high_pairs) {
            CHECK(found.len == strlen(text) &&
                  memcmp(found.text, text, found.len) == 0);
        }
    }
}

/* ------------------------------------------------------------ growth */

typedef struct growth {
    const char *from;
    const char *to;
} growth;

/* What grows when it is written finds room, however often it comes and
 * whatever else is still to be read. */
static void test_growth(void)
{
    static const growth rows[] = {
        {"\"/\"", "\"\\/\""},
        {"\"\xc3\xa9\"", "\"\\u00e9\""},
        {"\"////////////////\xf0\x9f\x98\x80\"",
         "\"\\/\\/\\/\\/\\/\\/\\/\\/\\/\\/\\/\\/\\/\\/\\/\\/\\ud83d\\ude00\""},
        {"1e16", "10000000000000000"},
        {"0.1", "0.1"},
        {"12345678901234567890123", "1.2345678901234568e+22"},
        {"\"a\"", "\"a\""},
        {"\"\\u0041\\/\"", "\"A\\/\""},
        {"{\"0\":\"/\"}", "[\"\\/\"]"},
    };
    static char text[ASK_MAX];
    static char expected[6 * ASK_MAX];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (unsigned count = 1; count < 1600; count += 1 + count / 2) {
            size_t len = 0;
            size_t need = 0;
            for (unsigned n = 0; n < count; n++) {
                len += (size_t)sprintf(text + len, "%c%s", n == 0 ? '[' : ',',
                                       rows[i].from);
                need += (size_t)sprintf(expected + need, "%c%s",
                                        n == 0 ? '[' : ',', rows[i].to);
            }
            text[len++] = ']';
            expected[need++] = ']';
            ask(&with, &found, text, len, NULL);
            CHECK_EQUAL(KESS_OK, found.status);
            CHECK_EQUAL(need, found.len);
            CHECK(memcmp(found.text, expected, need) == 0);
        }
    }
}

/* Strings of every length up to several blocks, and one far beyond what is
 * kept on the stack. */
static void test_string_lengths(void)
{
    static uint8_t text[ASK_MAX];

    for (size_t len = 0; len < 20000; len += len < 100 ? 1 : len) {
        memcpy(text, "[\"", 2);
        memset(text + 2, 'a', len);
        memcpy(text + 2 + len, "\"]", 2);
        ask(&with, &found, text, len + 4, NULL);
        CHECK_EQUAL(KESS_OK, found.status);
        CHECK_EQUAL(len + 4, found.len);
        CHECK(memcmp(found.text, text, len + 4) == 0);
    }
}

/* A length that no memory can hold is refused before the text is looked at. */
static void test_length(void)
{
    static const size_t lengths[] = {SIZE_MAX, SIZE_MAX / 2,
                                     SIZE_MAX / 32 + 1};
    uint8_t out[8];

    memset(out, UNTOUCHED, sizeof(out));
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        size_t out_len = sizeof(out);
        kess_error err = {-1, -1, 1};
        const uint8_t *text = (const uint8_t *)"{}";
        CHECK_EQUAL(
            KESS_ERR_LENGTH,
            kess_canonicalize(out, &out_len, text, lengths[i], NULL, &err));
        CHECK(err.status == KESS_ERR_LENGTH && err.pos == 0);
        CHECK(out_len == sizeof(out) && is_untouched(out, sizeof(out)));
    }
}

int main(void)
{
    asker_open(&with);
    test_refusals();
    test_nul();
    test_truncations();
    test_changes();
    test_blanks();
    test_depth();
    test_width();
    test_utf8();
    test_escapes();
    test_units();
    test_pairs();
    test_growth();
    test_string_lengths();
    test_length();
    return 0;
}

/*
 * test_write.c: single code points, and back.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "check.h"
#include "guard.h"
#include "internal.h"

static guard output;

/* UTF-8 by its table (RFC 3629, 3). */
static size_t judge_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        return (size_t)sprintf(out, "%c", (int)c);
    }
    if (c < 0x800) {
        return (size_t)sprintf(out, "%c%c", (int)(c / 64 + 192),
                               (int)(c % 64 + 128));
    }
    if (c < 0x10000) {
        return (size_t)sprintf(out, "%c%c%c", (int)(c / 4096 + 224),
                               (int)(c / 64 % 64 + 128), (int)(c % 64 + 128));
    }
    return (size_t)sprintf(out, "%c%c%c%c", (int)(c / 262144 + 240),
                           (int)(c / 4096 % 64 + 128),
                           (int)(c / 64 % 64 + 128), (int)(c % 64 + 128));
}

/* json_encode by its manual page: flags and escapes. */
static size_t judge(char *out, uint32_t c, uint32_t profile)
{
    static const char escaped[] = "\"\\\b\t\n\f\r/";
    static const char letters[] = "\"\\btnfr/";
    const char *place = c > 0 && c < 0x80 ? strchr(escaped, (int)c) : NULL;

    if (place != NULL &&
        (c != '/' || (profile & KESS_PROFILE_UNESCAPED_SLASHES) == 0)) {
        return (size_t)sprintf(out, "\\%c", letters[place - escaped]);
    }
    if (c >= 0x20 && c < 0x80) {
        return (size_t)sprintf(out, "%c", (int)c);
    }
    if (c >= 0x80 && (profile & KESS_PROFILE_UNESCAPED_UNICODE) != 0 &&
        c != 0x2028 && c != 0x2029) {
        return judge_utf8(out, c);
    }
    if (c < 0x10000) {
        return (size_t)sprintf(out, "\\u%04x", (unsigned)c);
    }
    return (size_t)sprintf(out, "\\u%04x\\u%04x",
                           (unsigned)((c - 0x10000) / 1024 + 0xd800),
                           (unsigned)((c - 0x10000) % 1024 + 0xdc00));
}

/* What is written for a code point reads back as its UTF-8. */
static void check_code_point(uint32_t c, uint32_t profile)
{
    char expected[16];
    char utf8[8];
    uint8_t back[16];
    const size_t len = judge(expected, c, profile);
    const size_t utf8_len = judge_utf8(utf8, c);
    uint8_t *out = guard_room(&output, AT_END, KESS_ESCAPE_MAX);

    CHECK_EQUAL(len, kess_int_write_code_point(out, c, profile));
    CHECK(len <= KESS_ESCAPE_MAX);
    CHECK(memcmp(out, expected, len) == 0);
    CHECK_EQUAL(utf8_len, kess_int_unescape(back, out, len));
    CHECK(memcmp(back, utf8, utf8_len) == 0);
}

static void check_range(uint32_t end, uint32_t profile)
{
    const uint32_t step = rounds_of(10) < 10 ? 11 : 1;

    for (uint32_t c = 0; c < end; c += c < 0x1000 ? 1 : step) {
        if (c < 0xd800 || c >= 0xe000) {
            check_code_point(c, profile);
        }
    }
}

/* Every code point that UTF-8 can hold; the flag for slashes is about ASCII.
 */
static void test_code_points(void)
{
    check_range(0x110000, 0);
    check_range(0x110000, KESS_PROFILE_UNESCAPED_UNICODE);
    check_range(0x80, KESS_PROFILE_UNESCAPED_SLASHES);
    check_range(0x10800, KESS_PROFILE_UNESCAPED_SLASHES |
                             KESS_PROFILE_UNESCAPED_UNICODE);
}

/* A whole string at once, read up to its last byte and no further. */
static void test_unescape(void)
{
    static const char text[] = "a\\/\\u00e9\\\"\\\\u0041\\ud83d\\ude00\\n"
                               "\\u0000b\xc3\xa9\\t\\b\\f\\r";
    static const char expected[] = "a/\xc3\xa9\"\\u0041\xf0\x9f\x98\x80\n"
                                   "\0b\xc3\xa9\t\b\f\r";
    uint8_t back[sizeof(text)];
    guard input;

    guard_open(&input, sizeof(text));
    CHECK_EQUAL(sizeof(expected) - 1,
                kess_int_unescape(
                    back, guard_copy(&input, AT_END, text, sizeof(text) - 1),
                    sizeof(text) - 1));
    CHECK(memcmp(back, expected, sizeof(expected) - 1) == 0);
    CHECK_EQUAL(0, kess_int_unescape(back, back, 0));
}

int main(void)
{
    guard_open(&output, KESS_ESCAPE_MAX);
    test_code_points();
    test_unescape();
    return 0;
}

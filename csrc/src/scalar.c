/*
 * scalar.c: strings and numbers of a JSON text, written anew.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "digits.h"
#include "parser.h"
#include "scan.h"

/* ------------------------------------------------------------ strings */

static int is_continuation(const kess_parser *p, size_t i)
{
    return (size_t)(p->end - p->at) > i && (p->at[i] & 0xc0) == 0x80;
}

/* The second byte of a sequence has a narrower range after E0, ED, F0, F4
 * (Unicode 15, table 3-7). */
static int is_second(const kess_parser *p)
{
    if (!is_continuation(p, 1)) {
        return 0;
    }
    switch (p->at[0]) {
    case 0xe0:
        return p->at[1] >= 0xa0;
    case 0xed:
        return p->at[1] < 0xa0;
    case 0xf0:
        return p->at[1] >= 0x90;
    case 0xf4:
        return p->at[1] < 0x90;
    default:
        return 1;
    }
}

static int utf8(kess_parser *p)
{
    const uint8_t lead = p->at[0];
    uint32_t c;
    size_t len;
    if (lead < 0xc2 || lead > 0xf4 || !is_second(p)) {
        return kess_int_parse_fail(p, KESS_ERR_UTF8, p->at);
    }
    c = p->at[1] & 0x3fu;
    if (lead < 0xe0) {
        c |= (lead & 0x1fu) << 6;
        len = 2;
    } else if (!is_continuation(p, 2)) {
        return kess_int_parse_fail(p, KESS_ERR_UTF8, p->at);
    } else if (lead < 0xf0) {
        c = (lead & 0x0fu) << 12 | c << 6 | (p->at[2] & 0x3fu);
        len = 3;
    } else if (!is_continuation(p, 3)) {
        return kess_int_parse_fail(p, KESS_ERR_UTF8, p->at);
    } else {
        c = (lead & 0x07u) << 18 | c << 12 | (p->at[2] & 0x3fu) << 6 |
            (p->at[3] & 0x3fu);
        len = 4;
    }
    if (!kess_int_parse_room(p, KESS_ESCAPE_MAX)) {
        return 0;
    }
    p->at += len;
    if (c < 0x10000 &&
        (p->doc->profile & KESS_PROFILE_UNESCAPED_UNICODE) == 0) {
        kess_int_write_hex(p->out, c);
        p->out += 6;
        return 1;
    }
    p->out += kess_int_write_code_point(p->out, c, p->doc->profile);
    return 1;
}

static int hex_digit(uint8_t c)
{
    const unsigned digit = (unsigned)c - '0';
    const unsigned letter = ((unsigned)c | 0x20u) - 'a';
    if (digit < 10) {
        return (int)digit;
    }
    return letter < 6 ? (int)letter + 10 : -1;
}

/* The unit of a \uXXXX escape at this place, or -1. */
static int32_t escaped_unit(const kess_parser *p, const uint8_t *at)
{
    int32_t unit = 0;
    if (p->end - at < 6 || at[0] != '\\' || at[1] != 'u') {
        return -1;
    }
    for (int i = 2; i < 6; i++) {
        const int digit = hex_digit(at[i]);
        if (digit < 0) {
            return -1;
        }
        unit = unit << 4 | digit;
    }
    return unit;
}

static int unicode_escape(kess_parser *p)
{
    const int32_t unit = escaped_unit(p, p->at);
    uint32_t c = (uint32_t)unit;
    size_t len = 6;
    if (unit < 0) {
        return kess_int_parse_fail(p, KESS_ERR_ESCAPE, p->at);
    }
    if (unit >= 0xd800 && unit < 0xe000) {
        const int32_t second = escaped_unit(p, p->at + 6);
        if (unit >= 0xdc00 || second < 0xdc00 || second >= 0xe000) {
            return kess_int_parse_fail(p, KESS_ERR_SURROGATE, p->at);
        }
        c = 0x10000u + (((uint32_t)unit - 0xd800u) << 10) +
            ((uint32_t)second - 0xdc00u);
        len = 12;
    }
    /* What is written is never longer than the escape. */
    p->at += len;
    p->out += kess_int_write_code_point(p->out, c, p->doc->profile);
    return 1;
}

static int escape(kess_parser *p)
{
    if (p->end - p->at < 2) {
        return kess_int_parse_fail(p, KESS_ERR_ESCAPE, p->at);
    }
    switch (p->at[1]) {
    case '"':
    case '\\':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        p->out[0] = '\\';
        p->out[1] = p->at[1];
        p->out += 2;
        p->at += 2;
        return 1;
    case '/':
        p->at += 2;
        p->out += kess_int_write_code_point(p->out, '/', p->doc->profile);
        return 1;
    case 'u':
        return unicode_escape(p);
    default:
        return kess_int_parse_fail(p, KESS_ERR_ESCAPE, p->at);
    }
}

/* A run of slashes. */
static int slashes(kess_parser *p)
{
    size_t run = 1;
    while (run < (size_t)(p->end - p->at) && p->at[run] == '/') {
        run++;
    }
    if (!kess_int_parse_room(p, run)) {
        return 0;
    }
    p->at += run;
    if ((p->doc->profile & KESS_PROFILE_UNESCAPED_SLASHES) != 0) {
        memset(p->out, '/', run);
        p->out += run;
        return 1;
    }
    for (size_t i = 0; i < run; i++) {
        p->out[2 * i] = '\\';
        p->out[2 * i + 1] = '/';
    }
    p->out += 2 * run;
    return 1;
}

/* A run of bytes that do not stand for themselves. */
static int special(kess_parser *p)
{
    int done = 1;
    while (done && p->at < p->end && *p->at != '"' &&
           !kess_int_is_plain(*p->at)) {
        const uint8_t c = *p->at;
        if (c < 0x20) {
            return kess_int_parse_fail(p, KESS_ERR_CONTROL, p->at);
        }
        done = c == '\\' ? escape(p) : c == '/' ? slashes(p) : utf8(p);
    }
    return done;
}

/* p->at is at the opening quote. */
int kess_int_parse_string(kess_parser *p)
{
    *p->out++ = '"';
    p->at++;
    for (;;) {
        const size_t len =
            kess_int_copy_plain(p->out, p->at, (size_t)(p->end - p->at));
        p->out += len;
        p->at += len;
        if (p->at == p->end) {
            return kess_int_parse_fail(p, KESS_ERR_SYNTAX, p->at);
        }
        if (*p->at == '"') {
            *p->out++ = '"';
            p->at++;
            return 1;
        }
        if (!special(p)) {
            return 0;
        }
    }
}

/* ------------------------------------------------------------ numbers */

static int skip_digits(kess_parser *p)
{
    const uint8_t *start = p->at;
    p->at = kess_int_skip_digits(p->at, p->end);
    return p->at > start || kess_int_parse_fail(p, KESS_ERR_SYNTAX, p->at);
}

/* Put a place-holder where an infinite number stands: it does no harm if it
 * is replaced or removed. */
static int infinite(kess_parser *p, const uint8_t *start)
{
    kess_fixup fixup;
    fixup.begin = kess_int_parse_used(p);
    fixup.end = fixup.begin + 1;
    fixup.source = (size_t)(start - p->text);
    fixup.source_end = KESS_NONE;
    *p->out++ = '0';
    return kess_int_add_fixup(p, fixup);
}

int kess_int_parse_number(kess_parser *p)
{
    const uint8_t *start = p->at;
    int is_integer = 1;
    p->at += *p->at == '-';
    const uint8_t *digits = p->at;
    if (p->at < p->end && *p->at == '0') {
        p->at++;
    } else if (!skip_digits(p)) {
        return 0;
    }
    if (p->at < p->end && *p->at == '.') {
        is_integer = 0;
        p->at++;
        if (!skip_digits(p)) {
            return 0;
        }
    }
    if (p->at < p->end && (*p->at == 'e' || *p->at == 'E')) {
        is_integer = 0;
        p->at++;
        p->at += p->at < p->end && (*p->at == '+' || *p->at == '-');
        if (!skip_digits(p)) {
            return 0;
        }
    }
    const size_t len = (size_t)(p->at - start);
    /* Up to 18 digits stand for themselves, but for -0. */
    if (is_integer && len < 19 && (digits == start || *digits != '0')) {
        memcpy(p->out, start, len);
        p->out += len;
        return 1;
    }
    if (!kess_int_parse_room(p, KESS_NUMBER_MAX)) {
        return 0;
    }
    const size_t written =
        kess_int_write_number(p->out, start, p->at, p->doc->profile);
    p->out += written;
    return written > 0 || infinite(p, start);
}

/*
 * scalar.c: strings and numbers of a JSON text, written anew.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "digits.h"
#include "scalar.h"

/* ------------------------------------------------------------ strings */

static int is_continuation(uint8_t c)
{
    return (c & 0xc0) == 0x80;
}

/* The second byte of a sequence has a narrower range after E0, ED, F0, F4
 * (Unicode 15, table 3-7). */
static int is_second(uint8_t lead, uint8_t c)
{
    switch (lead) {
    case 0xe0:
        return c >= 0xa0 && c < 0xc0;
    case 0xed:
        return c >= 0x80 && c < 0xa0;
    case 0xf0:
        return c >= 0x90 && c < 0xc0;
    case 0xf4:
        return c >= 0x80 && c < 0x90;
    default:
        return is_continuation(c);
    }
}

/* The code point at a place, and the length of its sequence, 0 where it is
 * malformed. */
static uint32_t decode_utf8(const uint8_t *at, size_t left, size_t *len)
{
    const uint8_t lead = at[0];
    *len = 0;
    if (lead < 0xc2 || lead > 0xf4 || left < 2 || !is_second(lead, at[1])) {
        return 0;
    }
    uint32_t c = at[1] & 0x3fu;
    if (lead < 0xe0) {
        *len = 2;
        return (lead & 0x1fu) << 6 | c;
    }
    if (left < 3 || !is_continuation(at[2])) {
        return 0;
    }
    c = c << 6 | (at[2] & 0x3fu);
    if (lead < 0xf0) {
        *len = 3;
        return (lead & 0x0fu) << 12 | c;
    }
    if (left < 4 || !is_continuation(at[3])) {
        return 0;
    }
    *len = 4;
    return (lead & 0x07u) << 18 | c << 6 | (at[3] & 0x3fu);
}

static kess_cursor utf8(kess_parser *p, kess_cursor c)
{
    size_t len;
    const uint32_t code_point =
        decode_utf8(c.at, (size_t)(p->end - c.at), &len);
    if (len == 0) {
        return kess_int_stop(p, KESS_ERR_UTF8, c.at);
    }
    c = kess_int_room(p, c, KESS_ESCAPE_MAX);
    if (c.at == NULL) {
        return c;
    }
    c.at += len;
    if (code_point < 0x10000 &&
        (p->doc->profile & KESS_PROFILE_UNESCAPED_UNICODE) == 0) {
        kess_int_write_hex(c.out, code_point);
        c.out += 6;
        return c;
    }
    c.out += kess_int_write_code_point(c.out, code_point, p->doc->profile);
    return c;
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
static int32_t escaped_unit(const uint8_t *at, const uint8_t *end)
{
    int32_t unit = 0;
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u') {
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

static kess_cursor unicode_escape(kess_parser *p, kess_cursor c)
{
    const int32_t unit = escaped_unit(c.at, p->end);
    uint32_t code_point = (uint32_t)unit;
    size_t len = 6;
    if (unit < 0) {
        return kess_int_stop(p, KESS_ERR_ESCAPE, c.at);
    }
    if (unit >= 0xd800 && unit < 0xe000) {
        const int32_t second = escaped_unit(c.at + 6, p->end);
        if (unit >= 0xdc00 || second < 0xdc00 || second >= 0xe000) {
            return kess_int_stop(p, KESS_ERR_SURROGATE, c.at);
        }
        code_point = 0x10000u + (((uint32_t)unit - 0xd800u) << 10) +
                     ((uint32_t)second - 0xdc00u);
        len = 12;
    }
    /* What is written is never longer than the escape. */
    c.at += len;
    c.out += kess_int_write_code_point(c.out, code_point, p->doc->profile);
    return c;
}

static kess_cursor escape(kess_parser *p, kess_cursor c)
{
    if (p->end - c.at < 2) {
        return kess_int_stop(p, KESS_ERR_ESCAPE, c.at);
    }
    switch (c.at[1]) {
    case '/':
        if ((p->doc->profile & KESS_PROFILE_UNESCAPED_SLASHES) != 0) {
            *c.out++ = '/';
            c.at += 2;
            return c;
        }
        break;
    case '"':
    case '\\':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        break;
    case 'u':
        return unicode_escape(p, c);
    default:
        return kess_int_stop(p, KESS_ERR_ESCAPE, c.at);
    }
    memcpy(c.out, c.at, 2);
    c.out += 2;
    c.at += 2;
    return c;
}

/* A run of slashes. */
static kess_cursor slashes(kess_parser *p, kess_cursor c)
{
    size_t run = 1;
    while (run < (size_t)(p->end - c.at) && c.at[run] == '/') {
        run++;
    }
    c = kess_int_room(p, c, run);
    if (c.at == NULL) {
        return c;
    }
    c.at += run;
    if ((p->doc->profile & KESS_PROFILE_UNESCAPED_SLASHES) != 0) {
        memset(c.out, '/', run);
        c.out += run;
        return c;
    }
    for (size_t i = 0; i < run; i++) {
        c.out[2 * i] = '\\';
        c.out[2 * i + 1] = '/';
    }
    c.out += 2 * run;
    return c;
}

/* A run of bytes that do not stand for themselves: a script beyond ASCII, or
 * escapes, seldom come alone. */
static kess_cursor special(kess_parser *p, kess_cursor c)
{
    while (c.at != NULL && c.at < p->end && *c.at != '"' &&
           !kess_int_is_plain(*c.at)) {
        if (*c.at == '\\') {
            c = escape(p, c);
        } else if (*c.at == '/') {
            c = slashes(p, c);
        } else if (*c.at < 0x20) {
            c = kess_int_stop(p, KESS_ERR_CONTROL, c.at);
        } else {
            c = utf8(p, c);
        }
    }
    return c;
}

/* Copy plain bytes. */
static kess_cursor plain(kess_parser *p, kess_cursor c)
{
    const uint8_t *const end = p->end;
    while (end - c.at >= 16) {
        const uint64_t found = kess_int_copy_16(c.out, c.at);
        const size_t len = found == 0 ? 16 : kess_int_first(found);
        c.at += len;
        c.out += len;
        if (found != 0) {
            return c;
        }
    }
    const size_t len = kess_int_copy_tail(c.out, c.at, (size_t)(end - c.at));
    c.at += len;
    c.out += len;
    return c;
}

kess_cursor kess_int_string_rest(kess_parser *p, kess_cursor c)
{
    for (;;) {
        c = special(p, c);
        if (c.at == NULL) {
            return c;
        }
        c = plain(p, c);
        if (c.at == p->end) {
            return kess_int_stop(p, KESS_ERR_SYNTAX, c.at);
        }
        if (*c.at == '"') {
            *c.out++ = '"';
            c.at++;
            return c;
        }
    }
}

/* ------------------------------------------------------------ numbers */

/* Put a place-holder where an infinite number stands: it does no harm if it
 * is replaced or removed. */
static kess_cursor infinite(kess_parser *p, kess_cursor c,
                            const uint8_t *start)
{
    kess_fixup fixup;
    fixup.begin = kess_int_used(p, c);
    fixup.end = fixup.begin + 1;
    fixup.source = (size_t)(start - p->text);
    fixup.source_end = KESS_NONE;
    *c.out++ = '0';
    return kess_int_add_fixup(p, fixup) ? c : kess_int_no_cursor();
}

/* The parts of a number token; each is empty where it is missing. */
typedef struct number_token {
    const uint8_t *start;
    const uint8_t *digits; /* the integer part */
    const uint8_t *point;  /* its end */
    const uint8_t *mantissa_end;
    const uint8_t *end;
} number_token;

/* The end of the digits that must begin at a place; NULL where none do. */
static const uint8_t *need_digits(kess_parser *p, const uint8_t *at)
{
    const uint8_t *stop = kess_int_skip_digits(at, p->end);
    if (stop == at) {
        (void)kess_int_parse_fail(p, KESS_ERR_SYNTAX, at);
        return NULL;
    }
    return stop;
}

/* The end of a number token at t->start; NULL where there is none. */
static const uint8_t *read_token(kess_parser *p, number_token *t)
{
    const uint8_t *end = p->end;
    t->digits = t->start + (*t->start == '-');
    const uint8_t *at = t->digits;
    /* Nothing may follow a zero that begins an integer part. */
    at = at < end && *at == '0' ? at + 1 : need_digits(p, at);
    t->point = at;
    if (at != NULL && at < end && *at == '.') {
        at = need_digits(p, at + 1);
    }
    t->mantissa_end = at;
    if (at != NULL && at < end && (*at | 0x20) == 'e') {
        at++;
        at += at < end && (*at == '+' || *at == '-');
        at = need_digits(p, at);
    }
    t->end = at;
    return at;
}

/* Up to 18 digits stand for themselves, but for -0. */
static int is_own_integer(const number_token *t)
{
    return t->end == t->point && t->end - t->start < 19 &&
           (t->digits == t->start || *t->digits != '0');
}

/*
 * A decimal of at most 15 digits is its own shortest form (see number.c). It
 * is in the layout of PHP, too, if it has no exponent, ends in no zero, and
 * has a digit other than zero before the fifth place.
 */
static int is_own_decimal(const number_token *t)
{
    return t->end == t->mantissa_end && t->end - t->digits <= 16 &&
           t->end > t->point && t->end[-1] != '0' &&
           (*t->digits != '0' || t->end - t->point < 6 ||
            memcmp(t->point, ".0000", 5) != 0);
}

/* Copy at most 18 bytes, with as few instructions as the text allows. */
static void copy_short(uint8_t *out, const uint8_t *in, size_t len,
                       const uint8_t *end)
{
    if (end - in >= 24) {
        memcpy(out, in, 24); /* the slack has room for it */
        return;
    }
    memcpy(out, in, len);
}

kess_cursor kess_int_number(kess_parser *p, kess_cursor c)
{
    number_token t;
    t.start = c.at;
    c.at = read_token(p, &t);
    if (c.at == NULL) {
        return c;
    }
    const size_t len = (size_t)(c.at - t.start);
    const int is_precise = (p->doc->profile & KESS_PROFILE_PRECISE) != 0;
    if (is_own_integer(&t) || (!is_precise && is_own_decimal(&t))) {
        copy_short(c.out, t.start, len, p->end);
        c.out += len;
        return c;
    }
    c = kess_int_room(p, c, kess_int_number_max(p->doc->profile));
    if (c.at == NULL) {
        return c;
    }
    const size_t written =
        kess_int_write_number(c.out, t.start, c.at, p->doc->profile);
    c.out += written;
    return written > 0 ? c : infinite(p, c, t.start);
}

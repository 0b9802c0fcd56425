/*
 * write.c: strings as PHP's json_encode writes them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "digits.h"
#include "internal.h"

static size_t write_hex(uint8_t *out, uint32_t unit)
{
    kess_int_write_hex(out, unit);
    return 6;
}

static size_t write_pair(uint8_t *out, uint8_t second)
{
    out[0] = '\\';
    out[1] = second;
    return 2;
}

static size_t write_ascii(uint8_t *out, uint32_t c, uint32_t profile)
{
    switch (c) {
    case '"':
    case '\\':
        return write_pair(out, (uint8_t)c);
    case '\b':
        return write_pair(out, 'b');
    case '\t':
        return write_pair(out, 't');
    case '\n':
        return write_pair(out, 'n');
    case '\f':
        return write_pair(out, 'f');
    case '\r':
        return write_pair(out, 'r');
    default:
        break;
    }
    if (c == '/' && (profile & KESS_PROFILE_UNESCAPED_SLASHES) == 0) {
        return write_pair(out, '/');
    }
    if (c < 0x20) {
        return write_hex(out, c);
    }
    *out = (uint8_t)c;
    return 1;
}

static size_t write_utf8(uint8_t *out, uint32_t c)
{
    size_t len = 0;
    if (c < 0x800) {
        out[len++] = (uint8_t)(0xc0 | c >> 6);
    } else if (c < 0x10000) {
        out[len++] = (uint8_t)(0xe0 | c >> 12);
        out[len++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
    } else {
        out[len++] = (uint8_t)(0xf0 | c >> 18);
        out[len++] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
        out[len++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
    }
    out[len++] = (uint8_t)(0x80 | (c & 0x3f));
    return len;
}

/* JSON_UNESCAPED_UNICODE spares the two line terminators of JavaScript. */
static int stays_raw(uint32_t c, uint32_t profile)
{
    return (profile & KESS_PROFILE_UNESCAPED_UNICODE) != 0 && c != 0x2028 &&
           c != 0x2029;
}

size_t kess_int_write_code_point(uint8_t *out, uint32_t code_point,
                                 uint32_t profile)
{
    if (code_point < 0x80) {
        return write_ascii(out, code_point, profile);
    }
    if (stays_raw(code_point, profile)) {
        return write_utf8(out, code_point);
    }
    if (code_point < 0x10000) {
        return write_hex(out, code_point);
    }
    const uint32_t rest = code_point - 0x10000;
    const size_t len = write_hex(out, 0xd800 | rest >> 10);
    return len + write_hex(out + len, 0xdc00 | (rest & 0x3ff));
}

static uint32_t hex_unit(const uint8_t *four)
{
    uint32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        const uint32_t c = four[i];
        unit = unit << 4 | (c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return unit;
}

static uint8_t control_of(uint8_t letter)
{
    switch (letter) {
    case 'b':
        return '\b';
    case 't':
        return '\t';
    case 'n':
        return '\n';
    case 'f':
        return '\f';
    case 'r':
        return '\r';
    default:
        return letter;
    }
}

size_t kess_int_unescape(uint8_t *out, const uint8_t *text, size_t len)
{
    size_t written = 0;
    size_t i = 0;
    while (i < len) {
        if (text[i] != '\\') {
            out[written++] = text[i++];
            continue;
        }
        if (text[i + 1] != 'u') {
            out[written++] = control_of(text[i + 1]);
            i += 2;
            continue;
        }
        uint32_t c = hex_unit(text + i + 2);
        i += 6;
        if (c >= 0xd800 && c < 0xdc00) {
            c = 0x10000 + ((c - 0xd800) << 10) +
                (hex_unit(text + i + 2) - 0xdc00);
            i += 6;
        }
        if (c < 0x80) {
            out[written++] = (uint8_t)c;
        } else {
            written += write_utf8(out + written, c);
        }
    }
    return written;
}

/*
 * base64.c: strict base64 (RFC 4648, section 4).
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * PHP's base64_decode without its strict argument skips what it does not know,
 * so that one signature has any number of texts. Here each value has one.
 */
#include "base64.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The value of a byte that is not of the alphabet. */
#define BAD_VALUE 0x40u
/* Set in a group of four that holds such a byte: bit 24. */
#define BAD_GROUP (BAD_VALUE << 18)

/* All ones where low <= byte <= high, else 0: the top bit of a difference of
 * small numbers is its sign. */
static uint32_t within(uint32_t byte, uint32_t low, uint32_t high)
{
    return (((byte - low) | (high - byte)) >> 31) - 1u;
}

/* Without a table: the text may be that of a private key, and must not select
 * cache lines. */
static uint32_t value_of(uint32_t byte)
{
    const uint32_t upper = within(byte, 'A', 'Z');
    const uint32_t lower = within(byte, 'a', 'z');
    const uint32_t digit = within(byte, '0', '9');
    const uint32_t plus = within(byte, '+', '+');
    const uint32_t slash = within(byte, '/', '/');
    const uint32_t known = upper | lower | digit | plus | slash;

    return (upper & (byte - 'A')) | (lower & (byte - 'a' + 26u)) |
           (digit & (byte - '0' + 52u)) | (plus & 62u) | (slash & 63u) |
           (~known & BAD_VALUE);
}

size_t kess_int_base64_len(size_t len)
{
    if (len > SIZE_MAX / 4 * 3 - 3) {
        return SIZE_MAX;
    }
    return (len + 2) / 3 * 4;
}

void kess_int_base64_encode(uint8_t *out, const uint8_t *data, size_t len)
{
    while (len >= 3) {
        const uint32_t bits = (uint32_t)data[0] << 16 |
                              (uint32_t)data[1] << 8 | (uint32_t)data[2];
        out[0] = (uint8_t)alphabet[bits >> 18];
        out[1] = (uint8_t)alphabet[bits >> 12 & 63];
        out[2] = (uint8_t)alphabet[bits >> 6 & 63];
        out[3] = (uint8_t)alphabet[bits & 63];
        data += 3;
        len -= 3;
        out += 4;
    }
    if (len == 0) {
        return;
    }
    const uint32_t second = len == 2 ? data[1] : 0;
    const uint32_t bits = (uint32_t)data[0] << 16 | second << 8;
    out[0] = (uint8_t)alphabet[bits >> 18];
    out[1] = (uint8_t)alphabet[bits >> 12 & 63];
    out[2] = (uint8_t)(len == 2 ? alphabet[bits >> 6 & 63] : '=');
    out[3] = '=';
}

static size_t padding_of(const uint8_t *text, size_t text_len)
{
    if (text_len < 4 || text[text_len - 1] != '=') {
        return 0;
    }
    return text[text_len - 2] == '=' ? 2 : 1;
}

size_t kess_int_base64_decoded_len(const uint8_t *text, size_t text_len)
{
    if (text_len % 4 != 0) {
        return SIZE_MAX;
    }
    return text_len / 4 * 3 - padding_of(text, text_len);
}

/* 24 bits, and BAD_GROUP. Padding counts as zero bits. */
static uint32_t group_of(const uint8_t *text, size_t padding)
{
    const uint32_t first = value_of(text[0]);
    const uint32_t second = value_of(text[1]);
    const uint32_t third = padding == 2 ? 0 : value_of(text[2]);
    const uint32_t fourth = padding > 0 ? 0 : value_of(text[3]);
    const uint32_t bad = (first | second | third | fourth) & BAD_VALUE;

    return first << 18 | second << 12 | third << 6 | fourth | bad << 18;
}

kess_status kess_int_base64_decode(uint8_t *out, size_t out_len,
                                   const uint8_t *text, size_t text_len)
{
    const size_t len = kess_int_base64_decoded_len(text, text_len);
    if (len == SIZE_MAX) {
        return KESS_ERR_SIGN_BASE64;
    }
    const size_t padding = padding_of(text, text_len);
    const int fits = len == out_len;
    const size_t whole = len / 3;
    uint32_t seen = 0;

    for (size_t i = 0; i < whole; i++) {
        const uint32_t bits = group_of(text + 4 * i, 0);
        seen |= bits;
        if (fits) {
            out[3 * i] = (uint8_t)(bits >> 16);
            out[3 * i + 1] = (uint8_t)(bits >> 8);
            out[3 * i + 2] = (uint8_t)bits;
        }
    }
    if (padding > 0) {
        const uint32_t bits = group_of(text + 4 * whole, padding);
        const uint32_t unused = padding == 2 ? 0xffffu : 0xffu;
        seen |= bits | ((bits & unused) != 0 ? BAD_GROUP : 0);
        if (fits) {
            out[3 * whole] = (uint8_t)(bits >> 16);
        }
        if (fits && padding == 1) {
            out[3 * whole + 1] = (uint8_t)(bits >> 8);
        }
    }
    if ((seen & BAD_GROUP) != 0) {
        return KESS_ERR_SIGN_BASE64;
    }
    return fits ? KESS_OK : KESS_ERR_SIGN_LENGTH;
}

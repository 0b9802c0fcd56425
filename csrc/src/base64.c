/*
 * base64.c: strict base64 (RFC 4648, section 4).
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * PHP's base64_decode without its strict argument skips what it does not know,
 * so that one signature has any number of texts. Here each value has one.
 */
#include <string.h>

#include "base64.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The value of a byte that is not of the alphabet. */
#define BAD_VALUE 0x40u

/* Characters that are decoded at once, and the bytes they stand for. */
#define BLOCK 64
#define BLOCK_BYTES 48

/* All ones where first <= byte < first + count, else 0. */
static uint8_t within(uint8_t byte, uint8_t first, uint8_t count)
{
    return (uint8_t)-(uint8_t)((uint8_t)(byte - first) < count);
}

/*
 * The values of characters; returns them or-ed together. Without a table: the
 * text may be that of a private key, and must not select cache lines. Compilers
 * make vector instructions of it.
 */
static uint8_t block_values(uint8_t *restrict values,
                            const uint8_t *restrict text)
{
    uint8_t seen = 0;

    for (size_t i = 0; i < BLOCK; i++) {
        const uint8_t byte = text[i];
        const uint8_t upper = within(byte, 'A', 26);
        const uint8_t lower = within(byte, 'a', 26);
        const uint8_t digit = within(byte, '0', 10);
        const uint8_t plus = within(byte, '+', 1);
        const uint8_t slash = within(byte, '/', 1);
        const uint8_t known =
            (uint8_t)(upper | lower | digit | plus | slash);
        const uint8_t value = (uint8_t)(
            (upper & (uint8_t)(byte - 'A')) |
            (lower & (uint8_t)(byte - 'a' + 26)) |
            (digit & (uint8_t)(byte - '0' + 52)) | (plus & 62u) |
            (slash & 63u) | ((uint8_t)~known & BAD_VALUE));
        values[i] = value;
        seen |= value;
    }
    return seen;
}

static void block_pack(uint8_t *bytes, const uint8_t *values)
{
    for (size_t i = 0; i < BLOCK / 4; i++) {
        const uint32_t bits =
            (uint32_t)values[4 * i] << 18 | (uint32_t)values[4 * i + 1] << 12 |
            (uint32_t)values[4 * i + 2] << 6 | (uint32_t)values[4 * i + 3];
        bytes[3 * i] = (uint8_t)(bits >> 16);
        bytes[3 * i + 1] = (uint8_t)(bits >> 8);
        bytes[3 * i + 2] = (uint8_t)bits;
    }
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

/* Decode letters (text without its padding), which stand for len bytes.
 * Returns all values or-ed together, and the last one in *last. */
static uint8_t decode_letters(uint8_t *out, size_t len, const uint8_t *text,
                              size_t letters, uint8_t *last)
{
    uint8_t values[BLOCK];
    uint8_t rest[BLOCK];
    uint8_t bytes[BLOCK_BYTES];
    uint8_t seen = 0;

    for (; letters >= BLOCK; letters -= BLOCK) {
        seen |= block_values(values, text);
        *last = values[BLOCK - 1];
        text += BLOCK;
        if (out != NULL) {
            block_pack(out, values);
            out += BLOCK_BYTES;
            len -= BLOCK_BYTES;
        }
    }
    if (letters > 0) {
        memset(rest, 'A', BLOCK);
        memcpy(rest, text, letters);
        seen |= block_values(values, rest);
        *last = values[letters - 1];
        if (out != NULL) {
            block_pack(bytes, values);
            memcpy(out, bytes, len);
        }
    }
    kess_int_wipe(values, sizeof(values));
    kess_int_wipe(rest, sizeof(rest));
    kess_int_wipe(bytes, sizeof(bytes));
    return seen;
}

kess_status kess_int_base64_decode(uint8_t *out, size_t out_len,
                                   const uint8_t *text, size_t text_len)
{
    const size_t len = kess_int_base64_decoded_len(text, text_len);
    if (len == SIZE_MAX) {
        return KESS_ERR_SIGN_BASE64;
    }
    const size_t padding = padding_of(text, text_len);
    const uint8_t unused = padding == 2 ? 15 : padding == 1 ? 3 : 0;
    uint8_t last = 0;
    const uint8_t seen =
        decode_letters(len == out_len ? out : NULL, len, text,
                       text_len - padding, &last);

    if ((seen & BAD_VALUE) != 0 || (last & unused) != 0) {
        return KESS_ERR_SIGN_BASE64;
    }
    return len == out_len ? KESS_OK : KESS_ERR_SIGN_LENGTH;
}

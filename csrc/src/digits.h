/*
 * digits.h: runs of decimal digits, and hexadecimal escapes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KESS_DIGITS_H
#define KESS_DIGITS_H

#include <stdint.h>
#include <string.h>

static inline int kess_int_is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* Whether eight bytes are digits: each has the high half 3, also after 6 is
 * added to the low half. */
static inline int kess_int_are_digits(const uint8_t *eight)
{
    const uint64_t high = UINT64_C(0xf0f0f0f0f0f0f0f0);
    const uint64_t threes = UINT64_C(0x3030303030303030);
    const uint64_t sixes = UINT64_C(0x0606060606060606);
    uint64_t bytes;
    memcpy(&bytes, eight, sizeof bytes);
    return (bytes & high) == threes && ((bytes + sixes) & high) == threes;
}

/* The first byte from at on that is no digit. Most numbers are short. */
static inline const uint8_t *kess_int_skip_digits(const uint8_t *at,
                                                  const uint8_t *end)
{
    const uint8_t *few = end - at > 8 ? at + 8 : end;
    while (at < few && kess_int_is_digit(*at)) {
        at++;
    }
    if (at < few) {
        return at;
    }
    while (end - at >= 8 && kess_int_are_digits(at)) {
        at += 8;
    }
    while (at < end && kess_int_is_digit(*at)) {
        at++;
    }
    return at;
}

/* Write \uXXXX with lower-case digits for a unit of 16 bits. */
static inline void kess_int_write_hex(uint8_t *out, uint32_t unit)
{
    /* One half byte in each byte, then 0-9 to '0' and 10-15 to 'a'. */
    const uint32_t pairs = (unit & 0xff00u) << 8 | (unit & 0xffu);
    const uint32_t halves = (pairs & 0xf000f0u) << 4 | (pairs & 0xf000fu);
    const uint32_t letters = (halves + 0x06060606u) >> 4 & 0x01010101u;
    const uint32_t text = halves + 0x30303030u + letters * 0x27u;
    out[0] = '\\';
    out[1] = 'u';
    out[2] = (uint8_t)(text >> 24);
    out[3] = (uint8_t)(text >> 16);
    out[4] = (uint8_t)(text >> 8);
    out[5] = (uint8_t)text;
}

#endif

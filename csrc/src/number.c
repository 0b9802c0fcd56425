/*
 * number.c: from the text of a number to its canonical text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "digits.h"
#include "internal.h"

/* PHP's strtod cuts the explicit exponent off here. */
#define EXPONENT_CLAMP 19999

#define INT64_DIGITS 19

/* [at, end) begins behind the 'e'. */
static int64_t read_exponent(const uint8_t *at, const uint8_t *end)
{
    const int negative = at < end && *at == '-';
    int64_t value = 0;
    if (at < end && (*at == '-' || *at == '+')) {
        at++;
    }
    for (; at < end && kess_int_is_digit(*at); at++) {
        value = value * 10 + (*at - '0');
        if (value > EXPONENT_CLAMP) {
            value = EXPONENT_CLAMP;
            break;
        }
    }
    return negative ? -value : value;
}

/* Take in the digits from at on; returns the first byte that is none. */
static const uint8_t *read_digits(kess_number *number, const uint8_t *at,
                                  const uint8_t *end)
{
    if (number->count == 0) {
        while (at < end && *at == '0') {
            at++;
        }
        number->digits = at;
    }
    while (at < end && number->count < INT64_DIGITS &&
           kess_int_is_digit(*at)) {
        number->head = number->head * 10 + (uint64_t)(*at - '0');
        number->count++;
        at++;
    }
    const uint8_t *stop = kess_int_skip_digits(at, end);
    number->count += (size_t)(stop - at);
    return stop;
}

void kess_int_split(kess_number *number, const uint8_t *at, const uint8_t *end)
{
    number->head = 0;
    number->count = 0;
    number->exponent = 0;
    number->negative = 0;
    at = read_digits(number, at, end);
    if (at < end && *at == '.') {
        const uint8_t *point = at;
        at = read_digits(number, at + 1, end);
        number->exponent = -(int64_t)(at - point - 1);
    }
    number->span = (size_t)(at - number->digits);
    if (at < end && (*at == 'e' || *at == 'E')) {
        number->exponent += read_exponent(at + 1, end);
    }
}

int kess_int_is_int64(const uint8_t *digits, size_t count, int negative)
{
    const char *limit =
        negative ? "9223372036854775808" : "9223372036854775807";
    if (count != INT64_DIGITS) {
        return count < INT64_DIGITS;
    }
    return memcmp(digits, limit, INT64_DIGITS) <= 0;
}

static size_t write_digits(uint8_t *out, uint64_t value, int count)
{
    for (int i = count - 1; i >= 0; i--) {
        out[i] = (uint8_t)('0' + value % 10);
        value /= 10;
    }
    return (size_t)count;
}

static size_t write_zeros(uint8_t *out, int count)
{
    memset(out, '0', (size_t)count);
    return (size_t)count;
}

/* d1.d2...e+N; at least one digit stands behind the point. */
static size_t write_scientific(uint8_t *out, const uint8_t *digits, int count,
                               int exponent)
{
    size_t len = 0;
    const int magnitude = exponent < 0 ? -exponent : exponent;
    out[len++] = digits[0];
    out[len++] = '.';
    if (count == 1) {
        out[len++] = '0';
    } else {
        memcpy(out + len, digits + 1, (size_t)count - 1);
        len += (size_t)count - 1;
    }
    out[len++] = 'e';
    out[len++] = exponent < 0 ? '-' : '+';
    const int width = magnitude >= 100 ? 3 : magnitude >= 10 ? 2 : 1;
    len += write_digits(out + len, (uint64_t)magnitude, width);
    return len;
}

/* Behind a whole number JSON_PRESERVE_ZERO_FRACTION writes ".0". */
static size_t write_whole(uint8_t *out, size_t len, uint32_t profile)
{
    if ((profile & KESS_PROFILE_PRESERVE_ZERO_FRACTION) == 0) {
        return len;
    }
    out[len] = '.';
    out[len + 1] = '0';
    return len + 2;
}

static size_t write_zero(uint8_t *out, uint32_t profile)
{
    *out = '0';
    return write_whole(out, 1, profile);
}

/* The layout of PHP's json_encode: exponents begin where the precision has no
 * more digits. */
static size_t lay_out(uint8_t *out, const uint8_t *digits, int count_of,
                      int exponent, uint32_t profile)
{
    const int highest =
        (profile & KESS_PROFILE_PRECISION_100) != 0 ? KESS_HUNDRED - 1 : 16;
    const size_t count = (size_t)count_of;
    size_t len = 0;
    if (exponent < -4 || exponent > highest) {
        return write_scientific(out, digits, count_of, exponent);
    }
    if (exponent < 0) {
        out[len++] = '0';
        out[len++] = '.';
        len += write_zeros(out + len, -exponent - 1);
        memcpy(out + len, digits, count);
        return len + count;
    }
    const size_t whole = (size_t)exponent + 1;
    if (whole >= count) {
        memcpy(out, digits, count);
        len = count + write_zeros(out + count, (int)(whole - count));
        return write_whole(out, len, profile);
    }
    memcpy(out, digits, whole);
    out[whole] = '.';
    memcpy(out + whole + 1, digits + whole, count - whole);
    return count + 1;
}

static size_t write_decimal(uint8_t *out, const kess_decimal *d,
                            uint32_t profile)
{
    uint8_t digits[20];
    (void)write_digits(digits, d->digits, d->count);
    return lay_out(out, digits, d->count, d->exponent, profile);
}

static size_t write_hundred(uint8_t *out, uint64_t bits, uint32_t profile)
{
    uint8_t digits[KESS_HUNDRED];
    int exponent;
    const int count = kess_int_hundred(digits, &exponent, bits);
    return lay_out(out, digits, count, exponent, profile);
}

/* A decimal of at most 15 digits in the normal range is the only one of its
 * length that reads back as its double, so it needs no conversion. */
static int is_its_own_shortest(const kess_number *number, kess_decimal *d)
{
    uint64_t digits = number->head;
    int count = (int)number->count;
    if (number->count > INT64_DIGITS) {
        return 0;
    }
    d->exponent = count - 1;
    while (count > 15 && digits % 10 == 0) {
        digits /= 10;
        count--;
    }
    if (count > 15 || number->exponent > 280 || number->exponent < -300) {
        return 0;
    }
    while (digits % 10 == 0) {
        digits /= 10;
        count--;
    }
    d->digits = digits;
    d->count = count;
    d->exponent += (int)number->exponent;
    return 1;
}

static size_t write_double(uint8_t *out, const kess_number *number,
                           uint32_t profile)
{
    kess_decimal d;
    const uint32_t precise = profile & KESS_PROFILE_PRECISE;
    if (number->count == 0) {
        return write_zero(out, profile);
    }
    if (precise != 0 || !is_its_own_shortest(number, &d)) {
        const uint64_t bits = kess_int_double_bits(number);
        if (bits == 0) {
            return write_zero(out, profile);
        }
        if (bits >> 52 == 0x7ff) {
            return 0;
        }
        if (precise == KESS_PROFILE_PRECISION_100) {
            return write_hundred(out, bits, profile);
        }
        d = precise != 0 ? kess_int_precise(bits) : kess_int_shortest(bits);
    }
    return write_decimal(out, &d, profile);
}

size_t kess_int_write_number(uint8_t *out, const uint8_t *at,
                             const uint8_t *end, uint32_t profile)
{
    const int negative = *at == '-';
    const uint8_t *digits = at + negative;
    const uint8_t *stop = kess_int_skip_digits(digits, end);
    const size_t count = (size_t)(stop - digits);
    if (stop == end && kess_int_is_int64(digits, count, negative)) {
        /* The integer -0 is 0, the double -0.0 is not. */
        const size_t skip = negative && *digits == '0';
        memcpy(out, at + skip, (size_t)(end - at) - skip);
        return (size_t)(end - at) - skip;
    }
    kess_number number;
    kess_int_split(&number, digits, end);
    *out = '-';
    const size_t len = write_double(out + negative, &number, profile);
    return len == 0 ? 0 : len + (size_t)negative;
}

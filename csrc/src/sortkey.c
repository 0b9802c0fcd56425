/*
 * sortkey.c: PHP's comparison of two array keys (SORT_REGULAR).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "digits.h"
#include "ksort.h"

/* ------------------------------------------------------------ key classes */

static int is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

int kess_int_integer_key(const uint8_t *key, size_t len, int64_t *value)
{
    const int negative = len > 0 && key[0] == '-';
    const uint8_t *digits = key + negative;
    const size_t count = len - (size_t)negative;
    uint64_t sum = 0;
    if (count == 0 || count > 19 || (digits[0] == '0' && len > 1)) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (!kess_int_is_digit(digits[i])) {
            return 0;
        }
        sum = sum * 10 + (uint64_t)(digits[i] - '0');
    }
    if (!kess_int_is_int64(digits, count, negative)) {
        return 0;
    }
    *value = negative ? -(int64_t)(sum - 1) - 1 : (int64_t)sum;
    if (sum == 0) {
        *value = 0;
    }
    return 1;
}

/* PHP decides whether 19 digits fit by strcmp of the digits *and whatever
 * follows them* with this text. */
static int fits_by_strcmp(const uint8_t *at, const uint8_t *end, int negative)
{
    static const char limit[] = "9223372036854775808";
    for (size_t i = 0; i < sizeof limit; i++) {
        /* Both sides end at a NUL, as for strcmp. */
        const uint8_t a = at + i < end ? at[i] : 0;
        const uint8_t b = (uint8_t)limit[i];
        if (a != b) {
            return a < b;
        }
    }
    return negative;
}

/* Modulo 2^64, as PHP adds the digits up without looking for an overflow. */
static int64_t wrapped(const uint8_t *digits, size_t count, int negative)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum = sum * 10 + (uint64_t)(digits[i] - '0');
    }
    sum = negative ? 0 - sum : sum;
    return sum <= INT64_MAX ? (int64_t)sum : -(int64_t)(~sum) - 1;
}

/* The end of the exponent that begins at an 'e', or at itself if none. */
static const uint8_t *skip_exponent(const uint8_t *at, const uint8_t *end)
{
    const uint8_t *digits = at + 1;
    if (at >= end || (*at != 'e' && *at != 'E')) {
        return at;
    }
    if (digits < end && (*digits == '+' || *digits == '-')) {
        digits++;
    }
    return digits < end && kess_int_is_digit(*digits)
               ? kess_int_skip_digits(digits, end)
               : at;
}

static const uint8_t *read_real(kess_sort_key *key, const uint8_t *start,
                                const uint8_t *point, const uint8_t *end,
                                int negative)
{
    kess_number number;
    const uint8_t *stop = point;
    if (stop < end && *stop == '.') {
        stop = kess_int_skip_digits(stop + 1, end);
    }
    stop = skip_exponent(stop, end);
    kess_int_split(&number, start, stop);
    number.negative = negative;
    key->real = kess_int_to_double(&number);
    key->prefix = KESS_PREFIX_REAL;
    return stop;
}

/* PHP's scanner steps over an 'e' before a sign even where no digit follows,
 * and then counts the 19 digits back from one place too far. */
static size_t misplaced(const uint8_t *at, const uint8_t *end)
{
    return end - at > 1 && (*at == 'e' || *at == 'E') &&
           (at[1] == '+' || at[1] == '-');
}

static const uint8_t *read_whole(kess_sort_key *key, const uint8_t *start,
                                 const uint8_t *end, int negative)
{
    const uint8_t *digits = start;
    while (digits < end && *digits == '0') {
        digits++;
    }
    const uint8_t *stop = kess_int_skip_digits(digits, end);
    const size_t count = (size_t)(stop - digits);
    if (count >= 20) {
        key->overflow = negative ? -1 : 1;
        return read_real(key, start, stop, end, negative);
    }
    if ((stop < end && *stop == '.') || skip_exponent(stop, end) != stop) {
        return read_real(key, start, stop, end, negative);
    }
    if (count == 19 &&
        !fits_by_strcmp(digits + misplaced(stop, end), end, negative)) {
        key->overflow = negative ? -1 : 1;
        (void)read_real(key, start, stop, stop, negative);
        return stop;
    }
    key->integer = wrapped(digits, count, negative);
    key->prefix = KESS_PREFIX_INTEGER;
    return stop;
}

/* The longest numeric prefix; returns its end, or NULL if there is none. */
static const uint8_t *read_prefix(kess_sort_key *key)
{
    const uint8_t *at = key->text;
    const uint8_t *end = key->text + key->len;
    int negative;
    while (at < end && is_space(*at)) {
        at++;
    }
    negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+')) {
        at++;
    }
    if (at < end && kess_int_is_digit(*at)) {
        return read_whole(key, at, end, negative);
    }
    if (end - at > 1 && *at == '.' && kess_int_is_digit(at[1])) {
        return read_real(key, at, at, end, negative);
    }
    return NULL;
}

static uint64_t head_of(const uint8_t *text, size_t len)
{
    uint64_t head = 0;
    for (size_t i = 0; i < 8; i++) {
        head = head << 8 | (i < len ? text[i] : 0u);
    }
    return head;
}

void kess_int_classify(kess_sort_key *key, uint32_t profile)
{
    key->head = head_of(key->text, key->len);
    key->integer = 0;
    key->real = 0;
    key->class = KESS_TEXT;
    key->prefix = KESS_PREFIX_NONE;
    key->overflow = 0;
    if (key->len == 0 || key->text[0] > '9') {
        return;
    }
    if (kess_int_integer_key(key->text, key->len, &key->integer)) {
        key->class = KESS_INTEGER_KEY;
        return;
    }
    const uint8_t *stop = read_prefix(key);
    const uint8_t *end = key->text + key->len;
    if (stop == NULL) {
        return;
    }
    /* PHP 8 allows blanks behind a numeric string, PHP 7 does not. */
    while ((profile & KESS_PROFILE_KSORT_PHP_7) == 0 && stop < end &&
           is_space(*stop)) {
        stop++;
    }
    if (stop == end) {
        key->class = key->prefix == KESS_PREFIX_INTEGER ? KESS_INTEGER_TEXT
                                                       : KESS_REAL_TEXT;
    }
}

/* ------------------------------------------------------------ comparison */

static int sign_of_int64(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int sign_of(double difference)
{
    return (difference > 0) - (difference < 0);
}

static int compare_text(const kess_sort_key *a, const kess_sort_key *b)
{
    if (a->head != b->head) {
        return a->head < b->head ? -1 : 1;
    }
    const size_t len = a->len < b->len ? a->len : b->len;
    const int order = len > 8 ? memcmp(a->text + 8, b->text + 8, len - 8) : 0;
    if (order != 0) {
        return order;
    }
    return (a->len > b->len) - (a->len < b->len);
}

/* Two numeric strings (PHP's zendi_smart_str_compare). */
static int compare_numeric(const kess_sort_key *a, const kess_sort_key *b)
{
    if (a->overflow != 0 && a->overflow == b->overflow &&
        a->real - b->real == 0.) {
        return compare_text(a, b);
    }
    if (a->class == KESS_INTEGER_TEXT && b->class == KESS_INTEGER_TEXT) {
        return sign_of_int64(a->integer, b->integer);
    }
    if (a->class == KESS_INTEGER_TEXT) {
        return b->overflow != 0 ? -b->overflow
                                : sign_of((double)a->integer - b->real);
    }
    if (b->class == KESS_INTEGER_TEXT) {
        return a->overflow != 0 ? a->overflow
                                : sign_of(a->real - (double)b->integer);
    }
    if (a->real == b->real && a->real - b->real != 0.) {
        return compare_text(a, b); /* two infinities */
    }
    return sign_of(a->real - b->real);
}

/* An integer key and a string key. */
static int compare_integer(const kess_sort_key *a, const kess_sort_key *b,
                           uint32_t profile)
{
    const int is_numeric =
        (profile & KESS_BEFORE_8_2) != 0 || b->class != KESS_TEXT;
    if (!is_numeric) {
        return compare_text(a, b);
    }
    if (b->prefix == KESS_PREFIX_REAL) {
        return sign_of((double)a->integer - b->real);
    }
    /* Before PHP 8.2 a string without numeric prefix counted as 0. */
    return sign_of_int64(a->integer, b->integer);
}

static int compare(const kess_sort_key *a, const kess_sort_key *b,
                   uint32_t profile)
{
    if (a->class == KESS_TEXT && b->class == KESS_TEXT) {
        return compare_text(a, b);
    }
    if (a->class == KESS_INTEGER_KEY && b->class == KESS_INTEGER_KEY) {
        return sign_of_int64(a->integer, b->integer);
    }
    if (a->class == KESS_INTEGER_KEY) {
        return compare_integer(a, b, profile);
    }
    if (b->class == KESS_INTEGER_KEY) {
        return -compare_integer(b, a, profile);
    }
    if (a->class == KESS_TEXT || b->class == KESS_TEXT) {
        return compare_text(a, b);
    }
    return compare_numeric(a, b);
}

int kess_int_after(const kess_sorter *s, size_t i, size_t j)
{
    const uint32_t x = s->order[i];
    const uint32_t y = s->order[j];
    const int order = compare(&s->keys[x], &s->keys[y], s->profile);
    if (order == 0 && (s->profile & KESS_PROFILE_KSORT_PHP_7) == 0) {
        return x > y;
    }
    return order > 0;
}

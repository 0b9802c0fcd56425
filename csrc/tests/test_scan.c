/*
 * test_scan.c: the vector paths of scan.h and their scalar twin.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "guard.h"
#include "scan.h"

#define CHUNK 16
#define LONGEST 40
#define ALIGNMENTS 16

static guard input;
static guard output;

/* Plain is what json_encode writes as it is, in ASCII. */
static void test_is_plain(void)
{
    for (int c = 0; c < 256; c++) {
        const int special =
            c < 0x20 || c > 0x7f || c == '"' || c == '\\' || c == '/';
        CHECK_EQUAL(!special, kess_int_is_plain((uint8_t)c));
    }
}

/* How many plain bytes the vector path found and copied. */
static size_t copy_vector(uint8_t *out, const uint8_t *in, size_t len)
{
    if (len < CHUNK) {
        return kess_int_copy_tail(out, in, len);
    }
    const uint64_t found_at = kess_int_copy_16(out, in);
    return found_at == 0 ? CHUNK : kess_int_first(found_at);
}

static size_t copy_scalar(uint8_t *out, const uint8_t *in)
{
    const uint64_t found_at = kess_int_copy_16_scalar(out, in);
    return found_at == 0 ? CHUNK : kess_int_first_scalar(found_at);
}

/* Both stop at the same place, copy what is before it, and write nothing
 * beyond 16 bytes. */
static void check_copy(const uint8_t *in, size_t len, size_t expected)
{
    uint8_t *const out = guard_fill(&output, AT_END, CHUNK);

    CHECK_EQUAL(expected, copy_vector(out, in, len));
    CHECK(memcmp(out, in, expected) == 0);
    if (len >= CHUNK) {
        memset(out, UNTOUCHED, CHUNK);
        CHECK_EQUAL(expected, copy_scalar(out, in));
        CHECK(memcmp(out, in, expected) == 0);
        CHECK(is_untouched(out + expected, CHUNK - expected));
    }
}

/* Every length and alignment, with the text right before a forbidden page and
 * right behind one. */
static void test_lengths(void)
{
    for (size_t len = 0; len <= LONGEST; len++) {
        const size_t expected = len < CHUNK ? len : CHUNK;
        uint8_t *in = guard_room(&input, AT_END, len);
        memset(in, 'a', len);
        check_copy(in, len, expected);
        for (size_t shift = 0; shift < ALIGNMENTS; shift++) {
            in = guard_room(&input, AT_START, len + shift) + shift;
            memset(in, 'a', len);
            check_copy(in, len, expected);
        }
    }
}

/* Every byte at every place, alone and with more special bytes behind it. */
static void test_bytes(void)
{
    for (size_t len = 1; len <= CHUNK; len++) {
        uint8_t *in = guard_room(&input, AT_END, len);
        for (size_t place = 0; place < len; place++) {
            for (int c = 0; c < 256; c++) {
                const int plain = kess_int_is_plain((uint8_t)c);
                memset(in, '~', len);
                in[place] = (uint8_t)c;
                check_copy(in, len, plain ? len : place);
                memset(in + place + 1, '"', len - place - 1);
                check_copy(in, len, plain ? place + 1 : place);
            }
        }
    }
}

int main(void)
{
    guard_open(&input, LONGEST + ALIGNMENTS);
    guard_open(&output, CHUNK);
    test_is_plain();
    test_lengths();
    test_bytes();
    return 0;
}

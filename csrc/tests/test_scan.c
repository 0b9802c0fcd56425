/*
 * test_scan.c: the vector path of scan.h and its scalar twin.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "guard.h"
#include "scan.h"

#define LONGEST 70
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

/* Both stop at the same place, copy what is before it, and write nothing
 * beyond the slack. */
static void check_copy(const uint8_t *in, size_t len, size_t expected)
{
    uint8_t *const out = guard_fill(&output, AT_END, len + KESS_SCAN_SLACK);
    size_t copied = kess_int_copy_plain(out, in, len);

    CHECK_EQUAL(expected, copied);
    CHECK(memcmp(out, in, copied) == 0);
    CHECK(is_untouched(out + copied + KESS_SCAN_SLACK, len - copied));

    memset(out, UNTOUCHED, len + KESS_SCAN_SLACK);
    copied = kess_int_copy_plain_scalar(out, in, len);
    CHECK_EQUAL(expected, copied);
    CHECK(memcmp(out, in, copied) == 0);
    CHECK(is_untouched(out + copied, len + KESS_SCAN_SLACK - copied));
}

/* Every length and alignment, with the text right before a forbidden page and
 * right behind one. */
static void test_lengths(void)
{
    for (size_t len = 0; len <= LONGEST; len++) {
        uint8_t *in = guard_room(&input, AT_END, len);
        memset(in, 'a', len);
        check_copy(in, len, len);
        for (size_t shift = 0; shift < ALIGNMENTS; shift++) {
            in = guard_room(&input, AT_START, len + shift) + shift;
            memset(in, 'a', len);
            check_copy(in, len, len);
        }
    }
}

/* Every byte at every place, alone and with more special bytes behind it. */
static void test_bytes(void)
{
    for (size_t len = 1; len <= LONGEST; len++) {
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
    guard_open(&output, LONGEST + KESS_SCAN_SLACK);
    test_is_plain();
    test_lengths();
    test_bytes();
    return 0;
}

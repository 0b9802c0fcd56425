/*
 * test_der.c: the reader of DER, on objects that end at a forbidden page.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "der.h"
#include "guard.h"

static guard input;

static kess_slice at_page(const char *bytes, size_t len)
{
    const kess_slice slice = {guard_copy(&input, AT_END, bytes, len), len};
    return slice;
}

#define AT_PAGE(literal) at_page(literal, sizeof(literal) - 1)

/* One element is taken, with its tag, its contents and what follows. */
static void test_next(void)
{
    kess_slice rest = AT_PAGE("\x04\x02zz\x05");
    kess_slice content = {NULL, 0};
    uint8_t tag = 0;

    CHECK_EQUAL(1, kess_int_der_next(&rest, &tag, &content));
    CHECK_EQUAL(KESS_DER_OCTET_STRING, tag);
    CHECK(KESS_SLICE_IS(content, "zz"));
    CHECK(KESS_SLICE_IS(AT_PAGE(""), "") && !KESS_SLICE_IS(content, ""));
    CHECK(!KESS_SLICE_IS(content, "zy") && !KESS_SLICE_IS(content, "z"));
    CHECK_EQUAL(1, rest.len);
}

static void check_malformed(kess_slice rest)
{
    const kess_slice before = rest;
    kess_slice content = {NULL, 77};
    uint8_t tag = 0x55;

    CHECK_EQUAL(0, kess_int_der_next(&rest, &tag, &content));
    CHECK(rest.data == before.data && rest.len == before.len);
    CHECK(tag == 0x55 && content.len == 77);
}

/* Where no element stands nothing is changed, and nothing behind the end is
 * read: every length that is cut short or not the shortest one. */
static void test_malformed(void)
{
    check_malformed(AT_PAGE(""));
    check_malformed(AT_PAGE("\x04"));
    check_malformed(AT_PAGE("\x1f\x01z"));
    check_malformed(AT_PAGE("\xbf\x01z"));
    check_malformed(AT_PAGE("\x04\x01"));
    check_malformed(AT_PAGE("\x04\x80"));
    check_malformed(AT_PAGE("\x04\x81"));
    check_malformed(AT_PAGE("\x04\x81\x01z"));
    check_malformed(AT_PAGE("\x04\x81\x80z"));
    check_malformed(AT_PAGE("\x04\x82\x01"));
    check_malformed(AT_PAGE("\x04\x82\x00\x80z"));
    check_malformed(AT_PAGE("\x04\x84\xff\xff\xff\xffz"));
    check_malformed(AT_PAGE("\x04\x85\x01\x00\x00\x00\x00z"));
    check_malformed(AT_PAGE("\x04\xff"));
}

/* An object is split into one to twelve children, and no more. */
static void test_split(void)
{
    kess_der der;
    char many[2 * KESS_DER_CHILDREN + 2];

    for (size_t i = 0; i < sizeof(many); i += 2) {
        memcpy(many + i, "\x05\x00", 2);
    }
    CHECK_EQUAL(1, kess_int_der_split(
                       &der, at_page(many, 2 * KESS_DER_CHILDREN)));
    CHECK_EQUAL(KESS_DER_CHILDREN, der.count);
    CHECK_EQUAL(0, kess_int_der_split(&der, at_page(many, sizeof(many))));
    CHECK_EQUAL(0, kess_int_der_split(&der, AT_PAGE("")));
    CHECK_EQUAL(0, kess_int_der_split(&der, AT_PAGE("\x05\x00\x05")));

    CHECK_EQUAL(1, kess_int_der_open(&der, AT_PAGE("\x30\x04\x05\x00\x06\x00")));
    CHECK(KESS_DER_IS(&der, "\x05\x06") && !KESS_DER_IS(&der, "\x05"));
    CHECK(KESS_DER_STARTS(&der, "\x05") && !KESS_DER_STARTS(&der, "\x06"));
    CHECK(!KESS_DER_STARTS(&der, "\x05\x06\x07"));
    CHECK_EQUAL(0, kess_int_der_open(&der, AT_PAGE("\x31\x02\x05\x00")));
    CHECK_EQUAL(0, kess_int_der_open(&der, AT_PAGE("\x30\x02\x05\x00z")));
    CHECK_EQUAL(0, kess_int_der_open(&der, AT_PAGE("\x30\x00")));
}

static int number_of(kess_slice contents)
{
    uint64_t value = 77;
    return kess_int_der_number(&value, contents) ? (int)value : -1;
}

/* Integers are read in their one form, without a sign. */
static void test_number(void)
{
    uint64_t value = 0;

    CHECK_EQUAL(0, number_of(AT_PAGE("\x00")));
    CHECK_EQUAL(127, number_of(AT_PAGE("\x7f")));
    CHECK_EQUAL(128, number_of(AT_PAGE("\x00\x80")));
    CHECK_EQUAL(256, number_of(AT_PAGE("\x01\x00")));
    CHECK_EQUAL(-1, number_of(AT_PAGE("")));
    CHECK_EQUAL(-1, number_of(AT_PAGE("\x80")));
    CHECK_EQUAL(-1, number_of(AT_PAGE("\x00\x7f")));
    CHECK_EQUAL(-1, number_of(AT_PAGE("\x01\0\0\0\0\0\0\0\0")));
    CHECK_EQUAL(1, kess_int_der_number(
                       &value, AT_PAGE("\x7f\xff\xff\xff\xff\xff\xff\xff")));
    CHECK(value == UINT64_C(0x7fffffffffffffff));
}

int main(void)
{
    guard_open(&input, 4096);
    test_next();
    test_malformed();
    test_split();
    test_number();
    return 0;
}

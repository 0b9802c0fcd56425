/*
 * der.c: a strict reader of DER (X.690, section 10.1).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "der.h"

#define TAG_CONTINUES 0x1f /* low bits of a tag of more than one byte */
#define LENGTH_LONG 0x80
#define LENGTH_BYTES 4

/* Take a length from the front of *rest. Returns 1 or 0. */
static int take_length(kess_slice *rest, size_t *len)
{
    if (rest->len == 0) {
        return 0;
    }
    const size_t first = rest->data[0];
    if (first < LENGTH_LONG) {
        *len = first;
        rest->data += 1;
        rest->len -= 1;
        return 1;
    }
    const size_t bytes = first - LENGTH_LONG;
    if (bytes == 0 || bytes > LENGTH_BYTES || rest->len - 1 < bytes) {
        return 0;
    }
    uint32_t value = 0;
    for (size_t i = 1; i <= bytes; i++) {
        value = value << 8 | rest->data[i];
    }
    /* The shortest form: no leading zero, and no long form of a short one. */
    if (rest->data[1] == 0 || value < LENGTH_LONG) {
        return 0;
    }
    *len = value;
    rest->data += 1 + bytes;
    rest->len -= 1 + bytes;
    return 1;
}

int kess_int_der_next(kess_slice *rest, uint8_t *tag, kess_slice *content)
{
    kess_slice left = *rest;
    size_t len = 0;

    if (left.len == 0 || (left.data[0] & TAG_CONTINUES) == TAG_CONTINUES) {
        return 0;
    }
    const uint8_t first = left.data[0];
    left.data += 1;
    left.len -= 1;
    if (!take_length(&left, &len) || len > left.len) {
        return 0;
    }
    *tag = first;
    content->data = left.data;
    content->len = len;
    rest->data = left.data + len;
    rest->len = left.len - len;
    return 1;
}

int kess_int_der_split(kess_der *der, kess_slice contents)
{
    der->count = 0;
    while (contents.len > 0) {
        if (der->count == KESS_DER_CHILDREN ||
            !kess_int_der_next(&contents, &der->tags[der->count],
                               &der->contents[der->count])) {
            return 0;
        }
        der->count++;
    }
    return der->count > 0;
}

int kess_int_der_open(kess_der *der, kess_slice data)
{
    uint8_t tag = 0;
    kess_slice contents = {NULL, 0};

    return kess_int_der_next(&data, &tag, &contents) && data.len == 0 &&
           tag == KESS_DER_SEQUENCE && kess_int_der_split(der, contents);
}

int kess_int_der_starts(const kess_der *der, const char *shape, size_t count)
{
    return der->count >= count && memcmp(der->tags, shape, count) == 0;
}

int kess_int_der_is(const kess_der *der, const char *shape, size_t count)
{
    return der->count == count && kess_int_der_starts(der, shape, count);
}

int kess_int_slice_equal(kess_slice slice, const char *bytes, size_t len)
{
    return slice.len == len &&
           (len == 0 || memcmp(slice.data, bytes, len) == 0);
}

int kess_int_der_unsigned(kess_slice *magnitude, kess_slice contents)
{
    if (contents.len == 0 || (contents.data[0] & 0x80) != 0) {
        return 0;
    }
    if (contents.data[0] == 0) {
        if (contents.len > 1 && (contents.data[1] & 0x80) == 0) {
            return 0;
        }
        contents.data += 1;
        contents.len -= 1;
    }
    *magnitude = contents;
    return 1;
}

int kess_int_der_number(uint64_t *value, kess_slice contents)
{
    kess_slice magnitude = {NULL, 0};

    if (contents.len > 8 || !kess_int_der_unsigned(&magnitude, contents)) {
        return 0;
    }
    *value = 0;
    for (size_t i = 0; i < magnitude.len; i++) {
        *value = *value << 8 | magnitude.data[i];
    }
    return 1;
}

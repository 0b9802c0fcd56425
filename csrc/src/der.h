/*
 * der.h: a strict reader of DER (X.690), enough for key files.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Accepts one-byte tags and definite lengths in their shortest form, of at
 * most four bytes. It never recurses: the caller walks down.
 */
#ifndef KESS_DER_H
#define KESS_DER_H

#include "bytes.h"

#define KESS_DER_INTEGER 0x02
#define KESS_DER_BIT_STRING 0x03
#define KESS_DER_OCTET_STRING 0x04
#define KESS_DER_NULL 0x05
#define KESS_DER_OID 0x06
#define KESS_DER_SEQUENCE 0x30

/* No object in a key file that is looked into has more children. */
#define KESS_DER_CHILDREN 12

/* The children of one object, and their tags side by side (its shape). */
typedef struct kess_der {
    size_t count;
    uint8_t tags[KESS_DER_CHILDREN];
    kess_slice contents[KESS_DER_CHILDREN];
} kess_der;

/* Take one element from the front of *rest. Returns 1, or 0 where there is no
 * well-formed one; then nothing is changed. */
int kess_int_der_next(kess_slice *rest, uint8_t *tag, kess_slice *content);

/* Split contents into 1 to KESS_DER_CHILDREN children. Returns 1 or 0. */
int kess_int_der_split(kess_der *der, kess_slice contents);

/* Split data that is one SEQUENCE and nothing else. Returns 1 or 0. */
int kess_int_der_open(kess_der *der, kess_slice data);

/* 1 where the first tags are those of shape (count of them). */
int kess_int_der_starts(const kess_der *der, const char *shape, size_t count);

/* 1 where these are all its tags. */
int kess_int_der_is(const kess_der *der, const char *shape, size_t count);

/* The shape as a string literal, whose tags are never 0. */
#define KESS_DER_STARTS(der, shape) \
    kess_int_der_starts(der, shape, sizeof(shape) - 1)
#define KESS_DER_IS(der, shape) kess_int_der_is(der, shape, sizeof(shape) - 1)

/* 1 where the contents are exactly these bytes (of a string literal). */
int kess_int_slice_equal(kess_slice slice, const char *bytes, size_t len);
#define KESS_SLICE_IS(slice, bytes) \
    kess_int_slice_equal(slice, bytes, sizeof(bytes) - 1)

/* The magnitude of the contents of an INTEGER, big-endian without leading
 * zeros (empty for 0). Returns 0 for a negative or a padded one. */
int kess_int_der_unsigned(kess_slice *magnitude, kess_slice contents);

/* The same for a number of at most 63 bits. */
int kess_int_der_number(uint64_t *value, kess_slice contents);

#endif

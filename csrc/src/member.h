/*
 * member.h: where a member of an object lies in the scratch text.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A member is "name":value, without blanks, so two numbers tell where all of it
 * begins: the offset of the opening quote and the length of the name between
 * its quotes. They share 64 bits, since an object of nothing but small members
 * needs more memory for these than for its text. A name too long for its share
 * is measured where it lies.
 */
#ifndef KESS_MEMBER_H
#define KESS_MEMBER_H

#include <stddef.h>
#include <stdint.h>

#define KESS_NAME_BITS 20
#define KESS_NAME_LONG ((UINT64_C(1) << KESS_NAME_BITS) - 1)
/* The scratch text is at most six times as long, and offsets have 44 bits. */
#if SIZE_MAX / 32 < (UINT64_C(1) << 41)
#define KESS_TEXT_MAX (SIZE_MAX / 32)
#else
#define KESS_TEXT_MAX ((size_t)1 << 41)
#endif

typedef struct kess_member {
    uint64_t place;
} kess_member;

/* A member of the top level. */
typedef struct kess_entry {
    kess_member member;
    size_t end; /* of its value */
} kess_entry;

static inline kess_member kess_int_member(size_t key, size_t name_len)
{
    const uint64_t len = name_len < KESS_NAME_LONG ? name_len : KESS_NAME_LONG;
    const kess_member member = {(uint64_t)key << KESS_NAME_BITS | len};
    return member;
}

/* The offset of the opening quote of the key. */
static inline size_t kess_int_key_at(kess_member member)
{
    return (size_t)(member.place >> KESS_NAME_BITS);
}

static inline const uint8_t *kess_int_name(const uint8_t *scratch,
                                           kess_member member)
{
    return scratch + kess_int_key_at(member) + 1;
}

/* The length of the name, or KESS_NAME_LONG, where it is at least as long. */
static inline size_t kess_int_stated_len(kess_member member)
{
    return (size_t)(member.place & KESS_NAME_LONG);
}

/* The length of a name whose member does not tell it. */
size_t kess_int_measure_name(const uint8_t *name);

/* The length of the name, with its escapes. */
static inline size_t kess_int_name_len(const uint8_t *scratch,
                                       kess_member member)
{
    const size_t len = kess_int_stated_len(member);
    return len < KESS_NAME_LONG
               ? len
               : kess_int_measure_name(kess_int_name(scratch, member));
}

/* The offset of the first byte of the value. */
static inline size_t kess_int_value_at(const uint8_t *scratch,
                                       kess_member member)
{
    return kess_int_key_at(member) + kess_int_name_len(scratch, member) + 3;
}

#endif

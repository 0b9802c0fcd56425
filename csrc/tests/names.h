/*
 * names.h: the obvious order of names, against which the sorts are tested.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KESS_NAMES_H
#define KESS_NAMES_H

#include <string.h>

#include "member.h"

/* By bytes, of two names with one start the shorter first; as for qsort. */
static inline int compare_names(const uint8_t *scratch, kess_member a,
                                kess_member b)
{
    const size_t len_a = kess_int_name_len(scratch, a);
    const size_t len_b = kess_int_name_len(scratch, b);
    const int order =
        memcmp(kess_int_name(scratch, a), kess_int_name(scratch, b),
               len_a < len_b ? len_a : len_b);

    return order != 0 ? order : (len_a > len_b) - (len_a < len_b);
}

#endif

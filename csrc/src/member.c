/*
 * member.c: the length of a name that is too long for its member.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "member.h"

size_t kess_int_measure_name(const uint8_t *name)
{
    size_t len = 0;
    while (name[len] != '"') {
        len += name[len] == '\\' ? 2 : 1;
    }
    return len;
}

/*
 * scalar.h: strings and numbers of a JSON text, written anew.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KESS_SCALAR_H
#define KESS_SCALAR_H

#include "parser.h"

/* The rest of a string whose opening quote is written. */
kess_cursor kess_int_string_rest(kess_parser *p, kess_cursor c);
/* Fails where no number begins at c.at. */
kess_cursor kess_int_number(kess_parser *p, kess_cursor c);

/* c.at is at the opening quote. */
static inline kess_cursor kess_int_string(kess_parser *p, kess_cursor c)
{
    const uint8_t *const end = p->end;
    *c.out++ = '"';
    c.at++;
    while (end - c.at >= 16) {
        const uint64_t found = kess_int_copy_16(c.out, c.at);
        if (found == 0) {
            c.at += 16;
            c.out += 16;
            continue;
        }
        c.at += kess_int_first(found);
        c.out += kess_int_first(found);
        if (*c.at != '"') {
            break;
        }
        *c.out++ = '"';
        c.at++;
        return c;
    }
    return kess_int_string_rest(p, c);
}

#endif

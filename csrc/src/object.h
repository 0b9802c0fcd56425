/*
 * object.h: the end of an object: duplicate keys, and objects that are lists.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Both functions return 1, or 0 after they stored a status and a fault.
 */
#ifndef KESS_OBJECT_H
#define KESS_OBJECT_H

#include "parser.h"

/* Finish an object below the top level, whose text is written. */
int kess_int_object_end(kess_parser *p, const kess_frame *frame);
/* The entries of the top level, once the whole text is read. */
int kess_int_entries(kess_parser *p);

#endif

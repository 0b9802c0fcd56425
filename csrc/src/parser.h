/*
 * parser.h: the state of one pass over a JSON text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KESS_PARSER_H
#define KESS_PARSER_H

#include "internal.h"

/*
 * Invariant: the scratch text has room for every byte of input that is still
 * unread, plus KESS_SLACK. Copying one for one needs no check; only what grows
 * asks for room first.
 */
#define KESS_SLACK 64

typedef struct kess_parser {
    kess_document *doc;
    const uint8_t *text;
    const uint8_t *at;
    const uint8_t *end;
    uint8_t *out;
    kess_status status;
    const uint8_t *fault;
} kess_parser;

/* Every function below returns 1, or 0 after it stored a status and where the
 * fault lies in the text. */
static inline int kess_int_parse_fail(kess_parser *p, kess_status status,
                                      const uint8_t *fault)
{
    p->status = status;
    p->fault = fault;
    return 0;
}

static inline size_t kess_int_parse_used(const kess_parser *p)
{
    return (size_t)(p->out - p->doc->scratch);
}

/* ------------------------------------------------------------ json.c */

int kess_int_parse_grow(kess_parser *p, size_t need);

/* Make room for extra bytes beyond what the invariant holds. */
static inline int kess_int_parse_room(kess_parser *p, size_t extra)
{
    const size_t need =
        kess_int_parse_used(p) + (size_t)(p->end - p->at) + KESS_SLACK + extra;
    return need <= p->doc->scratch_cap || kess_int_parse_grow(p, need);
}

/* ------------------------------------------------------------ scalar.c */

/* p->at is at the opening quote. */
int kess_int_parse_string(kess_parser *p);
/* Fails where no number begins at p->at. */
int kess_int_parse_number(kess_parser *p);

/* ------------------------------------------------------------ settle.c */

/* A member whose key begins here, at p->at and in the scratch text. */
int kess_int_add_member(kess_parser *p);
int kess_int_add_fixup(kess_parser *p, kess_fixup fixup);
/* Remember where keys stand in the text. */
int kess_int_note_positions(kess_parser *p);
/* What cannot be told before the end of an object below the top level. */
int kess_int_settle_object(kess_parser *p, const kess_frame *frame);
/* The entries of the top level, once the whole text is read. */
int kess_int_settle_top_level(kess_parser *p);

#endif

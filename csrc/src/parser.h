/*
 * parser.h: the state of one pass over a JSON text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KESS_PARSER_H
#define KESS_PARSER_H

#include "internal.h"
#include "scan.h"

/*
 * Invariant: the scratch text has room for every byte of input that is still
 * unread, plus KESS_SLACK. Copying one for one needs no check; only what grows
 * asks for room first.
 */
#define KESS_SLACK 64

/* What is read next and where it is written. It is handed on by value, so
 * that both stay in registers. */
typedef struct kess_cursor {
    const uint8_t *at; /* NULL: a status and a fault are stored */
    uint8_t *out;
} kess_cursor;

typedef struct kess_parser {
    kess_document *doc;
    const uint8_t *text;
    const uint8_t *end;
    size_t used; /* of the scratch text, while object.c works on it */
    kess_status status;
    const uint8_t *fault;
} kess_parser;

/* Store a status and where the fault lies in the text; returns 0. */
static inline int kess_int_parse_fail(kess_parser *p, kess_status status,
                                      const uint8_t *fault)
{
    p->status = status;
    p->fault = fault;
    return 0;
}

static inline kess_cursor kess_int_no_cursor(void)
{
    const kess_cursor none = {NULL, NULL};
    return none;
}

static inline kess_cursor kess_int_stop(kess_parser *p, kess_status status,
                                        const uint8_t *fault)
{
    (void)kess_int_parse_fail(p, status, fault);
    return kess_int_no_cursor();
}

static inline size_t kess_int_used(const kess_parser *p, kess_cursor c)
{
    return (size_t)(c.out - p->doc->scratch);
}

/* ------------------------------------------------------------ parser.c */

/* Begin with an empty result. */
void kess_int_begin(kess_parser *p, kess_document *doc, const uint8_t *text,
                    size_t text_len);
/* Make room for need bytes. */
kess_cursor kess_int_grow(kess_parser *p, kess_cursor c, size_t need);

/* Make room for extra bytes beyond what the invariant holds. */
static inline kess_cursor kess_int_room(kess_parser *p, kess_cursor c,
                                        size_t extra)
{
    const size_t need =
        kess_int_used(p, c) + (size_t)(p->end - c.at) + KESS_SLACK + extra;
    return need <= p->doc->scratch_cap ? c : kess_int_grow(p, c, need);
}

/* These return 1, or 0 after they stored a status and a fault. */

/* Room for one more member, whose key begins at this place of the text. */
int kess_int_member_room(kess_parser *p, const uint8_t *at);
int kess_int_add_fixup(kess_parser *p, kess_fixup fixup);
/* Remember where keys stand in the text. */
int kess_int_note_positions(kess_parser *p);

#endif

/*
 * json.c: one pass over the text, writing it anew as it is read.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The grammar is RFC 8259 as PHP's json_decode reads it: strict, at most
 * max_depth open containers, no recursion. What is not known while writing (a
 * list made of an object, a duplicate key, an infinite number that may yet be
 * replaced) is noted as a fixup of the scratch text.
 */
#include "object.h"
#include "scalar.h"

/* ------------------------------------------------------------ grammar */

static kess_cursor literal(kess_parser *p, kess_cursor c, const char *word)
{
    for (; *word != '\0'; word++) {
        if (c.at == p->end || *c.at != (uint8_t)*word) {
            return kess_int_stop(p, KESS_ERR_SYNTAX, c.at);
        }
        *c.out++ = *c.at++;
    }
    return c;
}

static inline int is_space(uint8_t c)
{
    return c <= ' ' && (c == ' ' || c == '\n' || c == '\r' || c == '\t');
}

/* The next byte, or at the end of the text a NUL, which begins no token. */
static inline uint8_t peek(const kess_parser *p, kess_cursor c)
{
    return c.at < p->end ? *c.at : 0;
}

static inline kess_cursor skip_space(const kess_parser *p, kess_cursor c)
{
    while (is_space(peek(p, c))) {
        c.at++;
    }
    return c;
}

static inline int is_bracket(uint8_t c)
{
    return c == '{' || c == '[';
}

/* Whether the innermost container ends here. */
static inline int closes(const kess_parser *p, kess_cursor c)
{
    const kess_document *doc = p->doc;
    return peek(p, c) ==
           (doc->frames[doc->depth - 1].is_object ? '}' : ']');
}

static kess_cursor open_container(kess_parser *p, kess_cursor c)
{
    kess_document *doc = p->doc;
    if (doc->depth == doc->max_depth) {
        return kess_int_stop(p, KESS_ERR_DEPTH, c.at);
    }
    kess_frame *frame = &doc->frames[doc->depth++];
    frame->start = kess_int_used(p, c);
    frame->first = doc->member_count;
    frame->fixups = doc->fixup_count;
    frame->is_moved = 0;
    frame->is_object = *c.at == '{';
    *c.out++ = *c.at++;
    return skip_space(p, c);
}

static kess_cursor close_container(kess_parser *p, kess_cursor c)
{
    kess_document *doc = p->doc;
    const kess_frame *frame = &doc->frames[doc->depth - 1];
    *c.out++ = *c.at++;
    doc->depth--;
    if (!frame->is_object || doc->depth == 0) {
        return c;
    }
    p->used = kess_int_used(p, c);
    if (!kess_int_object_end(p, frame)) {
        return kess_int_no_cursor();
    }
    c.out = doc->scratch + p->used;
    doc->member_count = frame->first;
    return c;
}

/* A key and its colon, if a value needs them here. */
static inline kess_cursor key(kess_parser *p, kess_cursor c)
{
    kess_document *doc = p->doc;
    if (doc->depth == 0 || !doc->frames[doc->depth - 1].is_object) {
        return c;
    }
    if (peek(p, c) != '"') {
        return kess_int_stop(p, KESS_ERR_SYNTAX, c.at);
    }
    if (doc->member_count >= doc->member_limit &&
        !kess_int_member_room(p, c.at)) {
        return kess_int_no_cursor();
    }
    const size_t start = kess_int_used(p, c);
    c = kess_int_string(p, c);
    if (c.at == NULL) {
        return c;
    }
    doc->members[doc->member_count++] =
        kess_int_member(start, kess_int_used(p, c) - start - 2);
    if (peek(p, c) != ':') {
        c = skip_space(p, c);
    }
    if (peek(p, c) != ':') {
        return kess_int_stop(p, KESS_ERR_SYNTAX, c.at);
    }
    *c.out++ = ':';
    c.at++;
    return skip_space(p, c);
}

static inline int is_number(uint8_t c)
{
    return c == '-' || (c >= '0' && c <= '9');
}

/* A value that is no container. */
static inline kess_cursor scalar(kess_parser *p, kess_cursor c)
{
    const uint8_t first = peek(p, c);
    if (first == '"') {
        return kess_int_string(p, c);
    }
    switch (first) {
    case 't':
        return literal(p, c, "true");
    case 'f':
        return literal(p, c, "false");
    case 'n':
        return literal(p, c, "null");
    default:
        return is_number(first) ? kess_int_number(p, c)
                                : kess_int_stop(p, KESS_ERR_SYNTAX, c.at);
    }
}

/* Behind a value: close containers up to a comma, or the end of the text. */
static inline kess_cursor end_value(kess_parser *p, kess_cursor c)
{
    kess_document *doc = p->doc;
    while (doc->depth > 0) {
        if (peek(p, c) != ',') {
            c = skip_space(p, c);
        }
        if (peek(p, c) == ',') {
            *c.out++ = ',';
            c.at++;
            return skip_space(p, c);
        }
        if (!closes(p, c)) {
            return kess_int_stop(p, KESS_ERR_SYNTAX, c.at);
        }
        c = close_container(p, c);
        if (c.at == NULL) {
            return c;
        }
    }
    c = skip_space(p, c);
    return c.at == p->end ? c : kess_int_stop(p, KESS_ERR_SYNTAX, c.at);
}

/* Every value and all that is around it. */
static kess_cursor values(kess_parser *p, kess_cursor c)
{
    do {
        c = key(p, c);
        if (c.at == NULL) {
            return c;
        }
        if (!is_bracket(peek(p, c))) {
            c = scalar(p, c);
        } else {
            c = open_container(p, c);
            if (c.at != NULL && !closes(p, c)) {
                continue;
            }
        }
        if (c.at != NULL) {
            c = end_value(p, c);
        }
    } while (c.at != NULL && p->doc->depth > 0);
    return c;
}

static int whole_text(kess_parser *p)
{
    kess_document *doc = p->doc;
    kess_cursor c = {p->text, doc->scratch};
    c = kess_int_room(p, c, 0);
    if (c.at == NULL) {
        return 0;
    }
    c = skip_space(p, c);
    const uint8_t first = peek(p, c);
    const uint8_t *start = c.at;
    c = values(p, c);
    if (c.at == NULL) {
        return 0;
    }
    if (!is_bracket(first)) {
        return kess_int_parse_fail(p, KESS_ERR_TOP_LEVEL, start);
    }
    doc->is_object = first == '{';
    doc->scratch_len = kess_int_used(p, c);
    return 1;
}

/* ------------------------------------------------------------ documents */

static kess_status parse(kess_document *doc, const uint8_t *text,
                         size_t text_len, int locate, kess_error *err)
{
    kess_parser p;
    kess_int_begin(&p, doc, text, text_len);
    doc->locate = locate;
    doc->member_limit = locate ? 0 : KESS_SMALL_MEMBERS;
    if ((locate && !kess_int_note_positions(&p)) || !whole_text(&p) ||
        !kess_int_entries(&p)) {
        return kess_int_fail(err, p.status, (uint64_t)(p.fault - text));
    }
    kess_int_sort_fixups(doc->fixups, doc->fixup_count);
    return kess_int_ok(err);
}

kess_status kess_int_parse(kess_document *doc, const uint8_t *text,
                           size_t text_len, kess_error *err)
{
    static const uint8_t nothing[1] = {0};
    kess_parser p;
    if (text_len == 0) {
        text = nothing;
    }
    /* Far above what any machine can hold; sums of lengths cannot wrap. */
    if (text_len > KESS_TEXT_MAX) {
        kess_int_begin(&p, doc, nothing, 0);
        return kess_int_fail(err, KESS_ERR_LENGTH, 0);
    }
    kess_status status = parse(doc, text, text_len, 0, err);
    if (status == KESS_OK && doc->strict && doc->has_duplicate) {
        /* Only now is it worth knowing where. */
        kess_int_release(doc);
        status = parse(doc, text, text_len, 1, err);
    }
    return status;
}

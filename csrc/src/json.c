/*
 * json.c: one pass over the text, writing it anew as it is read.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The grammar is RFC 8259 as PHP's json_decode reads it: strict, at most
 * max_depth open containers, no recursion. What cannot be settled while
 * writing (a list made of an object, a duplicate key, an infinite number that
 * may yet be replaced) is noted as a fixup of the scratch text.
 */
#include <stdlib.h>
#include <string.h>

#include "parser.h"

int kess_int_parse_grow(kess_parser *p, size_t need)
{
    kess_document *doc = p->doc;
    const size_t len = kess_int_parse_used(p);
    size_t cap = doc->scratch_cap + doc->scratch_cap / 2;
    if (cap < need) {
        cap = need;
    }
    uint8_t *old = doc->scratch == doc->small_scratch ? NULL : doc->scratch;
    uint8_t *data = KESS_REALLOC(old, cap);
    if (data == NULL) {
        return kess_int_parse_fail(p, KESS_ERR_MEMORY, p->text);
    }
    if (old == NULL) {
        memcpy(data, doc->small_scratch, len);
    }
    doc->scratch = data;
    doc->scratch_cap = cap;
    p->out = data + len;
    return 1;
}

/* ------------------------------------------------------------ grammar */

static int literal(kess_parser *p, const char *word)
{
    for (; *word != '\0'; word++) {
        if (p->at == p->end || *p->at != (uint8_t)*word) {
            return kess_int_parse_fail(p, KESS_ERR_SYNTAX, p->at);
        }
        *p->out++ = *p->at++;
    }
    return 1;
}

static void skip_space(kess_parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\n' ||
                              *p->at == '\r' || *p->at == '\t')) {
        p->at++;
    }
}

static int open_container(kess_parser *p)
{
    kess_document *doc = p->doc;
    if (doc->depth == doc->max_depth) {
        return kess_int_parse_fail(p, KESS_ERR_DEPTH, p->at);
    }
    kess_frame *frame = &doc->frames[doc->depth++];
    frame->start = kess_int_parse_used(p);
    frame->first = doc->member_count;
    frame->fixups = doc->fixup_count;
    frame->is_moved = 0;
    frame->is_object = *p->at == '{';
    *p->out++ = *p->at++;
    return 1;
}

static int close_container(kess_parser *p)
{
    kess_document *doc = p->doc;
    const kess_frame *frame = &doc->frames[doc->depth - 1];
    *p->out++ = *p->at++;
    doc->depth--;
    if (!frame->is_object || doc->depth == 0) {
        return 1;
    }
    const int done = kess_int_settle_object(p, frame);
    doc->member_count = frame->first;
    return done;
}

static int key(kess_parser *p)
{
    kess_document *doc = p->doc;
    if (p->at == p->end || *p->at != '"') {
        return kess_int_parse_fail(p, KESS_ERR_SYNTAX, p->at);
    }
    if (!kess_int_add_member(p) || !kess_int_parse_string(p)) {
        return 0;
    }
    skip_space(p);
    if (p->at == p->end || *p->at != ':') {
        return kess_int_parse_fail(p, KESS_ERR_SYNTAX, p->at);
    }
    *p->out++ = *p->at++;
    doc->members[doc->member_count - 1].value = kess_int_parse_used(p);
    skip_space(p);
    return 1;
}

/* Open containers up to the first value that is none, or that is empty. */
static int begin_value(kess_parser *p)
{
    for (;;) {
        if (p->at == p->end) {
            return kess_int_parse_fail(p, KESS_ERR_SYNTAX, p->at);
        }
        const int is_object = *p->at == '{';
        if (!is_object && *p->at != '[') {
            break;
        }
        if (!open_container(p)) {
            return 0;
        }
        skip_space(p);
        if (p->at < p->end && *p->at == (is_object ? '}' : ']')) {
            return close_container(p);
        }
        if (is_object && !key(p)) {
            return 0;
        }
    }
    switch (*p->at) {
    case '"':
        return kess_int_parse_string(p);
    case 't':
        return literal(p, "true");
    case 'f':
        return literal(p, "false");
    case 'n':
        return literal(p, "null");
    default:
        return kess_int_parse_number(p);
    }
}

/* Behind a value: close containers up to a comma, or the end of the text. */
static int end_value(kess_parser *p)
{
    kess_document *doc = p->doc;
    for (;;) {
        skip_space(p);
        if (doc->depth == 0) {
            return p->at == p->end ||
                   kess_int_parse_fail(p, KESS_ERR_SYNTAX, p->at);
        }
        const int is_object = doc->frames[doc->depth - 1].is_object;
        if (p->at == p->end) {
            return kess_int_parse_fail(p, KESS_ERR_SYNTAX, p->at);
        }
        if (*p->at == (is_object ? '}' : ']')) {
            if (!close_container(p)) {
                return 0;
            }
            continue;
        }
        if (*p->at != ',') {
            return kess_int_parse_fail(p, KESS_ERR_SYNTAX, p->at);
        }
        *p->out++ = *p->at++;
        skip_space(p);
        return !is_object || key(p);
    }
}

static int whole_text(kess_parser *p)
{
    kess_document *doc = p->doc;
    skip_space(p);
    const uint8_t *start = p->at;
    do {
        if (!begin_value(p) || !end_value(p)) {
            return 0;
        }
    } while (doc->depth > 0);
    if (*start != '{' && *start != '[') {
        return kess_int_parse_fail(p, KESS_ERR_TOP_LEVEL, start);
    }
    doc->is_object = *start == '{';
    return 1;
}

/* ------------------------------------------------------------ documents */

static void begin(kess_parser *p, kess_document *doc, const uint8_t *text,
                  size_t text_len)
{
    doc->is_object = 0;
    doc->has_duplicate = 0;
    doc->duplicate = UINT64_MAX;
    doc->scratch = doc->small_scratch;
    doc->scratch_cap = sizeof doc->small_scratch;
    doc->scratch_len = 0;
    doc->entries = doc->small_entries;
    doc->entry_count = 0;
    doc->members = doc->small_members;
    doc->member_count = 0;
    doc->member_cap = KESS_SMALL_MEMBERS;
    doc->positions = NULL;
    doc->fixups = NULL;
    doc->fixup_count = 0;
    doc->fixup_cap = 0;
    doc->depth = 0;
    p->doc = doc;
    p->text = text;
    p->at = text;
    p->end = text + text_len;
    p->out = doc->scratch;
    p->status = KESS_OK;
    p->fault = text;
}

void kess_int_release(kess_document *doc)
{
    if (doc->scratch != doc->small_scratch) {
        KESS_FREE(doc->scratch);
    }
    if (doc->members != doc->small_members) {
        KESS_FREE(doc->members);
    }
    if (doc->entries != doc->small_entries) {
        KESS_FREE(doc->entries);
    }
    KESS_FREE(doc->positions);
    KESS_FREE(doc->fixups);
}

static kess_status parse(kess_document *doc, const uint8_t *text,
                         size_t text_len, int locate, kess_error *err)
{
    kess_parser p;
    begin(&p, doc, text, text_len);
    doc->locate = locate;
    int done = kess_int_parse_room(&p, 0) &&
               (!locate || kess_int_note_positions(&p)) && whole_text(&p);
    if (done) {
        doc->scratch_len = kess_int_parse_used(&p);
        done = kess_int_settle_top_level(&p);
    }
    if (!done) {
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
    if (text_len > SIZE_MAX / 32) {
        begin(&p, doc, nothing, 0);
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

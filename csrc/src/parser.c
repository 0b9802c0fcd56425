/*
 * parser.c: the memory of one pass over a JSON text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "parser.h"

/* ------------------------------------------------------------ begin, end */

void kess_int_begin(kess_parser *p, kess_document *doc, const uint8_t *text,
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
    p->end = text + text_len;
    p->used = 0;
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

/* ------------------------------------------------------------ room */

kess_cursor kess_int_grow(kess_parser *p, kess_cursor c, size_t need)
{
    kess_document *doc = p->doc;
    const size_t len = kess_int_used(p, c);
    size_t cap = doc->scratch_cap + doc->scratch_cap / 2;
    if (cap < need) {
        cap = need;
    }
    uint8_t *old = doc->scratch == doc->small_scratch ? NULL : doc->scratch;
    uint8_t *data = KESS_REALLOC(old, cap);
    if (data == NULL) {
        return kess_int_stop(p, KESS_ERR_MEMORY, p->text);
    }
    if (old == NULL) {
        memcpy(data, doc->small_scratch, len);
    }
    doc->scratch = data;
    doc->scratch_cap = cap;
    c.out = data + len;
    return c;
}

static int grow_members(kess_parser *p)
{
    kess_document *doc = p->doc;
    const size_t cap = doc->member_cap * 2;
    kess_member *old =
        doc->members == doc->small_members ? NULL : doc->members;
    kess_member *members = KESS_REALLOC(old, cap * sizeof *members);
    if (members == NULL) {
        return kess_int_parse_fail(p, KESS_ERR_MEMORY, p->text);
    }
    if (old == NULL) {
        memcpy(members, doc->small_members, sizeof doc->small_members);
    }
    doc->members = members;
    doc->member_cap = cap;
    doc->member_limit = doc->locate ? 0 : cap;
    return 1;
}

int kess_int_note_positions(kess_parser *p)
{
    kess_document *doc = p->doc;
    uint64_t *positions =
        KESS_REALLOC(doc->positions, doc->member_cap * sizeof *positions);
    if (positions == NULL) {
        return kess_int_parse_fail(p, KESS_ERR_MEMORY, p->text);
    }
    doc->positions = positions;
    return 1;
}

int kess_int_member_room(kess_parser *p, const uint8_t *at)
{
    kess_document *doc = p->doc;
    if (doc->member_count == doc->member_cap) {
        if (!grow_members(p) || (doc->locate && !kess_int_note_positions(p))) {
            return 0;
        }
    }
    if (doc->locate) {
        doc->positions[doc->member_count] = (uint64_t)(at - p->text);
    }
    return 1;
}

int kess_int_add_fixup(kess_parser *p, kess_fixup fixup)
{
    kess_document *doc = p->doc;
    if (doc->fixup_count == doc->fixup_cap) {
        const size_t cap = doc->fixup_cap == 0 ? 16 : doc->fixup_cap * 2;
        kess_fixup *fixups = KESS_REALLOC(doc->fixups, cap * sizeof *fixups);
        if (fixups == NULL) {
            return kess_int_parse_fail(p, KESS_ERR_MEMORY, p->text);
        }
        doc->fixups = fixups;
        doc->fixup_cap = cap;
    }
    doc->fixups[doc->fixup_count++] = fixup;
    return 1;
}

/*
 * object.c: the end of an object: duplicate keys, and objects that are lists.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Of a key that occurs twice the first occurrence fixes the place and the last
 * one the value. Keys 0, 1, 2 ... in this order make a list. Both are known
 * only at the end of the object, when its text is already written.
 */
#include <stdlib.h>
#include <string.h>

#include "object.h"

/* ------------------------------------------------------------ lists */

/* The end of the value of member i; the object ends at close. */
static size_t member_end(const kess_document *doc, size_t i, size_t close)
{
    /* Between two members stands a comma. */
    return i + 1 < doc->member_count ? kess_int_key_at(doc->members[i + 1]) - 1
                                     : close;
}

/* Count up a decimal text of up to 20 digits. */
typedef struct counter {
    char digits[20];
    size_t len;
} counter;

static void count_up(counter *c)
{
    size_t i = c->len;
    while (i > 0 && c->digits[i - 1] == '9') {
        c->digits[--i] = '0';
    }
    if (i > 0) {
        c->digits[i - 1]++;
        return;
    }
    memmove(c->digits + 1, c->digits, c->len);
    c->digits[0] = '1';
    c->len++;
}

static int name_is(const kess_document *doc, kess_member member,
                   const counter *c)
{
    return kess_int_name_len(doc->scratch, member) == c->len &&
           memcmp(kess_int_name(doc->scratch, member), c->digits, c->len) == 0;
}

/* Whether the keys are 0, 1, 2 ... in this order. last may be NULL. */
static int keys_count_up(const kess_document *doc, size_t first,
                         const uint32_t *last)
{
    counter c = {"0", 1};
    /* Nearly always the first key decides; it is never dropped. */
    if (first < doc->member_count &&
        *kess_int_name(doc->scratch, doc->members[first]) != '0') {
        return 0;
    }
    for (size_t i = first; i < doc->member_count; i++) {
        if (last != NULL && last[i - first] == KESS_DROPPED) {
            continue;
        }
        if (!name_is(doc, doc->members[i], &c)) {
            return 0;
        }
        count_up(&c);
    }
    return 1;
}

static int skip_range(kess_parser *p, size_t begin, size_t end)
{
    kess_document *doc = p->doc;
    const kess_fixup fixup = {begin, end, 0, 0};
    if (doc->fixup_count > 0) {
        kess_fixup *before = &doc->fixups[doc->fixup_count - 1];
        if (before->end == begin && before->source_end == 0) {
            before->end = end;
            return 1;
        }
    }
    return kess_int_add_fixup(p, fixup);
}

/* Close up the values of a list where nothing in it was moved before: no byte
 * is ever moved twice, whatever the nesting. */
static void close_up(kess_parser *p, const kess_frame *frame)
{
    kess_document *doc = p->doc;
    const size_t close = p->used - 1;
    size_t to = frame->start + 1;
    for (size_t i = frame->first; i < doc->member_count; i++) {
        const size_t from = kess_int_value_at(doc->scratch, doc->members[i]);
        const size_t end = member_end(doc, i, close);
        if (i > frame->first) {
            doc->scratch[to++] = ',';
        }
        memmove(doc->scratch + to, doc->scratch + from, end - from);
        to += end - from;
    }
    doc->scratch[to] = ']';
    p->used = to + 1;
    for (size_t i = 0; i <= doc->depth; i++) {
        doc->frames[i].is_moved = 1;
    }
}

static int skip_keys(kess_parser *p, const kess_frame *frame,
                     const uint32_t *last)
{
    kess_document *doc = p->doc;
    for (size_t i = frame->first; i < doc->member_count; i++) {
        const kess_member member = doc->members[i];
        if (last != NULL && last[i - frame->first] == KESS_DROPPED) {
            continue;
        }
        if (!skip_range(p, kess_int_key_at(member),
                        kess_int_value_at(doc->scratch, member))) {
            return 0;
        }
    }
    doc->scratch[p->used - 1] = ']';
    return 1;
}

/* Write [1,2] for {"0":1,"1":2}. */
static int make_list(kess_parser *p, const kess_frame *frame,
                     const uint32_t *last)
{
    kess_document *doc = p->doc;
    doc->scratch[frame->start] = '[';
    if (last == NULL && !frame->is_moved &&
        frame->fixups == doc->fixup_count) {
        close_up(p, frame);
        return 1;
    }
    return skip_keys(p, frame, last);
}

/* The first occurrence of a key fixes the position, the last one the value. */
static int merge_members(kess_parser *p, const kess_frame *frame,
                         const uint32_t *last)
{
    kess_document *doc = p->doc;
    const size_t close = p->used - 1;
    for (size_t i = frame->first; i < doc->member_count; i++) {
        const size_t source = last[i - frame->first] + frame->first;
        const kess_member member = doc->members[i];
        const size_t end = member_end(doc, i, close);
        if (last[i - frame->first] == KESS_DROPPED) {
            /* With the comma: a first member is never dropped. */
            if (!skip_range(p, kess_int_key_at(member) - 1, end)) {
                return 0;
            }
        } else if (source != i) {
            const kess_fixup replace = {
                kess_int_value_at(doc->scratch, member),
                end,
                kess_int_value_at(doc->scratch, doc->members[source]),
                member_end(doc, source, close),
            };
            if (!kess_int_add_fixup(p, replace)) {
                return 0;
            }
        }
    }
    return 1;
}

static void note_duplicates(kess_document *doc, size_t first,
                            const uint32_t *last)
{
    for (size_t i = first; i < doc->member_count; i++) {
        if (last[i - first] == KESS_DROPPED) {
            if (doc->positions[i] < doc->duplicate) {
                doc->duplicate = doc->positions[i];
            }
            return;
        }
    }
}

static int merge_object(kess_parser *p, const kess_frame *frame,
                        const uint32_t *last)
{
    kess_document *doc = p->doc;
    if (doc->locate) {
        note_duplicates(doc, frame->first, last);
        return 1;
    }
    if (doc->strict) {
        return 1;
    }
    return merge_members(p, frame, last) &&
           (!keys_count_up(doc, frame->first, last) ||
            make_list(p, frame, last));
}

int kess_int_object_end(kess_parser *p, const kess_frame *frame)
{
    kess_document *doc = p->doc;
    uint32_t *last;
    const kess_status status =
        kess_int_find_equal(doc->scratch, doc->members + frame->first,
                            doc->member_count - frame->first, &last);
    if (status != KESS_OK) {
        return kess_int_parse_fail(p, status, p->text);
    }
    if (last == NULL) {
        return !keys_count_up(doc, frame->first, NULL) ||
               make_list(p, frame, NULL);
    }
    doc->has_duplicate = 1;
    const int done = merge_object(p, frame, last);
    KESS_FREE(last);
    return done;
}

/* ------------------------------------------------------------ top level */

/* The entries of the top level; last is NULL where no key occurs twice. */
static void fill_entries(kess_document *doc, const uint32_t *last)
{
    const size_t close = doc->scratch_len - 1;
    size_t count = 0;
    for (size_t i = 0; i < doc->member_count; i++) {
        const size_t from = last == NULL ? i : last[i];
        if (from == KESS_DROPPED) {
            continue;
        }
        doc->entries[count].member = doc->members[from];
        doc->entries[count++].end = member_end(doc, from, close);
    }
    doc->entry_count = count;
}

static int make_entries(kess_parser *p)
{
    kess_document *doc = p->doc;
    uint32_t *last;
    const kess_status status = kess_int_find_equal(doc->scratch, doc->members,
                                                   doc->member_count, &last);
    if (status != KESS_OK) {
        return kess_int_parse_fail(p, status, p->text);
    }
    if (last != NULL) {
        doc->has_duplicate = 1;
        if (doc->locate) {
            note_duplicates(doc, 0, last);
        }
    }
    fill_entries(doc, last);
    KESS_FREE(last);
    /* Sorting needs memory too. */
    if (doc->members != doc->small_members) {
        KESS_FREE(doc->members);
        doc->members = doc->small_members;
    }
    return 1;
}

int kess_int_entries(kess_parser *p)
{
    kess_document *doc = p->doc;
    if (!doc->is_object) {
        return 1;
    }
    if (doc->member_count > KESS_SMALL_ENTRIES) {
        if (doc->member_count > SIZE_MAX / sizeof *doc->entries) {
            return kess_int_parse_fail(p, KESS_ERR_LENGTH, p->text);
        }
        doc->entries = KESS_MALLOC(doc->member_count * sizeof *doc->entries);
        if (doc->entries == NULL) {
            return kess_int_parse_fail(p, KESS_ERR_MEMORY, p->text);
        }
    }
    return make_entries(p);
}

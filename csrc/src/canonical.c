/*
 * canonical.c: a parsed document in canonical order.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

kess_status kess_int_options(const kess_options *options, uint32_t *profile,
                             size_t *max_depth, size_t default_depth,
                             size_t most, kess_error *err)
{
    const uint32_t both_ksorts =
        KESS_PROFILE_KSORT_PHP_8_0 | KESS_PROFILE_KSORT_PHP_7;
    const uint32_t both_precisions = KESS_PROFILE_PRECISE;
    *profile = 0;
    *max_depth = default_depth;
    if (options == NULL) {
        return KESS_OK;
    }
    if ((options->profile & ~KESS_PROFILE_ALL) != 0 ||
        (options->profile & both_ksorts) == both_ksorts ||
        (options->profile & both_precisions) == both_precisions ||
        options->max_depth > most) {
        return kess_int_fail(err, KESS_ERR_ARGUMENT, 0);
    }
    *profile = options->profile;
    if (options->max_depth != 0) {
        *max_depth = options->max_depth;
    }
    return KESS_OK;
}

static int is_removed(const kess_document *doc, const kess_entry *entry)
{
    return kess_int_is_named(doc, entry, "sign") ||
           kess_int_is_named(doc, entry, "sign_type");
}

/* Whether the sorted keys are 0, 1, 2 ... */
static int is_list(const kess_document *doc)
{
    for (size_t i = 0; i < doc->entry_count; i++) {
        const kess_member member = doc->entries[i].member;
        int64_t value;
        if (!kess_int_integer_key(kess_int_name(doc->scratch, member),
                                  kess_int_name_len(doc->scratch, member),
                                  &value) ||
            value < 0 || (uint64_t)value != i) {
            return 0;
        }
    }
    return 1;
}

kess_status kess_int_arrange(kess_document *doc, kess_error *err)
{
    size_t kept = 0;
    const kess_status status = kess_int_ksort(doc->entries, doc->entry_count,
                                              doc->scratch, doc->profile);
    if (status != KESS_OK) {
        return kess_int_fail(err, status, 0);
    }
    for (size_t i = 0; i < doc->entry_count; i++) {
        if (!is_removed(doc, &doc->entries[i])) {
            doc->entries[kept++] = doc->entries[i];
        }
    }
    doc->entry_count = kept;
    doc->is_list = is_list(doc);
    return KESS_OK;
}

static size_t put(uint8_t *out, size_t len, uint8_t c)
{
    if (out != NULL) {
        out[len] = c;
    }
    return len + 1;
}

static uint8_t *behind(uint8_t *out, size_t len)
{
    return out != NULL ? out + len : NULL;
}

/* What is written of an entry begins here: at its key, or in a list at its
 * value. */
static size_t begin_of(const kess_document *doc, const kess_entry *entry)
{
    return doc->is_list ? kess_int_value_at(doc->scratch, entry->member)
                        : kess_int_key_at(entry->member);
}

/* Write an object that needs a repair (out may be NULL); returns its length. */
static size_t write_repaired(const kess_document *doc, uint8_t *out,
                             uint64_t *infinite)
{
    const int list = doc->is_list;
    size_t len = put(out, 0, list ? '[' : '{');
    for (size_t i = 0; i < doc->entry_count; i++) {
        const kess_entry *entry = &doc->entries[i];
        if (i > 0) {
            len = put(out, len, ',');
        }
        len += kess_int_repair(doc, behind(out, len), begin_of(doc, entry),
                               entry->end, infinite);
    }
    return put(out, len, list ? ']' : '}');
}

/* The length of an object that needs no repair. */
static size_t plain_len(const kess_document *doc)
{
    size_t len = doc->entry_count > 0 ? 1 : 2;
    for (size_t i = 0; i < doc->entry_count; i++) {
        const kess_entry *entry = &doc->entries[i];
        len += entry->end - begin_of(doc, entry) + 1;
    }
    return len;
}

/* Write an object that needs no repair. */
static void write_plain(const kess_document *doc, uint8_t *out)
{
    *out++ = doc->is_list ? '[' : '{';
    for (size_t i = 0; i < doc->entry_count; i++) {
        const kess_entry *entry = &doc->entries[i];
        const size_t begin = begin_of(doc, entry);
        if (i > 0) {
            *out++ = ',';
        }
        memcpy(out, doc->scratch + begin, entry->end - begin);
        out += entry->end - begin;
    }
    *out = doc->is_list ? ']' : '}';
}

kess_status kess_int_measure(const kess_document *doc, size_t *len,
                             kess_error *err)
{
    uint64_t infinite = UINT64_MAX;
    if (!doc->is_object) {
        *len = kess_int_repair(doc, NULL, 0, doc->scratch_len, &infinite);
    } else if (doc->fixup_count == 0) {
        *len = plain_len(doc);
    } else {
        *len = write_repaired(doc, NULL, &infinite);
    }
    if (infinite != UINT64_MAX) {
        return kess_int_fail(err, KESS_ERR_INFINITE, infinite);
    }
    return KESS_OK;
}

void kess_int_emit(const kess_document *doc, uint8_t *out)
{
    uint64_t infinite = UINT64_MAX;
    if (!doc->is_object) {
        (void)kess_int_repair(doc, out, 0, doc->scratch_len, &infinite);
    } else if (doc->fixup_count == 0) {
        write_plain(doc, out);
    } else {
        (void)write_repaired(doc, out, &infinite);
    }
}

kess_status kess_int_text_of(kess_text *out, const kess_document *doc,
                             kess_error *err)
{
    size_t len;
    kess_status status;
    out->data = out->small_data;
    out->len = 0;
    status = kess_int_measure(doc, &len, err);
    if (status != KESS_OK) {
        return status;
    }
    if (len > sizeof out->small_data) {
        out->data = KESS_MALLOC(len);
        if (out->data == NULL) {
            out->data = out->small_data;
            return kess_int_fail(err, KESS_ERR_MEMORY, 0);
        }
    }
    out->len = len;
    kess_int_emit(doc, out->data);
    return KESS_OK;
}

void kess_int_text_release(kess_text *text)
{
    if (text->data != text->small_data) {
        KESS_FREE(text->data);
    }
}

kess_status kess_int_canonical(kess_text *out, const uint8_t *text,
                               size_t text_len, uint32_t profile,
                               size_t max_depth, kess_check *check,
                               kess_error *err)
{
    kess_document doc;
    kess_status status;
    out->data = out->small_data;
    out->len = 0;
    doc.profile = profile;
    doc.max_depth = max_depth;
    doc.strict = 0;
    status = kess_int_parse(&doc, text, text_len, err);
    if (status == KESS_OK && check != NULL) {
        status = check(&doc, err);
    }
    if (status == KESS_OK) {
        status = kess_int_arrange(&doc, err);
    }
    if (status == KESS_OK) {
        status = kess_int_text_of(out, &doc, err);
    }
    kess_int_release(&doc);
    return status;
}

kess_status kess_canonicalize(uint8_t *out, size_t *out_len,
                              const uint8_t *text, size_t text_len,
                              const kess_options *options, kess_error *err)
{
    kess_document doc;
    kess_status status;
    size_t len = 0;
    if (out_len == NULL || (out == NULL && *out_len > 0) ||
        (text == NULL && text_len > 0)) {
        return kess_int_fail(err, KESS_ERR_ARGUMENT, 0);
    }
    status = kess_int_options(options, &doc.profile, &doc.max_depth,
                              KESS_DEPTH_DECODE, KESS_DEPTH_ENCODE, err);
    if (status != KESS_OK) {
        return status;
    }
    doc.strict = 0;
    status = kess_int_parse(&doc, text, text_len, err);
    if (status == KESS_OK) {
        status = kess_int_arrange(&doc, err);
    }
    if (status == KESS_OK) {
        status = kess_int_measure(&doc, &len, err);
    }
    if (status == KESS_OK && len > *out_len) {
        *out_len = len;
        status = kess_int_fail(err, KESS_ERR_BUFFER, 0);
    } else if (status == KESS_OK) {
        kess_int_emit(&doc, out);
        *out_len = len;
    }
    kess_int_release(&doc);
    return status;
}

/* The worst growth is "0.1," (4 bytes) under serialize_precision 17, which
 * becomes "0.10000000000000001,": fivefold. */
#define GROWTH 6
/* Under 100 it is "9e99," (5 bytes), which becomes 100 digits, ".0" and the
 * comma: less than 21-fold. */
#define GROWTH_100 21

static size_t bound(size_t text_len, size_t growth)
{
    if (text_len > (SIZE_MAX - 64) / growth) {
        return SIZE_MAX;
    }
    return text_len * growth + 64;
}

size_t kess_canonical_bound(size_t text_len)
{
    return bound(text_len, GROWTH);
}

size_t kess_canonical_bound_for(size_t text_len, const kess_options *options)
{
    const int is_long = options != NULL &&
                        (options->profile & KESS_PROFILE_PRECISION_100) != 0;
    return bound(text_len, is_long ? GROWTH_100 : GROWTH);
}

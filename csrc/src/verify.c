/*
 * verify.c: verify whole documents.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "internal.h"

/* ------------------------------------------------------------ guard */

static const kess_entry *find_entry(const kess_document *doc, const char *name)
{
    for (size_t i = 0; i < doc->entry_count; i++) {
        if (kess_int_is_named(doc, &doc->entries[i], name)) {
            return &doc->entries[i];
        }
    }
    return NULL;
}

/* Undo "\/" in place; another escape stays, and is no base64. */
static size_t unescape_slashes(uint8_t *text, size_t len)
{
    const uint8_t *const end = text + len;
    const uint8_t *at = text;
    uint8_t *to = text;
    for (;;) {
        const uint8_t *slash = memchr(at, '\\', (size_t)(end - at));
        const size_t plain = (size_t)((slash != NULL ? slash : end) - at);
        memmove(to, at, plain);
        to += plain;
        if (slash == NULL) {
            return (size_t)(to - text);
        }
        /* A string of JSON never ends with a backslash. */
        if (slash[1] != '/') {
            *to++ = '\\';
        }
        *to++ = slash[1];
        at = slash + 2;
    }
}

/* Decode "sign" in the document: *len bytes of signature. */
static kess_status decode_sign(const kess_key *key, const kess_document *doc,
                               uint8_t *signature, size_t *len)
{
    const kess_entry *type = find_entry(doc, "sign_type");
    const kess_entry *sign = find_entry(doc, "sign");
    if (type != NULL && !kess_int_says_rsa2(doc, type)) {
        return KESS_ERR_SIGN_TYPE;
    }
    if (sign == NULL) {
        return KESS_ERR_SIGN_MISSING;
    }
    const size_t start = kess_int_value_at(doc->scratch, sign->member);
    uint8_t *value = doc->scratch + start;
    if (value[0] != '"') {
        return KESS_ERR_SIGN_NOT_STRING;
    }
    /* The value is removed from the canonical form, so it may be changed. */
    const size_t base64_len =
        unescape_slashes(value + 1, sign->end - start - 2);
    *len = kess_key_size(key);
    return kess_int_base64_decode(signature, *len, value + 1, base64_len);
}

/* With more top-level keys than these, none may begin like a number: only
 * then does ksort compare by value, where a sender can make it take quadratic
 * time. */
#define MIXED_KEYS_MAX 256

/* A digit, a sign, a point or a blank, which may be escaped. */
static int begins_like_number(const uint8_t *name, size_t len)
{
    static const char starts[] = "0123456789+-. ";
    if (len == 0) {
        return 0;
    }
    if (name[0] != '\\') {
        return memchr(starts, name[0], sizeof starts - 1) != NULL;
    }
    return name[1] == 't' || name[1] == 'n' || name[1] == 'f' ||
           name[1] == 'r' ||
           (name[1] == 'u' && memcmp(name + 2, "000b", 4) == 0);
}

static int is_order_costly(const kess_document *doc)
{
    int mixed = 0;
    if (doc->entry_count <= MIXED_KEYS_MAX) {
        return 0;
    }
    for (size_t i = 0; i < doc->entry_count && !mixed; i++) {
        const kess_member member = doc->entries[i].member;
        mixed = begins_like_number(kess_int_name(doc->scratch, member),
                                   kess_int_name_len(doc->scratch, member));
    }
    return mixed;
}

static size_t first_bracket(const uint8_t *body)
{
    size_t at = 0;
    while (body[at] != '[' && body[at] != '{') {
        at++;
    }
    return at;
}

static kess_status parse_strictly(kess_document *doc, const uint8_t *body,
                                  size_t body_len, kess_error *err)
{
    doc->strict = 1;
    const kess_status status = kess_int_parse(doc, body, body_len, err);
    if (status != KESS_OK) {
        return status;
    }
    if (!doc->is_object) {
        return kess_int_fail(err, KESS_ERR_NOT_OBJECT, first_bracket(body));
    }
    if (doc->has_duplicate) {
        return kess_int_fail(err, KESS_ERR_DUPLICATE, doc->duplicate);
    }
    if (is_order_costly(doc)) {
        return kess_int_fail(err, KESS_ERR_ORDER, first_bracket(body));
    }
    return KESS_OK;
}

/* The canonical text of a body, and its signature. */
static kess_status signed_text(const kess_key *key, kess_text *canonical,
                               uint8_t *signature, kess_document *doc,
                               const uint8_t *body, size_t body_len,
                               kess_error *err)
{
    size_t len = 0;
    kess_status status = parse_strictly(doc, body, body_len, err);
    if (status != KESS_OK) {
        return status;
    }
    /* Arranging removes "sign", so it is read before; its verdict waits. */
    const kess_status sign_status = decode_sign(key, doc, signature, &len);
    status = kess_int_arrange(doc, err);
    if (status == KESS_OK) {
        status = kess_int_text_of(canonical, doc, err);
    }
    if (status != KESS_OK) {
        return status;
    }
    return kess_int_fail(err, sign_status, 0);
}

kess_status kess_int_read_body(const kess_key *key, kess_text *canonical,
                               uint8_t *signature, const uint8_t *body,
                               size_t body_len, uint32_t profile,
                               size_t max_depth, kess_error *err)
{
    kess_document doc;
    doc.profile = profile;
    doc.max_depth = max_depth;
    canonical->data = canonical->small_data;
    canonical->len = 0;
    const kess_status status =
        signed_text(key, canonical, signature, &doc, body, body_len, err);
    kess_int_release(&doc);
    return status;
}

kess_status kess_int_verify_body(const kess_key *key, uint8_t *out,
                                 size_t *out_len, const uint8_t *body,
                                 size_t body_len, uint32_t profile,
                                 size_t max_depth, kess_error *err)
{
    kess_text canonical;
    uint8_t signature[KESS_SIGNATURE_MAX];
    kess_status status =
        kess_int_read_body(key, &canonical, signature, body, body_len, profile,
                           max_depth, err);
    if (status == KESS_OK) {
        status = kess_verify(key, signature, kess_key_size(key),
                             canonical.data, canonical.len, err);
    }
    if (status == KESS_OK && out_len != NULL) {
        if (canonical.len > *out_len) {
            status = kess_int_fail(err, KESS_ERR_BUFFER, 0);
        } else {
            memcpy(out, canonical.data, canonical.len);
        }
        *out_len = canonical.len;
    }
    kess_int_text_release(&canonical);
    return status;
}

kess_status kess_verify_document(const kess_key *key, uint8_t *out,
                                 size_t *out_len, const uint8_t *body,
                                 size_t body_len, const kess_options *options,
                                 kess_error *err)
{
    uint32_t profile;
    size_t max_depth;
    if (key == NULL || out_len == NULL || (out == NULL && *out_len > 0) ||
        (body == NULL && body_len > 0)) {
        return kess_int_fail(err, KESS_ERR_ARGUMENT, 0);
    }
    const kess_status status =
        kess_int_options(options, &profile, &max_depth, KESS_DEPTH_VERIFY,
                         KESS_DEPTH_DECODE, err);
    if (status != KESS_OK) {
        return status;
    }
    return kess_int_verify_body(key, out, out_len, body, body_len, profile,
                                max_depth, err);
}

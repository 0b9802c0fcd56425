/*
 * document.c: sign and verify whole documents.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "internal.h"

#define SIGNATURE_MAX (8192 / 8)

static int is_bad_call(const kess_key *key, const void *out,
                       const size_t *out_len, const uint8_t *text,
                       size_t text_len)
{
    return key == NULL || out_len == NULL || (out == NULL && *out_len > 0) ||
           (text == NULL && text_len > 0);
}

/* ------------------------------------------------------------ sign */

/* The base64 signature of a canonical text: *len bytes of sign. */
static kess_status sign_text(const kess_key *key, const kess_text *text,
                             uint8_t *sign, size_t *len, kess_error *err)
{
    uint8_t signature[SIGNATURE_MAX];
    size_t signature_len = sizeof signature;
    const kess_status status =
        kess_sign(key, signature, &signature_len, text->data, text->len, err);
    if (status != KESS_OK) {
        return status;
    }
    kess_int_base64_encode(sign, signature, signature_len);
    *len = kess_int_base64_len(signature_len);
    return KESS_OK;
}

#define SIGN_MAX ((SIGNATURE_MAX + 2) / 3 * 4)

kess_status kess_sign_document(const kess_key *key, char *sign,
                               size_t *sign_len, const uint8_t *text,
                               size_t text_len, const kess_options *options,
                               kess_error *err)
{
    kess_text canonical;
    uint32_t profile;
    size_t max_depth;
    uint8_t base64[SIGN_MAX];
    size_t len = 0;
    if (is_bad_call(key, sign, sign_len, text, text_len)) {
        return kess_int_fail(err, KESS_ERR_ARGUMENT, 0);
    }
    kess_status status =
        kess_int_options(options, &profile, &max_depth, KESS_DEPTH_ENCODE,
                         KESS_DEPTH_ENCODE, err);
    if (status != KESS_OK) {
        return status;
    }
    status = kess_int_canonical(&canonical, text, text_len, profile, max_depth,
                                err);
    if (status == KESS_OK) {
        status = sign_text(key, &canonical, base64, &len, err);
    }
    kess_int_text_release(&canonical);
    if (status != KESS_OK) {
        return status;
    }
    if (len > *sign_len) {
        *sign_len = len;
        return kess_int_fail(err, KESS_ERR_BUFFER, 0);
    }
    memcpy(sign, base64, len);
    *sign_len = len;
    return kess_int_ok(err);
}

/* ------------------------------------------------------------ body */

static const char type_member[] = "\"sign_type\":\"RSA2\",\"sign\":\"";

/* Copy base64 as json_encode would write it. */
static size_t write_sign(uint8_t *out, const uint8_t *sign, size_t sign_len,
                         uint32_t profile)
{
    size_t len = 0;
    for (size_t i = 0; i < sign_len; i++) {
        len += kess_int_write_code_point(out + len, sign[i], profile);
    }
    return len;
}

#define MEMBERS_MAX (sizeof type_member + 2 * SIGN_MAX + 3)

/* Append the two members to a canonical object, "[]" being an empty one. */
static size_t write_body(uint8_t *out, const kess_text *canonical,
                         const uint8_t *sign, size_t sign_len,
                         uint32_t profile)
{
    const int is_empty = canonical->len == 2;
    size_t len = canonical->len - 1;
    memcpy(out, canonical->data, len);
    if (is_empty) {
        out[0] = '{';
    } else {
        out[len++] = ',';
    }
    memcpy(out + len, type_member, sizeof type_member - 1);
    len += sizeof type_member - 1;
    len += write_sign(out + len, sign, sign_len, profile);
    out[len++] = '"';
    out[len++] = '}';
    return len;
}

/* What a server will make of the body must be what was signed. */
static kess_status check_stable(const kess_text *canonical,
                                const uint8_t *body, size_t body_len,
                                uint32_t profile, kess_error *err)
{
    kess_text again;
    size_t same = 0;
    kess_status status = kess_int_canonical(&again, body, body_len, profile,
                                            KESS_DEPTH_DECODE, err);
    while (same < canonical->len && same < again.len &&
           canonical->data[same] == again.data[same]) {
        same++;
    }
    if (status == KESS_ERR_DEPTH ||
        (status == KESS_OK && (same != canonical->len || same != again.len))) {
        status = kess_int_fail(err, KESS_ERR_NOT_STABLE, same);
    }
    kess_int_text_release(&again);
    return status;
}

/* Parameters may name the algorithm, but hold no signature. */
static kess_status check_parameters(const kess_document *doc, kess_error *err)
{
    if (!doc->is_object) {
        return kess_int_fail(err, KESS_ERR_NOT_OBJECT, 0);
    }
    for (size_t i = 0; i < doc->entry_count; i++) {
        const kess_entry *entry = &doc->entries[i];
        const uint8_t *name = doc->scratch + entry->key + 1;
        const uint8_t *value = doc->scratch + entry->value;
        const size_t len = entry->end - entry->value;
        const int is_type =
            entry->name_len == 9 && memcmp(name, "sign_type", 9) == 0;
        if ((entry->name_len == 4 && memcmp(name, "sign", 4) == 0) ||
            (is_type && (len != 6 || memcmp(value, "\"RSA2\"", 6) != 0))) {
            return kess_int_fail(err, KESS_ERR_SIGN_PRESENT, 0);
        }
    }
    return KESS_OK;
}

static kess_status canonical_parameters(kess_text *out, const uint8_t *text,
                                        size_t text_len, uint32_t profile,
                                        size_t max_depth, kess_error *err)
{
    kess_document doc;
    kess_status status;
    out->data = out->small_data;
    out->len = 0;
    doc.profile = profile;
    doc.max_depth = max_depth;
    doc.strict = 0;
    status = kess_int_parse(&doc, text, text_len, err);
    if (status == KESS_OK) {
        status = check_parameters(&doc, err);
    }
    if (status == KESS_OK) {
        status = kess_int_arrange(&doc, err);
    }
    if (status == KESS_OK) {
        status = kess_int_text_of(out, &doc, err);
    }
    if (status == KESS_OK && out->data[0] == '[' && out->len != 2) {
        /* Keys 0, 1, 2 ... make an array, which has no place for "sign". */
        status = kess_int_fail(err, KESS_ERR_NOT_OBJECT, 0);
    }
    kess_int_release(&doc);
    return status;
}

static kess_status make_body(const kess_key *key, uint8_t *body,
                             size_t *body_len, const kess_text *canonical,
                             uint32_t profile, kess_error *err)
{
    uint8_t sign[SIGN_MAX];
    size_t sign_len = 0;
    kess_status status;
    uint8_t *draft = KESS_MALLOC(canonical->len + MEMBERS_MAX);
    if (draft == NULL) {
        return kess_int_fail(err, KESS_ERR_MEMORY, 0);
    }
    /* The bytes of "sign" do not matter to the canonical form: look before
     * the private key is used. */
    size_t len = write_body(draft, canonical, sign, 0, profile);
    status = check_stable(canonical, draft, len, profile, err);
    if (status == KESS_OK) {
        status = sign_text(key, canonical, sign, &sign_len, err);
    }
    if (status == KESS_OK) {
        len = write_body(draft, canonical, sign, sign_len, profile);
        if (len > *body_len) {
            status = kess_int_fail(err, KESS_ERR_BUFFER, 0);
        } else {
            memcpy(body, draft, len);
        }
        *body_len = len;
    }
    KESS_FREE(draft);
    return status;
}

kess_status kess_signed_body(const kess_key *key, uint8_t *body,
                             size_t *body_len, const uint8_t *text,
                             size_t text_len, const kess_options *options,
                             kess_error *err)
{
    kess_text canonical;
    uint32_t profile;
    size_t max_depth;
    if (is_bad_call(key, body, body_len, text, text_len)) {
        return kess_int_fail(err, KESS_ERR_ARGUMENT, 0);
    }
    kess_status status =
        kess_int_options(options, &profile, &max_depth, KESS_DEPTH_ENCODE,
                         KESS_DEPTH_ENCODE, err);
    if (status != KESS_OK) {
        return status;
    }
    status = canonical_parameters(&canonical, text, text_len, profile,
                                  max_depth, err);
    if (status == KESS_OK) {
        status = make_body(key, body, body_len, &canonical, profile, err);
    }
    kess_int_text_release(&canonical);
    return status == KESS_OK ? kess_int_ok(err) : status;
}

/* ------------------------------------------------------------ verify */

static const kess_entry *find_entry(const kess_document *doc, const char *name)
{
    const size_t len = strlen(name);
    for (size_t i = 0; i < doc->entry_count; i++) {
        const kess_entry *entry = &doc->entries[i];
        if (entry->name_len == len &&
            memcmp(doc->scratch + entry->key + 1, name, len) == 0) {
            return entry;
        }
    }
    return NULL;
}

/* Undo "\/" in place; another escape stays, and is no base64. */
static size_t unescape_slashes(uint8_t *text, size_t len)
{
    size_t count = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] != '\\' || i + 1 == len || text[i + 1] != '/') {
            text[count++] = text[i];
        }
    }
    return count;
}

/* Decode "sign" in the document: *len bytes of signature. */
static kess_status decode_sign(const kess_key *key, const kess_document *doc,
                               uint8_t *signature, size_t *len)
{
    const kess_entry *type = find_entry(doc, "sign_type");
    const kess_entry *sign = find_entry(doc, "sign");
    if (type != NULL && (type->end - type->value != 6 ||
                         memcmp(doc->scratch + type->value, "\"RSA2\"", 6))) {
        return KESS_ERR_SIGN_TYPE;
    }
    if (sign == NULL) {
        return KESS_ERR_SIGN_MISSING;
    }
    uint8_t *value = doc->scratch + sign->value;
    if (value[0] != '"') {
        return KESS_ERR_SIGN_NOT_STRING;
    }
    /* The value is removed from the canonical form, so it may be changed. */
    const size_t base64_len =
        unescape_slashes(value + 1, sign->end - sign->value - 2);
    *len = kess_key_size(key);
    return kess_int_base64_decode(signature, *len, value + 1, base64_len);
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
        size_t start = 0;
        while (body[start] != '[') {
            start++;
        }
        return kess_int_fail(err, KESS_ERR_NOT_OBJECT, start);
    }
    if (doc->has_duplicate) {
        return kess_int_fail(err, KESS_ERR_DUPLICATE, doc->duplicate);
    }
    return KESS_OK;
}

/* The canonical text of a body whose signature is right. */
static kess_status verified_text(const kess_key *key, kess_text *canonical,
                                 kess_document *doc, const uint8_t *body,
                                 size_t body_len, kess_error *err)
{
    uint8_t signature[SIGNATURE_MAX];
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
    if (sign_status != KESS_OK) {
        return kess_int_fail(err, sign_status, 0);
    }
    return kess_verify(key, signature, len, canonical->data, canonical->len,
                       err);
}

/* out may be NULL where only the verdict is wanted. */
static kess_status verify_body(const kess_key *key, uint8_t *out,
                               size_t *out_len, const uint8_t *body,
                               size_t body_len, uint32_t profile,
                               size_t max_depth, kess_error *err)
{
    kess_document doc;
    kess_text canonical;
    doc.profile = profile;
    doc.max_depth = max_depth;
    canonical.data = canonical.small_data;
    canonical.len = 0;
    kess_status status =
        verified_text(key, &canonical, &doc, body, body_len, err);
    if (status == KESS_OK && out_len != NULL) {
        if (canonical.len > *out_len) {
            status = kess_int_fail(err, KESS_ERR_BUFFER, 0);
        } else {
            memcpy(out, canonical.data, canonical.len);
        }
        *out_len = canonical.len;
    }
    kess_int_text_release(&canonical);
    kess_int_release(&doc);
    return status;
}

kess_status kess_verify_document(const kess_key *key, uint8_t *out,
                                 size_t *out_len, const uint8_t *body,
                                 size_t body_len, const kess_options *options,
                                 kess_error *err)
{
    uint32_t profile;
    size_t max_depth;
    if (is_bad_call(key, out, out_len, body, body_len)) {
        return kess_int_fail(err, KESS_ERR_ARGUMENT, 0);
    }
    const kess_status status =
        kess_int_options(options, &profile, &max_depth, KESS_DEPTH_VERIFY,
                         KESS_DEPTH_DECODE, err);
    if (status != KESS_OK) {
        return status;
    }
    return verify_body(key, out, out_len, body, body_len, profile, max_depth,
                       err);
}

/* ------------------------------------------------------------ batch */

static int are_offsets_good(const int64_t *offsets, size_t count,
                            size_t data_len)
{
    if (offsets[0] < 0) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (offsets[i + 1] < offsets[i]) {
            return 0;
        }
    }
    return (uint64_t)offsets[count] <= data_len;
}

kess_status kess_verify_documents(const kess_key *key, int32_t *statuses,
                                  const uint8_t *data, size_t data_len,
                                  const int64_t *offsets, size_t count,
                                  const kess_options *options, kess_error *err)
{
    uint32_t profile;
    size_t max_depth;
    if (key == NULL || (data == NULL && data_len > 0)) {
        return kess_int_fail(err, KESS_ERR_ARGUMENT, 0);
    }
    const kess_status status =
        kess_int_options(options, &profile, &max_depth, KESS_DEPTH_VERIFY,
                         KESS_DEPTH_DECODE, err);
    if (status != KESS_OK) {
        return status;
    }
    if (count == 0) {
        return kess_int_ok(err);
    }
    if (statuses == NULL || offsets == NULL ||
        !are_offsets_good(offsets, count, data_len)) {
        return kess_int_fail(err, KESS_ERR_ARGUMENT, 0);
    }
    for (size_t i = 0; i < count; i++) {
        const size_t begin = (size_t)offsets[i];
        const size_t len = (size_t)offsets[i + 1] - begin;
        const uint8_t *body = len > 0 ? data + begin : NULL;
        statuses[i] = (int32_t)verify_body(key, NULL, NULL, body, len, profile,
                                           max_depth, NULL);
    }
    return kess_int_ok(err);
}

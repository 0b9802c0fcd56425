/*
 * document.c: sign whole documents.
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
    if (is_bad_call(key, sign, sign_len, text, text_len) ||
        !kess_key_is_private(key)) {
        return kess_int_fail(err, KESS_ERR_ARGUMENT, 0);
    }
    kess_status status =
        kess_int_options(options, &profile, &max_depth, KESS_DEPTH_ENCODE,
                         KESS_DEPTH_ENCODE, err);
    if (status != KESS_OK) {
        return status;
    }
    status = kess_int_canonical(&canonical, text, text_len, profile, max_depth,
                                NULL, err);
    /* Nothing is signed that cannot be given out. */
    const size_t needed = kess_int_base64_len(kess_key_size(key));
    if (status == KESS_OK && needed > *sign_len) {
        *sign_len = needed;
        status = kess_int_fail(err, KESS_ERR_BUFFER, 0);
    } else if (status == KESS_OK) {
        status = sign_text(key, &canonical, (uint8_t *)sign, sign_len, err);
    }
    kess_int_text_release(&canonical);
    return status;
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

/* kess.h promises that 3072 bytes beyond the canonical form are enough: with
 * longer members this line does not compile. */
enum { members_fit = 1 / (MEMBERS_MAX <= 3072) };

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
                                            KESS_DEPTH_DECODE, NULL, err);
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
        if (kess_int_is_named(doc, entry, "sign") ||
            (kess_int_is_named(doc, entry, "sign_type") &&
             !kess_int_says_rsa2(doc, entry))) {
            return kess_int_fail(err, KESS_ERR_SIGN_PRESENT, 0);
        }
    }
    return KESS_OK;
}

static kess_status canonical_parameters(kess_text *out, const uint8_t *text,
                                        size_t text_len, uint32_t profile,
                                        size_t max_depth, kess_error *err)
{
    kess_status status = kess_int_canonical(out, text, text_len, profile,
                                            max_depth, check_parameters, err);
    if (status == KESS_OK && out->data[0] == '[' && out->len != 2) {
        /* Keys 0, 1, 2 ... make an array, which has no place for "sign". */
        status = kess_int_fail(err, KESS_ERR_NOT_OBJECT, 0);
    }
    return status;
}

static kess_status make_body(const kess_key *key, uint8_t *body,
                             size_t *body_len, const kess_text *canonical,
                             uint32_t profile, kess_error *err)
{
    uint8_t sign[SIGN_MAX] = {0};
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

/*
 * call.c: one way to call the functions on documents and keys.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base64.h"
#include "internal.h"

/* ------------------------------------------------------------ documents */

/* Beside its canonical form a body has the two members: the signature in
 * base64, each character of which may be escaped, and what is around it. */
#define AROUND_SIGN 64

/* Room for what an operation writes beside the canonical form. */
static size_t room_beside(const kess_key *key, int operation)
{
    if (key == NULL || operation == KESS_DO_VERIFY_DOCUMENT) {
        return 0;
    }
    return 2 * kess_int_base64_len(kess_key_size(key)) + AROUND_SIGN;
}

/*
 * Room that is enough for an operation, if the given room could be too small.
 * The canonical form is measured then, which costs less than a signature. A
 * text without one needs no room: the operation says what is wrong with it.
 */
static size_t room_needed(const kess_key *key, int operation, size_t given,
                          const uint8_t *text, size_t text_len,
                          const kess_options *options)
{
    const kess_options deepest = {options->profile, KESS_DEPTH_ENCODE};
    const size_t beside = room_beside(key, operation);
    size_t len = 0;
    if (given >= beside &&
        given - beside >= kess_canonical_bound_for(text_len, options)) {
        return 0;
    }
    if (kess_canonicalize(NULL, &len, text, text_len, &deepest, NULL) !=
        KESS_ERR_BUFFER) {
        return 0;
    }
    return len + beside;
}

static kess_status call(const kess_key *key, int operation, uint8_t *out,
                        size_t *out_len, const uint8_t *text, size_t text_len,
                        const kess_options *options, kess_error *err)
{
    switch (operation) {
    case KESS_DO_CANONICALIZE:
        return kess_canonicalize(out, out_len, text, text_len, options, err);
    case KESS_DO_SIGNED_BODY:
        return kess_signed_body(key, out, out_len, text, text_len, options,
                                err);
    case KESS_DO_SIGN_DOCUMENT:
        return kess_sign_document(key, (char *)out, out_len, text, text_len,
                                  options, err);
    case KESS_DO_VERIFY_DOCUMENT:
        return kess_verify_document(key, out, out_len, text, text_len, options,
                                    err);
    case KESS_DO_SPKI:
        return kess_key_spki(key, out, out_len, err);
    default:
        return kess_int_fail(err, KESS_ERR_ARGUMENT, 0);
    }
}

kess_status kess_call(const kess_key *key, int operation, uint8_t *out,
                      size_t *out_len, const uint8_t *text, size_t text_len,
                      uint32_t profile, uint32_t max_depth, kess_error *err)
{
    const kess_options options = {profile, max_depth};
    if (out_len == NULL || (text == NULL && text_len > 0)) {
        return kess_int_fail(err, KESS_ERR_ARGUMENT, 0);
    }
    if (operation == KESS_DO_SIGNED_BODY ||
        operation == KESS_DO_VERIFY_DOCUMENT) {
        const size_t needed =
            room_needed(key, operation, *out_len, text, text_len, &options);
        if (needed > *out_len) {
            *out_len = needed;
            return kess_int_fail(err, KESS_ERR_BUFFER, 0);
        }
    }
    return call(key, operation, out, out_len, text, text_len, &options, err);
}

/* ------------------------------------------------------------ keys */

static kess_status load_file(kess_key **key, int operation, const char *path,
                             const char *password, size_t password_len,
                             uint32_t policy, kess_error *err)
{
    if (operation == KESS_DO_LOAD_PRIVATE_FILE) {
        return kess_private_key_load_file(key, path, password, password_len,
                                          policy, err);
    }
    return kess_public_key_load_file_protected(key, path, password,
                                               password_len, policy, err);
}

/* No system opens a path that is longer. */
#define PATH_ROOM 4097

/* C reads a path up to the first NUL: no other may be in it. */
static kess_status load_from(kess_key **key, int operation,
                             const uint8_t *path, size_t path_len,
                             const char *password, size_t password_len,
                             uint32_t policy, kess_error *err)
{
    char ended[PATH_ROOM];
    if (path == NULL || path_len == 0 || memchr(path, 0, path_len) != NULL) {
        return kess_int_fail(err, KESS_ERR_ARGUMENT, 0);
    }
    if (path_len >= sizeof ended) {
        return kess_int_fail(err, KESS_ERR_FILE, 0);
    }
    memcpy(ended, path, path_len);
    ended[path_len] = '\0';
    return load_file(key, operation, ended, password, password_len, policy,
                     err);
}

kess_status kess_load(kess_key **key, int operation, const uint8_t *data,
                      size_t data_len, const char *password,
                      size_t password_len, uint32_t policy, kess_error *err)
{
    switch (operation) {
    case KESS_DO_LOAD_PRIVATE:
        return kess_private_key_load(key, data, data_len, password,
                                     password_len, policy, err);
    case KESS_DO_LOAD_PUBLIC:
        return kess_public_key_load_protected(key, data, data_len, password,
                                              password_len, policy, err);
    case KESS_DO_LOAD_PRIVATE_FILE:
    case KESS_DO_LOAD_PUBLIC_FILE:
        return load_from(key, operation, data, data_len, password,
                         password_len, policy, err);
    default:
        return kess_int_fail(err, KESS_ERR_ARGUMENT, 0);
    }
}

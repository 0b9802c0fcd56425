/*
 * call.c: one way to call the functions on documents and keys, and one to load a
 * key: requests of packages of other languages.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base64.h"
#include "internal.h"

/* ------------------------------------------------------------ documents */

/* Lengths of a request have 32 bits, in languages without unsigned numbers, too.
 * The NUL has room as well. */
#define LEN_MAX ((size_t)INT32_MAX - 1)

/* A version is three numbers. */
#define VERSION_ROOM 32

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

/* No public key is longer: a modulus of 8192 bits, and its exponent. */
#define DER_ROOM 2048

static kess_status public_text(const kess_key *key, uint8_t *out,
                               size_t *out_len, kess_error *err)
{
    uint8_t der[DER_ROOM];
    size_t der_len = sizeof der;
    const size_t room = *out_len;
    const kess_status status = kess_key_spki(key, der, &der_len, err);
    if (status != KESS_OK) {
        return status;
    }
    *out_len = kess_int_base64_len(der_len);
    if (*out_len > room) {
        return kess_int_fail(err, KESS_ERR_BUFFER, 0);
    }
    kess_int_base64_encode(out, der, der_len);
    return KESS_OK;
}

static kess_status write_text(const char *text, uint8_t *out, size_t *out_len,
                              kess_error *err)
{
    const size_t room = *out_len;
    *out_len = strlen(text);
    if (*out_len > room) {
        return kess_int_fail(err, KESS_ERR_BUFFER, 0);
    }
    memcpy(out, text, *out_len);
    return KESS_OK;
}

static kess_status version_for(const uint8_t *text, size_t text_len,
                               uint8_t *out, size_t *out_len, kess_error *err)
{
    char made_for[VERSION_ROOM];
    if (text_len >= sizeof made_for) {
        return kess_int_fail(err, KESS_ERR_ARGUMENT, 0);
    }
    if (text_len > 0) {
        memcpy(made_for, text, text_len);
    }
    made_for[text_len] = '\0';
    if (strlen(made_for) < text_len || !kess_version_fits(made_for)) {
        return kess_int_fail(err, KESS_ERR_ARGUMENT, 0);
    }
    return write_text(kess_version(), out, out_len, err);
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
    case KESS_DO_PUBLIC_TEXT:
        return public_text(key, out, out_len, err);
    case KESS_DO_VERSION:
        return version_for(text, text_len, out, out_len, err);
    case KESS_DO_OPENSSL_VERSION:
        return write_text(kess_openssl_version(), out, out_len, err);
    default:
        return kess_int_fail(err, KESS_ERR_ARGUMENT, 0);
    }
}

/* The same where there is room; else KESS_ERR_BUFFER before anything is signed
 * or verified. */
static kess_status call_with_room(const kess_key *key, int operation,
                                  uint8_t *out, size_t *out_len,
                                  const uint8_t *text, size_t text_len,
                                  const kess_options *options,
                                  kess_error *err)
{
    if (text == NULL && text_len > 0) {
        return kess_int_fail(err, KESS_ERR_ARGUMENT, 0);
    }
    if (text_len > LEN_MAX) {
        return kess_int_fail(err, KESS_ERR_LENGTH, 0);
    }
    if (operation == KESS_DO_SIGNED_BODY ||
        operation == KESS_DO_VERIFY_DOCUMENT) {
        const size_t needed =
            room_needed(key, operation, *out_len, text, text_len, options);
        if (needed > *out_len) {
            *out_len = needed;
            return kess_int_fail(err, KESS_ERR_BUFFER, 0);
        }
    }
    return call(key, operation, out, out_len, text, text_len, options, err);
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

static kess_status load(kess_key **key, int operation, const uint8_t *data,
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

/* ------------------------------------------------------------ requests */

/* What a program writes and reads without kess.h. A negative size of an array
 * does not compile. */
#define LIES_AT(offset, field)                                                \
    typedef char field##_lies_at[offsetof(kess_request, field) == (offset)    \
                                     ? 1                                      \
                                     : -1]
LIES_AT(0, operation);
LIES_AT(4, profile);
LIES_AT(8, max_depth);
LIES_AT(12, policy);
LIES_AT(16, room);
LIES_AT(20, len);
LIES_AT(24, pos);
LIES_AT(28, status);
LIES_AT(32, kind);
LIES_AT(36, name);
LIES_AT(68, exception);
LIES_AT(92, reason);
LIES_AT(116, message);
LIES_AT(448, found);
LIES_AT(512, out);
typedef char request_size[sizeof(kess_request) == 65536 ? 1 : -1];

static int signs(int operation)
{
    return operation == KESS_DO_SIGNED_BODY ||
           operation == KESS_DO_SIGN_DOCUMENT;
}

/* Why an argument of kess_run cannot be used. */
static const char *why_not_run(const kess_request *request,
                               const kess_key *key, int has_text)
{
    const kess_options options = {request->profile, 0};
    uint32_t profile;
    size_t depth;
    if (request->operation < 0 ||
        request->operation > KESS_DO_OPENSSL_VERSION ||
        kess_int_loads(request->operation)) {
        return "the operation is unknown";
    }
    if (!has_text) {
        return "there is no text";
    }
    if (key == NULL && request->operation != KESS_DO_CANONICALIZE) {
        return "there is no key: it was not loaded, or it was freed";
    }
    if (signs(request->operation) && !kess_key_is_private(key)) {
        return "a private key is needed to sign, and this is a public key";
    }
    if (kess_int_options(&options, &profile, &depth, 1, 1, NULL) != KESS_OK) {
        return "the profile has an unknown setting, or two that exclude each "
               "other";
    }
    return "the depth must be 1 to 512, and to verify 511 at most; or 0 for "
           "the default";
}

static const char *why_not_loaded(int operation)
{
    if (kess_int_loads_file(operation)) {
        return "the path of a key file is empty or holds a NUL, or the policy "
               "is unknown: no file was opened";
    }
    return kess_int_loads(operation) ? "there is no data, or the policy is "
                                       "unknown: no key was loaded"
                                     : "the operation is unknown";
}

int kess_int_request_status(int status, size_t len)
{
    return status == KESS_ERR_BUFFER && len > LEN_MAX ? KESS_ERR_LENGTH
                                                      : status;
}

const char *kess_run(kess_request *request, const kess_key *key,
                     const uint8_t *text, size_t text_len)
{
    kess_error err;
    kess_options options;
    size_t len;
    if (request == NULL) {
        return NULL;
    }
    len = (request->room == 0 ? sizeof request->out : request->room) - 1;
    if (len > LEN_MAX) {
        len = LEN_MAX;
    }
    options.profile = request->profile;
    options.max_depth = request->max_depth;
    if (call_with_room(key, request->operation, (uint8_t *)request->out, &len,
                       text, text_len, &options, &err) == KESS_OK) {
        request->status = KESS_OK;
        request->len = (uint32_t)len;
        request->out[len] = '\0';
        return request->out;
    }
    err.status = kess_int_request_status(err.status, len);
    kess_int_describe(
        request, &err,
        why_not_run(request, key, text != NULL || text_len == 0));
    if (request->operation == KESS_DO_VERSION &&
        (text != NULL || text_len == 0) && err.status == KESS_ERR_ARGUMENT) {
        kess_int_describe_misfit(request, text, text_len);
    }
    if (err.status == KESS_ERR_BUFFER) {
        request->len = (uint32_t)len + 1;
    }
    return NULL;
}

kess_key *kess_load_key(kess_request *request, const uint8_t *data,
                        size_t data_len, const char *password,
                        size_t password_len)
{
    kess_error err;
    kess_key *key = NULL;
    if (request == NULL) {
        return NULL;
    }
    if (load(&key, request->operation, data, data_len, password, password_len,
             request->policy, &err) == KESS_OK) {
        request->status = KESS_OK;
        request->len = (uint32_t)kess_key_bits(key);
        return key;
    }
    kess_int_describe(request, &err, why_not_loaded(request->operation));
    return NULL;
}

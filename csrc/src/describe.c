/*
 * describe.c: an error in words, the same in every language.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "internal.h"

typedef struct row {
    int status;
    kess_kind kind;
    const char *reason;
} row;

/* bindings/status.json has the same, and tests compare both with Python. */
static const row rows[] = {
    {KESS_ERR_ARGUMENT, KESS_KIND_INPUT, "argument"},
    {KESS_ERR_BUFFER, KESS_KIND_BACKEND, "buffer"},
    {KESS_ERR_LENGTH, KESS_KIND_INPUT, "length"},
    {KESS_ERR_MEMORY, KESS_KIND_BACKEND, "memory"},
    {KESS_ERR_CRYPTO, KESS_KIND_BACKEND, "crypto"},
    {KESS_ERR_FILE, KESS_KIND_KEY, "file"},
    {KESS_ERR_SYNTAX, KESS_KIND_DOCUMENT, "syntax"},
    {KESS_ERR_UTF8, KESS_KIND_DOCUMENT, "utf8"},
    {KESS_ERR_CONTROL, KESS_KIND_DOCUMENT, "control"},
    {KESS_ERR_ESCAPE, KESS_KIND_DOCUMENT, "escape"},
    {KESS_ERR_SURROGATE, KESS_KIND_DOCUMENT, "surrogate"},
    {KESS_ERR_DEPTH, KESS_KIND_DOCUMENT, "depth"},
    {KESS_ERR_TOP_LEVEL, KESS_KIND_DOCUMENT, "top_level"},
    {KESS_ERR_INFINITE, KESS_KIND_DOCUMENT, "infinite"},
    {KESS_ERR_DUPLICATE, KESS_KIND_DOCUMENT, "duplicate"},
    {KESS_ERR_NOT_OBJECT, KESS_KIND_DOCUMENT, "not_object"},
    {KESS_ERR_NOT_STABLE, KESS_KIND_DOCUMENT, "not_stable"},
    {KESS_ERR_SIGN_PRESENT, KESS_KIND_DOCUMENT, "sign_present"},
    {KESS_ERR_ORDER, KESS_KIND_DOCUMENT, "order"},
    {KESS_ERR_KEY_FORMAT, KESS_KIND_KEY, "format"},
    {KESS_ERR_KEY_KIND, KESS_KIND_KEY, "kind"},
    {KESS_ERR_KEY_AMBIGUOUS, KESS_KIND_KEY, "ambiguous"},
    {KESS_ERR_KEY_SECRET, KESS_KIND_KEY, "secret"},
    {KESS_ERR_KEY_PASSWORD, KESS_KIND_KEY, "password"},
    {KESS_ERR_KEY_ALGORITHM, KESS_KIND_KEY, "algorithm"},
    {KESS_ERR_KEY_SIZE, KESS_KIND_KEY, "size"},
    {KESS_ERR_KEY_MODULUS, KESS_KIND_KEY, "modulus"},
    {KESS_ERR_KEY_EXPONENT, KESS_KIND_KEY, "exponent"},
    {KESS_ERR_KEY_INCONSISTENT, KESS_KIND_KEY, "inconsistent"},
    {KESS_ERR_SIGNATURE, KESS_KIND_SIGNATURE, "mismatch"},
    {KESS_ERR_SIGN_MISSING, KESS_KIND_SIGNATURE, "sign_missing"},
    {KESS_ERR_SIGN_NOT_STRING, KESS_KIND_SIGNATURE, "sign_not_string"},
    {KESS_ERR_SIGN_BASE64, KESS_KIND_SIGNATURE, "sign_base64"},
    {KESS_ERR_SIGN_LENGTH, KESS_KIND_SIGNATURE, "sign_length"},
    {KESS_ERR_SIGN_TYPE, KESS_KIND_SIGNATURE, "sign_type"},
};

/* A version that is longer is none. */
#define VERSION_SHOWN 32

#define ROW_COUNT (sizeof rows / sizeof rows[0])

static const char *const exceptions[] = {
    "BackendError",          /* KESS_KIND_BACKEND */
    "InputError",            /* KESS_KIND_INPUT */
    "CanonicalizationError", /* KESS_KIND_DOCUMENT */
    "KeyLoadError",          /* KESS_KIND_KEY */
    "InvalidSignature",      /* KESS_KIND_SIGNATURE */
    "DocumentRefused",       /* KESS_KIND_REFUSED */
};

/* ------------------------------------------------------------ words */

/* Append to a message of which len bytes are written; what has no room is
 * left out. The zero behind it is there already. */
static size_t add(kess_request *to, size_t len, const char *text)
{
    while (*text != '\0' && len < sizeof to->message - 1) {
        to->message[len++] = *text++;
    }
    return len;
}

static size_t add_number(kess_request *to, size_t len, int64_t number)
{
    char digits[24];
    size_t at = sizeof digits - 1;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0) {
        digits[--at] = '-';
    }
    return add(to, len, digits + at);
}

/* ------------------------------------------------------------ statements */

int kess_int_loads_file(int operation)
{
    return operation == KESS_DO_LOAD_PRIVATE_FILE ||
           operation == KESS_DO_LOAD_PUBLIC_FILE;
}

int kess_int_loads(int operation)
{
    return operation == KESS_DO_LOAD_PRIVATE ||
           operation == KESS_DO_LOAD_PUBLIC || kess_int_loads_file(operation);
}

static const char *key_of(int operation)
{
    switch (operation) {
    case KESS_DO_LOAD_PRIVATE:
    case KESS_DO_LOAD_PRIVATE_FILE:
        return "a private key";
    case KESS_DO_LOAD_PUBLIC:
    case KESS_DO_LOAD_PUBLIC_FILE:
        return "a public key";
    default:
        return "a key";
    }
}

/* What is needed in place of what was found; NULL where that says nothing. */
static const char *place_of(int operation, int status)
{
    switch (status) {
    case KESS_ERR_KEY_KIND:
    case KESS_ERR_KEY_SECRET:
        return key_of(operation);
    case KESS_ERR_KEY_ALGORITHM:
        return "an RSA key";
    default:
        return NULL;
    }
}

/* One statement: what was found, or why the key cannot be loaded. */
static void describe_key(kess_request *to)
{
    const char *place = place_of(to->operation, to->status);
    size_t len;
    if (to->found[0] == '\0' || place == NULL) {
        len = add(to, 0, "cannot load ");
        len = add(to, len, key_of(to->operation));
        len = add(to, len, ": ");
        add(to, len, kess_status_message(to->status));
        return;
    }
    len = add(to, 0, "found ");
    len = add(to, len, to->found);
    len = add(to, len, " where ");
    len = add(to, len, place);
    add(to, len, " is needed");
}

static void describe_backend(kess_request *to)
{
    size_t len = add(to, 0, kess_status_message(to->status));
    len = add(to, len, " (");
    len = add(to, len, to->name);
    len = add(to, len, ", ");
    len = add_number(to, len, to->status);
    add(to, len, "): nothing was signed or verified");
}

static void describe_document(kess_request *to)
{
    size_t len = add(to, 0, kess_status_message(to->status));
    len = add(to, len, " at byte ");
    add_number(to, len, to->pos);
}

/* Copy a text into a field of zeros that has room for it. */
static void put(char *to, const char *text)
{
    memcpy(to, text, strlen(text));
}

void kess_int_describe(kess_request *request, const kess_error *err,
                       const char *argument)
{
    kess_request *const to = request;
    const size_t begin = offsetof(kess_request, len);
    const char *reason = "unknown";
    memset((char *)to + begin, 0, offsetof(kess_request, out) - begin);
    to->kind = KESS_KIND_BACKEND;
    to->status = err->status;
    to->pos = -1;
    put(to->name, kess_status_name(err->status));
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (rows[i].status == err->status) {
            to->kind = (int32_t)rows[i].kind;
            reason = rows[i].reason;
        }
    }
    put(to->reason, reason);
    switch (to->kind) {
    case KESS_KIND_DOCUMENT:
        to->pos = (int32_t)err->pos;
        if (to->operation == KESS_DO_VERIFY_DOCUMENT) {
            to->kind = KESS_KIND_REFUSED;
        }
        describe_document(to);
        break;
    case KESS_KIND_KEY:
        if (err->item != KESS_FOUND_NOTHING) {
            put(to->found, kess_found_message(err->item));
        }
        describe_key(to);
        break;
    case KESS_KIND_BACKEND:
        describe_backend(to);
        break;
    default:
        add(to, 0,
            err->status == KESS_ERR_ARGUMENT
                ? argument
                : kess_status_message(err->status));
    }
    put(to->exception, exceptions[to->kind]);
}

/* ------------------------------------------------------------ versions */

void kess_int_describe_misfit(kess_request *request, const uint8_t *version,
                              size_t version_len)
{
    kess_request *const to = request;
    size_t len;
    memset(to->message, 0, sizeof to->message);
    len = add(to, 0, "libkess ");
    len = add(to, len, kess_version());
    len = add(to, len, " was loaded, and does not fit what was made for ");
    /* Of a text of the caller nothing else is repeated. */
    for (size_t i = 0; i < version_len && i < VERSION_SHOWN; i++) {
        const char one[2] = {(char)version[i], '\0'};
        const int is_shown = strspn(one, "0123456789.") == 1;
        len = add(to, len, is_shown ? one : "?");
    }
    len = add(to, len, ": install the same version of both, and build "
                       "what calls it again");
    to->kind = KESS_KIND_BACKEND;
    memset(to->exception, 0, sizeof to->exception);
    put(to->exception, exceptions[to->kind]);
}

/* The number at *text, and the point behind it, where it is not the last. */
static int read_number(const char **text, int is_last, unsigned long *number)
{
    const char *at = *text;
    for (*number = 0; *at >= '0' && *at <= '9' && *number < 1000000; at++) {
        *number = *number * 10 + (unsigned long)(*at - '0');
    }
    const int is_read = at > *text && *at == (is_last ? '\0' : '.');
    *text = at + 1;
    return is_read;
}

int kess_int_fits(const char *loaded, const char *version)
{
    unsigned long ours[3], theirs[3];
    for (int i = 0; i < 3; i++) {
        if (!read_number(&loaded, i == 2, &ours[i]) ||
            !read_number(&version, i == 2, &theirs[i])) {
            return 0;
        }
    }
    return ours[0] == theirs[0] && (ours[0] > 0 || ours[1] == theirs[1]);
}

int kess_version_fits(const char *version)
{
    return kess_int_fits(kess_version(), version);
}

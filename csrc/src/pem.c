/*
 * pem.c: the wrappings of a key file. See keyfile.c for the rules.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "base64.h"
#include "keyfile.h"

#define NO_BREAK_SPACE "\xc2\xa0"
#define DASHES "-----"
#define BEGIN "-----BEGIN "
#define END "-----END "
#define LABEL_MAX 64
#define LITERAL(text) ((const uint8_t *)(text)), (sizeof(text) - 1)

typedef struct block {
    kess_container_kind kind;
    kess_slice der; /* empty where the body is no base64 */
} block;

/* What was seen in a file, and the first block of each sort. */
typedef struct tally {
    size_t blocks;
    size_t secrets;
    size_t wanted;
    size_t certificates;
    block first;
    block first_secret;
    block first_wanted;
} tally;

typedef enum scan { SCAN_BLOCK, SCAN_END, SCAN_BROKEN } scan;

/* ------------------------------------------------------------ bytes */

static int starts_with(kess_slice text, const uint8_t *prefix, size_t len)
{
    return text.len >= len && memcmp(text.data, prefix, len) == 0;
}

static void advance(kess_slice *text, size_t count)
{
    text->data += count;
    text->len -= count;
}

static int is_space(uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static kess_slice without_leading_space(kess_slice text)
{
    while (text.len > 0 && is_space(text.data[0])) {
        advance(&text, 1);
    }
    return text;
}

/* The offset of the first five dashes, or text.len. */
static size_t find_dashes(kess_slice text)
{
    kess_slice left = text;

    while (left.len >= sizeof(DASHES) - 1) {
        if (starts_with(left, LITERAL(DASHES))) {
            return text.len - left.len;
        }
        const uint8_t *dash = memchr(left.data + 1, '-', left.len - 1);
        if (dash == NULL) {
            return text.len;
        }
        advance(&left, (size_t)(dash - left.data));
    }
    return text.len;
}

static int contains(kess_slice text, const uint8_t *word, size_t len)
{
    for (; text.len >= len; advance(&text, 1)) {
        if (memcmp(text.data, word, len) == 0) {
            return 1;
        }
    }
    return 0;
}

/* No text looks so: after "0" comes ASCII, and the base64 of a SEQUENCE
 * begins with "M". */
static int is_der(kess_slice data)
{
    return data.len >= 2 && data.data[0] == KESS_DER_SEQUENCE &&
           (data.data[1] >= 0x80 || data.len == 2 + (size_t)data.data[1]);
}

static size_t remove_space(uint8_t *text, size_t len)
{
    size_t kept = 0;

    for (size_t i = 0; i < len; i++) {
        if (!is_space(text[i])) {
            text[kept++] = text[i];
        }
    }
    return kept;
}

/* ------------------------------------------------------------ blocks */

#define TRUSTED "TRUSTED CERTIFICATE"

typedef struct label_kind {
    const char *label;
    kess_container_kind kind;
} label_kind;

static const label_kind labels[] = {
    {"PRIVATE KEY", KESS_KIND_PKCS8},
    {"ENCRYPTED PRIVATE KEY", KESS_KIND_PKCS8_ENCRYPTED},
    {"RSA PRIVATE KEY", KESS_KIND_PKCS1_PRIVATE},
    {"EC PRIVATE KEY", KESS_KIND_EC_PRIVATE},
    {"DSA PRIVATE KEY", KESS_KIND_DSA_PRIVATE},
    {"OPENSSH PRIVATE KEY", KESS_KIND_OPENSSH},
    {"PUBLIC KEY", KESS_KIND_SPKI},
    {"RSA PUBLIC KEY", KESS_KIND_PKCS1_PUBLIC},
    {"CERTIFICATE", KESS_KIND_CERTIFICATE},
    {"X509 CERTIFICATE", KESS_KIND_CERTIFICATE},
    {TRUSTED, KESS_KIND_CERTIFICATE},
    {"CERTIFICATE REQUEST", KESS_KIND_CSR},
    {"NEW CERTIFICATE REQUEST", KESS_KIND_CSR},
};

static kess_container_kind kind_of_label(kess_slice label, kess_slice body)
{
    const int secret = contains(label, LITERAL("PRIVATE KEY"));

    /* RFC 1421 encryption: a key from MD5 of the password. */
    if (secret &&
        starts_with(without_leading_space(body), LITERAL("Proc-Type:"))) {
        return KESS_KIND_LEGACY_ENCRYPTED;
    }
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        if (kess_int_slice_equal(label, labels[i].label,
                                 strlen(labels[i].label))) {
            return labels[i].kind;
        }
    }
    if (secret) {
        return KESS_KIND_OTHER_PRIVATE;
    }
    if (contains(label, LITERAL("PUBLIC KEY"))) {
        return KESS_KIND_OTHER_PUBLIC;
    }
    return KESS_KIND_OTHER_PEM;
}

/* A trusted certificate is one that OpenSSL's notes on its uses follow. */
static kess_slice first_element(kess_slice der)
{
    kess_slice rest = der;
    kess_slice content;
    uint8_t tag = 0;

    if (kess_int_der_next(&rest, &tag, &content)) {
        der.len -= rest.len;
    }
    return der;
}

/* A key is what it is, whatever the label calls it. Parameters are not looked
 * into: those of DH have the shape of an RSA public key. */
static kess_container_kind kind_of_block(kess_slice label,
                                         kess_container_kind labelled,
                                         kess_slice der)
{
    kess_der outer;

    if (contains(label, LITERAL("PARAMETERS"))) {
        return labelled;
    }
    const kess_container_kind kind = kess_int_kind_of(&outer, der);
    return kess_int_kind_is_key(kind) ? kind : labelled;
}

static int is_label(kess_slice label)
{
    if (label.len == 0 || label.len > LABEL_MAX) {
        return 0;
    }
    for (size_t i = 0; i < label.len; i++) {
        if (label.data[i] < 0x20) { /* of the blanks, only a space */
            return 0;
        }
    }
    return 1;
}

/* Take what stands before the next five dashes. Returns 0 without dashes. */
static int take_until_dashes(kess_slice *text, kess_slice *taken)
{
    const size_t at = find_dashes(*text);
    if (at == text->len) {
        return 0;
    }
    taken->data = text->data;
    taken->len = at;
    advance(text, at);
    return 1;
}

static int take(kess_slice *text, const uint8_t *word, size_t len)
{
    if (!starts_with(*text, word, len)) {
        return 0;
    }
    advance(text, len);
    return 1;
}

/* Decode base64 in its own place, which is in the working copy. Returns an
 * empty slice where it is none. */
static kess_slice decode(kess_container *container, kess_slice body)
{
    uint8_t *text =
        container->text.data + (body.data - container->text.data);
    const size_t text_len = remove_space(text, body.len);
    const size_t len = kess_int_base64_decoded_len(text, text_len);
    kess_slice der = {text, 0};

    if (len != SIZE_MAX &&
        kess_int_base64_decode(text, len, text, text_len) == KESS_OK) {
        der.len = len;
    }
    return der;
}

/* Take the rest of a block, after "-----BEGIN ". */
static scan take_block(kess_container *container, kess_slice *text,
                       block *found)
{
    kess_slice label = {NULL, 0};
    kess_slice body = {NULL, 0};

    if (!take_until_dashes(text, &label) || !is_label(label)) {
        return SCAN_BROKEN;
    }
    advance(text, sizeof(DASHES) - 1);
    if (!take_until_dashes(text, &body) || !take(text, LITERAL(END)) ||
        !take(text, label.data, label.len) || !take(text, LITERAL(DASHES))) {
        return SCAN_BROKEN;
    }
    const kess_container_kind labelled = kind_of_label(label, body);
    found->der = decode(container, body);
    if (kess_int_slice_equal(label, TRUSTED, sizeof(TRUSTED) - 1)) {
        found->der = first_element(found->der);
    }
    found->kind = kind_of_block(label, labelled, found->der);
    return SCAN_BLOCK;
}

/* Take the text up to the end of the next block. */
static scan next_block(kess_container *container, kess_slice *text,
                       block *found)
{
    kess_slice skipped = {NULL, 0};

    while (take_until_dashes(text, &skipped)) {
        if (take(text, LITERAL(BEGIN))) {
            return take_block(container, text, found);
        }
        if (starts_with(*text, LITERAL(END))) {
            return SCAN_BROKEN;
        }
        advance(text, 1);
    }
    return SCAN_END;
}

/* Returns 0 where the framing is broken anywhere in the file. */
static int count_blocks(tally *seen, kess_container *container,
                        kess_slice text, int want_private)
{
    block found = {KESS_KIND_UNKNOWN, {NULL, 0}};
    scan result = next_block(container, &text, &found);

    memset(seen, 0, sizeof(*seen));
    for (; result == SCAN_BLOCK;
         result = next_block(container, &text, &found)) {
        if (seen->blocks++ == 0) {
            seen->first = found;
        }
        if (kess_int_kind_is_secret(found.kind) && seen->secrets++ == 0) {
            seen->first_secret = found;
        }
        if (kess_int_kind_has(found.kind, want_private) &&
            seen->wanted++ == 0) {
            seen->first_wanted = found;
        }
        seen->certificates += found.kind == KESS_KIND_CERTIFICATE;
    }
    return result == SCAN_END;
}

/* A chain begins with the certificate of the key (RFC 8446, 4.4.2), which is
 * also the one that OpenSSL takes. */
static int is_chain(const tally *seen)
{
    return seen->certificates == seen->wanted;
}

/* Choose the block to read. */
static kess_status choose(block *chosen, const tally *seen, int want_private,
                          kess_error *err)
{
    if (!want_private && seen->secrets > 0) {
        return kess_int_kind_judge(seen->first_secret.kind, 0, err);
    }
    if (seen->wanted == 0) {
        return kess_int_kind_refuse(err, KESS_ERR_KEY_KIND, seen->first.kind);
    }
    if (seen->wanted > 1 && (want_private || !is_chain(seen))) {
        return kess_int_refuse(err, KESS_ERR_KEY_AMBIGUOUS,
                               KESS_FOUND_NOTHING);
    }
    *chosen = seen->first_wanted;
    return kess_int_kind_judge(chosen->kind, want_private, err);
}

/* ------------------------------------------------------------ text */

/* Keep what a PEM file is written with: printable ASCII and blanks. What else
 * a text may hold is no part of a key (RFC 7468, 2: "whitespace and other
 * non-base64 characters" are ignored): marks of byte order, the zeros of
 * UTF-16, spaces of no width. Out may be the text itself. */
static size_t keep_ascii(uint8_t *out, kess_slice text)
{
    size_t len = 0;

    while (text.len > 0) {
        if (take(&text, LITERAL(NO_BREAK_SPACE))) {
            out[len++] = ' ';
            continue;
        }
        const uint8_t byte = text.data[0];
        if (is_space(byte) || (byte >= 0x20 && byte <= 0x7e)) {
            out[len++] = byte;
        }
        advance(&text, 1);
    }
    return len;
}

/* Write "\n", "\r" and "\t", written as two characters, as line feeds: so they
 * come out of environment variables. A backslash is never base64, hence nothing
 * is lost; another one escapes "/" in JSON, or ends a line in a shell. */
static size_t unescape(uint8_t *text, size_t len)
{
    kess_slice rest = {text, len};
    size_t kept = 0;

    while (rest.len > 0) {
        if (starts_with(rest, LITERAL("\\n")) ||
            starts_with(rest, LITERAL("\\r")) ||
            starts_with(rest, LITERAL("\\t"))) {
            text[kept++] = '\n';
            advance(&rest, 2);
            continue;
        }
        if (rest.data[0] != '\\') {
            text[kept++] = rest.data[0];
        }
        advance(&rest, 1);
    }
    return kept;
}

static int is_openssh_public(kess_slice text)
{
    text = without_leading_space(text);
    return starts_with(text, LITERAL("ssh-")) ||
           starts_with(text, LITERAL("ecdsa-sha2-"));
}

static kess_status open_blocks(kess_container *container, const tally *seen,
                               int want_private, kess_error *err)
{
    block chosen = {KESS_KIND_UNKNOWN, {NULL, 0}};
    const kess_status status = choose(&chosen, seen, want_private, err);

    if (status != KESS_OK) {
        return status;
    }
    container->der = chosen.der;
    return KESS_OK;
}

/* Base64 may hold DER, or a whole PEM file once more (Kubernetes, variables of
 * one line). */
static kess_status open_base64(kess_container *container, kess_slice text,
                               int want_private, kess_error *err)
{
    tally seen;

    container->der = decode(container, text);
    if (is_der(container->der)) {
        return KESS_OK;
    }
    uint8_t *inner = container->text.data + (text.data - container->text.data);
    text.len = unescape(inner, keep_ascii(inner, container->der));
    if (!count_blocks(&seen, container, text, want_private) || seen.blocks == 0) {
        return kess_int_refuse(err, KESS_ERR_KEY_FORMAT, KESS_FOUND_NOTHING);
    }
    return open_blocks(container, &seen, want_private, err);
}

static kess_status open_text(kess_container *container, kess_slice text,
                             int want_private, kess_error *err)
{
    tally seen;

    if (!count_blocks(&seen, container, text, want_private)) {
        return kess_int_refuse(err, KESS_ERR_KEY_FORMAT, KESS_FOUND_NOTHING);
    }
    if (seen.blocks > 0) {
        return open_blocks(container, &seen, want_private, err);
    }
    if (is_openssh_public(text)) {
        return kess_int_refuse(err, KESS_ERR_KEY_KIND,
                               KESS_FOUND_OPENSSH_KEY);
    }
    return open_base64(container, text, want_private, err);
}

kess_status kess_int_container_open(kess_container *container,
                                    const uint8_t *data, size_t len,
                                    int want_private, kess_error *err)
{
    const kess_slice input = {data, len};

    memset(container, 0, sizeof(*container));
    if (len == 0 || len > KESS_KEY_FILE_MAX) {
        return kess_int_refuse(err, KESS_ERR_KEY_FORMAT, KESS_FOUND_NOTHING);
    }
    if (is_der(input)) {
        container->der = input;
        return KESS_OK;
    }
    container->text.data = KESS_MALLOC(len);
    if (container->text.data == NULL) {
        return kess_int_refuse(err, KESS_ERR_MEMORY, KESS_FOUND_NOTHING);
    }
    container->text.len = len;
    memset(container->text.data, 0, len);
    const kess_slice text = {
        container->text.data,
        unescape(container->text.data,
                 keep_ascii(container->text.data, input))};
    return open_text(container, text, want_private, err);
}

void kess_int_container_release(kess_container *container)
{
    kess_int_secret_free(&container->text);
}

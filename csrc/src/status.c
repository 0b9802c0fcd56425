/*
 * status.c: status values in words.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "internal.h"

kess_status kess_int_fail(kess_error *err, kess_status status, uint64_t pos)
{
    if (err != NULL) {
        err->status = (int32_t)status;
        err->item = 0;
        err->pos = pos;
    }
    return status;
}

kess_status kess_int_ok(kess_error *err)
{
    return kess_int_fail(err, KESS_OK, 0);
}

typedef struct status_text {
    int status;
    const char *name;
    const char *message;
} status_text;

#define STATUS(name, message) {name, #name, message}

static const status_text status_texts[] = {
    STATUS(KESS_OK, "success"),
    STATUS(KESS_ERR_ARGUMENT, "an argument cannot be used"),
    STATUS(KESS_ERR_BUFFER, "the output buffer is too small"),
    STATUS(KESS_ERR_LENGTH, "an input is too long to be processed"),
    STATUS(KESS_ERR_MEMORY, "out of memory"),
    STATUS(KESS_ERR_CRYPTO, "libcrypto failed: a provider is missing, or its "
                            "configuration forbids what is needed"),
    STATUS(KESS_ERR_FILE, "the key file cannot be read"),
    STATUS(KESS_ERR_SYNTAX, "the text is not JSON (RFC 8259)"),
    STATUS(KESS_ERR_UTF8, "malformed UTF-8"),
    STATUS(KESS_ERR_CONTROL, "a raw control character in a string"),
    STATUS(KESS_ERR_ESCAPE, "an unknown or incomplete escape"),
    STATUS(KESS_ERR_SURROGATE, "an unpaired UTF-16 surrogate"),
    STATUS(KESS_ERR_DEPTH, "too many nested containers"),
    STATUS(KESS_ERR_TOP_LEVEL,
           "the top level is neither an object nor an array"),
    STATUS(KESS_ERR_INFINITE, "a number that is not finite"),
    STATUS(KESS_ERR_DUPLICATE, "a key occurs twice"),
    STATUS(KESS_ERR_NOT_OBJECT, "the top level is not an object"),
    STATUS(KESS_ERR_NOT_STABLE, "a server that decodes the body would "
                                "canonicalize it to other bytes"),
    STATUS(KESS_ERR_SIGN_PRESENT,
           "the parameters already hold \"sign\", or a \"sign_type\" other "
           "than \"RSA2\""),
    STATUS(KESS_ERR_ORDER,
           "many keys at the top level, some of which begin like numbers"),
    STATUS(KESS_ERR_KEY_FORMAT, "no key was found in any known format"),
    STATUS(KESS_ERR_KEY_KIND,
           "something other than the needed key was found"),
    STATUS(KESS_ERR_KEY_AMBIGUOUS, "more than one key was found"),
    STATUS(KESS_ERR_KEY_SECRET,
           "a private key was found where a public key is needed"),
    STATUS(KESS_ERR_KEY_PASSWORD,
           "the private key is encrypted and the password is missing or "
           "wrong"),
    STATUS(KESS_ERR_KEY_ALGORITHM, "not an RSA key"),
    STATUS(KESS_ERR_KEY_SIZE, "the modulus must have 2048 to 8192 bits"),
    STATUS(KESS_ERR_KEY_MODULUS, "the modulus is even"),
    STATUS(KESS_ERR_KEY_EXPONENT,
           "the public exponent must be odd, from 65537 up to 256 bits"),
    STATUS(KESS_ERR_KEY_INCONSISTENT,
           "the parts of the private key do not belong together"),
    STATUS(KESS_ERR_SIGNATURE,
           "the signature does not fit the canonical bytes and the key"),
    STATUS(KESS_ERR_SIGN_MISSING, "the document has no \"sign\""),
    STATUS(KESS_ERR_SIGN_NOT_STRING, "\"sign\" is not a string"),
    STATUS(KESS_ERR_SIGN_BASE64, "\"sign\" is not strict padded base64"),
    STATUS(KESS_ERR_SIGN_LENGTH,
           "\"sign\" is not exactly as long as the modulus"),
    STATUS(KESS_ERR_SIGN_TYPE, "\"sign_type\" is neither absent nor \"RSA2\""),
};

#define STATUS_COUNT (sizeof status_texts / sizeof status_texts[0])

static const status_text *find_status(int status)
{
    for (size_t i = 0; i < STATUS_COUNT; i++) {
        if (status_texts[i].status == status) {
            return &status_texts[i];
        }
    }
    return NULL;
}

const char *kess_status_message(int status)
{
    const status_text *text = find_status(status);
    return text != NULL ? text->message : "an unknown status";
}

const char *kess_status_name(int status)
{
    const status_text *text = find_status(status);
    return text != NULL ? text->name : "KESS_ERR_UNKNOWN";
}

static const char *const found_texts[] = {
    "nothing that could be a key",
    "a private key",
    "an encrypted private key",
    "a public key",
    "an X.509 certificate",
    "an EC key",
    "an Edwards or Montgomery curve key",
    "a DSA key",
    "a Diffie-Hellman key",
    "an RSA-PSS key",
    "a key of another algorithm",
    "a certificate request",
    "an OpenSSH key",
    "a private key in OpenSSL's old encrypted form",
    "a PEM block that is no key",
    "a PKCS#12 file",
};

const char *kess_found_message(int found)
{
    const int count = (int)(sizeof found_texts / sizeof found_texts[0]);
    if (found < 0 || found >= count) {
        return found_texts[KESS_FOUND_NOTHING];
    }
    return found_texts[found];
}

#define TEXT_OF(token) #token
#define VERSION_TEXT(major, minor, patch)                                     \
    TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)

const char *kess_version(void)
{
    return VERSION_TEXT(KESS_VERSION_MAJOR, KESS_VERSION_MINOR,
                        KESS_VERSION_PATCH);
}

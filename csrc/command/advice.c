/*
 * advice.c: what a status means for the money, and what to do.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "advice.h"

#include <stdlib.h>
#include <string.h>

#include "kess.h"

#define THE_TEXT "check that the input is the JSON text, byte for byte"
#define THE_PROGRAM "correct the program that calls the library"
#define NOT_THE_GATEWAY                                                       \
    "read nothing from it; compare the gateway key with that of KESS, and the " \
    "bytes with those that were received"

const advice all_advice[] = {
    {KESS_OK, ""},
    {KESS_ERR_ARGUMENT, THE_PROGRAM},
    {KESS_ERR_BUFFER, "call again with the room that the output length asks for"},
    {KESS_ERR_LENGTH, "give a shorter text"},
    {KESS_ERR_MEMORY, "free some memory, and try again"},
    {KESS_ERR_CRYPTO, "look at OPENSSL_CONF and at: openssl list -providers"},
    {KESS_ERR_FILE, "check the path and the permissions"},
    {KESS_ERR_SYNTAX, THE_TEXT},
    {KESS_ERR_UTF8, THE_TEXT},
    {KESS_ERR_CONTROL, THE_TEXT},
    {KESS_ERR_ESCAPE, THE_TEXT},
    {KESS_ERR_SURROGATE, THE_TEXT},
    {KESS_ERR_DEPTH, THE_TEXT},
    {KESS_ERR_TOP_LEVEL, THE_TEXT},
    {KESS_ERR_INFINITE, "give a number within the range of a double"},
    {KESS_ERR_DUPLICATE, "remove one of the two members"},
    {KESS_ERR_NOT_OBJECT, "give a JSON object"},
    {KESS_ERR_NOT_STABLE, "change the value; a gateway would read it differently"},
    {KESS_ERR_SIGN_PRESENT, "remove \"sign\" and \"sign_type\"; they are added "
                            "when signing"},
    {KESS_ERR_ORDER, "no honest message has this form; do not use it"},
    {KESS_ERR_KEY_FORMAT, "give a PEM or DER file with an RSA key"},
    {KESS_ERR_KEY_KIND, "give the other file, or swap the arguments"},
    {KESS_ERR_KEY_AMBIGUOUS, "give a file with one key"},
    {KESS_ERR_KEY_SECRET, "never hand out this file; make a public one with: "
                          "openssl pkey -pubout"},
    {KESS_ERR_KEY_PASSWORD,
     "give the password with --password-file or --password-env"},
    {KESS_ERR_KEY_ALGORITHM, "give an RSA key; openssl genrsa 2048 makes one"},
    {KESS_ERR_KEY_SIZE, "make a key of 2048 bits or more: openssl genrsa 2048"},
    {KESS_ERR_KEY_MODULUS, "this key cannot be used; make another one"},
    {KESS_ERR_KEY_EXPONENT,
     "make a key with the exponent 65537, as openssl genrsa does"},
    {KESS_ERR_KEY_INCONSISTENT,
     "restore the key from a backup, or make another one"},
    {KESS_ERR_SIGNATURE, NOT_THE_GATEWAY},
    {KESS_ERR_SIGN_MISSING, NOT_THE_GATEWAY},
    {KESS_ERR_SIGN_NOT_STRING, NOT_THE_GATEWAY},
    {KESS_ERR_SIGN_BASE64, NOT_THE_GATEWAY},
    {KESS_ERR_SIGN_LENGTH, NOT_THE_GATEWAY},
    {KESS_ERR_SIGN_TYPE, NOT_THE_GATEWAY},
};

const size_t advice_count = sizeof(all_advice) / sizeof(all_advice[0]);

const char *advice_next(int status)
{
    for (size_t i = 0; i < advice_count; i++) {
        if (all_advice[i].status == status) {
            return all_advice[i].next;
        }
    }
    return "";
}

const char *advice_money_signing(int status)
{
    if (status == KESS_OK) {
        return "the request is signed; no money moves before it is sent";
    }
    return "nothing was signed, so nothing can have been sent: no money moved";
}

const char *advice_money_verifying(int status)
{
    if (status == KESS_OK) {
        return "the answer is authentic; compare reference, receiver, amount and "
               "currency with the request, then believe what it says";
    }
    if (status < KESS_ERR_SYNTAX || (status >= KESS_ERR_KEY_FORMAT &&
                                     status < KESS_ERR_SIGNATURE)) {
        return "the answer was not checked, so it is neither paid nor failed: "
               "verify it again, or query; do not refund, and do not create "
               "another transfer";
    }
    return "the answer is not authentic, so it proves nothing: the request may "
           "have been carried out; query; do not refund, and do not create "
           "another transfer";
}

/* ------------------------------------------------------------ names */

static int in_capitals(int letter)
{
    return letter >= 'a' && letter <= 'z' ? letter - 'a' + 'A' : letter;
}

static int is_same(const char *name, const char *word)
{
    while (*name != '\0' && *name == in_capitals(*word)) {
        name++;
        word++;
    }
    return *name == '\0' && *word == '\0';
}

static int is_named(int status, const char *word)
{
    static const char *const prefixes[] = {"KESS_ERR_KEY_", "KESS_ERR_",
                                           "KESS_"};
    const char *name = kess_status_name(status);
    int is_it = is_same(name, word);

    for (size_t i = 0; i < 3; i++) {
        const size_t len = strlen(prefixes[i]);
        if (strncmp(name, prefixes[i], len) == 0) {
            is_it = is_it || is_same(name + len, word);
        }
    }
    return is_it;
}

int advice_find(const char *word)
{
    char *end;
    const long number = strtol(word, &end, 10);
    /* What the Python package calls it. */
    const char *name = is_same("MISMATCH", word) ? "SIGNATURE" : word;

    for (size_t i = 0; i < advice_count; i++) {
        const int status = all_advice[i].status;
        if (end != word && *end == '\0' ? number == status
                                        : is_named(status, name)) {
            return status;
        }
    }
    return -1;
}

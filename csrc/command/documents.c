/*
 * documents.c: kess canon, sign and verify.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A result is complete before the first byte of it is written.
 */
#include "documents.h"

#include <stdlib.h>
#include <string.h>

#include "advice.h"
#include "exits.h"
#include "input.h"
#include "output.h"
#include "say.h"

/* ------------------------------------------------------------ refusals */

static int has_position(int status)
{
    return status >= KESS_ERR_SYNTAX && status < KESS_ERR_KEY_FORMAT &&
           status != KESS_ERR_SIGN_PRESENT;
}

/* Say why a document was refused. */
static void say_refused(const kess_error *err, const char *next)
{
    const char *message = kess_status_message(err->status);

    if (has_position(err->status)) {
        say("%s at byte %llu; %s", message, (unsigned long long)err->pos, next);
    } else {
        say("%s; %s", message, next);
    }
}

static int refuse(const kess_error *err)
{
    say_refused(err, advice_next(err->status));
    return EXIT_USAGE;
}

/* What is needed in place of what was found, where that says it all; or NULL. */
static const char *place_of(const kess_error *err, const char *needed)
{
    if (err->status == KESS_ERR_KEY_ALGORITHM) {
        return "an RSA key";
    }
    return err->status == KESS_ERR_KEY_KIND ||
                   err->status == KESS_ERR_KEY_SECRET
               ? needed
               : NULL;
}

static int refuse_key(const char *path, const char *needed,
                      const kess_error *err)
{
    char shown[SHOWN_MAX];
    const char *file = is_stdin(path) ? "-" : shown_path(shown, path);
    const char *place = place_of(err, needed);

    if (place != NULL) {
        return say_usage("the key file %s: found %s where %s is needed; %s",
                         file, kess_found_message(err->item), place,
                         advice_next(err->status));
    }
    return say_usage("the key file %s: %s; %s", file,
                     kess_status_message(err->status),
                     advice_next(err->status));
}

/* ------------------------------------------------------------ outputs */

/* What a function of the library writes, with its arguments. */
typedef struct work {
    kess_status (*write)(struct work *w, uint8_t *out, size_t *len,
                         kess_error *err);
    const kess_key *key;
    const input *text;
    const kess_options *options;
} work;

static kess_status write_canonical(work *w, uint8_t *out, size_t *len,
                                   kess_error *err)
{
    return kess_canonicalize(out, len, w->text->data, w->text->len, w->options,
                             err);
}

static kess_status write_sign(work *w, uint8_t *out, size_t *len,
                              kess_error *err)
{
    const kess_status status =
        kess_sign_document(w->key, (char *)out, len, w->text->data,
                           w->text->len, w->options, err);
    if (status == KESS_OK) {
        out[(*len)++] = '\n'; /* the room has one byte more */
    }
    return status;
}

static kess_status write_body(work *w, uint8_t *out, size_t *len,
                              kess_error *err)
{
    return kess_signed_body(w->key, out, len, w->text->data, w->text->len,
                            w->options, err);
}

static kess_status write_verified(work *w, uint8_t *out, size_t *len,
                                  kess_error *err)
{
    return kess_verify_document(w->key, out, len, w->text->data, w->text->len,
                                w->options, err);
}

/* Let a function write; made has its output where it returns KESS_OK. */
static kess_status produce(work *w, input *made, kess_error *err)
{
    kess_status status = KESS_ERR_BUFFER;

    *made = (input){NULL, 0, 0};
    /* Most outputs are about as long as the text. */
    for (size_t room = w->text->len + 1024; status == KESS_ERR_BUFFER;
         room = made->len) {
        free(made->data);
        *made = (input){malloc(room + 1), room, 0};
        *err = (kess_error){KESS_ERR_MEMORY, 0, 0};
        status = made->data == NULL
                     ? KESS_ERR_MEMORY
                     : w->write(w, made->data, &made->len, err);
    }
    return status;
}

/* Produce and print. */
static int run(work *w)
{
    input made;
    kess_error err;
    const kess_status status = produce(w, &made, &err);
    const int code =
        status == KESS_OK ? output_put(made.data, made.len) : refuse(&err);

    free(made.data);
    return code;
}

/* ------------------------------------------------------------ canon */

int canon(const options *o)
{
    input text;
    int code = input_read(&text, o->file, DOCUMENT_MAX);

    if (code == EXIT_DONE) {
        work w = {write_canonical, NULL, &text, &o->kess};
        code = run(&w);
    }
    input_free(&text);
    return code;
}

/* ------------------------------------------------------------ sign */

/* Load a key; of "-" from standard input. */
static int load_private(kess_key **key, const options *o)
{
    const char *path = o->keys[0];
    input password, data = {NULL, 0, 0};
    kess_error err;
    kess_status status = KESS_OK;
    int code = input_read_password(&password, o->password_file,
                                   o->password_env);

    if (code == EXIT_DONE && is_stdin(path)) {
        code = input_read(&data, path, SECRET_MAX);
    }
    if (code == EXIT_DONE) {
        const char *secret = (const char *)password.data;
        status = is_stdin(path)
                     ? kess_private_key_load(key, data.data, data.len, secret,
                                             password.len, 0, &err)
                     : kess_private_key_load_file(key, path, secret,
                                                  password.len, 0, &err);
        code = status == KESS_OK ? EXIT_DONE
                                 : refuse_key(path, "a private key", &err);
    }
    input_free(&data);
    input_free(&password);
    return code;
}

/* Whether a text may hold parameters. A key that occurs twice would give a body
 * with one of the two. Only verifying looks for it, and finds it before it misses
 * a signature. */
static int may_be_signed(work *w, kess_error *err)
{
    work asked = {write_verified, w->key, w->text, w->options};
    input made;
    const kess_status status = produce(&asked, &made, err);

    free(made.data);
    /* Many keys are costly to verify, and no mistake. */
    return status == KESS_OK || status == KESS_ERR_ORDER ||
           status >= KESS_ERR_SIGNATURE;
}

static int sign_with(const kess_key *key, const input *text, const options *o)
{
    kess_error err;
    /* What json_decode accepts, since the text is JSON. */
    const kess_options how = {o->kess.profile, KESS_DEPTH_DECODE};
    work w = {o->is_body ? write_body : write_sign, key, text, &how};

    return o->is_body && !may_be_signed(&w, &err) ? refuse(&err) : run(&w);
}

int sign(const options *o)
{
    kess_key *key = NULL;
    input text;
    int code = input_read(&text, o->file, DOCUMENT_MAX);

    if (code == EXIT_DONE) {
        code = load_private(&key, o);
    }
    if (code == EXIT_DONE) {
        code = sign_with(key, &text, o);
    }
    kess_key_free(key);
    input_free(&text);
    return code;
}

/* ------------------------------------------------------------ verify */

static int load_public(kess_key **key, const char *path)
{
    input data = {NULL, 0, 0};
    kess_error err;
    kess_status status;

    if (!is_stdin(path)) {
        status = kess_public_key_load_file(key, path, 0, &err);
    } else {
        const int code = input_read(&data, path, SECRET_MAX);
        if (code != EXIT_DONE) {
            input_free(&data);
            return code;
        }
        status = kess_public_key_load(key, data.data, data.len, 0, &err);
    }
    input_free(&data);
    return status == KESS_OK ? EXIT_DONE
                             : refuse_key(path, "a public key", &err);
}

/* Whether another key of a ring may say otherwise. */
static int is_of_the_key(kess_status status)
{
    return status == KESS_ERR_SIGNATURE || status == KESS_ERR_SIGN_LENGTH;
}

/* The verdict of a ring: the first key that verifies. "Wrong length" is the word
 * only where the signature fits none of the keys. */
static kess_status verify_with_ring(kess_key *const *keys, size_t count,
                                    const input *text, const options *o,
                                    input *made, kess_error *err)
{
    kess_status worst = KESS_ERR_SIGN_LENGTH;

    for (size_t i = 0; i < count; i++) {
        work w = {write_verified, keys[i], text, &o->kess};
        const kess_status status = produce(&w, made, err);
        if (!is_of_the_key(status)) {
            return status;
        }
        free(made->data);
        made->data = NULL;
        worst = status == KESS_ERR_SIGNATURE ? status : worst;
    }
    err->status = (int32_t)worst;
    return worst;
}

static int verify_with(kess_key *const *keys, size_t count, const input *text,
                       const options *o)
{
    static const char next[] =
        "read nothing from it, it proves nothing; kess explain status says what "
        "that means for the money";
    input made;
    kess_error err;
    const kess_status status =
        verify_with_ring(keys, count, text, o, &made, &err);
    int code = EXIT_DONE;

    if (status == KESS_OK) {
        code = o->is_quiet ? EXIT_DONE : output_put(made.data, made.len);
    } else {
        say_refused(&err, next);
        /* Below 200 nothing was checked. */
        code = status < KESS_ERR_SYNTAX ? EXIT_USAGE : EXIT_NOT_AUTHENTIC;
    }
    free(made.data);
    return code;
}

int verify(const options *o)
{
    kess_key *keys[KEYS_MAX] = {NULL};
    input text = {NULL, 0, 0};
    int code = EXIT_DONE;

    for (size_t i = 0; i < o->key_count && code == EXIT_DONE; i++) {
        code = load_public(&keys[i], o->keys[i]);
    }
    if (code == EXIT_DONE) {
        code = input_read(&text, o->file, DOCUMENT_MAX);
    }
    if (code == EXIT_DONE) {
        code = verify_with(keys, o->key_count, &text, o);
    }
    for (size_t i = 0; i < o->key_count; i++) {
        kess_key_free(keys[i]);
    }
    input_free(&text);
    return code;
}

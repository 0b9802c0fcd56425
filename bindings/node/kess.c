/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * libkess for Node, in Node-API 8. This file translates and does nothing else;
 * index.js checks the arguments, holds the classes and makes the errors.
 *
 * Nothing is static but constants, so that every worker thread has its own
 * instance of the addon.
 *
 * A function that fails writes its reason to "report", a Float64Array:
 * status, item, position, room.
 */
#include <kess.h>

#include <node_api.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#if KESS_VERSION_MAJOR == 0 && KESS_VERSION_MINOR < 1
#error "kess.h of version 0.1 or later is needed"
#endif

/* About what a key takes outside the heap of V8. */
#define KEY_MEMORY 8192

enum operation { CANONICALIZE, SIGNED_BODY, SIGN_DOCUMENT, VERIFY_DOCUMENT };

/*
 * A key, and how many asynchronous works use it. V8 may collect the object, or
 * its environment may end, while a work runs in another thread: the last user
 * frees the key. The counter is touched in the JavaScript thread only.
 */
typedef struct {
    kess_key *key;
    size_t users;
} holder;

static const napi_type_tag key_tag = {UINT64_C(0x6b6573732d6b6579),
                                      UINT64_C(0x9d1f4b0a7c2e4836)};

static void release(holder *held)
{
    if (held != NULL && --held->users == 0) {
        kess_key_free(held->key);
        free(held);
    }
}

static napi_value number(napi_env env, double value)
{
    napi_value result = NULL;

    (void)napi_create_double(env, value, &result);
    return result;
}

/* ------------------------------------------------------------- arguments */

/* Reads count arguments; false with a pending exception. */
static bool arguments(napi_env env, napi_callback_info info, napi_value *values,
                      size_t count)
{
    size_t given = count;

    if (napi_get_cb_info(env, info, &given, values, NULL, NULL) == napi_ok
        && given == count) {
        return true;
    }
    (void)napi_throw_type_error(env, NULL, "wrong number of arguments");
    return false;
}

/* The bytes of a Buffer or another view; false with a pending exception. */
static bool bytes(napi_env env, napi_value value, uint8_t **data, size_t *len)
{
    bool is_buffer = false;
    void *start = NULL;

    if (napi_is_buffer(env, value, &is_buffer) == napi_ok && is_buffer
        && napi_get_buffer_info(env, value, &start, len) == napi_ok) {
        *data = start;
        return true;
    }
    (void)napi_throw_type_error(env, NULL, "a Buffer is needed");
    return false;
}

static bool integer(napi_env env, napi_value value, uint32_t *result)
{
    if (napi_get_value_uint32(env, value, result) == napi_ok) {
        return true;
    }
    (void)napi_throw_type_error(env, NULL, "a number is needed");
    return false;
}

/* The key of an object that this addon made; NULL is allowed for operations
 * that need none. The tag keeps objects of other addons out. */
static bool key_of(napi_env env, napi_value value, bool optional, holder **held)
{
    napi_valuetype type = napi_undefined;
    bool tagged = false;
    void *data = NULL;

    *held = NULL;
    if (napi_typeof(env, value, &type) == napi_ok) {
        if (optional && type == napi_null) {
            return true;
        }
        if (type == napi_object
            && napi_check_object_type_tag(env, value, &key_tag, &tagged)
                   == napi_ok
            && tagged && napi_unwrap(env, value, &data) == napi_ok) {
            *held = data;
            return true;
        }
    }
    (void)napi_throw_type_error(env, NULL, "a key of kess is needed");
    return false;
}

/* Writes why a call failed; false with a pending exception. */
static bool report_error(napi_env env, napi_value report, const kess_error *err,
                         size_t room)
{
    double *row = NULL;
    uint8_t *data = NULL;
    size_t len = 0;

    if (!bytes(env, report, &data, &len)) {
        return false;
    }
    if (len < 4 * sizeof *row) {
        (void)napi_throw_type_error(env, NULL, "a report of four is needed");
        return false;
    }
    row = (double *)(void *)data;
    row[0] = err->status;
    row[1] = err->item;
    row[2] = (double)err->pos;
    row[3] = (double)room;
    return true;
}

/* ------------------------------------------------------------- documents */

/* Room for what an operation writes for a text of len bytes. */
static size_t room_for(uint32_t operation, const holder *held, size_t len,
                       const kess_options *options)
{
    size_t bound = kess_canonical_bound_for(len, options);
    size_t more = 64;

    if (operation == SIGNED_BODY || operation == SIGN_DOCUMENT) {
        more += (kess_key_size(held->key) + 2) / 3 * 4;
    }
    return bound > SIZE_MAX - more ? SIZE_MAX : bound + more;
}

static kess_status run(uint32_t operation, const holder *held, uint8_t *out,
                       size_t *out_len, const uint8_t *text, size_t text_len,
                       const kess_options *options, kess_error *err)
{
    switch (operation) {
    case CANONICALIZE:
        return kess_canonicalize(out, out_len, text, text_len, options, err);
    case SIGNED_BODY:
        return kess_signed_body(held->key, out, out_len, text, text_len,
                                options, err);
    case SIGN_DOCUMENT:
        return kess_sign_document(held->key, (char *)out, out_len, text,
                                  text_len, options, err);
    case VERIFY_DOCUMENT:
        return kess_verify_document(held->key, out, out_len, text, text_len,
                                    options, err);
    default:
        memset(err, 0, sizeof *err);
        err->status = KESS_ERR_ARGUMENT;
        return KESS_ERR_ARGUMENT;
    }
}

/*
 * call(operation, key, out, text, profile, maxDepth, report): the number of
 * bytes written to out, or -1. A call whose room is too little signs and
 * verifies nothing: report names the room.
 */
static napi_value call(napi_env env, napi_callback_info info)
{
    napi_value values[7];
    uint32_t operation = 0;
    holder *held = NULL;
    uint8_t *out = NULL, *text = NULL;
    size_t out_len = 0, text_len = 0, room;
    kess_options options = {0, 0};
    kess_error err = {KESS_ERR_BUFFER, 0, 0};
    kess_status status = KESS_ERR_BUFFER;

    if (!arguments(env, info, values, 7)
        || !integer(env, values[0], &operation)
        || !key_of(env, values[1], operation == CANONICALIZE, &held)
        || !bytes(env, values[2], &out, &out_len)
        || !bytes(env, values[3], &text, &text_len)
        || !integer(env, values[4], &options.profile)
        || !integer(env, values[5], &options.max_depth)) {
        return NULL;
    }
    room = room_for(operation, held, text_len, &options);
    if (out_len >= room) {
        status = run(operation, held, out, &out_len, text, text_len, &options,
                     &err);
    }
    if (status == KESS_OK) {
        return number(env, (double)out_len);
    }
    return report_error(env, values[6], &err, room) ? number(env, -1) : NULL;
}

/* ------------------------------------------------------------- batches */

/* An operation on count texts in a thread of the pool. The texts are copied:
 * JavaScript may change its own while the thread reads. */
typedef struct {
    napi_async_work work;
    napi_deferred deferred;
    holder *held;
    uint32_t operation;
    kess_options options;
    size_t count;
    double *rows;  /* status, item, position, end of the output: four a text */
    double *ends;  /* the end of each text */
    uint8_t *texts;
    uint8_t *out;
    size_t out_len;
} job;

static void free_job(napi_env env, job *task)
{
    if (task->work != NULL) {
        (void)napi_delete_async_work(env, task->work);
    }
    release(task->held);
    free(task->rows);
    free(task->ends);
    free(task->texts);
    free(task->out);
    free(task);
}

static kess_status run_one(job *task, const uint8_t *text, size_t text_len,
                           kess_error *err)
{
    size_t len = room_for(task->operation, task->held, text_len,
                          &task->options);
    uint8_t *out = NULL;
    kess_status status = KESS_ERR_MEMORY;

    if (len <= SIZE_MAX - task->out_len) {
        out = realloc(task->out, task->out_len + len);
    }
    if (out == NULL) {
        err->status = status;
        return status;
    }
    task->out = out;
    status = run(task->operation, task->held, out + task->out_len, &len, text,
                 text_len, &task->options, err);
    if (status == KESS_OK) {
        task->out_len += len;
    }
    return status;
}

static void execute(napi_env env, void *data)
{
    job *task = data;
    size_t start = 0;

    (void)env;
    for (size_t i = 0; i < task->count; i++) {
        kess_error err = {0, 0, 0};
        size_t end = (size_t)task->ends[i];
        double *row = task->rows + 4 * i;

        row[0] = run_one(task, task->texts + start, end - start, &err);
        row[1] = err.item;
        row[2] = (double)err.pos;
        row[3] = (double)task->out_len;
        start = end;
    }
}

/* The promise gets [outputs, rows]. Where the environment ends, it gets
 * nothing, and what the work held is released all the same. */
static void complete(napi_env env, napi_status done, void *data)
{
    job *task = data;
    napi_value result = NULL, part = NULL, message = NULL;
    size_t size = 4 * task->count * sizeof *task->rows;
    void *to = NULL;

    /* One buffer, since a second one would cost as much as the whole rest. */
    if (done == napi_ok
        && napi_create_buffer(env, size + task->out_len, &to, &result) == napi_ok) {
        memcpy(to, task->rows, size);
        if (task->out_len > 0)
            memcpy((uint8_t *)to + size, task->out, task->out_len);
        (void)napi_resolve_deferred(env, task->deferred, result);
    } else if (napi_create_string_utf8(env, "the work was cancelled or has no memory",
                                       NAPI_AUTO_LENGTH, &message) == napi_ok
               && napi_create_error(env, NULL, message, &part) == napi_ok) {
        (void)napi_reject_deferred(env, task->deferred, part);
    }
    free_job(env, task);
}

static void *copied(const void *data, size_t size)
{
    void *copy = malloc(size > 0 ? size : 1);

    if (copy != NULL && size > 0) {
        memcpy(copy, data, size);
    }
    return copy;
}

/* The ends ascend and the last is the length of the texts. */
static bool ends_fit(const double *ends, size_t count, size_t len)
{
    double before = 0;

    for (size_t i = 0; i < count; i++) {
        if (!(ends[i] >= before) || ends[i] > (double)len
            || (double)(size_t)ends[i] != ends[i]) {
            return false;
        }
        before = ends[i];
    }
    return before == (double)len;
}

/* start(operation, key, texts, ends, profile, maxDepth): a promise. */
static napi_value start(napi_env env, napi_callback_info info)
{
    napi_value values[6], promise = NULL, name = NULL;
    uint8_t *texts = NULL, *ends = NULL;
    size_t texts_len = 0, ends_len = 0;
    holder *held = NULL;
    job *task = calloc(1, sizeof *task);

    if (task == NULL) {
        (void)napi_throw_error(env, NULL, "no memory");
        return NULL;
    }
    if (!arguments(env, info, values, 6)
        || !integer(env, values[0], &task->operation)
        || !key_of(env, values[1], false, &held)
        || !bytes(env, values[2], &texts, &texts_len)
        || !bytes(env, values[3], &ends, &ends_len)
        || !integer(env, values[4], &task->options.profile)
        || !integer(env, values[5], &task->options.max_depth)) {
        free_job(env, task);
        return NULL;
    }
    held->users++;
    task->held = held;
    task->count = ends_len / sizeof *task->ends;
    task->texts = copied(texts, texts_len);
    task->ends = copied(ends, ends_len);
    task->rows = calloc(task->count + 1, 4 * sizeof *task->rows);
    if (task->texts == NULL || task->ends == NULL || task->rows == NULL
        || !ends_fit(task->ends, task->count, texts_len)) {
        (void)napi_throw_error(env, NULL, "no memory, or ends that do not fit");
        free_job(env, task);
        return NULL;
    }
    if (napi_create_string_utf8(env, "kess", NAPI_AUTO_LENGTH, &name) != napi_ok
        || napi_create_async_work(env, NULL, name, execute, complete, task,
                                  &task->work) != napi_ok
        || napi_create_promise(env, &task->deferred, &promise) != napi_ok
        || napi_queue_async_work(env, task->work) != napi_ok) {
        (void)napi_throw_error(env, NULL, "the work cannot be queued");
        free_job(env, task);
        return NULL;
    }
    return promise;
}

/* ------------------------------------------------------------- keys */

static void finalize(napi_env env, void *data, void *hint)
{
    int64_t held_now = 0;

    (void)hint;
    (void)napi_adjust_external_memory(env, -KEY_MEMORY, &held_now);
    release(data);
}

static napi_value wrapped(napi_env env, kess_key *key)
{
    napi_value object = NULL;
    int64_t held_now = 0;
    holder *held = malloc(sizeof *held);

    if (held == NULL) {
        kess_key_free(key);
        (void)napi_throw_error(env, NULL, "no memory");
        return NULL;
    }
    held->key = key;
    held->users = 1;
    if (napi_create_object(env, &object) != napi_ok
        || napi_type_tag_object(env, object, &key_tag) != napi_ok
        || napi_wrap(env, object, held, finalize, NULL, NULL) != napi_ok) {
        release(held);
        (void)napi_throw_error(env, NULL, "the key cannot be wrapped");
        return NULL;
    }
    (void)napi_adjust_external_memory(env, KEY_MEMORY, &held_now);
    return object;
}

/* load(isPrivate, isFile, data, password, policy, report): a key, or undefined.
 * A path ends with a NUL. */
static napi_value load(napi_env env, napi_callback_info info)
{
    napi_value values[6];
    uint32_t is_private = 0, is_file = 0, policy = 0;
    uint8_t *data = NULL, *given = NULL;
    const char *password = NULL;
    size_t len = 0, password_len = 0;
    napi_valuetype type = napi_undefined;
    kess_key *key = NULL;
    kess_error err = {0, 0, 0};
    kess_status status;

    if (!arguments(env, info, values, 6) || !integer(env, values[0], &is_private)
        || !integer(env, values[1], &is_file) || !bytes(env, values[2], &data, &len)
        || napi_typeof(env, values[3], &type) != napi_ok
        || (type != napi_null && !bytes(env, values[3], &given, &password_len))
        || !integer(env, values[4], &policy)) {
        return NULL;
    }
    if (type != napi_null) {
        password = given != NULL ? (const char *)given : "";
    }
    if (is_file != 0 && (len == 0 || memchr(data, 0, len) != data + len - 1)) {
        (void)napi_throw_type_error(env, NULL, "a path that ends with NUL is needed");
        return NULL;
    }
    if (is_private != 0 && is_file != 0) {
        status = kess_private_key_load_file(&key, (const char *)data, password,
                                            password_len, policy, &err);
    } else if (is_private != 0) {
        status = kess_private_key_load(&key, data, len, password, password_len,
                                       policy, &err);
    } else if (is_file != 0) {
        status = kess_public_key_load_file_protected(
            &key, (const char *)data, password, password_len, policy, &err);
    } else {
        status = kess_public_key_load_protected(&key, data, len, password,
                                                password_len, policy, &err);
    }
    if (status != KESS_OK) {
        (void)report_error(env, values[5], &err, 0);
        return NULL;
    }
    return wrapped(env, key);
}

/* publicOf(key, report): the public half, or undefined. */
static napi_value public_of(napi_env env, napi_callback_info info)
{
    napi_value values[2];
    holder *held = NULL;
    kess_key *key = NULL;
    kess_error err = {0, 0, 0};

    if (!arguments(env, info, values, 2) || !key_of(env, values[0], false, &held)) {
        return NULL;
    }
    if (kess_key_public(&key, held->key, &err) != KESS_OK) {
        (void)report_error(env, values[1], &err, 0);
        return NULL;
    }
    return wrapped(env, key);
}

/* spki(key, out, report): the number of bytes written to out, or -1. */
static napi_value spki(napi_env env, napi_callback_info info)
{
    napi_value values[3];
    holder *held = NULL;
    uint8_t *out = NULL;
    size_t len = 0;
    kess_error err = {0, 0, 0};

    if (!arguments(env, info, values, 3) || !key_of(env, values[0], false, &held)
        || !bytes(env, values[1], &out, &len)) {
        return NULL;
    }
    if (kess_key_spki(held->key, out, &len, &err) == KESS_OK) {
        return number(env, (double)len);
    }
    return report_error(env, values[2], &err, len) ? number(env, -1) : NULL;
}

static napi_value bits(napi_env env, napi_callback_info info)
{
    napi_value value;
    holder *held = NULL;

    if (!arguments(env, info, &value, 1) || !key_of(env, value, false, &held)) {
        return NULL;
    }
    return number(env, kess_key_bits(held->key));
}

/* ------------------------------------------------------------- words */

static napi_value text_of(napi_env env, const char *text)
{
    napi_value result = NULL;

    (void)napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &result);
    return result;
}

/* words(status, item): [message, name of the status, what was found]. */
static napi_value words(napi_env env, napi_callback_info info)
{
    napi_value values[2], result = NULL;
    uint32_t status = 0, item = 0;

    if (!arguments(env, info, values, 2) || !integer(env, values[0], &status)
        || !integer(env, values[1], &item)
        || napi_create_array_with_length(env, 3, &result) != napi_ok) {
        return NULL;
    }
    (void)napi_set_element(env, result, 0,
                           text_of(env, kess_status_message((int)status)));
    (void)napi_set_element(env, result, 1,
                           text_of(env, kess_status_name((int)status)));
    (void)napi_set_element(env, result, 2,
                           text_of(env, kess_found_message((int)item)));
    return result;
}

#define TEXT_(value) #value
#define TEXT(value) TEXT_(value)

NAPI_MODULE_INIT()
{
    const napi_property_descriptor properties[] = {
        {"call", NULL, call, NULL, NULL, NULL, napi_enumerable, NULL},
        {"start", NULL, start, NULL, NULL, NULL, napi_enumerable, NULL},
        {"load", NULL, load, NULL, NULL, NULL, napi_enumerable, NULL},
        {"publicOf", NULL, public_of, NULL, NULL, NULL, napi_enumerable, NULL},
        {"spki", NULL, spki, NULL, NULL, NULL, napi_enumerable, NULL},
        {"bits", NULL, bits, NULL, NULL, NULL, napi_enumerable, NULL},
        {"words", NULL, words, NULL, NULL, NULL, napi_enumerable, NULL},
        {"version", NULL, NULL, NULL, NULL, text_of(env, kess_version()),
         napi_enumerable, NULL},
        {"openssl", NULL, NULL, NULL, NULL, text_of(env, kess_openssl_version()),
         napi_enumerable, NULL},
        {"header", NULL, NULL, NULL, NULL,
         text_of(env, TEXT(KESS_VERSION_MAJOR) "." TEXT(KESS_VERSION_MINOR) "." TEXT(
                          KESS_VERSION_PATCH)),
         napi_enumerable, NULL},
    };

    if (napi_define_properties(env, exports, sizeof properties / sizeof *properties,
                               properties) != napi_ok) {
        return NULL;
    }
    return exports;
}

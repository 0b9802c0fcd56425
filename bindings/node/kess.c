/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * libkess for Node, in Node-API 8. This file translates and does nothing else;
 * index.js checks the arguments, holds the classes and makes the errors.
 *
 * Nothing is static but constants, so that every worker thread has its own
 * instance of the addon.
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

/* ------------------------------------------------------------- keys */

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

static void finalize(napi_env env, void *data, void *hint)
{
    int64_t now = 0;

    (void)hint;
    (void)napi_adjust_external_memory(env, -KEY_MEMORY, &now);
    release(data);
}

/* An object with the key and the number of its bits. */
static napi_value wrapped(napi_env env, kess_key *key)
{
    napi_value object = NULL, bits = NULL;
    int64_t now = 0;
    holder *held = malloc(sizeof *held);

    if (held == NULL) {
        kess_key_free(key);
        (void)napi_throw_error(env, NULL, "no memory");
        return NULL;
    }
    *held = (holder){key, 1};
    if (napi_create_object(env, &object) != napi_ok
        || napi_create_uint32(env, kess_key_bits(key), &bits) != napi_ok
        || napi_set_named_property(env, object, "bits", bits) != napi_ok
        || napi_type_tag_object(env, object, &key_tag) != napi_ok
        || napi_wrap(env, object, held, finalize, NULL, NULL) != napi_ok) {
        release(held);
        (void)napi_throw_error(env, NULL, "the key cannot be wrapped");
        return NULL;
    }
    (void)napi_adjust_external_memory(env, KEY_MEMORY, &now);
    return object;
}

/* ------------------------------------------------------------- arguments */

static bool refused(napi_env env, const char *why)
{
    (void)napi_throw_type_error(env, NULL, why);
    return false;
}

/* The bytes of a Buffer; false with a pending exception. */
static bool bytes(napi_env env, napi_value value, void **data, size_t *len)
{
    bool is_buffer = false;

    return (napi_is_buffer(env, value, &is_buffer) == napi_ok && is_buffer
            && napi_get_buffer_info(env, value, data, len) == napi_ok)
           || refused(env, "a Buffer is needed");
}

/* What call and start get first. */
typedef struct {
    holder *held;
    uint32_t operation, profile, max_depth;
} request;

static kess_status run(const request *r, uint8_t *out, size_t *out_len,
                       const uint8_t *text, size_t text_len, kess_error *err)
{
    return kess_call(r->held != NULL ? r->held->key : NULL, (int)r->operation, out,
                     out_len, text, text_len, r->profile, r->max_depth, err);
}

/* Reads operation, key or null, profile and depth of count arguments; false with
 * a pending exception. The tag keeps objects of other addons out. */
static bool arguments(napi_env env, napi_callback_info info, napi_value *values,
                      size_t count, request *r)
{
    size_t given = count;
    napi_valuetype type = napi_undefined;
    bool tagged = false;
    void *held = NULL;

    if (napi_get_cb_info(env, info, &given, values, NULL, NULL) != napi_ok || given != count
        || napi_get_value_uint32(env, values[0], &r->operation) != napi_ok
        || napi_get_value_uint32(env, values[2], &r->profile) != napi_ok
        || napi_get_value_uint32(env, values[3], &r->max_depth) != napi_ok
        || napi_typeof(env, values[1], &type) != napi_ok) {
        return refused(env, "operation, key, profile and depth are needed");
    }
    if (type != napi_null
        && (type != napi_object
            || napi_check_object_type_tag(env, values[1], &key_tag, &tagged) != napi_ok
            || !tagged || napi_unwrap(env, values[1], &held) != napi_ok)) {
        return refused(env, "a key of kess is needed");
    }
    r->held = held;
    return true;
}

/* ------------------------------------------------------------- results */

/* An error in words: [exception, message, reason, code, found, position]. */
static napi_value words(napi_env env, uint32_t operation, const kess_error *err)
{
    kess_description d;
    napi_value list = NULL, item = NULL;

    kess_describe(&d, (int)operation, err);
    const char *const texts[] = {d.exception, d.message, d.reason, d.name, d.found};
    (void)napi_create_array_with_length(env, 6, &list);
    for (uint32_t i = 0; i < 5; i++) {
        (void)napi_create_string_utf8(env, texts[i], NAPI_AUTO_LENGTH, &item);
        (void)napi_set_element(env, list, i, item);
    }
    (void)napi_create_double(env, (double)d.pos, &item);
    (void)napi_set_element(env, list, 5, item);
    return list;
}

/* load(operation, data, password, policy): a key, or an error in words. */
static napi_value load(napi_env env, napi_callback_info info)
{
    napi_value values[4];
    size_t given = 4, len = 0, secret_len = 0;
    uint32_t operation = 0, policy = 0;
    void *data = NULL, *secret = NULL;
    kess_key *key = NULL;
    kess_error err = {0, 0, 0};

    if (napi_get_cb_info(env, info, &given, values, NULL, NULL) != napi_ok || given != 4
        || napi_get_value_uint32(env, values[0], &operation) != napi_ok
        || napi_get_value_uint32(env, values[3], &policy) != napi_ok) {
        (void)refused(env, "operation, data, password and policy are needed");
        return NULL;
    }
    if (!bytes(env, values[1], &data, &len) || !bytes(env, values[2], &secret, &secret_len)) {
        return NULL;
    }
    if (kess_load(&key, (int)operation, data, len, secret, secret_len, policy, &err) != KESS_OK) {
        return words(env, operation, &err);
    }
    return wrapped(env, key);
}

/*
 * call(operation, key, profile, depth, text, out): the number of bytes written;
 * or the room that is needed, as a negative number; or an error in words.
 */
static napi_value call(napi_env env, napi_callback_info info)
{
    napi_value values[6], result = NULL;
    request r = {NULL, 0, 0, 0};
    void *text = NULL, *out = NULL;
    size_t text_len = 0, out_len = 0;
    kess_error err = {0, 0, 0};

    if (!arguments(env, info, values, 6, &r) || !bytes(env, values[4], &text, &text_len)
        || !bytes(env, values[5], &out, &out_len)) {
        return NULL;
    }
    kess_status status = run(&r, out, &out_len, text, text_len, &err);
    if (status != KESS_OK && status != KESS_ERR_BUFFER) {
        return words(env, r.operation, &err);
    }
    (void)napi_create_double(env, status == KESS_OK ? (double)out_len : -(double)out_len,
                             &result);
    return result;
}

/* ------------------------------------------------------------- batches */

/* A text, and what became of it: an error, or where its output ends. */
typedef struct {
    void *data;
    size_t len, end;
    kess_error err;
} item;

/* An operation on some texts in a thread of the pool. */
typedef struct {
    request of;
    napi_async_work work;
    napi_deferred deferred;
    napi_ref texts;
    uint8_t *out;
    size_t len, room;
    uint32_t count;
    item items[];
} job;

static void free_job(napi_env env, job *task)
{
    if (task->work != NULL) {
        (void)napi_delete_async_work(env, task->work);
    }
    if (task->texts != NULL) {
        (void)napi_delete_reference(env, task->texts);
    }
    release(task->of.held);
    free(task->out);
    free(task);
}

static kess_status run_one(job *task, item *one)
{
    size_t len = task->room - task->len;
    uint8_t *to = task->out != NULL ? task->out + task->len : NULL;
    kess_status status = run(&task->of, to, &len, one->data, one->len, &one->err);

    if (status == KESS_ERR_BUFFER) {
        /* Nothing was signed or verified. The next texts get room as well. */
        const size_t room = 2 * (task->len + len);
        to = realloc(task->out, room);
        if (to == NULL) {
            one->err.status = KESS_ERR_MEMORY;
            return KESS_ERR_MEMORY;
        }
        task->out = to;
        task->room = room;
        len = room - task->len;
        status = run(&task->of, to + task->len, &len, one->data, one->len, &one->err);
    }
    task->len += status == KESS_OK ? len : 0;
    one->end = task->len;
    return status;
}

static void execute(napi_env env, void *data)
{
    job *task = data;

    (void)env;
    for (uint32_t i = 0; i < task->count; i++) {
        (void)run_one(task, &task->items[i]);
    }
}

/* The promise gets, for each text, the end of its output or an error in words, and
 * then all outputs: a buffer for each would cost as much as the whole rest. Where
 * the environment ends, it gets nothing. */
static void complete(napi_env env, napi_status done, void *data)
{
    job *task = data;
    napi_value list = NULL, value = NULL;
    const char *out = task->out != NULL ? (const char *)task->out : "";

    if (done == napi_ok && napi_create_array_with_length(env, task->count + 1, &list) == napi_ok
        && napi_create_buffer_copy(env, task->len, out, NULL, &value) == napi_ok) {
        (void)napi_set_element(env, list, task->count, value);
        for (uint32_t i = 0; i < task->count; i++) {
            const item *one = &task->items[i];
            if (one->err.status != KESS_OK) {
                value = words(env, task->of.operation, &one->err);
            } else {
                (void)napi_create_double(env, (double)one->end, &value);
            }
            (void)napi_set_element(env, list, i, value);
        }
        (void)napi_resolve_deferred(env, task->deferred, list);
    } else if (napi_create_string_utf8(env, "the work was cancelled or has no memory",
                                       NAPI_AUTO_LENGTH, &value) == napi_ok
               && napi_create_error(env, NULL, value, &value) == napi_ok) {
        (void)napi_reject_deferred(env, task->deferred, value);
    }
    free_job(env, task);
}

/* The texts of an array of Buffers, which lives as long as the work. */
static bool texts_of(napi_env env, napi_value array, job *task)
{
    napi_value text = NULL;

    for (uint32_t i = 0; i < task->count; i++) {
        if (napi_get_element(env, array, i, &text) != napi_ok
            || !bytes(env, text, &task->items[i].data, &task->items[i].len)) {
            return false;
        }
    }
    return napi_create_reference(env, array, 1, &task->texts) == napi_ok
           || refused(env, "no memory");
}

/* start(operation, key, profile, depth, texts): a promise. The array of Buffers
 * and their bytes stay as they are until then. */
static napi_value start(napi_env env, napi_callback_info info)
{
    napi_value values[5], promise = NULL, name = NULL;
    request r = {NULL, 0, 0, 0};
    uint32_t count = 0;

    if (!arguments(env, info, values, 5, &r)) {
        return NULL;
    }
    if (napi_get_array_length(env, values[4], &count) != napi_ok) {
        (void)refused(env, "an array is needed");
        return NULL;
    }
    job *task = calloc(1, sizeof *task + count * sizeof task->items[0]);
    if (task == NULL) {
        (void)napi_throw_error(env, NULL, "no memory");
        return NULL;
    }
    task->of = r;
    task->count = count;
    if (r.held != NULL) {
        r.held->users++;
    }
    if (!texts_of(env, values[4], task)) {
        free_job(env, task);
        return NULL;
    }
    if (napi_create_string_utf8(env, "kess", NAPI_AUTO_LENGTH, &name) != napi_ok
        || napi_create_async_work(env, NULL, name, execute, complete, task, &task->work) != napi_ok
        || napi_create_promise(env, &task->deferred, &promise) != napi_ok
        || napi_queue_async_work(env, task->work) != napi_ok) {
        (void)napi_throw_error(env, NULL, "the work cannot be queued");
        free_job(env, task);
        return NULL;
    }
    return promise;
}

/* ------------------------------------------------------------- module */

#define TEXT_(value) #value
#define TEXT(value) TEXT_(value)
#define HEADER TEXT(KESS_VERSION_MAJOR) "." TEXT(KESS_VERSION_MINOR) "." TEXT(KESS_VERSION_PATCH)

static napi_value text_of(napi_env env, const char *text)
{
    napi_value result = NULL;

    (void)napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &result);
    return result;
}

NAPI_MODULE_INIT()
{
    napi_value fits = NULL;

    (void)napi_get_boolean(env, kess_version_fits(HEADER) != 0, &fits);
    const napi_property_descriptor properties[] = {
        {"call", NULL, call, NULL, NULL, NULL, napi_enumerable, NULL},
        {"start", NULL, start, NULL, NULL, NULL, napi_enumerable, NULL},
        {"load", NULL, load, NULL, NULL, NULL, napi_enumerable, NULL},
        {"fits", NULL, NULL, NULL, NULL, fits, napi_enumerable, NULL},
        {"header", NULL, NULL, NULL, NULL, text_of(env, HEADER), napi_enumerable, NULL},
        {"version", NULL, NULL, NULL, NULL, text_of(env, kess_version()), napi_enumerable, NULL},
        {"openssl", NULL, NULL, NULL, NULL, text_of(env, kess_openssl_version()), napi_enumerable, NULL},
    };
    const size_t count = sizeof properties / sizeof *properties;

    return napi_define_properties(env, exports, count, properties) == napi_ok ? exports : NULL;
}

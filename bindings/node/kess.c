/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * libkess for Node, in Node-API 8. This file translates and does nothing else:
 * requests and their answers lie in Buffers of call.js.
 *
 * Nothing is static but constants, so that every worker thread has its own
 * instance of the addon.
 */
#include <kess.h>

#include <node_api.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

/* The version of this package, and of the libkess that it is made for. */
#define MADE_FOR "0.1.0"
/* About what a key takes outside the heap of V8. */
#define KEY_MEMORY 8192
/* So many calls are one work of the thread pool at most. */
#define MOST 8

static const napi_type_tag key_tag = {UINT64_C(0x6b6573732d6b6579), UINT64_C(0x9d1f4b0a7c2e4836)};

/* A call of kess_run. The object is the key, or what becomes one. */
typedef struct {
    napi_value object;
    void *request, *key, *text;
    size_t len;
} call;

typedef struct {
    napi_async_work work;
    napi_deferred deferred;
    size_t count;
    call calls[MOST];
} job;

/*
 * Reads the arguments, which are request, key and text of each call; false with a
 * pending exception. What has no tag, as an object of another addon, is no key:
 * libkess says so where it needs one.
 */
static bool read(napi_env env, napi_callback_info info, job *task)
{
    const size_t head = offsetof(kess_request, out);
    napi_value values[3 * MOST];
    size_t given = 3 * MOST, len = 0;
    bool fits = napi_get_cb_info(env, info, &given, values, NULL, NULL) == napi_ok && given <= 3 * MOST;

    for (size_t i = 0; fits && i < given; i += 3) {
        call *one = &task->calls[task->count++];
        napi_valuetype type = napi_undefined;
        bool is_key = false;
        one->object = values[i + 1];
        fits = napi_get_typedarray_info(env, values[i], NULL, &len, &one->request, NULL, NULL) == napi_ok && len > head
               && napi_typeof(env, one->object, &type) == napi_ok
               && (type != napi_object || napi_check_object_type_tag(env, one->object, &key_tag, &is_key) == napi_ok)
               && (!is_key || napi_unwrap(env, one->object, &one->key) == napi_ok)
               && napi_get_typedarray_info(env, values[i + 2], NULL, &one->len, &one->text, NULL, NULL) == napi_ok;
        if (fits) {
            ((kess_request *)one->request)->room = len - head;
        }
    }
    return fits || napi_throw_type_error(env, NULL, "requests, objects and texts are needed") != napi_ok;
}

static void execute(napi_env env, void *data)
{
    const job *task = data;

    for (const call *one = task->calls; one < task->calls + task->count; one++) {
        (void)!kess_run(one->request, one->key, one->text, one->len);
    }
}

/* call(request, key, text): the answer is in the request. */
static napi_value call_now(napi_env env, napi_callback_info info)
{
    job task = {0};

    if (read(env, info, &task)) {
        execute(env, &task);
    }
    return NULL;
}

/* What was not done is a failure in its request. */
static void complete(napi_env env, napi_status done, void *data)
{
    job *task = data;
    napi_value nothing = NULL;

    (void)napi_get_undefined(env, &nothing);
    (void)napi_resolve_deferred(env, task->deferred, nothing);
    (void)napi_delete_async_work(env, task->work);
    free(task);
}

/* start(request, key, text, ...): a promise. The caller holds all of them until then. */
static napi_value start(napi_env env, napi_callback_info info)
{
    napi_value name = NULL, promise = NULL;
    job *task = calloc(1, sizeof *task);

    if (task != NULL && read(env, info, task)
        && napi_create_promise(env, &task->deferred, &promise) == napi_ok
        && napi_create_string_utf8(env, "kess", NAPI_AUTO_LENGTH, &name) == napi_ok
        && napi_create_async_work(env, NULL, name, execute, complete, task, &task->work) == napi_ok
        && napi_queue_async_work(env, task->work) == napi_ok) {
        return promise;
    }
    free(task);
    return NULL;
}

static void finalize(napi_env env, void *key, void *hint)
{
    int64_t now = 0;

    (void)napi_adjust_external_memory(env, -KEY_MEMORY, &now);
    kess_key_free(key);
}

/* load(request, object, data, request, object, password): the object becomes the key. Returns its bits. */
static napi_value load(napi_env env, napi_callback_info info)
{
    job task = {0};
    const call *one = task.calls;
    napi_value bits = NULL;
    int64_t now = 0;

    if (read(env, info, &task)) {
        kess_key *key = kess_load_key(one->request, one->text, one->len, one[1].text, one[1].len);
        if (key == NULL || napi_wrap(env, one->object, key, finalize, NULL, NULL) != napi_ok) {
            kess_key_free(key);
        } else {
            (void)napi_type_tag_object(env, one->object, &key_tag);
            (void)napi_adjust_external_memory(env, KEY_MEMORY, &now);
            (void)napi_create_uint32(env, kess_key_bits(key), &bits);
        }
    }
    return bits;
}

NAPI_MODULE_INIT()
{
    const char *const texts[] = {kess_version_fits(MADE_FOR) ? MADE_FOR : "", kess_version(), kess_openssl_version()};
    napi_value values[3] = {NULL};

    for (int i = 0; i < 3; i++) {
        (void)napi_create_string_utf8(env, texts[i], NAPI_AUTO_LENGTH, &values[i]);
    }
    const napi_property_descriptor members[] = {
        {"call", NULL, call_now, NULL, NULL, NULL, napi_default_jsproperty, NULL},
        {"start", NULL, start, NULL, NULL, NULL, napi_default_jsproperty, NULL},
        {"load", NULL, load, NULL, NULL, NULL, napi_default_jsproperty, NULL},
        {"fits", NULL, NULL, NULL, NULL, values[0], napi_default_jsproperty, NULL},
        {"version", NULL, NULL, NULL, NULL, values[1], napi_default_jsproperty, NULL},
        {"openssl", NULL, NULL, NULL, NULL, values[2], napi_default_jsproperty, NULL},
    };

    return napi_define_properties(env, exports, 6, members) == napi_ok ? exports : NULL;
}

/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * libkess for Node, in Node-API 8. This file translates and does nothing else:
 * requests and their answers lie in Buffers of index.js. What is not done leaves a
 * request without an answer, which is a failure there.
 *
 * Nothing is static but constants, so that every worker thread has its own
 * instance of the addon.
 */
#include <kess.h>
#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

/* About what a key takes outside the heap of V8. */
#define KEY_MEMORY 8192
/* A call of kess_run. */
typedef struct {
    napi_async_work work;
    napi_deferred deferred;
    void *request, *key, *text;
    size_t len;
} call;

/*
 * Reads the arguments: request, key, text, and what else load needs; false where one is
 * another thing. A key is what load returned, which no caller of the package ever holds. Any
 * other object is none: libkess says so where it needs one.
 */
static bool read(napi_env env, napi_callback_info info, napi_value given[4], call *one)
{
    size_t count = 4, size = 0;
    const bool is_given = napi_get_cb_info(env, info, &count, given, NULL, NULL) == napi_ok;

    (void)napi_get_value_external(env, given[1], &one->key);
    return is_given && napi_get_typedarray_info(env, given[0], NULL, &size, &one->request, NULL, NULL) == napi_ok
           && size > offsetof(kess_request, out)
           && ((kess_request *)one->request)->room - 1 < size - offsetof(kess_request, out)
           && napi_get_typedarray_info(env, given[2], NULL, &one->len, &one->text, NULL, NULL) == napi_ok;
}

static void execute(napi_env env, void *data)
{
    const call *one = data;

    (void)!kess_run(one->request, one->key, one->text, one->len);
}

/* run(request, key, text) */
static napi_value run(napi_env env, napi_callback_info info)
{
    napi_value given[4];
    call one = {0};

    if (read(env, info, given, &one)) {
        execute(env, &one);
    }
    return NULL;
}

static void complete(napi_env env, napi_status done, void *data)
{
    call *one = data;
    napi_value nothing = NULL;

    (void)napi_get_undefined(env, &nothing);
    (void)napi_resolve_deferred(env, one->deferred, nothing);
    (void)napi_delete_async_work(env, one->work);
    free(one);
}

/* start(request, key, text): a promise. The caller holds all of them until then. */
static napi_value start(napi_env env, napi_callback_info info)
{
    napi_value given[4], name = NULL, promise = NULL;
    call *one = calloc(1, sizeof *one);

    if (one != NULL && read(env, info, given, one)
        && napi_create_promise(env, &one->deferred, &promise) == napi_ok
        && napi_create_string_utf8(env, "kess", NAPI_AUTO_LENGTH, &name) == napi_ok
        && napi_create_async_work(env, NULL, name, execute, complete, one, &one->work) == napi_ok
        && napi_queue_async_work(env, one->work) == napi_ok) {
        return promise;
    }
    free(one);
    return NULL;
}

static void finalize(napi_env env, void *key, void *hint)
{
    int64_t now = 0;

    (void)napi_adjust_external_memory(env, -KEY_MEMORY, &now);
    kess_key_free(key);
}

/* load(request, undefined, data, password): the key. */
static napi_value load(napi_env env, napi_callback_info info)
{
    napi_value given[4], loaded = NULL;
    size_t len = 0;
    void *password = NULL;
    int64_t now = 0;
    call one = {0};

    if (read(env, info, given, &one)
        && napi_get_typedarray_info(env, given[3], NULL, &len, &password, NULL, NULL) == napi_ok) {
        kess_key *key = kess_load_key(one.request, one.text, one.len, password, len);
        if (key != NULL && napi_create_external(env, key, finalize, NULL, &loaded) == napi_ok) {
            (void)napi_adjust_external_memory(env, KEY_MEMORY, &now);
        } else {
            kess_key_free(key);
        }
    }
    return loaded;
}

NAPI_MODULE_INIT()
{
    const napi_property_descriptor members[] = {
        {"run", NULL, run, NULL, NULL, NULL, napi_default_jsproperty, NULL},
        {"start", NULL, start, NULL, NULL, NULL, napi_default_jsproperty, NULL},
        {"load", NULL, load, NULL, NULL, NULL, napi_default_jsproperty, NULL},
    };

    return napi_define_properties(env, exports, 3, members) == napi_ok ? exports : NULL;
}

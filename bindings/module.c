/*
 * module.c: the module kesspay._native.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * ffi and lib are cffi's, translated from kess.cdef.h. The functions here are
 * those that every message goes through, once more: with all that is to be
 * prepared, crossing over by cffi takes as long as canonicalizing a whole
 * answer of the API.
 *
 *     canonicalize(text, profile, max_depth)
 *     sign(key, message)
 *     sign_document(key, text, profile, max_depth)
 *     signed_body(key, text, profile, max_depth)
 *     verify_document(key, text, profile, max_depth)
 *
 * Each returns bytes, or where it fails a tuple of kess_status and position.
 * text and message are bytes, which cannot change. key is the address of a
 * kess_key, as an int; the caller keeps it alive; it is not checked.
 *
 * Outputs are written to the stack, or to memory of this call: whatever runs
 * between the C call and the return, no other code can write to them.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdlib.h>

#include "kess.h"

#define ROOM_SIZE ((size_t)16 << 10)
/* Canonical text is about as long as its source, a signature is added. */
#define ROOM_SPARE ((size_t)4 << 10)
/* Canonicalizing so short a text costs less than letting others run. */
#define SHORT_TEXT ((size_t)2 << 10)

/* ------------------------------------------------------------ work */

typedef struct work {
    const kess_key *key;
    const uint8_t *text;
    size_t len;
    kess_options options;
    kess_error error;
} work;

typedef kess_status act(work *w, uint8_t *out, size_t *out_len);

static kess_status act_canonicalize(work *w, uint8_t *out, size_t *out_len)
{
    return kess_canonicalize(out, out_len, w->text, w->len, &w->options,
                             &w->error);
}

static kess_status act_sign(work *w, uint8_t *out, size_t *out_len)
{
    return kess_sign(w->key, out, out_len, w->text, w->len, &w->error);
}

static kess_status act_sign_document(work *w, uint8_t *out, size_t *out_len)
{
    return kess_sign_document(w->key, (char *)out, out_len, w->text, w->len,
                              &w->options, &w->error);
}

static kess_status act_signed_body(work *w, uint8_t *out, size_t *out_len)
{
    return kess_signed_body(w->key, out, out_len, w->text, w->len,
                            &w->options, &w->error);
}

static kess_status act_verify_document(work *w, uint8_t *out, size_t *out_len)
{
    return kess_verify_document(w->key, out, out_len, w->text, w->len,
                                &w->options, &w->error);
}

/* Act, and let other threads run meanwhile. */
static kess_status act_alone(act *function, work *w, uint8_t *out,
                             size_t *out_len)
{
    kess_status status;
    Py_BEGIN_ALLOW_THREADS
    status = function(w, out, out_len);
    Py_END_ALLOW_THREADS
    return status;
}

/* ------------------------------------------------------------ output */

static PyObject *output(const work *w, kess_status status, const uint8_t *out,
                        size_t len)
{
    if (status == KESS_OK) {
        return PyBytes_FromStringAndSize((const char *)out, (Py_ssize_t)len);
    }
    return Py_BuildValue("iK", (int)status, (unsigned long long)w->error.pos);
}

/* Room for the worst growth: memory that is not used costs nothing. */
static size_t generous(const work *w)
{
    const size_t bound = kess_canonical_bound_for(w->len, &w->options);
    return bound > SIZE_MAX - ROOM_SPARE ? bound : bound + ROOM_SPARE;
}

static PyObject *act_in_memory(act *function, work *w, size_t size)
{
    uint8_t *out = malloc(size);
    size_t len = size;
    if (out == NULL) {
        /* What is needed is mostly far less than the worst. */
        size = len = w->len + ROOM_SPARE;
        out = malloc(size);
    }
    kess_status status =
        out == NULL ? KESS_ERR_MEMORY : act_alone(function, w, out, &len);
    if (status == KESS_ERR_BUFFER) {
        free(out);
        out = malloc(len);
        status =
            out == NULL ? KESS_ERR_MEMORY : act_alone(function, w, out, &len);
    }
    PyObject *result = output(w, status, out, len);
    free(out);
    return result;
}

static PyObject *act_on(act *function, work *w, int is_short)
{
    uint8_t room[ROOM_SIZE];
    size_t len = sizeof room;
    w->error.pos = 0;
    if (w->len > ROOM_SIZE - ROOM_SPARE) {
        return act_in_memory(function, w, generous(w));
    }
    const kess_status status = is_short
                                   ? function(w, room, &len)
                                   : act_alone(function, w, room, &len);
    if (status == KESS_ERR_BUFFER) {
        return act_in_memory(function, w, len);
    }
    return output(w, status, room, len);
}

/* ------------------------------------------------------------ arguments */

static int has_count(Py_ssize_t count, Py_ssize_t wanted)
{
    if (count != wanted) {
        PyErr_SetString(PyExc_TypeError, "wrong number of arguments");
    }
    return count == wanted;
}

static int read_key(work *w, PyObject *key)
{
    w->key = PyLong_AsVoidPtr(key);
    return w->key != NULL || PyErr_Occurred() == NULL;
}

static int read_text(work *w, PyObject *text)
{
    char *data;
    Py_ssize_t len;
    if (PyBytes_AsStringAndSize(text, &data, &len) != 0) {
        return 0;
    }
    w->text = (const uint8_t *)data;
    w->len = (size_t)len;
    return 1;
}

/* Profile and depth; kess_* judges their values. */
static int read_options(work *w, PyObject *const *args)
{
    const unsigned long long profile = PyLong_AsUnsignedLongLong(args[0]);
    const unsigned long long max_depth = PyLong_AsUnsignedLongLong(args[1]);
    if (profile > UINT32_MAX || max_depth > UINT32_MAX) {
        if (PyErr_Occurred() == NULL) {
            PyErr_SetString(PyExc_OverflowError, "an option beyond 32 bits");
        }
        return 0;
    }
    w->options.profile = (uint32_t)profile;
    w->options.max_depth = (uint32_t)max_depth;
    return 1;
}

static PyObject *act_with_key(act *function, PyObject *const *args,
                              Py_ssize_t count)
{
    work w;
    if (!has_count(count, 4) || !read_key(&w, args[0]) ||
        !read_text(&w, args[1]) || !read_options(&w, args + 2)) {
        return NULL;
    }
    return act_on(function, &w, 0);
}

/* ------------------------------------------------------------ functions */

static PyObject *call_canonicalize(PyObject *self, PyObject *const *args,
                                   Py_ssize_t count)
{
    work w;
    (void)self;
    if (!has_count(count, 3) || !read_text(&w, args[0]) ||
        !read_options(&w, args + 1)) {
        return NULL;
    }
    return act_on(act_canonicalize, &w, w.len <= SHORT_TEXT);
}

static PyObject *call_sign(PyObject *self, PyObject *const *args,
                           Py_ssize_t count)
{
    work w = {.options = {0, 0}};
    (void)self;
    if (!has_count(count, 2) || !read_key(&w, args[0]) ||
        !read_text(&w, args[1])) {
        return NULL;
    }
    return act_on(act_sign, &w, 0);
}

static PyObject *call_sign_document(PyObject *self, PyObject *const *args,
                                    Py_ssize_t count)
{
    (void)self;
    return act_with_key(act_sign_document, args, count);
}

static PyObject *call_signed_body(PyObject *self, PyObject *const *args,
                                  Py_ssize_t count)
{
    (void)self;
    return act_with_key(act_signed_body, args, count);
}

static PyObject *call_verify_document(PyObject *self, PyObject *const *args,
                                      Py_ssize_t count)
{
    (void)self;
    return act_with_key(act_verify_document, args, count);
}

#define FUNCTION(name)                                                        \
    {                                                                         \
        #name, (PyCFunction)(void (*)(void))call_##name, METH_FASTCALL, NULL  \
    }

static PyMethodDef functions[] = {
    FUNCTION(canonicalize),    FUNCTION(sign),
    FUNCTION(sign_document),   FUNCTION(signed_body),
    FUNCTION(verify_document), {NULL, NULL, 0, NULL},
};

/* ------------------------------------------------------------ module */

/* cffi's own PyInit__native, which the build gives another name. */
PyObject *kesspay_cffi_init(void);

PyMODINIT_FUNC PyInit__native(void)
{
    PyObject *module = kesspay_cffi_init();
    if (module == NULL) {
        return NULL;
    }
    int failed = PyModule_AddFunctions(module, functions);
#ifdef Py_GIL_DISABLED
    /* No state, no globals: safe without the GIL. */
    failed |= PyUnstable_Module_SetGIL(module, Py_MOD_GIL_NOT_USED);
#endif
    if (failed != 0) {
        Py_DECREF(module);
        return NULL;
    }
    return module;
}

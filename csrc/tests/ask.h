/*
 * ask.h: kess_canonicalize, called in every way that it may be called.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KESS_ASK_H
#define KESS_ASK_H

#include "check.h"
#include "guard.h"
#include "kess.h"

#define ASK_MAX 65536 /* bytes of a document */

typedef struct answer {
    kess_status status;
    uint64_t pos;
    size_t len;
    uint8_t text[21 * ASK_MAX + 64];
} answer;

typedef struct asker {
    guard input;
    guard output;
} asker;

static inline void asker_open(asker *a)
{
    guard_open(&a->input, ASK_MAX);
    guard_open(&a->output, sizeof(((answer *)NULL)->text));
}

/* A refused text leaves the outputs as they were, whatever their size. */
static inline void ask_refused(const asker *a, side where, answer *to,
                               const uint8_t *text, size_t len,
                               const kess_options *options)
{
    kess_error err = {-1, -1, UINT64_MAX};
    uint8_t *out = guard_fill(&a->output, where, 100);
    size_t out_len = 100;

    CHECK_EQUAL(to->status,
                kess_canonicalize(out, &out_len, text, len, options, &err));
    CHECK_EQUAL(100, out_len);
    CHECK(is_untouched(out, 100));
    CHECK_EQUAL(to->status, err.status);
    CHECK_EQUAL(to->pos, err.pos);
    CHECK(err.pos <= len);
    CHECK_EQUAL(to->status,
                kess_canonicalize(out, &out_len, text, len, options, NULL));
    CHECK(is_untouched(out, 100));
    to->len = 0;
}

/* The room that was asked for is enough, and one byte less is not. */
static inline void ask_accepted(const asker *a, side where, answer *to,
                                const uint8_t *text, size_t len,
                                const kess_options *options)
{
    const size_t need = to->len;
    kess_error err = {-1, -1, UINT64_MAX};
    uint8_t *out = guard_fill(&a->output, where, need - 1);
    size_t out_len = need - 1;

    CHECK(need >= 2);
    CHECK(need <= kess_canonical_bound_for(len, options));
    CHECK_EQUAL(KESS_ERR_BUFFER,
                kess_canonicalize(out, &out_len, text, len, options, &err));
    CHECK_EQUAL(need, out_len);
    CHECK(is_untouched(out, need - 1));
    CHECK_EQUAL(KESS_ERR_BUFFER, err.status);

    out = guard_fill(&a->output, where, need);
    CHECK_EQUAL(KESS_OK,
                kess_canonicalize(out, &out_len, text, len, options, &err));
    CHECK_EQUAL(need, out_len);
    CHECK(err.status == KESS_OK && err.item == 0 && err.pos == 0);
    memcpy(to->text, out, need);

    out = guard_fill(&a->output, where, need + 50);
    out_len = need + 50;
    CHECK_EQUAL(KESS_OK,
                kess_canonicalize(out, &out_len, text, len, options, NULL));
    CHECK_EQUAL(need, out_len);
    CHECK(memcmp(out, to->text, need) == 0);
    CHECK(is_untouched(out + need, 50));
    to->status = KESS_OK;
    to->pos = 0;
}

static inline void ask_side(const asker *a, side where, answer *to,
                            const void *text, size_t len,
                            const kess_options *options)
{
    const uint8_t *in = guard_copy(&a->input, where, text, len);
    kess_error err = {-1, -1, UINT64_MAX};

    to->len = 0;
    to->status = kess_canonicalize(NULL, &to->len, in, len, options, &err);
    CHECK_EQUAL(to->status, err.status);
    CHECK_EQUAL(0, err.item);
    to->pos = err.pos;
    if (to->status == KESS_ERR_BUFFER) {
        ask_accepted(a, where, to, in, len, options);
    } else {
        CHECK_EQUAL(0, to->len);
        ask_refused(a, where, to, in, len, options);
    }
    CHECK(len == 0 || memcmp(in, text, len) == 0);
}

/* What becomes of a text: asked with the text right before and right behind a
 * forbidden page, with too little room, with just enough and with more. */
static inline void ask(const asker *a, answer *to, const void *text,
                       size_t len, const kess_options *options)
{
    static answer again;

    CHECK(len <= ASK_MAX);
    ask_side(a, AT_END, to, text, len, options);
    ask_side(a, AT_START, &again, text, len, options);
    CHECK_EQUAL(to->status, again.status);
    CHECK_EQUAL(to->pos, again.pos);
    CHECK_EQUAL(to->len, again.len);
    CHECK(memcmp(to->text, again.text, to->len) == 0);
}

#endif

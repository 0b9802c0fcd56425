/*
 * test_threads.c: documents of many threads at once, with one key. It shows
 * races under a thread sanitizer, and mixed-up results without.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <pthread.h>
#include <string.h>

#include "../fuzz/key.h"
#include "check.h"
#include "kess.h"

#define THREADS 4
#define ROUNDS 60
#define DOCUMENTS 6
#define TEXT_MAX 20000

typedef struct text {
    uint8_t data[TEXT_MAX];
    size_t len;
} text;

typedef struct expected {
    text document;
    text canonical;
    text body;
} expected;

static const kess_key *key;
static expected documents[DOCUMENTS];

/* Small and large ones, with all that a document can have. */
static void make_document(text *t, unsigned number)
{
    char *out = (char *)t->data;
    size_t len =
        (size_t)sprintf(out, "{\"z%u\":[1.5,\"caf\xc3\xa9/\"]", number);

    for (unsigned i = 0; i < number * 30; i++) {
        len += (size_t)sprintf(out + len,
                               ",\"%u\":{\"0\":%u.25,\"0\":\"\\u1780\"}",
                               i * 7919 % 1000, i);
    }
    for (unsigned i = 0; i < number; i++) {
        len += (size_t)sprintf(out + len, ",\"\xc3\xa9%ua\":1e-7", i);
    }
    len += (size_t)sprintf(out + len, "}");
    CHECK(len < TEXT_MAX);
    t->len = len;
}

static void make_expected(expected *e, unsigned number)
{
    make_document(&e->document, number);
    e->canonical.len = TEXT_MAX;
    CHECK_EQUAL(KESS_OK, kess_canonicalize(e->canonical.data,
                                           &e->canonical.len, e->document.data,
                                           e->document.len, NULL, NULL));
    e->body.len = TEXT_MAX;
    CHECK_EQUAL(KESS_OK, kess_signed_body(key, e->body.data, &e->body.len,
                                          e->document.data, e->document.len,
                                          NULL, NULL));
}

static int is_text(const text *t, const text *of)
{
    return t->len == of->len && memcmp(t->data, of->data, t->len) == 0;
}

/* A batch of two: the document, and an empty text. */
static int is_written_as_expected(const expected *e, text *room)
{
    const int64_t end = (int64_t)e->document.len;
    const int64_t offsets[3] = {0, end, end};
    int64_t out_offsets[3];
    int32_t statuses[2];
    size_t done = 0;

    room->len = TEXT_MAX;
    return kess_canonicalize_documents(room->data, &room->len, out_offsets,
                                       statuses, &done, e->document.data,
                                       e->document.len, offsets, 2, NULL,
                                       NULL) == KESS_OK &&
           is_text(room, &e->canonical) && statuses[0] == KESS_OK &&
           statuses[1] == KESS_ERR_SYNTAX;
}

/* All functions on one document. */
static int are_as_expected(const expected *e, text *room)
{
    const int64_t offsets[2] = {0, (int64_t)e->body.len};
    int32_t verdict = -1;
    int good = 1;

    room->len = TEXT_MAX;
    good &= kess_canonicalize(room->data, &room->len, e->document.data,
                              e->document.len, NULL, NULL) == KESS_OK &&
            is_text(room, &e->canonical);
    room->len = TEXT_MAX;
    good &= kess_signed_body(key, room->data, &room->len, e->document.data,
                             e->document.len, NULL, NULL) == KESS_OK &&
            is_text(room, &e->body);
    room->len = TEXT_MAX;
    good &= kess_verify_document(key, room->data, &room->len, e->body.data,
                                 e->body.len, NULL, NULL) == KESS_OK &&
            is_text(room, &e->canonical);
    good &= kess_verify_documents(key, &verdict, e->body.data, e->body.len,
                                  offsets, 1, NULL, NULL) == KESS_OK &&
            verdict == KESS_OK;
    good &= is_written_as_expected(e, room);
    return good;
}

/* Returns NULL where all went well. */
static void *work(void *number)
{
    const unsigned start = (unsigned)(uintptr_t)number;
    text *room = malloc(sizeof(*room));
    int good = room != NULL;

    for (int i = rounds_of(ROUNDS); good && i > 0; i--) {
        good = are_as_expected(&documents[(start + i) % DOCUMENTS], room);
    }
    free(room);
    return good ? NULL : number;
}

/* What threads get at once is what one thread got alone. */
static void test_threads(void)
{
    pthread_t threads[THREADS];

    for (uintptr_t i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, work, (void *)(i + 1)) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *failed = NULL;
        CHECK(pthread_join(threads[i], &failed) == 0);
        CHECK(failed == NULL);
    }
}

int main(void)
{
    kess_key *loaded = NULL;

    CHECK_EQUAL(KESS_OK,
                kess_private_key_load(&loaded, (const uint8_t *)fuzz_key,
                                      sizeof(fuzz_key) - 1, NULL, 0, 0, NULL));
    key = loaded;
    for (unsigned i = 0; i < DOCUMENTS; i++) {
        make_expected(&documents[i], i);
    }
    test_threads();
    kess_key_free(loaded);
    return 0;
}

/*
 * test_batch.c: many documents with one call. The functions for one document
 * judge.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "../fuzz/key.h"
#include "check.h"
#include "guard.h"
#include "kess.h"

/* Which of the patterns are tried. */
#ifndef STEP
#define STEP 1
#endif

#define DATA_MAX 32768
#define BATCH_MAX 32
#define TEXT_MAX 2048

static kess_key *key;        /* private */
static kess_key *public_key; /* its public half */
static kess_key *signer;     /* of texts: of a sample a short key, which is faster */
static size_t sign_len;      /* of its signatures, in base64 */
static guard input;
static kess_error err;

static void load_signer(void)
{
    signer = key;
    if (is_sample()) {
        EVP_PKEY *made = EVP_RSA_gen(512);
        uint8_t *der = NULL;
        const int len = i2d_PrivateKey(made, &der);

        CHECK(len > 0);
        signer = NULL;
        CHECK_EQUAL(KESS_OK,
                    kess_private_key_load(&signer, der, (size_t)len, NULL, 0,
                                          KESS_KEY_ALLOW_WEAK, NULL));
        OPENSSL_free(der);
        EVP_PKEY_free(made);
    }
    sign_len = (kess_key_size(signer) + 2) / 3 * 4;
}

static void load_keys(void)
{
    CHECK_EQUAL(KESS_OK,
                kess_private_key_load(&key, (const uint8_t *)fuzz_key,
                                      sizeof(fuzz_key) - 1, NULL, 0, 0, NULL));
    CHECK_EQUAL(KESS_OK, kess_key_public(&public_key, key, NULL));
    load_signer();
}

static void free_keys(void)
{
    if (signer != key) {
        kess_key_free(signer);
    }
    kess_key_free(public_key);
    kess_key_free(key);
}

/* ------------------------------------------------------------ texts */

typedef struct batch {
    uint8_t data[DATA_MAX];
    size_t len;
    int64_t offsets[BATCH_MAX + 1];
    size_t count;
} batch;

static batch texts;

/* Bytes that belong to no text come first. */
static void start(batch *b)
{
    memset(b->data, '[', sizeof(b->data));
    b->count = 0;
    b->len = 11;
    b->offsets[0] = 11;
}

static void add(batch *b, const void *text, size_t len)
{
    CHECK(b->count < BATCH_MAX && b->len + len <= DATA_MAX);
    memcpy(b->data + b->len, text, len);
    b->len += len;
    b->offsets[++b->count] = (int64_t)b->len;
}

static size_t len_of(const batch *b, size_t i)
{
    return (size_t)(b->offsets[i + 1] - b->offsets[i]);
}

static const int64_t good_offsets[] = {0, 1, 2, 2};

/* Of three texts in two bytes: they descend, or leave the data. */
static const int64_t bad_offsets[][4] = {
    {-1, 0, 2, 2},        {0, 2, 1, 2},
    {2, 1, 1, 1},         {0, 1, 2, 3},
    {0, 1, 2, INT64_MAX}, {INT64_MIN, 0, 1, 2},
    {3, 3, 3, 3},         {0, 0, INT64_MAX, 1},
    {0, 1, -1, 2},        {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX},
};
#define BAD_OFFSETS (sizeof(bad_offsets) / sizeof(bad_offsets[0]))

static const kess_options bad_options[] = {{24, 0}, {33, 0}, {128, 0}, {0, 513}};
#define BAD_OPTIONS (sizeof(bad_options) / sizeof(bad_options[0]))

/* ------------------------------------------------------------ verify */

static int32_t statuses[BATCH_MAX + 2];

static kess_status verify(const void *data, size_t len, const int64_t *offsets,
                          size_t count, const kess_options *options)
{
    memset(statuses, UNTOUCHED, sizeof(statuses));
    const kess_status status = kess_verify_documents(
        public_key, statuses, data, len, offsets, count, options, &err);
    CHECK_EQUAL(status, err.status);
    CHECK(err.item == 0 && err.pos == 0);
    CHECK_EQUAL(0, ERR_peek_last_error());
    if (status != KESS_OK) {
        CHECK(is_untouched(statuses, sizeof(statuses)));
    }
    return status;
}

static void add_body(const char *parameters)
{
    uint8_t body[TEXT_MAX];
    size_t len = sizeof(body);

    CHECK_EQUAL(KESS_OK,
                kess_signed_body(key, body, &len, (const uint8_t *)parameters,
                                 strlen(parameters), NULL, NULL));
    add(&texts, body, len);
}

/* Right and wrong bodies, empty ones among them. */
static void make_bodies(void)
{
    start(&texts);
    for (int round = 0; round < 3; round++) {
        add_body("{\"a\":1,\"b\":[0.50,\"caf\xc3\xa9\"]}");
        add(&texts, "", 0);
        add_body("{\"a\":1}");
        texts.data[texts.offsets[texts.count - 1] + 5] = '2';
        add(&texts, "{\"a\":1,\"a\":2}", 13);
        add_body("{\"success\":true,\"data\":{\"amount\":1e2}}");
        add(&texts, "{\"a\":1}", 7);
        add(&texts, "[]", 2);
        add_body("{}");
        add(&texts, "}", 1);
    }
}

/* Each body gets the verdict that it gets alone. */
static void test_verify(void)
{
    const kess_options shallow = {0, 1};
    const kess_options *const options[] = {NULL, &shallow};
    unsigned right = 0;

    make_bodies();
    for (int o = 0; o < 2; o++) {
        CHECK_EQUAL(KESS_OK, verify(texts.data, texts.len, texts.offsets,
                                    texts.count, options[o]));
        for (size_t i = 0; i < texts.count; i++) {
            uint8_t out[TEXT_MAX];
            size_t out_len = sizeof(out);
            const kess_status alone = kess_verify_document(
                public_key, out, &out_len, texts.data + texts.offsets[i],
                len_of(&texts, i), options[o], NULL);
            CHECK_EQUAL(alone, statuses[i]);
            right += alone == KESS_OK;
        }
        CHECK(is_untouched(statuses + texts.count, 2 * sizeof(statuses[0])));
    }
    CHECK_EQUAL(9 + 3, right);
}

/* ------------------------------------------------------------ patterns */

#define PLACES 9
#define WAYS 3

/* What may stand at each place: a right body, a wrong one, a refused one. All
 * are different. */
typedef struct choice {
    uint8_t body[TEXT_MAX];
    size_t len;
    kess_status alone;
} choice;

static choice choices[PLACES][WAYS];

static void judge(choice *c)
{
    uint8_t out[TEXT_MAX];
    size_t out_len = sizeof(out);
    c->alone = kess_verify_document(public_key, out, &out_len, c->body, c->len,
                                    NULL, NULL);
}

static void make_choices(void)
{
    static const char *const refused[PLACES] = {
        "",          "{\"a\":1,\"a\":2}", "[]",
        "{\"a\":1}", "{\"sign\":1}",     "{\"sign\":\"AA\"}",
        "{",         "{\"sign\":\"====\"}", "{\"a\":1e999,\"sign\":\"\"}"};

    for (size_t i = 0; i < PLACES; i++) {
        char text[40];
        snprintf(text, sizeof(text), "{\"a\":1%zu}", i);
        for (size_t way = 0; way < WAYS; way++) {
            choice *c = &choices[i][way];
            c->len = sizeof(c->body);
            CHECK_EQUAL(KESS_OK,
                        kess_signed_body(key, c->body, &c->len,
                                         (const uint8_t *)text, strlen(text),
                                         NULL, NULL));
            if (way == 1) {
                c->body[5] = '2';
            } else if (way == 2) {
                c->len = strlen(refused[i]);
                memcpy(c->body, refused[i], c->len);
            }
            judge(c);
            CHECK(way == 0   ? c->alone == KESS_OK
                  : way == 1 ? c->alone == KESS_ERR_SIGNATURE
                             : c->alone >= 200 && c->alone != 400);
        }
    }
}

/* Every pattern of them (or every step-th). */
static void test_patterns(unsigned step)
{
    unsigned all = 1;

    make_choices();
    for (size_t i = 0; i < PLACES; i++) {
        all *= WAYS;
    }
    for (unsigned pattern = 0; pattern < all; pattern += step) {
        unsigned left = pattern;
        start(&texts);
        for (size_t i = 0; i < PLACES; i++, left /= WAYS) {
            const choice *c = &choices[i][left % WAYS];
            add(&texts, c->body, c->len);
        }
        CHECK_EQUAL(KESS_OK, verify(texts.data, texts.len, texts.offsets,
                                    PLACES, NULL));
        left = pattern;
        for (size_t i = 0; i < PLACES; i++, left /= WAYS) {
            CHECK_EQUAL(choices[i][left % WAYS].alone, statuses[i]);
        }
    }
}

/* A body with the signature of another one. */
static void add_swapped(size_t place, size_t from)
{
    choice made = choices[place][0];
    /* The number is the first member, and the signature the rest. */
    made.len = choices[from][0].len;
    memcpy(made.body + 8, choices[from][0].body + 8, made.len - 8);
    add(&texts, made.body, made.len);
}

/* A right signature that moved to the neighbour, or was swapped with its own,
 * makes a body wrong, and no other one. */
static void test_neighbours(void)
{
    make_choices();
    for (size_t moved = 0; moved < 2 * PLACES; moved++) {
        const size_t from = moved / 2;
        const size_t to = (from + 1) % PLACES;
        const int is_swapped = moved % 2 == 1;
        start(&texts);
        for (size_t i = 0; i < PLACES; i++) {
            add_swapped(i, i == to ? from : i == from && is_swapped ? to : i);
        }
        CHECK_EQUAL(KESS_OK, verify(texts.data, texts.len, texts.offsets,
                                    PLACES, NULL));
        for (size_t i = 0; i < PLACES; i++) {
            const int is_wrong = i == to || (i == from && is_swapped);
            CHECK_EQUAL(is_wrong ? KESS_ERR_SIGNATURE : KESS_OK, statuses[i]);
        }
    }
}

/* The last body may end where the buffer ends, and nothing is read beyond. */
static void test_verify_end(void)
{
    start(&texts);
    add_body("{\"a\":1}");
    const size_t len = len_of(&texts, 0);
    const uint8_t *in = guard_copy(&input, AT_END, texts.data + 11, len);
    const int64_t whole[] = {0, (int64_t)len};
    const int64_t cut[] = {0, (int64_t)len - 1, (int64_t)len};

    CHECK_EQUAL(KESS_OK, verify(in, len, whole, 1, NULL));
    CHECK_EQUAL(KESS_OK, statuses[0]);
    CHECK_EQUAL(KESS_OK, verify(in, len, cut, 2, NULL));
    CHECK_EQUAL(KESS_ERR_SYNTAX, statuses[0]);
    CHECK_EQUAL(KESS_ERR_SYNTAX, statuses[1]);
}

/* No bodies, and bodies of no bytes. */
static void test_verify_empty(void)
{
    const int64_t nothing[] = {0, 0, 0};

    CHECK_EQUAL(KESS_OK, kess_verify_documents(public_key, NULL, NULL, 0, NULL,
                                               0, NULL, &err));
    CHECK_EQUAL(KESS_OK, err.status);
    CHECK_EQUAL(KESS_OK, verify(NULL, 0, nothing, 0, NULL));
    CHECK(is_untouched(statuses, sizeof(statuses)));
    CHECK_EQUAL(KESS_OK, verify(NULL, 0, nothing, 2, NULL));
    CHECK_EQUAL(KESS_ERR_SYNTAX, statuses[0]);
    CHECK_EQUAL(KESS_ERR_SYNTAX, statuses[1]);
}

/* Offsets rise and stay within the data; then only are bodies looked at. */
static void test_verify_arguments(void)
{
    const kess_options too_deep = {0, 512};

    for (size_t i = 0; i < BAD_OFFSETS; i++) {
        CHECK_EQUAL(KESS_ERR_ARGUMENT,
                    verify("{}", 2, bad_offsets[i], 3, NULL));
    }
    for (size_t i = 0; i < BAD_OPTIONS; i++) {
        CHECK_EQUAL(KESS_ERR_ARGUMENT,
                    verify("{}", 2, good_offsets, 3, &bad_options[i]));
    }
    CHECK_EQUAL(KESS_OK, verify("{}", 2, good_offsets, 3, NULL));
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                verify("{}", 2, good_offsets, 3, &too_deep));
    CHECK_EQUAL(KESS_ERR_ARGUMENT, verify(NULL, 2, good_offsets, 3, NULL));
    CHECK_EQUAL(KESS_ERR_ARGUMENT, verify("{}", 2, NULL, 3, NULL));
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_verify_documents(public_key, NULL, (const uint8_t *)"{}",
                                      2, good_offsets, 3, NULL, &err));
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_verify_documents(NULL, statuses, (const uint8_t *)"{}", 2,
                                      good_offsets, 3, NULL, NULL));
}

/* ------------------------------------------------------------ write */

#define OUT_MAX 8192

/* What a call is given and gives, with forbidden pages behind each array. */
typedef struct sheet {
    guard out_room;
    guard offsets_room;
    guard statuses_room;
    uint8_t *out;
    size_t room;    /* in out */
    size_t out_len; /* as the call left it */
    int64_t *offsets;
    int32_t *statuses;
    size_t done;
} sheet;

static sheet made;     /* with more room than is needed */
static sheet stepwise; /* with too little */

static void open_sheet(sheet *s)
{
    guard_open(&s->out_room, OUT_MAX);
    guard_open(&s->offsets_room, (BATCH_MAX + 1) * sizeof(*s->offsets));
    guard_open(&s->statuses_room, BATCH_MAX * sizeof(*s->statuses));
}

static void clear_sheet(sheet *s, size_t room, size_t count)
{
    s->room = room;
    s->out = guard_fill(&s->out_room, AT_END, room);
    s->offsets = (int64_t *)(void *)guard_fill(
        &s->offsets_room, AT_END, (count + 1) * sizeof(*s->offsets));
    s->statuses = (int32_t *)(void *)guard_fill(&s->statuses_room, AT_END,
                                                count * sizeof(*s->statuses));
    s->done = 0;
}

/* More room, with the bytes in it that were there. */
static void grow(sheet *s, size_t room)
{
    uint8_t *out = guard_room(&s->out_room, AT_END, room);

    CHECK(room > s->room);
    memmove(out, s->out, s->room);
    memset(out + s->room, UNTOUCHED, room - s->room);
    s->out = out;
    s->room = room;
}

typedef kess_status (*call)(sheet *s, const uint8_t *data, size_t len,
                            const int64_t *offsets, size_t count,
                            const kess_options *options, kess_error *error);

static kess_status do_canonicalize(sheet *s, const uint8_t *data, size_t len,
                                   const int64_t *offsets, size_t count,
                                   const kess_options *options,
                                   kess_error *error)
{
    return kess_canonicalize_documents(s->out, &s->out_len, s->offsets,
                                       s->statuses, &s->done, data, len,
                                       offsets, count, options, error);
}

static kess_status do_sign(sheet *s, const uint8_t *data, size_t len,
                           const int64_t *offsets, size_t count,
                           const kess_options *options, kess_error *error)
{
    return kess_sign_documents(signer, (char *)s->out, &s->out_len, s->offsets,
                               s->statuses, &s->done, data, len, offsets,
                               count, options, error);
}

static kess_status run(call function, sheet *s, const batch *b,
                       const kess_options *options)
{
    const uint8_t *in = guard_copy(&input, AT_END, b->data, b->len);

    s->out_len = s->room;
    memset(&err, UNTOUCHED, sizeof(err));
    const kess_status status =
        function(s, in, b->len, b->offsets, b->count, options, &err);
    CHECK_EQUAL(status, err.status);
    CHECK(err.item == 0 && err.pos == 0);
    CHECK_EQUAL(0, ERR_peek_last_error());
    return status;
}

/* One text alone. */
static kess_status run_alone(call function, uint8_t *out, size_t *out_len,
                             const batch *b, size_t i,
                             const kess_options *options)
{
    const uint8_t *text = b->data + b->offsets[i];

    return function == do_sign
               ? kess_sign_document(signer, (char *)out, out_len, text,
                                    len_of(b, i), options, NULL)
               : kess_canonicalize(out, out_len, text, len_of(b, i), options,
                                   NULL);
}

static void add_text(const char *text)
{
    add(&texts, text, strlen(text));
}

/* Good texts that shrink and grow, and one of each way to be bad. */
static void make_texts(void)
{
    static const char *const bad[] = {
        "",         "{",         "[\"\xff\"]", "[\"\n\"]",
        "[\"\\x\"]", "[\"\\ud800\"]", "1",       "[1e999]",
    };

    start(&texts);
    add_text("{\"b\":1, \"a\":[0.50, {}]}");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        add_text(bad[i]);
    }
    add_text("[\"\xf0\x9f\x98\x80/\"]");
    add_text("{\"sign\":\"x\"}");
    add_text("[[[]]]");
    add_text("{");
}

/* The first *done outputs of a sheet are those of the other one, and nothing
 * else in it was touched. */
static void check_begun(const sheet *s, size_t count)
{
    const size_t used = (size_t)made.offsets[s->done];

    CHECK(memcmp(s->offsets, made.offsets,
                 (s->done + 1) * sizeof(*s->offsets)) == 0);
    CHECK(memcmp(s->statuses, made.statuses,
                 s->done * sizeof(*s->statuses)) == 0);
    CHECK(memcmp(s->out, made.out, used) == 0);
    CHECK(is_untouched(s->out + used, s->room - used));
    CHECK(is_untouched(s->offsets + s->done + 1,
                       (count - s->done) * sizeof(*s->offsets)));
    CHECK(is_untouched(s->statuses + s->done,
                       (count - s->done) * sizeof(*s->statuses)));
}

/* What is made of each text is what is made of it alone; a bad one has no
 * output. */
static void check_alone(call function, const kess_options *options)
{
    CHECK_EQUAL(0, made.offsets[0]);
    for (size_t i = 0; i < texts.count; i++) {
        uint8_t out[TEXT_MAX];
        size_t len = sizeof(out);
        const kess_status status =
            run_alone(function, out, &len, &texts, i, options);
        CHECK_EQUAL(status, made.statuses[i]);
        len = status == KESS_OK ? len : 0;
        CHECK_EQUAL(made.offsets[i] + (int64_t)len, made.offsets[i + 1]);
        CHECK(memcmp(out, made.out + made.offsets[i], len) == 0);
    }
}

/* Make the sheet that the others are compared with. */
static void make_sheet(call function, const kess_options *options)
{
    clear_sheet(&made, OUT_MAX, texts.count);
    CHECK_EQUAL(KESS_OK, run(function, &made, &texts, options));
    CHECK_EQUAL(texts.count, made.done);
    CHECK_EQUAL(made.offsets[texts.count], made.out_len);
    check_begun(&made, texts.count);
}

static void test_alone(call function)
{
    static const kess_options options[] = {
        {0, 0}, {KESS_PROFILE_UNESCAPED_UNICODE, 2}, {0, 512}};

    make_texts();
    make_sheet(function, NULL);
    check_alone(function, NULL);
    CHECK_EQUAL(KESS_OK, made.statuses[0]);
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        make_sheet(function, &options[i]);
        check_alone(function, &options[i]);
    }
    CHECK_EQUAL(KESS_OK, made.statuses[0]);
}

/* The depth that is allowed where no caller says is that of one text, too. */
static void test_depth(call function)
{
    char text[1024];

    start(&texts);
    for (size_t depth = 511; depth <= 512; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        add(&texts, text, 2 * depth);
    }
    make_sheet(function, NULL);
    check_alone(function, NULL);
    CHECK_EQUAL(KESS_OK, made.statuses[0]);
    CHECK_EQUAL(function == do_sign ? KESS_OK : KESS_ERR_DEPTH,
                made.statuses[1]);
}

/* As many texts are done as there is room for; then the call says how much the
 * next one needs, and with that it continues, to the same end. */
static void check_room(call function, size_t room, size_t more)
{
    size_t before = SIZE_MAX;

    clear_sheet(&stepwise, room, texts.count);
    while (run(function, &stepwise, &texts, NULL) == KESS_ERR_BUFFER) {
        const size_t end = (size_t)made.offsets[stepwise.done + 1];
        CHECK_EQUAL(end, stepwise.out_len);
        CHECK(end > stepwise.room);
        CHECK(stepwise.done != before);
        check_begun(&stepwise, texts.count);
        before = stepwise.done;
        grow(&stepwise, end + more);
    }
    CHECK_EQUAL(KESS_OK, err.status);
    CHECK_EQUAL(texts.count, stepwise.done);
    CHECK_EQUAL(made.out_len, stepwise.out_len);
    check_begun(&stepwise, texts.count);
}

static void test_room(call function)
{
    make_texts();
    make_sheet(function, NULL);
    for (size_t room = 0; room <= made.out_len + 1; room++) {
        /* A signature takes long, and each has the same length. */
        if (function == do_sign && room > 1 &&
            (room + 1) % (sign_len / 4 * step_of(4)) > 2) {
            continue;
        }
        check_room(function, room, 0);
        check_room(function, room, 30);
    }
}

/* What is done already is not done again, nor looked at. */
static void test_done(call function)
{
    make_texts();
    make_sheet(function, NULL);
    clear_sheet(&stepwise, 1000, texts.count);
    stepwise.done = texts.count;
    stepwise.offsets[texts.count] = 77;
    CHECK_EQUAL(KESS_OK, run(function, &stepwise, &texts, NULL));
    CHECK_EQUAL(77, stepwise.out_len);
    CHECK_EQUAL(texts.count, stepwise.done);
    CHECK(is_untouched(stepwise.out, 1000));
    CHECK(is_untouched(stepwise.offsets,
                       texts.count * sizeof(*stepwise.offsets)));
    CHECK(is_untouched(stepwise.statuses,
                       texts.count * sizeof(*stepwise.statuses)));
}

/* No texts, and texts for which there is nothing to write. */
static void test_empty(call function)
{
    start(&texts);
    clear_sheet(&stepwise, 10, 0);
    CHECK_EQUAL(KESS_OK, run(function, &stepwise, &texts, NULL));
    CHECK_EQUAL(0, stepwise.out_len);
    CHECK_EQUAL(0, stepwise.offsets[0]);
    clear_sheet(&stepwise, 0, 0);
    stepwise.out = NULL;
    stepwise.statuses = NULL;
    stepwise.out_len = 0;
    CHECK_EQUAL(KESS_OK, function(&stepwise, NULL, 0, NULL, 0, NULL, NULL));
    CHECK_EQUAL(0, stepwise.offsets[0]);

    const int64_t nothing[] = {0, 0, 0};
    clear_sheet(&stepwise, 0, 2);
    stepwise.out = NULL;
    CHECK_EQUAL(KESS_OK,
                function(&stepwise, NULL, 0, nothing, 2, NULL, NULL));
    CHECK_EQUAL(0, stepwise.out_len);
    CHECK_EQUAL(2, stepwise.done);
    CHECK_EQUAL(KESS_ERR_SYNTAX, stepwise.statuses[0]);
    CHECK_EQUAL(KESS_ERR_SYNTAX, stepwise.statuses[1]);
    CHECK_EQUAL(0, stepwise.offsets[2]);

    /* Without any room a good text is not done. */
    clear_sheet(&stepwise, 0, 1);
    stepwise.out = NULL;
    CHECK_EQUAL(KESS_ERR_BUFFER, function(&stepwise, (const uint8_t *)"[]", 2,
                                          (const int64_t[]){0, 2}, 1, NULL,
                                          NULL));
    CHECK_EQUAL(function == do_sign ? sign_len : 2, stepwise.out_len);
    CHECK(stepwise.done == 0 && stepwise.offsets[0] == 0);
}

/* ------------------------------------------------------------ arguments */

static const uint8_t two[] = "[]";

/* A call that is refused writes nothing: all is as it was. */
static void check_refused(call function, const uint8_t *data,
                          const int64_t *offsets, const kess_options *options)
{
    const sheet before = stepwise;

    memset(&err, UNTOUCHED, sizeof(err));
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                function(&stepwise, data, 2, offsets, 3, options, &err));
    CHECK(err.status == KESS_ERR_ARGUMENT && err.item == 0 && err.pos == 0);
    CHECK(memcmp(&before, &stepwise, sizeof(before)) == 0);
    CHECK(stepwise.out == NULL || is_untouched(stepwise.out, stepwise.room));
    CHECK(stepwise.statuses == NULL ||
          is_untouched(stepwise.statuses, 3 * sizeof(*stepwise.statuses)));
    CHECK(stepwise.offsets == NULL || stepwise.done > 0 ||
          is_untouched(stepwise.offsets, 4 * sizeof(*stepwise.offsets)));
}

static void fresh_sheet(void)
{
    clear_sheet(&stepwise, 1100, 3);
    stepwise.out_len = 1100;
}

/* Offsets rise and stay within the data; arrays are there; options are those
 * of the header. */
static void test_arguments(call function)
{
    fresh_sheet();
    for (size_t i = 0; i < BAD_OFFSETS; i++) {
        check_refused(function, two, bad_offsets[i], NULL);
    }
    for (size_t i = 0; i < BAD_OPTIONS; i++) {
        check_refused(function, two, good_offsets, &bad_options[i]);
    }
    check_refused(function, NULL, good_offsets, NULL);
    check_refused(function, two, NULL, NULL);
    stepwise.out = NULL;
    check_refused(function, two, good_offsets, NULL);
    fresh_sheet();
    stepwise.statuses = NULL;
    check_refused(function, two, good_offsets, NULL);
    fresh_sheet();
    stepwise.offsets = NULL;
    check_refused(function, two, good_offsets, NULL);
    fresh_sheet();
    CHECK_EQUAL(KESS_OK, function(&stepwise, two, 2, good_offsets, 3, NULL,
                                  NULL));
}

/* An earlier call left what is not to be believed. */
static void test_bad_progress(call function)
{
    static const int64_t used[] = {-1, 1101, INT64_MAX, INT64_MIN};

    fresh_sheet();
    stepwise.done = 4;
    check_refused(function, two, good_offsets, NULL);
    stepwise.done = SIZE_MAX;
    check_refused(function, two, good_offsets, NULL);
    for (size_t done = 1; done <= 3; done++) {
        for (size_t i = 0; i < sizeof(used) / sizeof(used[0]); i++) {
            fresh_sheet();
            stepwise.done = done;
            stepwise.offsets[done] = used[i];
            check_refused(function, two, good_offsets, NULL);
            CHECK_EQUAL(used[i], stepwise.offsets[done]);
        }
    }
    stepwise.offsets[3] = 1100;
    CHECK_EQUAL(KESS_OK, function(&stepwise, two, 2, good_offsets, 3, NULL,
                                  NULL));
}

static kess_status do_sign_public(sheet *s, const uint8_t *data, size_t len,
                                  const int64_t *offsets, size_t count,
                                  const kess_options *options,
                                  kess_error *error)
{
    return kess_sign_documents(public_key, (char *)s->out, &s->out_len,
                               s->offsets, s->statuses, &s->done, data, len,
                               offsets, count, options, error);
}

/* The lengths that are in and out have to be there; a key that cannot sign is
 * an error of the call, and not of each text. */
static void test_pointers(void)
{
    size_t len = 1100, done = 0;

    fresh_sheet();
    check_refused(do_sign_public, two, good_offsets, NULL);
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_sign_documents(NULL, (char *)stepwise.out, &len,
                                    stepwise.offsets, stepwise.statuses, &done,
                                    two, 2, good_offsets, 3, NULL, NULL));
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_sign_documents(key, (char *)stepwise.out, NULL,
                                    stepwise.offsets, stepwise.statuses, &done,
                                    two, 2, good_offsets, 3, NULL, NULL));
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_canonicalize_documents(stepwise.out, &len,
                                            stepwise.offsets,
                                            stepwise.statuses, NULL, two, 2,
                                            good_offsets, 3, NULL, NULL));
    CHECK(len == 1100 && done == 0);
    CHECK(is_untouched(stepwise.out, stepwise.room));
    CHECK(is_untouched(stepwise.offsets, 4 * sizeof(*stepwise.offsets)));
    CHECK(is_untouched(stepwise.statuses, 3 * sizeof(*stepwise.statuses)));
}

int main(void)
{
    static const call calls[] = {do_canonicalize, do_sign};

    guard_open(&input, DATA_MAX);
    open_sheet(&made);
    open_sheet(&stepwise);
    load_keys();
    printf("%d at a time\n", kess_key_ways(public_key));
    test_verify();
    test_patterns(step_of(100) * STEP + (unsigned)is_sample());
    test_neighbours();
    test_verify_end();
    test_verify_empty();
    test_verify_arguments();
    for (size_t i = 0; i < 2; i++) {
        test_alone(calls[i]);
        test_depth(calls[i]);
        test_room(calls[i]);
        test_done(calls[i]);
        test_empty(calls[i]);
        test_arguments(calls[i]);
        test_bad_progress(calls[i]);
    }
    test_pointers();
    free_keys();
    return 0;
}

/*
 * test_memory.c: every allocation of the canonical form fails once.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * This program has a copy of the library with the allocator of this file. The
 * allocations of keys and of libcrypto are the subject of test_keyfaults.c;
 * here are those that a document meets.
 */
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

#include "../fuzz/key.h"
#include "check.h"
#include "fault.h"
#include "guard.h"
#include "kess.h"

/* ------------------------------------------------------------ allocators */

typedef struct faults {
    long count;   /* allocations since the start of a run */
    long fail_at; /* the one that fails; -1: none */
    int keep_on;  /* all later ones fail too */
    int has_failed;
    long live; /* blocks that were not freed */
} faults;

static faults ours = {0, -1, 0, 0, 0};
static faults libcrypto = {0, -1, 0, 0, 0};

static int must_fail(faults *f)
{
    const long number = f->count++;
    const int fails = number == f->fail_at ||
                      (f->keep_on && f->fail_at >= 0 && number > f->fail_at);

    f->has_failed |= fails;
    return fails;
}

/* In front of each block: its size, in the alignment of malloc. */
#define HEAD 16

void *kess_fault_malloc(size_t size)
{
    CHECK(size > 0);
    if (must_fail(&ours)) {
        return NULL;
    }
    uint8_t *block = malloc(HEAD + size);
    CHECK(block != NULL);
    memcpy(block, &size, sizeof(size));
    memset(block + HEAD, UNTOUCHED, size); /* no caller may rely on zeros */
    ours.live++;
    return block + HEAD;
}

void kess_fault_free(void *block)
{
    size_t size;

    if (block == NULL) {
        return;
    }
    memcpy(&size, (uint8_t *)block - HEAD, sizeof(size));
    memset(block, UNTOUCHED, size);
    free((uint8_t *)block - HEAD);
    ours.live--;
}

/* Always moves: no caller may keep the old place. */
void *kess_fault_realloc(void *block, size_t size)
{
    size_t old = 0;
    void *moved = kess_fault_malloc(size);

    if (moved != NULL && block != NULL) {
        memcpy(&old, (uint8_t *)block - HEAD, sizeof(old));
        memcpy(moved, block, old < size ? old : size);
        kess_fault_free(block);
    }
    return moved;
}

static void *crypto_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return must_fail(&libcrypto) ? NULL : malloc(size);
}

static void *crypto_realloc(void *block, size_t size, const char *file,
                            int line)
{
    (void)file;
    (void)line;
    return must_fail(&libcrypto) ? NULL : realloc(block, size);
}

static void crypto_free(void *block, const char *file, int line)
{
    (void)file;
    (void)line;
    free(block);
}

/* ------------------------------------------------------------ documents */

#define TEXT_MAX 40000
#define OUT_MAX 60000

typedef struct text {
    char data[TEXT_MAX];
    size_t len;
} text;

static text document;
static text body;
static kess_key *key;

static uint8_t good[OUT_MAX]; /* what a job gives where nothing fails */
static size_t good_len;
static long ours_of_key;
static unsigned crypto_failures;
static uint8_t out[OUT_MAX];
static size_t out_len;
static kess_error err;

static void add(const char *string)
{
    CHECK(document.len + strlen(string) < TEXT_MAX);
    strcpy(document.data + document.len, string);
    document.len += strlen(string);
}

static void add_filled(char c, size_t count)
{
    CHECK(document.len + count < TEXT_MAX);
    memset(document.data + document.len, c, count);
    document.len += count;
}

static void start(const char *string)
{
    document.len = 0;
    add(string);
}

/* count members; the format takes the number, then the value takes it. */
static void add_members(const char *name, const char *value, unsigned count)
{
    char member[100];

    for (unsigned i = 0; i < count; i++) {
        snprintf(member, sizeof(member), "%s\"", i > 0 ? "," : "");
        add(member);
        snprintf(member, sizeof(member), name, i * 7919 % count);
        add(member);
        add("\":");
        snprintf(member, sizeof(member), value, i);
        add(member);
    }
}

static void make_small(void)
{
    start("{\"b\":1,\"a\":[{\"0\":1}]}");
}

static void make_long(void)
{
    start("{\"b\":\"");
    add_filled('/', 8000);
    add("\",\"a\":1}");
}

static void make_members(void)
{
    start("{\"z\":{");
    add_members("member %u", "%u", 300);
    add("},");
    add_members("m%03u", "%u", 40);
    add("}");
}

/* What grows is written again and again. */
static void make_growing(const char *value)
{
    start("[");
    while (document.len < 6000) {
        add(value);
        add(",");
    }
    add("1]");
}

static void make_foreign(void)
{
    make_growing("\"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\"");
}

static void make_numbers(void)
{
    make_growing("1e16");
}

static void make_names(void)
{
    start("{");
    add_members("\xc3\xa9%u", "\"/%u\"", 40);
    add("}");
}

static void make_integers(void)
{
    start("{");
    add_members("%u", "%u", 40);
    add("}");
}

static void make_mixed(void)
{
    start("{");
    add_members("%u", "%u", 40);
    add(",");
    add_members("m%u", "%u", 40);
    add("}");
}

static void make_inconsistent(void)
{
    start("{");
    add_members("%u", "%u", 40);
    add(",");
    add_members("%ua", "%u", 40);
    add("}");
}

static void make_fixups(void)
{
    start("{\"b\":[");
    for (int i = 0; i < 60; i++) {
        add(i > 0 ? "," : "");
        add("{\"0\":1e400,\"0\":{\"0\":[{\"0\":1,\"0\":2}]},\"1\":2}");
    }
    add("]}");
}

static void make_duplicates(void)
{
    start("{\"n\":{");
    add_members("%u", "%u", 100);
    add(",");
    add_members("%u", "%u", 100);
    add("},");
    add_members("m%u", "%u", 40);
    add(",");
    add_members("m%u", "%u", 40);
    add("}");
}

/* ------------------------------------------------------------ calls */

static kess_status canonicalize(void)
{
    return kess_canonicalize(out, &out_len, (uint8_t *)document.data,
                             document.len, NULL, &err);
}

static kess_status sign(void)
{
    return kess_sign_document(key, (char *)out, &out_len,
                              (uint8_t *)document.data, document.len, NULL,
                              &err);
}

static kess_status sign_body(void)
{
    return kess_signed_body(key, out, &out_len, (uint8_t *)document.data,
                            document.len, NULL, &err);
}

static kess_status verify(void)
{
    return kess_verify_document(key, out, &out_len, (uint8_t *)body.data,
                                body.len, NULL, &err);
}

static kess_status verify_parameters(void)
{
    return kess_verify_document(key, out, &out_len, (uint8_t *)document.data,
                                document.len, NULL, &err);
}

/* The verdict on a body, count times in one batch; where one of them failed,
 * its status. The call as a whole may only fail before it looks at bodies, and
 * then writes none. */
static kess_status verify_some(size_t count)
{
    static char data[3 * TEXT_MAX];
    int64_t offsets[4] = {0};
    int32_t verdicts[3] = {-1, -1, -1};

    for (size_t i = 0; i < count; i++) {
        memcpy(data + i * body.len, body.data, body.len);
        offsets[i + 1] = (int64_t)((i + 1) * body.len);
    }
    const kess_status status = kess_verify_documents(
        key, verdicts, (uint8_t *)data, count * body.len, offsets, count, NULL,
        &err);
    CHECK_EQUAL(status, err.status);
    for (size_t i = 0; i < 3; i++) {
        CHECK_EQUAL(status == KESS_OK && i < count, verdicts[i] >= 0);
        if (verdicts[i] > 0) {
            err.status = verdicts[i];
        }
    }
    return (kess_status)err.status;
}

static kess_status verify_batch(void)
{
    return verify_some(1);
}

static kess_status verify_more(void)
{
    return verify_some(3);
}

/* The one text of a batch: the call itself needs no memory, and without an
 * output out is as it was. */
static kess_status write_batch(int is_signed)
{
    const int64_t offsets[2] = {0, (int64_t)document.len};
    int64_t out_offsets[2] = {-1, -1};
    int32_t written = -1;
    size_t done = 0;
    size_t len = out_len;
    const uint8_t *data = (uint8_t *)document.data;
    const kess_status status =
        is_signed
            ? kess_sign_documents(key, (char *)out, &len, out_offsets,
                                  &written, &done, data, document.len, offsets,
                                  1, NULL, &err)
            : kess_canonicalize_documents(out, &len, out_offsets, &written,
                                          &done, data, document.len, offsets,
                                          1, NULL, &err);

    CHECK_EQUAL(KESS_OK, status);
    CHECK_EQUAL(KESS_OK, err.status);
    CHECK(done == 1 && out_offsets[0] == 0 && out_offsets[1] == (int64_t)len);
    CHECK((written == KESS_OK) == (len > 0));
    if (written == KESS_OK) {
        out_len = len;
    }
    err.status = written;
    return (kess_status)written;
}

static kess_status canonicalize_batch(void)
{
    return write_batch(0);
}

static kess_status sign_batch(void)
{
    return write_batch(1);
}

/* ------------------------------------------------------------ runs */

typedef struct job {
    const char *name;
    void (*make)(void); /* the document */
    kess_status (*run)(void);
    kess_status expected; /* where nothing fails */
    long least;           /* of our own allocations */
    int uses_key;
} job;

static const job jobs[] = {
    {"canonicalize small", make_small, canonicalize, KESS_OK, 0, 0},
    {"canonicalize long", make_long, canonicalize, KESS_OK, 1, 0},
    {"canonicalize foreign", make_foreign, canonicalize, KESS_OK, 3, 0},
    {"canonicalize numbers", make_numbers, canonicalize, KESS_OK, 3, 0},
    {"canonicalize members", make_members, canonicalize, KESS_OK, 6, 0},
    {"canonicalize names", make_names, canonicalize, KESS_OK, 5, 0},
    {"canonicalize integers", make_integers, canonicalize, KESS_OK, 4, 0},
    {"canonicalize mixed", make_mixed, canonicalize, KESS_OK, 4, 0},
    {"canonicalize inconsistent", make_inconsistent, canonicalize, KESS_OK, 4,
     0},
    {"canonicalize fixups", make_fixups, canonicalize, KESS_OK, 6, 0},
    {"canonicalize duplicates", make_duplicates, canonicalize, KESS_OK, 8, 0},
    {"canonicalize batch", make_members, canonicalize_batch, KESS_OK, 6, 0},
    {"sign small", make_small, sign, KESS_OK, 0, 1},
    {"sign long", make_long, sign, KESS_OK, 2, 0},
    {"sign batch", make_long, sign_batch, KESS_OK, 2, 1},
    {"body small", make_small, sign_body, KESS_OK, 1, 1},
    {"body long", make_long, sign_body, KESS_OK, 4, 0},
    {"body members", make_members, sign_body, KESS_OK, 12, 0},
    {"verify", make_long, verify, KESS_OK, 2, 1},
    {"verify members", make_members, verify, KESS_OK, 6, 0},
    {"verify batch", make_long, verify_batch, KESS_OK, 2, 1},
    {"verify more", make_long, verify_more, KESS_OK, 6, 1},
    {"verify duplicates", make_duplicates, verify_parameters,
     KESS_ERR_DUPLICATE, 9, 0},
    {"verify unsigned", make_fixups, verify_parameters, KESS_ERR_DUPLICATE, 3,
     0},
};

static kess_status run(const job *j, faults *f, long fail_at)
{
    memset(out, UNTOUCHED, sizeof(out));
    out_len = sizeof(out);
    err.status = err.item = -1;
    f->count = 0;
    f->has_failed = 0;
    f->fail_at = fail_at;
    const kess_status status = j->run();
    f->fail_at = -1;
    CHECK_EQUAL(status, err.status);
    CHECK_EQUAL(0, ERR_peek_last_error());
    return status;
}

static void check_untouched(void)
{
    CHECK_EQUAL(sizeof(out), out_len);
    CHECK(is_untouched(out, sizeof(out)));
}

static void prepare(const job *j)
{
    j->make();
    body.len = TEXT_MAX;
    if (j->run == verify || j->run == verify_batch ||
        j->run == verify_more) {
        CHECK_EQUAL(KESS_OK,
                    kess_signed_body(key, (uint8_t *)body.data, &body.len,
                                     (uint8_t *)document.data, document.len,
                                     NULL, NULL));
    }
    /* What libcrypto keeps from the first call on does not count. */
    CHECK_EQUAL(j->expected, run(j, &ours, -1));
}

/* Whichever allocation of ours fails, alone or with all after it: the status
 * says so, the outputs are as before, and no block is left. */
static void test_ours(const job *j)
{
    for (int keep_on = 0; keep_on < 2; keep_on++) {
        long fail_at = 0;
        ours.keep_on = keep_on;
        for (;; fail_at++) {
            const long live = ours.live;
            const kess_status status = run(j, &ours, fail_at);
            CHECK_EQUAL(live, ours.live);
            if (!ours.has_failed) {
                CHECK_EQUAL(j->expected, status);
                break;
            }
            if (status != KESS_ERR_MEMORY) {
                fprintf(stderr, "%s: allocation %ld\n", j->name, fail_at);
            }
            CHECK_EQUAL(KESS_ERR_MEMORY, status);
            check_untouched();
        }
        if (fail_at < j->least) {
            fprintf(stderr, "%s: %ld allocations\n", j->name, fail_at);
        }
        CHECK(fail_at >= j->least);
    }
}

/* libcrypto can do without some of its allocations: then the result is the
 * right one, and nothing else is given out as good. */
static void check_libcrypto(const job *j, kess_status status)
{
    CHECK_EQUAL(0, ours.live - ours_of_key);
    if (status == j->expected) {
        CHECK_EQUAL(good_len, out_len);
        CHECK(memcmp(good, out, sizeof(out)) == 0);
        return;
    }
    if (status != KESS_ERR_MEMORY && status != KESS_ERR_CRYPTO) {
        fprintf(stderr, "%s: %s\n", j->name, kess_status_name(status));
    }
    CHECK(status == KESS_ERR_MEMORY || status == KESS_ERR_CRYPTO);
    check_untouched();
    /* Which of the two it is depends on the version of OpenSSL. */
    crypto_failures++;
}

/* Whichever allocation of libcrypto fails (or every step-th), in each of some
 * runs: every 32nd signature makes the blinding of the key anew. */
static void test_libcrypto(const job *j, long step)
{
    const int runs = j->run == sign || j->run == sign_batch ? 36 : 1;

    CHECK_EQUAL(j->expected, run(j, &ours, -1));
    memcpy(good, out, sizeof(out));
    good_len = out_len;
    for (long fail_at = 0;; fail_at += step) {
        int any = 0;
        for (int i = 0; i < runs; i++) {
            check_libcrypto(j, run(j, &libcrypto, fail_at));
            any |= libcrypto.has_failed;
        }
        /* Nor is anything wrong given out later. */
        check_libcrypto(j, run(j, &libcrypto, -1));
        if (!any) {
            break;
        }
    }
}

int main(void)
{
    CHECK(CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc,
                                   crypto_free) == 1);
    CHECK_EQUAL(KESS_OK,
                kess_private_key_load(&key, (const uint8_t *)fuzz_key,
                                      sizeof(fuzz_key) - 1, NULL, 0, 0, NULL));
    ours_of_key = ours.live;
    for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
        prepare(&jobs[i]);
        test_ours(&jobs[i]);
    }
    for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
        if (jobs[i].uses_key) {
            prepare(&jobs[i]);
            test_libcrypto(&jobs[i], step_of(15));
        }
    }
    /* OpenSSL 3.0 allocates in most operations, 3.5 in none that is tested
     * here: there is nothing to fail then. */
    CHECK(crypto_failures > 0 || OpenSSL_version_num() >= 0x30500000UL);
    kess_key_free(key);
    CHECK_EQUAL(0, ours.live);
    return 0;
}

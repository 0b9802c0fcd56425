/*
 * batches.c: many documents to verify in one call, beside libcrypto's operation.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * "alone" is the same key with KESS_KEY_OPENSSL_ONLY: what a machine without
 * AVX-512 IFMA has.
 */
#include "batches.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>

#include "kess.h"
#include "public8.h"
#include "rivals.h"

#define BODIES 64
#define BODY_MAX 2048
#define WHY_ABSENT "eight at a time: not on this machine"

/* ------------------------------------------------------------ bodies */

typedef struct bodies {
    uint8_t data[BODIES * BODY_MAX];
    int64_t offsets[BODIES + 1];
} bodies;

/* A key in both ways, and bodies that are right and wrong. */
typedef struct bench_key {
    EVP_PKEY *pkey;
    kess_key *eight;
    kess_key *alone;
    raw_rsa raw;
    kess_public8 public8;
    uint8_t spki[1024];
    size_t spki_len;
    bodies right;
    bodies wrong;
} bench_key;

/* An answer of the gateway, of about 800 bytes with 2048 bits. */
static size_t write_answer(char *out, size_t room, unsigned number)
{
    return (size_t)snprintf(
        out, room,
        "{\"success\":true,\"code\":0,\"message\":\"\",\"data\":{"
        "\"token\":\"0b7f3c5d9a1e4f6f8c2d7e1a5b9c3d7e\",\"amount\":%u.50,"
        "\"currency\":\"USD\",\"transaction_id\":\"TX-%08u\",\"sender\":"
        "{\"name\":\"Sok Dara\",\"account\":\"012345678\"},\"receiver\":"
        "{\"name\":\"Chan \\u1785\\u17b6\\u1793\\u17cb\",\"account\":"
        "\"098765432\",\"bank\":\"ABAAKHPP\"},\"fee\":0.25,\"created_at\":"
        "\"2026-11-25T08:30:15+07:00\",\"status\":\"completed\"}}",
        number, number);
}

static void make_bodies(const kess_key *private_key, bodies *b, int is_wrong)
{
    for (unsigned i = 0; i < BODIES; i++) {
        char text[BODY_MAX];
        const size_t text_len = write_answer(text, sizeof(text), 1000 + i);
        uint8_t *body = b->data + b->offsets[i];
        size_t len = BODY_MAX;
        must(kess_signed_body(private_key, body, &len, (uint8_t *)text,
                              text_len, NULL, NULL) == KESS_OK,
             "kess_signed_body");
        if (is_wrong) {
            uint8_t *found = (uint8_t *)strstr((char *)body, "USD");
            must(found != NULL, "the currency");
            *found = 'A';
        }
        b->offsets[i + 1] = b->offsets[i] + (int64_t)len;
    }
}

static void bench_key_open(bench_key *k, unsigned bits)
{
    BIO *pem = BIO_new(BIO_s_mem());
    BUF_MEM *data = NULL;
    kess_key *private_key = NULL;
    BIGNUM *n = NULL;
    uint8_t modulus[RSA_SIZE_MAX];

    memset(k, 0, sizeof(*k));
    k->pkey = EVP_RSA_gen(bits);
    must(k->pkey != NULL && pem != NULL &&
             PEM_write_bio_PrivateKey(pem, k->pkey, NULL, NULL, 0, NULL,
                                      NULL) == 1 &&
             BIO_get_mem_ptr(pem, &data) == 1,
         "a new key");
    must(kess_private_key_load(&private_key, (const uint8_t *)data->data,
                               data->length, NULL, 0, 0, NULL) == KESS_OK,
         "loading a key");
    BIO_free(pem);
    k->spki_len = sizeof(k->spki);
    must(kess_key_spki(private_key, k->spki, &k->spki_len, NULL) == KESS_OK &&
             kess_public_key_load(&k->eight, k->spki, k->spki_len, 0, NULL) ==
                 KESS_OK &&
             kess_public_key_load(&k->alone, k->spki, k->spki_len,
                                  KESS_KEY_OPENSSL_ONLY, NULL) == KESS_OK,
         "loading a public key");
    raw_rsa_open(&k->raw, k->pkey);
    make_bodies(private_key, &k->right, 0);
    make_bodies(private_key, &k->wrong, 1);
    kess_key_free(private_key);
    if (kess_key_ways(k->eight) > 1) {
        must(EVP_PKEY_get_bn_param(k->pkey, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
                 BN_bn2binpad(n, modulus, (int)k->raw.size) > 0 &&
                 kess_int_public8_prepare(&k->public8, modulus, k->raw.size),
             "preparing");
        BN_free(n);
    }
}

static void bench_key_close(bench_key *k)
{
    raw_rsa_close(&k->raw);
    kess_key_free(k->eight);
    kess_key_free(k->alone);
    EVP_PKEY_free(k->pkey);
}

/* ------------------------------------------------------------ calls */

/* So many bodies in each call, with a key. */
typedef struct call {
    const kess_key *key;
    const bodies *of;
    size_t count;
    int32_t expected;
} call;

static void verify_all(void *of)
{
    const call *c = of;
    int32_t statuses[BODIES];

    must(kess_verify_documents(c->key, statuses, c->of->data,
                               sizeof(c->of->data), c->of->offsets, c->count,
                               NULL, NULL) == KESS_OK,
         "kess_verify_documents");
    for (size_t i = 0; i < c->count; i++) {
        must(statuses[i] == c->expected, "a verdict");
    }
}

static void verify_one(void *of)
{
    const call *c = of;
    uint8_t out[BODY_MAX];
    size_t len = sizeof(out);

    must(kess_verify_document(c->key, out, &len, c->of->data,
                              (size_t)c->of->offsets[1], NULL, NULL) ==
             KESS_OK,
         "kess_verify_document");
}

static void recover_eight(void *of)
{
    const bench_key *k = of;
    const uint8_t *signature[KESS_PUBLIC8_LANES];
    uint8_t out[KESS_PUBLIC8_LANES * RSA_SIZE_MAX];

    for (size_t i = 0; i < KESS_PUBLIC8_LANES; i++) {
        signature[i] = k->raw.power;
    }
    must(kess_int_public8_recover(&k->public8, out, signature,
                                  KESS_PUBLIC8_LANES) == 0xff &&
             memcmp(out + 7 * k->raw.size, k->raw.block, k->raw.size) == 0,
         "eight at a time");
}

static void load_key(const bench_key *k, uint32_t policy)
{
    kess_key *key = NULL;

    must(kess_public_key_load(&key, k->spki, k->spki_len, policy, NULL) ==
             KESS_OK,
         "loading a public key");
    kess_key_free(key);
}

static void load_eight(void *of)
{
    load_key(of, 0);
}

static void load_alone(void *of)
{
    load_key(of, KESS_KEY_OPENSSL_ONLY);
}

/* ------------------------------------------------------------ tables */

/* The time of one of so many. */
static void share(contestant *one, size_t count)
{
    for (int round = 0; round < ROUNDS; round++) {
        one->ns[round] /= (double)count;
    }
}

typedef struct goals {
    unsigned bits;
    double together, documents, two, wrong, load;
} goals;

static const goals all_goals[] = {
    {2048, 0.22, 0.29, 0.90, 1.35, 1.5},
    {3072, 0.22, 0.26, 0, 0, 0},
    {4096, 0.22, 0.26, 0, 0, 0},
};

/* Rows for which the machine has to be able. */
static void report_eight(report *r, contestant *all, const goals *goal)
{
    report_ratio(r, "recovered together / raw", &all[1], &all[0],
                 goal->together, 0);
    report_ratio(r, "kess_verify_documents / raw", &all[2], &all[0],
                 goal->documents, 0);
    report_ratio(r, "a batch of two / raw", &all[3], &all[0], goal->two, 0);
    report_ratio(r, "all wrong / raw", &all[4], &all[0], goal->wrong, 0);
    report_ratio(r, "public key load / alone", &all[8], &all[9], goal->load,
                 0);
}

void bench_batches(report *r, unsigned bits)
{
    static bench_key k;
    char group[64];
    size_t g = 0;

    bench_key_open(&k, bits);
    while (all_goals[g].bits != bits) {
        g++;
    }
    const int is_able = kess_key_ways(k.eight) > 1;
    call whole = {k.eight, &k.right, BODIES, KESS_OK};
    call two = {k.eight, &k.right, 2, KESS_OK};
    call wrong = {k.eight, &k.wrong, BODIES, KESS_ERR_SIGNATURE};
    call one = {k.eight, &k.right, 1, KESS_OK};
    call alone = {k.alone, &k.right, BODIES, KESS_OK};
    contestant all[] = {
        {.name = "raw public operation", .call = raw_public, .of = &k.raw},
        {.name = "recovered together, each",
         .call = is_able ? recover_eight : load_alone,
         .of = &k},
        {.name = "kess_verify_documents, each",
         .call = verify_all,
         .of = &whole},
        {.name = "a batch of two, each", .call = verify_all, .of = &two},
        {.name = "all wrong, each", .call = verify_all, .of = &wrong},
        {.name = "a batch of one", .call = verify_all, .of = &one},
        {.name = "kess_verify_document", .call = verify_one, .of = &one},
        {.name = "the batch alone, each", .call = verify_all, .of = &alone},
        {.name = "public key load", .call = load_eight, .of = &k},
        {.name = "public key load, alone", .call = load_alone, .of = &k},
    };
    measure(all, sizeof(all) / sizeof(all[0]));
    share(&all[1], KESS_PUBLIC8_LANES);
    share(&all[2], BODIES);
    share(&all[3], 2);
    share(&all[4], BODIES);
    share(&all[7], BODIES);
    snprintf(group, sizeof(group), "RSA-%u, batches of answers", bits);
    report_group(r, group, (size_t)k.right.offsets[1]);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (i == 1 && !is_able) {
            report_absent(r, all[i].name, WHY_ABSENT);
        } else {
            report_times(r, &all[i], 0);
        }
    }
    if (is_able) {
        report_eight(r, all, &all_goals[g]);
    } else {
        report_absent(r, "recovered together / raw, and what follows",
                      WHY_ABSENT);
    }
    report_ratio(r, "a batch of one / kess_verify_document", &all[5], &all[6],
                 bits == 2048 ? 1.01 : 0, 0);
    report_ratio(r, "the batch alone / kess_verify_document", &all[7],
                 &all[6], bits == 2048 ? 1.01 : 0, 0);
    bench_key_close(&k);
}

/* ------------------------------------------------------------ sizes */

static void report_rate(report *r, const char *name, double ns, size_t count)
{
    report_value(r, name, 1e9 * (double)count / ns, "documents per second",
                 0);
}

typedef struct caller {
    call what;
    size_t calls;
} caller;

static void *run_caller(void *of)
{
    caller *c = of;

    for (size_t i = 0; i < c->calls; i++) {
        verify_all(&c->what);
    }
    return NULL;
}

static double wall_now(void)
{
    struct timespec now;

    must(clock_gettime(CLOCK_MONOTONIC, &now) == 0, "the clock");
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* The least wall time of some runs of so many threads. */
static double time_of_threads(caller *c, size_t threads)
{
    double least = 0;

    for (int run = 0; run < 5; run++) {
        pthread_t thread[64];
        const double start = wall_now();
        for (size_t i = 0; i < threads; i++) {
            must(pthread_create(&thread[i], NULL, run_caller, c) == 0,
                 "a thread");
        }
        for (size_t i = 0; i < threads; i++) {
            pthread_join(thread[i], NULL);
        }
        const double ns = wall_now() - start;
        least = run == 0 || ns < least ? ns : least;
    }
    return least;
}

void bench_batch_sizes(report *r)
{
    static const size_t sizes[] = {1,  2,  3,  4,  5,  6,  7,  8,
                                   9, 12, 16, 24, 32, 48, 64};
    static bench_key k;
    static contestant all[sizeof(sizes) / sizeof(sizes[0])];
    static call calls[sizeof(sizes) / sizeof(sizes[0])];
    const size_t count = sizeof(sizes) / sizeof(sizes[0]);
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const size_t most = cores < 1 ? 2 : cores > 32 ? 64 : 2 * (size_t)cores;
    char name[64];

    bench_key_open(&k, 2048);
    for (size_t i = 0; i < count; i++) {
        calls[i] = (call){k.eight, &k.right, sizes[i], KESS_OK};
        all[i] = (contestant){.call = verify_all, .of = &calls[i]};
    }
    measure(all, count);
    report_group(r, "documents in a batch, RSA-2048",
                 (size_t)k.right.offsets[1]);
    for (size_t i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "%zu", sizes[i]);
        report_rate(r, name, median_of(all[i].ns), sizes[i]);
    }
    report_group(r, "threads, batches of 64, one RSA-2048 key",
                 (size_t)k.right.offsets[1]);
    for (size_t threads = 1; threads <= most; threads *= 2) {
        caller c = {calls[count - 1], 40};
        snprintf(name, sizeof(name), "%zu threads", threads);
        report_rate(r, name, time_of_threads(&c, threads),
                    threads * c.calls * BODIES);
    }
    bench_key_close(&k);
}

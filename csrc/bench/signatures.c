/*
 * signatures.c: sign and verify beside libcrypto, and on many threads.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "signatures.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "rivals.h"

/* ------------------------------------------------------------ signatures */

void signing_open(signing *s, unsigned bits, const document *message)
{
    BIO *pem = BIO_new(BIO_s_mem());
    BUF_MEM *data = NULL;

    s->pkey = EVP_RSA_gen(bits);
    must(s->pkey != NULL && pem != NULL &&
             PEM_write_bio_PrivateKey(pem, s->pkey, NULL, NULL, 0, NULL,
                                      NULL) == 1 &&
             BIO_get_mem_ptr(pem, &data) == 1,
         "a new key");
    must(kess_private_key_load(&s->key, (const uint8_t *)data->data,
                               data->length, NULL, 0, 0, NULL) == KESS_OK,
         "loading a key");
    BIO_free(pem);
    s->message = message->canonical;
    s->message_len = message->canonical_len;
    s->signature_len = sizeof(s->signature);
    must(kess_sign(s->key, s->signature, &s->signature_len, s->message,
                   s->message_len, NULL) == KESS_OK,
         "a signature");
}

void signing_close(signing *s)
{
    kess_key_free(s->key);
    EVP_PKEY_free(s->pkey);
}

/* Where the numbers of a key lie in memory changes the time of an operation by
 * a hundredth and more. So the calls take turns with some keys. */
#define KEYS_MAX 8
#define CALLS_OF_TURN 16 /* with each, as a program would that has one key */

typedef struct keyring {
    size_t count;
    size_t calls;
    signing of_kess[KEYS_MAX];
    raw_rsa of_libcrypto[KEYS_MAX];
} keyring;

static size_t take_turn(keyring *ring)
{
    return ring->calls++ / CALLS_OF_TURN % ring->count;
}

static void sign_with(const signing *s)
{
    uint8_t signature[SIGNATURE_SIZE_MAX];
    size_t len = sizeof(signature);

    must(kess_sign(s->key, signature, &len, s->message, s->message_len,
                   NULL) == KESS_OK,
         "kess_sign");
}

static void verify_with(const signing *s)
{
    must(kess_verify(s->key, s->signature, s->signature_len, s->message,
                     s->message_len, NULL) == KESS_OK,
         "kess_verify");
}

static void ring_sign(void *of)
{
    keyring *ring = of;

    sign_with(&ring->of_kess[take_turn(ring)]);
}

static void ring_verify(void *of)
{
    keyring *ring = of;

    verify_with(&ring->of_kess[take_turn(ring)]);
}

static void ring_private(void *of)
{
    keyring *ring = of;

    raw_private(&ring->of_libcrypto[take_turn(ring)]);
}

static void ring_public(void *of)
{
    keyring *ring = of;

    raw_public(&ring->of_libcrypto[take_turn(ring)]);
}

/* libcrypto must agree with the signature, and neither takes another. */
static void check_signature(signing *s)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    must(EVP_DigestVerifyInit_ex(ctx, NULL, "SHA2-256", NULL, NULL, s->pkey,
                                 NULL) == 1 &&
             EVP_DigestVerify(ctx, s->signature, s->signature_len, s->message,
                              s->message_len) == 1,
         "libcrypto does not know the signature");
    EVP_MD_CTX_free(ctx);
    verify_with(s);
    s->signature[5] ^= 1;
    must(kess_verify(s->key, s->signature, s->signature_len, s->message,
                     s->message_len, NULL) == KESS_ERR_SIGNATURE,
         "a changed signature verifies");
    s->signature[5] ^= 1;
}

void bench_signatures(report *r, unsigned bits, int has_goals)
{
    static keyring ring;
    document message;
    char group[64];

    document_request(&message);
    document_canonicalize(&message);
    ring.count = has_goals ? KEYS_MAX : 1;
    for (size_t i = 0; i < ring.count; i++) {
        signing_open(&ring.of_kess[i], bits, &message);
        raw_rsa_open(&ring.of_libcrypto[i], ring.of_kess[i].pkey);
        check_signature(&ring.of_kess[i]);
    }
    contestant all[] = {
        {.name = "kess_sign", .call = ring_sign, .of = &ring},
        {.name = "raw private operation", .call = ring_private, .of = &ring},
        {.name = "kess_verify", .call = ring_verify, .of = &ring},
        {.name = "raw public operation", .call = ring_public, .of = &ring},
    };
    measure(all, sizeof(all) / sizeof(all[0]));
    snprintf(group, sizeof(group), "RSA-%u, request, %zu keys", bits,
             ring.count);
    report_group(r, group, message.canonical_len);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        report_times(r, &all[i], 0);
    }
    report_ratio(r, "sign / raw private", &all[0], &all[1],
                 has_goals ? 1.02 : 0, 0);
    report_ratio(r, "verify / raw public", &all[2], &all[3],
                 has_goals ? 1.04 : 0, 0);
    for (size_t i = 0; i < ring.count; i++) {
        raw_rsa_close(&ring.of_libcrypto[i]);
        signing_close(&ring.of_kess[i]);
    }
    document_free(&message);
}

/* ------------------------------------------------------------ threads */

#define CALLS_OF_THREAD 200

typedef struct thread_task {
    void (*call)(void *of);
    void *of;
    size_t calls;
} thread_task;

static void *run_thread(void *of)
{
    const thread_task *task = of;

    for (size_t i = 0; i < task->calls; i++) {
        task->call(task->of);
    }
    return NULL;
}

static void thread_sign(void *of)
{
    sign_with(of);
}

static void thread_verify(void *of)
{
    verify_with(of);
}

static double wall_now(void)
{
    struct timespec now;

    must(clock_gettime(CLOCK_MONOTONIC, &now) == 0, "the clock");
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Calls in a second, by so many threads with one key. */
static double rate_of(thread_task task, size_t threads)
{
    pthread_t thread[64];
    const double start = wall_now();

    for (size_t i = 0; i < threads; i++) {
        must(pthread_create(&thread[i], NULL, run_thread, &task) == 0,
             "a thread");
    }
    for (size_t i = 0; i < threads; i++) {
        pthread_join(thread[i], NULL);
    }
    return (double)(threads * task.calls) / (wall_now() - start);
}

/* The best of some runs: wall-clock time is what others leave of it. */
static double best_rate(thread_task task, size_t threads)
{
    double best = 0;

    for (int run = 0; run < 5; run++) {
        const double rate = rate_of(task, threads);
        best = rate > best ? rate : best;
    }
    return best;
}

void bench_threads(report *r)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const size_t most = cores < 1 ? 2 : cores > 32 ? 64 : 2 * (size_t)cores;
    document message;
    signing s;
    char name[64];

    document_request(&message);
    document_canonicalize(&message);
    signing_open(&s, 2048, &message);
    const thread_task sign = {thread_sign, &s, CALLS_OF_THREAD};
    const thread_task verify = {thread_verify, &s, 10 * CALLS_OF_THREAD};
    report_group(r, "threads, one RSA-2048 key", message.canonical_len);
    for (size_t threads = 1; threads <= most; threads *= 2) {
        snprintf(name, sizeof(name), "sign, %zu threads", threads);
        report_value(r, name, best_rate(sign, threads), "per second", 0);
        snprintf(name, sizeof(name), "verify, %zu threads", threads);
        report_value(r, name, best_rate(verify, threads), "per second", 0);
    }
    signing_close(&s);
    document_free(&message);
}

/* ------------------------------------------------------------ profile */

void verify_often(size_t count)
{
    document message;
    signing s;

    document_request(&message);
    document_canonicalize(&message);
    signing_open(&s, 2048, &message);
    for (size_t i = 0; i < count; i++) {
        verify_with(&s);
    }
    signing_close(&s);
    document_free(&message);
}

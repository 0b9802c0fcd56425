/*
 * bench.c: the C library beside libcrypto, yyjson and PHP.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 *   kess_bench [--json]
 *
 * Every output is checked before it is timed. See measure.h for how.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "documents.h"
#include "measure.h"
#include "memory.h"
#include "rivals.h"

/* A key as kess knows it, and a message with its signature. */
typedef struct signing {
    kess_key *key;
    EVP_PKEY *pkey;
    const uint8_t *message;
    size_t message_len;
    uint8_t signature[RSA_SIZE_MAX];
    size_t signature_len;
} signing;

/* ------------------------------------------------------------ machine */

static void cpu_name(char *name, size_t room)
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "r");

    snprintf(name, room, "unknown");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) == 0 && colon != NULL) {
            snprintf(name, room, "%.*s", (int)strcspn(colon + 2, "\n\""),
                     colon + 2);
            break;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}

static void print_machine(const report *r)
{
    struct utsname os;
    char cpu[128];
    const char *yyjson = yyjson_of_bench();

    must(uname(&os) >= 0, "uname");
    cpu_name(cpu, sizeof(cpu));
    printf(r->as_json ? "{\"cpu\": \"%s\", \"cores\": %ld, "
                        "\"os\": \"%s %s %s\", \"compiler\": \"%s\", "
                        "\"build\": \"%s\", \"openssl\": \"%s\", "
                        "\"kess\": \"%s\", \"yyjson\": \"%s\", "
                        "\"rounds\": %d,\n \"rows\": ["
                      : "%s, %ld cores\n%s %s %s\n%s, %s\n%s\n"
                        "kess %s, yyjson %s\n%d rounds; CPU time of a call: "
                        "min, median, max\n",
           cpu, sysconf(_SC_NPROCESSORS_ONLN), os.sysname, os.release,
           os.machine, KESS_COMPILER, KESS_BUILD_TYPE, kess_openssl_version(),
           kess_version(), yyjson != NULL ? yyjson : "absent", ROUNDS);
}

/* ------------------------------------------------------------ signatures */

static void signing_open(signing *s, unsigned bits, const document *message)
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

static void signing_close(signing *s)
{
    kess_key_free(s->key);
    EVP_PKEY_free(s->pkey);
}

static void call_sign(void *of)
{
    signing *s = of;
    uint8_t signature[RSA_SIZE_MAX];
    size_t len = sizeof(signature);

    must(kess_sign(s->key, signature, &len, s->message, s->message_len,
                   NULL) == KESS_OK,
         "kess_sign");
}

static void call_verify(void *of)
{
    const signing *s = of;

    must(kess_verify(s->key, s->signature, s->signature_len, s->message,
                     s->message_len, NULL) == KESS_OK,
         "kess_verify");
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
    call_verify(s);
    s->signature[5] ^= 1;
    must(kess_verify(s->key, s->signature, s->signature_len, s->message,
                     s->message_len, NULL) == KESS_ERR_SIGNATURE,
         "a changed signature verifies");
    s->signature[5] ^= 1;
}

static void bench_signatures(report *r, unsigned bits, int has_goals)
{
    document message;
    signing s;
    raw_rsa raw;
    char group[64];

    document_request(&message);
    document_canonicalize(&message);
    signing_open(&s, bits, &message);
    raw_rsa_open(&raw, s.pkey);
    check_signature(&s);
    contestant all[] = {
        {.name = "kess_sign", .call = call_sign, .of = &s},
        {.name = "raw private operation", .call = raw_private, .of = &raw},
        {.name = "kess_verify", .call = call_verify, .of = &s},
        {.name = "raw public operation", .call = raw_public, .of = &raw},
    };
    measure(all, sizeof(all) / sizeof(all[0]));
    snprintf(group, sizeof(group), "RSA-%u, request", bits);
    report_group(r, group, message.canonical_len);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        report_times(r, &all[i], 0);
    }
    report_ratio(r, "sign / raw private", &all[0], &all[1],
                 has_goals ? 1.02 : 0, 0);
    report_ratio(r, "verify / raw public", &all[2], &all[3],
                 has_goals ? 1.04 : 0, 0);
    raw_rsa_close(&raw);
    signing_close(&s);
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

static void bench_threads(report *r)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const size_t most = cores < 1 ? 2 : cores > 32 ? 64 : 2 * (size_t)cores;
    document message;
    signing s;
    char name[64];

    document_request(&message);
    document_canonicalize(&message);
    signing_open(&s, 2048, &message);
    const thread_task sign = {call_sign, &s, CALLS_OF_THREAD};
    const thread_task verify = {call_verify, &s, 10 * CALLS_OF_THREAD};
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

/* ------------------------------------------------------------ documents */

static void call_canonicalize(void *of)
{
    text_pair *pair = of;
    size_t len = pair->out_len;

    must(kess_canonicalize(pair->out, &len, pair->text, pair->text_len, NULL,
                           NULL) == KESS_OK,
         "kess_canonicalize");
}

static void bench_yyjson(report *r, contestant *kess, contestant *all,
                         double of_both, double of_read)
{
    if (yyjson_of_bench() == NULL) {
        report_absent(r, "yyjson", "not compiled in");
        return;
    }
    report_times(r, &all[0], 1);
    report_times(r, &all[1], 1);
    report_ratio(r, "kess / yyjson read and write", kess, &all[0], of_both,
                 0);
    report_ratio(r, "kess / yyjson read alone", kess, &all[1], of_read, 0);
}

/* kess first, then yyjson, and PHP where asked for. */
static void bench_document(report *r, const char *group, document *of,
                           int is_response, double of_read)
{
    if (of->canonical == NULL) {
        document_canonicalize(of);
    }
    text_pair pair = {of->text, of->len, NULL, of->canonical_len};
    php with;
    contestant all[4] = {
        {.name = "kess_canonicalize", .call = call_canonicalize, .of = &pair},
    };
    size_t count = 1;
    uint8_t *php_canonical = malloc(kess_canonical_bound(of->len));

    pair.out = malloc(of->canonical_len);
    must(pair.out != NULL && php_canonical != NULL, "out of memory");
    if (yyjson_of_bench() != NULL) {
        all[1] = (contestant){.name = "yyjson read and write",
                              .call = yyjson_read_and_write,
                              .of = &pair};
        all[2] = (contestant){.name = "yyjson read alone",
                              .call = yyjson_only_read,
                              .of = &pair};
        count = 3;
    }
    const size_t php_place = count;
    const int has_php =
        is_response && php_open(&with, of->text, of->len, php_canonical);
    if (has_php) {
        must(with.canonical_len == of->canonical_len &&
                 memcmp(php_canonical, of->canonical, of->canonical_len) == 0,
             "PHP has another canonical form");
        all[count++] = (contestant){.name = "PHP decode, ksort, encode",
                                    .elsewhere = php_time,
                                    .of = &with};
    }
    measure(all, count);
    report_group(r, group, of->len);
    report_times(r, &all[0], 1);
    bench_yyjson(r, &all[0], &all[1], is_response ? 0.75 : 0, of_read);
    if (has_php) {
        report_times(r, &all[php_place], 1);
        report_ratio(r, "PHP / kess", &all[php_place], &all[0], 0, 6);
        php_close(&with);
    } else if (is_response) {
        report_absent(r, "PHP", "no php on the path");
    }
    free(php_canonical);
    free(pair.out);
}

static void bench_documents(report *r)
{
    static const size_t sizes[] = {100,    1000,    10000,
                                   100000, 1000000, 10000000};
    document message;
    document made;
    signing s;

    document_request(&message);
    document_canonicalize(&message);
    signing_open(&s, 2048, &message);
    document_response(&made, s.key);
    bench_document(r, "response", &made, 1, 0);
    document_free(&made);
    bench_document(r, "request", &message, 0, 0);
    signing_close(&s);
    document_free(&message);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        document_list(&made, sizes[i]);
        bench_document(r, "list of answers", &made, 0,
                       sizes[i] == 1000000 ? 2.2 : 0);
        document_free(&made);
    }
}

/* ------------------------------------------------------------ memory */

static void bench_memory(report *r, const char *group,
                         void (*make)(document *, size_t), int has_goal)
{
    const size_t len = 10000000;
    const double n = (double)len;

    report_group(r, group, len);
    report_value(r, "memory beyond input and output, per byte",
                 memory_of_canonicalize(make, len) / n, "bytes",
                 has_goal ? 3 + 65536 / n : 0);
}

static void bench_memories(report *r)
{
    bench_memory(r, "memory, list of answers", document_list, 1);
    bench_memory(r, "memory, one string in Khmer", document_khmer, 1);
    bench_memory(r, "memory, object of small members", document_members, 0);
}

int main(int argc, char **argv)
{
    static const unsigned bits[] = {2048, 3072, 4096};
    report r;
    const int as_json = argc == 2 && strcmp(argv[1], "--json") == 0;

    if (argc > 1 && !as_json) {
        fprintf(stderr, "usage: kess_bench [--json]\n");
        return 2;
    }
    report_begin(&r, as_json);
    print_machine(&r);
    bench_memories(&r);
    for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
        bench_signatures(&r, bits[i], bits[i] == 2048);
    }
    bench_threads(&r);
    bench_documents(&r);
    report_end(&r);
    return 0;
}

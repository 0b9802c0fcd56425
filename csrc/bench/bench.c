/*
 * bench.c: the C library beside libcrypto, yyjson and PHP.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 *   kess_bench [--json]
 *   kess_bench --batches         of it the batches to verify
 *   kess_bench --verify COUNT    nothing but verifications, for a profiler
 *
 * Every output is checked before it is timed. See measure.h for how.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "batches.h"
#include "documents.h"
#include "measure.h"
#include "memory.h"
#include "rivals.h"
#include "signatures.h"

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

/* A canonical text is its own canonical form. */
static void check_canonical(const document *of)
{
    size_t len = of->canonical_len;
    uint8_t *again = malloc(len);

    must(again != NULL, "out of memory");
    must(kess_canonicalize(again, &len, of->canonical, of->canonical_len,
                           NULL, NULL) == KESS_OK &&
             len == of->canonical_len &&
             memcmp(again, of->canonical, len) == 0,
         "a canonical form is not stable");
    free(again);
}

/* What verifies is the canonical form. */
static void check_response(const kess_key *key, document *response)
{
    uint8_t verified[2048];
    size_t len = sizeof(verified);

    document_canonicalize(response);
    must(kess_verify_document(key, verified, &len, response->text,
                              response->len, NULL, NULL) == KESS_OK &&
             len == response->canonical_len &&
             memcmp(verified, response->canonical, len) == 0,
         "the response does not verify");
}

/* kess first, then yyjson, and PHP where asked for. */
static void bench_document(report *r, const char *group, document *of,
                           int is_response, double of_read)
{
    if (of->canonical == NULL) {
        document_canonicalize(of);
    }
    check_canonical(of);
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
    check_response(s.key, &made);
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
    bench_memory(r, "memory, object of small members", document_members, 1);
    bench_memory(r, "memory, object of numeric strings",
                 document_numeric_members, 0);
}

int main(int argc, char **argv)
{
    static const unsigned bits[] = {2048, 3072, 4096};
    report r;
    const int as_json = argc == 2 && strcmp(argv[1], "--json") == 0;
    const int only_batches = argc == 2 && strcmp(argv[1], "--batches") == 0;

    if (argc == 3 && strcmp(argv[1], "--verify") == 0) {
        verify_often(strtoul(argv[2], NULL, 10));
        return 0;
    }
    if (argc > 1 && !as_json && !only_batches) {
        fprintf(stderr,
                "usage: kess_bench [--json | --batches | --verify COUNT]\n");
        return 2;
    }
    report_begin(&r, as_json);
    print_machine(&r);
    if (!only_batches) {
        bench_memories(&r);
        for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
            bench_signatures(&r, bits[i], bits[i] == 2048);
        }
        bench_threads(&r);
        bench_documents(&r);
    }
    for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
        bench_batches(&r, bits[i]);
    }
    bench_batch_sizes(&r);
    report_end(&r);
    return 0;
}

/*
 * rivals.c: libcrypto, yyjson and PHP, each doing its best.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rivals.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/rsa.h>

#include "measure.h"

#ifdef KESS_HAS_YYJSON
#include <yyjson.h>
#endif

/* ------------------------------------------------------------ libcrypto */

static EVP_PKEY_CTX *raw_ctx(EVP_PKEY *pkey, int (*init)(EVP_PKEY_CTX *))
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);

    must(ctx != NULL && init(ctx) == 1 &&
             EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1,
         "a context of libcrypto");
    return ctx;
}

void raw_private(void *of)
{
    raw_rsa *raw = of;
    size_t len = raw->size;

    must(EVP_PKEY_sign(raw->private_ctx, raw->power, &len, raw->block,
                       raw->size) == 1,
         "the private operation");
}

void raw_public(void *of)
{
    raw_rsa *raw = of;
    size_t len = raw->size;

    must(EVP_PKEY_verify_recover(raw->public_ctx, raw->back, &len, raw->power,
                                 raw->size) == 1,
         "the public operation");
}

void raw_rsa_open(raw_rsa *raw, EVP_PKEY *pkey)
{
    raw->size = (size_t)EVP_PKEY_get_size(pkey);
    must(raw->size <= RSA_SIZE_MAX, "the size of a key");
    memset(raw->block, 0x5a, sizeof(raw->block)); /* below any modulus */
    raw->block[0] = 0;
    raw->private_ctx = raw_ctx(pkey, EVP_PKEY_sign_init);
    raw->public_ctx = raw_ctx(pkey, EVP_PKEY_verify_recover_init);
    raw_private(raw);
    raw_public(raw);
    must(memcmp(raw->block, raw->back, raw->size) == 0,
         "the public operation does not undo the private one");
}

void raw_rsa_close(raw_rsa *raw)
{
    EVP_PKEY_CTX_free(raw->private_ctx);
    EVP_PKEY_CTX_free(raw->public_ctx);
}

/* ------------------------------------------------------------ yyjson */

#ifdef KESS_HAS_YYJSON

const char *yyjson_of_bench(void)
{
    return YYJSON_VERSION_STRING;
}

void yyjson_read_and_write(void *of)
{
    text_pair *pair = of;
    yyjson_doc *doc =
        yyjson_read((const char *)pair->text, pair->text_len, 0);
    char *out = yyjson_write(
        doc, YYJSON_WRITE_ESCAPE_SLASHES | YYJSON_WRITE_ESCAPE_UNICODE, NULL);

    must(out != NULL, "yyjson");
    free(out);
    yyjson_doc_free(doc);
}

void yyjson_only_read(void *of)
{
    text_pair *pair = of;
    yyjson_doc *doc =
        yyjson_read((const char *)pair->text, pair->text_len, 0);

    must(doc != NULL, "yyjson");
    yyjson_doc_free(doc);
}

#else

const char *yyjson_of_bench(void)
{
    return NULL;
}

void yyjson_read_and_write(void *of)
{
    (void)of;
}

void yyjson_only_read(void *of)
{
    (void)of;
}

#endif

/* ------------------------------------------------------------ PHP */

/* Reads the document in hexadecimal, answers with its version and the
 * canonical form in hexadecimal, then with nanoseconds for numbers of calls. */
static const char php_program[] =
    "$text = hex2bin(trim(fgets(STDIN)));"
    "function canonical($text) {"
    " $a = json_decode($text, true); ksort($a);"
    " unset($a['sign_type'], $a['sign']); return json_encode($a); }"
    "echo PHP_VERSION, ' ', bin2hex(canonical($text)), \"\\n\";"
    "function cpu() { $u = getrusage();"
    " return $u['ru_utime.tv_sec'] * 1e9 + $u['ru_utime.tv_usec'] * 1e3"
    " + $u['ru_stime.tv_sec'] * 1e9 + $u['ru_stime.tv_usec'] * 1e3; }"
    "while (($n = (int) fgets(STDIN)) > 0) { $start = cpu();"
    " while ($n-- > 0) canonical($text);"
    " echo (int) (cpu() - $start), \"\\n\"; }";

static void php_child(const int *orders, const int *answers)
{
    if (dup2(orders[0], 0) == 0 && dup2(answers[1], 1) == 1 &&
        close(orders[1]) == 0 && close(answers[0]) == 0) {
        execlp("php", "php", "-d", "memory_limit=-1", "-r", php_program,
               (char *)NULL);
    }
    _exit(127);
}

static void php_start(php *with)
{
    int orders[2];
    int answers[2];

    must(pipe(orders) == 0 && pipe(answers) == 0, "a pipe");
    const pid_t child = fork();
    must(child >= 0, "fork");
    if (child == 0) {
        php_child(orders, answers);
    }
    close(orders[0]);
    close(answers[1]);
    with->orders = fdopen(orders[1], "w");
    with->answers = fdopen(answers[0], "r");
    must(with->orders != NULL && with->answers != NULL, "a pipe");
}

/* Read the canonical form up to the end of the line. */
static void php_read_canonical(php *with, uint8_t *canonical)
{
    unsigned byte;

    with->canonical_len = 0;
    while (fscanf(with->answers, "%2x", &byte) == 1) {
        canonical[with->canonical_len++] = (uint8_t)byte;
        const int next = getc(with->answers);
        if (next == '\n') {
            return;
        }
        ungetc(next, with->answers);
    }
}

int php_open(php *with, const uint8_t *text, size_t text_len,
             uint8_t *canonical)
{
    php_start(with);
    for (size_t i = 0; i < text_len; i++) {
        fprintf(with->orders, "%02x", (unsigned)text[i]);
    }
    fprintf(with->orders, "\n");
    fflush(with->orders);
    if (fscanf(with->answers, "%31s ", with->version) != 1) {
        php_close(with);
        return 0;
    }
    php_read_canonical(with, canonical);
    return 1;
}

double php_time(void *of, size_t calls)
{
    php *with = of;
    double ns = -1;

    fprintf(with->orders, "%zu\n", calls);
    fflush(with->orders);
    must(fscanf(with->answers, "%lf", &ns) == 1 && ns >= 0, "PHP");
    return ns;
}

void php_close(php *with)
{
    fclose(with->orders);
    fclose(with->answers);
}

/*
 * test_document.c: documents signed and verified. libcrypto judges the
 * signatures, and kess_canonicalize the canonical bytes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "../fuzz/key.h"
#include "check.h"
#include "dice.h"
#include "guard.h"
#include "internal.h"

#define SIGN_MAX 344 /* base64 of 256 bytes */
#define BODY_MAX 16384

static EVP_PKEY *judge_key;
static kess_key *key;        /* private */
static kess_key *public_key; /* its public half */
static guard input;
static guard output;
static kess_error err;

static size_t sign_len; /* base64 of a signature */

/* Of a sample, a short key, which signs sooner; its base64 has as much padding. */
static void load_keys(void)
{
    uint8_t *der = NULL;
    BIO *bio = BIO_new_mem_buf(fuzz_key, -1);

    judge_key = is_sample() ? EVP_RSA_gen(512)
                            : PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    CHECK(judge_key != NULL);
    BIO_free(bio);
    const int len = i2d_PrivateKey(judge_key, &der);
    CHECK(len > 0);
    CHECK_EQUAL(KESS_OK,
                kess_private_key_load(&key, der, (size_t)len, NULL, 0,
                                      KESS_KEY_ALLOW_WEAK, NULL));
    OPENSSL_free(der);
    sign_len = (kess_key_size(key) + 2) / 3 * 4;
    CHECK(sign_len <= SIGN_MAX);
    CHECK_EQUAL(KESS_OK, kess_key_public(&public_key, key, NULL));
}

static void free_keys(void)
{
    kess_key_free(public_key);
    kess_key_free(key);
    EVP_PKEY_free(judge_key);
}

/* ------------------------------------------------------------ calls */

typedef struct bytes {
    uint8_t data[BODY_MAX];
    size_t len;
} bytes;

static bytes body;
static bytes canonical;
static bytes result;

typedef kess_status (*call)(uint8_t *out, size_t *out_len, const uint8_t *text,
                            size_t len, const kess_options *options);

static kess_status do_sign(uint8_t *out, size_t *out_len, const uint8_t *text,
                           size_t len, const kess_options *options)
{
    return kess_sign_document(key, (char *)out, out_len, text, len, options,
                              &err);
}

static kess_status do_body(uint8_t *out, size_t *out_len, const uint8_t *text,
                           size_t len, const kess_options *options)
{
    return kess_signed_body(key, out, out_len, text, len, options, &err);
}

static kess_status do_verify(uint8_t *out, size_t *out_len,
                             const uint8_t *text, size_t len,
                             const kess_options *options)
{
    return kess_verify_document(public_key, out, out_len, text, len, options,
                                &err);
}

/* Call between forbidden pages with no room, one byte too little, just enough
 * and more; the outputs are touched only on success. */
static kess_status run(call function, const void *text, size_t len,
                       const kess_options *options)
{
    const uint8_t *in = guard_copy(&input, AT_END, text, len);
    size_t need = 0;

    const kess_status status = function(NULL, &need, in, len, options);
    CHECK_EQUAL(status, err.status);
    CHECK_EQUAL(0, err.item);
    CHECK_EQUAL(0, ERR_peek_last_error());
    if (status != KESS_ERR_BUFFER) {
        const uint64_t pos = err.pos;
        uint8_t *out = guard_fill(&output, AT_END, 1000);
        size_t out_len = 1000;
        CHECK(pos <= len || status == KESS_ERR_NOT_STABLE);
        CHECK_EQUAL(0, need);
        CHECK_EQUAL(status, function(out, &out_len, in, len, options));
        CHECK_EQUAL(pos, err.pos);
        CHECK_EQUAL(1000, out_len);
        CHECK(is_untouched(out, 1000));
        return status;
    }
    uint8_t *out = guard_fill(&output, AT_END, need - 1);
    size_t out_len = need - 1;
    CHECK_EQUAL(KESS_ERR_BUFFER, function(out, &out_len, in, len, options));
    CHECK_EQUAL(need, out_len);
    CHECK(is_untouched(out, need - 1));

    out = guard_fill(&output, AT_END, need + 40);
    out_len = need + 40;
    CHECK_EQUAL(KESS_OK, function(out, &out_len, in, len, options));
    CHECK_EQUAL(need, out_len);
    CHECK(is_untouched(out + need, 40));

    out = guard_fill(&output, AT_END, need);
    CHECK_EQUAL(KESS_OK, function(out, &out_len, in, len, options));
    CHECK(err.status == KESS_OK && err.item == 0 && err.pos == 0);
    CHECK(need <= BODY_MAX);
    memcpy(result.data, out, need);
    result.len = need;
    CHECK_EQUAL(0, ERR_peek_last_error());
    return KESS_OK;
}

static kess_status run_text(call function, const char *text)
{
    return run(function, text, strlen(text), NULL);
}

static void canonicalize(const void *text, size_t len,
                         const kess_options *options)
{
    canonical.len = BODY_MAX;
    CHECK_EQUAL(KESS_OK, kess_canonicalize(canonical.data, &canonical.len,
                                           text, len, options, NULL));
}

/* ------------------------------------------------------------ bodies */

static int judge(const char *sign)
{
    uint8_t signature[SIGN_MAX];
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    CHECK_EQUAL(sign_len / 4 * 3,
                EVP_DecodeBlock(signature, (const uint8_t *)sign,
                                (int)sign_len));
    CHECK(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, judge_key) == 1);
    const int verdict =
        EVP_DigestVerify(ctx, signature, kess_key_size(key), canonical.data,
                         canonical.len);
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return verdict;
}

/* The signature of the canonical bytes by libcrypto, in base64. */
static void judge_sign(char *sign)
{
    uint8_t signature[256];
    size_t len = sizeof(signature);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    CHECK(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, judge_key) == 1);
    CHECK(EVP_DigestSign(ctx, signature, &len, canonical.data,
                         canonical.len) == 1);
    EVP_MD_CTX_free(ctx);
    CHECK_EQUAL(sign_len,
                EVP_EncodeBlock((uint8_t *)sign, signature, (int)len));
}

/* Make a body of members (each with a comma behind) that is signed by
 * libcrypto; format says how sign_type and sign are written. */
static void make_body(const char *members, const char *format)
{
    char sign[SIGN_MAX + 1];
    const size_t len = strlen(members);
    int written;

    written = snprintf((char *)body.data, BODY_MAX, "{%.*s}",
                       len > 0 ? (int)len - 1 : 0, members);
    canonicalize(body.data, (size_t)written, NULL);
    judge_sign(sign);
    written = snprintf((char *)body.data, BODY_MAX, "{%s", members);
    written += snprintf((char *)body.data + written,
                        BODY_MAX - (size_t)written, format, sign);
    CHECK(written < BODY_MAX - 1);
    body.data[written] = '}';
    body.len = (size_t)written + 1;
}

#define PLAIN "\"sign_type\":\"RSA2\",\"sign\":\"%s\""

static const char members[] =
    "\"success\":true,\"data\":{\"amount\":0.50,\"currency\":\"USD\","
    "\"note\":\"caf\xc3\xa9 \\/ \\u1780\",\"list\":{\"0\":1,\"1\":[]}},"
    "\"time\":1700000000,\"10\":1e2,";

/* ------------------------------------------------------------ sign */

/* What is signed is the canonical form, for texts that stay on the stack and
 * for texts that do not. */
static void test_sign_document(void)
{
    static const char *const texts[] = {
        "{\"b\":1,\"a\":0.50}",     "[]", "{}", "[1,2,{\"b\":\"/\"}]",
        "{\"sign\":\"x\",\"a\":1}",
    };
    static char text[8000];

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        canonicalize(texts[i], strlen(texts[i]), NULL);
        CHECK_EQUAL(KESS_OK, run_text(do_sign, texts[i]));
        CHECK_EQUAL(sign_len, result.len);
        CHECK_EQUAL(1, judge((const char *)result.data));
    }
    for (size_t len = 1; len < sizeof(text); len += 1 + len / 2) {
        memset(text, 'x', len + 2);
        memcpy(text, "[\"", 2);
        memcpy(text + len + 2, "\"]", 2);
        canonicalize(text, len + 4, NULL);
        CHECK_EQUAL(KESS_OK, run(do_sign, text, len + 4, NULL));
        CHECK_EQUAL(1, judge((const char *)result.data));
    }
}

/* What has no canonical form is not signed, nor the empty text for it. */
static void test_sign_refuses(void)
{
    CHECK_EQUAL(KESS_ERR_SYNTAX, run_text(do_sign, ""));
    CHECK_EQUAL(KESS_ERR_SYNTAX, run_text(do_sign, "{"));
    CHECK_EQUAL(KESS_ERR_INFINITE, run_text(do_sign, "{\"a\":1e999}"));
    CHECK_EQUAL(5, err.pos);
    CHECK_EQUAL(KESS_ERR_TOP_LEVEL, run_text(do_sign, "1"));
    CHECK_EQUAL(KESS_ERR_UTF8, run_text(do_sign, "{\"a\":\"\xff\"}"));
    CHECK_EQUAL(KESS_ERR_SYNTAX, run_text(do_body, ""));
    CHECK_EQUAL(KESS_ERR_INFINITE, run_text(do_body, "{\"a\":1e999}"));
    CHECK_EQUAL(KESS_ERR_TOP_LEVEL, run_text(do_body, "null"));
}

/* ------------------------------------------------------------ body */

static void check_body(const char *text, uint32_t profile)
{
    const kess_options options = {profile, 0};
    static bytes made;
    char sign[SIGN_MAX + 1];
    char *expected = (char *)body.data;

    canonicalize(text, strlen(text), &options);
    CHECK_EQUAL(KESS_OK, run(do_body, text, strlen(text), &options));
    made = result;
    judge_sign(sign);
    /* An empty set of parameters is "[]" before it gets members. */
    int len = canonical.len == 2
                  ? snprintf(expected, BODY_MAX, "{")
                  : snprintf(expected, BODY_MAX, "%.*s,",
                             (int)canonical.len - 1, (char *)canonical.data);
    len += snprintf(expected + len, BODY_MAX - (size_t)len,
                    "\"sign_type\":\"RSA2\",\"sign\":\"");
    for (size_t i = 0; i < sign_len; i++) {
        const int escape =
            sign[i] == '/' && (profile & KESS_PROFILE_UNESCAPED_SLASHES) == 0;
        len += snprintf(expected + len, BODY_MAX - (size_t)len, "%s%c",
                        escape ? "\\" : "", sign[i]);
    }
    len += snprintf(expected + len, BODY_MAX - (size_t)len, "\"}");
    CHECK_EQUAL(len, made.len);
    CHECK(memcmp(expected, made.data, made.len) == 0);

    /* A server gets back what was signed, and so do we. */
    CHECK_EQUAL(KESS_OK, run(do_verify, made.data, made.len, &options));
    CHECK_EQUAL(canonical.len, result.len);
    CHECK(memcmp(canonical.data, result.data, result.len) == 0);
}

/* The body is the canonical text with two members at its end. */
static void test_signed_body(void)
{
    static const char *const texts[] = {
        "{\"b\":1,\"a\":0.50,\"c\":\"a/\xc3\xa9\"}",
        "{}",
        "{\"sign_type\":\"RSA2\"}",
        "{\"b\":[],\"sign_type\":\"RSA\\u0032\",\"a\":{}}",
        "{\"a\":1,\"a\":2,\"b\":{\"c\":1,\"c\":2}}",
        "{\"10\":1,\"9\":2,\"x\":3}",
        "{\"z\":\"\xe2\x80\xa8\xf0\x9f\x98\x80\"}",
    };
    static const uint32_t profiles[] = {
        0,
        KESS_PROFILE_PRECISION_17,
        KESS_PROFILE_UNESCAPED_SLASHES,
        KESS_PROFILE_UNESCAPED_UNICODE,
        KESS_PROFILE_KSORT_PHP_8_0,
        KESS_PROFILE_KSORT_PHP_7 | 7,
        KESS_PROFILE_PRECISION_100,
        KESS_PROFILE_PRESERVE_ZERO_FRACTION,
        KESS_PROFILE_PRECISION_100 | 64 | 16 | 6,
    };
    enum { PROFILES = sizeof(profiles) / sizeof(profiles[0]) };

    /* Names that are only as long as the two. */
    check_body("{\"sign_tape\":1,\"sing\":2,\"Sign\":3}", 0);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        for (size_t k = i % step_of(PROFILES); k < PROFILES;
             k += step_of(PROFILES)) {
            check_body(texts[i], profiles[k]);
        }
    }
}

/* Longer than what is kept on the stack. */
static void test_long_body(void)
{
    static char text[9000];

    for (size_t len = 1500; len < 4000; len += 490) {
        const int head = snprintf(text, sizeof(text), "{\"b\":\"");
        memset(text + head, '/', len);
        strcpy(text + head + len, "\",\"a\":1}");
        check_body(text, 0);
    }
}

/* Parameters are an object, and hold no signature yet. */
static void test_body_refuses(void)
{
    CHECK_EQUAL(KESS_ERR_NOT_OBJECT, run_text(do_body, "[]"));
    CHECK_EQUAL(KESS_ERR_NOT_OBJECT, run_text(do_body, "[{\"a\":1}]"));
    CHECK_EQUAL(KESS_ERR_NOT_OBJECT, run_text(do_body, "{\"0\":1}"));
    CHECK_EQUAL(KESS_ERR_NOT_OBJECT,
                run_text(do_body, "{\"1\":1,\"0\":0,\"sign_type\":\"RSA2\"}"));

    CHECK_EQUAL(KESS_ERR_SIGN_PRESENT, run_text(do_body, "{\"sign\":\"\"}"));
    CHECK_EQUAL(KESS_ERR_SIGN_PRESENT, run_text(do_body, "{\"sign\":null}"));
    CHECK_EQUAL(KESS_ERR_SIGN_PRESENT,
                run_text(do_body, "{\"a\":1,\"\\u0073ign\":{}}"));
    CHECK_EQUAL(KESS_ERR_SIGN_PRESENT,
                run_text(do_body, "{\"sign_type\":\"RSA\"}"));
    CHECK_EQUAL(KESS_ERR_SIGN_PRESENT,
                run_text(do_body, "{\"sign_type\":\"rsa2\"}"));
    CHECK_EQUAL(KESS_ERR_SIGN_PRESENT,
                run_text(do_body, "{\"sign_type\":\"RSA2 \"}"));
    CHECK_EQUAL(KESS_ERR_SIGN_PRESENT, run_text(do_body, "{\"sign_type\":1}"));
    CHECK_EQUAL(KESS_ERR_SIGN_PRESENT,
                run_text(do_body, "{\"sign_type\":[\"RSA2\"]}"));
}

/* What a server would read back as something else is not sent: the place is
 * the first byte that would differ. */
static void test_not_stable(void)
{
    CHECK_EQUAL(KESS_ERR_NOT_STABLE, run_text(do_body, "{\"a\":-0.0}"));
    CHECK_EQUAL(5, err.pos); /* {"a":-0} becomes {"a":0} */
    CHECK_EQUAL(KESS_ERR_NOT_STABLE,
                run_text(do_body, "{\"b\":[1,-1e-400],\"aa\":1}"));
    CHECK_EQUAL(15, err.pos);
    CHECK_EQUAL(KESS_OK, run_text(do_body, "{\"a\":0.0,\"b\":-0}"));
}

/* The first byte at which a server's canonical text of the body would differ,
 * or SIZE_MAX: the body is made without a signature, which does not matter. */
static size_t judge_stable(const char *text)
{
    static bytes again;
    size_t same = 0;

    canonicalize(text, strlen(text), NULL);
    again = canonical;
    body.len =
        (size_t)snprintf((char *)body.data, BODY_MAX,
                         "%.*s,\"sign_type\":\"RSA2\",\"sign\":\"\"}",
                         (int)canonical.len - 1, (char *)canonical.data);
    canonicalize(body.data, body.len, NULL);
    if (again.len == canonical.len &&
        memcmp(again.data, canonical.data, again.len) == 0) {
        return SIZE_MAX;
    }
    while (same < again.len && again.data[same] == canonical.data[same]) {
        same++;
    }
    return same;
}

/* Keys on which PHP's comparison is no order (10 < "1a" < 2 < 10) may come out
 * in another order the second time, where there are more than 16. */
static void test_unstable_order(void)
{
    static const char *const ends[] = {"", "", "a", "b", ".5"};
    dice d = {23};
    unsigned stable = 0, unstable = 0;

    for (int round = is_sample() ? 20 : 100; round > 0; round--) {
        char text[1000];
        size_t len = 0;
        for (unsigned n = 3 + roll_of(&d, 40); n > 0; n--) {
            len += (size_t)sprintf(text + len, "%c\"%u%s\":%u",
                                   len == 0 ? '{' : ',', 1 + roll_of(&d, 30),
                                   ends[roll_of(&d, 5)], n);
        }
        strcpy(text + len, "}");
        const size_t differs = judge_stable(text);
        result.len = BODY_MAX;
        const kess_status status =
            kess_signed_body(key, result.data, &result.len,
                             (const uint8_t *)text, len + 1, NULL, &err);
        if (differs == SIZE_MAX) {
            CHECK_EQUAL(KESS_OK, status);
            stable++;
        } else {
            CHECK_EQUAL(KESS_ERR_NOT_STABLE, status);
            CHECK_EQUAL(differs, err.pos);
            unstable++;
        }
    }
    CHECK(stable > (unsigned)rounds_of(20) && unstable > (unsigned)rounds_of(5));
}

/* count objects within each other. */
static size_t nest(char *text, int count)
{
    size_t len = 0;

    for (int i = 0; i < count; i++) {
        len += (size_t)sprintf(text + len, i < count - 1 ? "{\"a\":" : "{");
    }
    memset(text + len, '}', (size_t)count);
    return len + (size_t)count;
}

/* 512 levels can be encoded by PHP, but not decoded again. */
static void test_depth(void)
{
    static char text[6 * 600];
    const kess_options three = {0, 3};
    size_t len = nest(text, 512);

    CHECK_EQUAL(KESS_OK, run(do_sign, text, len, NULL));
    CHECK_EQUAL(KESS_ERR_NOT_STABLE, run(do_body, text, len, NULL));
    len = nest(text, 511);
    CHECK_EQUAL(KESS_OK, run(do_body, text, len, NULL));
    len = nest(text, 513);
    CHECK_EQUAL(KESS_ERR_DEPTH, run(do_sign, text, len, NULL));
    CHECK_EQUAL(512 * 5, err.pos);
    CHECK_EQUAL(KESS_ERR_DEPTH, run(do_body, text, len, NULL));
    CHECK_EQUAL(KESS_ERR_DEPTH, run(do_sign, text, nest(text, 4), &three));
    CHECK_EQUAL(KESS_ERR_DEPTH, run(do_body, text, nest(text, 4), &three));
    CHECK_EQUAL(KESS_OK, run(do_body, text, nest(text, 3), &three));
}

/* ------------------------------------------------------------ verify */

static kess_status verify_body(void)
{
    return run(do_verify, body.data, body.len, NULL);
}

static void check_verifies(void)
{
    CHECK_EQUAL(KESS_OK, verify_body());
    CHECK_EQUAL(canonical.len, result.len);
    CHECK(memcmp(canonical.data, result.data, result.len) == 0);
}

/* What libcrypto signed verifies, wherever the two members stand and however
 * they are spelled; out come the canonical bytes. */
static void test_verify(void)
{
    make_body("", PLAIN);
    check_verifies();
    make_body(members, PLAIN);
    check_verifies();
    make_body(members, "\"sign\":\"%s\"");
    check_verifies();
    make_body(members, "\"sign\" : \"%s\" , \"sign_type\" : \"RSA2\" ");
    check_verifies();
    make_body(members, "\"\\u0073ign\":\"%s\",\"sign\\u005ftype\":"
                       "\"\\u0052SA2\"");
    check_verifies();
}

/* The letters of "sign" may be escaped as JSON escapes them. */
static void test_sign_escapes(void)
{
    char sign[SIGN_MAX + 1];
    char *out;

    for (int way = 0; way < 3; way++) {
        make_body(members, PLAIN);
        judge_sign(sign);
        /* The sign is the last member: write it anew. */
        out = (char *)body.data + body.len - sign_len - 2;
        for (size_t i = 0; i < sign_len; i++) {
            const char *format = way == 0                     ? "\\u%04x"
                                 : way == 1 && sign[i] == '/' ? "\\%c"
                                                              : "%c";
            out += sprintf(out, format, sign[i]);
        }
        out += sprintf(out, "\"}");
        body.len = (size_t)(out - (char *)body.data);
        check_verifies();
    }
}

/* Everything that is stricter than PHP, each with its own status. */
static void test_verify_refuses(void)
{
    static const struct {
        kess_status status;
        const char *format;
    } rows[] = {
        {KESS_ERR_SIGN_MISSING, "\"sign_type\":\"RSA2\""},
        {KESS_ERR_SIGN_MISSING, "\"Sign\":\"%s\""},
        {KESS_ERR_SIGN_MISSING, "\"x\":{\"sign\":\"%s\"}"},
        {KESS_ERR_SIGN_NOT_STRING, "\"sign\":null"},
        {KESS_ERR_SIGN_NOT_STRING, "\"sign\":0"},
        {KESS_ERR_SIGN_NOT_STRING, "\"sign\":1.5"},
        {KESS_ERR_SIGN_NOT_STRING, "\"sign\":true"},
        {KESS_ERR_SIGN_NOT_STRING, "\"sign\":[\"%s\"]"},
        {KESS_ERR_SIGN_NOT_STRING, "\"sign\":{\"0\":\"%s\"}"},
        {KESS_ERR_SIGN_LENGTH, "\"sign\":\"\""},
        {KESS_ERR_SIGN_LENGTH, "\"sign\":\"AAAA\""},
        {KESS_ERR_SIGN_LENGTH, "\"sign\":\"AAAA%s\""},
        {KESS_ERR_SIGN_BASE64, "\"sign\":\"A\""},
        {KESS_ERR_SIGN_BASE64, "\"sign\":\"%sAAAA\""},
        {KESS_ERR_SIGN_BASE64, "\"sign\":\" %s\""},
        {KESS_ERR_SIGN_BASE64, "\"sign\":\"%s \""},
        {KESS_ERR_SIGN_BASE64, "\"sign\":\"%s\\n\""},
        {KESS_ERR_SIGN_BASE64, "\"sign\":\"\\r\\n%s\""},
        {KESS_ERR_SIGN_BASE64, "\"sign\":\"%s=\""},
        {KESS_ERR_SIGN_BASE64, "\"sign\":\"%s\\u0000\""},
        {KESS_ERR_SIGN_BASE64, "\"sign\":\"\xc3\xa9%s\""},
        {KESS_ERR_SIGN_BASE64, "\"sign\":\"%s\\\\\""},
        {KESS_ERR_SIGN_BASE64, "\"sign\":\"\\\\/%s\""},
        {KESS_ERR_SIGN_BASE64, "\"sign\":\"----%s\""},
        {KESS_ERR_SIGN_TYPE, "\"sign_type\":\"RSA\",\"sign\":\"%s\""},
        {KESS_ERR_SIGN_TYPE, "\"sign_type\":\"rsa2\",\"sign\":\"%s\""},
        {KESS_ERR_SIGN_TYPE, "\"sign_type\":\"RSA2 \",\"sign\":\"%s\""},
        {KESS_ERR_SIGN_TYPE, "\"sign_type\":\"\",\"sign\":\"%s\""},
        {KESS_ERR_SIGN_TYPE, "\"sign_type\":null,\"sign\":\"%s\""},
        {KESS_ERR_SIGN_TYPE, "\"sign_type\":123456,\"sign\":\"%s\""},
        {KESS_ERR_SIGN_TYPE, "\"sign_type\":[\"RSA2\"],\"sign\":\"%s\""},
        {KESS_ERR_SIGN_TYPE, "\"sign_type\":\"none\""},
        {KESS_ERR_SIGNATURE, "\"more\":1,\"sign\":\"%s\""},
        {KESS_ERR_DUPLICATE, PLAIN ",\"sign_type\":\"RSA2\""},
        {KESS_ERR_DUPLICATE, "\"sign\":\"x\",\"sign\":\"%s\""},
        {KESS_ERR_DUPLICATE, "\"time\":1700000000," PLAIN},
        {KESS_ERR_DUPLICATE, "\"\\u0074ime\":1700000000," PLAIN},
        {KESS_ERR_INFINITE, "\"x\":1e999," PLAIN},
        {KESS_ERR_SYNTAX, PLAIN "}"},
        {KESS_ERR_CONTROL, "\"sign\":\"%s\n\""},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        make_body(members, rows[i].format);
        const kess_status status = verify_body();
        if (status != rows[i].status) {
            fprintf(stderr, "%s: %s\n", rows[i].format,
                    kess_status_name(status));
        }
        CHECK_EQUAL(rows[i].status, status);
    }
    CHECK_EQUAL(KESS_ERR_NOT_OBJECT, run_text(do_verify, "[]"));
    CHECK_EQUAL(KESS_ERR_NOT_OBJECT, run_text(do_verify, " \n[{\"sign\":1}]"));
    CHECK_EQUAL(2, err.pos);
    CHECK_EQUAL(KESS_ERR_TOP_LEVEL, run_text(do_verify, "\"sign\""));
    CHECK_EQUAL(KESS_ERR_SIGN_MISSING, run_text(do_verify, "{}"));
    CHECK_EQUAL(KESS_ERR_SYNTAX, run_text(do_verify, ""));
}

/* The earliest second key of a text is named, at any depth: '^' stands before
 * it. */
static void test_duplicates(void)
{
    static const char *const texts[] = {
        "{\"a\":1,^\"a\":2}",
        "{ \"a\":1, ^\"\\u0061\":2}",
        "{\"b\":{\"a\":1,^\"a\":2},\"b\":1}",
        "{\"b\":1,^\"b\":{\"a\":1,\"a\":2}}",
        "{\"b\":[{\"\":1,^\"\":[{\"x\":1,\"x\":2}]}]}",
        "{\"a\":1,\"b\":{\"a\":{\"b\":0}},^\"a\":2,\"b\":1}",
        "{\"0\":0,^\"0\":1,\"sign\":\"x\"}",
        "{\"a\":{\"x\":1},\"c\":{\"x\":1,\"y\":2,^\"x\":3,\"y\":4}}",
        "{\"sign\":1,^\"s\\u0069gn\":2}",
    };
    char text[200];

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const char *mark = strchr(texts[i], '^');
        const size_t pos = (size_t)(mark - texts[i]);
        snprintf(text, sizeof(text), "%.*s%s", (int)pos, texts[i], mark + 1);
        CHECK_EQUAL(KESS_ERR_DUPLICATE, run_text(do_verify, text));
        CHECK_EQUAL(pos, err.pos);
    }
}

/* The key stands behind the others, or before them. */
static kess_status verify_keys(unsigned count, const char *odd)
{
    static char text[BODY_MAX];
    const int first = count % 2 == 0;
    size_t len = (size_t)sprintf(text, first ? "\n{\"%s\":0" : "\n{", odd);

    for (unsigned i = 1; i < count; i++) {
        len += (size_t)sprintf(text + len, "%s\"k%u\":0",
                               first || i > 1 ? "," : "", i);
    }
    sprintf(text + len, first ? "}" : ",\"%s\":0}", odd);
    return run_text(do_verify, text);
}

/* More than 256 keys where one begins like a number are refused unsorted. */
static void test_costly_order(void)
{
    static const char *const numbers[] = {
        "0", "9x", "-", "+1", ".5", " ", "\\t", "\\n", "\\u000b", "\\f", "\\r",
        "\\u0031",
    };
    static const char *const others[] = {"", "z", "/", ":", "!", "\\b", "\\\\",
                                         "\\u0000", "\\u001f", "\xc3\xa9"};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        CHECK_EQUAL(KESS_ERR_ORDER, verify_keys(257, numbers[i]));
        CHECK_EQUAL(KESS_ERR_ORDER, verify_keys(258, numbers[i]));
        CHECK_EQUAL(1, err.pos);
        CHECK_EQUAL(KESS_ERR_SIGN_MISSING, verify_keys(256, numbers[i]));
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        CHECK_EQUAL(KESS_ERR_SIGN_MISSING, verify_keys(257, others[i]));
    }
}

/* The same among many members, at each number around a limit. */
static void test_many_duplicates(void)
{
    static char text[BODY_MAX];

    for (unsigned count = 2; count < 300; count += 1 + count / 9) {
        for (int nested = 0; nested < 2; nested++) {
            size_t len = (size_t)sprintf(text, nested ? "{\"a\":" : " ");
            for (unsigned i = 0; i < count; i++) {
                len += (size_t)sprintf(text + len, "%c\"%u\":%u",
                                       i == 0 ? '{' : ',', i * 7919 % 1000, i);
            }
            const size_t pos = len + 1;
            len +=
                (size_t)sprintf(text + len, ",\"0\":1%s", nested ? "}}" : "}");
            CHECK_EQUAL(KESS_ERR_DUPLICATE, run(do_verify, text, len, NULL));
            CHECK_EQUAL(pos, err.pos);
        }
    }
}

/* 64 levels unless more are asked for, and never more than PHP decodes. */
static void test_verify_depth(void)
{
    static char text[6 * 600];
    kess_options options = {0, 0};

    CHECK_EQUAL(KESS_ERR_SIGN_MISSING,
                run(do_verify, text, nest(text, 64), &options));
    CHECK_EQUAL(KESS_ERR_DEPTH,
                run(do_verify, text, nest(text, 65), &options));
    CHECK_EQUAL(64 * 5, err.pos);
    options.max_depth = 511;
    CHECK_EQUAL(KESS_ERR_SIGN_MISSING,
                run(do_verify, text, nest(text, 511), &options));
    CHECK_EQUAL(KESS_ERR_DEPTH,
                run(do_verify, text, nest(text, 512), &options));
    options.max_depth = 512;
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                run(do_verify, text, nest(text, 1), &options));
    options.max_depth = 1;
    CHECK_EQUAL(KESS_ERR_SIGN_MISSING, run(do_verify, "{}", 2, &options));
    CHECK_EQUAL(KESS_ERR_DEPTH, run(do_verify, "{\"a\":[]}", 8, &options));
}

/* A body verifies under the profile that it was signed under, unless the two
 * give the same bytes. */
static void test_verify_profile(void)
{
    const kess_options slashes = {KESS_PROFILE_UNESCAPED_SLASHES, 0};
    const kess_options precise = {KESS_PROFILE_PRECISION_17, 0};

    make_body(members, PLAIN); /* has '/' and 0.5 in it */
    CHECK_EQUAL(KESS_ERR_SIGNATURE,
                run(do_verify, body.data, body.len, &slashes));
    CHECK_EQUAL(KESS_OK, run(do_verify, body.data, body.len, &precise));
}

/* With its fraction a negative zero is read back as one, so it can be signed;
 * a hundred digits, and the integers that are doubles, are stable as well. */
static void test_stable_profiles(void)
{
    static const char zero[] = "{\"a\":-0.0}";
    const kess_options precise = {KESS_PROFILE_PRECISION_100, 0};

    CHECK_EQUAL(KESS_ERR_NOT_STABLE,
                run(do_body, zero, sizeof(zero) - 1, NULL));
    CHECK_EQUAL(KESS_ERR_NOT_STABLE,
                run(do_body, zero, sizeof(zero) - 1, &precise));
    check_body(zero, KESS_PROFILE_PRESERVE_ZERO_FRACTION);
    check_body(zero, KESS_PROFILE_PRECISION_100 |
                         KESS_PROFILE_PRESERVE_ZERO_FRACTION);
    check_body("{\"a\":9223372036854775808,\"b\":[1e18,-1e18,9e99,5e-324]}",
               KESS_PROFILE_PRECISION_100);
}

/* No byte of a body can be changed, unless it means the same. */
static void test_changed_bytes(void)
{
    static const uint8_t others[] = {'"', ' ', '0', 'A', '\\', '}'};
    unsigned same = 0;

    make_body(members, PLAIN);
    const bytes good = body;
    for (size_t place = 0; place < good.len; place++) {
        for (size_t i = place % step_of(sizeof(others)); i <= sizeof(others);
             i += step_of(sizeof(others))) {
            body = good;
            body.data[place] =
                i < sizeof(others) ? others[i] : good.data[place] ^ 1;
            result.len = BODY_MAX;
            const kess_status status =
                kess_verify_document(public_key, result.data, &result.len,
                                     body.data, body.len, NULL, NULL);
            if (status == KESS_OK) {
                CHECK_EQUAL(canonical.len, result.len);
                CHECK(memcmp(canonical.data, result.data, result.len) == 0);
                same += body.data[place] != good.data[place];
            }
        }
    }
    /* The last digit of 0.50, and "1e2" with an "E"... but nothing else. */
    CHECK(same < 10);
}

/* A body that was cut is no document. */
static void test_truncated(void)
{
    make_body(members, PLAIN);
    for (size_t len = 0; len < body.len; len++) {
        const kess_status status = run(do_verify, body.data, len, NULL);
        CHECK(status >= KESS_ERR_SYNTAX && status <= KESS_ERR_ESCAPE);
    }
}

/* ------------------------------------------------------------ arguments */

static const uint8_t parameters[] = "{\"a\":1}";
#define PARAMETERS parameters, sizeof(parameters) - 1

/* NULL is refused by each function but for a text of no bytes; options are
 * those of the header. */
static void test_arguments(void)
{
    static const call calls[] = {do_sign, do_body, do_verify};
    const kess_options bad_profile = {128, 0};
    const kess_options bad_depth = {0, 513};
    uint8_t out[8];
    size_t out_len = sizeof(out);

    memset(out, UNTOUCHED, sizeof(out));
    for (size_t i = 0; i < 3; i++) {
        CHECK_EQUAL(KESS_ERR_ARGUMENT,
                    calls[i](NULL, &out_len, PARAMETERS, NULL));
        CHECK_EQUAL(KESS_ERR_ARGUMENT, err.status);
        CHECK_EQUAL(KESS_ERR_ARGUMENT, calls[i](out, NULL, PARAMETERS, NULL));
        CHECK_EQUAL(KESS_ERR_ARGUMENT, calls[i](out, &out_len, NULL, 1, NULL));
        CHECK_EQUAL(KESS_ERR_SYNTAX, calls[i](out, &out_len, NULL, 0, NULL));
        CHECK_EQUAL(KESS_ERR_LENGTH,
                    calls[i](out, &out_len, parameters, SIZE_MAX, NULL));
        CHECK_EQUAL(KESS_ERR_ARGUMENT,
                    run(calls[i], PARAMETERS, &bad_profile));
        CHECK_EQUAL(KESS_ERR_ARGUMENT, run(calls[i], PARAMETERS, &bad_depth));
    }
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_sign_document(NULL, (char *)out, &out_len, PARAMETERS,
                                   NULL, &err));
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_signed_body(NULL, out, &out_len, PARAMETERS, NULL, &err));
    CHECK_EQUAL(
        KESS_ERR_ARGUMENT,
        kess_verify_document(NULL, out, &out_len, PARAMETERS, NULL, &err));
    CHECK_EQUAL(sizeof(out), out_len);
    CHECK(is_untouched(out, sizeof(out)));
}

/* Only a private key signs; either half verifies. */
static void test_halves(void)
{
    static uint8_t out[1000];
    size_t out_len = sizeof(out);

    memset(out, UNTOUCHED, sizeof(out));
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_sign_document(public_key, (char *)out, &out_len,
                                   PARAMETERS, NULL, &err));
    CHECK_EQUAL(KESS_ERR_ARGUMENT, err.status);
    CHECK_EQUAL(KESS_ERR_ARGUMENT, kess_signed_body(public_key, out, &out_len,
                                                    PARAMETERS, NULL, &err));
    CHECK_EQUAL(KESS_ERR_ARGUMENT, err.status);
    CHECK_EQUAL(sizeof(out), out_len);
    CHECK(is_untouched(out, sizeof(out)));
    make_body(members, PLAIN);
    CHECK_EQUAL(KESS_OK, kess_verify_document(key, out, &out_len, body.data,
                                              body.len, NULL, NULL));
}

/* Results are the same where no details are asked for. */
static void test_no_details(void)
{
    static bytes other;

    make_body(members, PLAIN);
    other.len = BODY_MAX;
    CHECK_EQUAL(KESS_OK, kess_signed_body(key, other.data, &other.len,
                                          PARAMETERS, NULL, NULL));
    other.len = BODY_MAX;
    CHECK_EQUAL(KESS_OK,
                kess_sign_document(key, (char *)other.data, &other.len,
                                   PARAMETERS, NULL, NULL));
    other.len = 0;
    CHECK_EQUAL(KESS_ERR_BUFFER,
                kess_verify_document(key, NULL, &other.len, body.data,
                                     body.len, NULL, NULL));
    CHECK_EQUAL(canonical.len, other.len);
}

int main(void)
{
    guard_open(&input, BODY_MAX);
    guard_open(&output, BODY_MAX);
    load_keys();
    test_sign_document();
    test_sign_refuses();
    test_signed_body();
    test_long_body();
    test_body_refuses();
    test_not_stable();
    test_unstable_order();
    test_depth();
    test_verify();
    test_sign_escapes();
    test_verify_refuses();
    test_duplicates();
    test_costly_order();
    test_many_duplicates();
    test_verify_depth();
    test_verify_profile();
    test_stable_profiles();
    test_changed_bytes();
    test_truncated();
    test_arguments();
    test_halves();
    test_no_details();
    free_keys();
    return 0;
}

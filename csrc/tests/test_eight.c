/*
 * test_eight.c: which keys verify eight at a time, what a batch does then, and
 * that a kernel that lies changes no verdict.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "kernel.h"

#include <sys/wait.h>
#include <unistd.h>

#include "../src/libcrypto.h"
#include "../src/fork_guard.c"

/* How many threads are inside the fork guard: this one, or none. */
static int threads_inside(void)
{
    int threads = 0;
#if defined(KESS_HAVE_ATFORK)
    for (size_t i = 0; i < KESS_SHARDS; i++) {
        threads += inside[i].threads;
    }
#endif
    return threads;
}

static unsigned digests;
static unsigned distrust_at; /* the digest at which another thread would */
static const struct kess_key *distrusted;
static unsigned verifications; /* by libcrypto */
static int fips;

static int counted_digest(EVP_MD_CTX *ctx, unsigned char *digest,
                          unsigned *len)
{
#if defined(KESS_HAVE_ATFORK)
    CHECK_EQUAL(1, threads_inside());
#endif
    digests++;
    if (digests == distrust_at) {
        kess_int_key_distrust(distrusted);
    }
    return EVP_DigestFinal_ex(ctx, digest, len);
}

static int counted_verify(EVP_PKEY_CTX *ctx, const unsigned char *signature,
                          size_t len, const unsigned char *digest,
                          size_t digest_len)
{
#if defined(KESS_HAVE_ATFORK)
    CHECK_EQUAL(1, threads_inside());
#endif
    verifications++;
    return EVP_PKEY_verify(ctx, signature, len, digest, digest_len);
}

static int is_fips(OSSL_LIB_CTX *lib)
{
    CHECK(lib == NULL);
    return fips;
}

#define EVP_DigestFinal_ex counted_digest
#define EVP_PKEY_verify counted_verify
#define EVP_default_properties_is_fips_enabled is_fips
#include "../src/batch.c"
#include "../src/known8.c"
#include "../src/rsa.c"
#include "../src/rsakey.c"

#include "keymaker.h"

/* ------------------------------------------------------------ bodies */

#define BODIES 520

static text key_text;
static kess_key *private_key;
static uint8_t data[BODIES * 500];
static int64_t offsets[BODIES + 1];
static int32_t statuses[BODIES + 1];
static int32_t expected[BODIES];

static kess_key *load_public(void)
{
    return must_load(&key_text, LOADS_PUBLIC);
}

/* All different, but for a sample. */
#define DIFFERENT 32
static void make_bodies(void)
{
    for (size_t i = 0; i < BODIES; i++) {
        char parameters[40];
        size_t len = 500;
        uint8_t *body = data + offsets[i];
        /* In a sample, each stands there often. */
        if (is_sample() && i >= DIFFERENT) {
            const int64_t *from = offsets + i % DIFFERENT;
            offsets[i + 1] = offsets[i] + from[1] - from[0];
            memcpy(body, data + from[0], (size_t)(from[1] - from[0]));
            continue;
        }
        const int written =
            snprintf(parameters, sizeof(parameters), "{\"n\":%zu}", 1000 + i);
        CHECK_EQUAL(KESS_OK,
                    kess_signed_body(private_key, body, &len,
                                     (const uint8_t *)parameters,
                                     (size_t)written, NULL, NULL));
        offsets[i + 1] = offsets[i] + (int64_t)len;
    }
}

/* Those of which is_wrong says so have another number than was signed. */
static void choose(int (*is_wrong)(size_t))
{
    for (size_t i = 0; i < BODIES; i++) {
        data[offsets[i] + 5] = is_wrong(i) ? '2' : '1';
        expected[i] = is_wrong(i) ? KESS_ERR_SIGNATURE : KESS_OK;
    }
}

static void verify(const kess_key *key, size_t count)
{
    memset(statuses, 0x55, sizeof(statuses));
    kernel_calls = digests = verifications = 0;
    CHECK_EQUAL(KESS_OK, kess_verify_documents(key, statuses, data,
                                               sizeof(data), offsets, count,
                                               NULL, NULL));
    for (size_t i = 0; i < count; i++) {
        CHECK_EQUAL(expected[i], statuses[i]);
    }
    CHECK_EQUAL(0x55555555, statuses[count]);
    CHECK_EQUAL(count, digests);
    CHECK_EQUAL(0, ERR_peek_last_error());
}

/* ------------------------------------------------------------ tests */

static int none(size_t i)
{
    (void)i;
    return 0;
}

static int each_third(size_t i)
{
    return i % 3 == 1;
}

/* Eight at a time and the rest, of which one alone is OpenSSL's; and each
 * accepted one whose index is 255 modulo 256. */
static void test_counts(void)
{
    kess_key *key = load_public();

    for (size_t count = 0; count <= 33; count++) {
        verify(key, count);
        const size_t rest = count % 8;
        CHECK_EQUAL(count / 8 + (rest > 1), kernel_calls);
        CHECK_EQUAL(rest == 1, verifications);
    }
    verify(key, 520);
    CHECK_EQUAL(65, kernel_calls);
    CHECK_EQUAL(2, verifications);
    CHECK_EQUAL(8, kess_key_ways(key));
    kess_key_free(key);
}

/* While a document waits it is not accepted, and the guard is open while the
 * kernel computes. */
static void is_waiting(uint8_t *out, size_t size, size_t count)
{
    (void)out;
    CHECK_EQUAL(256, size);
    CHECK_EQUAL(0, threads_inside());
    for (size_t i = 0; i < count; i++) {
        CHECK_EQUAL(KESS_ERR_CRYPTO, statuses[8 * kernel_calls - 8 + i]);
    }
}

static void test_waiting(void)
{
    kess_key *key = load_public();

    kernel_hook = is_waiting;
    verify(key, 29);
    CHECK_EQUAL(4, kernel_calls);
    kernel_answers_right();
    kess_key_free(key);
}

/* The verdicts are the same, and a key that was deceived trusts no more; nor
 * does its public half. */
static void check_deceived(kess_key *key, size_t count)
{
    kess_key *half = NULL;

    CHECK_EQUAL(8, kess_key_ways(key));
    verify(key, count);
    CHECK_EQUAL(1, kess_key_ways(key));
    kernel_answers_right();
    verify(key, count);
    CHECK(kernel_calls == 0 && verifications == count);
    CHECK_EQUAL(KESS_OK, kess_key_public(&half, key, NULL));
    CHECK_EQUAL(1, kess_key_ways(half));
    kess_key_free(half);
    kess_key_free(key);
}

static void test_lies(void)
{
    kess_key *key = load_public();

    kernel_blanks = 0xff;
    check_deceived(key, 20);
    key = load_public();
    kernel_wrong_flags = 1; /* a right block */
    check_deceived(key, 20);
    key = load_public();
    kernel_wrong_byte = 255; /* the last of the first block */
    check_deceived(key, 20);
    key = load_public();
    kernel_wrong_byte = 256;
    check_deceived(key, 20);
}

/* The block that is expected for the eighth document, whatever it is. */
static void forge_last(uint8_t *out, size_t size, size_t count)
{
    uint8_t made[32];
    kess_text canonical;
    uint8_t signature[KESS_SIGNATURE_MAX];

    if (kernel_calls != 32) {
        return;
    }
    CHECK_EQUAL(8, count);
    CHECK_EQUAL(KESS_OK,
                kess_int_read_body(private_key, &canonical, signature,
                                   data + offsets[255],
                                   (size_t)(offsets[256] - offsets[255]), 0,
                                   64, NULL));
    CHECK(EVP_Digest(canonical.data, canonical.len, made, NULL, EVP_sha256(),
                     NULL) == 1);
    kess_int_text_release(&canonical);
    expect_block(out + 7 * size, size, made);
}

static int is_255(size_t i)
{
    return i == 255;
}

/* A lie that would accept is noticed at 255, and all eight are asked again. */
static void test_lie_at_255(void)
{
    choose(is_255);
    kess_key *key = load_public();
    kernel_hook = forge_last;
    check_deceived(key, 270);

    /* In one call of which only the end is asked of OpenSSL. */
    key = load_public();
    kernel_hook = forge_last;
    verify(key, 270);
    CHECK_EQUAL(32, kernel_calls);
    CHECK_EQUAL(8 + 1 + (270 - 256), verifications);
    kernel_answers_right();
    kess_key_free(key);
    choose(each_third);
}

/* Another thread found a disagreement while documents wait: OpenSSL has them. */
static void test_meanwhile(void)
{
    kess_key *key = load_public();

    distrusted = key;
    for (distrust_at = 1; distrust_at <= 8; distrust_at++) {
        verify(key, 20);
        CHECK_EQUAL(0, kernel_calls);
        CHECK_EQUAL(20, verifications);
        kess_key_free(key);
        distrusted = key = load_public();
    }
    distrust_at = 9;
    verify(key, 20);
    CHECK_EQUAL(1, kernel_calls);
    distrust_at = 0;
    kess_key_free(key);
}

/* A processor that cannot, in a process of its own. */
static void test_unable(const text *pem)
{
    const pid_t child = fork();
    int status = -1;

    CHECK(child >= 0);
    if (child == 0) {
        kernel_is_able = 0;
        kess_key *key = must_load(pem, LOADS_PRIVATE);
        CHECK_EQUAL(1, kess_key_ways(key));
        CHECK_EQUAL(0, kernel_calls);
        kess_key_free(key);
        exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

/* The policy, FIPS, the exponent and the size decide; also a private key has
 * eight ways. */
static void test_ways(void)
{
    static text made;
    kess_key *key = NULL;
    int found;
    BIGNUM *n = BN_new();
    BIGNUM *e = BN_new();
    const struct {
        int bits;
        unsigned long exponent;
        int ways;
    } kinds[] = {
        {2048, 65537, 8}, {3072, 65537, 8}, {4096, 65537, 8},
        {2048, 65539, 1}, {2048, 3, 1},     {2056, 65537, 1},
        {2047, 65537, 1}, {3071, 65537, 1}, {1024, 65537, 1},
        {8192, 65537, 1}, {4097, 65537, 1}, {2049, 65537, 1},
    };

    CHECK(n != NULL && e != NULL);
    CHECK_EQUAL(8, kess_key_ways(private_key));
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        CHECK(BN_rand(n, kinds[i].bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD));
        CHECK(BN_set_word(e, kinds[i].exponent));
        make_pkcs1_public(&made, n, e);
        CHECK_EQUAL(KESS_OK, load_exactly(&key, &made, LOADS_PUBLIC, NULL,
                                          KESS_KEY_ALLOW_WEAK, &found));
        CHECK_EQUAL(kinds[i].ways, kess_key_ways(key));
        kess_key_free(key);
        CHECK_EQUAL(KESS_OK,
                    load_exactly(&key, &made, LOADS_PUBLIC, NULL,
                                 KESS_KEY_ALLOW_WEAK | KESS_KEY_OPENSSL_ONLY,
                                 &found));
        CHECK_EQUAL(1, kess_key_ways(key));
        kess_key_free(key);
        key = NULL;
    }
    BN_free(e);
    BN_free(n);
    fips = 1;
    key = load_public();
    CHECK_EQUAL(1, kess_key_ways(key));
    verify(key, 20);
    CHECK(kernel_calls == 0 && verifications == 20);
    kess_key_free(key);
    fips = 0;
    CHECK_EQUAL(KESS_OK, kess_key_public(&key, private_key, NULL));
    CHECK_EQUAL(8, kess_key_ways(key));
    kess_key_free(key);
    key = NULL;
    CHECK_EQUAL(KESS_ERR_ARGUMENT, load_exactly(&key, &key_text, LOADS_PUBLIC,
                                                NULL, 4, &found));
}

/* A kernel that fails for the key alone: its own tests notice, and the key is
 * loaded all the same. */
static void check_not_trusted(void)
{
    kess_key *key = load_public();
    CHECK_EQUAL(1, kess_key_ways(key));
    kernel_answers_right();
    kess_key_free(key);
    key = load_public();
    CHECK_EQUAL(8, kess_key_ways(key));
    kess_key_free(key);
}

static void test_own_tests(void)
{
    kernel_wrong_flags = 1;
    check_not_trusted();
    kernel_wrong_flags = 2;
    check_not_trusted();
    kernel_wrong_byte = 7;
    check_not_trusted();
    kernel_wrong_byte = 300;
    check_not_trusted();
}

int main(void)
{
    EVP_PKEY *pkey = new_rsa(2048);
    static text whole;

    make_pkcs8_pem(&whole, pkey);
    make_spki_pem(&key_text, pkey);
    EVP_PKEY_free(pkey);
    test_unable(&whole);
    private_key = must_load(&whole, LOADS_PRIVATE);
    make_bodies();
    choose(none);
    test_counts();
    test_waiting();
    choose(each_third);
    test_lies();
    test_lie_at_255();
    test_meanwhile();
    test_ways();
    test_own_tests();
    kess_key_free(private_key);
    return 0;
}

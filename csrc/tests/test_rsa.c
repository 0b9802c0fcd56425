/*
 * test_rsa.c: key policy, signatures, threads and processes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keymaker.h"
#include "rsa.h"
#include "slots.h"

static const char message[] = "{\"amount\":0.5,\"currency\":\"USD\"}";
#define MESSAGE ((const uint8_t *)message), (sizeof(message) - 1)

static EVP_PKEY *pkey;
static rsa_numbers numbers;
static kess_key *private_key;
static kess_key *public_key;
static text scratch;

/* ------------------------------------------------------------ judges */

/* libcrypto's own signature over the message. */
static size_t judge_sign(uint8_t *signature, EVP_PKEY *with,
                         const char *digest, int padding)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pkey_ctx = NULL;
    size_t len = 1024;

    CHECK(EVP_DigestSignInit_ex(ctx, &pkey_ctx, digest, NULL, NULL, with,
                                NULL) == 1);
    CHECK(EVP_PKEY_CTX_set_rsa_padding(pkey_ctx, padding) == 1);
    CHECK(EVP_DigestSign(ctx, signature, &len, MESSAGE) == 1);
    EVP_MD_CTX_free(ctx);
    return len;
}

static int judge_verify(const uint8_t *signature, size_t len, EVP_PKEY *with)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    CHECK(EVP_DigestVerifyInit_ex(ctx, NULL, "SHA256", NULL, NULL, with,
                                  NULL) == 1);
    const int result = EVP_DigestVerify(ctx, signature, len, MESSAGE);
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return result;
}

/* The private operation on a block that we padded ourselves. */
static void judge_raw(uint8_t *signature, const uint8_t *block, size_t len)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    size_t signature_len = len;

    CHECK(EVP_PKEY_sign_init(ctx) == 1);
    CHECK(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1);
    CHECK(EVP_PKEY_sign(ctx, signature, &signature_len, block, len) == 1);
    CHECK_EQUAL(len, signature_len);
    EVP_PKEY_CTX_free(ctx);
}

static kess_status verify(const uint8_t *signature, size_t len)
{
    kess_error err = {-1, -1, 1};
    const kess_status status =
        kess_verify(public_key, signature, len, MESSAGE, &err);

    CHECK_EQUAL(status, err.status);
    CHECK_EQUAL(0, err.item);
    CHECK_EQUAL(0, err.pos);
    CHECK_EQUAL(0, ERR_peek_last_error());
    return status;
}

/* ------------------------------------------------------------ signatures */

/* Primes of 1025 and 1024 bits, whose product has 2049: they protect nothing, and take
 * seconds to find under valgrind. */
static const char stored_p[] =
    "01C2524DBC6B4505319B06CC353E2D80235A856D73AB00454AE03FC445FEAB24"
    "784FAA351078A7215D8C1CEDE6AF597DD02587F4E61AE606271812CB7DD6564F"
    "F19A193E86F48450087393FC13B9C87AC2E176ABC692A35F119C6DDFC04AFCFD"
    "98591D78F820413F75B68F1D9CFFC211844FEA39D1D8BE9CEAF16D83225F4E4B"
    "25";
static const char stored_q[] =
    "C9F6E4A0C0FCCD95F81CF72FF76B559C3FAEAEFAE21FA61AEB177743B22C62F8"
    "22A31B7D6090A81575EEF8E975B22D5146A0B89DCEDD95907CF6B50D7677F50F"
    "B1008202B2EF3EC67991D5F7ED386EA594B6EDA807093988A0F361F567BDF365"
    "DC766407483F8C690245A49D13827E7E1379653A5E56FF6B88A172E51B703D9D";

static void make_primes(rsa_numbers *made, int bits)
{
    BN_CTX *ctx = BN_CTX_new();

    if (is_sample()) {
        CHECK_EQUAL(2049, bits);
        CHECK(BN_hex2bn(&made->part[P], stored_p) > 0);
        CHECK(BN_hex2bn(&made->part[Q], stored_q) > 0);
    } else {
        CHECK(BN_generate_prime_ex2(made->part[P], (bits + 1) / 2, 0, NULL,
                                    NULL, NULL, ctx) == 1);
        CHECK(BN_generate_prime_ex2(made->part[Q], bits / 2, 0, NULL, NULL,
                                    NULL, ctx) == 1);
    }
    BN_CTX_free(ctx);
}

/* A key of exactly so many bits: PKCS#1 in scratch. */
static EVP_PKEY *new_sized(int bits)
{
    rsa_numbers made = {{NULL}};

    for (size_t i = 0; i < PARTS; i++) {
        made.part[i] = BN_new();
    }
    CHECK(BN_set_word(made.part[E], 65537) == 1);
    make_primes(&made, bits);
    numbers_complete(&made);
    make_pkcs1_private(&scratch, &made);
    numbers_release(&made);

    const unsigned char *at = scratch.data;
    EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &at, (long)scratch.len);
    CHECK(key != NULL);
    return key;
}

/* What we sign is, byte for byte, what libcrypto signs, for every size. */
static void test_sign(void)
{
    static const int sizes[] = {2048, 2049, 2055, 3072};

    /* Of a sample, one whose bits fill no byte. */
    for (size_t i = step_of(2) - 1; i < sizeof(sizes) / sizeof(sizes[0]);
         i += step_of(4)) {
        EVP_PKEY *made = new_sized(sizes[i]);
        uint8_t expected[1024];
        uint8_t actual[1024];
        size_t len = sizeof(actual);
        kess_error err;

        kess_key *key = must_load(&scratch, LOADS_PRIVATE);
        CHECK_EQUAL(sizes[i], kess_key_bits(key));
        CHECK_EQUAL((sizes[i] + 7) / 8, kess_key_size(key));
        CHECK_EQUAL(KESS_OK, kess_sign(key, actual, &len, MESSAGE, &err));
        CHECK_EQUAL(kess_key_size(key), len);
        CHECK_EQUAL(len, judge_sign(expected, made, "SHA256",
                                    RSA_PKCS1_PADDING));
        CHECK(memcmp(expected, actual, len) == 0);
        CHECK_EQUAL(1, judge_verify(actual, len, made));
        CHECK_EQUAL(KESS_OK, kess_verify(key, actual, len, MESSAGE, &err));
        CHECK_EQUAL(KESS_OK, err.status);
        kess_key_free(key);
        EVP_PKEY_free(made);
    }
}

/* Slices are signed and verified as their concatenation; none, and empty
 * ones, are the empty message. */
static void test_slices(void)
{
    const uint8_t *data = (const uint8_t *)message;
    const kess_slice three[] = {
        {data, 3}, {NULL, 0}, {data + 3, sizeof(message) - 4}};
    const kess_slice nothing = {NULL, 0};
    uint8_t whole[256];
    uint8_t parts[256];
    size_t len = sizeof(whole);

    CHECK_EQUAL(KESS_OK,
                kess_sign(private_key, whole, &len, MESSAGE, NULL));
    CHECK_EQUAL(KESS_OK, kess_int_sign(private_key, parts, three, 3));
    CHECK(memcmp(whole, parts, sizeof(whole)) == 0);
    CHECK_EQUAL(KESS_OK, kess_int_verify(public_key, whole, 256, three, 3));
    CHECK_EQUAL(KESS_ERR_SIGNATURE,
                kess_int_verify(public_key, whole, 256, three, 2));

    CHECK_EQUAL(KESS_OK,
                kess_sign(private_key, whole, &len, NULL, 0, NULL));
    CHECK_EQUAL(KESS_OK, kess_int_sign(private_key, parts, NULL, 0));
    CHECK(memcmp(whole, parts, sizeof(whole)) == 0);
    CHECK_EQUAL(KESS_OK, kess_int_verify(public_key, whole, 256, &nothing, 1));
    CHECK_EQUAL(KESS_OK,
                kess_verify(public_key, whole, len, NULL, 0, NULL));
}

/* Every wrong signature is KESS_ERR_SIGNATURE: one bit, another length,
 * padding or hash, values beyond the modulus. */
static void test_wrong_signatures(void)
{
    static const char *const digests[] = {"SHA1", "SHA224", "SHA384",
                                          "SHA512", "MD5", "SHA3-256"};
    uint8_t right[256];
    uint8_t wrong[1024] = {0};

    CHECK_EQUAL(256, judge_sign(right, pkey, "SHA256", RSA_PKCS1_PADDING));
    CHECK_EQUAL(KESS_OK, verify(right, 256));
    for (size_t bit = 0; bit < 2048; bit += step_of(89)) {
        memcpy(wrong, right, 256);
        wrong[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CHECK_EQUAL(KESS_ERR_SIGNATURE, verify(wrong, 256));
    }
    memcpy(wrong, right, 256);
    for (size_t len = 0; len <= 300; len++) {
        CHECK_EQUAL(len == 256 ? KESS_OK : KESS_ERR_SIGNATURE,
                    verify(wrong, len));
    }
    CHECK_EQUAL(KESS_ERR_SIGNATURE, verify(right + 1, 255));
    wrong[0] = 0;
    memcpy(wrong + 1, right, 256);
    CHECK_EQUAL(KESS_ERR_SIGNATURE, verify(wrong, 257));
    for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
        CHECK_EQUAL(256, judge_sign(wrong, pkey, digests[i],
                                    RSA_PKCS1_PADDING));
        CHECK_EQUAL(KESS_ERR_SIGNATURE, verify(wrong, 256));
    }
    CHECK_EQUAL(256, judge_sign(wrong, pkey, "SHA256", RSA_PKCS1_PSS_PADDING));
    CHECK_EQUAL(KESS_ERR_SIGNATURE, verify(wrong, 256));

    memset(wrong, 0, 256);
    CHECK_EQUAL(KESS_ERR_SIGNATURE, verify(wrong, 256));
    wrong[255] = 1;
    CHECK_EQUAL(KESS_ERR_SIGNATURE, verify(wrong, 256));
    memset(wrong, 0xff, 256);
    CHECK_EQUAL(KESS_ERR_SIGNATURE, verify(wrong, 256));
    CHECK_EQUAL(256, BN_bn2binpad(numbers.part[N], wrong, 256));
    CHECK_EQUAL(KESS_ERR_SIGNATURE, verify(wrong, 256));
    wrong[255] ^= 1; /* n - 1: its power is n - 1 */
    CHECK_EQUAL(KESS_ERR_SIGNATURE, verify(wrong, 256));
}

/* s + n is the same value modulo n, and another signature. */
static void test_signature_beyond_modulus(void)
{
    BIGNUM *s = BN_new();
    uint8_t signature[256];
    size_t tried = 0;

    for (uint8_t i = 0; i < 64; i++) {
        size_t len = sizeof(signature);
        CHECK_EQUAL(KESS_OK, kess_sign(private_key, signature, &len, &i, 1,
                                       NULL));
        CHECK(BN_bin2bn(signature, 256, s) != NULL);
        CHECK(BN_add(s, s, numbers.part[N]) == 1);
        if (BN_num_bits(s) > 2048) {
            continue;
        }
        CHECK_EQUAL(256, BN_bn2binpad(s, signature, 256));
        CHECK_EQUAL(KESS_ERR_SIGNATURE,
                    kess_verify(public_key, signature, 256, &i, 1, NULL));
        tried++;
    }
    CHECK(tried > 0);
    BN_free(s);
}

/* The padding has one form (RFC 8017, 9.2): other lengths, bytes after the
 * digest and a DigestInfo without NULL are refused. */
static void test_padding(void)
{
    static const uint8_t info[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60,
                                   0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
                                   0x01, 0x05, 0x00, 0x04, 0x20};
    static const uint8_t without_null[] = {
        0x30, 0x2f, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48,
        0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x04, 0x20};
    uint8_t digest[32];
    uint8_t block[256];
    uint8_t signature[256];

    CHECK(EVP_Q_digest(NULL, "SHA256", NULL, MESSAGE, digest, NULL) == 1);
    memset(block, 0xff, sizeof(block));
    block[0] = 0;
    block[1] = 1;
    block[256 - 32 - sizeof(info) - 1] = 0;
    memcpy(block + 256 - 32 - sizeof(info), info, sizeof(info));
    memcpy(block + 224, digest, 32);
    judge_raw(signature, block, 256);
    CHECK_EQUAL(KESS_OK, verify(signature, 256));

    block[2] = 0xfe;
    judge_raw(signature, block, 256);
    CHECK_EQUAL(KESS_ERR_SIGNATURE, verify(signature, 256));
    block[2] = 0xff;
    block[1] = 2;
    judge_raw(signature, block, 256);
    CHECK_EQUAL(KESS_ERR_SIGNATURE, verify(signature, 256));
    block[1] = 1;

    memset(block + 2, 0xff, 254);
    memcpy(block + 224, digest, 32);
    memcpy(block + 224 - sizeof(without_null), without_null,
           sizeof(without_null));
    block[224 - sizeof(without_null) - 1] = 0;
    judge_raw(signature, block, 256);
    CHECK_EQUAL(KESS_ERR_SIGNATURE, verify(signature, 256));

    /* short padding and garbage after the digest */
    memset(block + 2, 0xff, 254);
    block[10] = 0;
    memcpy(block + 11, info, sizeof(info));
    memcpy(block + 11 + sizeof(info), digest, 32);
    judge_raw(signature, block, 256);
    CHECK_EQUAL(KESS_ERR_SIGNATURE, verify(signature, 256));
}

/* ------------------------------------------------------------ policy */

#define WEAK KESS_KEY_ALLOW_WEAK

static kess_status load_public(const BIGNUM *n, const BIGNUM *e,
                               uint32_t policy)
{
    kess_key *key = NULL;
    int found = -1;

    make_pkcs1_public(&scratch, n, e);
    const kess_status status =
        load_exactly(&key, &scratch, LOADS_PUBLIC, NULL, policy, &found);
    CHECK_EQUAL(KESS_FOUND_NOTHING, found);
    kess_key_free(key);
    return status;
}

/* An odd number of so many bits. */
static BIGNUM *odd_of(int bits)
{
    BIGNUM *value = BN_new();
    CHECK(BN_rand(value, bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD) == 1);
    return value;
}

/* The modulus has 2048 to 8192 bits, or weak from 512. */
static void test_policy_size(void)
{
    static const struct {
        int bits;
        kess_status normal;
        kess_status weak;
    } rows[] = {
        {511, KESS_ERR_KEY_SIZE, KESS_ERR_KEY_SIZE},
        {512, KESS_ERR_KEY_SIZE, KESS_OK},
        {1024, KESS_ERR_KEY_SIZE, KESS_OK},
        {2047, KESS_ERR_KEY_SIZE, KESS_OK},
        {2048, KESS_OK, KESS_OK},
        {8192, KESS_OK, KESS_OK},
        {8193, KESS_ERR_KEY_SIZE, KESS_ERR_KEY_SIZE},
        {16384, KESS_ERR_KEY_SIZE, KESS_ERR_KEY_SIZE},
        {16385, KESS_ERR_KEY_SIZE, KESS_ERR_KEY_SIZE},
    };
    BIGNUM *e = BN_new();

    CHECK(BN_set_word(e, 65537) == 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        BIGNUM *n = odd_of(rows[i].bits);
        CHECK_EQUAL(rows[i].normal, load_public(n, e, 0));
        CHECK_EQUAL(rows[i].weak, load_public(n, e, WEAK));
        CHECK(BN_sub_word(n, 1) == 1);
        CHECK_EQUAL(rows[i].normal == KESS_OK ? KESS_ERR_KEY_MODULUS
                                              : rows[i].normal,
                    load_public(n, e, 0));
        CHECK_EQUAL(rows[i].weak == KESS_OK ? KESS_ERR_KEY_MODULUS
                                            : rows[i].weak,
                    load_public(n, e, WEAK));
        BN_free(n);
    }
    BIGNUM *tiny = BN_new();
    for (BN_ULONG value = 0; value < 4; value++) {
        CHECK(BN_set_word(tiny, value) == 1);
        CHECK_EQUAL(KESS_ERR_KEY_SIZE, load_public(tiny, e, WEAK));
    }
    BN_free(tiny);
    BN_free(e);
}

/* Load with n and with e = 2^bits + add. */
static void check_exponent(const BIGNUM *n, int bits, int plus,
                           kess_status normal, kess_status weak)
{
    BIGNUM *e = BN_new();

    CHECK(BN_set_bit(e, bits) == 1);
    CHECK((plus < 0 ? BN_sub_word(e, (BN_ULONG)-plus)
                    : BN_add_word(e, (BN_ULONG)plus)) == 1);
    CHECK_EQUAL(normal, load_public(n, e, 0));
    CHECK_EQUAL(weak, load_public(n, e, WEAK));
    BN_free(e);
}

/* The public exponent is odd, from 65537 (weak: 3) up to 256 bits, and up to
 * 64 where the modulus has more than 3072. */
static void test_policy_exponent(void)
{
    const kess_status no = KESS_ERR_KEY_EXPONENT;
    BIGNUM *small = odd_of(3072);
    BIGNUM *large = odd_of(3073);

    check_exponent(small, 0, -1, no, no);          /* 0 */
    check_exponent(small, 0, 0, no, no);           /* 1 */
    check_exponent(small, 1, 0, no, no);           /* 2 */
    check_exponent(small, 1, 1, no, KESS_OK);      /* 3 */
    check_exponent(small, 2, 0, no, no);           /* 4 */
    check_exponent(small, 4, 1, no, KESS_OK);      /* 17 */
    check_exponent(small, 16, -1, no, KESS_OK);    /* 65535 */
    check_exponent(small, 16, 0, no, no);          /* 65536 */
    check_exponent(small, 16, 1, KESS_OK, KESS_OK);
    check_exponent(small, 16, 2, no, no);
    check_exponent(small, 256, -1, KESS_OK, KESS_OK);
    check_exponent(small, 256, -2, no, no);
    check_exponent(small, 256, 1, no, no);
    check_exponent(small, 2000, 1, no, no);
    check_exponent(large, 16, 1, KESS_OK, KESS_OK);
    check_exponent(large, 64, -1, KESS_OK, KESS_OK);
    check_exponent(large, 64, 1, no, no);
    BN_free(small);
    BN_free(large);
}

/* e = 1 would verify the padded digest itself. */
static void test_universal_forgery(void)
{
    kess_key *key = NULL;
    int found = -1;
    BIGNUM *one = BN_new();

    CHECK(BN_set_word(one, 1) == 1);
    CHECK_EQUAL(KESS_ERR_KEY_EXPONENT,
                load_public(numbers.part[N], one, WEAK));
    BIGNUM *kept = numbers.part[E];
    numbers.part[E] = one;
    make_pkcs1_private(&scratch, &numbers);
    numbers.part[E] = kept;
    CHECK_EQUAL(KESS_ERR_KEY_EXPONENT,
                load_exactly(&key, &scratch, LOADS_PRIVATE, NULL, WEAK,
                             &found));
    BN_free(one);
}

static kess_status load_numbers(const rsa_numbers *from, uint32_t policy)
{
    kess_key *key = NULL;
    int found = -1;

    make_pkcs1_private(&scratch, from);
    const kess_status status =
        load_exactly(&key, &scratch, LOADS_PRIVATE, NULL, policy, &found);
    CHECK_EQUAL(KESS_FOUND_NOTHING, found);
    kess_key_free(key);
    return status;
}

/* Load with one part replaced. */
static kess_status load_with(size_t part, const BIGNUM *value)
{
    rsa_numbers changed = numbers;

    changed.part[part] = (BIGNUM *)value;
    return load_numbers(&changed, 0);
}

/* No part of a private key can be changed unnoticed. */
static void test_policy_parts(void)
{
    BIGNUM *value = BN_new();

    CHECK_EQUAL(KESS_OK, load_numbers(&numbers, 0));
    for (size_t part = D; part < PARTS; part++) {
        for (BN_ULONG step = 1; step < 3; step++) {
            CHECK(BN_copy(value, numbers.part[part]) != NULL);
            CHECK(BN_add_word(value, step) == 1);
            CHECK_EQUAL(KESS_ERR_KEY_INCONSISTENT, load_with(part, value));
        }
        for (BN_ULONG small = 0; small < 4; small++) {
            CHECK(BN_set_word(value, small) == 1);
            CHECK_EQUAL(KESS_ERR_KEY_INCONSISTENT, load_with(part, value));
        }
        /* beyond the modulus, and much longer */
        CHECK(BN_add(value, numbers.part[part], numbers.part[N]) == 1);
        CHECK_EQUAL(KESS_ERR_KEY_INCONSISTENT, load_with(part, value));
        CHECK(BN_lshift(value, numbers.part[part], 4096) == 1);
        CHECK_EQUAL(KESS_ERR_KEY_INCONSISTENT, load_with(part, value));
    }
    /* As long as the modulus, whatever that is in this run. */
    CHECK_EQUAL(KESS_ERR_KEY_INCONSISTENT, load_with(D, numbers.part[N]));
    CHECK(BN_add(value, numbers.part[QINV], numbers.part[P]) == 1);
    CHECK_EQUAL(KESS_ERR_KEY_INCONSISTENT, load_with(QINV, value));
    CHECK(BN_add_word(numbers.part[N], 2) == 1);
    CHECK_EQUAL(KESS_ERR_KEY_INCONSISTENT, load_numbers(&numbers, 0));
    CHECK(BN_sub_word(numbers.part[N], 2) == 1);
    CHECK(BN_set_word(value, 65539) == 1);
    CHECK_EQUAL(KESS_ERR_KEY_INCONSISTENT, load_with(E, value));
    BN_free(value);
}

/* n = n x 1, and primes in the wrong places. */
static void test_policy_factors(void)
{
    rsa_numbers changed = numbers;
    BIGNUM *one = BN_new();

    CHECK(BN_set_word(one, 1) == 1);
    changed.part[P] = numbers.part[N];
    changed.part[Q] = one;
    CHECK_EQUAL(KESS_ERR_KEY_INCONSISTENT, load_numbers(&changed, 0));
    changed = numbers;
    changed.part[P] = numbers.part[Q];
    changed.part[Q] = numbers.part[P];
    CHECK_EQUAL(KESS_ERR_KEY_INCONSISTENT, load_numbers(&changed, 0));
    changed.part[DP] = numbers.part[DQ];
    changed.part[DQ] = numbers.part[DP];
    CHECK_EQUAL(KESS_ERR_KEY_INCONSISTENT, load_numbers(&changed, 0));
    BN_free(one);
}

static rsa_numbers numbers_copy(void)
{
    rsa_numbers copy = {{NULL}};

    for (size_t i = 0; i < PARTS; i++) {
        copy.part[i] = BN_dup(numbers.part[i]);
        CHECK(copy.part[i] != NULL);
    }
    return copy;
}

/* p < q is in order where the other parts fit, and signs the same. */
static void test_policy_order(void)
{
    rsa_numbers swapped = numbers_copy();
    uint8_t expected[256];
    uint8_t actual[256];
    size_t len = sizeof(actual);

    BN_swap(swapped.part[P], swapped.part[Q]);
    numbers_complete(&swapped);
    make_pkcs1_private(&scratch, &swapped);
    kess_key *key = must_load(&scratch, LOADS_PRIVATE);
    CHECK_EQUAL(KESS_OK, kess_sign(key, actual, &len, MESSAGE, NULL));
    judge_sign(expected, pkey, "SHA256", RSA_PKCS1_PADDING);
    CHECK(memcmp(expected, actual, 256) == 0);
    kess_key_free(key);
    numbers_release(&swapped);
}

/* A factor that is not prime agrees with all others in arithmetic; only a
 * signature that does not verify shows it. */
static void test_policy_composite(void)
{
    rsa_numbers changed = numbers_copy();
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *a = BN_new();
    BIGNUM *b = BN_new();
    size_t tried = 0;

    while (tried < 3 / step_of(3)) {
        CHECK(BN_generate_prime_ex2(a, 512, 0, NULL, NULL, NULL, ctx) == 1);
        CHECK(BN_generate_prime_ex2(b, 512, 0, NULL, NULL, NULL, ctx) == 1);
        CHECK(BN_mul(changed.part[P], a, b, ctx) == 1);
        CHECK(BN_mul(a, changed.part[P], changed.part[Q], ctx) == 1);
        if (BN_num_bits(a) != 2048) {
            continue;
        }
        numbers_complete(&changed);
        CHECK_EQUAL(KESS_ERR_KEY_INCONSISTENT, load_numbers(&changed, 0));
        tried++;
    }
    BN_free(a);
    BN_free(b);
    BN_CTX_free(ctx);
    numbers_release(&changed);
}

/* A small factor gives the modulus away; some pass the signature test. */
static void test_policy_small_factor(void)
{
    static const BN_ULONG small[] = {3, 9, 561, 10007};
    rsa_numbers changed = numbers_copy();

    for (size_t i = 0; i < sizeof(small) / sizeof(small[0]); i++) {
        CHECK(BN_set_word(changed.part[P], small[i]) == 1);
        for (int order = 0; order < 2; order++) {
            numbers_complete(&changed);
            CHECK_EQUAL(KESS_ERR_KEY_INCONSISTENT,
                        load_numbers(&changed, WEAK));
            BN_swap(changed.part[P], changed.part[Q]);
        }
    }
    numbers_release(&changed);
}

/* More than two primes are named as another kind of key. */
static void test_multi_prime(void)
{
    kess_key *key = NULL;
    int found = -1;

    scratch.len = 0;
    ADD_LITERAL(&scratch, "\x02\x01\x01");
    for (size_t i = 0; i < PARTS; i++) {
        add_integer(&scratch, numbers.part[i]);
    }
    ADD_LITERAL(&scratch, "\x30\x03\x02\x01\x03");
    enclose(&scratch, 0x30);
    CHECK_EQUAL(KESS_ERR_KEY_KIND, load_exactly(&key, &scratch, LOADS_PRIVATE,
                                                NULL, 0, &found));
    CHECK_EQUAL(KESS_FOUND_OTHER_KEY, found);
}

/* A weak key signs and verifies where it is asked for, and only there. */
static void test_weak(void)
{
    EVP_PKEY *made = new_rsa(1024);
    kess_key *key = NULL;
    kess_key *half = NULL;
    uint8_t signature[128];
    size_t len = sizeof(signature);
    int found = -1;

    make_pkcs8_pem(&scratch, made);
    CHECK_EQUAL(KESS_ERR_KEY_SIZE, load_exactly(&key, &scratch, LOADS_PRIVATE,
                                                NULL, 0, &found));
    CHECK_EQUAL(KESS_OK, load_exactly(&key, &scratch, LOADS_PRIVATE, NULL,
                                      WEAK, &found));
    CHECK_EQUAL(1024, kess_key_bits(key));
    CHECK_EQUAL(KESS_OK, kess_sign(key, signature, &len, MESSAGE, NULL));
    CHECK_EQUAL(128, len);
    CHECK_EQUAL(1, judge_verify(signature, len, made));
    CHECK_EQUAL(KESS_OK, kess_key_public(&half, key, NULL));
    CHECK_EQUAL(KESS_OK, kess_verify(half, signature, len, MESSAGE, NULL));
    kess_key_free(half);
    kess_key_free(key);
    EVP_PKEY_free(made);
}

/* ------------------------------------------------------------ objects */

/* The public half is an object of its own, with libcrypto's SPKI. */
static void test_public_half(void)
{
    kess_key *key = NULL;
    kess_key *half = NULL;
    kess_key *again = NULL;
    uint8_t spki[1024];
    uint8_t signature[256];
    size_t len = 0;
    kess_error err;

    make_pkcs8_pem(&scratch, pkey);
    key = must_load(&scratch, LOADS_PRIVATE);
    judge_sign(signature, pkey, "SHA256", RSA_PKCS1_PADDING);
    CHECK_EQUAL(KESS_OK, kess_key_public(&half, key, &err));
    CHECK_EQUAL(KESS_OK, err.status);
    kess_key_free(key);
    CHECK_EQUAL(0, kess_key_is_private(half));
    CHECK_EQUAL(2048, kess_key_bits(half));
    CHECK_EQUAL(KESS_OK, kess_key_public(&again, half, NULL));
    kess_key_free(half);
    CHECK_EQUAL(KESS_OK, kess_verify(again, signature, 256, MESSAGE, NULL));

    make_spki_der(&scratch, pkey);
    spki[0] = 0x55;
    CHECK_EQUAL(KESS_ERR_BUFFER, kess_key_spki(again, spki, &len, &err));
    CHECK_EQUAL(scratch.len, len);
    CHECK_EQUAL(0x55, spki[0]);
    len--;
    CHECK_EQUAL(KESS_ERR_BUFFER, kess_key_spki(again, spki, &len, &err));
    CHECK_EQUAL(scratch.len, len);
    CHECK_EQUAL(KESS_OK, kess_key_spki(again, spki, &len, &err));
    CHECK_EQUAL(scratch.len, len);
    CHECK(memcmp(spki, scratch.data, len) == 0);
    kess_key_free(again);
    kess_key_free(NULL);
}

/* Wrong calls are refused, and leave their outputs as they were. */
static void test_arguments(void)
{
    uint8_t signature[256] = {0x55};
    size_t len = 255;
    kess_key *key = NULL;
    kess_error err;

    CHECK_EQUAL(KESS_ERR_BUFFER,
                kess_sign(private_key, signature, &len, MESSAGE, &err));
    CHECK_EQUAL(KESS_ERR_BUFFER, err.status);
    CHECK_EQUAL(256, len);
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_sign(public_key, signature, &len, MESSAGE, &err));
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_sign(NULL, signature, &len, MESSAGE, NULL));
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_sign(private_key, NULL, &len, MESSAGE, NULL));
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_sign(private_key, signature, NULL, MESSAGE, NULL));
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_sign(private_key, signature, &len, NULL, 1, NULL));
    CHECK_EQUAL(256, len);
    CHECK_EQUAL(0x55, signature[0]);

    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_verify(NULL, signature, len, MESSAGE, &err));
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_verify(public_key, NULL, len, MESSAGE, &err));
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_verify(public_key, signature, len, NULL, 1, &err));
    CHECK_EQUAL(KESS_ERR_SIGNATURE,
                kess_verify(public_key, NULL, 0, MESSAGE, &err));

    CHECK_EQUAL(KESS_ERR_ARGUMENT, kess_key_public(NULL, public_key, &err));
    CHECK_EQUAL(KESS_ERR_ARGUMENT, kess_key_public(&key, NULL, &err));
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_key_spki(NULL, signature, &len, &err));
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_key_spki(public_key, NULL, &len, &err));
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_key_spki(public_key, signature, NULL, &err));
    CHECK(key == NULL);
    CHECK(strncmp(kess_openssl_version(), "OpenSSL ", 8) == 0);
}

/* Errors that others left in the queue change nothing, and none is left. */
static void test_error_queue(void)
{
    uint8_t signature[256];
    size_t len = sizeof(signature);

    ERR_raise(ERR_LIB_USER, ERR_R_MALLOC_FAILURE);
    CHECK_EQUAL(KESS_OK,
                kess_sign(private_key, signature, &len, MESSAGE, NULL));
    CHECK_EQUAL(0, ERR_peek_last_error());
    ERR_raise(ERR_LIB_USER, ERR_R_MALLOC_FAILURE);
    CHECK_EQUAL(KESS_OK, verify(signature, len));
    signature[0] ^= 1;
    ERR_raise(ERR_LIB_USER, ERR_R_MALLOC_FAILURE);
    CHECK_EQUAL(KESS_ERR_SIGNATURE, verify(signature, len));
    ERR_raise(ERR_LIB_USER, ERR_R_MALLOC_FAILURE);
    make_pkcs8_pem(&scratch, pkey);
    kess_key_free(must_load(&scratch, LOADS_PRIVATE));
    ERR_raise(ERR_LIB_USER, ERR_R_MALLOC_FAILURE);
    CHECK_EQUAL(KESS_ERR_KEY_INCONSISTENT,
                load_with(DP, numbers.part[DQ]));
    /* As OpenSSL 3.6 leaves it without memory: the first entry is 0. */
    ERR_new();
    ERR_raise(ERR_LIB_USER, ERR_R_MALLOC_FAILURE);
    CHECK_EQUAL(0, ERR_peek_error());
    signature[0] ^= 1;
    CHECK_EQUAL(KESS_OK, verify(signature, len));
    CHECK_EQUAL(0, ERR_peek_last_error());
}

/* ------------------------------------------------------------ threads */

#define THREADS 4
#define ROUNDS 10

/* The allocator of a sanitizer may itself hang in a child that was forked
 * beside other threads. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define FORKS 0
#endif
#endif
#if !defined(FORKS) && \
    (defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__))
#define FORKS 0
#endif
#if !defined(FORKS)
#define FORKS 100
#endif

/* Slots give each object to one taker, and refuse what they have no room
 * for. */
static void test_slots(void)
{
    kess_slots slots;
    int object[KESS_SLOTS + 1] = {0};

    memset(&slots, 0, sizeof(slots));
    CHECK(kess_int_slots_take(&slots) == NULL);
    for (size_t i = 0; i < KESS_SLOTS; i++) {
        CHECK_EQUAL(1, kess_int_slots_put(&slots, &object[i]));
    }
    CHECK_EQUAL(0, kess_int_slots_put(&slots, &object[KESS_SLOTS]));
    for (size_t i = 0; i < KESS_SLOTS; i++) {
        int *taken = kess_int_slots_take(&slots);
        CHECK(taken != NULL);
        CHECK_EQUAL(0, *taken);
        *taken = 1;
    }
    CHECK(kess_int_slots_take(&slots) == NULL);
    CHECK_EQUAL(0, object[KESS_SLOTS]);
}

static uint8_t expected_signature[256];
static int stop;
static int ready;

static int sign_once(void)
{
    uint8_t signature[256];
    size_t len = sizeof(signature);

    return kess_sign(private_key, signature, &len, MESSAGE, NULL) == KESS_OK &&
           memcmp(signature, expected_signature, 256) == 0;
}

static int verify_once(const kess_key *key)
{
    uint8_t wrong[256];

    memcpy(wrong, expected_signature, 256);
    wrong[17] ^= 1;
    return kess_verify(key, expected_signature, 256, MESSAGE, NULL) ==
               KESS_OK &&
           kess_verify(key, wrong, 256, MESSAGE, NULL) == KESS_ERR_SIGNATURE;
}

/* Wait for the other threads. */
static void begin_together(void)
{
    __atomic_add_fetch(&ready, 1, __ATOMIC_RELAXED);
    while (__atomic_load_n(&ready, __ATOMIC_RELAXED) < THREADS) {
        sched_yield();
    }
}

static void run_threads(void *(*work)(void *))
{
    pthread_t threads[THREADS];

    ready = 0;
    for (size_t i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, work, NULL) == 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
}

static void *use_keys(void *unused)
{
    begin_together();
    for (int i = 0; i < ROUNDS; i++) {
        CHECK(sign_once());
        for (int k = 0; k < 5; k++) {
            CHECK(verify_once(private_key));
            CHECK(verify_once(public_key));
        }
    }
    return unused;
}

/* Any number of threads use one key at once. */
static void test_threads(void)
{
    run_threads(use_keys);
}

static void *sign_together(void *unused)
{
    begin_together();
    CHECK(sign_once());
    return unused;
}

static void *sign_until_stopped(void *unused)
{
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        CHECK(sign_once());
    }
    return unused;
}

/* Run work in a child, which is killed where it hangs. */
static void in_child(void (*work)(void))
{
    int status = -1;
    const pid_t child = fork();

    CHECK(child >= 0);
    if (child == 0) {
        alarm(60);
        work();
        _exit(0);
    }
    CHECK_EQUAL(child, waitpid(child, &status, 0));
    CHECK_EQUAL(0, status);
}

static void use_in_child(void)
{
    CHECK(sign_once());
    CHECK(sign_once());
    CHECK(verify_once(private_key));
    CHECK(verify_once(public_key));
}

/* The first signatures in a child, at the same time. */
static void use_in_threads(void)
{
    run_threads(sign_together);
    use_in_child();
}

static void use_in_grandchild(void)
{
    CHECK(sign_once());
    in_child(use_in_child);
    CHECK(sign_once());
    kess_key_free(private_key);
}

/* A child uses the keys even where its parent was forked while other threads
 * held libcrypto's locks. */
static void test_fork(int forks)
{
    pthread_t threads[THREADS];

    in_child(use_in_grandchild);
    for (int i = 0; i < 3 + forks / 3; i++) {
        in_child(use_in_threads);
    }
    for (size_t i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, sign_until_stopped, NULL) ==
              0);
    }
    for (int i = 0; i < forks; i++) {
        in_child(use_in_child);
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    for (size_t i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    CHECK(sign_once());
}

/* The number of forks may be given: what goes wrong goes so once in 1500. */
int main(int argc, char **argv)
{
    pkey = new_rsa(2048);
    numbers = numbers_of(pkey);
    make_pkcs8_pem(&scratch, pkey);
    private_key = must_load(&scratch, LOADS_PRIVATE);
    make_spki_pem(&scratch, pkey);
    public_key = must_load(&scratch, LOADS_PUBLIC);
    judge_sign(expected_signature, pkey, "SHA256", RSA_PKCS1_PADDING);

    test_sign();
    test_slices();
    test_wrong_signatures();
    test_signature_beyond_modulus();
    test_padding();
    test_policy_size();
    test_policy_exponent();
    test_universal_forgery();
    test_policy_parts();
    test_policy_factors();
    test_policy_order();
    test_policy_composite();
    test_policy_small_factor();
    test_multi_prime();
    test_weak();
    test_public_half();
    test_arguments();
    test_error_queue();
    test_slots();
    test_threads();
    test_fork(argc > 1 ? atoi(argv[1]) : rounds_of(FORKS));

    kess_key_free(private_key);
    kess_key_free(public_key);
    numbers_release(&numbers);
    EVP_PKEY_free(pkey);
    return 0;
}

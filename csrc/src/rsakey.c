/*
 * rsakey.c: RSA keys, made of their integers.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The parts of a private key agree where p q = n; p and q are odd and have at
 * least a quarter of the bits of n; 0 < d < n; e d = 1 mod p - 1 and mod q - 1;
 * dP and dQ are d modulo these; 0 < qInv < p and q qInv = 1 mod p; and a
 * signature made with the key verifies. This does not rely on libcrypto's
 * checks of keys.
 */
#include <string.h>

#include "fork_guard.h"
#include "known8.h"
#include "libcrypto.h"

/* ------------------------------------------------------------ agreement */

/* The integers of a key, and room to compute. */
typedef struct numbers {
    BIGNUM *part[KESS_RSA_PARTS];
    BIGNUM *less_one;
    BIGNUM *result;
    BN_CTX *ctx;
} numbers;

static void numbers_free(numbers *n)
{
    for (size_t i = 0; i < KESS_RSA_PARTS; i++) {
        BN_clear_free(n->part[i]);
    }
    BN_clear_free(n->less_one);
    BN_clear_free(n->result);
    BN_CTX_free(n->ctx);
}

/* Returns 1 or 0; to be freed in both cases. */
static int numbers_read(numbers *n, const kess_rsa_parts *parts)
{
    const size_t count = parts->is_private ? KESS_RSA_PARTS : KESS_RSA_E + 1;

    memset(n, 0, sizeof(*n));
    n->less_one = BN_new();
    n->result = BN_new();
    n->ctx = BN_CTX_new();
    if (n->less_one == NULL || n->result == NULL || n->ctx == NULL) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        n->part[i] =
            BN_bin2bn(parts->part[i].data, (int)parts->part[i].len, NULL);
        if (n->part[i] == NULL) {
            return 0;
        }
        if (i >= KESS_RSA_D) {
            BN_set_flags(n->part[i], BN_FLG_CONSTTIME);
        }
    }
    BN_set_flags(n->less_one, BN_FLG_CONSTTIME);
    return 1;
}

/* The checks below return 1 where the parts agree, 0 where they do not, and
 * -1 where libcrypto failed. */

static int is_modulus(numbers *n)
{
    if (BN_mul(n->result, n->part[KESS_RSA_P], n->part[KESS_RSA_Q],
               n->ctx) != 1) {
        return -1;
    }
    return BN_cmp(n->result, n->part[KESS_RSA_N]) == 0;
}

/* e d = 1, and the short exponent is d, both modulo prime - 1. */
static int is_exponent(numbers *n, const BIGNUM *prime, const BIGNUM *exponent)
{
    if (BN_sub(n->less_one, prime, BN_value_one()) != 1 ||
        BN_mod_mul(n->result, n->part[KESS_RSA_E], n->part[KESS_RSA_D],
                   n->less_one, n->ctx) != 1) {
        return -1;
    }
    if (!BN_is_one(n->result)) {
        return 0;
    }
    if (BN_mod(n->result, n->part[KESS_RSA_D], n->less_one, n->ctx) != 1) {
        return -1;
    }
    return BN_cmp(n->result, exponent) == 0;
}

static int is_coefficient(numbers *n)
{
    const BIGNUM *p = n->part[KESS_RSA_P];
    const BIGNUM *coefficient = n->part[KESS_RSA_QINV];

    if (BN_is_zero(coefficient) || BN_cmp(coefficient, p) >= 0) {
        return 0;
    }
    if (BN_mod_mul(n->result, n->part[KESS_RSA_Q], coefficient, p, n->ctx) !=
        1) {
        return -1;
    }
    return BN_is_one(n->result);
}

/* Keys have two factors of one size. A small one would give n away, and may
 * pass the signature test without being prime. */
static int is_factor(const numbers *n, const BIGNUM *factor)
{
    return BN_is_odd(factor) &&
           4 * BN_num_bits(factor) >= BN_num_bits(n->part[KESS_RSA_N]);
}

static int is_consistent(numbers *n)
{
    const BIGNUM *p = n->part[KESS_RSA_P];
    const BIGNUM *q = n->part[KESS_RSA_Q];
    const BIGNUM *d = n->part[KESS_RSA_D];

    if (!is_factor(n, p) || !is_factor(n, q) || BN_is_zero(d) ||
        BN_cmp(d, n->part[KESS_RSA_N]) >= 0) {
        return 0;
    }
    int agree = is_modulus(n);
    if (agree == 1) {
        agree = is_exponent(n, p, n->part[KESS_RSA_DP]);
    }
    if (agree == 1) {
        agree = is_exponent(n, q, n->part[KESS_RSA_DQ]);
    }
    if (agree == 1) {
        agree = is_coefficient(n);
    }
    return agree;
}

static kess_status check_parts(const kess_rsa_parts *parts, numbers *n)
{
    if (!numbers_read(n, parts)) {
        return kess_int_drain_errors();
    }
    const int agree = parts->is_private ? is_consistent(n) : 1;
    if (agree < 0) {
        return kess_int_drain_errors();
    }
    return agree == 1 ? KESS_OK : KESS_ERR_KEY_INCONSISTENT;
}

/* ------------------------------------------------------------ make */

static const char *const param_names[KESS_RSA_PARTS] = {
    OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_E,
    OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_FACTOR1,
    OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
    OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
};

static EVP_PKEY *pkey_from_params(OSSL_PARAM *params, int selection)
{
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);

    if (ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
        EVP_PKEY_fromdata(ctx, &pkey, selection, params) != 1) {
        EVP_PKEY_free(pkey);
        pkey = NULL;
    }
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

/* The parameters go through memory of ours: OSSL_PARAM_BLD would leave a copy
 * of the private parts in memory that it frees without wiping. */
static EVP_PKEY *pkey_from_numbers(const numbers *n, size_t count)
{
    const size_t room = KESS_RSA_MAX_SIZE; /* no part is longer than n */
    const int selection =
        count == KESS_RSA_PARTS ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
    OSSL_PARAM params[KESS_RSA_PARTS + 1];
    kess_secret copy = {kess_int_allocate(count * room), count * room};
    EVP_PKEY *pkey = NULL;
    size_t i = 0;

    if (copy.data == NULL) {
        return NULL;
    }
    for (; i < count; i++) {
        uint8_t *at = copy.data + i * room;
        const int len = BN_num_bytes(n->part[i]);
        if (BN_bn2nativepad(n->part[i], at, len) != len) {
            break;
        }
        params[i] =
            OSSL_PARAM_construct_BN(param_names[i], at, (size_t)len);
    }
    if (i == count) {
        params[count] = OSSL_PARAM_construct_end();
        pkey = pkey_from_params(params, selection);
    }
    kess_int_secret_free(&copy);
    return pkey;
}

static int make_public(kess_key *key, const numbers *n)
{
    key->sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    key->verifiers = kess_int_ctx_pool_new(
        pkey_from_numbers(n, KESS_RSA_E + 1), EVP_PKEY_verify_init);
    if (key->sha256 == NULL || key->verifiers == NULL) {
        return 0;
    }
    const int len = i2d_PUBKEY(key->verifiers->pkey, &key->spki);
    if (len <= 0) {
        return 0;
    }
    key->spki_len = (size_t)len;
    return 1;
}

static int make_private(kess_key *key, const numbers *n)
{
    key->signers = kess_int_ctx_pool_new(pkey_from_numbers(n, KESS_RSA_PARTS),
                                         EVP_PKEY_sign_init);
    return key->signers != NULL;
}

/* Verify a signature that cannot be right: libcrypto sets the key up for fast
 * arithmetic in its first use, and must say no. */
static kess_status warm_public(const kess_key *key)
{
    const kess_slice message = {NULL, 0};
    uint8_t signature[KESS_RSA_MAX_SIZE] = {0};

    signature[key->size - 1] = 2;
    const kess_status status =
        kess_int_verify_inside(key, signature, key->size, &message, 1);
    if (status == KESS_ERR_SIGNATURE) {
        return KESS_OK;
    }
    return status == KESS_OK ? KESS_ERR_CRYPTO : status;
}

/* Sign and verify. It also shows a factor that is not prime, and costs the
 * time that the first signature of a key takes. */
static kess_status test_private(const kess_key *key)
{
    static const char text[] = "kess self-test";
    const kess_slice message = {(const uint8_t *)text, sizeof(text) - 1};
    uint8_t signature[KESS_RSA_MAX_SIZE];
    kess_status status = kess_int_sign_inside(key, signature, &message, 1);

    if (status == KESS_OK) {
        status =
            kess_int_verify_inside(key, signature, key->size, &message, 1);
    }
    return status == KESS_ERR_SIGNATURE ? KESS_ERR_KEY_INCONSISTENT : status;
}

/* ------------------------------------------------------------ eight */

/* 2^65537 mod n by OpenSSL, as 2 (2^1024)^64: 2^1024 is below n, which spares
 * most of the squarings. Returns 1 or 0. */
static int power_of_two(uint8_t *power, size_t size, numbers *room)
{
    const BIGNUM *n = room->part[KESS_RSA_N];
    BIGNUM *r = room->result;
    BN_MONT_CTX *mont = BN_MONT_CTX_new();

    BN_zero(r);
    int is_done = mont != NULL &&
                  BN_MONT_CTX_set(mont, n, room->ctx) == 1 &&
                  BN_set_bit(r, 1024) == 1 &&
                  BN_to_montgomery(r, r, mont, room->ctx) == 1;
    for (int i = 0; i < 6 && is_done; i++) {
        is_done = BN_mod_mul_montgomery(r, r, r, mont, room->ctx) == 1;
    }
    is_done = is_done && BN_from_montgomery(r, r, mont, room->ctx) == 1 &&
              BN_mod_lshift1_quick(r, r, n) == 1 &&
              BN_bn2binpad(r, power, (int)size) == (int)size;
    BN_MONT_CTX_free(mont);
    return is_done;
}

/* (n - 1)^e = n - 1, and 2^e is OpenSSL's: 1, 0, or -1 where libcrypto failed. */
static int is_eight_right(const kess_public8 *public8, const kess_slice *n,
                          numbers *room)
{
    const size_t size = n->len;
    uint8_t less_one[KESS_PUBLIC8_SIZE];
    uint8_t two[KESS_PUBLIC8_SIZE] = {0};
    uint8_t power[KESS_PUBLIC8_SIZE];
    uint8_t out[2 * KESS_PUBLIC8_SIZE];
    const uint8_t *signature[2] = {less_one, two};

    if (!power_of_two(power, size, room)) {
        return -1;
    }
    memcpy(less_one, n->data, size);
    less_one[size - 1] ^= 1;
    two[size - 1] = 2;
    return kess_int_public8_recover(public8, out, signature, 2) == 3 &&
           memcmp(out, less_one, size) == 0 &&
           memcmp(out + size, power, size) == 0;
}

/* A key for which eight at a time are not possible, or not right, uses OpenSSL:
 * that is no error. */
static kess_status make_eight(kess_key *key, const kess_slice *n,
                              uint32_t policy, numbers *room)
{
    if ((policy & KESS_KEY_OPENSSL_ONLY) != 0 ||
        !BN_is_word(room->part[KESS_RSA_E], 65537) ||
        EVP_default_properties_is_fips_enabled(NULL) || !kess_int_known8() ||
        !kess_int_public8_prepare(&key->public8, n->data, n->len)) {
        return KESS_OK;
    }
    const int is_right = is_eight_right(&key->public8, n, room);
    if (is_right < 0) {
        return kess_int_drain_errors();
    }
    key->eight = is_right ? &key->public8 : NULL;
    return KESS_OK;
}

/* ------------------------------------------------------------ keys */

static kess_status make(kess_key *key, numbers *n, const kess_rsa_parts *parts,
                        uint32_t policy)
{
    const int is_private = parts->is_private;

    key->bits = (unsigned)BN_num_bits(n->part[KESS_RSA_N]);
    key->size = (size_t)BN_num_bytes(n->part[KESS_RSA_N]);
    if (!make_public(key, n) || (is_private && !make_private(key, n))) {
        return kess_int_drain_errors();
    }
    kess_status status = warm_public(key);
    if (status == KESS_OK && is_private) {
        status = test_private(key);
    }
    if (status == KESS_OK) {
        status = make_eight(key, &parts->part[KESS_RSA_N], policy, n);
    }
    return status;
}

static void destroy(kess_key *key)
{
    if (key == NULL) {
        return;
    }
    kess_int_ctx_pool_free(key->signers);
    kess_int_ctx_pool_free(key->verifiers);
    EVP_MD_free(key->sha256);
    OPENSSL_free(key->spki);
    KESS_FREE(key);
}

static kess_status make_checked(kess_key **key, const kess_rsa_parts *parts,
                                uint32_t policy, kess_error *err)
{
    numbers n;

    kess_int_clear_errors();
    kess_key *made = kess_int_allocate(sizeof(*made));
    kess_status status = made == NULL ? KESS_ERR_MEMORY : KESS_OK;
    if (status == KESS_OK) {
        status = check_parts(parts, &n);
        if (status == KESS_OK) {
            status = make(made, &n, parts, policy);
        }
        numbers_free(&n);
    }
    kess_int_clear_errors();
    if (status != KESS_OK) {
        destroy(made);
        return kess_int_refuse(err, status, KESS_FOUND_NOTHING);
    }
    *key = made;
    return kess_int_ok(err);
}

kess_status kess_int_key_make(kess_key **key, const kess_rsa_parts *parts,
                              uint32_t policy, kess_error *err)
{
    const size_t shard = kess_int_fork_guard_enter();
    const kess_status status = make_checked(key, parts, policy, err);
    kess_int_fork_guard_leave(shard);
    return status;
}

void kess_key_free(kess_key *key)
{
    const size_t shard = kess_int_fork_guard_enter();
    destroy(key);
    kess_int_fork_guard_leave(shard);
}

/* ------------------------------------------------------------ attributes */

int kess_key_is_private(const kess_key *key)
{
    return key->signers != NULL;
}

unsigned kess_key_bits(const kess_key *key)
{
    return key == NULL ? 0 : key->bits;
}

size_t kess_key_size(const kess_key *key)
{
    return key->size;
}

/* What a key has to change later, although it is the same key: without const. */
static void **eight_of(const kess_key *key)
{
    return &((kess_key *)(uintptr_t)key)->eight;
}

const kess_public8 *kess_int_key_eight(const kess_key *key)
{
    return kess_int_slot_peek(eight_of(key));
}

void kess_int_key_distrust(const kess_key *key)
{
    (void)kess_int_slot_swap(eight_of(key), NULL);
}

int kess_key_ways(const kess_key *key)
{
    return kess_int_key_eight(key) != NULL ? KESS_PUBLIC8_LANES : 1;
}

kess_slice kess_int_key_spki(const kess_key *key)
{
    const kess_slice spki = {key->spki, key->spki_len};
    return spki;
}

kess_status kess_key_spki(const kess_key *key, uint8_t *out, size_t *out_len,
                          kess_error *err)
{
    if (key == NULL || out_len == NULL || (out == NULL && *out_len > 0)) {
        return kess_int_fail(err, KESS_ERR_ARGUMENT, 0);
    }
    const kess_status status = kess_int_check_room(out_len, key->spki_len);
    if (status != KESS_OK) {
        return kess_int_fail(err, status, 0);
    }
    memcpy(out, key->spki, key->spki_len);
    *out_len = key->spki_len;
    return kess_int_ok(err);
}


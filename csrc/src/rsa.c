/*
 * rsa.c: RSA keys and signatures by OpenSSL's libcrypto.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The only file that includes OpenSSL's headers, and nothing in it is
 * deprecated in 3.0.
 *
 * The parts of a private key agree where p q = n; p and q are odd and have at
 * least a quarter of the bits of n; 0 < d < n; e d = 1 mod p - 1 and mod q - 1;
 * dP and dQ are d modulo these; 0 < qInv < p and q qInv = 1 mod p; and a
 * signature made with the key verifies. This does not rely on libcrypto's
 * checks of keys.
 *
 * Threads. A kess_key holds contexts that were initialised once and are never
 * used, only duplicated: duplication reads them, and costs a hundredth of a
 * verification. Keys, digest and templates are not changed after the key was
 * made, with one exception:
 *
 * Fork. libcrypto locks its RSA object for blinding while it signs. In a child
 * that was forked while another thread held this lock it is never released,
 * and the child would wait for ever. So signing objects belong to a process: a
 * child makes its own, in its first signature. Verification uses an object of
 * its own, which is only ever locked for reading.
 */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#if !defined(_WIN32)
#include <unistd.h>
#endif

#include "rsa.h"

#define SHA256_SIZE 32

/* The signing objects of one process. */
typedef struct signer {
    long process;
    EVP_PKEY *pkey;
    EVP_PKEY_CTX *template;
    struct signer *older; /* of the process that was forked */
} signer;

struct kess_key {
    unsigned bits;
    size_t size;
    EVP_MD *sha256;
    EVP_PKEY *public_pkey;
    EVP_PKEY_CTX *verify_template;
    uint8_t *spki; /* OpenSSL's memory */
    size_t spki_len;
    signer **signers; /* newest first; NULL in a public key */
};

/* ------------------------------------------------------------ memory */

void kess_int_wipe(void *data, size_t len)
{
    if (data != NULL) {
        OPENSSL_cleanse(data, len);
    }
}

void kess_int_secret_free(kess_secret *secret)
{
    kess_int_wipe(secret->data, secret->len);
    KESS_FREE(secret->data);
    secret->data = NULL;
    secret->len = 0;
}

/* Zeroed memory. Where there is none, drain_errors will tell. */
static void *allocate(size_t size)
{
    void *memory = KESS_MALLOC(size);

    if (memory == NULL) {
        ERR_raise(ERR_LIB_USER, ERR_R_MALLOC_FAILURE);
        return NULL;
    }
    return memset(memory, 0, size);
}

/* Empty the error queue, and tell whether memory was the reason. */
static kess_status drain_errors(void)
{
    kess_status status = KESS_ERR_CRYPTO;

    for (unsigned long code = ERR_get_error(); code != 0;
         code = ERR_get_error()) {
        if (ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE) {
            status = KESS_ERR_MEMORY;
        }
    }
    return status;
}

/* ------------------------------------------------------------ processes */

#if defined(_WIN32)

/* There is no fork: the first signer stays the only one. */
static long process_id(void)
{
    return 0;
}

static signer *newest(signer *const *signers)
{
    return *signers;
}

static int publish(signer **signers, signer *expected, signer *fresh)
{
    (void)expected;
    *signers = fresh;
    return 1;
}

#else

static long process_id(void)
{
    return (long)getpid();
}

static signer *newest(signer *const *signers)
{
    return __atomic_load_n(signers, __ATOMIC_ACQUIRE);
}

/* Returns 0 where another thread was faster. */
static int publish(signer **signers, signer *expected, signer *fresh)
{
    return __atomic_compare_exchange_n(signers, &expected, fresh, 0,
                                       __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

#endif

/* ------------------------------------------------------------ templates */

static EVP_PKEY_CTX *make_template(EVP_PKEY *pkey, const EVP_MD *sha256,
                                   int (*init)(EVP_PKEY_CTX *))
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);

    if (ctx == NULL) {
        return NULL;
    }
    if (init(ctx) == 1 &&
        EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
        EVP_PKEY_CTX_set_signature_md(ctx, sha256) == 1) {
        return ctx;
    }
    EVP_PKEY_CTX_free(ctx);
    return NULL;
}

static void signer_free(signer *old)
{
    if (old != NULL) {
        EVP_PKEY_CTX_free(old->template);
        EVP_PKEY_free(old->pkey);
        KESS_FREE(old);
    }
}

/* Takes over pkey, also on failure; NULL is a failure. */
static signer *signer_new(EVP_PKEY *pkey, const EVP_MD *sha256)
{
    signer *made = pkey == NULL ? NULL : allocate(sizeof(*made));

    if (made == NULL) {
        EVP_PKEY_free(pkey);
        return NULL;
    }
    made->process = process_id();
    made->pkey = pkey;
    made->template = make_template(pkey, sha256, EVP_PKEY_sign_init);
    if (made->template == NULL) {
        signer_free(made);
        return NULL;
    }
    return made;
}

/* The signing objects of this process. NULL: out of memory, or CRYPTO. */
static const signer *signer_of(const kess_key *key)
{
    const long process = process_id();
    signer *found = newest(key->signers);

    while (found->process != process) {
        signer *fresh = signer_new(EVP_PKEY_dup(found->pkey), key->sha256);
        if (fresh == NULL) {
            return NULL;
        }
        fresh->older = found;
        if (publish(key->signers, found, fresh)) {
            return fresh;
        }
        signer_free(fresh);
        found = newest(key->signers);
    }
    return found;
}

/* ------------------------------------------------------------ digest */

/* Returns 1 or 0. */
static int digest_of(uint8_t *digest, EVP_MD_CTX *ctx, const EVP_MD *sha256,
                     const kess_slice *slices, size_t count)
{
    if (EVP_DigestInit_ex2(ctx, sha256, NULL) != 1) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (EVP_DigestUpdate(ctx, slices[i].data, slices[i].len) != 1) {
            return 0;
        }
    }
    return EVP_DigestFinal_ex(ctx, digest, NULL) == 1;
}

/* ------------------------------------------------------------ sign */

static int sign_digest(const kess_key *key, uint8_t *signature,
                       const uint8_t *digest)
{
    const signer *own = signer_of(key);
    EVP_PKEY_CTX *ctx = own == NULL ? NULL : EVP_PKEY_CTX_dup(own->template);
    uint8_t made[KESS_RSA_MAX_SIZE];
    size_t len = sizeof(made);

    const int done =
        ctx != NULL &&
        EVP_PKEY_sign(ctx, made, &len, digest, SHA256_SIZE) == 1 &&
        len == key->size;
    if (done) {
        memcpy(signature, made, len);
    }
    EVP_PKEY_CTX_free(ctx);
    return done;
}

kess_status kess_int_sign(const kess_key *key, uint8_t *signature,
                          const kess_slice *slices, size_t count)
{
    uint8_t digest[SHA256_SIZE];

    ERR_clear_error();
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const int done = ctx != NULL &&
                     digest_of(digest, ctx, key->sha256, slices, count) &&
                     sign_digest(key, signature, digest);
    EVP_MD_CTX_free(ctx);
    const kess_status failure = drain_errors();
    return done ? KESS_OK : failure;
}

/* ------------------------------------------------------------ verify */

kess_status kess_int_verifier_open(kess_verifier *verifier,
                                   const kess_key *key)
{
    ERR_clear_error();
    verifier->key = key;
    verifier->pkey_ctx = EVP_PKEY_CTX_dup(key->verify_template);
    verifier->md_ctx = EVP_MD_CTX_new();
    const kess_status failure = drain_errors();
    if (verifier->pkey_ctx == NULL || verifier->md_ctx == NULL) {
        return failure;
    }
    return KESS_OK;
}

kess_status kess_int_verifier_check(const kess_verifier *verifier,
                                    const uint8_t *signature,
                                    size_t signature_len,
                                    const kess_slice *slices, size_t count)
{
    const kess_key *key = verifier->key;
    uint8_t digest[SHA256_SIZE];

    if (signature_len != key->size) {
        return KESS_ERR_SIGNATURE;
    }
    ERR_clear_error();
    if (!digest_of(digest, verifier->md_ctx, key->sha256, slices, count)) {
        return drain_errors();
    }
    /* 0 says that the signature is wrong, but also that memory ran out;
     * negative values say that nothing was checked. */
    const int result = EVP_PKEY_verify(verifier->pkey_ctx, signature,
                                       signature_len, digest, SHA256_SIZE);
    const kess_status failure = drain_errors();
    if (result == 1) {
        return KESS_OK;
    }
    if (result == 0 && failure != KESS_ERR_MEMORY) {
        return KESS_ERR_SIGNATURE;
    }
    return failure;
}

void kess_int_verifier_close(kess_verifier *verifier)
{
    EVP_PKEY_CTX_free(verifier->pkey_ctx);
    EVP_MD_CTX_free(verifier->md_ctx);
    verifier->pkey_ctx = NULL;
    verifier->md_ctx = NULL;
}

kess_status kess_int_verify(const kess_key *key, const uint8_t *signature,
                            size_t signature_len, const kess_slice *slices,
                            size_t count)
{
    kess_verifier verifier;
    kess_status status = kess_int_verifier_open(&verifier, key);

    if (status == KESS_OK) {
        status = kess_int_verifier_check(&verifier, signature, signature_len,
                                         slices, count);
    }
    kess_int_verifier_close(&verifier);
    return status;
}

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
        return drain_errors();
    }
    const int agree = parts->is_private ? is_consistent(n) : 1;
    if (agree < 0) {
        return drain_errors();
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
    kess_secret copy = {allocate(count * room), count * room};
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
    key->public_pkey = pkey_from_numbers(n, KESS_RSA_E + 1);
    if (key->sha256 == NULL || key->public_pkey == NULL) {
        return 0;
    }
    key->verify_template = make_template(key->public_pkey, key->sha256,
                                         EVP_PKEY_verify_init);
    const int len = i2d_PUBKEY(key->public_pkey, &key->spki);
    if (key->verify_template == NULL || len <= 0) {
        return 0;
    }
    key->spki_len = (size_t)len;
    return 1;
}

static int make_private(kess_key *key, const numbers *n)
{
    key->signers = allocate(sizeof(*key->signers));
    if (key->signers == NULL) {
        return 0;
    }
    *key->signers =
        signer_new(pkey_from_numbers(n, KESS_RSA_PARTS), key->sha256);
    return *key->signers != NULL;
}

/* Verify a signature that cannot be right: libcrypto sets the key up for fast
 * arithmetic in its first use, and must say no. */
static kess_status warm_public(const kess_key *key)
{
    const kess_slice message = {NULL, 0};
    uint8_t signature[KESS_RSA_MAX_SIZE] = {0};

    signature[key->size - 1] = 2;
    const kess_status status =
        kess_int_verify(key, signature, key->size, &message, 1);
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
    kess_status status = kess_int_sign(key, signature, &message, 1);

    if (status == KESS_OK) {
        status = kess_int_verify(key, signature, key->size, &message, 1);
    }
    return status == KESS_ERR_SIGNATURE ? KESS_ERR_KEY_INCONSISTENT : status;
}

static kess_status make(kess_key *key, const numbers *n, int is_private)
{
    key->bits = (unsigned)BN_num_bits(n->part[KESS_RSA_N]);
    key->size = (size_t)BN_num_bytes(n->part[KESS_RSA_N]);
    if (!make_public(key, n) || (is_private && !make_private(key, n))) {
        return drain_errors();
    }
    const kess_status status = warm_public(key);
    if (status != KESS_OK || !is_private) {
        return status;
    }
    return test_private(key);
}

kess_status kess_int_key_make(kess_key **key, const kess_rsa_parts *parts,
                              kess_error *err)
{
    numbers n;

    ERR_clear_error();
    kess_key *made = allocate(sizeof(*made));
    kess_status status = made == NULL ? KESS_ERR_MEMORY : KESS_OK;
    if (status == KESS_OK) {
        status = check_parts(parts, &n);
        if (status == KESS_OK) {
            status = make(made, &n, parts->is_private);
        }
        numbers_free(&n);
    }
    ERR_clear_error();
    if (status != KESS_OK) {
        kess_key_free(made);
        return kess_int_refuse(err, status, KESS_FOUND_NOTHING);
    }
    *key = made;
    return kess_int_ok(err);
}

void kess_key_free(kess_key *key)
{
    if (key == NULL) {
        return;
    }
    signer *next = key->signers == NULL ? NULL : newest(key->signers);
    while (next != NULL) {
        signer *old = next;
        next = old->older;
        signer_free(old);
    }
    KESS_FREE(key->signers);
    EVP_PKEY_CTX_free(key->verify_template);
    EVP_PKEY_free(key->public_pkey);
    EVP_MD_free(key->sha256);
    OPENSSL_free(key->spki);
    KESS_FREE(key);
}

/* ------------------------------------------------------------ decryption */

static int derive(uint8_t *out, const kess_pbes2 *scheme, kess_slice password)
{
    const char *pass = (const char *)password.data;

    if (scheme->prf == NULL) {
        return EVP_PBE_scrypt(pass, password.len, scheme->salt.data,
                              scheme->salt.len, scheme->cost, scheme->r,
                              scheme->p, KESS_SCRYPT_MEMORY, out,
                              scheme->key_len) == 1;
    }
    EVP_MD *md = EVP_MD_fetch(NULL, scheme->prf, NULL);
    const int done =
        md != NULL &&
        PKCS5_PBKDF2_HMAC(pass, (int)password.len, scheme->salt.data,
                          (int)scheme->salt.len, (int)scheme->cost, md,
                          (int)scheme->key_len, out) == 1;
    EVP_MD_free(md);
    return done;
}

/* Decrypt in CBC mode with the padding of RFC 8018, 6.1.1. */
static kess_status decrypt_cbc(uint8_t *out, size_t *out_len,
                               const kess_pbes2 *scheme, const uint8_t *key)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, scheme->cipher, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int len = 0;
    int last = 0;

    const int done =
        cipher != NULL && ctx != NULL &&
        EVP_DecryptInit_ex2(ctx, cipher, key, scheme->iv.data, NULL) == 1 &&
        EVP_DecryptUpdate(ctx, out, &len, scheme->encrypted.data,
                          (int)scheme->encrypted.len) == 1;
    const int padded = done && EVP_DecryptFinal_ex(ctx, out + len, &last) == 1;
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    *out_len = (size_t)len + (size_t)last;
    const kess_status failure = drain_errors();
    if (padded) {
        return KESS_OK;
    }
    return done && failure != KESS_ERR_MEMORY ? KESS_ERR_KEY_PASSWORD
                                              : failure;
}

kess_status kess_int_decrypt(kess_secret *plain, size_t *plain_len,
                             const kess_pbes2 *scheme, kess_slice password)
{
    uint8_t key[KESS_PBES2_KEY_MAX];
    const size_t room = scheme->encrypted.len + EVP_MAX_BLOCK_LENGTH;

    ERR_clear_error();
    plain->data = allocate(room);
    if (plain->data == NULL) {
        return drain_errors();
    }
    plain->len = room;
    const kess_status status =
        derive(key, scheme, password)
            ? decrypt_cbc(plain->data, plain_len, scheme, key)
            : drain_errors();
    kess_int_wipe(key, sizeof(key));
    return status;
}

/* ------------------------------------------------------------ the API */

const char *kess_openssl_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION);
}

int kess_key_is_private(const kess_key *key)
{
    return key->signers != NULL;
}

unsigned kess_key_bits(const kess_key *key)
{
    return key->bits;
}

size_t kess_key_size(const kess_key *key)
{
    return key->size;
}

kess_slice kess_int_key_spki(const kess_key *key)
{
    const kess_slice spki = {key->spki, key->spki_len};
    return spki;
}

/* Judge the room of an output; store what is needed where it is too small. */
static kess_status check_room(size_t *room, size_t needed)
{
    if (*room < needed) {
        *room = needed;
        return KESS_ERR_BUFFER;
    }
    return KESS_OK;
}

kess_status kess_key_spki(const kess_key *key, uint8_t *out, size_t *out_len,
                          kess_error *err)
{
    if (key == NULL || out == NULL || out_len == NULL) {
        return kess_int_fail(err, KESS_ERR_ARGUMENT, 0);
    }
    const kess_status status = check_room(out_len, key->spki_len);
    if (status != KESS_OK) {
        return kess_int_fail(err, status, 0);
    }
    memcpy(out, key->spki, key->spki_len);
    *out_len = key->spki_len;
    return kess_int_ok(err);
}

kess_status kess_sign(const kess_key *key, uint8_t *signature,
                      size_t *signature_len, const uint8_t *message,
                      size_t message_len, kess_error *err)
{
    const kess_slice slice = {message, message_len};

    if (key == NULL || signature == NULL || signature_len == NULL ||
        (message == NULL && message_len > 0) || key->signers == NULL) {
        return kess_int_fail(err, KESS_ERR_ARGUMENT, 0);
    }
    kess_status status = check_room(signature_len, key->size);
    if (status == KESS_OK) {
        status = kess_int_sign(key, signature, &slice, 1);
    }
    if (status == KESS_OK) {
        *signature_len = key->size;
    }
    return kess_int_fail(err, status, 0);
}

kess_status kess_verify(const kess_key *key, const uint8_t *signature,
                        size_t signature_len, const uint8_t *message,
                        size_t message_len, kess_error *err)
{
    const kess_slice slice = {message, message_len};

    if (key == NULL || (signature == NULL && signature_len > 0) ||
        (message == NULL && message_len > 0)) {
        return kess_int_fail(err, KESS_ERR_ARGUMENT, 0);
    }
    return kess_int_fail(
        err, kess_int_verify(key, signature, signature_len, &slice, 1), 0);
}

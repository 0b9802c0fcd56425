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
 * Threads and processes. An operation takes a worker for itself alone: a copy
 * of the key with contexts that are ready, made where none is at leisure, and
 * kept for the next operation. So threads never wait for each other, and:
 *
 * Fork. libcrypto locks its RSA object while it signs, for blinding. In a child
 * that was forked while another thread held the lock it is never released, and
 * whoever needed it would wait for ever. A worker that was in use at that
 * moment does not exist in the child, and those at leisure hold no lock. The
 * locks that all of libcrypto shares are the matter of gate.c: every function
 * that the other files call passes the gate, and none of those that are
 * static does.
 *
 * Memory. Where an allocation of libcrypto 3.0 fails while it renews the
 * blinding, it may sign wrongly, say that all is well, and go on doing so. A
 * worker that left anything in the error queue is given up, and what it signed
 * is verified before it is given out.
 */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "gate.h"
#include "rsa.h"
#include "slots.h"

#define SHA256_SIZE 32

/* What one operation needs for itself alone. */
typedef struct worker {
    EVP_PKEY *pkey;
    EVP_PKEY_CTX *ctx;
    EVP_MD_CTX *md_ctx;
} worker;

/* The workers of a key for one kind of operation. */
typedef struct crew {
    EVP_PKEY *pkey; /* never used, only copied: nobody holds its lock */
    int (*init)(EVP_PKEY_CTX *);
    kess_slots at_leisure;
} crew;

struct kess_key {
    unsigned bits;
    size_t size;
    EVP_MD *sha256;
    crew *verifiers;
    crew *signers; /* NULL in a public key */
    uint8_t *spki; /* OpenSSL's memory */
    size_t spki_len;
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

/* ERR_clear_error takes long for a queue that is empty, as it nearly always
 * is. */
static void clear_errors(void)
{
    if (ERR_peek_error() != 0) {
        ERR_clear_error();
    }
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

/* ------------------------------------------------------------ workers */

static void worker_free(worker *old)
{
    if (old != NULL) {
        EVP_MD_CTX_free(old->md_ctx);
        EVP_PKEY_CTX_free(old->ctx);
        EVP_PKEY_free(old->pkey);
        OPENSSL_free(old);
    }
}

/* Make the contexts ready. Returns 1 or 0. */
static int worker_init(worker *made, const crew *of, const EVP_MD *sha256)
{
    made->pkey = EVP_PKEY_dup(of->pkey);
    if (made->pkey == NULL) {
        return 0;
    }
    made->ctx = EVP_PKEY_CTX_new_from_pkey(NULL, made->pkey, NULL);
    made->md_ctx = EVP_MD_CTX_new();
    return made->ctx != NULL && made->md_ctx != NULL &&
           of->init(made->ctx) == 1 &&
           EVP_PKEY_CTX_set_rsa_padding(made->ctx, RSA_PKCS1_PADDING) == 1 &&
           EVP_PKEY_CTX_set_signature_md(made->ctx, sha256) == 1;
}

static worker *worker_new(const crew *of, const EVP_MD *sha256)
{
    worker *made = OPENSSL_zalloc(sizeof(*made));

    if (made != NULL && worker_init(made, of, sha256)) {
        return made;
    }
    worker_free(made);
    return NULL;
}

/* NULL where there is none at leisure and none can be made. */
static worker *worker_take(crew *of, const EVP_MD *sha256)
{
    worker *taken = kess_int_slots_take(&of->at_leisure);
    return taken != NULL ? taken : worker_new(of, sha256);
}

static void worker_return(crew *to, worker *done)
{
    if (!kess_int_slots_put(&to->at_leisure, done)) {
        worker_free(done);
    }
}

/* Takes over pkey, also on failure; NULL is a failure. */
static crew *crew_new(EVP_PKEY *pkey, int (*init)(EVP_PKEY_CTX *))
{
    crew *made = pkey == NULL ? NULL : allocate(sizeof(*made));

    if (made == NULL) {
        EVP_PKEY_free(pkey);
        return NULL;
    }
    made->pkey = pkey;
    made->init = init;
    return made;
}

static void crew_free(crew *old)
{
    if (old == NULL) {
        return;
    }
    for (size_t i = 0; i < KESS_SLOTS; i++) {
        worker_free(old->at_leisure.slot[i].held);
    }
    EVP_PKEY_free(old->pkey);
    KESS_FREE(old);
}

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

/* ------------------------------------------------------------ verify */

/* EVP_PKEY_verify says 0 for a wrong signature, but also where memory ran out,
 * and less where it checked nothing. */
static kess_status verdict_of(int result, kess_status failure)
{
    if (failure == KESS_ERR_MEMORY) {
        return failure;
    }
    if (result == 1) {
        return KESS_OK;
    }
    return result == 0 ? KESS_ERR_SIGNATURE : failure;
}

static kess_status verify_by(const worker *by, const kess_key *key,
                             const uint8_t *signature,
                             const kess_slice *slices, size_t count)
{
    uint8_t digest[SHA256_SIZE];

    if (!digest_of(digest, by->md_ctx, key->sha256, slices, count)) {
        return drain_errors();
    }
    const int result =
        EVP_PKEY_verify(by->ctx, signature, key->size, digest, SHA256_SIZE);
    return verdict_of(result, drain_errors());
}

static kess_status verify_inside(const kess_key *key, const uint8_t *signature,
                                 size_t signature_len,
                                 const kess_slice *slices, size_t count)
{
    if (signature_len != key->size) {
        return KESS_ERR_SIGNATURE;
    }
    clear_errors();
    worker *by = worker_take(key->verifiers, key->sha256);
    if (by == NULL) {
        return drain_errors();
    }
    const kess_status status =
        verify_by(by, key, signature, slices, count);
    if (status == KESS_OK || status == KESS_ERR_SIGNATURE) {
        worker_return(key->verifiers, by);
    } else {
        worker_free(by);
    }
    return status;
}

kess_status kess_int_verify(const kess_key *key, const uint8_t *signature,
                            size_t signature_len, const kess_slice *slices,
                            size_t count)
{
    const size_t lane = kess_int_gate_enter();
    const kess_status status =
        verify_inside(key, signature, signature_len, slices, count);
    kess_int_gate_leave(lane);
    return status;
}

/* ------------------------------------------------------------ sign */

/* Returns 1 or 0. */
static int sign_by(const worker *by, const kess_key *key, uint8_t *made,
                   const kess_slice *slices, size_t count)
{
    uint8_t digest[SHA256_SIZE];
    size_t len = KESS_RSA_MAX_SIZE;

    return digest_of(digest, by->md_ctx, key->sha256, slices, count) &&
           EVP_PKEY_sign(by->ctx, made, &len, digest, SHA256_SIZE) == 1 &&
           len == key->size;
}

static kess_status sign_inside(const kess_key *key, uint8_t *signature,
                               const kess_slice *slices, size_t count)
{
    uint8_t made[KESS_RSA_MAX_SIZE];

    clear_errors();
    worker *by = worker_take(key->signers, key->sha256);
    if (by == NULL) {
        return drain_errors();
    }
    const int done = sign_by(by, key, made, slices, count);
    const int trusted = done && ERR_peek_error() == 0;
    const kess_status failure = trusted ? KESS_OK : drain_errors();
    if (trusted) {
        worker_return(key->signers, by);
    } else {
        worker_free(by);
    }
    if (!done || (!trusted && verify_inside(key, made, key->size, slices,
                                            count) != KESS_OK)) {
        return failure;
    }
    memcpy(signature, made, key->size);
    return KESS_OK;
}

kess_status kess_int_sign(const kess_key *key, uint8_t *signature,
                          const kess_slice *slices, size_t count)
{
    const size_t lane = kess_int_gate_enter();
    const kess_status status = sign_inside(key, signature, slices, count);
    kess_int_gate_leave(lane);
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
    key->verifiers = crew_new(pkey_from_numbers(n, KESS_RSA_E + 1),
                              EVP_PKEY_verify_init);
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
    key->signers =
        crew_new(pkey_from_numbers(n, KESS_RSA_PARTS), EVP_PKEY_sign_init);
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
        verify_inside(key, signature, key->size, &message, 1);
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
    kess_status status = sign_inside(key, signature, &message, 1);

    if (status == KESS_OK) {
        status = verify_inside(key, signature, key->size, &message, 1);
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

static void destroy(kess_key *key)
{
    if (key == NULL) {
        return;
    }
    crew_free(key->signers);
    crew_free(key->verifiers);
    EVP_MD_free(key->sha256);
    OPENSSL_free(key->spki);
    KESS_FREE(key);
}

static kess_status make_checked(kess_key **key, const kess_rsa_parts *parts,
                                kess_error *err)
{
    numbers n;

    clear_errors();
    kess_key *made = allocate(sizeof(*made));
    kess_status status = made == NULL ? KESS_ERR_MEMORY : KESS_OK;
    if (status == KESS_OK) {
        status = check_parts(parts, &n);
        if (status == KESS_OK) {
            status = make(made, &n, parts->is_private);
        }
        numbers_free(&n);
    }
    clear_errors();
    if (status != KESS_OK) {
        destroy(made);
        return kess_int_refuse(err, status, KESS_FOUND_NOTHING);
    }
    *key = made;
    return kess_int_ok(err);
}

kess_status kess_int_key_make(kess_key **key, const kess_rsa_parts *parts,
                              kess_error *err)
{
    const size_t lane = kess_int_gate_enter();
    const kess_status status = make_checked(key, parts, err);
    kess_int_gate_leave(lane);
    return status;
}

void kess_key_free(kess_key *key)
{
    const size_t lane = kess_int_gate_enter();
    destroy(key);
    kess_int_gate_leave(lane);
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

static kess_status decrypt_inside(kess_secret *plain, size_t *plain_len,
                                  const kess_pbes2 *scheme,
                                  kess_slice password)
{
    uint8_t key[KESS_PBES2_KEY_MAX];
    const size_t room = scheme->encrypted.len + EVP_MAX_BLOCK_LENGTH;

    clear_errors();
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

kess_status kess_int_decrypt(kess_secret *plain, size_t *plain_len,
                             const kess_pbes2 *scheme, kess_slice password)
{
    const size_t lane = kess_int_gate_enter();
    const kess_status status =
        decrypt_inside(plain, plain_len, scheme, password);
    kess_int_gate_leave(lane);
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

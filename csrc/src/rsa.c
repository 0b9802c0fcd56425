/*
 * rsa.c: sign and verify by OpenSSL's libcrypto.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Threads and processes. An operation takes a pooled context for itself alone:
 * a copy of the key with OpenSSL contexts that are ready, made when none is
 * idle, and kept for the next operation. So threads never wait for each other,
 * and:
 *
 * Fork. libcrypto locks its RSA object while it signs, for blinding. In a child
 * that was forked while another thread held the lock it is never released, and
 * an operation that needed it would wait for ever. A context that was in use at
 * that moment does not exist in the child, and idle ones hold no lock. The
 * locks that all of libcrypto shares are the matter of fork_guard.c.
 *
 * Memory. Where an allocation of libcrypto 3.0 fails while it renews the
 * blinding, it may sign wrongly, say that all is well, and keep doing so. A
 * context that left anything in the error queue is freed, and what it signed is
 * verified before it is returned.
 */
#include <string.h>

#include "fork_guard.h"
#include "libcrypto.h"

/* What one operation needs for itself alone. */
typedef struct pooled_ctx {
    EVP_PKEY *pkey;
    EVP_PKEY_CTX *ctx;
    EVP_MD_CTX *md_ctx;
} pooled_ctx;

/* ------------------------------------------------------------ contexts */

static void pooled_ctx_free(pooled_ctx *old)
{
    if (old != NULL) {
        EVP_MD_CTX_free(old->md_ctx);
        EVP_PKEY_CTX_free(old->ctx);
        EVP_PKEY_free(old->pkey);
        OPENSSL_free(old);
    }
}

/* Make the contexts ready. Returns 1 or 0. */
static int pooled_ctx_init(pooled_ctx *made, const kess_ctx_pool *of,
                           const EVP_MD *sha256)
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

static pooled_ctx *pooled_ctx_new(const kess_ctx_pool *of,
                                  const EVP_MD *sha256)
{
    pooled_ctx *made = OPENSSL_zalloc(sizeof(*made));

    if (made != NULL && pooled_ctx_init(made, of, sha256)) {
        return made;
    }
    pooled_ctx_free(made);
    return NULL;
}

/* NULL where none is idle and none can be made. */
static pooled_ctx *pooled_ctx_take(kess_ctx_pool *of, const EVP_MD *sha256)
{
    pooled_ctx *taken = kess_int_slots_take(&of->idle);
    return taken != NULL ? taken : pooled_ctx_new(of, sha256);
}

static void pooled_ctx_return(kess_ctx_pool *to, pooled_ctx *done)
{
    if (!kess_int_slots_put(&to->idle, done)) {
        pooled_ctx_free(done);
    }
}

kess_ctx_pool *kess_int_ctx_pool_new(EVP_PKEY *pkey,
                                     int (*init)(EVP_PKEY_CTX *))
{
    kess_ctx_pool *made =
        pkey == NULL ? NULL : kess_int_allocate(sizeof(*made));

    if (made == NULL) {
        EVP_PKEY_free(pkey);
        return NULL;
    }
    made->pkey = pkey;
    made->init = init;
    return made;
}

void kess_int_ctx_pool_free(kess_ctx_pool *old)
{
    if (old == NULL) {
        return;
    }
    for (size_t i = 0; i < KESS_SLOTS; i++) {
        pooled_ctx_free(old->idle.slot[i].held);
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

/* The two halves of a verification; each may be wanted alone. */
typedef struct check {
    const uint8_t *signature; /* as long as the modulus; NULL: only the digest */
    const kess_slice *slices; /* NULL: the digest is there already */
    size_t count;
    uint8_t *digest;
} check;

static kess_status check_by(const pooled_ctx *by, const kess_key *key,
                            const check *c)
{
    if (c->slices != NULL && !digest_of(c->digest, by->md_ctx, key->sha256,
                                        c->slices, c->count)) {
        return kess_int_drain_errors();
    }
    if (c->signature == NULL) {
        return KESS_OK;
    }
    const int result = EVP_PKEY_verify(by->ctx, c->signature, key->size,
                                       c->digest, KESS_SHA256_SIZE);
    return verdict_of(result, kess_int_drain_errors());
}

static kess_status check_inside(const kess_key *key, const check *c)
{
    kess_int_clear_errors();
    pooled_ctx *by = pooled_ctx_take(key->verifiers, key->sha256);
    if (by == NULL) {
        return kess_int_drain_errors();
    }
    const kess_status status = check_by(by, key, c);
    if (status == KESS_OK || status == KESS_ERR_SIGNATURE) {
        pooled_ctx_return(key->verifiers, by);
    } else {
        pooled_ctx_free(by);
    }
    return status;
}

static kess_status check_guarded(const kess_key *key, const check *c)
{
    const size_t shard = kess_int_fork_guard_enter();
    const kess_status status = check_inside(key, c);
    kess_int_fork_guard_leave(shard);
    return status;
}

kess_status kess_int_verify_inside(const kess_key *key,
                                   const uint8_t *signature,
                                   size_t signature_len,
                                   const kess_slice *slices, size_t count)
{
    uint8_t digest[KESS_SHA256_SIZE];
    const check whole = {signature, slices, count, digest};

    return signature_len == key->size ? check_inside(key, &whole)
                                      : KESS_ERR_SIGNATURE;
}

kess_status kess_int_digest(const kess_key *key, uint8_t *digest,
                            kess_slice text)
{
    const check first = {NULL, &text, 1, digest};
    return check_guarded(key, &first);
}

kess_status kess_int_verify_digest(const kess_key *key,
                                   const uint8_t *signature, uint8_t *digest)
{
    const check second = {signature, NULL, 0, digest};
    return check_guarded(key, &second);
}

kess_status kess_int_verify(const kess_key *key, const uint8_t *signature,
                            size_t signature_len, const kess_slice *slices,
                            size_t count)
{
    const size_t shard = kess_int_fork_guard_enter();
    const kess_status status =
        kess_int_verify_inside(key, signature, signature_len, slices, count);
    kess_int_fork_guard_leave(shard);
    return status;
}

/* ------------------------------------------------------------ sign */

/* Returns 1 or 0. */
static int sign_by(const pooled_ctx *by, const kess_key *key, uint8_t *made,
                   const kess_slice *slices, size_t count)
{
    uint8_t digest[KESS_SHA256_SIZE];
    size_t len = KESS_RSA_MAX_SIZE;

    return digest_of(digest, by->md_ctx, key->sha256, slices, count) &&
           EVP_PKEY_sign(by->ctx, made, &len, digest, KESS_SHA256_SIZE) == 1 &&
           len == key->size;
}

kess_status kess_int_sign_inside(const kess_key *key, uint8_t *signature,
                                 const kess_slice *slices, size_t count)
{
    uint8_t made[KESS_RSA_MAX_SIZE];

    kess_int_clear_errors();
    pooled_ctx *by = pooled_ctx_take(key->signers, key->sha256);
    if (by == NULL) {
        return kess_int_drain_errors();
    }
    const int done = sign_by(by, key, made, slices, count);
    const int trusted = done && !kess_int_has_errors();
    const kess_status failure = trusted ? KESS_OK : kess_int_drain_errors();
    if (trusted) {
        pooled_ctx_return(key->signers, by);
    } else {
        pooled_ctx_free(by);
    }
    if (!done ||
        (!trusted && kess_int_verify_inside(key, made, key->size, slices,
                                            count) != KESS_OK)) {
        return failure;
    }
    memcpy(signature, made, key->size);
    return KESS_OK;
}

kess_status kess_int_sign(const kess_key *key, uint8_t *signature,
                          const kess_slice *slices, size_t count)
{
    const size_t shard = kess_int_fork_guard_enter();
    const kess_status status =
        kess_int_sign_inside(key, signature, slices, count);
    kess_int_fork_guard_leave(shard);
    return status;
}

/* ------------------------------------------------------------ the API */

kess_status kess_sign(const kess_key *key, uint8_t *signature,
                      size_t *signature_len, const uint8_t *message,
                      size_t message_len, kess_error *err)
{
    const kess_slice slice = {message, message_len};

    if (key == NULL || signature_len == NULL ||
        (signature == NULL && *signature_len > 0) ||
        (message == NULL && message_len > 0) || key->signers == NULL) {
        return kess_int_fail(err, KESS_ERR_ARGUMENT, 0);
    }
    kess_status status = kess_int_check_room(signature_len, key->size);
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

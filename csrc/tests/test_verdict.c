/*
 * test_verdict.c: what each answer of EVP_PKEY_verify means. The function is
 * replaced here by one that answers what the test sets.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <limits.h>

#include <openssl/err.h>

#include "check.h"
#include "keymaker.h"

/* A key is tried once when it is loaded, and must say no then. */
static int answer = 0;
static int asked = 0;

int EVP_PKEY_verify(EVP_PKEY_CTX *ctx, const unsigned char *sig, size_t siglen,
                    const unsigned char *tbs, size_t tbslen)
{
    (void)ctx;
    (void)sig;
    (void)siglen;
    (void)tbs;
    (void)tbslen;
    asked++;
    if (answer < 0) {
        /* libcrypto leaves the reason behind. */
        ERR_raise(ERR_LIB_RSA, ERR_R_INTERNAL_ERROR);
    }
    return answer;
}

static kess_status verify(const kess_key *key, int given)
{
    static const uint8_t message[] = {'m'};
    const uint8_t signature[256] = {1};
    kess_error err;
    const int before = asked;

    answer = given;
    const kess_status status = kess_verify(key, signature, sizeof signature,
                                           message, sizeof message, &err);
    CHECK_EQUAL(before + 1, asked);
    CHECK_EQUAL(status, err.status);
    CHECK_EQUAL(0, ERR_peek_last_error());
    return status;
}

int main(void)
{
    static const int others[] = {-1, -2, 2, 256, INT_MAX, INT_MIN};
    EVP_PKEY *pkey = new_rsa(2048);
    static text spki;

    make_spki_der(&spki, pkey);
    kess_key *key = must_load(&spki, LOADS_PUBLIC);
    CHECK(asked > 0);
    CHECK_EQUAL(KESS_OK, verify(key, 1));
    CHECK_EQUAL(KESS_ERR_SIGNATURE, verify(key, 0));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        /* PHP casts it to bool: -1 is true there. */
        CHECK_EQUAL(KESS_ERR_CRYPTO, verify(key, others[i]));
    }
    CHECK_EQUAL(KESS_OK, verify(key, 1));
    kess_key_free(key);
    EVP_PKEY_free(pkey);
    return 0;
}

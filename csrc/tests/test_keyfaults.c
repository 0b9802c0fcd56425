/*
 * test_keyfaults.c: no memory, at every place where keys and signatures ask
 * for some: their own allocations, and those of libcrypto.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stddef.h>

void *faulty_malloc(size_t size);
void faulty_free(void *memory);

#define KESS_MALLOC faulty_malloc
#define KESS_REALLOC unused_realloc
#define KESS_FREE faulty_free

/* The files that allocate, with the allocator above. */
#include "../src/rsa.c"

#include "../src/keyfile.c"
#include "../src/pem.c"

#include "keymaker.h"

static size_t allocations; /* since the last arming */
static size_t fail_from;   /* the first that fails; 0: none */
static size_t fail_count;  /* how many fail */
static long ours_alive;    /* not freed yet */

static int refuses(void)
{
    allocations++;
    return fail_from != 0 && allocations >= fail_from &&
           allocations < fail_from + fail_count;
}

void *faulty_malloc(size_t size)
{
    void *memory = refuses() ? NULL : malloc(size);
    ours_alive += memory != NULL;
    return memory;
}

void faulty_free(void *memory)
{
    ours_alive -= memory != NULL;
    free(memory);
}

static void *crypto_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return refuses() ? NULL : malloc(size);
}

static void *crypto_realloc(void *memory, size_t size, const char *file,
                            int line)
{
    (void)file;
    (void)line;
    return refuses() ? NULL : realloc(memory, size);
}

static void crypto_free(void *memory, const char *file, int line)
{
    (void)file;
    (void)line;
    free(memory);
}

static void arm(size_t from, size_t count)
{
    allocations = 0;
    fail_from = from;
    fail_count = count;
}

/* ------------------------------------------------------------ work */

static struct fixture {
    text private_pem;
    text encrypted;
    text public_pem;
    kess_key *private_key;
    uint8_t signature[256];
} with;

static const uint8_t data[] = "message";

static kess_status load_private(void)
{
    kess_key *made = NULL;
    const kess_status status =
        kess_private_key_load(&made, with.private_pem.data,
                              with.private_pem.len, NULL, 0, 0, NULL);
    CHECK((status == KESS_OK) == (made != NULL));
    kess_key_free(made);
    return status;
}

static kess_status load_encrypted(void)
{
    kess_key *made = NULL;
    const kess_status status =
        kess_private_key_load(&made, with.encrypted.data, with.encrypted.len,
                              "secret", 6, 0, NULL);
    CHECK((status == KESS_OK) == (made != NULL));
    kess_key_free(made);
    return status;
}

static kess_status load_public(void)
{
    kess_key *made = NULL;
    const kess_status status = kess_public_key_load(
        &made, with.public_pem.data, with.public_pem.len, 0, NULL);
    CHECK((status == KESS_OK) == (made != NULL));
    kess_key_free(made);
    return status;
}

static kess_status sign(void)
{
    uint8_t signature[256] = {0x55, 0x55};
    size_t len = sizeof(signature);
    const kess_status status = kess_sign(with.private_key, signature, &len,
                                         data, sizeof(data), NULL);
    CHECK(status == KESS_OK || (signature[0] == 0x55 && signature[1] == 0x55));
    CHECK(status != KESS_OK || memcmp(signature, with.signature, len) == 0);
    return status;
}

static kess_status verify(void)
{
    return kess_verify(with.private_key, with.signature,
                       sizeof(with.signature), data, sizeof(data), NULL);
}

/* A right signature must never be called wrong, nor a wrong one right. */
static kess_status verify_wrong(void)
{
    uint8_t wrong[256];

    memcpy(wrong, with.signature, sizeof(wrong));
    wrong[9] ^= 4;
    const kess_status status = kess_verify(with.private_key, wrong,
                                           sizeof(wrong), data, sizeof(data),
                                           NULL);
    return status == KESS_ERR_SIGNATURE ? KESS_OK
           : status == KESS_OK          ? KESS_ERR_SIGNATURE
                                        : status;
}

/* ------------------------------------------------------------ tests */

/* Do the work with failing allocations. Returns 1 where it was refused. */
static int fail_at(kess_status (*work)(void), size_t from, size_t count,
                   long alive)
{
    arm(from, count);
    const kess_status status = work();
    arm(0, 0);
    CHECK(status == KESS_OK || status == KESS_ERR_MEMORY ||
          status == KESS_ERR_CRYPTO);
    CHECK_EQUAL(alive, ours_alive);
    CHECK_EQUAL(0, ERR_peek_error());
    return status != KESS_OK;
}

/* Let each allocation fail, alone and with all that follow. The work either
 * succeeds or says that memory or libcrypto failed. */
static void exhaust(kess_status (*work)(void))
{
    CHECK_EQUAL(KESS_OK, work());
    arm(0, 0);
    CHECK_EQUAL(KESS_OK, work());
    const size_t count = allocations;
    const long alive = ours_alive;
    CHECK(count > 0);
    /* Few do it all; of many, samples. */
    const size_t step = 1 + count / 400;
    size_t refused = 0;
    for (size_t from = 1; from <= count; from += step) {
        refused += fail_at(work, from, 1, alive);
        refused += fail_at(work, from, SIZE_MAX / 2, alive);
    }
    CHECK(refused > 0);
    CHECK_EQUAL(KESS_OK, work());
}

int main(void)
{
    kess_slice slice = {data, sizeof(data)};

    CHECK(CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc,
                                   crypto_free) == 1);
    EVP_PKEY *made = new_rsa(2048);
    make_pkcs8_pem(&with.private_pem, made);
    make_spki_pem(&with.public_pem, made);
    make_encrypted_der(&with.encrypted, made, "AES-256-CBC", "secret");
    EVP_PKEY_free(made);
    with.private_key = must_load(&with.private_pem, LOADS_PRIVATE);
    CHECK_EQUAL(KESS_OK,
                kess_int_sign(with.private_key, with.signature, &slice, 1));
    exhaust(verify);
    exhaust(verify_wrong);
    exhaust(sign);
    exhaust(load_public);
    exhaust(load_private);
    exhaust(load_encrypted);
    kess_key_free(with.private_key);
    return 0;
}

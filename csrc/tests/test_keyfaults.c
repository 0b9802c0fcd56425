/*
 * test_keyfaults.c: the memory of keys and signatures, their own and that of
 * libcrypto: none at every place where they ask for some, and nothing secret
 * in what they give back.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stddef.h>
#include <stdio.h>

#include <unistd.h>

void *faulty_malloc(size_t size);
void faulty_free(void *memory);

#define KESS_MALLOC faulty_malloc
#define KESS_REALLOC unused_realloc
#define KESS_FREE faulty_free

/* The files that allocate, with the allocator above. */
#include "../src/libcrypto.c"
#include "../src/rsa.c"
#include "../src/rsakey.c"

/* stdio fails on demand. */
static int refuse_setvbuf;

static int faulty_setvbuf(FILE *file, char *buffer, int mode, size_t size)
{
    return refuse_setvbuf ? -1 : setvbuf(file, buffer, mode, size);
}

#define setvbuf faulty_setvbuf

#include "../src/keyfile.c"
#include "../src/pem.c"

#include "keymaker.h"

static size_t allocations; /* since the last arming */
static size_t fail_from;   /* the first that fails; 0: none */
static size_t fail_count;  /* how many fail */
static long ours_alive;    /* not freed yet */

/* What must not be found in memory that is given back. */
#define NEEDLE 16
#define NEEDLES 16
static uint8_t needles[NEEDLES][NEEDLE];
static size_t needle_count;
static size_t found;      /* in all memory that was given back */
static size_t ours_found; /* in what our own files gave back */

/* In front of each block. */
typedef union header {
    size_t size;
    long double align;
    void *pointer;
} header;

static int refuses(void)
{
    allocations++;
    return fail_from != 0 && allocations >= fail_from &&
           allocations - fail_from < fail_count;
}

static void *obtain(size_t size)
{
    header *front = refuses() ? NULL : malloc(sizeof(header) + size);

    if (front == NULL) {
        return NULL;
    }
    front->size = size;
    /* What an earlier owner left there is not ours. */
    memset(front + 1, 0, size);
    return front + 1;
}

static size_t search(const uint8_t *data, size_t size)
{
    size_t matches = 0;

    for (size_t at = 0; at + NEEDLE <= size; at++) {
        for (size_t i = 0; i < needle_count; i++) {
            matches += data[at] == needles[i][0] &&
                       memcmp(data + at, needles[i], NEEDLE) == 0;
        }
    }
    return matches;
}

static void give_back(void *memory)
{
    header *front = memory;

    if (memory == NULL) {
        return;
    }
    found += search(memory, front[-1].size);
    free(front - 1);
}

void *faulty_malloc(size_t size)
{
    void *memory = obtain(size);
    ours_alive += memory != NULL;
    return memory;
}

void faulty_free(void *memory)
{
    const size_t before = found;

    ours_alive -= memory != NULL;
    give_back(memory);
    ours_found += found - before;
}

static void *crypto_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return obtain(size);
}

static void *crypto_realloc(void *memory, size_t size, const char *file,
                            int line)
{
    void *larger = crypto_malloc(size, file, line);

    if (larger != NULL && memory != NULL) {
        const size_t kept = ((header *)memory)[-1].size;
        memcpy(larger, memory, kept < size ? kept : size);
        give_back(memory);
    }
    return larger;
}

static void crypto_free(void *memory, const char *file, int line)
{
    (void)file;
    (void)line;
    give_back(memory);
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
    rsa_numbers numbers;
    kess_key *private_key;
    uint8_t signature[256];
    size_t signature_len;
} with;

static const uint8_t data[] = "message";

static kess_status load_private(void)
{
    kess_key *made = NULL;
    const kess_status status =
        kess_private_key_load(&made, with.private_pem.data,
                              with.private_pem.len, NULL, 0,
                              KESS_KEY_ALLOW_WEAK, NULL);
    CHECK((status == KESS_OK) == (made != NULL));
    kess_key_free(made);
    return status;
}

static kess_status load_file_of(const char *path)
{
    kess_key *made = NULL;
    const kess_status status =
        kess_private_key_load_file(&made, path, NULL, 0, KESS_KEY_ALLOW_WEAK,
                                   NULL);
    CHECK((status == KESS_OK) == (made != NULL));
    kess_key_free(made);
    return status;
}

static char file_path[] = "/tmp/test_keyfaults.XXXXXX";

static kess_status load_from_file(void)
{
    return load_file_of(file_path);
}

static kess_status load_encrypted(void)
{
    kess_key *made = NULL;
    const kess_status status =
        kess_private_key_load(&made, with.encrypted.data, with.encrypted.len,
                              "secret", 6, KESS_KEY_ALLOW_WEAK, NULL);
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
                       with.signature_len, data, sizeof(data), NULL);
}

/* A right signature must never be called wrong, nor a wrong one right. */
static kess_status verify_wrong(void)
{
    uint8_t wrong[256];

    memcpy(wrong, with.signature, sizeof(wrong));
    wrong[9] ^= 4;
    const kess_status status = kess_verify(with.private_key, wrong,
                                           with.signature_len, data,
                                           sizeof(data), NULL);
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
    CHECK_EQUAL(0, ERR_peek_last_error());
    return status != KESS_OK;
}

static size_t samples; /* how many allocations are made to fail, about */

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
    const size_t step = 1 + count / samples;
    size_t refused = 0;
    for (size_t from = 1; from <= count; from += step) {
        refused += fail_at(work, from, 1, alive);
        refused += fail_at(work, from, SIZE_MAX / 2, alive);
    }
    CHECK(refused > 0);
    CHECK_EQUAL(KESS_OK, work());
}

/* libcrypto renews the blinding of a key with every 32nd signature. Where this
 * fails, no wrong signature is given out (sign checks it), then or later. */
static void test_blinding(void)
{
    size_t refused = 0;

    for (size_t from = 1; from <= 40; from += 3) {
        for (int i = 0; i < 34; i++) {
            refused += fail_at(sign, from, 1, ours_alive);
        }
        CHECK_EQUAL(KESS_OK, sign());
    }
    CHECK(refused > 0);
}

/* A key is not read through a buffer of stdio, which is never wiped. */
static void test_file_buffer(void)
{
    refuse_setvbuf = 1;
    CHECK_EQUAL(KESS_ERR_FILE, load_from_file());
    refuse_setvbuf = 0;
    CHECK_EQUAL(KESS_OK, load_from_file());
}

static void write_key_file(void)
{
    const int file = mkstemp(file_path);

    CHECK(file >= 0);
    CHECK(write(file, with.private_pem.data, with.private_pem.len) ==
          (ssize_t)with.private_pem.len);
    CHECK(close(file) == 0);
}

static kess_status load_as_public(void)
{
    kess_key *made = NULL;
    return kess_public_key_load(&made, with.private_pem.data,
                                with.private_pem.len, 0, NULL);
}

static kess_status load_changed(void)
{
    kess_key *made = NULL;
    text changed;

    CHECK(BN_add_word(with.numbers.part[QINV], 1) == 1);
    make_pkcs1_private(&changed, &with.numbers);
    CHECK(BN_sub_word(with.numbers.part[QINV], 1) == 1);
    return kess_private_key_load(&made, changed.data, changed.len, NULL, 0,
                                 KESS_KEY_ALLOW_WEAK, NULL);
}

/* The middle of a secret, forwards and, as libcrypto keeps it, backwards. */
static void add_needle(const uint8_t *secret, size_t len)
{
    CHECK(needle_count + 2 <= NEEDLES && len >= NEEDLE);
    for (size_t i = 0; i < NEEDLE; i++) {
        const uint8_t byte = secret[len / 2 - NEEDLE / 2 + i];
        needles[needle_count][i] = byte;
        needles[needle_count + 1][NEEDLE - 1 - i] = byte;
    }
    needle_count += 2;
}

/* Neither the text of a private key nor its numbers are found in memory that
 * was freed, after success or failure. */
static void test_wiped(void)
{
    uint8_t number[256];

    for (size_t i = D; i < PARTS; i++) {
        const int len = BN_num_bytes(with.numbers.part[i]);
        CHECK(BN_bn2binpad(with.numbers.part[i], number, len) == len);
        add_needle(number, (size_t)len);
    }
    add_needle(with.private_pem.data, with.private_pem.len);
    found = 0;
    ours_found = 0;
    CHECK_EQUAL(KESS_OK, load_private());
    CHECK_EQUAL(KESS_OK, load_encrypted());
    CHECK_EQUAL(KESS_OK, load_from_file());
    CHECK_EQUAL(KESS_OK, sign());
    CHECK_EQUAL(KESS_ERR_KEY_INCONSISTENT, load_changed());
    CHECK_EQUAL(KESS_ERR_KEY_SECRET, load_as_public());
    CHECK_EQUAL(0, found);
    /* Without memory libcrypto 3.0 itself forgets to wipe some numbers. */
    for (size_t from = 1; from < 800; from += 7 * step_of(7)) {
        fail_at(load_private, from, 1, ours_alive);
    }
    CHECK_EQUAL(0, ours_found);

    /* The search itself works. */
    uint8_t *copy = faulty_malloc(with.private_pem.len);
    memcpy(copy, with.private_pem.data, with.private_pem.len);
    faulty_free(copy);
    CHECK_EQUAL(1, ours_found);
    needle_count = 0;
}

int main(void)
{
    kess_slice slice = {data, sizeof(data)};

    samples = (size_t)rounds_of(150);
    CHECK(CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc,
                                   crypto_free) == 1);
    /* Of a sample, a short one, which signs sooner; the public one is as long, for it is
     * set up for eight at a time. */
    EVP_PKEY *made = new_rsa(2048);
    make_spki_pem(&with.public_pem, made);
    if (is_sample()) {
        EVP_PKEY_free(made);
        made = new_rsa(512);
    }
    make_pkcs8_pem(&with.private_pem, made);
    make_encrypted_der(&with.encrypted, made, "AES-256-CBC", "secret");
    with.numbers = numbers_of(made);
    EVP_PKEY_free(made);
    int nothing = -1;
    CHECK_EQUAL(KESS_OK, load_exactly(&with.private_key, &with.private_pem,
                                      LOADS_PRIVATE, NULL, KESS_KEY_ALLOW_WEAK,
                                      &nothing));
    with.signature_len = kess_key_size(with.private_key);
    CHECK_EQUAL(KESS_OK,
                kess_int_sign(with.private_key, with.signature, &slice, 1));
    exhaust(verify);
    exhaust(verify_wrong);
    exhaust(sign);
    test_blinding();
    exhaust(load_public);
    exhaust(load_private);
    exhaust(load_encrypted);
    write_key_file();
    exhaust(load_from_file);
    test_file_buffer();
    test_wiped();
    CHECK(unlink(file_path) == 0);
    kess_key_free(with.private_key);
    numbers_release(&with.numbers);
    return 0;
}

/*
 * test_pbes2.c: how an encrypted key says that it is encrypted, with any byte
 * changed and at any place cut short, at a forbidden page. Which schemes are
 * known is the subject of test_keyfile.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "guard.h"
#include "keyfile.h"

#define BLOCK16 "0123456789abcdef"
#define SALT "\x04\x08" "saltsalt"
#define AES_CBC "\x30\x1d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2a" \
                "\x04\x10" BLOCK16
#define HMAC_SHA256 "\x30\x0c\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x09\x05\x00"
#define PBES2 "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d"
#define PBKDF2 "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c"
#define SCRYPT "\x06\x09\x2b\x06\x01\x04\x01\xda\x47\x04\x0b"

/* { { PBES2, { { PBKDF2, { salt, 2048, 32, prf } }, aes } }, encrypted } */
static const char with_pbkdf2[] =
    "\x30\x6e\x30\x5a" PBES2 "\x30\x4d"
    "\x30\x2c" PBKDF2 "\x30\x1f"
    SALT "\x02\x02\x08\x00" "\x02\x01\x20" HMAC_SHA256
    AES_CBC "\x04\x10" BLOCK16;

/* The same with scrypt: { salt, 1024, 8, 1, 32 } */
static const char with_scrypt[] =
    "\x30\x66\x30\x52" PBES2 "\x30\x45"
    "\x30\x24" SCRYPT "\x30\x17"
    SALT "\x02\x02\x04\x00" "\x02\x01\x08" "\x02\x01\x01" "\x02\x01\x20"
    AES_CBC "\x04\x10" BLOCK16;

static guard input;

/* What is handed to libcrypto: within its buffers, and within the costs. */
static void check_scheme(const kess_pbes2 *scheme)
{
    CHECK(scheme->key_len >= 16 && scheme->key_len <= KESS_PBES2_KEY_MAX);
    CHECK(scheme->iv.len == 8 || scheme->iv.len == 16);
    CHECK(scheme->cipher != NULL);
    CHECK(scheme->salt.len >= 1 && scheme->salt.len <= 1024);
    CHECK(scheme->cost >= 1 && scheme->cost <= 10000000);
    if (scheme->prf == NULL) {
        CHECK(scheme->r >= 1 && scheme->p >= 1 && scheme->p <= 16);
        CHECK(128 * scheme->r * scheme->cost <= KESS_SCRYPT_MEMORY);
    }
}

static int reads(const char *bytes, size_t len)
{
    const kess_slice der = {guard_copy(&input, AT_END, bytes, len), len};
    kess_pbes2 scheme;
    kess_der outer;

    memset(&scheme, 0, sizeof(scheme));
    if (kess_int_kind_of(&outer, der) != KESS_KIND_PKCS8_ENCRYPTED ||
        !kess_int_pbes2_read(&scheme, &outer)) {
        return 0;
    }
    check_scheme(&scheme);
    return 1;
}

/* A changed byte is refused, or leaves a scheme that is within its limits:
 * those of salt, vector and ciphertext, and costs that are still allowed. */
static void check_changes(const char *bytes, size_t len)
{
    char changed[200];
    unsigned accepted = 0;

    CHECK(reads(bytes, len));
    for (size_t at = 0; at < len; at++) {
        memcpy(changed, bytes, len);
        for (unsigned byte = 0; byte < 256; byte++) {
            changed[at] = (char)byte;
            accepted += (unsigned)reads(changed, len);
        }
        CHECK(!reads(bytes, at));
    }
    /* 40 bytes are free; of the others few values are. */
    CHECK(accepted > 40 * 256 && accepted < 43 * 256 + (unsigned)len);
}

/* An object that ends early in itself: the lengths around it are right, one
 * of its children is missing or empty. */
static void check_inner(const char *bytes, size_t len)
{
    char cut[200];

    for (size_t at = 0; at + 1 < len; at++) {
        const size_t content = (unsigned char)bytes[at + 1];
        if (at + 2 + content > len || content == 0) {
            continue;
        }
        /* Whatever stands here becomes one element of an unknown kind. */
        memcpy(cut, bytes, len);
        cut[at] = '\x0c';
        (void)reads(cut, len);
        /* A sequence whose contents are no elements. */
        memcpy(cut, bytes, len);
        memset(cut + at + 2, '\xff', content);
        (void)reads(cut, len);
        cut[at] = '\x30';
        (void)reads(cut, len);
    }
}

/* ------------------------------------------------------------ cost */

#define PBMAC1 "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0e"
#define OLD "\x06\x0a\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x03"
#define MOST "\x02\x04\x00\x98\x96\x80"
#define MORE "\x02\x04\x00\x98\x96\x81"
#define ONE "\x02\x01\x01"

typedef struct cost_row {
    const char *name;
    const char *parameters; /* DER */
    size_t len;
    uint64_t cost; /* 0: refused */
} cost_row;

#define ROW(name, parameters, cost) \
    {name, parameters, sizeof(parameters) - 1, cost}

static const cost_row cost_rows[] = {
    ROW(OLD, "\x30\x0d" SALT ONE, 1),
    ROW(OLD, "\x30\x10" SALT MOST, 10000000),
    ROW(OLD, "\x30\x10" SALT MORE, 0),
    ROW(OLD, "\x30\x0d" SALT "\x02\x01\x00", 0),
    ROW(OLD, "\x30\x0d" SALT "\x02\x01\xff", 0),
    ROW(OLD, "\x30\x0a" SALT, 0),
    ROW(OLD, "\x30\x0d" SALT "\x04\x01\x01", 0),
    ROW(PBES2, "\x30\x1c\x30\x1a" PBKDF2 "\x30\x0d" SALT ONE, 1),
    ROW(PBMAC1, "\x30\x1f\x30\x1d" PBKDF2 "\x30\x10" SALT MOST, 10000000),
    ROW(PBMAC1, "\x30\x1f\x30\x1d" PBKDF2 "\x30\x10" SALT MORE, 0),
    ROW(PBES2, "\x30\x02\x30\x00", 0),
    ROW(PBES2, "\x30\x0f\x30\x0d" PBKDF2 "\x05\x00", 0),
    ROW(PBES2, "\x30\x10\x30\x0e" PBKDF2 "\x30\x01\x04", 0),
    /* N r p: 16384 8 76 is the most. */
    ROW(PBES2, "\x30\x23\x30\x21" SCRYPT "\x30\x14" SALT
        "\x02\x02\x40\x00\x02\x01\x08\x02\x01\x4c", 16384 * 8 * 76),
    ROW(PBES2, "\x30\x23\x30\x21" SCRYPT "\x30\x14" SALT
        "\x02\x02\x40\x00\x02\x01\x08\x02\x01\x4d", 0),
    ROW(PBES2, "\x30\x1f\x30\x1d" SCRYPT "\x30\x10" SALT ONE ONE, 0),
};

/* What a scheme adds to the cost of a file, and what is too much together. */
static void test_costs(void)
{
    for (size_t i = 0; i < sizeof(cost_rows) / sizeof(cost_rows[0]); i++) {
        const cost_row *row = &cost_rows[i];
        const kess_slice name = {(const uint8_t *)row->name + 2,
                                 strlen(row->name + 2)};
        const kess_slice der = {
            guard_copy(&input, AT_END, row->parameters, row->len), row->len};
        kess_der parameters;
        uint64_t cost = 0;
        CHECK(kess_int_der_open(&parameters, der));
        CHECK_EQUAL(row->cost > 0, kess_int_pbe_cost(&cost, name, &parameters));
        CHECK_EQUAL(row->cost, cost);
        cost = 10000000 - row->cost;
        CHECK_EQUAL(row->cost > 0, kess_int_pbe_cost(&cost, name, &parameters));
        cost = 10000001 - row->cost;
        if (row->cost > 0) {
            CHECK(!kess_int_pbe_cost(&cost, name, &parameters));
            CHECK_EQUAL(10000001 - row->cost, cost);
        }
    }
}

int main(void)
{
    guard_open(&input, 4096);
    test_costs();
    check_changes(with_pbkdf2, sizeof(with_pbkdf2) - 1);
    check_changes(with_scrypt, sizeof(with_scrypt) - 1);
    check_inner(with_pbkdf2, sizeof(with_pbkdf2) - 1);
    check_inner(with_scrypt, sizeof(with_scrypt) - 1);
    return 0;
}

/*
 * test_base64.c: base64.c against libcrypto's encoder.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include <openssl/evp.h>

#include "base64.h"
#include "check.h"

#define LONGEST 1100 /* above a signature of 8192 bits */

/* Not random in order to be repeatable. */
static uint8_t next_byte(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (uint8_t)(*state >> 24);
}

static void check_encode(const uint8_t *data, size_t len)
{
    uint8_t expected[2 * LONGEST];
    uint8_t actual[2 * LONGEST];
    uint8_t back[LONGEST];
    const int written = EVP_EncodeBlock(expected, data, (int)len);

    CHECK_EQUAL(written, kess_int_base64_len(len));
    memset(actual, 0x55, sizeof(actual));
    kess_int_base64_encode(actual, data, len);
    CHECK(memcmp(expected, actual, (size_t)written) == 0);
    CHECK_EQUAL(0x55, actual[written]);

    CHECK_EQUAL(len, kess_int_base64_decoded_len(actual, (size_t)written));
    CHECK_EQUAL(KESS_OK, kess_int_base64_decode(back, len, actual,
                                                (size_t)written));
    CHECK(memcmp(back, data, len) == 0);
}

/* What is encoded is what EVP_EncodeBlock gives, and it decodes to itself:
 * every value of one and two bytes, and every length up to LONGEST. */
static void test_encode(void)
{
    uint8_t data[LONGEST] = {0};
    uint32_t state = 1;

    check_encode(data, 0);
    for (unsigned value = 0; value < 65536; value += step_of(61)) {
        data[0] = (uint8_t)(value >> 8);
        data[1] = (uint8_t)value;
        check_encode(data, 1);
        check_encode(data, 2);
    }
    for (size_t len = 0; len < LONGEST; len++) {
        for (size_t i = 0; i < len; i++) {
            data[i] = next_byte(&state);
        }
        check_encode(data, len);
    }
}

/* The bytes behind a group, if libcrypto writes the same group for them; else
 * SIZE_MAX. */
static size_t judge(uint8_t *out, const uint8_t *group)
{
    uint8_t again[5];
    const size_t len = group[3] != '=' ? 3 : group[2] != '=' ? 2 : 1;

    if (EVP_DecodeBlock(out, group, 4) != 3) {
        return SIZE_MAX;
    }
    EVP_EncodeBlock(again, out, (int)len);
    return memcmp(again, group, 4) == 0 ? len : SIZE_MAX;
}

static void check_group(const uint8_t *group)
{
    uint8_t expected[3];
    uint8_t actual[3];
    const size_t len = judge(expected, group);
    const size_t claimed = kess_int_base64_decoded_len(group, 4);

    if (len == SIZE_MAX) {
        CHECK_EQUAL(KESS_ERR_SIGN_BASE64,
                    kess_int_base64_decode(actual, claimed, group, 4));
        /* Malformed comes before a wrong length. */
        CHECK_EQUAL(KESS_ERR_SIGN_BASE64,
                    kess_int_base64_decode(NULL, 4, group, 4));
        return;
    }
    CHECK_EQUAL(len, claimed);
    CHECK_EQUAL(KESS_OK, kess_int_base64_decode(actual, len, group, 4));
    CHECK(memcmp(expected, actual, len) == 0);
    CHECK_EQUAL(KESS_ERR_SIGN_LENGTH,
                kess_int_base64_decode(NULL, len + 1, group, 4));
}

/* A group is accepted if and only if libcrypto would write it: all pairs of
 * bytes at all pairs of places, among letters, padding and zero bits. */
static void test_decode_groups(void)
{
    static const char *const bases[] = {"abcd", "AAAA", "AA==", "AAA=",
                                        "////"};
    uint8_t group[4];

    for (size_t base = 0; base < sizeof(bases) / sizeof(bases[0]); base++) {
        for (unsigned value = 0; value < 65536; value += step_of(61)) {
            for (size_t i = 0; i < 3; i++) {
                for (size_t k = i + 1; k < 4; k++) {
                    memcpy(group, bases[base], 4);
                    group[i] = (uint8_t)(value >> 8);
                    group[k] = (uint8_t)value;
                    check_group(group);
                }
            }
        }
    }
}

/* Texts that PHP's base64_decode takes are refused. */
static void test_decode_refuses(void)
{
    static const char *const texts[] = {
        "A",         "AA",        "AAA",       "AAAAA",     "=",
        "====",      "A===",      "AA=A",      "AA==AAAA",  "AAA=AAAA",
        "AAAA====",  "AAAA=",     "AAAA AAAA", "AAAA\nAAA", "AAA\n",
        " AAAA",     "AAAA\r\n",  "AA\n==",    "AAAA-_AA",  "AAAA!AAA",
        "AB==",      "AAB=",      "/x==",      "AA\xc3\xa9",
    };
    uint8_t out[16];

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const uint8_t *text = (const uint8_t *)texts[i];
        const size_t text_len = strlen(texts[i]);
        for (size_t len = 0; len < sizeof(out); len++) {
            CHECK_EQUAL(KESS_ERR_SIGN_BASE64,
                        kess_int_base64_decode(out, len, text, text_len));
        }
    }
    const uint8_t nul[4] = {'A', 'A', 'A', 0};
    CHECK_EQUAL(KESS_ERR_SIGN_BASE64,
                kess_int_base64_decode(out, 3, nul, sizeof(nul)));
}

/* A fault in any place of a long text is seen, also where the length is
 * wrong; then nothing is written. */
static void test_decode_long(void)
{
    uint8_t data[256] = {0};
    uint8_t text[345];
    uint8_t out[257];

    CHECK_EQUAL(344, kess_int_base64_len(sizeof(data)));
    kess_int_base64_encode(text, data, sizeof(data));
    memset(out, 0x55, sizeof(out));
    CHECK_EQUAL(KESS_ERR_SIGN_LENGTH,
                kess_int_base64_decode(out, 257, text, 344));
    CHECK_EQUAL(KESS_ERR_SIGN_LENGTH,
                kess_int_base64_decode(out, 255, text, 344));
    CHECK_EQUAL(KESS_ERR_SIGN_LENGTH,
                kess_int_base64_decode(out, 256, text, 0));
    for (size_t i = 0; i < sizeof(out); i++) {
        CHECK_EQUAL(0x55, out[i]);
    }
    for (size_t i = 0; i < 344; i++) {
        const uint8_t kept = text[i];
        text[i] = '*';
        CHECK_EQUAL(KESS_ERR_SIGN_BASE64,
                    kess_int_base64_decode(out, 256, text, 344));
        CHECK_EQUAL(KESS_ERR_SIGN_BASE64,
                    kess_int_base64_decode(out, 1, text, 344));
        text[i] = kept;
    }
    CHECK_EQUAL(KESS_OK, kess_int_base64_decode(out, 256, text, 344));
}

/* The output may be the buffer of the text. */
static void test_decode_in_place(void)
{
    uint8_t data[LONGEST] = {0};
    uint8_t text[2 * LONGEST];
    uint32_t state = 7;

    for (size_t len = 0; len < 200; len++) {
        for (size_t i = 0; i < len; i++) {
            data[i] = next_byte(&state);
        }
        kess_int_base64_encode(text, data, len);
        CHECK_EQUAL(KESS_OK,
                    kess_int_base64_decode(text, len, text,
                                           kess_int_base64_len(len)));
        CHECK(memcmp(text, data, len) == 0);
    }
}

/* A length that cannot be expressed is SIZE_MAX, and none wraps around. */
static void test_lengths(void)
{
    CHECK_EQUAL(0, kess_int_base64_len(0));
    CHECK(kess_int_base64_len(SIZE_MAX) == SIZE_MAX);
    CHECK(kess_int_base64_len(SIZE_MAX / 4 * 3) == SIZE_MAX);
    CHECK(kess_int_base64_len(SIZE_MAX / 4 * 3 - 3) > SIZE_MAX / 8 * 7);
}

int main(void)
{
    test_encode();
    test_decode_groups();
    test_decode_refuses();
    test_decode_long();
    test_decode_in_place();
    test_lengths();
    return 0;
}

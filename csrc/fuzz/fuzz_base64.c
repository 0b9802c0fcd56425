/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Any text as base64: it is read if and only if it is what the encoder writes
 * for what was read, so each value has one text. A second, slower reader, one
 * character at a time, agrees.
 */
#include <base64.h>
#include <stdlib.h>
#include <string.h>

#define UNTOUCHED 0xA5

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
    if (!holds)
        abort();
}

static int value_of(uint8_t c)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c == 0 ? NULL : strchr(letters, c);

    return at == NULL ? -1 : (int)(at - letters);
}

/* Returns 1 and the bytes, or 0 where the text is not strict base64. */
static int read_slowly(uint8_t *out, size_t *len, const uint8_t *text,
                       size_t size)
{
    uint32_t bits = 0;
    unsigned held = 0;
    size_t i = 0;

    *len = 0;
    for (; i < size && text[i] != '='; i++) {
        const int value = value_of(text[i]);
        if (value < 0)
            return 0;
        bits = (bits << 6 | (uint32_t)value) & 0xffffu;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[(*len)++] = (uint8_t)(bits >> held);
        }
    }
    if (size % 4 != 0 || size - i > 2 || (bits & ((1u << held) - 1)) != 0)
        return 0;
    for (; i < size; i++)
        if (text[i] != '=')
            return 0;
    return 1;
}

static void check_accepted(const uint8_t *bytes, size_t len,
                           const uint8_t *text, size_t size)
{
    uint8_t *again = malloc(size + 1);

    check(again != NULL);
    check(kess_int_base64_len(len) == size);
    kess_int_base64_encode(again, bytes, len);
    check(memcmp(again, text, size) == 0);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *expected = malloc(size + 1), *out = malloc(size + 2);
    size_t len;
    const int good = read_slowly(expected, &len, data, size);
    const size_t claimed = kess_int_base64_decoded_len(data, size);
    kess_status status;

    check(expected != NULL && out != NULL);
    memset(out, UNTOUCHED, size + 2);
    check((claimed == SIZE_MAX) == (size % 4 != 0));
    if (claimed != SIZE_MAX)
        check(claimed <= size && (!good || claimed == len));
    /* Of another length: nothing is written, and malformed comes first. */
    status = kess_int_base64_decode(out, claimed + 1, data, size);
    check(status == (good ? KESS_ERR_SIGN_LENGTH : KESS_ERR_SIGN_BASE64));
    check(out[0] == UNTOUCHED);
    if (claimed != SIZE_MAX) {
        status = kess_int_base64_decode(out, claimed, data, size);
        check(status == (good ? KESS_OK : KESS_ERR_SIGN_BASE64));
        check(out[claimed] == UNTOUCHED);
    }
    if (good) {
        check(memcmp(out, expected, len) == 0);
        check_accepted(out, len, data, size);
    }
    free(expected);
    free(out);
    return 0;
}

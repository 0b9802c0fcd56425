/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * A program outside this project that uses the installed library.
 */
#include <kess.h>
#include <string.h>

int main(void)
{
    static const uint8_t text[] = "{\"b\": 0.50, \"a\": \"/\", \"sign\": 1}";
    static const char expected[] = "{\"a\":\"\\/\",\"b\":0.5}";
    uint8_t out[64];
    size_t len = sizeof out;

    if (kess_canonicalize(out, &len, text, sizeof text - 1, NULL, NULL)
        != KESS_OK)
        return 1;
    return len != sizeof expected - 1 || memcmp(out, expected, len) != 0;
}

/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Any number: what is written for it reads back as the same double, or is the
 * same integer. The C library judges.
 */
#include <errno.h>
#include <kess.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 1200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
    if (!holds)
        abort();
}

/* The canonical text of "[token]" without its brackets, or 0. */
static size_t write_number(char *out, size_t room, const char *token,
                           uint32_t profile)
{
    const kess_options options = {profile, 0};
    char text[LONGEST + 3];
    const int len = snprintf(text, sizeof text, "[%s]", token);
    size_t out_len = room - 1;
    kess_status status;

    status = kess_canonicalize((uint8_t *)out, &out_len, (uint8_t *)text,
                               (size_t)len, &options, NULL);
    check(status == KESS_OK || status == KESS_ERR_INFINITE);
    if (status == KESS_ERR_INFINITE) {
        check(isinf(strtod(token, NULL)));
        return 0;
    }
    out_len -= 2;
    memmove(out, out + 1, out_len);
    out[out_len] = '\0';
    return out_len;
}

static int is_number(const char *token)
{
    const kess_options options = {0, 1};
    char text[LONGEST + 3];
    const int len = snprintf(text, sizeof text, "[%s]", token);
    size_t needed = 0;
    kess_status status;

    status = kess_canonicalize(NULL, &needed, (uint8_t *)text, (size_t)len,
                               &options, NULL);
    return status == KESS_ERR_BUFFER || status == KESS_ERR_INFINITE;
}

static void check_integer(const char *token, const char *shortest)
{
    char text[32];
    char *end;
    long long value;

    errno = 0;
    value = strtoll(token, &end, 10);
    if (*end == '\0' && errno == 0) {
        snprintf(text, sizeof text, "%lld", value);
        check(strcmp(text, shortest) == 0);
    }
}

/* With the flag ".0" stands behind a double that has no point without it. */
static void check_fraction(const char *token, const char *without,
                           const char *with)
{
    const size_t len = strlen(without);

    check(strncmp(without, with, len) == 0);
    errno = 0;
    if (strpbrk(token, ".eE") == NULL && (strtoll(token, NULL, 10), !errno))
        check(with[len] == '\0');
    else
        check(strcmp(with + len, strchr(without, '.') == NULL ? ".0" : "") ==
              0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char token[LONGEST + 1], shortest[64], precise[64], exact[128], whole[128];
    double value;

    if (size == 0 || size > LONGEST)
        return 0;
    memcpy(token, data, size);
    token[size] = '\0';
    if (strspn(token, "0123456789.eE+-") != size || !is_number(token))
        return 0;
    if (write_number(shortest, sizeof shortest, token, 0) == 0)
        return 0;
    check(write_number(precise, sizeof precise, token,
                       KESS_PROFILE_PRECISION_17) > 0);
    check(write_number(exact, sizeof exact, token,
                       KESS_PROFILE_PRECISION_100) > 0);
    check(write_number(whole, sizeof whole, token,
                       KESS_PROFILE_PRECISION_100 |
                           KESS_PROFILE_PRESERVE_ZERO_FRACTION) > 0);
    check_integer(token, shortest);
    check_integer(token, exact);
    check_fraction(token, exact, whole);
    value = strtod(token, NULL);
    check(strtod(shortest, NULL) == value);
    check(strtod(precise, NULL) == value);
    check(strtod(exact, NULL) == value);
    check(strlen(shortest) <= strlen(precise));
    return 0;
}

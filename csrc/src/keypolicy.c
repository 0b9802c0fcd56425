/*
 * keypolicy.c: which RSA keys are good enough, as far as it shows without
 * arithmetic. rsakey.c checks that the parts of a private key agree.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * libcrypto loads and uses keys with which anyone can sign (an exponent of
 * 1), and keys of any size. Nothing here relies on its checks.
 */
#include "keyfile.h"

#define BITS_MIN 2048u
#define BITS_MIN_WEAK 512u
/* The odd numbers from 65537 on are those of 17 bits and more, and those from
 * 3 on are those of 2 bits and more. */
#define EXPONENT_MIN 17u
#define EXPONENT_MIN_WEAK 2u
#define EXPONENT_MAX 256u
/* libcrypto verifies nothing with more than this and a modulus above it
 * (OPENSSL_RSA_SMALL_MODULUS_BITS, OPENSSL_RSA_MAX_PUBEXP_BITS). */
#define EXPONENT_MAX_LARGE 64u
#define BITS_LARGE 3072u

static size_t bits_of(kess_slice number)
{
    size_t bits = number.len * 8;

    if (number.len == 0) {
        return 0;
    }
    for (unsigned top = 0x80; (number.data[0] & top) == 0; top >>= 1) {
        bits--;
    }
    return bits;
}

static int is_odd(kess_slice number)
{
    return number.len > 0 && (number.data[number.len - 1] & 1) != 0;
}

/* No part is longer than the modulus. */
static int is_short(const kess_rsa_parts *parts)
{
    for (size_t i = KESS_RSA_D; i < KESS_RSA_PARTS; i++) {
        if (parts->part[i].len > parts->part[KESS_RSA_N].len) {
            return 0;
        }
    }
    return 1;
}

kess_status kess_int_key_judge(const kess_rsa_parts *parts, uint32_t policy)
{
    const int weak = (policy & KESS_KEY_ALLOW_WEAK) != 0;
    const size_t bits = bits_of(parts->part[KESS_RSA_N]);
    const size_t e_bits = bits_of(parts->part[KESS_RSA_E]);
    const size_t e_max =
        bits > BITS_LARGE ? EXPONENT_MAX_LARGE : EXPONENT_MAX;

    if (bits < (weak ? BITS_MIN_WEAK : BITS_MIN) ||
        bits > KESS_RSA_MAX_BITS) {
        return KESS_ERR_KEY_SIZE;
    }
    if (!is_odd(parts->part[KESS_RSA_N])) {
        return KESS_ERR_KEY_MODULUS;
    }
    if (!is_odd(parts->part[KESS_RSA_E]) || e_bits > e_max ||
        e_bits < (weak ? EXPONENT_MIN_WEAK : EXPONENT_MIN)) {
        return KESS_ERR_KEY_EXPONENT;
    }
    if (parts->is_private && !is_short(parts)) {
        return KESS_ERR_KEY_INCONSISTENT;
    }
    return KESS_OK;
}

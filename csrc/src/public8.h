/*
 * public8.h: eight RSA public operations at a time, with one modulus and the
 * exponent 65537.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * For public numbers alone: the time depends on them, and nothing is wiped.
 */
#ifndef KESS_PUBLIC8_H
#define KESS_PUBLIC8_H

#include <stddef.h>
#include <stdint.h>

/* gcc does not align vectors of 64 bytes on the stack of Windows. The tests
 * build it in plain C, too. */
#if defined(KESS_PUBLIC8_PLAIN) ||                      \
    (defined(KESS_MULTIBUFFER) && defined(__x86_64__) && \
     defined(__GNUC__) && !defined(_WIN32))
#define KESS_HAVE_PUBLIC8
#endif

#define KESS_PUBLIC8_LANES 8
#define KESS_PUBLIC8_SIZE 512 /* bytes of the longest modulus */
#define KESS_PUBLIC8_LIMBS 80 /* of 52 bits, for that modulus */

typedef struct kess_public8 {
    size_t size;            /* bytes of the modulus */
    size_t limbs;           /* in use, the lowest first */
    uint64_t minus_inverse; /* -1 / n modulo 2^52 */
    uint64_t n[KESS_PUBLIC8_LIMBS];
    uint64_t r2[KESS_PUBLIC8_LIMBS]; /* R^2 mod n, R = 2^(52 limbs) */
} kess_public8;

#if defined(KESS_HAVE_PUBLIC8)

/* Whether processor and system can. */
int kess_int_public8_able(void);
/* Prepare an odd modulus of 256, 384 or 512 bytes whose first bit is set; the
 * exponent is 65537. Returns 1, or 0 for another modulus. */
int kess_int_public8_prepare(kess_public8 *key, const uint8_t *modulus,
                             size_t size);
/* signature[i]^65537 mod n to out + i * size, big-endian, for i < count (1 to
 * 8). Bit i of the result is set where signature[i] < n; else the output is
 * zero. */
unsigned kess_int_public8_recover(const kess_public8 *key, uint8_t *out,
                                  const uint8_t *const signature[],
                                  size_t count);

#else /* nowhere to be had */

static inline int kess_int_public8_able(void)
{
    return 0;
}

static inline int kess_int_public8_prepare(kess_public8 *key,
                                           const uint8_t *modulus, size_t size)
{
    (void)key;
    (void)modulus;
    (void)size;
    return 0;
}

static inline unsigned kess_int_public8_recover(
    const kess_public8 *key, uint8_t *out, const uint8_t *const signature[],
    size_t count)
{
    (void)key;
    (void)out;
    (void)signature;
    (void)count;
    return 0;
}

#endif

#endif

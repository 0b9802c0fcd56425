/*
 * scan.h: copy the bytes of a string that stand for themselves.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Plain bytes are 0x20 to 0x7f but for '"', '\' and '/'. The vector path and
 * the scalar path are twins: define KESS_NO_SIMD to build the scalar one.
 */
#ifndef KESS_SCAN_H
#define KESS_SCAN_H

#include <stddef.h>
#include <stdint.h>

/* What the output must have room for beyond the bytes copied. */
#define KESS_SCAN_SLACK 16

static inline int kess_int_is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\' && c != '/';
}

static inline size_t kess_int_copy_plain_scalar(uint8_t *out,
                                                const uint8_t *in, size_t len)
{
    size_t i = 0;
    while (i < len && kess_int_is_plain(in[i])) {
        out[i] = in[i];
        i++;
    }
    return i;
}

#if defined(__SSE2__) && defined(__GNUC__) && !defined(KESS_NO_SIMD)

#include <emmintrin.h>

static inline size_t kess_int_copy_plain(uint8_t *out, const uint8_t *in,
                                         size_t len)
{
    size_t i = 0;
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    const __m128i slash = _mm_set1_epi8('/');
    const __m128i space = _mm_set1_epi8(0x20);
    while (len - i >= 16) {
        const __m128i v =
            _mm_loadu_si128((const __m128i *)(const void *)(in + i));
        /* Signed: bytes from 0x80 on count as below the space. */
        const __m128i special = _mm_or_si128(
            _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash)),
            _mm_or_si128(_mm_cmpeq_epi8(v, backslash),
                         _mm_cmplt_epi8(v, space)));
        const int mask = _mm_movemask_epi8(special);
        _mm_storeu_si128((__m128i *)(void *)(out + i), v);
        if (mask != 0) {
            return i + (size_t)__builtin_ctz((unsigned)mask);
        }
        i += 16;
    }
    return i + kess_int_copy_plain_scalar(out + i, in + i, len - i);
}

#else

static inline size_t kess_int_copy_plain(uint8_t *out, const uint8_t *in,
                                         size_t len)
{
    return kess_int_copy_plain_scalar(out, in, len);
}

#endif

#endif

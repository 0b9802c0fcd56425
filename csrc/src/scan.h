/*
 * scan.h: copy the bytes of a string that stand for themselves.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Plain bytes are 0x20 to 0x7f but for '"', '\' and '/'. The vector path
 * (SSE2, NEON) and the scalar path are twins: define KESS_NO_SIMD to build the
 * scalar one.
 */
#ifndef KESS_SCAN_H
#define KESS_SCAN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline int kess_int_is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\' && c != '/';
}

/*
 * kess_int_copy_16 copies 16 bytes, or at least those before the first that is
 * not plain. Where all are plain it returns 0, else what kess_int_first makes
 * the number of plain bytes of. Test for 0 first: a processor that predicts
 * the branch continues to the next bytes before it knows the answer.
 */

static inline uint64_t kess_int_copy_16_scalar(uint8_t *out, const uint8_t *in)
{
    for (unsigned i = 0; i < 16; i++) {
        if (!kess_int_is_plain(in[i])) {
            return i + 1;
        }
        out[i] = in[i];
    }
    return 0;
}

static inline size_t kess_int_first_scalar(uint64_t found)
{
    return (size_t)found - 1;
}

#if defined(__SSE2__) && defined(__GNUC__) && !defined(KESS_NO_SIMD)

#include <emmintrin.h>

static inline uint64_t kess_int_copy_16(uint8_t *out, const uint8_t *in)
{
    const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)in);
    const __m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
    const __m128i backslash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
    const __m128i slash = _mm_cmpeq_epi8(v, _mm_set1_epi8('/'));
    /* Signed and saturated: negative below the space, and from 0x80 on. */
    const __m128i other = _mm_subs_epi8(v, _mm_set1_epi8(0x20));
    const __m128i special = _mm_or_si128(_mm_or_si128(quote, backslash),
                                         _mm_or_si128(slash, other));
    _mm_storeu_si128((__m128i *)(void *)out, v);
    return (unsigned)_mm_movemask_epi8(special);
}

static inline size_t kess_int_first(uint64_t found)
{
    return (size_t)__builtin_ctzll(found);
}

#elif defined(__ARM_NEON) && defined(__aarch64__) && defined(__GNUC__) && \
    !defined(KESS_NO_SIMD)

#include <arm_neon.h>

static inline uint64_t kess_int_copy_16(uint8_t *out, const uint8_t *in)
{
    const uint8x16_t v = vld1q_u8(in);
    const uint8x16_t quote = vceqq_u8(v, vdupq_n_u8('"'));
    const uint8x16_t backslash = vceqq_u8(v, vdupq_n_u8('\\'));
    const uint8x16_t slash = vceqq_u8(v, vdupq_n_u8('/'));
    /* Signed: bytes from 0x80 on count as below the space. */
    const uint8x16_t other =
        vcltq_s8(vreinterpretq_s8_u8(v), vdupq_n_s8(0x20));
    const uint8x16_t special =
        vorrq_u8(vorrq_u8(quote, backslash), vorrq_u8(slash, other));
    /* Four bits for each byte: there is no movemask. */
    const uint8x8_t halves = vshrn_n_u16(vreinterpretq_u16_u8(special), 4);
    vst1q_u8(out, v);
    return vget_lane_u64(vreinterpret_u64_u8(halves), 0);
}

static inline size_t kess_int_first(uint64_t found)
{
    return (size_t)__builtin_ctzll(found) / 4;
}

#else

static inline uint64_t kess_int_copy_16(uint8_t *out, const uint8_t *in)
{
    return kess_int_copy_16_scalar(out, in);
}

static inline size_t kess_int_first(uint64_t found)
{
    return kess_int_first_scalar(found);
}

#endif

/* Copy plain bytes from the front of less than 16; returns how many. No byte
 * is read behind the end: a quote stands there instead. */
static inline size_t kess_int_copy_tail(uint8_t *out, const uint8_t *in,
                                        size_t len)
{
    uint8_t tail[16];
    memset(tail, '"', sizeof tail);
    memcpy(tail, in, len);
    return kess_int_first(kess_int_copy_16(out, tail));
}

#endif

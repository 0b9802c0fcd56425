/*
 * base64.h: strict base64 (RFC 4648, section 4).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KESS_BASE64_H
#define KESS_BASE64_H

#include "bytes.h"

/* The length of the base64 text of len bytes; SIZE_MAX where that cannot be
 * expressed. */
size_t kess_int_base64_len(size_t len);

/* Write the base64 text of len bytes, padded, without a terminating NUL:
 * kess_int_base64_len(len) bytes. */
void kess_int_base64_encode(uint8_t *out, const uint8_t *data, size_t len);

/*
 * The number of bytes that a text stands for, judged by its length and its
 * padding alone; SIZE_MAX where its length is not a multiple of four.
 */
size_t kess_int_base64_decoded_len(const uint8_t *text, size_t text_len);

/*
 * Decode a text that must be padded, hold no other byte, and have zero bits
 * after the last byte: one text for each value.
 *   Returns KESS_ERR_SIGN_BASE64 for any other text, and else
 *   KESS_ERR_SIGN_LENGTH where it does not stand for exactly out_len bytes.
 *   The whole text is looked at before its length is judged. out is written
 *   only where the length is right, also for a text that is refused; it may
 *   be the buffer of the text itself.
 */
kess_status kess_int_base64_decode(uint8_t *out, size_t out_len,
                                   const uint8_t *text, size_t text_len);

#endif

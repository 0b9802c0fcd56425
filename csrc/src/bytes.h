/*
 * bytes.h: what the files of keys and signatures share.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A key goes through
 *   keyfile.c   a file, or the caller's bytes
 *   pem.c       BOM, escapes, PEM framing, base64 -> one DER object
 *   keyparts.c  the kind of the object, its algorithm, its integers (der.c)
 *   pbes2.c     how an encrypted private key is encrypted
 *   keypolicy.c which keys are good enough
 *   libcrypto.c decryption
 *   rsakey.c    agreement of the parts, the key object
 *   rsa.c       sign and verify
 * Only libcrypto.h includes OpenSSL's headers. No library parses a key: the
 * verdict on a file does not depend on the version of OpenSSL.
 */
#ifndef KESS_BYTES_H
#define KESS_BYTES_H

#include <stdlib.h>

#include "internal.h"

/* Bytes that the caller owns. */
typedef struct kess_slice {
    const uint8_t *data;
    size_t len;
} kess_slice;

/* Bytes of ours that may be secret. */
typedef struct kess_secret {
    uint8_t *data; /* from KESS_MALLOC, or NULL */
    size_t len;    /* bytes to be wiped */
} kess_secret;

/* Overwrite in a way that the compiler cannot drop (libcrypto.c). */
void kess_int_wipe(void *data, size_t len);
/* Wipe and free; the secret is empty afterwards (libcrypto.c). */
void kess_int_secret_free(kess_secret *secret);

/* Store a verdict of the key functions in err (never NULL). */
static inline kess_status kess_int_refuse(kess_error *err, kess_status status,
                                          kess_found found)
{
    err->status = (int32_t)status;
    err->item = (int32_t)found;
    err->pos = 0;
    return status;
}

#endif

/*
 * keyfile.h: from the bytes of a key file to the integers of an RSA key.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KESS_KEYFILE_H
#define KESS_KEYFILE_H

#include "bytes.h"
#include "der.h"
#include "rsa.h"

#define KESS_KEY_FILE_MAX 1048576u /* bytes */

/* What a DER object is by its shape, or else what a PEM block calls itself. */
typedef enum kess_container_kind {
    KESS_KIND_UNKNOWN = 0,
    /* known by shape */
    KESS_KIND_PKCS8,
    KESS_KIND_PKCS8_ENCRYPTED,
    KESS_KIND_PKCS1_PRIVATE,
    KESS_KIND_EC_PRIVATE,
    KESS_KIND_DSA_PRIVATE,
    KESS_KIND_SPKI,
    KESS_KIND_PKCS1_PUBLIC,
    KESS_KIND_CERTIFICATE,
    KESS_KIND_CSR,
    KESS_KIND_PKCS12, /* may hold both halves */
    /* known by label only */
    KESS_KIND_LEGACY_ENCRYPTED,
    KESS_KIND_OPENSSH,
    KESS_KIND_OTHER_PRIVATE,
    KESS_KIND_OTHER_PUBLIC,
    KESS_KIND_OTHER_PEM
} kess_container_kind;

/* ------------------------------------------------------------ keyparts.c */

/* 1 where an object of this kind is a private key, or has the wanted half. */
int kess_int_kind_is_secret(kess_container_kind kind);
int kess_int_kind_has(kess_container_kind kind, int want_private);
int kess_int_kind_is_key(kess_container_kind kind); /* either */

/* Judge whether a key of the wanted half can be read from this kind. */
kess_status kess_int_kind_judge(kess_container_kind kind, int want_private,
                                kess_error *err);

/* Store a verdict that names this kind. */
kess_status kess_int_kind_refuse(kess_error *err, kess_status status,
                                 kess_container_kind kind);

/* The kind of a DER object by its shape, and its children in outer. */
kess_container_kind kess_int_kind_of(kess_der *outer, kess_slice der);

/* The integers of an RSA key, from the children of an object of this kind
 * (not of an encrypted one). They point into the object. */
kess_status kess_int_parts_read(kess_rsa_parts *parts,
                                kess_container_kind kind,
                                const kess_der *outer, kess_error *err);

/* ------------------------------------------------------------ keypolicy.c */

/* KESS_OK, or the first rule of the policy that the integers break. */
kess_status kess_int_key_judge(const kess_rsa_parts *parts, uint32_t policy);

/* ------------------------------------------------------------ pbes2.c */

/* How the children of an encrypted PKCS#8 object are encrypted. Returns 0 for
 * any other scheme than the ones listed in pbes2.c. */
int kess_int_pbes2_read(kess_pbes2 *scheme, const kess_der *outer);

/* Add what a scheme of encryption with a password costs, in iterations. Returns 0
 * where the sum is more than a file may ask for, or its cost cannot be read. */
int kess_int_pbe_cost(uint64_t *cost, kess_slice name,
                      const kess_der *parameters);

/* ------------------------------------------------------------ pkcs12.c */

/* The DER of the wanted half: PKCS#8 or a certificate. Found must be freed. */
kess_status kess_int_pkcs12_open(kess_secret *found, kess_slice der,
                                 kess_slice password, int want_private,
                                 kess_error *err);

/* ------------------------------------------------------------ pem.c */

/* The one object that a key file was read for. */
typedef struct kess_container {
    kess_slice der;   /* in text, or in the caller's bytes; may be empty */
    kess_secret text; /* working copy */
} kess_container;

/* Find the object. The container must be released whatever the outcome. */
kess_status kess_int_container_open(kess_container *container,
                                    const uint8_t *data, size_t len,
                                    int want_private, kess_error *err);
void kess_int_container_release(kess_container *container);

#endif

/*
 * keyparts.c: from a DER object to the integers of an RSA key.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sources: RFC 8017 A.1 (PKCS#1), RFC 5958 (PKCS#8), RFC 5280 4.1 (SPKI and
 * certificates), RFC 2986 (requests), RFC 5915 (SEC1). See keyfile.c for the
 * rules.
 *
 * The loaders of libcrypto are not used: they leave plain copies of the primes
 * in memory that they freed (tests/signing/test_key_memory.py shows them), and
 * the verdict on a file would depend on the version of libcrypto.
 */
#include <string.h>

#include "keyfile.h"

/* ------------------------------------------------------------ kinds */

typedef enum half { HALF_NONE, HALF_SECRET, HALF_PUBLIC, HALF_BOTH } half;

typedef struct kind_facts {
    half half;
    kess_found found;
    kess_status verdict; /* where this half is wanted */
} kind_facts;

static const kind_facts facts[] = {
    [KESS_KIND_UNKNOWN] = {HALF_NONE, KESS_FOUND_NOTHING,
                           KESS_ERR_KEY_FORMAT},
    [KESS_KIND_PKCS8] = {HALF_SECRET, KESS_FOUND_PRIVATE_KEY, KESS_OK},
    [KESS_KIND_PKCS8_ENCRYPTED] = {HALF_SECRET,
                                   KESS_FOUND_ENCRYPTED_PRIVATE_KEY, KESS_OK},
    [KESS_KIND_PKCS1_PRIVATE] = {HALF_SECRET, KESS_FOUND_PRIVATE_KEY,
                                 KESS_OK},
    [KESS_KIND_EC_PRIVATE] = {HALF_SECRET, KESS_FOUND_EC_KEY,
                              KESS_ERR_KEY_ALGORITHM},
    [KESS_KIND_DSA_PRIVATE] = {HALF_SECRET, KESS_FOUND_DSA_KEY,
                               KESS_ERR_KEY_ALGORITHM},
    [KESS_KIND_SPKI] = {HALF_PUBLIC, KESS_FOUND_PUBLIC_KEY, KESS_OK},
    [KESS_KIND_PKCS1_PUBLIC] = {HALF_PUBLIC, KESS_FOUND_PUBLIC_KEY, KESS_OK},
    [KESS_KIND_CERTIFICATE] = {HALF_PUBLIC, KESS_FOUND_CERTIFICATE, KESS_OK},
    [KESS_KIND_CSR] = {HALF_NONE, KESS_FOUND_CSR, KESS_ERR_KEY_KIND},
    [KESS_KIND_PKCS12] = {HALF_BOTH, KESS_FOUND_PKCS12, KESS_OK},
    [KESS_KIND_LEGACY_ENCRYPTED] = {HALF_SECRET,
                                    KESS_FOUND_LEGACY_ENCRYPTED_KEY,
                                    KESS_ERR_KEY_KIND},
    [KESS_KIND_OPENSSH] = {HALF_SECRET, KESS_FOUND_OPENSSH_KEY,
                           KESS_ERR_KEY_KIND},
    [KESS_KIND_OTHER_PRIVATE] = {HALF_SECRET, KESS_FOUND_OTHER_KEY,
                                 KESS_ERR_KEY_KIND},
    [KESS_KIND_OTHER_PUBLIC] = {HALF_PUBLIC, KESS_FOUND_OTHER_KEY,
                                KESS_ERR_KEY_KIND},
    [KESS_KIND_OTHER_PEM] = {HALF_NONE, KESS_FOUND_OTHER_PEM,
                             KESS_ERR_KEY_KIND},
};

int kess_int_kind_is_secret(kess_container_kind kind)
{
    return facts[kind].half == HALF_SECRET;
}

int kess_int_kind_has(kess_container_kind kind, int want_private)
{
    const half wanted = want_private ? HALF_SECRET : HALF_PUBLIC;

    return facts[kind].half == wanted || facts[kind].half == HALF_BOTH;
}

int kess_int_kind_is_key(kess_container_kind kind)
{
    return facts[kind].half != HALF_NONE;
}

kess_status kess_int_kind_refuse(kess_error *err, kess_status status,
                                 kess_container_kind kind)
{
    return kess_int_refuse(err, status, facts[kind].found);
}

/* In a public file it matters that it is a private key, not of what sort. */
static kess_status refuse_secret(kess_container_kind kind, kess_error *err)
{
    kess_found found = facts[kind].found;

    if (found == KESS_FOUND_EC_KEY || found == KESS_FOUND_DSA_KEY ||
        found == KESS_FOUND_OTHER_KEY) {
        found = KESS_FOUND_PRIVATE_KEY;
    }
    return kess_int_refuse(err, KESS_ERR_KEY_SECRET, found);
}

kess_status kess_int_kind_judge(kess_container_kind kind, int want_private,
                                kess_error *err)
{
    if (kind == KESS_KIND_UNKNOWN) {
        return kess_int_refuse(err, KESS_ERR_KEY_FORMAT, KESS_FOUND_NOTHING);
    }
    if (!want_private && kess_int_kind_is_secret(kind)) {
        return refuse_secret(kind, err);
    }
    if (!kess_int_kind_has(kind, want_private)) {
        return kess_int_kind_refuse(err, KESS_ERR_KEY_KIND, kind);
    }
    if (facts[kind].verdict != KESS_OK) {
        return kess_int_kind_refuse(err, facts[kind].verdict, kind);
    }
    return KESS_OK;
}

/* ------------------------------------------------------------ shapes */

#define PKCS1_PRIVATE "\x02\x02\x02\x02\x02\x02\x02\x02\x02"
#define PKCS1_MULTI PKCS1_PRIVATE "\x30"
#define PKCS1_PUBLIC "\x02\x02"
#define DSA_PRIVATE "\x02\x02\x02\x02\x02\x02"
#define EC_PRIVATE "\x02\x04"
#define PKCS8 "\x02\x30\x04"
#define PKCS8_ENCRYPTED "\x30\x04"
#define SPKI "\x30\x03"
#define SIGNED "\x30\x30\x03"
#define PKCS12 "\x02\x30"
#define PKCS12_VERSION "\x03"
#define TBS "\x02\x30\x30\x30\x30\x30"
#define TBS_VERSION "\xa0"

static int is_pkcs8(const kess_der *outer)
{
    return KESS_DER_IS(outer, PKCS8) || KESS_DER_IS(outer, PKCS8 "\xa0") ||
           KESS_DER_IS(outer, PKCS8 "\x81") ||
           KESS_DER_IS(outer, PKCS8 "\xa1") ||
           KESS_DER_IS(outer, PKCS8 "\xa0\x81") ||
           KESS_DER_IS(outer, PKCS8 "\xa0\xa1");
}

static int is_pkcs12(const kess_der *outer)
{
    return (KESS_DER_IS(outer, PKCS12) || KESS_DER_IS(outer, PKCS12 "\x30")) &&
           KESS_SLICE_IS(outer->contents[0], PKCS12_VERSION);
}

/* Where the fixed part of a TBSCertificate starts; 12 where there is none. */
static size_t tbs_start(const kess_der *tbs)
{
    if (KESS_DER_STARTS(tbs, TBS)) {
        return 0;
    }
    return KESS_DER_STARTS(tbs, TBS_VERSION TBS) ? 1 : KESS_DER_CHILDREN;
}

/* Certificates and requests are both { SEQUENCE, algorithm, signature }. */
static kess_container_kind kind_of_signed(kess_slice first)
{
    kess_der tbs;

    if (!kess_int_der_split(&tbs, first)) {
        return KESS_KIND_UNKNOWN;
    }
    if (tbs_start(&tbs) < KESS_DER_CHILDREN) {
        return KESS_KIND_CERTIFICATE;
    }
    if (KESS_DER_IS(&tbs, "\x02\x30\x30") ||
        KESS_DER_IS(&tbs, "\x02\x30\x30\xa0")) {
        return KESS_KIND_CSR;
    }
    return KESS_KIND_UNKNOWN;
}

kess_container_kind kess_int_kind_of(kess_der *outer, kess_slice der)
{
    if (!kess_int_der_open(outer, der)) {
        return KESS_KIND_UNKNOWN;
    }
    if (is_pkcs8(outer)) {
        return KESS_KIND_PKCS8;
    }
    if (KESS_DER_IS(outer, PKCS1_PRIVATE) || KESS_DER_IS(outer, PKCS1_MULTI)) {
        return KESS_KIND_PKCS1_PRIVATE;
    }
    if (KESS_DER_IS(outer, DSA_PRIVATE)) {
        return KESS_KIND_DSA_PRIVATE;
    }
    if (KESS_DER_STARTS(outer, EC_PRIVATE)) {
        return KESS_KIND_EC_PRIVATE;
    }
    if (KESS_DER_IS(outer, PKCS8_ENCRYPTED)) {
        return KESS_KIND_PKCS8_ENCRYPTED;
    }
    if (KESS_DER_IS(outer, PKCS1_PUBLIC)) {
        return KESS_KIND_PKCS1_PUBLIC;
    }
    if (KESS_DER_IS(outer, SPKI)) {
        return KESS_KIND_SPKI;
    }
    if (is_pkcs12(outer)) {
        return KESS_KIND_PKCS12;
    }
    if (KESS_DER_IS(outer, SIGNED)) {
        return kind_of_signed(outer->contents[0]);
    }
    return KESS_KIND_UNKNOWN;
}

/* ------------------------------------------------------------ algorithms */

#define OID_PKCS1 "\x2a\x86\x48\x86\xf7\x0d\x01\x01"

typedef struct algorithm {
    const char *oid;
    size_t len;
    kess_found found;
} algorithm;

#define ALGORITHM(oid, found) {oid, sizeof(oid) - 1, found}

static const algorithm others[] = {
    ALGORITHM(OID_PKCS1 "\x0a", KESS_FOUND_RSA_PSS_KEY),
    ALGORITHM("\x2a\x86\x48\xce\x3d\x02\x01", KESS_FOUND_EC_KEY),
    ALGORITHM("\x2b\x65\x6e", KESS_FOUND_ED_KEY), /* X25519 */
    ALGORITHM("\x2b\x65\x6f", KESS_FOUND_ED_KEY), /* X448 */
    ALGORITHM("\x2b\x65\x70", KESS_FOUND_ED_KEY), /* Ed25519 */
    ALGORITHM("\x2b\x65\x71", KESS_FOUND_ED_KEY), /* Ed448 */
    ALGORITHM("\x2a\x86\x48\xce\x38\x04\x01", KESS_FOUND_DSA_KEY),
    /* PKCS#3 and X9.42 */
    ALGORITHM("\x2a\x86\x48\x86\xf7\x0d\x01\x03\x01", KESS_FOUND_DH_KEY),
    ALGORITHM("\x2a\x86\x48\xce\x3e\x02\x01", KESS_FOUND_DH_KEY),
};

static kess_status refuse_format(kess_error *err)
{
    return kess_int_refuse(err, KESS_ERR_KEY_FORMAT, KESS_FOUND_NOTHING);
}

/* Judge the contents of an AlgorithmIdentifier: rsaEncryption and no other. */
static kess_status check_algorithm(kess_slice contents, kess_error *err)
{
    kess_der fields;

    if (!kess_int_der_split(&fields, contents) || fields.count > 2 ||
        fields.tags[0] != KESS_DER_OID) {
        return refuse_format(err);
    }
    if (KESS_SLICE_IS(fields.contents[0], OID_PKCS1 "\x01")) {
        const int right =
            fields.count == 1 || (fields.tags[1] == KESS_DER_NULL &&
                                  fields.contents[1].len == 0);
        return right ? KESS_OK : refuse_format(err);
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (kess_int_slice_equal(fields.contents[0], others[i].oid,
                                 others[i].len)) {
            return kess_int_refuse(err, KESS_ERR_KEY_ALGORITHM,
                                   others[i].found);
        }
    }
    return kess_int_refuse(err, KESS_ERR_KEY_ALGORITHM, KESS_FOUND_OTHER_KEY);
}

/* ------------------------------------------------------------ integers */

static kess_status read_integers(kess_rsa_parts *parts, const kess_der *outer,
                                 size_t first, size_t count, kess_error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (!kess_int_der_unsigned(&parts->part[i],
                                   outer->contents[first + i])) {
            return refuse_format(err);
        }
    }
    return KESS_OK;
}

static kess_status read_pkcs1_public(kess_rsa_parts *parts,
                                     const kess_der *outer, kess_error *err)
{
    return read_integers(parts, outer, 0, KESS_RSA_E + 1, err);
}

static kess_status read_pkcs1_private(kess_rsa_parts *parts,
                                      const kess_der *outer, kess_error *err)
{
    uint64_t version = 0;

    if (!kess_int_der_number(&version, outer->contents[0]) || version > 1) {
        return refuse_format(err);
    }
    if (version == 1) { /* more than two primes */
        return kess_int_refuse(err, KESS_ERR_KEY_KIND, KESS_FOUND_OTHER_KEY);
    }
    if (!KESS_DER_IS(outer, PKCS1_PRIVATE)) {
        return refuse_format(err);
    }
    parts->is_private = 1;
    return read_integers(parts, outer, 1, KESS_RSA_PARTS, err);
}

static kess_status read_pkcs8(kess_rsa_parts *parts, const kess_der *outer,
                              kess_error *err)
{
    uint64_t version = 0;
    kess_der inner;

    if (!kess_int_der_number(&version, outer->contents[0]) || version > 1) {
        return refuse_format(err);
    }
    const kess_status status = check_algorithm(outer->contents[1], err);
    if (status != KESS_OK) {
        return status;
    }
    if (kess_int_kind_of(&inner, outer->contents[2]) !=
        KESS_KIND_PKCS1_PRIVATE) {
        return refuse_format(err);
    }
    return read_pkcs1_private(parts, &inner, err);
}

static kess_status read_spki(kess_rsa_parts *parts, const kess_der *outer,
                             kess_error *err)
{
    kess_der inner;
    const kess_status status = check_algorithm(outer->contents[0], err);
    if (status != KESS_OK) {
        return status;
    }
    /* The first byte of a BIT STRING: unused bits of the last one. */
    kess_slice bits = outer->contents[1];
    if (bits.len == 0 || bits.data[0] != 0) {
        return refuse_format(err);
    }
    bits.data += 1;
    bits.len -= 1;
    if (kess_int_kind_of(&inner, bits) != KESS_KIND_PKCS1_PUBLIC) {
        return refuse_format(err);
    }
    return read_pkcs1_public(parts, &inner, err);
}

static kess_status read_certificate(kess_rsa_parts *parts,
                                    const kess_der *outer, kess_error *err)
{
    kess_der tbs;
    kess_der spki;

    if (!kess_int_der_split(&tbs, outer->contents[0])) {
        return refuse_format(err);
    }
    /* serial, algorithm, issuer, validity, subject, and then the key */
    const size_t at = tbs_start(&tbs) + 5;
    if (at >= tbs.count || !kess_int_der_split(&spki, tbs.contents[at]) ||
        !KESS_DER_IS(&spki, SPKI)) {
        return refuse_format(err);
    }
    return read_spki(parts, &spki, err);
}

kess_status kess_int_parts_read(kess_rsa_parts *parts,
                                kess_container_kind kind,
                                const kess_der *outer, kess_error *err)
{
    memset(parts, 0, sizeof(*parts));
    switch (kind) {
    case KESS_KIND_PKCS8:
        return read_pkcs8(parts, outer, err);
    case KESS_KIND_PKCS1_PRIVATE:
        return read_pkcs1_private(parts, outer, err);
    case KESS_KIND_SPKI:
        return read_spki(parts, outer, err);
    case KESS_KIND_PKCS1_PUBLIC:
        return read_pkcs1_public(parts, outer, err);
    case KESS_KIND_CERTIFICATE:
        return read_certificate(parts, outer, err);
    default:
        return refuse_format(err);
    }
}

/*
 * test_keyparts.c: objects that are not of the kind they are read as. The
 * files that come here are judged before, so only these calls show it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "keyfile.h"

static kess_status read_as(kess_container_kind kind, const char *bytes,
                           size_t len)
{
    const kess_slice der = {(const uint8_t *)bytes, len};
    kess_error err = {-1, -1, 1};
    kess_rsa_parts parts;
    kess_der outer;

    CHECK_EQUAL(1, kess_int_der_open(&outer, der));
    const kess_status status = kess_int_parts_read(&parts, kind, &outer, &err);
    CHECK_EQUAL(status, err.status);
    return status;
}

#define READ_AS(kind, literal) read_as(kind, literal, sizeof(literal) - 1)

/* No kind without RSA integers is read. */
static void test_other_kinds(void)
{
    static const kess_container_kind kinds[] = {
        KESS_KIND_UNKNOWN, KESS_KIND_PKCS8_ENCRYPTED, KESS_KIND_EC_PRIVATE,
        KESS_KIND_CSR,     KESS_KIND_OTHER_PEM,
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        CHECK_EQUAL(KESS_ERR_KEY_FORMAT,
                    READ_AS(kinds[i], "\x30\x06\x02\x01\x03\x02\x01\x03"));
    }
}

/* A certificate whose contents are none, or have no key. */
static void test_no_certificate(void)
{
    CHECK_EQUAL(KESS_ERR_KEY_FORMAT,
                READ_AS(KESS_KIND_CERTIFICATE, "\x30\x03\x30\x01\x05"));
    CHECK_EQUAL(KESS_ERR_KEY_FORMAT,
                READ_AS(KESS_KIND_CERTIFICATE, "\x30\x04\x30\x02\x05\x00"));
    /* an empty object, and one that is no SPKI, in the place of the key */
    CHECK_EQUAL(KESS_ERR_KEY_FORMAT,
                READ_AS(KESS_KIND_CERTIFICATE,
                        "\x30\x0f\x30\x0d\x02\x01\x01\x30\x00\x30\x00\x30\x00"
                        "\x30\x00\x30\x00"));
    CHECK_EQUAL(KESS_ERR_KEY_FORMAT,
                READ_AS(KESS_KIND_CERTIFICATE,
                        "\x30\x11\x30\x0f\x02\x01\x01\x30\x00\x30\x00\x30\x00"
                        "\x30\x00\x30\x02\x05\x00"));
}

static kess_container_kind kind_of(const char *bytes, size_t len)
{
    const kess_slice der = {(const uint8_t *)bytes, len};
    kess_der outer;
    return kess_int_kind_of(&outer, der);
}

#define KIND_OF(literal) kind_of(literal, sizeof(literal) - 1)

/* A private key is recognised by its shape: with attributes ([0]) and a public key
 * ([1], both forms of its tag), but with nothing else behind (RFC 5958). */
static void test_pkcs8_shapes(void)
{
    CHECK_EQUAL(KESS_KIND_PKCS8, KIND_OF("\x30\x07\x02\x01\x00\x30\x00\x04\x00"));
    CHECK_EQUAL(KESS_KIND_PKCS8,
                KIND_OF("\x30\x09\x02\x01\x00\x30\x00\x04\x00\xa0\x00"));
    CHECK_EQUAL(KESS_KIND_PKCS8,
                KIND_OF("\x30\x09\x02\x01\x00\x30\x00\x04\x00\x81\x00"));
    CHECK_EQUAL(KESS_KIND_PKCS8,
                KIND_OF("\x30\x09\x02\x01\x00\x30\x00\x04\x00\xa1\x00"));
    CHECK_EQUAL(KESS_KIND_PKCS8,
                KIND_OF("\x30\x0b\x02\x01\x00\x30\x00\x04\x00\xa0\x00\x81\x00"));
    CHECK_EQUAL(KESS_KIND_PKCS8,
                KIND_OF("\x30\x0b\x02\x01\x00\x30\x00\x04\x00\xa0\x00\xa1\x00"));
    CHECK_EQUAL(KESS_KIND_UNKNOWN,
                KIND_OF("\x30\x0b\x02\x01\x00\x30\x00\x04\x00\xa1\x00\xa0\x00"));
    CHECK_EQUAL(KESS_KIND_UNKNOWN,
                KIND_OF("\x30\x09\x02\x01\x00\x30\x00\x04\x00\x82\x00"));
}

/* A request has no attributes in the oldest writers' files. */
static void test_csr_shapes(void)
{
    CHECK_EQUAL(KESS_KIND_CSR,
                KIND_OF("\x30\x0d\x30\x07\x02\x01\x00\x30\x00\x30\x00\x30\x00"
                        "\x03\x00"));
    CHECK_EQUAL(KESS_KIND_CSR,
                KIND_OF("\x30\x0f\x30\x09\x02\x01\x00\x30\x00\x30\x00\xa0\x00"
                        "\x30\x00\x03\x00"));
    CHECK_EQUAL(KESS_KIND_UNKNOWN,
                KIND_OF("\x30\x0f\x30\x09\x02\x01\x00\x30\x00\x30\x00\xa1\x00"
                        "\x30\x00\x03\x00"));
    CHECK_EQUAL(KESS_KIND_UNKNOWN,
                KIND_OF("\x30\x06\x30\x00\x30\x00\x03\x00"));
}

int main(void)
{
    test_other_kinds();
    test_no_certificate();
    test_pkcs8_shapes();
    test_csr_shapes();
    return 0;
}

/*
 * test_pkcs12.c: which PKCS#12 files are opened, and what is said of the others.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include <openssl/param_build.h>

#include "keyfile.h"
#include "keymaker.h"

static text file;
static text scratch;
static EVP_PKEY *pkey;
static EVP_PKEY *curve;
static EVP_PKEY *little;

static kess_status load(int want_private, const char *password, size_t len,
                        int *found)
{
    kess_key *key = NULL;
    kess_error err = {-1, -1, 1};
    const kess_status status =
        want_private
            ? kess_private_key_load(&key, file.data, file.len, password, len,
                                    0, &err)
            : kess_public_key_load_protected(&key, file.data, file.len,
                                             password, len, 0, &err);

    CHECK((status == KESS_OK) == (key != NULL));
    CHECK_EQUAL(status, err.status);
    CHECK_EQUAL(0, ERR_peek_last_error());
    if (key != NULL) {
        uint8_t spki[1024];
        size_t room = sizeof(spki);
        CHECK_EQUAL(want_private, kess_key_is_private(key));
        CHECK_EQUAL(KESS_OK, kess_key_spki(key, spki, &room, NULL));
        make_spki_der(&scratch, pkey);
        CHECK_EQUAL(scratch.len, room);
        CHECK(memcmp(scratch.data, spki, room) == 0);
    }
    kess_key_free(key);
    *found = err.item;
    return status;
}

static size_t length_of(const char *password)
{
    return password == NULL ? 0 : strlen(password);
}

#define LOADS(status, item, half, password)                               \
    do {                                                                  \
        int found = -1;                                                   \
        CHECK_EQUAL(status,                                               \
                    load(half, password, length_of(password), &found));   \
        CHECK_EQUAL(item, found);                                         \
    } while (0)
#define OPENS(half, password) LOADS(KESS_OK, KESS_FOUND_NOTHING, half, password)
#define REFUSED(status, half, password) \
    LOADS(KESS_ERR_KEY_##status, KESS_FOUND_PKCS12, half, password)

static const char *const nothing = NULL;

static void check_password(const char *right)
{
    for (int half = 0; half < 2; half++) {
        OPENS(half, right);
        REFUSED(PASSWORD, half, "wrong");
        REFUSED(PASSWORD, half, nothing);
        REFUSED(PASSWORD, half, "");
    }
}

/* Both halves, with the password alone. */
static void test_password(X509 *certificate)
{
    int found = -1;
    char long_one[1025];

    make_pkcs12(&file, pkey, certificate, NULL, "secret", 0, NULL);
    check_password("secret");
    CHECK_EQUAL(KESS_ERR_KEY_PASSWORD, load(1, "secret\0x", 8, &found));
    memset(long_one, 'x', sizeof(long_one));
    CHECK_EQUAL(KESS_ERR_KEY_PASSWORD, load(0, long_one, 1024, &found));
    make_pkcs12(&file, pkey, certificate, NULL, "secret", -1, NULL);
    check_password("secret");
    make_pkcs12(&file, pkey, certificate, NULL, "secret",
                NID_pbe_WithSHA1And3_Key_TripleDES_CBC, NULL);
    check_password("secret");
}

/* No password and an empty one are different files, and no different words. */
static void test_no_password(X509 *certificate)
{
    static const char *const none[] = {NULL, ""};

    for (size_t i = 0; i < 2; i++) {
        make_pkcs12(&file, pkey, certificate, NULL, none[i], 0, NULL);
        for (int half = 0; half < 2; half++) {
            OPENS(half, nothing);
            OPENS(half, "");
            REFUSED(PASSWORD, half, "secret");
        }
    }
}

/* Also in PEM and base64; and a key beside it is one too many. */
static void test_wrappings(X509 *certificate)
{
    text der;
    text more;

    make_pkcs12(&der, pkey, certificate, NULL, "secret", 0, NULL);
    make_base64(&file, &der);
    OPENS(1, "secret");
    OPENS(0, "secret");
    make_pem(&file, "PKCS12", &der);
    OPENS(1, "secret");
    OPENS(0, "secret");
    make_pkcs8_pem(&more, pkey);
    add(&file, more.data, more.len);
    LOADS(KESS_ERR_KEY_AMBIGUOUS, KESS_FOUND_NOTHING, 1, "secret");
    LOADS(KESS_ERR_KEY_SECRET, KESS_FOUND_PRIVATE_KEY, 0, "secret");
}

/* The certificate of a key that is as long as ours, and no other is made for it:
 * that takes long under valgrind. */
static X509 *new_stranger(void)
{
    X509 *made = new_certificate(pkey, 2);
    rsa_numbers numbers = numbers_of(pkey);
    BIGNUM *e = numbers.part[E];
    BIGNUM *n = BN_dup(numbers.part[N]);
    OSSL_PARAM_BLD *params = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *stranger = NULL;

    CHECK(n != NULL && BN_add_word(n, 2) == 1);
    CHECK(OSSL_PARAM_BLD_push_BN(params, "n", n) == 1);
    CHECK(OSSL_PARAM_BLD_push_BN(params, "e", e) == 1);
    OSSL_PARAM *list = OSSL_PARAM_BLD_to_param(params);
    CHECK(EVP_PKEY_fromdata_init(ctx) == 1);
    CHECK(EVP_PKEY_fromdata(ctx, &stranger, EVP_PKEY_PUBLIC_KEY, list) == 1);
    CHECK(X509_set_pubkey(made, stranger) == 1);
    EVP_PKEY_free(stranger);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(list);
    OSSL_PARAM_BLD_free(params);
    BN_free(n);
    numbers_release(&numbers);
    return made;
}

static STACK_OF(X509) *chain_of(X509 *one, X509 *other)
{
    STACK_OF(X509) *chain = sk_X509_new_null();

    CHECK(chain != NULL);
    CHECK(one == NULL || sk_X509_push(chain, one) > 0);
    CHECK(other == NULL || sk_X509_push(chain, other) > 0);
    return chain;
}

/* The certificate of the key counts, wherever it stands. */
static void test_certificates(X509 *certificate)
{
    X509 *other = new_stranger();
    STACK_OF(X509) *others = chain_of(other, NULL);
    X509 *of_curve = new_certificate(curve, 2);
    X509 *small = new_certificate(little, 2);
    STACK_OF(X509) *both = chain_of(other, of_curve);

    CHECK(sk_X509_push(both, small) > 0);
    CHECK(sk_X509_push(both, certificate) > 0);

    make_pkcs12(&file, pkey, certificate, others, "secret", 0, NULL);
    OPENS(0, "secret");
    make_pkcs12(&file, pkey, NULL, both, "secret", 0, NULL);
    OPENS(0, "secret");
    make_pkcs12(&file, NULL, certificate, NULL, "secret", 0, NULL);
    OPENS(0, "secret");
    REFUSED(KIND, 1, "secret");
    make_pkcs12(&file, pkey, NULL, NULL, "secret", 0, NULL);
    OPENS(1, "secret");
    REFUSED(KIND, 0, "secret");
    make_pkcs12(&file, NULL, NULL, both, "secret", 0, NULL);
    REFUSED(AMBIGUOUS, 0, "secret");
    CHECK(sk_X509_push(others, other) > 0);
    make_pkcs12(&file, pkey, NULL, others, "secret", 0, NULL);
    REFUSED(AMBIGUOUS, 0, "secret");
    make_pkcs12(&file, curve, NULL, both, "secret", 0, NULL);
    LOADS(KESS_ERR_KEY_ALGORITHM, KESS_FOUND_EC_KEY, 0, "secret");
    LOADS(KESS_ERR_KEY_ALGORITHM, KESS_FOUND_EC_KEY, 1, "secret");
    for (int i = 0; i < 40; i++) {
        CHECK(sk_X509_push(both, certificate) > 0);
    }
    make_pkcs12(&file, pkey, NULL, both, "secret", 0, NULL);
    OPENS(0, "secret");
    sk_X509_free(others);
    sk_X509_free(both);
    X509_free(small);
    X509_free(of_curve);
    X509_free(other);
}

/* Bags and safes of other sorts are passed over; of two keys the first counts. */
static void test_other_bags(X509 *certificate)
{
    STACK_OF(PKCS7) *safes = NULL;
    STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
    BIO *bio = new_bio();

    CHECK(PKCS12_add_secret(&bags, NID_pkcs7_data, (const uint8_t *)"x", 1) !=
          NULL);
    CHECK(PKCS12_add_key(&bags, pkey, 0, 1, -1, NULL) != NULL);
    CHECK(PKCS12_add_key(&bags, little, 0, 1, -1, NULL) != NULL);
    ASN1_IA5STRING *note = ASN1_IA5STRING_new();
    CHECK(note != NULL && ASN1_STRING_set(note, "x", 1) == 1);
    PKCS12_SAFEBAG *sdsi = PKCS12_item_pack_safebag(
        note, ASN1_ITEM_rptr(ASN1_IA5STRING), NID_sdsiCertificate, NID_certBag);
    CHECK(sdsi != NULL && sk_PKCS12_SAFEBAG_push(bags, sdsi) > 0);
    ASN1_IA5STRING_free(note);
    CHECK(PKCS12_add_cert(&bags, certificate) != NULL);
    CHECK(PKCS12_add_safe(&safes, bags, -1, 0, NULL) == 1);
    PKCS7 *signed_data = PKCS7_new();
    CHECK(signed_data != NULL && sk_PKCS7_push(safes, signed_data) > 0);
    CHECK(PKCS7_set_type(signed_data, NID_pkcs7_signed) == 1);
    CHECK(PKCS7_content_new(signed_data, NID_pkcs7_data) == 1);
    PKCS12 *made = PKCS12_add_safes(safes, 0);
    CHECK(made != NULL && i2d_PKCS12_bio(bio, made) == 1);
    drain(&file, bio);
    /* without a MAC any password is as good */
    OPENS(1, nothing);
    OPENS(0, "any");
    PKCS12_free(made);
    sk_PKCS7_pop_free(safes, PKCS7_free);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
}

/* Bytes that are lost or changed are no reason to open anything. */
static void test_damage(X509 *certificate)
{
    text whole;
    int found = -1;

    make_pkcs12(&whole, pkey, certificate, NULL, "secret", 0, NULL);
    for (size_t at = 0; at < whole.len; at += 7) {
        file = whole;
        file.data[at] ^= 0x11;
        for (int half = 0; half < 2; half++) {
            const kess_status status = load(half, "secret", 6, &found);
            CHECK(status == KESS_ERR_KEY_PASSWORD ||
                  status == KESS_ERR_KEY_FORMAT || status == KESS_ERR_KEY_KIND);
        }
    }
}

#define PBMAC1 "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0e"

/* { { SHA-1 }, "" } */
#define SHA1 "\x30\x0b\x30\x07\x06\x05\x2b\x0e\x03\x02\x1a\x04\x00"

/* { version 3, { OID, [0] ... }, { digest, salt, iterations } } and less. */
static void test_shapes(void)
{
    static const struct {
        const char *bytes;
        size_t len;
        kess_status status;
    } rows[] = {
        {"\x02\x01\x03\x30\x00", 5, KESS_ERR_KEY_FORMAT},
        {"\x02\x01\x03\x30\x00\x30\x00", 7, KESS_ERR_KEY_FORMAT},
        {"\x02\x01\x03\x30\x00\x30\x02\x05\x00", 9, KESS_ERR_KEY_FORMAT},
        {"\x02\x01\x03\x30\x00\x30\x0f" SHA1 "\x04\x00", 22, KESS_ERR_KEY_FORMAT},
        {"\x02\x01\x03\x30\x00\x30\x15" SHA1 "\x04\x00\x02\x04\x7f\xff\xff\xff", 28,
         KESS_ERR_KEY_FORMAT},
        {"\x02\x01\x03\x30\x00\x30\x12" SHA1 "\x04\x00\x02\x01\x01", 25,
         KESS_ERR_KEY_FORMAT},
        {"\x02\x01\x03\x30\x00\x30\x12" SHA1 "\x04\x00\x02\x01\xff", 25,
         KESS_ERR_KEY_FORMAT},
        {"\x02\x01\x03\x30\x00\x30\x12" SHA1 "\x04\x00\x04\x01\x01", 25,
         KESS_ERR_KEY_FORMAT},
        {"\x02\x01\x03\x30\x00\x30\x06\x30\x02\x30\x00\x04\x00", 13,
         KESS_ERR_KEY_FORMAT},
        /* a length that is not DER; PBMAC1 without parameters, with half an element,
         * with others than its own, and with one iteration */
        {"\x02\x01\x03\x30\x00\x30\x02\x04\x7f", 9, KESS_ERR_KEY_FORMAT},
        {"\x02\x01\x03\x30\x00\x30\x16\x30\x0f\x30\x0b" PBMAC1 "\x04\x00\x04\x00"
         "\x02\x01\x01",
         29, KESS_ERR_KEY_FORMAT},
        {"\x02\x01\x03\x30\x00\x30\x19\x30\x12\x30\x0e" PBMAC1 "\x30\x01\x04"
         "\x04\x00\x04\x00\x02\x01\x01",
         32, KESS_ERR_KEY_FORMAT},
        {"\x02\x01\x03\x30\x00\x30\x1a\x30\x13\x30\x0f" PBMAC1 "\x30\x02\x05\x00"
         "\x04\x00\x04\x00\x02\x01\x01",
         33, KESS_ERR_KEY_FORMAT},
        {"\x02\x01\x03\x30\x00\x30\x2f\x30\x28\x30\x24" PBMAC1 "\x30\x17\x30\x15"
         "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c\x30\x08\x04\x03xyz\x02\x01\x01"
         "\x04\x00\x04\x00\x02\x01\x01",
         54, KESS_ERR_KEY_FORMAT},
    };
    int found = -1;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        file.len = 0;
        add(&file, rows[i].bytes, rows[i].len);
        enclose(&file, 0x30);
        CHECK_EQUAL(rows[i].status, load(1, "secret", 6, &found));
        CHECK_EQUAL(KESS_FOUND_PKCS12, found);
    }
    /* another version is another thing */
    file.len = 0;
    ADD_LITERAL(&file, "\x02\x01\x02\x30\x00");
    enclose(&file, 0x30);
    CHECK_EQUAL(KESS_ERR_KEY_FORMAT, load(1, "secret", 6, &found));
    CHECK_EQUAL(KESS_FOUND_NOTHING, found);
}

#define DATA "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
#define ENCRYPTED "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06"
#define SHROUDED "\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x02"
#define SHA1_3DES "\x06\x0a\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x03"
#define SALT "\x04\x08" "saltsalt"

/* Put this before what stands in the file, and a SEQUENCE around both. */
static void put_before(const char *front, size_t len)
{
    scratch.len = 0;
    add(&scratch, front, len);
    add(&scratch, file.data, file.len);
    enclose(&scratch, 0x30);
    file = scratch;
}

#define PUT_BEFORE(front) put_before(front, sizeof(front) - 1)

/* A safe that is encrypted, or a bag in one that is not. */
static void make_safe(const char *scheme, size_t len, int is_bag)
{
    file.len = 0;
    add(&file, scheme, len);
    if (is_bag) {
        ADD_LITERAL(&file, "\x04\x10" "0123456789abcdef");
        enclose(&file, 0x30);
        enclose(&file, 0xa0);
        PUT_BEFORE(SHROUDED);
        enclose(&file, 0x30);
        enclose(&file, 0x04);
        enclose(&file, 0xa0);
        PUT_BEFORE(DATA);
    } else {
        ADD_LITERAL(&file, "\x80\x10" "0123456789abcdef");
        PUT_BEFORE(DATA);
        PUT_BEFORE("\x02\x01\x00");
        enclose(&file, 0xa0);
        PUT_BEFORE(ENCRYPTED);
    }
}

/* A file around these safes, and a MAC or none behind them. */
static void make_file(const char *mac, size_t len)
{
    enclose(&file, 0x30);
    enclose(&file, 0x04);
    enclose(&file, 0xa0);
    PUT_BEFORE(DATA);
    add(&file, mac, len);
    PUT_BEFORE("\x02\x01\x03");
}

/* Without a MAC, too, nothing is decrypted that takes hours; nor what does not say in
 * DER how long it takes, since OpenSSL reads other encodings. */
static void test_costs(void)
{
    static const struct {
        const char *scheme;
        size_t len;
        kess_status status;
    } rows[] = {
        {"\x30\x1b" SHA1_3DES "\x30\x0d" SALT "\x02\x01\x01", 29,
         KESS_ERR_KEY_PASSWORD},
        {"\x30\x1e" SHA1_3DES "\x30\x10" SALT "\x02\x04\x7f\xff\xff\xff", 32,
         KESS_ERR_KEY_FORMAT},
        {"\x30\x1c" SHA1_3DES "\x30\x0e" SALT "\x02\x81\x01\x01", 30,
         KESS_ERR_KEY_FORMAT},
        {"\x30\x1f" SHA1_3DES "\x30\x11" SALT "\x02\x81\x04\x7f\xff\xff\xff", 33,
         KESS_ERR_KEY_FORMAT},
        {"\x30\x0e" SHA1_3DES "\x05\x00", 16, KESS_ERR_KEY_FORMAT},
    };
    int found = -1;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (int way = 0; way < 4; way++) {
            make_safe(rows[i].scheme, rows[i].len, way & 1);
            if (way & 2) {
                /* OpenSSL alone reads this length, and what stands before it */
                ADD_LITERAL(&file, "\x30\x81\x0b" DATA);
            }
            make_file("", 0);
            CHECK_EQUAL(rows[i].status, load(1, "secret", 6, &found));
            CHECK_EQUAL(KESS_FOUND_PKCS12, found);
        }
    }
}

/* Costs more than a file may: { scheme, { salt, iterations } }. */
#define COSTLY "\x30\x1e" SHA1_3DES "\x30\x10" SALT "\x02\x04\x7f\xff\xff\xff"
/* { { SHA-1, digest }, salt } of no password */
#define FALSE_MAC "\x30\x2b\x30\x1f\x30\x07\x06\x05\x2b\x0e\x03\x02\x1a" \
                  "\x04\x14" "0123456789abcdefghij" SALT

/* The MAC of the password in the file. */
static void add_mac(void)
{
    BIO *bio = new_bio();
    const uint8_t *at = (const uint8_t *)file.data;
    PKCS12 *made = d2i_PKCS12(NULL, &at, (long)file.len);

    CHECK(PKCS12_set_mac(made, "secret", 6, NULL, 0, 1, EVP_sha256()) == 1);
    CHECK(i2d_PKCS12_bio(bio, made) == 1);
    drain(&file, bio);
    PKCS12_free(made);
}

/* What costs too much is refused as such, whether its password is right or wrong. */
static void test_cost_before_mac(void)
{
    for (int is_bag = 0; is_bag < 2; is_bag++) {
        make_safe(COSTLY, sizeof(COSTLY) - 1, is_bag);
        make_file(FALSE_MAC, sizeof(FALSE_MAC) - 1);
        REFUSED(FORMAT, 1, "secret");
        REFUSED(FORMAT, 0, nothing);
        make_safe(COSTLY, sizeof(COSTLY) - 1, is_bag);
        make_file("", 0);
        add_mac();
        REFUSED(FORMAT, 1, "secret");
        REFUSED(FORMAT, 0, "wrong");
    }
}

/* { { SHA-1, digest }, no salt }, and { scheme, { no salt, iterations } } */
#define UNSALTED_MAC "\x30\x23\x30\x1f\x30\x07\x06\x05\x2b\x0e\x03\x02\x1a" \
                     "\x04\x14" "0123456789abcdefghij" "\x04\x00"
#define UNSALTED "\x30\x13" SHA1_3DES "\x30\x05\x04\x00\x02\x01\x01"

/* With neither a salt nor a password OpenSSL 3 says that it has no memory. */
static void test_nothing_to_derive_from(void)
{
    for (int is_bag = 0; is_bag < 2; is_bag++) {
        for (int has_mac = 0; has_mac < 2; has_mac++) {
            make_safe(UNSALTED, sizeof(UNSALTED) - 1, is_bag);
            make_file(UNSALTED_MAC, has_mac ? sizeof(UNSALTED_MAC) - 1 : 0);
            REFUSED(PASSWORD, 1, nothing);
            REFUSED(PASSWORD, 0, nothing);
            REFUSED(PASSWORD, 1, "secret");
        }
    }
}

/* Where a part of the file cannot be taken apart, its cost is not known, and the
 * MAC is asked first. */
static void test_unreadable_cost(void)
{
    static const struct {
        const char *bytes;
        size_t len;
        int is_bag;
        kess_status status;
    } rows[] = {
#define UNREADABLE(is_bag, bytes) \
    {bytes, sizeof(bytes) - 1, is_bag, KESS_ERR_KEY_PASSWORD}
        UNREADABLE(0, ""),
        UNREADABLE(0, "\x04"),
        UNREADABLE(0, DATA),
        UNREADABLE(0, DATA "\xa0\x00"),
        UNREADABLE(0, DATA "\xa0\x04\x04\x00\x04\x00"),
        UNREADABLE(0, DATA "\xa0\x02\x04\x00"),
        UNREADABLE(0, DATA "\xa0\x04\x04\x02\x31\x00"),
        UNREADABLE(0, DATA "\xa0\x06\x04\x04\x30\x00\x30\x00"),
        UNREADABLE(0, DATA "\xa0\x05\x04\x03\x30\x01\x30"),
        UNREADABLE(0, ENCRYPTED),
        UNREADABLE(0, ENCRYPTED "\xa0\x00"),
        UNREADABLE(0, ENCRYPTED "\xa0\x05\x30\x03\x02\x01\x00"),
        UNREADABLE(0, ENCRYPTED "\xa0\x07\x30\x05\x02\x01\x00\x30\x00"),
        UNREADABLE(0, ENCRYPTED "\xa0\x09\x30\x07\x02\x01\x00\x30\x02\x04\x00"),
        UNREADABLE(1, ""),
        UNREADABLE(1, SHROUDED),
        UNREADABLE(1, SHROUDED "\xa0\x00"),
        UNREADABLE(1, SHROUDED "\xa0\x04\x30\x02\x30\x00"),
#undef UNREADABLE
        /* another kind of bag or safe costs nothing; a scheme says no cost */
        {"\x06\x01\x2a\x04\x00", 5, 0, KESS_ERR_KEY_FORMAT},
        {"\x06\x01\x2a\x04\x00", 5, 1, KESS_ERR_KEY_FORMAT},
        {SHROUDED "\xa0\x06\x30\x04\x30\x00\x04\x00", 21, 1,
         KESS_ERR_KEY_FORMAT},
        {SHROUDED "\xa0\x08\x30\x06\x30\x02\x06\x00\x04\x00", 23, 1,
         KESS_ERR_KEY_FORMAT},
    };
    text costly;

    make_safe(COSTLY, sizeof(COSTLY) - 1, 0);
    costly = file;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        file.len = 0;
        add(&file, rows[i].bytes, rows[i].len);
        if (rows[i].is_bag) {
            enclose(&file, 0x30);
            enclose(&file, 0x30);
            enclose(&file, 0x04);
            enclose(&file, 0xa0);
            scratch.len = 0;
            ADD_LITERAL(&scratch, DATA);
            add(&scratch, file.data, file.len);
            file = scratch;
        }
        enclose(&file, 0x30);
        add(&file, costly.data, costly.len);
        make_file(FALSE_MAC, sizeof(FALSE_MAC) - 1);
        LOADS(rows[i].status, KESS_FOUND_PKCS12, 1, "secret");
    }
}

/* RC2 needs the legacy provider: where it is, the file is opened, and where FIPS
 * is demanded it is not. */
static void test_legacy(X509 *certificate)
{
    OSSL_LIB_CTX *lib = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *standard = OSSL_PROVIDER_load(lib, "default");
    OSSL_PROVIDER *legacy = OSSL_PROVIDER_load(lib, "legacy");
    int found = -1;

    if (legacy != NULL) {
        make_pkcs12(&file, pkey, certificate, NULL, "secret",
                    NID_pbe_WithSHA1And40BitRC2_CBC, lib);
        check_password("secret");
        CHECK_EQUAL(1, EVP_default_properties_enable_fips(NULL, 1));
        CHECK(load(1, "secret", 6, &found) != KESS_OK);
        CHECK_EQUAL(1, EVP_default_properties_enable_fips(NULL, 0));
    }
    ERR_clear_error();
    OSSL_PROVIDER_unload(legacy);
    OSSL_PROVIDER_unload(standard);
    OSSL_LIB_CTX_free(lib);
}

static void test_arguments(void)
{
    kess_key *key = NULL;
    uint8_t data[1] = {0};

    CHECK_EQUAL(KESS_ERR_ARGUMENT, kess_public_key_load_protected(
                                       NULL, data, 1, NULL, 0, 0, NULL));
    CHECK_EQUAL(KESS_ERR_ARGUMENT, kess_public_key_load_protected(
                                       &key, data, 1, NULL, 1, 0, NULL));
    CHECK_EQUAL(KESS_ERR_ARGUMENT, kess_public_key_load_file_protected(
                                       &key, "x", NULL, 1, 0, NULL));
    CHECK_EQUAL(KESS_ERR_FILE, kess_public_key_load_file_protected(
                                   &key, "/nonexistent/x", "a", 1, 0, NULL));
}

int main(void)
{
    pkey = new_rsa(2048);
    curve = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    CHECK(curve != NULL);
    little = new_rsa(1024);
    X509 *certificate = new_certificate(pkey, 2);

    test_password(certificate);
    test_no_password(certificate);
    test_wrappings(certificate);
    test_certificates(certificate);
    test_other_bags(certificate);
    test_damage(certificate);
    test_shapes();
    test_costs();
    test_cost_before_mac();
    test_nothing_to_derive_from();
    test_unreadable_cost();
    test_legacy(certificate);
    test_arguments();
    X509_free(certificate);
    EVP_PKEY_free(little);
    EVP_PKEY_free(curve);
    EVP_PKEY_free(pkey);
    return 0;
}

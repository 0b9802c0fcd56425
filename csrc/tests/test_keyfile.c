/*
 * test_keyfile.c: which key files are read, and what is said of the others.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include <openssl/pkcs12.h>

#include "keyfile.h"
#include "keymaker.h"

/* One key in every format, made by libcrypto. */
static struct files {
    EVP_PKEY *pkey;
    rsa_numbers numbers;
    text pkcs8;
    text pkcs1;
    text spki;
    text pkcs1_public;
    text certificate;
    text csr;
    text encrypted;
    text pkcs8_pem;
    text pkcs1_pem;
    text spki_pem;
    text pkcs1_public_pem;
    text certificate_pem;
    text csr_pem;
    text encrypted_pem;
} with;

static text scratch;
static text other;

static void make_files(void)
{
    with.pkey = new_rsa(2048);
    with.numbers = numbers_of(with.pkey);
    make_pkcs8_der(&with.pkcs8, with.pkey);
    make_pkcs1_private(&with.pkcs1, &with.numbers);
    make_spki_der(&with.spki, with.pkey);
    make_pkcs1_public(&with.pkcs1_public, with.numbers.part[N],
                      with.numbers.part[E]);
    make_certificate_der(&with.certificate, with.pkey, 2);
    make_csr_der(&with.csr, with.pkey);
    make_encrypted_der(&with.encrypted, with.pkey, "AES-256-CBC", "secret");

    make_pkcs8_pem(&with.pkcs8_pem, with.pkey);
    make_spki_pem(&with.spki_pem, with.pkey);
    make_certificate_pem(&with.certificate_pem, with.pkey);
    make_pem(&with.pkcs1_pem, "RSA PRIVATE KEY", &with.pkcs1);
    make_pem(&with.pkcs1_public_pem, "RSA PUBLIC KEY", &with.pkcs1_public);
    make_pem(&with.csr_pem, "CERTIFICATE REQUEST", &with.csr);
    make_pem(&with.encrypted_pem, "ENCRYPTED PRIVATE KEY", &with.encrypted);
}

/* What is loaded from the file is the key: its SPKI is libcrypto's. */
static void check_is_key(const text *file, int want_private)
{
    kess_key *key = must_load(file, want_private);
    uint8_t spki[1024];
    size_t len = sizeof(spki);

    CHECK_EQUAL(KESS_OK, kess_key_spki(key, spki, &len, NULL));
    CHECK_EQUAL(with.spki.len, len);
    CHECK(memcmp(spki, with.spki.data, len) == 0);
    kess_key_free(key);
}

static void start(const char *string)
{
    scratch.len = 0;
    add_string(&scratch, string);
}

static void then(const text *more)
{
    add(&scratch, more->data, more->len);
}

/* Replace every from by to. */
static void start_replaced(const text *file, const char *from, const char *to)
{
    const size_t len = strlen(from);

    scratch.len = 0;
    for (size_t i = 0; i < file->len;) {
        if (file->len - i >= len && memcmp(file->data + i, from, len) == 0) {
            add_string(&scratch, to);
            i += len;
            continue;
        }
        add(&scratch, file->data + i, 1);
        i++;
    }
}

/* ------------------------------------------------------------ accepted */

#define REFUSED(status, found, file, half) \
    CHECK_VERDICT(KESS_ERR_##status, KESS_FOUND_##found, file, half)

static void check_wrappings(const text *pem, const text *der, int half)
{
    static const char *const breaks[] = {"\r\n", "\r",  "\\n", "\\r\\n",
                                         " ",    "\n\n", " \t\n", "\n    "};

    check_is_key(pem, half);
    check_is_key(der, half);
    for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++) {
        start_replaced(pem, "\n", breaks[i]);
        check_is_key(&scratch, half);
    }
    start("\xef\xbb\xbf");
    then(pem);
    check_is_key(&scratch, half);

    start("  \n\t\r\n");
    then(pem);
    add_string(&scratch, " \n \n");
    check_is_key(&scratch, half);

    start("Bag Attributes\n    localKeyID: 01\n---- a ---------- line ----\n");
    then(pem);
    add_string(&scratch, "-----\nsome text after it, with \\n in it\n--");
    check_is_key(&scratch, half);

    start("KEY=\"");
    then(pem);
    add_string(&scratch, "\"");
    check_is_key(&scratch, half);

    make_base64(&scratch, der);
    check_is_key(&scratch, half);
    make_base64(&other, der);
    start("\xef\xbb\xbf \r\n");
    for (size_t at = 0; at < other.len; at += 76) {
        const size_t left = other.len - at;
        add(&scratch, other.data + at, left < 76 ? left : 76);
        add_string(&scratch, at % 2 == 0 ? "\r\n" : "\\n");
    }
    check_is_key(&scratch, half);
}

/* Every format in every wrapping gives the key. */
static void test_accepts(void)
{
    check_wrappings(&with.pkcs8_pem, &with.pkcs8, LOADS_PRIVATE);
    check_wrappings(&with.pkcs1_pem, &with.pkcs1, LOADS_PRIVATE);
    check_wrappings(&with.spki_pem, &with.spki, LOADS_PUBLIC);
    check_wrappings(&with.pkcs1_public_pem, &with.pkcs1_public, LOADS_PUBLIC);
    check_wrappings(&with.certificate_pem, &with.certificate, LOADS_PUBLIC);
    make_certificate_der(&scratch, with.pkey, 0);
    check_is_key(&scratch, LOADS_PUBLIC);
}

/* The content decides, not the label. */
static void test_accepts_labels(void)
{
    static const char *const names[] = {
        "PRIVATE KEY",     "RSA PRIVATE KEY",  "ENCRYPTED PRIVATE KEY",
        "EC PRIVATE KEY",  "ANY PRIVATE KEY",  "OPENSSH PRIVATE KEY",
        "PUBLIC KEY",      "RSA PUBLIC KEY",   "EC PUBLIC KEY",
        "CERTIFICATE",     "X509 CERTIFICATE", "TRUSTED CERTIFICATE",
        "X509 CRL",        "NOTE",
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        make_pem(&scratch, names[i], &with.pkcs8);
        check_is_key(&scratch, LOADS_PRIVATE);
        CHECK_VERDICT(KESS_ERR_KEY_SECRET, KESS_FOUND_PRIVATE_KEY, &scratch,
                      LOADS_PUBLIC);
        make_pem(&scratch, names[i], &with.pkcs1);
        check_is_key(&scratch, LOADS_PRIVATE);
        make_pem(&scratch, names[i], &with.spki);
        check_is_key(&scratch, LOADS_PUBLIC);
        make_pem(&scratch, names[i], &with.pkcs1_public);
        check_is_key(&scratch, LOADS_PUBLIC);
        make_pem(&scratch, names[i], &with.certificate);
        check_is_key(&scratch, LOADS_PUBLIC);
        CHECK_VERDICT(KESS_ERR_KEY_KIND, KESS_FOUND_CERTIFICATE, &scratch,
                      LOADS_PRIVATE);
    }
    /* a certificate and OpenSSL's notes on its uses */
    other.len = 0;
    add(&other, with.certificate.data, with.certificate.len);
    add(&other, "\x30\x00", 2);
    make_pem(&scratch, "TRUSTED CERTIFICATE", &other);
    check_is_key(&scratch, LOADS_PUBLIC);
}

/* A chain of certificates begins with that of the key. */
static void test_accepts_chain(void)
{
    start("");
    then(&with.certificate_pem);
    then(&with.certificate_pem);
    check_is_key(&scratch, LOADS_PUBLIC);
}

/* Letters that are neither printable ASCII nor blank are no part of a key. */
static void test_accepts_invisible(void)
{
    static const char *const marks[] = {
        "\xc2\xa0",    "\xe2\x80\x8b", "\xef\xbb\xbf", "\xe2\x81\xa0",
        "\xff",        "\f",           "\v",           "\x1a",
        "\a",          "\x7f",         "\\t",          "\\",
    };

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        char line_end[8] = "";
        strcat(strcat(line_end, marks[i]), "\n");
        start_replaced(&with.pkcs8_pem, "\n", line_end);
        check_is_key(&scratch, LOADS_PRIVATE);
        start_replaced(&with.spki_pem, "\n", line_end);
        check_is_key(&scratch, LOADS_PUBLIC);
    }
    start_replaced(&with.pkcs8_pem, " ", "\xc2\xa0");
    check_is_key(&scratch, LOADS_PRIVATE);
    start_replaced(&with.pkcs8_pem, "/", "\\/");
    check_is_key(&scratch, LOADS_PRIVATE);
}

/* UTF-16, and with another zero or two UTF-32. */
static void test_accepts_wide(void)
{
    start("\xff\xfe");
    for (size_t i = 0; i < with.pkcs8_pem.len; i++) {
        add(&scratch, with.pkcs8_pem.data + i, 1);
        add(&scratch, "\0\0\0", 1 + i % 3);
    }
    check_is_key(&scratch, LOADS_PRIVATE);
    REFUSED(KEY_SECRET, PRIVATE_KEY, &scratch, LOADS_PUBLIC);
}

/* A whole PEM file may be written in base64. */
static void test_accepts_base64_of_pem(void)
{
    make_base64(&scratch, &with.pkcs8_pem);
    check_is_key(&scratch, LOADS_PRIVATE);
    REFUSED(KEY_SECRET, PRIVATE_KEY, &scratch, LOADS_PUBLIC);
    make_base64(&scratch, &with.spki_pem);
    check_is_key(&scratch, LOADS_PUBLIC);
    start("");
    then(&with.spki_pem);
    scratch.len -= 10;
    make_base64(&other, &scratch);
    REFUSED(KEY_FORMAT, NOTHING, &other, LOADS_PUBLIC);
    start("no key at all");
    make_base64(&other, &scratch);
    REFUSED(KEY_FORMAT, NOTHING, &other, LOADS_PUBLIC);
}

/* What is not a key of the wanted half beside the one that is does no harm. */
static void test_accepts_company(void)
{
    const text *const public[] = {&with.spki_pem, &with.certificate_pem,
                                  &with.csr_pem};

    for (size_t i = 0; i < 3; i++) {
        start("");
        then(public[i]);
        then(public[i]);
        then(&with.pkcs8_pem);
        then(public[i]);
        check_is_key(&scratch, LOADS_PRIVATE);
    }
    start("-----BEGIN DH PARAMETERS-----\nnot read\n"
          "-----END DH PARAMETERS-----\n");
    then(&with.csr_pem);
    then(&with.spki_pem);
    check_is_key(&scratch, LOADS_PUBLIC);
}

/* The optional fields of PKCS#8 v2 and absent RSA parameters are tolerated. */
static void test_accepts_options(void)
{
    static const char *const tails[] = {"\xa0\x01\x00", "\x81\x02\x00\x01",
                                        "\xa1\x01\x00"};
    text *inner = &other;

    for (size_t with_null = 0; with_null < 2; with_null++) {
        for (size_t tail = 0; tail < 3; tail++) {
            inner->len = 0;
            add(inner, "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", 9);
            enclose(inner, 0x06);
            if (with_null) {
                add(inner, "\x05\x00", 2);
            }
            enclose(inner, 0x30);
            scratch.len = 0;
            add(&scratch, "\x02\x01\x01", 3);
            then(inner);
            add_object(&scratch, 0x04, &with.pkcs1);
            add(&scratch, tails[tail], tail == 1 ? 4 : 3);
            enclose(&scratch, 0x30);
            check_is_key(&scratch, LOADS_PRIVATE);
        }
    }
}

/* ------------------------------------------------------------ refused */

/* Another object than the wanted one is named. */
static void test_names_kind(void)
{
    REFUSED(KEY_KIND, PUBLIC_KEY, &with.spki_pem, LOADS_PRIVATE);
    REFUSED(KEY_KIND, PUBLIC_KEY, &with.spki, LOADS_PRIVATE);
    REFUSED(KEY_KIND, PUBLIC_KEY, &with.pkcs1_public_pem, LOADS_PRIVATE);
    REFUSED(KEY_KIND, PUBLIC_KEY, &with.pkcs1_public, LOADS_PRIVATE);
    REFUSED(KEY_KIND, CERTIFICATE, &with.certificate_pem, LOADS_PRIVATE);
    REFUSED(KEY_KIND, CERTIFICATE, &with.certificate, LOADS_PRIVATE);
    REFUSED(KEY_KIND, CSR, &with.csr_pem, LOADS_PRIVATE);
    REFUSED(KEY_KIND, CSR, &with.csr, LOADS_PRIVATE);
    REFUSED(KEY_KIND, CSR, &with.csr_pem, LOADS_PUBLIC);
    REFUSED(KEY_KIND, CSR, &with.csr, LOADS_PUBLIC);
    make_pem(&scratch, "NEW CERTIFICATE REQUEST", &with.csr);
    REFUSED(KEY_KIND, CSR, &scratch, LOADS_PUBLIC);
    make_pem(&scratch, "EC PARAMETERS", &with.csr);
    REFUSED(KEY_KIND, OTHER_PEM, &scratch, LOADS_PRIVATE);
    make_pem(&scratch, "DH PARAMETERS", &with.pkcs1_public);
    REFUSED(KEY_KIND, OTHER_PEM, &scratch, LOADS_PUBLIC);
    make_pem(&scratch, "EC PUBLIC KEY", &with.csr);
    REFUSED(KEY_KIND, OTHER_KEY, &scratch, LOADS_PUBLIC);
    REFUSED(KEY_KIND, OTHER_KEY, &scratch, LOADS_PRIVATE);

    start("ssh-rsa AAAAB3NzaC1yc2E= me@here\n");
    REFUSED(KEY_KIND, OPENSSH_KEY, &scratch, LOADS_PUBLIC);
    REFUSED(KEY_KIND, OPENSSH_KEY, &scratch, LOADS_PRIVATE);
    start(" ecdsa-sha2-nistp256 AAAA me@here\n");
    REFUSED(KEY_KIND, OPENSSH_KEY, &scratch, LOADS_PUBLIC);
}

/* The first block of a file without the wanted half is named. */
static void test_names_first(void)
{
    start("");
    then(&with.csr_pem);
    then(&with.certificate_pem);
    REFUSED(KEY_KIND, CSR, &scratch, LOADS_PRIVATE);
    start("");
    then(&with.certificate_pem);
    then(&with.csr_pem);
    REFUSED(KEY_KIND, CERTIFICATE, &scratch, LOADS_PRIVATE);
}

/* Private keys that are none of ours are named. */
static void test_names_private(void)
{
    static const struct {
        const char *label;
        kess_status status;
        kess_found found;
        kess_found in_public;
    } rows[] = {
        {"EC PRIVATE KEY", KESS_ERR_KEY_ALGORITHM, KESS_FOUND_EC_KEY,
         KESS_FOUND_PRIVATE_KEY},
        {"DSA PRIVATE KEY", KESS_ERR_KEY_ALGORITHM, KESS_FOUND_DSA_KEY,
         KESS_FOUND_PRIVATE_KEY},
        {"OPENSSH PRIVATE KEY", KESS_ERR_KEY_KIND, KESS_FOUND_OPENSSH_KEY,
         KESS_FOUND_OPENSSH_KEY},
        {"PGP PRIVATE KEY BLOCK", KESS_ERR_KEY_KIND, KESS_FOUND_OTHER_KEY,
         KESS_FOUND_PRIVATE_KEY},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        make_pem(&scratch, rows[i].label, &with.csr);
        CHECK_VERDICT(rows[i].status, rows[i].found, &scratch, LOADS_PRIVATE);
        CHECK_VERDICT(KESS_ERR_KEY_SECRET, rows[i].in_public, &scratch,
                      LOADS_PUBLIC);
    }
    static const char *const headers[] = {
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
        "DEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
        "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
        "DEK-Info: AES-128-CBC,00\n\nAAAA\n-----END EC PRIVATE KEY-----\n",
    };
    for (size_t i = 0; i < 2; i++) {
        start(headers[i]);
        REFUSED(KEY_KIND, LEGACY_ENCRYPTED_KEY, &scratch, LOADS_PRIVATE);
        REFUSED(KEY_SECRET, LEGACY_ENCRYPTED_KEY, &scratch, LOADS_PUBLIC);
    }
    start("");
    add_string(&scratch, "\x30\x07\x02\x01\x01\x04\x02\x01\x02");
    REFUSED(KEY_ALGORITHM, EC_KEY, &scratch, LOADS_PRIVATE);
    REFUSED(KEY_SECRET, PRIVATE_KEY, &scratch, LOADS_PUBLIC);
    scratch.len = 0;
    for (size_t i = 0; i < 6; i++) {
        add(&scratch, "\x02\x01\x01", 3);
    }
    enclose(&scratch, 0x30);
    REFUSED(KEY_ALGORITHM, DSA_KEY, &scratch, LOADS_PRIVATE);
}

/* A private key anywhere in a public file is refused: in any format, beside a
 * good public key, and under a false label. */
static void test_secret(void)
{
    const text *const secrets[] = {&with.pkcs8,     &with.pkcs1,
                                   &with.pkcs8_pem, &with.pkcs1_pem};

    for (size_t i = 0; i < 4; i++) {
        REFUSED(KEY_SECRET, PRIVATE_KEY, secrets[i], LOADS_PUBLIC);
    }
    REFUSED(KEY_SECRET, ENCRYPTED_PRIVATE_KEY, &with.encrypted, LOADS_PUBLIC);
    REFUSED(KEY_SECRET, ENCRYPTED_PRIVATE_KEY, &with.encrypted_pem,
            LOADS_PUBLIC);
    for (size_t i = 2; i < 4; i++) {
        start("");
        then(&with.spki_pem);
        then(secrets[i]);
        REFUSED(KEY_SECRET, PRIVATE_KEY, &scratch, LOADS_PUBLIC);
        start("");
        then(secrets[i]);
        then(&with.certificate_pem);
        REFUSED(KEY_SECRET, PRIVATE_KEY, &scratch, LOADS_PUBLIC);
    }
    make_pem(&scratch, "PUBLIC KEY", &with.pkcs8);
    REFUSED(KEY_SECRET, PRIVATE_KEY, &scratch, LOADS_PUBLIC);
    make_pem(&scratch, "CERTIFICATE", &with.pkcs1);
    REFUSED(KEY_SECRET, PRIVATE_KEY, &scratch, LOADS_PUBLIC);
    /* a key in a line of explanatory text, and an escaped one */
    start("# old: -----BEGIN PRIVATE KEY-----AAAA-----END PRIVATE KEY-----\n");
    then(&with.spki_pem);
    REFUSED(KEY_SECRET, PRIVATE_KEY, &scratch, LOADS_PUBLIC);
}

/* Two keys of the wanted half are ambiguous, whatever their format. */
static void test_ambiguous(void)
{
    start("");
    then(&with.pkcs8_pem);
    then(&with.pkcs8_pem);
    REFUSED(KEY_AMBIGUOUS, NOTHING, &scratch, LOADS_PRIVATE);
    start("");
    then(&with.encrypted_pem);
    then(&with.pkcs1_pem);
    REFUSED(KEY_AMBIGUOUS, NOTHING, &scratch, LOADS_PRIVATE);
    start("");
    then(&with.spki_pem);
    then(&with.certificate_pem);
    REFUSED(KEY_AMBIGUOUS, NOTHING, &scratch, LOADS_PUBLIC);
    then(&with.certificate_pem);
    REFUSED(KEY_AMBIGUOUS, NOTHING, &scratch, LOADS_PUBLIC);
}

static void check_format(const char *string)
{
    start(string);
    REFUSED(KEY_FORMAT, NOTHING, &scratch, LOADS_PRIVATE);
    REFUSED(KEY_FORMAT, NOTHING, &scratch, LOADS_PUBLIC);
}

/* Broken framing refuses the whole file, also beside a good key. */
static void test_framing(void)
{
    static const char *const broken[] = {
        "-----BEGIN PUBLIC KEY-----\nAAAA\n",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY----\n",
        "-----BEGIN PUBLIC KEY----\nAAAA\n-----END PUBLIC KEY-----\n",
        "-----BEGIN -----\nAAAA\n-----END -----\n",
        "-----BEGIN CERT\nIFICATE-----\nAAAA\n-----END CERT\nIFICATE-----\n",
        "-----BEGIN A-----\n-----BEGIN A-----\n-----END A-----\n",
        "-----BEGIN A\t-----\nAAAA\n-----END A\t-----\n",
        "-----END A-----\n",
        "---- BEGIN PRIVATE KEY -----\nAAAA\n-----END PRIVATE KEY-----\n",
        "-----BEGIN ",
        "-----BEGIN X-----",
        "-----BEGIN "
        "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"
        "-----\n-----END "
        "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"
        "-----\n",
    };
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        check_format(broken[i]);
        start("");
        then(&with.pkcs8_pem);
        add_string(&scratch, broken[i]);
        REFUSED(KEY_FORMAT, NOTHING, &scratch, LOADS_PRIVATE);
        start(broken[i]);
        then(&with.spki_pem);
        REFUSED(KEY_FORMAT, NOTHING, &scratch, LOADS_PUBLIC);
    }
}

/* Texts without a key. */
static void test_no_key(void)
{
    static const char *const texts[] = {
        "",     " ",        "\n",   "\xef\xbb\xbf", "0",    "00",
        "AAAA", "MAA=",     "MAA",  "MIIB",         "{}",   "M",
        "\\",   "\\n\\r\n", "ssh_", "\xff\xfe-\0",  "Zm9v", "-----",
        "PuTTY-User-Key-File-2: ssh-rsa\n",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        check_format(texts[i]);
    }
}

/* A body that is not strict base64, or no key. */
static void test_body(void)
{
    static const char *const swaps[][2] = {
        {"MII", "!MII"},
        {"MII", "Comment: x\nMII"},
        {"M", "M*"},
        {"\n", "\nA"},
    };
    for (size_t i = 0; i < sizeof(swaps) / sizeof(swaps[0]); i++) {
        start_replaced(&with.pkcs8_pem, swaps[i][0], swaps[i][1]);
        REFUSED(KEY_FORMAT, NOTHING, &scratch, LOADS_PRIVATE);
    }
    make_pem(&scratch, "CERTIFICATE", &with.csr);
    REFUSED(KEY_KIND, CSR, &scratch, LOADS_PUBLIC);
    start("-----BEGIN TRUSTED CERTIFICATE-----\n"
          "-----END TRUSTED CERTIFICATE-----\n");
    REFUSED(KEY_FORMAT, NOTHING, &scratch, LOADS_PUBLIC);
    start("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n");
    REFUSED(KEY_FORMAT, NOTHING, &scratch, LOADS_PUBLIC);
}

/* Neither a byte more nor any byte less than the object is accepted. */
static void test_exact_length(void)
{
    const text *const objects[] = {&with.pkcs8, &with.pkcs1, &with.spki,
                                   &with.pkcs1_public, &with.certificate};
    kess_key *key = NULL;
    int found = 0;

    for (size_t i = 0; i < 5; i++) {
        const int half = i < 2 ? LOADS_PRIVATE : LOADS_PUBLIC;
        start("");
        then(objects[i]);
        add(&scratch, "", 1);
        REFUSED(KEY_FORMAT, NOTHING, &scratch, half);
        for (size_t len = 0; len < objects[i]->len; len++) {
            start("");
            add(&scratch, objects[i]->data, len);
            CHECK_EQUAL(KESS_ERR_KEY_FORMAT, load_exactly(&key, &scratch, half,
                                                          NULL, 0, &found));
        }
    }
}

/* Every file up to the limit is looked at, and none above. */
static void test_limit(void)
{
    const size_t most = KESS_KEY_FILE_MAX;
    uint8_t *data = malloc(most + 1);
    kess_key *key = NULL;
    kess_error err;

    CHECK(data != NULL);
    memset(data, ' ', most + 1);
    memcpy(data, with.spki_pem.data, with.spki_pem.len);
    CHECK_EQUAL(KESS_OK, kess_public_key_load(&key, data, most, 0, &err));
    kess_key_free(key);
    key = NULL;
    CHECK_EQUAL(KESS_ERR_KEY_FORMAT,
                kess_public_key_load(&key, data, most + 1, 0, &err));
    CHECK(key == NULL);
    /* many dashes and many beginnings take linear time */
    memset(data, '-', most);
    CHECK_EQUAL(KESS_ERR_KEY_FORMAT,
                kess_public_key_load(&key, data, most, 0, &err));
    for (size_t i = 0; i + 11 <= most; i += 11) {
        memcpy(data + i, "-----BEGIN ", 11);
    }
    CHECK_EQUAL(KESS_ERR_KEY_FORMAT,
                kess_public_key_load(&key, data, most, 0, &err));
    free(data);
}

/* ------------------------------------------------------------ DER */

/* Load the bytes of string as a public key. */
#define DER_IS_FORMAT(string)                                  \
    do {                                                       \
        scratch.len = 0;                                       \
        ADD_LITERAL(&scratch, string);                         \
        REFUSED(KEY_FORMAT, NOTHING, &scratch, LOADS_PUBLIC);  \
        REFUSED(KEY_FORMAT, NOTHING, &scratch, LOADS_PRIVATE); \
    } while (0)

/* BER that is not DER is refused. */
static void test_der_strict(void)
{
    DER_IS_FORMAT("\x30\x80\x02\x01\x01\x02\x01\x01\x00\x00"); /* indefinite */
    DER_IS_FORMAT("\x30\x81\x06\x02\x01\x01\x02\x01\x01"); /* long form */
    DER_IS_FORMAT("\x30\x82\x00\x80\x02\x01\x01\x02\x01\x01"); /* zero */
    DER_IS_FORMAT("\x30\x85\x00\x00\x00\x00\x06\x02\x01\x01\x02\x01\x01");
    DER_IS_FORMAT("\x30\x89\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02\x01\x01");
    DER_IS_FORMAT("\x30\x84\xff\xff\xff\xff\x02\x01\x01\x02\x01\x01");
    DER_IS_FORMAT("\x30\x07\x02\x01\x01\x1f\x02\x01\x01"); /* long tag */
    DER_IS_FORMAT("\x30\x06\x02\x01\x01\x02\x02\x01");     /* beyond */
    DER_IS_FORMAT("\x30\x00");
    DER_IS_FORMAT("\x30\x81");
    DER_IS_FORMAT("\x30\xff");
    DER_IS_FORMAT("\x31\x06\x02\x01\x01\x02\x01\x01");
    DER_IS_FORMAT("\x30\x09\x02\x01\x01\x02\x01\x01\x02\x01\x01");
}

/* Integers that are negative or not in their shortest form are refused. */
static void test_der_integers(void)
{
    static const char *const integers[] = {
        "\x02\x01\xff", "\x02\x02\x80\x00", "\x02\x02\xff\x80", "\x02\x00"};

    for (size_t i = 0; i < 4; i++) {
        const size_t len = i == 0 ? 3 : i == 3 ? 2 : 4;
        for (size_t first = 0; first < 2; first++) {
            scratch.len = 0;
            add(&scratch, first ? integers[i] : "\x02\x01\x03",
                first ? len : 3);
            add(&scratch, first ? "\x02\x01\x03" : integers[i],
                first ? 3 : len);
            enclose(&scratch, 0x30);
            REFUSED(KEY_FORMAT, NOTHING, &scratch, LOADS_PUBLIC);
        }
    }
    scratch.len = 0;
    ADD_LITERAL(&scratch, "\x02\x02\x00\x7f\x02\x01\x03");
    enclose(&scratch, 0x30);
    REFUSED(KEY_FORMAT, NOTHING, &scratch, LOADS_PUBLIC);
}

/* A key whose SPKI has this algorithm OID (contents) and parameters. */
static void make_spki_of(text *out, const char *oid, size_t oid_len,
                         const char *parameters, size_t parameters_len)
{
    static text algorithm;

    algorithm.len = 0;
    add(&algorithm, oid, oid_len);
    enclose(&algorithm, 0x06);
    add(&algorithm, parameters, parameters_len);
    enclose(&algorithm, 0x30);
    out->len = 0;
    add(out, "", 1);
    add(out, with.pkcs1_public.data, with.pkcs1_public.len);
    enclose(out, 0x03);
    add(&algorithm, out->data, out->len);
    out->len = 0;
    add_object(out, 0x30, &algorithm);
}

#define RSA_OID "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"

/* The algorithm is judged by its OID alone, and only one is RSA. */
static void test_algorithm(void)
{
    static const struct {
        const char *oid;
        kess_found found;
    } rows[] = {
        {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a", KESS_FOUND_RSA_PSS_KEY},
        {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x07", KESS_FOUND_OTHER_KEY},
        {"\x2a\x86\x48\x86\xf7\x0d\x01\x01", KESS_FOUND_OTHER_KEY},
        {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x01", KESS_FOUND_OTHER_KEY},
        {"\x2a\x86\x48\xce\x3d\x02\x01", KESS_FOUND_EC_KEY},
        {"\x2b\x65\x6e", KESS_FOUND_ED_KEY},
        {"\x2b\x65\x6f", KESS_FOUND_ED_KEY},
        {"\x2b\x65\x70", KESS_FOUND_ED_KEY},
        {"\x2b\x65\x71", KESS_FOUND_ED_KEY},
        {"\x2b\x65\x72", KESS_FOUND_OTHER_KEY},
        {"\x2a\x86\x48\xce\x38\x04\x01", KESS_FOUND_DSA_KEY},
        {"\x2a\x86\x48\x86\xf7\x0d\x01\x03\x01", KESS_FOUND_DH_KEY},
        {"\x2a\x86\x48\xce\x3e\x02\x01", KESS_FOUND_DH_KEY},
        {"", KESS_FOUND_OTHER_KEY},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        make_spki_of(&scratch, rows[i].oid, strlen(rows[i].oid), "\x05\x00",
                     2);
        CHECK_VERDICT(KESS_ERR_KEY_ALGORITHM, rows[i].found, &scratch,
                      LOADS_PUBLIC);
        make_pem(&other, "PUBLIC KEY", &scratch);
        CHECK_VERDICT(KESS_ERR_KEY_ALGORITHM, rows[i].found, &other,
                      LOADS_PUBLIC);
    }
    make_spki_of(&scratch, RSA_OID, 9, "\x05\x00", 2);
    check_is_key(&scratch, LOADS_PUBLIC);
    make_spki_of(&scratch, RSA_OID, 9, "", 0);
    check_is_key(&scratch, LOADS_PUBLIC);
    make_spki_of(&scratch, RSA_OID, 9, "\x05\x01\x00", 3);
    REFUSED(KEY_FORMAT, NOTHING, &scratch, LOADS_PUBLIC);
    make_spki_of(&scratch, RSA_OID, 9, "\x30\x00", 2);
    REFUSED(KEY_FORMAT, NOTHING, &scratch, LOADS_PUBLIC);
    make_spki_of(&scratch, RSA_OID, 9, "\x05\x00\x05\x00", 4);
    REFUSED(KEY_FORMAT, NOTHING, &scratch, LOADS_PUBLIC);
}

/* PKCS#8 of this version (one byte) around these contents. */
static void make_pkcs8_of(text *out, uint8_t version, const text *contents)
{
    const uint8_t integer[3] = {0x02, 0x01, version};

    out->len = 0;
    add(out, integer, sizeof(integer));
    ADD_LITERAL(out, "\x30\x0d\x06\x09" RSA_OID "\x05\x00");
    add_object(out, 0x04, contents);
    enclose(out, 0x30);
}

/* PKCS#1 with this version and tail. */
static void make_pkcs1_of(text *out, uint8_t version, const char *tail,
                          size_t tail_len)
{
    const uint8_t integer[3] = {0x02, 0x01, version};

    out->len = 0;
    add(out, integer, sizeof(integer));
    for (size_t i = 0; i < PARTS; i++) {
        add_integer(out, with.numbers.part[i]);
    }
    add(out, tail, tail_len);
    enclose(out, 0x30);
}

/* Versions that are not known, and contents that are no RSA private key. */
static void test_private_contents(void)
{
    make_pkcs1_of(&scratch, 0, "", 0);
    check_is_key(&scratch, LOADS_PRIVATE);
    make_pkcs1_of(&scratch, 2, "", 0);
    REFUSED(KEY_FORMAT, NOTHING, &scratch, LOADS_PRIVATE);
    make_pkcs1_of(&scratch, 0xff, "", 0);
    REFUSED(KEY_FORMAT, NOTHING, &scratch, LOADS_PRIVATE);
    make_pkcs1_of(&scratch, 0, "\x30\x03\x02\x01\x03", 5);
    REFUSED(KEY_FORMAT, NOTHING, &scratch, LOADS_PRIVATE);
    make_pkcs1_of(&scratch, 1, "", 0);
    REFUSED(KEY_KIND, OTHER_KEY, &scratch, LOADS_PRIVATE);
    make_pkcs8_of(&other, 0, &scratch);
    REFUSED(KEY_KIND, OTHER_KEY, &other, LOADS_PRIVATE);

    make_pkcs8_of(&scratch, 0, &with.pkcs1);
    check_is_key(&scratch, LOADS_PRIVATE);
    make_pkcs8_of(&scratch, 1, &with.pkcs1);
    check_is_key(&scratch, LOADS_PRIVATE);
    make_pkcs8_of(&scratch, 2, &with.pkcs1);
    REFUSED(KEY_FORMAT, NOTHING, &scratch, LOADS_PRIVATE);
    make_pkcs8_of(&scratch, 0, &with.pkcs8);
    REFUSED(KEY_FORMAT, NOTHING, &scratch, LOADS_PRIVATE);
    make_pkcs8_of(&scratch, 0, &with.pkcs1_public);
    REFUSED(KEY_FORMAT, NOTHING, &scratch, LOADS_PRIVATE);
    other.len = 0;
    make_pkcs8_of(&scratch, 0, &other);
    REFUSED(KEY_FORMAT, NOTHING, &scratch, LOADS_PRIVATE);
}

/* An SPKI with these bits. */
static void check_spki_format(const char *bits, size_t len)
{
    scratch.len = 0;
    ADD_LITERAL(&scratch, "\x30\x0d\x06\x09" RSA_OID "\x05\x00");
    other.len = 0;
    add(&other, bits, len);
    add_object(&scratch, 0x03, &other);
    enclose(&scratch, 0x30);
    REFUSED(KEY_FORMAT, NOTHING, &scratch, LOADS_PUBLIC);
}

/* Bits that are no RSA public key, alone and in a certificate. */
static void test_public_contents(void)
{
    check_spki_format("", 0);
    check_spki_format("\x00", 1);
    check_spki_format("\x01\x30\x06\x02\x01\x03\x02\x01\x03", 9);
    check_spki_format("\x00\x30\x03\x02\x01\x03", 6);
    check_spki_format("\x00\x30\x09\x02\x01\x03\x02\x01\x03\x02\x01\x03", 12);
    check_spki_format("\x00\x30\x06\x02\x01\x03\x02\x01\x03\x00", 10);

    for (int good = 0; good < 2; good++) {
        scratch.len = 0;
        ADD_LITERAL(&scratch, "\x02\x01\x01\x30\x00\x30\x00\x30\x00"
                              "\x30\x00");
        if (good) {
            then(&with.spki);
        } else {
            ADD_LITERAL(&scratch, "\x30\x02\x05\x00");
        }
        enclose(&scratch, 0x30);
        ADD_LITERAL(&scratch, "\x30\x00\x03\x01\x00");
        enclose(&scratch, 0x30);
        if (good) {
            check_is_key(&scratch, LOADS_PUBLIC);
        } else {
            REFUSED(KEY_FORMAT, NOTHING, &scratch, LOADS_PUBLIC);
        }
    }
}

/* Keys of other algorithms, as libcrypto writes them, are named. */
static void test_other_keys(void)
{
    static const struct {
        const char *algorithm;
        const char *group;
        kess_found found;
    } rows[] = {
        {"EC", "P-256", KESS_FOUND_EC_KEY},
        {"ED25519", NULL, KESS_FOUND_ED_KEY},
        {"ED448", NULL, KESS_FOUND_ED_KEY},
        {"X25519", NULL, KESS_FOUND_ED_KEY},
        {"X448", NULL, KESS_FOUND_ED_KEY},
        {"DH", "ffdhe2048", KESS_FOUND_DH_KEY},
        {"DHX", "dh_2048_256", KESS_FOUND_DH_KEY},
        {"RSA-PSS", NULL, KESS_FOUND_RSA_PSS_KEY},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        EVP_PKEY *pkey = NULL;
        EVP_PKEY_CTX *ctx =
            EVP_PKEY_CTX_new_from_name(NULL, rows[i].algorithm, NULL);
        CHECK(EVP_PKEY_keygen_init(ctx) == 1);
        if (rows[i].group != NULL) {
            CHECK(EVP_PKEY_CTX_set_group_name(ctx, rows[i].group) == 1);
        }
        /* A short one is found soon. */
        if (rows[i].found == KESS_FOUND_RSA_PSS_KEY) {
            CHECK(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 1024) == 1);
        }
        CHECK(EVP_PKEY_generate(ctx, &pkey) == 1);
        EVP_PKEY_CTX_free(ctx);

        make_spki_pem(&scratch, pkey);
        CHECK_VERDICT(KESS_ERR_KEY_ALGORITHM, rows[i].found, &scratch,
                      LOADS_PUBLIC);
        make_spki_der(&scratch, pkey);
        CHECK_VERDICT(KESS_ERR_KEY_ALGORITHM, rows[i].found, &scratch,
                      LOADS_PUBLIC);
        make_pkcs8_pem(&scratch, pkey);
        CHECK_VERDICT(KESS_ERR_KEY_ALGORITHM, rows[i].found, &scratch,
                      LOADS_PRIVATE);
        make_pkcs8_der(&scratch, pkey);
        CHECK_VERDICT(KESS_ERR_KEY_ALGORITHM, rows[i].found, &scratch,
                      LOADS_PRIVATE);
        EVP_PKEY_free(pkey);
    }
}

/* A byte changed anywhere gives a key or a verdict, and never a crash. */
static void test_changed_bytes(void)
{
    const text *const objects[] = {&with.spki, &with.pkcs1_public,
                                   &with.certificate, &with.pkcs8};
    static const uint8_t changes[] = {0x01, 0x80, 0xff, 0x30};
    int found = 0;

    for (size_t i = 0; i < 4; i++) {
        /* The primes of a private key would take long to test. */
        const size_t end = i == 3 ? 40 : objects[i]->len;
        for (size_t at = 0; at < end; at += step_of(5)) {
            kess_key *key = NULL;
            start("");
            then(objects[i]);
            scratch.data[at] ^= changes[at % sizeof(changes)];
            load_exactly(&key, &scratch, i == 3, NULL, 0, &found);
            kess_key_free(key);
        }
    }
}

/* ------------------------------------------------------------ passwords */

static kess_status load_encrypted(const text *file, const char *password,
                                  int *found)
{
    kess_key *key = NULL;
    const kess_status status = load_exactly(&key, file, LOADS_PRIVATE,
                                            password, 0, found);
    kess_key_free(key);
    return status;
}

static void check_opens(const text *der, const char *password)
{
    int found = -1;

    CHECK_EQUAL(KESS_OK, load_encrypted(der, password, &found));
    make_pem(&other, "ENCRYPTED PRIVATE KEY", der);
    CHECK_EQUAL(KESS_OK, load_encrypted(&other, password, &found));
}

/* Encrypt with this scheme, of which libcrypto makes the parameters. */
static void encrypt(text *out, X509_ALGOR *scheme, const char *password)
{
    encrypt_key(out, with.pkey, scheme, password);
}

/* Every cipher and digest, and scrypt, can be opened. */
static void test_encrypted_schemes(void)
{
    static const char *const ciphers[] = {"AES-128-CBC", "AES-192-CBC",
                                          "AES-256-CBC", "DES-EDE3-CBC"};
    static const int digests[] = {NID_hmacWithSHA1, NID_hmacWithSHA224,
                                  NID_hmacWithSHA256, NID_hmacWithSHA384,
                                  NID_hmacWithSHA512};

    for (size_t i = 0; i < 4; i++) {
        EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, ciphers[i], NULL);
        for (size_t k = i % step_of(4); k < 5; k += step_of(4)) {
            encrypt(&scratch,
                    PKCS5_pbe2_set_iv(cipher, 1000, NULL, 0, NULL, digests[k]),
                    "pass w\xc3\xb6rd");
            check_opens(&scratch, "pass w\xc3\xb6rd");
        }
        encrypt(&scratch,
                PKCS5_pbe2_set_scrypt(cipher, NULL, 0, NULL, 1024, 8, 1), "x");
        check_opens(&scratch, "x");
        EVP_CIPHER_free(cipher);
    }
}

/* The password is asked for, and a wrong one is no other error: also where
 * the padding happens to be right, once in 256 times. */
static void test_passwords(void)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-128-CBC", NULL);
    char wrong[32];
    int found = -1;

    encrypt(&scratch,
            PKCS5_pbe2_set_iv(cipher, 1, NULL, 0, NULL, NID_hmacWithSHA256),
            "right");
    EVP_CIPHER_free(cipher);
    CHECK_EQUAL(KESS_OK, load_encrypted(&scratch, "right", &found));
    for (int i = rounds_of(1000); i > 0; i--) {
        snprintf(wrong, sizeof(wrong), "wrong %d", i);
        CHECK_EQUAL(KESS_ERR_KEY_PASSWORD,
                    load_encrypted(&scratch, wrong, &found));
        CHECK_EQUAL(KESS_FOUND_ENCRYPTED_PRIVATE_KEY, found);
    }
    REFUSED(KEY_PASSWORD, ENCRYPTED_PRIVATE_KEY, &scratch, LOADS_PRIVATE);
    CHECK_EQUAL(KESS_ERR_KEY_PASSWORD, load_encrypted(&scratch, "", &found));
    CHECK_EQUAL(KESS_FOUND_ENCRYPTED_PRIVATE_KEY, found);
    /* a password for a key that needs none */
    CHECK_EQUAL(KESS_OK, load_encrypted(&with.pkcs8_pem, "unused", &found));
}

/* What decrypts and is no key is such a padding, without waiting for one. */
static void test_encrypted_nothing(void)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-128-CBC", NULL);
    X509_ALGOR *scheme =
        PKCS5_pbe2_set_iv(cipher, 1, NULL, 0, NULL, NID_hmacWithSHA256);
    X509_SIG *made = X509_SIG_new();
    X509_ALGOR *written = NULL;
    ASN1_OCTET_STRING *bytes = NULL;
    BIO *bio = new_bio();
    int found = -1;

    CHECK(scheme != NULL && made != NULL);
    X509_SIG_getm(made, &written, &bytes);
    ASN1_OCTET_STRING *encrypted = PKCS12_item_i2d_encrypt(
        scheme, ASN1_ITEM_rptr(ASN1_OCTET_STRING), "right", 5, bytes, 0);
    CHECK(encrypted != NULL && ASN1_STRING_copy(bytes, encrypted) == 1);
    CHECK(X509_ALGOR_copy(written, scheme) == 1);
    CHECK(i2d_PKCS8_bio(bio, made) == 1);
    drain(&scratch, bio);
    ASN1_OCTET_STRING_free(encrypted);
    X509_SIG_free(made);
    X509_ALGOR_free(scheme);
    EVP_CIPHER_free(cipher);
    CHECK_EQUAL(KESS_ERR_KEY_PASSWORD,
                load_encrypted(&scratch, "right", &found));
    CHECK_EQUAL(KESS_FOUND_ENCRYPTED_PRIVATE_KEY, found);
}

/* The longest password is 1023 bytes. */
static void test_password_length(void)
{
    char password[1025];
    int found = -1;

    memset(password, 'p', sizeof(password));
    password[1023] = 0;
    make_encrypted_der(&scratch, with.pkey, "AES-256-CBC", password);
    CHECK_EQUAL(KESS_OK, load_encrypted(&scratch, password, &found));
    password[1023] = 'p';
    password[1024] = 0;
    make_encrypted_der(&scratch, with.pkey, "AES-256-CBC", password);
    CHECK_EQUAL(KESS_ERR_KEY_PASSWORD,
                load_encrypted(&scratch, password, &found));
}

/* An encrypted EC key is named after it was decrypted. */
static void test_encrypted_other(void)
{
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    int found = -1;

    make_encrypted_der(&scratch, pkey, "AES-256-CBC", "secret");
    CHECK_EQUAL(KESS_ERR_KEY_ALGORITHM,
                load_encrypted(&scratch, "secret", &found));
    CHECK_EQUAL(KESS_FOUND_EC_KEY, found);
    EVP_PKEY_free(pkey);
}

/* ------------------------------------------------------------ schemes */

#define PBES2 "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d"
#define PBKDF2 "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c"
#define SCRYPT "\x06\x09\x2b\x06\x01\x04\x01\xda\x47\x04\x0b"
#define AES128 "\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x02"
#define IV16 "\x04\x10" "0123456789abcdef"
#define HMAC256 "\x30\x0a\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x09"
#define SALT "\x04\x02" "ab"

typedef struct literal {
    const char *data;
    size_t len;
} literal;

#define LITERAL_OF(string) {string, sizeof(string) - 1}

/* An encrypted key whose scheme consists of these. */
static void make_scheme(text *out, literal kdf, literal parameters,
                        literal cipher)
{
    static text part;

    out->len = 0;
    add(out, parameters.data, parameters.len);
    enclose(out, 0x30);
    part.len = 0;
    add(&part, kdf.data, kdf.len);
    add(&part, out->data, out->len);
    enclose(&part, 0x30);
    out->len = 0;
    add(out, cipher.data, cipher.len);
    enclose(out, 0x30);
    add(&part, out->data, out->len);
    enclose(&part, 0x30);
    out->len = 0;
    add(out, PBES2, sizeof(PBES2) - 1);
    add(out, part.data, part.len);
    enclose(out, 0x30);
    add(out, "\x04\x10" "0123456789abcdef", 18);
    enclose(out, 0x30);
}

/* Schemes and costs: the ones that are known get as far as the password. */
static void test_scheme_limits(void)
{
    static const literal pbkdf2 = LITERAL_OF(PBKDF2);
    static const literal scrypt = LITERAL_OF(SCRYPT);
    static const literal aes = LITERAL_OF(AES128 IV16);
    static const struct {
        const literal *kdf;
        literal parameters;
        int known;
    } rows[] = {
        {&pbkdf2, LITERAL_OF(SALT "\x02\x01\x01"), 1},
        {&pbkdf2, LITERAL_OF(SALT "\x02\x01\x01" HMAC256), 1},
        {&pbkdf2, LITERAL_OF(SALT "\x02\x01\x01\x02\x01\x10"), 1},
        {&pbkdf2, LITERAL_OF(SALT "\x02\x01\x01\x02\x01\x10" HMAC256), 1},
        {&pbkdf2, LITERAL_OF(SALT "\x02\x04\x00\x98\x96\x80"), 1},
        {&pbkdf2, LITERAL_OF(SALT "\x02\x04\x00\x98\x96\x81"), 0},
        {&pbkdf2, LITERAL_OF(SALT "\x02\x01\x00"), 0},
        {&pbkdf2, LITERAL_OF(SALT "\x02\x01\xff"), 0},
        {&pbkdf2,
         LITERAL_OF(SALT "\x02\x09\x01\x00\x00\x00\x00\x00\x00\x00\x01"), 0},
        {&pbkdf2, LITERAL_OF(SALT "\x02\x01\x01\x02\x01\x11"), 0},
        {&pbkdf2, LITERAL_OF(SALT "\x02\x01\x01" HMAC256 HMAC256), 0},
        {&pbkdf2, LITERAL_OF(SALT "\x02\x01\x01\x05\x00"), 0},
        {&pbkdf2, LITERAL_OF("\x04\x00\x02\x01\x01"), 0},
        {&pbkdf2, LITERAL_OF("\x05\x00\x02\x01\x01"), 0},
        {&pbkdf2, LITERAL_OF(SALT), 0},
        {&pbkdf2,
         LITERAL_OF(SALT "\x02\x01\x01\x30\x0a\x06\x08"
                         "\x2a\x86\x48\x86\xf7\x0d\x02\x0c"),
         0},
        {&pbkdf2, LITERAL_OF(SALT "\x02\x01\x01\x30\x02\x05\x00"), 0},
        {&pbkdf2, LITERAL_OF(SALT "\x02\x01\x01\x30\x00"), 0},
        {&pbkdf2,
         LITERAL_OF(SALT "\x02\x01\x01\x30\x0d\x06\x08"
                         "\x2a\x86\x48\x86\xf7\x0d\x02\x09\x05\x01\x00"),
         0},
        {&scrypt, LITERAL_OF(SALT "\x02\x01\x02\x02\x01\x01"), 0},
        {&scrypt, LITERAL_OF("\x04\x00\x02\x01\x02\x02\x01\x01\x02\x01\x01"),
         0},
        {&scrypt, LITERAL_OF(SALT "\x02\x02\x40\x00\x02\x01\x08\x02\x01\x01"),
         1},
        {&scrypt,
         LITERAL_OF(SALT "\x02\x02\x40\x00\x02\x01\x08\x02\x01\x01"
                         "\x02\x01\x10"),
         1},
        {&scrypt,
         LITERAL_OF(SALT "\x02\x02\x40\x00\x02\x01\x08\x02\x01\x01"
                         "\x02\x01\x11"),
         0},
        {&scrypt,
         LITERAL_OF(SALT "\x02\x02\x40\x00\x02\x01\x08\x02\x01\x01\x05\x00"),
         0},
        /* N: no power of two, 1, 0, and too much memory */
        {&scrypt, LITERAL_OF(SALT "\x02\x02\x40\x01\x02\x01\x08\x02\x01\x01"),
         0},
        {&scrypt, LITERAL_OF(SALT "\x02\x01\x01\x02\x01\x08\x02\x01\x01"), 0},
        {&scrypt, LITERAL_OF(SALT "\x02\x01\x00\x02\x01\x08\x02\x01\x01"), 0},
        {&scrypt,
         LITERAL_OF(SALT "\x02\x03\x00\x80\x00\x02\x01\x08\x02\x01\x01"), 0},
        {&scrypt,
         LITERAL_OF(SALT "\x02\x08\x40\x00\x00\x00\x00\x00\x00\x00"
                         "\x02\x08\x40\x00\x00\x00\x00\x00\x00\x00"
                         "\x02\x01\x01"),
         0},
        /* r alone is too much, and a sixth element */
        {&scrypt,
         LITERAL_OF(SALT "\x02\x01\x02\x02\x04\x00\x98\x96\x80"
                         "\x02\x01\x01"),
         0},
        {&scrypt,
         LITERAL_OF(SALT "\x02\x02\x40\x00\x02\x01\x08\x02\x01\x01"
                         "\x02\x01\x10\x05\x00"),
         0},
        /* r = 1 and N = 65536, r = 0, p = 0, p = 17 */
        {&scrypt,
         LITERAL_OF(SALT "\x02\x03\x01\x00\x00\x02\x01\x01\x02\x01\x01"), 0},
        {&scrypt,
         LITERAL_OF(SALT "\x02\x03\x00\x80\x00\x02\x01\x01\x02\x01\x01"), 1},
        {&scrypt, LITERAL_OF(SALT "\x02\x01\x02\x02\x01\x00\x02\x01\x01"), 0},
        {&scrypt, LITERAL_OF(SALT "\x02\x01\x02\x02\x01\x01\x02\x01\x00"), 0},
        {&scrypt, LITERAL_OF(SALT "\x02\x01\x02\x02\x01\x01\x02\x01\x11"), 0},
        {&scrypt, LITERAL_OF(SALT "\x02\x01\x02\x02\x01\x01\x02\x01\x10"), 1},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        make_scheme(&scratch, *rows[i].kdf, rows[i].parameters, aes);
        CHECK_VERDICT(rows[i].known ? KESS_ERR_KEY_PASSWORD
                                    : KESS_ERR_KEY_FORMAT,
                      KESS_FOUND_ENCRYPTED_PRIVATE_KEY, &scratch,
                      LOADS_PRIVATE);
    }
}

/* A salt of 1024 bytes is read, and one more byte is too long. */
static void test_scheme_salt(void)
{
    static const literal kdf = LITERAL_OF(PBKDF2);
    static const literal aes = LITERAL_OF(AES128 IV16);
    static text parameters;

    other.len = 1025;
    memset(other.data, 's', other.len);
    for (int i = 0; i < 2; i++, other.len--) {
        parameters.len = 0;
        add_object(&parameters, 0x04, &other);
        ADD_LITERAL(&parameters, "\x02\x01\x01");
        const literal both = {(const char *)parameters.data, parameters.len};
        make_scheme(&scratch, kdf, both, aes);
        CHECK_VERDICT(i == 0 ? KESS_ERR_KEY_FORMAT : KESS_ERR_KEY_PASSWORD,
                      KESS_FOUND_ENCRYPTED_PRIVATE_KEY, &scratch,
                      LOADS_PRIVATE);
    }
}

/* Ciphers and functions that are not known, and broken ones. */
static void test_scheme_names(void)
{
    static const literal good = LITERAL_OF(SALT "\x02\x01\x01");
    static const literal kdfs[] = {LITERAL_OF(PBES2), LITERAL_OF("\x05\x00")};
    static const literal pbkdf2 = LITERAL_OF(PBKDF2);
    static const literal ciphers[] = {
        LITERAL_OF("\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x06" IV16),
        LITERAL_OF(AES128),
        LITERAL_OF(AES128 "\x05\x00"),
        LITERAL_OF(AES128 "\x04\x08" "01234567"),
        LITERAL_OF(AES128 IV16 "\x05\x00"),
    };
    for (size_t i = 0; i < 5; i++) {
        make_scheme(&scratch, pbkdf2, good, ciphers[i]);
        REFUSED(KEY_FORMAT, ENCRYPTED_PRIVATE_KEY, &scratch, LOADS_PRIVATE);
    }
    static const literal aes = LITERAL_OF(AES128 IV16);
    for (size_t i = 0; i < 2; i++) {
        make_scheme(&scratch, kdfs[i], good, aes);
        REFUSED(KEY_FORMAT, ENCRYPTED_PRIVATE_KEY, &scratch, LOADS_PRIVATE);
    }
    /* PBES1 */
    start("");
    ADD_LITERAL(&scratch, "\x30\x1b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05"
                          "\x03\x30\x0e\x04\x08" "01234567" "\x02\x02\x08\x00"
                          "\x04\x08" "01234567");
    enclose(&scratch, 0x30);
    REFUSED(KEY_FORMAT, ENCRYPTED_PRIVATE_KEY, &scratch, LOADS_PRIVATE);
    /* nothing encrypted */
    start("");
    ADD_LITERAL(&scratch, "\x30\x02\x05\x00\x04\x00");
    enclose(&scratch, 0x30);
    REFUSED(KEY_FORMAT, NOTHING, &scratch, LOADS_PRIVATE);
}

/* ------------------------------------------------------------ files */

static void write_file(const char *path, const void *data, size_t len)
{
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL);
    CHECK_EQUAL(len, fwrite(data, 1, len, file));
    CHECK_EQUAL(0, fclose(file));
}

/* Files give what their bytes give. */
static void test_files(void)
{
    char path[] = "test_keyfile.tmp";
    kess_error err;
    kess_key *key = NULL;

    write_file(path, with.encrypted_pem.data, with.encrypted_pem.len);
    CHECK_EQUAL(KESS_OK, kess_private_key_load_file(&key, path, "secret", 6, 0,
                                                    &err));
    CHECK_EQUAL(1, kess_key_is_private(key));
    kess_key_free(key);
    key = NULL;
    CHECK_EQUAL(KESS_ERR_KEY_PASSWORD,
                kess_private_key_load_file(&key, path, NULL, 0, 0, &err));
    CHECK_EQUAL(KESS_ERR_KEY_SECRET,
                kess_public_key_load_file(&key, path, 0, &err));
    CHECK_EQUAL(KESS_FOUND_ENCRYPTED_PRIVATE_KEY, err.item);

    write_file(path, with.spki.data, with.spki.len);
    CHECK_EQUAL(KESS_OK, kess_public_key_load_file(&key, path, 0, NULL));
    kess_key_free(key);
    key = NULL;

    write_file(path, "", 0);
    CHECK_EQUAL(KESS_ERR_KEY_FORMAT,
                kess_public_key_load_file(&key, path, 0, &err));
    CHECK_EQUAL(0, remove(path));
    CHECK_EQUAL(KESS_ERR_FILE, kess_public_key_load_file(&key, path, 0, &err));
    CHECK_EQUAL(KESS_ERR_FILE, err.status);
    CHECK_EQUAL(KESS_ERR_FILE,
                kess_private_key_load_file(&key, ".", NULL, 0, 0, &err));
    CHECK(key == NULL);
}

/* Endless files end at the limit. */
static void test_endless_file(void)
{
    FILE *file = fopen("/dev/zero", "rb");
    kess_key *key = NULL;

    if (file == NULL) {
        return; /* not on this system */
    }
    fclose(file);
    CHECK_EQUAL(KESS_ERR_KEY_FORMAT,
                kess_public_key_load_file(&key, "/dev/zero", 0, NULL));
}

/* NULL and unknown options are refused, and nothing is written. */
static void test_arguments(void)
{
    const uint8_t *data = with.spki.data;
    const size_t len = with.spki.len;
    kess_key *key = NULL;
    kess_error err = {0, 0, 0};

    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_public_key_load(NULL, data, len, 0, &err));
    CHECK_EQUAL(KESS_ERR_ARGUMENT, err.status);
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_public_key_load(&key, NULL, 1, 0, NULL));
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_public_key_load(&key, data, len, 4, NULL));
    CHECK_EQUAL(KESS_ERR_KEY_FORMAT,
                kess_public_key_load(&key, NULL, 0, 0, NULL));
    CHECK_EQUAL(KESS_ERR_ARGUMENT, kess_private_key_load(NULL, data, len, NULL,
                                                         0, 0, NULL));
    CHECK_EQUAL(KESS_ERR_ARGUMENT, kess_private_key_load(&key, NULL, 1, NULL,
                                                         0, 0, NULL));
    CHECK_EQUAL(KESS_ERR_ARGUMENT, kess_private_key_load(&key, data, len, NULL,
                                                         1, 0, NULL));
    CHECK_EQUAL(KESS_ERR_ARGUMENT, kess_private_key_load(&key, data, len, NULL,
                                                         0, 4, NULL));
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_public_key_load_file(NULL, "x", 0, NULL));
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_public_key_load_file(&key, NULL, 0, NULL));
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_public_key_load_file(&key, "x", 4, NULL));
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_private_key_load_file(NULL, "x", NULL, 0, 0, NULL));
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_private_key_load_file(&key, NULL, NULL, 0, 0, NULL));
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_private_key_load_file(&key, "x", NULL, 1, 0, NULL));
    CHECK_EQUAL(KESS_ERR_ARGUMENT,
                kess_private_key_load_file(&key, "x", NULL, 0, 4, NULL));
    CHECK(key == NULL);
}

int main(void)
{
    make_files();
    test_accepts();
    test_accepts_labels();
    test_accepts_chain();
    test_accepts_invisible();
    test_accepts_wide();
    test_accepts_base64_of_pem();
    test_accepts_company();
    test_accepts_options();
    test_names_kind();
    test_names_first();
    test_names_private();
    test_secret();
    test_ambiguous();
    test_framing();
    test_no_key();
    test_body();
    test_exact_length();
    test_limit();
    test_der_strict();
    test_der_integers();
    test_algorithm();
    test_private_contents();
    test_public_contents();
    test_other_keys();
    test_changed_bytes();
    test_encrypted_schemes();
    test_passwords();
    test_encrypted_nothing();
    test_password_length();
    test_encrypted_other();
    test_scheme_limits();
    test_scheme_salt();
    test_scheme_names();
    test_files();
    test_endless_file();
    test_arguments();
    numbers_release(&with.numbers);
    EVP_PKEY_free(with.pkey);
    return 0;
}

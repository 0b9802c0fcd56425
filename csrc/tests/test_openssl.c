/*
 * test_openssl.c: every call of libcrypto that can fail fails once, with each
 * value that says so, with and without an entry in the error queue. The status
 * is clean, the outputs are as before, nothing stays behind; the sanitizers
 * and valgrind look for libcrypto's own objects.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <ctype.h>

#include "kernel.h"

#include "faulty_openssl.h"

/* The files that allocate. */
#include "../src/libcrypto.c"
#include "../src/rsa.c"
#include "../src/rsakey.c"

#include "../src/pkcs12.c"

/* Every second document of a batch is asked of OpenSSL as well. */
#define KESS_CHECKED_EVERY 2
#include "../src/batch.c"
#include "../src/known8.c"

#include "../src/keyfile.c"
#include "../src/pem.c"

#include "keymaker.h"

/* ------------------------------------------------------------ faults */

static long calls;        /* since the last arming */
static long fail_at = -1; /* the call that fails */
static int keep_on;       /* and all behind it */
static int reason;        /* put in the error queue; 0: none */
static const char *failed;
static long ours_alive;

/* The names of the calls that were seen. */
#define NAMES 96
static const char *names[NAMES];
static size_t name_count;

static void note(const char *call)
{
    for (size_t i = 0; i < name_count; i++) {
        if (strcmp(names[i], call) == 0) {
            return;
        }
    }
    CHECK(name_count < NAMES);
    names[name_count++] = call;
}

static int refuses(const char *call)
{
    const long number = calls++;

    note(call);
    if (fail_at < 0 || number < fail_at || (number > fail_at && !keep_on)) {
        return 0;
    }
    failed = call;
    if (reason != 0 && strcmp(call, "malloc") != 0) {
        ERR_raise(ERR_LIB_USER, reason);
    }
    return 1;
}

void *faulty_malloc(size_t size)
{
    void *memory = refuses("malloc") ? NULL : malloc(size);
    ours_alive += memory != NULL;
    return memory;
}

void faulty_free(void *memory)
{
    ours_alive -= memory != NULL;
    free(memory);
}

/* ------------------------------------------------------------ work */

static text private_pem;
static text public_pem;
static text encrypted; /* a short key, which signs sooner; all else is its own */
static kess_key *private_key;
static kess_key *public_key;
static uint8_t good[256];
static const uint8_t data[] = "message";

static kess_status finish_load(kess_key *made, kess_status status)
{
    CHECK((status == KESS_OK) == (made != NULL));
    kess_key_free(made);
    return status;
}

static kess_status load_private(void)
{
    kess_key *made = NULL;
    const kess_status status = kess_private_key_load(
        &made, private_pem.data, private_pem.len, NULL, 0, 0, NULL);
    return finish_load(made, status);
}

static kess_status load_encrypted(void)
{
    kess_key *made = NULL;
    const kess_status status = kess_private_key_load(
        &made, encrypted.data, encrypted.len, "secret", 6,
        KESS_KEY_ALLOW_WEAK, NULL);
    return finish_load(made, status);
}

static kess_status load_public(void)
{
    kess_key *made = NULL;
    const kess_status status =
        kess_public_key_load(&made, public_pem.data, public_pem.len, 0, NULL);
    return finish_load(made, status);
}

/* Encrypted bags, plain ones, and where there is a legacy provider its ciphers:
 * each is opened for both halves. The first two have a short key as well. */
static text modern;
static text unencrypted;
static text legacy;

static kess_status load_p12(const text *file, int want_private)
{
    kess_key *made = NULL;
    const kess_status status =
        want_private
            ? kess_private_key_load(&made, file->data, file->len, "secret", 6,
                                    KESS_KEY_ALLOW_WEAK, NULL)
            : kess_public_key_load_protected(&made, file->data, file->len,
                                             "secret", 6, KESS_KEY_ALLOW_WEAK,
                                             NULL);
    return finish_load(made, status);
}

static kess_status load_modern(void)
{
    return load_p12(&modern, 1);
}

static kess_status load_modern_public(void)
{
    return load_p12(&modern, 0);
}

static kess_status load_plain(void)
{
    return load_p12(&unencrypted, 1);
}

static kess_status load_legacy(void)
{
    return load_p12(&legacy, 0);
}

static void make_p12_files(EVP_PKEY *pkey, EVP_PKEY *brief)
{
    X509 *certificate = new_certificate(pkey, 2);
    X509 *short_one = new_certificate(brief, 2);
    OSSL_LIB_CTX *lib = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *standard = OSSL_PROVIDER_load(lib, "default");
    OSSL_PROVIDER *old = OSSL_PROVIDER_load(lib, "legacy");
    STACK_OF(X509) *more = sk_X509_new_null();

    CHECK(more != NULL && sk_X509_push(more, short_one) > 0);
    make_pkcs12(&modern, brief, short_one, more, "secret", 0, NULL);
    make_pkcs12(&unencrypted, brief, short_one, NULL, "secret", -1, NULL);
    make_pkcs12(&legacy, pkey, certificate, NULL, "secret", -1, NULL);
    if (old != NULL) {
        make_pkcs12(&legacy, pkey, certificate, NULL, "secret",
                    NID_pbe_WithSHA1And40BitRC2_CBC, lib);
    }
    ERR_clear_error();
    sk_X509_free(more);
    X509_free(short_one);
    X509_free(certificate);
    OSSL_PROVIDER_unload(old);
    OSSL_PROVIDER_unload(standard);
    OSSL_LIB_CTX_free(lib);
}

static kess_status take_public_half(void)
{
    kess_key *made = NULL;
    const kess_status status = kess_key_public(&made, private_key, NULL);
    return finish_load(made, status);
}

/* Scrypt, which no writer of libcrypto's tools chooses. */
static kess_status decrypt(void)
{
    static const uint8_t salt[9] = "saltsalt";
    static const uint8_t iv[17] = "iviviviviviviviv";
    static const uint8_t secret[32] = {1, 2, 3};
    const kess_pbes2 scheme = {
        NULL, {salt, 8}, 16, 8, 1, "AES-256-CBC", 32, {iv, 16}, {secret, 32}};
    const kess_slice password = {data, sizeof(data)};
    kess_secret plain = {NULL, 0};
    size_t len = 0;
    const kess_status status =
        kess_int_decrypt(&plain, &len, &scheme, password);

    kess_int_secret_free(&plain);
    return status;
}

static kess_status sign(void)
{
    uint8_t signature[256] = {0x55, 0x55};
    size_t len = sizeof(signature);
    const kess_status status = kess_sign(private_key, signature, &len, data,
                                         sizeof(data), NULL);

    CHECK_EQUAL(256, len);
    CHECK(status == KESS_OK ? memcmp(signature, good, 256) == 0
                            : signature[0] == 0x55 && signature[1] == 0x55);
    return status;
}

static kess_status verify(void)
{
    return kess_verify(public_key, good, sizeof(good), data, sizeof(data),
                       NULL);
}

static kess_status verify_wrong(void)
{
    uint8_t wrong[256];

    memcpy(wrong, good, sizeof(wrong));
    wrong[100] ^= 1;
    return kess_verify(public_key, wrong, sizeof(wrong), data, sizeof(data),
                       NULL);
}

/* Right, right and checked, wrong; then the right one again alone, since three
 * of four wait. Each status is the right one or says that libcrypto failed. */
static text bodies;
static int64_t body_offsets[10];

static kess_status verify_batch(void)
{
    int32_t statuses[9];
    kess_status failure = KESS_OK;
    const kess_status status =
        kess_verify_documents(public_key, statuses, bodies.data, bodies.len,
                              body_offsets, 9, NULL, NULL);

    CHECK_EQUAL(KESS_OK, status);
    for (size_t i = 0; i < 9; i++) {
        const kess_status right = i == 2 ? KESS_ERR_SIGNATURE : KESS_OK;
        if ((kess_status)statuses[i] != right) {
            CHECK(statuses[i] == KESS_ERR_CRYPTO ||
                  statuses[i] == KESS_ERR_MEMORY);
            failure = (kess_status)statuses[i];
        }
    }
    /* A failure is no disagreement. */
    CHECK_EQUAL(8, kess_key_ways(public_key));
    return failure;
}

static void make_bodies(void)
{
    for (size_t i = 0; i < 9; i++) {
        uint8_t body[1000];
        char parameters[] = "{\"n\":0}";
        size_t len = sizeof(body);
        parameters[5] = (char)('0' + i);
        CHECK_EQUAL(KESS_OK, kess_signed_body(private_key, body, &len,
                                              (const uint8_t *)parameters,
                                              strlen(parameters), NULL, NULL));
        if (i == 2) {
            body[5] = '7';
        }
        add(&bodies, body, len);
        body_offsets[i + 1] = (int64_t)bodies.len;
    }
}

/* ------------------------------------------------------------ tests */

typedef struct job {
    const char *name;
    kess_status (*run)(void);
    kess_status expected;
} job;

static const job jobs[] = {
    {"sign", sign, KESS_OK},
    {"verify", verify, KESS_OK},
    {"verify wrong", verify_wrong, KESS_ERR_SIGNATURE},
    {"verify batch", verify_batch, KESS_OK},
    {"load public", load_public, KESS_OK},
    {"public half", take_public_half, KESS_OK},
    {"load private", load_private, KESS_OK},
    {"load encrypted", load_encrypted, KESS_OK},
    {"decrypt", decrypt, KESS_ERR_KEY_PASSWORD},
    {"load PKCS#12", load_modern, KESS_OK},
    {"load PKCS#12 public", load_modern_public, KESS_OK},
    {"load plain PKCS#12", load_plain, KESS_OK},
    {"load legacy PKCS#12", load_legacy, KESS_OK},
};

/* The contexts of a key are used up, so that an operation makes new ones. */
static void dismiss(kess_ctx_pool *of)
{
    for (pooled_ctx *by = kess_int_slots_take(&of->idle); by != NULL;
         by = kess_int_slots_take(&of->idle)) {
        pooled_ctx_free(by);
    }
}

static void dismiss_all(void)
{
    dismiss(private_key->signers);
    dismiss(private_key->verifiers);
    dismiss(public_key->verifiers);
}

static kess_status run(const job *j, long at)
{
    calls = 0;
    failed = NULL;
    fail_at = at;
    const kess_status status = j->run();
    fail_at = -1;
    CHECK_EQUAL(0, ERR_peek_last_error());
    return status;
}

/* PKCS#12 functions say no to a wrong password or a damaged file, and say no
 * more. */
static int is_p12_call(void)
{
    return strstr(failed, "PKCS12") != NULL || strstr(failed, "i2d_") != NULL ||
           strstr(failed, "OSSL_") != NULL || strstr(failed, "BIO_") != NULL;
}

/* A call that failed is reported as such. The padding of a wrong password and a
 * failing last step of the decryption look the same. */
static void check_failed(const job *j, kess_status status)
{
    const int is_memory =
        reason == ERR_R_MALLOC_FAILURE || strcmp(failed, "malloc") == 0;
    const int is_padding = strcmp(failed, "EVP_DecryptFinal_ex") == 0;

    if (status == KESS_ERR_MEMORY || status == KESS_ERR_CRYPTO ||
        (is_padding && !is_memory && status == KESS_ERR_KEY_PASSWORD) ||
        (is_p12_call() && !is_memory &&
         (status == KESS_ERR_KEY_PASSWORD || status == KESS_ERR_KEY_FORMAT))) {
        return;
    }
    fprintf(stderr, "%s: %s failed: %s\n", j->name, failed,
            kess_status_name(status));
    CHECK(is_memory && status == KESS_ERR_MEMORY);
}

/* New or used contexts: each makes other calls. */
static void test_job(const job *j, int fresh)
{
    CHECK_EQUAL(j->expected, run(j, -1));
    const long alive = ours_alive;
    for (long at = 0;; at++) {
        if (fresh) {
            dismiss_all();
        }
        const kess_status status = run(j, at);
        CHECK_EQUAL(alive, ours_alive);
        if (failed == NULL) {
            CHECK(at > 0);
            CHECK_EQUAL(j->expected, status);
            return;
        }
        check_failed(j, status);
        /* Nothing is left that spoils the next one. */
        if (at % step_of(8) == 0) {
            CHECK_EQUAL(j->expected, run(j, -1));
        }
    }
}

/* What uses contexts of a key that is there already. */
static int has_contexts(const job *j)
{
    return j->run == sign || j->run == verify || j->run == verify_wrong ||
           j->run == verify_batch;
}

/* What loads a key without more: the other jobs have those calls whose entry in the
 * error queue matters. */
static int is_plain_load(const job *j)
{
    return j->run == load_public || j->run == take_public_half ||
           j->run == load_private || j->run == load_modern ||
           j->run == load_modern_public || j->run == load_plain;
}

/* In how many ways: a value and an entry. */
static void test_all(int ways)
{
    static const int reasons[] = {0, ERR_R_MALLOC_FAILURE,
                                  ERR_R_INTERNAL_ERROR};

    for (failed_value = 0; failed_value >= -1; failed_value--) {
        for (size_t i = 0; i < 3 && ways-- > 0; i++) {
            reason = reasons[i];
            for (size_t k = 0; k < sizeof(jobs) / sizeof(jobs[0]); k++) {
                keep_on = failed_value < 0;
                /* Of a sample, the first way with used ones, the second with new; but
                 * plain loads only once. */
                if (is_sample() ? i == 1 && !is_plain_load(&jobs[k])
                                : has_contexts(&jobs[k])) {
                    test_job(&jobs[k], 1);
                }
                if (!is_sample() || i == 0) {
                    test_job(&jobs[k], 0);
                }
            }
        }
    }
    failed_value = 0;
    reason = 0;
    keep_on = 0;
}

/* A libcrypto that accepts every signature is found out when a key is loaded,
 * and one that writes another length than the key's signs nothing. */
static void test_lies(void)
{
    says_yes = 1;
    CHECK_EQUAL(KESS_ERR_CRYPTO, load_public());
    CHECK_EQUAL(KESS_ERR_CRYPTO, load_private());
    says_yes = 0;
    signs_short = 1;
    CHECK_EQUAL(KESS_ERR_CRYPTO, sign());
    CHECK_EQUAL(KESS_ERR_CRYPTO, load_private());
    signs_short = 0;
    CHECK_EQUAL(KESS_OK, sign());
}

/* A signature that left a note in the error queue is verified first. */
static void test_notes(void)
{
    ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR);
    CHECK_EQUAL(KESS_OK, sign());
    CHECK_EQUAL(0, ERR_peek_last_error());
}

/* More contexts than there is room for are not kept. */
static void test_crowd(void)
{
    pooled_ctx *crowd[KESS_SLOTS + 2];

    for (size_t i = 0; i < KESS_SLOTS + 2; i++) {
        crowd[i] = pooled_ctx_take(public_key->verifiers, public_key->sha256);
        CHECK(crowd[i] != NULL);
    }
    for (size_t i = 0; i < KESS_SLOTS + 2; i++) {
        pooled_ctx_return(public_key->verifiers, crowd[i]);
    }
    CHECK_EQUAL(KESS_OK, verify());
}

/* What cannot fail, or whose failure means nothing. */
static const char *const harmless[] = {
    "BN_CTX_free",       "BN_MONT_CTX_free", "BN_clear_free",
    "BN_cmp",
    "BN_is_odd",         "BN_is_one",       "BN_is_word",
    "BN_is_zero",        "BN_zero",
    "BN_num_bits",       "BN_num_bytes",    "BN_set_flags",
    "BN_value_one",      "ERR_GET_REASON",  "ERR_clear_error",
    "ERR_get_error",     "ERR_peek_last_error", "ERR_raise",
    "EVP_CIPHER_CTX_free", "EVP_CIPHER_free", "EVP_MD_CTX_free",
    "EVP_MD_free",       "EVP_PKEY_CTX_free", "EVP_PKEY_free",
    "OPENSSL_cleanse",   "OPENSSL_free",    "OPENSSL_version",
    "OpenSSL_version",   "OSSL_PARAM_construct_BN",
    "OSSL_PARAM_construct_end",
    "EVP_default_properties_is_fips_enabled",
    "OSSL_LIB_CTX_free", "OSSL_PROVIDER_unload",
    "PKCS12_SAFEBAG_get0_p8inf", "PKCS12_SAFEBAG_get0_pkcs8", "PKCS12_SAFEBAG_get_bag_nid",
    "PKCS12_SAFEBAG_get_nid", "PKCS12_free", "PKCS12_get0_mac",
    "PKCS7_type_is_data", "PKCS7_type_is_encrypted",
    "PKCS8_PRIV_KEY_INFO_free", "X509_ALGOR_get0", "X509_SIG_get0", "X509_free",
};

static int is_known(const char *name)
{
    for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
        if (strcmp(harmless[i], name) == 0) {
            return 1;
        }
    }
    for (size_t i = 0; i < name_count; i++) {
        if (strcmp(names[i], name) == 0) {
            return 1;
        }
    }
    return 0;
}

static int is_libcrypto(const char *name)
{
    static const char *const prefixes[] = {
        "BN_", "CRYPTO_", "d2i_", "ERR_", "EVP_", "i2d_", "OpenSSL_",
        "OPENSSL_", "OSSL_", "PKCS", "RSA_", "X509_",
    };

    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0) {
            return 1;
        }
    }
    return 0;
}

/* How many calls of libcrypto there are in a file; each was made to fail above,
 * or is known to be harmless. */
static size_t check_names(const char *path)
{
    FILE *source = fopen(path, "rb");
    char name[100];
    size_t len = 0;
    size_t found = 0;

    CHECK(source != NULL);
    for (int c = fgetc(source); c != EOF; c = fgetc(source)) {
        if (isalnum(c) || c == '_') {
            CHECK(len + 1 < sizeof(name));
            name[len++] = (char)c;
            continue;
        }
        name[len] = '\0';
        len = 0;
        if (c == '(' && is_libcrypto(name)) {
            found++;
            if (!is_known(name)) {
                fprintf(stderr, "%s is not in faulty_openssl.h\n", name);
            }
            CHECK(is_known(name));
        }
    }
    fclose(source);
    return found;
}

static void test_names(void)
{
    CHECK(check_names("../src/libcrypto.c") > 15);
    CHECK(check_names("../src/pkcs12.c") > 20);
    CHECK(check_names("../src/rsa.c") > 15);
    CHECK(check_names("../src/rsakey.c") > 20);
    CHECK_EQUAL(0, check_names("../src/libcrypto.h"));
}

int main(void)
{
    EVP_PKEY *made = new_rsa(2048);
    EVP_PKEY *brief = new_rsa(512);

    make_pkcs8_pem(&private_pem, made);
    make_spki_pem(&public_pem, made);
    make_encrypted_der(&encrypted, brief, "AES-256-CBC", "secret");
    make_p12_files(made, brief);
    EVP_PKEY_free(brief);
    EVP_PKEY_free(made);
    private_key = must_load(&private_pem, LOADS_PRIVATE);
    public_key = must_load(&public_pem, LOADS_PUBLIC);
    const kess_slice slice = {data, sizeof(data)};
    CHECK_EQUAL(KESS_OK, kess_int_sign(private_key, good, &slice, 1));

    make_bodies();
    CHECK_EQUAL(8, kess_key_ways(public_key));
    test_all(is_sample() ? 2 : 6);
    test_lies();
    test_notes();
    test_crowd();
    test_names();
    kess_key_free(private_key);
    kess_key_free(public_key);
    CHECK_EQUAL(0, ours_alive);
    return 0;
}

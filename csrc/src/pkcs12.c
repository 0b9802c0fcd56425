/*
 * pkcs12.c: the private key and the certificates in a PKCS#12 file.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * OpenSSL takes the file apart (RFC 7292); what is found is handed on as DER, so
 * that the key is read and judged as every other one. PKCS12_parse would leave
 * the primes in memory that it frees without wiping.
 */
#include <string.h>

#include "fork_guard.h"
#include "keyfile.h"
#include "libcrypto.h"

#define CERTIFICATES_MAX 32

typedef struct p12_contents {
    OSSL_LIB_CTX *lib;
    const char *password;
    int password_len;
    uint64_t cost; /* of the passwords so far, in iterations */
    int is_costly; /* or it does not say what it costs */
    kess_secret key; /* PKCS#8 */
    kess_secret certificates[CERTIFICATES_MAX];
    size_t count;
} p12_contents;

static void contents_free(p12_contents *c)
{
    kess_int_secret_free(&c->key);
    for (size_t i = 0; i < c->count; i++) {
        kess_int_secret_free(&c->certificates[i]);
    }
    c->count = 0;
}

/* The functions below return 1 or 0, as libcrypto's do. */

static int make_room(kess_secret *der, int len)
{
    if (len <= 0) {
        return 0;
    }
    der->data = kess_int_allocate((size_t)len);
    der->len = der->data != NULL ? (size_t)len : 0;
    return der->data != NULL;
}

/* The first key counts, as it does for PKCS12_parse. */
static int take_key(p12_contents *c, const PKCS8_PRIV_KEY_INFO *key)
{
    if (c->key.data != NULL) {
        return 1;
    }
    const int len = i2d_PKCS8_PRIV_KEY_INFO(key, NULL);
    if (!make_room(&c->key, len)) {
        return 0;
    }
    uint8_t *at = c->key.data;
    return i2d_PKCS8_PRIV_KEY_INFO(key, &at) == len;
}

static int take_certificate(p12_contents *c, const X509 *certificate)
{
    if (c->count == CERTIFICATES_MAX) {
        return 1;
    }
    kess_secret *der = &c->certificates[c->count];
    const int len = i2d_X509(certificate, NULL);
    if (!make_room(der, len)) {
        return 0;
    }
    c->count++;
    uint8_t *at = der->data;
    return i2d_X509(certificate, &at) == len;
}

/* Where OpenSSL has neither a password nor a salt for the key derivation of
 * PKCS#12, it asks for 0 bytes, and takes NULL for a lack of memory. */
static int is_nothing(const p12_contents *c, size_t salt_len)
{
    return c->password == NULL && salt_len == 0;
}

/* A file may have no MAC, and any number of parts that cost as much as they say. */
static int is_affordable(p12_contents *c, const X509_ALGOR *scheme)
{
    const ASN1_OBJECT *name = NULL;
    const void *value = NULL;
    kess_der parameters;
    int type = 0;

    X509_ALGOR_get0(&name, &type, &value, scheme);
    c->is_costly = 1;
    if (type == V_ASN1_SEQUENCE) {
        const ASN1_STRING *string = value;
        const kess_slice oid = {OBJ_get0_data(name), OBJ_length(name)};
        const kess_slice der = {ASN1_STRING_get0_data(string),
                                (size_t)ASN1_STRING_length(string)};
        c->is_costly = !kess_int_der_open(&parameters, der) ||
                       !kess_int_pbe_cost(&c->cost, oid, &parameters);
    }
    /* Of PBES2 the first parameter is a function, which is never empty. */
    return !c->is_costly && !is_nothing(c, parameters.contents[0].len);
}

static int take_shrouded(p12_contents *c, const PKCS12_SAFEBAG *bag)
{
    const X509_ALGOR *scheme = NULL;

    X509_SIG_get0(PKCS12_SAFEBAG_get0_pkcs8(bag), &scheme, NULL);
    if (!is_affordable(c, scheme)) {
        return 0;
    }
    PKCS8_PRIV_KEY_INFO *key = PKCS12_decrypt_skey_ex(
        bag, c->password, c->password_len, c->lib, NULL);
    const int done = key != NULL && take_key(c, key);

    PKCS8_PRIV_KEY_INFO_free(key); /* wipes it */
    return done;
}

static int take_bag(p12_contents *c, const PKCS12_SAFEBAG *bag)
{
    const int kind = PKCS12_SAFEBAG_get_nid(bag);

    if (kind == NID_keyBag) {
        return take_key(c, PKCS12_SAFEBAG_get0_p8inf(bag));
    }
    if (kind == NID_pkcs8ShroudedKeyBag) {
        return take_shrouded(c, bag);
    }
    if (kind != NID_certBag ||
        PKCS12_SAFEBAG_get_bag_nid(bag) != NID_x509Certificate) {
        return 1;
    }
    X509 *certificate = PKCS12_SAFEBAG_get1_cert(bag);
    const int done = certificate != NULL && take_certificate(c, certificate);
    X509_free(certificate);
    return done;
}

static int take_safe(p12_contents *c, PKCS7 *safe)
{
    STACK_OF(PKCS12_SAFEBAG) *bags = NULL;

    if (PKCS7_type_is_data(safe)) {
        bags = PKCS12_unpack_p7data(safe);
    } else if (PKCS7_type_is_encrypted(safe)) {
        if (!is_affordable(c, safe->d.encrypted->enc_data->algorithm)) {
            return 0;
        }
        bags = PKCS12_unpack_p7encdata(safe, c->password, c->password_len);
    } else {
        return 1;
    }
    int done = bags != NULL;
    for (int i = 0; done && i < sk_PKCS12_SAFEBAG_num(bags); i++) {
        done = take_bag(c, sk_PKCS12_SAFEBAG_value(bags, i));
    }
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    return done;
}

/* Without a password there may be none, or an empty one: two different MACs. */
static int is_password(p12_contents *c, PKCS12 *file)
{
    const ASN1_OCTET_STRING *salt = NULL;

    PKCS12_get0_mac(NULL, NULL, &salt, NULL, file);
    if (salt == NULL) {
        return 1;
    }
    if (!is_nothing(c, (size_t)ASN1_STRING_length(salt)) &&
        PKCS12_verify_mac(file, c->password, c->password_len) == 1) {
        return 1;
    }
    if (c->password_len > 0) {
        return 0;
    }
    c->password = "";
    if (PKCS12_verify_mac(file, c->password, 0) == 1) {
        return 1;
    }
    c->password = NULL; /* both may fit where the legacy provider has the digest */
    return 0;
}

static int take_all(p12_contents *c, PKCS12 *file)
{
    if (!is_password(c, file)) {
        return 0;
    }
    STACK_OF(PKCS7) *safes = PKCS12_unpack_authsafes(file);
    int done = safes != NULL;
    for (int i = 0; done && i < sk_PKCS7_num(safes); i++) {
        done = take_safe(c, sk_PKCS7_value(safes, i));
    }
    sk_PKCS7_pop_free(safes, PKCS7_free);
    return done;
}

/* The file for a library context, which its parts inherit. */
static PKCS12 *read_file(kess_slice der, OSSL_LIB_CTX *lib)
{
    PKCS12 *file = PKCS12_init_ex(NID_pkcs7_data, lib, NULL);
    BIO *bytes = BIO_new_mem_buf(der.data, (int)der.len);

    if (file == NULL || bytes == NULL || d2i_PKCS12_bio(bytes, &file) == NULL) {
        PKCS12_free(file);
        file = NULL;
    }
    BIO_free(bytes);
    return file;
}

/* Why it failed: memory, a cipher that is not there, or the password. */
static kess_status drain_failure(void)
{
    int no_memory = 0;
    int no_cipher = 0;

    while (kess_int_has_errors()) {
        const int reason = ERR_GET_REASON(ERR_get_error());
        no_memory |= reason == ERR_R_MALLOC_FAILURE;
        no_cipher |= reason == ERR_R_UNSUPPORTED;
    }
    if (no_memory) {
        return KESS_ERR_MEMORY;
    }
    return no_cipher ? KESS_ERR_CRYPTO : KESS_ERR_KEY_PASSWORD;
}

static kess_status read_contents(p12_contents *c, kess_slice der)
{
    PKCS12 *file = read_file(der, c->lib);
    if (file == NULL) {
        const kess_status status = drain_failure();
        return status == KESS_ERR_MEMORY ? status : KESS_ERR_KEY_FORMAT;
    }
    c->cost = 0;
    const int done = take_all(c, file);
    PKCS12_free(file);
    const kess_status failure = drain_failure();
    if (done) {
        return KESS_OK;
    }
    contents_free(c);
    return c->is_costly ? KESS_ERR_KEY_FORMAT : failure;
}

/* RC2 and the like are in the legacy provider: it is asked for this file alone,
 * and not where FIPS is demanded. */
static kess_status read_legacy(p12_contents *c, kess_slice der)
{
    kess_status status = KESS_ERR_CRYPTO;

    if (EVP_default_properties_is_fips_enabled(NULL)) {
        return status;
    }
    c->lib = OSSL_LIB_CTX_new();
    if (c->lib == NULL) {
        return KESS_ERR_MEMORY;
    }
    OSSL_PROVIDER *standard = OSSL_PROVIDER_load(c->lib, "default");
    OSSL_PROVIDER *legacy = OSSL_PROVIDER_load(c->lib, "legacy");
    if (standard != NULL && legacy != NULL) {
        status = read_contents(c, der);
    } else if (drain_failure() == KESS_ERR_MEMORY) {
        status = KESS_ERR_MEMORY;
    }
    OSSL_PROVIDER_unload(legacy);
    OSSL_PROVIDER_unload(standard);
    OSSL_LIB_CTX_free(c->lib);
    return status;
}

/* ------------------------------------------------------------ choice */

static kess_slice slice_of(const kess_secret *der)
{
    const kess_slice slice = {der->data, der->len};
    return slice;
}

static int is_same(kess_slice one, kess_slice other)
{
    return one.len == other.len && memcmp(one.data, other.data, one.len) == 0;
}

static int is_pair(const kess_rsa_parts *one, const kess_rsa_parts *other)
{
    return is_same(one->part[KESS_RSA_N], other->part[KESS_RSA_N]) &
           is_same(one->part[KESS_RSA_E], other->part[KESS_RSA_E]);
}

static kess_status read_parts(kess_rsa_parts *parts, const kess_secret *der,
                              kess_error *err)
{
    kess_der outer;
    const kess_container_kind kind = kess_int_kind_of(&outer, slice_of(der));

    return kess_int_parts_read(parts, kind, &outer, err);
}

/* Which of several certificates is that of the key. */
static kess_status find_certificate(size_t *at, const p12_contents *c,
                                    kess_error *err)
{
    kess_rsa_parts key;
    kess_rsa_parts one;
    const kess_status status = read_parts(&key, &c->key, err);

    if (status != KESS_OK) {
        return status;
    }
    for (*at = 0; *at < c->count; ++*at) {
        if (read_parts(&one, &c->certificates[*at], err) == KESS_OK &&
            is_pair(&one, &key)) {
            return KESS_OK;
        }
    }
    return kess_int_kind_refuse(err, KESS_ERR_KEY_AMBIGUOUS, KESS_KIND_PKCS12);
}

static kess_status choose_half(kess_secret *chosen, p12_contents *c, int want_private,
                          kess_error *err)
{
    size_t at = 0;
    kess_secret *found = want_private ? &c->key : &c->certificates[0];

    if (want_private ? c->key.data == NULL : c->count == 0) {
        return kess_int_kind_refuse(err, KESS_ERR_KEY_KIND, KESS_KIND_PKCS12);
    }
    if (!want_private && c->count > 1 && c->key.data == NULL) {
        return kess_int_kind_refuse(err, KESS_ERR_KEY_AMBIGUOUS,
                                    KESS_KIND_PKCS12);
    }
    if (!want_private && c->count > 1) {
        const kess_status status = find_certificate(&at, c, err);
        if (status != KESS_OK) {
            return status;
        }
        found = &c->certificates[at];
    }
    *chosen = *found;
    memset(found, 0, sizeof(*found));
    return KESS_OK;
}

static kess_status open_inside(kess_secret *found, kess_slice der,
                               kess_slice password, int want_private,
                               kess_error *err)
{
    p12_contents c;

    memset(&c, 0, sizeof(c));
    if (password.len > 0) {
        c.password = (const char *)password.data;
        c.password_len = (int)password.len;
    }
    kess_int_clear_errors();
    kess_status status = read_contents(&c, der);
    if (status == KESS_ERR_CRYPTO) {
        status = read_legacy(&c, der);
    }
    kess_int_clear_errors();
    if (status == KESS_OK) {
        status = choose_half(found, &c, want_private, err);
    } else if (status == KESS_ERR_MEMORY) {
        kess_int_refuse(err, status, KESS_FOUND_NOTHING);
    } else {
        status = status == KESS_ERR_CRYPTO ? KESS_ERR_KEY_FORMAT : status;
        kess_int_kind_refuse(err, status, KESS_KIND_PKCS12);
    }
    contents_free(&c);
    return status;
}

kess_status kess_int_pkcs12_open(kess_secret *found, kess_slice der,
                                 kess_slice password, int want_private,
                                 kess_error *err)
{
    const size_t shard = kess_int_fork_guard_enter();
    const kess_status status =
        open_inside(found, der, password, want_private, err);
    kess_int_fork_guard_leave(shard);
    return status;
}

/*
 * keyfile.c: loading keys.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The rules. The first one that applies decides, and gives one verdict: a
 * status, and what was found. The pure-Python twin follows the same list.
 *
 *   1 size      more than KESS_KEY_FILE_MAX bytes, or none: FORMAT
 *   2 DER       30, and then 80 or above, or a short length that fits exactly;
 *               anything else is text
 *   3 text      what is neither printable ASCII nor blank is dropped: byte order
 *               marks, the zeros of UTF-16, spaces of no width. "\n", "\r" and
 *               "\t" of two characters become line feeds, other backslashes are
 *               dropped
 *   4 framing   blocks from "-----BEGIN X-----" to "-----END X-----", wherever
 *               they stand in a line; other text is explanatory. An unpaired
 *               boundary, a wrong label or nesting: FORMAT for the whole file
 *   5 kind      of a block: what its content is by rule 8, where that is a key;
 *               else what its label says. Labels of PARAMETERS always decide
 *   6 choice    private: no secret block KIND, several AMBIGUOUS, else the one.
 *               public: any secret block SECRET, no public block KIND, of
 *               several certificates the first, several others AMBIGUOUS, else
 *               the one. Other blocks beside it are not read
 *   7 no block  "ssh-", "ecdsa-sha2-": KIND; else the whole text is base64, of
 *               DER or of a text with blocks. Base64 is strict, but for blanks.
 *               Else FORMAT
 *   8 shape     the tags of the outermost SEQUENCE, which fills the data, tell
 *               the kind (keyparts.c). A secret in a public load: SECRET. Not
 *               the wanted half: KIND
 *   9 password  scheme not in pbes2.c FORMAT; no password, an empty or a wrong
 *               one: PASSWORD
 *    PKCS#12   OpenSSL opens it with the password, or with none: PASSWORD. The
 *               private key, or its certificate; none KIND, several certificates
 *               without a key AMBIGUOUS. Ciphers that are not there, and more
 *               iterations than a file may ask for: FORMAT
 *  10 algorithm not rsaEncryption: ALGORITHM, before the key bits are read
 *  11 integers  strict DER, two primes; else FORMAT (more primes: KIND)
 *  12 policy    SIZE, MODULUS, EXPONENT (keypolicy.c), INCONSISTENT (rsakey.c)
 *
 * What was found is named for KIND, SECRET, PASSWORD, ALGORITHM, and for the
 * FORMAT of rule 9 (but for an empty text).
 */
#include <stdio.h>
#include <string.h>

#include "keyfile.h"

#define PASSWORD_MAX 1023u /* bytes */
#define MAC_ITERATIONS_MAX 10000000u
#define OID_PBMAC1 "\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0e"
#define OID_PKCS7 "\x2a\x86\x48\x86\xf7\x0d\x01\x07"
#define OID_SHROUDED_KEY_BAG "\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x02"

typedef struct request {
    int want_private;
    uint32_t policy;
    kess_slice password;
} request;

/* ------------------------------------------------------------ objects */

static kess_status make_key(kess_key **key, kess_container_kind kind,
                            const kess_der *outer, uint32_t policy,
                            kess_error *err)
{
    kess_rsa_parts parts;
    kess_status status = kess_int_parts_read(&parts, kind, outer, err);

    if (status != KESS_OK) {
        return status;
    }
    status = kess_int_key_judge(&parts, policy);
    if (status != KESS_OK) {
        return kess_int_refuse(err, status, KESS_FOUND_NOTHING);
    }
    return kess_int_key_make(key, &parts, policy, err);
}

static kess_status refuse_encrypted(kess_error *err, kess_status status)
{
    return kess_int_refuse(err, status, KESS_FOUND_ENCRYPTED_PRIVATE_KEY);
}

/* With a wrong password the padding is right once in 256 times; then the
 * result has not the shape of a key. */
static kess_status open_plain(kess_key **key, kess_slice plain,
                              uint32_t policy, kess_error *err)
{
    kess_der outer;

    if (kess_int_kind_of(&outer, plain) != KESS_KIND_PKCS8) {
        return refuse_encrypted(err, KESS_ERR_KEY_PASSWORD);
    }
    return make_key(key, KESS_KIND_PKCS8, &outer, policy, err);
}

static kess_status open_encrypted(kess_key **key, const kess_der *outer,
                                  const request *wanted, kess_error *err)
{
    kess_pbes2 scheme = {0};
    kess_secret secret = {NULL, 0};
    kess_slice plain = {NULL, 0};

    if (outer->contents[1].len == 0) {
        return kess_int_refuse(err, KESS_ERR_KEY_FORMAT, KESS_FOUND_NOTHING);
    }
    if (!kess_int_pbes2_read(&scheme, outer)) {
        return refuse_encrypted(err, KESS_ERR_KEY_FORMAT);
    }
    if (wanted->password.len == 0 || wanted->password.len > PASSWORD_MAX) {
        return refuse_encrypted(err, KESS_ERR_KEY_PASSWORD);
    }
    kess_status status =
        kess_int_decrypt(&secret, &plain.len, &scheme, wanted->password);
    plain.data = secret.data;
    if (status == KESS_OK) {
        status = open_plain(key, plain, wanted->policy, err);
    } else if (status == KESS_ERR_KEY_PASSWORD) {
        refuse_encrypted(err, status);
    } else {
        kess_int_refuse(err, status, KESS_FOUND_NOTHING);
    }
    kess_int_secret_free(&secret);
    return status;
}

/* Add what a scheme of encryption with a password, or PBMAC1, says that it costs. */
static int add_scheme(uint64_t *cost, kess_slice contents)
{
    kess_der scheme;
    kess_der parameters;

    return kess_int_der_split(&scheme, contents) && scheme.count >= 2 &&
           kess_int_der_split(&parameters, scheme.contents[1]) &&
           kess_int_pbe_cost(cost, scheme.contents[0], &parameters);
}

/* PBMAC1 (RFC 9579) has iterations of its own in { algorithm, digest }. */
static int is_digest_affordable(kess_slice contents)
{
    kess_der digest;
    kess_der algorithm;
    uint64_t cost = 0;

    if (!kess_int_der_split(&digest, contents) ||
        !kess_int_der_split(&algorithm, digest.contents[0])) {
        return 0;
    }
    return !KESS_SLICE_IS(algorithm.contents[0], OID_PBMAC1) ||
           add_scheme(&cost, digest.contents[0]);
}

/* The MAC is checked before anything is decrypted, at a cost that the file
 * names: { digest, salt, [iterations] }. One that cannot be read here may be read by
 * OpenSSL, which takes other lengths than those of DER. */
static int is_mac_affordable(const kess_der *outer)
{
    kess_der mac;
    uint64_t iterations = 0;

    if (outer->count < 3) {
        return 1;
    }
    if (!kess_int_der_split(&mac, outer->contents[2]) ||
        !is_digest_affordable(mac.contents[0])) {
        return 0;
    }
    return mac.count < 3 ||
           (mac.tags[2] == KESS_DER_INTEGER &&
            kess_int_der_number(&iterations, mac.contents[2]) &&
            iterations <= MAC_ITERATIONS_MAX);
}

/* What a file shows of its cost before anything is decrypted. */
typedef struct p12_cost {
    uint64_t iterations;
    int is_too_much; /* or it does not say how much */
} p12_cost;

/* The functions below return 0 where they cannot take the file apart. */
typedef int add_cost(p12_cost *cost, kess_slice contents);

/* Each element of the one SEQUENCE that fills the data. */
static int add_each(p12_cost *cost, kess_slice data, add_cost *add_one)
{
    kess_slice list = {NULL, 0};
    kess_slice one = {NULL, 0};
    uint8_t tag = 0;

    if (!kess_int_der_next(&data, &tag, &list) || data.len > 0 ||
        tag != KESS_DER_SEQUENCE) {
        return 0;
    }
    while (list.len > 0) {
        if (!kess_int_der_next(&list, &tag, &one) || !add_one(cost, one)) {
            return 0;
        }
    }
    return 1;
}

/* { data, [0] { OCTET STRING } }; data of another kind show nothing. */
static int add_data(p12_cost *cost, const kess_der *info, add_cost *add_one)
{
    kess_der wrapped;

    return !KESS_SLICE_IS(info->contents[0], OID_PKCS7 "\x01") ||
           (info->count == 2 &&
            kess_int_der_split(&wrapped, info->contents[1]) &&
            wrapped.count == 1 && add_each(cost, wrapped.contents[0], add_one));
}

/* { kind, [0] { { scheme, encrypted } }, ... } */
static int add_bag(p12_cost *cost, kess_slice contents)
{
    kess_der bag;
    kess_der key;

    if (!kess_int_der_split(&bag, contents) || bag.count < 2) {
        return 0;
    }
    if (!KESS_SLICE_IS(bag.contents[0], OID_SHROUDED_KEY_BAG)) {
        return 1;
    }
    if (!kess_int_der_open(&key, bag.contents[1]) || key.count != 2) {
        return 0;
    }
    cost->is_too_much |= !add_scheme(&cost->iterations, key.contents[0]);
    return 1;
}

/* { encrypted data, [0] { { version, { kind, scheme, ... } } } }, or data */
static int add_safe(p12_cost *cost, kess_slice contents)
{
    kess_der safe;
    kess_der encrypted;
    kess_der inside;

    if (!kess_int_der_split(&safe, contents)) {
        return 0;
    }
    if (!KESS_SLICE_IS(safe.contents[0], OID_PKCS7 "\x06")) {
        return add_data(cost, &safe, add_bag);
    }
    if (safe.count != 2 || !kess_int_der_open(&encrypted, safe.contents[1]) ||
        encrypted.count != 2 ||
        !kess_int_der_split(&inside, encrypted.contents[1]) ||
        inside.count < 2) {
        return 0;
    }
    cost->is_too_much |= !add_scheme(&cost->iterations, inside.contents[1]);
    return 1;
}

/* A file that costs too much is refused as such under any password, so before
 * its MAC is checked. What this reader of DER cannot take apart is left to OpenSSL,
 * and what is encrypted twice to those who decrypt it. */
static int are_safes_affordable(kess_slice authenticated)
{
    kess_der info;
    p12_cost cost = {0, 0};

    return !kess_int_der_split(&info, authenticated) ||
           !add_data(&cost, &info, add_safe) || !cost.is_too_much;
}

static kess_status open_pkcs12(kess_key **key, kess_slice der,
                               const kess_der *file, const request *wanted,
                               kess_error *err)
{
    const kess_slice password = wanted->password;
    kess_secret found = {NULL, 0};
    kess_der outer;

    if (!is_mac_affordable(file) || !are_safes_affordable(file->contents[1])) {
        return kess_int_kind_refuse(err, KESS_ERR_KEY_FORMAT,
                                    KESS_KIND_PKCS12);
    }
    /* OpenSSL and others end a password at its first zero. */
    if (password.len > PASSWORD_MAX ||
        (password.len > 0 && memchr(password.data, 0, password.len) != NULL)) {
        return kess_int_kind_refuse(err, KESS_ERR_KEY_PASSWORD,
                                    KESS_KIND_PKCS12);
    }
    kess_status status = kess_int_pkcs12_open(&found, der, password,
                                              wanted->want_private, err);
    if (status == KESS_OK) {
        const kess_slice inside = {found.data, found.len};
        const kess_container_kind kind = kess_int_kind_of(&outer, inside);
        status = make_key(key, kind, &outer, wanted->policy, err);
    }
    kess_int_secret_free(&found);
    return status;
}

static kess_status open_object(kess_key **key, kess_slice der,
                               const request *wanted, kess_error *err)
{
    kess_der outer;
    const kess_container_kind kind = kess_int_kind_of(&outer, der);
    const kess_status status =
        kess_int_kind_judge(kind, wanted->want_private, err);

    if (status != KESS_OK) {
        return status;
    }
    if (kind == KESS_KIND_PKCS8_ENCRYPTED) {
        return open_encrypted(key, &outer, wanted, err);
    }
    if (kind == KESS_KIND_PKCS12) {
        return open_pkcs12(key, der, &outer, wanted, err);
    }
    return make_key(key, kind, &outer, wanted->policy, err);
}

static kess_status load(kess_key **key, kess_slice data,
                        const request *wanted, kess_error *err)
{
    kess_container container;
    kess_status status = kess_int_container_open(
        &container, data.data, data.len, wanted->want_private, err);

    if (status == KESS_OK) {
        status = open_object(key, container.der, wanted, err);
    }
    kess_int_container_release(&container);
    return status;
}

/* ------------------------------------------------------------ files */

/* Not for a program that is started in the meantime (glibc, musl, BSD). */
#if defined(__linux__) || defined(__FreeBSD__) || defined(__OpenBSD__)
#define READ_MODE "rbe"
#else
#define READ_MODE "rb"
#endif

/* Read one byte more than is allowed, to see that there is more. */
static kess_status read_stream(kess_secret *text, FILE *file)
{
    const size_t room = KESS_KEY_FILE_MAX + 1;

    /* stdio must not keep a copy in a buffer that is never wiped. */
    if (setvbuf(file, NULL, _IONBF, 0) != 0) {
        return KESS_ERR_FILE;
    }
    text->data = KESS_MALLOC(room);
    if (text->data == NULL) {
        return KESS_ERR_MEMORY;
    }
    text->len = fread(text->data, 1, room, file);
    return ferror(file) ? KESS_ERR_FILE : KESS_OK;
}

static kess_status load_file(kess_key **key, const char *path,
                             const request *wanted, kess_error *err)
{
    kess_secret text = {NULL, 0};
    FILE *file = fopen(path, READ_MODE);

    if (file == NULL) {
        return kess_int_refuse(err, KESS_ERR_FILE, KESS_FOUND_NOTHING);
    }
    kess_status status = read_stream(&text, file);
    fclose(file);
    if (status == KESS_OK) {
        const kess_slice data = {text.data, text.len};
        status = load(key, data, wanted, err);
    } else {
        kess_int_refuse(err, status, KESS_FOUND_NOTHING);
    }
    kess_int_secret_free(&text);
    return status;
}

/* ------------------------------------------------------------ the API */

static int is_policy(uint32_t policy)
{
    return (policy & ~(KESS_KEY_ALLOW_WEAK | KESS_KEY_OPENSSL_ONLY)) == 0;
}

static int is_input(const void *data, size_t len)
{
    return data != NULL || len == 0;
}

static kess_error *or_local(kess_error *err, kess_error *local)
{
    return err != NULL ? err : local;
}

static kess_status refuse_argument(kess_error *err)
{
    return kess_int_fail(err, KESS_ERR_ARGUMENT, 0);
}

kess_status kess_private_key_load(kess_key **key, const uint8_t *data,
                                  size_t data_len, const char *password,
                                  size_t password_len, uint32_t policy,
                                  kess_error *err)
{
    kess_error local;
    const kess_slice text = {data, data_len};
    const request wanted = {
        1, policy, {(const uint8_t *)password, password_len}};

    if (key == NULL || !is_input(data, data_len) ||
        !is_input(password, password_len) || !is_policy(policy)) {
        return refuse_argument(err);
    }
    return load(key, text, &wanted, or_local(err, &local));
}

kess_status kess_private_key_load_file(kess_key **key, const char *path,
                                       const char *password,
                                       size_t password_len, uint32_t policy,
                                       kess_error *err)
{
    kess_error local;
    const request wanted = {
        1, policy, {(const uint8_t *)password, password_len}};

    if (key == NULL || path == NULL || !is_input(password, password_len) ||
        !is_policy(policy)) {
        return refuse_argument(err);
    }
    return load_file(key, path, &wanted, or_local(err, &local));
}

kess_status kess_public_key_load(kess_key **key, const uint8_t *data,
                                 size_t data_len, uint32_t policy,
                                 kess_error *err)
{
    return kess_public_key_load_protected(key, data, data_len, NULL, 0, policy,
                                          err);
}

kess_status kess_public_key_load_protected(
    kess_key **key, const uint8_t *data, size_t data_len, const char *password,
    size_t password_len, uint32_t policy, kess_error *err)
{
    kess_error local;
    const kess_slice text = {data, data_len};
    const request wanted = {
        0, policy, {(const uint8_t *)password, password_len}};

    if (key == NULL || !is_input(data, data_len) ||
        !is_input(password, password_len) || !is_policy(policy)) {
        return refuse_argument(err);
    }
    return load(key, text, &wanted, or_local(err, &local));
}

kess_status kess_public_key_load_file(kess_key **key, const char *path,
                                      uint32_t policy, kess_error *err)
{
    return kess_public_key_load_file_protected(key, path, NULL, 0, policy, err);
}

kess_status kess_public_key_load_file_protected(
    kess_key **key, const char *path, const char *password,
    size_t password_len, uint32_t policy, kess_error *err)
{
    kess_error local;
    const request wanted = {
        0, policy, {(const uint8_t *)password, password_len}};

    if (key == NULL || path == NULL || !is_input(password, password_len) ||
        !is_policy(policy)) {
        return refuse_argument(err);
    }
    return load_file(key, path, &wanted, or_local(err, &local));
}

kess_status kess_key_public(kess_key **public_key, const kess_key *key,
                            kess_error *err)
{
    kess_error local;
    /* The policy was applied when the key was loaded. */
    request wanted = {0, KESS_KEY_ALLOW_WEAK, {NULL, 0}};

    if (public_key == NULL || key == NULL) {
        return refuse_argument(err);
    }
    if (kess_key_ways(key) == 1) {
        wanted.policy |= KESS_KEY_OPENSSL_ONLY;
    }
    return open_object(public_key, kess_int_key_spki(key), &wanted,
                       or_local(err, &local));
}

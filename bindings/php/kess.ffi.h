#define FFI_SCOPE "KESS"
#define FFI_LIB "libkess.so.0"
/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What PHP sees of kess.h: its values, structures and prototypes, with inputs as
 * "const char *", which takes a PHP string without a copy. The manual is kess.h.
 */

typedef enum kess_status {
    KESS_OK = 0,
    KESS_ERR_ARGUMENT = 1,
    KESS_ERR_BUFFER = 2,
    KESS_ERR_LENGTH = 3,
    KESS_ERR_MEMORY = 100,
    KESS_ERR_CRYPTO = 101,
    KESS_ERR_FILE = 102,
    KESS_ERR_SYNTAX = 200,
    KESS_ERR_UTF8 = 201,
    KESS_ERR_CONTROL = 202,
    KESS_ERR_ESCAPE = 203,
    KESS_ERR_SURROGATE = 204,
    KESS_ERR_DEPTH = 205,
    KESS_ERR_TOP_LEVEL = 206,
    KESS_ERR_INFINITE = 207,
    KESS_ERR_DUPLICATE = 220,
    KESS_ERR_NOT_OBJECT = 221,
    KESS_ERR_NOT_STABLE = 222,
    KESS_ERR_SIGN_PRESENT = 223,
    KESS_ERR_ORDER = 224,
    KESS_ERR_KEY_FORMAT = 300,
    KESS_ERR_KEY_KIND = 301,
    KESS_ERR_KEY_AMBIGUOUS = 302,
    KESS_ERR_KEY_SECRET = 303,
    KESS_ERR_KEY_PASSWORD = 304,
    KESS_ERR_KEY_ALGORITHM = 305,
    KESS_ERR_KEY_SIZE = 306,
    KESS_ERR_KEY_MODULUS = 307,
    KESS_ERR_KEY_EXPONENT = 308,
    KESS_ERR_KEY_INCONSISTENT = 309,
    KESS_ERR_SIGNATURE = 400,
    KESS_ERR_SIGN_MISSING = 401,
    KESS_ERR_SIGN_NOT_STRING = 402,
    KESS_ERR_SIGN_BASE64 = 403,
    KESS_ERR_SIGN_LENGTH = 404,
    KESS_ERR_SIGN_TYPE = 405
} kess_status;

typedef enum kess_found {
    KESS_FOUND_NOTHING = 0,
    KESS_FOUND_PRIVATE_KEY = 1,
    KESS_FOUND_ENCRYPTED_PRIVATE_KEY = 2,
    KESS_FOUND_PUBLIC_KEY = 3,
    KESS_FOUND_CERTIFICATE = 4,
    KESS_FOUND_EC_KEY = 5,
    KESS_FOUND_ED_KEY = 6,
    KESS_FOUND_DSA_KEY = 7,
    KESS_FOUND_DH_KEY = 8,
    KESS_FOUND_RSA_PSS_KEY = 9,
    KESS_FOUND_OTHER_KEY = 10,
    KESS_FOUND_CSR = 11,
    KESS_FOUND_OPENSSH_KEY = 12,
    KESS_FOUND_LEGACY_ENCRYPTED_KEY = 13,
    KESS_FOUND_OTHER_PEM = 14,
    KESS_FOUND_PKCS12 = 15
} kess_found;

typedef struct kess_error {
    int32_t status;
    int32_t item;
    uint64_t pos;
} kess_error;

typedef struct kess_options {
    uint32_t profile;
    uint32_t max_depth;
} kess_options;

typedef struct kess_key kess_key;

const char *kess_status_message(int status);
const char *kess_status_name(int status);
const char *kess_found_message(int found);
const char *kess_version(void);
const char *kess_openssl_version(void);
kess_status kess_canonicalize(uint8_t *out, size_t *out_len, const char *text,
    size_t text_len, const kess_options *options, kess_error *err);
size_t kess_canonical_bound(size_t text_len);
kess_status kess_private_key_load(kess_key **key, const char *data, size_t
    data_len, const char *password, size_t password_len, uint32_t policy,
    kess_error *err);
kess_status kess_private_key_load_file(kess_key **key, const char *path, const
    char *password, size_t password_len, uint32_t policy, kess_error *err);
kess_status kess_public_key_load(kess_key **key, const char *data, size_t
    data_len, uint32_t policy, kess_error *err);
kess_status kess_public_key_load_file(kess_key **key, const char *path,
    uint32_t policy, kess_error *err);
kess_status kess_public_key_load_protected(kess_key **key, const char *data,
    size_t data_len, const char *password, size_t password_len, uint32_t policy,
    kess_error *err);
kess_status kess_public_key_load_file_protected(kess_key **key, const char
    *path, const char *password, size_t password_len, uint32_t policy,
    kess_error *err);
kess_status kess_key_public(kess_key **public_key, const kess_key *key,
    kess_error *err);
void kess_key_free(kess_key *key);
int kess_key_is_private(const kess_key *key);
unsigned kess_key_bits(const kess_key *key);
size_t kess_key_size(const kess_key *key);
int kess_key_ways(const kess_key *key);
kess_status kess_key_spki(const kess_key *key, uint8_t *out, size_t *out_len,
    kess_error *err);
kess_status kess_sign(const kess_key *key, uint8_t *signature, size_t
    *signature_len, const char *message, size_t message_len, kess_error *err);
kess_status kess_verify(const kess_key *key, const char *signature, size_t
    signature_len, const char *message, size_t message_len, kess_error *err);
kess_status kess_sign_document(const kess_key *key, uint8_t *sign, size_t
    *sign_len, const char *text, size_t text_len, const kess_options *options,
    kess_error *err);
kess_status kess_signed_body(const kess_key *key, uint8_t *body, size_t
    *body_len, const char *text, size_t text_len, const kess_options *options,
    kess_error *err);
kess_status kess_verify_document(const kess_key *key, uint8_t *out, size_t
    *out_len, const char *body, size_t body_len, const kess_options *options,
    kess_error *err);
kess_status kess_verify_documents(const kess_key *key, int32_t *statuses, const
    char *data, size_t data_len, const int64_t *offsets, size_t count, const
    kess_options *options, kess_error *err);
kess_status kess_canonicalize_documents(uint8_t *out, size_t *out_len, int64_t
    *out_offsets, int32_t *statuses, size_t *done, const char *data, size_t
    data_len, const int64_t *offsets, size_t count, const kess_options *options,
    kess_error *err);
kess_status kess_sign_documents(const kess_key *key, uint8_t *out, size_t
    *out_len, int64_t *out_offsets, int32_t *statuses, size_t *done, const char
    *data, size_t data_len, const int64_t *offsets, size_t count, const
    kess_options *options, kess_error *err);

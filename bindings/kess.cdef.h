/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What Python sees of kess.h. Declarations only; "..." leaves a value to the
 * compiler, which reads it from the header. The manual is the header.
 */

typedef enum kess_status {
    KESS_OK = ...,
    KESS_ERR_ARGUMENT = ...,
    KESS_ERR_BUFFER = ...,
    KESS_ERR_LENGTH = ...,
    KESS_ERR_MEMORY = ...,
    KESS_ERR_CRYPTO = ...,
    KESS_ERR_FILE = ...,
    KESS_ERR_SYNTAX = ...,
    KESS_ERR_UTF8 = ...,
    KESS_ERR_CONTROL = ...,
    KESS_ERR_ESCAPE = ...,
    KESS_ERR_SURROGATE = ...,
    KESS_ERR_DEPTH = ...,
    KESS_ERR_TOP_LEVEL = ...,
    KESS_ERR_INFINITE = ...,
    KESS_ERR_DUPLICATE = ...,
    KESS_ERR_NOT_OBJECT = ...,
    KESS_ERR_NOT_STABLE = ...,
    KESS_ERR_SIGN_PRESENT = ...,
    KESS_ERR_ORDER = ...,
    KESS_ERR_KEY_FORMAT = ...,
    KESS_ERR_KEY_KIND = ...,
    KESS_ERR_KEY_AMBIGUOUS = ...,
    KESS_ERR_KEY_SECRET = ...,
    KESS_ERR_KEY_PASSWORD = ...,
    KESS_ERR_KEY_ALGORITHM = ...,
    KESS_ERR_KEY_SIZE = ...,
    KESS_ERR_KEY_MODULUS = ...,
    KESS_ERR_KEY_EXPONENT = ...,
    KESS_ERR_KEY_INCONSISTENT = ...,
    KESS_ERR_SIGNATURE = ...,
    KESS_ERR_SIGN_MISSING = ...,
    KESS_ERR_SIGN_NOT_STRING = ...,
    KESS_ERR_SIGN_BASE64 = ...,
    KESS_ERR_SIGN_LENGTH = ...,
    KESS_ERR_SIGN_TYPE = ...
} kess_status;

typedef enum kess_found {
    KESS_FOUND_NOTHING = ...,
    KESS_FOUND_PRIVATE_KEY = ...,
    KESS_FOUND_ENCRYPTED_PRIVATE_KEY = ...,
    KESS_FOUND_PUBLIC_KEY = ...,
    KESS_FOUND_CERTIFICATE = ...,
    KESS_FOUND_EC_KEY = ...,
    KESS_FOUND_ED_KEY = ...,
    KESS_FOUND_DSA_KEY = ...,
    KESS_FOUND_DH_KEY = ...,
    KESS_FOUND_RSA_PSS_KEY = ...,
    KESS_FOUND_OTHER_KEY = ...,
    KESS_FOUND_CSR = ...,
    KESS_FOUND_OPENSSH_KEY = ...,
    KESS_FOUND_LEGACY_ENCRYPTED_KEY = ...,
    KESS_FOUND_OTHER_PEM = ...,
    KESS_FOUND_PKCS12 = ...
} kess_found;

typedef enum kess_operation {
    KESS_DO_CANONICALIZE = ...,
    KESS_DO_SIGNED_BODY = ...,
    KESS_DO_SIGN_DOCUMENT = ...,
    KESS_DO_VERIFY_DOCUMENT = ...,
    KESS_DO_SPKI = ...,
    KESS_DO_LOAD_PRIVATE = ...,
    KESS_DO_LOAD_PUBLIC = ...,
    KESS_DO_LOAD_PRIVATE_FILE = ...,
    KESS_DO_LOAD_PUBLIC_FILE = ...,
    KESS_DO_PUBLIC_TEXT = ...,
    KESS_DO_VERSION = ...,
    KESS_DO_OPENSSL_VERSION = ...
} kess_operation;

typedef enum kess_kind {
    KESS_KIND_BACKEND = ...,
    KESS_KIND_INPUT = ...,
    KESS_KIND_DOCUMENT = ...,
    KESS_KIND_KEY = ...,
    KESS_KIND_SIGNATURE = ...,
    KESS_KIND_REFUSED = ...
} kess_kind;

#define KESS_VERSION_MAJOR ...
#define KESS_VERSION_MINOR ...
#define KESS_VERSION_PATCH ...

#define KESS_PROFILE_PRECISION_17 ...
#define KESS_PROFILE_UNESCAPED_SLASHES ...
#define KESS_PROFILE_UNESCAPED_UNICODE ...
#define KESS_PROFILE_KSORT_PHP_8_0 ...
#define KESS_PROFILE_KSORT_PHP_7 ...
#define KESS_PROFILE_PRECISION_100 ...
#define KESS_PROFILE_PRESERVE_ZERO_FRACTION ...

#define KESS_DEPTH_DECODE ...
#define KESS_DEPTH_ENCODE ...
#define KESS_DEPTH_VERIFY ...

#define KESS_KEY_ALLOW_WEAK ...
#define KESS_KEY_OPENSSL_ONLY ...

typedef struct kess_error {
    int32_t status;
    int32_t item;
    uint64_t pos;
} kess_error;

typedef struct kess_options {
    uint32_t profile;
    uint32_t max_depth;
} kess_options;

typedef struct kess_request {
    int32_t operation;
    uint32_t profile;
    uint32_t max_depth;
    uint32_t policy;
    uint32_t room;
    uint32_t len;
    int32_t pos;
    int32_t status;
    int32_t kind;
    char name[32];
    char exception[24];
    char reason[24];
    char message[332];
    char found[64];
    char out[65024];
} kess_request;

typedef struct kess_key kess_key;

const char *kess_status_message(int);
const char *kess_status_name(int);
const char *kess_found_message(int);
const char *kess_version(void);
const char *kess_openssl_version(void);

kess_status kess_canonicalize(uint8_t *, size_t *, const uint8_t *, size_t,
                              const kess_options *, kess_error *);
size_t kess_canonical_bound(size_t);
size_t kess_canonical_bound_for(size_t, const kess_options *);

kess_status kess_private_key_load(kess_key **, const uint8_t *, size_t,
                                  const char *, size_t, uint32_t,
                                  kess_error *);
kess_status kess_private_key_load_file(kess_key **, const char *, const char *,
                                       size_t, uint32_t, kess_error *);
kess_status kess_public_key_load(kess_key **, const uint8_t *, size_t,
                                 uint32_t, kess_error *);
kess_status kess_public_key_load_file(kess_key **, const char *, uint32_t,
                                      kess_error *);
kess_status kess_public_key_load_protected(kess_key **, const uint8_t *,
                                           size_t, const char *, size_t,
                                           uint32_t, kess_error *);
kess_status kess_public_key_load_file_protected(kess_key **, const char *,
                                                const char *, size_t, uint32_t,
                                                kess_error *);
kess_status kess_key_public(kess_key **, const kess_key *, kess_error *);
void kess_key_free(kess_key *);
int kess_key_is_private(const kess_key *);
unsigned kess_key_bits(const kess_key *);
size_t kess_key_size(const kess_key *);
int kess_key_ways(const kess_key *);
kess_status kess_key_spki(const kess_key *, uint8_t *, size_t *, kess_error *);

kess_status kess_sign(const kess_key *, uint8_t *, size_t *, const uint8_t *,
                      size_t, kess_error *);
kess_status kess_verify(const kess_key *, const uint8_t *, size_t,
                        const uint8_t *, size_t, kess_error *);
kess_status kess_sign_document(const kess_key *, char *, size_t *,
                               const uint8_t *, size_t, const kess_options *,
                               kess_error *);
kess_status kess_signed_body(const kess_key *, uint8_t *, size_t *,
                             const uint8_t *, size_t, const kess_options *,
                             kess_error *);
kess_status kess_verify_document(const kess_key *, uint8_t *, size_t *,
                                 const uint8_t *, size_t, const kess_options *,
                                 kess_error *);
kess_status kess_verify_documents(const kess_key *, int32_t *,
                                  const uint8_t *, size_t, const int64_t *,
                                  size_t, const kess_options *, kess_error *);
kess_status kess_canonicalize_documents(uint8_t *, size_t *, int64_t *,
                                        int32_t *, size_t *, const uint8_t *,
                                        size_t, const int64_t *, size_t,
                                        const kess_options *, kess_error *);
kess_status kess_sign_documents(const kess_key *, char *, size_t *, int64_t *,
                                int32_t *, size_t *, const uint8_t *, size_t,
                                const int64_t *, size_t, const kess_options *,
                                kess_error *);

const char *kess_run(kess_request *, const kess_key *, const uint8_t *, size_t);
kess_key *kess_load_key(kess_request *, const uint8_t *, size_t, const char *,
                        size_t);
int kess_version_fits(const char *);

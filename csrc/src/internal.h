/*
 * internal.h: what the files of the canonical form share.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A document goes through
 *   json.c       text -> one scratch text that is canonical but for the order
 *                of the top level, and a list of the places to mend (fixups)
 *   ksort.c      the order of the top level
 *   canonical.c  removal, lists, and writing the canonical text in that order
 */
#ifndef KESS_INTERNAL_H
#define KESS_INTERNAL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kess.h"
#include "member.h"

#ifndef KESS_MALLOC
#define KESS_MALLOC malloc
#define KESS_REALLOC realloc
#define KESS_FREE free
#endif

#define KESS_PROFILE_ALL 127u
/* The settings under which a number is not its own shortest text. */
#define KESS_PROFILE_PRECISE                                                  \
    (KESS_PROFILE_PRECISION_17 | KESS_PROFILE_PRECISION_100)
#define KESS_NONE SIZE_MAX

/* ------------------------------------------------------------ status.c */

/* Store the outcome in err (may be NULL) and return the status. */
kess_status kess_int_fail(kess_error *err, kess_status status, uint64_t pos);
kess_status kess_int_ok(kess_error *err);

/* ------------------------------------------------------------ call.c */

/* The status of a request whose result has len bytes: KESS_ERR_LENGTH in place of
 * KESS_ERR_BUFFER, where no room of a request is enough. */
int kess_int_request_status(int status, size_t len);

/* ------------------------------------------------------------ describe.c */

/* Whether an operation loads a key, and whether it loads it from a file. */
int kess_int_loads(int operation);
int kess_int_loads_file(int operation);

/* Set the fields of a request from len, which is 0, to found. An argument that
 * cannot be used is described by a clause of the caller. */
void kess_int_describe(kess_request *request, const kess_error *err,
                       const char *argument);

/* The same again for a version that this library does not fit: a BackendError
 * that names both. */
void kess_int_describe_misfit(kess_request *request, const uint8_t *version,
                              size_t version_len);

/* Whether a library of one version fits a program made for the other. */
int kess_int_fits(const char *loaded, const char *version);

/* ------------------------------------------------------------ double.c */

/* A decimal number d1.d2d3... x 10^exponent, as digits and exponent. */
typedef struct kess_decimal {
    uint64_t digits; /* without trailing zeros; 0 for zero */
    int count;       /* of digits */
    int exponent;    /* of the first digit */
} kess_decimal;

/* The text of a number without its sign: leading zeros removed. */
typedef struct kess_number {
    const uint8_t *digits; /* first non-zero digit, a '.' may lie between */
    size_t span;           /* bytes up to the end of the mantissa */
    uint64_t head;         /* value of the first (up to 19) digits */
    size_t count;          /* all digits from the first non-zero one on */
    int64_t exponent;      /* the value is digits x 10^exponent */
    int negative;
} kess_number;

/* Correctly rounded, infinity on overflow (IEEE 754 bits, no sign). */
uint64_t kess_int_double_bits(const kess_number *number);
double kess_int_to_double(const kess_number *number);
/* Compare digits (count of them, a '.' may lie between, span bytes) x
 * 10^exponent with m x 2^e: -1, 0 or 1. */
int kess_int_compare_big(const uint8_t *digits, size_t span,
                         int64_t exponent10, uint64_t m, int exponent2);
/* The shortest digits that read back as these bits (finite, not zero). */
kess_decimal kess_int_shortest(uint64_t bits);
/* The digits rounded to 17 (finite, not zero). */
kess_decimal kess_int_precise(uint64_t bits);

#define KESS_HUNDRED 100

/* The digits rounded to 100, without trailing zeros (finite, not zero), and the
 * exponent of the first. Returns how many there are. */
int kess_int_hundred(uint8_t *digits, int *exponent, uint64_t bits);

/* ------------------------------------------------------------ exact.c */

/* The same of c x 2^q, for c from 1 to 2^53 - 1 and q from -1074 to 971. */
int kess_int_exact_digits(uint8_t *digits, int *exponent, uint64_t c, int q);

/* ------------------------------------------------------------ number.c */

/* The longest canonical text of a number: "-d.d...e-ddd". Of 100 digits it has
 * 107 bytes. */
#define KESS_NUMBER_MAX 32
#define KESS_NUMBER_MAX_100 112

static inline size_t kess_int_number_max(uint32_t profile)
{
    return (profile & KESS_PROFILE_PRECISION_100) != 0 ? KESS_NUMBER_MAX_100
                                                       : KESS_NUMBER_MAX;
}

/* Split [at, end), which is a decimal text as in RFC 8259 or PHP's numeric
 * strings ("1." and ".5" too), without sign. */
void kess_int_split(kess_number *number, const uint8_t *at,
                    const uint8_t *end);
/* 1 where the digits (no leading zeros) stand for an integer of 64 bits. */
int kess_int_is_int64(const uint8_t *digits, size_t count, int negative);
/* The canonical text of the number token [at, end) of a JSON text. Returns
 * its length, or 0 for an infinite number. */
size_t kess_int_write_number(uint8_t *out, const uint8_t *at,
                             const uint8_t *end, uint32_t profile);

/* ------------------------------------------------------------ write.c */

#define KESS_ESCAPE_MAX 12 /* longest text of one code point */

/* Write one code point as json_encode does. Returns the bytes written. */
size_t kess_int_write_code_point(uint8_t *out, uint32_t code_point,
                                 uint32_t profile);
/* Undo the escapes of a canonical string (without quotes). */
size_t kess_int_unescape(uint8_t *out, const uint8_t *text, size_t len);

/* ------------------------------------------------------------ json.c */

/* A range of the scratch text that must not be written as it is. */
typedef struct kess_fixup {
    size_t begin;
    size_t end;
    size_t source;     /* written instead: [source, source_end) */
    size_t source_end; /* KESS_NONE: an infinite number, source is its
                          position in the input */
} kess_fixup;

typedef struct kess_frame {
    size_t start;  /* offset of the bracket in the scratch text */
    size_t first;  /* index of the first member */
    size_t fixups; /* how many there were at the bracket */
    int is_object;
    int is_moved; /* some of its text was moved already */
} kess_frame;

#define KESS_SMALL_SCRATCH 3072
#define KESS_SMALL_MEMBERS 64
#define KESS_SMALL_ENTRIES 16

typedef struct kess_document {
    /* Set by the caller of kess_int_parse. */
    uint32_t profile;
    size_t max_depth;
    int strict; /* note duplicates instead of merging them */

    /* The result. */
    int is_object;
    int is_list; /* set by kess_int_arrange */
    int has_duplicate;
    uint64_t duplicate; /* position of the earliest second key */
    uint8_t *scratch;
    size_t scratch_len;
    kess_entry *entries; /* of the top level, if it is an object: of those
                            with one key the last, in the first's place */
    size_t entry_count;
    kess_fixup *fixups; /* in ascending order after kess_int_parse */
    size_t fixup_count;

    /* Working memory. */
    size_t scratch_cap;
    kess_member *members;
    uint64_t *positions; /* of the keys in the input, only to locate */
    size_t member_count;
    size_t member_cap;
    size_t member_limit; /* from here on kess_int_member_room is asked */
    size_t fixup_cap;
    size_t depth;
    int locate;
    kess_frame frames[KESS_DEPTH_ENCODE];
    kess_member small_members[KESS_SMALL_MEMBERS];
    kess_entry small_entries[KESS_SMALL_ENTRIES];
    uint8_t small_scratch[KESS_SMALL_SCRATCH];
} kess_document;

/* Whether an entry has this name, which has no escapes. */
static inline int kess_int_is_named(const kess_document *doc,
                                    const kess_entry *entry, const char *name)
{
    const size_t len = strlen(name);
    return kess_int_name_len(doc->scratch, entry->member) == len &&
           memcmp(kess_int_name(doc->scratch, entry->member), name, len) == 0;
}

/* Whether its value is "RSA2". */
static inline int kess_int_says_rsa2(const kess_document *doc,
                                     const kess_entry *entry)
{
    const size_t start = kess_int_value_at(doc->scratch, entry->member);
    return entry->end - start == 6 &&
           memcmp(doc->scratch + start, "\"RSA2\"", 6) == 0;
}

/* Parse a text. The document must be released whatever the outcome. */
kess_status kess_int_parse(kess_document *doc, const uint8_t *text,
                           size_t text_len, kess_error *err);

/* ------------------------------------------------------------ parser.c */

void kess_int_release(kess_document *doc);

/* ------------------------------------------------------------ fixup.c */

/* By begin; of those with one begin the widest first. */
void kess_int_sort_fixups(kess_fixup *fixups, size_t count);
/* Write (out may be NULL) the rewritten range; returns its length. *infinite
 * becomes the lowest position of an infinite number, if that is lower. */
size_t kess_int_repair(const kess_document *doc, uint8_t *out, size_t begin,
                       size_t end, uint64_t *infinite);

/* ------------------------------------------------------------ unique.c */

#define KESS_DROPPED UINT32_MAX /* not the first with its key */

/* Of members as they lie in an object, behind its bracket. *last is NULL where
 * no key occurs twice; else an array to be freed: for the first member with a
 * key the index of the last one, for the others KESS_DROPPED. */
kess_status kess_int_find_equal(const uint8_t *scratch,
                                const kess_member *members, size_t count,
                                uint32_t **last);

/* ------------------------------------------------------------ ksort.c */

/* Bring the entries in the order of ksort. Eight bytes of the scratch text can
 * be read from the start of any name on. */
kess_status kess_int_ksort(kess_entry *entries, size_t count,
                           const uint8_t *scratch, uint32_t profile);
/* The integer a key stands for: 1 and *value, or 0. */
int kess_int_integer_key(const uint8_t *key, size_t len, int64_t *value);

/* ------------------------------------------------------------ canonical.c */

/* Sort and remove. After it kess_int_measure and kess_int_emit may be used. */
kess_status kess_int_arrange(kess_document *doc, kess_error *err);
/* The length of the canonical text; KESS_ERR_INFINITE where there is none. */
kess_status kess_int_measure(const kess_document *doc, size_t *len,
                             kess_error *err);
void kess_int_emit(const kess_document *doc, uint8_t *out);

/* A buffer for one canonical text: on the stack while it is short. */
typedef struct kess_text {
    uint8_t *data;
    size_t len;
    uint8_t small_data[2048];
} kess_text;

/* The canonical form into a text that must be released in any case. */
kess_status kess_int_text_of(kess_text *out, const kess_document *doc,
                             kess_error *err);
/* The same from the start. A check (or NULL) may refuse what was parsed. */
typedef kess_status kess_check(const kess_document *doc, kess_error *err);
kess_status kess_int_canonical(kess_text *out, const uint8_t *text,
                               size_t text_len, uint32_t profile,
                               size_t max_depth, kess_check *check,
                               kess_error *err);
void kess_int_text_release(kess_text *text);
/* Check options; the depth is the default where it is 0. */
kess_status kess_int_options(const kess_options *options, uint32_t *profile,
                             size_t *max_depth, size_t default_depth,
                             size_t most, kess_error *err);

/* ------------------------------------------------------------ verify.c */

#define KESS_SIGNATURE_MAX (8192 / 8)

/* All of the verification but the signature: the canonical text, which must be
 * released in any case, and the kess_key_size(key) bytes of the signature. */
kess_status kess_int_read_body(const kess_key *key, kess_text *canonical,
                               uint8_t *signature, const uint8_t *body,
                               size_t body_len, uint32_t profile,
                               size_t max_depth, kess_error *err);

/* Verify a body. out_len may be NULL where only the verdict is wanted. */
kess_status kess_int_verify_body(const kess_key *key, uint8_t *out,
                                 size_t *out_len, const uint8_t *body,
                                 size_t body_len, uint32_t profile,
                                 size_t max_depth, kess_error *err);

#endif

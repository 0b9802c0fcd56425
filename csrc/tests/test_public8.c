/*
 * test_public8.c: eight public operations at a time. libcrypto's big numbers
 * judge.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * KESS_PUBLIC8_CASES in the environment: how many random and edge signatures
 * there are, instead of 10,000.
 */
#include <openssl/bn.h>

#include "check.h"
#include "dice.h"
#include "guard.h"
#include "public8.h"
#include "roots.h"

#if defined(KESS_HAVE_PUBLIC8)

#define SIZE_MAX_TESTED KESS_PUBLIC8_SIZE

static const size_t sizes[] = {256, 384, 512};
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

static dice random_bytes = {UINT64_C(0x9216d5d98979fb1b)};
static BN_CTX *ctx;
static BIGNUM *n, *exponent, *value, *answer;
static BN_MONT_CTX *mont;
static kess_public8 key;
static guard modulus_room, out_room, signature_room[8];
static unsigned long asked;

static void roll_bytes(uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(roll(&random_bytes) >> 32);
    }
}

/* ------------------------------------------------------------ moduli */

#define MODULI 9

/* An odd number of exactly size bytes, of some kind. */
static void make_modulus(uint8_t *modulus, size_t size, unsigned kind)
{
    const int bits = (int)(8 * size);

    roll_bytes(modulus, size);
    if (kind == 1) { /* 2^k - 1 */
        memset(modulus, 0xff, size);
    } else if (kind == 2) { /* 2^(k - 1) + 1 */
        memset(modulus, 0, size);
    } else if (kind == 3) { /* runs of ones and zeros */
        size_t at = 0;
        while (at < size) {
            const size_t run = 1 + roll_of(&random_bytes, 40);
            const int byte = roll_of(&random_bytes, 2) == 0 ? 0 : 0xff;
            memset(modulus + at, byte, run < size - at ? run : size - at);
            at += run;
        }
    } else if (kind >= 4 && kind <= 7) {
        CHECK(BN_bin2bn(modulus, (int)size, value) != NULL);
        for (int bit = 0; bit < bits; bit++) {
            const int limb = bit / 52;
            /* Every second limb all ones; the lowest one 1 or 2^52 - 1. */
            if ((kind == 4 && limb % 2 == 0) || (kind == 5 && limb % 2 == 1) ||
                (kind == 7 && limb == 0)) {
                CHECK(BN_set_bit(value, bit));
            } else if (kind == 6 && limb == 0 && BN_is_bit_set(value, bit)) {
                CHECK(BN_clear_bit(value, bit));
            }
        }
        CHECK(BN_bn2binpad(value, modulus, (int)size) == (int)size);
    }
    modulus[0] |= 0x80;
    modulus[size - 1] |= 1;
    if (kind == 8) { /* a square: t^2, where t has half as many bits */
        memset(modulus, 0, size / 2);
        modulus[size / 2] |= 0xc0;
        CHECK(BN_bin2bn(modulus, (int)size, value) != NULL);
        CHECK(BN_sqr(value, value, ctx));
        CHECK(BN_bn2binpad(value, modulus, (int)size) == (int)size);
    }
}

/* The limbs of a number are those of the prepared key. */
static void check_limbs(const uint64_t *limbs, const BIGNUM *number)
{
    for (size_t i = 0; i < KESS_PUBLIC8_LIMBS; i++) {
        for (int bit = 0; bit < 64; bit++) {
            const int expected =
                bit < 52 && BN_is_bit_set(number, (int)(52 * i) + bit);
            CHECK_EQUAL(expected, limbs[i] >> bit & 1);
        }
    }
}

static void check_prepared(size_t size)
{
    const int bits = (int)(52 * key.limbs);

    CHECK_EQUAL(size, key.size);
    CHECK(bits >= BN_num_bits(n) + 2 && key.limbs <= KESS_PUBLIC8_LIMBS);
    check_limbs(key.n, n);
    /* R^2 mod n */
    BN_zero(value);
    CHECK(BN_set_bit(value, 2 * bits) && BN_nnmod(value, value, n, ctx));
    check_limbs(key.r2, value);
    /* n times it is -1 modulo 2^52. */
    CHECK(key.minus_inverse >> 52 == 0);
    CHECK_EQUAL((UINT64_C(1) << 52) - 1,
                key.n[0] * key.minus_inverse & ((UINT64_C(1) << 52) - 1));
}

static void prepare(const uint8_t *modulus, size_t size)
{
    const uint8_t *exact =
        guard_copy(&modulus_room, asked % 2 ? AT_END : AT_START, modulus, size);

    memset(&key, UNTOUCHED, sizeof(key));
    CHECK_EQUAL(1, kess_int_public8_prepare(&key, exact, size));
    CHECK(BN_bin2bn(modulus, (int)size, n) != NULL);
    CHECK(BN_MONT_CTX_set(mont, n, ctx));
    check_prepared(size);
}

/* ------------------------------------------------------------ operations */

/* count signatures of exact size; every lane must be as libcrypto says. */
static void check_all(uint8_t given[8][SIZE_MAX_TESTED], size_t count)
{
    const uint8_t *signature[8] = {NULL};
    const size_t size = key.size;
    const side where = asked % 2 ? AT_END : AT_START;
    uint8_t expected[SIZE_MAX_TESTED];
    uint8_t *out = guard_fill(&out_room, where, count * size);
    unsigned below = 0;

    for (size_t i = 0; i < count; i++) {
        signature[i] =
            guard_copy(&signature_room[i], i % 2 ? where : AT_END, given[i],
                       size);
    }
    const unsigned flags =
        kess_int_public8_recover(&key, out, signature, count);
    for (size_t i = 0; i < count; i++) {
        memset(expected, 0, sizeof(expected));
        CHECK(BN_bin2bn(given[i], (int)size, value) != NULL);
        if (BN_cmp(value, n) < 0) {
            below |= 1u << i;
            CHECK(BN_mod_exp_mont(answer, value, exponent, n, ctx, mont));
            CHECK(BN_bn2binpad(answer, expected, (int)size) == (int)size);
        }
        CHECK(memcmp(expected, out + i * size, size) == 0);
        CHECK(memcmp(signature[i], given[i], size) == 0);
    }
    CHECK_EQUAL(below, flags);
    asked += count;
}

#define KINDS 12

/* A signature of some kind for the modulus in n. */
static void make_signature(uint8_t *signature, size_t size, unsigned kind)
{
    roll_bytes(signature, size);
    BN_zero(value);
    switch (kind) {
    case 0: /* 0 */
        break;
    case 1:
        CHECK(BN_one(value));
        break;
    case 2: /* n - 1, n, n + 1 */
    case 3:
    case 4:
        CHECK(BN_copy(value, n) != NULL);
        CHECK(kind != 2 || BN_sub_word(value, 1));
        CHECK(kind != 4 || BN_add_word(value, 1));
        CHECK((size_t)BN_num_bytes(value) == size);
        break;
    case 5: /* all ones */
        memset(signature, 0xff, size);
        return;
    case 6: /* powers of two, and those less one */
    case 7:
        CHECK(BN_set_bit(value,
                         (int)roll_of(&random_bytes, 8 * (unsigned)size)));
        CHECK(kind == 6 || BN_sub_word(value, 1));
        break;
    case 8: /* often above n */
        signature[0] |= 0xc0;
        return;
    default:
        signature[0] &= 0x7f;
        return;
    }
    CHECK(BN_bn2binpad(value, signature, (int)size) == (int)size);
}

static unsigned kind_of(size_t case_number)
{
    return case_number % 3 == 0 ? roll_of(&random_bytes, KINDS) : KINDS;
}

/* Every kind of signature with every kind of modulus, at each count; of a sample, only
 * with those of 2048 bits. */
static void test_edges(void)
{
    static uint8_t given[8][SIZE_MAX_TESTED];
    uint8_t modulus[SIZE_MAX_TESTED];

    for (size_t s = 0; s < SIZES; s++) {
        for (unsigned kind = 0; kind < MODULI; kind += s == 0 ? 1 : step_of(4)) {
            make_modulus(modulus, sizes[s], kind);
            prepare(modulus, sizes[s]);
            for (unsigned first = 0; first < KINDS; first += 4) {
                const size_t count = 1 + (first + kind) % 8;
                /* n + 1 has no room where n is all ones. */
                for (unsigned i = 0; i < count; i++) {
                    const unsigned want = (first + i) % KINDS;
                    make_signature(given[i], sizes[s],
                                   kind == 1 && want == 4 ? 3 : want);
                }
                check_all(given, count);
            }
        }
    }
}

/* Random ones with edges among them. Most moduli have 2048 bits, since that is
 * what the time is best spent on. */
static void test_random(unsigned long cases)
{
    static uint8_t given[8][SIZE_MAX_TESTED];
    uint8_t modulus[SIZE_MAX_TESTED];

    for (unsigned long round = 0; asked < cases; round++) {
        const size_t size = sizes[round % 8 < 6 ? 0 : round % 8 - 5];
        const unsigned shape = roll_of(&random_bytes, MODULI);
        make_modulus(modulus, size, round % 2 ? 0 : shape);
        prepare(modulus, size);
        for (size_t turn = 0; turn < 4; turn++) {
            const size_t count = turn < 3 ? 8 : 1 + roll_of(&random_bytes, 8);
            for (size_t i = 0; i < count; i++) {
                const unsigned kind = kind_of(i + turn + round);
                make_signature(given[i], size,
                               kind == 4 && modulus[0] == 0xff ? 3 : kind);
            }
            check_all(given, count);
        }
    }
}

/* ------------------------------------------------------------ subtraction */

/* n = t^2 and s = t u: the answer is 0, which is n before the subtraction. */
static void test_zero_answers(void)
{
    static uint8_t given[8][SIZE_MAX_TESTED];
    uint8_t modulus[SIZE_MAX_TESTED];

    for (size_t s = 0; s < SIZES; s++) {
        const size_t size = sizes[s];
        BIGNUM *t = BN_new();
        CHECK(t != NULL);
        memset(modulus, 0, size);
        roll_bytes(modulus + size / 2, size / 2);
        modulus[size / 2] |= 0xc0;
        modulus[size - 1] |= 1;
        CHECK(BN_bin2bn(modulus, (int)size, t) != NULL);
        CHECK(BN_sqr(value, t, ctx));
        CHECK(BN_bn2binpad(value, modulus, (int)size) == (int)size);
        prepare(modulus, size);
        for (size_t i = 0; i < 8; i++) {
            uint8_t factor[SIZE_MAX_TESTED / 2];
            roll_bytes(factor, size / 2);
            factor[0] &= 0x7f;
            CHECK(BN_bin2bn(factor, (int)(size / 2), value) != NULL);
            CHECK(BN_mul(value, value, t, ctx));
            CHECK(BN_bn2binpad(value, given[i], (int)size) == (int)size);
        }
        check_all(given, 8);
        CHECK(BN_is_zero(answer));
        BN_free(t);
    }
}

/* With a private key: signatures of 2^k and 2^k - 1, each step-th k. All that
 * are far below n need the subtraction. */
static void test_tiny_answers(unsigned step)
{
    static uint8_t given[8][SIZE_MAX_TESTED];
    uint8_t modulus[SIZE_MAX_TESTED];
    BIGNUM *number = BN_new();
    BIGNUM *root = BN_new();

    CHECK(number != NULL && root != NULL);
    for (size_t s = 0; s < SIZES; s += step_of(SIZES)) {
        const unsigned bits = 8 * (unsigned)sizes[s];
        roots private_key;
        size_t count = 0;
        roots_make(&private_key, &random_bytes, (int)bits);
        CHECK(BN_bn2binpad(private_key.n, modulus, (int)sizes[s]) > 0);
        prepare(modulus, sizes[s]);
        for (unsigned k = 0; k < bits; k += k < 110 ? step_of(5) : step) {
            for (int less = 0; less <= 1; less++) {
                BN_zero(number);
                CHECK(BN_set_bit(number, (int)k));
                CHECK(less == 0 || BN_sub_word(number, 1));
                if (BN_cmp(number, private_key.n) >= 0) {
                    continue;
                }
                root_of(root, &private_key, number, ctx);
                CHECK(BN_bn2binpad(root, given[count++], (int)sizes[s]) > 0);
                if (count == 8) {
                    check_all(given, count);
                    CHECK(BN_cmp(answer, number) == 0);
                    count = 0;
                }
            }
        }
        check_all(given, count > 0 ? count : 1);
        roots_free(&private_key);
    }
    BN_free(root);
    BN_free(number);
}

/* ------------------------------------------------------------ others */

/* Another modulus is refused, and the key stays as it was. */
static void test_refused(void)
{
    static const size_t others[] = {0, 1, 8, 64, 255, 257, 320, 383, 385, 511};
    uint8_t modulus[SIZE_MAX_TESTED];

    memset(modulus, 0xff, sizeof(modulus));
    memset(&key, UNTOUCHED, sizeof(key));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        const uint8_t *exact =
            guard_copy(&modulus_room, AT_END, modulus, others[i]);
        CHECK_EQUAL(0, kess_int_public8_prepare(&key, exact, others[i]));
    }
    for (size_t i = 0; i < SIZES; i++) {
        modulus[sizes[i] - 1] = 0xfe;
        CHECK_EQUAL(0, kess_int_public8_prepare(&key, modulus, sizes[i]));
        modulus[sizes[i] - 1] = 0xff;
        modulus[0] = 0x7f;
        CHECK_EQUAL(0, kess_int_public8_prepare(&key, modulus, sizes[i]));
        modulus[0] = 0xff;
    }
    CHECK(is_untouched(&key, sizeof(key)));
    CHECK(sizeof(key) < 2048);
}

static unsigned long asked_for(void)
{
    const char *text = getenv("KESS_PUBLIC8_CASES");
    if (text != NULL) {
        return strtoul(text, NULL, 10);
    }
    /* valgrind is slow. */
    return is_sample() ? 80 : 10000;
}

int main(void)
{
    const unsigned long cases = asked_for();

    if (!kess_int_public8_able()) {
        printf("absent: this machine has no AVX-512 IFMA\n");
        return 0;
    }
    ctx = BN_CTX_new();
    mont = BN_MONT_CTX_new();
    n = BN_new();
    exponent = BN_new();
    value = BN_new();
    answer = BN_new();
    CHECK(ctx != NULL && mont != NULL && n != NULL && exponent != NULL &&
          value != NULL && answer != NULL && BN_set_word(exponent, 65537));
    guard_open(&modulus_room, SIZE_MAX_TESTED);
    guard_open(&out_room, 8 * SIZE_MAX_TESTED);
    for (size_t i = 0; i < 8; i++) {
        guard_open(&signature_room[i], SIZE_MAX_TESTED);
    }
    test_refused();
    test_zero_answers();
    test_edges();
    test_tiny_answers(cases > 100000 ? 1 : 37);
    test_random(cases);
    printf("%lu signatures as libcrypto has them\n", asked);
    BN_free(answer);
    BN_free(value);
    BN_free(exponent);
    BN_free(n);
    BN_MONT_CTX_free(mont);
    BN_CTX_free(ctx);
    return 0;
}

#else

int main(void)
{
    printf("absent: another processor than x86-64, or Windows\n");
    return 0;
}

#endif

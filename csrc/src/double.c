/*
 * double.c: decimal digits to binary doubles and back, exactly rounded and
 * without any locale.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Both directions multiply with a 128-bit power of ten that is rounded down,
 * so the true product lies in a known, narrow interval. Where the whole
 * interval rounds to one result that is the answer; in the rare other case
 * big.c compares exactly.
 *
 * Reading follows the idea of D. Lemire, "Number parsing at a gigabyte per
 * second" (2021); writing is the algorithm of R. Giulietti, "The Schubfach way
 * to render doubles" (2020), whose names are kept.
 */
#include "internal.h"
#include "pow10.h"
#include "wide.h"

#define MANTISSA_BITS 52
#define EXPONENT_BIAS 1075 /* the value is mantissa x 2^(biased - 1075) */
#define EXPONENT_MAX 0x7ff
#define INFINITE_BITS 0x7ff0000000000000u
#define HIDDEN_BIT (UINT64_C(1) << MANTISSA_BITS)

/* floor(exponent x log2(10)), right for |exponent| <= 345. */
static int floor_log2_pow10(int exponent)
{
    const int product = exponent * 217706;
    return product >= 0 ? product >> 16 : -((-product + 65535) >> 16);
}

/* floor(exponent x log10(2)), right for -1100 <= exponent <= 1030. */
static int floor_log10_pow2(int exponent)
{
    const int product = exponent * 78913;
    return product >= 0 ? product >> 18 : -((-product + 262143) >> 18);
}

/* floor(log10(3/4 x 2^exponent)), same range. */
static int floor_log10_three_quarters_pow2(int exponent)
{
    const int64_t product = (int64_t)exponent * 1262611 - 524031;
    const int64_t up = 4194303;
    return (int)(product >= 0 ? product >> 22 : -((up - product) >> 22));
}

/* ------------------------------------------------------------ reading */

typedef struct product {
    uint64_t high;
    uint64_t low;
    uint64_t rest;
    int exponent; /* the value is high:low.rest x 2^exponent */
} product;

/* The head, with its top bit set, times 10^power rounded down. */
static product scale(uint64_t head, int power)
{
    const uint64_t *pow10 = kess_int_pow10[power - KESS_POW10_FIRST];
    const int zeros = kess_int_leading_zeros(head);
    const uint64_t w = head << zeros;
    product p;
    uint64_t low_high;
    p.rest = kess_int_multiply(w, pow10[1], &low_high);
    p.low = kess_int_multiply(w, pow10[0], &p.high);
    p.low += low_high;
    p.high += p.low < low_high;
    p.exponent = floor_log2_pow10(power) - 127 + 64 - zeros;
    return p;
}

/* A 128-bit value split into the mantissa that is kept and the rest. */
typedef struct split {
    uint64_t mantissa;
    int biased;         /* exponent of the mantissa's last bit + 1075 */
    uint64_t tail_high; /* the bits behind, moved to the top of 128 */
    uint64_t tail_low;
    int tail_shift; /* by how far they were moved */
} split;

/* How many bits of a value with top bit 2^top a double can hold. */
static int kept_bits(int top)
{
    const int lowest = top - MANTISSA_BITS;
    if (lowest >= 1 - EXPONENT_BIAS) {
        return MANTISSA_BITS + 1;
    }
    return MANTISSA_BITS + 1 - (1 - EXPONENT_BIAS - lowest);
}

/* Shift high:low left by count (0 to 63). */
static void shift_left(uint64_t *high, uint64_t *low, int count)
{
    if (count > 0) {
        *high = (*high << count) | (*low >> (64 - count));
        *low <<= count;
    }
}

/* Needs 1 <= kept <= 53; high:low has its top bit at bit 126 or 127. */
static split split_product(const product *p, int top_zero, int kept)
{
    split s;
    uint64_t high = p->high;
    uint64_t low = p->low;
    shift_left(&high, &low, top_zero);
    s.mantissa = high >> (64 - kept);
    s.biased = p->exponent + 128 - top_zero - kept + EXPONENT_BIAS;
    s.tail_shift = top_zero + kept;
    shift_left(&high, &low, kept);
    s.tail_high = high;
    s.tail_low = low;
    return s;
}

/* The bits of mantissa x 2^(biased - 1075); the mantissa may have become 2^53
 * by rounding, or 2^52 from a subnormal. */
static uint64_t assemble(uint64_t mantissa, int biased)
{
    if (mantissa == HIDDEN_BIT << 1) {
        mantissa = HIDDEN_BIT;
        biased += 1;
    }
    if (biased >= EXPONENT_MAX) {
        return INFINITE_BITS;
    }
    if (mantissa < HIDDEN_BIT) {
        return mantissa;
    }
    return ((uint64_t)biased << MANTISSA_BITS) | (mantissa & (HIDDEN_BIT - 1));
}

typedef enum rounding { ROUND_DOWN, ROUND_UP, ROUND_UNSURE } rounding;

/* Which way the tail rounds; the true one lies in [tail, tail + 2 units). */
static rounding round_tail(const split *s, const product *p, int exact)
{
    const uint64_t half = UINT64_C(1) << 63;
    if (s->tail_high > half || (s->tail_high == half && s->tail_low != 0)) {
        return ROUND_UP;
    }
    if (s->tail_high == half) {
        if (!exact) {
            return ROUND_UNSURE;
        }
        if (p->rest != 0) {
            return ROUND_UP;
        }
        return (s->mantissa & 1) != 0 ? ROUND_UP : ROUND_DOWN;
    }
    if (exact || s->tail_high < half - 1) {
        return ROUND_DOWN;
    }
    /* The last 64 bits decide; a unit was moved by at most 54. */
    const uint64_t two_units = UINT64_C(2) << s->tail_shift;
    return s->tail_low > UINT64_MAX - two_units ? ROUND_UNSURE : ROUND_DOWN;
}

typedef struct reading {
    uint64_t bits;
    int sure;
    uint64_t mantissa; /* rounded down, where not sure */
    int biased;
} reading;

/* Read head x 10^power, for a power within the table and a head above 0. */
static reading read_head(uint64_t head, int power)
{
    const product p = scale(head, power);
    const int top_zero = (int)((p.high >> 63) ^ 1u);
    const int top = p.exponent + 127 - top_zero;
    const int kept = kept_bits(top);
    reading r = {0, 1, 0, 1};
    if (top > 1024) {
        r.bits = INFINITE_BITS;
        return r;
    }
    if (kept < 1) {
        /* Less than the smallest subnormal: half of it decides, which the
         * interval may reach from one bit below. */
        r.sure = kept < -1;
        return r;
    }
    const split s = split_product(&p, top_zero, kept);
    const rounding way = round_tail(&s, &p, power >= 0 && power <= 55);
    r.mantissa = s.mantissa;
    r.biased = s.biased;
    r.sure = way != ROUND_UNSURE;
    r.bits = assemble(s.mantissa + (way == ROUND_UP), r.biased);
    return r;
}

static uint64_t read_exactly(const kess_number *number, const reading *below)
{
    const uint64_t middle = (below->mantissa << 1) | 1u;
    const int order =
        kess_int_compare_big(number->digits, number->span, number->exponent,
                             middle, below->biased - EXPONENT_BIAS - 1);
    const int up = order > 0 || (order == 0 && (below->mantissa & 1) != 0);
    return assemble(below->mantissa + (uint64_t)up, below->biased);
}

uint64_t kess_int_double_bits(const kess_number *number)
{
    if (number->count == 0) {
        return 0;
    }
    const size_t head_count = number->count < 19 ? number->count : 19;
    /* The value lies in [10^(magnitude-1), 10^magnitude). */
    const int64_t magnitude = number->exponent + (int64_t)number->count;
    if (magnitude > 310) {
        return INFINITE_BITS;
    }
    if (magnitude < -323) {
        return 0;
    }
    const int power = (int)(magnitude - (int64_t)head_count);
    const reading low = read_head(number->head, power);
    if (number->count <= 19) {
        return low.sure ? low.bits : read_exactly(number, &low);
    }
    /* Digits were cut off: the value lies between two heads. */
    const reading high = read_head(number->head + 1, power);
    if (low.sure && high.sure && low.bits == high.bits) {
        return low.bits;
    }
    return read_exactly(number, &low);
}

double kess_int_to_double(const kess_number *number)
{
    union {
        uint64_t bits;
        double value;
    } both;
    both.bits = kess_int_double_bits(number);
    return number->negative ? -both.value : both.value;
}

/* ------------------------------------------------------------ writing */

static int count_digits(uint64_t value)
{
    int count = 1;
    while (value >= 10) {
        value /= 10;
        count++;
    }
    return count;
}

/* value x 10^exponent10 with the trailing zeros taken off. */
static kess_decimal make_decimal(uint64_t value, int exponent10)
{
    kess_decimal d;
    d.count = count_digits(value);
    d.exponent = exponent10 + d.count - 1;
    while (value % 10 == 0) {
        value /= 10;
        d.count--;
    }
    d.digits = value;
    return d;
}

static void take_apart(uint64_t bits, uint64_t *c, int *q)
{
    const int biased = (int)(bits >> MANTISSA_BITS) & EXPONENT_MAX;
    *c = bits & (HIDDEN_BIT - 1);
    if (biased != 0) {
        *c |= HIDDEN_BIT;
        *q = biased - EXPONENT_BIAS;
    } else {
        *q = 1 - EXPONENT_BIAS;
    }
}

/* floor(g x cp / 2^127) with its last bit set if anything was cut off, for
 * g = g1 x 2^63 + g0. */
static uint64_t round_to_odd(uint64_t g1, uint64_t g0, uint64_t cp)
{
    const uint64_t mask63 = ~UINT64_C(0) >> 1;
    uint64_t x1;
    uint64_t y1;
    (void)kess_int_multiply(g0, cp, &x1);
    const uint64_t y0 = kess_int_multiply(g1, cp, &y1);
    const uint64_t z = (y0 >> 1) + x1;
    const uint64_t w = y1 + (z >> 63);
    return w | (((z & mask63) + mask63) >> 63);
}

kess_decimal kess_int_shortest(uint64_t bits)
{
    uint64_t c;
    int q;
    take_apart(bits, &c, &q);
    /* An even mantissa owns the ends of its rounding interval. */
    const uint64_t out = c & 1;
    const int irregular = c == HIDDEN_BIT && q > 1 - EXPONENT_BIAS;
    const int k =
        irregular ? floor_log10_three_quarters_pow2(q) : floor_log10_pow2(q);
    const int h = q + floor_log2_pow10(-k) + 2;
    const uint64_t *pow10 = kess_int_pow10[-k - KESS_POW10_FIRST];
    /* g = floor(pow10 / 4) + 1, of 126 bits. */
    const uint64_t low = (pow10[1] >> 2 | pow10[0] << 62) + 1;
    const uint64_t high = (pow10[0] >> 2) + (low == 0);
    const uint64_t g1 = high << 1 | low >> 63;
    const uint64_t g0 = low & (~UINT64_C(0) >> 1);

    const uint64_t cb = c << 2;
    const uint64_t cbl = irregular ? cb - 1 : cb - 2;
    const uint64_t vb = round_to_odd(g1, g0, cb << h);
    const uint64_t vbl = round_to_odd(g1, g0, cbl << h) + out;
    const uint64_t vbr = round_to_odd(g1, g0, (cb + 2) << h) - out;

    const uint64_t s = vb >> 2;
    if (s >= 10) {
        const uint64_t tens = s / 10 * 10;
        const int down_in = vbl <= tens << 2;
        const int up_in = (tens + 10) << 2 <= vbr;
        if (down_in != up_in) {
            return make_decimal(down_in ? tens : tens + 10, k);
        }
    }
    const int down_in = vbl <= s << 2;
    const int up_in = (s + 1) << 2 <= vbr;
    if (down_in != up_in) {
        return make_decimal(down_in ? s : s + 1, k);
    }
    const uint64_t middle = (s << 2) + 2;
    const int down = vb < middle || (vb == middle && (s & 1) == 0);
    return make_decimal(down ? s : s + 1, k);
}

#define TEN_16 UINT64_C(10000000000000000)
#define TEN_17 UINT64_C(100000000000000000)

/* Whether (2 x value + 1) x 10^exponent10 is above, at or below 2 x c x 2^q.
 */
static int compare_middle(uint64_t value, int exponent10, uint64_t c, int q)
{
    uint8_t digits[20];
    size_t count = sizeof digits;
    for (uint64_t rest = 2 * value + 1; rest > 0; rest /= 10) {
        digits[--count] = (uint8_t)('0' + rest % 10);
    }
    return kess_int_compare_big(digits + count, sizeof digits - count,
                                exponent10, c, q + 1);
}

kess_decimal kess_int_precise(uint64_t bits)
{
    uint64_t c;
    int q;
    take_apart(bits, &c, &q);
    /* Scale to 17 or 18 digits before the point, then drop the 18th. */
    const int zeros = kess_int_leading_zeros(c);
    int exponent10 = floor_log10_pow2(q + 63 - zeros) - 16;
    for (;;) {
        const product p = scale(c, -exponent10);
        const int shift = -(p.exponent + q + 64); /* bits of high behind the
                                                     point */
        const uint64_t value = p.high >> shift;
        if (value >= TEN_17) {
            exponent10++;
            continue;
        }
        /* value is the floor. It is one below it only where the product, cut
         * by less than 2^-63, fell short of a whole number: that number is
         * the nearest one then. So one step up is enough in both cases. */
        const int order = compare_middle(value, exponent10, c, q);
        const int up = order < 0 || (order == 0 && (value & 1) != 0);
        return make_decimal(value + (uint64_t)up, exponent10);
    }
}

int kess_int_hundred(uint8_t *digits, int *exponent, uint64_t bits)
{
    uint64_t c;
    int q;
    take_apart(bits, &c, &q);
    return kess_int_exact_digits(digits, exponent, c, q);
}

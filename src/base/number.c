/* Numbers as text. Whole ones are written two digits at a time, since dividing is what they cost.
 *
 * Of floating point, libc finds the digits (printf and strtod agree on the locale's decimal point,
 * whatever it is), and the layout is ours, the one of MySQL and MariaDB: 0.00012, 12.5, 100000000000000,
 * 1e15, 1.5e-20. */
#include "base/number.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS_MAX = 17, PLAIN_MAX = 15 };

/* 0.DDD * 10^point, or D.DD: `digits` with the point behind the first `point` of them (which may be < 0 or >
 * count). */
typedef struct decimal {
    char digits[DIGITS_MAX];
    int count;
    int point;
} decimal;

/* Take what printf's %e wrote apart: digits, any decimal point, 'e', exponent. Zeros at the end go. */
static void take_apart(const char *text, decimal *out)
{
    const char *e = strchr(text, 'e');

    out->count = 0;
    for (const char *p = text; p < e; p++) {
        if (*p >= '0' && *p <= '9' && out->count < DIGITS_MAX)
            out->digits[out->count++] = *p;
    }
    while (out->count > 1 && out->digits[out->count - 1] == '0')
        out->count--;
    out->point = (int)strtol(e + 1, NULL, 10) + 1;
}

/* The shortest digits of a finite number that is not negative. */
static void find_digits(double number, bool as_float, decimal *out)
{
    /* So many digits survive the way to text and back, except in subnormal numbers, which hold fewer. */
    int precision = number < (as_float ? (double)FLT_MIN : DBL_MIN) ? 1 : as_float ? FLT_DIG : DBL_DIG;
    int most = as_float ? 9 : 17; /* always enough */
    char text[64];

    for (;; precision++) {
        snprintf(text, sizeof(text), "%.*e", precision - 1, number);
        if (precision == most)
            break;
        if (as_float ? strtof(text, NULL) == (float)number : strtod(text, NULL) == number)
            break;
    }
    take_apart(text, out);
}

static char *put_zeros(char *to, int count)
{
    memset(to, '0', (size_t)count);
    return to + count;
}

static char *put_digits(char *to, const char *digits, int count)
{
    memcpy(to, digits, (size_t)count);
    return to + count;
}

/* 0.000123: `point` is 0 or less. */
static char *put_fraction(char *to, const decimal *d)
{
    *to++ = '0';
    *to++ = '.';
    to = put_zeros(to, -d->point);
    return put_digits(to, d->digits, d->count);
}

/* 12300 or 123.45: `point` is 1 or more. */
static char *put_plain(char *to, const decimal *d)
{
    int whole = d->count < d->point ? d->count : d->point;

    to = put_digits(to, d->digits, whole);
    to = put_zeros(to, d->point - whole);
    if (d->count == whole)
        return to;
    *to++ = '.';
    return put_digits(to, d->digits + whole, d->count - whole);
}

static char *put_scientific(char *to, const decimal *d)
{
    *to++ = d->digits[0];
    if (d->count > 1) {
        *to++ = '.';
        to = put_digits(to, d->digits + 1, d->count - 1);
    }
    return to + sprintf(to, "e%d", d->point - 1);
}

/* Plain while the point is not far from the digits, or stands among them. */
static char *put_number(char *to, const decimal *d)
{
    if (d->point > 0 && (d->point <= PLAIN_MAX || d->point < d->count))
        return put_plain(to, d);
    if (d->point <= 0 && d->point > -PLAIN_MAX)
        return put_fraction(to, d);
    return put_scientific(to, d);
}

size_t hoot__double_text(double number, bool as_float, char *out)
{
    char *to = out;
    decimal d;

    if (isnan(number)) {
        memcpy(out, "nan", 4);
        return 3;
    }
    if (signbit(number))
        *to++ = '-';
    if (isinf(number)) {
        memcpy(to, "inf", 4);
        return (size_t)(to + 3 - out);
    }
    find_digits(fabs(number), as_float, &d);
    to = put_number(to, &d);
    *to = '\0';
    return (size_t)(to - out);
}

static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                            "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                            "8081828384858687888990919293949596979899";

/* 1233 / 4096 is a little more than log10(2). */
static unsigned count_digits(uint64_t number)
{
    static const uint64_t powers[] = {
        0,
        10,
        100,
        1000,
        10000,
        100000,
        1000000,
        10000000,
        100000000,
        1000000000,
        10000000000,
        100000000000,
        1000000000000,
        10000000000000,
        100000000000000,
        1000000000000000,
        10000000000000000,
        100000000000000000,
        1000000000000000000,
        UINT64_C(10000000000000000000),
    };
    unsigned bits = 64 - (unsigned)__builtin_clzll(number | 1);
    unsigned guess = bits * 1233 >> 12;

    return guess + (number >= powers[guess]);
}

/* Of a number under 100, without a zero in front. Always writes two bytes. */
static inline char *put_pair(char *to, uint64_t number)
{
    memcpy(to, pairs + 2 * number + (number < 10), 2);
    return to + 1 + (number >= 10);
}

__attribute__((noinline)) static char *put_long(char *to, uint64_t number)
{
    char *end = to + count_digits(number), *at = end;

    for (; number >= 100; number /= 100)
        memcpy(at -= 2, pairs + 2 * (number % 100), 2);
    if (number >= 10)
        memcpy(at - 2, pairs + 2 * number, 2);
    else
        at[-1] = (char)('0' + number);
    return end;
}

/* Most numbers are short: these are written without a loop. */
char *hoot__put_u64(char *to, uint64_t number)
{
    if (number >= 10000)
        return put_long(to, number);
    if (number < 100)
        return put_pair(to, number);
    to = put_pair(to, number / 100);
    memcpy(to, pairs + 2 * (number % 100), 2);
    return to + 2;
}

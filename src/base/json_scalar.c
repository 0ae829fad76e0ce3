/* JSON texts and numbers as Python's json.dumps() writes them: non-ASCII as \uXXXX (pairs of surrogates
 * beyond the basic plane), numbers in their shortest form that reads back the same. What is made of them,
 * objects and arrays, is the business of the rooms above. */
#include "base/json_scalar.h"

#include "base/number.h"
#include "base/utf8.h"
#include "base/words.h"

#include <hoot/crypto.h>
#include <hoot/error.h>

#include <math.h>
#include <stdlib.h>

/* --- text --- */

static const char hex_digits[] = "0123456789abcdef";

static char *put_unit(char *to, uint32_t unit)
{
    *to++ = '\\';
    *to++ = 'u';
    for (int shift = 12; shift >= 0; shift -= 4)
        *to++ = hex_digits[unit >> shift & 15];
    return to;
}

static char *put_point(char *to, uint32_t point)
{
    if (point < 0x10000)
        return put_unit(to, point);
    to = put_unit(to, 0xd800 + ((point - 0x10000) >> 10));
    return put_unit(to, 0xdc00 + ((point - 0x10000) & 0x3ff));
}

/* Of a character that may not stand for itself. */
static char *put_escape(char *to, uint32_t point)
{
    static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt";

    for (size_t i = 0; i + 1 < sizeof(shorts); i += 2) {
        if ((uint32_t)shorts[i] == point) {
            *to++ = '\\';
            *to++ = shorts[i + 1];
            return to;
        }
    }
    return put_point(to, point);
}

/* What stands for itself: ASCII without control bytes, '"' (0x22) and '\\' (0x5c). */
static const bool is_plain[256] = {
    [0x20 ... 0x21] = true,
    [0x23 ... 0x5b] = true,
    [0x5d ... 0x7e] = true,
};

typedef int8_t block __attribute__((vector_size(16)));
typedef uint64_t words __attribute__((vector_size(16)));

/* Are all sixteen plain? Bytes over 0x7f are negative, so not over 0x1f. */
static inline bool are_plain(block bytes)
{
    words others = (words)((bytes == '"') | (bytes == '\\') | (bytes == 0x7f));
    words plain = (words)(bytes > 0x1f) & ~others;

    return (plain[0] & plain[1]) == UINT64_MAX;
}

static inline bool copy_block(char *to, const char *from)
{
    block bytes;

    memcpy(&bytes, from, sizeof(bytes));
    memcpy(to, &bytes, sizeof(bytes));
    return are_plain(bytes);
}

/* The same for 4 to 15 bytes, in two words that overlap. */
static inline bool copy_part(char *to, const char *from, size_t len)
{
    uint64_t first, last;

    if (len >= 8) {
        first = hoot__load8(from);
        last = hoot__load8(from + len - 8);
        memcpy(to, &first, 8);
        memcpy(to + len - 8, &last, 8);
    } else {
        uint32_t head = hoot__load4(from), tail = hoot__load4(from + len - 4);

        memcpy(to, &head, 4);
        memcpy(to + len - 4, &tail, 4);
        first = last = head | (uint64_t)tail << 32;
    }
    return are_plain((block)(words){ first, last });
}

/* Copy plain bytes up to the first that is not, or all `len`; what is behind them in `to` is spoiled. Gives:
 * how many. */
__attribute__((always_inline)) static inline size_t copy_plain(char *to, const char *from, size_t len)
{
    size_t i = 0;

    while (len - i >= 16 && copy_block(to + i, from + i))
        i += 16;
    if (len - i >= 4 && len - i < 16 && copy_part(to + i, from + i, len - i))
        return len;
    for (; i < len && is_plain[(unsigned char)from[i]]; i++)
        to[i] = from[i];
    return i;
}

/* From the first byte on that is not plain. An escape is at most 12 bytes, and more than the character has.
 */
__attribute__((noinline)) static int add_escaped(hoot_buf *out, hoot_str s)
{
    const char *p = s.ptr, *end = p + s.len;

    while (p < end) {
        uint32_t point;
        size_t len = hoot__utf8_step((const unsigned char *)p, (const unsigned char *)end, &point);
        int rc = len ? hoot_buf_reserve(out, (size_t)(end - p) + 12) : HOOT_EBADINPUT;

        if (rc < 0)
            return rc;
        out->len = (size_t)(put_escape(out->data + out->len, point) - out->data);
        p += len;
        len = copy_plain(out->data + out->len, p, (size_t)(end - p));
        out->len += len;
        p += len;
    }
    return hoot_buf_add_byte(out, '"');
}

/* The quote and the first `plain` bytes are there. */
__attribute__((noinline)) static int add_rest(hoot_buf *out, hoot_str s, size_t plain)
{
    size_t before = out->len;
    int rc;

    out->len += 1 + plain;
    rc = add_escaped(out, hoot_str_from_index(s, plain));
    if (rc < 0)
        out->len = before;
    return rc;
}

__attribute__((noinline)) static int make_room_and_add(hoot_buf *out, hoot_str s)
{
    int rc = s.len > SIZE_MAX / 8 ? HOOT_ELIMIT : hoot_buf_reserve(out, s.len + 2);

    return rc < 0 ? rc : hoot__json_text(out, s);
}

/* Most texts are plain and find room. */
int hoot__json_text(hoot_buf *out, hoot_str s)
{
    size_t room = out->capacity - out->len, plain;
    char *to = out->data + out->len;

    if (room < 2 || s.len > room - 2)
        return make_room_and_add(out, s);
    *to++ = '"';
    plain = copy_plain(to, s.ptr, s.len);
    if (plain < s.len)
        return add_rest(out, s, plain);
    to[plain] = '"';
    out->len += 1 + plain + 1;
    return 0;
}

int hoot__json_bytes(hoot_buf *out, hoot_str bytes)
{
    int rc = hoot_buf_add_byte(out, '"');

    if (rc == 0)
        rc = hoot_base64_encode(bytes, out);
    return rc == 0 ? hoot_buf_add_byte(out, '"') : rc;
}

/* --- numbers --- */

/* Shortest digits and where the point stands: 0.DDD * 10^point. */
typedef struct digits {
    char at[24];
    int count;
    int point;
} digits;

/* Take apart what hoot__double_text() wrote, less its sign: 0.0012, 120, 1.25e-20. */
static void take_apart(const char *text, digits *out)
{
    bool after_point = false, started = false;
    const char *p = text;

    out->count = out->point = 0;
    for (; *p && *p != 'e'; p++) {
        if (*p == '.') {
            after_point = true;
            continue;
        }
        started |= *p != '0';
        if (started && out->count < (int)sizeof(out->at))
            out->at[out->count++] = *p;
        if (started && !after_point)
            out->point++;
        else if (!started && after_point)
            out->point--;
    }
    if (*p == 'e')
        out->point += (int)strtol(p + 1, NULL, 10);
    while (out->count > 1 && out->at[out->count - 1] == '0')
        out->count--;
}

/* Python's repr(): plain from 1e-4 up to 1e16, with ".0" behind a whole number; else an exponent of two
 * digits at least. */
static int write_digits(hoot_buf *out, const digits *d)
{
    int whole = d->point < d->count ? d->point : d->count;

    if (d->point > 16 || d->point < -3)
        return hoot_buf_printf(out, "%c%s%.*se%c%02d", d->at[0], d->count > 1 ? "." : "", d->count - 1,
                               d->at + 1, d->point > 0 ? '+' : '-', abs(d->point - 1));
    if (d->point <= 0)
        return hoot_buf_printf(out, "0.%.*s%.*s", -d->point, "000", d->count, d->at);
    return hoot_buf_printf(out, "%.*s%.*s.%.*s", whole, d->at, d->point - whole, "0000000000000000",
                           d->count > whole ? d->count - whole : 1, d->count > whole ? d->at + whole : "0");
}

int hoot__json_double(hoot_buf *out, double number, bool as_float)
{
    char text[HOOT__DOUBLE_TEXT_BYTES];
    digits d;
    int rc = 0;

    if (!isfinite(number))
        return hoot_buf_add(out, "null", 4);
    hoot__double_text(fabs(number), as_float, text);
    if (signbit(number))
        rc = hoot_buf_add_byte(out, '-');
    if (number == 0)
        return rc == 0 ? hoot_buf_add(out, "0.0", 3) : rc;
    take_apart(text, &d);
    return rc == 0 ? write_digits(out, &d) : rc;
}

/* Writing JSON: values, and jansson's trees, in one pass.
 *
 * The text is what Python's json.dumps() gives with Quart's settings: compact, non-ASCII as \uXXXX (pairs of
 * surrogates beyond the basic plane), numbers in their shortest form that reads back the same. */
#include "base/number.h"
#include "base/utf8.h"

#include <hoot/crypto.h>
#include <hoot/json.h>

#include <math.h>
#include <stdio.h>

/* A program's own nesting; what peers send was bounded by HOOT_JSON_MAX_DEPTH when it was parsed. */
enum { MAX_DEPTH = 200 };

static int write_value(hoot_buf *out, const hoot_value *value, int depth);
static int write_json(hoot_buf *out, const json_t *json, int depth);

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

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* An escape is at most 12 bytes for the 4 of a character, 6 for one byte. */
static int write_text(hoot_buf *out, hoot_str s)
{
    const unsigned char *p = (const unsigned char *)s.ptr, *end = p + s.len;
    size_t before = out->len;
    int rc = s.len > SIZE_MAX / 8 ? HOOT_ELIMIT : hoot_buf_reserve(out, s.len + 2);

    if (rc < 0)
        return rc;
    out->data[out->len++] = '"';
    while (p < end) {
        const unsigned char *run = p;
        uint32_t point;
        size_t len;

        while (p < end && is_plain(*p))
            p++;
        rc = hoot_buf_reserve(out, (size_t)(p - run) + 12 + 1);
        if (rc < 0)
            return rc;
        memcpy(out->data + out->len, run, (size_t)(p - run));
        out->len += (size_t)(p - run);
        if (p == end)
            break;
        len = hoot__utf8_step(p, end, &point);
        if (len == 0) {
            out->len = before;
            return HOOT_EBADINPUT;
        }
        out->len = (size_t)(put_escape(out->data + out->len, point) - out->data);
        p += len;
    }
    return hoot_buf_add_byte(out, '"');
}

static int write_bytes(hoot_buf *out, hoot_str bytes)
{
    int rc = hoot_buf_add_byte(out, '"');

    if (rc == 0)
        rc = hoot_base64_encode(bytes, out);
    return rc == 0 ? hoot_buf_add_byte(out, '"') : rc;
}

/* --- numbers and times --- */

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

static int write_double(hoot_buf *out, double number, bool as_float)
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

/* ISO 8601, microseconds without the zeros at their end. */
static int write_time(hoot_buf *out, const hoot_value *value)
{
    const hoot_time *t = &value->time;
    char fraction[16] = "";
    int rc = 0;

    if (t->microsecond && value->kind != HOOT_DATE) {
        int len = snprintf(fraction, sizeof(fraction), ".%06u", (unsigned)(t->microsecond % 1000000));

        while (len > 0 && fraction[len - 1] == '0')
            fraction[--len] = '\0';
    }
    if (value->kind == HOOT_TIME)
        return hoot_buf_printf(out, "\"%s%02u:%02u:%02u%s\"", t->negative ? "-" : "", t->hour, t->minute,
                               t->second, fraction);
    rc = hoot_buf_printf(out, "\"%04u-%02u-%02u", t->year, t->month, t->day);
    if (rc == 0 && value->kind == HOOT_DATETIME)
        rc = hoot_buf_printf(out, "T%02u:%02u:%02u%s", t->hour, t->minute, t->second, fraction);
    return rc == 0 ? hoot_buf_add_byte(out, '"') : rc;
}

/* --- objects and arrays --- */

static int write_name(hoot_buf *out, hoot_str name, bool first)
{
    int rc = first ? 0 : hoot_buf_add_byte(out, ',');

    if (rc == 0)
        rc = write_text(out, name);
    return rc == 0 ? hoot_buf_add_byte(out, ':') : rc;
}

static int write_members(hoot_buf *out, const hoot_value *value, int depth)
{
    int rc = hoot_buf_add_byte(out, '{');

    for (uint32_t i = 0; rc == 0 && i < value->count; i++) {
        rc = write_name(out, hoot_str_from(value->members[i].name), i == 0);
        if (rc == 0)
            rc = write_value(out, &value->members[i].value, depth + 1);
    }
    return rc == 0 ? hoot_buf_add_byte(out, '}') : rc;
}

static int write_items(hoot_buf *out, const hoot_value *value, int depth)
{
    int rc = hoot_buf_add_byte(out, '[');

    for (uint32_t i = 0; rc == 0 && i < value->count; i++) {
        if (i > 0)
            rc = hoot_buf_add_byte(out, ',');
        if (rc == 0)
            rc = write_value(out, &value->items[i], depth + 1);
    }
    return rc == 0 ? hoot_buf_add_byte(out, ']') : rc;
}

static int write_word(hoot_buf *out, const char *word)
{
    return hoot_buf_add_str(out, hoot_str_from(word));
}

/* A decimal's digits as they are: "-12.340" is a JSON number. Quart gives text for Python's Decimal, and so
 * do we: a number would lose digits in most readers. */
static int write_value(hoot_buf *out, const hoot_value *value, int depth)
{
    if (depth > MAX_DEPTH)
        return HOOT_ELIMIT;
    switch (value->kind) {
    case HOOT_NULL: return write_word(out, "null");
    case HOOT_BOOL: return write_word(out, value->boolean ? "true" : "false");
    case HOOT_INT: return hoot_buf_add_i64(out, value->i64);
    case HOOT_UINT: return hoot_buf_add_u64(out, value->u64);
    case HOOT_FLOAT: return write_double(out, value->f64, true);
    case HOOT_DOUBLE: return write_double(out, value->f64, false);
    case HOOT_DECIMAL:
    case HOOT_TEXT: return write_text(out, value->str);
    case HOOT_BYTES: return write_bytes(out, value->str);
    case HOOT_DATE:
    case HOOT_TIME:
    case HOOT_DATETIME: return write_time(out, value);
    case HOOT_OBJECT: return write_members(out, value, depth);
    case HOOT_ARRAY: return write_items(out, value, depth);
    case HOOT_JANSSON: return write_json(out, value->json, depth);
    }
    return HOOT_EINVAL;
}

/* --- jansson's values --- */

static int write_json_object(hoot_buf *out, const json_t *json, int depth)
{
    json_t *object = (json_t *)json; /* jansson's iterators take no const */
    void *at = json_object_iter(object);
    int rc = hoot_buf_add_byte(out, '{');

    for (bool first = true; rc == 0 && at; first = false) {
        rc = write_name(out, hoot_str_from(json_object_iter_key(at)), first);
        if (rc == 0)
            rc = write_json(out, json_object_iter_value(at), depth + 1);
        at = json_object_iter_next(object, at);
    }
    return rc == 0 ? hoot_buf_add_byte(out, '}') : rc;
}

static int write_json_array(hoot_buf *out, const json_t *json, int depth)
{
    int rc = hoot_buf_add_byte(out, '[');

    for (size_t i = 0; rc == 0 && i < json_array_size(json); i++) {
        if (i > 0)
            rc = hoot_buf_add_byte(out, ',');
        if (rc == 0)
            rc = write_json(out, json_array_get(json, i), depth + 1);
    }
    return rc == 0 ? hoot_buf_add_byte(out, ']') : rc;
}

static int write_json(hoot_buf *out, const json_t *json, int depth)
{
    if (depth > MAX_DEPTH)
        return HOOT_ELIMIT;
    switch (json_typeof(json)) {
    case JSON_OBJECT: return write_json_object(out, json, depth);
    case JSON_ARRAY: return write_json_array(out, json, depth);
    case JSON_STRING: return write_text(out, hoot_str_of(json_string_value(json), json_string_length(json)));
    case JSON_INTEGER: return hoot_buf_add_i64(out, json_integer_value(json));
    case JSON_REAL: return write_double(out, json_real_value(json), false);
    case JSON_TRUE: return write_word(out, "true");
    case JSON_FALSE: return write_word(out, "false");
    case JSON_NULL: return write_word(out, "null");
    }
    return HOOT_EINVAL;
}

int hoot_json_write(hoot_buf *out, const hoot_value *value)
{
    size_t before = out->len;
    int rc = write_value(out, value, 0);

    if (rc < 0)
        out->len = before;
    return rc;
}

/* Writing JSON: values, and jansson's trees, in one pass.
 *
 * The text is what Python's json.dumps() gives with Quart's settings: compact, non-ASCII as \uXXXX (pairs of
 * surrogates beyond the basic plane), numbers in their shortest form that reads back the same. */
#include "base/json_scalar.h"

#include <hoot/json.h>

#include <stdio.h>

/* A program's own nesting; what peers send was bounded by HOOT_JSON_MAX_DEPTH when it was parsed. */
enum { MAX_DEPTH = 200 };

static int write_value(hoot_buf *out, const hoot_value *value, int depth);
static int write_json(hoot_buf *out, const json_t *json, int depth);

/* --- times --- */

/* ISO 8601, microseconds without the zeros at their end. */
__attribute__((noinline)) static int write_time(hoot_buf *out, const hoot_value *value)
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

/* Where there is room, as there nearly always is, a byte of punctuation is worth no call. */
static inline int put(hoot_buf *out, char c)
{
    if (out->len == out->capacity)
        return hoot_buf_add_byte(out, c);
    out->data[out->len++] = c;
    return 0;
}

static int write_name(hoot_buf *out, hoot_str name, bool first)
{
    int rc = first ? 0 : put(out, ',');

    if (rc == 0)
        rc = hoot__json_text(out, name);
    return rc == 0 ? put(out, ':') : rc;
}

/* The kinds that most members and items are of need none of what the others do. */
static inline int write_one(hoot_buf *out, const hoot_value *value, int depth)
{
    if (value->kind == HOOT_TEXT)
        return hoot__json_text(out, value->str);
    if (value->kind == HOOT_INT)
        return hoot_buf_add_i64(out, value->i64);
    return write_value(out, value, depth);
}

static int write_members(hoot_buf *out, const hoot_value *value, int depth)
{
    int rc = put(out, '{');

    for (uint32_t i = 0; rc == 0 && i < value->count; i++) {
        rc = write_name(out, hoot_str_from(value->members[i].name), i == 0);
        if (rc == 0)
            rc = write_one(out, &value->members[i].value, depth + 1);
    }
    return rc == 0 ? put(out, '}') : rc;
}

static int write_items(hoot_buf *out, const hoot_value *value, int depth)
{
    int rc = put(out, '[');

    for (uint32_t i = 0; rc == 0 && i < value->count; i++) {
        if (i > 0)
            rc = put(out, ',');
        if (rc == 0)
            rc = write_one(out, &value->items[i], depth + 1);
    }
    return rc == 0 ? put(out, ']') : rc;
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
    case HOOT_FLOAT: return hoot__json_double(out, value->f64, true);
    case HOOT_DOUBLE: return hoot__json_double(out, value->f64, false);
    case HOOT_DECIMAL:
    case HOOT_TEXT: return hoot__json_text(out, value->str);
    case HOOT_BYTES: return hoot__json_bytes(out, value->str);
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
    int rc = put(out, '{');

    for (bool first = true; rc == 0 && at; first = false) {
        rc = write_name(out, hoot_str_from(json_object_iter_key(at)), first);
        if (rc == 0)
            rc = write_json(out, json_object_iter_value(at), depth + 1);
        at = json_object_iter_next(object, at);
    }
    return rc == 0 ? put(out, '}') : rc;
}

static int write_json_array(hoot_buf *out, const json_t *json, int depth)
{
    int rc = put(out, '[');

    for (size_t i = 0; rc == 0 && i < json_array_size(json); i++) {
        if (i > 0)
            rc = put(out, ',');
        if (rc == 0)
            rc = write_json(out, json_array_get(json, i), depth + 1);
    }
    return rc == 0 ? put(out, ']') : rc;
}

__attribute__((noinline)) static int write_json(hoot_buf *out, const json_t *json, int depth)
{
    if (depth > MAX_DEPTH)
        return HOOT_ELIMIT;
    switch (json_typeof(json)) {
    case JSON_OBJECT: return write_json_object(out, json, depth);
    case JSON_ARRAY: return write_json_array(out, json, depth);
    case JSON_STRING:
        return hoot__json_text(out, hoot_str_of(json_string_value(json), json_string_length(json)));
    case JSON_INTEGER: return hoot_buf_add_i64(out, json_integer_value(json));
    case JSON_REAL: return hoot__json_double(out, json_real_value(json), false);
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

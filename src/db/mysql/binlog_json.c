/* MySQL's binary JSON.
 *
 *     document:  type (1), value
 *     object:    count, size, count x (key's offset, key's length (2)), count x (type (1), offset or value)
 *     array:     count, size, count x (type (1), offset or value)
 *
 * Counts, sizes and offsets have two bytes in small objects and arrays and four in large ones; offsets count
 * from the count. Values that fit into the place of an offset stand there themselves. Source: MySQL's
 * sql-common/json_binary.h.
 *
 * Offsets are the peer's: nested arrays whose elements all point at the same bytes would grow without end. So
 * the text may be at most eight times as long as the document, which no honest one is: an element takes three
 * bytes at least, and its text eight at most with the comma; a character takes one, and its escape six. */
#include "binlog_rows.h"

#include "protocol.h"

#include "base/number.h"

#include <hoot/crypto.h>

#include <math.h>
#include <string.h>

enum {
    SMALL_OBJECT = 0,
    LARGE_OBJECT = 1,
    SMALL_ARRAY = 2,
    LARGE_ARRAY = 3,
    LITERAL = 4,
    INT16 = 5,
    UINT16 = 6,
    INT32 = 7,
    UINT32 = 8,
    INT64 = 9,
    UINT64 = 10,
    DOUBLE = 11,
    STRING = 12,
    OPAQUE = 15,
    DEPTH_MAX = 100,
    GROWTH = 8,
    LEAST_ROOM = 256,
};

typedef struct writer {
    hoot_buf out;
    hoot_arena *arena; /* of decimals */
} writer;

static int put(writer *w, const char *text)
{
    return hoot_buf_add_str(&w->out, hoot_str_from(text));
}

/* --- scalars --- */

/* Seven bits a byte, the lowest first; the highest bit says that another follows. */
static hoot_str counted(hoot__my_in *in)
{
    uint64_t len = 0;
    uint8_t byte = 0x80;

    for (unsigned shift = 0; shift < 35 && byte & 0x80; shift += 7) {
        byte = hoot__my_u8(in);
        len |= (uint64_t)(byte & 0x7f) << shift;
    }
    if (byte & 0x80 || len > hoot__my_left(in))
        in->failed = true;
    return hoot__my_bytes(in, in->failed ? 0 : (size_t)len);
}

static int put_char(writer *w, char c)
{
    switch (c) {
    case '"': return put(w, "\\\"");
    case '\\': return put(w, "\\\\");
    case '\b': return put(w, "\\b");
    case '\f': return put(w, "\\f");
    case '\n': return put(w, "\\n");
    case '\r': return put(w, "\\r");
    case '\t': return put(w, "\\t");
    default: break;
    }
    if ((unsigned char)c < 0x20)
        return hoot_buf_printf(&w->out, "\\u%04x", (unsigned)c);
    return hoot_buf_add_byte(&w->out, c);
}

static int put_string(writer *w, hoot_str text)
{
    int rc = hoot_str_is_utf8(text) ? put(w, "\"") : HOOT_EPROTOCOL;

    for (size_t i = 0; rc == 0 && i < text.len; i++)
        rc = put_char(w, text.ptr[i]);
    return rc < 0 ? rc : put(w, "\"");
}

static int put_double(writer *w, uint64_t bits)
{
    char text[HOOT__DOUBLE_TEXT_BYTES];
    double number;

    memcpy(&number, &bits, sizeof(number));
    if (!isfinite(number))
        return HOOT_EPROTOCOL;
    hoot__double_text(number, false, text);
    if (!strpbrk(text, ".e")) /* it stays a double for who reads it */
        memcpy(text + strlen(text), ".0", 3);
    return put(w, text);
}

static int put_literal(writer *w, unsigned which)
{
    switch (which) {
    case 0: return put(w, "null");
    case 1: return put(w, "true");
    case 2: return put(w, "false");
    default: return HOOT_EPROTOCOL;
    }
}

/* precision (1), scale (1), digits */
static int put_decimal(writer *w, hoot_str data)
{
    hoot__my_in in = hoot__my_in_of(data.ptr, data.len);
    unsigned precision = hoot__my_u8(&in), scale = hoot__my_u8(&in);
    hoot_str text;
    int rc = hoot__bin_decimal(&in, precision, scale, w->arena, &text);

    return rc < 0 ? rc : hoot_buf_add_str(&w->out, text);
}

static int put_time(writer *w, unsigned type, hoot_str data)
{
    hoot__my_in in = hoot__my_in_of(data.ptr, data.len);
    int64_t packed = (int64_t)hoot__my_u64(&in);
    hoot_time t;

    if (in.failed || !(type == HOOT__MY_TYPE_TIME ? hoot__bin_unpack_time(packed, &t)
                                                  : hoot__bin_unpack_datetime(packed, &t)))
        return HOOT_EPROTOCOL;
    if (type == HOOT__MY_TYPE_TIME)
        return hoot_buf_printf(&w->out, "\"%s%02u:%02u:%02u.%06u\"", t.negative ? "-" : "", t.hour, t.minute,
                               t.second, (unsigned)t.microsecond);
    (void)hoot_buf_printf(&w->out, "\"%04u-%02u-%02u", t.year, t.month, t.day);
    if (type != HOOT__MY_TYPE_DATE)
        (void)hoot_buf_printf(&w->out, " %02u:%02u:%02u.%06u", t.hour, t.minute, t.second,
                              (unsigned)t.microsecond);
    return put(w, "\"");
}

/* A value of a column's type that JSON has no form for: type (1), bytes. */
static int put_opaque(writer *w, hoot__my_in *in)
{
    unsigned type = hoot__my_u8(in);
    hoot_str data = counted(in);
    int rc;

    if (in->failed)
        return HOOT_EPROTOCOL;
    switch (type) {
    case HOOT__MY_TYPE_NEWDECIMAL: return put_decimal(w, data);
    case HOOT__MY_TYPE_DATE:
    case HOOT__MY_TYPE_TIME:
    case HOOT__MY_TYPE_DATETIME:
    case HOOT__MY_TYPE_TIMESTAMP: return put_time(w, type, data);
    default: break;
    }
    rc = hoot_buf_printf(&w->out, "\"base64:type%u:", type);
    rc = rc < 0 ? rc : hoot_base64_encode(data, &w->out);
    return rc < 0 ? rc : put(w, "\"");
}

/* --- objects and arrays --- */

/* One that is being read. */
typedef struct container {
    hoot_str bytes; /* from its count on, as long as its size says */
    size_t width;   /* of counts and offsets */
    bool is_object;
    uint32_t count;
} container;

static int put_value(writer *w, unsigned type, hoot_str bytes, unsigned depth);

static uint32_t number(hoot__my_in *in, size_t width)
{
    return width == 2 ? hoot__my_u16(in) : hoot__my_u32(in);
}

static bool open_container(container *c, unsigned type, hoot_str bytes)
{
    hoot__my_in in = hoot__my_in_of(bytes.ptr, bytes.len);
    size_t entry;
    uint32_t size;

    c->width = type == LARGE_OBJECT || type == LARGE_ARRAY ? 4 : 2;
    c->is_object = type == SMALL_OBJECT || type == LARGE_OBJECT;
    c->count = number(&in, c->width);
    size = number(&in, c->width);
    entry = 1 + c->width + (c->is_object ? c->width + 2 : 0);
    if (in.failed || size > bytes.len || size < 2 * c->width || (size - 2 * c->width) / entry < c->count)
        return false;
    c->bytes = hoot_str_of(bytes.ptr, size);
    return true;
}

static int put_key(writer *w, const container *c, uint32_t i)
{
    hoot__my_in in = hoot__my_in_of(c->bytes.ptr, c->bytes.len);
    uint32_t offset, len;
    int rc;

    hoot__my_skip(&in, 2 * c->width + (size_t)i * (c->width + 2));
    offset = number(&in, c->width);
    len = hoot__my_u16(&in);
    if (in.failed || offset > c->bytes.len || len > c->bytes.len - offset)
        return HOOT_EPROTOCOL;
    rc = put_string(w, hoot_str_of(c->bytes.ptr + offset, len));
    return rc < 0 ? rc : put(w, ": ");
}

static bool is_inline(const container *c, unsigned type)
{
    return type == LITERAL || type == INT16 || type == UINT16 ||
           (c->width == 4 && (type == INT32 || type == UINT32));
}

static int put_entry(writer *w, const container *c, uint32_t i, unsigned depth)
{
    hoot__my_in in = hoot__my_in_of(c->bytes.ptr, c->bytes.len);
    size_t keys = c->is_object ? (size_t)c->count * (c->width + 2) : 0;
    uint32_t offset;
    unsigned type;

    hoot__my_skip(&in, 2 * c->width + keys + (size_t)i * (1 + c->width));
    type = hoot__my_u8(&in);
    if (!in.failed && is_inline(c, type))
        return put_value(w, type, hoot_str_of(in.at, c->width), depth);
    offset = number(&in, c->width);
    if (in.failed || offset < 2 * c->width || offset >= c->bytes.len)
        return HOOT_EPROTOCOL;
    return put_value(w, type, hoot_str_from_index(c->bytes, offset), depth);
}

static int put_container(writer *w, unsigned type, hoot_str bytes, unsigned depth)
{
    container c;
    int rc;

    if (depth > DEPTH_MAX || !open_container(&c, type, bytes))
        return HOOT_EPROTOCOL;
    rc = put(w, c.is_object ? "{" : "[");
    for (uint32_t i = 0; rc == 0 && i < c.count; i++) {
        if (i > 0)
            rc = put(w, ", ");
        if (rc == 0 && c.is_object)
            rc = put_key(w, &c, i);
        if (rc == 0)
            rc = put_entry(w, &c, i, depth);
    }
    return rc < 0 ? rc : put(w, c.is_object ? "}" : "]");
}

static int put_scalar(writer *w, unsigned type, hoot__my_in *in)
{
    switch (type) {
    case LITERAL: return put_literal(w, hoot__my_u8(in));
    case INT16: return hoot_buf_add_i64(&w->out, (int16_t)hoot__my_u16(in));
    case UINT16: return hoot_buf_add_u64(&w->out, hoot__my_u16(in));
    case INT32: return hoot_buf_add_i64(&w->out, (int32_t)hoot__my_u32(in));
    case UINT32: return hoot_buf_add_u64(&w->out, hoot__my_u32(in));
    case INT64: return hoot_buf_add_i64(&w->out, (int64_t)hoot__my_u64(in));
    case UINT64: return hoot_buf_add_u64(&w->out, hoot__my_u64(in));
    case DOUBLE: return put_double(w, hoot__my_u64(in));
    case STRING: return put_string(w, counted(in));
    case OPAQUE: return put_opaque(w, in);
    default: return HOOT_EPROTOCOL;
    }
}

static int put_value(writer *w, unsigned type, hoot_str bytes, unsigned depth)
{
    hoot__my_in in = hoot__my_in_of(bytes.ptr, bytes.len);
    int rc = type <= LARGE_ARRAY ? put_container(w, type, bytes, depth + 1) : put_scalar(w, type, &in);

    return in.failed ? HOOT_EPROTOCOL : rc;
}

int hoot__bin_json(hoot_str document, hoot_arena *arena, hoot_str *out)
{
    writer w = { .arena = arena };
    char *copy = NULL;
    int rc;

    hoot_buf_init(&w.out, GROWTH * document.len + LEAST_ROOM);
    if (document.len == 0) /* what an IGNOREd error leaves */
        rc = put(&w, "null");
    else
        rc = put_value(&w, (unsigned char)document.ptr[0], hoot_str_from_index(document, 1), 0);
    if (rc == 0 && !(copy = hoot_arena_dup(arena, hoot_buf_str(&w.out))))
        rc = HOOT_ENOMEM;
    if (rc == 0)
        *out = hoot_str_of(copy, w.out.len);
    hoot_buf_fini(&w.out);
    return rc == HOOT_ELIMIT ? HOOT_EPROTOCOL : rc;
}

/* COM_STMT_EXECUTE:
 *
 *     17, statement id (4), flags (1): no cursor, iterations (4): 1,
 *     NULL bitmap ((count + 7) / 8), 01: types follow, types (2 each), the values that are not NULL
 *
 * Types are sent each time: a statement may be run with an integer now and a text then.
 * Source: MySQL Internals, "COM_STMT_EXECUTE", "Binary Protocol Value". */
#include "params.h"

#include "protocol.h"
#include "rows.h"

#include <math.h>

enum { HEADER_BYTES = 10, TYPE_BYTES = 2, VALUE_BYTES = 13 /* the widest but for text: a TIME */ };

/* -12.50, +3, .5, 1e10: what the server reads as a number to its end. */
static bool is_decimal(hoot_str s)
{
    size_t i = s.len > 0 && (s.ptr[0] == '-' || s.ptr[0] == '+') ? 1 : 0;
    size_t digits = 0;

    for (; i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9'; i++)
        digits++;
    if (i < s.len && s.ptr[i] == '.') {
        for (i++; i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9'; i++)
            digits++;
    }
    return digits > 0 && i == s.len;
}

int hoot__my_param_check(const hoot_value *value, size_t number, hoot_error *err)
{
    switch (value->kind) {
    case HOOT_FLOAT:
    case HOOT_DOUBLE:
        if (isfinite(value->f64))
            return 0;
        return hoot_error_set(err, HOOT_EINVAL,
                              "parameter %zu is not a finite number, and the database has no others", number);
    case HOOT_DECIMAL:
        if (is_decimal(value->str))
            return 0;
        return hoot_error_set(err, HOOT_EINVAL, "parameter %zu is not a decimal number", number);
    case HOOT_DATE:
    case HOOT_TIME:
    case HOOT_DATETIME:
        if (hoot__my_time_is_valid(value->kind, &value->time))
            return 0;
        return hoot_error_set(err, HOOT_EINVAL, "parameter %zu is a date or time out of range", number);
    case HOOT_OBJECT:
    case HOOT_ARRAY:
    case HOOT_JANSSON:
        return hoot_error_set(err, HOOT_ETYPE, "parameter %zu is a JSON value: make a text of it first",
                              number);
    default: return 0;
    }
}

static bool has_bytes(const hoot_value *value)
{
    return value->kind == HOOT_TEXT || value->kind == HOOT_BYTES || value->kind == HOOT_DECIMAL;
}

int hoot__my_params_check(const hoot_value *params, size_t count, size_t max_bytes, size_t *out_bytes,
                          hoot_error *err)
{
    size_t total = HEADER_BYTES + (count + 7) / 8 + 1 + TYPE_BYTES * count + VALUE_BYTES * count;

    if (count > HOOT__MY_PARAMS_MAX)
        return hoot_error_set(err, HOOT_EINVAL, "%zu parameters: a statement can have %u", count,
                              HOOT__MY_PARAMS_MAX);
    for (size_t i = 0; i < count; i++) {
        int rc = hoot__my_param_check(&params[i], i + 1, err);

        if (rc < 0)
            return rc;
        if (!has_bytes(&params[i]))
            continue;
        if (params[i].str.len > max_bytes || total + params[i].str.len > max_bytes)
            return hoot_error_set(
                err, HOOT_ELIMIT,
                "the parameters to number %zu have more than the %zu bytes that the server takes in one "
                "command (its max_allowed_packet)",
                i + 1, max_bytes);
        total += params[i].str.len;
    }
    *out_bytes = total;
    return 0;
}

size_t hoot__my_param_bytes(const hoot_value *value)
{
    return VALUE_BYTES + (has_bytes(value) ? value->str.len : 0);
}

uint16_t hoot__my_param_type(hoot_kind kind)
{
    switch (kind) {
    case HOOT_BOOL: return HOOT__MY_TYPE_TINY;
    case HOOT_INT: return HOOT__MY_TYPE_LONGLONG;
    case HOOT_UINT: return HOOT__MY_TYPE_LONGLONG | HOOT__MY_PARAM_UNSIGNED << 8;
    case HOOT_FLOAT: return HOOT__MY_TYPE_FLOAT;
    case HOOT_DOUBLE: return HOOT__MY_TYPE_DOUBLE;
    case HOOT_DECIMAL: return HOOT__MY_TYPE_NEWDECIMAL;
    case HOOT_TEXT: return HOOT__MY_TYPE_VAR_STRING;
    case HOOT_BYTES: return HOOT__MY_TYPE_BLOB;
    case HOOT_DATE: return HOOT__MY_TYPE_DATE;
    case HOOT_TIME: return HOOT__MY_TYPE_TIME;
    case HOOT_DATETIME: return HOOT__MY_TYPE_DATETIME;
    default: return HOOT__MY_TYPE_NULL;
    }
}

static void put_float(hoot_buf *out, float number)
{
    uint32_t bits;

    memcpy(&bits, &number, sizeof(bits));
    hoot__my_put_u32(out, bits);
}

static void put_double(hoot_buf *out, double number)
{
    uint64_t bits;

    memcpy(&bits, &number, sizeof(bits));
    hoot__my_put_u64(out, bits);
}

static void put_datetime(hoot_buf *out, const hoot_time *t, bool date_only)
{
    hoot__my_put_u8(out, date_only ? 4 : t->microsecond ? 11 : 7);
    hoot__my_put_u16(out, t->year);
    hoot__my_put_u8(out, t->month);
    hoot__my_put_u8(out, t->day);
    if (date_only)
        return;
    hoot__my_put_u8(out, (uint8_t)t->hour);
    hoot__my_put_u8(out, t->minute);
    hoot__my_put_u8(out, t->second);
    if (t->microsecond)
        hoot__my_put_u32(out, t->microsecond);
}

static void put_time(hoot_buf *out, const hoot_time *t)
{
    hoot__my_put_u8(out, t->microsecond ? 12 : 8);
    hoot__my_put_u8(out, t->negative);
    hoot__my_put_u32(out, t->hour / 24u);
    hoot__my_put_u8(out, t->hour % 24);
    hoot__my_put_u8(out, t->minute);
    hoot__my_put_u8(out, t->second);
    if (t->microsecond)
        hoot__my_put_u32(out, t->microsecond);
}

void hoot__my_param_put(hoot_buf *out, const hoot_value *value)
{
    switch (value->kind) {
    case HOOT_BOOL: hoot__my_put_u8(out, value->boolean); break;
    case HOOT_INT: hoot__my_put_u64(out, (uint64_t)value->i64); break;
    case HOOT_UINT: hoot__my_put_u64(out, value->u64); break;
    case HOOT_FLOAT: put_float(out, (float)value->f64); break;
    case HOOT_DOUBLE: put_double(out, value->f64); break;
    case HOOT_DECIMAL:
    case HOOT_TEXT:
    case HOOT_BYTES: hoot__my_put_lenenc_str(out, value->str); break;
    case HOOT_DATE: put_datetime(out, &value->time, true); break;
    case HOOT_DATETIME: put_datetime(out, &value->time, false); break;
    case HOOT_TIME: put_time(out, &value->time); break;
    default: break;
    }
}

void hoot__my_params_write(hoot_buf *out, uint32_t statement_id, const hoot_value *params, size_t count)
{
    size_t bitmap;

    hoot__my_put_u8(out, HOOT__MY_COM_STMT_EXECUTE);
    hoot__my_put_u32(out, statement_id);
    hoot__my_put_u8(out, 0);
    hoot__my_put_u32(out, 1);
    if (count == 0)
        return;
    bitmap = out->len;
    hoot__my_put_zeros(out, (count + 7) / 8);
    hoot__my_put_u8(out, 1);
    for (size_t i = 0; i < count && !out->failed; i++) {
        hoot__my_put_u16(out, hoot__my_param_type(params[i].kind));
        if (params[i].kind == HOOT_NULL)
            out->data[bitmap + i / 8] = (char)(out->data[bitmap + i / 8] | 1 << (i % 8));
    }
    for (size_t i = 0; i < count && !out->failed; i++)
        hoot__my_param_put(out, &params[i]);
}

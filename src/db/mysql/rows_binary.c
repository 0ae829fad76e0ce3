/* Rows of COM_STMT_EXECUTE.
 *
 *     00, NULL bitmap ((columns + 9) / 8 bytes, the first column is bit 2), the values of the columns that
 * are not NULL
 *
 * Source: MySQL Internals, "Binary Protocol Resultset Row", "Binary Protocol Value". */
#include "rows.h"

#include "protocol.h"

#include <hoot/error.h>

enum { BITMAP_OFFSET = 2 };

void hoot__my_row_terminate(const hoot__my_columns *columns, hoot__my_packet row)
{
    for (uint32_t i = 0; i < columns->count; i++) {
        const hoot_value *cell = &columns->cells[i];

        if (cell->kind == HOOT_TEXT || cell->kind == HOOT_BYTES || cell->kind == HOOT_DECIMAL)
            row.ptr[(size_t)(cell->str.ptr - row.ptr) + cell->str.len] = '\0';
    }
}

/* The integer of `width` bytes in two's complement. */
static int64_t read_signed(uint64_t bits, unsigned width)
{
    unsigned shift = 64 - 8 * width;

    return (int64_t)(bits << shift) >> shift;
}

static void read_integer(hoot__my_in *in, unsigned width, hoot_value *cell)
{
    uint64_t bits = 0;

    switch (width) {
    case 1: bits = hoot__my_u8(in); break;
    case 2: bits = hoot__my_u16(in); break;
    case 4: bits = hoot__my_u32(in); break;
    default: bits = hoot__my_u64(in); break;
    }
    if (cell->kind == HOOT_UINT)
        cell->u64 = bits;
    else
        cell->i64 = read_signed(bits, width);
}

static void read_float(hoot__my_in *in, hoot_value *cell)
{
    uint32_t bits = hoot__my_u32(in);
    float number;

    memcpy(&number, &bits, sizeof(number));
    cell->f64 = (double)number;
}

static void read_double(hoot__my_in *in, hoot_value *cell)
{
    uint64_t bits = hoot__my_u64(in);

    memcpy(&cell->f64, &bits, sizeof(cell->f64));
}

/*     length (0, 4, 7 or 11), year (2), month, day, [hour, minute, second, [microsecond (4)]] */
static void read_datetime(hoot__my_in *in, hoot_value *cell)
{
    uint8_t len = hoot__my_u8(in);
    hoot_time t = { 0 };

    if (len >= 4) {
        t.year = hoot__my_u16(in);
        t.month = hoot__my_u8(in);
        t.day = hoot__my_u8(in);
    }
    if (len >= 7) {
        t.hour = hoot__my_u8(in);
        t.minute = hoot__my_u8(in);
        t.second = hoot__my_u8(in);
    }
    if (len == 11)
        t.microsecond = hoot__my_u32(in);
    if (len != 0 && len != 4 && len != 7 && len != 11)
        in->failed = true;
    if (cell->kind == HOOT_DATE)
        t.hour = t.minute = t.second = 0, t.microsecond = 0;
    cell->time = t;
}

/*     length (0, 8 or 12), negative, days (4), hours, minute, second, [microsecond (4)] */
static void read_time(hoot__my_in *in, hoot_value *cell)
{
    uint8_t len = hoot__my_u8(in);
    hoot_time t = { 0 };

    if (len >= 8) {
        uint32_t days, hours;

        t.negative = hoot__my_u8(in) != 0;
        days = hoot__my_u32(in);
        hours = hoot__my_u8(in);
        t.hour = (uint16_t)(days > 34 ? UINT16_MAX : 24 * days + hours); /* 838 hours are under 35 days */
        t.minute = hoot__my_u8(in);
        t.second = hoot__my_u8(in);
    }
    if (len == 12)
        t.microsecond = hoot__my_u32(in);
    if (len != 0 && len != 8 && len != 12)
        in->failed = true;
    cell->time = t;
}

static void read_cell(hoot__my_in *in, uint8_t type, hoot_value *cell)
{
    switch (type) {
    case HOOT__MY_TYPE_TINY: read_integer(in, 1, cell); break;
    case HOOT__MY_TYPE_SHORT:
    case HOOT__MY_TYPE_YEAR: read_integer(in, 2, cell); break;
    case HOOT__MY_TYPE_INT24:
    case HOOT__MY_TYPE_LONG: read_integer(in, 4, cell); break;
    case HOOT__MY_TYPE_LONGLONG: read_integer(in, 8, cell); break;
    case HOOT__MY_TYPE_FLOAT: read_float(in, cell); break;
    case HOOT__MY_TYPE_DOUBLE: read_double(in, cell); break;
    case HOOT__MY_TYPE_DATE:
    case HOOT__MY_TYPE_NEWDATE:
    case HOOT__MY_TYPE_DATETIME:
    case HOOT__MY_TYPE_TIMESTAMP: read_datetime(in, cell); break;
    case HOOT__MY_TYPE_TIME: read_time(in, cell); break;
    case HOOT__MY_TYPE_NULL: in->failed = true; break; /* it has no value, and its bit says NULL */
    default: cell->str = hoot__my_lenenc_str(in); break;
    }
}

static bool is_in_range(const hoot_value *cell)
{
    bool is_time = cell->kind == HOOT_DATE || cell->kind == HOOT_TIME || cell->kind == HOOT_DATETIME;

    return !is_time || hoot__my_time_is_valid(cell->kind, &cell->time);
}

int hoot__my_row_binary(hoot__my_columns *columns, hoot__my_packet row, uint32_t *out_column)
{
    hoot__my_in in = hoot__my_in_of(row.ptr, row.len);
    const char *bitmap;
    uint32_t bad = 0;

    *out_column = 0;
    hoot__my_skip(&in, 1);
    bitmap = hoot__my_bytes(&in, ((size_t)columns->count + 7 + BITMAP_OFFSET) / 8).ptr;
    if (in.failed)
        return HOOT_EPROTOCOL;
    for (uint32_t i = 0; i < columns->count; i++) {
        uint32_t bit = i + BITMAP_OFFSET;
        hoot_value *cell = &columns->cells[i];

        *cell = hoot_value_null();
        if ((unsigned char)bitmap[bit / 8] >> (bit % 8) & 1)
            continue;
        cell->kind = columns->items[i].kind;
        read_cell(&in, columns->items[i].type, cell);
        if (in.failed) {
            *out_column = i + 1;
            return HOOT_EPROTOCOL;
        }
        if (!bad && !is_in_range(cell))
            bad = i + 1;
    }
    if (!hoot__my_spent(&in))
        return HOOT_EPROTOCOL;
    *out_column = bad;
    if (bad)
        return HOOT__MY_BAD_VALUE;
    hoot__my_row_terminate(columns, row);
    return 0;
}

/* Rows of COM_QUERY: every cell is a length-encoded string, or 0xfb for NULL.
 * Source: MySQL Internals, "Protocol::ResultsetRow".
 *
 * Three passes: find the cells, terminate them, convert those that are numbers and times. */
#include "rows.h"

#include "protocol.h"

#include <hoot/error.h>

#include <errno.h>
#include <locale.h>
#include <stdlib.h>

/* Digits, sign, point, exponent, or the names of what is no number: nothing else that strtod() would take
 * (hex, blanks). */
static bool looks_like_number(hoot_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];

        if (!(c >= '0' && c <= '9') && c != '-' && c != '+' && c != '.' && c != 'e' && c != 'E')
            return false;
    }
    return text.len > 0;
}

bool hoot__my_parse_double(hoot_str text, bool as_float, double *out)
{
    static locale_t c_locale; /* a comma would be the decimal point under other locales */
    char *end;

    if (!c_locale)
        c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c_locale || !looks_like_number(text))
        return false;
    *out = as_float ? (double)strtof_l(text.ptr, &end, c_locale) : strtod_l(text.ptr, &end, c_locale);
    return end == text.ptr + text.len;
}

static bool find_cells(hoot__my_columns *columns, hoot__my_in *in, uint32_t *out_column)
{
    for (uint32_t i = 0; i < columns->count; i++) {
        hoot_value *cell = &columns->cells[i];

        *out_column = i + 1;
        if (hoot__my_left(in) > 0 && *in->at == HOOT__MY_LOCAL_INFILE) {
            hoot__my_skip(in, 1);
            *cell = hoot_value_null();
            continue;
        }
        *cell = hoot_value_bytes(hoot__my_lenenc_str(in));
        if (in->failed)
            return false;
    }
    *out_column = 0;
    return hoot__my_spent(in);
}

/* From bytes to the column's kind. */
static bool convert(hoot_kind kind, hoot_value *cell)
{
    hoot_str text = cell->str;

    cell->kind = kind;
    switch (kind) {
    case HOOT_INT: return hoot_str_to_i64(text, &cell->i64) == 0;
    case HOOT_UINT: return hoot_str_to_u64(text, &cell->u64) == 0;
    case HOOT_FLOAT:
    case HOOT_DOUBLE: return hoot__my_parse_double(text, kind == HOOT_FLOAT, &cell->f64);
    case HOOT_DATE: return hoot__my_parse_date(text, &cell->time);
    case HOOT_TIME: return hoot__my_parse_time(text, &cell->time);
    case HOOT_DATETIME: return hoot__my_parse_datetime(text, &cell->time);
    case HOOT_DECIMAL:
    case HOOT_TEXT:
    case HOOT_BYTES: return true;
    default: return false; /* a column of type NULL holds nothing else */
    }
}

int hoot__my_row_text(hoot__my_columns *columns, hoot__my_packet row, uint32_t *out_column)
{
    hoot__my_in in = hoot__my_in_of(row.ptr, row.len);

    if (!find_cells(columns, &in, out_column))
        return HOOT_EPROTOCOL;
    hoot__my_row_terminate(columns, row);
    for (uint32_t i = 0; i < columns->count; i++) {
        hoot_value *cell = &columns->cells[i];

        *out_column = i + 1;
        if (cell->kind != HOOT_NULL && !convert(columns->items[i].kind, cell))
            return HOOT__MY_BAD_VALUE;
    }
    return 0;
}

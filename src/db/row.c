/* hoot_row: cells by name, and their conversions. What does not convert is an error, never a zero.
 *
 * Columns are few, so a name is looked for from the first on, without case. Rows are mostly read in the order
 * of their columns; a column that a whole search once found is known to be the first of its name, and is
 * tried before the search when it stands behind the one asked for last. So from the second row on a lookup is
 * one comparison. */
#include "db/cursor.h"

#include <hoot/buf.h>
#include <hoot/crypto.h>

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

#include "db/datetime.h"

size_t hoot_row_count(const hoot_row *row)
{
    return row ? row->count : 0;
}

static bool is_named(const hoot__column *column, hoot_str name)
{
    return column->len == name.len && strncasecmp(column->name, name.ptr, name.len) == 0;
}

/* Its index; column_count: there is none. */
static size_t find_column(hoot_cursor *cursor, const char *name)
{
    hoot_str wanted = hoot_str_from(name);
    size_t likely = cursor->next_column, i = 0;

    if (likely < cursor->column_count && cursor->columns[likely].is_first &&
        is_named(&cursor->columns[likely], wanted)) {
        cursor->next_column = likely + 1 < cursor->column_count ? likely + 1 : 0;
        return likely;
    }
    while (i < cursor->column_count && !is_named(&cursor->columns[i], wanted))
        i++;
    if (i < cursor->column_count) {
        cursor->columns[i].is_first = true;
        cursor->next_column = i + 1 < cursor->column_count ? i + 1 : 0;
    }
    return i;
}

const hoot_value *hoot_row_get(const hoot_row *row, const char *column)
{
    return row && column ? hoot_row_at(row, find_column(row->cursor, column)) : NULL;
}

const hoot_value *hoot_row_at(const hoot_row *row, size_t index)
{
    return row && index < row->count ? &row->cells[index] : NULL;
}

/* --- text and bytes --- */

/* Memory that lives as long as the row. */
static hoot_arena *arena_of(const hoot_row *row)
{
    hoot_cursor *cursor = row->cursor;

    if (row != &cursor->current)
        return cursor->arena;
    if (!cursor->row_arena)
        cursor->row_arena = hoot_arena_new(cursor->max_bytes < SIZE_MAX ? (size_t)cursor->max_bytes : 0);
    return cursor->row_arena;
}

static const char *text_of(const hoot_row *row, const hoot_value *cell)
{
    hoot_arena *arena;

    if (hoot__value_has_bytes(cell))
        return cell->str.ptr;
    if (cell->kind == HOOT_NULL)
        return NULL;
    arena = arena_of(row);
    return arena ? hoot_value_format(arena, cell) : NULL;
}

static hoot_str bytes_of(const hoot_value *cell)
{
    return cell && hoot__value_has_bytes(cell) ? cell->str : hoot_str_of(NULL, 0);
}

const char *hoot_row_text(const hoot_row *row, const char *column)
{
    const hoot_value *cell = hoot_row_get(row, column);

    return cell ? text_of(row, cell) : NULL;
}

const char *hoot_row_text_at(const hoot_row *row, size_t index)
{
    const hoot_value *cell = hoot_row_at(row, index);

    return cell ? text_of(row, cell) : NULL;
}

hoot_str hoot_row_bytes(const hoot_row *row, const char *column)
{
    return bytes_of(hoot_row_get(row, column));
}

hoot_str hoot_row_bytes_at(const hoot_row *row, size_t index)
{
    return bytes_of(hoot_row_at(row, index));
}

/* --- numbers --- */

/* Is the cell there, and not NULL? */
static int check_cell(const hoot_value *cell)
{
    if (!cell)
        return HOOT_ENOTFOUND;
    return cell->kind == HOOT_NULL ? HOOT_ENULL : 0;
}

/* "12.00" is the integer 12; "12.5" is a number, too, but no integer. */
static hoot_str without_zero_fraction(hoot_str digits)
{
    ptrdiff_t point = hoot_str_find(digits, '.');

    for (size_t i = (size_t)point + 1; point > 0 && i < digits.len; i++) {
        if (digits.ptr[i] != '0')
            return digits;
    }
    return point > 0 ? hoot_str_head(digits, (size_t)point) : digits;
}

static int decimal_code(int rc)
{
    return rc == HOOT_EBADINPUT ? HOOT_ERANGE : rc;
}

static int number_code(int rc)
{
    return rc == HOOT_EBADINPUT ? HOOT_ETYPE : rc;
}

static int double_to_int(double number, int64_t *out)
{
    if (!(number >= -0x1p63 && number < 0x1p63) || number != trunc(number))
        return HOOT_ERANGE;
    *out = (int64_t)number;
    return 0;
}

static int value_to_int(const hoot_value *cell, int64_t *out)
{
    switch (cell->kind) {
    case HOOT_BOOL: *out = cell->boolean; return 0;
    case HOOT_INT: *out = cell->i64; return 0;
    case HOOT_UINT:
        if (cell->u64 > INT64_MAX)
            return HOOT_ERANGE;
        *out = (int64_t)cell->u64;
        return 0;
    case HOOT_FLOAT:
    case HOOT_DOUBLE: return double_to_int(cell->f64, out);
    case HOOT_DECIMAL: return decimal_code(hoot_str_to_i64(without_zero_fraction(cell->str), out));
    case HOOT_TEXT: return number_code(hoot_str_to_i64(cell->str, out));
    default: return HOOT_ETYPE;
    }
}

static int text_to_uint(hoot_str digits, uint64_t *out)
{
    int64_t negative;

    if (!hoot_str_starts(digits, HOOT_STR("-")))
        return number_code(hoot_str_to_u64(digits, out));
    return hoot_str_to_i64(digits, &negative) == HOOT_EBADINPUT ? HOOT_ETYPE : HOOT_ERANGE;
}

static int value_to_uint(const hoot_value *cell, uint64_t *out)
{
    int64_t number;
    int rc;

    if (cell->kind == HOOT_UINT) {
        *out = cell->u64;
        return 0;
    }
    if (cell->kind == HOOT_TEXT)
        return text_to_uint(cell->str, out);
    if (cell->kind == HOOT_DECIMAL) {
        rc = text_to_uint(without_zero_fraction(cell->str), out);
        return rc == HOOT_ETYPE ? HOOT_ERANGE : rc;
    }
    if ((cell->kind == HOOT_FLOAT || cell->kind == HOOT_DOUBLE) && cell->f64 >= 0x1p63 &&
        cell->f64 < 0x1p64) {
        *out = (uint64_t)cell->f64;
        return 0;
    }
    rc = value_to_int(cell, &number);
    if (rc)
        return rc;
    if (number < 0)
        return HOOT_ERANGE;
    *out = (uint64_t)number;
    return 0;
}

/* strtod() of the C locale, whatever the program set. NULL, once, when there is no memory for it. */
static locale_t c_locale(void)
{
    static locale_t c;

    if (!c)
        c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    return c;
}

/* Decimal notation only: no "inf", "nan", hexadecimal or blanks. `text` is terminated. */
static int text_to_double(hoot_str text, double *out)
{
    locale_t c = c_locale();
    double number;
    char *end;

    if (!c)
        return HOOT_ENOMEM;
    if (!text.len || strspn(text.ptr, "0123456789+-.eE") != text.len)
        return HOOT_ETYPE;
    number = strtod_l(text.ptr, &end, c);
    if (end != text.ptr + text.len)
        return HOOT_ETYPE;
    if (isinf(number))
        return HOOT_ERANGE;
    *out = number;
    return 0;
}

static int value_to_double(const hoot_value *cell, double *out)
{
    switch (cell->kind) {
    case HOOT_BOOL: *out = cell->boolean; return 0;
    case HOOT_INT: *out = (double)cell->i64; return 0;
    case HOOT_UINT: *out = (double)cell->u64; return 0;
    case HOOT_FLOAT:
    case HOOT_DOUBLE: *out = cell->f64; return 0;
    case HOOT_DECIMAL:
    case HOOT_TEXT: return text_to_double(cell->str, out);
    default: return HOOT_ETYPE;
    }
}

/* Any number but zero is true. A BIT(1) column comes as one byte. */
static int value_to_bool(const hoot_value *cell, bool *out)
{
    double number;
    int rc;

    if (cell->kind == HOOT_BYTES && cell->str.len == 1 && (unsigned char)cell->str.ptr[0] <= 1) {
        *out = cell->str.ptr[0] == 1;
        return 0;
    }
    rc = value_to_double(cell, &number);
    if (!rc)
        *out = number != 0;
    return rc;
}

static int value_to_time(const hoot_value *cell, hoot_time *out)
{
    if (cell->kind == HOOT_TEXT)
        return hoot__datetime_parse(cell->str, out);
    if (cell->kind != HOOT_DATE && cell->kind != HOOT_TIME && cell->kind != HOOT_DATETIME)
        return HOOT_ETYPE;
    *out = cell->time;
    return 0;
}

/* Each conversion twice: by name and by index. */
#define CONVERSION(name, type)                                                                               \
    int hoot_row_##name(const hoot_row *row, const char *column, type *out)                                  \
    {                                                                                                        \
        const hoot_value *cell = hoot_row_get(row, column);                                                  \
        int rc = check_cell(cell);                                                                           \
                                                                                                             \
        return rc ? rc : value_to_##name(cell, out);                                                         \
    }                                                                                                        \
    int hoot_row_##name##_at(const hoot_row *row, size_t index, type *out)                                   \
    {                                                                                                        \
        const hoot_value *cell = hoot_row_at(row, index);                                                    \
        int rc = check_cell(cell);                                                                           \
                                                                                                             \
        return rc ? rc : value_to_##name(cell, out);                                                         \
    }

CONVERSION(int, int64_t)
CONVERSION(uint, uint64_t)
CONVERSION(double, double)
CONVERSION(bool, bool)
CONVERSION(time, hoot_time)

/* --- as JSON --- */

static bool to_base64(hoot_arena *arena, hoot_str bytes, hoot_value *out)
{
    hoot_buf buf;
    char *copy = NULL;
    size_t len = 0;

    hoot_buf_init(&buf, bytes.len / 3 * 4 + 8);
    if (hoot_base64_encode(bytes, &buf) == 0) {
        copy = hoot_arena_dup(arena, hoot_buf_str(&buf));
        len = buf.len;
    }
    hoot_buf_fini(&buf);
    *out = hoot_value_str(hoot_str_of(copy, copy ? len : 0));
    return copy != NULL;
}

static bool to_json(hoot_arena *arena, const hoot_value *cell, hoot_value *out)
{
    const char *text;

    *out = *cell;
    switch (cell->kind) {
    case HOOT_BYTES: return to_base64(arena, cell->str, out);
    case HOOT_DECIMAL: out->kind = HOOT_TEXT; return true;
    case HOOT_DATE:
    case HOOT_TIME:
    case HOOT_DATETIME:
        text = hoot_value_format(arena, cell);
        *out = hoot_value_text(text);
        return text != NULL;
    default: return true;
    }
}

hoot_value hoot_row_object(const hoot_row *row)
{
    hoot_arena *arena = row ? arena_of(row) : NULL;
    hoot_member *members = arena ? hoot_arena_alloc_array(arena, row->count + 1, sizeof(*members)) : NULL;

    if (!members)
        return hoot_value_null();
    for (size_t i = 0; i < row->count; i++) {
        members[i].name = row->cursor->columns[i].name;
        if (!to_json(arena, &row->cells[i], &members[i].value))
            return hoot_value_null();
    }
    return hoot_value_members(members, row->count);
}

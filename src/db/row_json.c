/* Rows straight to JSON: what hoot_json() makes of hoot_row_object(), without the members and texts in
 * between. */
#include "db/cursor.h"

#include "base/json_scalar.h"

#include <inttypes.h>

/* The database's own notation, microseconds without the zeros at their end. */
static int write_time(hoot_buf *out, const hoot_value *cell)
{
    const hoot_time *t = &cell->time;
    int rc = hoot_buf_add_byte(out, '"');

    if (rc == 0 && cell->kind != HOOT_TIME)
        rc = hoot_buf_printf(out, "%04u-%02u-%02u%s", t->year, t->month, t->day,
                             cell->kind == HOOT_DATETIME ? " " : "");
    if (rc == 0 && cell->kind != HOOT_DATE)
        rc = hoot_buf_printf(out, "%s%02u:%02u:%02u", t->negative ? "-" : "", t->hour, t->minute, t->second);
    if (rc == 0 && cell->kind != HOOT_DATE && t->microsecond) {
        rc = hoot_buf_printf(out, ".%06" PRIu32, t->microsecond % 1000000);
        while (rc == 0 && out->data[out->len - 1] == '0')
            out->len--;
    }
    return rc ? rc : hoot_buf_add_byte(out, '"');
}

static int write_cell(hoot_buf *out, const hoot_value *cell)
{
    switch (cell->kind) {
    case HOOT_BOOL: return hoot_buf_add_str(out, cell->boolean ? HOOT_STR("true") : HOOT_STR("false"));
    case HOOT_INT: return hoot_buf_add_i64(out, cell->i64);
    case HOOT_UINT: return hoot_buf_add_u64(out, cell->u64);
    case HOOT_FLOAT: return hoot__json_double(out, cell->f64, true);
    case HOOT_DOUBLE: return hoot__json_double(out, cell->f64, false);
    case HOOT_DECIMAL:
    case HOOT_TEXT: return hoot__json_text(out, cell->str);
    case HOOT_BYTES: return hoot__json_bytes(out, cell->str);
    case HOOT_DATE:
    case HOOT_TIME:
    case HOOT_DATETIME: return write_time(out, cell);
    default: return hoot_buf_add_str(out, HOOT_STR("null"));
    }
}

static int write_member(hoot_buf *out, const hoot_row *row, size_t i)
{
    const hoot__column *column = &row->cursor->columns[i];
    int rc = i ? hoot_buf_add_byte(out, ',') : 0;

    if (rc == 0)
        rc = hoot__json_text(out, hoot_str_of(column->name, column->len));
    if (rc == 0)
        rc = hoot_buf_add_byte(out, ':');
    return rc ? rc : write_cell(out, &row->cells[i]);
}

int hoot_row_write_json(const hoot_row *row, hoot_buf *out)
{
    size_t before = out->len;
    int rc;

    if (!row)
        return HOOT_EINVAL;
    rc = hoot_buf_add_byte(out, '{');
    for (size_t i = 0; rc == 0 && i < row->count; i++)
        rc = write_member(out, row, i);
    if (rc == 0)
        rc = hoot_buf_add_byte(out, '}');
    if (rc)
        out->len = before;
    return rc;
}

/* Gives: rows written, or a negative code with `err`. */
static int64_t write_rows(hoot_cursor *cursor, hoot_buf *out, hoot_error *err)
{
    const hoot_row *row;
    int64_t count = 0;

    while ((row = hoot_fetchone(cursor))) {
        int rc = count ? hoot_buf_add_byte(out, ',') : 0;

        if (rc == 0)
            rc = hoot_row_write_json(row, out);
        if (rc)
            return hoot_error_set(err, rc, "row %lld as JSON: %s", (long long)count, hoot_error_text(rc));
        count++;
    }
    return hoot_cursor_error(cursor, err) ? hoot_cursor_error(cursor, NULL) : count;
}

int64_t hoot_cursor_write_json(hoot_cursor *cursor, hoot_buf *out, hoot_error *err)
{
    size_t before = out->len;
    int rc = hoot_buf_add_byte(out, '[');
    int64_t count = rc ? rc : write_rows(cursor, out, err);

    if (count >= 0)
        rc = hoot_buf_add_byte(out, ']');
    if (rc)
        count = hoot_error_set(err, rc, "%s", hoot_error_text(rc));
    if (count < 0)
        out->len = before;
    return count;
}

/* hoot_row: one row of a result, read by column name or by index from 0. */
#ifndef HOOT_ROW_H
#define HOOT_ROW_H

#include <hoot/buf.h>
#include <hoot/value.h>

HOOT_BEGIN_DECLS

typedef struct hoot_row hoot_row;

HOOT_API size_t hoot_row_count(const hoot_row *row);

/* The cell as a value. Names compare without case; of duplicate names the first is meant: use the index for
 * others. Gives: NULL when there is no such column. Lives: as long as the row (hoot_fetchone()). */
HOOT_API const hoot_value *hoot_row_get(const hoot_row *row, const char *column);
HOOT_API const hoot_value *hoot_row_at(const hoot_row *row, size_t index);

/* The cell as terminated text; numbers, dates and times in the database's own notation. NULL: the cell is
 * NULL, or there is no such column. */
HOOT_API const char *hoot_row_text(const hoot_row *row, const char *column);

/* The cell's bytes: text, blob, decimal. An empty slice with NULL ptr: NULL, or no such column. Text is
 * terminated behind its end. */
HOOT_API hoot_str hoot_row_bytes(const hoot_row *row, const char *column);

/* The cell converted. Text is converted when all of it is a number in range.
 * Errors: the code is given and nothing else, so a caller that hands an `err` on fills it with
 * hoot_error_set(); `out` stays as it was: HOOT_ENOTFOUND no such column; HOOT_ENULL; HOOT_ERANGE it does not
 * fit, or is 1.5 and no integer; HOOT_ETYPE it is no number (no time). */
HOOT_API int hoot_row_int(const hoot_row *row, const char *column, int64_t *out);
HOOT_API int hoot_row_uint(const hoot_row *row, const char *column, uint64_t *out);
HOOT_API int hoot_row_double(const hoot_row *row, const char *column, double *out);
HOOT_API int hoot_row_bool(const hoot_row *row, const char *column, bool *out);
HOOT_API int hoot_row_time(const hoot_row *row, const char *column, hoot_time *out);

/* The same by index from 0: for duplicate names, and where a name is looked for too often. */
HOOT_API const char *hoot_row_text_at(const hoot_row *row, size_t index);
HOOT_API hoot_str hoot_row_bytes_at(const hoot_row *row, size_t index);
HOOT_API int hoot_row_int_at(const hoot_row *row, size_t index, int64_t *out);
HOOT_API int hoot_row_uint_at(const hoot_row *row, size_t index, uint64_t *out);
HOOT_API int hoot_row_double_at(const hoot_row *row, size_t index, double *out);
HOOT_API int hoot_row_bool_at(const hoot_row *row, size_t index, bool *out);
HOOT_API int hoot_row_time_at(const hoot_row *row, size_t index, hoot_time *out);

/* The row as a JSON object value, a member a column, for hoot_json(): numbers, text; decimals, dates as text;
 * bytes as base64. Lives: as long as the row. */
HOOT_API hoot_value hoot_row_object(const hoot_row *row);

/* Append that object's JSON text at once, without the value: what a list of many rows is written by. A name
 * that two columns have stands there twice. Errors: HOOT_ELIMIT, HOOT_ENOMEM, HOOT_EBADINPUT a text that is
 * no UTF-8. `out` is as before then. */
HOOT_API int hoot_row_write_json(const hoot_row *row, hoot_buf *out);

HOOT_END_DECLS
#endif

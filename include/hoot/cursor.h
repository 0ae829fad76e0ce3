/* hoot_cursor: the result of one statement, as in Python's DB-API. */
#ifndef HOOT_CURSOR_H
#define HOOT_CURSOR_H

#include <hoot/error.h>
#include <hoot/row.h>

HOOT_BEGIN_DECLS

typedef struct hoot_cursor hoot_cursor;

/* The next row. A NULL cursor has none.
 * Suspends: a streaming cursor, until the row is there.
 * Gives: NULL behind the last row, and when reading failed: hoot_cursor_error() tells which.
 * Lives: a buffered cursor's rows until it is closed; a streaming cursor's row until the next fetch. */
HOOT_API const hoot_row *hoot_fetchone(hoot_cursor *cursor);

/* Up to `max` rows into out_rows; and all that are left. Streaming cursors keep these rows in memory until
 * they are closed. Gives: their number, 0 at the end.  Errors: negative, as hoot_cursor_error().
 * hoot_fetchall's array lives as long as the cursor. */
HOOT_API ptrdiff_t hoot_fetchmany(hoot_cursor *cursor, const hoot_row **out_rows, size_t max);
HOOT_API ptrdiff_t hoot_fetchall(hoot_cursor *cursor, const hoot_row *const **out_rows);

/* Append the rows that are left as a JSON array of objects (hoot_row_write_json()). The buffer's limit bounds
 * it; to write a long list on the way, take hoot_row_write_json() row by row. A NULL cursor is an empty
 * array. Suspends: a streaming cursor.  Gives: the number of rows.  Errors: negative; `out` is as before
 * then. */
HOOT_API int64_t hoot_cursor_write_json(hoot_cursor *cursor, hoot_buf *out, hoot_error *err);

/* 0 while all went well; else the code why fetching ended early, and the details in `err`. */
HOOT_API int hoot_cursor_error(const hoot_cursor *cursor, hoot_error *err);

/* Rows in a buffered cursor, rows read so far in a streaming one. */
HOOT_API uint64_t hoot_row_number(const hoot_cursor *cursor);

/* Of a statement that is no query: rows changed, and the first id it generated (0: none). */
HOOT_API uint64_t hoot_affected_rows(const hoot_cursor *cursor);
HOOT_API uint64_t hoot_last_insert_id(const hoot_cursor *cursor);

/* How many warnings the server noted: hoot_conn_warnings() tells which. */
HOOT_API uint32_t hoot_warning_count(const hoot_cursor *cursor);

/* Several results in one answer: of a procedure that has several queries, or OUT parameters, or of several
 * statements in one text (hoot_pool_options.multi_statements). Go to the next one: the cursor is of that from
 * then on, and rows of the one before are of no use any more.
 * Suspends: with a streaming cursor, past the rows that were not fetched.
 * Gives: 1; 0: there is none. Errors: negative: with a streaming cursor, the statement that should have given
 * the next result failed. (A buffered cursor is not made unless all of its results are good.) */
HOOT_API int hoot_next_result(hoot_cursor *cursor, hoot_error *err);

/* This result is the one row of a procedure's OUT and INOUT parameters, in their order. Of a streaming
 * cursor: known when its row and the end behind it have been fetched. */
HOOT_API bool hoot_has_out_values(const hoot_cursor *cursor);

HOOT_API size_t hoot_column_count(const hoot_cursor *cursor);
/* Terminated UTF-8; NULL: index too large. Lives: as long as the cursor. */
HOOT_API const char *hoot_column_name(const hoot_cursor *cursor, size_t index);

/* What the server says of a column besides its name. */
typedef struct hoot_column {
    const char *type; /* "INT", "VARCHAR", "BLOB", "DATETIME" ...: without signs, sizes and the kinds of BLOB
                         and TEXT; a type that is stored as another is that one (MariaDB: JSON is TEXT) */
    hoot_kind kind;   /* of its cells that are not NULL */
    uint32_t length;  /* at most: bytes of texts and bytes, characters to show of the others */
    uint8_t decimals; /* of DECIMAL; of fractions of a second; 31: any, of FLOAT and DOUBLE */
    bool nullable, is_unsigned, in_primary_key, auto_increment;
} hoot_column;

/* NULL: index too large; SQLite, whose columns have no type of their own. Lives: as long as the cursor. */
HOOT_API const hoot_column *hoot_column_info(const hoot_cursor *cursor, size_t index);

/* Let the result go; rows of a streaming cursor that were not read are skipped. Never suspends. NULL is fine.
 * A cursor that a task leaves open is closed at the task's end. */
HOOT_API void hoot_cursor_close(hoot_cursor *cursor);
HOOT_DEFINE_AUTO(hoot_cursor, hoot_cursor_close);

HOOT_END_DECLS
#endif

/* Cursors and rows from inside. */
#ifndef HOOT_DB_CURSOR_H
#define HOOT_DB_CURSOR_H

#include "db/conn.h"

struct hoot_row {
    hoot_cursor *cursor;
    const hoot_value *cells;
    size_t count; /* 0 when the row of a streaming cursor is no more */
};

typedef struct hoot__column {
    const char *name;
    size_t len;
    bool is_first;    /* known to be the first of its name */
    hoot_column info; /* type NULL: not known */
} hoot__column;

typedef struct hoot__result hoot__result; /* of several, waiting */

/* Lives in its own arena, with its columns and all rows it keeps. */
struct hoot_cursor {
    hoot_arena *arena;
    hoot_arena *row_arena; /* streaming: texts made for the current row */
    hoot_conn *conn;       /* streaming, and rows may come; else NULL */
    hoot_closer closer;
    hoot__column *columns;
    size_t column_count;
    size_t next_column;    /* the one after the last that was asked for by name: likely the next */
    const hoot_row **rows; /* kept */
    size_t row_count, row_capacity;
    size_t next_row;
    uint64_t row_number;
    uint64_t kept_bytes, max_bytes;
    uint64_t affected_rows, last_insert_id;
    uint32_t warnings;
    hoot__result *later; /* buffered: the results behind this one */
    hoot_row current;    /* streaming */
    bool streaming;
    bool fetching;    /* a task is inside a fetch */
    bool out_values;  /* this result is the OUT values of a procedure */
    hoot_error error; /* last: what is in front of it is cleared at once */
};

/* Does the cell point at bytes, terminated behind their end? */
static inline bool hoot__value_has_bytes(const hoot_value *cell)
{
    return cell->kind == HOOT_TEXT || cell->kind == HOOT_BYTES || cell->kind == HOOT_DECIMAL;
}

/* A buffered cursor that is filled from elsewhere: what the answer says of itself, its rows, and then kept().
 * Errors: HOOT_ENOMEM, HOOT_ELIMIT more than max_bytes. rewind(): forget the rows. */
hoot_cursor *hoot__cursor_new(uint64_t max_bytes, hoot_error *err);
int hoot__cursor_describe(hoot_cursor *cursor, const hoot_answer *answer, hoot_error *err);
int hoot__cursor_keep(hoot_cursor *cursor, const hoot_value *cells, hoot_error *err);
void hoot__cursor_kept(hoot_cursor *cursor, const hoot_link *link);
void hoot__cursor_rewind(hoot_cursor *cursor);

/* Run a statement on an entered slot and keep all its rows. Suspends. */
hoot_cursor *hoot__cursor_read(hoot__slot *slot, const hoot_value *values, size_t count, hoot_error *err);

/* Run a statement on an entered slot, rows to be read later; the slot stays entered. Suspends. */
hoot_cursor *hoot__cursor_open(hoot_conn *conn, hoot__slot *slot, const hoot_value *values, size_t count,
                               hoot_error *err);

/* A streaming cursor's connection goes; `code` is what fetching gives from now on. */
void hoot__cursor_detach(hoot_cursor *cursor, int code);

/* Take over what the answer says of itself. */
int hoot__cursor_describe(hoot_cursor *cursor, const hoot_answer *answer, hoot_error *err);

/* Describe a result and keep all of its rows. Suspends. */
int hoot__cursor_keep_result(hoot_cursor *cursor, hoot_link *link, const hoot_answer *answer,
                             hoot_error *err);

/* The results behind the one that was kept, if there are any. Suspends. */
int hoot__cursor_keep_results(hoot_cursor *cursor, hoot_link *link, hoot_error *err);

/* No row comes from the connection any more. */
void hoot__cursor_let_go(hoot_cursor *cursor);

#endif

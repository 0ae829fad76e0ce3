/* Rows, some at a time: going to a thread and back costs more than reading a row, so each visit brings what
 * fits in BATCH_ROWS and BATCH_BYTES (or one row, if that is larger: SQLite's own limit is set to
 * max_answer_bytes). */
#include "db/sqlite/link.h"

#include "base/alloc.h"

enum { BATCH_ROWS = 256, BATCH_BYTES = 256 * 1024 };

static bool copy_text(hoot_arena *arena, hoot_value *out, hoot_kind kind, const void *bytes, int len)
{
    char *copy = hoot_arena_dup(arena, hoot_str_of(len ? bytes : "", (size_t)len));

    out->kind = kind;
    out->count = 0;
    out->str = hoot_str_of(copy, (size_t)len);
    return copy != NULL;
}

/* Reading the pointer before the length is what SQLite asks for; NULL text is its lack of memory. */
static bool copy_cell(hoot__sqlite_link *link, sqlite3_stmt *stmt, int i, hoot_value *out)
{
    const void *bytes;

    switch (sqlite3_column_type(stmt, i)) {
    case SQLITE_INTEGER: *out = hoot_value_int(sqlite3_column_int64(stmt, i)); return true;
    case SQLITE_FLOAT: *out = hoot_value_double(sqlite3_column_double(stmt, i)); return true;
    case SQLITE_TEXT:
        bytes = sqlite3_column_text(stmt, i);
        return bytes && copy_text(link->bytes, out, HOOT_TEXT, bytes, sqlite3_column_bytes(stmt, i));
    case SQLITE_BLOB:
        bytes = sqlite3_column_blob(stmt, i);
        return copy_text(link->bytes, out, HOOT_BYTES, bytes, bytes ? sqlite3_column_bytes(stmt, i) : 0);
    default: *out = hoot_value_null(); return true;
    }
}

static bool grow_cells(hoot__sqlite_link *link)
{
    size_t needed = (link->rows + 1) * link->columns,
           capacity = link->cell_capacity ? link->cell_capacity : 16;
    hoot_value *cells;

    if (needed <= link->cell_capacity)
        return true;
    while (capacity < needed)
        capacity *= 2;
    cells = hoot__realloc(link->cells, capacity * sizeof(*cells));
    if (!cells)
        return false;
    link->cells = cells;
    link->cell_capacity = capacity;
    return true;
}

static int copy_row(hoot__sqlite_link *link, hoot_error *err)
{
    sqlite3_stmt *stmt = link->current->stmt;

    if (!grow_cells(link))
        return hoot_error_set(err, HOOT_ENOMEM, "no memory for a row");
    for (size_t i = 0; i < link->columns; i++) {
        if (!copy_cell(link, stmt, (int)i, &link->cells[link->rows * link->columns + i]))
            return hoot_error_set(err, HOOT_ENOMEM, "no memory for a row");
    }
    link->rows++;
    return 0;
}

void hoot__sqlite_finish(hoot__sqlite_link *link)
{
    if (!link->current)
        return;
    sqlite3_reset(link->current->stmt);
    sqlite3_clear_bindings(link->current->stmt);
    link->current = NULL;
    link->link.in_transaction = !sqlite3_get_autocommit(link->db);
}

int hoot__sqlite_step_on_thread(hoot__sqlite_link *link, hoot_error *err)
{
    int rc = 0, code = SQLITE_ROW;

    hoot_arena_reset(link->bytes);
    link->rows = link->next_row = 0;
    while (!rc && link->rows < BATCH_ROWS && hoot_arena_used(link->bytes) < BATCH_BYTES) {
        code = sqlite3_step(link->current->stmt);
        if (code != SQLITE_ROW)
            break;
        link->columns = (size_t)sqlite3_data_count(link->current->stmt);
        rc = copy_row(link, err);
    }
    if (!rc && code != SQLITE_ROW && code != SQLITE_DONE)
        rc = hoot__sqlite_error(link, code, err);
    if (rc)
        link->rows = 0;
    return rc;
}

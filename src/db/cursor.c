/* hoot_cursor: the rows of one answer.
 *
 * A buffered cursor copies them while they come, each row as one block of cells and bytes, all in the
 * cursor's own arena, so that letting it go is one call and no connection is held. A streaming cursor hands
 * out the driver's own cells; only fetchmany and fetchall copy. Bytes kept are counted against
 * max_answer_bytes before they are kept. */
#include "db/cursor.h"

#include "base/alloc.h"

#include <hoot/log.h>

/* What hoot_row_text() and hoot_row_object() may take beside the rows themselves. */
#define ROOM_FOR_TEXTS ((uint64_t)64 << 20)

static void scope_ends(hoot_closer *closer, void *user)
{
    (void)closer;
    hoot_cursor_close(user);
}

hoot_cursor *hoot__cursor_new(uint64_t max_bytes, hoot_error *err)
{
    uint64_t room = max_bytes + ROOM_FOR_TEXTS;
    hoot_arena *arena = hoot_arena_new(room > SIZE_MAX / 2 ? SIZE_MAX / 2 : (size_t)room);
    hoot_cursor *cursor = arena ? hoot_arena_alloc(arena, sizeof(*cursor)) : NULL;

    if (!cursor) {
        hoot_arena_free(arena);
        hoot_error_set(err, HOOT_ENOMEM, "no memory for a cursor");
        return NULL;
    }
    hoot__clear(cursor, offsetof(hoot_cursor, error));
    hoot_error_clear(&cursor->error);
    cursor->arena = arena;
    cursor->max_bytes = max_bytes;
    cursor->current.cursor = cursor;
    hoot_scope_defer(hoot_current_scope(), &cursor->closer, scope_ends, cursor);
    return cursor;
}

/* Take over what the answer says of itself. The names are the driver's until the next statement, so they are
 * copied. */
int hoot__cursor_describe(hoot_cursor *cursor, const hoot_answer *answer, hoot_error *err)
{
    cursor->affected_rows = answer->affected_rows;
    cursor->last_insert_id = answer->last_insert_id;
    cursor->warnings = answer->warnings;
    if (!answer->column_count)
        return 0;
    cursor->columns = hoot_arena_alloc_array(cursor->arena, answer->column_count, sizeof(*cursor->columns));
    for (uint32_t i = 0; cursor->columns && i < answer->column_count; i++) {
        hoot_str name = hoot_str_from(answer->names[i]);

        cursor->columns[i] = (hoot__column){ .name = hoot_arena_dup(cursor->arena, name), .len = name.len };
        if (answer->columns)
            cursor->columns[i].info =
                *(const hoot_column *)((const char *)answer->columns + i * answer->column_step);
        if (!cursor->columns[i].name)
            return hoot_error_set(err, HOOT_ENOMEM, "no memory for an answer's columns");
    }
    if (!cursor->columns)
        return hoot_error_set(err, HOOT_ENOMEM, "no memory for an answer's columns");
    cursor->column_count = answer->column_count;
    return 0;
}

/* --- keeping rows --- */

static size_t bytes_of(const hoot_value *cells, size_t count)
{
    size_t bytes = 0;

    for (size_t i = 0; i < count; i++) {
        if (hoot__value_has_bytes(&cells[i]))
            bytes += cells[i].str.len + 1;
    }
    return bytes;
}

static void copy_cells(hoot_value *to, char *bytes, const hoot_value *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        to[i] = from[i];
        if (!hoot__value_has_bytes(&from[i]))
            continue;
        if (from[i].str.len)
            memcpy(bytes, from[i].str.ptr, from[i].str.len);
        bytes[from[i].str.len] = '\0';
        to[i].str.ptr = bytes;
        bytes += from[i].str.len + 1;
    }
}

/* Room for one row more in the list of rows. The old list stays in the arena: at most as much again. */
static bool grow_list(hoot_cursor *cursor)
{
    size_t capacity = cursor->row_capacity ? cursor->row_capacity * 2 : 8;
    const hoot_row **rows;

    if (cursor->row_count < cursor->row_capacity)
        return true;
    rows = hoot_arena_alloc_array(cursor->arena, capacity, sizeof(*rows));
    if (!rows)
        return false;
    if (cursor->row_count)
        memcpy(rows, cursor->rows, cursor->row_count * sizeof(*rows));
    cursor->rows = rows;
    cursor->row_capacity = capacity;
    return true;
}

int hoot__cursor_keep(hoot_cursor *cursor, const hoot_value *cells, hoot_error *err)
{
    size_t count = cursor->column_count, bytes = bytes_of(cells, count);
    size_t size = sizeof(hoot_row) + count * sizeof(hoot_value) + bytes;
    hoot_value *copies;
    hoot_row *row;

    cursor->kept_bytes += size + 2 * sizeof(row);
    if (cursor->kept_bytes > cursor->max_bytes)
        return hoot_error_set(err, HOOT_ELIMIT,
                              "the answer is over max_answer_bytes (%llu): stream it, or ask for less",
                              (unsigned long long)cursor->max_bytes);
    row = hoot_arena_alloc(cursor->arena, size);
    if (!row || !grow_list(cursor))
        return hoot_error_set(err, HOOT_ENOMEM, "no memory for an answer's rows");
    copies = (hoot_value *)(row + 1);
    *row = (hoot_row){ .cursor = cursor, .cells = copies, .count = count };
    copy_cells(copies, (char *)(copies + count), cells, count);
    cursor->rows[cursor->row_count++] = row;
    return 0;
}

void hoot__cursor_rewind(hoot_cursor *cursor)
{
    cursor->row_count = 0;
}

static int keep_all(hoot_cursor *cursor, hoot_link *link, hoot_error *err)
{
    const hoot_value *cells;
    int rc;

    while ((rc = link->driver->next_row(link, &cells, err)) > 0) {
        rc = hoot__cursor_keep(cursor, cells, err);
        if (rc) {
            link->driver->skip_rows(link);
            return rc;
        }
    }
    return rc;
}

/* What the end of a result's rows tells of it. */
static void note_end(hoot_cursor *cursor, const hoot_link *link)
{
    cursor->warnings = link->warnings;
    cursor->out_values = link->out_values;
}

void hoot__cursor_kept(hoot_cursor *cursor, const hoot_link *link)
{
    if (cursor->column_count)
        note_end(cursor, link);
    cursor->row_number = cursor->row_count;
}

int hoot__cursor_keep_result(hoot_cursor *cursor, hoot_link *link, const hoot_answer *answer, hoot_error *err)
{
    int rc = hoot__cursor_describe(cursor, answer, err);

    if (rc && answer->column_count)
        link->driver->skip_rows(link);
    if (!rc && cursor->column_count)
        rc = keep_all(cursor, link, err);
    hoot__cursor_kept(cursor, link);
    return rc;
}

/* Run it, with all of its results. */
static int run(hoot__slot *slot, const hoot_value *values, size_t count, hoot_answer *out_answer,
               hoot_error *err)
{
    slot->link->keep_results = slot->link->driver->next_result != NULL;
    return hoot__slot_run(slot, values, count, out_answer, err);
}

/* Run it, and have the cursor describe the answer. */
static int begin(hoot_cursor *cursor, hoot__slot *slot, const hoot_value *values, size_t count,
                 hoot_error *err)
{
    hoot_answer answer;
    int rc = run(slot, values, count, &answer, err);

    if (rc)
        return rc;
    rc = hoot__cursor_describe(cursor, &answer, err);
    if (rc && answer.column_count)
        slot->link->driver->skip_rows(slot->link);
    return rc;
}

hoot_cursor *hoot__cursor_read(hoot__slot *slot, const hoot_value *values, size_t count, hoot_error *err)
{
    hoot_cursor *cursor = hoot__cursor_new(slot->pool->target.max_answer_bytes, err);
    hoot_answer answer;
    int rc;

    if (!cursor)
        return NULL;
    rc = run(slot, values, count, &answer, err);
    if (!rc)
        rc = hoot__cursor_keep_result(cursor, slot->link, &answer, err);
    if (!rc)
        rc = hoot__cursor_keep_results(cursor, slot->link, err);
    if (!rc)
        return cursor;
    hoot_cursor_close(cursor);
    return NULL;
}

hoot_cursor *hoot__cursor_open(hoot_conn *conn, hoot__slot *slot, const hoot_value *values, size_t count,
                               hoot_error *err)
{
    hoot_cursor *cursor = hoot__cursor_new(slot->pool->target.max_answer_bytes, err);

    if (!cursor)
        return NULL;
    if (begin(cursor, slot, values, count, err)) {
        hoot_cursor_close(cursor);
        return NULL;
    }
    if (slot->cut) { /* whom `conn` belonged to has ended meanwhile */
        hoot_cursor_close(cursor);
        hoot_error_set(err, HOOT_ECLOSED, "the connection was taken back");
        return NULL;
    }
    cursor->streaming = true;
    if (cursor->column_count || slot->link->more_results) {
        cursor->conn = conn;
        conn->stream = cursor;
    }
    return cursor;
}

/* --- reading on --- */

void hoot__cursor_let_go(hoot_cursor *cursor)
{
    if (cursor->conn)
        cursor->conn->stream = NULL;
    cursor->conn = NULL;
    cursor->current.cells = NULL;
    cursor->current.count = 0;
}

void hoot__cursor_detach(hoot_cursor *cursor, int code)
{
    hoot__slot *slot = cursor->conn->slot;

    if (slot && !slot->task && !slot->link->broken && !slot->link->unfinished)
        slot->link->driver->skip_rows(slot->link);
    hoot__cursor_let_go(cursor);
    if (!cursor->error.code)
        hoot_error_set(&cursor->error, code, "the cursor's connection was given back");
}

/* The next row as the driver holds it. Gives: 1, 0 behind the last, negative with cursor->error. */
static int fetch_cells(hoot_cursor *cursor, const hoot_value **out_cells)
{
    hoot__slot *slot = cursor->conn->slot;
    int rc = hoot__slot_enter(slot, &cursor->error);

    if (rc)
        return rc;
    cursor->fetching = true;
    rc = slot->link->driver->next_row(slot->link, out_cells, &cursor->error);
    cursor->fetching = false;
    if (!hoot__slot_leave(slot))
        return cursor->error.code;
    slot->pool->stats.errors += rc < 0;
    if (rc == 0)
        note_end(cursor, slot->link);
    if (rc < 0 || (rc == 0 && !slot->link->more_results))
        hoot__cursor_let_go(cursor);
    cursor->row_number += rc > 0;
    return rc;
}

static bool may_fetch(hoot_cursor *cursor)
{
    cursor->current.cells = NULL;
    cursor->current.count = 0;
    return cursor->conn && !cursor->fetching;
}

static const hoot_row *fetch_streaming(hoot_cursor *cursor)
{
    if (!may_fetch(cursor) || fetch_cells(cursor, &cursor->current.cells) <= 0)
        return NULL;
    if (cursor->row_arena)
        hoot_arena_reset(cursor->row_arena);
    cursor->current.count = cursor->column_count;
    return &cursor->current;
}

const hoot_row *hoot_fetchone(hoot_cursor *cursor)
{
    if (!cursor)
        return NULL;
    if (cursor->next_row < cursor->row_count)
        return cursor->rows[cursor->next_row++];
    return cursor->streaming ? fetch_streaming(cursor) : NULL;
}

/* Read up to `max` rows of a streaming cursor into the list. Gives 0 or a negative code. */
static int keep_streamed(hoot_cursor *cursor, size_t max)
{
    const hoot_value *cells;
    int rc = 0;

    while (max-- > 0 && may_fetch(cursor) && (rc = fetch_cells(cursor, &cells)) > 0) {
        rc = hoot__cursor_keep(cursor, cells, &cursor->error);
        if (rc) {
            hoot__cursor_detach(cursor, rc);
            return rc;
        }
    }
    return rc < 0 ? rc : cursor->error.code;
}

static ptrdiff_t take_rows(hoot_cursor *cursor, size_t max, const hoot_row *const **out_rows)
{
    size_t kept = cursor->row_count - cursor->next_row, first = cursor->next_row;
    int rc = 0;

    if (cursor->streaming && kept < max)
        rc = keep_streamed(cursor, max - kept);
    kept = cursor->row_count - first;
    if (kept > max)
        kept = max;
    if (rc && !kept)
        return rc;
    cursor->next_row = first + kept;
    *out_rows = kept ? cursor->rows + first : NULL;
    return (ptrdiff_t)kept;
}

ptrdiff_t hoot_fetchmany(hoot_cursor *cursor, const hoot_row **out_rows, size_t max)
{
    const hoot_row *const *rows = NULL;
    ptrdiff_t count = cursor && max ? take_rows(cursor, max, &rows) : 0;

    for (ptrdiff_t i = 0; rows && i < count; i++)
        out_rows[i] = rows[i];
    return count;
}

/* Rows in front of a failure are no use to one who asked for all. */
ptrdiff_t hoot_fetchall(hoot_cursor *cursor, const hoot_row *const **out_rows)
{
    ptrdiff_t count = 0;

    *out_rows = NULL;
    if (cursor)
        count = take_rows(cursor, SIZE_MAX, out_rows);
    return count > 0 && cursor->error.code ? cursor->error.code : count;
}

/* --- what is known without asking --- */

int hoot_cursor_error(const hoot_cursor *cursor, hoot_error *err)
{
    if (!cursor || !cursor->error.code)
        return 0;
    if (err)
        *err = cursor->error;
    return cursor->error.code;
}

uint64_t hoot_row_number(const hoot_cursor *cursor)
{
    return cursor ? cursor->row_number : 0;
}

uint64_t hoot_affected_rows(const hoot_cursor *cursor)
{
    return cursor ? cursor->affected_rows : 0;
}

uint64_t hoot_last_insert_id(const hoot_cursor *cursor)
{
    return cursor ? cursor->last_insert_id : 0;
}

size_t hoot_column_count(const hoot_cursor *cursor)
{
    return cursor ? cursor->column_count : 0;
}

const char *hoot_column_name(const hoot_cursor *cursor, size_t index)
{
    return cursor && index < cursor->column_count ? cursor->columns[index].name : NULL;
}

const hoot_column *hoot_column_info(const hoot_cursor *cursor, size_t index)
{
    bool known = cursor && index < cursor->column_count && cursor->columns[index].info.type;

    return known ? &cursor->columns[index].info : NULL;
}

void hoot_cursor_close(hoot_cursor *cursor)
{
    if (!cursor)
        return;
    if (cursor->fetching) {
        hoot_log_error("a cursor is closed while another task fetches from it: ignored");
        return;
    }
    if (cursor->conn)
        hoot__cursor_detach(cursor, HOOT_ESTATE);
    hoot_closer_cancel(&cursor->closer);
    hoot_arena_free(cursor->row_arena);
    hoot_arena_free(cursor->arena);
}

/* Several results in one answer.
 *
 * A cursor is always of one result. A buffered cursor has read all of them before it is given out, so that an
 * error in the last one is an error of the statement; those that are not shown yet wait in a list. A
 * streaming cursor asks its connection for the next. */
#include "db/cursor.h"

struct hoot__result {
    hoot__column *columns;
    const hoot_row **rows;
    size_t column_count, row_count;
    uint64_t affected_rows, last_insert_id;
    uint32_t warnings;
    bool out_values;
    hoot__result *next;
};

/* The cursor's result into the list, at its end. */
static bool put_away(hoot_cursor *cursor, hoot__result ***last)
{
    hoot__result *result = hoot_arena_alloc(cursor->arena, sizeof(*result));

    if (!result)
        return false;
    *result = (hoot__result){
        .columns = cursor->columns,
        .rows = cursor->rows,
        .column_count = cursor->column_count,
        .row_count = cursor->row_count,
        .affected_rows = cursor->affected_rows,
        .last_insert_id = cursor->last_insert_id,
        .warnings = cursor->warnings,
        .out_values = cursor->out_values,
    };
    **last = result;
    *last = &result->next;
    return true;
}

static void show(hoot_cursor *cursor, const hoot__result *result)
{
    cursor->columns = result->columns;
    cursor->rows = result->rows;
    cursor->column_count = result->column_count;
    cursor->row_count = cursor->row_capacity = result->row_count;
    cursor->affected_rows = result->affected_rows;
    cursor->last_insert_id = result->last_insert_id;
    cursor->warnings = result->warnings;
    cursor->out_values = result->out_values;
    cursor->row_number = result->row_count;
    cursor->next_row = cursor->next_column = 0;
    cursor->later = result->next;
}

/* Empty, for the next result. Rows that were kept stay in the arena. */
static void clear(hoot_cursor *cursor)
{
    cursor->columns = NULL;
    cursor->rows = NULL;
    cursor->column_count = cursor->row_count = cursor->row_capacity = 0;
    cursor->affected_rows = cursor->last_insert_id = 0;
    cursor->warnings = 0;
    cursor->out_values = false;
    cursor->row_number = 0;
    cursor->next_row = cursor->next_column = 0;
}

int hoot__cursor_keep_results(hoot_cursor *cursor, hoot_link *link, hoot_error *err)
{
    hoot__result *first = NULL, **last = &first;
    int rc = 1;

    while (rc > 0 && link->more_results) {
        hoot_answer answer;

        if (!put_away(cursor, &last)) {
            link->driver->skip_rows(link);
            return hoot_error_set(err, HOOT_ENOMEM, "no memory for an answer's results");
        }
        rc = link->driver->next_result(link, &answer, err);
        if (rc <= 0)
            break;
        clear(cursor);
        rc = hoot__cursor_keep_result(cursor, link, &answer, err);
        rc = rc ? rc : 1;
    }
    if (rc < 0 || !first)
        return rc < 0 ? rc : 0;
    if (rc > 0 && !put_away(cursor, &last))
        return hoot_error_set(err, HOOT_ENOMEM, "no memory for an answer's results");
    show(cursor, first);
    return 0;
}

/* --- a streaming cursor --- */

static int stream_next(hoot_cursor *cursor, hoot__slot *slot, hoot_error *err)
{
    hoot_answer answer = { 0 };
    int rc = slot->link->driver->next_result(slot->link, &answer, err);

    if (rc > 0) {
        int described;

        clear(cursor);
        described = hoot__cursor_describe(cursor, &answer, err);
        return described ? described : 1;
    }
    return rc;
}

/* As in fetching: the connection may be taken away while another result is waited for. */
static int next_streamed(hoot_cursor *cursor, hoot_error *err)
{
    hoot__slot *slot = cursor->conn->slot;
    int rc = hoot__slot_enter(slot, err);

    if (rc)
        return rc;
    cursor->current.cells = NULL;
    cursor->current.count = 0;
    cursor->fetching = true;
    rc = stream_next(cursor, slot, err);
    cursor->fetching = false;
    if (!hoot__slot_leave(slot))
        return hoot_error_set(err, HOOT_ECLOSED, "the cursor's connection was taken back");
    slot->pool->stats.errors += rc < 0;
    if (rc < 0 && !slot->link->broken && !slot->link->unfinished)
        slot->link->driver->skip_rows(slot->link);
    if (rc <= 0 || (!cursor->column_count && !slot->link->more_results))
        hoot__cursor_let_go(cursor);
    return rc;
}

int hoot_next_result(hoot_cursor *cursor, hoot_error *err)
{
    hoot_error own = HOOT_ERROR_INIT;
    int rc;

    if (!cursor || cursor->error.code)
        return cursor ? hoot_cursor_error(cursor, err) : 0;
    if (cursor->later) {
        show(cursor, cursor->later);
        return 1;
    }
    if (!cursor->conn || cursor->fetching || !cursor->conn->slot->link->driver->next_result)
        return 0;
    rc = next_streamed(cursor, err ? err : (err = &own));
    if (rc < 0)
        cursor->error = *err;
    return rc;
}

uint32_t hoot_warning_count(const hoot_cursor *cursor)
{
    return cursor ? cursor->warnings : 0;
}

bool hoot_has_out_values(const hoot_cursor *cursor)
{
    return cursor && cursor->out_values;
}

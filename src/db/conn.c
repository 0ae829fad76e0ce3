/* hoot_conn: statements on a lent connection. How it is lent and comes back is in lend.c.
 *
 * A connection that is lost while it was idle shows in the pool's look before lending. When it is lost later,
 * the statement fails with HOOT_ECONNLOST, even if nothing was answered: whether the server has run it cannot
 * be known, so it is not sent again behind the caller's back. */
#include "db/cursor.h"

int hoot__slot_recover(hoot__slot *slot, hoot_error *err)
{
    int rc = slot->link->driver->recover(slot->link, err);

    if (rc == HOOT_ETIMEOUT || rc == HOOT_ECANCELED)
        return rc;
    if (rc) {
        slot->link->broken = true;
        return hoot_error_set(err, HOOT_ECONNLOST,
                              "the connection could not be used on after a statement was stopped");
    }
    return 0;
}

int hoot__slot_enter(hoot__slot *slot, hoot_error *err)
{
    int rc = 0;

    if (slot->task && !slot->hooked)
        return hoot_error_set(err, HOOT_EBUSY, "another task runs a statement on this connection");
    if (slot->link->broken)
        return hoot_error_set(err, HOOT_ECONNLOST, "the connection was lost");
    slot->task = hoot_current_task();
    if (slot->link->unfinished)
        rc = hoot__slot_recover(slot, err);
    if (rc)
        hoot__slot_leave(slot);
    return rc;
}

void hoot__slot_cut(hoot__slot *slot)
{
    slot->cut = true;
    slot->conn = NULL;
    hoot__task_cancel(slot->task);
}

bool hoot__slot_leave(hoot__slot *slot)
{
    if (!slot->hooked)
        slot->task = NULL;
    if (!slot->cut)
        return true;
    hoot__slot_end(slot, NULL);
    return false;
}

static hoot__slot *usable_slot(hoot_conn *conn, hoot_error *err)
{
    if (!conn)
        hoot_error_set(err, HOOT_EINVAL, "there is no connection");
    else if (conn->released)
        hoot_error_set(err, HOOT_ESTATE, "the connection acquired at %s was released", conn->place);
    else if (!conn->slot)
        hoot_error_set(err, HOOT_ECLOSED, "the connection's pool was closed");
    else if (!hoot_current_task())
        hoot_error_set(err, HOOT_ESTATE, "only a task can use a connection");
    else
        return conn->slot;
    return NULL;
}

hoot__slot *hoot__conn_enter(hoot_conn *conn, hoot_error *err)
{
    hoot__slot *slot = usable_slot(conn, err);

    if (slot && conn->stream) {
        hoot_error_set(err, HOOT_EBUSY, "a streaming cursor is open on this connection");
        return NULL;
    }
    return slot && hoot__slot_enter(slot, err) == 0 ? slot : NULL;
}

int hoot__slot_run(hoot__slot *slot, const hoot_value *values, size_t count, hoot_answer *out_answer,
                   hoot_error *err)
{
    hoot_link *link = slot->link;
    int rc;

    if (count < 1 || count > 65536 || values[0].kind != HOOT_TEXT)
        return hoot_error_set(err, HOOT_EINVAL, "a statement is a text, then at most 65,535 parameters");
    *out_answer = (hoot_answer){ 0 };
    slot->pool->stats.statements++;
    rc = link->driver->run(link, values[0].str, values + 1, count - 1, out_answer, err);
    slot->pool->stats.errors += rc != 0;
    return rc;
}

/* Read what is left of an answer that nobody wants. */
static int pass_rows(hoot_link *link, hoot_error *err)
{
    const hoot_value *cells;
    int rc;

    do
        rc = link->driver->next_row(link, &cells, err);
    while (rc > 0);
    return rc;
}

int64_t hoot__slot_execute(hoot__slot *slot, const hoot_value *values, size_t count, hoot_error *err)
{
    hoot_answer answer;
    int rc;

    slot->link->keep_results = false;
    rc = hoot__slot_run(slot, values, count, &answer, err);
    if (!rc && answer.column_count)
        rc = pass_rows(slot->link, err);
    return rc ? rc : (int64_t)answer.affected_rows;
}

hoot_cursor *hoot_conn_query_values(hoot_conn *conn, hoot_error *err, const hoot_value *values, size_t count)
{
    hoot__slot *slot = hoot__conn_enter(conn, err);
    hoot_cursor *cursor;

    if (!slot)
        return NULL;
    cursor = hoot__cursor_read(slot, values, count, err);
    hoot__slot_leave(slot);
    return cursor;
}

hoot_cursor *hoot_conn_stream_values(hoot_conn *conn, hoot_error *err, const hoot_value *values, size_t count)
{
    hoot__slot *slot = hoot__conn_enter(conn, err);
    hoot_cursor *cursor;

    if (!slot)
        return NULL;
    cursor = hoot__cursor_open(conn, slot, values, count, err);
    hoot__slot_leave(slot);
    return cursor;
}

int64_t hoot_conn_execute_values(hoot_conn *conn, hoot_error *err, const hoot_value *values, size_t count)
{
    hoot_error own;
    hoot__slot *slot;
    int64_t changed;

    if (!err)
        hoot_error_clear(err = &own);
    slot = hoot__conn_enter(conn, err);
    if (!slot)
        return hoot_error_code(err);
    changed = hoot__slot_execute(slot, values, count, err);
    hoot__slot_leave(slot);
    return changed;
}

static int64_t run_each(hoot__slot *slot, hoot_str sql, const hoot_value *rows, size_t row_count,
                        size_t columns, hoot_error *err)
{
    hoot_link *link = slot->link;
    int64_t changed = 0;

    link->keep_results = false;
    for (size_t i = 0; i < row_count; i++) {
        hoot_answer answer = { 0 };
        int rc = link->driver->run(link, sql, rows + i * columns, columns, &answer, err);

        slot->pool->stats.statements++;
        if (!rc && answer.column_count)
            rc = pass_rows(link, err);
        if (rc) {
            slot->pool->stats.errors++;
            hoot_error_prefix(err, "row %zu", i);
            return rc;
        }
        changed += (int64_t)answer.affected_rows;
    }
    return changed;
}

/* At once where the driver can. */
static int64_t run_rows(hoot__slot *slot, hoot_str sql, const hoot_value *rows, size_t row_count,
                        size_t columns, hoot_error *err)
{
    const hoot_driver *driver = slot->link->driver;
    hoot_answer answer = { 0 };
    int rc = driver->run_many && row_count > 1
                 ? driver->run_many(slot->link, sql, rows, row_count, columns, &answer, err)
                 : HOOT_ENOTSUP;

    if (rc == HOOT_ENOTSUP)
        return run_each(slot, sql, rows, row_count, columns, err);
    slot->pool->stats.statements++;
    slot->pool->stats.errors += rc != 0;
    return rc ? rc : (int64_t)answer.affected_rows;
}

int64_t hoot_conn_executemany(hoot_conn *conn, const char *sql, const hoot_value *rows, size_t row_count,
                              size_t columns, hoot_error *err)
{
    hoot_error own = HOOT_ERROR_INIT;
    hoot__slot *slot;
    int64_t changed;

    if (!err)
        err = &own;
    if (!sql || columns > 65535)
        return hoot_error_set(err, HOOT_EINVAL, "a statement is a text and at most 65,535 parameters");
    slot = hoot__conn_enter(conn, err);
    if (!slot)
        return hoot_error_code(err);
    changed = run_rows(slot, hoot_str_from(sql), rows, row_count, columns, err);
    hoot__slot_leave(slot);
    return changed;
}

int hoot_conn_ping(hoot_conn *conn, hoot_error *err)
{
    hoot_error own = HOOT_ERROR_INIT;
    hoot__slot *slot = hoot__conn_enter(conn, err ? err : (err = &own));
    int rc;

    if (!slot)
        return hoot_error_code(err);
    rc = slot->link->driver->ping(slot->link, err);
    hoot__slot_leave(slot);
    return rc;
}

/* --- what is known without asking --- */

static const hoot_link *link_of(const hoot_conn *conn)
{
    return conn && conn->slot ? conn->slot->link : NULL;
}

uint64_t hoot_conn_last_insert_id(const hoot_conn *conn)
{
    const hoot_link *link = link_of(conn);

    return link ? link->last_insert_id : 0;
}

bool hoot_conn_in_transaction(const hoot_conn *conn)
{
    const hoot_link *link = link_of(conn);

    return link && link->in_transaction;
}

const char *hoot_conn_driver(const hoot_conn *conn)
{
    const hoot_link *link = link_of(conn);

    return link ? link->driver->name : "";
}

const char *hoot_conn_server_version(const hoot_conn *conn)
{
    const hoot_link *link = link_of(conn);

    return link && link->server_version ? link->server_version : "";
}

uint64_t hoot_conn_id(const hoot_conn *conn)
{
    const hoot_link *link = link_of(conn);

    return link ? link->id : 0;
}

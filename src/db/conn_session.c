/* What a task can do with its connection besides running statements: look at warnings, choose a database, be
 * another user, begin afresh, stop others. */
#include "db/cursor.h"

#include <hoot/scope.h>

static int not_here(const hoot__slot *slot, const char *what, hoot_error *err)
{
    return hoot_error_set(err, HOOT_ENOTSUP, "%s: not with %s", what, slot->link->driver->name);
}

/* --- warnings --- */

static const char *dup_text(hoot_arena *arena, const hoot_value *cell)
{
    if (hoot__value_has_bytes(cell))
        return hoot_arena_dup(arena, cell->str);
    return cell->kind == HOOT_NULL ? "" : hoot_value_format(arena, cell);
}

static int read_warning(hoot_arena *arena, const hoot_row *row, hoot_warning *out, hoot_error *err)
{
    uint64_t code;

    if (hoot_row_count(row) < 3 || hoot_row_uint_at(row, 1, &code) || code > UINT32_MAX)
        return hoot_error_set(err, HOOT_EPROTOCOL, "the server's list of warnings has another form");
    out->code = (uint32_t)code;
    out->level = dup_text(arena, hoot_row_at(row, 0));
    out->text = dup_text(arena, hoot_row_at(row, 2));
    return out->level && out->text ? 0 : hoot_error_set(err, HOOT_ENOMEM, "no memory for warnings");
}

static ptrdiff_t read_warnings(hoot_conn *conn, hoot_cursor *rows, const hoot_warning **out, hoot_error *err)
{
    hoot_arena *arena = hoot_scope_arena(conn->scope);
    size_t count = (size_t)hoot_row_number(rows);
    hoot_warning *warnings = arena && count ? hoot_arena_alloc_array(arena, count, sizeof(*warnings)) : NULL;

    if (count && !warnings)
        return hoot_error_set(err, HOOT_ENOMEM, "no memory for warnings");
    for (size_t i = 0; i < count; i++) {
        int rc = read_warning(arena, hoot_fetchone(rows), &warnings[i], err);

        if (rc)
            return rc;
    }
    if (count)
        *out = warnings;
    return (ptrdiff_t)count;
}

ptrdiff_t hoot_conn_warnings(hoot_conn *conn, const hoot_warning **out_warnings, hoot_error *err)
{
    hoot_error own = HOOT_ERROR_INIT;
    hoot__slot *slot = hoot__conn_enter(conn, err ? err : (err = &own));
    hoot_cursor *rows;
    ptrdiff_t count;
    hoot_value sql;

    if (!slot)
        return hoot_error_code(err);
    sql = hoot_value_text(slot->link->driver->warnings);
    if (sql.kind == HOOT_NULL) {
        hoot__slot_leave(slot);
        return 0;
    }
    rows = hoot__cursor_read(slot, &sql, 1, err);
    if (!hoot__slot_leave(slot) && rows) {
        hoot_cursor_close(rows);
        return hoot_error_set(err, HOOT_ECLOSED, "the connection was taken back");
    }
    count = rows ? read_warnings(conn, rows, out_warnings, err) : hoot_error_code(err);
    hoot_cursor_close(rows);
    return count;
}

/* --- the session --- */

int hoot_conn_select_db(hoot_conn *conn, const char *database, hoot_error *err)
{
    hoot_error own = HOOT_ERROR_INIT;
    hoot__slot *slot = hoot__conn_enter(conn, err ? err : (err = &own));
    int rc;

    if (!slot)
        return hoot_error_code(err);
    rc = !database                       ? hoot_error_set(err, HOOT_EINVAL, "there is no database's name")
         : slot->link->driver->select_db ? slot->link->driver->select_db(slot->link, database, err)
                                         : not_here(slot, "choosing a database", err);
    hoot__slot_leave(slot);
    return rc;
}

int hoot_conn_change_user(hoot_conn *conn, const char *user, const char *password, const char *database,
                          hoot_error *err)
{
    hoot_error own = HOOT_ERROR_INIT;
    hoot__slot *slot = hoot__conn_enter(conn, err ? err : (err = &own));
    int rc;

    if (!slot)
        return hoot_error_code(err);
    rc = !user ? hoot_error_set(err, HOOT_EINVAL, "there is no user's name")
         : slot->link->driver->change_user
             ? slot->link->driver->change_user(slot->link, user, password, database, err)
             : not_here(slot, "changing the user", err);
    hoot__slot_leave(slot);
    return rc;
}

static int reset(hoot__slot *slot, hoot_error *err)
{
    hoot_link *link = slot->link;

    if (link->in_transaction) {
        const hoot_value rollback = hoot_value_text(link->driver->rollback);
        int64_t rc = hoot__slot_execute(slot, &rollback, 1, err);

        if (rc < 0)
            return (int)rc;
    }
    return link->driver->reset(link, err);
}

int hoot_conn_reset(hoot_conn *conn, hoot_error *err)
{
    hoot_error own = HOOT_ERROR_INIT;
    hoot__slot *slot = hoot__conn_enter(conn, err ? err : (err = &own));
    int rc;

    if (!slot)
        return hoot_error_code(err);
    rc = reset(slot, err);
    hoot__slot_leave(slot);
    return rc;
}

static int kill_other(hoot_conn *conn, uint64_t id, bool whole, hoot_error *err)
{
    hoot_error own = HOOT_ERROR_INIT;
    hoot__slot *slot = hoot__conn_enter(conn, err ? err : (err = &own));
    int rc;

    if (!slot)
        return hoot_error_code(err);
    rc = slot->link->driver->kill ? slot->link->driver->kill(slot->link, id, whole, err)
                                  : not_here(slot, "stopping another connection", err);
    hoot__slot_leave(slot);
    return rc;
}

int hoot_conn_kill_query(hoot_conn *conn, uint64_t id, hoot_error *err)
{
    return kill_other(conn, id, false, err);
}

int hoot_conn_kill(hoot_conn *conn, uint64_t id, hoot_error *err)
{
    return kill_other(conn, id, true, err);
}

/* --- a file of the client's --- */

int64_t hoot_conn_load_data(hoot_conn *conn, const char *sql, hoot_source_fn source, void *arg,
                            hoot_error *err)
{
    hoot_error own = HOOT_ERROR_INIT;
    hoot_answer answer = { 0 };
    hoot__slot *slot;
    int rc;

    if (!err)
        err = &own;
    if (!sql || !source)
        return hoot_error_set(err, HOOT_EINVAL, "LOAD DATA LOCAL needs a statement and a source");
    slot = hoot__conn_enter(conn, err);
    if (!slot)
        return hoot_error_code(err);
    slot->pool->stats.statements++;
    rc = slot->link->driver->run_load
             ? slot->link->driver->run_load(slot->link, hoot_str_from(sql), source, arg, &answer, err)
             : not_here(slot, "LOAD DATA LOCAL", err);
    slot->pool->stats.errors += rc != 0;
    hoot__slot_leave(slot);
    return rc ? rc : (int64_t)answer.affected_rows;
}

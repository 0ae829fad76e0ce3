/* Lending: the handle that a task gets for a connection, and how it comes back.
 *
 * A handle lives in the arena of the scope it was acquired in and stays there after the release, so that
 * using it too late, or releasing it twice, is seen instead of touching the next one's connection. A task
 * that acquires again and again would fill its arena; so released handles are used again, but only by the
 * same scope, and only the oldest of more than RESTING of them. The pool finds them by scope in a small hash
 * table. */
#include <hoot/log.h>

#include "db/cursor.h"

enum { RESTING = 8 };

static hoot_conn **bucket_of(hoot_pool *pool, const hoot_scope *scope)
{
    return &pool->handles[((uintptr_t)scope >> 6) * 0x9e3779b97f4a7c15u >> 58];
}

static void handle_link(hoot_pool *pool, hoot_conn *conn)
{
    hoot_conn **bucket = bucket_of(pool, conn->scope);

    conn->prev = NULL;
    conn->next = *bucket;
    if (conn->next)
        conn->next->prev = conn;
    *bucket = conn;
}

static void handle_unlink(hoot_pool *pool, hoot_conn *conn)
{
    if (conn->next)
        conn->next->prev = conn->prev;
    if (conn->prev)
        conn->prev->next = conn->next;
    else
        *bucket_of(pool, conn->scope) = conn->next;
}

/* The longest-released handle of the scope, if enough rest. */
static hoot_conn *find_rested(hoot_pool *pool, const hoot_scope *scope)
{
    hoot_conn *oldest = NULL;
    int resting = 0;

    for (hoot_conn *conn = *bucket_of(pool, scope); conn; conn = conn->next) {
        if (conn->scope == scope && conn->released) {
            oldest = conn;
            resting++;
        }
    }
    return resting > RESTING ? oldest : NULL;
}

/* The slot goes back. If another task is inside a call on it, that task is stopped, and ends the slot when it
 * is back. */
static void take_back(hoot_conn *conn)
{
    hoot__slot *slot = conn->slot;

    if (conn->stream)
        hoot__cursor_detach(conn->stream, HOOT_ESTATE);
    conn->slot = NULL;
    if (slot && slot->task)
        hoot__slot_cut(slot);
    else if (slot)
        hoot__pool_release(slot);
}

static void report_leak(hoot_conn *conn)
{
    hoot_task *task = hoot_current_task();
    bool is_owner = task && task == conn->owner; /* of an app's scope the owner has ended long ago */

    conn->pool->stats.leaked++;
    hoot_log_warning("database connection acquired at %s by %s%s%s was not released: taken back", conn->place,
                     is_owner ? "task \"" : "another task", is_owner ? hoot_task_name(task) : "",
                     is_owner ? "\"" : "");
}

/* The scope ends, and its arena with the handle. */
static void scope_ends(hoot_closer *closer, void *user)
{
    hoot_conn *conn = user;

    (void)closer;
    if (conn->slot) {
        report_leak(conn);
        take_back(conn);
    }
    if (conn->pool)
        handle_unlink(conn->pool, conn);
}

static hoot_conn *handle_new(hoot_pool *pool, hoot_scope *scope)
{
    hoot_conn *conn = find_rested(pool, scope);
    hoot_arena *arena;

    if (conn) {
        handle_unlink(pool, conn);
    } else {
        arena = hoot_scope_arena(scope);
        conn = arena ? hoot_arena_zalloc(arena, sizeof(*conn)) : NULL;
        if (!conn)
            return NULL;
    }
    hoot_closer_cancel(&conn->closer);
    *conn = (hoot_conn){ .pool = pool, .scope = scope, .owner = hoot_current_task() };
    handle_link(pool, conn);
    hoot_scope_defer(scope, &conn->closer, scope_ends, conn);
    return conn;
}

void hoot__conn_lose(hoot_conn *conn)
{
    if (conn->stream)
        hoot__cursor_detach(conn->stream, HOOT_ECLOSED);
    conn->slot = NULL;
}

void hoot__conn_orphan_all(hoot_pool *pool)
{
    for (size_t i = 0; i < HOOT__HANDLE_BUCKETS; i++) {
        for (hoot_conn *conn = pool->handles[i]; conn; conn = conn->next)
            conn->pool = NULL;
        pool->handles[i] = NULL;
    }
}

/* A task that acquired in one scope and another that ends it: who may release is who acquired, or that
 * scope's end. */
hoot_conn *hoot_pool_acquire_at(hoot_pool *pool, const char *place, hoot_error *err)
{
    hoot__slot *slot = hoot__pool_borrow(pool, err);
    hoot_conn *conn;

    if (!slot)
        return NULL;
    conn = handle_new(pool, hoot_current_scope());
    if (!conn) {
        hoot__pool_release(slot);
        hoot_error_set(err, HOOT_ENOMEM, "no memory for a connection's handle");
        return NULL;
    }
    conn->place = place;
    conn->slot = slot;
    slot->conn = conn;
    return conn;
}

void hoot_conn_release(hoot_conn *conn)
{
    if (!conn)
        return;
    if (conn->released) {
        hoot_log_error("database connection acquired at %s is released twice: ignored", conn->place);
        return;
    }
    if (conn->owner != hoot_current_task()) {
        hoot_log_error("database connection acquired at %s is released by another task: ignored",
                       conn->place);
        return;
    }
    if (conn->slot && conn->slot->task) {
        hoot_log_error("database connection acquired at %s is released while a statement runs on it: ignored",
                       conn->place);
        return;
    }
    take_back(conn);
    conn->released = true;
    if (!conn->pool)
        return;
    handle_unlink(conn->pool, conn); /* to the front: the last of a scope's is its oldest */
    handle_link(conn->pool, conn);
}

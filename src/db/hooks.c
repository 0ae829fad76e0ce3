/* What an application wants done to each connection: once when it is made (and again after each reset, which
 * takes session state back to the server's own), and each time before it is lent.
 *
 * A hook gets a handle like any other, except that it lies on our stack: it is good until the hook is back.
 */
#include "db/cursor.h"

static int call(hoot__slot *slot, hoot_conn_hook_fn hook, hoot_conn *conn, hoot_error *err)
{
    hoot_pool *pool = slot->pool;
    int rc;

    *conn = (hoot_conn){ .pool = pool, .slot = slot, .owner = hoot_current_task(), .place = "a hook" };
    slot->conn = conn;
    rc = hook(conn, err, pool->limits.hook_arg);
    if (conn->stream)
        hoot__cursor_detach(conn->stream, HOOT_ESTATE);
    if (conn->slot)
        conn->slot->conn = NULL;
    if (rc > 0)
        rc = hoot_error_set(err, HOOT_EINVAL, "a connection's hook gives 0 or a negative code, not %d", rc);
    return rc;
}

/* In a task of the pool, which has the slot for itself: calls to the driver do not change `task`. */
int hoot__hook_after_connect(hoot__slot *slot, hoot_error *err)
{
    hoot_link *link = slot->link;
    hoot_conn conn;
    int rc;

    if (!slot->pool->limits.on_connect)
        return 0;
    slot->hooked = true;
    rc = call(slot, slot->pool->limits.on_connect, &conn, err);
    slot->hooked = false;
    if (rc)
        return rc;
    if (link->in_transaction || link->unfinished || link->broken)
        return hoot_error_set(err, HOOT_ESTATE, "on_connect left the connection in the middle of something");
    link->state_changed = false; /* what the hook has set is what a fresh connection is like here */
    return 0;
}

int hoot__hook_before_lending(hoot__slot *slot, hoot_error *err)
{
    hoot_pool *pool = slot->pool;
    hoot_conn conn;
    int rc;

    rc = call(slot, pool->limits.on_acquire, &conn, err);
    if (!conn.slot) /* cut while the hook ran: the pool closes */
        return hoot_error_set(err, HOOT_ECLOSED, "the database pool is closing");
    if (rc && (slot->link->unfit || slot->link->broken))
        hoot__pool_release(slot);
    else if (rc)
        hoot__slot_end(slot, &pool->stats.closed_hook);
    return rc;
}

/* A connection that turns out to be dead in the hook is no failure of the asker's: the next one is taken. */
hoot__slot *hoot__pool_borrow(hoot_pool *pool, hoot_error *err)
{
    hoot_error own = HOOT_ERROR_INIT;
    hoot__slot *slot = hoot__pool_take(pool, err ? err : (err = &own));

    if (!slot || !pool->limits.on_acquire)
        return slot;
    for (uint32_t tries = 0;; tries++) {
        int rc = hoot__hook_before_lending(slot, err);

        if (rc == 0)
            return slot;
        if (rc != HOOT_ECONNLOST || tries > pool->limits.max_size)
            return NULL;
        hoot_error_clear(err);
        slot = hoot__pool_take(pool, err);
        if (!slot)
            return NULL;
    }
}

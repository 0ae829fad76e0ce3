/* Transactions: begin, commit, rollback, and the helper that tries again.
 *
 * A deadlock ends the victim's transaction on the server; running the whole function again is the only cure,
 * and safe because nothing of the first run was kept. After any other failure the function is not run again:
 * a commit whose answer was lost may have been done. Roll-backs that cannot be sent (the task is cancelled,
 * its time is up) are left to the pool, which rolls back before it lends the connection again. */
#include "db/conn.h"

#include <hoot/crypto.h>

enum { MOST_TRIES = 5, FIRST_PAUSE_MS = 5 };

static int run_fixed(hoot__slot *slot, const char *sql, hoot_error *err)
{
    hoot_value statement = hoot_value_text(sql);
    int64_t changed = hoot__slot_execute(slot, &statement, 1, err);

    return changed < 0 ? (int)changed : 0;
}

int hoot_conn_begin(hoot_conn *conn, hoot_error *err)
{
    hoot_error own = HOOT_ERROR_INIT;
    hoot__slot *slot = hoot__conn_enter(conn, err ? err : (err = &own));
    int rc;

    if (!slot)
        return hoot_error_code(err);
    if (slot->link->in_transaction)
        rc = hoot_error_set(err, HOOT_ESTATE, "the connection is inside a transaction already");
    else
        rc = run_fixed(slot, slot->link->driver->begin, err);
    hoot__slot_leave(slot);
    return rc;
}

int hoot_conn_commit(hoot_conn *conn, hoot_error *err)
{
    hoot_error own = HOOT_ERROR_INIT;
    hoot__slot *slot = hoot__conn_enter(conn, err ? err : (err = &own));
    int rc;

    if (!slot)
        return hoot_error_code(err);
    rc = run_fixed(slot, slot->link->driver->commit, err);
    if (rc == HOOT_ECONNLOST || rc == HOOT_ETIMEOUT || rc == HOOT_ECANCELED)
        hoot_error_prefix(err, "whether the commit was done is not known");
    hoot__slot_leave(slot);
    return rc;
}

/* Nothing to roll back is fine: the database may have done it by itself. */
int hoot_conn_rollback(hoot_conn *conn, hoot_error *err)
{
    hoot_error own = HOOT_ERROR_INIT;
    hoot__slot *slot = hoot__conn_enter(conn, err ? err : (err = &own));
    int rc = 0;

    if (!slot)
        return hoot_error_code(err);
    if (slot->link->in_transaction)
        rc = run_fixed(slot, slot->link->driver->rollback, err);
    hoot__slot_leave(slot);
    return rc;
}

/* Run it once. */
static int attempt(hoot_conn *conn, hoot_transaction_fn fn, void *arg, hoot_error *err)
{
    int rc = hoot_conn_begin(conn, err);

    if (rc)
        return rc;
    rc = fn(conn, err, arg);
    if (rc == 0)
        rc = hoot_conn_commit(conn, err);
    else if (rc > 0)
        rc =
            hoot_error_set(err, HOOT_EINVAL, "a transaction function gives 0 or a negative code, not %d", rc);
    if (rc && hoot_conn_in_transaction(conn))
        (void)hoot_conn_rollback(conn, NULL);
    return rc;
}

static bool is_deadlock(int rc, const hoot_error *err)
{
    return rc == HOOT_EDEADLOCK || (rc < 0 && hoot_error_code(err) == HOOT_EDEADLOCK);
}

/* At random, so that two who met do not meet again. */
static int pause_before(int try)
{
    uint32_t random;

    hoot_random(&random, sizeof(random));
    return hoot_sleep(1 + random % ((uint32_t)FIRST_PAUSE_MS << try));
}

int hoot_pool_transaction(hoot_pool *pool, hoot_transaction_fn fn, void *arg, hoot_error *err)
{
    hoot_error own = HOOT_ERROR_INIT;
    hoot_conn *conn = hoot_pool_acquire(pool, err ? err : (err = &own));
    int rc;

    if (!conn)
        return hoot_error_code(err);
    rc = attempt(conn, fn, arg, err);
    for (int try = 1; try < MOST_TRIES && is_deadlock(rc, err); try++) {
        if (pause_before(try))
            break;
        hoot_error_clear(err);
        rc = attempt(conn, fn, arg, err);
    }
    hoot_conn_release(conn);
    return rc;
}

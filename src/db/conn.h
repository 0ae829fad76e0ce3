/* Handles of lent connections, and the calls that run statements on a slot. */
#ifndef HOOT_DB_CONN_H
#define HOOT_DB_CONN_H

#include "db/pool.h"

/* One lending. In the arena of the scope that acquired it, so that a stale pointer still points at a handle
 * when its connection is somebody else's: `slot` is NULL then, and nothing can be done through it. */
struct hoot_conn {
    hoot_pool *pool;  /* NULL: the pool is gone */
    hoot__slot *slot; /* NULL: released, or lost */
    hoot_task *owner;
    hoot_scope *scope;
    hoot_closer closer;     /* of the scope */
    const char *place;      /* where it was acquired */
    hoot_cursor *stream;    /* the streaming cursor that is open on it */
    hoot_conn *next, *prev; /* the pool's handles of this bucket */
    bool released;          /* may be used for another lending */
};

/* Its connection is closed under it: the pool cuts it. */
void hoot__conn_lose(hoot_conn *conn);

/* Give every handle of the pool, used or not, its independence: the pool goes. */
void hoot__conn_orphan_all(hoot_pool *pool);

/* Begin a call to the driver on a lent slot: not while another one runs; what an earlier call left in the
 * middle is recovered first. May suspend.
 * Errors: HOOT_EBUSY, HOOT_ECONNLOST, HOOT_ETIMEOUT, HOOT_ECANCELED. */
int hoot__slot_enter(hoot__slot *slot, hoot_error *err);

/* Make its unfinished connection good again. Suspends. Errors: HOOT_ETIMEOUT, HOOT_ECANCELED; HOOT_ECONNLOST
 * it could not be: it is broken. */
int hoot__slot_recover(hoot__slot *slot, hoot_error *err);

/* It is over. Gives false when the pool closed meanwhile: the slot is gone then. */
bool hoot__slot_leave(hoot__slot *slot);

/* Stop the call that runs on it; the slot ends when that is back. Its handle, if it has one, must be told
 * first. */
void hoot__slot_cut(hoot__slot *slot);

/* The slot of a handle, entered. NULL: `err` tells why not. */
hoot__slot *hoot__conn_enter(hoot_conn *conn, hoot_error *err);

/* Run values[0] with the values behind it, on an entered slot. */
int hoot__slot_run(hoot__slot *slot, const hoot_value *values, size_t count, hoot_answer *out_answer,
                   hoot_error *err);

/* The same, and skip its rows. Gives: rows changed. */
int64_t hoot__slot_execute(hoot__slot *slot, const hoot_value *values, size_t count, hoot_error *err);

#endif

/* hoot_pool: who gets which connection.
 *
 * A connection that comes free goes straight to the first task in line; a task that comes later cannot take
 * it, since nothing is idle while anybody is in line. Connecting is done by tasks of the pool, one for each
 * asker that the limit has room for: nothing is held meanwhile, an asker that leaves wastes nothing (what was
 * connected for him goes to the next, or stays idle), and when connecting fails it fails that asker and
 * nobody else. Each asker starts at most one connecting, so a database that is down is tried as often as it
 * is asked for, and no more.
 *
 * Whatever ends a slot (hoot__slot_end) lets the next asker try in its place: there is no path on which room
 * comes free and nobody is told.
 *
 * No call here suspends but hoot__pool_take(), so between two of them nothing changes under our hands. */
#include "db/pool.h"

#include <hoot/crypto.h>

#include "base/alloc.h"
#include "db/conn.h"

#include <assert.h>

/* --- slots --- */

static hoot__slot *slot_new(hoot_pool *pool)
{
    hoot__slot *slot = hoot__calloc(1, sizeof(*slot));

    if (!slot)
        return NULL;
    slot->pool = pool;
    slot->next = pool->slots;
    if (slot->next)
        slot->next->prev = slot;
    pool->slots = slot;
    slot->state = HOOT__CONNECTING;
    pool->count[HOOT__CONNECTING]++;
    pool->total++;
    assert(pool->total <= pool->limits.max_size);
    return slot;
}

static void idle_push(hoot_pool *pool, hoot__slot *slot)
{
    slot->idle_since_ms = hoot_now_ms();
    slot->warmer = NULL;
    slot->colder = pool->warmest;
    if (slot->colder)
        slot->colder->warmer = slot;
    else
        pool->coldest = slot;
    pool->warmest = slot;
}

static void idle_remove(hoot_pool *pool, hoot__slot *slot)
{
    if (slot->warmer)
        slot->warmer->colder = slot->colder;
    else
        pool->warmest = slot->colder;
    if (slot->colder)
        slot->colder->warmer = slot->warmer;
    else
        pool->coldest = slot->warmer;
    slot->warmer = slot->colder = NULL;
}

void hoot__slot_move(hoot__slot *slot, hoot__slot_state state)
{
    static const uint8_t allowed[HOOT__SLOT_STATES] = {
        [HOOT__CONNECTING] = 1 << HOOT__IDLE | 1 << HOOT__LENT,
        [HOOT__IDLE] = 1 << HOOT__LENT,
        [HOOT__LENT] = 1 << HOOT__IDLE | 1 << HOOT__CLEANING | 1 << HOOT__LENT,
        [HOOT__CLEANING] = 1 << HOOT__IDLE | 1 << HOOT__LENT,
    };

    assert(allowed[slot->state] & 1 << state);
    if (slot->state == HOOT__IDLE)
        idle_remove(slot->pool, slot);
    if (state == HOOT__IDLE)
        idle_push(slot->pool, slot);
    slot->pool->count[slot->state]--;
    slot->pool->count[state]++;
    slot->state = state;
}

static void slot_free(hoot__slot *slot)
{
    hoot_pool *pool = slot->pool;

    if (slot->next)
        slot->next->prev = slot->prev;
    if (slot->prev)
        slot->prev->next = slot->next;
    else
        pool->slots = slot->next;
    pool->count[slot->state]--;
    pool->total--;
    hoot__free(slot);
}

/* --- the line --- */

static void line_join(hoot_pool *pool, hoot__asker *asker)
{
    asker->in_line = true;
    asker->prev = pool->last_asker;
    if (asker->prev)
        asker->prev->next = asker;
    else
        pool->first_asker = asker;
    pool->last_asker = asker;
    pool->waiting++;
}

/* What connects for him goes on, for whoever needs it then. */
static void line_leave(hoot_pool *pool, hoot__asker *asker)
{
    if (asker->attempt)
        asker->attempt->asker = NULL;
    asker->attempt = NULL;
    if (asker->prev)
        asker->prev->next = asker->next;
    else
        pool->first_asker = asker->next;
    if (asker->next)
        asker->next->prev = asker->prev;
    else
        pool->last_asker = asker->prev;
    asker->in_line = false;
    pool->waiting--;
}

void hoot__asker_fail(hoot_pool *pool, hoot__asker *asker, const hoot_error *err)
{
    if (asker->err)
        *asker->err = *err;
    line_leave(pool, asker);
    if (asker->fn)
        asker->fn(pool, NULL, err);
    else
        hoot_wake(&asker->waiter, err->code);
}

/* Asker and connecting belong together from now on: its failure is his. */
static void attempt_for(hoot__asker *asker, hoot__slot *slot)
{
    asker->attempt = slot;
    slot->asker = asker;
}

static hoot__asker *first_without_attempt(hoot_pool *pool)
{
    hoot__asker *asker = pool->first_asker;

    while (asker && asker->attempt)
        asker = asker->next;
    return asker;
}

/* A connecting whose asker left, or that the pool began for itself. */
static hoot__slot *orphan_attempt(hoot_pool *pool)
{
    if (!pool->count[HOOT__CONNECTING])
        return NULL;
    for (hoot__slot *slot = pool->slots; slot; slot = slot->next) {
        if (slot->state == HOOT__CONNECTING && !slot->asker)
            return slot;
    }
    return NULL;
}

/* See to it that somebody connects for each asker whom the limit has room for. */
static void serve_line(hoot_pool *pool)
{
    hoot__asker *asker;

    while (pool->state == HOOT__POOL_OPEN && (asker = first_without_attempt(pool))) {
        hoot__slot *orphan = orphan_attempt(pool);

        if (orphan)
            attempt_for(asker, orphan);
        else if (pool->total >= pool->limits.max_size)
            return;
        else if (hoot__pool_connect(pool, asker)) {
            hoot_error err = HOOT_ERROR_INIT;

            hoot_error_set(&err, HOOT_ENOMEM, "no memory for a connection");
            hoot__asker_fail(pool, asker, &err);
        }
    }
}

/* --- connecting --- */

/* The end of a connection's age: at random up to a tenth earlier, so that not all end together. */
static uint64_t expiry(const hoot_pool *pool)
{
    uint32_t random, age = pool->limits.max_age_ms;

    if (pool->limits.forever)
        return HOOT_NO_DEADLINE;
    hoot_random(&random, sizeof(random));
    return hoot_now_ms() + age - random % (age / 10 + 1);
}

static int connect_main(hoot_error *err, void *arg)
{
    hoot__slot *slot = arg;
    hoot_pool *pool = slot->pool;
    int rc = hoot__hosts_connect(pool, &slot->host, &slot->link, err);

    if (rc || !pool->limits.on_connect)
        return rc;
    hoot_timeout (pool->target.connect_timeout_ms)
        rc = hoot__hook_after_connect(slot, err);
    if (rc)
        (void)hoot_error_prefix(err, "on_connect");
    return rc;
}

static void connect_failed(hoot__slot *slot, const hoot_error *err)
{
    hoot_pool *pool = slot->pool;
    hoot__asker *asker = slot->asker;

    pool->stats.open_failed++;
    if (asker)
        hoot__asker_fail(pool, asker, err);
    else if (pool->state == HOOT__POOL_OPEN)
        hoot__pool_back_off(pool, err);
    hoot__slot_end(slot, NULL);
}

/* Runs on the loop when the task that connected has ended. */
static void connect_done(int rc, const hoot_error *err, void *arg)
{
    hoot__slot *slot = arg;
    hoot_pool *pool = slot->pool;

    slot->task = NULL;
    if (rc) {
        connect_failed(slot, err);
        return;
    }
    pool->stats.opened++;
    slot->host->stats.opened++;
    slot->ends_as = &pool->stats.closed_age;
    pool->refill_delay_ms = 0;
    pool->warm = pool->warm || !pool->opening;
    slot->expires_ms = expiry(pool);
    hoot__pool_give(slot);
    hoot__pool_refill(pool);
}

int hoot__pool_connect(hoot_pool *pool, hoot__asker *asker)
{
    const hoot__task_options options = { .name = "pool: connect", .detached_context = true };
    hoot__slot *slot = slot_new(pool);

    if (!slot)
        return HOOT_ENOMEM;
    slot->task = hoot__task_start(&options, connect_main, connect_done, slot);
    if (!slot->task) {
        slot_free(slot);
        return HOOT_ENOMEM;
    }
    if (asker)
        attempt_for(asker, slot);
    return 0;
}

/* --- handing over --- */

void hoot__slot_end(hoot__slot *slot, uint64_t *counter)
{
    hoot_pool *pool = slot->pool;

    if (slot->state == HOOT__IDLE)
        idle_remove(pool, slot);
    if (slot->asker)
        slot->asker->attempt = NULL;
    if (slot->conn)
        hoot__conn_lose(slot->conn);
    hoot__lane_gone(slot);
    if (slot->link)
        slot->link->driver->close(slot->link);
    if (counter)
        ++*counter;
    slot_free(slot);
    serve_line(pool);
    hoot__pool_refill(pool);
    hoot__pool_tell_closer(pool);
}

void hoot__pool_tell_closer(hoot_pool *pool)
{
    if (pool->state == HOOT__POOL_CLOSING && !pool->total && !pool->probes && pool->closer_waiter)
        hoot_wake(pool->closer_waiter, 0);
}

void hoot__slot_retire(hoot__slot *slot, uint64_t at_ms, uint64_t *counter)
{
    if (slot->expires_ms <= at_ms)
        return;
    slot->expires_ms = at_ms;
    slot->ends_as = counter;
    if (slot->state == HOOT__IDLE && at_ms <= hoot_now_ms())
        hoot__slot_end(slot, counter);
    else if (slot->state == HOOT__IDLE)
        hoot__pool_watch(slot->pool, slot);
}

void hoot__pool_give(hoot__slot *slot)
{
    hoot_pool *pool = slot->pool;
    hoot__asker *asker = pool->first_asker;

    if (pool->state != HOOT__POOL_OPEN) {
        hoot__slot_end(slot, NULL);
        return;
    }
    if (slot->asker)
        slot->asker->attempt = NULL;
    slot->asker = NULL;
    if (!asker) {
        hoot__slot_move(slot, HOOT__IDLE);
        hoot__pool_watch(pool, slot);
        return;
    }
    line_leave(pool, asker);
    hoot__slot_move(slot, HOOT__LENT);
    if (asker->fn) {
        asker->fn(pool, slot, NULL);
    } else {
        slot->asker = asker;
        asker->granted = slot;
        hoot_wake(&asker->waiter, 0);
    }
    serve_line(pool); /* the one whose connecting this was may need another now */
}

/* The idle connection that was used last, after a look whether it is still good. NULL: there is none. */
hoot__slot *hoot__pool_take_idle(hoot_pool *pool)
{
    hoot__slot *slot = pool->warmest, *next;

    for (; slot; slot = next) {
        next = slot->colder;
        if (slot->expires_ms <= hoot_now_ms())
            hoot__slot_end(slot, slot->ends_as);
        else if (!slot->link->driver->is_alive(slot->link))
            hoot__slot_end(slot, &pool->stats.closed_dead);
        else {
            hoot__slot_move(slot, HOOT__LENT);
            return slot;
        }
    }
    return NULL;
}

static const uint32_t wait_bounds[HOOT_POOL_WAITS - 1] = HOOT_POOL_WAIT_BOUNDS_MS;

static void note_wait(hoot_pool *pool, uint64_t ms)
{
    size_t i = 0;

    while (i < HOOT_POOL_WAITS - 1 && ms > wait_bounds[i])
        i++;
    pool->stats.waits[i]++;
}

static hoot__slot *wait_failed(hoot_pool *pool, hoot__asker *asker, int rc, hoot_error *err)
{
    if (!asker->in_line) /* he was told why already; the pool may be gone */
        return NULL;
    line_leave(pool, asker);
    pool->stats.timed_out += rc == HOOT_ETIMEOUT;
    hoot_error_set(err, rc,
                   rc == HOOT_ETIMEOUT ? "no database connection came free before the deadline"
                                       : "cancelled while waiting for a database connection");
    return NULL;
}

static hoot__slot *wait_in_line(hoot_pool *pool, hoot_error *err)
{
    hoot__asker asker = { .waiter = HOOT_WAITER_INIT, .err = err };
    uint64_t since = hoot_now_ms();
    int rc;

    if (pool->waiting >= pool->limits.max_waiters) {
        hoot_error_set(err, HOOT_ELIMIT, "%u tasks wait for a database connection already", pool->waiting);
        return NULL;
    }
    pool->stats.waited++;
    line_join(pool, &asker);
    serve_line(pool);
    if (!asker.attempt && asker.in_line)
        hoot__lanes_yield(pool);
    rc = hoot_wait(&asker.waiter);
    if (asker.granted || asker.in_line) /* else the pool may be gone */
        note_wait(pool, hoot_now_ms() - since);
    if (!asker.granted)
        return wait_failed(pool, &asker, rc, err);
    asker.granted->asker = NULL;
    if (pool->state == HOOT__POOL_OPEN)
        return asker.granted;
    hoot__slot_end(asker.granted, NULL);
    hoot_error_set(err, HOOT_ECLOSED, "the database pool is closing");
    return NULL;
}

hoot__slot *hoot__pool_take(hoot_pool *pool, hoot_error *err)
{
    hoot__slot *slot = NULL;
    int rc;

    if (!hoot_current_task()) {
        hoot_error_set(err, HOOT_ESTATE, "only a task can have a database connection");
        return NULL;
    }
    if (pool->state != HOOT__POOL_OPEN) {
        hoot_error_set(err, HOOT_ECLOSED, "the database pool is closed");
        return NULL;
    }
    rc = hoot_check_canceled();
    if (rc) {
        pool->stats.timed_out += rc == HOOT_ETIMEOUT;
        hoot_error_set(err, rc, "%s before asking for a database connection", hoot_error_text(rc));
        return NULL;
    }
    if (!pool->warmest)
        hoot__lanes_give_back(pool);
    if (!pool->first_asker)
        slot = hoot__pool_take_idle(pool);
    if (!slot)
        slot = wait_in_line(pool, err);
    if (slot)
        pool->stats.acquired++;
    return slot;
}

void hoot__pool_ask(hoot_pool *pool, hoot__granted_fn fn)
{
    if (pool->for_lanes.in_line)
        return;
    pool->for_lanes = (hoot__asker){ .fn = fn };
    line_join(pool, &pool->for_lanes);
    serve_line(pool);
}

const char *hoot_pool_driver(const hoot_pool *pool)
{
    return pool->target.driver->name;
}

void hoot_pool_stats_get(const hoot_pool *pool, hoot_pool_stats *out)
{
    *out = pool->stats;
    out->connecting = pool->count[HOOT__CONNECTING];
    out->open = pool->total - out->connecting;
    out->idle = pool->count[HOOT__IDLE] + pool->lanes.empty;
    out->lent = pool->count[HOOT__LENT] - pool->lanes.empty;
    out->waiting = pool->waiting + pool->lanes.waiting - pool->for_lanes.in_line;
}

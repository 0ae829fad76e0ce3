/* Opening and closing a pool.
 *
 * Closing tells those in line, closes what is idle, stops what connects, and waits for what is lent or
 * cleaned. When the time is up, connections that rest in a task's hands are closed under their handles; a
 * task that is inside a statement is cancelled, since its driver cannot be closed under it, and the
 * connection ends as the call returns. */
#include "db/pool.h"

#include "db/conn.h"
#include "db/cursor.h"

#include <assert.h>
#include <string.h>

/* --- opening --- */

/* The memory of a pool that has a scope goes with that, so that using it after its close is an error and no
 * crash. */
static void close_with_scope(hoot_closer *closer, void *user)
{
    hoot_pool *pool = user;

    (void)closer;
    hoot_pool_close(pool);
    hoot_arena_free(pool->arena);
}

/* The first min_size connections: asked for like any other, then given back. The first failure ends it. */
static int connect_first(hoot_pool *pool, hoot_error *err)
{
    hoot__slot *slot;
    uint32_t count = 0;

    pool->opening = true;
    while (count < pool->limits.min_size && (slot = hoot__pool_take(pool, err)))
        count++;
    for (slot = pool->slots; slot; slot = slot->next) {
        if (slot->state == HOOT__LENT)
            hoot__pool_give(slot);
    }
    pool->opening = false;
    pool->warm = true;
    pool->stats.acquired = pool->stats.waited = 0;
    memset(pool->stats.waits, 0, sizeof(pool->stats.waits));
    return count < pool->limits.min_size ? hoot_error_code(err) : 0;
}

static hoot_pool *pool_new(hoot_error *err)
{
    hoot_arena *arena = hoot_arena_new(0);
    hoot_pool *pool = arena ? hoot_arena_zalloc(arena, sizeof(*pool)) : NULL;

    if (!pool) {
        hoot_arena_free(arena);
        hoot_error_set(err, HOOT_ENOMEM, "no memory for a database pool");
        return NULL;
    }
    pool->arena = arena;
    return pool;
}

int hoot_pool_options_check(const hoot_pool_options *options, hoot_error *err)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    hoot__limits limits = { 0 };
    hoot_target target = { 0 };
    int rc;

    if (!arena)
        return hoot_error_set(err, HOOT_ENOMEM, "no memory for the pool's options");
    rc = hoot__options_read(arena, options, &target, &limits, err);
    if (rc || !target.driver->prepare)
        return rc;
    rc = target.driver->prepare(&target, err);
    if (target.driver->forget)
        target.driver->forget(&target);
    return rc;
}

int hoot_pool_open(hoot_scope *scope, hoot_pool **out_pool, const hoot_pool_options *options, hoot_error *err)
{
    hoot_error own = HOOT_ERROR_INIT;
    hoot_pool *pool = pool_new(err ? err : (err = &own));
    int rc;

    if (!pool)
        return HOOT_ENOMEM;
    rc = hoot__options_read(pool->arena, options, &pool->target, &pool->limits, err);
    if (!rc && pool->target.driver->prepare)
        rc = pool->target.driver->prepare(&pool->target, err);
    if (!rc)
        rc = hoot__hosts_parse(pool->arena, pool->limits.hosts, &pool->target, &pool->hosts,
                               &pool->host_count, err);
    for (uint32_t i = 0; i < pool->host_count; i++)
        pool->hosts[i].pool = pool;
    if (!rc)
        hoot__lanes_init(pool);
    if (!rc && !pool->limits.lazy)
        rc = connect_first(pool, err);
    if (rc) {
        hoot_pool_close(pool);
        return rc;
    }
    pool->scope = scope;
    if (scope)
        hoot_scope_defer(scope, &pool->closer, close_with_scope, pool);
    *out_pool = pool;
    return 0;
}

/* --- closing --- */

static void fail_line(hoot_pool *pool)
{
    const hoot_error err = { .code = HOOT_ECLOSED, .text = "the database pool is closing" };

    while (pool->first_asker)
        hoot__asker_fail(pool, pool->first_asker, &err);
    hoot__lanes_close(pool, &err);
}

static void close_idle(hoot_pool *pool)
{
    while (pool->warmest)
        hoot__slot_end(pool->warmest, NULL);
}

static void cancel_tasks(hoot_pool *pool, hoot__slot_state state)
{
    for (hoot__slot *slot = pool->slots; slot; slot = slot->next) {
        if (slot->state == state)
            hoot__task_cancel(slot->task);
    }
}

/* What was granted a moment ago is left to its asker, who sees that the pool closes. */
static void cut_lent(hoot_pool *pool)
{
    hoot__slot *slot = pool->slots, *next;

    for (; slot; slot = next) {
        next = slot->next;
        if (slot->state != HOOT__LENT || slot->asker)
            continue;
        if (slot->task && slot->conn)
            hoot__conn_lose(slot->conn);
        if (slot->task)
            hoot__slot_cut(slot);
        else
            hoot__slot_end(slot, NULL);
    }
}

/* Suspends: until no slot is left. */
static void wait_until_empty(hoot_pool *pool, bool always)
{
    hoot_waiter waiter = HOOT_WAITER_INIT;

    if (!pool->total && !pool->probes)
        return;
    pool->closer_waiter = &waiter;
    if (always)
        (void)hoot_wait_always(&waiter);
    else
        (void)hoot_wait(&waiter);
    pool->closer_waiter = NULL;
}

void hoot_pool_close(hoot_pool *pool)
{
    if (!pool || pool->state != HOOT__POOL_OPEN)
        return;
    pool->state = HOOT__POOL_CLOSING;
    hoot__timer_stop(&pool->timer);
    fail_line(pool);
    close_idle(pool);
    cancel_tasks(pool, HOOT__CONNECTING);
    hoot__hosts_stop(pool);
    hoot_shield(pool->limits.close_timeout_ms) wait_until_empty(pool, false);
    if (pool->total || pool->probes) {
        cancel_tasks(pool, HOOT__CLEANING);
        cut_lent(pool);
        wait_until_empty(pool, true);
    }
    assert(!pool->total && !pool->waiting && !pool->probes && !pool->lanes.queue.count);
    pool->state = HOOT__POOL_CLOSED;
    hoot__timer_stop(&pool->lanes.timer);
    hoot__loop_undefer(&pool->lanes.work);
    hoot__conn_orphan_all(pool);
    if (pool->target.driver && pool->target.driver->forget)
        pool->target.driver->forget(&pool->target);
    if (!pool->scope)
        hoot_arena_free(pool->arena);
}

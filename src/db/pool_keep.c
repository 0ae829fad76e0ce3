/* What the pool does by itself: close what is too old or idle too long, and keep min_size connections.
 *
 * One timer stands at the earliest of these; when it fires, all idle connections are looked at. Connections
 * in use are judged when they come back. It also wakes the pool for hosts that are avoided (hosts.c). A
 * database that is down is tried with growing pauses, and each tasks' own asking is independent of them. */
#include "db/pool.h"

#include <hoot/crypto.h>
#include <hoot/log.h>

enum { FIRST_BACK_OFF_MS = 100, LAST_BACK_OFF_MS = 10 * 1000 };

static void fire(hoot__timer *timer);

/* When an idle connection is to be closed. */
static uint64_t due(const hoot_pool *pool, const hoot__slot *slot)
{
    uint64_t idle_end = slot->idle_since_ms + pool->limits.idle_ms;

    if (pool->limits.forever || pool->total <= pool->limits.min_size)
        return slot->expires_ms;
    return idle_end < slot->expires_ms ? idle_end : slot->expires_ms;
}

/* No memory for the timer: what it would do is then done when connections are asked for and come back. */
void hoot__pool_wake_at(hoot_pool *pool, uint64_t at_ms)
{
    if (at_ms == HOOT_NO_DEADLINE || pool->state != HOOT__POOL_OPEN)
        return;
    if (!hoot__timer_is_set(&pool->timer) || at_ms < pool->timer.due_ms)
        (void)hoot__timer_set(&pool->timer, at_ms, fire);
}

void hoot__pool_watch(hoot_pool *pool, const hoot__slot *slot)
{
    hoot__pool_wake_at(pool, due(pool, slot));
}

static void close_due(hoot_pool *pool)
{
    uint64_t now = hoot_now_ms();
    hoot__slot *slot = pool->coldest, *next;

    for (; slot; slot = next) {
        next = slot->warmer;
        if (slot->expires_ms <= now)
            hoot__slot_end(slot, slot->ends_as);
        else if (due(pool, slot) <= now)
            hoot__slot_end(slot, &pool->stats.closed_idle);
    }
}

static void fire(hoot__timer *timer)
{
    hoot_pool *pool = (hoot_pool *)((char *)timer - offsetof(hoot_pool, timer));

    close_due(pool);
    hoot__hosts_watch(pool);
    hoot__pool_refill(pool);
    for (const hoot__slot *slot = pool->coldest; slot; slot = slot->warmer)
        hoot__pool_watch(pool, slot);
}

void hoot__pool_refill(hoot_pool *pool)
{
    if (pool->state != HOOT__POOL_OPEN || !pool->warm)
        return;
    while (pool->total < pool->limits.min_size) {
        if (pool->refill_delay_ms && hoot_now_ms() < pool->refill_at_ms) {
            hoot__pool_wake_at(pool, pool->refill_at_ms);
            return;
        }
        if (hoot__pool_connect(pool, NULL)) {
            const hoot_error err = { .code = HOOT_ENOMEM, .text = "out of memory" };

            hoot__pool_back_off(pool, &err);
        }
    }
}

void hoot__pool_back_off(hoot_pool *pool, const hoot_error *err)
{
    uint32_t delay = pool->refill_delay_ms * 2, random;
    char place[128];

    if (!pool->refill_delay_ms)
        hoot_log_warning("database pool: %s: %s; trying again in the background",
                         hoot__target_place(&pool->target, place, sizeof(place)), err->text);
    delay = delay < FIRST_BACK_OFF_MS  ? FIRST_BACK_OFF_MS
            : delay > LAST_BACK_OFF_MS ? LAST_BACK_OFF_MS
                                       : delay;
    hoot_random(&random, sizeof(random));
    pool->refill_delay_ms = delay;
    pool->refill_at_ms = hoot_now_ms() + delay - random % (delay / 4);
}

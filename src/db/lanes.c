/* Lanes: single statements of many tasks on few connections.
 *
 *     tasks --> queue --+--> lane: call, call, call ...   (up to `depth`, written once a turn of the loop)
 *                       +--> lane: call, call ...
 *
 * A lane is a slot that is lent to nobody in particular. Statements wait in one queue and are bound to a lane
 * at the end of the turn, the latest moment. A lane whose head has run for SLOW_MS gets no more, and does not
 * count as one: another connection may be opened in its place; and what was written behind that head is sent
 * once more elsewhere. So only statements that may be run twice go to lanes: those that read. Writes were
 * tried: one that waits for a row lock holds the others behind it, and the task that could let the lock go
 * may be waiting there. They have a connection to themselves, unless the pool's owner wants it otherwise
 * (share_writes).
 *
 * How many a lane takes follows its pace: as many as it has answered in its last 10 ms, for then the last of
 * them waits about so long. Many on few connections are the cheapest there is: the server works through
 * one connection's statements without changing threads, and both sides move more with each system call.
 *
 * A lane with nothing to do counts as idle, and anybody who asks for a connection gets it.
 *
 * When a connection breaks, statements that the server may have seen fail with HOOT_ECONNLOST; those of which
 * nothing but a PREPARE was sent go back to the queue. */
#include "db/lanes_inside.h"

#include <assert.h>

enum {
    SLOW_MS = 50,
    CROWD = 4,               /* statements on the best lane: then another connection is worth making */
    MAX_UNSENT = 256 * 1024, /* bytes that the system has not taken: then a lane gets no more */
    DEEPEST = 128,
    GATHER_FROM = 32, /* statements under way: then answers may wait for those behind them */
    GATHER_MS = 2,
    RETRY_MS = 1000,
};

static void work(hoot__deferred *deferred);
static void fire(hoot__timer *timer);

void hoot__lanes_schedule(hoot_pool *pool)
{
    if (pool->state != HOOT__POOL_CLOSED)
        hoot__loop_defer(&pool->lanes.work, work);
}

/* --- lanes --- */

static void on_lost(void *user)
{
    hoot__slot *slot = user;

    slot->lane.lost = true;
    hoot__lanes_schedule(slot->pool);
}

static void lane_open(hoot__slot *slot)
{
    hoot__lanes *lanes = &slot->pool->lanes;

    slot->lane = (hoot__lane){
        .open = true, .next = lanes->slots, .depth = lanes->depth, .pace_since_ms = hoot_now_ms()
    };
    if (lanes->slots)
        lanes->slots->lane.prev = slot;
    lanes->slots = slot;
    lanes->open++;
    lanes->empty++;
    if (slot->link->driver->pipe->open(slot->link, on_lost, slot))
        slot->lane.lost = true;
}

static void lane_unlink(hoot__slot *slot)
{
    hoot__lanes *lanes = &slot->pool->lanes;
    hoot__lane *lane = &slot->lane;

    if (lane->next)
        lane->next->lane.prev = lane->prev;
    *(lane->prev ? &lane->prev->lane.next : &lanes->slots) = lane->next;
    lanes->open--;
    lanes->empty -= lane->calls.count == 0;
    lane->open = false;
}

/* It is empty: the pool's again, or at its end. */
static void lane_close(hoot__slot *slot)
{
    bool ends = slot->lane.lost || slot->lane.stop_failed;

    assert(slot->lane.calls.count == 0 && !slot->lane.stopper);
    lane_unlink(slot);
    if (slot->lane.gathers)
        slot->link->driver->pipe->gather(slot->link, false);
    slot->link->driver->pipe->close(slot->link);
    slot->link->state_changed |= slot->lane.stopped;
    if (ends)
        hoot__slot_end(slot, &slot->pool->stats.closed_dead);
    else
        hoot__pool_release(slot);
}

void hoot__lane_gone(hoot__slot *slot)
{
    if (!slot->lane.open)
        return;
    slot->link->driver->pipe->abort(slot->link, HOOT_ECLOSED, "the database pool is closing");
    lane_unlink(slot);
}

static bool takes_more(const hoot__slot *slot, uint64_t now)
{
    const hoot__lane *lane = &slot->lane;

    return !lane->draining && !lane->stopped && !lane->lost && slot->expires_ms > now && !slot->link->unfit &&
           !slot->link->state_changed && !slot->link->in_transaction && lane->calls.count < lane->depth &&
           !hoot__lane_is_slow(slot, now) && slot->link->driver->pipe->pending(slot->link) < MAX_UNSENT;
}

/* The lane with the fewest statements. *out_until: so many it may have before another one has fewer. */
static hoot__slot *best_lane(const hoot_pool *pool, uint64_t now, uint32_t *out_until)
{
    hoot__slot *best = NULL;

    *out_until = UINT32_MAX;
    for (hoot__slot *slot = pool->lanes.slots; slot; slot = slot->lane.next) {
        uint32_t count = slot->lane.calls.count;

        if (!takes_more(slot, now))
            continue;
        if (!best || count < best->lane.calls.count) {
            *out_until = best ? best->lane.calls.count + 1 : *out_until;
            best = slot;
        } else if (count < *out_until) {
            *out_until = count + 1;
        }
    }
    return best;
}

static uint32_t count_fast(const hoot_pool *pool, uint64_t now)
{
    uint32_t count = 0;

    for (const hoot__slot *slot = pool->lanes.slots; slot; slot = slot->lane.next)
        count += !slot->lane.draining && !slot->lane.stopped && !slot->lane.lost && !slot->link->unfit &&
                 !hoot__lane_is_slow(slot, now);
    return count;
}

/* --- asking the pool for one --- */

/* Runs when the pool gives the lanes a connection, or tells that none could be made. */
static void on_granted(hoot_pool *pool, hoot__slot *slot, const hoot_error *err)
{
    if (slot) {
        lane_open(slot);
    } else if (!pool->lanes.open) {
        hoot__lanes_fail_queue(pool, err);
    } else {
        pool->lanes.try_at_ms = hoot_now_ms() + RETRY_MS;
    }
    hoot__lanes_schedule(pool);
}

/* A statement waits and no lane can take it, or all have something to do. */
static hoot__slot *another_lane(hoot_pool *pool, hoot__slot *best, uint64_t now)
{
    hoot__slot *slot = pool->first_asker ? NULL : hoot__pool_take_idle(pool);

    if (slot) {
        lane_open(slot);
        return slot->lane.lost ? best : slot;
    }
    if (now >= pool->lanes.try_at_ms &&
        (!best || (best->lane.calls.count >= CROWD && pool->total < pool->limits.max_size)))
        hoot__pool_ask(pool, on_granted);
    return best;
}

/* *out_until: it is the one for those that follow, too, until it has so many. */
static hoot__slot *lane_for_next(hoot_pool *pool, uint64_t now, uint32_t *out_until)
{
    hoot__slot *best = best_lane(pool, now, out_until);

    if (best && best->lane.calls.count == 0) {
        *out_until = 1;
        return best;
    }
    if (count_fast(pool, now) >= pool->lanes.most)
        return best;
    *out_until = 0;
    return another_lane(pool, best, now);
}

/* --- the work at the end of a turn --- */

/* Give the call to a lane. One that cannot be sent is its own task's failure. */
static void bind_call(hoot_pool *pool, hoot__lane_call *call, hoot__slot *slot, uint64_t now)
{
    hoot_error err;
    hoot__lane *lane = &slot->lane;
    int rc;

    hoot_error_clear(&err);
    hoot__lanes_unqueue(pool, call);
    call->slot = slot;
    if (lane->calls.count == 0) {
        lane->head_since_ms = now;
        pool->lanes.empty--;
    }
    hoot__lane_list_add(&lane->calls, call, false);
    lane->dirty = true;
    rc = slot->link->driver->pipe->send(slot->link, &call->base, &err);
    if (rc)
        hoot__lane_ended(&call->base, rc, &err);
}

/* Sending may break a lane, and its statements come back to the queue then: so each time is looked anew. */
static void bind_all(hoot_pool *pool, uint64_t now)
{
    hoot__lanes *lanes = &pool->lanes;
    hoot__slot *slot;
    uint32_t until;

    while (lanes->queue.first && pool->state == HOOT__POOL_OPEN &&
           (slot = lane_for_next(pool, now, &until))) {
        do
            bind_call(pool, lanes->queue.first, slot, now);
        while (lanes->queue.first && slot->lane.calls.count < until && takes_more(slot, now));
    }
}

static void flush_all(hoot_pool *pool)
{
    for (hoot__slot *slot = pool->lanes.slots; slot; slot = slot->lane.next) {
        if (!slot->lane.dirty)
            continue;
        slot->lane.dirty = false;
        slot->link->driver->pipe->flush(slot->link);
    }
}

/* With many statements under way, to be woken for each answer costs more than the answer: the server's send
 * wakes us, and we go back to sleep before the next one. So the link tells us when some are there; but not if
 * none has come for GATHER_MS, for what is there may be all for long. */
static void gather(hoot__slot *slot, uint64_t now)
{
    const hoot_pipe *pipe = slot->link->driver->pipe;
    hoot__lane *lane = &slot->lane;
    uint32_t from = lane->gathers ? GATHER_FROM / 2 : GATHER_FROM;
    bool gathers = lane->calls.count >= from && now - lane->head_since_ms < GATHER_MS;

    if (gathers == lane->gathers || lane->lost || !pipe->gather)
        return;
    lane->gathers = gathers;
    pipe->gather(slot->link, gathers);
}

static void gather_all(hoot_pool *pool, uint64_t now)
{
    for (hoot__slot *slot = pool->lanes.slots; slot; slot = slot->lane.next)
        gather(slot, now);
}

static bool is_done(const hoot__slot *slot)
{
    return slot->lane.calls.count == 0 && !slot->lane.stopper;
}

static void close_empty(hoot_pool *pool)
{
    hoot__slot *slot = pool->lanes.slots, *next;

    for (; slot; slot = next) {
        next = slot->lane.next;
        if (is_done(slot))
            lane_close(slot);
    }
}

static bool matters(const hoot_pool *pool, const hoot__lane *lane)
{
    return lane->calls.count > 1 ||
           (lane->calls.count == 1 && (pool->lanes.queue.count || pool->lanes.abandoned));
}

/* The next moment at which a lane turns slow, where that makes a difference. */
static void set_timer(hoot_pool *pool, uint64_t now)
{
    uint64_t at = HOOT_NO_DEADLINE;

    for (const hoot__slot *slot = pool->lanes.slots; slot; slot = slot->lane.next) {
        if (matters(pool, &slot->lane) && !hoot__lane_is_slow(slot, now) &&
            slot->lane.head_since_ms + pool->lanes.slow_ms < at)
            at = slot->lane.head_since_ms + pool->lanes.slow_ms;
    }
    for (const hoot__slot *slot = pool->lanes.slots; slot; slot = slot->lane.next) {
        if (slot->lane.gathers && slot->lane.head_since_ms + GATHER_MS < at)
            at = slot->lane.head_since_ms + GATHER_MS;
    }
    if (pool->lanes.queue.count && pool->lanes.try_at_ms > now && pool->lanes.try_at_ms < at)
        at = pool->lanes.try_at_ms;
    if (at != HOOT_NO_DEADLINE)
        (void)hoot__timer_set(&pool->lanes.timer, at, fire);
}

static void work(hoot__deferred *deferred)
{
    hoot_pool *pool = (hoot_pool *)((char *)deferred - offsetof(hoot_pool, lanes.work));
    uint64_t now = hoot_now_ms();

    if (pool->lanes.open)
        hoot__lanes_move_on(pool, now);
    bind_all(pool, now);
    flush_all(pool);
    gather_all(pool, now);
    if (pool->lanes.abandoned)
        hoot__lanes_stop(pool, now);
    if (pool->lanes.empty)
        close_empty(pool);
    set_timer(pool, now);
}

static void fire(hoot__timer *timer)
{
    hoot__lanes_schedule((hoot_pool *)((char *)timer - offsetof(hoot_pool, lanes.timer)));
}

void hoot__lanes_give_back(hoot_pool *pool)
{
    if (pool->lanes.empty)
        close_empty(pool);
}

void hoot__lanes_yield(hoot_pool *pool)
{
    hoot__slot *best = NULL;

    for (hoot__slot *slot = pool->lanes.slots; slot; slot = slot->lane.next) {
        if (!slot->lane.draining && (!best || slot->lane.calls.count < best->lane.calls.count))
            best = slot;
    }
    if (best)
        best->lane.draining = true;
}

void hoot__lanes_close(hoot_pool *pool, const hoot_error *err)
{
    hoot__lanes_fail_queue(pool, err);
    hoot__lanes_give_back(pool);
}

/* --- a task's statement --- */

void hoot__lanes_init(hoot_pool *pool)
{
    pool->lanes.depth = pool->limits.pipeline;
    pool->lanes.deepest = pool->limits.pipeline_asks ? DEEPEST : pool->limits.pipeline;
    pool->lanes.most = pool->limits.lanes;
    pool->lanes.slow_ms = SLOW_MS;
    if (!pool->target.driver->pipe || !pool->limits.pipeline)
        pool->lanes.mode = HOOT__LANES_OFF;
    else
        pool->lanes.mode = pool->limits.pipeline_asks ? HOOT__LANES_ASK : HOOT__LANES_ON;
}

bool hoot__lanes_take(hoot_pool *pool, const hoot_value *values, size_t count, bool writes)
{
    return pool->lanes.mode == HOOT__LANES_ON && pool->state == HOOT__POOL_OPEN && !pool->limits.on_acquire &&
           count >= 1 && count <= 65536 && values[0].kind == HOOT_TEXT &&
           pool->target.driver->pipe->may_share(&pool->target, values[0].str, values + 1, count - 1, writes);
}

void hoot__lanes_ask(hoot_pool *pool, hoot__slot *slot)
{
    int rc;

    if (pool->lanes.mode != HOOT__LANES_ASK || (pool->limits.on_acquire && !slot->conn))
        return;
    pool->lanes.mode = HOOT__LANES_ASKING;
    rc = slot->link->driver->pipe->suits(slot->link, NULL);
    pool->lanes.mode = rc < 0 ? HOOT__LANES_ASK : rc ? HOOT__LANES_ON : HOOT__LANES_OFF;
}

/* Nobody else waits behind them. */
uint32_t hoot__lanes_batch_depth(const hoot_pool *pool)
{
    return pool->lanes.mode == HOOT__LANES_ON ? pool->lanes.deepest : 0;
}

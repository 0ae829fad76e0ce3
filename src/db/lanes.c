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
 * A lane with nothing to do counts as idle, and anybody who asks for a connection gets it.
 *
 * A call is memory of its own, since its task may leave (deadline, cancelled) while the server still works on
 * it: then its answer is read and dropped. When the head is such a one and slow, the server is told to stop
 * it (KILL QUERY). That could hit the statement behind it, if the head ends in the same moment. So it is done
 * only if all behind are either abandoned too, or may be repeated: one that was hit is sent again elsewhere.
 * The lane gets no more, and is reset when its last answer is in, which takes the server's late mark.
 *
 * When a connection breaks, statements that the server may have seen fail with HOOT_ECONNLOST; those of which
 * nothing but a PREPARE was sent go back to the queue. */
#include "db/lanes.h"

#include "db/cursor.h"

#include "base/alloc.h"

#include <assert.h>

enum {
    SLOW_MS = 50,
    CROWD = 4,               /* statements on the best lane: then another connection is worth making */
    MAX_UNSENT = 256 * 1024, /* bytes that the system has not taken: then a lane gets no more */
    BATCH_DEPTH = 128,
    RETRY_MS = 1000,
    ERR_INTERRUPTED = 1317,
    MAX_TRIES = 3, /* of a statement that others' troubles hit */
};

/* A task's side of a call, on its stack. */
typedef struct lane_wait {
    hoot_waiter waiter;
    hoot__lane_call *call; /* NULL: it goes on without the task, and frees itself */
} lane_wait;

struct hoot__lane_call {
    hoot_pipe_call base;
    hoot__lane_call *next, *prev; /* in the queue, or on the lane */
    hoot_pool *pool;
    hoot__slot *slot;    /* where it was bound to; NULL: in the queue */
    lane_wait *wait;     /* its task's; NULL: left */
    hoot_cursor *cursor; /* the task's */
    uint64_t changed;
    hoot_error *err; /* maybe NULL */
    int tries;
};

static void work(hoot__deferred *deferred);
static void fire(hoot__timer *timer);

static void schedule(hoot_pool *pool)
{
    if (pool->state != HOOT__POOL_CLOSED)
        hoot__loop_defer(&pool->lanes.work, work);
}

/* --- lists: the queue, and the calls of each lane --- */

static void list_add(hoot__lane_calls *list, hoot__lane_call *call, bool in_front)
{
    call->next = in_front ? list->first : NULL;
    call->prev = in_front ? NULL : list->last;
    *(call->prev ? &call->prev->next : &list->first) = call;
    *(call->next ? &call->next->prev : &list->last) = call;
    list->count++;
}

static void list_remove(hoot__lane_calls *list, hoot__lane_call *call)
{
    *(call->prev ? &call->prev->next : &list->first) = call->next;
    *(call->next ? &call->next->prev : &list->last) = call->prev;
    list->count--;
}

static void queue_push(hoot_pool *pool, hoot__lane_call *call, bool in_front)
{
    call->slot = NULL;
    list_add(&pool->lanes.queue, call, in_front);
    schedule(pool);
}

/* The end of a call: its task is told, or, if it left, there is nobody to tell. */
static void finish(hoot__lane_call *call, int rc, const hoot_error *err)
{
    if (!call->wait) {
        hoot__free(call);
        return;
    }
    if (rc && call->err)
        *call->err = *err;
    hoot_wake(&call->wait->waiter, rc);
}

static void fail_queue(hoot_pool *pool, const hoot_error *err)
{
    while (pool->lanes.queue.first) {
        hoot__lane_call *call = pool->lanes.queue.first;

        assert(!call->prev); /* so that analyzers see the list move on, too */
        list_remove(&pool->lanes.queue, call);
        finish(call, err->code, err);
    }
}

/* --- what the driver tells of a call --- */

/* Nobody waits for it from now on. */
static void abandon(hoot__lane_call *call)
{
    call->wait->call = NULL;
    call->wait = NULL;
    call->cursor = NULL;
    call->base.abandoned = true;
    call->pool->lanes.abandoned++;
    schedule(call->pool);
}

/* Its task is told now, the rest of the answer goes unread. */
static void give_up(hoot__lane_call *call, int rc, const hoot_error *err)
{
    if (call->err)
        *call->err = *err;
    hoot_wake(&call->wait->waiter, rc);
    abandon(call);
}

static void on_begun(hoot_pipe_call *base, const hoot_answer *answer)
{
    hoot__lane_call *call = (hoot__lane_call *)base;
    hoot_error err;
    int rc;

    hoot_error_clear(&err);
    call->changed = answer->affected_rows;
    if (!call->cursor)
        return;
    rc = hoot__cursor_describe(call->cursor, answer, &err);
    if (rc)
        give_up(call, rc, &err);
}

static void on_row(hoot_pipe_call *base, const hoot_value *cells)
{
    hoot__lane_call *call = (hoot__lane_call *)base;
    hoot_error err;
    int rc;

    if (!call->cursor)
        return;
    hoot_error_clear(&err);
    rc = hoot__cursor_keep(call->cursor, cells, &err);
    if (rc)
        give_up(call, rc, &err);
}

/* Others' troubles: the connection went before the statement did, or a KILL that was meant for another hit
 * it. */
static bool may_run_again(hoot__lane_call *call, int rc, const hoot_error *err)
{
    const hoot__lane *lane = &call->slot->lane;

    if (call->base.abandoned || ++call->tries >= MAX_TRIES || call->pool->state != HOOT__POOL_OPEN)
        return false;
    if (rc == HOOT_ECONNLOST)
        return !call->base.sent;
    return lane->stopped && err->server_code == ERR_INTERRUPTED &&
           call->pool->target.driver->pipe->may_repeat(call->base.sql);
}

static void on_ended(hoot_pipe_call *base, int rc, const hoot_error *err)
{
    hoot__lane_call *call = (hoot__lane_call *)base;
    hoot_pool *pool = call->pool;
    hoot__lane *lane = &call->slot->lane;

    list_remove(&lane->calls, call);
    lane->head_since_ms = hoot_now_ms();
    lane->moved = false;
    pool->lanes.empty += lane->calls.count == 0;
    pool->lanes.abandoned -= base->abandoned;
    pool->stats.errors += rc != 0;
    schedule(pool);
    if (rc && may_run_again(call, rc, err)) {
        if (call->cursor)
            hoot__cursor_rewind(call->cursor);
        queue_push(pool, call, true);
        return;
    }
    if (!rc && call->cursor)
        hoot__cursor_kept(call->cursor, call->slot->link);
    finish(call, rc, err);
}

static const hoot_pipe_events call_events = { on_begun, on_row, on_ended };

/* --- lanes --- */

static void on_lost(void *user)
{
    hoot__slot *slot = user;

    slot->lane.lost = true;
    schedule(slot->pool);
}

static void lane_open(hoot__slot *slot)
{
    hoot__lanes *lanes = &slot->pool->lanes;

    slot->lane = (hoot__lane){ .open = true, .next = lanes->slots };
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

static bool is_slow(const hoot__slot *slot, uint64_t now)
{
    return slot->lane.calls.count > 0 && now - slot->lane.head_since_ms >= slot->pool->lanes.slow_ms;
}

static bool takes_more(const hoot__slot *slot, uint64_t now)
{
    const hoot__lane *lane = &slot->lane;

    return !lane->draining && !lane->stopped && !lane->lost && slot->expires_ms > now && !slot->link->unfit &&
           !slot->link->state_changed && !slot->link->in_transaction &&
           lane->calls.count < slot->pool->lanes.depth && !is_slow(slot, now) &&
           slot->link->driver->pipe->pending(slot->link) < MAX_UNSENT;
}

/* The lane with the fewest statements. *out_until: so many it may have before another one has fewer. */
static hoot__slot *best_lane(const hoot_pool *pool, uint64_t now, uint32_t *out_until)
{
    hoot__slot *best = NULL;

    *out_until = pool->lanes.depth;
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
                 !is_slow(slot, now);
    return count;
}

/* --- asking the pool for one --- */

/* Runs when the pool gives the lanes a connection, or tells that none could be made. */
static void on_granted(hoot_pool *pool, hoot__slot *slot, const hoot_error *err)
{
    if (slot) {
        lane_open(slot);
    } else if (!pool->lanes.open) {
        fail_queue(pool, err);
    } else {
        pool->lanes.try_at_ms = hoot_now_ms() + RETRY_MS;
    }
    schedule(pool);
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

/* --- stopping what nobody waits for --- */

/* All that a KILL QUERY may hit is abandoned, or can be repeated. */
static bool may_stop(const hoot__slot *slot)
{
    const hoot_pipe *pipe = slot->link->driver->pipe;
    const hoot_pipe_call *call = pipe->head(slot->link);

    if (!call || !call->abandoned)
        return false;
    for (call = call->next; call; call = call->next) {
        if (!call->abandoned && !pipe->may_repeat(call->sql))
            return false;
    }
    return true;
}

static int stop_main(hoot_error *err, void *arg)
{
    hoot__slot *slot = arg;

    return slot->link->driver->pipe->stop(slot->link, err);
}

static void stop_done(int rc, const hoot_error *err, void *arg)
{
    hoot__slot *slot = arg;
    hoot_pool *pool = slot->pool;

    (void)err; /* it could not be stopped: the lane waits for its end, or breaks */
    slot->lane.stop_failed = rc != 0;
    slot->lane.stopper = NULL;
    slot->task = NULL;
    if (slot->cut)
        hoot__slot_end(slot, NULL);
    schedule(pool);
}

static void stop_head(hoot__slot *slot)
{
    const hoot__task_options options = { .name = "pool: stop", .detached_context = true };

    slot->lane.stopped = true;
    slot->task = slot->lane.stopper = hoot__task_start(&options, stop_main, stop_done, slot);
}

static void stop_slow(hoot_pool *pool, uint64_t now)
{
    for (hoot__slot *slot = pool->lanes.slots; slot; slot = slot->lane.next) {
        if (is_slow(slot, now) && !slot->lane.stopped && !slot->lane.lost && may_stop(slot))
            stop_head(slot);
    }
}

/* --- moving on what is behind a slow statement --- */

/* The task waits for a second one from now on; what comes of the first is dropped. */
static void send_second(hoot__lane_call *call)
{
    hoot__lane_call *second = hoot__malloc(sizeof(*second));

    if (!second)
        return;
    *second = *call;
    second->tries++;
    second->wait->call = second;
    call->wait = NULL;
    call->cursor = NULL;
    call->base.abandoned = true;
    call->pool->lanes.abandoned++;
    queue_push(call->pool, second, true);
}

static void move_on(hoot__slot *slot)
{
    const hoot_pipe *pipe = slot->link->driver->pipe;
    const hoot_pipe_call *head = pipe->head(slot->link);
    hoot__lane_call *call = slot->lane.calls.last, *before;

    for (; call; call = before) {
        before = call->prev;
        if (&call->base != head && !call->base.abandoned && call->tries < MAX_TRIES &&
            (!call->base.sent || pipe->may_repeat(call->base.sql)))
            send_second(call);
    }
    slot->lane.moved = true;
}

static void move_on_slow(hoot_pool *pool, uint64_t now)
{
    for (hoot__slot *slot = pool->lanes.slots; slot; slot = slot->lane.next) {
        if (slot->lane.calls.count > 1 && !slot->lane.moved && is_slow(slot, now))
            move_on(slot);
    }
}

/* --- the work at the end of a turn --- */

/* Give the call to a lane. One that cannot be sent is its own task's failure. */
static void bind_call(hoot_pool *pool, hoot__lane_call *call, hoot__slot *slot, uint64_t now)
{
    hoot_error err;
    hoot__lane *lane = &slot->lane;
    int rc;

    hoot_error_clear(&err);
    list_remove(&pool->lanes.queue, call);
    call->slot = slot;
    if (lane->calls.count == 0) {
        lane->head_since_ms = now;
        pool->lanes.empty--;
    }
    list_add(&lane->calls, call, false);
    lane->dirty = true;
    rc = slot->link->driver->pipe->send(slot->link, &call->base, &err);
    if (rc)
        on_ended(&call->base, rc, &err);
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
        if (matters(pool, &slot->lane) && !is_slow(slot, now) &&
            slot->lane.head_since_ms + pool->lanes.slow_ms < at)
            at = slot->lane.head_since_ms + pool->lanes.slow_ms;
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
        move_on_slow(pool, now);
    bind_all(pool, now);
    flush_all(pool);
    if (pool->lanes.abandoned)
        stop_slow(pool, now);
    if (pool->lanes.empty)
        close_empty(pool);
    set_timer(pool, now);
}

static void fire(hoot__timer *timer)
{
    schedule((hoot_pool *)((char *)timer - offsetof(hoot_pool, lanes.timer)));
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
    fail_queue(pool, err);
    hoot__lanes_give_back(pool);
}

/* --- a task's statement --- */

void hoot__lanes_init(hoot_pool *pool)
{
    pool->lanes.depth = pool->limits.pipeline;
    pool->lanes.most = pool->limits.lanes;
    pool->lanes.slow_ms = SLOW_MS;
    if (!pool->target.driver->pipe || !pool->limits.pipeline)
        pool->lanes.mode = HOOT__LANES_OFF;
    else
        pool->lanes.mode = pool->limits.pipeline_asks ? HOOT__LANES_ASK : HOOT__LANES_ON;
}

bool hoot__lanes_take(hoot_pool *pool, const hoot_value *values, size_t count)
{
    return pool->lanes.mode == HOOT__LANES_ON && pool->state == HOOT__POOL_OPEN && !pool->limits.on_acquire &&
           count >= 1 && count <= 65536 && values[0].kind == HOOT_TEXT &&
           pool->target.driver->pipe->may_share(&pool->target, values[0].str, values + 1, count - 1,
                                                pool->limits.share_writes);
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

/* Nobody else waits behind them, so there may be more than on a lane unless the number was given. */
uint32_t hoot__lanes_batch_depth(const hoot_pool *pool)
{
    if (pool->lanes.mode != HOOT__LANES_ON)
        return 0;
    return pool->limits.pipeline_asks ? BATCH_DEPTH : pool->limits.pipeline;
}

/* The task leaves first: its statement is taken back if it was not written yet. */
static int leave(hoot__lane_call *call, int rc, hoot_error *err)
{
    hoot_pool *pool = call->pool;

    if (call->slot) {
        abandon(call);
    } else {
        list_remove(&pool->lanes.queue, call);
        hoot__free(call);
        pool->stats.timed_out += rc == HOOT_ETIMEOUT;
    }
    return hoot_error_set(err, rc, "%s", hoot_error_text(rc));
}

int hoot__lanes_run(hoot_pool *pool, const hoot_value *values, size_t count, hoot_cursor *cursor,
                    uint64_t *out_changed, hoot_error *err)
{
    lane_wait wait = { .waiter = HOOT_WAITER_INIT };
    hoot__lane_call *call;
    int rc = hoot_check_canceled();

    if (rc)
        return hoot_error_set(err, rc, "%s before the statement was sent", hoot_error_text(rc));
    if (pool->lanes.queue.count >= pool->limits.max_waiters)
        return hoot_error_set(err, HOOT_ELIMIT, "%u statements wait for a database connection already",
                              pool->lanes.queue.count);
    call = hoot__malloc(sizeof(*call));
    if (!call)
        return hoot_error_set(err, HOOT_ENOMEM, "no memory for a statement");
    *call = (hoot__lane_call){
        .base = { .events = &call_events,
                  .sql = values[0].str,
                  .params = values + 1,
                  .param_count = count - 1 },
        .pool = pool,
        .wait = &wait,
        .cursor = cursor,
        .err = err,
    };
    wait.call = call;
    pool->stats.statements++;
    queue_push(pool, call, false);
    rc = hoot_wait(&wait.waiter);
    if (!wait.waiter.woken)
        return leave(wait.call, rc, err); /* which may be a second one by now */
    if (wait.call)
        *out_changed = wait.call->changed;
    hoot__free(wait.call);
    return rc;
}

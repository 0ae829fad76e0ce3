/* Statements that run for long (slow_ms): those behind them are sent once more on other lanes, and they
 * themselves are stopped on the server when nobody waits for them any more.
 *
 * Stopping is a KILL QUERY. That could hit the statement behind it, if the head ends in the same moment. So
 * it is done only if all behind are either abandoned too, or may be repeated: one that was hit is sent again
 * elsewhere. The lane gets no more, and is reset when its last answer is in, which takes the server's late
 * mark. */
#include "db/lanes_inside.h"

#include "base/alloc.h"

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
    hoot__lanes_schedule(pool);
}

static void stop_head(hoot__slot *slot)
{
    const hoot__task_options options = { .name = "pool: stop", .detached_context = true };

    slot->lane.stopped = true;
    slot->task = slot->lane.stopper = hoot__task_start(&options, stop_main, stop_done, slot);
}

void hoot__lanes_stop(hoot_pool *pool, uint64_t now)
{
    for (hoot__slot *slot = pool->lanes.slots; slot; slot = slot->lane.next) {
        if (hoot__lane_is_slow(slot, now) && !slot->lane.stopped && !slot->lane.lost && may_stop(slot))
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
    second->ask->call = second;
    second->ask->sent |= call->base.sent;
    call->ask = NULL;
    call->base.abandoned = true;
    call->pool->lanes.abandoned++;
    hoot__lanes_queue(call->pool, second, true);
}

static void move_on(hoot__slot *slot)
{
    const hoot_pipe *pipe = slot->link->driver->pipe;
    const hoot_pipe_call *head = pipe->head(slot->link);
    hoot__lane_call *call = slot->lane.calls.last, *before;

    for (; call; call = before) {
        before = call->prev;
        if (&call->base != head && !call->base.abandoned && call->tries < HOOT__LANE_TRIES &&
            (!call->base.sent || pipe->may_repeat(call->base.sql)))
            send_second(call);
    }
    slot->lane.moved = true;
}

void hoot__lanes_move_on(hoot_pool *pool, uint64_t now)
{
    for (hoot__slot *slot = pool->lanes.slots; slot; slot = slot->lane.next) {
        if (slot->lane.calls.count > 1 && !slot->lane.moved && hoot__lane_is_slow(slot, now))
            move_on(slot);
    }
}

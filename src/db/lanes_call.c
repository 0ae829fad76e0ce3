/* One statement on its way over a lane: a task asks for it (hoot__lanes_run), it waits in the queue, is bound
 * to a lane by lanes.c, and what the driver tells of it ends up with the task.
 *
 * A call is memory of its own, since its task may leave (deadline, cancelled) while the server still works on
 * it: then its answer is read and dropped. */
#include "db/lanes_inside.h"

#include "base/alloc.h"

#include <assert.h>

enum {
    PACE_MS = 10,
    ERR_INTERRUPTED = 1317,
};

/* --- the queue, and the calls of each lane --- */

void hoot__lane_list_add(hoot__lane_calls *list, hoot__lane_call *call, bool in_front)
{
    call->next = in_front ? list->first : NULL;
    call->prev = in_front ? NULL : list->last;
    *(call->prev ? &call->prev->next : &list->first) = call;
    *(call->next ? &call->next->prev : &list->last) = call;
    list->count++;
}

void hoot__lane_list_remove(hoot__lane_calls *list, hoot__lane_call *call)
{
    *(call->prev ? &call->prev->next : &list->first) = call->next;
    *(call->next ? &call->next->prev : &list->last) = call->prev;
    list->count--;
}

void hoot__lanes_queue(hoot_pool *pool, hoot__lane_call *call, bool in_front)
{
    call->slot = NULL;
    hoot__lane_list_add(&pool->lanes.queue, call, in_front);
    pool->lanes.waiting += call->ask->task->queued++ == 0;
    hoot__lanes_schedule(pool);
}

void hoot__lanes_unqueue(hoot_pool *pool, hoot__lane_call *call)
{
    hoot__lane_list_remove(&pool->lanes.queue, call);
    pool->lanes.waiting -= --call->ask->task->queued == 0;
}

/* Its statement is over for the task, which goes on when it is the last one. */
static void part(hoot__lane_call *call, int rc, const hoot_error *err)
{
    hoot__lane_ask *ask = call->ask;

    ask->sent |= call->base.sent;
    ask->code = rc;
    if (rc)
        *ask->err = *err;
    ask->call = NULL;
    call->ask = NULL;
    if (--ask->task->left == 0)
        hoot_wake(&ask->task->waiter, 0);
}

static void finish(hoot__lane_call *call, int rc, const hoot_error *err)
{
    if (call->ask)
        part(call, rc, err);
    hoot__free(call);
}

void hoot__lanes_fail_queue(hoot_pool *pool, const hoot_error *err)
{
    while (pool->lanes.queue.first) {
        hoot__lane_call *call = pool->lanes.queue.first;

        assert(!call->prev); /* so that analyzers see the list move on, too */
        hoot__lanes_unqueue(pool, call);
        finish(call, err->code, err);
    }
}

/* --- what the driver tells of a call --- */

/* Its task is told now, the rest of the answer goes unread. */
static void give_up(hoot__lane_call *call, int rc, const hoot_error *err)
{
    part(call, rc, err);
    call->base.abandoned = true;
    call->pool->lanes.abandoned++;
    hoot__lanes_schedule(call->pool);
}

static void on_begun(hoot_pipe_call *base, const hoot_answer *answer)
{
    hoot__lane_call *call = (hoot__lane_call *)base;
    hoot_error err;
    int rc;

    hoot_error_clear(&err);
    call->ask->changed = answer->affected_rows;
    if (!call->ask->cursor)
        return;
    rc = hoot__cursor_describe(call->ask->cursor, answer, &err);
    if (rc)
        give_up(call, rc, &err);
}

static void on_row(hoot_pipe_call *base, const hoot_value *cells)
{
    hoot__lane_call *call = (hoot__lane_call *)base;
    hoot_error err;
    int rc;

    if (!call->ask->cursor)
        return;
    hoot_error_clear(&err);
    rc = hoot__cursor_keep(call->ask->cursor, cells, &err);
    if (rc)
        give_up(call, rc, &err);
}

/* Others' troubles: the connection went before the statement did, or a KILL that was meant for another hit
 * it. */
static bool may_run_again(hoot__lane_call *call, int rc, const hoot_error *err)
{
    const hoot__lane *lane = &call->slot->lane;

    if (call->base.abandoned || ++call->tries >= HOOT__LANE_TRIES || call->pool->state != HOOT__POOL_OPEN)
        return false;
    if (rc == HOOT_ECONNLOST)
        return !call->base.sent;
    return lane->stopped && err->server_code == ERR_INTERRUPTED &&
           call->pool->target.driver->pipe->may_repeat(call->base.sql);
}

void hoot__lane_keep_pace(const hoot__lanes *lanes, hoot__lane *lane, uint64_t now)
{
    uint64_t passed = now - lane->pace_since_ms, depth;

    lane->answered++;
    if (passed < PACE_MS)
        return;
    depth = (uint64_t)lane->answered * PACE_MS / passed;
    depth = depth < 2 * (uint64_t)lane->depth ? depth : 2 * (uint64_t)lane->depth;
    depth = depth < lanes->deepest ? depth : lanes->deepest;
    lane->depth = depth > lanes->depth ? (uint32_t)depth : lanes->depth;
    lane->answered = 0;
    lane->pace_since_ms = now;
}

void hoot__lane_ended(hoot_pipe_call *base, int rc, const hoot_error *err)
{
    hoot__lane_call *call = (hoot__lane_call *)base;
    hoot_pool *pool = call->pool;
    hoot__lane *lane = &call->slot->lane;

    hoot__lane_list_remove(&lane->calls, call);
    lane->head_since_ms = hoot_now_ms();
    hoot__lane_keep_pace(&pool->lanes, lane, lane->head_since_ms);
    lane->moved = false;
    pool->lanes.empty += lane->calls.count == 0;
    pool->lanes.abandoned -= base->abandoned;
    pool->stats.errors += rc != 0;
    hoot__lanes_schedule(pool);
    if (rc && may_run_again(call, rc, err)) {
        if (call->ask->cursor)
            hoot__cursor_rewind(call->ask->cursor);
        hoot__lanes_queue(pool, call, true);
        return;
    }
    if (!rc && call->ask && call->ask->cursor)
        hoot__cursor_kept(call->ask->cursor, call->slot->link);
    finish(call, rc, err);
}

static const hoot_pipe_events call_events = { on_begun, on_row, hoot__lane_ended };

/* --- a task's statements --- */

/* One of a task that leaves: it is taken back if it was not written yet. */
static void leave(hoot__lane_call *call, int rc)
{
    hoot_error err;

    hoot_error_clear(&err);
    hoot_error_set(&err, rc, "%s", hoot_error_text(rc));
    if (call->slot) {
        give_up(call, rc, &err);
    } else {
        hoot__lanes_unqueue(call->pool, call);
        finish(call, rc, &err);
    }
}

static void leave_all(hoot_pool *pool, hoot__lane_task *task, int rc)
{
    pool->stats.timed_out += rc == HOOT_ETIMEOUT && task->queued > 0;
    for (hoot__lane_ask *ask = task->first; ask; ask = ask->next) {
        if (ask->call)
            leave(ask->call, rc);
    }
}

static int check_may_wait(const hoot_pool *pool, hoot_error *err)
{
    int rc = hoot_check_canceled();

    if (rc)
        return hoot_error_set(err, rc, "%s before the statement was sent", hoot_error_text(rc));
    if (pool->lanes.waiting >= pool->limits.max_waiters)
        return hoot_error_set(err, HOOT_ELIMIT, "%u tasks wait for a database connection already",
                              pool->lanes.waiting);
    return 0;
}

static void begin(hoot_pool *pool, hoot__lane_task *task, hoot__lane_ask *ask)
{
    hoot__lane_call *call = hoot__malloc(sizeof(*call));

    pool->stats.statements++;
    if (!call) {
        ask->code = hoot_error_set(ask->err, HOOT_ENOMEM, "no memory for a statement");
        return;
    }
    *call = (hoot__lane_call){
        .base = { .events = &call_events,
                  .sql = ask->values[0].str,
                  .params = ask->values + 1,
                  .param_count = ask->count - 1 },
        .pool = pool,
        .ask = ask,
    };
    ask->task = task;
    ask->call = call;
    task->left++;
    hoot__lanes_queue(pool, call, false);
}

void hoot__lanes_run(hoot_pool *pool, hoot__lane_ask *first)
{
    hoot__lane_task task = { .waiter = HOOT_WAITER_INIT, .first = first };
    int rc = check_may_wait(pool, first->err);

    for (hoot__lane_ask *ask = first; ask; ask = ask->next) {
        ask->changed = 0;
        ask->code = rc;
        ask->sent = false;
        ask->call = NULL;
        if (rc && ask != first)
            *ask->err = *first->err;
        if (!rc)
            begin(pool, &task, ask);
    }
    if (task.left == 0)
        return;
    rc = hoot_wait(&task.waiter);
    if (!task.waiter.woken)
        leave_all(pool, &task, rc);
}

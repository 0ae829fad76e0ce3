/* What the files of the lanes share.
 *
 *     lanes.c       lanes, and the work at the end of a turn
 *     lanes_call.c  a statement: asked for by a task, in the queue, answered by the driver
 *     lanes_slow.c  what is done about a statement that takes long */
#ifndef HOOT_DB_LANES_INSIDE_H
#define HOOT_DB_LANES_INSIDE_H

#include "db/lanes.h"

#include "db/cursor.h"

enum { HOOT__LANE_TRIES = 3 }; /* of a statement that others' troubles hit */

/* A task that waits for its statements, on its stack. */
typedef struct hoot__lane_task {
    hoot_waiter waiter;
    hoot__lane_ask *first;
    uint32_t left;   /* statements that are not over */
    uint32_t queued; /* of them in the queue */
} hoot__lane_task;

struct hoot__lane_call {
    hoot_pipe_call base;
    hoot__lane_call *next, *prev; /* in the queue, or on the lane */
    hoot_pool *pool;
    hoot__slot *slot;    /* where it was bound to; NULL: in the queue */
    hoot__lane_ask *ask; /* its task's; NULL: it goes on without the task */
    int tries;
};

/* --- lanes.c --- */
/* Have the work done at the end of this turn. */
void hoot__lanes_schedule(hoot_pool *pool);

/* The statement that runs on it has run for long. */
static inline bool hoot__lane_is_slow(const hoot__slot *slot, uint64_t now)
{
    return slot->lane.calls.count > 0 && now - slot->lane.head_since_ms >= slot->pool->lanes.slow_ms;
}

/* --- lanes_call.c --- */
void hoot__lane_list_add(hoot__lane_calls *list, hoot__lane_call *call, bool in_front);
void hoot__lane_list_remove(hoot__lane_calls *list, hoot__lane_call *call);
/* Into the queue, and out of it. */
void hoot__lanes_queue(hoot_pool *pool, hoot__lane_call *call, bool in_front);
void hoot__lanes_unqueue(hoot_pool *pool, hoot__lane_call *call);
void hoot__lanes_fail_queue(hoot_pool *pool, const hoot_error *err);
/* The end of a call on its lane: its task is told, or it goes back to the queue. */
void hoot__lane_ended(hoot_pipe_call *base, int rc, const hoot_error *err);
/* One more was answered: the lane's depth for its next 10 ms, at most twice what it was. */
void hoot__lane_keep_pace(const hoot__lanes *lanes, hoot__lane *lane, uint64_t now);

/* --- lanes_slow.c --- */
/* Send once more what is behind slow statements. */
void hoot__lanes_move_on(hoot_pool *pool, uint64_t now);
/* Have the server stop the slow ones that nobody waits for. */
void hoot__lanes_stop(hoot_pool *pool, uint64_t now);

#endif

/* Lanes: single statements of many tasks on few connections. docs/database/lanes.md says what is promised. */
#ifndef HOOT_DB_LANES_H
#define HOOT_DB_LANES_H

#include <hoot/pool.h>
#include <hoot/sys/driver.h>

#include "runtime/task.h"

typedef struct hoot__slot hoot__slot;
typedef struct hoot__lane_call hoot__lane_call;

typedef struct hoot__lane_calls {
    hoot__lane_call *first, *last;
    uint32_t count;
} hoot__lane_calls;

/* What a slot that is a lane keeps; the slot is LENT as long as it is one. */
typedef struct hoot__lane {
    hoot__slot *next, *prev; /* the pool's lanes */
    hoot__lane_calls calls;  /* under way on it */
    uint64_t head_since_ms;  /* the statement that runs now has run since */
    uint64_t pace_since_ms;  /* it has answered so many since then */
    uint32_t answered;
    uint32_t depth;     /* so many may be under way */
    hoot_task *stopper; /* a task that stops the statement that runs */
    bool open;
    bool draining;    /* no more statements: it goes back to the pool when it is empty */
    bool stopped;     /* the server was told to stop one: it is reset when it is empty */
    bool stop_failed; /* and when is not known */
    bool lost;        /* the connection broke */
    bool dirty;       /* written to since the last flush */
    bool gathers;     /* its answers are told of when some are there */
    bool moved;       /* what is behind its head was sent elsewhere */
} hoot__lane;

typedef enum hoot__lanes_mode {
    HOOT__LANES_OFF,
    HOOT__LANES_ASK, /* on, if the server takes it: the first statement asks */
    HOOT__LANES_ASKING,
    HOOT__LANES_ON,
} hoot__lanes_mode;

/* The pool's part. */
typedef struct hoot__lanes {
    hoot__lanes_mode mode;
    uint32_t depth, deepest; /* of a new lane, and of one whose answers come fast */
    uint32_t most;
    uint32_t slow_ms; /* so long may a statement run before its lane gets no more; tests change it */
    hoot__slot *slots;
    uint32_t open, empty;
    hoot__lane_calls queue; /* statements that no lane has taken yet */
    uint32_t waiting;       /* tasks that have some in there */
    uint32_t abandoned;
    hoot__deferred work; /* at the end of the turn */
    hoot__timer timer;
    uint64_t try_at_ms; /* when connecting failed while a lane was open: not before */
} hoot__lanes;

/* Set up a pool's lanes from its limits. */
void hoot__lanes_init(hoot_pool *pool);

/* A task's side of one statement; asks that are run together are linked. */
typedef struct hoot__lane_ask {
    struct hoot__lane_ask *next;
    const hoot_value *values; /* as of hoot_pool_query_values() */
    size_t count;
    hoot_cursor *cursor; /* NULL: only the rows changed are wanted */
    hoot_error *err;     /* filled when it fails */
    /* What became of it. */
    uint64_t changed;
    int code;
    bool sent; /* the server may have run it */
    /* Of lanes.c. */
    struct hoot__lane_task *task;
    hoot__lane_call *call; /* until it is over */
} hoot__lane_ask;

/* Does this statement go to a lane? `writes`: also if it must not be run twice. */
bool hoot__lanes_take(hoot_pool *pool, const hoot_value *values, size_t count, bool writes);

/* Run the statement there, and those linked to it, in no order. Suspends: until all of them are over.
 * Errors: each has its own `code`; HOOT_ETIMEOUT, HOOT_ECANCELED those that were not over by then,
 * HOOT_ELIMIT too many tasks wait. The pool may be gone then. */
void hoot__lanes_run(hoot_pool *pool, hoot__lane_ask *first);

/* Ask, with a connection of the task's own, whether the server takes several statements at once, unless that
 * is known. */
void hoot__lanes_ask(hoot_pool *pool, hoot__slot *slot);

/* How many statements of one task may be under way on a connection of its own; 0: one at a time. */
uint32_t hoot__lanes_batch_depth(const hoot_pool *pool);

/* Lanes without a statement go back to the pool now. */
void hoot__lanes_give_back(hoot_pool *pool);

/* Somebody waits for a connection and there is room for no other: have a lane run dry. */
void hoot__lanes_yield(hoot_pool *pool);

/* The slot is about to end: whatever runs on it fails. */
void hoot__lane_gone(hoot__slot *slot);

/* The pool closes: what no lane has taken fails with `err`, the rest is let run. */
void hoot__lanes_close(hoot_pool *pool, const hoot_error *err);

#endif

/* Batches from inside.
 *
 *     batch.c       making one, its results     batch_run.c    on a connection of its own
 *     batch_share.c over lanes, if it only reads */
#ifndef HOOT_DB_BATCH_H
#define HOOT_DB_BATCH_H

#include <hoot/batch.h>

#include "db/cursor.h"

typedef struct hoot__batch_item {
    hoot_pipe_call call, fence; /* on a connection of the batch's own */
    hoot__lane_ask ask;         /* over lanes */
    hoot_batch *batch;
    const hoot_value *values;
    size_t count;
    hoot_cursor *cursor;
    bool sent, done;
    hoot_error error;
} hoot__batch_item;

/* A run of statements under way. */
typedef struct hoot__batch_run {
    hoot_waiter *waiter;
    uint32_t under_way, low; /* calls; the task is woken when there are so few */
    const hoot__batch_item
        *first;             /* nothing in front of it can have ended the transaction: it has no fence */
    hoot_error fence_error; /* a fence that failed */
    int left;               /* why the task left, or 0 */
    bool lost, fenced;      /* a fence was sent */
} hoot__batch_run;

struct hoot_batch {
    hoot_arena *arena;
    hoot_closer closer;
    hoot__batch_item **items;
    size_t count, capacity;
    hoot__slot *slot; /* while it runs */
    hoot__batch_run run;
    int added; /* 0, or why a statement could not be added */
    bool stops, fenced, running;
};

/* Run it on batch->slot, which the task has entered. `err`: what ended all of it. Suspends. */
void hoot__batch_run_all(hoot_batch *batch, hoot_error *err);

/* Why the statements that were not run were not: `rc`, and `err` tells. */
void hoot__batch_end_rest(hoot_batch *batch, const hoot_error *err, int rc);

/* Run it over lanes. Gives: false: it cannot go there, and nothing has happened. Suspends. */
bool hoot__batch_share(hoot_pool *pool, hoot_batch *batch);

#endif

/* A batch without a connection of its own: its statements go over lanes (lanes.h), among those of other
 * tasks. Only if all of them read and leave nothing behind, for their order is lost: they may be on several
 * lanes, and what was behind a slow one is sent once more elsewhere. */
#include "db/batch.h"

static bool may_share(hoot_pool *pool, const hoot_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        if (!hoot__lanes_take(pool, batch->items[i]->values, batch->items[i]->count, false))
            return false;
    }
    return batch->count > 0 && !batch->stops;
}

/* Without memory for its rows it has failed, and the others go on. */
static bool begin(hoot_pool *pool, hoot__batch_item *it)
{
    it->done = true;
    it->cursor = hoot__cursor_new(pool->target.max_answer_bytes, &it->error);
    if (!it->cursor)
        return false;
    hoot_closer_cancel(&it->cursor->closer); /* the batch closes it */
    it->ask =
        (hoot__lane_ask){ .values = it->values, .count = it->count, .cursor = it->cursor, .err = &it->error };
    return true;
}

static void end(hoot__batch_item *it)
{
    it->sent = it->ask.sent;
    if (!it->ask.code)
        return;
    it->error.code = it->ask.code;
    hoot_cursor_close(it->cursor);
    it->cursor = NULL;
}

bool hoot__batch_share(hoot_pool *pool, hoot_batch *batch)
{
    hoot__lane_ask *first = NULL, **last = &first;

    if (!may_share(pool, batch))
        return false;
    for (size_t i = 0; i < batch->count; i++) {
        if (!begin(pool, batch->items[i]))
            continue;
        *last = &batch->items[i]->ask;
        last = &batch->items[i]->ask.next;
    }
    if (first)
        hoot__lanes_run(pool, first);
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->items[i]->cursor)
            end(batch->items[i]);
    }
    return true;
}

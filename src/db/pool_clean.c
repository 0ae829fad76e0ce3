/* What becomes of a connection that comes back.
 *
 *     broken, too old, pool closing      closed
 *     the server refuses to serve        closed, and its host is avoided
 *     nothing open, nothing changed      to the next asker, or idle, at once
 *     anything else                      a task of the pool makes it clean and then gives it on; if that
 * fails or takes too long, it is closed
 *
 * The slot counts all the while. Nobody waits for the cleaning but those in line. */
#include "db/pool.h"

enum { CLEANING_MS = 5000 };

static bool is_clean(const hoot_link *link)
{
    return !link->in_transaction && !link->state_changed && !link->unfinished && !link->broken;
}

/* The answer first, since nothing can be sent while it stands in the way; then what is open, then what is
 * changed. */
static int clean_main(hoot_error *err, void *arg)
{
    hoot__slot *slot = arg;
    hoot_link *link = slot->link;
    const hoot_driver *driver = link->driver;
    hoot_answer answer;
    int rc = link->unfinished ? driver->recover(link, err) : 0;

    if (!rc && link->in_transaction)
        rc = driver->run(link, hoot_str_from(driver->rollback), NULL, 0, &answer, err);
    if (!rc && link->state_changed) {
        rc = driver->reset(link, err);
        rc = rc ? rc : hoot__hook_after_connect(slot, err);
    }
    return rc || is_clean(link) ? rc : HOOT_ESTATE;
}

/* Runs on the loop. */
static void clean_done(int rc, const hoot_error *err, void *arg)
{
    hoot__slot *slot = arg;

    (void)err; /* the task that left it so had its own error; this connection was lost in the cleaning, no
                  more */
    slot->task = NULL;
    if (rc)
        hoot__slot_end(slot, &slot->pool->stats.closed_dirty);
    else if (slot->expires_ms <= hoot_now_ms()) /* retired meanwhile */
        hoot__slot_end(slot, slot->ends_as);
    else
        hoot__pool_give(slot);
}

static void clean(hoot__slot *slot)
{
    const hoot__task_options options = { .name = "pool: clean",
                                         .detached_context = true,
                                         .deadline_ms = hoot_now_ms() + CLEANING_MS };

    hoot__slot_move(slot, HOOT__CLEANING);
    slot->task = hoot__task_start(&options, clean_main, clean_done, slot);
    if (!slot->task)
        hoot__slot_end(slot, &slot->pool->stats.closed_dirty);
}

void hoot__pool_release(hoot__slot *slot)
{
    hoot_pool *pool = slot->pool;

    slot->conn = NULL;
    slot->task = NULL;
    if (slot->link->broken) {
        hoot__host_suspect(slot->host);
        hoot__slot_end(slot, &pool->stats.closed_lost);
    } else if (slot->link->unfit) {
        hoot__host_refuses(slot->host, slot->link->unfit == HOOT_UNFIT_READ_ONLY);
        hoot__slot_end(slot, &pool->stats.closed_read_only);
    } else if (slot->cut || pool->state != HOOT__POOL_OPEN)
        hoot__slot_end(slot, NULL);
    else if (slot->expires_ms <= hoot_now_ms())
        hoot__slot_end(slot, slot->ends_as);
    else if (is_clean(slot->link))
        hoot__pool_give(slot);
    else
        clean(slot);
}

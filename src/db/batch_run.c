/* hoot_batch: statements of one task, in order, in as few round trips as the server allows.
 *
 *     SELECT ?   INSERT ?   UPDATE ?   COMMIT   SELECT   CALL ...
 *     `---------- piped ---------'     alone    piped    alone
 *
 * A run of statements that may be sent behind each other (the driver's may_batch) is piped: the server learns
 * the texts it does not know yet, all in one write, and then all statements are written, up to `depth` under
 * way. Whatever is not sure to mean the same when it is sent early is run alone, at its turn: what begins or
 * ends a transaction, defines or sets something, has several results, is long, or was refused when it was
 * prepared. So the results are those of one statement after the other.
 *
 * In a transaction one thing would differ. A deadlock ends the transaction on the server, and the statements
 * behind it, written already, would run in autocommit and be kept. So each statement that writes has a fence
 * in front of it: "the next transaction of this session is read-only". Inside a transaction it does nothing;
 * outside, it refuses the write. It must be in front of each, for the servers hold what was set inside of a
 * transaction back from the first statement behind it. The last statement takes it away. (Tried and dropped:
 * autocommit off, which cannot be switched back on without a commit.)
 *
 * A task that leaves in the middle takes nothing with it that belongs to another: the driver keeps the count
 * of answers that are due, and the connection is made good or ended before it is lent again. */
#include "db/batch.h"

enum {
    ERR_READ_ONLY_TRANSACTION = 1792,
    MAX_UNSENT = 256 * 1024, /* bytes that the system has not taken: then no more are written */
};

/* --- one statement's end --- */

/* The first error is the one that counts. */
static void fail(hoot__batch_item *it, int rc, const hoot_error *err)
{
    if (!it->error.code)
        it->error = *err;
    it->error.code = it->error.code ? it->error.code : rc;
    hoot_cursor_close(it->cursor);
    it->cursor = NULL;
}

static void one_less(hoot__batch_run *r)
{
    if (--r->under_way <= r->low && r->waiter)
        hoot_wake(r->waiter, 0);
}

/* Nobody needs the rest of its answer. */
static void give_up(hoot__batch_item *it, int rc, const hoot_error *err)
{
    fail(it, rc, err);
    it->call.abandoned = true;
}

static void on_begun(hoot_pipe_call *call, const hoot_answer *answer)
{
    hoot_error err = HOOT_ERROR_INIT;
    int rc = hoot__cursor_describe(((hoot__batch_item *)call)->cursor, answer, &err);

    if (rc)
        give_up((hoot__batch_item *)call, rc, &err);
}

static void on_row(hoot_pipe_call *call, const hoot_value *cells)
{
    hoot_error err = HOOT_ERROR_INIT;
    int rc = hoot__cursor_keep(((hoot__batch_item *)call)->cursor, cells, &err);

    if (rc)
        give_up((hoot__batch_item *)call, rc, &err);
}

static void fail_under_way(hoot__batch_item *it, int rc, const hoot_error *err)
{
    int left = it->batch->run.left;
    hoot_error own = HOOT_ERROR_INIT;

    if (left)
        rc = hoot_error_set(&own, left, "%s", hoot_error_text(left));
    else if (it->call.fenced && err->server_code == ERR_READ_ONLY_TRANSACTION)
        rc = hoot_error_set(&own, HOOT_ECANCELED, "not run: the transaction had ended, or is read-only");
    fail(it, rc, own.code ? &own : err);
}

static void on_ended(hoot_pipe_call *call, int rc, const hoot_error *err)
{
    hoot__batch_item *it = (hoot__batch_item *)call;

    it->sent = call->sent;
    it->done = true;
    if (rc)
        fail_under_way(it, rc, err);
    else if (it->cursor)
        hoot__cursor_kept(it->cursor, it->batch->slot->link);
    it->batch->slot->pool->stats.errors += it->error.code != 0;
    one_less(&it->batch->run);
}

/* A text that was refused is asked about again when its turn comes. */
static void on_prepared(hoot_pipe_call *call, int rc, const hoot_error *err)
{
    (void)rc, (void)err;
    one_less(&((hoot__batch_item *)call)->batch->run);
}

static void on_fenced(hoot_pipe_call *call, int rc, const hoot_error *err)
{
    hoot__batch_item *it = (hoot__batch_item *)((char *)call - offsetof(hoot__batch_item, fence));

    if (rc)
        it->batch->run.fence_error = *err;
    one_less(&it->batch->run);
}

static void no_rows(hoot_pipe_call *call, const hoot_value *cells)
{
    (void)call, (void)cells;
}

static void no_answer(hoot_pipe_call *call, const hoot_answer *answer)
{
    (void)call, (void)answer;
}

static const hoot_pipe_events item_events = { on_begun, on_row, on_ended };
static const hoot_pipe_events prepare_events = { no_answer, no_rows, on_prepared };
static const hoot_pipe_events fence_events = { no_answer, no_rows, on_fenced };

static void on_lost(void *user)
{
    ((hoot__batch_run *)user)->lost = true;
}

/* --- piped --- */

static hoot_pipe_call call_of(const hoot__batch_item *it, const hoot_pipe_events *events)
{
    return (hoot_pipe_call){ .events = events,
                             .sql = it->values[0].str,
                             .params = it->values + 1,
                             .param_count = it->count - 1,
                             .in_order = true };
}

static const hoot_pipe *pipe_of(const hoot_batch *batch)
{
    return batch->slot->link->driver->pipe;
}

static bool may_pipe(const hoot_batch *batch, size_t at)
{
    const hoot__batch_item *it = batch->items[at];

    return pipe_of(batch)->may_batch(batch->slot->link, it->values[0].str, it->values + 1, it->count - 1);
}

/* Until no more than `low` calls are under way. */
static int wait_for(hoot_batch *batch, uint32_t low)
{
    hoot_waiter waiter = HOOT_WAITER_INIT;
    hoot__batch_run *r = &batch->run;
    int rc;

    pipe_of(batch)->flush(batch->slot->link);
    if (r->lost || r->under_way <= low)
        return 0;
    r->low = low;
    r->waiter = &waiter;
    rc = hoot_wait(&waiter);
    r->waiter = NULL;
    return rc;
}

/* No statement behind a text that the server is to learn has been written, so that is as good as being first.
 */
static int prepare_texts(hoot_batch *batch, size_t from, size_t to)
{
    hoot_link *link = batch->slot->link;
    uint32_t most = link->target->statement_cache / 2 + 1, asked = 0;

    for (size_t i = from; i < to && asked < most && pipe_of(batch)->pending(link) < MAX_UNSENT; i++) {
        hoot__batch_item *it = batch->items[i];
        int rc;

        it->call = call_of(it, &prepare_events);
        rc = pipe_of(batch)->prepare(link, &it->call, NULL);
        asked += rc == 1;
        batch->run.under_way += rc == 1;
    }
    return wait_for(batch, 0);
}

/* A statement of our own, in front of or behind those of the task. */
static int send_fence(hoot_batch *batch, hoot__batch_item *it, const char *sql, hoot_error *err)
{
    int rc;

    it->fence = (hoot_pipe_call){
        .events = &fence_events, .sql = hoot_str_from(sql), .in_order = true, .internal = true
    };
    rc = pipe_of(batch)->send(batch->slot->link, &it->fence, err);
    batch->run.under_way += rc == 0;
    batch->run.fenced = true;
    return rc;
}

static bool needs_fence(const hoot_batch *batch, const hoot__batch_item *it)
{
    return batch->fenced && it != batch->run.first && !pipe_of(batch)->may_repeat(it->values[0].str);
}

/* One that cannot be sent has failed, and those behind it go on. */
static void send_item(hoot_batch *batch, hoot__batch_item *it)
{
    hoot_error err = HOOT_ERROR_INIT;
    int rc = 0;

    it->cursor = hoot__cursor_new(batch->slot->pool->target.max_answer_bytes, &err);
    if (it->cursor)
        hoot_closer_cancel(&it->cursor->closer); /* the batch closes it */
    else
        rc = HOOT_ENOMEM;
    it->call = call_of(it, &item_events);
    it->call.fenced = needs_fence(batch, it);
    if (rc == 0 && it->call.fenced)
        rc = send_fence(batch, it, pipe_of(batch)->fence, &err);
    if (rc == 0)
        rc = pipe_of(batch)->send(batch->slot->link, &it->call, &err);
    batch->run.under_way += rc == 0;
    it->sent = it->call.sent;
    it->done = rc != 0;
    batch->slot->pool->stats.statements++;
    batch->slot->pool->stats.errors += rc != 0;
    if (rc)
        fail(it, rc, &err);
}

/* Gives: how many were sent, in *at, and 0; or why the task must leave. */
static int send_items(hoot_batch *batch, size_t *at, size_t to, uint32_t depth)
{
    hoot_link *link = batch->slot->link;
    int rc = 0;

    for (; rc == 0 && *at < to && !batch->run.lost; ++*at) {
        hoot__batch_item *it = batch->items[*at];
        hoot_pipe_call call = call_of(it, &item_events);

        if (!pipe_of(batch)->is_ready(link, &call))
            break;
        send_item(batch, it);
        if (batch->run.under_way >= depth || pipe_of(batch)->pending(link) > MAX_UNSENT)
            rc = wait_for(batch, depth / 2);
    }
    return rc;
}

static int send_run(hoot_batch *batch, size_t *at, size_t to, uint32_t depth)
{
    hoot_error err = HOOT_ERROR_INIT;
    size_t from = *at;
    int rc = prepare_texts(batch, from, to);

    if (rc == 0)
        rc = send_items(batch, at, to, depth);
    if (rc == 0 && batch->run.fenced && !batch->run.lost)
        rc = send_fence(batch, batch->items[from], pipe_of(batch)->unfence, &err);
    return rc ? rc : wait_for(batch, 0);
}

static int pipe_run(hoot_batch *batch, size_t *at, size_t to, uint32_t depth, hoot_error *err)
{
    hoot_link *link = batch->slot->link;
    hoot__batch_run *r = &batch->run;
    int rc;

    *r = (hoot__batch_run){ .first = batch->items[*at] };
    rc = pipe_of(batch)->open(link, on_lost, r);
    if (rc) {
        link->broken = true;
        return hoot_error_set(err, HOOT_ECONNLOST, "%s", hoot_error_text(rc));
    }
    rc = r->left = send_run(batch, at, to, depth);
    if (rc && !r->lost)
        pipe_of(batch)->leave(link, r->fenced);
    pipe_of(batch)->close(link);
    if (r->fence_error.code && !link->broken) {
        link->state_changed = true; /* maybe the session is read-only now: reset before it is lent again */
        rc = rc ? rc : r->fence_error.code;
    }
    if (rc)
        return hoot_error_set(err, rc, "%s", r->fence_error.code ? r->fence_error.text : hoot_error_text(rc));
    return r->lost ? hoot_error_set(err, HOOT_ECONNLOST, "the connection was lost before") : 0;
}

/* --- alone --- */

static bool ends_all(const hoot_batch *batch, int rc)
{
    return batch->slot->link->broken || batch->slot->cut || rc == HOOT_ETIMEOUT || rc == HOOT_ECANCELED;
}

static int run_alone(hoot_batch *batch, hoot__batch_item *it)
{
    hoot__slot *slot = batch->slot;
    int rc = slot->link->unfinished ? hoot__slot_recover(slot, &it->error) : 0;

    it->done = true;
    if (rc)
        return rc;
    slot->link->sent = false;
    it->cursor = hoot__cursor_read(slot, it->values, it->count, &it->error);
    it->sent = slot->link->sent;
    if (it->cursor)
        hoot_closer_cancel(&it->cursor->closer);
    return it->cursor ? 0 : it->error.code;
}

/* --- all --- */

/* Behind the last that may be piped with the one at `at`. */
static size_t end_of_run(const hoot_batch *batch, size_t at)
{
    while (at < batch->count && may_pipe(batch, at))
        at++;
    return at;
}

/* As many as can be piped from *at on. `err`: what ends all of it. */
static int run_piped(hoot_batch *batch, size_t *at, uint32_t depth, hoot_error *err)
{
    hoot_link *link = batch->slot->link;
    size_t to;

    if (link->unfinished || link->broken ||
        (link->in_transaction && (!pipe_of(batch)->fence || link->state_changed)))
        return 0;
    to = end_of_run(batch, *at);
    if (to < *at + 2)
        return 0;
    batch->fenced = link->in_transaction;
    return pipe_run(batch, at, to, depth, err);
}

void hoot__batch_end_rest(hoot_batch *batch, const hoot_error *err, int rc)
{
    for (size_t i = 0; i < batch->count; i++) {
        hoot__batch_item *it = batch->items[i];

        if (it->done)
            continue;
        it->error = *err;
        it->error.code = rc;
        (void)hoot_error_prefix(&it->error, "not sent");
        it->done = true;
    }
}

void hoot__batch_run_all(hoot_batch *batch, hoot_error *err)
{
    uint32_t depth;
    int rc = 0;

    if (batch->count > 1 && !batch->stops)
        hoot__lanes_ask(batch->slot->pool, batch->slot);
    depth = batch->stops ? 0 : hoot__lanes_batch_depth(batch->slot->pool);
    for (size_t at = 0; rc == 0 && at < batch->count;) {
        if (depth > 1)
            rc = run_piped(batch, &at, depth, err);
        if (rc || at == batch->count)
            break;
        rc = run_alone(batch, batch->items[at]);
        if (rc && !batch->stops && !ends_all(batch, rc))
            rc = 0;
        if (rc)
            *err = batch->items[at]->error;
        at++;
    }
    if (rc)
        hoot__batch_end_rest(batch, err, batch->stops && !ends_all(batch, rc) ? HOOT_ECANCELED : rc);
}

/* Making a batch, and what became of its statements. How it is run: batch_run.c, batch_share.c. */
#include "db/batch.h"

enum { FIRST_CAPACITY = 8 };

/* --- making one --- */

static void scope_ends(hoot_closer *closer, void *user)
{
    (void)closer;
    hoot_batch_free(user);
}

hoot_batch *hoot_batch_new(hoot_error *err)
{
    hoot_scope *scope = hoot_current_scope();
    hoot_arena *arena = scope ? hoot_arena_new(0) : NULL;
    hoot_batch *batch = arena ? hoot_arena_zalloc(arena, sizeof(*batch)) : NULL;

    if (!batch) {
        hoot_arena_free(arena);
        hoot_error_set(err, scope ? HOOT_ENOMEM : HOOT_ESTATE,
                       scope ? "no memory for a batch" : "only a task can have a batch");
        return NULL;
    }
    batch->arena = arena;
    hoot_scope_defer(scope, &batch->closer, scope_ends, batch);
    return batch;
}

static bool grow(hoot_batch *batch)
{
    size_t capacity = batch->capacity ? 2 * batch->capacity : FIRST_CAPACITY;
    hoot__batch_item **items;

    if (batch->count < batch->capacity)
        return true;
    items = hoot_arena_alloc_array(batch->arena, capacity, sizeof(*items));
    if (!items)
        return false;
    if (batch->count)
        memcpy(items, batch->items, batch->count * sizeof(*items));
    batch->items = items;
    batch->capacity = capacity;
    return true;
}

static hoot_value *copy_values(hoot_arena *arena, const hoot_value *values, size_t count)
{
    hoot_value *copies = hoot_arena_alloc_array(arena, count, sizeof(*copies));

    for (size_t i = 0; copies && i < count; i++) {
        copies[i] = values[i];
        if (!hoot__value_has_bytes(&values[i]))
            continue;
        copies[i].str.ptr = hoot_arena_dup(arena, values[i].str);
        if (!copies[i].str.ptr)
            return NULL;
    }
    return copies;
}

static int add(hoot_batch *batch, const hoot_value *values, size_t count)
{
    hoot__batch_item *added;

    if (batch->running)
        return HOOT_ESTATE;
    if (count < 1 || count > 65536 || values[0].kind != HOOT_TEXT)
        return HOOT_EINVAL;
    added = hoot_arena_zalloc(batch->arena, sizeof(*added));
    if (!added || !grow(batch))
        return HOOT_ENOMEM;
    added->batch = batch;
    added->count = count;
    added->values = copy_values(batch->arena, values, count);
    if (!added->values)
        return HOOT_ENOMEM;
    batch->items[batch->count++] = added;
    return 0;
}

int hoot_batch_add_values(hoot_batch *batch, const hoot_value *values, size_t count)
{
    int rc = batch ? add(batch, values, count) : HOOT_EINVAL;

    if (rc && batch && !batch->added)
        batch->added = rc;
    return rc;
}

void hoot_batch_stop_at_error(hoot_batch *batch)
{
    if (batch)
        batch->stops = true;
}

static void forget_results(hoot_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        hoot__batch_item *it = batch->items[i];

        hoot_cursor_close(it->cursor);
        it->cursor = NULL;
        it->sent = it->done = false;
        hoot_error_clear(&it->error);
    }
}

void hoot_batch_free(hoot_batch *batch)
{
    if (!batch)
        return;
    forget_results(batch);
    hoot_closer_cancel(&batch->closer);
    hoot_arena_free(batch->arena);
}

/* --- running it --- */

/* Gives: the first error's code, with the statement's number in front of `err`'s text. */
static int first_error(hoot_batch *batch, hoot_error *err)
{
    int first = 0;

    for (size_t i = 0; i < batch->count; i++) {
        const hoot__batch_item *it = batch->items[i];

        if (!it->error.code || first)
            continue;
        first = it->error.code;
        *err = it->error;
        (void)hoot_error_prefix(err, "statement %zu", i);
    }
    return first;
}

static int check(const hoot_batch *batch, hoot_error *err)
{
    if (batch && !batch->added && !batch->running)
        return 0;
    return hoot_error_set(err, batch && batch->added ? batch->added : HOOT_EINVAL,
                          "there is no batch, or a statement that could not be added to it");
}

static void run_on(hoot_batch *batch, hoot__slot *slot, hoot_error *err)
{
    batch->slot = slot;
    batch->running = true;
    forget_results(batch);
    hoot__batch_run_all(batch, err);
    batch->running = false;
    batch->slot = NULL;
}

int hoot_conn_batch(hoot_conn *conn, hoot_batch *batch, hoot_error *err)
{
    hoot_error own = HOOT_ERROR_INIT;
    hoot__slot *slot;
    int rc;

    if (!err)
        err = &own;
    rc = check(batch, err);
    if (rc)
        return rc;
    slot = hoot__conn_enter(conn, err);
    if (!slot)
        return hoot_error_code(err);
    run_on(batch, slot, err);
    rc = first_error(batch, err);
    hoot__slot_leave(slot);
    return rc;
}

static int run_alone(hoot_pool *pool, hoot_batch *batch, hoot_error *err)
{
    hoot__slot *slot = hoot__pool_borrow(pool, err);

    if (!slot) {
        hoot__batch_end_rest(batch, err, hoot_error_code(err));
        return hoot_error_code(err);
    }
    slot->task = hoot_current_task();
    if (!batch->stops)
        hoot__lanes_ask(pool, slot);
    run_on(batch, slot, err);
    if (hoot__slot_leave(slot))
        hoot__pool_release(slot);
    return first_error(batch, err);
}

int hoot_pool_batch(hoot_pool *pool, hoot_batch *batch, hoot_error *err)
{
    hoot_error own = HOOT_ERROR_INIT;
    int rc;

    if (!err)
        err = &own;
    rc = check(batch, err);
    if (rc || batch->count == 0)
        return rc;
    forget_results(batch);
    batch->running = true;
    if (hoot__batch_share(pool, batch))
        rc = first_error(batch, err);
    else
        rc = run_alone(pool, batch, err);
    batch->running = false;
    return rc;
}

/* --- its results --- */

size_t hoot_batch_count(const hoot_batch *batch)
{
    return batch ? batch->count : 0;
}

static const hoot__batch_item *item_at(const hoot_batch *batch, size_t index)
{
    return batch && index < batch->count ? batch->items[index] : NULL;
}

hoot_cursor *hoot_batch_result(const hoot_batch *batch, size_t index)
{
    const hoot__batch_item *it = item_at(batch, index);

    return it ? it->cursor : NULL;
}

int hoot_batch_error(const hoot_batch *batch, size_t index, hoot_error *err)
{
    const hoot__batch_item *it = item_at(batch, index);

    if (!it)
        return hoot_error_set(err, HOOT_EINVAL, "the batch has no statement %zu", index);
    if (err && it->error.code)
        *err = it->error;
    return it->error.code;
}

bool hoot_batch_was_sent(const hoot_batch *batch, size_t index)
{
    const hoot__batch_item *it = item_at(batch, index);

    return it && it->sent;
}

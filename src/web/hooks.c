/* Hooks around handlers: before_request from outer to inner, after_request and teardown the other way round,
 * each table from its end.
 *
 * A request walks no layers: when the app begins to serve, the tables of each layer and of those around it
 * are joined to one list, and where there are none there is no list. */
#include "web/app_internal.h"

/* A table of function pointers of some kind, up to NULL, whose bytes are all zero. */
typedef struct table {
    const char *bytes;
    size_t count;
} table;

enum { ENTRY_BYTES = sizeof(hoot_before_request_fn) };

static table table_at(const hoot__layer *layer, size_t offset)
{
    static const char end[ENTRY_BYTES];
    table t = { NULL, 0 };

    memcpy(&t.bytes, (const char *)layer + offset, sizeof(t.bytes));
    while (t.bytes && memcmp(t.bytes + t.count * ENTRY_BYTES, end, ENTRY_BYTES) != 0)
        t.count++;
    return t;
}

static size_t count_all(const hoot__layer *layer, size_t offset)
{
    size_t count = 0;

    for (uint32_t i = 0; i <= layer->depth; i++)
        count += table_at(layer->chain[i], offset).count;
    return count;
}

/* Join the tables at `offset` of a layer's chain into the pointer at `out`: in the app's order, or from the
 * last to the first. */
static bool join(hoot_arena *arena, const hoot__layer *layer, size_t offset, bool backwards, void *out)
{
    size_t count = count_all(layer, offset), at = 0;
    char *list = count ? hoot_arena_zalloc(arena, (count + 1) * ENTRY_BYTES) : NULL;

    for (uint32_t i = 0; list && i <= layer->depth; i++) {
        table t = table_at(layer->chain[i], offset);

        for (size_t j = 0; j < t.count; j++, at++) {
            size_t to = backwards ? count - 1 - at : at;

            memcpy(list + to * ENTRY_BYTES, t.bytes + j * ENTRY_BYTES, ENTRY_BYTES);
        }
    }
    memcpy(out, &list, sizeof(list));
    return list || !count;
}

int hoot__hooks_join(hoot_app *app, hoot_error *err)
{
    for (hoot__layer *layer = &app->root; layer; layer = layer->next) {
        hoot__hooks *hooks = &layer->hooks;

        if (!join(app->arena, layer, offsetof(hoot__layer, before), false, &hooks->before) ||
            !join(app->arena, layer, offsetof(hoot__layer, after), true, &hooks->after) ||
            !join(app->arena, layer, offsetof(hoot__layer, teardown), true, &hooks->teardown))
            return hoot_error_set(err, HOOT_ENOMEM, "the app could not be started: out of memory");
    }
    return 0;
}

__attribute__((noinline)) hoot_response *hoot__hooks_run_before(hoot_request *req)
{
    hoot_response *resp = NULL;

    for (const hoot_before_request_fn *hook = req->layer->hooks.before; !resp && *hook; hook++)
        resp = (*hook)(req);
    return resp;
}

__attribute__((noinline)) hoot_response *hoot__hooks_run_after(hoot_request *req, hoot_response *resp)
{
    for (const hoot_after_request_fn *hook = req->layer->hooks.after; *hook; hook++) {
        hoot_response *next = (*hook)(req, resp);

        resp = next ? next : resp;
    }
    return resp;
}

__attribute__((noinline)) void hoot__hooks_run_teardown(hoot_request *req)
{
    for (const hoot_teardown_fn *hook = req->layer->hooks.teardown; *hook; hook++)
        (*hook)(req, req->failure);
}

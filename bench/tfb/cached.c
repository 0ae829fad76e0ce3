/* /cached-queries: rows of World through a cache. What is not in it is read from the database, and kept. */
#include "cache.h"
#include "tfb.h"

/* A task's function. */
static int find_and_keep(hoot_error *err, void *arg)
{
    struct world *world = arg;
    int rc = tfb_find_world(err, world);

    if (rc == 0)
        cache_put(tfb_current()->cache, world->id, world->random_number);
    return rc;
}

static int find_worlds(hoot_request *req, struct world *worlds, size_t count, hoot_error *err)
{
    hoot_call *missing = hoot_arena_alloc_array(hoot_request_arena(req), count, sizeof *missing);
    size_t n = 0;

    if (!missing)
        return hoot_error_set(err, HOOT_ENOMEM, "out of memory");
    for (size_t i = 0; i < count; i++)
        if (!cache_get(tfb_current()->cache, worlds[i].id, &worlds[i].random_number))
            missing[n++] = (hoot_call){ find_and_keep, &worlds[i] };
    return n ? hoot_gather_calls(missing, n, err) : 0;
}

static hoot_response *cached_rows(hoot_request *req)
{
    hoot_error err = HOOT_ERROR_INIT;
    size_t count = tfb_count(req, "count");
    struct world *worlds = tfb_random_worlds(req, count);

    if (!worlds)
        return hoot_abort(req, 503, "out of memory");
    if (find_worlds(req, worlds, count, &err) < 0)
        return hoot_fail(req, &err);
    return tfb_worlds_json(req, worlds, count);
}

const hoot_blueprint tfb_cached = {
    .name = "cached",
    .routes = HOOT_ROUTES({ "GET", "/cached-queries", cached_rows }),
};

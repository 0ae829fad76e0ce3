/* /cached-queries: rows of World through a cache. What is not in it is read from the database, and kept. */
#include "cache.h"
#include "tfb.h"

static int find_cached(struct world *world, hoot_error *err)
{
    struct cache *cache = tfb_current()->cache;

    if (cache_get(cache, world->id, hoot_now_ms(), &world->random_number))
        return 0;
    if (tfb_find_world(world, err) < 0)
        return hoot_error_code(err);
    cache_put(cache, world->id, hoot_now_ms(), world->random_number);
    return 0;
}

static hoot_response *cached_rows(hoot_request *req)
{
    hoot_error err = HOOT_ERROR_INIT;
    size_t count = tfb_count(req, "count");
    struct world *worlds = tfb_random_worlds(req, count);

    if (!worlds)
        return hoot_abort(req, 503, "out of memory");
    for (size_t i = 0; i < count; i++)
        if (find_cached(&worlds[i], &err) < 0)
            return hoot_fail(req, &err);
    return tfb_worlds_json(req, worlds, count);
}

const hoot_blueprint tfb_cached = {
    .name = "cached",
    .routes = HOOT_ROUTES({ "GET", "/cached-queries", cached_rows }),
};

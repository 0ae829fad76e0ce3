/* /db and /queries: rows of the table World. The rules want a statement for each; those of one request are
 * sent together, as a batch, over the connections that all requests share. */
#include "tfb.h"

#include <stdlib.h>

#define MAX_COUNT 500
#define ONE_ROW   "SELECT id, randomNumber FROM World WHERE id = ?"

/* splitmix64: these dice need not be secret, only even. */
int64_t tfb_random(void)
{
    uint64_t z = tfb_current()->random_seed += 0x9e3779b97f4a7c15;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    z ^= z >> 31;
    return (int64_t)(1 + (((z >> 32) * TFB_WORLDS) >> 32));
}

size_t tfb_count(hoot_request *req, const char *name)
{
    const char *text = hoot_arg(req, name);
    char *end = NULL;
    long count = text ? strtol(text, &end, 10) : 1;

    if (!text || end == text || *end || count < 1)
        return 1;
    return count < MAX_COUNT ? (size_t)count : MAX_COUNT;
}

/* The only row of `rows`, which was asked for by the id in `world`. */
static int read_world(hoot_cursor *rows, struct world *world, hoot_error *err)
{
    const hoot_row *row = hoot_fetchone(rows);
    int rc;

    if (!row)
        return hoot_error_set(err, HOOT_ENOTFOUND, "World has no row %lld", (long long)world->id);
    rc = hoot_row_int_at(row, 0, &world->id);
    if (rc == 0)
        rc = hoot_row_int_at(row, 1, &world->random_number);
    return rc == 0 ? 0 : hoot_error_set(err, rc, "World, row %lld: not two numbers", (long long)world->id);
}

int tfb_find_world(struct world *world, hoot_error *err)
{
    HOOT_AUTO(hoot_cursor) rows = hoot_pool_query(tfb_current()->pool, err, ONE_ROW, world->id);

    return rows ? read_world(rows, world, err) : hoot_error_code(err);
}

struct world *tfb_random_worlds(hoot_request *req, size_t count)
{
    struct world *worlds = hoot_arena_alloc_array(hoot_request_arena(req), count, sizeof *worlds);

    for (size_t i = 0; worlds && i < count; i++)
        worlds[i].id = tfb_random();
    return worlds;
}

int tfb_find_worlds(struct world *worlds, size_t count, hoot_error *err)
{
    HOOT_AUTO(hoot_batch) batch = hoot_batch_new(err);

    for (size_t i = 0; i < count; i++)
        hoot_batch_add(batch, ONE_ROW, worlds[i].id);
    if (hoot_pool_batch(tfb_current()->pool, batch, err) < 0)
        return hoot_error_code(err);
    for (size_t i = 0; i < count; i++)
        if (read_world(hoot_batch_result(batch, i), &worlds[i], err) < 0)
            return hoot_error_code(err);
    return 0;
}

static hoot_value world_object(hoot_member *members, const struct world *world)
{
    members[0] = hoot_member_of("id", HOOT_VALUE(world->id));
    members[1] = hoot_member_of("randomNumber", HOOT_VALUE(world->random_number));
    return hoot_value_members(members, 2);
}

hoot_response *tfb_worlds_json(hoot_request *req, const struct world *worlds, size_t count)
{
    hoot_arena *arena = hoot_request_arena(req);
    hoot_value *items = hoot_arena_alloc_array(arena, count, sizeof *items);
    hoot_member *members = hoot_arena_alloc_array(arena, 2 * count, sizeof *members);

    if (!items || !members)
        return hoot_abort(req, 503, "out of memory");
    for (size_t i = 0; i < count; i++)
        items[i] = world_object(&members[2 * i], &worlds[i]);
    return hoot_json(req, 200, hoot_value_items(items, count));
}

static hoot_response *one_row(hoot_request *req)
{
    hoot_error err = HOOT_ERROR_INIT;
    struct world world = { .id = tfb_random() };

    if (tfb_find_world(&world, &err) < 0)
        return hoot_fail(req, &err);
    return hoot_json(req, 200, hoot_object("id", world.id, "randomNumber", world.random_number));
}

static hoot_response *several_rows(hoot_request *req)
{
    hoot_error err = HOOT_ERROR_INIT;
    size_t count = tfb_count(req, "queries");
    struct world *worlds = tfb_random_worlds(req, count);

    if (!worlds)
        return hoot_abort(req, 503, "out of memory");
    if (tfb_find_worlds(worlds, count, &err) < 0)
        return hoot_fail(req, &err);
    return tfb_worlds_json(req, worlds, count);
}

const hoot_blueprint tfb_world = {
    .name = "world",
    .routes = HOOT_ROUTES({ "GET", "/db", one_row }, { "GET", "/queries", several_rows }),
};

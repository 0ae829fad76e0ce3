/* /updates: rows of World are read, by a statement each, given new random numbers, and written, all by one
 * statement:
 *
 *     UPDATE World SET randomNumber = CASE id WHEN ? THEN ? WHEN ? THEN ? END WHERE id IN (?,?)
 *
 * Its text depends on the number of rows alone, so each connection prepares it once for each number that
 * occurs. The ids are sorted: two requests that lock rows in the same order cannot wait for each other. */
#include "tfb.h"

/* Put `id` where it belongs among `count` sorted ones. Gives false: it is there already. */
static bool insert_sorted(struct world *worlds, size_t count, int64_t id)
{
    size_t at = count;

    while (at > 0 && worlds[at - 1].id > id)
        at--;
    if (at > 0 && worlds[at - 1].id == id)
        return false;
    memmove(&worlds[at + 1], &worlds[at], (count - at) * sizeof *worlds);
    worlds[at].id = id;
    return true;
}

/* Rows with ids that are all different, and sorted. NULL: no memory. */
static struct world *distinct_worlds(hoot_request *req, size_t count)
{
    struct world *worlds = hoot_arena_alloc_array(hoot_request_arena(req), count, sizeof *worlds);
    size_t n = 0;

    while (worlds && n < count)
        n += insert_sorted(worlds, n, tfb_random());
    return worlds;
}

/* The statement for that many rows. */
static int write_text(hoot_buf *text, size_t count)
{
    hoot_buf_add_str(text, HOOT_STR("UPDATE World SET randomNumber = CASE id"));
    for (size_t i = 0; i < count; i++)
        hoot_buf_add_str(text, HOOT_STR(" WHEN ? THEN ?"));
    hoot_buf_add_str(text, HOOT_STR(" END WHERE id IN (?"));
    for (size_t i = 1; i < count; i++)
        hoot_buf_add_str(text, HOOT_STR(",?"));
    return hoot_buf_add_byte(text, ')');
}

/* Write the rows as they are in `worlds`. */
static int update(hoot_request *req, const struct world *worlds, size_t count, hoot_error *err)
{
    hoot_value *values = hoot_arena_alloc_array(hoot_request_arena(req), 1 + 3 * count, sizeof *values);
    hoot_buf text;
    int64_t changed = HOOT_ENOMEM;

    hoot_buf_init(&text, 16384);
    write_text(&text, count);
    if (values && !text.failed) {
        values[0] = HOOT_VALUE(hoot_buf_str(&text));
        for (size_t i = 0; i < count; i++) {
            values[1 + 2 * i] = HOOT_VALUE(worlds[i].id);
            values[2 + 2 * i] = HOOT_VALUE(worlds[i].random_number);
            values[1 + 2 * count + i] = HOOT_VALUE(worlds[i].id);
        }
        changed = hoot_pool_execute_values(tfb_current()->pool, err, values, 1 + 3 * count);
    }
    hoot_buf_fini(&text);
    return changed < 0 ? (int)changed : 0;
}

static hoot_response *updates(hoot_request *req)
{
    hoot_error err = HOOT_ERROR_INIT;
    size_t count = tfb_count(req, "queries");
    struct world *worlds = distinct_worlds(req, count);

    if (!worlds)
        return hoot_abort(req, 503, "out of memory");
    if (tfb_find_worlds(worlds, count, &err) < 0)
        return hoot_fail(req, &err);
    for (size_t i = 0; i < count; i++)
        worlds[i].random_number = tfb_random();
    if (update(req, worlds, count, &err) < 0)
        return hoot_fail(req, &err);
    return tfb_worlds_json(req, worlds, count);
}

const hoot_blueprint tfb_updates = {
    .name = "updates",
    .routes = HOOT_ROUTES({ "GET", "/updates", updates }),
};

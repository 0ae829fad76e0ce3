/* tfb: the seven tests of the TechEmpower web benchmark, on libhoot's public headers.
 *
 *     TFB_DB_URL=mysql://user:password@127.0.0.1/hello_world tfb --bind 127.0.0.1:8080 --workers 1
 *     curl http://127.0.0.1:8080/plaintext
 *
 * bench/database.py makes the tables and their rows. Without TFB_DB_URL there are only /plaintext and /json.
 */
#include "cache.h"
#include "tfb.h"

#include <stdlib.h>

#define CACHE_TTL_MS 3600000

static const hoot_blueprint with_database = {
    .name = "database",
    .children = HOOT_CHILDREN(&tfb_world, &tfb_updates, &tfb_cached, &tfb_fortunes),
};

/* Few connections: two of them are shared by all that is read (docs/database/lanes.md), each with many
 * statements under way, and the others are for what writes. */
static int open_pool(hoot_app *app, hoot_error *err)
{
    const hoot_pool_options options = { .url = hoot_env("TFB_DB_URL"), .min_size = 8, .max_size = 8 };

    return hoot_pool_open(hoot_app_scope(app), &tfb_current()->pool, &options, err);
}

static void tfb_free(void *state)
{
    struct tfb *tfb = state;

    hoot_template_free(tfb->fortunes);
    cache_free(tfb->cache);
    free(tfb);
}

static int add_database(hoot_app *app, hoot_error *err)
{
    struct tfb *tfb = hoot_app_state(app);

    tfb->fortunes = tfb_fortunes_page(err);
    tfb->cache = cache_new(TFB_WORLDS, CACHE_TTL_MS);
    if (!tfb->fortunes || !tfb->cache)
        return hoot_error_set(err, HOOT_ENOMEM, "out of memory");
    if (hoot_app_register(app, &with_database, NULL, err) < 0)
        return hoot_error_code(err);
    return hoot_app_before_serving(app, open_pool, err);
}

static hoot_app *make_app(hoot_error *err)
{
    struct tfb *tfb = calloc(1, sizeof *tfb);
    hoot_app *app = tfb ? hoot_app_new("tfb", err) : NULL;

    if (!app) {
        free(tfb);
        return NULL;
    }
    hoot_random(&tfb->random_seed, sizeof tfb->random_seed);
    hoot_app_set_state(app, tfb, tfb_free);
    if (hoot_app_register(app, &tfb_basic, NULL, err) == 0 &&
        (!hoot_env("TFB_DB_URL") || add_database(app, err) == 0))
        return app;
    hoot_app_free(app);
    return NULL;
}

int main(int argc, char **argv)
{
    static const char help[] =
        "tfb's own variable:\n"
        "  TFB_DB_URL                 mysql://user:password@host:3306/database with the benchmark's tables\n";

    return hoot_main_with(&(hoot_main_options){ .factory = make_app, .name = "tfb", .help = help }, argc,
                          argv);
}

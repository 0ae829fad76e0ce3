/* hoot_app: what an application registers before it serves.
 *
 * Hooks given one by one go into tables that end in an entry of zeros, so that the app's own layer looks like
 * a blueprint's. */
#include "web/app_internal.h"

#include "base/alloc.h"
#include "runtime/task.h"
#include "web/json_internal.h"
#include "web/session_internal.h"
#include "web/template_internal.h"

#include <hoot/log.h>

enum { MAX_HOOKS = 1000 };

#define DEFAULT_BODY_LIMIT ((uint64_t)16 * 1024 * 1024)
#define DEFAULT_TIMEOUT_MS 60000
#define MAX_JSON_BYTES     ((size_t)256 * 1024 * 1024)

/* --- making and freeing --- */

static int init(hoot_app *app, const char *name)
{
    hoot__json_set_up();
    hoot_buf_init(&app->scratch, MAX_JSON_BYTES);
    app->name = hoot__strdup(name ? name : "app");
    app->arena = hoot_arena_new(0);
    if (!app->name || !app->arena)
        return HOOT_ENOMEM;
    app->context.app = app;
    app->root.name = app->name;
    app->root.body_limit = DEFAULT_BODY_LIMIT;
    app->root.timeout_ms = DEFAULT_TIMEOUT_MS;
    app->root_chain[0] = &app->root;
    app->root.chain = app->root_chain;
    app->last_layer = &app->root;
    return hoot__router_init(&app->router, app->arena);
}

hoot_app *hoot_app_new(const char *name, hoot_error *err)
{
    hoot_app *app = hoot__calloc(1, sizeof(*app));

    if (app && init(app, name) == 0)
        return app;
    hoot_app_free(app);
    hoot_error_set(err, HOOT_ENOMEM, "the app could not be made: out of memory");
    return NULL;
}

void hoot_app_free(hoot_app *app)
{
    if (!app)
        return;
    if (app->free_state)
        app->free_state(app->state);
    hoot__session_config_free(app->sessions);
    hoot__template_set_free(app->templates);
    hoot__free(app->before);
    hoot__free(app->after);
    hoot__free(app->teardown);
    hoot__free(app->errors);
    hoot__free(app->before_serving);
    hoot__free(app->after_serving);
    hoot_buf_fini(&app->scratch);
    hoot_arena_free(app->arena);
    hoot__free(app->name);
    hoot__free(app);
}

const char *hoot_app_name(const hoot_app *app)
{
    return app->name;
}

void hoot_app_set_state(hoot_app *app, void *state, void (*free_state)(void *state))
{
    app->state = state;
    app->free_state = free_state;
}

void *hoot_app_state(const hoot_app *app)
{
    return app->state;
}

hoot_scope *hoot_app_scope(hoot_app *app)
{
    return app->scope;
}

/* --- hooks --- */

static int check_not_serving(const hoot_app *app, hoot_error *err)
{
    return app->serving ? hoot_error_set(err, HOOT_ESTATE, "the app \"%s\" serves already", app->name) : 0;
}

/* Put an item behind the `*count` of a table, and zeros behind it. `slot` is the place of the table's
 * pointer, whatever it points at. */
static int append(hoot_app *app, void *slot, size_t *count, const void *item, size_t size, hoot_error *err)
{
    int rc = check_not_serving(app, err);
    char *table;

    if (rc < 0)
        return rc;
    memcpy(&table, slot, sizeof(table));
    table = *count < MAX_HOOKS ? hoot__realloc(table, (*count + 2) * size) : NULL;
    if (!table)
        return hoot_error_set(err, HOOT_ENOMEM, "the hook could not be added: out of memory");
    memcpy(table + *count * size, item, size);
    memset(table + (*count + 1) * size, 0, size);
    memcpy(slot, &table, sizeof(table));
    *count += 1;
    return 0;
}

int hoot_app_before_serving(hoot_app *app, hoot_before_serving_fn hook, hoot_error *err)
{
    return append(app, &app->before_serving, &app->before_serving_count, &hook, sizeof(hook), err);
}

int hoot_app_after_serving(hoot_app *app, hoot_after_serving_fn hook, hoot_error *err)
{
    return append(app, &app->after_serving, &app->after_serving_count, &hook, sizeof(hook), err);
}

int hoot_app_before_request(hoot_app *app, hoot_before_request_fn hook, hoot_error *err)
{
    int rc = append(app, &app->before, &app->before_count, &hook, sizeof(hook), err);

    app->root.before = app->before;
    return rc;
}

int hoot_app_after_request(hoot_app *app, hoot_after_request_fn hook, hoot_error *err)
{
    int rc = append(app, &app->after, &app->after_count, &hook, sizeof(hook), err);

    app->root.after = app->after;
    return rc;
}

int hoot_app_teardown(hoot_app *app, hoot_teardown_fn hook, hoot_error *err)
{
    int rc = append(app, &app->teardown, &app->teardown_count, &hook, sizeof(hook), err);

    app->root.teardown = app->teardown;
    return rc;
}

int hoot_app_error_handler(hoot_app *app, int status, hoot_error_fn handler, hoot_error *err)
{
    hoot_error_handler entry = { status, handler };
    int rc;

    if (!handler || (status != 0 && (status < 400 || status > 599)))
        return hoot_error_set(err, HOOT_ECONFIG, "an error handler for status %d: it is 400 to 599, or 0",
                              status);
    rc = append(app, &app->errors, &app->error_count, &entry, sizeof(entry), err);
    app->root.errors = app->errors;
    return rc;
}

int hoot_app_cors(hoot_app *app, const hoot_cors *cors, hoot_error *err)
{
    int rc = check_not_serving(app, err);

    return rc < 0 ? rc : hoot__cors_compile(app->arena, cors, &app->root.cors, err);
}

void hoot_app_set_body_limit(hoot_app *app, uint64_t bytes)
{
    app->root.body_limit = bytes ? bytes : DEFAULT_BODY_LIMIT;
}

void hoot_app_set_timeout(hoot_app *app, uint32_t ms)
{
    app->root.timeout_ms = ms ? ms : DEFAULT_TIMEOUT_MS;
}

/* --- routes --- */

int hoot_app_register(hoot_app *app, const hoot_blueprint *blueprint, const char *prefix, hoot_error *err)
{
    int rc = check_not_serving(app, err);

    return rc < 0 ? rc : hoot__app_add_blueprint(app, blueprint, prefix, err);
}

int hoot_app_route(hoot_app *app, const char *methods, const char *path, hoot_handler_fn handler,
                   hoot_error *err)
{
    hoot_route route = { .methods = methods, .path = path, .handler = handler };
    int rc = check_not_serving(app, err);

    return rc < 0 ? rc : hoot__app_add_route(app, &app->root, "", &route, err);
}

void hoot_app_each_route(const hoot_app *app, hoot_route_fn each, void *user)
{
    for (const hoot__rule *rule = app->router.first; rule; rule = rule->next)
        each(rule->methods, rule->rule, rule->name, user);
}

/* --- background tasks --- */

int hoot_app_start(hoot_app *app, const char *name, hoot_task_fn fn, void *arg, hoot_error *err)
{
    return hoot__background_start(name, &app->context, fn, arg, err);
}

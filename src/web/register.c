/* Registering blueprints: their tables become layers and rules. The tables stay the program's (they live as
 * long as the app); what is joined or computed lives in the app's arena. */
#include "web/app_internal.h"

enum { MAX_NESTING = 16 };

static int no_memory(hoot_error *err)
{
    return hoot_error_set(err, HOOT_ENOMEM, "the blueprint could not be registered: out of memory");
}

/* --- layers --- */

/* The layers from the app's to the new one. */
static const hoot__layer *const *chain_of(hoot_arena *arena, const hoot__layer *outer,
                                          const hoot__layer *layer)
{
    const hoot__layer **chain = hoot_arena_alloc_array(arena, outer->depth + 2, sizeof(*chain));

    if (!chain)
        return NULL;
    memcpy(chain, outer->chain, (outer->depth + 1) * sizeof(*chain));
    chain[outer->depth + 1] = layer;
    return chain;
}

static hoot__layer *make_layer(hoot_app *app, const hoot__layer *outer, const hoot_blueprint *blueprint)
{
    hoot__layer *layer = hoot_arena_zalloc(app->arena, sizeof(*layer));

    if (!layer)
        return NULL;
    layer->name = blueprint->name ? blueprint->name : "";
    layer->before = blueprint->before_request;
    layer->after = blueprint->after_request;
    layer->teardown = blueprint->teardown;
    layer->errors = blueprint->errors;
    layer->body_limit = blueprint->body_limit;
    layer->timeout_ms = blueprint->timeout_ms;
    layer->depth = outer->depth + 1;
    layer->chain = chain_of(app->arena, outer, layer);
    return layer->chain ? layer : NULL;
}

static void keep_layer(hoot_app *app, hoot__layer *layer)
{
    app->last_layer->next = layer;
    app->last_layer = layer;
}

/* --- rules --- */

/* "/api" from "/api/"; "" from "/" and NULL. */
static hoot_str trim_prefix(const char *prefix)
{
    hoot_str text = hoot_str_from(prefix);

    while (text.len && text.ptr[text.len - 1] == '/')
        text.len--;
    return text;
}

static hoot__rule *make_rule(hoot_app *app, const hoot__layer *layer, const char *prefix,
                             const hoot_route *route)
{
    hoot__rule *rule = hoot_arena_zalloc(app->arena, sizeof(*rule));

    if (!rule)
        return NULL;
    rule->rule = hoot_arena_printf(app->arena, "%s%s", prefix, route->path);
    rule->methods = hoot_arena_strdup(app->arena, route->methods ? route->methods : "");
    rule->name = hoot_arena_strdup(app->arena, route->name ? route->name : route->path);
    rule->blueprint = layer->name;
    rule->handler = route->handler;
    rule->layer = layer;
    rule->body_limit = route->body_limit;
    rule->timeout_ms = route->timeout_ms;
    return rule->rule && rule->methods && rule->name ? rule : NULL;
}

int hoot__app_add_route(hoot_app *app, const hoot__layer *layer, const char *prefix, const hoot_route *route,
                        hoot_error *err)
{
    hoot__rule *rule;

    if (!route->path || !route->handler)
        return hoot_error_set(err, HOOT_ECONFIG, "a route of \"%s\" has no %s", layer->name,
                              route->path ? "handler" : "path");
    rule = make_rule(app, layer, prefix, route);
    return rule ? hoot__router_add(&app->router, rule, err) : no_memory(err);
}

/* --- blueprints --- */

static int add_blueprint(hoot_app *app, const hoot__layer *outer, const char *prefix,
                         const hoot_blueprint *blueprint, hoot_error *err);

static int add_children(hoot_app *app, const hoot__layer *layer, const char *prefix,
                        const hoot_blueprint *const *children, hoot_error *err)
{
    int rc = 0;

    for (; rc == 0 && children && *children; children++)
        rc = add_blueprint(app, layer, prefix, *children, err);
    return rc;
}

static int add_routes(hoot_app *app, const hoot__layer *layer, const char *prefix, const hoot_route *route,
                      hoot_error *err)
{
    int rc = 0;

    for (; rc == 0 && route && (route->path || route->handler); route++)
        rc = hoot__app_add_route(app, layer, prefix, route, err);
    return rc;
}

static int check_errors(const hoot_blueprint *blueprint, hoot_error *err)
{
    for (const hoot_error_handler *e = blueprint->errors; e && e->handler; e++) {
        if (e->status != 0 && (e->status < 400 || e->status > 599))
            return hoot_error_set(
                err, HOOT_ECONFIG,
                "blueprint \"%s\" has an error handler for status %d: it is 400 to 599, or 0",
                blueprint->name, e->status);
    }
    return 0;
}

static int add_blueprint(hoot_app *app, const hoot__layer *outer, const char *prefix,
                         const hoot_blueprint *blueprint, hoot_error *err)
{
    hoot_str own = trim_prefix(blueprint->prefix);
    hoot__layer *layer;
    const char *joined;
    int rc;

    if (outer->depth == MAX_NESTING)
        return hoot_error_set(err, HOOT_ECONFIG, "blueprint \"%s\" is nested deeper than %d levels",
                              blueprint->name ? blueprint->name : "", MAX_NESTING);
    layer = make_layer(app, outer, blueprint);
    joined = hoot_arena_printf(app->arena, "%s%.*s", prefix, (int)own.len, own.ptr ? own.ptr : "");
    if (!layer || !joined)
        return no_memory(err);
    rc = check_errors(blueprint, err);
    if (rc == 0 && blueprint->cors)
        rc = hoot__cors_compile(app->arena, blueprint->cors, &layer->cors, err);
    if (rc < 0)
        return rc;
    keep_layer(app, layer);
    rc = add_routes(app, layer, joined, blueprint->routes, err);
    return rc == 0 ? add_children(app, layer, joined, blueprint->children, err) : rc;
}

int hoot__app_add_blueprint(hoot_app *app, const hoot_blueprint *blueprint, const char *prefix,
                            hoot_error *err)
{
    hoot_str outer = trim_prefix(prefix);
    const char *text = hoot_arena_dup(app->arena, outer);

    return text ? add_blueprint(app, &app->root, text, blueprint, err) : no_memory(err);
}

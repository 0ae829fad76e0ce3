/* The router: a tree over the parts of paths.
 *
 *     /            node: slash -> "/"
 *     +- users     node: leaf -> "/users"
 *     |  +- <int>  node: leaf -> "/users/<int:id>", "/users/<int:user_id>" of another method
 *     +- <path>    node: leaf -> "/<path:rest>"
 *
 * Each node holds the endpoints that end there, with and without a slash behind them, and its children:
 * static ones sorted by text (found by binary search), then those with a converter, the more specific first,
 * then <path:...>, which takes one part or more, the fewest that do. A child that leads nowhere is left for
 * the next: backtracking. An endpoint that has the path but not the method counts as nowhere, and is
 * remembered for Allow.
 *
 * Whole static paths are also in a hash table, asked first: most requests never see the tree. The tree
 * prefers static parts at every step, so both agree.
 *
 * Work is bounded: without <path:...> each node is visited at most once, and with it at most once for each
 * part of the path, since a rule holds one <path:...> only; nested ones of different rules share no branch
 * below it.
 *
 * Names of values belong to the rule, not to the tree. The path is taken apart before it is decoded, so that
 * a %2F stays inside its part. */
#include "web/router_tree.h"

int hoot__router_init(hoot__router *router, hoot_arena *arena)
{
    static const hoot__static_slot none;

    memset(router, 0, sizeof(*router));
    router->arena = arena;
    router->statics = &none;
    router->root = hoot_arena_zalloc(arena, sizeof(hoot__node));
    return router->root ? 0 : HOOT_ENOMEM;
}

static hoot__edges *edges_for(hoot__node *node, const hoot__part *part)
{
    if (part->converter.kind == HOOT__CONVERT_NONE)
        return &node->statics;
    return part->converter.kind == HOOT__CONVERT_PATH ? &node->paths : &node->dynamics;
}

int hoot__static_compare(hoot_str a, hoot_str b)
{
    int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);

    if (order != 0)
        return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

/* Is `a` tried before `b`? */
static bool comes_before(const hoot__part *a, const hoot__part *b)
{
    if (a->converter.kind == HOOT__CONVERT_NONE)
        return hoot__static_compare(a->prefix, b->prefix) < 0;
    return hoot__part_compare(a, b) < 0;
}

static bool grow(hoot_arena *arena, hoot__edges *list)
{
    size_t room = list->room ? 2 * list->room : 4;
    hoot__edge *at;

    if (list->count < list->room)
        return true;
    at = hoot_arena_alloc_array(arena, room, sizeof(*at));
    if (!at)
        return false;
    if (list->count)
        memcpy(at, list->at, list->count * sizeof(*at));
    list->at = at;
    list->room = room;
    return true;
}

/* A new child behind those that come before it or are its equals. */
static hoot__node *insert_edge(hoot_arena *arena, hoot__edges *list, const hoot__part *part)
{
    hoot__node *child = hoot_arena_zalloc(arena, sizeof(*child));
    size_t i = list->count;

    if (!child || !grow(arena, list))
        return NULL;
    for (; i > 0 && comes_before(part, &list->at[i - 1].part); i--)
        list->at[i] = list->at[i - 1];
    list->at[i] = (hoot__edge){ *part, child };
    list->count++;
    return child;
}

static hoot__node *child_for(hoot_arena *arena, hoot__node *node, const hoot__part *part)
{
    hoot__edges *list = edges_for(node, part);

    for (size_t i = 0; i < list->count; i++) {
        if (hoot__part_equal(&list->at[i].part, part))
            return list->at[i].child;
    }
    return insert_edge(arena, list, part);
}

static hoot__endpoint *endpoint_for(hoot__router *router, const hoot__pattern *pattern)
{
    hoot__node *node = router->root;
    hoot__endpoint **end;

    for (size_t i = 0; node && i < pattern->part_count; i++)
        node = child_for(router->arena, node, &pattern->parts[i]);
    if (!node)
        return NULL;
    end = pattern->ends_in_slash ? &node->slash : &node->leaf;
    if (!*end)
        *end = hoot_arena_zalloc(router->arena, sizeof(**end));
    return *end;
}

/* "GET, HEAD, POST, OPTIONS": HEAD comes with GET, OPTIONS always. */
static bool join_methods(hoot_arena *arena, hoot__endpoint *end)
{
    char *text = NULL;
    const char *comma = "";

    for (const hoot__entry *e = end->entries; e; e = e->next) {
        bool get = hoot_str_is(e->method, "GET") && !hoot__endpoint_find(end, HOOT_STR("HEAD"));

        if (hoot_str_is(e->method, "OPTIONS") || hoot_str_is(e->method, "*"))
            continue;
        text = hoot_arena_printf(arena, "%s%s%.*s%s", text ? text : "", comma, (int)e->method.len,
                                 e->method.ptr, get ? ", HEAD" : "");
        if (!text)
            return false;
        comma = ", ";
    }
    text = hoot_arena_printf(arena, "%s%sOPTIONS", text ? text : "", comma);
    end->allow = hoot_str_from(text);
    return text != NULL;
}

static int refuse_twice(const hoot__rule *rule, const hoot__rule *other, hoot_str method, hoot_error *err)
{
    return hoot_error_set(
        err, HOOT_ECONFIG, "%.*s \"%s\" (%s) matches the same requests as \"%s\" (%s), registered before",
        (int)method.len, method.ptr, rule->rule, rule->blueprint, other->rule, other->blueprint);
}

static int add_method(hoot__router *router, hoot__endpoint *end, const hoot__rule *rule, hoot_str method,
                      hoot_error *err)
{
    const hoot__entry *there = hoot__endpoint_find(end, method);
    hoot__entry **last = &end->entries;
    hoot__entry *added;

    if (there)
        return refuse_twice(rule, there->rule, method, err);
    if (!hoot__http_is_token(method))
        return hoot_error_set(err, HOOT_ECONFIG, "rule \"%s\": \"%.*s\" is no method", rule->rule,
                              (int)method.len, method.ptr);
    added = hoot_arena_zalloc(router->arena, sizeof(*added));
    if (!added)
        return hoot_error_set(err, HOOT_ENOMEM, "out of memory");
    added->method = method;
    added->rule = rule;
    added->task_name = hoot_arena_printf(router->arena, "%.*s %s", (int)method.len, method.ptr, rule->rule);
    while (*last)
        last = &(*last)->next;
    *last = added;
    if (!added->task_name || !join_methods(router->arena, end))
        return hoot_error_set(err, HOOT_ENOMEM, "out of memory");
    return 0;
}

static int add_methods(hoot__router *router, hoot__endpoint *end, const hoot__rule *rule, hoot_error *err)
{
    hoot_str rest = hoot_str_from(rule->methods), method;
    size_t count = 0;

    while (hoot_str_split(&rest, ' ', &method)) {
        int rc = method.len ? add_method(router, end, rule, method, err) : 0;

        if (rc < 0)
            return rc;
        count += method.len > 0;
    }
    return count ? 0 : hoot_error_set(err, HOOT_ECONFIG, "rule \"%s\" has no method", rule->rule);
}

int hoot__router_add(hoot__router *router, hoot__rule *rule, hoot_error *err)
{
    hoot__endpoint *end;
    int rc = hoot__pattern_parse(router->arena, rule->rule, &rule->pattern, err);

    if (rc < 0)
        return rc;
    end = endpoint_for(router, &rule->pattern);
    if (!end)
        return hoot_error_set(err, HOOT_ENOMEM, "out of memory");
    rc = add_methods(router, end, rule, err);
    if (rc < 0)
        return rc;
    *(router->last ? &router->last->next : &router->first) = rule;
    router->last = rule;
    return 0;
}

/* --- the table of static paths --- */

/* Paths are looked up as they were sent: so a rule that would be sent encoded is left to the tree. */
static bool is_static(const hoot__rule *rule)
{
    return rule->pattern.value_count == 0 && !strchr(rule->rule, '%');
}

static size_t count_static(const hoot__router *router)
{
    size_t count = 0;

    for (const hoot__rule *rule = router->first; rule; rule = rule->next)
        count += is_static(rule);
    return count;
}

int hoot__router_finish(hoot__router *router, hoot_error *err)
{
    size_t room = 8, count = count_static(router);
    hoot__static_slot *slots;

    while (room < 2 * count)
        room *= 2;
    slots = hoot_arena_zalloc(router->arena, room * sizeof(*slots));
    if (!slots)
        return hoot_error_set(err, HOOT_ENOMEM, "out of memory");
    router->statics = slots;
    router->static_mask = room - 1;
    for (hoot__rule *rule = router->first; rule; rule = rule->next) {
        hoot_str path = hoot_str_from(rule->rule);

        if (is_static(rule))
            slots[hoot__static_slot_of(router, path) - slots] =
                (hoot__static_slot){ path, endpoint_for(router, &rule->pattern) };
    }
    return 0;
}

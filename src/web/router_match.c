/* Walking the router's tree: see router.c for its shape and for why the walk is bounded.
 *
 * A path is taken apart at its slashes first and then decoded part by part into one run of bytes, so that a
 * part is a slice and so is what <path:...> takes. A path without '%' is its own run. Values are copied once
 * a rule was chosen. */
#include "web/router_tree.h"

enum { INLINE_PARTS = 16, MAX_SEEN = 8 };

/* A part: its place in the decoded path. */
typedef struct span {
    uint32_t start, len;
} span;

typedef struct walk {
    hoot_str path; /* decoded, without the slash it begins with, with the one it ends with */
    const span *parts;
    size_t part_count;
    bool ends_in_slash;
    const hoot__endpoint *with_slash; /* has the path with a slash behind it; NULL: none does */
    hoot_str method;
    const hoot__entry *found;
    hoot__path_value values[HOOT__MAX_RULE_VALUES];
    const hoot__endpoint *seen[MAX_SEEN]; /* those that have the path but not the method */
    size_t seen_count;
    span inline_parts[INLINE_PARTS]; /* room for most paths' */
} walk;

__attribute__((noinline)) static const hoot__entry *choose_other(const hoot__endpoint *end, hoot_str method)
{
    const hoot__entry *e = hoot_str_is(method, "HEAD") ? hoot__endpoint_find(end, HOOT_STR("GET")) : NULL;

    return e ? e : hoot__endpoint_find(end, HOOT_STR("*"));
}

/* The entry for a method: its own, GET's for HEAD, any method's. */
static inline const hoot__entry *choose_entry(const hoot__endpoint *end, hoot_str method)
{
    const hoot__entry *e = hoot__endpoint_find(end, method);

    return e ? e : choose_other(end, method);
}

static void note_seen(walk *w, const hoot__endpoint *end)
{
    for (size_t i = 0; i < w->seen_count; i++) {
        if (w->seen[i] == end)
            return;
    }
    if (w->seen_count < MAX_SEEN)
        w->seen[w->seen_count++] = end;
}

static bool arrive(walk *w, const hoot__endpoint *end)
{
    if (!end)
        return false;
    w->found = choose_entry(end, w->method);
    if (!w->found)
        note_seen(w, end);
    return w->found != NULL;
}

static bool arrive_at_node(walk *w, const hoot__node *node)
{
    if (arrive(w, w->ends_in_slash ? node->slash : node->leaf))
        return true;
    if (!w->ends_in_slash && !w->with_slash)
        w->with_slash = node->slash;
    return false;
}

static hoot_str part_text(const walk *w, size_t from, size_t behind)
{
    const span *first = &w->parts[from], *last = &w->parts[behind - 1];

    return hoot_str_of(w->path.ptr + first->start, last->start + last->len - first->start);
}

static bool visit(walk *w, const hoot__node *node, size_t index, size_t value);

static bool visit_static(walk *w, const hoot__node *node, size_t index, size_t value)
{
    hoot_str text = part_text(w, index, index + 1);
    size_t low = 0, high = node->statics.count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const hoot__edge *e = &node->statics.at[middle];
        int order = hoot__static_compare(text, e->part.prefix);

        if (order == 0)
            return visit(w, e->child, index + 1, value);
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

static bool visit_dynamic(walk *w, const hoot__node *node, size_t index, size_t value)
{
    hoot_str text = part_text(w, index, index + 1);

    for (size_t i = 0; i < node->dynamics.count; i++) {
        const hoot__edge *e = &node->dynamics.at[i];

        if (hoot__part_take(&e->part, text, &w->values[value]) && visit(w, e->child, index + 1, value + 1))
            return true;
    }
    return false;
}

/* It begins with no slash, not even an encoded one: what joins it to a folder stays below it. It may end at
 * each part from here on; at the end of all, it takes the last slash too. */
static bool visit_path(walk *w, const hoot__edge *e, size_t index, size_t value)
{
    hoot__path_value *taken = &w->values[value];

    if (!hoot__converter_take(&e->part.converter, part_text(w, index, index + 1), taken))
        return false;
    for (size_t behind = index + 1; behind <= w->part_count; behind++) {
        taken->text = part_text(w, index, behind);
        if (visit(w, e->child, behind, value + 1))
            return true;
    }
    if (!w->ends_in_slash)
        return false;
    taken->text = hoot_str_from_index(w->path, w->parts[index].start);
    return arrive(w, e->child->leaf);
}

static bool visit(walk *w, const hoot__node *node, size_t index, size_t value)
{
    if (index == w->part_count)
        return arrive_at_node(w, node);
    if (visit_static(w, node, index, value) || visit_dynamic(w, node, index, value))
        return true;
    for (size_t i = 0; i < node->paths.count; i++) {
        if (visit_path(w, &node->paths.at[i], index, value))
            return true;
    }
    return false;
}

/* --- taking the path apart --- */

/* Copy a part, decoded, to `to`. Gives its length, or a negative code. */
static ptrdiff_t decode_part(hoot_arena *arena, hoot_str part, char *to)
{
    hoot_str text;
    int rc = hoot__percent_decode(arena, part, false, true, &text);

    if (rc < 0)
        return rc;
    if (text.len)
        memcpy(to, text.ptr, text.len);
    return (ptrdiff_t)text.len;
}

static size_t count_parts(hoot_str path)
{
    size_t count = 1;

    for (size_t i = 0; i < path.len; i++)
        count += path.ptr[i] == '/';
    return count;
}

/* Decode a path part by part; slashes between parts stay slashes, whatever was decoded inside. */
static int take_apart(walk *w, hoot_arena *arena, hoot_str path, span *parts)
{
    bool encoded = path.len && memchr(path.ptr, '%', path.len);
    char *decoded = encoded ? hoot_arena_alloc(arena, path.len + 1) : NULL;
    hoot_str rest = path, part;
    size_t at = 0;

    if (encoded ? !decoded : !hoot_str_is_utf8(path))
        return encoded ? HOOT_ENOMEM : HOOT_EBADINPUT;
    while (hoot_str_split(&rest, '/', &part)) {
        ptrdiff_t len = encoded ? decode_part(arena, part, decoded + at) : (ptrdiff_t)part.len;

        if (len < 0)
            return (int)len;
        parts[w->part_count++] = (span){ (uint32_t)at, (uint32_t)len };
        at += (size_t)len;
        if (encoded && rest.ptr)
            decoded[at] = '/';
        at += rest.ptr != NULL;
    }
    if (encoded && w->ends_in_slash)
        decoded[at] = '/';
    w->path = hoot_str_of(encoded ? decoded : path.ptr, at + w->ends_in_slash);
    w->parts = parts;
    return 0;
}

/* --- what it came to --- */

static hoot__route_result no_memory_or(const void *pointer, hoot__route_result result)
{
    return pointer ? result : HOOT__ROUTE_NO_MEMORY;
}

/* Is `method` among those in the comma list? */
static bool list_has_method(hoot_str list, hoot_str method)
{
    hoot_str item;

    while (hoot_str_split(&list, ',', &item)) {
        if (hoot_str_equal(hoot_str_trim(item, " "), method))
            return true;
    }
    return false;
}

/* "GET, POST, OPTIONS" from "GET, OPTIONS": OPTIONS stays the last. */
static hoot_str add_method(hoot_arena *arena, hoot_str allow, hoot_str method)
{
    size_t kept = allow.len - strlen("OPTIONS");

    if (list_has_method(allow, method))
        return allow;
    return hoot_str_from(
        hoot_arena_printf(arena, "%.*s%.*s, OPTIONS", (int)kept, allow.ptr, (int)method.len, method.ptr));
}

/* The methods of all endpoints that have the path: rarely more than one. NULL: no memory. */
static hoot_str join_allow(const walk *w, hoot_arena *arena)
{
    hoot_str allow = w->seen[0]->allow, item;

    for (size_t i = 1; i < w->seen_count; i++) {
        hoot_str rest = w->seen[i]->allow;

        while (allow.ptr && hoot_str_split(&rest, ',', &item))
            allow = add_method(arena, allow, hoot_str_trim(item, " "));
    }
    return allow;
}

static void take_entry(const hoot__entry *e, hoot__match *out)
{
    out->rule = e->rule;
    out->task_name = e->task_name;
}

/* Keep the values: their text as terminated copies. */
static hoot__route_result found(const walk *w, hoot_arena *arena, hoot__match *out)
{
    size_t count = w->found->rule->pattern.value_count;

    take_entry(w->found, out);
    out->values = NULL;
    if (count == 0)
        return HOOT__ROUTE_FOUND;
    out->values = hoot_arena_alloc_array(arena, count, sizeof(*out->values));
    if (!out->values)
        return HOOT__ROUTE_NO_MEMORY;
    memcpy(out->values, w->values, count * sizeof(*out->values));
    for (size_t i = 0; i < count; i++) {
        out->values[i].text.ptr = hoot_arena_dup(arena, w->values[i].text);
        if (!out->values[i].text.ptr)
            return HOOT__ROUTE_NO_MEMORY;
    }
    return HOOT__ROUTE_FOUND;
}

static hoot__route_result not_allowed(const walk *w, hoot_arena *arena, hoot__match *out)
{
    bool options = hoot_str_is(w->method, "OPTIONS");

    take_entry(w->seen[0]->entries, out);
    out->allow = join_allow(w, arena);
    return no_memory_or(out->allow.ptr, options ? HOOT__ROUTE_OPTIONS : HOOT__ROUTE_NOT_ALLOWED);
}

/* Bytes that a browser might read as something else than what they are: a backslash is a slash to it. */
static bool is_unsafe(char c)
{
    return c <= 0x20 || c >= 0x7f || c == '\\' || c == '"' || c == '<' || c == '>';
}

/* Copy to `to`, unsafe bytes percent-encoded, and runs of slashes as one when `merge`. Gives the end. */
static char *put_location(char *to, hoot_str s, bool merge)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];

        if (merge && c == '/' && i > 0 && s.ptr[i - 1] == '/')
            continue;
        if (is_unsafe(s.ptr[i])) {
            *to++ = '%';
            *to++ = digits[c >> 4];
            c = (unsigned char)digits[c & 15];
        }
        *to++ = (char)c;
    }
    return to;
}

/* To the same path with merged slashes and, if the entry's rule has one, one at its end. It begins with
 * exactly one slash, so it never names another host. */
static hoot__route_result redirect(const hoot__exchange *ex, const hoot__entry *to_entry, hoot__match *out)
{
    char *start = hoot_arena_alloc(ex->arena, 3 * (ex->path.len + ex->query.len) + 2);
    char *to = start;

    if (!start)
        return HOOT__ROUTE_NO_MEMORY;
    take_entry(to_entry, out);
    to = put_location(to, ex->path, true);
    if (to_entry->rule->pattern.ends_in_slash && to[-1] != '/')
        *to++ = '/';
    if (ex->query.len)
        *to++ = '?';
    to = put_location(to, ex->query, false);
    out->location = hoot_str_of(start, (size_t)(to - start));
    return HOOT__ROUTE_REDIRECT;
}

static hoot__route_result redirect_to_slash(const walk *w, const hoot__exchange *ex, hoot__match *out)
{
    return redirect(ex, w->with_slash->entries, out);
}

static hoot__route_result match_tree(const hoot__router *router, hoot_arena *arena, hoot_str method,
                                     hoot_str path, walk *w)
{
    hoot_str rest = hoot_str_from_index(path, 1);
    size_t room;
    span *parts = w->inline_parts;
    int rc;

    memset(w, 0, offsetof(walk, values));
    w->seen_count = 0;
    w->method = method;
    w->ends_in_slash = path.ptr[path.len - 1] == '/';
    if (w->ends_in_slash && rest.len)
        rest.len--;
    room = count_parts(rest);
    if (room > INLINE_PARTS)
        parts = hoot_arena_alloc_array(arena, room, sizeof(*parts));
    rc = !parts ? HOOT_ENOMEM : path.len > 1 ? take_apart(w, arena, rest, parts) : 0;
    if (rc < 0)
        return rc == HOOT_ENOMEM ? HOOT__ROUTE_NO_MEMORY : HOOT__ROUTE_BAD_PATH;
    return visit(w, router->root, 0, 0) ? HOOT__ROUTE_FOUND : HOOT__ROUTE_NOT_FOUND;
}

static bool has_double_slash(hoot_str path)
{
    return memmem(path.ptr, path.len, "//", 2) != NULL;
}

/* Nothing matched: would it without doubled slashes? Any rule will do, of any method: the redirect keeps the
 * method. */
static hoot__route_result match_merged(const hoot__router *router, const hoot__exchange *ex, walk *w,
                                       hoot__match *out)
{
    hoot_str path = ex->path;
    char *merged = hoot_arena_alloc(ex->arena, path.len);
    size_t len = 0;

    if (!merged)
        return HOOT__ROUTE_NO_MEMORY;
    for (size_t i = 0; i < path.len; i++) {
        if (path.ptr[i] != '/' || i == 0 || path.ptr[i - 1] != '/')
            merged[len++] = path.ptr[i];
    }
    if (match_tree(router, ex->arena, ex->method, hoot_str_of(merged, len), w) == HOOT__ROUTE_FOUND)
        return redirect(ex, w->found, out);
    if (w->seen_count)
        return redirect(ex, w->seen[0]->entries, out);
    return w->with_slash ? redirect_to_slash(w, ex, out) : HOOT__ROUTE_NOT_FOUND;
}

/* A rule begins with a slash, so what is found does, too. */
static inline const hoot__entry *find_static(const hoot__router *router, hoot_str method, hoot_str path)
{
    const hoot__endpoint *end = hoot__static_slot_of(router, path)->end;

    return end ? choose_entry(end, method) : NULL;
}

/* The way through the tree, which needs more of the stack than all else that a request does. */
__attribute__((noinline)) static hoot__route_result match_slowly(const hoot__router *router,
                                                                 const hoot__exchange *ex, hoot__match *out)
{
    hoot__route_result result;
    walk w;

    memset(out, 0, sizeof(*out));
    if (ex->path.len == 0 || ex->path.ptr[0] != '/')
        return HOOT__ROUTE_NOT_FOUND;
    result = match_tree(router, ex->arena, ex->method, ex->path, &w);
    if (result == HOOT__ROUTE_FOUND)
        return found(&w, ex->arena, out);
    if (result != HOOT__ROUTE_NOT_FOUND)
        return result;
    if (w.seen_count)
        return not_allowed(&w, ex->arena, out);
    if (w.with_slash)
        return redirect_to_slash(&w, ex, out);
    return has_double_slash(ex->path) ? match_merged(router, ex, &w, out) : result;
}

hoot__route_result hoot__router_match(const hoot__router *router, const hoot__exchange *ex, hoot__match *out)
{
    const hoot__entry *e = find_static(router, ex->method, ex->path);

    if (!e)
        return match_slowly(router, ex, out);
    take_entry(e, out);
    out->values = NULL;
    return HOOT__ROUTE_FOUND;
}

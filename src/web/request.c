/* What a request says of itself. Most of it is a slice of what the protocol parsed; a terminated copy is made
 * in the request's arena when it is asked for, and kept where it is asked for often. */
#include "runtime/task.h"
#include "web/app_internal.h"

/* --- of the task that runs --- */

static const hoot__web_context *current_context(void)
{
    hoot_task *task = hoot_current_task();

    return task ? hoot__task_context(task) : NULL;
}

hoot_app *hoot_current_app(void)
{
    const hoot__web_context *context = current_context();

    return context ? context->app : NULL;
}

hoot_request *hoot_current_request(void)
{
    const hoot__web_context *context = current_context();

    return context ? context->request : NULL;
}

/* --- the first line --- */

/* Asked for through a const request: the copy is not part of what it says. */
static const char *kept_copy(const hoot_request *req, const char **slot, hoot_str text)
{
    if (!*slot)
        *slot = hoot_arena_dup(req->arena, text);
    return *slot ? *slot : "";
}

const char *hoot_request_method(const hoot_request *req)
{
    return kept_copy(req, &((hoot_request *)req)->method, req->ex->method);
}

/* Routing has made sure that it can be decoded; one that cannot is shown as it was sent, to the error
 * handlers. */
const char *hoot_request_path(const hoot_request *req)
{
    hoot_str path = req->ex->path;

    if (!req->path && hoot__percent_decode(req->arena, path, false, true, &path) < 0)
        path = req->ex->path;
    return kept_copy(req, &((hoot_request *)req)->path, path);
}

hoot_str hoot_request_target(const hoot_request *req)
{
    return req->ex->target;
}

hoot_str hoot_request_query_text(const hoot_request *req)
{
    return req->ex->query;
}

const char *hoot_request_scheme(const hoot_request *req)
{
    return hoot_str_is(req->ex->scheme, "https") ? "https" : "http";
}

const char *hoot_request_host(const hoot_request *req)
{
    return kept_copy(req, &((hoot_request *)req)->host, req->ex->authority);
}

int hoot_request_version(const hoot_request *req)
{
    return req->ex->version;
}

const char *hoot_request_remote(const hoot_request *req)
{
    return req->ex->peer ? req->ex->peer : "";
}

const char *hoot_request_route(const hoot_request *req)
{
    return req->rule ? req->rule->rule : NULL;
}

hoot_arena *hoot_request_arena(hoot_request *req)
{
    return req->arena;
}

/* --- parts of the path --- */

static const hoot__path_value *find_value(const hoot_request *req, const char *name,
                                          hoot__converter_kind *out_kind)
{
    const hoot__pattern *pattern = req->rule && req->values ? &req->rule->pattern : NULL;

    for (size_t i = 0; pattern && i < pattern->value_count; i++) {
        if (strcmp(pattern->names[i], name) == 0) {
            *out_kind = pattern->kinds[i];
            return &req->values[i];
        }
    }
    return NULL;
}

const char *hoot_path_text(const hoot_request *req, const char *name)
{
    hoot__converter_kind kind = HOOT__CONVERT_NONE;
    const hoot__path_value *value = find_value(req, name, &kind);

    return value && kind != HOOT__CONVERT_INT && kind != HOOT__CONVERT_FLOAT ? value->text.ptr : NULL;
}

int64_t hoot_path_int(const hoot_request *req, const char *name)
{
    hoot__converter_kind kind = HOOT__CONVERT_NONE;
    const hoot__path_value *value = find_value(req, name, &kind);

    return value && kind == HOOT__CONVERT_INT ? value->integer : 0;
}

double hoot_path_float(const hoot_request *req, const char *name)
{
    hoot__converter_kind kind = HOOT__CONVERT_NONE;
    const hoot__path_value *value = find_value(req, name, &kind);

    return value && kind == HOOT__CONVERT_FLOAT ? value->real : 0;
}

/* --- query arguments --- */

const char *hoot__pairs_at(const hoot__pairs *pairs, const char *name, size_t index)
{
    hoot_str wanted = hoot_str_from(name);

    for (size_t i = 0; i < pairs->count; i++) {
        if (hoot_str_equal(pairs->at[i].name, wanted) && index-- == 0)
            return pairs->at[i].value.ptr;
    }
    return NULL;
}

const char *hoot_arg(hoot_request *req, const char *name)
{
    return hoot__pairs_at(&req->args, name, 0);
}

const char *hoot_arg_at(hoot_request *req, const char *name, size_t index)
{
    return hoot__pairs_at(&req->args, name, index);
}

/* --- header fields --- */

static const char *header_at(hoot_request *req, const hoot__headers *headers, const char *name, size_t index)
{
    hoot_str wanted = hoot_str_from(name);
    int at = hoot__headers_find(headers, wanted, 0);

    while (at >= 0 && index-- > 0)
        at = hoot__headers_find(headers, wanted, (size_t)at + 1);
    return at < 0 ? NULL : hoot_arena_dup(req->arena, headers->at[at].value);
}

const char *hoot_header(hoot_request *req, const char *name)
{
    return header_at(req, &req->ex->headers, name, 0);
}

const char *hoot_header_at(hoot_request *req, const char *name, size_t index)
{
    return header_at(req, &req->ex->headers, name, index);
}

bool hoot_header_each(const hoot_request *req, size_t index, hoot_str *out_name, hoot_str *out_value)
{
    if (index >= req->ex->headers.count)
        return false;
    *out_name = req->ex->headers.at[index].name;
    *out_value = req->ex->headers.at[index].value;
    return true;
}

const char *hoot_trailer(hoot_request *req, const char *name)
{
    return header_at(req, &req->ex->trailers, name, 0);
}

/* Clients send one Cookie field; HTTP/2 may split it, and the pieces are searched in turn (RFC 9113
 * section 8.2.3). */
bool hoot__request_cookie(const hoot_request *req, hoot_str name, hoot_str *out)
{
    const hoot__exchange *ex = req->ex;
    int at = ex->known[HOOT__HEADER_COOKIE];

    while (at >= 0) {
        if (hoot__cookie_find(ex->headers.at[at].value, name, out))
            return true;
        at = hoot__headers_find(&ex->headers, HOOT_STR("cookie"), (size_t)at + 1);
    }
    return false;
}

const char *hoot_cookie_value(hoot_request *req, const char *name)
{
    hoot_str value;

    return hoot__request_cookie(req, hoot_str_from(name), &value) ? hoot_arena_dup(req->arena, value) : NULL;
}

/* --- pointers kept with the request --- */

static hoot__request_slot *find_slot(const hoot_request *req, const void *key)
{
    for (size_t i = 0; i < req->slot_count; i++) {
        if (req->slots[i].key == key)
            return &req->slots[i];
    }
    return NULL;
}

int hoot_request_set(hoot_request *req, const void *key, void *value)
{
    hoot__request_slot *slot = find_slot(req, key);

    if (slot) {
        slot->value = value;
        return 0;
    }
    if (req->slot_count == HOOT__MAX_REQUEST_KEYS)
        return HOOT_ELIMIT;
    if (req->slot_count == 0)
        req->slots = hoot_arena_alloc_array(req->arena, HOOT__MAX_REQUEST_KEYS, sizeof(*req->slots));
    if (!req->slots)
        return HOOT_ENOMEM;
    req->slots[req->slot_count++] = (hoot__request_slot){ key, value };
    return 0;
}

void *hoot_request_get(const hoot_request *req, const void *key)
{
    const hoot__request_slot *slot = find_slot(req, key);

    return slot ? slot->value : NULL;
}

/* CORS: what a browser asks before a page of another origin may read our answers (Fetch standard,
 * section 3.2).
 *
 * A preflight (OPTIONS with Origin and Access-Control-Request-Method) is answered here, before any hook: it
 * carries no cookies, so a hook that asks for a login would refuse every one. It is answered only for an
 * allowed origin and method; else the request goes on as any OPTIONS, without our fields, and the browser
 * refuses. All other answers, errors too, get the fields that let the page read them.
 *
 * An answer whose fields depend on the Origin says so in Vary, also when no Origin came: caches must not hand
 * one origin's answer to another. */
#include "web/app_internal.h"

#include <stdio.h>

struct hoot__cors {
    const char *const *origins;
    bool any_origin; /* "*": the answer is the same for all */
    bool credentials;
    const char *const *methods;
    hoot_str methods_text; /* "GET, HEAD" */
    hoot_str headers_text; /* empty: those that were asked for */
    hoot_str expose_text;
    hoot_str max_age_text;
};

static const char *const default_methods[] = { "GET", "HEAD",  "POST",   "OPTIONS",
                                               "PUT", "PATCH", "DELETE", NULL };
static const char *const no_list[] = { NULL };

/* --- making it ready --- */

static int refuse(const char *what, const char *item, hoot_error *err)
{
    return hoot_error_set(err, HOOT_ECONFIG, "CORS: \"%s\": %s", item, what);
}

static int no_memory(hoot_error *err)
{
    return hoot_error_set(err, HOOT_ENOMEM, "CORS: out of memory");
}

/* "scheme://host" or "scheme://host:port", as browsers send it; or "null". */
static bool is_origin(hoot_str origin)
{
    const char *host = memmem(origin.ptr, origin.len, "://", 3);
    hoot_str rest;

    if (hoot_str_is(origin, "null"))
        return true;
    if (!host || host == origin.ptr || !hoot__http_is_field_value(origin))
        return false;
    rest = hoot_str_from_index(origin, (size_t)(host + 3 - origin.ptr));
    return rest.len && hoot_str_find(rest, '/') < 0 && hoot_str_find(rest, ' ') < 0 &&
           hoot_str_find(rest, ',') < 0;
}

static int copy_list(hoot_arena *arena, const char *const *list, const char *const **out, hoot_error *err)
{
    size_t count = 0;
    const char **copy;

    while (list[count])
        count++;
    copy = hoot_arena_alloc_array(arena, count + 1, sizeof(*copy));
    if (!copy)
        return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        copy[i] = hoot_arena_strdup(arena, list[i]);
        if (!copy[i])
            return no_memory(err);
    }
    copy[count] = NULL;
    *out = copy;
    return 0;
}

/* Tokens, joined by commas. "*" means itself when cookies are allowed, so it is refused there. */
static int join(hoot_arena *arena, const char *const *list, bool credentials, hoot_str *out, hoot_error *err)
{
    const char *text = "";

    for (size_t i = 0; list[i]; i++) {
        if (!hoot__http_is_token(hoot_str_from(list[i])))
            return refuse("a method or header is no token", list[i], err);
        if (credentials && strcmp(list[i], "*") == 0)
            return refuse("browsers take it for a name when credentials are allowed; list them", list[i],
                          err);
        text = hoot_arena_printf(arena, "%s%s%s", text, i ? ", " : "", list[i]);
        if (!text)
            return no_memory(err);
    }
    *out = hoot_str_from(text);
    return 0;
}

static int take_origins(hoot_arena *arena, const hoot_cors *cors, hoot__cors *out, hoot_error *err)
{
    const char *const *origins = cors->origins ? cors->origins : no_list;

    for (size_t i = 0; origins[i]; i++) {
        if (strcmp(origins[i], "*") != 0) {
            if (!is_origin(hoot_str_from(origins[i])))
                return refuse("an origin is \"https://host\" or \"https://host:port\", nothing behind it",
                              origins[i], err);
            continue;
        }
        if (cors->credentials)
            return refuse("any origin, and credentials: every page could act for the user; list the origins",
                          origins[i], err);
        if (i > 0 || origins[i + 1])
            return refuse("it stands alone, or not at all", origins[i], err);
        out->any_origin = true;
    }
    return copy_list(arena, origins, &out->origins, err);
}

static int take_lists(hoot_arena *arena, const hoot_cors *cors, hoot__cors *out, hoot_error *err)
{
    const char *const *methods = cors->methods ? cors->methods : default_methods;
    int rc = copy_list(arena, methods, &out->methods, err);

    if (rc == 0)
        rc = join(arena, methods, cors->credentials, &out->methods_text, err);
    if (rc == 0)
        rc = join(arena, cors->headers ? cors->headers : no_list, cors->credentials, &out->headers_text, err);
    if (rc == 0)
        rc = join(arena, cors->expose_headers ? cors->expose_headers : no_list, cors->credentials,
                  &out->expose_text, err);
    return rc;
}

int hoot__cors_compile(hoot_arena *arena, const hoot_cors *cors, const hoot__cors **out, hoot_error *err)
{
    hoot__cors *made = hoot_arena_zalloc(arena, sizeof(*made));
    int rc;

    if (!made)
        return no_memory(err);
    made->credentials = cors->credentials;
    rc = take_origins(arena, cors, made, err);
    if (rc == 0)
        rc = take_lists(arena, cors, made, err);
    if (rc == 0 && cors->max_age_s) {
        const char *text = hoot_arena_printf(arena, "%u", (unsigned)cors->max_age_s);

        made->max_age_text = hoot_str_from(text);
        rc = text ? 0 : no_memory(err);
    }
    if (rc == 0)
        *out = made;
    return rc;
}

/* --- answering --- */

static bool list_has(const char *const *list, hoot_str item)
{
    while (*list && !hoot_str_is(item, *list))
        list++;
    return *list != NULL;
}

static bool allows_origin(const hoot__cors *cors, hoot_str origin)
{
    return origin.len && (cors->any_origin || list_has(cors->origins, origin));
}

static int put(hoot_response *resp, hoot_str name, hoot_str value)
{
    return value.len ? hoot__response_put(resp, name, value) : 0;
}

/* The fields of every answer to an allowed origin. Slices of the request live as long as the answer, but are
 * not terminated as a response's values are: the origin is copied. */
static int put_origin(hoot_response *resp, const hoot__cors *cors, hoot_str origin)
{
    hoot_str value = HOOT_STR("*");
    int rc;

    if (!cors->any_origin)
        value = hoot_str_of(hoot_arena_dup(resp->req->arena, origin), origin.len);
    if (!value.ptr)
        return HOOT_ENOMEM;
    rc = put(resp, HOOT_STR("Access-Control-Allow-Origin"), value);
    if (rc == 0 && cors->credentials)
        rc = put(resp, HOOT_STR("Access-Control-Allow-Credentials"), HOOT_STR("true"));
    return rc;
}

__attribute__((noinline)) int hoot__cors_apply(hoot_request *req, const hoot__cors *cors, hoot_response *resp)
{
    hoot_str origin = hoot__exchange_known(req->ex, HOOT__HEADER_ORIGIN);
    int rc = cors->any_origin ? 0 : hoot_response_vary(resp, "Origin");

    /* A handler that said it itself is left alone: browsers take two of them for none. */
    if (rc == 0 && allows_origin(cors, origin) &&
        !hoot_response_header(resp, "Access-Control-Allow-Origin")) {
        rc = put_origin(resp, cors, origin);
        if (rc == 0)
            rc = put(resp, HOOT_STR("Access-Control-Expose-Headers"), cors->expose_text);
    }
    return rc;
}

/* The value of a field of the request by name, or the empty slice. */
static hoot_str field(const hoot_request *req, hoot_str name)
{
    int at = hoot__headers_find(&req->ex->headers, name, 0);

    return at < 0 ? hoot_str_of("", 0) : req->ex->headers.at[at].value;
}

/* Names that were asked for are sent back as they are, if they are names. */
static bool are_tokens(hoot_str list)
{
    hoot_str item;

    while (hoot_str_split(&list, ',', &item)) {
        if (!hoot__http_is_token(hoot_str_trim(item, " \t")))
            return false;
    }
    return true;
}

static int put_allowed_headers(hoot_response *resp, const hoot__cors *cors)
{
    hoot_str asked = field(resp->req, HOOT_STR("Access-Control-Request-Headers"));
    hoot_str allowed = cors->headers_text;
    int rc;

    if (allowed.len == 0) {
        rc = hoot_response_vary(resp, "Access-Control-Request-Headers");
        if (rc < 0 || asked.len == 0 || !are_tokens(asked))
            return rc;
        allowed = hoot_str_of(hoot_arena_dup(resp->req->arena, asked), asked.len);
        if (!allowed.ptr)
            return HOOT_ENOMEM;
    }
    return put(resp, HOOT_STR("Access-Control-Allow-Headers"), allowed);
}

static int fill_preflight(hoot_response *resp, const hoot__cors *cors, hoot_str origin)
{
    int rc = cors->any_origin ? 0 : hoot_response_vary(resp, "Origin");

    if (rc == 0)
        rc = put_origin(resp, cors, origin);
    if (rc == 0)
        rc = put(resp, HOOT_STR("Access-Control-Allow-Methods"), cors->methods_text);
    if (rc == 0)
        rc = put_allowed_headers(resp, cors);
    return rc == 0 ? put(resp, HOOT_STR("Access-Control-Max-Age"), cors->max_age_text) : rc;
}

__attribute__((noinline)) hoot_response *hoot__cors_preflight(hoot_request *req, const hoot__cors *cors)
{
    hoot_str origin = hoot__exchange_known(req->ex, HOOT__HEADER_ORIGIN);
    hoot_str method = field(req, HOOT_STR("Access-Control-Request-Method"));
    hoot_response *resp;

    if (!hoot_str_is(req->ex->method, "OPTIONS") || method.len == 0 || !allows_origin(cors, origin))
        return NULL;
    if (!list_has(cors->methods, method) && !list_has(cors->methods, HOOT_STR("*")))
        return NULL;
    resp = hoot_empty(req, 204);
    return fill_preflight(resp, cors, origin) < 0 ? hoot__response_no_memory(req) : resp;
}

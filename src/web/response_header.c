/* A response's header fields and cookies. What an application gives is checked here, so that no value ends a
 * line or a head early, and the fields that frame the message stay the server's. */
#include "web/response_internal.h"

#include "base/words.h"
#include "http/message.h"
#include "web/app_internal.h"

enum { MAX_COOKIE_BYTES = 8192 };

/* --- the list --- */

static int grow(hoot_response *resp)
{
    uint32_t room = 2 * resp->header_room;
    hoot__header *headers;

    headers = hoot_arena_alloc_array(resp->req->arena, room, sizeof(*headers));
    if (!headers)
        return HOOT_ENOMEM;
    memcpy(headers, resp->headers, resp->header_count * sizeof(*headers));
    resp->headers = headers;
    resp->header_room = room;
    return 0;
}

static int put(hoot_response *resp, hoot__known_header known, hoot_str name, hoot_str value)
{
    int rc = 0;

    if (resp->header_count == HOOT__MAX_RESPONSE_HEADERS)
        return HOOT_ELIMIT;
    if (resp->header_count == resp->header_room)
        rc = grow(resp);
    if (rc == 0)
        resp->headers[resp->header_count++] =
            (hoot__header){ .name = name, .value = value, .known = known, .checked = true };
    return rc;
}

int hoot__response_put(hoot_response *resp, hoot_str name, hoot_str value)
{
    return put(resp, HOOT__HEADER_OTHER, name, value);
}

static inline hoot__header header_of_type(hoot_str value)
{
    return (hoot__header){
        .name = HOOT_STR("Content-Type"), .value = value, .known = HOOT__HEADER_CONTENT_TYPE, .checked = true
    };
}

void hoot__response_put_type(hoot_response *resp, hoot_str value)
{
    resp->headers[0] = header_of_type(value);
    resp->header_count = 1;
}

static bool is_named(const hoot__header *header, hoot__known_header known, hoot_str name)
{
    return header->known == known &&
           (known != HOOT__HEADER_OTHER || hoot_str_equal_nocase(header->name, name));
}

static hoot__header *find(const hoot_response *resp, hoot_str name)
{
    hoot__known_header known = hoot__http_known_header(name);

    for (uint32_t i = 0; i < resp->header_count; i++) {
        if (is_named(&resp->headers[i], known, name))
            return &resp->headers[i];
    }
    return NULL;
}

static void remove_all(hoot_response *resp, hoot__known_header known, hoot_str name)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < resp->header_count; i++) {
        if (!is_named(&resp->headers[i], known, name))
            resp->headers[kept++] = resp->headers[i];
    }
    resp->header_count = kept;
}

/* --- what an application may set --- */

/* These say where the message ends and what becomes of the connection. */
static bool is_servers(hoot__known_header known)
{
    return known == HOOT__HEADER_CONTENT_LENGTH || known == HOOT__HEADER_TRANSFER_ENCODING ||
           known == HOOT__HEADER_CONNECTION || known == HOOT__HEADER_DATE;
}

static int copy(hoot_arena *arena, hoot_str *s)
{
    s->ptr = hoot_arena_dup(arena, *s);
    return s->ptr ? 0 : HOOT_ENOMEM;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Blanks around a value are no part of it (RFC 9110 section 5.5). */
static hoot_str trim_blanks(hoot_str s)
{
    for (; s.len && is_blank(s.ptr[0]); s.len--)
        s.ptr++;
    while (s.len && is_blank(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

/* Check and copy what was trimmed. */
static int take_value(hoot_arena *arena, hoot_str *value)
{
    return hoot__http_is_field_value(*value) ? copy(arena, value) : HOOT_EINVAL;
}

/* Check and copy; `replace`: instead of all of that name. */
static int set(hoot_response *resp, const char *name_text, const char *value_text, bool replace)
{
    hoot_str name = hoot_str_from(name_text), value = trim_blanks(hoot_str_from(value_text));
    hoot__known_header known = hoot__http_known_header(name);
    int rc = value_text && hoot__http_is_token(name) && !is_servers(known) ? 0 : HOOT_EINVAL;

    if (rc == 0)
        rc = take_value(resp->req->arena, &value);
    if (rc == 0)
        rc = copy(resp->req->arena, &name);
    if (rc == 0 && replace)
        remove_all(resp, known, name);
    return rc == 0 ? put(resp, known, name, value) : rc;
}

/* --- content types: a program has few of them, so the first ones are checked and copied once --- */

__attribute__((always_inline)) static inline const hoot__header *find_type(const hoot_app *app, hoot_str type)
{
    for (uint32_t i = 0; i < app->type_count; i++) {
        if (hoot__same_text(app->types[i].value, type))
            return &app->types[i];
    }
    return NULL;
}

static void keep_type(hoot_app *app, hoot_str type)
{
    if (app->type_count < HOOT__KEPT_TYPES && type.len <= HOOT__KEPT_TYPE_BYTES && !find_type(app, type) &&
        copy(app->arena, &type) == 0)
        app->types[app->type_count++] = header_of_type(type);
}

/* One that is new. */
__attribute__((noinline)) static int take_type(hoot_response *resp, hoot_str type)
{
    int rc;

    type = trim_blanks(type);
    rc = take_value(resp->req->arena, &type);
    if (rc < 0)
        return rc;
    keep_type(hoot__request_app(resp->req), type);
    hoot__response_put_type(resp, type);
    return 0;
}

int hoot__response_set_type(hoot_response *resp, const char *value)
{
    hoot_str type = hoot_str_from(value);
    const hoot__header *kept = find_type(hoot__request_app(resp->req), type);

    if (!kept)
        return take_type(resp, type);
    resp->headers[0] = *kept;
    resp->header_count = 1;
    return 0;
}

/* --- what an application sets --- */

int hoot_response_set_header(hoot_response *resp, const char *name, const char *value)
{
    return set(resp, name, value, true);
}

int hoot_response_add_header(hoot_response *resp, const char *name, const char *value)
{
    return set(resp, name, value, false);
}

/* Values are terminated: copies are, and so are constants. */
const char *hoot_response_header(const hoot_response *resp, const char *name)
{
    const hoot__header *header = find(resp, hoot_str_from(name));

    return header ? header->value.ptr : NULL;
}

int hoot_response_status(const hoot_response *resp)
{
    return resp->status;
}

void hoot_response_set_status(hoot_response *resp, int status)
{
    if (status >= 200 && status <= 599)
        resp->status = status;
}

int hoot_response_vary(hoot_response *resp, const char *name)
{
    hoot__header *vary = find(resp, HOOT_STR("Vary"));
    const char *joined;

    if (!hoot__http_is_token(hoot_str_from(name)))
        return HOOT_EINVAL;
    if (!vary)
        return hoot_response_add_header(resp, "Vary", name);
    if (hoot__http_list_has(vary->value, name) || hoot_str_is(vary->value, "*"))
        return 0;
    joined = hoot_arena_printf(resp->req->arena, "%.*s, %s", (int)vary->value.len, vary->value.ptr, name);
    if (!joined)
        return HOOT_ENOMEM;
    vary->value = hoot_str_from(joined);
    return 0;
}

/* --- cookies --- */

static int add_cookie(hoot_response *resp, const hoot__set_cookie *cookie, hoot_error *err)
{
    hoot_buf text;
    int rc;

    hoot_buf_init(&text, MAX_COOKIE_BYTES);
    rc = hoot__set_cookie_format(&text, cookie, err);
    if (rc == 0 && hoot_buf_add_byte(&text, '\0') == 0)
        rc = hoot_response_add_header(resp, "Set-Cookie", text.data);
    else if (rc == 0)
        rc = HOOT_ENOMEM;
    hoot_buf_fini(&text);
    if (rc < 0 && hoot_error_code(err) == 0)
        hoot_error_set(err, rc, "the cookie could not be set: %s", hoot_error_text(rc));
    return rc;
}

static hoot__set_cookie cookie_of(const hoot_cookie *cookie)
{
    return (hoot__set_cookie){
        .name = hoot_str_from(cookie->name),
        .value = hoot_str_from(cookie->value),
        .domain = hoot_str_from(cookie->domain),
        .path = hoot_str_from(cookie->path ? cookie->path : "/"),
        .max_age = cookie->max_age ? cookie->max_age : -1,
        .secure = cookie->secure,
        .http_only = !cookie->readable_by_scripts,
        .partitioned = cookie->partitioned,
        .same_site = cookie->same_site ? cookie->same_site : "Lax",
    };
}

int hoot_response_set_cookie(hoot_response *resp, const hoot_cookie *cookie, hoot_error *err)
{
    hoot__set_cookie out = cookie_of(cookie);

    hoot_error_clear(err);
    return add_cookie(resp, &out, err);
}

int hoot_response_delete_cookie(hoot_response *resp, const hoot_cookie *cookie, hoot_error *err)
{
    hoot__set_cookie out = cookie_of(cookie);

    hoot_error_clear(err);
    out.value = hoot_str_of("", 0);
    out.expires = -1;
    out.max_age = 0;
    return add_cookie(resp, &out, err);
}

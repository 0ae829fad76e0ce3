/* A request's session: made at the first call, from the cookie; changed in memory; sent after the hooks
 * (session_finish.c).
 *
 * What came is kept as text (session_json.c), so that the usual request, which asks for one text, costs the
 * verification of one signature and little else. A value that is asked for as JSON is parsed then, and let go
 * with the request's scope.
 *
 * A change is tried before it is made: what would not fit into a cookie is refused by the call that wants to
 * store it, not dropped later. */
#include "web/app_internal.h"
#include "web/session_internal.h"

#include <hoot/json.h>

/* --- from the cookie --- */

/* In all Cookie fields: HTTP/2 may send several. */
static bool find_cookie(const hoot__exchange *ex, hoot_str name, hoot_str *out)
{
    int at = ex->known[HOOT__HEADER_COOKIE];

    while (at >= 0) {
        if (hoot__cookie_find(ex->headers.at[at].value, name, out))
            return true;
        at = hoot__headers_find(&ex->headers, HOOT_STR("cookie"), (size_t)at + 1);
    }
    return false;
}

/* Fill a new session. What is not readable is an empty one. Errors: HOOT_ENOMEM. */
static int load(hoot_request *req, struct hoot__session *session)
{
    const hoot__session_config *config = session->config;
    hoot__session_text text;
    hoot_str cookie;
    int rc;

    session->came = find_cookie(req->ex, config->cookie.name, &cookie);
    if (!session->came)
        return 0;
    rc = hoot__session_unsign(req->arena, config->keys, config->key_count, cookie, hoot__session_now(),
                              config->lifetime_s, &text);
    if (rc == 0)
        rc = hoot__session_read(req->arena, text.json, &session->members);
    if (rc == 0)
        session->payload = text.payload;
    return rc == HOOT_ENOMEM ? rc : 0;
}

struct hoot__session *hoot__session_of(hoot_request *req)
{
    const hoot__session_config *config = hoot__request_app(req)->sessions;
    struct hoot__session *session = req->session;

    if (session || !config)
        return session;
    session = hoot_arena_zalloc(req->arena, sizeof(*session));
    if (!session)
        return NULL;
    session->config = config;
    if (load(req, session) == 0)
        req->session = session;
    return req->session;
}

static hoot__session_member *member_of(hoot_request *req, const char *name)
{
    struct hoot__session *session = hoot__session_of(req);

    return session && name ? hoot__session_find(&session->members, hoot_str_from(name)) : NULL;
}

/* --- reading --- */

static void let_go(hoot_closer *closer, void *user)
{
    struct hoot__session *session = user;

    (void)closer;
    for (size_t i = 0; i < session->members.count; i++) {
        json_decref(session->members.at[i].value);
        session->members.at[i].value = NULL;
    }
}

const json_t *hoot_session_get(hoot_request *req, const char *name)
{
    hoot__session_member *member = member_of(req, name);
    json_t *parsed;

    if (!member || member->value)
        return member ? member->value : NULL;
    parsed = json_loadb(member->json.ptr, member->json.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    member->value = parsed ? hoot__session_untag(parsed) : NULL;
    if (member->value && !req->session->closer.close)
        hoot_scope_defer(&req->scope, &req->session->closer, let_go, req->session);
    return member->value;
}

/* Of {" m": "..."} and such. A text with a NUL in it is none for C. */
static const char *text_in_tag(hoot_request *req, const char *name)
{
    const json_t *value = hoot_session_get(req, name);
    const char *text = json_string_value(value);

    return text && strlen(text) == json_string_length(value) ? text : NULL;
}

const char *hoot_session_text(hoot_request *req, const char *name)
{
    hoot__session_member *member = member_of(req, name);
    hoot_str text;

    if (!member || member->text)
        return member ? member->text : NULL;
    if (member->json.ptr[0] == '{')
        return text_in_tag(req, name);
    if (member->json.ptr[0] != '"' || hoot__session_unquote(req->arena, member->json, &text) < 0 ||
        hoot_str_find(text, '\0') >= 0 || !hoot_str_is_utf8(text))
        return NULL;
    member->text = hoot_arena_dup(req->arena, text);
    return member->text;
}

/* --- changing --- */

/* The session of a request that may still change it. */
static int open_for_change(hoot_request *req, struct hoot__session **out, hoot_error *err)
{
    if (!hoot__request_app(req)->sessions)
        return hoot_error_set(err, HOOT_ECONFIG,
                              "there are no sessions without a secret key: set secret_key in the "
                              "hoot_session_options of hoot_app_sessions()");
    if (req->ex->answered)
        return hoot_error_set(err, HOOT_ESTATE, "the answer has begun: it is too late to change the session");
    *out = hoot__session_of(req);
    return *out ? 0 : hoot_error_set(err, HOOT_ENOMEM, "the session: %s", hoot_error_text(HOOT_ENOMEM));
}

/* Bytes of the JSON text of the members; a little more when the session itself is tagged. */
static size_t json_bytes(const hoot__session_members *members)
{
    size_t bytes = sizeof("{{\" di\":__}}");

    for (size_t i = 0; i < members->count; i++)
        bytes += members->at[i].quoted.len + members->at[i].json.len + 2;
    return bytes;
}

/* Will the cookie be short enough? Compressing is only tried when it would not be without.
 * Errors: HOOT_ELIMIT, HOOT_ENOMEM. */
static int check_fits(const struct hoot__session *session)
{
    size_t room = HOOT__SESSION_MAX_COOKIE_BYTES - HOOT__SESSION_SIGN_BYTES - session->config->line_bytes;
    hoot_buf payload;
    int rc;

    if (json_bytes(&session->members) / 3 * 4 + 4 <= room)
        return 0;
    hoot_buf_init(&payload, room);
    rc = hoot__session_payload(&payload, &session->members);
    hoot_buf_fini(&payload);
    return rc;
}

/* A name and a value as JSON, in the request's arena. */
static int make_member(hoot_request *req, const char *name, hoot_value value, hoot__session_member *out)
{
    const hoot_value text = hoot_value_text(name);
    hoot_buf json;
    const char *copy;
    size_t name_bytes;
    int rc;

    hoot_buf_init(&json, HOOT__SESSION_MAX_JSON_BYTES);
    rc = hoot__session_write_value(&json, &text);
    name_bytes = json.len;
    if (rc == 0)
        rc = hoot__session_write_value(&json, &value);
    copy = rc == 0 ? hoot_arena_dup(req->arena, hoot_buf_str(&json)) : NULL;
    if (rc == 0 && !copy)
        rc = HOOT_ENOMEM;
    if (rc == 0) {
        out->quoted = hoot_str_of(copy, name_bytes);
        out->json = hoot_str_of(copy + name_bytes, json.len - name_bytes);
        rc = hoot__session_unquote(req->arena, out->quoted, &out->name);
    }
    hoot_buf_fini(&json);
    return rc;
}

/* Put it in the place of the one it replaces, or at the end; not at all when the cookie grows too long. */
static int store(hoot_request *req, struct hoot__session *session, const hoot__session_member *member)
{
    hoot__session_member *old = hoot__session_find(&session->members, member->name);
    hoot__session_member before = old ? *old : (hoot__session_member){ 0 };
    int rc = 0;

    if (old)
        *old = *member;
    else
        rc = hoot__session_append(req->arena, &session->members, member);
    if (rc < 0)
        return rc;
    rc = check_fits(session);
    if (rc == 0)
        json_decref(before.value);
    else if (old)
        *old = before;
    else
        session->members.count--;
    return rc;
}

static int say_why(hoot_error *err, int rc, const char *name)
{
    if (rc == HOOT_ELIMIT)
        return hoot_error_set(err, rc, "session value %.64s: the cookie would be longer than %d bytes", name,
                              HOOT__SESSION_MAX_COOKIE_BYTES);
    if (rc == HOOT_EINVAL)
        return hoot_error_set(err, rc, "session value %.64s: it has no form in JSON", name);
    return hoot_error_set(err, rc, "session value %.64s: %s", name, hoot_error_text(rc));
}

int hoot_session_set_value(hoot_request *req, const char *name, hoot_value value, hoot_error *err)
{
    hoot__session_member member = { 0 };
    struct hoot__session *session;
    int rc = name ? open_for_change(req, &session, err)
                  : hoot_error_set(err, HOOT_EINVAL, "a value in the session has a name");

    if (rc < 0)
        return rc;
    rc = make_member(req, name, value, &member);
    if (rc == 0)
        rc = store(req, session, &member);
    if (rc < 0)
        return say_why(err, rc, name);
    session->modified = true;
    return 0;
}

int hoot_session_remove(hoot_request *req, const char *name, hoot_error *err)
{
    hoot__session_member *member;
    struct hoot__session *session;
    int rc = open_for_change(req, &session, err);

    if (rc < 0)
        return rc;
    member = hoot__session_find(&session->members, hoot_str_from(name));
    if (name && member) {
        json_decref(member->value);
        hoot__session_drop(&session->members, member);
        session->modified = true;
    }
    return 0;
}

/* A cookie that was not readable is deleted too: whoever logs out wants it gone. */
int hoot_session_clear(hoot_request *req, hoot_error *err)
{
    struct hoot__session *session;
    int rc = open_for_change(req, &session, err);

    if (rc < 0)
        return rc;
    session->modified = session->modified || session->came || session->members.count;
    let_go(&session->closer, session);
    session->members.count = 0;
    return 0;
}

int hoot_session_set_permanent(hoot_request *req, bool permanent, hoot_error *err)
{
    return hoot_session_set_value(req, "_permanent", hoot_value_bool(permanent), err);
}

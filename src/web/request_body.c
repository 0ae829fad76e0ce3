/* The body of a request: streamed, whole, as JSON, as a form.
 *
 * The protocol gives pieces that live until the next one; a whole body is read straight into the arena, and
 * kept. What is reserved for it grows with what comes, since a client may announce any length and never send
 * it. How a body can fail is the protocol's to say (too long, too slow, not well formed): its code is kept,
 * so that every later call gives the same, and hoot_fail() answers with the status that the protocol named.
 */
#include "base/arena.h"
#include "web/app_internal.h"

#include <hoot/json.h>

/* What is reserved at first for a body of unknown length, and at most for one whose length was announced.
 * Memory that nothing was written to is not resident. */
enum { FIRST_BYTES = 4096, AT_ONCE_BYTES = 1024 * 1024 };

/* --- pieces --- */

static const char *body_text(int code)
{
    switch (code) {
    case HOOT_ELIMIT: return "the request's body is too long";
    case HOOT_EBADINPUT: return "the request's body is not well formed";
    case HOOT_ETIMEOUT: return "the request's body came too slowly";
    case HOOT_EEOF: return "the client closed the connection before the request's body was whole";
    case HOOT_ECANCELED: return "the client went away";
    default: return hoot_error_text(code);
    }
}

static int body_failed(hoot_request *req, int code, hoot_error *err)
{
    if (req->body_state != HOOT__BODY_FAILED) {
        req->body_state = HOOT__BODY_FAILED;
        req->body_code = code;
    }
    return hoot_error_set(err, code, "%s", body_text(code));
}

int hoot_body_read(hoot_request *req, hoot_str *out_piece, hoot_error *err)
{
    int rc;

    if (req->body_state == HOOT__BODY_WHOLE)
        return hoot_error_set(err, HOOT_ESTATE, "the body was read as a whole already");
    if (req->body_state == HOOT__BODY_FAILED)
        return body_failed(req, req->body_code, err);
    req->body_state = HOOT__BODY_STREAMED;
    rc = req->ex->ops->read_body(req->ex, out_piece);
    return rc < 0 ? body_failed(req, rc, err) : rc;
}

int64_t hoot_request_content_length(const hoot_request *req)
{
    return req->ex->content_length;
}

/* --- the whole --- */

static size_t first_room(int64_t length)
{
    if (length < 0)
        return FIRST_BYTES;
    return length < AT_ONCE_BYTES ? (size_t)length : AT_ONCE_BYTES;
}

/* Twice as much, but not more than was announced. */
static size_t next_room(int64_t length, size_t room)
{
    return length >= 0 && (uint64_t)length < 2 * room ? (size_t)length : 2 * room;
}

static int read_whole(hoot_request *req)
{
    hoot__exchange *ex = req->ex;
    size_t room = first_room(ex->content_length), len = 0, more = 0;
    char *at = hoot_arena_alloc(req->arena, room + 1);
    int rc = 1;

    while (at && (int64_t)len != ex->content_length) {
        rc = ex->ops->fill_body(ex, at + len, room - len, &more);
        if (rc <= 0)
            break;
        len += more;
        if (len == room && (int64_t)len != ex->content_length) {
            at = hoot__arena_grow(req->arena, at, room + 1, next_room(ex->content_length, room) + 1);
            room = next_room(ex->content_length, room);
        }
    }
    if (!at || rc < 0)
        return at ? rc : HOOT_ENOMEM;
    at[len] = '\0';
    req->body = hoot_str_of(at, len);
    req->body_state = HOOT__BODY_WHOLE;
    return 0;
}

int hoot_request_body(hoot_request *req, hoot_str *out, hoot_error *err)
{
    int rc = 0;

    if (req->body_state == HOOT__BODY_STREAMED)
        return hoot_error_set(err, HOOT_ESTATE, "the body was read in pieces already");
    if (req->body_state == HOOT__BODY_FAILED)
        return body_failed(req, req->body_code, err);
    if (req->body_state == HOOT__BODY_UNREAD)
        rc = read_whole(req);
    if (rc < 0)
        return body_failed(req, rc, err);
    *out = req->body;
    return 0;
}

/* --- JSON --- */

static bool is_json_type(hoot_str type)
{
    return hoot_str_equal_nocase(type, HOOT_STR("application/json")) ||
           (type.len > 5 &&
            hoot_str_equal_nocase(hoot_str_from_index(type, type.len - 5), HOOT_STR("+json")));
}

bool hoot__request_has_json(const hoot_request *req)
{
    return is_json_type(hoot__media_type(hoot__exchange_known(req->ex, HOOT__HEADER_CONTENT_TYPE)));
}

static void release_json(hoot_closer *closer, void *user)
{
    (void)closer;
    json_decref(user);
}

struct json_t *hoot_request_json(hoot_request *req, hoot_error *err)
{
    hoot_error own;
    hoot_str body;

    if (req->json)
        return req->json;
    if (!hoot__request_has_json(req)) {
        hoot_error_set(err, HOOT_EBADINPUT, "Content-Type is not application/json");
        return NULL;
    }
    if (hoot_request_body(req, &body, err) < 0)
        return NULL;
    hoot_error_clear(&own);
    req->json = hoot_json_parse(body, &own);
    if (req->json)
        hoot_scope_defer(&req->scope, &req->json_closer, release_json, req->json);
    else
        hoot_error_set(err, own.code == HOOT_ENOMEM ? own.code : HOOT_EBADINPUT, "%s", own.text);
    return req->json;
}

/* --- forms --- */

static int form_failed(int code, hoot_error *err)
{
    if (code == HOOT_ELIMIT)
        return hoot_error_set(err, code, "the form has more than %d fields", HOOT__MAX_FORM_FIELDS);
    if (code == HOOT_EBADINPUT)
        return hoot_error_set(err, code, "the form is not percent-encoded UTF-8");
    return hoot_error_set(err, code, "the form could not be read: %s", hoot_error_text(code));
}

static int parse_form(hoot_request *req, hoot_error *err)
{
    hoot_str type = hoot__media_type(hoot__exchange_known(req->ex, HOOT__HEADER_CONTENT_TYPE)), body;
    int rc;

    if (!hoot_str_equal_nocase(type, HOOT_STR("application/x-www-form-urlencoded")))
        return hoot_error_set(err, HOOT_EBADINPUT, "Content-Type is not application/x-www-form-urlencoded");
    if (req->body_state == HOOT__BODY_UNREAD && req->ex->body_limit > HOOT__MAX_FORM_BYTES)
        req->ex->body_limit = HOOT__MAX_FORM_BYTES;
    rc = hoot_request_body(req, &body, err);
    if (rc < 0)
        return rc;
    if (body.len > HOOT__MAX_FORM_BYTES)
        return hoot_error_set(err, HOOT_ELIMIT, "the form is longer than %d bytes", HOOT__MAX_FORM_BYTES);
    rc = hoot__pairs_parse(req->arena, body, HOOT__MAX_FORM_FIELDS, &req->form);
    if (rc < 0)
        return form_failed(rc, err);
    req->form_parsed = true;
    return 0;
}

int hoot_form_at(hoot_request *req, const char *name, size_t index, const char **out, hoot_error *err)
{
    int rc = req->form_parsed ? 0 : parse_form(req, err);

    if (rc == 0)
        *out = hoot__pairs_at(&req->form, name, index);
    return rc;
}

int hoot_form(hoot_request *req, const char *name, const char **out, hoot_error *err)
{
    return hoot_form_at(req, name, 0, out, err);
}

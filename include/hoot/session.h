/* The session: values that come back with the client's next request, in a cookie that is signed byte for byte
 * as Flask and Quart sign theirs, so that either side reads the other's. Signed, not encrypted: the client
 * can read it.
 *
 * The cookie is parsed at the first call and written when something changed. A cookie that is forged, expired
 * or not readable is an empty session; so are a few that Python's lenient reading would take: text with
 * U+0000 or a lone surrogate, a name twice in an object, base64 with padding, more than 64 KiB inflated.
 * Flask and Quart write none of these by themselves. No secret key: reading gives nothing, writing is
 * HOOT_ECONFIG and says so. */
#ifndef HOOT_SESSION_H
#define HOOT_SESSION_H

#include <hoot/request.h>

HOOT_BEGIN_DECLS

/* Text in the session, NULL: absent, or not text. Lives: until it is changed, at most as long as the request.
 */
HOOT_API const char *hoot_session_text(hoot_request *req, const char *name);

/* A value as jansson has it, with the tags of Flask resolved as follows: tuple: array; bytes: {" b": base64};
 * UUID, datetime, markup: text. Lives: until it is changed, at most as long as the request. NULL: absent, or
 * nothing that jansson can hold (NaN, integers over 64 bits), which is kept all the same. */
HOOT_API const struct json_t *hoot_session_get(hoot_request *req, const char *name);

/* Set, remove, empty. hoot_session_set(req, err, "user", "user_17"): the value is a HOOT_VALUE() of any JSON
 * kind; bytes and datetimes get Flask's tags, and an object that looks like a tag is escaped, so that JSON is
 * JSON for Python too. Errors: HOOT_ECONFIG no secret key; HOOT_EINVAL the value is no JSON; HOOT_ELIMIT the
 * cookie would be over 4,093 bytes; HOOT_ESTATE the response was started. */
#define hoot_session_set(req, err, name, value) hoot_session_set_value(req, name, HOOT_VALUE(value), err)
HOOT_API int hoot_session_set_value(hoot_request *req, const char *name, hoot_value value, hoot_error *err);
HOOT_API int hoot_session_remove(hoot_request *req, const char *name, hoot_error *err);
HOOT_API int hoot_session_clear(hoot_request *req, hoot_error *err);

/* Keep it after the browser ends: the cookie gets Expires, and is renewed with each answer. */
HOOT_API int hoot_session_set_permanent(hoot_request *req, bool permanent, hoot_error *err);

/* How sessions are kept; zero is the default beside it. Text is copied. */
typedef struct hoot_session_options {
    const char *secret_key;           /* NULL or "": no sessions */
    const char *const *fallback_keys; /* older keys, newest first, NULL-terminated: cookies signed with them
                                         are still read */
    const char *cookie_name;          /* "session" */
    const char *domain;               /* none */
    const char *path;                 /* "/" */
    int64_t lifetime_s;               /* 2,678,400 (31 days): older cookies are not read */
    const char *same_site;            /* "Lax"; "" leaves it out */
    enum { HOOT_SECURE_AUTO, HOOT_SECURE_ALWAYS, HOOT_SECURE_NEVER } secure; /* AUTO: when served over TLS */
    bool readable_by_scripts;                                                /* false: HttpOnly */
} hoot_session_options;

/* Called again, it replaces the options before. Cookies that browsers keep only when they are Secure
 * (SameSite=None, __Host- names) get it under HOOT_SECURE_AUTO however they are served. Errors: HOOT_ENOMEM,
 * HOOT_ECONFIG; HOOT_ESTATE while serving. */
HOOT_API int hoot_app_sessions(hoot_app *app, const hoot_session_options *options, hoot_error *err);

HOOT_END_DECLS
#endif

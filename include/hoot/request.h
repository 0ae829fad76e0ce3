/* hoot_request: what a client asked. Everything got from it lives until the handler has returned and its
 * response was sent. */
#ifndef HOOT_REQUEST_H
#define HOOT_REQUEST_H

#include <hoot/error.h>
#include <hoot/scope.h>
#include <hoot/str.h>
#include <hoot/value.h>

HOOT_BEGIN_DECLS

typedef struct hoot_request hoot_request;
typedef struct hoot_app hoot_app;

/* The app and the request of the task that runs, also in tasks of its groups. NULL outside of them. */
HOOT_API hoot_app *hoot_current_app(void);
HOOT_API hoot_request *hoot_current_request(void);

/* "GET"; the decoded path, "/users/ada"; both terminated. */
HOOT_API const char *hoot_request_method(const hoot_request *req);
HOOT_API const char *hoot_request_path(const hoot_request *req);
/* The target as sent: "/users/ada%20l?x=1". */
HOOT_API hoot_str hoot_request_target(const hoot_request *req);
HOOT_API hoot_str hoot_request_query_text(const hoot_request *req);
/* "http" or "https"; the Host header or the authority of the target; 10, 11 or 20. */
HOOT_API const char *hoot_request_scheme(const hoot_request *req);
HOOT_API const char *hoot_request_host(const hoot_request *req);
HOOT_API int hoot_request_version(const hoot_request *req);
/* The peer's address, "203.0.113.9"; "" over a unix socket. */
HOOT_API const char *hoot_request_remote(const hoot_request *req);
/* The rule that matched, "/users/<int:id>"; NULL before routing and when none did. */
HOOT_API const char *hoot_request_route(const hoot_request *req);
/* Memory that lives as long as the request. */
HOOT_API hoot_arena *hoot_request_arena(hoot_request *req);

/* A part of the path by its name in the rule ("/users/<int:id>"). hoot_path_text gives NULL, hoot_path_int 0,
 * for a name that the rule does not have (of that type): the rule guarantees the others. */
HOOT_API const char *hoot_path_text(const hoot_request *req, const char *name);
HOOT_API int64_t hoot_path_int(const hoot_request *req, const char *name);
HOOT_API double hoot_path_float(const hoot_request *req, const char *name);

/* The first query argument of that name, decoded and terminated; NULL: absent. A query that is not
 * percent-encoded UTF-8, or has over 1,000 arguments, is answered with 400 before the before_request hooks
 * and the handler run. */
HOOT_API const char *hoot_arg(hoot_request *req, const char *name);
/* The index-th argument of that name, for repeated ones; NULL: no more. */
HOOT_API const char *hoot_arg_at(hoot_request *req, const char *name, size_t index);

/* The first header field of that name (any case), terminated; NULL: absent. And the index-th. */
HOOT_API const char *hoot_header(hoot_request *req, const char *name);
HOOT_API const char *hoot_header_at(hoot_request *req, const char *name, size_t index);
/* Every field in turn: false behind the last. */
HOOT_API bool hoot_header_each(const hoot_request *req, size_t index, hoot_str *out_name,
                               hoot_str *out_value);

/* A cookie's value, terminated; NULL: absent. */
HOOT_API const char *hoot_cookie_value(hoot_request *req, const char *name);

/* --- the body. Each of these suspends until it is there. Over the route's body_limit: HOOT_ELIMIT, which
 * hoot_fail() answers with 413; too slow: HOOT_ETIMEOUT, 408 then. --- */

/* Length the client announced; -1: chunked. */
HOOT_API int64_t hoot_request_content_length(const hoot_request *req);

/* The whole body, kept: a second call gives the same. Errors: negative, `err`. HOOT_ESTATE: hoot_body_read()
 * was used. */
HOOT_API int hoot_request_body(hoot_request *req, hoot_str *out, hoot_error *err);

/* The next piece of the body, not kept: lives until the next call. While the handler does not call, the
 * client is not read from. Gives: 1 and a piece, 0 at the end.  Errors: negative. */
HOOT_API int hoot_body_read(hoot_request *req, hoot_str *out_piece, hoot_error *err);

/* A trailer field after the end of a chunked body; NULL: absent. */
HOOT_API const char *hoot_trailer(hoot_request *req, const char *name);

/* The body as JSON (RFC 8259), borrowed. At most 100 levels deep; duplicate names in an object are refused.
 * Errors: NULL: HOOT_EBADINPUT it is no JSON, or Content-Type is not application/json or *+json: `err` says
 * where it went wrong. */
HOOT_API struct json_t *hoot_request_json(hoot_request *req, hoot_error *err);

/* A field of an application/x-www-form-urlencoded body; at most 1,000 fields and 500,000 bytes.
 * Gives: 0 and the first value, terminated; *out is NULL when the form has no such field.  Errors:
 * HOOT_EBADINPUT no such form; HOOT_ELIMIT. */
HOOT_API int hoot_form(hoot_request *req, const char *name, const char **out, hoot_error *err);
HOOT_API int hoot_form_at(hoot_request *req, const char *name, size_t index, const char **out,
                          hoot_error *err);

/* A pointer kept with the request under a key (an address of yours), for hooks to hand something to handlers;
 * at most 16. */
HOOT_API int hoot_request_set(hoot_request *req, const void *key, void *value);
HOOT_API void *hoot_request_get(const hoot_request *req, const void *key);

HOOT_END_DECLS
#endif

/* hoot_response: what a handler returns. Made in the request's memory; sent after the after_request hooks.
 *
 * The makers never give NULL: without memory they give a fixed 503. A handler that returns NULL is answered
 * with 500. */
#ifndef HOOT_RESPONSE_H
#define HOOT_RESPONSE_H

#include <hoot/request.h>

HOOT_BEGIN_DECLS

typedef struct hoot_response hoot_response;

/* JSON from a value: hoot_json(req, 200, hoot_object("login", "ok")). Written at once, compact, in the order
 * given, ended by a newline, non-ASCII as \uXXXX as Quart writes it; NaN and infinities become null; dates
 * "2026-02-23T10:00:00.5"; bytes base64. */
HOOT_API hoot_response *hoot_json(hoot_request *req, int status, hoot_value value);
/* JSON from a jansson value, taken over. */
HOOT_API hoot_response *hoot_json_take(hoot_request *req, int status, struct json_t *json_take);

/* text/plain, text/html (both charset=utf-8): copied. */
HOOT_API hoot_response *hoot_text(hoot_request *req, int status, const char *text);
HOOT_API hoot_response *hoot_textf(hoot_request *req, int status, const char *format, ...) HOOT_PRINTF(3, 4);
HOOT_API hoot_response *hoot_html(hoot_request *req, int status, const char *html);

/* Bytes that are not copied: they must live as long as the request (hoot_request_arena()) or for ever. */
HOOT_API hoot_response *hoot_bytes(hoot_request *req, int status, const char *content_type, hoot_str bytes);

/* No body. */
HOOT_API hoot_response *hoot_empty(hoot_request *req, int status);

/* 302 (or the status given: 301, 302, 303, 307, 308). A location with CR, LF or other control bytes is
 * answered with 500. */
HOOT_API hoot_response *hoot_redirect(hoot_request *req, const char *location);
HOOT_API hoot_response *hoot_redirect_status(hoot_request *req, int status, const char *location);

/* The expected failures: an answer in the form the app's error handlers give, or `{"error":"no such user"}`
 * for JSON clients and text otherwise. */
HOOT_API hoot_response *hoot_abort(hoot_request *req, int status, const char *text);

/* The unexpected ones: the status of err's code (hoot_error_status()), one log line with what happened; the
 * client is told nothing but the status. HOOT_EBADINPUT and HOOT_ELIMIT are the client's own: it is told
 * `err->text`, nothing is logged. */
HOOT_API hoot_response *hoot_fail(hoot_request *req, const hoot_error *err);

/* What a streamed response's function writes with. Suspends: while the client is slow. Errors: HOOT_ECANCELED
 * the client went away. */
typedef struct hoot_writer hoot_writer;
HOOT_API int hoot_write(hoot_writer *writer, hoot_str bytes);
HOOT_API int hoot_write_text(hoot_writer *writer, const char *text);

/* Produces the body, in the request's task after the handler returned. Gives 0; negative: the connection is
 * cut, so that the client sees the body is not whole. */
typedef int (*hoot_stream_fn)(hoot_writer *writer, hoot_error *err, void *arg);

/* A streamed answer. content_length -1: not known (chunked). */
HOOT_API hoot_response *hoot_stream_response(hoot_request *req, int status, const char *content_type,
                                             int64_t content_length, hoot_stream_fn produce, void *arg);

/* --- changing a response --- */
HOOT_API int hoot_response_status(const hoot_response *resp);
HOOT_API void hoot_response_set_status(hoot_response *resp, int status);

/* Set a header, instead of all of that name; add one more. Copied.
 * Errors: HOOT_EINVAL not a token, or a value with CR, LF, NUL; HOOT_ENOMEM; Content-Length,
 * Transfer-Encoding, Connection and Date are the server's: HOOT_EINVAL. */
HOOT_API int hoot_response_set_header(hoot_response *resp, const char *name, const char *value);
HOOT_API int hoot_response_add_header(hoot_response *resp, const char *name, const char *value);
/* The first of that name; NULL. */
HOOT_API const char *hoot_response_header(const hoot_response *resp, const char *name);
/* Add a name to Vary, once. */
HOOT_API int hoot_response_vary(hoot_response *resp, const char *name);

/* A cookie to set; zero is the default beside it. */
typedef struct hoot_cookie {
    const char *name, *value;
    const char *domain; /* none: this host only */
    const char *path;   /* "/" */
    int64_t max_age;    /* seconds; 0: until the browser ends */
    bool secure;
    bool readable_by_scripts; /* false: HttpOnly */
    const char *same_site;    /* "Lax" */
    bool partitioned;
} hoot_cookie;

/* Errors: HOOT_EINVAL name or value may not stand in a cookie; SameSite=None without secure; HOOT_ENOMEM. */
HOOT_API int hoot_response_set_cookie(hoot_response *resp, const hoot_cookie *cookie, hoot_error *err);
HOOT_API int hoot_response_delete_cookie(hoot_response *resp, const hoot_cookie *cookie, hoot_error *err);

HOOT_END_DECLS
#endif

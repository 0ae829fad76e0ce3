/* What the files of this room share of a request: the value behind hoot_request.
 *
 * It lives in the exchange's arena, made by hoot__app_serve() and gone with it. `context` is what the task
 * carries: hoot_current_app() and hoot_current_request() read it, in the request's task and in tasks of its
 * groups. */
#ifndef HOOT_WEB_REQUEST_INTERNAL_H
#define HOOT_WEB_REQUEST_INTERNAL_H

#include "http/exchange.h"
#include "http/message.h"
#include "runtime/task.h"
#include "web/response_internal.h"

#include <hoot/app.h>

typedef struct hoot__layer hoot__layer;
typedef struct hoot__rule hoot__rule;

/* Bounds of what a client may send in lists of names and values. */
enum {
    HOOT__MAX_ARGS = 1000,
    HOOT__MAX_FORM_FIELDS = 1000,
    HOOT__MAX_FORM_BYTES = 500000,
    HOOT__MAX_REQUEST_KEYS = 16,
};

/* The context of a task: of a request's, or, with `request` NULL, of a background task of the app. */
typedef struct hoot__web_context {
    hoot_app *app;
    hoot_request *request;
} hoot__web_context;

/* A part of the path that a converter took. */
typedef struct hoot__path_value {
    hoot_str text; /* decoded; terminated once a rule was chosen */
    int64_t integer;
    double real;
} hoot__path_value;

typedef enum hoot__body_state {
    HOOT__BODY_UNREAD,
    HOOT__BODY_STREAMED, /* hoot_body_read() was used */
    HOOT__BODY_WHOLE,    /* `body` is all of it */
    HOOT__BODY_FAILED,   /* `body_code` says how */
} hoot__body_state;

/* A pointer kept with hoot_request_set(). */
typedef struct hoot__request_slot {
    const void *key;
    void *value;
} hoot__request_slot;

struct hoot_request {
    hoot__web_context context;
    hoot__exchange *ex;
    hoot_arena *arena; /* the exchange's */

    const hoot__layer *layer; /* whose hooks and error handlers apply; the app's when no rule matched */
    const hoot__layer *cors;  /* whose CORS rules apply */
    const hoot__rule *rule;   /* that matched, or NULL */
    hoot__path_value *values; /* of its converters, in order; when there is a rule */

    /* These begin as zeros, and are few enough for as few stores: see make_request(). */
    const char *method, *path, *host; /* terminated copies, made when first asked for */
    hoot__pairs args;                 /* of the query, parsed before the handler runs */
    struct json_t *json;              /* parsed body, owned; released by `json_closer` */
    struct hoot__session *session;    /* made at the first call of session.h */
    hoot_error *failure; /* what hoot_fail() was told, for teardown hooks; NULL: nothing failed */
    hoot__body_state body_state;
    int body_code; /* why reading failed */
    uint16_t slot_count;
    bool form_parsed;
    bool in_error_handler; /* an error handler's own failure is answered by the built-in one */

    /* From here on nothing is cleared: what stands above says when it is good. */
    hoot_scope scope;
    hoot_str body;
    hoot__pairs form;
    hoot_closer json_closer;
    hoot__request_slot *slots;
    hoot_response fallback; /* the fixed 503 of the makers when there is no memory */
};

/* The app of a request. */
static inline hoot_app *hoot__request_app(const hoot_request *req)
{
    return req->context.app;
}

/* The index-th pair of that name; NULL: none. Terminated. */
const char *hoot__pairs_at(const hoot__pairs *pairs, const char *name, size_t index);

/* The first cookie of that name, as sent; false: absent. */
bool hoot__request_cookie(const hoot_request *req, hoot_str name, hoot_str *out);

/* The Content-Type without parameters is application/json or ends in +json. */
bool hoot__request_has_json(const hoot_request *req);

#endif

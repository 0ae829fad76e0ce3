/* hoot_blueprint: routes and hooks that belong together, as constant tables. */
#ifndef HOOT_BLUEPRINT_H
#define HOOT_BLUEPRINT_H

#include <hoot/cors.h>
#include <hoot/response.h>

HOOT_BEGIN_DECLS

typedef struct hoot_blueprint hoot_blueprint;

/* Answers a request. Runs in a task of its own; may suspend. */
typedef hoot_response *(*hoot_handler_fn)(hoot_request *req);
/* Before the handler: NULL to go on, a response to answer with it. */
typedef hoot_response *(*hoot_before_request_fn)(hoot_request *req);
/* After the handler, also after errors: gives the response to send, `resp` or another. */
typedef hoot_response *(*hoot_after_request_fn)(hoot_request *req, hoot_response *resp);
/* After the response was made, whatever happened; `err` is NULL when nothing failed. */
typedef void (*hoot_teardown_fn)(hoot_request *req, const hoot_error *err);
/* Makes the response for a status (404, 405, hoot_abort()'s) or, `err` not NULL, for a failure. NULL: the
 * built-in one. */
typedef hoot_response *(*hoot_error_fn)(hoot_request *req, int status, const char *text,
                                        const hoot_error *err);

typedef struct hoot_route {
    const char *methods; /* "GET", or several: "GET POST". GET answers HEAD too; OPTIONS is automatic; "*":
                            every method */
    const char *path;    /* "/users/<int:id>": rules below */
    hoot_handler_fn handler;
    const char *name;    /* for reports; NULL: the path */
    uint64_t body_limit; /* bytes; 0: the blueprint's, else the app's (16 MiB). UINT64_MAX: none */
    uint32_t timeout_ms; /* 0: the blueprint's, else the app's (60,000) */
} hoot_route;

/* Rules, as in Quart: "<name>" and "<string:name>" one part without '/';
 * "<string(minlength=2,maxlength=8):name>", "<string(length=2):name>";
 * "<int:name>", "<int(min=1,max=9,fixed_digits=3,signed=True):name>"; "<float:name>"; "<path:name>" the rest
 * with its slashes, once a rule; "<uuid:name>"; "<any(a,b):name>". A part takes one converter, with text
 * around it: "/<name>.json". Static parts win over converters, converters by weight. A rule that ends in '/'
 * answers the path without it by a 308; a doubled slash is answered by a 308 to the path without it. A value
 * that a converter does not take is no match: 404.
 *
 * A part is decoded once, after the path was cut at its slashes: a text value may hold a '/' that was sent as
 * %2F. A <path:...> never begins with one, but may hold ".." parts. */

typedef struct hoot_error_handler {
    int status; /* 400 to 599; 0: every failure without a handler of its own */
    hoot_error_fn handler;
} hoot_error_handler;

struct hoot_blueprint {
    const char *name;
    const char *prefix;       /* "/api"; NULL: none. Converters are allowed in it */
    const hoot_route *routes; /* HOOT_ROUTES(...) */
    const hoot_before_request_fn
        *before_request; /* HOOT_BEFORE(...): the app's first, then from outer to inner blueprint */
    const hoot_after_request_fn *after_request; /* HOOT_AFTER(...): inner to outer, each list from its end */
    const hoot_teardown_fn *teardown;           /* HOOT_TEARDOWN(...): the same */
    const hoot_error_handler *errors;           /* HOOT_ERRORS(...): the inner blueprint's first */
    const hoot_blueprint *const *children;      /* HOOT_CHILDREN(&a, &b) */
    const hoot_cors *cors;                      /* NULL: the outer one's */
    uint64_t body_limit;
    uint32_t timeout_ms;
};

#ifndef __cplusplus
/* For blueprints at file scope: there, and only there, C lets these tables live for ever. A table names only
 * what it sets: with -Wextra, say -Wno-missing-field-initializers too. */
#define HOOT_ROUTES(...)   ((const hoot_route[]){ __VA_ARGS__, { 0 } })
#define HOOT_ERRORS(...)   ((const hoot_error_handler[]){ __VA_ARGS__, { 0 } })
#define HOOT_CHILDREN(...) ((const hoot_blueprint *const[]){ __VA_ARGS__, NULL })
/* HOOT_BEFORE(f, g), HOOT_AFTER(f, g), HOOT_TEARDOWN(f, g) */
#define HOOT_BEFORE(...)   ((const hoot_before_request_fn[]){ __VA_ARGS__, NULL })
#define HOOT_AFTER(...)    ((const hoot_after_request_fn[]){ __VA_ARGS__, NULL })
#define HOOT_TEARDOWN(...) ((const hoot_teardown_fn[]){ __VA_ARGS__, NULL })
#endif

HOOT_END_DECLS
#endif

/* What the files of this room share of an app: the value behind hoot_app.
 *
 * A layer is what a blueprint becomes when it is registered: its constant tables, and the layers around it.
 * The app's own hooks are layer 0, in tables that grow. A request has one layer; the hooks of all layers from
 * the app's to it apply. */
#ifndef HOOT_WEB_APP_INTERNAL_H
#define HOOT_WEB_APP_INTERNAL_H

#include "web/hooks.h"
#include "web/request_internal.h"
#include "web/router.h"

#include <hoot/lock.h>

/* CORS rules made ready for answering: lists joined. See cors.c. */
typedef struct hoot__cors hoot__cors;

struct hoot__layer {
    const char *name;
    const hoot_before_request_fn *before; /* NULL-terminated, or NULL; so are the next two */
    const hoot_after_request_fn *after;
    const hoot_teardown_fn *teardown;
    hoot__hooks hooks;                /* when the app serves: of all layers from the app's to this one */
    const hoot_error_handler *errors; /* up to a handler of NULL, or NULL */
    const hoot__cors *cors; /* its own when it is made, the effective one when the app serves; NULL: none */
    uint64_t body_limit;    /* the same; never 0 when the app serves */
    uint32_t timeout_ms;
    uint32_t depth;                         /* 0: the app's */
    struct hoot__layer *next;               /* all layers of an app, outer ones first */
    const struct hoot__layer *const *chain; /* depth + 1 layers: from the app's to this one */
};

enum { HOOT__KEPT_TYPES = 8, HOOT__KEPT_TYPE_BYTES = 64 };

struct hoot_app {
    char *name;
    hoot_arena *arena; /* rules, layers, the tree */
    void *state;
    void (*free_state)(void *state);

    hoot__layer root; /* the app's own hooks, limits and CORS */
    const hoot__layer *root_chain[1];
    hoot__layer *last_layer;
    hoot_before_request_fn *before; /* the growing tables behind root's pointers */
    hoot_after_request_fn *after;
    hoot_teardown_fn *teardown;
    hoot_error_handler *errors;
    size_t before_count, after_count, teardown_count, error_count;
    hoot_before_serving_fn *before_serving;
    hoot_after_serving_fn *after_serving;
    size_t before_serving_count, after_serving_count;

    hoot__router router;
    hoot__header types[HOOT__KEPT_TYPES]; /* of content types that handlers gave, checked and copied */
    uint32_t type_count;
    hoot_buf scratch; /* where a JSON answer or a template is written before it is copied to its length; not
                         used across a suspension */

    bool serving;
    hoot_scope *scope;         /* while serving */
    hoot_event *stopping;      /* while serving: set when background tasks should end */
    hoot__web_context context; /* { app, NULL }: of hooks and background tasks */

    struct hoot__session_config *sessions; /* hoot_app_sessions(); NULL: none */
    struct hoot__template_set *templates;  /* hoot_app_templates(); NULL: none */
};

/* hoot_app_register() without the check whether the app serves. */
int hoot__app_add_blueprint(hoot_app *app, const hoot_blueprint *blueprint, const char *prefix,
                            hoot_error *err);

/* One route of a layer; the text of all fields is copied. */
int hoot__app_add_route(hoot_app *app, const hoot__layer *layer, const char *prefix, const hoot_route *route,
                        hoot_error *err);

/* Lists and origins checked and made ready, in the arena. Errors: HOOT_ECONFIG, HOOT_ENOMEM. */
int hoot__cors_compile(hoot_arena *arena, const hoot_cors *cors, const hoot__cors **out, hoot_error *err);
/* The answer to a preflight that these rules allow; NULL: it is none, or is not allowed. */
hoot_response *hoot__cors_preflight(hoot_request *req, const hoot__cors *cors);
/* Add what a browser needs to let the page read the answer. */
int hoot__cors_apply(hoot_request *req, const hoot__cors *cors, hoot_response *resp);

#endif

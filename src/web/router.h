/* The router: from a method and a path to a rule. See router.c. */
#ifndef HOOT_WEB_ROUTER_H
#define HOOT_WEB_ROUTER_H

#include "web/rule.h"

/* A registered route. */
struct hoot__rule {
    const char *rule;      /* "/api/users/<int:id>": prefixes and path joined */
    const char *methods;   /* as given: "GET POST" */
    const char *name;      /* for reports */
    const char *blueprint; /* the layer's name */
    hoot_handler_fn handler;
    const hoot__layer *layer;
    uint64_t body_limit; /* 0: the layer's */
    uint32_t timeout_ms; /* 0: the layer's */
    hoot__pattern pattern;
    struct hoot__rule *next; /* in registration order */
};

typedef struct hoot__node hoot__node;
typedef struct hoot__static_slot hoot__static_slot;

typedef struct hoot__router {
    hoot_arena *arena; /* the app's */
    hoot__node *root;
    hoot__rule *first, *last;
    const hoot__static_slot *statics; /* whole static paths, by hash; none before hoot__router_finish() */
    size_t static_mask;
} hoot__router;

/* What a path came to. */
typedef enum hoot__route_result {
    HOOT__ROUTE_FOUND,
    HOOT__ROUTE_NOT_FOUND,
    HOOT__ROUTE_OPTIONS, /* no rule of its own for OPTIONS: `allow`, and `rule` is one that has the path */
    HOOT__ROUTE_NOT_ALLOWED, /* the same for another method */
    HOOT__ROUTE_REDIRECT,    /* to `location`, where `rule` is */
    HOOT__ROUTE_BAD_PATH,    /* not percent-encoded UTF-8, or a NUL in it */
    HOOT__ROUTE_NO_MEMORY,
} hoot__route_result;

typedef struct hoot__match {
    const hoot__rule *rule;
    const char *task_name; /* "GET /users/<int:id>" */
    hoot__path_value *values;
    hoot_str allow;    /* of OPTIONS and NOT_ALLOWED: "GET, HEAD, OPTIONS" */
    hoot_str location; /* of REDIRECT: path and query, beginning with one slash */
} hoot__match;

/* Errors: HOOT_ENOMEM. The arena outlives the router. */
int hoot__router_init(hoot__router *router, hoot_arena *arena);

/* Add a rule, kept; its pattern is parsed here. Errors: HOOT_ECONFIG, with both rules named when it stands
 * twice; HOOT_ENOMEM. */
int hoot__router_add(hoot__router *router, hoot__rule *rule, hoot_error *err);

/* Make the table of static paths; rules may be added again afterwards. Errors: HOOT_ENOMEM. */
int hoot__router_finish(hoot__router *router, hoot_error *err);

/* Find the rule for the method and the undecoded path of a request; its query is for redirects. Takes memory
 * from its arena for values and decoded parts only. */
hoot__route_result hoot__router_match(const hoot__router *router, const hoot__exchange *ex, hoot__match *out);

#endif

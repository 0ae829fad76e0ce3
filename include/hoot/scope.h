/* hoot_scope: a life that ends once, and what has to be let go when it does.
 *
 * Every app, request and task has one. Things that are lent or opened below a scope (connections, cursors,
 * temporary files, a pool) are noted in it, so that they are released whatever path their user left by.
 * Closers run in reverse order, on the task that ends the scope, before its arena is freed; they may suspend.
 */
#ifndef HOOT_SCOPE_H
#define HOOT_SCOPE_H

#include <hoot/arena.h>

HOOT_BEGIN_DECLS

typedef struct hoot_scope hoot_scope;
typedef struct hoot_closer hoot_closer;

/* Runs when the scope ends; the closer is already off the scope's list. */
typedef void (*hoot_closer_fn)(hoot_closer *closer, void *user);

/* Lives inside what it closes; its fields belong to the scope. */
struct hoot_closer {
    hoot_closer *next, *prev;
    hoot_closer_fn close;
    void *user;
};

/* Note that `close(closer, user)` is to run when the scope ends. */
HOOT_API void hoot_scope_defer(hoot_scope *scope, hoot_closer *closer, hoot_closer_fn close, void *user);

/* Take it off again: it was closed already. A closer that is on no list (all zero) is fine. */
HOOT_API void hoot_closer_cancel(hoot_closer *closer);

/* Memory that lives as long as the scope. */
HOOT_API hoot_arena *hoot_scope_arena(hoot_scope *scope);

/* The scope of the task that runs: a request's, or a background task's. NULL outside of tasks. */
HOOT_API hoot_scope *hoot_current_scope(void);

HOOT_END_DECLS
#endif

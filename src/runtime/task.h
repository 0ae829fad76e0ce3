/* Tasks, as the other rooms start and cancel them. */
#ifndef HOOT_RUNTIME_TASK_H
#define HOOT_RUNTIME_TASK_H

#include "runtime/loop.h"

/* Options of hoot__task_start(), zero is the default. */
typedef struct hoot__task_options {
    const char *name;      /* borrowed: must live as long as the task; NULL: "task" */
    uint64_t deadline_ms;  /* of hoot_now_ms(); 0: none */
    bool run_now;          /* run it inside this call until it first suspends (not from inside a task) */
    bool detached_context; /* do not inherit the starter's context and deadline */
    void *context;         /* with detached_context: its context */
} hoot__task_options;

/* Called on the loop, outside of the task, after the task returned and its scope ended. */
typedef void (*hoot__task_done_fn)(int result, const hoot_error *err, void *arg);

/* Start a task. Gives: the task, which frees itself when it has ended (good to cancel until `done` runs);
 * NULL: no memory. */
hoot_task *hoot__task_start(const hoot__task_options *options, hoot_task_fn fn, hoot__task_done_fn done,
                            void *arg);

/* Make its suspending calls give HOOT_ECANCELED, from now on. Twice is fine. Does not run it. */
void hoot__task_cancel(hoot_task *task);
/* The task that runs does something new, with a deadline of its own: as if it had ended and another one
 * began. Gives false, and nothing has changed, when it may not: it was cancelled, or has groups, closers or
 * an arena to let go of. Its context and name are the caller's to set. */
bool hoot__task_renew(uint64_t deadline_ms);

bool hoot__task_is_canceled(const hoot_task *task);

/* Deadline of a task, in hoot_now_ms() time, HOOT_NO_DEADLINE for none. */
uint64_t hoot__task_deadline(const hoot_task *task);
void hoot__task_set_deadline(hoot_task *task, uint64_t deadline_ms);
/* The deadline of a task that runs: so long from now on. */
void hoot__task_set_timeout(hoot_task *task, uint32_t ms);

/* The name shown in reports; borrowed. */
void hoot__task_set_name(hoot_task *task, const char *name);

/* One pointer of the room above (web keeps app and request there); tasks of a group inherit it. */
void *hoot__task_context(const hoot_task *task);
void hoot__task_set_context(hoot_task *task, void *context);

/* The scope of a task; made with it, ended when its function has returned. */
hoot_scope *hoot__task_scope(hoot_task *task);

/* --- scopes of other lives (app, request) --- */
struct hoot_scope {
    hoot_closer ring; /* its `next` and `prev` are NULL until the first closer comes */
    hoot_arena *arena;
    bool owns_arena;
    bool on_heap;
};

/* A scope that lies in what it belongs to; all zeros is one, too. `arena` NULL: it gets its own. */
static inline void hoot__scope_init(hoot_scope *scope, hoot_arena *arena)
{
    scope->ring.next = NULL;
    scope->arena = arena;
    scope->owns_arena = scope->on_heap = false;
}

/* Run the closers in reverse order and free the arena if it is the scope's own. May suspend. */
void hoot__scope_close(hoot_scope *scope);

/* The same. Most scopes have nothing in them. */
static inline void hoot__scope_fini(hoot_scope *scope)
{
    if (scope->ring.next || scope->owns_arena)
        hoot__scope_close(scope);
}

/* Gives NULL when there is no memory. `arena` NULL: it gets its own. */
hoot_scope *hoot__scope_new(hoot_arena *arena);
/* The same and free the scope, which hoot__scope_new() gave. NULL is fine. */
void hoot__scope_end(hoot_scope *scope);
/* Make hoot_current_scope() of the task that runs give `scope` (NULL: its own again). Gives the one before.
 */
hoot_scope *hoot__task_use_scope(hoot_scope *scope);
/* The same of a task that is known to run. */
void hoot__task_set_scope(hoot_task *task, hoot_scope *scope);

/* Start a background task whose name is copied; the task context given. Used by hoot_start() and by apps. */
int hoot__background_start(const char *name, void *context, hoot_task_fn fn, void *arg, hoot_error *err);
/* Cancel every background task of this loop. */
void hoot__background_cancel_all(void);
/* Suspends: until no background task is left, or the deadline. */
int hoot__background_wait(void);

#endif

/* Tasks: functions that run at the same time as others on one thread, each on a stack of its own.
 *
 * Only a call whose contract says *Suspends* lets other tasks run; between two of them nothing changes under
 * your hands, and no lock is needed. A task ends only by returning. Cancelling one makes its suspending calls
 * fail with HOOT_ECANCELED, so its cleanup always runs.
 *
 * Every task has a deadline (for a request its route's), and every suspending call obeys it: HOOT_ETIMEOUT.
 * So no signature carries a time limit; hoot_timeout() narrows the deadline for a block. */
#ifndef HOOT_TASK_H
#define HOOT_TASK_H

#include <hoot/error.h>
#include <hoot/scope.h>

HOOT_BEGIN_DECLS

typedef struct hoot_task hoot_task;

/* What a task runs. Gives 0 or a negative code, with the details in `err` (never NULL). */
typedef int (*hoot_task_fn)(hoot_error *err, void *arg);

/* Address space of a task's stack, bytes. Committed page by page as it is used. An overflow ends the process
 * with a line that names the task. */
#define HOOT_TASK_STACK_BYTES ((size_t)256 * 1024)

/* No deadline, as a time for hoot_task_set_deadline(). */
#define HOOT_NO_DEADLINE UINT64_MAX

/* Run `main` as the first task of a new loop on this thread, until it and all tasks it started have ended.
 * For programs that use tasks, pool or client without the web part; hoot_main() does this for services.
 * Gives: what `main` gave.  Errors: also HOOT_ENOMEM, HOOT_ESTATE a loop runs on this thread already. */
HOOT_API int hoot_run(hoot_task_fn main, void *arg, hoot_error *err);

/* Start a background task on this worker; it outlives its starter and belongs to no app (hoot_app_start() is
 * for those). Failures are logged with `name` (copied). Prefer a hoot_group wherever the starter can wait.
 * Gives 0.  Errors: HOOT_ENOMEM; HOOT_ECLOSED the worker is stopping. */
HOOT_API int hoot_start(const char *name, hoot_task_fn fn, void *arg, hoot_error *err);

/* The task that runs now; NULL outside of tasks. */
HOOT_API hoot_task *hoot_current_task(void);

/* Its name, for reports: "GET /users/<id>". Lives: as long as the task. */
HOOT_API const char *hoot_task_name(const hoot_task *task);

/* Give way to others that are ready. Suspends.  Errors: HOOT_ECANCELED, HOOT_ETIMEOUT. */
HOOT_API int hoot_yield(void);

/* Suspends: for `ms` milliseconds.  Errors: HOOT_ECANCELED; HOOT_ETIMEOUT the deadline came first. */
HOOT_API int hoot_sleep(uint64_t ms);

/* Milliseconds of the loop's clock: monotonic, read once per loop turn. Outside of a loop: the system's
 * monotonic clock. */
HOOT_API uint64_t hoot_now_ms(void);

/* Whether the task that runs was cancelled: 0, HOOT_ECANCELED, or HOOT_ETIMEOUT past its deadline. For long
 * computations. */
HOOT_API int hoot_check_canceled(void);

/* Narrow the deadline of the task that runs to `ms` from now, for the block that follows; never widens it.
 *
 *     hoot_timeout(500)
 *         rows = hoot_pool_query(...);        // HOOT_ETIMEOUT after half a second
 *
 * `return`, `break` and `goto` out of the block are fine. */
#define hoot_timeout(ms)                                                                                     \
    for (hoot_timeout_scope HOOT__JOIN(hoot__timeout_, __LINE__)                                             \
             __attribute__((cleanup(hoot_timeout_end))) = hoot_timeout_begin(ms);                            \
         !HOOT__JOIN(hoot__timeout_, __LINE__).done; HOOT__JOIN(hoot__timeout_, __LINE__).done = true)

typedef struct hoot_timeout_scope {
    uint64_t outer_deadline_ms;
    bool done;
} hoot_timeout_scope;

HOOT_API hoot_timeout_scope hoot_timeout_begin(uint64_t ms);
HOOT_API void hoot_timeout_end(hoot_timeout_scope *scope);

/* Run a block that cancelling and the deadline do not reach, for at most `ms`: cleanup that must talk to a
 * peer. Used like hoot_timeout(). */
#define hoot_shield(ms)                                                                                      \
    for (hoot_shield_scope HOOT__JOIN(hoot__shield_, __LINE__)                                               \
             __attribute__((cleanup(hoot_shield_end))) = hoot_shield_begin(ms);                              \
         !HOOT__JOIN(hoot__shield_, __LINE__).done; HOOT__JOIN(hoot__shield_, __LINE__).done = true)

typedef struct hoot_shield_scope {
    uint64_t outer_deadline_ms;
    bool done;
} hoot_shield_scope;

HOOT_API hoot_shield_scope hoot_shield_begin(uint64_t ms);
HOOT_API void hoot_shield_end(hoot_shield_scope *scope);

HOOT_END_DECLS
#endif

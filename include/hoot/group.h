/* hoot_group: tasks that end before it does.
 *
 *     HOOT_AUTO(hoot_group) group = hoot_group_new(err);
 *     for (size_t i = 0; group && i < n; i++)
 *         if (hoot_group_start(group, fetch_one, &jobs[i], err) < 0) break;
 *     return group ? hoot_group_join(group, err) : hoot_error_code(err);
 *
 * The first failure cancels the rest. Tasks of a group have the deadline, the app and the request of the task
 * that made the group. When that task is cancelled, so are they. */
#ifndef HOOT_GROUP_H
#define HOOT_GROUP_H

#include <hoot/task.h>

HOOT_BEGIN_DECLS

typedef struct hoot_group hoot_group;

/* Errors: NULL: HOOT_ENOMEM. */
HOOT_API HOOT_NODISCARD hoot_group *hoot_group_new(hoot_error *err);

/* Start a task in it; it runs when the caller next suspends.
 * Errors: HOOT_ENOMEM; HOOT_ECANCELED the group was cancelled. */
HOOT_API int hoot_group_start(hoot_group *group, hoot_task_fn fn, void *arg, hoot_error *err);

/* Suspends: until all of its tasks have ended. When the caller's deadline passes or it is cancelled, the
 * tasks are cancelled and waited for. Gives: 0, or the code and error of the first task that failed (or of
 * the caller's own deadline). */
HOOT_API int hoot_group_join(hoot_group *group, hoot_error *err);

/* Make the suspending calls of its tasks fail. Does not wait. */
HOOT_API void hoot_group_cancel(hoot_group *group);

/* Cancels what still runs, waits for it, frees. Suspends. */
HOOT_API void hoot_group_free(hoot_group *group);
HOOT_DEFINE_AUTO(hoot_group, hoot_group_free);

/* One call of hoot_gather(). */
typedef struct hoot_call {
    hoot_task_fn fn;
    void *arg;
} hoot_call;

/* Run all calls at the same time and wait for them; the first failure cancels the rest.
 *     hoot_gather(err, { load_user, &user }, { load_posts, &posts });
 * Suspends.  Gives: as hoot_group_join(). */
#define hoot_gather(err, ...)                                                                                \
    hoot_gather_calls((const hoot_call[]){ __VA_ARGS__ },                                                    \
                      sizeof((const hoot_call[]){ __VA_ARGS__ }) / sizeof(hoot_call), err)
HOOT_API int hoot_gather_calls(const hoot_call *calls, size_t count, hoot_error *err);

HOOT_END_DECLS
#endif

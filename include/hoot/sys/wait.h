/* Waiting, for writers of drivers and streams: how a task sleeps until a callback of the loop wakes it.
 *
 * The waiter lives on the waiting task's stack:
 *
 *     hoot_waiter waiter = HOOT_WAITER_INIT;
 *     thing->waiter = &waiter;
 *     int rc = hoot_wait(&waiter);      // HOOT_ETIMEOUT, HOOT_ECANCELED, or what hoot_wake() gave
 *     thing->waiter = NULL;             // always: after a failure the waiter must be unlinked by its owner
 */
#ifndef HOOT_SYS_WAIT_H
#define HOOT_SYS_WAIT_H

#include <hoot/task.h>

HOOT_BEGIN_DECLS

typedef struct hoot_waiter {
    hoot_task *task; /* set while it waits */
    int result;
    bool woken;
} hoot_waiter;

#define HOOT_WAITER_INIT                                                                                     \
    {                                                                                                        \
        NULL, 0, false                                                                                       \
    }

/* Suspends: until hoot_wake(waiter), the task's deadline, or its cancelling. A wake that came before the wait
 * is kept and wins over both. Gives: the result passed to hoot_wake().  Errors: HOOT_ETIMEOUT,
 * HOOT_ECANCELED. */
HOOT_API int hoot_wait(hoot_waiter *waiter);

/* The same, but neither deadline nor cancelling end it: for a resource that will certainly come back soon. */
HOOT_API int hoot_wait_always(hoot_waiter *waiter);

/* Make the task that waits ready to run (it runs in this loop turn, not inside this call). Waking twice is
 * harmless: the first result stays. May be called before hoot_wait(). Loop thread only. */
HOOT_API void hoot_wake(hoot_waiter *waiter, int result);

HOOT_END_DECLS
#endif

/* Locks between tasks of one worker. Needed only where a section suspends: between two suspending calls a
 * task is alone. */
#ifndef HOOT_LOCK_H
#define HOOT_LOCK_H

#include <hoot/error.h>

HOOT_BEGIN_DECLS

/* A counted lock: at most `permits` holders, waiters served in order. With one permit: a mutex. */
typedef struct hoot_semaphore hoot_semaphore;

/* Errors: NULL: HOOT_ENOMEM, HOOT_EINVAL no permits. */
HOOT_API HOOT_NODISCARD hoot_semaphore *hoot_semaphore_new(size_t permits, hoot_error *err);

/* Suspends: until a permit is free.  Errors: HOOT_ETIMEOUT, HOOT_ECANCELED: it is not held. */
HOOT_API int hoot_semaphore_acquire(hoot_semaphore *semaphore);
HOOT_API void hoot_semaphore_release(hoot_semaphore *semaphore);
HOOT_API void hoot_semaphore_free(hoot_semaphore *semaphore);
HOOT_DEFINE_AUTO(hoot_semaphore, hoot_semaphore_free);

/* An event: tasks wait until it is set; setting wakes all of them; it stays set. */
typedef struct hoot_event hoot_event;

HOOT_API HOOT_NODISCARD hoot_event *hoot_event_new(hoot_error *err);
HOOT_API void hoot_event_set(hoot_event *event);
HOOT_API void hoot_event_clear(hoot_event *event);
HOOT_API bool hoot_event_is_set(const hoot_event *event);

/* Suspends: until it is set.  Errors: HOOT_ETIMEOUT, HOOT_ECANCELED. */
HOOT_API int hoot_event_wait(hoot_event *event);
HOOT_API void hoot_event_free(hoot_event *event);
HOOT_DEFINE_AUTO(hoot_event, hoot_event_free);

HOOT_END_DECLS
#endif

/* hoot_chan: a queue of pointers between tasks of one worker, with room for `capacity` (0: sender and
 * receiver meet). */
#ifndef HOOT_CHAN_H
#define HOOT_CHAN_H

#include <hoot/error.h>

HOOT_BEGIN_DECLS

typedef struct hoot_chan hoot_chan;

#define HOOT_CHAN_MAX_CAPACITY 1000000

/* Errors: NULL: HOOT_ENOMEM, HOOT_EINVAL capacity over HOOT_CHAN_MAX_CAPACITY. */
HOOT_API HOOT_NODISCARD hoot_chan *hoot_chan_new(size_t capacity, hoot_error *err);

/* Suspends: while it is full.  Errors: HOOT_ECLOSED, HOOT_ETIMEOUT, HOOT_ECANCELED; the item is then still
 * the caller's. */
HOOT_API int hoot_chan_send(hoot_chan *chan, void *item);

/* Suspends: while it is empty. Items sent before it was closed are still given.
 * Errors: HOOT_ECLOSED and empty, HOOT_ETIMEOUT, HOOT_ECANCELED. */
HOOT_API int hoot_chan_receive(hoot_chan *chan, void **out_item);

/* Never suspend; HOOT_EBUSY where the calls above would. */
HOOT_API int hoot_chan_try_send(hoot_chan *chan, void *item);
HOOT_API int hoot_chan_try_receive(hoot_chan *chan, void **out_item);

/* No more sends; wakes everyone who waits. Twice is fine. */
HOOT_API void hoot_chan_close(hoot_chan *chan);

/* Nobody may wait on it. Items still in it are the caller's business: receive them first. */
HOOT_API void hoot_chan_free(hoot_chan *chan);
HOOT_DEFINE_AUTO(hoot_chan, hoot_chan_free);

HOOT_END_DECLS
#endif

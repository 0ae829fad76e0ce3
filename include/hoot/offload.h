/* Work that blocks (password hashing, files, SQLite, name resolution), off the loop. */
#ifndef HOOT_OFFLOAD_H
#define HOOT_OFFLOAD_H

#include <hoot/error.h>

HOOT_BEGIN_DECLS

/* Runs on a thread of libuv's work pool (UV_THREADPOOL_SIZE threads, 4 by default). It must not call anything
 * that suspends, nor touch what tasks touch; `arg` is its own until hoot_offload() is back. */
typedef int (*hoot_offload_fn)(void *arg);

/* Run `fn(arg)` on another thread and wait for it.
 * Suspends: until it has returned. Work that no thread has taken yet is taken back when the task is cancelled
 * or its deadline passes; work that runs is always waited for, since `arg` may live on this task's stack.
 * Gives: what `fn` gave.  Errors: HOOT_ECANCELED, HOOT_ETIMEOUT: `fn` did not run; HOOT_ENOMEM. */
HOOT_API int hoot_offload(hoot_offload_fn fn, void *arg);

HOOT_END_DECLS
#endif

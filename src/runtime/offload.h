/* Blocking work that can be told to stop, for rooms above. */
#ifndef HOOT_RUNTIME_OFFLOAD_H
#define HOOT_RUNTIME_OFFLOAD_H

#include <hoot/offload.h>

/* As hoot_offload(), and `stop(arg)` is called once, on the loop, when the task is cancelled or its deadline
 * passes while `fn` runs; `fn` is then waited for as ever, and what it gives is given. `stop` NULL:
 * hoot_offload(). */
int hoot__offload_stoppable(hoot_offload_fn fn, void (*stop)(void *arg), void *arg);

#endif

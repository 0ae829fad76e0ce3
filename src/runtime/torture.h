/* A seam for tests: cancel a task at its n-th chance to suspend, for n = 1, 2, ... until there is none left.
 * Whatever a task holds at any of them must have been let go afterwards. Off, it costs one predictable branch
 * a wait. */
#ifndef HOOT_RUNTIME_TORTURE_H
#define HOOT_RUNTIME_TORTURE_H

#include <stdint.h>

/* 0: off. n: the task that makes the n-th suspending call of the process from here on is cancelled as it
 * makes it. UINT64_MAX: only count. Set both before a run. */
extern uint64_t hoot__cancel_at_switch;
/* Suspending calls seen, while hoot__cancel_at_switch is on. */
extern uint64_t hoot__switches_seen;

#endif

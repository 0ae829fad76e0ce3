/* Cancel at every suspension point: `torture(body, &state)`.
 *
 * The body runs once to count its suspending calls and must succeed; then once for each of them, and the task
 * that makes the n-th is cancelled there. It may fail then, as it likes, but must leave nothing behind: no
 * task, no descriptor, and (AddressSanitizer sees to it) no memory. `body` must work when it is run again and
 * again. */
#ifndef HOOT_TESTS_SUPPORT_TORTURE_H
#define HOOT_TESTS_SUPPORT_TORTURE_H

#include "support/run.h"

#include "base/alloc.h"
#include "runtime/torture.h"

/* Gives the number of runs that were cancelled somewhere. */
static inline uint64_t torture_with(const hoot__loop_options *options, hoot_task_fn body, void *arg)
{
    uint64_t n = 1;
    int rc;

    hoot__cancel_at_switch = UINT64_MAX;
    rc = run_for_result(options, body, arg, NULL);
    assert_int_equal(rc, 0);
    for (;; n++) {
        hoot__cancel_at_switch = n;
        hoot__switches_seen = 0;
        run_for_result(options, body, arg, NULL);
        if (hoot__switches_seen < n)
            break;
    }
    hoot__cancel_at_switch = 0;
    hoot__switches_seen = 0;
    return n - 1;
}

/* Fail the n-th allocation for n = 1, 2, ... until a run succeeds and needs no n-th one. Gives the number of
 * runs that failed. */
static inline int torture_allocations(hoot_task_fn body, void *arg)
{
    int rc = -1, failed = 0;

    for (unsigned long n = 1; n < 2000 && (rc || hoot__alloc_count >= n); n++) {
        hoot_error err = HOOT_ERROR_INIT;

        hoot__alloc_fail_next(n);
        rc = hoot_run(body, arg, &err);
        failed += rc != 0;
    }
    hoot__alloc_fail_next(0);
    assert_int_equal(rc, 0);
    return failed;
}

/* In virtual time. */
static inline uint64_t torture(hoot_task_fn body, void *arg)
{
    hoot__loop_options options = { .virtual_clock = true };

    return torture_with(&options, body, arg);
}

#endif

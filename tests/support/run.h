/* Run a test's body as a task: `run_in_loop(body, &state)`.
 *
 * The body is the first task of a loop of its own. When it is back, no task may be alive, and the descriptors
 * open must be those that were open before. With run_in_virtual_time() nobody waits: while nothing else can
 * happen, time jumps to the next timer. cmocka's assertions work inside of the body: a failed one ends the
 * test program's test by longjmp() onto the test's own stack, which leaves the loop as it is, so such a test
 * can only fail, as it should. */
#ifndef HOOT_TESTS_SUPPORT_RUN_H
#define HOOT_TESTS_SUPPORT_RUN_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h> /* wants those before it */

#include "runtime/task.h"

/* Descriptors that this process has open. */
static inline int run__open_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = 0;

    if (!dir)
        return -1;
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

struct run__body {
    hoot_task_fn fn;
    void *arg;
    size_t others_alive; /* tasks, when the body was back */
};

static inline int run__call(hoot_error *err, void *arg)
{
    struct run__body *body = (struct run__body *)arg;
    hoot__loop_stats stats;
    int rc = body->fn(err, body->arg);

    hoot__loop_stats_get(hoot__loop_current(), &stats);
    body->others_alive = stats.tasks_alive - 1;
    return rc;
}

static inline int run__nothing(hoot_error *err, void *arg)
{
    (void)err;
    (void)arg;
    return 0;
}

/* Gives what `fn` gave, and its error; asserts only that nothing was left behind. */
static inline int run_for_result(const hoot__loop_options *options, hoot_task_fn fn, void *arg,
                                 hoot_error *err)
{
    struct run__body body = { fn, arg, 0 };
    static bool warm;
    int before, rc;

    if (!warm)
        hoot_run(run__nothing, NULL, NULL); /* libuv's first loop opens descriptors that stay */
    warm = true;
    before = run__open_descriptors();
    rc = hoot__loop_run(options, run__call, &body, err);
    assert_int_equal(body.others_alive, 0);
    assert_null(hoot__loop_current());
    assert_int_equal(run__open_descriptors(), before);
    return rc;
}

static inline void run__expect_success(const hoot__loop_options *options, hoot_task_fn fn, void *arg)
{
    hoot_error err = HOOT_ERROR_INIT;
    int rc = run_for_result(options, fn, arg, &err);

    if (rc != 0)
        fail_msg("the body gave %d (%s): %s", rc, hoot_error_name(rc), err.text);
}

/* Run `fn(err, arg)` as a task; it must give 0. */
static inline void run_in_loop(hoot_task_fn fn, void *arg)
{
    run__expect_success(NULL, fn, arg);
}

static inline void run_in_virtual_time(hoot_task_fn fn, void *arg)
{
    hoot__loop_options options = { .virtual_clock = true };

    run__expect_success(&options, fn, arg);
}

#endif

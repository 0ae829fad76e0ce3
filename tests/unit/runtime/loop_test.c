/* Turns of the loop: deferred work, fairness, figures, signals, handles of others. */
#include "support/run.h"

#include "runtime/signals.h"

#include <hoot/lock.h>

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* --- deferred work --- */

struct flush {
    hoot__deferred deferred;
    int runs;
    int written; /* what the tasks of a turn gathered */
    int flushed;
    bool again;
};

static void flush_it(hoot__deferred *deferred)
{
    struct flush *flush = (struct flush *)deferred;

    assert_null(hoot_current_task());
    flush->runs++;
    flush->flushed = flush->written;
    if (flush->again) {
        flush->again = false;
        hoot__loop_defer(deferred, flush_it);
    }
}

static int write_some(hoot_error *err, void *arg)
{
    struct flush *flush = arg;

    (void)err;
    flush->written++;
    hoot__loop_defer(&flush->deferred, flush_it);
    hoot__loop_defer(&flush->deferred, flush_it);
    return 0;
}

static int gather_and_flush(hoot_error *err, void *arg)
{
    struct flush flush = { 0 };

    (void)err;
    (void)arg;
    for (int i = 0; i < 5; i++)
        assert_non_null(hoot__task_start(NULL, write_some, NULL, &flush));
    assert_int_equal(flush.runs, 0);
    assert_int_equal(hoot_sleep(1), 0);
    assert_int_equal(flush.runs, 1); /* once, after all five */
    assert_int_equal(flush.flushed, 5);
    return 0;
}

static void deferred_work_runs_once_after_the_ready_tasks(void **state)
{
    (void)state;
    run_in_virtual_time(gather_and_flush, NULL);
}

static int defer_and_undefer(hoot_error *err, void *arg)
{
    struct flush flushes[4] = { 0 };

    (void)err;
    (void)arg;
    for (int i = 0; i < 4; i++)
        hoot__loop_defer(&flushes[i].deferred, flush_it);
    hoot__loop_undefer(&flushes[0].deferred);
    hoot__loop_undefer(&flushes[3].deferred);
    hoot__loop_undefer(&flushes[3].deferred);
    flushes[1].again = true;
    hoot__loop_defer(&flushes[0].deferred, flush_it);
    assert_int_equal(hoot_sleep(1), 0);
    assert_int_equal(flushes[0].runs, 1);
    assert_int_equal(flushes[1].runs, 2);
    assert_int_equal(flushes[2].runs, 1);
    assert_int_equal(flushes[3].runs, 0);
    return 0;
}

static void deferred_work_can_be_taken_back_and_repeated(void **state)
{
    (void)state;
    run_in_virtual_time(defer_and_undefer, NULL);
}

/* --- fairness --- */

static int yield_for_ever(hoot_error *err, void *arg)
{
    (void)err;
    (void)arg;
    while (hoot_yield() == 0)
        ;
    return 0;
}

struct pipe_end {
    uv_poll_t poll;
    hoot_waiter waiter;
};

static void readable(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    uv_poll_stop(poll);
    hoot_wake(&((struct pipe_end *)poll)->waiter, 1);
}

static void closed(uv_handle_t *handle)
{
    hoot_wake(&((struct pipe_end *)handle)->waiter, 2);
}

static int wait_for_input(hoot_error *err, void *arg)
{
    struct pipe_end end = { .waiter = HOOT_WAITER_INIT };
    hoot_task *busy[2];
    int fds[2];

    (void)err;
    (void)arg;
    assert_int_equal(pipe(fds), 0);
    uv_poll_init(hoot__loop_uv(hoot__loop_current()), &end.poll, fds[0]);
    uv_poll_start(&end.poll, UV_READABLE, readable);
    for (int i = 0; i < 2; i++)
        busy[i] = hoot__task_start(NULL, yield_for_ever, NULL, NULL);
    assert_int_equal(write(fds[1], "x", 1), 1);
    assert_int_equal(hoot_wait(&end.waiter), 1);
    for (int i = 0; i < 2; i++)
        hoot__task_cancel(busy[i]);
    assert_int_equal(hoot_sleep(1), 0);
    end.waiter = (hoot_waiter)HOOT_WAITER_INIT;
    uv_close((uv_handle_t *)&end.poll, closed);
    assert_int_equal(hoot_wait(&end.waiter), 2);
    close(fds[0]);
    close(fds[1]);
    return 0;
}

static void busy_tasks_do_not_starve_sockets(void **state)
{
    (void)state;
    run_in_loop(wait_for_input, NULL);
}

/* --- signals --- */

static void signalled(int number, void *user)
{
    assert_int_equal(number, SIGUSR1);
    assert_null(hoot_current_task());
    hoot_event_set(user);
}

static int wait_for_signal(hoot_error *err, void *arg)
{
    HOOT_AUTO(hoot_event) event = hoot_event_new(err);
    hoot__signal *on_signal = hoot__signal_open(SIGUSR1, signalled, event);

    (void)arg;
    assert_non_null(on_signal);
    raise(SIGUSR1);
    assert_int_equal(hoot_event_wait(event), 0); /* nothing else keeps the loop going */
    hoot_event_clear(event);
    raise(SIGUSR1);
    assert_int_equal(hoot_event_wait(event), 0);
    hoot__signal_close(on_signal);
    hoot__signal_close(NULL);
    return 0;
}

static void signals_arrive_as_events(void **state)
{
    (void)state;
    run_in_loop(wait_for_signal, NULL);
}

static void ignore_signal(int number, void *user)
{
    (void)number;
    (void)user;
}

static int leave_signal_open(hoot_error *err, void *arg)
{
    (void)err;
    *(hoot__signal **)arg = hoot__signal_open(SIGUSR1, ignore_signal, NULL);
    assert_non_null(*(hoot__signal **)arg);
    return 0;
}

static void an_open_signal_does_not_keep_the_loop(void **state)
{
    hoot__signal *left = NULL;

    (void)state;
    run_in_loop(leave_signal_open, &left); /* the loop closes the handle; its memory is the opener's */
    free(left);
}

/* --- figures --- */

static int sleep_a_little(hoot_error *err, void *arg)
{
    (void)err;
    (void)arg;
    return hoot_sleep(10);
}

static int count(hoot_error *err, void *arg)
{
    hoot__loop_stats before, during, after;
    hoot__loop *loop = hoot__loop_current();

    (void)err;
    (void)arg;
    hoot__loop_stats_get(loop, &before);
    for (int i = 0; i < 3; i++)
        assert_non_null(hoot__task_start(NULL, sleep_a_little, NULL, NULL));
    hoot__loop_stats_get(loop, &during);
    assert_int_equal(during.tasks_alive, before.tasks_alive + 3);
    assert_int_equal(during.tasks_ready, 3);
    assert_int_equal(hoot_yield(), 0);
    hoot__loop_stats_get(loop, &during);
    assert_int_equal(during.timers, before.timers + 3);
    assert_int_equal(hoot_sleep(20), 0);
    hoot__loop_stats_get(loop, &after);
    assert_int_equal(after.tasks_alive, before.tasks_alive);
    assert_int_equal(after.stacks_pooled, before.stacks_pooled + 3);
    assert_true(after.switches >= before.switches + 6);
    return 0;
}

static void figures_tell_what_is_there(void **state)
{
    (void)state;
    run_in_virtual_time(count, NULL);
}

/* --- several threads --- */

static int sleep_ten_times(hoot_error *err, void *arg)
{
    (void)err;
    for (int i = 0; i < 10; i++)
        if (hoot_sleep(1) == 0)
            ++*(int *)arg;
    return 0;
}

static void *run_on_thread(void *arg)
{
    return hoot_run(sleep_ten_times, arg, NULL) == 0 ? arg : NULL;
}

static void each_thread_can_have_a_loop(void **state)
{
    pthread_t threads[3];
    int slept[3] = { 0 };
    void *result;

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_on_thread, &slept[i]), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_ptr_equal(result, &slept[i]);
        assert_int_equal(slept[i], 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deferred_work_runs_once_after_the_ready_tasks),
        cmocka_unit_test(deferred_work_can_be_taken_back_and_repeated),
        cmocka_unit_test(busy_tasks_do_not_starve_sockets),
        cmocka_unit_test(signals_arrive_as_events),
        cmocka_unit_test(an_open_signal_does_not_keep_the_loop),
        cmocka_unit_test(figures_tell_what_is_there),
        cmocka_unit_test(each_thread_can_have_a_loop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

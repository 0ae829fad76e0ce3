/* A task's life: starting, waiting, waking, deadlines, cancelling, shields. */
#include "support/run.h"

#include <hoot/scope.h>
#include <hoot/sys/wait.h>

#include <fenv.h>
#include <string.h>

/* What the tests' tasks write down, in order. */
struct trail {
    char text[256];
    size_t len;
};

static void mark(struct trail *trail, char c)
{
    assert_true(trail->len + 1 < sizeof trail->text);
    trail->text[trail->len++] = c;
    trail->text[trail->len] = '\0';
}

/* --- starting --- */

static int give_seven(hoot_error *err, void *arg)
{
    (void)err;
    *(bool *)arg = true;
    return 7;
}

static void run_gives_what_main_gave(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;
    bool ran = false;

    (void)state;
    assert_int_equal(hoot_run(give_seven, &ran, &err), 7);
    assert_true(ran);
    assert_null(hoot_current_task());
    assert_null(hoot_current_scope());
}

static int fail_with_text(hoot_error *err, void *arg)
{
    (void)arg;
    return hoot_error_set(err, HOOT_ENOTFOUND, "no owl here");
}

static int fail_without_text(hoot_error *err, void *arg)
{
    (void)err;
    (void)arg;
    return HOOT_EBUSY;
}

static void run_gives_the_error_of_main(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;

    (void)state;
    assert_int_equal(hoot_run(fail_with_text, NULL, &err), HOOT_ENOTFOUND);
    assert_string_equal(err.text, "no owl here");
    hoot_error_clear(&err);
    assert_int_equal(hoot_run(fail_without_text, NULL, &err), HOOT_EBUSY);
    assert_int_equal(err.code, HOOT_EBUSY);
    assert_string_equal(err.text, hoot_error_text(HOOT_EBUSY));
    assert_int_equal(hoot_run(fail_with_text, NULL, NULL), HOOT_ENOTFOUND);
}

static int run_inside(hoot_error *err, void *arg)
{
    bool ran = false;

    (void)arg;
    assert_int_equal(hoot_run(give_seven, &ran, err), HOOT_ESTATE);
    assert_false(ran);
    hoot_error_clear(err);
    return 0;
}

static void a_thread_has_one_loop_at_most(void **state)
{
    (void)state;
    run_in_loop(run_inside, NULL);
}

struct started {
    struct trail trail;
    hoot_task *task;
    int result;
    bool done;
};

static int note_and_yield(hoot_error *err, void *arg)
{
    struct started *started = arg;

    (void)err;
    mark(&started->trail, 'a');
    assert_int_equal(hoot_yield(), 0);
    mark(&started->trail, 'b');
    return 3;
}

static void note_done(int result, const hoot_error *err, void *arg)
{
    struct started *started = arg;

    assert_non_null(err);
    assert_null(hoot_current_task());
    mark(&started->trail, 'd');
    started->result = result;
    started->done = true;
}

static int start_one(hoot_error *err, void *arg)
{
    struct started *started = arg;

    (void)err;
    started->task =
        hoot__task_start(&(hoot__task_options){ .name = "GET /one" }, note_and_yield, note_done, started);
    assert_non_null(started->task);
    assert_string_equal(hoot_task_name(started->task), "GET /one");
    mark(&started->trail, '1');
    while (!started->done)
        assert_int_equal(hoot_yield(), 0);
    return 0;
}

static void a_task_runs_when_its_starter_suspends(void **state)
{
    struct started started = { 0 };

    (void)state;
    run_in_loop(start_one, &started);
    assert_string_equal(started.trail.text, "1abd");
    assert_int_equal(started.result, 3);
}

/* From a callback: a timer of the loop. */
struct callback {
    hoot__timer timer;
    struct started started;
    hoot_waiter waiter;
};

static void start_now(hoot__timer *timer)
{
    struct callback *callback = (struct callback *)timer;

    mark(&callback->started.trail, '(');
    assert_non_null(hoot__task_start(&(hoot__task_options){ .run_now = true }, note_and_yield, note_done,
                                     &callback->started));
    mark(&callback->started.trail, ')');
    hoot_wake(&callback->waiter, 0);
}

static int start_from_callback(hoot_error *err, void *arg)
{
    struct callback *callback = arg;

    (void)err;
    assert_int_equal(hoot__timer_set(&callback->timer, hoot_now_ms() + 5, start_now), 0);
    assert_int_equal(hoot_wait(&callback->waiter), 0);
    while (!callback->started.done)
        assert_int_equal(hoot_yield(), 0);
    return 0;
}

static void run_now_runs_until_the_first_wait(void **state)
{
    struct callback callback = { 0 };

    (void)state;
    run_in_virtual_time(start_from_callback, &callback);
    assert_string_equal(callback.started.trail.text, "(a)bd");
}

/* --- waking --- */

struct pair {
    hoot_waiter waiter;
    int result;
};

static int wake_with_five(hoot_error *err, void *arg)
{
    struct pair *pair = arg;

    (void)err;
    hoot_wake(&pair->waiter, 5);
    hoot_wake(&pair->waiter, 6);
    return 0;
}

static int wait_for_five(hoot_error *err, void *arg)
{
    struct pair *pair = arg;

    (void)err;
    assert_non_null(hoot__task_start(NULL, wake_with_five, NULL, pair));
    assert_int_equal(hoot_wait(&pair->waiter), 5);
    assert_null(pair->waiter.task);
    return 0;
}

static void the_first_wake_wins(void **state)
{
    struct pair pair = { 0 };

    (void)state;
    run_in_loop(wait_for_five, &pair);
}

static int wake_first(hoot_error *err, void *arg)
{
    hoot_waiter waiter = HOOT_WAITER_INIT;

    (void)err;
    (void)arg;
    hoot__task_cancel(hoot_current_task());
    hoot_wake(&waiter, 9);
    assert_int_equal(hoot_wait(&waiter), 9);
    assert_int_equal(hoot_wait(&(hoot_waiter)HOOT_WAITER_INIT), HOOT_ECANCELED);
    return 0;
}

static void a_wake_before_the_wait_is_kept_and_wins_over_cancelling(void **state)
{
    (void)state;
    run_in_loop(wake_first, NULL);
}

/* Two timers in one turn: the deadline of the waiting task, and one that wakes it. */
struct late_wake {
    hoot__timer timer;
    hoot_waiter waiter;
};

static void wake_late(hoot__timer *timer)
{
    struct late_wake *late = (struct late_wake *)timer;

    assert_null(hoot_current_task());
    hoot_wake(&late->waiter, 11);
}

static int be_woken_late(hoot_error *err, void *arg)
{
    struct late_wake late = { .waiter = HOOT_WAITER_INIT };
    uint64_t at = hoot_now_ms() + 50;

    (void)err;
    (void)arg;
    hoot_timeout (50) {
        assert_int_equal(hoot__timer_set(&late.timer, at, wake_late), 0);
        assert_int_equal(hoot_wait(&late.waiter), 11);
    }
    return 0;
}

static void a_wake_in_the_turn_of_the_deadline_is_not_lost(void **state)
{
    (void)state;
    run_in_virtual_time(be_woken_late, NULL);
}

/* --- time --- */

static int sleep_a_day(hoot_error *err, void *arg)
{
    uint64_t start = hoot_now_ms();

    (void)err;
    (void)arg;
    assert_int_equal(hoot_sleep(24 * 3600 * 1000), 0);
    assert_int_equal(hoot_now_ms() - start, 24 * 3600 * 1000);
    return 0;
}

static void virtual_time_jumps_to_the_next_timer(void **state)
{
    (void)state;
    run_in_virtual_time(sleep_a_day, NULL);
}

static int sleep_really(hoot_error *err, void *arg)
{
    uint64_t start = hoot_now_ms();

    (void)err;
    (void)arg;
    assert_int_equal(hoot_sleep(3), 0);
    assert_true(hoot_now_ms() - start >= 3);
    return 0;
}

static void sleep_takes_at_least_its_time(void **state)
{
    (void)state;
    run_in_loop(sleep_really, NULL);
}

static int narrow(hoot_error *err, void *arg)
{
    uint64_t start = hoot_now_ms();

    (void)err;
    (void)arg;
    hoot_timeout (100) {
        assert_int_equal(hoot_sleep(60), 0);
        hoot_timeout (1000) {
            assert_int_equal(hoot_sleep(60), HOOT_ETIMEOUT); /* an inner one never widens */
            assert_int_equal(hoot_now_ms() - start, 100);
            assert_int_equal(hoot_check_canceled(), HOOT_ETIMEOUT);
        }
        assert_int_equal(hoot_yield(), HOOT_ETIMEOUT);
    }
    assert_int_equal(hoot_check_canceled(), 0);
    assert_int_equal(hoot_sleep(60), 0);
    assert_int_equal(hoot_now_ms() - start, 160);
    return 0;
}

static void timeout_narrows_the_deadline_for_its_block(void **state)
{
    (void)state;
    run_in_virtual_time(narrow, NULL);
}

static int leave_early(void)
{
    hoot_timeout (10) {
        return 4;
    }
    return 5;
}

static int leave_blocks(hoot_error *err, void *arg)
{
    (void)err;
    (void)arg;
    assert_int_equal(leave_early(), 4);
    assert_true(hoot__task_deadline(hoot_current_task()) == HOOT_NO_DEADLINE);
    for (int i = 0; i < 2; i++)
        hoot_timeout (10)
            break;
    hoot_timeout (10)
        goto out;
out:
    assert_true(hoot__task_deadline(hoot_current_task()) == HOOT_NO_DEADLINE);
    return 0;
}

static void leaving_a_timeout_block_restores_the_deadline(void **state)
{
    (void)state;
    run_in_loop(leave_blocks, NULL);
}

static int sleep_to_deadline(hoot_error *err, void *arg)
{
    (void)err;
    *(int *)arg = hoot_sleep(1000);
    return 0;
}

static int move_the_deadline(hoot_error *err, void *arg)
{
    int rc = 1;
    uint64_t start = hoot_now_ms();
    hoot_task *task =
        hoot__task_start(&(hoot__task_options){ .deadline_ms = start + 500 }, sleep_to_deadline, NULL, &rc);

    (void)err;
    (void)arg;
    assert_int_equal(hoot_sleep(10), 0);
    hoot__task_set_deadline(task, start + 20);
    assert_int_equal(hoot_sleep(11), 0);
    assert_int_equal(rc, HOOT_ETIMEOUT);
    assert_int_equal(hoot_now_ms() - start, 21);
    return 0;
}

static void a_sleeping_tasks_deadline_can_be_moved(void **state)
{
    (void)state;
    run_in_virtual_time(move_the_deadline, NULL);
}

/* --- cancelling --- */

static int sleep_until_canceled(hoot_error *err, void *arg)
{
    struct trail *trail = arg;

    (void)err;
    assert_int_equal(hoot_sleep(1000), HOOT_ECANCELED);
    mark(trail, 'c');
    assert_int_equal(hoot_sleep(1), HOOT_ECANCELED);
    assert_int_equal(hoot_yield(), HOOT_ECANCELED);
    assert_int_equal(hoot_check_canceled(), HOOT_ECANCELED);
    hoot_shield(100)
    {
        assert_int_equal(hoot_check_canceled(), 0);
        assert_int_equal(hoot_sleep(50), 0);
        mark(trail, 's');
        assert_int_equal(hoot_sleep(100), HOOT_ETIMEOUT); /* the shield's own limit */
        mark(trail, 't');
    }
    assert_int_equal(hoot_sleep(1), HOOT_ECANCELED);
    return 0;
}

static int cancel_it(hoot_error *err, void *arg)
{
    hoot_task *task = hoot__task_start(NULL, sleep_until_canceled, NULL, arg);

    (void)err;
    assert_int_equal(hoot_sleep(10), 0);
    assert_false(hoot__task_is_canceled(task));
    hoot__task_cancel(task);
    hoot__task_cancel(task);
    assert_true(hoot__task_is_canceled(task));
    assert_int_equal(hoot_sleep(500), 0);
    return 0;
}

static void cancelling_fails_suspending_calls_but_not_behind_a_shield(void **state)
{
    struct trail trail = { 0 };

    (void)state;
    run_in_virtual_time(cancel_it, &trail);
    assert_string_equal(trail.text, "cst");
}

static int sleep_shielded(hoot_error *err, void *arg)
{
    (void)err;
    hoot_shield(100) assert_int_equal(hoot_sleep(50), 0);
    mark(arg, 's');
    assert_int_equal(hoot_sleep(1), HOOT_ECANCELED);
    mark(arg, 'c');
    return 0;
}

static int cancel_behind_shield(hoot_error *err, void *arg)
{
    hoot_task *task = hoot__task_start(NULL, sleep_shielded, NULL, arg);

    (void)err;
    assert_int_equal(hoot_sleep(10), 0);
    hoot__task_cancel(task);
    assert_int_equal(hoot_sleep(100), 0);
    return 0;
}

static void cancelling_waits_for_the_shield_to_end(void **state)
{
    struct trail trail = { 0 };

    (void)state;
    run_in_virtual_time(cancel_behind_shield, &trail);
    assert_string_equal(trail.text, "sc");
}

struct always {
    hoot_waiter waiter;
    struct trail trail;
};

static int wait_always(hoot_error *err, void *arg)
{
    struct always *always = arg;

    (void)err;
    assert_int_equal(hoot_wait_always(&always->waiter), 2);
    mark(&always->trail, 'w');
    assert_int_equal(hoot_check_canceled(), HOOT_ECANCELED);
    return 0;
}

static int cancel_always(hoot_error *err, void *arg)
{
    struct always *always = arg;
    hoot__task_options options = { .deadline_ms = hoot_now_ms() + 10 };
    hoot_task *task = hoot__task_start(&options, wait_always, NULL, always);

    (void)err;
    assert_int_equal(hoot_sleep(5), 0);
    hoot__task_cancel(task);
    assert_int_equal(hoot_sleep(50), 0);
    assert_string_equal(always->trail.text, "");
    hoot_wake(&always->waiter, 2);
    assert_int_equal(hoot_sleep(50), 0);
    return 0;
}

static void wait_always_ends_by_a_wake_only(void **state)
{
    struct always always = { 0 };

    (void)state;
    run_in_virtual_time(cancel_always, &always);
    assert_string_equal(always.trail.text, "w");
}

static int note_context(hoot_error *err, void *arg)
{
    (void)err;
    *(void **)arg = hoot__task_context(hoot_current_task());
    return 0;
}

static int start_children(hoot_error *err, void *arg)
{
    int mine = 0, other = 0;
    void *first = NULL, *second = NULL;

    (void)err;
    (void)arg;
    hoot__task_set_context(hoot_current_task(), &mine);
    assert_non_null(hoot__task_start(NULL, note_context, NULL, &first));
    assert_non_null(hoot__task_start(&(hoot__task_options){ .detached_context = true, .context = &other },
                                     note_context, NULL, &second));
    assert_int_equal(hoot_sleep(1), 0);
    assert_ptr_equal(first, &mine);
    assert_ptr_equal(second, &other);
    return 0;
}

static void a_task_inherits_its_starters_context_unless_detached(void **state)
{
    (void)state;
    run_in_virtual_time(start_children, NULL);
}

static int compute_past_the_deadline(hoot_error *err, void *arg)
{
    int rc = 0;

    (void)err;
    (void)arg;
    hoot_timeout (2) {
        while (rc == 0)
            rc = hoot_check_canceled(); /* never suspends, so the loop's clock does not move by itself */
    }
    assert_int_equal(rc, HOOT_ETIMEOUT);
    return 0;
}

static void a_long_computation_can_see_its_deadline(void **state)
{
    (void)state;
    run_in_loop(compute_past_the_deadline, NULL);
}

static void close_nothing(hoot_closer *closer, void *user)
{
    (void)closer, (void)user;
}

static int renew(hoot_error *err, void *arg)
{
    hoot_task *task = hoot_current_task();
    hoot_closer closer;

    (void)err, (void)arg;
    hoot__task_set_deadline(task, 0);
    assert_int_equal(hoot_sleep(1), HOOT_ETIMEOUT);
    assert_true(hoot__task_renew(hoot_now_ms() + 1000));
    assert_int_equal(hoot_sleep(1), 0);
    assert_int_equal(hoot_sleep(2000), HOOT_ETIMEOUT);
    hoot_scope_defer(hoot_current_scope(), &closer, close_nothing, NULL);
    assert_false(hoot__task_renew(hoot_now_ms() + 1000));
    assert_int_equal(hoot_sleep(1), HOOT_ETIMEOUT);
    hoot_closer_cancel(&closer);
    return 0;
}

static int renew_cancelled(hoot_error *err, void *arg)
{
    (void)err, (void)arg;
    hoot__task_cancel(hoot_current_task());
    assert_false(hoot__task_renew(hoot_now_ms() + 1000));
    return 0;
}

static void a_task_is_renewed_unless_it_left_something(void **state)
{
    (void)state;
    run_in_virtual_time(renew, NULL);
    run_in_virtual_time(renew_cancelled, NULL);
}

/* --- rounding --- */

static int note_rounding(hoot_error *err, void *arg)
{
    (void)err;
    *(int *)arg = fegetround();
    return 0;
}

static int start_while_rounding_down(hoot_error *err, void *arg)
{
    int rc;

    fesetround(FE_DOWNWARD);
    rc = hoot_start("other", note_rounding, arg, err);
    if (rc == 0)
        rc = hoot_yield();
    assert_int_equal(fegetround(), FE_DOWNWARD); /* its own stays */
    return rc;
}

static void a_task_begins_with_the_rounding_of_its_loop(void **state)
{
    int rounding = -1;

    (void)state;
    assert_int_equal(hoot_run(start_while_rounding_down, &rounding, NULL), 0);
    assert_int_equal(rounding, FE_TONEAREST);
    assert_int_equal(fegetround(), FE_TONEAREST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_gives_what_main_gave),
        cmocka_unit_test(run_gives_the_error_of_main),
        cmocka_unit_test(a_thread_has_one_loop_at_most),
        cmocka_unit_test(a_task_runs_when_its_starter_suspends),
        cmocka_unit_test(run_now_runs_until_the_first_wait),
        cmocka_unit_test(a_task_begins_with_the_rounding_of_its_loop),
        cmocka_unit_test(the_first_wake_wins),
        cmocka_unit_test(a_wake_before_the_wait_is_kept_and_wins_over_cancelling),
        cmocka_unit_test(a_wake_in_the_turn_of_the_deadline_is_not_lost),
        cmocka_unit_test(virtual_time_jumps_to_the_next_timer),
        cmocka_unit_test(sleep_takes_at_least_its_time),
        cmocka_unit_test(timeout_narrows_the_deadline_for_its_block),
        cmocka_unit_test(leaving_a_timeout_block_restores_the_deadline),
        cmocka_unit_test(a_sleeping_tasks_deadline_can_be_moved),
        cmocka_unit_test(cancelling_fails_suspending_calls_but_not_behind_a_shield),
        cmocka_unit_test(cancelling_waits_for_the_shield_to_end),
        cmocka_unit_test(wait_always_ends_by_a_wake_only),
        cmocka_unit_test(a_task_inherits_its_starters_context_unless_detached),
        cmocka_unit_test(a_long_computation_can_see_its_deadline),
        cmocka_unit_test(a_task_is_renewed_unless_it_left_something),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

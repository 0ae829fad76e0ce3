/* Background tasks: names, failures in the log, stopping them all. */
#include "support/run.h"

#include <hoot/log.h>
#include <hoot/task.h>

#include <string.h>

static char last_line[512];

static void keep_line(hoot_log_level level, const char *text, void *user)
{
    (void)level;
    (void)user;
    snprintf(last_line, sizeof last_line, "%s", text);
}

static int fail_at_once(hoot_error *err, void *arg)
{
    (void)arg;
    assert_string_equal(hoot_task_name(hoot_current_task()), "feed the owls");
    return hoot_error_set(err, HOOT_ENOTFOUND, "no mice left");
}

static int start_failing(hoot_error *err, void *arg)
{
    char name[] = "feed the owls";

    (void)arg;
    assert_int_equal(hoot_start(name, fail_at_once, NULL, err), 0);
    memset(name, 'x', sizeof name - 1); /* it was copied */
    assert_int_equal(hoot__background_wait(), 0);
    assert_int_equal(hoot__background_wait(), 0); /* none left: at once */
    return 0;
}

static void a_failure_is_logged_with_the_tasks_name(void **state)
{
    (void)state;
    last_line[0] = '\0';
    hoot_log_set_sink(keep_line, NULL);
    run_in_loop(start_failing, NULL);
    hoot_log_set_sink(NULL, NULL);
    assert_non_null(strstr(last_line, "feed the owls"));
    assert_non_null(strstr(last_line, "no mice left"));
}

static int sleep_long(hoot_error *err, void *arg)
{
    (void)err;
    *(void **)arg = hoot__task_context(hoot_current_task());
    return hoot_sleep(1000000);
}

static int stop_all(hoot_error *err, void *arg)
{
    int context;
    void *seen = NULL, *none = &seen;
    uint64_t start = hoot_now_ms();

    (void)arg;
    assert_int_equal(hoot__background_start("with context", &context, sleep_long, &seen, err), 0);
    assert_int_equal(hoot_start("without", sleep_long, &none, err), 0);
    hoot_timeout (5)
        assert_int_equal(hoot__background_wait(), HOOT_ETIMEOUT);
    assert_ptr_equal(seen, &context);
    assert_null(none);
    hoot__background_cancel_all();
    assert_int_equal(hoot__background_wait(), 0);
    assert_int_equal(hoot_now_ms() - start, 5);
    assert_int_equal(hoot_start("late", sleep_long, &seen, err), HOOT_ECLOSED);
    return 0;
}

static void stopping_cancels_all_and_refuses_more(void **state)
{
    (void)state;
    last_line[0] = '\0';
    hoot_log_set_sink(keep_line, NULL);
    run_in_virtual_time(stop_all, NULL);
    hoot_log_set_sink(NULL, NULL);
    assert_string_equal(last_line, ""); /* a task that ends because it was told to has not failed */
}

static void starting_needs_a_loop(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;

    (void)state;
    assert_int_equal(hoot_start("alone", sleep_long, NULL, &err), HOOT_ESTATE);
}

static int count_down(hoot_error *err, void *arg)
{
    int rc = hoot_sleep(50);

    (void)err;
    ++*(int *)arg;
    return rc;
}

static int start_and_leave(hoot_error *err, void *arg)
{
    return hoot_start("later", count_down, arg, err);
}

static void run_waits_for_background_tasks(void **state)
{
    int ended = 0;

    (void)state;
    assert_int_equal(hoot_run(start_and_leave, &ended, NULL), 0);
    assert_int_equal(ended, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_is_logged_with_the_tasks_name),
        cmocka_unit_test(stopping_cancels_all_and_refuses_more),
        cmocka_unit_test(starting_needs_a_loop),
        cmocka_unit_test(run_waits_for_background_tasks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

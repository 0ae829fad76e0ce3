/* The watchdog: reports a task that holds the loop, and not one that waits. */
#include "support/run.h"

#include <hoot/log.h>
#include <hoot/offload.h>

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char report[4096];
static atomic_int reports;

static void keep_report(hoot_log_level level, const char *text, void *user)
{
    (void)level;
    (void)user;
    pthread_mutex_lock(&mutex); /* it comes from the watchdog's thread */
    snprintf(report, sizeof report, "%s", text);
    pthread_mutex_unlock(&mutex);
    atomic_fetch_add(&reports, 1);
}

/* Holds the loop until the watchdog has noticed. */
static int hold(hoot_error *err, void *arg)
{
    (void)err;
    (void)arg;
    hoot__task_set_name(hoot_current_task(), "GET /slow");
    while (atomic_load(&reports) == 0)
        ;
    return 0;
}

static void holding_the_loop_is_reported_with_name_and_place(void **state)
{
    hoot__loop_options options = { .watchdog_ms = 20 };
    int rc;

    (void)state;
    hoot_log_set_sink(keep_report, NULL);
    rc = hoot__loop_run(&options, hold, NULL, NULL);
    hoot_log_set_sink(NULL, NULL);
    assert_int_equal(rc, 0);
    assert_non_null(strstr(report, "GET /slow"));
    assert_non_null(strstr(report, "20 ms"));
    assert_non_null(strstr(report, "watchdog_test")); /* the program, of the frame that spins */
}

/* Long enough for many looks, on another thread. */
static int block(void *arg)
{
    struct timespec time = { .tv_nsec = 200 * 1000 * 1000 };

    (void)arg;
    while (nanosleep(&time, &time) != 0)
        ;
    return 0;
}

static int wait_long(hoot_error *err, void *arg)
{
    int rc = hoot_offload(block, arg);

    (void)err;
    return rc < 0 ? rc : hoot_sleep(200);
}

static void waiting_is_not_reported(void **state)
{
    hoot__loop_options options = { .watchdog_ms = 50 };
    int rc;

    (void)state;
    atomic_store(&reports, 0);
    hoot_log_set_sink(keep_report, NULL);
    rc = hoot__loop_run(&options, wait_long, NULL, NULL);
    hoot_log_set_sink(NULL, NULL);
    assert_int_equal(rc, 0);
    assert_int_equal(atomic_load(&reports), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holding_the_loop_is_reported_with_name_and_place),
        cmocka_unit_test(waiting_is_not_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

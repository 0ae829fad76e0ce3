/* What tasks cost that are asleep: 100,000 of them in one loop, at most 8 KiB resident each. */
#include "support/resident.h"

/* AddressSanitizer keeps its shadow beside each stack: fewer then, and no figure. */
#ifdef UNDER_ASAN
#define COUNT 2000
#else
#define COUNT 100000
#endif
#define BYTES_EACH 8192

static int sleep_and_count(hoot_error *err, void *arg)
{
    int rc = hoot_sleep(3600 * 1000);

    (void)err;
    ++*(int *)arg;
    return rc;
}

static int sleep_together(hoot_error *err, void *arg)
{
    long before = resident_bytes(), each;
    int woken = 0;
    hoot__loop_stats stats;

    (void)err;
    (void)arg;
    for (int i = 0; i < COUNT; i++)
        assert_non_null(hoot__task_start(NULL, sleep_and_count, NULL, &woken));
    assert_int_equal(hoot_sleep(1000), 0);
    each = (resident_bytes() - before) / COUNT;
    print_message("%d tasks asleep: %ld bytes resident each\n", COUNT, each);
#ifndef UNDER_ASAN
    assert_true(each <= BYTES_EACH);
#endif
    assert_int_equal(woken, 0);
    assert_int_equal(hoot_sleep(3600 * 1000), 0);
    assert_int_equal(woken, COUNT);
    hoot__loop_stats_get(hoot__loop_current(), &stats);
    assert_int_equal(stats.tasks_alive, 1);
    assert_int_equal(stats.timers, 0);
    return 0;
}

static void a_hundred_thousand_tasks_sleep_on_8_kib_each(void **state)
{
    (void)state;
    run_in_virtual_time(sleep_together, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hundred_thousand_tasks_sleep_on_8_kib_each),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

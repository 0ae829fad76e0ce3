/* A pool that is closed, and what it lets go of wherever a task is cancelled or memory is short; on a
 * scripted driver and a virtual clock. */
#include "unit/db/fake_pool.h"

#include <hoot/group.h>

#include "base/alloc.h"
#include "runtime/torture.h"

/* --- closing --- */

static int wait_for_closing(hoot_error *error, void *arg)
{
    (void)arg;
    assert_null(hoot_pool_acquire(pool, error));
    assert_int_equal(error->code, HOOT_ECLOSED);
    return 0;
}

static int hold(hoot_error *error, void *arg)
{
    hoot_conn *conn = hoot_pool_acquire(pool, error);
    int rc;

    assert_non_null(conn);
    rc = hoot_sleep((uint64_t)(intptr_t)arg);
    if ((intptr_t)arg > 5000)
        assert_int_equal(hoot_conn_execute(conn, error, "sleep 1"), HOOT_ECLOSED);
    hoot_conn_release(conn);
    return rc;
}

VIRTUAL_TEST(waits_for_lent_connections_and_tells_waiters_when_it_closes)
{
    HOOT_AUTO(hoot_group) group = hoot_group_new(&err);
    uint64_t begun = hoot_now_ms();

    open_with((hoot_pool_options){ .max_size = 1 });
    assert_int_equal(hoot_group_start(group, hold, (void *)100, &err), 0);
    assert_int_equal(hoot_group_start(group, wait_for_closing, NULL, &err), 0);
    assert_int_equal(hoot_sleep(1), 0);
    hoot_pool_close(pool);
    assert_int_equal(hoot_now_ms() - begun, 100);
    assert_int_equal(fake.open, 0);
    assert_int_equal(hoot_group_join(group, &err), 0);
    return 0;
}

VIRTUAL_TEST(cuts_connections_that_do_not_come_back)
{
    HOOT_AUTO(hoot_group) group = hoot_group_new(&err);
    uint64_t begun = hoot_now_ms();

    open_with((hoot_pool_options){ .close_timeout_ms = 3000 });
    assert_int_equal(hoot_group_start(group, hold, (void *)10000, &err), 0);
    assert_int_equal(hoot_sleep(0), 0);
    assert_int_equal(hoot_sleep(1), 0);
    hoot_pool_close(pool);
    assert_int_equal(hoot_now_ms() - begun, 3001);
    assert_int_equal(fake.open, 0);
    assert_int_equal(hoot_group_join(group, &err), 0);
    return 0;
}

static int run_long(hoot_error *error, void *arg)
{
    (void)arg;
    assert_int_equal(hoot_pool_execute(pool, error, "sleep 1000000"), HOOT_ECANCELED);
    return 0;
}

VIRTUAL_TEST(stops_statements_that_do_not_end_when_it_closes)
{
    HOOT_AUTO(hoot_group) group = hoot_group_new(&err);

    open_with((hoot_pool_options){ 0 });
    assert_int_equal(hoot_group_start(group, run_long, NULL, &err), 0);
    assert_int_equal(hoot_sleep(1), 0);
    hoot_pool_close(pool);
    assert_int_equal(fake.open, 0);
    assert_int_equal(hoot_group_join(group, &err), 0);
    return 0;
}

static int close_it(hoot_error *error, void *arg)
{
    (void)error, (void)arg;
    hoot_pool_close(pool);
    assert_int_equal(fake.open, 0);
    return 0;
}

VIRTUAL_TEST(closes_every_connection_though_the_closing_task_is_cancelled)
{
    HOOT_AUTO(hoot_group) holders = hoot_group_new(&err);
    HOOT_AUTO(hoot_group) closers = hoot_group_new(&err);

    open_with((hoot_pool_options){ 0 });
    assert_int_equal(hoot_group_start(holders, hold, (void *)100, &err), 0);
    assert_int_equal(hoot_sleep(1), 0);
    assert_int_equal(hoot_group_start(closers, close_it, NULL, &err), 0);
    assert_int_equal(hoot_sleep(1), 0);
    hoot_group_cancel(closers);
    (void)hoot_group_join(closers, &err);
    assert_int_equal(fake.open, 0);
    assert_int_equal(hoot_group_join(holders, &err), 0);
    return 0;
}

static int connect_and_lose(hoot_error *error, void *arg)
{
    (void)arg;
    assert_null(hoot_pool_acquire(pool, error));
    assert_int_equal(error->code, HOOT_ECLOSED);
    return 0;
}

VIRTUAL_TEST(stops_connecting_when_it_closes)
{
    HOOT_AUTO(hoot_group) group = hoot_group_new(&err);

    open_with((hoot_pool_options){ .lazy = true });
    fake.connect_ms = 5000;
    assert_int_equal(hoot_group_start(group, connect_and_lose, NULL, &err), 0);
    assert_int_equal(hoot_sleep(1), 0);
    hoot_pool_close(pool);
    assert_int_equal(fake.connecting, 0);
    assert_int_equal(hoot_group_join(group, &err), 0);
    return 0;
}

static int open_in_scope(hoot_error *error, void *arg)
{
    (void)arg;
    return hoot_pool_open(hoot_current_scope(), &pool, &(hoot_pool_options){ .url = "fake://h/d" }, error);
}

VIRTUAL_TEST(closes_itself_with_its_scope)
{
    HOOT_AUTO(hoot_group) group = hoot_group_new(&err);

    assert_int_equal(hoot_group_start(group, open_in_scope, NULL, &err), 0);
    assert_int_equal(hoot_group_join(group, &err), 0);
    assert_int_equal(fake.open, 0);
    return 0;
}

VIRTUAL_TEST(is_closed_for_those_who_ask_later)
{
    assert_int_equal(
        hoot_pool_open(hoot_current_scope(), &pool, &(hoot_pool_options){ .url = "fake://h/d" }, &err), 0);
    hoot_pool_close(pool);
    assert_null(hoot_pool_acquire(pool, &err));
    assert_int_equal(err.code, HOOT_ECLOSED);
    assert_int_equal(hoot_pool_execute(pool, &err, "sleep 1"), HOOT_ECLOSED);
    hoot_pool_close(pool);
    return 0;
}

/* --- every place where a task can be cancelled, every allocation --- */

/* Some of everything; whatever fails, everything is let go. */
static int work(hoot_error *error, void *arg)
{
    int tag = (int)(intptr_t)arg;
    HOOT_AUTO(hoot_conn) conn = hoot_pool_acquire(pool, error);
    HOOT_AUTO(hoot_cursor) rows = NULL;
    const hoot_row *row;
    char expected[16];

    snprintf(expected, sizeof(expected), "%d", tag);
    if (!conn || hoot_conn_begin(conn, error))
        return error->code;
    rows = hoot_conn_stream(conn, error, "slow rows 3", tag);
    while ((row = hoot_fetchone(rows)))
        assert_string_equal(hoot_row_text(row, "a"), expected);
    hoot_cursor_close(rows);
    rows = hoot_conn_query(conn, error, "slow rows 2", tag);
    while ((row = hoot_fetchone(rows)))
        assert_string_equal(hoot_row_text(row, "a"), expected);
    (void)hoot_conn_execute(conn, error, "dirty");
    return tag % 2 ? hoot_conn_commit(conn, error) : 0;
}

static int start_work(hoot_error *error, void *arg)
{
    HOOT_AUTO(hoot_group) group = hoot_group_new(error);
    int rc = group ? 0 : error->code;

    (void)arg;
    for (intptr_t i = 1; i < 6 && !rc; i++)
        rc = hoot_group_start(group, work, (void *)i, error);
    return group ? hoot_group_join(group, error) : rc;
}

static int work_in_a_pool(hoot_error *error, void *arg)
{
    const hoot_pool_options options = { .url = "fake://h/d", .max_size = 2, .min_size = 1 };
    hoot_pool_stats now;
    int rc;

    fake.connect_ms = 1;
    rc = hoot_pool_open(NULL, &pool, &options, error);
    if (rc)
        return rc;
    rc = start_work(error, arg);
    hoot_pool_stats_get(pool, &now);
    assert_int_equal(now.lent + now.waiting, 0);
    hoot_pool_close(pool);
    assert_int_equal(fake.open, 0);
    return rc;
}

static void lets_everything_go_wherever_a_task_is_cancelled(void **state)
{
    const hoot__loop_options options = { .virtual_clock = true };
    uint64_t n = 1;

    (void)state;
    run_virtual(work_in_a_pool, NULL);
    catch_log();
    do {
        hoot_error error = HOOT_ERROR_INIT;

        memset(&fake, 0, sizeof(fake));
        hoot__switches_seen = 0;
        hoot__cancel_at_switch = n;
        (void)hoot__loop_run(&options, work_in_a_pool, NULL, &error);
        assert_int_equal(fake.open + fake.connecting, 0);
    } while (hoot__switches_seen >= n++);
    hoot__cancel_at_switch = 0;
    assert_true(n > 40);
}

static void lets_everything_go_whatever_allocation_fails(void **state)
{
    const hoot__loop_options options = { .virtual_clock = true };
    unsigned long n = 1;

    (void)state;
    catch_log();
    do {
        hoot_error error = HOOT_ERROR_INIT;

        memset(&fake, 0, sizeof(fake));
        hoot__alloc_fail_next(n);
        (void)hoot__loop_run(&options, work_in_a_pool, NULL, &error);
        assert_int_equal(fake.open + fake.connecting, 0);
    } while (hoot__alloc_count >= n++);
    hoot__alloc_fail_next(0);
    assert_true(n > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FAKED(waits_for_lent_connections_and_tells_waiters_when_it_closes),
        FAKED(cuts_connections_that_do_not_come_back),
        FAKED(stops_statements_that_do_not_end_when_it_closes),
        FAKED(closes_every_connection_though_the_closing_task_is_cancelled),
        FAKED(stops_connecting_when_it_closes),
        FAKED(closes_itself_with_its_scope),
        FAKED(is_closed_for_those_who_ask_later),
        FAKED(lets_everything_go_wherever_a_task_is_cancelled),
        FAKED(lets_everything_go_whatever_allocation_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

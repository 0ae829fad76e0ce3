/* The pool's promises, on a scripted driver and a virtual clock. */
#include "unit/db/fake_driver.h"

#include <hoot/group.h>

#include "base/alloc.h"
#include "runtime/torture.h"

static hoot_pool *pool;
static hoot_error err;

static void open_with(hoot_pool_options options)
{
    options.url = "fake://host/db";
    if (hoot_pool_open(NULL, &pool, &options, &err))
        fail_msg("%s", err.text);
}

static hoot_pool_stats stats(void)
{
    hoot_pool_stats out;

    hoot_pool_stats_get(pool, &out);
    return out;
}

/* --- order and limits --- */

static int order[64], order_count;

/* Acquire, note the number, hold for a while, release. */
static int take_a_turn(hoot_error *error, void *arg)
{
    HOOT_AUTO(hoot_conn) conn = hoot_pool_acquire(pool, error);

    if (!conn)
        return error->code;
    order[order_count++] = (int)(intptr_t)arg;
    return hoot_sleep(1);
}

static void start_turns(hoot_group *group, int count)
{
    order_count = 0;
    for (intptr_t i = 0; i < count; i++)
        assert_int_equal(hoot_group_start(group, take_a_turn, (void *)i, &err), 0);
}

VIRTUAL_TEST(serves_waiters_in_order)
{
    HOOT_AUTO(hoot_group) group = hoot_group_new(&err);
    hoot_conn *conn;

    open_with((hoot_pool_options){ .max_size = 1 });
    conn = hoot_pool_acquire(pool, &err);
    start_turns(group, 20);
    assert_int_equal(hoot_sleep(5), 0);
    assert_int_equal(order_count, 0);
    assert_int_equal(stats().waiting, 20);
    hoot_conn_release(conn);
    assert_int_equal(hoot_group_join(group, &err), 0);
    for (int i = 0; i < 20; i++)
        assert_int_equal(order[i], i);
    assert_int_equal(fake.connects, 1);
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(hands_over_to_the_first_in_line_and_not_to_who_asks_at_that_moment)
{
    HOOT_AUTO(hoot_group) group = hoot_group_new(&err);
    hoot_conn *conn;

    open_with((hoot_pool_options){ .max_size = 1 });
    conn = hoot_pool_acquire(pool, &err);
    start_turns(group, 1);
    assert_int_equal(hoot_yield(), 0);
    hoot_conn_release(conn);
    conn = hoot_pool_acquire(pool, &err);
    assert_int_equal(order_count, 1);
    hoot_conn_release(conn);
    assert_int_equal(hoot_group_join(group, &err), 0);
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(never_has_more_connections_than_allowed)
{
    HOOT_AUTO(hoot_group) group = hoot_group_new(&err);

    fake.connect_ms = 10;
    open_with((hoot_pool_options){ .max_size = 3 });
    start_turns(group, 50);
    assert_int_equal(hoot_group_join(group, &err), 0);
    assert_int_equal(order_count, 50);
    assert_int_equal(fake.most_open, 3);
    assert_int_equal(stats().open, stats().idle);
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(lends_the_warmest_idle_connection)
{
    hoot_conn *a, *b;
    uint64_t id;

    open_with((hoot_pool_options){ .max_size = 2 });
    a = hoot_pool_acquire(pool, &err);
    b = hoot_pool_acquire(pool, &err);
    id = hoot_conn_id(b);
    hoot_conn_release(a);
    hoot_conn_release(b);
    a = hoot_pool_acquire(pool, &err);
    assert_int_equal(hoot_conn_id(a), id);
    hoot_conn_release(a);
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(refuses_more_waiters_than_allowed_at_once)
{
    HOOT_AUTO(hoot_group) group = hoot_group_new(&err);
    hoot_conn *conn;

    open_with((hoot_pool_options){ .max_size = 1, .max_waiters = 3 });
    conn = hoot_pool_acquire(pool, &err);
    start_turns(group, 3);
    assert_int_equal(hoot_yield(), 0);
    assert_null(hoot_pool_acquire(pool, &err));
    assert_int_equal(err.code, HOOT_ELIMIT);
    hoot_conn_release(conn);
    assert_int_equal(hoot_group_join(group, &err), 0);
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(gives_up_waiting_at_the_tasks_deadline_and_loses_no_connection)
{
    hoot_conn *conn;

    open_with((hoot_pool_options){ .max_size = 1 });
    conn = hoot_pool_acquire(pool, &err);
    hoot_timeout (30)
        assert_null(hoot_pool_acquire(pool, &err));
    assert_int_equal(err.code, HOOT_ETIMEOUT);
    assert_int_equal(stats().timed_out, 1);
    assert_int_equal(stats().waiting, 0);
    hoot_conn_release(conn);
    assert_int_equal(stats().idle, 1);
    hoot_pool_close(pool);
    return 0;
}

/* --- connecting --- */

VIRTUAL_TEST(keeps_the_connection_of_an_asker_who_left)
{
    hoot_conn *conn;

    open_with((hoot_pool_options){ .lazy = true });
    fake.connect_ms = 100;
    hoot_timeout (50)
        assert_null(hoot_pool_acquire(pool, &err));
    assert_int_equal(err.code, HOOT_ETIMEOUT);
    assert_int_equal(stats().connecting, 1);
    hoot_timeout (60)
        conn = hoot_pool_acquire(pool, &err);
    assert_non_null(conn);
    assert_int_equal(fake.connects, 1);
    hoot_conn_release(conn);
    hoot_pool_close(pool);
    return 0;
}

static int expect_refused(hoot_error *error, void *arg)
{
    int *failures = arg;
    hoot_conn *conn = hoot_pool_acquire(pool, error);

    if (conn) {
        hoot_conn_release(conn);
        return 0;
    }
    assert_int_equal(error->code, HOOT_ECONNECT);
    ++*failures;
    return 0;
}

VIRTUAL_TEST(fails_only_the_one_whose_connecting_failed)
{
    HOOT_AUTO(hoot_group) group = hoot_group_new(&err);
    int failures = 0;

    open_with((hoot_pool_options){ .lazy = true, .max_size = 4 });
    fake.connect_ms = 10;
    fake.fail_connects = 1;
    for (int i = 0; i < 4; i++)
        assert_int_equal(hoot_group_start(group, expect_refused, &failures, &err), 0);
    assert_int_equal(hoot_group_join(group, &err), 0);
    assert_int_equal(failures, 1);
    assert_int_equal(stats().open_failed, 1);
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(gives_each_asker_an_error_of_its_own_when_the_database_is_down)
{
    HOOT_AUTO(hoot_group) group = hoot_group_new(&err);
    uint64_t begun = hoot_now_ms();
    int failures = 0;

    open_with((hoot_pool_options){ .lazy = true, .max_size = 2 });
    fake.down = true;
    fake.connect_ms = 5;
    for (int i = 0; i < 30; i++)
        assert_int_equal(hoot_group_start(group, expect_refused, &failures, &err), 0);
    assert_int_equal(hoot_group_join(group, &err), 0);
    assert_int_equal(failures, 30);
    assert_int_equal(fake.connects, 30);
    assert_int_equal(hoot_now_ms() - begun, 30 / 2 * 5);
    assert_int_equal(stats().open, 0);
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(bounds_the_time_of_connecting)
{
    open_with((hoot_pool_options){ .lazy = true, .connect_timeout_ms = 200 });
    fake.connect_ms = 100000;
    assert_null(hoot_pool_acquire(pool, &err));
    assert_int_equal(err.code, HOOT_ECONNECT);
    assert_non_null(strstr(err.text, "host:1"));
    assert_non_null(strstr(err.text, "200 ms"));
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(opens_the_smallest_number_first_and_fails_as_connecting_did)
{
    fake.down = true;
    assert_int_equal(hoot_pool_open(NULL, &pool, &(hoot_pool_options){ .url = "fake://h/d" }, &err),
                     HOOT_ECONNECT);
    assert_non_null(strstr(err.text, "refused"));
    fake.down = false;
    open_with((hoot_pool_options){ .min_size = 3 });
    assert_int_equal(fake.open, 3);
    assert_int_equal(stats().idle, 3);
    hoot_pool_close(pool);
    return 0;
}

/* --- liveness, ages --- */

VIRTUAL_TEST(replaces_a_connection_that_died_while_idle)
{
    hoot_conn *conn;

    open_with((hoot_pool_options){ 0 });
    fake.kill_idle = true;
    conn = hoot_pool_acquire(pool, &err);
    assert_non_null(conn);
    assert_int_equal(hoot_conn_id(conn), 2);
    assert_int_equal(stats().closed_dead, 1);
    hoot_conn_release(conn);
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(closes_what_is_too_old_and_connects_anew_to_the_smallest_number)
{
    open_with((hoot_pool_options){ .min_size = 2, .max_age_ms = 10000 });
    assert_int_equal(hoot_sleep(8999), 0);
    assert_int_equal(stats().closed_age, 0);
    assert_int_equal(hoot_sleep(1002), 0);
    assert_int_equal(stats().closed_age, 2);
    assert_int_equal(stats().idle, 2);
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(closes_what_came_back_too_old)
{
    hoot_conn *conn;

    open_with((hoot_pool_options){ .max_age_ms = 1000 });
    conn = hoot_pool_acquire(pool, &err);
    assert_int_equal(hoot_sleep(2000), 0);
    hoot_conn_release(conn);
    assert_int_equal(stats().closed_age, 1);
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(closes_what_is_idle_too_long_down_to_the_smallest_number)
{
    hoot_conn *conns[4];

    open_with((hoot_pool_options){ .min_size = 2, .idle_ms = 1000 });
    for (int i = 0; i < 4; i++)
        conns[i] = hoot_pool_acquire(pool, &err);
    assert_int_equal(hoot_sleep(5000), 0);
    for (int i = 0; i < 4; i++)
        hoot_conn_release(conns[i]);
    assert_int_equal(stats().idle, 4);
    assert_int_equal(hoot_sleep(1001), 0);
    assert_int_equal(stats().closed_idle, 2);
    assert_int_equal(stats().idle, 2);
    assert_int_equal(hoot_sleep(10000), 0);
    assert_int_equal(stats().idle, 2);
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(tries_in_the_background_with_growing_pauses_and_says_so_once)
{
    open_with((hoot_pool_options){ .max_age_ms = 1000 });
    catch_log();
    fake.down = true;
    assert_int_equal(hoot_sleep(61000), 0);
    assert_in_range(fake.connects, 10, 25);
    assert_int_equal(logged_lines, 1);
    assert_non_null(strstr(logged, "refused"));
    fake.down = false;
    assert_int_equal(hoot_sleep(10001), 0);
    assert_int_equal(stats().idle, 1);
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(makes_no_connection_of_its_own_while_lazy_and_never_asked)
{
    open_with((hoot_pool_options){ .lazy = true, .min_size = 2 });
    assert_int_equal(hoot_sleep(100000), 0);
    assert_int_equal(fake.connects, 0);
    hoot_conn_release(hoot_pool_acquire(pool, &err));
    assert_int_equal(hoot_sleep(1), 0);
    assert_int_equal(stats().idle, 2);
    hoot_pool_close(pool);
    return 0;
}

/* --- coming back --- */

static void release_after(const char *sql)
{
    hoot_conn *conn = hoot_pool_acquire(pool, &err);

    assert_non_null(conn);
    (void)hoot_conn_execute(conn, &err, sql);
    hoot_conn_release(conn);
}

VIRTUAL_TEST(cleans_what_comes_back_dirty_before_lending_it)
{
    hoot_conn *conn;

    open_with((hoot_pool_options){ .max_size = 1 });
    release_after("begin");
    assert_int_equal(stats().idle + stats().lent, 0);
    conn = hoot_pool_acquire(pool, &err);
    assert_int_equal(fake.rollbacks, 1);
    assert_false(hoot_conn_in_transaction(conn));
    hoot_conn_release(conn);
    release_after("dirty");
    conn = hoot_pool_acquire(pool, &err);
    assert_int_equal(fake.resets, 1);
    assert_int_equal(hoot_conn_id(conn), 1);
    hoot_conn_release(conn);
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(recovers_what_was_left_in_the_middle_of_an_answer)
{
    hoot_conn *conn;

    open_with((hoot_pool_options){ .max_size = 1 });
    hoot_timeout (10)
        release_after("sleep 100");
    assert_int_equal(err.code, HOOT_ETIMEOUT);
    conn = hoot_pool_acquire(pool, &err);
    assert_int_equal(fake.recovers, 1);
    assert_int_equal(hoot_conn_id(conn), 1);
    hoot_conn_release(conn);
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(uses_a_connection_on_after_a_statement_of_the_same_task_was_stopped)
{
    hoot_conn *conn;

    open_with((hoot_pool_options){ .max_size = 1 });
    conn = hoot_pool_acquire(pool, &err);
    hoot_timeout (10)
        assert_int_equal(hoot_conn_execute(conn, &err, "sleep 100"), HOOT_ETIMEOUT);
    assert_int_equal(hoot_conn_execute(conn, &err, "sleep 1"), 0);
    assert_int_equal(fake.recovers, 1);
    hoot_timeout (10)
        assert_int_equal(hoot_conn_execute(conn, &err, "sleep 100"), HOOT_ETIMEOUT);
    fake.recover_fails = true;
    assert_int_equal(hoot_conn_execute(conn, &err, "sleep 1"), HOOT_ECONNLOST);
    assert_int_equal(hoot_conn_execute(conn, &err, "sleep 1"), HOOT_ECONNLOST);
    hoot_conn_release(conn);
    assert_int_equal(stats().closed_lost, 1);
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(closes_what_cannot_be_cleaned_in_time_and_serves_the_next)
{
    uint64_t begun;
    hoot_conn *conn;

    open_with((hoot_pool_options){ .max_size = 1 });
    fake.rollback_hangs = true;
    begun = hoot_now_ms();
    release_after("begin");
    conn = hoot_pool_acquire(pool, &err);
    assert_int_equal(hoot_conn_id(conn), 2);
    assert_int_equal(hoot_now_ms() - begun, 5000);
    assert_int_equal(stats().closed_dirty, 1);
    hoot_conn_release(conn);
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(closes_a_lost_connection_and_tells_without_trying_again)
{
    open_with((hoot_pool_options){ .max_size = 1 });
    assert_int_equal(hoot_pool_execute(pool, &err, "lost"), HOOT_ECONNLOST);
    assert_int_equal(fake.statements, 1);
    assert_int_equal(stats().closed_lost, 1);
    assert_int_equal(stats().errors, 1);
    assert_int_equal(hoot_pool_execute(pool, &err, "refused"), HOOT_EDB);
    assert_int_equal(stats().closed_lost, 1);
    hoot_pool_close(pool);
    return 0;
}

/* --- handles --- */

VIRTUAL_TEST(refuses_a_handle_that_was_released)
{
    hoot_conn *first, *second;

    open_with((hoot_pool_options){ .max_size = 1 });
    first = hoot_pool_acquire(pool, &err);
    hoot_conn_release(first);
    second = hoot_pool_acquire(pool, &err);
    assert_int_equal(hoot_conn_execute(first, &err, "sleep 1"), HOOT_ESTATE);
    assert_int_equal(hoot_conn_begin(first, &err), HOOT_ESTATE);
    assert_null(hoot_conn_query(first, &err, "rows 1"));
    assert_int_equal(hoot_conn_id(first), 0);
    catch_log();
    hoot_conn_release(first);
    assert_non_null(strstr(logged, "released twice"));
    assert_non_null(strstr(logged, "pool_test.c:"));
    assert_int_equal(stats().lent, 1);
    hoot_conn_release(second);
    hoot_pool_close(pool);
    assert_int_equal(hoot_conn_execute(second, &err, "sleep 1"), HOOT_ESTATE);
    return 0;
}

static int release_it(hoot_error *error, void *arg)
{
    (void)error;
    hoot_conn_release(arg);
    return 0;
}

VIRTUAL_TEST(refuses_a_release_by_another_task)
{
    HOOT_AUTO(hoot_group) group = hoot_group_new(&err);
    hoot_conn *conn;

    open_with((hoot_pool_options){ 0 });
    conn = hoot_pool_acquire(pool, &err);
    catch_log();
    assert_int_equal(hoot_group_start(group, release_it, conn, &err), 0);
    assert_int_equal(hoot_group_join(group, &err), 0);
    assert_non_null(strstr(logged, "another task"));
    assert_int_equal(stats().lent, 1);
    hoot_conn_release(conn);
    hoot_pool_close(pool);
    return 0;
}

static int forget_it(hoot_error *error, void *arg)
{
    hoot_conn *conn = hoot_pool_acquire_at(pool, "users.c:41", error);

    (void)arg;
    assert_int_equal(hoot_conn_begin(conn, error), 0);
    assert_non_null(hoot_conn_stream(conn, error, "slow rows 5"));
    return 0;
}

VIRTUAL_TEST(takes_back_what_a_task_forgot_and_says_where_it_was_acquired)
{
    HOOT_AUTO(hoot_group) group = hoot_group_new(&err);

    open_with((hoot_pool_options){ .max_size = 1 });
    catch_log();
    assert_int_equal(hoot_group_start(group, forget_it, NULL, &err), 0);
    assert_int_equal(hoot_group_join(group, &err), 0);
    assert_int_equal(logged_lines, 1);
    assert_non_null(strstr(logged, "users.c:41"));
    assert_int_equal(stats().leaked, 1);
    assert_int_equal(hoot_pool_execute(pool, &err, "sleep 1"), 0);
    assert_int_equal(fake.recovers, 1);
    assert_int_equal(fake.rollbacks, 1);
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(stays_flat_over_a_hundred_thousand_lendings)
{
    open_with((hoot_pool_options){ .max_size = 1 });
    for (int i = 0; i < 100000; i++) {
        hoot_conn *conn = hoot_pool_acquire(pool, &err);

        if (i % 100 == 0)
            assert_int_equal(hoot_yield(), 0);
        hoot_conn_release(conn);
    }
    assert_in_range(hoot_arena_used(hoot_scope_arena(hoot_current_scope())), 0, 4096);
    assert_int_equal(fake.connects, 1);
    assert_int_equal(stats().acquired, 100000);
    hoot_pool_close(pool);
    return 0;
}

static int use_while_busy(hoot_error *error, void *arg)
{
    assert_int_equal(hoot_conn_execute(arg, error, "sleep 1"), HOOT_EBUSY);
    return 0;
}

VIRTUAL_TEST(refuses_two_statements_at_a_time_on_one_connection)
{
    HOOT_AUTO(hoot_group) group = hoot_group_new(&err);
    hoot_conn *conn;

    open_with((hoot_pool_options){ 0 });
    conn = hoot_pool_acquire(pool, &err);
    assert_int_equal(hoot_group_start(group, use_while_busy, conn, &err), 0);
    assert_int_equal(hoot_conn_execute(conn, &err, "sleep 10"), 0);
    assert_int_equal(hoot_group_join(group, &err), 0);
    hoot_conn_release(conn);
    hoot_pool_close(pool);
    return 0;
}

/* --- cursors on it --- */

VIRTUAL_TEST(streams_rows_and_ends_the_stream_with_the_connection)
{
    hoot_conn *conn;
    hoot_cursor *rows;

    open_with((hoot_pool_options){ .max_size = 1 });
    conn = hoot_pool_acquire(pool, &err);
    rows = hoot_conn_stream(conn, &err, "slow rows 3", 17);
    assert_string_equal(hoot_row_text(hoot_fetchone(rows), "a"), "17");
    hoot_timeout (0)
        assert_null(hoot_fetchone(rows));
    assert_int_equal(hoot_cursor_error(rows, &err), HOOT_ETIMEOUT);
    assert_null(hoot_fetchone(rows));
    hoot_cursor_close(rows);
    rows = hoot_conn_stream(conn, &err, "rows 3", 18);
    hoot_conn_release(conn);
    assert_null(hoot_fetchone(rows));
    assert_int_equal(hoot_cursor_error(rows, NULL), HOOT_ESTATE);
    assert_string_equal(hoot_column_name(rows, 0), "a");
    hoot_cursor_close(rows);
    hoot_pool_close(pool);
    return 0;
}

/* --- transactions --- */

static int deadlock_twice(hoot_conn *conn, hoot_error *error, void *arg)
{
    int *runs = arg;

    if (++*runs < 3)
        return hoot_conn_execute(conn, error, "deadlock") < 0 ? error->code : 0;
    return 0;
}

static int deadlock_always(hoot_conn *conn, hoot_error *error, void *arg)
{
    ++*(int *)arg;
    return hoot_conn_execute(conn, error, "deadlock") < 0 ? error->code : 0;
}

VIRTUAL_TEST(runs_a_transaction_again_after_a_deadlock_but_not_for_ever)
{
    int runs = 0;

    open_with((hoot_pool_options){ 0 });
    assert_int_equal(hoot_pool_transaction(pool, deadlock_twice, &runs, &err), 0);
    assert_int_equal(runs, 3);
    runs = 0;
    assert_int_equal(hoot_pool_transaction(pool, deadlock_always, &runs, NULL), HOOT_EDEADLOCK);
    assert_int_equal(runs, 5);
    assert_int_equal(stats().idle, 1);
    hoot_pool_close(pool);
    return 0;
}

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

/* --- rows of others --- */

static int ask_for_own_rows(hoot_error *error, void *arg)
{
    int tag = (int)(intptr_t)arg;
    const hoot_row *const *rows;
    hoot_cursor *cursor = NULL;
    char expected[16];

    snprintf(expected, sizeof(expected), "%d", tag);
    hoot_timeout ((uint64_t)(tag * 7 % 13))
        cursor = hoot_pool_query(pool, error, "slow rows 5", tag);
    for (ptrdiff_t i = 0, n = hoot_fetchall(cursor, &rows); i < n; i++)
        assert_string_equal(hoot_row_text(rows[i], "a"), expected);
    hoot_cursor_close(cursor);
    return 0;
}

VIRTUAL_TEST(gives_nobody_the_rows_of_another_after_thousands_of_stopped_statements)
{
    open_with((hoot_pool_options){ .max_size = 4 });
    for (int round = 0; round < 200; round++) {
        HOOT_AUTO(hoot_group) group = hoot_group_new(&err);

        for (intptr_t i = 0; i < 10; i++)
            assert_int_equal(hoot_group_start(group, ask_for_own_rows, (void *)(round * 10 + i), &err), 0);
        assert_int_equal(hoot_group_join(group, &err), 0);
    }
    assert_true(fake.recovers > 100);
    hoot_pool_close(pool);
    return 0;
}

#define FAKED(test) cmocka_unit_test_setup_teardown(test, reset_fake, check_fake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FAKED(serves_waiters_in_order),
        FAKED(hands_over_to_the_first_in_line_and_not_to_who_asks_at_that_moment),
        FAKED(never_has_more_connections_than_allowed),
        FAKED(lends_the_warmest_idle_connection),
        FAKED(refuses_more_waiters_than_allowed_at_once),
        FAKED(gives_up_waiting_at_the_tasks_deadline_and_loses_no_connection),
        FAKED(keeps_the_connection_of_an_asker_who_left),
        FAKED(fails_only_the_one_whose_connecting_failed),
        FAKED(gives_each_asker_an_error_of_its_own_when_the_database_is_down),
        FAKED(bounds_the_time_of_connecting),
        FAKED(opens_the_smallest_number_first_and_fails_as_connecting_did),
        FAKED(replaces_a_connection_that_died_while_idle),
        FAKED(closes_what_is_too_old_and_connects_anew_to_the_smallest_number),
        FAKED(closes_what_came_back_too_old),
        FAKED(closes_what_is_idle_too_long_down_to_the_smallest_number),
        FAKED(tries_in_the_background_with_growing_pauses_and_says_so_once),
        FAKED(makes_no_connection_of_its_own_while_lazy_and_never_asked),
        FAKED(cleans_what_comes_back_dirty_before_lending_it),
        FAKED(recovers_what_was_left_in_the_middle_of_an_answer),
        FAKED(uses_a_connection_on_after_a_statement_of_the_same_task_was_stopped),
        FAKED(closes_what_cannot_be_cleaned_in_time_and_serves_the_next),
        FAKED(closes_a_lost_connection_and_tells_without_trying_again),
        FAKED(refuses_a_handle_that_was_released),
        FAKED(refuses_a_release_by_another_task),
        FAKED(takes_back_what_a_task_forgot_and_says_where_it_was_acquired),
        FAKED(stays_flat_over_a_hundred_thousand_lendings),
        FAKED(refuses_two_statements_at_a_time_on_one_connection),
        FAKED(streams_rows_and_ends_the_stream_with_the_connection),
        FAKED(runs_a_transaction_again_after_a_deadlock_but_not_for_ever),
        FAKED(waits_for_lent_connections_and_tells_waiters_when_it_closes),
        FAKED(cuts_connections_that_do_not_come_back),
        FAKED(stops_statements_that_do_not_end_when_it_closes),
        FAKED(closes_every_connection_though_the_closing_task_is_cancelled),
        FAKED(stops_connecting_when_it_closes),
        FAKED(closes_itself_with_its_scope),
        FAKED(is_closed_for_those_who_ask_later),
        FAKED(lets_everything_go_wherever_a_task_is_cancelled),
        FAKED(lets_everything_go_whatever_allocation_fails),
        FAKED(gives_nobody_the_rows_of_another_after_thousands_of_stopped_statements),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The pool's promises, on a scripted driver and a virtual clock: who gets a connection and when, connecting,
 * and how long connections live. */
#include "unit/db/fake_pool.h"

#include <hoot/group.h>

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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

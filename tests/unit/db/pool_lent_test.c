/* Connections that are lent, on a scripted driver and a virtual clock: in what state they come back, and what
 * a handle, a cursor and a transaction may do. */
#include "unit/db/fake_pool.h"

#include <hoot/group.h>

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
    assert_non_null(strstr(logged, "pool_lent_test.c:"));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
        FAKED(gives_nobody_the_rows_of_another_after_thousands_of_stopped_statements),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

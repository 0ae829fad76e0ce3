/* Batches that have no connection of their own, on a real server and on SQLite. */
#include "unit/db/mysql_server_pool.h"

#include <hoot/batch.h>
#include <hoot/group.h>

#include "db/pool.h"

#include "support/torture.h"

static hoot_pool *pool;
static hoot_error err;

static int open_pool(hoot_pool_options options)
{
    int rc;

    if (!options.url) {
        options.driver = "mysql";
        options.socket = server.socket;
        options.user = "root";
        options.database = "app";
    }
    rc = hoot_pool_open(NULL, &pool, &options, &err);
    if (rc)
        print_error("%s\n", err.text);
    return rc;
}

#define OPEN(...) assert_int_equal(open_pool((hoot_pool_options){ __VA_ARGS__ }), 0)

/* A machine that is busy makes every statement slow. */
static void never_slow(void)
{
    pool->lanes.slow_ms = 3600 * 1000;
}

static hoot_pool_stats stats(void)
{
    hoot_pool_stats out;

    hoot_pool_stats_get(pool, &out);
    return out;
}

static int64_t number_in(hoot_cursor *rows)
{
    int64_t number = -1;

    assert_non_null(rows);
    assert_int_equal(hoot_row_int(hoot_fetchone(rows), hoot_column_name(rows, 0), &number), 0);
    return number;
}

static int64_t number_of(const char *sql)
{
    HOOT_AUTO(hoot_cursor) rows = hoot_pool_query(pool, &err, hoot_str_from(sql));

    return number_in(rows);
}

static void run_well(hoot_batch *batch)
{
    if (hoot_pool_batch(pool, batch, &err))
        fail_msg("%s", err.text);
}

static int run_many(hoot_task_fn fn, intptr_t count)
{
    HOOT_AUTO(hoot_group) group = hoot_group_new(&err);

    for (intptr_t i = 0; i < count; i++)
        assert_int_equal(hoot_group_start(group, fn, (void *)i, &err), 0);
    return hoot_group_join(group, &err);
}

static void wait_until_runs(hoot_conn *conn, const char *like)
{
    for (;;) {
        HOOT_AUTO(hoot_cursor)
        rows = hoot_conn_query(conn, &err,
                               "SELECT count(*) FROM information_schema.processlist WHERE info LIKE ?",
                               hoot_str_from(like));

        if (number_in(rows) > 0)
            return;
        assert_int_equal(hoot_sleep(1), 0);
    }
}

/* --- results --- */

enum { TASKS = 30, STATEMENTS = 20 };

static int ask_for_twenty(hoot_error *error, void *arg)
{
    HOOT_AUTO(hoot_batch) batch = hoot_batch_new(error);
    int tag = 1000 * (int)(intptr_t)arg;

    for (int i = 0; i < STATEMENTS; i++)
        hoot_batch_add(batch, i % 3 ? "SELECT ? + 1" : "SELECT ? + 1, 'other'", tag + i);
    for (int round = 0; round < 3; round++) {
        if (hoot_pool_batch(pool, batch, error))
            return hoot_error_code(error);
        for (int i = 0; i < STATEMENTS; i++)
            assert_int_equal(number_in(hoot_batch_result(batch, (size_t)i)), tag + i + 1);
        assert_true(hoot_batch_was_sent(batch, 0));
    }
    return 0;
}

REAL_TEST(gives_many_tasks_their_results_over_two_connections)
{
    hoot_pool_stats now;

    OPEN(.max_size = 10);
    never_slow();
    assert_int_equal(number_of("SELECT 1"), 1); /* the pool knows its server */
    assert_int_equal(run_many(ask_for_twenty, TASKS), 0);
    now = stats();
    assert_int_equal(now.statements, 1 + 3 * TASKS * STATEMENTS);
    assert_int_equal(now.errors, 0);
    assert_true(now.opened <= 2);
    assert_int_equal(now.idle, now.open);
    hoot_pool_close(pool);
    return 0;
}

/* The first of a pool asks the server what it takes. */
REAL_TEST(gives_the_first_batch_of_a_pool_its_results)
{
    OPEN(.max_size = 4);
    assert_int_equal(run_many(ask_for_twenty, 8), 0);
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(gives_the_same_results_where_lanes_are_off)
{
    OPEN(.max_size = 2, .pipeline = HOOT_PIPELINE_OFF);
    assert_int_equal(run_many(ask_for_twenty, 4), 0);
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(gives_the_same_results_on_sqlite)
{
    OPEN(.url = "sqlite::memory:");
    assert_int_equal(run_many(ask_for_twenty, 4), 0);
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(takes_an_empty_batch_without_a_connection)
{
    HOOT_AUTO(hoot_batch) batch = hoot_batch_new(&err);

    OPEN(.max_size = 1, .lazy = true);
    run_well(batch);
    assert_int_equal(stats().opened, 0);
    assert_int_equal(hoot_pool_batch(pool, NULL, &err), HOOT_EINVAL);
    hoot_pool_close(pool);
    return 0;
}

/* --- what does not go over lanes --- */

static void add_write_and_read(hoot_batch *batch, int n)
{
    hoot_batch_add(batch, "INSERT INTO things VALUES (?)", n);
    hoot_batch_add(batch, "SELECT count(*) FROM things WHERE n = ?", n);
    hoot_batch_add(batch, "DELETE FROM things WHERE n = ?", n);
    hoot_batch_add(batch, "SELECT count(*) FROM things WHERE n = ?", n);
}

static int write_and_read(hoot_error *error, void *arg)
{
    HOOT_AUTO(hoot_batch) batch = hoot_batch_new(error);

    add_write_and_read(batch, (int)(intptr_t)arg);
    if (hoot_pool_batch(pool, batch, error))
        return hoot_error_code(error);
    assert_int_equal(number_in(hoot_batch_result(batch, 1)), 1);
    assert_int_equal(hoot_affected_rows(hoot_batch_result(batch, 2)), 1);
    assert_int_equal(number_in(hoot_batch_result(batch, 3)), 0);
    return 0;
}

/* Also where single statements that write may share connections. */
REAL_TEST(keeps_the_order_of_a_batch_that_writes)
{
    for (int share = 0; share < 2; share++) {
        OPEN(.max_size = 6, .pipeline = 16, .share_writes = share);
        assert_true(hoot_pool_execute(pool, &err, "DROP TABLE IF EXISTS things") >= 0);
        assert_int_equal(hoot_pool_execute(pool, &err, "CREATE TABLE things (n INTEGER) ENGINE=InnoDB"), 0);
        assert_int_equal(run_many(write_and_read, 20), 0);
        hoot_pool_close(pool);
    }
    return 0;
}

REAL_TEST(stops_at_an_error_where_it_is_to)
{
    HOOT_AUTO(hoot_batch) batch = hoot_batch_new(&err);

    OPEN(.max_size = 2, .pipeline = 16);
    hoot_batch_stop_at_error(batch);
    hoot_batch_add(batch, "SELECT 1");
    hoot_batch_add(batch, "SELECT nonsense");
    hoot_batch_add(batch, "SELECT 3");
    assert_int_equal(hoot_pool_batch(pool, batch, &err), HOOT_EDB);
    assert_int_equal(number_in(hoot_batch_result(batch, 0)), 1);
    assert_int_equal(hoot_batch_error(batch, 2, NULL), HOOT_ECANCELED);
    assert_false(hoot_batch_was_sent(batch, 2));
    hoot_pool_close(pool);
    return 0;
}

/* What the batch leaves in the session is gone for the next one. */
REAL_TEST(cleans_the_connection_that_it_had_to_itself)
{
    HOOT_AUTO(hoot_batch) batch = hoot_batch_new(&err);

    OPEN(.max_size = 1, .pipeline = 16);
    hoot_batch_add(batch, "SET @left = 7");
    hoot_batch_add(batch, "SELECT @left = 7");
    run_well(batch);
    assert_int_equal(number_in(hoot_batch_result(batch, 1)), 1);
    assert_int_equal(number_of("SELECT @left IS NULL"), 1);
    hoot_pool_close(pool);
    return 0;
}

/* --- errors --- */

REAL_TEST(fails_only_what_failed)
{
    HOOT_AUTO(hoot_batch) batch = hoot_batch_new(&err);

    OPEN(.max_size = 1, .pipeline = 16, .max_answer_bytes = 64 * 1024);
    never_slow();
    hoot_batch_add(batch, "SELECT ?", 5);
    hoot_batch_add(batch, "SELECT nonsense FROM nowhere WHERE a = ?", 1);
    hoot_batch_add(batch, "SELECT REPEAT('x', ?)", 100000);
    hoot_batch_add(batch, "SELECT ?, ?", 1);
    hoot_batch_add(batch, "SELECT 6");
    assert_int_equal(hoot_pool_batch(pool, batch, &err), HOOT_EDB);
    assert_non_null(strstr(err.text, "statement 1"));
    assert_int_equal(number_in(hoot_batch_result(batch, 0)), 5);
    assert_int_equal(hoot_batch_error(batch, 1, &err), HOOT_EDB);
    assert_int_equal(err.server_code, 1146);
    assert_null(hoot_batch_result(batch, 1));
    assert_int_equal(hoot_batch_error(batch, 2, NULL), HOOT_ELIMIT);
    assert_int_equal(hoot_batch_error(batch, 3, NULL), HOOT_EINVAL);
    assert_false(hoot_batch_was_sent(batch, 3));
    assert_int_equal(number_in(hoot_batch_result(batch, 4)), 6);
    assert_int_equal(stats().errors, 3);
    assert_int_equal(stats().opened, 1);
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(tells_of_each_statement_that_no_connection_could_be_made)
{
    HOOT_AUTO(hoot_batch) batch = hoot_batch_new(&err);

    for (int depth = HOOT_PIPELINE_OFF; depth <= 16; depth += 17) {
        OPEN(.url = "mysql://nobody:wrong@127.0.0.1:1/app", .lazy = true, .pipeline = depth);
        if (depth < 0) {
            hoot_batch_add(batch, "SELECT 1");
            hoot_batch_add(batch, "SELECT ?", 2);
        }
        assert_int_equal(hoot_pool_batch(pool, batch, &err), HOOT_ECONNECT);
        for (size_t i = 0; i < 2; i++) {
            assert_int_equal(hoot_batch_error(batch, i, NULL), HOOT_ECONNECT);
            assert_false(hoot_batch_was_sent(batch, i));
        }
        hoot_pool_close(pool);
    }
    return 0;
}

/* A line is of tasks: what one of them asks for at once counts as one. */
static int refused;

static int wait_for_a_lane(hoot_error *error, void *arg)
{
    HOOT_AUTO(hoot_batch) batch = hoot_batch_new(error);
    int rc;

    (void)arg;
    for (int i = 0; i < 50; i++)
        hoot_batch_add(batch, "SELECT ?", i);
    rc = hoot_pool_batch(pool, batch, error);
    assert_true(rc == 0 || rc == HOOT_ELIMIT);
    refused += rc == HOOT_ELIMIT;
    return 0;
}

REAL_TEST(lets_so_many_tasks_wait_as_may)
{
    HOOT_AUTO(hoot_group) group = hoot_group_new(&err);
    hoot_conn *holder;

    OPEN(.max_size = 1, .max_waiters = 2, .pipeline = 16);
    never_slow();
    holder = hoot_pool_acquire(pool, &err);
    refused = 0;
    for (int i = 0; i < 3; i++)
        assert_int_equal(hoot_group_start(group, wait_for_a_lane, NULL, &err), 0);
    while (refused == 0)
        assert_int_equal(hoot_sleep(1), 0);
    assert_int_equal(stats().waiting, 2);
    hoot_conn_release(holder);
    assert_int_equal(hoot_group_join(group, &err), 0);
    assert_int_equal(refused, 1);
    assert_int_equal(stats().waiting, 0);
    hoot_pool_close(pool);
    return 0;
}

/* --- leaving, and lost connections --- */

static int leave_in_the_middle(hoot_error *error, void *arg)
{
    HOOT_AUTO(hoot_batch) batch = hoot_batch_new(error);
    hoot_conn *look = hoot_pool_acquire(pool, error);
    int rc = 0;

    (void)arg;
    hoot_batch_add(batch, "SELECT ?", 1);
    hoot_batch_add(batch, "SELECT /* left */ SLEEP(100) + ?", 2);
    hoot_batch_add(batch, "SELECT ?", 3);
    hoot_conn_release(look);
    hoot_timeout (300)
        rc = hoot_pool_batch(pool, batch, error);
    assert_int_equal(rc, HOOT_ETIMEOUT);
    assert_int_equal(hoot_batch_error(batch, 1, NULL), HOOT_ETIMEOUT);
    assert_true(hoot_batch_was_sent(batch, 1));
    for (size_t i = 0; i < 3; i += 2) {
        if (hoot_batch_error(batch, i, NULL) == 0)
            assert_int_equal(number_in(hoot_batch_result(batch, i)), (int64_t)i + 1);
        else
            assert_int_equal(hoot_batch_error(batch, i, NULL), HOOT_ETIMEOUT);
    }
    return 0;
}

REAL_TEST(drops_what_comes_for_a_task_that_left)
{
    HOOT_AUTO(hoot_group) group = hoot_group_new(&err);

    OPEN(.max_size = 3, .pipeline = 16);
    assert_int_equal(number_of("SELECT 1"), 1);
    assert_int_equal(hoot_group_start(group, leave_in_the_middle, NULL, &err), 0);
    assert_int_equal(run_many(ask_for_twenty, 5), 0);
    assert_int_equal(hoot_group_join(group, &err), 0);
    assert_int_equal(run_many(ask_for_twenty, 5), 0);
    while (pool->lanes.abandoned) /* the server is told to stop it */
        assert_int_equal(hoot_sleep(1), 0);
    hoot_pool_close(pool);
    return 0;
}

static int one_of_them_sleeps(hoot_error *error, void *arg)
{
    HOOT_AUTO(hoot_batch) batch = hoot_batch_new(error);
    int *answered = arg;

    for (int i = 0; i < 10; i++)
        hoot_batch_add(batch, i == 4 ? "SELECT /* slow */ SLEEP(100), ?" : "SELECT ?", i);
    assert_int_equal(hoot_pool_batch(pool, batch, error), HOOT_ECANCELED);
    for (size_t i = 0; i < 10; i++)
        *answered += hoot_batch_error(batch, i, NULL) == 0;
    return 0;
}

/* Others, and its own statements behind it, go on elsewhere. */
REAL_TEST(holds_nobody_up_by_a_slow_statement)
{
    HOOT_AUTO(hoot_group) group = hoot_group_new(&err);
    hoot_conn *look;
    int answered = 0;

    OPEN(.max_size = 4, .pipeline = 16, .lanes = 1);
    look = hoot_pool_acquire(pool, &err);
    assert_int_equal(hoot_group_start(group, one_of_them_sleeps, &answered, &err), 0);
    wait_until_runs(look, "SELECT /* slow */ SLEEP%");
    assert_int_equal(run_many(ask_for_twenty, 5), 0);
    while (stats().lent > 2 || pool->lanes.queue.count) /* the look's, and the one that sleeps */
        assert_int_equal(hoot_sleep(1), 0);
    hoot_group_cancel(group);
    assert_int_equal(hoot_group_join(group, &err), 0);
    assert_int_equal(answered, 9);
    hoot_conn_release(look);
    hoot_pool_close(pool);
    return 0;
}

static int batch_that_is_lost(hoot_error *error, void *arg)
{
    HOOT_AUTO(hoot_batch) batch = hoot_batch_new(error);
    int *unsent = arg;

    hoot_batch_add(batch, "SELECT /* lost */ SLEEP(100)");
    for (int i = 1; i < 10; i++)
        hoot_batch_add(batch, "SELECT 1");
    assert_int_equal(hoot_pool_batch(pool, batch, error), HOOT_ECONNLOST);
    for (size_t i = 0; i < 10; i++) {
        int rc = hoot_batch_error(batch, i, NULL);

        assert_int_equal(rc, hoot_batch_was_sent(batch, i) && i < 4 ? HOOT_ECONNLOST : 0);
        *unsent += rc == 0;
    }
    return 0;
}

/* Of the ten, four were under way on the connection that went; the others had not been sent. */
REAL_TEST(fails_what_a_lost_connection_may_have_run_and_sends_the_rest)
{
    HOOT_AUTO(hoot_group) group = hoot_group_new(&err);
    HOOT_AUTO(hoot_cursor) rows = NULL;
    hoot_conn *look;
    char kill_it[32];
    int64_t id;
    int unsent = 0;

    OPEN(.max_size = 2, .pipeline = 4, .lanes = 1);
    never_slow();
    look = hoot_pool_acquire(pool, &err);
    assert_int_equal(hoot_group_start(group, batch_that_is_lost, &unsent, &err), 0);
    wait_until_runs(look, "SELECT /* lost */ SLEEP(%");
    rows = hoot_conn_query(look, &err, "SELECT id FROM information_schema.processlist WHERE info LIKE ?",
                           "SELECT /* lost */ SLEEP(%");
    assert_int_equal(hoot_row_int(hoot_fetchone(rows), "id", &id), 0);
    snprintf(kill_it, sizeof(kill_it), "KILL %lld", (long long)id); /* MySQL does not prepare it */
    assert_int_equal(hoot_conn_execute(look, &err, hoot_str_from(kill_it)), 0);
    assert_int_equal(hoot_group_join(group, &err), 0);
    assert_int_equal(unsent, 6);
    hoot_conn_release(look);
    hoot_pool_close(pool);
    return 0;
}

/* --- everywhere --- */

static int small_batch(hoot_error *error, void *arg)
{
    HOOT_AUTO(hoot_batch) batch = hoot_batch_new(error);

    (void)arg;
    for (int i = 0; i < 6; i++)
        hoot_batch_add(batch, "SELECT ? + 1", i);
    return hoot_pool_batch(pool, batch, error);
}

static int a_pool_and_batches(hoot_error *error, void *arg)
{
    int rc = open_pool((hoot_pool_options){ .max_size = 2, .pipeline = 4 });

    (void)arg;
    if (rc)
        return rc;
    rc = hoot_gather(error, { small_batch, NULL }, { small_batch, NULL });
    hoot_pool_close(pool);
    return rc;
}

static void leaves_nothing_behind_wherever_a_task_is_cancelled(void **state)
{
    const hoot__loop_options options = { 0 };

    (void)state;
    assert_true(torture_with(&options, a_pool_and_batches, NULL) > 5);
}

static void survives_every_failed_allocation(void **state)
{
    (void)state;
    assert_true(torture_allocations(a_pool_and_batches, NULL) > 20);
    hoot_error_clear(&err);
    assert_int_equal(hoot_run(a_pool_and_batches, NULL, &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_many_tasks_their_results_over_two_connections),
        cmocka_unit_test(gives_the_first_batch_of_a_pool_its_results),
        cmocka_unit_test(gives_the_same_results_where_lanes_are_off),
        cmocka_unit_test(gives_the_same_results_on_sqlite),
        cmocka_unit_test(takes_an_empty_batch_without_a_connection),
        cmocka_unit_test(keeps_the_order_of_a_batch_that_writes),
        cmocka_unit_test(stops_at_an_error_where_it_is_to),
        cmocka_unit_test(cleans_the_connection_that_it_had_to_itself),
        cmocka_unit_test(fails_only_what_failed),
        cmocka_unit_test(tells_of_each_statement_that_no_connection_could_be_made),
        cmocka_unit_test(lets_so_many_tasks_wait_as_may),
        cmocka_unit_test(drops_what_comes_for_a_task_that_left),
        cmocka_unit_test(holds_nobody_up_by_a_slow_statement),
        cmocka_unit_test(fails_what_a_lost_connection_may_have_run_and_sends_the_rest),
        cmocka_unit_test(leaves_nothing_behind_wherever_a_task_is_cancelled),
        cmocka_unit_test(survives_every_failed_allocation),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}

/* Several statements of one task on its connection, on a real server and on SQLite. */
#include "unit/db/mysql_server_pool.h"

#include <hoot/batch.h>
#include <hoot/group.h>

#include "base/alloc.h"
#include "db/conn.h"
#include "db/mysql/connection.h"

#include "support/torture.h"

#include <math.h>

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

static hoot_conn *acquire(void)
{
    hoot_conn *conn = hoot_pool_acquire(pool, &err);

    if (!conn)
        fail_msg("%s", err.text);
    return conn;
}

static void execute(const char *sql)
{
    if (hoot_pool_execute(pool, &err, hoot_str_from(sql)) < 0)
        fail_msg("%s: %s", sql, err.text);
}

/* A table anew: a key that counts up, and a number. */
static void remake(void)
{
    bool is_sqlite = strcmp(hoot_pool_driver(pool), "sqlite") == 0;

    execute("DROP TABLE IF EXISTS things");
    execute(is_sqlite ? "CREATE TABLE things (id INTEGER PRIMARY KEY, n INTEGER UNIQUE)"
                      : "CREATE TABLE things (id INTEGER PRIMARY KEY AUTO_INCREMENT, n INTEGER UNIQUE) "
                        "ENGINE=InnoDB");
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

static hoot_pool_stats stats(void)
{
    hoot_pool_stats out;

    hoot_pool_stats_get(pool, &out);
    return out;
}

static void run_well(hoot_conn *conn, hoot_batch *batch)
{
    if (hoot_conn_batch(conn, batch, &err))
        fail_msg("%s", err.text);
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

static void ask_for_some(void)
{
    HOOT_AUTO(hoot_batch) batch = hoot_batch_new(&err);
    HOOT_AUTO(hoot_conn) conn = NULL;

    remake();
    conn = acquire();
    hoot_batch_add(batch, "INSERT INTO things (n) VALUES (?)", 7);
    hoot_batch_add(batch, "SELECT n FROM things WHERE n = ?", 7);
    hoot_batch_add(batch, "UPDATE things SET n = n + ? WHERE n < 100", 1);
    hoot_batch_add(batch, "INSERT INTO things (n) VALUES (?), (?)", 9, 10);
    hoot_batch_add(batch, "SELECT n FROM things ORDER BY n");
    hoot_batch_add(batch, "DELETE FROM things WHERE n >= ?", 8);
    run_well(conn, batch);
    assert_int_equal(hoot_batch_count(batch), 6);
    assert_true(hoot_last_insert_id(hoot_batch_result(batch, 0)) > 0);
    assert_int_equal(number_in(hoot_batch_result(batch, 1)), 7);
    assert_int_equal(hoot_affected_rows(hoot_batch_result(batch, 2)), 1);
    assert_int_equal(hoot_affected_rows(hoot_batch_result(batch, 3)), 2);
    assert_int_equal(hoot_row_number(hoot_batch_result(batch, 4)), 3);
    assert_int_equal(number_in(hoot_batch_result(batch, 4)), 8);
    assert_int_equal(hoot_affected_rows(hoot_batch_result(batch, 5)), 3);
    assert_int_equal(stats().errors, 0);
    run_well(conn, batch); /* once more: what it gave before is gone */
    assert_int_equal(hoot_row_number(hoot_batch_result(batch, 4)), 3);
    assert_null(hoot_batch_result(batch, 6));
    assert_int_equal(hoot_batch_error(batch, 6, NULL), HOOT_EINVAL);
}

REAL_TEST(gives_the_results_in_their_order)
{
    OPEN(.max_size = 1);
    ask_for_some();
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(gives_the_same_results_one_by_one_where_lanes_are_off)
{
    OPEN(.max_size = 1, .pipeline = HOOT_PIPELINE_OFF);
    ask_for_some();
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(gives_the_same_results_on_sqlite)
{
    OPEN(.url = "sqlite::memory:");
    ask_for_some();
    hoot_pool_close(pool);
    return 0;
}

static void add_one_to_many(void)
{
    HOOT_AUTO(hoot_batch) batch = hoot_batch_new(&err);
    HOOT_AUTO(hoot_conn) conn = acquire();
    hoot__my_link *link = (hoot__my_link *)conn->slot->link;

    for (int i = 0; i < 100; i++)
        hoot_batch_add(batch, "SELECT ? + 1", i);
    run_well(conn, batch);
    for (int i = 0; i < 100; i++)
        assert_int_equal(number_in(hoot_batch_result(batch, (size_t)i)), i + 1);
    assert_int_equal(link->statements.count, 1);
}

REAL_TEST(answers_more_statements_than_may_be_under_way)
{
    for (int depth = 0; depth < 5; depth++) {
        OPEN(.max_size = 1, .pipeline = depth);
        add_one_to_many();
        hoot_pool_close(pool);
    }
    return 0;
}

REAL_TEST(takes_more_texts_than_the_connection_may_keep_prepared)
{
    HOOT_AUTO(hoot_batch) batch = hoot_batch_new(&err);
    HOOT_AUTO(hoot_conn) conn = NULL;
    char sql[40];

    OPEN(.max_size = 1, .statement_cache = 4);
    conn = acquire();
    for (int i = 0; i < 40; i++) {
        snprintf(sql, sizeof(sql), "SELECT ? + %d", i % 13);
        hoot_batch_add(batch, hoot_str_from(sql), 1000 * i);
    }
    run_well(conn, batch);
    for (int i = 0; i < 40; i++)
        assert_int_equal(number_in(hoot_batch_result(batch, (size_t)i)), 1000 * i + i % 13);
    hoot_conn_release(conn);
    conn = NULL;
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(runs_alone_what_cannot_be_sent_early)
{
    HOOT_AUTO(hoot_batch) batch = hoot_batch_new(&err);
    HOOT_AUTO(hoot_conn) conn = NULL;
    char *big = malloc(60001);

    memset(big, 'x', 60000);
    big[60000] = '\0';
    OPEN(.max_size = 1);
    execute("DROP PROCEDURE IF EXISTS two");
    execute("CREATE PROCEDURE two() BEGIN SELECT 1 AS a; SELECT 2 AS a; END");
    execute("DROP TABLE IF EXISTS fresh");
    conn = acquire();
    hoot_batch_add(batch, "CREATE TABLE fresh (n INTEGER) ENGINE=InnoDB");
    hoot_batch_add(batch, "INSERT INTO fresh VALUES (?)", 1);
    hoot_batch_add(batch, "BEGIN");
    hoot_batch_add(batch, "INSERT INTO fresh VALUES (?)", 2);
    hoot_batch_add(batch, "INSERT INTO fresh VALUES (?)", 3);
    hoot_batch_add(batch, "ROLLBACK");
    hoot_batch_add(batch, "CALL two()");
    hoot_batch_add(batch, "SET @mine = 5");
    hoot_batch_add(batch, "SELECT @mine + ?", 1);
    hoot_batch_add(batch, "SELECT LENGTH(?)", hoot_str_from(big));
    hoot_batch_add(batch, "SELECT count(*) FROM fresh");
    hoot_batch_add(batch, "SELECT count(*) + ? FROM fresh", 1);
    run_well(conn, batch);
    assert_int_equal(number_in(hoot_batch_result(batch, 6)), 1);
    assert_int_equal(hoot_next_result(hoot_batch_result(batch, 6), &err), 1);
    assert_int_equal(number_in(hoot_batch_result(batch, 6)), 2);
    assert_int_equal(number_in(hoot_batch_result(batch, 8)), 6);
    assert_int_equal(number_in(hoot_batch_result(batch, 9)), 60000);
    assert_int_equal(number_in(hoot_batch_result(batch, 10)), 1);
    assert_int_equal(number_in(hoot_batch_result(batch, 11)), 2);
    hoot_conn_release(conn);
    conn = NULL;
    assert_int_equal(number_of("SELECT @mine IS NULL"), 1);
    hoot_pool_close(pool);
    free(big);
    return 0;
}

REAL_TEST(marks_the_session_as_changed_by_a_statement_in_it)
{
    HOOT_AUTO(hoot_batch) batch = hoot_batch_new(&err);
    hoot_conn *conn;

    OPEN(.max_size = 1);
    conn = acquire();
    hoot_batch_add(batch, "SELECT 1");
    hoot_batch_add(batch, "SELECT GET_LOCK(?, 0)", "mine");
    hoot_batch_add(batch, "SELECT @mine := 7");
    run_well(conn, batch);
    assert_true(conn->slot->link->state_changed);
    hoot_conn_release(conn);
    assert_int_equal(number_of("SELECT IS_FREE_LOCK('mine')"), 1);
    assert_int_equal(number_of("SELECT @mine IS NULL"), 1);
    hoot_pool_close(pool);
    return 0;
}

static int take_any(hoot_conn *conn, hoot_error *error, void *arg)
{
    (void)conn, (void)error, (void)arg;
    return 0;
}

/* Such a pool has no lanes, but a batch shares its connection with nobody. */
REAL_TEST(works_in_a_pool_with_a_hook)
{
    OPEN(.max_size = 1, .on_acquire = take_any);
    ask_for_some();
    assert_int_equal(pool->lanes.mode, HOOT__LANES_ON);
    hoot_pool_close(pool);
    return 0;
}

/* --- errors --- */

static void add_three_with_a_duplicate(hoot_batch *batch)
{
    hoot_batch_add(batch, "INSERT INTO things (n) VALUES (?)", 1);
    hoot_batch_add(batch, "INSERT INTO things (n) VALUES (?)", 1);
    hoot_batch_add(batch, "INSERT INTO things (n) VALUES (?)", 2);
}

REAL_TEST(runs_what_is_behind_a_statement_that_fails)
{
    HOOT_AUTO(hoot_batch) batch = hoot_batch_new(&err);
    HOOT_AUTO(hoot_conn) conn = NULL;
    hoot_error own = HOOT_ERROR_INIT;

    OPEN(.max_size = 1);
    remake();
    conn = acquire();
    add_three_with_a_duplicate(batch);
    hoot_batch_add(batch, "SELECT nonsense FROM nowhere WHERE n = ?", 1);
    hoot_batch_add(batch, "SELECT ?, ?", 1);
    hoot_batch_add(batch, "SELECT count(*) FROM things");
    assert_int_equal(hoot_conn_batch(conn, batch, &err), HOOT_EDUPLICATE);
    assert_non_null(strstr(err.text, "statement 1: 1062"));
    assert_int_equal(hoot_batch_error(batch, 0, &own), 0);
    assert_int_equal(hoot_batch_error(batch, 1, &own), HOOT_EDUPLICATE);
    assert_null(hoot_batch_result(batch, 1));
    assert_int_equal(hoot_affected_rows(hoot_batch_result(batch, 2)), 1);
    assert_int_equal(hoot_batch_error(batch, 3, &own), HOOT_EDB);
    assert_int_equal(own.server_code, 1146);
    assert_int_equal(hoot_batch_error(batch, 4, &own), HOOT_EINVAL);
    assert_int_equal(number_in(hoot_batch_result(batch, 5)), 2);
    assert_int_equal(stats().errors, 3);
    hoot_conn_release(conn);
    conn = NULL;
    hoot_pool_close(pool);
    return 0;
}

static void stop_at_a_duplicate(void)
{
    HOOT_AUTO(hoot_batch) batch = hoot_batch_new(&err);
    HOOT_AUTO(hoot_conn) conn = NULL;
    hoot_error own = HOOT_ERROR_INIT;

    remake();
    conn = acquire();
    add_three_with_a_duplicate(batch);
    hoot_batch_stop_at_error(batch);
    assert_int_equal(hoot_conn_batch(conn, batch, &err), HOOT_EDUPLICATE);
    assert_true(hoot_batch_was_sent(batch, 1));
    assert_false(hoot_batch_was_sent(batch, 2));
    assert_int_equal(hoot_batch_error(batch, 2, &own), HOOT_ECANCELED);
    assert_non_null(strstr(own.text, "not sent"));
    hoot_conn_release(conn);
    conn = NULL;
    assert_int_equal(number_of("SELECT count(*) FROM things"), 1);
}

REAL_TEST(runs_nothing_behind_an_error_where_it_is_to_stop)
{
    OPEN(.max_size = 1);
    stop_at_a_duplicate();
    hoot_pool_close(pool);
    OPEN(.url = "sqlite::memory:");
    stop_at_a_duplicate();
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(fails_a_result_that_is_too_large_alone)
{
    HOOT_AUTO(hoot_batch) batch = hoot_batch_new(&err);
    HOOT_AUTO(hoot_conn) conn = NULL;

    OPEN(.max_size = 1, .max_answer_bytes = 16384);
    conn = acquire();
    hoot_batch_add(batch, "SELECT 1");
    hoot_batch_add(batch, "WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 900) "
                          "SELECT n, REPEAT('x', 100) FROM s");
    hoot_batch_add(batch, "SELECT ? + 2", 1);
    assert_int_equal(hoot_conn_batch(conn, batch, &err), HOOT_ELIMIT);
    assert_int_equal(number_in(hoot_batch_result(batch, 0)), 1);
    assert_int_equal(number_in(hoot_batch_result(batch, 2)), 3);
    hoot_conn_release(conn);
    conn = NULL;
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(fails_a_row_that_is_too_long_alone)
{
    HOOT_AUTO(hoot_batch) batch = hoot_batch_new(&err);
    hoot_conn *conn;

    OPEN(.max_size = 1, .pipeline = 16, .max_answer_bytes = 100 * 1000);
    conn = acquire();
    hoot_batch_add(batch, "SELECT 1");
    hoot_batch_add(batch, "SELECT REPEAT('x', 200000)");
    hoot_batch_add(batch, "SELECT REPEAT('x', ?)", 200000);
    hoot_batch_add(batch, "SELECT 3");
    assert_int_equal(hoot_conn_batch(conn, batch, &err), HOOT_ELIMIT);
    assert_non_null(strstr(err.text, "statement 1"));
    assert_int_equal(hoot_batch_error(batch, 2, NULL), HOOT_ELIMIT);
    assert_int_equal(number_in(hoot_batch_result(batch, 0)), 1);
    assert_int_equal(number_in(hoot_batch_result(batch, 3)), 3);
    hoot_conn_release(conn);
    assert_int_equal(stats().closed_dead, 0);
    hoot_pool_close(pool);
    return 0;
}

/* The same text with parameters of other kinds than before. */
REAL_TEST(gives_each_value_in_the_kind_it_came_in)
{
    static const hoot_kind kinds[] = { HOOT_INT, HOOT_TEXT, HOOT_NULL, HOOT_DOUBLE, HOOT_INT, HOOT_TEXT };
    HOOT_AUTO(hoot_batch) batch = hoot_batch_new(&err);
    hoot_conn *conn;

    OPEN(.max_size = 1, .pipeline = 16);
    conn = acquire();
    for (int again = 0; again < 2; again++) {
        hoot_batch_add(batch, "SELECT ? AS any", 7);
        hoot_batch_add(batch, "SELECT ? AS any", "abc");
        hoot_batch_add(batch, "SELECT ? AS any", NULL);
        hoot_batch_add(batch, "SELECT ? AS any", 0.5);
        hoot_batch_add(batch, "SELECT ? AS any", 8);
        hoot_batch_add(batch, "SELECT ? AS any", "abc");
    }
    run_well(conn, batch);
    for (size_t i = 0; i < 12; i++) {
        const hoot_value *cell = hoot_row_at(hoot_fetchone(hoot_batch_result(batch, i)), 0);

        assert_int_equal(cell->kind, kinds[i % 6]);
        if (cell->kind == HOOT_TEXT)
            assert_string_equal(cell->str.ptr, "abc");
    }
    hoot_conn_release(conn);
    hoot_pool_close(pool);
    return 0;
}

static void send_what_cannot_be(bool piped)
{
    HOOT_AUTO(hoot_batch) batch = hoot_batch_new(&err);
    hoot_conn *conn;

    OPEN(.max_size = 1, .pipeline = piped ? 16 : HOOT_PIPELINE_OFF);
    conn = acquire();
    hoot_batch_add(batch, "SELECT 1");
    hoot_batch_add(batch, "SELECT ?", (double)INFINITY);
    hoot_batch_add(batch, "SELECT ?, ?", 1);
    hoot_batch_add(batch, "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE things");
    hoot_batch_add(batch, "SELECT nonsense");
    hoot_batch_add(batch, "SELECT ?", 5);
    assert_int_equal(hoot_conn_batch(conn, batch, &err), HOOT_EINVAL);
    assert_int_equal(hoot_batch_error(batch, 2, NULL), HOOT_EINVAL);
    assert_int_equal(hoot_batch_error(batch, 3, &err), HOOT_ENOTSUP);
    assert_non_null(strstr(err.text, "hoot_conn_load_data"));
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(hoot_batch_was_sent(batch, i), i == 0 || i > 3);
    assert_int_equal(number_in(hoot_batch_result(batch, 5)), 5);
    hoot_conn_release(conn);
    hoot_pool_close(pool);
}

REAL_TEST(tells_what_was_refused_before_it_was_sent)
{
    send_what_cannot_be(true);
    send_what_cannot_be(false);
    return 0;
}

REAL_TEST(refuses_what_is_no_batch)
{
    HOOT_AUTO(hoot_batch) batch = hoot_batch_new(&err);
    HOOT_AUTO(hoot_conn) conn = NULL;
    hoot_value number = hoot_value_int(1);

    OPEN(.max_size = 1);
    conn = acquire();
    assert_int_equal(hoot_conn_batch(conn, NULL, &err), HOOT_EINVAL);
    run_well(conn, batch); /* nothing to do */
    assert_int_equal(hoot_batch_add_values(batch, &number, 1), HOOT_EINVAL);
    assert_int_equal(hoot_conn_batch(conn, batch, &err), HOOT_EINVAL);
    hoot_conn_release(conn);
    conn = NULL;
    hoot_pool_close(pool);
    return 0;
}

/* --- transactions --- */

static int update_first(hoot_error *error, void *arg)
{
    hoot_conn *second = arg;

    if (hoot_sleep(100))
        return HOOT_ECANCELED;
    if (hoot_conn_execute(second, error, "UPDATE things SET n = n + 10 WHERE id = ?", 1) != 1)
        return error->code;
    return hoot_conn_rollback(second, error);
}

REAL_TEST(leaves_nothing_of_a_transaction_that_a_deadlock_ended)
{
    HOOT_AUTO(hoot_batch) batch = hoot_batch_new(&err);
    HOOT_AUTO(hoot_group) group = hoot_group_new(&err);
    hoot_conn *first, *second;

    OPEN(.max_size = 4);
    remake();
    execute("INSERT INTO things (id, n) VALUES (1, 1), (2, 2), (3, 3), (4, 4)");
    first = acquire();
    second = acquire();
    /* The one that has changed more is spared: `second`, whose last statement waits for `first`. */
    assert_int_equal(hoot_conn_begin(second, &err), 0);
    for (int id = 2; id <= 4; id++)
        assert_int_equal(hoot_conn_execute(second, &err, "UPDATE things SET n = n + 10 WHERE id = ?", id), 1);
    assert_int_equal(hoot_conn_begin(first, &err), 0);
    hoot_batch_add(batch, "SELECT n FROM things WHERE id = ? FOR UPDATE", 1);
    hoot_batch_add(batch, "SELECT SLEEP(0.5)");
    hoot_batch_add(batch, "UPDATE things SET n = n + 100 WHERE id = ?", 2);
    for (int n = 50; n < 55; n++)
        hoot_batch_add(batch, "INSERT INTO things (n) VALUES (?)", n);
    hoot_batch_add(batch, "SELECT count(*) FROM things");
    assert_int_equal(hoot_group_start(group, update_first, second, &err), 0);
    assert_int_equal(hoot_conn_batch(first, batch, &err), HOOT_EDEADLOCK);
    assert_int_equal(hoot_group_join(group, &err), 0);
    assert_int_equal(hoot_batch_error(batch, 2, NULL), HOOT_EDEADLOCK);
    for (size_t i = 3; i < 8; i++)
        assert_int_equal(hoot_batch_error(batch, i, NULL), HOOT_ECANCELED);
    assert_false(hoot_conn_in_transaction(first));
    assert_false(first->slot->link->state_changed || first->slot->link->unfit);
    assert_int_equal(hoot_conn_execute(first, &err, "INSERT INTO things (n) VALUES (?)", 99), 1);
    hoot_conn_release(first);
    hoot_conn_release(second);
    assert_int_equal(number_of("SELECT count(*) FROM things"), 5);
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(keeps_a_transaction_that_goes_well)
{
    HOOT_AUTO(hoot_batch) batch = hoot_batch_new(&err);
    hoot_conn *conn;

    OPEN(.max_size = 1);
    remake();
    conn = acquire();
    assert_int_equal(hoot_conn_begin(conn, &err), 0);
    add_three_with_a_duplicate(batch);
    assert_int_equal(hoot_conn_batch(conn, batch, &err), HOOT_EDUPLICATE);
    assert_true(hoot_conn_in_transaction(conn));
    assert_int_equal(hoot_conn_commit(conn, &err), 0);
    assert_false(conn->slot->link->state_changed);
    assert_int_equal(hoot_conn_execute(conn, &err, "INSERT INTO things (n) VALUES (?)", 9), 1);
    hoot_conn_release(conn);
    assert_int_equal(number_of("SELECT count(*) FROM things"), 3);
    assert_int_equal(stats().closed_read_only, 0);
    hoot_pool_close(pool);
    return 0;
}

/* --- leaving --- */

static int leave_in_the_middle(uint64_t after_ms, const char *slow, bool in_transaction, hoot_batch *batch)
{
    hoot_conn *conn = acquire();
    int rc = 0;

    if (in_transaction)
        assert_int_equal(hoot_conn_begin(conn, &err), 0);
    hoot_batch_add(batch, "INSERT INTO things (n) VALUES (?)", 1);
    hoot_batch_add(batch, hoot_str_from(slow));
    hoot_batch_add(batch, "INSERT INTO things (n) VALUES (?)", 2);
    hoot_batch_add(batch, "SELECT 42");
    hoot_timeout (after_ms)
        rc = hoot_conn_batch(conn, batch, &err);
    hoot_conn_release(conn);
    return rc;
}

/* Nobody gets the rows of a batch that was left, and what of it had not begun never does. */
REAL_TEST(stops_on_the_server_what_a_task_has_left)
{
    for (int in_transaction = 0; in_transaction < 2; in_transaction++) {
        HOOT_AUTO(hoot_batch) batch = hoot_batch_new(&err);

        OPEN(.max_size = 1);
        remake();
        assert_int_equal(leave_in_the_middle(200, "SELECT SLEEP(30)", in_transaction, batch), HOOT_ETIMEOUT);
        assert_int_equal(hoot_batch_error(batch, 0, NULL), 0);
        assert_int_equal(hoot_batch_error(batch, 1, NULL), HOOT_ETIMEOUT);
        assert_int_equal(hoot_batch_error(batch, 3, NULL), HOOT_ETIMEOUT);
        assert_true(hoot_batch_was_sent(batch, 2));
        assert_int_equal(number_of("SELECT 6"), 6);
        assert_int_equal(number_of("SELECT count(*) FROM things"), !in_transaction);
        assert_int_equal(stats().opened, 2);
        hoot_pool_close(pool);
    }
    return 0;
}

/* All answers are there by the time somebody asks for the connection: it is kept. */
REAL_TEST(keeps_a_connection_whose_answers_have_come_meanwhile)
{
    HOOT_AUTO(hoot_batch) batch = hoot_batch_new(&err);
    hoot_conn *conn;
    int rc = 0;

    OPEN(.max_size = 1);
    remake();
    conn = acquire();
    for (int i = 0; i < 4; i++)
        hoot_batch_add(batch, "SELECT SLEEP(0.01) + ?", i);
    hoot_timeout (10)
        rc = hoot_conn_batch(conn, batch, &err);
    assert_true(rc == HOOT_ETIMEOUT || rc == 0);
    assert_int_equal(hoot_sleep(200), 0);
    {
        HOOT_AUTO(hoot_cursor) rows = hoot_conn_query(conn, &err, "SELECT 6");

        assert_int_equal(number_in(rows), 6);
    }
    hoot_conn_release(conn);
    assert_int_equal(stats().opened, 1);
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(tells_which_statements_a_lost_connection_may_have_run)
{
    HOOT_AUTO(hoot_batch) batch = hoot_batch_new(&err);
    hoot_conn *conn;
    char kill_it[40];

    OPEN(.max_size = 2, .pipeline = 4);
    conn = acquire();
    snprintf(kill_it, sizeof(kill_it), "KILL %llu", (unsigned long long)hoot_conn_id(conn));
    hoot_batch_add(batch, "SELECT 1");
    hoot_batch_add(batch, hoot_str_from(kill_it));
    for (int i = 0; i < 20; i++)
        hoot_batch_add(batch, "SELECT ?", i);
    assert_true(hoot_conn_batch(conn, batch, &err) < 0);
    assert_int_equal(hoot_batch_error(batch, 0, NULL), 0);
    assert_true(hoot_batch_was_sent(batch, 1));
    assert_int_equal(hoot_batch_error(batch, 21, &err), HOOT_ECONNLOST);
    assert_false(hoot_batch_was_sent(batch, 21));
    assert_non_null(strstr(err.text, "not sent"));
    hoot_conn_release(conn);
    assert_int_equal(number_of("SELECT 6"), 6);
    hoot_pool_close(pool);
    return 0;
}

static int kill_it(hoot_error *error, void *arg)
{
    hoot_conn *look = acquire();
    int rc;

    wait_until_runs(look, "SELECT /* first */ SLEEP%");
    rc = hoot_conn_kill(look, *(uint64_t *)arg, error);
    hoot_conn_release(look);
    return rc;
}

REAL_TEST(fails_all_that_were_under_way_when_the_connection_was_lost)
{
    HOOT_AUTO(hoot_batch) batch = hoot_batch_new(&err);
    HOOT_AUTO(hoot_group) group = hoot_group_new(&err);
    hoot_conn *conn;
    uint64_t id;

    OPEN(.max_size = 2, .pipeline = 4);
    conn = acquire();
    id = hoot_conn_id(conn);
    hoot_batch_add(batch, "SELECT 1");
    hoot_batch_add(batch, "SELECT /* first */ SLEEP(30)");
    for (int i = 0; i < 10; i++)
        hoot_batch_add(batch, "SELECT ?", i);
    assert_int_equal(hoot_group_start(group, kill_it, &id, &err), 0);
    assert_int_equal(hoot_conn_batch(conn, batch, &err), HOOT_ECONNLOST);
    assert_int_equal(hoot_group_join(group, NULL), 0);
    assert_int_equal(number_in(hoot_batch_result(batch, 0)), 1);
    for (size_t i = 1; i < 12; i++)
        assert_int_equal(hoot_batch_error(batch, i, NULL), HOOT_ECONNLOST);
    assert_true(hoot_batch_was_sent(batch, 1));
    assert_false(hoot_batch_was_sent(batch, 11));
    hoot_conn_release(conn);
    hoot_pool_close(pool);
    return 0;
}

/* --- everywhere --- */

static int a_pool_and_a_batch(hoot_error *error, void *arg)
{
    hoot_batch *batch;
    hoot_conn *conn;
    int rc = open_pool((hoot_pool_options){ .max_size = 1, .pipeline = 4 });

    (void)arg;
    if (rc)
        return rc;
    batch = hoot_batch_new(error);
    conn = hoot_pool_acquire(pool, error);
    if (conn)
        rc = hoot_conn_begin(conn, error);
    for (int i = 0; i < 6; i++)
        hoot_batch_add(batch, i % 2 ? "UPDATE things SET n = n + ?" : "SELECT ? + 1", 1);
    if (conn && rc == 0)
        rc = hoot_conn_batch(conn, batch, error);
    if (conn && rc == 0)
        assert_int_equal(hoot_row_number(hoot_batch_result(batch, 4)), 1);
    hoot_batch_free(batch);
    hoot_conn_release(conn);
    if (!conn || rc == 0)
        rc = hoot_error_code(error);
    hoot_pool_close(pool);
    return rc;
}

static void leaves_nothing_behind_wherever_a_task_is_cancelled(void **state)
{
    const hoot__loop_options options = { 0 };

    (void)state;
    assert_true(torture_with(&options, a_pool_and_a_batch, NULL) > 5);
}

static void survives_every_failed_allocation(void **state)
{
    (void)state;
    assert_true(torture_allocations(a_pool_and_a_batch, NULL) > 20);
    hoot_error_clear(&err);
    assert_int_equal(hoot_run(a_pool_and_a_batch, NULL, &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_results_in_their_order),
        cmocka_unit_test(gives_the_same_results_one_by_one_where_lanes_are_off),
        cmocka_unit_test(gives_the_same_results_on_sqlite),
        cmocka_unit_test(answers_more_statements_than_may_be_under_way),
        cmocka_unit_test(takes_more_texts_than_the_connection_may_keep_prepared),
        cmocka_unit_test(runs_alone_what_cannot_be_sent_early),
        cmocka_unit_test(marks_the_session_as_changed_by_a_statement_in_it),
        cmocka_unit_test(works_in_a_pool_with_a_hook),
        cmocka_unit_test(runs_what_is_behind_a_statement_that_fails),
        cmocka_unit_test(runs_nothing_behind_an_error_where_it_is_to_stop),
        cmocka_unit_test(fails_a_result_that_is_too_large_alone),
        cmocka_unit_test(fails_a_row_that_is_too_long_alone),
        cmocka_unit_test(gives_each_value_in_the_kind_it_came_in),
        cmocka_unit_test(tells_what_was_refused_before_it_was_sent),
        cmocka_unit_test(refuses_what_is_no_batch),
        cmocka_unit_test(leaves_nothing_of_a_transaction_that_a_deadlock_ended),
        cmocka_unit_test(keeps_a_transaction_that_goes_well),
        cmocka_unit_test(stops_on_the_server_what_a_task_has_left),
        cmocka_unit_test(keeps_a_connection_whose_answers_have_come_meanwhile),
        cmocka_unit_test(tells_which_statements_a_lost_connection_may_have_run),
        cmocka_unit_test(fails_all_that_were_under_way_when_the_connection_was_lost),
        cmocka_unit_test(leaves_nothing_behind_wherever_a_task_is_cancelled),
        cmocka_unit_test(survives_every_failed_allocation),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}

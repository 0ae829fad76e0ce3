/* Statements of many tasks on few connections, on a real server. */
#include "unit/db/mysql_server_pool.h"

#include <hoot/group.h>

#include "base/alloc.h"
#include "db/lanes_inside.h"
#include "db/mysql/connection.h"
#include "db/pool.h"

#include "support/torture.h"

static hoot_pool *pool;
static hoot_error err;

static int open_pool(hoot_pool_options options)
{
    int rc;

    options.driver = "mysql";
    options.socket = server.socket;
    options.user = "root";
    options.database = "app";
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

static void execute(const char *sql)
{
    if (hoot_pool_execute(pool, &err, hoot_str_from(sql)) < 0)
        fail_msg("%s: %s", sql, err.text);
}

/* A table anew, empty. Only MariaDB has CREATE OR REPLACE. */
static void remake(const char *table, const char *definition)
{
    char sql[160];

    snprintf(sql, sizeof(sql), "DROP TABLE IF EXISTS %s", table);
    execute(sql);
    snprintf(sql, sizeof(sql), "CREATE TABLE %s %s", table, definition);
    execute(sql);
}

static int64_t number_in(hoot_cursor *rows)
{
    int64_t number = -1;

    if (!rows)
        fail_msg("%s", err.text);
    assert_int_equal(hoot_row_int(hoot_fetchone(rows), hoot_column_name(rows, 0), &number), 0);
    hoot_cursor_close(rows);
    return number;
}

static int64_t number_of(const char *sql)
{
    return number_in(hoot_pool_query(pool, &err, hoot_str_from(sql)));
}

static hoot_pool_stats stats(void)
{
    hoot_pool_stats out;

    hoot_pool_stats_get(pool, &out);
    return out;
}

/* What the server does now, asked over a connection of its own. */
static int64_t count_running(hoot_conn *conn, const char *like)
{
    return number_in(hoot_conn_query(conn, &err,
                                     "SELECT count(*) FROM information_schema.processlist WHERE info LIKE ?",
                                     hoot_str_from(like)));
}

static void wait_until_runs(hoot_conn *conn, const char *like)
{
    while (count_running(conn, like) == 0)
        assert_int_equal(hoot_sleep(1), 0);
}

/* --- many tasks --- */

enum { TASKS = 64, ROUNDS = 20 };

static int ask_for_markers(hoot_error *error, void *arg)
{
    int tag = (int)(intptr_t)arg;

    for (int i = 0; i < ROUNDS; i++) {
        HOOT_AUTO(hoot_cursor)
        rows = i % 2 ? hoot_pool_query(pool, error, "SELECT ? + 0 AS tag, n FROM numbers WHERE n <= 3",
                                       tag * ROUNDS + i)
                     : hoot_pool_query(pool, error, "SELECT 3, 1 UNION ALL SELECT 4, 1");
        const hoot_row *row;
        int64_t marker, seen = 0;

        if (!rows)
            return hoot_error_code(error);
        while ((row = hoot_fetchone(rows))) {
            assert_int_equal(hoot_row_int(row, hoot_column_name(rows, 0), &marker), 0);
            assert_int_equal(marker, i % 2 ? tag * ROUNDS + i : 3 + seen);
            seen++;
        }
        assert_int_equal(seen, i % 2 ? 3 : 2);
    }
    return 0;
}

static int run_many(hoot_task_fn fn, intptr_t count)
{
    HOOT_AUTO(hoot_group) group = hoot_group_new(&err);

    for (intptr_t i = 0; i < count; i++)
        assert_int_equal(hoot_group_start(group, fn, (void *)i, &err), 0);
    return hoot_group_join(group, &err);
}

static int64_t count_prepared(void)
{
    HOOT_AUTO(hoot_cursor) rows = hoot_pool_query(pool, &err, "SHOW GLOBAL STATUS LIKE 'Com_stmt_prepare'");

    assert_non_null(rows);
    return strtoll(hoot_row_text_at(hoot_fetchone(rows), 1), NULL, 10);
}

REAL_TEST(answers_many_tasks_on_two_connections)
{
    int64_t before, after;
    hoot_pool_stats now;

    OPEN(.max_size = 10);
    never_slow();
    before = count_prepared();
    assert_int_equal(run_many(ask_for_markers, TASKS), 0);
    now = stats();
    assert_int_equal(now.statements, TASKS * ROUNDS + 1);
    assert_int_equal(now.errors, 0);
    assert_true(now.opened <= 2);
    assert_int_equal(now.idle, now.open);
    after = count_prepared();
    assert_true(after - before <= 2); /* once a connection, however many tasks asked at the same time */
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(keeps_one_statement_to_a_connection_when_it_is_off)
{
    OPEN(.max_size = 4, .pipeline = HOOT_PIPELINE_OFF);
    assert_int_equal(run_many(ask_for_markers, 8), 0);
    assert_int_equal(stats().opened, 4);
    hoot_pool_close(pool);
    return 0;
}

/* --- how many at once --- */

static uint32_t depth_after(const hoot__lanes *lanes, hoot__lane *lane, uint32_t answers, uint64_t at_ms)
{
    for (uint32_t i = 0; i < answers; i++)
        hoot__lane_keep_pace(lanes, lane, at_ms);
    return lane->depth;
}

static void takes_as_many_as_are_answered_in_ten_milliseconds(void **state)
{
    const hoot__lanes lanes = { .depth = 16, .deepest = 128 }, given = { .depth = 16, .deepest = 16 };
    hoot__lane lane = { .depth = 16, .pace_since_ms = 1000 }, other = lane;

    (void)state;
    assert_int_equal(depth_after(&lanes, &lane, 300, 1009), 16);
    assert_int_equal(depth_after(&lanes, &lane, 1, 1010), 32); /* twice as many at most */
    assert_int_equal(depth_after(&lanes, &lane, 300, 1015), 32);
    assert_int_equal(depth_after(&lanes, &lane, 1, 1020), 64);
    depth_after(&lanes, &lane, 300, 1025);
    assert_int_equal(depth_after(&lanes, &lane, 1, 1030), 128);
    depth_after(&lanes, &lane, 300, 1035);
    assert_int_equal(depth_after(&lanes, &lane, 1, 1040), 128);
    depth_after(&lanes, &lane, 99, 1045);
    assert_int_equal(depth_after(&lanes, &lane, 1, 1060), 50);
    assert_int_equal(depth_after(&lanes, &lane, 1, 1160), 16);
    assert_int_equal(depth_after(&given, &other, 1000, 1010), 16);
}

enum { QUICK = 5, BEHIND = 60 };

static int quick_ones;

static int ask_one(hoot_error *error, void *arg)
{
    bool is_quick = (intptr_t)arg < QUICK;
    HOOT_AUTO(hoot_cursor)
    rows = hoot_pool_query(pool, error, (intptr_t)arg == QUICK ? "SELECT /* held */ SLEEP(100)" : "SELECT 1");

    quick_ones += rows && is_quick;
    return 0;
}

/* With so many under way, answers are told of together; but not later for one that runs for long. */
REAL_TEST(hands_out_answers_in_front_of_a_slow_statement)
{
    hoot_pool_options options = { .driver = "mysql",
                                  .host = "127.0.0.1",
                                  .port = server.port,
                                  .user = "root",
                                  .database = "app",
                                  .max_size = 2,
                                  .lanes = 1,
                                  .pipeline = 128 };
    HOOT_AUTO(hoot_group) group = hoot_group_new(&err);

    assert_int_equal(hoot_pool_open(NULL, &pool, &options, &err), 0);
    never_slow();
    quick_ones = 0;
    for (intptr_t i = 0; i < QUICK + 1 + BEHIND; i++)
        assert_int_equal(hoot_group_start(group, ask_one, (void *)i, &err), 0);
    while (quick_ones < QUICK)
        assert_int_equal(hoot_sleep(1), 0);
    assert_int_equal(pool->lanes.slots->lane.calls.count, 1 + BEHIND);
    hoot_group_cancel(group);
    assert_int_equal(hoot_group_join(group, &err), 0);
    hoot_pool_close(pool);
    return 0;
}

/* --- errors --- */

static int failed_ones, good_ones;

static int every_third_is_wrong(hoot_error *error, void *arg)
{
    int tag = (int)(intptr_t)arg;
    int64_t rc = tag % 3 == 0 ? hoot_pool_execute(pool, error, "INSERT INTO once VALUES (?)", 7)
                 : tag % 3 == 1
                     ? hoot_pool_execute(pool, error, "SELECT nonsense FROM nowhere WHERE a = ?", tag)
                     : hoot_pool_execute(pool, error, "INSERT INTO many VALUES (?)", tag);

    if (tag % 3 == 1)
        assert_int_equal(error->server_code, 1146);
    if (tag % 3 == 0 && rc < 0)
        assert_int_equal(error->code, HOOT_EDUPLICATE);
    failed_ones += rc < 0;
    good_ones += rc == 1;
    return 0;
}

REAL_TEST(fails_only_who_asked_for_what_failed)
{
    OPEN(.max_size = 1, .pipeline = 16, .share_writes = true);
    never_slow();
    remake("once", "(a INTEGER PRIMARY KEY)");
    remake("many", "(a INTEGER PRIMARY KEY)");
    failed_ones = good_ones = 0;
    assert_int_equal(run_many(every_third_is_wrong, 30), 0);
    assert_int_equal(failed_ones, 10 + 9);
    assert_int_equal(good_ones, 10 + 1);
    assert_int_equal(number_of("SELECT count(*) FROM many"), 10);
    assert_int_equal(stats().opened, 1);
    hoot_pool_close(pool);
    return 0;
}

/* Its parameters are refused before anything is sent. */
REAL_TEST(refuses_a_wrong_number_of_parameters_alone)
{
    OPEN(.max_size = 1, .pipeline = 16);
    never_slow();
    assert_null(hoot_pool_query(pool, &err, "SELECT ?, ?", 1));
    assert_int_equal(err.code, HOOT_EINVAL);
    assert_int_equal(number_of("SELECT 5"), 5);
    assert_int_equal(stats().opened, 1);
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(fails_an_answer_that_is_too_large_and_reads_on_behind_it)
{
    OPEN(.max_size = 1, .pipeline = 16, .max_answer_bytes = 64 * 1024);
    never_slow();
    assert_null(hoot_pool_query(pool, &err, "SELECT n, REPEAT('x', 1000) FROM numbers"));
    assert_int_equal(err.code, HOOT_ELIMIT);
    assert_int_equal(number_of("SELECT 5"), 5);
    hoot_pool_close(pool);
    return 0;
}

static int ask_for_too_much_or_little(hoot_error *error, void *arg)
{
    int tag = (int)(intptr_t)arg;
    HOOT_AUTO(hoot_cursor)
    rows = hoot_pool_query(pool, error, "SELECT REPEAT('x', ?)", tag % 10 == 5 ? 200000 : tag);

    failed_ones += error->code == HOOT_ELIMIT && tag % 10 == 5;
    good_ones += rows && hoot_fetchone(rows);
    return 0;
}

/* It is one row, and longer than a row may be. */
REAL_TEST(fails_a_row_that_is_too_long_alone)
{
    OPEN(.max_size = 2, .pipeline = 16, .max_answer_bytes = 100 * 1000);
    failed_ones = good_ones = 0;
    assert_int_equal(run_many(ask_for_too_much_or_little, 60), 0);
    assert_int_equal(failed_ones, 6);
    assert_int_equal(good_ones, 54);
    assert_int_equal(stats().closed_dead, 0);
    assert_int_equal(number_of("SELECT 5"), 5);
    hoot_pool_close(pool);
    return 0;
}

static int ask_for_its_own_kind(hoot_error *error, void *arg)
{
    int tag = (int)(intptr_t)arg;
    hoot_value values[] = { hoot_value_text("SELECT ? AS any"), tag % 3 == 0   ? hoot_value_int(tag)
                                                                : tag % 3 == 1 ? hoot_value_text("abc")
                                                                               : hoot_value_double(0.5) };
    static const hoot_kind kinds[] = { HOOT_INT, HOOT_TEXT, HOOT_DOUBLE };

    for (int i = 0; i < 5; i++) {
        HOOT_AUTO(hoot_cursor) rows = hoot_pool_query_values(pool, error, values, 2);
        const hoot_value *cell = hoot_row_at(hoot_fetchone(rows), 0);

        assert_non_null(cell);
        assert_int_equal(cell->kind, kinds[tag % 3]);
        if (tag % 3 == 1)
            assert_string_equal(cell->str.ptr, "abc");
        good_ones++;
    }
    return 0;
}

/* At the same time, so that one kind is prepared while another waits for the text. */
REAL_TEST(gives_each_its_value_in_the_kind_it_came_in)
{
    OPEN(.max_size = 2, .pipeline = 16);
    good_ones = 0;
    assert_int_equal(run_many(ask_for_its_own_kind, 30), 0);
    assert_int_equal(good_ones, 150);
    assert_int_equal(stats().errors, 0);
    hoot_pool_close(pool);
    return 0;
}

/* As after a restart behind a proxy: the id means nothing to the server. */
REAL_TEST(prepares_anew_what_the_server_has_forgotten)
{
    OPEN(.max_size = 1, .pipeline = 16);
    never_slow();
    assert_int_equal(number_in(hoot_pool_query(pool, &err, "SELECT ?", 1)), 1);
    assert_int_equal(hoot_sleep(1), 0); /* the lane goes back to the pool */
    ((hoot__my_link *)pool->warmest->link)->statements.newest->id = 987654;
    assert_int_equal(number_in(hoot_pool_query(pool, &err, "SELECT ?", 2)), 2);
    assert_int_equal(stats().errors, 0);
    hoot_pool_close(pool);
    return 0;
}

/* --- tasks that leave --- */

static int stopped, answered;

static int ask_and_maybe_leave(hoot_error *error, void *arg)
{
    int tag = (int)(intptr_t)arg;
    const hoot_row *const *rows;
    hoot_cursor *cursor = NULL;
    int64_t number;

    hoot_timeout ((uint64_t)(tag % 4))
        cursor = hoot_pool_query(pool, error,
                                 "SELECT ? + 0 AS tag, n, SLEEP(0.0003) FROM numbers WHERE n <= 5", tag);
    stopped += !cursor;
    answered += cursor != NULL;
    assert_true(cursor || error->code == HOOT_ETIMEOUT);
    if (cursor)
        assert_int_equal(hoot_fetchall(cursor, &rows), 5);
    for (int i = 0; cursor && i < 5; i++) {
        assert_int_equal(hoot_row_int(rows[i], "tag", &number), 0);
        assert_int_equal(number, tag);
    }
    hoot_cursor_close(cursor);
    return 0;
}

REAL_TEST(drops_the_answers_of_those_who_left_and_nobody_sees_them)
{
    OPEN(.max_size = 3, .pipeline = 8);
    stopped = answered = 0;
    for (int round = 0; round < 20; round++)
        assert_int_equal(run_many(ask_and_maybe_leave, 20), 0);
    assert_int_equal(stopped + answered, 400);
    assert_true(stopped > 20);
    assert_int_equal(run_many(ask_for_markers, 10), 0);
    hoot_pool_close(pool);
    return 0;
}

static int two_and_two(hoot_error *error, void *arg)
{
    hoot_cursor *rows;

    (void)arg;
    rows = hoot_pool_query(pool, error, "SELECT ? + ?", 2, 2);
    hoot_cursor_close(rows);
    return rows ? 0 : hoot_error_code(error);
}

static int a_pool_and_three_tasks(hoot_error *error, void *arg)
{
    int rc = open_pool((hoot_pool_options){ .max_size = 2, .pipeline = 4 });

    (void)arg;
    if (rc)
        return rc;
    rc = hoot_gather(error, { two_and_two, NULL }, { two_and_two, NULL }, { two_and_two, NULL });
    if (rc == 0)
        rc = two_and_two(error, NULL);
    hoot_pool_close(pool);
    return rc;
}

static void leaves_nothing_behind_wherever_a_task_is_cancelled(void **state)
{
    const hoot__loop_options options = { 0 };

    (void)state;
    assert_true(torture_with(&options, a_pool_and_three_tasks, NULL) > 5);
}

static void survives_every_failed_allocation(void **state)
{
    (void)state;
    assert_true(torture_allocations(a_pool_and_three_tasks, NULL) > 20);
    hoot_error_clear(&err);
    assert_int_equal(hoot_run(a_pool_and_three_tasks, NULL, &err), 0);
}

/* --- slow statements --- */

static int slow_code;
static bool slow_is_over;

static int sleep_long(hoot_error *error, void *arg)
{
    hoot_cursor *rows = NULL;

    hoot_timeout ((uint64_t)(intptr_t)arg)
        rows = hoot_pool_query(pool, error, "SELECT /* long */ SLEEP(100)");
    assert_null(rows);
    if (error->code != HOOT_ETIMEOUT && error->code != HOOT_ECANCELED)
        print_error("%s\n", error->text);
    slow_code = error->code;
    slow_is_over = true;
    return 0;
}

REAL_TEST(does_not_let_others_wait_behind_a_slow_statement)
{
    HOOT_AUTO(hoot_group) group = hoot_group_new(&err);
    hoot_conn *look;

    OPEN(.max_size = 4, .pipeline = 16, .lanes = 1);
    look = hoot_pool_acquire(pool, &err);
    slow_is_over = false;
    assert_int_equal(hoot_group_start(group, sleep_long, (void *)60000, &err), 0);
    wait_until_runs(look, "SELECT /* long */ SLEEP%");
    assert_int_equal(run_many(ask_for_markers, 8), 0);
    assert_false(slow_is_over);
    hoot_group_cancel(group);
    assert_int_equal(hoot_group_join(group, &err), 0);
    assert_int_equal(slow_code, HOOT_ECANCELED);
    while (count_running(look, "SELECT /* long */ SLEEP%") > 0)
        assert_int_equal(hoot_sleep(1), 0);
    hoot_conn_release(look);
    hoot_pool_close(pool);
    return 0;
}

static int late;

static int select_with_deadline(hoot_error *error, void *arg)
{
    hoot_cursor *rows = NULL;

    hoot_timeout ((uint64_t)(intptr_t)arg)
        rows = hoot_pool_query(pool, error, "SELECT 5");
    assert_null(rows);
    assert_int_equal(error->code, HOOT_ETIMEOUT);
    late++;
    return 0;
}

/* Written behind the slow one, then taken from it; there is no other connection for it. */
REAL_TEST(keeps_the_deadline_of_a_statement_that_was_sent_on)
{
    HOOT_AUTO(hoot_group) group = hoot_group_new(&err);

    OPEN(.max_size = 1, .pipeline = 16);
    late = 0;
    assert_int_equal(hoot_group_start(group, sleep_long, (void *)60000, &err), 0);
    assert_int_equal(hoot_group_start(group, select_with_deadline, (void *)150, &err), 0);
    assert_int_equal(hoot_group_start(group, select_with_deadline, (void *)20, &err), 0);
    while (late < 2)
        assert_int_equal(hoot_sleep(1), 0);
    hoot_group_cancel(group);
    assert_int_equal(hoot_group_join(group, &err), 0);
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(stops_on_the_server_what_nobody_waits_for)
{
    hoot_conn *look;

    OPEN(.max_size = 2, .pipeline = 16, .lanes = 1);
    look = hoot_pool_acquire(pool, &err);
    assert_int_equal(sleep_long(&err, (void *)20), 0);
    assert_int_equal(slow_code, HOOT_ETIMEOUT);
    assert_int_equal(number_of("SELECT 5"), 5); /* may have been written behind it, and is not hurt */
    while (count_running(look, "SELECT /* long */ SLEEP%") > 0)
        assert_int_equal(hoot_sleep(1), 0);
    assert_int_equal(number_of("SELECT 6"), 6);
    assert_int_equal(stats().closed_dead, 0);
    hoot_conn_release(look);
    hoot_pool_close(pool);
    return 0;
}

static int insert_marker(hoot_error *error, void *arg)
{
    int64_t rc = 0;

    hoot_timeout ((uint64_t)(intptr_t)arg)
        rc = hoot_pool_execute(pool, error, "INSERT INTO waited VALUES (1)");
    return rc < 0 ? (int)rc : 0;
}

REAL_TEST(never_sends_what_was_given_up_in_the_queue)
{
    HOOT_AUTO(hoot_group) group = hoot_group_new(&err);
    hoot_conn *only;

    OPEN(.max_size = 1, .pipeline = 16, .max_waiters = 3);
    remake("waited", "(a INTEGER)");
    only = hoot_pool_acquire(pool, &err);
    for (int i = 0; i < 3; i++)
        assert_int_equal(hoot_group_start(group, insert_marker, (void *)60000, &err), 0);
    assert_int_equal(hoot_yield(), 0);
    assert_int_equal(stats().waiting, 3);
    assert_int_equal(insert_marker(&err, (void *)60000), HOOT_ELIMIT);
    hoot_group_cancel(group);
    assert_int_equal(hoot_group_join(group, &err), HOOT_ECANCELED);
    assert_int_equal(insert_marker(&err, (void *)5), HOOT_ETIMEOUT);
    assert_int_equal(number_in(hoot_conn_query(only, &err, "SELECT count(*) FROM waited")), 0);
    assert_int_equal(stats().waiting, 0);
    hoot_conn_release(only);
    assert_int_equal(insert_marker(&err, (void *)60000), 0);
    assert_int_equal(number_of("SELECT count(*) FROM waited"), 1);
    hoot_pool_close(pool);
    return 0;
}

static int update_waited(hoot_error *error, void *arg)
{
    (void)arg;
    return hoot_pool_execute(pool, error, "UPDATE waited SET a = a + 1") == 1 ? 0 : hoot_error_code(error);
}

/* The first holds the row that the second waits for; the third must not wait with it. */
REAL_TEST(does_not_let_a_write_wait_behind_one_that_waits_for_a_lock)
{
    HOOT_AUTO(hoot_group) group = hoot_group_new(&err);
    hoot_conn *holder;

    OPEN(.max_size = 4, .pipeline = 16, .lanes = 1);
    remake("waited", "(a INTEGER) ENGINE=InnoDB");
    execute("INSERT INTO waited VALUES (0)");
    holder = hoot_pool_acquire(pool, &err);
    assert_int_equal(hoot_conn_begin(holder, &err), 0);
    assert_int_equal(hoot_conn_execute(holder, &err, "UPDATE waited SET a = 2"), 1);
    assert_int_equal(hoot_group_start(group, update_waited, NULL, &err), 0);
    wait_until_runs(holder, "UPDATE waited SET a = a + 1");
    remake("once", "(a INTEGER)");
    execute("INSERT INTO once VALUES (1)");
    assert_int_equal(number_of("SELECT a FROM waited"), 0);
    assert_int_equal(hoot_conn_commit(holder, &err), 0);
    assert_int_equal(hoot_group_join(group, &err), 0);
    assert_int_equal(number_of("SELECT a FROM waited"), 3);
    hoot_conn_release(holder);
    hoot_pool_close(pool);
    return 0;
}

static int kill_hit;

static int read_locked(hoot_error *error, void *arg)
{
    HOOT_AUTO(hoot_cursor) rows = hoot_pool_query(pool, error, "SELECT 7 FROM waited");

    (void)arg;
    kill_hit = rows ? (int)number_in(rows) : -hoot_error_code(error);
    rows = NULL;
    return 0;
}

static void kill_the_reader(hoot_conn *holder)
{
    HOOT_AUTO(hoot_cursor) rows = NULL;
    int64_t id;

    wait_until_runs(holder, "SELECT 7 FROM waited");
    rows = hoot_conn_query(holder, &err, "SELECT id FROM information_schema.processlist WHERE info LIKE ?",
                           "SELECT 7 FROM waited");
    assert_int_equal(hoot_row_int(hoot_fetchone(rows), hoot_column_name(rows, 0), &id), 0);
    assert_int_equal(hoot_conn_kill_query(holder, (uint64_t)id, &err), 0);
}

/* A KILL QUERY that was meant for the statement in front, and came late. */
REAL_TEST(runs_again_what_a_kill_for_another_has_hit)
{
    for (int ours = 0; ours < 2; ours++) {
        HOOT_AUTO(hoot_group) group = hoot_group_new(&err);
        hoot_conn *holder;

        OPEN(.max_size = 3, .pipeline = 16, .lanes = 1);
        never_slow();
        remake("waited", "(a INTEGER)");
        execute("INSERT INTO waited VALUES (0)");
        holder = hoot_pool_acquire(pool, &err);
        assert_int_equal(hoot_conn_execute(holder, &err, "LOCK TABLES waited WRITE"), 0);
        kill_hit = 0;
        assert_int_equal(hoot_group_start(group, read_locked, NULL, &err), 0);
        wait_until_runs(holder, "SELECT 7 FROM waited");
        pool->lanes.slots->lane.stopped = ours;
        kill_the_reader(holder);
        if (ours) {
            while (pool->lanes.queue.count == 0 && stats().open < 3)
                assert_int_equal(hoot_sleep(1), 0);
            assert_int_equal(kill_hit, 0);
        }
        assert_int_equal(hoot_conn_execute(holder, &err, "UNLOCK TABLES"), 0);
        assert_int_equal(hoot_group_join(group, &err), 0);
        assert_int_equal(kill_hit, ours ? 7 : -HOOT_EDB);
        hoot_conn_release(holder);
        hoot_pool_close(pool);
    }
    return 0;
}

static int update_by_key(hoot_error *error, void *arg)
{
    int64_t rc =
        hoot_pool_execute(pool, error, "UPDATE waited SET a = a + 1 WHERE id = ?", (int)(intptr_t)arg);

    answered += rc == 1;
    return rc == 1 ? 0 : hoot_error_code(error);
}

/* What the documents say of it, and why it is not the default. */
REAL_TEST(holds_up_a_write_behind_one_that_waits_where_writes_share_lanes)
{
    for (int share = 0; share < 2; share++) {
        HOOT_AUTO(hoot_group) group = hoot_group_new(&err);
        hoot_conn *holder;

        OPEN(.max_size = 4, .pipeline = 16, .lanes = 1, .share_writes = share);
        never_slow();
        remake("waited", "(id INTEGER PRIMARY KEY, a INTEGER) ENGINE=InnoDB");
        execute("INSERT INTO waited VALUES (1, 0), (2, 0)");
        holder = hoot_pool_acquire(pool, &err);
        assert_int_equal(hoot_conn_begin(holder, &err), 0);
        assert_int_equal(hoot_conn_execute(holder, &err, "UPDATE waited SET a = 2 WHERE id = 1"), 1);
        answered = 0;
        assert_int_equal(hoot_group_start(group, update_by_key, (void *)1, &err), 0);
        wait_until_runs(holder, "UPDATE waited SET a = a + 1%");
        assert_int_equal(hoot_group_start(group, update_by_key, (void *)2, &err), 0);
        while (share ? pool->lanes.slots->lane.calls.count < 2 : !answered)
            assert_int_equal(hoot_sleep(1), 0);
        assert_int_equal(answered, !share);
        assert_int_equal(hoot_conn_commit(holder, &err), 0);
        assert_int_equal(hoot_group_join(group, &err), 0);
        assert_int_equal(answered, 2);
        hoot_conn_release(holder);
        hoot_pool_close(pool);
    }
    return 0;
}

/* --- hooks, and servers that refuse --- */

static int lendings;

static int count_lending(hoot_conn *conn, hoot_error *error, void *arg)
{
    (void)conn, (void)error, (void)arg;
    lendings++;
    return 0;
}

REAL_TEST(lends_a_connection_to_each_statement_where_a_hook_wants_to_see_it)
{
    lendings = 0;
    OPEN(.max_size = 3, .pipeline = 16, .on_acquire = count_lending);
    assert_int_equal(run_many(ask_for_markers, 4), 0);
    assert_int_equal(lendings, 4 * ROUNDS);
    assert_int_equal(stats().acquired, 4 * ROUNDS);
    hoot_pool_close(pool);
    return 0;
}

static int refused_writes;

static int write_it(hoot_error *error, void *arg)
{
    int64_t rc = hoot_pool_execute(pool, error, "INSERT INTO waited VALUES (1)");

    (void)arg;
    refused_writes += rc == HOOT_EUNFIT && error->server_code == 1290;
    return 0;
}

static void make_read_only(bool on)
{
    OPEN(.max_size = 1);
    if (on) {
        remake("waited", "(a INTEGER)");
        execute("DROP USER IF EXISTS writer@'%'");
        execute("CREATE USER writer@'%'");
        execute("GRANT SELECT, INSERT ON app.* TO writer@'%'");
    }
    execute(on ? "SET GLOBAL read_only = 1" : "SET GLOBAL read_only = 0");
    hoot_pool_close(pool);
}

/* The lane goes, its host is told of, and those behind get the same answer on whatever connection. */
REAL_TEST(gives_up_a_lane_whose_server_became_read_only)
{
    hoot_pool_options options = { .driver = "mysql",
                                  .host = "127.0.0.1",
                                  .port = server.port,
                                  .user = "writer",
                                  .database = "app",
                                  .max_size = 2,
                                  .pipeline = 16,
                                  .share_writes = true };
    hoot_pool_host_stats host;

    make_read_only(true);
    refused_writes = 0;
    assert_int_equal(hoot_pool_open(NULL, &pool, &options, &err), 0);
    never_slow();
    assert_int_equal(run_many(write_it, 10), 0);
    assert_int_equal(refused_writes, 10);
    assert_int_equal(hoot_sleep(1), 0);
    assert_true(stats().closed_read_only >= 1);
    assert_int_equal(hoot_pool_hosts_get(pool, &host, 1), 1);
    assert_int_equal(host.refused, stats().closed_read_only);
    assert_int_equal(number_of("SELECT count(*) FROM waited"), 0);
    hoot_pool_close(pool);
    make_read_only(false);
    return 0;
}

/* --- connections --- */

static int sleep_a_while(hoot_error *error, void *arg)
{
    (void)arg;
    assert_null(hoot_pool_query(pool, error, "SELECT /* while */ SLEEP(100)"));
    assert_int_equal(error->code, HOOT_ECONNLOST);
    stopped++;
    return 0;
}

REAL_TEST(tells_each_of_them_that_the_connection_was_lost)
{
    HOOT_AUTO(hoot_group) group = hoot_group_new(&err);
    HOOT_AUTO(hoot_cursor) rows = NULL;
    hoot_conn *look;
    char kill_it[32];
    int64_t id;

    OPEN(.max_size = 2, .pipeline = 16, .lanes = 1);
    never_slow();
    look = hoot_pool_acquire(pool, &err);
    stopped = 0;
    for (int i = 0; i < 10; i++)
        assert_int_equal(hoot_group_start(group, sleep_a_while, NULL, &err), 0);
    wait_until_runs(look, "SELECT /* while */ SLEEP(%");
    rows = hoot_conn_query(look, &err, "SELECT id FROM information_schema.processlist WHERE info LIKE ?",
                           "SELECT /* while */ SLEEP(%");
    assert_int_equal(hoot_row_number(rows), 1);
    assert_int_equal(hoot_row_int(hoot_fetchone(rows), "id", &id), 0);
    snprintf(kill_it, sizeof(kill_it), "KILL %lld", (long long)id); /* MySQL does not prepare it */
    assert_int_equal(hoot_conn_execute(look, &err, hoot_str_from(kill_it)), 0);
    assert_int_equal(hoot_group_join(group, &err), 0);
    assert_int_equal(stopped, 10);
    assert_int_equal(number_of("SELECT 5"), 5);
    hoot_conn_release(look);
    hoot_pool_close(pool);
    return 0;
}

static bool keep_asking;

static int ask_on_and_on(hoot_error *error, void *arg)
{
    (void)arg;
    while (keep_asking) {
        if (two_and_two(error, NULL))
            return hoot_error_code(error);
    }
    return 0;
}

REAL_TEST(gives_way_to_one_who_wants_a_connection_for_himself)
{
    HOOT_AUTO(hoot_group) group = hoot_group_new(&err);

    OPEN(.max_size = 1, .pipeline = 4);
    never_slow();
    keep_asking = true;
    for (int i = 0; i < 8; i++)
        assert_int_equal(hoot_group_start(group, ask_on_and_on, NULL, &err), 0);
    for (int i = 0; i < 10; i++) {
        hoot_conn *conn = hoot_pool_acquire(pool, &err);

        assert_non_null(conn);
        assert_int_equal(number_in(hoot_conn_query(conn, &err, "SELECT 6")), 6);
        hoot_conn_release(conn);
    }
    keep_asking = false;
    assert_int_equal(hoot_group_join(group, &err), 0);
    assert_int_equal(stats().opened, 1);
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(sends_what_changes_the_session_elsewhere)
{
    static const char *const apart[] = {
        "SET @mine = 1",
        "START TRANSACTION",
        "BEGIN",
        "CREATE TEMPORARY TABLE mine (a INTEGER)",
        "SELECT 1 INTO @mine",
        "USE mysql",
        "DO GET_LOCK('mine', 0)",
        "LOCK TABLES kept WRITE",
    };

    OPEN(.max_size = 1, .pipeline = 16);
    remake("kept", "(a INTEGER)");
    for (size_t i = 0; i < sizeof(apart) / sizeof(apart[0]); i++) {
        execute(apart[i]);
        execute("INSERT INTO app.kept VALUES (1)");
        assert_int_equal(number_of("SELECT count(*) FROM kept"), (int64_t)i + 1);
        assert_int_equal(number_of("SELECT @mine IS NULL"), 1);
        assert_int_equal(number_of("SELECT IS_FREE_LOCK('mine')"), 1);
        assert_null(hoot_pool_query(pool, &err, "SELECT * FROM mine"));
    }
    hoot_pool_close(pool);
    return 0;
}

static int close_it(hoot_error *error, void *arg)
{
    (void)error, (void)arg;
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(lets_statements_end_when_the_pool_closes)
{
    OPEN(.max_size = 2, .pipeline = 4);
    assert_int_equal(hoot_gather(&err, { ask_for_markers, (void *)1 }, { close_it, NULL }), HOOT_ECLOSED);
    return 0;
}

static int cut_short(hoot_error *error, void *arg)
{
    (void)arg;
    assert_null(hoot_pool_query(pool, error, "SELECT SLEEP(100)"));
    assert_int_equal(error->code, HOOT_ECLOSED);
    return 0;
}

REAL_TEST(cuts_statements_that_outlast_a_closing_pool)
{
    OPEN(.max_size = 1, .pipeline = 4, .close_timeout_ms = 100);
    assert_int_equal(hoot_gather(&err, { cut_short, NULL }, { cut_short, NULL }, { close_it, NULL }), 0);
    return 0;
}

REAL_TEST(fails_those_who_wait_when_no_connection_can_be_made)
{
    hoot_pool_options options = { .url = "mysql://root@127.0.0.1:1/app", .lazy = true, .pipeline = 4 };

    assert_int_equal(hoot_pool_open(NULL, &pool, &options, &err), 0);
    assert_null(hoot_pool_query(pool, &err, "SELECT 1"));
    assert_int_equal(err.code, HOOT_ECONNECT);
    assert_int_equal(stats().open, 0);
    hoot_pool_close(pool);
    return 0;
}

/* --- */

static int start_server_of_numbers(void **state)
{
    static const char *const statements[] = {
        "CREATE DATABASE app",
        "CREATE TABLE app.numbers (n INTEGER PRIMARY KEY)",
        "INSERT INTO app.numbers WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < "
        "1000) "
        "SELECT n FROM s",
        NULL,
    };

    (void)state;
    return start_server_with(NULL, statements);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_many_tasks_on_two_connections),
        cmocka_unit_test(keeps_one_statement_to_a_connection_when_it_is_off),
        cmocka_unit_test(takes_as_many_as_are_answered_in_ten_milliseconds),
        cmocka_unit_test(hands_out_answers_in_front_of_a_slow_statement),
        cmocka_unit_test(fails_only_who_asked_for_what_failed),
        cmocka_unit_test(refuses_a_wrong_number_of_parameters_alone),
        cmocka_unit_test(fails_an_answer_that_is_too_large_and_reads_on_behind_it),
        cmocka_unit_test(fails_a_row_that_is_too_long_alone),
        cmocka_unit_test(gives_each_its_value_in_the_kind_it_came_in),
        cmocka_unit_test(prepares_anew_what_the_server_has_forgotten),
        cmocka_unit_test(drops_the_answers_of_those_who_left_and_nobody_sees_them),
        cmocka_unit_test(leaves_nothing_behind_wherever_a_task_is_cancelled),
        cmocka_unit_test(survives_every_failed_allocation),
        cmocka_unit_test(does_not_let_others_wait_behind_a_slow_statement),
        cmocka_unit_test(keeps_the_deadline_of_a_statement_that_was_sent_on),
        cmocka_unit_test(stops_on_the_server_what_nobody_waits_for),
        cmocka_unit_test(never_sends_what_was_given_up_in_the_queue),
        cmocka_unit_test(does_not_let_a_write_wait_behind_one_that_waits_for_a_lock),
        cmocka_unit_test(runs_again_what_a_kill_for_another_has_hit),
        cmocka_unit_test(holds_up_a_write_behind_one_that_waits_where_writes_share_lanes),
        cmocka_unit_test(lends_a_connection_to_each_statement_where_a_hook_wants_to_see_it),
        cmocka_unit_test(gives_up_a_lane_whose_server_became_read_only),
        cmocka_unit_test(tells_each_of_them_that_the_connection_was_lost),
        cmocka_unit_test(gives_way_to_one_who_wants_a_connection_for_himself),
        cmocka_unit_test(sends_what_changes_the_session_elsewhere),
        cmocka_unit_test(lets_statements_end_when_the_pool_closes),
        cmocka_unit_test(cuts_statements_that_outlast_a_closing_pool),
        cmocka_unit_test(fails_those_who_wait_when_no_connection_can_be_made),
    };

    return cmocka_run_group_tests(tests, start_server_of_numbers, stop_server);
}

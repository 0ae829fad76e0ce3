/* The sqlite driver through the public calls: values, errors, transactions, locks, cancelling. */
#include "unit/db/db_test.h"

#include <hoot/group.h>

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "runtime/torture.h"

static hoot_pool *pool;
static hoot_error err;

static void open_pool(const char *file, uint32_t max_size)
{
    char url[256];

    snprintf(url, sizeof(url), "sqlite:%s/%s", test_folder, file);
    if (hoot_pool_open(NULL, &pool, &(hoot_pool_options){ .url = url, .max_size = max_size }, &err))
        fail_msg("%s", err.text);
}

static void execute(const char *sql)
{
    if (hoot_pool_execute(pool, &err, sql) < 0)
        fail_msg("%s: %s", sql, err.text);
}

static int64_t number_of(const char *sql)
{
    HOOT_AUTO(hoot_cursor) rows = hoot_pool_query(pool, &err, sql);
    const hoot_row *row = hoot_fetchone(rows);
    int64_t number = -1;

    assert_non_null(row);
    assert_int_equal(hoot_row_int(row, hoot_column_name(rows, 0), &number), 0);
    return number;
}

REAL_TEST(makes_the_folder_of_the_file_for_its_owner_only)
{
    struct stat info;
    char path[128];

    open_pool("var/app.db", 1);
    snprintf(path, sizeof(path), "%s/var", test_folder);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(says_which_folder_is_missing)
{
    char url[256];
    int rc;

    snprintf(url, sizeof(url), "sqlite:%s/no/such/app.db", test_folder);
    rc = hoot_pool_open(NULL, &pool, &(hoot_pool_options){ .url = url }, &err);
    assert_int_equal(rc, HOOT_ECONNECT);
    assert_non_null(strstr(err.text, "/no/such"));
    return 0;
}

REAL_TEST(refuses_a_file_that_is_no_database)
{
    char path[128], url[256];
    FILE *file;

    snprintf(path, sizeof(path), "%s/text", test_folder);
    file = fopen(path, "w");
    for (int i = 0; i < 1000; i++)
        fputs("this is not a database\n", file);
    fclose(file);
    snprintf(url, sizeof(url), "sqlite:%s", path);
    assert_int_equal(hoot_pool_open(NULL, &pool, &(hoot_pool_options){ .url = url }, &err), HOOT_ECONNECT);
    assert_int_equal(err.server_code & 0xff, SQLITE_NOTADB);
    return 0;
}

REAL_TEST(switches_write_ahead_logging_and_foreign_keys_on)
{
    open_pool("a.db", 1);
    {
        HOOT_AUTO(hoot_cursor) mode = hoot_pool_query(pool, &err, "PRAGMA journal_mode");

        assert_string_equal(hoot_row_text(hoot_fetchone(mode), "journal_mode"), "wal");
    }
    assert_int_equal(number_of("PRAGMA foreign_keys"), 1);
    assert_int_equal(number_of("PRAGMA synchronous"), 1);
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(brings_every_kind_back_as_it_was)
{
    static const char bytes[] = { 0, 1, '\'', (char)0xff, 0 };
    const hoot_row *row;

    open_pool("a.db", 2);
    HOOT_AUTO(hoot_cursor)
    rows = hoot_pool_query(
        pool, &err, "SELECT ? AS i, ? AS d, ? AS t, ? AS b, ? AS n, ? AS e, ? AS y, ? AS when_", INT64_MIN,
        0.1, "\xc3\xbc'; DROP TABLE x", hoot_value_bytes(hoot_str_of(bytes, sizeof(bytes))), NULL, "", true,
        hoot_value_datetime((hoot_time){ .year = 2026, .month = 2, .day = 3, .hour = 4, .microsecond = 5 }));
    assert_non_null(rows);
    row = hoot_fetchone(rows);
    assert_int_equal(hoot_row_count(row), 8);
    assert_null(hoot_column_info(rows, 0)); /* each row says what its cells are */
    assert_int_equal(hoot_row_get(row, "i")->kind, HOOT_INT);
    assert_true(hoot_row_get(row, "I")->i64 == INT64_MIN);
    assert_true(hoot_row_get(row, "d")->f64 == 0.1);
    assert_string_equal(hoot_row_text(row, "t"), "\xc3\xbc'; DROP TABLE x");
    assert_int_equal(hoot_row_get(row, "b")->kind, HOOT_BYTES);
    assert_true(hoot_str_equal(hoot_row_bytes(row, "b"), hoot_str_of(bytes, sizeof(bytes))));
    assert_int_equal(hoot_row_get(row, "n")->kind, HOOT_NULL);
    assert_null(hoot_row_text(row, "n"));
    assert_int_equal(hoot_row_get(row, "e")->kind, HOOT_TEXT);
    assert_string_equal(hoot_row_text(row, "e"), "");
    assert_int_equal(hoot_row_get(row, "y")->i64, 1);
    assert_string_equal(hoot_row_text(row, "when_"), "2026-02-03 04:00:00.000005");
    assert_null(hoot_fetchone(rows));
    assert_int_equal(hoot_cursor_error(rows, NULL), 0);
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(refuses_parameters_it_cannot_hold)
{
    open_pool("a.db", 1);
    assert_null(hoot_pool_query(pool, &err, "SELECT ?", UINT64_MAX));
    assert_int_equal(err.code, HOOT_ERANGE);
    assert_null(hoot_pool_query(pool, &err, "SELECT ?", (double)(0.0 / 0.0)));
    assert_int_equal(err.code, HOOT_ERANGE);
    assert_null(hoot_pool_query(pool, &err, "SELECT ?", hoot_object("a", 1)));
    assert_int_equal(err.code, HOOT_EINVAL);
    assert_null(hoot_pool_query(pool, &err, "SELECT ?, ?", 1));
    assert_int_equal(err.code, HOOT_EINVAL);
    assert_null(hoot_pool_query(pool, &err, "SELECT ?", 1, 2));
    assert_int_equal(err.code, HOOT_EINVAL);
    assert_null(hoot_pool_query(pool, &err, "SELECT 1; DROP TABLE users"));
    assert_int_equal(err.code, HOOT_EINVAL);
    assert_null(hoot_pool_query(pool, &err, "  -- nothing"));
    assert_int_equal(err.code, HOOT_EDB);
    assert_int_equal(number_of("SELECT 7; -- behind it"), 7);
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(tells_errors_apart)
{
    open_pool("a.db", 1);
    execute("CREATE TABLE users (id TEXT PRIMARY KEY, email TEXT UNIQUE NOT NULL, boss TEXT REFERENCES "
            "users(id))");
    execute("INSERT INTO users VALUES ('a', 'a@x', NULL)");
    assert_int_equal(hoot_pool_execute(pool, &err, "INSERT INTO users VALUES ('a', 'b@x', NULL)"),
                     HOOT_EDUPLICATE);
    assert_int_equal(err.server_code, SQLITE_CONSTRAINT_PRIMARYKEY);
    assert_string_equal(err.sqlstate, "23000");
    assert_int_equal(hoot_pool_execute(pool, &err, "INSERT INTO users VALUES ('b', 'a@x', NULL)"),
                     HOOT_EDUPLICATE);
    assert_int_equal(hoot_pool_execute(pool, &err, "INSERT INTO users VALUES ('b', NULL, NULL)"),
                     HOOT_ECONSTRAINT);
    assert_int_equal(hoot_pool_execute(pool, &err, "INSERT INTO users VALUES ('b', 'b@x', 'c')"),
                     HOOT_ECONSTRAINT);
    assert_int_equal(hoot_pool_execute(pool, &err, "SELECT nonsense"), HOOT_EDB);
    assert_non_null(strstr(err.text, "nonsense"));
    assert_int_equal(number_of("SELECT count(*) FROM users"), 1);
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(counts_rows_changed_and_gives_the_first_id)
{
    HOOT_AUTO(hoot_cursor) answer = NULL;

    open_pool("a.db", 1);
    execute("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT)");
    answer = hoot_pool_query(pool, &err, "INSERT INTO t (a) VALUES ('x'), ('y'), ('z')");
    assert_int_equal(hoot_affected_rows(answer), 3);
    assert_int_equal(hoot_last_insert_id(answer), 1);
    assert_int_equal(hoot_column_count(answer), 0);
    assert_null(hoot_fetchone(answer));
    hoot_cursor_close(answer);
    answer = hoot_pool_query(pool, &err, "INSERT INTO t (a) VALUES (?)", "w");
    assert_int_equal(hoot_last_insert_id(answer), 4);
    assert_int_equal(hoot_pool_execute(pool, &err, "UPDATE t SET a = 'v' WHERE id > 1"), 3);
    assert_int_equal(hoot_pool_execute(pool, &err, "UPDATE t SET a = 'v' WHERE id > 99"), 0);
    assert_int_equal(hoot_pool_execute(pool, &err, "CREATE TABLE u (a)"), 0);
    hoot_cursor_close(answer);
    answer = hoot_pool_query(pool, &err, "SELECT 1");
    assert_int_equal(hoot_last_insert_id(answer), 0);
    hoot_cursor_close(answer);
    answer = hoot_pool_query(pool, &err, "INSERT INTO t (a) VALUES ('r') RETURNING id");
    assert_string_equal(hoot_row_text(hoot_fetchone(answer), "id"), "5");
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(streams_more_rows_than_one_batch_in_order)
{
    int64_t expected = 1, number;
    const hoot_row *row;
    hoot_cursor *rows;
    hoot_conn *conn;

    open_pool("a.db", 1);
    conn = hoot_pool_acquire(pool, &err);
    rows = hoot_conn_stream(conn, &err,
                            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
                            "SELECT i, 'row ' || i AS name FROM n",
                            1000);
    assert_non_null(rows);
    assert_null(hoot_conn_query(conn, &err, "SELECT 1"));
    assert_int_equal(err.code, HOOT_EBUSY);
    for (; (row = hoot_fetchone(rows)); expected++) {
        char name[32];

        assert_int_equal(hoot_row_int(row, "i", &number), 0);
        assert_int_equal(number, expected);
        snprintf(name, sizeof(name), "row %d", (int)expected);
        assert_string_equal(hoot_row_text(row, "name"), name);
        assert_string_equal(hoot_row_text(row, "i"), name + 4);
    }
    assert_int_equal(expected, 1001);
    assert_int_equal(hoot_row_number(rows), 1000);
    assert_int_equal(hoot_cursor_error(rows, NULL), 0);
    hoot_cursor_close(rows);
    hoot_conn_release(conn);
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(goes_on_after_a_stream_was_left_in_the_middle)
{
    hoot_cursor *rows;
    hoot_conn *conn;

    open_pool("a.db", 1);
    execute("CREATE TABLE t (a INTEGER)");
    conn = hoot_pool_acquire(pool, &err);
    rows = hoot_conn_stream(
        conn, &err, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n");
    assert_non_null(hoot_fetchone(rows));
    hoot_cursor_close(rows);
    assert_int_equal(hoot_conn_execute(conn, &err, "INSERT INTO t VALUES (1)"), 1);
    rows =
        hoot_conn_stream(conn, &err, "INSERT INTO t SELECT a FROM t UNION ALL SELECT a FROM t RETURNING a");
    assert_non_null(hoot_fetchone(rows));
    hoot_conn_release(conn);
    assert_null(hoot_fetchone(rows));
    assert_int_equal(hoot_cursor_error(rows, &err), HOOT_ESTATE);
    hoot_cursor_close(rows);
    assert_int_equal(number_of("SELECT count(*) FROM t"), 3);
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(fetches_many_and_all_from_both_kinds_of_cursor)
{
    static const char sql[] =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 700) SELECT i FROM n";
    const hoot_row *some[10], *const *all;
    hoot_cursor *rows;
    hoot_conn *conn;

    open_pool("a.db", 1);
    conn = hoot_pool_acquire(pool, &err);
    for (int streaming = 0; streaming < 2; streaming++) {
        rows = streaming ? hoot_conn_stream(conn, &err, (const char *)sql)
                         : hoot_conn_query(conn, &err, (const char *)sql);
        assert_string_equal(hoot_row_text(hoot_fetchone(rows), "i"), "1");
        assert_int_equal(hoot_fetchmany(rows, some, 10), 10);
        assert_int_equal(hoot_fetchall(rows, &all), 689);
        assert_string_equal(hoot_row_text(some[0], "i"), "2");
        assert_string_equal(hoot_row_text(some[9], "i"), "11");
        assert_string_equal(hoot_row_text(all[0], "i"), "12");
        assert_string_equal(hoot_row_text(all[688], "i"), "700");
        assert_int_equal(hoot_fetchall(rows, &all), 0);
        assert_int_equal(hoot_fetchmany(rows, some, 10), 0);
        assert_null(hoot_fetchone(rows));
        hoot_cursor_close(rows);
    }
    hoot_conn_release(conn);
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(bounds_an_answer)
{
    char url[256];

    snprintf(url, sizeof(url), "sqlite:%s/a.db", test_folder);
    assert_int_equal(
        hoot_pool_open(NULL, &pool, &(hoot_pool_options){ .url = url, .max_answer_bytes = 100000 }, &err), 0);
    assert_null(hoot_pool_query(
        pool, &err, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"));
    assert_int_equal(err.code, HOOT_ELIMIT);
    assert_null(hoot_pool_query(pool, &err, "SELECT zeroblob(100001)"));
    assert_int_equal(err.code, HOOT_ELIMIT);
    assert_int_equal(number_of("SELECT 1"), 1);
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(rolls_back_what_was_released_open)
{
    hoot_pool_stats stats;
    hoot_conn *conn;

    open_pool("a.db", 1);
    execute("CREATE TABLE t (a INTEGER)");
    conn = hoot_pool_acquire(pool, &err);
    assert_int_equal(hoot_conn_begin(conn, &err), 0);
    assert_int_equal(hoot_conn_begin(conn, &err), HOOT_ESTATE);
    assert_int_equal(hoot_conn_execute(conn, &err, "INSERT INTO t VALUES (1)"), 1);
    assert_true(hoot_conn_in_transaction(conn));
    hoot_conn_release(conn);
    assert_int_equal(number_of("SELECT count(*) FROM t"), 0);
    hoot_pool_stats_get(pool, &stats);
    assert_int_equal(stats.opened, 1);
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(resets_session_state)
{
    hoot_conn *conn;

    open_pool("a.db", 1);
    conn = hoot_pool_acquire(pool, &err);
    assert_int_equal(hoot_conn_execute(conn, &err, "PRAGMA foreign_keys = OFF"), 0);
    assert_int_equal(hoot_conn_execute(conn, &err, "CREATE TEMP TABLE mine (a)"), 0);
    hoot_conn_release(conn);
    assert_int_equal(number_of("PRAGMA foreign_keys"), 1);
    assert_null(hoot_pool_query(pool, &err, "SELECT * FROM mine"));
    hoot_pool_close(pool);
    return 0;
}

static int count_up(hoot_conn *conn, hoot_error *error, void *arg)
{
    int *runs = arg;
    HOOT_AUTO(hoot_cursor) rows = NULL;
    int64_t number;
    int64_t changed;

    ++*runs;
    rows = hoot_conn_query(conn, error, "SELECT a FROM t");
    if (!rows || hoot_row_int(hoot_fetchone(rows), "a", &number))
        return hoot_error_code(error);
    changed = hoot_conn_execute(conn, error, "UPDATE t SET a = ?", number + 1);
    return changed < 0 ? (int)changed : 0;
}

static int add_ten(hoot_error *error, void *arg)
{
    int rc = 0;

    for (int i = 0; i < 10 && !rc; i++)
        rc = hoot_pool_transaction(pool, count_up, arg, error);
    return rc;
}

REAL_TEST(loses_no_update_of_many_tasks)
{
    HOOT_AUTO(hoot_group) group = hoot_group_new(&err);
    int runs = 0;

    open_pool("a.db", 6);
    execute("CREATE TABLE t (a INTEGER)");
    execute("INSERT INTO t VALUES (0)");
    for (int i = 0; i < 6; i++)
        assert_int_equal(hoot_group_start(group, add_ten, &runs, &err), 0);
    if (hoot_group_join(group, &err))
        fail_msg("%s", err.text);
    assert_int_equal(number_of("SELECT a FROM t"), 60);
    assert_true(runs >= 60);
    hoot_pool_close(pool);
    return 0;
}

static int refuse(hoot_conn *conn, hoot_error *error, void *arg)
{
    (void)arg;
    assert_int_equal(hoot_conn_execute(conn, error, "INSERT INTO t VALUES (1)"), 1);
    return hoot_error_set(error, HOOT_EBADINPUT, "no");
}

static int open_and_add(hoot_error *error, void *arg)
{
    char url[256];
    int runs = 0, rc;

    (void)arg;
    snprintf(url, sizeof(url), "sqlite:%s/a.db", test_folder);
    rc = hoot_pool_open(NULL, &pool, &(hoot_pool_options){ .url = url, .max_size = 2 }, error);
    if (rc)
        return rc;
    rc = hoot_gather(error, { add_ten, &runs }, { add_ten, &runs });
    hoot_pool_close(pool);
    return rc;
}

static int make_counter(hoot_error *error, void *arg)
{
    (void)error, (void)arg;
    open_pool("a.db", 1);
    execute("CREATE TABLE t (a INTEGER)");
    execute("INSERT INTO t VALUES (0)");
    hoot_pool_close(pool);
    return 0;
}

static int check_counter(hoot_error *error, void *arg)
{
    (void)error, (void)arg;
    open_pool("a.db", 1);
    assert_int_equal(number_of("SELECT a FROM t"), 60);
    hoot_pool_close(pool);
    return 0;
}

static void loses_no_update_of_many_processes(void **state)
{
    pid_t children[3];
    int status;

    (void)state;
    run_real(make_counter, NULL);
    for (int i = 0; i < 3; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            hoot_error error = HOOT_ERROR_INIT;
            int rc = hoot_run(open_and_add, NULL, &error);

            if (rc)
                fprintf(stderr, "%s\n", error.text);
            _exit(rc ? 1 : 0);
        }
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    run_real(check_counter, NULL);
}

REAL_TEST(undoes_a_transaction_whose_function_fails)
{
    open_pool("a.db", 1);
    execute("CREATE TABLE t (a INTEGER)");
    assert_int_equal(hoot_pool_transaction(pool, refuse, NULL, &err), HOOT_EBADINPUT);
    assert_string_equal(err.text, "no");
    assert_int_equal(number_of("SELECT count(*) FROM t"), 0);
    hoot_pool_close(pool);
    return 0;
}

static const char endless[] =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

REAL_TEST(stops_a_statement_at_the_deadline_and_keeps_the_connection)
{
    hoot_pool_stats stats;

    open_pool("a.db", 1);
    hoot_timeout (20)
        assert_null(hoot_pool_query(pool, &err, (const char *)endless));
    assert_int_equal(err.code, HOOT_ETIMEOUT);
    assert_int_equal(number_of("SELECT 3"), 3);
    hoot_pool_stats_get(pool, &stats);
    assert_int_equal(stats.opened, 1);
    assert_int_equal(stats.closed_dead + stats.closed_dirty, 0);
    hoot_pool_close(pool);
    return 0;
}

static int run_endless(hoot_error *error, void *arg)
{
    (void)arg;
    assert_null(hoot_pool_query(pool, error, (const char *)endless));
    assert_int_equal(error->code, HOOT_ECANCELED);
    return error->code;
}

REAL_TEST(stops_the_statement_of_a_cancelled_task)
{
    HOOT_AUTO(hoot_group) group = hoot_group_new(&err);

    open_pool("a.db", 1);
    assert_int_equal(hoot_group_start(group, run_endless, NULL, &err), 0);
    assert_int_equal(hoot_sleep(10), 0);
    hoot_group_cancel(group);
    assert_int_equal(hoot_group_join(group, &err), HOOT_ECANCELED);
    assert_int_equal(number_of("SELECT 3"), 3);
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(waits_for_another_connections_lock_and_then_gives_up_at_the_deadline)
{
    hoot_conn *holder;

    open_pool("a.db", 2);
    execute("CREATE TABLE t (a INTEGER)");
    holder = hoot_pool_acquire(pool, &err);
    assert_int_equal(hoot_conn_begin(holder, &err), 0);
    hoot_timeout (30)
        assert_int_equal(hoot_pool_execute(pool, &err, "INSERT INTO t VALUES (1)"), HOOT_ETIMEOUT);
    assert_int_equal(hoot_conn_commit(holder, &err), 0);
    assert_int_equal(hoot_pool_execute(pool, &err, "INSERT INTO t VALUES (1)"), 1);
    hoot_conn_release(holder);
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(notices_that_the_file_was_replaced)
{
    hoot_pool_stats stats;
    char path[128];

    open_pool("a.db", 1);
    execute("CREATE TABLE t (a INTEGER)");
    remove_files(test_folder);
    execute("CREATE TABLE t (a INTEGER)");
    snprintf(path, sizeof(path), "%s/a.db", test_folder);
    assert_int_equal(access(path, F_OK), 0);
    hoot_pool_stats_get(pool, &stats);
    assert_int_equal(stats.closed_dead, 1);
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(keeps_a_database_in_memory_on_its_one_connection)
{
    hoot_pool_stats stats;

    assert_int_equal(
        hoot_pool_open(NULL, &pool, &(hoot_pool_options){ .url = "sqlite::memory:", .max_size = 5 }, &err),
        0);
    execute("CREATE TABLE t (a INTEGER)");
    execute("PRAGMA cache_size = 100");
    execute("INSERT INTO t VALUES (4)");
    assert_int_equal(number_of("SELECT a FROM t"), 4);
    hoot_pool_stats_get(pool, &stats);
    assert_int_equal(stats.open, 1);
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(runs_more_statements_than_the_cache_holds)
{
    char url[256], sql[64];

    snprintf(url, sizeof(url), "sqlite:%s/a.db", test_folder);
    assert_int_equal(
        hoot_pool_open(NULL, &pool, &(hoot_pool_options){ .url = url, .statement_cache = 3 }, &err), 0);
    for (int i = 0; i < 30; i++) {
        snprintf(sql, sizeof(sql), "SELECT %d + 0", i % 7);
        assert_int_equal(number_of(sql), i % 7);
    }
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(names_columns_anew_when_the_table_changes)
{
    open_pool("a.db", 1);
    execute("CREATE TABLE t (a INTEGER)");
    execute("INSERT INTO t VALUES (1)");
    for (int i = 0; i < 2; i++) {
        HOOT_AUTO(hoot_cursor) rows = hoot_pool_query(pool, &err, "SELECT * FROM t");

        assert_string_equal(hoot_column_name(rows, 0), i ? "b" : "a");
        assert_int_equal(hoot_column_count(rows), i ? 2 : 1);
        assert_int_equal(hoot_row_count(hoot_fetchone(rows)), i ? 2 : 1);
        assert_null(hoot_column_name(rows, 2));
        if (!i) {
            execute("ALTER TABLE t RENAME COLUMN a TO b");
            execute("ALTER TABLE t ADD COLUMN c TEXT");
        }
    }
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(executes_many_and_tells_the_row_that_failed)
{
    hoot_value rows[6];
    hoot_conn *conn;

    open_pool("a.db", 1);
    execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)");
    conn = hoot_pool_acquire(pool, &err);
    for (int i = 0; i < 3; i++) {
        rows[2 * i] = hoot_value_int(i);
        rows[2 * i + 1] = hoot_value_text("x");
    }
    assert_int_equal(hoot_conn_executemany(conn, "INSERT INTO t VALUES (?, ?)", rows, 3, 2, &err), 3);
    assert_int_equal(hoot_conn_last_insert_id(conn), 2);
    rows[0] = hoot_value_int(7);
    assert_int_equal(hoot_conn_executemany(conn, "INSERT INTO t VALUES (?, ?)", rows, 3, 2, &err),
                     HOOT_EDUPLICATE);
    assert_non_null(strstr(err.text, "row 1"));
    assert_string_equal(hoot_conn_driver(conn), "sqlite");
    assert_string_equal(hoot_conn_server_version(conn), sqlite3_libversion());
    assert_int_equal(hoot_conn_ping(conn, &err), 0);
    hoot_conn_release(conn);
    assert_int_equal(number_of("SELECT count(*) FROM t"), 4);
    hoot_pool_close(pool);
    return 0;
}

/* --- every place where a task can be cancelled, every allocation --- */

/* Some of everything. Gives 0 only if all of it went well; then the table is as it should be. */
static int work(hoot_error *error)
{
    HOOT_AUTO(hoot_conn) conn = hoot_pool_acquire(pool, error);
    HOOT_AUTO(hoot_cursor) rows = NULL;
    int count = 0;

    if (!conn || hoot_conn_execute(conn, error, "CREATE TABLE IF NOT EXISTS t (a INTEGER, b TEXT)") < 0 ||
        hoot_conn_begin(conn, error) || hoot_conn_execute(conn, error, "DELETE FROM t") < 0 ||
        hoot_conn_execute(conn, error, "INSERT INTO t VALUES (?, ?), (?, ?)", 1, "one", 2, "two") < 0 ||
        hoot_conn_commit(conn, error) || hoot_conn_execute(conn, error, "PRAGMA cache_size = 100") < 0)
        return error->code;
    rows = hoot_conn_stream(conn, error, "SELECT t.a, t.b, ? AS c FROM t, t AS u, t AS v", "parameter");
    if (!rows)
        return error->code;
    while (hoot_fetchone(rows))
        count++;
    if (hoot_cursor_error(rows, error))
        return error->code;
    assert_int_equal(count, 8);
    return 0;
}

static int work_in_a_pool(hoot_error *error, void *arg)
{
    HOOT_AUTO(hoot_cursor) rows = NULL;
    char url[256];
    int rc;

    (void)arg;
    snprintf(url, sizeof(url), "sqlite:%s/a.db", test_folder);
    rc = hoot_pool_open(NULL, &pool, &(hoot_pool_options){ .url = url, .max_size = 1 }, error);
    if (rc)
        return rc;
    rc = work(error);
    if (!rc) {
        rows = hoot_pool_query(pool, error, "SELECT group_concat(b) AS b FROM t");
        if (rows)
            assert_string_equal(hoot_row_text(hoot_fetchone(rows), "b"), "one,two");
        rc = rows ? 0 : error->code;
    }
    hoot_pool_close(pool);
    return rc;
}

static void lets_everything_go_wherever_a_task_is_cancelled(void **state)
{
    uint64_t n = 1;

    (void)state;
    run_real(work_in_a_pool, NULL);
    catch_log();
    do {
        hoot_error error = HOOT_ERROR_INIT;

        hoot__switches_seen = 0;
        hoot__cancel_at_switch = n;
        (void)hoot_run(work_in_a_pool, NULL, &error);
    } while (hoot__switches_seen >= n++);
    hoot__cancel_at_switch = 0;
    hoot_log_set_sink(NULL, NULL);
    assert_true(n > 10);
}

static void lets_everything_go_whatever_allocation_fails(void **state)
{
    unsigned long n = 1;

    (void)state;
    catch_log();
    do {
        hoot_error error = HOOT_ERROR_INIT;
        int rc;

        hoot__alloc_fail_next(n);
        rc = hoot_run(work_in_a_pool, NULL, &error);
        if (rc && rc != HOOT_ENOMEM)
            fail_msg("allocation %lu: %d %s", n, rc, error.text);
    } while (hoot__alloc_count >= n++);
    hoot__alloc_fail_next(0);
    hoot_log_set_sink(NULL, NULL);
    assert_true(n > 20);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(makes_the_folder_of_the_file_for_its_owner_only),
        IN_FOLDER(says_which_folder_is_missing),
        IN_FOLDER(refuses_a_file_that_is_no_database),
        IN_FOLDER(switches_write_ahead_logging_and_foreign_keys_on),
        IN_FOLDER(brings_every_kind_back_as_it_was),
        IN_FOLDER(refuses_parameters_it_cannot_hold),
        IN_FOLDER(tells_errors_apart),
        IN_FOLDER(counts_rows_changed_and_gives_the_first_id),
        IN_FOLDER(streams_more_rows_than_one_batch_in_order),
        IN_FOLDER(goes_on_after_a_stream_was_left_in_the_middle),
        IN_FOLDER(fetches_many_and_all_from_both_kinds_of_cursor),
        IN_FOLDER(bounds_an_answer),
        IN_FOLDER(rolls_back_what_was_released_open),
        IN_FOLDER(resets_session_state),
        IN_FOLDER(loses_no_update_of_many_tasks),
        IN_FOLDER(loses_no_update_of_many_processes),
        IN_FOLDER(undoes_a_transaction_whose_function_fails),
        IN_FOLDER(stops_a_statement_at_the_deadline_and_keeps_the_connection),
        IN_FOLDER(stops_the_statement_of_a_cancelled_task),
        IN_FOLDER(waits_for_another_connections_lock_and_then_gives_up_at_the_deadline),
        IN_FOLDER(notices_that_the_file_was_replaced),
        cmocka_unit_test(keeps_a_database_in_memory_on_its_one_connection),
        IN_FOLDER(runs_more_statements_than_the_cache_holds),
        IN_FOLDER(names_columns_anew_when_the_table_changes),
        IN_FOLDER(executes_many_and_tells_the_row_that_failed),
        IN_FOLDER(lets_everything_go_wherever_a_task_is_cancelled),
        IN_FOLDER(lets_everything_go_whatever_allocation_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Several results, procedures, executemany, LOAD DATA LOCAL and session commands, on a real server. */
#include "unit/db/mysql_server_pool.h"

#include "db/conn.h"
#include "db/mysql/connection.h"

static hoot_pool *pool;
static hoot_conn *conn;
static hoot_error err;

static hoot_pool_options options(void)
{
    return (hoot_pool_options){ .driver = "mysql",
                                .socket = server.socket,
                                .user = "root",
                                .database = "app",
                                .max_size = 2,
                                .multi_statements = true,
                                .local_infile = true };
}

static void begin_with(const hoot_pool_options *with)
{
    if (hoot_pool_open(NULL, &pool, with, &err))
        fail_msg("%s", err.text);
    conn = hoot_pool_acquire(pool, &err);
    assert_non_null(conn);
}

static void end(void)
{
    hoot_conn_release(conn);
    hoot_pool_close(pool);
}

static int64_t execute(const char *sql)
{
    int64_t changed = hoot_conn_execute(conn, &err, sql);

    if (changed < 0)
        fail_msg("%s: %s", sql, err.text);
    return changed;
}

/* Make a table or a procedure (`what`: its kind and name) anew. Only MariaDB has CREATE OR REPLACE. */
static void remake(const char *what, const char *definition)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);

    execute(hoot_arena_printf(arena, "DROP %.*s IF EXISTS %s", (int)strcspn(what, " "), what,
                              what + strcspn(what, " ") + 1));
    execute(hoot_arena_printf(arena, "CREATE %s %s", what, definition));
}

static int64_t number_of(const char *sql)
{
    HOOT_AUTO(hoot_cursor) rows = hoot_conn_query(conn, &err, sql);
    int64_t number = -1;

    if (!rows)
        fail_msg("%s: %s", sql, err.text);
    assert_int_equal(hoot_row_int_at(hoot_fetchone(rows), 0, &number), 0);
    return number;
}

/* A test in a task, with a connection of a pool that allows everything. */
#define TEST(name)                                                                                           \
    static void on_connection_##name(void);                                                                  \
    static int body_of_##name(HOOT_UNUSED hoot_error *unused_err, HOOT_UNUSED void *unused_arg)              \
    {                                                                                                        \
        const hoot_pool_options all = options();                                                             \
                                                                                                             \
        begin_with(&all);                                                                                    \
        on_connection_##name();                                                                              \
        end();                                                                                               \
        return 0;                                                                                            \
    }                                                                                                        \
    static void name(void **state)                                                                           \
    {                                                                                                        \
        (void)state;                                                                                         \
        run_real(body_of_##name, NULL);                                                                      \
    }                                                                                                        \
    static void on_connection_##name(void)

/* --- several results --- */

static void expect_int(hoot_cursor *rows, int64_t expected)
{
    int64_t number;

    assert_int_equal(hoot_row_int_at(hoot_fetchone(rows), 0, &number), 0);
    assert_int_equal(number, expected);
}

static void expect_results_of_several(hoot_cursor *rows)
{
    assert_non_null(rows);
    expect_int(rows, 7);
    assert_null(hoot_fetchone(rows));
    assert_int_equal(hoot_next_result(rows, &err), 1);
    assert_int_equal(hoot_column_count(rows), 1);
    assert_null(hoot_fetchone(rows)); /* an empty one */
    assert_int_equal(hoot_next_result(rows, &err), 1);
    assert_string_equal(hoot_column_name(rows, 1), "c");
    expect_int(rows, 2);
    assert_int_equal(hoot_next_result(rows, &err), 1); /* of the CALL itself */
    assert_int_equal(hoot_column_count(rows), 0);
    assert_int_equal(hoot_next_result(rows, &err), 0);
    assert_int_equal(hoot_next_result(rows, &err), 0);
    assert_int_equal(hoot_cursor_error(rows, NULL), 0);
    hoot_cursor_close(rows);
    assert_int_equal(number_of("SELECT 4711"), 4711);
}

TEST(every_result_of_a_procedure_is_there_in_order)
{
    remake("PROCEDURE several", "(n INT) BEGIN "
                                "SELECT n AS a; SELECT n AS a FROM DUAL WHERE 0; SELECT 2 AS b, 3 AS c; END");
    expect_results_of_several(hoot_conn_query(conn, &err, "CALL several(7)"));
    expect_results_of_several(hoot_conn_query(conn, &err, "CALL several(?)", 7));
    expect_results_of_several(hoot_conn_stream(conn, &err, "CALL several(7)"));
    expect_results_of_several(hoot_conn_stream(conn, &err, "CALL several(?)", 7));
}

TEST(results_that_nobody_looks_at_are_no_trouble)
{
    hoot_cursor *rows = hoot_conn_stream(conn, &err,
                                         "WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s "
                                         "WHERE n < 1000) SELECT n FROM s; SELECT 2; SELECT 3");

    expect_int(rows, 1);
    assert_int_equal(hoot_next_result(rows, &err), 1); /* past 999 rows */
    expect_int(rows, 2);
    assert_null(hoot_conn_query(conn, &err, "SELECT 1"));
    assert_int_equal(err.code, HOOT_EBUSY);
    hoot_cursor_close(rows);
    assert_int_equal(number_of("SELECT 4711"), 4711);
    hoot_cursor_close(hoot_conn_query(conn, &err, "SELECT 1; SELECT 2"));
    assert_int_equal(number_of("SELECT 4711"), 4711);
}

TEST(statements_of_one_text_are_results_of_their_own)
{
    hoot_cursor *rows;

    remake("TABLE t", "(a INT PRIMARY KEY AUTO_INCREMENT, b INT)");
    rows = hoot_conn_query(conn, &err,
                           "INSERT INTO t (b) VALUES (1), (2); SELECT count(*) FROM t; UPDATE t SET b = 3");
    assert_non_null(rows);
    assert_int_equal(hoot_affected_rows(rows), 2);
    assert_int_equal(hoot_last_insert_id(rows), 1);
    assert_int_equal(hoot_next_result(rows, &err), 1);
    expect_int(rows, 2);
    assert_int_equal(hoot_next_result(rows, &err), 1);
    assert_int_equal(hoot_affected_rows(rows), 2);
    assert_int_equal(hoot_next_result(rows, &err), 0);
    hoot_cursor_close(rows);
    assert_int_equal(hoot_conn_execute(conn, &err, "DELETE FROM t; DELETE FROM t"), 0); /* the last one's */
}

TEST(an_error_in_the_middle_fails_a_buffered_cursor_and_shows_in_a_streaming_one)
{
    const char *sql = "SELECT 1; SELECT 2; SELECT * FROM nowhere; SELECT 4";
    hoot_cursor *rows;

    assert_null(hoot_conn_query(conn, &err, sql));
    assert_int_equal(err.server_code, 1146);
    rows = hoot_conn_stream(conn, &err, sql);
    expect_int(rows, 1);
    assert_int_equal(hoot_next_result(rows, &err), 1);
    expect_int(rows, 2);
    assert_null(hoot_fetchone(rows));
    hoot_error_clear(&err);
    assert_int_equal(hoot_next_result(rows, &err), HOOT_EDB);
    assert_int_equal(err.server_code, 1146);
    assert_int_equal(hoot_next_result(rows, NULL), HOOT_EDB);
    assert_int_equal(hoot_cursor_error(rows, NULL), HOOT_EDB);
    hoot_cursor_close(rows);
    assert_int_equal(number_of("SELECT 4711"), 4711);
    remake("PROCEDURE fails", "() BEGIN SELECT 1; SIGNAL SQLSTATE '45000'; END");
    assert_null(hoot_conn_query(conn, &err, "CALL fails()"));
    assert_int_equal(err.server_code, 1644);
    assert_int_equal(number_of("SELECT 4711"), 4711);
}

TEST(out_values_are_a_result_that_says_so)
{
    remake("PROCEDURE divide", "(IN a INT, IN b INT, OUT q INT, OUT r INT) BEGIN "
                               "SELECT a; SET q = a DIV b, r = a MOD b; END");
    for (int streaming = 0; streaming < 2; streaming++) {
        hoot_cursor *rows = streaming
                                ? hoot_conn_stream(conn, &err, "CALL divide(?, ?, ?, ?)", 17, 5, NULL, NULL)
                                : hoot_conn_query(conn, &err, "CALL divide(?, ?, ?, ?)", 17, 5, NULL, NULL);
        int64_t rest;
        const hoot_row *row;

        assert_non_null(rows);
        assert_false(hoot_has_out_values(rows));
        expect_int(rows, 17);
        assert_int_equal(hoot_next_result(rows, &err), 1);
        row = hoot_fetchone(rows);
        assert_int_equal(hoot_row_int(row, "r", &rest), 0);
        assert_int_equal(rest, 2);
        assert_int_equal(hoot_row_int_at(row, 0, &rest), 0);
        assert_int_equal(rest, 3);
        assert_null(hoot_fetchone(rows));
        assert_true(hoot_has_out_values(rows));
        hoot_cursor_close(rows);
    }
    assert_int_equal(number_of("SELECT 4711"), 4711);
}

TEST(what_stands_behind_a_semicolon_does_not_outlive_the_lending)
{
    hoot_cursor_close(hoot_conn_query(conn, &err, "SELECT 1; SET @left = 5"));
    assert_int_equal(number_of("SELECT @left"), 5);
    hoot_conn_release(conn);
    conn = hoot_pool_acquire(pool, &err);
    assert_int_equal(number_of("SELECT @left IS NULL"), 1);
}

/* --- columns --- */

static void expect_column(const hoot_cursor *rows, size_t index, const char *type, hoot_kind kind,
                          uint32_t length, uint8_t decimals, const char *more)
{
    const hoot_column *column = hoot_column_info(rows, index);
    char flags[64];

    assert_non_null(column);
    snprintf(flags, sizeof(flags), "%s%s%s%s", column->nullable ? "null " : "",
             column->is_unsigned ? "unsigned " : "", column->in_primary_key ? "key " : "",
             column->auto_increment ? "auto " : "");
    if (strcmp(column->type, type) != 0 || column->kind != kind || column->length != length ||
        column->decimals != decimals || strcmp(flags, more) != 0)
        fail_msg("%s: %s, kind %d, %u bytes, %u decimals, %s", hoot_column_name(rows, index), column->type,
                 (int)column->kind, (unsigned)column->length, (unsigned)column->decimals, flags);
}

/* Text protocol, binary protocol (twice: the server may tell the columns the first time only), a stream. */
TEST(columns_are_described)
{
    remake("TABLE described", "(id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, small SMALLINT NOT NULL, "
                              "name VARCHAR(20) CHARACTER SET utf8mb4 NOT NULL, price DECIMAL(10,2), "
                              "at DATETIME(6), raw VARBINARY(7), note TEXT CHARACTER SET utf8mb4, "
                              "kind ENUM('a','bcd') CHARACTER SET utf8mb4, x DOUBLE)");
    for (int way = 0; way < 4; way++) {
        HOOT_AUTO(hoot_cursor)
        rows = way == 0   ? hoot_conn_query(conn, &err, "SELECT * FROM described")
               : way == 3 ? hoot_conn_stream(conn, &err, "SELECT * FROM described")
                          : hoot_conn_query(conn, &err, "SELECT * FROM described WHERE id > ?", 0);

        expect_column(rows, 0, "BIGINT", HOOT_UINT, 20, 0, "unsigned key auto ");
        expect_column(rows, 1, "SMALLINT", HOOT_INT, 6, 0, "");
        expect_column(rows, 2, "VARCHAR", HOOT_TEXT, 80, 0, "");
        expect_column(rows, 3, "DECIMAL", HOOT_DECIMAL, 12, 2, "null ");
        expect_column(rows, 4, "DATETIME", HOOT_DATETIME, 26, 6, "null ");
        expect_column(rows, 5, "VARBINARY", HOOT_BYTES, 7, 0, "null ");
        assert_string_equal(hoot_column_info(rows, 6)->type, "TEXT");
        expect_column(rows, 7, "ENUM", HOOT_TEXT, 12, 0, "null ");
        expect_column(rows, 8, "DOUBLE", HOOT_DOUBLE, 22, 31, "null ");
        assert_null(hoot_column_info(rows, 9));
    }
    assert_null(hoot_column_info(NULL, 0));
}

/* --- executemany --- */

enum { ROWS = 3000 };

/* id, name or NULL, number: an integer, and a decimal in every tenth row */
static hoot_value *make_rows(size_t count)
{
    hoot_value *rows = calloc(3 * count, sizeof(*rows));

    for (size_t i = 0; i < count; i++) {
        rows[3 * i] = hoot_value_int((int64_t)i);
        rows[3 * i + 1] = i % 7 == 0 ? hoot_value_null() : hoot_value_text(i % 2 ? "odd" : "even's");
        rows[3 * i + 2] = i % 10 == 9 ? hoot_value_decimal(HOOT_STR("0.5")) : hoot_value_int(1);
    }
    return rows;
}

static hoot__my_link *link_under(void)
{
    return hoot__my_link_of(conn->slot->link);
}

/* As on a server that does not know MariaDB's bulk execution; MySQL is one. */
static void without_bulk(void)
{
    assert_true(mysql_server_is_mysql() ||
                link_under()->greeting.mariadb_capabilities & HOOT__MY_MARIADB_CAP_BULK);
    link_under()->greeting.mariadb_capabilities = 0;
}

static int64_t counter(const char *name)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    HOOT_AUTO(hoot_cursor)
    rows = hoot_conn_query(conn, &err,
                           hoot_str_from(hoot_arena_printf(arena, "SHOW SESSION STATUS LIKE '%s'", name)));
    const char *text = hoot_row_text_at(hoot_fetchone(rows), 1);

    return strtoll(text, NULL, 10);
}

static void expect_rows_inserted(const char *sql)
{
    hoot_value *rows = make_rows(ROWS);

    remake("TABLE many", "(id INT PRIMARY KEY, name VARCHAR(20), n DECIMAL(10,1))");
    assert_int_equal(hoot_conn_executemany(conn, sql, rows, ROWS, 3, &err), ROWS);
    assert_int_equal(number_of("SELECT count(*) FROM many"), ROWS);
    assert_int_equal(number_of("SELECT sum(id) FROM many"), (int64_t)ROWS * (ROWS - 1) / 2);
    assert_int_equal(number_of("SELECT count(*) FROM many WHERE name IS NULL AND id % 7 = 0"),
                     (ROWS + 6) / 7);
    assert_int_equal(number_of("SELECT count(*) FROM many WHERE name = IF(id % 2, 'odd', 'even''s')"),
                     ROWS - (ROWS + 6) / 7);
    assert_int_equal(number_of("SELECT sum(n) * 10 FROM many"), ROWS * 9 + ROWS / 10 * 5);
    free(rows);
}

#define INSERT_MANY "INSERT INTO many (id, name, n) VALUES (?, ?, ?)"

TEST(many_rows_go_by_bulk_execution)
{
    const int64_t before = counter("Com_stmt_execute");

    if (mysql_server_is_mysql())
        return; /* it has none */
    expect_rows_inserted(INSERT_MANY);
    assert_in_range(counter("Com_stmt_execute") - before, 1, 700); /* kinds change in every tenth row */
}

TEST(many_rows_go_by_texts_of_many_rows_where_there_is_no_bulk)
{
    without_bulk();
    expect_rows_inserted(INSERT_MANY);
    assert_in_range(counter("Com_stmt_prepare"), 1, 20);
}

TEST(many_rows_go_one_by_one_where_the_text_leaves_doubt)
{
    without_bulk();
    expect_rows_inserted("INSERT /* one by one */ INTO many (id, name, n) VALUES (?, ?, ?)");
    assert_in_range(counter("Com_stmt_execute"), ROWS, ROWS + 20);
}

static void expect_counts(void)
{
    const hoot_value keys[] = { hoot_value_int(1), hoot_value_int(2), hoot_value_int(3) };
    const hoot_value pairs[] = { hoot_value_int(5), hoot_value_int(1), hoot_value_int(5),
                                 hoot_value_int(2), hoot_value_int(5), hoot_value_int(9) };

    remake("TABLE counted", "(a INT PRIMARY KEY, b INT DEFAULT 0)");
    execute("INSERT INTO counted (a) VALUES (1), (2)");
    assert_int_equal(
        hoot_conn_executemany(conn, "INSERT IGNORE INTO counted (a) VALUES (?)", keys, 3, 1, &err), 1);
    assert_int_equal(
        hoot_conn_executemany(conn, "INSERT INTO counted (a) VALUES (?) ON DUPLICATE KEY UPDATE b = b + 1",
                              keys, 3, 1, &err),
        6); /* two for a row that was changed: the server's way */
    assert_int_equal(hoot_conn_executemany(conn, "UPDATE counted SET b = ? WHERE a = ?", pairs, 3, 2, &err),
                     2);
    assert_int_equal(hoot_conn_executemany(conn, "DELETE FROM counted WHERE a = ?", keys, 3, 1, &err), 3);
    assert_int_equal(hoot_conn_executemany(conn, "SELECT ?", keys, 3, 1, &err), 0);
    if (mysql_server_is_mysql())
        return; /* it has no RETURNING */
    assert_int_equal(
        hoot_conn_executemany(conn, "INSERT INTO counted (a) VALUES (?) RETURNING a", keys, 3, 1, &err), 0);
    assert_int_equal(number_of("SELECT count(*) FROM counted"), 3);
}

/* INSERT ... SELECT and DELETE from a join are refused as bulk commands by MariaDB (1295). */
TEST(rows_go_one_by_one_where_the_server_refuses_a_bulk)
{
    const hoot_value keys[] = { hoot_value_int(1), hoot_value_int(2), hoot_value_int(3) };
    const char *const sql[] = {
        "INSERT INTO fed (a) SELECT a FROM counted WHERE a = ?",
        "REPLACE INTO fed (a) SELECT a FROM counted WHERE a = ?",
        "DELETE fed FROM fed JOIN counted ON fed.a = counted.a WHERE fed.a = ?",
        "INSERT INTO fed (a) SELECT a FROM counted WHERE a = ?",
    };

    remake("TABLE counted", "(a INT PRIMARY KEY)");
    remake("TABLE fed", "(a INT)");
    execute("INSERT INTO counted VALUES (1), (2), (3)");
    for (size_t i = 0; i < sizeof(sql) / sizeof(sql[0]); i++)
        assert_int_equal(hoot_conn_executemany(conn, sql[i], keys, 3, 1, &err), i == 2 ? 6 : 3);
    assert_int_equal(number_of("SELECT count(*) FROM fed"), 3);
}

TEST(counts_are_the_same_however_rows_are_sent)
{
    expect_counts();
    without_bulk();
    expect_counts();
}

static void expect_failure(void)
{
    hoot_value rows[3 * 4];
    hoot_value *made = make_rows(4);

    memcpy(rows, made, sizeof(rows));
    free(made);
    rows[3 * 3] = hoot_value_int(1); /* a duplicate */
    remake("TABLE many", "(id INT PRIMARY KEY, name VARCHAR(20), n DECIMAL(10,1))");
    assert_int_equal(hoot_conn_begin(conn, &err), 0);
    hoot_error_clear(&err);
    assert_int_equal(hoot_conn_executemany(conn, INSERT_MANY, rows, 4, 3, &err), HOOT_EDUPLICATE);
    assert_int_equal(err.server_code, 1062);
    assert_non_null(strstr(err.text, "row"));
    assert_int_equal(hoot_conn_rollback(conn, &err), 0);
    assert_int_equal(number_of("SELECT count(*) FROM many"), 0);
    rows[3 * 3] = hoot_value_double(1e308 * 10);
    assert_int_equal(hoot_conn_executemany(conn, INSERT_MANY, rows, 4, 3, &err), HOOT_EINVAL);
    assert_non_null(strstr(err.text, "row 3: parameter 1 is not a finite number"));
    assert_int_equal(hoot_conn_executemany(conn, INSERT_MANY, rows, 6, 2, &err), HOOT_EINVAL);
    assert_int_equal(hoot_conn_executemany(conn, "INSERT INTO nowhere VALUES (?, ?, ?)", rows, 3, 3, &err),
                     HOOT_EDB);
    assert_int_equal(err.server_code, 1146);
    assert_int_equal(number_of("SELECT 4711"), 4711);
}

TEST(a_row_that_fails_is_named_and_the_connection_goes_on)
{
    expect_failure();
    without_bulk();
    expect_failure();
}

static void expect_long_rows(void)
{
    static char bytes[600 * 1024];
    hoot_value rows[2 * 8];

    memset(bytes, 'x', sizeof(bytes));
    for (size_t i = 0; i < 8; i++) {
        rows[2 * i] = hoot_value_int((int64_t)i);
        rows[2 * i + 1] = hoot_value_bytes(hoot_str_of(bytes, sizeof(bytes) - i));
    }
    remake("TABLE blobs", "(id INT PRIMARY KEY, b LONGBLOB)");
    assert_int_equal(hoot_conn_executemany(conn, "INSERT INTO blobs VALUES (?, ?)", rows, 8, 2, &err), 8);
    assert_int_equal(number_of("SELECT sum(length(b)) FROM blobs"), 8 * (int64_t)sizeof(bytes) - 28);
}

TEST(rows_longer_than_a_packet_should_be_go_alone)
{
    expect_long_rows();
    link_under()->max_command = 1000 * 1000;
    expect_long_rows();
    without_bulk();
    expect_long_rows();
}

TEST(a_statement_that_the_server_forgot_is_prepared_again_for_many)
{
    hoot_value *rows = make_rows(10);

    remake("TABLE many", "(id INT PRIMARY KEY, name VARCHAR(20), n DECIMAL(10,1))");
    assert_int_equal(hoot_conn_executemany(conn, INSERT_MANY, rows, 5, 3, &err), 5);
    hoot__my_statements_close_id(
        &link_under()->statements,
        hoot__my_statements_find(&link_under()->statements, HOOT_STR(INSERT_MANY))->id);
    assert_int_equal(hoot_conn_executemany(conn, INSERT_MANY, rows + 15, 5, 3, &err), 5);
    free(rows);
}

/* --- LOAD DATA LOCAL --- */

typedef struct lines {
    size_t count, at;
    size_t fail_at; /* SIZE_MAX: never */
    unsigned asked;
} lines;

/* Lines of 100 bytes: a number, a tab, letters. */
static ptrdiff_t give_lines(char *buffer, size_t size, hoot_error *error, void *arg)
{
    lines *l = arg;
    size_t len = 0;

    l->asked++;
    for (; l->at < l->count && len + 100 <= size; l->at++, len += 100) {
        if (l->at == l->fail_at)
            return hoot_error_set(error, HOOT_EEOF, "the source is dry");
        snprintf(buffer + len, 100, "%zu\t%0*d", l->at, 97, 0);
        buffer[len + 99] = '\n';
    }
    return (ptrdiff_t)len;
}

#define LOAD "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE loaded (id, text)"

static void make_loaded(void)
{
    remake("TABLE loaded", "(id INT, text VARCHAR(100)) ENGINE=InnoDB");
}

TEST(a_source_is_loaded_and_not_the_file_that_is_named)
{
    lines l = { .count = 1000, .fail_at = SIZE_MAX };

    make_loaded();
    assert_int_equal(hoot_conn_load_data(conn, LOAD, give_lines, &l, &err), 1000);
    assert_int_equal(number_of("SELECT count(*) FROM loaded"), 1000);
    assert_int_equal(number_of("SELECT sum(id) FROM loaded"), 499500);
    l = (lines){ .fail_at = SIZE_MAX };
    assert_int_equal(hoot_conn_load_data(conn, LOAD, give_lines, &l, &err), 0); /* an empty one */
    assert_int_equal(number_of("SELECT 4711"), 4711);
}

TEST(more_than_16_mib_are_loaded)
{
    lines l = { .count = 200 * 1000, .fail_at = SIZE_MAX };

    make_loaded();
    assert_int_equal(hoot_conn_load_data(conn, LOAD, give_lines, &l, &err), 200 * 1000);
    assert_int_equal(number_of("SELECT count(*) FROM loaded"), 200 * 1000);
}

TEST(a_file_asked_for_by_the_second_of_several_statements_is_sent)
{
    lines l = { .count = 10, .fail_at = SIZE_MAX };

    make_loaded();
    assert_int_equal(hoot_conn_load_data(conn, "SELECT 1; " LOAD, give_lines, &l, &err), 10);
    assert_int_equal(number_of("SELECT count(*) FROM loaded"), 10);
}

TEST(a_source_that_fails_ends_the_connection_and_its_transaction)
{
    lines l = { .count = 5000, .fail_at = 2000 };

    make_loaded();
    assert_int_equal(hoot_conn_begin(conn, &err), 0);
    hoot_error_clear(&err);
    assert_int_equal(hoot_conn_load_data(conn, LOAD, give_lines, &l, &err), HOOT_EEOF);
    assert_non_null(strstr(err.text, "the source is dry"));
    assert_int_equal(hoot_conn_execute(conn, &err, "SELECT 1"), HOOT_ECONNLOST);
    hoot_conn_release(conn);
    conn = hoot_pool_acquire(pool, &err);
    while (
        number_of("SELECT count(*) FROM information_schema.processlist "
                  "WHERE command <> 'Daemon' AND id <> CONNECTION_ID()")) /* until the server has noticed */
        continue;
    assert_int_equal(number_of("SELECT count(*) FROM loaded"), 0);
}

TEST(a_refused_load_asks_for_nothing)
{
    lines l = { .count = 5, .fail_at = SIZE_MAX };

    assert_int_equal(
        hoot_conn_load_data(conn, "LOAD DATA LOCAL INFILE 'x' INTO TABLE nowhere", give_lines, &l, &err),
        HOOT_EDB);
    assert_int_equal(err.server_code, 1146);
    assert_int_equal(hoot_conn_load_data(conn, "SELECT 1", give_lines, &l, &err), HOOT_EINVAL);
    assert_non_null(strstr(err.text, "asked for no file"));
    assert_int_equal(l.asked, 0);
    assert_int_equal(hoot_conn_load_data(conn, LOAD, NULL, NULL, &err), HOOT_EINVAL);
    assert_int_equal(number_of("SELECT 4711"), 4711);
}

TEST(a_load_without_a_source_is_refused_though_the_pool_allows_loads)
{
    make_loaded();
    assert_int_equal(hoot_conn_execute(conn, &err, LOAD), HOOT_ENOTSUP);
    assert_int_equal(hoot_conn_execute(conn, &err, "SELECT 1"), 0);
    assert_int_equal(hoot_conn_execute(conn, &err, "/**/" LOAD), HOOT_EPROTOCOL); /* not seen to be one */
    assert_int_equal(hoot_conn_execute(conn, &err, "SELECT 1"), HOOT_ECONNLOST);
}

/* --- what the pool does not allow --- */

static int body_strict(hoot_error *unused_err, void *unused_arg)
{
    hoot_pool_options strict = options();
    lines l = { .count = 5, .fail_at = SIZE_MAX };

    (void)unused_err, (void)unused_arg;
    strict.multi_statements = strict.local_infile = false;
    begin_with(&strict);
    assert_int_equal(hoot_conn_execute(conn, &err, "SELECT 1; SELECT 2"), HOOT_EDB);
    assert_int_equal(err.server_code, 1064);
    make_loaded();
    assert_int_equal(hoot_conn_load_data(conn, LOAD, give_lines, &l, &err), HOOT_ENOTSUP);
    assert_int_equal(hoot_conn_execute(conn, &err, LOAD), HOOT_ENOTSUP);
    assert_int_equal(hoot_conn_execute(conn, &err, "/**/" LOAD), HOOT_EDB);
    assert_int_equal(l.asked, 0);
    end();
    return 0;
}

static void neither_is_allowed_by_default(void **state)
{
    (void)state;
    run_real(body_strict, NULL);
}

/* --- the session --- */

TEST(warnings_are_values)
{
    const hoot_warning *warnings = NULL;
    HOOT_AUTO(hoot_cursor) rows = hoot_conn_query(conn, &err, "SELECT CAST('x' AS SIGNED), 1/0");

    assert_int_equal(hoot_fetchone(rows) != NULL, 1);
    assert_int_equal(hoot_conn_warnings(conn, &warnings, &err), 2);
    assert_int_equal(hoot_warning_count(rows), 2);
    assert_string_equal(warnings[0].level, "Warning");
    assert_int_equal(warnings[0].code, 1292);
    assert_non_null(strstr(warnings[0].text, "'x'"));
    assert_int_equal(warnings[1].code, 1365);
    (void)number_of("SELECT count(*) FROM mysql.db"); /* DO and SELECT without a table keep the list */
    assert_int_equal(hoot_conn_warnings(conn, &warnings, &err), 0);
}

TEST(a_chosen_database_is_undone_when_the_connection_comes_back)
{
    assert_int_equal(hoot_conn_select_db(conn, "mysql", &err), 0);
    assert_int_equal(number_of("SELECT DATABASE() = 'mysql'"), 1);
    assert_int_equal(hoot_conn_select_db(conn, "nowhere", &err), HOOT_EDB);
    assert_int_equal(err.server_code, 1049);
    hoot_conn_release(conn);
    conn = hoot_pool_acquire(pool, &err);
    assert_int_equal(number_of("SELECT DATABASE() = 'app'"), 1);
}

TEST(another_user_stays_on_that_connection_only)
{
    uint64_t id = hoot_conn_id(conn);

    execute("CREATE USER other@localhost IDENTIFIED BY 'secret'");
    execute("GRANT ALL ON app.* TO other@localhost");
    execute("SET @mine = 1");
    assert_int_equal(hoot_conn_change_user(conn, "other", "secret", NULL, &err), 0);
    assert_int_equal(number_of("SELECT CURRENT_USER() = 'other@localhost' AND DATABASE() = 'app'"), 1);
    assert_int_equal(number_of("SELECT @mine IS NULL AND @@character_set_client = 'utf8mb4'"), 1);
    {
        HOOT_AUTO(hoot_cursor) rows = hoot_conn_query(conn, &err, "SELECT ? + 1", 1); /* prepared anew */

        expect_int(rows, 2);
    }
    assert_int_equal(hoot_conn_change_user(conn, "root", NULL, "mysql", &err), 0);
    assert_int_equal(number_of("SELECT DATABASE() = 'mysql' AND CONNECTION_ID() > 0"), 1);
    assert_int_equal(hoot_conn_change_user(conn, "other", "secret", "app", &err), 0);
    hoot_conn_release(conn);
    conn = hoot_pool_acquire(pool, &err);
    assert_int_equal(number_of("SELECT CURRENT_USER() = 'root@localhost'"), 1);
    assert_int_not_equal(hoot_conn_id(conn), id);
}

TEST(a_reset_says_that_it_does_not_bring_the_pools_user_back)
{
    execute("CREATE USER guest@localhost IDENTIFIED BY 'secret'");
    execute("GRANT ALL ON app.* TO guest@localhost");
    assert_int_equal(hoot_conn_change_user(conn, "guest", "secret", NULL, &err), 0);
    assert_int_equal(hoot_conn_reset(conn, &err), HOOT_ESTATE);
    assert_non_null(strstr(err.text, "hoot_conn_change_user"));
    hoot_conn_release(conn);
    conn = hoot_pool_acquire(pool, &err);
    assert_int_equal(number_of("SELECT CURRENT_USER() = 'root@localhost'"), 1);
}

TEST(a_user_that_is_refused_ends_the_connection)
{
    assert_int_equal(hoot_conn_change_user(conn, NULL, NULL, NULL, &err), HOOT_EINVAL);
    assert_int_equal(hoot_conn_select_db(conn, NULL, &err), HOOT_EINVAL);
    assert_int_equal(hoot_conn_change_user(conn, "nobody", "wrong", NULL, &err), HOOT_EAUTH);
    assert_int_equal(err.server_code, 1045);
    assert_int_equal(hoot_conn_execute(conn, &err, "SELECT 1"), HOOT_ECONNLOST);
    hoot_conn_release(conn);
    conn = hoot_pool_acquire(pool, &err);
    assert_int_equal(number_of("SELECT 4711"), 4711);
}

TEST(a_reset_leaves_nothing)
{
    remake("TABLE t", "(a INT)");
    execute("SET @mine = 1");
    assert_int_equal(hoot_conn_begin(conn, &err), 0);
    execute("INSERT INTO t VALUES (1)");
    assert_int_equal(hoot_conn_reset(conn, &err), 0);
    assert_false(hoot_conn_in_transaction(conn));
    assert_int_equal(number_of("SELECT @mine IS NULL"), 1);
    assert_int_equal(number_of("SELECT count(*) FROM t"), 0);
}

TEST(another_connection_can_be_stopped)
{
    hoot_conn *other = hoot_pool_acquire(pool, &err);

    assert_int_equal(hoot_conn_kill_query(conn, hoot_conn_id(other), &err), 0);
    assert_int_equal(hoot_conn_kill(conn, hoot_conn_id(other), &err), 0);
    assert_true(hoot_conn_ping(other, &err) < 0);
    assert_int_equal(hoot_conn_kill(conn, 1 << 30, &err), HOOT_EDB);
    assert_int_equal(err.server_code, 1094);
    hoot_conn_release(other);
}

static int start_large_server(void **state)
{
    static const char *const with[] = { "--max-allowed-packet=64M", "--local-infile=ON", NULL };
    static const char *const statements[] = { "CREATE DATABASE app", NULL };

    (void)state;
    return start_server_with(with, statements);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_result_of_a_procedure_is_there_in_order),
        cmocka_unit_test(results_that_nobody_looks_at_are_no_trouble),
        cmocka_unit_test(statements_of_one_text_are_results_of_their_own),
        cmocka_unit_test(an_error_in_the_middle_fails_a_buffered_cursor_and_shows_in_a_streaming_one),
        cmocka_unit_test(out_values_are_a_result_that_says_so),
        cmocka_unit_test(what_stands_behind_a_semicolon_does_not_outlive_the_lending),
        cmocka_unit_test(columns_are_described),
        cmocka_unit_test(many_rows_go_by_bulk_execution),
        cmocka_unit_test(many_rows_go_by_texts_of_many_rows_where_there_is_no_bulk),
        cmocka_unit_test(many_rows_go_one_by_one_where_the_text_leaves_doubt),
        cmocka_unit_test(rows_go_one_by_one_where_the_server_refuses_a_bulk),
        cmocka_unit_test(counts_are_the_same_however_rows_are_sent),
        cmocka_unit_test(a_row_that_fails_is_named_and_the_connection_goes_on),
        cmocka_unit_test(rows_longer_than_a_packet_should_be_go_alone),
        cmocka_unit_test(a_statement_that_the_server_forgot_is_prepared_again_for_many),
        cmocka_unit_test(a_source_is_loaded_and_not_the_file_that_is_named),
        cmocka_unit_test(more_than_16_mib_are_loaded),
        cmocka_unit_test(a_file_asked_for_by_the_second_of_several_statements_is_sent),
        cmocka_unit_test(a_source_that_fails_ends_the_connection_and_its_transaction),
        cmocka_unit_test(a_refused_load_asks_for_nothing),
        cmocka_unit_test(a_load_without_a_source_is_refused_though_the_pool_allows_loads),
        cmocka_unit_test(neither_is_allowed_by_default),
        cmocka_unit_test(warnings_are_values),
        cmocka_unit_test(a_chosen_database_is_undone_when_the_connection_comes_back),
        cmocka_unit_test(another_user_stays_on_that_connection_only),
        cmocka_unit_test(a_reset_says_that_it_does_not_bring_the_pools_user_back),
        cmocka_unit_test(a_user_that_is_refused_ends_the_connection),
        cmocka_unit_test(a_reset_leaves_nothing),
        cmocka_unit_test(another_connection_can_be_stopped),
    };

    return cmocka_run_group_tests_name("db/mysql_results", tests, start_large_server, stop_server);
}

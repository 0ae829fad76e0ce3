/* Statements, sessions, stopping and logging in: the MySQL driver against a real server. */
#include "mysql_server_link.h"

#include "db/mysql/protocol.h"

#include <hoot/binlog.h>

/* --- statements --- */

LINK_TEST(counts_and_ids_are_the_servers)
{
    hoot_answer answer;

    remake(link, "TABLE ids", "(id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, v INT)");
    answer = run(link, "INSERT INTO ids (v) VALUES (1), (1), (1)");
    assert_int_equal(answer.affected_rows, 3);
    assert_int_equal(answer.last_insert_id, 1);
    assert_int_equal(link->last_insert_id, 1);
    assert_int_equal(run(link, "UPDATE ids SET v = IF(id = 2, 1, 2)").affected_rows,
                     2); /* rows changed, not found */
    assert_int_equal(link->last_insert_id, 0);
    run(link, "INSERT INTO ids VALUES (18446744073709551614, 1)");
    assert_true(run(link, "DELETE FROM ids").affected_rows == 4);
    assert_int_equal(run(link, "SELECT 1/0, 2/0").column_count, 2);
    assert_int_equal(count_rows(link), 1);
}

static void check_refusal(hoot_link *link, const char *sql, int code, int server_code, const char *sqlstate)
{
    for (int binary = 0; binary < 2; binary++) {
        const hoot_value one = hoot_value_int(1);
        hoot_error err = run_refused(link, sql, &one, (size_t)binary, code);

        assert_int_equal(err.server_code, server_code);
        assert_string_equal(err.sqlstate, sqlstate);
    }
}

LINK_TEST(refusals_have_code_state_and_message)
{
    hoot_error err;

    remake(link, "TABLE uniques", "(a INT PRIMARY KEY, b INT NOT NULL, CHECK (b < 100))");
    run(link, "INSERT INTO uniques VALUES (1, 1)");
    err = run_refused(link, "INSERT INTO uniques VALUES (1, 1)", NULL, 0, HOOT_EDUPLICATE);
    assert_int_equal(err.server_code, 1062);
    assert_string_equal(err.sqlstate, "23000");
    assert_non_null(strstr(err.text, "Duplicate entry '1'"));
    assert_int_equal(
        run_refused(link, "INSERT INTO uniques VALUES (2, NULL)", NULL, 0, HOOT_ECONSTRAINT).server_code,
        1048);
    assert_int_equal(
        run_refused(link, "INSERT INTO uniques VALUES (2, 100)", NULL, 0, HOOT_ECONSTRAINT).server_code,
        mysql_server_is_mysql() ? 3819 : 4025);
    assert_int_equal(run_refused(link, "", NULL, 0, HOOT_EDB).server_code, 1065);
    check_refusal(link, "SELECT * FROM nowhere", HOOT_EDB, 1146, "42S02");
    check_refusal(link, "SELEKT 1", HOOT_EDB, 1064, "42000");
    expect_answer(link, "SELECT 'good'", "good");
}

LINK_TEST(the_number_of_parameters_must_be_that_of_the_placeholders)
{
    const hoot_value two[] = { hoot_value_int(1), hoot_value_int(2) };

    run_refused(link, "SELECT ?", two, 2, HOOT_EINVAL);
    run_refused(link, "SELECT ?, ?, ?", two, 2, HOOT_EINVAL);
    run_refused(link, "SELECT '?' /* ? */", two, 2, HOOT_EINVAL);
    assert_int_equal(
        run_values(link, "SELECT '?', `a`.* /* ? */ FROM (SELECT ? x, ? y) a", two, 2).column_count, 3);
    assert_int_equal(count_rows(link), 1);
}

LINK_TEST(a_statement_is_prepared_once)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);

    for (int i = 0; i < 5; i++) {
        hoot_value param = i % 2 ? hoot_value_int(i) : hoot_value_text("0");

        run_values(link, "SELECT ? + 0", &param, 1);
        assert_int_equal(count_rows(link), 1);
    }
    assert_string_equal(status_of(arena, link, "Com_stmt_prepare"), by_kind("1", "2")); /* for each kind */
    assert_string_equal(status_of(arena, link, "Com_stmt_execute"), "5");
}

static int body_evicts(hoot_error *err, void *arg)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    const char *const statements[] = { "SELECT ? + 1", "SELECT ? + 2", "SELECT ? + 3", "SELECT ? + 1" };
    const hoot_value param = hoot_value_int(1);
    hoot_target target = target_for("root", "", false);
    hoot_link *link;

    (void)err;
    (void)arg;
    target.statement_cache = 2;
    link = open_link(&target);
    for (int i = 0; i < 4; i++) {
        run_values(link, statements[i], &param, 1);
        assert_int_equal(count_rows(link), 1);
    }
    assert_string_equal(status_of(arena, link, "Com_stmt_prepare"), "4");
    assert_string_equal(status_of(arena, link, "Com_stmt_close"), "2");
    hoot__mysql_driver.close(link);
    return 0;
}

static void the_statement_unused_for_longest_is_closed(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;

    (void)state;
    assert_int_equal(hoot_run(body_evicts, NULL, &err), 0);
}

LINK_TEST(a_server_full_of_prepared_statements_gets_ours_closed)
{
    const hoot_value param = hoot_value_int(1);
    hoot_target target = target_for("root", "", false);
    hoot_link *other = open_link(&target);

    run_values(link, "SELECT ?, 1", &param, 1);
    assert_int_equal(count_rows(link), 1);
    run(link, "SET GLOBAL max_prepared_stmt_count = 1");
    run_values(link, "SELECT ?, 2", &param, 1);
    assert_int_equal(count_rows(link), 1);
    assert_int_equal(run_refused(other, "SELECT ?, 3", &param, 1, HOOT_EDB).server_code, 1461);
    run(link, "SET GLOBAL max_prepared_stmt_count = 16382");
    hoot__mysql_driver.close(other);
}

LINK_TEST(a_statement_that_the_server_forgot_is_prepared_again)
{
    const hoot_value param = hoot_value_int(1);

    run_values(link, "SELECT ?, 1", &param, 1);
    assert_int_equal(count_rows(link), 1);
    assert_int_equal(hoot__my_simple(hoot__my_link_of(link), HOOT__MY_COM_RESET_CONNECTION, NULL), 0);
    run_values(link, "SELECT ?, 1", &param, 1);
    assert_int_equal(count_rows(link), 1);
}

LINK_TEST(a_statement_survives_a_change_of_its_table)
{
    const hoot_value param = hoot_value_int(1);

    remake(link, "TABLE changing", "(a INT)");
    run(link, "INSERT INTO changing VALUES (1)");
    assert_int_equal(run_values(link, "SELECT * FROM changing WHERE a = ?", &param, 1).column_count, 1);
    assert_int_equal(count_rows(link), 1);
    run(link, "ALTER TABLE changing ADD b INT");
    assert_int_equal(run_values(link, "SELECT * FROM changing WHERE a = ?", &param, 1).column_count, 2);
    assert_int_equal(count_rows(link), 1);
}

LINK_TEST(the_first_result_with_rows_is_a_procedures_answer)
{
    const hoot_value param = hoot_value_int(7);

    remake(link, "PROCEDURE several", "(n INT) BEGIN DO n; SELECT n AS a; SELECT 2 AS b, 3 AS c; END");
    for (int binary = 0; binary < 2; binary++) {
        hoot_answer answer =
            run_values(link, binary ? "CALL several(?)" : "CALL several(7)", &param, (size_t)binary);

        assert_int_equal(answer.column_count, 1);
        assert_int_equal(next(link)[0].i64, 7);
        assert_null(next(link));
        assert_string_equal(answer.names[0], "a");
    }
    remake(link, "PROCEDURE none", "() BEGIN DO 1; END");
    assert_int_equal(run(link, "CALL none()").column_count, 0);
    remake(link, "PROCEDURE fails", "() BEGIN SELECT 1; SELECT 2; SIGNAL SQLSTATE '45000'; END");
    assert_int_equal(run(link, "CALL fails()").column_count, 1);
    assert_non_null(next(link));
    hoot_error err = HOOT_ERROR_INIT;
    const hoot_value *cells;
    assert_int_equal(link->driver->next_row(link, &cells, &err), HOOT_EDB);
    assert_int_equal(err.server_code, 1644);
    assert_string_equal(err.sqlstate, "45000");
    expect_answer(link, "SELECT 'good'", "good");
}

LINK_TEST(several_statements_in_one_text_are_refused)
{
    run_refused(link, "SELECT 1; SELECT 2", NULL, 0, HOOT_EDB);
}

LINK_TEST(a_local_file_is_never_sent)
{
    hoot_error err;

    remake(link, "TABLE files", "(line TEXT)");
    (void)run_refused(link, "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE files", NULL, 0, HOOT_ENOTSUP);
    (void)run_refused(link, " load xml\nconcurrent Local INFILE 'x' INTO TABLE files", NULL, 0, HOOT_ENOTSUP);
    err = run_refused(link, "/**/LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE files", NULL, 0, HOOT_EDB);
    assert_true(err.server_code == 4166 || err.server_code == 1148 || err.server_code == 3948);
    expect_answer(link, "SELECT COUNT(*) FROM files", "0");
}

/* --- the session --- */

LINK_TEST(transactions_are_followed)
{
    remake(link, "TABLE followed", "(a INT)");
    assert_false(link->in_transaction);
    run(link, "START TRANSACTION");
    assert_true(link->in_transaction);
    run(link, "INSERT INTO followed VALUES (1)");
    run_refused(link, "SELEKT", NULL, 0, HOOT_EDB);
    assert_true(link->in_transaction);
    run(link, "ROLLBACK");
    assert_false(link->in_transaction);
    expect_answer(link, "SELECT COUNT(*) FROM followed", "0");
}

LINK_TEST(everyday_statements_leave_the_session_clean)
{
    const hoot_value param = hoot_value_int(1);

    remake(link, "TABLE everyday", "(a INT)");
    run(link, "INSERT INTO everyday VALUES (1)");
    run_values(link, "UPDATE everyday SET a = ?", &param, 1);
    run_values(link, "SELECT * FROM everyday WHERE a = ?", &param, 1);
    assert_int_equal(count_rows(link), 1);
    run(link, "START TRANSACTION");
    run(link, "SELECT @@version");
    assert_int_equal(count_rows(link), 1);
    run(link, "COMMIT");
    run_refused(link, "SELECT * FROM nowhere", NULL, 0, HOOT_EDB);
    assert_false(link->state_changed);
}

/* Each of these leaves something behind; after a reset it is gone. */
LINK_TEST(reset_clears_what_a_statement_left)
{
    const char *const leaves[][3] = {
        { "SET @a = 1", "SELECT @a", "NULL" },
        { "SELECT @b := 1", "SELECT @b", "NULL" },
        { "SELECT 1 INTO @c", "SELECT @c", "NULL" },
        { "SET SESSION sql_mode = ''", "SELECT @@sql_mode <> ''", "1" },
        { "SET time_zone = '+05:00'", "SELECT @@time_zone", "SYSTEM" },
        { "SET NAMES latin1", "SELECT @@character_set_results", "utf8mb4" },
        { "SET autocommit = 0", "SELECT @@autocommit", "1" },
        { "USE mysql", "SELECT DATABASE()", "hoot" },
        { "SELECT GET_LOCK('mine', 0)", "SELECT IS_FREE_LOCK('mine')", "1" },
        { "CREATE TEMPORARY TABLE hidden (a INT)",
          "SELECT COUNT(*) FROM information_schema.tables WHERE table_name = 'hidden'", "0" },
        { "START TRANSACTION WITH CONSISTENT SNAPSHOT",
          by_kind("SELECT @@in_transaction", "SELECT COUNT(*) FROM information_schema.innodb_trx"), "0" },
        { "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE",
          by_kind("SELECT @@tx_isolation", "SELECT @@transaction_isolation"), "REPEATABLE-READ" },
    };

    for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
        hoot_error err = HOOT_ERROR_INIT;

        if (run(link, leaves[i][0]).column_count > 0)
            assert_int_equal(count_rows(link), 1);
        if (!link->state_changed && !link->in_transaction)
            fail_msg("%s went unnoticed", leaves[i][0]);
        if (link->driver->reset(link, &err) != 0)
            fail_msg("%s: %s", leaves[i][0], err.text);
        assert_false(link->state_changed || link->in_transaction);
        expect_answer(link, leaves[i][1], leaves[i][2]);
        link->state_changed = false; /* asking for @a counts as a change */
    }
}

/* COM_RESET_CONNECTION leaves the role as it is: such a connection must not be lent again. */
LINK_TEST(a_role_ends_the_connection)
{
    hoot_error err = HOOT_ERROR_INIT;

    run(link, "SET ROLE tester");
    assert_true(link->state_changed);
    assert_int_equal(link->driver->reset(link, &err), HOOT_ESTATE);
    assert_true(link->broken);
}

static int body_database_without_way_back(hoot_error *err, void *arg)
{
    hoot_target target = target_for("root", "", false);
    hoot_link *link;

    (void)arg;
    target.database = "";
    link = open_link(&target);
    assert_int_equal(link->driver->reset(link, err), 0);
    run(link, "USE hoot");
    assert_int_equal(link->driver->reset(link, err), HOOT_ESTATE);
    assert_true(link->broken);
    hoot__mysql_driver.close(link);
    return 0;
}

static void a_database_chosen_on_a_connection_without_one_ends_it(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;

    (void)state;
    assert_int_equal(hoot_run(body_database_without_way_back, NULL, &err), 0);
}

LINK_TEST(a_server_without_a_binary_log_says_so_when_it_is_opened)
{
    hoot_binlog_options options = {
        .connect = { .host = "127.0.0.1", .port = server.port, .user = "root", .sslmode = "disabled" },
        .from_start = true,
    };
    hoot_binlog *binlog = NULL;
    hoot_error err = HOOT_ERROR_INIT;

    (void)link;
    assert_int_equal(hoot_binlog_open(&options, &binlog, &err), HOOT_EDB);
    assert_non_null(strstr(err.text, "no binary log"));
    options.from_start = false;
    options.gtid = "0-1-1";
    assert_int_equal(hoot_binlog_open(&options, &binlog, &err), HOOT_EDB);
    assert_non_null(strstr(err.text, "no binary log"));
    assert_null(binlog);
}

LINK_TEST(prepared_statements_work_again_after_a_reset)
{
    const hoot_value param = hoot_value_int(1);

    for (int i = 0; i < 3; i++) {
        run_values(link, "SELECT ?", &param, 1);
        assert_int_equal(count_rows(link), 1);
        assert_int_equal(link->driver->reset(link, NULL), 0);
    }
}

LINK_TEST(ping_and_liveness)
{
    assert_true(link->driver->is_alive(link));
    assert_int_equal(link->driver->ping(link, NULL), 0);
    assert_true(link->driver->is_alive(link));
    run(link, "SELECT 1");
    assert_false(link->driver->is_alive(link)); /* rows are waiting */
    assert_int_equal(count_rows(link), 1);
    assert_true(link->driver->is_alive(link));
}

LINK_TEST(a_killed_connection_is_seen_before_it_is_used)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    hoot_target target = target_for("root", "", false);
    hoot_link *victim = open_link(&target);

    run(link, hoot_arena_printf(arena, "KILL CONNECTION %llu", (unsigned long long)victim->id));
    for (int tries = 0; tries < 5000 && victim->driver->is_alive(victim); tries++)
        expect_answer(link, "SELECT 1", "1");
    assert_false(victim->driver->is_alive(victim));
    hoot__mysql_driver.close(victim);
}

LINK_TEST(a_connection_killed_under_a_statement_is_lost)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    hoot_error err = HOOT_ERROR_INIT;
    hoot_answer answer;
    const char *sql = hoot_arena_printf(arena, "KILL CONNECTION %llu", (unsigned long long)link->id);
    int rc = link->driver->run(link, hoot_str_from(sql), NULL, 0, &answer, &err);

    if (rc == 0 || rc == HOOT_EDB) /* 1317 first, then the end */
        rc = link->driver->run(link, HOOT_STR("SELECT 1"), NULL, 0, &answer, &err);
    assert_int_equal(rc, HOOT_ECONNLOST);
    assert_true(link->broken);
    assert_int_equal(link->driver->run(link, HOOT_STR("SELECT 1"), NULL, 0, &answer, &err), HOOT_ECONNLOST);
}

/* --- stopping --- */

static void expect_gone(hoot_link *link, uint64_t id, const char *what)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    const char *sql =
        hoot_arena_printf(arena,
                          "SELECT COUNT(*) FROM information_schema.processlist WHERE id = %llu AND "
                          "info LIKE '%s'",
                          (unsigned long long)id, what);

    expect_answer(link, sql, "0");
}

LINK_TEST(a_statement_past_its_deadline_is_stopped_on_the_server)
{
    hoot_target target = target_for("root", "", false);
    hoot_link *watcher = open_link(&target);
    const hoot_value param = hoot_value_int(60);

    for (int binary = 0; binary < 2; binary++) {
        hoot_error err = HOOT_ERROR_INIT;
        hoot_answer answer;
        int rc = 0;

        hoot_timeout (50)
            rc = link->driver->run(link, binary ? HOOT_STR("SELECT SLEEP(?)") : HOOT_STR("SELECT SLEEP(60)"),
                                   &param, (size_t)binary, &answer, &err);
        assert_int_equal(rc, HOOT_ETIMEOUT);
        assert_true(link->unfinished);
        assert_false(link->broken);
        assert_int_equal(link->driver->run(link, HOOT_STR("SELECT 1"), NULL, 0, &answer, &err), HOOT_ESTATE);
        assert_int_equal(link->driver->recover(link, &err), 0);
        assert_false(link->unfinished);
        expect_gone(watcher, link->id, "SELECT SLEEP%");
        expect_answer(link, "SELECT 'mine'", "mine");
    }
    hoot__mysql_driver.close(watcher);
}

/* The deadline falls before, into, and behind each statement; every later answer must be its own. */
LINK_TEST(a_late_kill_never_hits_the_next_statement)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    int interrupted = 0;

    for (int i = 0; i < 60; i++) {
        const hoot_value param = hoot_value_int(i);
        hoot_error err = HOOT_ERROR_INIT;
        hoot_answer answer;
        int rc = 0;

        hoot_timeout ((uint64_t)(i % 4))
            rc = link->driver->run(link, HOOT_STR("SELECT SLEEP(0.002), ?"), &param, 1, &answer, &err);
        if (rc == 0)
            assert_int_equal(count_rows(link), 1);
        if (link->unfinished) {
            interrupted++;
            assert_int_equal(link->driver->recover(link, &err), 0);
        }
        assert_string_equal(ask_values(arena, link, "SELECT ?", &param, 1),
                            hoot_arena_printf(arena, "%d", i));
    }
    assert_true(interrupted > 0);
}

LINK_TEST(rows_that_nobody_reads_are_skipped_or_stopped)
{
    hoot_error err = HOOT_ERROR_INIT;

    run(link, "SELECT 1 UNION SELECT 2 UNION SELECT 3");
    assert_non_null(next(link));
    if (!link->driver->skip_rows(link))
        assert_int_equal(link->driver->recover(link, &err), 0);
    expect_answer(link, "SELECT 'a'", "a");
    run_many_rows(link, "", NULL, 0);
    assert_non_null(next(link));
    assert_int_equal(link->driver->skip_rows(link), 0);
    assert_true(link->unfinished);
    assert_int_equal(link->driver->recover(link, &err), 0);
    expect_answer(link, "SELECT 'b'", "b");
}

LINK_TEST(killing_the_query_keeps_the_connection)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    const char *sql = hoot_arena_printf(arena, "KILL QUERY %llu", (unsigned long long)link->id);

    assert_int_equal(run_refused(link, sql, NULL, 0, HOOT_EDB).server_code, 1317);
    expect_answer(link, "SELECT 1", "1");
}

/* The columns come first, then the error in the place of a row. */
LINK_TEST(an_error_among_the_rows_keeps_the_connection)
{
    const hoot_value param = hoot_value_int(0);

    for (int binary = 0; binary < 2; binary++) {
        hoot_error err = HOOT_ERROR_INIT;
        const hoot_value *cells;
        int rows = 0, rc;

        run(link, by_kind("SET max_statement_time = 0.05", "SET max_execution_time = 50"));
        run_many_rows(link, binary ? "WHERE a.n >= ?" : "", &param, (size_t)binary);
        while ((rc = link->driver->next_row(link, &cells, &err)) == 1)
            rows++;
        assert_int_equal(rc, HOOT_EDB);
        assert_int_equal(err.server_code, mysql_server_is_mysql() ? 3024 : 1969);
        assert_true(rows > 0);
        run(link, by_kind("SET max_statement_time = 0", "SET max_execution_time = 0"));
        expect_answer(link, "SELECT 2", "2");
    }
}

LINK_TEST(locks_that_do_not_come_are_deadlocks_to_a_program)
{
    hoot_target target = target_for("root", "", false);
    hoot_link *other = open_link(&target);

    remake(link, "TABLE locked", "(a INT PRIMARY KEY)");
    run(link, "INSERT INTO locked VALUES (1)");
    run(link, "START TRANSACTION");
    run(link, "SELECT * FROM locked FOR UPDATE");
    assert_int_equal(count_rows(link), 1);
    run(other, "SET innodb_lock_wait_timeout = 0");
    assert_int_equal(run_refused(other, "UPDATE locked SET a = 2", NULL, 0, HOOT_EDEADLOCK).server_code,
                     1205);
    run(link, "ROLLBACK");
    hoot__mysql_driver.close(other);
}

/* --- logging in --- */

typedef struct login_case {
    const char *user, *password, *database;
    int code, server_code;
    bool by_socket;
} login_case;

/* By socket first: it lets MySQL, whose users have caching_sha2_password by default, remember the password.
 */
static const login_case logins[] = {
    { "native", "secret \xC3\xA9", "hoot", 0, 0, true },
    { "native", "secret \xC3\xA9", "hoot", 0, 0, false },
    { "native", "secret \xC3\xA9", "", 0, 0, false },
    { "native", "wrong", "hoot", HOOT_EAUTH, 1045, false },
    { "native", "", "hoot", HOOT_EAUTH, 1045, false },
    { "empty", "", "hoot", 0, 0, false },
    { "empty", "x", "hoot", HOOT_EAUTH, 1045, false },
    { "nobody", "x", "hoot", HOOT_EAUTH, 1045, false },
    { "root", "", "nowhere", HOOT_EDB, 1049, false },
    { "empty", "", "mysql", HOOT_EAUTH, 1044, false },
};

static int body_logins(hoot_error *unused, void *arg)
{
    (void)unused;
    (void)arg;
    for (size_t i = 0; i < sizeof(logins) / sizeof(logins[0]); i++) {
        const login_case *c = &logins[i];
        hoot_target target = target_for(c->user, c->password, c->by_socket);
        hoot_error err = HOOT_ERROR_INIT;
        hoot_link *link;

        target.database = c->database;
        if (c->code) {
            assert_int_equal(open_refused(&target, &err), c->code);
            assert_true(err.server_code == c->server_code || (mysql_server_is_mysql() && !err.server_code));
            /* MySQL takes a user who is not there for one of caching_sha2_password or sha256_password, by
             * chance, so that nobody learns who is. */
            assert_non_null(strstr(err.text, by_kind("mysql_native_password", "sha2")));
            continue;
        }
        link = open_link(&target);
        expect_answer(link, "SELECT IFNULL(DATABASE(), '')", c->database);
        hoot__mysql_driver.close(link);
    }
    return 0;
}

static void logins_by_the_default_plugin(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;

    (void)state;
    assert_int_equal(hoot_run(body_logins, NULL, &err), 0);
}

LINK_TEST(plugins_that_are_not_ours_are_named)
{
    hoot_target target = target_for("modern", "secret", false);
    hoot_error err = HOOT_ERROR_INIT;

    ONLY_ON_MARIADB();
    /* One that is built into the server: others are files of packages that need not be there. */
    run(link, "CREATE USER modern@'%' IDENTIFIED VIA mysql_old_password USING '0123456789abcdef'");
    run(link, "SET GLOBAL secure_auth = 0");
    assert_int_equal(open_refused(&target, &err), HOOT_EAUTH);
    run(link, "SET GLOBAL secure_auth = 1");
    assert_non_null(strstr(err.text, "mysql_old_password"));
}

LINK_TEST(the_unix_socket_proves_who_we_are)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    const char *user = getpwuid(getuid())->pw_name;
    hoot_target target = target_for(user, "", true);
    hoot_link *by_socket;

    run(link, hoot_arena_printf(arena, "CREATE USER IF NOT EXISTS '%s'@localhost", user));
    if (mysql_server_is_mysql())
        run(link, "INSTALL PLUGIN auth_socket SONAME 'auth_socket.so'");
    run(link, hoot_arena_printf(arena, "ALTER USER '%s'@localhost IDENTIFIED %s", user,
                                by_kind("VIA unix_socket", "WITH auth_socket")));
    target.database = "";
    by_socket = open_link(&target);
    expect_answer(by_socket, "SELECT 'in'", "in");
    hoot__mysql_driver.close(by_socket);
    run(link, hoot_arena_printf(arena, "ALTER USER '%s'@localhost IDENTIFIED %s BY ''", user,
                                by_kind("", "WITH caching_sha2_password")));
}

LINK_TEST(too_many_connections_is_said_before_the_login)
{
    hoot_target target = target_for("native", "secret \xC3\xA9", false);
    hoot_link *last;
    hoot_error err = HOOT_ERROR_INIT;

    run(link, "SET GLOBAL max_connections = 10");
    hoot_link *open[16];
    int count = 0, rc = 0;

    while (count < 16 && (rc = hoot__mysql_driver.connect(&target, &last, &err)) == 0)
        open[count++] = last;
    assert_int_equal(rc, HOOT_ECONNECT);
    assert_int_equal(err.server_code, 1040);
    while (count > 0)
        hoot__mysql_driver.close(open[--count]);
    run(link, "SET GLOBAL max_connections = 151");
}

LINK_TEST(the_server_knows_who_is_connected)
{
    assert_non_null(strstr(link->server_version, by_kind("MariaDB", ".")));
    assert_null(strstr(link->server_version, "5.5.5-"));
    expect_answer(link, "SELECT CHARSET('x')", "utf8mb4");
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    assert_string_equal(ask_values(arena, link, "SELECT CONNECTION_ID()", NULL, 0),
                        hoot_arena_printf(arena, "%llu", (unsigned long long)link->id));
}

static int body_unreachable(hoot_error *unused, void *arg)
{
    hoot_target target = target_for("root", "", false);
    hoot_error err = HOOT_ERROR_INIT;

    (void)unused;
    (void)arg;
    target.port = mysql_server_free_port();
    assert_int_equal(open_refused(&target, &err), HOOT_ECONNECT);
    target.socket = "/nonexistent/socket";
    assert_int_equal(open_refused(&target, &err), HOOT_ECONNECT);
    assert_non_null(strstr(err.text, "/nonexistent/socket"));
    return 0;
}

static void a_server_that_is_not_there_is_a_clear_error(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;

    (void)state;
    assert_int_equal(hoot_run(body_unreachable, NULL, &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_and_ids_are_the_servers),
        cmocka_unit_test(refusals_have_code_state_and_message),
        cmocka_unit_test(the_number_of_parameters_must_be_that_of_the_placeholders),
        cmocka_unit_test(a_statement_is_prepared_once),
        cmocka_unit_test(the_statement_unused_for_longest_is_closed),
        cmocka_unit_test(a_server_full_of_prepared_statements_gets_ours_closed),
        cmocka_unit_test(a_statement_that_the_server_forgot_is_prepared_again),
        cmocka_unit_test(a_statement_survives_a_change_of_its_table),
        cmocka_unit_test(the_first_result_with_rows_is_a_procedures_answer),
        cmocka_unit_test(several_statements_in_one_text_are_refused),
        cmocka_unit_test(a_local_file_is_never_sent),
        cmocka_unit_test(transactions_are_followed),
        cmocka_unit_test(everyday_statements_leave_the_session_clean),
        cmocka_unit_test(reset_clears_what_a_statement_left),
        cmocka_unit_test(a_server_without_a_binary_log_says_so_when_it_is_opened),
        cmocka_unit_test(a_role_ends_the_connection),
        cmocka_unit_test(a_database_chosen_on_a_connection_without_one_ends_it),
        cmocka_unit_test(prepared_statements_work_again_after_a_reset),
        cmocka_unit_test(ping_and_liveness),
        cmocka_unit_test(a_killed_connection_is_seen_before_it_is_used),
        cmocka_unit_test(a_connection_killed_under_a_statement_is_lost),
        cmocka_unit_test(a_statement_past_its_deadline_is_stopped_on_the_server),
        cmocka_unit_test(a_late_kill_never_hits_the_next_statement),
        cmocka_unit_test(rows_that_nobody_reads_are_skipped_or_stopped),
        cmocka_unit_test(killing_the_query_keeps_the_connection),
        cmocka_unit_test(an_error_among_the_rows_keeps_the_connection),
        cmocka_unit_test(locks_that_do_not_come_are_deadlocks_to_a_program),
        cmocka_unit_test(logins_by_the_default_plugin),
        cmocka_unit_test(plugins_that_are_not_ours_are_named),
        cmocka_unit_test(the_unix_socket_proves_who_we_are),
        cmocka_unit_test(too_many_connections_is_said_before_the_login),
        cmocka_unit_test(the_server_knows_who_is_connected),
        cmocka_unit_test(a_server_that_is_not_there_is_a_clear_error),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}

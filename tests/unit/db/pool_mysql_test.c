/* The pool, transactions and migrations on a real server. */
#include "unit/db/mysql_server_pool.h"

#include <hoot/group.h>

#include "db/mysql/answer.h"
#include "db/mysql/connection.h"
#include "db/pool.h"
#include "net/net.h"

#include <netinet/tcp.h>

static hoot_pool *pool;
static hoot_error err;

static int open_pool(uint32_t max_size)
{
    const hoot_pool_options options = {
        .driver = "mysql", .socket = server.socket, .user = "root", .database = "app", .max_size = max_size
    };
    int rc = hoot_pool_open(NULL, &pool, &options, &err);

    if (rc)
        print_error("%s\n", err.text);
    return rc;
}

static void execute(const char *sql)
{
    if (hoot_pool_execute(pool, &err, sql) < 0)
        fail_msg("%s: %s", sql, err.text);
}

static int64_t number_of(const char *sql)
{
    HOOT_AUTO(hoot_cursor) rows = hoot_pool_query(pool, &err, sql);
    int64_t number = -1;

    if (!rows)
        fail_msg("%s: %s", sql, err.text);
    assert_int_equal(hoot_row_int(hoot_fetchone(rows), hoot_column_name(rows, 0), &number), 0);
    return number;
}

static hoot_pool_stats stats(void)
{
    hoot_pool_stats out;

    hoot_pool_stats_get(pool, &out);
    return out;
}

REAL_TEST(lends_a_connection_as_if_it_were_fresh)
{
    hoot_conn *conn;
    uint64_t id;

    assert_int_equal(open_pool(1), 0);
    execute("CREATE TABLE t (a INTEGER)");
    conn = hoot_pool_acquire(pool, &err);
    id = hoot_conn_id(conn);
    assert_int_equal(hoot_conn_execute(conn, &err, "SET @mine = 1, SESSION sql_mode = ''"), 0);
    assert_int_equal(hoot_conn_execute(conn, &err, "CREATE TEMPORARY TABLE temporary_one (a INTEGER)"), 0);
    assert_int_equal(hoot_conn_begin(conn, &err), 0);
    assert_int_equal(hoot_conn_execute(conn, &err, "INSERT INTO t VALUES (1)"), 1);
    hoot_conn_release(conn);
    assert_int_equal(number_of("SELECT count(*) FROM t"), 0);
    assert_int_equal(number_of("SELECT @mine IS NULL"), 1);
    assert_int_equal(number_of("SELECT @@SESSION.sql_mode = @@GLOBAL.sql_mode"), 1);
    assert_null(hoot_pool_query(pool, &err, "SELECT * FROM temporary_one"));
    assert_int_equal(number_of("SELECT CONNECTION_ID()"), (int64_t)id);
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(stops_a_late_statement_on_the_server_and_uses_the_connection_on)
{
    uint64_t id;

    assert_int_equal(open_pool(1), 0);
    id = (uint64_t)number_of("SELECT CONNECTION_ID()");
    hoot_timeout (20)
        assert_null(hoot_pool_query(pool, &err, "SELECT SLEEP(100)"));
    assert_int_equal(err.code, HOOT_ETIMEOUT);
    assert_int_equal(number_of("SELECT CONNECTION_ID()"), (int64_t)id);
    assert_int_equal(
        number_of("SELECT count(*) FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP%'"), 0);
    hoot_pool_close(pool);
    return 0;
}

/* Through the idle connection's own look, not by waiting a while. */
REAL_TEST(finds_a_connection_that_the_server_closed_while_it_was_idle)
{
    char kill_it[64];
    hoot_conn *killer;
    uint64_t id;

    assert_int_equal(open_pool(2), 0);
    id = (uint64_t)number_of("SELECT CONNECTION_ID()");
    snprintf(kill_it, sizeof(kill_it), "KILL CONNECTION %llu", (unsigned long long)id);
    killer = hoot_pool_acquire(pool, &err);
    if (hoot_conn_id(killer) == id) { /* a second one, while the first is lent; then the first is idle */
        hoot_conn *other = hoot_pool_acquire(pool, &err);

        hoot_conn_release(killer);
        killer = other;
    }
    assert_int_equal(hoot_conn_execute(killer, &err, hoot_str_from(kill_it)), 0);
    while (pool->warmest->link->driver->is_alive(pool->warmest->link))
        assert_int_equal(hoot_sleep(1), 0);
    assert_int_equal(number_of("SELECT 5"), 5);
    assert_int_equal(stats().closed_dead, 1);
    assert_int_equal(stats().errors, 0);
    hoot_conn_release(killer);
    hoot_pool_close(pool);
    return 0;
}

/* --- servers that vanish or refuse --- */

static int open_pool_over_tcp(const char *user)
{
    const hoot_pool_options options = { .driver = "mysql",
                                        .host = "127.0.0.1",
                                        .port = server.port,
                                        .user = user,
                                        .database = "app",
                                        .max_size = 2 };

    return hoot_pool_open(NULL, &pool, &options, &err);
}

REAL_TEST(leaves_connections_to_a_server_that_became_read_only)
{
    assert_int_equal(open_pool(1), 0);
    execute("CREATE TABLE written (a INTEGER)");
    execute("CREATE USER writer@'%'");
    execute("GRANT SELECT, INSERT ON app.* TO writer@'%'");
    execute("SET GLOBAL read_only = 1");
    hoot_pool_close(pool);
    assert_int_equal(open_pool_over_tcp("writer"), 0);
    assert_true(hoot_pool_execute(pool, &err, "INSERT INTO written VALUES (1)") < 0);
    assert_int_equal(err.server_code, 1290);
    assert_int_equal(err.code, HOOT_EUNFIT);
    assert_int_equal(stats().closed_read_only, 1);
    assert_int_equal(number_of("SELECT count(*) FROM written"),
                     0); /* reading is fine, on another connection */
    assert_int_equal(stats().opened, 2);
    hoot_pool_close(pool);
    assert_int_equal(open_pool(1), 0);
    execute("SET GLOBAL read_only = 0");
    hoot_pool_close(pool);
    assert_int_equal(open_pool_over_tcp("writer"), 0);
    execute("INSERT INTO written VALUES (1)");
    assert_int_equal(stats().closed_read_only, 0);
    hoot_pool_close(pool);
    return 0;
}

static hoot_unfit unfit(uint16_t code, const char *message, bool in_transaction)
{
    const hoot__my_refusal refusal = { .code = code, .message = hoot_str_from(message) };

    return hoot__my_refusal_tells_unfit(&refusal, in_transaction);
}

/* The messages are those of MariaDB 10.11, MySQL 8.4 and Galera 4. */
static void tells_a_server_that_does_not_serve_from_a_statement_that_is_refused(void **state)
{
    (void)state;
    assert_int_equal(unfit(1290,
                           "The MariaDB server is running with the --read-only option so it cannot "
                           "execute this statement",
                           false),
                     HOOT_UNFIT_READ_ONLY);
    assert_int_equal(unfit(1290,
                           "The MySQL server is running with the --super-read-only option so it "
                           "cannot execute this statement",
                           true),
                     HOOT_UNFIT_READ_ONLY);
    assert_int_equal(unfit(1290,
                           "The MySQL server is running with the --secure-file-priv option so it "
                           "cannot execute this statement",
                           false),
                     HOOT_UNFIT_NOT);
    assert_int_equal(unfit(1836, "Running in read-only mode", false), HOOT_UNFIT_READ_ONLY);
    assert_int_equal(unfit(1792, "Cannot execute statement in a READ ONLY transaction", false),
                     HOOT_UNFIT_READ_ONLY);
    assert_int_equal(unfit(1792, "Cannot execute statement in a READ ONLY transaction", true),
                     HOOT_UNFIT_NOT);
    assert_int_equal(unfit(1047, "WSREP has not yet prepared node for application use", false),
                     HOOT_UNFIT_NOT_SERVING);
    assert_int_equal(unfit(1047, "Unknown command", false), HOOT_UNFIT_NOT);
    assert_int_equal(unfit(1062, "Duplicate entry 'read-only' for key 'PRIMARY'", false), HOOT_UNFIT_NOT);
}

/* The kernel gives up a peer that acknowledges nothing, and asks one that is silent. */
REAL_TEST(notices_a_peer_that_vanished)
{
    int value = 0, fd;
    socklen_t len = sizeof(value);
    hoot_conn *conn;

    assert_int_equal(open_pool_over_tcp("writer"), 0);
    conn = hoot_pool_acquire(pool, &err);
    fd = hoot__stream_fd(hoot__my_link_of(pool->slots->link)->channel.stream);
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, &len), 0);
    assert_int_equal(value, 30000);
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, &len), 0);
    assert_int_not_equal(value, 0);
    hoot_conn_release(conn);
    hoot_pool_close(pool);
    return 0;
}

/* --- many tasks --- */

static int stopped, answered;

/* Some of these are stopped before they are sent, some while they run, some while rows come. */
static int ask_for_own_rows(hoot_error *error, void *arg)
{
    int tag = (int)(intptr_t)arg;
    const hoot_row *const *rows;
    hoot_cursor *cursor = NULL;
    ptrdiff_t count;
    int64_t number;

    hoot_timeout ((uint64_t)(tag % 5))
        cursor = hoot_pool_query(pool, error, "SELECT ? AS tag, n, SLEEP(0.0005) FROM five", tag);
    count = hoot_fetchall(cursor, &rows);
    stopped += !cursor;
    answered += count == 5;
    assert_true(!cursor || count == 5);
    for (ptrdiff_t i = 0; i < count; i++) {
        assert_int_equal(hoot_row_int(rows[i], "tag", &number), 0);
        assert_int_equal(number, tag);
    }
    hoot_cursor_close(cursor);
    return 0;
}

REAL_TEST(gives_nobody_the_rows_of_another_after_a_thousand_stopped_statements)
{
    assert_int_equal(open_pool(4), 0);
    execute("CREATE TABLE five (n INTEGER)");
    execute("INSERT INTO five VALUES (1), (2), (3), (4), (5)");
    for (int round = 0; round < 100; round++) {
        HOOT_AUTO(hoot_group) group = hoot_group_new(&err);

        for (intptr_t i = 0; i < 10; i++)
            assert_int_equal(hoot_group_start(group, ask_for_own_rows, (void *)(round * 10 + i), &err), 0);
        assert_int_equal(hoot_group_join(group, &err), 0);
    }
    assert_int_equal(stopped + answered, 1000);
    assert_true(stopped > 100);
    for (int i = 0; i < 20; i++)
        assert_int_equal(number_of("SELECT 17"), 17);
    hoot_pool_close(pool);
    return 0;
}

typedef struct transfer {
    int from, to, runs;
    hoot_waiter *me, *other; /* both hold their first row before either asks for its second */
} transfer;

static int take_and_give(hoot_conn *conn, hoot_error *error, void *arg)
{
    transfer *t = arg;
    int64_t changed;

    changed = hoot_conn_execute(conn, error, "UPDATE accounts SET amount = amount - 1 WHERE id = ?", t->from);
    if (changed == 1 && !t->runs++) {
        hoot_wake(t->other, 0);
        changed = hoot_wait(t->me) ? HOOT_ECANCELED : 1;
    }
    if (changed == 1)
        changed =
            hoot_conn_execute(conn, error, "UPDATE accounts SET amount = amount + 1 WHERE id = ?", t->to);
    return changed == 1 ? 0 : (int)changed;
}

static int run_transfer(hoot_error *error, void *arg)
{
    return hoot_pool_transaction(pool, take_and_give, arg, error);
}

REAL_TEST(runs_the_victim_of_a_deadlock_again)
{
    hoot_waiter waiters[2] = { HOOT_WAITER_INIT, HOOT_WAITER_INIT };
    transfer one = { .from = 1, .to = 2, .me = &waiters[0], .other = &waiters[1] };
    transfer two = { .from = 2, .to = 1, .me = &waiters[1], .other = &waiters[0] };
    int rc;

    assert_int_equal(open_pool(2), 0);
    execute("CREATE TABLE accounts (id INTEGER PRIMARY KEY, amount INTEGER NOT NULL) ENGINE = InnoDB");
    execute("INSERT INTO accounts VALUES (1, 100), (2, 100)");
    rc = hoot_gather(&err, { run_transfer, &one }, { run_transfer, &two });
    if (rc)
        fail_msg("%s", err.text);
    assert_int_equal(one.runs + two.runs, 3);
    assert_int_equal(number_of("SELECT count(*) FROM accounts WHERE amount = 100"), 2);
    hoot_pool_close(pool);
    return 0;
}

/* --- migrations --- */

static const hoot_migration steps[] = {
    { .number = 1,
      .name = "create",
      .sql = "CREATE TABLE migrated (a INTEGER);\nINSERT INTO migrated VALUES (1);" },
    { .number = 2,
      .name = "quote",
      .mysql = "INSERT INTO migrated SELECT 1 WHERE 'it\\';\n' <> ''",
      .sqlite = "-" },
    { .number = 3, .name = "again", .sql = "INSERT INTO migrated VALUES (3)" },
};

static int open_and_migrate(hoot_error *error, void *arg)
{
    int rc;

    (void)arg;
    if (open_pool(2))
        return -1;
    rc = hoot_migrate(pool, steps, 3, error);
    hoot_pool_close(pool);
    return rc;
}

static int check_migrated(hoot_error *error, void *arg)
{
    const hoot_migration bad[] = {
        steps[0], steps[1], steps[2], { .number = 4, .name = "bad", .sql = "SELECT 1;\nnonsense;" }
    };

    (void)arg;
    assert_int_equal(open_pool(2), 0);
    assert_int_equal(number_of("SELECT count(*) FROM migrated"), 3);
    assert_int_equal(hoot_migrate(pool, steps, 3, error), 0);
    assert_int_equal(hoot_migrate(pool, bad, 4, error), HOOT_EDB);
    assert_non_null(strstr(error->text, "migration 4 (bad), statement 2"));
    assert_int_equal(hoot_migrate(pool, steps, 2, error), HOOT_ESTATE);
    assert_int_equal(number_of("SELECT IS_FREE_LOCK('hoot_migrations:app')"), 1);
    hoot_pool_close(pool);
    return 0;
}

static void lets_one_of_many_processes_apply_each_step(void **state)
{
    pid_t children[3];
    int status, applied = 0;

    (void)state;
    for (int i = 0; i < 3; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            hoot_error error = HOOT_ERROR_INIT;
            int rc = hoot_run(open_and_migrate, NULL, &error);

            if (rc < 0)
                fprintf(stderr, "%s\n", error.text);
            _exit(rc < 0 ? 100 : rc);
        }
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status));
        applied += WEXITSTATUS(status);
    }
    assert_int_equal(applied, 3);
    run_real(check_migrated, NULL);
}

REAL_TEST(leaves_no_session_on_the_server)
{
    int64_t others = 1;

    assert_int_equal(open_pool(1), 0);
    while (others) /* the server ends a session a moment after its connection */
        others = number_of("SELECT count(*) FROM information_schema.processlist "
                           "WHERE command <> 'Daemon' AND user = 'root' AND id <> CONNECTION_ID()");
    hoot_pool_close(pool);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lends_a_connection_as_if_it_were_fresh),
        cmocka_unit_test(stops_a_late_statement_on_the_server_and_uses_the_connection_on),
        cmocka_unit_test(finds_a_connection_that_the_server_closed_while_it_was_idle),
        cmocka_unit_test(leaves_connections_to_a_server_that_became_read_only),
        cmocka_unit_test(tells_a_server_that_does_not_serve_from_a_statement_that_is_refused),
        cmocka_unit_test(notices_a_peer_that_vanished),
        cmocka_unit_test(gives_nobody_the_rows_of_another_after_a_thousand_stopped_statements),
        cmocka_unit_test(runs_the_victim_of_a_deadlock_again),
        cmocka_unit_test(lets_one_of_many_processes_apply_each_step),
        cmocka_unit_test(leaves_no_session_on_the_server),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}

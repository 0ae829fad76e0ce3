/* A binary log followed while things go wrong on this side: a cancel at each wait, deadlines at random, each
 * allocation failing. Whatever happens, going on gives each change once and in order. The server is real. */
#include "mysql_server_link.h"

#include "base/alloc.h"
#include "runtime/torture.h"

#include <hoot/binlog.h>

enum { LONG_ROW_BYTES = 100000, KINDS = HOOT_BINLOG_ROWS | HOOT_BINLOG_COMMIT | HOOT_BINLOG_QUERY };

/* The history that the server logs, and what must come of it: its changes, one a letter and a number. */
static const char *const history[] = {
    "CREATE TABLE t (id INT PRIMARY KEY, v LONGTEXT)",
    "INSERT INTO t VALUES (1, 'a'), (2, NULL), (3, 'c')",
    "BEGIN",
    "UPDATE t SET v = 'x' WHERE id < 3",
    "INSERT INTO t VALUES (4, REPEAT('y', 100000))",
    "COMMIT",
    "ALTER TABLE t ADD n INT DEFAULT 7",
    "DELETE FROM t WHERE id > 2",
};
static const char changes[] = "Q Q I1 I2 I3 C U1 U2 I4 C Q D3 D4 C ";

static int write_history(hoot_error *err, void *arg)
{
    hoot_target target = target_for("root", "", true);
    hoot_link *link = open_link(&target);

    (void)err;
    (void)arg;
    run(link, by_kind("RESET MASTER", "RESET BINARY LOGS AND GTIDS"));
    run(link, "CREATE DATABASE log_db");
    run(link, "USE log_db");
    for (size_t i = 0; i < sizeof(history) / sizeof(history[0]); i++)
        run(link, history[i]);
    hoot__mysql_driver.close(link);
    return 0;
}

static int start_logging(void **state)
{
    static const char *const options[] = { "--log-bin=log",
                                           "--binlog-format=ROW",
                                           "--server-id=1",
                                           "--loose-gtid-mode=ON",
                                           "--loose-enforce-gtid-consistency=ON",
                                           NULL };
    hoot_error err = HOOT_ERROR_INIT;
    int rc;

    (void)state;
    mysql_server_start(&server, options);
    rc = hoot_run(body_users, NULL, &err);
    return rc < 0 ? rc : hoot_run(write_history, NULL, &err);
}

/* --- following ------------------------------------------------------------------------------------ */

static hoot_binlog *binlog;
static char seen[256];
static size_t seen_len;
static hoot_error err;

static hoot_binlog_options options_for(void)
{
    static const char *const schemas[] = { "log_db", NULL };

    return (hoot_binlog_options){
        .connect = { .host = "127.0.0.1", .port = server.port, .user = "root", .sslmode = "disabled" },
        .stop_at_end = true,
        .events = KINDS,
        .schemas = schemas,
    };
}

static int open_log(void)
{
    hoot_binlog_options options = options_for();

    options.from_start = true;
    seen_len = 0;
    seen[0] = '\0';
    binlog = NULL;
    hoot_error_clear(&err);
    return hoot_binlog_open(&options, &binlog, &err);
}

static void add(const char *text)
{
    seen_len += (size_t)snprintf(seen + seen_len, sizeof(seen) - seen_len, "%s ", text);
    assert_true(seen_len < sizeof(seen));
}

static void note(const hoot_binlog_event *event)
{
    const hoot_value *row = event->after ? event->after : event->before;
    char text[32];

    if (event->kind == HOOT_BINLOG_QUERY) {
        add("Q");
    } else if (event->kind == HOOT_BINLOG_COMMIT) {
        if (seen_len > 0) /* those in front are of other schemas */
            add("C");
    } else {
        assert_int_equal(row[0].kind, HOOT_INT);
        if (row[0].i64 == 4)
            assert_int_equal(row[1].str.len, LONG_ROW_BYTES);
        snprintf(text, sizeof(text), "%c%d",
                 event->kind == HOOT_BINLOG_INSERT   ? 'I'
                 : event->kind == HOOT_BINLOG_UPDATE ? 'U'
                                                     : 'D',
                 (int)row[0].i64);
        add(text);
    }
}

/* All that is there. Gives: 0 at the end, or what went wrong. */
static int follow(void)
{
    hoot_binlog_event event;
    int rc;

    while ((rc = hoot_binlog_next(binlog, &event, &err)) > 0)
        note(&event);
    return rc;
}

static void expect_all(int rc)
{
    if (rc != 0)
        fail_msg("%d: %s", rc, err.text);
    assert_string_equal(seen, changes);
    hoot_binlog_close(binlog);
}

/* A test whose body runs in a task. */
#define TASK_TEST(name)                                                                                      \
    static void name##_body(void);                                                                           \
    static int name##_task(hoot_error *unused, void *arg)                                                    \
    {                                                                                                        \
        (void)unused;                                                                                        \
        (void)arg;                                                                                           \
        name##_body();                                                                                       \
        return 0;                                                                                            \
    }                                                                                                        \
    static void name(void **state)                                                                           \
    {                                                                                                        \
        hoot_error ignored;                                                                                  \
        (void)state;                                                                                         \
        assert_int_equal(hoot_run(name##_task, NULL, &ignored), 0);                                          \
    }                                                                                                        \
    static void name##_body(void)

TASK_TEST(gives_each_change_once)
{
    assert_int_equal(open_log(), 0);
    expect_all(follow());
}

/* --- where it begins ------------------------------------------------------------------------------ */

/* Open with exactly what hoot_binlog_where() gave, and close the one that gave it. */
static void open_where_it_was(void)
{
    hoot_binlog_options options = options_for();
    hoot_binlog *next = NULL;
    hoot_binlog_position where;

    hoot_binlog_where(binlog, &where);
    options.file = where.file;
    options.offset = where.offset;
    options.gtid = where.gtid;
    hoot_error_clear(&err);
    if (hoot_binlog_open(&options, &next, &err) != 0)
        fail_msg("file \"%s\", offset %llu, gtid \"%s\": %s", where.file, (unsigned long long)where.offset,
                 where.gtid, err.text);
    hoot_binlog_close(binlog);
    binlog = next;
}

TASK_TEST(a_place_is_taken_as_it_was_given)
{
    hoot_binlog_event event;
    int rc;

    assert_int_equal(open_log(), 0);
    open_where_it_was(); /* nothing has come yet: the oldest file */
    while ((rc = hoot_binlog_next(binlog, &event, &err)) > 0) {
        note(&event);
        if (event.kind == HOOT_BINLOG_COMMIT || event.kind == HOOT_BINLOG_QUERY)
            open_where_it_was();
    }
    expect_all(rc);
}

TASK_TEST(a_gtid_that_is_empty_is_none)
{
    hoot_binlog_options options = options_for();

    assert_int_equal(open_log(), 0);
    expect_all(follow());
    options.gtid = "";
    assert_int_equal(hoot_binlog_open(&options, &binlog, &err), 0); /* from now on */
    assert_int_equal(follow(), 0);
    hoot_binlog_close(binlog);
}

static void expect_config_error(const hoot_binlog_options *options, const char *said)
{
    assert_int_equal(hoot_binlog_open(options, &binlog, &err), HOOT_ECONFIG);
    assert_non_null(strstr(err.text, said));
}

TASK_TEST(beginnings_that_contradict_are_refused)
{
    hoot_binlog_options options = options_for();

    options.offset = 333;
    expect_config_error(&options, "name it");
    options.file = "";
    expect_config_error(&options, "\"\"");
    options.file = "log.000001";
    options.from_start = true;
    expect_config_error(&options, "not both");
    options.file = NULL;
    options.offset = 0;
    options.gtid = "0-1-1";
    expect_config_error(&options, "not both");
}

/* One of 1 ms would take a server for lost that was not asked for 3 ms. */
TASK_TEST(a_heartbeat_has_a_least_length)
{
    hoot_binlog_options options = options_for();
    int rc = 0;

    options.stop_at_end = false;
    options.heartbeat_ms = 1;
    assert_int_equal(hoot_binlog_open(&options, &binlog, &err), 0);
    hoot_timeout (50)
        rc = follow();
    assert_int_equal(rc, HOOT_ETIMEOUT);
    hoot_binlog_close(binlog);
}

/* --- cancelled ------------------------------------------------------------------------------------ */

static uint64_t cancel_at;
static bool beyond;

static int cancelled(int (*what)(void))
{
    int rc;

    hoot__switches_seen = 0;
    hoot__cancel_at_switch = cancel_at;
    rc = what();
    hoot__cancel_at_switch = 0;
    beyond = hoot__switches_seen < cancel_at;
    return rc;
}

static int cancelled_while_opening(hoot_error *unused, void *arg)
{
    int rc = cancelled(open_log);

    (void)unused;
    (void)arg;
    assert_int_equal(rc, beyond ? 0 : HOOT_ECANCELED);
    hoot_binlog_close(binlog);
    return 0;
}

static int cancelled_while_following(hoot_error *unused, void *arg)
{
    int rc;

    (void)unused;
    (void)arg;
    assert_int_equal(open_log(), 0);
    rc = cancelled(follow);
    assert_int_equal(rc, beyond ? 0 : HOOT_ECANCELED);
    hoot_shield(30000)
    {
        if (rc < 0)
            rc = follow();
        expect_all(rc);
    }
    return 0;
}

static void at_each_wait(int (*body)(hoot_error *, void *))
{
    hoot_error ignored;

    beyond = false;
    for (cancel_at = 1; !beyond; cancel_at++)
        (void)hoot_run(body, NULL, &ignored);
    assert_true(cancel_at > 3);
}

static void survives_a_cancel_at_each_wait(void **state)
{
    (void)state;
    at_each_wait(cancelled_while_opening);
    at_each_wait(cancelled_while_following);
}

/* --- late ----------------------------------------------------------------------------------------- */

/* Deadlines from none at all to 3 ms: some pass before anything has come, some in the middle of an event. */
TASK_TEST(goes_on_behind_a_deadline)
{
    unsigned late = 0;

    for (unsigned round = 0; round < 20; round++) {
        int rc = HOOT_ETIMEOUT;

        assert_int_equal(open_log(), 0);
        for (unsigned turn = round; rc == HOOT_ETIMEOUT; turn++) {
            hoot_timeout (turn % 4)
                rc = follow();
            late += rc == HOOT_ETIMEOUT;
            assert_true(turn < 100000);
        }
        expect_all(rc);
    }
    assert_true(late > 0);
}

/* --- without memory ------------------------------------------------------------------------------- */

TASK_TEST(goes_on_behind_each_allocation_that_fails)
{
    unsigned long fail_at = 0, refused = 0;
    bool more = true;

    while (more) {
        int rc;

        hoot__alloc_fail_next(++fail_at);
        rc = open_log();
        if (rc == 0)
            rc = follow();
        more = hoot__alloc_count >= fail_at;
        hoot__alloc_fail_next(0);
        assert_true(more || rc == 0);
        refused += rc < 0;
        if (rc < 0 && rc != HOOT_ENOMEM)
            fail_msg("allocation %lu: %d: %s", fail_at, rc, err.text);
        if (rc < 0 && binlog)
            rc = follow();
        if (binlog)
            expect_all(rc);
    }
    assert_true(refused > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_each_change_once),
        cmocka_unit_test(a_place_is_taken_as_it_was_given),
        cmocka_unit_test(a_gtid_that_is_empty_is_none),
        cmocka_unit_test(beginnings_that_contradict_are_refused),
        cmocka_unit_test(a_heartbeat_has_a_least_length),
        cmocka_unit_test(survives_a_cancel_at_each_wait),
        cmocka_unit_test(goes_on_behind_a_deadline),
        cmocka_unit_test(goes_on_behind_each_allocation_that_fails),
    };

    return cmocka_run_group_tests_name("db/mysql_binlog_torture", tests, start_logging, stop_server);
}

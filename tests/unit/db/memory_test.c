/* What connections and tasks hold that wait: for statements, and for answers. On a real server. */
#include "unit/db/mysql_server_pool.h"

#include <hoot/group.h>

#include <malloc.h>

#include "support/resident.h"

#ifdef UNDER_ASAN
size_t __sanitizer_get_current_allocated_bytes(void); /* gcc comes without its header */
#endif

enum {
    CONNECTIONS = 40,
    CONNECTION_BYTES = 8 * 1024,
    STATEMENTS = 10, /* prepared on each: so many hundred bytes more */
    LONG_BYTES = 200 * 1000,
#ifdef UNDER_ASAN
    TASKS = 500, /* the shadow of their stacks counts, too: no figure */
#else
    TASKS = 10000,
#endif
    TASK_BYTES = 12 * 1024,
};

static hoot_pool *pool;
static hoot_error err;

/* --- a connection --- */

static size_t heap_bytes(void)
{
#ifdef UNDER_ASAN
    return __sanitizer_get_current_allocated_bytes();
#else
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
#endif
}

static int64_t length_of(hoot_conn *conn, const char *sql, hoot_str text)
{
    HOOT_AUTO(hoot_cursor) rows = hoot_conn_query(conn, &err, sql, text);
    const hoot_row *row = hoot_fetchone(rows);

    if (!rows || !row)
        fail_msg("%s: %s", sql, err.text);
    return (int64_t)hoot_row_at(row, 0)->str.len;
}

/* Statements of every kind: long and short, there and back, with parameters and without. */
static void use(hoot_conn *conn)
{
    static char text[LONG_BYTES];
    char sql[64];

    memset(text, 'x', sizeof(text));
    for (int i = 0; i < STATEMENTS; i++) {
        snprintf(sql, sizeof(sql), "SELECT CAST(? AS CHAR), %d AS column_%d", i, i);
        assert_int_equal(length_of(conn, sql, HOOT_STR("short")), 5);
    }
    assert_int_equal(length_of(conn, "SELECT CAST(? AS CHAR)", hoot_str_of(text, sizeof(text))),
                     sizeof(text));
    assert_int_equal(hoot_conn_execute(conn, &err, "DO 1"), 0);
}

static size_t use_and_rest(size_t count)
{
    hoot_conn *conns[CONNECTIONS + 1];

    for (size_t i = 0; i < count; i++) {
        conns[i] = hoot_pool_acquire(pool, &err);
        assert_non_null(conns[i]);
        use(conns[i]);
    }
    for (size_t i = 0; i < count; i++)
        hoot_conn_release(conns[i]);
    return heap_bytes();
}

static int connections(hoot_error *unused, void *arg)
{
    const hoot_pool_options options = {
        .driver = "mysql", .socket = server.socket, .user = "root", .max_size = CONNECTIONS + 1
    };
    size_t before, each;

    (void)unused;
    (void)arg;
    assert_int_equal(hoot_pool_open(NULL, &pool, &options, &err), 0);
    before = use_and_rest(1);
    each = (use_and_rest(CONNECTIONS + 1) - before) / CONNECTIONS;
    print_message("an idle connection: %zu bytes of heap\n", each);
    assert_true(each <= CONNECTION_BYTES);
    hoot_pool_close(pool);
    return 0;
}

static void an_idle_connection_holds_less_than_8_kib(void **state)
{
    (void)state;
    run_real(connections, NULL);
}

/* --- a task --- */

static int answered;

static int ask(hoot_error *unused, void *arg)
{
    HOOT_AUTO(hoot_cursor)
    rows = hoot_pool_query(pool, &err, "SELECT CAST(? AS SIGNED)", (int64_t)(intptr_t)arg);
    const hoot_row *row = hoot_fetchone(rows);

    (void)unused;
    assert_non_null(row);
    assert_int_equal(hoot_row_at(row, 0)->i64, (intptr_t)arg);
    answered++;
    return 0;
}

static int tasks(hoot_error *unused, void *arg)
{
    const hoot_pool_options options = { .driver = "mysql",
                                        .socket = server.socket,
                                        .user = "root",
                                        .max_size = 4,
                                        .min_size = 4,
                                        .lanes = 4,
                                        .pipeline = 64,
                                        .max_waiters = TASKS };
    HOOT_AUTO(hoot_group) group = hoot_group_new(&err);
    long before, each;

    (void)unused;
    (void)arg;
    assert_int_equal(hoot_pool_open(NULL, &pool, &options, &err), 0);
    ask(NULL, NULL);
    kill(server.pid, SIGSTOP);
    before = resident_bytes();
    for (intptr_t i = 0; i < TASKS; i++)
        assert_int_equal(hoot_group_start(group, ask, (void *)i, &err), 0);
    assert_int_equal(hoot_yield(), 0); /* each has asked then */
    each = (resident_bytes() - before) / TASKS;
    kill(server.pid, SIGCONT);
    assert_int_equal(hoot_group_join(group, &err), 0);
    assert_int_equal(answered, TASKS + 1);
    print_message("%d tasks wait for the database: %ld bytes resident each\n", TASKS, each);
#ifndef UNDER_ASAN
    assert_true(each <= TASK_BYTES);
#endif
    hoot_pool_close(pool);
    return 0;
}

static void a_task_waits_for_the_database_on_12_kib(void **state)
{
    (void)state;
    run_real(tasks, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_idle_connection_holds_less_than_8_kib),
        cmocka_unit_test(a_task_waits_for_the_database_on_12_kib),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}

/* 10,000 random statements from 200 tasks over a pool of four, while statements are cancelled, deadlines
 * pass, connections are killed and the server is killed and started again.
 *
 * Whatever happens, every answer must be that of its own question (each statement carries a marker that the
 * answer repeats), every statement must end, what was acknowledged must be there and what was rolled back
 * must not, and at the end the pool is whole and nothing is left on the server.
 *
 * HOOT_PROPERTY_SEED repeats the choices of an earlier run, whose seed it printed; times are the machine's.
 */
#include "unit/db/mysql_server_pool.h"

#include <hoot/crypto.h>
#include <hoot/group.h>

enum {
    TASKS = 200,
    ROUNDS = 50,
    STATEMENTS = TASKS * ROUNDS,
    POOL = 4,
    RESTARTS = 3,
    LONGEST_MS = 30 * 1000, /* no statement may take longer, restarts included */
};

typedef enum fate { UNKNOWN, MUST_BE, MUST_NOT_BE } fate;

static hoot_pool *pool, *admin;
static uint64_t seed, chaos_state;
static uint8_t fates[STATEMENTS]; /* of the row whose key is the statement's marker */
static bool over;

/* What became of the statements. */
static struct {
    int begun, answered, refused, timed_out, canceled, lost, no_connection, killed, kills, restarts;
    uint64_t longest_ms;
} seen;

/* --- chance --- */

/* splitmix64 (Steele, Lea, Flood 2014) */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint32_t below(uint64_t *state, uint32_t limit)
{
    return (uint32_t)(next_random(state) % limit);
}

/* --- one statement --- */

typedef struct ask {
    int64_t marker;
    uint64_t random;
    hoot_error err;
} ask;

static void same(int64_t marker, int64_t answered)
{
    if (marker != answered)
        fail_msg("the answer of %lld came to %lld (seed %llu)", (long long)answered, (long long)marker,
                 (unsigned long long)seed);
}

/* All rows have the marker, and there are `count` of them. */
static int check_rows(hoot_cursor *rows, int64_t marker, ptrdiff_t count, hoot_error *err)
{
    const hoot_row *row;
    ptrdiff_t got = 0;
    int64_t value;

    if (!rows)
        return err->code;
    while ((row = hoot_fetchone(rows))) {
        assert_int_equal(hoot_row_int(row, "marker", &value), 0);
        same(marker, value);
        got++;
    }
    assert_int_equal(got, count);
    return 0;
}

static int ask_parameter(ask *a)
{
    HOOT_AUTO(hoot_cursor) rows = hoot_pool_query(pool, &a->err, "SELECT ? AS marker", a->marker);

    return check_rows(rows, a->marker, 1, &a->err);
}

static int ask_text(ask *a)
{
    char sql[64];

    snprintf(sql, sizeof(sql), "SELECT %lld AS marker", (long long)a->marker);
    HOOT_AUTO(hoot_cursor) rows = hoot_pool_query(pool, &a->err, hoot_str_from(sql));
    return check_rows(rows, a->marker, 1, &a->err);
}

static int ask_rows(ask *a)
{
    uint32_t count = 1 + below(&a->random, 300);
    HOOT_AUTO(hoot_cursor)
    rows = hoot_pool_query(pool, &a->err, "SELECT ? AS marker, seq FROM numbers WHERE seq <= ?", a->marker,
                           count);

    return check_rows(rows, a->marker, count, &a->err);
}

static int ask_slowly(ask *a)
{
    HOOT_AUTO(hoot_cursor)
    rows = hoot_pool_query(pool, &a->err, "SELECT ? AS marker, SLEEP(?)", a->marker,
                           below(&a->random, 20) / 1000.0);

    return check_rows(rows, a->marker, 1, &a->err);
}

/* 40 kB that all tell the marker. */
static int ask_much(ask *a)
{
    HOOT_AUTO(hoot_cursor)
    rows = hoot_pool_query(pool, &a->err, "SELECT REPEAT(LPAD(?, 8, '0'), 5000) AS text", a->marker);
    const hoot_row *row = hoot_fetchone(rows);
    const char *text;
    char expected[16];

    if (!row)
        return a->err.code;
    snprintf(expected, sizeof(expected), "%08lld", (long long)a->marker);
    text = hoot_row_text(row, "text");
    assert_int_equal(strlen(text), 40000);
    assert_memory_equal(text, expected, 8);
    assert_memory_equal(text + 39992, expected, 8);
    return 0;
}

/* The refusal names the marker. */
static int ask_nonsense(ask *a)
{
    char sql[64];

    snprintf(sql, sizeof(sql), "SELECT nothing_%lld", (long long)a->marker);
    HOOT_AUTO(hoot_cursor) rows = hoot_pool_query(pool, &a->err, hoot_str_from(sql));
    assert_null(rows);
    if (a->err.server_code == 1054) {
        assert_non_null(strstr(a->err.text, sql + strlen("SELECT ")));
        return 0;
    }
    return a->err.code;
}

static int insert(ask *a)
{
    int64_t changed = hoot_pool_execute(pool, &a->err, "INSERT INTO marks (marker) VALUES (?)", a->marker);

    fates[a->marker] = changed == 1 ? MUST_BE : UNKNOWN;
    return changed < 0 ? (int)changed : 0;
}

static int transaction_on(hoot_conn *conn, ask *a)
{
    bool keep = below(&a->random, 2);
    int64_t rc = hoot_conn_begin(conn, &a->err);

    fates[a->marker] = MUST_NOT_BE;
    if (rc == 0)
        rc = hoot_conn_execute(conn, &a->err, "INSERT INTO marks (marker) VALUES (?)", a->marker);
    if (rc < 0 || (!keep && below(&a->random, 2)))
        return rc < 0 ? (int)rc : 0; /* left open: giving back rolls back */
    if (!keep)
        return hoot_conn_rollback(conn, &a->err);
    fates[a->marker] = UNKNOWN;
    rc = hoot_conn_commit(conn, &a->err);
    if (rc == 0)
        fates[a->marker] = MUST_BE;
    return (int)rc;
}

static int transaction(ask *a)
{
    HOOT_AUTO(hoot_conn) conn = hoot_pool_acquire(pool, &a->err);

    return conn ? transaction_on(conn, a) : a->err.code;
}

/* Read some of the rows, then leave. */
static int stream_some(ask *a)
{
    HOOT_AUTO(hoot_conn) conn = hoot_pool_acquire(pool, &a->err);
    uint32_t wanted = below(&a->random, 2048);
    const hoot_row *row;
    hoot_cursor *rows;
    int64_t value;

    if (!conn)
        return a->err.code;
    rows = hoot_conn_stream(conn, &a->err, "SELECT ? AS marker, seq FROM numbers ORDER BY seq", a->marker);
    if (!rows)
        return a->err.code;
    for (uint32_t i = 0; i < wanted && (row = hoot_fetchone(rows)); i++) {
        assert_int_equal(hoot_row_int(row, "marker", &value), 0);
        same(a->marker, value);
        assert_int_equal(hoot_row_int(row, "seq", &value), 0);
        assert_int_equal(value, i + 1);
    }
    return below(&a->random, 2) ? (hoot_cursor_close(rows), 0) : 0; /* or with the connection */
}

static int number_on(hoot_conn *conn, const char *sql, int64_t *out, hoot_error *err)
{
    HOOT_AUTO(hoot_cursor) rows = hoot_conn_query(conn, err, sql);
    const hoot_row *row = hoot_fetchone(rows);

    return row ? hoot_row_int(row, hoot_column_name(rows, 0), out) : err->code;
}

/* Nobody else's session state is seen, and one's own is. */
static int session_state(ask *a)
{
    HOOT_AUTO(hoot_conn) conn = hoot_pool_acquire(pool, &a->err);
    int64_t value;
    int rc;

    if (!conn)
        return a->err.code;
    rc = number_on(conn, "SELECT @mine IS NULL", &value, &a->err);
    if (rc)
        return rc;
    assert_int_equal(value, 1);
    rc = (int)hoot_conn_execute(conn, &a->err, "SET @mine = ?", a->marker);
    if (rc < 0)
        return rc;
    rc = number_on(conn, "SELECT @mine", &value, &a->err);
    if (rc == 0)
        same(a->marker, value);
    return rc;
}

static int (*const kinds[])(ask *) = { ask_parameter, ask_text, ask_rows,      ask_slowly,  ask_much,
                                       ask_nonsense,  insert,   transaction,   stream_some, session_state,
                                       ask_parameter, insert,   ask_parameter, ask_text };

static int run_ask(hoot_error *unused, void *arg)
{
    ask *a = arg;
    uint32_t kind = below(&a->random, sizeof(kinds) / sizeof(kinds[0]));
    int rc = HOOT_ETIMEOUT;

    (void)unused;
    hoot_timeout (below(&a->random, 6) ? LONGEST_MS : 1 + below(&a->random, 100))
        rc = kinds[kind](a);
    a->err.code = rc;
    return 0;
}

/* In a task that is cancelled after a moment. */
static void run_canceled(ask *a)
{
    HOOT_AUTO(hoot_group) group = hoot_group_new(NULL);

    assert_non_null(group);
    assert_int_equal(hoot_group_start(group, run_ask, a, NULL), 0);
    (void)hoot_sleep(below(&a->random, 60));
    hoot_group_cancel(group);
    (void)hoot_group_join(group, NULL);
}

static void count_end(const ask *a)
{
    switch (a->err.code) {
    case 0: seen.answered++; return;
    case HOOT_ETIMEOUT: seen.timed_out++; return;
    case HOOT_ECANCELED: seen.canceled++; return;
    case HOOT_ECONNLOST: seen.lost++; return;
    case HOOT_ECONNECT: seen.no_connection++; return;
    default: break;
    }
    seen.killed += a->err.server_code == 1317;
    seen.refused += a->err.server_code != 1317;
    if (a->err.server_code != 1317)
        print_error("marker %lld: %s\n", (long long)a->marker, a->err.text);
}

static int one_task(hoot_error *err, void *arg)
{
    int64_t number = (intptr_t)arg;
    uint64_t random = seed + (uint64_t)number * 1000003;

    (void)err;
    for (int i = 0; i < ROUNDS; i++) {
        ask a = { .marker = number * ROUNDS + i, .random = next_random(&random), .err = { .code = 0 } };
        uint64_t began = hoot_now_ms();

        seen.begun++;
        if (below(&random, 8) == 0)
            run_canceled(&a);
        else
            run_ask(NULL, &a);
        count_end(&a);
        if (hoot_now_ms() - began > seen.longest_ms)
            seen.longest_ms = hoot_now_ms() - began;
        if (a.err.code == HOOT_ECONNECT || a.err.code == HOOT_ECONNLOST)
            (void)hoot_sleep(below(&random, 1500)); /* most statements are to meet a server */
    }
    return 0;
}

/* --- chaos --- */

static int64_t admin_number(const char *sql)
{
    HOOT_AUTO(hoot_cursor) rows = hoot_pool_query(admin, NULL, sql);
    const hoot_row *row = hoot_fetchone(rows);
    int64_t number = -1;

    return row && hoot_row_int(row, hoot_column_name(rows, 0), &number) == 0 ? number : -1;
}

/* Any session of the pool's, or the statement that it runs. */
static void kill_one(void)
{
    char sql[64];
    int64_t id = admin_number("SELECT id FROM information_schema.processlist WHERE user = 'app' "
                              "ORDER BY RAND() LIMIT 1");

    if (id < 0)
        return;
    snprintf(sql, sizeof(sql), "KILL %s %lld", below(&chaos_state, 2) ? "CONNECTION" : "QUERY",
             (long long)id);
    seen.kills += hoot_pool_execute(admin, NULL, hoot_str_from(sql)) >= 0;
}

/* kill -9, and the same command line again. */
static void restart_server(void)
{
    static char line[4096]; /* one restart at a time */
    char path[64], *arguments[64];
    size_t count = 0, len;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)server.pid);
    file = fopen(path, "r");
    assert_non_null(file);
    len = fread(line, 1, sizeof(line) - 1, file);
    line[len] = '\0';
    fclose(file);
    for (char *p = line; p < line + len && count < 63; p += strlen(p) + 1)
        arguments[count++] = p;
    arguments[count] = NULL;
    kill(server.pid, SIGKILL);
    waitpid(server.pid, NULL, 0);
    (void)hoot_sleep(below(&chaos_state, 300));
    server.pid = mysql_server_spawn(&server, arguments);
    for (int tries = 0; !mysql_server_answers(&server); tries++) {
        assert_true(tries < 3000 && waitpid(server.pid, NULL, WNOHANG) == 0);
        (void)hoot_sleep(20);
    }
    seen.restarts++;
}

static int chaos(hoot_error *err, void *arg)
{
    (void)err, (void)arg;
    while (!over) {
        (void)hoot_sleep(1 + below(&chaos_state, 30));
        if (seen.restarts < RESTARTS && seen.begun > STATEMENTS * (seen.restarts + 1) / (RESTARTS + 1))
            restart_server();
        else
            kill_one();
    }
    return 0;
}

/* --- the whole --- */

static int all_tasks(hoot_error *err, void *arg)
{
    HOOT_AUTO(hoot_group) group = hoot_group_new(err);

    (void)arg;
    for (intptr_t i = 0; i < TASKS; i++)
        assert_int_equal(hoot_group_start(group, one_task, (void *)i, err), 0);
    assert_int_equal(hoot_group_join(group, err), 0);
    over = true;
    return 0;
}

static void check_rows_are_as_acknowledged(void)
{
    static uint8_t there[STATEMENTS];
    HOOT_AUTO(hoot_cursor) rows = hoot_pool_query(pool, NULL, "SELECT marker FROM marks");
    const hoot_row *row;
    int64_t marker;

    assert_non_null(rows);
    while ((row = hoot_fetchone(rows))) {
        assert_int_equal(hoot_row_int(row, "marker", &marker), 0);
        there[marker]++;
    }
    for (int i = 0; i < STATEMENTS; i++) {
        if ((fates[i] == MUST_BE && there[i] != 1) || (fates[i] == MUST_NOT_BE && there[i]))
            fail_msg("row %d was %s (seed %llu)", i,
                     there[i] ? "rolled back and is there" : "acknowledged and lost",
                     (unsigned long long)seed);
    }
}

/* Four connections that all answer, and no fifth. */
static void check_pool_is_whole(void)
{
    hoot_error err = HOOT_ERROR_INIT;
    hoot_conn *conns[POOL];
    hoot_pool_stats stats;
    int64_t value;

    for (int64_t i = 0; i < POOL; i++) {
        conns[i] = hoot_pool_acquire(pool, &err);
        if (!conns[i])
            fail_msg("%s", err.text);
        if (number_on(conns[i], "SELECT 17", &value, &err))
            fail_msg("%s", err.text);
        same(17, value);
    }
    hoot_pool_stats_get(pool, &stats);
    assert_int_equal(stats.lent, POOL);
    assert_int_equal(stats.open, POOL);
    assert_int_equal(stats.waiting + stats.connecting + stats.leaked, 0);
    for (int i = 0; i < POOL; i++)
        hoot_conn_release(conns[i]);
    hoot_pool_stats_get(pool, &stats);
    assert_int_equal(stats.idle, POOL);
    print_message("closed: %d lost, %d dead, %d dirty of %d opened\n", (int)stats.closed_lost,
                  (int)stats.closed_dead, (int)stats.closed_dirty, (int)stats.opened);
}

static void open_pools(void)
{
    const hoot_pool_options as_root = {
        .driver = "mysql", .socket = server.socket, .user = "root", .max_size = 1, .idle_ms = 60 * 1000
    };
    const hoot_pool_options as_app = { .driver = "mysql",
                                       .host = "127.0.0.1",
                                       .port = server.port,
                                       .user = "app",
                                       .database = "app",
                                       .max_size = POOL };
    static const char *const setup[] = {
        "CREATE TABLE app.marks (marker BIGINT PRIMARY KEY) ENGINE = InnoDB",
        "CREATE TABLE app.numbers (seq BIGINT PRIMARY KEY)",
        "INSERT INTO app.numbers VALUES (1)",
        "CREATE USER app@'%'",
        "GRANT ALL ON app.* TO app@'%'",
    };
    hoot_error err = HOOT_ERROR_INIT;

    assert_int_equal(hoot_pool_open(NULL, &admin, &as_root, &err), 0);
    for (size_t i = 0; i < sizeof(setup) / sizeof(setup[0]); i++)
        assert_true(hoot_pool_execute(admin, &err, hoot_str_from(setup[i])) >= 0);
    for (int doublings = 0; doublings < 11; doublings++)
        assert_true(
            hoot_pool_execute(admin, &err,
                              "INSERT INTO app.numbers SELECT seq + (SELECT MAX(seq) FROM app.numbers) "
                              "FROM app.numbers") > 0);
    if (hoot_pool_open(NULL, &pool, &as_app, &err))
        fail_msg("%s", err.text);
}

static int whole_run(hoot_error *err, void *arg)
{
    uint64_t began = hoot_now_ms();

    (void)arg;
    open_pools();
    assert_int_equal(hoot_gather(err, { all_tasks, NULL }, { chaos, NULL }), 0);
    print_message("%d statements in %.1f s: %d answered, %d timed out, %d cancelled, %d lost, %d without a "
                  "connection, %d killed; %d kills, %d restarts; the longest took %.1f s\n",
                  seen.begun, (double)(hoot_now_ms() - began) / 1000, seen.answered, seen.timed_out,
                  seen.canceled, seen.lost, seen.no_connection, seen.killed, seen.kills, seen.restarts,
                  (double)seen.longest_ms / 1000);
    assert_int_equal(seen.begun, STATEMENTS);
    assert_int_equal(seen.refused, 0);
    assert_true(seen.longest_ms < LONGEST_MS);
    assert_true(seen.answered > STATEMENTS / 4); /* the slower a server starts, the fewer */
    assert_true(seen.timed_out > 0 && seen.canceled > 0 && seen.kills > 0 && seen.restarts == RESTARTS);
    check_pool_is_whole();
    check_rows_are_as_acknowledged();
    hoot_pool_close(pool);
    while (admin_number("SELECT count(*) FROM information_schema.processlist WHERE user = 'app'") != 0)
        assert_int_equal(hoot_sleep(10), 0); /* the test's time limit ends it */
    hoot_pool_close(admin);
    return 0;
}

static void keeps_every_answer_with_its_question_whatever_happens(void **state)
{
    const char *given = getenv("HOOT_PROPERTY_SEED");

    (void)state;
    if (given)
        seed = strtoull(given, NULL, 10);
    else
        hoot_random(&seed, sizeof(seed));
    print_message("HOOT_PROPERTY_SEED=%llu\n", (unsigned long long)seed);
    chaos_state = seed ^ 1;
    run_real(whole_run, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_every_answer_with_its_question_whatever_happens),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}

/* A service that does what services do wrong, for the tests of faults: it recurses, crashes, spins, sleeps,
 * leaks, streams. On the public headers, as any application. */
#include <hoot/hoot.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static hoot_pool *pool; /* NULL without MISCHIEF_DB_URL */

static int64_t number(hoot_request *req, const char *name, int64_t otherwise)
{
    const char *text = hoot_arg(req, name);
    int64_t value;

    return text && hoot_str_to_i64(hoot_str_from(text), &value) == 0 ? value : otherwise;
}

static hoot_response *ok(hoot_request *req)
{
    return hoot_text(req, 200, "ok\n");
}

/* Recursion with no end but the stack's. */
__attribute__((noinline)) static int64_t deeper(volatile char *above, int64_t levels)
{
    volatile char here[512];

    here[0] = above[0];
    here[511] = (char)levels;
    return levels == 0 ? here[0] : deeper(here, levels - 1) + here[511];
}

static hoot_response *deep(hoot_request *req)
{
    volatile char top[1] = { 0 };

    return hoot_textf(req, 200, "%lld\n", (long long)deeper(top, number(req, "levels", 1000000)));
}

static hoot_response *crash(hoot_request *req)
{
    raise(SIGSEGV);
    return hoot_text(req, 200, "still here\n");
}

/* Hold the loop. */
static hoot_response *spin(hoot_request *req)
{
    uint64_t cpu_ms = (uint64_t)number(req, "ms", 100);
    struct timespec start, now;

    clock_gettime(CLOCK_MONOTONIC, &start);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while ((uint64_t)(now.tv_sec - start.tv_sec) * 1000 + (uint64_t)(now.tv_nsec / 1000000) <
           cpu_ms + (uint64_t)(start.tv_nsec / 1000000));
    return hoot_text(req, 200, "spun\n");
}

static hoot_response *nap(hoot_request *req)
{
    hoot_error err = HOOT_ERROR_INIT;
    int rc = hoot_sleep((uint64_t)number(req, "ms", 100));

    if (rc < 0) {
        hoot_error_set(&err, rc, "the nap was cut short");
        return hoot_fail(req, &err);
    }
    return hoot_text(req, 200, "slept\n");
}

static hoot_response *nothing(hoot_request *req)
{
    (void)req;
    return NULL;
}

static hoot_response *upload(hoot_request *req)
{
    hoot_error err = HOOT_ERROR_INIT;
    uint64_t bytes = 0;
    hoot_str piece;
    int rc;

    while ((rc = hoot_body_read(req, &piece, &err)) == 1)
        bytes += piece.len;
    return rc < 0 ? hoot_fail(req, &err) : hoot_textf(req, 200, "%llu\n", (unsigned long long)bytes);
}

static hoot_response *json(hoot_request *req)
{
    hoot_error err = HOOT_ERROR_INIT;
    struct json_t *value = hoot_request_json(req, &err);

    return value ? hoot_json(req, 200, hoot_object("you_sent", value)) : hoot_fail(req, &err);
}

static int write_lines(hoot_writer *writer, hoot_error *err, void *arg)
{
    int rc = 0;

    (void)err;
    for (int64_t left = *(int64_t *)arg; left > 0 && rc == 0; left--)
        rc =
            hoot_write(writer, HOOT_STR("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\n"));
    return rc;
}

static hoot_response *stream(hoot_request *req)
{
    int64_t *lines = hoot_arena_alloc(hoot_request_arena(req), sizeof *lines);

    if (!lines)
        return hoot_abort(req, 503, "out of memory");
    *lines = number(req, "lines", 1000);
    return hoot_stream_response(req, 200, "text/plain", -1, write_lines, lines);
}

/* Acquire a connection and forget it. */
static hoot_response *leak(hoot_request *req)
{
    hoot_error err = HOOT_ERROR_INIT;
    hoot_conn *conn = hoot_pool_acquire(pool, &err);

    return conn ? hoot_text(req, 200, "leaked\n") : hoot_fail(req, &err);
}

/* Answer with the marker that was asked for, by way of the database, which sleeps first. */
static hoot_response *echo_by_database(hoot_request *req)
{
    hoot_error err = HOOT_ERROR_INIT;
    const char *marker = hoot_arg(req, "marker");
    HOOT_AUTO(hoot_cursor)
    rows = hoot_pool_query(pool, &err, "SELECT ? AS marker, SLEEP(?) AS slept", marker,
                           (double)number(req, "ms", 0) / 1000);
    const hoot_row *row = hoot_fetchone(rows);

    return row ? hoot_text(req, 200, hoot_row_text(row, "marker")) : hoot_fail(req, &err);
}

static hoot_response *insert(hoot_request *req)
{
    hoot_error err = HOOT_ERROR_INIT;
    int64_t rc =
        hoot_pool_execute(pool, &err, "INSERT INTO markers (marker) VALUES (?)", hoot_arg(req, "marker"));

    return rc < 0 ? hoot_fail(req, &err) : hoot_text(req, 200, "inserted\n");
}

static hoot_response *pool_state(hoot_request *req)
{
    hoot_pool_stats stats;

    hoot_pool_stats_get(pool, &stats);
    return hoot_json(req, 200,
                     hoot_object("open", stats.open, "idle", stats.idle, "lent", stats.lent, "connecting",
                                 stats.connecting, "waiting", stats.waiting, "leaked", stats.leaked));
}

/* A line for each host: its address, connections, connections lost, refusals, whether it is avoided. */
static hoot_response *pool_hosts(hoot_request *req)
{
    hoot_pool_host_stats hosts[16];
    size_t count = hoot_pool_hosts_get(pool, hosts, 16);
    char lines[1024] = "";
    size_t len = 0;

    for (size_t i = 0; i < count && len < sizeof(lines); i++)
        len += (size_t)snprintf(lines + len, sizeof(lines) - len, "%s %u %llu %llu %d\n", hosts[i].host,
                                hosts[i].open, (unsigned long long)hosts[i].lost,
                                (unsigned long long)hosts[i].refused, hosts[i].avoided);
    return hoot_text(req, 200, lines);
}

static int open_pool(hoot_app *app, hoot_error *err)
{
    const char *url = hoot_env("MISCHIEF_DB_URL");
    const char *at_random = hoot_env("MISCHIEF_DB_AT_RANDOM"),
               *connect_ms = hoot_env("MISCHIEF_DB_CONNECT_MS");
    hoot_pool_options options = { .url = url,
                                  .max_size = 4,
                                  .lazy = true,
                                  .host_order = at_random ? HOOT_HOSTS_AT_RANDOM : HOOT_HOSTS_IN_ORDER,
                                  .connect_timeout_ms = connect_ms ? (uint32_t)atoi(connect_ms) : 0 };

    return url ? hoot_pool_open(hoot_app_scope(app), &pool, &options, err) : 0;
}

static const hoot_blueprint mischief = {
    .name = "mischief",
    .routes = HOOT_ROUTES({ "GET", "/ok", ok }, { "GET", "/deep", deep }, { "GET", "/crash", crash },
                          { "GET", "/spin", spin }, { "GET", "/sleep", nap },
                          { "GET", "/impatient", nap, .timeout_ms = 300 }, { "GET", "/nothing", nothing },
                          { "POST", "/upload", upload, .body_limit = 1 << 30 }, { "POST", "/json", json },
                          { "GET", "/stream", stream }),
};

static const hoot_blueprint database = {
    .name = "database",
    .prefix = "/db",
    .timeout_ms = 3000,
    .routes =
        HOOT_ROUTES({ "GET", "/leak", leak }, { "GET", "/echo", echo_by_database },
                    { "POST", "/insert", insert }, { "POST", "/patient_insert", insert, .timeout_ms = 20000 },
                    { "GET", "/pool", pool_state }, { "GET", "/hosts", pool_hosts }),
};

static int set_up(hoot_app *app, hoot_error *err)
{
    int rc = hoot_app_before_serving(app, open_pool, err);

    if (rc == 0)
        rc = hoot_app_register(app, &mischief, NULL, err);
    if (rc == 0 && hoot_env("MISCHIEF_DB_URL"))
        rc = hoot_app_register(app, &database, NULL, err);
    return rc;
}

static hoot_app *make_app(hoot_error *err)
{
    hoot_app *app = hoot_app_new("mischief", err);

    if (app && set_up(app, err) < 0) {
        hoot_app_free(app);
        return NULL;
    }
    return app;
}

int main(int argc, char **argv)
{
    return hoot_main_with(&(hoot_main_options){ .factory = make_app, .name = "mischief" }, argc, argv);
}

/* The HTTP server of one worker: options, figures, and what concerns all connections at once. */
#include "http/server.h"

#include "base/alloc.h"
#include "http/message.h"
#include "http/serving.h"

#include <assert.h>

#define MAX_SERVER_NAME_BYTES 100

static uint32_t or_default(uint32_t value, uint32_t standard)
{
    return value ? value : standard;
}

static void set_options(hoot__http_options *out, const hoot__http_options *given)
{
    static const hoot__http_options none;

    *out = given ? *given : none;
    out->max_head_bytes = or_default(out->max_head_bytes, 16 * 1024);
    out->max_headers = or_default(out->max_headers, 100);
    out->head_timeout_ms = or_default(out->head_timeout_ms, 10000);
    out->idle_timeout_ms = or_default(out->idle_timeout_ms, 5000);
    out->max_body_bytes = out->max_body_bytes ? out->max_body_bytes : (uint64_t)16 * 1024 * 1024;
    out->body_timeout_ms = or_default(out->body_timeout_ms, 60000);
    out->min_body_rate = or_default(out->min_body_rate, 240);
    out->handler_timeout_ms = or_default(out->handler_timeout_ms, 60000);
    out->send_timeout_ms = or_default(out->send_timeout_ms, 60000);
    out->max_in_flight = or_default(out->max_in_flight, 10000);
    out->max_pipelined_bytes = or_default(out->max_pipelined_bytes, 256 * 1024);
    out->linger_ms = or_default(out->linger_ms, 2000);
    out->server_name = out->server_name ? out->server_name : "hoot";
}

static int check_options(const hoot__http_options *options, hoot_error *err)
{
    hoot_str name = hoot_str_from(options->server_name);

    if (name.len > MAX_SERVER_NAME_BYTES || !hoot__http_is_field_value(name))
        return hoot_error_set(err, HOOT_EINVAL, "the server name must be printable and have at most %d bytes",
                              MAX_SERVER_NAME_BYTES);
    if (options->max_head_bytes > 1u << 24 || options->max_headers > INT16_MAX)
        return hoot_error_set(err, HOOT_EINVAL,
                              "the limits for request heads are at most 16 MiB and %d fields", INT16_MAX);
    return 0;
}

hoot__http *hoot__http_new(const hoot__http_options *options, hoot__serve_fn serve, void *user,
                           hoot_error *err)
{
    hoot__http *http = hoot__calloc(1, sizeof *http);

    if (!http) {
        hoot_error_set(err, HOOT_ENOMEM, "no memory for an HTTP server");
        return NULL;
    }
    set_options(&http->options, options);
    if (check_options(&http->options, err) < 0) {
        hoot__free(http);
        return NULL;
    }
    http->scratch = hoot__calloc(http->options.max_headers, sizeof *http->scratch);
    if (!http->scratch) {
        hoot_error_set(err, HOOT_ENOMEM, "no memory for an HTTP server");
        hoot__free(http);
        return NULL;
    }
    http->serve = serve;
    http->user = user;
    return http;
}

void hoot__http_free(hoot__http *http)
{
    if (!http)
        return;
    assert(http->conn_count == 0);
    hoot__loop_undefer(&http->batch_end);
    while (http->spare_count > 0)
        hoot_arena_free(http->spare_arenas[--http->spare_count]);
    hoot__free(http->scratch);
    hoot__free(http);
}

void hoot__http_set_log(hoot__http *http, hoot__http_log_fn log, void *user)
{
    http->log = log;
    http->log_user = user;
}

void hoot__http_drain(hoot__http *http)
{
    http->draining = true;
}

int hoot__http_wait_closed(hoot__http *http)
{
    int rc = 0;

    assert(!http->closed_waiter);
    while (http->conn_count > 0 && rc == 0) {
        hoot_waiter waiter = HOOT_WAITER_INIT;

        http->closed_waiter = &waiter;
        rc = hoot_wait(&waiter);
        http->closed_waiter = NULL;
    }
    return rc;
}

void hoot__http_abort(hoot__http *http)
{
    hoot__h1_conn *next;

    for (hoot__h1_conn *conn = http->conns; conn; conn = next) {
        next = conn->next; /* only `conn` itself may be freed by this */
        hoot__h1_gone(conn, true);
    }
}

void hoot__http_stats_get(const hoot__http *http, hoot__http_stats *out)
{
    *out = http->stats;
    out->connections_open = (uint32_t)http->conn_count;
}

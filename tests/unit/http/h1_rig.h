/* A server on one end of a pair of streams in memory, and a client, a task, on the other. The clock is
 * virtual: waiting for a limit of a minute takes no time. */
#ifndef HOOT_TESTS_H1_RIG_H
#define HOOT_TESTS_H1_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/server.h"
#include "net/net.h"
#include "runtime/task.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIPE_BYTES ((size_t)64 * 1024)

typedef struct rig {
    hoot__http_options options; /* set before the run */
    hoot__serve_fn serve;
    void (*client)(struct rig *rig);
    size_t pipe_bytes;
    hoot__http *http;
    hoot_stream *stream; /* the client's end; NULL: closed */
    hoot__reader reader;
    int ended; /* how the last hear_all() found the end */
    /* For serve functions of tests. */
    int calls, answers_logged, last_code, last_status;
    bool served_to_end;
    hoot_waiter *gate;
    char seen[256];
} rig;

static rig *current_rig;

static inline void rig_connect(rig *r)
{
    hoot_stream *server_end;

    assert_int_equal(hoot__stream_pair(r->pipe_bytes ? r->pipe_bytes : PIPE_BYTES, &r->stream, &server_end),
                     0);
    hoot__reader_init(&r->reader, r->stream, (size_t)8 * 1024 * 1024);
    hoot__http_serve(r->http, server_end);
}

static inline void hang_up(rig *r)
{
    if (!r->stream)
        return;
    hoot__reader_fini(&r->reader);
    hoot_stream_close(r->stream);
    r->stream = NULL;
}

static inline void on_logged(const hoot__exchange *ex, void *user)
{
    rig *r = user;

    r->answers_logged++;
    r->last_status = ex->status;
}

static int rig_main(hoot_error *err, void *arg)
{
    rig *r = arg;
    hoot__http_stats stats;

    r->http = hoot__http_new(&r->options, r->serve, r, err);
    assert_non_null(r->http);
    hoot__http_set_log(r->http, on_logged, r);
    rig_connect(r);
    r->client(r);
    hang_up(r);
    assert_int_equal(hoot__http_wait_closed(r->http), 0);
    hoot__http_stats_get(r->http, &stats);
    assert_int_equal(stats.connections_open, 0);
    assert_int_equal(stats.connections_idle, 0);
    assert_int_equal(stats.in_flight, 0);
    hoot__http_free(r->http);
    return 0;
}

static inline void run_rig(rig *r)
{
    static const hoot__loop_options options = { .virtual_clock = true, .watchdog_ms = 10000 };
    hoot_error err = HOOT_ERROR_INIT;

    current_rig = r;
    if (hoot__loop_run(&options, rig_main, r, &err) < 0)
        fail_msg("%s", err.text);
}

/* --- the client's words -------------------------------------------------------------------------- */

static inline void say_bytes(rig *r, const void *bytes, size_t len)
{
    assert_int_equal(hoot_buf_add(&r->stream->out, bytes, len), 0);
    (void)hoot_stream_flush(r->stream);
}

static inline void say(rig *r, const char *text)
{
    say_bytes(r, text, strlen(text));
}

/* What has come so far, terminated. */
static inline const char *heard(rig *r)
{
    static char text[512 * 1024];
    hoot_str bytes = hoot__reader_bytes(&r->reader);

    assert_true(bytes.len < sizeof text);
    if (bytes.len)
        memcpy(text, bytes.ptr, bytes.len);
    text[bytes.len] = '\0';
    return text;
}

/* Wait until the server said `text`; everything up to its end is taken and given. */
static inline const char *hear(rig *r, const char *text)
{
    for (;;) {
        char *hit = strstr((char *)heard(r), text);

        if (hit) {
            size_t len = (size_t)(hit - heard(r)) + strlen(text);

            hoot__reader_consume(&r->reader, len);
            hit[strlen(text)] = '\0';
            return hit + strlen(text) - len;
        }
        if (hoot__reader_fill(&r->reader, hoot__reader_bytes(&r->reader).len + 1) < 0)
            fail_msg("waited for \"%s\", but the server ended after: %s", text, heard(r));
    }
}

/* Everything until the server ends the connection. */
static inline const char *hear_all(rig *r)
{
    int rc;

    do
        rc = hoot__reader_fill(&r->reader, hoot__reader_bytes(&r->reader).len + 1);
    while (rc == 0);
    r->ended = rc;
    return heard(r);
}

static inline void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in: %s", part, text);
}

static inline void assert_lacks(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("\"%s\" should not be in: %s", part, text);
}

static inline int count_of(const char *text, const char *part)
{
    int count = 0;

    for (const char *p = strstr(text, part); p; p = strstr(p + 1, part))
        count++;
    return count;
}

/* --- answers of serve functions ------------------------------------------------------------------ */

static inline int answer(hoot__exchange *ex, int status, hoot_str body)
{
    static const hoot__header type = { .name = { "Content-Type", 12 }, .value = { "text/plain", 10 } };
    const hoot__response_head head = {
        .status = status, .headers = &type, .header_count = 1, .body_bytes = -1
    };

    return ex->ops->respond(ex, &head, body);
}

/* 200 with the path. */
static inline void serve_path(hoot__exchange *ex, void *user)
{
    ((rig *)user)->calls++;
    assert_int_equal(answer(ex, 200, ex->path), 0);
}

#endif

/* One request: from a parsed head to the end of its task.
 *
 * The struct lies at the beginning of the request's arena, and the server keeps both and hands them on. A
 * task is started for it at once, inside the callback that brought the last byte of the head: a handler that
 * does not wait has answered before that callback returns. When more requests have come behind it, its task
 * goes on with them, until one of them waits. What happens when the handler returns without a whole answer is
 * decided here. */
#include "http/serving.h"

#include "base/arena.h"
#include "http/message.h"

#include <stdio.h>
#include <time.h>

static const hoot__exchange_ops h1_ops = {
    .read_body = hoot__h1_read_body,
    .fill_body = hoot__h1_fill_body,
    .respond = hoot__h1_respond,
    .start = hoot__h1_start,
    .write = hoot__h1_write,
    .finish = hoot__h1_finish,
};

static void refuse_for_memory(hoot__h1_conn *conn)
{
    conn->http->stats.refused++;
    hoot__h1_refuse_request(conn, 503, "no memory");
}

/* --- making -------------------------------------------------------------------------------------- */

/* "?x=1" of "http://host?x=1" is the target "/?x=1": an empty path is "/" (RFC 9110 section 4.2.3). */
static void add_slash(hoot__exchange *ex)
{
    char *text = hoot_arena_printf(ex->arena, "/%.*s", (int)ex->target.len, ex->target.ptr);

    if (text)
        ex->target = hoot_str_from(text);
}

/* An arena that begins with a request's record, and what is the same in all of them. NULL: no memory. */
static hoot__h1_request *record_new(void)
{
    hoot_arena *arena = hoot_arena_new(0);
    hoot__h1_request *req = arena ? hoot__arena_keep(arena, sizeof *req) : NULL;

    if (!req)
        return NULL;
    req->ex.ops = &h1_ops;
    req->ex.arena = arena;
    return req;
}

/* What the parser does not write, nor the start of the request. */
static inline void clear(hoot__h1_request *req)
{
    const size_t from = offsetof(hoot__h1_request, ex.trailers), to = offsetof(hoot__h1_request, conn);

    memset((char *)req + from, 0, to - from);
}

hoot__h1_request *hoot__h1_request_new(hoot__h1_conn *conn)
{
    hoot__http *http = conn->http;
    hoot__h1_request *req =
        http->spare_count > 0 ? hoot__arena_kept(http->spare_arenas[--http->spare_count]) : record_new();

    if (!req) {
        refuse_for_memory(conn);
        return NULL;
    }
    clear(req);
    req->conn = conn;
    req->ex.headers.at = http->scratch;
    return req;
}

void hoot__h1_request_free(hoot__h1_request *req)
{
    hoot__http *http = req->conn->http;
    hoot_arena *arena = req->ex.arena;

    if (req->pinned)
        hoot__h1_request_unpin(req);
    if (http->spare_count == HOOT__SPARE_ARENAS) {
        hoot_arena_free(arena);
        return;
    }
    http->spare_arenas[http->spare_count++] = arena;
    hoot_arena_reset(arena);
}

/* Fields are parsed into memory that all connections share. Gives false: no memory for their own. */
static bool keep_headers(hoot__exchange *ex)
{
    size_t bytes = ex->headers.count * sizeof *ex->headers.at;
    hoot__header *own = hoot_arena_alloc(ex->arena, bytes);

    if (!own)
        return false;
    memcpy(own, ex->headers.at, bytes);
    ex->headers.at = own;
    return true;
}

/* What the head did not say. */
static void fill_exchange(hoot__exchange *ex, const hoot__h1_conn *conn)
{
    static const hoot_str schemes[] = { { "http", 4 }, { "https", 5 } };
    const hoot_stream *stream = conn->stream;

    ex->secure = stream->secure;
    ex->scheme = schemes[ex->secure];
    if (ex->target.len && ex->target.ptr[0] == '?')
        add_slash(ex);
    ex->body_limit = conn->http->options.max_body_bytes;
    ex->peer = stream->peer;
    ex->peer_port = stream->peer_port;
    if (conn->http->log)
        ex->started_us = hoot__http_monotonic_us();
}

/* --- ending -------------------------------------------------------------------------------------- */

/* The handler returned without an answer. */
__attribute__((noinline)) static void answer_instead(hoot__h1_request *req)
{
    static const hoot__header plain = { .name = { "Content-Type", 12 }, .value = { "text/plain", 10 } };
    hoot__response_head head = { .headers = &plain, .header_count = 1, .body_bytes = -1 };
    bool late = hoot__task_deadline(req->task) <= hoot_now_ms();
    char text[80];
    int len;

    head.status = req->ex.body_status ? req->ex.body_status : late ? 503 : 500;
    req->conn->http->stats.timeouts += late;
    len = snprintf(text, sizeof text, "%d %s\n", head.status, hoot__http_reason(head.status));
    /* When there is no memory for it either, the connection is cut. */
    (void)hoot__h1_respond(&req->ex, &head, hoot_str_of(text, (size_t)len));
}

static void conclude(hoot__h1_request *req)
{
    hoot__http *http = req->conn->http;
    hoot__exchange *ex = &req->ex;

    if (!ex->answered)
        answer_instead(req);
    else if (!req->finished && req->answer.left == 0 && !req->answer.chunked)
        (void)hoot__h1_finish(ex); /* all that was promised is there */
    if (ex->answered)
        http->stats.responses_by_class[ex->status / 100]++;
    if (http->log)
        http->log(ex, http->log_user);
}

/* There will be no other request. */
__attribute__((noinline)) static void leave_for_good(hoot__h1_conn *conn, const hoot__h1_request *req)
{
    bool cut = !req->finished;
    bool close_delimited = req->answer.left < 0 && !req->answer.chunked;

    if (cut && (close_delimited || !req->ex.answered)) {
        hoot__h1_gone(conn, true); /* an orderly end would look like a whole answer */
        return;
    }
    conn->linger = cut || !req->client_closes || !conn->body.done || conn->in.start != conn->in.end;
    hoot__h1_move(conn, HOOT__H1_LAST);
}

/* Where the connection goes after a request. */
static void leave(hoot__h1_conn *conn, const hoot__h1_request *req)
{
    if (conn->state == HOOT__H1_GONE)
        return;
    if (req->finished && !req->answer.close)
        hoot__h1_move(conn, conn->body.done ? HOOT__H1_HEAD : HOOT__H1_REST);
    else
        leave_for_good(conn, req);
}

/* It is over: what the connection does next is up to the caller. */
static void end(hoot__h1_conn *conn)
{
    hoot__h1_request *req = conn->request;

    conn->http->stats.in_flight--;
    conn->request = NULL;
    conn->in.base = 0;
    leave(conn, req);
    hoot__h1_request_free(req);
}

/* --- the task ------------------------------------------------------------------------------------ */

static uint64_t deadline_from_now(const hoot__h1_conn *conn)
{
    return hoot_now_ms() + conn->http->options.handler_timeout_ms;
}

/* Is there a next request that this task may serve too? Only while the callback that brought them all is
 * still below: a request that waited ends its task, so that what it left behind ends as it should. */
static bool may_go_on(const hoot__h1_conn *conn)
{
    const hoot__h1_request *req = conn->request;

    if (conn->in.start == conn->in.end || !conn->advancing || conn->eof || conn->state == HOOT__H1_GONE)
        return false;
    return req->finished && !req->answer.close && conn->body.done;
}

static bool go_on(hoot__h1_conn *conn)
{
    if (!may_go_on(conn) || !hoot__task_renew(deadline_from_now(conn)))
        return false;
    end(conn);
    conn->in_task = true;
    (void)hoot__h1_step(conn);
    conn->in_task = false;
    return conn->request;
}

static int run(hoot_error *err, void *arg)
{
    hoot__h1_conn *conn = arg;
    hoot__http *http = conn->http;

    (void)err;
    do {
        hoot__h1_request *req = conn->request;

        req->task = hoot_current_task();
        http->serve(&req->ex, http->user);
        conclude(req);
    } while (go_on(conn));
    return 0;
}

static void on_done(int result, const hoot_error *err, void *arg)
{
    hoot__h1_conn *conn = arg;

    (void)result, (void)err;
    if (conn->request)
        end(conn);
    hoot__h1_advance(conn);
}

/* --- starting ------------------------------------------------------------------------------------ */

static void start_task(hoot__h1_conn *conn)
{
    const hoot__task_options options = {
        .name = "request",
        .deadline_ms = deadline_from_now(conn),
        .run_now = true,
    };
    hoot__h1_request *req = conn->request;

    if (hoot__task_start(&options, run, on_done, conn))
        return;
    conn->http->stats.in_flight--;
    conn->request = NULL;
    conn->in.base = 0;
    hoot__h1_request_free(req);
    refuse_for_memory(conn);
}

/* Gives false: it was refused. */
static bool accept_request(hoot__h1_conn *conn, hoot__h1_request *req)
{
    hoot__http *http = conn->http;
    bool room = http->stats.in_flight < http->options.max_in_flight;

    if (room && keep_headers(&req->ex))
        return true;
    hoot__h1_request_free(req);
    if (room) {
        refuse_for_memory(conn);
    } else {
        http->stats.refused++;
        hoot__h1_refuse_request(conn, 503, "too many requests at once");
    }
    return false;
}

void hoot__h1_request_start(hoot__h1_conn *conn, hoot__h1_request *req, const hoot__h1_head *head, size_t len)
{
    hoot__http *http = conn->http;

    if (!accept_request(conn, req))
        return;
    fill_exchange(&req->ex, conn);
    req->client_closes = !head->keep_alive;
    req->expects_continue = head->expects_continue;
    hoot__h1_body_init(&conn->body, head);
    http->stats.requests++;
    http->stats.in_flight++;
    conn->in.start += (uint32_t)len;
    conn->in.base = conn->in.start;
    conn->scanned = 0;
    conn->dropped = 0;
    conn->served = true;
    conn->request = req;
    hoot__h1_move(conn, HOOT__H1_BUSY);
    if (conn->in_task)
        return;
    start_task(conn);
    if (conn->eof && conn->request)
        hoot__h1_client_leaves(conn);
}

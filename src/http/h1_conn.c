/* A connection that speaks HTTP/1.1, driven by the events of its stream. docs/internals/connections.md draws
 * its states.
 *
 * While no complete head is there, nothing exists but this struct and, when some bytes came, a read buffer.
 * One loop, hoot__h1_advance(), works off what is there: it parses a head, starts its task, and comes back
 * when that has ended, in the loop and not in a recursion, so that a thousand pipelined requests need no more
 * stack than one. Answers gather in the stream's `out` and are flushed once, at the end.
 *
 * A client that shuts its side may have sent all it has (nc does so) or may be gone: its request goes on for
 * a second, and is cancelled when no answer has begun by then. A reset or a failed write ends it: the stream
 * is closed at once, the task is cancelled, and the struct stays until that has ended. */
#include "http/serving.h"

#include "base/alloc.h"
#include "http/message.h"
#include "net/net.h"

#include <stdio.h>

/* So much is read from a client that was answered for the last time. */
#define MAX_LINGER_BYTES ((uint32_t)1024 * 1024)

/* --- the end ------------------------------------------------------------------------------------- */

static void free_if_over(hoot__h1_conn *conn)
{
    hoot__http *http = conn->http;

    if (conn->state != HOOT__H1_GONE || conn->request || conn->advancing)
        return;
    if (conn->prev)
        conn->prev->next = conn->next;
    else
        http->conns = conn->next;
    if (conn->next)
        conn->next->prev = conn->prev;
    hoot__h1_input_free(conn);
    hoot__free(conn);
    if (--http->conn_count == 0 && http->closed_waiter)
        hoot_wake(http->closed_waiter, 0);
}

/* The peer's address belongs to the stream, and somebody may still want to log it. */
static void keep_peer(hoot__exchange *ex)
{
    const char *copy = hoot_arena_strdup(ex->arena, ex->peer);

    ex->peer = copy ? copy : "";
}

void hoot__h1_gone(hoot__h1_conn *conn, bool reset)
{
    hoot_stream *stream = conn->stream;

    if (conn->state == HOOT__H1_GONE)
        return;
    if (conn->request)
        keep_peer(&conn->request->ex);
    hoot__h1_move(conn, HOOT__H1_GONE);
    hoot__timer_stop(&conn->timer);
    hoot__loop_undefer(&conn->flush_later);
    hoot__h1_batch_leave(conn);
    conn->stream = NULL;
    if (reset)
        hoot__stream_reset(stream);
    else
        hoot_stream_close(stream);
    if (conn->request)
        hoot__task_cancel(conn->request->task);
    free_if_over(conn);
}

/* --- sending ------------------------------------------------------------------------------------- */

/* A flush that did not send everything. Gives `rc`. */
__attribute__((noinline)) static int stuck(hoot__h1_conn *conn, int rc)
{
    if (rc < 0) {
        hoot__h1_gone(conn, true);
    } else if (!conn->sending) {
        conn->sending = true;
        conn->sent_mark = hoot__stream_sent(conn->stream);
        conn->sent_mark_ms = hoot_now_ms();
        hoot__h1_watch(conn);
    }
    return rc;
}

int hoot__h1_flush(hoot__h1_conn *conn)
{
    int rc = hoot_stream_pending(conn->stream) == 0 ? 0 : hoot_stream_flush(conn->stream);

    return rc == 0 ? 0 : stuck(conn, rc);
}

int hoot__h1_send(hoot__h1_conn *conn, hoot_str bytes)
{
    int rc = hoot__stream_send(conn->stream, bytes);

    return rc == 0 ? 0 : stuck(conn, rc);
}

static void on_flush_later(hoot__deferred *deferred)
{
    (void)hoot__h1_flush((hoot__h1_conn *)(void *)((char *)deferred - offsetof(hoot__h1_conn, flush_later)));
}

void hoot__h1_flush_soon(hoot__h1_conn *conn)
{
    if (!conn->advancing)
        hoot__loop_defer(&conn->flush_later, on_flush_later);
}

/* A request for an answer to what is none, or could not be taken. The access log has a line for it too; what
 * was asked is not known, or not to be believed. */
static void make_nameless(hoot__h1_request *req, hoot__h1_conn *conn)
{
    hoot__exchange *ex = &req->ex;

    memset(req, 0, sizeof *req);
    memset(ex->known, -1, sizeof ex->known);
    req->conn = conn;
    req->client_closes = true; /* nothing is expected behind it */
    ex->method = ex->target = HOOT_STR("-");
    ex->version = 11;
    ex->peer = conn->stream->peer;
    ex->started_us = conn->http->log ? hoot__http_monotonic_us() : 0;
}

void hoot__h1_refuse_request(hoot__h1_conn *conn, int status, const char *why)
{
    static const hoot__header headers[] = {
        { .name = { "Content-Type", 12 }, .value = { "text/plain", 10 } },
        { .name = { "Retry-After", 11 }, .value = { "1", 1 } },
    };
    hoot__response_head head = { .status = status,
                                 .headers = headers,
                                 .header_count = status == 503 ? 2 : 1 };
    hoot__h1_request req;
    char text[160];
    int len = snprintf(text, sizeof text, "%d %s: %s\n", status, hoot__http_reason(status), why);

    if (len >= (int)sizeof text)
        len = (int)sizeof text - 1;
    if (status < 500)
        conn->http->stats.protocol_errors++;
    conn->http->stats.responses_by_class[status / 100]++;
    make_nameless(&req, conn);
    /* Without memory for it, the connection just ends. */
    (void)hoot__h1_respond(&req.ex, &head, hoot_str_of(text, (size_t)len));
    req.ex.status = status;
    if (conn->http->log)
        conn->http->log(&req.ex, conn->http->log_user);
    conn->linger = true;
    hoot__h1_move(conn, HOOT__H1_LAST);
}

/* The last answer was handed over. When the client may still be sending, closing now could make its system
 * throw away what it has not read of the answer: so only our side is shut, and what comes is read, for a
 * moment. */
__attribute__((noinline)) static void end_in_order(hoot__h1_conn *conn)
{
    if (hoot__h1_flush(conn) != 0)
        return;
    if (!conn->linger || conn->eof || hoot_stream_shut_down(conn->stream) < 0) {
        hoot__h1_gone(conn, false);
        return;
    }
    conn->in.start = conn->in.end = 0;
    conn->dropped = 0;
    hoot__h1_move(conn, HOOT__H1_LINGER);
    if (hoot_stream_read_start(conn->stream) < 0)
        hoot__h1_gone(conn, false);
    else
        hoot__h1_watch(conn);
}

/* --- going on ------------------------------------------------------------------------------------ */

/* Are more answers waiting than a client that does not read them may have? */
static inline bool too_much_waits(const hoot__h1_conn *conn)
{
    return hoot_stream_pending(conn->stream) > conn->http->options.max_pipelined_bytes;
}

static inline bool client_must_read(hoot__h1_conn *conn)
{
    return too_much_waits(conn) && (hoot__h1_flush(conn) < 0 || too_much_waits(conn));
}

/* There is no whole head. */
static void await_head(hoot__h1_conn *conn)
{
    if (!conn->eof)
        return;
    conn->linger = false;
    hoot__h1_move(conn, HOOT__H1_LAST);
}

/* Parse the next head. Gives false when nothing more can be done now. */
static bool take_head(hoot__h1_conn *conn)
{
    const hoot__http_options *options = &conn->http->options;
    hoot__h1_request *req = hoot__h1_request_new(conn);
    hoot__h1_head head;
    const char *why;
    int len;

    if (!req)
        return false;
    head.ex = &req->ex;
    len = hoot__h1_parse_head(hoot__h1_input_bytes(conn), &conn->scanned, options->max_head_bytes,
                              options->max_headers, &head, &why);
    if (len > 0) {
        hoot__h1_request_start(conn, req, &head, (size_t)len);
        return true;
    }
    hoot__h1_request_free(req);
    if (len < 0)
        hoot__h1_refuse_request(conn, -len, why);
    else
        await_head(conn);
    return false;
}

/* Gives true when an unread body was dropped, and the next head is awaited. */
static bool past_rest(hoot__h1_conn *conn)
{
    if (conn->state != HOOT__H1_REST || !hoot__h1_drop_body(conn))
        return false;
    hoot__h1_move(conn, HOOT__H1_HEAD);
    return true;
}

bool hoot__h1_step(hoot__h1_conn *conn)
{
    if (conn->state != HOOT__H1_HEAD && !past_rest(conn))
        return false;
    if (conn->in.start == conn->in.end) {
        await_head(conn);
        return false;
    }
    return !client_must_read(conn) && take_head(conn);
}

static inline bool nothing_to_do(const hoot__h1_conn *conn)
{
    return conn->state == HOOT__H1_HEAD && conn->in.start == conn->in.end && !conn->eof;
}

/* Everything that could be done was done: have answers written, give memory back, wait. */
static void settle(hoot__h1_conn *conn)
{
    if (conn->state == HOOT__H1_LAST) {
        end_in_order(conn);
        return;
    }
    hoot__loop_undefer(&conn->flush_later);
    hoot__h1_batch_add(conn);
    if (conn->state == HOOT__H1_GONE)
        return;
    if (conn->state == HOOT__H1_HEAD && conn->in.start == conn->in.end) {
        hoot__h1_set_idle(conn, true);
        hoot__h1_input_rest(conn);
        if (!conn->batch_slot) /* else when it has been written to */
            hoot__stream_rest(conn->stream);
    }
    if (hoot_stream_read_start(conn->stream) < 0) {
        hoot__h1_gone(conn, true);
        return;
    }
    hoot__h1_watch(conn);
}

void hoot__h1_advance(hoot__h1_conn *conn)
{
    if (conn->advancing)
        return;
    conn->advancing = true;
    while (!nothing_to_do(conn) && hoot__h1_step(conn))
        ;
    if (conn->state != HOOT__H1_GONE)
        settle(conn);
    conn->advancing = false; /* NOLINT(clang-analyzer-unix.Malloc): while it was true, nothing freed `conn` */
    if (conn->state == HOOT__H1_GONE)
        free_if_over(conn);
}

/* --- events of the stream ------------------------------------------------------------------------ */

static char *on_room(hoot_stream *stream, size_t *out_room, void *user)
{
    hoot__h1_conn *conn = user;

    (void)stream;
    if (conn->state == HOOT__H1_BUSY && conn->request->fill_room > 0) {
        *out_room = conn->request->fill_room;
        return conn->request->fill;
    }
    if (conn->state == HOOT__H1_LAST || conn->state == HOOT__H1_LINGER)
        conn->in.start = conn->in.end = 0;
    return hoot__h1_input_room(conn, out_room);
}

static void on_arrived(hoot_stream *stream, size_t len, void *user)
{
    hoot__h1_conn *conn = user;

    (void)stream;
    if (conn->state == HOOT__H1_BUSY && conn->request->fill_room > 0) {
        hoot__h1_body_filled(conn, len);
        return;
    }
    if (conn->state == HOOT__H1_LAST || conn->state == HOOT__H1_LINGER) {
        conn->dropped += (uint32_t)len;
        if (conn->dropped > MAX_LINGER_BYTES)
            hoot__h1_gone(conn, false);
        return;
    }
    if (conn->state == HOOT__H1_HEAD && conn->in.start == conn->in.end) {
        hoot__h1_set_idle(conn, false);
        conn->since_ms = hoot_now_ms();
        conn->graced = false;
    }
    conn->in.end += (uint32_t)len;
    if (conn->state != HOOT__H1_BUSY)
        hoot__h1_advance(conn);
    else if (conn->request->body_waiter)
        hoot_wake(conn->request->body_waiter, 0);
}

static void on_ended(hoot_stream *stream, int reason, void *user)
{
    hoot__h1_conn *conn = user;

    (void)stream;
    conn->eof = true;
    if (reason < 0 || conn->state == HOOT__H1_LINGER)
        hoot__h1_gone(conn, false);
    else if (conn->state != HOOT__H1_BUSY)
        hoot__h1_advance(conn);
    else if (conn->request->body_waiter)
        hoot_wake(conn->request->body_waiter, 0);
    else
        hoot__h1_client_leaves(conn);
}

static void on_drained(hoot_stream *stream, int code, void *user)
{
    hoot__h1_conn *conn = user;

    (void)stream;
    conn->sending = false;
    if (code < 0) {
        hoot__h1_gone(conn, false);
        return;
    }
    if (conn->state == HOOT__H1_HEAD && conn->in.start == conn->in.end)
        conn->since_ms = hoot_now_ms();
    if (conn->request && conn->request->send_waiter)
        hoot_wake(conn->request->send_waiter, 0);
    hoot__h1_advance(conn);
}

static const hoot_stream_events conn_events = { on_room, on_arrived, on_ended, on_drained };

void hoot__http_serve(hoot__http *http, hoot_stream *stream_take)
{
    hoot__h1_conn *conn = hoot__calloc(1, sizeof *conn);

    if (!conn) {
        hoot_stream_close(stream_take);
        return;
    }
    conn->http = http;
    conn->stream = stream_take;
    conn->since_ms = hoot_now_ms();
    conn->next = http->conns;
    if (conn->next)
        conn->next->prev = conn;
    http->conns = conn;
    http->conn_count++;
    http->stats.connections_accepted++;
    hoot_stream_set_events(stream_take, &conn_events, conn);
    hoot__h1_watch(conn);
    /* A connection without a deadline could stay for ever. */
    if (!hoot__timer_is_set(&conn->timer) || hoot_stream_read_start(stream_take) < 0)
        hoot__h1_gone(conn, true);
    else
        hoot__h1_set_idle(conn, true);
}

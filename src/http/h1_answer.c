/* Answers of handlers: whole ones and streamed ones.
 *
 * Everything is appended to the stream's `out`. While a batch of requests is being worked off it is flushed
 * at the batch's end, otherwise at the end of the turn, so that what belongs together leaves in one write. A
 * handler that streams faster than its client reads is suspended as soon as more than SEND_WINDOW bytes wait.
 * Large bodies and pieces are not copied into `out`: they are sent from where they are, behind what is in it,
 * and only what the system does not take at once is kept.
 *
 * Whether the connection goes on is decided when the head is written, since the head says so. */
#include "http/serving.h"

#include "net/net.h"

#include <stdio.h>

#define SEND_WINDOW ((size_t)64 * 1024)
#define SEND_NOW    ((size_t)16 * 1024) /* so much is not gathered but sent at once */

/* Can what is left of the request's body be read past, so that the next request is found behind it? */
static bool body_can_be_dropped(const hoot__h1_request *req)
{
    const hoot__h1_body *body = &req->conn->body;

    if (body->done)
        return true;
    if (req->body_code < 0 || req->expects_continue)
        return false;
    return body->framing == HOOT__H1_CHUNKED || body->left <= HOOT__H1_MAX_DROPPED;
}

static bool goes_on(const hoot__h1_request *req, const hoot__response_head *head)
{
    return !(req->client_closes | head->close | req->conn->http->draining) && body_can_be_dropped(req);
}

/* How the client finds the end of the body, which is `length` bytes long; -1: nobody knows yet. */
static void plan_length(hoot__h1_request *req, int status, int64_t length)
{
    hoot__h1_answer *answer = &req->answer;

    answer->left = length;
    answer->chunked = false;
    if (__builtin_expect(status == 204 || status == 304, 0)) {
        req->head_only = true;
        answer->left = -1;
    } else if (length < 0) {
        answer->chunked = req->ex.version >= 11;
        /* HTTP/1.0: the end of the connection is the end of the body. */
        answer->close |= !answer->chunked && !req->head_only;
    }
}

static void plan(hoot__h1_request *req, const hoot__response_head *head, int64_t length)
{
    req->head_only = hoot_str_is(req->ex.method, "HEAD");
    if (req->head_only && head->body_bytes > length)
        length = head->body_bytes;
    req->answer.close = !goes_on(req, head);
    req->answer.keep_alive = req->ex.version < 11;
    plan_length(req, head->status, length);
}

/* The head of a `whole` answer, or of one that is streamed, was written. */
static void note_begun(hoot__h1_request *req, int status, hoot_str body, bool whole)
{
    req->ex.answered = true;
    req->ex.status = status;
    req->ex.response_bytes = body.len;
    req->finished = whole;
    if (req->head_only) {
        req->answer.left = 0;
        req->answer.chunked = false;
    }
}

/* Begin an answer: the head, and the body if it is `whole`. */
static int begin(hoot__h1_request *req, const hoot__response_head *head, hoot_str body, bool whole)
{
    hoot__h1_conn *conn = req->conn;
    bool at_once;
    int rc;

    if (req->ex.answered)
        return HOOT_ESTATE;
    if (conn->state == HOOT__H1_GONE)
        return HOOT_ECANCELED;
    plan(req, head, whole ? (int64_t)body.len : head->body_bytes);
    body.len = req->head_only ? 0 : body.len;
    at_once = body.len >= SEND_NOW;
    (void)hoot__stream_need(conn->stream);
    rc = hoot__h1_head_write(conn->http, &conn->stream->out, head, &req->answer,
                             hoot_str_of(body.ptr, at_once ? 0 : body.len));
    if (rc < 0)
        return rc;
    note_begun(req, head->status, body, whole);
    if (at_once)
        (void)hoot__h1_send(conn, body);
    else
        hoot__h1_flush_soon(conn);
    return 0;
}

int hoot__h1_respond(hoot__exchange *ex, const hoot__response_head *head, hoot_str body)
{
    return begin(hoot__h1_request_of(ex), head, body, true);
}

int hoot__h1_start(hoot__exchange *ex, const hoot__response_head *head)
{
    return begin(hoot__h1_request_of(ex), head, hoot_str_of(NULL, 0), false);
}

/* What of a chunk is behind its bytes. Without memory for it the answer cannot go on. */
static int end_chunk(hoot__h1_request *req)
{
    int rc = req->answer.chunked ? hoot_buf_add(&req->conn->stream->out, "\r\n", 2) : 0;

    if (rc < 0)
        hoot__h1_gone(req->conn, true);
    return rc;
}

/* One piece of the body, as a chunk of its own where chunks are used: all of it, or nothing, or the
 * connection is gone. */
static int put_piece(hoot__h1_request *req, hoot_str bytes)
{
    hoot_buf *out = &req->conn->stream->out;
    bool at_once = bytes.len >= SEND_NOW;
    char size[20];
    int size_len = req->answer.chunked ? snprintf(size, sizeof size, "%zx\r\n", bytes.len) : 0;
    int rc = hoot_buf_reserve(out, sizeof size + (at_once ? 0 : bytes.len + 2));

    if (rc < 0)
        return rc;
    (void)hoot_buf_add(out, size, (size_t)size_len);
    if (req->answer.left > 0)
        req->answer.left -= (int64_t)bytes.len;
    req->ex.response_bytes += bytes.len;
    if (!at_once)
        (void)hoot_buf_add_str(out, bytes);
    else if (hoot__h1_send(req->conn, bytes) < 0)
        return HOOT_ECANCELED;
    return end_chunk(req);
}

/* Suspends: while the client is behind. */
static int wait_until_sent(hoot__h1_request *req)
{
    hoot__h1_conn *conn = req->conn;

    if (conn->stream->out.len >= SEND_NOW)
        (void)hoot__h1_flush(conn);
    else
        hoot__h1_flush_soon(conn);
    while (conn->state != HOOT__H1_GONE && hoot_stream_pending(conn->stream) > SEND_WINDOW) {
        hoot_waiter waiter = HOOT_WAITER_INIT;
        int rc;

        req->send_waiter = &waiter;
        rc = hoot_wait(&waiter);
        req->send_waiter = NULL;
        if (rc < 0)
            return rc;
    }
    return conn->state == HOOT__H1_GONE ? HOOT_ECANCELED : 0;
}

int hoot__h1_write(hoot__exchange *ex, hoot_str bytes)
{
    hoot__h1_request *req = hoot__h1_request_of(ex);
    int rc = 0;

    if (!ex->answered || req->finished)
        return HOOT_ESTATE;
    if (req->conn->state == HOOT__H1_GONE)
        return HOOT_ECANCELED;
    if (req->head_only || bytes.len == 0)
        return 0;
    if (req->answer.left >= 0 && bytes.len > (uint64_t)req->answer.left)
        return HOOT_ELIMIT;
    while (rc == 0 && bytes.len > 0) {
        hoot_str piece = hoot_str_head(bytes, SEND_WINDOW);

        rc = put_piece(req, piece);
        if (rc == 0)
            rc = wait_until_sent(req);
        bytes = hoot_str_from_index(bytes, piece.len);
    }
    return rc;
}

int hoot__h1_finish(hoot__exchange *ex)
{
    hoot__h1_request *req = hoot__h1_request_of(ex);
    hoot__h1_conn *conn = req->conn;

    if (!ex->answered || req->finished || req->answer.left > 0)
        return HOOT_ESTATE;
    if (conn->state == HOOT__H1_GONE)
        return HOOT_ECANCELED;
    if (req->answer.chunked) {
        int rc = hoot_buf_add(&conn->stream->out, "0\r\n\r\n", 5);

        if (rc < 0)
            return rc;
    }
    req->finished = true;
    hoot__h1_flush_soon(conn);
    return 0;
}

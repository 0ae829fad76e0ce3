/* Reading request bodies.
 *
 * Pieces are slices of the read buffer, given out as they come, so a body of any size needs one buffer.
 * Nothing is read ahead of the handler by more than that buffer: when it is full the stream is not read, and
 * the client waits.
 *
 * The client is told "100 Continue" when the handler asks for the body and none of it has come, never before,
 * and never when the handler has answered already. A body that fails (framing, size, pace) leaves bytes
 * behind that nobody can make sense of, so its connection ends with the answer; `ex->body_status` says what
 * to answer. */
#include "http/serving.h"

#include "http/message.h"

void hoot__h1_body_init(hoot__h1_body *body, const hoot__h1_head *head)
{
    body->framing = (uint8_t)head->framing;
    body->left = head->framing == HOOT__H1_LENGTH ? head->content_length : 0;
    body->done = head->framing == HOOT__H1_NO_BODY || (head->framing == HOOT__H1_LENGTH && body->left == 0);
    if (head->framing == HOOT__H1_CHUNKED)
        hoot__h1_chunks_init(&body->chunks);
}

static int next_of_length(hoot__h1_body *body, hoot_str bytes, size_t *used, hoot_str *out_piece)
{
    if (bytes.len == 0)
        return 2;
    *out_piece = hoot_str_head(bytes, body->left < bytes.len ? (size_t)body->left : bytes.len);
    *used = out_piece->len;
    body->left -= out_piece->len;
    body->done = body->left == 0;
    return 1;
}

static int next_of_chunks(hoot__h1_body *body, hoot_str bytes, size_t *used, hoot_str *out_piece,
                          hoot_str *out_trailers, const char **out_why)
{
    int rc = hoot__h1_chunks_read(&body->chunks, bytes, used, out_piece, out_trailers, out_why);

    if (rc == 2)
        body->done = true;
    /* The decoder says 0 for more and 2 for the end; we the other way round. */
    return rc == 0 ? 2 : rc == 2 ? 0 : rc;
}

int hoot__h1_body_next(hoot__h1_conn *conn, hoot_str *out_piece, hoot_str *out_trailers, const char **out_why)
{
    hoot__h1_body *body = &conn->body;
    hoot_str bytes = hoot__h1_input_bytes(conn);
    size_t used = 0;
    int rc;

    if (body->done)
        return 0;
    if (body->framing == HOOT__H1_LENGTH)
        rc = next_of_length(body, bytes, &used, out_piece);
    else
        rc = next_of_chunks(body, bytes, &used, out_piece, out_trailers, out_why);
    conn->in.start += (uint32_t)used;
    return rc;
}

bool hoot__h1_drop_body(hoot__h1_conn *conn)
{
    hoot_str piece, trailers;
    const char *why;

    for (;;) {
        uint32_t before = conn->in.start;
        int rc = hoot__h1_body_next(conn, &piece, &trailers, &why);

        conn->dropped += conn->in.start - before;
        if (rc == 0)
            return true;
        if (rc < 0 || conn->dropped > HOOT__H1_MAX_DROPPED || (rc == 2 && conn->eof)) {
            conn->linger = true;
            hoot__h1_move(conn, HOOT__H1_LAST);
            return false;
        }
        if (rc == 2)
            return false;
    }
}

/* --- for the handler ----------------------------------------------------------------------------- */

static int body_failed(hoot__h1_request *req, int code, int status)
{
    req->body_code = code;
    req->ex.body_status = status;
    return code;
}

/* The trailers' bytes are kept in the arena: the read buffer goes on. */
static int take_trailers(hoot__h1_request *req, hoot_str section)
{
    hoot__exchange *ex = &req->ex;
    hoot__http *http = req->conn->http;
    const char *why;
    char *copy;
    int count;

    if (section.len == 0)
        return 0;
    copy = hoot_arena_dup(ex->arena, section);
    if (!copy)
        return body_failed(req, HOOT_ENOMEM, 503);
    count = hoot__h1_parse_trailers(hoot_str_of(copy, section.len), http->scratch, http->options.max_headers,
                                    &why);
    if (count < 0)
        return body_failed(req, HOOT_EBADINPUT, -count);
    ex->trailers.at = hoot_arena_alloc_array(ex->arena, (size_t)count + 1, sizeof(hoot__header));
    if (!ex->trailers.at)
        return body_failed(req, HOOT_ENOMEM, 503);
    if (count > 0)
        memcpy(ex->trailers.at, http->scratch, (size_t)count * sizeof(hoot__header));
    ex->trailers.count = (size_t)count;
    return 0;
}

/* A piece out of what is there. Gives 1, 0, 2 for nothing there, or the error. */
static int take_piece(hoot__h1_request *req, hoot_str *out_piece)
{
    hoot__exchange *ex = &req->ex;
    hoot_str piece = { NULL, 0 };
    hoot_str trailers = { NULL, 0 };
    const char *why = NULL;
    int rc = hoot__h1_body_next(req->conn, &piece, &trailers, &why);

    if (rc < 0)
        return body_failed(req, rc == -413 ? HOOT_ELIMIT : HOOT_EBADINPUT, -rc);
    if (rc == 0)
        return take_trailers(req, trailers);
    if (rc == 2) /* a chunk that will be too long is so before it is all there */
        return req->conn->body.chunks.left > ex->body_limit - ex->body_read
                   ? body_failed(req, HOOT_ELIMIT, 413)
                   : 2;
    if (piece.len > ex->body_limit - ex->body_read)
        return body_failed(req, HOOT_ELIMIT, 413);
    ex->body_read += piece.len;
    req->lent = true;
    *out_piece = piece;
    return 1;
}

static void send_continue(hoot__h1_request *req)
{
    static const hoot_str interim = { "HTTP/1.1 100 Continue\r\n\r\n", 25 };
    hoot__h1_conn *conn = req->conn;

    if (!req->expects_continue)
        return;
    req->expects_continue = false;
    if (req->ex.answered || conn->in.start != conn->in.end)
        return;
    /* Without memory for it the client goes on after a moment by itself (RFC 9110 section 10.1.1). */
    if (hoot_buf_add_str(&conn->stream->out, interim) == 0)
        hoot__h1_flush_soon(conn);
}

/* Suspends: until bytes have come, or nothing will. */
static int wait_for_bytes(hoot__h1_request *req)
{
    hoot_waiter waiter = HOOT_WAITER_INIT;
    hoot__h1_conn *conn = req->conn;
    int rc;

    if (conn->eof)
        return body_failed(req, HOOT_EEOF, 400);
    (void)hoot_stream_read_start(conn->stream);
    req->body_waiter = &waiter;
    req->body_wait_ms = hoot_now_ms();
    hoot__h1_watch(conn);
    rc = hoot_wait(&waiter);
    req->body_waiter = NULL;
    req->body_waited_ms += hoot_now_ms() - req->body_wait_ms;
    return rc;
}

int hoot__h1_read_body(hoot__exchange *ex, hoot_str *out_piece)
{
    hoot__h1_request *req = hoot__h1_request_of(ex);
    hoot__h1_conn *conn = req->conn;

    req->lent = false;
    if (req->body_code < 0)
        return req->body_code;
    if (ex->content_length > 0 && (uint64_t)ex->content_length > ex->body_limit)
        return body_failed(req, HOOT_ELIMIT, 413);
    for (;;) {
        int rc;

        if (conn->state == HOOT__H1_GONE)
            return HOOT_ECANCELED;
        rc = take_piece(req, out_piece);
        if (rc != 2)
            return rc;
        send_continue(req);
        rc = wait_for_bytes(req);
        if (rc < 0)
            return req->body_code < 0 ? req->body_code : rc;
    }
}

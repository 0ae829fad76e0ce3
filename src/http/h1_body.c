/* Reading request bodies.
 *
 * Pieces are slices of the read buffer, given out as they come, so a body of any size needs one buffer.
 * Nothing is read ahead of the handler by more than that buffer: when it is full the stream is not read, and
 * the client waits.
 *
 * Who wants it whole says where it belongs (fill_body), and the stream writes it there: nothing is copied but
 * what came with the head, and chunks. The handler goes on when all that it has room for is there.
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
    body->done = head->framing == HOOT__H1_NO_BODY;
    if (body->done)
        return;
    body->left = head->framing == HOOT__H1_LENGTH ? (uint64_t)head->ex->content_length : 0;
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
    if (hoot_stream_read_start(conn->stream) < 0)
        return body_failed(req, HOOT_ENOMEM, 503);
    req->body_waiter = &waiter;
    req->body_wait_ms = hoot_now_ms();
    hoot__h1_watch(conn);
    rc = hoot_wait(&waiter);
    req->body_waiter = NULL;
    req->body_waited_ms += hoot_now_ms() - req->body_wait_ms;
    return rc;
}

/* Is there nothing more to ask for? Gives 0 or a negative code. */
static int may_read(hoot__h1_request *req)
{
    if (req->body_code < 0)
        return req->body_code;
    if (req->ex.content_length > 0 && (uint64_t)req->ex.content_length > req->ex.body_limit)
        return body_failed(req, HOOT_ELIMIT, 413);
    return req->conn->state == HOOT__H1_GONE ? HOOT_ECANCELED : 0;
}

/* Nothing is there: have it sent, and wait. Gives 0 or a negative code. */
static int await(hoot__h1_request *req)
{
    int rc;

    send_continue(req);
    rc = wait_for_bytes(req);
    return rc < 0 && req->body_code < 0 ? req->body_code : rc;
}

int hoot__h1_read_body(hoot__exchange *ex, hoot_str *out_piece)
{
    hoot__h1_request *req = hoot__h1_request_of(ex);
    int rc = may_read(req);

    req->lent = false;
    while (rc == 0) {
        rc = take_piece(req, out_piece);
        if (rc != 2)
            return rc;
        rc = await(req);
        if (rc == 0)
            rc = may_read(req);
    }
    return rc;
}

/* --- a body to where it belongs ------------------------------------------------------------------ */

void hoot__h1_body_filled(hoot__h1_conn *conn, size_t len)
{
    hoot__h1_request *req = conn->request;

    req->fill += len;
    req->fill_room -= len;
    req->ex.body_read += len;
    conn->body.left -= len;
    conn->body.done = conn->body.left == 0;
    if (req->fill_room == 0)
        hoot_wake(req->body_waiter, 0);
}

/* Do the next bytes of the stream belong to the body, as they are? */
static bool comes_straight(const hoot__h1_conn *conn)
{
    return conn->body.framing == HOOT__H1_LENGTH && !conn->body.done && conn->in.start == conn->in.end;
}

/* Suspends: until `room` bytes of it are there. Gives 1 and how many; or a negative code, with none. */
static int fill_straight(hoot__h1_request *req, char *at, size_t room, size_t *out_len)
{
    size_t wanted = req->conn->body.left < room ? (size_t)req->conn->body.left : room;
    int rc = may_read(req);

    req->fill = at;
    req->fill_room = wanted;
    while (rc == 0 && req->fill_room > 0)
        rc = await(req);
    *out_len = wanted - req->fill_room;
    req->fill = NULL;
    req->fill_room = 0;
    return *out_len > 0 ? 1 : rc;
}

int hoot__h1_fill_body(hoot__exchange *ex, char *at, size_t room, size_t *out_len)
{
    hoot__h1_request *req = hoot__h1_request_of(ex);
    size_t len = 0, more = 0;
    int rc = 1;

    while (rc == 1 && len < room) {
        if (req->piece.len == 0 && comes_straight(req->conn))
            rc = fill_straight(req, at + len, room - len, &more);
        else if (req->piece.len == 0)
            rc = hoot__h1_read_body(ex, &req->piece);
        if (rc == 1 && req->piece.len > 0) {
            more = req->piece.len < room - len ? req->piece.len : room - len;
            memcpy(at + len, req->piece.ptr, more);
            req->piece = hoot_str_from_index(req->piece, more);
            req->lent = req->piece.len > 0;
        }
        len += rc == 1 ? more : 0;
    }
    *out_len = len;
    return len > 0 ? 1 : rc;
}

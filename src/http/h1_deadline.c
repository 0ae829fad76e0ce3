/* Deadlines of a connection, through one timer.
 *
 * The timer is moved lazily: it stays where it is when a deadline is pushed on, and when it fires too early
 * it only looks again. What is watched:
 *
 *     state            limit                                       then
 *     HEAD, idle       idle_timeout since the last answer          close
 *     HEAD, nothing    head_timeout since accept                   close
 *     HEAD, a part     head_timeout since its first byte           408
 *     BUSY, handler waits for the body:
 *                      body_timeout of such waiting in all         408
 *                      min_body_rate after 5 s of it               408
 *     BUSY, the client has shut its side and has no answer:
 *                      1 s of that                                 the task is cancelled
 *     REST             head_timeout since the answer               close
 *     LINGER           linger                                      close
 *     output stuck     send_timeout without the system taking any  reset
 *
 * Only waiting counts for a body: a handler that lets the client wait does not make the client slow. */
#include "http/serving.h"

#include "net/net.h"

#define NEVER            UINT64_MAX
#define HEARTBEAT_MS     60000
#define RATE_GRACE_MS    5000
#define RATE_ROUNDING_MS 1000
#define IDLE_GRACE_MS    100
#define LEAVING_MS       1000

static bool nothing_came(const hoot__h1_conn *conn)
{
    return conn->in.start == conn->in.end;
}

static uint64_t body_waited(const hoot__h1_request *req, uint64_t now_ms)
{
    return req->body_waited_ms + (now_ms - req->body_wait_ms);
}

/* For how long, in waiting, what has come of a body is enough. A time, and not the next moment to look at the
 * pace: a client that sends a byte now and then must not push that moment on. */
static uint64_t body_patience(const hoot__h1_conn *conn)
{
    const hoot__http_options *options = &conn->http->options;
    uint64_t earned_ms = conn->request->ex.body_read / options->min_body_rate * 1000;

    if (earned_ms + RATE_GRACE_MS + RATE_ROUNDING_MS < options->body_timeout_ms)
        return earned_ms + RATE_GRACE_MS + RATE_ROUNDING_MS;
    return options->body_timeout_ms;
}

static uint64_t body_due(const hoot__h1_conn *conn)
{
    uint64_t now_ms = hoot_now_ms();
    uint64_t waited = body_waited(conn->request, now_ms);
    uint64_t patience = body_patience(conn);

    return now_ms + (patience > waited ? patience - waited : 0);
}

/* Has the client shut its side while it waits for an answer? One that sends everything and then shuts (as
 * `nc` does) looks like one that is gone, until something is written. */
static bool client_is_leaving(const hoot__h1_conn *conn)
{
    return conn->eof && !conn->request->ex.answered;
}

static inline uint64_t head_due(const hoot__h1_conn *conn)
{
    const hoot__http_options *options = &conn->http->options;

    if (!nothing_came(conn) || !conn->served)
        return conn->since_ms + options->head_timeout_ms;
    return conn->sending ? NEVER : conn->since_ms + options->idle_timeout_ms;
}

__attribute__((noinline)) static uint64_t other_due(const hoot__h1_conn *conn)
{
    const hoot__http_options *options = &conn->http->options;

    switch ((hoot__h1_state)conn->state) {
    case HOOT__H1_BUSY:
        if (conn->request->body_waiter)
            return body_due(conn);
        return client_is_leaving(conn) ? conn->since_ms + LEAVING_MS : NEVER;
    case HOOT__H1_REST: return conn->since_ms + options->head_timeout_ms;
    case HOOT__H1_LINGER: return conn->since_ms + options->linger_ms;
    default: return NEVER;
    }
}

static inline uint64_t state_due(const hoot__h1_conn *conn)
{
    return conn->state == HOOT__H1_HEAD ? head_due(conn) : other_due(conn);
}

static void on_timer(hoot__timer *timer);

void hoot__h1_watch(hoot__h1_conn *conn)
{
    uint64_t due_ms = state_due(conn);
    uint64_t send_due_ms = conn->sending ? conn->sent_mark_ms + conn->http->options.send_timeout_ms : NEVER;

    if (send_due_ms < due_ms)
        due_ms = send_due_ms;
    if (hoot__timer_is_set(&conn->timer) && conn->timer.due_ms <= due_ms)
        return;
    if (due_ms == NEVER)
        due_ms = hoot_now_ms() + HEARTBEAT_MS;
    /* It fails only when it was not set before, and then a later call has another chance. */
    (void)hoot__timer_set(&conn->timer, due_ms, on_timer);
}

void hoot__h1_client_leaves(hoot__h1_conn *conn)
{
    conn->since_ms = hoot_now_ms();
    hoot__h1_watch(conn);
}

/* Gives true when the client takes nothing any more. */
static bool output_is_stuck(hoot__h1_conn *conn, uint64_t now_ms)
{
    uint64_t sent;

    if (!conn->sending)
        return false;
    sent = hoot__stream_sent(conn->stream);
    if (sent > conn->sent_mark) {
        conn->sent_mark = sent;
        conn->sent_mark_ms = now_ms;
    }
    return now_ms - conn->sent_mark_ms >= conn->http->options.send_timeout_ms;
}

/* A client may send its next request just as the limit passes: look once more before it is turned away. */
static bool bytes_wait(hoot__h1_conn *conn)
{
    if (conn->graced || hoot_stream_is_alive(conn->stream))
        return false;
    conn->graced = true;
    conn->since_ms += IDLE_GRACE_MS;
    return true;
}

static void head_is_late(hoot__h1_conn *conn)
{
    if (nothing_came(conn) && bytes_wait(conn)) {
        hoot__h1_watch(conn);
        return;
    }
    conn->http->stats.timeouts++;
    if (nothing_came(conn)) {
        hoot__h1_gone(conn, false);
        return;
    }
    hoot__h1_refuse_request(conn, 408, "the request did not arrive in time");
    hoot__h1_advance(conn);
}

static void look_at_body(hoot__h1_conn *conn, uint64_t now_ms)
{
    hoot__h1_request *req = conn->request;

    if (!req->body_waiter || body_waited(req, now_ms) < body_patience(conn))
        return;
    conn->http->stats.timeouts++;
    req->body_code = HOOT_ETIMEOUT;
    req->ex.body_status = 408;
    hoot_wake(req->body_waiter, HOOT_ETIMEOUT);
}

static void look_at_client(hoot__h1_conn *conn, uint64_t now_ms)
{
    hoot__h1_request *req = conn->request;

    if (req->body_waiter || !client_is_leaving(conn) || now_ms < conn->since_ms + LEAVING_MS)
        return;
    conn->since_ms = NEVER - LEAVING_MS; /* once is enough */
    hoot__task_cancel(req->task);
}

/* The limit of this state has passed. */
static void state_is_late(hoot__h1_conn *conn)
{
    switch ((hoot__h1_state)conn->state) {
    case HOOT__H1_HEAD: head_is_late(conn); break;
    case HOOT__H1_REST:
        conn->linger = true;
        hoot__h1_move(conn, HOOT__H1_LAST);
        hoot__h1_advance(conn);
        break;
    default: hoot__h1_gone(conn, false);
    }
}

static void on_timer(hoot__timer *timer)
{
    hoot__h1_conn *conn = (hoot__h1_conn *)(void *)((char *)timer - offsetof(hoot__h1_conn, timer));
    uint64_t now_ms = hoot_now_ms();

    if (output_is_stuck(conn, now_ms)) {
        conn->http->stats.timeouts++;
        hoot__h1_gone(conn, true);
    } else if (conn->state == HOOT__H1_BUSY) {
        look_at_body(conn, now_ms);
        look_at_client(conn, now_ms);
        hoot__h1_watch(conn);
    } else if (now_ms >= state_due(conn)) {
        state_is_late(conn);
    } else {
        hoot__h1_watch(conn);
    }
}

/* What the files that serve HTTP share: the server of one worker, its connections and their requests.
 * docs/internals/connections.md tells how a connection moves. */
#ifndef HOOT_HTTP_SERVING_H
#define HOOT_HTTP_SERVING_H

#include "http/h1_parser.h"
#include "http/server.h"
#include "runtime/task.h"

#include <assert.h>

typedef struct hoot__h1_conn hoot__h1_conn;
typedef struct hoot__h1_request hoot__h1_request;

/* Answers written in one go, see h1_batch.c. */
#define HOOT__H1_BATCH 16

/* Arenas, with a request's record in each, kept for the next requests. */
#define HOOT__SPARE_ARENAS 64

/* Body of a request that nobody read: so much of it is taken and dropped before its connection is given up.
 */
#define HOOT__H1_MAX_DROPPED ((size_t)64 * 1024)

struct hoot__http {
    hoot__http_options options; /* no zero among them */
    hoot__serve_fn serve;
    void *user;
    hoot__http_log_fn log;
    void *log_user;
    hoot__http_stats stats;
    hoot__h1_conn
        *conns; /* all that are alive, also those whose stream is gone but whose request still runs */
    size_t conn_count;
    bool draining;
    hoot_waiter *closed_waiter;                   /* in hoot__http_wait_closed() */
    hoot_arena *spare_arenas[HOOT__SPARE_ARENAS]; /* each with a hoot__h1_request as what it keeps */
    unsigned spare_count;
    hoot__header *scratch;                /* options.max_headers of them, for parsing */
    hoot__h1_conn *batch[HOOT__H1_BATCH]; /* whose answers are about to be written; NULL: one that has left */
    uint32_t batch_count;
    hoot__deferred batch_end;
    char preamble[192]; /* "HTTP/1.1 200 OK\r\nDate: ...\r\nServer: ...\r\n", made once a second */
    size_t preamble_len;
    char preamble_date[32]; /* the date it was made from */
    uint64_t preamble_ms;   /* the loop's time when that was last compared with the clock */
};

/* --- connections (h1_conn.c) --------------------------------------------------------------------- */

typedef enum hoot__h1_state {
    HOOT__H1_HEAD,   /* a head is awaited: none of it there (idle), or a part */
    HOOT__H1_BUSY,   /* a request runs */
    HOOT__H1_REST,   /* it was answered without its body having been read: that is dropped */
    HOOT__H1_LAST,   /* the last answer is on its way out */
    HOOT__H1_LINGER, /* our side is shut; what still comes is dropped, so that the answer is not lost to a
                        reset */
    HOOT__H1_GONE,   /* the stream is closed; freed when no request runs */
} hoot__h1_state;

/* The bytes that have come: data[start..end). What is before `base` belongs to the request that runs. */
typedef struct hoot__h1_input {
    char *data;
    uint32_t capacity, base, start, end;
} hoot__h1_input;

/* Where in its body a request is. It outlives the request, so that an unread rest can be dropped. */
typedef struct hoot__h1_body {
    uint64_t left; /* HOOT__H1_LENGTH: bytes */
    hoot__h1_chunks chunks;
    uint8_t framing; /* hoot__h1_framing */
    bool done;
} hoot__h1_body;

struct hoot__h1_conn {
    hoot__http *http;
    hoot_stream *stream; /* NULL: HOOT__H1_GONE */
    hoot__h1_conn *prev, *next;
    hoot__h1_request *request; /* HOOT__H1_BUSY; also HOOT__H1_GONE while its task ends */
    hoot__h1_input in;
    hoot__h1_body body;
    size_t scanned;     /* how far the parser looked for the end of the head */
    uint64_t since_ms;  /* when this state, or the head in it, began; BUSY: when the client began to leave */
    uint64_t sent_mark; /* how much the system had taken at sent_mark_ms, while `sending` */
    uint64_t sent_mark_ms;
    hoot__timer timer;
    hoot__deferred flush_later;
    uint32_t dropped; /* bytes, in HOOT__H1_REST and HOOT__H1_LINGER */
    uint8_t state;
    uint8_t batch_slot; /* its place in http->batch, and one; 0: none */
    bool served;        /* a request before this one was */
    bool idle;          /* counted in stats.connections_idle */
    bool advancing;     /* hoot__h1_advance() is on the stack */
    bool in_task;       /* a request's task has answered, and takes the next request itself */
    bool sending;       /* a flush waits for the client to read */
    bool eof;           /* the client has shut its side */
    bool linger;        /* the client may still be sending when the last answer is out */
    bool graced;        /* the idle limit has passed once, just as bytes came */
};

/* Go on: parse and start what is there, drop what must be, flush, and set deadlines. Does nothing inside
 * itself. May free the connection, unless a request runs. */
void hoot__h1_advance(hoot__h1_conn *conn);

/* One step of that: parse the next head and start its request. Gives false when nothing more can be done now.
 */
bool hoot__h1_step(hoot__h1_conn *conn);

/* Is the move one of those drawn in connections.md? One byte of `allowed` for each state to come from, one
 * bit of it for each to go to. */
static inline bool hoot__h1_may_move(hoot__h1_state from, hoot__h1_state to)
{
#define TO(state)       (UINT64_C(1) << HOOT__H1_##state)
#define FROM(state, to) ((to) << 8 * HOOT__H1_##state)
    const uint64_t allowed = FROM(HEAD, TO(BUSY) | TO(LAST) | TO(GONE)) |
                             FROM(BUSY, TO(HEAD) | TO(REST) | TO(LAST) | TO(GONE)) |
                             FROM(REST, TO(HEAD) | TO(LAST) | TO(GONE)) | FROM(LAST, TO(LINGER) | TO(GONE)) |
                             FROM(LINGER, TO(GONE));
#undef FROM
#undef TO

    return allowed >> (8 * from + to) & 1;
}

static inline void hoot__h1_set_idle(hoot__h1_conn *conn, bool idle)
{
    if (conn->idle == idle)
        return;
    conn->idle = idle;
    conn->http->stats.connections_idle += idle ? 1 : -1u;
}

/* Change the state; asserts that it may. */
static inline void hoot__h1_move(hoot__h1_conn *conn, hoot__h1_state state)
{
    assert(hoot__h1_may_move((hoot__h1_state)conn->state, state));
    conn->state = (uint8_t)state;
    if (state == HOOT__H1_BUSY)
        return; /* it is idle no more since its first byte, and has no limit of its own */
    conn->since_ms = hoot_now_ms();
    if (state != HOOT__H1_HEAD)
        hoot__h1_set_idle(conn, false);
}

/* Hand `out` to the system. Gives 0, 1 (some waits), or negative: the connection is gone then. */
int hoot__h1_flush(hoot__h1_conn *conn);

/* The same, with `bytes` behind it that are too many to be copied into `out` first. */
int hoot__h1_send(hoot__h1_conn *conn, hoot_str bytes);

/* As hoot__h1_flush(), at the end of this turn, or of the batch that is under way. */
void hoot__h1_flush_soon(hoot__h1_conn *conn);

/* Write what it has to say together with the answers of others (h1_batch.c): within this turn. */
void hoot__h1_batch_add(hoot__h1_conn *conn);

/* It has been written to, or is gone. */
void hoot__h1_batch_leave(hoot__h1_conn *conn);

/* The client is gone, or must be: close the stream, cancel the request. The connection is freed when nothing
 * of it is left on the stack and no request runs. `reset`: tell the client that something was cut. */
void hoot__h1_gone(hoot__h1_conn *conn, bool reset);

/* Answer with an error of the protocol and end the connection. */
void hoot__h1_refuse_request(hoot__h1_conn *conn, int status, const char *why);

/* Set the timer to the connection's next deadline (h1_deadline.c). */
void hoot__h1_watch(hoot__h1_conn *conn);
/* The client has shut its side while a request runs: the time that it has for its answer begins. */
void hoot__h1_client_leaves(hoot__h1_conn *conn);

/* --- the read buffer (h1_input.c) ---------------------------------------------------------------- */

/* Room for bytes from the stream. Gives NULL: none, stop reading. */
char *hoot__h1_input_room(hoot__h1_conn *conn, size_t *out_room);

/* Let it go if it is empty. */
void hoot__h1_input_rest(hoot__h1_conn *conn);

void hoot__h1_input_free(hoot__h1_conn *conn);

/* Let go of the buffer that a request's head lies in, if the connection has another by now. */
void hoot__h1_request_unpin(hoot__h1_request *req);

static inline hoot_str hoot__h1_input_bytes(const hoot__h1_conn *conn)
{
    size_t len = conn->in.end - conn->in.start;

    return hoot_str_of(len ? conn->in.data + conn->in.start : NULL, len);
}

/* --- bodies (h1_body.c) -------------------------------------------------------------------------- */

void hoot__h1_body_init(hoot__h1_body *body, const hoot__h1_head *head);

/* Take the next piece of the body out of what has come. Gives 1 a piece (a slice of the read buffer); 0 the
 * end, and the trailer section of a chunked body; 2 nothing there yet; -status and `*out_why`. */
int hoot__h1_body_next(hoot__h1_conn *conn, hoot_str *out_piece, hoot_str *out_trailers,
                       const char **out_why);

/* hoot__exchange_ops.read_body and fill_body */
int hoot__h1_read_body(hoot__exchange *ex, hoot_str *out_piece);
int hoot__h1_fill_body(hoot__exchange *ex, char *at, size_t room, size_t *out_len);

/* Bytes of the body were put where a handler that waits wants them. */
void hoot__h1_body_filled(hoot__h1_conn *conn, size_t len);

/* Drop the rest of a body that nobody reads. Gives true: it is gone; false: more has to come; a body that is
 * too long or not well formed moves the connection to HOOT__H1_LAST. */
bool hoot__h1_drop_body(hoot__h1_conn *conn);

/* --- requests (h1_request.c) --------------------------------------------------------------------- */

/* What the protocol has to say of an answer itself. */
typedef struct hoot__h1_answer {
    int64_t left;    /* bytes of the body to come: announced first, then counted down; -1: not known */
    bool chunked;    /* then it has no announced length */
    bool close;      /* "Connection: close": also because a field of the head asks for it */
    bool keep_alive; /* "Connection: keep-alive", for HTTP/1.0 */
} hoot__h1_answer;

struct hoot__h1_request {
    hoot__exchange ex;

    /* These begin as zeros, like the end of `ex`. */
    hoot_task *task;
    char *pinned; /* the buffer that the head lies in, when `in` has moved on from it */
    hoot_waiter *body_waiter;
    hoot_waiter *send_waiter;
    hoot_str piece;          /* what a fill left of a piece */
    size_t fill_room;        /* how much of the body that comes belongs to `fill` */
    uint64_t body_waited_ms; /* all waits for the body, but the one under way */
    int body_code;           /* < 0: the body has failed */
    bool lent;               /* a piece of the body is in the handler's hands */
    bool finished;           /* the answer is whole */

    /* From here on nothing is cleared. */
    hoot__h1_conn *conn;
    hoot__h1_answer answer; /* once ex.answered */
    bool head_only;         /* the answer has no body: HEAD, 204, 304 */
    bool client_closes;     /* it asked for the end: nothing comes after this request */
    bool expects_continue;  /* and has not been told to go on */
    uint32_t pinned_capacity;
    char *fill;            /* where what comes of the body belongs */
    uint64_t body_wait_ms; /* when the wait under way began */
};

/* A request for a head to be parsed into. Gives NULL: no memory, the connection was told. */
hoot__h1_request *hoot__h1_request_new(hoot__h1_conn *conn);
void hoot__h1_request_free(hoot__h1_request *req);

/* Start a task for the head that was parsed, unless the task of the request before it goes on with it; the
 * head's slices lie in the read buffer, `len` bytes long. */
void hoot__h1_request_start(hoot__h1_conn *conn, hoot__h1_request *req, const hoot__h1_head *head,
                            size_t len);

static inline hoot__h1_request *hoot__h1_request_of(hoot__exchange *ex)
{
    return (hoot__h1_request *)(void *)ex;
}

/* hoot__exchange_ops (h1_answer.c) */
int hoot__h1_respond(hoot__exchange *ex, const hoot__response_head *head, hoot_str body);
int hoot__h1_start(hoot__exchange *ex, const hoot__response_head *head);
int hoot__h1_write(hoot__exchange *ex, hoot_str bytes);
int hoot__h1_finish(hoot__exchange *ex);

/* --- the bytes of an answer (h1_head_write.c) ---------------------------------------------------- */

/* Append a head, and `body` behind it, in one piece: all of it or nothing. Fields of the head that ask for
 * the end of the connection change `answer`. Errors: HOOT_EINVAL a status or field that may not be sent;
 * HOOT_ENOMEM; HOOT_ELIMIT. */
int hoot__h1_head_write(hoot__http *http, hoot_buf *out, const hoot__response_head *head,
                        hoot__h1_answer *answer, hoot_str body);

#endif

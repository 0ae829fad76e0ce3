/* hoot__exchange: one request and the place for its answer, whatever HTTP version carried them.
 *
 * Made by a protocol (h1 today), handed to the serve function inside a task of its own. `web` sees nothing of
 * the connection below. Slices live until the serve function returns. */
#ifndef HOOT_HTTP_EXCHANGE_H
#define HOOT_HTTP_EXCHANGE_H

#include <hoot/arena.h>
#include <hoot/error.h>

/* Header fields that the library itself looks at, found while parsing so that nobody searches for them again.
 */
#define HOOT__KNOWN_HEADERS(X)                                                                               \
    X(HOST, "host")                                                                                          \
    X(COOKIE, "cookie")                                                                                      \
    X(CONTENT_TYPE, "content-type")                                                                          \
    X(CONTENT_LENGTH, "content-length")                                                                      \
    X(TRANSFER_ENCODING, "transfer-encoding")                                                                \
    X(CONNECTION, "connection")                                                                              \
    X(EXPECT, "expect")                                                                                      \
    X(UPGRADE, "upgrade")                                                                                    \
    X(ORIGIN, "origin")                                                                                      \
    X(ACCEPT, "accept")                                                                                      \
    X(ACCEPT_ENCODING, "accept-encoding")                                                                    \
    X(AUTHORIZATION, "authorization")                                                                        \
    X(USER_AGENT, "user-agent")                                                                              \
    X(DATE, "date")                                                                                          \
    X(SERVER, "server")                                                                                      \
    X(TRAILER, "trailer")                                                                                    \
    X(TE, "te")                                                                                              \
    X(SET_COOKIE, "set-cookie")

typedef enum hoot__known_header {
    HOOT__HEADER_OTHER,
#define X(id, name) HOOT__HEADER_##id,
    HOOT__KNOWN_HEADERS(X)
#undef X
        HOOT__HEADER_COUNT
} hoot__known_header;

typedef struct hoot__header {
    hoot_str name;  /* as sent; compare without case */
    hoot_str value; /* no white space around it */
    hoot__known_header known;
    bool checked; /* of an answer: name and value may be sent as they are, and `known` was looked up */
} hoot__header;

typedef struct hoot__headers {
    hoot__header *at;
    size_t count;
} hoot__headers;

/* What a response begins with. The protocol adds Date, Server, Content-Length or Transfer-Encoding,
 * Connection. */
typedef struct hoot__response_head {
    int status; /* 200 to 599 */
    const hoot__header *headers;
    size_t header_count;
    int64_t body_bytes; /* -1: not known, streamed */
    bool close;         /* the connection should end after it */
} hoot__response_head;

typedef struct hoot__exchange hoot__exchange;

typedef struct hoot__exchange_ops {
    /* The next piece of the request body. Sends "100 Continue" first where the client waits for it.
     * Suspends: until there is some.  Gives: 1 and a slice that lives until the next call; 0 at the end
     * (trailers are then in `trailers`).  Errors: HOOT_ELIMIT over body_limit, HOOT_EBADINPUT framing,
     * HOOT_EEOF, HOOT_ETIMEOUT too slow, HOOT_ECANCELED. */
    int (*read_body)(hoot__exchange *ex, hoot_str *out_piece);
    /* The same, into the caller's memory, which is written to until this returns. Suspends: until `room`
     * bytes (over 0) are there, or the body has ended or failed.  Gives: 1 and how many; 0 at the end, with
     * none. Errors: as read_body, with the next call when some came before. A body is read by one of the two.
     */
    int (*fill_body)(hoot__exchange *ex, char *at, size_t room, size_t *out_len);
    /* The whole answer at once. Does not suspend; `body` may go when it returns. The body is left out for
     * HEAD, 204, 304. */
    int (*respond)(hoot__exchange *ex, const hoot__response_head *head, hoot_str body);
    /* A streamed answer: start once, write any number of times, finish once (the protocol finishes or cuts
     * the connection when the serve function returns without it: a cut tells the client that the body is not
     * whole). write suspends while the client is slow. Errors: HOOT_ECANCELED the client went away;
     * HOOT_ETIMEOUT; HOOT_ELIMIT more than body_bytes. */
    int (*start)(hoot__exchange *ex, const hoot__response_head *head);
    int (*write)(hoot__exchange *ex, hoot_str bytes);
    int (*finish)(hoot__exchange *ex);
} hoot__exchange_ops;

struct hoot__exchange {
    const hoot__exchange_ops *ops;
    hoot_arena *arena; /* the request's; reset after the serve function returned */
    hoot_str method;
    hoot_str scheme;    /* "http" or "https" */
    hoot_str authority; /* Host, or the authority of an absolute-form target; may be empty for HTTP/1.0 */
    hoot_str target;    /* as sent, without scheme and authority: "/a%20b?x=1", or "*" */
    hoot_str path;      /* target up to '?': still percent-encoded */
    hoot_str query;     /* behind '?', or empty */
    int version;        /* 10, 11, 20 */
    hoot__headers headers;
    int16_t known[HOOT__HEADER_COUNT]; /* index of the first field of that name in headers, or -1 */
    int64_t content_length;            /* -1: chunked, not known; 0: no body */
    uint64_t body_limit; /* bytes; over it: HOOT_ELIMIT. web sets it by route before the first read */
    const char *peer;    /* "203.0.113.9" or "" */
    uint16_t peer_port;
    bool secure; /* came over TLS */

    /* These begin as zeros. */
    hoot__headers trailers;  /* kept apart from headers; after the body's end */
    uint64_t started_us;     /* monotonic microseconds when the head was complete; 0: nobody logs */
    uint64_t body_read;      /* bytes of body given so far */
    uint64_t response_bytes; /* body bytes of the answer so far */
    int body_status; /* 0, or what a read_body() that failed should be answered with: 400, 408, 413, 431, 503
                      */
    int status;      /* of the answer */
    bool answered;   /* respond() or start() was called */
};

/* The value of a known header, or an empty slice with NULL ptr. */
static inline hoot_str hoot__exchange_known(const hoot__exchange *ex, hoot__known_header id)
{
    return ex->known[id] < 0 ? hoot_str_of(NULL, 0) : ex->headers.at[ex->known[id]].value;
}

/* Serve one exchange: runs in a task of its own, whose name and deadline it may change. When it returns
 * without having answered, the protocol answers 500. */
typedef void (*hoot__serve_fn)(hoot__exchange *ex, void *user);

#endif

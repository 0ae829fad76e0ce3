/* hoot_stream: bytes to and from one peer (TCP, unix socket, in memory; TLS over any of them), for writers of
 * drivers and protocols. Driven by events: while nothing comes, no task and no buffer exists.
 *
 * Reading: the stream asks its owner for room when bytes are there, and says how many it put into it. Not
 * asking for room is back-pressure: stop reading, and the peer's sends fill up. Writing: bytes are gathered
 * in `out`; hoot_stream_flush() hands them to the system at once as far as it takes them, and the rest as it
 * has room. Many small messages of one turn go out in one write. Closing: hoot_stream_close() ends it and
 * frees it; no event comes after. */
#ifndef HOOT_SYS_STREAM_H
#define HOOT_SYS_STREAM_H

#include <hoot/buf.h>
#include <hoot/error.h>

HOOT_BEGIN_DECLS

typedef struct hoot_stream hoot_stream;

/* What the owner of a stream is told: on the loop, outside of tasks. A callback may close the stream. */
typedef struct hoot_stream_events {
    /* Bytes are there. Gives: where to put them, and `*out_room` (over 0) how many fit. NULL: stop reading.
     */
    char *(*room)(hoot_stream *stream, size_t *out_room, void *user);
    /* `len` (over 0) bytes were put there. */
    void (*arrived)(hoot_stream *stream, size_t len, void *user);
    /* Nothing more will come: 0 the peer closed its side in order, or a negative code. Sent once. Writing may
     * still work. */
    void (*ended)(hoot_stream *stream, int reason, void *user);
    /* All of `out` was taken by the system; sent when a flush could not take everything at once. `code` < 0:
     * writing failed, what was gathered is lost. */
    void (*drained)(hoot_stream *stream, int code, void *user);
} hoot_stream_events;

/* What a kind of stream does. `close` must let every resource go, later if need be, and free the stream. */
typedef struct hoot_stream_ops {
    const char *kind; /* "tcp", "unix", "memory", "tls" */
    int (*read_start)(hoot_stream *stream);
    void (*read_stop)(hoot_stream *stream);
    int (*flush)(hoot_stream *stream);
    int (*shut_down)(hoot_stream *stream);
    bool (*is_alive)(hoot_stream *stream);
    void (*close)(hoot_stream *stream);
} hoot_stream_ops;

/* The part that every kind of stream begins with. */
struct hoot_stream {
    const hoot_stream_ops *ops;
    const hoot_stream_events *events;
    void *user;    /* given to the events */
    hoot_buf out;  /* append to it, then flush */
    size_t unsent; /* bytes flushed that the system has not taken yet, besides `out` */
    uint64_t bytes_in;
    uint64_t bytes_out;
    const char *peer;   /* "203.0.113.9", "::1", or "" for a unix socket; owned by the stream */
    uint16_t peer_port; /* 0 for a unix socket */
    bool local;         /* a unix socket or in memory: no network between */
    bool secure;        /* TLS */
};

/* Change who is told. Allowed at any time before closing. */
static inline void hoot_stream_set_events(hoot_stream *stream, const hoot_stream_events *events, void *user)
{
    stream->events = events;
    stream->user = user;
}

/* Begin, or go on, to tell of bytes. Twice is fine. Gives 0 or a negative code. */
static inline int hoot_stream_read_start(hoot_stream *stream)
{
    return stream->ops->read_start(stream);
}

/* Do not ask for room until started again. */
static inline void hoot_stream_read_stop(hoot_stream *stream)
{
    stream->ops->read_stop(stream);
}

/* Send what is in `out`. Gives: 0 all of it was taken by the system; 1 some waits, and `drained` will come;
 * negative: writing has failed for good. Empty `out`: 0 (1 while earlier bytes wait). */
static inline int hoot_stream_flush(hoot_stream *stream)
{
    return stream->ops->flush(stream);
}

/* Bytes gathered or flushed that the system has not taken. */
static inline size_t hoot_stream_pending(const hoot_stream *stream)
{
    return stream->out.len + stream->unsent;
}

/* Tell the peer that nothing more will be sent (after what is pending); reading goes on. */
static inline int hoot_stream_shut_down(hoot_stream *stream)
{
    return stream->ops->shut_down(stream);
}

/* Look, without taking anything, whether the peer is still there and silent: false when it closed, failed, or
 * sent bytes nobody asked for. One system call. */
static inline bool hoot_stream_is_alive(hoot_stream *stream)
{
    return stream->ops->is_alive(stream);
}

/* End it at once (pending bytes are dropped) and free it. NULL is fine. */
static inline void hoot_stream_close(hoot_stream *stream)
{
    if (stream)
        stream->ops->close(stream);
}

HOOT_END_DECLS
#endif

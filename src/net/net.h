/* Making streams: addresses, listeners, outgoing connections, pairs in memory; and reading from one inside a
 * task. */
#ifndef HOOT_NET_NET_H
#define HOOT_NET_NET_H

#include "runtime/loop.h"

#include <hoot/sys/stream.h>

#include <sys/socket.h>

/* --- addresses to bind: "127.0.0.1:8800", "[::1]:8800", "localhost:0", "unix:/run/x.sock", "fd://3" --- */
typedef enum hoot__bind_kind { HOOT__BIND_TCP, HOOT__BIND_UNIX, HOOT__BIND_FD } hoot__bind_kind;

typedef struct hoot__bind {
    hoot__bind_kind kind;
    struct sockaddr_storage address; /* TCP */
    socklen_t address_len;
    char path[108]; /* unix */
    int fd;         /* fd://N */
} hoot__bind;

/* Errors: HOOT_ECONFIG, with what is wrong and what is accepted. Resolves names by blocking: for start-up
 * only. */
int hoot__bind_parse(const char *text, hoot__bind *out, hoot_error *err);

/* Make a listening socket, non-blocking, close-on-exec. TCP: SO_REUSEADDR, and SO_REUSEPORT when
 * `reuse_port`. Unix: a stale socket file is replaced, one that answers is an error. fd: checked to be a
 * listening stream socket. Gives: the descriptor.  Errors: -errno, with the address and what to do in `err`.
 */
int hoot__bind_open(const hoot__bind *bind, bool reuse_port, int backlog, hoot_error *err);

/* "http://127.0.0.1:8800", "unix:/run/x.sock": where a listening descriptor really listens (port 0 resolved).
 */
void hoot__bind_describe(int fd, char *out, size_t size);

/* --- listeners ----------------------------------------------------------------------------------- */
typedef struct hoot__listener hoot__listener;

/* Takes over `stream` (TCP_NODELAY is set); not yet reading. */
typedef void (*hoot__accept_fn)(hoot_stream *stream, void *user);

/* Accept on a listening descriptor, which stays the caller's. When descriptors run out (EMFILE, ENFILE,
 * ENOBUFS, ENOMEM) accepting pauses and is tried again 4 times a second and whenever a stream closes: it
 * never spins. */
hoot__listener *hoot__listener_open(int fd, hoot__accept_fn accepted, void *user, hoot_error *err);
void hoot__listener_pause(hoot__listener *listener);
void hoot__listener_resume(hoot__listener *listener);
void hoot__listener_close(hoot__listener *listener);

/* --- outgoing: Suspends until connected, the deadline, or cancelled. Names are resolved off the loop; every
 * address is tried in turn. Gives the stream, not yet reading, without events.  Errors: NULL and `err`
 * (HOOT_ECONNECT with the cause). */
hoot_stream *hoot__connect_tcp(const char *host, uint16_t port, hoot_error *err);
hoot_stream *hoot__connect_unix(const char *path, hoot_error *err);

/* Turn on keep-alive probes (and TCP_USER_TIMEOUT) so that a vanished peer is noticed within about `seconds`.
 * No-op for others. */
void hoot__stream_keepalive(hoot_stream *stream, unsigned seconds);

/* The descriptor below, also through TLS, or -1. */
int hoot__stream_fd(const hoot_stream *stream);

/* Bytes that the system has taken so far, also of a flush that is under way: for telling a slow peer from a
 * stuck one. Of TLS: encrypted bytes. */
uint64_t hoot__stream_sent(const hoot_stream *stream);

/* hoot_stream_flush() of `out` and, behind it, `bytes`, which are sent from where they are: only what the
 * system does not take at once is copied. Gives and errors: as hoot_stream_flush(); HOOT_ENOMEM also means
 * that the stream can only be closed. */
int hoot__stream_send(hoot_stream *stream, hoot_str bytes);

/* Close so that the peer is told that something was cut (TCP: a reset). NULL is fine. */
void hoot__stream_reset(hoot_stream *stream);

/* Give an `out` without memory a first block (cheap: recycled). Errors: HOOT_ENOMEM. */
int hoot__stream_need(hoot_stream *stream);

/* Let the memory of an empty `out` go, because nothing will be written for a while. */
void hoot__stream_rest(hoot_stream *stream);

/* Two streams in memory, each the other's peer; bytes arrive in the next loop turn. `max_pending`: bytes one
 * side may have under way before flush says 1. */
int hoot__stream_pair(size_t max_pending, hoot_stream **out_a, hoot_stream **out_b);

/* --- reading inside a task ----------------------------------------------------------------------- */
typedef struct hoot__reader {
    hoot_stream *stream;
    hoot_buf in; /* what has come and was not consumed: data[start..len) */
    size_t start;
    int ended;      /* 0, HOOT_EEOF or another negative code: nothing more will come */
    int write_code; /* < 0: writing failed */
    bool filling;   /* inside hoot__reader_fill(): the bytes may move */
    hoot_waiter *waiter;
} hoot__reader;

/* Take over the events of `stream`; `in` grows to at most max_bytes. */
void hoot__reader_init(hoot__reader *reader, hoot_stream *stream, size_t max_bytes);
/* Take over the events again, after somebody else had them. What has come and is in `in` stays. */
void hoot__reader_resume(hoot__reader *reader);
/* Let the memory go while nothing is expected, if all that has come was consumed. */
void hoot__reader_rest(hoot__reader *reader);
/* Lets the buffer go; closes nothing. */
void hoot__reader_fini(hoot__reader *reader);

/* Suspends: until at least `want` bytes are there.
 * Errors: HOOT_EEOF, -errno, HOOT_ETIMEOUT, HOOT_ECANCELED; HOOT_ELIMIT want is over max_bytes. What has come
 * stays. */
int hoot__reader_fill(hoot__reader *reader, size_t want);

/* The bytes there now; Lives: until the next fill. */
static inline hoot_str hoot__reader_bytes(const hoot__reader *reader)
{
    size_t len = reader->in.len - reader->start;

    return hoot_str_of(len ? reader->in.data + reader->start : NULL, len);
}
void hoot__reader_consume(hoot__reader *reader, size_t len);

/* Flush `out`.  Suspends: while more than `max_pending` bytes wait; reading goes on meanwhile.
 * Errors: writing failed; HOOT_ETIMEOUT, HOOT_ECANCELED. */
int hoot__reader_flush(hoot__reader *reader, size_t max_pending);

#endif

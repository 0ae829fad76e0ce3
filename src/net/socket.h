/* Streams over sockets, as the files of this room make them. */
#ifndef HOOT_NET_SOCKET_H
#define HOOT_NET_SOCKET_H

#include "net/net.h"

/* A stream over a connected socket, non-blocking and close-on-exec. `address` is the peer's (for the text of
 * it); its family tells TCP from unix. Takes: the descriptor, also on failure. Gives NULL and `out_code`:
 * HOOT_ENOMEM. */
HOOT_NODISCARD hoot_stream *hoot__socket_stream_new_take(int fd, const struct sockaddr *address,
                                                         int *out_code);

/* If this is a stream in memory: let its peer's `ended` say -ECONNRESET when this one is closed. */
void hoot__memory_stream_break(hoot_stream *stream);

/* Take, at once and outside of the stream's events, what has come and would be told of next.
 * Gives: bytes; 0: nothing is there; HOOT_EEOF or another negative code: the stream has ended, which it will
 * also tell its owner. For sockets and streams in memory. */
int hoot__stream_grab(hoot_stream *stream, char *out, size_t size);
int hoot__memory_stream_grab(hoot_stream *stream, char *out, size_t size);

/* Tell of bytes only when so many are there, or the stream has ended; 1: of any. For TCP, also below TLS;
 * other streams tell of any. */
void hoot__stream_gather(hoot_stream *stream, int bytes);

/* The stream below TLS; any other is itself. */
const hoot_stream *hoot__tls_below(const hoot_stream *stream);

/* hoot__stream_send() of a TLS stream. */
int hoot__tls_send(hoot_stream *stream, hoot_str bytes);

/* If this is a TLS stream: closing it shall look like a cut, here and below. Gives: whether it is one. */
bool hoot__tls_stream_cut(hoot_stream *stream);

/* A descriptor was closed: listeners that wait for one try again. */
void hoot__listeners_retry(void);

#endif

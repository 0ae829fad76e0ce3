/* Somebody who listens to a stream: counts what its events tell, and closes it in one of them. */
#ifndef HOOT_TESTS_NET_TLS_LISTENER_H
#define HOOT_TESTS_NET_TLS_LISTENER_H

#include "unit/net/tls_rig.h"

typedef struct listener {
    int ended_count, reason;
    size_t arrived;
    char bytes[256];
    size_t close_in; /* 1 room, 2 arrived, 3 ended, 4 drained */
    bool closed;
    int drained_count, drained_code;
} listener;

static inline void close_now(listener *l, hoot_stream *stream, size_t where)
{
    if (l->close_in == where && !l->closed) {
        l->closed = true;
        hoot_stream_close(stream);
    }
}

static inline char *on_room(hoot_stream *stream, size_t *out_room, void *user)
{
    listener *l = user;

    assert_false(l->closed);
    close_now(l, stream, 1);
    *out_room = sizeof l->bytes;
    return l->bytes;
}

static inline void on_arrived(hoot_stream *stream, size_t len, void *user)
{
    listener *l = user;

    assert_false(l->closed);
    assert_true(len > 0);
    l->arrived += len;
    close_now(l, stream, 2);
}

static inline void on_ended(hoot_stream *stream, int reason, void *user)
{
    listener *l = user;

    assert_false(l->closed);
    l->ended_count++;
    l->reason = reason;
    close_now(l, stream, 3);
}

static inline void on_drained(hoot_stream *stream, int code, void *user)
{
    listener *l = user;

    assert_false(l->closed);
    l->drained_count++;
    l->drained_code = code;
    close_now(l, stream, 4);
}

static const hoot_stream_events listening = { on_room, on_arrived, on_ended, on_drained };

static inline void listen_to(listener *l, hoot_stream *stream)
{
    memset(l, 0, sizeof *l);
    hoot_stream_set_events(stream, &listening, l);
    assert_int_equal(hoot_stream_read_start(stream), 0);
}

#endif

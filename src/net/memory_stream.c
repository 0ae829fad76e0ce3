/* Two streams in memory, each the other's peer: for tests, and for whoever speaks a protocol to itself.
 *
 * They behave like a pair of sockets whose buffers hold `max_pending` bytes a direction:
 *
 *     a.out --flush--> b.inbox --end of the turn--> b's room(), arrived()
 *
 * What does not fit into the peer's inbox stays in `out` and moves on as the peer takes bytes. Both ends are
 * one allocation, let go when both are closed and none of their callbacks is on the stack. */
#include "net/socket.h"

#include "base/alloc.h"

#include <errno.h>

#define MAX_OUT_BYTES ((size_t)1 << 30)

typedef struct pair pair;

typedef struct end {
    hoot_stream base;
    hoot__deferred turn; /* delivers, tells the end, tells `drained` */
    pair *both;
    struct end *peer;
    hoot_buf inbox; /* what the peer sent and the owner has not been given */
    int end_code;   /* how the peer's side ended */
    bool reading;
    bool peer_shut; /* nothing comes behind what is in the inbox */
    bool ended;     /* the owner was told so */
    bool stuck;     /* a flush gave 1: `drained` is owed */
    bool shut;      /* this side has shut down: nothing more may be sent */
    bool broken;    /* closing tells the peer of a reset */
    bool closed;
} end;

struct pair {
    end ends[2];
    size_t max_pending;
    int users; /* ends that are open, and callbacks that run */
};

static const hoot_stream_ops memory_ops;

static end *of(hoot_stream *stream)
{
    return (end *)stream;
}

static void pair_unref(pair *p)
{
    if (--p->users == 0)
        hoot__free(p);
}

static void on_turn(hoot__deferred *deferred);

static void wake(end *e)
{
    if (!e->closed)
        hoot__loop_defer(&e->turn, on_turn);
}

/* Move what fits from `out` into the peer's inbox. Gives 0 all, 1 some is left, or a negative code. */
static int push(end *e)
{
    end *peer = e->peer;
    size_t space = e->both->max_pending -
                   (peer->inbox.len < e->both->max_pending ? peer->inbox.len : e->both->max_pending);
    size_t len = e->base.out.len < space ? e->base.out.len : space;

    if (peer->closed || e->shut)
        return -EPIPE;
    if (len > 0 && hoot_buf_add(&peer->inbox, e->base.out.data, len) < 0)
        return HOOT_ENOMEM;
    hoot_buf_consume(&e->base.out, len);
    e->base.bytes_out += len;
    if (len > 0)
        wake(peer);
    return e->base.out.len > 0;
}

static void deliver(end *e)
{
    while (!e->closed && e->reading && e->inbox.len > 0) {
        size_t room = 0;
        char *memory = e->base.events->room(&e->base, &room, e->base.user);
        size_t len = e->inbox.len < room ? e->inbox.len : room;

        if (e->closed || !e->reading)
            return;
        if (!memory || room == 0) {
            e->reading = false;
            return;
        }
        memcpy(memory, e->inbox.data, len);
        hoot_buf_consume(&e->inbox, len);
        e->base.bytes_in += len;
        if (e->peer->stuck)
            wake(e->peer);
        e->base.events->arrived(&e->base, len, e->base.user);
    }
}

static void tell_end(end *e)
{
    if (e->closed || !e->reading || e->ended || !e->peer_shut || e->inbox.len > 0)
        return;
    e->ended = true;
    e->base.events->ended(&e->base, e->end_code, e->base.user);
}

static void go_on_sending(end *e)
{
    int rc;

    if (e->closed || !e->stuck)
        return;
    rc = push(e);
    if (rc == 1)
        return;
    e->stuck = false;
    if (rc < 0)
        hoot_buf_clear(&e->base.out);
    e->base.events->drained(&e->base, rc, e->base.user);
}

static void on_turn(hoot__deferred *deferred)
{
    end *e = (end *)((char *)deferred - offsetof(end, turn));

    e->both->users++;
    go_on_sending(e);
    deliver(e);
    tell_end(e);
    pair_unref(e->both);
}

static int memory_read_start(hoot_stream *stream)
{
    end *e = of(stream);

    if (!e->reading) {
        e->reading = true;
        if (e->inbox.len > 0 || e->peer_shut)
            wake(e);
    }
    return 0;
}

static void memory_read_stop(hoot_stream *stream)
{
    of(stream)->reading = false;
}

static int memory_flush(hoot_stream *stream)
{
    end *e = of(stream);
    int rc = e->stuck ? 1 : push(e);

    if (rc < 0)
        hoot_buf_clear(&stream->out);
    e->stuck = rc == 1;
    return rc;
}

static void end_of_peer(end *e, int code)
{
    if (e->peer_shut && code == 0)
        return;
    e->peer_shut = true;
    e->end_code = code;
    wake(e);
}

static int memory_shut_down(hoot_stream *stream)
{
    end *e = of(stream);
    int rc = memory_flush(stream);

    if (rc == 0) {
        e->shut = true;
        end_of_peer(e->peer, 0);
    }
    return rc < 0 ? rc : 0;
}

static bool memory_is_alive(hoot_stream *stream)
{
    return !of(stream)->peer_shut && of(stream)->inbox.len == 0;
}

static void memory_close(hoot_stream *stream)
{
    end *e = of(stream);

    e->closed = true;
    hoot__loop_undefer(&e->turn);
    hoot_buf_fini(&e->inbox);
    hoot_buf_clear(&stream->out);
    hoot__stream_rest(stream);
    if (!e->peer->closed) {
        if (e->broken)
            hoot_buf_clear(&e->peer->inbox);
        end_of_peer(e->peer, e->broken ? -ECONNRESET : 0);
    }
    pair_unref(e->both);
}

static const hoot_stream_ops memory_ops = {
    "memory",         memory_read_start, memory_read_stop, memory_flush,
    memory_shut_down, memory_is_alive,   memory_close,
};

void hoot__memory_stream_break(hoot_stream *stream)
{
    if (stream->ops == &memory_ops)
        of(stream)->broken = true;
}

int hoot__memory_stream_grab(hoot_stream *stream, char *out, size_t size)
{
    end *e = of(stream);
    size_t len = e->inbox.len < size ? e->inbox.len : size;

    if (len == 0)
        return !e->peer_shut ? 0 : e->end_code < 0 ? e->end_code : HOOT_EEOF;
    memcpy(out, e->inbox.data, len);
    hoot_buf_consume(&e->inbox, len);
    stream->bytes_in += len;
    if (e->peer->stuck)
        wake(e->peer);
    return (int)len;
}

static void end_init(pair *p, int which)
{
    end *e = &p->ends[which];

    e->base.ops = &memory_ops;
    e->base.peer = "";
    e->base.local = true;
    e->both = p;
    e->peer = &p->ends[!which];
    hoot_buf_init(&e->base.out, MAX_OUT_BYTES);
    hoot_buf_init(&e->inbox, p->max_pending);
}

int hoot__stream_pair(size_t max_pending, hoot_stream **out_a, hoot_stream **out_b)
{
    pair *p = hoot__calloc(1, sizeof *p);

    if (!p)
        return HOOT_ENOMEM;
    p->max_pending = max_pending;
    p->users = 2;
    end_init(p, 0);
    end_init(p, 1);
    *out_a = &p->ends[0].base;
    *out_b = &p->ends[1].base;
    return 0;
}

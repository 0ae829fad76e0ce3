/* Compression as a stream over a stream (over TLS, when both are there: what is encrypted cannot be
 * compressed).
 *
 *     lower's room(), arrived() --> in --unpack--> owner's room(), arrived()
 *     out --pack--> lower's out
 *
 * Nothing unpacked is kept here: it goes into the owner's room, and while there is none nothing is unpacked
 * and soon nothing is read below. The owner is asked for room when compressed bytes are there, which need not
 * make any plain ones yet.
 *
 * Servers count compressed packets from 0 in each command, by the packet they are in; so commands that were
 * written together are packed apart. What has number 0 begins a command. */
#include "squeezed_stream.h"

#include "squeeze.h"

#include "base/alloc.h"
#include "net/net.h"

#include <assert.h>

enum { IN_BYTES = 16 * 1024, PACKET_HEADER = 4, KEEP_OUT_BYTES = 64 * 1024, OPEN = 1 };

typedef struct squeezed {
    hoot_stream base;
    hoot_stream *lower;
    hoot__my_unpacker unpacker;
    hoot__deferred turn;
    char *in; /* in[in_start..in_len): compressed; exists while there is something */
    size_t in_start, in_len;
    size_t packet_left; /* of the plain packet that is written now */
    int lower_end;      /* OPEN, or how the stream below ended */
    int write_code;     /* < 0: writing has failed */
    unsigned busy;      /* callbacks on the stack: who closes does not free */
    bool reading, ended, closed;
} squeezed;

static const hoot_stream_ops squeezed_ops;

static squeezed *of(const hoot_stream *stream)
{
    return (squeezed *)stream;
}

static void destroy(squeezed *s)
{
    hoot__my_unpacker_fini(&s->unpacker);
    hoot_buf_fini(&s->base.out);
    hoot__free(s->in);
    hoot__free(s);
}

static void leave(squeezed *s)
{
    if (--s->busy == 0 && s->closed)
        destroy(s);
}

/* --- reading --- */

static bool is_fed(const squeezed *s)
{
    return s->in_start < s->in_len || s->unpacker.full || s->lower_end != OPEN;
}

static void end(squeezed *s, int reason)
{
    s->ended = true;
    s->reading = false;
    s->base.events->ended(&s->base, reason, s->base.user);
}

/* One step. Gives: whether there may be another. */
static bool hand_over(squeezed *s)
{
    hoot_str in = hoot_str_of(s->in + s->in_start, s->in_len - s->in_start);
    size_t room = 0;
    char *memory = s->base.events->room(&s->base, &room, s->base.user);
    int len;

    if (s->closed || !s->reading)
        return false;
    if (!memory || room == 0) {
        s->reading = false;
        return false;
    }
    len = hoot__my_unpack(&s->unpacker, &in, memory, room < INT32_MAX ? room : INT32_MAX);
    s->in_start = s->in_len - in.len;
    if (len < 0)
        end(s, len);
    if (len <= 0)
        return false;
    s->base.bytes_in += (size_t)len;
    s->base.events->arrived(&s->base, (size_t)len, s->base.user);
    return true;
}

static void drop_in(squeezed *s)
{
    hoot__free(s->in);
    s->in = NULL;
    s->in_start = s->in_len = 0;
}

static void deliver(squeezed *s)
{
    while (s->reading && !s->closed && (s->in_start < s->in_len || s->unpacker.full) && hand_over(s))
        continue;
    if (s->closed)
        return;
    if (s->in_start == s->in_len)
        drop_in(s);
    if (s->reading && s->lower_end != OPEN)
        end(s, s->lower_end == 0 && s->unpacker.header_len > 0 ? HOOT_EEOF : s->lower_end);
    else if (s->reading)
        (void)hoot_stream_read_start(s->lower);
    else
        hoot_stream_read_stop(s->lower);
}

static char *on_lower_room(hoot_stream *lower, size_t *out_room, void *user)
{
    squeezed *s = user;

    (void)lower;
    if (!s->in)
        s->in = hoot__malloc(IN_BYTES);
    if (!s->in && s->reading) {
        end(s, HOOT_ENOMEM);
        return NULL;
    }
    *out_room = IN_BYTES - s->in_len;
    return s->in && *out_room > 0 ? s->in + s->in_len : NULL;
}

static void on_lower_arrived(hoot_stream *lower, size_t len, void *user)
{
    squeezed *s = user;

    (void)lower;
    s->busy++;
    s->in_len += len;
    deliver(s);
    leave(s);
}

static void on_lower_ended(hoot_stream *lower, int reason, void *user)
{
    squeezed *s = user;

    (void)lower;
    s->busy++;
    s->lower_end = reason;
    deliver(s);
    leave(s);
}

static void on_turn(hoot__deferred *deferred)
{
    squeezed *s = (squeezed *)((char *)deferred - offsetof(squeezed, turn));

    s->busy++;
    deliver(s);
    leave(s);
}

static int read_start(hoot_stream *stream)
{
    squeezed *s = of(stream);

    if (s->reading || s->ended)
        return 0;
    s->reading = true;
    if (!is_fed(s))
        return hoot_stream_read_start(s->lower);
    hoot__loop_defer(&s->turn, on_turn);
    return 0;
}

static void read_stop(hoot_stream *stream)
{
    of(stream)->reading = false;
    hoot_stream_read_stop(of(stream)->lower);
}

/* --- writing --- */

/* How much of `rest` is one command's; *out_new: it begins here. A header that is not all there waits. */
static size_t measure(squeezed *s, hoot_str rest, bool *out_new)
{
    size_t len = 0;

    *out_new = false;
    for (;;) {
        size_t step = s->packet_left < rest.len - len ? s->packet_left : rest.len - len;
        hoot_str head;

        s->packet_left -= step;
        len += step;
        head = hoot_str_from_index(rest, len);
        if (head.len < PACKET_HEADER || s->packet_left > 0)
            return len;
        if (head.ptr[3] == 0 && len > 0)
            return len;
        *out_new = *out_new || head.ptr[3] == 0;
        s->packet_left = PACKET_HEADER + ((size_t)(uint8_t)head.ptr[0] | (size_t)(uint8_t)head.ptr[1] << 8 |
                                          (size_t)(uint8_t)head.ptr[2] << 16);
    }
}

static int pack_all(squeezed *s)
{
    hoot_str rest = hoot_buf_str(&s->base.out);
    int rc = 0;

    while (rc == 0 && rest.len > 0) {
        bool begins;
        size_t len = measure(s, rest, &begins);

        if (len == 0)
            break;
        if (begins)
            s->unpacker.sequence = 0;
        rc = hoot__my_pack(hoot_str_head(rest, len), &s->unpacker.sequence, &s->lower->out);
        rest = hoot_str_from_index(rest, len);
        s->base.bytes_out += len;
    }
    hoot_buf_consume(&s->base.out, s->base.out.len - rest.len);
    if (s->base.out.len == 0 && s->base.out.capacity > KEEP_OUT_BYTES)
        hoot_buf_fini(&s->base.out);
    return rc;
}

static int write_failed(squeezed *s, int code)
{
    s->write_code = code;
    s->base.unsent = 0;
    hoot_buf_clear(&s->base.out);
    return code;
}

static int flush(hoot_stream *stream)
{
    squeezed *s = of(stream);
    int rc = s->write_code < 0 ? s->write_code : pack_all(s);

    if (rc == 0)
        rc = hoot_stream_flush(s->lower);
    if (rc < 0)
        return write_failed(s, rc);
    stream->unsent = hoot_stream_pending(s->lower);
    return rc;
}

static void on_lower_drained(hoot_stream *lower, int code, void *user)
{
    squeezed *s = user;

    s->busy++;
    if (code < 0)
        (void)write_failed(s, code);
    else
        s->base.unsent = hoot_stream_pending(lower);
    s->base.events->drained(&s->base, code, s->base.user);
    leave(s);
}

static int shut_down(hoot_stream *stream)
{
    int rc = flush(stream);

    return rc < 0 ? rc : hoot_stream_shut_down(of(stream)->lower);
}

/* --- life --- */

static bool is_alive(hoot_stream *stream)
{
    squeezed *s = of(stream);

    return !is_fed(s) && s->write_code == 0 && hoot_stream_is_alive(s->lower);
}

static void close_stream(hoot_stream *stream)
{
    squeezed *s = of(stream);

    assert(!s->closed);
    s->closed = true;
    s->reading = false;
    hoot__loop_undefer(&s->turn);
    hoot_stream_close(s->lower);
    if (s->busy == 0)
        destroy(s);
}

static const hoot_stream_ops squeezed_ops = {
    "zlib", read_start, read_stop, flush, shut_down, is_alive, close_stream,
};

static const hoot_stream_events lower_events = { on_lower_room, on_lower_arrived, on_lower_ended,
                                                 on_lower_drained };

hoot_stream *hoot__my_squeezed_stream_new(hoot_stream *lower)
{
    squeezed *s = hoot__calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->base.ops = &squeezed_ops;
    hoot_buf_init(&s->base.out, lower->out.max_bytes);
    s->base.peer = lower->peer;
    s->base.peer_port = lower->peer_port;
    s->base.local = lower->local;
    s->base.secure = lower->secure;
    s->lower = lower;
    s->lower_end = OPEN;
    hoot_stream_read_stop(lower);
    hoot_stream_set_events(lower, &lower_events, s);
    return &s->base;
}

/* Reading from a stream inside a task: what has come is kept until the task wants it. When `in` is full the
 * stream stops reading (back-pressure), until enough has been consumed. One task uses a reader at a time. */
#include "net/block.h"
#include "net/net.h"

#include <string.h>

#define ROOM_BYTES ((size_t)4096)

static hoot__reader *of(void *user)
{
    return user;
}

static void wake(hoot__reader *reader)
{
    if (reader->waiter)
        hoot_wake(reader->waiter, 0);
}

/* Drop what was consumed, and have room for more. Moves what is there: only inside hoot__reader_fill(). */
static int make_room(hoot__reader *reader)
{
    hoot_buf *in = &reader->in;
    size_t left = in->max_bytes - (in->len - reader->start);

    if (reader->start > 0) {
        hoot_buf_consume(in, reader->start);
        reader->start = 0;
    }
    if (!in->data && left >= HOOT__BLOCK_BYTES)
        return hoot__block_need(in);
    return in->capacity > in->len ? 0 : hoot_buf_reserve(in, left < ROOM_BYTES ? left : ROOM_BYTES);
}

static char *on_room(hoot_stream *stream, size_t *out_room, void *user)
{
    hoot__reader *reader = of(user);
    hoot_buf *in = &reader->in;

    (void)stream;
    if (in->len >= in->capacity && reader->filling) {
        int rc = make_room(reader);

        if (rc < 0) {
            reader->ended = rc;
            wake(reader);
            return NULL;
        }
    }
    /* Somebody may hold slices of what is there: full means stop, until the next fill. */
    if (in->len >= in->capacity)
        return NULL;
    *out_room = in->capacity - in->len;
    return in->data + in->len;
}

static void on_arrived(hoot_stream *stream, size_t len, void *user)
{
    hoot__reader *reader = of(user);

    (void)stream;
    reader->in.len += len;
    wake(reader);
}

static void on_ended(hoot_stream *stream, int reason, void *user)
{
    hoot__reader *reader = of(user);

    (void)stream;
    reader->ended = reason == 0 ? HOOT_EEOF : reason;
    wake(reader);
}

static void on_drained(hoot_stream *stream, int code, void *user)
{
    hoot__reader *reader = of(user);

    (void)stream;
    if (code < 0)
        reader->write_code = code;
    wake(reader);
}

static const hoot_stream_events reader_events = { on_room, on_arrived, on_ended, on_drained };

void hoot__reader_init(hoot__reader *reader, hoot_stream *stream, size_t max_bytes)
{
    memset(reader, 0, sizeof *reader);
    reader->stream = stream;
    hoot_buf_init(&reader->in, max_bytes);
    hoot_stream_set_events(stream, &reader_events, reader);
}

void hoot__reader_resume(hoot__reader *reader)
{
    hoot_stream_set_events(reader->stream, &reader_events, reader);
}

void hoot__reader_fini(hoot__reader *reader)
{
    hoot_buf_fini(&reader->in);
    reader->start = 0;
}

void hoot__reader_rest(hoot__reader *reader)
{
    if (reader->start < reader->in.len)
        return;
    reader->start = 0;
    hoot_buf_clear(&reader->in);
    hoot__block_rest(&reader->in);
}

static int wait_event(hoot__reader *reader)
{
    hoot_waiter waiter = HOOT_WAITER_INIT;
    int rc;

    reader->waiter = &waiter;
    rc = hoot_wait(&waiter);
    reader->waiter = NULL;
    return rc;
}

static int fill(hoot__reader *reader, size_t want)
{
    while (reader->in.len - reader->start < want) {
        int rc = reader->ended;

        if (rc == 0)
            rc = hoot_stream_read_start(reader->stream);
        if (rc == 0)
            rc = wait_event(reader);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int hoot__reader_fill(hoot__reader *reader, size_t want)
{
    hoot_buf *in = &reader->in;
    int rc;

    if (want > in->max_bytes)
        return HOOT_ELIMIT;
    if (in->len - reader->start >= want)
        return 0;
    if (reader->start == in->len)
        reader->start = 0, hoot_buf_clear(in);
    reader->filling = true;
    rc = fill(reader, want);
    reader->filling = false;
    return rc;
}

void hoot__reader_consume(hoot__reader *reader, size_t len)
{
    size_t there = reader->in.len - reader->start;

    reader->start += len < there ? len : there;
}

int hoot__reader_flush(hoot__reader *reader, size_t max_pending)
{
    int rc = reader->write_code < 0 ? reader->write_code : hoot_stream_flush(reader->stream);

    while (rc >= 0 && hoot_stream_pending(reader->stream) > max_pending) {
        /* Reading goes on, or two peers that both write would wait for each other. */
        if (reader->ended == 0)
            (void)hoot_stream_read_start(reader->stream);
        rc = wait_event(reader);
        if (reader->write_code < 0)
            rc = reader->write_code;
    }
    return rc < 0 ? rc : 0;
}

/* The compressed protocol. First byte: bits 0-1 what is done (1 through a stream, 3 pack), bits 2-7 the
 * length of the pieces that come; second byte: the room that there is for what comes of them; the rest is
 * what a server sends (3: what is packed).
 *
 * Whatever the pieces and the room, the same bytes must come of it, and one that is wrong is wrong for all of
 * them. */
#include "db/mysql/squeeze.h"
#include "db/mysql/squeezed_stream.h"
#include "net/net.h"
#include "runtime/loop.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { THROUGH_A_STREAM = 1, PACK = 3, PLAIN_MAX = 1024 * 1024 };

typedef struct input {
    hoot_str bytes;
    size_t piece, room;
} input;

/* All that comes of the bytes, up to PLAIN_MAX. Gives: 0 or what is wrong. */
static int unpack(const input *in, hoot_buf *out)
{
    hoot__my_unpacker unpacker = { .ready = false };
    hoot_str rest = in->bytes;
    char *room = malloc(in->room);
    int len = 0;

    while (len >= 0 && (rest.len > 0 || unpacker.full) && out->len < PLAIN_MAX) {
        hoot_str piece = hoot_str_head(rest, in->piece);
        size_t given = piece.len;

        len = hoot__my_unpack(&unpacker, &piece, room, in->room);
        assert(len <= (int)in->room && piece.len <= given);
        if (len == 0 && piece.len > 0)
            abort(); /* it would never go on */
        rest = hoot_str_from_index(rest, given - piece.len);
        if (len > 0)
            (void)hoot_buf_add(out, room, (size_t)len);
        if (len == 0 && rest.len == 0)
            break;
    }
    hoot__my_unpacker_fini(&unpacker);
    free(room);
    return len < 0 ? len : 0;
}

/* --- through a stream --- */

typedef struct passing {
    const input *in;
    hoot_buf *out;
    int rc;
} passing;

static int pass(hoot_error *err, void *arg)
{
    passing *p = arg;
    hoot_stream *server, *lower, *squeezed;
    hoot__reader reader;
    hoot_str rest = p->in->bytes;

    (void)err;
    if (hoot__stream_pair(4 << 20, &server, &lower) < 0)
        abort();
    squeezed = hoot__my_squeezed_stream_new(lower);
    hoot__reader_init(&reader, squeezed, PLAIN_MAX);
    while (rest.len > 0) {
        hoot_str piece = hoot_str_head(rest, p->in->piece);

        (void)hoot_buf_add_str(&server->out, piece);
        (void)hoot_stream_flush(server);
        rest = hoot_str_from_index(rest, piece.len);
        (void)hoot_yield();
    }
    (void)hoot_stream_shut_down(server);
    do {
        hoot_str there = hoot__reader_bytes(&reader);
        size_t len = there.len < p->in->room ? there.len : p->in->room;

        (void)hoot_buf_add(p->out, there.ptr, len);
        hoot__reader_consume(&reader, len);
        p->rc = p->out->len < PLAIN_MAX ? hoot__reader_fill(&reader, 1) : HOOT_EEOF;
    } while (p->rc == 0);
    hoot_stream_close(squeezed);
    hoot_stream_close(server);
    hoot__reader_fini(&reader);
    return 0;
}

static int unpack_by_stream(const input *in, hoot_buf *out)
{
    const hoot__loop_options options = { .virtual_clock = true, .watchdog_ms = 10000 };
    passing both = { in, out, 0 };
    hoot_error err = HOOT_ERROR_INIT;

    if (hoot__loop_run(&options, pass, &both, &err) < 0)
        abort();
    return both.rc == HOOT_EPROTOCOL ? both.rc : 0;
}

/* --- what is compared --- */

/* Bytes in front of an error may be dropped with it. */
static void expect_same(const hoot_buf *a, int a_code, const hoot_buf *b, int b_code)
{
    size_t len = a->len < b->len ? a->len : b->len;

    assert(len == 0 || memcmp(a->data, b->data, len) == 0);
    if (a->len >= PLAIN_MAX || b->len >= PLAIN_MAX)
        return;
    assert(a_code == b_code);
    assert(a_code < 0 || a->len == b->len);
}

static void unpack_both_ways(const input *in, int (*other)(const input *, hoot_buf *))
{
    const input whole = { in->bytes, SIZE_MAX, 64 * 1024 };
    hoot_buf a, b;
    int a_code, b_code;

    hoot_buf_init(&a, 2 * PLAIN_MAX);
    hoot_buf_init(&b, 2 * PLAIN_MAX);
    a_code = unpack(&whole, &a);
    b_code = other(in, &b);
    expect_same(&a, a_code, &b, b_code);
    hoot_buf_fini(&a);
    hoot_buf_fini(&b);
}

/* What is packed comes back. */
static void pack(const input *in)
{
    hoot_buf packed, plain;
    input back = *in;
    uint8_t sequence = 0;

    hoot_buf_init(&packed, 4 * PLAIN_MAX);
    hoot_buf_init(&plain, 4 * PLAIN_MAX);
    if (hoot__my_pack(in->bytes, &sequence, &packed) < 0)
        abort();
    back.bytes = hoot_buf_str(&packed);
    assert(unpack(&back, &plain) == 0 && hoot_str_equal(hoot_buf_str(&plain), in->bytes));
    hoot_buf_fini(&packed);
    hoot_buf_fini(&plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in;

    if (size < 2)
        return 0;
    in = (input){ hoot_str_of(data + 2, size - 2), 1u + (data[0] >> 2) * (data[0] >> 2), 1u + data[1] };
    switch (data[0] & 3) {
    case THROUGH_A_STREAM: unpack_both_ways(&in, unpack_by_stream); break;
    case PACK: pack(&in); break;
    default: unpack_both_ways(&in, unpack); break;
    }
    return 0;
}

/* The read buffer of a connection.
 *
 *     | head of the request that runs | read already |  start  what has come  end | free |
 *     0                              base
 *
 * It begins with a recycled block of 4 KiB and goes back when all of it has been used. While a head is
 * incomplete it grows up to the limit for heads. While a request runs, its head must not move, since the
 * request's slices point into it: when a body needs more than what is left, a second buffer takes the bytes
 * behind the head, and the first one is pinned to the request. A buffer that is full means that nobody reads:
 * the stream is then not read either, and the client has to wait. */
#include "http/serving.h"

#include "base/alloc.h"
#include "net/block.h"

#include <string.h>

#define CHUNKED_BYTES  ((uint32_t)32 * 1024) /* holds the longest trailer section */
#define MAX_BODY_BYTES ((uint32_t)64 * 1024)

static char *memory_new(uint32_t size)
{
    return size == HOOT__BLOCK_BYTES ? hoot__block_get() : hoot__malloc(size);
}

static void memory_free(char *memory, uint32_t size)
{
    if (size == HOOT__BLOCK_BYTES)
        hoot__block_put(memory);
    else
        hoot__free(memory);
}

void hoot__h1_input_free(hoot__h1_conn *conn)
{
    memory_free(conn->in.data, conn->in.capacity);
    conn->in = (hoot__h1_input){ 0 };
}

void hoot__h1_input_rest(hoot__h1_conn *conn)
{
    if (conn->in.data && conn->in.start == conn->in.end)
        hoot__h1_input_free(conn);
}

__attribute__((noinline)) void hoot__h1_request_unpin(hoot__h1_request *req)
{
    memory_free(req->pinned, req->pinned_capacity);
    req->pinned = NULL;
}

/* A larger buffer, with what has come at its beginning. Gives the old one; NULL: no memory, nothing has
 * changed. */
static char *move_to(hoot__h1_input *in, uint32_t capacity)
{
    char *old = in->data;
    char *memory = memory_new(capacity);
    uint32_t len = in->end - in->start;

    if (!memory)
        return NULL;
    memcpy(memory, old + in->start, len);
    *in = (hoot__h1_input){ .data = memory, .capacity = capacity, .end = len };
    return old;
}

/* For a head, or a body that is dropped: nothing points into the buffer. */
static void widen_for_head(hoot__h1_conn *conn)
{
    hoot__h1_input *in = &conn->in;
    uint32_t limit = conn->http->options.max_head_bytes;
    uint32_t old_capacity = in->capacity;
    uint32_t capacity = old_capacity * 2 < limit ? old_capacity * 2 : limit;
    char *old = capacity > old_capacity ? move_to(in, capacity) : NULL;

    if (old)
        memory_free(old, old_capacity);
}

/* How large a buffer the rest of the body deserves. */
static uint32_t body_buffer_bytes(const hoot__h1_body *body)
{
    if (body->framing == HOOT__H1_CHUNKED)
        return CHUNKED_BYTES;
    if (body->left > MAX_BODY_BYTES)
        return MAX_BODY_BYTES;
    return body->left < HOOT__BLOCK_BYTES ? (uint32_t)HOOT__BLOCK_BYTES : (uint32_t)body->left;
}

/* Does more of the body have to come than there is room for behind the head? */
static bool body_is_cramped(const hoot__h1_conn *conn)
{
    const hoot__h1_input *in = &conn->in;

    if (conn->body.done || conn->request->pinned)
        return false;
    if (conn->body.framing == HOOT__H1_CHUNKED)
        return in->end == in->capacity;
    return conn->body.left > in->capacity - in->start;
}

static void widen_for_body(hoot__h1_conn *conn)
{
    hoot__h1_request *req = conn->request;
    uint32_t old_capacity = conn->in.capacity;
    uint32_t wanted = body_buffer_bytes(&conn->body);
    uint32_t there = conn->in.end - conn->in.start;
    char *old = move_to(&conn->in, wanted > there ? wanted : there + (uint32_t)HOOT__BLOCK_BYTES);

    /* Without memory the room behind the head has to do. */
    if (!old)
        return;
    req->pinned = old;
    req->pinned_capacity = old_capacity;
}

/* Move what has come down to the base. */
static void compact(hoot__h1_input *in)
{
    memmove(in->data + in->base, in->data + in->start, in->end - in->start);
    in->end -= in->start - in->base;
    in->start = in->base;
}

static bool begin(hoot__h1_input *in)
{
    in->data = hoot__block_get();
    in->capacity = HOOT__BLOCK_BYTES;
    in->base = in->start = in->end = 0;
    return in->data;
}

/* Behind what is there. */
__attribute__((noinline)) static char *room_behind(hoot__h1_conn *conn, size_t *out_room)
{
    hoot__h1_input *in = &conn->in;
    bool lent = conn->request && conn->request->lent; /* a slice of the body is in use */

    if (conn->request && body_is_cramped(conn))
        widen_for_body(conn);
    if (in->start == in->end && !lent)
        in->start = in->end = in->base;
    if (in->end == in->capacity && in->start > in->base && !lent)
        compact(in);
    if (in->end == in->capacity && !conn->request)
        widen_for_head(conn);
    *out_room = in->capacity - in->end;
    return *out_room ? in->data + in->end : NULL;
}

char *hoot__h1_input_room(hoot__h1_conn *conn, size_t *out_room)
{
    if (conn->in.data)
        return room_behind(conn, out_room);
    *out_room = HOOT__BLOCK_BYTES;
    return begin(&conn->in) ? conn->in.data : NULL;
}

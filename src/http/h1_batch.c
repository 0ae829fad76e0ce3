/* Answers of one turn of the loop, written together.
 *
 * When many requests are there at once, each could be read, served and answered before the next one is looked
 * at. Reading and serving a few, and then writing all their answers, is cheaper, since what runs stays in the
 * processor's caches for longer: first our code, then the kernel's that sends. What an answer waits for is
 * bounded: by HOOT__H1_BATCH requests, and by the turn. A connection that has nobody beside it is written to
 * right after it was served, as the turn ends with it. */
#include "http/serving.h"

#include "net/net.h"

void hoot__h1_batch_leave(hoot__h1_conn *conn)
{
    if (!conn->batch_slot)
        return;
    conn->http->batch[conn->batch_slot - 1] = NULL;
    conn->batch_slot = 0;
}

/* Nothing that this calls adds to the batch: a flush only closes, or waits for the client. */
static void write_batch(hoot__http *http)
{
    uint32_t count = http->batch_count;

    http->batch_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        hoot__h1_conn *conn = http->batch[i];

        if (!conn)
            continue;
        hoot__h1_batch_leave(conn);
        if (hoot__h1_flush(conn) >= 0)
            hoot__stream_rest(conn->stream);
    }
}

static void on_batch_end(hoot__deferred *deferred)
{
    write_batch((hoot__http *)(void *)((char *)deferred - offsetof(hoot__http, batch_end)));
}

void hoot__h1_batch_add(hoot__h1_conn *conn)
{
    hoot__http *http = conn->http;

    if (conn->batch_slot || hoot_stream_pending(conn->stream) == 0)
        return;
    http->batch[http->batch_count++] = conn;
    conn->batch_slot = (uint8_t)http->batch_count;
    if (http->batch_count == HOOT__H1_BATCH)
        write_batch(http);
    else
        hoot__loop_defer(&http->batch_end, on_batch_end);
}

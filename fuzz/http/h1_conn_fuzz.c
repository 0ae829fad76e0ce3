/* A whole connection: the input is what a client sends, in pieces, to a handler that reads, answers or leaves
 * it. The clock is virtual, so every deadline comes up when the client has fallen silent. The asserts of the
 * connection's states do the judging, and that it always ends.
 *
 * First byte: bits 0-1 what the handler does, bit 2 how the client ends, bits 3-7 the length of the pieces.
 */
#include "http/server.h"
#include "net/net.h"
#include "runtime/task.h"

#include <stdlib.h>
#include <string.h>

enum { ANSWER_TARGET, ECHO_BODY, STREAM_UNFINISHED, READ_ONCE };

static const uint8_t *input;
static size_t input_len;
static unsigned mode;

static void echo(hoot__exchange *ex)
{
    const hoot__response_head head = { .status = 200, .body_bytes = -1 };
    hoot_str piece;
    int rc = ex->ops->start(ex, &head);

    while (rc == 0 && ex->ops->read_body(ex, &piece) == 1)
        rc = ex->ops->write(ex, piece);
    if (rc == 0 && !ex->body_status)
        (void)ex->ops->finish(ex);
}

static void serve(hoot__exchange *ex, void *user)
{
    const hoot__response_head head = { .status = 200, .body_bytes = -1 };
    hoot_str piece;

    (void)user;
    if (mode == ECHO_BODY)
        echo(ex);
    else if (mode == STREAM_UNFINISHED && ex->ops->start(ex, &head) == 0)
        (void)ex->ops->write(ex, ex->path);
    else if (mode == READ_ONCE)
        (void)ex->ops->read_body(ex, &piece);
    else
        (void)ex->ops->respond(ex, &head, ex->target);
}

static void send_pieces(hoot_stream *client, size_t piece_len)
{
    while (input_len > 0) {
        size_t len = input_len < piece_len ? input_len : piece_len;

        if (hoot_buf_add(&client->out, input, len) < 0 || hoot_stream_flush(client) < 0)
            return;
        input += len;
        input_len -= len;
        (void)hoot_yield();
    }
}

static int run(hoot_error *err, void *arg)
{
    unsigned choice = *(unsigned *)arg;
    hoot__http *http = hoot__http_new(NULL, serve, NULL, err);
    hoot_stream *client, *server;
    hoot__reader reader;

    if (!http || hoot__stream_pair(65536, &client, &server) < 0)
        abort();
    hoot__reader_init(&reader, client, (size_t)64 * 1024 * 1024);
    hoot__http_serve(http, server);
    send_pieces(client, 1 + (choice >> 3) * 16);
    if (choice & 4)
        (void)hoot_stream_shut_down(client);
    while (hoot__reader_fill(&reader, hoot__reader_bytes(&reader).len + 1) == 0)
        ;
    hoot__reader_fini(&reader);
    hoot_stream_close(client);
    if (hoot__http_wait_closed(http) < 0)
        abort();
    hoot__http_free(http);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const hoot__loop_options options = { .virtual_clock = true, .watchdog_ms = 10000 };
    hoot_error err = HOOT_ERROR_INIT;
    unsigned choice;

    if (size < 1)
        return 0;
    choice = data[0];
    mode = choice & 3;
    input = data + 1;
    input_len = size - 1;
    return hoot__loop_run(&options, run, &choice, &err) < 0 ? abort(), 0 : 0;
}

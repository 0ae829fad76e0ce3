#include "limit.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

typedef struct client {
    uv_tcp_t tcp;
    unsigned state;
    char in[LIMIT_BUFFER_BYTES];
} client;

static void closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    client *c = handle->data;

    (void)suggested;
    *buf = uv_buf_init(c->in, sizeof c->in);
}

/* One write for all requests of one read, as far as the socket takes it: a client that does not read is
 * dropped. */
static void answer(client *c, size_t requests)
{
    uv_buf_t bufs[64];

    while (requests) {
        size_t n = requests < 64 ? requests : 64;

        for (size_t i = 0; i < n; i++)
            bufs[i] = uv_buf_init((char *)limit_reply, (unsigned)limit_reply_len);
        if (uv_try_write((uv_stream_t *)&c->tcp, bufs, (unsigned)n) != (int)(n * limit_reply_len)) {
            uv_close((uv_handle_t *)&c->tcp, closed);
            return;
        }
        requests -= n;
    }
}

static void arrived(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
    client *c = stream->data;

    if (len < 0)
        uv_close((uv_handle_t *)stream, closed);
    else
        answer(c, limit_count_requests(buf->base, (size_t)len, &c->state));
}

static void connected(uv_stream_t *server, int status)
{
    client *c = status == 0 ? malloc(sizeof *c) : NULL;

    if (!c)
        return;
    c->state = 0;
    uv_tcp_init(server->loop, &c->tcp);
    c->tcp.data = c;
    uv_accept(server, (uv_stream_t *)&c->tcp);
    uv_tcp_nodelay(&c->tcp, 1);
    uv_read_start((uv_stream_t *)&c->tcp, room, arrived);
}

int limit_serve_libuv(int port)
{
    struct sockaddr_in address;
    uv_tcp_t server;

    uv_tcp_init(uv_default_loop(), &server);
    uv_ip4_addr("127.0.0.1", port, &address);
    if (uv_tcp_bind(&server, (struct sockaddr *)&address, 0) < 0 ||
        uv_listen((uv_stream_t *)&server, 4096, connected) < 0)
        return 1;
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

#include "limit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

typedef struct client {
    uv_tcp_t tcp;
    limit_place place;
} client;

static const limit_reply *reply;

static void closed(uv_handle_t *handle)
{
    free(handle->data);
}

/* One buffer for all: what is read is counted at once and not kept. */
static void room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    static char in[LIMIT_BUFFER_BYTES];

    (void)handle, (void)suggested;
    *buf = uv_buf_init(in, sizeof in);
}

/* One write for all requests of one read, as far as the socket takes it. Gives: false, the client does not
 * read or has had its one reply. */
static bool answer(client *c, size_t requests)
{
    while (requests) {
        size_t n = requests < LIMIT_BATCH ? requests : LIMIT_BATCH;
        uv_buf_t buf = uv_buf_init(reply->replies, (unsigned)(n * reply->len));

        if (uv_try_write((uv_stream_t *)&c->tcp, &buf, 1) != (int)buf.len || reply->close)
            return false;
        requests -= n;
    }
    return true;
}

static void arrived(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
    client *c = stream->data;

    if (len < 0 || !answer(c, limit_count_requests(reply, &c->place, buf->base, (size_t)len)))
        uv_close((uv_handle_t *)stream, closed);
}

static void connected(uv_stream_t *server, int status)
{
    client *c = status == 0 ? calloc(1, sizeof *c) : NULL;

    if (!c)
        return;
    uv_tcp_init(server->loop, &c->tcp);
    c->tcp.data = c;
    uv_accept(server, (uv_stream_t *)&c->tcp);
    uv_tcp_nodelay(&c->tcp, 1);
    uv_read_start((uv_stream_t *)&c->tcp, room, arrived);
}

int limit_serve_libuv(int port, const limit_reply *what)
{
    struct sockaddr_in address;
    uv_tcp_t server;
    int rc;

    reply = what;
    uv_tcp_init(uv_default_loop(), &server);
    uv_ip4_addr("127.0.0.1", port, &address);
    rc = uv_tcp_bind(&server, (struct sockaddr *)&address, 0);
    if (rc == 0)
        rc = uv_listen((uv_stream_t *)&server, 4096, connected);
    if (rc < 0) {
        fprintf(stderr, "limit: port %d: %s\n", port, uv_strerror(rc));
        return 1;
    }
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

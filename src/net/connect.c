/* Outgoing connections. The request to libuv outlives a task that gives up: it lives on the heap, and closing
 * the stream makes libuv call back with UV_ECANCELED, which frees it. */
#include "net/resolve.h"
#include "net/socket.h"

#include "base/alloc.h"

#include <errno.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>

typedef struct attempt {
    uv_connect_t request;
    hoot_waiter *waiter; /* NULL: nobody waits any more */
} attempt;

static void on_connected(uv_connect_t *request, int status)
{
    attempt *a = request->data;

    if (a->waiter)
        hoot_wake(a->waiter, status);
    hoot__free(a);
}

/* Suspends: until connected. Gives 0 or a negative code. */
static int wait_connected(uv_tcp_t *handle, const struct sockaddr *address)
{
    hoot_waiter waiter = HOOT_WAITER_INIT;
    attempt *a = hoot__calloc(1, sizeof *a);
    int rc;

    if (!a)
        return HOOT_ENOMEM;
    a->request.data = a;
    rc = uv_tcp_connect(&a->request, handle, address, on_connected);
    if (rc < 0) {
        hoot__free(a);
        return rc;
    }
    a->waiter = &waiter;
    rc = hoot_wait(&waiter);
    /* Only then is `a` still there: its callback has not come. */
    if (!waiter.woken)
        a->waiter = NULL;
    return rc;
}

static int connect_address(const struct sockaddr *address, hoot_stream **out)
{
    uv_tcp_t *handle;
    hoot_stream *stream = hoot__socket_stream_unconnected(address, &handle);
    int rc;

    if (!stream)
        return HOOT_ENOMEM;
    rc = wait_connected(handle, address);
    if (rc == 0)
        rc = hoot__socket_stream_connected(stream);
    if (rc < 0) {
        hoot_stream_close(stream);
        return rc;
    }
    *out = stream;
    return 0;
}

static bool gave_up(int rc)
{
    return rc == HOOT_ETIMEOUT || rc == HOOT_ECANCELED || rc == HOOT_ENOMEM;
}

hoot_stream *hoot__connect_tcp(const char *host, uint16_t port, hoot_error *err)
{
    struct addrinfo *found = NULL;
    hoot_stream *stream = NULL;
    int rc = hoot__resolve(host, port, &found, err);

    if (rc < 0)
        return NULL;
    rc = -EADDRNOTAVAIL;
    for (struct addrinfo *one = found; one && !stream && !gave_up(rc); one = one->ai_next)
        rc = connect_address(one->ai_addr, &stream);
    uv_freeaddrinfo(found);
    if (rc < 0)
        hoot_error_set(err, gave_up(rc) ? rc : HOOT_ECONNECT, "cannot connect to %s port %u: %s", host,
                       (unsigned)port, hoot_error_text(rc));
    return stream;
}

/* A connect() to a unix socket does not wait: it is done, or the listener's queue is full. */
static int connect_path(const struct sockaddr_un *address, int *out_fd)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) < 0) {
        int rc = -errno;

        close(fd);
        return rc;
    }
    *out_fd = fd;
    return 0;
}

/* Suspends: while the listener's queue is full. */
static int connect_path_waiting(const struct sockaddr_un *address, int *out_fd)
{
    unsigned wait_ms = 1;

    for (;;) {
        int rc = connect_path(address, out_fd);

        if (rc != -EAGAIN || wait_ms > 1000)
            return rc;
        rc = hoot_sleep(wait_ms);
        if (rc < 0)
            return rc;
        wait_ms *= 2;
    }
}

hoot_stream *hoot__connect_unix(const char *path, hoot_error *err)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    hoot_stream *stream = NULL;
    int fd = -1;
    int rc;

    if (strlen(path) >= sizeof address.sun_path) {
        hoot_error_set(err, HOOT_ECONNECT, "the path of a unix socket has at most %zu bytes: %s",
                       sizeof address.sun_path - 1, path);
        return NULL;
    }
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    rc = connect_path_waiting(&address, &fd);
    if (rc == 0)
        stream = hoot__socket_stream_new_take(fd, (struct sockaddr *)&address, &rc);
    if (!stream)
        hoot_error_set(err, gave_up(rc) ? rc : HOOT_ECONNECT, "cannot connect to %s: %s", path,
                       hoot_error_text(rc));
    return stream;
}

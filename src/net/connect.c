/* Outgoing connections. A task that gives up closes the socket, which is the end of the attempt. */
#include "net/resolve.h"
#include "net/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>

typedef struct attempt {
    hoot__watch watch;
    hoot_waiter waiter;
} attempt;

static void on_connected(hoot__watch *watch, uint32_t events)
{
    attempt *a = (attempt *)(void *)((char *)watch - offsetof(attempt, watch));
    int code = 0;
    socklen_t len = sizeof code;

    (void)events;
    if (getsockopt(watch->fd, SOL_SOCKET, SO_ERROR, &code, &len) < 0)
        code = errno;
    (void)hoot__watch_set(watch, 0);
    hoot_wake(&a->waiter, -code);
}

/* Suspends: until connected. Gives 0 or a negative code. */
static int wait_connected(int fd)
{
    attempt a = { .watch = { on_connected, .fd = fd }, .waiter = HOOT_WAITER_INIT };
    int rc = hoot__watch_set(&a.watch, EPOLLOUT);

    if (rc == 0)
        rc = hoot_wait(&a.waiter);
    hoot__watch_end(&a.watch);
    return rc;
}

static socklen_t length_of(const struct sockaddr *address)
{
    return address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

static int connect_socket(int fd, const struct sockaddr *address)
{
    int on = 1;
    int rc = connect(fd, address, length_of(address)) < 0 ? -errno : 0;

    if (rc == -EINPROGRESS || rc == -EINTR)
        rc = wait_connected(fd);
    if (rc == 0)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return rc;
}

static int connect_address(const struct sockaddr *address, hoot_stream **out)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int rc = fd < 0 ? -errno : connect_socket(fd, address);

    if (rc < 0) {
        if (fd >= 0)
            close(fd);
        return rc;
    }
    *out = hoot__socket_stream_new_take(fd, address, &rc);
    return *out ? 0 : rc;
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

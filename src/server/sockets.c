/* Opening the listening sockets.
 *
 * With SO_REUSEPORT, a second server of the same user on the same port would start without a complaint and
 * take half of the connections. So each TCP address is first bound once without it: that fails when anyone
 * else is there. */
#include "server/sockets.h"

#include "base/alloc.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

static int port_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;

    if (getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        return 0;
    return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                               : ((struct sockaddr_in *)&address)->sin_port);
}

static void set_port(hoot__bind *bind, int port)
{
    if (bind->address.ss_family == AF_INET6)
        ((struct sockaddr_in6 *)&bind->address)->sin6_port = htons((uint16_t)port);
    else
        ((struct sockaddr_in *)&bind->address)->sin_port = htons((uint16_t)port);
}

/* Bind without SO_REUSEPORT and let go again: is the address free? Port 0 becomes the port that was found. */
static int probe(hoot__bind *bind, hoot_error *err)
{
    int fd = hoot__bind_open(bind, false, 1, err);

    if (fd < 0)
        return fd;
    set_port(bind, port_of(fd));
    close(fd);
    return 0;
}

static int open_shared(hoot__sockets *sockets, size_t b, const hoot__bind *bind, int backlog, hoot_error *err)
{
    int fd = hoot__bind_open(bind, false, backlog, err);

    if (fd < 0)
        return fd;
    for (size_t w = 0; w < sockets->worker_count; w++)
        sockets->fds[w * sockets->bind_count + b] = fd;
    sockets->shared[b] = true;
    if (bind->kind == HOOT__BIND_UNIX)
        memcpy(sockets->paths[b], bind->path, sizeof bind->path);
    return 0;
}

static int open_each(hoot__sockets *sockets, size_t b, const hoot__bind *wanted, int backlog, hoot_error *err)
{
    hoot__bind bind = *wanted;
    int rc = probe(&bind, err);

    for (size_t w = 0; rc >= 0 && w < sockets->worker_count; w++) {
        rc = hoot__bind_open(&bind, true, backlog, err);
        sockets->fds[w * sockets->bind_count + b] = rc;
    }
    return rc < 0 ? rc : 0;
}

static int allocate(hoot__sockets *sockets, hoot_error *err)
{
    size_t n = sockets->bind_count * sockets->worker_count;

    sockets->fds = hoot__calloc(n, sizeof *sockets->fds);
    sockets->shared = hoot__calloc(sockets->bind_count, sizeof *sockets->shared);
    sockets->paths = hoot__calloc(sockets->bind_count, sizeof *sockets->paths);
    if (!sockets->fds || !sockets->shared || !sockets->paths)
        return hoot_error_set(err, HOOT_ENOMEM, "no memory for the listening sockets");
    for (size_t i = 0; i < n; i++)
        sockets->fds[i] = -1;
    return 0;
}

int hoot__sockets_open(const hoot__serve_config *config, hoot__sockets *out, hoot_error *err)
{
    hoot__sockets sockets = { .bind_count = config->bind_count,
                              .worker_count = config->workers ? config->workers : 1 };
    int rc = allocate(&sockets, err);

    for (size_t b = 0; rc == 0 && b < config->bind_count; b++) {
        const hoot__bind *bind = &config->binds[b];
        bool share = bind->kind != HOOT__BIND_TCP || sockets.worker_count == 1;

        rc = (share ? open_shared : open_each)(&sockets, b, bind, (int)config->backlog, err);
    }
    if (rc < 0) {
        hoot__sockets_close(&sockets);
        return rc;
    }
    *out = sockets;
    return 0;
}

void hoot__refuse_connections(const hoot__serve_config *config, const int *fds)
{
    for (size_t b = 0; b < config->bind_count; b++)
        if (config->binds[b].kind != HOOT__BIND_FD)
            shutdown(fds[b], SHUT_RD);
}

void hoot__sockets_suspend(const hoot__sockets *sockets, size_t worker)
{
    for (size_t b = 0; b < sockets->bind_count; b++)
        if (!sockets->shared[b])
            shutdown(hoot__sockets_of(sockets, worker)[b], SHUT_RD);
}

void hoot__sockets_resume(const hoot__sockets *sockets, size_t worker, int backlog)
{
    for (size_t b = 0; b < sockets->bind_count; b++)
        if (!sockets->shared[b])
            listen(hoot__sockets_of(sockets, worker)[b], backlog);
}

void hoot__sockets_close(hoot__sockets *sockets)
{
    for (size_t b = 0; sockets->fds && sockets->shared && b < sockets->bind_count; b++) {
        size_t sets = sockets->shared[b] ? 1 : sockets->worker_count;

        for (size_t w = 0; w < sets; w++)
            if (sockets->fds[w * sockets->bind_count + b] >= 0)
                close(sockets->fds[w * sockets->bind_count + b]);
        if (sockets->paths && sockets->paths[b][0])
            unlink(sockets->paths[b]);
    }
    hoot__free(sockets->fds);
    hoot__free(sockets->shared);
    hoot__free(sockets->paths);
    memset(sockets, 0, sizeof *sockets);
}

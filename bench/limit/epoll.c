#include "limit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_DESCRIPTORS 65536

typedef struct client {
    limit_place place;
    size_t left; /* of the reply that the socket did not take whole */
} client;

static client clients[MAX_DESCRIPTORS];

static int open_server(int port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 4096) < 0) {
        int why = errno;

        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

static void accept_all(int epoll, int server)
{
    int fd;

    while ((fd = accept4(server, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (fd >= MAX_DESCRIPTORS) {
            close(fd);
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
        clients[fd] = (client){ 0 };
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &(struct epoll_event){ .events = EPOLLIN, .data.fd = fd });
    }
}

/* What is left of a large reply; the rest of small ones is not waited for. Gives: false, the client is gone.
 */
static bool send_left(int epoll, int fd, const limit_reply *reply)
{
    client *c = &clients[fd];
    ssize_t n = send(fd, reply->replies + reply->len - c->left, c->left, MSG_NOSIGNAL);

    if (n < 0 && errno != EAGAIN)
        return false;
    c->left -= n < 0 ? 0 : (size_t)n;
    epoll_ctl(epoll, EPOLL_CTL_MOD, fd,
              &(struct epoll_event){ .events = c->left ? EPOLLOUT : EPOLLIN, .data.fd = fd });
    return true;
}

static bool answer(int epoll, int fd, const limit_reply *reply, size_t requests)
{
    while (requests) {
        size_t n = requests < LIMIT_BATCH && !reply->body_bytes ? requests
                   : reply->body_bytes                          ? 1
                                                                : LIMIT_BATCH;
        ssize_t sent = send(fd, reply->replies, n * reply->len, MSG_NOSIGNAL);

        if (sent != (ssize_t)(n * reply->len)) {
            clients[fd].left = reply->len - (sent < 0 ? 0 : (size_t)sent);
            return reply->body_bytes && send_left(epoll, fd, reply);
        }
        if (reply->close)
            return false;
        requests -= n;
    }
    return true;
}

static void serve(int epoll, int fd, const limit_reply *reply)
{
    static char in[LIMIT_BUFFER_BYTES];
    ssize_t len;
    size_t requests;

    if (clients[fd].left) {
        if (!send_left(epoll, fd, reply))
            close(fd);
        return;
    }
    len = recv(fd, in, sizeof in, 0);
    if (len < 0 && errno == EAGAIN)
        return;
    requests = len > 0 ? limit_count_requests(reply, &clients[fd].place, in, (size_t)len) : 0;
    if (len <= 0 || !answer(epoll, fd, reply, requests))
        close(fd);
}

int limit_serve_epoll(int port, const limit_reply *reply)
{
    static struct epoll_event events[256];
    int epoll = epoll_create1(0), server = open_server(port);

    if (epoll < 0 || server < 0) {
        fprintf(stderr, "limit: port %d: %s\n", port, strerror(errno));
        return 1;
    }
    epoll_ctl(epoll, EPOLL_CTL_ADD, server, &(struct epoll_event){ .events = EPOLLIN, .data.fd = server });
    for (;;) {
        int n = epoll_wait(epoll, events, 256, -1);

        for (int i = 0; i < n; i++)
            if (events[i].data.fd == server)
                accept_all(epoll, server);
            else
                serve(epoll, events[i].data.fd, reply);
    }
}

#include "limit.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAX_DESCRIPTORS 65536

static unsigned states[MAX_DESCRIPTORS];

static int open_server(int port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 4096) < 0)
        return -1;
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
        states[fd] = 0;
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &(struct epoll_event){ .events = EPOLLIN, .data.fd = fd });
    }
}

static bool answer(int fd, size_t requests)
{
    struct iovec parts[64];

    while (requests) {
        size_t n = requests < 64 ? requests : 64;

        for (size_t i = 0; i < n; i++)
            parts[i] = (struct iovec){ (char *)limit_reply, limit_reply_len };
        if (writev(fd, parts, (int)n) != (ssize_t)(n * limit_reply_len))
            return false;
        requests -= n;
    }
    return true;
}

static void serve(int fd)
{
    static char in[LIMIT_BUFFER_BYTES];
    ssize_t len = read(fd, in, sizeof in);

    if (len <= 0 || !answer(fd, limit_count_requests(in, (size_t)len, &states[fd])))
        close(fd);
}

int limit_serve_epoll(int port)
{
    static struct epoll_event events[256];
    int epoll = epoll_create1(0), server = open_server(port);

    if (epoll < 0 || server < 0)
        return 1;
    epoll_ctl(epoll, EPOLL_CTL_ADD, server, &(struct epoll_event){ .events = EPOLLIN, .data.fd = server });
    for (;;) {
        int n = epoll_wait(epoll, events, 256, -1);

        for (int i = 0; i < n; i++)
            if (events[i].data.fd == server)
                accept_all(epoll, server);
            else
                serve(events[i].data.fd);
    }
}

/* The kernel notes by CLOCK_REALTIME, which may be set anew at any time: only its distance from now is of
 * use. */
#include "arrival.h"

#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define SECOND_NS 1000000000

static int64_t read_clock(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * SECOND_NS + t.tv_nsec;
}

void arrival_watch(int fd)
{
    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &(int){ 1 }, sizeof(int));
}

static void note(const struct cmsghdr *c, uint64_t *out_ns)
{
    struct timespec t;
    int64_t ago;

    if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
        return;
    memcpy(&t, CMSG_DATA(c), sizeof t);
    ago = read_clock(CLOCK_REALTIME) - ((int64_t)t.tv_sec * SECOND_NS + t.tv_nsec);
    if (ago >= 0 && ago < 60 * (int64_t)SECOND_NS)
        *out_ns = (uint64_t)(read_clock(CLOCK_MONOTONIC) - ago);
}

ssize_t arrival_read(int fd, char *to, size_t len, uint64_t *out_ns)
{
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(struct timespec))];
    } control;
    struct msghdr message = { .msg_iov = &(struct iovec){ .iov_base = to, .iov_len = len },
                              .msg_iovlen = 1,
                              .msg_control = &control,
                              .msg_controllen = sizeof control };
    ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT);

    if (n > 0)
        note(CMSG_FIRSTHDR(&message), out_ns);
    return n;
}

/* Accepting: one poll handle on a listening descriptor that belongs to the caller.
 *
 * Each turn takes at most a batch, so that a flood of connections does not starve those that are served. When
 * the process runs out of descriptors the listener stops polling (a level-triggered poll would spin), clients
 * wait in the kernel's backlog, and it tries again 4 times a second and as soon as a stream closes. */
#include "net/socket.h"

#include "base/alloc.h"

#include <hoot/log.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#define ACCEPTS_PER_TURN 64
#define WARN_EVERY_MS    10000
#define RETRY_MS         250

struct hoot__listener {
    uv_poll_t poll;
    hoot__timer retry;
    hoot__accept_fn accepted;
    void *user;
    hoot__listener *next_starved; /* among those that wait for a descriptor */
    int fd;
    bool starved;
    bool paused;
    bool closing;
};

static __thread hoot__listener *starved_first;

static void on_readable(uv_poll_t *poll, int status, int events);

static void watch(hoot__listener *listener)
{
    if (!listener->paused && !listener->starved && !listener->closing)
        uv_poll_start(&listener->poll, UV_READABLE, on_readable);
}

static void on_retry(hoot__timer *timer)
{
    (void)timer;
    hoot__listeners_retry();
}

/* Accepting pauses, and nobody above hears of it: so it is said here, but not for each connection. */
static void warn(int code)
{
    static _Thread_local uint64_t next_ms;

    if (hoot_now_ms() < next_ms)
        return;
    next_ms = hoot_now_ms() + WARN_EVERY_MS;
    hoot_log_warning("no more connections can be taken for now: %s; those that come wait in the queue",
                     strerror(code));
}

static void starve(hoot__listener *listener)
{
    uv_poll_stop(&listener->poll);
    if (listener->starved)
        return;
    listener->starved = true;
    warn(errno);
    listener->next_starved = starved_first;
    starved_first = listener;
    /* Without memory for the timer, the next stream that closes brings it back. */
    (void)hoot__timer_set(&listener->retry, hoot_now_ms() + RETRY_MS, on_retry);
}

static void feed(hoot__listener *listener)
{
    hoot__listener **link = &starved_first;

    while (*link && *link != listener)
        link = &(*link)->next_starved;
    if (*link)
        *link = listener->next_starved;
    listener->starved = false;
    hoot__timer_stop(&listener->retry);
}

void hoot__listeners_retry(void)
{
    while (starved_first) {
        hoot__listener *listener = starved_first;

        feed(listener);
        watch(listener);
    }
}

/* Gives false when this turn's batch should end. */
static bool accept_one(hoot__listener *listener)
{
    struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
    socklen_t len = sizeof address;
    int fd = accept4(listener->fd, (struct sockaddr *)&address, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    hoot_stream *stream;
    int code;

    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            starve(listener);
        /* The others are about one connection that was gone before we took it. */
        return errno == EINTR || errno == ECONNABORTED || errno == EPROTO;
    }
    stream = hoot__socket_stream_new_take(fd, (struct sockaddr *)&address, &code);
    if (!stream) {
        starve(listener);
        return false;
    }
    listener->accepted(stream, listener->user);
    return true;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    hoot__listener *listener = poll->data;
    int budget = ACCEPTS_PER_TURN;

    (void)status, (void)events;
    while (budget-- > 0 && !listener->closing && !listener->paused && accept_one(listener))
        ;
}

hoot__listener *hoot__listener_open(int fd, hoot__accept_fn accepted, void *user, hoot_error *err)
{
    hoot__listener *listener = hoot__calloc(1, sizeof *listener);
    int on = 1;
    int rc;

    if (!listener) {
        hoot_error_set(err, HOOT_ENOMEM, "no memory for a listener");
        return NULL;
    }
    listener->fd = fd;
    listener->accepted = accepted;
    listener->user = user;
    rc = uv_poll_init(hoot__loop_uv(hoot__loop_current()), &listener->poll, fd);
    if (rc < 0) {
        hoot_error_set(err, rc, "cannot watch descriptor %d: %s", fd, uv_strerror(rc));
        hoot__free(listener);
        return NULL;
    }
    listener->poll.data = listener;
    /* What is accepted inherits it; a unix socket does not know it. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    watch(listener);
    return listener;
}

void hoot__listener_pause(hoot__listener *listener)
{
    listener->paused = true;
    uv_poll_stop(&listener->poll);
}

void hoot__listener_resume(hoot__listener *listener)
{
    listener->paused = false;
    watch(listener);
}

static void on_closed(uv_handle_t *handle)
{
    hoot__free(handle->data);
}

void hoot__listener_close(hoot__listener *listener)
{
    if (!listener || listener->closing)
        return;
    listener->closing = true;
    feed(listener);
    uv_close((uv_handle_t *)&listener->poll, on_closed);
}

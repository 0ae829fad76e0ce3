/* Accepting: one watch on a listening descriptor that belongs to the caller.
 *
 * Each turn takes at most a batch, so that a flood of connections does not starve those that are served. When
 * the process runs out of descriptors the listener stops polling (a level-triggered poll would spin), clients
 * wait in the kernel's backlog, and it tries again 4 times a second and as soon as a stream closes. So it
 * does when somebody who holds the same socket has shut it down, since that may be undone. */
#include "net/socket.h"

#include "base/alloc.h"

#include <hoot/log.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>

#define ACCEPTS_PER_TURN 64
#define WARN_EVERY_MS    10000
#define RETRY_MS         250

struct hoot__listener {
    hoot__watch watch;
    hoot__timer retry;
    hoot__accept_fn accepted;
    void *user;
    hoot__listener *next_starved; /* among those that wait for a descriptor */
    hoot__deferred gone;
    bool starved;
    bool paused;
    bool closing;
};

static __thread hoot__listener *starved_first;

static int watch(hoot__listener *listener)
{
    return listener->paused || listener->closing ? 0 : hoot__watch_set(&listener->watch, EPOLLIN);
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

static void starve(hoot__listener *listener, int why)
{
    (void)hoot__watch_set(&listener->watch, 0);
    if (listener->starved)
        return;
    listener->starved = true;
    if (why != EINVAL) /* shut down: whoever did it knows */
        warn(why);
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
    hoot__listener *next;

    for (hoot__listener *listener = starved_first; listener; listener = next) {
        next = listener->next_starved;
        if (watch(listener) == 0)
            feed(listener);
        else
            (void)hoot__timer_set(&listener->retry, hoot_now_ms() + RETRY_MS, on_retry);
    }
}

/* Gives false when this turn's batch should end. */
static bool accept_one(hoot__listener *listener)
{
    struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
    socklen_t len = sizeof address;
    int fd = accept4(listener->watch.fd, (struct sockaddr *)&address, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    hoot_stream *stream;
    int code;

    if (fd < 0) {
        int why = errno;

        if (why == EMFILE || why == ENFILE || why == ENOBUFS || why == ENOMEM || why == EINVAL)
            starve(listener, why);
        /* The others are about one connection that was gone before we took it. */
        return why == EINTR || why == ECONNABORTED || why == EPROTO;
    }
    stream = hoot__socket_stream_new_take(fd, (struct sockaddr *)&address, &code);
    if (!stream) {
        starve(listener, ENOMEM);
        return false;
    }
    listener->accepted(stream, listener->user);
    return true;
}

static void on_readable(hoot__watch *readable, uint32_t events)
{
    hoot__listener *listener = (hoot__listener *)(void *)((char *)readable - offsetof(hoot__listener, watch));
    int budget = ACCEPTS_PER_TURN;

    (void)events;
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
    listener->accepted = accepted;
    listener->user = user;
    listener->watch = (hoot__watch){ on_readable, .fd = fd };
    rc = watch(listener);
    if (rc < 0) {
        hoot_error_set(err, rc, "cannot watch descriptor %d: %s", fd, strerror(-rc));
        hoot__free(listener);
        return NULL;
    }
    /* What is accepted inherits it; a unix socket does not know it. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return listener;
}

void hoot__listener_pause(hoot__listener *listener)
{
    listener->paused = true;
    (void)hoot__watch_set(&listener->watch, 0);
}

void hoot__listener_resume(hoot__listener *listener)
{
    int rc;

    listener->paused = false;
    rc = listener->starved ? 0 : watch(listener);
    if (rc < 0)
        starve(listener, -rc);
}

static void on_gone(hoot__deferred *gone)
{
    hoot__free((char *)gone - offsetof(hoot__listener, gone));
}

/* It may be what is calling. */
void hoot__listener_close(hoot__listener *listener)
{
    if (!listener || listener->closing)
        return;
    listener->closing = true;
    feed(listener);
    hoot__watch_end(&listener->watch);
    hoot__loop_defer(&listener->gone, on_gone);
}

/* Descriptors: what waits in one epoll of the loop's own.
 *
 * A socket of a busy connection is read in every turn, so what stands between the system and its owner
 * counts: it is one call. What wants less than before does not tell the system at once. A connection that
 * stops reading often starts again before anything comes, and then both cost nothing; where something does
 * come first, the system is told then:
 *
 *     wanted  what the owner asked for
 *     known   what the system was asked for; always all of `wanted`, and sometimes more */
#include "runtime/internal.h"

#include <assert.h>
#include <errno.h>
#include <unistd.h>

int hoot__watches_init(hoot__loop *loop)
{
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    return loop->epoll_fd < 0 ? -errno : 0;
}

void hoot__watches_fini(hoot__loop *loop)
{
    close(loop->epoll_fd);
}

/* Bring `known` to `wanted`. */
static int tell_system(hoot__loop *loop, hoot__watch *watch)
{
    int what = watch->known == 0 ? EPOLL_CTL_ADD : watch->wanted == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
    struct epoll_event event = { .events = watch->wanted, .data.ptr = watch };

    if (epoll_ctl(loop->epoll_fd, what, watch->fd, &event) < 0)
        return -errno;
    watch->known = watch->wanted;
    return 0;
}

static void want(hoot__loop *loop, hoot__watch *watch, uint32_t events)
{
    loop->watched += (events != 0) - (watch->wanted != 0);
    watch->wanted = (uint16_t)events;
}

int hoot__watch_set(hoot__watch *watch, uint32_t events)
{
    hoot__loop *loop = hoot__this_loop;
    uint16_t before = watch->wanted;
    int rc;

    want(loop, watch, events);
    if (!(events & ~(uint32_t)watch->known))
        return 0;
    rc = tell_system(loop, watch);
    if (rc < 0)
        want(loop, watch, before);
    return rc;
}

/* Taken out by name, and not by closing the descriptor: a child of this process may hold another of the same.
 */
void hoot__watch_end(hoot__watch *watch)
{
    hoot__loop *loop = hoot__this_loop;

    if (watch->known == 0)
        return;
    want(loop, watch, 0);
    (void)tell_system(loop, watch);
    watch->known = 0;
    for (int i = loop->event_next; i < loop->event_count; i++) {
        if (loop->events[i].data.ptr == watch)
            loop->events[i].data.ptr = NULL;
    }
}

static void tell_owner(hoot__loop *loop, const struct epoll_event *event)
{
    hoot__watch *watch = event->data.ptr;
    uint32_t events = event->events;

    if (!watch)
        return;
    if (watch->known != watch->wanted)
        (void)tell_system(loop, watch);
    events &= watch->wanted | (uint32_t)EPOLLERR | (uint32_t)EPOLLHUP;
    if (watch->wanted && events)
        watch->ready(watch, events);
}

void hoot__watches_poll(hoot__loop *loop, int timeout_ms)
{
    int count = epoll_wait(loop->epoll_fd, loop->events, HOOT__EVENTS_PER_TURN, timeout_ms);

    assert(count >= 0 || errno == EINTR);
    hoot__loop_update_time(loop);
    loop->event_count = count;
    for (loop->event_next = 0; loop->event_next < loop->event_count;)
        tell_owner(loop, &loop->events[loop->event_next++]);
    loop->event_count = 0;
}

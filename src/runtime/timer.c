/* Timers: a 4-ary heap of pointers to timers that live in what they belong to, driven by one of the kernel's.
 *
 * Most timers are deadlines that never pass: they are pushed on at every byte, or dropped. So moving a timer
 * to a later time leaves it where it is in the heap; when it comes up there, it is put back at its real time.
 * The heap keeps the times beside the pointers, so sifting does not touch the timers but to tell them their
 * slot.
 *
 * What drives them is a timerfd among the polled descriptors, and not a timer of libuv: that would make the
 * timeout of each epoll_wait(), for which the kernel sets up a timer and takes it down again, half a
 * microsecond a turn. The timerfd is set only for a first timer that is earlier than what it is set to. It
 * comes too early at most once for each time it was set, and is then set anew.
 *
 * Tasks set theirs when they suspend, where nobody could deal with a failure, so each task reserves its place
 * in the heap when it starts: capacity >= timers of others + tasks alive. */
#include "runtime/internal.h"

#include "base/alloc.h"

#include <assert.h>
#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define ARITY 4

enum { LEAST_NS = 200 * 1000 }; /* the loop's clock may be behind by a tick: not to be asked in a spin */

static void put(hoot__timers *timers, uint32_t at, hoot__timer_entry entry)
{
    timers->heap[at] = entry;
    entry.timer->slot = at + 1;
}

static void sift_up(hoot__timers *timers, uint32_t at, hoot__timer_entry entry)
{
    while (at > 0) {
        uint32_t parent = (at - 1) / ARITY;

        if (timers->heap[parent].at_ms <= entry.at_ms)
            break;
        put(timers, at, timers->heap[parent]);
        at = parent;
    }
    put(timers, at, entry);
}

static uint32_t first_child(const hoot__timers *timers, uint32_t at)
{
    uint32_t child = at * ARITY + 1, best = child;

    for (uint32_t i = child + 1; i < child + ARITY && i < timers->count; i++)
        if (timers->heap[i].at_ms < timers->heap[best].at_ms)
            best = i;
    return best;
}

static void sift_down(hoot__timers *timers, uint32_t at, hoot__timer_entry entry)
{
    while (at * ARITY + 1 < timers->count) {
        uint32_t child = first_child(timers, at);

        if (entry.at_ms <= timers->heap[child].at_ms)
            break;
        put(timers, at, timers->heap[child]);
        at = child;
    }
    put(timers, at, entry);
}

static void take_out(hoot__timers *timers, hoot__timer *timer)
{
    uint32_t at = timer->slot - 1;
    hoot__timer_entry last = timers->heap[--timers->count];

    timer->slot = 0;
    if (at == timers->count)
        return;
    if (at > 0 && last.at_ms < timers->heap[(at - 1) / ARITY].at_ms)
        sift_up(timers, at, last);
    else
        sift_down(timers, at, last);
}

__attribute__((noinline)) static bool make_room(hoot__timers *timers, size_t needed)
{
    size_t capacity = timers->capacity ? timers->capacity : 64;
    hoot__timer_entry *heap;

    while (capacity < needed)
        capacity *= 2;
    if (capacity > UINT32_MAX / ARITY)
        return false;
    heap = hoot__realloc(timers->heap, capacity * sizeof *heap);
    if (!heap)
        return false;
    timers->heap = heap;
    timers->capacity = (uint32_t)capacity;
    return true;
}

bool hoot__timers_reserve(hoot__loop *loop)
{
    size_t needed = loop->timers.count + loop->alive_count + 1;

    return needed <= loop->timers.capacity || make_room(&loop->timers, needed);
}

void hoot__timer_set_reserved(hoot__loop *loop, hoot__timer *timer, uint64_t due_ms, hoot__timer_fn fire)
{
    hoot__timers *timers = &loop->timers;

    timer->fire = fire;
    timer->due_ms = due_ms;
    if (!timer->slot) {
        assert(timers->count < timers->capacity);
        timer->armed_ms = due_ms;
        sift_up(timers, timers->count++, (hoot__timer_entry){ due_ms, timer });
    } else if (due_ms < timer->armed_ms) {
        timer->armed_ms = due_ms;
        sift_up(timers, timer->slot - 1, (hoot__timer_entry){ due_ms, timer });
    }
}

int hoot__timer_set(hoot__timer *timer, uint64_t due_ms, hoot__timer_fn fire)
{
    hoot__loop *loop = hoot__this_loop;

    assert(loop);
    if (!timer->slot && !hoot__timers_reserve(loop))
        return HOOT_ENOMEM;
    hoot__timer_set_reserved(loop, timer, due_ms, fire);
    return 0;
}

void hoot__timer_stop(hoot__timer *timer)
{
    if (timer->slot)
        take_out(&hoot__this_loop->timers, timer);
}

/* Put back the first timers that have moved since they were set, until the first one stands at its real time.
 */
static hoot__timer *settle(hoot__timers *timers, uint64_t until_ms)
{
    while (timers->count && timers->heap[0].at_ms <= until_ms) {
        hoot__timer *timer = timers->heap[0].timer;

        if (timer->due_ms <= timer->armed_ms)
            return timer;
        if (timer->due_ms == HOOT_NO_DEADLINE) {
            take_out(timers, timer);
            continue;
        }
        timer->armed_ms = timer->due_ms;
        sift_down(timers, 0, (hoot__timer_entry){ timer->due_ms, timer });
    }
    return NULL;
}

uint64_t hoot__timers_first(hoot__loop *loop)
{
    hoot__timer *timer = settle(&loop->timers, HOOT_NO_DEADLINE - 1);

    return timer ? timer->due_ms : HOOT_NO_DEADLINE;
}

void hoot__timers_run(hoot__loop *loop)
{
    hoot__timers *timers = &loop->timers;
    uint64_t now_ms = hoot__loop_now(loop);
    hoot__timer *timer;

    /* A timer that sets itself to now again must not hold the loop, so there is an end to it. */
    for (uint32_t left = timers->count; left && (timer = settle(timers, now_ms)); left--) {
        take_out(timers, timer);
        timer->fire(timer);
    }
}

/* --- what drives them --- */

static void driver_fired(hoot__watch *driver, uint32_t events)
{
    hoot__loop *loop = hoot__this_loop;
    uint64_t times;

    (void)events;
    (void)!read(driver->fd, &times, sizeof times); /* it is readable until then */
    loop->timers.driver_at_ms = HOOT_NO_DEADLINE;
    hoot__timers_run(loop);
}

int hoot__timers_init(hoot__loop *loop)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    int rc;

    if (fd < 0)
        return -errno;
    loop->timers = (hoot__timers){ .driver_at_ms = HOOT_NO_DEADLINE, .driver = { driver_fired, .fd = fd } };
    rc = hoot__watch_set(&loop->timers.driver, EPOLLIN);
    if (rc < 0)
        close(fd);
    return rc;
}

/* Nanoseconds until `at_ms`, at least 1: 0 would stop it. */
static uint64_t ns_until(const hoot__loop *loop, uint64_t at_ms)
{
    uint64_t loop_now_ms = hoot__loop_now(loop), now_ns = uv_hrtime(), at_ns;

    if (at_ms <= loop_now_ms)
        return 1;
    if (at_ms - loop_now_ms > UINT32_MAX)
        at_ms = loop_now_ms + UINT32_MAX;
    at_ns = (loop->clock_ms + (at_ms - loop_now_ms)) * 1000000;
    return at_ns > now_ns + LEAST_NS ? at_ns - now_ns : LEAST_NS;
}

void hoot__timers_drive(hoot__loop *loop)
{
    hoot__timers *timers = &loop->timers;
    uint64_t at_ms = timers->count ? timers->heap[0].at_ms : HOOT_NO_DEADLINE, ns;
    struct itimerspec spec = { 0 };

    /* Virtual time jumps: what was set before means nothing then. */
    if (at_ms == timers->driver_at_ms || (at_ms > timers->driver_at_ms && !loop->virtual_clock))
        return;
    timers->driver_at_ms = at_ms;
    ns = at_ms == HOOT_NO_DEADLINE ? 0 : ns_until(loop, at_ms);
    spec.it_value.tv_sec = (time_t)(ns / 1000000000);
    spec.it_value.tv_nsec = (long)(ns % 1000000000);
    timerfd_settime(timers->driver.fd, 0, &spec, NULL);
}

void hoot__timers_fini(hoot__loop *loop)
{
    hoot__watch_end(&loop->timers.driver);
    close(loop->timers.driver.fd);
    for (uint32_t i = 0; i < loop->timers.count; i++)
        loop->timers.heap[i].timer->slot = 0;
    hoot__free(loop->timers.heap);
    loop->timers = (hoot__timers){ .driver_at_ms = HOOT_NO_DEADLINE };
}

/* The loop of a worker, as the other rooms see it: timers, descriptors, work at the end of a turn, and
 * libuv's loop below it. One loop a thread; hoot__loop_current() is valid inside hoot_run(), callbacks
 * included. */
#ifndef HOOT_RUNTIME_LOOP_H
#define HOOT_RUNTIME_LOOP_H

#include <hoot/sys/wait.h>

#include <sys/epoll.h>
#include <uv.h>

typedef struct hoot__loop hoot__loop;

/* The loop of this thread; NULL when none runs. */
hoot__loop *hoot__loop_current(void);

/* Its libuv loop, for what libuv does for us: work on threads, names, signals, processes and pipes to them.
 * Ask for it in the turn in which something is started on it: that is how the loop knows. */
uv_loop_t *hoot__loop_uv(hoot__loop *loop);

/* Options of hoot__loop_run(), zero is the default. */
typedef struct hoot__loop_options {
    bool virtual_clock; /* tests: time stands still, and when nothing is ready and no I/O or offloaded work is
                           pending, it jumps to the next timer; while something is pending, it passes as ever
                         */
    uint32_t watchdog_ms; /* report a task that held the loop longer; 0: 50 in debug builds, off in release
                             builds */
} hoot__loop_options;

/* hoot_run() with options. */
int hoot__loop_run(const hoot__loop_options *options, hoot_task_fn main, void *arg, hoot_error *err);

/* --- timers: kept in one heap, driven by one of the kernel's; embedded in what they belong to ---
 * Setting a timer that is set to an earlier time costs nothing: it fires early, sees its time has moved, and
 * goes back to the heap. So a connection may push its deadline on at every byte. */
typedef struct hoot__timer hoot__timer;
typedef void (*hoot__timer_fn)(hoot__timer *timer);

struct hoot__timer {
    uint64_t due_ms;   /* when it should fire */
    uint64_t armed_ms; /* where it stands in the heap */
    uint32_t slot;     /* 1-based place in the heap; 0: not in it */
    hoot__timer_fn fire;
};

/* Fire at `due_ms` of hoot_now_ms(); moves it when it is set. Errors: HOOT_ENOMEM (never when it was set
 * before). */
int hoot__timer_set(hoot__timer *timer, uint64_t due_ms, hoot__timer_fn fire);
void hoot__timer_stop(hoot__timer *timer);
static inline bool hoot__timer_is_set(const hoot__timer *timer)
{
    return timer->slot != 0;
}

/* --- descriptors: told of by the loop, outside of tasks, in each turn as long as it lasts --- */
typedef struct hoot__watch hoot__watch;

/* `events`: EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP. */
typedef void (*hoot__watch_fn)(hoot__watch *watch, uint32_t events);

/* Lives in what it belongs to; all zero but `fd` and `ready` to begin with. */
struct hoot__watch {
    hoot__watch_fn ready;
    int fd;
    uint16_t wanted; /* EPOLLIN and EPOLLOUT */
    uint16_t known;  /* what the system was asked for: more than is wanted, or it */
};

/* Want these from now on; 0: none. To want less costs nothing: the system is told when it tells of something
 * that nobody wants. Errors: -errno: the system has no memory for it, or `fd` cannot be watched. */
int hoot__watch_set(hoot__watch *watch, uint32_t events);

/* Nothing is told of any more, not even of what is known already. To be called before `fd` is closed. */
void hoot__watch_end(hoot__watch *watch);

/* --- at the end of this loop turn, after every ready task has run and before the loop sleeps: flush what was
 * gathered --- */
typedef struct hoot__deferred hoot__deferred;
typedef void (*hoot__deferred_fn)(hoot__deferred *deferred);

struct hoot__deferred {
    hoot__deferred *next;
    hoot__deferred **link; /* what points to it, so that undefer need not search */
    hoot__deferred_fn run;
    bool queued;
};

/* Run `deferred->run` once at the end of the turn; queueing twice is once. */
void hoot__loop_defer(hoot__deferred *deferred, hoot__deferred_fn run);
void hoot__loop_undefer(hoot__deferred *deferred);

/* Figures, for metrics and tests. */
typedef struct hoot__loop_stats {
    size_t tasks_alive, tasks_ready, stacks_pooled, timers;
    uint64_t switches;
} hoot__loop_stats;
void hoot__loop_stats_get(hoot__loop *loop, hoot__loop_stats *out);

#endif

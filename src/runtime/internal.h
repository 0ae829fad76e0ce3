/* What the files of this room share: the task, the loop, and the calls between them.
 *
 *     loop.c    turns: who runs when         task.c   a task's life, waiting and waking
 *     timer.c   the heap of timers           stack.c  where stacks come from
 *     watch.c   descriptors
 *     switch.c  from one stack to another    overflow.c, watchdog.c  reports */
#ifndef HOOT_RUNTIME_INTERNAL_H
#define HOOT_RUNTIME_INTERNAL_H

#include <hoot/group.h>

#include "runtime/loop.h"
#include "runtime/stack.h"
#include "runtime/switch.h"
#include "runtime/task.h"
#include "runtime/waitq.h"

#if defined(__SANITIZE_ADDRESS__)
#define HOOT__ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HOOT__ASAN 1
#endif
#endif

typedef enum hoot__wait_kind {
    HOOT__RUNS,         /* running, ready, or ended */
    HOOT__WAITS,        /* for a wake, its deadline or its cancelling */
    HOOT__WAITS_ALWAYS, /* for a wake */
} hoot__wait_kind;

/* Lives at the top of its own stack. */
struct hoot_task {
    hoot__stack stack;            /* first: stack.c owns it, also while the stack is warm */
    hoot__context context_of_cpu; /* good once it has begun */
    hoot__loop *loop;
    hoot_task *ready_next; /* in the ready queue */
    const char *name;
    void *context;
    hoot_task_fn fn;
    hoot__task_done_fn done;
    void *arg;
    hoot_scope *scope;     /* what hoot_current_scope() gives: a request's, or its own */
    uint64_t deadline_ms;  /* HOOT_NO_DEADLINE: none */
    uint64_t sleep_due_ms; /* end of hoot_sleep(); HOOT_NO_DEADLINE outside of it */
    int interrupt;         /* why a wait ended without a wake */
    int result;            /* when it has ended */

    /* From here up to `own_scope` it begins as zeros: see clear() in task.c. */
    uint8_t wait_kind; /* hoot__wait_kind */
    bool ready;        /* in the ready queue */
    bool canceled;
    bool begun; /* it ran */
    bool ended;
    uint32_t shields;   /* hoot_shield() blocks around the place where it is */
    hoot_group *groups; /* it made; they are cancelled with it */
    hoot_group *group;  /* it is a member of */
    hoot_task *group_next, *group_prev;
    hoot__timer timer; /* set when it first waits with a time limit, and left set: see task.c */
#ifdef HOOT__ASAN
    void *fake_stack;
#endif

    hoot_scope own_scope;
    hoot_error err;
};

typedef struct hoot__timer_entry {
    uint64_t at_ms;
    hoot__timer *timer;
} hoot__timer_entry;

typedef struct hoot__timers {
    hoot__timer_entry *heap;
    uint32_t count, capacity;
    uint64_t driver_at_ms; /* when the timerfd comes up; HOOT_NO_DEADLINE: it is stopped */
    hoot__watch driver;    /* the timerfd */
} hoot__timers;

/* The timerfd and libuv's epoll: what the loop itself watches. */
#define HOOT__OWN_WATCHES 2

/* So many descriptors are told of before tasks go on. */
#define HOOT__EVENTS_PER_TURN 256

typedef struct hoot__background hoot__background;
typedef struct hoot__watchdog hoot__watchdog;

struct hoot__loop {
    int epoll_fd;
    int event_next, event_count; /* those that owners are being told of: events[next..count) are left */
    size_t watched;              /* descriptors of which somebody wants to know something */
    uint64_t now_ms;             /* what hoot_now_ms() gives */
    uint64_t clock_ms;           /* the system's clock when it was asked last */
    uv_loop_t uv;                /* see loop.c */
    uv_check_t uv_alive;         /* has it look at handles that do not count, too */
    hoot__watch uv_watch;
    bool uv_due; /* something was started on it, or it has something to tell */
    hoot_task *running;
    hoot_task *ready_head, *ready_tail;
    size_t ready_count, alive_count;
    uint64_t switches;
    hoot__deferred *deferred_head, **deferred_link;
    hoot__timers timers;
    bool virtual_clock;
    bool time_passes; /* the virtual clock's, in the poll that runs */
    hoot__context context_of_cpu;
#ifdef HOOT__ASAN
    void *fake_stack;
    const void *stack_base;
    size_t stack_size;
#endif
    hoot__background *background;
    hoot__waitq background_waiters;
    bool background_closed;
    hoot__watchdog *watchdog;
    hoot__stacks stacks;
    struct epoll_event events[HOOT__EVENTS_PER_TURN];
};

/* One pointer a thread; initial-exec costs one instruction where the default of a shared library is a call.
 */
extern _Thread_local hoot__loop *hoot__this_loop __attribute__((tls_model("initial-exec")));

/* --- loop.c --- */
void hoot__loop_push(hoot__loop *loop, hoot_task *task); /* make it ready */
void hoot__loop_update_time(hoot__loop *loop);

static inline uint64_t hoot__loop_now(const hoot__loop *loop)
{
    return loop->now_ms;
}

/* --- watch.c --- */
int hoot__watches_init(hoot__loop *loop); /* Errors: -errno */
void hoot__watches_fini(hoot__loop *loop);
/* Wait, at most `timeout_ms` (-1: for ever), and tell the owners of what is there. */
void hoot__watches_poll(hoot__loop *loop, int timeout_ms);

/* --- timer.c --- */
/* Room for one task's timer more, so that setting it later cannot fail. false: no memory. */
bool hoot__timers_reserve(hoot__loop *loop);
/* hoot__timer_set() of a timer whose place was reserved, or that is set. */
void hoot__timer_set_reserved(hoot__loop *loop, hoot__timer *timer, uint64_t due_ms, hoot__timer_fn fire);
void hoot__timers_run(hoot__loop *loop);
/* Behind hoot__watches_init(). Errors: -errno. */
int hoot__timers_init(hoot__loop *loop);
/* Have the loop wake up when the first of them is due. */
void hoot__timers_drive(hoot__loop *loop);
/* When the first timer that still means something fires; HOOT_NO_DEADLINE: none. */
uint64_t hoot__timers_first(hoot__loop *loop);
void hoot__timers_fini(hoot__loop *loop);

/* --- task.c --- */
/* Run a ready or new task until it suspends or ends. Not from inside a task. */
void hoot__task_resume(hoot_task *task);
/* What a suspending call answers without suspending: 0, HOOT_ECANCELED, HOOT_ETIMEOUT. 0 outside of tasks. */
int hoot__task_check(void);

/* --- group.c --- */
/* A member has ended. */
void hoot__group_left_by(hoot_group *group, hoot_task *task);
/* The task that made it was cancelled. */
void hoot__groups_cancel(hoot_task *task);
/* Its function has returned: what is left of its groups ends before it does. Suspends. */
void hoot__groups_end(hoot_task *task);

/* --- overflow.c --- */
/* Have a stack overflow of a task on this thread reported. Nothing happens where the system refuses. */
void hoot__overflow_watch(void);
void hoot__overflow_unwatch(void);
/* End the process for the overflow of a stack that only has a canary. */
HOOT_NORETURN void hoot__overflow_die(const hoot_task *task);

/* --- watchdog.c --- */
/* NULL: no memory, no thread. */
hoot__watchdog *hoot__watchdog_start(hoot__loop *loop, uint32_t limit_ms);
void hoot__watchdog_stop(hoot__watchdog *watchdog);

#endif

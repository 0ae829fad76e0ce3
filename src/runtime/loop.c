/* The loop: descriptors, and a queue of ready tasks worked off around polling them.
 *
 *     poll: owners of descriptors wake tasks | libuv, when it is due | ready tasks, deferred work, once more
 *
 * At most two generations of ready tasks run before deferred work (written-together output): those that were
 * ready, and those that they made ready; and as many once more behind it. What is left waits for the next
 * turn, whose poll then does not block, so tasks that keep each other busy cannot starve the sockets.
 *
 * Callbacks run on the thread's own stack, outside of tasks. The loop goes on while a task is alive, also
 * when nothing is watched: what waits for nothing but a signal is a program that waits, not one that has
 * ended.
 *
 * Libuv does what is done seldom: work on threads, names, signals, processes. Its loop has a turn when
 * something was started on it, when its own epoll, which is one of our descriptors, has something, and while
 * it has timers or handles to close. */
#include "runtime/internal.h"

#include "base/alloc.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define GENERATIONS 2

_Thread_local hoot__loop *hoot__this_loop __attribute__((tls_model("initial-exec")));

hoot__loop *hoot__loop_current(void)
{
    return hoot__this_loop;
}

uv_loop_t *hoot__loop_uv(hoot__loop *loop)
{
    loop->uv_due = true;
    return &loop->uv;
}

/* --- time --- */

static uint64_t clock_now_ms(void)
{
    return uv_hrtime() / 1000000;
}

uint64_t hoot_now_ms(void)
{
    return hoot__this_loop ? hoot__loop_now(hoot__this_loop) : clock_now_ms();
}

void hoot__loop_update_time(hoot__loop *loop)
{
    uint64_t clock_ms = clock_now_ms();

    if (!loop->virtual_clock || loop->time_passes)
        loop->now_ms += clock_ms - loop->clock_ms;
    loop->clock_ms = clock_ms;
}

/* --- ready tasks --- */

void hoot__loop_push(hoot__loop *loop, hoot_task *task)
{
    assert(!task->ready);
    task->ready = true;
    task->ready_next = NULL;
    if (loop->ready_tail)
        loop->ready_tail->ready_next = task;
    else
        loop->ready_head = task;
    loop->ready_tail = task;
    loop->ready_count++;
}

static hoot_task *pop(hoot__loop *loop)
{
    hoot_task *task = loop->ready_head;

    loop->ready_head = task->ready_next;
    if (!loop->ready_head)
        loop->ready_tail = NULL;
    loop->ready_count--;
    task->ready = false;
    return task;
}

static void run_generation(hoot__loop *loop)
{
    for (size_t left = loop->ready_count; left; left--)
        hoot__task_resume(pop(loop));
}

/* --- deferred work --- */

void hoot__loop_defer(hoot__deferred *deferred, hoot__deferred_fn run)
{
    hoot__loop *loop = hoot__this_loop;

    assert(loop);
    deferred->run = run;
    if (deferred->queued)
        return;
    deferred->queued = true;
    deferred->next = NULL;
    deferred->link = loop->deferred_link;
    *loop->deferred_link = deferred;
    loop->deferred_link = &deferred->next;
}

void hoot__loop_undefer(hoot__deferred *deferred)
{
    if (!deferred->queued)
        return;
    deferred->queued = false;
    *deferred->link = deferred->next;
    if (deferred->next)
        deferred->next->link = deferred->link;
    else
        hoot__this_loop->deferred_link = deferred->link;
}

/* Those that are queued now, and not what they queue in turn. */
static void run_deferred(hoot__loop *loop)
{
    hoot__deferred end = { 0 }, *deferred;

    if (!loop->deferred_head)
        return;
    hoot__loop_defer(&end, NULL);
    while ((deferred = loop->deferred_head) != &end) {
        hoot__loop_undefer(deferred);
        deferred->run(deferred);
    }
    hoot__loop_undefer(&end);
}

/* --- virtual time: stands still while tasks run, jumps to the next timer when nothing else can happen before
 * it, and passes as real time does while the loop polls for somebody else's work --- */

/* Whether other rooms wait for descriptors or for libuv. */
static bool others_active(hoot__loop *loop)
{
    bool active;

    uv_unref((uv_handle_t *)&loop->uv_alive);
    active = uv_loop_alive(&loop->uv);
    uv_ref((uv_handle_t *)&loop->uv_alive);
    return active || loop->watched > HOOT__OWN_WATCHES;
}

/* Gives whether time jumped. */
static bool jump(hoot__loop *loop)
{
    uint64_t first_ms = hoot__timers_first(loop);

    if (first_ms == HOOT_NO_DEADLINE)
        return false;
    if (first_ms > loop->now_ms)
        loop->now_ms = first_ms;
    hoot__timers_run(loop);
    return true;
}

static bool pass_virtual_time(hoot__loop *loop, bool busy)
{
    loop->time_passes = others_active(loop);
    return !busy && !loop->time_passes && jump(loop);
}

/* --- turns --- */

static bool is_busy(const hoot__loop *loop)
{
    return loop->ready_head || loop->deferred_head;
}

static void run_phase(hoot__loop *loop)
{
    for (int i = 0; i < GENERATIONS && loop->ready_head; i++)
        run_generation(loop);
    run_deferred(loop);
}

static void work(hoot__loop *loop)
{
    run_phase(loop);
    if (is_busy(loop))
        run_phase(loop);
    hoot__timers_drive(loop);
}

/* Wait for what comes next, unless there is still work to do. */
static void wait_for_events(hoot__loop *loop)
{
    bool busy = is_busy(loop);
    int uv_wait_ms = loop->uv_due ? 0 : uv_backend_timeout(&loop->uv); /* -1: its descriptors only */

    if (loop->virtual_clock && loop->alive_count)
        busy |= pass_virtual_time(loop, busy);
    hoot__watches_poll(loop, busy ? 0 : uv_wait_ms);
    loop->time_passes = false;
    if (loop->uv_due || uv_wait_ms >= 0) {
        loop->uv_due = false;
        uv_run(&loop->uv, UV_RUN_NOWAIT);
    }
}

/* --- a loop's life --- */

static void uv_has_something(hoot__watch *watch, uint32_t events)
{
    (void)watch, (void)events;
    hoot__this_loop->uv_due = true;
}

static void do_nothing(uv_check_t *check)
{
    (void)check;
}

/* A loop of libuv that only has handles which do not count does not look at them: so there is one that does.
 */
static int open_uv(hoot__loop *loop)
{
    int rc = uv_loop_init(&loop->uv);

    if (rc < 0)
        return rc;
    uv_check_init(&loop->uv, &loop->uv_alive);
    uv_check_start(&loop->uv_alive, do_nothing);
    loop->uv_watch = (hoot__watch){ uv_has_something, .fd = uv_backend_fd(&loop->uv) };
    loop->uv_due = true;
    rc = hoot__watch_set(&loop->uv_watch, EPOLLIN);
    if (rc < 0) {
        uv_close((uv_handle_t *)&loop->uv_alive, NULL);
        uv_run(&loop->uv, UV_RUN_DEFAULT);
        uv_loop_close(&loop->uv);
    }
    return rc;
}

static int open_parts(hoot__loop *loop)
{
    int rc = hoot__watches_init(loop);

    if (rc < 0)
        return rc;
    rc = hoot__timers_init(loop);
    if (rc == 0) {
        rc = open_uv(loop);
        if (rc < 0)
            hoot__timers_fini(loop);
    }
    if (rc < 0)
        hoot__watches_fini(loop);
    return rc;
}

/* Make it and have it be this thread's. */
static int loop_open(const hoot__loop_options *options, hoot_error *err)
{
    hoot__loop *loop = hoot__calloc(1, sizeof *loop);
    int rc;

    if (!loop)
        return hoot_error_set(err, HOOT_ENOMEM, "no memory for a loop");
    hoot__this_loop = loop;
    loop->virtual_clock = options->virtual_clock;
    loop->now_ms = loop->clock_ms = clock_now_ms();
    loop->deferred_link = &loop->deferred_head;
    rc = open_parts(loop);
    if (rc < 0) {
        hoot__this_loop = NULL;
        hoot__free(loop);
        return hoot_error_set(err, rc, "a loop could not be made: %s", uv_strerror(rc));
    }
    hoot__stacks_init(&loop->stacks, sizeof(hoot_task), HOOT__GUARD_KERNEL);
    return 0;
}

static void close_others(uv_handle_t *handle, void *arg)
{
    const hoot__loop *loop = arg;

    if (handle != (const uv_handle_t *)&loop->uv_alive && !uv_is_closing(handle))
        uv_close(handle, NULL);
}

static bool has_work(const hoot__loop *loop)
{
    return is_busy(loop) || uv_loop_alive(&loop->uv);
}

/* In debug builds, with HOOT_STACK_REPORT set: how much of its stack the deepest task used. */
static void report_depth(const hoot__stacks *stacks)
{
    if (stacks->deepest && getenv("HOOT_STACK_REPORT"))
        fprintf(stderr, "hoot: the deepest task used %zu of %zu KiB of its stack\n", stacks->deepest / 1024,
                HOOT_TASK_STACK_BYTES / 1024);
}

/* Handles of other rooms end while tasks that their last callbacks start or wake can still run. */
static void loop_close(hoot__loop *loop)
{
    int rc;

    uv_walk(&loop->uv, close_others, loop);
    uv_unref((uv_handle_t *)&loop->uv_alive);
    loop->uv_due = true;
    for (work(loop); has_work(loop); work(loop))
        wait_for_events(loop);
    uv_close((uv_handle_t *)&loop->uv_alive, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    hoot__watch_end(&loop->uv_watch);
    rc = uv_loop_close(&loop->uv);
    assert(rc == 0);
    (void)rc;
    hoot__timers_fini(loop);
    hoot__watches_fini(loop);
    hoot__stacks_fini(&loop->stacks);
    report_depth(&loop->stacks);
    hoot__this_loop = NULL;
    hoot__free(loop);
}

static uint32_t watchdog_limit(const hoot__loop_options *options)
{
#ifdef HOOT_DEBUG
    return options->watchdog_ms ? options->watchdog_ms : 50;
#else
    return options->watchdog_ms;
#endif
}

/* What the first task gave, kept until the loop is gone. */
struct outcome {
    hoot_task_fn main;
    void *arg;
    int result;
    hoot_error *err;
};

static int call_main(hoot_error *err, void *arg)
{
    struct outcome *outcome = arg;

    return outcome->main(err, outcome->arg);
}

static void main_done(int result, const hoot_error *err, void *arg)
{
    struct outcome *outcome = arg;

    outcome->result = result;
    if (result < 0 && outcome->err)
        *outcome->err = *err;
}

static int run_main(hoot__loop *loop, struct outcome *outcome)
{
    static const hoot__task_options options = { .name = "main" };

    if (!hoot__task_start(&options, call_main, main_done, outcome))
        return hoot_error_set(outcome->err, HOOT_ENOMEM, "no memory for the first task");
    for (work(loop); loop->alive_count; work(loop))
        wait_for_events(loop);
    return outcome->result;
}

int hoot__loop_run(const hoot__loop_options *options, hoot_task_fn main, void *arg, hoot_error *err)
{
    static const hoot__loop_options defaults;
    struct outcome outcome = { .main = main, .arg = arg, .err = err };
    uint32_t limit_ms;
    int rc;

    if (hoot__this_loop)
        return hoot_error_set(err, HOOT_ESTATE, "a loop runs on this thread already");
    options = options ? options : &defaults;
    rc = loop_open(options, err);
    if (rc < 0)
        return rc;
    hoot__overflow_watch();
    limit_ms = watchdog_limit(options);
    hoot__this_loop->watchdog = limit_ms ? hoot__watchdog_start(hoot__this_loop, limit_ms) : NULL;
    rc = run_main(hoot__this_loop, &outcome);
    hoot__watchdog_stop(hoot__this_loop->watchdog);
    hoot__this_loop->watchdog = NULL;
    loop_close(hoot__this_loop);
    hoot__overflow_unwatch();
    return rc;
}

int hoot_run(hoot_task_fn main, void *arg, hoot_error *err)
{
    return hoot__loop_run(NULL, main, arg, err);
}

void hoot__loop_stats_get(hoot__loop *loop, hoot__loop_stats *out)
{
    *out = (hoot__loop_stats){
        .tasks_alive = loop->alive_count,
        .tasks_ready = loop->ready_count,
        .stacks_pooled = loop->stacks.warm_count,
        .timers = loop->timers.count,
        .switches = loop->switches,
    };
}

/* The loop: libuv's, with a queue of ready tasks worked off around its polling.
 *
 *     timers | closing | ... | PREPARE: ready tasks, then deferred | poll: callbacks wake tasks | CHECK: the
 * same again
 *
 * In each of the two places at most two generations of ready tasks run: those that were ready, and those that
 * they made ready. What is left waits for the next turn, whose poll then does not block, so tasks that keep
 * each other busy cannot starve the sockets. Deferred work (written-together output) comes after the tasks,
 * so before every poll.
 *
 * Callbacks run on the thread's own stack, outside of tasks. The loop goes on while a task is alive, also
 * when no handle is active: what waits for nothing but a signal is a program that waits, not one that has
 * ended. */
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
    return &loop->uv;
}

uint64_t hoot__loop_now(const hoot__loop *loop)
{
    return loop->virtual_clock ? loop->virtual_now_ms : uv_now(&loop->uv);
}

uint64_t hoot_now_ms(void)
{
    return hoot__this_loop ? hoot__loop_now(hoot__this_loop) : uv_hrtime() / 1000000;
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

/* --- turns --- */

static void run_phase(hoot__loop *loop)
{
    for (int i = 0; i < GENERATIONS && loop->ready_head; i++)
        run_generation(loop);
    run_deferred(loop);
    hoot__timers_drive(loop);
}

static void idle_ran(uv_idle_t *idle)
{
    (void)idle; /* it only keeps the poll from blocking */
}

/* --- virtual time: stands still while tasks run, jumps to the next timer when nothing else can happen before
 * it, and passes as real time does while the loop polls for somebody else's work --- */

/* Whether handles or requests of other rooms are active. */
static bool others_active(hoot__loop *loop)
{
    bool active;

    uv_unref((uv_handle_t *)&loop->prepare);
    uv_idle_stop(&loop->idle);
    active = uv_loop_alive(&loop->uv);
    uv_ref((uv_handle_t *)&loop->prepare);
    return active;
}

/* Gives whether time jumped. */
static bool jump(hoot__loop *loop)
{
    uint64_t first_ms = hoot__timers_first(loop);

    if (first_ms == HOOT_NO_DEADLINE)
        return false;
    if (first_ms > loop->virtual_now_ms)
        loop->virtual_now_ms = first_ms;
    hoot__timers_run(loop);
    return true;
}

static bool pass_virtual_time(hoot__loop *loop, bool busy)
{
    loop->time_passes = others_active(loop);
    loop->poll_began_ms = uv_now(&loop->uv);
    return !busy && !loop->time_passes && jump(loop);
}

static void before_poll(uv_prepare_t *prepare)
{
    hoot__loop *loop = prepare->data;
    bool more;

    run_phase(loop);
    more = loop->ready_head || loop->deferred_head;
    if (loop->virtual_clock && loop->alive_count)
        more |= pass_virtual_time(loop, more);
    if (more)
        uv_idle_start(&loop->idle, idle_ran);
    else
        uv_idle_stop(&loop->idle);
}

static void after_poll(uv_check_t *check)
{
    hoot__loop *loop = check->data;

    if (loop->time_passes)
        loop->virtual_now_ms += uv_now(&loop->uv) - loop->poll_began_ms;
    run_phase(loop);
}

/* --- a loop's life --- */

static void set_up_handles(hoot__loop *loop)
{
    uv_prepare_init(&loop->uv, &loop->prepare);
    uv_check_init(&loop->uv, &loop->check);
    uv_idle_init(&loop->uv, &loop->idle);
    loop->prepare.data = loop->check.data = loop->idle.data = loop->driver.data = loop;
    uv_prepare_start(&loop->prepare, before_poll);
    uv_check_start(&loop->check, after_poll);
    uv_unref((uv_handle_t *)&loop->prepare);
    uv_unref((uv_handle_t *)&loop->check);
}

static hoot__loop *loop_new(const hoot__loop_options *options, hoot_error *err)
{
    hoot__loop *loop = hoot__calloc(1, sizeof *loop);
    int rc;

    if (!loop) {
        hoot_error_set(err, HOOT_ENOMEM, "no memory for a loop");
        return NULL;
    }
    rc = uv_loop_init(&loop->uv);
    if (rc < 0) {
        hoot_error_set(err, rc, "a loop could not be made: %s", uv_strerror(rc));
        hoot__free(loop);
        return NULL;
    }
    loop->virtual_clock = options->virtual_clock;
    loop->virtual_now_ms = uv_now(&loop->uv);
    loop->deferred_link = &loop->deferred_head;
    rc = hoot__timers_init(loop);
    if (rc < 0) {
        hoot_error_set(err, rc, "a loop's timer could not be made: %s", uv_strerror(rc));
        uv_loop_close(&loop->uv);
        hoot__free(loop);
        return NULL;
    }
    set_up_handles(loop);
    hoot__stacks_init(&loop->stacks, sizeof(hoot_task), HOOT__GUARD_KERNEL);
    return loop;
}

static bool is_own(const hoot__loop *loop, const uv_handle_t *handle)
{
    return handle == (const uv_handle_t *)&loop->prepare || handle == (const uv_handle_t *)&loop->check ||
           handle == (const uv_handle_t *)&loop->idle || handle == (const uv_handle_t *)&loop->driver;
}

static void close_others(uv_handle_t *handle, void *arg)
{
    if (!is_own(arg, handle) && !uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void close_own(uv_handle_t *handle, void *arg)
{
    if (is_own(arg, handle))
        uv_close(handle, NULL);
}

/* In debug builds, with HOOT_STACK_REPORT set: how much of its stack the deepest task used. */
static void report_depth(const hoot__stacks *stacks)
{
    if (stacks->deepest && getenv("HOOT_STACK_REPORT"))
        fprintf(stderr, "hoot: the deepest task used %zu of %zu KiB of its stack\n", stacks->deepest / 1024,
                HOOT_TASK_STACK_BYTES / 1024);
}

static void loop_free(hoot__loop *loop)
{
    int rc;

    /* Handles of other rooms first, while tasks that their last callbacks start or wake can still run. */
    uv_walk(&loop->uv, close_others, loop);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    uv_walk(&loop->uv, close_own, loop);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    rc = uv_loop_close(&loop->uv);
    assert(rc == 0);
    (void)rc;
    hoot__timers_fini(loop);
    hoot__stacks_fini(&loop->stacks);
    report_depth(&loop->stacks);
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
    while (loop->alive_count)
        uv_run(&loop->uv, UV_RUN_DEFAULT);
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
    hoot__this_loop = loop_new(options, err);
    if (!hoot__this_loop)
        return hoot_error_code(err) ? hoot_error_code(err) : HOOT_ENOMEM;
    hoot__overflow_watch();
    limit_ms = watchdog_limit(options);
    hoot__this_loop->watchdog = limit_ms ? hoot__watchdog_start(hoot__this_loop, limit_ms) : NULL;
    rc = run_main(hoot__this_loop, &outcome);
    hoot__watchdog_stop(hoot__this_loop->watchdog);
    hoot__this_loop->watchdog = NULL;
    loop_free(hoot__this_loop);
    hoot__this_loop = NULL;
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

/* Tasks: starting, waiting, waking, cancelling, ending.
 *
 * Most tasks are short, have no group and no closer, and never wait. So starting and ending one is a straight
 * line of stores and tests, and what few of them need is not inlined into it.
 *
 * A task and its stack are one piece of memory: the struct lies at the top of the stack, so that a task that
 * sleeps near the top of its stack costs one or two pages. A task moves between four conditions:
 *
 *     hoot__task_start -> ready -> running -> ended -> (stack back to the pool)
 *                           ^         |
 *                     wake, |         | hoot_wait, hoot_yield
 *                 interrupt |         v
 *                           +---- waiting
 *
 * Switches only happen between the loop's own stack and a task's: hoot__task_resume() goes in, suspend() or
 * the return of task_main() comes out.
 *
 * A wake always reaches its task: once hoot_wake() was called, hoot_wait() gives its result, even if the
 * deadline passed or the task was cancelled in the same turn. So what a waker hands over is never lost.
 *
 * The deadline costs nothing until a task really waits; its timer is then set, and left set when the wake
 * comes, so that a task that waits a hundred times touches the heap of timers once. When the timer comes up
 * and the task is not waiting for it, nothing happens; the next suspending call sees for itself that the
 * deadline has passed. */
#include "runtime/internal.h"
#include "runtime/torture.h"

#include <assert.h>
#include <string.h>

#ifdef HOOT__ASAN
#include <sanitizer/common_interface_defs.h>
#endif

uint64_t hoot__cancel_at_switch;
uint64_t hoot__switches_seen;

/* --- from one stack to another --- */

static hoot__context *task_main(void *arg);

static inline void begin_or_switch(hoot__loop *loop, hoot_task *task)
{
    hoot__context *here = &loop->context_of_cpu;

    if (task->begun) {
        hoot__context_switch(here, &task->context_of_cpu);
        return;
    }
    task->begun = true;
    hoot__context_begin(here, &task->context_of_cpu, hoot__stack_base(&loop->stacks, &task->stack),
                        hoot__stack_room(&loop->stacks, &task->stack), task_main, task);
}

#ifdef HOOT__ASAN
static void switch_in(hoot__loop *loop, hoot_task *task)
{
    const char *base = hoot__stack_base(&loop->stacks, &task->stack);

    __sanitizer_start_switch_fiber(&loop->fake_stack, base, hoot__stack_room(&loop->stacks, &task->stack));
    begin_or_switch(loop, task);
    __sanitizer_finish_switch_fiber(loop->fake_stack, NULL, NULL);
}

static void switch_out(hoot__loop *loop, hoot_task *task)
{
    void **keep = task->ended ? NULL : &task->fake_stack; /* NULL: the fake stack is let go */

    __sanitizer_start_switch_fiber(keep, loop->stack_base, loop->stack_size);
    hoot__context_switch(&task->context_of_cpu, &loop->context_of_cpu);
    __sanitizer_finish_switch_fiber(task->fake_stack, &loop->stack_base, &loop->stack_size);
}

static void entered(hoot__loop *loop)
{
    __sanitizer_finish_switch_fiber(NULL, &loop->stack_base, &loop->stack_size);
}

/* The frame that is left must not be touched once it was said that it is left: so no return. */
static void leave(hoot__loop *loop, hoot_task *task)
{
    switch_out(loop, task);
}
#else
static inline void switch_in(hoot__loop *loop, hoot_task *task)
{
    begin_or_switch(loop, task);
}

static inline void switch_out(hoot__loop *loop, hoot_task *task)
{
    hoot__context_switch(&task->context_of_cpu, &loop->context_of_cpu);
}

static inline void entered(hoot__loop *loop)
{
    (void)loop;
}

static inline void leave(hoot__loop *loop, hoot_task *task)
{
    (void)loop, (void)task;
}
#endif

static inline void look_at_canary(const hoot_task *task)
{
    if (task->stack.guard == HOOT__GUARD_CANARY && hoot__stack_canary_died(&task->loop->stacks, &task->stack))
        hoot__overflow_die(task);
}

/* Leave the task that runs. Comes back when somebody made it ready and its turn has come. */
static void suspend(hoot_task *task)
{
    look_at_canary(task);
    switch_out(task->loop, task);
}

static hoot__context *task_main(void *arg)
{
    hoot_task *task = arg;

    entered(task->loop);
    task->result = task->fn(&task->err, task->arg);
    if (task->groups)
        hoot__groups_end(task);
    hoot__scope_fini(&task->own_scope);
    assert(!task->groups && !task->shields);
    task->ended = true;
    look_at_canary(task);
    leave(task->loop, task);
    return &task->loop->context_of_cpu;
}

/* It failed and did not say how. */
__attribute__((noinline)) static void say_why(hoot_task *task)
{
    hoot_error_set(&task->err, task->result, "%s", hoot_error_text(task->result));
}

static void finish(hoot__loop *loop, hoot_task *task)
{
    hoot__timer_stop(&task->timer);
    if (task->result < 0 && !task->err.code)
        say_why(task);
    if (task->group)
        hoot__group_left_by(task->group, task);
    if (task->done)
        task->done(task->result, &task->err, task->arg);
    hoot__stack_release(&loop->stacks, &task->stack);
    loop->alive_count--;
}

void hoot__task_resume(hoot_task *task)
{
    hoot__loop *loop = task->loop;

    assert(!loop->running);
    __atomic_store_n(&loop->switches, loop->switches + 1, __ATOMIC_RELAXED); /* the watchdog reads both */
    __atomic_store_n(&loop->running, task, __ATOMIC_RELAXED);
    switch_in(loop, task);
    __atomic_store_n(&loop->running, NULL, __ATOMIC_RELAXED);
    if (task->ended)
        finish(loop, task);
}

/* --- starting --- */

static void inherit(hoot_task *task, const hoot__task_options *options)
{
    const hoot_task *starter = task->loop->running;

    task->deadline_ms = options->deadline_ms ? options->deadline_ms : HOOT_NO_DEADLINE;
    task->context = options->context;
    if (!starter || options->detached_context)
        return;
    task->context = starter->context;
    if (starter->deadline_ms < task->deadline_ms)
        task->deadline_ms = starter->deadline_ms;
}

/* What begins as zeros is to be short: of a longer memset() gcc makes "rep stos", which takes as long as all
 * the rest of a short task. Of the error only that is cleared what marks it as empty. */
static inline void clear(hoot_task *task)
{
    enum { FIRST_ZERO = offsetof(hoot_task, wait_kind), BEHIND_ZEROS = offsetof(hoot_task, own_scope) };

    _Static_assert(BEHIND_ZEROS - FIRST_ZERO <= 96, "more than some stores");
    memset((char *)task + FIRST_ZERO, 0, BEHIND_ZEROS - FIRST_ZERO);
    hoot__scope_init(&task->own_scope, NULL);
    hoot_error_clear(&task->err);
}

static inline hoot_task *task_new(hoot__loop *loop, const hoot__task_options *options)
{
    hoot_task *task = (hoot_task *)hoot__stack_acquire(&loop->stacks);

    if (!task)
        return NULL;
    clear(task);
    task->loop = loop;
    task->sleep_due_ms = HOOT_NO_DEADLINE;
    task->name = options->name ? options->name : "task";
    task->scope = &task->own_scope;
    inherit(task, options);
    return task;
}

hoot_task *hoot__task_start(const hoot__task_options *options, hoot_task_fn fn, hoot__task_done_fn done,
                            void *arg)
{
    static const hoot__task_options defaults;
    hoot__loop *loop = hoot__this_loop;
    hoot_task *task;

    assert(loop);
    options = options ? options : &defaults;
    task = hoot__timers_reserve(loop) ? task_new(loop, options) : NULL;
    if (!task)
        return NULL;
    task->fn = fn;
    task->done = done;
    task->arg = arg;
    loop->alive_count++;
    if (options->run_now)
        hoot__task_resume(task);
    else
        hoot__loop_push(loop, task);
    return task;
}

/* --- waiting and waking --- */

static int check(const hoot_task *task)
{
    if (task->canceled && !task->shields)
        return HOOT_ECANCELED;
    if (task->deadline_ms != HOOT_NO_DEADLINE && task->deadline_ms <= hoot__loop_now(task->loop))
        return HOOT_ETIMEOUT;
    return 0;
}

int hoot__task_check(void)
{
    hoot_task *task = hoot_current_task();

    return task ? check(task) : 0;
}

/* End a wait that nobody has woken. */
static void interrupt(hoot_task *task, int code)
{
    if (task->wait_kind != HOOT__WAITS)
        return;
    task->wait_kind = HOOT__RUNS;
    task->interrupt = code;
    hoot__loop_push(task->loop, task);
}

static void timer_fired(hoot__timer *timer)
{
    interrupt((hoot_task *)((char *)timer - offsetof(hoot_task, timer)), HOOT_ETIMEOUT);
}

/* Set the timer of a task that is about to wait, or waits, to the end of its wait. */
static void arm(hoot_task *task)
{
    uint64_t due_ms = task->deadline_ms < task->sleep_due_ms ? task->deadline_ms : task->sleep_due_ms;

    if (due_ms != HOOT_NO_DEADLINE)
        hoot__timer_set_reserved(task->loop, &task->timer, due_ms, timer_fired);
    else
        task->timer.due_ms = HOOT_NO_DEADLINE; /* what stands in the heap means nothing now */
}

static void torture(hoot_task *task)
{
    if (++hoot__switches_seen == hoot__cancel_at_switch)
        hoot__task_cancel(task);
}

static int wait_for(hoot_waiter *waiter, hoot__wait_kind kind)
{
    hoot_task *task = hoot_current_task();
    int rc;

    if (waiter->woken)
        return waiter->result;
    assert(task);
    if (__builtin_expect(hoot__cancel_at_switch != 0, 0))
        torture(task);
    if (kind == HOOT__WAITS) {
        rc = check(task);
        if (rc < 0)
            return rc;
        arm(task);
    } else {
        task->timer.due_ms = HOOT_NO_DEADLINE;
    }
    waiter->task = task;
    task->interrupt = 0;
    task->wait_kind = (uint8_t)kind;
    suspend(task);
    waiter->task = NULL;
    return waiter->woken ? waiter->result : task->interrupt;
}

int hoot_wait(hoot_waiter *waiter)
{
    return wait_for(waiter, HOOT__WAITS);
}

int hoot_wait_always(hoot_waiter *waiter)
{
    return wait_for(waiter, HOOT__WAITS_ALWAYS);
}

void hoot_wake(hoot_waiter *waiter, int result)
{
    hoot_task *task = waiter->task;

    if (waiter->woken)
        return;
    waiter->woken = true;
    waiter->result = result;
    if (task && task->wait_kind != HOOT__RUNS) {
        task->wait_kind = HOOT__RUNS;
        hoot__loop_push(task->loop, task);
    }
}

int hoot_yield(void)
{
    hoot_task *task = hoot_current_task();
    int rc;

    assert(task);
    if (__builtin_expect(hoot__cancel_at_switch != 0, 0))
        torture(task);
    rc = check(task);
    if (rc < 0)
        return rc;
    hoot__loop_push(task->loop, task);
    suspend(task);
    return check(task);
}

int hoot_sleep(uint64_t ms)
{
    hoot_waiter waiter = HOOT_WAITER_INIT;
    hoot_task *task = hoot_current_task();
    uint64_t due_ms;
    int rc;

    if (ms == 0)
        return hoot_yield();
    assert(task);
    if (__builtin_add_overflow(hoot__loop_now(task->loop), ms, &due_ms))
        due_ms = HOOT_NO_DEADLINE;
    task->sleep_due_ms = due_ms;
    rc = hoot_wait(&waiter);
    task->sleep_due_ms = HOOT_NO_DEADLINE;
    return rc == HOOT_ETIMEOUT && hoot__loop_now(task->loop) >= due_ms ? 0 : rc;
}

/* --- cancelling and deadlines --- */

void hoot__task_cancel(hoot_task *task)
{
    if (task->canceled || task->ended)
        return;
    task->canceled = true;
    hoot__groups_cancel(task);
    if (!task->shields)
        interrupt(task, HOOT_ECANCELED);
}

bool hoot__task_is_canceled(const hoot_task *task)
{
    return task->canceled;
}

int hoot_check_canceled(void)
{
    hoot_task *task = hoot_current_task();
    hoot__loop *loop = hoot__this_loop;

    if (!task)
        return 0;
    if (task->deadline_ms != HOOT_NO_DEADLINE && !loop->virtual_clock)
        hoot__loop_update_time(loop); /* a long computation sees an old time otherwise */
    return check(task);
}

uint64_t hoot__task_deadline(const hoot_task *task)
{
    return task->deadline_ms;
}

void hoot__task_set_deadline(hoot_task *task, uint64_t deadline_ms)
{
    task->deadline_ms = deadline_ms;
    if (task->wait_kind == HOOT__WAITS)
        arm(task);
}

/* `ms` from now, HOOT_NO_DEADLINE when that is past the end of time. */
static uint64_t from_now(const hoot_task *task, uint64_t ms)
{
    uint64_t due_ms;

    return __builtin_add_overflow(hoot__loop_now(task->loop), ms, &due_ms) ? HOOT_NO_DEADLINE : due_ms;
}

void hoot__task_set_timeout(hoot_task *task, uint32_t ms)
{
    task->deadline_ms = hoot__loop_now(task->loop) + ms;
}

hoot_timeout_scope hoot_timeout_begin(uint64_t ms)
{
    hoot_task *task = hoot_current_task();
    hoot_timeout_scope scope = { .outer_deadline_ms = HOOT_NO_DEADLINE };

    if (task) {
        uint64_t due_ms = from_now(task, ms);

        scope.outer_deadline_ms = task->deadline_ms;
        if (due_ms < task->deadline_ms)
            task->deadline_ms = due_ms;
    }
    return scope;
}

void hoot_timeout_end(hoot_timeout_scope *scope)
{
    hoot_task *task = hoot_current_task();

    if (task)
        task->deadline_ms = scope->outer_deadline_ms;
}

hoot_shield_scope hoot_shield_begin(uint64_t ms)
{
    hoot_task *task = hoot_current_task();
    hoot_shield_scope scope = { .outer_deadline_ms = HOOT_NO_DEADLINE };

    if (task) {
        scope.outer_deadline_ms = task->deadline_ms;
        task->deadline_ms = from_now(task, ms);
        task->shields++;
    }
    return scope;
}

void hoot_shield_end(hoot_shield_scope *scope)
{
    hoot_task *task = hoot_current_task();

    if (task) {
        task->deadline_ms = scope->outer_deadline_ms;
        task->shields--;
    }
}

bool hoot__task_renew(uint64_t deadline_ms)
{
    hoot_task *task = hoot_current_task();
    const hoot_scope *scope = &task->own_scope;

    if (task->canceled || task->shields || task->groups || scope->ring.next || scope->arena)
        return false;
    task->deadline_ms = deadline_ms;
    __atomic_store_n(&task->loop->switches, task->loop->switches + 1,
                     __ATOMIC_RELAXED); /* for the watchdog */
    return true;
}

/* --- what is known of a task --- */

hoot_task *hoot_current_task(void)
{
    return hoot__this_loop ? hoot__this_loop->running : NULL;
}

const char *hoot_task_name(const hoot_task *task)
{
    return task->name;
}

void hoot__task_set_name(hoot_task *task, const char *name)
{
    task->name = name;
}

void *hoot__task_context(const hoot_task *task)
{
    return task->context;
}

void hoot__task_set_context(hoot_task *task, void *context)
{
    task->context = context;
}

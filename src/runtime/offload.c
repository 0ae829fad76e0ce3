/* Work off the loop: libuv's work pool. The request lives on the waiting task's stack, since the task never
 * leaves before the pool is done with it. */
#include <hoot/offload.h>

#include "runtime/internal.h"
#include "runtime/offload.h"

#include <assert.h>

struct job {
    uv_work_t work;
    hoot_waiter waiter;
    hoot_offload_fn fn;
    void *arg;
    int result;
    bool taken_back;
};

static void on_thread(uv_work_t *work)
{
    struct job *job = work->data;

    job->result = job->fn(job->arg);
}

static void back_on_loop(uv_work_t *work, int status)
{
    struct job *job = work->data;

    job->taken_back = status == UV_ECANCELED;
    hoot_wake(&job->waiter, 0);
}

int hoot_offload(hoot_offload_fn fn, void *arg)
{
    return hoot__offload_stoppable(fn, NULL, arg);
}

int hoot__offload_stoppable(hoot_offload_fn fn, void (*stop)(void *arg), void *arg)
{
    struct job job = { .waiter = HOOT_WAITER_INIT, .fn = fn, .arg = arg };
    int rc = hoot__task_check();

    assert(hoot_current_task());
    if (rc < 0)
        return rc;
    job.work.data = &job;
    rc = uv_queue_work(hoot__loop_uv(hoot__this_loop), &job.work, on_thread, back_on_loop);
    if (rc < 0)
        return rc == UV_ENOMEM ? HOOT_ENOMEM : rc;
    rc = hoot_wait(&job.waiter);
    if (!job.waiter.woken) {
        /* refused when it runs: then its result counts */
        if (uv_cancel((uv_req_t *)&job.work) < 0 && stop)
            stop(arg);
        hoot_wait_always(&job.waiter);
    }
    return job.taken_back ? rc : job.result;
}

/* Work off the loop: results, waiting for what runs, taking back what does not. */
#include "support/torture.h"

#include <hoot/offload.h>

#include <pthread.h>
#include <semaphore.h>

struct work {
    pthread_t thread;
    sem_t go_on;
    bool ran;
    int result; /* what hoot_offload() gave */
};

static int note_thread(void *arg)
{
    struct work *work = arg;

    work->thread = pthread_self();
    work->ran = true;
    assert_null(hoot__loop_current());
    return -42;
}

static int offload_once(hoot_error *err, void *arg)
{
    struct work work = { 0 };

    (void)err;
    (void)arg;
    assert_int_equal(hoot_offload(note_thread, &work), -42);
    assert_true(work.ran);
    assert_false(pthread_equal(work.thread, pthread_self()));
    return 0;
}

static void work_runs_on_another_thread_and_gives_its_result(void **state)
{
    (void)state;
    run_in_loop(offload_once, NULL);
    run_in_virtual_time(offload_once, NULL); /* time does not jump while work is out */
}

static int wait_to_go_on(void *arg)
{
    struct work *work = arg;

    while (sem_wait(&work->go_on) != 0)
        ;
    work->ran = true;
    return 7;
}

static int offload_and_keep(hoot_error *err, void *arg)
{
    struct work *work = arg;

    (void)err;
    work->result = hoot_offload(wait_to_go_on, work);
    return 0;
}

/* The work pool has as many threads as the environment says; more tasks than that keep it busy. */
#define BUSY 200

static int cancel_all(hoot_error *err, void *arg)
{
    struct work *works = arg;
    hoot_task *tasks[BUSY];
    int ran = 0;

    (void)err;
    for (int i = 0; i < BUSY; i++) {
        sem_init(&works[i].go_on, 0, 0);
        tasks[i] = hoot__task_start(NULL, offload_and_keep, NULL, &works[i]);
        assert_non_null(tasks[i]);
    }
    assert_int_equal(hoot_yield(), 0);
    for (int i = 0; i < BUSY; i++)
        hoot__task_cancel(tasks[i]);
    assert_int_equal(hoot_yield(), 0);
    for (int i = 0; i < BUSY; i++)
        sem_post(&works[i].go_on);
    for (int i = 0; i < BUSY; i++) {
        while (works[i].result == 0)
            assert_int_equal(hoot_yield(), 0);
        ran += works[i].ran;
        assert_int_equal(works[i].result, works[i].ran ? 7 : HOOT_ECANCELED);
        sem_destroy(&works[i].go_on);
    }
    assert_true(ran < BUSY);
    return 0;
}

static void cancelled_work_is_taken_back_unless_it_runs(void **state)
{
    struct work *works = calloc(BUSY, sizeof *works);

    (void)state;
    assert_non_null(works);
    run_in_loop(cancel_all, works);
    free(works);
}

static int offload_when_canceled(hoot_error *err, void *arg)
{
    struct work work = { 0 };

    (void)err;
    (void)arg;
    hoot__task_cancel(hoot_current_task());
    assert_int_equal(hoot_offload(note_thread, &work), HOOT_ECANCELED);
    assert_false(work.ran);
    return 0;
}

static void a_cancelled_task_sends_no_work(void **state)
{
    (void)state;
    run_in_loop(offload_when_canceled, NULL);
}

static int offload_twice(hoot_error *err, void *arg)
{
    struct work work = { 0 };

    (void)err;
    (void)arg;
    if (hoot_offload(note_thread, &work) == HOOT_ECANCELED)
        return HOOT_ECANCELED;
    return hoot_offload(note_thread, &work) == HOOT_ECANCELED ? HOOT_ECANCELED : 0;
}

static void cancelling_at_every_point_leaves_nothing_behind(void **state)
{
    (void)state;
    assert_true(torture(offload_twice, NULL) >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_runs_on_another_thread_and_gives_its_result),
        cmocka_unit_test(cancelled_work_is_taken_back_unless_it_runs),
        cmocka_unit_test(a_cancelled_task_sends_no_work),
        cmocka_unit_test(cancelling_at_every_point_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

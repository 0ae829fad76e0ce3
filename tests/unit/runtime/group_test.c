/* Groups: joining, the first failure, cancelling, deadlines, and cancelling at every point. */
#include "support/torture.h"

#include <hoot/group.h>

struct child {
    uint64_t sleep_ms;
    int fail_with;
    int slept; /* what hoot_sleep() gave */
    bool ended;
};

static int run_child(hoot_error *err, void *arg)
{
    struct child *child = arg;

    child->slept = hoot_sleep(child->sleep_ms);
    child->ended = true;
    if (child->fail_with)
        return hoot_error_set(err, child->fail_with, "after %d ms", (int)child->sleep_ms);
    return child->slept;
}

static int join_children(hoot_error *err, void *arg)
{
    struct child children[3] = { { .sleep_ms = 30 }, { .sleep_ms = 10 }, { .sleep_ms = 20 } };
    uint64_t start = hoot_now_ms();
    HOOT_AUTO(hoot_group) group = hoot_group_new(err);

    (void)arg;
    for (int i = 0; i < 3; i++)
        assert_int_equal(hoot_group_start(group, run_child, &children[i], err), 0);
    assert_int_equal(hoot_group_join(group, err), 0);
    assert_int_equal(hoot_now_ms() - start, 30);
    for (int i = 0; i < 3; i++)
        assert_true(children[i].ended);
    assert_int_equal(hoot_group_join(group, err), 0); /* nothing left */
    return 0;
}

static void join_waits_for_all(void **state)
{
    (void)state;
    run_in_virtual_time(join_children, NULL);
}

static int fail_one(hoot_error *err, void *arg)
{
    struct child children[2] = { { .sleep_ms = 1000 }, { .sleep_ms = 10, .fail_with = HOOT_EBUSY } };
    uint64_t start = hoot_now_ms();
    HOOT_AUTO(hoot_group) group = hoot_group_new(err);

    (void)arg;
    for (int i = 0; i < 2; i++)
        assert_int_equal(hoot_group_start(group, run_child, &children[i], err), 0);
    assert_int_equal(hoot_group_join(group, err), HOOT_EBUSY);
    assert_string_equal(err->text, "after 10 ms");
    assert_int_equal(hoot_now_ms() - start, 10);
    assert_int_equal(children[0].slept, HOOT_ECANCELED);
    assert_int_equal(hoot_group_start(group, run_child, &children[0], err), HOOT_ECANCELED);
    assert_int_equal(hoot_check_canceled(), 0);
    return 0;
}

static void the_first_failure_cancels_the_rest(void **state)
{
    (void)state;
    run_in_virtual_time(fail_one, NULL);
}

static int leave_group(hoot_error *err, void *arg)
{
    HOOT_AUTO(hoot_group) group = hoot_group_new(err);

    assert_int_equal(hoot_group_start(group, run_child, arg, err), 0);
    assert_int_equal(hoot_sleep(5), 0);
    return 0;
}

static int free_early(hoot_error *err, void *arg)
{
    struct child child = { .sleep_ms = 1000 };

    (void)arg;
    assert_int_equal(leave_group(err, &child), 0);
    assert_true(child.ended);
    assert_int_equal(child.slept, HOOT_ECANCELED);
    hoot_group_free(NULL);
    return 0;
}

static void a_group_that_is_freed_ends_its_tasks(void **state)
{
    (void)state;
    run_in_virtual_time(free_early, NULL);
}

struct forgotten {
    hoot_group *group;
    struct child child;
};

static void check_ended(int result, const hoot_error *err, void *arg)
{
    (void)result;
    (void)err;
    assert_true(((struct forgotten *)arg)->child.ended);
}

static int forget_group(hoot_error *err, void *arg)
{
    struct forgotten *forgotten = arg;

    forgotten->group = hoot_group_new(err);
    assert_int_equal(hoot_group_start(forgotten->group, run_child, &forgotten->child, err), 0);
    return hoot_sleep(5);
}

static int free_what_was_forgotten(hoot_error *err, void *arg)
{
    struct forgotten forgotten = { .child = { .sleep_ms = 1000 } };

    (void)err;
    (void)arg;
    assert_non_null(hoot__task_start(NULL, forget_group, check_ended, &forgotten));
    assert_int_equal(hoot_sleep(10), 0);
    assert_int_equal(forgotten.child.slept, HOOT_ECANCELED);
    hoot_group_free(forgotten.group);
    return 0;
}

static void a_task_ends_after_the_tasks_of_its_groups(void **state)
{
    (void)state;
    run_in_virtual_time(free_what_was_forgotten, NULL);
}

static int join_until_deadline(hoot_error *err, void *arg)
{
    struct child child = { .sleep_ms = 1000 };
    uint64_t start = hoot_now_ms();

    (void)arg;
    hoot_timeout (50) {
        HOOT_AUTO(hoot_group) group = hoot_group_new(err);

        assert_int_equal(hoot_group_start(group, run_child, &child, err), 0);
        assert_int_equal(hoot_group_join(group, err), HOOT_ETIMEOUT);
    }
    assert_int_equal(hoot_now_ms() - start, 50);
    assert_int_equal(child.slept, HOOT_ETIMEOUT); /* inherited */
    return 0;
}

static void tasks_of_a_group_have_the_callers_deadline(void **state)
{
    (void)state;
    run_in_virtual_time(join_until_deadline, NULL);
}

/* The owner is cancelled while it sleeps, outside of join. */
static int own_and_sleep(hoot_error *err, void *arg)
{
    struct child *child = arg;
    HOOT_AUTO(hoot_group) group = hoot_group_new(err);

    assert_int_equal(hoot_group_start(group, run_child, child, err), 0);
    hoot_shield(500) assert_int_equal(hoot_sleep(100), 0);
    assert_true(child->ended); /* at once, not only when its owner came to join */
    return hoot_group_join(group, err);
}

static void keep_result(int result, const hoot_error *err, void *arg)
{
    (void)err;
    ((struct child *)arg)->fail_with = result;
}

static int cancel_owner(hoot_error *err, void *arg)
{
    struct child child = { .sleep_ms = 1000 };
    hoot_task *owner = hoot__task_start(NULL, own_and_sleep, keep_result, &child);

    (void)err;
    (void)arg;
    assert_int_equal(hoot_sleep(10), 0);
    hoot__task_cancel(owner);
    assert_int_equal(hoot_sleep(200), 0);
    assert_int_equal(child.slept, HOOT_ECANCELED);
    assert_int_equal(child.fail_with, HOOT_ECANCELED);
    return 0;
}

static void cancelling_the_owner_reaches_its_tasks_at_once(void **state)
{
    (void)state;
    run_in_virtual_time(cancel_owner, NULL);
}

static int gather_two(hoot_error *err, void *arg)
{
    struct child first = { .sleep_ms = 10 }, second = { .sleep_ms = 20 }, failing = { 5, HOOT_EDB, 0, false };
    uint64_t start = hoot_now_ms();

    (void)arg;
    assert_int_equal(hoot_gather(err, { run_child, &first }, { run_child, &second }), 0);
    assert_int_equal(hoot_now_ms() - start, 20);
    assert_int_equal(hoot_gather(err, { run_child, &first }, { run_child, &failing }), HOOT_EDB);
    assert_string_equal(err->text, "after 5 ms");
    assert_int_equal(first.slept, HOOT_ECANCELED);
    assert_int_equal(hoot_gather_calls(NULL, 0, err), 0);
    return 0;
}

static void gather_runs_all_at_the_same_time(void **state)
{
    (void)state;
    run_in_virtual_time(gather_two, NULL);
}

/* Something with groups in groups, where memory and descriptors would be lost if a join were missed. */
static int inner(hoot_error *err, void *arg)
{
    char *memory = malloc(100);
    int rc = hoot_sleep(5);

    (void)err;
    (void)arg;
    hoot_shield(20)(void) hoot_yield();
    free(memory);
    return rc;
}

static int middle(hoot_error *err, void *arg)
{
    (void)arg;
    return hoot_gather(err, { inner, NULL }, { inner, NULL });
}

static int outer(hoot_error *err, void *arg)
{
    int rc;
    HOOT_AUTO(hoot_group) group = hoot_group_new(err);

    rc = hoot_group_start(group, middle, NULL, err);
    if (rc == 0)
        rc = hoot_group_start(group, inner, arg, err);
    return rc < 0 ? rc : hoot_group_join(group, err);
}

static void cancelling_at_every_point_leaves_nothing_behind(void **state)
{
    (void)state;
    assert_true(torture(outer, NULL) >= 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(join_waits_for_all),
        cmocka_unit_test(the_first_failure_cancels_the_rest),
        cmocka_unit_test(a_group_that_is_freed_ends_its_tasks),
        cmocka_unit_test(a_task_ends_after_the_tasks_of_its_groups),
        cmocka_unit_test(tasks_of_a_group_have_the_callers_deadline),
        cmocka_unit_test(cancelling_the_owner_reaches_its_tasks_at_once),
        cmocka_unit_test(gather_runs_all_at_the_same_time),
        cmocka_unit_test(cancelling_at_every_point_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

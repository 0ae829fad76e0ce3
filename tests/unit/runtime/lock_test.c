/* Semaphores and events. */
#include "support/torture.h"

#include <hoot/group.h>
#include <hoot/lock.h>

#include <string.h>

/* What the tasks of a test share. */
struct shared {
    hoot_semaphore *semaphore;
    hoot_event *event;
    int inside, most_inside;
    char order[16];
};

struct holder {
    struct shared *shared;
    char name[2];
};

static int hold(hoot_error *err, void *arg)
{
    struct holder *holder = arg;
    struct shared *shared = holder->shared;
    int rc = hoot_semaphore_acquire(shared->semaphore);

    (void)err;
    if (rc < 0)
        return rc;
    strcat(shared->order, holder->name);
    if (++shared->inside > shared->most_inside)
        shared->most_inside = shared->inside;
    rc = hoot_sleep(10);
    shared->inside--;
    hoot_semaphore_release(shared->semaphore);
    return rc;
}

static int hold_together(hoot_error *err, void *arg)
{
    struct shared *shared = arg;
    struct holder a = { shared, "a" }, b = { shared, "b" }, c = { shared, "c" }, d = { shared, "d" };

    return hoot_gather(err, { hold, &a }, { hold, &b }, { hold, &c }, { hold, &d });
}

static int with_permits(size_t permits, struct shared *shared, hoot_error *err)
{
    int rc;

    *shared = (struct shared){ .semaphore = hoot_semaphore_new(permits, err) };
    rc = hold_together(err, shared);
    assert_int_equal(shared->inside, 0);
    hoot_semaphore_free(shared->semaphore);
    return rc;
}

static int hold_two_at_a_time(hoot_error *err, void *arg)
{
    struct shared shared;
    int rc = with_permits(2, &shared, err);

    (void)arg;
    assert_int_equal(shared.most_inside, 2);
    assert_string_equal(shared.order, "abcd");
    return rc;
}

static int hold_one_at_a_time(hoot_error *err, void *arg)
{
    struct shared shared;
    int rc = with_permits(1, &shared, err);

    (void)arg;
    assert_int_equal(shared.most_inside, 1);
    assert_string_equal(shared.order, "abcd");
    return rc;
}

static void permits_go_to_waiters_in_order(void **state)
{
    (void)state;
    run_in_virtual_time(hold_one_at_a_time, NULL);
    run_in_virtual_time(hold_two_at_a_time, NULL);
}

static int hold_and_be_cancelled(hoot_error *err, void *arg)
{
    struct shared shared = { .semaphore = hoot_semaphore_new(2, err) };
    int rc = hold_together(err, &shared);

    (void)arg;
    assert_int_equal(shared.inside, 0);
    hoot_shield(100)
    { /* whoever was cancelled where, both permits are back */
        assert_int_equal(hoot_semaphore_acquire(shared.semaphore), 0);
        assert_int_equal(hoot_semaphore_acquire(shared.semaphore), 0);
    }
    hoot_semaphore_free(shared.semaphore);
    return rc;
}

static void cancelling_at_every_point_loses_no_permit(void **state)
{
    (void)state;
    assert_true(torture(hold_and_be_cancelled, NULL) >= 6);
}

static int wait_in_vain(hoot_error *err, void *arg)
{
    HOOT_AUTO(hoot_semaphore) semaphore = hoot_semaphore_new(1, err);

    (void)arg;
    assert_int_equal(hoot_semaphore_acquire(semaphore), 0);
    hoot_timeout (10)
        assert_int_equal(hoot_semaphore_acquire(semaphore), HOOT_ETIMEOUT);
    hoot_semaphore_release(semaphore);
    hoot_timeout (10)
        assert_int_equal(hoot_semaphore_acquire(semaphore), 0);
    hoot_semaphore_release(semaphore);
    return 0;
}

static void a_deadline_ends_the_wait_for_a_permit(void **state)
{
    (void)state;
    run_in_virtual_time(wait_in_vain, NULL);
}

static void a_semaphore_needs_permits(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;

    (void)state;
    assert_null(hoot_semaphore_new(0, &err));
    assert_int_equal(err.code, HOOT_EINVAL);
    hoot_semaphore_free(NULL);
    hoot_event_free(NULL);
}

static int wait_for_event(hoot_error *err, void *arg)
{
    struct shared *shared = arg;
    int rc = hoot_event_wait(shared->event);

    (void)err;
    if (rc == 0)
        shared->inside++;
    return rc;
}

static int set_and_clear(hoot_error *err, void *arg)
{
    struct shared shared = { .event = hoot_event_new(err) };

    (void)arg;
    for (int i = 0; i < 3; i++)
        assert_non_null(hoot__task_start(NULL, wait_for_event, NULL, &shared));
    assert_int_equal(hoot_sleep(10), 0);
    assert_false(hoot_event_is_set(shared.event));
    assert_int_equal(shared.inside, 0);
    hoot_event_set(shared.event);
    assert_int_equal(hoot_sleep(10), 0);
    assert_int_equal(shared.inside, 3);
    assert_true(hoot_event_is_set(shared.event));
    assert_int_equal(hoot_event_wait(shared.event), 0);
    hoot_event_clear(shared.event);
    hoot_timeout (5)
        assert_int_equal(hoot_event_wait(shared.event), HOOT_ETIMEOUT);
    hoot_event_free(shared.event);
    return 0;
}

static void an_event_wakes_all_and_stays_set(void **state)
{
    (void)state;
    run_in_virtual_time(set_and_clear, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(permits_go_to_waiters_in_order),
        cmocka_unit_test(cancelling_at_every_point_loses_no_permit),
        cmocka_unit_test(a_deadline_ends_the_wait_for_a_permit),
        cmocka_unit_test(a_semaphore_needs_permits),
        cmocka_unit_test(an_event_wakes_all_and_stays_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

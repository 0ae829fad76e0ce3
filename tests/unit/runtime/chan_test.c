/* Channels: order, meeting, closing, deadlines; and that nothing is lost in the turn of a deadline. */
#include "support/torture.h"

#include <hoot/chan.h>
#include <hoot/group.h>

static int numbers[10];

struct user {
    hoot_chan *chan;
    int count;
    int rc;
    void *item;
};

static int send_numbers(hoot_error *err, void *arg)
{
    struct user *user = arg;

    (void)err;
    for (int i = 0; i < user->count; i++) {
        user->rc = hoot_chan_send(user->chan, &numbers[i]);
        if (user->rc < 0)
            return user->rc;
    }
    hoot_chan_close(user->chan);
    return 0;
}

static int receive_in_order(hoot_error *err, void *arg)
{
    HOOT_AUTO(hoot_chan) chan = hoot_chan_new(*(size_t *)arg, err);
    struct user user = { .chan = chan, .count = 10 };
    void *item = NULL;

    assert_non_null(hoot__task_start(NULL, send_numbers, NULL, &user));
    for (int i = 0; i < 10; i++) {
        assert_int_equal(hoot_chan_receive(chan, &item), 0);
        assert_ptr_equal(item, &numbers[i]);
    }
    assert_int_equal(hoot_chan_receive(chan, &item), HOOT_ECLOSED);
    assert_int_equal(hoot_chan_send(chan, item), HOOT_ECLOSED);
    assert_int_equal(hoot_chan_try_receive(chan, &item), HOOT_ECLOSED);
    return 0;
}

static void items_come_in_order_with_any_capacity(void **state)
{
    size_t capacities[] = { 0, 1, 3, 10, 100 };

    (void)state;
    for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++)
        run_in_loop(receive_in_order, &capacities[i]);
}

static void capacity_is_bounded(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;

    (void)state;
    assert_null(hoot_chan_new(HOOT_CHAN_MAX_CAPACITY + 1, &err));
    assert_int_equal(err.code, HOOT_EINVAL);
}

static int receive_one(hoot_error *err, void *arg)
{
    struct user *user = arg;

    (void)err;
    user->rc = hoot_chan_receive(user->chan, &user->item);
    return 0;
}

static int try_both(hoot_error *err, void *arg)
{
    HOOT_AUTO(hoot_chan) chan = hoot_chan_new(1, err);
    HOOT_AUTO(hoot_chan) meeting = hoot_chan_new(0, err);
    struct user user = { .chan = meeting };
    void *item;

    (void)arg;
    assert_int_equal(hoot_chan_try_receive(chan, &item), HOOT_EBUSY);
    assert_int_equal(hoot_chan_try_send(chan, &numbers[1]), 0);
    assert_int_equal(hoot_chan_try_send(chan, &numbers[2]), HOOT_EBUSY);
    hoot_chan_close(chan);
    hoot_chan_close(chan);
    assert_int_equal(hoot_chan_receive(chan, &item), 0); /* sent before it was closed */
    assert_ptr_equal(item, &numbers[1]);
    assert_int_equal(hoot_chan_try_send(meeting, &numbers[3]), HOOT_EBUSY);
    assert_non_null(hoot__task_start(NULL, receive_one, NULL, &user));
    assert_int_equal(hoot_yield(), 0);
    assert_int_equal(hoot_chan_try_send(meeting, &numbers[3]), 0);
    assert_int_equal(hoot_yield(), 0);
    assert_ptr_equal(user.item, &numbers[3]);
    return 0;
}

static void try_calls_never_wait(void **state)
{
    (void)state;
    run_in_loop(try_both, NULL);
}

static int close_on_waiters(hoot_error *err, void *arg)
{
    HOOT_AUTO(hoot_chan) chan = hoot_chan_new(0, err);
    struct user first = { .chan = chan }, second = { .chan = chan };

    (void)arg;
    assert_non_null(hoot__task_start(NULL, receive_one, NULL, &first));
    assert_non_null(hoot__task_start(NULL, receive_one, NULL, &second));
    assert_int_equal(hoot_yield(), 0);
    hoot_chan_close(chan);
    assert_int_equal(hoot_yield(), 0);
    assert_int_equal(first.rc, HOOT_ECLOSED);
    assert_int_equal(second.rc, HOOT_ECLOSED);
    return 0;
}

static void closing_wakes_everyone(void **state)
{
    (void)state;
    run_in_loop(close_on_waiters, NULL);
}

static int time_out(hoot_error *err, void *arg)
{
    HOOT_AUTO(hoot_chan) chan = hoot_chan_new(1, err);
    void *item = &numbers[9];

    (void)arg;
    hoot_timeout (10)
        assert_int_equal(hoot_chan_receive(chan, &item), HOOT_ETIMEOUT);
    assert_ptr_equal(item, &numbers[9]); /* untouched */
    assert_int_equal(hoot_chan_send(chan, &numbers[0]), 0);
    hoot_timeout (10)
        assert_int_equal(hoot_chan_send(chan, &numbers[1]), HOOT_ETIMEOUT);
    assert_int_equal(hoot_chan_receive(chan, &item), 0);
    assert_ptr_equal(item, &numbers[0]);
    assert_int_equal(hoot_chan_try_receive(chan, &item),
                     HOOT_EBUSY); /* the one that timed out was not sent */
    return 0;
}

static void a_wait_that_times_out_leaves_the_line(void **state)
{
    (void)state;
    run_in_virtual_time(time_out, NULL);
}

/* The receiver is interrupted and handed an item in the same turn: it gets the item. */
static int hand_over_late(hoot_error *err, void *arg)
{
    HOOT_AUTO(hoot_chan) chan = hoot_chan_new(0, err);
    struct user user = { .chan = chan };
    hoot_task *task = hoot__task_start(NULL, receive_one, NULL, &user);

    (void)arg;
    assert_int_equal(hoot_yield(), 0);
    hoot__task_cancel(task);
    assert_int_equal(hoot_chan_try_send(chan, &numbers[4]), 0);
    assert_int_equal(hoot_yield(), 0);
    assert_int_equal(user.rc, 0);
    assert_ptr_equal(user.item, &numbers[4]);
    return 0;
}

static void an_item_handed_to_a_cancelled_receiver_is_not_lost(void **state)
{
    (void)state;
    run_in_loop(hand_over_late, NULL);
}

static int produce(hoot_error *err, void *arg)
{
    (void)err;
    for (int i = 0; i < 4; i++) {
        char *item = malloc(10);
        int rc = hoot_chan_send(arg, item);

        if (rc < 0) {
            free(item); /* still ours */
            return rc;
        }
    }
    hoot_chan_close(arg);
    return 0;
}

static int consume(hoot_error *err, void *arg)
{
    void *item;
    int rc;

    (void)err;
    while ((rc = hoot_chan_receive(arg, &item)) == 0)
        free(item);
    return rc == HOOT_ECLOSED ? 0 : rc;
}

static int pass_memory(hoot_error *err, void *arg)
{
    HOOT_AUTO(hoot_chan) chan = hoot_chan_new(*(size_t *)arg, err);
    int rc = hoot_gather(err, { produce, chan }, { consume, chan });
    void *item;

    while (hoot_chan_try_receive(chan, &item) == 0)
        free(item);
    return rc;
}

static void cancelling_at_every_point_loses_no_item(void **state)
{
    size_t capacities[] = { 0, 1, 3 };

    (void)state;
    for (size_t i = 0; i < 3; i++)
        assert_true(torture(pass_memory, &capacities[i]) >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_come_in_order_with_any_capacity),
        cmocka_unit_test(capacity_is_bounded),
        cmocka_unit_test(try_calls_never_wait),
        cmocka_unit_test(closing_wakes_everyone),
        cmocka_unit_test(a_wait_that_times_out_leaves_the_line),
        cmocka_unit_test(an_item_handed_to_a_cancelled_receiver_is_not_lost),
        cmocka_unit_test(cancelling_at_every_point_loses_no_item),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

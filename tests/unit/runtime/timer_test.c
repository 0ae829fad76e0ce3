/* The heap of timers, against a plain search. */
#include "support/run.h"

#define COUNT 500

struct watched {
    hoot__timer timer;
    uint64_t expected_ms; /* 0: must not fire */
    unsigned fired;
};

static struct watched *all;
static uint64_t last_fired_ms;

static void note(hoot__timer *timer)
{
    struct watched *watched = (struct watched *)timer;

    assert_int_equal(watched->expected_ms, hoot_now_ms());
    assert_true(hoot_now_ms() >= last_fired_ms);
    last_fired_ms = hoot_now_ms();
    watched->fired++;
    watched->expected_ms = 0;
}

/* Numbers that look random and are the same in every run. */
static uint32_t next_number(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

static void set(struct watched *watched, uint64_t due_ms)
{
    watched->expected_ms = due_ms;
    assert_int_equal(hoot__timer_set(&watched->timer, due_ms, note), 0);
    assert_true(hoot__timer_is_set(&watched->timer));
}

static int set_move_and_stop(hoot_error *err, void *arg)
{
    uint64_t start = hoot_now_ms();
    uint32_t seed = 1;
    unsigned fired = 0, stopped = 0;

    (void)err;
    (void)arg;
    last_fired_ms = 0;
    for (size_t i = 0; i < COUNT; i++)
        set(&all[i], start + 1 + next_number(&seed) % 1000);
    for (size_t i = 0; i < COUNT; i++) {
        uint32_t what = next_number(&seed) % 4;

        if (what == 0)
            set(&all[i], start + 1 + next_number(&seed) % 2000); /* earlier or later */
        if (what == 1) {
            hoot__timer_stop(&all[i].timer);
            hoot__timer_stop(&all[i].timer);
            assert_false(hoot__timer_is_set(&all[i].timer));
            all[i].expected_ms = 0;
            stopped++;
        }
    }
    assert_int_equal(hoot_sleep(3000), 0);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(all[i].expected_ms, 0);
        fired += all[i].fired;
    }
    assert_int_equal(fired, COUNT - stopped);
    return 0;
}

static void timers_fire_once_in_order_at_their_time(void **state)
{
    (void)state;
    all = calloc(COUNT, sizeof *all);
    assert_non_null(all);
    run_in_virtual_time(set_move_and_stop, NULL);
    free(all);
}

static void push_on(hoot__timer *timer)
{
    struct watched *watched = (struct watched *)timer;

    watched->fired++;
    if (watched->fired < 5)
        assert_int_equal(hoot__timer_set(timer, hoot_now_ms(), push_on), 0);
}

static int fire_again_at_once(hoot_error *err, void *arg)
{
    struct watched watched = { 0 };

    (void)err;
    (void)arg;
    assert_int_equal(hoot__timer_set(&watched.timer, 0, push_on), 0); /* long past */
    assert_int_equal(hoot_sleep(1), 0);
    assert_int_equal(watched.fired, 5);
    return 0;
}

static void a_timer_in_the_past_fires_at_once_and_may_set_itself(void **state)
{
    (void)state;
    run_in_virtual_time(fire_again_at_once, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_fire_once_in_order_at_their_time),
        cmocka_unit_test(a_timer_in_the_past_fires_at_once_and_may_set_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Every allocation of the runtime fails once: each run gives HOOT_ENOMEM or succeeds, and leaves nothing
 * behind. */
#include "support/run.h"

#include <hoot/chan.h>
#include <hoot/group.h>
#include <hoot/lock.h>

#include "base/alloc.h"
#include "runtime/signals.h"

static void fired(hoot__timer *timer)
{
    (void)timer;
}

static int nap(hoot_error *err, void *arg)
{
    (void)err;
    (void)arg;
    return hoot_sleep(1);
}

/* More timers than the heap has room for at first. */
static int set_timers(hoot_error *err)
{
    enum { COUNT = 300 };
    hoot__timer *timers = hoot__calloc(COUNT, sizeof *timers);
    int rc = timers ? 0 : HOOT_ENOMEM;

    for (int i = 0; i < COUNT && rc == 0; i++)
        rc = hoot__timer_set(&timers[i], hoot_now_ms() + 1000, fired);
    for (int i = 0; timers && i < COUNT; i++)
        hoot__timer_stop(&timers[i]);
    hoot__free(timers);
    return rc < 0 ? hoot_error_set(err, rc, "timers") : 0;
}

static void no_signal(int number, void *user)
{
    (void)number;
    (void)user;
}

static int use_everything(hoot_error *err, void *arg)
{
    HOOT_AUTO(hoot_chan) chan = hoot_chan_new(4, err);
    HOOT_AUTO(hoot_semaphore) semaphore = chan ? hoot_semaphore_new(1, err) : NULL;
    HOOT_AUTO(hoot_event) event = semaphore ? hoot_event_new(err) : NULL;
    HOOT_AUTO(hoot_group) group = event ? hoot_group_new(err) : NULL;
    hoot__signal *on_signal;
    int rc = group ? 0 : hoot_error_code(err);

    (void)arg;
    for (int i = 0; i < 100 && rc == 0; i++)
        rc = hoot_group_start(group, nap, NULL, err);
    if (rc == 0)
        rc = hoot_group_join(group, err);
    if (rc == 0)
        rc = hoot_gather(err, { nap, NULL }, { nap, NULL });
    if (rc == 0)
        rc = hoot_start("background", nap, NULL, err);
    if (rc == 0)
        rc = set_timers(err);
    if (rc < 0)
        return rc;
    on_signal = hoot__signal_open(10, no_signal, NULL);
    hoot__signal_close(on_signal);
    if (!on_signal || !hoot_scope_arena(hoot_current_scope()))
        return hoot_error_set(err, HOOT_ENOMEM, "signal or arena");
    return hoot__background_wait();
}

static void every_allocation_may_fail(void **state)
{
    hoot__loop_options options = { .virtual_clock = true };
    unsigned long n = 0;
    int rc;

    (void)state;
    do {
        hoot_error err = HOOT_ERROR_INIT;

        hoot__alloc_fail_next(++n);
        rc = hoot__loop_run(&options, use_everything, NULL, &err);
        assert_true(rc == 0 || rc == HOOT_ENOMEM);
        assert_int_equal(err.code, rc);
        assert_null(hoot__loop_current());
    } while (hoot__alloc_count >= n);
    hoot__alloc_fail_next(0);
    assert_int_equal(rc, 0);
    assert_true(n > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

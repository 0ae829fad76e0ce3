/* Connecting, with each allocation failing and with a cancel at each wait: nothing is left behind, and the
 * error says so. */
#include "base/alloc.h"
#include "runtime/torture.h"
#include "unit/net/net_rig.h"

static inbox in;
static unsigned long fail_alloc;
static uint64_t cancel_at;
static bool beyond, connected;
static int code;

/* A name, so that the look-up is part of it; the unix socket's connection has no wait of its own. */
static void connect_once(void)
{
    hoot_error err = HOOT_ERROR_INIT;
    hoot_stream *stream;

    listen_at(&in, "127.0.0.1:0");
    hoot__alloc_fail_next(fail_alloc);
    hoot__cancel_at_switch = cancel_at;
    hoot__switches_seen = 0;
    stream = hoot__connect_tcp("localhost", in.port, &err);
    beyond = fail_alloc ? hoot__alloc_count < fail_alloc : hoot__switches_seen < cancel_at;
    hoot__alloc_fail_next(0);
    hoot__cancel_at_switch = 0;
    connected = stream;
    code = err.code;
    hoot_stream_close(stream);
    hoot_shield(1000)
    {
        (void)hoot_sleep(5);
        listen_end(&in);
    }
}

static void survives_each_allocation_that_fails(void **state)
{
    (void)state;
    cancel_at = 0;
    for (fail_alloc = 1, beyond = false; !beyond; fail_alloc++) {
        run_in_task(connect_once, false);
        if (!connected)
            assert_int_equal(code, HOOT_ENOMEM);
    }
    assert_true(connected);
    assert_true(fail_alloc > 3);
}

static void survives_a_cancel_at_each_wait(void **state)
{
    (void)state;
    fail_alloc = 0;
    for (cancel_at = 1, beyond = false; !beyond; cancel_at++) {
        run_in_task(connect_once, false);
        if (!connected)
            assert_int_equal(code, HOOT_ECANCELED);
    }
    assert_true(connected);
    assert_true(cancel_at > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(survives_each_allocation_that_fails),
        cmocka_unit_test(survives_a_cancel_at_each_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

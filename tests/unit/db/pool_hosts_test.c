/* A pool over several hosts, and the hooks of its connections; on a scripted driver and a virtual clock. */
#include "unit/db/fake_pool.h"

#include <hoot/group.h>

static void open_hosts(hoot_pool_options options)
{
    options.url = options.url ? options.url : "fake://a:1,b:2,c:3/db";
    open_with(options);
}

static hoot_pool_host_stats host(size_t index)
{
    hoot_pool_host_stats out[4];

    assert_true(hoot_pool_hosts_get(pool, out, 4) > index);
    return out[index];
}

/* The host that a statement runs on now. */
static int64_t port_now(void)
{
    int64_t port = hoot_pool_execute(pool, &err, "port");

    if (port < 0)
        fail_msg("%s", err.text);
    return port;
}

/* --- hosts --- */

VIRTUAL_TEST(connects_to_the_first_host_that_answers)
{
    open_hosts((hoot_pool_options){ 0 });
    assert_int_equal(port_now(), 1);
    hoot_pool_close(pool);
    fake.down_ports = 1 << 1 | 1 << 2;
    open_hosts((hoot_pool_options){ 0 });
    assert_int_equal(port_now(), 3);
    assert_string_equal(host(0).host, "a:1");
    assert_int_equal(host(0).open_failed, 1);
    assert_true(host(0).avoided && host(1).avoided && !host(2).avoided);
    assert_int_equal(host(2).open, 1);
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(spreads_over_all_hosts_at_random)
{
    hoot_conn *conns[60];

    open_hosts((hoot_pool_options){ .max_size = 60, .host_order = HOOT_HOSTS_AT_RANDOM });
    for (int i = 0; i < 60; i++)
        conns[i] = hoot_pool_acquire(pool, &err);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(host(i).open, 20);
    for (int i = 0; i < 60; i++)
        hoot_conn_release(conns[i]);
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(tells_the_last_error_when_no_host_answers_and_tries_all_again_for_the_next)
{
    fake.down = true;
    open_hosts((hoot_pool_options){ .lazy = true });
    assert_int_equal(hoot_pool_execute(pool, &err, "port"), HOOT_ECONNECT);
    assert_non_null(strstr(err.text, "none of 3 hosts"));
    assert_int_equal(fake.connects, 3);
    fake.down = false;
    assert_int_equal(port_now(), 1);
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(gives_each_host_its_share_of_the_time)
{
    uint64_t begun;

    fake.silent_ports = 1 << 1 | 1 << 2;
    begun = hoot_now_ms();
    open_hosts((hoot_pool_options){ .connect_timeout_ms = 3000 });
    assert_int_equal(hoot_now_ms() - begun, 2000);
    assert_int_equal(port_now(), 3);
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(keeps_the_whole_connect_timeout_when_every_host_is_silent)
{
    uint64_t begun = hoot_now_ms();

    fake.silent_ports = 1 << 1 | 1 << 2 | 1 << 3;
    open_hosts((hoot_pool_options){ .lazy = true, .connect_timeout_ms = 3000 });
    assert_int_equal(hoot_pool_execute(pool, &err, "port"), HOOT_ECONNECT);
    assert_int_equal(hoot_now_ms() - begun, 3000);
    hoot_pool_close(pool);
    return 0;
}

static void wait_until_avoided(size_t index, bool avoided, uint64_t at_most_ms)
{
    uint64_t end = hoot_now_ms() + at_most_ms;

    while (host(index).avoided != avoided && hoot_now_ms() < end)
        assert_int_equal(hoot_sleep(10), 0);
    assert_int_equal(host(index).avoided, avoided);
}

VIRTUAL_TEST(goes_back_to_the_first_host_when_that_is_back)
{
    fake.down_ports = 1 << 1;
    open_hosts((hoot_pool_options){ 0 });
    assert_int_equal(port_now(), 2);
    assert_int_equal(hoot_sleep(5000), 0);
    assert_int_equal(port_now(), 2);
    fake.down_ports = 0;
    wait_until_avoided(0, false, 10000);
    assert_int_equal(hoot_sleep(1000), 0);
    assert_int_equal(port_now(), 1);
    assert_int_equal(stats().closed_moved, 1);
    assert_int_equal(stats().errors, 0);
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(gives_a_host_that_is_back_its_share)
{
    hoot_conn *conns[9];

    fake.down_ports = 1 << 2;
    open_hosts((hoot_pool_options){ .max_size = 9, .min_size = 9, .host_order = HOOT_HOSTS_AT_RANDOM });
    assert_int_equal(host(1).open, 0);
    fake.down_ports = 0;
    wait_until_avoided(1, false, 31 * 1000);
    assert_int_equal(hoot_sleep(1100), 0);
    for (int i = 0; i < 9; i++)
        conns[i] = hoot_pool_acquire(pool, &err);
    assert_int_equal(host(1).open, 3);
    assert_int_equal(stats().closed_moved, 3);
    for (int i = 0; i < 9; i++)
        hoot_conn_release(conns[i]);
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(asks_a_host_that_stays_down_ever_less_often)
{
    int before;

    fake.down_ports = 1 << 1;
    open_hosts((hoot_pool_options){ 0 });
    before = fake.connects;
    assert_int_equal(hoot_sleep(10 * 60 * 1000), 0);
    assert_in_range(fake.connects - before, 600 / 30, 600 / 22 + 8);
    assert_int_equal(stats().open, 1);
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(retires_what_is_connected_to_a_host_that_is_lost)
{
    hoot_conn *a, *b;

    open_hosts((hoot_pool_options){ .max_size = 4, .min_size = 2 });
    a = hoot_pool_acquire(pool, &err);
    b = hoot_pool_acquire(pool, &err);
    fake.down_ports = 1 << 1;
    assert_int_equal(hoot_conn_execute(a, &err, "lost"), HOOT_ECONNLOST);
    hoot_conn_release(a); /* the host is looked at now */
    wait_until_avoided(0, true, 10);
    hoot_conn_release(b); /* still fine by itself, but its host is lost */
    assert_int_equal(stats().closed_lost, 2);
    assert_int_equal(host(0).lost, 1);
    assert_int_equal(port_now(), 2);
    assert_int_equal(host(0).open, 0);
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(does_not_avoid_a_host_of_which_one_connection_was_killed)
{
    open_hosts((hoot_pool_options){ .max_size = 2 });
    assert_int_equal(hoot_pool_execute(pool, &err, "lost"), HOOT_ECONNLOST);
    assert_int_equal(hoot_sleep(100), 0);
    assert_false(host(0).avoided);
    assert_int_equal(port_now(), 1);
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(leaves_a_host_that_became_read_only_until_it_takes_writes)
{
    open_hosts((hoot_pool_options){ .max_size = 2 });
    assert_int_equal(hoot_pool_execute(pool, &err, "write"), 0);
    fake.read_only_ports = 1 << 1;
    assert_int_equal(hoot_pool_execute(pool, &err, "write"), 0); /* the other host has done it */
    assert_int_equal(err.code, 0);
    assert_int_equal(stats().closed_read_only, 1);
    assert_int_equal(host(0).refused, 1);
    assert_int_equal(hoot_pool_execute(pool, &err, "write"), 0);
    assert_int_equal(port_now(), 2);
    assert_int_equal(hoot_sleep(60 * 1000), 0);
    assert_int_equal(port_now(), 2);
    fake.read_only_ports = 0;
    wait_until_avoided(0, false, 31 * 1000);
    assert_int_equal(hoot_sleep(1000), 0);
    assert_int_equal(port_now(), 1);
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(asks_every_host_once_whether_it_takes_a_statement)
{
    HOOT_AUTO(hoot_cursor) rows = NULL;

    open_hosts((hoot_pool_options){ .max_size = 5 });
    fake.read_only_ports = 1 << 1 | 1 << 2;
    rows = hoot_pool_query(pool, &err, "write");
    assert_non_null(rows);
    assert_int_equal(fake.statements, 3);
    assert_int_equal(host(0).refused, 1);
    assert_int_equal(host(1).refused, 1);
    hoot_pool_close(pool);
    fake.read_only_ports |= 1 << 3;
    fake.statements = 0;
    open_hosts((hoot_pool_options){ .max_size = 5 });
    assert_int_equal(hoot_pool_execute(pool, &err, "write"), HOOT_EUNFIT);
    assert_string_equal(err.text, "read-only");
    assert_int_equal(fake.statements, 3);
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(gives_the_refusal_when_the_other_hosts_are_down)
{
    open_hosts((hoot_pool_options){ .max_size = 2 });
    fake.read_only_ports = 1 << 1;
    fake.down_ports = 1 << 2 | 1 << 3;
    assert_int_equal(hoot_pool_execute(pool, &err, "write"), HOOT_EUNFIT);
    assert_int_equal(fake.statements, 1);
    hoot_pool_close(pool);
    return 0;
}

/* What a procedure has done before it was refused is done. */
VIRTUAL_TEST(does_not_try_elsewhere_what_may_be_done_in_part)
{
    open_hosts((hoot_pool_options){ .max_size = 2 });
    fake.read_only_ports = 1 << 1;
    assert_int_equal(hoot_pool_execute(pool, &err, "call write"), HOOT_EUNFIT);
    assert_int_equal(fake.statements, 1);
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(retires_a_read_only_connection_of_a_single_host_too)
{
    open_hosts((hoot_pool_options){ .url = "fake://a/db", .max_size = 2 });
    fake.read_only_ports = 1 << 1;
    assert_int_equal(hoot_pool_execute(pool, &err, "write"), HOOT_EUNFIT);
    assert_int_equal(hoot_error_status(err.code), 503);
    fake.read_only_ports = 0; /* behind the name is another server now */
    assert_int_equal(hoot_pool_execute(pool, &err, "write"), 0);
    assert_int_equal(stats().closed_read_only, 1);
    assert_int_equal(stats().opened, 2);
    assert_false(host(0).avoided);
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(closes_while_it_looks_at_a_silent_host)
{
    open_hosts((hoot_pool_options){ .max_size = 2 });
    fake.silent_ports = 1 << 1;
    assert_int_equal(hoot_pool_execute(pool, &err, "lost"), HOOT_ECONNLOST);
    assert_int_equal(hoot_sleep(1), 0);
    assert_true(fake.connecting > 0);
    hoot_pool_close(pool);
    return 0;
}

/* --- hooks --- */

static int hook_calls;

static int run(hoot_conn *conn, const char *sql, hoot_error *error)
{
    int64_t changed = hoot_conn_execute(conn, error, sql);

    return changed < 0 ? (int)changed : 0;
}

static int count_port(hoot_conn *conn, hoot_error *error, void *arg)
{
    hook_calls++;
    assert_ptr_equal(arg, &hook_calls);
    return run(conn, "port", error);
}

static int make_dirty(hoot_conn *conn, hoot_error *error, void *arg)
{
    (void)arg;
    hook_calls++;
    return run(conn, "dirty", error);
}

static int refuse(hoot_conn *conn, hoot_error *error, void *arg)
{
    (void)arg;
    hook_calls++;
    return run(conn, "nonsense", error);
}

static int lose_the_first(hoot_conn *conn, hoot_error *error, void *arg)
{
    (void)arg;
    return run(conn, hook_calls++ ? "port" : "lost", error);
}

VIRTUAL_TEST(runs_a_hook_before_each_lending)
{
    hook_calls = 0;
    open_hosts((hoot_pool_options){ .max_size = 1, .on_acquire = count_port, .hook_arg = &hook_calls });
    assert_int_equal(hook_calls, 0);
    assert_int_equal(port_now(), 1);
    hoot_conn_release(hoot_pool_acquire(pool, &err));
    assert_int_equal(hook_calls, 2);
    assert_int_equal(fake.statements, 3);
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(fails_the_asker_and_closes_the_connection_when_the_hook_fails)
{
    hook_calls = 0;
    open_hosts((hoot_pool_options){ .max_size = 1, .on_acquire = refuse });
    assert_null(hoot_pool_acquire(pool, &err));
    assert_int_equal(err.code, HOOT_EDB);
    assert_int_equal(hoot_pool_execute(pool, &err, "port"), HOOT_EDB);
    assert_int_equal(stats().closed_hook, 2);
    assert_int_equal(stats().lent, 0);
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(takes_the_next_connection_when_the_hook_finds_one_lost)
{
    hook_calls = 0;
    open_hosts((hoot_pool_options){ .max_size = 1, .on_acquire = lose_the_first });
    assert_int_equal(port_now(), 1);
    assert_int_equal(stats().closed_lost, 1);
    assert_int_equal(stats().opened, 2);
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(runs_a_hook_on_each_new_connection_and_after_each_reset)
{
    hook_calls = 0;
    open_hosts((hoot_pool_options){ .max_size = 1, .on_connect = make_dirty });
    assert_int_equal(hook_calls, 1);
    assert_int_equal(port_now(), 1);
    assert_int_equal(port_now(), 1);
    assert_int_equal(fake.resets, 0);
    assert_int_equal(hoot_pool_execute(pool, &err, "dirty"), 0);
    assert_int_equal(port_now(), 1);
    assert_int_equal(fake.resets, 1);
    assert_int_equal(hook_calls, 2);
    hoot_pool_close(pool);
    return 0;
}

VIRTUAL_TEST(does_not_use_a_connection_whose_first_hook_failed)
{
    hoot_pool_options options = { .url = "fake://a/db", .on_connect = refuse };

    assert_int_equal(hoot_pool_open(NULL, &pool, &options, &err), HOOT_EDB);
    assert_non_null(strstr(err.text, "on_connect"));
    options.lazy = true;
    open_hosts(options);
    assert_int_equal(hoot_pool_execute(pool, &err, "port"), HOOT_EDB);
    assert_int_equal(stats().open, 0);
    hoot_pool_close(pool);
    return 0;
}

/* --- figures --- */

VIRTUAL_TEST(tells_how_long_tasks_waited)
{
    static const uint64_t waits_ms[] = { 1, 40, 300, 7000 };
    static const size_t buckets[] = { 0, 3, 5, 8 };
    hoot_conn *conn;

    open_hosts((hoot_pool_options){ .max_size = 1 });
    for (size_t i = 0; i < 4; i++) {
        conn = hoot_pool_acquire(pool, &err);
        hoot_timeout (waits_ms[i])
            assert_null(hoot_pool_acquire(pool, &err));
        hoot_conn_release(conn);
        assert_int_equal(stats().waits[buckets[i]], 1);
    }
    assert_int_equal(stats().waited, 4);
    hoot_pool_close(pool);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FAKED(connects_to_the_first_host_that_answers),
        FAKED(spreads_over_all_hosts_at_random),
        FAKED(tells_the_last_error_when_no_host_answers_and_tries_all_again_for_the_next),
        FAKED(gives_each_host_its_share_of_the_time),
        FAKED(keeps_the_whole_connect_timeout_when_every_host_is_silent),
        FAKED(goes_back_to_the_first_host_when_that_is_back),
        FAKED(gives_a_host_that_is_back_its_share),
        FAKED(asks_a_host_that_stays_down_ever_less_often),
        FAKED(retires_what_is_connected_to_a_host_that_is_lost),
        FAKED(does_not_avoid_a_host_of_which_one_connection_was_killed),
        FAKED(leaves_a_host_that_became_read_only_until_it_takes_writes),
        FAKED(asks_every_host_once_whether_it_takes_a_statement),
        FAKED(gives_the_refusal_when_the_other_hosts_are_down),
        FAKED(does_not_try_elsewhere_what_may_be_done_in_part),
        FAKED(retires_a_read_only_connection_of_a_single_host_too),
        FAKED(closes_while_it_looks_at_a_silent_host),
        FAKED(runs_a_hook_before_each_lending),
        FAKED(fails_the_asker_and_closes_the_connection_when_the_hook_fails),
        FAKED(takes_the_next_connection_when_the_hook_finds_one_lost),
        FAKED(runs_a_hook_on_each_new_connection_and_after_each_reset),
        FAKED(does_not_use_a_connection_whose_first_hook_failed),
        FAKED(tells_how_long_tasks_waited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What sockets do to each other, and to the loop, in one turn. */
#include "unit/net/net_rig.h"

#include "net/socket.h"
#include "runtime/loop.h"

#include <hoot/offload.h>

#include <sys/socket.h>

static inbox in;

/* Let descriptors be looked at: each turn has its poll. */
static void pass_turns(void)
{
    for (int i = 0; i < 10; i++)
        assert_int_equal(hoot_yield(), 0);
}

/* --- a stream that is closed by another one's event, of the same turn ------------------------------- */

static hoot_stream *both[2];
static hoot_waiter *waiter_of_test;
static int told;

static char *room_of_any(hoot_stream *stream, size_t *out_room, void *user)
{
    static char memory[100];

    (void)stream, (void)user;
    *out_room = sizeof memory;
    return memory;
}

static void arrived_close_both(hoot_stream *stream, size_t len, void *user)
{
    (void)stream, (void)len, (void)user;
    told++;
    hoot_stream_close(both[0]);
    hoot_stream_close(both[1]);
    hoot_wake(waiter_of_test, 0);
}

static void ended_never(hoot_stream *stream, int reason, void *user)
{
    (void)stream, (void)reason, (void)user;
    fail();
}

static void drained_never(hoot_stream *stream, int code, void *user)
{
    (void)stream, (void)code, (void)user;
    fail();
}

static const hoot_stream_events close_both = { room_of_any, arrived_close_both, ended_never, drained_never };

static int dial(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(in.port) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void close_another(void)
{
    hoot_waiter waiter = HOOT_WAITER_INIT;
    int peers[2];

    listen_at(&in, "127.0.0.1:0");
    waiter_of_test = &waiter;
    told = 0;
    for (int i = 0; i < 2; i++) {
        peers[i] = dial();
        wait_accepted(&in, i + 1);
        both[i] = in.accepted[i];
        hoot_stream_set_events(both[i], &close_both, NULL);
        assert_int_equal(hoot_stream_read_start(both[i]), 0);
    }
    in.count = 0;
    for (int i = 0; i < 2; i++)
        assert_int_equal(write(peers[i], "x", 1), 1);
    assert_int_equal(hoot_wait(&waiter), 0);
    pass_turns();
    assert_int_equal(told, 1);
    close(peers[0]);
    close(peers[1]);
    listen_end(&in);
}

static void a_stream_may_close_another_that_has_bytes_in_the_same_turn(void **state)
{
    (void)state;
    run_in_task(close_another, false);
}

/* --- draining ------------------------------------------------------------------------------------ */

static int drained_times, drained_code, ended_times;
static bool close_when_drained;

static void ended_count(hoot_stream *stream, int reason, void *user)
{
    (void)stream, (void)reason, (void)user;
    ended_times++;
}

static char *room_never(hoot_stream *stream, size_t *out_room, void *user)
{
    (void)stream, (void)out_room, (void)user;
    return NULL;
}

static void arrived_never(hoot_stream *stream, size_t len, void *user)
{
    (void)stream, (void)len, (void)user;
    fail();
}

static void drained_count(hoot_stream *stream, int code, void *user)
{
    (void)user;
    drained_times++;
    drained_code = code;
    if (close_when_drained)
        hoot_stream_close(stream);
    hoot_wake(waiter_of_test, 0);
}

static const hoot_stream_events counting = { room_never, arrived_never, ended_count, drained_count };

/* A stream with bytes that its peer does not take. */
static hoot_stream *stuck(int *peer, size_t len)
{
    char *bytes = calloc(1, len);

    listen_at(&in, "127.0.0.1:0");
    *peer = dial();
    wait_accepted(&in, 1);
    hoot_stream_set_events(in.accepted[0], &counting, NULL);
    assert_int_equal(hoot_buf_add(&in.accepted[0]->out, bytes, len), 0);
    assert_int_equal(hoot_stream_flush(in.accepted[0]), 1);
    free(bytes);
    drained_times = ended_times = 0;
    return in.accepted[0];
}

static void reset_while_stuck(bool reading)
{
    hoot_waiter waiter = HOOT_WAITER_INIT;
    struct linger at_once = { 1, 0 };
    int peer;
    hoot_stream *stream = stuck(&peer, 20 * 1024 * 1024);

    waiter_of_test = &waiter;
    if (reading)
        assert_int_equal(hoot_stream_read_start(stream), 0);
    setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(peer);
    assert_int_equal(hoot_wait(&waiter), 0);
    assert_int_equal(drained_times, 1);
    assert_true(drained_code < 0);
    assert_int_equal(hoot_stream_pending(stream), 0);
    pass_turns();
    assert_int_equal(drained_times, 1);
    assert_int_equal(ended_times, 0); /* what does not read does not hear of the end */
    listen_end(&in);
}

static void reset_one_that_writes(void)
{
    reset_while_stuck(false);
}

/* Its owner has no room, so it stops reading. */
static void reset_one_that_is_full(void)
{
    reset_while_stuck(true);
}

static void a_reset_while_bytes_wait_is_told_once(void **state)
{
    (void)state;
    close_when_drained = false;
    run_in_task(reset_one_that_writes, false);
    run_in_task(reset_one_that_is_full, false);
}

static int read_to_the_end(void *arg)
{
    static char bytes[1 << 20];
    int fd = *(int *)arg;
    int all = 0;
    ssize_t len;

    while ((len = read(fd, bytes, sizeof bytes)) > 0)
        all += (int)len;
    return all;
}

static void close_in_drained(void)
{
    hoot_waiter waiter = HOOT_WAITER_INIT;
    int peer;
    hoot_stream *stream = stuck(&peer, 20 * 1024 * 1024);

    waiter_of_test = &waiter;
    close_when_drained = true;
    assert_int_equal(hoot_stream_read_start(stream), 0);
    in.count = 0;
    assert_int_equal(hoot_offload(read_to_the_end, &peer), 20 * 1024 * 1024);
    assert_int_equal(drained_times, 1);
    close(peer);
    listen_end(&in);
}

static void a_stream_may_be_closed_when_it_has_drained(void **state)
{
    (void)state;
    run_in_task(close_in_drained, false);
}

/* Whoever writes no more than may wait goes by it. */
static void take_part(void)
{
    const size_t all = 20 * 1024 * 1024;
    static char bytes[1 << 16];
    size_t taken_by_peer = 0, before;
    int peer;
    hoot_stream *stream = stuck(&peer, all);

    before = hoot_stream_pending(stream);
    assert_int_equal(hoot__stream_sent(stream) + before, all);
    while (taken_by_peer < all - before + (1 << 20)) { /* more than waits in the system */
        ssize_t len = recv(peer, bytes, sizeof bytes, MSG_DONTWAIT);

        taken_by_peer += len > 0 ? (size_t)len : 0;
        assert_int_equal(hoot_yield(), 0);
        assert_int_equal(hoot__stream_sent(stream) + hoot_stream_pending(stream), all);
    }
    assert_true(hoot_stream_pending(stream) > 0 && hoot_stream_pending(stream) < before);
    assert_int_equal(drained_times, 0);
    close(peer);
    listen_end(&in);
}

static void what_the_system_has_taken_of_a_rest_does_not_wait_any_more(void **state)
{
    (void)state;
    close_when_drained = false;
    run_in_task(take_part, false);
}

/* --- listeners ------------------------------------------------------------------------------------ */

static int taken;
static hoot__listener *closing_listener;

static void take_and_close(hoot_stream *stream, void *user)
{
    (void)user;
    taken++;
    hoot_stream_close(stream);
    hoot__listener_close(closing_listener);
    hoot_wake(waiter_of_test, 0);
}

static void close_from_accepted(void)
{
    hoot_waiter waiter = HOOT_WAITER_INIT;
    hoot_error err = HOOT_ERROR_INIT;
    int fds[4];

    taken = 0;
    waiter_of_test = &waiter;
    listen_at(&in, "127.0.0.1:0");
    hoot__listener_close(in.listener);
    in.listener = NULL;
    closing_listener = hoot__listener_open(in.fd, take_and_close, NULL, &err);
    for (int i = 0; i < 4; i++)
        fds[i] = dial();
    assert_int_equal(hoot_wait(&waiter), 0);
    pass_turns();
    assert_int_equal(taken, 1);
    for (int i = 0; i < 4; i++)
        close(fds[i]);
    close(in.fd);
}

static void a_listener_may_be_closed_by_what_it_calls(void **state)
{
    (void)state;
    run_in_task(close_from_accepted, false);
}

static size_t timers_now(void)
{
    hoot__loop_stats stats;

    hoot__loop_stats_get(hoot__loop_current(), &stats);
    return stats.timers;
}

/* Its descriptor is ready all the time then, and nothing can be taken from it. */
static void shut_listener_down(void)
{
    struct sockaddr_in address;
    socklen_t len = sizeof address;
    size_t before;
    int fd;

    listen_at(&in, "127.0.0.1:0");
    before = timers_now();
    assert_int_equal(shutdown(in.fd, SHUT_RD), 0);
    pass_turns();
    assert_int_equal(timers_now(), before + 1); /* it is looked at by and by, and not in each turn */
    assert_int_equal(listen(in.fd, 8), 0);
    assert_int_equal(getsockname(in.fd, (struct sockaddr *)&address, &len), 0);
    in.port = ntohs(address.sin_port); /* one that the system chose is another one after that */
    fd = dial();
    wait_accepted(&in, 1);
    close(fd);
    listen_end(&in);
    assert_int_equal(timers_now(), before);
}

static void a_listener_that_others_shut_down_is_left_alone_and_recovers(void **state)
{
    (void)state;
    run_in_task(shut_listener_down, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_may_close_another_that_has_bytes_in_the_same_turn),
        cmocka_unit_test(a_reset_while_bytes_wait_is_told_once),
        cmocka_unit_test(a_stream_may_be_closed_when_it_has_drained),
        cmocka_unit_test(what_the_system_has_taken_of_a_rest_does_not_wait_any_more),
        cmocka_unit_test(a_listener_may_be_closed_by_what_it_calls),
        cmocka_unit_test(a_listener_that_others_shut_down_is_left_alone_and_recovers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

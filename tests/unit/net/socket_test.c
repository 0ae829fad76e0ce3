/* Streams over real sockets, listeners and outgoing connections, on the loopback. */
#include "unit/net/net_rig.h"

#include "net/socket.h"

#include <sys/resource.h>
#include <sys/socket.h>

static inbox in;
static hoot__reader near, far;

static void connect_tcp(void)
{
    hoot_error err = HOOT_ERROR_INIT;
    hoot_stream *stream;

    listen_at(&in, "127.0.0.1:0");
    stream = hoot__connect_tcp("127.0.0.1", in.port, &err);
    if (!stream)
        fail_msg("%s", err.text);
    wait_accepted(&in, 1);
    hoot__reader_init(&near, stream, 64 * 1024 * 1024);
    hoot__reader_init(&far, in.accepted[0], 64 * 1024 * 1024);
}

static void end_both(void)
{
    hoot__reader_fini(&near);
    hoot__reader_fini(&far);
    hoot_stream_close(near.stream);
    listen_end(&in);
}

static void say(hoot__reader *from, const char *text)
{
    assert_int_equal(hoot_buf_add(&from->stream->out, text, strlen(text)), 0);
    assert_int_equal(hoot__reader_flush(from, 0), 0);
}

static void hear(hoot__reader *at, const char *text)
{
    assert_int_equal(hoot__reader_fill(at, strlen(text)), 0);
    assert_memory_equal(hoot__reader_bytes(at).ptr, text, strlen(text));
    hoot__reader_consume(at, strlen(text));
}

static void exchange_bytes(void)
{
    connect_tcp();
    assert_string_equal(near.stream->ops->kind, "tcp");
    assert_string_equal(far.stream->peer, "127.0.0.1");
    assert_true(far.stream->peer_port > 0);
    assert_false(far.stream->local);
    say(&near, "ping");
    hear(&far, "ping");
    say(&far, "pong");
    hear(&near, "pong");
    assert_int_equal(near.stream->bytes_out, 4);
    assert_int_equal(near.stream->bytes_in, 4);
    hoot__stream_keepalive(near.stream, 30);
    end_both();
}

static void tcp_streams_carry_bytes_both_ways(void **state)
{
    (void)state;
    run_in_task(exchange_bytes, false);
}

static void exchange_over_unix(void)
{
    char where[64];
    hoot_error err = HOOT_ERROR_INIT;

    snprintf(where, sizeof where, "unix:/tmp/hoot-net-%d", (int)getpid());
    listen_at(&in, where);
    hoot__reader_init(&near, hoot__connect_unix(where + 5, &err), 1000);
    wait_accepted(&in, 1);
    hoot__reader_init(&far, in.accepted[0], 1000);
    assert_string_equal(far.stream->ops->kind, "unix");
    assert_true(far.stream->local);
    assert_string_equal(far.stream->peer, "");
    say(&near, "ping");
    hear(&far, "ping");
    end_both();
    assert_null(hoot__connect_unix(where + 5, &err));
    assert_int_equal(err.code, HOOT_ECONNECT);
    unlink(where + 5);
    assert_null(
        hoot__connect_unix("/a/path/that/has/more/bytes/than/the/hundred/and/seven/that/fit/into/the/address/"
                           "of/a/unix/socket/on/this/system",
                           &err));
    assert_int_equal(err.code, HOOT_ECONNECT);
}

static void unix_streams_carry_bytes(void **state)
{
    (void)state;
    run_in_task(exchange_over_unix, false);
}

static void gathers(int bytes)
{
    int set = 0;
    socklen_t len = sizeof(set);

    hoot__stream_gather(far.stream, bytes);
    assert_int_equal(getsockopt(hoot__stream_fd(far.stream), SOL_SOCKET, SO_RCVLOWAT, &set, &len), 0);
    assert_int_equal(set, bytes);
}

/* The kernel may tell of fewer all the same, when it is short of memory. */
static void gather_bytes(void)
{
    connect_tcp();
    gathers(12);
    say(&near, "01234");
    say(&near, "56789ab");
    hear(&far, "0123456789ab");
    say(&near, "late");
    gathers(1);
    hear(&far, "late");
    gathers(12);
    say(&near, "bye");
    assert_int_equal(hoot_stream_shut_down(near.stream), 0);
    hear(&far, "bye");
    end_both();
}

static void bytes_are_told_of_together_or_when_the_stream_ends(void **state)
{
    (void)state;
    run_in_task(gather_bytes, false);
}

/* More than the socket buffers take: the rest goes through the loop, and `out` begins anew meanwhile. */
static void send_much(void)
{
    size_t len = 20 * 1024 * 1024;
    char *bytes = malloc(len);
    hoot_str there;

    assert_non_null(bytes);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)(i * 2654435761u >> 13);
    connect_tcp();
    assert_int_equal(hoot_buf_add(&near.stream->out, bytes, len), 0);
    assert_int_equal(hoot_stream_flush(near.stream), 1);
    assert_true(near.stream->unsent > 0);
    assert_int_equal(near.stream->out.len, 0);
    assert_int_equal(hoot_buf_add(&near.stream->out, "tail", 4), 0);
    assert_int_equal(hoot_stream_flush(near.stream), 1);
    assert_int_equal(hoot_stream_shut_down(near.stream), 0);
    assert_int_equal(hoot__reader_fill(&far, len + 4), 0);
    assert_int_equal(hoot__stream_sent(near.stream), len + 4);
    assert_int_equal(hoot_stream_pending(near.stream), 0);
    there = hoot__reader_bytes(&far);
    assert_memory_equal(there.ptr, bytes, len);
    assert_memory_equal(there.ptr + len, "tail", 4);
    assert_int_equal(hoot__reader_fill(&far, len + 5), HOOT_EEOF); /* shut only after everything */
    free(bytes);
    end_both();
}

static void a_flush_larger_than_the_socket_takes_goes_on_by_itself(void **state)
{
    (void)state;
    run_in_task(send_much, false);
}

/* What the system did not take is a copy: the bytes may go as soon as they were sent. */
static void send_in_place(void)
{
    size_t len = 20 * 1024 * 1024;
    char *bytes = malloc(len);
    hoot_str there;

    assert_non_null(bytes);
    connect_tcp();
    memset(bytes, 'a', 100000);
    assert_int_equal(hoot_buf_add(&near.stream->out, "head", 4), 0);
    assert_int_equal(hoot__stream_send(near.stream, hoot_str_of(bytes, 100000)), 0);
    assert_int_equal(hoot_stream_pending(near.stream), 0);
    memset(bytes, 'b', len);
    assert_int_equal(hoot__stream_send(near.stream, hoot_str_of(bytes, len)), 1);
    assert_true(near.stream->unsent > 0 && near.stream->unsent < len);
    memset(bytes, 'c', 1000);
    assert_int_equal(hoot_buf_add(&near.stream->out, "next", 4), 0);
    assert_int_equal(hoot__stream_send(near.stream, hoot_str_of(bytes, 1000)), 1);
    memset(bytes, 'x', len);
    assert_int_equal(hoot__reader_fill(&far, 4 + 100000 + len + 4 + 1000), 0);
    assert_int_equal(hoot__stream_sent(near.stream), 4 + 100000 + len + 4 + 1000);
    there = hoot__reader_bytes(&far);
    assert_memory_equal(there.ptr, "head", 4);
    memset(bytes, 'a', 100000);
    assert_memory_equal(there.ptr + 4, bytes, 100000);
    memset(bytes, 'b', len);
    assert_memory_equal(there.ptr + 4 + 100000, bytes, len);
    assert_memory_equal(there.ptr + 4 + 100000 + len, "next", 4);
    memset(bytes, 'c', 1000);
    assert_memory_equal(there.ptr + 4 + 100000 + len + 4, bytes, 1000);
    free(bytes);
    end_both();
}

static void bytes_sent_from_where_they_are_come_whole_and_in_order(void **state)
{
    (void)state;
    run_in_task(send_in_place, false);
}

static void send_and_close_meanwhile(void)
{
    char *bytes = calloc(1, 8 * 1024 * 1024);

    connect_tcp();
    assert_int_equal(hoot_buf_add(&near.stream->out, bytes, 8 * 1024 * 1024), 0);
    assert_int_equal(hoot_stream_flush(near.stream), 1);
    free(bytes);
    end_both(); /* with the rest still in the loop */
}

static void closing_drops_what_is_under_way(void **state)
{
    (void)state;
    run_in_task(send_and_close_meanwhile, false);
}

static void write_to_nobody(void)
{
    int rc = 0;

    connect_tcp();
    hoot__stream_reset(in.accepted[0]);
    in.count = 0;
    assert_int_equal(hoot__reader_fill(&near, 1), -ECONNRESET);
    for (int i = 0; i < 10 && rc == 0; i++) {
        assert_int_equal(hoot_buf_add(&near.stream->out, "x", 1), 0);
        rc = hoot_stream_flush(near.stream);
    }
    assert_int_equal(rc, -EPIPE); /* and no signal */
    assert_int_equal(hoot_stream_flush(near.stream), -EPIPE);
    assert_int_equal(hoot__stream_send(near.stream, HOOT_STR("x")), -EPIPE);
    end_both();
}

static void writing_to_a_peer_that_is_gone_is_an_error(void **state)
{
    (void)state;
    run_in_task(write_to_nobody, false);
}

static void look_at_peers(void)
{
    connect_tcp();
    assert_true(hoot_stream_is_alive(near.stream));
    say(&far, "x");
    while (hoot_stream_is_alive(near.stream))
        hoot_yield();
    hear(&near, "x");
    assert_true(hoot_stream_is_alive(near.stream));
    hoot_stream_close(in.accepted[0]);
    in.count = 0;
    while (hoot_stream_is_alive(near.stream))
        hoot_yield();
    end_both();
}

static void a_look_finds_closed_and_talkative_peers(void **state)
{
    (void)state;
    run_in_task(look_at_peers, false);
}

/* --- callbacks that close ------------------------------------------------------------------------ */

static hoot_waiter *closed_waiter;
static enum { IN_ROOM, IN_ARRIVED, IN_ENDED } close_where;

static void close_here(hoot_stream *stream)
{
    hoot_stream_close(stream);
    hoot_wake(closed_waiter, 0);
}

static char *room_or_close(hoot_stream *stream, size_t *out_room, void *user)
{
    static char memory[100];

    (void)user;
    *out_room = sizeof memory;
    if (close_where == IN_ROOM)
        close_here(stream);
    return memory;
}

static void arrived_or_close(hoot_stream *stream, size_t len, void *user)
{
    (void)len, (void)user;
    if (close_where == IN_ARRIVED)
        close_here(stream);
}

static void ended_and_close(hoot_stream *stream, int reason, void *user)
{
    (void)reason, (void)user;
    close_here(stream);
}

static void drained_never(hoot_stream *stream, int code, void *user)
{
    (void)stream, (void)code, (void)user;
    fail();
}

static const hoot_stream_events closing_events = { room_or_close, arrived_or_close, ended_and_close,
                                                   drained_never };

static void close_in_each_callback(void)
{
    for (close_where = IN_ROOM; close_where <= IN_ENDED; close_where++) {
        hoot_waiter waiter = HOOT_WAITER_INIT;

        connect_tcp();
        closed_waiter = &waiter;
        hoot_stream_set_events(near.stream, &closing_events, NULL);
        assert_int_equal(hoot_stream_read_start(near.stream), 0);
        say(&far, "bytes");
        assert_int_equal(hoot_stream_shut_down(far.stream), 0);
        assert_int_equal(hoot_wait(&waiter), 0);
        hoot__reader_fini(&far);
        listen_end(&in);
    }
}

static void a_stream_may_be_closed_in_any_of_its_callbacks(void **state)
{
    (void)state;
    run_in_task(close_in_each_callback, false);
}

/* --- connecting ---------------------------------------------------------------------------------- */

static void fail_to_connect(void)
{
    hoot_error err = HOOT_ERROR_INIT;
    uint16_t port;

    listen_at(&in, "127.0.0.1:0");
    port = in.port;
    listen_end(&in);
    assert_null(hoot__connect_tcp("127.0.0.1", port, &err));
    assert_int_equal(err.code, HOOT_ECONNECT);
    assert_non_null(strstr(err.text, "refused"));
    assert_null(hoot__connect_tcp("no.such.host.invalid", 80, &err));
    assert_int_equal(err.code, HOOT_ECONNECT);
    assert_non_null(strstr(err.text, "no.such.host.invalid"));
}

static void connecting_to_nobody_says_why(void **state)
{
    (void)state;
    run_in_task(fail_to_connect, false);
}

/* A listener whose backlog is full does not answer: connecting takes until the deadline. */
static void connect_until_deadline(void)
{
    hoot_error err = HOOT_ERROR_INIT;
    hoot_stream *streams[16];
    int count = 0;

    listen_at(&in, "127.0.0.1:0");
    hoot__listener_pause(in.listener);
    assert_int_equal(listen(in.fd, 0), 0);
    while (count < 16) {
        hoot_timeout (200)
            streams[count] = hoot__connect_tcp("127.0.0.1", in.port, &err);
        if (!streams[count])
            break;
        count++;
    }
    assert_true(count < 16);
    assert_int_equal(err.code, HOOT_ETIMEOUT);
    while (count > 0)
        hoot_stream_close(streams[--count]);
    listen_end(&in);
}

static void connecting_obeys_the_deadline(void **state)
{
    (void)state;
    run_in_task(connect_until_deadline, false);
}

/* "localhost" is ::1 first on most systems, and nobody listens there: the next address is tried. */
static void connect_by_name(void)
{
    hoot_error err = HOOT_ERROR_INIT;
    hoot_stream *stream;

    listen_at(&in, "127.0.0.1:0");
    stream = hoot__connect_tcp("localhost", in.port, &err);
    if (!stream)
        fail_msg("%s", err.text);
    wait_accepted(&in, 1);
    hoot_stream_close(stream);
    listen_end(&in);
}

static void names_are_resolved_and_every_address_is_tried(void **state)
{
    (void)state;
    run_in_task(connect_by_name, false);
}

/* --- running out of descriptors ------------------------------------------------------------------ */

/* A limit under which only two or so more descriptors can be had. */
static rlim_t room_for_two(void)
{
    int first = dup(0), second = dup(0);

    close(first);
    close(second);
    return (rlim_t)second + 1;
}

static void exhaust_descriptors(void)
{
    struct rlimit limit, low;
    struct sockaddr_in address = { .sin_family = AF_INET };
    int clients[8];
    int count;

    listen_at(&in, "127.0.0.1:0");
    address.sin_port = htons(in.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < 8; i++) {
        clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(clients[i], (struct sockaddr *)&address, sizeof address);
    }
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    low = limit;
    low.rlim_cur = room_for_two();
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    wait_accepted(&in, 1);
    hoot_sleep(20);
    count = in.count;
    assert_in_range(count, 1, 2);
    hoot_stream_close(in.accepted[--in.count]); /* a free descriptor is taken at once */
    wait_accepted(&in, count);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    wait_accepted(&in, 7); /* the others come by the timer */
    for (int i = 0; i < 8; i++)
        close(clients[i]);
    listen_end(&in);
}

static void a_listener_out_of_descriptors_waits_and_recovers(void **state)
{
    (void)state;
    run_in_task(exhaust_descriptors, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tcp_streams_carry_bytes_both_ways),
        cmocka_unit_test(unix_streams_carry_bytes),
        cmocka_unit_test(bytes_are_told_of_together_or_when_the_stream_ends),
        cmocka_unit_test(a_flush_larger_than_the_socket_takes_goes_on_by_itself),
        cmocka_unit_test(bytes_sent_from_where_they_are_come_whole_and_in_order),
        cmocka_unit_test(closing_drops_what_is_under_way),
        cmocka_unit_test(writing_to_a_peer_that_is_gone_is_an_error),
        cmocka_unit_test(a_look_finds_closed_and_talkative_peers),
        cmocka_unit_test(a_stream_may_be_closed_in_any_of_its_callbacks),
        cmocka_unit_test(connecting_to_nobody_says_why),
        cmocka_unit_test(connecting_obeys_the_deadline),
        cmocka_unit_test(names_are_resolved_and_every_address_is_tried),
        cmocka_unit_test(a_listener_out_of_descriptors_waits_and_recovers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

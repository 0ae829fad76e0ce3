/* What TLS streams carry behind the handshake: bytes, ends, back-pressure. */
#include "unit/net/tls_listener.h"

/* --- ends ---------------------------------------------------------------------------------------- */

static void end_in_each_way(void)
{
    BOTH_VERSIONS(version)
    {
        wish w = { .client.max_version = version };
        listener l;
        both b;

        must_shake(&b, &w);
        listen_to(&l, b.client);
        hoot_stream_close(b.server);
        b.server = NULL;
        settle();
        assert_int_equal(l.ended_count, 1);
        assert_int_equal(l.reason, 0);
        end_both(&b);

        must_shake(&b, &w);
        listen_to(&l, b.client);
        hoot_stream_shut_down(hoot__tls_of(b.server)->lower); /* without close_notify */
        settle();
        assert_int_equal(l.ended_count, 1);
        assert_int_equal(l.reason, HOOT_EEOF);
        assert_false(hoot_stream_is_alive(b.client));
        end_both(&b);

        must_shake(&b, &w);
        listen_to(&l, b.client);
        hoot__stream_reset(b.server);
        b.server = NULL;
        settle();
        assert_int_equal(l.reason, -ECONNRESET);
        end_both(&b);
    }
}

static void tells_an_orderly_end_from_a_cut(void **state)
{
    (void)state;
    run_in_task(end_in_each_way, true);
}

static void drop_what_was_flushed(void)
{
    wish w = { .pipe = 1000 };
    char *bytes = calloc(1, 1000000);
    listener l;
    both b;

    assert_non_null(bytes);
    must_shake(&b, &w);
    assert_int_equal(hoot_buf_add(&b.server->out, bytes, 1000000), 0);
    assert_int_equal(hoot_stream_flush(b.server), 1);
    hoot_stream_close(b.server);
    b.server = NULL;
    listen_to(&l, b.client);
    settle();
    assert_int_equal(l.reason, HOOT_EEOF);
    assert_true(l.arrived < 1000000);
    end_both(&b);
    free(bytes);
}

static void says_no_orderly_end_over_dropped_bytes(void **state)
{
    (void)state;
    run_in_task(drop_what_was_flushed, true);
}

static void shut_down_one_side(void)
{
    wish w = { .client.max_version = HOOT__TLS_1_3 };
    listener l;
    both b;

    must_shake(&b, &w);
    listen_to(&l, b.server);
    assert_int_equal(hoot_buf_add(&b.client->out, "the request", 11), 0);
    assert_int_equal(hoot_stream_shut_down(b.client), 0);
    settle();
    assert_int_equal(l.arrived, 11);
    assert_int_equal(l.ended_count, 1);
    assert_int_equal(l.reason, 0);
    assert_int_equal(pass_text(b.server, b.client, "the answer"), 0);
    assert_int_equal(hoot_buf_add(&b.client->out, "more", 4), 0);
    assert_int_equal(hoot_stream_flush(b.client), -EPIPE);
    end_both(&b);
}

static void answers_come_after_shutting_down(void **state)
{
    (void)state;
    run_in_task(shut_down_one_side, true);
}

static void close_in_each_callback(void)
{
    for (size_t where = 1; where <= 4; where++) {
        wish w = { .pipe = 3000 };
        char *bytes = calloc(1, 200000);
        listener l;
        both b;

        assert_non_null(bytes);
        must_shake(&b, &w);
        listen_to(&l, b.client);
        l.close_in = where;
        if (where == 4) {
            listener other;

            assert_int_equal(hoot_buf_add(&b.client->out, bytes, 200000), 0);
            assert_int_equal(hoot_stream_flush(b.client), 1);
            listen_to(&other, b.server);
            for (int i = 0; i < 100 && !l.closed; i++)
                settle();
            assert_int_equal(other.arrived, 200000);
        } else if (where == 3) {
            hoot_stream_close(b.server);
            b.server = NULL;
        } else {
            assert_int_equal(hoot_buf_add(&b.server->out, bytes, 2000), 0);
            assert_int_equal(hoot_stream_flush(b.server), 0);
        }
        settle();
        assert_true(l.closed);
        b.client = NULL;
        end_both(&b);
        free(bytes);
    }
}

static void may_be_closed_from_each_callback(void **state)
{
    (void)state;
    run_in_task(close_in_each_callback, true);
}

/* --- much data ----------------------------------------------------------------------------------- */

typedef struct transfer {
    hoot_stream *stream;
    size_t len;
    uint32_t seed;
    size_t most_pending;
    int rc;
} transfer;

static char pattern(uint32_t seed, size_t at)
{
    uint32_t x = (uint32_t)at * 2654435761u + seed;

    return (char)(x >> 24);
}

static int send_some(transfer *t, hoot__reader *reader, size_t *sent)
{
    int rc = 0;

    if (hoot_stream_pending(t->stream) > 100000)
        return 0;
    for (int i = 0; i < 50000 && *sent < t->len; i++, ++*sent)
        rc |= hoot_buf_add_byte(&t->stream->out, pattern(t->seed, *sent));
    if (rc == 0)
        rc = hoot__reader_flush(reader, SIZE_MAX);
    if (hoot_stream_pending(t->stream) > t->most_pending)
        t->most_pending = hoot_stream_pending(t->stream);
    return rc;
}

static int take_some(transfer *t, hoot__reader *reader, size_t *got)
{
    int rc = hoot__reader_fill(reader, 1);
    hoot_str there = hoot__reader_bytes(reader);

    for (size_t i = 0; rc == 0 && i < there.len; i++, ++*got)
        if (there.ptr[i] != pattern(!t->seed, *got))
            rc = HOOT_EPROTOCOL;
    hoot__reader_consume(reader, there.len);
    return rc;
}

/* While much waits it only reads, so that two of them never wait for each other. */
static int transfer_both_ways(hoot_error *err, void *arg)
{
    transfer *t = arg;
    size_t sent = 0, got = 0;
    hoot__reader reader;
    int rc = 0;

    (void)err;
    hoot__reader_init(&reader, t->stream, 30000);
    while (rc == 0 && (sent < t->len || got < t->len)) {
        if (got < t->len)
            rc = send_some(t, &reader, &sent);
        else
            rc = hoot__reader_flush(&reader, 0);
        if (rc == 0 && got == t->len)
            rc = send_some(t, &reader, &sent);
        else if (rc == 0)
            rc = take_some(t, &reader, &got);
    }
    if (rc == 0)
        rc = hoot__reader_flush(&reader, 0);
    hoot_stream_read_stop(t->stream);
    hoot_stream_set_events(t->stream, &deaf, NULL);
    hoot__reader_fini(&reader);
    t->rc = rc;
    return 0;
}

static void transfer_much(const wish *w, size_t len)
{
    both b;
    transfer one, two;
    hoot_error err = HOOT_ERROR_INIT;

    must_shake(&b, w);
    one = (transfer){ b.client, len, 0, 0, 1 };
    two = (transfer){ b.server, len, 1, 0, 1 };
    assert_int_equal(hoot_start("server", transfer_both_ways, &two, &err), 0);
    assert_int_equal(transfer_both_ways(&err, &one), 0);
    while (two.rc == 1)
        assert_int_equal(hoot_sleep(1), 0);
    assert_int_equal(one.rc, 0);
    assert_int_equal(two.rc, 0);
    assert_true(one.most_pending <= 200000);
    assert_int_equal(b.client->bytes_in, len);
    assert_int_equal(b.server->bytes_out, len);
    assert_int_equal(hoot_stream_pending(b.client), 0);
    end_both(&b);
}

static void transfer_in_memory(void)
{
    transfer_much(&(wish){ .pipe = 5000 }, 3000000);
    transfer_much(&(wish){ .client.max_version = HOOT__TLS_1_2 }, 3000000);
}

static void transfer_over_sockets(void)
{
    transfer_much(&(wish){ .sockets = true }, 8000000);
}

static void carries_much_both_ways(void **state)
{
    (void)state;
    run_in_task(transfer_in_memory, true);
    run_in_task(transfer_over_sockets, false);
}

/* Nothing of `bytes` is needed any more once they were sent, whatever became of them. */
static void send_in_place(const wish *w)
{
    enum { MUCH = 3000000, LITTLE = 20000 };
    char *bytes = malloc(MUCH);
    hoot__reader reader;
    hoot_str there;
    both b;

    assert_non_null(bytes);
    must_shake(&b, w);
    hoot__reader_init(&reader, b.client, MUCH + 2 * LITTLE);
    for (size_t i = 0; i < MUCH; i++)
        bytes[i] = (char)(i * 2654435761u >> 13);
    assert_int_equal(hoot_buf_add(&b.server->out, "head", 4), 0);
    assert_true(hoot__stream_send(b.server, hoot_str_of(bytes, MUCH)) >= 0);
    assert_int_equal(hoot_buf_add(&b.server->out, "next", 4), 0);
    assert_true(hoot__stream_send(b.server, hoot_str_of(bytes, LITTLE)) >= 0);
    memset(bytes, 'x', MUCH);
    assert_int_equal(hoot__reader_fill(&reader, 4 + MUCH + 4 + LITTLE), 0);
    for (size_t i = 0; i < MUCH; i++)
        bytes[i] = (char)(i * 2654435761u >> 13);
    there = hoot__reader_bytes(&reader);
    assert_memory_equal(there.ptr, "head", 4);
    assert_memory_equal(there.ptr + 4, bytes, MUCH);
    assert_memory_equal(there.ptr + 4 + MUCH, "next", 4);
    assert_memory_equal(there.ptr + 4 + MUCH + 4, bytes, LITTLE);
    assert_int_equal(hoot_stream_pending(b.server), 0);
    hoot__reader_fini(&reader);
    end_both(&b);
    free(bytes);
}

static void send_in_place_in_memory(void)
{
    BOTH_VERSIONS(version)
    {
        send_in_place(&(wish){ .client.max_version = version, .pipe = 1000 });
        send_in_place(&(wish){ .client.max_version = version, .pipe = 8 << 20 });
    }
}

static void send_in_place_over_sockets(void)
{
    send_in_place(&(wish){ .sockets = true });
}

static void bytes_sent_from_where_they_are_come_whole_and_in_order(void **state)
{
    (void)state;
    run_in_task(send_in_place_in_memory, true);
    run_in_task(send_in_place_over_sockets, false);
}

static void do_not_read(void)
{
    enum { MUCH = 2000000 };
    wish w = { .sockets = true };
    char *bytes = calloc(1, MUCH);
    listener l;
    uint64_t written = MUCH;
    both b;

    assert_non_null(bytes);
    must_shake(&b, &w);
    assert_int_equal(hoot_buf_add(&b.server->out, bytes, MUCH), 0);
    for (; hoot_stream_flush(b.server) == 0; written += MUCH)
        assert_int_equal(hoot_buf_add(&b.server->out, bytes, MUCH), 0);
    /* What waits is as it came, and not a second time encrypted. */
    assert_true(hoot_stream_pending(hoot__tls_of(b.server)->lower) <= HOOT__TLS_MAX_BYTES);
    assert_int_equal(b.client->bytes_in, 0);
    listen_to(&l, b.client);
    l.close_in = 99;
    hoot_stream_set_events(b.server, &listening, &(listener){ 0 });
    while (hoot_stream_pending(b.server) > 0)
        assert_int_equal(hoot_sleep(1), 0);
    assert_int_equal(b.server->bytes_out, written);
    while (l.arrived < written)
        assert_int_equal(hoot_sleep(1), 0);
    end_both(&b);
    free(bytes);
}

static void a_peer_that_does_not_read_stops_the_writer(void **state)
{
    (void)state;
    run_in_task(do_not_read, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_an_orderly_end_from_a_cut),
        cmocka_unit_test(says_no_orderly_end_over_dropped_bytes),
        cmocka_unit_test(answers_come_after_shutting_down),
        cmocka_unit_test(may_be_closed_from_each_callback),
        cmocka_unit_test(carries_much_both_ways),
        cmocka_unit_test(bytes_sent_from_where_they_are_come_whole_and_in_order),
        cmocka_unit_test(a_peer_that_does_not_read_stops_the_writer),
    };

    return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}

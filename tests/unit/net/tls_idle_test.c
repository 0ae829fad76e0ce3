/* What a TLS connection says by itself while nobody asks it anything: tickets, updates of its keys. */
#include "unit/net/tls_listener.h"

static void assert_idle_costs_nothing(hoot_stream *stream)
{
    const hoot__tls_stream *s = hoot__tls_of(stream);

    assert_null(s->in);
    assert_null(s->lower->out.data);
    assert_null(s->handshake);
    assert_null(s->rest.data);
}

/* A TLS 1.3 server sends its tickets behind its handshake: the client has read none of them yet. */
static void get_tickets_when_idle(bool sockets, bool reading)
{
    wish w = { .sockets = sockets, .client.min_version = HOOT__TLS_1_3 };
    listener l;
    both b;

    must_shake(&b, &w);
    if (reading)
        listen_to(&l, b.client);
    else
        assert_int_equal(hoot_sleep(2), 0);
    assert_true(hoot_stream_is_alive(b.client));
    assert_true(hoot_stream_is_alive(b.server));
    assert_int_equal(hoot_sleep(10), 0);
    assert_true(hoot_stream_is_alive(b.client));
    assert_idle_costs_nothing(b.client);
    hoot_stream_read_stop(b.client);

    /* Bytes that nobody asked for are another matter. */
    assert_int_equal(hoot_buf_add(&b.server->out, "4031", 4), 0);
    assert_int_equal(hoot_stream_flush(b.server), 0);
    while (hoot_stream_is_alive(b.client))
        assert_int_equal(hoot_sleep(1), 0);
    listen_to(&l, b.client);
    while (l.arrived < 4)
        assert_int_equal(hoot_sleep(1), 0);
    hoot_stream_read_stop(b.client);
    assert_true(hoot_stream_is_alive(b.client));
    hoot_stream_close(b.server);
    b.server = NULL;
    while (hoot_stream_is_alive(b.client))
        assert_int_equal(hoot_sleep(1), 0);
    listen_to(&l, b.client);
    while (!l.ended_count)
        assert_int_equal(hoot_sleep(1), 0);
    assert_int_equal(l.reason, 0);
    end_both(&b);
}

static void get_tickets_everywhere(void)
{
    get_tickets_when_idle(false, false);
    get_tickets_when_idle(false, true);
    get_tickets_when_idle(true, false);
    get_tickets_when_idle(true, true);
}

/* The header of a record, and then nothing: is it a ticket, or the server's last words? */
static void get_half_a_record(void)
{
    static const char header[] = "\x17\x03\x03\0\x20";

    for (size_t len = 1; len < sizeof header; len++) {
        wish w = { .client.min_version = HOOT__TLS_1_3 };
        listener l;
        hoot_stream *lower;
        both b;

        must_shake(&b, &w);
        talk(&b);
        assert_true(hoot_stream_is_alive(b.client));
        lower = hoot__tls_of(b.server)->lower;
        assert_int_equal(hoot_buf_add(&lower->out, header, len), 0);
        assert_int_equal(hoot_stream_flush(lower), 0);
        assert_int_equal(hoot_sleep(1), 0);
        assert_false(hoot_stream_is_alive(b.client));
        listen_to(&l, b.client);
        settle(); /* the memory it is in must still be there */
        hoot_stream_shut_down(lower);
        settle();
        assert_int_equal(l.reason, HOOT_EEOF);
        end_both(&b);
    }
}

static void a_part_of_a_record_makes_an_idle_connection_look_busy(void **state)
{
    (void)state;
    run_in_task(get_half_a_record, true);
}

static void tickets_do_not_make_an_idle_connection_look_dead(void **state)
{
    (void)state;
    run_in_task(get_tickets_everywhere, false);
}

static void update_keys(void)
{
    wish w = { .client.min_version = HOOT__TLS_1_3 };
    listener l;
    both b;

    must_shake(&b, &w);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(SSL_key_update(hoot__tls_of(b.server)->ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        talk(&b);
    }
    listen_to(&l, b.client);
    assert_int_equal(hoot_sleep(1), 0);
    assert_true(hoot_stream_is_alive(b.client));
    end_both(&b);
}

static void follows_updates_of_the_keys(void **state)
{
    (void)state;
    run_in_task(update_keys, true);
}

/* Requests for new keys, whose answers the server never takes. */
static void flood_with_updates(void)
{
    wish w = { .client.min_version = HOOT__TLS_1_3, .pipe = 2000 };
    hoot__tls_stream *server;
    listener l;
    both b;

    must_shake(&b, &w);
    server = hoot__tls_of(b.server);
    hoot_stream_read_stop(server->lower);
    listen_to(&l, b.client);
    for (int i = 0; i < 20000; i++) {
        assert_int_equal(SSL_key_update(server->ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        if (SSL_do_handshake(server->ssl) != 1)
            break;
        (void)hoot_stream_flush(server->lower);
        if (i % 50 == 0)
            assert_int_equal(hoot_sleep(1), 0);
    }
    settle();
    assert_true(hoot_stream_pending(hoot__tls_of(b.client)->lower) <= HOOT__TLS_MAX_BYTES + 100);
    assert_int_equal(l.ended_count, 0);
    end_both(&b);
}

static void answers_to_updates_of_the_keys_are_bounded(void **state)
{
    (void)state;
    run_in_task(flood_with_updates, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tickets_do_not_make_an_idle_connection_look_dead),
        cmocka_unit_test(a_part_of_a_record_makes_an_idle_connection_look_busy),
        cmocka_unit_test(follows_updates_of_the_keys),
        cmocka_unit_test(answers_to_updates_of_the_keys_are_bounded),
    };

    return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}

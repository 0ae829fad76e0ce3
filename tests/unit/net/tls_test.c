/* TLS streams: bytes, ends, back-pressure, and what must not be believed. Certificates that are wrong are in
 * tls_verify_test.c. */
#include "unit/net/tls_rig.h"

#include "base/alloc.h"
#include "support/torture.h"

#include <netinet/tcp.h>

#define BOTH_VERSIONS(version)                                                                               \
    for (hoot__tls_version version = HOOT__TLS_1_2; version <= HOOT__TLS_1_3; version++)

/* --- handshakes ---------------------------------------------------------------------------------- */

static void shake_in_both_versions(void)
{
    BOTH_VERSIONS(version)
    {
        wish w = { .client.max_version = version, .client.min_version = version };
        both b;

        must_shake(&b, &w);
        assert_string_equal(hoot__tls_version_name(b.client),
                            version == HOOT__TLS_1_2 ? "TLSv1.2" : "TLSv1.3");
        assert_string_equal(b.client->ops->kind, "tls");
        assert_true(b.client->secure && b.server->secure);
        talk(&b);
        assert_int_equal(b.client->bytes_out, 5);
        assert_int_equal(b.client->bytes_in, 8);
        end_both(&b);
    }
}

static void shakes_hands_in_both_versions(void **state)
{
    (void)state;
    run_in_task(shake_in_both_versions, true);
}

static void shake_byte_by_byte(void)
{
    BOTH_VERSIONS(version)
    {
        wish w = { .pipe = 1, .client.max_version = version };
        both b;

        must_shake(&b, &w);
        talk(&b);
        end_both(&b);
    }
}

static void works_when_each_byte_comes_alone(void **state)
{
    (void)state;
    run_in_task(shake_byte_by_byte, true);
}

static void shake_over_sockets(void)
{
    BOTH_VERSIONS(version)
    {
        wish w = { .sockets = true, .host = "127.0.0.1", .client.max_version = version };
        int on = 0;
        socklen_t len = sizeof on;
        both b;

        must_shake(&b, &w);
        talk(&b);
        assert_string_equal(b.client->peer, "127.0.0.1");
        assert_true(hoot__stream_fd(b.client) >= 0);
        hoot__stream_keepalive(b.client, 60);
        assert_int_equal(getsockopt(hoot__stream_fd(b.client), SOL_SOCKET, SO_KEEPALIVE, &on, &len), 0);
        assert_int_equal(on, 1);
        assert_true(hoot__stream_sent(b.client) > 5);
        end_both(&b);
    }
}

static void works_over_sockets(void **state)
{
    (void)state;
    run_in_task(shake_over_sockets, false);
}

static void start_after_clear_request(void)
{
    hoot_error err = HOOT_ERROR_INIT;
    wish w = { 0 };
    both b = { 0 };
    hoot_stream *client, *server;
    hoot__reader reader;

    assert_true(make_contexts(&b, &w));
    assert_int_equal(hoot__stream_pair(1 << 20, &client, &server), 0);
    assert_int_equal(hoot_buf_add(&server->out, "greeting", 8), 0);
    assert_int_equal(hoot_stream_flush(server), 0);
    hoot__reader_init(&reader, client, 4096);
    assert_int_equal(hoot__reader_fill(&reader, 8), 0);
    hoot__reader_consume(&reader, 8);
    assert_int_equal(hoot_buf_add(&client->out, "TLS!", 4), 0);
    assert_int_equal(hoot_stream_flush(client), 0);
    assert_int_equal(hoot_sleep(1), 0);
    /* The server takes the request; its TLS begins behind it. */
    {
        char request[4];

        assert_int_equal(hoot__stream_grab(server, request, 4), 4);
        assert_memory_equal(request, "TLS!", 4);
    }
    b.server = hoot__tls_accept(server, b.server_context, 0, on_server_done, &b, &err);
    b.client = hoot__tls_connect(client, b.client_context, "localhost", hoot__reader_bytes(&reader), &err);
    hoot__reader_fini(&reader);
    assert_non_null(b.client);
    wait_server_done(&b);
    hoot_stream_set_events(b.server, &deaf, NULL);
    hoot_stream_set_events(b.client, &deaf, NULL);
    talk(&b);
    end_both(&b);
}

static void begins_behind_what_was_said_in_clear(void **state)
{
    (void)state;
    run_in_task(start_after_clear_request, true);
}

/* --- what must not be believed ------------------------------------------------------------------- */

static void inject(bool read_already, bool sockets)
{
    static const char forged[] = "\x07\0\0\2\0\0\0\2\0\0\0"; /* an OK packet of MySQL */
    hoot_error err = HOOT_ERROR_INIT;
    wish w = { .sockets = sockets };
    both b = { 0 };
    hoot_stream *client, *server;

    assert_true(make_contexts(&b, &w));
    assert_int_equal(connect_lower(&w, &client, &server), 0);
    if (!read_already) {
        assert_int_equal(hoot_buf_add(&server->out, forged, 11), 0);
        assert_int_equal(hoot_stream_flush(server), 0);
    }
    assert_null(hoot__tls_connect(client, b.client_context, "localhost",
                                  read_already ? hoot_str_of(forged, 11) : hoot_str_of(NULL, 0), &err));
    assert_int_equal(err.code, HOOT_EPROTOCOL);
    assert_non_null(strstr(err.text, "in clear before TLS began"));
    hoot_stream_close(server);
    end_both(&b);
}

static void inject_everywhere(void)
{
    inject(true, false);
    inject(false, false);
    inject(false, true);
}

static void refuses_bytes_that_came_in_clear(void **state)
{
    (void)state;
    run_in_task(inject_everywhere, false);
}

struct answer {
    hoot_stream *stream;
    const char *bytes;
    size_t len;
};

static int send_answer(hoot_error *err, void *arg)
{
    struct answer *answer = arg;

    (void)err;
    (void)hoot_sleep(5);
    (void)hoot_buf_add(&answer->stream->out, answer->bytes, answer->len);
    (void)hoot_stream_flush(answer->stream);
    return 0;
}

/* The client's error when the server answers its hello with `bytes`. */
static void expect_refusal(const char *bytes, size_t len, const char *text)
{
    hoot_error err = HOOT_ERROR_INIT;
    wish w = { 0 };
    both b = { 0 };
    hoot_stream *client, *server;
    struct answer answer;

    assert_true(make_contexts(&b, &w));
    assert_int_equal(connect_lower(&w, &client, &server), 0);
    answer = (struct answer){ server, bytes, len };
    assert_int_equal(hoot_start("answer", send_answer, &answer, &err), 0);
    assert_null(hoot__tls_connect(client, b.client_context, "localhost", hoot_str_of(NULL, 0), &err));
    assert_int_equal(err.code, HOOT_ECONNECT);
    if (!strstr(err.text, text))
        fail_msg("%s", err.text);
    hoot_stream_close(server);
    end_both(&b);
}

static void answer_in_clear(void)
{
    static const char packet[] = "\x17\0\0\1\xff\x10\x04#08004Too many connections";
    /* fatal: handshake_failure (RFC 8446 section 6) */
    static const char alert[] = "\x15\x03\x03\0\2\2\x28";

    expect_refusal(packet, sizeof packet - 1, "is not TLS");
    expect_refusal("HTTP/1.1 400 Bad Request\r\n\r\n", 28, "is not TLS");
    expect_refusal(alert, sizeof alert - 1, "no cipher in common");
}

static void tells_what_is_not_tls(void **state)
{
    (void)state;
    run_in_task(answer_in_clear, true);
}

static void flip_a_bit(void)
{
    hoot_error err = HOOT_ERROR_INIT;
    wish w = { 0 };
    hoot__reader reader;
    hoot_stream *lower;
    both b;

    must_shake(&b, &w);
    lower = hoot__tls_of(b.server)->lower;
    assert_int_equal(hoot_buf_add(&lower->out, "\x17\x03\x03\0\x20 this was not made by the server  ", 37),
                     0);
    assert_int_equal(hoot_stream_flush(lower), 0);
    hoot__reader_init(&reader, b.client, 4096);
    assert_int_equal(hoot__reader_fill(&reader, 1), HOOT_EPROTOCOL);
    assert_int_equal(hoot__tls_explain(b.client, HOOT_EPROTOCOL, &err), HOOT_EPROTOCOL);
    assert_non_null(strstr(err.text, "bad record mac"));
    hoot__reader_fini(&reader);
    assert_false(hoot_stream_is_alive(b.client));
    end_both(&b);
}

static void ends_when_a_record_is_forged(void **state)
{
    (void)state;
    run_in_task(flip_a_bit, true);
}

/* --- ends ---------------------------------------------------------------------------------------- */

typedef struct listener {
    int ended_count, reason;
    size_t arrived;
    char bytes[256];
    size_t close_in; /* 1 room, 2 arrived, 3 ended, 4 drained */
    bool closed;
    int drained_count, drained_code;
} listener;

static void close_now(listener *l, hoot_stream *stream, size_t where)
{
    if (l->close_in == where && !l->closed) {
        l->closed = true;
        hoot_stream_close(stream);
    }
}

static char *on_room(hoot_stream *stream, size_t *out_room, void *user)
{
    listener *l = user;

    assert_false(l->closed);
    close_now(l, stream, 1);
    *out_room = sizeof l->bytes;
    return l->bytes;
}

static void on_arrived(hoot_stream *stream, size_t len, void *user)
{
    listener *l = user;

    assert_false(l->closed);
    assert_true(len > 0);
    l->arrived += len;
    close_now(l, stream, 2);
}

static void on_ended(hoot_stream *stream, int reason, void *user)
{
    listener *l = user;

    assert_false(l->closed);
    l->ended_count++;
    l->reason = reason;
    close_now(l, stream, 3);
}

static void on_drained(hoot_stream *stream, int code, void *user)
{
    listener *l = user;

    assert_false(l->closed);
    l->drained_count++;
    l->drained_code = code;
    close_now(l, stream, 4);
}

static const hoot_stream_events listening = { on_room, on_arrived, on_ended, on_drained };

static void listen_to(listener *l, hoot_stream *stream)
{
    memset(l, 0, sizeof *l);
    hoot_stream_set_events(stream, &listening, l);
    assert_int_equal(hoot_stream_read_start(stream), 0);
}

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

/* --- idle ---------------------------------------------------------------------------------------- */

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

/* --- giving up ----------------------------------------------------------------------------------- */

static void connect_to_silence(void)
{
    hoot_error err = HOOT_ERROR_INIT;
    wish w = { 0 };
    both b = { 0 };
    hoot_stream *client, *server;

    assert_true(make_contexts(&b, &w));
    assert_int_equal(connect_lower(&w, &client, &server), 0);
    hoot_timeout (1000) {
        assert_null(hoot__tls_connect(client, b.client_context, "localhost", hoot_str_of(NULL, 0), &err));
    }
    assert_int_equal(err.code, HOOT_ETIMEOUT);
    assert_non_null(strstr(err.text, "during the TLS handshake"));
    hoot_stream_close(server);

    assert_int_equal(connect_lower(&w, &client, &server), 0);
    hoot_stream_close(server);
    assert_null(hoot__tls_connect(client, b.client_context, "localhost", hoot_str_of(NULL, 0), &err));
    assert_int_equal(err.code, HOOT_ECONNECT);
    end_both(&b);
}

static void the_deadline_ends_a_handshake(void **state)
{
    (void)state;
    run_in_task(connect_to_silence, true);
}

static void close_while_accepting(void)
{
    wish w = { 0 };
    both b = { 0 };
    hoot_stream *client, *server;

    assert_true(make_contexts(&b, &w));
    assert_int_equal(connect_lower(&w, &client, &server), 0);
    b.server = hoot__tls_accept(server, b.server_context, 0, on_server_done, &b, NULL);
    assert_non_null(b.server);
    assert_int_equal(hoot_buf_add(&client->out, "\x16\x03\x01", 3), 0);
    assert_int_equal(hoot_stream_flush(client), 0);
    settle();
    hoot_stream_close(b.server);
    assert_false(b.server_done);
    b.server = NULL;
    hoot_stream_close(client);

    /* The client goes away in the middle. */
    assert_int_equal(connect_lower(&w, &client, &server), 0);
    b.server = hoot__tls_accept(server, b.server_context, 0, on_server_done, &b, NULL);
    assert_int_equal(hoot_buf_add(&client->out, "\x16\x03\x01", 3), 0);
    assert_int_equal(hoot_stream_flush(client), 0);
    hoot_stream_close(client);
    settle();
    assert_true(b.server_done);
    assert_int_equal(b.server_err.code, HOOT_ECONNECT);
    assert_non_null(strstr(b.server_err.text, "closed the connection during"));
    end_both(&b);
}

static void accepting_can_be_given_up(void **state)
{
    (void)state;
    run_in_task(close_while_accepting, true);
}

/* Says nothing, or a byte of a record each 100 ms: that does not buy it time. */
static void accept_from_a_slow_client(bool silent)
{
    wish w = { 0 };
    both b = { 0 };
    hoot_stream *client, *server;
    uint64_t start = hoot_now_ms();

    assert_true(make_contexts(&b, &w));
    assert_int_equal(connect_lower(&w, &client, &server), 0);
    b.server = hoot__tls_accept(server, b.server_context, 1000, on_server_done, &b, NULL);
    assert_non_null(b.server);
    if (!silent)
        assert_int_equal(hoot_buf_add(&client->out, "\x16\x03\x01\x40", 4), 0);
    for (int i = 0; i < 30 && !b.server_done; i++) {
        if (!silent)
            assert_int_equal(hoot_buf_add_byte(&client->out, '\0'), 0);
        assert_true(hoot_stream_flush(client) >= 0);
        assert_int_equal(hoot_sleep(100), 0);
    }
    assert_true(b.server_done);
    assert_int_equal(b.server_err.code, HOOT_ETIMEOUT);
    assert_non_null(strstr(b.server_err.text, "within 1000 ms"));
    assert_in_range(hoot_now_ms() - start, 1000, 1100);
    hoot_stream_close(client);
    end_both(&b);
}

static void accept_from_slow_clients(void)
{
    accept_from_a_slow_client(true);
    accept_from_a_slow_client(false);
}

static void accepting_has_a_limit(void **state)
{
    (void)state;
    run_in_task(accept_from_slow_clients, true);
}

static int converse(hoot_error *err, void *arg)
{
    const wish *w = arg;
    both b;
    int rc = -1;

    (void)err;
    if (shake(&b, w)) {
        rc = pass_text(b.client, b.server, "hello");
        if (rc == 0)
            rc = pass_text(b.server, b.client, "good day");
    }
    hoot_shield(1000) end_both(&b);
    return rc;
}

static void a_cancel_at_each_wait_leaves_nothing(void **state)
{
    wish w = { .pipe = 700 };

    (void)state;
    assert_true(torture(converse, &w) >= 4);
}

struct attempt {
    unsigned long fail_alloc;
    bool beyond;
    int rc;
};

static int attempt_main(hoot_error *err, void *arg)
{
    struct attempt *a = arg;
    wish w = { .client.alpn = "h2", .server.alpn = "http/1.1,h2", .client.resume = true, .pipe = 700 };

    hoot__alloc_fail_next(a->fail_alloc);
    hoot_timeout (10000)
        a->rc = converse(err, &w);
    a->beyond = hoot__alloc_count < a->fail_alloc;
    hoot__alloc_fail_next(0);
    return 0;
}

static void survives_each_allocation_that_fails(void **state)
{
    static const hoot__loop_options options = { .virtual_clock = true, .watchdog_ms = 10000 };
    struct attempt a = { 0 };

    (void)state;
    do {
        a.fail_alloc++;
        assert_int_equal(hoot__loop_run(&options, attempt_main, &a, NULL), 0);
    } while (!a.beyond);
    assert_int_equal(a.rc, 0);
    assert_true(a.fail_alloc > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shakes_hands_in_both_versions),
        cmocka_unit_test(works_when_each_byte_comes_alone),
        cmocka_unit_test(works_over_sockets),
        cmocka_unit_test(begins_behind_what_was_said_in_clear),
        cmocka_unit_test(refuses_bytes_that_came_in_clear),
        cmocka_unit_test(tells_what_is_not_tls),
        cmocka_unit_test(ends_when_a_record_is_forged),
        cmocka_unit_test(tells_an_orderly_end_from_a_cut),
        cmocka_unit_test(says_no_orderly_end_over_dropped_bytes),
        cmocka_unit_test(answers_come_after_shutting_down),
        cmocka_unit_test(may_be_closed_from_each_callback),
        cmocka_unit_test(carries_much_both_ways),
        cmocka_unit_test(a_peer_that_does_not_read_stops_the_writer),
        cmocka_unit_test(tickets_do_not_make_an_idle_connection_look_dead),
        cmocka_unit_test(a_part_of_a_record_makes_an_idle_connection_look_busy),
        cmocka_unit_test(follows_updates_of_the_keys),
        cmocka_unit_test(answers_to_updates_of_the_keys_are_bounded),
        cmocka_unit_test(the_deadline_ends_a_handshake),
        cmocka_unit_test(accepting_can_be_given_up),
        cmocka_unit_test(accepting_has_a_limit),
        cmocka_unit_test(a_cancel_at_each_wait_leaves_nothing),
        cmocka_unit_test(survives_each_allocation_that_fails),
    };

    return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}

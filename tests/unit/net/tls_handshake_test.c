/* TLS handshakes: both versions, what must not be believed before and behind them, and giving up in the
 * middle. Certificates that are wrong are in tls_verify_test.c. */
#include "unit/net/tls_rig.h"

#include "base/alloc.h"
#include "support/torture.h"

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
        cmocka_unit_test(the_deadline_ends_a_handshake),
        cmocka_unit_test(accepting_can_be_given_up),
        cmocka_unit_test(accepting_has_a_limit),
        cmocka_unit_test(a_cancel_at_each_wait_leaves_nothing),
        cmocka_unit_test(survives_each_allocation_that_fails),
    };

    return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}

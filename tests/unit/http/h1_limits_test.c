/* Limits and deadlines of a connection, each with what the client sees; and requests that are not well
 * formed. */
#include "unit/http/h1_rig.h"

static void refuses(rig *r, const char *request, const char *status_line)
{
    const char *text;

    say(r, request);
    text = hear_all(r);
    assert_int_equal(strncmp(text, status_line, strlen(status_line)), 0);
    assert_has(text, "\r\nConnection: close\r\n");
    assert_has(text, "\r\nContent-Type: text/plain\r\n");
    assert_int_equal(r->ended, HOOT_EEOF);
    assert_int_equal(r->calls, 0);
    hang_up(r);
    rig_connect(r);
}

static void send_malformed(rig *r)
{
    hoot__http_stats stats;

    refuses(r, "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "HTTP/1.1 400 ");
    refuses(r, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 400 ");
    refuses(r, "GET / HTTP/1.1\r\nHost : x\r\n\r\n", "HTTP/1.1 400 ");
    refuses(r, "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 ");
    refuses(r, "GET / HTTP/2.0\r\nHost: x\r\n\r\n", "HTTP/1.1 505 ");
    refuses(r, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "HTTP/1.1 501 ");
    hoot__http_stats_get(r->http, &stats);
    assert_int_equal(stats.responses_by_class[4], 4);
    assert_int_equal(stats.responses_by_class[5], 2);
}

static void requests_that_are_not_well_formed_end_the_connection(void **state)
{
    rig r = { .serve = serve_path, .client = send_malformed };

    (void)state;
    run_rig(&r);
}

static void send_malformed_after_good(rig *r)
{
    const char *text;

    say(r, "GET /good HTTP/1.1\r\nHost: x\r\n\r\nBAD\r\n\r\nGET /never HTTP/1.1\r\nHost: x\r\n\r\n");
    text = hear_all(r);
    assert_has(text, "\r\n\r\n/good");
    assert_int_equal(count_of(text, "HTTP/1.1 400 "), 1);
    assert_lacks(text, "/never");
}

static void what_follows_a_malformed_request_is_not_read(void **state)
{
    rig r = { .serve = serve_path, .client = send_malformed_after_good };

    (void)state;
    run_rig(&r);
    assert_int_equal(r.calls, 1);
}

static void send_too_much(rig *r)
{
    static char text[20000];

    memset(text, 'a', sizeof text);
    memcpy(text, "GET /", 5);
    text[sizeof text - 1] = '\0';
    refuses(r, text, "HTTP/1.1 414 ");
    memset(text, 'a', sizeof text);
    memcpy(text, "GET / HTTP/1.1\r\nHost: x\r\nX: ", 28);
    text[sizeof text - 1] = '\0';
    refuses(r, text, "HTTP/1.1 431 ");
    strcpy(text, "GET / HTTP/1.1\r\nHost: x\r\n");
    for (int i = 0; i < 100; i++)
        strcat(text, "A: b\r\n");
    strcat(text, "\r\n");
    refuses(r, text, "HTTP/1.1 431 ");
}

static void heads_over_the_limits_are_answered_414_and_431(void **state)
{
    rig r = { .serve = serve_path, .client = send_too_much };

    (void)state;
    run_rig(&r);
}

static void send_as_much_as_allowed(rig *r)
{
    static char text[16384];
    size_t len = sizeof text - 4;

    memset(text, 'a', sizeof text);
    memcpy(text, "GET /fits HTTP/1.1\r\nHost: x\r\nX: ", 32);
    memcpy(text + len, "\r\n\r\n", 4);
    say_bytes(r, text, sizeof text - 1); /* one byte short of the limit is still asked for */
    hoot_sleep(10);
    say_bytes(r, "\n", 1);
    hear_all(r);
}

static void a_head_of_just_the_limit_has_a_verdict(void **state)
{
    rig r = { .serve = serve_path, .client = send_as_much_as_allowed };

    (void)state;
    run_rig(&r);
}

/* --- deadlines ----------------------------------------------------------------------------------- */

static void send_half_a_head(rig *r)
{
    uint64_t began = hoot_now_ms();

    say(r, "GET / HTTP/1.1\r\n");
    for (int i = 0; i < 5; i++) { /* a byte now and then does not help */
        hoot_sleep(1500);
        say(r, "X");
    }
    assert_has(hear_all(r), "HTTP/1.1 408 Request Timeout\r\n");
    assert_in_range(hoot_now_ms() - began, 10000, 10100);
}

static void a_slow_head_is_answered_408(void **state)
{
    rig r = { .serve = serve_path, .client = send_half_a_head };

    (void)state;
    run_rig(&r);
}

static void send_nothing(rig *r)
{
    uint64_t began = hoot_now_ms();

    assert_string_equal(hear_all(r), "");
    assert_in_range(hoot_now_ms() - began, 10000, 10100);
}

static void a_connection_without_a_request_is_closed_in_silence(void **state)
{
    rig r = { .serve = serve_path, .client = send_nothing };

    (void)state;
    run_rig(&r);
}

static void fall_idle(rig *r)
{
    uint64_t began;

    say(r, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n");
    hear(r, "\r\n\r\n/1");
    began = hoot_now_ms();
    assert_string_equal(hear_all(r), "");
    assert_int_equal(r->ended, HOOT_EEOF);
    assert_in_range(hoot_now_ms() - began, 5000, 5100);
}

static void an_idle_connection_is_closed(void **state)
{
    rig r = { .serve = serve_path, .client = fall_idle };

    (void)state;
    run_rig(&r);
}

static void serve_very_much(hoot__exchange *ex, void *user)
{
    const hoot__response_head head = { .status = 200, .body_bytes = -1 };
    static char piece[10000];
    rig *r = user;
    int rc = ex->ops->start(ex, &head);

    for (int i = 0; rc == 0 && i < 1000; i++)
        rc = ex->ops->write(ex, hoot_str_of(piece, sizeof piece));
    r->last_status = rc;
    assert_int_equal(rc, HOOT_ECANCELED);
    assert_int_equal(hoot_sleep(1), HOOT_ECANCELED);
    r->served_to_end = true;
}

static void never_read(rig *r)
{
    uint64_t began = hoot_now_ms();

    say(r, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(hoot__http_wait_closed(r->http), 0);
    assert_in_range(hoot_now_ms() - began, 60000, 61000);
}

static void a_client_that_never_reads_is_cut(void **state)
{
    rig r = { .serve = serve_very_much, .client = never_read, .options.handler_timeout_ms = 600000 };

    (void)state;
    run_rig(&r);
    assert_true(r.served_to_end);
}

static void serve_ten_kilobytes(hoot__exchange *ex, void *user)
{
    static char body[10000];

    memset(body, 'x', sizeof body);
    ((rig *)user)->calls++;
    assert_int_equal(answer(ex, 200, hoot_str_of(body, sizeof body)), 0);
}

static void pipeline_without_reading(rig *r)
{
    for (int i = 0; i < 200; i++)
        say(r, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    hoot_sleep(1000);
    /* 64 KiB in the pipe, 256 KiB gathered: 10 kB each. */
    assert_in_range(r->calls, 30, 36);
    for (int i = 0; i < 200; i++)
        hear(r, "HTTP/1.1 200 OK\r\n");
    assert_int_equal(r->calls, 200);
}

static void pipelined_requests_wait_until_the_client_reads(void **state)
{
    rig r = { .serve = serve_ten_kilobytes, .client = pipeline_without_reading };

    (void)state;
    run_rig(&r);
}

static void stay_after_the_last_answer(rig *r)
{
    uint64_t began;

    hoot__http_drain(r->http);
    say(r, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    hear_all(r);
    began = hoot_now_ms();
    say(r, "GET /late HTTP/1.1\r\nHost: x\r\n\r\n"); /* not answered, and no reset either */
    assert_int_equal(hoot__http_wait_closed(r->http), 0);
    assert_in_range(hoot_now_ms() - began, 1999, 2100);
}

static void a_closed_connection_lingers_two_seconds(void **state)
{
    rig r = { .serve = serve_path, .client = stay_after_the_last_answer };

    (void)state;
    run_rig(&r);
    assert_int_equal(r.calls, 1);
}

static void refuses_options_that_cannot_be(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;

    (void)state;
    assert_null(hoot__http_new(&(hoot__http_options){ .server_name = "a\r\nb" }, serve_path, NULL, &err));
    assert_int_equal(err.code, HOOT_EINVAL);
    assert_null(hoot__http_new(&(hoot__http_options){ .max_headers = 1u << 20 }, serve_path, NULL, &err));
    assert_int_equal(err.code, HOOT_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_that_are_not_well_formed_end_the_connection),
        cmocka_unit_test(what_follows_a_malformed_request_is_not_read),
        cmocka_unit_test(heads_over_the_limits_are_answered_414_and_431),
        cmocka_unit_test(a_head_of_just_the_limit_has_a_verdict),
        cmocka_unit_test(a_slow_head_is_answered_408),
        cmocka_unit_test(a_connection_without_a_request_is_closed_in_silence),
        cmocka_unit_test(an_idle_connection_is_closed),
        cmocka_unit_test(a_client_that_never_reads_is_cut),
        cmocka_unit_test(pipelined_requests_wait_until_the_client_reads),
        cmocka_unit_test(a_closed_connection_lingers_two_seconds),
        cmocka_unit_test(refuses_options_that_cannot_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

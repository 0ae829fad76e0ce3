/* Connections as a client sees them: RFC 9112 (messages, persistence, pipelining), RFC 9110 (HEAD, 204, 304).
 */
#include "unit/http/h1_rig.h"

/* --- one request, many requests ------------------------------------------------------------------ */

static void get_once(rig *r)
{
    const char *text;

    say(r, "GET /a?b=1 HTTP/1.1\r\nHost: x\r\n\r\n");
    text = hear(r, "\r\n\r\n/a");
    assert_int_equal(strncmp(text, "HTTP/1.1 200 OK\r\n", 17), 0);
    assert_has(text, "\r\nDate: ");
    assert_has(text, " GMT\r\n");
    assert_has(text, "\r\nServer: hoot\r\n");
    assert_has(text, "\r\nContent-Type: text/plain\r\n");
    assert_has(text, "\r\nContent-Length: 2\r\n");
    assert_lacks(text, "Connection:");
}

static void answers_a_request(void **state)
{
    rig r = { .serve = serve_path, .client = get_once };

    (void)state;
    run_rig(&r);
    assert_int_equal(r.calls, 1);
    assert_int_equal(r.answers_logged, 1);
}

static void get_twice(rig *r)
{
    say(r, "GET /one HTTP/1.1\r\nHost: x\r\n\r\n");
    hear(r, "\r\n\r\n/one");
    hoot_sleep(4000); /* less than the idle limit */
    say(r, "GET /two HTTP/1.1\r\nHost: x\r\n\r\n");
    hear(r, "\r\n\r\n/two");
    hoot_sleep(4000);
    say(r, "GET /three HTTP/1.1\r\nHost: x\r\n\r\n");
    hear(r, "\r\n\r\n/three");
}

static void keeps_the_connection_for_the_next_request(void **state)
{
    rig r = { .serve = serve_path, .client = get_twice };

    (void)state;
    run_rig(&r);
    assert_int_equal(r.calls, 3);
}

static void get_byte_by_byte(rig *r)
{
    const char *text = "GET /slow HTTP/1.1\r\nHost: x\r\nX-Long: 0123456789\r\n\r\n";

    for (const char *p = text; *p; p++) {
        say_bytes(r, p, 1);
        hoot_yield();
        hoot_sleep(1);
    }
    hear(r, "\r\n\r\n/slow");
}

static void takes_a_head_byte_by_byte(void **state)
{
    rig r = { .serve = serve_path, .client = get_byte_by_byte };

    (void)state;
    run_rig(&r);
    assert_int_equal(r.calls, 1);
}

static void get_pipelined(rig *r)
{
    const char *text;

    say(r, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n"
           "GET /3 HTTP/1.1\r\nHost: x\r\n\r\nGET /4 HTTP/1.1\r\nHo");
    hear(r, "\r\n\r\n/1");
    hear(r, "\r\n\r\n/2");
    text = hear(r, "\r\n\r\n/3");
    assert_int_equal(strncmp(text, "HTTP/1.1 200", 12), 0);
    say(r, "st: x\r\n\r\n");
    hear(r, "\r\n\r\n/4");
}

static void answers_pipelined_requests_in_order(void **state)
{
    rig r = { .serve = serve_path, .client = get_pipelined };

    (void)state;
    run_rig(&r);
    assert_int_equal(r.calls, 4);
}

/* The first one waits, the others do not. */
static void serve_first_slowly(hoot__exchange *ex, void *user)
{
    if (hoot_str_is(ex->path, "/1"))
        assert_int_equal(hoot_sleep(100), 0);
    serve_path(ex, user);
}

static void pipelined_requests_wait_for_the_one_before(void **state)
{
    rig r = { .serve = serve_first_slowly, .client = get_pipelined };

    (void)state;
    run_rig(&r);
    assert_int_equal(r.calls, 4);
}

static void get_a_thousand(rig *r)
{
    const char *one = "GET /x HTTP/1.1\r\nHost: x\r\n\r\n";

    for (int i = 0; i < 1000; i++)
        assert_int_equal(hoot_buf_add_str(&r->stream->out, hoot_str_from(one)), 0);
    (void)hoot_stream_flush(r->stream);
    for (int i = 0; i < 1000; i++)
        hear(r, "\r\n\r\n/x");
}

static void a_thousand_pipelined_requests_are_answered(void **state)
{
    rig r = { .serve = serve_path, .client = get_a_thousand, .options.max_pipelined_bytes = 4096 };

    (void)state;
    run_rig(&r);
    assert_int_equal(r.calls, 1000);
}

static hoot_closer closer;
static bool closed;

static void note_closed(hoot_closer *one, void *user)
{
    (void)one, (void)user;
    closed = true;
}

/* The first leaves a short deadline, a name and something to close; the others must see none of it. */
static void serve_first_with_leftovers(hoot__exchange *ex, void *user)
{
    const rig *r = user;
    hoot_task *task = hoot_current_task();

    if (hoot_str_is(ex->path, "/1")) {
        hoot__task_set_deadline(task, hoot_now_ms());
        hoot_scope_defer(hoot_current_scope(), &closer, note_closed, NULL);
    } else {
        assert_true(closed);
        assert_int_equal(hoot__task_deadline(task), hoot_now_ms() + r->options.handler_timeout_ms);
    }
    serve_path(ex, user);
}

static void serve_first_past_its_deadline(hoot__exchange *ex, void *user)
{
    const rig *r = user;
    hoot_task *task = hoot_current_task();

    if (hoot_str_is(ex->path, "/1"))
        hoot__task_set_deadline(task, hoot_now_ms());
    else
        assert_int_equal(hoot__task_deadline(task), hoot_now_ms() + r->options.handler_timeout_ms);
    serve_path(ex, user);
}

static void a_pipelined_request_begins_with_nothing_of_the_one_before(void **state)
{
    rig r = { .client = get_pipelined, .options.handler_timeout_ms = 7000 };

    (void)state;
    r.serve = serve_first_with_leftovers;
    run_rig(&r);
    assert_int_equal(r.calls, 4);
    r.serve = serve_first_past_its_deadline;
    run_rig(&r);
    assert_int_equal(r.calls, 8);
}

/* --- many at once -------------------------------------------------------------------------------- */

#define CROWD 40

typedef struct crowd {
    hoot_stream *streams[CROWD];
    hoot__reader readers[CROWD];
} crowd;

/* They all ask in the same turn. */
static void crowd_asks(crowd *c, rig *r, const char *text)
{
    for (int i = 0; i < CROWD; i++) {
        hoot_stream *server_end;

        assert_int_equal(hoot__stream_pair(PIPE_BYTES, &c->streams[i], &server_end), 0);
        hoot__reader_init(&c->readers[i], c->streams[i], 65536);
        hoot__http_serve(r->http, server_end);
        assert_int_equal(hoot_buf_add_str(&c->streams[i]->out, hoot_str_from(text)), 0);
        (void)hoot_stream_flush(c->streams[i]);
    }
}

static void crowd_leaves(crowd *c, int first, int step)
{
    for (int i = first; i < CROWD; i += step) {
        if (!c->streams[i])
            continue;
        hoot__reader_fini(&c->readers[i]);
        hoot_stream_close(c->streams[i]);
        c->streams[i] = NULL;
    }
}

static void get_in_a_crowd(rig *r)
{
    static const char text[] = "GET /x HTTP/1.1\r\nHost: x\r\n\r\n";
    static crowd c;

    crowd_asks(&c, r, text);
    crowd_leaves(&c, 3, 7);
    for (int i = 0; i < CROWD; i++) {
        if (!c.streams[i])
            continue;
        assert_int_equal(hoot__reader_fill(&c.readers[i], 100), 0);
        assert_non_null(memmem(c.readers[i].in.data, c.readers[i].in.len, "\r\n\r\n/x", 6));
    }
    crowd_leaves(&c, 0, 1);
}

static void many_that_ask_at_once_are_all_answered(void **state)
{
    rig r = { .serve = serve_path, .client = get_in_a_crowd };

    (void)state;
    run_rig(&r);
    assert_true(r.calls >= CROWD - 6);
}

/* The tenth cuts every connection, its own and those whose answers are about to be written. */
static void serve_until_the_tenth(hoot__exchange *ex, void *user)
{
    rig *r = user;

    (void)answer(ex, 200, ex->path);
    if (++r->calls == 10)
        hoot__http_abort(r->http);
}

static void get_what_is_cut(rig *r)
{
    static crowd c;

    crowd_asks(&c, r, "GET /x HTTP/1.1\r\nHost: x\r\n\r\n");
    for (int i = 0; i < CROWD; i++)
        assert_true(hoot__reader_fill(&c.readers[i], 4096) < 0);
    crowd_leaves(&c, 0, 1);
}

static void a_connection_may_be_cut_before_its_answer_is_written(void **state)
{
    rig r = { .serve = serve_until_the_tenth, .client = get_what_is_cut };

    (void)state;
    run_rig(&r);
    assert_int_equal(r.calls, 10);
}

/* --- persistence --------------------------------------------------------------------------------- */

static void get_and_close(rig *r)
{
    const char *text;

    say(r, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    text = hear_all(r);
    assert_has(text, "\r\nConnection: close\r\n");
    assert_has(text, "\r\n\r\n/");
    assert_int_equal(r->ended, HOOT_EEOF);
}

static void closes_when_the_client_asks(void **state)
{
    rig r = { .serve = serve_path, .client = get_and_close };

    (void)state;
    run_rig(&r);
}

static void get_http10(rig *r)
{
    say(r, "GET / HTTP/1.0\r\n\r\n");
    assert_has(hear_all(r), "\r\nConnection: close\r\n");
    assert_int_equal(r->ended, HOOT_EEOF);
}

static void closes_after_http_1_0(void **state)
{
    rig r = { .serve = serve_path, .client = get_http10 };

    (void)state;
    run_rig(&r);
}

static void get_http10_twice(rig *r)
{
    for (int i = 0; i < 2; i++) {
        say(r, "GET /k HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        assert_has(hear(r, "\r\n\r\n/k"), "\r\nConnection: keep-alive\r\n");
    }
}

static void keeps_http_1_0_alive_when_asked(void **state)
{
    rig r = { .serve = serve_path, .client = get_http10_twice };

    (void)state;
    run_rig(&r);
}

static void serve_closing(hoot__exchange *ex, void *user)
{
    const hoot__header header = { .name = HOOT_STR("Connection"), .value = HOOT_STR("Close") };
    const hoot__response_head head = {
        .status = 200, .headers = &header, .header_count = 1, .body_bytes = -1
    };

    (void)user;
    assert_int_equal(ex->ops->respond(ex, &head, HOOT_STR("bye")), 0);
}

static void get_then_more(rig *r)
{
    const char *text;

    say(r, "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
    text = hear_all(r);
    assert_int_equal(count_of(text, "HTTP/1.1 200"), 1);
    assert_int_equal(count_of(text, "Connection: close\r\n"), 1);
}

static void the_application_may_end_the_connection(void **state)
{
    rig r = { .serve = serve_closing, .client = get_then_more };

    (void)state;
    run_rig(&r);
}

static void get_and_shut(rig *r)
{
    say(r, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(hoot_stream_shut_down(r->stream), 0);
    hear(r, "\r\n\r\n/1");
    hear(r, "\r\n\r\n/2");
    hear_all(r);
    assert_int_equal(r->ended, HOOT_EEOF);
}

static void a_client_that_shuts_its_side_gets_its_answers(void **state)
{
    rig r = { .serve = serve_first_slowly, .client = get_and_shut };

    (void)state;
    run_rig(&r);
    assert_int_equal(r.calls, 2);
}

/* --- bodies of answers --------------------------------------------------------------------------- */

static void head_then_get(rig *r)
{
    const char *text;

    say(r, "HEAD /abc HTTP/1.1\r\nHost: x\r\n\r\n");
    text = hear(r, "\r\n\r\n");
    assert_has(text, "\r\nContent-Length: 4\r\n");
    say(r, "GET /d HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(strncmp(hear(r, "/d"), "HTTP/1.1 200", 12), 0);
}

static void head_has_the_length_and_no_body(void **state)
{
    rig r = { .serve = serve_path, .client = head_then_get };

    (void)state;
    run_rig(&r);
}

static void serve_bodiless(hoot__exchange *ex, void *user)
{
    (void)user;
    assert_int_equal(answer(ex, hoot_str_is(ex->path, "/204") ? 204 : 304, HOOT_STR("never seen")), 0);
}

static void get_bodiless(rig *r)
{
    const char *text;

    say(r, "GET /204 HTTP/1.1\r\nHost: x\r\n\r\n");
    text = hear(r, "\r\n\r\n");
    assert_has(text, "HTTP/1.1 204 No Content\r\n");
    assert_lacks(text, "Content-Length");
    say(r, "GET /304 HTTP/1.1\r\nHost: x\r\n\r\n");
    text = hear(r, "\r\n\r\n");
    assert_int_equal(strncmp(text, "HTTP/1.1 304 Not Modified\r\n", 27), 0);
    assert_lacks(text, "Transfer-Encoding");
}

static void answers_without_a_body_have_none(void **state)
{
    rig r = { .serve = serve_bodiless, .client = get_bodiless };

    (void)state;
    run_rig(&r);
}

static void serve_stream(hoot__exchange *ex, void *user)
{
    const hoot__response_head head = { .status = 200, .body_bytes = -1 };

    (void)user;
    assert_int_equal(ex->ops->write(ex, HOOT_STR("early")), HOOT_ESTATE);
    assert_int_equal(ex->ops->start(ex, &head), 0);
    assert_int_equal(ex->ops->write(ex, HOOT_STR("hello ")), 0);
    assert_int_equal(hoot_sleep(10), 0);
    assert_int_equal(ex->ops->write(ex, HOOT_STR("")), 0);
    assert_int_equal(ex->ops->write(ex, HOOT_STR("stream of bytes")), 0);
    assert_int_equal(ex->ops->finish(ex), 0);
    assert_int_equal(ex->ops->finish(ex), HOOT_ESTATE);
    assert_int_equal(ex->response_bytes, hoot_str_is(ex->method, "HEAD") ? 0 : 21);
}

static void get_stream(rig *r)
{
    const char *text;

    say(r, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    text = hear(r, "\r\n\r\n6\r\nhello \r\nf\r\nstream of bytes\r\n0\r\n\r\n");
    assert_has(text, "\r\nTransfer-Encoding: chunked\r\n");
    assert_lacks(text, "Content-Length");
    say(r, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
    hear(r, "\r\n\r\n");
    say(r, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    text = hear_all(r);
    assert_int_equal(strncmp(text, "HTTP/1.1 200", 12), 0);
    assert_has(text, "\r\n\r\nhello stream of bytes");
    assert_has(text, "Connection: close\r\n");
    assert_lacks(text, "Transfer-Encoding");
    assert_int_equal(r->ended, HOOT_EEOF);
}

static void streams_in_chunks_and_to_the_end_for_http_1_0(void **state)
{
    rig r = { .serve = serve_stream, .client = get_stream };

    (void)state;
    run_rig(&r);
}

static void serve_counted_stream(hoot__exchange *ex, void *user)
{
    const hoot__response_head head = { .status = 200, .body_bytes = 10 };

    (void)user;
    assert_int_equal(ex->ops->start(ex, &head), 0);
    assert_int_equal(ex->ops->write(ex, HOOT_STR("12345")), 0);
    assert_int_equal(ex->ops->write(ex, HOOT_STR("678901")), HOOT_ELIMIT);
    assert_int_equal(ex->ops->finish(ex), HOOT_ESTATE);
    if (hoot_str_is(ex->path, "/whole"))
        assert_int_equal(ex->ops->write(ex, HOOT_STR("67890")), 0);
}

static void get_counted(rig *r)
{
    const char *text;

    say(r, "GET /whole HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_has(hear(r, "\r\n\r\n1234567890"), "\r\nContent-Length: 10\r\n");
    say(r, "GET /cut HTTP/1.1\r\nHost: x\r\n\r\n");
    text = hear_all(r);
    assert_has(text, "\r\n\r\n12345");
    assert_lacks(text, "678901");
}

static void a_stream_of_known_length_is_cut_when_it_is_short(void **state)
{
    rig r = { .serve = serve_counted_stream, .client = get_counted };

    (void)state;
    run_rig(&r);
}

static void serve_unfinished(hoot__exchange *ex, void *user)
{
    const hoot__response_head head = { .status = 200, .body_bytes = -1 };

    (void)user;
    assert_int_equal(ex->ops->start(ex, &head), 0);
    assert_int_equal(ex->ops->write(ex, HOOT_STR("half")), 0);
}

static void get_unfinished(rig *r)
{
    say(r, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_lacks(hear_all(r), "\r\n0\r\n");
    hang_up(r);
    rig_connect(r);
    say(r, "GET / HTTP/1.0\r\n\r\n");
    hear_all(r);
    assert_int_equal(r->ended, -ECONNRESET); /* its end would look like a whole body */
}

static void an_unfinished_stream_does_not_look_whole(void **state)
{
    rig r = { .serve = serve_unfinished, .client = get_unfinished };

    (void)state;
    run_rig(&r);
}

static void serve_much(hoot__exchange *ex, void *user)
{
    const hoot__response_head head = { .status = 200, .body_bytes = 300000 };
    rig *r = user;
    char piece[1000];

    memset(piece, 'm', sizeof piece);
    assert_int_equal(ex->ops->start(ex, &head), 0);
    for (int i = 0; i < 300; i++) {
        assert_int_equal(ex->ops->write(ex, hoot_str_of(piece, sizeof piece)), 0);
        r->calls = i;
    }
    assert_int_equal(ex->ops->finish(ex), 0);
}

static void get_much_slowly(rig *r)
{
    say(r, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    hoot_sleep(1000); /* nobody reads: the pipe and the window fill */
    assert_in_range(r->calls, 64, 160);
    assert_has(hear_all(r), "\r\n\r\nmmm");
    assert_in_range(hoot__reader_bytes(&r->reader).len, 300000, 301000);
}

static void a_handler_waits_for_a_client_that_reads_slowly(void **state)
{
    rig r = { .serve = serve_much, .client = get_much_slowly };

    (void)state;
    run_rig(&r);
    assert_int_equal(r.calls, 299);
}

/* --- what handlers do wrong ---------------------------------------------------------------------- */

static void serve_splitting(hoot__exchange *ex, void *user)
{
    static const char *const values[] = { "a\r\nSet-Cookie: b", "a\nb", "a\rb" };
    hoot__header header = { .name = HOOT_STR("X-Echo") };
    hoot__response_head head = { .status = 200, .headers = &header, .header_count = 1, .body_bytes = -1 };

    (void)user;
    for (size_t i = 0; i < 3; i++) {
        header.value = hoot_str_from(values[i]);
        assert_int_equal(ex->ops->respond(ex, &head, HOOT_STR("x")), HOOT_EINVAL);
    }
    header.value = hoot_str_of("a\0b", 3);
    assert_int_equal(ex->ops->respond(ex, &head, HOOT_STR("x")), HOOT_EINVAL);
    header.value = HOOT_STR("fine");
    header.name = HOOT_STR("X:Y");
    assert_int_equal(ex->ops->respond(ex, &head, HOOT_STR("x")), HOOT_EINVAL);
    header.name = HOOT_STR("");
    assert_int_equal(ex->ops->start(ex, &head), HOOT_EINVAL);
    head.header_count = 0;
    head.status = 99;
    assert_int_equal(ex->ops->respond(ex, &head, HOOT_STR("x")), HOOT_EINVAL);
    head.status = 200;
    assert_int_equal(ex->ops->respond(ex, &head, HOOT_STR("good")), 0);
    assert_int_equal(ex->ops->respond(ex, &head, HOOT_STR("again")), HOOT_ESTATE);
    assert_int_equal(ex->ops->start(ex, &head), HOOT_ESTATE);
}

static void get_split(rig *r)
{
    const char *text;

    say(r, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    text = hear_all(r);
    assert_lacks(text, "Set-Cookie");
    assert_int_equal(count_of(text, "HTTP/1.1"), 1);
    assert_has(text, "\r\n\r\ngood");
}

static void refuses_fields_that_would_split_the_answer_and_answers_once(void **state)
{
    rig r = { .serve = serve_splitting, .client = get_split };

    (void)state;
    run_rig(&r);
}

static void serve_own_fields(hoot__exchange *ex, void *user)
{
    const hoot__header headers[] = {
        { .name = HOOT_STR("content-length"), .value = HOOT_STR("999") },
        { .name = HOOT_STR("Transfer-Encoding"), .value = HOOT_STR("chunked") },
        { .name = HOOT_STR("Date"), .value = HOOT_STR("Thu, 01 Jan 1970 00:00:00 GMT") },
        { .name = HOOT_STR("Server"), .value = HOOT_STR("mine") },
        { .name = HOOT_STR("X-Last"), .value = HOOT_STR("") },
    };
    const hoot__response_head head = {
        .status = 200, .headers = headers, .header_count = 5, .body_bytes = -1
    };

    (void)user;
    assert_int_equal(ex->ops->respond(ex, &head, HOOT_STR("body")), 0);
}

static void get_own_fields(rig *r)
{
    const char *text;

    say(r, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    text = hear(r, "\r\n\r\nbody");
    assert_lacks(text, "999");
    assert_lacks(text, "chunked");
    assert_has(text, "\r\nContent-Length: 4\r\n");
    assert_int_equal(count_of(text, "Date: "), 1);
    assert_has(text, "\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n");
    assert_int_equal(count_of(text, "Server: "), 1);
    assert_has(text, "\r\nX-Last: \r\n");
}

static void framing_is_ours_and_date_may_be_the_applications(void **state)
{
    rig r = { .serve = serve_own_fields, .client = get_own_fields };

    (void)state;
    run_rig(&r);
}

static void serve_nothing(hoot__exchange *ex, void *user)
{
    (void)ex, (void)user;
}

static void get_nothing(rig *r)
{
    say(r, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_has(hear(r, "\r\n\r\n500 Internal Server Error\n"), "HTTP/1.1 500 Internal Server Error\r\n");
    say(r, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    hear(r, "\r\n\r\n500 Internal Server Error\n");
}

static void a_handler_without_an_answer_is_answered_500(void **state)
{
    rig r = { .serve = serve_nothing, .client = get_nothing };

    (void)state;
    run_rig(&r);
    assert_int_equal(r.last_status, 500);
}

static void serve_too_long(hoot__exchange *ex, void *user)
{
    rig *r = user;

    (void)ex;
    r->last_code = hoot_sleep(3600000);
}

static void get_too_long(rig *r)
{
    say(r, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_has(hear(r, "\r\n\r\n503 Service Unavailable\n"), "HTTP/1.1 503 ");
}

static void a_handler_past_its_deadline_is_answered_503(void **state)
{
    rig r = { .serve = serve_too_long, .client = get_too_long };

    (void)state;
    run_rig(&r);
    assert_int_equal(r.last_code, HOOT_ETIMEOUT);
}

/* --- leaving ------------------------------------------------------------------------------------- */

static void serve_until_cancelled(hoot__exchange *ex, void *user)
{
    const hoot__response_head head = { .status = 200, .body_bytes = -1 };
    rig *r = user;
    hoot_str piece;

    r->calls++;
    r->last_code = hoot_sleep(30000);
    assert_int_equal(ex->ops->respond(ex, &head, HOOT_STR("")), HOOT_ECANCELED);
    assert_int_equal(ex->ops->read_body(ex, &piece), HOOT_ECANCELED);
    r->served_to_end = true;
}

static void get_and_reset(rig *r)
{
    say(r, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n");
    hoot_sleep(100);
    assert_int_equal(r->calls, 1);
    hoot__reader_fini(&r->reader);
    hoot__stream_reset(r->stream);
    r->stream = NULL;
}

static void serve_a_nap(hoot__exchange *ex, void *user)
{
    const hoot__response_head head = { .status = 200, .body_bytes = -1 };
    rig *r = user;

    r->calls++;
    r->last_code = hoot_sleep(30000);
    assert_int_equal(ex->ops->respond(ex, &head, HOOT_STR("")), 0);
}

static void shut_and_wait(rig *r)
{
    uint64_t began = hoot_now_ms();

    say(r, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(hoot_stream_shut_down(r->stream), 0);
    hear_all(r);
    assert_in_range(hoot_now_ms() - began, 1000, 1500);
}

/* It may only have shut its side, as `nc` does; but a second is what it gets for its answer then. */
static void a_client_that_shuts_its_side_and_gets_no_answer_is_gone(void **state)
{
    rig r = { .serve = serve_a_nap, .client = shut_and_wait };

    (void)state;
    run_rig(&r);
    assert_int_equal(r.last_code, HOOT_ECANCELED);
}

static void a_reset_cancels_the_request(void **state)
{
    rig r = { .serve = serve_until_cancelled, .client = get_and_reset };

    (void)state;
    run_rig(&r);
    assert_int_equal(r.last_code, HOOT_ECANCELED);
    assert_true(r.served_to_end);
    assert_int_equal(r.answers_logged, 1);
}

static void serve_a_write_to_nobody(hoot__exchange *ex, void *user)
{
    const hoot__response_head head = { .status = 200, .body_bytes = -1 };
    rig *r = user;

    assert_int_equal(ex->ops->start(ex, &head), 0);
    hoot_sleep(10);
    r->last_code = ex->ops->write(ex, HOOT_STR("x"));
    assert_int_equal(r->last_code, HOOT_ECANCELED);
    assert_int_equal(hoot_sleep(1), HOOT_ECANCELED);
    r->served_to_end = true;
}

static void get_and_leave(rig *r)
{
    say(r, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    hoot_yield();
    hang_up(r);
}

static void a_write_that_fails_cancels_the_request(void **state)
{
    rig r = { .serve = serve_a_write_to_nobody, .client = get_and_leave };

    (void)state;
    run_rig(&r);
    assert_true(r.served_to_end);
}

static void drain_and_get(rig *r)
{
    hoot__http_stats stats;
    const char *text;

    say(r, "GET /before HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_lacks(hear(r, "\r\n\r\n/before"), "Connection");
    hoot__http_drain(r->http);
    hoot_sleep(4000);
    hoot__http_stats_get(r->http, &stats);
    assert_int_equal(stats.connections_open, 1); /* idle, and not cut */
    assert_int_equal(stats.connections_idle, 1);
    say(r, "GET /after HTTP/1.1\r\nHost: x\r\n\r\n");
    text = hear_all(r);
    assert_has(text, "\r\nConnection: close\r\n");
    assert_has(text, "\r\n\r\n/after");
    assert_int_equal(r->ended, HOOT_EEOF);
}

static void draining_serves_one_more_request_on_idle_connections(void **state)
{
    rig r = { .serve = serve_path, .client = drain_and_get };

    (void)state;
    run_rig(&r);
    assert_int_equal(r.calls, 2);
}

static void abort_all(rig *r)
{
    say(r, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    hoot_sleep(100);
    hoot__http_abort(r->http);
    assert_int_equal(hoot__http_wait_closed(r->http), 0);
    hear_all(r);
    assert_int_equal(r->ended, -ECONNRESET);
}

static void aborting_cancels_what_runs(void **state)
{
    rig r = { .serve = serve_until_cancelled, .client = abort_all };

    (void)state;
    run_rig(&r);
    assert_true(r.served_to_end);
}

static void get_over_the_limit(rig *r)
{
    hoot_stream *first = r->stream;
    hoot__reader first_reader = r->reader;
    const char *text;

    say(r, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n");
    hoot_sleep(10);
    rig_connect(r);
    say(r, "GET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
    text = hear_all(r);
    assert_has(text, "HTTP/1.1 503 Service Unavailable\r\n");
    assert_has(text, "\r\nRetry-After: 1\r\n");
    assert_has(text, "\r\nConnection: close\r\n");
    hang_up(r);
    r->stream = first;
    r->reader = first_reader;
    hoot_stream_set_events(first, first->events, &r->reader);
    hear(r, "\r\n\r\n/1");
}

static void more_requests_than_the_limit_are_told_to_come_back(void **state)
{
    rig r = { .serve = serve_first_slowly, .client = get_over_the_limit, .options.max_in_flight = 1 };

    (void)state;
    run_rig(&r);
    assert_int_equal(r.calls, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_a_request),
        cmocka_unit_test(keeps_the_connection_for_the_next_request),
        cmocka_unit_test(takes_a_head_byte_by_byte),
        cmocka_unit_test(answers_pipelined_requests_in_order),
        cmocka_unit_test(pipelined_requests_wait_for_the_one_before),
        cmocka_unit_test(a_thousand_pipelined_requests_are_answered),
        cmocka_unit_test(a_pipelined_request_begins_with_nothing_of_the_one_before),
        cmocka_unit_test(many_that_ask_at_once_are_all_answered),
        cmocka_unit_test(a_connection_may_be_cut_before_its_answer_is_written),
        cmocka_unit_test(closes_when_the_client_asks),
        cmocka_unit_test(closes_after_http_1_0),
        cmocka_unit_test(keeps_http_1_0_alive_when_asked),
        cmocka_unit_test(the_application_may_end_the_connection),
        cmocka_unit_test(a_client_that_shuts_its_side_gets_its_answers),
        cmocka_unit_test(head_has_the_length_and_no_body),
        cmocka_unit_test(answers_without_a_body_have_none),
        cmocka_unit_test(streams_in_chunks_and_to_the_end_for_http_1_0),
        cmocka_unit_test(a_stream_of_known_length_is_cut_when_it_is_short),
        cmocka_unit_test(an_unfinished_stream_does_not_look_whole),
        cmocka_unit_test(a_handler_waits_for_a_client_that_reads_slowly),
        cmocka_unit_test(refuses_fields_that_would_split_the_answer_and_answers_once),
        cmocka_unit_test(framing_is_ours_and_date_may_be_the_applications),
        cmocka_unit_test(a_handler_without_an_answer_is_answered_500),
        cmocka_unit_test(a_handler_past_its_deadline_is_answered_503),
        cmocka_unit_test(a_client_that_shuts_its_side_and_gets_no_answer_is_gone),
        cmocka_unit_test(a_reset_cancels_the_request),
        cmocka_unit_test(a_write_that_fails_cancels_the_request),
        cmocka_unit_test(draining_serves_one_more_request_on_idle_connections),
        cmocka_unit_test(aborting_cancels_what_runs),
        cmocka_unit_test(more_requests_than_the_limit_are_told_to_come_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

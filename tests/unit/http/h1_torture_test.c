/* Whole requests with each allocation failing in turn, and with a cancel at each place where something waits:
 * no crash, nothing left behind, and never an answer that looks whole and is not. (Leaks are found by the
 * sanitizer when the program ends.) */
#include "base/alloc.h"
#include "runtime/torture.h"
#include "unit/http/h1_rig.h"

static const char requests[] =
    "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 42\r\n\r\n"
    "POST /fill HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
    "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n"
    "POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
    "GET /sleep HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

static void echo(hoot__exchange *ex)
{
    hoot_str piece;
    hoot_buf body;
    int rc;

    hoot_buf_init(&body, 1024 * 1024);
    while ((rc = ex->ops->read_body(ex, &piece)) == 1)
        (void)hoot_buf_add_str(&body, piece);
    if (rc == 0 && !body.failed)
        (void)answer(ex, 200, hoot_buf_str(&body));
    hoot_buf_fini(&body);
}

/* Read in pieces of two, and answered with something large, which is sent from where it is. */
static void fill(hoot__exchange *ex)
{
    char *body = hoot_arena_zalloc(ex->arena, 50000);
    size_t len = 0, more = 0;
    int rc = body ? 1 : HOOT_ENOMEM;

    if (body)
        memset(body, 'f', 50000);
    while (rc == 1) {
        rc = ex->ops->fill_body(ex, body + len, 2, &more);
        len += rc == 1 ? more : 0;
    }
    if (rc == 0)
        (void)answer(ex, 200, hoot_str_of(body, 50000));
}

static void stream(hoot__exchange *ex)
{
    const hoot__response_head head = { .status = 200, .body_bytes = -1 };
    char *piece = hoot_arena_zalloc(ex->arena, 50000);
    int rc = piece ? ex->ops->start(ex, &head) : HOOT_ENOMEM;

    if (piece)
        memset(piece, 's', 50000);
    for (int i = 0; rc == 0 && i < 4; i++)
        rc = ex->ops->write(ex, hoot_str_of(piece, 50000));
    if (rc == 0)
        (void)ex->ops->finish(ex);
}

static void serve_all(hoot__exchange *ex, void *user)
{
    if (hoot_str_is(ex->path, "/echo"))
        echo(ex);
    else if (hoot_str_is(ex->path, "/fill"))
        fill(ex);
    else if (hoot_str_is(ex->path, "/stream"))
        stream(ex);
    else if (hoot_str_is(ex->path, "/sleep"))
        (void)(hoot_sleep(10) == 0 && answer(ex, 200, HOOT_STR("slept")));
    else
        serve_path(ex, user);
}

/* Say everything, hear what comes, whatever happens. Gives the number of whole answers 200. */
static int talk(rig *r)
{
    int answers;

    if (hoot_buf_add(&r->stream->out, requests, 4) == 0)
        (void)hoot_stream_flush(r->stream);
    (void)hoot_sleep(1);
    (void)hoot_buf_add(&r->stream->out, requests + 4, sizeof requests - 1 - 4);
    (void)hoot_stream_flush(r->stream);
    (void)hear_all(r);
    answers = count_of(heard(r), "HTTP/1.1 200 OK\r\n");
    /* What came before another answer is whole. */
    if (strstr(heard(r), "\r\n\r\nslept"))
        assert_int_equal(count_of(heard(r), "\r\n0\r\n\r\n"), count_of(heard(r), "chunked\r\n"));
    return answers;
}

struct attempt {
    unsigned long fail_alloc;
    uint64_t cancel_at;
    int answers;
    bool beyond; /* nothing failed any more */
};

static int attempt_main(hoot_error *err, void *arg)
{
    struct attempt *a = arg;
    rig r = { .serve = serve_all };
    hoot_stream *server_end;

    r.http = hoot__http_new(NULL, serve_all, &r, err);
    assert_non_null(r.http);
    hoot__http_set_log(r.http, on_logged, &r);
    assert_int_equal(hoot__stream_pair(PIPE_BYTES, &r.stream, &server_end), 0);
    hoot__reader_init(&r.reader, r.stream, (size_t)8 * 1024 * 1024);
    hoot__alloc_fail_next(a->fail_alloc);
    hoot__cancel_at_switch = a->cancel_at;
    hoot__switches_seen = 0;
    hoot__http_serve(r.http, server_end);
    a->answers = talk(&r);
    a->beyond = a->fail_alloc ? hoot__alloc_count < a->fail_alloc : hoot__switches_seen < a->cancel_at;
    hoot__alloc_fail_next(0);
    hoot__cancel_at_switch = 0;
    hang_up(&r);
    hoot_shield(100000)
    {
        assert_int_equal(hoot__http_wait_closed(r.http), 0);
    }
    hoot__http_free(r.http);
    return 0;
}

static void run_attempt(struct attempt *a)
{
    static const hoot__loop_options options = { .virtual_clock = true, .watchdog_ms = 10000 };
    hoot_error err = HOOT_ERROR_INIT;

    if (hoot__loop_run(&options, attempt_main, a, &err) < 0)
        fail_msg("%s", err.text);
}

static void survives_each_allocation_that_fails(void **state)
{
    struct attempt a = { 0 };
    unsigned long n = 0;

    (void)state;
    do {
        a.fail_alloc = ++n;
        run_attempt(&a);
    } while (!a.beyond);
    assert_int_equal(a.answers, 5);
    assert_true(n > 10);
}

static void survives_a_cancel_at_each_wait(void **state)
{
    struct attempt a = { 0 };
    uint64_t n = 0;

    (void)state;
    do {
        a.cancel_at = ++n;
        run_attempt(&a);
    } while (!a.beyond);
    assert_int_equal(a.answers, 5);
    assert_true(n > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(survives_each_allocation_that_fails),
        cmocka_unit_test(survives_a_cancel_at_each_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

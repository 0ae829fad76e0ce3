/* Bodies of requests: RFC 9112 sections 6 and 7, RFC 9110 section 10.1.1 (Expect), and what happens to those
 * nobody reads. */
#include "unit/http/h1_rig.h"

#include "http/serving.h"

#include <hoot/buf.h>

/* How bodies are read: each test of reading runs with both. */
static bool filling;

static int read_piece(hoot__exchange *ex, hoot_str *out_piece)
{
    static char memory[7000];
    int rc;

    if (!filling)
        return ex->ops->read_body(ex, out_piece);
    out_piece->ptr = memory;
    rc = ex->ops->fill_body(ex, memory, sizeof memory, &out_piece->len);
    return rc;
}

static int pieces(void **state)
{
    (void)state;
    filling = false;
    return 0;
}

static int whole(void **state)
{
    (void)state;
    filling = true;
    return 0;
}

/* Read everything; answer with "LENGTH:body" or with the status that the failure asks for. */
static void serve_echo(hoot__exchange *ex, void *user)
{
    rig *r = user;
    hoot_str piece;
    hoot_buf body;
    int rc;

    hoot_buf_init(&body, 1024 * 1024);
    while ((rc = read_piece(ex, &piece)) == 1) {
        assert_true(piece.len > 0);
        assert_int_equal(hoot_buf_add_str(&body, piece), 0);
        r->calls++;
    }
    r->last_code = rc;
    if (rc == 0) {
        assert_int_equal(read_piece(ex, &piece), 0); /* the end stays the end */
        assert_int_equal(ex->body_read, body.len);
        assert_int_equal(answer(ex, 200, hoot_buf_str(&body)), 0);
    }
    if (ex->trailers.count > 0)
        snprintf(r->seen, sizeof r->seen, "%.*s=%.*s", (int)ex->trailers.at[0].name.len,
                 ex->trailers.at[0].name.ptr, (int)ex->trailers.at[0].value.len,
                 ex->trailers.at[0].value.ptr);
    hoot_buf_fini(&body);
    r->served_to_end = true;
}

static void serve_unread(hoot__exchange *ex, void *user)
{
    serve_path(ex, user);
}

/* --- whole bodies -------------------------------------------------------------------------------- */

static void post_lengths(rig *r)
{
    say(r, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
    hear(r, "\r\n\r\nhello");
    say(r, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\nhel");
    hoot_sleep(10);
    say(r, "lo w");
    hoot_sleep(10);
    say(r, "orldGET / HTTP/1.1\r\nHost: x\r\n\r\n");
    hear(r, "\r\n\r\nhello world");
    assert_has(hear(r, "\r\n\r\n"), "Content-Length: 0\r\n");
}

static void reads_a_body_of_known_length_and_no_byte_more(void **state)
{
    rig r = { .serve = serve_echo, .client = post_lengths };

    (void)state;
    run_rig(&r);
}

static void post_chunks(rig *r)
{
    say(r, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
           "5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nX-Sum: 42\r\n\r\nGET /n HTTP/1.1\r\nHost: x\r\n\r\n");
    hear(r, "\r\n\r\nhello world");
    assert_string_equal(r->seen, "X-Sum=42");
    assert_has(hear(r, "\r\n\r\n"), "Content-Length: 0\r\n");
}

static void reads_chunks_and_trailers(void **state)
{
    rig r = { .serve = serve_echo, .client = post_chunks };

    (void)state;
    run_rig(&r);
}

static void post_chunks_bytewise(rig *r)
{
    const char *text = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "5\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 42\r\n\r\n";

    for (const char *p = text; *p; p++) {
        say_bytes(r, p, 1);
        hoot_sleep(1);
    }
    hear(r, "\r\n\r\nhello world");
    assert_string_equal(r->seen, "X-Sum=42");
}

static void reads_chunks_byte_by_byte(void **state)
{
    rig r = { .serve = serve_echo, .client = post_chunks_bytewise };

    (void)state;
    run_rig(&r);
}

/* A head that nearly fills the first block, so that its body needs another. */
static void post_behind_a_long_head(rig *r, bool chunked)
{
    static char body[100001];
    char head[256];

    memset(body, 'b', sizeof body - 1);
    say(r, "POST / HTTP/1.1\r\nHost: x\r\nX-Long: ");
    for (int i = 0; i < 390; i++)
        say(r, "0123456789");
    if (chunked)
        snprintf(head, sizeof head, "\r\nTransfer-Encoding: chunked\r\n\r\n%zx\r\n", sizeof body - 1);
    else
        snprintf(head, sizeof head, "\r\nContent-Length: %zu\r\n\r\n", sizeof body - 1);
    say(r, head);
    for (size_t sent = 0; sent < sizeof body - 1; sent += 10000) {
        say_bytes(r, body + sent, 10000);
        hoot_yield();
    }
    say(r, chunked ? "\r\n0\r\n\r\n" : "");
    hear(r, "\r\n\r\n");
    hear(r, body);
}

static void post_long_length(rig *r)
{
    post_behind_a_long_head(r, false);
    post_behind_a_long_head(r, false);
}

static void post_long_chunked(rig *r)
{
    post_behind_a_long_head(r, true);
    post_behind_a_long_head(r, true);
}

static void reads_a_large_body_behind_a_large_head(void **state)
{
    rig r = { .serve = serve_echo, .client = post_long_length };

    (void)state;
    run_rig(&r);
    assert_int_equal(r.answers_logged, 2);
    r.client = post_long_chunked;
    run_rig(&r);
    assert_int_equal(r.answers_logged, 4);
}

static void post_long_trailers(rig *r)
{
    say(r, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Big: ");
    for (int i = 0; i < 1500; i++)
        say(r, "0123456789");
    say(r, "\r\n\r\n");
    hear(r, "\r\n\r\nabc");
    assert_int_equal(strncmp(r->seen, "X-Big=0123456789", 16), 0);
}

static void reads_trailers_longer_than_the_first_buffer(void **state)
{
    rig r = { .serve = serve_echo, .client = post_long_trailers };

    (void)state;
    run_rig(&r);
}

/* --- pieces and back-pressure -------------------------------------------------------------------- */

static void serve_late_reader(hoot__exchange *ex, void *user)
{
    hoot_str first, piece;
    char copy[8];
    size_t total;

    assert_int_equal(ex->ops->read_body(ex, &first), 1);
    memcpy(copy, first.ptr, sizeof copy);
    hoot_sleep(1000); /* meanwhile the client sends all it can */
    assert_memory_equal(first.ptr, copy, sizeof copy);
    total = first.len;
    while (ex->ops->read_body(ex, &piece) == 1)
        total += piece.len;
    ((rig *)user)->calls = (int)total;
    assert_int_equal(answer(ex, 200, HOOT_STR("done")), 0);
}

static void post_more_than_fits(rig *r)
{
    char piece[1000];

    say(r, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n");
    for (int i = 0; i < 300; i++) {
        memset(piece, 'a' + i % 26, sizeof piece);
        say_bytes(r, piece, sizeof piece);
        hoot_yield();
    }
    hoot_sleep(500);
    /* One buffer and one pipe are full, no more was taken. */
    assert_in_range(hoot_stream_pending(r->stream), 150000, 290000);
    hear(r, "\r\n\r\ndone");
}

static void the_client_waits_for_a_handler_that_does_not_read(void **state)
{
    rig r = { .serve = serve_late_reader, .client = post_more_than_fits };

    (void)state;
    run_rig(&r);
    assert_int_equal(r.calls, 300000);
}

/* --- Expect: 100-continue ------------------------------------------------------------------------ */

static void post_expecting(rig *r)
{
    say(r, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    assert_string_equal(hear(r, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    say(r, "ok");
    assert_int_equal(strncmp(hear(r, "\r\n\r\nok"), "HTTP/1.1 200", 12), 0);
    /* A client that did not wait is not told. */
    say(r, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nno");
    assert_int_equal(strncmp(hear(r, "\r\n\r\nno"), "HTTP/1.1 200", 12), 0);
}

static void says_continue_when_the_handler_reads(void **state)
{
    rig r = { .serve = serve_echo, .client = post_expecting };

    (void)state;
    run_rig(&r);
}

static void post_expecting_nothing(rig *r)
{
    const char *text;

    say(r, "POST /no HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    text = hear_all(r);
    assert_lacks(text, "100 Continue");
    assert_has(text, "HTTP/1.1 200 OK\r\n");
    assert_has(text, "Connection: close\r\n"); /* nobody knows whether the body comes */
}

static void does_not_say_continue_when_the_handler_does_not_read(void **state)
{
    rig r = { .serve = serve_unread, .client = post_expecting_nothing };

    (void)state;
    run_rig(&r);
}

/* --- bodies nobody reads ------------------------------------------------------------------------- */

static void post_unread(rig *r)
{
    say(r, "POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n0123456789");
    assert_lacks(hear(r, "\r\n\r\n/1"), "close");
    hoot_sleep(10);
    say(r, "0123456789POST /2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    hear(r, "\r\n\r\n/2");
    say(r, "0\r\nX: y\r\n\r\nGET /3 HTTP/1.1\r\nHost: x\r\n\r\n");
    hear(r, "\r\n\r\n/3");
}

static void a_small_unread_body_is_dropped(void **state)
{
    rig r = { .serve = serve_unread, .client = post_unread };

    (void)state;
    run_rig(&r);
    assert_int_equal(r.calls, 3);
}

static void post_large_unread(rig *r)
{
    const char *text;

    say(r, "POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n");
    text = hear_all(r);
    assert_has(text, "\r\nConnection: close\r\n");
    assert_int_equal(r->ended, HOOT_EEOF);
    for (int i = 0; i < 60; i++) /* lingering takes it, so that the answer was not lost */
        say(r, "more of the body that nobody wants");
}

static void a_large_unread_body_ends_the_connection_in_order(void **state)
{
    rig r = { .serve = serve_unread, .client = post_large_unread };

    (void)state;
    run_rig(&r);
}

static void post_endless_unread(rig *r)
{
    say(r, "POST /1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 100; i++) {
        char chunk[1030];

        memset(chunk, 'x', sizeof chunk);
        memcpy(chunk, "400\r\n", 5);
        memcpy(chunk + sizeof chunk - 1, "\n", 1);
        chunk[sizeof chunk - 2] = '\r';
        say_bytes(r, chunk, 5 + 1024 + 1);
        if (i % 8 == 0)
            hoot_sleep(1);
    }
    hear_all(r);
}

static void an_endless_unread_body_ends_the_connection(void **state)
{
    rig r = { .serve = serve_unread, .client = post_endless_unread };

    (void)state;
    run_rig(&r);
    assert_int_equal(r.calls, 1);
}

/* --- bodies that fail ---------------------------------------------------------------------------- */

static void post_over_limit(rig *r)
{
    const char *text;

    say(r, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\nExpect: 100-continue\r\n\r\n");
    text = hear_all(r);
    assert_has(text, "HTTP/1.1 413 ");
    assert_lacks(text, "100 Continue");
    hang_up(r);
    rig_connect(r);
    say(r, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n"
           "0123456789012345678901234567890123456789012345678901234567890123\r\n40\r\n"
           "0123456789012345678901234567890123456789012345678901234567890123\r\n0\r\n\r\n");
    assert_has(hear_all(r), "HTTP/1.1 413 ");
}

static void a_body_over_the_limit_is_answered_413(void **state)
{
    rig r = { .serve = serve_echo, .client = post_over_limit, .options.max_body_bytes = 100 };

    (void)state;
    run_rig(&r);
    assert_int_equal(r.last_code, HOOT_ELIMIT);
    assert_int_equal(r.last_status, 413);
}

static void post_bad_chunk(rig *r)
{
    const char *text;

    say(r, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX");
    text = hear_all(r);
    assert_has(text, "HTTP/1.1 400 Bad Request\r\n");
    assert_has(text, "Connection: close\r\n");
}

static void bad_chunks_are_answered_400(void **state)
{
    rig r = { .serve = serve_echo, .client = post_bad_chunk };

    (void)state;
    run_rig(&r);
    assert_int_equal(r.last_code, HOOT_EBADINPUT);
}

static void post_half(rig *r)
{
    say(r, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf");
    assert_int_equal(hoot_stream_shut_down(r->stream), 0);
    assert_has(hear_all(r), "HTTP/1.1 400 ");
}

static void a_body_that_ends_early_is_answered_400(void **state)
{
    rig r = { .serve = serve_echo, .client = post_half };

    (void)state;
    run_rig(&r);
    assert_int_equal(r.last_code, HOOT_EEOF);
}

static void post_and_stall(rig *r)
{
    uint64_t began = hoot_now_ms();

    say(r, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf");
    assert_has(hear_all(r), "HTTP/1.1 408 ");
    assert_in_range(hoot_now_ms() - began, 5000, 8000);
}

static void a_stalled_body_is_answered_408(void **state)
{
    rig r = { .serve = serve_echo, .client = post_and_stall };

    (void)state;
    run_rig(&r);
    assert_int_equal(r.last_code, HOOT_ETIMEOUT);
}

/* Does the server say nothing for so long? */
static bool silent_for(rig *r, uint64_t ms)
{
    bool silent = true;

    hoot_timeout (ms)
        silent = hoot__reader_fill(&r->reader, 1) == HOOT_ETIMEOUT;
    return silent;
}

static void post_at_a_crawl(rig *r)
{
    uint64_t began = hoot_now_ms();
    char piece[300];

    memset(piece, 'p', sizeof piece);
    say(r, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
    do
        say_bytes(r, piece, sizeof piece); /* 300 bytes a second: over the minimum */
    while (silent_for(r, 1000));
    assert_has(hear_all(r), "HTTP/1.1 408 ");
    assert_in_range(hoot_now_ms() - began, 59000, 64000);
}

static void a_body_may_take_a_minute_in_all(void **state)
{
    rig r = { .serve = serve_echo, .client = post_at_a_crawl, .options.handler_timeout_ms = 600000 };

    (void)state;
    run_rig(&r);
    assert_int_equal(r.last_code, HOOT_ETIMEOUT);
}

static void post_at_a_snails_pace(rig *r)
{
    uint64_t began = hoot_now_ms();

    say(r, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
    do
        say(r, "0123456789");
    while (silent_for(r, 400)); /* each piece comes before the pace of the last one was looked at */
    assert_has(hear_all(r), "HTTP/1.1 408 ");
    assert_in_range(hoot_now_ms() - began, 5000, 8000);
}

static void a_body_below_the_minimum_rate_is_answered_408(void **state)
{
    rig r = { .serve = serve_echo, .client = post_at_a_snails_pace };

    (void)state;
    run_rig(&r);
    assert_int_equal(r.last_code, HOOT_ETIMEOUT);
    assert_int_equal(r.last_status, 408);
}

/* --- a stream that cannot be read ----------------------------------------------------------------- */

static int cannot_start(hoot_stream *stream)
{
    (void)stream;
    return -ENOSPC;
}

static void serve_without_reading(hoot__exchange *ex, void *user)
{
    hoot_stream *stream = hoot__h1_request_of(ex)->conn->stream;
    const hoot_stream_ops *ops = stream->ops;
    hoot_stream_ops failing = *ops;
    hoot_str piece;

    failing.read_start = cannot_start;
    stream->ops = &failing;
    while (read_piece(ex, &piece) == 1)
        ;
    ((rig *)user)->last_code = read_piece(ex, &piece);
    stream->ops = ops;
}

static void post_what_is_not_told(rig *r)
{
    uint64_t began = hoot_now_ms();

    say(r, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe");
    assert_has(hear_all(r), "HTTP/1.1 503 ");
    assert_in_range(hoot_now_ms() - began, 0, 5000); /* lingering, and no deadline of a body */
}

/* The system may have no memory to watch a socket with: nobody waits for what would never be told then. */
static void a_body_that_cannot_be_waited_for_is_answered_503(void **state)
{
    rig r = { .serve = serve_without_reading, .client = post_what_is_not_told };

    (void)state;
    run_rig(&r);
    assert_int_equal(r.last_status, 503);
    assert_int_equal(r.last_code, HOOT_ENOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_that_cannot_be_waited_for_is_answered_503),
        cmocka_unit_test(reads_a_body_of_known_length_and_no_byte_more),
        cmocka_unit_test(reads_chunks_and_trailers),
        cmocka_unit_test(reads_chunks_byte_by_byte),
        cmocka_unit_test(reads_a_large_body_behind_a_large_head),
        cmocka_unit_test(reads_trailers_longer_than_the_first_buffer),
        cmocka_unit_test(the_client_waits_for_a_handler_that_does_not_read),
        cmocka_unit_test(says_continue_when_the_handler_reads),
        cmocka_unit_test(does_not_say_continue_when_the_handler_does_not_read),
        cmocka_unit_test(a_small_unread_body_is_dropped),
        cmocka_unit_test(a_large_unread_body_ends_the_connection_in_order),
        cmocka_unit_test(an_endless_unread_body_ends_the_connection),
        cmocka_unit_test(a_body_over_the_limit_is_answered_413),
        cmocka_unit_test(bad_chunks_are_answered_400),
        cmocka_unit_test(a_body_that_ends_early_is_answered_400),
        cmocka_unit_test(a_stalled_body_is_answered_408),
        cmocka_unit_test(a_body_may_take_a_minute_in_all),
        cmocka_unit_test(a_body_below_the_minimum_rate_is_answered_408),
    };

    int failed = cmocka_run_group_tests_name("in pieces", tests, pieces, NULL);

    return failed + cmocka_run_group_tests_name("whole", tests, whole, NULL);
}

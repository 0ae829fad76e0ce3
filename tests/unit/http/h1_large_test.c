/* Large answers and bodies: sent from where they are, read to where they belong. The pipe between the two
 * sides holds less than one of them. */
#include "unit/http/h1_rig.h"

enum { LARGE = 300000 };

static char large[LARGE];

/* --- answers ------------------------------------------------------------------------------------- */

/* /large answers `large` and spoils it at once; /pieces streams it in two; others their path. */
static void serve_large(hoot__exchange *ex, void *user)
{
    rig *r = user;
    const hoot__response_head head = { .status = 200, .body_bytes = -1 };

    memset(large, 'a', LARGE);
    if (hoot_str_is(ex->path, "/large")) {
        assert_int_equal(answer(ex, 200, hoot_str_of(large, LARGE)), 0);
        memset(large, 'x', LARGE);
    } else if (hoot_str_is(ex->path, "/pieces")) {
        assert_int_equal(ex->ops->start(ex, &head), 0);
        r->last_code = ex->ops->write(ex, hoot_str_of(large, 20000));
        if (r->last_code == 0)
            r->last_code = ex->ops->write(ex, hoot_str_of(large, LARGE));
        memset(large, 'x', LARGE);
        (void)ex->ops->finish(ex);
    } else {
        serve_path(ex, user);
    }
    r->served_to_end = true;
}

static size_t run_of(const char *text, char c)
{
    size_t len = 0;

    while (text[len] == c)
        len++;
    return len;
}

static void get_large_and_more(rig *r)
{
    const char *text;

    say(r, "GET /first HTTP/1.1\r\nHost: x\r\n\r\n"
           "GET /large HTTP/1.1\r\nHost: x\r\n\r\n"
           "HEAD /large HTTP/1.1\r\nHost: x\r\n\r\n"
           "GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    hear(r, "\r\n\r\n/first");
    assert_has(hear(r, "\r\n\r\n"), "\r\nContent-Length: 300000\r\n");
    text = hear_all(r);
    assert_int_equal(run_of(text, 'a'), LARGE);
    assert_int_equal(strncmp(text + LARGE, "HTTP/1.1 200 OK\r\n", 17), 0);
    assert_int_equal(count_of(text, "HTTP/1.1"), 2);
    assert_has(text, "\r\n\r\n/last");
}

static void a_large_answer_keeps_its_place_among_others(void **state)
{
    rig r = { .serve = serve_large, .client = get_large_and_more };

    (void)state;
    run_rig(&r);
    assert_int_equal(r.answers_logged, 4);
}

static void get_pieces(rig *r)
{
    const char *text;

    say(r, "GET /pieces HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    hear(r, "\r\n\r\n4e20\r\n"); /* 20,000 */
    text = hear_all(r);
    assert_int_equal(run_of(text, 'a'), 20000);
    text += 20000;
    for (size_t left = LARGE, len; left > 0; left -= len) {
        char *end;

        assert_int_equal(strncmp(text, "\r\n", 2), 0);
        len = strtoul(text + 2, &end, 16);
        assert_in_range(len, 1, left);
        assert_int_equal(strncmp(end, "\r\n", 2), 0);
        assert_int_equal(run_of(end + 2, 'a'), len);
        text = end + 2 + len;
    }
    assert_string_equal(text, "\r\n0\r\n\r\n");
}

static void large_pieces_are_chunks(void **state)
{
    rig r = { .serve = serve_large, .client = get_pieces };

    (void)state;
    run_rig(&r);
    assert_int_equal(r.last_code, 0);
}

static void get_some_and_leave(rig *r, const char *request)
{
    say(r, request);
    assert_int_equal(hoot__reader_fill(&r->reader, 1000), 0);
    hang_up(r);
}

static void get_some_of_large(rig *r)
{
    get_some_and_leave(r, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
}

static void get_some_pieces(rig *r)
{
    get_some_and_leave(r, "GET /pieces HTTP/1.1\r\nHost: x\r\n\r\n");
}

static void a_client_may_leave_in_the_middle(void **state)
{
    rig whole = { .serve = serve_large, .client = get_some_of_large };
    rig pieces = { .serve = serve_large, .client = get_some_pieces };

    (void)state;
    run_rig(&whole);
    assert_true(whole.served_to_end);
    run_rig(&pieces);
    assert_true(pieces.served_to_end);
    assert_int_equal(pieces.last_code, HOOT_ECANCELED);
}

/* --- bodies -------------------------------------------------------------------------------------- */

/* Reads a body into `large`, whose byte behind it stays as it was, and answers with its length. */
static void serve_filled(hoot__exchange *ex, void *user)
{
    rig *r = user;
    char text[24];
    size_t len = 0;

    memset(large, '-', LARGE);
    r->last_code = ex->ops->fill_body(ex, large, LARGE - 1, &len);
    r->calls += r->last_code == 1;
    assert_int_equal(run_of(large, 'b'), len);
    assert_int_equal(large[LARGE - 1], '-');
    assert_int_equal(ex->body_read, len);
    if (r->last_code == 1)
        r->last_code = ex->ops->fill_body(ex, large, 1, &(size_t){ 0 });
    snprintf(text, sizeof text, "%zu bytes", len);
    if (r->last_code == 0)
        assert_int_equal(answer(ex, 200, hoot_str_from(text)), 0);
    r->served_to_end = true;
}

static void say_many(rig *r, char c, size_t len)
{
    char text[1000];

    memset(text, c, sizeof text);
    for (; len > 0; len -= len < sizeof text ? len : sizeof text)
        say_bytes(r, text, len < sizeof text ? len : sizeof text);
}

static void post_large(rig *r)
{
    say(r, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n");
    say_many(r, 'b', 100000);
    hoot_sleep(1000);
    say_many(r, 'b', 100000);
    say(r, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nbbb");
    hear(r, "\r\n\r\n200000 bytes");
    hear(r, "\r\n\r\n3 bytes");
    say(r, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n30d40\r\n");
    say_many(r, 'b', 200000);
    say(r, "\r\n1\r\nb\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
    hear(r, "\r\n\r\n200001 bytes");
    hear(r, "\r\n\r\n0 bytes");
}

static void a_large_body_comes_whole_and_no_byte_more(void **state)
{
    rig r = { .serve = serve_filled, .client = post_large };

    (void)state;
    run_rig(&r);
    assert_int_equal(r.calls, 3); /* once each: the handler is not woken for every piece */
}

static void post_half_and_leave(rig *r)
{
    say(r, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n");
    say_many(r, 'b', 100000);
    hoot_sleep(1000);
    hang_up(r);
}

static void a_client_may_leave_in_the_middle_of_its_body(void **state)
{
    rig r = { .serve = serve_filled, .client = post_half_and_leave };

    (void)state;
    run_rig(&r);
    assert_true(r.served_to_end);
    assert_true(r.last_code == HOOT_EEOF || r.last_code == HOOT_ECANCELED);
}

static void post_half_and_abort(rig *r)
{
    say(r, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n");
    say_many(r, 'b', 100000);
    hoot_sleep(1000);
    hoot__http_abort(r->http);
    say_many(r, 'b', 1000); /* for nobody */
}

static void a_server_may_abort_in_the_middle_of_a_body(void **state)
{
    rig r = { .serve = serve_filled, .client = post_half_and_abort };

    (void)state;
    run_rig(&r);
    assert_int_equal(r.last_code, HOOT_ECANCELED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_large_answer_keeps_its_place_among_others),
        cmocka_unit_test(large_pieces_are_chunks),
        cmocka_unit_test(a_client_may_leave_in_the_middle),
        cmocka_unit_test(a_large_body_comes_whole_and_no_byte_more),
        cmocka_unit_test(a_client_may_leave_in_the_middle_of_its_body),
        cmocka_unit_test(a_server_may_abort_in_the_middle_of_a_body),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

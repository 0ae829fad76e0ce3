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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_large_answer_keeps_its_place_among_others),
        cmocka_unit_test(large_pieces_are_chunks),
        cmocka_unit_test(a_client_may_leave_in_the_middle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

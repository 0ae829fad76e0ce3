/* Exchanges in memory behave like those of a connection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/memory_exchange.h"

#include <string.h>

static hoot__memory_exchange me;
static hoot_arena *arena;

static void make(const char *method, const char *target, const char *body)
{
    const hoot__header headers[] = {
        { .name = HOOT_STR("Host"), .value = HOOT_STR("example.org") },
        { .name = HOOT_STR("cookie"), .value = HOOT_STR("a=b") },
        { .name = HOOT_STR("X-Other"), .value = HOOT_STR("1") },
    };

    arena = hoot_arena_new(0);
    assert_int_equal(hoot__memory_exchange_init(&me, arena, hoot_str_from(method), hoot_str_from(target),
                                                headers, 3, hoot_str_from(body)),
                     0);
}

static void end(void)
{
    hoot__memory_exchange_fini(&me);
    hoot_arena_free(arena);
}

static void fills_the_request(void **state)
{
    hoot__exchange *ex = &me.ex;

    (void)state;
    make("GET", "/a%20b?x=1", "");
    assert_true(hoot_str_is(ex->path, "/a%20b"));
    assert_true(hoot_str_is(ex->query, "x=1"));
    assert_true(hoot_str_is(ex->target, "/a%20b?x=1"));
    assert_true(hoot_str_is(ex->authority, "example.org"));
    assert_true(hoot_str_is(hoot__exchange_known(ex, HOOT__HEADER_COOKIE), "a=b"));
    assert_null(hoot__exchange_known(ex, HOOT__HEADER_ORIGIN).ptr);
    assert_int_equal(ex->headers.count, 3);
    assert_int_equal(ex->content_length, 0);
    end();
}

static void gives_the_body_and_keeps_the_limit(void **state)
{
    hoot__exchange *ex = &me.ex;
    hoot_str piece;

    (void)state;
    make("POST", "/", "hello");
    assert_int_equal(ex->ops->read_body(ex, &piece), 1);
    assert_true(hoot_str_is(piece, "hello"));
    assert_int_equal(ex->ops->read_body(ex, &piece), 0);
    assert_int_equal(ex->body_read, 5);
    end();
    make("POST", "/", "hello");
    ex->body_limit = 4;
    assert_int_equal(ex->ops->read_body(ex, &piece), HOOT_ELIMIT);
    assert_int_equal(ex->ops->read_body(ex, &piece), HOOT_ELIMIT);
    assert_int_equal(ex->body_status, 413);
    end();
}

static void collects_a_whole_answer(void **state)
{
    const hoot__header header = { .name = HOOT_STR("set-cookie"), .value = HOOT_STR("k=v") };
    const hoot__response_head head = {
        .status = 201, .headers = &header, .header_count = 1, .body_bytes = -1
    };
    hoot__exchange *ex = &me.ex;

    (void)state;
    make("GET", "/", "");
    assert_int_equal(ex->ops->respond(ex, &head, HOOT_STR("made")), 0);
    assert_int_equal(me.status, 201);
    assert_true(me.finished);
    assert_int_equal(me.header_count, 1);
    assert_int_equal(me.headers[0].known, HOOT__HEADER_SET_COOKIE);
    assert_true(hoot_str_is(me.headers[0].value, "k=v"));
    assert_true(hoot_str_is(hoot_buf_str(&me.answer), "made"));
    assert_int_equal(ex->ops->respond(ex, &head, HOOT_STR("again")), HOOT_ESTATE);
    end();
}

static void collects_a_streamed_answer(void **state)
{
    hoot__response_head head = { .status = 200, .body_bytes = 6 };
    hoot__exchange *ex = &me.ex;

    (void)state;
    make("GET", "/", "");
    assert_int_equal(ex->ops->write(ex, HOOT_STR("x")), HOOT_ESTATE);
    assert_int_equal(ex->ops->start(ex, &head), 0);
    assert_int_equal(ex->ops->write(ex, HOOT_STR("abc")), 0);
    assert_int_equal(ex->ops->finish(ex), HOOT_ESTATE); /* three are missing */
    assert_int_equal(ex->ops->write(ex, HOOT_STR("defg")), HOOT_ELIMIT);
    assert_int_equal(ex->ops->write(ex, HOOT_STR("def")), 0);
    assert_false(me.finished);
    assert_int_equal(ex->ops->finish(ex), 0);
    assert_true(me.finished);
    assert_true(hoot_str_is(hoot_buf_str(&me.answer), "abcdef"));
    end();
}

static void head_and_204_collect_no_body(void **state)
{
    hoot__response_head head = { .status = 200, .body_bytes = -1 };
    hoot__exchange *ex = &me.ex;

    (void)state;
    make("HEAD", "/", "");
    assert_int_equal(ex->ops->respond(ex, &head, HOOT_STR("body")), 0);
    assert_int_equal(me.answer.len, 0);
    end();
    make("GET", "/", "");
    head.status = 204;
    assert_int_equal(ex->ops->respond(ex, &head, HOOT_STR("body")), 0);
    assert_int_equal(me.answer.len, 0);
    end();
}

static void refuses_what_a_connection_would_refuse(void **state)
{
    hoot__header header = { .name = HOOT_STR("X"), .value = HOOT_STR("a\r\nb") };
    hoot__response_head head = { .status = 200, .headers = &header, .header_count = 1, .body_bytes = -1 };
    hoot__exchange *ex = &me.ex;

    (void)state;
    make("GET", "/", "");
    assert_int_equal(ex->ops->respond(ex, &head, HOOT_STR("")), HOOT_EINVAL);
    head.header_count = 0;
    head.status = 1000;
    assert_int_equal(ex->ops->respond(ex, &head, HOOT_STR("")), HOOT_EINVAL);
    assert_int_equal(me.status, 0);
    end();
    arena = hoot_arena_new(0);
    assert_int_equal(
        hoot__memory_exchange_init(&me, arena, HOOT_STR("GET"), HOOT_STR("/"), &header, 1, HOOT_STR("")),
        HOOT_EINVAL);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_the_request),
        cmocka_unit_test(gives_the_body_and_keeps_the_limit),
        cmocka_unit_test(collects_a_whole_answer),
        cmocka_unit_test(collects_a_streamed_answer),
        cmocka_unit_test(head_and_204_collect_no_body),
        cmocka_unit_test(refuses_what_a_connection_would_refuse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A whole request while memory runs out, at each allocation in turn, and while its client goes away, at each
 * suspension in turn. Whatever happens: an answer or none, never a wrong one, and nothing is left behind (the
 * sanitizers look). */
#include "unit/web/web_test.h"

#include "base/alloc.h"
#include "http/memory_exchange.h"
#include "runtime/task.h"
#include "runtime/torture.h"
#include "web/serve.h"

#include <hoot/sys/wait.h>

enum { MAX_ROUNDS = 2000 };

/* What must come in pairs, whatever happens. */
static int opened, torn_down;

static hoot_response *before(hoot_request *req)
{
    static const char key;

    (void)hoot_request_set(req, &key, (void *)&key);
    return hoot_sleep(1) == HOOT_ENOMEM ? hoot_abort(req, 503, NULL) : NULL;
}

static hoot_response *after(hoot_request *req, hoot_response *resp)
{
    (void)req;
    hoot_yield();
    hoot_response_set_header(resp, "X-After", "1");
    hoot_response_set_cookie(resp, &(hoot_cookie){ .name = "seen", .value = "1" }, NULL);
    return resp;
}

static void teardown(hoot_request *req, const hoot_error *err)
{
    (void)req;
    (void)err;
    torn_down++;
    hoot_yield();
}

static void count_closed(hoot_closer *closer, void *user)
{
    (void)closer;
    (void)user;
    opened--;
    hoot_yield();
}

static int child(hoot_error *err, void *arg)
{
    int rc = hoot_sleep(5);

    return rc < 0 ? hoot_error_set(err, rc, "in a group") : hoot_current_request() == arg ? 0 : HOOT_ESTATE;
}

/* A bit of everything that a handler may do. */
static hoot_response *busy(hoot_request *req)
{
    const hoot_call calls[] = { { child, req }, { child, req } };
    hoot_closer *closer = hoot_arena_zalloc(hoot_request_arena(req), sizeof(*closer));
    hoot_error err = HOOT_ERROR_INIT;
    const json_t *json;
    int rc;

    if (!closer)
        return hoot_abort(req, 503, "out of memory");
    hoot_scope_defer(hoot_current_scope(), closer, count_closed, NULL);
    opened++;
    json = hoot_request_json(req, &err);
    if (!json)
        return hoot_fail(req, &err);
    if ((rc = hoot_gather_calls(calls, 2, &err)) < 0)
        return hoot_fail(req, &err);
    return hoot_json(req, 200,
                     hoot_object("got", json, "id", hoot_path_text(req, "id"), "a", hoot_arg(req, "a")));
}

static int produce(hoot_writer *writer, hoot_error *err, void *arg)
{
    (void)arg;
    for (int i = 0; i < 3; i++) {
        int rc = hoot_write_text(writer, "piece");

        if (rc == 0)
            rc = hoot_sleep(1);
        if (rc < 0)
            return hoot_error_set(err, rc, "producing");
    }
    return 0;
}

static hoot_response *streaming(hoot_request *req)
{
    return hoot_stream_response(req, 200, "text/plain", -1, produce, NULL);
}

static const hoot_cors cors = { .origins = HOOT_LIST("https://a.example"), .credentials = true };

static const hoot_blueprint busy_routes = {
    .name = "busy",
    .prefix = "/api",
    .routes = HOOT_ROUTES({ "POST", "/busy/<id>", busy }, { "POST", "/stream", streaming }),
    .before_request = HOOT_BEFORE(before),
    .after_request = HOOT_AFTER(after),
    .teardown = HOOT_TEARDOWN(teardown),
    .cors = &cors,
};

/* --- one request --- */

static const hoot__header headers[] = {
    { .name = { "Host", 4 }, .value = { "a", 1 } },
    { .name = { "Origin", 6 }, .value = { "https://a.example", 17 } },
    { .name = { "Content-Type", 12 }, .value = { "application/json", 16 } },
};

typedef struct job {
    hoot_app *app;
    const char *target;
    hoot__memory_exchange exchange;
    hoot_waiter *waiter;
} job;

static int serve(hoot_error *err, void *arg)
{
    job *j = arg;

    (void)err;
    hoot__app_serve(&j->exchange.ex, j->app);
    return 0;
}

static void served(int result, const hoot_error *err, void *arg)
{
    job *j = arg;

    (void)result;
    (void)err;
    hoot_wake(j->waiter, 0);
}

/* Run a request in a task of its own; `start` is called just before. The answer is in j->exchange. */
static void run(job *j, hoot_arena *arena, void (*start)(unsigned long n), unsigned long n)
{
    hoot__task_options options = { .name = "request", .detached_context = true };
    hoot_waiter waiter = HOOT_WAITER_INIT;
    hoot_task *task;

    assert_int_equal(hoot__memory_exchange_init(&j->exchange, arena, HOOT_STR("POST"),
                                                hoot_str_from(j->target), headers, 3,
                                                HOOT_STR("{\"a\":[1,\"\xc3\xa9\",{}]}")),
                     0);
    j->waiter = &waiter;
    task = hoot__task_start(&options, serve, served, j);
    assert_non_null(task);
    start(n);
    hoot_wait_always(&waiter);
    start(0);
}

static void assert_nothing_open(void)
{
    assert_int_equal(opened, 0);
}

static void assert_whole_or_refused(const job *j, const char *body)
{
    const hoot__memory_exchange *me = &j->exchange;

    if (me->finished && me->status == 200) {
        assert_int_equal(me->answer.len, strlen(body));
        assert_memory_equal(me->answer.data, body, me->answer.len);
    } else if (me->finished)
        assert_int_equal(me->status, 503);
}

static const char busy_body[] = "{\"got\":{\"a\":[1,\"\\u00e9\",{}]},\"id\":\"x y\",\"a\":\"1\"}\n";

/* --- memory --- */

static unsigned long allocations; /* of the last request */

static void fail_memory(unsigned long n)
{
    if (n == 0)
        allocations = hoot__alloc_count;
    hoot__alloc_fail_next(n);
}

/* Fail the n-th allocation for n = 1, 2, ... until a request needs no n-th one. Gives how many there were. */
static unsigned long torture_memory(hoot_app *app, const char *target, const char *body)
{
    unsigned long n = 1, used;

    do {
        hoot_arena *arena = hoot_arena_new(0);
        job j = { .app = app, .target = target };

        run(&j, arena, fail_memory, n);
        used = allocations;
        assert_whole_or_refused(&j, body);
        assert_nothing_open();
        if (used < n)
            assert_true(j.exchange.finished && j.exchange.status == 200);
        hoot__memory_exchange_fini(&j.exchange);
        hoot_arena_free(arena);
    } while (used >= n++ && n < MAX_ROUNDS);
    assert_true(n < MAX_ROUNDS);
    return n - 2;
}

/* --- cancelling --- */

static void cancel_at(unsigned long n)
{
    if (n)
        hoot__switches_seen = 0;
    hoot__cancel_at_switch = n;
}

static unsigned long torture_cancel(hoot_app *app, const char *target, const char *body)
{
    unsigned long n = 2, seen; /* the first suspension is this test's own, which waits for the request */

    do {
        hoot_arena *arena = hoot_arena_new(0);
        job j = { .app = app, .target = target };

        torn_down = 0;
        run(&j, arena, cancel_at, n);
        seen = hoot__switches_seen;
        assert_whole_or_refused(&j, body);
        assert_nothing_open();
        assert_int_equal(torn_down, 1);
        hoot__memory_exchange_fini(&j.exchange);
        hoot_arena_free(arena);
    } while (seen >= n++ && n < MAX_ROUNDS);
    assert_true(n < MAX_ROUNDS);
    return n - 2;
}

/* --- a body that fails --- */

static int body_failure, body_failure_status;

static int fail_body(hoot__exchange *ex, char *at, size_t room, size_t *out_len)
{
    (void)at;
    (void)room;
    (void)out_len;
    ex->body_status = body_failure_status;
    return body_failure;
}

static int seen_close;

static int see_close(hoot__exchange *ex, const hoot__response_head *head, hoot_str body)
{
    (void)body;
    ex->answered = true;
    seen_close = head->close;
    ex->status = head->status;
    return 0;
}

/* The status of an answer to a body that fails with that code, as a protocol would have it fail. */
static int status_of_failed_body(hoot_app *app, int code, int status)
{
    static hoot__exchange_ops ops;
    hoot_arena *arena = hoot_arena_new(0);
    hoot__memory_exchange me;

    assert_int_equal(hoot__memory_exchange_init(&me, arena, HOOT_STR("POST"), HOOT_STR("/api/busy/1"),
                                                headers, 3, HOOT_STR("{}")),
                     0);
    ops = *me.ex.ops;
    ops.fill_body = fail_body;
    ops.respond = see_close;
    me.ex.ops = &ops;
    body_failure = code;
    body_failure_status = status;
    seen_close = false;
    hoot__app_serve(&me.ex, app);
    status = me.ex.status;
    hoot__memory_exchange_fini(&me);
    hoot_arena_free(arena);
    return status;
}

static void failed_bodies(hoot_app *app)
{
    assert_int_equal(status_of_failed_body(app, HOOT_ETIMEOUT, 408), 408);
    assert_true(seen_close);
    assert_int_equal(status_of_failed_body(app, HOOT_ETIMEOUT, 0),
                     503); /* the deadline's, not the client's */
    assert_int_equal(status_of_failed_body(app, HOOT_ELIMIT, 413), 413);
    assert_int_equal(status_of_failed_body(app, HOOT_EBADINPUT, 400), 400);
    assert_int_equal(status_of_failed_body(app, HOOT_EEOF, 400), 400);
    assert_int_equal(status_of_failed_body(app, HOOT_EBADINPUT, 431), 431);
    assert_true(seen_close);
}

/* --- the tests --- */

static int with_app(hoot_error *err, void *arg)
{
    void (*test)(hoot_app * app) = *(void (**)(hoot_app *))arg;
    hoot_app *app = hoot_app_new("test", err);

    must(hoot_app_register(app, &busy_routes, NULL, &err_));
    must(hoot__app_start_serving(app, err));
    test(app);
    hoot__app_stop_serving(app);
    hoot_app_free(app);
    return 0;
}

static void drop_line(hoot_log_level level, const char *text, void *user)
{
    (void)level;
    (void)text;
    (void)user;
}

static void run_with_app(void (*test)(hoot_app *app))
{
    hoot_error err = HOOT_ERROR_INIT;

    hoot_log_set_sink(drop_line, NULL);
    assert_int_equal(hoot_test_run(with_app, &test, &err), 0);
    hoot_log_set_sink(NULL, NULL);
}

static void memory(hoot_app *app)
{
    assert_true(torture_memory(app, "/api/busy/x%20y?a=1", busy_body) > 5);
    torture_memory(app, "/api/stream", "piecepiecepiece");
    torture_memory(app, "/api/busy/x%20y?a=1", busy_body);
}

static void answers_or_refuses_when_memory_runs_out(void **state)
{
    (void)state;
    run_with_app(memory);
}

static void answers_a_failed_body_as_the_protocol_says(void **state)
{
    (void)state;
    run_with_app(failed_bodies);
}

static void cancels(hoot_app *app)
{
    assert_true(torture_cancel(app, "/api/busy/x%20y?a=1", busy_body) > 5);
    assert_true(torture_cancel(app, "/api/stream", "piecepiecepiece") > 3);
}

static void tears_down_wherever_the_client_goes_away(void **state)
{
    (void)state;
    run_with_app(cancels);
}

/* Making and starting an app, with each allocation failing. */
static int build_app(hoot_error *err, void *arg)
{
    bool *whole = arg;
    hoot_app *app = hoot_app_new("test", err);

    *whole = app && hoot_app_register(app, &busy_routes, "/v1", err) == 0 &&
             hoot_app_cors(app, &cors, err) == 0 && hoot_app_before_request(app, before, err) == 0 &&
             hoot_app_teardown(app, teardown, err) == 0 && hoot__app_start_serving(app, err) == 0;
    if (!*whole)
        assert_int_equal(err->code, HOOT_ENOMEM);
    if (app)
        hoot__app_stop_serving(app);
    hoot_app_free(app);
    return 0;
}

static int build_apps(hoot_error *err, void *arg)
{
    bool whole = false;
    unsigned long n = 0;

    (void)arg;
    while (!whole && n < MAX_ROUNDS) {
        hoot__alloc_fail_next(++n);
        build_app(err, &whole);
        hoot__alloc_fail_next(0);
        hoot_error_clear(err);
    }
    assert_true(whole);
    assert_true(n > 5);
    return 0;
}

static void an_app_that_cannot_be_made_says_so(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;

    (void)state;
    assert_int_equal(hoot_test_run(build_apps, NULL, &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_or_refuses_when_memory_runs_out),
        cmocka_unit_test(answers_a_failed_body_as_the_protocol_says),
        cmocka_unit_test(tears_down_wherever_the_client_goes_away),
        cmocka_unit_test(an_app_that_cannot_be_made_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

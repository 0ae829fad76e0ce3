/* The life of a request: hooks and their order, error handlers, limits, tasks below a handler. */
#include "unit/web/web_test.h"

#include <errno.h>

/* What ran, in order. */
static char trace[1024];

static void note(const char *what)
{
    snprintf(trace + strlen(trace), sizeof(trace) - strlen(trace), "%s ", what);
}

#define assert_trace(text)                                                                                   \
    do {                                                                                                     \
        assert_string_equal(trace, text);                                                                    \
        trace[0] = '\0';                                                                                     \
    } while (0)

/* A before, an after and a teardown hook that note their name. */
#define NOTING(name)                                                                                         \
    static hoot_response *before_##name(hoot_request *req)                                                   \
    {                                                                                                        \
        note("before:" #name);                                                                               \
        return hoot_arg(req, "stop") && strcmp(hoot_arg(req, "stop"), #name) == 0                            \
                   ? hoot_text(req, 200, "stopped")                                                          \
                   : NULL;                                                                                   \
    }                                                                                                        \
    static hoot_response *after_##name(hoot_request *req, hoot_response *resp)                               \
    {                                                                                                        \
        (void)req;                                                                                           \
        note("after:" #name);                                                                                \
        return resp;                                                                                         \
    }                                                                                                        \
    static void teardown_##name(hoot_request *req, const hoot_error *err)                                    \
    {                                                                                                        \
        (void)req;                                                                                           \
        note(err ? "failed:" #name : "teardown:" #name);                                                     \
    }

NOTING(app1)
NOTING(app2)
NOTING(outer1)
NOTING(outer2)
NOTING(inner)

static hoot_response *ok(hoot_request *req)
{
    note("handler");
    return hoot_json(req, 200, hoot_object("status", "ok"));
}

static hoot_response *nothing(hoot_request *req)
{
    (void)req;
    return NULL;
}

static hoot_response *failing(hoot_request *req)
{
    hoot_error err;

    hoot_error_set(&err, HOOT_ECONNLOST, "the database went away");
    return hoot_fail(req, &err);
}

static hoot_response *aborting(hoot_request *req)
{
    const char *status = hoot_arg(req, "status");

    return hoot_abort(req, status ? atoi(status) : 403, "not yours");
}

static hoot_response *failing_with(hoot_request *req)
{
    hoot_error err;

    hoot_error_set(&err, atoi(hoot_arg(req, "code")), "private text");
    return hoot_fail(req, &err);
}

static hoot_response *inner_403(hoot_request *req, int status, const char *text, const hoot_error *err)
{
    (void)err;
    return hoot_textf(req, status, "inner %d %s", status, text);
}

static hoot_response *outer_any(hoot_request *req, int status, const char *text, const hoot_error *err)
{
    return hoot_textf(req, status, "outer %d %s%s%s", status, text, err ? " because " : "",
                      err ? err->text : "");
}

static hoot_response *handler_that_fails(hoot_request *req, int status, const char *text,
                                         const hoot_error *err)
{
    (void)status;
    (void)text;
    (void)err;
    return hoot_abort(req, 418, "from the error handler");
}

static hoot_response *handler_without_answer(hoot_request *req, int status, const char *text,
                                             const hoot_error *err)
{
    (void)req;
    (void)status;
    (void)text;
    (void)err;
    return NULL;
}

static const hoot_blueprint inner = {
    .name = "inner",
    .prefix = "/inner",
    .routes = HOOT_ROUTES({ "GET", "/ok", ok }, { "GET", "/fail", failing }, { "GET", "/abort", aborting }),
    .before_request = HOOT_BEFORE(before_inner),
    .after_request = HOOT_AFTER(after_inner),
    .teardown = HOOT_TEARDOWN(teardown_inner),
    .errors = HOOT_ERRORS({ 403, inner_403 }),
};

static const hoot_blueprint outer = {
    .name = "outer",
    .prefix = "/outer",
    .routes = HOOT_ROUTES({ "GET", "/ok", ok }, { "GET", "/abort", aborting }),
    .before_request = HOOT_BEFORE(before_outer1, before_outer2),
    .after_request = HOOT_AFTER(after_outer1, after_outer2),
    .teardown = HOOT_TEARDOWN(teardown_outer1, teardown_outer2),
    .errors = HOOT_ERRORS({ 0, outer_any }, { 409, handler_that_fails }, { 410, handler_without_answer }),
    .children = HOOT_CHILDREN(&inner),
};

static const hoot_blueprint plain = {
    .name = "plain",
    .routes = HOOT_ROUTES({ "GET", "/null", nothing, "the null route" }, { "GET POST", "/abort", aborting },
                          { "GET", "/fail", failing }, { "GET", "/code", failing_with }),
};

static void set_up(hoot_app *app)
{
    must(hoot_app_before_request(app, before_app1, &err_));
    must(hoot_app_before_request(app, before_app2, &err_));
    must(hoot_app_after_request(app, after_app1, &err_));
    must(hoot_app_after_request(app, after_app2, &err_));
    must(hoot_app_teardown(app, teardown_app1, &err_));
    must(hoot_app_teardown(app, teardown_app2, &err_));
    must(hoot_app_register(app, &outer, NULL, &err_));
}

static void set_up_plain(hoot_app *app)
{
    must(hoot_app_register(app, &plain, NULL, &err_));
}

static void order(hoot_test_client *client)
{
    trace[0] = '\0';
    assert_status(hoot_test_get(client, "/outer/inner/ok"), 200);
    assert_trace(
        "before:app1 before:app2 before:outer1 before:outer2 before:inner handler after:inner after:outer2 "
        "after:outer1 after:app2 after:app1 teardown:inner teardown:outer2 teardown:outer1 teardown:app2 "
        "teardown:app1 ");
    assert_status(hoot_test_get(client, "/outer/ok"), 200);
    assert_trace(
        "before:app1 before:app2 before:outer1 before:outer2 handler after:outer2 after:outer1 after:app2 "
        "after:app1 teardown:outer2 teardown:outer1 teardown:app2 teardown:app1 ");
    assert_status(hoot_test_get(client, "/none"), 404);
    assert_trace("before:app1 before:app2 after:app2 after:app1 teardown:app2 teardown:app1 ");
    assert_status(hoot_test_get(client, "/outer/inner/fail"), 503);
    assert_trace("before:app1 before:app2 before:outer1 before:outer2 before:inner after:inner after:outer2 "
                 "after:outer1 after:app2 after:app1 failed:inner failed:outer2 failed:outer1 failed:app2 "
                 "failed:app1 ");
}

static void runs_hooks_from_the_app_inwards_and_back(void **state)
{
    (void)state;
    web_test_run(set_up, order);
}

static void stopping(hoot_test_client *client)
{
    trace[0] = '\0';
    assert_body(hoot_test_get(client, "/outer/inner/ok?stop=outer1"), "stopped");
    assert_trace(
        "before:app1 before:app2 before:outer1 after:inner after:outer2 after:outer1 after:app2 after:app1 "
        "teardown:inner teardown:outer2 teardown:outer1 teardown:app2 teardown:app1 ");
}

static void a_hook_that_answers_skips_the_handler_only(void **state)
{
    (void)state;
    web_test_run(set_up, stopping);
}

static void errors(hoot_test_client *client)
{
    assert_body(hoot_test_get(client, "/outer/inner/abort"), "inner 403 not yours");
    assert_body(hoot_test_get(client, "/outer/abort"), "outer 403 not yours");
    assert_body(hoot_test_get(client, "/outer/inner/abort?status=404"), "outer 404 not yours");
    assert_body(hoot_test_get(client, "/outer/inner/fail"),
                "outer 503 Service Unavailable because the database went away");
    assert_status(hoot_test_get(client, "/outer/inner/abort?status=409"), 418);
    assert_body(hoot_test_get(client, "/outer/inner/abort?status=409"),
                "{\"error\":\"from the error handler\"}\n");
    assert_body(hoot_test_get(client, "/outer/inner/abort?status=410"), "{\"error\":\"not yours\"}\n");
    assert_body(hoot_test_get(client, "/none"), "{\"error\":\"Not Found\"}\n");
}

static void asks_error_handlers_from_the_inside_out(void **state)
{
    (void)state;
    web_test_run(set_up, errors);
}

static void assert_error_type(hoot_test_client *client, const char *accept, const char *content_type,
                              const char *expected)
{
    hoot_test_set_header(client, "Accept", accept);
    assert_status(hoot_test_request(client, "POST", "/abort", content_type, HOOT_STR("")), 403);
    assert_string_equal(hoot_test_reply_header(client, "Content-Type"), expected);
}

static void forms_of_errors(hoot_test_client *client)
{
    static const char json[] = "application/json", text[] = "text/plain; charset=utf-8";

    assert_error_type(client, NULL, NULL, json);
    assert_error_type(client, "*/*", NULL, json);
    assert_error_type(client, "application/json", NULL, json);
    assert_error_type(client, "text/html", NULL, text);
    assert_error_type(client, "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", NULL, text);
    assert_error_type(client, "text/html;q=0.5, application/json", NULL, json);
    assert_error_type(client, "text/plain", NULL, text);
    assert_error_type(client, "image/png", NULL, json);
    assert_error_type(client, "text/html", "application/json", json);
    assert_error_type(client, "text/html", "application/problem+json; charset=utf-8", json);
    hoot_test_set_header(client, "Accept", "text/plain");
    assert_body(hoot_test_get(client, "/abort"), "not yours\n");
    assert_body(hoot_test_get(client, "/none"), "Not Found\n");
}

static void tells_errors_in_json_or_text(void **state)
{
    (void)state;
    web_test_run(set_up_plain, forms_of_errors);
}

static void failures(hoot_test_client *client)
{
    const hoot_test_reply *reply = hoot_test_get(client, "/fail");

    assert_status(reply, 503);
    assert_body(reply, "{\"error\":\"Service Unavailable\"}\n");
    assert_non_null(strstr(web_test_log, "GET /fail: the database went away (HOOT_ECONNLOST)"));
    web_test_log[0] = '\0';
    reply = hoot_test_get(client, "/code?code=-5010"); /* HOOT_EBADINPUT */
    assert_status(reply, 400);
    assert_body(reply, "{\"error\":\"private text\"}\n");
    assert_string_equal(web_test_log, "");
    reply = hoot_test_get(client, "/code?code=-5020"); /* HOOT_EDB */
    assert_status(reply, 500);
    assert_null(strstr(reply->body.ptr, "private"));
    assert_status(hoot_test_get(client, "/code?code=-5008"), 404);
    assert_status(hoot_test_get(client, "/code?code=-5024"), 409);
    assert_status(hoot_test_get(client, "/code?code=-5007"), 413);
    assert_status(hoot_test_get(client, "/code?code=-5"), 500); /* -EIO */
    assert_status(hoot_test_get(client, "/code?code=0"), 500);
}

static void tells_the_client_nothing_of_inner_failures(void **state)
{
    (void)state;
    web_test_run(set_up_plain, failures);
}

static void null_handlers(hoot_test_client *client)
{
    assert_status(hoot_test_get(client, "/null"), 500);
    assert_non_null(strstr(web_test_log, "the null route"));
    assert_status(hoot_test_get(client, "/abort?status=200"), 500);
}

static void answers_500_for_a_handler_that_gives_nothing(void **state)
{
    (void)state;
    web_test_run(set_up_plain, null_handlers);
}

/* --- limits and deadlines --- */

static hoot_response *read_all(hoot_request *req)
{
    hoot_error err = HOOT_ERROR_INIT;
    hoot_str body;

    if (hoot_request_body(req, &body, &err) < 0)
        return hoot_fail(req, &err);
    return hoot_textf(req, 200, "%zu", body.len);
}

static hoot_response *sleeping(hoot_request *req)
{
    hoot_error err;
    uint64_t before = hoot_now_ms();
    int rc = hoot_sleep(1000000);

    if (hoot_arg(req, "tell"))
        return hoot_textf(req, 200, "%d after %llu", rc, (unsigned long long)(hoot_now_ms() - before));
    hoot_error_set(&err, rc, "sleeping: %s", hoot_error_text(rc));
    return hoot_fail(req, &err);
}

static const hoot_blueprint limited_inner = {
    .name = "limited inner",
    .prefix = "/inner",
    .routes =
        HOOT_ROUTES({ "POST", "/own", read_all, .body_limit = 5 }, { "POST", "/theirs", read_all },
                    { "GET", "/own-time", sleeping, .timeout_ms = 50 }, { "GET", "/their-time", sleeping }),
};

static const hoot_blueprint limited = {
    .name = "limited",
    .routes = HOOT_ROUTES({ "POST", "/free", read_all, .body_limit = UINT64_MAX }),
    .children = HOOT_CHILDREN(&limited_inner),
    .body_limit = 10,
    .timeout_ms = 200,
};

static void set_up_limits(hoot_app *app)
{
    must(hoot_app_register(app, &limited, NULL, &err_));
    must(hoot_app_route(app, "POST", "/app", read_all, &err_));
    must(hoot_app_route(app, "GET", "/app-time", sleeping, &err_));
    hoot_app_set_body_limit(app, 20); /* after registering: it holds all the same */
    hoot_app_set_timeout(app, 700);
}

static int post(hoot_test_client *client, const char *target, size_t len)
{
    static char bytes[100];

    return hoot_test_request(client, "POST", target, "text/plain", hoot_str_of(bytes, len))->status;
}

static void limits(hoot_test_client *client)
{
    assert_int_equal(post(client, "/inner/own", 5), 200);
    assert_int_equal(post(client, "/inner/own", 6), 413);
    assert_int_equal(post(client, "/inner/theirs", 10), 200);
    assert_int_equal(post(client, "/inner/theirs", 11), 413);
    assert_int_equal(post(client, "/app", 20), 200);
    assert_int_equal(post(client, "/app", 21), 413);
    assert_int_equal(post(client, "/free", 100), 200);
}

static void limits_bodies_by_the_innermost_limit(void **state)
{
    (void)state;
    web_test_run(set_up_limits, limits);
}

static void deadlines(hoot_test_client *client)
{
    assert_body(hoot_test_get(client, "/inner/own-time?tell=1"), "-5002 after 50");
    assert_body(hoot_test_get(client, "/inner/their-time?tell=1"), "-5002 after 200");
    assert_body(hoot_test_get(client, "/app-time?tell=1"), "-5002 after 700");
    assert_status(hoot_test_get(client, "/app-time"), 503);
    assert_non_null(strstr(web_test_log, "GET /app-time: sleeping"));
}

static void ends_handlers_at_the_innermost_deadline(void **state)
{
    (void)state;
    web_test_run(set_up_limits, deadlines);
}

/* --- the task and what it carries --- */

static int in_group(hoot_error *err, void *arg)
{
    hoot_request *req = arg;

    if (hoot_yield() < 0 || hoot_current_request() != req || !hoot_current_app())
        return hoot_error_set(err, HOOT_ESTATE, "another request");
    return 0;
}

static hoot_response *with_group(hoot_request *req)
{
    hoot_error err = HOOT_ERROR_INIT;
    const hoot_call calls[] = { { in_group, req }, { in_group, req } };

    if (hoot_current_request() != req || hoot_gather_calls(calls, 2, &err) < 0)
        return hoot_fail(req, &err);
    return hoot_text(req, 200, hoot_task_name(hoot_current_task()));
}

/* A closer of the request's scope. */
static void note_closed(hoot_closer *closer, void *user)
{
    (void)closer;
    note(user);
}

static hoot_response *with_scope(hoot_request *req)
{
    static hoot_closer closers[2];

    hoot_scope_defer(hoot_current_scope(), &closers[0], note_closed, "first");
    hoot_scope_defer(hoot_current_scope(), &closers[1], note_closed, "second");
    return hoot_empty(req, 204);
}

static void set_up_tasks(hoot_app *app)
{
    must(hoot_app_route(app, "GET", "/group/<int:id>", with_group, &err_));
    must(hoot_app_route(app, "GET", "/scope", with_scope, &err_));
    must(hoot_app_teardown(app, teardown_app1, &err_));
}

static void tasks(hoot_test_client *client)
{
    assert_body(hoot_test_get(client, "/group/5"), "GET /group/<int:id>");
    trace[0] = '\0';
    assert_status(hoot_test_get(client, "/scope"), 204);
    assert_trace("teardown:app1 second first ");
    assert_null(hoot_current_request());
}

static void tasks_of_a_group_know_the_request(void **state)
{
    (void)state;
    web_test_run(set_up_tasks, tasks);
}

/* --- serving hooks and background tasks --- */

static int background(hoot_error *err, void *arg)
{
    (void)err;
    note(hoot_current_app() == arg && !hoot_current_request() ? "background" : "wrong app");
    hoot_sleep(100);
    note("background:ends");
    return 0;
}

static int endless(hoot_error *err, void *arg)
{
    (void)arg;
    while (hoot_sleep(1000) == 0)
        ;
    note("endless:cancelled");
    return hoot_error_set(err, HOOT_ECANCELED, "cancelled");
}

/* Pauses between its rounds: ends as soon as the app stops, long before the pause is over. */
static int patient(hoot_error *err, void *arg)
{
    int rounds = 0, rc;

    (void)err;
    while ((rc = hoot_app_pause(arg, rounds == 0 ? 10 : 1000000)) == 0)
        rounds++;
    note(rc == HOOT_ECLOSED && rounds == 1 ? "patient:ends" : "patient:wrong");
    return 0;
}

static int start_patient(hoot_app *app, hoot_error *err)
{
    return hoot_app_start(app, "patient", patient, app, err);
}

static int start_up(hoot_app *app, hoot_error *err)
{
    note(hoot_current_app() == app && hoot_app_scope(app) ? "before_serving" : "wrong app");
    return hoot_app_start(app, "background", background, app, err);
}

static int start_endless(hoot_app *app, hoot_error *err)
{
    return hoot_app_start(app, "endless", endless, NULL, err);
}

static void shut_down(hoot_app *app)
{
    note(hoot_current_app() == app ? "after_serving" : "wrong app");
}

static void set_up_serving(hoot_app *app)
{
    trace[0] = '\0';
    must(hoot_app_before_serving(app, start_up, &err_));
    must(hoot_app_before_serving(app, start_endless, &err_));
    must(hoot_app_before_serving(app, start_patient, &err_));
    must(hoot_app_after_serving(app, shut_down, &err_));
}

static void serving(hoot_test_client *client)
{
    (void)client;
    assert_trace("before_serving ");
    assert_int_equal(hoot_sleep(50), 0);
    assert_trace("background ");
}

static void waits_for_background_tasks_before_after_serving(void **state)
{
    (void)state;
    web_test_run(set_up_serving, serving);
    assert_trace("patient:ends background:ends endless:cancelled after_serving ");
}

static int refuse_to_start(hoot_app *app, hoot_error *err)
{
    (void)app;
    return hoot_error_set(err, HOOT_ECONFIG, "no database");
}

static int fail_to_start(hoot_error *err, void *arg)
{
    hoot_error why = HOOT_ERROR_INIT;
    hoot_app *app = hoot_app_new("test", err);

    (void)arg;
    must(hoot_app_before_serving(app, refuse_to_start, &err_));
    must(hoot_app_after_serving(app, shut_down, &err_));
    assert_null(hoot_test_client_new(app, &why));
    assert_int_equal(why.code, HOOT_ECONFIG);
    assert_string_equal(why.text, "no database");
    assert_null(hoot_app_scope(app));
    hoot_app_free(app);
    return 0;
}

static void does_not_serve_when_a_before_serving_hook_fails(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;

    (void)state;
    trace[0] = '\0';
    assert_int_equal(hoot_test_run(fail_to_start, NULL, &err), 0);
    assert_trace("");
}

static hoot_app *the_app;

static void set_up_late(hoot_app *app)
{
    the_app = app;
}

static void late(hoot_test_client *client)
{
    hoot_error err = HOOT_ERROR_INIT;

    (void)client;
    assert_int_equal(hoot_app_register(the_app, &plain, NULL, &err), HOOT_ESTATE);
    assert_int_equal(hoot_app_route(the_app, "GET", "/", ok, &err), HOOT_ESTATE);
    assert_int_equal(hoot_app_before_request(the_app, before_app1, &err), HOOT_ESTATE);
    assert_int_equal(hoot_app_cors(the_app, &(hoot_cors){ .max_age_s = 1 }, &err), HOOT_ESTATE);
    assert_int_equal(hoot_app_error_handler(the_app, 404, outer_any, &err), HOOT_ESTATE);
}

static void takes_no_routes_while_it_serves(void **state)
{
    (void)state;
    web_test_run(set_up_late, late);
}

static void count_free(void *state)
{
    ++*(int *)state;
}

static void frees_its_state_with_the_app(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;
    hoot_app *app = hoot_app_new("named", &err);
    int freed = 0;

    (void)state;
    hoot_app_set_state(app, &freed, count_free);
    assert_ptr_equal(hoot_app_state(app), &freed);
    assert_string_equal(hoot_app_name(app), "named");
    assert_null(hoot_app_scope(app));
    assert_int_equal(hoot_app_error_handler(app, 200, outer_any, &err), HOOT_ECONFIG);
    assert_int_equal(hoot_app_error_handler(app, 404, NULL, &err), HOOT_ECONFIG);
    hoot_app_free(app);
    assert_int_equal(freed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_hooks_from_the_app_inwards_and_back),
        cmocka_unit_test(a_hook_that_answers_skips_the_handler_only),
        cmocka_unit_test(asks_error_handlers_from_the_inside_out),
        cmocka_unit_test(tells_errors_in_json_or_text),
        cmocka_unit_test(tells_the_client_nothing_of_inner_failures),
        cmocka_unit_test(answers_500_for_a_handler_that_gives_nothing),
        cmocka_unit_test(limits_bodies_by_the_innermost_limit),
        cmocka_unit_test(ends_handlers_at_the_innermost_deadline),
        cmocka_unit_test(tasks_of_a_group_know_the_request),
        cmocka_unit_test(waits_for_background_tasks_before_after_serving),
        cmocka_unit_test(does_not_serve_when_a_before_serving_hook_fails),
        cmocka_unit_test(takes_no_routes_while_it_serves),
        cmocka_unit_test(frees_its_state_with_the_app),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

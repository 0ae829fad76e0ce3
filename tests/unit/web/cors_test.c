/* CORS: the Fetch standard's protocol (section 3.2), seen from the browser. */
#include "unit/web/web_test.h"

static hoot_response *ok(hoot_request *req)
{
    return hoot_text(req, 200, "ok");
}

static hoot_response *own_options(hoot_request *req)
{
    return hoot_text(req, 200, "own");
}

static hoot_response *with_vary(hoot_request *req)
{
    hoot_response *resp = hoot_text(req, 200, "ok");

    hoot_response_vary(resp, "Cookie");
    return resp;
}

static hoot_response *with_own_cors(hoot_request *req)
{
    hoot_response *resp = hoot_text(req, 200, "ok");

    hoot_response_set_header(resp, "Access-Control-Allow-Origin", "https://own.example");
    return resp;
}

static hoot_response *refuse_all(hoot_request *req)
{
    return hoot_abort(req, 401, "log in first");
}

static const hoot_cors listed = {
    .origins = HOOT_LIST("https://a.example", "http://b.example:8080"),
    .credentials = true,
    .methods = HOOT_LIST("GET", "PUT"),
    .headers = HOOT_LIST("Content-Type", "X-Token"),
    .expose_headers = HOOT_LIST("X-Total", "X-Page"),
    .max_age_s = 600,
};

static const hoot_cors anyone = { .origins = HOOT_LIST("*") };
static const hoot_cors nobody = { .origins = NULL };

static const hoot_blueprint private_routes = {
    .name = "private",
    .prefix = "/private",
    .routes = HOOT_ROUTES({ "GET PUT", "/x", ok }, { "OPTIONS", "/own", own_options },
                          { "GET", "/vary", with_vary }, { "GET", "/own-cors", with_own_cors },
                          { "GET", "/slash/", ok }),
    .cors = &listed,
};

static const hoot_blueprint guarded = {
    .name = "guarded",
    .prefix = "/guarded",
    .routes = HOOT_ROUTES({ "GET", "/x", ok }),
    .before_request = HOOT_BEFORE(refuse_all),
    .cors = &listed,
};

static const hoot_blueprint closed = {
    .name = "closed",
    .prefix = "/closed",
    .routes = HOOT_ROUTES({ "GET", "/x", ok }),
    .cors = &nobody,
};

static const hoot_blueprint inherits = {
    .name = "inherits",
    .prefix = "/inherits",
    .routes = HOOT_ROUTES({ "GET", "/x", ok }),
};

static void set_up(hoot_app *app)
{
    must(hoot_app_register(app, &private_routes, NULL, &err_));
    must(hoot_app_register(app, &guarded, NULL, &err_));
    must(hoot_app_register(app, &closed, NULL, &err_));
    must(hoot_app_register(app, &inherits, NULL, &err_));
    must(hoot_app_cors(app, &anyone, &err_));
}

static const hoot_test_reply *ask(hoot_test_client *client, const char *method, const char *target,
                                  const char *origin)
{
    hoot_test_set_header(client, "Origin", origin);
    return hoot_test_request(client, method, target, NULL, HOOT_STR(""));
}

/* With Access-Control-Request-Method, and -Headers when not NULL. */
static const hoot_test_reply *preflight(hoot_test_client *client, const char *target, const char *origin,
                                        const char *method, const char *headers)
{
    const hoot_test_reply *reply;

    hoot_test_set_header(client, "Access-Control-Request-Method", method);
    hoot_test_set_header(client, "Access-Control-Request-Headers", headers);
    reply = ask(client, "OPTIONS", target, origin);
    hoot_test_set_header(client, "Access-Control-Request-Method", NULL);
    hoot_test_set_header(client, "Access-Control-Request-Headers", NULL);
    return reply;
}

/* NULL: the field is absent. */
static void assert_field(hoot_test_client *client, const char *name, const char *expected)
{
    const char *got = hoot_test_reply_header(client, name);

    if ((got == NULL) != (expected == NULL) || (got && strcmp(got, expected) != 0))
        fail_msg("%s: \"%s\", expected \"%s\"", name, got ? got : "(none)", expected ? expected : "(none)");
}

static void answers(hoot_test_client *client)
{
    assert_body(ask(client, "GET", "/private/x", "https://a.example"), "ok");
    assert_field(client, "Access-Control-Allow-Origin", "https://a.example");
    assert_field(client, "Access-Control-Allow-Credentials", "true");
    assert_field(client, "Access-Control-Expose-Headers", "X-Total, X-Page");
    assert_field(client, "Access-Control-Allow-Methods", NULL);
    assert_field(client, "Vary", "Origin");
    ask(client, "GET", "/private/x", "http://b.example:8080");
    assert_field(client, "Access-Control-Allow-Origin", "http://b.example:8080");
    ask(client, "GET", "/private/vary", "https://a.example");
    assert_field(client, "Vary", "Cookie, Origin");
    ask(client, "GET", "/private/own-cors", "https://a.example");
    assert_field(client, "Access-Control-Allow-Origin", "https://own.example");
    assert_field(client, "Access-Control-Allow-Credentials", NULL);
}

static void lets_an_allowed_origin_read_the_answer(void **state)
{
    (void)state;
    web_test_run(set_up, answers);
}

static void strangers(hoot_test_client *client)
{
    static const char *const origins[] = {
        "https://evil.example",   "http://a.example",      "https://a.example:444",
        "https://a.example.evil", "https://A.example",     "null",
        "https://a.example/",     "https://sub.a.example", NULL
    };

    for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++) {
        assert_body(ask(client, "GET", "/private/x", origins[i]), "ok");
        assert_field(client, "Access-Control-Allow-Origin", NULL);
        assert_field(client, "Access-Control-Allow-Credentials", NULL);
        assert_field(client, "Access-Control-Expose-Headers", NULL);
        assert_field(client, "Vary", "Origin");
        assert_status(preflight(client, "/private/x", origins[i], "GET", NULL), 200);
        assert_field(client, "Access-Control-Allow-Origin", NULL);
        assert_field(client, "Access-Control-Allow-Methods", NULL);
        assert_field(client, "Allow", "GET, HEAD, PUT, OPTIONS");
        assert_field(client, "Vary", "Origin");
    }
}

static void tells_strangers_nothing(void **state)
{
    (void)state;
    web_test_run(set_up, strangers);
}

static void preflights(hoot_test_client *client)
{
    assert_status(preflight(client, "/private/x", "https://a.example", "PUT", "x-token"), 204);
    assert_field(client, "Access-Control-Allow-Origin", "https://a.example");
    assert_field(client, "Access-Control-Allow-Credentials", "true");
    assert_field(client, "Access-Control-Allow-Methods", "GET, PUT");
    assert_field(client, "Access-Control-Allow-Headers", "Content-Type, X-Token");
    assert_field(client, "Access-Control-Max-Age", "600");
    assert_field(client, "Access-Control-Expose-Headers", NULL);
    assert_field(client, "Vary", "Origin");
    /* A method that is not allowed: an OPTIONS as any other. */
    assert_status(preflight(client, "/private/x", "https://a.example", "DELETE", NULL), 200);
    assert_field(client, "Access-Control-Allow-Methods", NULL);
    /* The route's own OPTIONS does not see preflights. */
    assert_status(preflight(client, "/private/own", "https://a.example", "PUT", NULL), 204);
    assert_body(ask(client, "OPTIONS", "/private/own", "https://a.example"), "own");
    assert_status(preflight(client, "/none", "https://a.example", "GET", NULL), 404);
}

static void answers_preflights_for_what_is_allowed(void **state)
{
    (void)state;
    web_test_run(set_up, preflights);
}

/* A preflight has no cookies: the hook that wants a login must not see it. But its 401 can be read. */
static void guards(hoot_test_client *client)
{
    assert_status(preflight(client, "/guarded/x", "https://a.example", "GET", NULL), 204);
    assert_status(ask(client, "GET", "/guarded/x", "https://a.example"), 401);
    assert_field(client, "Access-Control-Allow-Origin", "https://a.example");
}

/* A browser follows a redirect only if it may read it. */
static void redirects(hoot_test_client *client)
{
    assert_status(ask(client, "GET", "/private/slash", "https://a.example"), 308);
    assert_field(client, "Access-Control-Allow-Origin", "https://a.example");
    assert_status(ask(client, "GET", "/private//slash", "https://a.example"), 308);
    assert_field(client, "Access-Control-Allow-Origin", "https://a.example");
    assert_status(preflight(client, "/private/slash", "https://a.example", "GET", NULL), 204);
}

static void redirects_can_be_followed(void **state)
{
    (void)state;
    web_test_run(set_up, redirects);
}

static void preflights_pass_by_hooks_and_errors_can_be_read(void **state)
{
    (void)state;
    web_test_run(set_up, guards);
}

static void wildcard(hoot_test_client *client)
{
    ask(client, "GET", "/inherits/x", "https://anyone.example");
    assert_field(client, "Access-Control-Allow-Origin", "*");
    assert_field(client, "Access-Control-Allow-Credentials", NULL);
    assert_field(client, "Vary", NULL);
    assert_status(ask(client, "GET", "/none", "https://anyone.example"), 404);
    assert_field(client, "Access-Control-Allow-Origin", "*");
    assert_status(preflight(client, "/inherits/x", "https://anyone.example", "GET", "x-a, X-B"), 204);
    assert_field(client, "Access-Control-Allow-Origin", "*");
    assert_field(client, "Access-Control-Allow-Methods", "GET, HEAD, POST, OPTIONS, PUT, PATCH, DELETE");
    assert_field(client, "Access-Control-Allow-Headers", "x-a, X-B");
    assert_field(client, "Vary", "Access-Control-Request-Headers");
    assert_status(preflight(client, "/inherits/x", "https://anyone.example", "GET", "x a"), 204);
    assert_field(client, "Access-Control-Allow-Headers", NULL);
    ask(client, "GET", "/inherits/x", NULL);
    assert_field(client, "Access-Control-Allow-Origin", NULL);
}

static void lets_anyone_in_without_credentials(void **state)
{
    (void)state;
    web_test_run(set_up, wildcard);
}

static void closing(hoot_test_client *client)
{
    ask(client, "GET", "/closed/x", "https://a.example");
    assert_field(client, "Access-Control-Allow-Origin", NULL);
    assert_status(preflight(client, "/closed/x", "https://a.example", "GET", NULL), 200);
    assert_field(client, "Access-Control-Allow-Origin", NULL);
}

static void a_blueprint_without_origins_allows_none(void **state)
{
    (void)state;
    web_test_run(set_up, closing);
}

/* What browsers would read otherwise than it was meant. */
static void refuses_rules_that_cannot_work(void **state)
{
    const hoot_cors wrong[] = {
        { .origins = HOOT_LIST("*"), .credentials = true },
        { .origins = HOOT_LIST("*", "https://a.example") },
        { .origins = HOOT_LIST("https://a.example", "*") },
        { .origins = HOOT_LIST("https://a.example/") },
        { .origins = HOOT_LIST("a.example") },
        { .origins = HOOT_LIST("https://") },
        { .origins = HOOT_LIST("https://a.example\r\nX: 1") },
        { .origins = HOOT_LIST("https://a.example"), .methods = HOOT_LIST("GET, PUT") },
        { .origins = HOOT_LIST("https://a.example"), .headers = HOOT_LIST("X Y") },
        { .origins = HOOT_LIST("https://a.example"), .headers = HOOT_LIST("*"), .credentials = true },
    };
    hoot_error err = HOOT_ERROR_INIT;
    hoot_app *app = hoot_app_new("test", &err);

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        hoot_error_clear(&err);
        assert_int_equal(hoot_app_cors(app, &wrong[i], &err), HOOT_ECONFIG);
        assert_true(err.text[0]);
    }
    hoot_app_free(app);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lets_an_allowed_origin_read_the_answer),
        cmocka_unit_test(tells_strangers_nothing),
        cmocka_unit_test(answers_preflights_for_what_is_allowed),
        cmocka_unit_test(preflights_pass_by_hooks_and_errors_can_be_read),
        cmocka_unit_test(redirects_can_be_followed),
        cmocka_unit_test(lets_anyone_in_without_credentials),
        cmocka_unit_test(a_blueprint_without_origins_allows_none),
        cmocka_unit_test(refuses_rules_that_cannot_work),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Routes: which rule a path comes to, with which values. Expected answers are Quart's (Werkzeug's matcher),
 * but where a comment says otherwise. */
#include "unit/web/web_test.h"

/* Answers with the rule that matched and the values it took. */
static hoot_response *show(hoot_request *req)
{
    return hoot_textf(req, 200, "%s", hoot_request_route(req));
}

static hoot_response *show_int(hoot_request *req)
{
    return hoot_textf(req, 200, "%s %lld", hoot_request_route(req), (long long)hoot_path_int(req, "n"));
}

static hoot_response *show_float(hoot_request *req)
{
    return hoot_textf(req, 200, "%s %.3f", hoot_request_route(req), hoot_path_float(req, "x"));
}

static hoot_response *show_text(hoot_request *req)
{
    const char *s = hoot_path_text(req, "s");

    return hoot_textf(req, 200, "%s %s", hoot_request_route(req), s ? s : "(none)");
}

static const hoot_blueprint all = {
    .name = "all",
    .routes = HOOT_ROUTES(
        { "GET", "/", show }, { "GET", "/static", show }, { "GET", "/slash/", show },
        { "GET", "/caf\xc3\xa9", show }, { "GET POST", "/two", show }, { "PUT", "/two", show },
        { "GET", "/int/<int:n>", show_int }, { "GET", "/min/<int(min=5,max=9):n>", show_int },
        { "GET", "/fixed/<int(fixed_digits=3):n>", show_int },
        { "GET", "/signed/<int(signed=True):n>", show_int }, { "GET", "/float/<float:x>", show_float },
        { "GET", "/sfloat/<float(signed=True,max=10):x>", show_float }, { "GET", "/string/<s>", show_text },
        { "GET", "/len/<string(minlength=2,maxlength=4):s>", show_text },
        { "GET", "/exact/<string(length=3):s>", show_text }, { "GET", "/path/<path:s>", show_text },
        { "GET", "/edit/<path:s>/edit", show_text }, { "GET", "/dir/<path:s>/", show_text },
        { "GET", "/uuid/<uuid:s>", show_text }, { "GET", "/any/<any(a,b,'c d'):s>", show_text },
        { "GET", "/w/static", show }, { "GET", "/w/<int:n>", show_int }, { "GET", "/w/<s>", show_text },
        { "GET", "/w/<path:s>", show_text }, { "GET", "/b/<a>/x", show }, { "GET", "/b/one/y", show },
        { "GET", "/file/<s>.json", show_text }, { "GET", "/file/<s>", show_text },
        { "GET", "/v<int:n>/x", show_int }, { "POST", "/m/<int:n>", show_int },
        { "GET", "/m/<s>", show_text }, { "DELETE", "/names/<int:n>", show_int },
        { "GET", "/names/<int:other>", show }, { "*", "/all", show }, { "OPTIONS", "/own", show },
        { "GET", "/own", show }, { "PURGE", "/custom", show }, { "GET", "/100%", show }),
};

static void set_up(hoot_app *app)
{
    must(hoot_app_register(app, &all, NULL, &err_));
}

typedef struct expectation {
    const char *target;
    int status;
    const char *body; /* NULL: not looked at */
} expectation;

static void ask_all(hoot_test_client *client, const expectation *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const hoot_test_reply *reply = hoot_test_get(client, list[i].target);

        if (reply->status != list[i].status || (list[i].body && strcmp(reply->body.ptr, list[i].body) != 0))
            fail_msg("%s: got %d \"%s\", expected %d \"%s\"", list[i].target, reply->status, reply->body.ptr,
                     list[i].status, list[i].body ? list[i].body : "");
    }
}

#define ASK_ALL(client, list) ask_all(client, list, sizeof(list) / sizeof((list)[0]))

static void each_converter(hoot_test_client *client)
{
    static const expectation list[] = {
        { "/", 200, "/" },
        { "/static", 200, "/static" },
        { "/none", 404, NULL },
        { "/caf%C3%A9", 200, "/caf\xc3\xa9" },
        { "/%73tatic", 200, "/static" },
        { "/int/0", 200, "/int/<int:n> 0" },
        { "/int/007", 200, "/int/<int:n> 7" },
        { "/int/9223372036854775807", 200, "/int/<int:n> 9223372036854775807" },
        { "/int/9223372036854775808", 404, NULL }, /* Python has no limit; an int64_t has */
        { "/int/-1", 404, NULL },
        { "/int/1x", 404, NULL },
        { "/int/", 404, NULL },
        { "/min/4", 404, NULL },
        { "/min/5", 200, NULL },
        { "/min/9", 200, NULL },
        { "/min/10", 404, NULL },
        { "/fixed/042", 200, "/fixed/<int(fixed_digits=3):n> 42" },
        { "/fixed/42", 404, NULL },
        { "/signed/-5", 200, "/signed/<int(signed=True):n> -5" },
        { "/signed/5", 200, NULL },
        { "/signed/--5", 404, NULL },
        { "/float/1.5", 200, "/float/<float:x> 1.500" },
        { "/float/1", 404, NULL },
        { "/float/.5", 404, NULL },
        { "/float/1.", 404, NULL },
        { "/float/1e5", 404, NULL },
        { "/float/-1.5", 404, NULL },
        { "/sfloat/-1.5", 200, "/sfloat/<float(signed=True,max=10):x> -1.500" },
        { "/sfloat/10.5", 404, NULL },
        { "/string/a", 200, "/string/<s> a" },
        { "/string/a%20b", 200, "/string/<s> a b" },
        { "/string/", 404, NULL },
        { "/string/a/b", 404, NULL },
        { "/len/a", 404, NULL },
        { "/len/ab", 200, NULL },
        { "/len/%C3%A9%C3%A9%C3%A9%C3%A9", 200, NULL }, /* four characters, eight bytes */
        { "/len/abcde", 404, NULL },
        { "/exact/abc", 200, NULL },
        { "/exact/ab", 404, NULL },
        { "/path/a", 200, "/path/<path:s> a" },
        { "/path/a/b/c", 200, "/path/<path:s> a/b/c" },
        { "/path/a/b/", 200, "/path/<path:s> a/b/" },
        { "/path/a//b", 200, "/path/<path:s> a//b" },
        { "/path/", 404, NULL },
        { "/edit/a/b/edit", 200, "/edit/<path:s>/edit a/b" },
        { "/edit/a/edit/edit", 200, "/edit/<path:s>/edit a/edit" },
        { "/edit/edit", 404, NULL },
        { "/dir/a/b/", 200, "/dir/<path:s>/ a/b" },
        { "/uuid/123e4567-e89b-12d3-A456-426614174000", 200, NULL },
        { "/uuid/123e4567-e89b-12d3-a456-42661417400", 404, NULL },
        { "/uuid/123e4567_e89b-12d3-a456-426614174000", 404, NULL },
        { "/any/a", 200, "/any/<any(a,b,'c d'):s> a" },
        { "/any/c%20d", 200, NULL },
        { "/any/c", 404, NULL },
    };

    ASK_ALL(client, list);
}

static void takes_what_each_converter_takes(void **state)
{
    (void)state;
    web_test_run(set_up, each_converter);
}

static void weights(hoot_test_client *client)
{
    static const expectation list[] = {
        { "/w/static", 200, "/w/static" },
        { "/w/5", 200, "/w/<int:n> 5" },
        { "/w/five", 200, "/w/<s> five" },
        { "/w/five/six", 200, "/w/<path:s> five/six" },
        { "/b/one/x", 200, "/b/<a>/x" }, /* "one" leads nowhere: back to <a> */
        { "/b/one/y", 200, "/b/one/y" },
        { "/b/two/y", 404, NULL },
        { "/file/a.json", 200, "/file/<s>.json a" },
        { "/file/.json", 200, "/file/<s> .json" },
        { "/file/a.txt", 200, "/file/<s> a.txt" },
        { "/v2/x", 200, "/v<int:n>/x 2" },
        { "/v/x", 404, NULL },
        { "/m/5", 200, "/m/<s> 5" }, /* <int:n> takes it, but only for POST */
        { "/names/5", 200, "/names/<int:other>" },
    };

    ASK_ALL(client, list);
}

static void prefers_static_text_then_weight_and_goes_back(void **state)
{
    (void)state;
    web_test_run(set_up, weights);
}

static void assert_redirect(hoot_test_client *client, const char *target, const char *location)
{
    const hoot_test_reply *reply = hoot_test_get(client, target);
    const char *got = hoot_test_reply_header(client, "Location");

    if (reply->status != 308 || !got || strcmp(got, location) != 0)
        fail_msg("%s: %d to %s, expected 308 to %s", target, reply->status, got ? got : "(none)", location);
}

static void slashes(hoot_test_client *client)
{
    static const expectation list[] = {
        { "/slash/", 200, "/slash/" },
        { "/static/", 404, NULL },
        { "//none", 404, NULL },
        { "/none//", 404, NULL },
    };

    ASK_ALL(client, list);
    assert_redirect(client, "/slash", "/slash/");
    assert_redirect(client, "/slash?a=1&b=%20", "/slash/?a=1&b=%20");
    assert_redirect(client, "//static", "/static");
    assert_redirect(client, "///static?x", "/static?x");
    assert_redirect(client, "//slash", "/slash/");
    assert_redirect(client, "/slash//", "/slash/");
    assert_redirect(client, "//", "/");
    assert_redirect(client, "/int//5", "/int/5");
    assert_redirect(client, "/dir/a", "/dir/a/");
}

static void redirects_to_one_slash_and_keeps_the_query(void **state)
{
    (void)state;
    web_test_run(set_up, slashes);
}

static void set_up_catch_all(hoot_app *app)
{
    must(hoot_app_route(app, "GET", "/<path:s>/", show_text, &err_));
    must(hoot_app_route(app, "GET", "/<a>/", show, &err_));
}

/* Browsers take "//host" and "/\host" for another host. */
static void hosts(hoot_test_client *client)
{
    assert_redirect(client, "//evil.example", "/evil.example/");
    assert_redirect(client, "///evil.example/x", "/evil.example/x/");
    assert_redirect(client, "/\\evil.example", "/%5Cevil.example/");
    assert_redirect(client, "/%5Cevil.example", "/%5Cevil.example/");
    assert_redirect(client, "/%2Fevil.example", "/%2Fevil.example/");
}

static void never_redirects_to_another_host(void **state)
{
    (void)state;
    web_test_run(set_up_catch_all, hosts);
}

static void encodings(hoot_test_client *client)
{
    static const expectation list[] = {
        { "/string/a%2Fb", 200, "/string/<s> a/b" }, /* decoded after the parts were cut */
        { "/string/%2F", 200, "/string/<s> /" },
        { "/path/%2Fa", 404, NULL }, /* <path:...> does not begin with a slash */
        { "/%2Fstatic", 404, NULL },
        { "/string/%252F", 200, "/string/<s> %2F" }, /* decoded once */
        { "/string/%", 400, NULL },
        { "/string/%4", 400, NULL },
        { "/string/%zz", 400, NULL },
        { "/string/%FF", 400, NULL },
        { "/string/%C0%AF", 400, NULL },    /* an overlong slash */
        { "/string/%ED%A0%80", 400, NULL }, /* a surrogate */
        { "/string/a%00b", 400, NULL },
        { "/string/\xff", 400, NULL },
        { "/string/..", 200, "/string/<s> .." },
        { "/100%25", 200, "/100%" },
        { "/100%", 400, NULL },
    };

    ASK_ALL(client, list);
}

static void decodes_each_part_once(void **state)
{
    (void)state;
    web_test_run(set_up, encodings);
}

static const hoot_test_reply *ask(hoot_test_client *client, const char *method, const char *target)
{
    return hoot_test_request(client, method, target, NULL, hoot_str_of("", 0));
}

static void assert_allow(hoot_test_client *client, const char *method, const char *target, int status,
                         const char *allow)
{
    const hoot_test_reply *reply = ask(client, method, target);

    assert_status(reply, status);
    assert_non_null(hoot_test_reply_header(client, "Allow"));
    assert_string_equal(hoot_test_reply_header(client, "Allow"), allow);
}

static void methods(hoot_test_client *client)
{
    assert_allow(client, "POST", "/static", 405, "GET, HEAD, OPTIONS");
    assert_allow(client, "DELETE", "/two", 405, "GET, HEAD, POST, PUT, OPTIONS");
    assert_allow(client, "get", "/static", 405, "GET, HEAD, OPTIONS"); /* methods have case */
    assert_allow(client, "OPTIONS", "/two", 200, "GET, HEAD, POST, PUT, OPTIONS");
    assert_allow(client, "PUT", "/m/5", 405, "POST, GET, HEAD, OPTIONS");
    assert_allow(client, "GET", "/custom", 405, "PURGE, OPTIONS");
    assert_int_equal(ask(client, "OPTIONS", "/two")->body.len, 0);
    assert_body(ask(client, "POST", "/two"), "/two");
    assert_body(ask(client, "PUT", "/two"), "/two");
    assert_body(ask(client, "POST", "/m/5"), "/m/<int:n> 5");
    assert_body(ask(client, "DELETE", "/names/7"), "/names/<int:n> 7");
    assert_body(ask(client, "PURGE", "/custom"), "/custom");
    assert_body(ask(client, "OPTIONS", "/own"), "/own");
    assert_body(ask(client, "BREW", "/all"), "/all");
    assert_body(ask(client, "OPTIONS", "/all"), "/all");
    assert_status(ask(client, "OPTIONS", "*"), 200);
    assert_status(ask(client, "GET", "*"), 404);
}

static void answers_405_with_what_is_allowed(void **state)
{
    (void)state;
    web_test_run(set_up, methods);
}

static void heads(hoot_test_client *client)
{
    const hoot_test_reply *reply = ask(client, "HEAD", "/int/5");

    assert_status(reply, 200);
    assert_int_equal(reply->body.len, 0);
    assert_status(ask(client, "HEAD", "/none"), 404);
    assert_status(ask(client, "HEAD", "/custom"), 405);
}

static void answers_head_where_get_is(void **state)
{
    (void)state;
    web_test_run(set_up, heads);
}

/* --- registration --- */

static void assert_refused(const char *methods, const char *rule, const char *why)
{
    hoot_error err = HOOT_ERROR_INIT;
    hoot_app *app = hoot_app_new("test", &err);

    assert_non_null(app);
    assert_int_equal(hoot_app_route(app, methods, rule, show, &err), HOOT_ECONFIG);
    if (!strstr(err.text, why))
        fail_msg("\"%s\": \"%s\" does not say \"%s\"", rule, err.text, why);
    hoot_app_free(app);
}

static void refuses_rules_that_are_wrong(void **state)
{
    (void)state;
    assert_refused("GET", "users", "begins with '/'");
    assert_refused("GET", "", "begins with '/'");
    assert_refused("GET", "/a//b", "two slashes");
    assert_refused("GET", "//a", "two slashes");
    assert_refused("GET", "/a?b", "may not stand");
    assert_refused("GET", "/a\nb", "may not stand");
    assert_refused("GET", "/\xff", "may not stand");
    assert_refused("GET", "/<", "do not match");
    assert_refused("GET", "/a>", "do not match");
    assert_refused("GET", "/<a><b>", "one converter");
    assert_refused("GET", "/<:a>", "no such converter");
    assert_refused("GET", "/<number:a>", "no such converter");
    assert_refused("GET", "/<>", "needs a name");
    assert_refused("GET", "/<int:1a>", "needs a name");
    assert_refused("GET", "/<a>/<a>", "twice");
    assert_refused("GET", "/<path:a>/<path:b>", "one <path:...>");
    assert_refused("GET", "/x<path:a>", "alone");
    assert_refused("GET", "/<int(max=x):a>", "not known");
    assert_refused("GET", "/<int(lower=1):a>", "not known");
    assert_refused("GET", "/<string(length=0):a>", "not known");
    assert_refused("GET", "/<int(max=1:a>", "end in");
    assert_refused("GET", "/<any:a>", "needs items");
    assert_refused("GET", "/<any():a>", "empty item");
    assert_refused("", "/a", "no method");
    assert_refused("GE/T", "/a", "no method");
}

static const hoot_blueprint tenant = {
    .name = "tenant",
    .prefix = "/<s>/",
    .routes = HOOT_ROUTES({ "GET", "", show_text }, { "GET", "/list", show_text }),
};

static void set_up_tenant(hoot_app *app)
{
    must(hoot_app_register(app, &tenant, "/t/", &err_));
}

static void tenants(hoot_test_client *client)
{
    assert_body(hoot_test_get(client, "/t/ada/list"), "/t/<s>/list ada");
    assert_body(hoot_test_get(client, "/t/ada"), "/t/<s> ada");
    assert_status(hoot_test_get(client, "/t/ada/"), 404);
}

static void takes_converters_in_a_prefix(void **state)
{
    (void)state;
    web_test_run(set_up_tenant, tenants);
}

static const hoot_blueprint one = { .name = "one", .routes = HOOT_ROUTES({ "GET", "/u/<int:id>", show }) };
static const hoot_blueprint two = { .name = "two",
                                    .prefix = "/u",
                                    .routes = HOOT_ROUTES({ "GET", "/<int:n>", show }) };

static void refuses_a_rule_that_stands_twice_and_names_both(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;
    hoot_app *app = hoot_app_new("test", &err);

    (void)state;
    assert_int_equal(hoot_app_register(app, &one, NULL, &err), 0);
    assert_int_equal(hoot_app_register(app, &two, NULL, &err), HOOT_ECONFIG);
    assert_non_null(strstr(err.text, "/u/<int:id>"));
    assert_non_null(strstr(err.text, "/u/<int:n>"));
    assert_non_null(strstr(err.text, "(one)"));
    assert_non_null(strstr(err.text, "(two)"));
    hoot_app_free(app);
}

static void note_route(const char *methods, const char *rule, const char *name, void *user)
{
    char *text = user;

    sprintf(text + strlen(text), "%s %s %s;", methods, rule, name);
}

static const hoot_blueprint inner = { .name = "inner",
                                      .prefix = "/in",
                                      .routes = HOOT_ROUTES({ "GET", "/b", show, "named" }) };
static const hoot_blueprint outer = {
    .name = "outer",
    .prefix = "/out/",
    .routes = HOOT_ROUTES({ "GET POST", "/a", show }),
    .children = HOOT_CHILDREN(&inner),
};

static void lists_routes_in_the_order_of_registration(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;
    hoot_app *app = hoot_app_new("test", &err);
    char text[256] = "";

    (void)state;
    assert_int_equal(hoot_app_register(app, &outer, "/api", &err), 0);
    hoot_app_each_route(app, note_route, text);
    assert_string_equal(text, "GET POST /api/out/a /a;GET /api/out/in/b named;");
    hoot_app_free(app);
}

/* One part a byte, all of them wrong: a path as long as a head may be. */
static void long_paths(hoot_test_client *client)
{
    static char path[16001];

    memset(path, 'a', sizeof(path) - 1);
    for (size_t i = 0; i < sizeof(path) - 1; i += 2)
        path[i] = '/';
    path[sizeof(path) - 1] = '\0';
    assert_status(hoot_test_get(client, path), 404);
    memcpy(path, "/edit/a", 7);
    assert_status(hoot_test_get(client, path), 404);
    memcpy(path, "/path/a", 7);
    assert_status(hoot_test_get(client, path), 200);
    memset(path, '/', sizeof(path) - 1);
    assert_redirect(client, path, "/");
}

static void looks_at_long_paths_without_effort(void **state)
{
    (void)state;
    web_test_run(set_up, long_paths);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_each_converter_takes),
        cmocka_unit_test(prefers_static_text_then_weight_and_goes_back),
        cmocka_unit_test(redirects_to_one_slash_and_keeps_the_query),
        cmocka_unit_test(never_redirects_to_another_host),
        cmocka_unit_test(decodes_each_part_once),
        cmocka_unit_test(answers_405_with_what_is_allowed),
        cmocka_unit_test(answers_head_where_get_is),
        cmocka_unit_test(refuses_rules_that_are_wrong),
        cmocka_unit_test(refuses_a_rule_that_stands_twice_and_names_both),
        cmocka_unit_test(lists_routes_in_the_order_of_registration),
        cmocka_unit_test(takes_converters_in_a_prefix),
        cmocka_unit_test(looks_at_long_paths_without_effort),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

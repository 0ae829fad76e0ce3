/* Responses: makers, header fields, cookies, streams, and the client that keeps the cookies. */
#include "unit/web/web_test.h"

static hoot_response *kind(hoot_request *req)
{
    const char *wanted = hoot_path_text(req, "kind");

    if (strcmp(wanted, "text") == 0)
        return hoot_text(req, 201, "h\xc3\xa9");
    if (strcmp(wanted, "html") == 0)
        return hoot_html(req, 200, "<p>");
    if (strcmp(wanted, "bytes") == 0)
        return hoot_bytes(req, 200, "image/png", hoot_str_of("\0\1", 2));
    if (strcmp(wanted, "typed") == 0)
        return hoot_bytes(req, 200, hoot_arg(req, "type"), HOOT_STR("body"));
    if (strcmp(wanted, "empty") == 0)
        return hoot_empty(req, 204);
    if (strcmp(wanted, "json") == 0)
        return hoot_json_take(req, 200, json_pack("{s:[i]}", "a", 1));
    if (strcmp(wanted, "bad-json") == 0)
        return hoot_json(req, 200, hoot_object("a", "\xff"));
    if (strcmp(wanted, "status") == 0)
        return hoot_text(req, 99, "no such status");
    return hoot_bytes(req, 200, "text/plain\r\nX-Evil: 1", HOOT_STR(""));
}

static hoot_response *redirecting(hoot_request *req)
{
    const char *to = hoot_arg(req, "to");

    return hoot_arg(req, "status") ? hoot_redirect_status(req, atoi(hoot_arg(req, "status")), to)
                                   : hoot_redirect(req, to);
}

/* Each line: what was tried, and what came of it. */
static hoot_response *header_codes(hoot_request *req)
{
    hoot_response *resp = hoot_empty(req, 200);
    static const char *const refused[][2] = {
        { "X A", "1" },
        { "", "1" },
        { "X:", "1" },
        { "X", "a\rb" },
        { "X", "a\nb" },
        { "X", "a\x01" },
        { "content-length", "1" },
        { "Transfer-Encoding", "chunked" },
        { "CONNECTION", "x" },
        { "Date", "today" },
        { "X", NULL },
    };

    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        if (hoot_response_set_header(resp, refused[i][0], refused[i][1]) != HOOT_EINVAL)
            return hoot_textf(req, 500, "%s was taken", refused[i][0]);
    }
    hoot_response_set_header(resp, "Content-Type", "text/plain");
    hoot_response_set_header(resp, "content-TYPE", " \timage/gif\t ");
    if (strcmp(hoot_response_header(resp, "CONTENT-type"), "image/gif") != 0)
        return hoot_text(req, 500, "a known name was not found again");
    hoot_response_set_header(resp, "X-One", " 1 ");
    hoot_response_set_header(resp, "x-one", "2");
    hoot_response_add_header(resp, "X-Two", "a");
    hoot_response_add_header(resp, "X-Two", "b");
    for (int i = 0; i < 20; i++)
        hoot_response_add_header(resp, "X-Many", "1");
    hoot_response_vary(resp, "Cookie");
    hoot_response_vary(resp, "Origin");
    hoot_response_vary(resp, "cookie");
    hoot_response_set_status(resp, 202);
    hoot_response_set_status(resp, 42);
    return resp;
}

static hoot_response *too_many_headers(hoot_request *req)
{
    hoot_response *resp = hoot_empty(req, 200);
    int rc = 0;

    for (int i = 0; i < 100 && rc == 0; i++)
        rc = hoot_response_add_header(resp, "X", "1");
    return rc == 0 && hoot_response_add_header(resp, "X", "1") == HOOT_ELIMIT ? resp : hoot_empty(req, 500);
}

static hoot_response *set_cookies(hoot_request *req)
{
    hoot_response *resp = hoot_empty(req, 200);
    hoot_error err = HOOT_ERROR_INIT;

    if (hoot_response_set_cookie(resp, &(hoot_cookie){ .name = "a", .value = "1" }, &err) < 0 ||
        hoot_response_set_cookie(resp,
                                 &(hoot_cookie){ .name = "b",
                                                 .value = "2",
                                                 .max_age = 60,
                                                 .secure = true,
                                                 .path = "/x",
                                                 .readable_by_scripts = true,
                                                 .same_site = "None",
                                                 .domain = "a.example" },
                                 &err) < 0)
        return hoot_fail(req, &err);
    if (hoot_response_set_cookie(resp, &(hoot_cookie){ .name = "c", .value = "a;b" }, &err) != HOOT_EINVAL ||
        !err.text[0] ||
        hoot_response_set_cookie(resp, &(hoot_cookie){ .name = "c d", .value = "1" }, &err) != HOOT_EINVAL ||
        hoot_response_set_cookie(resp, &(hoot_cookie){ .name = "c", .value = "1", .same_site = "None" },
                                 &err) != HOOT_EINVAL)
        return hoot_text(req, 500, "a cookie that may not be set was");
    return resp;
}

static hoot_response *drop_cookie(hoot_request *req)
{
    hoot_response *resp =
        hoot_text(req, 200, hoot_cookie_value(req, "a") ? hoot_cookie_value(req, "a") : "(none)");
    hoot_error err;

    hoot_response_delete_cookie(resp, &(hoot_cookie){ .name = "a" }, &err);
    return resp;
}

/* --- streams --- */

static int produced;

static int three_pieces(hoot_writer *writer, hoot_error *err, void *arg)
{
    (void)err;
    produced++;
    for (int i = 0; i < 3; i++) {
        int rc = hoot_write_text(writer, arg);

        if (rc < 0 || (rc = hoot_sleep(10)) < 0)
            return rc;
    }
    return hoot_write_text(writer, "");
}

static int break_off(hoot_writer *writer, hoot_error *err, void *arg)
{
    (void)arg;
    hoot_write_text(writer, "half");
    return hoot_error_set(err, HOOT_ECONNLOST, "the database went away");
}

static hoot_response *stream(hoot_request *req)
{
    const char *length = hoot_arg(req, "length");

    return hoot_stream_response(req, 200, "text/csv", length ? atoi(length) : -1, three_pieces, "ab;");
}

static hoot_response *broken_stream(hoot_request *req)
{
    return hoot_stream_response(req, 200, "text/plain", -1, break_off, NULL);
}

static const hoot_blueprint all = {
    .name = "all",
    .routes = HOOT_ROUTES({ "GET", "/kind/<kind>", kind }, { "GET", "/redirect", redirecting },
                          { "GET", "/headers", header_codes }, { "GET", "/many", too_many_headers },
                          { "GET", "/cookies", set_cookies }, { "GET", "/drop", drop_cookie },
                          { "GET", "/stream", stream }, { "GET", "/broken", broken_stream }),
};

static void set_up(hoot_app *app)
{
    must(hoot_app_register(app, &all, NULL, &err_));
}

static void assert_kind(hoot_test_client *client, const char *name, int status, const char *type,
                        const char *body)
{
    char target[64];
    const hoot_test_reply *reply;
    const char *got;

    snprintf(target, sizeof(target), "/kind/%s", name);
    reply = hoot_test_get(client, target);
    got = hoot_test_reply_header(client, "Content-Type");
    assert_status(reply, status);
    assert_body(reply, body);
    assert_string_equal(got ? got : "(none)", type);
}

static void kinds(hoot_test_client *client)
{
    assert_kind(client, "text", 201, "text/plain; charset=utf-8", "h\xc3\xa9");
    assert_kind(client, "html", 200, "text/html; charset=utf-8", "<p>");
    assert_kind(client, "empty", 204, "(none)", "");
    assert_kind(client, "json", 200, "application/json", "{\"a\":[1]}\n");
    assert_non_null(hoot_test_get(client, "/kind/json")->json);
    assert_int_equal(hoot_test_get(client, "/kind/bytes")->body.len, 2);
    assert_string_equal(web_test_log, "");
    assert_kind(client, "bad-json", 500, "application/json", "{\"error\":\"Internal Server Error\"}\n");
    assert_non_null(strstr(web_test_log,
                           "GET /kind/<kind>: the answer cannot be written as JSON: text in it is no UTF-8"));
    assert_status(hoot_test_get(client, "/kind/status"), 500);
    assert_status(hoot_test_get(client, "/kind/evil-type"), 500);
    assert_null(hoot_test_reply_header(client, "X-Evil"));
}

static void makes_each_kind(void **state)
{
    (void)state;
    web_test_run(set_up, kinds);
}

/* More than an app keeps, each of them twice; none is taken for another, and none that may not be sent. */
static void many_types(hoot_test_client *client)
{
    for (int i = 0; i < 40; i++) {
        char path[64], type[32];

        snprintf(type, sizeof(type), "text/x-%d", i / 2);
        snprintf(path, sizeof(path), "/kind/typed?type=%s", type);
        assert_status(hoot_test_get(client, path), 200);
        assert_string_equal(hoot_test_reply_header(client, "Content-Type"), type);
        assert_status(hoot_test_get(client, "/kind/typed?type=a%0Ab"), 500);
    }
    assert_status(hoot_test_get(client, "/kind/typed?type=%20text/x-1%09"), 200);
    assert_string_equal(hoot_test_reply_header(client, "Content-Type"), "text/x-1");
}

static void takes_any_number_of_content_types(void **state)
{
    (void)state;
    web_test_run(set_up, many_types);
}

static void redirects(hoot_test_client *client)
{
    assert_status(hoot_test_get(client, "/redirect?to=/a"), 302);
    assert_string_equal(hoot_test_reply_header(client, "Location"), "/a");
    assert_status(hoot_test_get(client, "/redirect?to=/a&status=303"), 303);
    assert_status(hoot_test_get(client, "/redirect?to=/a%0d%0aX:1"), 500);
    assert_null(hoot_test_reply_header(client, "Location"));
    assert_status(hoot_test_get(client, "/redirect?to=/a%01"), 500);
}

static void redirects_only_to_what_may_be_sent(void **state)
{
    (void)state;
    web_test_run(set_up, redirects);
}

static void headers(hoot_test_client *client)
{
    assert_status(hoot_test_get(client, "/headers"), 202);
    assert_string_equal(hoot_test_reply_header(client, "Content-Type"), "image/gif");
    assert_string_equal(hoot_test_reply_header(client, "X-One"), "2");
    assert_string_equal(hoot_test_reply_header(client, "X-Two"), "a");
    assert_string_equal(hoot_test_reply_header(client, "Vary"), "Cookie, Origin");
    assert_status(hoot_test_get(client, "/many"), 200);
}

static void takes_headers_that_may_be_sent(void **state)
{
    (void)state;
    web_test_run(set_up, headers);
}

static void cookies(hoot_test_client *client)
{
    assert_status(hoot_test_get(client, "/cookies"), 200);
    assert_string_equal(hoot_test_reply_header(client, "Set-Cookie"), "a=1; HttpOnly; Path=/; SameSite=Lax");
    assert_string_equal(hoot_test_cookie(client, "a"), "1");
    assert_string_equal(hoot_test_cookie(client, "b"), "2");
    assert_null(hoot_test_cookie(client, "c"));
    assert_body(hoot_test_get(client, "/drop"), "1");
    assert_null(hoot_test_cookie(client, "a"));
    assert_body(hoot_test_get(client, "/drop"), "(none)");
    hoot_test_set_cookie(client, "a", "mine");
    assert_body(hoot_test_get(client, "/drop"), "mine");
    hoot_test_clear_cookies(client);
    assert_null(hoot_test_cookie(client, "b"));
}

static void sets_and_deletes_cookies(void **state)
{
    (void)state;
    web_test_run(set_up, cookies);
}

static void streams(hoot_test_client *client)
{
    const hoot_test_reply *reply = hoot_test_get(client, "/stream");

    assert_status(reply, 200);
    assert_body(reply, "ab;ab;ab;");
    assert_string_equal(hoot_test_reply_header(client, "Content-Type"), "text/csv");
    assert_body(hoot_test_get(client, "/stream?length=9"), "ab;ab;ab;");
    assert_int_equal(reply->error.code, 0);
}

static void streams_what_a_function_writes(void **state)
{
    (void)state;
    web_test_run(set_up, streams);
}

static void cut_streams(hoot_test_client *client)
{
    const hoot_test_reply *reply = hoot_test_get(client, "/broken");

    assert_int_equal(reply->error.code, HOOT_EEOF);
    assert_body(reply, "half");
    assert_non_null(strstr(web_test_log, "GET /broken: the database went away (HOOT_ECONNLOST)"));
    assert_int_equal(hoot_test_get(client, "/stream?length=10")->error.code, HOOT_EEOF);
    assert_non_null(strstr(web_test_log, "1 bytes short"));
    assert_int_equal(hoot_test_get(client, "/stream?length=8")->error.code, HOOT_EEOF);
}

static void cuts_a_stream_that_is_not_whole(void **state)
{
    (void)state;
    web_test_run(set_up, cut_streams);
}

static void head_streams(hoot_test_client *client)
{
    const hoot_test_reply *reply;

    produced = 0;
    reply = hoot_test_request(client, "HEAD", "/stream?length=9", NULL, HOOT_STR(""));
    assert_status(reply, 200);
    assert_int_equal(reply->error.code, 0);
    assert_int_equal(reply->body.len, 0);
    assert_int_equal(produced, 0);
}

static void produces_nothing_for_head(void **state)
{
    (void)state;
    web_test_run(set_up, head_streams);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_each_kind),
        cmocka_unit_test(takes_any_number_of_content_types),
        cmocka_unit_test(redirects_only_to_what_may_be_sent),
        cmocka_unit_test(takes_headers_that_may_be_sent),
        cmocka_unit_test(sets_and_deletes_cookies),
        cmocka_unit_test(streams_what_a_function_writes),
        cmocka_unit_test(cuts_a_stream_that_is_not_whole),
        cmocka_unit_test(produces_nothing_for_head),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

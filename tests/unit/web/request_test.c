/* What a request says: arguments, header fields, cookies, bodies, JSON, forms. */
#include "unit/web/web_test.h"

static hoot_response *first_line(hoot_request *req)
{
    return hoot_textf(req, 200, "%s %s %s %.*s %s %s %d %s %s", hoot_request_method(req),
                      hoot_request_path(req), hoot_request_route(req), (int)hoot_request_target(req).len,
                      hoot_request_target(req).ptr, hoot_request_scheme(req), hoot_request_host(req),
                      hoot_request_version(req), hoot_request_remote(req), hoot_path_text(req, "name"));
}

static const char *or_none(const char *text)
{
    return text ? text : "(none)";
}

static hoot_response *args(hoot_request *req)
{
    return hoot_textf(req, 200, "%s,%s,%s,%s,%s", or_none(hoot_arg(req, "a")),
                      or_none(hoot_arg_at(req, "a", 1)), or_none(hoot_arg_at(req, "a", 2)),
                      or_none(hoot_arg(req, "b")), or_none(hoot_arg(req, "c d")));
}

static hoot_response *headers(hoot_request *req)
{
    hoot_str name, value;
    size_t count = 0;

    while (hoot_header_each(req, count, &name, &value))
        count++;
    return hoot_textf(req, 200, "%s,%s,%s,%zu", or_none(hoot_header(req, "x-one")),
                      or_none(hoot_header_at(req, "X-ONE", 1)), or_none(hoot_header(req, "x-none")), count);
}

static hoot_response *cookies(hoot_request *req)
{
    return hoot_textf(req, 200, "%s,%s,%s", or_none(hoot_cookie_value(req, "a")),
                      or_none(hoot_cookie_value(req, "b")), or_none(hoot_cookie_value(req, "c")));
}

static hoot_response *whole(hoot_request *req)
{
    hoot_error err = HOOT_ERROR_INIT;
    hoot_str first, second, piece;

    if (hoot_request_body(req, &first, &err) < 0)
        return hoot_fail(req, &err);
    if (hoot_request_body(req, &second, &err) < 0 || second.ptr != first.ptr)
        return hoot_text(req, 500, "it was not kept");
    if (hoot_body_read(req, &piece, &err) != HOOT_ESTATE)
        return hoot_text(req, 500, "it was read twice");
    return hoot_textf(req, 200, "%zu %lld %.10s", first.len, (long long)hoot_request_content_length(req),
                      first.ptr);
}

static hoot_response *pieces(hoot_request *req)
{
    hoot_error err = HOOT_ERROR_INIT;
    size_t count = 0, total = 0;
    hoot_str piece;
    int rc;

    while ((rc = hoot_body_read(req, &piece, &err)) > 0) {
        count++;
        total += piece.len;
    }
    if (rc < 0)
        return hoot_fail(req, &err);
    if (hoot_request_body(req, &piece, &err) != HOOT_ESTATE)
        return hoot_text(req, 500, "it was read twice");
    return hoot_textf(req, 200, "%zu in %s", total, count > 1 ? "pieces" : "one");
}

static hoot_response *json(hoot_request *req)
{
    hoot_error err = HOOT_ERROR_INIT;
    const json_t *body = hoot_request_json(req, &err);

    if (!body)
        return hoot_fail(req, &err);
    if (hoot_request_json(req, &err) != body)
        return hoot_text(req, 500, "it was parsed twice");
    return hoot_json(req, 200, hoot_object("got", body, "name", hoot_json_text(body, "name")));
}

static hoot_response *form(hoot_request *req)
{
    hoot_error err = HOOT_ERROR_INIT;
    const char *a, *again, *none;

    if (hoot_form(req, "a", &a, &err) < 0 || hoot_form_at(req, "a", 1, &again, &err) < 0 ||
        hoot_form(req, "none", &none, &err) < 0)
        return hoot_fail(req, &err);
    return hoot_textf(req, 200, "%s,%s,%s", or_none(a), or_none(again), or_none(none));
}

static hoot_response *slots(hoot_request *req)
{
    static const char keys[17];
    int rc = 0;

    for (size_t i = 0; i < 16; i++)
        rc |= hoot_request_set(req, &keys[i], (void *)&keys[i]);
    rc |= hoot_request_set(req, &keys[3], (void *)&keys[4]); /* one that is there already */
    if (rc != 0 || hoot_request_set(req, &keys[16], NULL) != HOOT_ELIMIT)
        return hoot_text(req, 500, "slots");
    return hoot_textf(req, 200, "%d %d %d", hoot_request_get(req, &keys[3]) == &keys[4],
                      hoot_request_get(req, &keys[15]) == &keys[15],
                      hoot_request_get(req, &keys[16]) == NULL);
}

static const hoot_blueprint all = {
    .name = "all",
    .routes = HOOT_ROUTES({ "*", "/line/<name>", first_line }, { "GET", "/args", args },
                          { "GET", "/headers", headers }, { "GET", "/cookies", cookies },
                          { "POST", "/whole", whole }, { "POST", "/pieces", pieces },
                          { "POST", "/json", json }, { "POST", "/form", form }, { "GET", "/slots", slots }),
};

static void set_up(hoot_app *app)
{
    must(hoot_app_register(app, &all, NULL, &err_));
}

static void lines(hoot_test_client *client)
{
    hoot_test_set_header(client, "Host", "api.example:8080");
    assert_body(hoot_test_request(client, "PATCH", "/line/a%20b?x=1", NULL, HOOT_STR("")),
                "PATCH /line/a b /line/<name> /line/a%20b?x=1 http api.example:8080 11 127.0.0.1 a b");
}

static void tells_its_first_line(void **state)
{
    (void)state;
    web_test_run(set_up, lines);
}

static void queries(hoot_test_client *client)
{
    static char many[4096] = "/args?";

    assert_body(hoot_test_get(client, "/args"), "(none),(none),(none),(none),(none)");
    assert_body(hoot_test_get(client, "/args?a=1&a=2&b=%26%3D&c+d=e+f"), "1,2,(none),&=,e f");
    assert_body(hoot_test_get(client, "/args?a&b="), ",(none),(none),,(none)");
    assert_status(hoot_test_get(client, "/args?a=%zz"), 400);
    assert_status(hoot_test_get(client, "/args?a=%ff"), 400);
    assert_status(hoot_test_get(client, "/args?a=%00"), 400);
    for (size_t i = 0; i < 1000; i++)
        strcat(many, "a&");
    assert_status(hoot_test_get(client, many), 200);
    strcat(many, "a");
    assert_status(hoot_test_get(client, many), 400);
}

static void decodes_arguments_or_answers_400(void **state)
{
    (void)state;
    web_test_run(set_up, queries);
}

static void fields(hoot_test_client *client)
{
    hoot_test_set_header(client, "X-One", "1");
    assert_body(hoot_test_get(client, "/headers"), "1,(none),(none),2");
    hoot_test_set_header(client, "x-one", NULL);
    assert_body(hoot_test_get(client, "/headers"), "(none),(none),(none),1");
    hoot_test_set_header(client, "Cookie", "a=1; b=\"two\"; a=3");
    assert_body(hoot_test_get(client, "/cookies"), "1,two,(none)");
}

static void finds_header_fields_and_cookies(void **state)
{
    (void)state;
    web_test_run(set_up, fields);
}

static const hoot_test_reply *post(hoot_test_client *client, const char *target, const char *type,
                                   const char *body)
{
    return hoot_test_request(client, "POST", target, type, hoot_str_from(body));
}

static void bodies(hoot_test_client *client)
{
    static char large[100000];

    memset(large, 'x', sizeof(large));
    assert_body(post(client, "/whole", "text/plain", "hello"), "5 5 hello");
    assert_body(post(client, "/whole", "text/plain", ""), "0 0 ");
    assert_body(hoot_test_request(client, "POST", "/whole", "text/plain", hoot_str_of(large, sizeof(large))),
                "100000 100000 xxxxxxxxxx");
    assert_body(hoot_test_request(client, "POST", "/pieces", "text/plain", hoot_str_of(large, sizeof(large))),
                "100000 in pieces");
    assert_body(post(client, "/pieces", "text/plain", "abc"), "3 in one");
}

static void reads_bodies_whole_or_in_pieces(void **state)
{
    (void)state;
    web_test_run(set_up, bodies);
}

static void json_bodies(hoot_test_client *client)
{
    static char deep[100000];

    assert_body(hoot_test_post_json(client, "/json", hoot_object("name", "ada", "n", 1)),
                "{\"got\":{\"name\":\"ada\",\"n\":1},\"name\":\"ada\"}\n");
    assert_body(post(client, "/json", "application/vnd.api+json; charset=utf-8", "[1]"),
                "{\"got\":[1],\"name\":null}\n");
    assert_body(post(client, "/json", "APPLICATION/JSON", "null"), "{\"got\":null,\"name\":null}\n");
    assert_body(post(client, "/json", "text/plain", "{}"),
                "{\"error\":\"Content-Type is not application/json\"}\n");
    assert_status(post(client, "/json", NULL, "{}"), 400);
    assert_body(post(client, "/json", "application/json", "{\"a\":}"),
                "{\"error\":\"not valid JSON: line 1, column 6: unexpected token\"}\n");
    assert_status(post(client, "/json", "application/json", ""), 400);
    memset(deep, '[', sizeof(deep));
    assert_status(
        hoot_test_request(client, "POST", "/json", "application/json", hoot_str_of(deep, sizeof(deep))), 400);
    assert_string_equal(web_test_log, "");
}

static void parses_json_or_says_what_is_wrong(void **state)
{
    (void)state;
    web_test_run(set_up, json_bodies);
}

#define FORM "application/x-www-form-urlencoded"

static void forms(hoot_test_client *client)
{
    static char large[600000];

    assert_body(post(client, "/form", FORM, "a=1+2&a=%C3%A9&b="), "1 2,\xc3\xa9,(none)");
    assert_body(post(client, "/form", FORM "; charset=utf-8", ""), "(none),(none),(none)");
    assert_status(post(client, "/form", "application/json", "a=1"), 400);
    assert_status(post(client, "/form", FORM, "a=%ff"), 400);
    memset(large, 'a', sizeof(large));
    assert_status(hoot_test_request(client, "POST", "/form", FORM, hoot_str_of(large, 500000)), 200);
    assert_status(hoot_test_request(client, "POST", "/form", FORM, hoot_str_of(large, 500001)), 413);
    for (size_t i = 1; i < sizeof(large); i += 2)
        large[i] = '&';
    assert_status(hoot_test_request(client, "POST", "/form", FORM, hoot_str_of(large, 2000)), 200);
    assert_status(hoot_test_request(client, "POST", "/form", FORM, hoot_str_of(large, 2002)), 413);
}

static void reads_forms_within_limits(void **state)
{
    (void)state;
    web_test_run(set_up, forms);
}

static void keys(hoot_test_client *client)
{
    assert_body(hoot_test_get(client, "/slots"), "1 1 1");
}

static void keeps_sixteen_pointers(void **state)
{
    (void)state;
    web_test_run(set_up, keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_its_first_line),
        cmocka_unit_test(decodes_arguments_or_answers_400),
        cmocka_unit_test(finds_header_fields_and_cookies),
        cmocka_unit_test(reads_bodies_whole_or_in_pieces),
        cmocka_unit_test(parses_json_or_says_what_is_wrong),
        cmocka_unit_test(reads_forms_within_limits),
        cmocka_unit_test(keeps_sixteen_pointers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

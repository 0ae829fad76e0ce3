/* A request's session, through the whole of an app: what a browser and a handler see of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <hoot/testing.h>

#include "base/alloc.h"
#include "unit/web/session_vectors.h"
#include "web/request_internal.h"
#include "web/session_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* What the handler does, and the client that asks. */
typedef void (*action_fn)(hoot_request *req);

static action_fn action;
static hoot_test_client *client;

static hoot_response *do_action(hoot_request *req)
{
    action(req);
    return hoot_text(req, 200, "done");
}

static const hoot_session_options *options_of_test;
static void (*body_of_test)(void);

static int run_body(hoot_error *err, void *arg)
{
    HOOT_AUTO(hoot_app) app = hoot_app_new("test", err);

    (void)arg;
    assert_non_null(app);
    assert_int_equal(hoot_app_sessions(app, options_of_test, err), 0);
    assert_int_equal(hoot_app_route(app, "GET", "/", do_action, err), 0);
    client = hoot_test_client_new(app, err);
    assert_non_null(client);
    body_of_test();
    hoot_test_client_free(client);
    return 0;
}

/* Run a test's body with an app that keeps sessions so. */
static void with_options(const hoot_session_options *options, void (*body)(void))
{
    hoot_error err = HOOT_ERROR_INIT;

    options_of_test = options;
    body_of_test = body;
    assert_int_equal(hoot_test_run(run_body, NULL, &err), 0);
}

static const hoot_session_options ordinary = { .secret_key = VECTOR_KEY, .lifetime_s = INT64_MAX };

static void ask(action_fn fn)
{
    const hoot_test_reply *reply;

    action = fn;
    reply = hoot_test_get(client, "/");
    assert_int_equal(reply->status, 200);
}

static const char *set_cookie(void)
{
    return hoot_test_reply_header(client, "Set-Cookie");
}

static const char *vary(void)
{
    return hoot_test_reply_header(client, "Vary");
}

/* The JSON in the cookie of the last answer. */
static void assert_sent(const char *json)
{
    hoot_arena *arena = hoot_arena_new(0);
    const char *line = set_cookie();
    hoot__session_text text;
    hoot__hmac_key key;
    hoot_str cookie;

    assert_non_null(line);
    assert_true(hoot__cookie_find(hoot_str_from(line), HOOT_STR("session"), &cookie));
    hoot__session_key_init(&key, HOOT_STR(VECTOR_KEY));
    /* time() may be some milliseconds behind the clock that signs. */
    assert_int_equal(hoot__session_unsign(arena, &key, 1, cookie, time(NULL) + 1, 60, &text), 0);
    assert_int_equal(text.json.len, strlen(json));
    assert_memory_equal(text.json.ptr, json, text.json.len);
    hoot_arena_free(arena);
}

static const char *vector(const char *name)
{
    for (size_t i = 0; i < sizeof(session_vectors) / sizeof(session_vectors[0]); i++) {
        if (strcmp(session_vectors[i].name, name) == 0)
            return session_vectors[i].cookie;
    }
    fail_msg("no vector %s", name);
    return NULL;
}

/* --- actions of handlers --- */

static void does_nothing(hoot_request *req)
{
    (void)req;
}

static void expects_user(hoot_request *req)
{
    assert_string_equal(hoot_session_text(req, "user"), "user_17");
    assert_ptr_equal(hoot_session_text(req, "user"), hoot_session_text(req, "user"));
    assert_null(hoot_session_text(req, "nobody"));
    assert_null(hoot_session_text(req, NULL));
}

static void expects_nothing(hoot_request *req)
{
    assert_null(hoot_session_text(req, "user"));
    assert_null(hoot_session_get(req, "user"));
}

static void sets_user(hoot_request *req)
{
    hoot_error err = HOOT_ERROR_INIT;

    assert_int_equal(hoot_session_set(req, &err, "user", "user_17"), 0);
    assert_string_equal(hoot_session_text(req, "user"), "user_17");
}

static void removes_user(hoot_request *req)
{
    assert_int_equal(hoot_session_remove(req, "user", NULL), 0);
    assert_null(hoot_session_text(req, "user"));
}

static void removes_what_is_not_there(hoot_request *req)
{
    assert_int_equal(hoot_session_remove(req, "nobody", NULL), 0);
}

static void clears(hoot_request *req)
{
    assert_int_equal(hoot_session_clear(req, NULL), 0);
    assert_null(hoot_session_text(req, "user"));
}

/* --- tests --- */

static void round_trip(void)
{
    ask(expects_nothing);
    assert_null(set_cookie());
    ask(sets_user);
    assert_sent("{\"user\":\"user_17\"}");
    ask(expects_user);
    assert_null(set_cookie());
    ask(removes_what_is_not_there);
    assert_null(set_cookie());
    ask(expects_user);
}

static void keeps_a_value_from_request_to_request(void **state)
{
    (void)state;
    with_options(&ordinary, round_trip);
}

static void vary_body(void)
{
    ask(does_nothing);
    assert_null(vary());
    ask(expects_nothing);
    assert_string_equal(vary(), "Cookie");
    ask(sets_user);
    assert_string_equal(vary(), "Cookie");
    ask(does_nothing);
    assert_null(vary());
}

static void tells_caches_that_the_cookie_was_looked_at(void **state)
{
    (void)state;
    with_options(&ordinary, vary_body);
}

static void assert_rest(const char *rest)
{
    const char *line = set_cookie();

    assert_non_null(line);
    assert_string_equal(strchr(line, ';'), rest);
}

static void default_attributes(void)
{
    ask(sets_user);
    assert_int_equal(strncmp(set_cookie(), "session=eyJ1c2VyIjoidXNlcl8xNyJ9.", 33), 0);
    assert_rest("; HttpOnly; Path=/; SameSite=Lax");
}

static void has_safe_attributes_unless_told_otherwise(void **state)
{
    (void)state;
    with_options(&ordinary, default_attributes);
}

static void comes_over_tls(hoot_request *req)
{
    req->ex->secure = true;
    sets_user(req);
}

static void secure_auto(void)
{
    ask(comes_over_tls);
    assert_rest("; Secure; HttpOnly; Path=/; SameSite=Lax");
}

static void secure_never(void)
{
    ask(comes_over_tls);
    assert_rest("; HttpOnly; Path=/; SameSite=Lax");
}

static void all_attributes(void)
{
    ask(sets_user);
    assert_int_equal(strncmp(set_cookie(), "sid=", 4), 0);
    assert_rest("; Domain=owl.example; Secure; Path=/app; SameSite=Strict");
}

static void no_same_site(void)
{
    ask(sets_user);
    assert_rest("; HttpOnly; Path=/");
}

static void same_site_none(void)
{
    ask(sets_user);
    assert_rest("; Secure; HttpOnly; Path=/; SameSite=None");
}

static void has_the_attributes_it_is_told(void **state)
{
    hoot_session_options options = ordinary;

    (void)state;
    with_options(&options, secure_auto);
    options.secure = HOOT_SECURE_NEVER;
    with_options(&options, secure_never);
    options = (hoot_session_options){ .secret_key = "k",
                                      .cookie_name = "sid",
                                      .domain = ".owl.example",
                                      .path = "/app",
                                      .same_site = "strict",
                                      .secure = HOOT_SECURE_ALWAYS,
                                      .readable_by_scripts = true };
    with_options(&options, all_attributes);
    options = (hoot_session_options){ .secret_key = "k", .same_site = "" };
    with_options(&options, no_same_site);
    options.same_site = "None"; /* which browsers take only with Secure */
    with_options(&options, same_site_none);
}

static void deletion(void)
{
    static const char deleted[] =
        "session=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Path=/; "
        "SameSite=Lax";

    ask(clears);
    assert_null(set_cookie());
    ask(sets_user);
    ask(clears);
    assert_string_equal(set_cookie(), deleted);
    assert_string_equal(vary(), "Cookie");
    assert_null(hoot_test_cookie(client, "session"));
    ask(sets_user);
    ask(removes_user);
    assert_string_equal(set_cookie(), deleted);
    hoot_test_set_cookie(client, "session", "forged.forged.forged");
    ask(clears);
    assert_string_equal(set_cookie(), deleted);
}

static void deletes_the_cookie_of_an_emptied_session(void **state)
{
    (void)state;
    with_options(&ordinary, deletion);
}

static void sets_permanent(hoot_request *req)
{
    sets_user(req);
    assert_int_equal(hoot_session_set_permanent(req, true, NULL), 0);
}

static void unsets_permanent(hoot_request *req)
{
    assert_int_equal(hoot_session_set_permanent(req, false, NULL), 0);
}

/* Expires is `lifetime_s` from now, give or take the second that may pass meanwhile. */
static void assert_expires(int64_t lifetime_s)
{
    const char *expires = strstr(set_cookie(), "; Expires=");
    time_t when;

    assert_non_null(expires);
    assert_int_equal(hoot__http_date_parse(hoot_str_of(expires + 10, HOOT__HTTP_DATE_CHARS), &when), 0);
    assert_in_range(when - lifetime_s, time(NULL) - 30, time(NULL) + 1);
}

static void permanent(void)
{
    ask(sets_permanent);
    assert_sent("{\"user\":\"user_17\",\"_permanent\":true}");
    assert_expires(2678400);
    ask(expects_user);
    assert_sent("{\"user\":\"user_17\",\"_permanent\":true}");
    assert_expires(2678400);
    ask(does_nothing);
    assert_sent("{\"user\":\"user_17\",\"_permanent\":true}");
    assert_expires(2678400);
    assert_string_equal(vary(), "Cookie");
    ask(unsets_permanent);
    assert_sent("{\"user\":\"user_17\",\"_permanent\":false}");
    assert_null(strstr(set_cookie(), "Expires"));
}

static void renews_permanent_sessions_with_each_answer(void **state)
{
    const hoot_session_options options = { .secret_key = VECTOR_KEY };

    (void)state;
    with_options(&options, permanent);
}

static void permanent_for_ever(void)
{
    hoot_test_set_cookie(client, "session", vector("permanent"));
    ask(expects_user);
    assert_sent("{\"_permanent\":true,\"user\":\"user_17\"}");
    assert_non_null(strstr(set_cookie(), "; Expires=Fri, 31 Dec 9999 23:59:59 GMT;"));
}

static void never_expires_later_than_dates_can_say(void **state)
{
    (void)state;
    with_options(&ordinary, permanent_for_ever);
}

static void expired(void)
{
    hoot_test_set_cookie(client, "session", vector("plain"));
    ask(expects_nothing);
    assert_null(set_cookie());
}

static void does_not_read_what_is_older_than_its_lifetime(void **state)
{
    const hoot_session_options options = { .secret_key = VECTOR_KEY };

    (void)state;
    with_options(&options, expired);
}

static void bad_cookies(void)
{
    static const char *const cookies[] = { "", "x",
                                           "eyJ1c2VyIjoidXNlcl8xNyJ9.ZVPxAA.AAAAAAAAAAAAAAAAAAAAAAAAAAA" };

    for (size_t i = 0; i < sizeof(cookies) / sizeof(cookies[0]); i++) {
        hoot_test_set_cookie(client, "session", cookies[i]);
        ask(expects_nothing);
    }
    for (size_t i = 0; i < sizeof(vector_not_sessions) / sizeof(vector_not_sessions[0]); i++) {
        hoot_test_set_cookie(client, "session", vector_not_sessions[i]);
        ask(expects_nothing);
        ask(sets_user);
        assert_sent("{\"user\":\"user_17\"}");
    }
}

static void takes_what_is_not_readable_for_an_empty_session(void **state)
{
    (void)state;
    with_options(&ordinary, bad_cookies);
}

static void rotated(void)
{
    hoot_test_set_cookie(client, "session", VECTOR_OLD_COOKIE);
    ask(expects_user);
    assert_null(set_cookie());
    ask(sets_user);
    assert_sent("{\"user\":\"user_17\"}"); /* under the current key */
}

static void reads_under_older_keys_and_signs_under_the_current_one(void **state)
{
    static const char *const older[] = { "one in between", VECTOR_OLD_KEY, NULL };
    hoot_session_options options = ordinary;

    (void)state;
    options.fallback_keys = older;
    with_options(&options, rotated);
}

static void reads_tags(hoot_request *req)
{
    assert_null(hoot_session_text(req, "t"));
    assert_int_equal(json_array_size(hoot_session_get(req, "t")), 3);
    assert_ptr_equal(hoot_session_get(req, "t"), hoot_session_get(req, "t"));
}

static void reads_markup(hoot_request *req)
{
    assert_string_equal(hoot_session_text(req, "m"), "<b>hoo</b>");
}

static void reads_uuid(hoot_request *req)
{
    assert_string_equal(hoot_session_text(req, "u"), "12345678-1234-5678-90ab-1234567890ab");
}

static void reads_non_ascii(hoot_request *req)
{
    assert_string_equal(hoot_session_text(req, "name"), "Zoë \U0001f989 \"q\" \\ / \x7f\n");
}

static void reads_bytes(hoot_request *req)
{
    assert_string_equal(json_string_value(json_object_get(hoot_session_get(req, "b"), " b")), "AP/+IG93bA==");
    assert_null(hoot_session_text(req, "b"));
}

static void reads_numbers(hoot_request *req)
{
    assert_int_equal(json_integer_value(hoot_session_get(req, "neg")), -7);
    assert_null(hoot_session_get(req, "int")); /* no C integer holds it */
    assert_null(hoot_session_get(req, "nan"));
    assert_null(hoot_session_text(req, "neg"));
}

static void tags(void)
{
    static const struct {
        const char *name;
        action_fn read;
    } cases[] = { { "tuple", reads_tags },          { "markup", reads_markup }, { "uuid", reads_uuid },
                  { "non_ascii", reads_non_ascii }, { "bytes", reads_bytes },   { "numbers", reads_numbers },
                  { "compressed", expects_user } };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        hoot_test_set_cookie(client, "session", vector(cases[i].name));
        ask(cases[i].read);
        assert_null(set_cookie());
    }
}

static void reads_values_with_their_tags_resolved(void **state)
{
    (void)state;
    with_options(&ordinary, tags);
}

static void adds_and_reads(hoot_request *req)
{
    for (int i = 0; i < 6; i++)
        (void)hoot_session_get(req, (const char *[]){ "t", "b", "x", "y", "z", "d" }[i]);
    assert_int_equal(hoot_session_set(req, NULL, "added", 1), 0);
}

static void untouched(void)
{
    for (size_t i = 0; i < sizeof(session_vectors) / sizeof(session_vectors[0]); i++) {
        char expected[2000];

        if (strcmp(session_vectors[i].name, "escaped_top") == 0)
            continue; /* has two names then, and is no longer escaped: below */
        snprintf(expected, sizeof(expected), "%.*s,\"added\":1}", (int)strlen(session_vectors[i].json) - 1,
                 session_vectors[i].json);
        hoot_test_set_cookie(client, "session", session_vectors[i].cookie);
        ask(adds_and_reads);
        assert_sent(expected);
    }
    hoot_test_set_cookie(client, "session", vector("escaped_top"));
    ask(adds_and_reads);
    assert_sent("{\" t\":\"a session of one odd name\",\"added\":1}");
}

static void writes_untouched_values_back_as_they_came(void **state)
{
    (void)state;
    with_options(&ordinary, untouched);
}

static void sets_odd_name(hoot_request *req)
{
    assert_int_equal(hoot_session_set(req, NULL, " t", hoot_array(1)), 0);
}

static void odd_name(void)
{
    ask(sets_odd_name);
    assert_sent("{\" di\":{\" t__\":[1]}}");
    ask(sets_user);
    assert_sent("{\" t\":[1],\"user\":\"user_17\"}");
}

static void escapes_a_session_that_looks_like_a_tag(void **state)
{
    (void)state;
    with_options(&ordinary, odd_name);
}

static void changes_values(hoot_request *req)
{
    json_t *list = json_pack("[i,s]", 1, "two");

    assert_int_equal(hoot_session_set(req, NULL, "a", hoot_object("x", 1)), 0);
    assert_int_equal(json_integer_value(json_object_get(hoot_session_get(req, "a"), "x")), 1);
    assert_int_equal(hoot_session_set(req, NULL, "b", 2.5), 0);
    assert_int_equal(hoot_session_set(req, NULL, "a", list), 0);
    json_decref(list);
    assert_int_equal(json_array_size(hoot_session_get(req, "a")), 2);
    assert_int_equal(hoot_session_set(req, NULL, "c", hoot_session_get(req, "a")), 0);
    assert_int_equal(hoot_session_set(req, NULL, "a", hoot_session_get(req, "a")), 0);
    assert_int_equal(hoot_session_set(req, NULL, "", "no name"), 0);
    assert_int_equal(hoot_session_remove(req, "b", NULL), 0);
}

static void changing(void)
{
    ask(changes_values);
    assert_sent("{\"a\":[1,\"two\"],\"c\":[1,\"two\"],\"\":\"no name\"}");
}

static void replaces_values_in_their_places(void **state)
{
    (void)state;
    with_options(&ordinary, changing);
}

static char noise[8000];

static void make_noise(void)
{
    uint32_t x = 1;

    for (size_t i = 0; i + 1 < sizeof(noise); i++) {
        x = x * 1664525 + 1013904223;
        noise[i] = (char)('!' + (x >> 24) % 90);
        if (noise[i] == '"' || noise[i] == '\\')
            noise[i] = 'x';
    }
}

static void fills_to_the_brim(hoot_request *req)
{
    hoot_error err = HOOT_ERROR_INIT;
    size_t len = 0;

    sets_user(req);
    assert_int_equal(hoot_session_set(req, &err, "big", noise), HOOT_ELIMIT);
    assert_non_null(strstr(err.text, "big"));
    assert_null(hoot_session_text(req, "big"));
    for (size_t step = 256; step; step /= 16) {
        while (hoot_session_set(req, &err, "big", hoot_str_of(noise, len + step)) == 0)
            len += step;
    }
    assert_int_equal(err.code, HOOT_ELIMIT);
    assert_int_equal(strlen(hoot_session_text(req, "big")), len);
    assert_string_equal(hoot_session_text(req, "user"), "user_17");
}

static void sets_repetition(hoot_request *req)
{
    char *text = malloc(20001);

    memset(text, 'x', 20000);
    text[20000] = '\0';
    assert_int_equal(hoot_session_set(req, NULL, "big", (const char *)text), 0);
    free(text);
}

static void limit(void)
{
    ask(fills_to_the_brim);
    assert_in_range(strlen(set_cookie()), HOOT__SESSION_MAX_COOKIE_BYTES - 60,
                    HOOT__SESSION_MAX_COOKIE_BYTES);
    ask(sets_repetition); /* which compresses */
    assert_true(strlen(set_cookie()) < 300);
}

static void refuses_what_would_not_fit_into_a_cookie(void **state)
{
    (void)state;
    make_noise();
    with_options(&ordinary, limit);
}

static void sets_nonsense(hoot_request *req)
{
    hoot_error err = HOOT_ERROR_INIT;

    sets_user(req);
    assert_int_equal(hoot_session_set(req, &err, "user", "\xff"), HOOT_EINVAL);
    assert_int_equal(hoot_session_set(req, &err, "\xff", 1), HOOT_EINVAL);
    assert_int_equal(hoot_session_set(req, &err, NULL, 1), HOOT_EINVAL);
    assert_string_equal(hoot_session_text(req, "user"), "user_17");
}

static void sets_too_late(hoot_request *req)
{
    hoot_error err = HOOT_ERROR_INIT;

    req->ex->answered = true;
    assert_int_equal(hoot_session_set(req, &err, "user", 1), HOOT_ESTATE);
    assert_int_equal(hoot_session_remove(req, "user", &err), HOOT_ESTATE);
    assert_int_equal(hoot_session_clear(req, &err), HOOT_ESTATE);
    assert_string_equal(hoot_session_text(req, "user"), "user_17");
    req->ex->answered = false;
}

static void mistakes(void)
{
    ask(sets_nonsense);
    assert_sent("{\"user\":\"user_17\"}");
    ask(sets_too_late);
    assert_null(set_cookie());
}

static void refuses_changes_that_cannot_be_kept(void **state)
{
    (void)state;
    with_options(&ordinary, mistakes);
}

static void sets_without_key(hoot_request *req)
{
    hoot_error err = HOOT_ERROR_INIT;

    expects_nothing(req);
    assert_int_equal(hoot_session_set(req, &err, "user", 1), HOOT_ECONFIG);
    assert_non_null(strstr(err.text, "secret_key"));
    assert_int_equal(hoot_session_remove(req, "user", &err), HOOT_ECONFIG);
    assert_int_equal(hoot_session_clear(req, &err), HOOT_ECONFIG);
    assert_int_equal(hoot_session_set_permanent(req, true, &err), HOOT_ECONFIG);
}

static void no_key(void)
{
    hoot_test_set_cookie(client, "session", vector("plain"));
    ask(sets_without_key);
    assert_null(set_cookie());
    assert_null(vary());
}

static void says_what_is_missing_without_a_secret_key(void **state)
{
    const hoot_session_options none = { 0 }, empty = { .secret_key = "" };

    (void)state;
    with_options(&none, no_key);
    with_options(&empty, no_key);
}

/* Without memory nobody is logged out: the session is not taken for an empty one. */
static int change_permanent(hoot_request *req)
{
    hoot_error err = HOOT_ERROR_INIT;
    const char *user = hoot_session_text(req, "user");

    assert_true(!user || strcmp(user, "user_17") == 0);
    (void)hoot_session_get(req, "list");
    return hoot_session_set(req, &err, "more", hoot_array(1, "two"));
}

static unsigned long fail_at;
static int changed;

static void changes_without_memory(hoot_request *req)
{
    hoot__alloc_fail_next(fail_at);
    changed = change_permanent(req);
    hoot__alloc_fail_next(0);
}

static void memory(void)
{
    fail_at = 0;
    do {
        fail_at++;
        hoot_test_set_cookie(client, "session", vector("compressed"));
        ask(changes_without_memory);
        assert_true(changed == 0 || changed == HOOT_ENOMEM);
        assert_true((changed == 0) == (set_cookie() != NULL));
    } while (changed < 0 || fail_at < 5);
}

static void never_takes_missing_memory_for_an_empty_session(void **state)
{
    (void)state;
    with_options(&ordinary, memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_a_value_from_request_to_request),
        cmocka_unit_test(tells_caches_that_the_cookie_was_looked_at),
        cmocka_unit_test(has_safe_attributes_unless_told_otherwise),
        cmocka_unit_test(has_the_attributes_it_is_told),
        cmocka_unit_test(deletes_the_cookie_of_an_emptied_session),
        cmocka_unit_test(renews_permanent_sessions_with_each_answer),
        cmocka_unit_test(never_expires_later_than_dates_can_say),
        cmocka_unit_test(does_not_read_what_is_older_than_its_lifetime),
        cmocka_unit_test(takes_what_is_not_readable_for_an_empty_session),
        cmocka_unit_test(reads_under_older_keys_and_signs_under_the_current_one),
        cmocka_unit_test(reads_values_with_their_tags_resolved),
        cmocka_unit_test(writes_untouched_values_back_as_they_came),
        cmocka_unit_test(escapes_a_session_that_looks_like_a_tag),
        cmocka_unit_test(replaces_values_in_their_places),
        cmocka_unit_test(refuses_what_would_not_fit_into_a_cookie),
        cmocka_unit_test(refuses_changes_that_cannot_be_kept),
        cmocka_unit_test(says_what_is_missing_without_a_secret_key),
        cmocka_unit_test(never_takes_missing_memory_for_an_empty_session),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

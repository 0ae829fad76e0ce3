/* hooter's routes, asked through the test client: in process, without sockets, on SQLite in a folder of the
 * test's own. */
#include "hooter/hooter.h"

#include <hoot/testing.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define PASSWORD "correct horse battery"

typedef void (*scenario_fn)(hoot_test_client *client);

static int wait_for_tables(hoot_test_client *client)
{
    for (int i = 0; i < 10000; i++) {
        if (hoot_test_get(client, "/healthz")->status == 200)
            return 0;
        hoot_sleep(1);
    }
    return HOOT_ETIMEOUT;
}

static int run(hoot_error *err, void *arg)
{
    HOOT_AUTO(hoot_app) app = hooter_make_app(err);
    HOOT_AUTO(hoot_test_client) client = app ? hoot_test_client_new(app, err) : NULL;

    if (!client)
        return hoot_error_code(err);
    if (wait_for_tables(client) < 0)
        return hoot_error_set(err, HOOT_ETIMEOUT, "the tables did not come");
    (*(scenario_fn *)arg)(client);
    return 0;
}

static void ask(scenario_fn scenario)
{
    hoot_error err = HOOT_ERROR_INIT;

    if (hoot_test_run(run, &scenario, &err) < 0)
        fail_msg("%s", err.text);
}

static const char *text_of(const hoot_test_reply *reply, const char *name)
{
    const char *text = hoot_json_text(reply->json, name);

    return text ? text : "";
}

static const hoot_test_reply *sign_up(hoot_test_client *client, const char *email)
{
    return hoot_test_post_json(
        client, "/signup",
        hoot_object("name", "Ada", "number", "98765 43210", "email", email, "password", PASSWORD));
}

static const hoot_test_reply *log_in(hoot_test_client *client, const char *email, const char *password)
{
    return hoot_test_post_json(client, "/login", hoot_object("email", email, "password", password));
}

/* --- scenarios --- */

static void whole_flow(hoot_test_client *client)
{
    const hoot_test_reply *reply;
    const json_t *user;

    assert_int_equal(hoot_test_get(client, "/session")->status, 401);
    assert_int_equal(sign_up(client, "ada@flow.example")->status, 200);
    reply = log_in(client, "ada@flow.example", PASSWORD);
    assert_int_equal(reply->status, 200);
    assert_string_equal(text_of(reply, "status"), "ok");
    assert_non_null(hoot_test_cookie(client, "session"));

    reply = hoot_test_get(client, "/session");
    assert_int_equal(reply->status, 200);
    assert_string_equal(reply->body.ptr, "{\"login\":\"ok\"}\n");
    reply = hoot_test_get(client, "/request-user-credentials");
    assert_int_equal(reply->status, 200);
    user = json_object_get(reply->json, "user_data");
    assert_string_equal(hoot_json_text(user, "email"), "ada@flow.example");
    assert_string_equal(hoot_json_text(user, "number"), "9876543210");
    assert_string_equal(hoot_json_text(user, "designation"), "Owner");

    assert_int_equal(hoot_test_request(client, "POST", "/logout", NULL, HOOT_STR(""))->status, 200);
    assert_null(hoot_test_cookie(client, "session"));
    reply = hoot_test_get(client, "/request-user-credentials");
    assert_int_equal(reply->status, 401);
    assert_string_equal(reply->body.ptr, "{\"login\":\"deny\"}\n");
}

static void wrong_fields(hoot_test_client *client)
{
    const hoot_test_reply *reply =
        hoot_test_post_json(client, "/signup", hoot_object("name", "Ada", "number", "1"));

    assert_int_equal(reply->status, 400);
    assert_string_equal(text_of(reply, "field"), "number");
    reply = log_in(client, "nobody", PASSWORD);
    assert_int_equal(reply->status, 400);
    assert_string_equal(text_of(reply, "field"), "email");
    reply = hoot_test_request(client, "POST", "/login", "application/json", HOOT_STR("{"));
    assert_int_equal(reply->status, 400);
    assert_non_null(hoot_json_text(reply->json, "error"));
    reply = hoot_test_post_json(client, "/login", hoot_array(1, 2));
    assert_int_equal(reply->status, 400);
}

static void second_signup(hoot_test_client *client)
{
    const hoot_test_reply *reply;

    assert_int_equal(sign_up(client, "twice@flow.example")->status, 200);
    reply = sign_up(client, "TWICE@flow.example");
    assert_int_equal(reply->status, 409);
    assert_string_equal(text_of(reply, "status"), "already_registered");
}

static void many_failures(hoot_test_client *client)
{
    assert_int_equal(sign_up(client, "guess@flow.example")->status, 200);
    for (int i = 0; i < 6; i++)
        assert_int_equal(log_in(client, "guess@flow.example", "wrong password")->status, 401);
    assert_int_equal(log_in(client, "guess@flow.example", PASSWORD)->status, 429);
    assert_non_null(hoot_test_reply_header(client, "Retry-After"));
}

/* Logins that are right cost nobody anything, however many there are. */
static void many_right_logins(hoot_test_client *client)
{
    assert_int_equal(sign_up(client, "often@flow.example")->status, 200);
    for (int i = 0; i < 8; i++)
        assert_int_equal(log_in(client, "often@flow.example", PASSWORD)->status, 200);
    for (int i = 0; i < 4; i++)
        assert_int_equal(log_in(client, "often@flow.example", "wrong password")->status, 401);
    assert_int_equal(log_in(client, "often@flow.example", PASSWORD)->status, 200);
    for (int i = 0; i < 4; i++) /* what was before is forgotten */
        assert_int_equal(log_in(client, "often@flow.example", "wrong password")->status, 401);
    assert_int_equal(log_in(client, "often@flow.example", PASSWORD)->status, 200);
}

#define TEST(name, scenario)                                                                                 \
    static void name(void **state)                                                                           \
    {                                                                                                        \
        (void)state;                                                                                         \
        ask(scenario);                                                                                       \
    }

TEST(signs_up_logs_in_answers_and_logs_out, whole_flow)
TEST(names_the_field_at_fault, wrong_fields)
TEST(registers_an_email_once, second_signup)
TEST(slows_down_who_guesses, many_failures)
TEST(does_not_slow_down_who_is_right, many_right_logins)

/* The database and the key are made in the current folder. */
static int enter_own_folder(void **state)
{
    static char folder[] = "/tmp/hooter-routes-XXXXXX";

    (void)state;
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int remove_own_folder(void **state)
{
    static const char *const files[] = { "var/hooter.db", "var/hooter.db-wal", "var/hooter.db-shm",
                                         "var/secret.key" };
    char folder[256];

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlink(files[i]);
    rmdir("var");
    return getcwd(folder, sizeof folder) && chdir("/") == 0 ? rmdir(folder) : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_up_logs_in_answers_and_logs_out),
        cmocka_unit_test(names_the_field_at_fault),
        cmocka_unit_test(registers_an_email_once),
        cmocka_unit_test(slows_down_who_guesses),
        cmocka_unit_test(does_not_slow_down_who_is_right),
    };

    return cmocka_run_group_tests(tests, enter_own_folder, remove_own_folder);
}

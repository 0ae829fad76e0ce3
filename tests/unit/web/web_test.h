/* What the tests of this room share: a test body runs as the task of a loop, with an app and a client, and
 * afterwards nothing is left. */
#ifndef HOOT_TESTS_WEB_TEST_H
#define HOOT_TESTS_WEB_TEST_H

#include <hoot/hoot.h>
#include <hoot/testing.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* An app to test, and what a test does with it. */
typedef struct web_test {
    void (*set_up)(hoot_app *app);
    void (*run)(hoot_test_client *client);
} web_test;

/* Lines logged while a test ran, one behind the other. */
static char web_test_log[16384] HOOT_UNUSED;

static HOOT_UNUSED
void web_test_sink(hoot_log_level level, const char *text, void *user)
{
    size_t len = strlen(web_test_log);

    (void)user;
    if (level >= HOOT_WARNING)
        snprintf(web_test_log + len, sizeof(web_test_log) - len, "%s\n", text);
}

static HOOT_UNUSED
int web_test_task(hoot_error *err, void *arg)
{
    const web_test *test = arg;
    hoot_app *app = hoot_app_new("test", err);
    hoot_test_client *client;

    assert_non_null(app);
    test->set_up(app);
    client = hoot_test_client_new(app, err);
    if (!client)
        fail_msg("the client could not be made: %s", err->text);
    test->run(client);
    hoot_test_client_free(client);
    hoot_app_free(app);
    return 0;
}

static HOOT_UNUSED
void web_test_run(void (*set_up)(hoot_app *app), void (*run)(hoot_test_client *client))
{
    web_test test = { set_up, run };
    hoot_error err = HOOT_ERROR_INIT;

    web_test_log[0] = '\0';
    hoot_log_set_sink(web_test_sink, NULL);
    assert_int_equal(hoot_test_run(web_test_task, &test, &err), 0);
    hoot_log_set_sink(NULL, NULL);
}

/* Registration that must work. */
#define must(call)                                                                                           \
    do {                                                                                                     \
        hoot_error err_ = HOOT_ERROR_INIT;                                                                   \
        int rc_ = (call);                                                                                    \
                                                                                                             \
        if (rc_ < 0)                                                                                         \
            fail_msg("%s: %s", #call, err_.text);                                                            \
    } while (0)

#define assert_status(reply, expected) assert_int_equal((reply)->status, (expected))
#define assert_body(reply, text)       assert_string_equal((reply)->body.ptr, (text))

#endif

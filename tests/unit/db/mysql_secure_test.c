/* TLS that a server does not have, or that somebody between keeps away: what is sent then, and what is not.
 */
#include "mysql_fake.h"

#include <hoot/log.h>

static unsigned lines_about_tls;

static void count_line(hoot_log_level level, const char *text, void *user)
{
    (void)user;
    lines_about_tls += level == HOOT_INFO && strstr(text, "db.example:3306 has no TLS") != NULL;
}

static void begin(fake_talk *talk, fake_run *run, uint32_t capabilities, hoot_sslmode mode)
{
    hoot_error err = HOOT_ERROR_INIT;

    fake_init(talk);
    fake_group(talk, 0, 0);
    fake_greeting(talk, capabilities, "mysql_native_password", true);
    fake_defaults(run, talk);
    run->remote = true;
    run->deadline_ms = 1000;
    run->target.sslmode = mode;
    run->target.ssl_ca = "/etc/ssl/certs/ca-certificates.crt";
    if (mode <= HOOT_SSLMODE_REQUIRED)
        run->target.ssl_ca = "";
    if (access(run->target.ssl_ca, R_OK) < 0)
        run->target.ssl_ca = "";
    if (hoot__mysql_driver.prepare(&run->target, &err) < 0)
        fail_msg("%s", err.text);
}

static void end(fake_talk *talk, fake_run *run)
{
    hoot__mysql_driver.forget(&run->target);
    fake_run_fini(run);
    fake_fini(talk);
}

static bool heard(const fake_run *run, const char *text)
{
    return run->server.heard.len > 0 &&
           memmem(run->server.heard.data, run->server.heard.len, text, strlen(text)) != NULL;
}

static void expect_refused(fake_run *run, int code, const char *text)
{
    fake_hold(run);
    if (run->rc != code || !strstr(run->err.text, text))
        fail_msg("%d: %s", run->rc, run->err.text);
    assert_false(heard(run, "ada"));
}

static void nothing_is_sent_to_a_server_without_tls(void **state)
{
    (void)state;
    for (int mode = HOOT_SSLMODE_REQUIRED; mode <= HOOT_SSLMODE_VERIFY_IDENTITY; mode++) {
        fake_talk talk;
        fake_run run;

        begin(&talk, &run, FAKE_CAPABILITIES, (hoot_sslmode)mode);
        fake_group(&talk, 1, 2);
        FAKE(&talk, FAKE_OK);
        fake_setup(&talk, false);
        expect_refused(&run, HOOT_ECONNECT, "has no TLS");
        assert_int_equal(run.server.heard.len, 0);
        end(&talk, &run);
    }
}

static void preferred_goes_on_without_and_says_so_once(void **state)
{
    fake_talk talk;
    fake_run run;

    (void)state;
    begin(&talk, &run, FAKE_CAPABILITIES, HOOT_SSLMODE_PREFERRED);
    fake_group(&talk, 1, 2);
    FAKE(&talk, FAKE_OK);
    fake_setup(&talk, false);
    lines_about_tls = 0;
    hoot_log_set_sink(count_line, NULL);
    for (int i = 0; i < 3; i++) {
        fake_hold(&run);
        assert_int_equal(run.rc, 0);
    }
    hoot_log_set_sink(NULL, NULL);
    assert_int_equal(lines_about_tls, 1);
    end(&talk, &run);
}

/* Disabled, or preferred where nobody listens: the first packet is the login. */
static void tls_that_is_not_wanted_is_not_asked_for(void **state)
{
    (void)state;
    for (int local = 0; local < 2; local++) {
        fake_talk talk;
        fake_run run;

        begin(&talk, &run, FAKE_CAPABILITIES | HOOT__MY_CAP_SSL,
              local ? HOOT_SSLMODE_PREFERRED : HOOT_SSLMODE_DISABLED);
        fake_group(&talk, 1, 2);
        FAKE(&talk, FAKE_OK);
        fake_setup(&talk, false);
        run.remote = !local;
        fake_hold(&run);
        if (run.rc != 0)
            fail_msg("%s", run.err.text);
        assert_true(heard(&run, "ada"));
        assert_int_equal((uint8_t)run.server.heard.data[4 + 1] & (HOOT__MY_CAP_SSL >> 8), 0);
        end(&talk, &run);
    }
}

/* What comes in clear between greeting and handshake is not the server's word: not even an error is shown. */
static void what_comes_in_clear_behind_the_greeting_is_not_believed(void **state)
{
    const hoot_str injected[] = { HOOT_STR(FAKE_OK), HOOT_STR(FAKE_ERROR),
                                  HOOT_STR("\xfemysql_clear_password\0") };

    (void)state;
    for (size_t i = 0; i < sizeof(injected) / sizeof(injected[0]); i++) {
        for (int mode = HOOT_SSLMODE_PREFERRED; mode <= HOOT_SSLMODE_VERIFY_IDENTITY; mode++) {
            fake_talk talk;
            fake_run run;

            begin(&talk, &run, FAKE_CAPABILITIES | HOOT__MY_CAP_SSL, (hoot_sslmode)mode);
            fake_packet(&talk, injected[i].ptr, injected[i].len); /* in one piece with the greeting */
            run.target.allow_cleartext_password = true;
            expect_refused(&run, HOOT_EPROTOCOL, "in clear");
            assert_null(strstr(run.err.text, "made up"));
            end(&talk, &run);
        }
    }
}

static void an_answer_in_clear_to_the_request_for_tls_is_not_believed(void **state)
{
    const hoot_str answers[] = { HOOT_STR(FAKE_OK), HOOT_STR(FAKE_ERROR) };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        fake_talk talk;
        fake_run run;

        begin(&talk, &run, FAKE_CAPABILITIES | HOOT__MY_CAP_SSL, HOOT_SSLMODE_PREFERRED);
        fake_group(&talk, 1, 2);
        fake_packet(&talk, answers[i].ptr, answers[i].len);
        expect_refused(&run, HOOT_ECONNECT, "mysql db.example:3306");
        assert_null(strstr(run.err.text, "made up"));
        end(&talk, &run);
    }
}

static void the_deadline_covers_the_handshake(void **state)
{
    fake_talk talk;
    fake_run run;

    (void)state;
    begin(&talk, &run, FAKE_CAPABILITIES | HOOT__MY_CAP_SSL, HOOT_SSLMODE_PREFERRED);
    expect_refused(&run, HOOT_ETIMEOUT, "mysql db.example:3306");
    end(&talk, &run);
}

/* --- options that cannot be --- */

#define FINGERPRINT "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef"

static void refuses_options_before_connecting(void **state)
{
    const struct {
        hoot_target target;
        const char *text;
    } cases[] = {
        { { .charset = "latin1" }, "charset" },
        { { .charset = "utf8mb4'" }, "charset" },
        { { .collation = "x; DROP" }, "collation" },
        { { .time_zone = "'" }, "time_zone" },
        { { .sql_mode = "A\\'" }, "sql_mode" },
        { { .tls_min_version = "1.1" }, "tls_min_version" },
        { { .sslmode = HOOT_SSLMODE_PREFERRED, .ssl_fingerprint = FINGERPRINT }, "sslmode=required" },
        { { .sslmode = HOOT_SSLMODE_REQUIRED, .ssl_fingerprint = FINGERPRINT "0" }, "SHA-256" },
        { { .sslmode = HOOT_SSLMODE_REQUIRED, .ssl_fingerprint = "ab:cd" }, "SHA-256" },
        { { .sslmode = HOOT_SSLMODE_REQUIRED, .ssl_fingerprint = ":" FINGERPRINT }, "SHA-256" },
        { { .sslmode = HOOT_SSLMODE_VERIFY_CA, .ssl_ca = "/no/such.pem" }, "/no/such.pem" },
        { { .sslmode = HOOT_SSLMODE_REQUIRED, .ssl_key = "/no/such.pem" }, "certificate" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        hoot_target target = cases[i].target;
        hoot_error err = HOOT_ERROR_INIT;

        assert_int_equal(hoot__mysql_driver.prepare(&target, &err), HOOT_ECONFIG);
        assert_non_null(strstr(err.text, cases[i].text));
        hoot__mysql_driver.forget(&target);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_sent_to_a_server_without_tls),
        cmocka_unit_test(preferred_goes_on_without_and_says_so_once),
        cmocka_unit_test(tls_that_is_not_wanted_is_not_asked_for),
        cmocka_unit_test(what_comes_in_clear_behind_the_greeting_is_not_believed),
        cmocka_unit_test(an_answer_in_clear_to_the_request_for_tls_is_not_believed),
        cmocka_unit_test(the_deadline_covers_the_handshake),
        cmocka_unit_test(refuses_options_before_connecting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

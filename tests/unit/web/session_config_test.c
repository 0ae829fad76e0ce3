/* Options of sessions that must stop the start, and what becomes of the good ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <hoot/app.h>

#include "base/alloc.h"
#include "web/app_internal.h"
#include "web/session_internal.h"

#include <string.h>

static void assert_refuses(const hoot_session_options *options, const char *word)
{
    hoot__session_config *config = NULL;
    hoot_error err = HOOT_ERROR_INIT;

    assert_int_equal(hoot__session_config_new(options, &config, &err), HOOT_ECONFIG);
    assert_null(config);
    assert_int_equal(err.code, HOOT_ECONFIG);
    assert_non_null(strstr(err.text, word));
}

static void refuses_options_that_make_no_cookie(void **state)
{
    static const char *const with_empty[] = { "older", "", NULL };
    static const char *const too_many[] = { "1", "2", "3", "4", "5", "6", "7", "8", "9",
                                            "a", "b", "c", "d", "e", "f", "g", "h", NULL };

    (void)state;
    assert_refuses(&(hoot_session_options){ .secret_key = "k", .cookie_name = "two words" }, "name");
    assert_refuses(&(hoot_session_options){ .secret_key = "k", .cookie_name = "" }, "name");
    assert_refuses(&(hoot_session_options){ .secret_key = "k", .domain = "a;b" }, "domain");
    assert_refuses(&(hoot_session_options){ .secret_key = "k", .same_site = "Maybe" }, "SameSite");
    assert_refuses(
        &(hoot_session_options){ .secret_key = "k", .same_site = "None", .secure = HOOT_SECURE_NEVER },
        "Secure");
    assert_refuses(&(hoot_session_options){ .secret_key = "k", .cookie_name = "__Host-s", .path = "/app" },
                   "__Host-");
    assert_refuses(&(hoot_session_options){ .secret_key = "k", .lifetime_s = -1 }, "lifetime_s");
    assert_refuses(&(hoot_session_options){ .secret_key = "k", .fallback_keys = with_empty },
                   "fallback_keys[1]");
    assert_refuses(&(hoot_session_options){ .secret_key = "k", .fallback_keys = too_many }, "fallback_keys");
}

/* Keys have bytes that say nothing; what they sign tells. */
static void assert_same_key(const hoot__hmac_key *a, const hoot__hmac_key *b)
{
    uint8_t mac_a[HOOT_SHA1_BYTES], mac_b[HOOT_SHA1_BYTES];

    hoot__hmac_key_mac(a, HOOT_STR("text"), mac_a);
    hoot__hmac_key_mac(b, HOOT_STR("text"), mac_b);
    assert_memory_equal(mac_a, mac_b, sizeof(mac_a));
}

static void copies_its_text(void **state)
{
    char key[] = "owl", name[] = "sid", path[] = "/app";
    const hoot_session_options options = { .secret_key = key, .cookie_name = name, .path = path };
    hoot__session_config *config;
    hoot__hmac_key expected;

    (void)state;
    hoot__session_key_init(&expected, HOOT_STR("owl"));
    assert_int_equal(hoot__session_config_new(&options, &config, NULL), 0);
    memset(key, 'x', 3);
    memset(name, 'x', 3);
    memset(path, 'x', 4);
    assert_same_key(config->keys, &expected);
    assert_true(hoot_str_is(config->cookie.name, "sid"));
    assert_true(hoot_str_is(config->cookie.path, "/app"));
    hoot__session_config_free(config);
}

/* The key that Flask derives from "CHANGEME", seen in a signature: computed with Python's hmac. */
static void derives_the_key_as_flask_does(void **state)
{
    static const uint8_t derived[HOOT_SHA1_BYTES] = { 0xe1, 0xb8, 0xbc, 0xac, 0x89, 0xea, 0xd1,
                                                      0x03, 0x01, 0x76, 0x7f, 0x67, 0x02, 0xa3,
                                                      0x44, 0x2d, 0xb9, 0xf1, 0x12, 0x1d };
    hoot__hmac_key key, expected;

    (void)state;
    hoot__session_key_init(&key, HOOT_STR("CHANGEME"));
    hoot__hmac_key_init(&expected, HOOT__SHA1, hoot_str_of(derived, sizeof(derived)));
    assert_same_key(&key, &expected);
}

static void replaces_the_options_of_an_app(void **state)
{
    HOOT_AUTO(hoot_app) app = hoot_app_new("test", NULL);

    (void)state;
    assert_int_equal(hoot_app_sessions(app, &(hoot_session_options){ .secret_key = "a", .path = "/a" }, NULL),
                     0);
    assert_int_equal(hoot_app_sessions(app, &(hoot_session_options){ .secret_key = "b", .path = "/b" }, NULL),
                     0);
    assert_true(hoot_str_is(app->sessions->cookie.path, "/b"));
    assert_int_equal(
        hoot_app_sessions(app, &(hoot_session_options){ .secret_key = "c", .path = "\x01;" }, NULL), 0);
    app->serving = true;
    assert_int_equal(hoot_app_sessions(app, &(hoot_session_options){ .secret_key = "d" }, NULL), HOOT_ESTATE);
    app->serving = false;
    assert_int_equal(hoot_app_sessions(app, &(hoot_session_options){ .secret_key = NULL }, NULL), 0);
    assert_null(app->sessions);
}

static void survives_missing_memory(void **state)
{
    static const char *const older[] = { "x", "y", NULL };
    const hoot_session_options options = { .secret_key = "k", .fallback_keys = older };
    unsigned long n = 0;
    int rc;

    (void)state;
    do {
        hoot__session_config *config = NULL;

        hoot__alloc_fail_next(++n);
        rc = hoot__session_config_new(&options, &config, NULL);
        hoot__alloc_fail_next(0);
        assert_int_equal(rc == 0, config != NULL);
        hoot__session_config_free(config);
    } while (rc < 0);
    assert_true(n > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_options_that_make_no_cookie),
        cmocka_unit_test(copies_its_text),
        cmocka_unit_test(derives_the_key_as_flask_does),
        cmocka_unit_test(replaces_the_options_of_an_app),
        cmocka_unit_test(survives_missing_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

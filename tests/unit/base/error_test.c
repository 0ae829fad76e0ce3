#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <hoot/error.h>
#include <hoot/str.h>
#include <hoot/version.h>

#include <errno.h>
#include <stdio.h>

static void fills_an_error_and_gives_its_code(void **state)
{
    hoot_error err = { .server_code = 1062, .sqlstate = "23000" };

    (void)state;
    assert_int_equal(hoot_error_set(&err, HOOT_EINVAL, "no %s at %d", "owl", 7), HOOT_EINVAL);
    assert_int_equal(hoot_error_code(&err), HOOT_EINVAL);
    assert_string_equal(err.text, "no owl at 7");
    assert_int_equal(err.server_code, 0);
    assert_string_equal(err.sqlstate, "");
}

static void needs_no_error_to_fill(void **state)
{
    (void)state;
    assert_int_equal(hoot_error_set(NULL, -EACCES, "%d", 1), -EACCES);
    assert_int_equal(hoot_error_prefix(NULL, "%d", 1), 0);
    assert_int_equal(hoot_error_code(NULL), 0);
    hoot_error_clear(NULL);
}

static void takes_its_own_text_as_an_argument(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;

    (void)state;
    hoot_error_set(&err, HOOT_EDB, "refused");
    hoot_error_set(&err, HOOT_ECONNLOST, "while closing: %s", err.text);
    assert_string_equal(err.text, "while closing: refused");
}

static void prefixes_and_keeps_the_servers_words(void **state)
{
    hoot_error err = {
        .code = HOOT_EDB, .server_code = 1062, .sqlstate = "23000", .text = "Duplicate entry"
    };

    (void)state;
    assert_int_equal(hoot_error_prefix(&err, "signing %s up", "a user"), HOOT_EDB);
    assert_string_equal(err.text, "signing a user up: Duplicate entry");
    assert_int_equal(err.server_code, 1062);
    assert_string_equal(err.sqlstate, "23000");
}

/* 300 two-byte letters behind 0 or 1 ASCII ones: the cut falls inside a letter for one of the two. */
static void cuts_long_text_between_characters(void **state)
{
    char text[602];

    (void)state;
    for (int i = 0; i < 600; i += 2)
        memcpy(text + i, "\xc3\xa9", 2);
    text[600] = '\0';
    for (int shift = 0; shift < 2; shift++) {
        hoot_error err = HOOT_ERROR_INIT;

        hoot_error_set(&err, HOOT_EDB, "%.*s%s", shift, "x", text);
        assert_int_equal(strlen(err.text), shift ? 255 : 254);
        assert_true(hoot_str_is_utf8(hoot_str_from(err.text)));
        hoot_error_prefix(&err, "%s", text);
        assert_int_equal(strlen(err.text), 255); /* 254 of the prefix, and its colon */
        assert_true(hoot_str_is_utf8(hoot_str_from(err.text)));
    }
}

static void knows_our_codes_and_the_systems(void **state)
{
    (void)state;
    assert_string_equal(hoot_error_name(HOOT_ETIMEOUT), "HOOT_ETIMEOUT");
    assert_string_equal(hoot_error_text(HOOT_ETIMEOUT), "the deadline passed");
    assert_int_equal(hoot_error_status(HOOT_ETIMEOUT), 503);
    assert_int_equal(hoot_error_status(HOOT_EDUPLICATE), 409);
    assert_string_equal(hoot_error_name(-EACCES), "EACCES");
    assert_string_equal(hoot_error_text(-EACCES), "Permission denied");
    assert_int_equal(hoot_error_status(-EACCES), 500);
}

static void has_an_answer_for_numbers_that_are_no_code(void **state)
{
    const int numbers[] = { 0, 1, -4000, -5000, -123456, INT32_MIN };

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        assert_string_equal(hoot_error_name(numbers[i]), "unknown");
        assert_string_equal(hoot_error_text(numbers[i]), numbers[i] ? "unknown error" : "no error");
        assert_int_equal(hoot_error_status(numbers[i]), 500);
    }
}

static void codes_are_distinct_and_no_errno(void **state)
{
    const int codes[] = {
#define X(name, number, text, status) number,
        HOOT_ERROR_TABLE(X)
#undef X
    };

    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        assert_true(codes[i] < -4095);
        for (size_t other = 0; other < i; other++)
            assert_int_not_equal(codes[i], codes[other]);
    }
}

static void version_is_that_of_the_headers(void **state)
{
    char expected[32];

    (void)state;
    snprintf(expected, sizeof(expected), "%d.%d.%d", HOOT_VERSION_MAJOR, HOOT_VERSION_MINOR,
             HOOT_VERSION_PATCH);
    assert_string_equal(hoot_version(), expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_an_error_and_gives_its_code),
        cmocka_unit_test(needs_no_error_to_fill),
        cmocka_unit_test(takes_its_own_text_as_an_argument),
        cmocka_unit_test(prefixes_and_keeps_the_servers_words),
        cmocka_unit_test(cuts_long_text_between_characters),
        cmocka_unit_test(knows_our_codes_and_the_systems),
        cmocka_unit_test(has_an_answer_for_numbers_that_are_no_code),
        cmocka_unit_test(codes_are_distinct_and_no_errno),
        cmocka_unit_test(version_is_that_of_the_headers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

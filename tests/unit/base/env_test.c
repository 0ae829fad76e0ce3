#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <hoot/env.h>
#include <hoot/str.h>

#include "base/alloc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char path[64];

/* A file with these bytes at `path`, for the length of one test. */
static void write_file(const char *bytes, size_t len)
{
    int fd;

    strcpy(path, "/tmp/hoot-env-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), len);
    close(fd);
}

static int clean(void **state)
{
    const char *names[] = { "T_A", "T_B", "T_C", "T_D", "T_E", "T_F", "T_G" };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unsetenv(names[i]);
    if (path[0])
        unlink(path);
    path[0] = '\0';
    return 0;
}

static int load(const char *text, hoot_error *err)
{
    write_file(text, strlen(text));
    return hoot_env_load(path, err);
}

static void unset_and_empty_are_the_same(void **state)
{
    (void)state;
    assert_null(hoot_env("T_A"));
    setenv("T_A", "", 1);
    assert_null(hoot_env("T_A"));
    assert_string_equal(hoot_env_or("T_A", "owl"), "owl");
    setenv("T_A", "x", 1);
    assert_string_equal(hoot_env("T_A"), "x");
    assert_string_equal(hoot_env_or("T_A", "owl"), "x");
}

static void numbers_are_checked_against_their_range(void **state)
{
    const char *wrong[] = { "0", "65536", "80a", " 80", "8.0", "-1", "99999999999999999999" };
    hoot_error err = HOOT_ERROR_INIT;
    int64_t number = 7;

    (void)state;
    assert_int_equal(hoot_env_int("T_A", 1, 65535, 8800, &number, &err), 0);
    assert_int_equal(number, 8800);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        setenv("T_A", wrong[i], 1);
        assert_int_equal(hoot_env_int("T_A", 1, 65535, 8800, &number, &err), HOOT_ECONFIG);
        assert_non_null(strstr(err.text, "T_A"));
        assert_non_null(strstr(err.text, wrong[i]));
        assert_non_null(strstr(err.text, "1 to 65535"));
    }
    assert_int_equal(number, 8800);
    setenv("T_A", "65535", 1);
    assert_int_equal(hoot_env_int("T_A", 1, 65535, 8800, &number, NULL), 0);
    assert_int_equal(number, 65535);
}

static void understands_every_form_of_a_line(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;

    (void)state;
    assert_int_equal(load("\xef\xbb\xbf# a comment\n"
                          "\n"
                          "T_A=plain text # and a comment\r\n"
                          "  export T_B = 'as it \\n stands # ' # comment\n"
                          "T_C=\"line\\none\\ttab \\\"quoted\\\" back\\\\slash # here\"\n"
                          "T_D=\n"
                          "T_E=a=b#c\n"
                          "export\tT_F=\"\"\n"
                          "T_G=last",
                          &err),
                     0);
    assert_string_equal(getenv("T_A"), "plain text");
    assert_string_equal(getenv("T_B"), "as it \\n stands # ");
    assert_string_equal(getenv("T_C"), "line\none\ttab \"quoted\" back\\slash # here");
    assert_string_equal(getenv("T_D"), "");
    assert_string_equal(getenv("T_E"), "a=b#c");
    assert_string_equal(getenv("T_F"), "");
    assert_string_equal(getenv("T_G"), "last");
}

static void what_is_set_wins(void **state)
{
    (void)state;
    setenv("T_A", "before", 1);
    assert_int_equal(load("T_A=file\nT_B=first\nT_B=second\n", NULL), 0);
    assert_string_equal(getenv("T_A"), "before");
    assert_string_equal(getenv("T_B"), "first");
}

static void names_the_line_that_is_wrong_but_not_its_words(void **state)
{
    const char *wrong[] = { "sesame",           "=sesame",        "1A=sesame",
                            "T-A=sesame",       "T_A=\"sesame",   "T_A='sesame",
                            "T_A=\"sesame\" x", "T_A='sesame'x",  "T_A=\"sesame\\q\"",
                            "T_A=\"sesame\\",   "export =sesame", "T A=sesame" };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        hoot_error err = HOOT_ERROR_INIT;
        char text[100], place[80];

        snprintf(text, sizeof(text), "\n# two\n%s\nT_B=x\n", wrong[i]);
        assert_int_equal(load(text, &err), HOOT_ECONFIG);
        snprintf(place, sizeof(place), "%s:3: ", path);
        assert_memory_equal(err.text, place, strlen(place));
        assert_null(strstr(err.text, "sesame"));
        assert_null(getenv("T_B"));
        clean(NULL);
    }
}

static void refuses_a_nul_byte(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;

    (void)state;
    write_file("T_A=a\0b\n", 8);
    assert_int_equal(hoot_env_load(path, &err), HOOT_ECONFIG);
    assert_null(getenv("T_A"));
}

static void says_why_a_file_cannot_be_read(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;

    (void)state;
    assert_int_equal(hoot_env_load("/tmp/hoot-there-is-no-such-file", &err), -ENOENT);
    assert_string_equal(err.text, "cannot read /tmp/hoot-there-is-no-such-file: No such file or directory");
    assert_int_equal(hoot_env_load("/tmp", &err), -EISDIR);
}

static void refuses_a_file_without_end(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;

    (void)state;
    assert_int_equal(hoot_env_load("/dev/zero", &err), HOOT_ECONFIG);
    assert_non_null(strstr(err.text, "64 KiB"));
}

static void survives_missing_memory(void **state)
{
    unsigned long n = 0;
    int rc;

    (void)state;
    write_file("T_A=plain\nT_B=\"double\"\nT_C='single'\n", 36);
    do {
        hoot_error err = HOOT_ERROR_INIT;

        assert_in_range(++n, 1, 100);
        hoot__alloc_fail_next(n);
        rc = hoot_env_load(path, &err);
        hoot__alloc_fail_next(0);
        assert_int_equal(err.code, rc);
        assert_true(rc == 0 || rc == HOOT_ENOMEM);
    } while (rc < 0);
    /* Two for the file, a value, a name and a copy for each line; the next fails nothing. */
    assert_int_equal(n, 2 + 3 * 3 + 1);
    assert_string_equal(getenv("T_C"), "single");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(unset_and_empty_are_the_same, clean),
        cmocka_unit_test_teardown(numbers_are_checked_against_their_range, clean),
        cmocka_unit_test_teardown(understands_every_form_of_a_line, clean),
        cmocka_unit_test_teardown(what_is_set_wins, clean),
        cmocka_unit_test_teardown(names_the_line_that_is_wrong_but_not_its_words, clean),
        cmocka_unit_test_teardown(refuses_a_nul_byte, clean),
        cmocka_unit_test_teardown(says_why_a_file_cannot_be_read, clean),
        cmocka_unit_test_teardown(refuses_a_file_without_end, clean),
        cmocka_unit_test_teardown(survives_missing_memory, clean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Reading Cookie headers, those of RFC 6265 and those that browsers really send. */
#include "http/message.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void assert_cookie(const char *header, const char *name, const char *expected)
{
    hoot_str value = HOOT_STR("untouched");
    bool found = hoot__cookie_find(hoot_str_from(header), hoot_str_from(name), &value);

    assert_true(found == (expected != NULL));
    assert_true(hoot_str_is(value, expected ? expected : "untouched"));
}

static void finds_by_name(void **state)
{
    (void)state;
    assert_cookie("a=1; session=abc.def-g; b=2", "session", "abc.def-g");
    assert_cookie("a=1;session=x;b=2", "session", "x");
    assert_cookie("session=", "session", "");
    assert_cookie("session=a=b==", "session", "a=b==");
    assert_cookie("", "session", NULL);
    assert_cookie("sessions=1; xsession=2; session2=3", "session", NULL);
    assert_cookie("Session=1", "session", NULL);
}

static void takes_the_first_of_a_name(void **state)
{
    (void)state;
    assert_cookie("a=1; a=2; a=3", "a", "1");
    assert_cookie("a=; a=2", "a", "");
}

static void drops_quotes_around_a_value(void **state)
{
    (void)state;
    assert_cookie("a=\"x y\"", "a", "x y");
    assert_cookie("a=\"\"", "a", "");
    assert_cookie("a=\"", "a", "\"");
    assert_cookie("a=\"x", "a", "\"x");
    assert_cookie("a=x\"y\"", "a", "x\"y\"");
    assert_cookie("a=\"x\\\"y\"", "a", "x\\\"y");
}

static void decodes_nothing(void **state)
{
    (void)state;
    assert_cookie("a=%41+b", "a", "%41+b");
}

/* Other sites on the domain set cookies too; none of theirs may hide ours. */
static void steps_over_malformed_neighbours(void **state)
{
    (void)state;
    assert_cookie("flag; session=x", "session", "x");
    assert_cookie(";;; session=x ;;", "session", "x");
    assert_cookie("=nameless; session=x", "session", "x");
    assert_cookie("theme={\"a\":1,\"b\":[2]}; session=x", "session", "x");
    assert_cookie("bad=\"open; session=x", "session", "x");
    assert_cookie("caf\xc3\xa9=\xff\xfe; session=x", "session", "x");
    assert_cookie("a=\x01\x02; session=x", "session", "x");
    assert_cookie("$Version=1; session=x; $Path=/", "session", "x");
    assert_cookie(" \tsession \t=\t x \t", "session", "x");
    assert_cookie("session", "session", NULL);
}

/* As browsers do: a quoted ';' ends the cookie all the same (RFC 6265 section 5.2), so nobody can wrap
 * another cookie in quotes. */
static void splits_at_semicolons_inside_quotes(void **state)
{
    (void)state;
    assert_cookie("a=\"x; session=y\"", "session", "y\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_by_name),
        cmocka_unit_test(takes_the_first_of_a_name),
        cmocka_unit_test(drops_quotes_around_a_value),
        cmocka_unit_test(decodes_nothing),
        cmocka_unit_test(steps_over_malformed_neighbours),
        cmocka_unit_test(splits_at_semicolons_inside_quotes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

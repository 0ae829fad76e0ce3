/* Query strings and urlencoded forms. Expected values: Python's urllib.parse.parse_qsl with blank values
 * kept, and the URL standard's parser. */
#include "http/message.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static hoot_arena *arena;
static hoot__pairs pairs;

static int open_arena(void **state)
{
    (void)state;
    arena = hoot_arena_new(0);
    return arena ? 0 : -1;
}

static int close_arena(void **state)
{
    (void)state;
    hoot_arena_free(arena);
    return 0;
}

static int parse(const char *text)
{
    pairs = (hoot__pairs){ NULL, 77 };
    return hoot__pairs_parse(arena, hoot_str_from(text), 5, &pairs);
}

/* `expected`: name and value of each, in turn. */
static void assert_pairs(const char *text, size_t count, const char *const *expected)
{
    assert_int_equal(parse(text), 0);
    assert_int_equal(pairs.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(pairs.at[i].name.ptr, expected[2 * i]);
        assert_string_equal(pairs.at[i].value.ptr, expected[2 * i + 1]);
        assert_int_equal(pairs.at[i].name.len, strlen(expected[2 * i]));
        assert_int_equal(pairs.at[i].value.len, strlen(expected[2 * i + 1]));
    }
}

#define PAIRS(text, count, ...) assert_pairs(text, count, (const char *const[]){ __VA_ARGS__ })

static void splits_and_decodes(void **state)
{
    (void)state;
    PAIRS("a=1&b=2", 2, "a", "1", "b", "2");
    PAIRS("q=a+b&c=%2B", 2, "q", "a b", "c", "+");
    PAIRS("name=caf%C3%A9", 1, "name", "caf\xc3\xa9");
    PAIRS("email=owl%40example.org&password=p%26%3D%2Bw", 2, "email", "owl@example.org", "password", "p&=+w");
}

static void keeps_blank_values_and_repeated_names_in_order(void **state)
{
    (void)state;
    PAIRS("a=&b", 2, "a", "", "b", "");
    PAIRS("=x", 1, "", "x");
    PAIRS("a=1&b=2&a=3", 3, "a", "1", "b", "2", "a", "3");
    PAIRS("a=b=c==", 1, "a", "b=c==");
    PAIRS("a=1;b=2", 1, "a", "1;b=2");
}

static void steps_over_empty_parts(void **state)
{
    (void)state;
    PAIRS("&&a=1&&b=2&", 2, "a", "1", "b", "2");
    assert_int_equal(parse("&&&&&&&&&&"), 0);
    assert_int_equal(pairs.count, 0);
    assert_int_equal(parse(""), 0);
    assert_int_equal(pairs.count, 0);
}

static void splits_before_it_decodes_and_decodes_once(void **state)
{
    (void)state;
    PAIRS("a%3Db=c%26d&e%26f=g%3Dh", 2, "a=b", "c&d", "e&f", "g=h");
    PAIRS("a=%2541&%2526=x", 2, "a", "%41", "%26", "x");
}

static void refuses_what_does_not_decode(void **state)
{
    static const char *const bad[] = { "a=%",       "a=%4",  "a=%zz",    "%=a",    "a=%4&1=2",
                                       "a=1&b=%00", "a=%ff", "a=%c0%80", "a=\xff", "a%=1" };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(parse(bad[i]), HOOT_EBADINPUT);
        assert_int_equal(pairs.count, 77);
    }
    assert_int_equal(hoot__pairs_parse(arena, HOOT_STR("a=\0b"), 5, &pairs), HOOT_EBADINPUT);
}

static void bounds_the_number_of_pairs(void **state)
{
    (void)state;
    assert_int_equal(parse("a&b&c&d&e"), 0);
    assert_int_equal(pairs.count, 5);
    assert_int_equal(parse("a&b&c&d&e&f"), HOOT_ELIMIT);
}

static void tells_when_the_arena_is_spent(void **state)
{
    HOOT_AUTO(hoot_arena) small = hoot_arena_new(16);

    (void)state;
    assert_non_null(small);
    assert_int_equal(hoot__pairs_parse(small, HOOT_STR("a=1&b=2"), 5, &pairs), HOOT_ENOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_and_decodes),
        cmocka_unit_test(keeps_blank_values_and_repeated_names_in_order),
        cmocka_unit_test(steps_over_empty_parts),
        cmocka_unit_test(splits_before_it_decodes_and_decodes_once),
        cmocka_unit_test(refuses_what_does_not_decode),
        cmocka_unit_test(bounds_the_number_of_pairs),
        cmocka_unit_test(tells_when_the_arena_is_spent),
    };

    return cmocka_run_group_tests(tests, open_arena, close_arena);
}

/* Percent-encoding. Expected values: RFC 3986, and Python's urllib.parse.quote/unquote. */
#include "http/message.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static hoot_arena *arena;

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

static void assert_decodes(const char *text, bool plus, const char *expected)
{
    hoot_str out = HOOT_STR("untouched");

    assert_int_equal(hoot__percent_decode(arena, hoot_str_from(text), plus, true, &out), 0);
    assert_true(hoot_str_is(out, expected));
}

static void assert_refused(hoot_str text, bool utf8)
{
    hoot_str out = HOOT_STR("untouched");

    assert_int_equal(hoot__percent_decode(arena, text, false, utf8, &out), HOOT_EBADINPUT);
    assert_true(hoot_str_is(out, "untouched"));
}

static void decodes(void **state)
{
    (void)state;
    assert_decodes("/a%20b%2Fc%2f", false, "/a b/c/");
    assert_decodes("caf%C3%A9%e2%82%ac%F0%9F%A6%89", false, "caf\xc3\xa9\xe2\x82\xac\xf0\x9f\xa6\x89");
    assert_decodes("a+b%2B", false, "a+b+");
    assert_decodes("a+b%2B", true, "a b+");
    assert_decodes("%0D%0A%7f", false, "\r\n\x7f");
    assert_decodes("", false, "");
}

static void decodes_once(void **state)
{
    (void)state;
    assert_decodes("%252e%252E%252f", false, "%2e%2E%2f");
    assert_decodes("%2525", false, "%25");
    assert_decodes("%25+", true, "% ");
}

static void gives_the_input_itself_when_there_is_nothing_to_decode(void **state)
{
    static const char text[] = "/plain+text";
    hoot_str out;

    (void)state;
    assert_int_equal(hoot__percent_decode(arena, hoot_str_from(text), false, true, &out), 0);
    assert_ptr_equal(out.ptr, text);
    assert_int_equal(hoot__percent_decode(arena, hoot_str_from(text), true, true, &out), 0);
    assert_ptr_not_equal(out.ptr, text);
    assert_string_equal(out.ptr, "/plain text");
}

static void refuses_percent_without_two_hex_digits(void **state)
{
    static const char *const bad[] = { "%",   "100%", "%4",  "a%4", "%zz",   "%4g",
                                       "%g4", "% 41", "%+1", "%-1", "%0x41", "%%41" };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_refused(hoot_str_from(bad[i]), false);
    assert_refused(hoot_str_of("%41", 2), false);
}

static void refuses_nul_in_every_way(void **state)
{
    (void)state;
    assert_refused(HOOT_STR("a%00b"), false);
    assert_refused(HOOT_STR("a\0b"), false);
    assert_refused(HOOT_STR("a\0b%20"), false);
}

/* RFC 3629 section 10: overlong forms are how checks on '/' and '.' were walked around. */
static void refuses_what_is_not_utf8_when_asked(void **state)
{
    static const char *const bad[] = { "%C0%AF",    "%E0%80%AF",    "%F0%80%80%AF", "%C0%80",
                                       "%ED%A0%80", "%F4%90%80%80", "%E2%82",       "%80",
                                       "%FF",       "caf%E9",       "caf\xe9",      "\xc0\xaf" };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        hoot_str out;

        assert_refused(hoot_str_from(bad[i]), true);
        assert_int_equal(hoot__percent_decode(arena, hoot_str_from(bad[i]), false, false, &out), 0);
    }
}

static void encodes(void **state)
{
    hoot_buf out;

    (void)state;
    hoot_buf_init(&out, 256);
    assert_int_equal(hoot__percent_encode(&out, HOOT_STR("/a b+c/\xc3\xa9~-._%\0&="), true), 0);
    assert_true(hoot_str_is(hoot_buf_str(&out), "/a%20b%2Bc/%C3%A9~-._%25%00%26%3D"));
    hoot_buf_clear(&out);
    assert_int_equal(hoot__percent_encode(&out, HOOT_STR("a/b"), false), 0);
    assert_true(hoot_str_is(hoot_buf_str(&out), "a%2Fb"));
    hoot_buf_fini(&out);
}

static void leaves_the_buffer_as_it_was_when_there_is_no_room(void **state)
{
    hoot_buf out;

    (void)state;
    hoot_buf_init(&out, 8);
    hoot_buf_add_str(&out, HOOT_STR("abc"));
    assert_int_equal(hoot__percent_encode(&out, HOOT_STR("xy\xff"), false), 0);
    assert_int_equal(hoot__percent_encode(&out, HOOT_STR("z"), false), HOOT_ELIMIT);
    assert_true(hoot_str_is(hoot_buf_str(&out), "abcxy%FF"));
    hoot_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes),
        cmocka_unit_test(decodes_once),
        cmocka_unit_test(gives_the_input_itself_when_there_is_nothing_to_decode),
        cmocka_unit_test(refuses_percent_without_two_hex_digits),
        cmocka_unit_test(refuses_nul_in_every_way),
        cmocka_unit_test(refuses_what_is_not_utf8_when_asked),
        cmocka_unit_test(encodes),
        cmocka_unit_test(leaves_the_buffer_as_it_was_when_there_is_no_room),
    };

    return cmocka_run_group_tests(tests, open_arena, close_arena);
}

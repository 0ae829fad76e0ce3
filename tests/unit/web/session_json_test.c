/* Taking a session's JSON apart and putting it together again: Python's json module says what is JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "unit/web/session_vectors.h"
#include "web/session_internal.h"

#include <stdio.h>

static hoot_arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = hoot_arena_new(0);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    hoot_arena_free(arena);
    return 0;
}

static int scan(const char *json, hoot__session_members *out)
{
    return hoot__session_scan(arena, hoot_str_from(json), out);
}

static void assert_member(const hoot__session_members *members, size_t index, const char *name,
                          const char *json)
{
    assert_true(index < members->count);
    assert_true(hoot_str_is(members->at[index].name, name));
    assert_true(hoot_str_is(members->at[index].json, json));
}

static void notes_each_member_as_it_stands(void **state)
{
    hoot__session_members members;

    (void)state;
    assert_int_equal(scan(" { \"a\" : [1, {\"b\":2}] ,\"\":-0.5e+10\n, \"c\":\"x\\\"}\" } ", &members), 0);
    assert_int_equal(members.count, 3);
    assert_member(&members, 0, "a", "[1, {\"b\":2}]");
    assert_member(&members, 1, "", "-0.5e+10");
    assert_member(&members, 2, "c", "\"x\\\"}\"");
}

static void resolves_escapes_in_names(void **state)
{
    hoot__session_members members;

    (void)state;
    assert_int_equal(scan("{\"\\u00e9\\ud83e\\uDD89\\n\\\"\\/\":1}", &members), 0);
    assert_member(&members, 0, "é\U0001f989\n\"/", "1");
    assert_true(hoot_str_is(members.at[0].quoted, "\"\\u00e9\\ud83e\\uDD89\\n\\\"\\/\""));
    assert_int_equal(scan("{\"\\ud83e\":1,\"\\udd89\":2,\"\\ud83e\\u0041\":3}", &members), 0);
    assert_int_equal(members.count, 3); /* lone surrogates stay apart */
    assert_int_equal(members.at[2].name.len, 4);
}

static void takes_the_last_of_members_with_one_name(void **state)
{
    hoot__session_members members;

    (void)state;
    assert_int_equal(scan("{\"a\":1,\"b\":2,\"\\u0061\":3}", &members), 0);
    assert_int_equal(members.count, 2);
    assert_member(&members, 0, "a", "3");
    assert_member(&members, 1, "b", "2");
}

static void takes_all_that_python_writes(void **state)
{
    static const char *const values[] = { "0",
                                          "-0",
                                          "1e+16",
                                          "5e-324",
                                          "12345678901234567890123",
                                          "NaN",
                                          "true",
                                          "false",
                                          "null",
                                          "Infinity",
                                          "-Infinity",
                                          "\"\\ud800\"",
                                          "[]",
                                          "{}",
                                          "[[],{}]",
                                          "\"\\u0000\"",
                                          "\"\x7f\"",
                                          "{\"a\":{\"a\":[]}}" };
    hoot__session_members members;
    char json[100];

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        snprintf(json, sizeof(json), "{\"v\":%s}", values[i]);
        assert_int_equal(scan(json, &members), 0);
        assert_member(&members, 0, "v", values[i]);
    }
}

static void refuses_what_is_no_json_object(void **state)
{
    static const char *const texts[] = {
        "",
        "[]",
        "1",
        "{",
        "}",
        "{}}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":1 2}",
        "{\"a\":01}",
        "{\"a\":+1}",
        "{\"a\":1.}",
        "{\"a\":.5}",
        "{\"a\":1e}",
        "{\"a\":-}",
        "{\"a\":tru}",
        "{\"a\":[1,]}",
        "{\"a\":[1}",
        "{\"a\":{1}}",
        "{\"a\":\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12g4\"}",
        "{\"a\":\"\\u12\"}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\xff\"}",
        "{\"a\":1} x",
        "{\"a\":-NaN}",
        "{\"a\":\"\\",
        "{\"a\":1,\"b\"}",
    };
    hoot__session_members members;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(scan(texts[i], &members), HOOT_EBADINPUT);
}

static void refuses_every_beginning_of_a_session(void **state)
{
    hoot__session_members members;

    (void)state;
    for (size_t i = 0; i < sizeof(session_vectors) / sizeof(session_vectors[0]); i++) {
        hoot_str whole = hoot_str_from(session_vectors[i].json);

        for (size_t len = 0; len < whole.len; len++)
            assert_int_equal(hoot__session_scan(arena, hoot_str_head(whole, len), &members), HOOT_EBADINPUT);
    }
}

static int scan_nested(size_t levels)
{
    hoot__session_members members;
    hoot_buf json;
    int rc;

    hoot_buf_init(&json, 10000);
    hoot_buf_add_str(&json, HOOT_STR("{\"a\":"));
    for (size_t i = 0; i < levels; i++)
        hoot_buf_add_byte(&json, '[');
    for (size_t i = 0; i < levels; i++)
        hoot_buf_add_byte(&json, ']');
    hoot_buf_add_byte(&json, '}');
    rc = hoot__session_scan(arena, hoot_buf_str(&json), &members);
    hoot_buf_fini(&json);
    return rc;
}

static void bounds_the_depth(void **state)
{
    (void)state;
    assert_int_equal(scan_nested(HOOT__SESSION_MAX_DEPTH - 1), 0);
    assert_int_equal(scan_nested(HOOT__SESSION_MAX_DEPTH), HOOT_ELIMIT);
    assert_int_equal(scan_nested(4000), HOOT_ELIMIT);
}

static int scan_members(size_t count)
{
    hoot__session_members members;
    hoot_buf json;
    int rc;

    hoot_buf_init(&json, 100000);
    for (size_t i = 0; i < count; i++)
        hoot_buf_printf(&json, "%c\"m%zu\":%zu", i ? ',' : '{', i, i);
    hoot_buf_add_byte(&json, '}');
    rc = hoot__session_scan(arena, hoot_buf_str(&json), &members);
    if (rc == 0)
        assert_int_equal(members.count, count);
    hoot_buf_fini(&json);
    return rc;
}

static void bounds_the_number_of_members(void **state)
{
    (void)state;
    assert_int_equal(scan_members(HOOT__SESSION_MAX_MEMBERS), 0);
    assert_int_equal(scan_members(HOOT__SESSION_MAX_MEMBERS + 1), HOOT_ELIMIT);
}

static void writes_back_what_it_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(session_vectors) / sizeof(session_vectors[0]); i++) {
        hoot__session_members members;
        hoot_buf json;

        hoot_buf_init(&json, 10000);
        assert_int_equal(hoot__session_read(arena, hoot_str_from(session_vectors[i].json), &members), 0);
        assert_int_equal(hoot__session_write(&json, &members), 0);
        assert_true(hoot_str_is(hoot_buf_str(&json), session_vectors[i].json));
        hoot_buf_fini(&json);
    }
}

static void reads_a_session_that_is_tagged_itself(void **state)
{
    hoot__session_members members;

    (void)state;
    assert_int_equal(hoot__session_read(arena, HOOT_STR("{\" di\":{\" u__\":[1]}}"), &members), 0);
    assert_int_equal(members.count, 1);
    assert_member(&members, 0, " u", "[1]");
    assert_true(hoot_str_is(members.at[0].quoted, "\" u\""));
}

static void refuses_tags_that_are_no_session(void **state)
{
    static const char *const texts[] = { "{\" t\":[]}",
                                         "{\" m\":\"x\"}",
                                         "{\" di\":1}",
                                         "{\" di\":{}}",
                                         "{\" di\":{\" t\":1}}",
                                         "{\" di\":{\"a__\":1}}",
                                         "{\" di\":{\" t__\":1,\"b\":2}}" };
    hoot__session_members members;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(hoot__session_read(arena, hoot_str_from(texts[i]), &members), HOOT_EBADINPUT);
}

static void keeps_the_order_when_one_is_dropped(void **state)
{
    hoot__session_members members;

    (void)state;
    assert_int_equal(scan("{\"a\":1,\"b\":2,\"c\":3}", &members), 0);
    hoot__session_drop(&members, hoot__session_find(&members, HOOT_STR("b")));
    assert_int_equal(members.count, 2);
    assert_member(&members, 0, "a", "1");
    assert_member(&members, 1, "c", "3");
    assert_null(hoot__session_find(&members, HOOT_STR("b")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(notes_each_member_as_it_stands, set_up, tear_down),
        cmocka_unit_test_setup_teardown(resolves_escapes_in_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(takes_the_last_of_members_with_one_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(takes_all_that_python_writes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_what_is_no_json_object, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_every_beginning_of_a_session, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bounds_the_depth, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bounds_the_number_of_members, set_up, tear_down),
        cmocka_unit_test_setup_teardown(writes_back_what_it_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_a_session_that_is_tagged_itself, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_tags_that_are_no_session, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keeps_the_order_when_one_is_dropped, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Flask's tags: what each is read as, and which values need one when they are written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "web/session_internal.h"

#include <hoot/json.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static json_t *untagged(const char *tagged)
{
    json_t *value = json_loads(tagged, JSON_DECODE_ANY, NULL);

    assert_non_null(value);
    return hoot__session_untag(value);
}

static void assert_reads(const char *tagged, const char *plain)
{
    json_t *value = untagged(tagged);
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

    assert_non_null(text);
    assert_string_equal(text, plain);
    free(text);
    json_decref(value);
}

static void reads_every_tag(void **state)
{
    (void)state;
    assert_reads("{\" t\":[1,\"a\",[]]}", "[1,\"a\",[]]");
    assert_reads("{\" b\":\"AP/+\"}", "{\" b\":\"AP/+\"}");
    assert_reads("{\" m\":\"<b>x</b>\"}", "\"<b>x</b>\"");
    assert_reads("{\" u\":\"123456781234567890ab1234567890ab\"}", "\"12345678-1234-5678-90ab-1234567890ab\"");
    assert_reads("{\" d\":\"Mon, 23 Feb 2026 10:00:05 GMT\"}", "\"Mon, 23 Feb 2026 10:00:05 GMT\"");
    assert_reads("{\" di\":{\" t__\":[1]}}", "{\" t\":[1]}");
}

static void reads_tags_within_tags(void **state)
{
    (void)state;
    assert_reads("[{\" t\":[{\" t\":[]},{\" m\":\"x\"}]}]", "[[[],\"x\"]]");
    assert_reads("{\"a\":{\"b\":{\" u\":\"123456781234567890ab1234567890ab\"}}}",
                 "{\"a\":{\"b\":\"12345678-1234-5678-90ab-1234567890ab\"}}");
    assert_reads("{\" di\":{\" di__\":{\" di\":{\" b__\":\"no\"}}}}", "{\" di\":{\" b\":\"no\"}}");
    assert_reads("{\" di\":{\" m__\":{\" m\":\"x\"}}}", "{\" m\":\"x\"}");
}

static void leaves_alone_what_is_no_tag(void **state)
{
    (void)state;
    assert_reads("{\" t\":[1],\"more\":2}", "{\" t\":[1],\"more\":2}");
    assert_reads("{\"t\":[1]}", "{\"t\":[1]}");
    assert_reads("{\" x\":[1]}", "{\" x\":[1]}");
    assert_reads("{\" t__\":[1]}", "{\" t__\":[1]}");
    assert_reads("{}", "{}");
    assert_reads("[1.5,null,true]", "[1.5,null,true]");
}

static void refuses_tags_that_hold_something_else(void **state)
{
    static const char *const texts[] = { "{\" t\":1}",
                                         "{\" b\":1}",
                                         "{\" m\":null}",
                                         "{\" u\":\"12\"}",
                                         "{\" u\":\"g23456781234567890ab1234567890ab\"}",
                                         "{\" d\":5}",
                                         "{\" di\":[]}",
                                         "{\" di\":{}}",
                                         "{\" di\":{\"a\":1}}",
                                         "{\" di\":{\"a__\":1}}",
                                         "{\" di\":{\" t__\":1,\" b__\":2}}",
                                         "[[{\" t\":1}]]" };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_null(untagged(texts[i]));
}

static void assert_writes(hoot_value value, const char *json)
{
    hoot_buf out;

    hoot_buf_init(&out, 10000);
    assert_int_equal(hoot__session_write_value(&out, &value), 0);
    assert_int_equal(hoot_buf_add_byte(&out, '\0'), 0);
    assert_string_equal(out.data, json);
    hoot_buf_fini(&out);
}

static void writes_scalars_as_python_does(void **state)
{
    (void)state;
    assert_writes(HOOT_VALUE("user_17"), "\"user_17\"");
    assert_writes(HOOT_VALUE("Zoë \U0001f989 \" \\ / \x7f\n"),
                  "\"Zo\\u00eb \\ud83e\\udd89 \\\" \\\\ / \\u007f\\n\"");
    assert_writes(HOOT_VALUE(-7), "-7");
    assert_writes(HOOT_VALUE(UINT64_MAX), "18446744073709551615");
    assert_writes(HOOT_VALUE(0.1), "0.1");
    assert_writes(HOOT_VALUE(3.0), "3.0");
    assert_writes(HOOT_VALUE(1e16), "1e+16");
    assert_writes(hoot_value_bool(true), "true");
    assert_writes(hoot_value_null(), "null");
    assert_writes(hoot_value_decimal(HOOT_STR("-12.340")), "\"-12.340\"");
}

static void writes_bytes_and_datetimes_with_their_tags(void **state)
{
    hoot_time time = { .year = 2026, .month = 2, .day = 23, .hour = 10, .second = 5, .microsecond = 500000 };

    (void)state;
    assert_writes(hoot_value_bytes(hoot_str_of("\0\xff\xfe owl", 7)), "{\" b\":\"AP/+IG93bA==\"}");
    assert_writes(hoot_value_datetime(time), "{\" d\":\"Mon, 23 Feb 2026 10:00:05 GMT\"}");
    assert_writes(hoot_value_date(time), "\"2026-02-23\"");
}

static void escapes_objects_that_look_like_tags(void **state)
{
    (void)state;
    assert_writes(hoot_object(" t", hoot_array(1)), "{\" di\":{\" t__\":[1]}}");
    assert_writes(hoot_object(" di", hoot_object(" b", "no")),
                  "{\" di\":{\" di__\":{\" di\":{\" b__\":\"no\"}}}}");
    assert_writes(hoot_object(" d", 1, "more", 2), "{\" d\":1,\"more\":2}");
    assert_writes(hoot_array(hoot_object(" x", 1), hoot_empty_object()), "[{\" x\":1},{}]");
}

static void escapes_them_in_jansson_values_too(void **state)
{
    json_t *json =
        json_loads("{\"a\":[{\" m\":\"<script>\"},{\" m\":1,\"b\":1.0}],\"c\":{\" u\":null}}", 0, NULL);

    (void)state;
    assert_writes(
        HOOT_VALUE(json),
        "{\"a\":[{\" di\":{\" m__\":\"<script>\"}},{\" m\":1,\"b\":1.0}],\"c\":{\" di\":{\" u__\":null}}}");
    json_decref(json);
}

static void assert_refuses(hoot_value value)
{
    hoot_buf out;

    hoot_buf_init(&out, 10000);
    assert_int_equal(hoot__session_write_value(&out, &value), HOOT_EINVAL);
    hoot_buf_fini(&out);
}

static void refuses_values_without_a_form_in_json(void **state)
{
    (void)state;
    assert_refuses(HOOT_VALUE((double)NAN));
    assert_refuses(HOOT_VALUE(-INFINITY));
    assert_refuses(HOOT_VALUE("\xff"));
    assert_refuses(hoot_object("\xc0\x80", 1));
    assert_refuses(hoot_array(hoot_object("a", (double)INFINITY)));
    assert_refuses(hoot_value_datetime((hoot_time){ 0 }));
    assert_refuses(hoot_value_datetime((hoot_time){ .year = 2026, .month = 2, .day = 30 }));
}

/* What is written must be readable, with the tags that come around it. */
static void refuses_to_nest_deeper_than_is_read(void **state)
{
    hoot_value levels[120];
    hoot__session_members members;
    hoot_arena *arena = hoot_arena_new(0);
    size_t deepest = 0;

    (void)state;
    levels[0] = hoot_value_null();
    for (size_t i = 1; i < 120; i++) {
        hoot_buf out;

        levels[i] = hoot_value_items(&levels[i - 1], 1);
        hoot_buf_init(&out, 10000);
        hoot_buf_add_str(&out, HOOT_STR("{\" di\":{\" t__\":"));
        if (hoot__session_write_value(&out, &levels[i]) == 0) {
            hoot_buf_add_str(&out, HOOT_STR("}}"));
            assert_int_equal(hoot__session_read(arena, hoot_buf_str(&out), &members), 0);
            deepest = i;
        }
        hoot_buf_fini(&out);
    }
    assert_in_range(deepest, 90, 99);
    hoot_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_tag),
        cmocka_unit_test(reads_tags_within_tags),
        cmocka_unit_test(leaves_alone_what_is_no_tag),
        cmocka_unit_test(refuses_tags_that_hold_something_else),
        cmocka_unit_test(writes_scalars_as_python_does),
        cmocka_unit_test(writes_bytes_and_datetimes_with_their_tags),
        cmocka_unit_test(escapes_objects_that_look_like_tags),
        cmocka_unit_test(escapes_them_in_jansson_values_too),
        cmocka_unit_test(refuses_values_without_a_form_in_json),
        cmocka_unit_test(refuses_to_nest_deeper_than_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

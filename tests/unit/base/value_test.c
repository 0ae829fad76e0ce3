#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <hoot/value.h>

static void assert_format(hoot_value value, const char *expected)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    const char *text = hoot_value_format(arena, &value);

    assert_non_null(text);
    assert_string_equal(text, expected);
}

static void writes_numbers_and_texts(void **state)
{
    (void)state;
    assert_format(HOOT_VALUE((bool)true), "1");
    assert_int_equal(HOOT_VALUE(true).kind, HOOT_BOOL);
    assert_int_equal(HOOT_VALUE(false).kind, HOOT_BOOL);
    assert_int_equal(HOOT_VALUE(1).kind, HOOT_INT);
    assert_format(HOOT_VALUE((bool)false), "0");
    assert_format(HOOT_VALUE(INT64_MIN), "-9223372036854775808");
    assert_format(HOOT_VALUE(UINT64_MAX), "18446744073709551615");
    assert_format(HOOT_VALUE(0.1F), "0.1");
    assert_format(HOOT_VALUE(-12.25), "-12.25");
    assert_format(HOOT_VALUE("owl"), "owl");
    assert_format(hoot_value_decimal(HOOT_STR("-12.340")), "-12.340");
    assert_format(hoot_value_bytes(HOOT_STR("bytes")), "bytes");
}

static void writes_dates_and_times(void **state)
{
    const hoot_time when = { .year = 2026, .month = 2, .day = 3, .hour = 4, .minute = 5, .second = 6 };
    hoot_time half = when, micro = when;

    (void)state;
    half.microsecond = 500000;
    micro.microsecond = 1;
    assert_format(hoot_value_date(when), "2026-02-03");
    assert_format(hoot_value_date((hoot_time){ 0 }), "0000-00-00");
    assert_format(hoot_value_datetime(when), "2026-02-03 04:05:06");
    assert_format(hoot_value_datetime(half), "2026-02-03 04:05:06.5");
    assert_format(hoot_value_datetime(micro), "2026-02-03 04:05:06.000001");
    assert_format(hoot_value_time((hoot_time){ .negative = true, .hour = 838, .minute = 59, .second = 59 }),
                  "-838:59:59");
    assert_format(hoot_value_time((hoot_time){ .minute = 1, .microsecond = 120000 }), "00:01:00.12");
}

static void has_no_text_for_null_and_json(void **state)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    hoot_value values[] = { HOOT_VALUE(NULL), hoot_value_text(NULL), hoot_object("a", 1), hoot_array(1, 2),
                            hoot_value_json((const struct json_t *)&values) };

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        assert_null(hoot_value_format(arena, &values[i]));
}

/* A deep copy is read after its source was overwritten. */
static void copies_all_a_value_points_at(void **state)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    char name[] = "bird", text[] = "owl\0let";
    hoot_value inner[] = { hoot_value_str(hoot_str_of(text, 7)), hoot_value_int(3) };
    hoot_member members[] = { hoot_member_of(name, hoot_value_items(inner, 2)),
                              hoot_member_of("none", hoot_value_null()) };
    hoot_value copy;

    (void)state;
    assert_true(hoot_value_dup(arena, hoot_value_members(members, 2), &copy));
    memset(name, 'x', sizeof(name) - 1);
    memset(text, 'x', sizeof(text) - 1);
    memset(inner, 0xff, sizeof(inner));
    memset(members, 0xff, sizeof(members));
    assert_int_equal(copy.kind, HOOT_OBJECT);
    assert_int_equal(copy.count, 2);
    assert_string_equal(copy.members[0].name, "bird");
    assert_string_equal(copy.members[1].name, "none");
    assert_int_equal(copy.members[1].value.kind, HOOT_NULL);
    assert_int_equal(copy.members[0].value.count, 2);
    assert_true(hoot_str_equal(copy.members[0].value.items[0].str, hoot_str_of("owl\0let", 7)));
    assert_int_equal(copy.members[0].value.items[1].i64, 3);
}

static void copies_empty_texts_objects_and_arrays(void **state)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    hoot_value copy;

    (void)state;
    assert_true(hoot_value_dup(arena, hoot_value_str(hoot_str_of(NULL, 0)), &copy));
    assert_int_equal(copy.str.len, 0);
    assert_string_equal(copy.str.ptr, "");
    assert_true(hoot_value_dup(arena, hoot_empty_object(), &copy));
    assert_int_equal(copy.count, 0);
    assert_true(hoot_value_dup(arena, hoot_empty_array(), &copy));
    assert_int_equal(copy.kind, HOOT_ARRAY);
}

/* Arenas of every size: each allocation is the one that does not fit, in one of them. */
static void a_copy_that_does_not_fit_writes_nothing(void **state)
{
    const hoot_value source = hoot_object("name", "a night owl", "list", hoot_array("one", 2, "three"));
    size_t size = 1;
    bool copied = false;

    (void)state;
    for (; !copied; size++) {
        HOOT_AUTO(hoot_arena) arena = hoot_arena_new(size);
        hoot_value copy = hoot_value_int(7);

        assert_in_range(size, 1, 1000);
        copied = hoot_value_dup(arena, source, &copy);
        assert_int_equal(copy.kind, copied ? HOOT_OBJECT : HOOT_INT);
    }
    assert_true(size > sizeof(hoot_member) * 2 + sizeof(hoot_value) * 3);
}

static void formatting_survives_missing_memory(void **state)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(3);
    hoot_value text = HOOT_VALUE("owl"), number = HOOT_VALUE(1234), real = HOOT_VALUE(1.25);

    (void)state;
    assert_null(hoot_value_format(arena, &text));
    assert_null(hoot_value_format(arena, &number));
    assert_null(hoot_value_format(arena, &real));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_numbers_and_texts),
        cmocka_unit_test(writes_dates_and_times),
        cmocka_unit_test(has_no_text_for_null_and_json),
        cmocka_unit_test(copies_all_a_value_points_at),
        cmocka_unit_test(copies_empty_texts_objects_and_arrays),
        cmocka_unit_test(a_copy_that_does_not_fit_writes_nothing),
        cmocka_unit_test(formatting_survives_missing_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

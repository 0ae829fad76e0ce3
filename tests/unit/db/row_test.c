/* Cells by name, and their conversions. */
#include "unit/db/db_test.h"

#include "db/cursor.h"
#include "db/datetime.h"

#include <locale.h>

static hoot_cursor cursor;
static hoot_row row;

/* A row of the given cells; their names are "a", "b", ... unless given. */
static void make_row(const hoot_value *cells, size_t count, const char *const *names)
{
    static const char *const letters[] = { "a", "b", "c", "d", "e", "f", "g",
                                           "h", "i", "j", "k", "l", "m", "n" };

    cursor = (hoot_cursor){ .arena = hoot_arena_new(0), .column_count = count };
    cursor.columns = hoot_arena_alloc_array(cursor.arena, count, sizeof(*cursor.columns));
    for (size_t i = 0; i < count; i++) {
        const char *name = names ? names[i] : letters[i];

        cursor.columns[i] = (hoot__column){ .name = name, .len = strlen(name) };
    }
    row = (hoot_row){ .cursor = &cursor, .cells = cells, .count = count };
}

#define ROW(...) make_row(HOOT__VALUES(__VA_ARGS__), NULL)

static int end_row(void **state)
{
    (void)state;
    hoot_arena_free(cursor.arena);
    memset(&cursor, 0, sizeof(cursor));
    return 0;
}

static void assert_int(const char *column, int64_t expected)
{
    int64_t number = -77;

    assert_int_equal(hoot_row_int(&row, column, &number), 0);
    assert_true(number == expected);
}

static void assert_no_int(const char *column, int code)
{
    int64_t number = -77;

    assert_int_equal(hoot_row_int(&row, column, &number), code);
    assert_true(number == -77);
}

static void finds_columns_without_case_and_the_first_of_a_name(void **state)
{
    static const char *const names[] = { "Id", "user", "ID", "user" };
    const hoot_value cells[] = { hoot_value_int(1), hoot_value_int(2), hoot_value_int(3), hoot_value_int(4) };

    (void)state;
    make_row(cells, 4, names);
    for (int i = 0; i < 3; i++) { /* the second time round lookups are remembered */
        assert_int("user", 2);
        assert_int("iD", 1);
        assert_int("USER", 2);
        assert_int("id", 1);
    }
    assert_null(hoot_row_get(&row, "use"));
    assert_null(hoot_row_get(&row, ""));
    assert_null(hoot_row_get(NULL, "id"));
    assert_int_equal(hoot_row_at(&row, 2)->i64, 3);
    assert_null(hoot_row_at(&row, 4));
    assert_int_equal(hoot_row_count(&row), 4);
    assert_int_equal(hoot_row_count(NULL), 0);
}

static void converts_to_integers_or_says_why_not(void **state)
{
    (void)state;
    ROW(INT64_MIN, UINT64_MAX, "123", "12x", 3.0, 3.5, NULL, hoot_value_decimal(HOOT_STR("-12.000")),
        hoot_value_decimal(HOOT_STR("12.340")), "9223372036854775808", "", true, 1e19, " 1");
    assert_int("a", INT64_MIN);
    assert_no_int("b", HOOT_ERANGE);
    assert_int("c", 123);
    assert_no_int("d", HOOT_ETYPE);
    assert_int("e", 3);
    assert_no_int("f", HOOT_ERANGE);
    assert_no_int("g", HOOT_ENULL);
    assert_int("h", -12);
    assert_no_int("i", HOOT_ERANGE); /* as "f", which is a double */
    assert_no_int("j", HOOT_ERANGE);
    assert_no_int("k", HOOT_ETYPE);
    assert_int("l", 1);
    assert_no_int("m", HOOT_ERANGE);
    assert_no_int("n", HOOT_ETYPE);
    assert_no_int("nonsense", HOOT_ENOTFOUND);
}

static void converts_to_unsigned_integers(void **state)
{
    uint64_t number = 7;

    (void)state;
    ROW(UINT64_MAX, -1, "18446744073709551615", "-1", 1e19, "x", hoot_value_decimal(HOOT_STR("5.0")), -1.0,
        "-x", hoot_value_decimal(HOOT_STR("1.5")), hoot_value_decimal(HOOT_STR("-1.5")));
    assert_int_equal(hoot_row_uint(&row, "a", &number), 0);
    assert_true(number == UINT64_MAX);
    assert_int_equal(hoot_row_uint(&row, "b", &number), HOOT_ERANGE);
    assert_int_equal(hoot_row_uint(&row, "c", &number), 0);
    assert_true(number == UINT64_MAX);
    assert_int_equal(hoot_row_uint(&row, "d", &number), HOOT_ERANGE);
    assert_int_equal(hoot_row_uint(&row, "e", &number), 0);
    assert_true(number == 10000000000000000000u);
    assert_int_equal(hoot_row_uint(&row, "f", &number), HOOT_ETYPE);
    assert_int_equal(hoot_row_uint(&row, "g", &number), 0);
    assert_true(number == 5);
    assert_int_equal(hoot_row_uint(&row, "h", &number), HOOT_ERANGE);
    assert_int_equal(hoot_row_uint(&row, "i", &number), HOOT_ETYPE);
    assert_int_equal(hoot_row_uint(&row, "j", &number), HOOT_ERANGE);
    assert_int_equal(hoot_row_uint(&row, "k", &number), HOOT_ERANGE);
}

static void converts_to_doubles_in_decimal_notation_only(void **state)
{
    double number = 7;

    (void)state;
    ROW("1.5e3", "nan", "0x10", "1e999", hoot_value_decimal(HOOT_STR("-0.25")), 3, "1.5 ", "");
    assert_int_equal(hoot_row_double(&row, "a", &number), 0);
    assert_true(number == 1500.0);
    assert_int_equal(hoot_row_double(&row, "b", &number), HOOT_ETYPE);
    assert_int_equal(hoot_row_double(&row, "c", &number), HOOT_ETYPE);
    assert_int_equal(hoot_row_double(&row, "d", &number), HOOT_ERANGE);
    assert_int_equal(hoot_row_double(&row, "e", &number), 0);
    assert_true(number == -0.25);
    assert_int_equal(hoot_row_double(&row, "f", &number), 0);
    assert_true(number == 3);
    assert_int_equal(hoot_row_double(&row, "g", &number), HOOT_ETYPE);
    assert_int_equal(hoot_row_double(&row, "h", &number), HOOT_ETYPE);
}

static void converts_to_truth(void **state)
{
    bool truth = false;

    (void)state;
    ROW(1, 0, "1", "yes", hoot_value_bytes(hoot_str_of("\1", 1)), hoot_value_bytes(hoot_str_of("ab", 2)),
        NULL);
    assert_int_equal(hoot_row_bool(&row, "a", &truth), 0);
    assert_true(truth);
    assert_int_equal(hoot_row_bool(&row, "b", &truth), 0);
    assert_false(truth);
    assert_int_equal(hoot_row_bool(&row, "c", &truth), 0);
    assert_true(truth);
    assert_int_equal(hoot_row_bool(&row, "d", &truth), HOOT_ETYPE);
    truth = false;
    assert_int_equal(hoot_row_bool(&row, "e", &truth), 0);
    assert_true(truth);
    assert_int_equal(hoot_row_bool(&row, "f", &truth), HOOT_ETYPE);
    assert_int_equal(hoot_row_bool(&row, "g", &truth), HOOT_ENULL);
}

static void gives_text_and_bytes(void **state)
{
    (void)state;
    ROW(-5, 0.1, "t", NULL,
        hoot_value_time((hoot_time){ .negative = true, .hour = 838, .minute = 59, .second = 59 }));
    assert_string_equal(hoot_row_text(&row, "a"), "-5");
    assert_string_equal(hoot_row_text(&row, "b"), "0.1");
    assert_string_equal(hoot_row_text(&row, "c"), "t");
    assert_null(hoot_row_text(&row, "d"));
    assert_string_equal(hoot_row_text(&row, "e"), "-838:59:59");
    assert_null(hoot_row_text(&row, "f"));
    assert_int_equal(hoot_row_bytes(&row, "c").len, 1);
    assert_null(hoot_row_bytes(&row, "d").ptr);
    assert_null(hoot_row_bytes(&row, "f").ptr);
}

static void reads_times_from_text(void **state)
{
    static const char *const bad[] = { "",
                                       "2026",
                                       "2026-02",
                                       "2026-2-3",
                                       "2026-13-01",
                                       "2026-01-32",
                                       "2026-01-01 24:00:00",
                                       "2026-01-01 10:60:00",
                                       "2026-01-01 10:00",
                                       "2026-01-01 10:00:00.",
                                       "2026-01-01 10:00:00Z",
                                       "2026-01-01x",
                                       "839:00:00",
                                       "10:00",
                                       "--10:00:00",
                                       "2026-01-01 10:00:00 ",
                                       "now" };
    hoot_time time;

    (void)state;
    assert_int_equal(hoot__datetime_parse(HOOT_STR("2026-02-23"), &time), 0);
    assert_true(time.year == 2026 && time.month == 2 && time.day == 23 && !time.hour);
    assert_int_equal(hoot__datetime_parse(HOOT_STR("0000-00-00 00:00:00"), &time), 0);
    assert_int_equal(hoot__datetime_parse(HOOT_STR("9999-12-31T23:59:59.12"), &time), 0);
    assert_true(time.hour == 23 && time.minute == 59 && time.second == 59 && time.microsecond == 120000);
    assert_int_equal(hoot__datetime_parse(HOOT_STR("2026-02-23 10:00:00.1234567"), &time), 0);
    assert_int_equal(time.microsecond, 123456);
    assert_int_equal(hoot__datetime_parse(HOOT_STR("-838:59:59.000001"), &time), 0);
    assert_true(time.negative && time.hour == 838 && time.microsecond == 1);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(hoot__datetime_parse(hoot_str_from(bad[i]), &time), HOOT_ETYPE);
    ROW("2026-02-23", 5);
    assert_int_equal(hoot_row_time(&row, "a", &time), 0);
    assert_int_equal(hoot_row_time(&row, "b", &time), HOOT_ETYPE);
    assert_int_equal(hoot_row_time(&row, "c", &time), HOOT_ENOTFOUND);
}

static void becomes_a_json_object(void **state)
{
    hoot_value object;

    (void)state;
    ROW(1, "x", NULL, hoot_value_bytes(HOOT_STR("foob")), hoot_value_decimal(HOOT_STR("1.50")),
        hoot_value_date((hoot_time){ .year = 2026, .month = 1, .day = 2 }));
    object = hoot_row_object(&row);
    assert_int_equal(object.kind, HOOT_OBJECT);
    assert_int_equal(object.count, 6);
    assert_string_equal(object.members[0].name, "a");
    assert_int_equal(object.members[0].value.i64, 1);
    assert_string_equal(object.members[1].value.str.ptr, "x");
    assert_int_equal(object.members[2].value.kind, HOOT_NULL);
    assert_string_equal(object.members[3].value.str.ptr, "Zm9vYg=="); /* RFC 4648 section 10 */
    assert_int_equal(object.members[4].value.kind, HOOT_TEXT);
    assert_string_equal(object.members[4].value.str.ptr, "1.50");
    assert_string_equal(object.members[5].value.str.ptr, "2026-01-02");
    assert_int_equal(hoot_row_object(NULL).kind, HOOT_NULL);
}

static void assert_json(const hoot_row *of, const char *expected)
{
    hoot_buf out;

    hoot_buf_init(&out, 1000);
    assert_int_equal(hoot_row_write_json(of, &out), 0);
    assert_int_equal(hoot_buf_add_byte(&out, '\0'), 0);
    assert_string_equal(out.data, expected);
    hoot_buf_fini(&out);
}

/* What Python's json.dumps() gives for {"a": 1, ...} with separators=(",", ":"). */
static void is_written_as_json(void **state)
{
    static const char *const names[] = { "id", "a\"b", "\xC3\xBC", "id" };
    const hoot_value cells[] = { hoot_value_uint(UINT64_MAX), hoot_value_text("\xF0\x9F\xA6\x89\n"),
                                 hoot_value_float(0.1f), hoot_value_double(-1e22) };

    (void)state;
    ROW(-1, "x", NULL, hoot_value_bytes(HOOT_STR("foob")), hoot_value_decimal(HOOT_STR("1.50")),
        hoot_value_date((hoot_time){ .year = 2026, .month = 1, .day = 2 }),
        hoot_value_time((hoot_time){ .negative = true, .hour = 838, .minute = 59, .second = 5 }),
        hoot_value_datetime((hoot_time){ .year = 1, .month = 2, .day = 3, .microsecond = 120000 }), true);
    assert_json(&row, "{\"a\":-1,\"b\":\"x\",\"c\":null,\"d\":\"Zm9vYg==\",\"e\":\"1.50\","
                      "\"f\":\"2026-01-02\",\"g\":\"-838:59:05\",\"h\":\"0001-02-03 00:00:00.12\","
                      "\"i\":true}");
    hoot_arena_free(cursor.arena);
    make_row(cells, 4, names);
    assert_json(&row, "{\"id\":18446744073709551615,\"a\\\"b\":\"\\ud83e\\udd89\\n\","
                      "\"\\u00fc\":0.1,\"id\":-1e+22}");
}

static void what_does_not_become_json_leaves_the_buffer_as_it_was(void **state)
{
    hoot_buf out;

    (void)state;
    hoot_buf_init(&out, 60);
    assert_int_equal(hoot_buf_add(&out, "[", 1), 0);
    ROW("good", "\xff");
    assert_int_equal(hoot_row_write_json(&row, &out), HOOT_EBADINPUT);
    assert_int_equal(out.len, 1);
    hoot_arena_free(cursor.arena);
    ROW("a text that is longer than the sixty bytes that the buffer may have");
    assert_int_equal(hoot_row_write_json(&row, &out), HOOT_ELIMIT);
    assert_int_equal(out.len, 1);
    assert_int_equal(hoot_row_write_json(NULL, &out), HOOT_EINVAL);
    hoot_buf_fini(&out);
}

static void is_read_by_index_too(void **state)
{
    static const char *const names[] = { "same", "same", "same", "same" };
    const hoot_value cells[] = { hoot_value_int(1), hoot_value_text("2.5"), hoot_value_null(),
                                 hoot_value_time((hoot_time){ .hour = 7 }) };
    hoot_time time;
    uint64_t natural;
    int64_t whole;
    double number;
    bool truth;

    (void)state;
    make_row(cells, 4, names);
    assert_int_equal(hoot_row_int_at(&row, 0, &whole), 0);
    assert_int_equal(whole, 1);
    assert_int_equal(hoot_row_uint_at(&row, 0, &natural), 0);
    assert_int_equal(natural, 1);
    assert_int_equal(hoot_row_bool_at(&row, 0, &truth), 0);
    assert_true(truth);
    assert_int_equal(hoot_row_int_at(&row, 1, &whole), HOOT_ETYPE);
    assert_int_equal(hoot_row_double_at(&row, 1, &number), 0);
    assert_true(number == 2.5);
    assert_string_equal(hoot_row_text_at(&row, 1), "2.5");
    assert_int_equal(hoot_row_bytes_at(&row, 1).len, 3);
    assert_null(hoot_row_text_at(&row, 2));
    assert_int_equal(hoot_row_int_at(&row, 2, &whole), HOOT_ENULL);
    assert_int_equal(hoot_row_time_at(&row, 3, &time), 0);
    assert_int_equal(time.hour, 7);
    assert_int_equal(hoot_row_time_at(&row, 4, &time), HOOT_ENOTFOUND);
    assert_null(hoot_row_text_at(&row, 4));
    assert_null(hoot_row_bytes_at(NULL, 0).ptr);
}

#define ROW_TEST(test) cmocka_unit_test_teardown(test, end_row)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW_TEST(finds_columns_without_case_and_the_first_of_a_name),
        ROW_TEST(converts_to_integers_or_says_why_not),
        ROW_TEST(converts_to_unsigned_integers),
        ROW_TEST(converts_to_doubles_in_decimal_notation_only),
        ROW_TEST(converts_to_truth),
        ROW_TEST(gives_text_and_bytes),
        ROW_TEST(reads_times_from_text),
        ROW_TEST(becomes_a_json_object),
        ROW_TEST(is_written_as_json),
        ROW_TEST(what_does_not_become_json_leaves_the_buffer_as_it_was),
        ROW_TEST(is_read_by_index_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

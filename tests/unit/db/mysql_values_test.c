/* Values between the MySQL driver and a real server, both ways and by both protocols; packets at and
 * over 16 MiB. Expected values are those of the servers' manuals and of the statements themselves. */
#include "mysql_server_link.h"

#include "db/mysql/protocol.h"

#include <hoot/crypto.h>

typedef struct typed {
    const char *sql; /* an expression */
    hoot_kind kind;
    const char *text;
} typed;

/* Numbers, dates and times: the limits in the reference manual, "Data Types". */
static const typed typed_values[] = {
    { "CAST(1 AS UNSIGNED)", HOOT_UINT, "1" },
    { "CAST(18446744073709551615 AS UNSIGNED)", HOOT_UINT, "18446744073709551615" },
    { "CAST(-9223372036854775808 AS SIGNED)", HOOT_INT, "-9223372036854775808" },
    { "CAST('99999999999999999999999999999999999.999999999999999999999999999999' AS DECIMAL(65,30))",
      HOOT_DECIMAL, "99999999999999999999999999999999999.999999999999999999999999999999" },
    { "CAST('-0.000000000000000000000000000001' AS DECIMAL(65,30))", HOOT_DECIMAL,
      "-0.000000000000000000000000000001" },
    { "CAST('12.340' AS DECIMAL(5,3))", HOOT_DECIMAL, "12.340" },
    { "1.7976931348623157e308", HOOT_DOUBLE, "1.7976931348623157e308" },
    { "2.2250738585072014e-308", HOOT_DOUBLE, "2.2250738585072014e-308" },
    { "0.1e0", HOOT_DOUBLE, "0.1" },
    { "CAST('2026-02-23' AS DATE)", HOOT_DATE, "2026-02-23" },
    { "CAST('9999-12-31' AS DATE)", HOOT_DATE, "9999-12-31" },
    { "CAST('2026-02-23 10:11:12.000001' AS DATETIME(6))", HOOT_DATETIME, "2026-02-23 10:11:12.000001" },
    { "CAST('2026-02-23 10:11:12' AS DATETIME)", HOOT_DATETIME, "2026-02-23 10:11:12" },
    { "CAST('2026-02-23 00:00:00' AS DATETIME)", HOOT_DATETIME, "2026-02-23 00:00:00" },
    { "CAST('9999-12-31 23:59:59.999999' AS DATETIME(6))", HOOT_DATETIME, "9999-12-31 23:59:59.999999" },
    { "CAST('838:59:58.999999' AS TIME(6))", HOOT_TIME, "838:59:58.999999" },
    { "CAST('-838:59:58.999999' AS TIME(6))", HOOT_TIME, "-838:59:58.999999" },
    { "CAST('-00:00:00.5' AS TIME(1))", HOOT_TIME, "-00:00:00.5" },
    { "CAST('00:00:00' AS TIME)", HOOT_TIME, "00:00:00" },
    { "''", HOOT_TEXT, "" },
    { "NULL", HOOT_NULL, "NULL" },
    { "CAST(NULL AS DATE)", HOOT_NULL, "NULL" },
    { "_utf8mb4 X'F09FA689'", HOOT_TEXT, "\xF0\x9F\xA6\x89" },
    { "CAST('abc' AS BINARY)", HOOT_BYTES, "abc" },
};

static void check_typed(hoot_link *link, const typed *expected, const hoot_value *params, size_t count,
                        const char *tail)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    const char *sql = hoot_arena_printf(arena, "SELECT %s AS v%s", expected->sql, tail);
    const hoot_value *cells;

    run_values(link, sql, params, count);
    cells = next(link);
    assert_non_null(cells);
    if (cells[0].kind != expected->kind)
        fail_msg("%s: kind %d, expected %d", sql, (int)cells[0].kind, (int)expected->kind);
    if (expected->kind != HOOT_NULL)
        assert_string_equal(hoot_value_format(arena, &cells[0]), expected->text);
    assert_int_equal(count_rows(link), 0);
}

LINK_TEST(both_protocols_give_the_same_values)
{
    const hoot_value one = hoot_value_int(1);

    for (size_t i = 0; i < sizeof(typed_values) / sizeof(typed_values[0]); i++) {
        check_typed(link, &typed_values[i], NULL, 0, "");
        check_typed(link, &typed_values[i], &one, 1, ", ? AS p");
    }
}

/* Every width, its least and its largest value, through a table and back. */
LINK_TEST(integers_keep_their_limits)
{
    static const int64_t least[] = { INT8_MIN, INT16_MIN, -8388608, INT32_MIN, INT64_MIN };
    static const int64_t largest[] = { INT8_MAX, INT16_MAX, 8388607, INT32_MAX, INT64_MAX };
    static const uint64_t unsigned_largest[] = { UINT8_MAX, UINT16_MAX, 16777215, UINT32_MAX, UINT64_MAX };
    const hoot_value one = hoot_value_int(1);
    hoot_value row[10];

    remake(link, "TABLE ints",
           "(a TINYINT, b SMALLINT, c MEDIUMINT, d INT, e BIGINT, f TINYINT "
           "UNSIGNED, "
           "g SMALLINT UNSIGNED, h MEDIUMINT UNSIGNED, i INT UNSIGNED, j BIGINT UNSIGNED)");
    for (int i = 0; i < 5; i++)
        row[i] = hoot_value_int(least[i]), row[5 + i] = hoot_value_uint(0);
    run_values(link, "INSERT INTO ints VALUES (?,?,?,?,?,?,?,?,?,?)", row, 10);
    for (int i = 0; i < 5; i++)
        row[i] = hoot_value_int(largest[i]), row[5 + i] = hoot_value_uint(unsigned_largest[i]);
    run_values(link, "INSERT INTO ints VALUES (?,?,?,?,?,?,?,?,?,?)", row, 10);
    for (int binary = 0; binary < 2; binary++) {
        const hoot_value *cells;

        run_values(link,
                   binary ? "SELECT * FROM ints WHERE 1 = ? ORDER BY a" : "SELECT * FROM ints ORDER BY a",
                   &one, (size_t)binary);
        cells = next(link);
        for (int i = 0; i < 5; i++) {
            assert_int_equal(cells[i].kind, HOOT_INT);
            assert_true(cells[i].i64 == least[i]);
            assert_int_equal(cells[5 + i].kind, HOOT_UINT);
            assert_true(cells[5 + i].u64 == 0);
        }
        cells = next(link);
        for (int i = 0; i < 5; i++) {
            assert_true(cells[i].i64 == largest[i]);
            assert_true(cells[5 + i].u64 == unsigned_largest[i]);
        }
        assert_null(next(link));
    }
}

/* What every parameter becomes on the server, in its own words. */
LINK_TEST(parameters_arrive_as_they_were_given)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    const hoot_time moment = {
        .year = 2026, .month = 2, .day = 23, .hour = 10, .minute = 11, .second = 12, .microsecond = 345
    };
    const hoot_time long_one = { /* MySQL refuses a fraction in the 838th hour */
                                 .hour = 837,
                                 .minute = 59,
                                 .second = 59,
                                 .microsecond = 999999,
                                 .negative = true
    };
    const struct {
        const char *sql;
        hoot_value value;
        const char *text;
    } given[] = {
        { "SELECT CAST(? AS CHAR)", hoot_value_int(INT64_MIN), "-9223372036854775808" },
        { "SELECT CAST(? AS CHAR)", hoot_value_uint(UINT64_MAX), "18446744073709551615" },
        { "SELECT ? + 1", hoot_value_bool(true), "2" },
        { "SELECT CAST(? AS CHAR)", hoot_value_decimal(HOOT_STR("-12.3400")), "-12.3400" },
        { "SELECT ? = 0.1e0", hoot_value_double(0.1), "1" },
        { "SELECT CAST(? AS CHAR)", hoot_value_float(1.5f), "1.5" },
        { "SELECT HEX(?)", hoot_value_bytes(hoot_str_of("\0\xff'\\", 4)), "00FF275C" },
        { "SELECT HEX(?)", hoot_value_text("\xF0\x9F\xA6\x89"), "F09FA689" },
        { "SELECT CHARSET(?)", hoot_value_text("x"), "utf8mb4" },
        { "SELECT CHARSET(?)", hoot_value_bytes(HOOT_STR("x")),
          by_kind("binary", "utf8mb4") }, /* text here */
        { "SELECT CONCAT(LENGTH(?), '')", hoot_value_text(""), "0" },
        { "SELECT ? IS NULL", hoot_value_null(), "1" },
        { "SELECT CONCAT(CAST(? AS DATE))", hoot_value_date(moment), "2026-02-23" },
        { "SELECT CONCAT(CAST(? AS DATETIME(6)))", hoot_value_datetime(moment),
          "2026-02-23 10:11:12.000345" },
        { "SELECT CONCAT(CAST(? AS TIME(6)))", hoot_value_time(long_one), "-837:59:59.999999" },
    };

    for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++)
        assert_string_equal(ask_values(arena, link, given[i].sql, &given[i].value, 1), given[i].text);
}

LINK_TEST(parameters_that_no_column_could_hold_are_refused_here)
{
    const hoot_time no_month = { .year = 2026, .month = 13, .day = 1 };
    const hoot_value bad[] = {
        hoot_value_double(__builtin_nan("")), hoot_value_double(__builtin_inf()), hoot_value_date(no_month),
        hoot_value_decimal(HOOT_STR("NaN")),  hoot_value_decimal(HOOT_STR("1;")),
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        run_refused(link, "SELECT ?", &bad[i], 1, HOOT_EINVAL);
    run_refused(link, "SELECT ?", (hoot_value[]){ hoot_empty_object() }, 1, HOOT_ETYPE);
}

LINK_TEST(other_types_come_as_text_or_bytes)
{
    const hoot_value one = hoot_value_int(1);

    remake(
        link, "TABLE others",
        "(y YEAR, b BIT(9), e ENUM('a','b'), s SET('x','y'), j JSON, g POINT, z DATE, zz DATETIME, f FLOAT, "
        "t TEXT, l LONGBLOB)");
    run(link, "SET sql_mode = ''");
    run(link, "INSERT INTO others VALUES (2026, b'100000001', 'b', 'x,y', '{\"a\": 1}', POINT(1,2), "
              "'0000-00-00', '2026-00-00 00:00:00', 0.1, 'text', X'00FF')");
    for (int binary = 0; binary < 2; binary++) {
        const hoot_value *c;

        run_values(link, binary ? "SELECT * FROM others WHERE 1 = ?" : "SELECT * FROM others", &one,
                   (size_t)binary);
        c = next(link);
        assert_int_equal(c[0].kind, HOOT_UINT);
        assert_int_equal(c[0].u64, 2026);
        assert_int_equal(c[1].kind, HOOT_BYTES);
        assert_memory_equal(c[1].str.ptr, "\x01\x01", 2);
        assert_string_equal(c[2].str.ptr, "b");
        assert_string_equal(c[3].str.ptr, "x,y");
        assert_int_equal(c[4].kind, HOOT_TEXT);
        assert_string_equal(c[4].str.ptr, "{\"a\": 1}");
        assert_int_equal(c[5].kind, HOOT_BYTES);
        assert_int_equal(c[5].str.len, 25); /* SRID, byte order, type, two doubles */
        assert_int_equal(c[6].kind, HOOT_DATE);
        assert_int_equal(c[6].time.year + c[6].time.month + c[6].time.day, 0);
        assert_int_equal(c[7].kind, HOOT_DATETIME);
        assert_int_equal(c[7].time.year, 2026);
        assert_int_equal(c[7].time.month, 0);
        assert_int_equal(c[8].kind, HOOT_FLOAT);
        assert_true(c[8].f64 == (double)0.1f);
        assert_int_equal(c[9].kind, HOOT_TEXT);
        assert_int_equal(c[10].kind, HOOT_BYTES);
        assert_memory_equal(c[10].str.ptr, "\0\xff", 3);
        assert_null(next(link));
    }
}

LINK_TEST(addresses_and_uuids_of_mariadb_come_as_text)
{
    const hoot_value one = hoot_value_int(1);

    ONLY_ON_MARIADB();
    remake(link, "TABLE named", "(u UUID, i INET6)");
    run(link, "INSERT INTO named VALUES ('123e4567-e89b-12d3-a456-426655440000', '::1')");
    for (int binary = 0; binary < 2; binary++) {
        const hoot_value *c;

        run_values(link, binary ? "SELECT * FROM named WHERE 1 = ?" : "SELECT * FROM named", &one,
                   (size_t)binary);
        c = next(link);
        assert_string_equal(c[0].str.ptr, "123e4567-e89b-12d3-a456-426655440000");
        assert_string_equal(c[1].str.ptr, "::1");
        assert_null(next(link));
    }
}

LINK_TEST(blobs_keep_every_byte)
{
    char all[256] = { 0 };
    const hoot_value value = hoot_value_bytes(hoot_str_of(all, sizeof(all)));
    const hoot_value *cells;

    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    remake(link, "TABLE blobs", "(b BLOB)");
    run_values(link, "INSERT INTO blobs VALUES (?)", &value, 1);
    run(link, "SELECT b FROM blobs");
    cells = next(link);
    assert_int_equal(cells[0].str.len, 256);
    assert_memory_equal(cells[0].str.ptr, all, 256);
    assert_int_equal(cells[0].str.ptr[256], 0);
    assert_null(next(link));
}

/* Payloads of exactly 2^24 - 1 bytes are followed by an empty packet; sizes around it, both ways. */
LINK_TEST(packets_of_sixteen_mebibytes_and_more)
{
    const size_t edge = HOOT__MY_PACKET_MAX;
    const size_t sizes[] = { edge - 30, edge - 1, edge, edge + 1, 2 * edge, 2 * edge + 5 };

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        size_t len = sizes[i] - strlen("_SELECT ''"); /* the command's byte is in the payload too */
        char *sql = malloc(sizes[i]);
        const hoot_value *cells;
        hoot_answer answer;

        memcpy(sql, "SELECT '", 8);
        memset(sql + 8, 'x', len);
        sql[8 + len] = '\'';
        sql[8] = 'a';
        sql[8 + len - 1] = 'z';
        assert_int_equal(link->driver->run(link, hoot_str_of(sql, 9 + len), NULL, 0, &answer, NULL), 0);
        cells = next(link);
        assert_int_equal(cells[0].str.len, len);
        assert_memory_equal(cells[0].str.ptr, sql + 8, len);
        assert_int_equal(cells[0].str.ptr[len], 0);
        assert_null(next(link));
        free(sql);
    }
    expect_answer(link, "SELECT 'still here'", "still here");
}

/* Rows whose payload has exactly 2^24 - 1 bytes: 4 bytes of length in front of the text. */
LINK_TEST(rows_of_sixteen_mebibytes_and_more)
{
    for (size_t len = HOOT__MY_PACKET_MAX - 5; len <= HOOT__MY_PACKET_MAX - 3; len++) {
        const hoot_value param = hoot_value_uint(len);
        const hoot_value *cells;

        run_values(link, "SELECT REPEAT('q', ?), 7", &param, 1);
        cells = next(link);
        assert_int_equal(cells[0].str.len, len);
        assert_int_equal(cells[0].str.ptr[len - 1], 'q');
        assert_int_equal(cells[0].str.ptr[len], 0);
        assert_int_equal(cells[1].i64, 7);
        assert_null(next(link));
    }
}

LINK_TEST(a_parameter_of_forty_mebibytes_goes_and_comes_back)
{
    const size_t len = (size_t)40 << 20;
    char *bytes = calloc(1, len);
    hoot_value value = hoot_value_bytes(hoot_str_of(bytes, len));
    const hoot_value *cells;

    hoot_random(bytes, len);
    run_values(link, "SELECT ?", &value, 1);
    cells = next(link);
    assert_int_equal(cells[0].str.len, len);
    assert_memory_equal(cells[0].str.ptr, bytes, len);
    assert_null(next(link));
    free(bytes);
}

LINK_TEST(a_command_over_the_servers_limit_is_refused_before_it_is_sent)
{
    const size_t len = (size_t)64 << 20;
    char *bytes = calloc(1, len);
    hoot_value value = hoot_value_bytes(hoot_str_of(bytes, len));
    hoot_error err = run_refused(link, "SELECT LENGTH(?)", &value, 1, HOOT_ELIMIT);

    assert_non_null(strstr(err.text, "max_allowed_packet"));
    memset(bytes, ' ', len);
    assert_int_equal(link->driver->run(link, hoot_str_of(bytes, len), NULL, 0, &(hoot_answer){ 0 }, &err),
                     HOOT_ELIMIT);
    expect_answer(link, "SELECT 1", "1");
    free(bytes);
}

/* The limit may fall while the connection is open: then the server cuts it, and says so if it can. */
LINK_TEST(a_command_over_a_limit_that_fell_is_a_lost_connection)
{
    const size_t len = (size_t)20 << 20;
    hoot_value value = hoot_value_bytes(hoot_str_of(calloc(1, len), len));
    hoot_target target = target_for("root", "", false);
    hoot_link *other = open_link(&target);
    hoot_error err = HOOT_ERROR_INIT;
    hoot_answer answer;

    run(link, "SET GLOBAL max_allowed_packet = 1048576");
    hoot_link *late = open_link(&target);
    hoot__my_link_of(late)->max_command = (size_t)64 << 20;
    assert_int_equal(late->driver->run(late, HOOT_STR("SELECT LENGTH(?)"), &value, 1, &answer, &err),
                     HOOT_ECONNLOST);
    assert_true(late->broken);
    assert_true(err.server_code == 0 || err.server_code == 1153);
    run(link, "SET GLOBAL max_allowed_packet = 67108864");
    expect_answer(other, "SELECT 1", "1");
    hoot__mysql_driver.close(late);
    hoot__mysql_driver.close(other);
    free((char *)(uintptr_t)value.str.ptr);
}

LINK_TEST(memory_of_a_large_row_is_let_go)
{
    const hoot__my_channel *channel = &hoot__my_link_of(link)->channel;
    const hoot_value param = hoot_value_uint((uint64_t)30 << 20);

    run_values(link, "SELECT REPEAT('q', ?)", &param, 1);
    assert_int_equal(count_rows(link), 1);
    assert_true(channel->reader.in.capacity + channel->joined.capacity < 256 * 1024);
}

LINK_TEST(as_many_parameters_as_two_bytes_can_count)
{
    const size_t count = 65535;
    hoot_value *values = calloc(count + 1, sizeof(*values));
    hoot_buf sql;

    hoot_buf_init(&sql, 1 << 20);
    remake(link, "TABLE many", "(v INT)");
    (void)hoot_buf_add_str(&sql, HOOT_STR("INSERT INTO many VALUES (?)"));
    for (size_t i = 0; i < count; i++) {
        values[i] = hoot_value_int((int64_t)i);
        if (i > 0)
            (void)hoot_buf_add_str(&sql, HOOT_STR(",(?)"));
    }
    (void)hoot_buf_add_byte(&sql, '\0');
    assert_int_equal(run_values(link, sql.data, values, count).affected_rows, count);
    expect_answer(link, "SELECT SUM(v) FROM many", "2147385345"); /* 65,534 * 65,535 / 2 */
    sql.len--;
    (void)hoot_buf_add(&sql, ",(?)", 5);
    values[count] = hoot_value_int(1);
    assert_int_equal(run_refused(link, sql.data, values, count + 1, HOOT_EDB).server_code, 1390);
    hoot_buf_fini(&sql);
    free(values);
}

LINK_TEST(more_columns_than_the_null_bitmap_has_bits_in_a_word)
{
    const hoot_value one = hoot_value_int(1);
    const hoot_value *cells;
    hoot_buf sql;

    hoot_buf_init(&sql, 1 << 20);
    (void)hoot_buf_add_str(&sql, HOOT_STR("SELECT ?"));
    for (int i = 1; i < 4000; i++)
        (void)hoot_buf_printf(&sql, i % 3 ? ",%d" : ",NULL", i);
    (void)hoot_buf_add_byte(&sql, '\0');
    assert_int_equal(run_values(link, sql.data, &one, 1).column_count, 4000);
    cells = next(link);
    for (int i = 1; i < 4000; i++) {
        assert_int_equal(cells[i].kind, i % 3 ? HOOT_INT : HOOT_NULL);
        assert_true(i % 3 == 0 || cells[i].i64 == i);
    }
    assert_null(next(link));
    hoot_buf_fini(&sql);
}

LINK_TEST(names_of_columns_are_given_as_the_server_has_them)
{
    hoot_answer answer = run(link, "SELECT 1 AS a, 2 AS a, 3 AS `\xC3\xA9t\xC3\xA9`, 4 AS `with space`");

    assert_int_equal(answer.column_count, 4);
    assert_string_equal(answer.names[0], "a");
    assert_string_equal(answer.names[1], "a");
    assert_string_equal(answer.names[2], "\xC3\xA9t\xC3\xA9");
    assert_string_equal(answer.names[3], "with space");
    assert_int_equal(count_rows(link), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_protocols_give_the_same_values),
        cmocka_unit_test(integers_keep_their_limits),
        cmocka_unit_test(parameters_arrive_as_they_were_given),
        cmocka_unit_test(parameters_that_no_column_could_hold_are_refused_here),
        cmocka_unit_test(other_types_come_as_text_or_bytes),
        cmocka_unit_test(addresses_and_uuids_of_mariadb_come_as_text),
        cmocka_unit_test(blobs_keep_every_byte),
        cmocka_unit_test(packets_of_sixteen_mebibytes_and_more),
        cmocka_unit_test(rows_of_sixteen_mebibytes_and_more),
        cmocka_unit_test(a_parameter_of_forty_mebibytes_goes_and_comes_back),
        cmocka_unit_test(a_command_over_the_servers_limit_is_refused_before_it_is_sent),
        cmocka_unit_test(a_command_over_a_limit_that_fell_is_a_lost_connection),
        cmocka_unit_test(memory_of_a_large_row_is_let_go),
        cmocka_unit_test(as_many_parameters_as_two_bytes_can_count),
        cmocka_unit_test(more_columns_than_the_null_bitmap_has_bits_in_a_word),
        cmocka_unit_test(names_of_columns_are_given_as_the_server_has_them),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}

/* The MySQL driver against a real MariaDB server. Expected values are those of the servers' manuals and of
 * the statements themselves. */
#include "mysql_link.h"
#include "mysql_server.h"

#include "db/mysql/protocol.h"

#include <hoot/crypto.h>

static mysql_server server;

static hoot_target target_for(const char *user, const char *password, bool by_socket)
{
    return (hoot_target){
        .driver = &hoot__mysql_driver,
        .host = "127.0.0.1",
        .socket = by_socket ? server.socket : "",
        .user = user,
        .password = password,
        .database = "hoot",
        .port = server.port,
        .connect_timeout_ms = 10000,
        .statement_cache = 100,
        .max_answer_bytes = (uint64_t)256 << 20,
    };
}

static hoot_link *open_link(const hoot_target *target)
{
    hoot_error err = HOOT_ERROR_INIT;
    hoot_link *link = NULL;

    if (hoot__mysql_driver.connect(target, &link, &err) != 0)
        fail_msg("%s", err.text);
    return link;
}

static int open_refused(const hoot_target *target, hoot_error *err)
{
    hoot_link *link = NULL;
    int rc = hoot__mysql_driver.connect(target, &link, err);

    assert_null(link);
    assert_int_equal(err->code, rc);
    return rc;
}

typedef void (*link_fn)(hoot_link *link);

static int body_on_link(hoot_error *err, void *arg)
{
    hoot_target target = target_for("root", "", false);
    hoot_link *link = open_link(&target);

    (void)err;
    (*(link_fn *)arg)(link);
    hoot__mysql_driver.close(link);
    return 0;
}

static void on_link(link_fn body)
{
    hoot_error err = HOOT_ERROR_INIT;

    assert_int_equal(hoot_run(body_on_link, &body, &err), 0);
}

/* name: a test whose body gets a link */
#define LINK_TEST(name)                                                                                      \
    static void name##_body(hoot_link *link);                                                                \
    static void name(void **state)                                                                           \
    {                                                                                                        \
        (void)state;                                                                                         \
        on_link(name##_body);                                                                                \
    }                                                                                                        \
    static void name##_body(hoot_link *link)

/* --- values --- */

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
    { "CAST('838:59:59.999999' AS TIME(6))", HOOT_TIME, "838:59:59.999999" },
    { "CAST('-838:59:59.999999' AS TIME(6))", HOOT_TIME, "-838:59:59.999999" },
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

    run(link, "CREATE OR REPLACE TABLE ints (a TINYINT, b SMALLINT, c MEDIUMINT, d INT, e BIGINT, f TINYINT "
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
    const hoot_time longest = {
        .hour = 838, .minute = 59, .second = 59, .microsecond = 999999, .negative = true
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
        { "SELECT CHARSET(?)", hoot_value_bytes(HOOT_STR("x")), "binary" },
        { "SELECT CONCAT(LENGTH(?), '')", hoot_value_text(""), "0" },
        { "SELECT ? IS NULL", hoot_value_null(), "1" },
        { "SELECT CAST(? AS CHAR)", hoot_value_date(moment), "2026-02-23" },
        { "SELECT CAST(? AS CHAR)", hoot_value_datetime(moment), "2026-02-23 10:11:12.000345" },
        { "SELECT CAST(? AS CHAR)", hoot_value_time(longest), "-838:59:59.999999" },
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

    run(link, "CREATE OR REPLACE TABLE others (y YEAR, b BIT(9), e ENUM('a','b'), s SET('x','y'), j JSON, g "
              "POINT, u UUID, "
              "i INET6, z DATE, zz DATETIME, f FLOAT, t TEXT, l LONGBLOB)");
    run(link, "SET sql_mode = ''");
    run(link, "INSERT INTO others VALUES (2026, b'100000001', 'b', 'x,y', '{\"a\":1}', POINT(1,2), "
              "'123e4567-e89b-12d3-a456-426655440000', '::1', '0000-00-00', '2026-00-00 00:00:00', 0.1, "
              "'text', X'00FF')");
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
        assert_string_equal(c[4].str.ptr, "{\"a\":1}");
        assert_int_equal(c[5].kind, HOOT_BYTES);
        assert_int_equal(c[5].str.len, 25); /* SRID, byte order, type, two doubles */
        assert_string_equal(c[6].str.ptr, "123e4567-e89b-12d3-a456-426655440000");
        assert_string_equal(c[7].str.ptr, "::1");
        assert_int_equal(c[8].kind, HOOT_DATE);
        assert_int_equal(c[8].time.year + c[8].time.month + c[8].time.day, 0);
        assert_int_equal(c[9].kind, HOOT_DATETIME);
        assert_int_equal(c[9].time.year, 2026);
        assert_int_equal(c[9].time.month, 0);
        assert_int_equal(c[10].kind, HOOT_FLOAT);
        assert_true(c[10].f64 == (double)0.1f);
        assert_int_equal(c[11].kind, HOOT_TEXT);
        assert_int_equal(c[12].kind, HOOT_BYTES);
        assert_memory_equal(c[12].str.ptr, "\0\xff", 3);
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
    run(link, "CREATE OR REPLACE TABLE blobs (b BLOB)");
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
    run(link, "CREATE OR REPLACE TABLE many (v INT)");
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

/* --- statements --- */

LINK_TEST(counts_and_ids_are_the_servers)
{
    hoot_answer answer;

    run(link, "CREATE OR REPLACE TABLE ids (id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, v INT)");
    answer = run(link, "INSERT INTO ids (v) VALUES (1), (1), (1)");
    assert_int_equal(answer.affected_rows, 3);
    assert_int_equal(answer.last_insert_id, 1);
    assert_int_equal(link->last_insert_id, 1);
    assert_int_equal(run(link, "UPDATE ids SET v = IF(id = 2, 1, 2)").affected_rows,
                     2); /* rows changed, not found */
    assert_int_equal(link->last_insert_id, 0);
    run(link, "INSERT INTO ids VALUES (18446744073709551614, 1)");
    assert_true(run(link, "DELETE FROM ids").affected_rows == 4);
    assert_int_equal(run(link, "SELECT 1/0, 2/0").column_count, 2);
    assert_int_equal(count_rows(link), 1);
}

static void check_refusal(hoot_link *link, const char *sql, int code, int server_code, const char *sqlstate)
{
    for (int binary = 0; binary < 2; binary++) {
        const hoot_value one = hoot_value_int(1);
        hoot_error err = run_refused(link, sql, &one, (size_t)binary, code);

        assert_int_equal(err.server_code, server_code);
        assert_string_equal(err.sqlstate, sqlstate);
    }
}

LINK_TEST(refusals_have_code_state_and_message)
{
    hoot_error err;

    run(link, "CREATE OR REPLACE TABLE uniques (a INT PRIMARY KEY, b INT NOT NULL, CHECK (b < 100))");
    run(link, "INSERT INTO uniques VALUES (1, 1)");
    err = run_refused(link, "INSERT INTO uniques VALUES (1, 1)", NULL, 0, HOOT_EDUPLICATE);
    assert_int_equal(err.server_code, 1062);
    assert_string_equal(err.sqlstate, "23000");
    assert_non_null(strstr(err.text, "Duplicate entry '1'"));
    assert_int_equal(
        run_refused(link, "INSERT INTO uniques VALUES (2, NULL)", NULL, 0, HOOT_ECONSTRAINT).server_code,
        1048);
    assert_int_equal(
        run_refused(link, "INSERT INTO uniques VALUES (2, 100)", NULL, 0, HOOT_ECONSTRAINT).server_code,
        4025);
    assert_int_equal(run_refused(link, "", NULL, 0, HOOT_EDB).server_code, 1065);
    check_refusal(link, "SELECT * FROM nowhere", HOOT_EDB, 1146, "42S02");
    check_refusal(link, "SELEKT 1", HOOT_EDB, 1064, "42000");
    expect_answer(link, "SELECT 'good'", "good");
}

LINK_TEST(the_number_of_parameters_must_be_that_of_the_placeholders)
{
    const hoot_value two[] = { hoot_value_int(1), hoot_value_int(2) };

    run_refused(link, "SELECT ?", two, 2, HOOT_EINVAL);
    run_refused(link, "SELECT ?, ?, ?", two, 2, HOOT_EINVAL);
    run_refused(link, "SELECT '?' /* ? */", two, 2, HOOT_EINVAL);
    assert_int_equal(
        run_values(link, "SELECT '?', `a`.* /* ? */ FROM (SELECT ? x, ? y) a", two, 2).column_count, 3);
    assert_int_equal(count_rows(link), 1);
}

static const char *status(hoot_arena *arena, hoot_link *link, const char *name)
{
    const char *sql = hoot_arena_printf(arena,
                                        "SELECT variable_value FROM information_schema.session_status "
                                        "WHERE variable_name = '%s'",
                                        name);

    return ask_values(arena, link, sql, NULL, 0);
}

LINK_TEST(a_statement_is_prepared_once)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);

    for (int i = 0; i < 5; i++) {
        hoot_value param = i % 2 ? hoot_value_int(i) : hoot_value_text("0");

        run_values(link, "SELECT ? + 0", &param, 1);
        assert_int_equal(count_rows(link), 1);
    }
    assert_string_equal(status(arena, link, "Com_stmt_prepare"), "1");
    assert_string_equal(status(arena, link, "Com_stmt_execute"), "5");
}

static int body_evicts(hoot_error *err, void *arg)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    const char *const statements[] = { "SELECT ?, 1", "SELECT ?, 2", "SELECT ?, 3", "SELECT ?, 1" };
    const hoot_value param = hoot_value_int(1);
    hoot_target target = target_for("root", "", false);
    hoot_link *link;

    (void)err;
    (void)arg;
    target.statement_cache = 2;
    link = open_link(&target);
    for (int i = 0; i < 4; i++) {
        run_values(link, statements[i], &param, 1);
        assert_int_equal(count_rows(link), 1);
    }
    assert_string_equal(status(arena, link, "Com_stmt_prepare"), "4");
    assert_string_equal(status(arena, link, "Com_stmt_close"), "2");
    hoot__mysql_driver.close(link);
    return 0;
}

static void the_statement_unused_for_longest_is_closed(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;

    (void)state;
    assert_int_equal(hoot_run(body_evicts, NULL, &err), 0);
}

LINK_TEST(a_server_full_of_prepared_statements_gets_ours_closed)
{
    const hoot_value param = hoot_value_int(1);
    hoot_target target = target_for("root", "", false);
    hoot_link *other = open_link(&target);

    run_values(link, "SELECT ?, 1", &param, 1);
    assert_int_equal(count_rows(link), 1);
    run(link, "SET GLOBAL max_prepared_stmt_count = 1");
    run_values(link, "SELECT ?, 2", &param, 1);
    assert_int_equal(count_rows(link), 1);
    assert_int_equal(run_refused(other, "SELECT ?, 3", &param, 1, HOOT_EDB).server_code, 1461);
    run(link, "SET GLOBAL max_prepared_stmt_count = 16382");
    hoot__mysql_driver.close(other);
}

LINK_TEST(a_statement_that_the_server_forgot_is_prepared_again)
{
    const hoot_value param = hoot_value_int(1);

    run_values(link, "SELECT ?, 1", &param, 1);
    assert_int_equal(count_rows(link), 1);
    assert_int_equal(hoot__my_simple(hoot__my_link_of(link), HOOT__MY_COM_RESET_CONNECTION, NULL), 0);
    run_values(link, "SELECT ?, 1", &param, 1);
    assert_int_equal(count_rows(link), 1);
}

LINK_TEST(a_statement_survives_a_change_of_its_table)
{
    const hoot_value param = hoot_value_int(1);

    run(link, "CREATE OR REPLACE TABLE changing (a INT)");
    run(link, "INSERT INTO changing VALUES (1)");
    assert_int_equal(run_values(link, "SELECT * FROM changing WHERE a = ?", &param, 1).column_count, 1);
    assert_int_equal(count_rows(link), 1);
    run(link, "ALTER TABLE changing ADD b INT");
    assert_int_equal(run_values(link, "SELECT * FROM changing WHERE a = ?", &param, 1).column_count, 2);
    assert_int_equal(count_rows(link), 1);
}

LINK_TEST(the_first_result_with_rows_is_a_procedures_answer)
{
    const hoot_value param = hoot_value_int(7);

    run(link,
        "CREATE OR REPLACE PROCEDURE several(n INT) BEGIN DO n; SELECT n AS a; SELECT 2 AS b, 3 AS c; END");
    for (int binary = 0; binary < 2; binary++) {
        hoot_answer answer =
            run_values(link, binary ? "CALL several(?)" : "CALL several(7)", &param, (size_t)binary);

        assert_int_equal(answer.column_count, 1);
        assert_int_equal(next(link)[0].i64, 7);
        assert_null(next(link));
        assert_string_equal(answer.names[0], "a");
    }
    run(link, "CREATE OR REPLACE PROCEDURE none() BEGIN DO 1; END");
    assert_int_equal(run(link, "CALL none()").column_count, 0);
    run(link, "CREATE OR REPLACE PROCEDURE fails() BEGIN SELECT 1; SELECT 2; SIGNAL SQLSTATE '45000'; END");
    assert_int_equal(run(link, "CALL fails()").column_count, 1);
    assert_non_null(next(link));
    hoot_error err = HOOT_ERROR_INIT;
    const hoot_value *cells;
    assert_int_equal(link->driver->next_row(link, &cells, &err), HOOT_EDB);
    assert_int_equal(err.server_code, 1644);
    assert_string_equal(err.sqlstate, "45000");
    expect_answer(link, "SELECT 'good'", "good");
}

LINK_TEST(several_statements_in_one_text_are_refused)
{
    run_refused(link, "SELECT 1; SELECT 2", NULL, 0, HOOT_EDB);
}

LINK_TEST(a_local_file_is_never_sent)
{
    hoot_error err;

    run(link, "CREATE OR REPLACE TABLE files (line TEXT)");
    err = run_refused(link, "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE files", NULL, 0, HOOT_EDB);
    assert_true(err.server_code == 4166 || err.server_code == 1148);
    expect_answer(link, "SELECT COUNT(*) FROM files", "0");
}

/* --- the session --- */

LINK_TEST(transactions_are_followed)
{
    run(link, "CREATE OR REPLACE TABLE followed (a INT)");
    assert_false(link->in_transaction);
    run(link, "START TRANSACTION");
    assert_true(link->in_transaction);
    run(link, "INSERT INTO followed VALUES (1)");
    run_refused(link, "SELEKT", NULL, 0, HOOT_EDB);
    assert_true(link->in_transaction);
    run(link, "ROLLBACK");
    assert_false(link->in_transaction);
    expect_answer(link, "SELECT COUNT(*) FROM followed", "0");
}

LINK_TEST(everyday_statements_leave_the_session_clean)
{
    const hoot_value param = hoot_value_int(1);

    run(link, "CREATE OR REPLACE TABLE everyday (a INT)");
    run(link, "INSERT INTO everyday VALUES (1)");
    run_values(link, "UPDATE everyday SET a = ?", &param, 1);
    run_values(link, "SELECT * FROM everyday WHERE a = ?", &param, 1);
    assert_int_equal(count_rows(link), 1);
    run(link, "START TRANSACTION");
    run(link, "SELECT @@version");
    assert_int_equal(count_rows(link), 1);
    run(link, "COMMIT");
    run_refused(link, "SELECT * FROM nowhere", NULL, 0, HOOT_EDB);
    assert_false(link->state_changed);
}

/* Each of these leaves something behind; after a reset it is gone. */
LINK_TEST(reset_clears_what_a_statement_left)
{
    static const char *const leaves[][3] = {
        { "SET @a = 1", "SELECT @a", "NULL" },
        { "SELECT @b := 1", "SELECT @b", "NULL" },
        { "SELECT 1 INTO @c", "SELECT @c", "NULL" },
        { "SET SESSION sql_mode = ''", "SELECT @@sql_mode <> ''", "1" },
        { "SET time_zone = '+05:00'", "SELECT @@time_zone", "SYSTEM" },
        { "SET NAMES latin1", "SELECT @@character_set_results", "utf8mb4" },
        { "SET autocommit = 0", "SELECT @@autocommit", "1" },
        { "USE mysql", "SELECT DATABASE()", "hoot" },
        { "SELECT GET_LOCK('mine', 0)", "SELECT IS_FREE_LOCK('mine')", "1" },
        { "CREATE TEMPORARY TABLE hidden (a INT)",
          "SELECT COUNT(*) FROM information_schema.tables WHERE table_name = 'hidden'", "0" },
        { "START TRANSACTION", "SELECT @@in_transaction", "0" },
        { "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE", "SELECT @@tx_isolation",
          "REPEATABLE-READ" },
    };

    for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
        hoot_error err = HOOT_ERROR_INIT;

        if (run(link, leaves[i][0]).column_count > 0)
            assert_int_equal(count_rows(link), 1);
        if (!link->state_changed && !link->in_transaction)
            fail_msg("%s went unnoticed", leaves[i][0]);
        if (link->driver->reset(link, &err) != 0)
            fail_msg("%s: %s", leaves[i][0], err.text);
        assert_false(link->state_changed || link->in_transaction);
        expect_answer(link, leaves[i][1], leaves[i][2]);
        link->state_changed = false; /* asking for @a counts as a change */
    }
}

/* COM_RESET_CONNECTION leaves the role as it is: such a connection must not be lent again. */
LINK_TEST(a_role_ends_the_connection)
{
    hoot_error err = HOOT_ERROR_INIT;

    run(link, "SET ROLE tester");
    assert_true(link->state_changed);
    assert_int_equal(link->driver->reset(link, &err), HOOT_ESTATE);
    assert_true(link->broken);
}

static int body_database_without_way_back(hoot_error *err, void *arg)
{
    hoot_target target = target_for("root", "", false);
    hoot_link *link;

    (void)arg;
    target.database = "";
    link = open_link(&target);
    assert_int_equal(link->driver->reset(link, err), 0);
    run(link, "USE hoot");
    assert_int_equal(link->driver->reset(link, err), HOOT_ESTATE);
    assert_true(link->broken);
    hoot__mysql_driver.close(link);
    return 0;
}

static void a_database_chosen_on_a_connection_without_one_ends_it(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;

    (void)state;
    assert_int_equal(hoot_run(body_database_without_way_back, NULL, &err), 0);
}

LINK_TEST(prepared_statements_work_again_after_a_reset)
{
    const hoot_value param = hoot_value_int(1);

    for (int i = 0; i < 3; i++) {
        run_values(link, "SELECT ?", &param, 1);
        assert_int_equal(count_rows(link), 1);
        assert_int_equal(link->driver->reset(link, NULL), 0);
    }
}

LINK_TEST(ping_and_liveness)
{
    assert_true(link->driver->is_alive(link));
    assert_int_equal(link->driver->ping(link, NULL), 0);
    assert_true(link->driver->is_alive(link));
    run(link, "SELECT 1");
    assert_false(link->driver->is_alive(link)); /* rows are waiting */
    assert_int_equal(count_rows(link), 1);
    assert_true(link->driver->is_alive(link));
}

LINK_TEST(a_killed_connection_is_seen_before_it_is_used)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    hoot_target target = target_for("root", "", false);
    hoot_link *victim = open_link(&target);

    run(link, hoot_arena_printf(arena, "KILL CONNECTION %llu", (unsigned long long)victim->id));
    for (int tries = 0; tries < 5000 && victim->driver->is_alive(victim); tries++)
        expect_answer(link, "SELECT 1", "1");
    assert_false(victim->driver->is_alive(victim));
    hoot__mysql_driver.close(victim);
}

LINK_TEST(a_connection_killed_under_a_statement_is_lost)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    hoot_error err = HOOT_ERROR_INIT;
    hoot_answer answer;
    const char *sql = hoot_arena_printf(arena, "KILL CONNECTION %llu", (unsigned long long)link->id);
    int rc = link->driver->run(link, hoot_str_from(sql), NULL, 0, &answer, &err);

    if (rc == 0 || rc == HOOT_EDB) /* 1317 first, then the end */
        rc = link->driver->run(link, HOOT_STR("SELECT 1"), NULL, 0, &answer, &err);
    assert_int_equal(rc, HOOT_ECONNLOST);
    assert_true(link->broken);
    assert_int_equal(link->driver->run(link, HOOT_STR("SELECT 1"), NULL, 0, &answer, &err), HOOT_ECONNLOST);
}

/* --- stopping --- */

static void expect_gone(hoot_link *link, uint64_t id, const char *what)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    const char *sql =
        hoot_arena_printf(arena,
                          "SELECT COUNT(*) FROM information_schema.processlist WHERE id = %llu AND "
                          "info LIKE '%s'",
                          (unsigned long long)id, what);

    expect_answer(link, sql, "0");
}

LINK_TEST(a_statement_past_its_deadline_is_stopped_on_the_server)
{
    hoot_target target = target_for("root", "", false);
    hoot_link *watcher = open_link(&target);
    const hoot_value param = hoot_value_int(60);

    for (int binary = 0; binary < 2; binary++) {
        hoot_error err = HOOT_ERROR_INIT;
        hoot_answer answer;
        int rc = 0;

        hoot_timeout (50)
            rc = link->driver->run(link, binary ? HOOT_STR("SELECT SLEEP(?)") : HOOT_STR("SELECT SLEEP(60)"),
                                   &param, (size_t)binary, &answer, &err);
        assert_int_equal(rc, HOOT_ETIMEOUT);
        assert_true(link->unfinished);
        assert_false(link->broken);
        assert_int_equal(link->driver->run(link, HOOT_STR("SELECT 1"), NULL, 0, &answer, &err), HOOT_ESTATE);
        assert_int_equal(link->driver->recover(link, &err), 0);
        assert_false(link->unfinished);
        expect_gone(watcher, link->id, "SELECT SLEEP%");
        expect_answer(link, "SELECT 'mine'", "mine");
    }
    hoot__mysql_driver.close(watcher);
}

/* The deadline falls before, into, and behind each statement; every later answer must be its own. */
LINK_TEST(a_late_kill_never_hits_the_next_statement)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    int interrupted = 0;

    for (int i = 0; i < 60; i++) {
        const hoot_value param = hoot_value_int(i);
        hoot_error err = HOOT_ERROR_INIT;
        hoot_answer answer;
        int rc = 0;

        hoot_timeout ((uint64_t)(i % 4))
            rc = link->driver->run(link, HOOT_STR("SELECT SLEEP(0.002), ?"), &param, 1, &answer, &err);
        if (rc == 0)
            assert_int_equal(count_rows(link), 1);
        if (link->unfinished) {
            interrupted++;
            assert_int_equal(link->driver->recover(link, &err), 0);
        }
        assert_string_equal(ask_values(arena, link, "SELECT ?", &param, 1),
                            hoot_arena_printf(arena, "%d", i));
    }
    assert_true(interrupted > 0);
}

LINK_TEST(rows_that_nobody_reads_are_skipped_or_stopped)
{
    hoot_error err = HOOT_ERROR_INIT;

    run(link, "SELECT 1 UNION SELECT 2 UNION SELECT 3");
    assert_non_null(next(link));
    if (!link->driver->skip_rows(link))
        assert_int_equal(link->driver->recover(link, &err), 0);
    expect_answer(link, "SELECT 'a'", "a");
    run(link,
        "SELECT * FROM seq_1_to_100000000"); /* the SEQUENCE engine: more rows than anybody would wait for */
    assert_non_null(next(link));
    assert_int_equal(link->driver->skip_rows(link), 0);
    assert_true(link->unfinished);
    assert_int_equal(link->driver->recover(link, &err), 0);
    expect_answer(link, "SELECT 'b'", "b");
}

LINK_TEST(killing_the_query_keeps_the_connection)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    const char *sql = hoot_arena_printf(arena, "KILL QUERY %llu", (unsigned long long)link->id);

    assert_int_equal(run_refused(link, sql, NULL, 0, HOOT_EDB).server_code, 1317);
    expect_answer(link, "SELECT 1", "1");
}

/* The columns come first, then the error in the place of a row. */
LINK_TEST(an_error_among_the_rows_keeps_the_connection)
{
    const hoot_value param = hoot_value_int(0);

    for (int binary = 0; binary < 2; binary++) {
        hoot_error err = HOOT_ERROR_INIT;
        const hoot_value *cells;
        int rows = 0, rc;

        run(link, "SET max_statement_time = 0.05");
        run_values(link,
                   binary ? "SELECT * FROM seq_1_to_1000000000 WHERE seq > ?"
                          : "SELECT * FROM seq_1_to_1000000000",
                   &param, (size_t)binary);
        while ((rc = link->driver->next_row(link, &cells, &err)) == 1)
            rows++;
        assert_int_equal(rc, HOOT_EDB);
        assert_int_equal(err.server_code, 1969);
        assert_true(rows > 0);
        run(link, "SET max_statement_time = 0");
        expect_answer(link, "SELECT 2", "2");
    }
}

LINK_TEST(locks_that_do_not_come_are_deadlocks_to_a_program)
{
    hoot_target target = target_for("root", "", false);
    hoot_link *other = open_link(&target);

    run(link, "CREATE OR REPLACE TABLE locked (a INT PRIMARY KEY)");
    run(link, "INSERT INTO locked VALUES (1)");
    run(link, "START TRANSACTION");
    run(link, "SELECT * FROM locked FOR UPDATE");
    assert_int_equal(count_rows(link), 1);
    run(other, "SET innodb_lock_wait_timeout = 0");
    assert_int_equal(run_refused(other, "UPDATE locked SET a = 2", NULL, 0, HOOT_EDEADLOCK).server_code,
                     1205);
    run(link, "ROLLBACK");
    hoot__mysql_driver.close(other);
}

/* --- logging in --- */

typedef struct login_case {
    const char *user, *password, *database;
    int code, server_code;
    bool by_socket;
} login_case;

static const login_case logins[] = {
    { "native", "secret \xC3\xA9", "hoot", 0, 0, false },
    { "native", "secret \xC3\xA9", "hoot", 0, 0, true },
    { "native", "secret \xC3\xA9", "", 0, 0, false },
    { "native", "wrong", "hoot", HOOT_EAUTH, 1045, false },
    { "native", "", "hoot", HOOT_EAUTH, 1045, false },
    { "empty", "", "hoot", 0, 0, false },
    { "empty", "x", "hoot", HOOT_EAUTH, 1045, false },
    { "nobody", "x", "hoot", HOOT_EAUTH, 1045, false },
    { "root", "", "nowhere", HOOT_EDB, 1049, false },
    { "empty", "", "mysql", HOOT_EAUTH, 1044, false },
};

static int body_logins(hoot_error *unused, void *arg)
{
    (void)unused;
    (void)arg;
    for (size_t i = 0; i < sizeof(logins) / sizeof(logins[0]); i++) {
        const login_case *c = &logins[i];
        hoot_target target = target_for(c->user, c->password, c->by_socket);
        hoot_error err = HOOT_ERROR_INIT;
        hoot_link *link;

        target.database = c->database;
        if (c->code) {
            assert_int_equal(open_refused(&target, &err), c->code);
            assert_int_equal(err.server_code, c->server_code);
            assert_non_null(strstr(err.text, c->user));
            assert_non_null(strstr(err.text, "mysql_native_password"));
            continue;
        }
        link = open_link(&target);
        expect_answer(link, "SELECT IFNULL(DATABASE(), '')", c->database);
        hoot__mysql_driver.close(link);
    }
    return 0;
}

static void logins_by_native_password(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;

    (void)state;
    assert_int_equal(hoot_run(body_logins, NULL, &err), 0);
}

LINK_TEST(plugins_that_are_not_ours_are_named)
{
    hoot_target target = target_for("modern", "secret", false);
    hoot_error err = HOOT_ERROR_INIT;

    /* One that is built into the server: others are files of packages that need not be there. */
    run(link, "CREATE USER modern@'%' IDENTIFIED VIA mysql_old_password USING '0123456789abcdef'");
    run(link, "SET GLOBAL secure_auth = 0");
    assert_int_equal(open_refused(&target, &err), HOOT_EAUTH);
    run(link, "SET GLOBAL secure_auth = 1");
    assert_non_null(strstr(err.text, "mysql_old_password"));
}

LINK_TEST(the_unix_socket_proves_who_we_are)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    const char *user = getpwuid(getuid())->pw_name;
    hoot_target target = target_for(user, "", true);
    hoot_link *by_socket;

    run(link,
        hoot_arena_printf(arena, "GRANT USAGE ON *.* TO '%s'@localhost IDENTIFIED VIA unix_socket", user));
    target.database = "";
    by_socket = open_link(&target);
    expect_answer(by_socket, "SELECT 'in'", "in");
    hoot__mysql_driver.close(by_socket);
    run(link, hoot_arena_printf(arena, "ALTER USER '%s'@localhost IDENTIFIED BY ''", user));
}

LINK_TEST(too_many_connections_is_said_before_the_login)
{
    hoot_target target = target_for("native", "secret \xC3\xA9", false);
    hoot_link *last;
    hoot_error err = HOOT_ERROR_INIT;

    run(link, "SET GLOBAL max_connections = 10");
    hoot_link *open[16];
    int count = 0, rc = 0;

    while (count < 16 && (rc = hoot__mysql_driver.connect(&target, &last, &err)) == 0)
        open[count++] = last;
    assert_int_equal(rc, HOOT_ECONNECT);
    assert_int_equal(err.server_code, 1040);
    while (count > 0)
        hoot__mysql_driver.close(open[--count]);
    run(link, "SET GLOBAL max_connections = 151");
}

LINK_TEST(the_server_knows_who_is_connected)
{
    assert_non_null(strstr(link->server_version, "MariaDB"));
    assert_null(strstr(link->server_version, "5.5.5-"));
    expect_answer(link, "SELECT CHARSET('x')", "utf8mb4");
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    assert_string_equal(ask_values(arena, link, "SELECT CONNECTION_ID()", NULL, 0),
                        hoot_arena_printf(arena, "%llu", (unsigned long long)link->id));
}

static int body_unreachable(hoot_error *unused, void *arg)
{
    hoot_target target = target_for("root", "", false);
    hoot_error err = HOOT_ERROR_INIT;

    (void)unused;
    (void)arg;
    target.port = mysql_server_free_port();
    assert_int_equal(open_refused(&target, &err), HOOT_ECONNECT);
    target.socket = "/nonexistent/socket";
    assert_int_equal(open_refused(&target, &err), HOOT_ECONNECT);
    assert_non_null(strstr(err.text, "/nonexistent/socket"));
    return 0;
}

static void a_server_that_is_not_there_is_a_clear_error(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;

    (void)state;
    assert_int_equal(hoot_run(body_unreachable, NULL, &err), 0);
}

/* --- the server's life --- */

static int body_users(hoot_error *err, void *arg)
{
    static const char *const statements[] = {
        "CREATE DATABASE hoot",
        "CREATE USER native@'%' IDENTIFIED BY 'secret \xC3\xA9'",
        "CREATE USER native@localhost IDENTIFIED BY 'secret \xC3\xA9'",
        "CREATE USER empty@'%' IDENTIFIED BY ''",
        "GRANT ALL ON hoot.* TO native@'%'",
        "GRANT ALL ON hoot.* TO native@localhost",
        "GRANT ALL ON hoot.* TO empty@'%'",
        "CREATE ROLE tester",
        "GRANT tester TO root@localhost",
        "GRANT tester TO root@127.0.0.1",
    };
    hoot_target target = target_for("root", "", true);
    hoot_link *link;

    (void)err;
    (void)arg;
    target.database = "";
    link = open_link(&target);
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
        run(link, statements[i]);
    hoot__mysql_driver.close(link);
    return 0;
}

static int start_server(void **state)
{
    static const char *const options[] = { "--max-allowed-packet=64M", "--max-connections=151", NULL };
    hoot_error err = HOOT_ERROR_INIT;

    (void)state;
    mysql_server_start(&server, options);
    return hoot_run(body_users, NULL, &err);
}

static int stop_server(void **state)
{
    (void)state;
    mysql_server_stop(&server);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_protocols_give_the_same_values),
        cmocka_unit_test(integers_keep_their_limits),
        cmocka_unit_test(parameters_arrive_as_they_were_given),
        cmocka_unit_test(parameters_that_no_column_could_hold_are_refused_here),
        cmocka_unit_test(other_types_come_as_text_or_bytes),
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
        cmocka_unit_test(counts_and_ids_are_the_servers),
        cmocka_unit_test(refusals_have_code_state_and_message),
        cmocka_unit_test(the_number_of_parameters_must_be_that_of_the_placeholders),
        cmocka_unit_test(a_statement_is_prepared_once),
        cmocka_unit_test(the_statement_unused_for_longest_is_closed),
        cmocka_unit_test(a_server_full_of_prepared_statements_gets_ours_closed),
        cmocka_unit_test(a_statement_that_the_server_forgot_is_prepared_again),
        cmocka_unit_test(a_statement_survives_a_change_of_its_table),
        cmocka_unit_test(the_first_result_with_rows_is_a_procedures_answer),
        cmocka_unit_test(several_statements_in_one_text_are_refused),
        cmocka_unit_test(a_local_file_is_never_sent),
        cmocka_unit_test(transactions_are_followed),
        cmocka_unit_test(everyday_statements_leave_the_session_clean),
        cmocka_unit_test(reset_clears_what_a_statement_left),
        cmocka_unit_test(a_role_ends_the_connection),
        cmocka_unit_test(a_database_chosen_on_a_connection_without_one_ends_it),
        cmocka_unit_test(prepared_statements_work_again_after_a_reset),
        cmocka_unit_test(ping_and_liveness),
        cmocka_unit_test(a_killed_connection_is_seen_before_it_is_used),
        cmocka_unit_test(a_connection_killed_under_a_statement_is_lost),
        cmocka_unit_test(a_statement_past_its_deadline_is_stopped_on_the_server),
        cmocka_unit_test(a_late_kill_never_hits_the_next_statement),
        cmocka_unit_test(rows_that_nobody_reads_are_skipped_or_stopped),
        cmocka_unit_test(killing_the_query_keeps_the_connection),
        cmocka_unit_test(an_error_among_the_rows_keeps_the_connection),
        cmocka_unit_test(locks_that_do_not_come_are_deadlocks_to_a_program),
        cmocka_unit_test(logins_by_native_password),
        cmocka_unit_test(plugins_that_are_not_ours_are_named),
        cmocka_unit_test(the_unix_socket_proves_who_we_are),
        cmocka_unit_test(too_many_connections_is_said_before_the_login),
        cmocka_unit_test(the_server_knows_who_is_connected),
        cmocka_unit_test(a_server_that_is_not_there_is_a_clear_error),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}

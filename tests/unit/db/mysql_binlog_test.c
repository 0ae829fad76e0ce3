/* Events, rows and values of a binary log from bytes, for what MariaDB does not log (MySQL's JSON, its GTIDs,
 * its metadata) and for what a server could get wrong. Vectors are put together by hand from the documented
 * formats: MySQL Internals, "Binary Log Event"; MySQL's sql-common/json_binary.h. */
#include "mysql_link.h"

#include "db/mysql/binlog_gtid.h"
#include "db/mysql/binlog_rows.h"

#define BYTES(literal) hoot_str_of("" literal "", sizeof(literal) - 1)

/* --- JSON --- */

typedef struct json_case {
    hoot_str document;
    const char *text; /* NULL: it is refused */
} json_case;

static const json_case json_cases[] = {
    { { "", 0 }, "null" },
    { { "\x04\x00", 2 }, "null" },
    { { "\x04\x01", 2 }, "true" },
    { { "\x04\x02", 2 }, "false" },
    { { "\x04\x03", 2 }, NULL },
    { { "\x05\x00\x80", 3 }, "-32768" },
    { { "\x06\xff\xff", 3 }, "65535" },
    { { "\x07\x00\x00\x00\x80", 5 }, "-2147483648" },
    { { "\x08\xff\xff\xff\xff", 5 }, "4294967295" },
    { { "\x09\x00\x00\x00\x00\x00\x00\x00\x80", 9 }, "-9223372036854775808" },
    { { "\x0a\xff\xff\xff\xff\xff\xff\xff\xff", 9 }, "18446744073709551615" },
    { { "\x0b\x00\x00\x00\x00\x00\x00\xf8\x3f", 9 }, "1.5" },
    { { "\x0b\x00\x00\x00\x00\x00\x00\xf0\x3f", 9 }, "1.0" },
    { { "\x0b\x00\x00\x00\x00\x00\x00\xf0\x7f", 9 }, NULL }, /* infinity */
    { { "\x0c\x05"
        "a\"\n\\\x01",
        7 },
      "\"a\\\"\\n\\\\\\u0001\"" },
    { { "\x0c\x02\xc3\xa9", 4 }, "\"\xc3\xa9\"" },
    { { "\x0c\x01\xff", 3 }, NULL }, /* no UTF-8 */
    { { "\x0c\x05"
        "ab",
        4 },
      NULL },
    /* [1, "ab"]: two elements of 15 bytes; 1 stands in its entry, "ab" at 10 */
    { { "\x02\x02\x00\x0d\x00\x05\x01\x00\x0c\x0a\x00\x02"
        "ab",
        14 },
      "[1, \"ab\"]" },
    /* {"k": null, "kk": []} */
    { { "\x00\x02\x00\x1d\x00\x12\x00\x01\x00\x13\x00\x02\x00\x04\x00\x00\x02\x15\x00"
        "kkk"
        "\x00\x00\x04\x00\x00\x00\x00\x00",
        30 },
      "{\"k\": null, \"kk\": []}" },
    /* the same as [1] in the large form */
    { { "\x03\x01\x00\x00\x00\x0d\x00\x00\x00\x07\x01\x00\x00\x00", 14 }, "[1]" },
    { { "\x02\x00\x00\x04\x00", 5 }, "[]" },
    { { "\x00\x00\x00\x04\x00", 5 }, "{}" },
    /* 12.34 as DECIMAL(4,2), a date, a time, a blob */
    { { "\x0f\xf6\x04\x04\x02\x8c\x22", 7 }, "12.34" },
    { { "\x0f\x0a\x08\x00\x00\x00\x00\x00\x2e\xb9\x19", 11 }, "\"2026-02-23\"" },
    { { "\x0f\x0c\x08\x01\x00\x00\xcc\xa2\x2e\xb9\x19", 11 }, "\"2026-02-23 10:11:12.000001\"" },
    { { "\x0f\x0b\x08\x00\x00\x00\xcc\xa2\x00\x00\x00", 11 }, "\"10:11:12.000000\"" },
    { { "\x0f\xfc\x03"
        "abc",
        6 },
      "\"base64:type252:YWJj\"" },
    { { "\x02\xff\xff\x04\x00", 5 }, NULL },                              /* more elements than bytes */
    { { "\x02\x01\x00\x07\x00\x02\x00\x00", 8 }, NULL },                  /* an array that holds itself */
    { { "\x02\x01\x00\x07\x00\x0c\xff\x00", 8 }, NULL },                  /* an offset past the end */
    { { "\x00\x01\x00\x0b\x00\xff\x00\x01\x00\x04\x00\x00", 12 }, NULL }, /* a name past the end */
    { { "\x0d\x00", 2 }, NULL },                                          /* no such type */
};

static void reads_mysqls_binary_json(void **state)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);

    (void)state;
    for (size_t i = 0; i < sizeof(json_cases) / sizeof(json_cases[0]); i++) {
        const json_case *c = &json_cases[i];
        hoot_str text;
        int rc = hoot__bin_json(c->document, arena, &text);

        if (rc != (c->text ? 0 : HOOT_EPROTOCOL))
            fail_msg("document %zu (%s): %d", i, c->text ? c->text : "refused", rc);
        if (c->text)
            assert_string_equal(text.ptr, c->text);
    }
}

/* Each array's two elements are both the next array: 2^20 elements in 180 bytes. */
static void json_does_not_grow_without_end(void **state)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    hoot_buf document;
    hoot_str text;

    (void)state;
    hoot_buf_init(&document, 1 << 16);
    hoot__my_put_u8(&document, 2);
    for (int level = 20; level > 0; level--) {
        hoot__my_put_u16(&document, 2);
        hoot__my_put_u16(&document, (uint16_t)(10 * level + 4));
        for (int i = 0; i < 2; i++) {
            hoot__my_put_u8(&document, 2);
            hoot__my_put_u16(&document, 10);
        }
    }
    hoot__my_put_u16(&document, 0);
    hoot__my_put_u16(&document, 4);
    assert_int_equal(hoot__bin_json(hoot_buf_str(&document), arena, &text), HOOT_EPROTOCOL);
    assert_true(hoot_arena_used(arena) < 65536);
    hoot_buf_fini(&document);
}

/* --- decimals --- */

typedef struct decimal_case {
    const char *bytes;
    size_t len;
    unsigned precision, scale;
    const char *text; /* NULL: refused */
} decimal_case;

/* The first two are the examples in MySQL's strings/decimal.cc, of DECIMAL(14,4).
 */
static const decimal_case decimal_cases[] = {
    { "\x81\x0d\xfb\x38\xd2\x04\xd2", 7, 14, 4, "1234567890.1234" },
    { "\x7e\xf2\x04\xc7\x2d\xfb\x2d", 7, 14, 4, "-1234567890.1234" },
    { "\x80\x00\x00\x00\x00\x00\x00", 7, 14, 4, "0.0000" },
    { "\x80\x00\x00\x00\x05", 5, 11, 2, "0.05" },
    { "\x8c\x22", 2, 4, 2, "12.34" },
    { "\x80\x7b", 2, 3, 0, "123" },
    { "\xe4", 1, 2, 0, NULL }, /* 100 in two digits */
    { "\x80", 1, 14, 4, NULL },
    { "\x80", 1, 0, 0, NULL },
    { "\x80", 1, 66, 0, NULL },
    { "\x80", 1, 2, 3, NULL },
};

static void reads_decimals(void **state)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);

    (void)state;
    for (size_t i = 0; i < sizeof(decimal_cases) / sizeof(decimal_cases[0]); i++) {
        const decimal_case *c = &decimal_cases[i];
        hoot__my_in in = hoot__my_in_of(c->bytes, c->len);
        hoot_str text;
        int rc;

        rc = hoot__bin_decimal(&in, c->precision, c->scale, arena, &text);
        assert_int_equal(rc, c->text ? 0 : HOOT_EPROTOCOL);
        if (c->text)
            assert_true(hoot_str_is(text, c->text));
    }
}

/* --- transactions --- */

static void expect_set(bool maria, const char *given, const char *text)
{
    hoot__gtid_set set;
    hoot_buf out;
    int rc;

    hoot__gtid_set_init(&set, maria);
    hoot_buf_init(&out, 4096);
    rc = hoot__gtid_set_add_text(&set, hoot_str_from(given));
    assert_int_equal(rc, text ? 0 : HOOT_EINVAL);
    if (text) {
        assert_int_equal(hoot__gtid_set_text(&set, &out), 0);
        if (!hoot_str_is(hoot_buf_str(&out), text))
            fail_msg("%s is %.*s", given, (int)out.len, out.data);
    }
    hoot_buf_fini(&out);
    hoot__gtid_set_fini(&set);
}

#define A "3e11fa47-71ca-11e1-9e33-c80aa9429562"
#define B "4e11fa47-71ca-11e1-9e33-c80aa9429562"

static void sets_of_transactions_are_merged(void **state)
{
    (void)state;
    expect_set(false, "", "");
    expect_set(false, A ":1-5", A ":1-5");
    expect_set(false, "3E11FA47-71CA-11E1-9E33-C80AA9429562:1-5", A ":1-5");
    expect_set(false, A ":1-5:6", A ":1-6");
    expect_set(false, A ":7-9:1-5", A ":1-5:7-9");
    expect_set(false, A ":7-9:1-5:6", A ":1-9");
    expect_set(false, A ":1:3:5:7:2-6", A ":1-7");
    expect_set(false, " " B ":1 ,\n" A ":2", A ":2," B ":1");
    expect_set(false, A ":5-4", NULL);
    expect_set(false, A ":0", NULL);
    expect_set(false, A, NULL);
    expect_set(false, A ":tag:1", NULL);
    expect_set(false, "0-1-77", NULL);
    expect_set(true, "0-1-77,5-2-3", "0-1-77,5-2-3");
    expect_set(true, "5-2-3,0-1-77,0-2-78", "0-2-78,5-2-3");
    expect_set(true, "0-1", NULL);
    expect_set(true, "0-1-2-3", NULL);
    expect_set(true, A ":1", NULL);
}

#define UUID_A "\x3e\x11\xfa\x47\x71\xca\x11\xe1\x9e\x33\xc8\x0a\xa9\x42\x95\x62"

static void mysqls_sets_go_both_ways(void **state)
{
    static const char bytes[] = "\x01\0\0\0\0\0\0\0" UUID_A "\x02\0\0\0\0\0\0\0"
                                "\x01\0\0\0\0\0\0\0\x06\0\0\0\0\0\0\0\x07\0\0\0\0\0\0\0\x08\0\0\0\0\0\0\0";
    hoot_str body = hoot_str_of(bytes, sizeof(bytes) - 1);
    hoot__gtid_set set;
    hoot_buf out;

    (void)state;
    hoot__gtid_set_init(&set, false);
    hoot_buf_init(&out, 4096);
    assert_int_equal(hoot__gtid_set_decode(&set, body), 0);
    assert_int_equal(hoot__gtid_set_text(&set, &out), 0);
    assert_true(hoot_str_is(hoot_buf_str(&out), A ":1-5:7"));
    hoot_buf_clear(&out);
    assert_int_equal(hoot__gtid_set_encode(&set, &out), 0);
    assert_true(hoot_str_equal(hoot_buf_str(&out), body));
    for (size_t len = 0; len < body.len; len++)
        assert_int_equal(hoot__gtid_set_decode(&set, hoot_str_head(body, len)), HOOT_EPROTOCOL);
    assert_int_equal(hoot__gtid_set_decode(&set, BYTES("\x01\0\0\0\0\0\0\x01")), HOOT_ENOTSUP);
    hoot_buf_fini(&out);
    hoot__gtid_set_fini(&set);
}

static void transactions_have_the_names_that_servers_give_them(void **state)
{
    hoot__bin_event event = { .type = HOOT__BIN_GTID,
                              .server_id = 9,
                              .body = BYTES("\x01" UUID_A "\x17\0\0\0\0\0\0\0\x02\0\0\0") };
    hoot__bin_gtid gtid;
    hoot_buf out;

    (void)state;
    hoot_buf_init(&out, 4096);
    assert_true(hoot__bin_gtid_parse(&event, &gtid));
    assert_int_equal(hoot__gtid_text(&gtid, 9, &out), 0);
    assert_true(hoot_str_is(hoot_buf_str(&out), A ":23"));
    event.type = HOOT__BIN_MARIA_GTID;
    event.body = BYTES("\x4d\0\0\0\0\0\0\0\x05\0\0\0\x01");
    hoot_buf_clear(&out);
    assert_true(hoot__bin_gtid_parse(&event, &gtid));
    assert_true(gtid.standalone);
    assert_int_equal(hoot__gtid_text(&gtid, 9, &out), 0);
    assert_true(hoot_str_is(hoot_buf_str(&out), "5-9-77"));
    event.body.len--;
    assert_false(hoot__bin_gtid_parse(&event, &gtid));
    hoot_buf_fini(&out);
}

/* --- events --- */

/* An XID event, its CRC-32 that of zlib's crc32(). */
static const char xid[] = "\x00\x00\x00\x00\x10\x01\x00\x00\x00\x1f\x00\x00\x00\x00\x01\x00\x00\x00\x00"
                          "\x2a\0\0\0\0\0\0\0\x54\xef\xdc\x61";

static void a_wrong_checksum_is_refused(void **state)
{
    char copy[sizeof(xid)];
    hoot_error err = HOOT_ERROR_INIT;
    hoot__bin_event event;
    uint64_t number;

    (void)state;
    memcpy(copy, xid, sizeof(xid));
    assert_int_equal(hoot__bin_event_parse(hoot_str_of(xid, sizeof(xid) - 1), true, &event, &err), 0);
    assert_true(hoot__bin_xid_parse(event.body, &number));
    assert_int_equal(number, 42);
    assert_int_equal(event.end, 256);
    copy[20] ^= 1;
    assert_int_equal(hoot__bin_event_parse(hoot_str_of(copy, sizeof(xid) - 1), true, &event, &err),
                     HOOT_EPROTOCOL);
    assert_non_null(strstr(err.text, "checksum"));
    for (size_t len = 0; len < sizeof(xid) - 1; len++)
        assert_int_equal(hoot__bin_event_parse(hoot_str_of(xid, len), true, &event, &err), HOOT_EPROTOCOL);
}

/* --- tables and rows, with the metadata of MySQL --- */

/* shop.t: INT UNSIGNED, YEAR, BIGINT, VARCHAR(10) of utf8mb4, GEOMETRY, CHAR(4) of binary, JSON; signs,
 * character sets (utf8mb4 but for the second text column: binary) and names. A YEAR and a GEOMETRY have
 * neither here. */
#define TABLE                                                                                                \
    "\x07\0\0\0\0\0\x01\0\x04shop\0\x01t\0\x07\x03\x0d\x08\x0f\xff\xfe\xf5\x06\x28\x00\x04\xfe\x04\x04\x7f"  \
    "\x01\x01\xc0\x02\x05\xfc\xff\x00\x01\x3f\x04\x0e\x01"                                                   \
    "a\x01"                                                                                                  \
    "b\x01"                                                                                                  \
    "c\x01"                                                                                                  \
    "d\x01"                                                                                                  \
    "e\x01"                                                                                                  \
    "f\x01"                                                                                                  \
    "g"

#define ROW                                                                                                  \
    "\x00\xff\xff\xff\xff\x7e\xff\xff\xff\xff\xff\xff\xff\xff\x02hi\x01\0\0\0z\x02\x01\x02\x03\0\0\0\x05"    \
    "\x07\0"

static void mysqls_metadata_tells_signs_charsets_and_names(void **state)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    HOOT_AUTO(hoot_arena) row = hoot_arena_new(0);
    const hoot__bin_format format = { .maria = false };
    hoot__bin_event event = { .type = HOOT__BIN_INSERT_V2,
                              .body = BYTES("\x07\0\0\0\0\0\x01\0\x02\0\x07\x7f" ROW) };
    hoot_error err = HOOT_ERROR_INIT;
    hoot__bin_table table;
    hoot__bin_rows rows;

    (void)state;
    assert_int_equal(hoot__bin_table_parse(arena, BYTES(TABLE), &format, &table), 0);
    assert_true(table.named);
    assert_string_equal(table.schema, "shop");
    assert_string_equal(table.names[6], "g");
    assert_true(hoot__bin_rows_begin(&event, false, &rows));
    assert_int_equal(rows.table_id, table.id);
    if (hoot__bin_rows_next(&rows, &table, row, &err) != 1)
        fail_msg("%s", err.text);
    assert_int_equal(table.after[0].kind, HOOT_UINT);
    assert_int_equal(table.after[0].u64, 4294967295u);
    assert_int_equal(table.after[1].u64, 2026);
    assert_int_equal(table.after[2].kind, HOOT_INT);
    assert_int_equal(table.after[2].i64, -1);
    assert_int_equal(table.after[3].kind, HOOT_TEXT);
    assert_int_equal(table.after[4].kind, HOOT_BYTES);
    assert_int_equal(table.after[5].kind, HOOT_BYTES);
    assert_true(hoot_str_equal(table.after[5].str, BYTES("\x01\x02\0\0"))); /* the zeros that were left out */
    assert_true(hoot_str_is(table.after[6].str, "7"));
    assert_int_equal(hoot__bin_rows_next(&rows, &table, row, &err), 0);
}

static void what_ends_early_is_refused_everywhere(void **state)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    HOOT_AUTO(hoot_arena) row = hoot_arena_new(0);
    const hoot__bin_format format = { .maria = false };
    hoot_str whole = BYTES(TABLE), values = BYTES("\x07\0\0\0\0\0\x01\0\x02\0\x07\x7f" ROW);
    hoot_error err = HOOT_ERROR_INIT;
    hoot__bin_table table;
    hoot__bin_rows rows;

    (void)state;
    for (size_t len = 0; len < 33; len++) /* behind it all of the metadata is optional */
        assert_int_equal(hoot__bin_table_parse(arena, hoot_str_head(whole, len), &format, &table),
                         HOOT_EPROTOCOL);
    assert_int_equal(hoot__bin_table_parse(arena, whole, &format, &table), 0);
    for (size_t len = 0; len < values.len; len++) {
        hoot__bin_event event = { .type = HOOT__BIN_INSERT_V2, .body = hoot_str_head(values, len) };

        if (len < 12)
            assert_false(hoot__bin_rows_begin(&event, false, &rows));
        else if (len > 12 && hoot__bin_rows_begin(&event, false, &rows))
            assert_int_equal(hoot__bin_rows_next(&rows, &table, row, &err), HOOT_EPROTOCOL);
    }
}

static void a_large_announcement_inflates_to_nothing(void **state)
{
    hoot_buf out;

    (void)state;
    hoot_buf_init(&out, 1024);
    assert_int_equal(hoot__bin_inflate(BYTES("\x84\xff\xff\xff\xff\x78\x9c\x03\0\0\0\0\x01"), &out),
                     HOOT_ELIMIT);
    assert_int_equal(hoot__bin_inflate(BYTES("\x81\x05\x78\x9c\x03\0\0\0\0\x01"), &out), HOOT_EPROTOCOL);
    assert_int_equal(hoot__bin_inflate(BYTES("\x01\x05"), &out), HOOT_EPROTOCOL);
    assert_int_equal(hoot__bin_inflate(BYTES("\x81\x02\x78\x9c\x4b\x4c\x02\x00\x01\x26\x00\xc5"), &out),
                     HOOT_EPROTOCOL); /* "ab" has another checksum */
    assert_int_equal(out.len, 0);
    assert_int_equal(hoot__bin_inflate(BYTES("\x81\x02\x78\x9c\x4b\x4c\x02\x00\x01\x26\x00\xc4"), &out), 0);
    assert_true(hoot_str_is(hoot_buf_str(&out), "ab"));
    hoot_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_mysqls_binary_json),
        cmocka_unit_test(json_does_not_grow_without_end),
        cmocka_unit_test(reads_decimals),
        cmocka_unit_test(sets_of_transactions_are_merged),
        cmocka_unit_test(mysqls_sets_go_both_ways),
        cmocka_unit_test(transactions_have_the_names_that_servers_give_them),
        cmocka_unit_test(a_wrong_checksum_is_refused),
        cmocka_unit_test(mysqls_metadata_tells_signs_charsets_and_names),
        cmocka_unit_test(what_ends_early_is_refused_everywhere),
        cmocka_unit_test(a_large_announcement_inflates_to_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

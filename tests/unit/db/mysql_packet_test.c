/* The pure parts: integers and strings of packets, rows of both protocols, parameters, the statements' cache,
 * the look at a statement's text. Vectors are those of the protocol's documentation, or follow from its
 * layouts. */
#include "mysql_link.h"

#include "db/mysql/params.h"
#include "db/mysql/protocol.h"
#include "db/mysql/rows.h"
#include "db/mysql/session.h"

#include <stdlib.h>

/* Parse one length-encoded integer. Gives: whether it was whole and alone. */
static bool lenenc(hoot_str bytes, uint64_t *out)
{
    hoot__my_in in = hoot__my_in_of(bytes.ptr, bytes.len);

    *out = hoot__my_lenenc(&in);
    return hoot__my_spent(&in);
}

static void every_form_of_a_length(void **state)
{
    const struct {
        hoot_str bytes;
        uint64_t value;
    } good[] = {
        { HOOT_STR("\x00"), 0 },
        { HOOT_STR("\xfa"), 250 },
        { HOOT_STR("\xfc\xfb\x00"), 251 },
        { HOOT_STR("\xfc\xff\xff"), 65535 },
        { HOOT_STR("\xfd\x00\x00\x01"), 65536 },
        { HOOT_STR("\xfd\xff\xff\xff"), 16777215 },
        { HOOT_STR("\xfe\x00\x00\x00\x01\x00\x00\x00\x00"), 16777216 },
        { HOOT_STR("\xfe\xff\xff\xff\xff\xff\xff\xff\xff"), UINT64_MAX },
    };
    uint64_t value;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        hoot_buf out;

        assert_true(lenenc(good[i].bytes, &value));
        assert_true(value == good[i].value);
        hoot_buf_init(&out, 16);
        hoot__my_put_lenenc(&out, value);
        assert_true(hoot_str_equal(hoot_buf_str(&out), good[i].bytes));
        hoot_buf_fini(&out);
        for (size_t len = 0; len < good[i].bytes.len; len++)
            assert_false(lenenc(hoot_str_head(good[i].bytes, len), &value));
    }
    assert_false(lenenc(HOOT_STR("\xfb"), &value)); /* NULL is no length */
    assert_false(lenenc(HOOT_STR("\xff"), &value));
}

static void strings_stay_inside_the_packet(void **state)
{
    hoot__my_in in = hoot__my_in_of("abc", 3);

    (void)state;
    assert_int_equal(hoot__my_nul_str(&in).len, 0);
    assert_true(in.failed);
    in = hoot__my_in_of("\xfe\xff\xff\xff\xff\xff\xff\xff\xff"
                        "abc",
                        12);
    assert_int_equal(hoot__my_lenenc_str(&in).len, 0);
    assert_true(in.failed);
    assert_int_equal(hoot__my_u8(&in), 0); /* nothing more is given after a failure */
    in = hoot__my_in_of("a\0b", 3);
    assert_true(hoot_str_is(hoot__my_nul_str(&in), "a"));
    assert_true(hoot_str_is(hoot__my_rest(&in), "b"));
    assert_true(hoot__my_spent(&in));
}

/* --- rows --- */

typedef struct cell {
    uint8_t type;
    hoot_kind kind;
    hoot_str bytes;   /* as the row has them */
    const char *text; /* NULL: malformed */
} cell;

/* One column, one cell: decode it from a heap block of just its size, so that the sanitizer sees a byte too
 * far. */
static int decode(const cell *c, bool binary, hoot_arena *arena, const char **out_text)
{
    hoot__my_column item = { .type = c->type, .kind = c->kind };
    hoot_value value = hoot_value_null();
    const char *names[1] = { "v" };
    hoot__my_columns columns = { .items = &item, .cells = &value, .names = names, .count = 1, .capacity = 1 };
    size_t head = binary ? 2 : 0, len = head + c->bytes.len;
    char *row = malloc(len + 1);
    uint32_t column;
    int rc;

    memset(row, 0, len + 1);
    memcpy(row + head, c->bytes.ptr, c->bytes.len);
    row[len] = 'x'; /* the byte behind: ours to terminate */
    rc = binary ? hoot__my_row_binary(&columns, (hoot__my_packet){ row, len }, &column)
                : hoot__my_row_text(&columns, (hoot__my_packet){ row, len }, &column);
    if (rc == 0)
        *out_text = value.kind == HOOT_NULL ? "NULL" : hoot_value_format(arena, &value);
    if (rc == 0 && (value.kind == HOOT_TEXT || value.kind == HOOT_BYTES))
        assert_int_equal(value.str.ptr[value.str.len], 0);
    free(row);
    return rc;
}

static void check_cells(const cell *cells, size_t count, bool binary)
{
    for (size_t i = 0; i < count; i++) {
        HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
        const char *text = NULL;
        int rc = decode(&cells[i], binary, arena, &text);

        if ((rc == 0) != (cells[i].text != NULL))
            fail_msg("cell %zu: %d", i, rc);
        if (cells[i].text)
            assert_string_equal(text, cells[i].text);
    }
}

static const cell binary_cells[] = {
    { HOOT__MY_TYPE_TINY, HOOT_INT, { "\x80", 1 }, "-128" },
    { HOOT__MY_TYPE_TINY, HOOT_UINT, { "\xff", 1 }, "255" },
    { HOOT__MY_TYPE_SHORT, HOOT_INT, { "\x00\x80", 2 }, "-32768" },
    { HOOT__MY_TYPE_INT24, HOOT_INT, { "\x00\x00\x80\xff", 4 }, "-8388608" },
    { HOOT__MY_TYPE_LONG, HOOT_UINT, { "\xff\xff\xff\xff", 4 }, "4294967295" },
    { HOOT__MY_TYPE_LONGLONG, HOOT_INT, { "\0\0\0\0\0\0\0\x80", 8 }, "-9223372036854775808" },
    { HOOT__MY_TYPE_LONGLONG, HOOT_UINT, { "\xff\xff\xff\xff\xff\xff\xff\xff", 8 }, "18446744073709551615" },
    { HOOT__MY_TYPE_YEAR, HOOT_UINT, { "\xea\x07", 2 }, "2026" },
    { HOOT__MY_TYPE_LONG, HOOT_INT, { "\x01\x00\x00", 3 }, NULL },
    { HOOT__MY_TYPE_DOUBLE,
      HOOT_DOUBLE,
      { "\x66\x66\x66\x66\x66\x66\x24\x40", 8 },
      "10.2" },                                                             /* MySQL Internals' example */
    { HOOT__MY_TYPE_FLOAT, HOOT_FLOAT, { "\x33\x33\x23\x41", 4 }, "10.2" }, /* and this one */
    { HOOT__MY_TYPE_DATE, HOOT_DATE, { "\x04\xda\x07\x0a\x11", 5 }, "2010-10-17" },
    { HOOT__MY_TYPE_DATE, HOOT_DATE, { "\x00", 1 }, "0000-00-00" },
    { HOOT__MY_TYPE_DATETIME,
      HOOT_DATETIME,
      { "\x0b\xda\x07\x0a\x11\x13\x1b\x1e\x01\x00\x00\x00", 12 },
      "2010-10-17 19:27:30.000001" },
    { HOOT__MY_TYPE_TIMESTAMP,
      HOOT_DATETIME,
      { "\x07\xda\x07\x0a\x11\x13\x1b\x1e", 8 },
      "2010-10-17 19:27:30" },
    { HOOT__MY_TYPE_DATETIME, HOOT_DATETIME, { "\x04\xda\x07\x0a\x11", 5 }, "2010-10-17 00:00:00" },
    { HOOT__MY_TYPE_DATETIME, HOOT_DATETIME, { "\x05\xda\x07\x0a\x11\x00", 6 }, NULL },
    { HOOT__MY_TYPE_DATETIME,
      HOOT_DATETIME,
      { "\x07\xda\x07\x0a\x11\x18\x1b\x1e", 8 },
      NULL },                                                               /* 24 o'clock */
    { HOOT__MY_TYPE_DATE, HOOT_DATE, { "\x04\xda\x07\x0d\x11", 5 }, NULL }, /* month 13 */
    { HOOT__MY_TYPE_TIME,
      HOOT_TIME,
      { "\x0c\x01\x78\x00\x00\x00\x13\x1b\x1e\x01\x00\x00\x00", 13 },
      NULL }, /* 120 days */
    { HOOT__MY_TYPE_TIME,
      HOOT_TIME,
      { "\x0c\x01\x22\x00\x00\x00\x16\x3b\x3b\x3f\x42\x0f\x00", 13 },
      "-838:59:59.999999" },
    { HOOT__MY_TYPE_TIME, HOOT_TIME, { "\x08\x00\x00\x00\x00\x00\x13\x1b\x1e", 9 }, "19:27:30" },
    { HOOT__MY_TYPE_TIME, HOOT_TIME, { "\x08\x00\xff\xff\xff\xff\x13\x1b\x1e", 9 }, NULL },
    { HOOT__MY_TYPE_TIME, HOOT_TIME, { "\x00", 1 }, "00:00:00" },
    { HOOT__MY_TYPE_NEWDECIMAL,
      HOOT_DECIMAL,
      { "\x04"
        "10.2",
        5 },
      "10.2" },
    { HOOT__MY_TYPE_VAR_STRING,
      HOOT_TEXT,
      { "\x03"
        "foo",
        4 },
      "foo" },
    { HOOT__MY_TYPE_BLOB, HOOT_BYTES, { "\x00", 1 }, "" },
    { HOOT__MY_TYPE_VAR_STRING,
      HOOT_TEXT,
      { "\x04"
        "foo",
        4 },
      NULL },
    { HOOT__MY_TYPE_NULL, HOOT_NULL, { "\x00", 1 }, NULL },
    { HOOT__MY_TYPE_GEOMETRY, HOOT_BYTES, { "\xfe\xff\xff\xff\xff\xff\xff\xff\xff", 9 }, NULL },
};

static void binary_cells_of_every_type(void **state)
{
    (void)state;
    check_cells(binary_cells, sizeof(binary_cells) / sizeof(binary_cells[0]), true);
}

static const cell text_cells[] = {
    { HOOT__MY_TYPE_LONG, HOOT_INT, { "\x03-12", 4 }, "-12" },
    { HOOT__MY_TYPE_LONG,
      HOOT_UINT,
      { "\x05"
        "00042",
        6 },
      "42" },
    { HOOT__MY_TYPE_LONG, HOOT_UINT, { "\x02-1", 3 }, NULL },
    { HOOT__MY_TYPE_LONGLONG,
      HOOT_INT,
      { "\x14"
        "18446744073709551615",
        21 },
      NULL },
    { HOOT__MY_TYPE_LONG, HOOT_INT, { "\x00", 1 }, NULL },
    { HOOT__MY_TYPE_DOUBLE,
      HOOT_DOUBLE,
      { "\x06"
        "-1.5e3",
        7 },
      "-1500" },
    { HOOT__MY_TYPE_DOUBLE,
      HOOT_DOUBLE,
      { "\x04"
        "0x10",
        5 },
      NULL },
    { HOOT__MY_TYPE_DOUBLE,
      HOOT_DOUBLE,
      { "\x03"
        "nan",
        4 },
      NULL },
    { HOOT__MY_TYPE_DOUBLE,
      HOOT_DOUBLE,
      { "\x04"
        "1.5x",
        5 },
      NULL },
    { HOOT__MY_TYPE_FLOAT,
      HOOT_FLOAT,
      { "\x03"
        "0.1",
        4 },
      "0.1" },
    { HOOT__MY_TYPE_NEWDECIMAL,
      HOOT_DECIMAL,
      { "\x06"
        "12.340",
        7 },
      "12.340" },
    { HOOT__MY_TYPE_DATE,
      HOOT_DATE,
      { "\x0a"
        "0000-00-00",
        11 },
      "0000-00-00" },
    { HOOT__MY_TYPE_DATE,
      HOOT_DATE,
      { "\x0a"
        "2026-02-2x",
        11 },
      NULL },
    { HOOT__MY_TYPE_DATE,
      HOOT_DATE,
      { "\x09"
        "2026-2-23",
        10 },
      NULL },
    { HOOT__MY_TYPE_TIME,
      HOOT_TIME,
      { "\x0a"
        "-838:59:59",
        11 },
      "-838:59:59" },
    { HOOT__MY_TYPE_TIME,
      HOOT_TIME,
      { "\x09"
        "839:00:00",
        10 },
      NULL },
    { HOOT__MY_TYPE_TIME,
      HOOT_TIME,
      { "\x0a"
        "00:00:00.5",
        11 },
      "00:00:00.5" },
    { HOOT__MY_TYPE_TIME,
      HOOT_TIME,
      { "\x09"
        "00:00:00.",
        10 },
      NULL },
    { HOOT__MY_TYPE_DATETIME,
      HOOT_DATETIME,
      { "\x1a"
        "2026-02-23 10:11:12.000345",
        27 },
      "2026-02-23 10:11:12.000345" },
    { HOOT__MY_TYPE_DATETIME,
      HOOT_DATETIME,
      { "\x0a"
        "2026-02-23",
        11 },
      NULL },
    { HOOT__MY_TYPE_VAR_STRING, HOOT_TEXT, { "\xfb", 1 }, "NULL" },
    { HOOT__MY_TYPE_VAR_STRING, HOOT_TEXT, { "\x00", 1 }, "" },
    { HOOT__MY_TYPE_VAR_STRING,
      HOOT_TEXT,
      { "\x03"
        "foo",
        4 },
      "foo" },
    { HOOT__MY_TYPE_VAR_STRING,
      HOOT_TEXT,
      { "\x03"
        "fo",
        3 },
      NULL },
    { HOOT__MY_TYPE_VAR_STRING, HOOT_TEXT, { "\xff", 1 }, NULL },
    { HOOT__MY_TYPE_VAR_STRING, HOOT_TEXT, { "", 0 }, NULL },
};

static void text_cells_of_every_type(void **state)
{
    (void)state;
    check_cells(text_cells, sizeof(text_cells) / sizeof(text_cells[0]), false);
}

/* --- parameters --- */

/* The layout of COM_STMT_EXECUTE, byte by byte. */
static void parameters_are_laid_out_as_documented(void **state)
{
    const hoot_value values[] = { hoot_value_null(), hoot_value_int(-2), hoot_value_uint(3),
                                  hoot_value_text("ab"), hoot_value_bool(true) };
    static const char expected[] = "\x17\x07\x00\x00\x00\x00\x01\x00\x00\x00" /* statement 7 */
                                   "\x01\x01" /* the first is NULL; types follow */
                                   "\x06\x00\x08\x00\x08\x80\xfd\x00\x01\x00" /* types */
                                   "\xfe\xff\xff\xff\xff\xff\xff\xff\x03\x00\x00\x00\x00\x00\x00\x00"
                                   "\x02"
                                   "ab\x01";
    hoot_buf out;
    size_t bytes;

    (void)state;
    hoot_buf_init(&out, 1024);
    assert_int_equal(hoot__my_params_check(values, 5, 1024, &bytes, NULL), 0);
    hoot__my_params_write(&out, 7, values, 5);
    assert_int_equal(out.len, sizeof(expected) - 1);
    assert_memory_equal(out.data, expected, out.len);
    assert_true(bytes >= out.len);
    hoot_buf_fini(&out);
}

/* A length of 4 GiB and more would wrap in clients that count in 32 bits, and its tail would be read as a
 * command. */
static void lengths_over_the_limit_are_refused_before_writing(void **state)
{
    const hoot_value huge[] = { hoot_value_bytes(hoot_str_of("x", (size_t)1 << 32)),
                                hoot_value_bytes(hoot_str_of("x", SIZE_MAX)) };
    const hoot_value two[] = { hoot_value_bytes(hoot_str_of("x", 900)),
                               hoot_value_bytes(hoot_str_of("x", 900)) };
    size_t bytes;

    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(hoot__my_params_check(&huge[i], 1, HOOT__MY_PAYLOAD_MAX, &bytes, NULL), HOOT_ELIMIT);
    assert_int_equal(hoot__my_params_check(two, 2, 1000, &bytes, NULL), HOOT_ELIMIT);
    assert_int_equal(hoot__my_params_check(two, 1, 1000, &bytes, NULL), 0);
}

/* --- the cache --- */

static void the_cache_keeps_the_newest(void **state)
{
    hoot__my_statements cache;
    const hoot__my_statement *found;

    (void)state;
    hoot__my_statements_init(&cache, 2);
    assert_null(hoot__my_statements_find(&cache, HOOT_STR("a")));
    assert_non_null(hoot__my_statements_add(&cache, HOOT_STR("a"), 1, 0));
    assert_non_null(hoot__my_statements_add(&cache, HOOT_STR("b"), 2, 0));
    assert_non_null(hoot__my_statements_find(&cache, HOOT_STR("a")));
    assert_non_null(hoot__my_statements_add(&cache, HOOT_STR("c"), 3, 0));
    assert_null(hoot__my_statements_find(&cache, HOOT_STR("b")));
    found = hoot__my_statements_find(&cache, HOOT_STR("a"));
    assert_int_equal(found->id, 1);
    assert_int_equal(cache.closing.len, 9);
    assert_memory_equal(cache.closing.data, "\x05\x00\x00\x00\x19\x02\x00\x00\x00", 9);
    hoot__my_statements_clear(&cache, true);
    assert_int_equal(cache.closing.len, 27);
    assert_int_equal(cache.count, 0);
    hoot__my_statements_fini(&cache);
}

static void the_cache_bears_many(void **state)
{
    hoot__my_statements cache;

    (void)state;
    hoot__my_statements_init(&cache, 1000);
    for (uint32_t i = 0; i < 5000; i++) {
        char sql[16];
        int len = snprintf(sql, sizeof(sql), "SELECT %u", i);

        assert_null(hoot__my_statements_find(&cache, hoot_str_of(sql, (size_t)len)));
        assert_non_null(hoot__my_statements_add(&cache, hoot_str_of(sql, (size_t)len), i, 0));
        assert_int_equal(hoot__my_statements_find(&cache, hoot_str_of(sql, (size_t)len))->id, i);
    }
    assert_int_equal(cache.count, 1000);
    assert_non_null(hoot__my_statements_find(&cache, HOOT_STR("SELECT 4000")));
    assert_null(hoot__my_statements_find(&cache, HOOT_STR("SELECT 3999")));
    hoot__my_statements_fini(&cache);
}

/* --- what statements leave --- */

static void what_statements_leave_behind(void **state)
{
    const struct {
        const char *sql;
        hoot__my_effect tracked, untracked;
    } cases[] = {
        { "SELECT 1", HOOT__MY_LEAVES_NOTHING, HOOT__MY_LEAVES_NOTHING },
        { " \n(select 1)", HOOT__MY_LEAVES_NOTHING, HOOT__MY_LEAVES_NOTHING },
        { "SELECT @@version", HOOT__MY_LEAVES_NOTHING, HOOT__MY_LEAVES_NOTHING },
        { "SELECT @@version, @a := 1", HOOT__MY_LEAVES_STATE, HOOT__MY_LEAVES_STATE },
        { "INSERT INTO users VALUES (?)", HOOT__MY_LEAVES_NOTHING, HOOT__MY_LEAVES_NOTHING },
        { "select get_lock(?, 1)", HOOT__MY_LEAVES_STATE, HOOT__MY_LEAVES_STATE },
        { "SELECT _lock, a_lock FROM locks", HOOT__MY_LEAVES_NOTHING, HOOT__MY_LEAVES_NOTHING },
        { "SELECT GET_LOCK", HOOT__MY_LEAVES_STATE, HOOT__MY_LEAVES_STATE },
        { "SELECT 'a_b', _c, geT_Lock('x', 0)", HOOT__MY_LEAVES_STATE, HOOT__MY_LEAVES_STATE },
        { "SELECT _", HOOT__MY_LEAVES_NOTHING, HOOT__MY_LEAVES_NOTHING },
        { "SELECT 1 INTO @", HOOT__MY_LEAVES_STATE, HOOT__MY_LEAVES_STATE },
        { "CREATE TEMPORARY TABLE t (a INT)", HOOT__MY_LEAVES_NOTHING, HOOT__MY_LEAVES_STATE },
        { "CREATE TABLE t (a INT)", HOOT__MY_LEAVES_NOTHING, HOOT__MY_LEAVES_NOTHING },
        { "START TRANSACTION", HOOT__MY_LEAVES_NOTHING, HOOT__MY_LEAVES_NOTHING },
        { "SET autocommit = 0", HOOT__MY_LEAVES_STATE, HOOT__MY_LEAVES_STATE },
        { "/* SELECT */ SET x = 1", HOOT__MY_LEAVES_STATE, HOOT__MY_LEAVES_STATE },
        { "/*!40000 SET x = 1 */", HOOT__MY_LEAVES_STATE, HOOT__MY_LEAVES_STATE },
        { "-- SELECT\nUSE other", HOOT__MY_LEAVES_STATE, HOOT__MY_LEAVES_STATE },
        { "LOCK TABLES a READ", HOOT__MY_LEAVES_STATE, HOOT__MY_LEAVES_STATE },
        { "CALL anything()", HOOT__MY_LEAVES_STATE, HOOT__MY_LEAVES_STATE },
        { "BEGIN", HOOT__MY_LEAVES_NOTHING, HOOT__MY_LEAVES_NOTHING },
        { "BEGIN NOT ATOMIC SET x = 1; END", HOOT__MY_LEAVES_STATE, HOOT__MY_LEAVES_STATE },
        { "SELECTED", HOOT__MY_LEAVES_STATE, HOOT__MY_LEAVES_STATE },
        { "set role admin", HOOT__MY_OUTLIVES_RESET, HOOT__MY_OUTLIVES_RESET },
        { "", HOOT__MY_LEAVES_STATE, HOOT__MY_LEAVES_STATE },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (hoot__my_effect_of(hoot_str_from(cases[i].sql), true) != cases[i].tracked ||
            hoot__my_effect_of(hoot_str_from(cases[i].sql), false) != cases[i].untracked)
            fail_msg("%s", cases[i].sql);
    }
}

static void what_counts_or_locks_is_not_repeated(void **state)
{
    static const char *const suspects[] = {
        "SELECT NEXTVAL(s)",
        "SELECT SETVAL(s, 10)",
        "SELECT setval (s, 10)",
        "SELECT lastval(s)",
        "SELECT LAST_INSERT_ID(7)",
        "SELECT a FROM t FOR UPDATE",
        "SELECT GET_LOCK(?, 1)",
        "SELECT last_insert_id(a) FROM t",
        "SELECT found_rows()",
        "SELECT ROW_COUNT()",
        "SHOW WARNINGS",
        "SHOW COUNT(*) ERRORS",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(suspects) / sizeof(suspects[0]); i++)
        assert_false(hoot__my_may_repeat(hoot_str_from(suspects[i])));
    assert_true(hoot__my_may_repeat(HOOT_STR("SELECT a FROM t WHERE b = ?")));
    assert_true(hoot__my_may_repeat(HOOT_STR("SELECT errors FROM t")));
    assert_false(hoot__my_may_share(HOOT_STR("SELECT SETVAL(s, 10)")));
    assert_false(hoot__my_may_share(HOOT_STR("UPDATE t SET n = LAST_INSERT_ID(n + 1)")));
    assert_true(hoot__my_may_share(HOOT_STR("UPDATE t SET n = n + 1")));
}

/* --- refusals --- */

/* Many more texts than there is room for, short and long, in a buffer that is written over: each is what it
 * is. */
static void a_text_that_was_seen_is_not_taken_for_another(void **state)
{
    static const char *const ends[] = { "", " INTO @a", " FOR UPDATE", " AS b" };
    const bool repeats[] = { true, false, false, true };
    hoot__my_texts texts = { 0 };
    hoot_buf sql;

    (void)state;
    hoot_buf_init(&sql, 4096);
    for (size_t i = 0; i < 6000; i++) {
        size_t end = i % 4, spaces = i % 11 == 0 ? HOOT__MY_TEXT_MAX : i % 9;

        hoot_buf_clear(&sql);
        assert_int_equal(hoot_buf_printf(&sql, "SELECT %zu%*s%s", i / 8 % 700, (int)spaces, "", ends[end]),
                         0);
        assert_int_equal(hoot__my_texts_shares(&texts, hoot_buf_str(&sql), false), repeats[end]);
        assert_int_equal(hoot__my_texts_shares(&texts, hoot_buf_str(&sql), true), end != 1);
    }
    assert_false(hoot__my_texts_shares(&texts, HOOT_STR("INSERT INTO t VALUES (?)"), false));
    assert_true(hoot__my_texts_shares(&texts, HOOT_STR("INSERT INTO t VALUES (?)"), true));
    assert_false(hoot__my_texts_shares(&texts, HOOT_STR(""), false));
    hoot_buf_fini(&sql);
    hoot__my_texts_fini(&texts);
}

static void refusals_of_every_form(void **state)
{
    hoot__my_refusal refusal;
    hoot_error err = HOOT_ERROR_INIT;

    (void)state;
    assert_true(hoot__my_refusal_parse(HOOT_STR("\xff\x26\x04#23000Duplicate"), &refusal));
    assert_int_equal(hoot__my_refusal_to_error(&refusal, &err), HOOT_EDUPLICATE);
    assert_int_equal(err.server_code, 1062);
    assert_string_equal(err.sqlstate, "23000");
    assert_string_equal(err.text, "1062 (23000): Duplicate");
    assert_true(hoot__my_refusal_parse(HOOT_STR("\xff\x10\x04Too many connections"), &refusal));
    assert_string_equal(refusal.sqlstate, "");
    assert_true(hoot__my_refusal_parse(HOOT_STR("\xff\x10\x04"), &refusal));
    assert_false(hoot__my_refusal_parse(HOOT_STR("\xff\x10"), &refusal));
    assert_false(hoot__my_refusal_parse(HOOT_STR("\xff\x10\x04#42"), &refusal));
    assert_int_equal(hoot__my_code_of_refusal(1213), HOOT_EDEADLOCK);
    assert_int_equal(hoot__my_code_of_refusal(1205), HOOT_EDEADLOCK);
    assert_int_equal(hoot__my_code_of_refusal(1452), HOOT_ECONSTRAINT);
    assert_int_equal(hoot__my_code_of_refusal(1927), HOOT_ECONNLOST);
    assert_int_equal(hoot__my_code_of_refusal(1146), HOOT_EDB);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_a_length),
        cmocka_unit_test(strings_stay_inside_the_packet),
        cmocka_unit_test(binary_cells_of_every_type),
        cmocka_unit_test(text_cells_of_every_type),
        cmocka_unit_test(parameters_are_laid_out_as_documented),
        cmocka_unit_test(lengths_over_the_limit_are_refused_before_writing),
        cmocka_unit_test(the_cache_keeps_the_newest),
        cmocka_unit_test(the_cache_bears_many),
        cmocka_unit_test(what_statements_leave_behind),
        cmocka_unit_test(a_text_that_was_seen_is_not_taken_for_another),
        cmocka_unit_test(refusals_of_every_form),
        cmocka_unit_test(what_counts_or_locks_is_not_repeated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

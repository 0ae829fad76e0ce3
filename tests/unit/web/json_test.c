/* JSON written and parsed. Texts are Python's (json_vectors.py), errors jansson's. */
#include "unit/web/web_test.h"

#include "unit/web/json_vectors.h"

#include "base/alloc.h"

#include <math.h>

static char *write(hoot_value value)
{
    static hoot_buf buf;

    hoot_buf_fini(&buf);
    hoot_buf_init(&buf, 1 << 20);
    if (hoot_json_write(&buf, &value) < 0 || hoot_buf_add_byte(&buf, '\0') < 0)
        fail_msg("the value could not be written");
    return buf.data;
}

#define assert_json(value, text) assert_string_equal(write(value), text)

static int write_code(hoot_value value)
{
    hoot_buf buf;
    int rc;

    hoot_buf_init(&buf, 1 << 20);
    hoot_buf_add(&buf, "kept", 4);
    rc = hoot_json_write(&buf, &value);
    assert_true(rc == 0 || buf.len == 4);
    hoot_buf_fini(&buf);
    return rc;
}

static void writes_doubles_as_python_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(double_vectors) / sizeof(double_vectors[0]); i++)
        assert_json(HOOT_VALUE(double_vectors[i].number), double_vectors[i].text);
}

static void writes_texts_as_python_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(text_vectors) / sizeof(text_vectors[0]); i++)
        assert_json(HOOT_VALUE(hoot_str_of(text_vectors[i].bytes, text_vectors[i].len)),
                    text_vectors[i].json);
}

/* As json.dumps() escapes it. */
static const char *escape_of(int c)
{
    static const char shorts[] = "\b\f\n\r\t\"\\", letters[] = "bfnrt\"\\";
    static char text[8];
    const char *at = strchr(shorts, c);

    if (at)
        snprintf(text, sizeof(text), "\\%c", letters[at - shorts]);
    else
        snprintf(text, sizeof(text), c < 0x20 || c == 0x7f ? "\\u%04x" : "%c", c);
    return text;
}

static void assert_byte_at(int c, size_t place, size_t len)
{
    char text[64] = "", expected[80];

    memset(text, '~', len);
    text[place] = '\0';
    snprintf(expected, sizeof(expected), "\"%s%s%s\"", text, escape_of(c), text + place + 1);
    text[place] = (char)c;
    assert_json(HOOT_VALUE((const char *)text), expected);
}

static void writes_any_byte_at_any_place(void **state)
{
    static const size_t lens[] = { 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 19, 20, 31, 32, 33, 37 };

    (void)state;
    for (int c = 1; c < 0x80; c++) {
        for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
            for (size_t place = 0; place < lens[i]; place++)
                assert_byte_at(c, place, lens[i]);
        }
    }
}

static void writes_every_kind(void **state)
{
    const hoot_time t = { .year = 2026, .month = 2, .day = 23, .hour = 10, .microsecond = 500000 };
    const hoot_time minus = { .negative = true, .hour = 838, .minute = 59, .second = 58, .microsecond = 1 };

    (void)state;
    assert_json(hoot_object("login", "ok"), "{\"login\":\"ok\"}");
    assert_json(hoot_object("b", (bool)true, "a", 1, "n", NULL), "{\"b\":true,\"a\":1,\"n\":null}");
    assert_json(hoot_array(1, "two", 3.5, (bool)false), "[1,\"two\",3.5,false]");
    assert_json(hoot_object("list", hoot_array(hoot_empty_object(), hoot_empty_array())),
                "{\"list\":[{},[]]}");
    assert_json(HOOT_VALUE(INT64_MIN), "-9223372036854775808");
    assert_json(HOOT_VALUE(UINT64_MAX), "18446744073709551615");
    assert_json(HOOT_VALUE(0.1f), "0.1");
    assert_json(HOOT_VALUE(16777216.0f), "16777216.0");
    assert_json(HOOT_VALUE((double)NAN), "null");
    assert_json(HOOT_VALUE(-(double)INFINITY), "null");
    assert_json(hoot_value_decimal(HOOT_STR("-12.340")), "\"-12.340\"");
    assert_json(hoot_value_bytes(hoot_str_of("\0\xff", 2)), "\"AP8=\"");
    assert_json(hoot_value_date(t), "\"2026-02-23\"");
    assert_json(hoot_value_datetime(t), "\"2026-02-23T10:00:00.5\"");
    assert_json(hoot_value_time(t), "\"10:00:00.5\"");
    assert_json(hoot_value_time(minus), "\"-838:59:58.000001\"");
}

static void writes_what_it_parsed(void **state)
{
    const char *text = "{\"a\":[1,2.5,true,false,null,\"\\u00e9\\ud83e\\udd89\"],\"b\":{}}";
    HOOT_AUTO(json_t) json = hoot_json_parse(hoot_str_from(text), NULL);

    (void)state;
    assert_non_null(json);
    assert_json(hoot_value_json(json), text);
}

static void refuses_to_write_what_is_no_utf8(void **state)
{
    (void)state;
    assert_int_equal(write_code(HOOT_VALUE("\xff")), HOOT_EBADINPUT);
    assert_int_equal(write_code(HOOT_VALUE("abc\xc3")), HOOT_EBADINPUT);
    assert_int_equal(write_code(hoot_object("a", 1, "\xed\xa0\x80", 2)), HOOT_EBADINPUT);
}

static void refuses_to_write_too_much(void **state)
{
    hoot_value value = HOOT_VALUE("0123456789");
    hoot_buf buf;

    (void)state;
    for (size_t limit = 0; limit < 12; limit++) {
        hoot_buf_init(&buf, limit);
        assert_int_equal(hoot_json_write(&buf, &value), HOOT_ELIMIT);
        assert_int_equal(buf.len, 0);
        hoot_buf_fini(&buf);
    }
}

static void refuses_to_write_a_tree_without_end(void **state)
{
    hoot_value ring = hoot_value_null();

    (void)state;
    ring = hoot_value_items(&ring, 1);
    assert_int_equal(write_code(ring), HOOT_ELIMIT);
}

static void assert_no_json(const char *text, int code, const char *why)
{
    hoot_error err = HOOT_ERROR_INIT;

    assert_null(hoot_json_parse(hoot_str_from(text), &err));
    assert_int_equal(err.code, code);
    if (!strstr(err.text, why))
        fail_msg("\"%s\" does not say \"%s\"", err.text, why);
}

static void says_where_the_text_is_wrong(void **state)
{
    (void)state;
    assert_no_json("", HOOT_EBADINPUT, "line 1, column 0");
    assert_no_json("{\n  \"a\": tru\n}", HOOT_EBADINPUT, "line 2, column 10");
    assert_no_json("{\"a\":1,\"a\":2}", HOOT_EBADINPUT, "duplicate");
    assert_no_json("[1] 2", HOOT_EBADINPUT, "end of file expected");
    assert_no_json("[\"\\u0000\"]", HOOT_EBADINPUT, "\\u0000");
    assert_no_json("[\"\xff\"]", HOOT_EBADINPUT, "0xff");
    assert_no_json("[01]", HOOT_EBADINPUT, "line 1");
    assert_no_json("[1,]", HOOT_EBADINPUT, "line 1");
    assert_no_json("NaN", HOOT_EBADINPUT, "line 1");
    assert_no_json("[99999999999999999999]", HOOT_EBADINPUT, "too big integer");
}

/* The peer's text goes into answers and logs; it is not quoted there. */
static void does_not_quote_the_text(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;

    (void)state;
    assert_null(hoot_json_parse(HOOT_STR("[<script>]"), &err));
    assert_null(strstr(err.text, "script"));
}

static void takes_any_value_at_the_top(void **state)
{
    static const char *const texts[] = { "1", "\"a\"", "null", "true", " [ ] ", "-0.0" };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        HOOT_AUTO(json_t) json = hoot_json_parse(hoot_str_from(texts[i]), NULL);

        assert_non_null(json);
    }
}

/* `depth` brackets, closed again if asked for. */
static hoot_str nested(size_t depth, char open, bool close)
{
    static char text[200001];

    assert_true(2 * depth < sizeof(text));
    memset(text, open, depth);
    memset(text + depth, ']', depth);
    return hoot_str_of(text, close ? 2 * depth : depth);
}

static void takes_a_hundred_levels_and_no_more(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;
    HOOT_AUTO(json_t) json = hoot_json_parse(nested(100, '[', true), &err);

    (void)state;
    assert_non_null(json);
    assert_null(hoot_json_parse(nested(101, '[', true), &err));
    assert_int_equal(err.code, HOOT_ELIMIT);
    assert_null(hoot_json_parse(nested(100000, '[', false), &err));
    assert_int_equal(err.code, HOOT_ELIMIT);
    assert_null(hoot_json_parse(nested(100000, '{', false), &err));
    assert_int_equal(err.code, HOOT_ELIMIT);
    assert_no_json("]]]]]]]]]]", HOOT_EBADINPUT, "line 1");
}

static void brackets_in_texts_nest_nothing(void **state)
{
    char text[300] = "[\"\\\"";
    HOOT_AUTO(json_t) json = NULL;

    (void)state;
    memset(text + 4, '[', 200);
    strcpy(text + 204, "\"]");
    json = hoot_json_parse(hoot_str_from(text), NULL);
    assert_non_null(json);
}

static void survives_missing_memory(void **state)
{
    const char *text = "{\"a\":[1,2.5,\"text\",{\"b\":null}]}";
    unsigned long n = 1;
    hoot_error err;
    json_t *json;

    (void)state;
    do {
        hoot_error_clear(&err);
        hoot__alloc_fail_next(n++);
        json = hoot_json_parse(hoot_str_from(text), &err);
        hoot__alloc_fail_next(0);
        if (!json)
            assert_true(err.code < 0);
    } while (!json && n < 1000);
    assert_non_null(json);
    assert_true(n > 5); /* jansson's memory comes from our allocator */
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_doubles_as_python_does),
        cmocka_unit_test(writes_texts_as_python_does),
        cmocka_unit_test(writes_any_byte_at_any_place),
        cmocka_unit_test(writes_every_kind),
        cmocka_unit_test(writes_what_it_parsed),
        cmocka_unit_test(refuses_to_write_what_is_no_utf8),
        cmocka_unit_test(refuses_to_write_too_much),
        cmocka_unit_test(refuses_to_write_a_tree_without_end),
        cmocka_unit_test(says_where_the_text_is_wrong),
        cmocka_unit_test(does_not_quote_the_text),
        cmocka_unit_test(takes_any_value_at_the_top),
        cmocka_unit_test(takes_a_hundred_levels_and_no_more),
        cmocka_unit_test(brackets_in_texts_nest_nothing),
        cmocka_unit_test(survives_missing_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

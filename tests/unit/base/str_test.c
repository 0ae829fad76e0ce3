#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <hoot/error.h>
#include <hoot/str.h>

#include <stdlib.h>

static void compares_ascii_letters_without_case(void **state)
{
    (void)state;
    assert_true(hoot_str_equal_nocase(HOOT_STR("Content-LENGTH"), HOOT_STR("cONTENT-length")));
    assert_false(hoot_str_equal_nocase(HOOT_STR("abc"), HOOT_STR("abcd")));
    /* The neighbours of the letters, 32 apart, are not the same: @ and `, [ and {. */
    assert_false(hoot_str_equal_nocase(HOOT_STR("@["), HOOT_STR("`{")));
    assert_false(hoot_str_equal_nocase(HOOT_STR("\xc3\x89"), HOOT_STR("\xc3\xa9")));
    assert_true(hoot_str_equal_nocase(hoot_str_of(NULL, 0), HOOT_STR("")));
}

static void trims_both_ends(void **state)
{
    (void)state;
    assert_true(hoot_str_is(hoot_str_trim(HOOT_STR(" \t owl of\tnight \t"), " \t"), "owl of\tnight"));
    assert_int_equal(hoot_str_trim(HOOT_STR("  "), " ").len, 0);
    assert_int_equal(hoot_str_trim(hoot_str_of(NULL, 0), " ").len, 0);
    /* The NUL that ends the list of bytes is not in it. */
    assert_int_equal(hoot_str_trim(hoot_str_of("\0x\0", 3), " ").len, 3);
}

static void splits_into_every_part(void **state)
{
    hoot_str rest = HOOT_STR("a,,bc,");
    const char *expected[] = { "a", "", "bc", "" };
    hoot_str part;
    size_t count = 0;

    (void)state;
    for (; hoot_str_split(&rest, ',', &part); count++) {
        assert_in_range(count, 0, 3);
        assert_true(hoot_str_is(part, expected[count]));
    }
    assert_int_equal(count, 4);
    assert_null(rest.ptr);
    rest = HOOT_STR("");
    assert_true(hoot_str_split(&rest, ',', &part));
    assert_int_equal(part.len, 0);
    assert_false(hoot_str_split(&rest, ',', &part));
}

static void reads_unsigned_numbers_to_the_last(void **state)
{
    uint64_t number = 7;

    (void)state;
    assert_int_equal(hoot_str_to_u64(HOOT_STR("18446744073709551615"), &number), 0);
    assert_true(number == UINT64_MAX);
    assert_int_equal(hoot_str_to_u64(HOOT_STR("18446744073709551616"), &number), HOOT_ERANGE);
    assert_int_equal(hoot_str_to_u64(HOOT_STR("99999999999999999999999999"), &number), HOOT_ERANGE);
    assert_true(number == UINT64_MAX);
    assert_int_equal(hoot_str_to_u64(HOOT_STR("000000000000000000000000012"), &number), 0);
    assert_int_equal(number, 12);
}

static void takes_digits_only(void **state)
{
    const char *wrong[] = {
        "", " 1", "1 ", "+1", "-1", "0x1", "1.0", "1e3", "99999999999999999999999x", "\xd9\xa1"
    };
    uint64_t number = 7;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(hoot_str_to_u64(hoot_str_from(wrong[i]), &number), HOOT_EBADINPUT);
    assert_int_equal(hoot_str_to_u64(hoot_str_of("1\0", 2), &number), HOOT_EBADINPUT);
    assert_int_equal(number, 7);
}

static void reads_signed_numbers_to_the_last(void **state)
{
    int64_t number = 7;

    (void)state;
    assert_int_equal(hoot_str_to_i64(HOOT_STR("-9223372036854775808"), &number), 0);
    assert_true(number == INT64_MIN);
    assert_int_equal(hoot_str_to_i64(HOOT_STR("9223372036854775807"), &number), 0);
    assert_true(number == INT64_MAX);
    assert_int_equal(hoot_str_to_i64(HOOT_STR("9223372036854775808"), &number), HOOT_ERANGE);
    assert_int_equal(hoot_str_to_i64(HOOT_STR("-9223372036854775809"), &number), HOOT_ERANGE);
    assert_int_equal(hoot_str_to_i64(HOOT_STR("-"), &number), HOOT_EBADINPUT);
    assert_int_equal(hoot_str_to_i64(HOOT_STR("--1"), &number), HOOT_EBADINPUT);
    assert_true(number == INT64_MAX);
    assert_int_equal(hoot_str_to_i64(HOOT_STR("-0"), &number), 0);
    assert_int_equal(number, 0);
}

/* The encoder of RFC 3629 section 3, written from its table, for every code point there is. */
static size_t encode(uint32_t point, char *out)
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (char)(0xc0 | point >> 6);
        out[1] = (char)(0x80 | (point & 63));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (char)(0xe0 | point >> 12);
        out[1] = (char)(0x80 | (point >> 6 & 63));
        out[2] = (char)(0x80 | (point & 63));
        return 3;
    }
    out[0] = (char)(0xf0 | point >> 18);
    out[1] = (char)(0x80 | (point >> 12 & 63));
    out[2] = (char)(0x80 | (point >> 6 & 63));
    out[3] = (char)(0x80 | (point & 63));
    return 4;
}

static void takes_every_code_point_but_surrogates(void **state)
{
    (void)state;
    for (uint32_t point = 0; point < 0x1fffff; point += point < 0x11000 ? 1 : 251) {
        char bytes[4];
        size_t len = encode(point, bytes);
        bool good = point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);

        assert_int_equal(hoot_str_is_utf8(hoot_str_of(bytes, len)), good);
        assert_int_equal(hoot_str_is_utf8(hoot_str_of(bytes, len - 1)), len == 1);
    }
}

static void refuses_overlong_and_torn_sequences(void **state)
{
    const char *wrong[] = {
        "\xc0\x80",
        "\xc1\xbf",
        "\xe0\x80\x80",
        "\xe0\x9f\xbf",
        "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xfe",
        "\xff",
        "\x80",
        "\xed\xa0\x80",
        "\xc3(",
        "\xe2\x82(",
        "\xf0\x9f\xa6(",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(hoot_str_is_utf8(hoot_str_from(wrong[i])));
}

/* A wrong byte at each place of texts of each length, so that the fast path is left at every offset. */
static void finds_a_wrong_byte_anywhere(void **state)
{
    (void)state;
    for (size_t len = 1; len < 40; len++) {
        char *text = malloc(len); /* of its exact size: reading past it is reported */

        memset(text, 'o', len);
        assert_true(hoot_str_is_utf8(hoot_str_of(text, len)));
        for (size_t at = 0; at < len; at++) {
            text[at] = (char)0xe9;
            assert_false(hoot_str_is_utf8(hoot_str_of(text, len)));
            text[at] = 'o';
        }
        free(text);
    }
    assert_true(hoot_str_is_utf8(hoot_str_of(NULL, 0)));
    assert_true(
        hoot_str_is_utf8(HOOT_STR("a night owl \xf0\x9f\xa6\x89 and \xe2\x82\xac, gr\xc3\xbc\xc3\x9f")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares_ascii_letters_without_case),
        cmocka_unit_test(trims_both_ends),
        cmocka_unit_test(splits_into_every_part),
        cmocka_unit_test(reads_unsigned_numbers_to_the_last),
        cmocka_unit_test(takes_digits_only),
        cmocka_unit_test(reads_signed_numbers_to_the_last),
        cmocka_unit_test(takes_every_code_point_but_surrogates),
        cmocka_unit_test(refuses_overlong_and_torn_sequences),
        cmocka_unit_test(finds_a_wrong_byte_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

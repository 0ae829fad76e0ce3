/* Texts of doubles as a MariaDB 10.11 server writes them (SELECT d FROM t, d DOUBLE). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/number.h"

#include <float.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void assert_text(double number, bool as_float, const char *expected)
{
    char text[HOOT__DOUBLE_TEXT_BYTES];
    size_t len = hoot__double_text(number, as_float, text);

    assert_string_equal(text, expected);
    assert_int_equal(len, strlen(expected));
}

static void writes_doubles_as_the_server_does(void **state)
{
    (void)state;
    assert_text(0, false, "0");
    assert_text(-2.5, false, "-2.5");
    assert_text(0.1, false, "0.1");
    assert_text(123456.789, false, "123456.789");
    assert_text(16777217, false, "16777217");
    assert_text(999999999999999.9, false, "999999999999999.9");
    assert_text(1234567890123456.7, false, "1234567890123456.8");
    assert_text(9007199254740993.0, false, "9.007199254740992e15");
    assert_text(123456789012345678.0, false, "1.2345678901234568e17");
    assert_text(0.0001234567, false, "0.0001234567");
    assert_text(1.2345e-10, false, "0.00000000012345");
    assert_text(1.2345678901234567e-10, false, "0.00000000012345678901234568");
}

static void changes_to_exponents_where_the_server_does(void **state)
{
    (void)state;
    assert_text(1e14, false, "100000000000000");
    assert_text(1e15, false, "1e15");
    assert_text(1e-5, false, "0.00001");
    assert_text(1e-15, false, "0.000000000000001");
    assert_text(1e-16, false, "1e-16");
    assert_text(DBL_MAX, false, "1.7976931348623157e308");
    assert_text(-DBL_MAX, false, "-1.7976931348623157e308");
    assert_text(5e-324, false, "5e-324");
}

static void writes_floats_with_the_digits_they_need(void **state)
{
    (void)state;
    assert_text(0.1F, true, "0.1");
    assert_text(16777216.0F, true, "16777216");
    assert_text(FLT_MAX, true, "3.4028235e38");
    assert_text(1.17549435e-38F, true, "1.1754944e-38");
    assert_text(0.1F, false, "0.10000000149011612");
}

static void says_what_is_no_number(void **state)
{
    (void)state;
    assert_text(NAN, false, "nan");
    assert_text(INFINITY, false, "inf");
    assert_text(-INFINITY, true, "-inf");
    assert_text(-0.0, false, "-0");
}

/* A fixed sequence of bit patterns (Knuth's MMIX generator), every exponent among them. */
static void every_text_reads_back_as_the_same_number(void **state)
{
    uint64_t bits = 1;

    (void)state;
    for (int i = 0; i < 50000; i++) {
        char text[HOOT__DOUBLE_TEXT_BYTES];
        double number;
        float small;

        bits = bits * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        memcpy(&number, &bits, sizeof(number));
        memcpy(&small, (const char *)&bits + 4, sizeof(small));
        if (!isfinite(number) || !isfinite(small))
            continue;
        assert_true(hoot__double_text(number, false, text) < sizeof(text));
        assert_true(strtod(text, NULL) == number);
        assert_true(hoot__double_text(small, true, text) < sizeof(text));
        assert_true(strtof(text, NULL) == small);
    }
}

static void the_locales_decimal_point_does_not_matter(void **state)
{
    const char *names[] = { "de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8" };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (setlocale(LC_NUMERIC, names[i]))
            break;
    }
    if (localeconv()->decimal_point[0] == '.')
        skip(); /* no such locale on this machine */
    assert_text(12.5, false, "12.5");
    assert_text(1.5e300, false, "1.5e300");
    setlocale(LC_NUMERIC, "C");
}

static void writes_whole_numbers_of_every_length(void **state)
{
    uint64_t power = 1;

    (void)state;
    for (int digits = 1; digits <= 20; digits++, power *= 10) {
        const uint64_t numbers[] = { power - 1, power, power + 1, power / 2 * 3 };

        for (size_t i = 0; i < 4; i++) {
            char text[HOOT__U64_DIGITS + 1], expected[32];

            *hoot__put_u64(text, numbers[i]) = '\0';
            snprintf(expected, sizeof expected, "%" PRIu64, numbers[i]);
            assert_string_equal(text, expected);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_doubles_as_the_server_does),
        cmocka_unit_test(changes_to_exponents_where_the_server_does),
        cmocka_unit_test(writes_floats_with_the_digits_they_need),
        cmocka_unit_test(says_what_is_no_number),
        cmocka_unit_test(every_text_reads_back_as_the_same_number),
        cmocka_unit_test(the_locales_decimal_point_does_not_matter),
        cmocka_unit_test(writes_whole_numbers_of_every_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

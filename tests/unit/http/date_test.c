/* HTTP dates. Expected values: the examples of RFC 9110 section 5.6.7, Python's email.utils, and the C
 * library's calendar. */
#include "http/date.h"

#include <hoot/error.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void assert_written(time_t when, const char *expected)
{
    char text[HOOT__HTTP_DATE_CHARS + 1];

    hoot__http_date_format(when, text);
    assert_string_equal(text, expected);
}

static void assert_read(const char *text, time_t expected)
{
    time_t when = 77;

    assert_int_equal(hoot__http_date_parse(hoot_str_from(text), &when), 0);
    assert_true(when == expected);
}

static void assert_refused(const char *text)
{
    time_t when = 77;

    assert_int_equal(hoot__http_date_parse(hoot_str_from(text), &when), HOOT_EBADINPUT);
    assert_int_equal(when, 77);
}

static void writes_imf_fixdate(void **state)
{
    (void)state;
    assert_written(784111777, "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_written(0, "Thu, 01 Jan 1970 00:00:00 GMT");
    assert_written(-1, "Wed, 31 Dec 1969 23:59:59 GMT");
    assert_written(951827696, "Tue, 29 Feb 2000 12:34:56 GMT");
    assert_written(1709210096, "Thu, 29 Feb 2024 12:34:56 GMT");
    assert_written(4107542400, "Mon, 01 Mar 2100 00:00:00 GMT");
    assert_written(-2208988800, "Mon, 01 Jan 1900 00:00:00 GMT");
    assert_written(-62135596800, "Mon, 01 Jan 0001 00:00:00 GMT");
    assert_written(253402300799, "Fri, 31 Dec 9999 23:59:59 GMT");
}

static void stays_within_four_digits_of_year(void **state)
{
    (void)state;
    assert_written(253402300800, "Fri, 31 Dec 9999 23:59:59 GMT");
    assert_written(INT64_MAX, "Fri, 31 Dec 9999 23:59:59 GMT");
    assert_written(INT64_MIN, "Sat, 01 Jan 0000 00:00:00 GMT");
}

static void reads_the_three_forms(void **state)
{
    (void)state;
    assert_read("Sun, 06 Nov 1994 08:49:37 GMT", 784111777);
    assert_read("Sunday, 06-Nov-94 08:49:37 GMT", 784111777);
    assert_read("Sun Nov  6 08:49:37 1994", 784111777);
    assert_read("Wed Nov 16 08:49:37 1994", 784975777);
    assert_read("Wed, 31 Dec 1969 23:59:59 GMT", -1);
    assert_read("Tue, 29 Feb 2000 12:34:56 GMT", 951827696);
}

/* Every day from 1583 to 2500 and the seconds around it, against the C library. */
static void agrees_with_the_c_library(void **state)
{
    char expected[64];
    char text[HOOT__HTTP_DATE_CHARS + 1];

    (void)state;
    for (int64_t when = -12212553600; when < 16725225600; when += 86399) {
        time_t given = (time_t)when, back;
        struct tm tm;

        gmtime_r(&given, &tm);
        strftime(expected, sizeof(expected), "%a, %d %b %Y %H:%M:%S GMT", &tm);
        hoot__http_date_format(given, text);
        assert_string_equal(text, expected);
        assert_int_equal(hoot__http_date_parse(hoot_str_from(text), &back), 0);
        assert_true(back == given);
    }
}

static void guesses_the_century_of_two_digits(void **state)
{
    const time_t in_2026 = 1767225600, in_2060 = 2840140800, in_1999 = 946598400;
    time_t when;

    (void)state;
    assert_int_equal(hoot__http_date_parse_at(HOOT_STR("Sunday, 06-Nov-94 08:49:37 GMT"), in_2026, &when), 0);
    assert_true(when == 784111777);
    assert_int_equal(hoot__http_date_parse_at(HOOT_STR("Sunday, 06-Nov-94 08:49:37 GMT"), in_2060, &when), 0);
    assert_true(when == 3939871777); /* 2094: less than fifty years ahead */
    assert_int_equal(hoot__http_date_parse_at(HOOT_STR("Saturday, 01-Jan-00 00:00:00 GMT"), in_1999, &when),
                     0);
    assert_true(when == 946684800); /* 2000 */
    assert_int_equal(hoot__http_date_parse_at(HOOT_STR("Friday, 01-Jan-77 00:00:00 GMT"), in_2026, &when), 0);
    assert_true(when == 220924800); /* 1977, not 2077 */
}

static void counts_a_leap_second_as_the_second_before(void **state)
{
    (void)state;
    assert_read("Sat, 31 Dec 2016 23:59:60 GMT", 1483228799);
    assert_read("Fri, 31 Dec 9999 23:59:60 GMT", 253402300799);
}

static void refuses_days_that_are_not(void **state)
{
    (void)state;
    assert_refused("Mon, 29 Feb 1999 12:00:00 GMT");
    assert_refused("Thu, 29 Feb 1900 12:00:00 GMT");
    assert_refused("Fri, 31 Apr 1994 12:00:00 GMT");
    assert_refused("Sun, 00 Nov 1994 12:00:00 GMT");
    assert_refused("Sun, 06 Nov 1994 24:00:00 GMT");
    assert_refused("Sun, 06 Nov 1994 23:60:00 GMT");
    assert_refused("Sun, 06 Nov 1994 23:59:61 GMT");
    assert_refused("Mon, 06 Nov 1994 08:49:37 GMT");
    assert_refused("Sun Feb 30 08:49:37 1994");
    assert_refused("Sunday, 31-Nov-94 08:49:37 GMT");
}

static void refuses_other_text(void **state)
{
    (void)state;
    assert_refused("");
    assert_refused("0");
    assert_refused("Sun, 6 Nov 1994 08:49:37 GMT");
    assert_refused("Sun, 06 Nov 94 08:49:37 GMT");
    assert_refused("sun, 06 nov 1994 08:49:37 gmt");
    assert_refused("Sun, 06 Nov 1994 08:49:37 CET");
    assert_refused("Sun, 06 Nov 1994 08:49:37 +0000");
    assert_refused("Sun, 06 Nov 1994 08:49:37 GMT ");
    assert_refused(" Sun, 06 Nov 1994 08:49:37 GMT");
    assert_refused("Xxx, 06 Nov 1994 08:49:37 GMT");
    assert_refused("Sun, 06 Xxx 1994 08:49:37 GMT");
    assert_refused("Sun, 06-Nov-94 08:49:37 GMT");
    assert_refused("Sundays, 06-Nov-94 08:49:37 GMT");
    assert_refused("Sun Nov 06  08:49:37 1994");
    assert_refused("Sun, -6 Nov 1994 08:49:37 GMT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_imf_fixdate),
        cmocka_unit_test(stays_within_four_digits_of_year),
        cmocka_unit_test(reads_the_three_forms),
        cmocka_unit_test(agrees_with_the_c_library),
        cmocka_unit_test(guesses_the_century_of_two_digits),
        cmocka_unit_test(counts_a_leap_second_as_the_second_before),
        cmocka_unit_test(refuses_days_that_are_not),
        cmocka_unit_test(refuses_other_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

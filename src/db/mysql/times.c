/* Dates and times as the text protocol writes them: "2026-02-23", "-838:59:59.000001", "2026-02-23
 * 10:00:00.5". Zero dates and dates with a zero month or day are values like others; nothing is normalized.
 */
#include "rows.h"

enum { HOURS_MAX = 838, FRACTION_DIGITS = 6 };

bool hoot__my_time_is_valid(hoot_kind kind, const hoot_time *t)
{
    unsigned hours_max = kind == HOOT_TIME ? HOURS_MAX : 23;

    return t->year <= 9999 && t->month <= 12 && t->day <= 31 && t->hour <= hours_max && t->minute <= 59 &&
           t->second <= 59 && t->microsecond <= 999999;
}

/* Take `min` to `max` digits off the front. */
static bool take_digits(hoot_str *rest, size_t min, size_t max, unsigned *out)
{
    size_t len = 0;
    unsigned value = 0;

    while (len < max && len < rest->len && rest->ptr[len] >= '0' && rest->ptr[len] <= '9')
        value = 10 * value + (unsigned)(rest->ptr[len++] - '0');
    *rest = hoot_str_from_index(*rest, len);
    *out = value;
    return len >= min;
}

static bool take_byte(hoot_str *rest, char c)
{
    if (rest->len == 0 || rest->ptr[0] != c)
        return false;
    *rest = hoot_str_from_index(*rest, 1);
    return true;
}

/* YYYY-MM-DD */
static bool take_date(hoot_str *rest, hoot_time *out)
{
    unsigned year, month, day;

    if (!take_digits(rest, 4, 4, &year) || !take_byte(rest, '-') || !take_digits(rest, 2, 2, &month) ||
        !take_byte(rest, '-') || !take_digits(rest, 2, 2, &day))
        return false;
    out->year = (uint16_t)year;
    out->month = (uint8_t)month;
    out->day = (uint8_t)day;
    return true;
}

/* .f to .ffffff, or nothing */
static bool take_fraction(hoot_str *rest, hoot_time *out)
{
    size_t before;
    unsigned value;

    if (!take_byte(rest, '.'))
        return true;
    before = rest->len;
    if (!take_digits(rest, 1, FRACTION_DIGITS, &value))
        return false;
    for (size_t digits = before - rest->len; digits < FRACTION_DIGITS; digits++)
        value *= 10;
    out->microsecond = value;
    return true;
}

/* HH:MM:SS[.ffffff], hours with up to three digits */
static bool take_clock(hoot_str *rest, hoot_time *out)
{
    unsigned hour, minute, second;

    if (!take_digits(rest, 2, 3, &hour) || !take_byte(rest, ':') || !take_digits(rest, 2, 2, &minute) ||
        !take_byte(rest, ':') || !take_digits(rest, 2, 2, &second))
        return false;
    out->hour = (uint16_t)hour;
    out->minute = (uint8_t)minute;
    out->second = (uint8_t)second;
    return take_fraction(rest, out);
}

bool hoot__my_parse_date(hoot_str text, hoot_time *out)
{
    *out = (hoot_time){ 0 };
    return take_date(&text, out) && text.len == 0 && hoot__my_time_is_valid(HOOT_DATE, out);
}

bool hoot__my_parse_time(hoot_str text, hoot_time *out)
{
    *out = (hoot_time){ 0 };
    out->negative = take_byte(&text, '-');
    return take_clock(&text, out) && text.len == 0 && hoot__my_time_is_valid(HOOT_TIME, out);
}

bool hoot__my_parse_datetime(hoot_str text, hoot_time *out)
{
    *out = (hoot_time){ 0 };
    return take_date(&text, out) && take_byte(&text, ' ') && take_clock(&text, out) && text.len == 0 &&
           hoot__my_time_is_valid(HOOT_DATETIME, out);
}

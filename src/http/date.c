/* HTTP dates (RFC 9110 section 5.6.7), without the C library's calendar: that one knows locales and time
 * zones, and these must not matter.
 *
 *     Sun, 06 Nov 1994 08:49:37 GMT       IMF-fixdate: the only one we write
 *     Sunday, 06-Nov-94 08:49:37 GMT      RFC 850: the year's century is guessed
 *     Sun Nov  6 08:49:37 1994            asctime()
 *
 * Days are counted in years that begin in March, so that the leap day is the last of its year; 400 years are
 * 146,097 days. */
#include "http/date.h"

#include <hoot/error.h>

#define DAY_SECONDS   86400
#define ERA_DAYS      146097            /* of 400 years */
#define DAYS_TO_EPOCH 719468            /* from 0000-03-01 to 1970-01-01 */
#define YEAR_SECONDS  INT64_C(31556952) /* the mean of 400 years */

static const char days[7][10] = {
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"
};
static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

typedef struct civil {
    int64_t year;
    int month, day; /* from 1 */
    int hour, minute, second;
    int weekday; /* 0: Sunday */
} civil;

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Days since 1970-01-01. */
static int64_t days_from_civil(int64_t year, int month, int day)
{
    int64_t from_march = month > 2 ? year : year - 1;
    int64_t era = floor_div(from_march, 400);
    int64_t year_of_era = from_march - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * ERA_DAYS + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           DAYS_TO_EPOCH;
}

static int weekday_of(int64_t day)
{
    return (int)(day + 4 - floor_div(day + 4, 7) * 7);
}

static civil civil_from_seconds(int64_t when)
{
    int64_t day = floor_div(when, DAY_SECONDS);
    int64_t shifted = day + DAYS_TO_EPOCH;
    int64_t era = floor_div(shifted, ERA_DAYS);
    int64_t in_era = shifted - era * ERA_DAYS;
    int64_t year_of_era = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t day_of_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int seconds = (int)(when - day * DAY_SECONDS);
    civil c;

    c.day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    c.month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    c.year = year_of_era + era * 400 + (c.month <= 2);
    c.hour = seconds / 3600;
    c.minute = seconds / 60 % 60;
    c.second = seconds % 60;
    c.weekday = weekday_of(day);
    return c;
}

static void put_digits(char *out, int count, int64_t number)
{
    while (count-- > 0) {
        out[count] = (char)('0' + number % 10);
        number /= 10;
    }
}

/* Beyond the years 0 to 9999, which have four digits, the nearest second within. */
void hoot__http_date_format(time_t when, char out[HOOT__HTTP_DATE_CHARS + 1])
{
    const int64_t least = days_from_civil(0, 1, 1) * DAY_SECONDS;
    const int64_t most = days_from_civil(10000, 1, 1) * DAY_SECONDS - 1;
    civil c = civil_from_seconds(when < least ? least : when > most ? most : when);

    memcpy(out, "Sun, 00 Nov 0000 00:00:00 GMT", HOOT__HTTP_DATE_CHARS + 1);
    memcpy(out, days[c.weekday], 3);
    put_digits(out + 5, 2, c.day);
    memcpy(out + 8, months[c.month - 1], 3);
    put_digits(out + 12, 4, c.year);
    put_digits(out + 17, 2, c.hour);
    put_digits(out + 20, 2, c.minute);
    put_digits(out + 23, 2, c.second);
}

/* Two or four digits. -1: not so. */
static int digits_at(hoot_str s, size_t at, size_t count)
{
    int number = 0;

    for (size_t i = at; i < at + count; i++) {
        if (i >= s.len || s.ptr[i] < '0' || s.ptr[i] > '9')
            return -1;
        number = number * 10 + (s.ptr[i] - '0');
    }
    return number;
}

/* Does `s` look like `form`, in which '0' stands for a digit, 'A' for any byte, and others for themselves? */
static bool looks_like(hoot_str s, const char *form)
{
    if (s.len != strlen(form))
        return false;
    for (size_t i = 0; i < s.len; i++) {
        bool digit = s.ptr[i] >= '0' && s.ptr[i] <= '9';

        if (form[i] == '0' ? !digit : form[i] != 'A' && form[i] != s.ptr[i])
            return false;
    }
    return true;
}

static int month_at(hoot_str s, size_t at)
{
    for (int i = 0; i < 12; i++) {
        if (memcmp(s.ptr + at, months[i], 3) == 0)
            return i + 1;
    }
    return 0;
}

/* The day whose name (or its first three letters) this is; -1. */
static int weekday_named(hoot_str name, bool whole)
{
    for (int i = 0; i < 7; i++) {
        if (hoot_str_equal(name, hoot_str_head(hoot_str_from(days[i]), whole ? 9 : 3)))
            return i;
    }
    return -1;
}

static void take_time(hoot_str s, size_t at, civil *c)
{
    c->hour = digits_at(s, at, 2);
    c->minute = digits_at(s, at + 3, 2);
    c->second = digits_at(s, at + 6, 2);
}

static bool take_fixdate(hoot_str s, civil *c)
{
    if (!looks_like(s, "AAA, 00 AAA 0000 00:00:00 GMT"))
        return false;
    c->weekday = weekday_named(hoot_str_head(s, 3), false);
    c->day = digits_at(s, 5, 2);
    c->month = month_at(s, 8);
    c->year = digits_at(s, 12, 4);
    take_time(s, 17, c);
    return true;
}

static bool take_asctime(hoot_str s, civil *c)
{
    bool short_day = looks_like(s, "AAA AAA  0 00:00:00 0000");

    if (!short_day && !looks_like(s, "AAA AAA 00 00:00:00 0000"))
        return false;
    c->weekday = weekday_named(hoot_str_head(s, 3), false);
    c->month = month_at(s, 4);
    c->day = short_day ? digits_at(s, 9, 1) : digits_at(s, 8, 2);
    take_time(s, 11, c);
    c->year = digits_at(s, 20, 4);
    return true;
}

static int days_in_month(int64_t year, int month)
{
    static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return lengths[month - 1] + (month == 2 && leap);
}

/* Second 60 is a leap second. Unix time has none: it counts as second 59, so that no date leaves its day or
 * its year. */
static int to_seconds(const civil *c, time_t *out)
{
    if (c->weekday < 0 || c->month < 1 || c->day < 1 || c->day > days_in_month(c->year, c->month))
        return HOOT_EBADINPUT;
    if (c->hour > 23 || c->minute > 59 || c->second > 60)
        return HOOT_EBADINPUT;
    *out = (time_t)(days_from_civil(c->year, c->month, c->day) * DAY_SECONDS + c->hour * 3600 +
                    c->minute * 60 + (c->second < 60 ? c->second : 59));
    return 0;
}

/* A two-digit year that appears to lie over 50 years ahead was in the century before (RFC 9110 5.6.7). */
static int parse_rfc850(hoot_str s, time_t now, time_t *out)
{
    ptrdiff_t comma = hoot_str_find(s, ',');
    hoot_str rest = hoot_str_from_index(s, comma < 0 ? s.len : (size_t)comma);
    civil c;
    int rc;

    if (!looks_like(rest, ", 00-AAA-00 00:00:00 GMT"))
        return HOOT_EBADINPUT;
    c.weekday = weekday_named(hoot_str_head(s, (size_t)comma), true);
    c.day = digits_at(rest, 2, 2);
    c.month = month_at(rest, 5);
    c.year = floor_div(civil_from_seconds(now).year, 100) * 100 + 100 + digits_at(rest, 9, 2);
    take_time(rest, 12, &c);
    for (int tries = 0; tries < 3; tries++, c.year -= 100) {
        rc = to_seconds(&c, out);
        if (rc == 0 && *out <= now + 50 * YEAR_SECONDS)
            return 0;
    }
    return HOOT_EBADINPUT;
}

int hoot__http_date_parse_at(hoot_str text, time_t now, time_t *out)
{
    civil c;
    time_t when;
    int rc;

    if (take_fixdate(text, &c) || take_asctime(text, &c)) {
        rc = to_seconds(&c, &when);
        if (rc == 0 && c.weekday != weekday_of(days_from_civil(c.year, c.month, c.day)))
            rc = HOOT_EBADINPUT;
    } else {
        rc = parse_rfc850(text, now, &when);
    }
    if (rc == 0)
        *out = when;
    return rc;
}

int hoot__http_date_parse(hoot_str text, time_t *out)
{
    return hoot__http_date_parse_at(text, time(NULL), out);
}

/* Dates and times as databases write them, and as ISO 8601 does with a 'T'. There is no time zone: a 'Z' or
 * an offset at the end is not taken, since it would be lost. */
#include "db/datetime.h"

typedef struct reader {
    hoot_str rest;
    bool failed;
} reader;

/* A number of `least` to `most` digits. */
static uint32_t number(reader *in, size_t least, size_t most)
{
    uint32_t value = 0;
    size_t i = 0;

    while (i < most && i < in->rest.len && in->rest.ptr[i] >= '0' && in->rest.ptr[i] <= '9')
        value = value * 10 + (uint32_t)(in->rest.ptr[i++] - '0');
    in->failed = in->failed || i < least;
    in->rest = hoot_str_from_index(in->rest, i);
    return value;
}

static bool accept(reader *in, char c)
{
    if (!in->rest.len || in->rest.ptr[0] != c)
        return false;
    in->rest = hoot_str_from_index(in->rest, 1);
    return true;
}

static void expect(reader *in, char c)
{
    if (!accept(in, c))
        in->failed = true;
}

static uint32_t fraction(reader *in)
{
    size_t before = in->rest.len, digits;
    uint32_t value = number(in, 1, 6);

    for (digits = before - in->rest.len; digits < 6; digits++)
        value *= 10;
    while (in->rest.len && in->rest.ptr[0] >= '0' && in->rest.ptr[0] <= '9')
        in->rest = hoot_str_from_index(in->rest, 1);
    return value;
}

static void date(reader *in, hoot_time *out)
{
    out->year = (uint16_t)number(in, 4, 4);
    expect(in, '-');
    out->month = (uint8_t)number(in, 2, 2);
    expect(in, '-');
    out->day = (uint8_t)number(in, 2, 2);
    in->failed = in->failed || out->month > 12 || out->day > 31;
}

static void clock_time(reader *in, uint32_t most_hours, hoot_time *out)
{
    out->hour = (uint16_t)number(in, 2, 3);
    expect(in, ':');
    out->minute = (uint8_t)number(in, 2, 2);
    expect(in, ':');
    out->second = (uint8_t)number(in, 2, 2);
    if (accept(in, '.'))
        out->microsecond = fraction(in);
    in->failed = in->failed || out->hour > most_hours || out->minute > 59 || out->second > 59;
}

int hoot__datetime_parse(hoot_str text, hoot_time *out)
{
    reader in = { .rest = text };
    hoot_time time = { 0 };

    if (text.len >= 10 && text.ptr[4] == '-') {
        date(&in, &time);
        if (accept(&in, ' ') || accept(&in, 'T'))
            clock_time(&in, 23, &time);
    } else {
        time.negative = accept(&in, '-');
        clock_time(&in, 838, &time);
    }
    if (in.failed || in.rest.len)
        return HOOT_ETYPE;
    *out = time;
    return 0;
}

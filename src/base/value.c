/* hoot_value: copies and texts. Numbers and times are written as MySQL and MariaDB write them in their text
 * protocol. */
#include <hoot/value.h>

#include "base/number.h"
#include "base/value_text.h"

#include <inttypes.h>
#include <stdio.h>

/* A copy of the bytes in `value`, which is one of the kinds that have some. */
static bool dup_str(hoot_arena *arena, hoot_value *value)
{
    char *copy = hoot_arena_dup(arena, value->str);

    if (!copy)
        return false;
    value->str.ptr = copy;
    return true;
}

static bool dup_items(hoot_arena *arena, hoot_value *value)
{
    hoot_value *items = hoot_arena_alloc_array(arena, value->count, sizeof(*items));

    if (!items)
        return false;
    for (uint32_t i = 0; i < value->count; i++) {
        if (!hoot_value_dup(arena, value->items[i], &items[i]))
            return false;
    }
    value->items = items;
    return true;
}

static bool dup_members(hoot_arena *arena, hoot_value *value)
{
    hoot_member *members = hoot_arena_alloc_array(arena, value->count, sizeof(*members));

    if (!members)
        return false;
    for (uint32_t i = 0; i < value->count; i++) {
        members[i].name = hoot_arena_strdup(arena, value->members[i].name);
        if (!members[i].name || !hoot_value_dup(arena, value->members[i].value, &members[i].value))
            return false;
    }
    value->members = members;
    return true;
}

/* Recursion goes as deep as the program nested its own literals; what peers send comes as HOOT_JANSSON. */
bool hoot_value_dup(hoot_arena *arena, hoot_value value, hoot_value *out)
{
    bool done = true;

    switch (value.kind) {
    case HOOT_DECIMAL:
    case HOOT_TEXT:
    case HOOT_BYTES: done = dup_str(arena, &value); break;
    case HOOT_OBJECT: done = dup_members(arena, &value); break;
    case HOOT_ARRAY: done = dup_items(arena, &value); break;
    default: break;
    }
    if (done)
        *out = value;
    return done;
}

/* ".5" or "": microseconds without the zeros at their end. */
static const char *format_fraction(uint32_t microsecond, char *out, size_t size)
{
    int len = snprintf(out, size, ".%06" PRIu32, microsecond % 1000000);

    while (len > 1 && out[len - 1] == '0')
        len--;
    out[len > 1 ? len : 0] = '\0';
    return out;
}

size_t hoot__time_text(const hoot_value *value, char *out)
{
    const hoot_time *t = &value->time;
    char fraction[16];
    int len;

    format_fraction(t->microsecond, fraction, sizeof(fraction));
    if (value->kind == HOOT_DATE)
        len = snprintf(out, HOOT__TIME_TEXT_BYTES, "%04u-%02u-%02u", t->year, t->month, t->day);
    else if (value->kind == HOOT_TIME)
        len = snprintf(out, HOOT__TIME_TEXT_BYTES, "%s%02u:%02u:%02u%s", t->negative ? "-" : "", t->hour,
                       t->minute, t->second, fraction);
    else
        len = snprintf(out, HOOT__TIME_TEXT_BYTES, "%04u-%02u-%02u %02u:%02u:%02u%s", t->year, t->month,
                       t->day, t->hour, t->minute, t->second, fraction);
    return (size_t)len;
}

static char *format_time(hoot_arena *arena, const hoot_value *value)
{
    char text[HOOT__TIME_TEXT_BYTES];
    size_t len = hoot__time_text(value, text);

    return hoot_arena_dup(arena, hoot_str_of(text, len));
}

static char *format_double(hoot_arena *arena, const hoot_value *value)
{
    char text[HOOT__DOUBLE_TEXT_BYTES];
    size_t len = hoot__double_text(value->f64, value->kind == HOOT_FLOAT, text);

    return hoot_arena_dup(arena, hoot_str_of(text, len));
}

const char *hoot_value_format(hoot_arena *arena, const hoot_value *value)
{
    switch (value->kind) {
    case HOOT_BOOL: return hoot_arena_strdup(arena, value->boolean ? "1" : "0");
    case HOOT_INT: return hoot_arena_printf(arena, "%" PRId64, value->i64);
    case HOOT_UINT: return hoot_arena_printf(arena, "%" PRIu64, value->u64);
    case HOOT_FLOAT:
    case HOOT_DOUBLE: return format_double(arena, value);
    case HOOT_DECIMAL:
    case HOOT_TEXT:
    case HOOT_BYTES: return hoot_arena_dup(arena, value->str);
    case HOOT_DATE:
    case HOOT_TIME:
    case HOOT_DATETIME: return format_time(arena, value);
    case HOOT_NULL:
    case HOOT_OBJECT:
    case HOOT_ARRAY:
    case HOOT_JANSSON: return NULL;
    }
    return NULL;
}

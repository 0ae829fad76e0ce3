/* hoot_value: one value of a statement's parameter, a row's cell or a JSON member; its kind is known at run
 * time and chosen by the compiler: HOOT_VALUE(x) looks at the type of x, so no format string can disagree
 * with it.
 *
 * A value borrows what it points at (text, bytes, members): it is good while those are. */
#ifndef HOOT_VALUE_H
#define HOOT_VALUE_H

#include <hoot/arena.h>
#include <hoot/sys/map.h>

/* In C before C23 `true` is the number 1, and HOOT_VALUE(true) would be a number too. <stdbool.h> lets
 * programs redefine it (C17 section 7.18): these are of type bool, and 1 and 0 in #if as ever. */
#if !defined(__cplusplus) && __STDC_VERSION__ < 202311L
#undef true
#undef false
#define true ((bool)+1u)
#define false ((bool)+0u)
#endif

HOOT_BEGIN_DECLS

struct json_t; /* jansson's */

typedef enum hoot_kind {
    HOOT_NULL,
    HOOT_BOOL,     /* .boolean */
    HOOT_INT,      /* .i64 */
    HOOT_UINT,     /* .u64 */
    HOOT_FLOAT,    /* .f64, from a 4-byte float: 9 significant digits */
    HOOT_DOUBLE,   /* .f64: 17 significant digits */
    HOOT_DECIMAL,  /* .str, exact digits as the server wrote them: "-12.340" */
    HOOT_TEXT,     /* .str, UTF-8 */
    HOOT_BYTES,    /* .str, any bytes */
    HOOT_DATE,     /* .time: year, month, day */
    HOOT_TIME,     /* .time: negative, hours (to 838), minute, second, microsecond */
    HOOT_DATETIME, /* .time: all of them but negative */
    HOOT_OBJECT,   /* .members, count; JSON only */
    HOOT_ARRAY,    /* .items, count; JSON only */
    HOOT_JANSSON,  /* .json; JSON only */
} hoot_kind;

/* A date, a time of day or a duration, as the database holds it: no time zone. Zero dates are kept as they
 * are. */
typedef struct hoot_time {
    uint16_t year; /* 0 to 9999 */
    uint16_t hour; /* 0 to 23; of a HOOT_TIME 0 to 838 */
    uint8_t month; /* 0 to 12 */
    uint8_t day;   /* 0 to 31 */
    uint8_t minute;
    uint8_t second;
    uint32_t microsecond;
    bool negative; /* of a HOOT_TIME */
} hoot_time;

typedef struct hoot_value hoot_value;
typedef struct hoot_member hoot_member;

struct hoot_value {
    hoot_kind kind;
    uint32_t count; /* of members or items */
    union {
        bool boolean;
        int64_t i64;
        uint64_t u64;
        double f64;
        hoot_str str;
        hoot_time time;
        const hoot_member *members;
        const hoot_value *items;
        const struct json_t *json;
    };
};

struct hoot_member {
    const char *name; /* terminated UTF-8 */
    hoot_value value;
};

#define HOOT__VALUE_FROM(name, type, kind_, field, expr)                                                     \
    static inline hoot_value hoot_value_##name(type x)                                                       \
    {                                                                                                        \
        hoot_value v;                                                                                        \
                                                                                                             \
        v.kind = kind_;                                                                                      \
        v.count = 0;                                                                                         \
        v.field = expr;                                                                                      \
        return v;                                                                                            \
    }

HOOT__VALUE_FROM(bool, bool, HOOT_BOOL, boolean, x)
HOOT__VALUE_FROM(int, int64_t, HOOT_INT, i64, x)
HOOT__VALUE_FROM(uint, uint64_t, HOOT_UINT, u64, x)
HOOT__VALUE_FROM(float, float, HOOT_FLOAT, f64, (double)x)
HOOT__VALUE_FROM(double, double, HOOT_DOUBLE, f64, x)
HOOT__VALUE_FROM(str, hoot_str, HOOT_TEXT, str, x)
HOOT__VALUE_FROM(bytes, hoot_str, HOOT_BYTES, str, x)
HOOT__VALUE_FROM(decimal, hoot_str, HOOT_DECIMAL, str, x)
HOOT__VALUE_FROM(date, hoot_time, HOOT_DATE, time, x)
HOOT__VALUE_FROM(time, hoot_time, HOOT_TIME, time, x)
HOOT__VALUE_FROM(datetime, hoot_time, HOOT_DATETIME, time, x)
#undef HOOT__VALUE_FROM

static inline hoot_value hoot_value_null(void)
{
    hoot_value v;

    v.kind = HOOT_NULL;
    v.count = 0;
    v.u64 = 0;
    return v;
}

/* Text of a terminated string; NULL is the NULL value. */
static inline hoot_value hoot_value_text(const char *text)
{
    return text ? hoot_value_str(hoot_str_from(text)) : hoot_value_null();
}

/* A jansson value, borrowed; NULL is the NULL value. */
static inline hoot_value hoot_value_json(const struct json_t *json)
{
    hoot_value v = hoot_value_null();

    if (json) {
        v.kind = HOOT_JANSSON;
        v.json = json;
    }
    return v;
}

static inline hoot_value hoot_value_members(const hoot_member *members, size_t count)
{
    hoot_value v;

    v.kind = HOOT_OBJECT;
    v.count = (uint32_t)count;
    v.members = members;
    return v;
}

static inline hoot_value hoot_value_items(const hoot_value *items, size_t count)
{
    hoot_value v;

    v.kind = HOOT_ARRAY;
    v.count = (uint32_t)count;
    v.items = items;
    return v;
}

static inline hoot_value hoot_value_same(hoot_value v)
{
    return v;
}

static inline hoot_value hoot_value_pointer(const void *must_be_null)
{
    (void)must_be_null; /* only NULL has this type in HOOT_VALUE() */
    return hoot_value_null();
}

static inline hoot_member hoot_member_of(const char *name, hoot_value value)
{
    hoot_member m;

    m.name = name;
    m.value = value;
    return m;
}

/* A copy of a value and all it points at, for a longer life. HOOT_JANSSON values are copied by reference
 * only: keep the json_t alive. Errors: false: no memory. */
HOOT_API bool hoot_value_dup(hoot_arena *arena, hoot_value value, hoot_value *out);

/* The text of any scalar as the database would write it ("3", "2026-02-23 10:00:00.5", "true" is "1"),
 * appended to the arena. Gives: a terminated text; NULL for HOOT_NULL, for JSON kinds, and when there is no
 * memory. */
HOOT_API const char *hoot_value_format(hoot_arena *arena, const hoot_value *value);

HOOT_END_DECLS

#ifndef __cplusplus

/* The value of an expression, by its type: bool, every integer, float, double, char * (terminated), hoot_str,
 * hoot_value, json_t *, NULL. Dates and bytes have no C type of their own: hoot_value_date(t),
 * hoot_value_bytes(s), ... */
#define HOOT_VALUE(x)                                                                                        \
    _Generic((x),                                                                                             \
        bool: hoot_value_bool,                                                                                \
        char: hoot_value_int,                                                                                 \
        signed char: hoot_value_int,                                                                          \
        short: hoot_value_int,                                                                                \
        int: hoot_value_int,                                                                                  \
        long: hoot_value_int,                                                                                 \
        long long: hoot_value_int,                                                                            \
        unsigned char: hoot_value_uint,                                                                       \
        unsigned short: hoot_value_uint,                                                                      \
        unsigned int: hoot_value_uint,                                                                        \
        unsigned long: hoot_value_uint,                                                                       \
        unsigned long long: hoot_value_uint,                                                                  \
        float: hoot_value_float,                                                                              \
        double: hoot_value_double,                                                                            \
        char *: hoot_value_text,                                                                              \
        const char *: hoot_value_text,                                                                        \
        void *: hoot_value_pointer,                                                                           \
        hoot_str: hoot_value_str,                                                                             \
        struct json_t *: hoot_value_json,                                                                     \
        const struct json_t *: hoot_value_json,                                                               \
        hoot_value: hoot_value_same)(x)

/* hoot_object("login", "ok", "tries", 3): a JSON object of name, value pairs (to 32); names are terminated
 * UTF-8. hoot_array(1, "two", NULL): a JSON array (to 32 items). Lives: to the end of the enclosing block, in
 * C++ only of the full expression, so use it right there: `return hoot_json(req, 200, hoot_object(...));`
 * Never return one, and never keep one that was made in the braces of an `if` or a loop: its pairs are gone
 * behind them. For lists whose length is known at run time: hoot_value_items(), hoot_value_members(), or
 * jansson. */
#define hoot_object(...)                                                                                     \
    hoot_value_members((const hoot_member[]){ HOOT__MAP_PAIRS(HOOT__MEMBER, __VA_ARGS__) },                  \
                       HOOT__COUNT(__VA_ARGS__) / 2)
#define hoot_array(...)                                                                                      \
    hoot_value_items((const hoot_value[]){ HOOT__MAP(HOOT_VALUE, __VA_ARGS__) }, HOOT__COUNT(__VA_ARGS__))
#define hoot_empty_object()       hoot_value_members(NULL, 0)
#define hoot_empty_array()        hoot_value_items(NULL, 0)
#define HOOT__MEMBER(name, value) hoot_member_of((name), HOOT_VALUE(value))

/* The array and the count that every statement function takes behind its SQL text. */
#define HOOT__VALUES(...)                                                                                    \
    ((const hoot_value[]){ HOOT__MAP(HOOT_VALUE, __VA_ARGS__) }), HOOT__COUNT(__VA_ARGS__)

#else /* C++: the same names; the compiler chooses by overload */

#include <cstddef>
#include <initializer_list>
#include <string>

inline hoot_value hoot_value_of(bool x)
{
    return hoot_value_bool(x);
}
inline hoot_value hoot_value_of(char x)
{
    return hoot_value_int(x);
}
inline hoot_value hoot_value_of(signed char x)
{
    return hoot_value_int(x);
}
inline hoot_value hoot_value_of(short x)
{
    return hoot_value_int(x);
}
inline hoot_value hoot_value_of(int x)
{
    return hoot_value_int(x);
}
inline hoot_value hoot_value_of(long x)
{
    return hoot_value_int(x);
}
inline hoot_value hoot_value_of(long long x)
{
    return hoot_value_int(x);
}
inline hoot_value hoot_value_of(unsigned char x)
{
    return hoot_value_uint(x);
}
inline hoot_value hoot_value_of(unsigned short x)
{
    return hoot_value_uint(x);
}
inline hoot_value hoot_value_of(unsigned int x)
{
    return hoot_value_uint(x);
}
inline hoot_value hoot_value_of(unsigned long x)
{
    return hoot_value_uint(x);
}
inline hoot_value hoot_value_of(unsigned long long x)
{
    return hoot_value_uint(x);
}
inline hoot_value hoot_value_of(float x)
{
    return hoot_value_float(x);
}
inline hoot_value hoot_value_of(double x)
{
    return hoot_value_double(x);
}
inline hoot_value hoot_value_of(const char *x)
{
    return hoot_value_text(x);
}
inline hoot_value hoot_value_of(const std::string &x)
{
    return hoot_value_str(hoot_str_of(x.data(), x.size()));
}
inline hoot_value hoot_value_of(std::nullptr_t)
{
    return hoot_value_null();
}
inline hoot_value hoot_value_of(hoot_str x)
{
    return hoot_value_str(x);
}
inline hoot_value hoot_value_of(const struct json_t *x)
{
    return hoot_value_json(x);
}
inline hoot_value hoot_value_of(hoot_value x)
{
    return x;
}

/* Lives: to the end of the full expression it stands in. */
inline hoot_value hoot__members(std::initializer_list<hoot_member> list)
{
    return hoot_value_members(list.begin(), list.size());
}
inline hoot_value hoot__items(std::initializer_list<hoot_value> list)
{
    return hoot_value_items(list.begin(), list.size());
}

#define HOOT_VALUE(x)             hoot_value_of(x)
#define hoot_object(...)          hoot__members({ HOOT__MAP_PAIRS(HOOT__MEMBER, __VA_ARGS__) })
#define hoot_array(...)           hoot__items({ HOOT__MAP(HOOT_VALUE, __VA_ARGS__) })
#define hoot_empty_object()       hoot_value_members(NULL, 0)
#define hoot_empty_array()        hoot_value_items(NULL, 0)
#define HOOT__MEMBER(name, value) hoot_member_of((name), hoot_value_of(value))
#define HOOT__VALUES(...)                                                                                    \
    (std::initializer_list<hoot_value>{ HOOT__MAP(HOOT_VALUE, __VA_ARGS__) }).begin(),                       \
        HOOT__COUNT(__VA_ARGS__)

#endif
#endif

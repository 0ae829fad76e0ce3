/* Rules: "/users/<int:id>.json" as patterns of parts, and the converters that take values out of a path. */
#ifndef HOOT_WEB_RULE_H
#define HOOT_WEB_RULE_H

#include "web/request_internal.h"

enum { HOOT__MAX_RULE_PARTS = 64, HOOT__MAX_RULE_VALUES = 16 };

/* In the order of their weight: what matches less comes first. */
typedef enum hoot__converter_kind {
    HOOT__CONVERT_NONE, /* the part is static */
    HOOT__CONVERT_INT,
    HOOT__CONVERT_FLOAT,
    HOOT__CONVERT_ANY,
    HOOT__CONVERT_UUID,
    HOOT__CONVERT_STRING,
    HOOT__CONVERT_PATH,
} hoot__converter_kind;

/* What a converter takes. Unused fields are zero, so that equal converters have equal fields. */
typedef struct hoot__converter {
    hoot__converter_kind kind;
    bool is_signed, has_min, has_max;
    uint32_t fixed_digits;           /* int: 0: any number */
    uint32_t min_length, max_length; /* string, bytes; max 0: no limit */
    int64_t min, max;                /* int */
    double real_min, real_max;       /* float */
    const hoot_str *items;           /* any */
    size_t item_count;
} hoot__converter;

/* One part of a path: static text, or text around one converter. */
typedef struct hoot__part {
    hoot_str prefix; /* of a static part: all of it */
    hoot_str suffix;
    hoot__converter converter;
} hoot__part;

/* A rule taken apart. "/" has no part and ends in a slash; "/a/<b>/" has two and does too. */
typedef struct hoot__pattern {
    hoot__part *parts;
    size_t part_count;
    const char **names; /* of the converters, in order */
    const hoot__converter_kind *kinds;
    size_t value_count;
    bool ends_in_slash;
} hoot__pattern;

/* Take a rule apart, into the arena. Errors: HOOT_ECONFIG, with the rule and what is wrong with it;
 * HOOT_ENOMEM. */
int hoot__pattern_parse(hoot_arena *arena, const char *rule, hoot__pattern *out, hoot_error *err);

/* strtod in the C locale, whatever locale the program chose. Gives false unless all of it is a number. */
bool hoot__text_to_double(const char *text, double *out);

/* Does the converter take exactly this decoded text? Fills `out`, whose text is the slice given. */
bool hoot__converter_take(const hoot__converter *converter, hoot_str text, hoot__path_value *out);

/* The same for a part with prefix and suffix. */
bool hoot__part_take(const hoot__part *part, hoot_str text, hoot__path_value *out);

/* Do they match the same paths? */
bool hoot__part_equal(const hoot__part *a, const hoot__part *b);

/* Which of two dynamic parts is tried first: negative: a. More static text, then less weight. */
int hoot__part_compare(const hoot__part *a, const hoot__part *b);

#endif

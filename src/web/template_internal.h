/* What the files of this room share of a template: a list of steps.
 *
 *     Hello {{#who}}<b>{{name}}</b>{{/who}}!
 *
 *     0 TEXT "Hello "   1 SECTION who, skip 4   2 TEXT "<b>"   3 ESCAPED name   4 TEXT "</b>"   5 END
 *     6 TEXT "!"        7 END
 *
 * A section's steps stand behind it, up to its END; `skip` leads there. The unit (the template itself, or one
 * of its partials) ends with an END too. Texts are slices of the unit's own copy of its text. All of it lives
 * in the template's arena. */
#ifndef HOOT_WEB_TEMPLATE_INTERNAL_H
#define HOOT_WEB_TEMPLATE_INTERNAL_H

#include <hoot/template.h>

enum {
    HOOT__TEMPLATE_MAX_NESTING = 100, /* sections in sections, in a text */
    HOOT__TEMPLATE_MAX_DEPTH = 200,   /* sections and partials in each other, while rendering */
    HOOT__TEMPLATE_MAX_UNITS = 1001,
    HOOT__TEMPLATE_MAX_STEPS = 10000000,
    HOOT__TEMPLATE_MAX_BYTES = 4 * 1024 * 1024,
    HOOT__TEMPLATE_MAX_FILES = 1000,
    HOOT__TEMPLATE_MAX_FILE_BYTES = 1024 * 1024,
};

typedef enum hoot__step_kind {
    HOOT__STEP_TEXT,
    HOOT__STEP_ESCAPED,
    HOOT__STEP_RAW,
    HOOT__STEP_SECTION,
    HOOT__STEP_INVERTED,
    HOOT__STEP_PARTIAL,
    HOOT__STEP_END,
} hoot__step_kind;

/* A dotted name, split. count 0: the name ".", the value on top of the stack. */
typedef struct hoot__template_name {
    size_t count;
    const char *parts[]; /* terminated */
} hoot__template_name;

typedef struct hoot__template_unit hoot__template_unit;

typedef struct hoot__step {
    uint8_t kind;    /* hoot__step_kind */
    bool line_start; /* the first thing on its line: a partial's indentation goes in front of it */
    bool alone;      /* of a PARTIAL: alone on its line, so that it is indented */
    uint32_t skip;   /* of a section: how many steps on its END is */
    hoot_str text;   /* of a TEXT; of a section its name; of a PARTIAL the blanks before it */
    union {
        const hoot__template_name *name;
        const hoot__template_unit *partial;
    };
} hoot__step;

struct hoot__template_unit {
    hoot__template_unit *next;
    const char *name; /* for messages, and to find a partial by */
    hoot_str text;
    const hoot__step *steps;
};

struct hoot_template {
    hoot_arena *arena;
    hoot__template_unit *first, *last; /* the template itself, then its partials */
    size_t unit_count;
    hoot_template_options options; /* while it is compiled */
};

/* Make the steps of a unit. Errors: HOOT_ECONFIG, HOOT_ELIMIT, HOOT_ENOMEM. */
int hoot__template_parse(hoot_template *page, hoot__template_unit *unit, hoot_error *err);

/* The unit of a partial, added if it is new; it is parsed later. NULL in `*out`: there is none, and the
 * options require it. Errors: HOOT_ELIMIT, HOOT_ENOMEM. */
int hoot__template_partial(hoot_template *page, hoot_str name, const hoot__template_unit **out,
                           hoot_error *err);

/* Append text with & < > " ' as entities. Errors: as hoot_buf_add(). */
int hoot__html_escape(hoot_buf *out, hoot_str text);

/* The templates of an app. NULL is fine. */
typedef struct hoot__template_set hoot__template_set;
void hoot__template_set_free(hoot__template_set *set);

#endif

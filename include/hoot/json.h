/* JSON for applications: jansson's values, and the parser with the limits that input from outside needs. */
#ifndef HOOT_JSON_H
#define HOOT_JSON_H

#include <hoot/buf.h>
#include <hoot/error.h>
#include <hoot/value.h>

#include <jansson.h>

HOOT_BEGIN_DECLS

#define HOOT_JSON_MAX_DEPTH 100

/* Parse a whole text (RFC 8259): at most HOOT_JSON_MAX_DEPTH levels, no duplicate names, any value at the
 * top. Gives: a new reference.  Errors: NULL: HOOT_EBADINPUT, with line and column; HOOT_ELIMIT too deep. */
HOOT_API HOOT_NODISCARD json_t *hoot_json_parse(hoot_str text, hoot_error *err);

/* Append a value as hoot_json() writes it, without the newline. Errors: HOOT_ELIMIT, HOOT_ENOMEM,
 * HOOT_EBADINPUT text that is no UTF-8. */
HOOT_API int hoot_json_write(hoot_buf *out, const hoot_value *value);

/* Text of a member; NULL: absent, not text, or `object` is no object. */
static inline const char *hoot_json_text(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

HOOT_DEFINE_AUTO(json_t, json_decref);

HOOT_END_DECLS
#endif

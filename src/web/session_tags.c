/* Flask's tagged JSON: what JSON cannot say is an object with one member whose name is a tag.
 *
 *     {" t": [...]}         tuple                     read as an array
 *     {" b": "..."}         bytes, standard base64    read as it stands
 *     {" m": "..."}         Markup, safe HTML         read as text
 *     {" u": "..."}         UUID, 32 hex digits       read as text, 8-4-4-4-12
 *     {" d": "..."}         datetime, an HTTP date    read as text: Quart 0.18 writes ISO 8601, and reads
 * both
 *     {" di": {"KEY__": v}} the object {"KEY": v}, whose only name is a tag's
 *
 * Values are written with the tags that they need: bytes and datetimes, and the last one for every object
 * that would be mistaken for a tag, whoever made it: a client's JSON that an application keeps in a session
 * stays JSON for a Python service too. Source: flask 2.2 json/tag.py. */
#include "web/session_internal.h"

#include <hoot/json.h>

#include <math.h>
#include <time.h>

/* What is written is readable below a tagged session, with tags of its own. */
enum { WRITE_MAX_DEPTH = HOOT__SESSION_MAX_DEPTH - 4, UUID_DIGITS = 32 };

static const char dict_tag[] = " di";

bool hoot__session_is_tag(hoot_str name)
{
    static const char one_letter[] = "tbmud";

    if (name.len == 2 && name.ptr[0] == ' ')
        return memchr(one_letter, name.ptr[1], sizeof(one_letter) - 1) != NULL;
    return hoot_str_is(name, dict_tag);
}

/* --- reading --- */

/* "KEY__": without the end. */
static bool cut_escape(hoot_str *name)
{
    if (!hoot_str_ends(*name, HOOT_STR("__")))
        return false;
    name->len -= 2;
    return true;
}

/* {"KEY__": v} to {"KEY": v}. */
static json_t *untag_object(const json_t *escaped)
{
    void *member = json_object_size(escaped) == 1 ? json_object_iter((json_t *)(uintptr_t)escaped) : NULL;
    hoot_str name = hoot_str_from(member ? json_object_iter_key(member) : NULL);
    char key[sizeof(dict_tag)];
    json_t *object;

    if (!cut_escape(&name) || !hoot__session_is_tag(name))
        return NULL;
    memcpy(key, name.ptr, name.len);
    key[name.len] = '\0';
    object = json_object();
    if (object && json_object_set(object, key, json_object_iter_value(member)) < 0) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *untag_uuid(const json_t *value)
{
    static const uint8_t dash_before[] = { 8, 12, 16, 20 };
    const char *digits = json_string_value(value);
    char text[HOOT_UUID_CHARS + 1], *to = text;
    size_t dashes = 0;

    if (!digits || json_string_length(value) != UUID_DIGITS ||
        strspn(digits, "0123456789abcdefABCDEF") != UUID_DIGITS)
        return NULL;
    for (size_t i = 0; i < UUID_DIGITS; i++) {
        if (dashes < sizeof(dash_before) && i == dash_before[dashes]) {
            *to++ = '-';
            dashes++;
        }
        *to++ = digits[i];
    }
    return json_stringn(text, HOOT_UUID_CHARS);
}

/* The value of a tagged object whose inner values are resolved. Gives: a new reference, or NULL. */
static json_t *resolve(json_t *tagged, const char *tag, json_t *inner)
{
    switch (strcmp(tag, dict_tag) == 0 ? 'i' : tag[1]) {
    case 'i': return untag_object(inner);
    case 't': return json_is_array(inner) ? json_incref(inner) : NULL;
    case 'b': return json_is_string(inner) ? json_incref(tagged) : NULL;
    case 'u': return untag_uuid(inner);
    default: return json_is_string(inner) ? json_incref(inner) : NULL;
    }
}

static bool untag_items(json_t *array)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        json_t *item = hoot__session_untag(json_incref(json_array_get(array, i)));

        if (!item || json_array_set_new(array, i, item) < 0)
            return false;
    }
    return true;
}

static bool untag_members(json_t *object)
{
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        json_t *value = hoot__session_untag(json_incref(json_object_iter_value(at)));

        if (!value || json_object_iter_set_new(object, at, value) < 0)
            return false;
    }
    return true;
}

/* From the inside out, as Flask does it. The depth was bounded when the text was read. */
json_t *hoot__session_untag(json_t *value)
{
    json_t *resolved = value;
    void *only;

    if (json_is_array(value) ? !untag_items(value) : json_is_object(value) && !untag_members(value)) {
        json_decref(value);
        return NULL;
    }
    only = json_object_size(value) == 1 ? json_object_iter(value) : NULL;
    if (only && hoot__session_is_tag(hoot_str_from(json_object_iter_key(only)))) {
        resolved = resolve(value, json_object_iter_key(only), json_object_iter_value(only));
        json_decref(value);
    }
    return resolved;
}

/* --- writing --- */

static int write_at(hoot_buf *out, const hoot_value *value, unsigned depth);
static int write_jansson(hoot_buf *out, const json_t *json, unsigned depth);

/* What needs no tag, as every other JSON is written. */
static int write_plain(hoot_buf *out, const hoot_value *value)
{
    bool real = value->kind == HOOT_FLOAT || value->kind == HOOT_DOUBLE;
    int rc = real && !isfinite(value->f64) ? HOOT_EINVAL : hoot_json_write(out, value);

    return rc == HOOT_EBADINPUT ? HOOT_EINVAL : rc;
}

static int write_bytes(hoot_buf *out, hoot_str bytes)
{
    int rc = hoot_buf_add_str(out, HOOT_STR("{\" b\":\""));

    if (rc == 0)
        rc = hoot_base64_encode(bytes, out);
    return rc < 0 ? rc : hoot_buf_add_str(out, HOOT_STR("\"}"));
}

/* To the second, in UTC: all that the tag can hold. */
static int write_datetime(hoot_buf *out, const hoot_time *time)
{
    struct tm parts = { .tm_year = time->year - 1900,
                        .tm_mon = time->month - 1,
                        .tm_mday = time->day,
                        .tm_hour = time->hour,
                        .tm_min = time->minute,
                        .tm_sec = time->second };
    char date[HOOT__HTTP_DATE_CHARS + 1];
    time_t seconds;

    if (time->year == 0 || time->month == 0 || time->month > 12 || time->day == 0 || time->day > 31 ||
        time->hour > 23 || time->minute > 59 || time->second > 59)
        return HOOT_EINVAL;
    seconds = timegm(&parts);
    if (parts.tm_mday != time->day) /* 30 February */
        return HOOT_EINVAL;
    hoot__http_date_format(seconds, date);
    return hoot_buf_printf(out, "{\" d\":\"%s\"}", date);
}

/* The name of a member and its colon; `escape`: {" di":{"NAME__": before it. */
static int write_name(hoot_buf *out, hoot_str name, bool first, bool escape)
{
    const hoot_value text = hoot_value_str(name);
    int rc = first ? 0 : hoot_buf_add_byte(out, ',');

    if (rc == 0)
        rc = escape ? hoot_buf_printf(out, "\"%s\":{\"%.*s__\"", dict_tag, (int)name.len, name.ptr)
                    : write_plain(out, &text);
    return rc < 0 ? rc : hoot_buf_add_byte(out, ':');
}

static int write_members(hoot_buf *out, const hoot_value *value, unsigned depth)
{
    bool escape = value->count == 1 && hoot__session_is_tag(hoot_str_from(value->members[0].name));
    int rc = hoot_buf_add_byte(out, '{');

    for (uint32_t i = 0; i < value->count && rc == 0; i++) {
        const hoot_member *member = &value->members[i];

        rc = write_name(out, hoot_str_from(member->name), i == 0, escape);
        if (rc == 0)
            rc = write_at(out, &member->value, depth + 1 + escape);
    }
    return rc < 0 ? rc : hoot_buf_add_str(out, escape ? HOOT_STR("}}") : HOOT_STR("}"));
}

static int write_items(hoot_buf *out, const hoot_value *value, unsigned depth)
{
    int rc = hoot_buf_add_byte(out, '[');

    for (uint32_t i = 0; i < value->count && rc == 0; i++) {
        if (i)
            rc = hoot_buf_add_byte(out, ',');
        if (rc == 0)
            rc = write_at(out, &value->items[i], depth + 1);
    }
    return rc < 0 ? rc : hoot_buf_add_byte(out, ']');
}

static int write_json_object(hoot_buf *out, json_t *object, unsigned depth)
{
    void *at = json_object_iter(object);
    bool escape =
        json_object_size(object) == 1 && hoot__session_is_tag(hoot_str_from(json_object_iter_key(at)));
    bool first = true;
    int rc = hoot_buf_add_byte(out, '{');

    for (; at && rc == 0; at = json_object_iter_next(object, at)) {
        rc = write_name(out, hoot_str_from(json_object_iter_key(at)), first, escape);
        if (rc == 0)
            rc = write_jansson(out, json_object_iter_value(at), depth + 1 + escape);
        first = false;
    }
    return rc < 0 ? rc : hoot_buf_add_str(out, escape ? HOOT_STR("}}") : HOOT_STR("}"));
}

static int write_json_array(hoot_buf *out, const json_t *array, unsigned depth)
{
    int rc = hoot_buf_add_byte(out, '[');

    for (size_t i = 0; i < json_array_size(array) && rc == 0; i++) {
        if (i)
            rc = hoot_buf_add_byte(out, ',');
        if (rc == 0)
            rc = write_jansson(out, json_array_get(array, i), depth + 1);
    }
    return rc < 0 ? rc : hoot_buf_add_byte(out, ']');
}

static int write_jansson(hoot_buf *out, const json_t *json, unsigned depth)
{
    const hoot_value plain = hoot_value_json(json);

    if (depth > WRITE_MAX_DEPTH)
        return HOOT_EINVAL;
    if (json_is_object(json))
        return write_json_object(out, (json_t *)(uintptr_t)json, depth);
    return json_is_array(json) ? write_json_array(out, json, depth) : write_plain(out, &plain);
}

static int write_at(hoot_buf *out, const hoot_value *value, unsigned depth)
{
    if (depth > WRITE_MAX_DEPTH)
        return HOOT_EINVAL;
    switch (value->kind) {
    case HOOT_BYTES: return write_bytes(out, value->str);
    case HOOT_DATETIME: return write_datetime(out, &value->time);
    case HOOT_OBJECT: return write_members(out, value, depth);
    case HOOT_ARRAY: return write_items(out, value, depth);
    case HOOT_JANSSON: return write_jansson(out, value->json, depth);
    default: return write_plain(out, value);
    }
}

int hoot__session_write_value(hoot_buf *out, const hoot_value *value)
{
    return write_at(out, value, 1);
}

/* --- the session as a whole --- */

/* {" di":{"KEY__": v}}: the session {"KEY": v}. */
static int read_escaped(hoot_arena *arena, hoot_str json, hoot__session_members *out)
{
    hoot__session_members inner = { 0 };
    hoot__session_member *only;
    int rc = hoot__session_scan(arena, json, &inner);

    if (rc < 0)
        return rc;
    only = inner.at;
    if (inner.count != 1 || !cut_escape(&only->name) || !hoot__session_is_tag(only->name))
        return HOOT_EBADINPUT;
    only->quoted = hoot_str_of(hoot_arena_printf(arena, "\"%.*s\"", (int)only->name.len, only->name.ptr),
                               only->name.len + 2);
    if (!only->quoted.ptr)
        return HOOT_ENOMEM;
    *out = inner;
    return 0;
}

int hoot__session_read(hoot_arena *arena, hoot_str json, hoot__session_members *out)
{
    hoot__session_members members = { 0 };
    int rc = hoot__session_scan(arena, json, &members);

    if (rc < 0)
        return rc;
    if (members.count == 1 && hoot_str_is(members.at->name, dict_tag))
        return read_escaped(arena, members.at->json, out);
    if (members.count == 1 && hoot__session_is_tag(members.at->name))
        return HOOT_EBADINPUT; /* a tuple or text: no session */
    *out = members;
    return 0;
}

int hoot__session_write(hoot_buf *out, const hoot__session_members *members)
{
    bool escape = members->count == 1 && hoot__session_is_tag(members->at->name);
    int rc = hoot_buf_add_byte(out, '{');

    if (rc == 0 && escape)
        rc = write_name(out, members->at->name, true, true);
    for (size_t i = 0; i < members->count && rc == 0; i++) {
        if (i)
            rc = hoot_buf_add_byte(out, ',');
        if (rc == 0 && !escape)
            rc = hoot_buf_add_str(out, members->at[i].quoted);
        if (rc == 0 && !escape)
            rc = hoot_buf_add_byte(out, ':');
        if (rc == 0)
            rc = hoot_buf_add_str(out, members->at[i].json);
    }
    return rc < 0 ? rc : hoot_buf_add_str(out, escape ? HOOT_STR("}}") : HOOT_STR("}"));
}

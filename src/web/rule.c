/* Rules taken apart.
 *
 *     /users/<int(min=1):id>.json/
 *      part  prefix "", converter int, suffix ".json"   then the slash at the end
 *
 * A part holds at most one converter, and a rule at most one <path:...>: so looking for a match never takes
 * more steps than parts times rules, whatever path a client sends. Static text in rules is written decoded.
 */
#include "web/rule.h"

enum { MAX_ITEMS = 64 };

/* A rule under way. */
typedef struct parser {
    hoot_arena *arena;
    const char *rule; /* for messages */
    hoot_error *err;
    hoot__pattern *out;
    hoot__converter_kind *kinds;
} parser;

static int wrong(parser *p, const char *what)
{
    return hoot_error_set(p->err, HOOT_ECONFIG, "rule \"%s\": %s", p->rule, what);
}

static int no_memory(parser *p)
{
    return hoot_error_set(p->err, HOOT_ENOMEM, "rule \"%s\": out of memory", p->rule);
}

static const struct {
    const char *name;
    hoot__converter_kind kind;
} converter_names[] = {
    { "string", HOOT__CONVERT_STRING }, { "default", HOOT__CONVERT_STRING }, { "int", HOOT__CONVERT_INT },
    { "float", HOOT__CONVERT_FLOAT },   { "path", HOOT__CONVERT_PATH },      { "uuid", HOOT__CONVERT_UUID },
    { "any", HOOT__CONVERT_ANY },
};

static hoot__converter_kind kind_of(hoot_str name)
{
    for (size_t i = 0; i < sizeof(converter_names) / sizeof(converter_names[0]); i++) {
        if (hoot_str_is(name, converter_names[i].name))
            return converter_names[i].kind;
    }
    return HOOT__CONVERT_NONE;
}

/* Without the quotes around it, if there are some. */
static hoot_str unquoted(hoot_str s)
{
    bool quoted = s.len >= 2 && (s.ptr[0] == '"' || s.ptr[0] == '\'') && s.ptr[s.len - 1] == s.ptr[0];

    return quoted ? hoot_str_of(s.ptr + 1, s.len - 2) : s;
}

static int parse_items(parser *p, hoot__converter *c, hoot_str args)
{
    hoot_str *items = hoot_arena_alloc_array(p->arena, MAX_ITEMS, sizeof(*items));
    hoot_str item;

    if (!items)
        return no_memory(p);
    while (hoot_str_split(&args, ',', &item)) {
        item = unquoted(hoot_str_trim(item, " "));
        if (item.len == 0)
            return wrong(p, "any() has an empty item");
        if (c->item_count == MAX_ITEMS)
            return wrong(p, "any() takes at most 64 items");
        items[c->item_count++] = item;
    }
    c->items = items;
    return c->item_count ? 0 : wrong(p, "any() needs items: <any(a,b):name>");
}

static bool parse_bool(hoot_str value, bool *out)
{
    *out = hoot_str_is(value, "True") || hoot_str_is(value, "true");
    return *out || hoot_str_is(value, "False") || hoot_str_is(value, "false");
}

static bool parse_length(hoot_str value, uint32_t *out)
{
    uint64_t number;

    if (hoot_str_to_u64(value, &number) < 0 || number == 0 || number > 1000000)
        return false;
    *out = (uint32_t)number;
    return true;
}

static bool parse_real(parser *p, hoot_str value, double *out)
{
    const char *text = hoot_arena_dup(p->arena, value);

    return text && hoot__text_to_double(text, out);
}

static bool set_text_option(hoot__converter *c, hoot_str name, hoot_str value)
{
    if (hoot_str_is(name, "minlength"))
        return parse_length(value, &c->min_length);
    if (hoot_str_is(name, "maxlength"))
        return parse_length(value, &c->max_length);
    if (!hoot_str_is(name, "length") || !parse_length(value, &c->min_length))
        return false;
    c->max_length = c->min_length;
    return true;
}

static bool set_number_option(parser *p, hoot__converter *c, hoot_str name, hoot_str value)
{
    bool is_int = c->kind == HOOT__CONVERT_INT;

    if (hoot_str_is(name, "signed"))
        return parse_bool(value, &c->is_signed);
    if (hoot_str_is(name, "min")) {
        c->has_min = true;
        return is_int ? hoot_str_to_i64(value, &c->min) == 0 : parse_real(p, value, &c->real_min);
    }
    if (hoot_str_is(name, "max")) {
        c->has_max = true;
        return is_int ? hoot_str_to_i64(value, &c->max) == 0 : parse_real(p, value, &c->real_max);
    }
    return is_int && hoot_str_is(name, "fixed_digits") && parse_length(value, &c->fixed_digits);
}

static bool set_option(parser *p, hoot__converter *c, hoot_str option)
{
    ptrdiff_t equals = hoot_str_find(option, '=');
    hoot_str name, value;

    if (equals <= 0)
        return false;
    name = hoot_str_trim(hoot_str_head(option, (size_t)equals), " ");
    value = hoot_str_trim(hoot_str_from_index(option, (size_t)equals + 1), " ");
    if (c->kind == HOOT__CONVERT_STRING)
        return set_text_option(c, name, value);
    if (c->kind == HOOT__CONVERT_INT || c->kind == HOOT__CONVERT_FLOAT)
        return set_number_option(p, c, name, value);
    return false;
}

static int parse_options(parser *p, hoot__converter *c, hoot_str args)
{
    hoot_str option;

    if (c->kind == HOOT__CONVERT_ANY)
        return parse_items(p, c, args);
    while (hoot_str_split(&args, ',', &option)) {
        if (!set_option(p, c, hoot_str_trim(option, " ")))
            return wrong(p, "an argument of a converter is not known, or its value is wrong");
    }
    return 0;
}

static bool is_name(hoot_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

        if (!letter && !(i > 0 && c >= '0' && c <= '9'))
            return false;
    }
    return s.len > 0;
}

static int add_name(parser *p, hoot_str name, hoot__converter_kind kind)
{
    hoot__pattern *out = p->out;

    if (!is_name(name))
        return wrong(p, "a converter needs a name of letters, digits and '_'");
    for (size_t i = 0; i < out->value_count; i++) {
        if (hoot_str_is(name, out->names[i]))
            return wrong(p, "a name stands twice");
        if (kind == HOOT__CONVERT_PATH && p->kinds[i] == HOOT__CONVERT_PATH)
            return wrong(p, "a rule takes one <path:...>");
    }
    if (out->value_count == HOOT__MAX_RULE_VALUES)
        return wrong(p, "a rule takes at most 16 converters");
    p->kinds[out->value_count] = kind;
    out->names[out->value_count] = hoot_arena_dup(p->arena, name);
    return out->names[out->value_count++] ? 0 : no_memory(p);
}

/* "int(min=1):id", what stands between '<' and '>'. */
static int parse_converter(parser *p, hoot_str text, hoot__converter *c)
{
    ptrdiff_t open = hoot_str_find(text, '(');
    hoot_str kind = HOOT_STR("string"), name = text;
    int rc = 0;

    memset(c, 0, sizeof(*c));
    if (open >= 0) {
        const char *close = memrchr(text.ptr, ')', text.len);

        if (!close || close < text.ptr + open || close + 1 == text.ptr + text.len || close[1] != ':')
            return wrong(p, "a converter's arguments end in \"):\"");
        kind = hoot_str_head(text, (size_t)open);
        name = hoot_str_from_index(text, (size_t)(close + 2 - text.ptr));
        c->kind = kind_of(kind);
        rc = parse_options(p, c, hoot_str_of(text.ptr + open + 1, (size_t)(close - text.ptr - open - 1)));
    } else if (hoot_str_find(text, ':') >= 0) {
        hoot_str_split(&name, ':', &kind);
        c->kind = kind_of(kind);
        rc = c->kind == HOOT__CONVERT_ANY ? wrong(p, "any() needs items: <any(a,b):name>") : 0;
    } else
        c->kind = HOOT__CONVERT_STRING;
    if (rc < 0)
        return rc;
    if (c->kind == HOOT__CONVERT_NONE)
        return wrong(p, "there is no such converter; there are string, int, float, path, uuid and any");
    if (c->kind == HOOT__CONVERT_STRING && c->min_length == 0)
        c->min_length = 1;
    return add_name(p, name, c->kind);
}

/* One part: everything up to a slash that is not inside a converter. */
static int parse_part(parser *p, hoot_str text, hoot__part *part)
{
    ptrdiff_t open = hoot_str_find(text, '<');
    ptrdiff_t close = hoot_str_find(text, '>');
    int rc;

    memset(part, 0, sizeof(*part));
    if (open < 0 && close < 0) {
        part->prefix = text;
        return text.len ? 0 : wrong(p, "two slashes stand together");
    }
    if (open < 0 || close < open)
        return wrong(p, "'<' and '>' do not match");
    part->prefix = hoot_str_head(text, (size_t)open);
    part->suffix = hoot_str_from_index(text, (size_t)close + 1);
    if (hoot_str_find(part->suffix, '<') >= 0 || hoot_str_find(part->suffix, '>') >= 0)
        return wrong(p, "a part between slashes takes one converter");
    rc = parse_converter(p, hoot_str_of(text.ptr + open + 1, (size_t)(close - open - 1)), &part->converter);
    if (rc == 0 && part->converter.kind == HOOT__CONVERT_PATH && part->prefix.len + part->suffix.len)
        return wrong(p, "<path:...> stands alone between slashes");
    return rc;
}

/* Where the part that begins at `text` ends: slashes may stand in a converter's arguments. */
static size_t part_length(hoot_str text)
{
    bool inside = false;
    size_t i;

    for (i = 0; i < text.len && (inside || text.ptr[i] != '/'); i++)
        inside = text.ptr[i] == '<' || (inside && text.ptr[i] != '>');
    return i;
}

static int parse_parts(parser *p, hoot_str rest)
{
    while (rest.len) {
        size_t len = part_length(rest);
        int rc;

        if (p->out->part_count == HOOT__MAX_RULE_PARTS)
            return wrong(p, "it has more than 64 parts");
        rc = parse_part(p, hoot_str_head(rest, len), &p->out->parts[p->out->part_count++]);
        if (rc < 0)
            return rc;
        p->out->ends_in_slash = len < rest.len && len + 1 == rest.len;
        rest = hoot_str_from_index(rest, len + 1);
    }
    return 0;
}

static bool has_forbidden_bytes(hoot_str rule)
{
    for (size_t i = 0; i < rule.len; i++) {
        unsigned char c = (unsigned char)rule.ptr[i];

        if (c < 0x20 || c == 0x7f || c == '?' || c == '#')
            return true;
    }
    return false;
}

static size_t count_of(hoot_str s, char c)
{
    size_t count = 0;

    for (size_t i = 0; i < s.len; i++)
        count += s.ptr[i] == c;
    return count;
}

/* No more parts than slashes, no more converters than '<'. */
static bool make_room(parser *p, hoot_str text)
{
    size_t values = count_of(text, '<');

    p->out->parts = hoot_arena_alloc_array(p->arena, count_of(text, '/'), sizeof(*p->out->parts));
    p->out->names = hoot_arena_alloc_array(p->arena, values, sizeof(*p->out->names));
    p->out->kinds = p->kinds = hoot_arena_alloc_array(p->arena, values, sizeof(*p->kinds));
    return p->out->parts && p->out->names && p->kinds;
}

int hoot__pattern_parse(hoot_arena *arena, const char *rule, hoot__pattern *out, hoot_error *err)
{
    parser p = { .arena = arena, .rule = rule, .err = err, .out = out };
    hoot_str text = hoot_str_from(rule);

    memset(out, 0, sizeof(*out));
    if (text.len == 0 || text.ptr[0] != '/')
        return wrong(&p, "a rule begins with '/'");
    if (has_forbidden_bytes(text) || !hoot_str_is_utf8(text))
        return wrong(&p, "'?', '#', control bytes and bytes that are no UTF-8 may not stand in it");
    if (!make_room(&p, text))
        return no_memory(&p);
    out->ends_in_slash = text.len == 1;
    return parse_parts(&p, hoot_str_from_index(text, 1));
}

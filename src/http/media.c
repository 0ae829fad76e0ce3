/* Media types with parameters (RFC 9110 section 8.3.1): text/html; charset="utf-8". */
#include "http/chars.h"
#include "http/message.h"

hoot_str hoot__media_type(hoot_str content_type)
{
    ptrdiff_t semicolon = hoot_str_find(content_type, ';');

    return hoot_str_trim(semicolon < 0 ? content_type : hoot_str_head(content_type, (size_t)semicolon),
                         " \t");
}

static hoot_str skip_blanks(hoot_str s)
{
    while (s.len && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
        s = hoot_str_from_index(s, 1);
    return s;
}

static hoot_str take_token(hoot_str *rest)
{
    hoot_str token = *rest;
    size_t len = 0;

    while (len < rest->len && hoot__char_is(rest->ptr[len], HOOT__CHAR_TOKEN))
        len++;
    token.len = len;
    *rest = hoot_str_from_index(*rest, len);
    return token;
}

/* The inside of a quoted string, escapes and all, when `rest` begins with one. */
static bool take_quoted(hoot_str *rest, hoot_str *out)
{
    size_t i = 1;

    while (i < rest->len && rest->ptr[i] != '"') {
        if (rest->ptr[i] == '\\')
            i++;
        else if (!hoot__char_is(rest->ptr[i], HOOT__CHAR_QUOTED))
            return false;
        i++;
    }
    if (i >= rest->len)
        return false;
    *out = hoot_str_of(rest->ptr + 1, i - 1);
    *rest = hoot_str_from_index(*rest, i + 1);
    return true;
}

typedef struct parameter {
    hoot_str name, value;
    bool quoted;
} parameter;

/* One `name=value`; `rest` stands behind its ';'. */
static bool take_parameter(hoot_str *rest, parameter *out)
{
    *rest = skip_blanks(*rest);
    out->name = take_token(rest);
    if (out->name.len == 0 || rest->len == 0 || rest->ptr[0] != '=')
        return false;
    *rest = hoot_str_from_index(*rest, 1);
    out->quoted = rest->len && rest->ptr[0] == '"';
    if (out->quoted)
        return take_quoted(rest, &out->value);
    out->value = take_token(rest);
    return out->value.len > 0;
}

static int unescape(hoot_arena *arena, hoot_str s, hoot_str *out)
{
    char *copy = hoot_arena_dup(arena, s);
    size_t len = 0;

    if (!copy)
        return HOOT_ENOMEM;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '\\')
            i++;
        copy[len++] = s.ptr[i];
    }
    copy[len] = '\0';
    *out = hoot_str_of(copy, len);
    return 0;
}

/* Stray semicolons are stepped over, as every implementation does. */
int hoot__media_parameter(hoot_arena *arena, hoot_str content_type, const char *name, hoot_str *out)
{
    ptrdiff_t semicolon = hoot_str_find(content_type, ';');
    hoot_str rest = hoot_str_from_index(content_type, semicolon < 0 ? content_type.len : (size_t)semicolon);
    parameter found;

    while ((rest = skip_blanks(rest)).len > 0) {
        if (rest.ptr[0] != ';')
            return HOOT_EBADINPUT;
        rest = skip_blanks(hoot_str_from_index(rest, 1));
        if (rest.len == 0 || rest.ptr[0] == ';')
            continue;
        if (!take_parameter(&rest, &found))
            return HOOT_EBADINPUT;
        if (!hoot_str_equal_nocase(found.name, hoot_str_from(name)))
            continue;
        if (found.quoted)
            return unescape(arena, found.value, out);
        *out = found.value;
        return 0;
    }
    return HOOT_ENOTFOUND;
}

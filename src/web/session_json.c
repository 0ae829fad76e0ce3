/* The JSON of a session, taken apart only as far as somebody asks.
 *
 * The whole text is checked once, and the members of its object are noted as slices of it: a name, and the
 * text of a value. Asking for one text then costs a comparison of names; a value is parsed when it is asked
 * for; and what is not changed is written back as it came. The grammar is RFC 8259's and NaN, Infinity and
 * -Infinity, which Python writes.
 *
 * Depth and number of members are bounded; so recursion is, and the search among the members. */
#include "web/session_internal.h"

typedef struct scan {
    const char *at, *end;
    unsigned depth;
    bool too_deep;
} scan;

static bool skip_value(scan *s);

static void skip_space(scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t'))
        s->at++;
}

static bool take(scan *s, char c)
{
    if (s->at == s->end || *s->at != c)
        return false;
    s->at++;
    return true;
}

static bool take_word(scan *s, hoot_str word)
{
    if (!hoot_str_starts(hoot_str_of(s->at, (size_t)(s->end - s->at)), word))
        return false;
    s->at += word.len;
    return true;
}

static bool take_digits(scan *s)
{
    const char *start = s->at;

    while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
        s->at++;
    return s->at > start;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* Behind the backslash. */
static bool skip_escape(scan *s)
{
    char kind = s->at < s->end ? *s->at++ : '\0';

    if (kind != 'u')
        return kind && strchr("\"\\/bfnrt", kind);
    for (int i = 0; i < 4; i++, s->at++) {
        if (s->at == s->end || !is_hex(*s->at))
            return false;
    }
    return true;
}

static bool skip_string(scan *s)
{
    if (!take(s, '"'))
        return false;
    while (s->at < s->end) {
        unsigned char c = (unsigned char)*s->at++;

        if (c == '"')
            return true;
        if (c < 0x20 || (c == '\\' && !skip_escape(s)))
            return false;
    }
    return false;
}

static bool skip_number(scan *s)
{
    take(s, '-');
    if (take_word(s, HOOT_STR("Infinity")))
        return true;
    if (!take(s, '0') && !take_digits(s))
        return false;
    if (take(s, '.') && !take_digits(s))
        return false;
    if (take(s, 'e') || take(s, 'E')) {
        if (!take(s, '+'))
            take(s, '-');
        return take_digits(s);
    }
    return true;
}

/* `"name" : `, and the slice of the quoted name. */
static bool skip_name(scan *s, hoot_str *out_quoted)
{
    const char *start;

    skip_space(s);
    start = s->at;
    if (!skip_string(s))
        return false;
    *out_quoted = hoot_str_of(start, (size_t)(s->at - start));
    skip_space(s);
    return take(s, ':');
}

/* Members or items, and the bracket that closes them; behind the one that opens. */
static bool skip_list(scan *s, char close)
{
    hoot_str name;

    skip_space(s);
    if (take(s, close))
        return true;
    do {
        if ((close == '}' && !skip_name(s, &name)) || !skip_value(s))
            return false;
    } while (take(s, ','));
    return take(s, close);
}

static bool skip_nested(scan *s, char close)
{
    bool good;

    s->at++;
    if (s->depth == HOOT__SESSION_MAX_DEPTH) {
        s->too_deep = true;
        return false;
    }
    s->depth++;
    good = skip_list(s, close);
    s->depth--;
    return good;
}

/* A value and the space around it. */
static bool skip_value(scan *s)
{
    bool good;

    skip_space(s);
    switch (s->at < s->end ? *s->at : '\0') {
    case '{': good = skip_nested(s, '}'); break;
    case '[': good = skip_nested(s, ']'); break;
    case '"': good = skip_string(s); break;
    case 't': good = take_word(s, HOOT_STR("true")); break;
    case 'f': good = take_word(s, HOOT_STR("false")); break;
    case 'n': good = take_word(s, HOOT_STR("null")); break;
    case 'N': good = take_word(s, HOOT_STR("NaN")); break;
    default: good = skip_number(s); break;
    }
    skip_space(s);
    return good;
}

/* The next member of the session's own object. Errors: HOOT_EBADINPUT, HOOT_ELIMIT, HOOT_ENOMEM. */
static int read_member(hoot_arena *arena, scan *s, hoot__session_members *members)
{
    hoot__session_member member = { 0 }, *same;
    const char *start;
    int rc;

    if (!skip_name(s, &member.quoted))
        return HOOT_EBADINPUT;
    start = s->at;
    if (!skip_value(s))
        return s->too_deep ? HOOT_ELIMIT : HOOT_EBADINPUT;
    member.json = hoot_str_trim(hoot_str_of(start, (size_t)(s->at - start)), " \t\r\n");
    rc = hoot__session_unquote(arena, member.quoted, &member.name);
    if (rc < 0)
        return rc;
    same = hoot__session_find(members, member.name);
    if (!same)
        return hoot__session_append(arena, members, &member);
    same->json = member.json;
    return 0;
}

int hoot__session_scan(hoot_arena *arena, hoot_str json, hoot__session_members *out)
{
    scan s = { .at = json.ptr, .end = json.ptr + json.len, .depth = 1 };
    hoot__session_members members = { 0 };
    int rc = 0;

    if (!hoot_str_is_utf8(json))
        return HOOT_EBADINPUT;
    skip_space(&s);
    if (!take(&s, '{'))
        return HOOT_EBADINPUT;
    skip_space(&s);
    if (!take(&s, '}')) {
        do {
            rc = read_member(arena, &s, &members);
        } while (rc == 0 && take(&s, ','));
        if (rc == 0 && !take(&s, '}'))
            rc = HOOT_EBADINPUT;
    }
    skip_space(&s);
    if (rc == 0 && s.at != s.end)
        rc = HOOT_EBADINPUT;
    if (rc == 0)
        *out = members;
    return rc;
}

hoot__session_member *hoot__session_find(const hoot__session_members *members, hoot_str name)
{
    for (size_t i = 0; i < members->count; i++) {
        if (hoot_str_equal(members->at[i].name, name))
            return &members->at[i];
    }
    return NULL;
}

int hoot__session_append(hoot_arena *arena, hoot__session_members *members,
                         const hoot__session_member *member)
{
    if (members->count >= HOOT__SESSION_MAX_MEMBERS)
        return HOOT_ELIMIT;
    if (members->count == members->room) {
        size_t room = members->room ? 2 * members->room : 4;
        hoot__session_member *at = hoot_arena_alloc_array(arena, room, sizeof(*at));

        if (!at)
            return HOOT_ENOMEM;
        if (members->count)
            memcpy(at, members->at, members->count * sizeof(*at));
        members->at = at;
        members->room = room;
    }
    members->at[members->count++] = *member;
    return 0;
}

void hoot__session_drop(hoot__session_members *members, hoot__session_member *member)
{
    size_t behind = (size_t)(members->at + members->count - (member + 1));

    memmove(member, member + 1, behind * sizeof(*member));
    members->count--;
}

/* The code unit of "\uXXXX" at `at`. */
static uint32_t read_unit(const char *at)
{
    uint32_t unit = 0;

    for (int i = 2; i < 6; i++)
        unit = unit << 4 | (uint32_t)(at[i] <= '9' ? at[i] - '0' : (at[i] | 0x20) - 'a' + 10);
    return unit;
}

static char *put_point(char *to, uint32_t point)
{
    if (point < 0x80) {
        *to++ = (char)point;
        return to;
    }
    if (point < 0x800) {
        *to++ = (char)(0xc0 | point >> 6);
    } else {
        if (point < 0x10000) {
            *to++ = (char)(0xe0 | point >> 12);
        } else {
            *to++ = (char)(0xf0 | point >> 18);
            *to++ = (char)(0x80 | (point >> 12 & 63));
        }
        *to++ = (char)(0x80 | (point >> 6 & 63));
    }
    *to++ = (char)(0x80 | (point & 63));
    return to;
}

/* The escape at `*at`, which is left behind it: a whole surrogate pair is one point. */
static char *resolve_escape(const char **at, const char *end, char *to)
{
    static const char kinds[] = "bfnrt", bytes[] = "\b\f\n\r\t";
    const char *from = *at;
    const char *kind = strchr(kinds, from[1]);
    uint32_t point, low;

    if (from[1] != 'u') {
        *to++ = kind ? bytes[kind - kinds] : from[1];
        *at = from + 2;
        return to;
    }
    point = read_unit(from);
    from += 6;
    if ((point & 0xfc00) == 0xd800 && end - from >= 6 && from[0] == '\\' && from[1] == 'u') {
        low = read_unit(from);
        if ((low & 0xfc00) == 0xdc00) {
            point = 0x10000 + ((point & 0x3ff) << 10 | (low & 0x3ff));
            from += 6;
        }
    }
    *at = from;
    return put_point(to, point);
}

int hoot__session_unquote(hoot_arena *arena, hoot_str quoted, hoot_str *out)
{
    const char *at = quoted.ptr + 1, *end = quoted.ptr + quoted.len - 1;
    char *text, *to;

    if (!memchr(at, '\\', (size_t)(end - at))) {
        *out = hoot_str_of(at, (size_t)(end - at));
        return 0;
    }
    to = text = hoot_arena_alloc(arena, quoted.len); /* escapes are longer than what they stand for */
    if (!text)
        return HOOT_ENOMEM;
    while (at < end) {
        if (*at == '\\')
            to = resolve_escape(&at, end, to);
        else
            *to++ = *at++;
    }
    *out = hoot_str_of(text, (size_t)(to - text));
    return 0;
}

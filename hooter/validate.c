#include "validate.h"

#include <string.h>

#define EMAIL_MAX  254
#define LOCAL_MAX  64
#define DOMAIN_MAX 253
#define LABEL_MAX  63
#define DIGITS     10

static bool is_letter_or_digit(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_atom_char(char c)
{
    return is_letter_or_digit(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

static bool is_dot_atom(hoot_str s)
{
    bool dot = true; /* a dot may not stand first, last, or beside another */

    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '.' ? dot : !is_atom_char(s.ptr[i]))
            return false;
        dot = s.ptr[i] == '.';
    }
    return !dot;
}

static bool is_label(hoot_str s)
{
    if (s.len == 0 || s.len > LABEL_MAX || s.ptr[0] == '-' || s.ptr[s.len - 1] == '-')
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!is_letter_or_digit(s.ptr[i]) && s.ptr[i] != '-')
            return false;
    return true;
}

static bool is_domain(hoot_str s)
{
    hoot_str rest = s, label = { 0 };
    size_t labels = 0;

    if (s.len > DOMAIN_MAX)
        return false;
    while (hoot_str_split(&rest, '.', &label)) {
        if (!is_label(label))
            return false;
        labels++;
    }
    return labels >= 2 && label.len >= 2;
}

const char *valid_email(hoot_arena *arena, const char *text)
{
    hoot_str s = hoot_str_trim(hoot_str_from(text), " \t\r\n");
    ptrdiff_t at = hoot_str_find(s, '@');
    char *copy;

    if (s.len > EMAIL_MAX || at < 1 || at > LOCAL_MAX || !is_dot_atom(hoot_str_head(s, (size_t)at)) ||
        !is_domain(hoot_str_from_index(s, (size_t)at + 1)))
        return NULL;
    copy = hoot_arena_dup(arena, s);
    for (char *c = copy; c && *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    return copy;
}

/* The digits of `s` into `out`, spaces and hyphens left out. Gives their number; more than `max`, or another
 * character: 0. */
static size_t digits_of(hoot_str s, char *out, size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == ' ' || s.ptr[i] == '-')
            continue;
        if (s.ptr[i] < '0' || s.ptr[i] > '9' || n == max)
            return 0;
        out[n++] = s.ptr[i];
    }
    return n;
}

const char *valid_number(hoot_arena *arena, const char *text)
{
    hoot_str s = hoot_str_trim(hoot_str_from(text), " \t\r\n");
    bool prefixed = hoot_str_starts(s, HOOT_STR("+91"));
    char digits[DIGITS];

    if (digits_of(prefixed ? hoot_str_from_index(s, 3) : s, digits, DIGITS) != DIGITS)
        return NULL;
    return hoot_arena_printf(arena, "%s%.*s", prefixed ? "+91" : "", DIGITS, digits);
}

const char *valid_text(hoot_arena *arena, const char *text, size_t max)
{
    hoot_str s = hoot_str_trim(hoot_str_from(text), " \t\r\n");
    size_t characters = 0;

    for (size_t i = 0; i < s.len; i++) {
        if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
            return NULL;
        characters += ((unsigned char)s.ptr[i] & 0xc0) != 0x80;
    }
    return characters >= 1 && characters <= max ? hoot_arena_dup(arena, s) : NULL;
}

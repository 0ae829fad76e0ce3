/* Converters: what part of a path each takes, and which of two parts is tried first. Their arguments come
 * from the program's rules, the text from the client; nothing here allocates. */
#include "web/rule.h"

#include <locale.h>
#include <stdlib.h>

enum { FLOAT_TEXT_BYTES = 128 };

static bool all_digits(hoot_str s)
{
    size_t i = 0;

    while (i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9')
        i++;
    return s.len > 0 && i == s.len;
}

/* Without the sign that a signed converter allows. */
static hoot_str unsigned_part(const hoot__converter *c, hoot_str text)
{
    return c->is_signed && text.len && text.ptr[0] == '-' ? hoot_str_from_index(text, 1) : text;
}

static bool take_int(const hoot__converter *c, hoot_str text, int64_t *out)
{
    hoot_str digits = unsigned_part(c, text);

    if (!all_digits(digits) || (c->fixed_digits && text.len != c->fixed_digits))
        return false;
    if (hoot_str_to_i64(text, out) < 0)
        return false;
    return (!c->has_min || *out >= c->min) && (!c->has_max || *out <= c->max);
}

bool hoot__text_to_double(const char *text, double *out)
{
    static locale_t c_locale;
    char *end;

    if (!c_locale)
        c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c_locale)
        return false;
    *out = strtod_l(text, &end, c_locale);
    return end != text && *end == '\0';
}

/* Digits, a point, digits: an integer alone is none, nor is an exponent. */
static bool take_float(const hoot__converter *c, hoot_str text, double *out)
{
    hoot_str digits = unsigned_part(c, text);
    ptrdiff_t point = hoot_str_find(digits, '.');
    char copy[FLOAT_TEXT_BYTES];

    if (point < 0 || text.len >= sizeof(copy) || !all_digits(hoot_str_head(digits, (size_t)point)) ||
        !all_digits(hoot_str_from_index(digits, (size_t)point + 1)))
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    if (!hoot__text_to_double(copy, out))
        return false;
    return (!c->has_min || *out >= c->real_min) && (!c->has_max || *out <= c->real_max);
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static bool is_uuid(hoot_str s)
{
    if (s.len != 36)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? s.ptr[i] != '-' : !is_hex(s.ptr[i]))
            return false;
    }
    return true;
}

/* Characters, not bytes, as Python counts them. */
static bool length_fits(const hoot__converter *c, hoot_str text)
{
    size_t count = 0;

    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
    return count >= c->min_length && (c->max_length == 0 || count <= c->max_length);
}

static bool is_item(const hoot__converter *c, hoot_str text)
{
    for (size_t i = 0; i < c->item_count; i++) {
        if (hoot_str_equal(c->items[i], text))
            return true;
    }
    return false;
}

bool hoot__converter_take(const hoot__converter *converter, hoot_str text, hoot__path_value *out)
{
    if (text.len == 0)
        return false;
    out->text = text;
    switch (converter->kind) {
    case HOOT__CONVERT_INT: return take_int(converter, text, &out->integer);
    case HOOT__CONVERT_FLOAT: return take_float(converter, text, &out->real);
    case HOOT__CONVERT_ANY: return is_item(converter, text);
    case HOOT__CONVERT_UUID: return is_uuid(text);
    case HOOT__CONVERT_STRING: return length_fits(converter, text);
    case HOOT__CONVERT_PATH: return text.ptr[0] != '/';
    case HOOT__CONVERT_NONE: break;
    }
    return false;
}

bool hoot__part_take(const hoot__part *part, hoot_str text, hoot__path_value *out)
{
    size_t around = part->prefix.len + part->suffix.len;

    if (text.len <= around || !hoot_str_starts(text, part->prefix) || !hoot_str_ends(text, part->suffix))
        return false;
    return hoot__converter_take(&part->converter, hoot_str_of(text.ptr + part->prefix.len, text.len - around),
                                out);
}

static bool items_equal(const hoot__converter *a, const hoot__converter *b)
{
    if (a->item_count != b->item_count)
        return false;
    for (size_t i = 0; i < a->item_count; i++) {
        if (!hoot_str_equal(a->items[i], b->items[i]))
            return false;
    }
    return true;
}

static bool converter_equal(const hoot__converter *a, const hoot__converter *b)
{
    return a->kind == b->kind && a->is_signed == b->is_signed && a->has_min == b->has_min &&
           a->has_max == b->has_max && a->fixed_digits == b->fixed_digits && a->min_length == b->min_length &&
           a->max_length == b->max_length && a->min == b->min && a->max == b->max &&
           a->real_min == b->real_min && a->real_max == b->real_max && items_equal(a, b);
}

bool hoot__part_equal(const hoot__part *a, const hoot__part *b)
{
    return hoot_str_equal(a->prefix, b->prefix) && hoot_str_equal(a->suffix, b->suffix) &&
           converter_equal(&a->converter, &b->converter);
}

int hoot__part_compare(const hoot__part *a, const hoot__part *b)
{
    size_t text_a = a->prefix.len + a->suffix.len, text_b = b->prefix.len + b->suffix.len;

    if (text_a != text_b)
        return text_a > text_b ? -1 : 1;
    return (int)a->converter.kind - (int)b->converter.kind;
}

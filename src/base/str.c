/* hoot_str: what is too long to stand in its header. ASCII only where letters matter: the bytes are a
 * protocol's, and no locale has a say in them. */
#include <hoot/error.h>
#include <hoot/str.h>

#include "base/utf8.h"

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool hoot_str_equal_nocase(hoot_str a, hoot_str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        if (a.ptr[i] != b.ptr[i] && lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    }
    return true;
}

/* The sets are one to four bytes, too few for memchr(). */
static bool is_one_of(char c, const char *bytes)
{
    while (*bytes && *bytes != c)
        bytes++;
    return *bytes != '\0';
}

hoot_str hoot_str_trim(hoot_str s, const char *bytes)
{
    while (s.len && is_one_of(s.ptr[0], bytes)) {
        s.ptr++;
        s.len--;
    }
    while (s.len && is_one_of(s.ptr[s.len - 1], bytes))
        s.len--;
    return s;
}

bool hoot_str_split(hoot_str *rest, char separator, hoot_str *out_part)
{
    ptrdiff_t at;

    if (!rest->ptr)
        return false;
    at = hoot_str_find(*rest, separator);
    if (at < 0) {
        *out_part = *rest;
        *rest = hoot_str_of(NULL, 0);
        return true;
    }
    *out_part = hoot_str_of(rest->ptr, (size_t)at);
    *rest = hoot_str_of(rest->ptr + at + 1, rest->len - (size_t)at - 1);
    return true;
}

int hoot_str_to_u64(hoot_str s, uint64_t *out)
{
    uint64_t number = 0;
    bool fits = true;

    if (s.len == 0)
        return HOOT_EBADINPUT;
    for (size_t i = 0; i < s.len; i++) {
        unsigned digit = (unsigned)(unsigned char)s.ptr[i] - '0';

        if (digit > 9)
            return HOOT_EBADINPUT;
        fits = fits && !__builtin_mul_overflow(number, 10, &number) &&
               !__builtin_add_overflow(number, digit, &number);
    }
    if (!fits)
        return HOOT_ERANGE;
    *out = number;
    return 0;
}

int hoot_str_to_i64(hoot_str s, int64_t *out)
{
    bool negative = s.len && s.ptr[0] == '-';
    uint64_t size;
    int rc = hoot_str_to_u64(negative ? hoot_str_from_index(s, 1) : s, &size);

    if (rc < 0)
        return rc;
    if (size > (uint64_t)INT64_MAX + negative)
        return HOOT_ERANGE;
    *out = negative ? (int64_t)(0 - size) : (int64_t)size;
    return 0;
}

/* Past the ASCII bytes at the front, eight at a time while there are eight. */
static const unsigned char *skip_ascii(const unsigned char *p, const unsigned char *end)
{
    while (end - p >= 8) {
        uint64_t word;

        memcpy(&word, p, sizeof(word));
        if (word & UINT64_C(0x8080808080808080))
            break;
        p += 8;
    }
    while (p < end && *p < 0x80)
        p++;
    return p;
}

bool hoot_str_is_utf8(hoot_str s)
{
    const unsigned char *p = (const unsigned char *)s.ptr;
    const unsigned char *end;

    if (s.len == 0)
        return true;
    end = p + s.len;
    while ((p = skip_ascii(p, end)) < end) {
        uint32_t point;
        size_t step = hoot__utf8_step(p, end, &point);

        if (step == 0)
            return false;
        p += step;
    }
    return true;
}

size_t hoot__utf8_cut(const char *text, size_t len)
{
    size_t tails = 0;
    unsigned char lead;

    while (tails < 3 && tails < len && hoot__utf8_is_tail((unsigned char)text[len - 1 - tails]))
        tails++;
    if (tails == len)
        return len;
    lead = (unsigned char)text[len - 1 - tails];
    if ((lead >= 0xc2 && tails < 1) || (lead >= 0xe0 && tails < 2) || (lead >= 0xf0 && tails < 3))
        return len - 1 - tails;
    return len;
}

/* Percent-encoding (RFC 3986 section 2.1). Text is decoded once, and what was decoded is checked afterwards:
 * a NUL byte would end a C string early, and bytes that are no UTF-8 would break whoever prints or stores
 * them. */
#include "http/url.h"
#include "http/chars.h"

#include <hoot/error.h>

ptrdiff_t hoot__percent_decode_in_place(char *text, size_t len, bool plus, bool utf8)
{
    char *out = text;

    for (size_t i = 0; i < len; i++) {
        char c = text[i];

        if (c == '%') {
            int high = len - i < 3 ? -1 : hoot__hex_value(text[i + 1]);
            int low = len - i < 3 ? -1 : hoot__hex_value(text[i + 2]);

            if (high < 0 || low < 0)
                return HOOT_EBADINPUT;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        if (c == '\0')
            return HOOT_EBADINPUT;
        *out++ = c;
    }
    len = (size_t)(out - text);
    return utf8 && !hoot_str_is_utf8(hoot_str_of(text, len)) ? HOOT_EBADINPUT : (ptrdiff_t)len;
}

/* Nothing to decode; but it may still hold what decoding would refuse. */
static int take_plain(hoot_str s, bool utf8, hoot_str *out)
{
    if (hoot_str_find(s, '\0') >= 0 || (utf8 && !hoot_str_is_utf8(s)))
        return HOOT_EBADINPUT;
    *out = s;
    return 0;
}

int hoot__percent_decode(hoot_arena *arena, hoot_str s, bool plus, bool utf8, hoot_str *out)
{
    char *copy;
    ptrdiff_t len;

    if (hoot_str_find(s, '%') < 0 && (!plus || hoot_str_find(s, '+') < 0))
        return take_plain(s, utf8, out);
    copy = hoot_arena_dup(arena, s);
    if (!copy)
        return HOOT_ENOMEM;
    len = hoot__percent_decode_in_place(copy, s.len, plus, utf8);
    if (len < 0)
        return (int)len;
    copy[len] = '\0';
    *out = hoot_str_of(copy, (size_t)len);
    return 0;
}

int hoot__percent_encode_but(hoot_buf *out, hoot_str s, unsigned classes, char also)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t before = out->len;

    for (size_t i = 0; i < s.len; i++) {
        unsigned char byte = (unsigned char)s.ptr[i];
        char code[3] = { '%', digits[byte >> 4], digits[byte & 15] };
        bool plain = hoot__char_is(s.ptr[i], classes) || (also && s.ptr[i] == also);
        int rc = plain ? hoot_buf_add_byte(out, s.ptr[i]) : hoot_buf_add(out, code, sizeof(code));

        if (rc < 0) {
            out->len = before;
            return rc;
        }
    }
    return 0;
}

int hoot__percent_encode(hoot_buf *out, hoot_str s, bool keep_slash)
{
    return hoot__percent_encode_but(out, s, HOOT__CHAR_UNRESERVED, keep_slash ? '/' : '\0');
}

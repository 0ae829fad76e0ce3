/* The classes of bytes that HTTP's grammars are made of: one table, one bit a class, so that a loop over
 * bytes costs one load and one test for each. */
#ifndef HOOT_HTTP_CHARS_H
#define HOOT_HTTP_CHARS_H

#include <hoot/str.h>

enum {
    HOOT__CHAR_TOKEN = 1,       /* tchar: methods, field names (RFC 9110 5.6.2) */
    HOOT__CHAR_TARGET = 2,      /* may stand in a request target; see chars.c */
    HOOT__CHAR_REG_NAME = 4,    /* host names, '%' apart: unreserved and sub-delims (RFC 3986 3.2.2) */
    HOOT__CHAR_HEX = 8,         /* 0-9 A-F a-f */
    HOOT__CHAR_UNRESERVED = 16, /* never needs percent-encoding (RFC 3986 2.3) */
    HOOT__CHAR_COOKIE = 32,     /* cookie-octet (RFC 6265 4.1.1) */
    HOOT__CHAR_PATH = 64,       /* stands unencoded in a cookie's Path */
    HOOT__CHAR_QUOTED = 128,    /* qdtext: inside a quoted string (RFC 9110 5.6.4) */
};

extern const uint8_t hoot__char_classes[256];

static inline bool hoot__char_is(char c, unsigned classes)
{
    return (hoot__char_classes[(unsigned char)c] & classes) != 0;
}

/* Are all bytes of that class? True for the empty slice. */
static inline bool hoot__chars_are(hoot_str s, unsigned classes)
{
    size_t i = 0;

    while (i < s.len && hoot__char_is(s.ptr[i], classes))
        i++;
    return i == s.len;
}

/* The value of a hexadecimal digit, or -1. */
static inline int hoot__hex_value(char c)
{
    if (!hoot__char_is(c, HOOT__CHAR_HEX))
        return -1;
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

#endif

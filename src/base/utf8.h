/* One step through UTF-8 (RFC 3629): shared by the validator and by the log's escaping. */
#ifndef HOOT_BASE_UTF8_H
#define HOOT_BASE_UTF8_H

#include <hoot/defs.h>

static inline bool hoot__utf8_is_tail(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

/* The length of the well-formed sequence at `p` (p < end), and its code point.
 * Gives: 1 to 4; 0: not well formed. Source: RFC 3629 section 4, table of UTF8-octets. */
static inline size_t hoot__utf8_step(const unsigned char *p, const unsigned char *end, uint32_t *out_point)
{
    size_t left = (size_t)(end - p);

    if (p[0] < 0x80) {
        *out_point = p[0];
        return 1;
    }
    if (p[0] >= 0xc2 && p[0] <= 0xdf) {
        if (left < 2 || !hoot__utf8_is_tail(p[1]))
            return 0;
        *out_point = (uint32_t)(p[0] & 0x1f) << 6 | (p[1] & 0x3f);
        return 2;
    }
    if ((p[0] & 0xf0) == 0xe0) {
        if (left < 3 || !hoot__utf8_is_tail(p[1]) || !hoot__utf8_is_tail(p[2]))
            return 0;
        *out_point = (uint32_t)(p[0] & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
        return *out_point < 0x800 || (*out_point >= 0xd800 && *out_point <= 0xdfff) ? 0 : 3;
    }
    if (p[0] < 0xf0 || p[0] > 0xf4 || left < 4 || !hoot__utf8_is_tail(p[1]) || !hoot__utf8_is_tail(p[2]) ||
        !hoot__utf8_is_tail(p[3]))
        return 0;
    *out_point = (uint32_t)(p[0] & 0x07) << 18 | (uint32_t)(p[1] & 0x3f) << 12 |
                 (uint32_t)(p[2] & 0x3f) << 6 | (p[3] & 0x3f);
    return *out_point < 0x10000 || *out_point > 0x10ffff ? 0 : 4;
}

/* `len`, less the beginning of a sequence that the cut at `len` tore apart (at most three bytes). */
size_t hoot__utf8_cut(const char *text, size_t len);

#endif

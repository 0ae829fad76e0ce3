/* hoot_str: a borrowed run of bytes. Not terminated, may hold NUL, never owned. */
#ifndef HOOT_STR_H
#define HOOT_STR_H

#include <hoot/defs.h>

#include <string.h>

HOOT_BEGIN_DECLS

typedef struct hoot_str {
    const char *ptr; /* NULL only when len is 0 */
    size_t len;
} hoot_str;

/* A slice of a literal, its length known at compile time. */
#define HOOT_STR(literal) (hoot_str_of("" literal "", sizeof(literal) - 1))

static inline hoot_str hoot_str_of(const void *ptr, size_t len)
{
    hoot_str s;

    s.ptr = (const char *)ptr;
    s.len = len;
    return s;
}

/* A slice of a terminated string; of NULL, the empty slice. */
static inline hoot_str hoot_str_from(const char *text)
{
    return hoot_str_of(text, text ? strlen(text) : 0);
}

static inline bool hoot_str_equal(hoot_str a, hoot_str b)
{
    return a.len == b.len && (b.len == 0 || memcmp(a.ptr, b.ptr, b.len) == 0);
}

/* Equal but for the case of A-Z (ASCII only, whatever the locale). */
HOOT_API bool hoot_str_equal_nocase(hoot_str a, hoot_str b);

static inline bool hoot_str_is(hoot_str a, const char *text)
{
    return hoot_str_equal(a, hoot_str_from(text));
}

static inline bool hoot_str_starts(hoot_str s, hoot_str prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

static inline bool hoot_str_ends(hoot_str s, hoot_str suffix)
{
    return s.len >= suffix.len &&
           (suffix.len == 0 || memcmp(s.ptr + s.len - suffix.len, suffix.ptr, suffix.len) == 0);
}

/* The position of byte `c`, or -1. */
static inline ptrdiff_t hoot_str_find(hoot_str s, char c)
{
    const char *hit = s.len ? (const char *)memchr(s.ptr, (unsigned char)c, s.len) : NULL;

    return hit ? hit - s.ptr : -1;
}

/* From `start` on; beyond the end: empty. */
static inline hoot_str hoot_str_from_index(hoot_str s, size_t start)
{
    return start < s.len ? hoot_str_of(s.ptr + start, s.len - start) : hoot_str_of("", 0);
}

/* The first `len` bytes, or all there are. */
static inline hoot_str hoot_str_head(hoot_str s, size_t len)
{
    return hoot_str_of(s.ptr, len < s.len ? len : s.len);
}

/* Without the given leading and trailing bytes (" \t" by custom). */
HOOT_API hoot_str hoot_str_trim(hoot_str s, const char *bytes);

/* Take the part before `separator` off the front of `*rest`. Gives false when `*rest` is spent (its ptr is
 * then NULL). while (hoot_str_split(&rest, ',', &part)) ... */
HOOT_API bool hoot_str_split(hoot_str *rest, char separator, hoot_str *out_part);

/* Decimal digits, and nothing else, to a number; "-" first for the signed one.
 * Errors: HOOT_EBADINPUT no digits or other bytes; HOOT_ERANGE it does not fit. */
HOOT_API int hoot_str_to_u64(hoot_str s, uint64_t *out);
HOOT_API int hoot_str_to_i64(hoot_str s, int64_t *out);

/* Well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms)? */
HOOT_API bool hoot_str_is_utf8(hoot_str s);

HOOT_END_DECLS
#endif

/* Looking for the end of a run of text, many bytes at a time: 16 with SSE2 (every x86-64 has it), 8 in a word
 * elsewhere. A scan goes from `p` to `end`; it may read, but does not look at, what lies before `p` down to
 * `first`: the last few bytes are looked at as the end of the last 16 there are. Without so many, it goes
 * byte by byte. */
#ifndef HOOT_HTTP_SCAN_H
#define HOOT_HTTP_SCAN_H

#include "http/chars.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* May this byte not stand in a field value: a control byte other than HTAB? */
static inline bool hoot__scan_stops(char c)
{
    unsigned char byte = (unsigned char)c;

    return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

static inline const char *hoot__scan_text_bytes(const char *p, const char *end)
{
    while (p < end && !hoot__scan_stops(*p))
        p++;
    return p;
}

/* Could one of these eight bytes be under 0x20, or 0x7f? (HTAB is under 0x20: the caller looks closer.) */
static inline bool hoot__scan_word_has_control(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t tops = ones * 0x80;
    uint64_t del = word ^ (ones * 0x7f);

    return (((word - ones * 0x20) & ~word) | ((del - ones) & ~del)) & tops;
}

static inline const char *hoot__scan_text_words(const char *p, const char *end)
{
    while (end - p >= 8) {
        uint64_t word;
        const char *stop;

        memcpy(&word, p, sizeof(word));
        if (hoot__scan_word_has_control(word)) {
            stop = hoot__scan_text_bytes(p, p + 8);
            if (stop < p + 8)
                return stop;
        }
        p += 8;
    }
    return hoot__scan_text_bytes(p, end);
}

#ifdef __SSE2__
static inline __m128i hoot__scan_load(const char *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* One bit for each byte that stops. */
static inline unsigned hoot__scan_stop_mask(__m128i bytes)
{
    __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    __m128i tab = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t'));
    __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));

    return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_andnot_si128(tab, control), del));
}

/* One bit for each byte that is that one. */
static inline unsigned hoot__scan_mark_mask(__m128i bytes, char mark)
{
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(mark)));
}

/* One bit for each byte that is not printable ASCII (0x20 to 0x7e), that is for each whose successor is under
 * 0x21 as a signed number, as that of DEL is: subtracting that makes its top bit the answer. */
static inline unsigned hoot__scan_odd_mask(__m128i bytes)
{
    __m128i next = _mm_add_epi8(bytes, _mm_set1_epi8(1));

    return (unsigned)_mm_movemask_epi8(_mm_subs_epi8(next, _mm_set1_epi8(0x21)));
}

/* The last 16 bytes, of which those from `p` on are asked about: one bit for each of these, from a mask of
 * all. */
static inline unsigned hoot__scan_last(unsigned mask, const char *p, const char *end)
{
    return mask >> (16 - (end - p));
}

static inline const char *hoot__scan_text_sse2(const char *first, const char *p, const char *end)
{
    unsigned mask;

    for (; end - p >= 16; p += 16) {
        mask = hoot__scan_stop_mask(hoot__scan_load(p));
        if (mask)
            return p + __builtin_ctz(mask);
    }
    if (end - first < 16)
        return hoot__scan_text_bytes(p, end);
    mask = hoot__scan_last(hoot__scan_stop_mask(hoot__scan_load(end - 16)), p, end);
    return mask ? p + __builtin_ctz(mask) : end;
}
#endif

/* The first byte that hoot__scan_stops(), or end. */
static inline const char *hoot__scan_text(const char *first, const char *p, const char *end)
{
#ifdef __SSE2__
    return hoot__scan_text_sse2(first, p, end);
#else
    (void)first;
    return hoot__scan_text_words(p, end);
#endif
}

/* The first byte that is not of the class, or end. */
static inline const char *hoot__scan_class(const char *p, const char *end, unsigned classes)
{
    while (p < end && hoot__char_is(*p, classes))
        p++;
    return p;
}

#ifdef __SSE2__
/* Which bytes lie in first..first+count-1? Moved up, they are the greatest signed numbers. */
static inline __m128i hoot__scan_range(__m128i bytes, char first, char count)
{
    __m128i moved = _mm_add_epi8(bytes, _mm_set1_epi8((char)(0x80 - count - first)));

    return _mm_cmpgt_epi8(moved, _mm_set1_epi8((char)(0x7f - count)));
}

/* One bit for each byte that is no letter, digit or '-'. */
static inline unsigned hoot__scan_word_mask(__m128i bytes)
{
    __m128i letters = hoot__scan_range(_mm_and_si128(bytes, _mm_set1_epi8(~0x20)), 'A', 26);
    __m128i others =
        _mm_or_si128(hoot__scan_range(bytes, '0', 10), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-')));

    return ~(unsigned)_mm_movemask_epi8(_mm_or_si128(letters, others)) & 0xffff;
}

/* One bit for each byte that is, but for bit 0x20, the one of the 16 at `text`. */
static inline unsigned hoot__scan_fold_mask(__m128i bytes, const char *text)
{
    __m128i folded = _mm_or_si128(bytes, _mm_set1_epi8(0x20));

    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(folded, hoot__scan_load(text)));
}

/* The first byte that is not printable ASCII, or end. 16 bytes in front of `end` may be read. */
static inline const char *hoot__scan_printable(const char *p, const char *end)
{
    const char *last = end - 16;
    unsigned mask;

    for (; p <= last; p += 16) {
        mask = hoot__scan_odd_mask(hoot__scan_load(p));
        if (mask)
            return p + __builtin_ctz(mask);
    }
    mask = hoot__scan_last(hoot__scan_odd_mask(hoot__scan_load(end - 16)), p, end);
    return mask ? p + __builtin_ctz(mask) : end;
}

/* Over letters, digits and '-': what nearly all names are made of. */
static inline const char *hoot__scan_name_head(const char *first, const char *p, const char *end)
{
    unsigned mask;

    for (; end - p >= 16; p += 16) {
        mask = hoot__scan_word_mask(hoot__scan_load(p));
        if (mask)
            return p + __builtin_ctz(mask);
    }
    if (end - first < 16)
        return p;
    mask = hoot__scan_last(hoot__scan_word_mask(hoot__scan_load(end - 16)), p, end);
    return mask ? p + __builtin_ctz(mask) : end;
}

/* One bit for each byte that is no letter, digit, '.' or '-'. */
static inline unsigned hoot__scan_host_mask(__m128i bytes)
{
    __m128i letters = hoot__scan_range(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 26);
    __m128i others = hoot__scan_range(bytes, '-', '9' - '-' + 1); /* '/' is among them */
    __m128i slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('/'));

    return ~(unsigned)_mm_movemask_epi8(_mm_or_si128(letters, _mm_andnot_si128(slash, others))) & 0xffff;
}

/* Is it "name" or "name:80", of up to 16 bytes: such a name, and a port of up to four digits? Says no to what
 * is too near to `first`. */
static inline bool hoot__scan_is_authority(const char *first, const char *p, size_t len)
{
    const char *end = p + len;
    unsigned others, signs;
    __m128i bytes;
    size_t name;

    if (len - 1 >= 16 || end - first < 16)
        return false;
    bytes = hoot__scan_load(end - 16);
    others = hoot__scan_last(hoot__scan_host_mask(bytes), p, end);
    if (!others)
        return true;
    name = (unsigned)__builtin_ctz(others);
    signs = ~(unsigned)_mm_movemask_epi8(hoot__scan_range(bytes, '0', 10)) & 0xffff;
    return name > 0 && p[name] == ':' && len - name <= 5 && hoot__scan_last(signs, p, end) >> (name + 1) == 0;
}

/* Over such bytes, as many as there are. */
static inline const char *hoot__scan_host_head(const char *first, const char *p, const char *end)
{
    unsigned mask;

    if (end - first < 16)
        return p;
    for (; end - p > 16; p += 16) {
        mask = hoot__scan_host_mask(hoot__scan_load(p));
        if (mask)
            return p + __builtin_ctz(mask);
    }
    mask = hoot__scan_last(hoot__scan_host_mask(hoot__scan_load(end - 16)), p, end);
    return mask ? p + __builtin_ctz(mask) : end;
}

/* All bytes of 4 to 16, some of them twice and in whatever order: enough to ask something of each. */
static inline __m128i hoot__scan_load_all(const char *p, size_t len)
{
    uint64_t first = 0, last = 0;

    if (len >= 8) {
        memcpy(&first, p, 8);
        memcpy(&last, p + len - 8, 8);
    } else {
        memcpy(&first, p, 4);
        memcpy(&last, p + len - 4, 4);
        first = last = first | last << 32;
    }
    return _mm_set_epi64x((long long)last, (long long)first);
}

/* Are these letters, digits and '-' only? Says no to what is too short or too long for it. */
static inline bool hoot__scan_is_word(const char *p, size_t len)
{
    return len >= 4 && len <= 16 && hoot__scan_word_mask(hoot__scan_load_all(p, len)) == 0;
}

/* Could none of these stop hoot__scan_text()? The same. */
static inline bool hoot__scan_is_plain(const char *p, size_t len)
{
    return len >= 4 && len <= 16 && hoot__scan_stop_mask(hoot__scan_load_all(p, len)) == 0;
}

/* One bit for each byte that is not of HOOT__CHAR_TARGET, or is `mark`: outside are '"' and '#' (which differ
 * in bit 0), '<' and '>' (bit 1), space, and what is odd. */
static inline unsigned hoot__scan_target_mask(__m128i bytes, char mark)
{
    __m128i odd = _mm_subs_epi8(_mm_add_epi8(bytes, _mm_set1_epi8(1)), _mm_set1_epi8(0x22));
    __m128i hash = _mm_cmpeq_epi8(_mm_and_si128(bytes, _mm_set1_epi8(~1)), _mm_set1_epi8('"'));
    __m128i angle = _mm_cmpeq_epi8(_mm_and_si128(bytes, _mm_set1_epi8(~2)), _mm_set1_epi8('<'));
    __m128i marks = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(mark));

    return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(odd, marks), _mm_or_si128(hash, angle)));
}
#else
static inline bool hoot__scan_is_word(const char *p, size_t len)
{
    (void)p, (void)len;
    return false;
}

static inline bool hoot__scan_is_plain(const char *p, size_t len)
{
    (void)p, (void)len;
    return false;
}

static inline const char *hoot__scan_name_head(const char *first, const char *p, const char *end)
{
    (void)first, (void)end;
    return p;
}

static inline bool hoot__scan_is_authority(const char *first, const char *p, size_t len)
{
    (void)first, (void)p, (void)len;
    return false;
}

static inline const char *hoot__scan_host_head(const char *first, const char *p, const char *end)
{
    (void)first, (void)end;
    return p;
}
#endif

/* The first byte that is no tchar, or end. */
static inline const char *hoot__scan_name(const char *first, const char *p, const char *end)
{
    p = hoot__scan_name_head(first, p, end);
    return p < end && *p == ':' ? p : hoot__scan_class(p, end, HOOT__CHAR_TOKEN);
}

/* The first byte that may not stand in a target or is `mark`, or end. */
static inline const char *hoot__scan_target(const char *p, const char *end, char mark)
{
#ifdef __SSE2__
    for (; end - p >= 16; p += 16) {
        unsigned mask = hoot__scan_target_mask(hoot__scan_load(p), mark);

        if (mask)
            return p + __builtin_ctz(mask);
    }
#endif
    while (p < end && *p != mark && hoot__char_is(*p, HOOT__CHAR_TARGET))
        p++;
    return p;
}

#endif

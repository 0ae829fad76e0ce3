/* HTML escaping: runs of bytes that need none are found sixteen at a time and copied whole. The five are
 * those of the Mustache specification's implementations; in text and in quoted attributes no other needs an
 * entity. */
#include "web/template_internal.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static const hoot_str *entity_of(char c)
{
    static const hoot_str amp = { "&amp;", 5 }, lt = { "&lt;", 4 }, gt = { "&gt;", 4 },
                          quot = { "&quot;", 6 }, apos = { "&#39;", 5 };

    switch (c) {
    case '&': return &amp;
    case '<': return &lt;
    case '>': return &gt;
    case '"': return &quot;
    case '\'': return &apos;
    default: return NULL;
    }
}

#ifdef __SSE2__
/* A bit for each of 16 bytes that needs an entity. `&` and `'` differ in their last bit only, `<` and `>` in
 * the one before. */
static inline unsigned hits_in(const char *p)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i amp = _mm_cmpeq_epi8(_mm_and_si128(bytes, _mm_set1_epi8((char)0xfe)), _mm_set1_epi8('&'));
    __m128i angle = _mm_cmpeq_epi8(_mm_and_si128(bytes, _mm_set1_epi8((char)0xfd)), _mm_set1_epi8('<'));
    __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));

    return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(amp, angle), quote));
}
#endif

/* The first byte from `at` on that needs an entity, or the end. What is left of a text of 16 bytes or more is
 * looked at together with bytes before it, whose bits are shifted out. */
static size_t next_hit(hoot_str text, size_t at)
{
#ifdef __SSE2__
    for (; at + 16 <= text.len; at += 16) {
        unsigned hits = hits_in(text.ptr + at);

        if (hits)
            return at + (size_t)__builtin_ctz(hits);
    }
    if (text.len >= 16 && at < text.len) {
        unsigned hits = hits_in(text.ptr + text.len - 16) >> (16 - (text.len - at));

        return hits ? at + (size_t)__builtin_ctz(hits) : text.len;
    }
#endif
    while (at < text.len && !entity_of(text.ptr[at]))
        at++;
    return at;
}

int hoot__html_escape(hoot_buf *out, hoot_str text)
{
    size_t at = 0;
    int rc = 0;

    while (rc == 0 && at < text.len) {
        size_t hit = next_hit(text, at);

        rc = hoot_buf_add(out, text.ptr + at, hit - at);
        if (rc == 0 && hit < text.len)
            rc = hoot_buf_add_str(out, *entity_of(text.ptr[hit]));
        at = hit + 1;
    }
    return rc;
}

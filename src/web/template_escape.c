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

/* How many bytes stand before the first that needs an entity. `&` and `'` differ in their last bit only, `<`
 * and `>` in the one before. */
static size_t plain_run(const char *p, size_t len)
{
    size_t i = 0;

#ifdef __SSE2__
    for (; i + 16 <= len; i += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
        __m128i amp = _mm_cmpeq_epi8(_mm_and_si128(bytes, _mm_set1_epi8((char)0xfe)), _mm_set1_epi8('&'));
        __m128i angle = _mm_cmpeq_epi8(_mm_and_si128(bytes, _mm_set1_epi8((char)0xfd)), _mm_set1_epi8('<'));
        __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
        int hits = _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(amp, angle), quote));

        if (hits)
            return i + (size_t)__builtin_ctz((unsigned)hits);
    }
#endif
    while (i < len && !entity_of(p[i]))
        i++;
    return i;
}

int hoot__html_escape(hoot_buf *out, hoot_str text)
{
    int rc = 0;

    while (rc == 0 && text.len > 0) {
        size_t run = plain_run(text.ptr, text.len);

        rc = hoot_buf_add(out, text.ptr, run);
        text = hoot_str_from_index(text, run);
        if (rc == 0 && text.len > 0) {
            rc = hoot_buf_add_str(out, *entity_of(text.ptr[0]));
            text = hoot_str_from_index(text, 1);
        }
    }
    return rc;
}

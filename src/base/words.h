/* Short runs of bytes as words. Two loads that may overlap cover every length from one word to two, stay
 * inside the run, and cost less than a call, which makes its caller keep all it knows on the stack, too. */
#ifndef HOOT_BASE_WORDS_H
#define HOOT_BASE_WORDS_H

#include <hoot/str.h>

static inline uint16_t hoot__load2(const char *p)
{
    uint16_t word;

    memcpy(&word, p, sizeof(word));
    return word;
}

static inline uint32_t hoot__load4(const char *p)
{
    uint32_t word;

    memcpy(&word, p, sizeof(word));
    return word;
}

static inline uint64_t hoot__load8(const char *p)
{
    uint64_t word;

    memcpy(&word, p, sizeof(word));
    return word;
}

/* All bytes of a run of at most 8, some of them twice: runs of the same length are equal if these are. */
static inline uint64_t hoot__load_short(const char *p, size_t len)
{
    if (len >= 4)
        return hoot__load4(p) | (uint64_t)hoot__load4(p + len - 4) << 32;
    if (len >= 2)
        return hoot__load2(p) | (uint64_t)hoot__load2(p + len - 2) << 16;
    return len ? (unsigned char)*p : 0;
}

/* hoot_str_equal() for texts that are mostly short. */
static inline bool hoot__same_text(hoot_str a, hoot_str b)
{
    if (a.len != b.len)
        return false;
    if (a.len < 2)
        return a.len == 0 || *a.ptr == *b.ptr;
    if (a.len < 4)
        return hoot__load2(a.ptr) == hoot__load2(b.ptr) &&
               hoot__load2(a.ptr + a.len - 2) == hoot__load2(b.ptr + a.len - 2);
    if (a.len < 8)
        return hoot__load4(a.ptr) == hoot__load4(b.ptr) &&
               hoot__load4(a.ptr + a.len - 4) == hoot__load4(b.ptr + a.len - 4);
    for (size_t i = 0; i + 8 < a.len; i += 8) {
        if (hoot__load8(a.ptr + i) != hoot__load8(b.ptr + i))
            return false;
    }
    return hoot__load8(a.ptr + a.len - 8) == hoot__load8(b.ptr + a.len - 8);
}

#endif

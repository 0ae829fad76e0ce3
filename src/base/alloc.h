/* Where every room gets its memory: libc's functions, and a seam for tests.
 *
 * With `hoot__alloc_fail_at` 0 (always, outside tests) a call costs one predictable branch more than libc's
 * own. With n it counts, and the n-th allocation from there on gives NULL, once: a test that walks n upwards
 * until nothing fails any more has visited every path that handles missing memory. ULONG_MAX only counts. */
#ifndef HOOT_BASE_ALLOC_H
#define HOOT_BASE_ALLOC_H

#include <hoot/defs.h>

#include <stdlib.h>
#include <string.h>

extern unsigned long hoot__alloc_fail_at; /* 0: off; n: the n-th allocation fails */
extern unsigned long hoot__alloc_count;   /* allocations since hoot__alloc_fail_next(), while it is on */

/* Start counting anew and let the n-th allocation from now on fail; 0 switches the seam off. */
void hoot__alloc_fail_next(unsigned long n);

/* The slow side of the branch: counts one allocation and tells whether it is the one to fail. */
bool hoot__alloc_counted_fails(void);

static inline bool hoot__alloc_fails(void)
{
    return __builtin_expect(hoot__alloc_fail_at != 0, 0) && hoot__alloc_counted_fails();
}

HOOT_NODISCARD static inline void *hoot__malloc(size_t size)
{
    return hoot__alloc_fails() ? NULL : malloc(size);
}

HOOT_NODISCARD static inline void *hoot__calloc(size_t count, size_t size)
{
    return hoot__alloc_fails() ? NULL : calloc(count, size);
}

/* As realloc(): when it gives NULL, `old` is still there. */
HOOT_NODISCARD static inline void *hoot__realloc(void *old, size_t size)
{
    return hoot__alloc_fails() ? NULL : realloc(old, size);
}

static inline void hoot__free(void *memory)
{
    free(memory);
}

/* Zeros. Where gcc knows the size it writes "rep stos" for some hundred bytes, whose start costs as much as a
 * short function: this one calls memset(). */
static inline void hoot__clear(void *memory, size_t bytes)
{
    __asm__("" : "+r"(bytes));
    memset(memory, 0, bytes);
}

/* A copy of the first `len` bytes, terminated; unlike strndup() it does not stop at a NUL. NULL: no memory.
 */
HOOT_NODISCARD char *hoot__strndup(const char *text, size_t len);

/* A copy of a terminated string; of NULL, NULL. */
HOOT_NODISCARD char *hoot__strdup(const char *text);

#endif

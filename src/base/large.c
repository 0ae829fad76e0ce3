/* What is kept stands in an array, the oldest first. Sanitizers see plain malloc and free, so that a use
 * after the release is still found. */
#include "base/large.h"

#include "base/alloc.h"

#if defined(__has_feature)
#define UNDER_ASAN __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN 1
#else
#define UNDER_ASAN 0
#endif

enum { KEPT_MAX = 32 };

typedef struct piece {
    void *memory;
    size_t bytes;
} piece;

static _Thread_local struct {
    piece pieces[KEPT_MAX];
    unsigned count;
    size_t bytes;
} kept;

static piece take(unsigned index)
{
    piece p = kept.pieces[index];

    kept.count--;
    kept.bytes -= p.bytes;
    memmove(kept.pieces + index, kept.pieces + index + 1, (kept.count - index) * sizeof p);
    return p;
}

/* Memory twice as large as wanted stays for those who need it. */
void *hoot__large_get(size_t *bytes)
{
    for (unsigned i = kept.count; i-- > 0;) {
        if (kept.pieces[i].bytes >= *bytes && kept.pieces[i].bytes / 2 <= *bytes) {
            piece p = take(i);

            *bytes = p.bytes;
            return p.memory;
        }
    }
    return hoot__malloc(*bytes);
}

void hoot__large_put(void *memory, size_t bytes)
{
    if (UNDER_ASAN || !memory || bytes < HOOT__LARGE_BYTES || bytes > HOOT__LARGE_KEPT_BYTES) {
        hoot__free(memory);
        return;
    }
    while (kept.count == KEPT_MAX || kept.bytes > HOOT__LARGE_KEPT_BYTES - bytes)
        hoot__free(take(0).memory);
    kept.pieces[kept.count++] = (piece){ memory, bytes };
    kept.bytes += bytes;
}

/* Spare blocks form a list through their own first bytes. Sanitizers see plain malloc and free, so that a use
 * after the release is still found. */
#include "net/block.h"

#include "base/alloc.h"

#include <hoot/error.h>

#if defined(__has_feature)
#define UNDER_ASAN __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN 1
#else
#define UNDER_ASAN 0
#endif

enum { KEPT_MAX = UNDER_ASAN ? 0 : 64 };

typedef struct spare {
    struct spare *next;
} spare;

static __thread spare *spares;
static __thread int kept;

char *hoot__block_get(void)
{
    spare *block = spares;

    if (!block)
        return hoot__malloc(HOOT__BLOCK_BYTES);
    spares = block->next;
    kept--;
    return (char *)block;
}

void hoot__block_put(char *memory)
{
    spare *block = (spare *)(void *)memory;

    if (!block || kept >= KEPT_MAX) {
        hoot__free(block);
        return;
    }
    block->next = spares;
    spares = block;
    kept++;
}

int hoot__block_need(hoot_buf *buf)
{
    if (buf->data)
        return 0;
    buf->data = hoot__block_get();
    if (!buf->data)
        return HOOT_ENOMEM;
    buf->capacity = HOOT__BLOCK_BYTES - 1; /* a hoot_buf has one byte more than it tells */
    return 0;
}

void hoot__block_rest(hoot_buf *buf)
{
    char *data = buf->data;
    size_t capacity = buf->capacity;

    if (buf->len > 0 || !data)
        return;
    hoot_buf_init(buf, buf->max_bytes);
    if (capacity == HOOT__BLOCK_BYTES - 1)
        hoot__block_put(data);
    else
        hoot__free(data);
}

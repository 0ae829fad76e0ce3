/* Large memory: what bodies of requests and answers lie in.
 *
 * Memory that was never touched costs a page fault, a cleared page and, when it goes, the way back for each 4
 * KiB of it, which for a body is more than reading and sending it. So each thread keeps the last few MiB that
 * it let go, and gives them out again, those used last first: they may still be in the processor's caches.
 * More than that goes back to libc at once. */
#ifndef HOOT_BASE_LARGE_H
#define HOOT_BASE_LARGE_H

#include <hoot/defs.h>

#include <stddef.h>

/* From this size on memory is worth being kept. */
#define HOOT__LARGE_BYTES ((size_t)64 * 1024)

/* What a thread keeps at most. */
#define HOOT__LARGE_KEPT_BYTES ((size_t)8 * 1024 * 1024)

/* At least *bytes, and how many they are. NULL: no memory. */
HOOT_NODISCARD void *hoot__large_get(size_t *bytes);

/* Takes back what hoot__large_get() gave, or any heap memory of `bytes` bytes. NULL is fine. */
void hoot__large_put(void *memory, size_t bytes);

#endif

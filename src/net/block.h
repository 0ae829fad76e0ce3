/* Blocks of 4 KiB that come and go with every request: read buffers and small answers.
 *
 * A connection holds them only while bytes are under way, so that an idle one costs nothing but its structs.
 * Each thread keeps a few dozen spare ones. They are ordinary heap memory: a hoot_buf may take one over and
 * grow it. */
#ifndef HOOT_NET_BLOCK_H
#define HOOT_NET_BLOCK_H

#include <hoot/buf.h>

#define HOOT__BLOCK_BYTES ((size_t)4096)

/* Gives: HOOT__BLOCK_BYTES bytes; NULL: no memory. */
HOOT_NODISCARD char *hoot__block_get(void);

/* Takes back what hoot__block_get() gave, or any heap memory of just that size. NULL is fine. */
void hoot__block_put(char *block);

/* Give a buffer without memory a block. Errors: HOOT_ENOMEM. */
int hoot__block_need(hoot_buf *buf);

/* Let the memory of an empty buffer go, whatever its size. */
void hoot__block_rest(hoot_buf *buf);

#endif

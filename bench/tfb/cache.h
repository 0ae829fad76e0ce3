/* cache: a bounded number of values by their keys; each is good for a time, and the one not used for longest
 * makes way. */
#ifndef TFB_CACHE_H
#define TFB_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cache;

/* At most `capacity` entries, good for `ttl_ms` since they were put. NULL: no memory. */
struct cache *cache_new(size_t capacity, uint64_t ttl_ms);
void cache_free(struct cache *cache);

/* Gives false: the value is not there, or is too old. `now_ms` is of any clock that only goes forward. */
bool cache_get(struct cache *cache, int64_t key, uint64_t now_ms, int64_t *out_value);
void cache_put(struct cache *cache, int64_t key, uint64_t now_ms, int64_t value);

#endif

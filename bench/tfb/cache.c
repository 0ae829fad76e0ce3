/* A hash table whose entries also stand in line by their last use.
 *
 * Both are made of indexes into one array of entries, which is allocated once: nothing is allocated later.
 * Index 0 is no entry but the head of the line: next is the one used last, prev the one that makes way first.
 * An entry that is too old is found when it is asked for; until then it costs its place only. */
#include "cache.h"

#include <stdlib.h>

struct entry {
    int64_t key, value;
    uint64_t put_ms;
    uint32_t prev, next; /* in line */
    uint32_t chain;      /* the next one of the same bucket; 0: none */
};

struct cache {
    struct entry *entries; /* [1] to [capacity] */
    uint32_t *buckets;     /* the first entry of each; 0: none */
    size_t capacity, used;
    uint32_t mask; /* of buckets: their number, a power of two, less one */
    uint64_t ttl_ms;
};

struct cache *cache_new(size_t capacity, uint64_t ttl_ms)
{
    struct cache *cache = calloc(1, sizeof *cache);
    uint32_t buckets = 1;

    while (buckets < capacity)
        buckets *= 2;
    if (!cache)
        return NULL;
    *cache = (struct cache){ .capacity = capacity, .mask = buckets - 1, .ttl_ms = ttl_ms };
    cache->entries = calloc(capacity + 1, sizeof *cache->entries);
    cache->buckets = calloc(buckets, sizeof *cache->buckets);
    if (cache->entries && cache->buckets)
        return cache;
    cache_free(cache);
    return NULL;
}

void cache_free(struct cache *cache)
{
    if (cache) {
        free(cache->entries);
        free(cache->buckets);
        free(cache);
    }
}

/* Fibonacci hashing: neighbours among the keys are none among the buckets. */
static uint32_t *bucket_of(struct cache *cache, int64_t key)
{
    return &cache->buckets[((uint64_t)key * 0x9e3779b97f4a7c15) >> 32 & cache->mask];
}

static uint32_t find(struct cache *cache, int64_t key)
{
    uint32_t at = *bucket_of(cache, key);

    while (at && cache->entries[at].key != key)
        at = cache->entries[at].chain;
    return at;
}

static void unlink_from_line(struct cache *cache, uint32_t at)
{
    struct entry *entry = &cache->entries[at];

    cache->entries[entry->prev].next = entry->next;
    cache->entries[entry->next].prev = entry->prev;
}

static void put_in_front(struct cache *cache, uint32_t at)
{
    struct entry *head = &cache->entries[0], *entry = &cache->entries[at];

    entry->prev = 0;
    entry->next = head->next;
    cache->entries[head->next].prev = at;
    head->next = at;
}

static void unlink_from_bucket(struct cache *cache, uint32_t at)
{
    uint32_t *link = bucket_of(cache, cache->entries[at].key);

    while (*link != at)
        link = &cache->entries[*link].chain;
    *link = cache->entries[at].chain;
}

/* An entry that is in no bucket and not in line: an unused one, or that which makes way. */
static uint32_t take_entry(struct cache *cache)
{
    uint32_t at = cache->entries[0].prev;

    if (cache->used < cache->capacity)
        return (uint32_t)++cache->used;
    unlink_from_bucket(cache, at);
    unlink_from_line(cache, at);
    return at;
}

bool cache_get(struct cache *cache, int64_t key, uint64_t now_ms, int64_t *out_value)
{
    uint32_t at = find(cache, key);

    if (!at || now_ms - cache->entries[at].put_ms >= cache->ttl_ms)
        return false;
    unlink_from_line(cache, at);
    put_in_front(cache, at);
    *out_value = cache->entries[at].value;
    return true;
}

void cache_put(struct cache *cache, int64_t key, uint64_t now_ms, int64_t value)
{
    uint32_t *bucket = bucket_of(cache, key), at = find(cache, key);
    struct entry *entry;

    if (at) {
        unlink_from_line(cache, at);
    } else {
        at = take_entry(cache);
        cache->entries[at].key = key;
        cache->entries[at].chain = *bucket;
        *bucket = at;
    }
    entry = &cache->entries[at];
    entry->value = value;
    entry->put_ms = now_ms;
    put_in_front(cache, at);
}

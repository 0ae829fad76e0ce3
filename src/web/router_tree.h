/* The router's tree, as what builds it (router.c) and what walks it (router_match.c) know it. */
#ifndef HOOT_WEB_ROUTER_TREE_H
#define HOOT_WEB_ROUTER_TREE_H

#include "base/words.h"
#include "web/router.h"

/* A method of a path. */
typedef struct hoot__entry {
    struct hoot__entry *next;
    hoot_str method;
    const hoot__rule *rule;
    const char *task_name;
} hoot__entry;

typedef struct hoot__endpoint {
    hoot__entry *entries;
    hoot_str allow; /* "GET, HEAD, OPTIONS" */
} hoot__endpoint;

typedef struct hoot__edge {
    hoot__part part;
    hoot__node *child;
} hoot__edge;

/* Children in the order in which they are tried. */
typedef struct hoot__edges {
    hoot__edge *at;
    size_t count, room;
} hoot__edges;

struct hoot__node {
    hoot__edges statics, dynamics, paths;
    hoot__endpoint *leaf, *slash;
};

struct hoot__static_slot {
    hoot_str path; /* empty: free */
    const hoot__endpoint *end;
};

/* The methods of a path, one after the other: the entry of just that method, or NULL. */
static inline const hoot__entry *hoot__endpoint_find(const hoot__endpoint *end, hoot_str method)
{
    const hoot__entry *e = end->entries;

    while (e && !hoot__same_text(e->method, method))
        e = e->next;
    return e;
}

/* Before and after any byte of static text in the order of siblings: negative, 0, positive. */
int hoot__static_compare(hoot_str a, hoot_str b);

/* Eight bytes at a time, and the last eight again: short keys, and a table that clients cannot add to. */
static inline size_t hoot__hash_path(hoot_str path)
{
    const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15); /* 2^64 over the golden ratio */
    uint64_t hash = path.len;

    for (size_t i = 0; i + 8 < path.len; i += 8)
        hash = (hash ^ hoot__load8(path.ptr + i)) * odd;
    hash ^= path.len >= 8 ? hoot__load8(path.ptr + path.len - 8) : hoot__load_short(path.ptr, path.len);
    return (size_t)(hash * odd >> 32);
}

/* The slot of a whole static path; one whose path is empty when there is no such rule. */
static inline const hoot__static_slot *hoot__static_slot_of(const hoot__router *router, hoot_str path)
{
    for (size_t i = hoot__hash_path(path);; i++) {
        const hoot__static_slot *slot = &router->statics[i & router->static_mask];

        if (slot->path.len == 0 || hoot__same_text(slot->path, path))
            return slot;
    }
}

#endif

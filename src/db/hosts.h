/* The servers that a pool may connect to: which is tried first, which is left alone for a while. */
#ifndef HOOT_DB_HOSTS_H
#define HOOT_DB_HOSTS_H

#include <hoot/pool.h>
#include <hoot/sys/driver.h>

#include "runtime/task.h"

enum { HOOT__HOSTS_MAX = 16 };

typedef struct hoot__host {
    hoot_pool *pool;
    hoot_target target; /* the pool's, with the address of this one */
    const char *place;  /* the address as text */
    hoot_pool_host_stats stats;
    bool must_write;        /* avoided since it refused to: it comes back when it takes writes */
    uint32_t delay_ms;      /* of the last back-off */
    uint64_t probe_at_ms;   /* avoided: not before */
    uint64_t well_since_ms; /* not avoided: since when */
    uint32_t connecting;
    hoot_task *probe; /* the task that looks whether it is back */
} hoot__host;

/* Take a list apart: "a:3306,[::1],c". `port` is of those that tell none. A list of one is fine. Texts are in
 * `arena`. Errors: HOOT_ECONFIG, HOOT_ENOMEM. */
int hoot__hosts_parse(hoot_arena *arena, const char *list, const hoot_target *model, hoot__host **out_hosts,
                      uint32_t *out_count, hoot_error *err);

/* Connect to the first host that answers, those that are avoided last. Suspends: within the pool's
 * connect_timeout_ms in all, of which each host has an equal share of what is left. */
int hoot__hosts_connect(hoot_pool *pool, hoot__host **out_host, hoot_link **out_link, hoot_error *err);

/* A connection to it was lost while in use: look at once whether the host is there. */
void hoot__host_suspect(hoot__host *host);

/* It said that it takes no writes, or nothing at all. */
void hoot__host_refuses(hoot__host *host, bool must_write);

/* Look after avoided hosts whose time has come; tell the pool's timer about the others. */
void hoot__hosts_watch(hoot_pool *pool);

/* The pool closes: stop looking. */
void hoot__hosts_stop(hoot_pool *pool);

#endif

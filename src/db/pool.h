/* The pool from inside: its slots, those who ask for one, and the calls between its files.
 *
 *     pool.c        asking, connecting, handing over     pool_open.c   opening and closing a pool
 *     pool_clean.c  what happens to a slot given back    pool_keep.c   ages, idle limit, minimum size
 *     hosts.c       which server is connected to         hooks.c       what an application has done to each
 *
 * docs/internals/pool.md tells the states and why they are as they are. */
#ifndef HOOT_DB_POOL_H
#define HOOT_DB_POOL_H

#include <hoot/pool.h>
#include <hoot/sys/driver.h>

#include "db/hosts.h"
#include "db/lanes.h"
#include "db/options.h"
#include "runtime/task.h"

typedef struct hoot__asker hoot__asker;

typedef enum hoot__slot_state {
    HOOT__CONNECTING, /* a task of the pool connects */
    HOOT__IDLE,
    HOOT__LENT,
    HOOT__CLEANING, /* a task of the pool rolls back, drains, resets */
    HOOT__SLOT_STATES,
} hoot__slot_state;

/* The right to one connection of max_size, and the connection. Exists from before connecting until it is
 * closed. */
struct hoot__slot {
    hoot_pool *pool;
    hoot_link *link;             /* NULL while connecting */
    hoot__host *host;            /* where its connection leads; NULL while connecting */
    hoot__slot *next, *prev;     /* all slots of the pool */
    hoot__slot *colder, *warmer; /* idle ones, by when they came back */
    hoot_task *task; /* connecting, cleaning: the pool's; lent: the one inside a call to the driver */
    hoot__asker
        *asker;      /* connecting: who gets the error; lent: who has not run yet since it was given to him */
    hoot_conn *conn; /* lent: the handle; NULL: lent to a single statement */
    uint64_t expires_ms; /* end of its age, or of its use */
    uint64_t *ends_as;   /* the count it goes to when that is reached */
    uint64_t idle_since_ms;
    hoot__slot_state state;
    bool cut;    /* lent: the pool closes, end it when the call is back */
    bool hooked; /* a hook runs in the pool's own task: calls to the driver leave `task` alone */
    hoot__lane lane;
};

/* What an asker that is no task is told: a slot, LENT; or NULL and why there is none. */
typedef void (*hoot__granted_fn)(hoot_pool *pool, hoot__slot *slot, const hoot_error *err);

/* A task in line for a connection; lives on that task's stack. */
struct hoot__asker {
    hoot_waiter waiter;
    hoot__asker *next, *prev;
    hoot__slot *attempt; /* the connecting slot whose failure is his */
    hoot__slot *granted;
    hoot_error *err;     /* maybe NULL */
    hoot__granted_fn fn; /* NULL: a task waits */
    bool in_line;
};

typedef enum hoot__pool_state { HOOT__POOL_OPEN, HOOT__POOL_CLOSING, HOOT__POOL_CLOSED } hoot__pool_state;

enum { HOOT__HANDLE_BUCKETS = 64 };

struct hoot_pool {
    hoot_arena *arena;  /* the pool and its texts live in it */
    hoot_target target; /* of the first host */
    hoot__limits limits;
    hoot__host *hosts;
    uint32_t host_count;
    uint32_t probes;   /* hosts that are being looked at */
    hoot_scope *scope; /* NULL: whoever opened it closes it */
    hoot__pool_state state;
    bool opening; /* its first connections are made by hoot_pool_open() */
    bool warm;    /* connected once: min_size is kept up from now on */
    hoot__slot *slots;
    hoot__slot *warmest, *coldest;
    uint32_t total; /* slots */
    uint32_t count[HOOT__SLOT_STATES];
    hoot__asker *first_asker, *last_asker;
    uint32_t waiting;
    hoot__timer timer;        /* the next idle limit, age or refill */
    uint64_t refill_at_ms;    /* not before */
    uint32_t refill_delay_ms; /* 0: the last connecting went well */
    hoot__lanes lanes;
    hoot__asker for_lanes; /* in line for a connection that becomes a lane */
    hoot_waiter *closer_waiter;
    hoot_closer closer;
    hoot_conn *handles[HOOT__HANDLE_BUCKETS];
    hoot_pool_stats stats; /* the counts; figures of now are filled in when asked for */
};

/* --- pool.c --- */
/* A slot of the task that runs, in state LENT. Suspends. Errors: NULL, as hoot_pool_acquire(). The pool may
 * be gone then. */
hoot__slot *hoot__pool_take(hoot_pool *pool, hoot_error *err);
/* The idle connection that was used last, LENT; NULL: none. */
hoot__slot *hoot__pool_take_idle(hoot_pool *pool);
/* Get in line for the lanes, unless they are. `fn` is called when it is their turn, maybe at once. */
void hoot__pool_ask(hoot_pool *pool, hoot__granted_fn fn);
/* A usable, clean connection is free: to the first asker, or idle. */
void hoot__pool_give(hoot__slot *slot);
/* It ends at `at_ms` if not before: idle then, or as it comes back. `counter`: of the reason. It may be gone
 * when this is back. */
void hoot__slot_retire(hoot__slot *slot, uint64_t at_ms, uint64_t *counter);
/* Wake who waits for the last connection and the last probe to end, if they have. */
void hoot__pool_tell_closer(hoot_pool *pool);
/* Close the connection, free the slot, and let the next one in line try. `counter`: of the reason; NULL:
 * none. */
void hoot__slot_end(hoot__slot *slot, uint64_t *counter);
/* The one place where a slot's state changes. */
void hoot__slot_move(hoot__slot *slot, hoot__slot_state state);
/* Start connecting, for `asker` or (NULL) for the pool itself. Errors: HOOT_ENOMEM. */
int hoot__pool_connect(hoot_pool *pool, hoot__asker *asker);
/* Wake an asker with an error and take him off the line. */
void hoot__asker_fail(hoot_pool *pool, hoot__asker *asker, const hoot_error *err);

/* --- hooks.c --- */
/* A connection was made, or reset. Suspends. */
int hoot__hook_after_connect(hoot__slot *slot, hoot_error *err);
/* The slot was taken. Suspends. Errors: the slot has been dealt with. */
int hoot__hook_before_lending(hoot__slot *slot, hoot_error *err);
/* hoot__pool_take(), and the application's hook. */
hoot__slot *hoot__pool_borrow(hoot_pool *pool, hoot_error *err);

/* --- pool_clean.c --- */
/* Take back a lent slot: at once when it is clean, else by a task that cleans it. */
void hoot__pool_release(hoot__slot *slot);

/* --- pool_keep.c --- */
/* See to what is due by then. */
void hoot__pool_wake_at(hoot_pool *pool, uint64_t at_ms);
/* Note when an idle slot is due. */
void hoot__pool_watch(hoot_pool *pool, const hoot__slot *slot);
/* Bring it up to min_size, with back-off. */
void hoot__pool_refill(hoot_pool *pool);
/* Connecting failed: wait longer before the pool tries by itself. */
void hoot__pool_back_off(hoot_pool *pool, const hoot_error *err);

#endif

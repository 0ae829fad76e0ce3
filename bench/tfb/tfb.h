/* tfb: the seven tests of the TechEmpower web benchmark. What its files share. */
#ifndef TFB_TFB_H
#define TFB_TFB_H

#include <hoot/hoot.h>

/* Rows of the table World: their ids are 1 to this, and so are their random numbers. */
#define TFB_WORLDS 10000

/* One worker's state: hoot_app_state(). */
struct tfb {
    hoot_pool *pool;         /* NULL: there is no database, and the routes that need one do not exist */
    hoot_template *fortunes; /* the page of that name */
    struct cache *cache;     /* randomNumber by id */
    uint64_t random_seed;
};

static inline struct tfb *tfb_current(void)
{
    return hoot_app_state(hoot_current_app());
}

/* A row of World. */
struct world {
    int64_t id, random_number;
};

/* --- world.c --- */

/* A random number of 1 to TFB_WORLDS. */
int64_t tfb_random(void);

/* The argument of that name, "queries" or "count", as the benchmark's rules want it: 1 to 500, and 1 for what
 * is no number. A query that is not well formed, "?queries=2%", is answered with 400 before it comes here: as
 * in every program on libhoot. */
size_t tfb_count(hoot_request *req, const char *name);

/* That many rows with random ids, not read yet. Lives: as long as the request.  Errors: NULL: no memory. */
struct world *tfb_random_worlds(hoot_request *req, size_t count);

/* Read the row whose id stands in `world`. Suspends.  Errors: as hoot_pool_query(); HOOT_ENOTFOUND; as
 * hoot_row_int() for what is no number. */
int tfb_find_world(struct world *world, hoot_error *err);

/* Read all of these, by a statement each, sent together. Suspends.  Errors: as hoot_pool_batch() and
 * tfb_find_world(). */
int tfb_find_worlds(struct world *worlds, size_t count, hoot_error *err);

/* A JSON array of them. */
hoot_response *tfb_worlds_json(hoot_request *req, const struct world *worlds, size_t count);

/* --- fortunes.c --- */

/* Errors: NULL: HOOT_ENOMEM. */
hoot_template *tfb_fortunes_page(hoot_error *err);

/* --- routes --- */

extern const hoot_blueprint tfb_basic;    /* basic.c: /plaintext, /json: no database */
extern const hoot_blueprint tfb_world;    /* world.c: /db, /queries */
extern const hoot_blueprint tfb_updates;  /* updates.c: /updates */
extern const hoot_blueprint tfb_cached;   /* cached.c: /cached-queries */
extern const hoot_blueprint tfb_fortunes; /* fortunes.c: /fortunes */

#endif

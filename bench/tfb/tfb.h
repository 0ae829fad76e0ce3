/* tfb: the seven tests of the TechEmpower web benchmark. What its files share. */
#ifndef TFB_TFB_H
#define TFB_TFB_H

#include <hoot/hoot.h>

/* Rows of the table World: their ids are 1 to this, and so are their random numbers. */
#define TFB_WORLDS 10000

/* One worker's state: hoot_app_state(). */
struct tfb {
    hoot_pool *pool;      /* NULL: there is no database, and the routes that need one do not exist */
    uint64_t random_seed; /* of the numbers below */
};

static inline struct tfb *tfb_current(void)
{
    return hoot_app_state(hoot_current_app());
}

/* A random number of 1 to TFB_WORLDS. */
int32_t tfb_random(void);

/* Routes that need no database: /plaintext, /json. */
extern const hoot_blueprint tfb_basic; /* basic.c */

/* /db */
extern const hoot_blueprint tfb_world; /* world.c */

#endif

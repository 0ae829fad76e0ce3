/* The pool of one test, on the scripted driver. */
#ifndef FAKE_POOL_H
#define FAKE_POOL_H

#include "unit/db/fake_driver.h"

static hoot_pool *pool;
static hoot_error err;

static inline void open_with(hoot_pool_options options)
{
    if (!options.url)
        options.url = "fake://host/db";
    if (hoot_pool_open(NULL, &pool, &options, &err))
        fail_msg("%s", err.text);
}

static inline hoot_pool_stats stats(void)
{
    hoot_pool_stats out;

    hoot_pool_stats_get(pool, &out);
    return out;
}

#define FAKED(test) cmocka_unit_test_setup_teardown(test, reset_fake, check_fake)

#endif

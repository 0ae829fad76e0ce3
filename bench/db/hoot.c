/* libhoot: 64 tasks, each asking one question after the other. */
#include "db.h"

#include <hoot/group.h>
#include <hoot/hoot.h>
#include <hoot/pool.h>

#include <stdio.h>

enum { TASKS = 64 };

static const bench *with;
static hoot_pool *pool;
static uint64_t asked;

static int ask_one(hoot_error *err, uint64_t key)
{
    HOOT_AUTO(hoot_cursor) rows = hoot_pool_query(pool, err, QUESTION, key);
    const hoot_row *row = hoot_fetchone(rows);

    return rows && row && hoot_row_at(row, 0)->str.len ? 0 : HOOT_ENOTFOUND;
}

static int ask(hoot_error *err, void *arg)
{
    int rc = 0;

    (void)arg;
    while (rc == 0 && asked < with->statements)
        rc = ask_one(err, bench_key(with, asked++));
    return rc;
}

static int run(hoot_error *err, void *arg)
{
    const hoot_pool_options options = { .driver = "mysql",
                                        .socket = with->socket,
                                        .user = with->user,
                                        .database = with->database,
                                        .max_size = 4,
                                        .min_size = 4,
                                        .lanes = 4,
                                        .pipeline = 16 };
    HOOT_AUTO(hoot_group) group = hoot_group_new(err);
    int rc = group ? hoot_pool_open(NULL, &pool, &options, err) : HOOT_ENOMEM;

    (void)arg;
    bench_begin();
    for (int i = 0; rc == 0 && i < TASKS; i++)
        rc = hoot_group_start(group, ask, NULL, err);
    if (rc == 0)
        rc = hoot_group_join(group, err);
    hoot_pool_close(pool);
    return rc;
}

int bench_hoot(const bench *b)
{
    hoot_error err = HOOT_ERROR_INIT;
    int rc;

    with = b;
    rc = hoot_run(run, NULL, &err);
    if (rc)
        fprintf(stderr, "hoot: %s\n", err.text);
    return rc;
}

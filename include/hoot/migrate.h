/* Numbered migrations: the tables of a service, brought up to date at start. */
#ifndef HOOT_MIGRATE_H
#define HOOT_MIGRATE_H

#include <hoot/pool.h>

HOOT_BEGIN_DECLS

/* One step. Statements are separated by ';' at a line's end. Give one text for both drivers, or one each. */
typedef struct hoot_migration {
    uint32_t number;    /* 1, 2, 3 ... without gaps */
    const char *name;   /* "create users" */
    const char *sql;    /* for every driver without a text of its own */
    const char *mysql;  /* NULL: sql */
    const char *sqlite; /* NULL: sql */
} hoot_migration;

/* Apply, in order, those that the database has not had yet; they are noted in the table
 * `hoot_migrations(number, name, checksum, applied_at)`. A lock in the database (GET_LOCK; SQLite: an
 * immediate transaction) lets one worker of one machine do it while the others wait. Each step is one
 * transaction where the database can (SQLite; MySQL and MariaDB commit at each CREATE or ALTER). Suspends.
 * Gives: how many were applied. Errors: HOOT_ESTATE the database has a step that is not in the list, or one
 * whose text has changed since; HOOT_EINVAL numbers with gaps; otherwise the failed statement's error, with
 * the step's number and name. */
HOOT_API int hoot_migrate(hoot_pool *pool, const hoot_migration *migrations, size_t count, hoot_error *err);

HOOT_END_DECLS
#endif

/* What tests that ask a real server through pools share: the server of the test program, for the whole group.
 */
#ifndef HOOT_TEST_MYSQL_SERVER_POOL_H
#define HOOT_TEST_MYSQL_SERVER_POOL_H

#include "db_test.h"
#include "mysql_server.h"

static mysql_server server;

static inline int run_as_root(hoot_error *err, void *arg)
{
    const char *const *statements = arg;
    const hoot_pool_options options = { .driver = "mysql", .socket = server.socket, .user = "root" };
    hoot_pool *pool;
    int rc = hoot_pool_open(NULL, &pool, &options, err);

    if (rc)
        return rc;
    for (; rc == 0 && *statements; statements++)
        rc = hoot_pool_execute(pool, err, hoot_str_from(*statements)) < 0 ? err->code : 0;
    hoot_pool_close(pool);
    return rc;
}

/* `options` of the server, at most 8, and `statements` for it, both with NULL behind the last. */
static inline int start_server_with(const char *const *options, const char *const *statements)
{
    hoot_error err = HOOT_ERROR_INIT;

    mysql_server_start(&server, options);
    return hoot_run(run_as_root, (void *)(uintptr_t)statements, &err);
}

/* As it comes, with an empty database `app`. */
static inline int start_server(void **state)
{
    static const char *const statements[] = { "CREATE DATABASE app", NULL };

    (void)state;
    return start_server_with(NULL, statements);
}

static inline int stop_server(void **state)
{
    (void)state;
    mysql_server_stop(&server);
    return 0;
}

#endif

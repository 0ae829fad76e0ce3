/* hoot_pool_options: defaults filled in, the url taken apart, contradictions found before connecting. */
#include "db/options.h"

#include "db/hosts.h"

#include <stdio.h>

enum {
    DEFAULT_MAX_SIZE = 10,
    MOST_CONNECTIONS = 10000,
    DEFAULT_MAX_WAITERS = 10000,
    DEFAULT_CONNECT_TIMEOUT_MS = 10 * 1000,
    DEFAULT_MAX_AGE_MS = 30 * 60 * 1000,
    DEFAULT_IDLE_MS = 10 * 60 * 1000,
    DEFAULT_STATEMENT_CACHE = 100,
    DEFAULT_CLOSE_TIMEOUT_MS = 5 * 1000,
};
#define DEFAULT_MAX_ANSWER_BYTES ((uint64_t)256 << 20)

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
    return value ? value : otherwise;
}

/* The first that is given, copied; "" when none is. NULL: no memory. */
static const char *pick(hoot_arena *arena, const char *option, const char *from_url, const char *otherwise)
{
    if (option)
        return hoot_arena_strdup(arena, option);
    return from_url ? from_url : otherwise;
}

static int fill_texts(hoot_arena *arena, const hoot_pool_options *options, const hoot__db_url *url,
                      hoot_target *target, hoot_error *err)
{
    const char *socket_of_url = options->host ? NULL : url->socket;
    bool by_socket = options->socket || socket_of_url;

    target->host = pick(arena, options->host, url->host, by_socket || !target->port ? "" : "127.0.0.1");
    target->socket = pick(arena, options->socket, socket_of_url, "");
    target->user = pick(arena, options->user, url->user, "");
    target->password = pick(arena, options->password, url->password, "");
    target->database = pick(arena, options->database, url->database, "");
    if (!target->host || !target->socket || !target->user || !target->password || !target->database)
        return hoot_error_set(err, HOOT_ENOMEM, "no memory for the pool's options");
    return 0;
}

#define DEFAULT_DRIVER "mysql"

static int find_driver(const hoot_pool_options *options, const hoot__db_url *url, hoot_target *target,
                       hoot_error *err)
{
    const char *name = options->driver ? options->driver : url->driver;

    if (!name && !options->host && !options->hosts && !options->socket)
        return hoot_error_set(err, HOOT_ECONFIG, "the pool has neither a url nor a host");
    name = name ? name : DEFAULT_DRIVER;
    target->driver = hoot_driver_find(name);
    if (!target->driver)
        return hoot_error_set(err, HOOT_ECONFIG, "there is no database driver \"%s\"", name);
    return 0;
}

static int fill_target(hoot_arena *arena, const hoot_pool_options *options, const hoot__db_url *url,
                       hoot_target *target, hoot_error *err)
{
    int rc = find_driver(options, url, target, err);

    if (rc)
        return rc;
    target->port = options->port ? options->port : url->port ? url->port : target->driver->default_port;
    target->connect_timeout_ms = or_default(options->connect_timeout_ms, DEFAULT_CONNECT_TIMEOUT_MS);
    target->statement_cache = or_default(options->statement_cache, DEFAULT_STATEMENT_CACHE);
    target->max_answer_bytes =
        options->max_answer_bytes ? options->max_answer_bytes : DEFAULT_MAX_ANSWER_BYTES;
    target->allow_public_key_retrieval = options->allow_public_key_retrieval;
    target->multi_statements = options->multi_statements;
    target->local_infile = options->local_infile;
    rc = fill_texts(arena, options, url, target, err);
    if (rc || target->driver->default_port)
        return rc;
    if (target->host[0] || target->port || target->socket[0])
        return hoot_error_set(err, HOOT_ECONFIG, "%s takes a file, as in \"%s:var/app.db\", and no host",
                              target->driver->name, target->driver->name);
    if (!target->database[0])
        return hoot_error_set(err, HOOT_ECONFIG, "%s needs a file, as in \"%s:var/app.db\"",
                              target->driver->name, target->driver->name);
    return 0;
}

/* Several hosts, of the options or of the url; one that is given by itself wins. The target's own address is
 * that of the first. */
static int fill_hosts(hoot_arena *arena, const hoot_pool_options *options, const hoot__db_url *url,
                      hoot_target *target, hoot__limits *limits, hoot_error *err)
{
    bool single = options->host || options->socket || url->socket;
    hoot__host *hosts;
    uint32_t count;
    int rc;

    limits->hosts = pick(arena, options->hosts, single ? NULL : url->hosts, "");
    if (!limits->hosts)
        return hoot_error_set(err, HOOT_ENOMEM, "no memory for the pool's options");
    if (!limits->hosts[0])
        return 0;
    if (!target->driver->default_port)
        return hoot_error_set(err, HOOT_ECONFIG, "%s takes a file and no hosts", target->driver->name);
    if (options->hosts && single)
        return hoot_error_set(err, HOOT_ECONFIG, "the pool has both hosts and a host or a socket");
    rc = hoot__hosts_parse(arena, limits->hosts, target, &hosts, &count, err);
    if (rc)
        return rc;
    target->host = hosts[0].target.host;
    target->port = hosts[0].target.port;
    return 0;
}

static int fill_limits(const hoot_pool_options *options, const hoot_target *target, hoot__limits *limits,
                       hoot_error *err)
{
    limits->lazy = options->lazy;
    limits->host_order = options->host_order;
    limits->on_connect = options->on_connect;
    limits->on_acquire = options->on_acquire;
    limits->hook_arg = options->hook_arg;
    limits->max_size = or_default(options->max_size, DEFAULT_MAX_SIZE);
    limits->min_size = options->min_size || options->lazy ? options->min_size : 1;
    limits->max_waiters = or_default(options->max_waiters, DEFAULT_MAX_WAITERS);
    limits->max_age_ms = or_default(options->max_age_ms, DEFAULT_MAX_AGE_MS);
    limits->idle_ms = or_default(options->idle_ms, DEFAULT_IDLE_MS);
    limits->close_timeout_ms = or_default(options->close_timeout_ms, DEFAULT_CLOSE_TIMEOUT_MS);
    /* A database in memory is its connection: a second one would be another database. */
    limits->forever =
        !target->driver->default_port && hoot_str_is(hoot_str_from(target->database), ":memory:");
    if (limits->forever)
        limits->max_size = limits->min_size = 1;
    if (limits->max_size > MOST_CONNECTIONS)
        return hoot_error_set(err, HOOT_ECONFIG, "the pool's max_size is %u; the most is %d",
                              limits->max_size, MOST_CONNECTIONS);
    if (limits->min_size > limits->max_size)
        return hoot_error_set(err, HOOT_ECONFIG, "the pool's min_size (%u) is over its max_size (%u)",
                              limits->min_size, limits->max_size);
    return 0;
}

int hoot__options_read(hoot_arena *arena, const hoot_pool_options *options, hoot_target *out_target,
                       hoot__limits *out_limits, hoot_error *err)
{
    hoot__db_url url = { 0 };
    hoot_target target = { 0 };
    int rc = options->url ? hoot__db_url_parse(arena, options->url, &url, err) : 0;

    if (!rc)
        rc = fill_target(arena, options, &url, &target, err);
    if (!rc)
        rc = fill_hosts(arena, options, &url, &target, out_limits, err);
    if (!rc)
        rc = fill_limits(options, &target, out_limits, err);
    if (!rc)
        *out_target = target;
    return rc;
}

const char *hoot__target_place(const hoot_target *target, char *buffer, size_t size)
{
    if (target->socket[0])
        snprintf(buffer, size, "%s", target->socket);
    else if (target->host[0])
        snprintf(buffer, size, "%s:%u", target->host, target->port);
    else
        snprintf(buffer, size, "%s", target->database);
    return buffer;
}

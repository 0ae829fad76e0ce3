/* hoot_pool_options: defaults filled in, the url taken apart, contradictions found before connecting. */
#include "db/options.h"

#include "db/hosts.h"
#include "db/settings.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    DEFAULT_MAX_SIZE = 10,
    MOST_CONNECTIONS = 10000,
    DEFAULT_MAX_WAITERS = 10000,
    DEFAULT_CONNECT_TIMEOUT_MS = 10 * 1000,
    DEFAULT_MAX_AGE_MS = 30 * 60 * 1000,
    DEFAULT_IDLE_MS = 10 * 60 * 1000,
    DEFAULT_STATEMENT_CACHE = 100,
    DEFAULT_CLOSE_TIMEOUT_MS = 5 * 1000,
    DEFAULT_KEEPALIVE_S = 30,
    ATTRIBUTE_BYTES_MAX = 60000, /* the server reads 64 KiB */
    ATTRIBUTE_OVERHEAD = 3,      /* the length in front */
    DEFAULT_PIPELINE = 16,
    MOST_PIPELINE = 1024,
    DEFAULT_LANES = 2,
    LEAST_ANSWER_BYTES = 4096, /* what a server says at login is an answer, too */
};
#define DEFAULT_MAX_ANSWER_BYTES ((uint64_t)256 << 20)

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
    return value ? value : otherwise;
}

/* A copy, "" when none is given. NULL: no memory. */
static const char *text_or(hoot_arena *arena, const char *text, const char *otherwise)
{
    return text ? hoot_arena_strdup(arena, text) : otherwise;
}

static int fill_texts(hoot_arena *arena, const hoot_pool_options *options, hoot_target *target,
                      hoot_error *err)
{
    const struct {
        const char **out;
        const char *from;
    } texts[] = {
        { &target->socket, options->socket },
        { &target->user, options->user },
        { &target->password, options->password },
        { &target->database, options->database },
        { &target->ssl_ca, options->ssl_ca },
        { &target->ssl_capath, options->ssl_capath },
        { &target->ssl_crl, options->ssl_crl },
        { &target->ssl_cert, options->ssl_cert },
        { &target->ssl_key, options->ssl_key },
        { &target->tls_min_version, options->tls_min_version },
        { &target->ssl_fingerprint, options->ssl_fingerprint },
        { &target->charset, options->charset },
        { &target->collation, options->collation },
        { &target->time_zone, options->time_zone },
        { &target->sql_mode, options->sql_mode },
        { &target->init_command, options->init_command },
    };
    bool some_host = !options->socket && target->port;
    bool missing;

    target->host = text_or(arena, options->host, some_host ? "127.0.0.1" : "");
    missing = !target->host;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        *texts[i].out = text_or(arena, texts[i].from, "");
        missing = missing || !*texts[i].out;
    }
    return missing ? hoot_error_set(err, HOOT_ENOMEM, "no memory for the pool's options") : 0;
}

/* Names and values, copied. */
static int fill_attributes(hoot_arena *arena, const char *const *from, hoot_target *target, hoot_error *err)
{
    size_t count = 0, bytes = 0;
    const char **copy;

    while (from && from[count])
        bytes += strlen(from[count++]) + ATTRIBUTE_OVERHEAD;
    if (count == 0)
        return 0;
    if (count % 2 || bytes > ATTRIBUTE_BYTES_MAX)
        return hoot_error_set(err, HOOT_ECONFIG,
                              "the connection attributes are names and values in turn, in %d bytes at most",
                              ATTRIBUTE_BYTES_MAX);
    copy = hoot_arena_alloc_array(arena, count + 1, sizeof(*copy));
    for (size_t i = 0; copy && i < count; i++) {
        copy[i] = hoot_arena_strdup(arena, from[i]);
        if (!copy[i])
            copy = NULL;
    }
    if (!copy)
        return hoot_error_set(err, HOOT_ENOMEM, "no memory for the pool's options");
    copy[count] = NULL;
    target->attributes = copy;
    return 0;
}

/* "VERIFY_CA" is how the MySQL tools write "verify-ca". */
static bool is_mode(const char *text, const char *mode)
{
    for (; *text && *mode; text++, mode++) {
        char c = *text == '_' ? '-' : *text;

        if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != *mode)
            return false;
    }
    return *text == *mode;
}

static int fill_sslmode(const hoot_pool_options *options, hoot_target *target, hoot_error *err)
{
    static const char *const modes[] = { "disabled", "preferred", "required", "verify-ca",
                                         "verify-identity" };

    target->sslmode = options->ssl_ca || options->ssl_capath ? HOOT_SSLMODE_VERIFY_IDENTITY
                      : options->ssl_fingerprint             ? HOOT_SSLMODE_REQUIRED
                                                             : HOOT_SSLMODE_PREFERRED;
    if (!options->sslmode)
        return 0;
    if (options->sslmode == hoot__sslmode_at_least_required && target->sslmode > HOOT_SSLMODE_REQUIRED)
        return 0;
    for (int i = 0; i < 5; i++) {
        if (is_mode(options->sslmode, modes[i])) {
            target->sslmode = (hoot_sslmode)i;
            return 0;
        }
    }
    return hoot_error_set(err, HOOT_ECONFIG,
                          "sslmode is none of disabled, preferred, required, verify-ca, verify-identity");
}

#define DEFAULT_DRIVER "mysql"

static int find_driver(const hoot_pool_options *options, hoot_target *target, hoot_error *err)
{
    const char *name = options->driver ? options->driver : DEFAULT_DRIVER;

    target->driver = hoot_driver_find(name);
    if (!target->driver)
        return hoot_error_set(err, HOOT_ECONFIG, "there is no database driver \"%s\"", name);
    return 0;
}

static int check_file(const hoot_target *target, hoot_error *err)
{
    const char *name = target->driver->name;

    if (target->driver->default_port)
        return 0;
    if (target->host[0] || target->port || target->socket[0])
        return hoot_error_set(err, HOOT_ECONFIG, "%s takes a file, as in \"%s:var/app.db\", and no host",
                              name, name);
    if (!target->database[0])
        return hoot_error_set(err, HOOT_ECONFIG, "%s needs a file, as in \"%s:var/app.db\"", name, name);
    return 0;
}

static bool is_given(const char *text)
{
    return text && text[0];
}

/* One place. Beside a socket the host may be this machine, which then says nothing more. */
static int check_place(const hoot_pool_options *options, hoot_error *err)
{
    bool here = options->host &&
                (strcasecmp(options->host, "localhost") == 0 || strcmp(options->host, "127.0.0.1") == 0);
    bool socket = is_given(options->socket), host = is_given(options->host) && !(here && socket);

    if (is_given(options->hosts) + socket + host > 1)
        return hoot_error_set(err, HOOT_ECONFIG,
                              "the pool has more than one of host, hosts, and socket: which is meant?");
    return 0;
}

static int check_answer_bytes(uint64_t bytes, hoot_error *err)
{
    if (bytes == 0 || bytes >= LEAST_ANSWER_BYTES)
        return 0;
    return hoot_error_set(err, HOOT_ECONFIG, "the pool's max_answer_bytes is %u; the least is %d",
                          (unsigned)bytes, LEAST_ANSWER_BYTES);
}

static int fill_target(hoot_arena *arena, const hoot_pool_options *options, hoot_target *target,
                       hoot_error *err)
{
    int rc = find_driver(options, target, err);

    if (!rc)
        rc = check_place(options, err);
    if (!rc)
        rc = check_answer_bytes(options->max_answer_bytes, err);
    if (rc)
        return rc;
    target->port = options->port ? options->port : target->driver->default_port;
    target->connect_timeout_ms = or_default(options->connect_timeout_ms, DEFAULT_CONNECT_TIMEOUT_MS);
    target->statement_cache = or_default(options->statement_cache, DEFAULT_STATEMENT_CACHE);
    target->keepalive_s = or_default(options->keepalive_s, DEFAULT_KEEPALIVE_S);
    target->max_answer_bytes =
        options->max_answer_bytes ? options->max_answer_bytes : DEFAULT_MAX_ANSWER_BYTES;
    target->allow_public_key_retrieval = options->allow_public_key_retrieval;
    target->allow_cleartext_password = options->allow_cleartext_password;
    target->compress = options->compress;
    target->found_rows = options->found_rows;
    target->multi_statements = options->multi_statements;
    target->local_infile = options->local_infile;
    rc = fill_sslmode(options, target, err);
    if (!rc)
        rc = fill_texts(arena, options, target, err);
    if (!rc)
        rc = fill_attributes(arena, options->attributes, target, err);
    return rc ? rc : check_file(target, err);
}

/* Several hosts. The target's own address is that of the first. */
static int fill_hosts(hoot_arena *arena, const hoot_pool_options *options, hoot_target *target,
                      hoot__limits *limits, hoot_error *err)
{
    hoot__host *hosts;
    uint32_t count;
    int rc;

    limits->hosts = text_or(arena, options->hosts, "");
    if (!limits->hosts)
        return hoot_error_set(err, HOOT_ENOMEM, "no memory for the pool's options");
    if (!limits->hosts[0])
        return 0;
    if (!target->driver->default_port)
        return hoot_error_set(err, HOOT_ECONFIG, "%s takes a file and no hosts", target->driver->name);
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
    limits->pipeline = options->pipeline == HOOT_PIPELINE_AUTO ? DEFAULT_PIPELINE
                       : options->pipeline < 0                 ? 0
                                                               : (uint32_t)options->pipeline;
    limits->share_writes = options->share_writes;
    limits->pipeline_asks = options->pipeline == HOOT_PIPELINE_AUTO;
    limits->lanes = or_default(options->lanes, DEFAULT_LANES);
    limits->close_timeout_ms = or_default(options->close_timeout_ms, DEFAULT_CLOSE_TIMEOUT_MS);
    /* A database in memory is its connection: a second one would be another database. */
    limits->forever =
        !target->driver->default_port && hoot_str_is(hoot_str_from(target->database), ":memory:");
    if (limits->forever)
        limits->max_size = limits->min_size = 1;
    if (limits->max_size > MOST_CONNECTIONS)
        return hoot_error_set(err, HOOT_ECONFIG, "the pool's max_size is %u; the most is %d",
                              limits->max_size, MOST_CONNECTIONS);
    if (options->pipeline < HOOT_PIPELINE_OFF || options->pipeline > MOST_PIPELINE)
        return hoot_error_set(err, HOOT_ECONFIG, "the pool's pipeline is %d: it is -1 (off) to %d",
                              options->pipeline, MOST_PIPELINE);
    if (options->host_order != HOOT_HOSTS_IN_ORDER && options->host_order != HOOT_HOSTS_AT_RANDOM)
        return hoot_error_set(err, HOOT_ECONFIG, "the pool's host_order is %d, which is none",
                              (int)options->host_order);
    if (limits->min_size > limits->max_size)
        return hoot_error_set(err, HOOT_ECONFIG, "the pool's min_size (%u) is over its max_size (%u)",
                              limits->min_size, limits->max_size);
    return 0;
}

/* Of the two, the one that stands higher up wins. */
static void merge_place(hoot_pool_options *into, hoot_pool_options *from)
{
    if (into->host || into->hosts || into->socket)
        from->host = from->hosts = from->socket = NULL;
    hoot__settings_merge(into, from);
}

/* What the application sets, over what the url says, over what an option file says. */
static int gather(hoot_arena *arena, hoot_pool_options *options, hoot_error *err)
{
    hoot_pool_options url = { 0 }, file = { 0 };
    int rc = options->url ? hoot__db_url_parse(arena, options->url, &url, err) : 0;

    if (rc)
        return rc;
    merge_place(options, &url);
    if (options->read_default_file || options->read_default_group)
        rc = hoot__option_file_read(arena, options->read_default_file, options->read_default_group, &file,
                                    err);
    else if (!options->driver && !options->host && !options->hosts && !options->socket)
        rc = hoot_error_set(err, HOOT_ECONFIG, "the pool has neither a url nor a host");
    if (!rc)
        merge_place(options, &file);
    return rc;
}

int hoot__options_read(hoot_arena *arena, const hoot_pool_options *options, hoot_target *out_target,
                       hoot__limits *out_limits, hoot_error *err)
{
    hoot_pool_options all = *options;
    hoot_target target = { 0 };
    int rc = gather(arena, &all, err);

    if (!rc)
        rc = fill_target(arena, &all, &target, err);
    if (!rc)
        rc = fill_hosts(arena, &all, &target, out_limits, err);
    if (!rc)
        rc = fill_limits(&all, &target, out_limits, err);
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

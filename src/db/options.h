/* From hoot_pool_options and a url to what the pool and the drivers work with. */
#ifndef HOOT_DB_OPTIONS_H
#define HOOT_DB_OPTIONS_H

#include <hoot/pool.h>
#include <hoot/sys/driver.h>

/* Take a url apart: the options that it sets, and no others. Texts are in `arena`. Errors: HOOT_ECONFIG; the
 * text never holds the password. HOOT_ENOMEM. */
int hoot__db_url_parse(hoot_arena *arena, const char *url, hoot_pool_options *out, hoot_error *err);

/* The options that an option file of the MySQL tools sets, in [client], [client-server], [client-mariadb] and
 * `group` (NULL: none of its own). `path` NULL: the usual places, as far as there are files. Reads by
 * blocking. Errors: HOOT_ECONFIG, HOOT_ENOMEM. */
int hoot__option_file_read(hoot_arena *arena, const char *path, const char *group, hoot_pool_options *out,
                           hoot_error *err);

/* The same of a text: one file, which may include no other. Nothing is opened. */
int hoot__option_text_read(hoot_arena *arena, hoot_str text, const char *group, hoot_pool_options *out,
                           hoot_error *err);

/* What an option file's `ssl` makes of sslmode: "required", and known by its address, for it gives way to
 * more where authorities are named, by the file or above it. */
extern const char hoot__sslmode_at_least_required[];

/* How a pool lends: hoot_pool_options with every default filled in. */
typedef struct hoot__limits {
    uint32_t min_size, max_size, max_waiters;
    uint32_t max_age_ms, idle_ms, close_timeout_ms;
    const char *hosts; /* a list; "": the target's one */
    hoot_host_order host_order;
    hoot_conn_hook_fn on_connect, on_acquire;
    void *hook_arg;
    uint32_t pipeline, lanes; /* statements on a lane, 0: no lanes; and their number */
    bool share_writes;
    bool pipeline_asks; /* only if the server takes it */
    bool lazy;
    bool forever; /* connections are neither too old nor idle too long: they are the database */
} hoot__limits;

/* Errors: HOOT_ECONFIG, HOOT_ENOMEM. */
int hoot__options_read(hoot_arena *arena, const hoot_pool_options *options, hoot_target *out_target,
                       hoot__limits *out_limits, hoot_error *err);

/* "127.0.0.1:3306", a socket's path, or a file: for messages. */
const char *hoot__target_place(const hoot_target *target, char *buffer, size_t size);

#endif

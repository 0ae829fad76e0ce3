/* Opening and closing a stream of changes: what was asked for is checked and copied, since a stream outlives
 * what its options point at. */
#include "binlog.h"

#include "driver.h"

#include "base/alloc.h"

#include <hoot/crypto.h>

enum {
    DEFAULT_HEARTBEAT_MS = 10 * 1000,
    LEAST_HEARTBEAT_MS = 100, /* a busy server, or reader, is not taken for a lost one */
    DEFAULT_EVENTS = HOOT_BINLOG_ROWS | HOOT_BINLOG_COMMIT,
    WHERE_MAX = 16 * 1024 * 1024, /* of the text of hoot_binlog_where() */
};

/* --- options --- */

/* A copy of a list that ends with NULL. NULL: no memory, or none was given. */
static const char *const *copy_list(hoot_arena *arena, const char *const *list, bool *failed)
{
    const char **copy;
    size_t count = 0;

    if (!list)
        return NULL;
    while (list[count])
        count++;
    copy = hoot_arena_zalloc(arena, (count + 1) * sizeof(*copy));
    for (size_t i = 0; copy && i < count; i++) {
        copy[i] = hoot_arena_strdup(arena, list[i]);
        *failed = *failed || !copy[i];
    }
    *failed = *failed || !copy;
    return copy;
}

static const char *copy_text(hoot_arena *arena, const char *text, bool *failed)
{
    const char *copy = text ? hoot_arena_strdup(arena, text) : NULL;

    *failed = *failed || (text && !copy);
    return copy;
}

static uint32_t random_id(void)
{
    uint32_t id = 0;

    hoot_random(&id, sizeof(id));
    return (id & 0x3fffffff) | 0x40000000; /* far from those that people give */
}

static bool is_there(const char *text)
{
    return text && text[0];
}

/* What hoot_binlog_where() gives is taken as it is: file and offset beside a gtid, a gtid that is not known,
 * and in front of the first event of from_start "" and 4. */
static int check_beginning(const hoot_binlog_options *given, hoot_error *err)
{
    bool by_gtid = is_there(given->gtid), by_file = is_there(given->file);

    if (given->from_start && (by_gtid || by_file))
        return hoot_error_set(err, HOOT_ECONFIG,
                              "a binary log begins from_start, or at a gtid or a file: not both");
    if (given->offset && !given->file)
        return hoot_error_set(err, HOOT_ECONFIG, "a binary log's offset is a place in a file: name it");
    if (given->offset > HOOT__BIN_FIRST_OFFSET && !by_file && !by_gtid)
        return hoot_error_set(err, HOOT_ECONFIG,
                              "a binary log's offset is a place in a file, and that is \"\"");
    return 0;
}

/* A gtid is preferred to a place in a file. */
static void choose_beginning(hoot_binlog_options *own)
{
    bool by_gtid = is_there(own->gtid), by_file = !by_gtid && is_there(own->file);

    own->from_start = own->from_start || (!by_gtid && !by_file && own->offset);
    if (!by_gtid)
        own->gtid = NULL;
    if (!by_file)
        own->file = NULL;
}

static uint32_t heartbeat_of(const hoot_binlog_options *given)
{
    if (!given->heartbeat_ms)
        return DEFAULT_HEARTBEAT_MS;
    return given->heartbeat_ms < LEAST_HEARTBEAT_MS ? LEAST_HEARTBEAT_MS : given->heartbeat_ms;
}

static int take_options(hoot_binlog *binlog, const hoot_binlog_options *given, hoot_error *err)
{
    hoot_arena *arena = binlog->options_arena;
    hoot_binlog_options *own = &binlog->options;
    hoot__limits limits;
    bool failed = false;
    int rc = hoot__options_read(arena, &given->connect, &binlog->target, &limits, err);

    if (rc == 0)
        rc =
            hoot__hosts_parse(arena, limits.hosts, &binlog->target, &binlog->hosts, &binlog->host_count, err);
    if (rc < 0)
        return rc;
    if (binlog->host_count > 1 && !is_there(given->gtid))
        return hoot_error_set(err, HOOT_ECONFIG,
                              "a binary log of several hosts is followed by gtid: a place in "
                              "a file holds on one of them only");
    if (binlog->target.driver != &hoot__mysql_driver)
        return hoot_error_set(err, HOOT_ECONFIG, "a binary log is read from mysql, not from %s",
                              binlog->target.driver->name);
    rc = check_beginning(given, err);
    if (rc < 0)
        return rc;
    *own = *given;
    own->gtid = copy_text(arena, given->gtid, &failed);
    own->file = copy_text(arena, given->file, &failed);
    own->schemas = copy_list(arena, given->schemas, &failed);
    own->tables = copy_list(arena, given->tables, &failed);
    own->ignored_schemas = copy_list(arena, given->ignored_schemas, &failed);
    own->ignored_tables = copy_list(arena, given->ignored_tables, &failed);
    own->server_id = given->server_id ? given->server_id : random_id();
    own->heartbeat_ms = heartbeat_of(given);
    own->events = given->events ? given->events : DEFAULT_EVENTS;
    choose_beginning(own);
    binlog->by_gtid = own->gtid != NULL;
    return failed ? hoot_error_set(err, HOOT_ENOMEM, "no memory for the options") : 0;
}

/* --- opening and closing --- */

/* What connections share, TLS mostly, for each host: they are copies of one. */
static int prepare(hoot_binlog *binlog, hoot_error *err)
{
    int rc = hoot__mysql_driver.prepare(&binlog->target, err);

    for (uint32_t i = 0; rc == 0 && i < binlog->host_count; i++)
        binlog->hosts[i].target.prepared = binlog->target.prepared;
    return rc;
}

int hoot_binlog_open(const hoot_binlog_options *options, hoot_binlog **out_binlog, hoot_error *err)
{
    hoot_binlog *binlog = hoot__calloc(1, sizeof(*binlog));
    int rc = hoot_error_set(err, HOOT_ENOMEM, "no memory for a binary log's stream");

    if (!binlog)
        return rc;
    hoot_buf_init(&binlog->gtid_text, 256);
    hoot_buf_init(&binlog->where_text, WHERE_MAX);
    binlog->options_arena = hoot_arena_new(0);
    binlog->row = hoot_arena_new(0);
    if (binlog->options_arena && binlog->row)
        rc = take_options(binlog, options, err);
    if (rc == 0)
        rc = prepare(binlog, err);
    if (rc == 0) {
        hoot_buf_init(&binlog->inflated, binlog->target.max_answer_bytes);
        rc = hoot__bin_connect(binlog, err);
    }
    if (rc < 0) {
        hoot_binlog_close(binlog);
        return rc;
    }
    hoot_error_clear(err);
    *out_binlog = binlog;
    return 0;
}

void hoot_binlog_close(hoot_binlog *binlog)
{
    if (!binlog)
        return;
    hoot__bin_disconnect(binlog);
    if (binlog->asker)
        binlog->asker->driver->close(binlog->asker);
    if (binlog->target.driver == &hoot__mysql_driver)
        hoot__mysql_driver.forget(&binlog->target);
    hoot__gtid_set_fini(&binlog->done);
    hoot_buf_fini(&binlog->gtid_text);
    hoot_buf_fini(&binlog->where_text);
    hoot_buf_fini(&binlog->inflated);
    hoot_arena_free(binlog->row);
    hoot_arena_free(binlog->options_arena);
    hoot__free(binlog);
}

/* The tables that row events name by number: remembered, filtered, and asked about.
 *
 * A server announces a table in front of each statement that changes it. The same announcement again is found
 * by its bytes, so that names are asked for once. What is full forgets the one unused for longest; no
 * statement changes as many tables as there is room for (61 in MySQL). */
#include "binlog.h"

#include "driver.h"

#include <string.h>

enum { TABLE_BYTES_MAX = 16 * 1024 * 1024 };

/* --- filters --- */

static bool has_schema(const char *const *list, hoot_str schema)
{
    for (; *list; list++)
        if (hoot_str_is(schema, *list))
            return true;
    return false;
}

/* "table" or "schema.table" */
static bool has_table(const char *const *list, hoot_str schema, hoot_str table)
{
    for (; *list; list++) {
        hoot_str entry = hoot_str_from(*list);

        if (hoot_str_equal(entry, table))
            return true;
        if (entry.len == schema.len + 1 + table.len && hoot_str_starts(entry, schema) &&
            entry.ptr[schema.len] == '.' && hoot_str_ends(entry, table))
            return true;
    }
    return false;
}

bool hoot__bin_wants_schema(const hoot_binlog_options *options, hoot_str schema)
{
    return (!options->schemas || has_schema(options->schemas, schema)) &&
           !(options->ignored_schemas && has_schema(options->ignored_schemas, schema));
}

static bool wants_table(const hoot_binlog_options *options, hoot_str schema, hoot_str table)
{
    return hoot__bin_wants_schema(options, schema) &&
           (!options->tables || has_table(options->tables, schema, table)) &&
           !(options->ignored_tables && has_table(options->ignored_tables, schema, table));
}

/* --- remembering --- */

static void forget(hoot__bin_known *known)
{
    hoot_arena_free(known->arena);
    memset(known, 0, sizeof(*known));
}

void hoot__bin_tables_clear(hoot_binlog *binlog)
{
    for (size_t i = 0; i < HOOT__BIN_TABLES_MAX; i++)
        forget(&binlog->tables[i]);
}

hoot__bin_known *hoot__bin_tables_find(hoot_binlog *binlog, uint64_t id)
{
    for (size_t i = 0; i < HOOT__BIN_TABLES_MAX; i++) {
        hoot__bin_known *known = &binlog->tables[i];

        if (known->arena && known->table.id == id) {
            known->used = ++binlog->counter;
            return known;
        }
    }
    return NULL;
}

static hoot__bin_known *oldest(hoot_binlog *binlog)
{
    hoot__bin_known *found = &binlog->tables[0];

    for (size_t i = 1; i < HOOT__BIN_TABLES_MAX; i++)
        if (binlog->tables[i].used < found->used)
            found = &binlog->tables[i];
    return found;
}

/* Read `known->body`. */
static int parse(hoot_binlog *binlog, hoot__bin_known *known)
{
    return hoot__bin_table_parse(known->arena, known->body, &binlog->format, &known->table);
}

/* A table that is filtered out keeps its id only: its columns are never read. */
static int remember(hoot_binlog *binlog, hoot__bin_known *known, uint64_t id, hoot_str body, bool wanted)
{
    const char *copy;
    int rc = 0;

    forget(known);
    known->arena = hoot_arena_new(TABLE_BYTES_MAX);
    copy = known->arena ? hoot_arena_dup(known->arena, body) : NULL;
    if (!copy) {
        forget(known);
        return HOOT_ENOMEM;
    }
    known->body = hoot_str_of(copy, body.len);
    known->wanted = wanted;
    known->used = ++binlog->counter;
    known->table.id = id;
    if (wanted)
        rc = parse(binlog, known);
    known->described = known->table.named;
    if (rc < 0)
        forget(known);
    return rc;
}

int hoot__bin_tables_add(hoot_binlog *binlog, hoot_str body, hoot_error *err)
{
    hoot__bin_known *known;
    hoot_str schema, table;
    uint64_t id;
    int rc = HOOT_EPROTOCOL;

    if (hoot__bin_table_head(body, binlog->format.short_table_id, &id, &schema, &table)) {
        known = hoot__bin_tables_find(binlog, id);
        if (known && hoot_str_equal(known->body, body))
            return 0;
        rc = remember(binlog, known ? known : oldest(binlog), id, body,
                      wants_table(&binlog->options, schema, table));
    }
    if (rc < 0)
        hoot_error_set(err, rc,
                       rc == HOOT_ENOMEM ? "no memory for a table of the binary log"
                                         : "the binary log describes a table in a malformed way");
    return rc;
}

/* --- asking --- */

#define ASK                                                                                                  \
    "SELECT column_name, column_type, COALESCE(character_set_name, '') FROM information_schema.columns "     \
    "WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position"

static int connect_asker(hoot_binlog *binlog, hoot_error *err)
{
    if (binlog->asker)
        return 0;
    hoot_timeout (binlog->target.connect_timeout_ms)
        return binlog->target.driver->connect(binlog->link->target, &binlog->asker, err);
    return 0;
}

/* Read the answer into the table. Gives: columns; negative. */
static int64_t read_columns(hoot_binlog *binlog, hoot__bin_known *known, hoot_error *err)
{
    hoot__bin_table *table = &known->table;
    const hoot_value *cells;
    int64_t count = 0;
    int rc;

    while ((rc = binlog->target.driver->next_row(binlog->asker, &cells, err)) > 0) {
        for (int i = 0; i < 3; i++)
            if (cells[i].kind != HOOT_TEXT && cells[i].kind != HOOT_BYTES)
                return hoot_error_set(err, HOOT_EPROTOCOL, "information_schema.columns has values of kind %d",
                                      (int)cells[i].kind);
        if (count < table->count &&
            hoot__bin_column_describe(known->arena, table, (uint32_t)count, cells[0].str.ptr, cells[1].str,
                                      cells[2].str) < 0)
            return hoot_error_set(err, HOOT_ENOMEM, "no memory for the columns of %s.%s", table->schema,
                                  table->table);
        count++;
    }
    return rc < 0 ? rc : count;
}

int hoot__bin_describe(hoot_binlog *binlog, hoot__bin_known *known, hoot_error *err)
{
    const hoot_driver *driver = binlog->target.driver;
    const hoot_value params[] = { hoot_value_text(known->table.schema), hoot_value_text(known->table.table) };
    hoot_answer answer;
    int64_t count;
    int rc = connect_asker(binlog, err);

    if (rc < 0)
        return hoot_error_prefix(err, "asking for the columns of %s.%s", known->table.schema,
                                 known->table.table);
    rc = driver->run(binlog->asker, HOOT_STR(ASK), params, 2, &answer, err);
    count = rc < 0 ? rc : read_columns(binlog, known, err);
    if (count < 0) {
        driver->close(binlog->asker);
        binlog->asker = NULL;
        return (int)count;
    }
    known->described = true;
    if (count == known->table.count)
        return 0;
    rc = parse(binlog, known); /* the table has been changed since: back to "@1" */
    return rc < 0 ? hoot_error_set(err, rc, "%s", hoot_error_text(rc)) : 0;
}

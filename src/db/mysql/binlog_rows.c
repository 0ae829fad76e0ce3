/* Rows of a row event.
 *
 *     table id (6, or 4), flags (2), [version 2: length of all of this (2), extra data], columns (lenenc),
 *     a bit each: is there before; [UPDATE: a bit each: is there after]
 *     then rows (of an UPDATE pairs of them): a bit for each column that is there: is NULL; values
 *
 * A row has no length: only who can read each of its values finds the next. */
#include "binlog_rows.h"

#include <string.h>

typedef struct rows_kind {
    uint8_t type;
    uint8_t version;
    hoot__bin_change change;
    bool compressed;
} rows_kind;

static const rows_kind kinds[] = {
    { HOOT__BIN_INSERT_V1, 1, HOOT__BIN_INSERTED, false },
    { HOOT__BIN_UPDATE_V1, 1, HOOT__BIN_UPDATED, false },
    { HOOT__BIN_DELETE_V1, 1, HOOT__BIN_DELETED, false },
    { HOOT__BIN_INSERT_V2, 2, HOOT__BIN_INSERTED, false },
    { HOOT__BIN_UPDATE_V2, 2, HOOT__BIN_UPDATED, false },
    { HOOT__BIN_DELETE_V2, 2, HOOT__BIN_DELETED, false },
    { HOOT__BIN_INSERT_COMPRESSED_V1, 1, HOOT__BIN_INSERTED, true },
    { HOOT__BIN_UPDATE_COMPRESSED_V1, 1, HOOT__BIN_UPDATED, true },
    { HOOT__BIN_DELETE_COMPRESSED_V1, 1, HOOT__BIN_DELETED, true },
    { HOOT__BIN_INSERT_COMPRESSED, 2, HOOT__BIN_INSERTED, true },
    { HOOT__BIN_UPDATE_COMPRESSED, 2, HOOT__BIN_UPDATED, true },
    { HOOT__BIN_DELETE_COMPRESSED, 2, HOOT__BIN_DELETED, true },
};

static const rows_kind *kind_of(uint8_t type)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (kinds[i].type == type)
            return &kinds[i];
    return NULL;
}

bool hoot__bin_is_rows(uint8_t type)
{
    return kind_of(type) != NULL;
}

bool hoot__bin_rows_begin(const hoot__bin_event *event, bool short_id, hoot__bin_rows *out)
{
    hoot__my_in in = hoot__my_in_of(event->body.ptr, event->body.len);
    const rows_kind *kind = kind_of(event->type);
    uint64_t count;
    size_t extra;

    if (!kind)
        return false;
    memset(out, 0, sizeof(*out));
    out->change = kind->change;
    out->compressed = kind->compressed;
    out->table_id = hoot__my_u32(&in);
    if (!short_id)
        out->table_id |= (uint64_t)hoot__my_u16(&in) << 32;
    hoot__my_skip(&in, 2);
    if (kind->version == 2) {
        extra = hoot__my_u16(&in);
        if (extra < 2)
            return false;
        hoot__my_skip(&in, extra - 2);
    }
    count = hoot__my_lenenc(&in);
    if (in.failed || count > HOOT__BIN_COLUMNS_MAX)
        return false;
    out->count = (uint32_t)count;
    out->in_first = (const unsigned char *)hoot__my_bytes(&in, (count + 7) / 8).ptr;
    if (kind->change == HOOT__BIN_UPDATED)
        out->in_second = (const unsigned char *)hoot__my_bytes(&in, (count + 7) / 8).ptr;
    out->in = in;
    return !in.failed;
}

static bool bit(const unsigned char *bits, uint32_t i)
{
    return bits[i / 8] >> (i % 8) & 1;
}

static int fail(int rc, const hoot__bin_table *table, uint32_t column, hoot_error *err)
{
    const hoot__bin_column *c = &table->columns[column];

    if (rc == HOOT_ENOTSUP)
        return hoot_error_set(err, rc, "column %s of %s.%s has a type that is not known (%u)",
                              table->names[column], table->schema, table->table, (unsigned)c->type);
    if (rc == HOOT_ENOMEM)
        return hoot_error_set(err, rc, "no memory for a row of %s.%s", table->schema, table->table);
    return hoot_error_set(err, rc, "a value of column %s (type %u) of %s.%s is malformed in the binary log",
                          table->names[column], (unsigned)c->type, table->schema, table->table);
}

/* One row, or one half of an UPDATE's. */
static int read_image(hoot__bin_rows *rows, const unsigned char *present, const hoot__bin_table *table,
                      hoot_arena *arena, hoot_value *values, bool *has, hoot_error *err)
{
    const unsigned char *nulls;
    uint32_t there = 0, number = 0;

    for (uint32_t i = 0; i < table->count; i++)
        there += bit(present, i);
    nulls = (const unsigned char *)hoot__my_bytes(&rows->in, (there + 7) / 8).ptr;
    if (rows->in.failed)
        return hoot_error_set(err, HOOT_EPROTOCOL, "a row of %s.%s ends too early in the binary log",
                              table->schema, table->table);
    for (uint32_t i = 0; i < table->count; i++) {
        int rc = 0;

        values[i] = hoot_value_null();
        has[i] = bit(present, i);
        if (has[i] && !bit(nulls, number++))
            rc = hoot__bin_value(&rows->in, &table->columns[i], arena, &values[i]);
        if (rc < 0)
            return fail(rc, table, i, err);
    }
    return 0;
}

int hoot__bin_rows_next(hoot__bin_rows *rows, hoot__bin_table *table, hoot_arena *arena, hoot_error *err)
{
    bool inserted = rows->change == HOOT__BIN_INSERTED;
    const unsigned char *start = rows->in.at;
    int rc;

    if (hoot__my_left(&rows->in) == 0)
        return 0;
    if (rows->count != table->count)
        return hoot_error_set(err, HOOT_EPROTOCOL, "%s.%s has %u columns, and its rows %u", table->schema,
                              table->table, (unsigned)table->count, (unsigned)rows->count);
    hoot_arena_reset(arena);
    rc = read_image(rows, rows->in_first, table, arena, inserted ? table->after : table->before,
                    inserted ? table->has_after : table->has_before, err);
    if (rc == 0 && rows->change == HOOT__BIN_UPDATED)
        rc = read_image(rows, rows->in_second, table, arena, table->after, table->has_after, err);
    if (rc == 0 && rows->in.at == start)
        rc = hoot_error_set(err, HOOT_EPROTOCOL, "a row of %s.%s has no bytes in the binary log",
                            table->schema, table->table);
    return rc < 0 ? rc : 1;
}

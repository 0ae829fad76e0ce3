/* Events of a binary log: the first byte chooses MySQL or MariaDB and what follows: events (a type, two bytes
 * of length, a body each), a whole event with header and checksum, a JSON document, a set of transactions as
 * text. */
#include "db/mysql/binlog_gtid.h"
#include "db/mysql/binlog_rows.h"

#include <hoot/arena.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_BYTES = 64 * 1024 * 1024, DESCRIBED_MAX = 4 };

typedef struct reader {
    hoot__bin_format format;
    hoot_arena *tables, *row;
    hoot__bin_table table;
    bool has_table;
} reader;

static void check_row(const hoot__bin_table *table, const hoot_value *values)
{
    for (uint32_t i = 0; i < table->count; i++) {
        if (values[i].kind == HOOT_TEXT)
            assert(hoot_str_is_utf8(values[i].str));
        if (values[i].kind == HOOT_DATETIME)
            assert(values[i].time.month <= 12 && values[i].time.hour <= 23);
    }
}

/* As information_schema would: types that fit, or do not. */
static void describe(reader *r)
{
    static const char *const types[DESCRIBED_MAX] = { "uuid", "inet6", "enum('a','b''c')", "set('x','y')" };

    for (uint32_t i = 0; i < r->table.count && i < 16; i++)
        (void)hoot__bin_column_describe(r->tables, &r->table, i, "name",
                                        hoot_str_from(types[i % DESCRIBED_MAX]),
                                        i % 3 ? HOOT_STR("latin1") : HOOT_STR(""));
}

static void read_rows(reader *r, const hoot__bin_event *event)
{
    hoot_error err = HOOT_ERROR_INIT;
    hoot__bin_rows rows;
    hoot_buf inflated;
    int rc = 1;

    hoot_buf_init(&inflated, 1 << 20);
    if (!r->has_table || !hoot__bin_rows_begin(event, r->format.short_table_id, &rows))
        return;
    if (rows.compressed) {
        if (hoot__bin_inflate(hoot__my_rest(&rows.in), &inflated) < 0)
            rc = 0;
        rows.in = hoot__my_in_of(inflated.data ? inflated.data : "", inflated.len);
    }
    while (rc == 1) {
        rc = hoot__bin_rows_next(&rows, &r->table, r->row, &err);
        assert(rc >= 0 || err.text[0]);
        if (rc == 1)
            check_row(&r->table, rows.change == HOOT__BIN_INSERTED ? r->table.after : r->table.before);
        if (rc == 1 && rows.change == HOOT__BIN_UPDATED)
            check_row(&r->table, r->table.after);
    }
    hoot_buf_fini(&inflated);
}

static void read_set(bool maria, hoot_str body)
{
    hoot__gtid_set set, again;
    hoot_buf text;

    hoot__gtid_set_init(&set, maria);
    hoot__gtid_set_init(&again, maria);
    hoot_buf_init(&text, 1 << 22);
    if (hoot__gtid_set_decode(&set, body) == 0 && hoot__gtid_set_text(&set, &text) == 0) {
        assert(hoot__gtid_set_add_text(&again, hoot_buf_str(&text)) == 0);
        assert(again.count == set.count);
    }
    hoot_buf_fini(&text);
    hoot__gtid_set_fini(&set);
    hoot__gtid_set_fini(&again);
}

static void read_event(reader *r, const hoot__bin_event *event)
{
    hoot__bin_format format;
    hoot__bin_rotate rotate;
    hoot__bin_query query;
    hoot__bin_gtid gtid;
    hoot_str text;
    uint64_t xid;

    switch (event->type) {
    case HOOT__BIN_FORMAT:
        if (hoot__bin_format_parse(event->body, &format))
            assert(strlen(format.version) < sizeof(format.version));
        return;
    case HOOT__BIN_TABLE_MAP:
        hoot_arena_reset(r->tables);
        r->has_table = hoot__bin_table_parse(r->tables, event->body, &r->format, &r->table) == 0;
        if (r->has_table && event->body.len % 2)
            describe(r);
        return;
    case HOOT__BIN_GTID:
    case HOOT__BIN_MARIA_GTID: (void)hoot__bin_gtid_parse(event, &gtid); return;
    case HOOT__BIN_PREVIOUS_GTIDS: read_set(false, event->body); return;
    case HOOT__BIN_GTID_LIST: read_set(true, event->body); return;
    default: break;
    }
    (void)hoot__bin_rotate_parse(event->body, &rotate);
    (void)hoot__bin_query_parse(event->body, &query);
    (void)hoot__bin_xid_parse(event->body, &xid);
    (void)hoot__bin_annotate_parse(event, &text);
    if (hoot__bin_is_rows(event->type))
        read_rows(r, event);
}

/* Each body lies in a block of just its size. */
static void read_events(reader *r, hoot__my_in in)
{
    while (!in.failed && hoot__my_left(&in) > 0) {
        hoot__bin_event event = { .type = hoot__my_u8(&in) };
        size_t len = hoot__my_u16(&in);
        hoot_str body = hoot__my_bytes(&in, len < hoot__my_left(&in) ? len : hoot__my_left(&in));
        char *own = malloc(body.len ? body.len : 1);

        assert(own);
        memcpy(own, body.ptr, body.len);
        event.body = hoot_str_of(own, body.len);
        read_event(r, &event);
        free(own);
    }
}

static void read_whole(hoot_str bytes, bool checksum)
{
    hoot_error err = HOOT_ERROR_INIT;
    hoot__bin_event event;

    if (hoot__bin_event_parse(bytes, checksum, &event, &err) < 0)
        assert(err.text[0]);
    else
        assert(event.body.len <= bytes.len);
}

static void read_json(hoot_arena *arena, hoot_str document)
{
    hoot_str text;

    if (hoot__bin_json(document, arena, &text) == 0) {
        assert(hoot_str_is_utf8(text));
        assert(text.len <= 8 * document.len + 256);
    }
}

static void read_text(bool maria, hoot_str text)
{
    hoot__gtid_set set;
    hoot_buf out;

    hoot__gtid_set_init(&set, maria);
    hoot_buf_init(&out, 1 << 22);
    if (hoot__gtid_set_add_text(&set, text) == 0 && !maria && hoot__gtid_set_encode(&set, &out) == 0)
        read_set(false, hoot_buf_str(&out));
    hoot_buf_fini(&out);
    hoot__gtid_set_fini(&set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hoot__my_in in = hoot__my_in_of(data, size);
    uint8_t choice = hoot__my_u8(&in);
    reader r = { .format = { .maria = choice & 1, .short_table_id = choice & 2 } };

    if (size == 0)
        return 0;
    r.tables = hoot_arena_new(ARENA_BYTES);
    r.row = hoot_arena_new(ARENA_BYTES);
    assert(r.tables && r.row);
    switch (choice >> 2 & 3) {
    case 0: read_events(&r, in); break;
    case 1: read_whole(hoot__my_rest(&in), choice & 1); break;
    case 2: read_json(r.row, hoot__my_rest(&in)); break;
    default: read_text(choice & 1, hoot__my_rest(&in)); break;
    }
    hoot_arena_free(r.tables);
    hoot_arena_free(r.row);
    return 0;
}

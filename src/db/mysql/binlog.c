/* A stream of changes.
 *
 *     hoot_binlog_next() -> next row of the row event under way
 *                        -> or the next event: connect if need be, read, follow it, give what is asked for
 *
 * Two places are kept: behind the last event read, and behind the last transaction given as a whole (`safe`).
 * A connection always begins at the safe place, because rows in the middle of a transaction mean nothing
 * without the tables announced in front of them. What had been given of that transaction already is counted
 * and left out the second time, so a caller sees each row once, however often the connection breaks.
 *
 * Where a transaction ends: MySQL   GTID, BEGIN, ..., XID or COMMIT;    GTID, statement (DDL)
 *                           MariaDB GTID, ..., XID or COMMIT;           GTID (standalone), statement
 *                           old     BEGIN, ..., XID or COMMIT;          statement
 *                           XA      ..., XA_PREPARE
 *
 * One event is in memory at a time, and one row of it as values. */
#include "binlog.h"

#include <string.h>

enum {
    TEXT_MAX = 16 * 1024 * 1024, /* of a set of transactions */
    STEPS_A_TURN = 128,          /* rows and events before other tasks get a turn of the loop */
    NO_TABLE = 0xffffff,         /* an event without rows, which only ends a statement */
    GIVE = 1,                    /* the event is filled */
    GO_ON = 2,                   /* nothing to give */
};

/* --- following transactions --- */

/* All up to here has been given as a whole. note_gtid() has made room for the transaction: what was counted
 * as given cannot fail here any more. */
static int settle(hoot_binlog *binlog)
{
    int rc = 0;

    if (binlog->has_gtid && binlog->done_known)
        rc = hoot__gtid_set_add(&binlog->done, &binlog->gtid);
    binlog->in_transaction = binlog->begun = binlog->has_gtid = false;
    binlog->rows_seen = binlog->others_seen = 0;
    binlog->rows_skipped = binlog->others_skipped = 0;
    binlog->safe = binlog->place;
    return rc;
}

/* Between transactions every event moves the safe place on. */
static void move_on(hoot_binlog *binlog)
{
    if (!binlog->in_transaction)
        binlog->safe = binlog->place;
}

/* --- giving --- */

static bool is_asked_for(const hoot_binlog *binlog, hoot_binlog_kind kind)
{
    return (binlog->options.events & kind) && binlog->event.timestamp >= binlog->options.since;
}

static void fill(hoot_binlog *binlog, hoot_binlog_kind kind, hoot_binlog_event *out)
{
    memset(out, 0, sizeof(*out));
    out->kind = kind;
    out->timestamp = binlog->event.timestamp;
    out->server_id = binlog->event.server_id;
    out->file = binlog->place.file;
    out->offset = binlog->place.offset;
    out->gtid = binlog->gtid_text.len ? binlog->gtid_text.data : "";
    out->schema = out->table = "";
    out->text = HOOT_STR("");
}

/* Give an event that is no row. Inside of a transaction it is counted, and left out when it was given before
 * the connection broke. */
static int give(hoot_binlog *binlog, hoot_binlog_kind kind, hoot_str text, hoot_binlog_event *out)
{
    if (binlog->in_transaction && ++binlog->others_seen <= binlog->others_skipped)
        return GO_ON;
    if (!is_asked_for(binlog, kind) && !(kind == HOOT_BINLOG_HEARTBEAT && binlog->options.events & kind))
        return GO_ON;
    fill(binlog, kind, out);
    out->text = text;
    return GIVE;
}

static int malformed(const hoot_binlog *binlog, hoot_error *err)
{
    return hoot_error_set(err, HOOT_EPROTOCOL, "an event of type %u is malformed in %s at %llu",
                          (unsigned)binlog->event.type, binlog->place.file,
                          (unsigned long long)binlog->place.offset);
}

static int no_memory(int rc, hoot_error *err)
{
    return hoot_error_set(err, rc, "no memory for an event of the binary log");
}

/* --- rows --- */

/* The rows of a compressed event take their own buffer. */
static int inflate_rows(hoot_binlog *binlog, hoot_error *err)
{
    hoot__my_in *in = &binlog->rows.in;
    int rc;

    hoot_buf_fini(&binlog->inflated);
    if (!binlog->rows.compressed)
        return 0;
    rc = hoot__bin_inflate(hoot__my_rest(in), &binlog->inflated);
    if (rc < 0)
        return rc == HOOT_EPROTOCOL ? malformed(binlog, err)
                                    : hoot_error_set(err, rc, "a compressed event is over max_answer_bytes");
    *in = hoot__my_in_of(binlog->inflated.data ? binlog->inflated.data : "", binlog->inflated.len);
    return 0;
}

static int begin_rows(hoot_binlog *binlog, hoot_error *err)
{
    static const hoot_binlog_kind kinds[] = { HOOT_BINLOG_INSERT, HOOT_BINLOG_UPDATE, HOOT_BINLOG_DELETE };
    int rc;

    if (!hoot__bin_rows_begin(&binlog->event, binlog->format.short_table_id, &binlog->rows))
        return malformed(binlog, err);
    if (binlog->rows.table_id == NO_TABLE)
        return GO_ON;
    binlog->known = hoot__bin_tables_find(binlog, binlog->rows.table_id);
    if (!binlog->known)
        return hoot_error_set(err, HOOT_EPROTOCOL, "rows of a table that was not announced, in %s at %llu",
                              binlog->place.file, (unsigned long long)binlog->place.offset);
    if (!binlog->known->wanted || !is_asked_for(binlog, kinds[binlog->rows.change]))
        return GO_ON;
    rc = inflate_rows(binlog, err);
    if (rc < 0)
        return rc;
    binlog->reading_rows = true;
    return GO_ON;
}

static void fill_row(hoot_binlog *binlog, hoot_binlog_event *out)
{
    static const hoot_binlog_kind kinds[] = { HOOT_BINLOG_INSERT, HOOT_BINLOG_UPDATE, HOOT_BINLOG_DELETE };
    const hoot__bin_table *table = &binlog->known->table;
    hoot__bin_change change = binlog->rows.change;

    fill(binlog, kinds[change], out);
    out->schema = table->schema;
    out->table = table->table;
    out->column_count = table->count;
    out->names = table->names;
    if (change != HOOT__BIN_INSERTED) {
        out->before = table->before;
        out->has_before = table->has_before;
    }
    if (change != HOOT__BIN_DELETED) {
        out->after = table->after;
        out->has_after = table->has_after;
    }
}

/* The names are asked for here and not when the table is announced: when that is interrupted, the next call
 * comes back to the same rows. */
static int next_row(hoot_binlog *binlog, hoot_binlog_event *out, hoot_error *err)
{
    int rc = binlog->known->described ? 0 : hoot__bin_describe(binlog, binlog->known, err);

    if (rc < 0)
        return rc;
    rc = hoot__bin_rows_next(&binlog->rows, &binlog->known->table, binlog->row, err);
    if (rc == 0)
        binlog->reading_rows = false;
    if (rc < 0)
        hoot__bin_disconnect(binlog);
    if (rc <= 0)
        return rc < 0 ? rc : GO_ON;
    if (++binlog->rows_seen <= binlog->rows_skipped)
        return GO_ON;
    fill_row(binlog, out);
    return GIVE;
}

/* --- statements --- */

/* The statement, inflated when it must be. */
static int query_text(hoot_binlog *binlog, hoot__bin_query *query, hoot_error *err)
{
    int rc;

    if (!hoot__bin_query_parse(binlog->event.body, query))
        return malformed(binlog, err);
    if (binlog->event.type != HOOT__BIN_QUERY_COMPRESSED)
        return 0;
    hoot_buf_fini(&binlog->inflated);
    rc = hoot__bin_inflate(query->text, &binlog->inflated);
    if (rc < 0)
        return rc == HOOT_EPROTOCOL ? malformed(binlog, err) : no_memory(rc, err);
    query->text = hoot_buf_str(&binlog->inflated);
    return 0;
}

/* Does this statement end the transaction, or is it one of its own? */
static bool ends(const hoot_binlog *binlog, hoot_str text)
{
    return !binlog->begun || hoot_str_is(text, "COMMIT") || hoot_str_is(text, "ROLLBACK") ||
           hoot_str_starts(text, HOOT_STR("XA COMMIT")) || hoot_str_starts(text, HOOT_STR("XA ROLLBACK"));
}

static int give_query(hoot_binlog *binlog, const hoot__bin_query *query, hoot_binlog_event *out,
                      hoot_error *err)
{
    const char *schema;
    int rc;

    if (hoot_str_is(query->text, "COMMIT"))
        return give(binlog, HOOT_BINLOG_COMMIT, HOOT_STR(""), out);
    if (!hoot__bin_wants_schema(&binlog->options, query->schema))
        return GO_ON;
    schema = hoot_arena_dup(binlog->row, query->schema);
    if (!schema)
        return no_memory(HOOT_ENOMEM, err);
    rc = give(binlog, HOOT_BINLOG_QUERY, query->text, out);
    if (rc == GIVE)
        out->schema = schema;
    return rc;
}

static int on_query(hoot_binlog *binlog, hoot_binlog_event *out, hoot_error *err)
{
    hoot__bin_query query;
    int rc = query_text(binlog, &query, err);

    if (rc < 0)
        return rc;
    if (hoot_str_is(query.text, "BEGIN") || hoot_str_starts(query.text, HOOT_STR("XA START"))) {
        binlog->in_transaction = binlog->begun = true;
        return GO_ON;
    }
    rc = give_query(binlog, &query, out, err);
    if (rc > 0 && ends(binlog, query.text) && settle(binlog) < 0)
        return no_memory(HOOT_ENOMEM, err);
    return rc;
}

static int on_commit(hoot_binlog *binlog, hoot_binlog_event *out, hoot_error *err)
{
    uint64_t xid = 0;
    int rc;

    if (binlog->event.type == HOOT__BIN_XID && !hoot__bin_xid_parse(binlog->event.body, &xid))
        return malformed(binlog, err);
    rc = give(binlog, HOOT_BINLOG_COMMIT, HOOT_STR(""), out);
    if (rc == GIVE)
        out->xid = xid;
    return settle(binlog) < 0 ? no_memory(HOOT_ENOMEM, err) : rc;
}

/* --- transactions begin --- */

static int note_gtid(hoot_binlog *binlog, const hoot__bin_gtid *gtid, hoot_error *err)
{
    hoot__gtid_range *range = &binlog->gtid;

    memset(range, 0, sizeof(*range));
    memcpy(range->uuid, gtid->uuid, sizeof(range->uuid));
    range->domain = gtid->domain;
    range->server_id = binlog->event.server_id;
    range->first = range->last = gtid->number;
    hoot_buf_clear(&binlog->gtid_text);
    if (gtid->number == 0)
        return 0;
    if (hoot__gtid_text(gtid, range->server_id, &binlog->gtid_text) < 0 ||
        hoot_buf_add_byte(&binlog->gtid_text, '\0') < 0)
        return no_memory(HOOT_ENOMEM, err);
    if (binlog->done_known && hoot__gtid_set_reserve(&binlog->done) < 0)
        return no_memory(HOOT_ENOMEM, err);
    binlog->has_gtid = true;
    return 0;
}

static int on_gtid(hoot_binlog *binlog, hoot_binlog_event *out, hoot_error *err)
{
    hoot__bin_gtid gtid = { .number = 0 };
    int rc;

    if (binlog->event.type == HOOT__BIN_TAGGED_GTID)
        binlog->done_known = false; /* from here on only files and offsets tell where we are */
    else if (!hoot__bin_gtid_parse(&binlog->event, &gtid) || gtid.number > INT64_MAX)
        return malformed(binlog, err);
    if (binlog->event.type == HOOT__BIN_TAGGED_GTID && binlog->by_gtid)
        return hoot_error_set(
            err, HOOT_ENOTSUP,
            "transactions with a tag (gtid_next = 'uuid:tag:number') can only be followed by "
            "file and offset");
    if (binlog->event.type == HOOT__BIN_ANONYMOUS_GTID)
        gtid.number = 0;
    if (binlog->in_transaction && settle(binlog) < 0) /* it ended with an event that is not known */
        return no_memory(HOOT_ENOMEM, err);
    rc = note_gtid(binlog, &gtid, err);
    if (rc < 0)
        return rc;
    binlog->in_transaction = true;
    binlog->begun = gtid.maria && !gtid.standalone;
    return give(binlog, HOOT_BINLOG_GTID, HOOT_STR(""), out);
}

/* All transactions in front of this file. Who began with a file knows from here on what he has. */
static int on_gtid_list(hoot_binlog *binlog, hoot_binlog_event *out, hoot_error *err)
{
    hoot__gtid_set set;
    hoot_buf text;
    const char *copy = "";
    int rc;

    hoot__gtid_set_init(&set, binlog->maria);
    rc = hoot__gtid_set_decode(&set, binlog->event.body);
    hoot_buf_init(&text, TEXT_MAX);
    if (rc == 0 && hoot__gtid_set_text(&set, &text) == 0)
        copy = hoot_arena_dup(binlog->row, hoot_buf_str(&text));
    if (rc == 0 && !binlog->done_known) {
        hoot__gtid_set_fini(&binlog->done);
        binlog->done = set;
        binlog->done_known = true;
    } else {
        hoot__gtid_set_fini(&set);
    }
    hoot_buf_fini(&text);
    if (rc == HOOT_EPROTOCOL)
        return malformed(binlog, err);
    if (!copy || rc == HOOT_ENOMEM)
        return no_memory(HOOT_ENOMEM, err);
    return give(binlog, HOOT_BINLOG_GTID_LIST, hoot_str_from(copy), out);
}

/* --- files --- */

static int on_rotate(hoot_binlog *binlog, hoot_binlog_event *out, hoot_error *err)
{
    hoot__bin_rotate rotate;
    bool other;

    if (!hoot__bin_rotate_parse(binlog->event.body, &rotate) || rotate.file.len >= HOOT__BIN_FILE_BYTES)
        return malformed(binlog, err);
    other = binlog->place.file[0] && !hoot_str_is(rotate.file, binlog->place.file);
    memcpy(binlog->place.file, rotate.file.ptr, rotate.file.len);
    binlog->place.file[rotate.file.len] = '\0';
    binlog->place.offset = rotate.offset;
    return other ? give(binlog, HOOT_BINLOG_ROTATE, HOOT_STR(""), out) : GO_ON;
}

static int on_format(hoot_binlog *binlog, hoot_binlog_event *out, hoot_error *err)
{
    const char *version;

    if (!hoot__bin_format_parse(binlog->event.body, &binlog->format))
        return malformed(binlog, err);
    if (binlog->event.end == 0 || binlog->event.flags & HOOT__BIN_FLAG_ARTIFICIAL)
        return GO_ON;
    hoot__bin_tables_clear(binlog); /* a server that was restarted numbers anew */
    version = hoot_arena_strdup(binlog->row, binlog->format.version);
    if (!version)
        return no_memory(HOOT_ENOMEM, err);
    return give(binlog, HOOT_BINLOG_FORMAT, hoot_str_from(version), out);
}

static int on_annotate(hoot_binlog *binlog, hoot_binlog_event *out, hoot_error *err)
{
    hoot_str text;

    if (!hoot__bin_annotate_parse(&binlog->event, &text))
        return malformed(binlog, err);
    return give(binlog, HOOT_BINLOG_ANNOTATE, text, out);
}

/* --- all of them --- */

static int follow(hoot_binlog *binlog, hoot_binlog_event *out, hoot_error *err)
{
    switch (binlog->event.type) {
    case HOOT__BIN_QUERY:
    case HOOT__BIN_QUERY_COMPRESSED: return on_query(binlog, out, err);
    case HOOT__BIN_XID:
    case HOOT__BIN_XA_PREPARE: return on_commit(binlog, out, err);
    case HOOT__BIN_TABLE_MAP: {
        int rc = hoot__bin_tables_add(binlog, binlog->event.body, err);

        return rc < 0 ? rc : GO_ON;
    }
    case HOOT__BIN_GTID:
    case HOOT__BIN_ANONYMOUS_GTID:
    case HOOT__BIN_TAGGED_GTID:
    case HOOT__BIN_MARIA_GTID: return on_gtid(binlog, out, err);
    case HOOT__BIN_PREVIOUS_GTIDS:
    case HOOT__BIN_GTID_LIST: return on_gtid_list(binlog, out, err);
    case HOOT__BIN_ROTATE: return on_rotate(binlog, out, err);
    case HOOT__BIN_FORMAT: return on_format(binlog, out, err);
    case HOOT__BIN_ANNOTATE:
    case HOOT__BIN_ROWS_QUERY: return on_annotate(binlog, out, err);
    case HOOT__BIN_HEARTBEAT:
    case HOOT__BIN_HEARTBEAT_V2: return give(binlog, HOOT_BINLOG_HEARTBEAT, HOOT_STR(""), out);
    case HOOT__BIN_PARTIAL_UPDATE:
        return hoot_error_set(err, HOOT_ENOTSUP,
                              "the server logs parts of JSON values: set binlog_row_value_options = ''");
    case HOOT__BIN_TRANSACTION_PAYLOAD:
        return hoot_error_set(
            err, HOOT_ENOTSUP,
            "the server compresses its transactions: set binlog_transaction_compression = OFF");
    default: return hoot__bin_is_rows(binlog->event.type) ? begin_rows(binlog, err) : GO_ON;
    }
}

/* Events that were made for this replica lie in no file, and move nothing. */
static void note_place(hoot_binlog *binlog)
{
    const hoot__bin_event *event = &binlog->event;
    bool heartbeat = event->type == HOOT__BIN_HEARTBEAT || event->type == HOOT__BIN_HEARTBEAT_V2;

    if (event->end && !(event->flags & HOOT__BIN_FLAG_ARTIFICIAL) && !heartbeat)
        binlog->place.offset = event->end;
}

static int next_event(hoot_binlog *binlog, hoot_binlog_event *out, hoot_error *err)
{
    hoot_str bytes;
    int rc = binlog->link ? 0 : hoot__bin_connect(binlog, err);

    if (rc == 0)
        rc = hoot__bin_read(binlog, &bytes, err);
    if (rc <= 0)
        return rc;
    if (!binlog->in_transaction)
        hoot_buf_clear(&binlog->gtid_text);
    hoot_arena_reset(binlog->row);
    rc = hoot__bin_event_parse(bytes, binlog->format.checksum, &binlog->event, err);
    if (rc == 0) {
        note_place(binlog);
        rc = follow(binlog, out, err);
    }
    if (rc < 0)
        hoot__bin_disconnect(binlog);
    else
        move_on(binlog);
    return rc;
}

int hoot_binlog_next(hoot_binlog *binlog, hoot_binlog_event *out_event, hoot_error *err)
{
    for (;;) {
        /* What has come already is given without waiting: now and then it is the others' turn. */
        int rc = ++binlog->steps % STEPS_A_TURN == 0 ? hoot_yield() : hoot_check_canceled();

        if (rc < 0)
            return hoot_error_set(err, rc, "%s while waiting for an event", hoot_error_text(rc));
        rc = binlog->reading_rows ? next_row(binlog, out_event, err) : next_event(binlog, out_event, err);
        if (rc != GO_ON)
            return rc;
    }
}

/* --- asking about it --- */

void hoot_binlog_where(const hoot_binlog *binlog, hoot_binlog_position *out)
{
    hoot_buf *text = (hoot_buf *)&binlog->where_text; /* a cache */

    hoot_buf_clear(text);
    if (binlog->done_known && hoot__gtid_set_text(&binlog->done, text) == 0)
        (void)hoot_buf_add_byte(text, '\0');
    out->file = binlog->safe.file;
    out->offset = binlog->safe.offset;
    out->gtid = text->len && !text->failed ? text->data : "";
}

int hoot_binlog_column(const hoot_binlog_event *event, const char *name)
{
    for (uint32_t i = 0; i < event->column_count; i++)
        if (strcmp(event->names[i], name) == 0)
            return (int)i;
    return -1;
}

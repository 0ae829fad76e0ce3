/* The connection that a binary log comes over: asking for it as a replica does, and reading its packets.
 *
 * The server is told what we can read (checksums; MariaDB: capability 4, its GTID events), who we are
 * (COM_REGISTER_SLAVE) and where to begin:
 *
 *     MySQL    COM_BINLOG_DUMP with file and offset, or COM_BINLOG_DUMP_GTID with a set of transactions
 *     MariaDB  COM_BINLOG_DUMP; its file is not looked at when @slave_connect_state is set
 *
 * From then on only the server speaks: each packet is a zero and an event, or ERR, or EOF when it was asked
 * not to wait. It is in the middle of that answer until the connection is closed.
 *
 * Heartbeats tell a server that has nothing to say from one that is gone. Only waiting counts as silence: a
 * reader that comes back after an hour finds what has come meanwhile. */
#include "binlog.h"

#include "driver.h"

#include <stdio.h>
#include <string.h>

enum {
    COM_BINLOG_DUMP = 0x12,
    COM_REGISTER_SLAVE = 0x15,
    COM_BINLOG_DUMP_GTID = 0x1e,
    FLAG_DO_NOT_WAIT = 1,
    FLAG_ANNOTATE = 2, /* MariaDB: send the statements of row events */
    HEARTBEATS_MISSED = 3,
};

/* --- statements --- */

/* Run a statement; the first `count` cells of its first row, as terminated texts in `arena`. "" for NULL.
 * Gives: 1; 0 no row. */
static int ask(hoot_binlog *binlog, const char *sql, hoot_arena *arena, const char **out, uint32_t count,
               hoot_error *err)
{
    const hoot_driver *driver = binlog->target.driver;
    const hoot_value *cells;
    hoot_answer answer;
    int found = 0, rc = driver->run(binlog->link, hoot_str_from(sql), NULL, 0, &answer, err);

    if (rc < 0 || answer.column_count == 0)
        return rc;
    while ((rc = driver->next_row(binlog->link, &cells, err)) > 0) {
        for (uint32_t i = 0; !found && i < count; i++) {
            bool is_there = i < answer.column_count && cells[i].kind != HOOT_NULL;

            out[i] = is_there ? hoot_value_format(arena, &cells[i]) : "";
            if (!out[i])
                return hoot_error_set(err, HOOT_ENOMEM, "no memory for the answer to %s", sql);
        }
        found = 1;
    }
    return rc < 0 ? rc : found;
}

static int run(hoot_binlog *binlog, const char *sql, hoot_error *err)
{
    int rc = sql ? ask(binlog, sql, NULL, NULL, 0, err) : hoot_error_set(err, HOOT_ENOMEM, "no memory");

    return rc < 0 ? rc : 0;
}

/* Is there a log, and has it checksums? */
static int ask_log(hoot_binlog *binlog, hoot_arena *arena, hoot_error *err)
{
    const char *cells[2];
    int rc = ask(binlog, "SELECT @@global.binlog_checksum, @@global.log_bin", arena, cells, 2, err);

    if (rc <= 0)
        return rc;
    binlog->format.checksum = strcmp(cells[0], "NONE") != 0;
    if (strcmp(cells[1], "0") == 0)
        return hoot_error_set(err, HOOT_EDB, "the server keeps no binary log (log_bin is off)");
    return 0;
}

/* Tell the server what we can. Both names of each variable: MySQL renamed them. */
static int introduce(hoot_binlog *binlog, hoot_arena *arena, hoot_error *err)
{
    unsigned long long ns = 1000000ull * binlog->options.heartbeat_ms;
    int rc = run(binlog,
                 hoot_arena_printf(arena,
                                   "SET @master_binlog_checksum = @@global.binlog_checksum, "
                                   "@source_binlog_checksum = @@global.binlog_checksum, "
                                   "@master_heartbeat_period = %llu, @source_heartbeat_period = %llu, "
                                   "@slave_uuid = UUID(), @replica_uuid = @slave_uuid%s",
                                   ns, ns, binlog->maria ? ", @mariadb_slave_capability = 4" : ""),
                 err);

    return rc < 0 ? rc : ask_log(binlog, arena, err);
}

/* --- where to begin --- */

static int set_place(hoot__bin_place *place, const char *file, uint64_t offset, hoot_error *err)
{
    if (strlen(file) >= sizeof(place->file))
        return hoot_error_set(err, HOOT_EINVAL, "the name of a binary log's file is over %zu bytes",
                              sizeof(place->file) - 1);
    memmove(place->file, file, strlen(file) + 1);
    place->offset = offset;
    return 0;
}

/* All transactions in front of `safe`: MariaDB tells for any place, MySQL for the end only (`executed`). */
static int ask_done(hoot_binlog *binlog, hoot_arena *arena, const char *executed, hoot_error *err)
{
    const char *text = executed;
    int rc;

    if (binlog->maria) {
        hoot_value params[] = { hoot_value_text(binlog->safe.file), hoot_value_uint(binlog->safe.offset) };
        const hoot_value *cells;
        hoot_answer answer;

        rc = binlog->target.driver->run(binlog->link, HOOT_STR("SELECT BINLOG_GTID_POS(?, ?)"), params, 2,
                                        &answer, err);
        while (rc >= 0 && (rc = binlog->target.driver->next_row(binlog->link, &cells, err)) > 0)
            text = cells[0].kind == HOOT_NULL ? NULL : hoot_value_format(arena, &cells[0]);
        if (rc < 0)
            return rc;
    }
    if (!text)
        return 0;
    rc = hoot__gtid_set_add_text(&binlog->done, hoot_str_from(text));
    binlog->done_known = rc == 0;
    if (rc < 0)
        hoot__gtid_set_fini(&binlog->done);
    return rc == HOOT_EINVAL ? 0 : rc; /* of a form that is not known: then there is none */
}

/* The end of the log. */
static int begin_now(hoot_binlog *binlog, hoot_arena *arena, hoot_error *err)
{
    const char *status[5] = { "", "", "", "", "" };
    uint64_t offset;
    int rc = ask(binlog, "SHOW MASTER STATUS", arena, status, binlog->maria ? 2 : 5, err);

    if (rc == HOOT_EDB && !binlog->maria) /* MySQL 8.4 has it no more */
        rc = ask(binlog, "SHOW BINARY LOG STATUS", arena, status, 5, err);
    if (rc < 0)
        return rc;
    if (rc == 0)
        return hoot_error_set(err, HOOT_EDB, "the server keeps no binary log (log_bin is off)");
    if (hoot_str_to_u64(hoot_str_from(status[1]), &offset) < 0)
        return hoot_error_set(err, HOOT_EPROTOCOL, "the server's binary log ends at \"%s\"", status[1]);
    rc = set_place(&binlog->safe, status[0], offset, err);
    return rc < 0 ? rc : ask_done(binlog, arena, binlog->maria ? NULL : status[4], err);
}

static int begin_by_gtid(hoot_binlog *binlog, hoot_error *err)
{
    int rc = hoot__gtid_set_add_text(&binlog->done, hoot_str_from(binlog->options.gtid));

    if (rc == HOOT_EINVAL)
        return hoot_error_set(err, HOOT_ECONFIG, "\"%.100s\" is no set of transactions of a %s server",
                              binlog->options.gtid, binlog->maria ? "MariaDB" : "MySQL");
    binlog->done_known = true;
    return rc < 0 ? hoot_error_set(err, rc, "%s", hoot_error_text(rc)) : 0;
}

/* The first time only; from then on `safe` and `done` tell. */
static int begin(hoot_binlog *binlog, hoot_arena *arena, hoot_error *err)
{
    const hoot_binlog_options *options = &binlog->options;
    int rc;

    hoot__gtid_set_fini(&binlog->done);
    hoot__gtid_set_init(&binlog->done, binlog->maria);
    if (binlog->by_gtid)
        return begin_by_gtid(binlog, err);
    if (options->from_start)
        return set_place(&binlog->safe, "", HOOT__BIN_FIRST_OFFSET, err);
    if (!options->file)
        return begin_now(binlog, arena, err);
    rc = set_place(&binlog->safe, options->file, options->offset ? options->offset : HOOT__BIN_FIRST_OFFSET,
                   err);
    return rc < 0 || !binlog->maria ? rc : ask_done(binlog, arena, NULL, err);
}

/* --- commands --- */

static void put_short_text(hoot_buf *out, const char *text)
{
    size_t len = strnlen(text, 60);

    hoot__my_put_u8(out, (uint8_t)len);
    (void)hoot_buf_add(out, text, len);
}

/* server id (4), host, user and password (a byte of length each), port (2), rank (4), source's id (4) */
static int register_replica(hoot_binlog *binlog, hoot_error *err)
{
    hoot__my_link *link = hoot__my_link_of(binlog->link);
    hoot_buf *out = &link->command;
    int rc;

    hoot_buf_clear(out);
    hoot__my_put_u8(out, COM_REGISTER_SLAVE);
    hoot__my_put_u32(out, binlog->options.server_id);
    put_short_text(out, "hoot");
    put_short_text(out, "");
    put_short_text(out, "");
    hoot__my_put_zeros(out, 2 + 4 + 4);
    link->effect = HOOT__MY_LEAVES_NOTHING;
    hoot__my_reply_begin(&link->reply, link->greeting.capabilities, false, NULL);
    rc = hoot__my_send(link, err);
    return rc < 0 ? rc : hoot__my_finish(link, err);
}

/* offset (4), flags (2), server id (4), file */
static void put_dump(const hoot_binlog *binlog, uint16_t flags, hoot_buf *out)
{
    bool by_place = !binlog->by_gtid;

    hoot__my_put_u8(out, COM_BINLOG_DUMP);
    hoot__my_put_u32(out, by_place ? (uint32_t)binlog->safe.offset : HOOT__BIN_FIRST_OFFSET);
    hoot__my_put_u16(out, flags | (binlog->maria ? FLAG_ANNOTATE : 0));
    hoot__my_put_u32(out, binlog->options.server_id);
    (void)hoot_buf_add_str(out, hoot_str_from(by_place ? binlog->safe.file : ""));
}

/* flags (2), server id (4), file (4 of length: none), offset (8), transactions (4 of length) */
static void put_dump_gtid(const hoot_binlog *binlog, uint16_t flags, hoot_buf *out)
{
    hoot_buf set;

    hoot_buf_init(&set, SIZE_MAX);
    if (hoot__gtid_set_encode(&binlog->done, &set) < 0)
        out->failed = true;
    hoot__my_put_u8(out, COM_BINLOG_DUMP_GTID);
    hoot__my_put_u16(out, flags);
    hoot__my_put_u32(out, binlog->options.server_id);
    hoot__my_put_u32(out, 0);
    hoot__my_put_u64(out, HOOT__BIN_FIRST_OFFSET);
    hoot__my_put_u32(out, (uint32_t)set.len);
    (void)hoot_buf_add_str(out, hoot_buf_str(&set));
    hoot_buf_fini(&set);
}

static int ask_for_log(hoot_binlog *binlog, hoot_error *err)
{
    hoot__my_link *link = hoot__my_link_of(binlog->link);
    uint16_t flags = binlog->options.stop_at_end ? FLAG_DO_NOT_WAIT : 0;

    if (!binlog->by_gtid && binlog->safe.offset > UINT32_MAX)
        return hoot_error_set(err, HOOT_ELIMIT, "a server cannot be asked for a log from beyond 4 GiB on");
    hoot_buf_clear(&link->command);
    if (binlog->by_gtid && !binlog->maria)
        put_dump_gtid(binlog, flags, &link->command);
    else
        put_dump(binlog, flags, &link->command);
    hoot__my_reply_begin(&link->reply, link->greeting.capabilities, false, NULL);
    return hoot__my_send(link, err);
}

/* --- connecting --- */

static int tell_gtid(hoot_binlog *binlog, hoot_arena *arena, hoot_error *err)
{
    hoot_buf text;
    int rc;

    if (!binlog->by_gtid || !binlog->maria)
        return 0;
    hoot_buf_init(&text, SIZE_MAX);
    rc = hoot__gtid_set_text(&binlog->done, &text);
    if (rc == 0)
        rc = run(binlog,
                 hoot_arena_printf(arena,
                                   "SET @slave_connect_state = '%.*s', @slave_gtid_strict_mode = 0, "
                                   "@slave_gtid_ignore_duplicates = 0",
                                   (int)text.len, text.data ? text.data : ""),
                 err);
    else
        hoot_error_set(err, rc, "no memory for a set of transactions");
    hoot_buf_fini(&text);
    return rc;
}

/* The host of the last time, or the first behind it that answers. */
static int connect_any(hoot_binlog *binlog, hoot_error *err)
{
    uint32_t count = binlog->host_count, share = binlog->target.connect_timeout_ms / count;
    int rc = HOOT_ECONNECT;

    for (uint32_t i = 0; i < count; i++) {
        const hoot_target *target = &binlog->hosts[binlog->host].target;

        hoot_timeout (share)
            rc = target->driver->connect(target, &binlog->link, err);
        if (rc == 0 || hoot_check_canceled() < 0)
            return rc;
        binlog->host = (binlog->host + 1) % count;
    }
    return rc;
}

static int connect_link(hoot_binlog *binlog, hoot_arena *arena, hoot_error *err)
{
    bool first = binlog->safe.offset == 0;
    int rc = connect_any(binlog, err);

    if (rc < 0)
        return rc;
    binlog->maria = strcasestr(binlog->link->server_version, "mariadb") != NULL;
    rc = introduce(binlog, arena, err);
    if (rc == 0 && first)
        rc = begin(binlog, arena, err);
    if (rc == 0)
        rc = tell_gtid(binlog, arena, err);
    if (rc == 0)
        rc = register_replica(binlog, err);
    if (rc == 0)
        rc = ask_for_log(binlog, err);
    if (rc == 0 && binlog->safe.offset == 0)
        binlog->safe.offset = HOOT__BIN_FIRST_OFFSET;
    return rc;
}

int hoot__bin_connect(hoot_binlog *binlog, hoot_error *err)
{
    hoot_arena *arena = hoot_arena_new(0);
    int rc = hoot_error_set(err, HOOT_ENOMEM, "no memory for a connection");

    hoot_timeout (binlog->target.connect_timeout_ms)
        if (arena)
            rc = connect_link(binlog, arena, err);
    hoot_arena_free(arena);
    binlog->silent_ms = 0;
    if (rc < 0) {
        hoot__bin_disconnect(binlog);
        return rc;
    }
    binlog->place = binlog->safe;
    hoot_error_clear(err);
    return 0;
}

static uint64_t most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

void hoot__bin_disconnect(hoot_binlog *binlog)
{
    if (binlog->link)
        binlog->link->driver->close(binlog->link);
    binlog->link = NULL;
    binlog->reading_rows = false;
    binlog->in_transaction = binlog->begun = binlog->has_gtid = false;
    hoot_buf_clear(&binlog->gtid_text);
    binlog->rows_skipped = most(binlog->rows_skipped, binlog->rows_seen);
    binlog->others_skipped = most(binlog->others_skipped, binlog->others_seen);
    binlog->rows_seen = binlog->others_seen = 0;
    hoot__bin_tables_clear(binlog); /* another server, or the same after a restart, numbers anew */
}

/* --- reading --- */

static size_t bytes_there(const hoot__my_channel *channel)
{
    return channel->joined.len + hoot__reader_bytes(&channel->reader).len;
}

/* The next packet, or HOOT_ECONNLOST when the server has been silent for too long. */
static int read_packet(hoot_binlog *binlog, hoot__my_packet *out, hoot_error *err)
{
    hoot__my_channel *channel = &hoot__my_link_of(binlog->link)->channel;
    uint64_t limit = (uint64_t)HEARTBEATS_MISSED * binlog->options.heartbeat_ms;
    size_t before = bytes_there(channel);
    uint64_t start = hoot_now_ms();
    hoot_timeout_scope scope;
    int rc;

    scope = hoot_timeout_begin(limit - binlog->silent_ms);
    rc = hoot__my_channel_read(channel, true, out, err);
    hoot_timeout_end(&scope);
    if (rc != HOOT_ETIMEOUT || bytes_there(channel) > before)
        binlog->silent_ms = 0;
    else
        binlog->silent_ms = most(binlog->silent_ms + hoot_now_ms() - start, 1);
    if (rc != HOOT_ETIMEOUT || binlog->silent_ms < limit)
        return rc;
    return hoot_error_set(err, HOOT_ECONNLOST, "the server has been silent for %llu ms",
                          (unsigned long long)limit);
}

static int refused(hoot_binlog *binlog, hoot_str packet, hoot_error *err)
{
    hoot__my_refusal refusal;
    int rc;

    if (!hoot__my_refusal_parse(packet, &refusal))
        return hoot_error_set(err, HOOT_EPROTOCOL, "the server sent a malformed error");
    rc = hoot__my_refusal_to_error(&refusal, err);
    hoot__bin_disconnect(binlog);
    return rc;
}

/* What the caller is told: a stream that fails in whatever way is a connection lost. */
static int read_failed(hoot_binlog *binlog, int rc, hoot_error *err)
{
    if (rc == HOOT_ETIMEOUT || rc == HOOT_ECANCELED)
        return rc;
    if ((rc < 0 && rc > -4096) || rc == HOOT_EEOF || rc == HOOT_ECLOSED) {
        rc = HOOT_ECONNLOST;
        if (err)
            err->code = rc;
        (void)hoot_error_prefix(err, "the connection was lost");
    }
    (void)hoot__my_say_where(binlog->link->target, err);
    hoot__bin_disconnect(binlog);
    return rc;
}

/* Servers say EOF too when they stop, and when the connection is killed. */
static int ended(hoot_binlog *binlog, hoot_error *err)
{
    if (!binlog->options.stop_at_end)
        return read_failed(binlog, hoot_error_set(err, HOOT_EEOF, "the server ended the log"), err);
    hoot__bin_disconnect(binlog);
    return 0;
}

int hoot__bin_read(hoot_binlog *binlog, hoot_str *out_event, hoot_error *err)
{
    hoot__my_packet packet;
    uint64_t limit = (uint64_t)HEARTBEATS_MISSED * binlog->options.heartbeat_ms;
    int rc;

    hoot__my_channel_trim(&hoot__my_link_of(binlog->link)->channel);
    do
        rc = read_packet(binlog, &packet, err);
    while (rc == HOOT_ETIMEOUT && hoot_check_canceled() == 0 && binlog->silent_ms < limit);
    if (rc < 0)
        return read_failed(binlog, rc, err);
    *out_event = hoot_str_of(packet.ptr, packet.len);
    switch (packet.len ? (uint8_t)packet.ptr[0] : 1) {
    case HOOT__MY_OK: *out_event = hoot_str_from_index(*out_event, 1); return 1;
    case HOOT__MY_EOF: return ended(binlog, err);
    case HOOT__MY_ERR: return refused(binlog, *out_event, err);
    default:
        return read_failed(binlog, hoot_error_set(err, HOOT_EPROTOCOL, "a packet that is no event came"),
                           err);
    }
}

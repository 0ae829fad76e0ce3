/* The answer to one command. `move_to` is the one place that changes `due`. */
#include "reply.h"

#include "protocol.h"

#include <assert.h>

/* Which states may follow which: rows are from, bits are to. */
#define TO(state) (1u << HOOT__MY_DUE_##state)
static const unsigned moves[] = {
    [HOOT__MY_DUE_NOTHING] = TO(RESULT) | TO(PREPARED),
    [HOOT__MY_DUE_RESULT] = TO(RESULT) | TO(COLUMN) | TO(COLUMNS_END) | TO(ROW) | TO(NOTHING),
    [HOOT__MY_DUE_COLUMN] = TO(COLUMNS_END) | TO(ROW) | TO(NOTHING),
    [HOOT__MY_DUE_COLUMNS_END] = TO(ROW) | TO(NOTHING),
    [HOOT__MY_DUE_ROW] = TO(RESULT) | TO(NOTHING),
    [HOOT__MY_DUE_PREPARED] = TO(FIELD) | TO(NOTHING),
    [HOOT__MY_DUE_FIELD] = TO(FIELD) | TO(FIELDS_END) | TO(NOTHING),
    [HOOT__MY_DUE_FIELDS_END] = TO(FIELD) | TO(NOTHING),
};

static void move_to(hoot__my_reply *reply, hoot__my_due due)
{
    assert(moves[reply->due] & 1u << due);
    reply->due = due;
}

static void begin(hoot__my_reply *reply, uint32_t capabilities)
{
    memset(reply, 0, offsetof(hoot__my_reply, refusal));
    reply->deprecate_eof = (capabilities & HOOT__MY_CAP_DEPRECATE_EOF) != 0;
    reply->tracked = (capabilities & HOOT__MY_CAP_SESSION_TRACK) != 0;
    reply->caches = (capabilities & HOOT__MY_CAP_CACHES_COLUMNS) != 0;
}

void hoot__my_reply_begin(hoot__my_reply *reply, uint32_t capabilities, bool binary,
                          hoot__my_columns *columns)
{
    begin(reply, capabilities);
    reply->binary = binary;
    reply->columns = columns;
    move_to(reply, HOOT__MY_DUE_RESULT);
}

void hoot__my_reply_begin_prepare(hoot__my_reply *reply, uint32_t capabilities, hoot__my_columns *columns)
{
    begin(reply, capabilities);
    reply->columns = columns;
    move_to(reply, HOOT__MY_DUE_PREPARED);
}

static int broken(hoot_error *err, const char *what)
{
    return hoot_error_set(err, HOOT_EPROTOCOL, "%s", what);
}

static uint8_t first_byte(hoot_str packet)
{
    return packet.len ? (uint8_t)packet.ptr[0] : 0;
}

/* An EOF of the old kind is 5 bytes; anything from 9 on that begins with 0xfe is a long cell. */
static bool is_eof(hoot_str packet)
{
    return packet.len > 0 && packet.len < 9 && first_byte(packet) == HOOT__MY_EOF;
}

static bool is_end_of_rows(const hoot__my_reply *reply, hoot_str packet)
{
    if (!reply->deprecate_eof)
        return is_eof(packet);
    return packet.len > 0 && packet.len < HOOT__MY_PACKET_MAX && first_byte(packet) == HOOT__MY_EOF;
}

static int refused(hoot__my_reply *reply, hoot_str packet, hoot_error *err)
{
    if (!hoot__my_refusal_parse(packet, &reply->refusal))
        return broken(err, "an error packet is cut short");
    move_to(reply, HOOT__MY_DUE_NOTHING);
    return HOOT__MY_REFUSED;
}

/* One result is complete: another follows, or nothing does. */
static int ended(hoot__my_reply *reply, hoot__my_event event)
{
    move_to(reply,
            (reply->ok.status & HOOT__MY_STATUS_MORE_RESULTS) ? HOOT__MY_DUE_RESULT : HOOT__MY_DUE_NOTHING);
    return event;
}

static int feed_ok(hoot__my_reply *reply, hoot_str packet, hoot_error *err)
{
    if (!hoot__my_ok_parse(packet, reply->tracked, &reply->ok))
        return broken(err, "an OK packet has lengths that do not fit");
    return ended(reply, HOOT__MY_DONE);
}

static int columns_done(hoot__my_reply *reply)
{
    move_to(reply, HOOT__MY_DUE_ROW);
    return HOOT__MY_COLUMNS;
}

/* The columns are those that were told before. */
static int take_known_columns(hoot__my_reply *reply, uint64_t count, hoot_error *err)
{
    if (reply->columns && (!reply->binary || reply->columns->count != count))
        return broken(err, "a result comes without its columns, which are not known");
    if (reply->deprecate_eof)
        return columns_done(reply);
    move_to(reply, HOOT__MY_DUE_COLUMNS_END);
    return HOOT__MY_GOES_ON;
}

/*     number (lenenc), [1: the columns follow, 0: they are as before] */
static int feed_column_count(hoot__my_reply *reply, hoot_str packet, hoot_error *err)
{
    hoot__my_in in = hoot__my_in_of(packet.ptr, packet.len);
    uint64_t count = hoot__my_lenenc(&in);
    bool follow = !reply->caches || hoot__my_u8(&in) != 0;

    if (!hoot__my_spent(&in) || count == 0 || count > HOOT__MY_COLUMNS_MAX)
        return broken(err, "a result announces an impossible number of columns");
    if (!follow)
        return take_known_columns(reply, count, err);
    if (reply->columns)
        hoot__my_columns_clear(reply->columns);
    reply->left = (uint32_t)count;
    move_to(reply, HOOT__MY_DUE_COLUMN);
    return HOOT__MY_GOES_ON;
}

/* Once, for a statement that was sent with bytes for it. */
static int feed_file_request(hoot__my_reply *reply, hoot_error *err)
{
    if (!reply->takes_file)
        return broken(err, "the server asks for a local file (LOAD DATA LOCAL), which is never sent");
    reply->takes_file = false;
    return HOOT__MY_FILE;
}

static int feed_result(hoot__my_reply *reply, hoot_str packet, hoot_error *err)
{
    if (packet.len == 0)
        return broken(err, "an empty packet came where a result begins");
    switch (first_byte(packet)) {
    case HOOT__MY_OK: return feed_ok(reply, packet, err);
    case HOOT__MY_LOCAL_INFILE: return feed_file_request(reply, err);
    default: return feed_column_count(reply, packet, err);
    }
}

static int add_column(hoot__my_reply *reply, hoot_str packet, hoot_error *err)
{
    int rc = reply->columns ? hoot__my_columns_add(reply->columns, packet) : 0;

    if (rc < 0)
        return rc == HOOT_EPROTOCOL ? broken(err, "a column definition is cut short")
                                    : hoot_error_set(err, rc, "column definitions: %s", hoot_error_text(rc));
    if (--reply->left == 0 && reply->columns)
        hoot__my_columns_finish(reply->columns);
    return 0;
}

static int feed_column(hoot__my_reply *reply, hoot_str packet, hoot_error *err)
{
    int rc = add_column(reply, packet, err);

    if (rc < 0)
        return rc;
    if (reply->left > 0)
        return HOOT__MY_GOES_ON;
    if (reply->deprecate_eof)
        return columns_done(reply);
    move_to(reply, HOOT__MY_DUE_COLUMNS_END);
    return HOOT__MY_GOES_ON;
}

static int feed_columns_end(hoot__my_reply *reply, hoot_str packet, hoot_error *err)
{
    if (!is_eof(packet) || !hoot__my_eof_parse(packet, &reply->ok))
        return broken(err, "the columns of a result do not end where they should");
    return columns_done(reply);
}

static int feed_row(hoot__my_reply *reply, hoot_str packet, hoot_error *err)
{
    if (is_end_of_rows(reply, packet)) {
        bool good = reply->deprecate_eof ? hoot__my_ok_parse(packet, reply->tracked, &reply->ok)
                                         : hoot__my_eof_parse(packet, &reply->ok);

        return good ? ended(reply, HOOT__MY_ROWS_END)
                    : broken(err, "the packet that ends the rows is malformed");
    }
    if (packet.len == 0 || (reply->binary && first_byte(packet) != HOOT__MY_OK))
        return broken(err, "a packet is no row");
    return HOOT__MY_ROW;
}

/* Definitions of parameters come first, then those of columns; either may be none. */
static void expect_fields(hoot__my_reply *reply, uint32_t count)
{
    if (count == 0) {
        count = reply->fields;
        reply->fields = 0;
        reply->in_columns = true;
    }
    reply->left = count;
    move_to(reply, count ? HOOT__MY_DUE_FIELD : HOOT__MY_DUE_NOTHING);
}

static int feed_prepared(hoot__my_reply *reply, hoot_str packet, hoot_error *err)
{
    if (packet.len == 0 || first_byte(packet) != HOOT__MY_OK ||
        !hoot__my_prepared_parse(packet, &reply->prepared))
        return broken(err, "the answer to PREPARE is cut short");
    reply->has_prepared = true;
    reply->fields = reply->prepared.columns;
    expect_fields(reply, reply->prepared.params);
    return HOOT__MY_PREPARED;
}

/* Those of parameters say nothing. */
static int feed_field(hoot__my_reply *reply, hoot_str packet, hoot_error *err)
{
    int rc = 0;

    if (reply->in_columns)
        rc = add_column(reply, packet, err);
    else
        reply->left--;
    if (rc < 0 || reply->left > 0)
        return rc < 0 ? rc : HOOT__MY_GOES_ON;
    if (reply->deprecate_eof)
        expect_fields(reply, 0);
    else
        move_to(reply, HOOT__MY_DUE_FIELDS_END);
    return HOOT__MY_GOES_ON;
}

static int feed_fields_end(hoot__my_reply *reply, hoot_str packet, hoot_error *err)
{
    if (!is_eof(packet))
        return broken(err, "the definitions of a prepared statement do not end where they should");
    expect_fields(reply, 0);
    return HOOT__MY_GOES_ON;
}

int hoot__my_reply_feed(hoot__my_reply *reply, hoot_str packet, hoot_error *err)
{
    /* Nothing else that an answer is made of begins with 0xff, and a server may give up anywhere. */
    if (reply->due != HOOT__MY_DUE_NOTHING && first_byte(packet) == HOOT__MY_ERR)
        return refused(reply, packet, err);
    switch (reply->due) {
    case HOOT__MY_DUE_RESULT: return feed_result(reply, packet, err);
    case HOOT__MY_DUE_COLUMN: return feed_column(reply, packet, err);
    case HOOT__MY_DUE_COLUMNS_END: return feed_columns_end(reply, packet, err);
    case HOOT__MY_DUE_ROW: return feed_row(reply, packet, err);
    case HOOT__MY_DUE_PREPARED: return feed_prepared(reply, packet, err);
    case HOOT__MY_DUE_FIELD: return feed_field(reply, packet, err);
    case HOOT__MY_DUE_FIELDS_END: return feed_fields_end(reply, packet, err);
    case HOOT__MY_DUE_NOTHING: break;
    }
    return broken(err, "a packet came that nothing had asked for");
}

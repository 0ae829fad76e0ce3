/* Opening, closing and the steps that every command is made of.
 *
 *     LOGIN -> IDLE <-> BUSY -> UNFINISHED -> (recover) -> IDLE
 *        \________\_______\__________\______> BROKEN
 *
 * A connection is opened by: greeting, login, then one write with two statements: the session's setup, and
 * the question for max_allowed_packet. All of it is bounded by the task's deadline. */
#include "connection.h"

#include "driver.h"
#include "login.h"
#include "protocol.h"

#include "base/alloc.h"

#include <assert.h>
#include <errno.h>

enum {
    KEEPALIVE_SECONDS = 30,
    COMMAND_KEEP = 16 * 1024,             /* a larger command's buffer is let go */
    MAX_COMMAND_UNTOLD = 4 * 1024 * 1024, /* until the server has told its max_allowed_packet */
};

#define SETUP           "SET NAMES utf8mb4, SESSION autocommit = 1"
#define SETUP_TRACKING  ", SESSION session_track_schema = ON, SESSION session_track_state_change = ON"
#define ASK_MAX_COMMAND "SELECT @@max_allowed_packet"

/* --- states --- */

#define TO(state) (1u << HOOT__MY_##state)
static const unsigned moves[] = {
    [HOOT__MY_LOGIN] = TO(IDLE) | TO(BROKEN),
    [HOOT__MY_IDLE] = TO(BUSY) | TO(BROKEN),
    [HOOT__MY_BUSY] = TO(IDLE) | TO(UNFINISHED) | TO(BROKEN),
    [HOOT__MY_UNFINISHED] = TO(BUSY) | TO(BROKEN),
    [HOOT__MY_BROKEN] = TO(BROKEN),
};

void hoot__my_move_to(hoot__my_link *link, hoot__my_state state)
{
    assert(moves[link->state] & 1u << state);
    link->state = state;
    link->base.unfinished = state == HOOT__MY_UNFINISHED;
    link->base.broken = state == HOOT__MY_BROKEN;
}

int hoot__my_check_idle(hoot__my_link *link, hoot_error *err)
{
    int rc = hoot_check_canceled();

    if (link->state == HOOT__MY_BROKEN)
        return hoot_error_set(err, HOOT_ECONNLOST, "the connection to the database is broken");
    if (link->state != HOOT__MY_IDLE)
        return hoot_error_set(err, HOOT_ESTATE, "the connection is in the middle of another statement");
    return rc < 0 ? hoot_error_set(err, rc, "%s before the statement was sent", hoot_error_text(rc)) : 0;
}

/* --- errors --- */

static int say_where(const hoot_target *target, hoot_error *err)
{
    if (target->socket[0])
        return hoot_error_prefix(err, "mysql %s", target->socket);
    return hoot_error_prefix(err, "mysql %s:%u", target->host, (unsigned)target->port);
}

int hoot__my_fail(hoot__my_link *link, int rc, hoot_error *err)
{
    bool interrupted = rc == HOOT_ETIMEOUT || rc == HOOT_ECANCELED;

    if (rc < 0 && rc > -4096) /* -errno: of the stream */
        rc = HOOT_ECONNLOST;
    if (rc == HOOT_EEOF || rc == HOOT_ECLOSED)
        rc = HOOT_ECONNLOST;
    if (err)
        err->code = rc;
    if (rc == HOOT_ECONNLOST && err && !err->server_code)
        (void)hoot_error_prefix(err, "the connection was lost");
    (void)say_where(link->base.target, err);
    if (link->state == HOOT__MY_BUSY && interrupted && !link->channel.torn)
        hoot__my_move_to(link, HOOT__MY_UNFINISHED);
    else
        hoot__my_move_to(link, HOOT__MY_BROKEN);
    return rc;
}

/* The packet that came out of turn may be the server's goodbye: an error that was on its way before our
 * command ("4031: disconnected for inactivity", a shutdown). Its own words say more than the number. */
static int last_words(const hoot__my_packet *packet, int rc, hoot_error *err)
{
    hoot__my_refusal refusal;

    if (packet->len == 0 || !hoot__my_refusal_parse(hoot_str_of(packet->ptr, packet->len), &refusal))
        return rc;
    (void)hoot__my_refusal_to_error(&refusal, err);
    return HOOT_ECONNLOST;
}

int hoot__my_refuse(hoot__my_link *link, hoot_error *err)
{
    int rc = hoot__my_refusal_to_error(&link->reply.refusal, err);

    if (link->changes_state)
        link->base.state_changed = true;
    if (hoot__my_refusal_is_final(link->reply.refusal.code)) {
        hoot__my_move_to(link, HOOT__MY_BROKEN);
        return rc;
    }
    hoot__my_move_to(link, HOOT__MY_IDLE);
    return rc;
}

/* --- sending --- */

/* The command could not be written. When the server has closed, its reason may be waiting to be read. */
static int fail_sending(hoot__my_link *link, int rc, hoot_error *err)
{
    hoot__my_packet packet = { NULL, 0 };

    hoot_error_set(err, rc, "%s", hoot_error_text(rc));
    if (rc != HOOT_ETIMEOUT && rc != HOOT_ECANCELED && rc != HOOT_ENOMEM) {
        link->channel.sequence = UINT8_MAX; /* whatever comes is out of turn */
        if (hoot__my_channel_read(&link->channel, false, &packet, NULL) < 0)
            rc = last_words(&packet, rc, err);
        link->channel.torn = true;
    }
    return hoot__my_fail(link, rc, err);
}

/* Closings go out with it. They have no answer. */
static int write_closings(hoot__my_link *link)
{
    hoot_buf *closing = &link->statements.closing;
    int rc = hoot_buf_add_str(&link->channel.stream->out, hoot_buf_str(closing));

    if (rc == 0)
        hoot_buf_clear(closing);
    return rc;
}

int hoot__my_send(hoot__my_link *link, hoot_error *err)
{
    int rc = hoot__my_put_check(&link->command);

    if (rc < 0)
        return hoot_error_set(err, rc, "no memory for a statement of %zu bytes", link->command.len);
    hoot__my_channel_trim(&link->channel);
    rc = write_closings(link);
    if (rc < 0)
        return hoot_error_set(err, rc, "%s", hoot_error_text(rc));
    hoot__my_move_to(link, HOOT__MY_BUSY);
    link->channel.sequence = 0;
    rc = hoot__my_channel_write(&link->channel, hoot_buf_str(&link->command));
    if (rc == 0)
        rc = hoot__my_channel_flush(&link->channel);
    if (link->command.capacity > COMMAND_KEEP)
        hoot_buf_fini(&link->command);
    return rc < 0 ? fail_sending(link, rc, err) : 0;
}

/* --- reading --- */

static bool tracks(const hoot__my_link *link)
{
    return (link->greeting.capabilities & HOOT__MY_CAP_SESSION_TRACK) != 0;
}

/* What an OK or EOF says of the session. */
static void note_status(hoot__my_link *link)
{
    const hoot__my_ok *ok = &link->reply.ok;

    link->base.in_transaction = (ok->status & HOOT__MY_STATUS_IN_TRANS) != 0;
    if (ok->state_changed || !(ok->status & HOOT__MY_STATUS_AUTOCOMMIT) || link->changes_state)
        link->base.state_changed = true;
    if (ok->schema_changed || (link->changes_state && !tracks(link)))
        link->schema_changed = true;
}

/* LOAD DATA LOCAL is answered by an empty packet: no file. The server may say what it thinks of that to
 * nobody. */
static void send_no_file(hoot__my_link *link)
{
    if (hoot__my_channel_write(&link->channel, hoot_str_of("", 0)) == 0)
        (void)hoot__my_channel_flush(&link->channel);
}

static bool is_file_request(const hoot__my_link *link, const hoot__my_packet *packet)
{
    return link->reply.due == HOOT__MY_DUE_RESULT && packet->len > 0 &&
           (uint8_t)packet->ptr[0] == HOOT__MY_LOCAL_INFILE;
}

int hoot__my_step(hoot__my_link *link, bool wait, hoot__my_packet *out_packet, hoot_error *err)
{
    int rc = hoot__my_channel_read(&link->channel, wait, out_packet, err);

    if (rc < 0)
        return hoot__my_fail(link, last_words(out_packet, rc, err), err);
    if (rc == 0) {
        out_packet->ptr = NULL;
        return HOOT__MY_GOES_ON;
    }
    if (is_file_request(link, out_packet))
        send_no_file(link);
    rc = hoot__my_reply_feed(&link->reply, hoot_str_of(out_packet->ptr, out_packet->len), err);
    if (rc < 0)
        return hoot__my_fail(link, rc, err);
    if (rc == HOOT__MY_DONE || rc == HOOT__MY_ROWS_END)
        note_status(link);
    return rc;
}

int hoot__my_finish(hoot__my_link *link, hoot_error *err)
{
    hoot__my_packet packet;

    while (link->reply.due != HOOT__MY_DUE_NOTHING) {
        int rc = hoot__my_step(link, true, &packet, err);

        if (rc < 0)
            return rc;
        if (rc == HOOT__MY_REFUSED)
            return hoot__my_refuse(link, err);
    }
    hoot__my_move_to(link, HOOT__MY_IDLE);
    return 0;
}

int hoot__my_simple(hoot__my_link *link, uint8_t command, hoot_error *err)
{
    int rc;

    hoot_buf_clear(&link->command);
    hoot__my_put_u8(&link->command, command);
    link->changes_state = false;
    hoot__my_reply_begin(&link->reply, link->greeting.capabilities, false, NULL);
    rc = hoot__my_send(link, err);
    return rc < 0 ? rc : hoot__my_finish(link, err);
}

/* --- opening --- */

int hoot__my_write(hoot__my_link *link, uint8_t command, const char *text, const char *more)
{
    int rc;

    hoot_buf_clear(&link->command);
    hoot__my_put_u8(&link->command, command);
    (void)hoot_buf_add_str(&link->command, hoot_str_from(text));
    (void)hoot_buf_add_str(&link->command, hoot_str_from(more));
    rc = hoot__my_put_check(&link->command);
    link->channel.sequence = 0;
    return rc < 0 ? rc : hoot__my_channel_write(&link->channel, hoot_buf_str(&link->command));
}

int hoot__my_write_setup(hoot__my_link *link)
{
    return hoot__my_write(link, HOOT__MY_COM_QUERY, SETUP, tracks(link) ? SETUP_TRACKING : "");
}

void hoot__my_begin_answer(hoot__my_link *link, hoot__my_columns *columns)
{
    hoot__my_move_to(link, HOOT__MY_BUSY);
    hoot__my_reply_begin(&link->reply, link->greeting.capabilities, false, columns);
    link->changes_state = false;
    link->channel.sequence = 1;
}

int hoot__my_read_setup(hoot__my_link *link, hoot_error *err)
{
    int rc;

    hoot__my_begin_answer(link, NULL);
    rc = hoot__my_finish(link, err);
    link->base.state_changed = link->schema_changed = false; /* the setup itself is reported, of course */
    if (rc < 0)
        (void)hoot_error_prefix(err, "setting up the session");
    return rc;
}

static int read_max_command(hoot__my_link *link, hoot_error *err)
{
    const hoot_value *cells;
    int rc;

    hoot__my_begin_answer(link, &link->columns);
    do {
        hoot__my_packet packet;

        rc = hoot__my_step(link, true, &packet, err);
    } while (rc == HOOT__MY_GOES_ON);
    if (rc == HOOT__MY_REFUSED)
        return hoot__my_refuse(link, err);
    if (rc < 0)
        return rc;
    if (rc != HOOT__MY_COLUMNS || link->columns.count != 1)
        return hoot__my_fail(link, hoot_error_set(err, HOOT_EPROTOCOL, "no answer to " ASK_MAX_COMMAND), err);
    rc = hoot__my_next_row(&link->base, &cells, err);
    if (rc == 1 && cells[0].kind == HOOT_UINT && cells[0].u64 > 0)
        link->max_command = cells[0].u64 < HOOT__MY_PAYLOAD_MAX ? (size_t)cells[0].u64 : HOOT__MY_PAYLOAD_MAX;
    if (rc == 1 && cells[0].kind == HOOT_INT && cells[0].i64 > 0)
        link->max_command =
            (uint64_t)cells[0].i64 < HOOT__MY_PAYLOAD_MAX ? (size_t)cells[0].i64 : HOOT__MY_PAYLOAD_MAX;
    return rc < 0 ? rc : hoot__my_finish(link, err);
}

static int set_up(hoot__my_link *link, hoot_error *err)
{
    int rc = hoot__my_write_setup(link);

    if (rc == 0)
        rc = hoot__my_write(link, HOOT__MY_COM_QUERY, ASK_MAX_COMMAND, "");
    if (rc == 0)
        rc = hoot__my_channel_flush(&link->channel);
    if (rc < 0)
        return hoot__my_fail(link, hoot_error_set(err, rc, "%s", hoot_error_text(rc)), err);
    rc = hoot__my_read_setup(link, err);
    return rc < 0 ? rc : read_max_command(link, err);
}

static int say(hoot_error *err, int rc, const char *what)
{
    (void)hoot_error_prefix(err, "%s", what);
    return rc;
}

/* The first packet: the greeting, or why there is none. */
static int read_greeting(hoot__my_link *link, hoot_error *err)
{
    hoot__my_packet packet;
    hoot__my_refusal refusal;
    int rc = hoot__my_channel_read(&link->channel, true, &packet, err);

    if (rc < 0)
        return say(err, rc, "waiting for the server's greeting");
    if (packet.len > 0 && (uint8_t)packet.ptr[0] == HOOT__MY_ERR &&
        hoot__my_refusal_parse(hoot_str_of(packet.ptr, packet.len), &refusal)) {
        (void)hoot__my_refusal_to_error(&refusal, err);
        rc = hoot__my_code_of_login_refusal(refusal.code);
        if (err)
            err->code = rc;
        return rc;
    }
    return hoot__my_greeting_parse(hoot_str_of(packet.ptr, packet.len), &link->greeting, err);
}

static int log_in(hoot__my_link *link, hoot_error *err)
{
    const hoot_target *target = link->base.target;
    int rc = read_greeting(link, err);

    if (rc < 0)
        return rc;
    link->base.server_version = link->greeting.version;
    link->base.id = link->greeting.connection_id;
    link->greeting.capabilities = hoot__my_capabilities(&link->greeting, target->database[0] != '\0');
    if (target->database[0] && !(link->greeting.capabilities & HOOT__MY_CAP_CONNECT_WITH_DB))
        return hoot_error_set(err, HOOT_EPROTOCOL, "the server cannot open a database at login");
    rc = hoot__my_login(&link->channel, target, &link->greeting, err);
    if (rc < 0)
        return rc;
    hoot__my_move_to(link, HOOT__MY_IDLE);
    return set_up(link, err);
}

static void link_free(hoot__my_link *link)
{
    hoot__my_channel_fini(&link->channel);
    hoot__my_columns_fini(&link->columns);
    hoot__my_statements_fini(&link->statements);
    hoot_buf_fini(&link->command);
    hoot__free(link);
}

/* What is missing between a failure while connecting and the caller's view of it: a stream that ends means no
 * connection. */
static int connect_failed(int rc, hoot_error *err)
{
    if ((rc < 0 && rc > -4096) || rc == HOOT_EEOF || rc == HOOT_ECLOSED || rc == HOOT_ECONNLOST)
        rc = HOOT_ECONNECT;
    if (err)
        err->code = rc;
    return rc;
}

int hoot__my_link_open(const hoot_target *target, hoot_stream *stream, hoot__my_link **out_link,
                       hoot_error *err)
{
    hoot__my_link *link = hoot__calloc(1, sizeof(*link));
    int rc;

    if (!link) {
        hoot_stream_close(stream);
        return hoot_error_set(err, HOOT_ENOMEM, "no memory for a connection");
    }
    link->base.driver = &hoot__mysql_driver;
    link->base.target = target;
    link->max_command = MAX_COMMAND_UNTOLD;
    hoot__my_channel_init(&link->channel, stream, target->max_answer_bytes);
    hoot__my_columns_init(&link->columns);
    hoot__my_statements_init(&link->statements, target->statement_cache);
    hoot_buf_init(&link->command, HOOT__MY_PAYLOAD_MAX);
    rc = log_in(link, err);
    if (rc < 0) {
        if (link->state == HOOT__MY_LOGIN)
            (void)say_where(target, err);
        link_free(link);
        return connect_failed(rc, err);
    }
    *out_link = link;
    return 0;
}

int hoot__my_connect(const hoot_target *target, hoot_link **out_link, hoot_error *err)
{
    hoot_stream *stream = target->socket[0] ? hoot__connect_unix(target->socket, err)
                                            : hoot__connect_tcp(target->host, target->port, err);
    hoot__my_link *link;
    int rc;

    if (!stream)
        return connect_failed(hoot_error_code(err), err);
    hoot__stream_keepalive(stream, KEEPALIVE_SECONDS);
    rc = hoot__my_link_open(target, stream, &link, err);
    if (rc == 0)
        *out_link = &link->base;
    return rc;
}

void hoot__my_close(hoot_link *base)
{
    static const char quit[] = { 1, 0, 0, 0, HOOT__MY_COM_QUIT };
    hoot__my_link *link = hoot__my_link_of(base);

    if (!link)
        return;
    if (link->state == HOOT__MY_IDLE && hoot_buf_add(&link->channel.stream->out, quit, sizeof(quit)) == 0)
        (void)hoot_stream_flush(link->channel.stream);
    link_free(link);
}

bool hoot__my_is_alive(hoot_link *base)
{
    hoot__my_link *link = hoot__my_link_of(base);

    return link->state == HOOT__MY_IDLE && hoot__my_channel_is_silent(&link->channel) &&
           hoot_stream_is_alive(link->channel.stream);
}

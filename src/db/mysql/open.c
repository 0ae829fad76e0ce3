/* Opening and closing a connection.
 *
 * It is opened by: greeting, login, then one write with two statements: the session's setup, and the question
 * for max_allowed_packet. All of it is bounded by the task's deadline. TLS will stand between greeting and
 * login. */
#include "connection.h"

#include "driver.h"
#include "login.h"
#include "protocol.h"

#include "base/alloc.h"

enum {
    KEEPALIVE_SECONDS = 30,
    MAX_COMMAND_UNTOLD = 4 * 1024 * 1024, /* until the server has told its max_allowed_packet */
};

#define SETUP           "SET NAMES utf8mb4, SESSION autocommit = 1"
#define SETUP_TRACKING  ", SESSION session_track_schema = ON, SESSION session_track_state_change = ON"
#define ASK_MAX_COMMAND "SELECT @@max_allowed_packet"

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
    return hoot__my_write(link, HOOT__MY_COM_QUERY, SETUP, hoot__my_is_tracked(link) ? SETUP_TRACKING : "");
}

void hoot__my_begin_answer(hoot__my_link *link, hoot__my_columns *columns)
{
    hoot__my_move_to(link, HOOT__MY_BUSY);
    hoot__my_reply_begin(&link->reply, link->greeting.capabilities, false, columns);
    link->effect = HOOT__MY_LEAVES_NOTHING;
    link->channel.sequence = 1;
}

int hoot__my_read_setup(hoot__my_link *link, hoot_error *err)
{
    int rc;

    hoot__my_begin_answer(link, NULL);
    rc = hoot__my_finish(link, err);
    link->base.state_changed = false; /* the setup itself is reported, of course */
    if (rc < 0)
        (void)hoot_error_prefix(err, "setting up the session");
    return rc;
}

static void note_max_command(hoot__my_link *link, const hoot_value *cell)
{
    uint64_t bytes = cell->kind == HOOT_UINT                   ? cell->u64
                     : cell->kind == HOOT_INT && cell->i64 > 0 ? (uint64_t)cell->i64
                                                               : 0;

    if (bytes > 0)
        link->max_command = bytes < HOOT__MY_PAYLOAD_MAX ? (size_t)bytes : HOOT__MY_PAYLOAD_MAX;
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
    if (rc <= 0)
        return rc;
    note_max_command(link, &cells[0]);
    return hoot__my_finish(link, err);
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

/* What we can only by option, and what MariaDB alone can. */
static void add_capabilities(hoot__my_greeting *greeting, uint32_t theirs, const hoot_target *target)
{
    if (target->multi_statements)
        greeting->capabilities |= theirs & HOOT__MY_CAP_MULTI_STATEMENTS;
    if (target->local_infile)
        greeting->capabilities |= theirs & HOOT__MY_CAP_LOCAL_FILES;
    greeting->mariadb_capabilities &= HOOT__MY_MARIADB_CAP_BULK;
}

static int log_in(hoot__my_link *link, hoot_error *err)
{
    const hoot_target *target = link->base.target;
    int rc = read_greeting(link, err);
    uint32_t theirs = link->greeting.capabilities;

    if (rc < 0)
        return rc;
    link->base.server_version = link->greeting.version;
    link->base.id = link->greeting.connection_id;
    link->greeting.capabilities = hoot__my_capabilities(&link->greeting, target->database[0] != '\0');
    add_capabilities(&link->greeting, theirs, target);
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
            (void)hoot__my_say_where(target, err);
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

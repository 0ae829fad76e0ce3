/* Opening and closing a connection.
 *
 * It is opened by: greeting, TLS (secure.c), login, then the session's setup in one write (setup.c). All of
 * it is bounded by the task's deadline. */
#include "connection.h"

#include "driver.h"
#include "login.h"
#include "protocol.h"

#include "base/alloc.h"

enum { MAX_COMMAND_UNTOLD = 4 * 1024 * 1024 }; /* until the server has told its max_allowed_packet */

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

void hoot__my_begin_answer(hoot__my_link *link, hoot__my_columns *columns)
{
    hoot__my_move_to(link, HOOT__MY_BUSY);
    link->shown = &link->columns;
    hoot__my_reply_begin(&link->reply, link->greeting.capabilities, false, columns);
    link->effect = HOOT__MY_LEAVES_NOTHING;
    link->channel.sequence = 1;
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
    if (target->found_rows)
        greeting->capabilities |= theirs & HOOT__MY_CAP_FOUND_ROWS;
    if (target->compress)
        greeting->capabilities |= theirs & HOOT__MY_CAP_COMPRESS;
    greeting->mariadb_capabilities &= HOOT__MY_MARIADB_CAP_BULK | HOOT__MY_MARIADB_CAP_CACHE_COLUMNS;
}

static int log_in(hoot__my_link *link, hoot_error *err)
{
    const hoot_target *target = link->base.target;
    int rc = read_greeting(link, err);
    uint32_t theirs = link->greeting.capabilities;

    if (rc < 0)
        return rc;
    link->base.server_version = link->greeting.version;
    link->statements.typed = !link->greeting.is_mariadb;
    link->base.id = link->greeting.connection_id;
    link->greeting.capabilities = hoot__my_capabilities(&link->greeting, target->database[0] != '\0');
    add_capabilities(&link->greeting, theirs, target);
    rc = hoot__my_secure(link, theirs, err);
    if (rc < 0)
        return rc;
    if (target->database[0] && !(link->greeting.capabilities & HOOT__MY_CAP_CONNECT_WITH_DB))
        return hoot_error_set(err, HOOT_EPROTOCOL, "the server cannot open a database at login");
    rc = hoot__my_login(&link->channel, target, &link->greeting, err);
    if (rc == 0 && (link->greeting.capabilities & HOOT__MY_CAP_COMPRESS))
        rc = hoot__my_channel_squeeze(&link->channel, err);
    if (rc < 0)
        return rc;
    if (link->greeting.mariadb_capabilities & HOOT__MY_MARIADB_CAP_CACHE_COLUMNS)
        link->greeting.capabilities |= HOOT__MY_CAP_CACHES_COLUMNS;
    hoot__my_move_to(link, HOOT__MY_IDLE);
    return hoot__my_set_up(link, err);
}

static void link_free(hoot__my_link *link)
{
    hoot__my_channel_fini(&link->channel);
    hoot__my_columns_fini(&link->columns);
    hoot__my_kept_unref(link->preparing);
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
    link->shown = &link->columns;
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

int hoot__my_connect_at(const hoot_target *target, const char *address, hoot_link **out_link, hoot_error *err)
{
    hoot_stream *stream = target->socket[0]
                              ? hoot__connect_unix(target->socket, err)
                              : hoot__connect_tcp(address ? address : target->host, target->port, err);
    hoot__my_link *link;
    int rc;

    if (!stream)
        return connect_failed(hoot_error_code(err), err);
    if (target->keepalive_s > 0)
        hoot__stream_keepalive(stream, target->keepalive_s);
    rc = hoot__my_link_open(target, stream, &link, err);
    if (rc == 0)
        *out_link = &link->base;
    return rc;
}

int hoot__my_connect(const hoot_target *target, hoot_link **out_link, hoot_error *err)
{
    return hoot__my_connect_at(target, NULL, out_link, err);
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

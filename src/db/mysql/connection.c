/* The steps that every command is made of, and the states between them.
 *
 *     LOGIN -> IDLE <-> BUSY -> UNFINISHED -> (recover) -> IDLE
 *        \________\_______\__________\______> BROKEN */
#include "connection.h"

#include "protocol.h"

#include <assert.h>

enum {
    COMMAND_KEEP = 1024,  /* a larger command's buffer is let go */
    LAST_WORDS_MS = 1000, /* how long a server that has closed may take to have said why */
};

/* --- states --- */

#define TO(state) (1u << HOOT__MY_##state)
static const unsigned moves[] = {
    [HOOT__MY_LOGIN] = TO(IDLE) | TO(BROKEN),
    [HOOT__MY_IDLE] = TO(BUSY) | TO(BROKEN),
    [HOOT__MY_BUSY] = TO(IDLE) | TO(UNFINISHED) | TO(BROKEN),
    [HOOT__MY_UNFINISHED] = TO(BUSY) | TO(BROKEN),
    [HOOT__MY_BROKEN] = TO(BROKEN),
};

/* A connection that waits for its next statement holds no buffers: they are recycled (net/block.h), so to let
 * go of them and take them again costs little. */
static void rest(hoot__my_link *link)
{
    hoot__my_channel_rest(&link->channel);
    if (link->command.capacity > COMMAND_KEEP)
        hoot_buf_fini(&link->command);
}

void hoot__my_move_to(hoot__my_link *link, hoot__my_state state)
{
    assert(moves[link->state] & 1u << state);
    if (state == HOOT__MY_IDLE)
        rest(link);
    link->state = state;
    link->base.unfinished = state == HOOT__MY_UNFINISHED;
    link->base.broken = state == HOOT__MY_BROKEN;
    link->base.more_results = false;
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

int hoot__my_say_where(const hoot_target *target, hoot_error *err)
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
    (void)hoot__my_say_where(link->base.target, err);
    if (link->state == HOOT__MY_BUSY && interrupted && !link->channel.torn)
        hoot__my_move_to(link, HOOT__MY_UNFINISHED);
    else
        hoot__my_move_to(link, HOOT__MY_BROKEN);
    return rc;
}

/* The packet that came out of turn may be the server's goodbye: an error that was on its way before our
 * command ("4031: disconnected for inactivity", a shutdown). Its own words say more than the number. */
int hoot__my_last_words(const hoot__my_packet *packet, int rc, hoot_error *err)
{
    hoot__my_refusal refusal;

    if (packet->len == 0 || !hoot__my_refusal_parse(hoot_str_of(packet->ptr, packet->len), &refusal))
        return rc;
    (void)hoot__my_refusal_to_error(&refusal, err);
    return HOOT_ECONNLOST;
}

/* What the text of the statement under way tells, whether it was done or failed on the way. */
void hoot__my_note_effect(hoot__my_link *link)
{
    if (link->effect != HOOT__MY_LEAVES_NOTHING)
        link->base.state_changed = true;
    if (link->effect == HOOT__MY_OUTLIVES_RESET)
        link->outlives_reset = true;
}

int hoot__my_take_refusal(hoot__my_link *link, hoot_error *err)
{
    hoot_unfit unfit = hoot__my_refusal_tells_unfit(&link->reply.refusal, link->base.in_transaction);
    int rc = hoot__my_refusal_to_error(&link->reply.refusal, err);

    hoot__my_note_effect(link);
    if (!unfit)
        return rc;
    link->base.unfit = unfit;
    if (err)
        err->code = HOOT_EUNFIT;
    return HOOT_EUNFIT;
}

int hoot__my_refuse(hoot__my_link *link, hoot_error *err)
{
    int rc = hoot__my_take_refusal(link, err);

    if (hoot__my_refusal_is_final(link->reply.refusal.code)) {
        hoot__my_move_to(link, HOOT__MY_BROKEN);
        return rc;
    }
    hoot__my_move_to(link, HOOT__MY_IDLE);
    return rc;
}

/* --- sending --- */

int hoot__my_fail_sending(hoot__my_link *link, int rc, hoot_error *err)
{
    hoot__my_packet packet = { NULL, 0 };

    hoot_error_set(err, rc, "%s", hoot_error_text(rc));
    if (rc != HOOT_ETIMEOUT && rc != HOOT_ECANCELED && rc != HOOT_ENOMEM) {
        link->channel.sequence = UINT8_MAX; /* whatever comes is out of turn */
        hoot_timeout (LAST_WORDS_MS)
            (void)hoot__my_channel_read(&link->channel, true, &packet, NULL);
        rc = hoot__my_last_words(&packet, rc, err);
    }
    return hoot__my_fail(link, rc, err);
}

/* Closings go out with it. They have no answer. */
int hoot__my_write_closings(hoot__my_link *link)
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
    rc = hoot__my_write_closings(link);
    if (rc < 0)
        return hoot_error_set(err, rc, "%s", hoot_error_text(rc));
    hoot__my_move_to(link, HOOT__MY_BUSY);
    link->channel.sequence = 0;
    rc = hoot__my_channel_write(&link->channel, hoot_buf_str(&link->command));
    if (rc == 0)
        rc = hoot__my_channel_flush(&link->channel);
    if (link->command.capacity > COMMAND_KEEP)
        hoot_buf_fini(&link->command);
    return rc < 0 ? hoot__my_fail_sending(link, rc, err) : 0;
}

/* --- reading --- */

/* What an OK or EOF says of the session. Who came without a database cannot go back to none. */
void hoot__my_note_status(hoot__my_link *link)
{
    const hoot__my_ok *ok = &link->reply.ok;
    bool other_database =
        ok->schema_changed || (!hoot__my_is_tracked(link) && link->effect != HOOT__MY_LEAVES_NOTHING);

    link->base.out_values = (ok->status & HOOT__MY_STATUS_OUT_VALUES) != 0;
    link->base.warnings = ok->warnings;
    link->base.in_transaction = (ok->status & HOOT__MY_STATUS_IN_TRANS) != 0;
    if (ok->state_changed || !(ok->status & HOOT__MY_STATUS_AUTOCOMMIT))
        link->base.state_changed = true;
    if (other_database && !link->base.target->database[0])
        link->outlives_reset = true;
    hoot__my_note_effect(link);
}

/* A request for a file that nobody offered is answered by an empty packet: no file. The server may say what
 * it thinks of that to nobody. */
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
    int rc;

    do
        rc = hoot__my_channel_read(&link->channel, wait, out_packet, err);
    while (rc == HOOT__MY_TOO_LONG); /* what a pipe was dropping when its task left */
    if (rc < 0)
        return hoot__my_fail(link, hoot__my_last_words(out_packet, rc, err), err);
    if (rc == 0) {
        out_packet->ptr = NULL;
        return HOOT__MY_GOES_ON;
    }
    if (is_file_request(link, out_packet) && !link->reply.takes_file)
        send_no_file(link);
    rc = hoot__my_reply_feed(&link->reply, hoot_str_of(out_packet->ptr, out_packet->len), err);
    if (rc < 0)
        return hoot__my_fail(link, rc, err);
    if (rc == HOOT__MY_DONE || rc == HOOT__MY_ROWS_END)
        hoot__my_note_status(link);
    if (rc == HOOT__MY_FILE)
        return hoot__my_send_file(link, err);
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
    hoot__my_channel_trim(&link->channel);
    hoot__my_move_to(link, HOOT__MY_IDLE);
    return 0;
}

int hoot__my_simple(hoot__my_link *link, uint8_t command, hoot_error *err)
{
    int rc;

    hoot_buf_clear(&link->command);
    hoot__my_put_u8(&link->command, command);
    link->effect = HOOT__MY_LEAVES_NOTHING;
    hoot__my_reply_begin(&link->reply, link->greeting.capabilities, false, NULL);
    rc = hoot__my_send(link, err);
    return rc < 0 ? rc : hoot__my_finish(link, err);
}

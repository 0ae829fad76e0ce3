/* The first run of a statement: PREPARE and EXECUTE in one write, so in one round trip.
 *
 *     16 SELECT ... ?      17 ffffffff ...   ---->
 *     PREPARE's answer     EXECUTE's answer  <----
 *
 * MariaDB (10.2 and later) takes the id ffffffff for "the statement that was prepared last". What that is
 * when PREPARE was refused, on 10.11 and 11.8: none, and the execution is refused with 1243; but when PREPARE
 * was refused for want of room (1461, memory), still the one before, which is then executed with our
 * parameters. So this is done only when that one, if there is any, does nothing but read: what it answers is
 * dropped. Running or closing another statement does not make it the last.
 *
 * The server reads as many values as the text has placeholders, whatever we send. So they are counted, and
 * texts where that needs more than a look (quotes, comments) go the usual way.
 *
 * On lanes and in batches this is not done: there, PREPAREs of several statements share a round trip already.
 */
#include "connection.h"

#include "params.h"

#include <string.h>

enum {
    TOGETHER_MAX = 32 * 1024, /* of both, so that writing them never waits */
    ERR_UNKNOWN_STATEMENT = 1243,
    ERR_TOO_MANY_STATEMENTS = 1461,
};

#define LAST_STATEMENT 0xffffffffu

/* Has the text surely so many placeholders? */
static bool has_placeholders(hoot_str sql, size_t count)
{
    size_t found = 0;

    for (size_t i = 0; i < sql.len; i++) {
        char c = sql.ptr[i], after = '\0';

        if (i + 1 < sql.len)
            after = sql.ptr[i + 1];
        if (memchr("'\"`#", c, 4) || (c == '-' && after == '-') || (c == '/' && after == '*'))
            return false;
        found += c == '?';
    }
    return found == count;
}

/* Into link->command. Gives: false: it is longer than it may be here, or a value is none. */
static bool make_execute(hoot__my_link *link, hoot_str sql, const hoot_value *params, size_t count)
{
    size_t bytes;

    if (hoot__my_params_check(params, count, TOGETHER_MAX, &bytes, NULL) < 0 ||
        sql.len + bytes > TOGETHER_MAX || sql.len + bytes >= link->max_command)
        return false;
    hoot_buf_clear(&link->command);
    (void)hoot_buf_reserve(&link->command, bytes);
    hoot__my_params_write(&link->command, LAST_STATEMENT, params, count);
    return hoot__my_put_check(&link->command) == 0;
}

/*     length (3), number (1): 0, 16, text: small enough for one packet */
static int write_prepare(hoot__my_link *link, hoot_str sql)
{
    hoot_buf *out = &link->channel.stream->out;
    int rc = hoot_buf_reserve(out, link->statements.closing.len + sql.len + link->command.len + 16);

    if (rc == 0)
        rc = hoot__my_write_closings(link);
    if (rc < 0)
        return rc;
    hoot__my_put_u24(out, (uint32_t)sql.len + 1);
    hoot__my_put_u8(out, 0);
    hoot__my_put_u8(out, HOOT__MY_COM_STMT_PREPARE);
    return hoot_buf_add_str(out, sql);
}

/* Room was made for both before the first byte, so there is no way to send half of it. */
static int send_both(hoot__my_link *link, hoot_str sql, hoot_error *err)
{
    int rc;

    hoot__my_channel_trim(&link->channel);
    rc = write_prepare(link, sql);
    if (rc < 0)
        return hoot_error_set(err, rc, "%s", hoot_error_text(rc));
    hoot__my_move_to(link, HOOT__MY_BUSY);
    link->owed = 1;
    link->owed_prepare = false;
    link->channel.sequence = 0;
    rc = hoot__my_channel_write(&link->channel, hoot_buf_str(&link->command));
    link->channel.sequence = 1;
    if (rc == 0)
        rc = hoot__my_channel_flush(&link->channel);
    return rc < 0 ? hoot__my_fail_sending(link, rc, err) : 0;
}

/* Gives: 0; 1 it was refused, with `err`; negative: the connection failed. */
static int read_prepared(hoot__my_link *link, hoot_error *err)
{
    hoot__my_packet packet;

    while (link->reply.due != HOOT__MY_DUE_NOTHING) {
        int rc = hoot__my_step(link, true, &packet, err);

        if (rc < 0)
            return rc;
        if (rc != HOOT__MY_REFUSED)
            continue;
        if (hoot__my_refusal_is_final(link->reply.refusal.code))
            return hoot__my_refuse(link, err);
        (void)hoot__my_take_refusal(link, err);
        return 1;
    }
    return 0;
}

static void begin_executed(hoot__my_link *link, hoot__my_kept *kept)
{
    link->owed = 0;
    hoot__my_begin_rows(link, true, kept);
    link->channel.sequence = 1;
}

/* What came of executing another one, or none, is of no interest. */
static int drop_executed(hoot__my_link *link, hoot_error *err)
{
    hoot_error unused = HOOT_ERROR_INIT;
    int rc;

    begin_executed(link, NULL);
    link->reply.columns = NULL;
    link->effect = HOOT__MY_LEAVES_NOTHING;
    rc = hoot__my_finish(link, &unused);
    if (link->state == HOOT__MY_IDLE)
        return 0;
    if (err)
        *err = unused;
    return rc;
}

/* PREPARE was refused. When there was no room the usual way knows what to do. */
static int refused(hoot__my_link *link, hoot_error *err)
{
    hoot_error lost = HOOT_ERROR_INIT;
    int rc = drop_executed(link, &lost);

    if (rc < 0) {
        *err = lost;
        return rc;
    }
    return err->server_code == ERR_TOO_MANY_STATEMENTS ? 1 : err->code;
}

static int read_both(hoot__my_link *link, hoot_str sql, hoot_answer *out_answer, hoot_error *err)
{
    int rc = read_prepared(link, err);

    if (rc != 0)
        return rc < 0 ? rc : refused(link, err);
    /* Without memory for the statement this answer is still read; our share of its columns lasts so long. */
    (void)hoot__my_add_prepared(link, sql, &link->reply.prepared, hoot__my_kept_ref(link->preparing));
    begin_executed(link, link->preparing);
    rc = hoot__my_read_answer(link, out_answer, err);
    if (rc < 0 && link->state == HOOT__MY_IDLE && err->server_code == ERR_UNKNOWN_STATEMENT) {
        link->greeting.mariadb_capabilities = 0; /* something in between does not know that id */
        return 1;
    }
    return rc;
}

int hoot__my_run_together(hoot__my_link *link, hoot_str sql, const hoot_value *params, size_t count,
                          hoot_answer *out_answer, hoot_error *err)
{
    int rc;

    if (!(link->greeting.mariadb_capabilities & HOOT__MY_MARIADB_CAP_BULK) || link->last_writes ||
        !has_placeholders(sql, count) || !make_execute(link, sql, params, count) ||
        !hoot__my_begin_prepare(link))
        return 1;
    link->effect = hoot__my_effect_of(sql, hoot__my_is_tracked(link));
    link->base.sent = true;
    rc = send_both(link, sql, err);
    return rc < 0 ? rc : read_both(link, sql, out_answer, err);
}

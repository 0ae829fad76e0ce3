/* Making a connection good again: after an answer that was left in the middle, and between two tasks.
 *
 * Stopping a statement takes four steps, in this order:
 *
 *   1. KILL QUERY on a second, short connection, and its OK is waited for: from then on the server has marked
 * the first one.
 *   2. The rest of the answer is read and dropped: the rows that were under way, then error 1317, or the
 * ordinary end when the statement was faster than the KILL.
 *   3. In that last case the mark may still be there and would hit the next statement. So one that nobody
 * needs is sent: DO 0. Whether it is answered by OK or by 1317, the server takes the mark off at its end, and
 * none can come later: step 1 has had its OK.
 *   4. Only then the connection is idle again.
 *
 * When several statements were sent together and more than one is not answered yet, the whole connection is
 * ended instead (KILL), so that those which have not begun never do.
 *
 * Whatever fails on the way, or takes too many bytes, leaves it broken: it is closed, never lent. */
#include "connection.h"

#include "protocol.h"

#include <hoot/task.h>

#include <stdio.h>

enum {
    KILL_TIMEOUT_MS = 10000,
    ERR_INTERRUPTED = 1317,       /* the query was killed */
    DRAIN_MAX = 64 * 1024 * 1024, /* what of an answer is read for nothing */
};

static int run_kill(hoot_link *killer, uint64_t id, bool whole, hoot_error *err)
{
    hoot_answer answer;
    char sql[48];
    int len = snprintf(sql, sizeof(sql), "KILL %s%llu", whole ? "" : "QUERY ", (unsigned long long)id);

    return hoot__my_run(killer, hoot_str_of(sql, (size_t)len), NULL, 0, &answer, err);
}

/* Over a second connection, to the very address of the first: behind a name may be several servers, and the
 * same number means another's statement there. */
int hoot__my_stop(hoot__my_link *link, bool whole, hoot_error *err)
{
    const hoot_target *target = link->base.target;
    const char *peer = link->channel.stream->peer;
    hoot_link *killer;
    int rc = HOOT_ETIMEOUT;

    hoot_timeout (target->connect_timeout_ms ? target->connect_timeout_ms : KILL_TIMEOUT_MS) {
        rc = hoot__my_connect_at(target, peer && peer[0] ? peer : NULL, &killer, err);
        if (rc == 0) {
            rc = run_kill(killer, link->base.id, whole, err);
            hoot__my_close(killer);
        }
    }
    if (rc < 0)
        (void)hoot_error_prefix(err, "stopping the statement");
    return rc;
}

/* What an answer that nobody wants has left on the server. */
static void keep_prepared(hoot__my_link *link)
{
    if (link->reply.has_prepared) {
        hoot__my_statements_close_id(&link->statements, link->reply.prepared.id);
        link->last_writes = true; /* maybe */
    }
    link->reply.has_prepared = false;
}

/* The answer of the next of several commands that were sent together, if there is one. */
static void begin_owed(hoot__my_link *link)
{
    if (link->reply.due != HOOT__MY_DUE_NOTHING || link->owed == 0)
        return;
    keep_prepared(link);
    link->owed--;
    link->channel.sequence = 1;
    if (link->owed_prepare)
        hoot__my_reply_begin_prepare(&link->reply, link->greeting.capabilities, NULL);
    else
        hoot__my_reply_begin(&link->reply, link->greeting.capabilities, false, NULL);
}

/* Read to the end. Gives: 0, also when the server ended it with an error; negative: broken. */
static int drain(hoot__my_link *link, bool wait, hoot_error *err)
{
    uint64_t bytes = 0;

    if (!link->reply.caches ||
        link->reply.due == HOOT__MY_DUE_ROW) /* else the server will not tell them again */
        link->reply.columns = NULL;
    for (begin_owed(link); link->reply.due != HOOT__MY_DUE_NOTHING; begin_owed(link)) {
        hoot__my_packet packet;
        int rc = hoot__my_step(link, wait, &packet, err);

        if (rc < 0)
            return rc;
        if (!packet.ptr)
            return 0;
        bytes += packet.len;
        if (rc == HOOT__MY_REFUSED && hoot__my_refusal_is_final(link->reply.refusal.code))
            return hoot__my_refuse(link, err);
        if (bytes > DRAIN_MAX)
            return hoot__my_fail(
                link, hoot_error_set(err, HOOT_ELIMIT, "the answer does not end after KILL QUERY"), err);
    }
    hoot__my_note_effect(link);
    keep_prepared(link);
    return 0;
}

/* A statement for a KILL that came too late. */
static int take_late_kill(hoot__my_link *link, hoot_error *err)
{
    hoot_error local = HOOT_ERROR_INIT;
    hoot_answer answer;
    int rc = hoot__my_run(&link->base, HOOT_STR("DO 0"), NULL, 0, &answer, &local);

    if (rc < 0 && local.server_code != ERR_INTERRUPTED) {
        if (err)
            *err = local;
        return rc;
    }
    return 0;
}

static int finish_drained(hoot__my_link *link, bool killed, hoot_error *err)
{
    bool changed = link->base.state_changed, outlives = link->outlives_reset;
    int rc;

    hoot__my_move_to(link, HOOT__MY_IDLE);
    rc = killed ? take_late_kill(link, err) : 0;
    link->outlives_reset = outlives;
    link->base.state_changed = changed; /* DO is none of the statements known to be harmless; this one is */
    return rc;
}

/* PREPARE and EXECUTE were written together, and PREPARE is not answered: a KILL now would be lost on that.
 */
static bool has_execution_behind(const hoot__my_link *link)
{
    bool prepares = link->reply.due == HOOT__MY_DUE_PREPARED || link->reply.due == HOOT__MY_DUE_FIELD ||
                    link->reply.due == HOOT__MY_DUE_FIELDS_END;

    return prepares && link->owed == 1 && !link->owed_prepare;
}

static int pass_prepare(hoot__my_link *link, hoot_error *err)
{
    hoot__my_packet packet;

    while (link->reply.due != HOOT__MY_DUE_NOTHING) {
        int rc = hoot__my_step(link, true, &packet, err);

        if (rc == HOOT__MY_REFUSED && hoot__my_refusal_is_final(link->reply.refusal.code))
            return hoot__my_refuse(link, err);
        if (rc < 0)
            return rc;
    }
    begin_owed(link);
    return 0;
}

/* Several statements are under way, of which each would have to be stopped by itself; or they stand between
 * others that are missing now. What was not run yet must not be: the server is told to end the connection. */
static int end_whole(hoot__my_link *link, hoot_error *err)
{
    int rc = hoot__my_stop(link, true, err);

    return rc < 0 ? rc
                  : hoot_error_set(err, HOOT_ECONNLOST, "several statements were under way: it was ended");
}

static int recover(hoot__my_link *link, hoot_error *err)
{
    bool killed = false;
    int rc;

    hoot__my_move_to(link, HOOT__MY_BUSY);
    rc = has_execution_behind(link) ? pass_prepare(link, err) : 0;
    if (rc == 0 && !link->ends)
        rc = drain(link, false, err);
    if (rc == 0 && (link->ends || link->owed > 0))
        return end_whole(link, err);
    if (rc == 0 && link->reply.due != HOOT__MY_DUE_NOTHING) {
        killed = true;
        rc = hoot__my_stop(link, false, err);
        if (rc == 0)
            rc = drain(link, true, err);
    }
    return rc < 0 ? rc : finish_drained(link, killed, err);
}

int hoot__my_recover(hoot_link *base, hoot_error *err)
{
    hoot__my_link *link = hoot__my_link_of(base);
    int rc;

    if (link->state == HOOT__MY_IDLE)
        return 0;
    if (link->state != HOOT__MY_UNFINISHED)
        return hoot_error_set(err, HOOT_ECONNLOST, "the connection to the database is broken");
    rc = recover(link, err);
    if (rc < 0 && link->state != HOOT__MY_BROKEN)
        hoot__my_move_to(link, HOOT__MY_BROKEN);
    return rc;
}

/* COM_RESET_CONNECTION leaves the database as it is, so that is chosen anew. The server forgets its prepared
 * statements with the rest. Source: MySQL Internals, "COM_RESET_CONNECTION" (MySQL 5.7.3, MariaDB 10.2.4);
 * older servers answer with an error: the pool closes then. */
static int write_reset(hoot__my_link *link, const char *database)
{
    int rc;

    hoot__my_statements_clear(&link->statements, false);
    link->last_writes = false;
    hoot__my_channel_trim(&link->channel);
    rc = hoot__my_write(link, HOOT__MY_COM_RESET_CONNECTION, "", "");
    if (rc == 0 && database[0])
        rc = hoot__my_write(link, HOOT__MY_COM_INIT_DB, database, "");
    if (rc == 0)
        rc = hoot__my_write_setup(link);
    return rc == 0 ? hoot__my_channel_flush(&link->channel) : rc;
}

/* Three commands in one write, their answers in order. */
static int reset(hoot__my_link *link, hoot_error *err)
{
    const char *database = link->base.target->database;
    int rc = write_reset(link, database);

    if (rc < 0)
        return hoot__my_fail(link, hoot_error_set(err, rc, "%s", hoot_error_text(rc)), err);
    hoot__my_begin_answer(link, NULL);
    rc = hoot__my_finish(link, err);
    if (rc == 0 && database[0]) {
        hoot__my_begin_answer(link, NULL);
        rc = hoot__my_finish(link, err);
    }
    return rc < 0 ? rc : hoot__my_read_setup(link, err);
}

int hoot__my_reset(hoot_link *base, hoot_error *err)
{
    hoot__my_link *link = hoot__my_link_of(base);
    int rc = hoot__my_check_idle(link, err);

    if (rc < 0)
        return rc;
    if (link->outlives_reset)
        rc = hoot_error_set(err, HOOT_ESTATE,
                            "the session was changed in a way that a reset does not undo "
                            "(hoot_conn_change_user, SET ROLE, or a database where none was)");
    else
        rc = reset(link, err);
    if (rc < 0) {
        hoot__my_move_to(link, HOOT__MY_BROKEN);
        return rc;
    }
    link->base.in_transaction = false;
    link->base.last_insert_id = 0;
    return 0;
}

int hoot__my_ping(hoot_link *base, hoot_error *err)
{
    hoot__my_link *link = hoot__my_link_of(base);
    int rc = hoot__my_check_idle(link, err);

    return rc < 0 ? rc : hoot__my_simple(link, HOOT__MY_COM_PING, err);
}

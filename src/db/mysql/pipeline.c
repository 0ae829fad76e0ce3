/* Several statements under way on one connection.
 *
 *     send(A) send(B) send(C) flush ---->  server runs A, B, C in this order
 *     A's answer, B's answer, C's answer <----
 *
 * The protocol numbers packets anew for each command, so commands may simply follow each other in one write.
 * What is due is a list of calls; its first is the one that link->reply is reading. No task stands behind it:
 * bytes are taken as they come, on the loop, and rows are handed to the call's owner at once, so nothing of
 * an answer is kept here. Reading goes on whatever is being written, so two full socket buffers cannot wait
 * for each other.
 *
 * A text that is not prepared yet on this connection: PREPARE goes out, and the call's EXECUTE when the id
 * has come, behind what was sent meanwhile. Other calls with the same text are parked until then; if
 * preparing fails, that is the first one's error, and the next of them tries for itself. COM_STMT_CLOSE has
 * no answer and no place in the list.
 *
 * Commands are short (PIPE_COMMAND_MAX), for they are written without waiting.
 *
 * A row that is longer than may be is dropped as it comes, and is an error of the one who asked for it: the
 * others' answers are behind it. So is a value that its column cannot have. Whatever else is wrong with a
 * packet costs the connection.
 *
 * MariaDB's EXECUTE of "the statement prepared last" is not used here, see together.c. Its columns that are
 * not sent again (statements.h) belong to the statement; a call that is under way has a share in them, for
 * the statement may be dropped before its answer comes. */
#include "connection.h"

#include "params.h"
#include "rows.h"

#include "net/block.h"
#include "net/socket.h"

enum {
    ROOM_BYTES = 4096,
    ROOM_LEAST = 1024, /* with less than this behind what has come, it is moved to the front */
    PIPE_COMMAND_MAX = 48 * 1024,
    GATHER_BYTES = 1024, /* a dozen short answers */
    ERR_UNKNOWN_STATEMENT = 1243,
    ERR_TOO_MANY_STATEMENTS = 1461,
    ERR_REPREPARE = 1615,
    ERR_READ_ONLY_TRANSACTION = 1792,
};

enum step { STEP_TEXT, STEP_PREPARE, STEP_EXECUTE };

/* --- lists --- */

static void push(hoot_pipe_call **first, hoot_pipe_call **last, hoot_pipe_call *call)
{
    call->next = NULL;
    *(*first ? &(*last)->next : first) = call;
    *last = call;
}

static void begin_head(hoot__my_link *link)
{
    hoot_pipe_call *call = link->pipe.first;

    if (call->step == STEP_PREPARE)
        (void)hoot__my_begin_prepare(link);
    else
        hoot__my_begin_rows(link, call->step == STEP_EXECUTE, call->kept);
    if (call->abandoned && !call->kept)
        link->reply.columns = NULL;
    link->pipe.begun = false;
    link->pipe.fault = HOOT__MY_FAULT_NOT;
    link->effect = call->step == STEP_PREPARE ? HOOT__MY_LEAVES_NOTHING : (hoot__my_effect)call->note;
    link->channel.sequence = 1;
}

static void push_due(hoot__my_link *link, hoot_pipe_call *call)
{
    bool is_head = !link->pipe.first;

    push(&link->pipe.first, &link->pipe.last, call);
    if (is_head)
        begin_head(link);
}

/* --- sending --- */

/* Numbered from 0, whatever number the answer that is being read has come to. */
static int write_command(hoot__my_link *link, hoot_error *err)
{
    uint8_t reading = link->channel.sequence;
    int rc = hoot__my_put_check(&link->command);

    if (rc < 0)
        return hoot_error_set(err, rc, "no memory for a statement");
    rc = hoot__my_check_length(link, link->command.len, err);
    if (rc < 0)
        return rc;
    if (link->command.len > PIPE_COMMAND_MAX)
        return hoot_error_set(err, HOOT_ELIMIT, "a statement of %zu bytes cannot be sent beside others",
                              link->command.len);
    rc = hoot_buf_reserve(&link->channel.stream->out, link->statements.closing.len + link->command.len + 4);
    if (rc == 0)
        rc = hoot__my_write_closings(link);
    link->channel.sequence = 0;
    if (rc == 0)
        rc = hoot__my_channel_write(&link->channel, hoot_buf_str(&link->command));
    link->channel.sequence = reading;
    return rc < 0 ? hoot_error_set(err, rc, "%s", hoot_error_text(rc)) : 0;
}

static int send_text(hoot__my_link *link, hoot_pipe_call *call, enum step step, hoot_error *err)
{
    int rc;

    hoot_buf_clear(&link->command);
    hoot__my_put_u8(&link->command, step == STEP_TEXT ? HOOT__MY_COM_QUERY : HOOT__MY_COM_STMT_PREPARE);
    (void)hoot_buf_add_str(&link->command, call->sql);
    rc = write_command(link, err);
    if (rc < 0)
        return rc;
    call->step = step;
    call->sent = step == STEP_TEXT;
    push_due(link, call);
    return 0;
}

static int send_execute(hoot__my_link *link, hoot_pipe_call *call, hoot__my_statement *statement,
                        hoot_error *err)
{
    size_t bytes;
    int rc;

    if (statement->params != call->param_count)
        return hoot_error_set(err, HOOT_EINVAL,
                              "the statement has %u placeholders, but %zu parameters were given",
                              (unsigned)statement->params, call->param_count);
    rc = hoot__my_params_check(call->params, call->param_count, link->max_command - 1, &bytes, err);
    if (rc < 0)
        return rc;
    hoot_buf_clear(&link->command);
    (void)hoot_buf_reserve(&link->command, bytes);
    hoot__my_params_write(&link->command, statement->id, call->params, call->param_count);
    rc = write_command(link, err);
    if (rc < 0)
        return rc;
    hoot__my_statement_note_kinds(statement, call->params);
    call->step = STEP_EXECUTE;
    call->number = statement->id;
    call->note = (int)statement->effect;
    call->kept = hoot__my_kept_ref(statement->kept);
    call->sent = true;
    push_due(link, call);
    return 0;
}

/* Is the call's text being prepared for another one? Texts of abandoned calls are gone. */
static bool is_being_prepared(const hoot__my_link *link, const hoot_pipe_call *call)
{
    for (const hoot_pipe_call *other = link->pipe.first; other; other = other->next) {
        if (other->step == STEP_PREPARE && !other->abandoned && hoot_str_equal(other->sql, call->sql))
            return true;
    }
    return false;
}

static hoot__my_statement *statement_for(hoot__my_link *link, const hoot_pipe_call *call)
{
    return hoot__my_statements_find_for(&link->statements, call->sql, call->params, call->param_count);
}

static int send_call(hoot__my_link *link, hoot_pipe_call *call, hoot_error *err)
{
    hoot__my_statement *statement;

    if (call->param_count == 0) {
        call->note = call->internal ? HOOT__MY_LEAVES_NOTHING
                                    : (int)hoot__my_effect_of(call->sql, hoot__my_is_tracked(link));
        return send_text(link, call, STEP_TEXT, err);
    }
    statement = statement_for(link, call);
    if (statement)
        return send_execute(link, call, statement, err);
    if (!is_being_prepared(link, call))
        return send_text(link, call, STEP_PREPARE, err);
    push(&link->pipe.first_parked, &link->pipe.last_parked, call);
    return 0;
}

static int pipe_send(hoot_link *base, hoot_pipe_call *call, hoot_error *err)
{
    hoot__my_link *link = hoot__my_link_of(base);

    if (link->state != HOOT__MY_BUSY)
        return hoot_error_set(err, HOOT_ECONNLOST, "the connection to the database is broken");
    call->kept = NULL;
    call->sent = call->repeated = call->only_prepare = false;
    return send_call(link, call, err);
}

static bool pipe_is_ready(hoot_link *base, const hoot_pipe_call *call)
{
    return call->param_count == 0 || statement_for(hoot__my_link_of(base), call) != NULL;
}

static int pipe_prepare(hoot_link *base, hoot_pipe_call *call, hoot_error *err)
{
    hoot__my_link *link = hoot__my_link_of(base);
    int rc;

    if (pipe_is_ready(base, call) || is_being_prepared(link, call))
        return 0;
    call->only_prepare = true;
    rc = send_text(link, call, STEP_PREPARE, err);
    return rc < 0 ? rc : 1;
}

/* Once more, on the way of a call that is under way already. */
static void send_again(hoot__my_link *link, hoot_pipe_call *call)
{
    hoot_error err = HOOT_ERROR_INIT;
    int rc = call->abandoned ? hoot_error_set(&err, HOOT_ECANCELED, "nobody waits for it") : 0;

    if (rc == 0)
        rc = send_call(link, call, &err);
    if (rc < 0)
        call->events->ended(call, rc, &err);
}

static void end_call(hoot_pipe_call *call, int rc, const hoot_error *err)
{
    hoot__my_kept_unref(call->kept);
    call->kept = NULL;
    call->events->ended(call, rc, err);
}

/* --- losing the connection --- */

static void end_all(hoot__my_link *link, int rc, const hoot_error *err)
{
    hoot_pipe_call *lists[] = { link->pipe.first, link->pipe.first_parked };

    link->pipe.first = link->pipe.last = link->pipe.first_parked = link->pipe.last_parked = NULL;
    for (size_t i = 0; i < 2; i++) {
        for (hoot_pipe_call *call = lists[i], *next; call; call = next) {
            next = call->next;
            end_call(call, rc, err);
        }
    }
}

static void lose(hoot__my_link *link, int rc, hoot_error *err)
{
    hoot_pipe_call *head = link->pipe.first;

    if (link->state != HOOT__MY_BUSY)
        return;
    rc = hoot__my_fail(link, rc, err);
    if (link->state != HOOT__MY_BROKEN)
        hoot__my_move_to(link, HOOT__MY_BROKEN);
    hoot_stream_read_stop(link->channel.stream);
    if (rc == HOOT_ELIMIT && head) {
        link->pipe.first = head->next;
        end_call(head, rc, err);
        rc = hoot_error_set(err, HOOT_ECONNLOST,
                            "the connection was lost: another statement's answer is too large");
    }
    end_all(link, rc, err);
    link->pipe.lost(link->pipe.user);
}

static void lose_for(hoot__my_link *link, int rc)
{
    hoot_error err = HOOT_ERROR_INIT;

    hoot_error_set(&err, rc, "%s", hoot_error_text(rc));
    lose(link, rc, &err);
}

/* --- answers --- */

/* Those that waited for a text to be prepared: each finds it now, waits for another, or tries itself. */
static void unpark(hoot__my_link *link)
{
    hoot_pipe_call *call = link->pipe.first_parked, *next;

    link->pipe.first_parked = link->pipe.last_parked = NULL;
    for (; call; call = next) {
        next = call->next;
        send_again(link, call);
    }
}

static void take_prepared(hoot__my_link *link, hoot_pipe_call *call, const hoot__my_prepared *prepared,
                          hoot__my_kept *columns)
{
    hoot_error err = HOOT_ERROR_INIT;

    if (call->abandoned) {
        hoot__my_statements_close_id(&link->statements, prepared->id);
        link->last_writes = true; /* maybe */
    } else {
        (void)hoot__my_add_prepared(link, call->sql, prepared, hoot__my_kept_ref(columns));
    }
    if (call->only_prepare) {
        call->events->ended(call, 0, &err);
    } else if (call->abandoned || statement_for(link, call)) {
        send_again(link, call);
    } else {
        hoot_error_set(&err, HOOT_ENOMEM, "no memory for a prepared statement");
        call->events->ended(call, HOOT_ENOMEM, &err);
    }
}

/* The server has forgotten the statement, could not keep up with its tables, or is full of statements: then
 * it is prepared anew, once. */
static bool wants_anew(hoot__my_link *link, hoot_pipe_call *call, const hoot_error *err)
{
    hoot__my_statement *statement;

    if (call->abandoned || call->repeated || call->only_prepare)
        return false;
    if (call->step == STEP_PREPARE && err->server_code == ERR_TOO_MANY_STATEMENTS &&
        link->statements.count > 0) {
        hoot__my_statements_clear(&link->statements, true);
        return true;
    }
    if (call->step != STEP_EXECUTE ||
        (err->server_code != ERR_UNKNOWN_STATEMENT && err->server_code != ERR_REPREPARE))
        return false;
    statement = hoot__my_statements_find_id(&link->statements, call->sql, call->number);
    if (statement)
        hoot__my_statements_drop(&link->statements, statement, err->server_code == ERR_REPREPARE);
    return !call->in_order;
}

/* The head's answer is complete: the next one is due, and then its owner is told. */
static void finish_head(hoot__my_link *link, int rc, const hoot_error *err)
{
    hoot_pipe_call *call = link->pipe.first;
    hoot__my_prepared prepared = link->reply.prepared;
    bool was_prepare = call->step == STEP_PREPARE;
    hoot__my_kept *kept = was_prepare ? link->preparing : call->kept;

    call->kept = NULL;
    if (was_prepare)
        link->preparing = NULL;
    link->shown = &link->columns;
    link->pipe.first = call->next;
    if (link->pipe.first)
        begin_head(link);
    if (rc < 0 && wants_anew(link, call, err)) {
        call->repeated = true;
        call->sent = false;
        send_again(link, call);
    } else if (rc == 0 && was_prepare) {
        take_prepared(link, call, &prepared, kept);
    } else {
        call->events->ended(call, rc, err);
    }
    hoot__my_kept_unref(kept);
    if (was_prepare)
        unpark(link);
}

static void tell_begun(hoot__my_link *link, uint32_t columns)
{
    const hoot__my_ok *ok = &link->reply.ok;
    hoot_answer answer = hoot__my_columns_answer(link->shown, columns);
    hoot_pipe_call *call = link->pipe.first;

    if (columns == 0) {
        answer.affected_rows = ok->affected_rows;
        answer.last_insert_id = ok->last_insert_id;
        answer.warnings = ok->warnings;
    }
    if (!call->internal)
        link->base.last_insert_id = answer.last_insert_id;
    if (!call->abandoned)
        call->events->begun(call, &answer);
}

/* Its owner gets no more, and is told when the answer ends. */
static void fault(hoot__my_link *link, hoot__my_fault fault, uint32_t column)
{
    if (!link->reply.columns)
        return;
    link->pipe.fault = fault;
    link->pipe.fault_column = column;
    link->reply.columns = NULL;
}

/* The first result with rows is the answer; what is behind it is dropped. One with a column that nobody can
 * read is dropped as well, and is an error at its end. */
static void take_columns(hoot__my_link *link)
{
    if (!link->reply.columns)
        return;
    if (link->shown->unknown_column) {
        fault(link, HOOT__MY_FAULT_TYPE, link->shown->unknown_column);
        return;
    }
    link->pipe.begun = true;
    tell_begun(link, link->shown->count);
}

static int take_row(hoot__my_link *link, hoot__my_packet packet, hoot_error *err)
{
    hoot_pipe_call *call = link->pipe.first;
    uint32_t column;
    int rc;

    if (call->abandoned || !link->reply.columns)
        return 0;
    hoot__my_channel_make_room(&link->channel, &packet);
    rc = link->reply.binary ? hoot__my_row_binary(link->shown, packet, &column)
                            : hoot__my_row_text(link->shown, packet, &column);
    if (rc < 0)
        return hoot_error_set(err, HOOT_EPROTOCOL, "the value of column %u of a row is malformed", column);
    if (rc == HOOT__MY_BAD_VALUE) {
        fault(link, HOOT__MY_FAULT_VALUE, column);
        return 0;
    }
    call->events->row(call, link->shown->cells);
    return 0;
}

static int refused(hoot__my_link *link, hoot_error *err)
{
    hoot_unfit before = link->base.unfit;
    int rc = hoot__my_take_refusal(link, err);

    if (link->pipe.first->fenced && link->reply.refusal.code == ERR_READ_ONLY_TRANSACTION)
        link->base.unfit = before;
    if (hoot__my_refusal_is_final(link->reply.refusal.code))
        return rc;
    finish_head(link, rc, err);
    return 0;
}

static int tell_fault(hoot__my_link *link, hoot_error *err)
{
    uint32_t column = link->pipe.fault_column;

    switch (link->pipe.fault) {
    case HOOT__MY_FAULT_LONG: return hoot__my_too_long(&link->channel, err);
    case HOOT__MY_FAULT_VALUE: return hoot__my_bad_value(link, column, err);
    default:
        return hoot_error_set(err, HOOT_ENOTSUP,
                              "column \"%s\" has a type that is not known (%u): cast it to text",
                              link->shown->names[column - 1], (unsigned)link->shown->items[column - 1].type);
    }
}

static void complete(hoot__my_link *link)
{
    hoot_error err;
    int rc = 0;

    hoot_error_clear(&err);
    if (link->pipe.fault)
        rc = tell_fault(link, &err);
    else if (!link->pipe.begun && link->pipe.first->step != STEP_PREPARE)
        tell_begun(link, 0);
    finish_head(link, rc, &err);
}

/* What a statement of our own has changed is put back by another one. */
static void note_status(hoot__my_link *link)
{
    bool changed = link->base.state_changed;

    hoot__my_note_status(link);
    if (link->pipe.first->internal)
        link->base.state_changed = changed;
}

/* One packet of the head's answer. Errors: of the connection. */
static int take_packet(hoot__my_link *link, hoot__my_packet packet, hoot_error *err)
{
    int rc = hoot__my_reply_feed(&link->reply, hoot_str_of(packet.ptr, packet.len), err);

    switch (rc) {
    case HOOT__MY_REFUSED: return refused(link, err);
    case HOOT__MY_COLUMNS: take_columns(link); break;
    case HOOT__MY_ROW: return take_row(link, packet, err);
    case HOOT__MY_FILE: return hoot_error_set(err, HOOT_EPROTOCOL, "the server asks for a local file");
    case HOOT__MY_ROWS_END: link->reply.columns = NULL; /* fall through */
    case HOOT__MY_DONE: note_status(link); break;
    default: break;
    }
    if (rc < 0)
        return rc;
    if (link->reply.due == HOOT__MY_DUE_NOTHING)
        complete(link);
    return 0;
}

static int take_packets(hoot__my_link *link, hoot_error *err)
{
    while (link->pipe.first) {
        hoot__my_packet packet;
        int rc;

        link->channel.drops = link->reply.due == HOOT__MY_DUE_ROW;
        rc = hoot__my_channel_read(&link->channel, false, &packet, err);
        if (rc < 0)
            return hoot__my_last_words(&packet, rc, err);
        if (rc == 0)
            return link->channel.reader.ended;
        if (rc == HOOT__MY_TOO_LONG) {
            fault(link, HOOT__MY_FAULT_LONG, 0);
            continue;
        }
        rc = take_packet(link, packet, err);
        if (rc < 0)
            return rc;
    }
    return link->channel.reader.ended;
}

/* Bytes when no answer is due are the server's goodbye, or nonsense: either way it is over. */
static int check_silence(hoot__my_link *link, hoot_error *err)
{
    hoot__my_packet packet;
    int rc;

    if (link->pipe.first)
        return 0;
    if (hoot__my_channel_is_silent(&link->channel)) {
        hoot__my_channel_trim(&link->channel);
        return 0;
    }
    link->channel.drops = false;
    link->channel.sequence = UINT8_MAX;
    rc = hoot__my_channel_read(&link->channel, false, &packet, err);
    return rc < 0 ? hoot__my_last_words(&packet, rc, err) : 0;
}

static void take_what_is_there(hoot__my_link *link)
{
    hoot_error err;
    int rc;

    hoot_error_clear(&err);
    rc = take_packets(link, &err);
    if (rc == 0)
        rc = check_silence(link, &err);
    if (rc < 0 && !err.code)
        hoot_error_set(&err, rc, "%s", hoot_error_text(rc));
    if (rc < 0)
        lose(link, rc, &err);
    else if (link->channel.stream->out.len > 0 && (rc = hoot_stream_flush(link->channel.stream)) < 0)
        lose_for(link, rc);
}

/* --- the stream's events --- */

/* Whatever was read has been used, so it may be moved. */
static char *on_room(hoot_stream *stream, size_t *out_room, void *user)
{
    hoot__my_link *link = user;
    hoot__reader *reader = &link->channel.reader;
    hoot_buf *in = &reader->in;
    int rc = 0;

    (void)stream;
    hoot__reader_consume(reader, link->channel.held);
    link->channel.held = 0;
    if (reader->start > 0 && (reader->start == in->len || in->capacity - in->len < ROOM_LEAST)) {
        hoot_buf_consume(in, reader->start);
        reader->start = 0;
    }
    if (!in->data)
        rc = hoot__block_need(in);
    else if (in->capacity - in->len < ROOM_LEAST)
        rc = hoot_buf_reserve(in, ROOM_BYTES);
    if (rc < 0) {
        lose_for(link, rc);
        return NULL;
    }
    *out_room = in->capacity - in->len;
    return in->data + in->len;
}

static void on_arrived(hoot_stream *stream, size_t len, void *user)
{
    hoot__my_link *link = user;

    (void)stream;
    link->channel.reader.in.len += len;
    if (link->state == HOOT__MY_BUSY)
        take_what_is_there(link);
}

static void on_ended(hoot_stream *stream, int reason, void *user)
{
    hoot__my_link *link = user;

    (void)stream;
    link->channel.reader.ended = reason == 0 ? HOOT_EEOF : reason;
    lose_for(link, link->channel.reader.ended);
}

static void on_drained(hoot_stream *stream, int code, void *user)
{
    (void)stream;
    if (code < 0)
        lose_for(user, code);
}

static const hoot_stream_events events = { on_room, on_arrived, on_ended, on_drained };

/* --- the driver's table --- */

static int pipe_open(hoot_link *base, void (*lost)(void *user), void *user)
{
    hoot__my_link *link = hoot__my_link_of(base);

    if (link->state != HOOT__MY_IDLE)
        return HOOT_ESTATE;
    hoot__my_channel_trim(&link->channel);
    hoot__my_move_to(link, HOOT__MY_BUSY);
    link->pipe.lost = lost;
    link->pipe.user = user;
    hoot_stream_set_events(link->channel.stream, &events, link);
    return hoot_stream_read_start(link->channel.stream);
}

static void pipe_close(hoot_link *base)
{
    hoot__my_link *link = hoot__my_link_of(base);

    link->channel.drops = false;
    hoot__reader_resume(&link->channel.reader);
    if (link->state == HOOT__MY_BUSY)
        hoot__my_move_to(link, HOOT__MY_IDLE);
    hoot__my_channel_trim(&link->channel);
}

static void pipe_flush(hoot_link *base)
{
    hoot__my_link *link = hoot__my_link_of(base);
    int rc = link->state == HOOT__MY_BUSY ? hoot_stream_flush(link->channel.stream) : 0;

    if (rc < 0)
        lose_for(link, rc);
}

static size_t pipe_pending(const hoot_link *base)
{
    return hoot_stream_pending(((const hoot__my_link *)base)->channel.stream);
}

static void pipe_gather(hoot_link *base, bool on)
{
    hoot__my_link *link = hoot__my_link_of(base);

    if (link->state == HOOT__MY_BUSY)
        hoot__stream_gather(link->channel.stream, on ? GATHER_BYTES : 1);
}

static const hoot_pipe_call *pipe_head(const hoot_link *base)
{
    return ((const hoot__my_link *)base)->pipe.first;
}

static void pipe_abort(hoot_link *base, int code, const char *why)
{
    hoot__my_link *link = hoot__my_link_of(base);
    hoot_error err = HOOT_ERROR_INIT;

    hoot_error_set(&err, code, "%s", why);
    if (link->state != HOOT__MY_BROKEN)
        hoot__my_move_to(link, HOOT__MY_BROKEN);
    hoot_stream_read_stop(link->channel.stream);
    end_all(link, code, &err);
}

/* Columns that come with an answer nobody reads are not told again: the statement is prepared anew. */
static void forget_columns(hoot__my_link *link, const hoot_pipe_call *call)
{
    hoot__my_statement *statement =
        call->kept ? hoot__my_statements_find_id(&link->statements, call->sql, call->number) : NULL;

    if (statement)
        hoot__my_statements_drop(&link->statements, statement, true);
}

/* What the server still has to answer is for recover(), which finds the end of each answer by its kind; those
 * of PREPARE are never mixed with others, as calls of one task are prepared before any of them runs. */
static void pipe_leave(hoot_link *base, bool ends)
{
    hoot__my_link *link = hoot__my_link_of(base);
    hoot_error err = HOOT_ERROR_INIT;

    if (link->state != HOOT__MY_BUSY)
        return;
    hoot_error_set(&err, HOOT_ECANCELED, "nobody waits for it");
    link->owed_prepare = link->pipe.first && link->pipe.first->step == STEP_PREPARE;
    link->owed = 0;
    for (hoot_pipe_call *call = link->pipe.first; call; call = call->next) {
        forget_columns(link, call);
        link->owed += call != link->pipe.first;
        link->effect = call->step == STEP_PREPARE ? HOOT__MY_LEAVES_NOTHING : (hoot__my_effect)call->note;
        hoot__my_note_effect(link);
    }
    link->ends = ends;
    link->reply.columns = NULL;
    link->shown = &link->columns;
    hoot__my_move_to(link, HOOT__MY_UNFINISHED);
    end_all(link, HOOT_ECANCELED, &err);
}

static int pipe_stop(hoot_link *base, hoot_error *err)
{
    return hoot__my_stop(hoot__my_link_of(base), false, err);
}

static bool is_short(hoot_str sql, const hoot_value *params, size_t param_count)
{
    size_t bytes = sql.len + 64;

    for (size_t i = 0; i < param_count; i++) {
        bool has_bytes =
            params[i].kind == HOOT_TEXT || params[i].kind == HOOT_BYTES || params[i].kind == HOOT_DECIMAL;

        if (has_bytes && params[i].str.len > PIPE_COMMAND_MAX)
            return false;
        bytes += 16 + (has_bytes ? params[i].str.len : 0);
    }
    return bytes <= PIPE_COMMAND_MAX;
}

static bool pipe_may_share(const hoot_target *target, hoot_str sql, const hoot_value *params,
                           size_t param_count, bool writes)
{
    hoot__my_shared *shared = target->prepared;

    return is_short(sql, params, param_count) &&
           hoot__my_texts_shares(shared ? &shared->texts : NULL, sql, writes);
}

static bool pipe_may_batch(const hoot_link *base, hoot_str sql, const hoot_value *params, size_t param_count)
{
    return is_short(sql, params, param_count) && hoot__my_may_batch(sql, base->target->multi_statements);
}

/* ProxySQL answers this very text itself. Aurora MySQL 2 calls itself 5.7, and hangs. A server with a pool of
 * threads may overlook commands that came in one compressed packet with another. */
static int pipe_suits(hoot_link *base, hoot_error *err)
{
    const hoot__my_link *link = hoot__my_link_of(base);
    bool is_mariadb = strstr(link->greeting.version, "MariaDB") != NULL;
    const hoot_value *cells;
    hoot_answer answer;
    int rc, suits = is_mariadb || link->greeting.version[0] >= '8' || link->greeting.version[1] != '.';

    if (base->target->compress || strstr(link->greeting.version, "ProxySQL"))
        return 0;
    rc = hoot__my_run(base, HOOT_STR("SELECT @@version_comment LIMIT 1"), NULL, 0, &answer, err);
    while (rc >= 0 && (rc = hoot__my_next_row(base, &cells, err)) > 0) {
        if (cells[0].kind == HOOT_TEXT && strstr(cells[0].str.ptr, "ProxySQL"))
            suits = 0;
    }
    return rc < 0 ? rc : suits;
}

const hoot_pipe hoot__my_pipe_functions = {
    .may_share = pipe_may_share,
    .may_repeat = hoot__my_may_repeat,
    .suits = pipe_suits,
    .open = pipe_open,
    .send = pipe_send,
    .flush = pipe_flush,
    .pending = pipe_pending,
    .gather = pipe_gather,
    .head = pipe_head,
    .abort = pipe_abort,
    .close = pipe_close,
    .stop = pipe_stop,
    .may_batch = pipe_may_batch,
    .is_ready = pipe_is_ready,
    .prepare = pipe_prepare,
    .leave = pipe_leave,
    .fence = "SET SESSION TRANSACTION READ ONLY",
    .unfence = "SET SESSION TRANSACTION READ WRITE",
};

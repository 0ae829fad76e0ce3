/* Running statements and reading their rows.
 *
 * A statement without parameters goes as COM_QUERY: one round trip, nothing left on the server. One with
 * parameters is prepared once a connection and run by its id from then on; values never become SQL text. A
 * server that has forgotten an id, or that is full of prepared statements, gets one more try.
 *
 * Procedures answer with several results. Who wants them all (base.keep_results) gets them one after another;
 * else the first that has rows is the answer, and those behind it are read and dropped in their order. */
#include "connection.h"

#include "params.h"
#include "protocol.h"
#include "rows.h"

enum {
    ERR_UNKNOWN_STATEMENT = 1243,
    ERR_TOO_MANY_STATEMENTS = 1461,
    ERR_REPREPARE = 1615,
};

/* --- rows and results --- */

int hoot__my_bad_value(const hoot__my_link *link, uint32_t column, hoot_error *err)
{
    return hoot_error_set(err, HOOT_EPROTOCOL, "the value of column %u (\"%s\") is malformed", column,
                          link->shown->names[column - 1]);
}

static int fail_row(hoot__my_link *link, uint32_t column, hoot_error *err)
{
    if (column == 0)
        hoot_error_set(err, HOOT_EPROTOCOL, "a row does not have the form of its %u columns",
                       link->shown->count);
    else
        (void)hoot__my_bad_value(link, column, err);
    return hoot__my_fail(link, HOOT_EPROTOCOL, err);
}

static int decode(hoot__my_link *link, hoot__my_packet packet, hoot_error *err)
{
    uint32_t column;
    int rc;

    hoot__my_channel_make_room(&link->channel, &packet);
    rc = link->reply.binary ? hoot__my_row_binary(link->shown, packet, &column)
                            : hoot__my_row_text(link->shown, packet, &column);
    if (rc == HOOT__MY_BAD_VALUE) {
        hoot__my_move_to(link, HOOT__MY_UNFINISHED);
        (void)hoot__my_bad_value(link, column, err);
        (void)hoot__my_say_where(link->base.target, err);
        return HOOT_EPROTOCOL;
    }
    return rc < 0 ? fail_row(link, column, err) : 0;
}

static bool has_more(const hoot__my_link *link)
{
    return link->base.keep_results && link->reply.due == HOOT__MY_DUE_RESULT;
}

/* All rows were given. What is not wanted of the results behind them is not kept, for the columns' names stay
 * with the caller. */
static int finish_rows(hoot__my_link *link, hoot_error *err)
{
    if (has_more(link)) {
        link->base.more_results = true;
        return 0;
    }
    link->reply.columns = NULL;
    return hoot__my_finish(link, err);
}

int hoot__my_next_row(hoot_link *base, const hoot_value **out_cells, hoot_error *err)
{
    hoot__my_link *link = hoot__my_link_of(base);
    hoot__my_packet packet;
    int rc;

    if (link->state == HOOT__MY_IDLE || base->more_results)
        return 0;
    if (link->state != HOOT__MY_BUSY)
        return hoot_error_set(err, HOOT_ESTATE, "the answer was left in the middle");
    rc = hoot__my_step(link, true, &packet, err);
    switch (rc) {
    case HOOT__MY_ROW:
        rc = decode(link, packet, err);
        *out_cells = link->shown->cells;
        return rc < 0 ? rc : 1;
    case HOOT__MY_ROWS_END: return finish_rows(link, err);
    case HOOT__MY_REFUSED: return hoot__my_refuse(link, err);
    default: return rc;
    }
}

int hoot__my_skip_rows(hoot_link *base)
{
    hoot__my_link *link = hoot__my_link_of(base);
    hoot__my_packet packet;

    if (link->state != HOOT__MY_BUSY)
        return link->state == HOOT__MY_IDLE;
    link->reply.columns = NULL;
    while (link->reply.due != HOOT__MY_DUE_NOTHING) {
        int rc = hoot__my_step(link, false, &packet, NULL);

        if (rc < 0)
            return 0;
        if (rc == HOOT__MY_REFUSED) {
            (void)hoot__my_refuse(link, NULL);
            return link->state == HOOT__MY_IDLE;
        }
        if (!packet.ptr) {
            hoot__my_move_to(link, HOOT__MY_UNFINISHED);
            return 0;
        }
    }
    hoot__my_channel_trim(&link->channel);
    hoot__my_move_to(link, HOOT__MY_IDLE);
    return 1;
}

static void fill_answer(hoot__my_link *link, uint32_t columns, hoot_answer *out)
{
    const hoot__my_ok *ok = &link->reply.ok;

    *out = hoot__my_columns_answer(link->shown, columns);
    if (columns > 0)
        return;
    out->affected_rows = ok->affected_rows;
    out->last_insert_id = link->base.last_insert_id = ok->last_insert_id;
    out->warnings = ok->warnings;
    if (has_more(link))
        link->base.more_results = true;
    else
        hoot__my_move_to(link, HOOT__MY_IDLE);
}

/* The columns of a result whose rows come now. */
static int begin_rows(hoot__my_link *link, hoot_answer *out_answer, hoot_error *err)
{
    uint32_t unknown = link->shown->unknown_column;

    if (unknown) {
        hoot__my_move_to(link, HOOT__MY_UNFINISHED);
        return hoot_error_set(
            err, HOOT_ENOTSUP, "column \"%s\" has a type that is not known (%u): cast it to text",
            link->shown->names[unknown - 1], (unsigned)link->shown->items[unknown - 1].type);
    }
    fill_answer(link, link->shown->count, out_answer);
    return 0;
}

/* From the command that was sent to its first row, or to its end. */
int hoot__my_read_answer(hoot__my_link *link, hoot_answer *out_answer, hoot_error *err)
{
    hoot__my_packet packet;

    while (link->reply.due != HOOT__MY_DUE_NOTHING) {
        int rc = hoot__my_step(link, true, &packet, err);

        if (rc < 0)
            return rc;
        if (rc == HOOT__MY_REFUSED)
            return hoot__my_refuse(link, err);
        if (rc == HOOT__MY_COLUMNS)
            return begin_rows(link, out_answer, err);
        if (rc == HOOT__MY_DONE && has_more(link))
            break;
    }
    fill_answer(link, 0, out_answer);
    return 0;
}

int hoot__my_next_result(hoot_link *base, hoot_answer *out_answer, hoot_error *err)
{
    hoot__my_link *link = hoot__my_link_of(base);
    const hoot_value *cells;
    int rc;

    do
        rc = hoot__my_next_row(base, &cells, err);
    while (rc > 0);
    if (rc < 0 || !base->more_results)
        return rc;
    base->more_results = false;
    rc = hoot__my_read_answer(link, out_answer, err);
    return rc < 0 ? rc : 1;
}

/* --- text --- */

int hoot__my_check_length(const hoot__my_link *link, size_t len, hoot_error *err)
{
    if (len < link->max_command)
        return 0;
    return hoot_error_set(err, HOOT_ELIMIT,
                          "the statement has %zu bytes: the server takes less than %zu in one command (its "
                          "max_allowed_packet)",
                          len, link->max_command);
}

/* A command that is one byte and a text. */
static int send_text(hoot__my_link *link, uint8_t command, hoot_str sql, hoot_error *err)
{
    int rc = hoot__my_check_length(link, sql.len + 1, err);

    if (rc < 0)
        return rc;
    hoot_buf_clear(&link->command);
    hoot__my_put_u8(&link->command, command);
    (void)hoot_buf_add_str(&link->command, sql);
    return hoot__my_send(link, err);
}

static int run_text(hoot__my_link *link, hoot_str sql, hoot_answer *out_answer, hoot_error *err)
{
    int rc;

    if (!link->source && hoot__my_reads_local_file(sql))
        return hoot_error_set(err, HOOT_ENOTSUP, "LOAD DATA LOCAL needs its data: use hoot_conn_load_data()");
    link->effect = link->base.target->multi_statements
                       ? hoot__my_effect_of_several(sql, hoot__my_is_tracked(link))
                       : hoot__my_effect_of(sql, hoot__my_is_tracked(link));
    hoot__my_begin_rows(link, false, NULL);
    link->reply.takes_file = link->source != NULL;
    rc = hoot__my_check_length(link, sql.len + 1, err);
    if (rc < 0)
        return rc;
    link->base.sent = true;
    rc = send_text(link, HOOT__MY_COM_QUERY, sql, err);
    return rc < 0 ? rc : hoot__my_read_answer(link, out_answer, err);
}

/* --- prepared statements --- */

bool hoot__my_begin_prepare(hoot__my_link *link)
{
    bool keeps = hoot__my_keeps_columns(link);

    hoot__my_kept_unref(link->preparing);
    link->preparing = keeps ? hoot__my_kept_new() : NULL;
    hoot__my_reply_begin_prepare(&link->reply, link->greeting.capabilities,
                                 link->preparing ? &link->preparing->columns : NULL);
    return !keeps || link->preparing;
}

hoot__my_statement *hoot__my_add_prepared(hoot__my_link *link, hoot_str sql,
                                          const hoot__my_prepared *prepared, hoot__my_kept *columns)
{
    hoot__my_statement *statement = NULL;

    link->last_writes = !hoot__my_may_repeat(sql);
    if (columns || !hoot__my_keeps_columns(link))
        statement = hoot__my_statements_add(&link->statements, sql, prepared->id, prepared->params);
    else
        hoot__my_statements_close_id(&link->statements, prepared->id);
    if (!statement) {
        hoot__my_kept_unref(columns);
        return NULL;
    }
    statement->columns = prepared->columns;
    statement->effect = hoot__my_effect_of(sql, hoot__my_is_tracked(link));
    statement->kept = columns;
    if (columns)
        hoot__my_columns_fit(&columns->columns);
    return statement;
}

static int send_prepare(hoot__my_link *link, hoot_str sql, hoot_error *err)
{
    int rc;

    link->effect = HOOT__MY_LEAVES_NOTHING; /* preparing alone runs nothing */
    if (!hoot__my_begin_prepare(link))
        return hoot_error_set(err, HOOT_ENOMEM, "no memory for a prepared statement");
    rc = send_text(link, HOOT__MY_COM_STMT_PREPARE, sql, err);
    return rc < 0 ? rc : hoot__my_finish(link, err);
}

static int prepare(hoot__my_link *link, hoot_str sql, hoot__my_statement **out, hoot_error *err)
{
    hoot_error local = HOOT_ERROR_INIT;
    hoot__my_statement *statement;
    int rc = send_prepare(link, sql, &local);

    if (rc < 0 && local.server_code == ERR_TOO_MANY_STATEMENTS && link->statements.count > 0) {
        hoot__my_statements_clear(&link->statements, true);
        rc = send_prepare(link, sql, &local);
    }
    if (rc < 0) {
        if (err)
            *err = local;
        return rc;
    }
    statement = hoot__my_add_prepared(link, sql, &link->reply.prepared, link->preparing);
    link->preparing = NULL;
    if (!statement)
        return hoot_error_set(err, HOOT_ENOMEM, "no memory for a prepared statement");
    *out = statement;
    return 0;
}

int hoot__my_statement_for(hoot__my_link *link, hoot_str sql, const hoot_value *params, size_t count,
                           hoot__my_statement **out, hoot_error *err)
{
    *out = hoot__my_statements_find_for(&link->statements, sql, params, count);
    return *out ? 0 : prepare(link, sql, out, err);
}

int hoot__my_check_count(const hoot__my_statement *statement, size_t count, hoot_error *err)
{
    if (statement->params == count)
        return 0;
    return hoot_error_set(err, HOOT_EINVAL,
                          "the statement has %u placeholders, but %zu parameters were given",
                          (unsigned)statement->params, count);
}

static int execute(hoot__my_link *link, hoot__my_statement *statement, const hoot_value *params, size_t count,
                   hoot_answer *out_answer, hoot_error *err)
{
    size_t bytes;
    int rc;

    rc = hoot__my_check_count(statement, count, err);
    if (rc < 0)
        return rc;
    rc = hoot__my_params_check(params, count, link->max_command - 1, &bytes, err);
    if (rc < 0)
        return rc;
    hoot_buf_clear(&link->command);
    (void)hoot_buf_reserve(&link->command, bytes);
    hoot__my_params_write(&link->command, statement->id, params, count);
    rc = hoot__my_check_length(link, link->command.len, err);
    if (rc < 0)
        return rc;
    link->effect = statement->effect;
    hoot__my_begin_rows(link, true, statement->kept);
    hoot__my_statement_note_kinds(statement, params);
    link->base.sent = true;
    rc = hoot__my_send(link, err);
    return rc < 0 ? rc : hoot__my_read_answer(link, out_answer, err);
}

/* The server has forgotten the statement, or could not keep up with changes to its tables. */
static bool wants_anew(const hoot__my_link *link, const hoot_error *err)
{
    return link->state == HOOT__MY_IDLE &&
           (err->server_code == ERR_UNKNOWN_STATEMENT || err->server_code == ERR_REPREPARE);
}

static int run_prepared(hoot__my_link *link, hoot_str sql, const hoot_value *params, size_t count,
                        hoot_answer *out_answer, hoot_error *err)
{
    hoot__my_statement *statement = hoot__my_statements_find_for(&link->statements, sql, params, count);
    hoot_error local;
    int rc;

    hoot_error_clear(&local);
    rc = statement ? execute(link, statement, params, count, out_answer, &local)
                   : hoot__my_run_together(link, sql, params, count, out_answer, &local);
    if (rc < 0 && statement && wants_anew(link, &local)) {
        hoot__my_statements_drop(&link->statements, statement, local.server_code == ERR_REPREPARE);
        rc = 1;
    }
    if (rc == 1) {
        rc = hoot__my_statement_for(link, sql, params, count, &statement, &local);
        if (rc == 0)
            rc = execute(link, statement, params, count, out_answer, &local);
    }
    if (rc < 0 && err)
        *err = local;
    return rc;
}

int hoot__my_run(hoot_link *base, hoot_str sql, const hoot_value *params, size_t param_count,
                 hoot_answer *out_answer, hoot_error *err)
{
    hoot__my_link *link = hoot__my_link_of(base);
    int rc;

    base->sent = false;
    rc = hoot__my_check_idle(link, err);
    if (rc < 0)
        return rc;
    link->base.last_insert_id = 0;
    if (param_count == 0)
        return run_text(link, sql, out_answer, err);
    return run_prepared(link, sql, params, param_count, out_answer, err);
}

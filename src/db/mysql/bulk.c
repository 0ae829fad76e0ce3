/* One statement for many rows of parameters.
 *
 * MariaDB takes them in one command:
 *
 *     fa, statement id (4), flags (2): 128 types follow, types (2 each), then row by row, value by value:
 *     indicator (1): 0 a value follows, 1 NULL
 *
 * Types stand once for all rows of a command, so a row whose kinds differ from those before it begins another
 * command; NULL fits every type. Commands are kept to about COMMAND_BYTES: some thousand rows, and neither
 * side has to hold all of them. Source: MariaDB Knowledge Base, "COM_STMT_BULK_EXECUTE".
 *
 * Some statements it does not take this way (1295: INSERT ... SELECT, DELETE from a join); that is said
 * before anything is done, and their rows are run one by one.
 *
 * For other servers, and of INSERT ... VALUES (...) only, the text is made one of many rows (many_rows.h) and
 * run as any other statement with that many parameters. The number of rows in a text is a power of two, so
 * that a few prepared statements serve every count. */
#include "connection.h"

#include "many_rows.h"
#include "params.h"
#include "session.h"

enum {
    COMMAND_BYTES = 512 * 1024,
    PARAMS_PER_TEXT = 4096, /* of a statement of many rows: its text and the server's tree stay small */
    TYPES_FOLLOW = 128,
    VALUE_IS_NULL = 1,
    ERR_UNKNOWN_STATEMENT = 1243,
    ERR_NOT_IN_BULK = 1295, /* "not supported in the prepared statement protocol yet" */
    ERR_REPREPARE = 1615,
};

/* What has to be done, and how far it is. */
typedef struct many {
    hoot__my_link *link;
    hoot_str sql;
    const hoot_value *rows;
    size_t row_count, columns;
    size_t done;        /* rows that were answered */
    size_t sent;        /* rows behind them in the command under way */
    hoot_answer answer; /* of all */
} many;

static void add_answer(many *m, const hoot_answer *answer)
{
    m->answer.affected_rows += answer->affected_rows;
    m->answer.warnings += answer->warnings;
    if (!m->answer.last_insert_id)
        m->answer.last_insert_id = answer->last_insert_id;
    m->done += m->sent;
}

static int failed(const many *m, int rc, hoot_error *err)
{
    if (m->sent > 1)
        (void)hoot_error_prefix(err, "rows %zu to %zu", m->done, m->done + m->sent - 1);
    else
        (void)hoot_error_prefix(err, "row %zu", m->done);
    return rc;
}

/* --- MariaDB's bulk execution --- */

/* The type of a column in this command: that of the first row from `first` on that has a value there. */
static hoot_kind kind_of_column(const many *m, size_t first, size_t column)
{
    for (size_t i = first; i < m->row_count && i < first + 100; i++) {
        hoot_kind kind = m->rows[i * m->columns + column].kind;

        if (kind != HOOT_NULL)
            return kind;
    }
    return HOOT_TEXT;
}

/* May the row go with those before it? Gives: its bytes; 0: no, its kinds are others. */
static size_t row_bytes(const many *m, const hoot_value *row, const hoot_kind *kinds)
{
    size_t bytes = 0;

    for (size_t i = 0; i < m->columns; i++) {
        if (row[i].kind != HOOT_NULL && row[i].kind != kinds[i])
            return 0;
        bytes += 1 + hoot__my_param_bytes(&row[i]);
    }
    return bytes;
}

static int check_row(const many *m, const hoot_value *row, hoot_error *err)
{
    for (size_t i = 0; i < m->columns; i++) {
        int rc = hoot__my_param_check(&row[i], i + 1, err);

        if (rc < 0)
            return rc;
    }
    return 0;
}

static void put_row(hoot_buf *out, const hoot_value *row, size_t columns)
{
    for (size_t i = 0; i < columns; i++) {
        bool is_null = row[i].kind == HOOT_NULL;

        hoot__my_put_u8(out, is_null ? VALUE_IS_NULL : 0);
        if (!is_null)
            hoot__my_param_put(out, &row[i]);
    }
}

static void put_head(hoot_buf *out, uint32_t id, const hoot_kind *kinds, size_t columns)
{
    hoot_buf_clear(out);
    hoot__my_put_u8(out, HOOT__MY_COM_STMT_BULK_EXECUTE);
    hoot__my_put_u32(out, id);
    hoot__my_put_u16(out, TYPES_FOLLOW);
    for (size_t i = 0; i < columns; i++)
        hoot__my_put_u16(out, hoot__my_param_type(kinds[i]));
}

static int too_long(const many *m, hoot_error *err)
{
    return hoot_error_set(
        err, HOOT_ELIMIT,
        "the row is longer than the server takes in one command (its max_allowed_packet, %zu)",
        m->link->max_command);
}

/* Gather the next rows into link->command, as many as may go together. */
static int gather(many *m, uint32_t id, hoot_kind *kinds, hoot_error *err)
{
    hoot_buf *command = &m->link->command;

    m->sent = 0;
    for (size_t i = 0; i < m->columns; i++)
        kinds[i] = kind_of_column(m, m->done, i);
    put_head(command, id, kinds, m->columns);
    while (m->done + m->sent < m->row_count && command->len < COMMAND_BYTES) {
        const hoot_value *row = m->rows + (m->done + m->sent) * m->columns;
        size_t bytes = row_bytes(m, row, kinds);
        int rc = check_row(m, row, err);

        if (rc == 0 && bytes > 0 && command->len + bytes < m->link->max_command) {
            put_row(command, row, m->columns);
            m->sent++;
        } else if (m->sent > 0) {
            return 0; /* what is wrong with it is said when its turn comes */
        } else {
            return rc < 0 ? rc : too_long(m, err);
        }
    }
    return 0;
}

static int send_bulk(many *m, hoot__my_statement *statement, hoot_kind *kinds, hoot_error *err)
{
    hoot__my_link *link = m->link;
    const hoot__my_ok *ok = &link->reply.ok;
    int rc = gather(m, statement->id, kinds, err);

    if (rc < 0)
        return rc;
    link->effect = statement->effect;
    hoot__my_reply_begin(&link->reply, link->greeting.capabilities, true, NULL);
    rc = hoot__my_send(link, err);
    if (rc == 0)
        rc = hoot__my_finish(link, err);
    if (rc == 0)
        add_answer(m, &(hoot_answer){ .affected_rows = ok->affected_rows,
                                      .last_insert_id = ok->last_insert_id,
                                      .warnings = ok->warnings });
    return rc;
}

static bool is_forgotten(const hoot__my_link *link, const hoot_error *err)
{
    return link->state == HOOT__MY_IDLE &&
           (err->server_code == ERR_UNKNOWN_STATEMENT || err->server_code == ERR_REPREPARE);
}

/* The first command was refused because the server does not run such a statement in bulk: nothing was done.
 */
static bool is_none_for_bulk(const many *m, const hoot_error *err)
{
    return m->done == 0 && m->link->state == HOOT__MY_IDLE && err->server_code == ERR_NOT_IN_BULK;
}

/* All of them. A statement that the server has forgotten is prepared again, once. */
static int send_all(many *m, hoot_kind *kinds, hoot_error *err)
{
    hoot__my_statement *statement;
    bool again = false;
    int rc = hoot__my_statement_for(m->link, m->sql, m->rows, m->columns, &statement, err);

    if (rc == 0)
        rc = hoot__my_check_count(statement, m->columns, err);
    if (rc == 0 && (statement->columns > 0 || statement->refuses_bulk))
        return HOOT_ENOTSUP; /* columns: INSERT ... RETURNING */
    while (rc == 0 && m->done < m->row_count) {
        rc = send_bulk(m, statement, kinds, err);
        if (rc < 0 && is_none_for_bulk(m, err)) {
            statement->refuses_bulk = true;
            hoot_error_clear(err);
            return HOOT_ENOTSUP;
        }
        if (rc < 0 && !again && is_forgotten(m->link, err)) {
            again = true;
            hoot__my_statements_drop(&m->link->statements, statement, err->server_code == ERR_REPREPARE);
            rc = hoot__my_statement_for(m->link, m->sql, m->rows, m->columns, &statement, err);
        }
    }
    return rc < 0 ? failed(m, rc, err) : 0;
}

static int run_bulk(many *m, hoot_error *err)
{
    hoot_arena *arena = hoot_arena_new(0);
    hoot_kind *kinds = arena ? hoot_arena_alloc_array(arena, m->columns, sizeof(*kinds)) : NULL;
    int rc = kinds ? send_all(m, kinds, err)
                   : hoot_error_set(err, HOOT_ENOMEM, "no memory for %zu columns", m->columns);

    hoot_arena_free(arena);
    return rc;
}

/* --- statements of many rows --- */

static size_t text_bytes(const many *m, const hoot_value *row)
{
    size_t bytes = 0;

    for (size_t i = 0; i < m->columns; i++)
        bytes += 4 + hoot__my_param_bytes(&row[i]);
    return bytes;
}

/* The largest power of two of rows that go in one text. A row with a value that cannot be sent goes alone,
 * and so does one that is too long: the statement itself will say it then, by the number of the row. */
static size_t rows_that_fit(const many *m)
{
    size_t most = m->row_count - m->done, count = 1, bytes = 0, reached = 0;

    if (most > PARAMS_PER_TEXT / m->columns)
        most = PARAMS_PER_TEXT / m->columns;
    while (2 * count <= most) {
        for (; reached < 2 * count; reached++) {
            const hoot_value *row = m->rows + (m->done + reached) * m->columns;

            if (check_row(m, row, NULL) < 0)
                return count;
            bytes += text_bytes(m, row);
        }
        if (bytes > COMMAND_BYTES || bytes > m->link->max_command / 2)
            break;
        count *= 2;
    }
    return count;
}

static int send_text_of_many(many *m, const hoot__my_values *values, hoot_buf *text, hoot_error *err)
{
    hoot_answer answer;
    int rc;

    m->sent = rows_that_fit(m);
    rc = hoot__my_values_repeat(values, m->sent, text);
    if (rc < 0)
        return hoot_error_set(err, rc, "a statement of %zu rows: %s", m->sent, hoot_error_text(rc));
    rc = hoot__my_run(&m->link->base, hoot_buf_str(text), m->rows + m->done * m->columns,
                      m->sent * m->columns, &answer, err);
    if (rc == 0)
        add_answer(m, &answer);
    return rc;
}

static int run_texts(many *m, const hoot__my_values *values, hoot_error *err)
{
    hoot_buf text;
    int rc = 0;

    hoot_buf_init(&text, HOOT__MY_PAYLOAD_MAX);
    while (rc == 0 && m->done < m->row_count)
        rc = send_text_of_many(m, values, &text, err);
    hoot_buf_fini(&text);
    return rc < 0 ? failed(m, rc, err) : 0;
}

/* --- the driver's function --- */

static int run_many(many *m, hoot_error *err)
{
    hoot__my_values values;

    if ((m->link->greeting.mariadb_capabilities & HOOT__MY_MARIADB_CAP_BULK) && hoot__my_takes_bulk(m->sql))
        return run_bulk(m, err);
    if (hoot__my_values_find(m->sql, m->columns, &values))
        return run_texts(m, &values, err);
    return HOOT_ENOTSUP;
}

int hoot__my_run_many(hoot_link *base, hoot_str sql, const hoot_value *rows, size_t row_count, size_t columns,
                      hoot_answer *out_answer, hoot_error *err)
{
    hoot_error local = HOOT_ERROR_INIT;
    many m = {
        .link = hoot__my_link_of(base), .sql = sql, .rows = rows, .row_count = row_count, .columns = columns
    };
    int rc = hoot__my_check_idle(m.link, err);

    if (rc < 0)
        return rc;
    rc = columns > 0 ? run_many(&m, &local) : HOOT_ENOTSUP;
    if (rc < 0) {
        if (err)
            *err = local;
        return rc;
    }
    base->last_insert_id = m.answer.last_insert_id;
    *out_answer = m.answer;
    return 0;
}

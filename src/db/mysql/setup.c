/* What makes a session ours: one SET with everything the pool's options say of it, the application's own
 * init_command behind, and at login the question for max_allowed_packet. All of it is one write, at login and
 * after each reset; the answers are read in order.
 *
 * Texts of options become part of SQL here, so hoot__my_prepare() has looked at each of their bytes. */
#include "connection.h"

#include "protocol.h"

#include "db/sql_split.h"

#define ASK_MAX_COMMAND "SELECT @@max_allowed_packet"

enum { SETUP_MAX = 4096 };

static void add_if(hoot_buf *sql, const char *before, const char *text, const char *behind)
{
    if (text && text[0])
        (void)hoot_buf_printf(sql, "%s%s%s", before, text, behind);
}

/* SET NAMES is first: it also sets what the next ones are written in. */
static void put_session(hoot_buf *sql, const hoot_target *target, bool tracked)
{
    add_if(sql, "SET NAMES ", target->charset && target->charset[0] ? target->charset : "utf8mb4", "");
    add_if(sql, " COLLATE ", target->collation, "");
    add_if(sql, ", ", "SESSION autocommit = 1", "");
    if (tracked)
        add_if(sql, ", ", "SESSION session_track_schema = ON, SESSION session_track_state_change = ON", "");
    add_if(sql, ", SESSION time_zone = '", target->time_zone, "'");
    add_if(sql, ", SESSION sql_mode = '", target->sql_mode, "'");
}

static int write_statement(hoot__my_link *link, hoot_str sql)
{
    int rc;

    hoot_buf_clear(&link->command);
    hoot__my_put_u8(&link->command, HOOT__MY_COM_QUERY);
    (void)hoot_buf_add_str(&link->command, sql);
    rc = hoot__my_put_check(&link->command);
    link->channel.sequence = 0;
    return rc < 0 ? rc : hoot__my_channel_write(&link->channel, hoot_buf_str(&link->command));
}

static hoot_str init_of(const hoot__my_link *link)
{
    return hoot_str_from(link->base.target->init_command ? link->base.target->init_command : "");
}

int hoot__my_write_setup(hoot__my_link *link)
{
    hoot_str rest = init_of(link), statement;
    hoot_buf sql;
    int rc;

    hoot_buf_init(&sql, SETUP_MAX);
    put_session(&sql, link->base.target, hoot__my_is_tracked(link));
    rc = sql.failed ? HOOT_ENOMEM : write_statement(link, hoot_buf_str(&sql));
    hoot_buf_fini(&sql);
    while (rc == 0 && hoot__sql_next(&rest, true, &statement))
        rc = write_statement(link, statement);
    return rc;
}

static int read_one(hoot__my_link *link, const char *what, hoot_error *err)
{
    int rc;

    hoot__my_begin_answer(link, NULL);
    rc = hoot__my_finish(link, err);
    if (rc < 0)
        (void)hoot_error_prefix(err, "%s", what);
    return rc;
}

/* What is set here is how a session of ours begins, so it is no change of it, and is done again after a
 * reset.
 */
int hoot__my_read_setup(hoot__my_link *link, hoot_error *err)
{
    hoot_str rest = init_of(link), statement;
    int rc = read_one(link, "setting up the session", err);

    while (rc == 0 && hoot__sql_next(&rest, true, &statement))
        rc = read_one(link, "init_command", err);
    link->base.state_changed = false;
    link->outlives_reset = false;
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

int hoot__my_set_up(hoot__my_link *link, hoot_error *err)
{
    int rc = hoot__my_write_setup(link);

    if (rc == 0)
        rc = write_statement(link, HOOT_STR(ASK_MAX_COMMAND));
    if (rc == 0)
        rc = hoot__my_channel_flush(&link->channel);
    if (rc < 0)
        return hoot__my_fail(link, hoot_error_set(err, rc, "%s", hoot_error_text(rc)), err);
    rc = hoot__my_read_setup(link, err);
    return rc < 0 ? rc : read_max_command(link, err);
}

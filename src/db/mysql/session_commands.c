/* Commands about sessions, one's own and others'. */
#include "connection.h"

#include "login.h"

#include <hoot/error.h>

#include <stdio.h>

/* That the database is another one now is reported by the server; servers that report nothing are told by the
 * effect. Source: MySQL Internals, "COM_INIT_DB". */
int hoot__my_select_db(hoot_link *base, const char *database, hoot_error *err)
{
    hoot__my_link *link = hoot__my_link_of(base);
    int rc = hoot__my_check_idle(link, err);

    if (rc < 0)
        return rc;
    hoot_buf_clear(&link->command);
    hoot__my_put_u8(&link->command, HOOT__MY_COM_INIT_DB);
    (void)hoot_buf_add_str(&link->command, hoot_str_from(database));
    link->effect = HOOT__MY_LEAVES_STATE;
    hoot__my_reply_begin(&link->reply, link->greeting.capabilities, false, NULL);
    rc = hoot__my_send(link, err);
    return rc < 0 ? rc : hoot__my_finish(link, err);
}

/* The server begins a new session: our setup is done again. It stays another user's, though: a reset does not
 * bring the pool's user back, and logging in again would not either: MariaDB keeps the role
 * of the user before through COM_CHANGE_USER. */
static int begin_anew(hoot__my_link *link, hoot_error *err)
{
    int rc;

    hoot__my_statements_clear(&link->statements, false);
    hoot__my_channel_trim(&link->channel);
    hoot__my_move_to(link, HOOT__MY_IDLE);
    rc = hoot__my_set_up(link, err);
    link->base.in_transaction = false;
    link->base.last_insert_id = 0;
    link->base.state_changed = link->outlives_reset = true;
    return rc;
}

int hoot__my_change_user(hoot_link *base, const char *user, const char *password, const char *database,
                         hoot_error *err)
{
    hoot__my_link *link = hoot__my_link_of(base);
    hoot_target target = *base->target;
    int rc = hoot__my_check_idle(link, err);

    if (rc < 0)
        return rc;
    target.user = user;
    target.password = password ? password : "";
    target.database = database ? database : base->target->database;
    hoot__my_move_to(link, HOOT__MY_BUSY);
    rc = hoot__my_login_again(&link->channel, &target, &link->greeting, err);
    if (rc == 0)
        return begin_anew(link, err);
    hoot__my_move_to(link, HOOT__MY_BROKEN);
    return rc;
}

/* COM_PROCESS_KILL is deprecated, and knows numbers of 32 bits only. */
int hoot__my_kill(hoot_link *base, uint64_t id, bool whole, hoot_error *err)
{
    hoot_answer answer;
    char sql[64];
    int len =
        snprintf(sql, sizeof(sql), "KILL %s %llu", whole ? "CONNECTION" : "QUERY", (unsigned long long)id);

    return hoot__my_run(base, hoot_str_of(sql, (size_t)len), NULL, 0, &answer, err);
}

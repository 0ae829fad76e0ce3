/* Commands about sessions, one's own and others'. */
#include "connection.h"

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

/* COM_PROCESS_KILL is deprecated, and knows numbers of 32 bits only. */
int hoot__my_kill(hoot_link *base, uint64_t id, bool whole, hoot_error *err)
{
    hoot_answer answer;
    char sql[64];
    int len =
        snprintf(sql, sizeof(sql), "KILL %s %llu", whole ? "CONNECTION" : "QUERY", (unsigned long long)id);

    return hoot__my_run(base, hoot_str_of(sql, (size_t)len), NULL, 0, &answer, err);
}

/* A conversation behind the login with the server that says what it is told to: how it begins and ends,
 * questions, and the columns that are answered with. */
#ifndef HOOT_TEST_MYSQL_FAKE_ASK_H
#define HOOT_TEST_MYSQL_FAKE_ASK_H

#include "mysql_fake.h"

/* The server goes on with what is said next, the client with `client`. */
static inline void fake_behind_login(fake_talk *talk, fake_run *run, fake_client_fn client)
{
    fake_init(talk);
    fake_login(talk);
    fake_defaults(run, talk);
    run->client = client;
}

static inline void fake_end(fake_talk *talk, fake_run *run)
{
    fake_run_fini(run);
    fake_fini(talk);
}

/* Run a statement and read all of its rows. */
static inline int read_all(hoot_link *link, const char *sql, const hoot_value *params, size_t count,
                           hoot_error *err)
{
    hoot_answer answer;
    const hoot_value *cells;
    int rc = link->driver->run(link, hoot_str_from(sql), params, count, &answer, err);

    if (rc < 0 || answer.column_count == 0)
        return rc;
    do
        rc = link->driver->next_row(link, &cells, err);
    while (rc == 1);
    return rc;
}

static inline int ask_text(hoot_link *link, fake_run *run, hoot_error *err)
{
    (void)run;
    return read_all(link, "SELECT text", NULL, 0, err);
}

static inline int ask_prepared(hoot_link *link, fake_run *run, hoot_error *err)
{
    const hoot_value param = hoot_value_text("x");

    (void)run;
    return read_all(link, "SELECT ?", &param, 1, err);
}

static inline void say_two_columns(fake_talk *talk, bool eof)
{
    FAKE(talk, "\x02");
    fake_column(talk, "name", HOOT__MY_TYPE_VAR_STRING, 0, 45);
    fake_column(talk, "n", HOOT__MY_TYPE_LONG, 0, 63);
    if (eof)
        FAKE(talk, FAKE_EOF);
}

#endif

/* Links to a database server of the test program's own, its database and its users. */
#ifndef HOOT_TEST_MYSQL_SERVER_LINK_H
#define HOOT_TEST_MYSQL_SERVER_LINK_H

#include "mysql_link.h"
#include "mysql_server.h"

static mysql_server server;

static inline hoot_target target_for(const char *user, const char *password, bool by_socket)
{
    return (hoot_target){
        .driver = &hoot__mysql_driver,
        .host = "127.0.0.1",
        .socket = by_socket ? server.socket : "",
        .user = user,
        .password = password,
        .database = "hoot",
        .port = server.port,
        .connect_timeout_ms = 10000,
        .statement_cache = 100,
        .max_answer_bytes = (uint64_t)256 << 20,
    };
}

static inline hoot_link *open_link(const hoot_target *target)
{
    hoot_error err = HOOT_ERROR_INIT;
    hoot_link *link = NULL;

    if (hoot__mysql_driver.connect(target, &link, &err) != 0)
        fail_msg("%s", err.text);
    return link;
}

static inline int open_refused(const hoot_target *target, hoot_error *err)
{
    hoot_link *link = NULL;
    int rc = hoot__mysql_driver.connect(target, &link, err);

    assert_null(link);
    assert_int_equal(err->code, rc);
    return rc;
}

/* A status variable of the session, in `arena`. */
static inline const char *status_of(hoot_arena *arena, hoot_link *link, const char *name)
{
    const hoot_value *cells;
    const char *value;

    run(link, hoot_arena_printf(arena, "SHOW SESSION STATUS LIKE '%s'", name));
    cells = next(link);
    assert_non_null(cells);
    value = hoot_value_format(arena, &cells[1]);
    assert_int_equal(count_rows(link), 0);
    return value;
}

typedef void (*link_fn)(hoot_link *link);

static inline int body_on_link(hoot_error *err, void *arg)
{
    hoot_target target = target_for("root", "", false);
    hoot_link *link = open_link(&target);

    (void)err;
    (*(link_fn *)arg)(link);
    hoot__mysql_driver.close(link);
    return 0;
}

static inline void on_link(link_fn body)
{
    hoot_error err = HOOT_ERROR_INIT;

    assert_int_equal(hoot_run(body_on_link, &body, &err), 0);
}

/* name: a test whose body gets a link */
#define LINK_TEST(name)                                                                                      \
    static void name##_body(hoot_link *link);                                                                \
    static void name(void **state)                                                                           \
    {                                                                                                        \
        (void)state;                                                                                         \
        on_link(name##_body);                                                                                \
    }                                                                                                        \
    static void name##_body(hoot_link *link)

/* What the two kinds of servers say differently. */
static inline const char *by_kind(const char *mariadb, const char *mysql)
{
    return mysql_server_is_mysql() ? mysql : mariadb;
}

/* In a test of what only MariaDB has. */
#define ONLY_ON_MARIADB()                                                                                    \
    do {                                                                                                     \
        if (mysql_server_is_mysql()) {                                                                       \
            print_message("only MariaDB has this\n");                                                        \
            return;                                                                                          \
        }                                                                                                    \
    } while (0)

/* 10^8 rows that the server makes while it sends them: more than anybody would wait for. `tail` may say more
 * of their column n. The hint is for MySQL, whose hash joins would make most of them first. */
static inline hoot_answer run_many_rows(hoot_link *link, const char *tail, const hoot_value *params,
                                        size_t count)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    const char *from =
        by_kind("SELECT a.n FROM (SELECT seq AS n FROM seq_1_to_100000000) a",
                "SELECT /*+ NO_BNL() */ a.n FROM digits a, digits b, digits c, digits d, digits e, "
                "digits f, digits g, digits h");

    return run_values(link, hoot_arena_printf(arena, "%s %s", from, tail), params, count);
}

/* --- the server's life --- */

static inline int body_users(hoot_error *err, void *arg)
{
    static const char *const statements[] = {
        "CREATE DATABASE hoot",
        "CREATE USER native@'%' IDENTIFIED BY 'secret \xC3\xA9'",
        "CREATE USER 'empty'@'%' IDENTIFIED BY ''",
        "GRANT ALL ON hoot.* TO native@'%'",
        "GRANT ALL ON hoot.* TO 'empty'@'%'",
        "CREATE ROLE tester",
        "GRANT tester TO root@localhost",
        "GRANT tester TO root@127.0.0.1",
        "CREATE TABLE hoot.digits (n INT)",
        "INSERT INTO hoot.digits VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)",
    };
    hoot_target target = target_for("root", "", true);
    hoot_link *link;

    (void)err;
    (void)arg;
    target.database = "";
    link = open_link(&target);
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
        run(link, statements[i]);
    hoot__mysql_driver.close(link);
    return 0;
}

static inline int start_server(void **state)
{
    static const char *const options[] = { "--max-allowed-packet=64M", "--max-connections=151", NULL };
    hoot_error err = HOOT_ERROR_INIT;

    (void)state;
    mysql_server_start(&server, options);
    return hoot_run(body_users, NULL, &err);
}

static inline int stop_server(void **state)
{
    (void)state;
    mysql_server_stop(&server);
    return 0;
}

#endif

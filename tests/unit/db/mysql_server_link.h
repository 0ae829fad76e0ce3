/* Links to a MariaDB server of the test program's own, its database and its users. */
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

/* --- the server's life --- */

static inline int body_users(hoot_error *err, void *arg)
{
    static const char *const statements[] = {
        "CREATE DATABASE hoot",
        "CREATE USER native@'%' IDENTIFIED BY 'secret \xC3\xA9'",
        "CREATE USER native@localhost IDENTIFIED BY 'secret \xC3\xA9'",
        "CREATE USER empty@'%' IDENTIFIED BY ''",
        "GRANT ALL ON hoot.* TO native@'%'",
        "GRANT ALL ON hoot.* TO native@localhost",
        "GRANT ALL ON hoot.* TO empty@'%'",
        "CREATE ROLE tester",
        "GRANT tester TO root@localhost",
        "GRANT tester TO root@127.0.0.1",
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

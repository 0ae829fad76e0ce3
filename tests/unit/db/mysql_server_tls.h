/* A database server that has TLS, with certificates made here, and connecting to it with what a url says. */
#ifndef HOOT_TEST_MYSQL_SERVER_TLS_H
#define HOOT_TEST_MYSQL_SERVER_TLS_H

#include "mysql_server_link.h"

#include "unit/net/tls_certificates.h"

#include "db/options.h"

#include <hoot/pool.h>

/* --- the server --- */

static char cert_path[128];

/* The server's certificate, until another is shown. */
static inline void copy_certificate(const char *name)
{
    static char bytes[8192];
    FILE *from = fopen(file_at(name), "r"), *to = fopen(cert_path, "w");
    size_t len = fread(bytes, 1, sizeof(bytes), from);

    assert_true(len > 0 && len < sizeof(bytes) && fwrite(bytes, 1, len, to) == len);
    fclose(from);
    fclose(to);
}

/* MySQL has to see a password once, over TLS or a unix socket, before it takes its hash without TLS. */
static inline int body_first_login(hoot_error *err, void *arg)
{
    hoot_target target = target_for("native", "secret \xC3\xA9", true);

    (void)err;
    (void)arg;
    hoot__mysql_driver.close(open_link(&target));
    return 0;
}

/* `make_users`: those that the test needs besides the ones of every test, made by root. */
static inline int start_tls_server(void **state, link_fn make_users)
{
    char cert[160], key[160], ca[160];
    const char *const options[] = { cert,
                                    key,
                                    ca,
                                    "--performance-schema=ON",
                                    "--performance-schema-session-connect-attrs-size=65536",
                                    "--max-allowed-packet=64M",
                                    "--disconnect-on-expired-password=ON",
                                    NULL };
    hoot_error err = HOOT_ERROR_INIT;

    if (make_certificates(state) != 0)
        return -1;
    snprintf(cert_path, sizeof(cert_path), "%s/server.pem", certificates_dir);
    copy_certificate("good.pem");
    snprintf(cert, sizeof(cert), "--ssl-cert=%s", cert_path);
    snprintf(key, sizeof(key), "--ssl-key=%s", cert_path);
    snprintf(ca, sizeof(ca), "--ssl-ca=%s", file_at("ca.pem"));
    mysql_server_start(&server, options);
    if (hoot_run(body_users, NULL, &err) != 0 || hoot_run(body_first_login, NULL, &err) != 0)
        return -1;
    on_link(make_users);
    return 0;
}

static inline int stop_tls_server(void **state)
{
    mysql_server_stop(&server);
    unlink(cert_path);
    return remove_certificates(state);
}

/* --- connecting with what a url says --- */

typedef struct attempt {
    const char *user, *options; /* behind '?' */
    const char *host;           /* "127.0.0.1" */
    bool by_socket;
    link_fn body;
    int rc;
    hoot_error err;
} attempt;

static inline int body_attempt(hoot_error *unused, void *arg)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    attempt *a = arg;
    hoot_link *link = NULL;
    hoot_target target;
    hoot__limits limits;
    const char *url = hoot_arena_printf(arena, "mysql://%s:secret%%20%%C3%%A9@%s:%u/hoot?%s", a->user,
                                        a->host ? a->host : "127.0.0.1", server.port, a->options);
    hoot_pool_options options = { .url = url, .socket = a->by_socket ? server.socket : NULL };

    (void)unused;
    a->rc = hoot__options_read(arena, &options, &target, &limits, &a->err);
    if (a->rc == 0)
        a->rc = hoot__mysql_driver.prepare(&target, &a->err);
    if (a->rc == 0) {
        hoot_timeout (20000)
            a->rc = hoot__mysql_driver.connect(&target, &link, &a->err);
    }
    if (a->rc == 0 && a->body)
        a->body(link);
    hoot__mysql_driver.close(link);
    hoot__mysql_driver.forget(&target);
    return 0;
}

static inline void try(attempt *a)
{
    hoot_error err = HOOT_ERROR_INIT;

    assert_int_equal(hoot_run(body_attempt, a, &err), 0);
}

static inline void expect_open(const char *user, const char *options, link_fn body)
{
    attempt a = { .user = user, .options = options, .body = body };

    try(&a);
    if (a.rc != 0)
        fail_msg("%s: %s", options, a.err.text);
}

static inline void expect_closed(const char *user, const char *options, int code, const char *text)
{
    attempt a = { .user = user, .options = options };

    try(&a);
    if (a.rc != code || !strstr(a.err.text, text))
        fail_msg("%s: %d: %s", options, a.rc, a.err.text);
}

/* An option with a file of the certificates' directory in place of %s. */
static inline const char *with(const char *options, const char *file)
{
    static char text[512];

    snprintf(text, sizeof(text), options, file_at(file));
    return text;
}

static inline void uses_tls(hoot_link *link)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);

    assert_non_null(strstr(status_of(arena, link, "Ssl_version"), "TLSv1."));
}

static inline void stops_a_statement(hoot_link *link)
{
    hoot_error err = HOOT_ERROR_INIT;
    hoot_answer answer;
    int rc = 0;

    hoot_timeout (100)
        rc = hoot__mysql_driver.run(link, HOOT_STR("SELECT SLEEP(60)"), NULL, 0, &answer, &err);
    assert_int_equal(rc, HOOT_ETIMEOUT);
    if (hoot__mysql_driver.recover(link, &err) < 0)
        fail_msg("%s", err.text);
    expect_answer(link, "SELECT 'good'", "good");
}

#endif

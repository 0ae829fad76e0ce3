/* Connecting to a server that has TLS, with certificates made here: every sslmode, certificates that
 * are not good, plugins, and what a session begins with. */
#include "mysql_server_link.h"

#include "unit/net/tls_certificates.h"

#include "base/alloc.h"
#include "db/options.h"

#include <hoot/cursor.h>
#include <hoot/group.h>
#include <hoot/pool.h>

#include <pwd.h>

/* --- the server --- */

static char cert_path[128];

/* The server's certificate, until another is shown. */
static void copy_certificate(const char *name)
{
    static char bytes[8192];
    FILE *from = fopen(file_at(name), "r"), *to = fopen(cert_path, "w");
    size_t len = fread(bytes, 1, sizeof(bytes), from);

    assert_true(len > 0 && len < sizeof(bytes) && fwrite(bytes, 1, len, to) == len);
    fclose(from);
    fclose(to);
}

/* The plugin is in Debian's mariadb-server, which also has the service; the tests need less than that. */
static bool has_ed25519;

static void add_ed25519(hoot_link *link)
{
    hoot_error err = HOOT_ERROR_INIT;
    hoot_answer answer;

    has_ed25519 =
        hoot__mysql_driver.run(link, HOOT_STR("INSTALL SONAME 'auth_ed25519'"), NULL, 0, &answer, &err) == 0;
    if (!has_ed25519)
        return;
    run(link, "CREATE USER ed@'%' IDENTIFIED VIA ed25519 USING PASSWORD('secret \xC3\xA9')");
    run(link, "GRANT ALL ON hoot.* TO ed@'%'");
}

/* Root has an account of its own in the tests: another name for it is refused by the server. */
static const char *socket_user(void)
{
    return getuid() == 0 ? "not_root" : getpwuid(getuid())->pw_name;
}

static int body_more_users(hoot_error *err, void *arg)
{
    static const char *const statements[] = {
        "CREATE USER tls@'%' IDENTIFIED BY 'secret \xC3\xA9' REQUIRE SSL",
        "CREATE USER cert@'%' IDENTIFIED BY 'secret \xC3\xA9' REQUIRE X509",
        "CREATE USER old@'%' IDENTIFIED BY 'secret \xC3\xA9' PASSWORD EXPIRE",
        "GRANT ALL ON hoot.* TO tls@'%'",
        "GRANT ALL ON hoot.* TO cert@'%'",
    };
    hoot_target target = target_for("root", "", true);
    hoot_link *link = open_link(&target);
    char sql[160];

    (void)err;
    (void)arg;
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
        run(link, statements[i]);
    add_ed25519(link);
    if (mysql_server_is_mysql())
        run(link, "INSTALL PLUGIN auth_socket SONAME 'auth_socket.so'");
    snprintf(sql, sizeof(sql), "CREATE USER `%s`@localhost IDENTIFIED %s", socket_user(),
             by_kind("VIA unix_socket", "WITH auth_socket"));
    run(link, sql);
    snprintf(sql, sizeof(sql), "GRANT ALL ON hoot.* TO `%s`@localhost", socket_user());
    run(link, sql);
    hoot__mysql_driver.close(link);
    return 0;
}

static int start_tls_server(void **state)
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
    return hoot_run(body_users, NULL, &err) == 0 ? hoot_run(body_more_users, NULL, &err) : -1;
}

static int stop_tls_server(void **state)
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
    void (*body)(hoot_link *link);
    int rc;
    hoot_error err;
} attempt;

static int body_attempt(hoot_error *unused, void *arg)
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

static void try(attempt *a)
{
    hoot_error err = HOOT_ERROR_INIT;

    assert_int_equal(hoot_run(body_attempt, a, &err), 0);
}

static void expect_open(const char *user, const char *options, void (*body)(hoot_link *link))
{
    attempt a = { .user = user, .options = options, .body = body };

    try(&a);
    if (a.rc != 0)
        fail_msg("%s: %s", options, a.err.text);
}

static void expect_closed(const char *user, const char *options, int code, const char *text)
{
    attempt a = { .user = user, .options = options };

    try(&a);
    if (a.rc != code || !strstr(a.err.text, text))
        fail_msg("%s: %d: %s", options, a.rc, a.err.text);
}

/* An option with a file of the certificates' directory in place of %s. */
static const char *with(const char *options, const char *file)
{
    static char text[512];

    snprintf(text, sizeof(text), options, file_at(file));
    return text;
}

static void uses_tls(hoot_link *link)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);

    assert_non_null(strstr(status_of(arena, link, "Ssl_version"), "TLSv1."));
}

static void uses_no_tls(hoot_link *link)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);

    assert_string_equal(status_of(arena, link, "Ssl_version"), "");
}

/* TLS comes first: MySQL has to see a password once before it takes its hash without TLS. */
static void each_mode_with_a_good_certificate(void **state)
{
    (void)state;
    expect_open("native", "sslmode=preferred", uses_tls);
    expect_open("native", "sslmode=disabled", uses_no_tls);
    expect_open("native", "attr.mode=default", uses_tls);
    expect_open("native", "sslmode=required", uses_tls);
    expect_open("native", with("sslmode=verify-ca&ssl_ca=%s", "ca.pem"), uses_tls);
    expect_open("native", with("sslmode=verify-identity&ssl_ca=%s", "ca.pem"), uses_tls);
    expect_open("native", with("ssl_ca=%s", "ca.pem"), uses_tls);
    expect_open("native", with("tls_min_version=1.3&ssl_ca=%s", "ca.pem"), uses_tls);
    expect_open("tls", "sslmode=required", uses_tls);
    expect_closed("tls", "sslmode=disabled", HOOT_EAUTH, "Access denied");
}

static void the_name_is_verified_over_a_unix_socket_too(void **state)
{
    char options[256];
    attempt a = { .user = "native", .options = options, .by_socket = true, .body = uses_tls };

    (void)state;
    snprintf(options, sizeof(options), "ssl_ca=%s", file_at("ca.pem"));
    try(&a);
    if (a.rc != 0)
        fail_msg("%s", a.err.text);
    a.body = uses_no_tls;
    a.options = "sslmode=preferred";
    try(&a);
    assert_int_equal(a.rc, 0);
}

static void authorities_that_did_not_sign(void **state)
{
    (void)state;
    expect_closed("native", with("sslmode=verify-ca&ssl_ca=%s", "other-ca.pem"), HOOT_ECONNECT,
                  "certificate");
    expect_closed("native", with("sslmode=verify-identity&ssl_ca=%s", "other-ca.pem"), HOOT_ECONNECT,
                  "certificate");
    expect_closed("native", "sslmode=verify-ca", HOOT_ECONNECT, "certificate"); /* the system's */
    expect_open("native", with("sslmode=required&ssl_ca=%s", "other-ca.pem"), uses_tls);
}

static void a_certificate_that_was_revoked(void **state)
{
    char options[300];

    (void)state;
    snprintf(options, sizeof(options), "sslmode=verify-ca&ssl_ca=%s&ssl_crl=%s", file_at("ca.pem"),
             file_at("revoked.crl"));
    expect_closed("native", options, HOOT_ECONNECT, "revoked");
    snprintf(options, sizeof(options), "sslmode=verify-ca&ssl_ca=%s&ssl_crl=%s", file_at("ca.pem"),
             file_at("nothing.crl"));
    expect_open("native", options, uses_tls);
}

/* What `openssl x509 -fingerprint -sha256` shows of a certificate; without ':' in lower case. */
static const char *fingerprint_of(const char *name, bool colons)
{
    static char text[128];
    FILE *file = fopen(file_at(name), "r");
    X509 *cert = PEM_read_X509(file, NULL, NULL, NULL);
    uint8_t digest[32];
    size_t at = 0;

    assert_int_equal(X509_digest(cert, EVP_sha256(), digest, NULL), 1);
    for (size_t i = 0; i < sizeof(digest); i++)
        at += (size_t)snprintf(text + at, sizeof(text) - at, colons ? "%s%02X" : "%s%02x",
                               colons && i ? ":" : "", digest[i]);
    X509_free(cert);
    fclose(file);
    return text;
}

/* No authority has to vouch for it; where one must, it still has to. */
static void a_certificate_that_is_pinned(void **state)
{
    char options[512];

    (void)state;
    for (int colons = 0; colons < 2; colons++) {
        snprintf(options, sizeof(options), "ssl_fingerprint=%s", fingerprint_of("good.pem", colons));
        expect_open("native", options, uses_tls);
    }
    snprintf(options, sizeof(options), "ssl_fingerprint=%s&ssl_ca=%s", fingerprint_of("good.pem", false),
             file_at("other-ca.pem"));
    expect_closed("native", options, HOOT_ECONNECT, "certificate");
    snprintf(options, sizeof(options), "ssl_fingerprint=%s", fingerprint_of("ca.pem", false));
    expect_closed("native", options, HOOT_ECONNECT, fingerprint_of("good.pem", false));
}

static void a_certificate_of_the_client(void **state)
{
    (void)state;
    expect_open("cert", with("sslmode=required&ssl_cert=%s", "client.pem"), uses_tls);
    expect_closed("cert", "sslmode=required", HOOT_EAUTH, "Access denied");
    expect_closed("cert", with("sslmode=required&ssl_cert=%s", "stranger.pem"), HOOT_EPROTOCOL, "authority");
}

static void reload(hoot_link *link)
{
    run(link, by_kind("FLUSH SSL", "ALTER INSTANCE RELOAD TLS"));
}

/* From now on the server shows another certificate. */
static void show_certificate(const char *name)
{
    copy_certificate(name);
    on_link(reload);
}

static void certificates_that_are_not_good(void **state)
{
    static const struct {
        const char *name, *identity, *authority; /* what is said by each mode; NULL: connects */
    } cases[] = {
        { "wild.pem", "127.0.0.1", NULL },
        { "expired.pem", "expired", "expired" },
        { "future.pem", "valid", "valid" },
        { "self.pem", "certificate", "certificate" },
    };

    (void)state;
    ONLY_ON_MARIADB(); /* MySQL shows no such certificate */
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        show_certificate(cases[i].name);
        expect_closed("native", with("sslmode=verify-identity&ssl_ca=%s", "ca.pem"), HOOT_ECONNECT,
                      cases[i].identity);
        if (cases[i].authority)
            expect_closed("native", with("sslmode=verify-ca&ssl_ca=%s", "ca.pem"), HOOT_ECONNECT,
                          cases[i].authority);
        else
            expect_open("native", with("sslmode=verify-ca&ssl_ca=%s", "ca.pem"), uses_tls);
        expect_open("native", "sslmode=required", uses_tls);
    }
    show_certificate("good.pem");
}

static void newest(hoot_link *link)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);

    assert_string_equal(status_of(arena, link, "Ssl_version"), "TLSv1.3");
}

static void the_least_version_is_kept(void **state)
{
    (void)state;
    expect_open("native", "sslmode=required&tls_min_version=1.3", newest);
}

/* --- pools, and many at once --- */

static int body_pool(hoot_error *err, void *arg)
{
    hoot_pool_options options = { .url = arg, .host = "127.0.0.1", .port = server.port };
    HOOT_AUTO(hoot_cursor) rows = NULL;
    hoot_pool *pool;
    int rc = hoot_pool_open(NULL, &pool, &options, err);

    if (rc < 0)
        return rc;
    rows = hoot_pool_query(pool, err, "SHOW STATUS LIKE 'Ssl_cipher'");
    assert_non_null(rows);
    assert_true(hoot_fetchone(rows) != NULL);
    hoot_pool_close(pool);
    return 0;
}

static void a_pool_has_one_context_for_all_its_connections(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;
    char url[400];

    (void)state;
    snprintf(url, sizeof(url), "mysql://native:secret%%20%%C3%%A9@/hoot?min_size=4&ssl_ca=%s",
             file_at("ca.pem"));
    if (hoot_run(body_pool, url, &err) != 0)
        fail_msg("%s", err.text);
    snprintf(url, sizeof(url), "mysql://native:secret%%20%%C3%%A9@/hoot?ssl_ca=%s", file_at("other-ca.pem"));
    assert_int_equal(hoot_run(body_pool, url, &err), HOOT_ECONNECT);
    assert_int_equal(hoot_run(body_pool, "mysql://native@/hoot?ssl_ca=/no/such.pem", &err), HOOT_ECONFIG);
    assert_int_equal(hoot_run(body_pool, "mysql://native@/hoot?charset=gbk", &err), HOOT_ECONFIG);
}

typedef struct storm {
    hoot_target target;
    unsigned opened, failed;
} storm;

/* Give up after a while that ends anywhere in the handshake, or not. */
static int connect_once(hoot_error *err, void *arg)
{
    static uint32_t x = 1;
    storm *all = arg;
    hoot_error own = HOOT_ERROR_INIT;
    hoot_link *link = NULL;
    int rc = HOOT_ETIMEOUT;

    (void)err;
    x = x * 1664525 + 1013904223;
    hoot_timeout (x % 5 == 0 ? 20000 : (x >> 8) % 40)
        rc = hoot__mysql_driver.connect(&all->target, &link, &own);
    if (rc == 0) {
        expect_answer(link, "SELECT 'good'", "good");
        hoot__mysql_driver.close(link);
        all->opened++;
        return 0;
    }
    assert_null(link);
    assert_int_equal(own.code, rc);
    assert_int_equal(rc, HOOT_ETIMEOUT);
    all->failed++;
    return 0;
}

static int body_storm(hoot_error *err, void *arg)
{
    storm all = { .target = target_for("native", "secret \xC3\xA9", false) };

    (void)arg;
    all.target.sslmode = HOOT_SSLMODE_REQUIRED;
    assert_int_equal(hoot__mysql_driver.prepare(&all.target, err), 0);
    for (int round = 0; round < 25; round++) {
        HOOT_AUTO(hoot_group) group = hoot_group_new(NULL);

        for (int i = 0; i < 40; i++)
            assert_int_equal(hoot_group_start(group, connect_once, &all, NULL), 0);
        assert_int_equal(hoot_group_join(group, err), 0);
    }
    assert_int_equal(all.opened + all.failed, 1000);
    assert_true(all.opened >= 100 && all.failed >= 1);
    hoot__mysql_driver.forget(&all.target);
    return 0;
}

/* 40 at a time, all with TLS; no leak (the sanitizer), no descriptor left, no answer of another's. */
static void a_thousand_logins_most_of_them_given_up(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;

    (void)state;
    if (hoot_run(body_storm, NULL, &err) != 0)
        fail_msg("%s", err.text);
}

/* --- plugins --- */

static void logs_in_by_ed25519(void **state)
{
    (void)state;
    if (!has_ed25519)
        skip();
    expect_open("ed", "sslmode=disabled", NULL);
    expect_open("ed", "sslmode=required", uses_tls);
}

static void ed25519_with_a_wrong_password_is_refused(void **state)
{
    (void)state;
    if (!has_ed25519)
        skip();
    expect_closed("ed:wrong%20", "sslmode=disabled", HOOT_EAUTH, "Access denied");
}

/* The server asks the kernel who we are; no password is wanted. */
static void logs_in_as_the_user_of_the_system(void **state)
{
    attempt a = { .user = socket_user(), .options = "attr.a=b", .by_socket = true };

    (void)state;
    try(&a);
    if (a.rc != (getuid() == 0 ? HOOT_EAUTH : 0))
        fail_msg("%d: %s", a.rc, a.err.text);
}

static void an_expired_password_is_the_servers_error(void **state)
{
    (void)state;
    expect_closed("old", "sslmode=required", HOOT_EAUTH, "expired");
}

/* --- sessions --- */

static void has_its_settings(hoot_link *link)
{
    expect_answer(link, "SELECT @@collation_connection", "utf8mb4_bin");
    expect_answer(link, "SELECT @@time_zone", "+05:30");
    expect_answer(link, "SELECT @@sql_mode", "ANSI_QUOTES");
    expect_answer(link, "SELECT @first", "1");
    expect_answer(link, "SELECT @second", "a;b");
    expect_answer(link, "SELECT '\xF0\x9F\xA6\x89'", "\xF0\x9F\xA6\x89");
}

static void check_settings(hoot_link *link)
{
    hoot_error err = HOOT_ERROR_INIT;

    has_its_settings(link);
    link->state_changed = false;
    run(link, "SET time_zone = '+00:00', sql_mode = '', @first = 7, NAMES latin1");
    assert_true(link->state_changed);
    assert_int_equal(hoot__mysql_driver.reset(link, &err), 0);
    assert_false(link->state_changed);
    has_its_settings(link);
}

static void a_session_begins_as_the_options_say_after_a_reset_too(void **state)
{
    (void)state;
    expect_open(
        "native",
        "sslmode=disabled&charset=utf8mb4&collation=utf8mb4_bin&time_zone=%2B05:30&sql_mode=ANSI_QUOTES&"
        "init_command=SET%20@first%20=%201;%0ASET%20@second%20=%20'a;b';%0A",
        check_settings);
}

static void an_init_command_that_fails_fails_the_login(void **state)
{
    (void)state;
    expect_closed("native", "sslmode=disabled&init_command=SELEKT", HOOT_EDB, "init_command");
    expect_closed("native", "sslmode=disabled&time_zone=Nowhere/Town", HOOT_EDB, "setting up the session");
}

static void gives_bytes(hoot_link *link)
{
    const hoot_value *cells;

    run(link, "SELECT _latin1 x'e9', CONVERT('\xC3\xA9' USING utf8mb4)");
    cells = next(link);
    assert_int_equal(cells[0].kind, HOOT_BYTES);
    assert_int_equal(cells[0].str.len, 1);
    assert_int_equal((uint8_t)cells[0].str.ptr[0], 0xe9);
    assert_int_equal(count_rows(link), 0);
}

static void charset_binary_gives_bytes_as_they_are(void **state)
{
    (void)state;
    expect_open("native", "sslmode=disabled&charset=binary", gives_bytes);
}

static void a_collation_with_a_number_over_255(hoot_link *link)
{
    expect_answer(link, "SELECT @@collation_connection",
                  by_kind("utf8mb4_uca1400_ai_ci", "utf8mb4_ja_0900_as_cs"));
}

static void collations_go_by_name(void **state)
{
    (void)state;
    expect_open("native",
                by_kind("sslmode=disabled&collation=utf8mb4_uca1400_ai_ci",
                        "sslmode=disabled&collation=utf8mb4_ja_0900_as_cs"),
                a_collation_with_a_number_over_255);
}

static void has_attributes(hoot_link *link)
{
    expect_answer(
        link,
        "SELECT attr_value FROM performance_schema.session_account_connect_attrs WHERE attr_name = 'team' "
        "AND processlist_id = CONNECTION_ID()",
        "blue \xC3\xA9");
    expect_answer(link,
                  "SELECT attr_value FROM performance_schema.session_account_connect_attrs WHERE attr_name = "
                  "'_client_name' AND processlist_id = CONNECTION_ID()",
                  "libhoot");
}

static void attributes_are_the_servers_to_see(void **state)
{
    (void)state;
    expect_open("native", "sslmode=disabled&attr.team=blue%20%C3%A9", has_attributes);
}

/* --- stopping --- */

static void stops_a_statement(hoot_link *link)
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

/* The certificate is still compared with the name that was asked for, not with the address. */
static void the_connection_that_kills_uses_tls_too(void **state)
{
    attempt a = { .user = "tls", .host = "localhost", .body = stops_a_statement };
    char options[256];

    (void)state;
    snprintf(options, sizeof(options), "sslmode=verify-identity&ssl_ca=%s", file_at("ca.pem"));
    a.options = options;
    try(&a);
    if (a.rc != 0)
        fail_msg("%s", a.err.text);
}

static void counts_rows_found(hoot_link *link)
{
    const hoot_value params[] = { hoot_value_int(7), hoot_value_int(1) };

    remake(link, "TABLE found", "(id INT PRIMARY KEY, v INT)");
    run(link, "INSERT INTO found VALUES (1, 7), (2, 8)");
    assert_int_equal(run(link, "UPDATE found SET v = 7").affected_rows, 2);
    assert_int_equal(run(link, "UPDATE found SET v = 7").affected_rows, 2);
    assert_int_equal(run_values(link, "UPDATE found SET v = ? WHERE id = ?", params, 2).affected_rows, 1);
    assert_int_equal(run(link, "UPDATE found SET v = 7 WHERE id = 9").affected_rows, 0);
}

static void rows_that_were_found_may_be_counted(void **state)
{
    (void)state;
    expect_open("native", "found_rows=1", counts_rows_found);
}

/* --- compression --- */

static void check_status(hoot_link *link)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);

    assert_string_equal(status_of(arena, link, "Compression"), "ON");
}

static void check_rows(hoot_link *link)
{
    const hoot_value half = hoot_value_int(5000);

    run_values(
        link,
        "SELECT s.n, REPEAT('x', s.n % 300) FROM (SELECT 1 + a.n + 10 * b.n + 100 * c.n + 1000 * d.n AS n "
        "FROM digits a, digits b, digits c, digits d) s WHERE s.n > ? ORDER BY s.n",
        &half, 1);
    for (int64_t i = 5001; i <= 10000; i++) {
        const hoot_value *cells = next(link);

        assert_non_null(cells);
        assert_int_equal(cells[0].kind == HOOT_UINT ? (int64_t)cells[0].u64 : cells[0].i64, i);
        assert_int_equal(cells[1].str.len, (size_t)(i % 300));
    }
    assert_null(next(link));
}

/* More than one packet each way, of bytes that compress and of bytes that do not. */
static void check_large(hoot_link *link)
{
    const size_t len = ((size_t)16 << 20) + 12345;
    char *bytes = malloc(len);
    uint32_t x = 1;

    assert_non_null(bytes);
    run(link, by_kind("SET max_statement_time = 60", "SET max_execution_time = 60000"));
    for (int random = 0; random < 2; random++) {
        const hoot_value *cells;
        hoot_value value;

        for (size_t i = 0; i < len; i++) {
            x = x * 1664525 + 1013904223;
            bytes[i] = random ? (char)(x >> 24) : 'a';
        }
        value = hoot_value_bytes(hoot_str_of(bytes, len));
        run_values(link, "SELECT ?", &value, 1);
        cells = next(link);
        assert_non_null(cells);
        assert_int_equal(cells[0].str.len, len);
        assert_memory_equal(cells[0].str.ptr, bytes, len);
        assert_null(next(link));
    }
    free(bytes);
}

static void check_compressed(hoot_link *link)
{
    hoot_error err = HOOT_ERROR_INIT;

    check_status(link);
    check_rows(link);
    run_refused(link, "SELEKT", NULL, 0, HOOT_EDB);
    check_large(link);
    remake(link, "PROCEDURE three", "() BEGIN SELECT 1; SELECT 2; SELECT 3; END");
    run(link, "CALL three()");
    assert_int_equal(count_rows(link), 1);
    assert_int_equal(hoot__mysql_driver.reset(link, &err), 0);
    assert_int_equal(hoot__mysql_driver.ping(link, &err), 0);
    stops_a_statement(link);
    run(link, "SELECT 'unread' FROM digits a, digits b, digits c, digits d, digits e");
    if (!hoot__mysql_driver.skip_rows(link))
        assert_int_equal(hoot__mysql_driver.recover(link, &err), 0);
    assert_true(hoot__mysql_driver.is_alive(link));
    expect_answer(link, "SELECT 'good'", "good");
}

static void everything_goes_through_compression(void **state)
{
    (void)state;
    expect_open("native", "sslmode=disabled&compress=1", check_compressed);
    expect_open("native", "sslmode=required&compress=1", check_compressed);
}

/* --- without memory --- */

typedef struct hungry {
    const char *options;
    unsigned long fail_at;
    bool more;
    int rc;
    hoot_error err;
} hungry;

/* More than one packet of rows, which compress. */
static int read_rows(hoot_link *link, hoot_error *err)
{
    const hoot_value *cells;
    hoot_answer answer;
    int rc = hoot__mysql_driver.run(link, HOOT_STR("SELECT n, REPEAT('x', 100000) FROM digits"), NULL, 0,
                                    &answer, err);

    while (rc >= 0 && (rc = hoot__mysql_driver.next_row(link, &cells, err)) > 0)
        continue;
    return rc;
}

static int body_hungry(hoot_error *unused, void *arg)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    hungry *h = arg;
    hoot_pool_options options = { .url = hoot_arena_printf(
                                      arena, "mysql://native:secret%%20%%C3%%A9@127.0.0.1:%u/hoot?%s",
                                      server.port, h->options) };
    hoot_link *link = NULL;
    hoot_target target;
    hoot__limits limits;

    (void)unused;
    assert_int_equal(hoot__options_read(arena, &options, &target, &limits, &h->err), 0);
    hoot__alloc_fail_next(h->fail_at);
    h->rc = hoot__mysql_driver.prepare(&target, &h->err);
    if (h->rc == 0)
        h->rc = hoot__mysql_driver.connect(&target, &link, &h->err);
    if (h->rc == 0)
        h->rc = read_rows(link, &h->err);
    h->more = hoot__alloc_count >= h->fail_at;
    hoot__alloc_fail_next(0);
    hoot__mysql_driver.close(link);
    hoot__mysql_driver.forget(&target);
    return 0;
}

static void expect_every_missing_allocation_survived(const char *options)
{
    hungry h = { .options = options, .more = true };
    unsigned long refused = 0;

    while (h.more) {
        hoot_error err = HOOT_ERROR_INIT;

        h.fail_at++;
        assert_int_equal(hoot_run(body_hungry, &h, &err), 0);
        if (h.rc != 0 && h.rc != HOOT_ENOMEM)
            fail_msg("%s: allocation %lu: %d: %s", options, h.fail_at, h.rc, h.err.text);
        refused += h.rc != 0;
    }
    assert_int_equal(h.rc, 0);
    assert_true(refused > 10);
}

static void every_missing_allocation_is_survived_in_tls_and_compression(void **state)
{
    (void)state;
    expect_every_missing_allocation_survived(with("sslmode=verify-identity&ssl_ca=%s", "ca.pem"));
    expect_every_missing_allocation_survived("sslmode=disabled&compress=1");
    expect_every_missing_allocation_survived(with("compress=1&sslmode=verify-ca&ssl_ca=%s", "ca.pem"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mode_with_a_good_certificate),
        cmocka_unit_test(the_name_is_verified_over_a_unix_socket_too),
        cmocka_unit_test(authorities_that_did_not_sign),
        cmocka_unit_test(a_certificate_that_was_revoked),
        cmocka_unit_test(a_certificate_that_is_pinned),
        cmocka_unit_test(a_certificate_of_the_client),
        cmocka_unit_test(certificates_that_are_not_good),
        cmocka_unit_test(the_least_version_is_kept),
        cmocka_unit_test(a_pool_has_one_context_for_all_its_connections),
        cmocka_unit_test(a_thousand_logins_most_of_them_given_up),
        cmocka_unit_test(logs_in_by_ed25519),
        cmocka_unit_test(ed25519_with_a_wrong_password_is_refused),
        cmocka_unit_test(logs_in_as_the_user_of_the_system),
        cmocka_unit_test(an_expired_password_is_the_servers_error),
        cmocka_unit_test(a_session_begins_as_the_options_say_after_a_reset_too),
        cmocka_unit_test(an_init_command_that_fails_fails_the_login),
        cmocka_unit_test(charset_binary_gives_bytes_as_they_are),
        cmocka_unit_test(collations_go_by_name),
        cmocka_unit_test(attributes_are_the_servers_to_see),
        cmocka_unit_test(the_connection_that_kills_uses_tls_too),
        cmocka_unit_test(rows_that_were_found_may_be_counted),
        cmocka_unit_test(everything_goes_through_compression),
        cmocka_unit_test(every_missing_allocation_is_survived_in_tls_and_compression),
    };

    return cmocka_run_group_tests(tests, start_tls_server, stop_tls_server);
}

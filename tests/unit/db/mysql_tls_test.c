/* TLS to a server that has it: every sslmode, certificates that are not good, pools, many logins at once. */
#include "mysql_server_tls.h"

#include <hoot/cursor.h>
#include <hoot/group.h>

static void make_users(hoot_link *link)
{
    run(link, "CREATE USER tls@'%' IDENTIFIED BY 'secret \xC3\xA9' REQUIRE SSL");
    run(link, "CREATE USER cert@'%' IDENTIFIED BY 'secret \xC3\xA9' REQUIRE X509");
    run(link, "GRANT ALL ON hoot.* TO tls@'%'");
    run(link, "GRANT ALL ON hoot.* TO cert@'%'");
}

static int start(void **state)
{
    return start_tls_server(state, make_users);
}

static void uses_no_tls(hoot_link *link)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);

    assert_string_equal(status_of(arena, link, "Ssl_version"), "");
}

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
        cmocka_unit_test(the_connection_that_kills_uses_tls_too),
    };

    return cmocka_run_group_tests(tests, start, stop_tls_server);
}

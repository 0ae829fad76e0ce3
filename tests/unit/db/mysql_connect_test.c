/* What a url says of a connection, other than how TLS is done: plugins, what a session begins with,
 * compression, and memory that is missing. */
#include "mysql_server_tls.h"

#include "base/alloc.h"

#include <pwd.h>

/* --- users --- */

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

static void make_users(hoot_link *link)
{
    char sql[160];

    run(link, "CREATE USER old@'%' IDENTIFIED BY 'secret \xC3\xA9' PASSWORD EXPIRE");
    add_ed25519(link);
    if (mysql_server_is_mysql())
        run(link, "INSTALL PLUGIN auth_socket SONAME 'auth_socket.so'");
    snprintf(sql, sizeof(sql), "CREATE USER `%s`@localhost IDENTIFIED %s", socket_user(),
             by_kind("VIA unix_socket", "WITH auth_socket"));
    run(link, sql);
    snprintf(sql, sizeof(sql), "GRANT ALL ON hoot.* TO `%s`@localhost", socket_user());
    run(link, sql);
}

static int start(void **state)
{
    return start_tls_server(state, make_users);
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
        cmocka_unit_test(logs_in_by_ed25519),
        cmocka_unit_test(ed25519_with_a_wrong_password_is_refused),
        cmocka_unit_test(logs_in_as_the_user_of_the_system),
        cmocka_unit_test(an_expired_password_is_the_servers_error),
        cmocka_unit_test(a_session_begins_as_the_options_say_after_a_reset_too),
        cmocka_unit_test(an_init_command_that_fails_fails_the_login),
        cmocka_unit_test(charset_binary_gives_bytes_as_they_are),
        cmocka_unit_test(collations_go_by_name),
        cmocka_unit_test(attributes_are_the_servers_to_see),
        cmocka_unit_test(rows_that_were_found_may_be_counted),
        cmocka_unit_test(everything_goes_through_compression),
        cmocka_unit_test(every_missing_allocation_is_survived_in_tls_and_compression),
    };

    return cmocka_run_group_tests(tests, start, stop_tls_server);
}

/* Database urls, and options with their defaults. */
#include "unit/db/db_test.h"

#include "db/hosts.h"
#include "db/options.h"

static hoot_arena *arena;
static hoot_error err;
static hoot_target target;
static hoot__limits limits;

static int make_arena(void **state)
{
    (void)state;
    arena = hoot_arena_new(0);
    return arena ? 0 : -1;
}

static int free_arena(void **state)
{
    (void)state;
    hoot_arena_free(arena);
    return 0;
}

static int read_url(const char *url)
{
    hoot_error_clear(&err);
    return hoot__options_read(arena, &(hoot_pool_options){ .url = url }, &target, &limits, &err);
}

static void reads_every_part_of_a_servers_url(void **state)
{
    (void)state;
    assert_int_equal(read_url("mysql://user:pa%3Ass%40w@db.example:3307/app%20db"), 0);
    assert_string_equal(target.driver->name, "mysql");
    assert_string_equal(target.user, "user");
    assert_string_equal(target.password, "pa:ss@w");
    assert_string_equal(target.host, "db.example");
    assert_int_equal(target.port, 3307);
    assert_string_equal(target.database, "app db");
}

static void fills_in_what_a_url_leaves_out(void **state)
{
    (void)state;
    assert_int_equal(read_url("mysql://root@/app"), 0);
    assert_string_equal(target.host, "127.0.0.1");
    assert_int_equal(target.port, 3306);
    assert_string_equal(target.password, "");
    assert_string_equal(target.socket, "");
    assert_int_equal(read_url("mysql:///app?socket=/run/mysqld/mysqld.sock"), 0);
    assert_string_equal(target.host, "");
    assert_string_equal(target.socket, "/run/mysqld/mysqld.sock");
    assert_int_equal(target.connect_timeout_ms, 10000);
    assert_int_equal(target.statement_cache, 100);
    assert_true(target.max_answer_bytes == 256u << 20);
    assert_int_equal(limits.min_size, 1);
    assert_int_equal(limits.max_size, 10);
    assert_int_equal(limits.max_waiters, 10000);
    assert_int_equal(limits.max_age_ms, 1800000);
    assert_int_equal(limits.idle_ms, 600000);
    assert_int_equal(limits.close_timeout_ms, 5000);
}

static void takes_an_at_sign_in_the_password_and_an_address_in_brackets(void **state)
{
    (void)state;
    assert_int_equal(read_url("mysql://u:p@ss@[::1]:3310/d"), 0);
    assert_string_equal(target.password, "p@ss");
    assert_string_equal(target.host, "::1");
    assert_int_equal(target.port, 3310);
}

static void takes_several_hosts(void **state)
{
    hoot__host *hosts;
    uint32_t count;

    (void)state;
    assert_int_equal(read_url("mysql://u:p@a:3307,b,[::1],[fe80::2]:3310/d"), 0);
    assert_string_equal(target.host, "a");
    assert_int_equal(target.port, 3307);
    assert_string_equal(target.password, "p");
    assert_string_equal(target.database, "d");
    target.port = 3306;
    assert_int_equal(hoot__hosts_parse(arena, limits.hosts, &target, &hosts, &count, &err), 0);
    assert_int_equal(count, 4);
    assert_string_equal(hosts[0].place, "a:3307");
    assert_string_equal(hosts[1].place, "b:3306");
    assert_string_equal(hosts[2].target.host, "::1");
    assert_int_equal(hosts[2].target.port, 3306);
    assert_string_equal(hosts[3].target.host, "fe80::2");
    assert_int_equal(hosts[3].target.port, 3310);
    assert_string_equal(hosts[3].target.password, "p");
}

static int read_hosts(const char *hosts)
{
    return hoot__options_read(arena, &(hoot_pool_options){ .hosts = hosts }, &target, &limits, &err);
}

static void takes_hosts_as_an_option(void **state)
{
    (void)state;
    assert_int_equal(read_hosts("a, b:1"), 0);
    assert_string_equal(target.host, "a");
    assert_int_equal(read_hosts("one:3310"), 0);
    assert_int_equal(target.port, 3310);
}

static void refuses_hosts_that_make_no_sense(void **state)
{
    static const char *const bad[] = { "a,,b", "a,",        ",a",
                                       "a:0",  "a:65536",   "a:x",
                                       "[::1", "[::1]3306", "a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a" };
    const hoot_pool_options both = { .hosts = "a,b", .host = "c" };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(read_hosts(bad[i]), HOOT_ECONFIG);
    assert_int_equal(hoot__options_read(arena, &both, &target, &limits, &err), HOOT_ECONFIG);
}

static void takes_one_place_only(void **state)
{
    static const char *const bad[] = { "mysql://db.example/d?socket=/s", "mysql://a,b/d?socket=/s" };
    static const char *const good[] = { "mysql://localhost/d?socket=/s", "mysql://127.0.0.1/d?socket=/s",
                                        "mysql:///d?socket=/s" };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(read_url(bad[i]), HOOT_ECONFIG);
        assert_non_null(strstr(err.text, "more than one of host, hosts, and socket"));
    }
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(read_url(good[i]), 0);
        assert_string_equal(target.socket, "/s");
    }
}

static void takes_a_file_for_sqlite(void **state)
{
    (void)state;
    assert_int_equal(read_url("sqlite:var/app.db"), 0);
    assert_string_equal(target.database, "var/app.db");
    assert_int_equal(read_url("sqlite:/srv/a%20b.db"), 0);
    assert_string_equal(target.database, "/srv/a b.db");
    assert_int_equal(read_url("sqlite:///var/app.db"), 0); /* as SQLAlchemy writes it */
    assert_string_equal(target.database, "var/app.db");
    assert_int_equal(read_url("sqlite::memory:"), 0);
    assert_string_equal(target.database, ":memory:");
    assert_int_equal(limits.max_size, 1);
    assert_int_equal(read_url("sqlite:/tmp/x.db?max_size=3"), 0);
    assert_string_equal(target.database, "/tmp/x.db");
    assert_int_equal(limits.max_size, 3);
    assert_int_equal(read_url("sqlite:/tmp/what%3F.db"), 0);
    assert_string_equal(target.database, "/tmp/what?.db");
    assert_int_equal(read_url("sqlite:/tmp/x.db?nosuch=3"), HOOT_ECONFIG);
}

static void refuses_bad_urls_without_telling_the_password(void **state)
{
    static const char *const bad[] = {
        "",
        "mysql",
        "://host/db",
        "nosuch://u:secret@host/db",
        "mysql://u:secret%4@host/db",
        "mysql://u:secret%zz@host/db",
        "mysql://u:secret%00@host/db",
        "mysql://u:secret%@host/db",
        "mysql://u:secret@host:0/db",
        "mysql://u:secret@host:65536/db",
        "mysql://u:secret@host:33a/db",
        "mysql://u:secret@host:/db",
        "mysql://u:secret@[::1/db",
        "mysql://u:secret@[::1]x/db",
        "mysql://u:secret@host/db?nosuch=1",
        "mysql://u:secret@host/db?sslmode",
        "mysql://u:secret@host/db?sslmode=maybe",
        "mysql://u:secret@host/db?max_size=ten",
        "mysql://u:secret@host/db?max_size=4294967296",
        "mysql://u:secret@host/db?connect_timeout=5000000",
        "mysql://u:secret@host/db?compress=perhaps",
        "mysql://u:secret@host/db?attr.=1",
        "mysql://u:secret@host/db?pipeline=0",
        "mysql://u:secret@host/db?pipeline=99999",
        "mysql://u:secret@host/db?lanes=two",
        "mysql://u:secret@host/db?password=secret",
        "mysql://u:secret@host/db?socket=%",
        "sqlite:",
        "sqlite://host/app.db",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(read_url(bad[i]), HOOT_ECONFIG);
        assert_null(strstr(err.text, "secret"));
    }
    assert_int_equal(hoot__options_read(arena, &(hoot_pool_options){ 0 }, &target, &limits, &err),
                     HOOT_ECONFIG);
}

static void lets_options_win_over_the_url(void **state)
{
    const hoot_pool_options options = { .url = "mysql://u:p@h:1/d?socket=/s",
                                        .host = "other",
                                        .port = 2,
                                        .user = "w",
                                        .password = "",
                                        .database = "e",
                                        .max_size = 20 };

    (void)state;
    assert_int_equal(hoot__options_read(arena, &options, &target, &limits, &err), 0);
    assert_string_equal(target.host, "other");
    assert_string_equal(target.socket, "");
    assert_int_equal(target.port, 2);
    assert_string_equal(target.user, "w");
    assert_string_equal(target.password, "");
    assert_string_equal(target.database, "e");
    assert_int_equal(limits.max_size, 20);
}

static void refuses_sizes_that_contradict_each_other(void **state)
{
    const hoot_pool_options over = { .url = "sqlite:a", .min_size = 5, .max_size = 4 };
    const hoot_pool_options huge = { .url = "sqlite:a", .max_size = 100000 };

    (void)state;
    assert_int_equal(hoot__options_read(arena, &over, &target, &limits, &err), HOOT_ECONFIG);
    assert_int_equal(hoot__options_read(arena, &huge, &target, &limits, &err), HOOT_ECONFIG);
}

static void reads_every_option_behind_the_question_mark(void **state)
{
    (void)state;
    assert_int_equal(read_url("mysql://u@h/d?sslmode=VERIFY_CA&ssl_ca=/ca.pem&ssl_capath=/ca&ssl_crl=/c.crl&"
                              "ssl_cert=/cert.pem&ssl_key=/key.pem&tls_min_version=1.3&charset=utf8mb4&"
                              "collation=utf8mb4_bin&time_zone=%2B02:00&sql_mode=ANSI_QUOTES&"
                              "init_command=SET%20@a%20%3D%201&compress=on&keepalive_s=7&connect_timeout=3&"
                              "max_size=3&max_answer_bytes=5000000000&lazy=1&allow_cleartext_password=true&"
                              "ssl_fingerprint=ab&found_rows=1&pipeline=32&lanes=4&share_writes=1&"
                              "attr.team=blue%20sky&attr.empty="),
                     0);
    assert_int_equal(target.sslmode, HOOT_SSLMODE_VERIFY_CA);
    assert_string_equal(target.ssl_ca, "/ca.pem");
    assert_string_equal(target.ssl_capath, "/ca");
    assert_string_equal(target.ssl_crl, "/c.crl");
    assert_string_equal(target.ssl_cert, "/cert.pem");
    assert_string_equal(target.ssl_key, "/key.pem");
    assert_string_equal(target.tls_min_version, "1.3");
    assert_string_equal(target.collation, "utf8mb4_bin");
    assert_string_equal(target.time_zone, "+02:00");
    assert_string_equal(target.sql_mode, "ANSI_QUOTES");
    assert_string_equal(target.init_command, "SET @a = 1");
    assert_true(target.compress && target.allow_cleartext_password && !target.allow_public_key_retrieval);
    assert_int_equal(target.keepalive_s, 7);
    assert_int_equal(target.connect_timeout_ms, 3000);
    assert_true(target.max_answer_bytes == 5000000000u);
    assert_int_equal(limits.max_size, 3);
    assert_true(limits.lazy);
    assert_string_equal(target.ssl_fingerprint, "ab");
    assert_true(target.found_rows);
    assert_int_equal(limits.pipeline, 32);
    assert_false(limits.pipeline_asks);
    assert_int_equal(limits.lanes, 4);
    assert_true(limits.share_writes);
    assert_string_equal(target.attributes[0], "team");
    assert_string_equal(target.attributes[1], "blue sky");
    assert_string_equal(target.attributes[2], "empty");
    assert_string_equal(target.attributes[3], "");
    assert_null(target.attributes[4]);
}

static void reads_the_words_of_pipeline(void **state)
{
    (void)state;
    assert_int_equal(read_url("mysql://u@h/d?pipeline=auto"), 0);
    assert_true(limits.pipeline_asks && limits.pipeline > 0);
    assert_int_equal(read_url("mysql://u@h/d?pipeline=off"), 0);
    assert_true(!limits.pipeline_asks && limits.pipeline == 0);
}

static void names_an_unknown_option_and_the_known_ones(void **state)
{
    (void)state;
    assert_int_equal(read_url("mysql://u:secret@h/d?sslmod=required"), HOOT_ECONFIG);
    assert_non_null(strstr(err.text, "\"sslmod\""));
    assert_non_null(strstr(err.text, "sslmode, ssl_ca, charset"));
    assert_non_null(strstr(err.text, "attr.NAME")); /* nothing was cut off */
}

static void knows_the_tls_it_wants(void **state)
{
    (void)state;
    assert_int_equal(read_url("mysql://u@h/d"), 0);
    assert_int_equal(target.sslmode, HOOT_SSLMODE_PREFERRED);
    assert_int_equal(read_url("mysql://u@h/d?ssl_ca=/ca.pem"), 0);
    assert_int_equal(target.sslmode, HOOT_SSLMODE_VERIFY_IDENTITY);
    assert_int_equal(read_url("mysql://u@h/d?ssl_ca=/ca.pem&sslmode=required"), 0);
    assert_int_equal(target.sslmode, HOOT_SSLMODE_REQUIRED);
    assert_int_equal(read_url("mysql://u@h/d?ssl_fingerprint=ab"), 0);
    assert_int_equal(target.sslmode, HOOT_SSLMODE_REQUIRED);
    assert_int_equal(read_url("mysql://u@h/d?sslmode=disabled"), 0);
    assert_int_equal(target.sslmode, HOOT_SSLMODE_DISABLED);
}

static void reads_words_without_looking_at_capitals(void **state)
{
    (void)state;
    assert_int_equal(read_url("mysql://u@h/d?compress=TRUE&lazy=Off&host_order=RANDOM&pipeline=AUTO"), 0);
    assert_true(target.compress && !limits.lazy && limits.pipeline_asks);
    assert_int_equal(limits.host_order, HOOT_HOSTS_AT_RANDOM);
}

/* What hoot_pool_open() refuses without asking any server, a check refuses, too. */
static void checks_all_that_opening_checks(void **state)
{
    static const char *const bad[] = {
        "charset=latin1",     "tls_min_version=1.1", "collation=utf8mb4_bin;", "time_zone='x",
        "sql_mode=a'b",       "ssl_ca=/no/such.pem", "ssl_cert=/no/such.pem",  "ssl_key=/no/such.pem",
        "ssl_fingerprint=ab", "max_answer_bytes=1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const hoot_pool_options options = { .url = hoot_arena_printf(arena, "mysql://u@h/d?%s", bad[i]) };

        hoot_error_clear(&err);
        assert_int_equal(hoot_pool_options_check(&options, &err), HOOT_ECONFIG);
        assert_true(err.text[0] != '\0');
        assert_int_equal(hoot_pool_options_check(&options, NULL), HOOT_ECONFIG);
    }
    assert_int_equal(
        hoot_pool_options_check(&(hoot_pool_options){ .host = "h", .host_order = (hoot_host_order)7 }, &err),
        HOOT_ECONFIG);
    assert_int_equal(hoot_pool_options_check(&(hoot_pool_options){ .host = "h", .charset = "UTF8MB4" }, &err),
                     0);
    assert_int_equal(hoot_pool_options_check(&(hoot_pool_options){ .url = "sqlite:a.db" }, &err), 0);
}

static void says_the_least_answer(void **state)
{
    (void)state;
    assert_int_equal(read_url("mysql://u@h/d?max_answer_bytes=4095"), HOOT_ECONFIG);
    assert_non_null(strstr(err.text, "the least is 4096"));
    assert_int_equal(read_url("mysql://u@h/d?max_answer_bytes=4096"), 0);
}

static void bounds_the_connection_attributes(void **state)
{
    static char big[61000];
    const char *const odd[] = { "name", NULL }, *const much[] = { "name", big, NULL };
    const hoot_pool_options odd_options = { .url = "mysql://u@h/d", .attributes = odd };
    const hoot_pool_options much_options = { .url = "mysql://u@h/d", .attributes = much };

    (void)state;
    memset(big, 'a', sizeof(big) - 1);
    assert_int_equal(hoot__options_read(arena, &odd_options, &target, &limits, &err), HOOT_ECONFIG);
    assert_int_equal(hoot__options_read(arena, &much_options, &target, &limits, &err), HOOT_ECONFIG);
}

static void names_the_place_for_messages(void **state)
{
    char place[64];

    (void)state;
    assert_int_equal(read_url("mysql://u@h/d"), 0);
    assert_string_equal(hoot__target_place(&target, place, sizeof(place)), "h:3306");
    assert_int_equal(read_url("mysql:///d?socket=/s"), 0);
    assert_string_equal(hoot__target_place(&target, place, sizeof(place)), "/s");
    assert_int_equal(read_url("sqlite:a.db"), 0);
    assert_string_equal(hoot__target_place(&target, place, sizeof(place)), "a.db");
}

static void registers_drivers_once_and_not_too_many(void **state)
{
    static hoot_driver more[16];
    static char names[16][8];
    int taken = 0;

    (void)state;
    for (int i = 0; i < 16; i++) {
        snprintf(names[i], sizeof(names[i]), "extra%d", i);
        more[i].name = names[i];
        taken += hoot_driver_register(&more[i]) == 0;
    }
    assert_int_equal(taken, 14);
    assert_ptr_equal(hoot_driver_find("extra13"), &more[13]);
    assert_int_equal(hoot_driver_register(&more[14]), HOOT_ELIMIT);
    assert_int_equal(hoot_driver_register(&more[0]), HOOT_EINVAL);
    assert_null(hoot_driver_find("extra14"));
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, make_arena, free_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(reads_every_part_of_a_servers_url),
        WITH_ARENA(fills_in_what_a_url_leaves_out),
        WITH_ARENA(takes_an_at_sign_in_the_password_and_an_address_in_brackets),
        WITH_ARENA(takes_several_hosts),
        WITH_ARENA(takes_hosts_as_an_option),
        WITH_ARENA(refuses_hosts_that_make_no_sense),
        WITH_ARENA(takes_one_place_only),
        WITH_ARENA(takes_a_file_for_sqlite),
        WITH_ARENA(refuses_bad_urls_without_telling_the_password),
        WITH_ARENA(lets_options_win_over_the_url),
        WITH_ARENA(refuses_sizes_that_contradict_each_other),
        WITH_ARENA(reads_every_option_behind_the_question_mark),
        WITH_ARENA(reads_the_words_of_pipeline),
        WITH_ARENA(names_an_unknown_option_and_the_known_ones),
        WITH_ARENA(knows_the_tls_it_wants),
        WITH_ARENA(reads_words_without_looking_at_capitals),
        WITH_ARENA(checks_all_that_opening_checks),
        WITH_ARENA(says_the_least_answer),
        WITH_ARENA(bounds_the_connection_attributes),
        WITH_ARENA(names_the_place_for_messages),
        WITH_ARENA(registers_drivers_once_and_not_too_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Option files of the MySQL tools. What they mean was compared with what `my_print_defaults` of MariaDB 10.11
 * says. */
#include "unit/db/db_test.h"

#include "db/options.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static hoot_arena *arena;
static hoot_error err;
static hoot_target target;
static hoot__limits limits;
static char directory[64];

static const char *at(const char *name)
{
    static char paths[4][160];
    static int next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
    return path;
}

static const char *write_file(const char *name, const char *text)
{
    const char *path = at(name);
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    fclose(file);
    return path;
}

static int begin(void **state)
{
    (void)state;
    arena = hoot_arena_new(0);
    snprintf(directory, sizeof(directory), "/tmp/hoot-cnf-XXXXXX");
    return arena && mkdtemp(directory) ? 0 : -1;
}

static int end(void **state)
{
    static const char *const names[] = { "my.cnf", "a.cnf", "b.cnf", "no.txt", ".my.cnf" };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unlink(at(names[i]));
    hoot_arena_free(arena);
    return rmdir(directory);
}

static int read_options(hoot_pool_options options)
{
    hoot_error_clear(&err);
    return hoot__options_read(arena, &options, &target, &limits, &err);
}

static int read_file(const char *text, const char *group)
{
    return read_options(
        (hoot_pool_options){ .read_default_file = write_file("my.cnf", text), .read_default_group = group });
}

static void reads_client_and_the_group_asked_for(void **state)
{
    const char *text = "# a comment\n"
                       "[mysqld]\nuser = server\nport=1\n"
                       "[client]\n"
                       "user=ada\n"
                       "password = \"a#b \\\"c\\\" \\\\ d\"   # secret\n"
                       "host=db.example\r\n"
                       "port = 3307\n"
                       "default-character-set = utf8mb4\n"
                       "some-option-of-others = 1\n"
                       "[app ]\n"
                       "; another comment\n"
                       "user = 'app user'\n"
                       "database=hoot\n"
                       "init-command = SET @a = 1 # why not\n"
                       "connect_timeout=7\n"
                       "compress\n"
                       "[other]\nuser=other\n";

    (void)state;
    assert_int_equal(read_file(text, NULL), 0);
    assert_string_equal(target.driver->name, "mysql");
    assert_string_equal(target.user, "ada");
    assert_string_equal(target.password, "a#b \"c\" \\ d");
    assert_string_equal(target.host, "db.example");
    assert_int_equal(target.port, 3307);
    assert_string_equal(target.charset, "utf8mb4");
    assert_string_equal(target.database, "");
    assert_false(target.compress);

    assert_int_equal(read_file(text, "app"), 0);
    assert_string_equal(target.user, "app user");
    assert_string_equal(target.host, "db.example");
    assert_string_equal(target.database, "hoot");
    assert_string_equal(target.init_command, "SET @a = 1");
    assert_int_equal(target.connect_timeout_ms, 7000);
    assert_true(target.compress);
}

static void reads_tls_as_both_servers_tools_write_it(void **state)
{
    static const struct {
        const char *text;
        hoot_sslmode mode;
    } files[] = {
        { "[client]\nssl-mode=VERIFY_CA\n", HOOT_SSLMODE_VERIFY_CA },
        { "[client]\nssl_mode = disabled\n", HOOT_SSLMODE_DISABLED },
        { "[client]\nssl\n", HOOT_SSLMODE_REQUIRED },
        { "[client]\nssl=0\n", HOOT_SSLMODE_DISABLED },
        { "[client]\nssl\nssl-verify-server-cert\n", HOOT_SSLMODE_VERIFY_IDENTITY },
        { "[client]\nssl-verify-server-cert\nssl\n", HOOT_SSLMODE_VERIFY_IDENTITY },
        { "[client]\nssl-ca=/ca.pem\n", HOOT_SSLMODE_VERIFY_IDENTITY },
        { "[client]\nssl-ca=/ca.pem\nssl\n", HOOT_SSLMODE_VERIFY_IDENTITY },
        { "[client]\nssl=TRUE\nssl-ca=/ca.pem\n", HOOT_SSLMODE_VERIFY_IDENTITY },
        { "[client]\nenable-ssl\nssl-capath=/ca\n", HOOT_SSLMODE_VERIFY_IDENTITY },
        { "[client]\nssl-ca=/ca.pem\nssl\nssl-verify-server-cert=0\n", HOOT_SSLMODE_VERIFY_IDENTITY },
        { "[client]\nssl-ca=/ca.pem\nssl-mode=REQUIRED\n", HOOT_SSLMODE_REQUIRED },
        { "[client]\nssl\nssl-mode=verify_ca\nssl-ca=/ca.pem\n", HOOT_SSLMODE_VERIFY_CA },
        { "[client]\nssl-mode=VERIFY_CA\nssl\n", HOOT_SSLMODE_VERIFY_CA },
        { "[client]\nssl-mode=PREFERRED\nssl\n", HOOT_SSLMODE_REQUIRED },
        { "[client]\nssl-verify-server-cert\nssl-mode=REQUIRED\n", HOOT_SSLMODE_VERIFY_IDENTITY },
        { "[client]\nssl-verify-server-cert\nskip-ssl-verify-server-cert\nskip-ssl\n",
          HOOT_SSLMODE_DISABLED },
        { "[client]\nssl\nskip-ssl\n", HOOT_SSLMODE_DISABLED },
        { "[client]\nskip-ssl\nssl-ca=/ca.pem\n", HOOT_SSLMODE_DISABLED },
        { "[client]\nloose-disable_ssl\n", HOOT_SSLMODE_DISABLED },
        { "[client]\nloose-ssl-mode=REQUIRED\nloose-nobody-knows=1\n", HOOT_SSLMODE_REQUIRED },
        { "[client]\nhost=h\n", HOOT_SSLMODE_PREFERRED },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        assert_int_equal(read_file(files[i].text, NULL), 0);
        assert_int_equal(target.sslmode, files[i].mode);
    }
    assert_int_equal(
        read_file("[client]\ntls-version=TLSv1.3\nssl-cert=/c\nssl-key=/k\nssl-capath=/d\n", NULL), 0);
    assert_string_equal(target.tls_min_version, "1.3");
    assert_string_equal(target.ssl_cert, "/c");
    assert_string_equal(target.ssl_key, "/k");
    assert_string_equal(target.ssl_capath, "/d");
}

/* Whoever names an authority beside the file that says `ssl` wants it to be looked at. */
static void an_authority_above_the_file_is_not_weakened_by_it(void **state)
{
    const char *path = write_file("my.cnf", "[client]\nssl\n");

    (void)state;
    assert_int_equal(
        read_options((hoot_pool_options){ .host = "h", .ssl_ca = "/ca.pem", .read_default_file = path }), 0);
    assert_int_equal(target.sslmode, HOOT_SSLMODE_VERIFY_IDENTITY);
    assert_int_equal(read_options((hoot_pool_options){ .url = "mysql://h/?ssl_ca=/ca.pem&sslmode=required",
                                                       .read_default_file = path }),
                     0);
    assert_int_equal(target.sslmode, HOOT_SSLMODE_REQUIRED);
}

static void refuses_tls_that_is_switched_on_and_off(void **state)
{
    static const char *const texts[] = { "[client]\nssl-mode=DISABLED\nssl-verify-server-cert=1\n",
                                         "[client]\nssl-verify-server-cert\nskip-ssl\n",
                                         "[client]\nssl\nssl-mode=disabled\n",
                                         "[client]\nssl-mode=VERIFY_CA\nssl=0\n" };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(read_file(texts[i], NULL), HOOT_ECONFIG);
        assert_non_null(strstr(err.text, "contradicts itself"));
    }
}

static void takes_the_least_tls_version_that_it_speaks(void **state)
{
    static const struct {
        const char *text, *least; /* NULL: refused */
    } files[] = {
        { "TLSv1.2", "1.2" },
        { "tlsv1.3", "1.3" },
        { "TLSv1.1,TLSv1.2,TLSv1.3", "1.2" },
        { "TLSv1.3, TLSv1.2", "1.2" },
        { "TLSv1.1", NULL },
        { "TLSv1,TLSv1.1", NULL },
        { "", NULL },
        { "TLSv1.33", NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        int rc = read_file(hoot_arena_printf(arena, "[client]\ntls-version=%s\n", files[i].text), NULL);

        assert_int_equal(rc, files[i].least ? 0 : HOOT_ECONFIG);
        if (files[i].least)
            assert_string_equal(target.tls_min_version, files[i].least);
        else
            assert_non_null(strstr(err.text, "my.cnf:2: tls-version"));
    }
}

static void reads_the_groups_of_mariadb(void **state)
{
    const char *text = "[client]\nuser=a\npassword=a\ndatabase=a\n"
                       "[client-server]\nuser=b\npassword=b\nport=1\n"
                       "[client-mariadb]\nuser=c\n"
                       "[client-mysql]\nuser=x\n"
                       "[app]\ndatabase=d\n";

    (void)state;
    assert_int_equal(read_file(text, "app"), 0);
    assert_string_equal(target.user, "c");
    assert_string_equal(target.password, "b");
    assert_string_equal(target.database, "d");
    assert_int_equal(target.port, 1);
}

static void reads_values_as_the_tools_do(void **state)
{
    (void)state;
    assert_int_equal(read_file("\xef\xbb\xbf[client]\r\nuser=a\r\nport=0\r\ncompress=TRUE\r\n", NULL), 0);
    assert_string_equal(target.user, "a");
    assert_int_equal(target.port, 3306);
    assert_true(target.compress);
    assert_int_equal(read_file("[client]\ncompress\ncompress=OFF\n", NULL), 0);
    assert_false(target.compress);
    assert_int_equal(read_file("[client]\ncompress\nskip-compress\n", NULL), 0);
    assert_false(target.compress);
    assert_int_equal(read_file("[client]\npassword=one\npassword\n", NULL), 0);
    assert_string_equal(target.password, "");
    assert_int_equal(read_file("[client]\npassword=one\nskip-password\n", NULL), 0);
    assert_string_equal(target.password, "");
}

/* MariaDB: "option '--host' requires an argument", "Found option without preceding group in config file". */
static void names_the_line_that_is_wrong(void **state)
{
    static const struct {
        const char *text, *says;
    } files[] = {
        { "\n[client]\nhost\n", "my.cnf:3: host has no value" },
        { "[client]\nuser # whose?\n", "my.cnf:2: user has no value" },
        { "[client]\nsocket\n", "my.cnf:2: socket has no value" },
        { "[client]\nssl-ca\n", "my.cnf:2: ssl_ca has no value" },
        { "[client]\nskip-host\n", "my.cnf:2: skip_host is not a switch" },
        { "[client]\nssl=perhaps\n", "my.cnf:2: ssl is true or false" },
        { "[client]\ncompress=2\n", "my.cnf:2: compress is true or false" },
        { "[client]\nport=65536\n", "my.cnf:2: port" },
        { "# mine\nuser=a\n[client]\nuser=b\n", "my.cnf:2: an option stands before the first [group]" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        assert_int_equal(read_file(files[i].text, NULL), HOOT_ECONFIG);
        assert_non_null(strstr(err.text, files[i].says));
    }
}

/* The socket of Debian's /etc/mysql/my.cnf is for localhost. */
static void takes_the_socket_for_localhost_only(void **state)
{
    (void)state;
    assert_int_equal(read_file("[client-server]\nsocket=/s\n[client]\nhost=db.example\n", NULL), 0);
    assert_string_equal(target.host, "db.example");
    assert_string_equal(target.socket, "");
    assert_int_equal(read_file("[client-server]\nsocket=/s\n[client]\nhost=localhost\n", NULL), 0);
    assert_string_equal(target.socket, "/s");
    assert_int_equal(read_file("[client-server]\nsocket=/s\n", NULL), 0);
    assert_string_equal(target.socket, "/s");
}

static void options_and_url_win_over_the_file(void **state)
{
    const char *path =
        write_file("my.cnf", "[client]\nuser=file\npassword=of file\nsocket=/file.sock\ndatabase=file\n");

    (void)state;
    assert_int_equal(read_options((hoot_pool_options){
                         .url = "mysql://url@h/", .read_default_file = path, .database = "option" }),
                     0);
    assert_string_equal(target.user, "url");
    assert_string_equal(target.password, "of file");
    assert_string_equal(target.database, "option");
    assert_string_equal(target.host, "h");
    assert_string_equal(target.socket, "");
    assert_int_equal(read_options((hoot_pool_options){
                         .url = hoot_arena_printf(arena, "mysql:///?read_default_file=%s", path) }),
                     0);
    assert_string_equal(target.socket, "/file.sock");
}

static void follows_includes(void **state)
{
    char text[400];

    (void)state;
    write_file("a.cnf", "[client]\nuser=a\n");
    write_file("b.cnf", "[client]\npassword=b\n");
    write_file("no.txt", "[client]\npassword=no\n");
    snprintf(text, sizeof(text), "[client]\nuser=first\n!include %s\nhost=still.client\n", at("a.cnf"));
    assert_int_equal(read_file(text, NULL), 0);
    assert_string_equal(target.user, "a");
    assert_string_equal(target.host, "still.client");
    write_file("a.cnf", "user=of no group\n");
    assert_int_equal(read_file(text, NULL), HOOT_ECONFIG);
    assert_non_null(strstr(err.text, "a.cnf:1: an option stands before"));
    write_file("a.cnf", "[client]\nuser=a\n");
    unlink(at("my.cnf")); /* which would include itself */
    snprintf(text, sizeof(text), "!includedir %s\n", directory);
    write_file("no.txt", text);
    assert_int_equal(read_options((hoot_pool_options){ .read_default_file = at("no.txt") }), 0);
    assert_string_equal(target.user, "a");
    assert_string_equal(target.password, "b");
}

static void bounds_includes(void **state)
{
    char text[400];

    (void)state;
    snprintf(text, sizeof(text), "!include %s\n", at("my.cnf"));
    assert_int_equal(read_file(text, NULL), HOOT_ECONFIG);
    assert_non_null(strstr(err.text, "without an end"));
    snprintf(text, sizeof(text), "!includedir %s\n", directory);
    assert_int_equal(read_file(text, NULL), HOOT_ECONFIG);
}

static void refuses_files_that_cannot_be_trusted_or_read(void **state)
{
    const char *path = write_file("my.cnf", "[client]\nuser=anybody\n");
    static char big[70000];

    (void)state;
    assert_int_equal(chmod(path, 0666), 0);
    assert_int_equal(read_options((hoot_pool_options){ .read_default_file = path }), HOOT_ECONFIG);
    assert_non_null(strstr(err.text, "everybody may write"));
    assert_int_equal(read_options((hoot_pool_options){ .read_default_file = directory }), HOOT_ECONFIG);
    assert_int_equal(read_options((hoot_pool_options){ .read_default_file = "/no/such.cnf" }), HOOT_ECONFIG);
    memset(big, '#', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(read_file(big, NULL), HOOT_ECONFIG);
    assert_int_equal(read_file("[client]\nport=many\n", NULL), HOOT_ECONFIG);
    assert_int_equal(read_file("[client]\nssl-mode=maybe\n", NULL), HOOT_ECONFIG);
    assert_int_equal(read_file("!exclude x\n", NULL), HOOT_ECONFIG);
}

/* Whatever the file is, it is read or refused. */
static void survives_any_line(void **state)
{
    static const char *const texts[] = { "",
                                         "[",
                                         "]",
                                         "[client",
                                         "[client]=",
                                         "[client]\n=\n",
                                         "=",
                                         "!",
                                         "\\",
                                         "[client]\nuser",
                                         "[client]\nuser=",
                                         "[client]\nuser=\"",
                                         "[client]\nuser=\\",
                                         "[client]\nuser='\\'",
                                         "[]\n[ ]\n" };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        int rc = read_file(texts[i], "");

        assert_true(rc == 0 || rc == HOOT_ECONFIG);
    }
}

static void finds_the_users_own_file(void **state)
{
    const char *home = getenv("HOME") ? hoot_arena_strdup(arena, getenv("HOME")) : NULL;

    (void)state;
    write_file(".my.cnf", "[hoot-test-group]\nuser=at-home\n");
    assert_int_equal(setenv("HOME", directory, 1), 0);
    assert_int_equal(read_options((hoot_pool_options){ .read_default_group = "hoot-test-group" }), 0);
    assert_string_equal(target.user, "at-home");
    assert_int_equal(read_options((hoot_pool_options){ .read_default_file = "~/.my.cnf",
                                                       .read_default_group = "hoot-test-group" }),
                     0);
    assert_string_equal(target.user, "at-home");
    if (home)
        setenv("HOME", home, 1);
}

#define WITH_FILES(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FILES(reads_client_and_the_group_asked_for),
        WITH_FILES(reads_tls_as_both_servers_tools_write_it),
        WITH_FILES(an_authority_above_the_file_is_not_weakened_by_it),
        WITH_FILES(refuses_tls_that_is_switched_on_and_off),
        WITH_FILES(takes_the_least_tls_version_that_it_speaks),
        WITH_FILES(reads_the_groups_of_mariadb),
        WITH_FILES(reads_values_as_the_tools_do),
        WITH_FILES(names_the_line_that_is_wrong),
        WITH_FILES(takes_the_socket_for_localhost_only),
        WITH_FILES(options_and_url_win_over_the_file),
        WITH_FILES(follows_includes),
        WITH_FILES(bounds_includes),
        WITH_FILES(refuses_files_that_cannot_be_trusted_or_read),
        WITH_FILES(survives_any_line),
        WITH_FILES(finds_the_users_own_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

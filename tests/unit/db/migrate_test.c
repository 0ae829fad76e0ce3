/* Migrations on SQLite, and the cutting of their texts. */
#include "unit/db/db_test.h"

#include <hoot/group.h>

#include <sys/wait.h>

#include "db/sql_split.h"

static hoot_pool *pool;
static hoot_error err;

static const hoot_migration steps[] = {
    { .number = 1,
      .name = "create users",
      .sql = "CREATE TABLE users (id TEXT PRIMARY KEY, note TEXT);\n"
             "INSERT INTO users VALUES ('a;', 'x');\n-- done\n" },
    { .number = 2,
      .name = "add email",
      .mysql = "never run here",
      .sqlite = "ALTER TABLE users ADD COLUMN email TEXT" },
    { .number = 3,
      .name = "count",
      .sql = "CREATE TABLE counts (n INTEGER);\nINSERT INTO counts VALUES (1);" },
};

static int open_pool(hoot_error *error)
{
    char url[128];

    snprintf(url, sizeof(url), "sqlite:%s/a.db", test_folder);
    return hoot_pool_open(NULL, &pool, &(hoot_pool_options){ .url = url, .max_size = 2 }, error);
}

static int64_t number_of(const char *sql)
{
    HOOT_AUTO(hoot_cursor) rows = hoot_pool_query(pool, &err, sql);
    int64_t number = -1;

    assert_non_null(rows);
    assert_int_equal(hoot_row_int(hoot_fetchone(rows), "n", &number), 0);
    return number;
}

REAL_TEST(applies_what_is_missing_and_nothing_twice)
{
    assert_int_equal(open_pool(&err), 0);
    assert_int_equal(hoot_migrate(pool, steps, 2, &err), 2);
    assert_int_equal(hoot_migrate(pool, steps, 2, &err), 0);
    assert_int_equal(hoot_migrate(pool, steps, 3, &err), 1);
    assert_int_equal(number_of("SELECT count(*) AS n FROM users WHERE id = 'a;' AND email IS NULL"), 1);
    assert_int_equal(number_of("SELECT count(*) AS n FROM hoot_migrations WHERE length(checksum) = 64 AND "
                               "name <> '' AND applied_at > '2020'"),
                     3);
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(undoes_a_step_that_fails_in_its_middle)
{
    const hoot_migration bad[] = {
        steps[0], { .number = 2, .name = "bad", .sql = "CREATE TABLE half (n INTEGER);\nnonsense;\n" }
    };

    assert_int_equal(open_pool(&err), 0);
    assert_int_equal(hoot_migrate(pool, bad, 2, &err), HOOT_EDB);
    assert_non_null(strstr(err.text, "migration 2 (bad), statement 2"));
    assert_int_equal(number_of("SELECT count(*) AS n FROM sqlite_master WHERE name = 'half'"), 0);
    assert_int_equal(number_of("SELECT count(*) AS n FROM hoot_migrations"), 1);
    assert_int_equal(hoot_migrate(pool, steps, 3, &err), 2);
    hoot_pool_close(pool);
    return 0;
}

REAL_TEST(refuses_a_database_of_another_program)
{
    hoot_migration changed[3];

    assert_int_equal(open_pool(&err), 0);
    assert_int_equal(hoot_migrate(pool, steps, 3, &err), 3);
    assert_int_equal(hoot_migrate(pool, steps, 2, &err), HOOT_ESTATE);
    assert_non_null(strstr(err.text, "3 (count)"));
    memcpy(changed, steps, sizeof(changed));
    changed[1].sqlite = "ALTER TABLE users ADD COLUMN email VARCHAR";
    assert_int_equal(hoot_migrate(pool, changed, 3, &err), HOOT_ESTATE);
    assert_non_null(strstr(err.text, "changed"));
    changed[1].number = 4;
    assert_int_equal(hoot_migrate(pool, changed, 3, &err), HOOT_EINVAL);
    assert_int_equal(hoot_pool_execute(pool, &err, "DELETE FROM hoot_migrations WHERE number = 1"), 1);
    assert_int_equal(hoot_migrate(pool, steps, 3, &err), HOOT_ESTATE);
    hoot_pool_close(pool);
    return 0;
}

static int open_and_migrate(hoot_error *error, void *arg)
{
    int rc = open_pool(error);

    (void)arg;
    if (rc)
        return rc;
    rc = hoot_migrate(pool, steps, 3, error);
    hoot_pool_close(pool);
    return rc;
}

/* Each child is a worker; their applied counts are their exit codes. */
static void lets_one_of_many_processes_apply_each_step(void **state)
{
    pid_t children[4];
    int status, applied = 0;

    (void)state;
    for (int i = 0; i < 4; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            hoot_error error = HOOT_ERROR_INIT;
            int rc = hoot_run(open_and_migrate, NULL, &error);

            if (rc < 0)
                fprintf(stderr, "%s\n", error.text);
            _exit(rc < 0 ? 100 : rc);
        }
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status));
        applied += WEXITSTATUS(status);
    }
    assert_int_equal(applied, 3);
}

static void assert_split(const char *text, bool backslash, const char *const *expected)
{
    hoot_str rest = hoot_str_from(text), statement;

    for (; *expected; expected++) {
        assert_true(hoot__sql_next(&rest, backslash, &statement));
        assert_int_equal(statement.len, strlen(*expected));
        assert_memory_equal(statement.ptr, *expected, statement.len);
    }
    assert_false(hoot__sql_next(&rest, backslash, &statement));
}

static void cuts_at_semicolons_at_a_lines_end(void **state)
{
    (void)state;
    assert_split("", false, (const char *[]){ NULL });
    assert_split(" ;\n-- only this;\n/* and; \n this */ ;\n", false, (const char *[]){ NULL });
    assert_split("a;\nb ; \t\r\n c", false, (const char *[]){ "a", "b", "c", NULL });
    assert_split("a; b;\nc;", false, (const char *[]){ "a; b", "c", NULL });
    assert_split("a; -- why\nb", false, (const char *[]){ "a", "-- why\nb", NULL });
    assert_split("'x;\n''y;\n';\n\"p;\n\";\n`q;\n`;", false,
                 (const char *[]){ "'x;\n''y;\n'", "\"p;\n\"", "`q;\n`", NULL });
    assert_split("a -- it's;\n;\nb", false, (const char *[]){ "a -- it's;", "b", NULL });
    assert_split("a /* ;\n ' */;\nb", false, (const char *[]){ "a /* ;\n ' */", "b", NULL });
    assert_split("'open;\n", false, (const char *[]){ "'open;", NULL });
}

static void knows_backslashes_where_the_database_does(void **state)
{
    (void)state;
    assert_split("'it\\';\n';\nb;", true, (const char *[]){ "'it\\';\n'", "b", NULL });
    assert_split("'it\\';\nb;", false, (const char *[]){ "'it\\'", "b", NULL });
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(applies_what_is_missing_and_nothing_twice),
        IN_FOLDER(undoes_a_step_that_fails_in_its_middle),
        IN_FOLDER(refuses_a_database_of_another_program),
        IN_FOLDER(lets_one_of_many_processes_apply_each_step),
        cmocka_unit_test(cuts_at_semicolons_at_a_lines_end),
        cmocka_unit_test(knows_backslashes_where_the_database_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

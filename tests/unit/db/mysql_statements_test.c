/* Prepared statements on a real server: their columns are told once, and the first run of one takes one round
 * trip, where MariaDB allows it. */
#include "mysql_server_link.h"

#include "base/alloc.h"

static hoot__my_statement *statement_of(hoot_link *link, const char *sql)
{
    return hoot__my_statements_find(&hoot__my_link_of(link)->statements, hoot_str_from(sql));
}

static const hoot_value one[] = { { .kind = HOOT_INT, .i64 = 1 } };

/* Its name as the server would not send it again. */
static void mark_first_name(hoot_link *link, const char *sql)
{
    hoot__my_statement *statement = statement_of(link, sql);

    assert_non_null(statement->kept);
    statement->kept->columns.text.data[0] = '!';
}

static void expect_first_name(hoot_link *link, const char *sql, const char *name)
{
    hoot_answer answer = run_values(link, sql, one, 1);

    assert_string_equal(answer.names[0], name);
    assert_int_equal(count_rows(link), 1);
}

LINK_TEST(columns_are_told_once)
{
    const char *sql = "SELECT a, b FROM kept WHERE a = ?";

    ONLY_ON_MARIADB();
    remake(link, "TABLE kept", "(a INT PRIMARY KEY, b VARCHAR(10))");
    run(link, "INSERT INTO kept VALUES (1, 'x')");
    expect_first_name(link, sql, "a");
    mark_first_name(link, sql);
    expect_first_name(link, sql, "!");
}

LINK_TEST(a_changed_table_is_seen)
{
    const char *sql = "SELECT * FROM kept WHERE a = ?";
    const hoot_value *cells;

    remake(link, "TABLE kept", "(a INT PRIMARY KEY, b VARCHAR(10))");
    run(link, "INSERT INTO kept VALUES (1, '7')");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(run_values(link, sql, one, 1).column_count, 2);
        cells = next(link);
        assert_int_equal(cells[1].kind, HOOT_TEXT);
        assert_null(next(link));
    }
    run(link, "ALTER TABLE kept MODIFY b BIGINT UNSIGNED, ADD c DATE DEFAULT '2026-02-23'");
    for (int i = 0; i < 2; i++) {
        hoot_answer answer = run_values(link, sql, one, 1);

        assert_int_equal(answer.column_count, 3);
        assert_string_equal(answer.names[2], "c");
        cells = next(link);
        assert_int_equal(cells[1].kind, HOOT_UINT);
        assert_int_equal(cells[1].u64, 7);
        assert_int_equal(cells[2].kind, HOOT_DATE);
        assert_null(next(link));
    }
    run(link, "ALTER TABLE kept RENAME COLUMN b TO bb");
    assert_string_equal(run_values(link, sql, one, 1).names[1], "bb");
    assert_int_equal(count_rows(link), 1);
    run(link, "ALTER TABLE kept DROP c");
    assert_int_equal(run_values(link, sql, one, 1).column_count, 2);
    assert_int_equal(count_rows(link), 1);
}

/* What a parameter is decides what the column is. */
LINK_TEST(a_column_whose_type_comes_from_a_parameter_is_read_as_what_it_is)
{
    const hoot_time time = { .year = 2026, .month = 2, .day = 23, .hour = 4 };
    const hoot_value params[] = { hoot_value_null(),           hoot_value_text("seven"),
                                  hoot_value_int(-7),          hoot_value_double(0.5),
                                  hoot_value_date(time),       hoot_value_null(),
                                  hoot_value_datetime(time),   hoot_value_time((hoot_time){ .hour = 3 }),
                                  hoot_value_uint(UINT64_MAX), hoot_value_decimal(HOOT_STR("12.50")) };
    const size_t count = sizeof(params) / sizeof(params[0]);
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);

    for (size_t i = 0; i < count * count; i++) {
        const hoot_value *pair[] = { &params[i / count], &params[i % count] };
        char sql[40];

        snprintf(sql, sizeof(sql), "SELECT ? AS pair_%zu", i);
        for (size_t turn = 0; turn < 4; turn++) {
            const hoot_value *one_of = pair[turn % 2];

            assert_string_equal(ask_values(arena, link, sql, one_of, 1),
                                one_of->kind == HOOT_NULL ? "NULL" : hoot_value_format(arena, one_of));
        }
    }
}

/* One for each kind, however often; NULL is of all of them. */
LINK_TEST(a_statement_is_kept_for_each_kind_of_its_parameters)
{
    const hoot_value params[] = { hoot_value_null(), hoot_value_text("a"), hoot_value_int(1),
                                  hoot_value_int(2), hoot_value_text("b"), hoot_value_null() };
    uint32_t *count = &hoot__my_link_of(link)->statements.count;
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    uint32_t before = *count;

    for (size_t i = 0; i < 12; i++)
        (void)ask_values(arena, link, "SELECT ? AS kept", &params[i % 6], 1);
    assert_int_equal(*count - before, mysql_server_is_mysql() ? 2 : 1);
}

/* The answer that told the columns was not read. */
LINK_TEST(an_answer_that_was_skipped_does_not_take_the_columns_along)
{
    const char *sql = "SELECT * FROM kept WHERE a >= ?";

    remake(link, "TABLE kept", "(a INT PRIMARY KEY, b VARCHAR(10))");
    run(link, "INSERT INTO kept VALUES (1, 'x'), (2, 'y')");
    run_values(link, sql, one, 1);
    assert_int_equal(link->driver->skip_rows(link), 1);
    run(link, "ALTER TABLE kept ADD c INT");
    run_values(link, sql, one, 1);
    assert_int_equal(link->driver->skip_rows(link), 1);
    assert_int_equal(run_values(link, sql, one, 1).column_count, 3);
    assert_int_equal(count_rows(link), 2);
}

LINK_TEST(a_procedures_results_are_read_by_their_own_columns)
{
    const hoot_value two = hoot_value_int(2);
    hoot_answer answer;
    hoot_error err = HOOT_ERROR_INIT;

    remake(link, "PROCEDURE pair",
           "(n INT) BEGIN SELECT n AS first; SELECT n + 1 AS second, 'x' AS third; END");
    for (int i = 0; i < 3; i++) {
        link->keep_results = true;
        answer = run_values(link, "CALL pair(?)", &two, 1);
        assert_string_equal(answer.names[0], "first");
        assert_int_equal(count_rows(link), 1);
        assert_int_equal(link->driver->next_result(link, &answer, &err), 1);
        assert_int_equal(answer.column_count, 2);
        assert_string_equal(answer.names[1], "third");
        assert_int_equal(count_rows(link), 1);
        while (link->driver->next_result(link, &answer, &err) > 0)
            ;
    }
}

/* --- in one round trip --- */

static bool goes_together(hoot_link *link)
{
    return (hoot__my_link_of(link)->greeting.mariadb_capabilities & HOOT__MY_MARIADB_CAP_BULK) != 0;
}

LINK_TEST(a_first_run_prepares_once_and_executes_once)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    const hoot_value *cells;

    remake(link, "TABLE kept", "(a INT PRIMARY KEY, b VARCHAR(10))");
    assert_int_equal(run_values(link, "INSERT INTO kept VALUES (?, 'x')", one, 1).affected_rows, 1);
    assert_int_equal(run_values(link, "UPDATE kept SET b = b WHERE a = ?", one, 1).affected_rows, 0);
    expect_first_name(link, "SELECT a FROM kept WHERE a = ?", "a");
    expect_answer(link, "SELECT count(*) FROM kept", "1");
    run(link, "SHOW SESSION STATUS WHERE variable_name IN ('Com_stmt_prepare', 'Com_stmt_execute')");
    while ((cells = next(link)))
        assert_string_equal(hoot_value_format(arena, &cells[1]), "3");
}

/* 1461: the statement before is still the server's last one. Were that an INSERT, it would be run with what
 * is meant for another. */
LINK_TEST(a_refused_prepare_runs_nothing_else)
{
    static const char *const deletes[] = { "DELETE FROM kept WHERE a = ?", "DELETE FROM kept WHERE ? = a" };
    hoot_value two = hoot_value_int(2);

    ONLY_ON_MARIADB();
    assert_true(goes_together(link));
    remake(link, "TABLE kept", "(a INT)");
    for (int reads = 0; reads < 2; reads++) {
        run(link, "SET GLOBAL max_prepared_stmt_count = 16382");
        run_values(link, "INSERT INTO kept VALUES (?)", one, 1);
        assert_true(hoot__my_link_of(link)->last_writes);
        if (reads)
            expect_first_name(link, "SELECT 1 AS a FROM kept WHERE a = ? LIMIT 1", "a");
        assert_int_equal(hoot__my_link_of(link)->last_writes, !reads);
        run(link, "SET GLOBAL max_prepared_stmt_count = 0");
        run_refused(link, deletes[reads], &two, 1, HOOT_EDB);
        run(link, "SET GLOBAL max_prepared_stmt_count = 16382");
        expect_answer(link, "SELECT count(*) FROM kept", reads ? "2" : "1");
        assert_int_equal(run_values(link, deletes[reads], &two, 1).affected_rows, 0);
    }
}

LINK_TEST(a_refusal_is_that_of_prepare)
{
    hoot_error err = run_refused(link, "SELECT nonsense FROM nowhere WHERE a = ?", one, 1, HOOT_EDB);

    assert_int_equal(err.server_code, 1146);
    err = run_refused(link, "SELEKT ?", one, 1, HOOT_EDB);
    assert_int_equal(err.server_code, 1064);
    expect_answer(link, "SELECT 5", "5");
    assert_int_equal(hoot__my_link_of(link)->statements.count, 0);
}

/* As behind something that does not know the id ffffffff. */
LINK_TEST(what_does_not_know_the_last_statement_is_asked_by_number)
{
    hoot__my_link *my = hoot__my_link_of(link);

    if (!goes_together(link))
        return;
    remake(link, "TABLE kept", "(a INT)");
    expect_first_name(link, "SELECT ? AS a", "a");
    /* The server closes its last one, behind our back. */
    hoot__my_statements_close_id(&my->statements, statement_of(link, "SELECT ? AS a")->id);
    assert_int_equal(run_values(link, "INSERT INTO kept VALUES (?)", one, 1).affected_rows, 1);
    my->greeting.mariadb_capabilities = 0;
    assert_int_equal(run_values(link, "INSERT INTO kept VALUES (? + 1)", one, 1).affected_rows, 1);
    expect_answer(link, "SELECT count(*) FROM kept", "2");
}

LINK_TEST(the_number_of_values_is_checked_before_anything_runs)
{
    const hoot_value two[] = { hoot_value_int(1), hoot_value_int(2) };

    remake(link, "TABLE kept", "(a INT)");
    run_refused(link, "INSERT INTO kept VALUES (?)", two, 2, HOOT_EINVAL);
    run_refused(link, "INSERT INTO kept VALUES (? + ? + ?)", two, 2, HOOT_EINVAL);
    run_refused(link, "INSERT INTO kept VALUES (?) -- ?\n", two, 2, HOOT_EINVAL);
    run_refused(link, "INSERT INTO kept VALUES (? /* ? */)", two, 2, HOOT_EINVAL);
    run_refused(link, "INSERT INTO kept VALUES (? + '?')", two, 2, HOOT_EINVAL);
    expect_answer(link, "SELECT count(*) FROM kept", "0");
}

/* A deadline in the middle of the two answers. */
LINK_TEST(a_first_run_that_is_left_is_stopped)
{
    hoot_error err = HOOT_ERROR_INIT;
    hoot_answer answer;

    for (uint64_t ms = 1; ms < 40; ms += 6) {
        char sql[64];
        int rc = 0;

        snprintf(sql, sizeof(sql), "SELECT SLEEP(?) + %d", (int)ms);
        hoot_timeout (ms) {
            const hoot_value *cells;

            rc = link->driver->run(link, hoot_str_from(sql), (const hoot_value[]){ hoot_value_int(30) }, 1,
                                   &answer, &err);
            while (rc == 0 && (rc = link->driver->next_row(link, &cells, &err)) == 1)
                rc = 0;
        }
        assert_int_equal(rc, HOOT_ETIMEOUT);
        assert_true(link->unfinished || !link->broken);
        if (link->unfinished)
            assert_int_equal(link->driver->recover(link, &err), 0);
        expect_answer(link, "SELECT 5", "5");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_told_once),
        cmocka_unit_test(a_changed_table_is_seen),
        cmocka_unit_test(a_column_whose_type_comes_from_a_parameter_is_read_as_what_it_is),
        cmocka_unit_test(a_statement_is_kept_for_each_kind_of_its_parameters),
        cmocka_unit_test(an_answer_that_was_skipped_does_not_take_the_columns_along),
        cmocka_unit_test(a_procedures_results_are_read_by_their_own_columns),
        cmocka_unit_test(a_first_run_prepares_once_and_executes_once),
        cmocka_unit_test(a_refused_prepare_runs_nothing_else),
        cmocka_unit_test(a_refusal_is_that_of_prepare),
        cmocka_unit_test(what_does_not_know_the_last_statement_is_asked_by_number),
        cmocka_unit_test(the_number_of_values_is_checked_before_anything_runs),
        cmocka_unit_test(a_first_run_that_is_left_is_stopped),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}

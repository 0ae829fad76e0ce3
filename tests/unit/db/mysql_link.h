/* What the tests of the MySQL driver share: a task around a body, statements that must succeed, and those
 * that must not. */
#ifndef HOOT_TEST_MYSQL_LINK_H
#define HOOT_TEST_MYSQL_LINK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "db/mysql/connection.h"
#include "db/mysql/driver.h"

#include <hoot/arena.h>
#include <hoot/task.h>

#include <string.h>

/* Run a statement that must succeed. */
static inline hoot_answer run_values(hoot_link *link, const char *sql, const hoot_value *params, size_t count)
{
    hoot_error err = HOOT_ERROR_INIT;
    hoot_answer answer;

    if (link->driver->run(link, hoot_str_from(sql), params, count, &answer, &err) != 0)
        fail_msg("%s: %s", sql, err.text);
    return answer;
}

static inline hoot_answer run(hoot_link *link, const char *sql)
{
    return run_values(link, sql, NULL, 0);
}

/* Make a table or a procedure (`what`: its kind and name) anew. Only MariaDB has CREATE OR REPLACE. */
static inline void remake(hoot_link *link, const char *what, const char *definition)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);

    run(link, hoot_arena_printf(arena, "DROP %.*s IF EXISTS %s", (int)strcspn(what, " "), what,
                                what + strcspn(what, " ") + 1));
    run(link, hoot_arena_printf(arena, "CREATE %s %s", what, definition));
}

/* The next row, or NULL behind the last. */
static inline const hoot_value *next(hoot_link *link)
{
    hoot_error err = HOOT_ERROR_INIT;
    const hoot_value *cells = NULL;
    int rc = link->driver->next_row(link, &cells, &err);

    if (rc < 0)
        fail_msg("next_row: %s", err.text);
    return rc == 1 ? cells : NULL;
}

/* The rows that are left. */
static inline size_t count_rows(hoot_link *link)
{
    size_t count = 0;

    while (next(link))
        count++;
    return count;
}

/* A statement of one row: the text of its first cell, "NULL" for NULL. Lives: until the arena goes. */
static inline const char *ask_values(hoot_arena *arena, hoot_link *link, const char *sql,
                                     const hoot_value *params, size_t count)
{
    const hoot_value *cells;
    const char *text;

    run_values(link, sql, params, count);
    cells = next(link);
    assert_non_null(cells);
    text = cells[0].kind == HOOT_NULL ? "NULL" : hoot_value_format(arena, &cells[0]);
    assert_int_equal(count_rows(link), 0);
    return text;
}

static inline void expect_answer(hoot_link *link, const char *sql, const char *expected)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);

    assert_string_equal(ask_values(arena, link, sql, NULL, 0), expected);
}

/* A statement that must fail with `code`; the link stays good. */
static inline hoot_error run_refused(hoot_link *link, const char *sql, const hoot_value *params, size_t count,
                                     int code)
{
    hoot_error err = HOOT_ERROR_INIT;
    hoot_answer answer;

    assert_int_equal(link->driver->run(link, hoot_str_from(sql), params, count, &answer, &err), code);
    assert_int_equal(err.code, code);
    assert_string_not_equal(err.text, "");
    assert_false(link->broken || link->unfinished);
    return err;
}

#endif

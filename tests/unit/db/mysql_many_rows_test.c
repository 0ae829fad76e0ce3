/* Which INSERT statements may be made one of many rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <hoot/error.h>

#include "db/mysql/many_rows.h"

static const char *const good[] = {
    "INSERT INTO t (a, b) VALUES (?, ?)",
    "insert ignore into `db`.`t?;` values(?,?)",
    "REPLACE INTO t VALUE ( ? , ? )",
    "INSERT INTO t (a, b, c) VALUES (?, 'it''s ?', ?)",
    "INSERT INTO t VALUES (?, NOW(6), COALESCE(?, 1 + 2))",
    "INSERT INTO t (`values`, b) VALUES (?, ?) ON DUPLICATE KEY UPDATE b = VALUES(b), n = n + 1",
    "INSERT INTO t VALUES (?, ?) AS new ON DUPLICATE KEY UPDATE b = new.b",
    "\n INSERT INTO t\tVALUES (?, ?) \n",
};

static const char *const doubtful[] = {
    "",
    "SELECT ?, ?",
    "UPDATE t SET a = ? WHERE b = ?",
    "DELETE FROM t WHERE a = ? AND b = ?",
    "INSERT INTO t SET a = ?, b = ?",
    "INSERT INTO t SELECT ?, ?",
    "INSERT INTO t (a, b) VALUES (?)",
    "INSERT INTO t (a, b) VALUES (?, ?, ?)",
    "INSERT INTO t VALUES (?, ?), (1, 2)",
    "INSERT INTO t VALUES (?, 1), (?, 2)",
    "INSERT INTO t VALUES (?, ?) ON DUPLICATE KEY UPDATE b = ?",
    "INSERT INTO t VALUES (?, ?) ON DUPLICATE KEY UPDATE id = LAST_INSERT_ID(id)",
    "INSERT INTO t VALUES (?, ?) RETURNING id",
    "INSERT INTO t VALUES (?, (SELECT max(a) FROM u WHERE b = ?))",
    "INSERT INTO t VALUES (?, ?); DROP TABLE t",
    "INSERT INTO t VALUES (?, ?) -- and so on",
    "INSERT INTO t VALUES (?, ?) # and so on",
    "INSERT /* ? */ INTO t VALUES (?, ?)",
    "INSERT INTO t VALUES (?, @a := ?)",
    "INSERT INTO t VALUES (?, '\\'', ?)",
    "INSERT INTO t VALUES (?, 'no end, ?)",
    "INSERT INTO t VALUES (?, ?",
    "INSERT INTO t VALUES ?, ?",
    "INSERT INTO t (a, VALUES (?, ?)",
    "INSERT INTO t",
};

static bool is_found(const char *sql, hoot__my_values *values)
{
    return hoot__my_values_find(hoot_str_from(sql), 2, values);
}

static void takes_apart_what_is_certain(void **state)
{
    hoot__my_values values;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (!is_found(good[i], &values))
            fail_msg("refused: %s", good[i]);
    }
}

static void leaves_alone_what_is_not(void **state)
{
    hoot__my_values values;

    (void)state;
    for (size_t i = 0; i < sizeof(doubtful) / sizeof(doubtful[0]); i++) {
        if (is_found(doubtful[i], &values))
            fail_msg("accepted: %s", doubtful[i]);
    }
}

static void repeats_the_group_between_head_and_tail(void **state)
{
    hoot__my_values values;
    hoot_buf out;

    (void)state;
    hoot_buf_init(&out, 1000);
    assert_true(is_found("INSERT INTO t VALUES (?, ?) ON DUPLICATE KEY UPDATE n = n + 1", &values));
    assert_int_equal(hoot__my_values_repeat(&values, 3, &out), 0);
    assert_true(hoot_str_equal(
        hoot_buf_str(&out),
        HOOT_STR("INSERT INTO t VALUES (?, ?), (?, ?), (?, ?) ON DUPLICATE KEY UPDATE n = n + 1")));
    assert_int_equal(hoot__my_values_repeat(&values, 1000, &out), HOOT_ELIMIT);
    hoot_buf_fini(&out);
}

static void knows_what_runs_in_bulk(void **state)
{
    (void)state;
    assert_true(hoot__my_takes_bulk(HOOT_STR("  update t set a = ?")));
    assert_true(hoot__my_takes_bulk(HOOT_STR("DELETE FROM t WHERE a = ?")));
    assert_false(hoot__my_takes_bulk(HOOT_STR("SELECT ?")));
    assert_false(hoot__my_takes_bulk(HOOT_STR("CALL p(?)")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_apart_what_is_certain),
        cmocka_unit_test(leaves_alone_what_is_not),
        cmocka_unit_test(repeats_the_group_between_head_and_tail),
        cmocka_unit_test(knows_what_runs_in_bulk),
    };

    return cmocka_run_group_tests_name("db/mysql_many_rows", tests, NULL, NULL);
}

/* Answers that nobody waits for: unasked, endless, late, left behind. Memory is bounded, and no answer is
 * taken for that of another statement. */
#include "mysql_fake_ask.h"

/* --- out of turn --- */

static int wait_then_look(hoot_link *link, fake_run *run, hoot_error *err)
{
    (void)run;
    (void)err;
    for (int i = 0; i < 10; i++)
        (void)hoot_yield();
    return link->driver->is_alive(link) ? 1 : 0;
}

static int wait_then_ask(hoot_link *link, fake_run *run, hoot_error *err)
{
    assert_int_equal(wait_then_look(link, run, err), 0);
    return ask_text(link, run, err);
}

/* MySQL 8 says 4031 before it closes an idle connection. */
static void an_unasked_goodbye_is_seen_and_understood(void **state)
{
    const fake_client_fn clients[] = { wait_then_look, wait_then_ask };

    (void)state;
    for (int i = 0; i < 2; i++) {
        fake_talk talk;
        fake_run run;

        fake_behind_login(&talk, &run, clients[i]);
        talk.sequence = 0;
        FAKE(&talk, "\xff\xbf\x0f#HY000The client was disconnected by the server because of inactivity.");
        fake_hold(&run);
        assert_int_equal(run.rc, i ? HOOT_ECONNLOST : 0);
        if (i) {
            assert_int_equal(run.err.server_code, 4031);
            assert_non_null(strstr(run.err.text, "inactivity"));
            assert_true(run.broken);
        }
        fake_end(&talk, &run);
    }
}

/* --- endless --- */

static int read_and_leave(hoot_link *link, fake_run *run, hoot_error *err)
{
    const hoot_value *cells;
    hoot_answer answer;
    size_t most = 0;
    int rc = link->driver->run(link, HOOT_STR("SELECT"), NULL, 0, &answer, err);

    (void)run;
    for (int i = 0; rc >= 0 && i < 100000; i++) {
        size_t capacity = hoot__my_link_of(link)->channel.reader.in.capacity;

        rc = link->driver->next_row(link, &cells, err);
        most = capacity > most ? capacity : most;
    }
    assert_true(most < 256 * 1024);
    assert_int_equal(link->driver->skip_rows(link), 0);
    assert_true(link->unfinished);
    return rc;
}

/* Rows without end keep one buffer's worth of memory, and can be left. */
static void endless_rows_take_no_memory(void **state)
{
    fake_talk talk;
    fake_run run;

    (void)state;
    fake_behind_login(&talk, &run, read_and_leave);
    fake_group(&talk, 1, 1);
    say_two_columns(&talk, false);
    for (int i = 0; i < 100005; i++)
        FAKE(&talk, "\x03one\x01"
                    "1");
    fake_hold(&run);
    assert_int_equal(run.rc, 1);
    assert_true(run.unfinished);
    fake_end(&talk, &run);
}

/* --- stopping, without a server to stop it on --- */

static int leave_by_deadline(hoot_link *link, fake_run *run, hoot_error *err)
{
    int rc = 0;

    hoot_timeout (50)
        rc = ask_text(link, run, err);
    assert_true(link->unfinished);
    assert_false(link->broken);
    return rc;
}

static void a_silent_server_is_left_at_the_deadline(void **state)
{
    fake_talk talk;
    fake_run run;

    (void)state;
    fake_behind_login(&talk, &run, leave_by_deadline);
    fake_hold(&run);
    assert_int_equal(run.rc, HOOT_ETIMEOUT);
    assert_non_null(strstr(run.err.text, "mysql db.example:3306"));
    fake_end(&talk, &run);
}

static int leave_and_fail_to_recover(hoot_link *link, fake_run *run, hoot_error *err)
{
    int rc = leave_by_deadline(link, run, err);

    assert_int_equal(rc, HOOT_ETIMEOUT);
    hoot_error_clear(err);
    return link->driver->recover(link, err);
}

/* Nothing listens at the target, so no KILL can be sent: the connection is given up. */
static void a_statement_that_cannot_be_stopped_ends_the_connection(void **state)
{
    fake_talk talk;
    fake_run run;

    (void)state;
    fake_behind_login(&talk, &run, leave_and_fail_to_recover);
    run.target.host = "127.0.0.1";
    run.target.port = 1; /* tcpmux: nobody has it */
    fake_hold(&run);
    assert_int_equal(run.rc, HOOT_ECONNECT);
    assert_non_null(strstr(run.err.text, "stopping the statement"));
    assert_true(run.broken);
    fake_end(&talk, &run);
}

/* The answer came in full while nobody looked: no KILL is needed, and the next statement gets its own answer.
 */
static int leave_then_recover(hoot_link *link, fake_run *run, hoot_error *err)
{
    const hoot_value *cells;
    hoot_answer answer;
    int rc = link->driver->run(link, HOOT_STR("SELECT"), NULL, 0, &answer, err);

    (void)run;
    assert_int_equal(rc, 0);
    assert_int_equal(link->driver->next_row(link, &cells, err), 1);
    if (!link->driver->skip_rows(link))
        assert_int_equal(link->driver->recover(link, err), 0);
    assert_int_equal(link->driver->run(link, HOOT_STR("SELECT"), NULL, 0, &answer, err), 0);
    assert_int_equal(link->driver->next_row(link, &cells, err), 1);
    assert_string_equal(cells[0].str.ptr, "second");
    return link->driver->next_row(link, &cells, err);
}

static void rows_left_behind_are_nobody_elses(void **state)
{
    fake_talk talk;
    fake_run run;

    (void)state;
    fake_behind_login(&talk, &run, leave_then_recover);
    fake_group(&talk, 1, 1);
    say_two_columns(&talk, false);
    FAKE(&talk, "\x05"
                "first"
                "\x01"
                "1");
    FAKE(&talk, "\x05"
                "first"
                "\x01"
                "2");
    FAKE(&talk, FAKE_ROWS_OK);
    fake_group(&talk, 1, 1);
    say_two_columns(&talk, false);
    FAKE(&talk, "\x06"
                "second"
                "\x01"
                "1");
    FAKE(&talk, FAKE_ROWS_OK);
    fake_hold(&run);
    assert_int_equal(run.rc, 0);
    fake_end(&talk, &run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unasked_goodbye_is_seen_and_understood),
        cmocka_unit_test(endless_rows_take_no_memory),
        cmocka_unit_test(a_silent_server_is_left_at_the_deadline),
        cmocka_unit_test(a_statement_that_cannot_be_stopped_ends_the_connection),
        cmocka_unit_test(rows_left_behind_are_nobody_elses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

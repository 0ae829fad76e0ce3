/* Several statements under way, and a server that answers them slowly, in part, wrongly, or too often: each
 * asker gets his own answer or a clear error, once; the connection is retired; nothing leaks. */
#include "mysql_fake.h"

#include "base/alloc.h"

enum { ASKED = 5, PACKETS = 64 };

/* One statement, and what came of it. */
typedef struct asked {
    hoot_pipe_call call;
    hoot_value param;
    char got[64]; /* the text of its last row */
    unsigned rows, begun, ended;
    int rc;
    hoot_error err;
} asked;

static asked all[ASKED];
static unsigned all_ended, lost_times;
static hoot_waiter *waiting;

static void on_begun(hoot_pipe_call *call, const hoot_answer *answer)
{
    asked *one = (asked *)call;

    assert_int_equal(one->ended, 0);
    assert_true(answer->column_count <= HOOT__MY_COLUMNS_MAX);
    one->begun++;
}

static void on_row(hoot_pipe_call *call, const hoot_value *cells)
{
    asked *one = (asked *)call;

    assert_int_equal(one->ended, 0);
    one->rows++;
    if (cells[0].kind == HOOT_TEXT)
        snprintf(one->got, sizeof(one->got), "%s", cells[0].str.ptr);
}

static void on_ended(hoot_pipe_call *call, int rc, const hoot_error *err)
{
    asked *one = (asked *)call;

    assert_int_equal(one->ended++, 0);
    one->rc = rc;
    if (rc) {
        assert_int_equal(err->code, rc);
        assert_string_not_equal(err->text, "");
        one->err = *err;
    }
    if (++all_ended == ASKED && waiting)
        hoot_wake(waiting, 0);
}

static void on_lost(void *user)
{
    (void)user;
    assert_int_equal(all_ended, ASKED); /* behind every call's end */
    lost_times++;
}

static const hoot_pipe_events events = { on_begun, on_row, on_ended };

/* "SELECT text", "SELECT ?", the same, "UPDATE", "SELECT text": texts, one to prepare, one that waits for
 * that. */
static void make_calls(void)
{
    static const char *const texts[ASKED] = { "SELECT a", "SELECT ?", "SELECT ?", "UPDATE d", "SELECT e" };

    memset(all, 0, sizeof(all));
    all_ended = lost_times = 0;
    for (size_t i = 0; i < ASKED; i++) {
        all[i].param = hoot_value_text("x");
        all[i].call = (hoot_pipe_call){ .events = &events, .sql = hoot_str_from(texts[i]) };
        if (i == 1 || i == 2) {
            all[i].call.params = &all[i].param;
            all[i].call.param_count = 1;
        }
    }
}

static void send_all(hoot_link *link)
{
    for (size_t i = 0; i < ASKED; i++) {
        hoot_error err = HOOT_ERROR_INIT;
        int rc = link->driver->pipe->send(link, &all[i].call, &err);

        if (rc)
            on_ended(&all[i].call, rc, &err);
    }
    link->driver->pipe->flush(link);
}

/* Gives: 0 when everything was answered well; else the first one's error. */
static int first_error(hoot_error *err)
{
    for (size_t i = 0; i < ASKED; i++) {
        if (all[i].rc) {
            *err = all[i].err;
            return all[i].rc;
        }
    }
    return 0;
}

static int ask_all(hoot_link *link, fake_run *run, hoot_error *err)
{
    const hoot_pipe *pipe = link->driver->pipe;
    hoot_waiter waiter = HOOT_WAITER_INIT;
    int rc;

    (void)run;
    make_calls();
    assert_int_equal(pipe->open(link, on_lost, link), 0);
    send_all(link);
    waiting = &waiter;
    rc = all_ended == ASKED ? 0 : hoot_wait(&waiter);
    waiting = NULL;
    if (rc)
        pipe->abort(link, rc, hoot_error_text(rc));
    assert_int_equal(all_ended, ASKED);
    assert_true(lost_times <= 1);
    assert_true(!lost_times || link->broken);
    if (!link->broken)
        assert_null(pipe->head(link));
    pipe->close(link);
    return first_error(err);
}

/* --- what the server says --- */

static void say_text(fake_talk *talk, unsigned awaits, const char *text)
{
    hoot_buf row;

    fake_group(talk, awaits, 1);
    FAKE(talk, "\x01");
    fake_column(talk, "c", HOOT__MY_TYPE_VAR_STRING, 0, 45);
    hoot_buf_init(&row, 4096);
    hoot__my_put_lenenc_str(&row, hoot_str_from(text));
    fake_packet(talk, row.data, row.len);
    hoot_buf_fini(&row);
    FAKE(talk, FAKE_ROWS_OK);
}

static void say_binary(fake_talk *talk, unsigned awaits, const char *text)
{
    hoot_buf row;

    fake_group(talk, awaits, 1);
    FAKE(talk, "\x01");
    fake_column(talk, "c", HOOT__MY_TYPE_VAR_STRING, 0, 45);
    hoot_buf_init(&row, 4096);
    hoot__my_put_u16(&row, 0); /* OK, and no NULLs */
    hoot__my_put_lenenc_str(&row, hoot_str_from(text));
    fake_packet(talk, row.data, row.len);
    hoot_buf_fini(&row);
    FAKE(talk, FAKE_ROWS_OK);
}

/* Four packets come at once; then two executions, when their statement's number is known. */
static void say_all_with(fake_talk *talk, const char *first, const char *second)
{
    fake_init(talk);
    fake_login(talk);
    say_text(talk, 4, first);
    fake_group(talk, 0, 1);
    FAKE(talk, "\x00\x07\x00\x00\x00\x01\x00\x01\x00\x00\x00\x00");
    fake_column(talk, "?", HOOT__MY_TYPE_VAR_STRING, 0, 45);
    fake_column(talk, "c", HOOT__MY_TYPE_VAR_STRING, 0, 45);
    fake_group(talk, 0, 1);
    FAKE(talk, "\x00\x03\x00\x02\x00\x00\x00");
    say_text(talk, 0, "answer 4");
    say_binary(talk, 2, second);
    say_binary(talk, 0, "answer 2");
}

static void say_all(fake_talk *talk)
{
    say_all_with(talk, "answer 0", "answer 1");
}

/* Where the answers begin, behind the login. */
static size_t start_of(const fake_talk *talk)
{
    return talk->ends[talk->groups - 7];
}

/* Whoever was answered well has his own answer. */
static void expect_own_answers(void)
{
    for (size_t i = 0; i < ASKED; i++) {
        char own[16];

        snprintf(own, sizeof(own), "answer %zu", i);
        if (all[i].rc == 0 && i != 3)
            assert_string_equal(all[i].got, own);
    }
}

static void expect_all_good(const fake_run *run)
{
    if (run->rc)
        fail_msg("%s", run->err.text);
    for (size_t i = 0; i < ASKED; i++) {
        assert_int_equal(all[i].ended, 1);
        assert_int_equal(all[i].begun, 1);
        assert_int_equal(all[i].rows, i != 3);
    }
    expect_own_answers();
    assert_int_equal(lost_times, 0);
    assert_false(run->broken || run->unfinished || run->state_changed);
}

static void each_gets_the_answer_to_his_own_question(void **state)
{
    fake_talk talk;
    fake_run run;

    (void)state;
    say_all(&talk);
    fake_defaults(&run, &talk);
    run.client = ask_all;
    for (size_t piece = 0; piece < 9; piece++) {
        run.server.piece = piece;
        fake_hold(&run);
        expect_all_good(&run);
    }
    fake_run_fini(&run);
    fake_fini(&talk);
}

/* In pieces of any size: what has come of the row is dropped, and the answers behind it are read. */
static void a_row_that_is_too_long_fails_who_asked_for_it(void **state)
{
    char text[2000];
    fake_talk talk;
    fake_run run;

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    for (size_t which = 0; which < 2; which++) {
        say_all_with(&talk, which == 0 ? text : "answer 0", which == 1 ? text : "answer 1");
        fake_defaults(&run, &talk);
        run.target.max_answer_bytes = 1000;
        run.client = ask_all;
        for (size_t piece = 0; piece < 9; piece++) {
            run.server.piece = piece;
            fake_hold(&run);
            for (size_t i = 0; i < ASKED; i++)
                assert_int_equal(all[i].rc, i == which ? HOOT_ELIMIT : 0);
            assert_non_null(strstr(all[which].err.text, "max_answer_bytes"));
            assert_int_equal(all[which].rows, 0);
            expect_own_answers();
            assert_int_equal(lost_times, 0);
            assert_false(run.broken || run.unfinished);
        }
        fake_run_fini(&run);
        fake_fini(&talk);
    }
}

/* It is no row that the columns of the first answer are told in: the others cannot be read, and do not get
 * its error. */
static void a_packet_that_is_too_long_and_no_row_ends_the_connection(void **state)
{
    fake_talk talk;
    fake_run run;

    (void)state;
    fake_init(&talk);
    fake_login(&talk);
    fake_group(&talk, 4, 1);
    (void)hoot_buf_add(&talk.bytes, "\xff\xff\xff\x01", 4);
    talk.ends[talk.groups - 1] = talk.bytes.len;
    fake_defaults(&run, &talk);
    run.client = ask_all;
    fake_hold(&run);
    for (size_t i = 0; i < ASKED; i++)
        assert_int_equal(all[i].rc, i == 0 ? HOOT_ELIMIT : HOOT_ECONNLOST);
    assert_int_equal(lost_times, 1);
    assert_true(run.broken);
    fake_run_fini(&run);
    fake_fini(&talk);
}

static void a_value_that_is_none_fails_who_asked_for_it(void **state)
{
    fake_talk talk;
    fake_run run;
    size_t at;

    (void)state;
    say_all_with(&talk, "no date", "answer 1");
    at = start_of(&talk) + 4 + 1; /* the column, behind the number of columns */
    while (talk.bytes.data[at] != (char)HOOT__MY_TYPE_VAR_STRING)
        at++;
    talk.bytes.data[at] = HOOT__MY_TYPE_DATE;
    fake_defaults(&run, &talk);
    run.client = ask_all;
    fake_hold(&run);
    for (size_t i = 0; i < ASKED; i++)
        assert_int_equal(all[i].rc, i == 0 ? HOOT_EPROTOCOL : 0);
    assert_non_null(strstr(all[0].err.text, "\"c\""));
    expect_own_answers();
    assert_int_equal(lost_times, 0);
    assert_false(run.broken || run.unfinished);
    fake_run_fini(&run);
    fake_fini(&talk);
}

/* Also between PREPARE and EXECUTE. What was not sent is told from what may have been run. */
static void a_connection_that_ends_at_any_byte_fails_who_was_not_answered(void **state)
{
    fake_talk talk;
    fake_run run;

    (void)state;
    say_all(&talk);
    fake_defaults(&run, &talk);
    run.client = ask_all;
    for (size_t cut = start_of(&talk); cut < talk.bytes.len; cut++) {
        run.server.cut = cut;
        fake_hold(&run);
        assert_true(run.opened && run.broken);
        assert_int_equal(run.rc, HOOT_ECONNLOST);
        assert_int_equal(lost_times, 1);
        expect_own_answers();
        assert_true(all[0].call.sent && all[3].call.sent && all[4].call.sent);
        assert_int_equal(all[1].call.sent, all[2].call.sent);
        assert_true(!all[1].call.sent || cut >= talk.ends[talk.groups - 5]);
    }
    fake_run_fini(&run);
    fake_fini(&talk);
}

static size_t find_packets(const fake_talk *talk, size_t *out)
{
    size_t count = 0;

    for (size_t at = start_of(talk); at < talk->bytes.len; count++) {
        const unsigned char *header = (const unsigned char *)talk->bytes.data + at;

        assert_true(count < PACKETS);
        out[count] = at;
        at += 4 + ((size_t)header[0] | (size_t)header[1] << 8);
    }
    return count;
}

static void a_wrong_number_ends_the_connection(void **state)
{
    size_t packets[PACKETS], count;
    fake_talk talk;
    fake_run run;

    (void)state;
    say_all(&talk);
    count = find_packets(&talk, packets);
    fake_defaults(&run, &talk);
    run.client = ask_all;
    for (size_t i = 0; i < count; i++) {
        talk.bytes.data[packets[i] + 3]++;
        fake_hold(&run);
        talk.bytes.data[packets[i] + 3]--;
        assert_int_equal(run.rc, HOOT_EPROTOCOL);
        assert_non_null(strstr(run.err.text, "packet number"));
        assert_true(run.broken);
        assert_int_equal(lost_times, 1);
        expect_own_answers();
    }
    fake_run_fini(&run);
    fake_fini(&talk);
}

/* The answer ends with an error in place of packet `which`; all other answers stay. */
static void say_error_instead(const fake_talk *from, size_t which, fake_talk *out)
{
    static const char error[] = FAKE_ERROR;
    size_t at = 0;

    fake_init(out);
    for (size_t g = 0; g < from->groups; at = from->ends[g++]) {
        bool here = which >= at && which < from->ends[g];

        fake_group(out, from->awaits[g], 1);
        (void)hoot_buf_add(&out->bytes, from->bytes.data + at, (here ? which : from->ends[g]) - at);
        out->ends[g] = out->bytes.len;
        out->sequence = here ? (uint8_t)from->bytes.data[which + 3] : 1;
        if (here)
            fake_packet(out, error, sizeof(error) - 1);
    }
}

/* PREPARE of the first "SELECT ?" refused: the second asks for itself, which this server does not expect. */
static void an_error_packet_at_any_point_fails_one_and_no_other(void **state)
{
    size_t packets[PACKETS], count;
    fake_talk talk;

    (void)state;
    say_all(&talk);
    count = find_packets(&talk, packets);
    for (size_t i = 0; i < count; i++) {
        unsigned failed = 0;
        bool prepares = packets[i] >= talk.ends[talk.groups - 6] && packets[i] < talk.ends[talk.groups - 5];
        fake_talk changed;
        fake_run run;

        say_error_instead(&talk, packets[i], &changed);
        fake_defaults(&run, &changed);
        run.client = ask_all;
        run.deadline_ms = 1000;
        fake_hold(&run);
        for (size_t k = 0; k < ASKED; k++) {
            failed += all[k].rc != 0;
            if (all[k].err.server_code)
                assert_int_equal(all[k].err.server_code, 1105);
        }
        assert_int_equal(failed, prepares ? 2 : 1);
        assert_int_equal(run.err.server_code, 1105);
        assert_true(prepares || !run.broken);
        expect_own_answers();
        fake_run_fini(&run);
        fake_fini(&changed);
    }
    fake_fini(&talk);
}

static void an_answer_too_many_ends_the_connection(void **state)
{
    fake_talk talk;
    fake_run run;

    (void)state;
    say_all(&talk);
    FAKE(&talk, FAKE_OK);
    fake_defaults(&run, &talk);
    run.client = ask_all;
    fake_hold(&run);
    assert_int_equal(run.rc, 0); /* everybody was answered before */
    assert_int_equal(lost_times, 1);
    assert_true(run.broken);
    fake_run_fini(&run);
    fake_fini(&talk);
}

/* In place of each answer: the connection ends, and not a byte goes out for it. */
static void a_local_file_is_never_sent(void **state)
{
    fake_talk talk;
    size_t heard = 0;

    (void)state;
    say_all(&talk);
    for (size_t g = talk.groups - 6; g < talk.groups; g++) {
        size_t at = talk.ends[g - 1];
        char old = talk.bytes.data[at + 4];
        fake_run run;

        fake_defaults(&run, &talk);
        run.client = ask_all;
        fake_hold(&run);
        heard = run.server.heard.len;
        talk.bytes.data[at + 4] = (char)HOOT__MY_LOCAL_INFILE;
        fake_hold(&run);
        talk.bytes.data[at + 4] = old;
        assert_int_equal(run.rc, HOOT_EPROTOCOL);
        assert_true(run.broken);
        assert_true(run.server.heard.len <= heard);
        expect_own_answers();
        fake_run_fini(&run);
    }
    fake_fini(&talk);
}

/* Whatever is turned over, each is told once, and nobody gets another's text. */
static void no_single_wrong_byte_does_harm(void **state)
{
    static const unsigned char turns[] = { 0xff, 0x80, 0x01 };
    fake_talk talk;
    fake_run run;

    (void)state;
    say_all(&talk);
    fake_defaults(&run, &talk);
    run.client = ask_all;
    run.deadline_ms = 1000;
    run.server.hang_up = true;
    for (size_t at = start_of(&talk); at < talk.bytes.len; at++) {
        for (size_t i = 0; i < sizeof(turns); i++) {
            talk.bytes.data[at] = (char)((unsigned char)talk.bytes.data[at] ^ turns[i]);
            fake_hold(&run);
            talk.bytes.data[at] = (char)((unsigned char)talk.bytes.data[at] ^ turns[i]);
            for (size_t k = 0; k < ASKED; k++) {
                const char *number = strchr(all[k].got, ' ');

                if (all[k].rc == 0 && number && at != 0 && strncmp(all[k].got, "answer ", 7) == 0)
                    assert_true(number[1] == (char)('0' + k) || number[1] == (char)(('0' + k) ^ turns[i]));
            }
        }
    }
    fake_run_fini(&run);
    fake_fini(&talk);
}

static void every_failed_allocation_is_survived(void **state)
{
    fake_talk talk;
    fake_run run;
    unsigned failed = 0;

    (void)state;
    say_all(&talk);
    fake_defaults(&run, &talk);
    run.client = ask_all;
    run.deadline_ms = 1000;
    for (unsigned long n = 1; n < 400; n++) {
        run.fail_at = n;
        fake_hold(&run);
        hoot__alloc_fail_next(0);
        failed += run.rc != 0;
        if (run.rc == 0)
            expect_own_answers();
    }
    assert_true(failed > 5);
    fake_run_fini(&run);
    fake_fini(&talk);
}

/* --- leaving, and what is due then --- */

static unsigned leave_after;

static int ask_and_leave(hoot_link *link, fake_run *run, hoot_error *err)
{
    const hoot_pipe *pipe = link->driver->pipe;
    hoot_answer answer;

    (void)run;
    make_calls();
    all[1].call.param_count = all[2].call.param_count = 0;
    assert_int_equal(pipe->open(link, on_lost, link), 0);
    send_all(link);
    for (unsigned i = 0; i < leave_after && all_ended < ASKED; i++)
        (void)hoot_yield();
    if (all_ended < ASKED)
        pipe->leave(link, false);
    pipe->close(link);
    assert_int_equal(all_ended, ASKED);
    if (!link->unfinished)
        return 0;
    (void)hoot_sleep(1); /* the rest has come */
    if (link->driver->recover(link, err)) {
        assert_true(link->broken);
        return 0;
    }
    assert_int_equal(link->driver->run(link, HOOT_STR("SELECT 5"), NULL, 0, &answer, err), 0);
    assert_int_equal(answer.affected_rows, 5);
    return 0;
}

/* The next statement gets its own answer, or the connection is gone. */
static void answers_that_were_left_belong_to_nobody(void **state)
{
    (void)state;
    for (leave_after = 0; leave_after < 12; leave_after++) {
        fake_talk talk;
        fake_run run;

        fake_init(&talk);
        fake_login(&talk);
        say_text(&talk, ASKED, "answer 0");
        say_text(&talk, 0, "answer 1");
        say_text(&talk, 0, "answer 2");
        fake_group(&talk, 0, 1);
        FAKE(&talk, "\x00\x03\x00\x02\x00\x00\x00");
        say_text(&talk, 0, "answer 4");
        fake_group(&talk, 1, 1);
        FAKE(&talk, "\x00\x05\x00\x02\x00\x00\x00");
        fake_defaults(&run, &talk);
        run.client = ask_and_leave;
        run.target.host = "127.0.0.1"; /* where KILL goes to: nobody is there */
        run.target.port = 1;
        run.server.piece = 40;
        run.deadline_ms = 1000;
        fake_hold(&run);
        if (run.rc && run.rc != HOOT_ETIMEOUT)
            fail_msg("%u: %s", leave_after, run.err.text);
        expect_own_answers();
        fake_run_fini(&run);
        fake_fini(&talk);
    }
}

/* --- which servers it is for --- */

static int ask_whether_it_suits(hoot_link *link, fake_run *run, hoot_error *err)
{
    (void)run;
    return link->driver->pipe->suits(link, err);
}

static int suits(const char *version, const char *comment)
{
    fake_talk talk;
    fake_run run;
    int rc;

    fake_init(&talk);
    fake_group(&talk, 0, 0);
    fake_greeting_of(&talk, version, FAKE_CAPABILITIES, "mysql_native_password", true);
    fake_group(&talk, 1, 2);
    FAKE(&talk, FAKE_OK);
    fake_setup(&talk, false);
    say_text(&talk, 1, comment);
    fake_defaults(&run, &talk);
    run.client = ask_whether_it_suits;
    fake_hold(&run);
    rc = run.rc;
    fake_run_fini(&run);
    fake_fini(&talk);
    return rc;
}

static void knows_the_servers_that_do_not_take_it(void **state)
{
    (void)state;
    assert_int_equal(suits("8.0.36", "MySQL Community Server - GPL"), 1);
    assert_int_equal(suits("9.7.4", "Debian"), 1);
    assert_int_equal(suits("10.0.1", "MySQL"), 1);
    assert_int_equal(suits("5.5.5-10.11.14-MariaDB-0+deb12u2", "Debian 12"), 1);
    assert_int_equal(suits("11.8.3-MariaDB", "mariadb.org"), 1);
    assert_int_equal(suits("5.7.44", "MySQL Community Server"), 0);
    assert_int_equal(suits("5.7.12", "Aurora"), 0);
    assert_int_equal(suits("8.0.11 (ProxySQL)", "whatever"), 0);
    assert_int_equal(suits("8.0.30", "(ProxySQL)"), 0);
    assert_int_equal(suits("5.5.30", "(ProxySQL)"), 0);
}

/* --- */

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_gets_the_answer_to_his_own_question),
        cmocka_unit_test(a_row_that_is_too_long_fails_who_asked_for_it),
        cmocka_unit_test(a_packet_that_is_too_long_and_no_row_ends_the_connection),
        cmocka_unit_test(a_value_that_is_none_fails_who_asked_for_it),
        cmocka_unit_test(a_connection_that_ends_at_any_byte_fails_who_was_not_answered),
        cmocka_unit_test(a_wrong_number_ends_the_connection),
        cmocka_unit_test(an_error_packet_at_any_point_fails_one_and_no_other),
        cmocka_unit_test(an_answer_too_many_ends_the_connection),
        cmocka_unit_test(a_local_file_is_never_sent),
        cmocka_unit_test(no_single_wrong_byte_does_harm),
        cmocka_unit_test(every_failed_allocation_is_survived),
        cmocka_unit_test(answers_that_were_left_belong_to_nobody),
        cmocka_unit_test(knows_the_servers_that_do_not_take_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

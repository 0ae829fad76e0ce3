/* A server that lies in one answer: a clear error each time, the connection retired, no leak (the sanitizers
 * watch). */
#include "mysql_fake_ask.h"

typedef struct lie {
    const char *what;
    fake_client_fn client;
    void (*say)(fake_talk *talk); /* behind the login */
    int code;
    const char *text; /* in the message */
} lie;

static void say_empty_packet(fake_talk *talk)
{
    FAKE(talk, "");
}

static void say_many_columns(fake_talk *talk)
{
    FAKE(talk, "\xfe\xff\xff\xff\xff\xff\xff\xff\x7f");
}

static void say_no_columns_but_bytes(fake_talk *talk)
{
    FAKE(talk, "\x02\x02");
}

static void say_null_count(fake_talk *talk)
{
    FAKE(talk, "\xfc\x01");
}

static void say_eof_first(fake_talk *talk)
{
    FAKE(talk, FAKE_EOF);
}

static void say_ok_with_lying_info(fake_talk *talk)
{
    FAKE(talk, "\x00\x00\x00\x02\x00\x00\x00\xfd\xff\xff\xff");
}

static void say_ok_with_lying_state(fake_talk *talk)
{
    FAKE(talk, "\x00\x00\x00\x02\x40\x00\x00\x00\x04\x01\x30\x01\x78");
}

static void say_ok_with_huge_rows(fake_talk *talk)
{
    FAKE(talk, "\x00\xff\x00\x02\x00\x00\x00");
}

static void say_short_column(fake_talk *talk)
{
    FAKE(talk, "\x01");
    FAKE(talk, "\x03"
               "def\x00\x00\x00\x01n\x00\x0c\x3f\x00\xff");
}

static void say_column_of_eleven(fake_talk *talk)
{
    FAKE(talk, "\x01");
    FAKE(talk, "\x03"
               "def\x00\x00\x00\x01n\x00\x0b\x3f\x00\xff\x00\x00\x00\x03\x00\x00\x00\x00");
}

static void say_name_beyond_packet(fake_talk *talk)
{
    FAKE(talk, "\x01");
    FAKE(talk, "\x03"
               "def\x00\x00\x00\xfe\xff\xff\xff\xff\xff\xff\xff\xffn");
}

static void say_row_beyond_packet(fake_talk *talk)
{
    say_two_columns(talk, false);
    FAKE(talk, "\x03one\xfd\xff\xff\xff"
               "1");
}

static void say_row_too_short(fake_talk *talk)
{
    say_two_columns(talk, false);
    FAKE(talk, "\x03one");
}

static void say_row_too_long(fake_talk *talk)
{
    say_two_columns(talk, false);
    FAKE(talk, "\x03one\x01"
               "1"
               "\x00");
}

static void say_number_that_is_none(fake_talk *talk)
{
    say_two_columns(talk, false);
    FAKE(talk, "\x03one\x03"
               "0x1");
}

static void say_prepared(fake_talk *talk)
{
    FAKE(talk, "\x00\x07\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00");
    fake_column(talk, "?", HOOT__MY_TYPE_VAR_STRING, 0, 45);
    fake_group(talk, 1, 1);
}

static void say_short_prepared(fake_talk *talk)
{
    FAKE(talk, "\x00\x07\x00\x00\x00\x00\x00");
}

static void say_row_without_bitmap(fake_talk *talk)
{
    say_prepared(talk);
    say_two_columns(talk, false);
    FAKE(talk, "\x00");
}

static void say_binary_row_beyond_packet(fake_talk *talk)
{
    say_prepared(talk);
    say_two_columns(talk, false);
    FAKE(talk, "\x00\x00\xfc\xff\xff"
               "one\x01\x00\x00\x00");
}

static void say_binary_row_cut(fake_talk *talk)
{
    say_prepared(talk);
    say_two_columns(talk, false);
    FAKE(talk, "\x00\x00\x03one\x01\x00\x00");
}

static void say_binary_row_with_more(fake_talk *talk)
{
    say_prepared(talk);
    say_two_columns(talk, false);
    FAKE(talk, "\x00\x00\x03one\x01\x00\x00\x00\x00");
}

static void say_row_with_wrong_head(fake_talk *talk)
{
    say_prepared(talk);
    say_two_columns(talk, false);
    FAKE(talk, "\x01\x00\x03one\x01\x00\x00\x00");
}

static void say_file_request(fake_talk *talk)
{
    FAKE(talk, "\xfb/etc/passwd");
}

static void say_file_request_later(fake_talk *talk)
{
    say_two_columns(talk, false);
    FAKE(talk, "\xfe\x00\x00\x0a\x00\x00\x00"); /* more results */
    FAKE(talk, "\xfb/etc/passwd");
}

static void say_oversized(fake_talk *talk)
{
    (void)hoot_buf_add(&talk->bytes, "\xff\xff\xff\x01", 4); /* the limit is 1 MiB: its header is enough */
    talk->ends[talk->groups - 1] = talk->bytes.len;
}

static const lie lies[] = {
    { "an empty packet", ask_text, say_empty_packet, HOOT_EPROTOCOL, "empty packet" },
    { "2^63 columns", ask_text, say_many_columns, HOOT_EPROTOCOL, "number of columns" },
    { "bytes behind the column count", ask_text, say_no_columns_but_bytes, HOOT_EPROTOCOL,
      "number of columns" },
    { "half a column count", ask_text, say_null_count, HOOT_EPROTOCOL, "number of columns" },
    { "EOF instead of a result", ask_text, say_eof_first, HOOT_EPROTOCOL, "number of columns" },
    { "an OK whose info is longer than it", ask_text, say_ok_with_lying_info, HOOT_EPROTOCOL, "OK packet" },
    { "an OK whose state is longer than it", ask_text, say_ok_with_lying_state, HOOT_EPROTOCOL, "OK packet" },
    { "an OK whose count is no number", ask_text, say_ok_with_huge_rows, HOOT_EPROTOCOL, "OK packet" },
    { "a column cut short", ask_text, say_short_column, HOOT_EPROTOCOL, "column definition" },
    { "a column of 11 bytes", ask_text, say_column_of_eleven, HOOT_EPROTOCOL, "column definition" },
    { "a name of 2^64 - 1 bytes", ask_text, say_name_beyond_packet, HOOT_EPROTOCOL, "column definition" },
    { "a cell longer than its row", ask_text, say_row_beyond_packet, HOOT_EPROTOCOL, "column 2 (\"n\")" },
    { "a row without its last cell", ask_text, say_row_too_short, HOOT_EPROTOCOL, "column 2 (\"n\")" },
    { "a row with bytes left over", ask_text, say_row_too_long, HOOT_EPROTOCOL, "2 columns" },
    { "a number that is none", ask_text, say_number_that_is_none, HOOT_EPROTOCOL, "column 2 (\"n\")" },
    { "an answer to PREPARE of 7 bytes", ask_prepared, say_short_prepared, HOOT_EPROTOCOL, "PREPARE" },
    { "a row shorter than its NULL bitmap", ask_prepared, say_row_without_bitmap, HOOT_EPROTOCOL,
      "2 columns" },
    { "a binary cell longer than its row", ask_prepared, say_binary_row_beyond_packet, HOOT_EPROTOCOL,
      "column 1" },
    { "a binary row cut short", ask_prepared, say_binary_row_cut, HOOT_EPROTOCOL, "column 2" },
    { "a binary row with a byte too many", ask_prepared, say_binary_row_with_more, HOOT_EPROTOCOL,
      "2 columns" },
    { "a binary row that begins wrong", ask_prepared, say_row_with_wrong_head, HOOT_EPROTOCOL, "no row" },
    { "a request for a file", ask_text, say_file_request, HOOT_EPROTOCOL, "local file" },
    { "a request for a file behind a result", ask_text, say_file_request_later, HOOT_EPROTOCOL,
      "local file" },
    { "a packet over the limit", ask_text, say_oversized, HOOT_ELIMIT, "max_answer_bytes" },
};

static void tell_lie(const lie *one, fake_run *run, fake_talk *talk)
{
    fake_behind_login(talk, run, one->client);
    fake_group(talk, 1, 1);
    one->say(talk);
    fake_hold(run);
}

static void every_lie_is_one_clear_error(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        bool is_value = lies[i].say == say_number_that_is_none; /* in a row that has its form */
        fake_talk talk;
        fake_run run;

        tell_lie(&lies[i], &run, &talk);
        if (run.rc != lies[i].code || !strstr(run.err.text, lies[i].text) || !run.opened ||
            run.broken == is_value || run.unfinished != is_value)
            fail_msg("%s: %d, %s", lies[i].what, run.rc, run.err.text);
        assert_non_null(strstr(run.err.text, "mysql db.example:3306"));
        fake_end(&talk, &run);
    }
}

/* The last packet that the server heard: a header of length 0, in turn. */
static void a_file_request_is_answered_by_an_empty_packet(void **state)
{
    const lie request = { "a request for a file", ask_text, say_file_request, HOOT_EPROTOCOL, "local file" };
    fake_talk talk;
    fake_run run;
    const hoot_buf *heard;

    (void)state;
    tell_lie(&request, &run, &talk);
    heard = &run.server.heard;
    assert_true(heard->len > 4);
    assert_memory_equal(heard->data + heard->len - 4, "\0\0\0\2", 4);
    fake_end(&talk, &run);
}

static void say_unknown_type(fake_talk *talk)
{
    FAKE(talk, "\x01");
    fake_column(talk, "strange", 200, 0, 63);
    FAKE(talk, "\x01x");
    FAKE(talk, FAKE_ROWS_OK);
}

static int ask_and_recover(hoot_link *link, fake_run *run, hoot_error *err)
{
    int rc = ask_text(link, run, err);

    assert_true(link->unfinished);
    assert_false(link->broken);
    assert_int_equal(link->driver->recover(link, NULL), 0);
    return rc;
}

/* Not a lie: a newer server. The answer is read to its end, and the connection is good again. */
static void a_type_that_nobody_knows_is_named(void **state)
{
    const lie newer = { "a type from the future", ask_and_recover, say_unknown_type, HOOT_ENOTSUP, "" };
    fake_talk talk;
    fake_run run;

    (void)state;
    tell_lie(&newer, &run, &talk);
    assert_int_equal(run.rc, HOOT_ENOTSUP);
    assert_non_null(strstr(run.err.text, "\"strange\""));
    assert_non_null(strstr(run.err.text, "200"));
    assert_false(run.broken || run.unfinished);
    fake_end(&talk, &run);
}

/* The session's setup is answered by results where none belong, and by none where one belongs. */
static void a_setup_with_strange_answers(void **state)
{
    (void)state;
    for (int which = 0; which < 3; which++) {
        fake_talk talk;
        fake_run run;

        fake_init(&talk);
        fake_group(&talk, 0, 0);
        fake_greeting(&talk, FAKE_CAPABILITIES, "mysql_native_password", true);
        fake_group(&talk, 1, 2);
        FAKE(&talk, FAKE_OK);
        fake_group(&talk, 1, 1);
        if (which == 0) {
            say_two_columns(&talk, false);
            FAKE(&talk, "what is this");
            FAKE(&talk, FAKE_ROWS_OK);
        } else
            FAKE(&talk, FAKE_OK);
        fake_group(&talk, 1, 1);
        if (which == 2)
            FAKE(&talk, FAKE_OK);
        else {
            FAKE(&talk, "\x01");
            fake_column(&talk, "n", HOOT__MY_TYPE_LONGLONG, 0, 63);
            FAKE(&talk, FAKE_ROWS_OK);
        }
        fake_defaults(&run, &talk);
        fake_hold(&run);
        assert_int_equal(run.rc, which == 2 ? HOOT_EPROTOCOL : 0);
        fake_end(&talk, &run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_lie_is_one_clear_error),
        cmocka_unit_test(a_file_request_is_answered_by_an_empty_packet),
        cmocka_unit_test(a_type_that_nobody_knows_is_named),
        cmocka_unit_test(a_setup_with_strange_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A server that lies, breaks off, stalls and refuses at every point: a clear error each time, the connection
 * retired, no leak (the sanitizers watch), bounded memory. */
#include "mysql_fake.h"

#include "base/alloc.h"

/* Run a statement and read all of its rows. */
static int read_all(hoot_link *link, const char *sql, const hoot_value *params, size_t count, hoot_error *err)
{
    hoot_answer answer;
    const hoot_value *cells;
    int rc = link->driver->run(link, hoot_str_from(sql), params, count, &answer, err);

    if (rc < 0 || answer.column_count == 0)
        return rc;
    do
        rc = link->driver->next_row(link, &cells, err);
    while (rc == 1);
    return rc;
}

static int ask_both(hoot_link *link, fake_run *run, hoot_error *err)
{
    const hoot_value param = hoot_value_text("x");
    int rc = read_all(link, "SELECT text", NULL, 0, err);

    (void)run;
    if (rc == 0)
        rc = read_all(link, "SELECT ?", &param, 1, err);
    return rc == 0 ? link->driver->ping(link, err) : rc;
}

static int ask_text(hoot_link *link, fake_run *run, hoot_error *err)
{
    (void)run;
    return read_all(link, "SELECT text", NULL, 0, err);
}

static int ask_prepared(hoot_link *link, fake_run *run, hoot_error *err)
{
    const hoot_value param = hoot_value_text("x");

    (void)run;
    return read_all(link, "SELECT ?", &param, 1, err);
}

static void say_rows_end(fake_talk *talk, bool eof)
{
    if (eof)
        FAKE(talk, FAKE_EOF);
    else
        FAKE(talk, FAKE_ROWS_OK);
}

static void say_two_columns(fake_talk *talk, bool eof)
{
    FAKE(talk, "\x02");
    fake_column(talk, "name", HOOT__MY_TYPE_VAR_STRING, 0, 45);
    fake_column(talk, "n", HOOT__MY_TYPE_LONG, 0, 63);
    if (eof)
        FAKE(talk, FAKE_EOF);
}

/* The whole of a good conversation: login, a text result, a prepared statement with a binary result, a ping.
 */
static void say_everything(fake_talk *talk, bool eof)
{
    fake_init(talk);
    fake_group(talk, 0, 0);
    fake_greeting(talk, eof ? FAKE_CAPABILITIES & ~(uint32_t)HOOT__MY_CAP_DEPRECATE_EOF : FAKE_CAPABILITIES,
                  "mysql_native_password", true);
    fake_group(talk, 1, 2);
    FAKE(talk, FAKE_OK);
    fake_setup(talk, eof);
    fake_group(talk, 1, 1);
    say_two_columns(talk, eof);
    FAKE(talk, "\x03"
               "one"
               "\x01"
               "1");
    FAKE(talk, "\xfb"
               "\x02"
               "-2");
    say_rows_end(talk, eof);
    fake_group(talk, 1, 1);
    FAKE(talk, "\x00\x07\x00\x00\x00\x02\x00\x01\x00\x00\x00\x00");
    fake_column(talk, "?", HOOT__MY_TYPE_VAR_STRING, 0, 45);
    if (eof)
        FAKE(talk, FAKE_EOF);
    fake_column(talk, "name", HOOT__MY_TYPE_VAR_STRING, 0, 45);
    fake_column(talk, "n", HOOT__MY_TYPE_LONG, 0, 63);
    if (eof)
        FAKE(talk, FAKE_EOF);
    fake_group(talk, 1, 1);
    say_two_columns(talk, eof);
    FAKE(talk, "\x00\x00\x03"
               "one"
               "\x01\x00\x00\x00");
    FAKE(talk, "\x00\x04\xfe\xff\xff\xff");
    say_rows_end(talk, eof);
    fake_group(talk, 1, 1);
    FAKE(talk, FAKE_OK);
}

typedef struct packet_at {
    size_t at;  /* of its header, in talk->bytes */
    size_t len; /* with the header */
    size_t group;
} packet_at;

static size_t find_packets(const fake_talk *talk, packet_at *out, size_t max)
{
    size_t count = 0, group = 0;

    for (size_t at = 0; at < talk->bytes.len; count++) {
        const unsigned char *header = (const unsigned char *)talk->bytes.data + at;
        size_t len = 4 + ((size_t)header[0] | (size_t)header[1] << 8);

        while (at >= talk->ends[group])
            group++;
        assert_true(count < max);
        out[count] = (packet_at){ at, len, group };
        at += len;
    }
    return count;
}

static void a_good_conversation_is_understood(void **state)
{
    (void)state;
    for (int eof = 0; eof < 2; eof++) {
        fake_talk talk;
        fake_run run;

        say_everything(&talk, eof);
        fake_defaults(&run, &talk);
        run.client = ask_both;
        fake_hold(&run);
        if (run.rc != 0)
            fail_msg("eof %d: %s", eof, run.err.text);
        assert_false(run.broken || run.unfinished || run.state_changed);
        fake_run_fini(&run);
        fake_fini(&talk);
    }
}

static void one_byte_at_a_time_changes_nothing(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 8; piece++) {
        fake_talk talk;
        fake_run run;

        say_everything(&talk, false);
        fake_defaults(&run, &talk);
        run.client = ask_both;
        run.server.piece = piece;
        fake_hold(&run);
        assert_int_equal(run.rc, 0);
        fake_run_fini(&run);
        fake_fini(&talk);
    }
}

static void a_conversation_that_ends_at_any_byte_is_an_error(void **state)
{
    (void)state;
    for (int eof = 0; eof < 2; eof++) {
        fake_talk talk;
        fake_run run;

        say_everything(&talk, eof);
        fake_defaults(&run, &talk);
        run.client = ask_both;
        for (size_t cut = 0; cut < talk.bytes.len; cut++) {
            run.server.cut = cut;
            fake_hold(&run);
            assert_true(run.rc == (run.opened ? HOOT_ECONNLOST : HOOT_ECONNECT));
            assert_non_null(strstr(run.err.text, "mysql db.example:3306"));
            assert_true(!run.opened || run.broken);
        }
        fake_run_fini(&run);
        fake_fini(&talk);
    }
}

/* The deadline covers greeting, login, setup and statements alike. */
static void a_server_that_falls_silent_meets_the_deadline(void **state)
{
    packet_at packets[64];
    fake_talk talk;
    fake_run run;
    size_t count;

    (void)state;
    say_everything(&talk, false);
    count = find_packets(&talk, packets, 64);
    fake_defaults(&run, &talk);
    run.client = ask_both;
    run.deadline_ms = 5000;
    run.server.stall = true;
    for (size_t i = 0; i < count; i++) {
        run.server.cut = packets[i].at + i % 5; /* now between two packets, now inside one */
        fake_hold(&run);
        assert_int_equal(run.rc, HOOT_ETIMEOUT);
        assert_non_null(strstr(run.err.text, "mysql db.example:3306"));
        assert_true(run.unfinished == run.opened);
        assert_false(run.broken);
    }
    fake_run_fini(&run);
    fake_fini(&talk);
}

static void every_wrong_sequence_number_is_an_error(void **state)
{
    packet_at packets[64];
    fake_talk talk;
    fake_run run;
    size_t count;

    (void)state;
    say_everything(&talk, false);
    fake_defaults(&run, &talk);
    run.client = ask_both;
    count = find_packets(&talk, packets, 64);
    for (size_t i = 0; i < count; i++) {
        char *number = talk.bytes.data + packets[i].at + 3;

        *number = (char)(*number + 1);
        fake_hold(&run);
        *number = (char)(*number - 1);
        assert_int_equal(run.rc, HOOT_EPROTOCOL);
        assert_non_null(strstr(run.err.text, "packet number"));
        assert_true(!run.opened || run.broken);
    }
    fake_run_fini(&run);
    fake_fini(&talk);
}

/* Packet `which`, and what follows it in its group, replaced by an error packet; then silence. */
static void say_error_instead(const fake_talk *from, const packet_at *which, fake_talk *out)
{
    static const char error[] = FAKE_ERROR;

    fake_init(out);
    (void)hoot_buf_add(&out->bytes, from->bytes.data, which->at);
    for (size_t i = 0; i < which->group; i++) {
        out->awaits[i] = from->awaits[i];
        out->ends[i] = from->ends[i];
    }
    out->groups = which->group + 1;
    out->awaits[which->group] = from->awaits[which->group];
    out->sequence = (uint8_t)from->bytes.data[which->at + 3];
    fake_packet(out, error, sizeof(error) - 1);
}

static void an_error_packet_at_any_point_is_that_error(void **state)
{
    (void)state;
    for (int eof = 0; eof < 2; eof++) {
        packet_at packets[64];
        fake_talk talk;
        size_t count;

        say_everything(&talk, eof);
        count = find_packets(&talk, packets, 64);
        for (size_t i = 0; i < count; i++) {
            fake_talk changed;
            fake_run run;

            say_error_instead(&talk, &packets[i], &changed);
            fake_defaults(&run, &changed);
            run.client = ask_both;
            fake_hold(&run);
            assert_true(run.rc < 0);
            assert_int_equal(run.err.server_code, 1105);
            assert_string_equal(run.err.sqlstate, "HY000");
            assert_non_null(strstr(run.err.text, "made up"));
            assert_false(run.broken || run.unfinished);
            fake_run_fini(&run);
            fake_fini(&changed);
        }
        fake_fini(&talk);
    }
}

/* An error without its message, its state, its code; and an empty packet, wherever a packet may stand. */
static void packets_cut_short_anywhere_are_errors(void **state)
{
    packet_at packets[64];
    fake_talk talk;
    size_t count;

    (void)state;
    say_everything(&talk, false);
    count = find_packets(&talk, packets, 64);
    for (size_t i = 0; i < count; i++) {
        for (size_t len = 0; len < packets[i].len - 4; len++) {
            fake_talk changed;
            fake_run run;

            fake_init(&changed);
            for (size_t g = 0; g < talk.groups; g++) {
                changed.awaits[g] = talk.awaits[g];
                changed.ends[g] = talk.ends[g];
            }
            (void)hoot_buf_add(&changed.bytes, talk.bytes.data, packets[i].at + 4 + len);
            changed.bytes.data[packets[i].at] = (char)len;
            changed.bytes.data[packets[i].at + 1] = 0;
            changed.groups = packets[i].group + 1;
            changed.ends[packets[i].group] = changed.bytes.len;
            fake_defaults(&run, &changed);
            run.client = ask_both;
            run.server.hang_up = true; /* a cut text or name may still be a good one: then it ends here */
            fake_hold(&run);
            assert_true(run.rc < 0);
            assert_true(!run.opened || run.broken);
            fake_run_fini(&run);
            fake_fini(&changed);
        }
    }
    fake_fini(&talk);
}

/* Every byte that the server sends, turned over: nothing may crash, leak or hang. */
static void no_single_wrong_byte_does_harm(void **state)
{
    static const unsigned char turns[] = { 0xff, 0x80, 0x01 };
    fake_talk talk;
    fake_run run;

    (void)state;
    say_everything(&talk, false);
    fake_defaults(&run, &talk);
    run.client = ask_both;
    run.server.hang_up = true;
    for (size_t at = 0; at < talk.bytes.len; at++) {
        for (size_t i = 0; i < sizeof(turns); i++) {
            talk.bytes.data[at] = (char)((unsigned char)talk.bytes.data[at] ^ turns[i]);
            fake_hold(&run);
            talk.bytes.data[at] = (char)((unsigned char)talk.bytes.data[at] ^ turns[i]);
            assert_true(run.rc <= 0);
        }
    }
    fake_run_fini(&run);
    fake_fini(&talk);
}

/* --- particular lies --- */

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
    fake_init(talk);
    fake_login(talk);
    fake_group(talk, 1, 1);
    one->say(talk);
    fake_defaults(run, talk);
    run->client = one->client;
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
        fake_run_fini(&run);
        fake_fini(&talk);
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
    fake_run_fini(&run);
    fake_fini(&talk);
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
    fake_run_fini(&run);
    fake_fini(&talk);
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
        fake_run_fini(&run);
        fake_fini(&talk);
    }
}

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

        fake_init(&talk);
        fake_login(&talk);
        talk.sequence = 0;
        FAKE(&talk, "\xff\xbf\x0f#HY000The client was disconnected by the server because of inactivity.");
        fake_defaults(&run, &talk);
        run.client = clients[i];
        fake_hold(&run);
        assert_int_equal(run.rc, i ? HOOT_ECONNLOST : 0);
        if (i) {
            assert_int_equal(run.err.server_code, 4031);
            assert_non_null(strstr(run.err.text, "inactivity"));
            assert_true(run.broken);
        }
        fake_run_fini(&run);
        fake_fini(&talk);
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
    fake_init(&talk);
    fake_login(&talk);
    fake_group(&talk, 1, 1);
    say_two_columns(&talk, false);
    for (int i = 0; i < 100005; i++)
        FAKE(&talk, "\x03one\x01"
                    "1");
    fake_defaults(&run, &talk);
    run.client = read_and_leave;
    fake_hold(&run);
    assert_int_equal(run.rc, 1);
    assert_true(run.unfinished);
    fake_run_fini(&run);
    fake_fini(&talk);
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
    fake_init(&talk);
    fake_login(&talk);
    fake_defaults(&run, &talk);
    run.client = leave_by_deadline;
    fake_hold(&run);
    assert_int_equal(run.rc, HOOT_ETIMEOUT);
    assert_non_null(strstr(run.err.text, "mysql db.example:3306"));
    fake_run_fini(&run);
    fake_fini(&talk);
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
    fake_init(&talk);
    fake_login(&talk);
    fake_defaults(&run, &talk);
    run.target.host = "127.0.0.1";
    run.target.port = 1; /* tcpmux: nobody has it */
    run.client = leave_and_fail_to_recover;
    fake_hold(&run);
    assert_int_equal(run.rc, HOOT_ECONNECT);
    assert_non_null(strstr(run.err.text, "stopping the statement"));
    assert_true(run.broken);
    fake_run_fini(&run);
    fake_fini(&talk);
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
    fake_init(&talk);
    fake_login(&talk);
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
    fake_defaults(&run, &talk);
    run.client = leave_then_recover;
    fake_hold(&run);
    assert_int_equal(run.rc, 0);
    fake_run_fini(&run);
    fake_fini(&talk);
}

/* --- memory --- */

static void every_missing_allocation_is_survived(void **state)
{
    unsigned long n = 1, refused = 0;
    bool more = true;

    (void)state;
    for (; more && n < 1000; n++) {
        fake_talk talk;
        fake_run run;

        say_everything(&talk, false);
        fake_defaults(&run, &talk);
        run.client = ask_both;
        run.deadline_ms = 1000;
        run.fail_at = n;
        fake_hold(&run);
        more = hoot__alloc_count >= n;
        hoot__alloc_fail_next(0);
        refused += run.rc == HOOT_ENOMEM;
        assert_true(more || run.rc == 0);
        fake_run_fini(&run);
        fake_fini(&talk);
    }
    assert_true(n < 1000);
    assert_true(refused > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_conversation_is_understood),
        cmocka_unit_test(one_byte_at_a_time_changes_nothing),
        cmocka_unit_test(a_conversation_that_ends_at_any_byte_is_an_error),
        cmocka_unit_test(a_server_that_falls_silent_meets_the_deadline),
        cmocka_unit_test(every_wrong_sequence_number_is_an_error),
        cmocka_unit_test(an_error_packet_at_any_point_is_that_error),
        cmocka_unit_test(packets_cut_short_anywhere_are_errors),
        cmocka_unit_test(no_single_wrong_byte_does_harm),
        cmocka_unit_test(every_lie_is_one_clear_error),
        cmocka_unit_test(a_file_request_is_answered_by_an_empty_packet),
        cmocka_unit_test(a_type_that_nobody_knows_is_named),
        cmocka_unit_test(a_setup_with_strange_answers),
        cmocka_unit_test(an_unasked_goodbye_is_seen_and_understood),
        cmocka_unit_test(endless_rows_take_no_memory),
        cmocka_unit_test(a_silent_server_is_left_at_the_deadline),
        cmocka_unit_test(a_statement_that_cannot_be_stopped_ends_the_connection),
        cmocka_unit_test(rows_left_behind_are_nobody_elses),
        cmocka_unit_test(every_missing_allocation_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A whole good conversation, damaged at every point: cut, silent, numbered wrongly, refused, cut short, with
 * a wrong byte, without memory. A clear error each time, the connection retired, no leak (the sanitizers
 * watch). */
#include "mysql_fake_ask.h"

#include "base/alloc.h"

static int ask_both(hoot_link *link, fake_run *run, hoot_error *err)
{
    int rc = ask_text(link, run, err);

    if (rc == 0)
        rc = ask_prepared(link, run, err);
    return rc == 0 ? link->driver->ping(link, err) : rc;
}

static void say_rows_end(fake_talk *talk, bool eof)
{
    if (eof)
        FAKE(talk, FAKE_EOF);
    else
        FAKE(talk, FAKE_ROWS_OK);
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

/* Hold it as it is, until it is damaged. */
static void begin(fake_talk *talk, fake_run *run, bool eof)
{
    say_everything(talk, eof);
    fake_defaults(run, talk);
    run->client = ask_both;
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

        begin(&talk, &run, eof);
        fake_hold(&run);
        if (run.rc != 0)
            fail_msg("eof %d: %s", eof, run.err.text);
        assert_false(run.broken || run.unfinished || run.state_changed);
        fake_end(&talk, &run);
    }
}

static void one_byte_at_a_time_changes_nothing(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 8; piece++) {
        fake_talk talk;
        fake_run run;

        begin(&talk, &run, false);
        run.server.piece = piece;
        fake_hold(&run);
        assert_int_equal(run.rc, 0);
        fake_end(&talk, &run);
    }
}

static void a_conversation_that_ends_at_any_byte_is_an_error(void **state)
{
    (void)state;
    for (int eof = 0; eof < 2; eof++) {
        fake_talk talk;
        fake_run run;

        begin(&talk, &run, eof);
        for (size_t cut = 0; cut < talk.bytes.len; cut++) {
            run.server.cut = cut;
            fake_hold(&run);
            assert_true(run.rc == (run.opened ? HOOT_ECONNLOST : HOOT_ECONNECT));
            assert_non_null(strstr(run.err.text, "mysql db.example:3306"));
            assert_true(!run.opened || run.broken);
        }
        fake_end(&talk, &run);
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
    begin(&talk, &run, false);
    count = find_packets(&talk, packets, 64);
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
    fake_end(&talk, &run);
}

static void every_wrong_sequence_number_is_an_error(void **state)
{
    packet_at packets[64];
    fake_talk talk;
    fake_run run;
    size_t count;

    (void)state;
    begin(&talk, &run, false);
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
    fake_end(&talk, &run);
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
            fake_end(&changed, &run);
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
            fake_end(&changed, &run);
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
    begin(&talk, &run, false);
    run.server.hang_up = true;
    for (size_t at = 0; at < talk.bytes.len; at++) {
        for (size_t i = 0; i < sizeof(turns); i++) {
            talk.bytes.data[at] = (char)((unsigned char)talk.bytes.data[at] ^ turns[i]);
            fake_hold(&run);
            talk.bytes.data[at] = (char)((unsigned char)talk.bytes.data[at] ^ turns[i]);
            assert_true(run.rc <= 0);
        }
    }
    fake_end(&talk, &run);
}

static void every_missing_allocation_is_survived(void **state)
{
    unsigned long n = 1, refused = 0;
    bool more = true;

    (void)state;
    for (; more && n < 1000; n++) {
        fake_talk talk;
        fake_run run;

        begin(&talk, &run, false);
        run.deadline_ms = 1000;
        run.fail_at = n;
        fake_hold(&run);
        more = hoot__alloc_count >= n;
        hoot__alloc_fail_next(0);
        refused += run.rc == HOOT_ENOMEM;
        assert_true(more || run.rc == 0);
        fake_end(&talk, &run);
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
        cmocka_unit_test(every_missing_allocation_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

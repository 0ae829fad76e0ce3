/* Pairs of streams in memory, and readers over them. */
#include "unit/net/net_rig.h"

static hoot_stream *a, *b;
static hoot__reader reader;

static void make_pair(size_t max_pending)
{
    assert_int_equal(hoot__stream_pair(max_pending, &a, &b), 0);
    hoot__reader_init(&reader, b, 1024 * 1024);
}

static void end_pair(void)
{
    hoot__reader_fini(&reader);
    hoot_stream_close(a);
    hoot_stream_close(b);
}

static void send_text(const char *text)
{
    assert_int_equal(hoot_buf_add(&a->out, text, strlen(text)), 0);
    assert_true(hoot_stream_flush(a) >= 0);
}

static void assert_there(const char *text)
{
    hoot_str bytes = hoot__reader_bytes(&reader);

    assert_int_equal(bytes.len, strlen(text));
    assert_memory_equal(bytes.ptr, text, bytes.len);
}

static void read_in_order(void)
{
    make_pair(100);
    send_text("hello ");
    send_text("world");
    assert_int_equal(hoot__reader_fill(&reader, 11), 0);
    assert_there("hello world");
    hoot__reader_consume(&reader, 6);
    assert_there("world");
    assert_int_equal(a->bytes_out, 11);
    assert_int_equal(b->bytes_in, 11);
    end_pair();
}

static void bytes_arrive_in_order(void **state)
{
    (void)state;
    run_in_task(read_in_order, true);
}

static void read_after_end(void)
{
    make_pair(100);
    send_text("last");
    assert_int_equal(hoot_stream_shut_down(a), 0);
    assert_int_equal(hoot__reader_fill(&reader, 5), HOOT_EEOF);
    assert_there("last");
    assert_int_equal(hoot_buf_add(&a->out, "x", 1), 0);
    assert_int_equal(hoot_stream_flush(a), -EPIPE);
    end_pair();
}

static void what_was_sent_before_the_end_is_read(void **state)
{
    (void)state;
    run_in_task(read_after_end, true);
}

static void reset_one_end(void)
{
    make_pair(100);
    send_text("lost");
    hoot__stream_reset(a);
    assert_int_equal(hoot__reader_fill(&reader, 1), -ECONNRESET);
    assert_int_equal(hoot_buf_add(&b->out, "x", 1), 0);
    assert_int_equal(hoot__reader_flush(&reader, 0), -EPIPE);
    hoot__reader_fini(&reader);
    hoot_stream_close(b);
}

static void a_reset_is_told_to_the_peer(void **state)
{
    (void)state;
    run_in_task(reset_one_end, true);
}

static void fill_up(void)
{
    char bytes[1000];
    hoot__reader other;

    make_pair(300);
    hoot__reader_init(&other, a, 1024);
    memset(bytes, 'f', sizeof bytes);
    assert_int_equal(hoot_buf_add(&a->out, bytes, sizeof bytes), 0);
    assert_int_equal(hoot_stream_flush(a), 1);
    assert_int_equal(hoot_stream_pending(a), 700);
    hoot_sleep(1000);
    assert_int_equal(hoot_stream_pending(a), 700); /* nobody reads */
    assert_int_equal(hoot__reader_fill(&reader, 1000), 0);
    assert_int_equal(hoot__reader_flush(&other, 0), 0);
    assert_int_equal(hoot_stream_pending(a), 0);
    hoot__reader_fini(&other);
    end_pair();
}

static void a_full_pipe_makes_the_sender_wait(void **state)
{
    (void)state;
    run_in_task(fill_up, true);
}

static void wait_too_long(void)
{
    int rc = 0;

    make_pair(100);
    send_text("ab");
    hoot_timeout (50)
        rc = hoot__reader_fill(&reader, 3);
    assert_int_equal(rc, HOOT_ETIMEOUT);
    assert_there("ab"); /* what has come stays */
    send_text("c");
    assert_int_equal(hoot__reader_fill(&reader, 3), 0);
    assert_there("abc");
    assert_int_equal(hoot__reader_fill(&reader, 1024 * 1024 + 1), HOOT_ELIMIT);
    end_pair();
}

static void reading_obeys_the_deadline(void **state)
{
    (void)state;
    run_in_task(wait_too_long, true);
}

static void hold_a_slice(void)
{
    hoot_str bytes;
    static char many[5000];

    make_pair(100000);
    send_text("slice");
    assert_int_equal(hoot__reader_fill(&reader, 5), 0);
    bytes = hoot__reader_bytes(&reader);
    hoot__reader_consume(&reader, 5);
    memset(many, 'm', sizeof many);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(hoot_buf_add(&a->out, many, sizeof many), 0);
        assert_true(hoot_stream_flush(a) >= 0);
        hoot_sleep(1);
    }
    assert_memory_equal(bytes.ptr, "slice", 5); /* bytes that came meanwhile did not move it */
    assert_int_equal(hoot__reader_fill(&reader, 50000), 0);
    end_pair();
}

static void slices_hold_until_the_next_fill(void **state)
{
    (void)state;
    run_in_task(hold_a_slice, true);
}

static void look_at_it(void)
{
    make_pair(100);
    assert_true(hoot_stream_is_alive(b));
    send_text("unasked");
    assert_false(hoot_stream_is_alive(b));
    assert_int_equal(hoot__reader_fill(&reader, 7), 0);
    assert_true(hoot_stream_is_alive(b));
    hoot_stream_shut_down(a);
    assert_false(hoot_stream_is_alive(b));
    end_pair();
}

static void a_look_tells_silent_peers_from_others(void **state)
{
    (void)state;
    run_in_task(look_at_it, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_arrive_in_order),
        cmocka_unit_test(what_was_sent_before_the_end_is_read),
        cmocka_unit_test(a_reset_is_told_to_the_peer),
        cmocka_unit_test(a_full_pipe_makes_the_sender_wait),
        cmocka_unit_test(reading_obeys_the_deadline),
        cmocka_unit_test(slices_hold_until_the_next_fill),
        cmocka_unit_test(a_look_tells_silent_peers_from_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

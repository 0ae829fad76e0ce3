/* What the load generator counts: percentiles, and where an answer ends. */
#include "load/answer.h"
#include "load/histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void percentiles_of_1_to_100_are_themselves(void **state)
{
    histogram *h = calloc(1, sizeof *h);

    (void)state;
    for (uint64_t i = 100; i > 0; i--)
        histogram_add(h, i);
    assert_int_equal(histogram_at(h, 0.5), 50);
    assert_int_equal(histogram_at(h, 0.99), 99);
    assert_int_equal(histogram_at(h, 0.999), 100);
    assert_int_equal(histogram_at(h, 1), 100);
    assert_int_equal(histogram_at(h, 0), 1);
    free(h);
}

static void a_percentile_is_at_most_one_in_128_too_long_and_never_too_short(void **state)
{
    (void)state;
    for (uint64_t ns = 1; ns < UINT64_MAX / 3; ns = ns * 3 / 2 + 1) {
        histogram *h = calloc(1, sizeof *h);
        uint64_t at;

        histogram_add(h, ns);
        histogram_add(h, UINT64_MAX);
        at = histogram_at(h, 0.5);
        assert_true(at >= ns);
        assert_true(at - ns <= ns / 128);
        assert_true(histogram_at(h, 1) == UINT64_MAX);
        free(h);
    }
}

static void nothing_measured_is_zero(void **state)
{
    histogram *h = calloc(1, sizeof *h);

    (void)state;
    assert_int_equal(histogram_at(h, 0.99), 0);
    free(h);
}

/* Count the answers in `text`, given to the reader `step` bytes at a time as a connection would; -1: refused.
 */
static int count_answers(const char *text, size_t step, answer *out_last)
{
    answer a = { 0 };
    size_t from = 0, have = 0, len = strlen(text);
    int answers = 0;

    while (have < len) {
        ssize_t used = 1;

        have = have + step < len ? have + step : len;
        while (from < have && used > 0) {
            bool done = false;

            used = answer_read(&a, text + from, have - from, &done);
            if (used < 0)
                return -1;
            from += (size_t)used;
            if (done)
                *out_last = a;
            answers += done;
        }
    }
    assert_int_equal(from, len);
    return answers;
}

static void expect(const char *text, int answers, unsigned status, bool closes)
{
    answer last = { 0 };

    for (size_t step = 1; step <= strlen(text); step++) {
        assert_int_equal(count_answers(text, step, &last), answers);
        assert_int_equal(last.status, status);
        assert_int_equal(last.closes, closes);
    }
}

static void finds_the_end_by_the_length(void **state)
{
    (void)state;
    expect("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 1, 200, false);
    expect("HTTP/1.1 200 OK\r\ncontent-length:0\r\nX: y\r\n\r\n", 1, 200, false);
    expect("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", 1, 204, true);
}

static void finds_the_end_of_a_chunked_answer(void **state)
{
    (void)state;
    expect(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\na;x=y\r\n0123456789\r\n0\r\n\r\n",
        1, 200, false);
    expect("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n\n\r\n0\r\nTrailer: x\r\n\r\n"
           "HTTP/1.1 500 No\r\nContent-Length: 1\r\n\r\n!",
           2, 500, false);
}

static void counts_pipelined_answers_that_are_alike_and_that_are_not(void **state)
{
    (void)state;
    expect("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
           "HTTP/1.1 503 No\r\nContent-Length: 3\r\nConnection: Close\r\n\r\nbad",
           3, 503, true);
}

static void refuses_what_has_no_length_or_is_no_http(void **state)
{
    answer last;

    (void)state;
    assert_int_equal(count_answers("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nhello", 100, &last),
                     -1);
    assert_int_equal(count_answers("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nhello", 100, &last), -1);
    assert_int_equal(count_answers("SSH-2.0-OpenSSH_9.2 and more\r\n\r\n", 100, &last), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percentiles_of_1_to_100_are_themselves),
        cmocka_unit_test(a_percentile_is_at_most_one_in_128_too_long_and_never_too_short),
        cmocka_unit_test(nothing_measured_is_zero),
        cmocka_unit_test(finds_the_end_by_the_length),
        cmocka_unit_test(finds_the_end_of_a_chunked_answer),
        cmocka_unit_test(counts_pipelined_answers_that_are_alike_and_that_are_not),
        cmocka_unit_test(refuses_what_has_no_length_or_is_no_http),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* One test for each class of published faults in how HTTP servers read requests: what made two readers of the
 * same bytes disagree, or a length go wrong. The names say the class, the comments which advisories made it
 * known. */
#include "h1_text.h"

#include "http/message.h"

#define POST "POST / HTTP/1.1\r\nHost: a\r\n"
#define GET  "GET / HTTP/1.1\r\nHost: a\r\n"

/* CVE-2022-35256, CVE-2024-1135, CVE-2023-40225: both lengths at once. */
static void refuses_content_length_beside_transfer_encoding(void **state)
{
    (void)state;
    assert_refused(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400);
    assert_refused(POST "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n", 400);
    assert_refused(POST "Content-Length: 5\r\nTransfer-Encoding: gzip\r\n\r\n", 400);
}

/* CVE-2021-40346, CVE-2022-32214: two lengths, even equal ones. */
static void refuses_two_content_lengths(void **state)
{
    (void)state;
    assert_refused(POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", 400);
    assert_refused(POST "Content-Length: 5\r\ncontent-length: 6\r\n\r\n", 400);
    assert_refused(POST "Content-Length: 5, 5\r\n\r\n", 400);
    assert_refused(POST "Content-Length: 5,\r\n\r\n", 400);
}

/* CVE-2018-7159 and its kin: lengths that are no plain number. */
static void refuses_content_lengths_that_are_no_digits(void **state)
{
    static const char *const bad[] = { "",    "+5",  "-5",    "-0", "0x5",      "5 5", "5a",
                                       "5.0", "1e3", "\"5\"", "5;", "\xd9\xa5", "5\v" };
    char text[128];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(text, sizeof(text), POST "Content-Length: %s\r\n\r\n", bad[i]);
        assert_refused(text, 400);
    }
}

/* CVE-2021-40346, CVE-2023-34188, CVE-2017-7529: overflow and negative lengths. */
static void refuses_content_lengths_that_overflow(void **state)
{
    (void)state;
    assert_refused(POST "Content-Length: 9223372036854775808\r\n\r\n", 400);
    assert_refused(POST "Content-Length: 9999999999999999999\r\n\r\n", 400);
    assert_refused(POST "Content-Length: 18446744073709551621\r\n\r\n", 400);
    assert_refused(POST "Content-Length: 00000000000000000005\r\n\r\n", 400);
    assert_accepted(POST "Content-Length: 9223372036854775807\r\n\r\n");
    assert_true(test_exchange.content_length == INT64_MAX);
    assert_int_equal(test_head.framing, HOOT__H1_LENGTH);
}

/* CVE-2022-32213, CVE-2022-32215, CVE-2023-47627: obscured or foreign transfer codings. */
static void refuses_transfer_codings_other_than_chunked(void **state)
{
    static const struct {
        const char *value;
        int status;
    } bad[] = { { "gzip", 501 },
                { "gzip, chunked", 501 },
                { "identity", 501 },
                { "xchunked", 501 },
                { "chunked, gzip", 400 },
                { "chunked, identity", 400 },
                { "chunked, chunked", 400 },
                { "", 400 },
                { "chunked,", 400 },
                { ",chunked", 400 },
                { "chunked;q=1", 400 },
                { "\"chunked\"", 400 },
                { "\vchunked", 400 },
                { "chunked\v", 400 },
                { "chunked x", 400 },
                { "ch\xc3\xbcnked", 400 } };
    char text[128];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(text, sizeof(text), POST "Transfer-Encoding: %s\r\n\r\n", bad[i].value);
        assert_refused(text, bad[i].status);
    }
    assert_refused(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400);
    assert_refused(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n", 400);
    assert_refused(POST "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n", 501);
    assert_accepted(POST "transfer-ENCODING: \tChunKed \r\n\r\n");
    assert_int_equal(test_head.framing, HOOT__H1_CHUNKED);
}

static void refuses_transfer_encoding_in_http_1_0(void **state)
{
    (void)state;
    assert_refused("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400);
}

/* CVE-2023-25725: a header without a name ends the list for one reader. */
static void refuses_empty_header_names(void **state)
{
    (void)state;
    assert_refused(GET ": x\r\n\r\n", 400);
    assert_refused(GET ":\r\n\r\n", 400);
}

/* CVE-2019-16276, CVE-2019-15605: white space where names are read. */
static void refuses_white_space_around_names(void **state)
{
    (void)state;
    assert_refused(POST "Content-Length : 5\r\n\r\n", 400);
    assert_refused(POST "Content-Length\t: 5\r\n\r\n", 400);
    assert_refused(POST "Content Length: 5\r\n\r\n", 400);
    assert_refused("GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400);
    assert_refused(GET "X: a\r\n b\r\n\r\n", 400);
    assert_refused(GET "X: a\r\n\tTransfer-Encoding: chunked\r\n\r\n", 400);
    assert_refused(GET "X: a\r\n \r\n\r\n", 400);
}

/* CVE-2022-32214, CVE-2023-30589, CVE-2024-27982: CR or LF alone. */
static void refuses_bare_cr_and_bare_lf(void **state)
{
    (void)state;
    assert_refused("GET / HTTP/1.1\nHost: a\n\n", 400);
    assert_refused(GET "X: a\n\r\n", 400);
    assert_refused(GET "X: a\rContent-Length: 5\r\n\r\n", 400);
    assert_refused(GET "X: a\r\r\n\r\n", 400);
    assert_refused(GET "X\n: a\r\n\r\n", 400);
    assert_refused(GET "X: a\r\n\n", 400);
    assert_refused(GET "X: a\r\n\rX", 400);
    assert_refused(GET "X: \r\nY\r\n\r\n", 400);
}

/* CVE-2020-27304, CVE-2022-38667: control bytes and NUL in names and values. */
static void refuses_control_bytes_in_fields(void **state)
{
    static const char head[] = GET "X: a?b\r\n\r\n";
    char text[sizeof(head)];

    (void)state;
    for (int c = 0; c < 256; c++) {
        bool allowed = c == '\t' || (c >= ' ' && c != 0x7f);

        memcpy(text, head, sizeof(head));
        *strchr(text, '?') = (char)c;
        assert_int_equal(parse(hoot_str_of(text, sizeof(head) - 1)), allowed ? (int)sizeof(head) - 1 : -400);
    }
}

static void refuses_names_that_are_no_tokens(void **state)
{
    static const char head[] = GET "X?Y: b\r\n\r\n";
    char text[sizeof(head)];

    (void)state;
    for (int c = 0; c < 256; c++) {
        bool letter = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        bool allowed =
            letter || (c && strchr("!#$%&'*+-.^_`|~", c)) || c == ':'; /* "X" with the value "Y: b" */

        memcpy(text, head, sizeof(head));
        *strchr(text, '?') = (char)c;
        assert_int_equal(parse(hoot_str_of(text, sizeof(head) - 1)), allowed ? (int)sizeof(head) - 1 : -400);
    }
}

/* CVE-2026-21428, CVE-2023-26142: what is decoded after it was checked. Heads are not decoded at all; a
 * decoded CR LF shows only to who asks for the decoded text, and a NUL to nobody. */
static void decodes_nothing_while_it_reads(void **state)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    hoot_str out;

    (void)state;
    assert_accepted("GET /%2e%2e%2f%0d%0aX:%20y?%00=%2500 HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_str(test_exchange.path, "/%2e%2e%2f%0d%0aX:%20y");
    assert_str(test_exchange.query, "%00=%2500");
    assert_int_equal(hoot__percent_decode(arena, test_exchange.query, false, false, &out), HOOT_EBADINPUT);
    assert_int_equal(hoot__percent_decode(arena, HOOT_STR("%252e"), false, false, &out), 0);
    assert_str(out, "%2e");
}

/* CVE-2024-22019, slow heads: what one byte a read costs is what all at once costs. The head's length is
 * looked at twice, not squared; `scanned` shows it. */
static void looks_at_each_byte_of_a_slow_head_once(void **state)
{
    size_t len = HEAD_BYTES - 1;
    char *text = malloc(len);
    size_t scanned = 0, before = 0;

    (void)state;
    assert_non_null(text);
    memset(text, 'a', len);
    memcpy(text, GET "X: ", strlen(GET "X: "));
    for (size_t given = 1; given <= len; given++) {
        assert_int_equal(hoot__h1_parse_head(hoot_str_of(text, given), &scanned, HEAD_BYTES, HEAD_FIELDS,
                                             &test_head, &test_why),
                         0);
        assert_true(scanned >= before && scanned + 1 >= given);
        before = scanned;
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_content_length_beside_transfer_encoding),
        cmocka_unit_test(refuses_two_content_lengths),
        cmocka_unit_test(refuses_content_lengths_that_are_no_digits),
        cmocka_unit_test(refuses_content_lengths_that_overflow),
        cmocka_unit_test(refuses_transfer_codings_other_than_chunked),
        cmocka_unit_test(refuses_transfer_encoding_in_http_1_0),
        cmocka_unit_test(refuses_empty_header_names),
        cmocka_unit_test(refuses_white_space_around_names),
        cmocka_unit_test(refuses_bare_cr_and_bare_lf),
        cmocka_unit_test(refuses_control_bytes_in_fields),
        cmocka_unit_test(refuses_names_that_are_no_tokens),
        cmocka_unit_test(decodes_nothing_while_it_reads),
        cmocka_unit_test(looks_at_each_byte_of_a_slow_head_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

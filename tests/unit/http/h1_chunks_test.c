/* Chunked bodies and trailer sections (RFC 9112 section 7.1, RFC 9110 section 6.5). */
#include "h1_text.h"

static char data[65536];
static size_t data_len;
static hoot_str trailers;

/* Read all of `bytes`, `step` more at a time, as a connection would. Gives the last verdict. */
static int read_all(hoot_str bytes, size_t step, size_t *out_used)
{
    hoot__h1_chunks chunks;
    size_t given = 0, used;
    hoot_str piece;
    int rc;

    hoot__h1_chunks_init(&chunks);
    data_len = *out_used = 0;
    test_why = "";
    do {
        given = given + step < bytes.len ? given + step : bytes.len;
        do {
            rc = hoot__h1_chunks_read(&chunks, hoot_str_of(bytes.ptr + *out_used, given - *out_used), &used,
                                      &piece, &trailers, &test_why);
            *out_used += used;
            if (rc == 1) {
                assert_true(piece.len > 0 && data_len + piece.len <= sizeof(data));
                memcpy(data + data_len, piece.ptr, piece.len);
                data_len += piece.len;
            }
        } while (rc == 1);
    } while (rc == 0 && given < bytes.len);
    return rc;
}

static int read_text(const char *text)
{
    size_t used;

    return read_all(hoot_str_from(text), strlen(text), &used);
}

#define assert_bad(text)                                                                                     \
    do {                                                                                                     \
        assert_int_equal(read_text(text), -400);                                                             \
        assert_true(test_why[0] != '\0');                                                                    \
    } while (0)

static void reads_a_body_however_it_is_cut(void **state)
{
    static const char text[] =
        "5\r\nhello\r\n00A;x=\"y;\\\"\"\r\n, chunked \r\n5\r\nworld\r\n0\r\nX-Sum: 1\r\n\r\nGET";
    size_t used;

    (void)state;
    for (size_t step = 1; step < sizeof(text); step++) {
        assert_int_equal(read_all(hoot_str_of(text, sizeof(text) - 1), step, &used), 2);
        assert_int_equal(used, sizeof(text) - 1 - 3);
        assert_true(hoot_str_is(hoot_str_of(data, data_len), "hello, chunked world"));
        assert_str(trailers, "X-Sum: 1\r\n");
    }
}

static void reads_an_empty_body(void **state)
{
    size_t used;

    (void)state;
    for (size_t step = 1; step < 6; step++) {
        assert_int_equal(read_all(HOOT_STR("0\r\n\r\n"), step, &used), 2);
        assert_int_equal(used, 5);
        assert_int_equal(data_len, 0);
        assert_int_equal(trailers.len, 0);
    }
}

static void asks_for_more_until_the_end(void **state)
{
    static const char text[] = "3;a=b\r\nabc\r\n0\r\nX: 1\r\n\r\n";
    size_t used;

    (void)state;
    for (size_t len = 0; len < sizeof(text) - 1; len++)
        assert_int_equal(read_all(hoot_str_of(text, len), 64, &used), 0);
}

static void leaves_trailers_in_the_buffer_until_they_are_whole(void **state)
{
    hoot__h1_chunks chunks;
    hoot_str piece;
    size_t used;

    (void)state;
    hoot__h1_chunks_init(&chunks);
    assert_int_equal(
        hoot__h1_chunks_read(&chunks, HOOT_STR("0\r\nX: 1\r\n\r"), &used, &piece, &trailers, &test_why), 0);
    assert_int_equal(used, 3);
    assert_int_equal(
        hoot__h1_chunks_read(&chunks, HOOT_STR("X: 1\r\n\r\n"), &used, &piece, &trailers, &test_why), 2);
    assert_int_equal(used, 8);
    assert_int_equal(hoot__h1_chunks_read(&chunks, HOOT_STR("0"), &used, &piece, &trailers, &test_why), -400);
}

/* A section that is wrong within its first bytes, in a block of exactly its size: nothing before it is looked
 * at. */
static void looks_only_at_the_trailers_it_was_given(void **state)
{
    hoot__h1_chunks chunks;
    hoot_str piece;
    char *text = malloc(2);
    size_t used;

    (void)state;
    assert_non_null(text);
    memcpy(text, "\rX", 2);
    hoot__h1_chunks_init(&chunks);
    assert_int_equal(hoot__h1_chunks_read(&chunks, HOOT_STR("0\r\n"), &used, &piece, &trailers, &test_why),
                     0);
    assert_int_equal(hoot__h1_chunks_read(&chunks, hoot_str_of(text, 2), &used, &piece, &trailers, &test_why),
                     -400);
    free(text);
}

/* CVE-2022-32213, CVE-2024-53868 and their kin: sizes that are not hexadecimal digits and nothing else. */
static void refuses_sizes_that_are_no_hex_digits(void **state)
{
    static const char *const bad[] = {
        "\r\n",  "0x3\r\n", "+3\r\n",  "-3\r\n", " 3\r\n", "3 \r\n",           "3\t\r\n",
        "g\r\n", "3g\r\n",  "3,3\r\n", "3.\r\n", ";a\r\n", "\xef\xbc\x93\r\n", "3\v;a\r\n"
    };
    char text[64];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(text, sizeof(text), "%sabc\r\n0\r\n\r\n", bad[i]);
        assert_bad(text);
    }
}

/* CVE-2013-2028, CVE-2024-23452, CVE-2025-43859: sizes that overflow or wrap. */
static void refuses_sizes_that_overflow(void **state)
{
    (void)state;
    assert_bad("8000000000000000\r\nabc");
    assert_bad("ffffffffffffffff\r\nabc");
    assert_bad("10000000000000003\r\nabc");
    assert_bad("00000000000000003\r\nabc");
    assert_int_equal(read_text("7fffffffffffffff\r\nabc"), 0);
    assert_int_equal(data_len, 3);
    assert_int_equal(read_text("0000000000000003\r\nabc\r\n0\r\n\r\n"), 2);
}

/* CVE-2025-22871, CVE-2025-55315, CVE-2025-43859: lines that end with LF or CR alone, and chunks that end
 * with something else. */
static void refuses_line_ends_that_are_not_crlf(void **state)
{
    (void)state;
    assert_bad("3\nabc\r\n0\r\n\r\n");
    assert_bad("3\rabc\r\n0\r\n\r\n");
    assert_bad("3\r\rabc\r\n0\r\n\r\n");
    assert_bad("3\r\nabc\n0\r\n\r\n");
    assert_bad("3\r\nabc\r0\r\n\r\n");
    assert_bad("3\r\nabcXX0\r\n\r\n");
    assert_bad("3\r\nabc\n\r0\r\n\r\n");
    assert_bad("3\r\nabcX\n0\r\n\r\n");
    assert_bad("3\r\nabc\n\n0\r\n\r\n");
    assert_bad("3\r\nabc\rX0\r\n\r\n");
    assert_bad("3\r\nabc\r00\r\n\r\n");
    assert_bad("3\r\nabcd\r\n0\r\n\r\n");
    assert_bad("3;a\nbc\r\n0\r\n\r\n");
    assert_bad("3;a=\"\n\"\r\nabc\r\n0\r\n\r\n");
    assert_bad("3;a=\"\r\n\"\r\nabc\r\n0\r\n\r\n");
    assert_bad("0\r\n\n");
    assert_bad("0\r\nX: 1\n\r\n");
    assert_bad("0\r\nX: 1\r2\r\n\r\n");
    assert_bad("0\r\n\rX\r\n\r\n");
}

static void checks_extensions_it_does_not_use(void **state)
{
    static const char *const good[] = { ";a",
                                        ";a=b",
                                        ";a=\"b\"",
                                        ";a=\"\"",
                                        " ;a",
                                        ";\ta",
                                        ";a =b",
                                        ";a= b",
                                        ";a=\"\\\\\\\"\t;\"",
                                        ";a;b=c ; d",
                                        ";a=\"\xc3\xa9\"" };
    static const char *const bad[] = { ";",   " ",      "a b",         ";a=",           ";=b",       ";a b",
                                       ";a ", ";a=b ",  ";a=\"b",      ";a=\"b\"c",     ";a=b\"c\"", ";a==b",
                                       ";;a", ";a=(b)", ";a=\"\x01\"", ";a=\"\\\x01\"", ";\xc3\xa9" };
    char text[64];

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        snprintf(text, sizeof(text), "3%s\r\nabc\r\n0%s\r\n\r\n", good[i], good[i]);
        assert_int_equal(read_text(text), 2);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(text, sizeof(text), "3%s\r\nabc\r\n0\r\n\r\n", bad[i]);
        assert_bad(text);
    }
}

/* CVE-2023-39326: extensions that outweigh the data, in one chunk or in thousands. */
static void bounds_extensions_over_all_chunks(void **state)
{
    hoot__h1_chunks chunks;
    size_t total = 0, used;
    hoot_str piece;
    int rc = 0;

    (void)state;
    hoot__h1_chunks_init(&chunks);
    while (rc >= 0 && total < 10000) {
        rc = hoot__h1_chunks_read(&chunks, HOOT_STR("1;abcdefghijklmno\r\nx"), &used, &piece, &trailers,
                                  &test_why);
        if (rc == 1)
            rc = hoot__h1_chunks_read(&chunks, HOOT_STR("\r\n"), &used, &piece, &trailers, &test_why);
        total++;
    }
    assert_int_equal(rc, -413);
    assert_int_equal(total, 16384 / 16 + 1);
}

static void bounds_trailers(void **state)
{
    char *text = malloc(20000);
    size_t used;

    (void)state;
    assert_non_null(text);
    memset(text, 'a', 20000);
    memcpy(text, "0\r\nX: ", 6);
    assert_int_equal(read_all(hoot_str_of(text, 3 + 16383), 1000, &used), 0);
    assert_int_equal(read_all(hoot_str_of(text, 20000), 1000, &used), -413);
    memcpy(text + 3 + 16384 - 4, "\r\n\r\n", 4);
    assert_int_equal(read_all(hoot_str_of(text, 20000), 1000, &used), 2);
    free(text);
}

static int parse_trailers(const char *section, size_t max)
{
    test_why = "";
    return hoot__h1_parse_trailers(hoot_str_from(section), test_fields, max, &test_why);
}

/* CVE-2025-12642: trailers that become headers. */
static void drops_trailers_that_would_frame_route_or_authenticate(void **state)
{
    int count = parse_trailers("X-Sum: 1\r\nContent-Length: 5\r\nTRANSFER-ENCODING: chunked\r\nHost: "
                               "b\r\nAuthorization: x\r\nCookie: s=1\r\n"
                               "Trailer: y\r\nTE: z\r\nConnection: close\r\nX-Forwarded-For: "
                               "1\r\nContent-Type: a\r\nserver-timing: t\r\n",
                               HEAD_FIELDS);

    (void)state;
    assert_int_equal(count, 2);
    assert_str(test_fields[0].name, "X-Sum");
    assert_str(test_fields[0].value, "1");
    assert_str(test_fields[1].name, "server-timing");
}

static void refuses_bad_trailers(void **state)
{
    (void)state;
    assert_int_equal(parse_trailers("", HEAD_FIELDS), 0);
    assert_int_equal(parse_trailers("X : 1\r\n", HEAD_FIELDS), -400);
    assert_int_equal(parse_trailers(": 1\r\n", HEAD_FIELDS), -400);
    assert_int_equal(parse_trailers("X: 1\r\n y\r\n", HEAD_FIELDS), -400);
    assert_int_equal(parse_trailers("GET / HTTP/1.1\r\n", HEAD_FIELDS), -400);
    assert_int_equal(parse_trailers("X: 1", HEAD_FIELDS), -400);
    assert_int_equal(parse_trailers("X: 1\r\n\r\nY: 2\r\n", HEAD_FIELDS), -400);
    assert_int_equal(parse_trailers("X: 1\r\nY: 2\r\n", 1), -431);
    assert_true(test_why[0] != '\0');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_body_however_it_is_cut),
        cmocka_unit_test(reads_an_empty_body),
        cmocka_unit_test(asks_for_more_until_the_end),
        cmocka_unit_test(leaves_trailers_in_the_buffer_until_they_are_whole),
        cmocka_unit_test(looks_only_at_the_trailers_it_was_given),
        cmocka_unit_test(refuses_sizes_that_are_no_hex_digits),
        cmocka_unit_test(refuses_sizes_that_overflow),
        cmocka_unit_test(refuses_line_ends_that_are_not_crlf),
        cmocka_unit_test(checks_extensions_it_does_not_use),
        cmocka_unit_test(bounds_extensions_over_all_chunks),
        cmocka_unit_test(bounds_trailers),
        cmocka_unit_test(drops_trailers_that_would_frame_route_or_authenticate),
        cmocka_unit_test(refuses_bad_trailers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

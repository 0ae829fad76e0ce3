/* Heads of requests (RFC 9112 sections 2 to 5, 9.3; RFC 9110 sections 7.2, 10.1.1). */
#include "h1_text.h"

#define LINE "GET / HTTP/1.1\r\n"
#define HOST "Host: a\r\n"

static void takes_a_request_apart(void **state)
{
    (void)state;
    assert_accepted(
        "GET /a%20b?x=1&y HTTP/1.1\r\nHost: example.org:8800\r\nX-Two:\t b c \t\r\nX-Empty:\r\n\r\n");
    assert_str(test_exchange.method, "GET");
    assert_str(test_exchange.target, "/a%20b?x=1&y");
    assert_str(test_exchange.path, "/a%20b");
    assert_str(test_exchange.query, "x=1&y");
    assert_str(test_exchange.scheme, "");
    assert_str(test_exchange.authority, "example.org:8800");
    assert_int_equal(test_exchange.version, 11);
    assert_int_equal(test_exchange.headers.count, 3);
    assert_str(test_exchange.headers.at[1].name, "X-Two");
    assert_str(test_exchange.headers.at[1].value, "b c");
    assert_str(test_exchange.headers.at[2].value, "");
    assert_int_equal(test_head.framing, HOOT__H1_NO_BODY);
    assert_true(test_head.keep_alive);
    assert_false(test_head.expects_continue);
    assert_false(test_head.wants_upgrade);
}

static void stops_behind_the_blank_line(void **state)
{
    const char *head = LINE HOST "\r\n";

    (void)state;
    assert_int_equal(parse_text(LINE HOST "\r\nGET /2 HTTP/1.1\r\n"), (int)strlen(head));
}

static void skips_one_leading_blank_line(void **state)
{
    (void)state;
    assert_accepted("\r\n" LINE HOST "\r\n");
    assert_refused("\r\n\r\n" LINE HOST "\r\n", 400);
    assert_refused("\n" LINE HOST "\r\n", 400);
}

static void finds_known_headers(void **state)
{
    (void)state;
    assert_accepted(LINE "hOsT: a\r\nCOOKIE: c=1\r\ncookie: d=2\r\nUser-agent: u\r\nX-Host: b\r\n\r\n");
    assert_int_equal(test_exchange.known[HOOT__HEADER_HOST], 0);
    assert_int_equal(test_exchange.known[HOOT__HEADER_COOKIE], 1);
    assert_int_equal(test_exchange.known[HOOT__HEADER_USER_AGENT], 3);
    assert_int_equal(test_exchange.known[HOOT__HEADER_ACCEPT], -1);
    assert_int_equal(test_exchange.headers.at[2].known, HOOT__HEADER_COOKIE);
    assert_int_equal(test_exchange.headers.at[4].known, HOOT__HEADER_OTHER);
}

#define NAME_BYTES 15
#define LINE_BYTES (NAME_BYTES + 21)

/* What becomes of "NAME:" `gap` "VALUE", one of whose bytes is `c`, in front of `behind`. */
static int read_line(const char *gap, const char *behind, size_t at, int c, char out[128])
{
    static char head[160];
    char line[] = "Accept-Encoding"
                  "what 16 and more take";
    const hoot__header *field = &test_fields[1];
    int len, rc;

    line[at] = (char)c;
    len = snprintf(head, sizeof head, LINE HOST "%.15s:%s%s\r\n%s\r\n", line, gap, line + NAME_BYTES, behind);
    rc = parse(hoot_str_of(head, (size_t)len));
    out[0] = '\0';
    if (rc > 0)
        snprintf(out, 128, "%.*s|%.*s|%d", (int)field->name.len, field->name.ptr, (int)field->value.len,
                 field->value.ptr, (int)field->known);
    return rc > 0 ? len - rc : rc;
}

/* Lines that are read at one go are read as those with more white space, which are not. */
static void reads_a_line_alike_however_it_is_spaced(void **state)
{
    static const char *const behind[] = { "", "TE: x\r\n", "Connection: close\r\nUser-Agent: u\r\n" };

    (void)state;
    for (size_t i = 0; i < 3 * LINE_BYTES * 255; i++) {
        const char *more = behind[i % 3];
        size_t at = i / 3 % LINE_BYTES;
        int c = 1 + (int)(i / 3 / LINE_BYTES);
        char plain[128], spaced[128];

        if (c == ':' && at < NAME_BYTES)
            continue; /* the white space would be inside the value */
        assert_int_equal(read_line(" ", more, at, c, plain), read_line("\t ", more, at, c, spaced));
        assert_string_equal(plain, spaced);
    }
}

/* Cut anywhere, byte by byte: nothing before the last byte, the same with it. */
static void reads_a_head_byte_by_byte(void **state)
{
    const char *text = "\r\nPOST /x?y HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\n";
    size_t scanned = 0;

    (void)state;
    for (size_t len = 0; len <= strlen(text); len++) {
        int rc = hoot__h1_parse_head(hoot_str_of(text, len), &scanned, HEAD_BYTES, HEAD_FIELDS, &test_head,
                                     &test_why);

        assert_int_equal(rc, len < strlen(text) ? 0 : (int)len);
        assert_true(scanned + 1 >= len || rc > 0);
    }
    assert_str(test_exchange.target, "/x?y");
    assert_int_equal(test_exchange.content_length, 5);
}

/* What was searched is not searched again: a head that stays open moves `scanned` to the end of each read. */
static void remembers_how_far_it_looked(void **state)
{
    const char *text = LINE HOST "X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy";
    size_t scanned = 0;

    (void)state;
    assert_int_equal(
        hoot__h1_parse_head(hoot_str_from(text), &scanned, HEAD_BYTES, HEAD_FIELDS, &test_head, &test_why),
        0);
    assert_int_equal(scanned, strlen(text));
}

static void refuses_a_control_byte_as_soon_as_it_comes(void **state)
{
    const char *text = LINE "Host: a\r\nX: y\n";
    size_t scanned = 0;
    int rc = 0;

    (void)state;
    for (size_t len = 1; len <= strlen(text); len++) {
        assert_int_equal(rc, 0);
        rc = hoot__h1_parse_head(hoot_str_of(text, len), &scanned, HEAD_BYTES, HEAD_FIELDS, &test_head,
                                 &test_why);
    }
    assert_int_equal(rc, -400);
}

static void knows_the_versions(void **state)
{
    (void)state;
    assert_accepted("GET / HTTP/1.0\r\n\r\n");
    assert_int_equal(test_exchange.version, 10);
    assert_accepted("GET / HTTP/1.2\r\n" HOST "\r\n");
    assert_int_equal(test_exchange.version, 11);
    assert_refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
    assert_refused("GET / HTTP/3.0\r\n" HOST "\r\n", 505);
    assert_refused("GET / HTTP/0.9\r\n" HOST "\r\n", 505);
    assert_refused("GET / http/1.1\r\n" HOST "\r\n", 400);
    assert_refused("GET / HTTP/1.10\r\n" HOST "\r\n", 400);
    assert_refused("GET / HTTP/11\r\n" HOST "\r\n", 400);
    assert_refused("GET / HTTP/1,1\r\n" HOST "\r\n", 400);
    assert_refused("GET /\r\n\r\n", 400);
}

static void refuses_a_request_line_that_is_not_three_words(void **state)
{
    (void)state;
    assert_refused("GET  / HTTP/1.1\r\n" HOST "\r\n", 400);
    assert_refused("GET /  HTTP/1.1\r\n" HOST "\r\n", 400);
    assert_refused(" GET / HTTP/1.1\r\n" HOST "\r\n", 400);
    assert_refused("GET / HTTP/1.1 \r\n" HOST "\r\n", 400);
    assert_refused("GET\t/ HTTP/1.1\r\n" HOST "\r\n", 400);
    assert_refused("GET /\tHTTP/1.1\r\n" HOST "\r\n", 400);
    assert_refused("GET / x HTTP/1.1\r\n" HOST "\r\n", 400);
    assert_refused("G(T / HTTP/1.1\r\n" HOST "\r\n", 400);
    assert_refused("GET / HTTP/1.1\n" HOST "\r\n", 400);
    assert_refused("GET / HTTP/1.1\r" HOST "\r\n", 400);
    assert_accepted("M-SEARCH / HTTP/1.1\r\n" HOST "\r\n");
}

static void refuses_bytes_that_no_target_may_hold(void **state)
{
    static const char bad[] = "\x01\x1f\x7f\x80\xff\"#<>";
    char text[64];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) - 1; i++) {
        snprintf(text, sizeof(text), "GET /a%cb HTTP/1.1\r\n" HOST "\r\n", bad[i]);
        assert_refused(text, 400);
    }
    assert_int_equal(parse(HOOT_STR("GET /a\0b HTTP/1.1\r\n" HOST "\r\n")), -400);
}

static void takes_what_browsers_send_unencoded(void **state)
{
    (void)state;
    assert_accepted("GET /a|b?q={[^`\\]} HTTP/1.1\r\n" HOST "\r\n");
    assert_str(test_exchange.query, "q={[^`\\]}");
}

static void takes_the_authority_of_an_absolute_target(void **state)
{
    (void)state;
    assert_accepted("GET http://example.org:80/pub?x HTTP/1.1\r\nHost: other\r\n\r\n");
    assert_str(test_exchange.scheme, "http");
    assert_str(test_exchange.authority, "example.org:80");
    assert_str(test_exchange.target, "/pub?x");
    assert_accepted("GET HTTPS://example.org HTTP/1.1\r\n" HOST "\r\n");
    assert_str(test_exchange.scheme, "https");
    assert_str(test_exchange.path, "/");
    assert_str(test_exchange.target, "/");
    assert_accepted("GET http://example.org?x HTTP/1.1\r\n" HOST "\r\n");
    assert_str(test_exchange.path, "/");
    assert_str(test_exchange.query, "x");
    assert_refused("GET http:///x HTTP/1.1\r\n" HOST "\r\n", 400);
    assert_refused("GET http://u:p@example.org/ HTTP/1.1\r\n" HOST "\r\n", 400);
    assert_refused("GET ftp://example.org/ HTTP/1.1\r\n" HOST "\r\n", 400);
    assert_refused("GET example.org/x HTTP/1.1\r\n" HOST "\r\n", 400);
    assert_refused("GET http://example.org/ HTTP/1.1\r\n\r\n", 400);
}

static void keeps_asterisk_for_options_and_connect_for_proxies(void **state)
{
    (void)state;
    assert_accepted("OPTIONS * HTTP/1.1\r\n" HOST "\r\n");
    assert_str(test_exchange.path, "*");
    assert_accepted("OPTIONS http://example.org HTTP/1.1\r\n" HOST "\r\n");
    assert_str(test_exchange.target, "*");
    assert_refused("GET * HTTP/1.1\r\n" HOST "\r\n", 400);
    assert_refused("OPTIONS *x HTTP/1.1\r\n" HOST "\r\n", 400);
    assert_refused("CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n", 400);
    assert_true(strstr(test_why, "CONNECT") != NULL);
}

static void wants_one_good_host(void **state)
{
    static const char *const good[] = { "a",
                                        "example.org",
                                        "example.org:80",
                                        "a:",
                                        "127.0.0.1:65535",
                                        "[::1]",
                                        "[2001:db8::1]:80",
                                        "[::ffff:192.0.2.1]",
                                        "a%2Db",
                                        "xn--bcher-kva.example",
                                        "under_score",
                                        "app-1.lan:8080",
                                        "sixteen-host:443",
                                        "a-host-of-sixteen:8080",
                                        "a:0",
                                        "a.b:1234" };
    static const char *const bad[] = { "",
                                       "a b",
                                       "a,b c",
                                       "a/b",
                                       "a@b",
                                       "a:65536",
                                       "a:-1",
                                       "a:8x",
                                       "a:1:2",
                                       ":80",
                                       "[::1",
                                       "[::g]",
                                       "[]",
                                       "[::1]x",
                                       "[fe80::1%25eth0]",
                                       "[v1.a]",
                                       "::1",
                                       "a%2",
                                       "a%zz",
                                       "caf\xc3\xa9",
                                       "a\"",
                                       "a\\b",
                                       "a?b",
                                       "a#b",
                                       "app-1:80a",
                                       "app-1:80:",
                                       "app-1:123456",
                                       "sixteen-ho/t:443",
                                       ".:8.0",
                                       "-:-80",
                                       "app_1:80x",
                                       ":" };
    char text[96];

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        snprintf(text, sizeof(text), LINE "Host: %s\r\n\r\n", good[i]);
        assert_accepted(text);
        assert_str(test_exchange.authority, good[i]);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(text, sizeof(text), LINE "Host: %s\r\n\r\n", bad[i]);
        assert_refused(text, 400);
    }
    assert_refused(LINE "\r\n", 400);
    assert_refused(LINE HOST HOST "\r\n", 400);
    assert_refused("GET / HTTP/1.0\r\n" HOST HOST "\r\n", 400);
    assert_accepted("GET / HTTP/1.0\r\nHost:\r\n\r\n");
}

static void reads_connection(void **state)
{
    (void)state;
    assert_accepted(LINE HOST "Connection: close\r\n\r\n");
    assert_false(test_head.keep_alive);
    assert_accepted(LINE HOST "Connection: foo ,\tCLOSE\r\n\r\n");
    assert_false(test_head.keep_alive);
    assert_accepted(LINE HOST "Connection: keep-alive\r\nConnection: close\r\n\r\n");
    assert_false(test_head.keep_alive);
    assert_accepted(LINE HOST "Connection: closed\r\n\r\n");
    assert_true(test_head.keep_alive);
    assert_accepted("GET / HTTP/1.0\r\n\r\n");
    assert_false(test_head.keep_alive);
    assert_accepted("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
    assert_true(test_head.keep_alive);
    assert_accepted("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n");
    assert_false(test_head.keep_alive);
}

static void reads_expect_and_upgrade(void **state)
{
    (void)state;
    assert_accepted("POST / HTTP/1.1\r\n" HOST "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\n");
    assert_true(test_head.expects_continue);
    assert_accepted("POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 0\r\n\r\n");
    assert_false(test_head.expects_continue);
    assert_accepted("POST / HTTP/1.0\r\n" HOST "Expect: 100-continue\r\nContent-Length: 1\r\n\r\n");
    assert_false(test_head.expects_continue);
    assert_accepted(LINE HOST "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n");
    assert_true(test_head.wants_upgrade);
    assert_accepted(LINE HOST "Upgrade: websocket\r\n\r\n");
    assert_false(test_head.wants_upgrade);
    assert_accepted(LINE HOST "Connection: upgrade\r\n\r\n");
    assert_false(test_head.wants_upgrade);
}

static void tells_a_long_request_line_from_long_headers(void **state)
{
    char *text = malloc(2 * HEAD_BYTES);

    (void)state;
    assert_non_null(text);
    memset(text, 'a', 2 * HEAD_BYTES);
    memcpy(text, "GET /", 5);
    assert_int_equal(parse(hoot_str_of(text, HEAD_BYTES - 1)), 0);
    assert_int_equal(parse(hoot_str_of(text, HEAD_BYTES)), -414);
    assert_int_equal(parse(hoot_str_of(text, 2 * HEAD_BYTES)), -414);
    memcpy(text, LINE "X: ", strlen(LINE "X: "));
    assert_int_equal(parse(hoot_str_of(text, HEAD_BYTES - 1)), 0);
    assert_int_equal(parse(hoot_str_of(text, HEAD_BYTES)), -431);
    free(text);
}

/* The limit is on the head, not on what was read with it. */
static void takes_a_head_of_exactly_the_limit(void **state)
{
    static const char start[] = LINE HOST "X: ";
    char *text = malloc(HEAD_BYTES + 1);

    (void)state;
    assert_non_null(text);
    memset(text, 'a', HEAD_BYTES + 1);
    memcpy(text, start, sizeof(start) - 1);
    memcpy(text + HEAD_BYTES - 4, "\r\n\r\n", 4);
    assert_int_equal(parse(hoot_str_of(text, HEAD_BYTES + 1)), HEAD_BYTES);
    memcpy(text + HEAD_BYTES - 4, "aa\r\n\r", 5);
    assert_int_equal(parse(hoot_str_of(text, HEAD_BYTES + 1)), -431);
    free(text);
}

static void counts_headers(void **state)
{
    char text[HEAD_FIELDS * 8 + 64] = LINE HOST;
    size_t len = strlen(text);

    (void)state;
    for (int i = 1; i < HEAD_FIELDS; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "X: y\r\n");
    snprintf(text + len, sizeof(text) - len, "\r\n");
    assert_accepted(text);
    assert_int_equal(test_exchange.headers.count, HEAD_FIELDS);
    snprintf(text + len, sizeof(text) - len, "X: y\r\n\r\n");
    assert_refused(text, 431);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_a_request_apart),
        cmocka_unit_test(stops_behind_the_blank_line),
        cmocka_unit_test(skips_one_leading_blank_line),
        cmocka_unit_test(finds_known_headers),
        cmocka_unit_test(reads_a_line_alike_however_it_is_spaced),
        cmocka_unit_test(reads_a_head_byte_by_byte),
        cmocka_unit_test(remembers_how_far_it_looked),
        cmocka_unit_test(refuses_a_control_byte_as_soon_as_it_comes),
        cmocka_unit_test(knows_the_versions),
        cmocka_unit_test(refuses_a_request_line_that_is_not_three_words),
        cmocka_unit_test(refuses_bytes_that_no_target_may_hold),
        cmocka_unit_test(takes_what_browsers_send_unencoded),
        cmocka_unit_test(takes_the_authority_of_an_absolute_target),
        cmocka_unit_test(keeps_asterisk_for_options_and_connect_for_proxies),
        cmocka_unit_test(wants_one_good_host),
        cmocka_unit_test(reads_connection),
        cmocka_unit_test(reads_expect_and_upgrade),
        cmocka_unit_test(tells_a_long_request_line_from_long_headers),
        cmocka_unit_test(takes_a_head_of_exactly_the_limit),
        cmocka_unit_test(counts_headers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

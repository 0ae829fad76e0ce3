/* Writing Set-Cookie. The expected lines were made by the dump_cookie of Werkzeug 3.1, which Flask and
 * Quart write cookies with. */
#include "http/message.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static hoot_buf out;
static hoot_error err;

static int setup(void **state)
{
    (void)state;
    hoot_buf_init(&out, 1024);
    hoot_error_clear(&err);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    hoot_buf_fini(&out);
    return 0;
}

/* `age`: Max-Age, -1 for none. */
#define COOKIE(n, v, age, ...)                                                                               \
    (&(hoot__set_cookie){ .name = hoot_str_of(n, sizeof(n) - 1),                                             \
                          .value = hoot_str_of(v, sizeof(v) - 1),                                            \
                          .max_age = (age),                                                                  \
                          __VA_ARGS__ })

static void assert_line(const hoot__set_cookie *cookie, const char *expected)
{
    hoot_buf_clear(&out);
    assert_int_equal(hoot__set_cookie_format(&out, cookie, &err), 0);
    assert_true(hoot_str_is(hoot_buf_str(&out), expected));
}

static void assert_refused(const hoot__set_cookie *cookie)
{
    hoot_buf_clear(&out);
    hoot_buf_add_str(&out, HOOT_STR("before"));
    hoot_error_clear(&err);
    assert_int_equal(hoot__set_cookie_format(&out, cookie, &err), HOOT_EINVAL);
    assert_int_equal(err.code, HOOT_EINVAL);
    assert_true(err.text[0] != '\0');
    assert_true(hoot_str_is(hoot_buf_str(&out), "before"));
}

static void writes_what_werkzeug_writes(void **state)
{
    (void)state;
    assert_line(COOKIE("session", "abc", -1, .path = HOOT_STR("/")), "session=abc; Path=/");
    assert_line(COOKIE("session", "eyJ.XDuW-g.cPC_k", -1, .http_only = true, .path = HOOT_STR("/")),
                "session=eyJ.XDuW-g.cPC_k; HttpOnly; Path=/");
    assert_line(COOKIE("session", "v", 3600, .domain = HOOT_STR("example.org"), .expires = 4102444800,
                       .secure = true, .http_only = true, .path = HOOT_STR("/app"), .same_site = "Lax"),
                "session=v; Domain=example.org; Expires=Fri, 01 Jan 2100 00:00:00 GMT; Max-Age=3600; Secure; "
                "HttpOnly; Path=/app; SameSite=Lax");
    assert_line(COOKIE("session", "", 0, .expires = -1, .path = HOOT_STR("/"), .http_only = true),
                "session=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Path=/");
    assert_line(COOKIE("a", "b", -1), "a=b");
    assert_line(COOKIE("a", "b", -1, .expires = 253402300799, .same_site = "none", .secure = true,
                       .path = HOOT_STR("/")),
                "a=b; Expires=Fri, 31 Dec 9999 23:59:59 GMT; Secure; Path=/; SameSite=None");
    assert_line(COOKIE("a", "b", -1, .domain = HOOT_STR(".example.org"), .partitioned = true, .secure = true,
                       .path = HOOT_STR("/")),
                "a=b; Domain=example.org; Secure; Path=/; Partitioned");
    assert_line(COOKIE("a", "b", 0, .same_site = "strict", .path = HOOT_STR("/")),
                "a=b; Max-Age=0; Path=/; SameSite=Strict");
}

static void encodes_the_path(void **state)
{
    (void)state;
    assert_line(COOKIE("a", "b", -1, .path = HOOT_STR("/a b;c/\xc3\xa9\"%20")),
                "a=b; Path=/a%20b%3Bc/%C3%A9%22%20");
    assert_line(COOKIE("a", "b", -1, .path = HOOT_STR("!\"#$%&'()*+,-./0:;<=>?@A[\\]^_`a{|}~")),
                "a=b; Path=!%22%23$%&'()*+,-./0:%3B%3C=%3E%3F@A%5B%5C%5D%5E_%60a%7B%7C%7D~");
    assert_line(COOKIE("a", "b", -1, .path = HOOT_STR("/\r\nX: y")), "a=b; Path=/%0D%0AX:%20y");
}

/* RFC 6265 section 4.1.1: cookie-octet. */
static void refuses_values_with_bytes_that_are_no_cookie_octets(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        bool allowed = c == 0x21 || (c >= 0x23 && c <= 0x2b) || (c >= 0x2d && c <= 0x3a) ||
                       (c >= 0x3c && c <= 0x5b) || (c >= 0x5d && c <= 0x7e);
        char byte = (char)c;
        hoot__set_cookie cookie = { .name = HOOT_STR("a"), .value = hoot_str_of(&byte, 1), .max_age = -1 };

        hoot_buf_clear(&out);
        assert_int_equal(hoot__set_cookie_format(&out, &cookie, &err), allowed ? 0 : HOOT_EINVAL);
    }
}

static void refuses_names_and_domains_that_could_end_the_line(void **state)
{
    (void)state;
    assert_refused(COOKIE("", "b", -1));
    assert_refused(COOKIE("a b", "c", -1));
    assert_refused(COOKIE("a=b", "c", -1));
    assert_refused(COOKIE("a\r\nX", "c", -1));
    assert_refused(COOKIE("a;b", "c", -1));
    assert_refused(COOKIE("a\0", "c", -1));
    assert_refused(COOKIE("a", "b", -1, .domain = HOOT_STR("example.org; Path=/x")));
    assert_refused(COOKIE("a", "b", -1, .domain = HOOT_STR("example.org\r\n")));
    assert_refused(COOKIE("a", "b", -1, .domain = HOOT_STR("caf\xc3\xa9.example")));
}

static void refuses_what_browsers_would_drop(void **state)
{
    (void)state;
    assert_refused(COOKIE("a", "b", -1, .same_site = "None"));
    assert_refused(COOKIE("a", "b", -1, .same_site = "Other"));
    assert_refused(COOKIE("a", "b", -1, .same_site = "Lax; Secure"));
    assert_refused(COOKIE("a", "b", -1, .partitioned = true));
    assert_refused(COOKIE("__Secure-a", "b", -1));
    assert_refused(COOKIE("__host-a", "b", -1, .path = HOOT_STR("/")));
    assert_refused(COOKIE("__Host-a", "b", -1, .secure = true, .path = HOOT_STR("/x")));
    assert_refused(
        COOKIE("__Host-a", "b", -1, .secure = true, .path = HOOT_STR("/"), .domain = HOOT_STR("a.org")));
    assert_line(COOKIE("__Host-a", "b", -1, .secure = true, .path = HOOT_STR("/")),
                "__Host-a=b; Secure; Path=/");
}

static void refuses_times_out_of_range(void **state)
{
    (void)state;
    assert_refused(COOKIE("a", "b", -1, .expires = 253402300800));
    assert_refused(COOKIE("a", "b", -1, .expires = -2));
    assert_refused(&(hoot__set_cookie){ .name = HOOT_STR("a"), .max_age = -2 });
}

static void leaves_the_buffer_as_it_was_when_there_is_no_room(void **state)
{
    hoot_buf small;

    (void)state;
    hoot_buf_init(&small, 16);
    hoot_buf_add_str(&small, HOOT_STR("before"));
    assert_int_equal(hoot__set_cookie_format(&small, COOKIE("name", "a-long-value", -1), &err), HOOT_ELIMIT);
    assert_true(hoot_str_is(hoot_buf_str(&small), "before"));
    hoot_buf_fini(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_what_werkzeug_writes),
        cmocka_unit_test(encodes_the_path),
        cmocka_unit_test(refuses_values_with_bytes_that_are_no_cookie_octets),
        cmocka_unit_test(refuses_names_and_domains_that_could_end_the_line),
        cmocka_unit_test(refuses_what_browsers_would_drop),
        cmocka_unit_test(refuses_times_out_of_range),
        cmocka_unit_test(leaves_the_buffer_as_it_was_when_there_is_no_room),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}

/* Addresses to listen on. */
#include "unit/net/net_rig.h"

#include <sys/socket.h>

static void parses_what_the_command_line_takes(void **state)
{
    const struct sockaddr_in *in;
    const struct sockaddr_in6 *in6;
    hoot__bind bind;

    (void)state;
    assert_int_equal(hoot__bind_parse("127.0.0.1:8800", &bind, NULL), 0);
    assert_int_equal(bind.kind, HOOT__BIND_TCP);
    in = (const struct sockaddr_in *)&bind.address;
    assert_int_equal(ntohs(in->sin_port), 8800);
    assert_int_equal(ntohl(in->sin_addr.s_addr), 0x7f000001);
    assert_int_equal(hoot__bind_parse("[::1]:0", &bind, NULL), 0);
    in6 = (const struct sockaddr_in6 *)&bind.address;
    assert_int_equal(in6->sin6_family, AF_INET6);
    assert_int_equal(in6->sin6_port, 0);
    assert_int_equal(hoot__bind_parse("unix:/run/x.sock", &bind, NULL), 0);
    assert_int_equal(bind.kind, HOOT__BIND_UNIX);
    assert_string_equal(bind.path, "/run/x.sock");
    assert_int_equal(hoot__bind_parse("fd://3", &bind, NULL), 0);
    assert_int_equal(bind.kind, HOOT__BIND_FD);
    assert_int_equal(bind.fd, 3);
}

static void says_what_is_wrong_with_an_address(void **state)
{
    static const char *const bad[] = {
        "",           "8800",        ":8800",           "127.0.0.1",
        "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:-1",
        "::1:80",     "[::1]",       "[]:80",           "unix:",
        "fd://",      "fd://x",      "fd://-1",         "no.such.host.invalid:80",
    };
    char long_path[200] = "unix:/";

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        hoot_error err = HOOT_ERROR_INIT;
        hoot__bind bind;

        if (hoot__bind_parse(bad[i], &bind, &err) != HOOT_ECONFIG)
            fail_msg("'%s' was taken", bad[i]);
        assert_true(strlen(err.text) > 10);
    }
    memset(long_path + 6, 'p', sizeof long_path - 7);
    assert_int_equal(hoot__bind_parse(long_path, &(hoot__bind){ 0 }, NULL), HOOT_ECONFIG);
}

static int open_at(const char *where, bool reuse_port, hoot_error *err)
{
    hoot__bind bind;

    assert_int_equal(hoot__bind_parse(where, &bind, err), 0);
    return hoot__bind_open(&bind, reuse_port, 16, err);
}

static void listens_on_a_free_port_and_tells_which(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;
    int fd = open_at("127.0.0.1:0", false, &err);
    char text[64];
    unsigned port = 0;

    (void)state;
    assert_true(fd >= 0);
    hoot__bind_describe(fd, text, sizeof text);
    assert_int_equal(sscanf(text, "http://127.0.0.1:%u", &port), 1);
    assert_true(port > 0);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    close(fd);
}

static void a_port_in_use_is_an_error_that_says_so(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;
    int fd = open_at("127.0.0.1:0", false, &err);
    char text[64];

    (void)state;
    hoot__bind_describe(fd, text, sizeof text);
    assert_int_equal(open_at(text + strlen("http://"), false, &err), -EADDRINUSE);
    assert_non_null(strstr(err.text, text));
    assert_non_null(strstr(err.text, "is there already"));
    close(fd);
}

static void sockets_may_share_a_port_when_told_so(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;
    int first = open_at("127.0.0.1:0", true, &err);
    char text[64];
    int second;

    (void)state;
    hoot__bind_describe(first, text, sizeof text);
    second = open_at(text + strlen("http://"), true, &err);
    assert_true(second >= 0);
    close(first);
    close(second);
}

static void a_stale_unix_socket_is_replaced_and_a_live_one_is_not(void **state)
{
    char where[64] = "unix:/tmp/hoot-bind-XXXXXX";
    hoot_error err = HOOT_ERROR_INIT;
    int fd = mkstemp(where + 5);
    char text[64];
    int second;

    (void)state;
    close(fd);
    assert_int_equal(open_at(where, false, &err), -EADDRINUSE); /* a plain file is left alone */
    assert_int_equal(access(where + 5, F_OK), 0);
    unlink(where + 5);
    fd = open_at(where, false, &err);
    assert_true(fd >= 0);
    hoot__bind_describe(fd, text, sizeof text);
    assert_string_equal(text, where);
    assert_int_equal(open_at(where, false, &err), -EADDRINUSE);
    close(fd);
    second = open_at(where, false, &err);
    assert_true(second >= 0);
    close(second);
    unlink(where + 5);
}

static void takes_a_descriptor_that_listens_and_no_other(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;
    int listening = open_at("127.0.0.1:0", false, &err);
    int other = socket(AF_INET, SOCK_STREAM, 0);
    char where[32];

    (void)state;
    snprintf(where, sizeof where, "fd://%d", listening);
    assert_int_equal(open_at(where, false, &err), listening);
    snprintf(where, sizeof where, "fd://%d", other);
    assert_int_equal(open_at(where, false, &err), HOOT_ECONFIG);
    close(other);
    assert_int_equal(open_at(where, false, &err), -EBADF);
    close(listening);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_what_the_command_line_takes),
        cmocka_unit_test(says_what_is_wrong_with_an_address),
        cmocka_unit_test(listens_on_a_free_port_and_tells_which),
        cmocka_unit_test(a_port_in_use_is_an_error_that_says_so),
        cmocka_unit_test(sockets_may_share_a_port_when_told_so),
        cmocka_unit_test(a_stale_unix_socket_is_replaced_and_a_live_one_is_not),
        cmocka_unit_test(takes_a_descriptor_that_listens_and_no_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

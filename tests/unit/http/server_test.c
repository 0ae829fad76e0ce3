/* The HTTP server over real sockets: what memory cannot show, above all that nothing is lost when a
 * connection ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/server.h"
#include "net/net.h"
#include "runtime/task.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static hoot__http *http;
static uint16_t port;
static bool cancelled;

static void serve(hoot__exchange *ex, void *user)
{
    const hoot__response_head head = { .status = 200, .body_bytes = -1 };
    hoot_str piece;
    size_t total = 0;

    (void)user;
    if (hoot_str_is(ex->path, "/sleep")) {
        cancelled = hoot_sleep(60000) == HOOT_ECANCELED;
        return;
    }
    if (hoot_str_is(ex->path, "/large")) {
        char *body = hoot_arena_alloc(ex->arena, 10 * 1024 * 1024);

        memset(body, 'L', 10 * 1024 * 1024);
        assert_int_equal(ex->ops->respond(ex, &head, hoot_str_of(body, 10 * 1024 * 1024)), 0);
        return;
    }
    if (hoot_str_is(ex->path, "/unread")) {
        assert_int_equal(ex->ops->respond(ex, &head, HOOT_STR("no, thank you")), 0);
        return;
    }
    while (ex->ops->read_body(ex, &piece) == 1)
        total += piece.len;
    piece = hoot_str_from(hoot_arena_printf(ex->arena, "%zu from %s", total, ex->peer));
    assert_int_equal(ex->ops->respond(ex, &head, piece), 0);
}

static void on_accepted(hoot_stream *stream, void *user)
{
    (void)user;
    hoot__http_serve(http, stream);
}

typedef void (*test_fn)(hoot__reader *client);

static void with_client(test_fn test)
{
    hoot_error err = HOOT_ERROR_INIT;
    hoot_stream *stream = hoot__connect_tcp("127.0.0.1", port, &err);
    hoot__reader client;

    assert_non_null(stream);
    hoot__reader_init(&client, stream, 64 * 1024 * 1024);
    test(&client);
    hoot__reader_fini(&client);
    hoot_stream_close(stream);
}

static int main_task(hoot_error *err, void *arg)
{
    hoot__listener *listener;
    hoot__bind bind;
    char text[64];
    int fd;

    assert_int_equal(hoot__bind_parse("127.0.0.1:0", &bind, err), 0);
    fd = hoot__bind_open(&bind, false, 64, err);
    hoot__bind_describe(fd, text, sizeof text);
    port = (uint16_t)atoi(strrchr(text, ':') + 1);
    http = hoot__http_new(NULL, serve, NULL, err);
    listener = hoot__listener_open(fd, on_accepted, NULL, err);
    assert_non_null(listener);
    with_client(*(test_fn *)arg);
    hoot__listener_close(listener);
    assert_int_equal(hoot__http_wait_closed(http), 0);
    hoot__http_free(http);
    close(fd);
    return 0;
}

static void run_server(test_fn test)
{
    const hoot__loop_options options = { .watchdog_ms = 10000 };
    hoot_error err = HOOT_ERROR_INIT;

    if (hoot__loop_run(&options, main_task, &test, &err) < 0)
        fail_msg("%s", err.text);
}

static void say(hoot__reader *client, const char *text)
{
    assert_int_equal(hoot_buf_add_str(&client->stream->out, hoot_str_from(text)), 0);
    assert_int_equal(hoot__reader_flush(client, 0), 0);
}

static bool has(hoot__reader *client, const char *text)
{
    hoot_str bytes = hoot__reader_bytes(client);

    return bytes.len && memmem(bytes.ptr, bytes.len, text, strlen(text));
}

static void hear(hoot__reader *client, const char *text)
{
    while (!has(client, text))
        assert_int_equal(hoot__reader_fill(client, hoot__reader_bytes(client).len + 1), 0);
    hoot__reader_consume(client, hoot__reader_bytes(client).len);
}

static void post_large(hoot__reader *client)
{
    char *body = calloc(1, 5 * 1024 * 1024);

    say(client, "GET /small HTTP/1.1\r\nHost: x\r\n\r\n");
    hear(client, "\r\n\r\n0 from 127.0.0.1");
    say(client, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5242880\r\n\r\n");
    assert_int_equal(hoot_buf_add(&client->stream->out, body, 5 * 1024 * 1024), 0);
    assert_int_equal(hoot__reader_flush(client, 0), 0);
    hear(client, "\r\n\r\n5242880 from 127.0.0.1");
    free(body);
}

static void takes_a_large_body(void **state)
{
    (void)state;
    run_server(post_large);
}

static void get_large(hoot__reader *client)
{
    hoot_str bytes;

    say(client,
        "GET /large HTTP/1.1\r\nHost: x\r\n\r\nGET /small HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_int_equal(hoot__reader_fill(client, 20 * 1024 * 1024), HOOT_EEOF);
    bytes = hoot__reader_bytes(client);
    assert_true(bytes.len > 10 * 1024 * 1024);
    assert_true(has(client, "Content-Length: 10485760\r\n"));
    assert_non_null(
        memmem(bytes.ptr + 10 * 1024 * 1024, bytes.len - 10 * 1024 * 1024, "LHTTP/1.1 200 OK\r\n", 18));
}

static void sends_a_large_answer_and_the_next_one_behind_it(void **state)
{
    (void)state;
    run_server(get_large);
}

/* The answer to a body that nobody wants must reach a client that is still sending it: without lingering it
 * would be lost to a reset. */
static void post_unwanted(hoot__reader *client)
{
    char *body = calloc(1, 1000 * 1000);

    say(client, "POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n");
    assert_int_equal(hoot_buf_add(&client->stream->out, body, 1000 * 1000), 0);
    assert_int_equal(hoot__reader_flush(client, 0), 0);
    assert_int_equal(hoot__reader_fill(client, 1024), HOOT_EEOF);
    assert_true(has(client, "Connection: close\r\n"));
    assert_true(has(client, "\r\n\r\nno, thank you"));
    free(body);
}

static void the_answer_to_an_unwanted_body_is_not_lost(void **state)
{
    (void)state;
    run_server(post_unwanted);
}

static void reset_while_it_sleeps(hoot__reader *client)
{
    say(client, "GET /sleep HTTP/1.1\r\nHost: x\r\n\r\n");
    hoot_sleep(20);
    setsockopt(hoot__stream_fd(client->stream), SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 },
               sizeof(struct linger));
}

static void a_client_that_resets_cancels_its_request(void **state)
{
    (void)state;
    cancelled = false;
    run_server(reset_while_it_sleeps);
    assert_true(cancelled);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_a_large_body),
        cmocka_unit_test(sends_a_large_answer_and_the_next_one_behind_it),
        cmocka_unit_test(the_answer_to_an_unwanted_body_is_not_lost),
        cmocka_unit_test(a_client_that_resets_cancels_its_request),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

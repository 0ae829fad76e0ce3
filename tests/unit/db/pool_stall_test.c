/* A server that falls silent while a pool connects to it, at each of the stages that connect_timeout_ms
 * covers together: its greeting, the TLS handshake, and a handshake of which a byte comes now and then. */
#include "mysql_fake.h"

#include "unit/net/net_rig.h"

#include <hoot/pool.h>

enum { CONNECT_MS = 300, PATIENCE_MS = 20 * 1000, DRIP_MS = 20 };

typedef struct stall {
    size_t greeting; /* bytes of it that are sent */
    bool drip;       /* then a byte of a TLS record now and then */
    const char *text;
} stall;

static const stall stalls[] = {
    { 0, false, "127.0.0.1" },
    { 30, false, "127.0.0.1" },
    { SIZE_MAX, false, "TLS handshake" },
    { SIZE_MAX, true, "TLS handshake" },
};

typedef struct server {
    const stall *how;
    inbox in;
} server;

/* The first that comes is kept waiting for as long as it stays. */
static int serve(hoot_error *err, void *arg)
{
    server *self = arg;
    fake_talk talk;
    hoot_stream *stream;

    (void)err;
    fake_init(&talk);
    fake_group(&talk, 0, 0);
    fake_greeting(&talk, FAKE_CAPABILITIES | HOOT__MY_CAP_SSL, "mysql_native_password", true);
    wait_accepted(&self->in, 1);
    stream = self->in.accepted[0];
    (void)hoot_buf_add_str(&stream->out, hoot_str_head(hoot_buf_str(&talk.bytes), self->how->greeting));
    (void)hoot_stream_flush(stream);
    fake_fini(&talk);
    if (!self->how->drip)
        return 0;
    (void)hoot_sleep(DRIP_MS); /* the greeting has been read, and the handshake begun */
    (void)hoot_buf_add(&stream->out, "\x16\x03\x03\x40\x00", 5);
    do
        (void)hoot_buf_add_byte(&stream->out, '\x02');
    while (hoot_stream_flush(stream) >= 0 && hoot_sleep(DRIP_MS) == 0);
    return 0;
}

static void ask_a_server_that_stalls(const stall *how)
{
    HOOT_AUTO(hoot_group) group = hoot_group_new(NULL);
    server self = { .how = how };
    hoot_error err = HOOT_ERROR_INIT;
    hoot_pool_options options = { .host = "127.0.0.1",
                                  .user = "ada",
                                  .password = "secret",
                                  .sslmode = "required",
                                  .connect_timeout_ms = CONNECT_MS,
                                  .lazy = true };
    uint64_t start = hoot_now_ms();
    hoot_pool *pool = NULL;

    listen_at(&self.in, "127.0.0.1:0");
    options.port = self.in.port;
    if (hoot_pool_open(NULL, &pool, &options, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(hoot_group_start(group, serve, &self, NULL), 0);
    hoot_timeout (PATIENCE_MS) {
        hoot_conn *conn = hoot_pool_acquire(pool, &err);

        assert_null(conn);
    }
    if (err.code != HOOT_ECONNECT || !strstr(err.text, how->text))
        fail_msg("%d: %s", err.code, err.text);
    assert_in_range(hoot_now_ms() - start, CONNECT_MS - 1, PATIENCE_MS / 2);
    hoot_pool_close(pool);
    hoot_group_cancel(group);
    (void)hoot_group_join(group, NULL);
    listen_end(&self.in);
}

static void ask_them_all(void)
{
    for (size_t i = 0; i < sizeof(stalls) / sizeof(stalls[0]); i++)
        ask_a_server_that_stalls(&stalls[i]);
}

static void connecting_ends_in_time_wherever_the_server_stalls(void **state)
{
    (void)state;
    run_in_task(ask_them_all, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connecting_ends_in_time_wherever_the_server_stalls),
    };

    return cmocka_run_group_tests_name("db/pool_stall", tests, NULL, NULL);
}

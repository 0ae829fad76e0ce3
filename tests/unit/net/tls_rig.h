/* Both sides of a TLS connection in one task, over memory or loopback sockets. */
#ifndef HOOT_TESTS_NET_TLS_RIG_H
#define HOOT_TESTS_NET_TLS_RIG_H

#include "unit/net/tls_certificates.h"

#include "net/tls_stream.h"

#define BOTH_VERSIONS(version)                                                                               \
    for (hoot__tls_version version = HOOT__TLS_1_2; version <= HOOT__TLS_1_3; version++)

/* What a test wants other than the usual: good.pem, trusted through ca.pem, for localhost. */
typedef struct wish {
    hoot__tls_options server, client;
    const char *host;
    size_t pipe;  /* bytes under way between the two; 0: many */
    bool sockets; /* loopback TCP instead */
} wish;

typedef struct both {
    hoot__tls_context *client_context, *server_context;
    hoot_stream *client, *server; /* NULL: failed, and see the error */
    hoot_error client_err, server_err;
    bool server_done;
    hoot_waiter *waiter;
} both;

static inline void on_server_done(hoot_stream *stream, int code, const hoot_error *err, void *user)
{
    both *b = user;

    assert_ptr_equal(stream, b->server);
    assert_false(b->server_done);
    b->server_done = true;
    if (code < 0) {
        assert_int_equal(err->code, code);
        b->server_err = *err;
        hoot_stream_close(stream);
        b->server = NULL;
    }
    if (b->waiter)
        hoot_wake(b->waiter, 0);
}

static inline const char *path_of(const char *name)
{
    return name && name[0] != '/' ? file_at(name) : name;
}

static inline hoot__tls_options with_paths(hoot__tls_options options)
{
    options.ca_file = path_of(options.ca_file);
    options.cert_file = path_of(options.cert_file);
    options.key_file = path_of(options.key_file);
    options.crl_file = path_of(options.crl_file);
    return options;
}

/* Gives whether both contexts could be made. */
static inline bool make_contexts(both *b, const wish *w)
{
    hoot__tls_options server = w->server, client = w->client;

    if (!server.cert_file)
        server.cert_file = "good.pem";
    if (server.verify && !server.ca_file)
        server.ca_file = "ca.pem";
    if (!client.ca_file)
        client.ca_file = "ca.pem";
    server = with_paths(server);
    b->server_context = hoot__tls_server_context(&server, &b->server_err);
    client = with_paths(client);
    b->client_context = hoot__tls_client_context(&client, &b->client_err);
    return b->server_context && b->client_context;
}

static inline void connect_sockets(hoot_stream **client, hoot_stream **server)
{
    hoot_error err = HOOT_ERROR_INIT;
    inbox in;

    listen_at(&in, "127.0.0.1:0");
    *client = hoot__connect_tcp("127.0.0.1", in.port, &err);
    assert_non_null(*client);
    wait_accepted(&in, 1);
    *server = in.accepted[0];
    in.count = 0;
    listen_end(&in);
}

static inline int connect_lower(const wish *w, hoot_stream **client, hoot_stream **server)
{
    if (!w->sockets)
        return hoot__stream_pair(w->pipe ? w->pipe : 1 << 20, client, server);
    connect_sockets(client, server);
    return 0;
}

static inline void wait_server_done(both *b)
{
    while (b->server && !b->server_done) {
        hoot_waiter waiter = HOOT_WAITER_INIT;
        int rc;

        b->waiter = &waiter;
        rc = hoot_wait(&waiter);
        b->waiter = NULL;
        if (rc < 0)
            break;
    }
}

static inline char *no_room(hoot_stream *stream, size_t *out_room, void *user)
{
    (void)stream;
    (void)out_room;
    (void)user;
    return NULL;
}

static inline void no_drained(hoot_stream *stream, int code, void *user)
{
    (void)stream;
    (void)code;
    (void)user;
}

/* For a side that only writes. */
static const hoot_stream_events deaf = { no_room, NULL, NULL, no_drained };

/* Both sides of the handshake, with contexts that are there. Gives whether both succeeded. */
static inline bool shake_again(both *b, const wish *w)
{
    hoot_stream *client, *server;

    b->server_done = false;
    b->client = b->server = NULL;
    if (connect_lower(w, &client, &server) < 0)
        return false;
    b->server = hoot__tls_accept(server, b->server_context, 0, on_server_done, b, &b->server_err);
    b->client = hoot__tls_connect(client, b->client_context, w->host ? w->host : "localhost",
                                  hoot_str_of(NULL, 0), &b->client_err);
    wait_server_done(b);
    if (b->client)
        hoot_stream_set_events(b->client, &deaf, NULL);
    if (b->server)
        hoot_stream_set_events(b->server, &deaf, NULL);
    return b->client && b->server && b->server_done;
}

static inline bool shake(both *b, const wish *w)
{
    memset(b, 0, sizeof *b);
    return make_contexts(b, w) && shake_again(b, w);
}

static inline void must_shake(both *b, const wish *w)
{
    if (!shake(b, w))
        fail_msg("client: %s, server: %s", b->client_err.text, b->server_err.text);
}

static inline void hang_up(both *b)
{
    hoot_stream_close(b->client);
    hoot_stream_close(b->server);
    b->client = b->server = NULL;
}

static inline void end_both(both *b)
{
    hang_up(b);
    hoot__tls_context_unref(b->client_context);
    hoot__tls_context_unref(b->server_context);
}

/* `text` from one side must arrive at the other. Gives 0 or what reading or writing gave. */
static inline int pass_text(hoot_stream *from, hoot_stream *to, const char *text)
{
    size_t len = strlen(text);
    hoot__reader reader;
    int rc;

    hoot__reader_init(&reader, to, 4096);
    rc = hoot_buf_add(&from->out, text, len);
    if (rc == 0)
        rc = hoot_stream_flush(from);
    if (rc >= 0)
        rc = hoot__reader_fill(&reader, len);
    if (rc == 0) {
        assert_int_equal(hoot__reader_bytes(&reader).len, len);
        assert_memory_equal(hoot__reader_bytes(&reader).ptr, text, len);
    }
    hoot_stream_read_stop(to);
    hoot_stream_set_events(to, &deaf, NULL);
    hoot__reader_fini(&reader);
    return rc;
}

static inline void talk(both *b)
{
    assert_int_equal(pass_text(b->client, b->server, "hello"), 0);
    assert_int_equal(pass_text(b->server, b->client, "good day"), 0);
}

/* Until all that is under way in memory has come. */
static inline void settle(void)
{
    for (int i = 0; i < 50; i++)
        assert_int_equal(hoot_sleep(1), 0);
}

#endif

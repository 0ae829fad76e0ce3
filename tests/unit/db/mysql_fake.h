/* A server that says what it is told to, right or wrong: a conversation of packets, each group of them sent
 * when the client has sent so many packets. It runs as a task on the other end of a stream in memory. */
#ifndef HOOT_TEST_MYSQL_FAKE_H
#define HOOT_TEST_MYSQL_FAKE_H

#include "mysql_link.h"

#include "base/alloc.h"
#include "db/mysql/packet.h"
#include "db/mysql/protocol.h"
#include "net/net.h"

#include <hoot/group.h>

#include <assert.h>

enum { FAKE_GROUPS_MAX = 16, FAKE_SEED = 20 };

/* Everything the server says. */
typedef struct fake_talk {
    hoot_buf bytes;
    size_t ends[FAKE_GROUPS_MAX];     /* of each group in `bytes` */
    unsigned awaits[FAKE_GROUPS_MAX]; /* packets of the client in front of each group */
    size_t groups;
    uint8_t sequence; /* of the next packet */
} fake_talk;

static inline void fake_init(fake_talk *talk)
{
    memset(talk, 0, sizeof(*talk));
    hoot_buf_init(&talk->bytes, (size_t)64 << 20);
}

static inline void fake_fini(fake_talk *talk)
{
    hoot_buf_fini(&talk->bytes);
}

/* What follows is sent when `packets` more have come; its packets are numbered from `sequence` on. */
static inline void fake_group(fake_talk *talk, unsigned packets, uint8_t sequence)
{
    assert(talk->groups < FAKE_GROUPS_MAX);
    talk->awaits[talk->groups] = packets;
    talk->ends[talk->groups++] = talk->bytes.len;
    talk->sequence = sequence;
}

static inline void fake_packet(fake_talk *talk, const void *payload, size_t len)
{
    hoot__my_put_u24(&talk->bytes, (uint32_t)len);
    hoot__my_put_u8(&talk->bytes, talk->sequence++);
    (void)hoot_buf_add(&talk->bytes, payload, len);
    talk->ends[talk->groups - 1] = talk->bytes.len;
}

#define FAKE(talk, literal) fake_packet(talk, "" literal "", sizeof(literal) - 1)

/* What a server of our days can. */
#define FAKE_CAPABILITIES                                                                                    \
    (HOOT__MY_CAP_LONG_PASSWORD | HOOT__MY_CAP_LONG_FLAG | HOOT__MY_CAP_CONNECT_WITH_DB |                    \
     HOOT__MY_CAP_PROTOCOL_41 | HOOT__MY_CAP_TRANSACTIONS | HOOT__MY_CAP_SECURE_CONNECTION |                 \
     HOOT__MY_CAP_MULTI_RESULTS | HOOT__MY_CAP_PS_MULTI_RESULTS | HOOT__MY_CAP_PLUGIN_AUTH |                 \
     HOOT__MY_CAP_CONNECT_ATTRS | HOOT__MY_CAP_PLUGIN_AUTH_LENENC | HOOT__MY_CAP_SESSION_TRACK |             \
     HOOT__MY_CAP_DEPRECATE_EOF)

/* Protocol::HandshakeV10 with the seed 01 02 ... 14. `terminated`: with the NUL behind the plugin that old
 * servers forget. */
static inline void fake_greeting_of(fake_talk *talk, const char *version, uint32_t capabilities,
                                    const char *plugin, bool terminated)
{
    hoot_buf payload;

    hoot_buf_init(&payload, 1024);
    hoot__my_put_u8(&payload, 10);
    hoot__my_put_nul_str(&payload, version);
    hoot__my_put_u32(&payload, 4711);
    (void)hoot_buf_add(&payload, "\1\2\3\4\5\6\7\10\0", 9);
    hoot__my_put_u16(&payload, (uint16_t)capabilities);
    hoot__my_put_u8(&payload, 255);
    hoot__my_put_u16(&payload, HOOT__MY_STATUS_AUTOCOMMIT);
    hoot__my_put_u16(&payload, (uint16_t)(capabilities >> 16));
    hoot__my_put_u8(&payload, FAKE_SEED + 1);
    hoot__my_put_zeros(&payload, 10);
    (void)hoot_buf_add(&payload, "\11\12\13\14\15\16\17\20\21\22\23\24\0", 13);
    (void)hoot_buf_add(&payload, plugin, strlen(plugin) + (terminated ? 1 : 0));
    fake_packet(talk, payload.data, payload.len);
    hoot_buf_fini(&payload);
}

static inline void fake_greeting(fake_talk *talk, uint32_t capabilities, const char *plugin, bool terminated)
{
    fake_greeting_of(talk, "8.4.0-fake", capabilities, plugin, terminated);
}

#define FAKE_OK      "\x00\x00\x00\x02\x00\x00\x00"
#define FAKE_ROWS_OK "\xfe\x00\x00\x02\x00\x00\x00"
#define FAKE_EOF     "\xfe\x00\x00\x02\x00"
#define FAKE_ERROR   "\xff\x51\x04#HY000made up" /* 1105 */

static inline void fake_column(fake_talk *talk, const char *name, uint8_t type, uint16_t flags,
                               uint16_t charset)
{
    hoot_buf payload;

    hoot_buf_init(&payload, 1024);
    (void)hoot_buf_add(&payload, "\3def\0\0\0", 7);
    hoot__my_put_lenenc_str(&payload, hoot_str_from(name));
    hoot__my_put_lenenc_str(&payload, hoot_str_from(""));
    hoot__my_put_lenenc(&payload, 12);
    hoot__my_put_u16(&payload, charset);
    hoot__my_put_u32(&payload, 255);
    hoot__my_put_u8(&payload, type);
    hoot__my_put_u16(&payload, flags);
    hoot__my_put_zeros(&payload, 3);
    fake_packet(talk, payload.data, payload.len);
    hoot_buf_fini(&payload);
}

/* The two answers to the session's setup; `eof`: as a server without CLIENT_DEPRECATE_EOF. */
static inline void fake_setup(fake_talk *talk, bool eof)
{
    fake_group(talk, 1, 1);
    FAKE(talk, FAKE_OK);
    fake_group(talk, 1, 1);
    FAKE(talk, "\x01");
    fake_column(talk, "@@max_allowed_packet", HOOT__MY_TYPE_LONGLONG, HOOT__MY_FLAG_UNSIGNED, 63);
    if (eof)
        FAKE(talk, FAKE_EOF);
    FAKE(talk, "\x08"
               "16777216");
    if (eof)
        FAKE(talk, FAKE_EOF);
    else
        FAKE(talk, FAKE_ROWS_OK);
}

/* Greeting, login by native password, setup. */
static inline void fake_login(fake_talk *talk)
{
    fake_group(talk, 0, 0);
    fake_greeting(talk, FAKE_CAPABILITIES, "mysql_native_password", true);
    fake_group(talk, 1, 2);
    FAKE(talk, FAKE_OK);
    fake_setup(talk, false);
}

/* --- the server's side --- */

typedef struct fake_server {
    const fake_talk *talk;
    hoot_stream *stream;
    size_t piece;   /* bytes sent at a time; 0: as they come */
    size_t cut;     /* hang up after so many bytes; SIZE_MAX: never */
    bool stall;     /* at the cut, fall silent instead of hanging up */
    bool hang_up;   /* when all has been said, instead of waiting for the client's end */
    hoot_buf heard; /* what the client has sent, headers included */
} fake_server;

/* Suspends: until `count` more packets have come. Gives: false: the client has gone. */
static inline bool fake_await(fake_server *server, hoot__reader *reader, unsigned count)
{
    for (; count > 0; count--) {
        const unsigned char *header;
        size_t len;

        if (hoot__reader_fill(reader, 4) < 0)
            return false;
        header = (const unsigned char *)hoot__reader_bytes(reader).ptr;
        len = 4 + ((size_t)header[0] | (size_t)header[1] << 8 | (size_t)header[2] << 16);
        if (hoot__reader_fill(reader, len) < 0)
            return false;
        (void)hoot_buf_add(&server->heard, hoot__reader_bytes(reader).ptr, len);
        hoot__reader_consume(reader, len);
    }
    return true;
}

static inline void fake_say(fake_server *server, hoot__reader *reader, hoot_str bytes)
{
    size_t piece = server->piece ? server->piece : SIZE_MAX;

    while (bytes.len > 0) {
        hoot_str part = hoot_str_head(bytes, piece);

        bytes = hoot_str_from_index(bytes, part.len);
        (void)hoot_buf_add_str(&server->stream->out, part);
        if (hoot__reader_flush(reader, 1024) < 0 || (server->piece && hoot_yield() < 0))
            return;
    }
}

static inline int fake_serve(hoot_error *err, void *arg)
{
    fake_server *server = arg;
    const fake_talk *talk = server->talk;
    hoot__reader reader;
    size_t start = 0;
    bool on = true;

    (void)err;
    hoot__reader_init(&reader, server->stream, (size_t)64 << 20);
    for (size_t i = 0; on && i < talk->groups; i++) {
        size_t end = talk->ends[i] < server->cut ? talk->ends[i] : server->cut;

        on = fake_await(server, &reader, talk->awaits[i]);
        if (on && end > start)
            fake_say(server, &reader, hoot_str_of(talk->bytes.data + start, end - start));
        start = end;
        on = on && end == talk->ends[i];
    }
    if ((on && !server->hang_up) || server->stall)
        (void)fake_await(server, &reader, UINT32_MAX);
    hoot_stream_close(server->stream);
    hoot__reader_fini(&reader);
    return 0;
}

/* --- the client's side --- */

typedef struct fake_run fake_run;
typedef int (*fake_client_fn)(hoot_link *link, fake_run *run, hoot_error *err);

struct fake_run {
    hoot_target target;
    fake_server server;
    uint64_t deadline_ms;  /* of all of it; 0: none */
    unsigned long fail_at; /* this allocation finds no memory */
    bool remote;           /* the client takes the stream for one over a network */
    bool secure;           /* ... for one with TLS */
    fake_client_fn client; /* what to do with the connection; NULL: nothing */
    int rc;                /* of opening, or of `client` */
    hoot_error err;
    bool opened;
    bool broken; /* the link's, in the end */
    bool unfinished;
    bool state_changed;
};

static inline void fake_converse(fake_run *run, hoot_stream *stream)
{
    hoot__my_link *link = NULL;

    run->rc = hoot__my_link_open(&run->target, stream, &link, &run->err);
    run->opened = run->rc == 0;
    if (!run->opened)
        return;
    if (run->client)
        run->rc = run->client(&link->base, run, &run->err);
    run->broken = link->base.broken;
    run->unfinished = link->base.unfinished;
    run->state_changed = link->base.state_changed;
    hoot__mysql_driver.close(&link->base);
}

static inline int fake_body(hoot_error *unused, void *arg)
{
    HOOT_AUTO(hoot_group) group = hoot_group_new(NULL);
    fake_run *run = arg;
    hoot_stream *stream;

    (void)unused;
    assert_int_equal(hoot__stream_pair(64 * 1024, &stream, &run->server.stream), 0);
    stream->local = !run->remote;
    stream->secure = run->secure;
    assert_int_equal(hoot_group_start(group, fake_serve, &run->server, NULL), 0);
    hoot_error_clear(&run->err);
    if (run->fail_at)
        hoot__alloc_fail_next(run->fail_at);
    hoot_timeout (run->deadline_ms ? run->deadline_ms : 1000000)
        fake_converse(run, stream);
    return hoot_group_join(group, NULL);
}

static inline void fake_defaults(fake_run *run, const fake_talk *talk)
{
    memset(run, 0, sizeof(*run));
    run->target = (hoot_target){
        .driver = &hoot__mysql_driver,
        .host = "db.example",
        .socket = "",
        .user = "ada",
        .password = "secret \xC3\xA9",
        .database = "hoot",
        .port = 3306,
        .connect_timeout_ms = 1000,
        .statement_cache = 10,
        .max_answer_bytes = 1 << 20,
    };
    run->server.talk = talk;
    run->server.cut = SIZE_MAX;
    hoot_buf_init(&run->server.heard, (size_t)64 << 20);
}

/* Hold the conversation. The clock is virtual: a deadline passes when nobody has anything left to do. */
static inline void fake_hold(fake_run *run)
{
    const hoot__loop_options options = { .virtual_clock = true };
    hoot_error err = HOOT_ERROR_INIT;

    hoot_buf_clear(&run->server.heard);
    assert_int_equal(hoot__loop_run(&options, fake_body, run, &err), 0);
    if (run->rc < 0) {
        assert_int_equal(run->err.code, run->rc);
        assert_string_not_equal(run->err.text, "");
    }
}

static inline void fake_run_fini(fake_run *run)
{
    hoot_buf_fini(&run->server.heard);
}

#endif

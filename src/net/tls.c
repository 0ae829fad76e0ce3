/* TLS streams: OpenSSL between the owner's bytes and the stream below.
 *
 *     lower's room(), arrived() --> in --SSL_read--> owner's room(), arrived()
 *     out --SSL_write--> lower's out --end of the turn, or flush--> lower
 *
 * Nothing is copied that OpenSSL does not copy itself: it decrypts into the owner's memory and encrypts into
 * the lower stream's. `in` and the lower `out` exist only while bytes are under way, and OpenSSL lets its own
 * buffers go too, so an idle stream is this struct and OpenSSL's state.
 *
 * The owner is asked for room only when there is something for it: a look at one byte makes OpenSSL work off
 * what is not data (session tickets, key updates) first. While the owner does not read, nothing is read
 * below.
 *
 * How it ends: close_notify is 0, the lower stream's end without it HOOT_EEOF: somebody may have cut what was
 * sent. Closing sends close_notify as far as the socket takes it, unless something that was flushed is
 * dropped: then the peer shall see the cut.
 *
 * Owners may close from any callback: the lower stream is closed at once, and this struct and OpenSSL's go
 * when the last callback is off the stack (`busy`). */
#include "net/tls_stream.h"

#include "base/alloc.h"

#include <assert.h>
#include <openssl/err.h>

#define IN_BYTES      ((size_t)16 * 1024)
#define MAX_OUT_BYTES ((size_t)1 << 30)
#define ALIVE_ROUNDS  16

static const hoot_stream_ops tls_ops;

/* --- life ---------------------------------------------------------------------------------------- */

static void destroy(hoot__tls_stream *s)
{
    SSL_free(s->ssl);
    hoot__tls_context_unref(s->context);
    hoot__free(s->handshake);
    hoot__free(s->session_host);
    hoot__free(s->in);
    hoot_buf_fini(&s->rest);
    hoot__free(s);
}

static void enter(hoot__tls_stream *s)
{
    s->busy++;
}

static void leave(hoot__tls_stream *s)
{
    if (--s->busy == 0 && s->closed)
        destroy(s);
}

int hoot__tls_failure(hoot__tls_stream *s)
{
    unsigned long error = ERR_peek_error();

    ERR_clear_error();
    if (s->write_code == HOOT_ENOMEM || ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE)
        return HOOT_ENOMEM;
    if (!s->ssl_error)
        s->ssl_error = error;
    if (!error && s->write_code < 0)
        return s->write_code;
    return HOOT_EPROTOCOL;
}

/* --- reading ------------------------------------------------------------------------------------- */

/* Something that SSL_read() may find bytes or an end in. */
static bool is_fed(const hoot__tls_stream *s)
{
    return s->in_len > 0 || s->lower_end != HOOT__TLS_OPEN || SSL_has_pending(s->ssl);
}

/* OpenSSL holds no part of a record. (SSL_free_buffers() of some 3.0 versions frees one that it holds.) */
static bool is_between_records(const hoot__tls_stream *s)
{
    return !SSL_has_pending(s->ssl) && strcmp(SSL_rstate_string(s->ssl), "RH") == 0;
}

int hoot__tls_pull(hoot__tls_stream *s)
{
    bool wanted = s->handshake || s->reading;

    if (!wanted || s->ended || s->in_len > 0 || s->lower_end != HOOT__TLS_OPEN) {
        hoot_stream_read_stop(s->lower);
        return 0;
    }
    return hoot_stream_read_start(s->lower);
}

static void end(hoot__tls_stream *s, int reason)
{
    s->ended = true;
    s->reading = false;
    s->base.events->ended(&s->base, reason, s->base.user);
}

/* Reading gave `rc`, which was no data. Gives: whether that is the end, and then how it ended. */
static bool is_end(hoot__tls_stream *s, int rc, int *out_reason)
{
    if (s->read_code < 0) {
        *out_reason = s->read_code;
        return true;
    }
    switch (SSL_get_error(s->ssl, rc)) {
    case SSL_ERROR_WANT_READ:
        *out_reason = s->lower_end == 0 ? HOOT_EEOF : s->lower_end;
        return s->lower_end != HOOT__TLS_OPEN;
    case SSL_ERROR_WANT_WRITE: /* goes on when the stream below has sent what waits */
        *out_reason = s->write_code;
        return s->write_code < 0;
    case SSL_ERROR_ZERO_RETURN: *out_reason = 0; return true;
    default: /* kept: asked again, OpenSSL would take it for an orderly end */
        s->read_code = *out_reason = hoot__tls_failure(s);
        return true;
    }
}

/* Whether there are bytes for the owner. OpenSSL works off whatever else there is. */
static int look(hoot__tls_stream *s)
{
    char byte;

    if (SSL_pending(s->ssl) > 0)
        return 1;
    ERR_clear_error();
    return SSL_peek(s->ssl, &byte, 1);
}

static void hand_over(hoot__tls_stream *s)
{
    size_t room = 0, len = 0;
    char *memory = s->base.events->room(&s->base, &room, s->base.user);

    if (s->closed || !s->reading)
        return;
    if (!memory || room == 0) {
        s->reading = false;
        return;
    }
    ERR_clear_error();
    if (SSL_read_ex(s->ssl, memory, room, &len) != 1)
        return; /* cannot be: look() saw bytes */
    s->base.bytes_in += len;
    s->base.events->arrived(&s->base, len, s->base.user);
}

/* Give the owner what there is for it, and the end. */
static void deliver(hoot__tls_stream *s)
{
    while (s->reading && !s->ended && !s->closed) {
        int rc = look(s);
        int reason;

        if (rc > 0) {
            hand_over(s);
            continue;
        }
        if (is_end(s, rc, &reason))
            end(s, reason);
        break;
    }
}

static void go_on_reading(hoot__tls_stream *s)
{
    size_t waiting = s->lower->out.len;
    int rc;

    deliver(s);
    if (s->closed)
        return;
    if (s->lower->out.len > waiting) /* OpenSSL had to answer something */
        hoot__tls_schedule(s);
    rc = hoot__tls_pull(s);
    if (rc < 0) {
        s->lower_end = rc;
        hoot__tls_schedule(s);
    }
}

static void go_on(hoot__tls_stream *s)
{
    if (s->handshake)
        hoot__tls_handshake_step(s);
    else
        go_on_reading(s);
    if (!s->closed && s->stuck && s->write_waits)
        hoot__tls_go_on_sending(s, 0);
}

static bool have_in(hoot__tls_stream *s)
{
    if (!s->in)
        s->in = hoot__malloc(IN_BYTES);
    return s->in != NULL;
}

static char *on_lower_room(hoot_stream *lower, size_t *out_room, void *user)
{
    hoot__tls_stream *s = user;

    (void)lower;
    hoot__tls_schedule(s); /* where `in` goes, should nothing come */
    if (!have_in(s)) {
        s->lower_end = HOOT_ENOMEM;
        return NULL;
    }
    *out_room = IN_BYTES - s->in_len;
    return *out_room > 0 ? s->in + s->in_len : NULL;
}

static void on_lower_arrived(hoot_stream *lower, size_t len, void *user)
{
    hoot__tls_stream *s = user;

    (void)lower;
    enter(s);
    s->in_len += len;
    go_on(s);
    leave(s);
}

static void on_lower_ended(hoot_stream *lower, int reason, void *user)
{
    hoot__tls_stream *s = user;

    (void)lower;
    enter(s);
    s->lower_end = reason;
    go_on(s);
    leave(s);
}

static int tls_read_start(hoot_stream *stream)
{
    hoot__tls_stream *s = hoot__tls_of(stream);

    if (s->reading || s->ended)
        return 0;
    s->reading = true;
    if (is_fed(s))
        hoot__tls_schedule(s);
    return hoot__tls_pull(s);
}

static void tls_read_stop(hoot_stream *stream)
{
    hoot__tls_stream *s = hoot__tls_of(stream);

    s->reading = false;
    (void)hoot__tls_pull(s);
}

/* --- writing, most of which is in tls_write.c ----------------------------------------------------- */

static void on_lower_drained(hoot_stream *lower, int code, void *user)
{
    hoot__tls_stream *s = user;

    (void)lower;
    enter(s);
    if (code < 0)
        (void)hoot__tls_write_failed(s, code);
    if (s->stuck)
        hoot__tls_go_on_sending(s, code);
    if (!s->closed && !s->stuck)
        hoot__tls_schedule(s);
    /* OpenSSL may have been waiting to answer before it reads on. */
    if (!s->closed && (s->handshake || s->in_len > 0))
        go_on(s);
    leave(s);
}

/* --- the end of a turn --------------------------------------------------------------------------- */

static void push_what_waits(hoot__tls_stream *s)
{
    int rc = s->lower->out.len > 0 ? hoot__tls_push(s) : 0;

    if (rc == 0)
        hoot__stream_rest(s->lower);
    if (rc < 0 && s->stuck)
        hoot__tls_go_on_sending(s, rc);
}

/* Let memory go that is only needed while bytes are under way. OpenSSL lets go of its own, but for what it
 * got to read session tickets with. */
static void rest(hoot__tls_stream *s)
{
    hoot__free(s->in);
    s->in = NULL;
    if (!s->handshake && is_between_records(s))
        (void)SSL_free_buffers(s->ssl);
}

static void on_turn(hoot__deferred *deferred)
{
    hoot__tls_stream *s = (hoot__tls_stream *)((char *)deferred - offsetof(hoot__tls_stream, turn));

    enter(s);
    if (is_fed(s))
        go_on(s);
    if (!s->closed)
        push_what_waits(s);
    if (s->in_len == 0)
        rest(s);
    leave(s);
}

void hoot__tls_schedule(hoot__tls_stream *s)
{
    hoot__loop_defer(&s->turn, on_turn);
}

/* --- looking ------------------------------------------------------------------------------------- */

/* Take what has come below into `in`. */
static bool grab(hoot__tls_stream *s)
{
    int len;

    hoot__tls_schedule(s);
    if (s->in_len == IN_BYTES || !have_in(s))
        return false;
    len = hoot__stream_grab(s->lower, s->in + s->in_len, IN_BYTES - s->in_len);
    if (len > 0)
        s->in_len += (size_t)len;
    return len > 0;
}

/* What has come may be no data, but the server's session tickets, which it sends when it likes: only what
 * OpenSSL does not swallow is a sign that the peer has something to say. A record that is there in part could
 * be either, so it counts as one. */
static bool tls_is_alive(hoot_stream *stream)
{
    hoot__tls_stream *s = hoot__tls_of(stream);
    int rounds = 0;

    if (s->ended || s->handshake || s->lower_end != HOOT__TLS_OPEN || s->write_code < 0)
        return false;
    do {
        if (is_fed(s)) {
            int rc = look(s);
            int reason;

            if (rc > 0 || is_end(s, rc, &reason) || s->in_len > 0 || !is_between_records(s))
                break;
        }
        if (hoot_stream_is_alive(s->lower))
            return true;
    } while (rounds++ < ALIVE_ROUNDS && grab(s));
    hoot__tls_schedule(s);
    return false;
}

/* --- closing ------------------------------------------------------------------------------------- */

static void tls_close(hoot_stream *stream)
{
    hoot__tls_stream *s = hoot__tls_of(stream);

    assert(!s->closed);
    hoot__tls_say_goodbye(s);
    s->closed = s->ended = true;
    s->reading = false;
    if (s->handshake)
        hoot__timer_stop(&s->handshake->timer);
    hoot__loop_undefer(&s->turn);
    hoot_buf_clear(&stream->out);
    hoot__stream_rest(stream);
    if (s->cut)
        hoot__stream_reset(s->lower);
    else
        hoot_stream_close(s->lower);
    if (s->busy == 0)
        destroy(s);
}

static const hoot_stream_ops tls_ops = {
    "tls", tls_read_start, tls_read_stop, hoot__tls_flush, hoot__tls_shut_down, tls_is_alive, tls_close,
};

static const hoot_stream_events lower_events = { on_lower_room, on_lower_arrived, on_lower_ended,
                                                 on_lower_drained };

bool hoot__tls_stream_cut(hoot_stream *stream)
{
    if (stream->ops != &tls_ops)
        return false;
    hoot__tls_of(stream)->cut = true;
    return true;
}

const hoot_stream *hoot__tls_below(const hoot_stream *stream)
{
    return stream->ops == &tls_ops ? hoot__tls_of(stream)->lower : stream;
}

/* --- making one ---------------------------------------------------------------------------------- */

/* OpenSSL's side of it. */
static bool have_ssl(hoot__tls_stream *s)
{
    BIO *bio;

    s->ssl = SSL_new(s->context->ssl);
    bio = s->ssl ? hoot__tls_bio_new(s) : NULL;
    if (bio)
        SSL_set_bio(s->ssl, bio, bio);
    if (bio && SSL_set_app_data(s->ssl, s) == 1)
        return true;
    ERR_clear_error();
    return false;
}

hoot__tls_stream *hoot__tls_stream_new(hoot_stream *lower, hoot__tls_context *context)
{
    hoot__tls_stream *s = hoot__calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->context = hoot__tls_context_ref(context);
    s->handshake = hoot__calloc(1, sizeof *s->handshake);
    if (!s->handshake || !have_ssl(s)) {
        destroy(s);
        return NULL;
    }
    s->lower = lower;
    s->lower_end = HOOT__TLS_OPEN;
    s->base.ops = &tls_ops;
    s->base.peer = lower->peer;
    s->base.peer_port = lower->peer_port;
    s->base.local = lower->local;
    s->base.secure = true;
    hoot_buf_init(&s->base.out, MAX_OUT_BYTES);
    hoot_buf_init(&s->rest, MAX_OUT_BYTES);
    hoot_stream_set_events(lower, &lower_events, s);
    return s;
}

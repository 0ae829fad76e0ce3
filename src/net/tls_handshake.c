/* The TLS handshake of either side, driven by the events of the stream below; hoot__tls_connect() waits for
 * it in a task.
 *
 * Nothing that came in clear may be taken for the peer's word. A server that speaks first (MySQL) is silent
 * between its greeting and our part of the handshake, so bytes that are there when it begins were put there
 * by somebody on the line, hoping that they will be read as if they came through TLS. What the caller has
 * read already it must show; what the system has is looked for here. */
#include "net/tls_stream.h"

#include "base/alloc.h"

#include <arpa/inet.h>
#include <assert.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stddef.h>
#include <stdio.h>

/* --- steps --------------------------------------------------------------------------------------- */

static void finish(hoot__tls_stream *s, int code)
{
    hoot__tls_handshake *h = s->handshake;

    s->handshake = NULL;
    hoot__timer_stop(&h->timer);
    if (code < 0) {
        s->ended = true;
        s->write_code = code;
    }
    (void)hoot__tls_pull(s); /* nobody wants bytes yet, or any more */
    h->done(&s->base, code, code < 0 ? &h->err : NULL, h->user);
    hoot__free(h);
}

static void fail(hoot__tls_stream *s, int code)
{
    (void)hoot_stream_flush(s->lower); /* the peer is told why, if there is a way */
    finish(s, hoot__tls_explain_handshake(s, code, &s->handshake->err));
}

/* OpenSSL is done, or wants more, or has given up. */
static void after_step(hoot__tls_stream *s, int rc)
{
    switch (SSL_get_error(s->ssl, rc)) {
    case SSL_ERROR_NONE: finish(s, 0); break;
    case SSL_ERROR_WANT_READ:
        if (s->lower_end != HOOT__TLS_OPEN)
            rc = s->lower_end == 0 ? HOOT_EEOF : s->lower_end;
        else
            rc = hoot__tls_pull(s);
        if (rc < 0)
            fail(s, rc);
        break;
    case SSL_ERROR_WANT_WRITE: /* goes on when the stream below has sent what waits */ break;
    default: fail(s, hoot__tls_failure(s));
    }
}

void hoot__tls_handshake_step(hoot__tls_stream *s)
{
    size_t waiting = s->lower->out.len;
    int rc;

    ERR_clear_error();
    rc = SSL_do_handshake(s->ssl);
    if (s->lower->out.len > waiting)
        hoot__tls_schedule(s);
    after_step(s, rc);
}

/* --- as the client ------------------------------------------------------------------------------- */

static int clear_bytes(hoot_error *err)
{
    return hoot_error_set(err, HOOT_EPROTOCOL,
                          "bytes came in clear before TLS began: somebody on the line may have sent them, or "
                          "the peer does not speak this protocol");
}

/* The peer is there and has said nothing. */
static int check_silent(hoot_stream *lower, hoot_str already, hoot_error *err)
{
    char byte;
    int rc;

    if (already.len > 0)
        return clear_bytes(err);
    if (hoot_stream_is_alive(lower))
        return 0;
    rc = hoot__stream_grab(lower, &byte, 1);
    if (rc > 0)
        return clear_bytes(err);
    return hoot_error_set(err, HOOT_ECONNECT, "the peer closed the connection before TLS began");
}

static bool is_address(const char *host)
{
    unsigned char address[16];

    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

/* "example.com." is example.com, in certificates and in what the server is told. */
static int copy_host(hoot__tls_handshake *h, const char *host, hoot_error *err)
{
    size_t len = strlen(host);

    if (len > 1 && host[len - 1] == '.')
        len--;
    if (len == 0 || len >= sizeof h->host)
        return hoot_error_set(err, HOOT_EINVAL, "a host name has 1 to %zu bytes", sizeof h->host - 1);
    snprintf(h->host, sizeof h->host, "%.*s", (int)len, host);
    return 0;
}

/* What the certificate is compared with, and the name that the server is told. */
static bool expect_host(hoot__tls_stream *s, const char *host)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(s->ssl);
    bool verified = s->context->verify == HOOT__TLS_VERIFY_IDENTITY;

    if (is_address(host))
        return !verified || X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (verified && X509_VERIFY_PARAM_set1_host(param, host, 0) != 1)
        return false;
    return SSL_set_tlsext_host_name(s->ssl, host) == 1;
}

/* Offer the session of the last connection, and take the next one's. */
static bool resume_host(hoot__tls_stream *s, const char *host)
{
    hoot__tls_context *context = s->context;

    if (!context->resume)
        return true;
    s->session_host = hoot__strdup(host);
    if (!s->session_host)
        return false;
    if (context->session && strcmp(context->session_host, host) == 0)
        (void)SSL_set_session(s->ssl, context->session); /* or else it is a whole handshake */
    return true;
}

static int set_host(hoot__tls_stream *s, const char *host, hoot_error *err)
{
    int rc;

    if (!host && s->context->verify == HOOT__TLS_VERIFY_IDENTITY)
        return hoot_error_set(err, HOOT_EINVAL, "to verify who the server is, TLS needs its host name");
    if (!host)
        return 0;
    rc = copy_host(s->handshake, host, err);
    if (rc < 0)
        return rc;
    if (expect_host(s, s->handshake->host) && resume_host(s, s->handshake->host))
        return 0;
    ERR_clear_error();
    return hoot_error_set(err, HOOT_ENOMEM, "out of memory for the TLS handshake with %s", host);
}

struct connecting {
    hoot_waiter waiter;
    hoot_error *err;
};

static void on_connected(hoot_stream *stream, int code, const hoot_error *err, void *user)
{
    struct connecting *connecting = user;

    (void)stream;
    if (code < 0 && connecting->err)
        *connecting->err = *err;
    hoot_wake(&connecting->waiter, code);
}

/* Suspends: until the handshake is over. */
static int wait_connected(hoot__tls_stream *s, hoot_error *err)
{
    struct connecting connecting = { HOOT_WAITER_INIT, err };
    int rc;

    s->handshake->done = on_connected;
    s->handshake->user = &connecting;
    hoot__tls_handshake_step(s);
    rc = hoot_wait(&connecting.waiter);
    if (rc < 0 && !connecting.waiter.woken)
        hoot_error_set(err, rc, "%s during the TLS handshake", hoot_error_text(rc));
    return rc;
}

static hoot__tls_stream *begin(hoot_stream *lower, hoot__tls_context *context, hoot_error *err)
{
    hoot__tls_stream *s = hoot__tls_stream_new(lower, context);

    if (!s) {
        hoot_stream_close(lower);
        hoot_error_set(err, HOOT_ENOMEM, "out of memory for TLS");
    }
    return s;
}

hoot_stream *hoot__tls_connect(hoot_stream *lower_take, hoot__tls_context *context, const char *host,
                               hoot_str already, hoot_error *err)
{
    hoot__tls_stream *s;
    int rc;

    assert(!context->server);
    if (check_silent(lower_take, already, err) < 0) {
        hoot_stream_close(lower_take);
        return NULL;
    }
    s = begin(lower_take, context, err);
    if (!s)
        return NULL;
    SSL_set_connect_state(s->ssl);
    rc = set_host(s, host, err);
    if (rc == 0)
        rc = wait_connected(s, err);
    if (rc < 0) {
        hoot_stream_close(&s->base);
        return NULL;
    }
    return &s->base;
}

/* --- as the server ------------------------------------------------------------------------------- */

/* A client that says nothing, or a byte now and then. There is nobody to tell why. */
static void on_late(hoot__timer *timer)
{
    hoot__tls_handshake *h = (hoot__tls_handshake *)((char *)timer - offsetof(hoot__tls_handshake, timer));

    hoot_error_set(&h->err, HOOT_ETIMEOUT, "the client did not finish the TLS handshake within %u ms",
                   (unsigned)h->limit_ms);
    finish(h->stream, HOOT_ETIMEOUT);
}

hoot_stream *hoot__tls_accept(hoot_stream *lower_take, hoot__tls_context *context, uint32_t limit_ms,
                              hoot__tls_done_fn done, void *user, hoot_error *err)
{
    hoot__tls_stream *s = begin(lower_take, context, err);
    hoot__tls_handshake *h;
    int rc;

    assert(context->server);
    if (!s)
        return NULL;
    SSL_set_accept_state(s->ssl);
    h = s->handshake;
    h->stream = s;
    h->limit_ms = limit_ms ? limit_ms : HOOT__TLS_ACCEPT_MS;
    h->done = done;
    h->user = user;
    rc = hoot__timer_set(&h->timer, hoot_now_ms() + h->limit_ms, on_late);
    if (rc == 0)
        rc = hoot__tls_pull(s);
    if (rc < 0) {
        hoot_error_set(err, rc, "TLS cannot begin: %s", hoot_error_text(rc));
        hoot_stream_close(&s->base);
        return NULL;
    }
    return &s->base;
}

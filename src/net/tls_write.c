/* TLS streams: writing.
 *
 *     rest, then out --SSL_write--> lower's out --flush--> lower
 *
 * While HOOT__TLS_HIGH_BYTES wait below, nothing more is encrypted. What was flushed and must wait is moved
 * to `rest`, so that the owner's `out` begins anew, as with sockets. Large bytes may be encrypted from where
 * they are, without passing through `out`. */
#include "net/tls_stream.h"

#include <errno.h>
#include <openssl/err.h>

#define RECORD_BYTES   ((size_t)16 * 1024)
#define KEEP_OUT_BYTES ((size_t)16 * 1024) /* an `out` that grew beyond is let go once it has been taken */

static size_t rest_left(const hoot__tls_stream *s)
{
    return s->rest.len - s->rest_start;
}

static void drop_rest(hoot__tls_stream *s)
{
    hoot_buf_fini(&s->rest);
    s->rest_start = 0;
}

int hoot__tls_write_failed(hoot__tls_stream *s, int code)
{
    s->write_code = code;
    s->base.unsent = 0;
    drop_rest(s);
    hoot_buf_clear(&s->base.out);
    return code;
}

int hoot__tls_push(hoot__tls_stream *s)
{
    int rc = hoot_stream_flush(s->lower);

    if (rc == 0)
        hoot__stream_rest(s->lower);
    if (rc < 0)
        return hoot__tls_write_failed(s, rc);
    s->base.unsent = rest_left(s) + hoot_stream_pending(s->lower);
    return rc;
}

/* Encrypt one piece. Gives: bytes taken; 0: too much waits below, or OpenSSL must read first (the other half
 * of a message of the handshake's kind); or a negative code. */
static int encrypt(hoot__tls_stream *s, const char *bytes, size_t len)
{
    int rc;

    s->write_waits = false;
    if (hoot_stream_pending(s->lower) >= HOOT__TLS_HIGH_BYTES) {
        rc = hoot__tls_push(s);
        if (rc < 0 || hoot_stream_pending(s->lower) >= HOOT__TLS_HIGH_BYTES)
            return rc < 0 ? rc : 0;
    }
    ERR_clear_error();
    rc = SSL_write(s->ssl, bytes, (int)(len < RECORD_BYTES ? len : RECORD_BYTES));
    if (rc > 0)
        return rc;
    s->write_waits = BIO_should_retry(SSL_get_wbio(s->ssl));
    return s->write_waits ? 0 : hoot__tls_write_failed(s, hoot__tls_failure(s));
}

/* Encrypt the bytes of `from` behind *start. Gives 0 all; 1 too much waits below; or a negative code. */
static int encrypt_all(hoot__tls_stream *s, hoot_str from, size_t *start)
{
    while (*start < from.len) {
        int rc = encrypt(s, from.ptr + *start, from.len - *start);

        if (rc <= 0)
            return rc < 0 ? rc : 1;
        *start += (size_t)rc;
        s->base.bytes_out += (uint64_t)rc;
    }
    return 0;
}

/* The part of `out` that must wait becomes the rest, and `out` begins anew. */
static void keep_rest(hoot__tls_stream *s, size_t start)
{
    s->rest = s->base.out;
    s->rest_start = start;
    hoot_buf_init(&s->base.out, s->base.out.max_bytes);
}

static void out_taken(hoot_buf *out)
{
    if (out->capacity > KEEP_OUT_BYTES)
        hoot_buf_fini(out);
    else
        hoot_buf_clear(out);
}

/* Encrypt the rest and `out`. Gives as encrypt_all(). */
static int encrypt_gathered(hoot__tls_stream *s)
{
    size_t start = 0;
    int rc = encrypt_all(s, hoot_buf_str(&s->rest), &s->rest_start);

    if (rc != 0)
        return rc;
    if (s->rest.data)
        drop_rest(s);
    rc = encrypt_all(s, hoot_buf_str(&s->base.out), &start);
    if (rc == 0)
        out_taken(&s->base.out);
    else if (rc == 1)
        keep_rest(s, start);
    return rc;
}

/* Gives 0 all is with the system; 1 some waits here or below; or a negative code. */
static int push_all(hoot__tls_stream *s, int encrypted)
{
    int rc = encrypted < 0 ? encrypted : hoot__tls_push(s);

    return rc == 0 && (rest_left(s) > 0 || s->base.out.len > 0) ? 1 : rc;
}

static int send_all(hoot__tls_stream *s)
{
    return push_all(s, encrypt_gathered(s));
}

/* May anything be written? Gives 0 or a negative code. */
static int writable(hoot__tls_stream *s, size_t len)
{
    if (s->handshake)
        return HOOT_ESTATE;
    if (s->shut && len > 0)
        return hoot__tls_write_failed(s, -EPIPE);
    return s->write_code < 0 ? hoot__tls_write_failed(s, s->write_code) : 0;
}

int hoot__tls_flush(hoot_stream *stream)
{
    hoot__tls_stream *s = hoot__tls_of(stream);
    int rc = writable(s, stream->out.len);

    if (rc < 0)
        return rc;
    rc = s->stuck ? 1 : send_all(s);
    s->stuck = rc == 1;
    return rc;
}

/* What is not encrypted at once is copied: behind what waits already. */
int hoot__tls_send(hoot_stream *stream, hoot_str bytes)
{
    hoot__tls_stream *s = hoot__tls_of(stream);
    size_t start = 0;
    int rc = writable(s, stream->out.len + bytes.len);

    if (rc == 0)
        rc = s->stuck ? 1 : encrypt_gathered(s);
    if (rc == 0)
        rc = encrypt_all(s, bytes, &start);
    if (rc == 1) {
        int kept = hoot_buf_add_str(&stream->out, hoot_str_from_index(bytes, start));

        rc = kept < 0 ? hoot__tls_write_failed(s, kept) : 1;
    }
    if (!s->stuck)
        rc = push_all(s, rc);
    s->stuck = rc == 1;
    return rc;
}

/* Say that nothing more will be sent, here and below. */
static int say_end(hoot__tls_stream *s)
{
    int rc;

    s->shut_wanted = false;
    s->shut = true;
    ERR_clear_error();
    rc = SSL_shutdown(s->ssl);
    return rc < 0 ? hoot__tls_failure(s) : hoot_stream_shut_down(s->lower);
}

int hoot__tls_shut_down(hoot_stream *stream)
{
    hoot__tls_stream *s = hoot__tls_of(stream);
    int rc = hoot__tls_flush(stream);

    if (rc == 0)
        return s->shut ? 0 : say_end(s);
    s->shut_wanted = rc == 1 && !s->shut;
    return rc < 0 ? rc : 0;
}

void hoot__tls_go_on_sending(hoot__tls_stream *s, int code)
{
    int rc = code < 0 ? hoot__tls_write_failed(s, code) : send_all(s);

    if (rc == 1)
        return;
    s->stuck = false;
    if (rc == 0 && s->shut_wanted)
        (void)say_end(s);
    s->base.events->drained(&s->base, rc, s->base.user);
}

void hoot__tls_say_goodbye(hoot__tls_stream *s)
{
    bool broken = s->read_code < 0 || s->write_code < 0;

    if (s->cut || s->shut || s->handshake || broken || rest_left(s) > 0)
        return;
    ERR_clear_error();
    if (SSL_shutdown(s->ssl) >= 0)
        (void)hoot_stream_flush(s->lower);
    ERR_clear_error();
}

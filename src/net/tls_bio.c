/* Between OpenSSL and the stream below: it reads straight from what has come, and writes straight into what
 * the stream below sends next. OpenSSL's own memory BIOs would copy both ways once more, and keep their
 * memory. */
#include "net/tls_stream.h"

#include <pthread.h>

static BIO_METHOD *method;

static int bio_read(BIO *bio, char *out, int len)
{
    hoot__tls_stream *s = BIO_get_data(bio);
    size_t there = s->in_len - s->in_start;

    BIO_clear_retry_flags(bio);
    if (there == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    if ((size_t)len < there)
        there = (size_t)len;
    memcpy(out, s->in + s->in_start, there);
    s->in_start += there;
    if (s->in_start == s->in_len)
        s->in_start = s->in_len = 0;
    return (int)there;
}

/* What waits is bounded here for answers that OpenSSL makes by itself: a peer that asks for them (key
 * updates) and does not read them is not read from any more. */
static int bio_write(BIO *bio, const char *data, int len)
{
    hoot__tls_stream *s = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    if (s->write_code < 0)
        return -1;
    if (hoot_stream_pending(s->lower) >= HOOT__TLS_MAX_BYTES) {
        BIO_set_retry_write(bio);
        return -1;
    }
    s->write_code = hoot__stream_need(s->lower);
    if (s->write_code == 0)
        s->write_code = hoot_buf_add(&s->lower->out, data, (size_t)len);
    return s->write_code < 0 ? -1 : len;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH; /* done at the end of the turn */
}

static void make_method(void)
{
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "hoot_stream");
    if (!method)
        return;
    BIO_meth_set_read(method, bio_read);
    BIO_meth_set_write(method, bio_write);
    BIO_meth_set_ctrl(method, bio_control);
}

BIO *hoot__tls_bio_new(hoot__tls_stream *s)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    BIO *bio;

    pthread_once(&once, make_method);
    bio = method ? BIO_new(method) : NULL;
    if (bio) {
        BIO_set_data(bio, s);
        BIO_set_init(bio, 1);
    }
    return bio;
}

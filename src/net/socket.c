/* Streams over TCP and unix sockets.
 *
 * Reading is libuv's: one handle a stream, and the owner's room() as its allocator. Writing goes to the
 * socket directly with send(MSG_NOSIGNAL), since nearly every flush fits into the socket's buffer; only the
 * rest of one that does not is given to libuv, together with the buffer it is in. `out` then begins anew, and
 * is flushed when that rest has gone.
 *
 *     out --send()--> system            all of it: flush gives 0
 *     out --moved---> rest --uv_write--> system, then out again: flush gave 1, and drained() comes
 *
 * Large bytes need not go through `out`: hoot__stream_send() gives them to the system from where they are,
 * and copies only what it did not take.
 *
 * An idle stream is this struct and nothing else: no buffer, no request. libuv may not be told to stop or
 * close from inside its allocator, so what the owner's room() wants of that kind is done in the read callback
 * that follows it.
 *
 * Libuv's own writes may raise SIGPIPE, so the first stream of a process sets it to be ignored, unless
 * somebody handles it. */
#include "net/socket.h"

#include "base/alloc.h"
#include "net/block.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/uio.h>
#include <unistd.h>

/* An `out` that grew beyond this is let go once it has been sent. */
#define KEEP_OUT_BYTES ((size_t)16 * 1024)
#define MAX_OUT_BYTES  ((size_t)1 << 30)

typedef struct rest rest;

typedef struct socket_stream {
    hoot_stream base;
    rest *rest; /* what libuv is sending; NULL: nothing */
    int fd;
    int write_code; /* < 0: writing has failed for good */
    bool reading;   /* libuv reads */
    bool in_room;   /* the owner's room() is on the stack */
    bool ended;     /* the owner was told, or must not be any more */
    bool closing;
    bool shut_wanted; /* shut down after what is pending */
    char peer_text[INET6_ADDRSTRLEN];
    union {
        uv_handle_t any;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } handle;
} socket_stream;

struct rest {
    uv_write_t request;
    socket_stream *owner;
    char *memory; /* the buffer that was moved out of `out` */
    size_t len;   /* bytes of it that remained */
};

static const hoot_stream_ops tcp_ops, unix_ops;

static socket_stream *of(hoot_stream *stream)
{
    return (socket_stream *)stream;
}

/* --- reading ------------------------------------------------------------------------------------- */

static void close_handle(socket_stream *s);

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    socket_stream *s = handle->data;
    size_t room = 0;
    char *memory;

    (void)suggested;
    s->in_room = true;
    memory = s->base.events->room(&s->base, &room, s->base.user);
    s->in_room = false;
    if (!memory || s->closing || !s->reading)
        room = 0, memory = NULL;
    out->base = memory;
    out->len = room;
}

/* The owner had no room, or stopped reading, or closed, while it was asked for room. */
static void room_refused(socket_stream *s)
{
    if (s->closing) {
        close_handle(s);
        return;
    }
    s->reading = false;
    uv_read_stop(&s->handle.stream);
}

static void on_read(uv_stream_t *handle, ssize_t len, const uv_buf_t *buf)
{
    socket_stream *s = handle->data;

    (void)buf;
    if (len == UV_ENOBUFS) {
        room_refused(s);
    } else if (len > 0) {
        s->base.bytes_in += (uint64_t)len;
        s->base.events->arrived(&s->base, (size_t)len, s->base.user);
    } else if (len < 0) {
        s->reading = false;
        s->ended = true;
        uv_read_stop(handle);
        s->base.events->ended(&s->base, len == UV_EOF ? 0 : (int)len, s->base.user);
    }
}

static int socket_read_start(hoot_stream *stream)
{
    socket_stream *s = of(stream);
    int rc;

    if (s->reading || s->ended)
        return 0;
    rc = s->in_room ? 0 : uv_read_start(&s->handle.stream, on_room, on_read);
    s->reading = rc == 0;
    return rc;
}

static void socket_read_stop(hoot_stream *stream)
{
    socket_stream *s = of(stream);

    if (s->reading && !s->in_room)
        uv_read_stop(&s->handle.stream);
    s->reading = false;
}

/* The kernel does it: who sends to us need not wake us for each piece. */
void hoot__stream_gather(hoot_stream *stream, int bytes)
{
    const hoot_stream *below = hoot__tls_below(stream);

    if (below->ops == &tcp_ops)
        (void)setsockopt(((const socket_stream *)below)->fd, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof(bytes));
}

/* --- writing ------------------------------------------------------------------------------------- */

static void out_sent(hoot_buf *out)
{
    if (out->capacity > KEEP_OUT_BYTES)
        hoot_buf_fini(out);
    else
        hoot_buf_clear(out);
}

static int write_failed(socket_stream *s, int code)
{
    s->write_code = code;
    s->base.unsent = 0;
    out_sent(&s->base.out);
    return code;
}

static void finish_shut_down(socket_stream *s)
{
    if (s->shut_wanted && !s->rest && s->base.out.len == 0)
        shutdown(s->fd, SHUT_WR);
}

static void rest_free(rest *r)
{
    hoot__free(r->memory);
    hoot__free(r);
}

/* libuv has sent the rest, or cannot: go on with what was gathered meanwhile. */
static void on_rest_sent(uv_write_t *request, int status)
{
    rest *r = request->data;
    socket_stream *s = r->owner;
    size_t len = r->len;
    int rc;

    s->rest = NULL;
    rest_free(r);
    if (s->closing)
        return;
    s->base.unsent = 0;
    if (status == 0)
        s->base.bytes_out += len;
    rc = status < 0 ? write_failed(s, status) : hoot_stream_flush(&s->base);
    if (rc == 1)
        return;
    if (rc == 0)
        finish_shut_down(s);
    s->base.events->drained(&s->base, rc, s->base.user);
}

/* Give what is behind `sent` in `out`, and a copy of `more`, to libuv, and begin a new `out`. Gives 1 or a
 * negative code. */
static int send_rest(socket_stream *s, size_t sent, hoot_str more)
{
    hoot_buf *out = &s->base.out;
    rest *r;
    uv_buf_t bytes;
    int rc;

    if (sent == out->len) /* nothing of it need be moved when `out` grows for `more` */
        hoot_buf_clear(out), sent = 0;
    rc = hoot_buf_add_str(out, more);
    r = rc < 0 ? NULL : hoot__malloc(sizeof *r);
    if (!r)
        return rc < 0 ? rc : HOOT_ENOMEM;
    bytes = uv_buf_init(out->data + sent, (unsigned)(out->len - sent));
    r->request.data = r;
    r->owner = s;
    r->memory = out->data;
    r->len = bytes.len;
    hoot_buf_init(out, out->max_bytes);
    s->rest = r;
    s->base.unsent = r->len;
    rc = uv_write(&r->request, &s->handle.stream, &bytes, 1, on_rest_sent);
    if (rc == 0)
        return 1;
    s->rest = NULL;
    rest_free(r);
    return rc;
}

/* One system call. Gives what send() gives. */
static ssize_t send_some(int fd, hoot_str first, hoot_str more)
{
    struct iovec parts[] = { { (char *)first.ptr, first.len }, { (char *)more.ptr, more.len } };
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };

    if (more.len == 0)
        return send(fd, first.ptr, first.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void count_sent(socket_stream *s, size_t len, hoot_str *first, hoot_str *more)
{
    size_t of_first = len < first->len ? len : first->len;

    s->base.bytes_out += len;
    *first = hoot_str_from_index(*first, of_first);
    *more = hoot_str_from_index(*more, len - of_first);
}

/* `out`, and `more` behind it. */
static int send_all(socket_stream *s, hoot_str more)
{
    hoot_buf *out = &s->base.out;
    hoot_str first = hoot_buf_str(out);
    int rc;

    if (s->write_code < 0)
        return write_failed(s, s->write_code);
    if (s->rest) {
        rc = hoot_buf_add_str(out, more);
        return rc < 0 ? write_failed(s, rc) : 1;
    }
    while (first.len + more.len > 0) {
        ssize_t len = send_some(s->fd, first, more);

        if (len >= 0) {
            count_sent(s, (size_t)len, &first, &more);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
            rc = send_rest(s, out->len - first.len, more);
            return rc < 0 ? write_failed(s, rc) : rc;
        } else if (errno != EINTR) {
            return write_failed(s, -errno);
        }
    }
    out_sent(out);
    return 0;
}

static int socket_flush(hoot_stream *stream)
{
    return send_all(of(stream), hoot_str_of(NULL, 0));
}

static int socket_shut_down(hoot_stream *stream)
{
    socket_stream *s = of(stream);
    int rc = hoot_stream_flush(stream);

    s->shut_wanted = true;
    if (rc < 0)
        return rc;
    if (rc == 0 && shutdown(s->fd, SHUT_WR) < 0)
        return -errno;
    return 0;
}

static bool socket_is_alive(hoot_stream *stream)
{
    const socket_stream *s = of(stream);
    char byte;

    return !s->ended && recv(s->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EINTR);
}

/* --- making and closing -------------------------------------------------------------------------- */

static void on_closed(uv_handle_t *handle)
{
    hoot__free(handle->data);
}

/* What waits in libuv gets its callback, with UV_ECANCELED, before on_closed(). */
static void close_handle(socket_stream *s)
{
    uv_close(&s->handle.any, on_closed);
    hoot__listeners_retry();
}

static void socket_close(hoot_stream *stream)
{
    socket_stream *s = of(stream);

    assert(!s->closing);
    s->closing = s->ended = true;
    s->reading = false;
    hoot_buf_clear(&stream->out);
    hoot__stream_rest(stream);
    if (!s->in_room)
        close_handle(s);
}

static const hoot_stream_ops tcp_ops = {
    "tcp", socket_read_start, socket_read_stop, socket_flush, socket_shut_down, socket_is_alive, socket_close,
};

static const hoot_stream_ops unix_ops = {
    "unix",           socket_read_start, socket_read_stop, socket_flush,
    socket_shut_down, socket_is_alive,   socket_close,
};

static void ignore_sigpipe(void)
{
    static atomic_bool done;
    struct sigaction now;

    if (atomic_exchange(&done, true))
        return;
    if (sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_DFL)
        signal(SIGPIPE, SIG_IGN);
}

static void set_peer(socket_stream *s, const struct sockaddr *address)
{
    hoot_stream *stream = &s->base;

    stream->peer = s->peer_text;
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;

        inet_ntop(AF_INET, &in->sin_addr, s->peer_text, sizeof s->peer_text);
        stream->peer_port = ntohs(in->sin_port);
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)address;

        inet_ntop(AF_INET6, &in6->sin6_addr, s->peer_text, sizeof s->peer_text);
        stream->peer_port = ntohs(in6->sin6_port);
    } else {
        stream->local = true;
    }
}

/* The struct with its handle initialized, without a socket. From here on it must be closed, not freed. */
static socket_stream *stream_new(const struct sockaddr *address)
{
    uv_loop_t *loop = hoot__loop_uv(hoot__loop_current());
    socket_stream *s = hoot__calloc(1, sizeof *s);

    if (!s)
        return NULL;
    ignore_sigpipe();
    s->fd = -1;
    s->base.ops = address->sa_family == AF_UNIX ? &unix_ops : &tcp_ops;
    hoot_buf_init(&s->base.out, MAX_OUT_BYTES);
    set_peer(s, address);
    /* Neither makes a socket, so neither can fail. */
    if (address->sa_family == AF_UNIX)
        uv_pipe_init(loop, &s->handle.pipe, 0);
    else
        uv_tcp_init(loop, &s->handle.tcp);
    s->handle.any.data = s;
    return s;
}

hoot_stream *hoot__socket_stream_new_take(int fd, const struct sockaddr *address, int *out_code)
{
    socket_stream *s = stream_new(address);
    int rc;

    if (!s) {
        close(fd);
        *out_code = HOOT_ENOMEM;
        return NULL;
    }
    rc = address->sa_family == AF_UNIX ? uv_pipe_open(&s->handle.pipe, fd) : uv_tcp_open(&s->handle.tcp, fd);
    if (rc < 0) {
        close(fd);
        hoot_stream_close(&s->base);
        *out_code = rc;
        return NULL;
    }
    s->fd = fd;
    return &s->base;
}

hoot_stream *hoot__socket_stream_unconnected(const struct sockaddr *address, uv_tcp_t **out_handle)
{
    socket_stream *s = stream_new(address);

    if (!s)
        return NULL;
    *out_handle = &s->handle.tcp;
    return &s->base;
}

int hoot__socket_stream_connected(hoot_stream *stream)
{
    socket_stream *s = of(stream);
    int on = 1;
    int rc = uv_fileno(&s->handle.any, &s->fd);

    if (rc == 0)
        setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return rc;
}

/* --- what other rooms may ask of any stream ------------------------------------------------------ */

static bool is_socket(const hoot_stream *stream)
{
    return stream->ops == &tcp_ops || stream->ops == &unix_ops;
}

int hoot__stream_fd(const hoot_stream *stream)
{
    const hoot_stream *below = hoot__tls_below(stream);

    return is_socket(below) ? ((const socket_stream *)below)->fd : -1;
}

uint64_t hoot__stream_sent(const hoot_stream *stream)
{
    const hoot_stream *below = hoot__tls_below(stream);
    const socket_stream *s = (const socket_stream *)below;

    if (!is_socket(below) || !s->rest)
        return below->bytes_out;
    return below->bytes_out + s->rest->len - uv_stream_get_write_queue_size(&s->handle.stream);
}

int hoot__stream_send(hoot_stream *stream, hoot_str bytes)
{
    int rc;

    if (is_socket(stream))
        return send_all(of(stream), bytes);
    if (hoot__tls_below(stream) != stream)
        return hoot__tls_send(stream, bytes);
    rc = hoot_buf_add_str(&stream->out, bytes);
    return rc < 0 ? rc : hoot_stream_flush(stream);
}

int hoot__stream_grab(hoot_stream *stream, char *out, size_t size)
{
    ssize_t len;

    if (!is_socket(stream))
        return hoot__memory_stream_grab(stream, out, size);
    len = recv(of(stream)->fd, out, size, MSG_DONTWAIT);
    if (len < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    stream->bytes_in += (uint64_t)len;
    return len == 0 ? HOOT_EEOF : (int)len;
}

void hoot__stream_reset(hoot_stream *stream)
{
    struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

    if (!stream)
        return;
    if (is_socket(stream))
        setsockopt(of(stream)->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    else if (!hoot__tls_stream_cut(stream))
        hoot__memory_stream_break(stream);
    hoot_stream_close(stream);
}

void hoot__stream_keepalive(hoot_stream *stream, unsigned seconds)
{
    int on = 1;
    int idle = seconds > 8 ? (int)seconds / 2 : 4;
    int interval = seconds > 8 ? (int)seconds / 8 : 1;
    int count = 4;
    unsigned limit_ms = seconds * 1000;
    int fd = hoot__stream_fd(stream);

    if (hoot__tls_below(stream)->ops != &tcp_ops || fd < 0)
        return;
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit_ms, sizeof limit_ms);
}

int hoot__stream_need(hoot_stream *stream)
{
    return hoot__block_need(&stream->out);
}

void hoot__stream_rest(hoot_stream *stream)
{
    hoot__block_rest(&stream->out);
}

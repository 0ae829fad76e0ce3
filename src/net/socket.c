/* Streams over TCP and unix sockets: a watch on the descriptor, and system calls.
 *
 * Reading: when bytes are there the owner is asked for room, and they go straight into it. Writing goes to
 * the socket at once, since nearly every flush fits into the socket's buffer; the rest of one that does not
 * is moved out of `out`, which begins anew, and is sent as the socket takes it:
 *
 *     out --send()--> system         all of it: flush gives 0
 *     out --moved---> rest --send()--> system, then out again: flush gave 1, and drained() comes
 *
 * Large bytes need not go through `out`: hoot__stream_send() gives them to the system from where they are,
 * and copies only what it did not take.
 *
 * An idle stream is this struct and nothing else: no buffer, no request. A stream may be closed by any of its
 * events: the struct is there until the end of the turn.
 *
 * No write to a socket raises SIGPIPE, but one to a log that nobody reads may, so the first stream of a
 * process sets it to be ignored, unless somebody handles it. */
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
#include <stddef.h>
#include <sys/uio.h>
#include <unistd.h>

/* An `out` that grew beyond this is let go once it has been sent. */
#define KEEP_OUT_BYTES ((size_t)16 * 1024)
#define MAX_OUT_BYTES  ((size_t)1 << 30)

#define READS_PER_TURN 32

typedef struct rest rest;

typedef struct socket_stream {
    hoot_stream base;
    hoot__watch watch;
    rest *rest;     /* what the system has not taken yet; NULL: nothing */
    int write_code; /* < 0: writing has failed for good */
    bool ended;     /* the owner was told, or must not be any more */
    bool closing;
    bool shut_wanted; /* shut down after what is pending */
    char peer_text[INET6_ADDRSTRLEN];
    hoot__deferred gone;
} socket_stream;

struct rest {
    char *memory; /* the buffer that was moved out of `out` */
    size_t start, end;
};

static const hoot_stream_ops tcp_ops, unix_ops;

static socket_stream *of(hoot_stream *stream)
{
    return (socket_stream *)stream;
}

static bool is_reading(const socket_stream *s)
{
    return s->watch.wanted & EPOLLIN;
}

static void want(socket_stream *s, uint32_t events, bool wanted)
{
    uint32_t others = s->watch.wanted & ~events;

    (void)hoot__watch_set(&s->watch, wanted ? others | events : others);
}

/* --- reading ------------------------------------------------------------------------------------- */

static void end_reading(socket_stream *s, int reason)
{
    want(s, EPOLLIN, false);
    s->ended = true;
    s->base.events->ended(&s->base, reason, s->base.user);
}

/* Gives true when there may be more. */
static bool read_some(socket_stream *s)
{
    hoot_stream *stream = &s->base;
    size_t room = 0;
    char *memory = stream->events->room(stream, &room, stream->user);
    ssize_t len;

    if (s->closing || !is_reading(s))
        return false;
    if (!memory) {
        want(s, EPOLLIN, false);
        return false;
    }
    len = recv(s->watch.fd, memory, room, MSG_DONTWAIT);
    if (len > 0) {
        stream->bytes_in += (uint64_t)len;
        stream->events->arrived(stream, (size_t)len, stream->user);
    } else if (len == 0) {
        end_reading(s, 0);
    } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
        end_reading(s, -errno);
    }
    return len > 0 && (size_t)len == room;
}

/* A peer that sends without end must not keep others waiting. */
static void read_all(socket_stream *s)
{
    int budget = READS_PER_TURN;

    while (budget-- > 0 && read_some(s) && !s->closing && is_reading(s))
        ;
}

static int socket_read_start(hoot_stream *stream)
{
    socket_stream *s = of(stream);

    return s->ended || is_reading(s) ? 0 : hoot__watch_set(&s->watch, s->watch.wanted | (uint32_t)EPOLLIN);
}

static void socket_read_stop(hoot_stream *stream)
{
    want(of(stream), EPOLLIN, false);
}

/* The kernel does it: who sends to us need not wake us for each piece. */
void hoot__stream_gather(hoot_stream *stream, int bytes)
{
    const hoot_stream *below = hoot__tls_below(stream);

    if (below->ops == &tcp_ops)
        (void)setsockopt(((const socket_stream *)below)->watch.fd, SOL_SOCKET, SO_RCVLOWAT, &bytes,
                         sizeof(bytes));
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
    out_sent(&s->base.out);
    return code;
}

static void finish_shut_down(socket_stream *s)
{
    if (s->shut_wanted && !s->rest && s->base.out.len == 0)
        shutdown(s->watch.fd, SHUT_WR);
}

static void rest_free(rest *r)
{
    hoot__free(r->memory);
    hoot__free(r);
}

/* The rest has gone, or cannot: go on with what was gathered meanwhile. */
static void rest_done(socket_stream *s, int code)
{
    rest_free(s->rest);
    s->rest = NULL;
    s->base.unsent = 0;
    want(s, EPOLLOUT, false);
    code = code < 0 ? write_failed(s, code) : hoot_stream_flush(&s->base);
    if (code == 1)
        return;
    if (code == 0)
        finish_shut_down(s);
    s->base.events->drained(&s->base, code, s->base.user);
}

static bool is_full(int code)
{
    return code == EAGAIN || code == EWOULDBLOCK || code == ENOBUFS;
}

static void send_more(socket_stream *s)
{
    rest *r = s->rest;

    while (r->start < r->end) {
        ssize_t len = send(s->watch.fd, r->memory + r->start, r->end - r->start, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0) {
            if (!is_full(errno))
                rest_done(s, -errno);
            return;
        }
        r->start += (size_t)len;
        s->base.unsent = r->end - r->start;
        s->base.bytes_out += (size_t)len;
    }
    rest_done(s, 0);
}

/* Keep what is behind `sent` in `out`, and a copy of `more`, to be sent later, and begin a new `out`. Gives 1
 * or a negative code. */
static int send_rest(socket_stream *s, size_t sent, hoot_str more)
{
    hoot_buf *out = &s->base.out;
    rest *r;
    int rc;

    if (sent == out->len) /* nothing of it need be moved when `out` grows for `more` */
        hoot_buf_clear(out), sent = 0;
    rc = hoot_buf_add_str(out, more);
    r = rc < 0 ? NULL : hoot__malloc(sizeof *r);
    if (!r)
        return rc < 0 ? rc : HOOT_ENOMEM;
    rc = hoot__watch_set(&s->watch, s->watch.wanted | (uint32_t)EPOLLOUT);
    if (rc < 0) {
        hoot__free(r);
        return rc;
    }
    *r = (rest){ out->data, sent, out->len };
    hoot_buf_init(out, out->max_bytes);
    s->rest = r;
    s->base.unsent = r->end - r->start;
    return 1;
}

/* One system call for what is behind the first `sent` bytes of `out` and `more`. Gives what send() gives. */
static ssize_t send_some(const socket_stream *s, size_t sent, hoot_str more)
{
    hoot_str first = hoot_str_from_index(hoot_buf_str(&s->base.out), sent);
    struct iovec parts[2] = { { (char *)first.ptr, first.len } };
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };

    if (more.len == 0)
        return send(s->watch.fd, first.ptr, first.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    more = hoot_str_from_index(more, sent + first.len - s->base.out.len);
    parts[1] = (struct iovec){ (char *)more.ptr, more.len };
    return sendmsg(s->watch.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Nothing may be sent at once. */
static int send_later(socket_stream *s, hoot_str more)
{
    int rc = s->write_code;

    if (rc == 0)
        rc = hoot_buf_add_str(&s->base.out, more);
    return rc < 0 ? write_failed(s, rc) : 1;
}

/* `out`, and `more` behind it. */
static int send_all(socket_stream *s, hoot_str more)
{
    const size_t first = s->base.out.len, all = first + more.len;
    size_t sent = 0;

    if (s->rest || s->write_code < 0)
        return send_later(s, more);
    while (sent < all) {
        ssize_t len = send_some(s, sent, more);

        if (len >= 0) {
            sent += (size_t)len;
            s->base.bytes_out += (size_t)len;
        } else if (is_full(errno)) {
            int rc = sent < first ? send_rest(s, sent, more)
                                  : send_rest(s, first, hoot_str_from_index(more, sent - first));

            return rc < 0 ? write_failed(s, rc) : rc;
        } else if (errno != EINTR) {
            return write_failed(s, -errno);
        }
    }
    out_sent(&s->base.out);
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
    if (rc == 0 && shutdown(s->watch.fd, SHUT_WR) < 0)
        return -errno;
    return 0;
}

static bool socket_is_alive(hoot_stream *stream)
{
    const socket_stream *s = of(stream);
    char byte;

    return !s->ended && recv(s->watch.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EINTR);
}

/* --- making and closing -------------------------------------------------------------------------- */

static void on_ready(hoot__watch *watch, uint32_t events)
{
    socket_stream *s = (socket_stream *)(void *)((char *)watch - offsetof(socket_stream, watch));

    if (is_reading(s) && events & ~(uint32_t)EPOLLOUT)
        read_all(s);
    if (s->rest && events & ~(uint32_t)EPOLLIN)
        send_more(s);
}

static void on_gone(hoot__deferred *gone)
{
    hoot__free((char *)gone - offsetof(socket_stream, gone));
}

static void socket_close(hoot_stream *stream)
{
    socket_stream *s = of(stream);

    assert(!s->closing);
    s->closing = s->ended = true;
    hoot__watch_end(&s->watch);
    close(s->watch.fd);
    hoot_buf_clear(&stream->out);
    hoot__stream_rest(stream);
    if (s->rest)
        rest_free(s->rest);
    s->rest = NULL;
    hoot__loop_defer(&s->gone, on_gone);
    hoot__listeners_retry();
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

hoot_stream *hoot__socket_stream_new_take(int fd, const struct sockaddr *address, int *out_code)
{
    socket_stream *s = hoot__calloc(1, sizeof *s);

    if (!s) {
        close(fd);
        *out_code = HOOT_ENOMEM;
        return NULL;
    }
    ignore_sigpipe();
    s->watch = (hoot__watch){ on_ready, .fd = fd };
    s->base.ops = address->sa_family == AF_UNIX ? &unix_ops : &tcp_ops;
    hoot_buf_init(&s->base.out, MAX_OUT_BYTES);
    set_peer(s, address);
    return &s->base;
}

/* --- what other rooms may ask of any stream ------------------------------------------------------ */

static bool is_socket(const hoot_stream *stream)
{
    return stream->ops == &tcp_ops || stream->ops == &unix_ops;
}

int hoot__stream_fd(const hoot_stream *stream)
{
    const hoot_stream *below = hoot__tls_below(stream);

    return is_socket(below) ? ((const socket_stream *)below)->watch.fd : -1;
}

uint64_t hoot__stream_sent(const hoot_stream *stream)
{
    return hoot__tls_below(stream)->bytes_out;
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
    len = recv(of(stream)->watch.fd, out, size, MSG_DONTWAIT);
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
        setsockopt(of(stream)->watch.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
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

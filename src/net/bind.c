/* Addresses to listen on: their text, and listening sockets made from them. All of it blocks and runs before
 * a loop does. */
#include "net/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define ACCEPTED_FORMS "expected host:port, [ipv6]:port, unix:PATH or fd://N"

/* --- text ---------------------------------------------------------------------------------------- */

static int parse_fd(const char *text, hoot__bind *out, hoot_error *err)
{
    uint64_t fd;

    if (hoot_str_to_u64(hoot_str_from(text), &fd) < 0 || fd > 1u << 20)
        return hoot_error_set(err, HOOT_ECONFIG, "fd://%s: not a descriptor number", text);
    out->kind = HOOT__BIND_FD;
    out->fd = (int)fd;
    return 0;
}

static int parse_path(const char *path, hoot__bind *out, hoot_error *err)
{
    if (path[0] == '\0')
        return hoot_error_set(err, HOOT_ECONFIG, "unix: needs a path behind it, such as unix:/run/hoot.sock");
    if (strlen(path) >= sizeof out->path)
        return hoot_error_set(err, HOOT_ECONFIG, "unix:%s: the path has more than %zu bytes", path,
                              sizeof out->path - 1);
    out->kind = HOOT__BIND_UNIX;
    snprintf(out->path, sizeof out->path, "%s", path);
    return 0;
}

static int resolve_now(const char *host, const char *port, hoot__bind *out, hoot_error *err)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
    struct addrinfo *found = NULL;
    int rc = getaddrinfo(host, port, &hints, &found);

    if (rc != 0)
        return hoot_error_set(err, HOOT_ECONFIG, "cannot resolve '%s': %s", host, gai_strerror(rc));
    out->kind = HOOT__BIND_TCP;
    memcpy(&out->address, found->ai_addr, found->ai_addrlen);
    out->address_len = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
}

/* Split "host:port" or "[host]:port". */
static bool split_host(hoot_str text, hoot_str *out_host, hoot_str *out_port)
{
    const char *colon = text.len ? memrchr(text.ptr, ':', text.len) : NULL;

    if (!colon || colon == text.ptr)
        return false;
    *out_host = hoot_str_of(text.ptr, (size_t)(colon - text.ptr));
    *out_port = hoot_str_from_index(text, out_host->len + 1);
    if (out_host->ptr[0] != '[')
        return hoot_str_find(*out_host, ':') < 0;
    if (out_host->len < 3 || out_host->ptr[out_host->len - 1] != ']')
        return false;
    *out_host = hoot_str_of(out_host->ptr + 1, out_host->len - 2);
    return true;
}

static int parse_tcp(const char *text, hoot__bind *out, hoot_error *err)
{
    char host[256], port_text[8];
    hoot_str host_part, port_part;
    uint64_t port;

    if (!split_host(hoot_str_from(text), &host_part, &port_part) || host_part.len >= sizeof host)
        return hoot_error_set(err, HOOT_ECONFIG, "'%s' is no address to listen on: " ACCEPTED_FORMS, text);
    if (hoot_str_to_u64(port_part, &port) < 0 || port > 65535)
        return hoot_error_set(err, HOOT_ECONFIG, "'%s': the port is a number from 0 to 65535", text);
    snprintf(host, sizeof host, "%.*s", (int)host_part.len, host_part.ptr);
    snprintf(port_text, sizeof port_text, "%u", (unsigned)port);
    return resolve_now(host, port_text, out, err);
}

int hoot__bind_parse(const char *text, hoot__bind *out, hoot_error *err)
{
    hoot_str s = hoot_str_from(text);

    memset(out, 0, sizeof *out);
    out->fd = -1;
    if (hoot_str_starts(s, HOOT_STR("unix:")))
        return parse_path(text + 5, out, err);
    if (hoot_str_starts(s, HOOT_STR("fd://")))
        return parse_fd(text + 5, out, err);
    return parse_tcp(text, out, err);
}

/* --- sockets ------------------------------------------------------------------------------------- */

static void describe_address(const struct sockaddr *address, char *out, size_t size)
{
    char host[INET6_ADDRSTRLEN] = "";

    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;

        inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
        snprintf(out, size, "http://%s:%u", host, ntohs(in->sin_port));
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)address;

        inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
        snprintf(out, size, "http://[%s]:%u", host, ntohs(in6->sin6_port));
    } else {
        snprintf(out, size, "unix:%s", ((const struct sockaddr_un *)(const void *)address)->sun_path);
    }
}

void hoot__bind_describe(int fd, char *out, size_t size)
{
    struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
    socklen_t len = sizeof address - 1; /* the last byte stays NUL: a path may fill its field */

    if (getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        snprintf(out, size, "fd://%d", fd);
    else
        describe_address((struct sockaddr *)&address, out, size);
}

static const char *advice(int code)
{
    switch (code) {
    case EADDRINUSE:
        return ": something is there already; stop the program that listens there, or choose another";
    case EACCES: return ": not permitted; ports below 1024 need CAP_NET_BIND_SERVICE";
    case EADDRNOTAVAIL: return ": this machine has no such address";
    default: return "";
    }
}

static int failed(int fd, int code, const char *what, const char *where, hoot_error *err)
{
    if (fd >= 0)
        close(fd);
    return hoot_error_set(err, -code, "cannot %s %s: %s%s", what, where, strerror(code), advice(code));
}

static int listen_on(int fd, const struct sockaddr *address, socklen_t len, int backlog, hoot_error *err)
{
    char where[160];

    describe_address(address, where, sizeof where);
    if (bind(fd, address, len) < 0)
        return failed(fd, errno, "bind", where, err);
    if (listen(fd, backlog) < 0)
        return failed(fd, errno, "listen on", where, err);
    return fd;
}

static int open_tcp(const hoot__bind *bind, bool reuse_port, int backlog, hoot_error *err)
{
    const struct sockaddr *address = (const struct sockaddr *)&bind->address;
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;

    if (fd < 0)
        return failed(fd, errno, "make a socket for", "TCP", err);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (reuse_port && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0)
        return failed(fd, errno, "share the port of", "this socket", err);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (address->sa_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    return listen_on(fd, address, bind->address_len, backlog, err);
}

/* Does anybody answer on that path? Only what is a socket and refuses is stale. */
static bool path_is_stale(const struct sockaddr_un *address)
{
    struct stat st;
    int fd, rc;
    bool refused;

    if (lstat(address->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
        return false;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    rc = connect(fd, (const struct sockaddr *)address, sizeof *address);
    refused = rc < 0 && errno == ECONNREFUSED;
    close(fd);
    return refused;
}

static int open_unix(const hoot__bind *bind, int backlog, hoot_error *err)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return failed(fd, errno, "make a socket for", bind->path, err);
    memcpy(address.sun_path, bind->path, sizeof bind->path);
    if (path_is_stale(&address))
        unlink(address.sun_path);
    return listen_on(fd, (struct sockaddr *)&address, sizeof address, backlog, err);
}

static int option_of(int fd, int option)
{
    int value = -1;
    socklen_t len = sizeof value;

    return getsockopt(fd, SOL_SOCKET, option, &value, &len) < 0 ? -errno : value;
}

static int open_fd(int fd, hoot_error *err)
{
    int type = option_of(fd, SO_TYPE);
    int flags;

    if (type < 0)
        return hoot_error_set(err, type, "fd://%d is no socket that was handed over: %s", fd,
                              strerror(-type));
    if (type != SOCK_STREAM || option_of(fd, SO_ACCEPTCONN) != 1)
        return hoot_error_set(err, HOOT_ECONFIG, "fd://%d is not a listening stream socket", fd);
    flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return hoot_error_set(err, -errno, "cannot set up fd://%d: %s", fd, strerror(errno));
    return fd;
}

int hoot__bind_open(const hoot__bind *bind, bool reuse_port, int backlog, hoot_error *err)
{
    switch (bind->kind) {
    case HOOT__BIND_TCP: return open_tcp(bind, reuse_port, backlog, err);
    case HOOT__BIND_UNIX: return open_unix(bind, backlog, err);
    case HOOT__BIND_FD: return open_fd(bind->fd, err);
    }
    return hoot_error_set(err, HOOT_EINVAL, "an address of no kind");
}

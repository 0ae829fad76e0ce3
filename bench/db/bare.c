/* The least that a client can do: packets made once, their keys written into them, answers counted by their
 * packets and not looked at. What libhoot costs is measured against this. */
#include "db.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    CONNECTIONS = 4,
    DEPTH = 16,
    HEADER = 4,
    /* Header, command, id, flags, iterations, NULL bitmap, types follow, type, value. */
    EXECUTE = HEADER + 1 + 4 + 1 + 4 + 1 + 1 + 2 + 8,
    ANSWER_PACKETS = 4, /* column count, column, row, OK: with CLIENT_DEPRECATE_EOF */
};

typedef struct connection {
    int fd;
    unsigned char execute[EXECUTE];
    unsigned packets; /* of the answer that has begun */
    size_t have;
    unsigned char in[65536];
} connection;

static connection connections[CONNECTIONS];

static size_t length_of(const unsigned char *packet)
{
    return packet[0] | (size_t)packet[1] << 8 | (size_t)packet[2] << 16;
}

/* One whole packet, by waiting: for logging in only. */
static bool read_packet(connection *c, unsigned char *out, size_t room)
{
    size_t len;

    if (recv(c->fd, out, HEADER, MSG_WAITALL) != HEADER)
        return false;
    len = length_of(out);
    return len <= room - HEADER && recv(c->fd, out + HEADER, len, MSG_WAITALL) == (ssize_t)len;
}

/* HandshakeResponse41 without a password: 4.1, TRANSACTIONS, SECURE_CONNECTION, PLUGIN_AUTH, CONNECT_WITH_DB,
 * DEPRECATE_EOF. */
static bool log_in(connection *c, const bench *b)
{
    static const uint32_t capabilities = 1u << 9 | 1u << 13 | 1u << 15 | 1u << 19 | 1u << 3 | 1u << 24 | 1u;
    unsigned char packet[1024] = { 0 };
    size_t len = HEADER;

    if (!read_packet(c, packet, sizeof(packet)))
        return false;
    memset(packet, 0, sizeof(packet));
    memcpy(packet + len, &capabilities, 4);
    packet[len + 6] = 1; /* 64 KiB at most */
    packet[len + 8] = 45;
    len += 32;
    len += (size_t)sprintf((char *)packet + len, "%.100s", b->user) + 1;
    packet[len++] = 0; /* no proof */
    len += (size_t)sprintf((char *)packet + len, "%.100s", b->database) + 1;
    len += (size_t)sprintf((char *)packet + len, "mysql_native_password") + 1;
    packet[0] = (unsigned char)(len - HEADER);
    packet[3] = 1;
    return write(c->fd, packet, len) == (ssize_t)len && read_packet(c, packet, sizeof(packet)) &&
           packet[HEADER] == 0;
}

/* Prepare, and make the packet that is sent ever after. */
static bool prepare(connection *c)
{
    unsigned char packet[1024];
    size_t len = sizeof(QUESTION);

    memset(packet, 0, HEADER);
    packet[0] = (unsigned char)len;
    packet[HEADER] = 0x16;
    memcpy(packet + HEADER + 1, QUESTION, len - 1);
    if (write(c->fd, packet, HEADER + len) != (ssize_t)(HEADER + len) ||
        !read_packet(c, packet, sizeof(packet)) || packet[HEADER] != 0)
        return false;
    c->execute[0] = EXECUTE - HEADER;
    c->execute[4] = 0x17;
    memcpy(c->execute + 5, packet + HEADER + 1, 4);
    c->execute[10] = 1;
    c->execute[15] = 1;
    c->execute[16] = 8; /* LONGLONG */
    /* The definitions of a parameter and of a column. */
    return read_packet(c, packet, sizeof(packet)) && read_packet(c, packet, sizeof(packet));
}

static bool connect_one(connection *c, const bench *b)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", b->socket);
    c->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    return connect(c->fd, (struct sockaddr *)&address, sizeof(address)) == 0 && log_in(c, b) && prepare(c);
}

static bool send_some(connection *c, const bench *b, uint64_t *sent, unsigned count)
{
    unsigned char out[DEPTH * EXECUTE];
    size_t len = 0;

    for (; count > 0 && *sent < b->statements; count--, len += EXECUTE) {
        uint64_t key = bench_key(b, (*sent)++);

        memcpy(out + len, c->execute, EXECUTE);
        memcpy(out + len + EXECUTE - 8, &key, 8);
    }
    return len == 0 || write(c->fd, out, len) == (ssize_t)len;
}

/* Gives: answers that are complete now; negative: the server refused, or is gone. */
static int receive(connection *c)
{
    ssize_t got = read(c->fd, c->in + c->have, sizeof(c->in) - c->have);
    size_t at = 0;
    int answers = 0;

    if (got <= 0)
        return -1;
    c->have += (size_t)got;
    while (c->have - at >= HEADER && c->have - at >= HEADER + length_of(c->in + at)) {
        if (c->in[at + HEADER] == 0xff)
            return -1;
        at += HEADER + length_of(c->in + at);
        if (++c->packets == ANSWER_PACKETS) {
            c->packets = 0;
            answers++;
        }
    }
    memmove(c->in, c->in + at, c->have - at);
    c->have -= at;
    return answers;
}

int bench_bare(const bench *b)
{
    struct epoll_event events[CONNECTIONS];
    int epoll = epoll_create1(0);
    uint64_t sent = 0, answered = 0;

    for (int i = 0; i < CONNECTIONS; i++) {
        if (!connect_one(&connections[i], b))
            return -1;
        epoll_ctl(epoll, EPOLL_CTL_ADD, connections[i].fd,
                  &(struct epoll_event){ .events = EPOLLIN, .data.ptr = &connections[i] });
    }
    bench_begin();
    for (int i = 0; i < CONNECTIONS; i++) {
        if (!send_some(&connections[i], b, &sent, DEPTH))
            return -1;
    }
    while (answered < b->statements) {
        int ready = epoll_wait(epoll, events, CONNECTIONS, -1);

        for (int i = 0; i < ready; i++) {
            connection *c = events[i].data.ptr;
            int answers = receive(c);

            if (answers < 0 || !send_some(c, b, &sent, (unsigned)answers))
                return -1;
            answered += (unsigned)answers;
        }
    }
    return 0;
}

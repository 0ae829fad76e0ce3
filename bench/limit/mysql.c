/* The least that a client can do: packets made once, their keys written into them, answers counted by their
 * packets and not looked at. */
#include "mysql.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    MAX_DEPTH = 1024,
    MAX_CONNECTIONS = 256,
    HEADER = 4,
    /* Header, command, id, flags, iterations, NULL bitmap, types follow, type, value. */
    EXECUTE = HEADER + 1 + 4 + 1 + 4 + 1 + 1 + 2 + 8,
};

typedef struct connection {
    int fd;
    unsigned char execute[EXECUTE];
    unsigned answer_packets; /* column count, columns, rows, OK: with CLIENT_DEPRECATE_EOF */
    unsigned packets;        /* of the answer that has begun */
    size_t have;
    unsigned char in[65536];
} connection;

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
static bool log_in(connection *c, const limit_mysql *m)
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
    len += (size_t)sprintf((char *)packet + len, "%.100s", m->user) + 1;
    packet[len++] = 0; /* no proof */
    len += (size_t)sprintf((char *)packet + len, "%.100s", m->database) + 1;
    len += (size_t)sprintf((char *)packet + len, "mysql_native_password") + 1;
    packet[0] = (unsigned char)(len - HEADER);
    packet[3] = 1;
    return write(c->fd, packet, len) == (ssize_t)len && read_packet(c, packet, sizeof(packet)) &&
           packet[HEADER] == 0;
}

/* Prepare, and make the packet that is sent ever after. */
static bool prepare(connection *c, const limit_mysql *m)
{
    unsigned char packet[1024];
    size_t len = 1 + strlen(m->question);
    unsigned columns;

    if (len > 200)
        return false;
    memset(packet, 0, HEADER);
    packet[0] = (unsigned char)len;
    packet[HEADER] = 0x16;
    memcpy(packet + HEADER + 1, m->question, len - 1);
    if (write(c->fd, packet, HEADER + len) != (ssize_t)(HEADER + len) ||
        !read_packet(c, packet, sizeof(packet)) || packet[HEADER] != 0)
        return false;
    c->execute[0] = EXECUTE - HEADER;
    c->execute[4] = 0x17;
    memcpy(c->execute + 5, packet + HEADER + 1, 4);
    c->execute[10] = 1;
    c->execute[15] = 1;
    c->execute[16] = 8; /* LONGLONG */
    columns = packet[HEADER + 5];
    c->answer_packets = 2 + columns + m->rows;
    for (unsigned definitions = columns + 1; definitions > 0; definitions--)
        if (!read_packet(c, packet, sizeof(packet)))
            return false;
    return true;
}

static bool connect_one(connection *c, const limit_mysql *m)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", m->socket);
    c->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    return connect(c->fd, (struct sockaddr *)&address, sizeof(address)) == 0 && log_in(c, m) && prepare(c, m);
}

static bool send_some(connection *c, const limit_mysql *m, uint64_t *sent, unsigned count)
{
    static unsigned char out[MAX_DEPTH * EXECUTE];
    size_t len = 0;

    for (; count > 0 && *sent < m->statements; count--, len += EXECUTE) {
        uint64_t key = limit_mysql_key((*sent)++, m->keys);

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
        if (++c->packets == c->answer_packets) {
            c->packets = 0;
            answers++;
        }
    }
    memmove(c->in, c->in + at, c->have - at);
    c->have -= at;
    return answers;
}

static int run(connection *connections, const limit_mysql *m)
{
    struct epoll_event events[64];
    int epoll = epoll_create1(0);
    uint64_t sent = 0, answered = 0;

    for (unsigned i = 0; i < m->connections; i++) {
        if (!connect_one(&connections[i], m))
            return -1;
        epoll_ctl(epoll, EPOLL_CTL_ADD, connections[i].fd,
                  &(struct epoll_event){ .events = EPOLLIN, .data.ptr = &connections[i] });
    }
    m->begin();
    for (unsigned i = 0; i < m->connections; i++) {
        if (!send_some(&connections[i], m, &sent, m->depth))
            return -1;
    }
    while (answered < m->statements) {
        int ready = epoll_wait(epoll, events, 64, -1);

        for (int i = 0; i < ready; i++) {
            connection *c = events[i].data.ptr;
            int answers = receive(c);

            if (answers < 0 || !send_some(c, m, &sent, (unsigned)answers))
                return -1;
            answered += (unsigned)answers;
        }
    }
    return 0;
}

int limit_mysql_run(const limit_mysql *m)
{
    connection *connections;
    int rc;

    if (m->connections < 1 || m->connections > MAX_CONNECTIONS || m->depth < 1 || m->depth > MAX_DEPTH)
        return -1;
    connections = calloc(m->connections, sizeof(*connections));
    rc = connections ? run(connections, m) : -1;
    free(connections);
    return rc;
}

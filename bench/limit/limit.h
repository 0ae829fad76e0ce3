/* limit: servers that read until a blank line and send a canned reply, and a client that sends canned
 * statements: what any server and any client on this machine can cost at least. They parse nothing, check
 * nothing and limit nothing, and are for no other use. */
#ifndef BENCH_LIMIT_H
#define BENCH_LIMIT_H

#include <stdbool.h>
#include <stddef.h>

#define LIMIT_BUFFER_BYTES 65536
#define LIMIT_BATCH        64 /* replies that one write sends at most */

/* What is sent for each request. `replies` holds it LIMIT_BATCH times over. */
typedef struct limit_reply {
    char *replies;
    size_t len;        /* of one */
    size_t body_bytes; /* that each request brings after its blank line */
    bool close;        /* the connection, after one reply */
} limit_reply;

/* Of "plaintext", "json", "session", "cached-queries" with 100 rows (as long, with the same headers, as what
 * the programs on libhoot answer) and "echo" (1 MiB both ways). Gives: false, when it is none of them or
 * there is no memory. */
bool limit_reply_make(limit_reply *out, const char *name, bool close);

/* Where in a request a connection is. */
typedef struct limit_place {
    unsigned seen;    /* bytes of "\r\n\r\n" */
    size_t body_left; /* of the body */
} limit_place;

/* Count the requests that end in `data`. */
size_t limit_count_requests(const limit_reply *reply, limit_place *place, const char *data, size_t len);

/* Serve on 127.0.0.1:port until killed. Give an exit status, when they cannot. */
int limit_serve_epoll(int port, const limit_reply *reply);
int limit_serve_libuv(int port, const limit_reply *reply);

#endif

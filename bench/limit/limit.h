/* limit: servers that read until a blank line and send a canned reply: what any server on this machine can
 * cost at least. They parse nothing, check nothing and limit nothing. */
#ifndef BENCH_LIMIT_H
#define BENCH_LIMIT_H

#include <stddef.h>

#define LIMIT_BUFFER_BYTES 16384

/* What both servers send for each request: as long as hooter's answer to GET /session. */
extern const char limit_reply[];
extern const size_t limit_reply_len;

/* Count the requests that end in `data`: blank lines. `*state` carries over how many bytes of "\r\n\r\n" were
 * seen. */
size_t limit_count_requests(const char *data, size_t len, unsigned *state);

/* Serve on 127.0.0.1:port until killed. Give an exit status, when they cannot. */
int limit_serve_epoll(int port);
int limit_serve_libuv(int port);

#endif

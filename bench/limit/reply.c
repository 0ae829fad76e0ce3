/* What the bare servers answer, and how they find the end of a request. */
#include "limit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB ((size_t)1024 * 1024)

typedef struct known {
    const char *name, *type, *more, *body;
    size_t times;      /* that `body` is repeated */
    size_t body_bytes; /* of zeros in its place, and of each request */
} known;

static const known all[] = {
    { "plaintext", "text/plain", "", "Hello, World!", 1, 0 },
    { "json", "application/json", "", "{\"message\":\"Hello, World!\"}\n", 1, 0 },
    { "session", "application/json", "Vary: Cookie\r\n", "{\"login\":\"ok\"}\n", 1, 0 },
    { "cached-queries", "application/json", "", "{\"id\":1234,\"randomNumber\":5678},", 100, 0 },
    { "echo", "application/octet-stream", "X-Echo-Body-Len: 1048576\r\nX-Echo-Target: /\r\n", "", 0, MIB },
};

static const known *find(const char *name)
{
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i].name, name) == 0)
            return &all[i];
    return NULL;
}

bool limit_reply_make(limit_reply *out, const char *name, bool close)
{
    const known *k = find(name);
    size_t body, head, batch;

    if (!k)
        return false;
    body = k->body_bytes ? k->body_bytes : k->times * strlen(k->body);
    batch = k->body_bytes ? 1 : LIMIT_BATCH;
    out->replies = calloc(batch, 512 + body);
    if (!out->replies)
        return false;
    head = (size_t)snprintf(out->replies, 512,
                            "HTTP/1.1 200 OK\r\nDate: Mon, 23 Feb 2026 10:00:00 GMT\r\nServer: hoot\r\n"
                            "Content-Type: %s\r\n%s%sContent-Length: %zu\r\n\r\n",
                            k->type, k->more, close ? "Connection: close\r\n" : "", body);
    for (size_t i = 0; i < k->times; i++)
        memcpy(out->replies + head + i * strlen(k->body), k->body, strlen(k->body));
    out->len = head + body;
    for (size_t i = 1; i < batch; i++)
        memcpy(out->replies + i * out->len, out->replies, out->len);
    out->body_bytes = k->body_bytes;
    out->close = close;
    return true;
}

/* The end of a blank line, from `at` on; NULL: not in this data. */
static const char *after_blank(unsigned *seen, const char *at, const char *end)
{
    static const char blank[] = "\r\n\r\n";

    while (at < end) {
        if (*seen == 0 && !(at = memchr(at, '\r', (size_t)(end - at))))
            return NULL;
        if (*at == blank[*seen])
            ++*seen;
        else
            *seen = *at == '\r';
        at++;
        if (*seen == 4) {
            *seen = 0;
            return at;
        }
    }
    return NULL;
}

size_t limit_count_requests(const limit_reply *reply, limit_place *place, const char *data, size_t len)
{
    const char *at = data, *end = data + len;
    size_t requests = 0;

    while (at < end) {
        if (place->body_left) {
            size_t n = place->body_left < (size_t)(end - at) ? place->body_left : (size_t)(end - at);

            place->body_left -= n;
            at += n;
        } else if ((at = after_blank(&place->seen, at, end))) {
            place->body_left = reply->body_bytes;
        } else {
            break;
        }
        requests += place->body_left == 0;
    }
    return requests;
}

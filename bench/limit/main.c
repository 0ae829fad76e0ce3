/* limit MODE PORT */
#include "limit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char limit_reply[] = "HTTP/1.1 200 OK\r\n"
                           "Date: Mon, 23 Feb 2026 10:00:00 GMT\r\n"
                           "Server: hoot\r\n"
                           "Content-Type: application/json\r\n"
                           "Vary: Cookie\r\n"
                           "Content-Length: 15\r\n"
                           "\r\n"
                           "{\"login\":\"ok\"}\n";
const size_t limit_reply_len = sizeof limit_reply - 1;

size_t limit_count_requests(const char *data, size_t len, unsigned *state)
{
    static const char blank[] = "\r\n\r\n";
    size_t requests = 0;
    unsigned seen = *state;

    for (size_t i = 0; i < len; i++) {
        if (data[i] == blank[seen])
            seen++;
        else
            seen = data[i] == '\r';
        if (seen == 4) {
            requests++;
            seen = 0;
        }
    }
    *state = seen;
    return requests;
}

int main(int argc, char **argv)
{
    int port = argc == 3 ? atoi(argv[2]) : 0;

    if (port > 0 && strcmp(argv[1], "epoll") == 0)
        return limit_serve_epoll(port);
    if (port > 0 && strcmp(argv[1], "libuv") == 0)
        return limit_serve_libuv(port);
    fprintf(stderr, "usage: limit epoll|libuv PORT\n");
    return 2;
}

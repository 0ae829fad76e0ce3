/* The limits.
 *
 *     limit epoll|libuv PORT [plaintext|json|session|cached-queries|echo [close]]
 *     limit mysql SOCKET USER DATABASE CONNECTIONS DEPTH STATEMENTS [fortunes]
 *
 * The servers answer until killed; `echo` is epoll's only, `close` ends each connection after its reply. The
 * client reads rows of `World` by random keys, or all twelve of `Fortune`, and prints a line of JSON. */
#include "clock.h"
#include "limit.h"
#include "mysql.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double wall_from, cpu_from;

static void begin(void)
{
    wall_from = read_wall();
    cpu_from = read_cpu();
}

/* Gives: an exit status; negative: this is no way to call it. */
static int ask(int argc, char **argv)
{
    limit_mysql m = {
        .socket = argv[2],
        .user = argv[3],
        .database = argv[4],
        .question = "SELECT id, randomNumber FROM World WHERE id = ?",
        .rows = 1,
        .keys = 10000,
        .connections = (unsigned)strtoul(argv[5], NULL, 10),
        .depth = (unsigned)strtoul(argv[6], NULL, 10),
        .statements = strtoull(argv[7], NULL, 10),
        .begin = begin,
    };

    if (argc == 9) {
        if (strcmp(argv[8], "fortunes") != 0)
            return -1;
        m.question = "SELECT id, message FROM Fortune WHERE id > ?";
        m.rows = 12;
        m.keys = 0;
    }
    if (limit_mysql_run(&m) < 0) {
        fprintf(stderr, "limit: the database server refused, or is gone\n");
        return 1;
    }
    printf("{\"wall_s\": %.4f, \"cpu_s\": %.4f}\n", read_wall() - wall_from, read_cpu() - cpu_from);
    return 0;
}

static int refuse(const char *why, const char *text)
{
    fprintf(stderr, "limit: %s '%s'\n", why, text);
    return 2;
}

static int serve(int argc, char **argv)
{
    limit_reply reply;
    char *end;
    long port = strtol(argv[2], &end, 10);
    bool close = argc == 5;
    int status = -1;

    if (*end || port < 1 || port > 65535)
        return refuse("the port must be a number of 1 to 65535, not", argv[2]);
    if (close && strcmp(argv[4], "close") != 0)
        return refuse("after the reply comes 'close' or nothing, not", argv[4]);
    if (!limit_reply_make(&reply, argc > 3 ? argv[3] : "session", close))
        return -1;
    if (strcmp(argv[1], "epoll") == 0)
        status = limit_serve_epoll((int)port, &reply);
    else if (strcmp(argv[1], "libuv") == 0 && !reply.body_bytes)
        status = limit_serve_libuv((int)port, &reply);
    free(reply.replies);
    return status;
}

int main(int argc, char **argv)
{
    int status = -1;

    signal(SIGPIPE, SIG_IGN);
    if ((argc == 8 || argc == 9) && strcmp(argv[1], "mysql") == 0)
        status = ask(argc, argv);
    else if (argc >= 3 && argc <= 5)
        status = serve(argc, argv);
    if (status < 0)
        fprintf(stderr, "usage: limit epoll|libuv PORT [plaintext|json|session|cached-queries|echo [close]]\n"
                        "       limit mysql SOCKET USER DATABASE CONNECTIONS DEPTH STATEMENTS [fortunes]\n");
    return status < 0 ? 2 : status;
}

/* The least that a MySQL client can do, pipelined: what libhoot's statements are measured against. */
#ifndef BENCH_LIMIT_MYSQL_H
#define BENCH_LIMIT_MYSQL_H

#include <stdint.h>

typedef struct limit_mysql {
    const char *socket, *user, *database; /* a user without a password */
    const char *question;                 /* one parameter, the key */
    unsigned rows;                        /* that each answer has */
    unsigned keys;                        /* ids are 1 to this; 0: the parameter is always 0 */
    uint64_t statements;                  /* to run in all */
    unsigned connections;
    unsigned depth;      /* statements under way on each connection */
    void (*begin)(void); /* what counts begins: connections are open, statements prepared */
} limit_mysql;

/* Gives: 0; negative: the server refused, or is gone. */
int limit_mysql_run(const limit_mysql *m);

/* The next key: the same sequence for all clients. */
static inline uint64_t limit_mysql_key(uint64_t n, unsigned keys)
{
    return keys ? (n * 2654435761u) % keys + 1 : 0;
}

#endif

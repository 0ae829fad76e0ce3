/* Three clients that ask the same question: SELECT of one row by its key, with a prepared statement. */
#ifndef HOOT_BENCH_DB_H
#define HOOT_BENCH_DB_H

#include "../limit/mysql.h"

#define QUESTION "SELECT name FROM one_row WHERE id = ?"

typedef struct bench {
    const char *socket, *user, *database;
    unsigned keys;       /* ids are 1 to this */
    uint64_t statements; /* to run in all */
} bench;

/* 64 tasks on a pool with 4 lanes of 16 statements. */
int bench_hoot(const bench *b);
/* libmariadb's non-blocking calls on 16 connections. */
int bench_libmariadb(const bench *b);

/* What counts begins now: connections are open, statements prepared. */
void bench_begin(void);

/* The next key: the same sequence for all. */
static inline uint64_t bench_key(const bench *b, uint64_t n)
{
    return limit_mysql_key(n, b->keys);
}

#endif

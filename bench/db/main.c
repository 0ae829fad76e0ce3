/* One row by its key, asked for by one of three clients. For bench/db.py: prints a line of JSON.
 *
 *     db hoot|bare|libmariadb SOCKET USER DATABASE KEYS STATEMENTS
 *
 * The table `one_row` (id, name) must be there, and the user must have no password. */
#include "../limit/clock.h"
#include "db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double wall_from, cpu_from;

void bench_begin(void)
{
    wall_from = read_wall();
    cpu_from = read_cpu();
}

/* Canned COM_STMT_EXECUTE packets on epoll: 4 connections, 16 under way on each. */
static int bench_bare(const bench *b)
{
    return limit_mysql_run(&(limit_mysql){ .socket = b->socket,
                                           .user = b->user,
                                           .database = b->database,
                                           .question = QUESTION,
                                           .rows = 1,
                                           .keys = b->keys,
                                           .statements = b->statements,
                                           .connections = 4,
                                           .depth = 16,
                                           .begin = bench_begin });
}

int main(int argc, char **argv)
{
    bench b;
    int rc;

    if (argc != 7)
        return 2;
    b = (bench){ argv[2], argv[3], argv[4], (unsigned)atoi(argv[5]), strtoull(argv[6], NULL, 10) };
    rc = strcmp(argv[1], "hoot") == 0   ? bench_hoot(&b)
         : strcmp(argv[1], "bare") == 0 ? bench_bare(&b)
                                        : bench_libmariadb(&b);
    if (rc)
        return 1;
    printf("{\"wall_s\": %.4f, \"cpu_s\": %.4f}\n", read_wall() - wall_from, read_cpu() - cpu_from);
    return 0;
}

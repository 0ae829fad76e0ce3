/* libmariadb, Debian's, with its non-blocking calls: 16 connections on one epoll, one statement on each. */
#include "db.h"

#include <mariadb/mysql.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

enum { CONNECTIONS = 16 };

typedef enum step { EXECUTE, STORE, FETCH } step;

typedef struct connection {
    MYSQL *mysql;
    MYSQL_STMT *statement;
    MYSQL_BIND parameter, result;
    uint64_t key;
    unsigned long length;
    char name[64];
    step step;
} connection;

static connection connections[CONNECTIONS];
static uint64_t asked, answered;

static bool connect_one(connection *c, const bench *b)
{
    c->mysql = mysql_init(NULL);
    mysql_options(c->mysql, MYSQL_OPT_NONBLOCK, 0);
    if (!mysql_real_connect(c->mysql, NULL, b->user, NULL, b->database, 0, b->socket, 0))
        return false;
    c->statement = mysql_stmt_init(c->mysql);
    if (mysql_stmt_prepare(c->statement, QUESTION, strlen(QUESTION)))
        return false;
    c->parameter = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &c->key };
    c->result = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_STRING,
                              .buffer = c->name,
                              .buffer_length = sizeof(c->name),
                              .length = &c->length };
    return !mysql_stmt_bind_param(c->statement, &c->parameter) &&
           !mysql_stmt_bind_result(c->statement, &c->result);
}

/* Begin the step, or go on with it (`events` not 0). Gives: what it waits for, 0: it is done; *failed. */
static int take_step(connection *c, int events, int *failed)
{
    switch (c->step) {
    case EXECUTE:
        return events ? mysql_stmt_execute_cont(failed, c->statement, events)
                      : mysql_stmt_execute_start(failed, c->statement);
    case STORE:
        return events ? mysql_stmt_store_result_cont(failed, c->statement, events)
                      : mysql_stmt_store_result_start(failed, c->statement);
    default:
        return events ? mysql_stmt_fetch_cont(failed, c->statement, events)
                      : mysql_stmt_fetch_start(failed, c->statement);
    }
}

/* As far as it goes without waiting. */
static bool go_on(connection *c, const bench *b, int events)
{
    for (;;) {
        int failed = 0;

        if (take_step(c, events, &failed))
            return true;
        events = 0;
        if (failed)
            return false;
        if (c->step++ < FETCH)
            continue;
        mysql_stmt_free_result(c->statement);
        answered++;
        c->step = EXECUTE;
        if (asked >= b->statements)
            return true;
        c->key = bench_key(b, asked++);
    }
}

int bench_libmariadb(const bench *b)
{
    struct epoll_event events[CONNECTIONS];
    int epoll = epoll_create1(0);

    for (int i = 0; i < CONNECTIONS; i++) {
        if (!connect_one(&connections[i], b))
            return -1;
        epoll_ctl(epoll, EPOLL_CTL_ADD, (int)mysql_get_socket(connections[i].mysql),
                  &(struct epoll_event){ .events = EPOLLIN, .data.ptr = &connections[i] });
    }
    bench_begin();
    for (int i = 0; i < CONNECTIONS; i++) {
        connections[i].key = bench_key(b, asked++);
        if (!go_on(&connections[i], b, 0))
            return -1;
    }
    while (answered < b->statements) {
        int ready = epoll_wait(epoll, events, CONNECTIONS, -1);

        for (int i = 0; i < ready; i++) {
            if (!go_on(events[i].data.ptr, b, MYSQL_WAIT_READ))
                return -1;
        }
    }
    return 0;
}

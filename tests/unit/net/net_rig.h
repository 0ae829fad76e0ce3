/* Running a test inside a task, and a listener that keeps what it accepts. */
#ifndef HOOT_TESTS_NET_RIG_H
#define HOOT_TESTS_NET_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/net.h"
#include "runtime/task.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef void (*test_fn)(void);

static int call_test(hoot_error *err, void *arg)
{
    (void)err;
    (*(test_fn *)arg)();
    return 0;
}

/* Descriptors that are open, to see that none is left. */
static inline int count_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = 0;

    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static inline void do_nothing(void)
{
}

static inline void run_in_task(test_fn test, bool virtual_clock)
{
    const hoot__loop_options options = { .virtual_clock = virtual_clock, .watchdog_ms = 10000 };
    test_fn nothing = do_nothing;
    hoot_error err = HOOT_ERROR_INIT;
    int before;

    /* The first loop of a process opens what libuv keeps for all of them. */
    assert_int_equal(hoot__loop_run(&options, call_test, &nothing, &err), 0);
    before = count_descriptors();
    assert_int_equal(hoot__loop_run(&options, call_test, &test, &err), 0);
    assert_int_equal(count_descriptors(), before);
}

/* --- listeners ----------------------------------------------------------------------------------- */

typedef struct inbox {
    hoot__listener *listener;
    int fd;
    uint16_t port;
    hoot_stream *accepted[64];
    int count;
    hoot_waiter *waiter;
} inbox;

static inline void on_accepted(hoot_stream *stream, void *user)
{
    inbox *in = user;

    assert_true(in->count < 64);
    in->accepted[in->count++] = stream;
    if (in->waiter)
        hoot_wake(in->waiter, 0);
}

static inline void wait_accepted(inbox *in, int count)
{
    while (in->count < count) {
        hoot_waiter waiter = HOOT_WAITER_INIT;

        in->waiter = &waiter;
        assert_int_equal(hoot_wait(&waiter), 0);
        in->waiter = NULL;
    }
}

static inline void listen_at(inbox *in, const char *where)
{
    hoot_error err = HOOT_ERROR_INIT;
    hoot__bind bind;
    char text[160];

    memset(in, 0, sizeof *in);
    assert_int_equal(hoot__bind_parse(where, &bind, &err), 0);
    in->fd = hoot__bind_open(&bind, false, 64, &err);
    if (in->fd < 0)
        fail_msg("%s", err.text);
    in->listener = hoot__listener_open(in->fd, on_accepted, in, &err);
    assert_non_null(in->listener);
    hoot__bind_describe(in->fd, text, sizeof text);
    if (strrchr(text, ':') && bind.kind == HOOT__BIND_TCP)
        in->port = (uint16_t)atoi(strrchr(text, ':') + 1);
}

static inline void listen_end(inbox *in)
{
    for (int i = 0; i < in->count; i++)
        hoot_stream_close(in->accepted[i]);
    hoot__listener_close(in->listener);
    hoot_yield();
    close(in->fd);
}

#endif

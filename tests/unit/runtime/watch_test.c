/* Descriptors that the loop watches: who is told, of what, and when no more. */
#include "support/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct pair {
    hoot__watch watch; /* of ends[0] */
    hoot__watch *other;
    int ends[2];
    uint32_t told;
    unsigned times;
} pair;

static pair *pair_of(hoot__watch *watch)
{
    return (pair *)(void *)((char *)watch - offsetof(pair, watch));
}

static void note(hoot__watch *watch, uint32_t events)
{
    pair *p = pair_of(watch);

    p->told = events;
    p->times++;
}

static void pair_open(pair *p, hoot__watch_fn ready)
{
    *p = (pair){ .watch.ready = ready };
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p->ends), 0);
    p->watch.fd = p->ends[0];
}

static void pair_close(pair *p)
{
    hoot__watch_end(&p->watch);
    close(p->ends[0]);
    close(p->ends[1]);
}

/* Let descriptors be looked at: each turn has its poll. */
static void pass_turns(void)
{
    for (int i = 0; i < 20; i++)
        assert_int_equal(hoot_yield(), 0);
}

static int watch_a_pair(hoot_error *err, void *arg)
{
    pair p;

    (void)err, (void)arg;
    pair_open(&p, note);
    assert_int_equal(hoot__watch_set(&p.watch, EPOLLIN), 0);
    pass_turns();
    assert_int_equal(p.times, 0);
    assert_int_equal(write(p.ends[1], "x", 1), 1);
    pass_turns();
    assert_true(p.times > 1); /* as long as it lasts */
    assert_int_equal(p.told, EPOLLIN);
    assert_int_equal(hoot__watch_set(&p.watch, EPOLLIN | EPOLLOUT), 0);
    pass_turns();
    assert_int_equal(p.told, EPOLLIN | EPOLLOUT);
    assert_int_equal(hoot__watch_set(&p.watch, EPOLLOUT), 0);
    pass_turns();
    assert_int_equal(p.told, EPOLLOUT);
    pair_close(&p);
    return 0;
}

static void tells_of_what_is_wanted_as_long_as_it_lasts(void **state)
{
    (void)state;
    assert_int_equal(hoot_run(watch_a_pair, NULL, NULL), 0);
}

static int want_nothing(hoot_error *err, void *arg)
{
    pair p;

    (void)err, (void)arg;
    pair_open(&p, note);
    assert_int_equal(hoot__watch_set(&p.watch, EPOLLIN), 0);
    assert_int_equal(hoot__watch_set(&p.watch, 0), 0);
    assert_int_equal(p.watch.known, EPOLLIN); /* nothing has come: the system was not bothered */
    close(p.ends[1]);
    p.ends[1] = -1;
    pass_turns();
    assert_int_equal(p.times, 0);
    assert_int_equal(p.watch.known, 0); /* a hang-up that nobody wants to know of does not come each turn */
    assert_int_equal(hoot__watch_set(&p.watch, EPOLLIN), 0);
    pass_turns();
    assert_int_equal(p.told & EPOLLHUP, EPOLLHUP);
    pair_close(&p);
    return 0;
}

static void tells_the_system_of_less_only_when_it_matters(void **state)
{
    (void)state;
    assert_int_equal(hoot_run(want_nothing, NULL, NULL), 0);
}

static void end_other(hoot__watch *watch, uint32_t events)
{
    pair *p = pair_of(watch);

    note(watch, events);
    hoot__watch_end(p->other);
    hoot__watch_end(watch);
}

static int end_each_other(hoot_error *err, void *arg)
{
    pair a, b;

    (void)err, (void)arg;
    pair_open(&a, end_other);
    pair_open(&b, end_other);
    a.other = &b.watch;
    b.other = &a.watch;
    assert_int_equal(hoot__watch_set(&a.watch, EPOLLIN), 0);
    assert_int_equal(hoot__watch_set(&b.watch, EPOLLIN), 0);
    assert_int_equal(write(a.ends[1], "x", 1), 1);
    assert_int_equal(write(b.ends[1], "x", 1), 1);
    pass_turns();
    assert_int_equal(a.times + b.times, 1); /* both were ready in the same turn */
    pair_close(&a);
    pair_close(&b);
    return 0;
}

static void one_that_was_ended_is_not_told_any_more(void **state)
{
    (void)state;
    assert_int_equal(hoot_run(end_each_other, NULL, NULL), 0);
}

static int watch_a_file(hoot_error *err, void *arg)
{
    hoot__watch watch = { .ready = note, .fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC) };

    (void)err, (void)arg;
    assert_int_equal(hoot__watch_set(&watch, EPOLLIN), -EPERM);
    assert_int_equal(watch.wanted, 0);
    hoot__watch_end(&watch);
    close(watch.fd);
    return 0;
}

static void says_when_a_descriptor_cannot_be_watched(void **state)
{
    (void)state;
    assert_int_equal(hoot_run(watch_a_file, NULL, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_of_what_is_wanted_as_long_as_it_lasts),
        cmocka_unit_test(tells_the_system_of_less_only_when_it_matters),
        cmocka_unit_test(one_that_was_ended_is_not_told_any_more),
        cmocka_unit_test(says_when_a_descriptor_cannot_be_watched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

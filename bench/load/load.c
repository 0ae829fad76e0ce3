/* One thread, one epoll, edge-triggered: a connection is registered once for all.
 *
 * Without a rate each connection has one request under way, and its next one follows the answer (a closed
 * loop): the most that the server can do, and a latency that is only the number of connections divided by
 * that. With a rate requests have a time at which they are due, at a constant pace whatever the server does
 * (an open loop). A request goes out on the connection that is idle for longest, so that all of them are
 * used; where none is idle it waits, and that wait is in its latency, which counts from the time it was due.
 *
 * What the load generator is late itself is no latency of the server: the time of a request that an idle
 * connection waited for begins when it is sent, and an answer's is when it came to the kernel (at a rate).
 * How late requests were sent is told apart. */
#include "load.h"

#include "answer.h"
#include "arrival.h"
#include "stalls.h"
#include "windows.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define IN_BYTES     ((size_t)256 * 1024)
#define HEAD_LIMIT   ((size_t)16 * 1024)
#define SECOND_NS    1000000000u
#define GIVE_UP_NS   (10u * (uint64_t)SECOND_NS)
#define WARM_NS      (5u * (uint64_t)SECOND_NS) /* a slow server has so long to answer each connection once */
#define TURN_NS      ((uint64_t)SECOND_NS / 100)
#define ASK_NS       ((uint64_t)SECOND_NS / 1000) /* how often begin() is called */
#define NO_SUCH_TIME UINT64_MAX

typedef struct connection {
    int fd;
    answer answer;
    const request *request; /* under way; NULL: idle */
    uint64_t from_ns;       /* when it was sent or, if no connection was idle, due */
    uint64_t due_ns;        /* when it was due, at a rate */
    size_t sent;
    unsigned answers; /* still to come */
    bool ending;      /* answered, and the server closes it */
    char *held;       /* the beginning of an answer's head */
    size_t held_len;
} connection;

static const options *o;
static load_result *result;
static int epoll;
static connection *connections;
static connection **idle; /* a ring; empty without a rate */
static size_t idle_at, idle_count, next_request;
static uint64_t now_ns, arrived_ns, begin_ns = NO_SUCH_TIME, end_ns = NO_SUCH_TIME;
static uint64_t answered;          /* of all time */
static uint64_t due_ns, due_count; /* the next request at a rate; how many of the measured ones were due */
static uint64_t idle_ns;           /* since when a connection has been idle all the time */
static windows latencies;          /* at a rate, and when cores are watched */
static char in[IN_BYTES];

static uint64_t read_clock(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
}

static bool measuring(uint64_t ns)
{
    return ns >= begin_ns && ns < end_ns;
}

/* --- connections --- */

static bool open_connection(connection *c, int flags)
{
    const struct sockaddr_in address = { .sin_family = AF_INET,
                                         .sin_port = htons((uint16_t)o->port),
                                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    if (c->fd < 0 ||
        (connect(c->fd, (const struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS))
        return false;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
    if (o->rate > 0)
        arrival_watch(c->fd);
    c->answer = (answer){ 0 };
    c->ending = false;
    c->held_len = 0;
    return epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd,
                     &(struct epoll_event){ .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                            .data.ptr = c }) == 0;
}

static void begin_request(connection *c, uint64_t from, uint64_t due);

/* Idle, and so ready for what is due, or due already. */
static void rest(connection *c)
{
    c->request = NULL;
    if (o->rate > 0) {
        idle_ns = idle_count == 0 ? now_ns : idle_ns;
        idle[(idle_at + idle_count++) % o->connections] = c;
    } else if (now_ns < end_ns) {
        begin_request(c, now_ns, now_ns);
    }
}

/* The server closed the connection, or it broke: another one takes its place. What was under way is lost. */
static void replace(connection *c)
{
    bool rests = c->request || c->ending;

    answered += c->request != NULL; /* as it ever will be */
    if (c->request && measuring(now_ns))
        result->lost++;
    close(c->fd);
    if (!open_connection(c, SOCK_NONBLOCK))
        exit(3);
    if (rests)
        rest(c);
}

/* --- requests --- */

static void flush(connection *c)
{
    while (c->request && c->sent < c->request->len) {
        ssize_t n =
            send(c->fd, c->request->bytes + c->sent, c->request->len - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0)
            return; /* later; when it broke, the next read tells */
        c->sent += (size_t)n;
    }
}

static void begin_request(connection *c, uint64_t from, uint64_t due)
{
    c->request = &o->requests[next_request];
    next_request = next_request + 1 < o->request_count ? next_request + 1 : 0;
    c->from_ns = from;
    c->due_ns = due;
    c->sent = 0;
    c->answers = c->request->answers;
    flush(c);
}

static void count_latency(const connection *c)
{
    uint64_t ns = arrived_ns > c->from_ns ? arrived_ns - c->from_ns : 0;

    histogram_add(&result->latency, ns);
    if (latencies.each)
        windows_add(&latencies, c->due_ns, ns);
}

static void count_answer(const connection *c)
{
    answered++;
    if (!measuring(o->rate > 0 ? c->due_ns : now_ns))
        return;
    if (c->answer.status < 200 || c->answer.status > 399)
        result->bad_status++;
    else
        count_latency(c);
}

/* Gives: false, when the connection is of no use any more. */
static bool end_answer(connection *c)
{
    bool closes = c->answer.closes || o->one_each;

    if (c->answers == 0)
        return false; /* nobody asked */
    count_answer(c);
    if (--c->answers > 0)
        return true;
    if (closes) {
        c->request = NULL;
        c->ending = true;
    } else {
        rest(c);
    }
    return true;
}

/* --- answers --- */

static bool hold(connection *c, const char *data, size_t len)
{
    if (len == 0) {
        c->held_len = 0;
        return true;
    }
    if (!c->held && !(c->held = malloc(HEAD_LIMIT)))
        return false;
    if (len > HEAD_LIMIT)
        return false;
    memmove(c->held, data, len);
    c->held_len = len;
    return true;
}

static bool take(connection *c, const char *data, size_t len)
{
    bool done;

    while (len > 0) {
        ssize_t used = answer_read(&c->answer, data, len, &done);

        if (used < 0 || (done && !end_answer(c)))
            return false;
        if (used == 0)
            break;
        data += used;
        len -= (size_t)used;
    }
    return hold(c, data, len);
}

/* Gives: false at the end of the connection. */
static bool receive(connection *c)
{
    ssize_t n;

    do {
        if (c->held_len)
            memcpy(in, c->held, c->held_len);
        arrived_ns = now_ns;
        n = o->rate > 0 ? arrival_read(c->fd, in + c->held_len, IN_BYTES - c->held_len, &arrived_ns)
                        : recv(c->fd, in + c->held_len, IN_BYTES - c->held_len, MSG_DONTWAIT);
        if (n <= 0)
            return n < 0 && errno == EAGAIN;
        result->bytes_in += measuring(now_ns) ? (uint64_t)n : 0;
        if (!take(c, in, c->held_len + (size_t)n))
            return false;
    } while ((size_t)n == IN_BYTES - c->held_len);
    return true;
}

static void serve(connection *c, uint32_t events)
{
    bool alive = true;

    now_ns = read_clock(CLOCK_MONOTONIC);
    if (events & EPOLLIN)
        alive = receive(c);
    if (alive && events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        alive = receive(c); /* what came with the end; then the end */
    if (!alive)
        replace(c);
    else if (events & EPOLLOUT)
        flush(c);
}

/* --- time --- */

/* Send what is due on the connection that is idle for longest. */
static void send_one(void)
{
    connection *c = idle[idle_at];
    bool waited = idle_ns > due_ns; /* for a connection */

    idle_at = idle_at + 1 < o->connections ? idle_at + 1 : 0;
    idle_count--;
    if (measuring(due_ns)) {
        due_count++;
        histogram_add(&result->sent_late, now_ns - (waited ? idle_ns : due_ns));
    }
    begin_request(c, waited ? due_ns : now_ns, due_ns);
    due_ns += (uint64_t)(SECOND_NS / o->rate);
}

static void send_due(void)
{
    while (o->rate > 0 && due_ns <= now_ns && due_ns < end_ns && idle_count > 0)
        send_one();
}

/* Until when nothing needs to be done, unless something comes. */
static void wait_for_events(struct epoll_event *events, int *out_count, uint64_t until_ns)
{
    struct timespec wait;
    uint64_t ns;

    if (o->rate > 0 && idle_count > 0 && due_ns < until_ns)
        until_ns = due_ns;
    ns = until_ns > now_ns ? until_ns - now_ns : 0;
    wait = (struct timespec){ .tv_sec = (time_t)(ns / SECOND_NS), .tv_nsec = (long)(ns % SECOND_NS) };
    *out_count = epoll_pwait2(epoll, events, 256, &wait, NULL);
}

static void run_until(uint64_t until_ns)
{
    static struct epoll_event events[256];
    int count;

    for (;;) {
        now_ns = read_clock(CLOCK_MONOTONIC);
        if (now_ns >= until_ns)
            return;
        send_due();
        wait_for_events(events, &count, until_ns);
        for (int i = 0; i < count; i++) {
            serve(events[i].data.ptr, events[i].events);
            send_due();
        }
    }
}

/* At a rate: those that are due and have no answer yet. */
static uint64_t count_open(void)
{
    uint64_t due =
        o->rate > 0 ? (uint64_t)((double)o->measured_ns / (double)(uint64_t)(SECOND_NS / o->rate)) : 0;
    uint64_t done = result->latency.count + result->bad_status + result->lost;

    due = due_count > due ? due_count : due;
    return due > done ? due - done : 0;
}

/* Without a rate: on, until so many answers are there, or there is no time left. What so many connections are
 * answered in turns by a slow server comes in waves; a part of a wave is no measure. */
static void run_until_answered(uint64_t answers, uint64_t until_ns)
{
    while (o->rate == 0 && answered < answers && now_ns < until_ns)
        run_until(now_ns + TURN_NS);
}

/* --- the whole --- */

bool load_open(const options *asked)
{
    o = asked;
    epoll = epoll_create1(EPOLL_CLOEXEC);
    connections = calloc(o->connections, sizeof *connections);
    idle = calloc(o->connections, sizeof *idle);
    if (epoll < 0 || !connections || !idle)
        return false;
    for (unsigned i = 0; i < o->connections; i++)
        if (!open_connection(&connections[i], 0))
            return false;
    return true;
}

/* Warm up, and wait until the measured time begins. */
static void run_before(bool (*begin)(void))
{
    now_ns = due_ns = read_clock(CLOCK_MONOTONIC);
    for (unsigned i = 0; i < o->connections; i++)
        rest(&connections[i]);
    run_until(now_ns + o->warmup_ns);
    run_until_answered(o->connections, now_ns + WARM_NS);
    while (!begin())
        run_until(now_ns + ASK_NS);
}

/* The measured time. */
static void run_measured(void)
{
    uint64_t cpu_ns = read_clock(CLOCK_PROCESS_CPUTIME_ID), until, answers;

    begin_ns = latencies.begin_ns = read_clock(CLOCK_MONOTONIC);
    until = begin_ns + o->measured_ns;
    if (o->rate > 0)
        end_ns = until;
    answers = answered + (uint64_t)2 * o->connections;
    run_until(until);
    run_until_answered(answers, until + 2 * o->measured_ns);
    end_ns = o->rate > 0 ? until : read_clock(CLOCK_MONOTONIC);
    result->measured_ns = end_ns - begin_ns;
    result->own_cpu_ns = read_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu_ns;
}

void load_run(load_result *out, bool (*begin)(void), void (*end)(void))
{
    result = out;
    prctl(PR_SET_TIMERSLACK, 1);
    out->paced = o->rate > 0;
    out->watched =
        o->watch && out->paced && windows_open(&latencies, o->measured_ns) && stalls_watch(o->watch);
    run_before(begin);
    run_measured();
    end();
    for (uint64_t give_up = end_ns + GIVE_UP_NS; count_open() > 0 && now_ns < give_up;)
        run_until(now_ns + TURN_NS);
    out->unanswered = count_open();
    if (out->watched) {
        stalls_end();
        out->left_out = windows_undisturbed(&latencies, &out->undisturbed);
        out->stalled_ns = stalls_sum(begin_ns, end_ns);
    }
}

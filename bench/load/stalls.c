/* A thread for each core wakes up every half a millisecond, in front of all ordinary threads there: it has a
 * real-time priority. Where it wakes up late nobody ran on that core, for what keeps it from running is no
 * other program but the host of a virtual machine that gave the processor to somebody else, or, seldom, the
 * kernel's own work. The system's count of stolen time, in /proc/stat, has steps of 10 ms and does not say
 * when.
 *
 * A server at half load needs as long as it stalled to catch up with what waits; it is given twice that, and
 * what it has not caught up with when the next stall comes is added to that one's. */
#include "stalls.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#define PRIORITY   50 /* of real-time ones: in front of all that is ordinary */
#define TICK_NS    500000u
#define LATE_NS    300000u /* less is a processor that wakes up, or an interrupt */
#define MAX_CORES  16
#define MAX_STALLS 65536
#define SECOND_NS  1000000000u

typedef struct stall {
    uint64_t from_ns, until_ns;
} stall;

typedef struct watcher {
    pthread_t thread;
    size_t count;
    stall *stalls; /* at most MAX_STALLS: what comes later makes the last one longer */
} watcher;

static watcher watchers[MAX_CORES];
static size_t watcher_count;
static atomic_bool ending;

static uint64_t read_clock(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
}

static void wait_until(uint64_t ns)
{
    const struct timespec t = { .tv_sec = (time_t)(ns / SECOND_NS), .tv_nsec = (long)(ns % SECOND_NS) };

    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static void remember(watcher *w, uint64_t from_ns, uint64_t until_ns)
{
    if (w->count < MAX_STALLS)
        w->stalls[w->count++] = (stall){ from_ns, until_ns };
    else
        w->stalls[MAX_STALLS - 1].until_ns = until_ns;
}

static void *watch(void *user)
{
    watcher *w = user;

    for (uint64_t ns = read_clock(), due_ns; !atomic_load(&ending);) {
        due_ns = ns + TICK_NS;
        wait_until(due_ns);
        ns = read_clock();
        if (ns > due_ns + LATE_NS)
            remember(w, due_ns - TICK_NS, ns); /* it began after the last tick */
    }
    return NULL;
}

static bool start(unsigned long core)
{
    watcher *w = &watchers[watcher_count];
    pthread_attr_t attr;
    cpu_set_t cores;
    bool right;

    CPU_ZERO(&cores);
    CPU_SET(core, &cores);
    w->stalls = calloc(MAX_STALLS, sizeof *w->stalls);
    if (!w->stalls || pthread_attr_init(&attr))
        return false;
    right = pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED) == 0 &&
            pthread_attr_setschedpolicy(&attr, SCHED_FIFO) == 0 &&
            pthread_attr_setschedparam(&attr, &(struct sched_param){ .sched_priority = PRIORITY }) == 0 &&
            pthread_attr_setaffinity_np(&attr, sizeof cores, &cores) == 0 &&
            pthread_create(&w->thread, &attr, watch, w) == 0;
    pthread_attr_destroy(&attr);
    watcher_count += right;
    return right;
}

bool stalls_watch(const char *cores)
{
    char *end = NULL;

    for (const char *at = cores; *at; at = *end == ',' ? end + 1 : end) {
        unsigned long core = strtoul(at, &end, 10);

        if (end == at || core >= CPU_SETSIZE || watcher_count == MAX_CORES || !start(core)) {
            stalls_end();
            return false;
        }
    }
    return watcher_count > 0;
}

void stalls_end(void)
{
    atomic_store(&ending, true);
    for (size_t i = 0; i < watcher_count; i++)
        pthread_join(watchers[i].thread, NULL);
}

static bool disturbed(const watcher *w, uint64_t from_ns, uint64_t until_ns)
{
    uint64_t clear_ns = 0; /* all caught up */

    for (const stall *s = w->stalls; s < w->stalls + w->count && s->from_ns < until_ns; s++) {
        clear_ns = (clear_ns > s->from_ns ? clear_ns : s->from_ns) + 3 * (s->until_ns - s->from_ns);
        if (clear_ns > from_ns)
            return true;
    }
    return false;
}

bool stalls_disturbed(uint64_t from_ns, uint64_t until_ns)
{
    for (const watcher *w = watchers; w < watchers + watcher_count; w++)
        if (disturbed(w, from_ns, until_ns))
            return true;
    return false;
}

uint64_t stalls_sum(uint64_t from_ns, uint64_t until_ns)
{
    uint64_t sum = 0;

    for (const watcher *w = watchers; w < watchers + watcher_count; w++)
        for (const stall *s = w->stalls; s < w->stalls + w->count; s++)
            if (s->from_ns >= from_ns && s->from_ns < until_ns)
                sum += s->until_ns - s->from_ns - TICK_NS;
    return sum;
}

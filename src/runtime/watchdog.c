/* The watchdog: tells which task held the loop for too long, and where.
 *
 * A thread looks at the loop several times per limit. The loop counts its switches; the same task on the
 * processor with the same count at looks that are the limit apart has held it. The thread then sends SIGURG
 * (ignored by default, so a stray one harms nobody) to the loop's thread, whose handler only notes the return
 * addresses; naming them and logging happen on the watchdog's own thread. One report a hold. While nothing
 * runs (the loop polls, a task waits, work is offloaded) there is nothing to report. A program that uses
 * SIGURG itself gets reports without the place. */
#include "runtime/internal.h"

#include "base/alloc.h"

#include <hoot/log.h>

#include <execinfo.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define LOOKS_PER_LIMIT 4
#define FRAMES          24
#define NAME_KEPT       120
#define PLACE_BYTES     3072

/* A report goes from wanted (the thread asks) to noted (the handler answered) to none again. */
enum { NONE, WANTED, NOTED };

struct hoot__watchdog {
    hoot__loop *loop;
    pthread_t loop_thread, thread;
    pthread_mutex_t mutex;
    pthread_cond_t stop_asked;
    bool stop;
    bool signal_usable;
    uint32_t limit_ms;
    atomic_int report;
    uint64_t wanted_switch; /* the hold that the report is about */
    int frame_count;
    void *frames[FRAMES];
    char name[NAME_KEPT + 1];
    char place[PLACE_BYTES];
};

static void note_place(int number)
{
    hoot__watchdog *dog = hoot__this_loop ? hoot__this_loop->watchdog : NULL;
    const hoot_task *task = hoot_current_task();

    (void)number;
    if (!dog || !task || atomic_load(&dog->report) != WANTED || dog->loop->switches != dog->wanted_switch)
        return;
    dog->frame_count = backtrace(dog->frames, FRAMES);
    strncpy(dog->name, task->name, NAME_KEPT);
    atomic_store(&dog->report, NOTED);
}

/* Give the signal our handler, unless somebody else has it. Process-wide, once. */
static bool signal_ours;

static void install(void)
{
    struct sigaction now, ours = { .sa_flags = SA_RESTART | SA_ONSTACK };
    void *frame;

    backtrace(&frame, 1); /* the first call loads a library, which a handler must not */
    sigemptyset(&ours.sa_mask);
    ours.sa_handler = note_place;
    if (sigaction(SIGURG, NULL, &now) == 0 && !(now.sa_flags & SA_SIGINFO) && now.sa_handler == SIG_DFL)
        signal_ours = sigaction(SIGURG, &ours, NULL) == 0;
}

/* "libx.so(load+0x1c) [0x55..]" -> "load+0x1c", or the whole when there is no name. Gives the length written.
 */
static int short_symbol(char *to, size_t size, const char *symbol)
{
    const char *open = strchr(symbol, '('), *close = open ? strchr(open, ')') : NULL;
    int rc;

    if (close && close > open + 1 && open[1] != '+')
        rc = snprintf(to, size, " < %.*s", (int)(close - open - 1), open + 1);
    else
        rc = snprintf(to, size, " < %s", symbol);
    return rc > 0 && (size_t)rc < size ? rc : 0;
}

/* The frames as text, innermost first, without the handler's own two. */
static void describe_place(hoot__watchdog *dog)
{
    char **symbols = backtrace_symbols(dog->frames, dog->frame_count);
    size_t used = 0;

    dog->place[0] = '\0';
    for (int i = 2; symbols && i < dog->frame_count; i++)
        used += (size_t)short_symbol(dog->place + used, sizeof dog->place - used, symbols[i]);
    free(symbols);
}

static void log_report(hoot__watchdog *dog)
{
    describe_place(dog);
    hoot_log_warning("task \"%s\" held the loop for more than %u ms; it was at%s", dog->name, dog->limit_ms,
                     dog->place[0] ? dog->place + 2 : " an unknown place");
    atomic_store(&dog->report, NONE);
}

/* What the thread remembers between two looks. */
struct looks {
    uint64_t seen_switch;
    unsigned same;     /* looks at which it was the same */
    bool was_reported; /* this hold */
};

static void ask(hoot__watchdog *dog, uint64_t switches)
{
    dog->wanted_switch = switches;
    dog->frame_count = 0;
    atomic_store(&dog->report, WANTED);
    if (!dog->signal_usable || pthread_kill(dog->loop_thread, SIGURG) != 0) {
        hoot_log_warning("a task held the loop for more than %u ms", dog->limit_ms);
        atomic_store(&dog->report, NONE);
    }
}

static void look(hoot__watchdog *dog, struct looks *looks)
{
    const hoot_task *running = __atomic_load_n(&dog->loop->running, __ATOMIC_RELAXED);
    uint64_t switches = __atomic_load_n(&dog->loop->switches, __ATOMIC_RELAXED);

    if (atomic_load(&dog->report) == NOTED)
        log_report(dog);
    if (!running || switches != looks->seen_switch) {
        *looks = (struct looks){ .seen_switch = switches };
        return;
    }
    if (++looks->same <= LOOKS_PER_LIMIT || looks->was_reported)
        return;
    looks->was_reported = true;
    ask(dog, switches);
}

/* Sleep until the next look. Gives false when it is time to stop. */
static bool sleep_a_little(hoot__watchdog *dog)
{
    struct timespec until;
    uint64_t ns = (uint64_t)dog->limit_ms * 1000000 / LOOKS_PER_LIMIT;

    clock_gettime(CLOCK_MONOTONIC, &until);
    ns += (uint64_t)until.tv_nsec;
    until.tv_sec += (time_t)(ns / 1000000000);
    until.tv_nsec = (long)(ns % 1000000000);
    while (!dog->stop)
        if (pthread_cond_timedwait(&dog->stop_asked, &dog->mutex, &until) != 0)
            break;
    return !dog->stop;
}

static void *watch(void *arg)
{
    hoot__watchdog *dog = arg;
    struct looks looks = { 0 };

    pthread_mutex_lock(&dog->mutex);
    while (sleep_a_little(dog)) {
        pthread_mutex_unlock(&dog->mutex);
        look(dog, &looks);
        pthread_mutex_lock(&dog->mutex);
    }
    pthread_mutex_unlock(&dog->mutex);
    if (atomic_load(&dog->report) == NOTED)
        log_report(dog);
    return NULL;
}

/* A thread that takes no signals: those are for the loop's. */
static int start_thread(hoot__watchdog *dog)
{
    sigset_t all, before;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&dog->thread, NULL, watch, dog);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

hoot__watchdog *hoot__watchdog_start(hoot__loop *loop, uint32_t limit_ms)
{
    static uv_once_t once = UV_ONCE_INIT;
    hoot__watchdog *dog = loop->stacks.on_valgrind ? NULL : hoot__calloc(1, sizeof *dog);
    pthread_condattr_t monotonic;

    if (!dog)
        return NULL;
    uv_once(&once, install);
    dog->loop = loop;
    dog->loop_thread = pthread_self();
    dog->limit_ms = limit_ms;
    dog->signal_usable = signal_ours;
    pthread_mutex_init(&dog->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&dog->stop_asked, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (start_thread(dog) == 0)
        return dog;
    pthread_cond_destroy(&dog->stop_asked);
    pthread_mutex_destroy(&dog->mutex);
    hoot__free(dog);
    return NULL;
}

void hoot__watchdog_stop(hoot__watchdog *dog)
{
    if (!dog)
        return;
    pthread_mutex_lock(&dog->mutex);
    dog->stop = true;
    pthread_cond_signal(&dog->stop_asked);
    pthread_mutex_unlock(&dog->mutex);
    pthread_join(dog->thread, NULL);
    pthread_cond_destroy(&dog->stop_asked);
    pthread_mutex_destroy(&dog->mutex);
    hoot__free(dog);
}

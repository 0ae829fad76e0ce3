/* The master.
 *
 * A slot is a worker's place: its sockets and its number. In a slot there is at most one `serving` child (it
 * has said that it is ready) and one `coming` child (started, not ready yet). Children that were told to
 * drain belong to no slot any more; they end by themselves or are killed when their time is over.
 *
 *   nothing --spawn--> coming --ready--> serving --told to stop--> draining --> gone
 *
 * A rolling restart walks the slots: start a child beside the one that serves, on the same sockets; when it
 * is ready the old one drains. Since both accept from the same queue, no connection is ever without an owner.
 * A new child that does not come up ends the restart, and the old one goes on.
 *
 * A child that dies unasked is replaced at once; one that dies young again and again is replaced ever more
 * slowly. At the very first start a child that fails ends the whole start: a wrong configuration must not
 * look like a running service. */
#include "server/master.h"

#include "base/alloc.h"
#include "server/child.h"

#include <hoot/log.h>

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define YOUNG_MS         5000  /* a child that dies before is a failed start */
#define RESPAWN_FIRST_MS 100   /* doubled with each failed start ... */
#define RESPAWN_LAST_MS  10000 /* ... up to here */
#define KILL_MARGIN_MS   5000  /* after the drain time, before SIGKILL */

typedef struct master master;

typedef struct slot {
    master *master;
    hoot__child *serving;
    hoot__child *coming;
    uint32_t failed_starts;
    bool suspended; /* its sockets take no connections: nobody would accept them for a while */
    uv_timer_t respawn;
} slot;

struct master {
    uv_loop_t loop;
    const hoot__serve_config *config;
    const hoot__sockets *sockets;
    char binary[PATH_MAX];
    slot *slots;
    hoot__child *children; /* all that live */
    uv_signal_t term, intr, hup;
    uv_timer_t kill_timer; /* children that drain for too long */
    bool announced;        /* every worker was ready once */
    bool stopping;
    bool rolling;
    bool roll_again; /* SIGHUP came during a rolling restart */
    size_t rolling_slot;
    int status;
};

static void spawn(slot *s);
static void roll_next(master *m);

static size_t number_of(const slot *s)
{
    return (size_t)(s - s->master->slots);
}

/* --- stopping --- */

static void close_handle(uv_handle_t *handle, void *unused)
{
    (void)unused;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void leave_when_empty(master *m)
{
    if (!m->stopping || m->children)
        return;
    uv_walk(&m->loop, close_handle, NULL);
    hoot__ignore_late_signals();
}

static void watch_lateness(master *m)
{
    if (!uv_is_active((uv_handle_t *)&m->kill_timer))
        uv_timer_again(&m->kill_timer);
}

static void stop_child(master *m, hoot__child *child)
{
    if (!child->stopping) {
        child->stop_ms = uv_now(&m->loop);
        hoot__child_stop(child);
    }
    watch_lateness(m);
}

static void stop(master *m, int status)
{
    if (m->stopping)
        return;
    m->stopping = true;
    m->status = status;
    for (uint32_t i = 0; i < m->config->workers; i++)
        uv_timer_stop(&m->slots[i].respawn);
    for (hoot__child *child = m->children; child; child = child->next)
        stop_child(m, child);
    for (uint32_t i = 0; i < m->config->workers; i++)
        hoot__refuse_connections(m->config, hoot__sockets_of(m->sockets, i));
    leave_when_empty(m);
}

static bool is_late(const master *m, const hoot__child *child)
{
    if (child->stopping)
        return uv_now(&m->loop) - child->stop_ms > m->config->drain_ms + KILL_MARGIN_MS;
    return !child->ready && uv_now(&m->loop) - child->started_ms > m->config->start_ms;
}

/* Looks once a second at the children that drain or are not ready yet. */
static void kill_late_children(uv_timer_t *timer)
{
    master *m = timer->data;
    bool waiting = false;

    for (hoot__child *child = m->children; child; child = child->next) {
        waiting |= child->stopping || !child->ready;
        if (is_late(m, child)) {
            hoot_log_error("worker %zu (pid %d) %s in time: killed", child->worker + 1, child->process.pid,
                           child->stopping ? "did not leave" : "was not ready");
            hoot__child_kill(child);
        }
    }
    if (!waiting)
        uv_timer_stop(timer);
}

/* --- children --- */

static void announce(master *m)
{
    for (uint32_t i = 0; i < m->config->workers; i++)
        if (!m->slots[i].serving)
            return;
    m->announced = true;
    for (size_t b = 0; b < m->config->bind_count; b++) {
        char where[160];

        hoot__bind_describe(hoot__sockets_of(m->sockets, 0)[b], where, sizeof where);
        hoot_log_info("%s serves on %s with %u worker%s (pid %d)", m->config->name, where, m->config->workers,
                      m->config->workers == 1 ? "" : "s", (int)getpid());
    }
}

static void child_ready(hoot__child *child, void *user)
{
    slot *s = user;
    master *m = s->master;
    hoot__child *old = s->serving;

    if (child != s->coming || m->stopping)
        return;
    s->coming = NULL;
    s->serving = child;
    if (old)
        stop_child(m, old);
    if (!m->announced)
        announce(m);
    if (m->rolling && number_of(s) == m->rolling_slot) {
        m->rolling_slot++;
        roll_next(m);
    }
}

static void unlink_child(master *m, hoot__child *child)
{
    hoot__child **at = &m->children;

    while (*at != child)
        at = &(*at)->next;
    *at = child->next;
}

static const char *describe_end(int status, int signal, char *text, size_t size)
{
    if (signal)
        snprintf(text, size, "was ended by signal %d (%s)", signal, strsignal(signal));
    else
        snprintf(text, size, "left with status %d", status);
    return text;
}

static void respawn_due(uv_timer_t *timer)
{
    spawn(timer->data);
}

static void respawn(slot *s, uint64_t lived_ms)
{
    uint64_t wait = 0;

    s->failed_starts = lived_ms < YOUNG_MS ? s->failed_starts + 1 : 0;
    if (s->failed_starts > 1) {
        uint32_t doublings = s->failed_starts - 2 < 16 ? s->failed_starts - 2 : 16;

        wait = (uint64_t)RESPAWN_FIRST_MS << doublings;
        wait = wait < RESPAWN_LAST_MS ? wait : RESPAWN_LAST_MS;
        hoot__sockets_suspend(s->master->sockets, number_of(s));
        s->suspended = true;
    }
    uv_timer_start(&s->respawn, respawn_due, wait, 0);
}

static void new_child_failed(slot *s, hoot__child *child, const char *how, int status)
{
    master *m = s->master;

    s->coming = NULL;
    if (!m->announced) {
        hoot_log_error("worker %zu %s before it was ready: giving up", child->worker + 1, how);
        stop(m, status == 2 ? 2 : 1);
    } else if (s->serving) {
        hoot_log_error(
            "the new worker %zu %s before it was ready: the old one goes on, the restart ends here",
            child->worker + 1, how);
        m->rolling = m->roll_again = false;
    } else {
        hoot_log_error("worker %zu (pid %d) %s before it was ready", child->worker + 1, child->process.pid,
                       how);
        respawn(s, 0);
    }
}

static void child_ended(hoot__child *child, int status, int signal, void *user)
{
    slot *s = user;
    master *m = s->master;
    char text[96];
    const char *how = describe_end(status, signal, text, sizeof text);

    unlink_child(m, child);
    if (m->stopping) {
        /* SIGTERM is what it was told: twice, where the whole group was, and the second one may find it
         * before or after it looks at signals. */
        if (status || (signal && signal != SIGTERM))
            hoot_log_warning("worker %zu (pid %d) %s", child->worker + 1, child->process.pid, how);
        leave_when_empty(m);
    } else if (child == s->coming) {
        new_child_failed(s, child, how, status);
    } else if (child == s->serving) {
        s->serving = NULL;
        hoot_log_error("worker %zu (pid %d) %s: it is replaced", child->worker + 1, child->process.pid, how);
        if (!s->coming)
            respawn(s, uv_now(&m->loop) - child->started_ms);
    } else if (status || signal) {
        hoot_log_warning("replaced worker %zu (pid %d) %s", child->worker + 1, child->process.pid, how);
    }
}

static void spawn(slot *s)
{
    static const hoot__child_events events = { child_ready, child_ended };
    master *m = s->master;
    hoot_error err = HOOT_ERROR_INIT;

    uv_update_time(&m->loop);
    if (s->suspended)
        hoot__sockets_resume(m->sockets, number_of(s), (int)m->config->backlog);
    s->suspended = false;
    s->coming = hoot__child_spawn(&m->loop, m->config, m->binary, number_of(s),
                                  hoot__sockets_of(m->sockets, number_of(s)), &events, s, &err);
    if (s->coming) {
        s->coming->next = m->children;
        m->children = s->coming;
        watch_lateness(m);
        return;
    }
    hoot_log_error("%s", err.text);
    if (!m->announced)
        stop(m, 1);
    else if (s->serving)
        m->rolling = m->roll_again = false;
    else
        respawn(s, 0);
}

/* --- the rolling restart --- */

static void roll_next(master *m)
{
    while (m->rolling && m->rolling_slot < m->config->workers) {
        slot *s = &m->slots[m->rolling_slot];

        if (s->coming) /* a replacement of a dead one: it runs the new binary already */
            return;
        if (s->serving) {
            spawn(s);
            return;
        }
        m->rolling_slot++; /* dead, and its replacement is due */
    }
    if (!m->rolling)
        return;
    m->rolling = m->roll_again;
    m->roll_again = false;
    hoot_log_info("every worker was replaced%s", m->rolling ? "; again, as asked meanwhile" : "");
    if (m->rolling) {
        m->rolling_slot = 0;
        roll_next(m);
    }
}

static void hup_came(uv_signal_t *handle, int number)
{
    master *m = handle->data;

    (void)number;
    if (m->stopping || !m->announced)
        return;
    if (m->rolling) {
        hoot_log_info("SIGHUP: a restart is under way; one more follows");
        m->roll_again = true;
        return;
    }
    hoot_log_info("SIGHUP: replacing the workers one by one with %s", m->binary);
    m->rolling = true;
    m->rolling_slot = 0;
    roll_next(m);
}

static void stop_came(uv_signal_t *handle, int number)
{
    master *m = handle->data;

    if (m->stopping && number == SIGINT) {
        hoot_log_warning("SIGINT again: the workers are killed");
        for (hoot__child *child = m->children; child; child = child->next)
            hoot__child_kill(child);
        return;
    }
    hoot_log_info("%s: finishing what is under way", number == SIGINT ? "SIGINT" : "SIGTERM");
    stop(m, 0);
}

/* --- setting up --- */

static void watch_signal(master *m, uv_signal_t *handle, int number, uv_signal_cb came)
{
    uv_signal_init(&m->loop, handle);
    handle->data = m;
    uv_signal_start(handle, came, number);
}

static int make_slots(master *m)
{
    m->slots = hoot__calloc(m->config->workers, sizeof *m->slots);
    if (!m->slots)
        return HOOT_ENOMEM;
    for (uint32_t i = 0; i < m->config->workers; i++) {
        m->slots[i].master = m;
        uv_timer_init(&m->loop, &m->slots[i].respawn);
        m->slots[i].respawn.data = &m->slots[i];
    }
    return 0;
}

/* The file this process was started from, so that a later start finds what lies there then. */
static int find_binary(master *m)
{
    ssize_t len = readlink("/proc/self/exe", m->binary, sizeof m->binary - 1);

    if (len <= 0) {
        hoot_log_error("the path of this program cannot be read from /proc/self/exe: is /proc mounted?");
        return -1;
    }
    m->binary[len] = '\0';
    return 0;
}

static void run_loop(master *m)
{
    watch_signal(m, &m->term, SIGTERM, stop_came);
    watch_signal(m, &m->intr, SIGINT, stop_came);
    watch_signal(m, &m->hup, SIGHUP, hup_came);
    uv_timer_init(&m->loop, &m->kill_timer);
    m->kill_timer.data = m;
    uv_timer_start(&m->kill_timer, kill_late_children, 1000, 1000);
    uv_timer_stop(&m->kill_timer);
    for (uint32_t i = 0; i < m->config->workers && !m->stopping; i++)
        spawn(&m->slots[i]);
    uv_run(&m->loop, UV_RUN_DEFAULT);
}

int hoot__master_run(const hoot__serve_config *config, const hoot__sockets *sockets)
{
    master *m = hoot__calloc(1, sizeof *m);
    int status = 1;

    if (!m)
        return 1;
    m->config = config;
    m->sockets = sockets;
    if (find_binary(m) == 0 && uv_loop_init(&m->loop) == 0) {
        if (make_slots(m) == 0) {
            run_loop(m);
            status = m->status;
        }
        uv_loop_close(&m->loop);
    }
    hoot__free(m->slots);
    hoot__free(m);
    return status;
}

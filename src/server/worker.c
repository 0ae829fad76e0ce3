/* The life of a worker:
 *
 *   make the app, before_serving, accept, say "ready"; (asked to stop:) stop accepting, drain, after_serving
 *
 * All of it is the first task of the loop. Being asked to stop before serving has begun cancels that task;
 * later it wakes it. Signals may reach every process of a group: a worker with a master leaves all but the
 * first SIGTERM to it. */
#include "server/worker.h"

#include "base/alloc.h"
#include "runtime/signals.h"
#include "runtime/task.h"
#include "server/access_log.h"
#include "server/sockets.h"
#include "web/serve.h"

#include <hoot/log.h>

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define SIGNALS       3
#define ABORT_WAIT_MS 2000 /* for tasks that were cancelled at the end of the drain time */

typedef struct worker {
    const hoot__serve_config *config;
    const int *fds;
    int control_fd;
    hoot_task *main_task;
    hoot_app *app;
    hoot__http *http;
    hoot__access_log *access_log;
    hoot__listener *listeners[HOOT__MAX_BINDS];
    hoot__signal *signals[SIGNALS];
    uv_pipe_t control;
    bool control_open;
    char control_byte;
    hoot_waiter *stop_waiter;
    bool stop_asked;
    bool serving;
} worker;

/* --- being asked to stop --- */

static void ask_to_stop(worker *w)
{
    if (w->stop_asked && w->http) {
        hoot__http_abort(w->http);
        return;
    }
    w->stop_asked = true;
    if (w->stop_waiter)
        hoot_wake(w->stop_waiter, 0);
    else if (!w->serving)
        hoot__task_cancel(w->main_task);
}

static void signal_came(int number, void *user)
{
    worker *w = user;
    bool has_master = w->control_fd >= 0;

    /* A terminal, or a service manager, signals the whole group, and so does the master: twice is not more
     * than once then. SIGINT and SIGHUP are the master's to act on. */
    if (has_master && (number != SIGTERM || w->stop_asked))
        return;
    ask_to_stop(w);
}

static void control_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    worker *w = handle->data;

    (void)suggested;
    *buf = uv_buf_init(&w->control_byte, 1);
}

static void control_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
    worker *w = stream->data;

    (void)buf;
    if (len >= 0)
        return;
    uv_read_stop(stream);
    hoot_log_warning("the master process is gone: finishing what is under way");
    if (!w->stop_asked)
        ask_to_stop(w);
}

static void watch_master(worker *w)
{
    if (w->control_fd < 0)
        return;
    uv_pipe_init(hoot__loop_uv(hoot__loop_current()), &w->control, 0);
    w->control.data = w;
    w->control_open = true;
    if (uv_pipe_open(&w->control, w->control_fd) == 0)
        uv_read_start((uv_stream_t *)&w->control, control_room, control_read);
}

static void control_closed(uv_handle_t *handle)
{
    worker *w = handle->data;

    w->control_open = false;
    hoot_wake(w->stop_waiter, 0);
}

static void unwatch_master(worker *w)
{
    hoot_waiter waiter = HOOT_WAITER_INIT;

    if (!w->control_open)
        return;
    w->stop_waiter = &waiter;
    uv_close((uv_handle_t *)&w->control, control_closed);
    hoot_wait_always(&waiter);
    w->stop_waiter = NULL;
}

/* --- serving --- */

static void accepted(hoot_stream *stream, void *user)
{
    worker *w = user;

    hoot__http_serve(w->http, stream);
}

static int listen_on_all(worker *w, hoot_error *err)
{
    for (size_t b = 0; b < w->config->bind_count; b++) {
        w->listeners[b] = hoot__listener_open(w->fds[b], accepted, w, err);
        if (!w->listeners[b])
            return hoot_error_code(err);
    }
    return 0;
}

static void close_listeners(worker *w)
{
    for (size_t b = 0; b < HOOT__MAX_BINDS; b++) {
        if (w->listeners[b])
            hoot__listener_close(w->listeners[b]);
        w->listeners[b] = NULL;
    }
}

static int open_http(worker *w, hoot_error *err)
{
    w->http = hoot__http_new(&w->config->http, hoot__app_serve, w->app, err);
    if (!w->http)
        return hoot_error_code(err);
    if (!w->config->access_log)
        return 0;
    w->access_log = hoot__access_log_open(w->config->access_log, w->config->access_log_json, err);
    if (!w->access_log)
        return hoot_error_code(err);
    hoot__http_set_log(w->http, hoot__access_log_write, w->access_log);
    return 0;
}

static void say_ready(worker *w)
{
    char byte = 'R';
    ssize_t written;

    if (w->control_fd < 0) {
        for (size_t b = 0; b < w->config->bind_count; b++) {
            char where[160];

            hoot__bind_describe(w->fds[b], where, sizeof where);
            hoot_log_info("%s serves on %s in one process (pid %d)", w->config->name, where, (int)getpid());
        }
        return;
    }
    written = write(w->control_fd, &byte, 1);
    (void)written; /* a master that is gone is noticed by the control socket's end */
}

static void wait_for_stop(worker *w)
{
    hoot_waiter waiter = HOOT_WAITER_INIT;

    w->serving = true;
    if (w->stop_asked)
        return;
    w->stop_waiter = &waiter;
    hoot_wait_always(&waiter);
    w->stop_waiter = NULL;
}

/* Let requests under way finish, then cancel what is left. */
static void drain(worker *w)
{
    hoot__http_stats stats;
    int rc = HOOT_ETIMEOUT;

    hoot__http_drain(w->http);
    hoot_shield(w->config->drain_ms) rc = hoot__http_wait_closed(w->http);
    if (rc == 0)
        return;
    hoot__http_stats_get(w->http, &stats);
    hoot_log_warning("%u connections did not end within %u ms: cut (%u requests were under way)",
                     stats.connections_open, w->config->drain_ms, stats.in_flight);
    hoot__http_abort(w->http);
    hoot_shield(ABORT_WAIT_MS) rc = hoot__http_wait_closed(w->http);
    if (rc != 0)
        hoot_log_error("requests went on after they were cancelled: a handler ignores HOOT_ECANCELED");
}

static int serve(worker *w, hoot_error *err)
{
    int rc = open_http(w, err);

    if (rc == 0)
        rc = listen_on_all(w, err);
    if (rc == 0) {
        say_ready(w);
        wait_for_stop(w);
    }
    close_listeners(w);
    if (w->control_fd < 0)
        hoot__refuse_connections(w->config, w->fds);
    if (w->http) {
        drain(w);
        hoot__http_free(w->http);
        w->http = NULL;
    }
    hoot__access_log_close(w->access_log);
    return rc;
}

static int run_app(worker *w, hoot_error *err)
{
    int rc = hoot__app_start_serving(w->app, err);

    if (rc < 0)
        return w->stop_asked ? 0 : rc;
    rc = serve(w, err);
    hoot__app_stop_serving(w->app);
    return rc;
}

static bool watch_signals(worker *w)
{
    static const int numbers[SIGNALS] = { SIGTERM, SIGINT, SIGHUP };

    for (size_t i = 0; i < SIGNALS; i++)
        w->signals[i] = hoot__signal_open(numbers[i], signal_came, w);
    return w->signals[0] && w->signals[1] && w->signals[2];
}

static int worker_main(hoot_error *err, void *arg)
{
    worker *w = arg;
    int rc;

    w->main_task = hoot_current_task();
    if (!watch_signals(w)) {
        rc = hoot_error_set(err, HOOT_ENOMEM, "signals cannot be watched");
    } else {
        watch_master(w);
        rc = run_app(w, err);
        unwatch_master(w);
    }
    for (size_t i = 0; i < SIGNALS; i++)
        hoot__signal_close(w->signals[i]);
    hoot__ignore_late_signals();
    return rc;
}

/* What the operator said, for routes that say nothing themselves. */
static void set_limits(hoot_app *app, const hoot__http_options *options)
{
    if (options->max_body_bytes)
        hoot_app_set_body_limit(app, options->max_body_bytes);
    if (options->handler_timeout_ms)
        hoot_app_set_timeout(app, options->handler_timeout_ms);
}

static int run_loop(worker *w)
{
    hoot_error err = HOOT_ERROR_INIT;

    set_limits(w->app, &w->config->http);
    if (hoot__loop_run(&(hoot__loop_options){ 0 }, worker_main, w, &err) == 0)
        return 0;
    hoot_log_error("%s", err.text);
    return 1;
}

int hoot__worker_run(const hoot__serve_config *config, const int *fds, int control_fd)
{
    worker *w = hoot__calloc(1, sizeof *w);
    hoot_error err = HOOT_ERROR_INIT;
    int status = 0;

    if (!w)
        return 1;
    w->config = config;
    w->fds = fds;
    w->control_fd = control_fd;
    w->app = config->factory(&err);
    if (!w->app) {
        hoot_log_error("%s", err.text);
        status = 2;
    } else {
        status = run_loop(w);
    }
    hoot_app_free(w->app);
    hoot__free(w);
    return status;
}

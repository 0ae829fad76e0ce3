/* Starting a worker and hearing from it.
 *
 * The worker is the binary on disk at this moment, run with the master's own arguments and the environment
 * the master was started with, so that it reads configuration files anew. It inherits its listening sockets
 * and one end of a control socket. libuv places descriptors, resets signals and reaps. */
#include "server/child.h"

#include "base/alloc.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void handle_closed(uv_handle_t *handle)
{
    hoot__child *child = handle->data;

    if (--child->open_handles == 0)
        hoot__free(child);
}

static void close_handles(hoot__child *child)
{
    uv_close((uv_handle_t *)&child->control, handle_closed);
    uv_close((uv_handle_t *)&child->process, handle_closed);
}

static void process_ended(uv_process_t *process, int64_t status, int signal)
{
    hoot__child *child = process->data;

    close_handles(child); /* freed when the loop has closed them, after this */
    child->events->ended(child, (int)status, signal, child->user);
}

static void control_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    hoot__child *child = handle->data;

    (void)suggested;
    *buf = uv_buf_init(&child->byte, 1);
}

static void control_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
    hoot__child *child = stream->data;

    (void)buf;
    if (len < 0) {
        uv_read_stop(stream);
    } else if (len > 0 && !child->ready) {
        child->ready = true;
        child->events->ready(child, child->user);
    }
}

/* The environment with the worker's variable in place of any other of that name. NULL: no memory. */
static char **worker_environment(char **environment, char *variable)
{
    size_t n = 0, kept = 0;
    char **copy;

    while (environment[n])
        n++;
    copy = hoot__calloc(n + 2, sizeof *copy);
    if (!copy)
        return NULL;
    for (size_t i = 0; i < n; i++)
        if (strncmp(environment[i], HOOT__WORKER_VARIABLE "=", sizeof HOOT__WORKER_VARIABLE) != 0)
            copy[kept++] = environment[i];
    copy[kept] = variable;
    return copy;
}

static int run_process(hoot__child *child, uv_loop_t *loop, const hoot__serve_config *config,
                       const char *binary, const int *fds, int control_fd)
{
    uv_stdio_container_t stdio[HOOT__WORKER_FIRST_FD + HOOT__MAX_BINDS];
    char variable[64];
    uv_process_options_t options = {
        .exit_cb = process_ended, .file = binary, .args = config->argv, .stdio = stdio
    };
    int rc;

    for (int fd = 0; fd < HOOT__WORKER_CONTROL_FD; fd++)
        stdio[fd] = (uv_stdio_container_t){ .flags = UV_INHERIT_FD, .data.fd = fd };
    stdio[HOOT__WORKER_CONTROL_FD] = (uv_stdio_container_t){ .flags = UV_INHERIT_FD, .data.fd = control_fd };
    for (size_t b = 0; b < config->bind_count; b++)
        stdio[HOOT__WORKER_FIRST_FD + b] =
            (uv_stdio_container_t){ .flags = UV_INHERIT_FD, .data.fd = fds[b] };
    options.stdio_count = HOOT__WORKER_FIRST_FD + (int)config->bind_count;

    snprintf(variable, sizeof variable, HOOT__WORKER_VARIABLE "=%zu:%zu", child->worker, config->bind_count);
    options.env = worker_environment(config->environment, variable);
    if (!options.env)
        return UV_ENOMEM;
    rc = uv_spawn(loop, &child->process, &options);
    hoot__free(options.env);
    return rc;
}

static hoot__child *child_new(uv_loop_t *loop, size_t worker, const hoot__child_events *events, void *user)
{
    hoot__child *child = hoot__calloc(1, sizeof *child);

    if (!child)
        return NULL;
    child->worker = worker;
    child->events = events;
    child->user = user;
    child->started_ms = uv_now(loop);
    child->open_handles = 2;
    uv_pipe_init(loop, &child->control, 0);
    child->control.data = child->process.data = child;
    return child;
}

hoot__child *hoot__child_spawn(uv_loop_t *loop, const hoot__serve_config *config, const char *binary,
                               size_t worker, const int *fds, const hoot__child_events *events, void *user,
                               hoot_error *err)
{
    uv_os_sock_t pair[2];
    hoot__child *child = child_new(loop, worker, events, user);
    int rc = child ? uv_socketpair(SOCK_STREAM, 0, pair, UV_NONBLOCK_PIPE, 0) : UV_ENOMEM;

    if (!child || rc < 0)
        goto failed;
    if ((rc = uv_pipe_open(&child->control, pair[0])) < 0)
        close(pair[0]);
    else
        rc = run_process(child, loop, config, binary, fds, pair[1]);
    close(pair[1]);
    if (rc < 0)
        goto failed;
    uv_read_start((uv_stream_t *)&child->control, control_room, control_read);
    return child;

failed:
    hoot_error_set(err, rc, "worker %zu could not be started from %s: %s", worker + 1, binary,
                   uv_strerror(rc));
    if (child) {
        if (uv_is_active((uv_handle_t *)&child->process) || child->process.type == UV_PROCESS) {
            close_handles(child);
        } else {
            child->open_handles = 1;
            uv_close((uv_handle_t *)&child->control, handle_closed);
        }
    }
    return NULL;
}

void hoot__child_stop(hoot__child *child)
{
    child->stopping = true;
    uv_process_kill(&child->process, SIGTERM);
}

void hoot__child_kill(hoot__child *child)
{
    uv_process_kill(&child->process, SIGKILL);
}

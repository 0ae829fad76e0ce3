/* Which kind of process this one is to be. */
#include "server/serve.h"

#include "base/alloc.h"
#include "server/child.h"
#include "server/master.h"
#include "server/worker.h"

#include <hoot/log.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

bool hoot__is_worker(void)
{
    return getenv(HOOT__WORKER_VARIABLE) != NULL;
}

void hoot__ignore_late_signals(void)
{
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
}

/* Every connection is a descriptor: use all that the system grants without asking. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max < 1048576 ? limit.rlim_max : 1048576;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* What the master said; false when the variable was set by somebody else. */
static bool inherited(const hoot__serve_config *config, size_t *out_number)
{
    size_t number, sockets;

    if (sscanf(getenv(HOOT__WORKER_VARIABLE), "%zu:%zu", &number, &sockets) != 2 ||
        sockets != config->bind_count)
        return false;
    for (size_t fd = HOOT__WORKER_CONTROL_FD; fd < HOOT__WORKER_FIRST_FD + sockets; fd++)
        if (fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0)
            return false;
    *out_number = number;
    return true;
}

static int serve_as_worker(const hoot__serve_config *config)
{
    int fds[HOOT__MAX_BINDS];
    size_t number = 0;
    char name[32];

    if (!inherited(config, &number)) {
        hoot_log_error("the variable " HOOT__WORKER_VARIABLE
                       " is set, but no master started this process: unset it");
        return 2;
    }
    unsetenv(HOOT__WORKER_VARIABLE);
    snprintf(name, sizeof name, "worker %zu", number + 1);
    hoot_log_set_name(name);
    for (size_t b = 0; b < config->bind_count; b++)
        fds[b] = HOOT__WORKER_FIRST_FD + (int)b;
    return hoot__worker_run(config, fds, HOOT__WORKER_CONTROL_FD);
}

/* Make the app once and let it go: a wrong configuration ends the start with one line, before a worker is
 * started. */
static bool app_can_be_made(const hoot__serve_config *config)
{
    hoot_error err = HOOT_ERROR_INIT;
    hoot_app *app = config->factory(&err);

    if (!app)
        hoot_log_error("%s", err.text);
    hoot_app_free(app);
    return app != NULL;
}

static int serve_on(const hoot__serve_config *config, const hoot__sockets *sockets)
{
    if (!app_can_be_made(config))
        return 2;
    if (config->workers == 0)
        return hoot__worker_run(config, hoot__sockets_of(sockets, 0), -1);
    return hoot__master_run(config, sockets);
}

int hoot__serve(const hoot__serve_config *config)
{
    hoot_error err = HOOT_ERROR_INIT;
    hoot__sockets sockets;
    int status;

    signal(SIGPIPE, SIG_IGN);
    if (hoot__is_worker())
        return serve_as_worker(config);
    raise_descriptor_limit();
    if (hoot__sockets_open(config, &sockets, &err) < 0) {
        hoot_log_error("%s", err.text);
        return 1;
    }
    status = serve_on(config, &sockets);
    hoot__sockets_close(&sockets);
    return status;
}

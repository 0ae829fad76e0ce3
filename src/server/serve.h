/* Serving an app with processes: a master that owns the listening sockets, and workers that serve. */
#ifndef HOOT_SERVER_SERVE_H
#define HOOT_SERVER_SERVE_H

#include "http/server.h"
#include "net/net.h"

#include <hoot/main.h>

#define HOOT__MAX_BINDS   16
#define HOOT__MAX_WORKERS 1024

/* What is served, where, how. Borrowed for the call. */
typedef struct hoot__serve_config {
    hoot_app_factory_fn factory;
    const char *name;   /* of the application, for log lines */
    char **argv;        /* to run the binary again with */
    char **environment; /* as it was before any file was read into it */
    hoot__bind binds[HOOT__MAX_BINDS];
    size_t bind_count;
    uint32_t workers;       /* 0: serve in this process */
    uint32_t backlog;       /* connections waiting in a listening socket */
    uint32_t start_ms;      /* how long a worker may take until it is ready */
    uint32_t drain_ms;      /* how long requests under way may take at a stop */
    const char *access_log; /* "-": standard output; a path; NULL: none */
    bool access_log_json;
    hoot__http_options http;
} hoot__serve_config;

/* Serve until told to stop. Gives the exit status: 0; 1 it failed (and said why); 2 the configuration is
 * wrong. */
int hoot__serve(const hoot__serve_config *config);

/* Was this process started by a master? Then hoot__serve() runs a worker. */
bool hoot__is_worker(void);

/* To be called when nobody handles SIGTERM, SIGINT and SIGHUP any more: a service manager that asks twice
 * must not turn an orderly end into a death by its second signal. They are ignored until the process ends. */
void hoot__ignore_late_signals(void);

#endif

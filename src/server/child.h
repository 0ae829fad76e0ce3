/* A worker process, as its master sees it. */
#ifndef HOOT_SERVER_CHILD_H
#define HOOT_SERVER_CHILD_H

#include "server/serve.h"

#include <uv.h>

/* Descriptors and the variable that a worker finds at its start. */
#define HOOT__WORKER_VARIABLE "HOOT__WORKER" /* "<worker number>:<count of sockets>" */
#define HOOT__WORKER_CONTROL_FD                                                                              \
    3                           /* a socket to the master: one byte when ready; its end: the master is gone */
#define HOOT__WORKER_FIRST_FD 4 /* the listening sockets, one for each bind */

typedef struct hoot__child hoot__child;

typedef struct hoot__child_events {
    void (*ready)(hoot__child *child, void *user);
    /* The process has ended; the child is freed after this. `signal` 0: it left with `status`. */
    void (*ended)(hoot__child *child, int status, int signal, void *user);
} hoot__child_events;

struct hoot__child {
    uv_process_t process;
    uv_pipe_t control;
    const hoot__child_events *events;
    void *user;
    size_t worker; /* number, from 0 */
    uint64_t started_ms;
    bool ready;
    bool stopping;     /* was told to drain */
    uint64_t stop_ms;  /* when; set by the master */
    hoot__child *next; /* in the master's list */
    char byte;         /* what the control socket is read into */
    uint8_t open_handles;
};

/* Run the binary again as a worker. Errors: NULL, with the cause in `err`. */
hoot__child *hoot__child_spawn(uv_loop_t *loop, const hoot__serve_config *config, const char *binary,
                               size_t worker, const int *fds, const hoot__child_events *events, void *user,
                               hoot_error *err);

/* Ask it to drain; kill it. */
void hoot__child_stop(hoot__child *child);
void hoot__child_kill(hoot__child *child);

#endif

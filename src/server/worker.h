/* A worker: one loop, one app, serving on listening sockets that somebody else owns. */
#ifndef HOOT_SERVER_WORKER_H
#define HOOT_SERVER_WORKER_H

#include "server/serve.h"

/* Serve on `fds` (config->bind_count of them) until SIGTERM or SIGINT, or until `control_fd` (-1: none) ends;
 * one byte is written to it when serving has begun. A second signal cuts what still runs. Gives the exit
 * status: 0; 1 the app could not start serving; 2 the app could not be made. */
int hoot__worker_run(const hoot__serve_config *config, const int *fds, int control_fd);

#endif

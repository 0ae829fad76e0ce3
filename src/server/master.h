/* The master process: owns the listening sockets, keeps the workers alive, replaces them. Serves nothing
 * itself. */
#ifndef HOOT_SERVER_MASTER_H
#define HOOT_SERVER_MASTER_H

#include "server/sockets.h"

/* Run until told to stop (SIGTERM, SIGINT), replacing workers one by one at SIGHUP. `sockets` stay the
 * caller's. Gives the exit status. */
int hoot__master_run(const hoot__serve_config *config, const hoot__sockets *sockets);

#endif

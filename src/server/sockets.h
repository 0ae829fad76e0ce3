/* The listening sockets of a server, opened once by the process that owns them. */
#ifndef HOOT_SERVER_SOCKETS_H
#define HOOT_SERVER_SOCKETS_H

#include "server/serve.h"

typedef struct hoot__sockets {
    size_t bind_count;
    size_t worker_count;
    int *fds;           /* [worker * bind_count + bind]; a shared socket stands there for every worker */
    bool *shared;       /* [bind]: one socket for all workers (unix, fd://) */
    char (*paths)[108]; /* [bind]: the file of a unix socket, or "" */
} hoot__sockets;

/* TCP gets one SO_REUSEPORT socket a worker, so that the kernel spreads connections and each waits in the
 * queue of a socket that outlives its worker.  Errors: as hoot__bind_open(); everything opened is closed
 * again. */
int hoot__sockets_open(const hoot__serve_config *config, hoot__sockets *out, hoot_error *err);

/* The sockets of one worker, bind_count of them. */
static inline const int *hoot__sockets_of(const hoot__sockets *sockets, size_t worker)
{
    return sockets->fds + worker * sockets->bind_count;
}

/* Take no more connections on these sockets, bind_count of them, for good: who asks now is refused at once,
 * and does not wait in a queue that nobody will look at. Sockets that came as fd://N are left alone: they are
 * somebody else's, who may keep them for the next start. */
void hoot__refuse_connections(const hoot__serve_config *config, const int *fds);

/* The same for the TCP sockets of one worker of several, until hoot__sockets_resume(): the kernel gives its
 * part to the others. */
void hoot__sockets_suspend(const hoot__sockets *sockets, size_t worker);
void hoot__sockets_resume(const hoot__sockets *sockets, size_t worker, int backlog);

/* Close them, and remove the files of unix sockets. */
void hoot__sockets_close(hoot__sockets *sockets);

#endif

/* When what is read came in, however late it is read. */
#ifndef BENCH_LOAD_ARRIVAL_H
#define BENCH_LOAD_ARRIVAL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Have the kernel note it for this socket. */
void arrival_watch(int fd);
/* As recv() without waiting. *out_ns is when its last bytes came, by CLOCK_MONOTONIC; it is left as it is
 * where the kernel did not note it. */
ssize_t arrival_read(int fd, char *to, size_t len, uint64_t *out_ns);

#endif

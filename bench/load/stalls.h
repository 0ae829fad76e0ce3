/* When a processor was taken away by the machine's host. */
#ifndef BENCH_LOAD_STALLS_H
#define BENCH_LOAD_STALLS_H

#include <stdbool.h>
#include <stdint.h>

/* Watch these cores from now on; `cores` is a list as "0,1". Gives: false, when the system does not allow it:
 * then nothing is known. */
bool stalls_watch(const char *cores);
/* Watch no longer. What was seen can be asked for from then on. */
void stalls_end(void);

/* Whether a core stalled in this time of CLOCK_MONOTONIC, or so shortly before that requests which waited for
 * it are still caught up with. */
bool stalls_disturbed(uint64_t from_ns, uint64_t until_ns);
/* For how long cores stalled in this time, all together. */
uint64_t stalls_sum(uint64_t from_ns, uint64_t until_ns);

#endif

/* Latencies by the time at which their requests were due, so that disturbed times can be left out. */
#ifndef BENCH_LOAD_WINDOWS_H
#define BENCH_LOAD_WINDOWS_H

#include "histogram.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct windows {
    uint64_t begin_ns;
    size_t count;
    histogram *each;
} windows;

/* Room for so long. Gives: false, when there is no memory. */
bool windows_open(windows *w, uint64_t measured_ns);
/* The measured time begins at `begin_ns`, before anything is added. */
void windows_add(windows *w, uint64_t due_ns, uint64_t latency_ns);
/* Sum up those that no stall disturbed, after stalls_end(). Gives: the share of windows that was left out, 0
 * to 1. */
double windows_undisturbed(const windows *w, histogram *out);

#endif

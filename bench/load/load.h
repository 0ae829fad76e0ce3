/* Connections, what is sent on them, and when. */
#ifndef BENCH_LOAD_LOAD_H
#define BENCH_LOAD_LOAD_H

#include "histogram.h"
#include "options.h"

/* What happened in the measured time. */
typedef struct load_result {
    histogram latency;
    uint64_t bad_status; /* answers that are not 2xx or 3xx */
    uint64_t lost;       /* requests whose connection broke, or could not be made */
    uint64_t unanswered; /* requests at a constant pace that had no answer two seconds after their time */
    uint64_t bytes_in;
    uint64_t measured_ns; /* as asked, or, when answers are slow, up to three times as long */
} load_result;

/* Open all connections. Gives: false, when one is refused. */
bool load_open(const options *o);
/* Load the server. It is warmed up for the time asked for, and until each connection was answered; begin()
 * and end() are called when the measured time does. Connections stay open. */
void load_run(load_result *out, void (*begin)(void), void (*end)(void));

#endif

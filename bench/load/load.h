/* Connections, what is sent on them, and when. */
#ifndef BENCH_LOAD_LOAD_H
#define BENCH_LOAD_LOAD_H

#include "histogram.h"
#include "options.h"

#include <stdbool.h>

/* What happened in the measured time. */
typedef struct load_result {
    histogram latency;
    uint64_t bad_status; /* answers that are not 2xx or 3xx */
    uint64_t lost;       /* requests whose connection broke, or could not be made */
    uint64_t unanswered; /* requests at a constant pace that had no answer ten seconds after the end */
    uint64_t bytes_in;
    uint64_t measured_ns; /* as asked, or, when answers are slow, up to three times as long */
    uint64_t own_cpu_ns;  /* that the load generator took itself */

    bool paced;          /* there was a constant pace: what follows is known */
    histogram sent_late; /* how long requests waited for the load generator, which is not in their latency */
    bool watched;        /* the cores were: what follows is known */
    histogram undisturbed; /* the latency without the times in which a core stalled */
    double left_out;       /* the share of those times */
    uint64_t stalled_ns;   /* of all cores that are watched */
} load_result;

/* Open all connections. Gives: false, when one is refused. */
bool load_open(const options *o);
/* Load the server. It is warmed up for the time asked for, and until each connection was answered. Then
 * begin() is called again and again, while the load goes on, until it gives true: the measured time begins.
 * end() is called when it ends. Connections stay open. */
void load_run(load_result *out, bool (*begin)(void), void (*end)(void));

#endif

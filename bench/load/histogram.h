/* Durations by the nanosecond, counted in buckets that are at most 1/128 of their value wide. */
#ifndef BENCH_LOAD_HISTOGRAM_H
#define BENCH_LOAD_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BUCKETS 8192

typedef struct histogram {
    uint64_t count, max;
    double sum;
    uint64_t buckets[HISTOGRAM_BUCKETS];
} histogram;

void histogram_add(histogram *h, uint64_t ns);
/* Add what `more` holds. */
void histogram_join(histogram *h, const histogram *more);
/* The smallest value that `share` (0 to 1) of all are not above, rounded up to its bucket's end; 0 when there
 * is none.
 */
uint64_t histogram_at(const histogram *h, double share);

#endif

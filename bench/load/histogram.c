/* A value below 128 has a bucket of its own. Above, the highest bit chooses a group of 128 buckets and the
 * seven bits after it one of them, as in HdrHistogram: 58 groups hold every 64 bit value. */
#include "histogram.h"

#define GROUP 128u

static unsigned bucket_of(uint64_t ns)
{
    unsigned shift;

    if (ns < GROUP)
        return (unsigned)ns;
    shift = 56u - (unsigned)__builtin_clzll(ns);
    return shift * GROUP + (unsigned)(ns >> shift);
}

/* The largest value of a bucket. */
static uint64_t end_of(unsigned bucket)
{
    unsigned shift = bucket / GROUP;

    if (shift < 2)
        return bucket;
    shift--;
    return ((uint64_t)(bucket - shift * GROUP + 1) << shift) - 1;
}

void histogram_add(histogram *h, uint64_t ns)
{
    h->count++;
    h->sum += (double)ns;
    h->max = ns > h->max ? ns : h->max;
    h->buckets[bucket_of(ns)]++;
}

void histogram_join(histogram *h, const histogram *more)
{
    h->count += more->count;
    h->sum += more->sum;
    h->max = more->max > h->max ? more->max : h->max;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        h->buckets[i] += more->buckets[i];
}

uint64_t histogram_at(const histogram *h, double share)
{
    double wanted = share * (double)h->count;
    uint64_t seen = 0;

    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += h->buckets[i];
        if (seen && (double)seen >= wanted)
            return end_of(i) < h->max ? end_of(i) : h->max;
    }
    return 0;
}

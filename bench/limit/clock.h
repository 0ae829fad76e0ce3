/* The time that passes and the time of the processor that this process takes. */
#ifndef BENCH_LIMIT_CLOCK_H
#define BENCH_LIMIT_CLOCK_H

#include <sys/resource.h>
#include <time.h>

static inline double read_wall(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline double read_cpu(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

#endif

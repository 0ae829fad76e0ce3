/* One row by its key, asked for by one of three clients. For bench/db.py: prints a line of JSON.
 *
 *     db hoot|bare|libmariadb SOCKET USER DATABASE KEYS STATEMENTS
 *
 * The table `one_row` (id, name) must be there, and the user must have no password. */
#include "db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static double wall_from, cpu_from;

static double read_wall(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double read_cpu(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

void bench_begin(void)
{
    wall_from = read_wall();
    cpu_from = read_cpu();
}

int main(int argc, char **argv)
{
    bench b;
    int rc;

    if (argc != 7)
        return 2;
    b = (bench){ argv[2], argv[3], argv[4], (unsigned)atoi(argv[5]), strtoull(argv[6], NULL, 10) };
    rc = strcmp(argv[1], "hoot") == 0   ? bench_hoot(&b)
         : strcmp(argv[1], "bare") == 0 ? bench_bare(&b)
                                        : bench_libmariadb(&b);
    if (rc)
        return 1;
    printf("{\"wall_s\": %.4f, \"cpu_s\": %.4f}\n", read_wall() - wall_from, read_cpu() - cpu_from);
    return 0;
}

/* What the process holds, for tests that say how much something costs. */
#ifndef HOOT_TESTS_SUPPORT_RESIDENT_H
#define HOOT_TESTS_SUPPORT_RESIDENT_H

#include "support/run.h"

#include <unistd.h>

/* AddressSanitizer keeps its shadow beside all memory: figures mean nothing with it. */
#if defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_ASAN 1
#endif
#endif

static inline long resident_bytes(void)
{
    long total, resident;
    FILE *file = fopen("/proc/self/statm", "r");

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld %ld", &total, &resident), 2);
    fclose(file);
    return resident * sysconf(_SC_PAGESIZE);
}

#endif

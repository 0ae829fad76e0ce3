/* The date of now as text: formatted when the second has changed. The clock is the system's, which may be
 * set; deadlines never look at it. */
#include "http/message.h"
#include "http/server.h"

#include <time.h>

static __thread char text[HOOT__HTTP_DATE_CHARS + 1];
static __thread time_t formatted;

const char *hoot__http_date_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec != formatted || text[0] == '\0') {
        hoot__http_date_format(now.tv_sec, text);
        formatted = now.tv_sec;
    }
    return text;
}

uint64_t hoot__http_monotonic_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

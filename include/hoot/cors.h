/* Cross-origin requests (the Fetch standard's CORS protocol), for an app or a blueprint. */
#ifndef HOOT_CORS_H
#define HOOT_CORS_H

#include <hoot/defs.h>

/* Lists are NULL-terminated arrays: HOOT_LIST("https://a.example", "https://b.example"). */
typedef struct hoot_cors {
    const char *const *origins; /* exact origins, or "*" alone; none: nothing is allowed */
    bool credentials; /* cookies too: then the origin itself is sent back, never "*"; with "*" in origins:
                         HOOT_ECONFIG */
    const char *const *methods;        /* NULL: GET HEAD POST OPTIONS PUT PATCH DELETE */
    const char *const *headers;        /* request headers allowed; NULL: those the preflight asks for */
    const char *const *expose_headers; /* NULL: none */
    uint32_t max_age_s;                /* how long a preflight's answer is good; 0: not said */
} hoot_cors;

#define HOOT_LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

#endif

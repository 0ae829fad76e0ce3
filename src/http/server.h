/* hoot__http: serving HTTP on streams. One a worker. */
#ifndef HOOT_HTTP_SERVER_H
#define HOOT_HTTP_SERVER_H

#include "http/exchange.h"

#include <hoot/sys/stream.h>

/* Limits and deadlines of DESIGN section 10; zero is the default beside it. */
typedef struct hoot__http_options {
    uint32_t max_head_bytes; /* 16 KiB: request line and headers: 414, 431 */
    uint32_t max_headers;    /* 100: 431 */
    uint32_t
        head_timeout_ms; /* 10,000 from the first byte (or accept): 408, close; silent when nothing came */
    uint32_t idle_timeout_ms;     /* 5,000 between requests: close */
    uint64_t max_body_bytes;      /* 16 MiB: 413; body_limit of each exchange starts at it */
    uint32_t body_timeout_ms;     /* 60,000 for a whole body: 408 */
    uint32_t min_body_rate;       /* 240 bytes a second after the first 5 s: 408 */
    uint32_t handler_timeout_ms;  /* 60,000: task deadline: 503 when it passed unanswered */
    uint32_t send_timeout_ms;     /* 60,000 without any progress while the client does not read: cut */
    uint32_t max_in_flight;       /* 10,000 requests: 503 with Retry-After */
    uint32_t max_pipelined_bytes; /* 256 KiB of answers gathered before the client must read */
    uint32_t linger_ms; /* 2,000: how long a closed connection is still read from, so that the last answer
                           arrives */
    const char *server_name; /* "hoot"; "" leaves the Server header out */
} hoot__http_options;

typedef struct hoot__http hoot__http;

/* Finished requests are told here (access log, metrics); on the loop or in the request's task, after the
 * answer was queued. */
typedef void (*hoot__http_log_fn)(const hoot__exchange *ex, void *user);

/* Figures of one worker. */
typedef struct hoot__http_stats {
    uint64_t connections_accepted, requests, responses_by_class[6]; /* [2]: 2xx, ... */
    uint32_t connections_open, connections_idle, in_flight;
    uint64_t timeouts, protocol_errors, refused;
} hoot__http_stats;

/* Options are copied. Errors: NULL: HOOT_ENOMEM. */
hoot__http *hoot__http_new(const hoot__http_options *options, hoot__serve_fn serve, void *user,
                           hoot_error *err);

/* Serve on a stream; takes it over. Never fails visibly: without memory the stream is closed. */
void hoot__http_serve(hoot__http *http, hoot_stream *stream_take);

void hoot__http_set_log(hoot__http *http, hoot__http_log_fn log, void *user);

/* From now on every answer says `Connection: close` and its connection ends after it (with lingering close);
 * idle connections are not cut: they get until idle timeout to send one more request, which is still
 * answered. */
void hoot__http_drain(hoot__http *http);

/* Suspends: until no connection is open or the deadline (then HOOT_ETIMEOUT). */
int hoot__http_wait_closed(hoot__http *http);

/* Cancel every request that runs and close every connection; the tasks end in the next turns. */
void hoot__http_abort(hoot__http *http);

/* Only when no connection is open. */
void hoot__http_free(hoot__http *http);

void hoot__http_stats_get(const hoot__http *http, hoot__http_stats *out);

/* Microseconds of the system's monotonic clock, not of the loop's: for exchange.started_us. */
uint64_t hoot__http_monotonic_us(void);

/* The current date as an HTTP date (IMF-fixdate, 29 characters, terminated); formatted once a second. */
const char *hoot__http_date_now(void);

#endif

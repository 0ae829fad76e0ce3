/* An exchange without a connection: a request made of parts, an answer that is collected. For test clients,
 * and for whoever calls a serve function in process. */
#ifndef HOOT_HTTP_MEMORY_EXCHANGE_H
#define HOOT_HTTP_MEMORY_EXCHANGE_H

#include "http/exchange.h"

#include <hoot/buf.h>

typedef struct hoot__memory_exchange {
    hoot__exchange ex; /* give this to the serve function */
    hoot_str body;     /* of the request: what has not been read yet */
    /* The answer. */
    int status; /* 0: none */
    hoot__header *headers;
    size_t header_count;
    hoot_buf answer;    /* its body */
    int64_t body_bytes; /* what the head promised; -1: nothing */
    bool finished;      /* it is whole */
    bool no_body;       /* HEAD, 204, 304: what the handler writes is dropped */
} hoot__memory_exchange;

/* Method, target ("/a?x=1"), header fields (their slices and the body's must live as long as the exchange)
 * and body. Everything else of `ex` is filled from those; the answer's headers are copied into `arena`.
 * Errors: HOOT_ENOMEM; HOOT_EINVAL a header that may not be sent. */
int hoot__memory_exchange_init(hoot__memory_exchange *me, hoot_arena *arena, hoot_str method, hoot_str target,
                               const hoot__header *headers, size_t header_count, hoot_str body);

/* Let the collected body go. */
void hoot__memory_exchange_fini(hoot__memory_exchange *me);

#endif

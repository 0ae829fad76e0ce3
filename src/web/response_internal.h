/* What the files of this room share of a response.
 *
 * Header names and values are slices of memory that lives as long as the request: copies in its arena, or
 * constants. The first few fields need no allocation, so that an answer without memory can still say what it
 * is. */
#ifndef HOOT_WEB_RESPONSE_INTERNAL_H
#define HOOT_WEB_RESPONSE_INTERNAL_H

#include "http/exchange.h"

#include <hoot/response.h>

enum { HOOT__INLINE_HEADERS = 6, HOOT__MAX_RESPONSE_HEADERS = 100 };

struct hoot_response {
    hoot_request *req;
    int status;
    bool close;             /* end the connection after it */
    hoot_str body;          /* when `produce` is NULL */
    hoot_stream_fn produce; /* NULL: not streamed, and the next two say nothing */
    void *produce_arg;
    int64_t content_length; /* -1: not known */
    hoot__header *headers;  /* at first `inline_headers` */
    uint32_t header_count, header_room;
    hoot__header inline_headers[HOOT__INLINE_HEADERS];
};

/* Make `resp` an empty answer with that status. */
void hoot__response_init(hoot_response *resp, hoot_request *req, int status);

/* Add a field whose name and value are constants or checked, and live as long as the request: nothing is
 * checked, nothing copied. The name is none of HOOT__KNOWN_HEADERS.
 * Errors: HOOT_ENOMEM, HOOT_ELIMIT over HOOT__MAX_RESPONSE_HEADERS. */
int hoot__response_put(hoot_response *resp, hoot_str name, hoot_str value);

/* The Content-Type of a response without fields: a constant, or checked. */
void hoot__response_put_type(hoot_response *resp, hoot_str value);

/* The same, checked and copied. Errors: HOOT_EINVAL, HOOT_ENOMEM. */
int hoot__response_set_type(hoot_response *resp, const char *value);

/* The fixed 503 for want of memory. Never NULL. */
hoot_response *hoot__response_no_memory(hoot_request *req);

/* An answer whose body is a copy of what the app's scratch buffer holds; a buffer that grew large is let go.
 */
hoot_response *hoot__response_from_scratch(hoot_request *req, int status, hoot_str content_type);

/* The answer to an error that no handler made: `{"error":"text"}` for JSON clients, text/plain otherwise.
 * `text` NULL: the status's reason. */
hoot_response *hoot__error_builtin(hoot_request *req, int status, const char *text);

/* The answer to an error: of the innermost handler for the status, else for status 0, else the built-in one.
 */
hoot_response *hoot__error_answer(hoot_request *req, int status, const char *text, const hoot_error *err);

/* Send it: at once or streamed. Suspends when it is streamed. Gives 0 or a negative code: the client has no
 * whole answer. */
int hoot__response_send(hoot_response *resp, hoot_error *err);

#endif

/* hoot__h1: the grammar of HTTP/1.1 requests (RFC 9112), strict: one reading of the bytes, or 400.
 * Takes bytes, keeps its state in a struct, gives slices of the caller's buffer. */
#ifndef HOOT_HTTP_H1_PARSER_H
#define HOOT_HTTP_H1_PARSER_H

#include "http/exchange.h"

typedef enum hoot__h1_framing {
    HOOT__H1_NO_BODY, /* or Content-Length: 0 */
    HOOT__H1_LENGTH,  /* content_length bytes, over 0 */
    HOOT__H1_CHUNKED,
} hoot__h1_framing;

/* A head is parsed straight into its exchange: from `method` to `known`, and content_length, as slices of the
 * buffer given to hoot__h1_parse_head(). `scheme` is that of an absolute-form target: "http", "https" or,
 * when only the connection knows it, empty. The rest of what it says is for the connection: */
typedef struct hoot__h1_head {
    hoot__exchange *ex; /* given by the caller; headers.at has room for max_headers */
    hoot__h1_framing framing;
    bool keep_alive;       /* what the request asks for: version and Connection */
    bool expects_continue; /* HTTP/1.1 with a body to come */
    bool wants_upgrade;    /* Connection: upgrade with an Upgrade header */
} hoot__h1_head;

/* Parse a request head from the start of `bytes` (one leading CRLF is skipped, RFC 9112 2.2).
 * `scanned`: in and out: how far an earlier call looked without finding the end; begin with 0. Cheap to call
 * again per read. `max_headers`: at most 32,767.
 * Gives:  the head's length with the blank line; 0: not complete yet.
 * Errors: -status to answer with and close, and `*out_why` a constant text: -400; -414 request line over the
 *         limit; -431 headers over the limit or their count; -501 unknown transfer coding; -505 HTTP major
 *         version. `head` and its exchange are half filled then, as when it is not complete. */
int hoot__h1_parse_head(hoot_str bytes, size_t *scanned, size_t max_bytes, size_t max_headers,
                        hoot__h1_head *head, const char **out_why);

/* The decoder of a chunked body. */
typedef struct hoot__h1_chunks {
    uint64_t left;            /* bytes of the chunk under way */
    uint32_t line_bytes;      /* of the size line or trailer section so far */
    uint64_t extension_bytes; /* in all chunks so far */
    uint8_t state;
} hoot__h1_chunks;

void hoot__h1_chunks_init(hoot__h1_chunks *chunks);

/* Read from `bytes`. `*out_used` of them were used, whatever it gives.
 * Gives:  1: `*out_piece` is data (a slice). 0: more bytes are needed. 2: the end was reached, and
 *         `*out_trailers` is the trailer section (a slice, without the last blank line), which
 *         hoot__h1_parse_trailers() checks. Only a trailer section that is not whole is left unused: keep it
 *         and give it again with more behind it (16 KiB at most).
 * Errors: -400; -413 extensions or trailers over their limits (16 KiB each); and `*out_why`. */
int hoot__h1_chunks_read(hoot__h1_chunks *chunks, hoot_str bytes, size_t *out_used, hoot_str *out_piece,
                         hoot_str *out_trailers, const char **out_why);

/* Parse a trailer section into headers. Fields that may not be trailers are dropped: framing, routing,
 * authentication and the like (RFC 9110 6.5.1).
 * Gives:  the count.
 * Errors: -400, -431; and `*out_why`. */
int hoot__h1_parse_trailers(hoot_str section, hoot__header *headers, size_t max_headers,
                            const char **out_why);

#endif

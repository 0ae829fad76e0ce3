/* Where an HTTP/1.1 answer ends: as much of the protocol as a load generator needs. */
#ifndef BENCH_LOAD_ANSWER_H
#define BENCH_LOAD_ANSWER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct answer {
    enum { ANSWER_HEAD, ANSWER_BODY, ANSWER_CHUNK_SIZE, ANSWER_CHUNK, ANSWER_TRAILER } state;
    unsigned status;
    bool closes;   /* the server closes the connection after it */
    uint64_t left; /* of the body, or of the chunk with its line end */
} answer;

/* Read on in the answer. Gives: bytes used, 0 when more are needed to go on; negative: this is no answer, or
 * none with a length. When *out_done it has ended, and `a` is ready for the next; status and closes stay
 * until then. */
ssize_t answer_read(answer *a, const char *data, size_t len, bool *out_done);

#endif

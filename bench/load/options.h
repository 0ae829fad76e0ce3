/* What load is asked to do. */
#ifndef BENCH_LOAD_OPTIONS_H
#define BENCH_LOAD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is sent in one go: one request, or several. */
typedef struct request {
    const char *bytes;
    size_t len;
    unsigned answers; /* that it brings */
} request;

typedef struct options {
    unsigned port; /* of 127.0.0.1 */
    unsigned connections;
    uint64_t warmup_ns, measured_ns;
    double rate;           /* requests/s, at a constant pace; 0: each connection sends when it was answered */
    bool one_each;         /* a connection for each request, that the server closes */
    const char *watch;     /* cores to watch for stalls; NULL: none */
    const char *file_name; /* with the requests */
    char *file;            /* what it holds */
    request *requests;     /* asked in turn */
    size_t request_count;
} options;

/* Gives: false when the command line or the file is wrong; a line says how. */
bool options_read(options *out, int argc, char **argv);

#endif

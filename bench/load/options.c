#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] = "usage: load --port PORT --requests FILE [--connections N] [--seconds S] "
                            "[--warmup S] [--rate R] [--watch CORES] [--one-each]\n";

static char *read_file(const char *name, size_t *out_len)
{
    FILE *file = fopen(name, "rb");
    char *text = NULL;
    long len;

    if (file && fseek(file, 0, SEEK_END) == 0 && (len = ftell(file)) >= 0 && fseek(file, 0, SEEK_SET) == 0) {
        text = malloc((size_t)len + 1);
        if (text && fread(text, 1, (size_t)len, file) == (size_t)len) {
            text[len] = '\0';
            *out_len = (size_t)len;
        }
    }
    if (file)
        fclose(file);
    return text;
}

static bool add_request(options *o, request one)
{
    request *more = realloc(o->requests, (o->request_count + 1) * sizeof *more);

    if (!more)
        return false;
    o->requests = more;
    o->requests[o->request_count++] = one;
    return true;
}

/* The file holds, again and again: a line "ANSWERS BYTES", and so many bytes. */
static bool read_requests(options *o)
{
    size_t len = 0;
    char *at = o->file = read_file(o->file_name, &len), *end = at ? at + len : NULL;

    while (at && at < end) {
        request one = { .answers = (unsigned)strtoul(at, &at, 10) };

        one.len = strtoul(at, &at, 10);
        if (*at != '\n' || one.answers == 0 || one.len == 0 || one.len > (size_t)(end - at - 1))
            return false;
        one.bytes = ++at;
        at += one.len;
        if (!add_request(o, one))
            return false;
    }
    return o->request_count > 0;
}

static uint64_t nanoseconds(const char *text)
{
    return (uint64_t)(strtod(text, NULL) * 1e9);
}

static bool read_option(options *o, int c)
{
    switch (c) {
    case 'p': o->port = atoi(optarg); return o->port > 0 && o->port < 65536;
    case 'f': o->file_name = optarg; return true;
    case 'c': o->connections = (unsigned)strtoul(optarg, NULL, 10); return o->connections > 0;
    case 's': o->measured_ns = nanoseconds(optarg); return o->measured_ns > 0;
    case 'w': o->warmup_ns = nanoseconds(optarg); return true;
    case 'r': o->rate = strtod(optarg, NULL); return o->rate > 0;
    case 't': o->watch = optarg; return true;
    case '1': o->one_each = true; return true;
    default: return false;
    }
}

bool options_read(options *out, int argc, char **argv)
{
    static const struct option names[] = {
        { "port", required_argument, NULL, 'p' },
        { "requests", required_argument, NULL, 'f' },
        { "seconds", required_argument, NULL, 's' },
        { "connections", required_argument, NULL, 'c' },
        { "warmup", required_argument, NULL, 'w' },
        { "rate", required_argument, NULL, 'r' },
        { "watch", required_argument, NULL, 't' },
        { "one-each", no_argument, NULL, '1' },
        { NULL, 0, NULL, 0 },
    };
    bool right = true;
    int c;

    *out = (options){ .connections = 1, .measured_ns = 1000000000 };
    while (right && (c = getopt_long(argc, argv, "", names, NULL)) >= 0)
        right = read_option(out, c);
    if (!right || optind < argc || !out->port || !out->file_name) {
        fputs(usage, stderr);
        return false;
    }
    if (!read_requests(out)) {
        fprintf(stderr,
                "load: %s holds no requests: lines \"ANSWERS BYTES\", each with so many bytes after it\n",
                out->file_name);
        return false;
    }
    return true;
}

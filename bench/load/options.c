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

#define MAX_CONNECTIONS 1000000
#define MAX_SECONDS     86400
#define MAX_RATE        1e9 /* a request each nanosecond, in which time is counted */

/* A number of `least` to `most`, and nothing behind it; says so, when it is none. */
static bool read_number(const char *name, double least, double most, double *out)
{
    char *end;
    double number = strtod(optarg, &end);

    if (end != optarg && *end == '\0' && number >= least && number <= most) {
        *out = number;
        return true;
    }
    fprintf(stderr, "load: --%s %s: a number of %.10g to %.10g is right\n", name, optarg, least, most);
    return false;
}

static bool read_count(const char *name, double most, unsigned *out)
{
    double number;

    if (!read_number(name, 1, most, &number))
        return false;
    *out = (unsigned)number;
    if (*out == number)
        return true;
    fprintf(stderr, "load: --%s %s: a whole number is right\n", name, optarg);
    return false;
}

static bool read_seconds(const char *name, double least, uint64_t *out_ns)
{
    double seconds;

    if (!read_number(name, least, MAX_SECONDS, &seconds))
        return false;
    *out_ns = (uint64_t)(seconds * 1e9);
    return true;
}

/* Gives: false, and it has been said why. */
static bool read_option(options *o, int c)
{
    switch (c) {
    case 'p': return read_count("port", 65535, &o->port);
    case 'f': o->file_name = optarg; return true;
    case 'c': return read_count("connections", MAX_CONNECTIONS, &o->connections);
    case 's': return read_seconds("seconds", 0.001, &o->measured_ns);
    case 'w': return read_seconds("warmup", 0, &o->warmup_ns);
    case 'r': return read_number("rate", 0.001, MAX_RATE, &o->rate);
    case 't': o->watch = optarg; return true;
    case '1': o->one_each = true; return true;
    default: fputs(usage, stderr); return false;
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
    if (!right)
        return false;
    if (optind < argc || !out->port || !out->file_name) {
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

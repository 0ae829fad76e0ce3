/* load: HTTP/1.1 requests on many connections of one server, as fast as it answers or at a constant rate.
 *
 *     load --port PORT --requests FILE [--connections N] [--seconds S] [--warmup S] [--rate R] [--one-each]
 *
 * Prints "begin" and "end" when the measured time does, so that who starts it can look at the server's
 * clocks, and then a line of JSON. Connections stay open until its standard input is closed. */
#include "load.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void begin(void)
{
    puts("begin");
    fflush(stdout);
}

static void end(void)
{
    puts("end");
    fflush(stdout);
}

static double us_at(const histogram *h, double share)
{
    return (double)histogram_at(h, share) / 1e3;
}

static void print_result(const load_result *r)
{
    const histogram *h = &r->latency;

    printf("{\"requests\": %" PRIu64 ", \"seconds\": %.6f, \"bad_status\": %" PRIu64 ", \"lost\": %" PRIu64
           ", \"unanswered\": %" PRIu64 ", \"bytes_in\": %" PRIu64,
           h->count, (double)r->measured_ns / 1e9, r->bad_status, r->lost, r->unanswered, r->bytes_in);
    printf(", \"latency_us\": {\"mean\": %.1f, \"p50\": %.1f, \"p90\": %.1f, \"p99\": %.1f, \"p99_9\": %.1f, "
           "\"max\": %.1f}}\n",
           h->count ? h->sum / (double)h->count / 1e3 : 0, us_at(h, 0.5), us_at(h, 0.9), us_at(h, 0.99),
           us_at(h, 0.999), (double)h->max / 1e3);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    static load_result result;
    static options o;
    char c;

    if (!options_read(&o, argc, argv))
        return 2;
    if (!load_open(&o)) {
        perror("load: connecting");
        return 1;
    }
    load_run(&result, begin, end);
    print_result(&result);
    while (read(STDIN_FILENO, &c, 1) > 0)
        ;
    return 0;
}

/* load: HTTP/1.1 requests on many connections of one server, as fast as it answers or at a constant rate.
 *
 *     load --port PORT --requests FILE [--connections N] [--seconds S] [--warmup S] [--rate R] [--watch
 * CORES]
 *          [--one-each]
 *
 * Prints "begin" when it is warm, and goes on until its standard input has a line or ends: who starts it
 * looks at the server's clocks meanwhile, and takes no time from what is measured. Then the measured time
 * begins. Prints "end" when it does, and then a line of JSON. Connections stay open until its standard input
 * is closed. With --watch (a list as 0,1; needs root's rights) it tells apart the time in which these cores
 * stalled. */
#include "load.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Gives: whether the measured time begins. */
static bool begin(void)
{
    static bool told;
    struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
    char c;

    if (!told) {
        puts("begin");
        fflush(stdout);
        told = true;
    }
    return poll(&in, 1, 0) > 0 && (read(STDIN_FILENO, &c, 1) <= 0 || c == '\n');
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

static void print_latency(const char *name, const histogram *h)
{
    printf(", \"%s\": {\"requests\": %" PRIu64
           ", \"mean\": %.1f, \"p50\": %.1f, \"p90\": %.1f, \"p99\": %.1f, "
           "\"p99_9\": %.1f, \"max\": %.1f}",
           name, h->count, h->count ? h->sum / (double)h->count / 1e3 : 0, us_at(h, 0.5), us_at(h, 0.9),
           us_at(h, 0.99), us_at(h, 0.999), (double)h->max / 1e3);
}

static void print_result(const load_result *r)
{
    printf("{\"requests\": %" PRIu64 ", \"seconds\": %.6f, \"bad_status\": %" PRIu64 ", \"lost\": %" PRIu64
           ", \"unanswered\": %" PRIu64 ", \"bytes_in\": %" PRIu64 ", \"own_cpu_s\": %.6f",
           r->latency.count, (double)r->measured_ns / 1e9, r->bad_status, r->lost, r->unanswered, r->bytes_in,
           (double)r->own_cpu_ns / 1e9);
    print_latency("latency_us", &r->latency);
    if (r->paced)
        print_latency("sent_late_us", &r->sent_late);
    if (r->watched) {
        print_latency("undisturbed_us", &r->undisturbed);
        printf(", \"left_out\": %.4f, \"stalled_s\": %.6f", r->left_out, (double)r->stalled_ns / 1e9);
    }
    puts("}");
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

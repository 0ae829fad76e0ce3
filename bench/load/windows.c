/* A stall spoils the windows that it touches, those in which it is caught up with, and the one before, whose
 * last requests had no answer yet when it began. */
#include "windows.h"

#include "stalls.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW_NS ((uint64_t)20 * 1000000)

bool windows_open(windows *w, uint64_t measured_ns)
{
    w->count = (size_t)((measured_ns + WINDOW_NS - 1) / WINDOW_NS);
    w->each = calloc(w->count, sizeof *w->each);
    return w->each != NULL;
}

void windows_add(windows *w, uint64_t due_ns, uint64_t latency_ns)
{
    size_t at = (size_t)((due_ns - w->begin_ns) / WINDOW_NS);

    if (at < w->count)
        histogram_add(&w->each[at], latency_ns);
}

double windows_undisturbed(const windows *w, histogram *out)
{
    size_t left_out = 0;

    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < w->count; i++) {
        uint64_t from_ns = w->begin_ns + i * WINDOW_NS;

        if (stalls_disturbed(from_ns, from_ns + 2 * WINDOW_NS))
            left_out++;
        else
            histogram_join(out, &w->each[i]);
    }
    return w->count ? (double)left_out / (double)w->count : 0;
}

/* Signals: one libuv handle each, which does not keep the loop alive. */
#include "runtime/signals.h"

#include "base/alloc.h"
#include "runtime/internal.h"

struct hoot__signal {
    uv_signal_t handle;
    hoot__signal_fn fn;
    void *user;
};

static void arrived(uv_signal_t *handle, int number)
{
    hoot__signal *signal = handle->data;

    signal->fn(number, signal->user);
}

static void closed(uv_handle_t *handle)
{
    hoot__free(handle->data);
}

hoot__signal *hoot__signal_open(int number, hoot__signal_fn fn, void *user)
{
    hoot__signal *signal = hoot__this_loop ? hoot__calloc(1, sizeof *signal) : NULL;

    if (!signal)
        return NULL;
    if (uv_signal_init(hoot__loop_uv(hoot__this_loop), &signal->handle) < 0) {
        hoot__free(signal);
        return NULL;
    }
    signal->fn = fn;
    signal->user = user;
    signal->handle.data = signal;
    uv_unref((uv_handle_t *)&signal->handle);
    if (uv_signal_start(&signal->handle, arrived, number) < 0) {
        hoot__signal_close(signal);
        return NULL;
    }
    return signal;
}

void hoot__signal_close(hoot__signal *signal)
{
    if (signal)
        uv_close((uv_handle_t *)&signal->handle, closed);
}

/* Background tasks: tasks with nobody who waits for them, so the worker keeps their list. */
#include "runtime/internal.h"

#include "base/alloc.h"

#include <hoot/log.h>

#include <assert.h>

struct hoot__background {
    hoot__background *next, *prev;
    hoot_task *task;
    hoot_task_fn fn;
    void *arg;
    char name[];
};

static int run(hoot_error *err, void *arg)
{
    hoot__background *self = arg;

    return self->fn(err, self->arg);
}

static void link_first(hoot__loop *loop, hoot__background *self)
{
    self->prev = NULL;
    self->next = loop->background;
    if (self->next)
        self->next->prev = self;
    loop->background = self;
}

static void unlink_it(hoot__loop *loop, hoot__background *self)
{
    if (self->next)
        self->next->prev = self->prev;
    if (self->prev)
        self->prev->next = self->next;
    else
        loop->background = self->next;
}

static void done(int result, const hoot_error *err, void *arg)
{
    hoot__loop *loop = hoot__this_loop;
    hoot__background *self = arg;

    if (result < 0 && !(result == HOOT_ECANCELED && hoot__task_is_canceled(self->task)))
        hoot_log_error("background task \"%s\" failed: %s", self->name, err->text);
    unlink_it(loop, self);
    hoot__free(self);
    if (!loop->background)
        hoot__waitq_wake_all(&loop->background_waiters, 0);
}

int hoot__background_start(const char *name, void *context, hoot_task_fn fn, void *arg, hoot_error *err)
{
    hoot__loop *loop = hoot__this_loop;
    size_t name_bytes = strlen(name) + 1;
    hoot__task_options options = { .detached_context = true, .context = context };
    hoot__background *self;

    if (!loop)
        return hoot_error_set(err, HOOT_ESTATE, "background task \"%s\": no loop runs on this thread", name);
    if (loop->background_closed)
        return hoot_error_set(err, HOOT_ECLOSED, "background task \"%s\": the worker is stopping", name);
    self = hoot__malloc(sizeof *self + name_bytes);
    if (!self)
        return hoot_error_set(err, HOOT_ENOMEM, "background task \"%s\": no memory", name);
    memcpy(self->name, name, name_bytes);
    self->fn = fn;
    self->arg = arg;
    options.name = self->name;
    self->task = hoot__task_start(&options, run, done, self);
    if (!self->task) {
        hoot__free(self);
        return hoot_error_set(err, HOOT_ENOMEM, "background task \"%s\": no memory", name);
    }
    link_first(loop, self);
    return 0;
}

int hoot_start(const char *name, hoot_task_fn fn, void *arg, hoot_error *err)
{
    return hoot__background_start(name, NULL, fn, arg, err);
}

void hoot__background_cancel_all(void)
{
    hoot__loop *loop = hoot__this_loop;

    loop->background_closed = true;
    for (hoot__background *one = loop->background; one; one = one->next)
        hoot__task_cancel(one->task);
}

int hoot__background_wait(void)
{
    hoot__loop *loop = hoot__this_loop;
    hoot__waitq_entry entry;
    int rc = hoot__task_check();

    return rc < 0 || !loop->background ? rc : hoot__waitq_wait(&loop->background_waiters, &entry);
}

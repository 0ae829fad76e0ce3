/* Semaphores and events. A released permit goes to the first in line and is never free in between, so that
 * nobody who comes later overtakes. */
#include <hoot/lock.h>

#include "base/alloc.h"
#include "runtime/internal.h"

#include <assert.h>

struct hoot_semaphore {
    size_t free, permits;
    hoot__waitq waiters;
};

struct hoot_event {
    bool set;
    hoot__waitq waiters;
};

hoot_semaphore *hoot_semaphore_new(size_t permits, hoot_error *err)
{
    hoot_semaphore *semaphore;

    if (!permits) {
        hoot_error_set(err, HOOT_EINVAL, "a semaphore needs at least one permit");
        return NULL;
    }
    semaphore = hoot__calloc(1, sizeof *semaphore);
    if (!semaphore) {
        hoot_error_set(err, HOOT_ENOMEM, "no memory for a semaphore");
        return NULL;
    }
    semaphore->free = semaphore->permits = permits;
    return semaphore;
}

int hoot_semaphore_acquire(hoot_semaphore *semaphore)
{
    hoot__waitq_entry entry;
    int rc = hoot__task_check();

    if (rc < 0)
        return rc;
    if (!semaphore->free)
        return hoot__waitq_wait(&semaphore->waiters, &entry);
    semaphore->free--;
    return 0;
}

void hoot_semaphore_release(hoot_semaphore *semaphore)
{
    if (hoot__waitq_wake_first(&semaphore->waiters, 0))
        return;
    assert(semaphore->free < semaphore->permits);
    semaphore->free++;
}

void hoot_semaphore_free(hoot_semaphore *semaphore)
{
    if (!semaphore)
        return;
    assert(!semaphore->waiters.head);
    hoot__free(semaphore);
}

hoot_event *hoot_event_new(hoot_error *err)
{
    hoot_event *event = hoot__calloc(1, sizeof *event);

    if (!event)
        hoot_error_set(err, HOOT_ENOMEM, "no memory for an event");
    return event;
}

void hoot_event_set(hoot_event *event)
{
    event->set = true;
    hoot__waitq_wake_all(&event->waiters, 0);
}

void hoot_event_clear(hoot_event *event)
{
    event->set = false;
}

bool hoot_event_is_set(const hoot_event *event)
{
    return event->set;
}

int hoot_event_wait(hoot_event *event)
{
    hoot__waitq_entry entry;
    int rc = hoot__task_check();

    return rc < 0 || event->set ? rc : hoot__waitq_wait(&event->waiters, &entry);
}

void hoot_event_free(hoot_event *event)
{
    if (!event)
        return;
    assert(!event->waiters.head);
    hoot__free(event);
}

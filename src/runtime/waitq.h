/* Tasks in line for something: first come, first served. The entries live on the waiting tasks' stacks.
 *
 * Whoever hands something over takes the first entry off, stores it there, and wakes it; since a wake always
 * reaches its task (see hoot_wait()), nothing handed over is lost, even when the deadline passes in the same
 * turn. */
#ifndef HOOT_RUNTIME_WAITQ_H
#define HOOT_RUNTIME_WAITQ_H

#include <hoot/sys/wait.h>

typedef struct hoot__waitq_entry hoot__waitq_entry;

struct hoot__waitq_entry {
    hoot_waiter waiter;
    hoot__waitq_entry *next, *prev;
    void *item; /* what is handed over, in either direction */
};

typedef struct hoot__waitq {
    hoot__waitq_entry *head, *tail;
} hoot__waitq;

static inline void hoot__waitq_unlink(hoot__waitq *queue, hoot__waitq_entry *entry)
{
    if (entry->prev)
        entry->prev->next = entry->next;
    else
        queue->head = entry->next;
    if (entry->next)
        entry->next->prev = entry->prev;
    else
        queue->tail = entry->prev;
}

/* Suspends: until somebody takes the entry off and wakes it. After a failure it is off the line too. */
static inline int hoot__waitq_wait(hoot__waitq *queue, hoot__waitq_entry *entry)
{
    int rc;

    entry->waiter = (hoot_waiter)HOOT_WAITER_INIT;
    entry->next = NULL;
    entry->prev = queue->tail;
    if (entry->prev)
        entry->prev->next = entry;
    else
        queue->head = entry;
    queue->tail = entry;
    rc = hoot_wait(&entry->waiter);
    if (!entry->waiter.woken)
        hoot__waitq_unlink(queue, entry);
    return rc;
}

/* Take the first off the line and wake it with `result`.
 * Gives its entry (good until its task runs); NULL: nobody waits. */
static inline hoot__waitq_entry *hoot__waitq_wake_first(hoot__waitq *queue, int result)
{
    hoot__waitq_entry *entry = queue->head;

    if (entry) {
        hoot__waitq_unlink(queue, entry);
        hoot_wake(&entry->waiter, result);
    }
    return entry;
}

static inline void hoot__waitq_wake_all(hoot__waitq *queue, int result)
{
    while (hoot__waitq_wake_first(queue, result))
        ;
}

#endif

/* Channels: a ring of pointers, a line of receivers and a line of senders.
 *
 * At most one of the lines has somebody in it, and receivers only wait while the ring is empty, senders only
 * while it is full; so an item goes straight to the first receiver, or into the ring, or stays with its
 * sender in line. */
#include <hoot/chan.h>

#include "base/alloc.h"
#include "runtime/internal.h"

#include <assert.h>

struct hoot_chan {
    size_t capacity, first, count;
    bool closed;
    hoot__waitq receivers, senders;
    void *items[];
};

hoot_chan *hoot_chan_new(size_t capacity, hoot_error *err)
{
    hoot_chan *chan;

    if (capacity > HOOT_CHAN_MAX_CAPACITY) {
        hoot_error_set(err, HOOT_EINVAL, "a channel holds at most %d items, not %zu", HOOT_CHAN_MAX_CAPACITY,
                       capacity);
        return NULL;
    }
    chan = hoot__calloc(1, sizeof *chan + capacity * sizeof chan->items[0]);
    if (!chan) {
        hoot_error_set(err, HOOT_ENOMEM, "no memory for a channel");
        return NULL;
    }
    chan->capacity = capacity;
    return chan;
}

static void store(hoot_chan *chan, void *item)
{
    chan->items[(chan->first + chan->count++) % chan->capacity] = item;
}

int hoot_chan_try_send(hoot_chan *chan, void *item)
{
    if (chan->closed)
        return HOOT_ECLOSED;
    if (chan->receivers.head)
        hoot__waitq_wake_first(&chan->receivers, 0)->item = item;
    else if (chan->count < chan->capacity)
        store(chan, item);
    else
        return HOOT_EBUSY;
    return 0;
}

int hoot_chan_send(hoot_chan *chan, void *item)
{
    hoot__waitq_entry entry = { .item = item };
    int rc = hoot__task_check();

    if (rc == 0)
        rc = hoot_chan_try_send(chan, item);
    return rc == HOOT_EBUSY ? hoot__waitq_wait(&chan->senders, &entry) : rc;
}

int hoot_chan_try_receive(hoot_chan *chan, void **out_item)
{
    hoot__waitq_entry *sender;

    if (chan->count) {
        *out_item = chan->items[chan->first];
        chan->first = (chan->first + 1) % chan->capacity;
        chan->count--;
        sender = hoot__waitq_wake_first(&chan->senders, 0);
        if (sender)
            store(chan, sender->item);
        return 0;
    }
    sender = hoot__waitq_wake_first(&chan->senders, 0); /* no room at all: they meet */
    if (!sender)
        return chan->closed ? HOOT_ECLOSED : HOOT_EBUSY;
    *out_item = sender->item;
    return 0;
}

int hoot_chan_receive(hoot_chan *chan, void **out_item)
{
    hoot__waitq_entry entry = { 0 };
    int rc = hoot__task_check();

    if (rc == 0)
        rc = hoot_chan_try_receive(chan, out_item);
    if (rc != HOOT_EBUSY)
        return rc;
    rc = hoot__waitq_wait(&chan->receivers, &entry);
    if (rc == 0)
        *out_item = entry.item;
    return rc;
}

void hoot_chan_close(hoot_chan *chan)
{
    chan->closed = true;
    hoot__waitq_wake_all(&chan->receivers, HOOT_ECLOSED);
    hoot__waitq_wake_all(&chan->senders, HOOT_ECLOSED);
}

void hoot_chan_free(hoot_chan *chan)
{
    if (!chan)
        return;
    assert(!chan->receivers.head && !chan->senders.head);
    hoot__free(chan);
}

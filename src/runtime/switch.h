/* Contexts: a point of execution with its own stack, and the switch between two of them.
 *
 * Nothing here knows of tasks. The caller tells the sanitizers (task.c); a context never changes thread. */
#ifndef HOOT_RUNTIME_SWITCH_H
#define HOOT_RUNTIME_SWITCH_H

#include <stddef.h>

#if !defined(HOOT_SWITCH_UCONTEXT) && !defined(__x86_64__) && !defined(__aarch64__)
#define HOOT_SWITCH_UCONTEXT 1
#endif

typedef struct hoot__context hoot__context;

#ifdef HOOT_SWITCH_UCONTEXT
#include <ucontext.h>

struct hoot__context {
    ucontext_t uc;
    hoot__context *(*entry)(void *arg);
    void *arg;
};

/* Leave `from`, go on where `to` was left. Comes back when somebody switches to `from`. */
void hoot__context_switch(hoot__context *from, hoot__context *to);

#else

struct hoot__context {
    void *sp; /* everything else lies on the stack, below it */
};

void hoot__switch_stacks(void **out_sp, void *sp);

/* Leave `from`, go on where `to` was left. Comes back when somebody switches to `from`. */
static inline void hoot__context_switch(hoot__context *from, hoot__context *to)
{
    hoot__switch_stacks(&from->sp, to->sp);
}
#endif

/* Leave `from` and begin `to`: call `entry(arg)` on the stack of `size` bytes at `low`, with the
 * floating-point control words that hold here. Comes back as a switch does. What `entry` returns is where to
 * go on: the context that it began in, or was last gone to from. */
void hoot__context_begin(hoot__context *from, hoot__context *to, void *low, size_t size,
                         hoot__context *(*entry)(void *arg), void *arg);

#endif

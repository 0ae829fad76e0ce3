/* A readable death on stack overflow.
 *
 * The guard at the low end of a task's stack turns an overflow into SIGSEGV. The handler runs on a stack of
 * its own, sees whether the address lies in the guard of the task that runs on this thread, says so in one
 * line, and lets the default action end the process. Any other fault goes to whoever had the signal before us
 * (AddressSanitizer, a crash reporter). Handlers are installed once a process; each thread with a loop brings
 * its signal stack. */
#include "runtime/internal.h"

#include "base/alloc.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIGNAL_STACK_BYTES ((size_t)64 * 1024)
#define NAME_SHOWN         120

static struct sigaction before_segv, before_bus;
static _Thread_local void *signal_stack; /* ours, NULL when the thread had one */
static uv_once_t once = UV_ONCE_INIT;

/* Append at most `max` bytes of `text`, control characters as '?'. Gives the new end. Safe in a signal
 * handler. */
static char *append(char *to, const char *text, size_t max)
{
    for (size_t i = 0; i < max && text[i]; i++)
        *to++ = (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i];
    return to;
}

static void say_overflow(const hoot_task *task)
{
    char line[NAME_SHOWN + 80];
    char *end = append(line, "hoot: stack overflow in task \"", 40);
    ssize_t written;

    end = append(end, task->name, NAME_SHOWN);
    end = append(end, "\" (256 KiB)", 20);
    *end++ = '\n';
    _Static_assert(HOOT_TASK_STACK_BYTES == 256 * 1024, "the text above");
    written = write(STDERR_FILENO, line, (size_t)(end - line));
    (void)written;
}

static void pass_on(int number, siginfo_t *info, void *ucontext)
{
    const struct sigaction *before = number == SIGSEGV ? &before_segv : &before_bus;

    if (before->sa_flags & SA_SIGINFO)
        before->sa_sigaction(number, info, ucontext);
    else if (before->sa_handler != SIG_DFL && before->sa_handler != SIG_IGN)
        before->sa_handler(number);
    else
        signal(number, SIG_DFL); /* the fault comes again at once */
}

static void faulted(int number, siginfo_t *info, void *ucontext)
{
    const hoot_task *task = hoot_current_task();

    if (task && hoot__stack_is_guard(&task->loop->stacks, &task->stack, info->si_addr)) {
        say_overflow(task);
        signal(number, SIG_DFL);
        return;
    }
    pass_on(number, info, ucontext);
}

static void install(void)
{
    struct sigaction action = { .sa_flags = SA_SIGINFO | SA_ONSTACK };

    sigemptyset(&action.sa_mask);
    action.sa_sigaction = faulted;
    sigaction(SIGSEGV, &action, &before_segv);
    sigaction(SIGBUS, &action, &before_bus);
}

void hoot__overflow_watch(void)
{
    stack_t now, ours = { .ss_size = SIGNAL_STACK_BYTES };

    uv_once(&once, install);
    if (sigaltstack(NULL, &now) != 0 || !(now.ss_flags & SS_DISABLE))
        return;
    ours.ss_sp = hoot__malloc(SIGNAL_STACK_BYTES);
    if (!ours.ss_sp)
        return;
    if (sigaltstack(&ours, NULL) == 0)
        signal_stack = ours.ss_sp;
    else
        hoot__free(ours.ss_sp);
}

void hoot__overflow_unwatch(void)
{
    stack_t none = { .ss_flags = SS_DISABLE };

    if (!signal_stack)
        return;
    sigaltstack(&none, NULL);
    hoot__free(signal_stack);
    signal_stack = NULL;
}

void hoot__overflow_die(const hoot_task *task)
{
    say_overflow(task);
    abort();
}
